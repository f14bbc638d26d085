//! Secondary suppression: what must be suppressed beside small numbers, so that none is found by subtraction.
//!
//! Areas form a graph: a neighbourhood is part of a locality and of an ICB, and a number found in one table narrows what
//! can be in the next. So all tables are taken together, as somebody would who looks for a person: what each number can
//! be is narrowed from table to table until nothing changes, and while a small one has a single value left, one more is
//! suppressed.

use super::Shown;
use crate::measure::SmallNumbers;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One area's number.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Number {
    /// The number that adds up over areas: people, or nights.
    pub n: i64,
    /// How many people are behind it at least.
    pub people: i64,
    /// The rule holds for the area.
    pub holds: bool,
}

/// Numbers that come to as much as others: mostly a total, and its parts.
#[derive(Clone, Debug)]
pub struct Sum<K> {
    pub total: Vec<K>,
    pub parts: Vec<K>,
    /// Those that are set against each other without being declared parts. Where one of them is nothing, so are its places, and
    /// the other sums say as much.
    pub without_zero: Vec<K>,
}

impl<K> Sum<K> {
    /// A total of its parts.
    pub fn of(total: K, parts: Vec<K>) -> Self {
        Self {
            total: vec![total],
            parts,
            without_zero: Vec::new(),
        }
    }

    /// The same sum of other keys, of those that have one.
    pub fn map<L>(&self, key: impl Fn(&K) -> Option<L>) -> Sum<L> {
        let keys = |of: &[K]| of.iter().filter_map(&key).collect();
        Sum {
            total: keys(&self.total),
            parts: keys(&self.parts),
            without_zero: keys(&self.without_zero),
        }
    }
}

/// Numbers of areas that are published together, and which are totals of which.
#[derive(Clone, Debug)]
pub struct Family<K> {
    /// Each area's number.
    pub numbers: BTreeMap<K, Number>,
    /// Numbers that come to as much as others: mostly a total and its parts, of which there may be several kinds.
    pub sums: Vec<Sum<K>>,
    /// The numbers count people: what is suppressed is then no larger than the rule's limit.
    pub counts_people: bool,
    /// Whoever looks for a person knows which numbers are suppressed because they are small, and which because of those.
    pub knows_which_are_small: bool,
    /// How numbers are shown elsewhere already, which cannot be changed here.
    pub fixed: BTreeMap<K, Shown>,
}

impl<K> Default for Family<K> {
    fn default() -> Self {
        Self {
            numbers: BTreeMap::new(),
            sums: Vec::new(),
            counts_people: true,
            knows_which_are_small: true,
            fixed: BTreeMap::new(),
        }
    }
}

/// What somebody who knows the rule can say of a number: from, to.
type Range = (i64, i64);

/// A number so large that nothing is known of it from above. Sums of them stay far from the end of the type.
const UNKNOWN: i64 = 1 << 40;

/// How often a table is looked at, on average, while ranges are narrowed.
const MAX_VISITS: usize = 100;

/// Numbers, by rank, that come to the same on both sides: mostly a total, and its parts.
#[derive(Debug, Hash)]
struct Table([Vec<usize>; 2]);

impl Table {
    fn members(&self) -> impl Iterator<Item = usize> {
        self.0.iter().flatten().copied()
    }
}

/// The numbers of a family by their rank, with all that decides what is suppressed of them and nothing else: what is equal
/// is decided alike.
#[derive(Debug, Hash)]
pub(super) struct Ranked {
    rule: SmallNumbers,
    counts_people: bool,
    knows_which_are_small: bool,
    numbers: Vec<Number>,
    fixed: Vec<Option<Shown>>,
    tables: Vec<Table>,
}

/// All tables, and in which of them each number is.
struct Tables<'a> {
    tables: &'a [Table],
    by_member: Vec<Vec<usize>>,
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

impl<K: Ord> Family<K> {
    /// The numbers in order, as they are decided, and after them what is missing of totals that their parts do not fill.
    pub(super) fn ranked(&self, rule: SmallNumbers) -> Ranked {
        let mut ranked = Ranked {
            rule,
            counts_people: self.counts_people,
            knows_which_are_small: self.knows_which_are_small,
            numbers: self.numbers.values().copied().collect(),
            fixed: self
                .numbers
                .keys()
                .map(|id| self.fixed.get(id).copied())
                .collect(),
            tables: Vec::new(),
        };
        self.add_tables(&mut ranked);
        ranked
    }

    /// Adds the sums of what has numbers. Parts that do not fill their total are bounded by it all the same, with a rest that
    /// is published nowhere; parts that are more than it overlap, and it reveals nothing of them.
    fn add_tables(&self, ranked: &mut Ranked) {
        let index: BTreeMap<&K, usize> = self.numbers.keys().zip(0..).collect();
        for sum in &self.sums {
            let known = |side: &[K]| -> Vec<usize> {
                side.iter()
                    .filter_map(|id| index.get(id).copied())
                    .collect()
            };
            let is_zero = |at: &usize| ranked.numbers[*at].n == 0;
            let shows_zeros = ranked.rule.smallest_hidden() > 0;
            if shows_zeros && known(&sum.without_zero).iter().any(is_zero) {
                continue;
            }
            let mut sides = [known(&sum.total), known(&sum.parts)];
            let [total, parts] = &mut sides;
            let sum = |side: &[usize]| side.iter().map(|&at| ranked.numbers[at].n).sum::<i64>();
            let rest = sum(total) - sum(parts);
            if total.is_empty() || parts.is_empty() || (rest < 0 && total.len() == 1) {
                continue;
            }
            if rest != 0 {
                let less = if rest > 0 { parts } else { total };
                less.push(ranked.numbers.len());
                ranked.numbers.push(Number {
                    n: rest.abs(),
                    people: rest.abs(),
                    holds: false,
                });
                ranked.fixed.push(Some(Shown::Neighbour));
            }
            ranked.tables.push(Table(sides));
        }
    }
}

