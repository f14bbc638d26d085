//! Stocks: running sums of level changes, by day.

use super::frame::Frame;
use crate::cell::{Cells, Series, SeriesRef};
use crate::tally::OPEN;
use chrono::{NaiveDate, TimeDelta};
use joinedup_events::AreaId;
use std::collections::BTreeMap;

/// The level at the end of each day of a frame.
pub(super) fn levels<'c>(
    all: impl Iterator<Item = SeriesRef<'c>>,
    frame: &Frame,
    passes: &impl Fn(&[(Box<str>, Box<str>)]) -> bool,
) -> Vec<i64> {
    let mut days = vec![0i64; frame.days()];
    let Some((_, end)) = frame.span() else {
        return days;
    };
    for series in all {
        if passes(series.breakdown) {
            add_changes(series.cells, frame, end, &mut days);
        }
    }
    run(&mut days);
    days
}

/// The level at the end of each day, apart for each value of a dimension that is a number.
pub(super) fn levels_by(
    cells: &Cells,
    quantity: &str,
    dimension: &str,
    scope: &[AreaId],
    frame: &Frame,
    passes: &impl Fn(&[(Box<str>, Box<str>)]) -> bool,
) -> BTreeMap<i64, Vec<i64>> {
    let mut by_value: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let Some((_, end)) = frame.span() else {
        return by_value;
    };
    for series in cells.series_within(quantity, scope) {
        let value = series
            .breakdown
            .iter()
            .find(|(d, _)| **d == *dimension)
            .and_then(|(_, v)| v.parse().ok());
        if let Some(value) = value
            && passes(series.breakdown)
        {
            let days = by_value
                .entry(value)
                .or_insert_with(|| vec![0; frame.days()]);
            add_changes(series.cells, frame, end, days);
        }
    }
    by_value.values_mut().for_each(|days| run(days));
    by_value
}

fn add_changes(cells: &Series, frame: &Frame, end: NaiveDate, days: &mut [i64]) {
    for (date, tally) in cells.range(..end) {
        let Some(sums) = tally.sums() else { continue };
        // What changed before the first day is its stock to begin with.
        let day = frame.day(*date).unwrap_or(0);
        if let Some(change) = days.get_mut(day) {
            *change += sums.value;
        }
    }
}

fn run(days: &mut [i64]) {
    let mut level = 0;
    for day in days {
        level += *day;
        *day = level;
    }
}

/// What began and when it ended, to find the longest that is still open.
#[derive(Default)]
pub(super) struct OpenSpans(Vec<(NaiveDate, NaiveDate)>);

impl OpenSpans {
    /// From a cohort's cells.
    pub fn of(
        cells: &Cells,
        quantity: &str,
        scope: &[AreaId],
        passes: &impl Fn(&[(Box<str>, Box<str>)]) -> bool,
    ) -> Self {
        let mut spans = Vec::new();
        for series in cells.series_within(quantity, scope) {
            if !passes(series.breakdown) {
                continue;
            }
            for (start, tally) in series.cells {
                // The last to end is all that matters of those that began together.
                let last = tally.histogram().and_then(|h| h.iter().next_back());
                if let Some((length, _)) = last {
                    let end = if length == OPEN {
                        NaiveDate::MAX
                    } else {
                        start
                            .checked_add_signed(TimeDelta::days(i64::from(length)))
                            .unwrap_or(NaiveDate::MAX)
                    };
                    spans.push((*start, end));
                }
            }
        }
        spans.sort_unstable();
        Self(spans)
    }

    /// Days since the start of the longest that is open at the end of each date; dates ascend.
    pub fn longest(&self, dates: impl Iterator<Item = NaiveDate>) -> Vec<Option<i64>> {
        let mut first = 0;
        dates
            .map(|date| {
                while self.0.get(first).is_some_and(|(_, end)| *end <= date) {
                    first += 1;
                }
                self.0[first..]
                    .iter()
                    .take_while(|(start, _)| *start <= date)
                    .find(|(_, end)| *end > date)
                    .map(|(start, _)| (date - *start).num_days())
            })
            .collect()
    }
}
