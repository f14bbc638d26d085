//! Secondary suppression: what must be suppressed beside small numbers, so that none is found by subtraction.
//!
//! Areas form a graph: a neighbourhood is part of a locality and of an ICB, and a number found in one table narrows what
//! can be in the next. So all tables are taken together, as somebody would who looks for a person: what each number can
//! be is narrowed from table to table until nothing changes, and while a small one has a single value left, one more is
//! suppressed.

use super::Shown;
use crate::measure::SmallNumbers;
use std::collections::BTreeMap;

/// One area's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// The number that adds up over areas: people, or nights.
    pub n: i64,
    /// How many people are behind it at least.
    pub people: i64,
    /// The rule holds for the area.
    pub holds: bool,
}

/// Numbers of areas that are published together, and which are totals of which.
#[derive(Clone, Debug)]
pub struct Family<K> {
    /// Each area's number.
    pub numbers: BTreeMap<K, Number>,
    /// Totals with their parts; one total may be added up in several ways.
    pub parts: Vec<(K, Vec<K>)>,
    /// The numbers count people: what is suppressed is then no larger than the rule's limit.
    pub counts_people: bool,
    /// How numbers are shown elsewhere already, which cannot be changed here.
    pub fixed: BTreeMap<K, Shown>,
}

impl<K> Default for Family<K> {
    fn default() -> Self {
        Self {
            numbers: BTreeMap::new(),
            parts: Vec::new(),
            counts_people: true,
            fixed: BTreeMap::new(),
        }
    }
}

/// What somebody who knows the rule can say of a number: from, to.
type Range = (i64, i64);

/// A number so large that nothing is known of it from above. Sums of them stay far from the end of the type.
const UNKNOWN: i64 = 1 << 40;

/// A total and its parts, by index.
struct Table {
    total: usize,
    parts: Vec<usize>,
}

impl Number {
    /// Whether so few people are behind it that it is suppressed.
    #[must_use]
    pub fn is_small(&self, rule: SmallNumbers) -> bool {
        self.holds && rule.count(self.people) == Shown::Small
    }

    /// How it may be shown, on its own or suppressed for the sake of another.
    #[must_use]
    pub fn shown(&self, rule: SmallNumbers, is_kept_back: bool) -> Shown {
        match self {
            small if small.is_small(rule) => Shown::Small,
            _ if is_kept_back => Shown::Neighbour,
            Self { n, holds: true, .. } => rule.rounded(*n),
            Self { n, .. } => Shown::Exact(*n),
        }
    }
}

impl<K: Ord + Clone> Family<K> {
    /// How each number may be shown.
    #[must_use]
    pub fn shown(&self, rule: SmallNumbers) -> BTreeMap<K, Shown> {
        let numbers: Vec<Number> = self.numbers.values().copied().collect();
        let mut shown: Vec<Shown> = self
            .numbers
            .iter()
            .map(|(id, number)| match (self.fixed.get(id), number) {
                (Some(fixed), _) => *fixed,
                (None, number) => number.shown(rule, false),
            })
            .collect();
        if shown.contains(&Shown::Small) {
            let tables = self.tables();
            let is_fixed: Vec<bool> = self
                .numbers
                .keys()
                .map(|id| self.fixed.contains_key(id))
                .collect();
            // Each round keeps back one more, so there are no more rounds than numbers.
            while let Some(leak) = self.leak(rule, &numbers, &shown, &tables) {
                let is_free = |at: usize| !is_fixed[at] && !shown[at].is_hidden();
                match beside(leak, &numbers, is_free, &tables) {
                    Some(next) => shown[next] = Shown::Neighbour,
                    None => break,
                }
            }
        }
        self.numbers.keys().cloned().zip(shown).collect()
    }

    /// Whether the numbers as they are shown ([`Family::fixed`], all of them) leave a small one a single value.
    #[must_use]
    pub fn gives_away(&self, rule: SmallNumbers) -> bool {
        let numbers: Vec<Number> = self.numbers.values().copied().collect();
        let shown: Vec<Shown> = self.fixed.values().copied().collect();
        shown.contains(&Shown::Small)
            && numbers.len() == shown.len()
            && self.leak(rule, &numbers, &shown, &self.tables()).is_some()
    }

