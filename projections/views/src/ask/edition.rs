//! The numbers of people as readers get them: for a day the same, so that nobody reads from one minute to the next what one
//! person did.

use crate::cell::Cells;
use crate::measure::Measure;
use crate::view::{Summary, View};
use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use joinedup_events::local;

/// When the next one is due: before anybody's morning meeting.
const MORNING: NaiveTime = NaiveTime::from_hms_opt(5, 0, 0).unwrap();
/// How long one lasts at the least.
const MIN_AGE: TimeDelta = TimeDelta::hours(20);
/// A log that has grown by this much, and to twice what it was, is being filled, and nobody is to wait for a day.
const FILLED: u64 = 1_000;

/// What a view holds of people at one moment.
#[derive(Clone, Debug)]
pub struct Edition {
    pub(crate) taken: DateTime<Utc>,
    pub(crate) cells: Cells,
    pub(crate) sources: Summary,
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

    /// The last position of the log that it holds.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Its sources, and what each had reported.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.sources
    }

    /// The one that a measure's numbers are of: those of people. What organisations publish is already public.
    pub(super) fn of_measure<'e>(edition: Option<&'e Self>, measure: &Measure) -> Option<&'e Self> {
        edition.filter(|_| measure.is_of_people())
    }

    /// The instant as known at which somebody who is given editions is answered: the morning before the one that was asked
    /// for, and none that this edition is not yet of. From one second to the next a chart shows when one person left, and so
    /// would two clocks of which one is a little ahead.
    #[must_use]
    pub fn known_at(
        edition: Option<&Self>,
        asked: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let taken = edition.map(|edition| edition.taken);
        morning(taken.into_iter().fold(asked.min(now), DateTime::min))
    }

    /// Whether the next one is due, the log being at a position: a morning has come and this one has lasted, or the log is
    /// being filled.
    #[must_use]
    pub fn is_over(&self, now: DateTime<Utc>, position: u64) -> bool {
        let is_of_yesterday = self.taken < morning(now) && now - self.taken >= MIN_AGE;
        let grown = position.saturating_sub(self.position);
        is_of_yesterday || grown >= self.position.max(FILLED)
    }
}

/// The last morning that an edition can be of at an instant.
fn morning(now: DateTime<Utc>) -> DateTime<Utc> {
    let today = local::date(now);
    match local::at(today, MORNING) {
        at if at <= now => at,
        _ => local::at(today - Days::new(1), MORNING),
    }
}

/// The cells that measures are counted from: those of now, and for numbers of people those of an edition where there is one.
#[derive(Clone, Copy, Debug)]
pub struct CellsOf<'a> {
    now: &'a Cells,
    edition: Option<&'a Edition>,
}

impl<'a> CellsOf<'a> {
    /// Those of a view.
    #[must_use]
    pub fn view(view: &'a View, edition: Option<&'a Edition>) -> Self {
        Self {
            now: view.cells(),
            edition,
        }
    }

    /// The same for every measure.
    #[must_use]
    pub const fn all(cells: &'a Cells) -> Self {
        Self {
            now: cells,
            edition: None,
        }
    }

    /// Those of a measure.
    #[must_use]
    pub fn get(&self, measure: &Measure) -> &'a Cells {
        Edition::of_measure(self.edition, measure).map_or(self.now, |edition| &edition.cells)
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
    fn what_was_known_is_told_by_the_clock_of_the_editions() {
        let edition = taken("2026-11-28T09:00:00Z", 7);
        let known = |asked: &str, edition| {
            Edition::known_at(edition, at(asked), at("2026-11-29T03:00:00Z"))
        };
        for (asked, told) in [
            ("2026-11-20T00:00:00Z", "2026-11-19T05:00:00Z"),
            ("2026-11-20T17:21:09Z", "2026-11-20T05:00:00Z"),
            ("2026-11-29T02:59:00Z", "2026-11-28T05:00:00Z"),
            ("2027-01-01T00:00:00Z", "2026-11-28T05:00:00Z"),
        ] {
            assert_eq!(known(asked, Some(&edition)), at(told), "{asked}");
        }
        let early = taken("2026-11-28T04:00:00Z", 7);
        assert_eq!(
            known("2026-11-28T23:00:00Z", Some(&early)),
            at("2026-11-27T05:00:00Z")
        );
        assert_eq!(
            known("2026-11-28T23:00:00Z", None),
            at("2026-11-28T05:00:00Z")
        );
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
