//! Which column has the periods, and how long they are.

use super::columns::{Grid, most};
use crate::csv::period;
use crate::mapping::{Named, PeriodRule};
use chrono::NaiveDate;
use joinedup_views::period::{Grain, Period};
use std::collections::BTreeSet;

/// From the shortest to the longest.
pub(super) const GRAINS: [Grain; 5] = [
    Grain::Day,
    Grain::Week,
    Grain::Month,
    Grain::Quarter,
    Grain::Year,
];

/// How a period of a length is read, in any spelling.
pub(super) fn rule(grain: Grain, names: Named) -> PeriodRule {
    PeriodRule {
        column: None,
        fixed: None,
        cell: None,
        above: false,
        file_name: false,
        grain,
        format: None,
        names,
    }
}

/// The shortest period as which most cells of a column can be read; none when they are no periods.
pub(super) fn finest(grid: &Grid, column: &str) -> Option<Grain> {
    let is_of = |grain: Grain| {
        let rule = rule(grain, Named::AnyDay);
        most(
            grid.cells(column)
                .map(|cell| period::of(&rule, cell, grid.from_1904).is_ok()),
        )
    };
    GRAINS.into_iter().find(|grain| is_of(*grain))
}

/// How long the periods of a column are: of dates that are all the first, or all the last, of their months it is months.
pub(super) fn grain(grid: &Grid, column: &str) -> Option<Grain> {
    let finest = finest(grid, column)?;
    if finest != Grain::Day {
        return Some(finest);
    }
    let rule = rule(Grain::Day, Named::AnyDay);
    let read = grid
        .cells(column)
        .filter_map(|cell| period::of(&rule, cell, grid.from_1904).ok());
    let days: BTreeSet<NaiveDate> = read.map(|period| period.start).collect();
    let all_are = |grain: Grain, day: fn(Period) -> NaiveDate| {
        days.iter().all(|d| day(Period::of(grain, *d)) == *d)
    };
    let all_edges =
        |grain: Grain| all_are(grain, |period| period.start) || all_are(grain, Period::last_day);
    // One date alone may be of a quarter or a year by chance.
    let longest_first: &[Grain] = if days.len() > 1 {
        &[Grain::Year, Grain::Quarter, Grain::Month, Grain::Week]
    } else {
        &[Grain::Month]
    };
    let longer = longest_first
        .iter()
        .copied()
        .find(|grain| all_edges(*grain));
    Some(longer.unwrap_or(Grain::Day))
}

/// Which day of its period a date of the column names, in the word of mappings.
pub(super) fn names(grid: &Grid, column: &str, grain: Grain) -> &'static str {
    let refused = |names: Named| {
        let rule = rule(grain, names);
        let cells = grid.cells(column);
        cells
            .filter(|cell| period::of(&rule, cell, grid.from_1904).is_err())
            .count()
    };
    let any = refused(Named::AnyDay);
    if refused(Named::FirstDay) == any {
        "first-day"
    } else if refused(Named::LastDay) == any {
        "last-day"
    } else {
        "any-day"
    }
}
