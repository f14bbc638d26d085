//! Secondary suppression: what must be kept back beside small numbers, so that none is found by subtraction.
//!
//! Areas form a graph, and a number that is kept back for the sake of those below it is itself one that may be found
//! from those beside it. So tables are gone through until nothing changes; every round keeps back at least one more.

use super::Shown;
use crate::measure::SmallNumbers;
use std::collections::{BTreeMap, BTreeSet};

/// Numbers of areas that are published together, and which are totals of which.
#[derive(Clone, Debug)]
pub struct Family<K> {
    /// Each area's number, and whether the rule holds for it.
    pub numbers: BTreeMap<K, (i64, bool)>,
    /// Each total's parts.
    pub parts: BTreeMap<K, Vec<K>>,
}

impl<K> Default for Family<K> {
    fn default() -> Self {
        Self {
            numbers: BTreeMap::new(),
            parts: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Clone> Family<K> {
    /// How each number may be shown.
    #[must_use]
    pub fn shown(&self, rule: SmallNumbers) -> BTreeMap<K, Shown> {
        let mut shown: BTreeMap<K, Shown> = self
            .numbers
            .iter()
            .map(|(id, (n, holds))| {
                let shown = if *holds {
                    rule.count(*n)
                } else {
                    Shown::Exact(*n)
                };
                (id.clone(), shown)
            })
            .collect();
        if rule == SmallNumbers::None {
            return shown;
        }
        // Each round that changes something hides one more number, so there are no more rounds than numbers.
        for _ in 0..=self.numbers.len() {
            let mut changed = false;
            for (total, parts) in &self.parts {
                if let Some(hide) = self.leak(rule, &shown, total, parts) {
                    shown.insert(hide, Shown::Neighbour);
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        shown
    }

    /// What to keep back next in one table, when something can be found in it.
    fn leak(
        &self,
        rule: SmallNumbers,
        shown: &BTreeMap<K, Shown>,
        total: &K,
        parts: &[K],
    ) -> Option<K> {
        let whole = shown.get(total).filter(|s| !s.is_hidden())?;
        let parts: BTreeSet<&K> = parts.iter().filter(|p| shown.contains_key(*p)).collect();
        let hidden = parts.iter().filter(|p| shown[**p].is_hidden()).count();
        if hidden == 0 {
            return None;
        }
        if hidden == 1 {
            let second = parts
                .iter()
                .filter(|p| !shown[**p].is_hidden() && self.numbers[**p].0 > 0)
                .min_by_key(|p| self.numbers[**p].0);
            return Some(second.map_or_else(|| total.clone(), |p| (**p).clone()));
        }
        let ranges: Vec<(bool, (i64, i64))> = parts
            .iter()
            .map(|p| {
                let part = shown[*p];
                (part.is_hidden(), range(rule, part, self.numbers[*p].1))
            })
            .collect();
        let (whole_low, whole_high) = range(rule, *whole, self.numbers[total].1);
        let low: i64 = ranges.iter().map(|(_, r)| r.0).sum();
        let high: i64 = ranges.iter().map(|(_, r)| r.1).fold(0, i64::saturating_add);
        let found = ranges.iter().any(|(is_hidden, (from, to))| {
            let others_low = low - from;
            let others_high = if *to == i64::MAX {
                high
            } else {
                high.saturating_sub(*to)
            };
            let least = (*from).max(whole_low.saturating_sub(others_high));
            let most = (*to).min(whole_high.saturating_sub(others_low));
            *is_hidden && least >= most
        });
        found.then(|| total.clone())
    }
}

/// What a reader who knows the rule can say of a number from how it is shown.
fn range(rule: SmallNumbers, shown: Shown, holds: bool) -> (i64, i64) {
    match shown {
        Shown::Exact(n) => (n, n),
        Shown::Rounded(n) => ((n - 2).max(rule.largest_hidden() + 1), n + 2),
        Shown::Small => (rule.smallest_hidden(), rule.largest_hidden()),
        Shown::Neighbour if holds => (rule.largest_hidden() + 1, i64::MAX),
        Shown::Neighbour => (0, i64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(parts: &[i64], total_holds: bool) -> Family<String> {
        let names: Vec<String> = (0..parts.len()).map(|i| format!("part-{i}")).collect();
        let mut family = Family::default();
        family
            .numbers
            .insert("total".into(), (parts.iter().sum(), total_holds));
        for (name, n) in names.iter().zip(parts) {
            family.numbers.insert(name.clone(), (*n, true));
        }
        family.parts.insert("total".into(), names);
        family
    }

    #[test]
    fn one_small_number_takes_the_smallest_of_the_others_with_it() {
        let shown = table(&[3, 40, 20, 0], false).shown(SmallNumbers::Hes7);
        assert_eq!(shown["part-0"], Shown::Small);
        assert_eq!(shown["part-2"], Shown::Neighbour);
        assert_eq!(shown["part-1"], Shown::Rounded(40));
        assert_eq!(shown["part-3"], Shown::Exact(0));
        assert_eq!(shown["total"], Shown::Exact(63));
    }

    #[test]
    fn where_no_other_is_left_the_total_goes() {
        let shown = table(&[3, 0, 0], false).shown(SmallNumbers::Hes7);
        assert_eq!(shown["part-0"], Shown::Small);
        assert!(shown["total"].is_hidden());
        // Two ones that add up to two.
        let shown = table(&[1, 1, 0], false).shown(SmallNumbers::Hes7);
        assert!(shown["total"].is_hidden());
    }

    #[test]
    fn large_numbers_keep_nothing_back() {
        let shown = table(&[30, 40, 20], false).shown(SmallNumbers::Hes7);
        assert!(shown.values().all(|s| !s.is_hidden()));
    }

    #[test]
    fn a_total_that_goes_takes_one_beside_it_along() {
        let mut family = table(&[3, 0], true);
        family.numbers.insert("beside".into(), (50, true));
        family.numbers.insert("top".into(), (53, false));
        family
            .parts
            .insert("top".into(), vec!["total".into(), "beside".into()]);
        let shown = family.shown(SmallNumbers::Hes7);
        assert!(shown["total"].is_hidden() && shown["beside"].is_hidden());
    }

    /// Every value that the first part could have, tried out against all that is published. Slow and simple.
    fn could_be(
        rule: SmallNumbers,
        family: &Family<String>,
        shown: &BTreeMap<String, Shown>,
        part: &str,
    ) -> BTreeSet<i64> {
        let most = 80;
        let fits = |id: &str, n: i64| match shown[id] {
            Shown::Small => rule.count(n) == Shown::Small,
            Shown::Neighbour => n > rule.largest_hidden(),
            other => rule.count(n) == other,
        };
        let others: Vec<&String> = family.parts["total"]
            .iter()
            .filter(|p| *p != part)
            .collect();
        let mut sums = BTreeSet::from([0]);
        for other in others {
            let values: Vec<i64> = (0..=most).filter(|n| fits(other, *n)).collect();
            sums = sums
                .iter()
                .flat_map(|s| values.iter().map(move |v| s + v))
                .collect();
        }
        let whole_fits = |n: i64| match (shown["total"], family.numbers["total"].1) {
            (Shown::Small, _) => rule.count(n) == Shown::Small,
            (Shown::Neighbour, _) => true,
            (Shown::Exact(m), false) => n == m,
            (other, _) => rule.count(n) == other,
        };
        (0..=most)
            .filter(|n| fits(part, *n) && sums.iter().any(|s| whole_fits(s + n)))
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn no_small_number_can_be_found_by_subtraction(
            parts in prop::collection::vec(prop_oneof![3 => 0..9i64, 1 => 0..40i64], 1..5),
            total_holds in any::<bool>(),
            mhsds in any::<bool>(),
        ) {
            let rule = if mhsds { SmallNumbers::Mhsds5 } else { SmallNumbers::Hes7 };
            let family = table(&parts, total_holds);
            let shown = family.shown(rule);
            for (i, n) in parts.iter().enumerate() {
                let name = format!("part-{i}");
                if rule.count(*n) == Shown::Small {
                    let could = could_be(rule, &family, &shown, &name);
                    prop_assert!(could.contains(n), "the truth is among what it could be");
                    prop_assert!(could.len() > 1, "{parts:?}: {name} must be {could:?}, shown {shown:?}");
                }
            }
        }
    }
}