    /// The totals with the parts that have numbers. A total that is not the sum of its parts tells nothing of them.
    fn tables(&self) -> Vec<Table> {
        let index: BTreeMap<&K, usize> = self.numbers.keys().zip(0..).collect();
        let table = |(total, parts): &(K, Vec<K>)| {
            let number = self.numbers.get(total)?;
            let numbers = parts.iter().filter_map(|part| self.numbers.get(part));
            let sum: i64 = numbers.map(|number| number.n).sum();
            let known = parts.iter().filter_map(|part| index.get(part).copied());
            let parts: Vec<usize> = known.collect();
            let adds_up = !parts.is_empty() && sum == number.n;
            adds_up.then_some(Table {
                total: *index.get(total)?,
                parts,
            })
        };
        self.parts.iter().filter_map(table).collect()
    }

    /// A small number that has only one value left when all tables are taken together.
    fn leak(
        &self,
        rule: SmallNumbers,
        numbers: &[Number],
        shown: &[Shown],
        tables: &[Table],
    ) -> Option<usize> {
        let ranges = numbers
            .iter()
            .zip(shown)
            .map(|(number, shown)| range(rule, *shown, *number, self.counts_people))
            .collect();
        let ranges = narrowed(ranges, tables);
        (0..numbers.len()).find(|&at| shown[at] == Shown::Small && ranges[at].0 >= ranges[at].1)
    }
}

/// What to keep back for the sake of a number: the smallest that is shown in a table with it, or else in any table; a
/// zero only where there is nothing else.
fn beside(
    at: usize,
    numbers: &[Number],
    is_free: impl Fn(usize) -> bool,
    tables: &[Table],
) -> Option<usize> {
    let with_it = |table: &&Table| table.total == at || table.parts.contains(&at);
    let of = |table: &Table| -> Vec<usize> {
        let members = table.parts.iter().copied().chain([table.total]);
        members
            .filter(|&member| member != at && is_free(member))
            .collect()
    };
    let near: Vec<usize> = tables.iter().filter(with_it).flat_map(of).collect();
    let far = || tables.iter().flat_map(of).collect::<Vec<usize>>();
    let smallest = |of: &[usize], least: i64| {
        let enough = of.iter().copied().filter(|&i| numbers[i].n >= least);
        enough.min_by_key(|&i| numbers[i].n)
    };
    smallest(&near, 1)
        .or_else(|| smallest(&near, 0))
        .or_else(|| smallest(&far(), 1))
        .or_else(|| smallest(&far(), 0))
}

/// Narrows what every number can be, from table to table, until nothing changes.
fn narrowed(mut ranges: Vec<Range>, tables: &[Table]) -> Vec<Range> {
    loop {
        let mut changed = false;
        let mut set = |ranges: &mut Vec<Range>, at: usize, (from, to): Range| {
            let (old_from, old_to) = ranges[at];
            let new = (old_from.max(from), old_to.min(to));
            // What contradicts itself is no knowledge.
            if new.0 <= new.1 && new != ranges[at] {
                ranges[at] = new;
                changed = true;
            }
        };
        for Table { total, parts } in tables {
            let low: i64 = parts.iter().map(|&p| ranges[p].0).sum();
            let high: i64 = parts.iter().map(|&p| ranges[p].1).sum();
            set(&mut ranges, *total, (low, high));
            let (total_low, total_high) = ranges[*total];
            for &part in parts {
                let (from, to) = ranges[part];
                let others = (low - from, high - to);
                set(
                    &mut ranges,
                    part,
                    (total_low - others.1, total_high - others.0),
                );
            }
        }
        if !changed {
            return ranges;
        }
    }
}

/// What a reader who knows the rule can say of a number from how it is shown.
fn range(rule: SmallNumbers, shown: Shown, number: Number, counts_people: bool) -> Range {
    let least_hidden = rule.smallest_hidden();
    let least_shown = if counts_people {
        rule.largest_hidden() + 1
    } else {
        1
    };
    match shown {
        Shown::Exact(n) => (n, n),
        Shown::Rounded(n) => ((n - 2).max(least_shown), n + 2),
        Shown::Small if counts_people => (least_hidden, rule.largest_hidden()),
        Shown::Small => (least_hidden, UNKNOWN),
        // Whoever takes it for a number that is too large to be small is right, but for a zero that had to go as well.
        Shown::Neighbour if number.holds && number.n > 0 => (least_shown, UNKNOWN),
        Shown::Neighbour => (0, UNKNOWN),
    }
}

#[cfg(test)]
mod tests;
