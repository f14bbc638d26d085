//! Mappings: what the columns of a table mean. TOML; the README beside the built-in ones explains every field.

mod area;
mod built_in;
mod period;
mod table;

pub use area::AreaRule;
use built_in::built_in_text;
pub use built_in::{built_in, built_in_names};
pub use period::{CellAddress, Format, Named, PeriodRule, column_of_letters};
pub(crate) use table::as_compared;
pub use table::{CellMark, Commas, Conditions, FileRule, Pattern, WideColumns, WideRule};

use chrono::NaiveDate;
use joinedup_events::{Amount, Slug};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// A mapping.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Its name: part of the events' source and ids.
    pub name: Slug,
    /// What the files are, in words.
    #[serde(default)]
    pub title: String,
    /// Which period a row is of.
    pub period: PeriodRule,
    /// Which area a row is of.
    pub area: AreaRule,
    /// What a row says.
    pub series: Vec<SeriesRule>,
    /// Cells that say that nothing was reported, beside empty ones.
    #[serde(default = "not_available")]
    pub missing: Vec<String>,
    /// Where in the file the table is.
    #[serde(default)]
    pub file: FileRule,
    /// Columns that become rows.
    #[serde(default)]
    pub wide: Option<WideRule>,
    /// Only rows that fulfil all of these count.
    #[serde(default, rename = "where")]
    pub only: Conditions,
    /// Rows that fulfil any of these do not count.
    #[serde(default)]
    pub except: Conditions,
    /// Several rows of one area, period and series are added. Unless given, all of them are refused.
    #[serde(default)]
    pub sum: bool,
    /// What cells that are not numbers mean, beside the marks that are known.
    #[serde(default)]
    pub marks: BTreeMap<String, CellMark>,
}

fn not_available() -> Vec<String> {
    vec!["NA".to_owned()]
}

/// One series that a row tells of, or several alike.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesRule {
    /// The series.
    pub id: Slug,
    /// The column with the amount.
    #[serde(default)]
    pub value: Option<String>,
    /// Many columns, each with the amount of one value of `dimension`.
    #[serde(default)]
    pub columns: BTreeMap<String, Slug>,
    /// What `columns` break the whole down by.
    #[serde(default)]
    pub dimension: Option<Slug>,
    /// Columns that are added.
    #[serde(default)]
    pub plus: Vec<String>,
    /// Columns that are taken away.
    #[serde(default)]
    pub minus: Vec<String>,
    /// Columns that the sum is multiplied by.
    #[serde(default)]
    pub times: Vec<String>,
    /// A factor.
    #[serde(default)]
    pub multiply: Option<f64>,
    /// Rounded to so many decimal places.
    #[serde(default)]
    pub decimals: Option<i32>,
    /// The column with the denominator.
    #[serde(default)]
    pub denominator: Option<String>,
    /// Columns that are added to the denominator.
    #[serde(default)]
    pub denominator_plus: Vec<String>,
    /// What the amount is broken down by.
    #[serde(default)]
    pub breakdown: BTreeMap<Slug, BreakdownRule>,
    /// Periods that begin before are passed over.
    #[serde(default)]
    pub since: Option<NaiveDate>,
    /// The file may lack its columns.
    #[serde(default)]
    pub optional: bool,
    /// Only rows that fulfil all of these have it.
    #[serde(default, rename = "where")]
    pub only: Conditions,
    /// Its cells are percentages: `45.2%` is 0.452. A cell without the sign is taken as it is.
    #[serde(default)]
    pub percent: bool,
    /// Between which bounds its amounts lie; any are taken unless given.
    #[serde(default)]
    pub bounds: Option<Bounds>,
}

/// Bounds of amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bounds {
    /// Zero or more.
    Count,
    /// From zero to one or, where there is a denominator, to that.
    Share,
}

impl Bounds {
    /// What is wrong with an amount that does not lie between them.
    #[must_use]
    pub fn broken(self, value: Amount, denominator: Option<Amount>) -> Option<&'static str> {
        let whole = denominator.unwrap_or(Amount::from_micro(Amount::SCALE));
        match self {
            _ if value < Amount::default() => {
                Some("is less than zero, which what is counted cannot be")
            }
            Self::Share if value > whole => {
                Some("is more than 100 %, or more than what it is out of")
            }
            _ => None,
        }
    }
}

/// Where a value of a breakdown comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "must be a code, or a table with `column` and perhaps `values` or `labels`"
)]
pub enum BreakdownRule {
    /// It is always the same.
    Fixed(Slug),
    /// It stands in a column.
    Column(ColumnRule),
}

