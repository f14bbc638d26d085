//! Somebody who asks for every length of period and takes them together: what is suppressed by the day, week, month,
//! quarter or year is not found from the others.
#![allow(
    clippy::disallowed_methods,
    reason = "how many draws is asked of the environment"
)]
#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

use chrono::{Datelike, Days, NaiveDate};
use joinedup_events::AreaId;
use joinedup_events::area::Areas;
use joinedup_views::ask::Basis;
use joinedup_views::measures::Measures;
use joinedup_views::period::{Grain, Period};
use joinedup_views::point::{Point, PointQuery, State};
use joinedup_views::suppression::{Audience, Policy, published};
use joinedup_views::tally::Delta;
use joinedup_views::{Cells, Filter};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const FIRST: &str = "2025-03-31";

fn day(at: usize) -> NaiveDate {
    FIRST.parse::<NaiveDate>().unwrap() + Days::new(at as u64)
}

/// So many referrals in one neighbourhood on each day.
fn referrals(by_day: &[i64]) -> Cells {
    let by = [
        ("hours", "in"),
        ("priority", "routine"),
        ("service", "mdt"),
        ("trigger", "request"),
    ];
    let mut cells = Cells::default();
    for (at, people) in by_day.iter().enumerate() {
        for _ in 0..*people {
            cells.apply(
                "referral.received",
                "hv-north-1",
                &by,
                day(at),
                Delta::ONE,
                1,
            );
        }
    }
    cells
}

/// All points of a length as an audience sees them.
fn points(
    cells: &Cells,
    own: Grain,
    grain: Grain,
    from: Option<NaiveDate>,
    audience: Audience,
) -> Vec<Point> {
    let text = format!(
        "[[measure]]\nid = \"received\"\ntitle = \"Referrals\"\nquantity = \"referral.received\"\naggregate = \"count\"\nunit = \"people\"\nperiod = \"{own}\"\ndirection = \"none\"\noutcomes = [\"a\"]\n"
    );
    let measures = Measures::parse(&text, |_| true).unwrap();
    let (areas, area) = (
        Areas::built_in().unwrap(),
        AreaId::new("hv-north-1").unwrap(),
    );
    let filter = Filter::default();
    let query = PointQuery {
        measure: measures.get("received").unwrap(),
        area: &area,
        grain,
        from,
        to: None,
        filter: &filter,
        now: "2027-06-01T12:00:00Z".parse().unwrap(),
        range: None,
    };
    let (basis, policy) = (Basis::of_cells(cells), Policy::default());
    let mut of = published(
        &basis,
        &areas,
        &query,
        std::slice::from_ref(&area),
        audience,
        &policy,
    );
    of.remove(&area).unwrap()
}

/// A point by its length and start.
type Key = (Grain, NaiveDate);

/// All that is published of a place, as somebody reads it who narrows what each number can be by every sum, again and
/// again. Does not share a line with the code that suppresses.
struct Attacker {
    /// From, to.
    range: BTreeMap<Key, (f64, f64)>,
    hidden: Vec<Key>,
    sums: Vec<Sum>,
}

/// A total and its parts, of one length.
#[derive(Clone)]
struct Sum {
    total: Key,
    parts: Vec<Key>,
    /// The parts are all of it. Whole weeks of a month, beside which it has other days, only make it as large as they are.
    is_all: bool,
}

