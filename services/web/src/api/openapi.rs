//! `GET /api/v1/openapi.json`: this API, written down. A test holds it against the routes.

use axum::http::header;
use axum::response::IntoResponse;

/// The document.
pub const DOCUMENT: &str = joinedup_contract::OPENAPI;

/// Serves it.
pub async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::routes::{Need, ROUTES};
    use serde_json::Value;

    /// What the door's list has under an address of the document. A chart's forms are addresses of their own in the
    /// document, and endings of one address to the router.
    fn in_the_doors_list(path: &str) -> String {
        let whole = path
            .rsplit_once("}.")
            .map(|(whole, _)| format!("{whole}}}"));
        let whole = whole.unwrap_or_else(|| path.to_owned());
        let with_slashes = whole.replace("{id}", "{*id}");
        let known = |path: &String| ROUTES.iter().any(|route| route.path == path);
        [whole, with_slashes]
            .into_iter()
            .find(known)
            .unwrap_or_else(|| path.to_owned())
    }

    fn operations(document: &Value) -> Vec<(String, String, &Value)> {
        let paths = document["paths"].as_object().unwrap().iter();
        let operations = paths.flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| {
                (method.to_uppercase(), in_the_doors_list(path), operation)
            })
        });
        operations.collect()
    }

    #[test]
    fn every_address_is_described_and_every_description_has_an_address_and_its_role() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let described = operations(&document);
        let of_the_api = ROUTES.iter().filter(|route| {
            route.path.starts_with("/api/v1/") || ["/livez", "/readyz"].contains(&route.path)
        });
        for route in of_the_api.clone() {
            let there = described
                .iter()
                .any(|(m, p, _)| (&**m, &**p) == (route.method, route.path));
            assert!(there, "{} {} is not described", route.method, route.path);
        }
        assert!(of_the_api.count() > 20);
        for (method, path, operation) in described {
            let mut routes = ROUTES.iter();
            let route = routes.find(|route| (route.method, route.path) == (&*method, &*path));
            let route = route.unwrap_or_else(|| panic!("{method} {path} leads nowhere"));
            let role = match route.need {
                Need::Nothing => "Open to everybody.".to_owned(),
                Need::Known => "Any role will do.".to_owned(),
                Need::Any(roles) => {
                    format!(
                        "Needs the role `{}`.",
                        format!("{:?}", roles[0]).to_lowercase()
                    )
                }
            };
            let description = operation["description"].as_str().unwrap();
            assert!(description.ends_with(&role), "{method} {path}: {role}");
        }
    }
}
