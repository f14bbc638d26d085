//! `GET /api/v1/openapi.json`: this API, written down. A test holds it against the routes.

use axum::http::header;
use axum::response::IntoResponse;

/// The document.
pub const DOCUMENT: &str = include_str!("../assets/openapi.json");

/// Serves it.
pub async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    /// The routes of the router's source, as method and path. Those before the pages are under `/api/v1`.
    fn routes() -> BTreeSet<(String, String)> {
        let sources = [
            ("/api/v1", include_str!("../api.rs")),
            ("", include_str!("../lib.rs")),
        ];
        let mut found = BTreeSet::new();
        let calls = sources.iter().flat_map(|(prefix, source)| {
            let calls = source.match_indices(".route(");
            calls.map(move |(at, _)| (*prefix, *source, at))
        });
        for (prefix, source, at) in calls {
            let rest = &source[at..];
            let path = rest.split('"').nth(1).unwrap().replace("{*", "{");
            let end = rest[1..].find("\n        .").map_or(rest.len(), |n| n + 1);
            for method in ["get", "post", "put", "delete", "patch"] {
                if rest[..end].contains(&format!("{method}(")) {
                    found.insert((method.to_owned(), format!("{prefix}{path}")));
                }
            }
        }
        found
    }

    fn described(document: &Value) -> BTreeSet<(String, String)> {
        let paths = document["paths"].as_object().unwrap();
        let methods =
            |path: &Value| -> Vec<String> { path.as_object().unwrap().keys().cloned().collect() };
        paths
            .iter()
            .flat_map(|(path, item)| methods(item).into_iter().map(move |m| (m, path.clone())))
            .collect()
    }

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(
                    members
                        .get("$ref")
                        .and_then(Value::as_str)
                        .map(ToOwned::to_owned),
                );
                members.values().for_each(|v| references(v, found));
            }
            Value::Array(items) => items.iter().for_each(|v| references(v, found)),
            _ => {}
        }
    }

    #[test]
    fn every_route_is_described_and_every_description_has_a_route() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let (routes, described) = (routes(), described(&document));
        assert!(routes.len() > 20, "{routes:?}");
        let undescribed: Vec<_> = routes.difference(&described).collect();
        let unrouted: Vec<_> = described.difference(&routes).collect();
        assert!(
            undescribed.is_empty() && unrouted.is_empty(),
            "not described: {undescribed:?}; no route: {unrouted:?}"
        );
    }

    #[test]
    fn the_document_is_whole() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let mut names = Vec::new();
        references(&document, &mut names);
        for name in names {
            assert!(
                document.pointer(&name[1..]).is_some(),
                "{name} leads nowhere"
            );
        }
        let mut ids = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id.to_owned()), "{id} is there twice");
                let answers = operation["responses"].as_object().unwrap();
                assert!(
                    answers.keys().any(|status| status.starts_with('2')),
                    "{method} {path} has no answer"
                );
                for part in path
                    .split('/')
                    .filter_map(|p| p.strip_prefix('{')?.strip_suffix('}'))
                {
                    let parameters = operation["parameters"].as_array().unwrap();
                    assert!(
                        parameters
                            .iter()
                            .any(|p| p["name"] == part && p["in"] == "path"),
                        "{method} {path} does not describe {part}"
                    );
                }
            }
        }
    }
}