/// A breakdown's value from a column.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnRule {
    /// The column.
    pub column: String,
    /// What a cell says → the value.
    #[serde(default)]
    pub values: BTreeMap<String, Slug>,
    /// How other cells are read.
    #[serde(default)]
    pub labels: Labels,
}

/// How a cell becomes a code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Labels {
    /// It is one, or the row is refused.
    #[default]
    Code,
    /// A reason of today's discharge return, in its words.
    DelayReason,
    /// A letter of the delayed-transfers collection.
    DtocLetter,
    /// Words, which are written small and joined with hyphens.
    Words,
}

/// Why a mapping was not taken.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// There is none of the name, and no such file.
    #[error("there is no mapping `{name}` and no file of that name; built in are {}, and `auto` chooses by the header", built_in_names().collect::<Vec<_>>().join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The file cannot be read.
    #[error("the mapping {name} cannot be read: {source}")]
    Read {
        /// The file.
        name: String,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// Not a mapping.
    #[error("the mapping {name} is not right: {what}")]
    Wrong {
        /// The file.
        name: String,
        /// What is wrong, with the place.
        what: String,
    },
}

/// The text of a mapping's file; none when there is no such file.
pub(crate) fn file_text(name: &str) -> Result<Option<String>, MappingError> {
    match std::fs::read_to_string(name) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(MappingError::Read {
            name: name.to_owned(),
            source,
        }),
    }
}

/// A mapping as its TOML has it, whether it makes sense or not.
pub(crate) fn from_toml<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, MappingError> {
    toml::from_str(text).map_err(|error| wrong(name, error.to_string()))
}

/// A site's own mapping over a built-in one (its name and text): what it does not name stays as it is there.
pub(crate) fn over_built_in<T: DeserializeOwned>(
    built_in: (&str, &str),
    name: &str,
    text: &str,
) -> Result<T, MappingError> {
    let mut fields: toml::Table = from_toml(built_in.0, built_in.1)?;
    fields.extend(from_toml::<toml::Table>(name, text)?);
    let mapping = fields.try_into();
    mapping.map_err(|error: toml::de::Error| wrong(name, error.message().to_owned()))
}

/// Every value that words of a mapping stand for must be one of those that there are.
pub(crate) fn must_be<'v>(
    mut values: impl Iterator<Item = &'v String>,
    key: &str,
    codes: &str,
    is: impl Fn(&str) -> bool,
) -> Result<(), String> {
    match values.find(|value| !is(value)) {
        Some(value) => Err(format!(
            "`{key}` has the value `{value}`, which is not {codes}"
        )),
        None => Ok(()),
    }
}

/// What is wrong in a mapping.
pub(crate) fn wrong(name: &str, what: String) -> MappingError {
    MappingError::Wrong {
        name: name.to_owned(),
        what,
    }
}

impl Mapping {
    /// The mapping of a built-in name, or of a file.
    ///
    /// # Errors
    /// When there is neither, or the file is not a mapping.
    pub fn named(name: &str) -> Result<Self, MappingError> {
        if let Some(text) = built_in_text(name) {
            return Self::parse(name, text);
        }
        let text = file_text(name)?.ok_or_else(|| MappingError::Unknown {
            name: name.to_owned(),
        })?;
        Self::parse(name, &text)
    }

    /// Reads a mapping; `name` is what errors call it.
    ///
    /// # Errors
    /// When the text is not TOML of a mapping's shape, or says what cannot be.
    pub fn parse(name: &str, text: &str) -> Result<Self, MappingError> {
        let mapping: Self = from_toml(name, text)?;
        mapping.sense().map_err(|what| wrong(name, what))?;
        Ok(mapping)
    }

    fn sense(&self) -> Result<(), String> {
        let looks = self.area.looked_at().count() > 0;
        match (looks, self.area.fixed.is_some()) {
            (true, true) => return Err("`area` has both `fixed` and a column: choose one".into()),
            (false, false) => return Err("`area` needs `column`, `columns` or `fixed`".into()),
            _ => {}
        }
        if self.period.places() != 1 {
            return Err(
                "`period` needs one of `column`, `fixed`, `cell`, `above` and `file_name`".into(),
            );
        }
        if self.wide.is_some() && self.period.column.is_none() {
            return Err(
                "`wide` makes columns: say which one is the period with `period.column`".into(),
            );
        }
        if self.series.is_empty() {
            return Err(
                "there is no `[[series]]`: name at least one, with `id` and `value`".into(),
            );
        }
        for series in &self.series {
            let wrong = |what: &str| Err(format!("series {}: {what}", series.id));
            match (
                series.value.is_some(),
                series.columns.is_empty(),
                series.dimension.is_some(),
            ) {
                (true, true, false) | (false, false, true) => {}
                (false, true, _) => {
                    return wrong("`value` is missing: name the column with the amount");
                }
                (true, _, _) => {
                    return wrong("`value` does not go with `columns` and `dimension`: choose one");
                }
                (false, false, false) => {
                    return wrong("`columns` needs a `dimension` to break down by");
                }
            }
            if series.multiply.is_some_and(|m| !m.is_finite()) {
                return wrong("`multiply` must be a number");
            }
            if series.decimals.is_some_and(|d| !(0..=6).contains(&d)) {
                return wrong("`decimals` must be 0 to 6: amounts are exact to six places");
            }
            if series
                .dimension
                .as_ref()
                .is_some_and(|d| series.breakdown.contains_key(d))
            {
                return wrong("`breakdown` has the `dimension` as well: choose one");
            }
        }
        Ok(())
    }

