//! The numbers of people as readers get them: for a day the same, so that nobody reads from one minute to the next what one
//! person did.

use crate::cell::Cells;
use crate::view::{Summary, View};
use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use joinedup_events::local;

/// When the next one is due: before anybody's morning meeting.
const MORNING: NaiveTime = NaiveTime::from_hms_opt(5, 0, 0).unwrap();
/// How long one lasts at the least.
const LEAST_AGE: TimeDelta = TimeDelta::hours(20);
/// A log that has grown by this much, and to twice what it was, is being filled, and nobody is to wait for a day.
const FILLED: u64 = 1_000;

/// What a view holds of people at one moment.
#[derive(Clone, Debug)]
pub struct Edition {
    pub(super) taken: DateTime<Utc>,
    pub(super) cells: Cells,
    pub(super) sources: Summary,
    pub(super) position: u64,
    pub(super) as_of: Option<DateTime<Utc>>,
}

impl Edition {
    /// The edition of now.
    #[must_use]
    pub fn of(view: &View, now: DateTime<Utc>) -> Self {
        Self {
            taken: now,
            cells: view.cells().clone(),
            sources: view.summary().clone(),
            position: view.position(),
            as_of: view.as_of(),
        }
    }

    /// Whether the next one is due, the log being at a position: a morning has come and this one has lasted, or the log is
    /// being filled.
    #[must_use]
    pub fn is_over(&self, now: DateTime<Utc>, position: u64) -> bool {
        let today = local::date(now);
        let morning = match local::at(today, MORNING) {
            at if at <= now => at,
            _ => local::at(today - Days::new(1), MORNING),
        };
        let is_of_yesterday = self.taken < morning && now - self.taken >= LEAST_AGE;
        let grown = position.saturating_sub(self.position);
        is_of_yesterday || grown >= self.position.max(FILLED)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Basis;
    use super::*;
    use crate::expectation::Expectations;
    use crate::measure::Measure;
    use crate::measures::Measures;
    use std::collections::BTreeSet;
    use std::sync::Arc;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn taken(text: &str, position: u64) -> Edition {
        Edition {
            position,
            ..Edition::of(&View::new(), at(text))
        }
    }

    #[test]
    fn an_edition_lasts_until_five_in_the_morning_and_for_twenty_hours() {
        let edition = taken("2026-11-28T05:10:00Z", 5_000);
        for (now, is_over) in [
            ("2026-11-28T05:11:00Z", false),
            ("2026-11-28T23:59:00Z", false),
            ("2026-11-29T04:59:00Z", false),
            ("2026-11-29T05:00:00Z", true),
            ("2026-12-24T12:00:00Z", true),
        ] {
            assert_eq!(edition.is_over(at(now), 5_900), is_over, "{now}");
        }
        let late = taken("2026-11-28T23:00:00Z", 5_000);
        assert!(!late.is_over(at("2026-11-29T05:01:00Z"), 5_000));
        assert!(late.is_over(at("2026-11-29T19:00:00Z"), 5_000));
        // In summer, five o'clock is four by UTC.
        let summer = taken("2026-06-10T06:00:00Z", 5_000);
        assert!(summer.is_over(at("2026-06-11T04:00:00Z"), 5_000));
    }

    #[test]
    fn numbers_of_people_are_of_the_edition_and_ratings_and_returns_of_now() {
        let measures = Measures::built_in(|_| true).unwrap();
        let edition = Arc::new(taken("2026-11-28T09:00:00Z", 7));
        let (view, set) = (View::new(), Expectations::default());
        let basis = Basis::of(&view, &set, Some(edition), measures.iter());
        let families: BTreeSet<&str> = measures
            .iter()
            .filter(|measure| basis.position(measure) == 7)
            .filter_map(|measure| measure.quantity.split('.').next())
            .collect();
        assert_eq!(families, ["experience", "referral", "transfer"].into());
        let other = |measure: &&Measure| basis.position(measure) == 0;
        assert!(measures.iter().filter(other).count() > 10);
    }

    #[test]
    fn a_log_that_is_being_filled_is_not_waited_for() {
        let edition = taken("2026-11-28T09:00:00Z", 40);
        let now = at("2026-11-28T09:01:00Z");
        assert!(!edition.is_over(now, 1_039));
        assert!(edition.is_over(now, 1_040));
        let filled = taken("2026-11-28T09:00:00Z", 1_040);
        assert!(!filled.is_over(now, 2_079));
        assert!(filled.is_over(now, 2_080));
        assert!(!filled.is_over(now, 3), "a view that is built again");
    }
}
