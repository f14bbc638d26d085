//! Periods that their sources reported in part: those within which they began, and those that they have not reported to the
//! end.

use super::{PointQuery, Raw};
use crate::measure::Measure;
use crate::period::Period;
use crate::summary::Beginnings;
use crate::view::Reported;
use chrono::NaiveDate;
use joinedup_events::{AreaId, local};

/// When the data of an area begin.
pub(super) struct Begun {
    /// The date of the first.
    first: NaiveDate,
    /// The day from which on they are whole, where a source says so.
    whole_from: Option<NaiveDate>,
    /// The later days from which on further parts of the area are counted.
    joined: Vec<NaiveDate>,
}

impl Begun {
    pub fn of(first: NaiveDate, all: &Beginnings, within: impl Fn(&AreaId) -> bool) -> Self {
        let (whole_from, joined) = all.among(within);
        Self {
            first,
            whole_from,
            joined: joined.into_iter().map(|(_, day)| day).collect(),
        }
    }

    /// Marks the number of a period that is not whole because the data begin later, in it or in a part.
    pub fn mark(&self, period: Period, measure: &Measure, raw: &mut Raw) {
        let is_within = |day: NaiveDate| period.start < day && day < period.end;
        let joins = self.joined.iter().any(|day| is_within(*day));
        if self.whole_from.is_some_and(|from| period.start < from) {
            raw.partly_reported |= raw.value.is_some();
            raw.note.get_or_insert_with(|| {
                "its sources report everything from a later day on: of this period they sent only what had not ended by then"
                    .into()
            });
        } else if is_within(self.first) || joins {
            // A sum of its last days is drawn, and is not how things were before a change.
            raw.partly_reported |= measure.aggregate.adds_up() && raw.value.is_some();
            let whose = if joins { " of one of its parts" } else { "" };
            raw.note.get_or_insert_with(|| {
                format!("the data{whose} begin within this period, which may not be whole").into()
            });
        }
    }
}

/// Holds a period against how far its sources have reported.
pub(super) fn hold_against(
    reported: Reported,
    period: Period,
    query: &PointQuery<'_>,
    raw: &mut Raw,
) {
    let Reported { until, whole_until } = reported;
    if period.start > local::date(until) {
        *raw = Raw::missing("its sources have not reported for this period");
    } else if whole_until < period.over_at() {
        // A dead feed must not end with a week that looks calm, nor with a day: what came in the night before is not of it.
        raw.partly_reported = true;
        if period.over_at() <= query.now {
            let who = if until < period.over_at() {
                "its sources have"
            } else {
                "one of its sources has"
            };
            let until = local::date(whole_until).format("%-d %B %Y");
            raw.note = Some(format!("{who} reported up to {until} only").into());
        }
    } else {
        // What began in the period ends unseen while nobody reports.
        raw.provisional |= whole_until < period.ripe_at(query.measure.maturity());
    }
}
