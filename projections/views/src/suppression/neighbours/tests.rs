//! Tables against somebody who looks for a person in them.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

impl<K: Ord + Clone> Family<K> {
    /// How each number may be shown.
    fn shown(&self, rule: SmallNumbers) -> BTreeMap<K, Shown> {
        let ranked = self.ranked(rule);
        let shown = ranked.shown(&ranked.beside_small());
        self.numbers.keys().cloned().zip(shown).collect()
    }
}

fn people(n: i64, holds: bool) -> Number {
    Number {
        n,
        people: n,
        holds,
    }
}

fn table(parts: &[i64], total_holds: bool) -> Family<String> {
    let names: Vec<String> = (0..parts.len()).map(|i| format!("part-{i}")).collect();
    let mut family = Family::default();
    let sum = parts.iter().sum();
    family
        .numbers
        .insert("total".into(), people(sum, total_holds));
    for (name, n) in names.iter().zip(parts) {
        family.numbers.insert(name.clone(), people(*n, true));
    }
    family.parts.push(("total".into(), names));
    family
}

#[test]
fn one_small_number_in_an_exact_total_takes_the_smallest_of_the_others_with_it() {
    let shown = table(&[3, 60, 40, 0], false).shown(SmallNumbers::Hes7);
    assert_eq!(shown["part-0"], Shown::Small);
    assert_eq!(shown["part-1"], Shown::Rounded(60));
    assert_eq!(shown["part-2"], Shown::Rounded(40));
    assert_eq!(shown["part-3"], Shown::Exact(0));
    // Rounding alone leaves it between 1 and 7.
    assert_eq!(shown["total"], Shown::Exact(103));
    let alone = table(&[3, 0, 0], false).shown(SmallNumbers::Hes7);
    assert!(alone["part-0"].is_hidden() && alone["total"].is_hidden());
}

#[test]
fn ones_that_only_fit_one_way_are_not_given_away() {
    // At most 12 in all, at least 8 in one: the other four would have to be one each.
    let shown = table(&[8, 1, 1, 1, 1], true).shown(SmallNumbers::Hes7);
    assert!(
        shown["total"].is_hidden() || shown["part-0"].is_hidden(),
        "{shown:?}"
    );
}

#[test]
fn large_numbers_keep_nothing_back() {
    let shown = table(&[30, 40, 20], false).shown(SmallNumbers::Hes7);
    assert!(shown.values().all(|s| !s.is_hidden()));
}

#[test]
fn nights_of_few_people_are_kept_back_however_many_they_are() {
    let mut family = Family {
        counts_people: false,
        ..Family::default()
    };
    let one_person = Number {
        n: 30,
        people: 1,
        holds: true,
    };
    let many = Number {
        n: 300,
        people: 12,
        holds: true,
    };
    family.numbers = BTreeMap::from([("a", one_person), ("b", many)]);
    let total = Number {
        n: 330,
        people: 13,
        holds: false,
    };
    family.numbers.insert("total", total);
    family.parts.push(("total", vec!["a", "b"]));
    let shown = family.shown(SmallNumbers::Hes7);
    assert_eq!(shown["a"], Shown::Small);
    assert_eq!(shown["b"], Shown::Rounded(300));
}

#[test]
fn what_two_tables_tell_together_is_kept_back() {
    // The ICB and the localities are two ways to add up the same neighbourhoods, and both are shown as they are.
    let mut family: Family<&str> = Family::default();
    for (id, n, holds) in [
        ("north-1", 3, true),
        ("north-2", 0, true),
        ("south-1", 0, true),
        ("south-2", 2, true),
        ("north", 3, false),
        ("south", 2, false),
        ("icb-a", 3, false),
        ("icb-b", 2, false),
    ] {
        family.numbers.insert(id, people(n, holds));
    }
    family.parts.push(("north", vec!["north-1", "north-2"]));
    family.parts.push(("south", vec!["south-1", "south-2"]));
    family.parts.push(("icb-a", vec!["north-1", "south-1"]));
    family.parts.push(("icb-b", vec!["north-2", "south-2"]));
    let shown = family.shown(SmallNumbers::Hes7);
    let found = attacker(&family, &shown, SmallNumbers::Hes7);
    assert_eq!(found, BTreeMap::new());
}

