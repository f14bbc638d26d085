//! Somebody who asks for every place and every length of period, or for every place and every part of the people, and takes
//! all answers together.
#![allow(
    clippy::disallowed_methods,
    reason = "how many draws is asked of the environment"
)]
#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

use chrono::{Days, NaiveDate};
use joinedup_events::AreaId;
use joinedup_events::area::{AreaKind, Areas};
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
const PARTS: [&str; 2] = ["routine", "urgent"];

/// A county in miniature: its neighbourhoods lie in localities, and otherwise in two ICBs.
const PLACES: [&str; 10] = [
    "havenshire",
    "havenshire-north",
    "havenshire-mid",
    "hv-icb-east",
    "hv-icb-west",
    "hv-north-1",
    "hv-north-2",
    "hv-mid-1",
    "hv-mid-2",
    "hv-mid-3",
];

/// Where referrals come from: a neighbourhood, how often, and how many at most.
type Source = (usize, u32, i64);

fn referrals(sources: &[(Source, Source)], dice: &[(u32, u32)], days: usize) -> Cells {
    let mut cells = Cells::default();
    let first: NaiveDate = FIRST.parse().unwrap();
    let mut at_dice = dice.iter().cycle();
    for (routine, urgent) in sources {
        for at in 0..days {
            for (part, (place, often, most)) in PARTS.iter().zip([routine, urgent]) {
                let (roll, n) = at_dice.next().unwrap();
                if roll >= often {
                    continue;
                }
                let by = [
                    ("hours", "in"),
                    ("priority", part),
                    ("service", "mdt"),
                    ("trigger", "request"),
                ];
                for _ in 0..=(i64::from(*n) % most) {
                    let date = first + Days::new(at as u64);
                    cells.apply(
                        "referral.received",
                        PLACES[*place],
                        &by,
                        date,
                        Delta::ONE,
                        1,
                    );
                }
            }
        }
    }
    cells
}

/// A number: which part of the people (0: all), place, length and start of the period.
type Key = (usize, AreaId, Grain, NaiveDate);

/// The answers for every place, by lengths of period, and for as many parts of the people beside the whole.
fn answers(
    cells: &Cells,
    own: Grain,
    (parts, grains): (usize, &[Grain]),
    policy: &Policy,
    audience: Audience,
) -> BTreeMap<Key, Point> {
    let text = format!(
        "[[measure]]\nid = \"received\"\ntitle = \"Referrals\"\nquantity = \"referral.received\"\naggregate = \"count\"\nunit = \"people\"\nperiod = \"{own}\"\ndirection = \"none\"\noutcomes = [\"a\"]\n"
    );
    let measures = Measures::parse(&text, |_| true).unwrap();
    let areas = Areas::built_in().unwrap();
    let wanted: Vec<AreaId> = PLACES.iter().map(|p| AreaId::new(p).unwrap()).collect();
    let basis = Basis::of_cells(cells);
    let mut answers = BTreeMap::new();
    for part in 0..=parts {
        let filter = part.checked_sub(1).map_or_else(Filter::default, |at| {
            Filter(
                [(
                    "priority".to_owned(),
                    BTreeSet::from([PARTS[at].to_owned()]),
                )]
                .into(),
            )
        });
        for grain in grains.iter().copied() {
            let query = PointQuery {
                measure: measures.get("received").unwrap(),
                area: &wanted[0],
                grain,
                from: None,
                to: None,
                filter: &filter,
                now: "2027-06-01T12:00:00Z".parse().unwrap(),
                range: None,
            };
            for (area, points) in published(&basis, &areas, &query, &wanted, audience, policy) {
                for point in points {
                    answers.insert((part, area.clone(), grain, point.period_start), point);
                }
            }
        }
    }
    answers
}