impl Attacker {
    /// `suppressed` is what the attacker takes a suppressed number to be.
    fn of(cells: &Cells, own: Grain, suppressed: (f64, f64)) -> Self {
        let (mut range, mut hidden) = (BTreeMap::new(), Vec::new());
        for grain in Grain::ALL.iter().copied() {
            for point in points(cells, own, grain, None, Audience::Public) {
                let key = (grain, point.period_start);
                let (from, to) = match (point.state, point.value) {
                    // Nothing shorter than the measure's own length is shown, whatever it is.
                    (State::Suppressed, _) if grain < own => (0.0, f64::INFINITY),
                    (State::Suppressed, _) => suppressed,
                    (_, Some(0.0)) => (0.0, 0.0),
                    (_, Some(value)) => ((value - 2.0).max(8.0), value + 2.0),
                    _ => continue,
                };
                if point.state == State::Suppressed {
                    hidden.push(key);
                }
                range.insert(key, (from, to));
            }
        }
        let mut sums = Vec::new();
        for (grain, start) in range.keys() {
            let period = Period::of(*grain, *start);
            for of in Grain::ALL.iter().copied().filter(|of| of < grain) {
                let parts = range.range((of, period.start)..(of, period.end));
                let is_within = |key: &&Key| Period::of(key.0, key.1).end <= period.end;
                let parts: Vec<Key> = parts
                    .map(|(key, _)| key)
                    .filter(is_within)
                    .copied()
                    .collect();
                let days: i64 = parts.iter().map(|(g, at)| Period::of(*g, *at).days()).sum();
                if !parts.is_empty() {
                    let total = (*grain, *start);
                    let is_all = days == period.days();
                    sums.push(Sum {
                        total,
                        parts,
                        is_all,
                    });
                }
            }
        }
        Self {
            range,
            hidden,
            sums,
        }
    }

    /// One who takes a suppressed number for 1 to 7, or for a longer period as much as the rule suppresses there.
    fn quick(cells: &Cells, own: Grain) -> Self {
        let mut quick = Self::of(cells, own, (1.0, 7.0));
        for Sum {
            total: key, parts, ..
        } in quick.sums.clone()
        {
            if key.0 > own && quick.hidden.contains(&key) {
                let of_part = |part: &Key| {
                    let is_hidden = quick.hidden.contains(part);
                    if is_hidden { 1.0 } else { quick.range[part].1 }
                };
                let most = parts.iter().map(of_part).sum::<f64>() + 6.0;
                let (low, high) = quick.range[&key];
                quick.range.insert(key, (low, high.max(most)));
            }
        }
        quick
    }

    fn narrow(&mut self, key: Key, (from, to): (f64, f64)) {
        let (low, high) = self.range[&key];
        let (from, to) = (from.max(low), to.min(high));
        // Bounds that contradict each other are not knowledge.
        if from <= to {
            self.range.insert(key, (from, to));
        }
    }

    fn use_sum(&mut self, at: usize) {
        let Sum {
            total,
            parts,
            is_all,
        } = self.sums[at].clone();
        let least: f64 = parts.iter().map(|p| self.range[p].0).sum();
        let most = |p: &Key| self.range[p].1;
        let most: f64 = if is_all {
            parts.iter().map(most).sum()
        } else {
            f64::INFINITY
        };
        self.narrow(total, (least, most));
        let (from, to) = self.range[&total];
        for part in parts {
            let (low, high) = self.range[&part];
            let others = (
                least - low,
                if most.is_finite() { most - high } else { most },
            );
            self.narrow(part, (from - others.1, to - others.0));
        }
    }

    /// The small numbers that have one value left, where all that have are right: an attacker who is wrong about some
    /// cannot know of any. A zero suppressed beside them points at nobody.
    fn found(&self, exact: &BTreeMap<Key, f64>) -> Vec<Key> {
        let one = |key: &&Key| self.range[*key].1 - self.range[*key].0 < 0.5;
        let pinned: Vec<Key> = self.hidden.iter().filter(one).copied().collect();
        let right = |key: &Key| (exact[key] - self.range[key].0).abs() < 0.5;
        if !pinned.iter().all(right) {
            return Vec::new();
        }
        pinned.into_iter().filter(|key| exact[key] >= 1.0).collect()
    }
}

