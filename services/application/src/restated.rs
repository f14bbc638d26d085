//! Amounts that are restated to what they were before. Their ids follow from what they say, so they would be taken for the
//! first of their kind and what came in between would stand.

use crate::app::App;
use joinedup_events::{Event, EventKey, Fact, Family};
use joinedup_views::contribution::FactKey;
use joinedup_views::view::View;

/// Gives an id of their own to observations that repeat an amount which was restated meanwhile.
pub fn rename(app: &App, events: &mut [Event]) {
    let Some(views) = &app.views else {
        return;
    };
    views.read(|view| {
        for event in events {
            if let Some(after) = restatement(view, event) {
                event.id = format!("{}-{}", event.id, letters(&after.0.to_be_bytes()));
            }
        }
    });
}

/// How many observations are known already and were restated since: sent again, they change nothing.
#[must_use]
pub fn superseded(app: &App, events: &[Event]) -> u64 {
    let Some(views) = &app.views else {
        return 0;
    };
    views.read(|view| {
        let superseded = events
            .iter()
            .filter(|event| restatement(view, event).is_some());
        superseded.fold(0, |n, _| n + 1)
    })
}

/// The fact that stands in place of an observation that is known already and was restated since.
fn restatement(view: &View, event: &Event) -> Option<FactKey> {
    if !matches!(event.fact, Fact::Observation(_)) {
        return None;
    }
    let entity = view.entity(Family::Observation, event.entity.as_str())?;
    let key = EventKey::of(&event.source, &event.id).into();
    let facts = entity.facts.standing();
    let last = facts.last().filter(|last| last.fact != event.fact)?;
    facts
        .iter()
        .any(|known| known.key == key)
        .then_some(last.key)
}

/// Bytes as letters, two each: digits could look like somebody's number.
#[must_use]
pub fn letters(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|b| [b >> 4, b & 15])
        .map(|n| char::from(b'a' + n))
        .collect()
}