/// The ways to add up an area: its parts, its smallest places, and areas within it, whether they are declared its parts or not,
/// with the smallest places that are in none of them.
fn ways(areas: &Areas, total: &AreaId) -> Vec<Vec<AreaId>> {
    let smallest = |id: &AreaId| {
        let mut within = areas.within(id);
        within.retain(|id| areas.children(id).is_empty());
        within
    };
    let all = smallest(total);
    let mut ways = vec![areas.children(total).to_vec()];
    let mut groups: Vec<(Vec<AreaId>, BTreeSet<AreaId>)> = vec![Default::default()];
    for id in PLACES.map(|id| AreaId::new(id).unwrap()) {
        let places = smallest(&id);
        if id == *total || places.len() == 1 || !places.is_subset(&all) {
            continue;
        }
        let apart = groups.iter().filter(|(_, with)| with.is_disjoint(&places));
        let more: Vec<_> = apart
            .map(|(ids, with)| {
                (
                    [&ids[..], std::slice::from_ref(&id)].concat(),
                    with | &places,
                )
            })
            .collect();
        groups.extend(more);
    }
    ways.extend(groups.into_iter().map(|(ids, with)| {
        let rest = all.iter().filter(|id| *id != total && !with.contains(*id));
        ids.into_iter().chain(rest.cloned()).collect()
    }));
    ways
}

/// What each number can be, by index, and which are totals of which.
struct Attacker {
    keys: Vec<Key>,
    truth: Vec<f64>,
    range: Vec<(f64, f64)>,
    hidden: Vec<usize>,
    sums: Vec<(usize, Vec<usize>)>,
}

impl Attacker {
    /// One who puts lengths of period of the whole together, or else parts of the people of each length.
    fn of(exact: &BTreeMap<Key, Point>, seen: &BTreeMap<Key, Point>, by_length: bool) -> Self {
        let mut exact = exact.clone();
        exact.retain(|key, _| !by_length || key.0 == 0);
        let keys: Vec<Key> = exact.keys().cloned().collect();
        let truth: Vec<f64> = exact.values().map(|p| p.value.unwrap_or(0.0)).collect();
        let (mut range, mut hidden) = (Vec::new(), Vec::new());
        for (at, key) in keys.iter().enumerate() {
            let point = seen.get(key);
            let exactly = (truth[at], truth[at]);
            range.push(match point.map(|p| (p.state, p.value)) {
                Some((State::Suppressed, _)) => {
                    hidden.push(at);
                    (0.0, f64::INFINITY)
                }
                Some((_, Some(0.0))) => (0.0, 0.0),
                // A place for which the rule does not hold shows its numbers as they are.
                Some((_, Some(value))) if value == truth[at] && value % 5.0 != 0.0 => exactly,
                Some((_, Some(value))) => ((value - 2.0).max(1.0), value + 2.0),
                _ => (0.0, f64::INFINITY),
            });
        }
        let index: BTreeMap<&Key, usize> = keys.iter().zip(0..).collect();
        let areas = Areas::built_in().unwrap();
        let within: BTreeMap<&AreaId, Vec<Vec<AreaId>>> = keys
            .iter()
            .map(|key| (&key.1, ways(&areas, &key.1)))
            .collect();
        let mut sums = Vec::new();
        for (total, key) in keys.iter().enumerate() {
            let (part, area, grain, start) = key;
            let period = Period::of(*grain, *start);
            let mut ways: Vec<Vec<usize>> = Vec::new();
            for of in Grain::ALL
                .iter()
                .copied()
                .filter(|of| by_length && of < grain)
            {
                let one = |start: NaiveDate| (*part, area.clone(), of, start);
                let parts = exact.range(one(period.start)..one(period.end));
                let parts: Vec<&Key> = parts.map(|(key, _)| key).collect();
                let days: i64 = parts.iter().map(|key| Period::of(of, key.3).days()).sum();
                let begins = parts.first().is_some_and(|key| key.3 == period.start);
                // Thirteen weeks may be as long as a quarter, and begin later.
                if begins && days == period.days() {
                    ways.push(parts.iter().map(|key| index[*key]).collect());
                }
            }
            let of_place =
                |place: &AreaId| index.get(&(*part, place.clone(), *grain, *start)).copied();
            for way in within.get(area).into_iter().flatten() {
                ways.push(way.iter().filter_map(of_place).collect());
            }
            if *part == 0 && !by_length {
                let of_part = |part| index.get(&(part, area.clone(), *grain, *start)).copied();
                ways.push((1..=PARTS.len()).filter_map(of_part).collect());
            }
            for parts in ways {
                // Only what adds up is used: the attacker knows which places and periods are parts of which.
                let sum: f64 = parts.iter().map(|at| truth[*at]).sum();
                if !parts.is_empty() && (sum - truth[total]).abs() < 0.5 {
                    sums.push((total, parts));
                }
            }
        }
        Self {
            keys,
            truth,
            range,
            hidden,
            sums,
        }
    }

