//! Tables against somebody who looks for a person in them.

use super::super::sums::sums;
use super::*;
use joinedup_events::AreaId;
use joinedup_events::area::{Area, AreaKind, Areas};
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
    family.sums.push(Sum::of("total".into(), names));
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
    family.sums.push(Sum::of("total", vec!["a", "b"]));
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
    family
        .sums
        .push(Sum::of("north", vec!["north-1", "north-2"]));
    family
        .sums
        .push(Sum::of("south", vec!["south-1", "south-2"]));
    family
        .sums
        .push(Sum::of("icb-a", vec!["north-1", "south-1"]));
    family
        .sums
        .push(Sum::of("icb-b", vec!["north-2", "south-2"]));
    let shown = family.shown(SmallNumbers::Hes7);
    let found = attacker(&family.sums, &shown, SmallNumbers::Hes7);
    assert_eq!(found, BTreeMap::new());
}

/// The smallest places of a county and what they add up to, of which some may be shown as they are.
struct County {
    areas: Areas,
    numbers: BTreeMap<AreaId, Number>,
}

impl County {
    /// Of areas with the kinds that they are and what they are part of, and the numbers of those that nothing is part of.
    fn of(
        areas: &[(&str, AreaKind, Vec<&str>)],
        ns: &BTreeMap<&str, i64>,
        exempt: &[&str],
    ) -> Self {
        let id = |id: &str| AreaId::new(id).unwrap();
        let areas = Areas::of(areas.iter().map(|(of, kind, parents)| Area {
            id: id(of),
            title: (*of).to_owned(),
            kind: *kind,
            parents: parents.iter().map(|of| id(of)).collect(),
            population_18: None,
            population_65: None,
            from: None,
            until: None,
        }));
        let areas = areas.unwrap();
        let number = |area: &Area| {
            let within = areas.within(&area.id);
            let n = within.iter().filter_map(|id| ns.get(id.as_str())).sum();
            (
                area.id.clone(),
                people(n, !exempt.contains(&area.id.as_str())),
            )
        };
        Self {
            numbers: areas.iter().map(number).collect(),
            areas,
        }
    }

    /// How each number is shown, and the small ones that are found: of each total the attacker knows the smallest places and
    /// the parts.
    fn tried(&self, rule: SmallNumbers) -> (BTreeMap<&AreaId, Shown>, BTreeMap<&AreaId, f64>) {
        let numbers: BTreeMap<&AreaId, Number> =
            self.numbers.iter().map(|(id, n)| (id, *n)).collect();
        let family = Family {
            sums: sums(&self.areas, &numbers.keys().copied().collect()),
            numbers,
            ..Family::default()
        };
        let shown = family.shown(rule);
        let mut known = Vec::new();
        for id in self.numbers.keys() {
            let within = self.areas.within(id);
            let is_smallest =
                |id: &&AreaId| self.areas.children(id).is_empty() && within.contains(*id);
            let parts: Vec<&AreaId> = self.areas.children(id).iter().collect();
            if !parts.is_empty() {
                known.push(Sum::of(
                    id,
                    self.numbers.keys().filter(is_smallest).collect(),
                ));
                known.push(Sum::of(id, parts));
            }
        }
        let found = attacker(&known, &shown, rule);
        (shown, found)
    }
}

#[test]
fn what_one_total_has_more_than_another_is_kept_back_where_neither_is_a_part_of_the_other() {
    let places = [
        ("e1", "north", "east"),
        ("e2", "south", "east"),
        ("w1", "north", "west"),
        ("w2", "south", "west"),
    ];
    let mut areas = vec![
        ("county", AreaKind::County, vec![]),
        ("east", AreaKind::Icb, vec![]),
        ("west", AreaKind::Icb, vec![]),
    ];
    areas.extend(["north", "south"].map(|of| (of, AreaKind::Locality, vec!["county"])));
    areas.extend(places.map(|(id, of, icb)| (id, AreaKind::Neighbourhood, vec![of, icb])));
    for east in [0, 20] {
        let ns = [("e1", 0), ("e2", east), ("w1", 2), ("w2", 3)].into();
        let county = County::of(&areas, &ns, &["county"]);
        let (shown, found) = county.tried(SmallNumbers::Hes7);
        assert_eq!(found, BTreeMap::new(), "{shown:?}");
    }
}

