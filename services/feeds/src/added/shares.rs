//! Which columns are shares, how their numbers are read, and which measures can take them.

use super::columns::{Grid, most};
use super::text::alike;
use crate::csv::cell::Reading;
use joinedup_application::app::Definitions;
use joinedup_application::tables::Numbers;
use joinedup_views::measure::{Aggregate, Measure, Source};

/// How a column with numbers is read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Read {
    /// They are shares.
    pub is_share: bool,
    /// They have the sign: `45.2%`.
    pub percent: bool,
    /// What makes parts of one of them.
    pub multiply: Option<f64>,
    /// Between which bounds they lie, in the word of mappings.
    pub bounds: Option<&'static str>,
}

/// How a column is read, whatever it is of.
pub(super) fn of_column(grid: &Grid, key: &str) -> Read {
    let share = Read {
        is_share: true,
        ..Read::default()
    };
    // One percentage in a column of counts is a mistake, not a unit.
    if most(grid.cells(key).map(|cell| cell.contains('%'))) {
        return Read {
            percent: true,
            ..share
        };
    }
    // Workbooks hold 45 % as 0.45, and show a sign that is not in the cell.
    let numbers = || {
        grid.read(key).filter_map(|read| match read {
            Ok(Reading::Number { value, .. }) => Some(value),
            _ => None,
        })
    };
    let title = grid.title(key);
    if says_percent(title) {
        // A full ward may be more than full, and a change less than nothing.
        let is_of_one = grid.is_workbook && most(numbers().map(|n| n.abs() <= 1.0));
        return Read {
            multiply: (!is_of_one).then_some(0.01),
            ..share
        };
    }
    // Nothing that is counted is always less than one; a mean or a part of a post may be.
    let are_parts = grid.is_workbook
        && numbers().all(|n| (0.0..=1.0).contains(&n))
        && most(numbers().map(|n| n.fract() != 0.0));
    if are_parts && !has_word(title, &MAY_BE_SMALL) {
        return share;
    }
    Read::default()
}

/// Words of titles whose numbers may all be less than one and no shares.
const MAY_BE_SMALL: [&str; 7] = ["wte", "fte", "per", "average", "mean", "median", "score"];

/// Whether a title has one of some words.
fn has_word(title: &str, words: &[&str]) -> bool {
    alike(title).split(' ').any(|word| words.contains(&word))
}

/// Whether a title is one of percentages: `% seen`, and not `seen (target 95%)`.
fn says_percent(title: &str) -> bool {
    let sign = title.match_indices('%').any(|(at, _)| {
        let before = title.get(..at).unwrap_or_default().trim_end();
        !before.ends_with(|c: char| c.is_ascii_digit())
    });
    let title = format!(" {} ", alike(title));
    let words = [" percent ", " percentage ", " per cent ", " pct "];
    sign || words.iter().any(|word| title.contains(word))
}

/// Whether a share with this title may be less than nothing: `% change`.
fn may_be_any(title: &str) -> bool {
    const WORDS: [&str; 8] = [
        "change",
        "growth",
        "variance",
        "difference",
        "increase",
        "decrease",
        "plan",
        "target",
    ];
    has_word(title, &WORDS)
}

/// The measures that take a series.
fn takers<'a>(series: &'a str, definitions: &'a Definitions) -> impl Iterator<Item = &'a Measure> {
    let measures = definitions.measures.iter();
    measures.filter(move |m| m.source() == Some(Source::Observed(series)))
}

/// How the column of chosen numbers is read: where a measure shows them as shares they are, whatever the title says.
fn of_numbers(grid: &Grid, numbers: &Numbers, definitions: &Definitions) -> Read {
    let read = of_column(grid, &numbers.column);
    let are_shown_as_shares =
        takers(numbers.series.as_str(), definitions).any(Measure::shows_reported_shares);
    if read.is_share || numbers.denominator.is_some() || !are_shown_as_shares {
        return read;
    }
    let cells = grid.read(&numbers.column).filter_map(Result::ok);
    let is_part = cells.filter_map(|read| match read {
        Reading::Number { value, .. } => Some(value.abs() <= 1.0),
        _ => None,
    });
    Read {
        is_share: true,
        multiply: (!most(is_part)).then_some(0.01),
        ..read
    }
}

/// How chosen numbers are read.
pub(super) fn read(grid: &Grid, numbers: &Numbers, definitions: &Definitions) -> Read {
    let read = of_numbers(grid, numbers, definitions);
    // What a site measures itself may be a difference.
    let is_count = |m: &Measure| m.family != "local" && m.aggregate != Aggregate::AsReported;
    let bounds = if numbers.denominator.is_some() {
        Some("share")
    } else if read.is_share {
        match grid.title(&numbers.column) {
            title if may_be_any(title) => None,
            // Wards are more than full at times.
            title if has_word(title, &["occupancy", "occupied", "utilisation"]) => Some("count"),
            _ => Some("share"),
        }
    } else {
        let is_counted = takers(numbers.series.as_str(), definitions).any(is_count);
        is_counted.then_some("count")
    };
    Read { bounds, ..read }
}

/// Numbers must be such as the measures of their series take: what those would not show, or would add up, is refused before
/// it is saved.
pub(super) fn must_fit(
    grid: &Grid,
    numbers: &Numbers,
    definitions: &Definitions,
) -> Result<(), String> {
    let takers = || takers(numbers.series.as_str(), definitions);
    let title = grid.title(&numbers.column);
    let Read {
        is_share, multiply, ..
    } = of_numbers(grid, numbers, definitions);
    let is_small =
        |read| matches!(read, Ok(Reading::Number { value, .. }) if f64::abs(value) < 1.0);
    if multiply.is_some() && grid.read(&numbers.column).all(is_small) {
        return Err(format!(
            "“{title}” has percentages, and each number is less than 1: write them with the sign, as 0.9% or 90%"
        ));
    }
    let needs_whole = takers().find(|m| m.aggregate == Aggregate::Proportion);
    match (needs_whole, &numbers.denominator) {
        (Some(measure), None) => {
            return Err(format!(
                "“{}” is a share: choose the column with what the numbers of “{title}” are out of. If the file has none, choose “Something of our own” for them",
                measure.title
            ));
        }
        (Some(_), Some(_)) => return Ok(()),
        (None, _) => {}
    }
    match takers().next() {
        Some(measure) if is_share && !takers().any(Measure::shows_reported_shares) => Err(format!(
            "“{title}” has percentages, and “{}” does not take them: choose what else they are",
            measure.title
        )),
        _ => Ok(()),
    }
}
