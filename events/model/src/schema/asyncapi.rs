//! The AsyncAPI 3.0 document: on which subjects which messages go.

use crate::event::{Family, TYPE_PREFIX};
use crate::subject;
use serde_json::{Map, Value, json};

/// The document, with references to the schema files beside it.
#[must_use]
pub fn asyncapi() -> Value {
    let mut channels = Map::new();
    let mut operations = Map::new();
    let mut messages = Map::new();
    let schemas = super::all();
    for (event_type, schema) in &schemas {
        messages.insert(
            event_type.clone(),
            json!({
                "name": event_type,
                "title": schema["description"],
                "contentType": crate::mode::STRUCTURED,
                "payload": {
                    "schemaFormat": "application/schema+json;version=draft-2020-12",
                    "schema": {"$ref": format!("./schemas/{event_type}.json")},
                },
                "examples": [{"payload": schema["examples"][0]}],
            }),
        );
    }
    for family in Family::ALL {
        let code = family.code();
        let (last, words) = match family {
            Family::Assessment => (
                "item",
                "The framework and the item, joined by an underscore: one subject an item, so that two raters cannot overwrite each other.",
            ),
            _ => (
                "shard",
                "Two hexadecimal digits: a hash of the entity, so that consumers can be partitioned and no subject leads to a person.",
            ),
        };
        let own: Map<String, Value> = schemas
            .keys()
            .filter(|t| t.starts_with(&format!("{TYPE_PREFIX}{code}.")))
            .map(|t| {
                (
                    t.clone(),
                    json!({"$ref": format!("#/components/messages/{t}")}),
                )
            })
            .collect();
        let parameters = json!({
            "area": {"description": "The code of the area, dots written as underscores."},
            last: {"description": words},
        });
        channels.insert(
            code.to_owned(),
            json!({
                "address": format!("joinedup.{code}.{{area}}.{{{last}}}"),
                "title": format!("Events of the family {code}"),
                "parameters": parameters,
                "messages": own,
            }),
        );
        for (action, verb) in [("send", "publish"), ("receive", "subscribe")] {
            operations.insert(
                format!("{verb}-{code}"),
                json!({"action": action, "channel": {"$ref": format!("#/channels/{code}")}}),
            );
        }
    }
    super::sorted(json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "joinedup events",
            "version": "1",
            "description": format!("Events about integrated care, as CloudEvents 1.0 on NATS JetStream (`{}`), in structured or in binary mode. An event that does not say when it was recorded was recorded when the stream stored it. No event may hold anything that identifies a person.", subject::ALL),
        },
        "defaultContentType": crate::mode::STRUCTURED,
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }))
}
