//! What was sent: a bundle, a resource alone, or one after the other on lines of their own.

use super::node::Node;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::BTreeMap;

/// Bundles whose entries are resources as they stand. A history or a document is something else.
const BUNDLES: [&str; 5] = ["message", "transaction", "batch", "collection", "searchset"];

/// Why what was sent holds no resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Nothing.
    #[error("it is empty: send a FHIR resource or a bundle as JSON")]
    Empty,
    /// XML.
    #[error("it is XML: send the same resources as JSON (application/fhir+json)")]
    Xml,
    /// Not JSON.
    #[error("it is not JSON from its line {0} on")]
    NotJson(usize),
    /// JSON of another kind.
    #[error("it is JSON without a `resourceType`: send a FHIR resource or a bundle")]
    NoResource,
}

/// What was sent.
#[derive(Debug)]
pub struct Body(Vec<Value>);

/// A resource, with what it came with.
#[derive(Clone, Debug)]
pub(super) struct Resource<'a> {
    /// Its number among all that were sent, from 1.
    pub number: u64,
    /// Its type; of a type that is not a text, empty.
    pub kind: &'a str,
    pub node: Node<'a>,
}

/// A bundle's resources, or those that were sent in none, which can refer to each other.
#[derive(Debug, Default)]
pub(super) struct Group<'a> {
    pub resources: Vec<Resource<'a>>,
    /// Entries that hold no resource, with their numbers.
    pub empty: Vec<(u64, Node<'a>)>,
    /// The bundle is of a kind whose entries are not resources as they stand.
    pub unread: Option<(u64, Node<'a>)>,
    by_reference: BTreeMap<String, usize>,
    /// When the whole was made.
    pub made: Option<DateTime<Utc>>,
    /// It is a bundle, of which a header says what it is a message about.
    pub is_bundle: bool,
}

impl Body {
    /// Reads what was sent.
    ///
    /// # Errors
    /// When that is not JSON, or no part of it is a resource.
    pub fn read(bytes: &[u8]) -> Result<Self, BodyError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if bytes.trim_ascii().is_empty() {
            return Err(BodyError::Empty);
        }
        if bytes.trim_ascii_start().starts_with(b"<") {
            return Err(BodyError::Xml);
        }
        let values = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>();
        let values: Result<Vec<Value>, _> = values.collect();
        let values = values.map_err(|error| BodyError::NotJson(error.line()))?;
        let is_resource = |value: &Value| value.get("resourceType").is_some_and(Value::is_string);
        if !values.iter().any(is_resource) {
            return Err(BodyError::NoResource);
        }
        Ok(Self(values))
    }

    /// The bundles, and together the resources that are in none.
    pub(super) fn groups(&self) -> Vec<Group<'_>> {
        let mut number = 0;
        let mut groups = Vec::new();
        let mut alone = Group::default();
        for (at, value) in self.0.iter().enumerate() {
            let kind = known_kind(value);
            let path = match self.0.len() {
                1 => kind.to_owned(),
                _ => format!("[{at}] {kind}"),
            };
            let node = Node::new(value, path);
            if kind == "Bundle" {
                groups.push(Group::of(node, &mut number));
            } else {
                number += 1;
                alone.add(number, node, None);
            }
        }
        groups.push(alone);
        groups
    }
}

/// The name of a type that is looked at; of any other a general one, for what stands there may be anything.
fn known_kind(value: &Value) -> &'static str {
    const KNOWN: [&str; 9] = [
        "Bundle",
        "Encounter",
        "MessageHeader",
        "Organization",
        "Patient",
        "ReferralRequest",
        "ServiceRequest",
        "Task",
        "OperationOutcome",
    ];
    let kind = value.get("resourceType").and_then(Value::as_str);
    let known = KNOWN.iter().find(|known| Some(**known) == kind);
    known.copied().unwrap_or("resource")
}

impl<'a> Group<'a> {
    fn of(node: Node<'a>, number: &mut u64) -> Self {
        let mut group = Self {
            is_bundle: true,
            ..Self::default()
        };
        let made = [node.get("timestamp"), node.at(&["meta", "lastUpdated"])];
        let made = made.into_iter().flatten().find_map(|node| node.as_moment());
        group.made = made.map(|moment| moment.at);
        let is_read = node
            .text_at(&["type"])
            .is_some_and(|kind| BUNDLES.contains(&kind));
        if !is_read {
            *number += 1;
            group.unread = Some((*number, node));
            return group;
        }
        for entry in node.all("entry") {
            *number += 1;
            let deletes = entry.text_at(&["request", "method"]) == Some("DELETE");
            match entry.get("resource").filter(|_| !deletes) {
                Some(resource) => {
                    let url = entry.text_at(&["fullUrl"]);
                    group.add(*number, resource, url);
                }
                None => group.empty.push((*number, entry)),
            }
        }
        let header = group.of_kind("MessageHeader").next();
        let stamped = header.and_then(|header| header.node.get("timestamp")?.as_moment());
        if let Some(stamped) = stamped {
            group.made = Some(stamped.at);
        }
        group
    }

    fn add(&mut self, number: u64, node: Node<'a>, url: Option<&str>) {
        let at = self.resources.len();
        let kind = kind(&node);
        if let Some(url) = url {
            self.by_reference.insert(url.to_owned(), at);
        }
        if let Some(id) = node.text_at(&["id"]) {
            self.by_reference.insert(format!("{kind}/{id}"), at);
            self.by_reference
                .entry(format!("urn:uuid:{id}"))
                .or_insert(at);
        }
        self.resources.push(Resource { number, kind, node });
    }

    /// The resources of a type.
    pub fn of_kind(&self, kind: &'static str) -> impl Iterator<Item = &Resource<'a>> {
        self.resources.iter().filter(move |one| one.kind == kind)
    }

    /// The resource that an element of type Reference leads to, where it was sent too.
    pub fn referred(&self, reference: &Node<'_>) -> Option<&Resource<'a>> {
        let text = reference.text_at(&["reference"])?;
        // One may name a version; a whole address ends in the type and the id.
        let text = text.split("/_history/").next().unwrap_or(text);
        let short = text.rmatch_indices('/').nth(1);
        let short = short.and_then(|(at, _)| text.get(at + 1..));
        let found = self.by_reference.get(text);
        let found = found.or_else(|| self.by_reference.get(short?));
        self.resources.get(*found?)
    }
}

fn kind<'a>(node: &Node<'a>) -> &'a str {
    node.text_at(&["resourceType"]).unwrap_or_default()
}
