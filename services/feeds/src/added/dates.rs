//! Which column has the periods, and how long they are.

use super::columns::{Grid, most};
use super::text::alike;
use crate::csv::period;
use crate::line_list::moment::has_month_first;
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

/// The shortest period as which most cells of a column can be read; none when they are not periods.
pub(super) fn finest(grid: &Grid, column: &str) -> Option<Grain> {
    if most(grid.cells(column).map(period::is_a_week)) {
        return Some(Grain::Week);
    }
    // 2011-12 reads as December, and is a year among others.
    if grid
        .cells(column)
        .all(|cell| period::is_whole(Grain::Year, cell))
    {
        let says_year = by_title(grid.title(column)) == Some(Grain::Year);
        let several = grid.cells(column).collect::<BTreeSet<_>>().len();
        if several > 1 || (says_year && several == 1) {
            return Some(Grain::Year);
        }
    }
    let is_of = |grain: Grain| {
        let rule = rule(grain, Named::AnyDay);
        most(
            grid.cells(column)
                .map(|cell| period::of(&rule, cell, grid.from_1904).is_ok()),
        )
    };
    GRAINS.into_iter().find(|grain| is_of(*grain))
}

/// How long the periods below a title are, where it says so.
fn by_title(title: &str) -> Option<Grain> {
    if period::named_by_title(title).is_some() {
        return Some(Grain::Week);
    }
    let title = alike(title);
    let mut words = title.split(' ');
    words.find_map(|word| match word {
        "week" | "weekly" => Some(Grain::Week),
        "month" | "monthly" => Some(Grain::Month),
        "quarter" | "quarterly" => Some(Grain::Quarter),
        "year" | "yearly" | "annual" => Some(Grain::Year),
        _ => None,
    })
}

/// How long the periods of a column are, by its title or by its dates: of dates that are all the first, or all the last, of
/// their months it is months, and of dates that are seven days apart weeks.
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
    let is_seven = |a: &NaiveDate, b: &NaiveDate| (*b - *a).num_days() == 7;
    let weekly = days.iter().zip(days.iter().skip(1));
    let is_weekly = weekly.clone().any(|(a, b)| is_seven(a, b))
        && weekly
            .into_iter()
            .all(|(a, b)| (*b - *a).num_days() % 7 == 0);
    // Days of one period are of something shorter than it.
    let is_one_each = |grain: &Grain| {
        let periods = days.iter().map(|day| Period::of(*grain, *day).start);
        periods.collect::<BTreeSet<_>>().len() == days.len()
    };
    if let Some(grain) = by_title(grid.title(column)).filter(is_one_each) {
        return Some(grain);
    }
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
    Some(longer.unwrap_or(if is_weekly { Grain::Week } else { Grain::Day }))
}

/// Which day of its period a date of the column names.
pub(super) fn names(grid: &Grid, column: &str, grain: Grain) -> Named {
    if let Some(names) = period::named_by_title(grid.title(column)) {
        return names;
    }
    let refused = |names: Named| {
        let rule = rule(grain, names);
        let cells = grid.cells(column);
        cells
            .filter(|cell| period::of(&rule, cell, grid.from_1904).is_err())
            .count()
    };
    let any = refused(Named::AnyDay);
    if refused(Named::FirstDay) == any {
        Named::FirstDay
    } else if refused(Named::LastDay) == any {
        Named::LastDay
    } else {
        Named::AnyDay
    }
}

/// Dates must say which day they are. Those of weeks must be of weeks from Monday to Sunday: any others would be counted to
/// a week that they are not.
pub(super) fn must_be_clear(
    grid: &Grid,
    column: &str,
    grain: Grain,
    names: Named,
) -> Result<(), String> {
    let title = grid.title(column);
    if grid
        .cells(column)
        .any(|cell| has_month_first(cell) == Some(true))
    {
        return Err(format!(
            "“{title}” has dates with the month before the day, and others may be read wrongly: write them as 2026-05-31"
        ));
    }
    if grain != Grain::Week {
        return match period::named_by_title(title) {
            Some(_) => Err(format!(
                "“{title}” has weeks: choose that each period is a week"
            )),
            None => Ok(()),
        };
    }
    let is_day = |cell: &&str| {
        period::is_a_week(cell)
            || period::of(&rule(Grain::Day, Named::AnyDay), cell, grid.from_1904).is_ok()
    };
    let rule = rule(grain, names);
    let days = || grid.cells(column).filter(is_day);
    let is_another = |cell: &str| period::of(&rule, cell, grid.from_1904).is_err();
    // One cell may be a mistake, and is listed. A column of a wide table would be passed over.
    let is_wrong = if grid.wide.as_ref().is_some_and(|wide| wide.titles == column) {
        days().any(is_another)
    } else {
        most(days().map(is_another))
    };
    if is_wrong {
        // A title that speaks of weeks cannot be chosen to be of days.
        let instead = match period::named_by_title(title) {
            Some(_) => "The file itself would have to give them by day or by month",
            None => "Add the numbers by day or by month",
        };
        return Err(format!(
            "Weeks begin on Mondays and end on Sundays here, and those of “{title}” do not. {instead}. Where each date only lies in the week that is meant, call the column “Week of”"
        ));
    }
    Ok(())
}

/// What a page says of how dates became weeks, where that is not plain.
pub(super) fn note(grain: Grain, names: Named, grid: &Grid, column: &str) -> Option<&'static str> {
    let says = period::named_by_title(grid.title(column)).is_some();
    let days = grid.cells(column).any(|cell| {
        !period::is_a_week(cell)
            && period::of(&rule(Grain::Day, Named::AnyDay), cell, grid.from_1904).is_ok()
    });
    match names {
        _ if says || !days || grain != Grain::Week => None,
        Named::FirstDay => None,
        Named::LastDay => Some("Each date is a Sunday, and is taken as the last day of its week"),
        Named::AnyDay => {
            Some("Each number is counted to the week from Monday to Sunday that its date lies in")
        }
    }
}
