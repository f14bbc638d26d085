//! The OpenAPI document (3.1), made of the types of requests and answers and of the list of operations.

mod operations;
mod problems;
mod schemas;

use operations::{Answer, Operation, Part};
use schemas::Schemas;
use serde_json::{Map, Value, json};

/// The document as it lies beside this crate's manifest.
#[must_use]
pub fn text() -> String {
    format!("{:#}\n", document())
}

/// The document.
#[must_use]
pub fn document() -> Value {
    let mut schemas = Schemas::default();
    let mut paths = Map::new();
    for operation in operations::all(&mut schemas) {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = described(&operation);
    }
    let responses: Map<String, Value> = problems::PROBLEMS
        .iter()
        .map(|(_, name, why)| {
            let mut response = json!({ "description": why, "content": { "application/problem+json": { "schema": schemas.of_problem() } } });
            if *name == "Unavailable" {
                response["headers"] = json!({ "Retry-After": { "description": "Seconds to wait.", "schema": { "type": "integer" } } });
            }
            ((*name).to_owned(), response)
        })
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "joinedup",
            "version": "1",
            "summary": "An improvement tracker for integrated health and social care.",
            "description": "Events go in, charts with their verdicts come out. Dates are local dates of Europe/London. Shares are between 0 and 1. \
                            Small numbers of people are suppressed for readers without the role `operator`.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }, { "basic": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "A configured token. Without configured tokens the server listens on loopback only and asks for none." },
                "basic": { "type": "http", "scheme": "basic", "description": "For browsers: any user name, the token as password." },
            },
            "responses": responses,
            "schemas": schemas.finish(),
        },
    })
}

fn described(operation: &Operation) -> Value {
    let description = format!("{} {}", operation.description, operation.role.sentence());
    let mut value = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": description.trim(),
        "parameters": operation.parameters,
        "responses": {},
    });
    if let Some(parts) = &operation.body {
        value["requestBody"] = json!({ "required": true, "content": content(parts) });
    }
    let Answer {
        status,
        what,
        parts,
    } = &operation.answer;
    value["responses"][status] = json!({ "description": what, "content": content(parts) });
    for problem in operation.problems() {
        let (status, name, _) = problems::PROBLEMS[problem];
        value["responses"][status] = json!({ "$ref": format!("#/components/responses/{name}") });
    }
    if operation.role == operations::Role::Nobody {
        value["security"] = json!([]);
    }
    value
}

fn content(parts: &[Part]) -> Value {
    let parts = parts
        .iter()
        .map(|part| (part.media_type.to_owned(), json!({ "schema": part.schema })));
    Value::Object(parts.collect())
}
