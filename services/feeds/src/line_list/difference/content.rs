//! What is remembered of a fact, as hashes: what it states and, where its value changes over time, since when.

use crate::line_list::mapping::{Changes, FactRule};
use crate::pseudonym::{Key, Purpose};
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::{AreaId, Fact};
use serde_json::{Map, Value};

/// The field of a fact that says from which date its value stands.
const DATE: &str = "date";

/// What a fact states, and since when.
pub(in crate::line_list) struct Said<'a> {
    pub rule: &'a FactRule,
    pub area: &'a AreaId,
    pub at: DateTime<Utc>,
    pub fact: &'a Fact,
}

impl Said<'_> {
    /// The hash of what it states. Where its value changes over time, that is the value without its time: another time is not
    /// another value.
    pub fn content(&self, key: &Key) -> String {
        match self.rule.changes {
            Changes::Correct => self.hash(key, &self.at.to_rfc3339(), &self.fact.to_json()),
            Changes::Add => {
                let mut value = self.fact.to_json();
                if let Some(fields) = dated(&mut value) {
                    fields.remove(DATE);
                }
                self.hash(key, "", &value)
            }
        }
    }

    /// Whether a hash is that of what it states, also as it was made before: as of a correction, or with the date.
    pub fn is(&self, key: &Key, content: &str) -> bool {
        let before = |at: &str| self.hash(key, at, &self.fact.to_json()) == content;
        let may_be_before = self.rule.changes == Changes::Add;
        self.content(key) == content
            || may_be_before && (before("") || before(&self.at.to_rfc3339()))
    }

    /// The hash of the time from which its value stands, where that changes over time.
    pub fn since(&self, key: &Key) -> Option<String> {
        let mut value = self.fact.to_json();
        let date = dated(&mut value).and_then(|fields| fields.remove(DATE));
        let date = date.map_or(String::new(), |date| date.to_string());
        (self.rule.changes == Changes::Add)
            .then(|| self.hash(key, &self.at.to_rfc3339(), &date.into()))
    }

    fn hash(&self, key: &Key, at: &str, value: &Value) -> String {
        let parts = [self.area.as_str(), &self.rule.name, at, &value.to_string()];
        key.hash(Purpose::Content, &parts.map(str::as_bytes))
    }
}

/// The fields of a fact that has a date and a value that stands from then on. Where the date is all that there is, it is the value.
fn dated(value: &mut Value) -> Option<&mut Map<String, Value>> {
    value.as_object_mut().filter(|fields| is_dated(fields))
}

fn is_dated(fields: &Map<String, Value>) -> bool {
    fields.contains_key(DATE) && fields.len() > 1
}

/// Has the value of a fact stand from a date on.
pub(super) fn stands_from(fields: &mut Map<String, Value>, date: NaiveDate) {
    if is_dated(fields) {
        fields.insert(DATE.to_owned(), date.to_string().into());
    }
}
