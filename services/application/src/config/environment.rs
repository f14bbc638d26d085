//! Which variables of the environment are settings. Kubernetes sets `JOINEDUP_PORT` and the like for a service of that
//! name, so a variable that is not a setting must not stop the start.

use super::{Config, Nats, SignIn, Tls};
use figment::providers::Env;
use serde_json::Value;

const PREFIX: &str = "JOINEDUP_";
/// Between the parts of a name: `JOINEDUP_NATS__URL` is `nats.url`.
const BETWEEN: &str = "__";

/// What no variable sets.
const OF_THE_FILE: [&str; 2] = ["tokens", "sign_in__grants"];

/// The settings that the environment gives.
pub(super) fn settings() -> Env {
    let settings = every_setting();
    let known = move |name: &figment::value::UncasedStr| is_setting(&settings, name.as_str());
    Env::prefixed(PREFIX).filter(known).split(BETWEEN)
}

/// The variables whose names begin as those of settings do but name no setting, by name.
pub(super) fn unknown() -> Vec<String> {
    let settings = every_setting();
    let mut found: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| {
            name.strip_prefix(PREFIX)
                .is_some_and(|rest| !is_setting(&settings, rest))
        })
        .collect();
    found.sort();
    found
}

/// A value with every setting in it.
pub(super) fn every_setting() -> Value {
    let all = Config {
        nats: Some(Nats::default()),
        tls: Some(Tls::default()),
        sign_in: Some(SignIn::default()),
        ..Config::default()
    };
    serde_json::to_value(all).unwrap_or_default()
}

/// Every setting by its name in a file, in the order of their names, with what it is while nobody sets it. Those of a
/// `[[table]]` are among them.
#[cfg(test)]
pub(super) fn names() -> std::collections::BTreeMap<String, Value> {
    fn gather(above: &str, value: Value, found: &mut std::collections::BTreeMap<String, Value>) {
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                for (name, value) in inner {
                    gather(&format!("{above}.{name}"), value, found);
                }
            }
            Value::Array(rows) if rows.first().is_some_and(Value::is_object) => {
                for row in rows {
                    gather(above, row, found);
                }
            }
            value => {
                found.insert(above.trim_start_matches('.').to_owned(), value);
            }
        }
    }
    let mut all = every_setting();
    all["tokens"] = serde_json::json!([super::Token::default()]);
    all["sign_in"]["grants"] = serde_json::json!([super::Grant::default()]);
    // Empty, these are not written down.
    for (table, name) in [
        ("/tokens/0", "areas"),
        ("/tokens/0", "sources"),
        ("/sign_in/grants/0", "areas"),
    ] {
        if let Some(table) = all.pointer_mut(table) {
            table[name] = serde_json::json!([]);
        }
    }
    let mut found = std::collections::BTreeMap::new();
    gather("", all, &mut found);
    found
}

fn is_setting(settings: &Value, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // Who may do what stands in the file alone: a forgotten variable would open everything.
    if OF_THE_FILE.contains(&name.as_str()) {
        return false;
    }
    let mut here = settings;
    for part in name.split(BETWEEN) {
        here = match here {
            // A table that is empty by default takes names of its user's choice.
            Value::Object(inner) if inner.is_empty() => return true,
            Value::Object(inner) => match inner.get(part) {
                Some(inner) => inner,
                None => return false,
            },
            _ => return false,
        };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_settings_are_read_from_the_environment() {
        let settings = every_setting();
        for name in [
            "LISTEN",
            "NATS__URL",
            "nats",
            "TLS__CERTIFICATE",
            "HOME_AREA",
            "SIGN_IN__CLIENT_ID",
            "EXPECTED_HOURS__PAS",
        ] {
            assert!(is_setting(&settings, name), "{name}");
        }
        for name in [
            "PORT",
            "SERVICE_HOST",
            "PORT_8080_TCP_ADDR",
            "NATS__PORT",
            "LISTEN__X",
            "",
        ] {
            assert!(!is_setting(&settings, name), "{name}");
        }
    }
}
