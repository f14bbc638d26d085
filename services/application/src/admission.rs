//! The door: what an event must pass before it is published, whichever way it comes.

use crate::app::Definitions;
use joinedup_events::check::{Refusal, Refusals};
use joinedup_events::{Arrival, Event, Submitted};

/// Checks a submitted event against the rules of every event, the register of areas, the catalogue and the measures.
///
/// # Errors
/// Everything that is wrong with it; no text holds a value of the event.
pub fn admit(
    definitions: &Definitions,
    submitted: Submitted,
    arrival: Arrival,
) -> Result<Event, Refusals> {
    let event = submitted.admit(&definitions.areas, arrival)?;
    held_against(definitions, &event).map(|()| event)
}

/// Checks an event that keeps the rules of every event against the forms of ids, the catalogue and the measures.
///
/// # Errors
/// As [`admit`].
pub fn held_against(definitions: &Definitions, event: &Event) -> Result<(), Refusals> {
    let misshapen = definitions.forms.refusals(event);
    if !misshapen.is_empty() {
        return Err(Refusals(misshapen));
    }
    let Definitions {
        catalogue,
        measures,
        ..
    } = definitions;
    let problems = catalogue.problems(measures, &event.fact);
    if problems.is_empty() {
        return Ok(());
    }
    let refusals = problems.into_iter().map(|problem| Refusal {
        pointer: format!("/data/{}", problem.field),
        rule: problem.rule,
    });
    Err(Refusals(refusals.collect()))
}
