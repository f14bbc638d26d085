//! The schemas of requests and answers, each type once.

use crate::problem::Problem;
use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// Collects schemas while the operations are written.
pub struct Schemas {
    /// Of what is sent to the server: what has a default may be left out.
    requests: SchemaGenerator,
    /// Of what the server sends: everything is there.
    answers: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let of = |contract: Contract| {
            let settings = SchemaSettings::draft2020_12().with(|s| {
                s.meta_schema = None;
                s.definitions_path = "/components/schemas".into();
                s.contract = contract;
            });
            settings.into_generator()
        };
        Self {
            requests: of(Contract::Deserialize),
            answers: of(Contract::Serialize),
        }
    }
}

impl Schemas {
    /// The schema of a body that is sent to the server.
    pub fn request<T: JsonSchema>(&mut self) -> Value {
        self.requests.subschema_for::<T>().to_value()
    }

    /// The schema of an answer.
    pub fn answer<T: JsonSchema>(&mut self) -> Value {
        self.answers.subschema_for::<T>().to_value()
    }

    /// The schema of a problem.
    pub fn of_problem(&mut self) -> Value {
        self.answer::<Problem>()
    }

    /// The parameters of a query that is a type: one for each field.
    pub fn query<T: JsonSchema>(&mut self) -> Vec<Value> {
        let schema = self.requests.root_schema_for::<T>().to_value();
        let fields = schema["properties"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        let parameter = |(name, mut schema): (String, Value)| {
            let description = schema.as_object_mut().and_then(|s| s.remove("description"));
            // Left out is not the same as null, which an address cannot say.
            if let Some(object) = schema.as_object_mut() {
                object.remove("default");
                if let Some(kind) = object.get("type").and_then(Value::as_array) {
                    let kind = kind.first().cloned().unwrap_or_default();
                    object.insert("type".to_owned(), kind);
                }
            }
            json!({ "name": name, "in": "query", "description": description, "schema": schema })
        };
        fields.into_iter().map(parameter).collect()
    }

    /// All of them, by name.
    pub fn finish(mut self) -> Map<String, Value> {
        let mut all = self.requests.take_definitions(true);
        let mut answers = self.answers.take_definitions(true);
        // Files of ours are read strictly; what reads an answer has to bear that a later server says more.
        answers.values_mut().for_each(open);
        all.extend(answers);
        all.insert("CloudEvent".to_owned(), joinedup_events::schema::any());
        all.values_mut().for_each(as_clients_read_it);
        all
    }
}

/// A reference to the event schema, which has no type: its data are one of many.
pub fn event() -> Value {
    json!({ "$ref": "#/components/schemas/CloudEvent" })
}

fn open(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut() {
        for name in ["additionalProperties", "unevaluatedProperties"] {
            if object.get(name) == Some(&Value::Bool(false)) {
                object.remove(name);
            }
        }
    }
}

/// What the generator writes, as those that make clients understand it.
fn as_clients_read_it(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            // The width of a Rust number is not a format that they know.
            let width = object.get("format").and_then(Value::as_str);
            if width.is_some_and(|f| f.starts_with("uint") || f.starts_with("int")) {
                object.remove("format");
            }
            words_together(object);
            object.values_mut().for_each(as_clients_read_it);
        }
        Value::Array(list) => list.iter_mut().for_each(as_clients_read_it),
        _ => {}
    }
}

/// The words of a list are one alternative, an `enum`, and not one each: what they mean goes into the description.
fn words_together(object: &mut Map<String, Value>) {
    let Some(Value::Array(ways)) = object.remove("oneOf") else {
        return;
    };
    let text = |schema: &Value, name: &str| schema[name].as_str().map(ToOwned::to_owned);
    let (mut words, mut meanings, mut others) = (Vec::new(), String::new(), Vec::new());
    for way in ways {
        let listed: Vec<Value> = way["enum"].as_array().cloned().unwrap_or_default();
        if let Some(word) = text(&way, "const") {
            let meaning = text(&way, "description").unwrap_or_default();
            meanings.push_str(&format!("\n- `{word}`: {meaning}"));
            words.push(Value::String(word));
        } else if listed.is_empty() {
            others.push(way);
        } else {
            words.extend(listed);
        }
    }
    let described = format!(
        "{}{meanings}",
        object
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default()
    );
    let of_words = json!({ "type": "string", "enum": words });
    if others.is_empty() {
        object.extend(of_words.as_object().cloned().unwrap_or_default());
    } else {
        if !words.is_empty() {
            others.insert(0, of_words);
        }
        object.insert("oneOf".to_owned(), others.into());
    }
    object.insert("description".to_owned(), described.into());
}