/// Somebody who narrows what every hidden number can be by what is known to come to the same, and by what any two or three of
/// these say together, one at a time, in floating point and without sharing a line with the code that keeps numbers back. Those
/// with a single value left, by name.
fn attacker<K: Ord + Copy>(
    known: &[Sum<K>],
    shown: &BTreeMap<K, Shown>,
    rule: SmallNumbers,
) -> BTreeMap<K, f64> {
    let limit = rule.largest_hidden() as f64;
    let mut ranges: BTreeMap<K, (f64, f64)> = BTreeMap::new();
    for (id, shown) in shown {
        let range = match *shown {
            Shown::Exact(n) => (n as f64, n as f64),
            Shown::Rounded(n) => (n as f64 - 2.0, n as f64 + 2.0),
            Shown::Small => (rule.smallest_hidden() as f64, limit),
            Shown::Neighbour => (0.0, f64::INFINITY),
        };
        ranges.insert(*id, range);
    }
    // How often each number counts in what comes to nothing.
    type Equation<K> = BTreeMap<K, i32>;
    let together = |one: &Equation<K>, other: &Equation<K>, times: i32| {
        let mut both = one.clone();
        for (id, of) in other {
            *both.entry(*id).or_default() += times * of;
        }
        let all = both.len();
        both.retain(|_, times| *times != 0);
        // What does not cancel out says nothing new.
        (both.len() < all).then_some(both)
    };
    let equation = |sum: &Sum<K>| -> Equation<K> {
        let signed = |side: &[K], sign| side.iter().map(|id| (*id, sign)).collect::<Vec<_>>();
        signed(&sum.total, 1)
            .into_iter()
            .chain(signed(&sum.parts, -1))
            .collect()
    };
    let known: Vec<Equation<K>> = known.iter().map(equation).collect();
    let mut equations: BTreeSet<Equation<K>> = known.iter().cloned().collect();
    for _ in 0..2 {
        let more = |one: &Equation<K>| {
            let both = known
                .iter()
                .flat_map(|other| [together(one, other, -1), together(one, other, 1)]);
            both.flatten().collect::<Vec<_>>()
        };
        equations = equations
            .iter()
            .flat_map(more)
            .chain(known.iter().cloned())
            .collect();
    }
    let mut is_narrower = true;
    while is_narrower {
        is_narrower = false;
        for equation in &equations {
            for (id, times) in equation {
                let (mut least, mut most) = (0.0, 0.0);
                for (other, times) in equation.iter().filter(|(other, _)| *other != id) {
                    let (low, high) = ranges[other];
                    let times = f64::from(-times);
                    least += if times > 0.0 {
                        times * low
                    } else {
                        times * high
                    };
                    most += if times > 0.0 {
                        times * high
                    } else {
                        times * low
                    };
                }
                let times = f64::from(*times);
                let (a, b) = (least / times, most / times);
                let (low, high) = ranges[id];
                let new = (low.max(a.min(b).ceil()), high.min(a.max(b).floor()));
                if new.0 <= new.1 && new != (low, high) {
                    is_narrower = true;
                    ranges.insert(*id, new);
                }
            }
        }
    }
    let hidden = shown.iter().filter(|(_, s)| **s == Shown::Small);
    let found = hidden.filter(|(id, _)| ranges[*id].1 - ranges[*id].0 < 0.5);
    found.map(|(id, _)| (*id, ranges[id].0)).collect()
}

const NAMES: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
const TOTALS: [&str; 9] = ["p", "q", "r", "s", "t", "u", "v", "w", "z"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_small_number_is_found_in_a_thousand_counties(
        leaves in prop::collection::vec(prop_oneof![4 => 0..9i64, 2 => 0..1i64, 1 => 0..60i64], 2..12),
        // What belongs to none of four lies beyond the county.
        first in prop::collection::vec(0..5usize, 12),
        second in prop::collection::vec(0..4usize, 12),
        exempt in prop::collection::vec(any::<bool>(), 9),
        mhsds in any::<bool>(),
    ) {
        let rule = if mhsds { SmallNumbers::Mhsds5 } else { SmallNumbers::Hes7 };
        // Two ways to divide the same places, and the whole of one of them.
        let mut areas = vec![("z", AreaKind::County, vec![])];
        areas.extend(TOTALS[..4].iter().map(|id| (*id, AreaKind::Locality, vec!["z"])));
        areas.extend(TOTALS[4..8].iter().map(|id| (*id, AreaKind::Icb, vec![])));
        for ((name, first), second) in NAMES.iter().zip(&first).zip(&second).take(leaves.len()) {
            let of = TOTALS[..4].get(*first).into_iter().chain([&TOTALS[4 + second]]);
            areas.push((name, AreaKind::Neighbourhood, of.copied().collect()));
        }
        // An area without a place would be one.
        let parents: BTreeSet<&str> = areas.iter().flat_map(|(_, _, of)| of.iter().copied()).collect();
        areas.retain(|(id, kind, _)| *kind == AreaKind::Neighbourhood || parents.contains(id));
        let ns = NAMES.iter().copied().zip(leaves.iter().copied()).collect();
        let exempt: Vec<&str> = TOTALS.iter().zip(&exempt).filter(|(_, is)| **is).map(|(id, _)| *id).collect();
        let county = County::of(&areas, &ns, &exempt);
        let (shown, found) = county.tried(rule);
        for (id, number) in &county.numbers {
            prop_assert!(!number.is_small(rule) || shown[id].is_hidden());
        }
        prop_assert!(found.is_empty(), "{found:?} of {ns:?} in {areas:?}, {exempt:?} exempt, as {shown:?}");
    }
}
