//! What was added from a file is taken back as a whole: what had been reported before stands again.

use super::super::record;
use super::super::visit::Visit;
use super::super::words;
use super::PATH;
use super::held::Added;
use super::taken::SEEN_TIMEOUT;
use crate::door::problem::Problem;
use joinedup_application::restated::{self, letters};
use joinedup_events::facts::Retracted;
use joinedup_events::observation::ObservationFact;
use joinedup_events::{Event, Fact, recorded};
use joinedup_log::Position;
use maud::{Markup, html};

/// The value of the form's button.
pub const UNDO: &str = "undo";

/// The button.
pub fn form(visit: &Visit, id: &str) -> Markup {
    html! {
        form #undo method="post" action=(visit.address.elsewhere(format!("{PATH}/{id}"))) {
            button.quiet type="submit" name="do" value=(UNDO) { "Take back what was added" }
        }
        p.note { "Possible for 20 minutes. What had been reported before stands again." }
    }
}

/// Takes it back; answers where that stands in the log.
///
/// # Errors
/// 503 when the log cannot be read or does not take events: the same form may be sent again.
pub async fn take_back(visit: &Visit, added: &Added) -> Result<Vec<u64>, Problem> {
    let mut stored = Vec::new();
    for (first, last) in &added.positions {
        let last = Some(Position(*last));
        let read = restated::each(&*visit.app.log, Position(*first), last, |event| {
            stored.push(event);
        });
        read.await.map_err(|error| {
            Problem::unavailable(format!("What was added cannot be read: {error}; try again"))
        })?;
    }
    let mut events = Vec::with_capacity(stored.len());
    for stored in stored {
        if let Ok(event) = recorded::read(&stored.payload)
            && matches!(event.fact, Fact::Observation(_))
        {
            events.push(taking_back(visit, &event, stored.position)?);
        }
    }
    let appended = record::publish(&visit.app, &events, SEEN_TIMEOUT).await?;
    Ok(appended.iter().map(|a| a.position.0).collect())
}

/// The retraction of an event. Sent again it is the same.
fn taking_back(visit: &Visit, event: &Event, position: Position) -> Result<Event, Problem> {
    let retraction = Event {
        source: event.source.clone(),
        id: format!("undo-{}", letters(&position.0.to_be_bytes())),
        occurred_at: event.occurred_at,
        recorded_at: visit.now,
        entity: event.entity.clone(),
        area: event.area.clone(),
        fact: Fact::Observation(ObservationFact::Retracted(Retracted {
            retracts: event.id.clone(),
            retracts_source: None,
            previous: None,
        })),
        actor: None,
    };
    // What was let in a moment ago may be taken back by the same door.
    let let_in = record::let_in(visit, &retraction)?;
    let_in.map_err(|_| Problem::bad_request("What was added cannot be taken back here"))
}

/// The page.
pub fn page(visit: &Visit, id: &str, count: usize) -> Markup {
    let body = html! {
        h1 { "Taken back" }
        p.lead #taken-back { (words::counted(count, "entry was taken back", "entries were taken back")) ". What had been reported before stands again." }
        p { a href=(visit.address.elsewhere(format!("{PATH}/{id}"))) { "Look at the file again" } " · " a href=(visit.address.elsewhere(PATH)) { "Add another" } " · " a href=(visit.address.elsewhere("/sources")) { "All sources" } }
    };
    super::page(visit, "Taken back", &body)
}
