//! The dates of one cycle, as its facts stand. The contributions and the change that people read are both made
//! from this.

use crate::contribution::StoredFact;
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::change::{ChangeFact, Finished, Planned, Studied};
use joinedup_events::{AreaId, Fact, local};

/// The dates of one cycle.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cycle<'a> {
    /// The area, of the cycle fact recorded last; none when no fact is about a cycle.
    pub(crate) area: Option<&'a AreaId>,
    /// The plan that stands, and its date.
    pub(crate) planned: Option<(NaiveDate, &'a Planned)>,
    /// The date it started.
    pub(crate) started: Option<NaiveDate>,
    /// Dates on which it was paused, in order.
    pub(crate) paused: Vec<NaiveDate>,
    /// Dates on which it was taken up again, in order.
    pub(crate) resumed: Vec<NaiveDate>,
    /// What was learnt on the way, with dates, in order.
    pub(crate) studied: Vec<(NaiveDate, &'a Studied)>,
    /// The finish that stands, and its date.
    pub(crate) finished: Option<(NaiveDate, &'a Finished)>,
}

impl<'a> Cycle<'a> {
    /// Reads a cycle from its facts as they stand, in the order of recording.
    pub(crate) fn of(facts: &'a [StoredFact]) -> Self {
        let mut cycle = Self::default();
        let (mut starts, mut pauses) = (Vec::new(), Vec::new());
        for stored in facts {
            let Fact::Change(fact) = &stored.fact else {
                continue;
            };
            let date = local::date(stored.occurred_at);
            match fact {
                ChangeFact::Planned(plan) => cycle.planned = Some((date, plan)),
                ChangeFact::Started(_) => starts.push(stored.occurred_at),
                ChangeFact::Paused(_) => pauses.push(stored.occurred_at),
                ChangeFact::Studied(study) => cycle.studied.push((date, study)),
                ChangeFact::Finished(finish) => cycle.finished = Some((date, finish)),
                ChangeFact::TargetSet(_)
                | ChangeFact::RebaseProposed(_)
                | ChangeFact::RebaseAccepted(_)
                | ChangeFact::SourceEnded(_)
                | ChangeFact::SourceReported(_)
                | ChangeFact::RebaseDeclined(_)
                | ChangeFact::PlanItemSet(_)
                | ChangeFact::PlanProgressSet(_)
                | ChangeFact::Retracted(_) => continue,
            }
            cycle.area = Some(&stored.area);
        }
        pauses.sort_unstable();
        // A start after the first pause takes the cycle up again, where another start came before that pause.
        let first_pause = pauses.first();
        let before_pause = |at: &&_| first_pause.is_none_or(|pause| *at < pause);
        let start = starts.iter().rev().find(before_pause).or(starts.last());
        cycle.started = start.map(|at| local::date(*at));
        // Of several on a day the last one counts: how it stands is shown by the day.
        let paused_again = |at: &DateTime<Utc>| {
            let mut later = pauses.iter().filter(|pause| *pause > at);
            later.any(|pause| local::date(*pause) == local::date(*at))
        };
        let mut resumed: Vec<_> = starts
            .iter()
            .filter(|at| first_pause.is_some_and(|pause| *at >= pause) && Some(*at) != start)
            .filter(|at| !paused_again(at))
            .map(|at| local::date(*at))
            .collect();
        resumed.sort_unstable();
        cycle.resumed = resumed;
        cycle.studied.sort_by_key(|(date, _)| *date);
        cycle.paused = pauses.into_iter().map(local::date).collect();
        cycle
    }
}
