//! A number that is used again, as by systems that count a person's visits: the stay before it has ended.

use super::minute;
use super::statement::{Statement, Trigger};
use crate::line_list::row::Ring;
use crate::pseudonym::Purpose;
use chrono::{DateTime, Utc};
use joinedup_events::{EntityId, Slug, local};
use joinedup_views::contribution::StoredFact;
use joinedup_views::contributions::transfer::Spell;
use joinedup_views::fact_set::standing;

/// When the stay of a statement began, or else when it was made.
fn time(statement: &Statement) -> DateTime<Utc> {
    let admits = statement.trigger.admits();
    let happened = statement.happened.filter(|_| admits);
    let began = statement.admitted.or(happened);
    began.unwrap_or(statement.recorded)
}

/// Whether a stay of which this is known had ended by the time of a statement; none where it has not ended.
#[must_use]
pub fn had_ended(statement: &Statement, known: &[StoredFact]) -> Option<bool> {
    let stands = standing(known.to_vec());
    let (left, how) = Spell::of(&stands)?.discharged?;
    Some(match how.date_only {
        true => local::date(left) < local::date(time(statement)),
        false => minute(left) < minute(time(statement)),
    })
}

/// The entity of the stay that a statement begins under the number of one of which this is known, and which has ended.
#[must_use]
pub fn entity(
    feed: &Slug,
    ring: &Ring,
    statement: &Statement,
    known: &[StoredFact],
) -> Option<EntityId> {
    if statement.trigger != Trigger::Admit || had_ended(statement, known) != Some(true) {
        return None;
    }
    let began = minute(time(statement)).to_string();
    let parts = ["again", statement.spell.first()?, &began].map(str::as_bytes);
    let name = ring.current.hash(Purpose::Entity, &parts);
    EntityId::new(&format!("{feed}-{name}")).ok()
}
