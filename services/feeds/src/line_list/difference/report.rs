//! What a list says of its source: up to when, and from which day on, it has reported everything.

use super::{Comparison, Plan};
use crate::line_list::row::Reading;
use chrono::{DateTime, Days, NaiveDate, Utc};
use joinedup_events::change::{ChangeFact, SourceReported};
use joinedup_events::{AreaId, EntityId, Event, Fact, local};

/// A list that has nobody who ended within so many days did not yet hold those who did: no hospital or team is as quiet as that.
const QUIET_DAYS: i64 = 14;

impl Comparison<'_> {
    /// The first day of which a first list holds everybody: as the mapping says, the first of its window, or that of the earliest
    /// end in it, going back from the day on which it was made. None where it cannot be told.
    pub(super) fn whole_from(&self, reading: &Reading) -> Option<NaiveDate> {
        let rule = &self.mapping.snapshot;
        if rule.begins.is_some() || self.mapping.incremental || rule.ended.is_none() {
            return rule.begins;
        }
        let made = local::date(self.as_at);
        if let Some(days) = rule.window_days {
            // On the oldest day of its window some have left the list already.
            return made.checked_sub_days(Days::new(u64::from(days.saturating_sub(1))));
        }
        let ended = reading.stated.iter().filter_map(|row| self.ended(row));
        let mut ended: Vec<NaiveDate> = ended.filter(|date| *date <= made).collect();
        ended.sort_unstable();
        let ended = ended.into_iter().rev();
        let earliest = ended.scan(made, |later, date| {
            let is_near = (*later - date).num_days() <= QUIET_DAYS;
            *later = date;
            is_near.then_some(date)
        });
        Some(earliest.last().unwrap_or(made))
    }

    /// The source's own word for it; none where nothing is known of its area.
    pub(super) fn reported(&self, plan: &Plan) -> Option<Event> {
        let rows = plan.next.rows.values();
        let area: &AreaId = match &self.mapping.area.fixed {
            Some(fixed) => fixed,
            None => rows.map(|row| &row.area).min()?,
        };
        let begins = plan.next.begins;
        let stated = begins.map(|date| date.to_string()).unwrap_or_default();
        let id = self.id(&["reported", &self.as_at.to_rfc3339(), &stated]);
        let entity = EntityId::new(&format!("source/{}", self.mapping.name)).ok()?;
        let live = false;
        let fact = Fact::Change(ChangeFact::SourceReported(SourceReported { begins, live }));
        Some(self.event(id, self.as_at, &entity, area, fact))
    }
}

/// What a source has said last of itself, among its events.
pub fn last_said<'e>(
    events: impl Iterator<Item = &'e Event>,
) -> Option<(DateTime<Utc>, &'e SourceReported)> {
    let stated = events.filter_map(|event| match &event.fact {
        Fact::Change(ChangeFact::SourceReported(report)) => Some((event.occurred_at, report)),
        _ => None,
    });
    stated.max_by_key(|(at, _)| *at)
}
