//! When a source reports: enough to see whether it has a rhythm and how long its usual silences are. What is kept is the
//! first few reports and the newest days, so it stays small, and no order or repetition of events makes a difference.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A source has a rhythm when it has reported this often,
const MIN_REPORTS: usize = 5;
/// on this many days.
const MIN_DAYS: usize = 3;
/// How many of the newest days are kept: three months of working days.
const MAX_DAYS: usize = 64;
/// Of the silences between those days, so many in a hundred are within what is expected: a few outages do not teach patience.
const WITHIN_PERCENT: usize = 95;
/// With so many silences known, the longest of them may have been an outage.
const MANY: usize = 20;

/// A source is regular if it is usually silent for no longer than a weekend,
const WEEKEND: i32 = 3;
/// or than so many times the median of its silences.
const STEADY: i32 = 2;

/// When a source reported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rhythm {
    /// The first reports, in milliseconds: events recorded at one instant are one report.
    first: BTreeSet<i64>,
    /// The newest days with a report, by number (UTC).
    days: BTreeSet<i32>,
}

fn day_of(at: DateTime<Utc>) -> i32 {
    i32::try_from(at.timestamp().div_euclid(86_400)).unwrap_or(i32::MAX)
}

impl Rhythm {
    /// Notes a report.
    pub(crate) fn add(&mut self, at: DateTime<Utc>) {
        self.first.insert(at.timestamp_millis());
        if self.first.len() > MIN_REPORTS {
            self.first.pop_last();
        }
        self.add_day(day_of(at));
    }

    fn add_day(&mut self, day: i32) {
        self.days.insert(day);
        if self.days.len() > MAX_DAYS {
            self.days.pop_first();
        }
    }

    /// Takes another part of the same source's reports in.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.first.extend(&other.first);
        while self.first.len() > MIN_REPORTS {
            self.first.pop_last();
        }
        other.days.iter().for_each(|day| self.add_day(*day));
    }

    /// Leaves out what was reported after an instant.
    pub(crate) fn forget_after(&mut self, instant: DateTime<Utc>) {
        self.first.retain(|at| *at <= instant.timestamp_millis());
        self.days.retain(|day| *day <= day_of(instant));
    }

    /// Whether there is a rhythm; after an instant, if one is given at which the source ended: it is then shown anew.
    pub(crate) fn is_shown(&self, after: Option<DateTime<Utc>>) -> bool {
        let later = after.map_or(self.days.len(), |at| {
            self.days.range(day_of(at) + 1..).count()
        });
        self.first.len() >= MIN_REPORTS && later >= MIN_DAYS
    }

    /// How long after a report the next one is due: the usual longest silence, from the start of a day to the end of the
    /// day of the next report. What reports only when there is something to report has no usual longest silence, and one in
    /// twenty of its silences is nobody's alarm: it is given its longest one, the outage left out, and a day more.
    pub(crate) fn interval(&self) -> Option<TimeDelta> {
        let gaps = self.gaps()?;
        let (usual, longest) = (share(&gaps, 50)?, share(&gaps, WITHIN_PERCENT)?);
        // Every day, on working days, every Friday: one silence, or the weekend's beside it.
        let foreseen = gaps.iter().filter(|gap| [usual, longest].contains(gap));
        let is_even = foreseen.count() * 100 >= gaps.len() * WITHIN_PERCENT
            && (longest == usual || longest > STEADY * usual);
        let days = if is_even {
            longest + 1
        } else {
            let outage = usize::from(gaps.len() >= MANY);
            gaps.get(gaps.len().checked_sub(1 + outage)?)? + 2
        };
        Some(TimeDelta::days(i64::from(days)))
    }

    /// Whether its next report can be foreseen, as of a list that is sent every night or every Friday, and usually comes within so
    /// many days. What reports only when
    /// there is something to report is silent for a day or for weeks, and nothing can wait for it. Nor can a period wait for what
    /// usually comes once in several of them: no week would be whole before the list of the month is in.
    pub(crate) fn is_regular_within(&self, days: i32) -> bool {
        let silences = self
            .gaps()
            .and_then(|gaps| share(&gaps, 50).zip(share(&gaps, WITHIN_PERCENT)));
        silences
            .is_some_and(|(usual, longest)| usual <= days && longest <= WEEKEND.max(STEADY * usual))
    }

    /// How many days lie between each report and the next, the shortest first; none without a rhythm.
    fn gaps(&self) -> Option<Vec<i32>> {
        if !self.is_shown(None) {
            return None;
        }
        let next = self.days.iter().skip(1);
        let mut gaps: Vec<i32> = self.days.iter().zip(next).map(|(a, b)| b - a).collect();
        gaps.sort_unstable();
        Some(gaps)
    }
}

