//! What the rows of a file report, each area, period, series and breakdown once: several rows of one are added or refused.

use super::amount::{Reported, stronger};
use joinedup_events::{Amount, AreaId, Slug};
use joinedup_views::period::Period;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

/// What a series' breakdown is.
pub(super) type Breakdown = BTreeMap<Slug, Slug>;

/// What a row reports of a series.
pub(super) struct Report {
    pub line: u64,
    pub area: AreaId,
    pub period: Period,
    pub series: Slug,
    pub breakdown: Breakdown,
    pub column: String,
    pub amount: Reported,
    pub denominator: Option<Amount>,
}

/// Names, each held once.
struct Names<T>(Vec<T>, HashMap<T, u32>);

impl<T: Clone + Eq + Hash> Names<T> {
    fn number(&mut self, name: T) -> u32 {
        if let Some(number) = self.1.get(&name) {
            return *number;
        }
        let number = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.push(name.clone());
        self.1.insert(name, number);
        number
    }

    fn name(&self, number: u32) -> Option<T> {
        self.0.get(number as usize).cloned()
    }
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self(Vec::new(), HashMap::new())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    area: u32,
    series: u32,
    breakdown: u32,
    period: Period,
}

struct Entry {
    key: Key,
    line: u64,
    column: u32,
    amount: Reported,
    denominator: Option<Amount>,
    /// The lines that report it again.
    again: Vec<u64>,
}

/// All reports of a file, in the order of its rows. It holds numbers and few names, not rows.
#[derive(Default)]
pub(super) struct Gathered {
    areas: Names<AreaId>,
    series: Names<Slug>,
    breakdowns: Names<Breakdown>,
    columns: Names<String>,
    entries: Vec<Entry>,
    at: HashMap<Key, usize>,
    /// Of which area, series and period a row could not be read, and that row's line.
    spoilt: HashMap<(u32, u32, Period), u64>,
    /// Of which period, or of any, a row could not be read that may belong to any sum.
    lost: BTreeMap<Option<Period>, u64>,
    /// The lines of those that were named.
    named: BTreeSet<u64>,
    next: usize,
}

/// The next of what was gathered.
pub(super) enum Next {
    /// It is reported once, or its rows were added.
    Report(Report),
    /// A sum that lacks a row: its line, the amount's column, and the line that could not be read.
    Partial(u64, String, u64),
    /// The line that could not be read of sums that are not taken for it.
    Lost(u64),
    /// Rows that report the same thing: their lines, and the amount's column.
    Repeated(Vec<u64>, String),
    /// There is no more.
    End,
}

impl Gathered {
    /// Takes what a row reports. `sum`: it is added to what other rows report of the same.
    ///
    /// # Errors
    /// When the sum is too large for an amount.
    pub fn take(&mut self, report: Report, sum: bool) -> Result<(), &'static str> {
        let key = Key {
            area: self.areas.number(report.area),
            series: self.series.number(report.series),
            breakdown: self.breakdowns.number(report.breakdown),
            period: report.period,
        };
        let column = self.columns.number(report.column);
        let known = self.at.get(&key).and_then(|at| self.entries.get_mut(*at));
        let Some(entry) = known else {
            self.at.insert(key, self.entries.len());
            self.entries.push(Entry {
                key,
                line: report.line,
                column,
                amount: report.amount,
                denominator: report.denominator,
                again: Vec::new(),
            });
            return Ok(());
        };
        if !sum {
            entry.again.push(report.line);
            return Ok(());
        }
        let too_large = "comes to too much with the other rows of its area and period";
        entry.amount = Reported {
            mark: stronger(entry.amount.mark, report.amount.mark),
            value: both(entry.amount.value, report.amount.value).map_err(|()| too_large)?,
        };
        entry.denominator = both(entry.denominator, report.denominator).map_err(|()| too_large)?;
        Ok(())
    }

    /// Notes that a row of a sum could not be read: the others are not the whole.
    pub fn spoil(&mut self, area: &AreaId, series: &Slug, period: Period, line: u64) {
        let area = self.areas.number(area.clone());
        let series = self.series.number(series.clone());
        self.spoilt.entry((area, series, period)).or_insert(line);
    }

    /// Notes that a row could not be read that may belong to any sum of a period, or of the file.
    pub fn lose(&mut self, period: Option<Period>, line: u64) {
        self.lost.entry(period).or_insert(line);
    }

    /// The next of what was gathered.
    pub fn next(&mut self) -> Next {
        loop {
            let period = self.entries.get(self.next).map(|entry| entry.key.period);
            let lost = |period: Option<Period>| self.lost.get(&period).copied();
            let Some(line) = period.and_then(|period| lost(None).or_else(|| lost(Some(period))))
            else {
                return self.whole();
            };
            self.next += 1;
            // Once is enough: the file may have thousands.
            if self.named.insert(line) {
                return Next::Lost(line);
            }
        }
    }

    /// The next, of which no row is lost.
    fn whole(&mut self) -> Next {
        let Some(entry) = self.entries.get_mut(self.next) else {
            return Next::End;
        };
        self.next += 1;
        let column = self.columns.name(entry.column).unwrap_or_default();
        if !entry.again.is_empty() {
            let mut lines = std::mem::take(&mut entry.again);
            lines.insert(0, entry.line);
            return Next::Repeated(lines, column);
        }
        let key = entry.key;
        if let Some(unread) = self.spoilt.get(&(key.area, key.series, key.period)) {
            return Next::Partial(entry.line, column, *unread);
        }
        match (self.areas.name(key.area), self.series.name(key.series)) {
            (Some(area), Some(series)) => Next::Report(Report {
                line: entry.line,
                area,
                period: key.period,
                series,
                breakdown: self.breakdowns.name(key.breakdown).unwrap_or_default(),
                column,
                amount: entry.amount,
                denominator: entry.denominator,
            }),
            // Every key was numbered when its entry was made.
            _ => Next::End,
        }
    }
}

/// The sum of two amounts; there is none when one of them is not there.
fn both(a: Option<Amount>, b: Option<Amount>) -> Result<Option<Amount>, ()> {
    let (Some(a), Some(b)) = (a, b) else {
        return Ok(None);
    };
    let sum = a.micro().checked_add(b.micro()).ok_or(())?;
    if sum.abs() > Amount::LIMIT {
        return Err(());
    }
    Ok(Some(Amount::from_micro(sum)))
}
