//! Paths in a file of settings begin where that file lies, wherever the command is run; those of flags and of the
//! environment where it is run.

use figment::value::magic::RelativePathBuf;
use serde::{Deserialize, Deserializer};
use std::path::PathBuf;

/// A path.
pub(super) fn one<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    RelativePathBuf::deserialize(from).map(|path| path.relative())
}

/// A path that may be left out.
pub(super) fn maybe<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    let path = Option::<RelativePathBuf>::deserialize(from)?;
    Ok(path.map(|path| path.relative()))
}

/// A list of paths.
pub(super) fn many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<PathBuf>, D::Error> {
    let paths = Vec::<RelativePathBuf>::deserialize(from)?;
    Ok(paths.iter().map(RelativePathBuf::relative).collect())
}

#[cfg(test)]
mod tests {
    use super::super::{Config, environment};
    use serde_json::{Value, json};
    use std::path::Path;

    /// What settings that are paths are called.
    fn is_path(name: &str) -> bool {
        let name = name.rsplit('.').next().unwrap_or(name);
        ["data", "feeds", "certificate", "key"].contains(&name)
            || name.ends_with("file")
            || name.ends_with("files")
    }

    #[test]
    fn every_path_in_a_file_begins_where_that_file_lies() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("joinedup.toml");
        let names = environment::names();
        let names = names.keys().filter(|name| is_path(name));
        let mut text = String::new();
        for name in names.clone().filter(|name| !name.starts_with("tokens.")) {
            let value = if name.ends_with('s') && name != "feeds" {
                json!(["there/it"])
            } else {
                json!("there/it")
            };
            text += &format!("{name} = {value}\n");
        }
        text += "nats.url = \"nats://a\"\nnats.user = \"a\"\nsign_in.issuer = \"https://a\"\nsign_in.client_id = \"a\"\nsign_in.public_url = \"https://b\"\n\
                 [[tokens]]\nname = \"a\"\nroles = []\nfile = \"there/it\"\n";
        std::fs::write(&file, text).unwrap();
        let config = Config::read(Some(&file), json!({})).unwrap();
        let found = serde_json::to_value(&config).unwrap().to_string();
        let whole = json!(folder.path().join("there/it")).to_string();
        assert_eq!(found.matches(&whole).count(), names.count(), "{found}");
        // What a flag says begins where the command is run.
        let config = Config::read(Some(&file), json!({ "data": "there" })).unwrap();
        assert_eq!(config.data, Path::new("there"));
    }

    #[test]
    fn a_server_that_a_flag_names_is_not_asked_at_the_address_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("joinedup.toml");
        let text = "[nats]\nurl = \"nats://a\"\nmonitor_url = \"http://a:8222\"\nuser = \"joe\"\npassword_file = \"p\"\n";
        std::fs::write(&file, text).unwrap();
        let monitor = |flags: Value| {
            let nats = Config::read(Some(&file), flags).unwrap().nats.unwrap();
            assert_eq!(nats.user.as_deref(), Some("joe"));
            nats.monitor_url.unwrap_or_default()
        };
        assert_eq!(monitor(json!({})), "http://a:8222");
        assert_eq!(
            monitor(json!({ "nats": { "url": "nats://a" } })),
            "http://a:8222"
        );
        assert_eq!(monitor(json!({ "nats": { "url": "nats://b" } })), "");
        let both = json!({ "nats": { "url": "nats://b", "monitor_url": "http://b:1" } });
        assert_eq!(monitor(both), "http://b:1");
    }

    #[test]
    fn an_empty_list_of_bounds_is_refused_and_not_taken_for_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("joinedup.toml");
        for bound in ["areas = []", "sources = []"] {
            let token = "[[tokens]]\nname = \"a\"\nroles = [\"operator\"]\nfile = \"t\"\n";
            std::fs::write(&file, format!("{token}{bound}\n")).unwrap();
            let refused = Config::read(Some(&file), json!({})).unwrap_err();
            assert!(refused.to_string().contains("names nothing"), "{refused}");
        }
    }
}