/// The most days in so many of a hundred of the gaps, which are in order.
fn share(gaps: &[i32], percent: usize) -> Option<i32> {
    let rank = (gaps.len() * percent).div_ceil(100);
    gaps.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + hours * 3600, 0).unwrap()
    }

    fn of(hours: impl IntoIterator<Item = i64>) -> Rhythm {
        let mut rhythm = Rhythm::default();
        hours.into_iter().for_each(|h| rhythm.add(at(h)));
        rhythm
    }

    #[test]
    fn a_rhythm_needs_five_reports_on_three_days() {
        assert!(!of([0, 0, 0, 0, 0]).is_shown(None), "one upload");
        assert!(!of([0, 24, 48, 72]).is_shown(None), "four reports");
        assert!(!of([0, 1, 2, 3, 24]).is_shown(None), "two days");
        assert!(of([0, 1, 2, 24, 48]).is_shown(None));
    }

    #[test]
    fn an_ended_source_needs_three_new_days() {
        let rhythm = of([0, 24, 48, 72, 96, 120]);
        assert!(!rhythm.is_shown(Some(at(120))));
        assert!(rhythm.is_shown(Some(at(40))));
    }

    #[test]
    fn the_interval_is_learnt_and_one_outage_does_not_stretch_it() {
        let daily = (0..60).map(|d| d * 24);
        assert_eq!(of(daily.clone()).interval(), Some(TimeDelta::days(2)));
        let outage = daily.chain([(60 + 20) * 24]);
        assert_eq!(of(outage).interval(), Some(TimeDelta::days(2)));
        // 21 September 2026 is a Monday.
        let working_days = (0..100).filter(|d| d % 7 < 5).map(|d| d * 24);
        assert_eq!(of(working_days).interval(), Some(TimeDelta::days(4)));
        let monthly = (0..6).map(|m| m * 30 * 24);
        assert_eq!(of(monthly).interval(), Some(TimeDelta::days(31)));
    }

    /// A team that meets two people in three days reports when it does: over ten years of it, whoever is on duty is asked to ring
    /// it at most twice a year, and ten days of silence are told of all the same.
    #[test]
    fn a_team_that_reports_when_it_has_something_to_report_is_seldom_called_silent() {
        // Multiplication by a large odd number: days without a pattern.
        let has_report =
            |day: &i64| (day.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64) >> 40) % 100 < 60;
        let reports: Vec<i64> = (0..3_650).filter(has_report).collect();
        let (mut rhythm, mut alarms) = (Rhythm::default(), 0);
        for two in reports.windows(2) {
            rhythm.add(at(two[0] * 24));
            let silence = TimeDelta::days(two[1] - two[0]);
            let patience = rhythm.interval();
            alarms += u32::from(patience.is_some_and(|patience| silence > patience));
            assert!(patience.is_none_or(|patience| patience <= TimeDelta::days(10)));
        }
        assert!(alarms <= 20, "{alarms}");
    }

    #[test]
    fn a_list_of_every_friday_is_regular_and_a_report_now_and_then_is_not() {
        let daily = (0..60).map(|d| d * 24);
        let working_days = (0..100).filter(|d| d % 7 < 5).map(|d| d * 24);
        // One Friday was a holiday, and one list came a day late.
        let fridays = [4, 11, 18, 26, 32, 46, 53].map(|d| d * 24);
        let months = (0..6).map(|m| m * 30 * 24);
        assert!(of(daily).is_regular_within(1));
        assert!(of(working_days).is_regular_within(1));
        assert!(of(fridays).is_regular_within(7) && !of(fridays).is_regular_within(1));
        assert!(of(months.clone()).is_regular_within(31) && !of(months).is_regular_within(7));
        let now_and_then = [0, 1, 2, 9, 11, 12, 25, 26, 31, 32, 40].map(|d| d * 24);
        assert!(!of(now_and_then).is_regular_within(31));
        assert!(!of([0, 0, 0, 24]).is_regular_within(31), "too few to tell");
    }

    proptest! {
        #[test]
        fn order_repetition_and_parts_do_not_matter(mut hours in prop::collection::vec(0..4_000i64, 0..150), cut in 0..150usize) {
            let straight = of(hours.iter().copied());
            let cut = cut.min(hours.len());
            let mut parts = of(hours[cut..].iter().copied());
            parts.merge(&of(hours[..cut].iter().copied()));
            prop_assert_eq!(&parts, &straight);
            hours.reverse();
            hours.extend_from_within(..hours.len() / 2);
            prop_assert_eq!(&of(hours), &straight);
        }
    }
}