impl Ranked {
    /// How each number may be shown where those `beside` are suppressed for the sake of others.
    pub(super) fn shown(&self, beside: &[usize]) -> Vec<Shown> {
        let by_itself = |(number, fixed): (&Number, &Option<Shown>)| {
            fixed.unwrap_or_else(|| number.shown(self.rule, false))
        };
        let numbers = self.numbers.iter().zip(&self.fixed);
        let mut shown: Vec<Shown> = numbers.map(by_itself).collect();
        for &at in beside {
            shown[at] = Shown::Neighbour;
        }
        shown
    }

    /// The numbers that must be suppressed so that no small one is found.
    pub(super) fn beside_small(&self) -> Vec<usize> {
        let mut shown = self.shown(&[]);
        let mut beside = Vec::new();
        if !shown.contains(&Shown::Small) {
            return beside;
        }
        let tables = Tables::of(&self.tables, self.numbers.len());
        // Each round keeps back one more at least, so there are no more rounds than numbers.
        loop {
            let mut changed: BTreeSet<usize> = BTreeSet::new();
            for leak in self.leaks(&shown, &tables) {
                // What was just suppressed there may be enough.
                let of_leak = tables.of_number(leak);
                if of_leak.iter().any(|table| changed.contains(table)) {
                    continue;
                }
                let is_free = |at: usize| self.fixed[at].is_none() && !shown[at].is_hidden();
                if let Some(next) = tables.beside(leak, &self.numbers, is_free) {
                    shown[next] = Shown::Neighbour;
                    beside.push(next);
                    changed.extend(tables.of_number(next));
                }
            }
            if changed.is_empty() {
                return beside;
            }
        }
    }

    /// The small numbers that have only one value left when all tables are taken together.
    fn leaks(&self, shown: &[Shown], tables: &Tables<'_>) -> Vec<usize> {
        let numbers = self.numbers.iter().zip(shown);
        let ranges = numbers.map(|(number, shown)| match shown {
            Shown::Small | Shown::Neighbour if !self.knows_which_are_small => (0, UNKNOWN),
            shown => range(self.rule, *shown, *number, self.counts_people),
        });
        let ranges = tables.narrowed(ranges.collect());
        let has_one_left = |&at: &usize| shown[at] == Shown::Small && ranges[at].0 >= ranges[at].1;
        (0..shown.len()).filter(has_one_left).collect()
    }
}

impl<'a> Tables<'a> {
    fn of(tables: &'a [Table], numbers: usize) -> Self {
        let mut by_member = vec![Vec::new(); numbers];
        for (at, table) in tables.iter().enumerate() {
            for member in table.members() {
                by_member[member].push(at);
            }
        }
        Self { tables, by_member }
    }

    /// The tables in which a number is.
    fn of_number(&self, at: usize) -> &[usize] {
        &self.by_member[at]
    }

    /// What to keep back for the sake of a number: the smallest that is shown in a table with it, or else in the next
    /// tables; a zero only where there is nothing else as near.
    fn beside(
        &self,
        at: usize,
        numbers: &[Number],
        is_free: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let (mut seen, mut looked_at) = (BTreeSet::from([at]), BTreeSet::new());
        let mut edge = vec![at];
        while !edge.is_empty() {
            let tables = edge.iter().flat_map(|at| self.of_number(*at));
            let tables = tables.filter(|table| looked_at.insert(**table));
            let members = tables.flat_map(|table| self.tables[*table].members());
            edge = members.filter(|member| seen.insert(*member)).collect();
            let smallest = |least: i64| {
                let free = edge
                    .iter()
                    .copied()
                    .filter(|&i| is_free(i) && numbers[i].n >= least);
                free.min_by_key(|&i| numbers[i].n)
            };
            let next = smallest(1).or_else(|| smallest(0));
            if next.is_some() {
                return next;
            }
        }
        None
    }

    /// Narrows what every number can be, from table to table, until nothing changes.
    fn narrowed(&self, mut ranges: Vec<Range>) -> Vec<Range> {
        let mut open: VecDeque<usize> = (0..self.tables.len()).collect();
        let mut is_open = vec![true; self.tables.len()];
        // Bounds that creep towards each other by ones are left: nobody narrows for ever.
        let mut left = self.tables.len() * MAX_VISITS;
        while let Some(at) = open.pop_front().filter(|_| left > 0) {
            left -= 1;
            is_open[at] = false;
            let mut set = |ranges: &mut Vec<Range>, number: usize, (from, to): Range| {
                let (old_from, old_to) = ranges[number];
                let new = (old_from.max(from), old_to.min(to));
                // Bounds that contradict each other are not knowledge.
                if new.0 <= new.1 && new != ranges[number] {
                    ranges[number] = new;
                    for &table in self.of_number(number) {
                        if !is_open[table] {
                            is_open[table] = true;
                            open.push_back(table);
                        }
                    }
                }
            };
            let Table([total, parts]) = &self.tables[at];
            for (side, other) in [(total, parts), (parts, total)] {
                let sum = |ranges: &[Range], side: &[usize]| {
                    let add = |(low, high), &at: &usize| (low + ranges[at].0, high + ranges[at].1);
                    side.iter().fold((0, 0), add)
                };
                let (low, high) = sum(&ranges, side);
                let (other_low, other_high) = sum(&ranges, other);
                for &member in side {
                    let (from, to) = ranges[member];
                    let of_member = (other_low - (high - to), other_high - (low - from));
                    set(&mut ranges, member, of_member);
                }
            }
        }
        ranges
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
