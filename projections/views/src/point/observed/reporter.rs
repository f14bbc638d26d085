//! What one place reports of a return.

use super::scope::marked;
use super::{add, fillers, grain_of};
use crate::cell::{Cells, Series};
use crate::period::{Grain, Period, periods};
use crate::quantity::{MISSING_PREFIX, SUPPRESSED_PREFIX};
use crate::tally::Sums;
use chrono::NaiveDate;
use joinedup_events::AreaId;
use joinedup_events::area::{Area, Serves};
use std::collections::BTreeMap;

/// Dimensions, fewest first, with the series that are broken down by them, and what those count: nothing but marks, or
/// else amounts.
type Sets<'a> = BTreeMap<(usize, Vec<&'a str>), Vec<(&'a Series, Option<Report>)>>;

/// One report.
#[derive(Clone, Copy)]
pub(super) enum Report {
    Amount(Sums),
    /// All of it, or a part.
    Suppressed,
    /// All of it, or a part, as its publisher says.
    Missing,
}

/// What one place reports of a return: by length, the breakdowns that answer the question, simplest first.
#[derive(Default)]
pub(super) struct Reporter<'a> {
    pub sets: BTreeMap<Grain, Sets<'a>>,
    /// How it serves the place, where it does not lie within it.
    pub serves: Option<&'a Serves>,
    /// The place, where it is a part of the one asked for: in its years it is waited for.
    pub part: Option<&'a Area>,
    /// An amount without what it is out of is missing: added to others it would make shares of more than there is.
    pub is_share: bool,
}

impl<'a> Reporter<'a> {
    pub fn of(
        cells: &'a Cells,
        quantity: &str,
        area: &AreaId,
        passes: impl Fn(&[(Box<str>, Box<str>)]) -> bool,
    ) -> Self {
        let mut reporter = Self::default();
        let marks = [
            (SUPPRESSED_PREFIX, Report::Suppressed),
            (MISSING_PREFIX, Report::Missing),
        ];
        let marked = marks.into_iter().flat_map(|(prefix, mark)| {
            let of = cells.series(&marked(quantity, prefix), area.as_str());
            of.map(move |series| (series, Some(mark)))
        });
        let amounts = cells.series(quantity, area.as_str()).map(|s| (s, None));
        for (series, mark) in amounts.chain(marked) {
            let Some(grain) = grain_of(series.breakdown).filter(|_| passes(series.breakdown))
            else {
                continue;
            };
            let dimensions: Vec<&str> = series
                .breakdown
                .iter()
                .map(|(d, _)| &**d)
                .filter(|d| *d != "grain")
                .collect();
            reporter
                .sets
                .entry(grain)
                .or_default()
                .entry((dimensions.len(), dimensions))
                .or_default()
                .push((series.cells, mark));
        }
        reporter
    }

    /// Whether there is such a place on a day: only then it is waited for. What it reports all the same counts.
    fn is_there(&self, day: NaiveDate) -> bool {
        self.part.is_none_or(|part| part.on(day))
    }

    /// What is reported of one period.
    pub fn at(&self, grain: Grain, start: NaiveDate) -> Option<Report> {
        self.sets.get(&grain)?.values().find_map(|cells| {
            let mut found = None;
            for (tally, mark) in cells.iter().filter_map(|(c, m)| Some((c.get(&start)?, m))) {
                if mark.is_some() {
                    // A sum without one of its parts is not the sum.
                    return *mark;
                }
                let Some(sums) = tally.sums() else { continue };
                if self.is_share && sums.denominator == 0 && sums.value != 0 {
                    return Some(Report::Missing);
                }
                add(found.get_or_insert_with(Sums::default), &sums);
            }
            found.map(Report::Amount)
        })
    }

    /// The amount of a period: reported for it, or for all the shorter ones that fill it. Of a period that is not
    /// over, what there is.
    pub fn fill(&self, grain: Grain, period: Period, over: bool) -> Filled {
        let last = period.end.pred_opt().unwrap_or(period.start);
        let is_there = [period.start, last]
            .into_iter()
            .any(|day| self.is_there(day));
        let mut best = if is_there {
            Filled::None
        } else {
            Filled::NotWaitedFor
        };
        for filler in fillers(grain) {
            if !self.sets.contains_key(filler) {
                continue;
            }
            let (mut sum, mut have, mut of) = (Sums::default(), 0, 0);
            for tile in periods(*filler, period.start, last) {
                of += 1;
                match self.at(*filler, tile.start) {
                    Some(Report::Amount(amount)) => {
                        have += 1;
                        add(&mut sum, &amount);
                    }
                    Some(Report::Suppressed) => return Filled::Suppressed,
                    // Before it was made and after it was merged others report for it.
                    _ if !self.is_there(tile.start) => of -= 1,
                    Some(Report::Missing) | None => {}
                }
            }
            if of > 0 && have == of || (have > 0 && !over) {
                return Filled::Whole(sum);
            }
            if have > 0 && matches!(best, Filled::None) {
                best = Filled::Partly {
                    have,
                    of,
                    filler: *filler,
                };
            }
        }
        best
    }
}

/// How far the reports of a place fill a period.
pub(super) enum Filled {
    Whole(Sums),
    Partly {
        have: u32,
        of: u32,
        filler: Grain,
    },
    Suppressed,
    None,
    /// There was no such place then.
    NotWaitedFor,
}