/// What two attackers find: one who knows that a suppressed number can also be a zero or a large one, and takes all sums
/// together; and one who takes it for 1 to 7, and only the sums of one length by another.
fn found(cells: &Cells, own: Grain) -> Vec<Key> {
    let exact = Grain::ALL.iter().flat_map(|grain| {
        let of = points(cells, own, *grain, None, Audience::Operations);
        of.into_iter()
            .map(|p| ((*grain, p.period_start), p.value.unwrap_or(0.0)))
    });
    let exact: BTreeMap<Key, f64> = exact.collect();
    let mut careful = Attacker::of(cells, own, (0.0, f64::INFINITY));
    for at in (0..careful.sums.len())
        .cycle()
        .take(20 * careful.sums.len())
    {
        careful.use_sum(at);
    }
    let mut found = careful.found(&exact);
    let quick = Attacker::quick(cells, own);
    let lengths = |sum: &Sum| (sum.total.0, sum.parts.first().map(|part| part.0));
    let pairs: BTreeSet<_> = quick.sums.iter().map(lengths).collect();
    for pair in pairs {
        let mut of_pair = Attacker::quick(cells, own);
        of_pair.sums.retain(|sum| {
            // A sum that cannot be tells the quick one that the numbers are not what they were taken for.
            let least: f64 = sum.parts.iter().map(|p| quick.range[p].0).sum();
            lengths(sum) == pair && least <= quick.range[&sum.total].1
        });
        for at in 0..of_pair.sums.len() {
            of_pair.use_sum(at);
        }
        found.extend(of_pair.found(&exact));
    }
    found
}

#[test]
fn twelve_days_of_one_referral_each_are_not_found_from_the_month_that_shows_ten() {
    let mut by_day = vec![0; 366];
    for at in 0..12 {
        by_day[1 + 2 * at] = 1;
    }
    let cells = referrals(&by_day);
    for own in [Grain::Day, Grain::Week, Grain::Month] {
        assert_eq!(found(&cells, own), [], "own length: {own}");
    }
    let months = points(&cells, Grain::Month, Grain::Month, None, Audience::Public);
    assert_eq!(
        months[0].value,
        Some(10.0),
        "what people look at first is shown"
    );
}

#[test]
fn a_year_of_one_referral_a_month_is_not_shown_beside_its_months() {
    let mut by_day = vec![0; 366];
    for (at, referrals) in by_day.iter_mut().enumerate() {
        *referrals = i64::from(day(at).day() == 10 && at < 360);
    }
    let cells = referrals(&by_day);
    assert_eq!(found(&cells, Grain::Month), []);
    let year = points(&cells, Grain::Month, Grain::Year, None, Audience::Public);
    let of_2025 = year.iter().find(|p| p.period_start == day(1)).unwrap();
    // The data begin within it.
    assert_eq!((of_2025.state, of_2025.value), (State::Incomplete, None));
}

#[test]
fn one_on_each_day_of_a_quarter_is_not_found_from_the_quarter() {
    // July to September has 92 days, and 92 is shown as 90, which is 92 at the most.
    let cells = referrals(
        &(0..366)
            .map(|at| i64::from((92..184).contains(&at)))
            .collect::<Vec<_>>(),
    );
    for own in [Grain::Day, Grain::Week, Grain::Month] {
        assert_eq!(found(&cells, own), [], "own length: {own}");
    }
}

#[test]
fn one_in_each_of_many_weeks_is_not_found_from_their_year() {
    // 47 weeks of one, and 47 is shown as 45, which is 47 at the most.
    let one_a_week = |at: usize| i64::from(at % 7 == 2 && (7..7 * 48).contains(&at));
    let cells = referrals(&(0..430).map(one_a_week).collect::<Vec<_>>());
    assert_eq!(found(&cells, Grain::Week), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(8)
    ))]

    #[test]
    fn no_small_number_is_found_from_any_length_of_period(
        often in 1..12u32,
        most in 1..9i64,
        dice in prop::collection::vec((0..12u32, 1..9i64), 366..500),
        own in prop::sample::select(vec![Grain::Day, Grain::Week, Grain::Month]),
        cut in 0..366usize,
    ) {
        let by_day: Vec<i64> = dice.iter().map(|(roll, n)| if *roll < often { (*n).min(most) } else { 0 }).collect();
        let cells = referrals(&by_day);
        prop_assert_eq!(found(&cells, own), vec![]);
        // What is shown of a period does not depend on where the question begins.
        for grain in Grain::ALL.iter().copied() {
            let all = points(&cells, own, grain, None, Audience::Public);
            let later = points(&cells, own, grain, Some(day(cut)), Audience::Public);
            let same: Vec<&Point> = all.iter().filter(|p| p.period_end > day(cut)).collect();
            // Periods before the first of the data are missing.
            let of_data = later.iter().filter(|p| all.iter().any(|of| of.period_start == p.period_start));
            prop_assert_eq!(same, of_data.collect::<Vec<_>>());
        }
    }
}