    /// The `source` of its events.
    #[must_use]
    pub fn source(&self) -> String {
        format!("/import/{}", self.name)
    }

    /// The columns without which a file is not of this layout, each once.
    #[must_use]
    pub fn required(&self) -> BTreeSet<&str> {
        let mut columns = BTreeSet::new();
        columns.extend(self.period.column.as_deref());
        columns.extend(self.only.columns());
        columns.extend(self.except.columns());
        if self.area.without_column.is_none() {
            columns.extend(self.area.looked_at());
        }
        for series in self.series.iter().filter(|s| !s.optional) {
            columns.extend(series.read_columns());
            columns.extend(series.only.columns());
        }
        columns
    }
}

impl SeriesRule {
    /// Every column that it reads.
    pub fn read_columns(&self) -> impl Iterator<Item = &str> {
        let breakdowns = self.breakdown.values().filter_map(|rule| match rule {
            BreakdownRule::Fixed(_) => None,
            BreakdownRule::Column(from) => Some(&from.column),
        });
        self.amounts().chain(breakdowns.map(String::as_str))
    }

    /// Every column with an amount.
    pub fn amounts(&self) -> impl Iterator<Item = &str> {
        let sums = self.plus.iter().chain(&self.minus).chain(&self.times);
        self.value
            .iter()
            .chain(self.columns.keys())
            .chain(sums)
            .chain(&self.denominator)
            .chain(&self.denominator_plus)
            .map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "name = \"falls\"\n[period]\ncolumn = \"week\"\ngrain = \"week\"\n[area]\ncolumn = \"ward\"\n\
                         [[series]]\nid = \"falls\"\nvalue = \"falls\"\n";

    fn refused(text: &str) -> String {
        Mapping::parse("mine.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn every_built_in_mapping_is_sound_and_bears_its_own_name() {
        for mapping in built_in().unwrap() {
            assert!(
                built_in_names().any(|n| n == mapping.name.as_str()),
                "{}",
                mapping.name
            );
            assert!(!mapping.title.is_empty());
        }
    }

    #[test]
    fn a_mapping_of_ten_lines_is_enough() {
        let mapping = Mapping::parse("mine.toml", SMALL).unwrap();
        assert_eq!(
            mapping.required(),
            BTreeSet::from(["falls", "ward", "week"])
        );
        assert_eq!(mapping.source(), "/import/falls");
    }

    #[test]
    fn the_example_in_the_readme_is_a_mapping() {
        let readme = include_str!("../../mappings/README.md");
        let text = readme
            .split("```toml")
            .nth(1)
            .and_then(|rest| rest.split("```").next())
            .unwrap();
        let mapping = Mapping::parse("README.md", text).unwrap();
        assert_eq!(
            mapping.required(),
            BTreeSet::from(["week", "ward", "falls", "bed_days"])
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert!(refused(&SMALL.replace("value", "valu")).contains("valu"));
        assert!(refused(&SMALL.replace("value = \"falls\"", "")).contains("`value` is missing"));
        assert!(refused(&SMALL.replace("column = \"ward\"", "")).contains("`area` needs"));
        assert!(
            refused(&SMALL.replace("column = \"ward\"", "column = \"ward\"\nfixed = \"RAJ\""))
                .contains("both")
        );
        assert!(refused(&format!("{SMALL}decimals = 9")).contains("0 to 6"));
        assert!(refused(&format!("{SMALL}columns = {{ a = \"b\" }}")).contains("choose one"));
        assert!(refused("").contains("mine.toml"));
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_names_there_are() {
        let error = Mapping::named("dtok").unwrap_err().to_string();
        assert!(
            error.contains("`dtok`") && error.contains("sitrep-trust") && error.contains("auto"),
            "{error}"
        );
    }
}
