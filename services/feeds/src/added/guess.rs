//! What the columns of a table seem to mean: a person corrects it before anything is taken.

use super::columns::Grid;
use super::text::{alike, code};
use super::{dates, places};
use joinedup_application::app::Definitions;
use joinedup_application::tables::{Choice, Column, Numbers, PlaceOf, TableError};
use joinedup_events::Slug;
use joinedup_events::observation::Grain;
use joinedup_views::measure::{Measure, Shape, Source};
use std::collections::BTreeMap;

/// Words in the title of a column with periods.
const OF_PERIODS: [&str; 7] = ["date", "day", "week", "month", "quarter", "year", "period"];
/// Words in the title of a column with places.
const OF_PLACES: [&str; 12] = [
    "place",
    "area",
    "ward",
    "trust",
    "hospital",
    "site",
    "locality",
    "council",
    "provider",
    "organisation",
    "org",
    "code",
];
/// Words in the title of a column that another is divided by.
const OF_WHOLES: [&str; 5] = ["denominator", "total", "out of", "all", "eligible"];

fn says(column: &Column, words: &[&str]) -> bool {
    let title = format!(" {} ", alike(&column.title));
    words
        .iter()
        .any(|word| title.contains(&format!(" {word} ")))
}

/// The choice to begin with.
///
/// # Errors
/// Never, as a test holds; typed so that callers need not trust it.
pub(super) fn guess(
    grid: &Grid,
    file: &str,
    definitions: &Definitions,
) -> Result<Choice, TableError> {
    let columns = grid.columns();
    let dates_in = |named: bool| {
        let column = columns
            .iter()
            .find(|c| c.has_dates && (says(c, &OF_PERIODS) == named) && (named || !c.has_numbers));
        column.map(|c| c.key.clone())
    };
    let period = dates_in(true).or_else(|| dates_in(false));
    let grain = period.as_deref().and_then(|key| dates::grain(grid, key));
    let place = place(grid, &columns, period.as_deref(), definitions);
    let is_left = |c: &&Column| {
        let is_place = matches!(&place, Some(PlaceOf::Column(key)) if *key == c.key);
        c.has_numbers && period.as_ref() != Some(&c.key) && !is_place
    };
    let left: Vec<&Column> = columns.iter().filter(is_left).collect();
    let base = file.rsplit(['/', '\\']).next().unwrap_or_default();
    let base = base.rsplit_once('.').map_or(base, |(name, _)| name);
    Ok(Choice {
        name: code(base, "added-table")
            .ok_or_else(|| TableError::Choice("Name the mapping".to_owned()))?,
        period,
        grain: grain.unwrap_or(Grain::Month),
        place,
        places: BTreeMap::new(),
        numbers: numbers(&left, definitions),
    })
}

/// The column with most cells that are places of ours, or else the one that is called so.
fn place(
    grid: &Grid,
    columns: &[Column],
    period: Option<&str>,
    definitions: &Definitions,
) -> Option<PlaceOf> {
    let others = || columns.iter().filter(|c| Some(c.key.as_str()) != period);
    let counted = others().map(|c| (places::known(grid, &c.key, definitions), c));
    // Of equals the first: the code stands before the name in most tables.
    let best = counted
        .filter(|((places, all), _)| *places > 0 && places * 2 >= *all)
        .fold(
            None,
            |best: Option<(usize, &Column)>, ((places, _), column)| match best {
                Some((most, _)) if most >= places => best,
                _ => Some((places, column)),
            },
        )
        .map(|(_, column)| column);
    let called = || others().find(|c| !c.has_numbers && says(c, &OF_PLACES));
    best.or_else(called)
        .map(|column| PlaceOf::Column(column.key.clone()))
}

/// The columns whose titles are those of a measure or a series, each with its series.
fn numbers(left: &[&Column], definitions: &Definitions) -> Vec<Numbers> {
    let measures: Vec<(&Measure, &str)> = definitions
        .measures
        .iter()
        .filter_map(|m| match m.source() {
            Some(Source::Observed(series)) => Some((m, series)),
            _ => None,
        })
        .collect();
    let of = |column: &Column| {
        let title = alike(&column.title);
        let is_it = |(m, series): &&(&Measure, &str)| {
            [m.title.as_str(), m.id.as_str(), series]
                .iter()
                .any(|name| alike(name) == title)
        };
        measures.iter().find(is_it).copied()
    };
    let wholes: Vec<&&Column> = left
        .iter()
        .filter(|c| of(c).is_none() && says(c, &OF_WHOLES))
        .collect();
    let found = left.iter().filter_map(|column| {
        let (measure, series) = of(column)?;
        let is_share = measure.shape() == Shape::Proportion;
        Some(Numbers {
            column: column.key.clone(),
            series: Slug::new(series).ok()?,
            denominator: wholes
                .first()
                .filter(|_| is_share)
                .map(|whole| whole.key.clone()),
        })
    });
    found.collect()
}
