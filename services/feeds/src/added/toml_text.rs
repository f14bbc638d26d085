//! A choice as a mapping in TOML, as `joinedup import --mapping` takes it.

use super::kinds::Kinds;
use super::shares::Read;
use crate::mapping::Commas;
use joinedup_application::tables::{Choice, Numbers, PlaceOf, TableError};
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
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<Text<'a>>,
    period: Period<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wide: Option<Wide<'a>>,
    area: Area<'a>,
    series: Vec<Series<'a>>,
}

/// What is to be known of the file.
#[derive(Serialize)]
pub(super) struct Text<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commas: Option<Commas>,
}

impl<'a> Text<'a> {
    /// The sheet that is read, and what a comma is, where a mapping has to say them; none where it has to say neither.
    pub fn of(sheet: Option<&'a str>, commas: Option<Commas>) -> Option<Self> {
        (sheet.is_some() || commas.is_some()).then_some(Self { sheet, commas })
    }
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
    #[serde(skip_serializing_if = "Option::is_none")]
    multiply: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    times: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimals: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bounds: Option<&'static str>,
    #[serde(rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    only: BTreeMap<&'a str, String>,
}

/// The text. `read` says of numbers how they are read.
///
/// # Errors
/// When numbers are to be divided by those of other rows, or TOML cannot hold a name.
pub(super) fn of(
    choice: &Choice,
    periods: &Periods<'_>,
    file: Option<Text<'_>>,
    place: &PlaceOf,
    values: &BTreeMap<String, AreaId>,
    kinds: Option<&Kinds>,
    read: impl Fn(&Numbers) -> Read,
) -> Result<String, TableError> {
    let (fixed, column) = match place {
        PlaceOf::Fixed(area) => (Some(area.as_str()), None),
        PlaceOf::Column(column) => (None, Some(column.as_str())),
    };
    let values = values.iter();
    // A column that was made stands in another, in the rows of its text.
    let stands = |key: &'_ str| kinds.and_then(|kinds| kinds.of(key));
    let series = choice.numbers.iter().map(|numbers| {
        let read = read(numbers);
        let (kind, value) = stands(&numbers.column).unzip();
        let whole = numbers.denominator.as_deref();
        let (kind_of_whole, made) = whole.and_then(stands).unzip();
        if whole.is_some() && kind != kind_of_whole {
            return Err(TableError::Choice(
                "Numbers can only be divided by those of the same row: choose another column that they are out of"
                    .to_owned(),
            ));
        }
        // A percentage of a whole is so many of it.
        let whole = made.or(whole);
        let times = whole.filter(|_| read.is_share);
        let only = kinds.zip(kind).map(|(kinds, kind)| {
            // A star stands for anything.
            (kinds.column.as_str(), kind.replace('*', r"\*"))
        });
        Ok(Series {
            id: numbers.series.as_str(),
            value: value.unwrap_or(&numbers.column),
            only: only.into_iter().collect(),
            denominator: whole,
            percent: read.percent,
            multiply: read.multiply,
            times: times.into_iter().collect(),
            decimals: times.map(|_| 0),
            bounds: read.bounds,
        })
    });
    let mapping = File {
        name: choice.name.as_str(),
        title: "A table that was added on the page Add data",
        file,
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
        series: series.collect::<Result<_, _>>()?,
    };
    toml::to_string(&mapping).map_err(|_| {
        TableError::Choice(
            "The titles of the columns cannot be written into a mapping: rename them".to_owned(),
        )
    })
}