/// Somebody who narrows what every hidden number can be by every table, one at a time, in floating point and without
/// sharing a line with the code that keeps numbers back. Those with a single value left, by name.
fn attacker(
    family: &Family<&'static str>,
    shown: &BTreeMap<&'static str, Shown>,
    rule: SmallNumbers,
) -> BTreeMap<&'static str, f64> {
    let limit = rule.largest_hidden() as f64;
    let mut low: BTreeMap<&str, f64> = BTreeMap::new();
    let mut high: BTreeMap<&str, f64> = BTreeMap::new();
    for (id, shown) in shown {
        let (from, to) = match *shown {
            Shown::Exact(n) => (n as f64, n as f64),
            Shown::Rounded(n) => (n as f64 - 2.0, n as f64 + 2.0),
            Shown::Small => (rule.smallest_hidden() as f64, limit),
            Shown::Neighbour => (0.0, f64::INFINITY),
        };
        low.insert(id, from);
        high.insert(id, to);
    }
    for _ in 0..200 {
        for (total, parts) in &family.parts {
            for part in parts {
                let others: Vec<&&str> = parts.iter().filter(|p| *p != part).collect();
                let others_low: f64 = others.iter().map(|p| low[**p]).sum();
                let others_high: f64 = others.iter().map(|p| high[**p]).sum();
                let from = low[part].max(low[total] - others_high);
                let to = high[part].min(high[total] - others_low);
                if from <= to {
                    low.insert(part, from);
                    high.insert(part, to);
                }
            }
            let from = low[total].max(parts.iter().map(|p| low[p]).sum());
            let to = high[total].min(parts.iter().map(|p| high[p]).sum());
            if from <= to {
                low.insert(total, from);
                high.insert(total, to);
            }
        }
    }
    let hidden = shown.iter().filter(|(_, s)| **s == Shown::Small);
    let found = hidden.filter(|(id, _)| high[*id] - low[*id] < 0.5);
    found.map(|(id, _)| (*id, low[id])).collect()
}

const NAMES: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
const TOTALS: [&str; 8] = ["p", "q", "r", "s", "t", "u", "v", "w"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_small_number_is_found_in_a_thousand_counties(
        leaves in prop::collection::vec(prop_oneof![4 => 0..9i64, 1 => 0..60i64], 2..12),
        first in prop::collection::vec(0..4usize, 12),
        second in prop::collection::vec(0..4usize, 12),
        exempt in prop::collection::vec(any::<bool>(), 9),
        mhsds in any::<bool>(),
    ) {
        let rule = if mhsds { SmallNumbers::Mhsds5 } else { SmallNumbers::Hes7 };
        let mut family: Family<&'static str> = Family::default();
        for (name, n) in NAMES.iter().zip(&leaves) {
            family.numbers.insert(name, people(*n, true));
        }
        // Two ways to divide the same places, and the whole of one of them.
        for (way, of) in [&first, &second].into_iter().enumerate() {
            for group in 0..4 {
                let members = NAMES.iter().zip(&leaves).zip(of).filter(|(_, g)| **g == group);
                let members: Vec<(&'static str, i64)> = members.map(|((name, n), _)| (*name, *n)).collect();
                if members.is_empty() {
                    continue;
                }
                let total = TOTALS[way * 4 + group];
                let sum = members.iter().map(|(_, n)| n).sum();
                family.numbers.insert(total, people(sum, !exempt[way * 4 + group]));
                family.parts.push((total, members.into_iter().map(|(name, _)| name).collect()));
            }
        }
        let groups: BTreeSet<&'static str> = TOTALS[..4].iter().copied().filter(|t| family.numbers.contains_key(t)).collect();
        family.numbers.insert("z", people(leaves.iter().sum(), !exempt[8]));
        family.parts.push(("z", groups.into_iter().collect()));
        let shown = family.shown(rule);
        for (id, number) in &family.numbers {
            prop_assert!(!number.is_small(rule) || shown[id].is_hidden());
        }
        let found = attacker(&family, &shown, rule);
        prop_assert!(found.is_empty(), "{found:?} of {family:?} as {shown:?}");
    }
}