    /// Takes numbers as known.
    fn know(&mut self, is_known: impl Fn(&Key) -> bool) {
        for (at, key) in self.keys.iter().enumerate() {
            if is_known(key) {
                self.range[at] = (self.truth[at], self.truth[at]);
            }
        }
    }

    fn narrow(&mut self, at: usize, (from, to): (f64, f64)) -> bool {
        let (low, high) = self.range[at];
        let new = (low.max(from), high.min(to));
        let is_narrower = new != (low, high) && new.0 <= new.1;
        if is_narrower {
            self.range[at] = new;
        }
        is_narrower
    }

    /// The small numbers of places for which the rule holds that can be one thing alone.
    fn found(mut self, policy: &Policy) -> Vec<(Key, f64)> {
        let areas = Areas::built_in().unwrap();
        let sums = std::mem::take(&mut self.sums);
        for _ in 0..40 {
            let mut any = false;
            for (total, parts) in &sums {
                let total = *total;
                let least: f64 = parts.iter().map(|p| self.range[*p].0).sum();
                let most: f64 = parts.iter().map(|p| self.range[*p].1).sum();
                any |= self.narrow(total, (least, most));
                let (from, to) = self.range[total];
                let endless = parts
                    .iter()
                    .filter(|p| self.range[**p].1.is_infinite())
                    .count();
                for &part in parts {
                    let (low, high) = self.range[part];
                    let others = match (endless, high.is_infinite()) {
                        (0, _) => most - high,
                        // What the others can be at most, where this one alone has no end.
                        (1, true) => {
                            let others = parts.iter().filter(|p| **p != part);
                            others.map(|p| self.range[*p].1).sum()
                        }
                        _ => f64::INFINITY,
                    };
                    any |= self.narrow(part, (from - others, to - (least - low)));
                }
            }
            if !any {
                break;
            }
        }
        let is_found = |at: &&usize| {
            let (low, high) = self.range[**at];
            let is_small = (1.0..8.0).contains(&self.truth[**at]);
            high - low < 0.5 && is_small && policy.holds(&areas, self.keys[**at].1.as_str())
        };
        let found = self.hidden.iter().filter(is_found);
        found
            .map(|at| (self.keys[*at].clone(), self.truth[*at]))
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(2),
        max_shrink_iters: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_small_number_is_found_from_places_periods_and_parts_together(
        sources in prop::collection::vec(((5..10usize, 1..12u32, 1..9i64), (5..10usize, 1..12u32, 1..9i64)), 1..7),
        dice in prop::collection::vec((0..12u32, 0..64u32), 500..700),
        own in prop::sample::select(vec![Grain::Day, Grain::Week, Grain::Month]),
        exempt in 0..3usize,
        days in 100..430usize,
    ) {
        let mut policy = Policy::default();
        policy.exempt.extend(&[AreaKind::County, AreaKind::Icb][..exempt]);
        let cells = referrals(&sources, &dice, days);
        let all = (PARTS.len(), Grain::ALL);
        let exact = answers(&cells, own, all, &policy, Audience::Operations);
        let seen = answers(&cells, own, all, &policy, Audience::Public);
        let found: Vec<_> = [true, false]
            .into_iter()
            .flat_map(|by_length| Attacker::of(&exact, &seen, by_length).found(&policy))
            .collect();
        prop_assert!(found.is_empty(), "{} found: {:?}", found.len(), &found[..found.len().min(5)]);
    }
    /// A county that is shown as it is, less what is known of one of its boards, is the other.
    #[test]
    fn no_small_number_is_found_beside_a_county_that_is_free_of_the_rule(
        often in prop::collection::vec((1..6u32, 1..6i64), 5),
        dice in prop::collection::vec((0..12u32, 0..64u32), 500..700),
        with_boards in any::<bool>(),
    ) {
        let mut policy = Policy::default();
        policy.exempt.extend(&[AreaKind::County, AreaKind::Icb][..1 + usize::from(with_boards)]);
        let source = |(place, (often, most))| ((place, often, most), (place, 0, 1));
        let sources: Vec<_> = (5..10).zip(often).map(source).collect();
        let cells = referrals(&sources, &dice, 400);
        let by_day = (0, &[Grain::Day][..]);
        let exact = answers(&cells, Grain::Day, by_day, &policy, Audience::Operations);
        let seen = answers(&cells, Grain::Day, by_day, &policy, Audience::Public);
        let found = Attacker::of(&exact, &seen, true).found(&policy);
        prop_assert!(found.is_empty(), "{} found: {:?}", found.len(), &found[..found.len().min(5)]);
    }
    /// Who works with the people of one locality, and reads the numbers of the others, under a county that is shown as it is.
    #[test]
    fn no_neighbour_is_found_by_who_knows_the_people_of_one_place(
        often in prop::collection::vec((1..6u32, 1..6i64), 5),
        dice in prop::collection::vec((0..12u32, 0..64u32), 500..700),
        is_known in prop::sample::select(vec!["havenshire-north", "havenshire-mid", "hv-north-1", "hv-mid-2"]),
        is_exempt in any::<bool>(),
    ) {
        let mut policy = Policy::default();
        policy.exempt.extend(is_exempt.then_some(AreaKind::County));
        let source = |(place, (often, most))| ((place, often, most), (place, 0, 1));
        let sources: Vec<_> = (5..10).zip(often).map(source).collect();
        let cells = referrals(&sources, &dice, 400);
        let by_day = (0, &[Grain::Day][..]);
        let exact = answers(&cells, Grain::Day, by_day, &policy, Audience::Operations);
        let mut seen = answers(&cells, Grain::Day, by_day, &policy, Audience::Neighbours);
        let areas = Areas::built_in().unwrap();
        let own = areas.within(&AreaId::new(is_known).unwrap());
        let is_own = |key: &Key| own.contains(&key.1);
        seen.retain(|key, _| !is_own(key));
        let mut attacker = Attacker::of(&exact, &seen, true);
        attacker.know(is_own);
        let mut found = attacker.found(&policy);
        // Of what holds known people and nobody else no neighbour is counted.
        found.retain(|((part, area, grain, start), value)| {
            let within = areas.within(area);
            let smallest = own.iter().filter(|id| areas.children(id).is_empty() && within.contains(*id));
            let of_own: f64 = smallest
                .filter_map(|id| exact.get(&(*part, id.clone(), *grain, *start))?.value)
                .sum();
            value - of_own > 0.5
        });
        prop_assert!(found.is_empty(), "{} found: {:?}", found.len(), &found[..found.len().min(5)]);
    }
}

/// A week in which the only trust that reports of a region had few discharges, and that of another many.
#[test]
fn a_place_is_not_found_between_two_totals_that_are_free_of_the_rule() {
    let by = [
        ("pathway", "0"),
        ("reason", "none"),
        ("responsible", "none"),
    ];
    let mut cells = Cells::default();
    for (trust, day, people) in [
        ("RAJ", "2025-12-30", 9),
        ("R0D", "2025-12-30", 9),
        ("RAJ", "2026-01-07", 3),
        ("R0D", "2026-01-07", 70),
    ] {
        for _ in 0..people {
            let day = day.parse().unwrap();
            cells.apply("transfer.delay_days", trust, &by, day, Delta::Value(1), 1);
        }
    }
    let text = "[[measure]]\nid = \"m\"\ntitle = \"Left\"\nquantity = \"transfer.delay_days\"\naggregate = \"count\"\nperiod = \"week\"";
    let (measures, areas) = (
        Measures::parse(text, |_| true).unwrap(),
        Areas::built_in().unwrap(),
    );
    let wanted = ["E92000001", "Y61", "Y58", "RAJ"].map(|id| AreaId::new(id).unwrap());
    let week: NaiveDate = "2026-01-05".parse().unwrap();
    let query = PointQuery {
        measure: measures.get("m").unwrap(),
        area: &wanted[0],
        grain: Grain::Week,
        from: Some(week),
        to: Some(week),
        filter: &Filter::default(),
        now: "2026-02-03T12:00:00Z".parse().unwrap(),
        range: None,
    };
    let (basis, policy) = (Basis::of_cells(&cells), Policy::default());
    let seen = published(&basis, &areas, &query, &wanted, Audience::Public, &policy);
    let [country, ours, other, trust] =
        wanted.map(|area| (seen[&area][0].value, seen[&area][0].state));
    assert_eq!(trust, (None, State::Suppressed));
    assert_eq!(ours, (None, State::Suppressed));
    // What the country has more than the other region is the trust's.
    assert!(
        country.0.is_none() || other.0.is_none(),
        "{country:?} {other:?}"
    );
}
