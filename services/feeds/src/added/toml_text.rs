//! A choice as a mapping in TOML, as `joinedup import --mapping` takes it.

use joinedup_application::tables::{Choice, PlaceOf, TableError};
use joinedup_events::AreaId;
use serde::Serialize;
use std::collections::BTreeMap;

/// Where the periods are.
pub(super) struct Periods<'a> {
    /// The column.
    pub column: &'a str,
    /// Which day of its period a date is, in the word of mappings.
    pub names: &'a str,
    /// The wide table that the column is made of.
    pub wide: Option<&'a super::wide::Wide>,
}

#[derive(Serialize)]
struct File<'a> {
    name: &'a str,
    title: &'static str,
    period: Period<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wide: Option<Wide<'a>>,
    area: Area<'a>,
    series: Vec<Series<'a>>,
}

#[derive(Serialize)]
struct Period<'a> {
    column: &'a str,
    grain: &'a str,
    names: &'a str,
}

#[derive(Serialize)]
struct Wide<'a> {
    titles: &'a str,
    cells: &'a str,
}

#[derive(Serialize)]
struct Area<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    values: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct Series<'a> {
    id: &'a str,
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    denominator: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    percent: bool,
}

/// The text. `has_percentages` says it of a column.
///
/// # Errors
/// Never but when TOML cannot hold a name.
pub(super) fn of(
    choice: &Choice,
    periods: &Periods<'_>,
    place: &PlaceOf,
    values: &BTreeMap<String, AreaId>,
    has_percentages: impl Fn(&str) -> bool,
) -> Result<String, TableError> {
    let (fixed, column) = match place {
        PlaceOf::Fixed(area) => (Some(area.as_str()), None),
        PlaceOf::Column(column) => (None, Some(column.as_str())),
    };
    let values = values.iter();
    let series = choice.numbers.iter().map(|numbers| Series {
        id: numbers.series.as_str(),
        value: &numbers.column,
        denominator: numbers.denominator.as_deref(),
        percent: has_percentages(&numbers.column),
    });
    let file = File {
        name: choice.name.as_str(),
        title: "A table that was added on the page Add data",
        period: Period {
            column: periods.column,
            grain: choice.grain.code(),
            names: periods.names,
        },
        wide: periods.wide.map(|wide| Wide {
            titles: &wide.titles,
            cells: &wide.cells,
        }),
        area: Area {
            fixed,
            column,
            values: values
                .map(|(name, area)| (name.as_str(), area.as_str()))
                .collect(),
        },
        series: series.collect(),
    };
    toml::to_string(&file).map_err(|_| {
        TableError::Choice(
            "The titles of the columns cannot be written into a mapping: rename them",
        )
    })
}
