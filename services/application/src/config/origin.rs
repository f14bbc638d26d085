//! Where each setting comes from, for `config print`.

use super::{Config, environment};
use figment::{Figment, Source};
use toml::Value;

/// The settings as TOML, one a line, each with where it came from; those that are not set as remarks. Secrets lie in files
/// and are not in it; a password in the address of NATS is left out.
pub(super) fn printed(config: &Config, figment: &Figment) -> String {
    let mut text = String::new();
    if let Ok(Value::Table(table)) = Value::try_from(config.without_secrets()) {
        print(&mut text, "", &table, figment);
        unset(&mut text, "", &environment::every_setting(), &table);
    }
    text
}

/// The settings that are not there, each with what it is while nobody sets it, where it is anything.
fn unset(text: &mut String, above: &str, all: &serde_json::Value, set: &toml::Table) {
    for (name, value) in all.as_object().into_iter().flatten() {
        let (path, here) = (format!("{above}{name}"), set.get(name));
        match (value, here) {
            (serde_json::Value::Object(_), Some(Value::Table(inner))) => {
                unset(text, &format!("{path}."), value, inner);
            }
            (serde_json::Value::Object(_), None) => {
                unset(text, &format!("{path}."), value, &toml::Table::new());
            }
            (_, Some(_)) => {}
            (serde_json::Value::Null, None) => text.push_str(&format!("# {path} =  # not set\n")),
            (value, None) => text.push_str(&format!("# {path} = {value}  # not set\n")),
        }
    }
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
    // A name in quotes is not a path that figment knows; what it lies in came from the same place.
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_setting_is_printed_and_the_paper_for_operators_has_it() {
        let names = environment::names();
        let printed = Config::printed(None, json!({ "nats": { "url": "nats://a" } })).unwrap();
        for name in names.keys() {
            let is_there = |name: &str| {
                let lines = printed.lines().map(|line| line.trim_start_matches("# "));
                lines
                    .filter(|line| line.starts_with(&format!("{name} =")))
                    .count()
                    == 1
            };
            let listed = ["tokens", "sign_in.grants"]
                .iter()
                .any(|table| name.starts_with(&format!("{table}.")) && is_there(table));
            assert!(is_there(name) || listed, "{name}: {printed}");
        }
        let paper = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operate.md");
        let paper = std::fs::read_to_string(paper).unwrap();
        let rows = paper.lines().filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            let (name, value) = (cells.next()?.trim_end_matches('`'), cells.next()?);
            // That of roles has two columns.
            cells.next()?;
            Some((name.to_owned(), value.trim_matches('`').to_owned()))
        });
        let rows: Vec<(String, String)> = rows.collect();
        let wanted: Vec<(String, String)> = names
            .into_iter()
            .map(|(name, value)| {
                let shown = match &value {
                    serde_json::Value::Null => String::new(),
                    value => value.to_string(),
                };
                let empty = ["\"\"", "[]", "{}"].contains(&shown.as_str());
                (name, if empty { String::new() } else { shown })
            })
            .collect();
        assert_eq!(rows, wanted);
    }
}
