//! An event as it is written: a CloudEvent in structured JSON, and what of it makes it the same event when it comes again.

use super::Event;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

impl Event {
    /// The event as a CloudEvent in structured JSON, in its newest version.
    #[must_use]
    pub fn to_json(&self) -> Value {
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

    /// The text of [`Self::to_json`], written at once.
    #[must_use]
    pub fn to_text(&self) -> String {
        Attributes::of(self).text(self.actor.as_deref(), &instant(self.recorded_at))
    }

    /// The event as it is stored, and the same text as if it had been recorded when it happened and by nobody in
    /// particular: what makes it the same event when it is sent again, whoever sends it.
    #[must_use]
    pub fn written(&self) -> (String, String) {
        let attributes = Attributes::of(self);
        let stored = attributes.text(self.actor.as_deref(), &instant(self.recorded_at));
        let whenever_recorded = attributes.text(None, &attributes.time);
        (stored, whenever_recorded)
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// What does not depend on who recorded the event and when; texts in JSON, but for the time.
struct Attributes {
    data: String,
    id: String,
    source: String,
    time: String,
    event_type: String,
}

impl Attributes {
    fn of(event: &Event) -> Self {
        Self {
            data: event.data().to_string(),
            id: quoted(&event.id),
            source: quoted(&event.source),
            time: instant(event.occurred_at),
            event_type: event.fact.event_type(),
        }
    }

    /// The attributes in alphabetical order, as a JSON map keeps them: message ids are made of these bytes, so they never
    /// change.
    fn text(&self, actor: Option<&str>, recorded: &str) -> String {
        let Self {
            data,
            id,
            source,
            time,
            event_type,
        } = self;
        let actor = actor.map(|actor| format!("\"actor\":{},", quoted(actor)));
        let actor = actor.unwrap_or_default();
        format!(
            "{{{actor}\"data\":{data},\"datacontenttype\":\"application/json\",\"id\":{id},\"recordedtime\":\"{recorded}\",\"source\":{source},\"specversion\":\"1.0\",\"time\":\"{time}\",\"type\":\"{event_type}\"}}"
        )
    }
}

/// A text in JSON.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}
