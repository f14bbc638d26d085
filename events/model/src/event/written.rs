//! An event as it is written: a CloudEvent in structured JSON, and what of it makes it the same event when it comes again.

use super::Event;
use chrono::{DateTime, Utc};
use serde_json::Value;

impl Event {
    /// The event as a CloudEvent in structured JSON, in its newest version.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let instant = |t: DateTime<Utc>| t.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        let mut json = serde_json::json!({
            "specversion": "1.0",
            "type": self.fact.event_type(),
            "source": self.source,
            "id": self.id,
            "time": instant(self.occurred_at),
            "recordedtime": instant(self.recorded_at),
            "datacontenttype": "application/json",
            "data": self.data(),
        });
        if let Some(actor) = &self.actor {
            json["actor"] = actor.as_str().into();
        }
        json
    }

    /// The event as it is stored, and the same text as if it had been recorded when it happened and by nobody in
    /// particular: what makes it the same event when it is sent again, whoever sends it.
    #[must_use]
    pub fn written(&self) -> (String, String) {
        let mut json = self.to_json();
        let recorded = json["recordedtime"].take();
        let actor = json.as_object_mut().and_then(|all| all.remove("actor"));
        let (Value::String(recorded), Value::String(time)) = (recorded, &json["time"]) else {
            // Both are written as text, just above.
            return (json.to_string(), json.to_string());
        };
        let time = time.clone();
        // The one place that nothing else can stand at, as quotes within a text have a backslash before them.
        const EMPTY: &str = "\"recordedtime\":null";
        let text = json.to_string();
        let at = text.rfind(EMPTY).unwrap_or_default();
        let (before, after) = (&text[..at], &text[at..]);
        let after = after.strip_prefix(EMPTY).unwrap_or(after);
        let with = |value: &str| format!("{before}\"recordedtime\":\"{value}\"{after}");
        let stored = with(&recorded);
        // The attributes stand in alphabetical order, and this one is the first of them.
        let stored = match (actor, stored.strip_prefix('{')) {
            (Some(actor), Some(rest)) => format!("{{\"actor\":{actor},{rest}"),
            _ => stored,
        };
        (stored, with(&time))
    }
}
