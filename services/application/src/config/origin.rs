//! Where each setting comes from, for `config print`.

use super::Config;
use figment::{Figment, Source};
use toml::Value;

/// The settings as TOML, one a line, each with where it came from. Secrets lie in files and are not in it; a password in
/// the address of NATS is left out.
pub(super) fn printed(config: &Config, figment: &Figment) -> String {
    let mut text = String::new();
    if let Ok(Value::Table(table)) = Value::try_from(config.without_secrets()) {
        print(&mut text, "", &table, figment);
    }
    text
}

fn print(text: &mut String, above: &str, table: &toml::Table, figment: &Figment) {
    for (name, value) in table {
        let bare = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let name = if bare {
            name.clone()
        } else {
            Value::from(name.as_str()).to_string()
        };
        let path = format!("{above}{name}");
        match value {
            Value::Table(inner) if !inner.is_empty() => {
                print(text, &format!("{path}."), inner, figment);
            }
            value => {
                let origin = origin(figment, &path);
                text.push_str(&format!("{path} = {value}  # {origin}\n"));
            }
        }
    }
}

fn origin(figment: &Figment, path: &str) -> String {
    // A name in quotes is no path that figment knows; what it lies in came from the same place.
    let known = path.split('"').next().unwrap_or(path).trim_end_matches('.');
    let Some(metadata) = figment.find_metadata(known) else {
        return "default".to_owned();
    };
    match &metadata.source {
        Some(Source::File(file)) => file.display().to_string(),
        _ if metadata.name.contains("environment") => {
            format!("JOINEDUP_{}", known.to_uppercase().replace('.', "__"))
        }
        _ if metadata.name.contains("Flags") => "flag".to_owned(),
        _ => "default".to_owned(),
    }
}
