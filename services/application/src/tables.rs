//! Tables that people add on a page: what the page asks of whoever reads files. No answer repeats a value of a cell that was
//! refused; names of places are repeated, so that a person can say which places they are.

use crate::app::Definitions;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use joinedup_events::{AreaId, Event, Slug};
use joinedup_views::period::Grain;
use std::collections::BTreeMap;

/// What says what the numbers of a row count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CountedBy {
    /// Whatever seems to.
    #[default]
    Guess,
    /// The titles of the columns with numbers.
    Titles,
    /// The cells of a column, by where it stands among [`Look::kinds`].
    Column(usize),
}

/// A file that somebody chose or pasted.
#[derive(Clone)]
pub struct TableFile {
    /// What it is called.
    pub name: String,
    /// What it holds.
    pub bytes: Bytes,
    /// Which of the sheets of a workbook that have a table is read: the first unless somebody chose another.
    pub sheet: usize,
    /// What says what its numbers count.
    pub counted: CountedBy,
}

impl TableFile {
    /// A file of which nobody has chosen a part yet.
    #[must_use]
    pub fn new(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self {
            name: name.into(),
            bytes: bytes.into(),
            sheet: 0,
            counted: CountedBy::Guess,
        }
    }
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// How a mapping names it: its title, or `=C` where the title is missing or is there twice.
    pub key: String,
    /// Its title, for people.
    pub title: String,
    /// Most of its cells are periods.
    pub has_dates: bool,
    /// Most of its cells are numbers, or marks that stand for one.
    pub has_numbers: bool,
    /// Its numbers are shares: percentages, or parts of one under a title of percentages.
    pub is_share: bool,
}

/// A published return that the file is one of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The name of its mapping.
    pub name: String,
    /// What it is, in words.
    pub title: String,
}

/// What a table seems to be.
#[derive(Clone, Debug)]
pub struct Look {
    /// The names of the sheets that have a table; none of a file that is not a workbook.
    pub sheets: Vec<String>,
    /// The titles of the columns that could say what the numbers of a row count.
    pub kinds: Vec<String>,
    /// Which of them does; none where the titles do.
    pub counted_by: Option<usize>,
    /// Its columns, in order; where a column says what is counted, one for each of its texts.
    pub columns: Vec<Column>,
    /// The published return that its header is of.
    pub published: Option<Published>,
    /// What the columns seem to mean.
    pub guess: Choice,
}

/// Where the place of a row stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceOf {
    /// In a column.
    Column(String),
    /// Every row is of this place.
    Fixed(AreaId),
}

/// A column with numbers, and what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// The column.
    pub column: String,
    /// The series that the numbers are of.
    pub series: Slug,
    /// The column with what they are divided by.
    pub denominator: Option<String>,
}

/// What the columns of a table mean, as somebody chose or as it seems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The name of the mapping: part of the source of what is taken.
    pub name: Slug,
    /// The column with the period.
    pub period: Option<String>,
    /// How long a period is.
    pub grain: Grain,
    /// Where the place stands.
    pub place: Option<PlaceOf>,
    /// Names of places in the file, and which place each is.
    pub places: BTreeMap<String, AreaId>,
    /// The columns with numbers that are taken.
    pub numbers: Vec<Numbers>,
}

/// How a table is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// By the mapping of a published return.
    Published(String),
    /// By a mapping in TOML, as `joinedup import --mapping` takes it.
    Mapping(String),
}

/// A mapping that was made of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The mapping, in TOML.
    pub toml: String,
    /// How dates became periods, where that is not plain: a sentence without its full stop.
    pub note: Option<&'static str>,
    /// Names in the column of places that are not in the register, in the order of the file.
    pub unknown: Vec<String>,
    /// Further such names that are not listed: the column is rather not one of places, or a name could be of a person.
    pub more_unknown: usize,
}

/// What was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTaken {
    /// The line or row, counted from 1.
    pub line: u64,
    /// The column; empty for the row as a whole.
    pub column: String,
    /// What is wrong, as a sentence that goes on from the column's name.
    pub sentence: String,
}

/// A table, read and checked as at every other door.
#[derive(Clone, Debug, Default)]
pub struct ReadTable {
    /// Rows with something in them.
    pub rows: u64,
    /// The facts, with the line that each is from.
    pub facts: Vec<(u64, Event)>,
    /// What was not taken.
    pub refused: Vec<NotTaken>,
    /// Cells for a number in which nothing stands.
    pub blank: u64,
}

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It is nothing that can be added here.
    #[error("{0}")]
    Unreadable(String),
    /// The choice is not whole.
    #[error("{0}")]
    Choice(String),
}

/// Reads tables.
pub trait Tables: Send + Sync {
    /// Looks at a table: its columns, and what they seem to mean.
    ///
    /// # Errors
    /// When it is not a table that can be read.
    fn look(&self, file: &TableFile, definitions: &Definitions) -> Result<Look, TableError>;

    /// Makes a mapping of a choice.
    ///
    /// # Errors
    /// When the choice is not whole, or no mapping can be made of it.
    fn mapping(
        &self,
        file: &TableFile,
        choice: &Choice,
        definitions: &Definitions,
    ) -> Result<Made, TableError>;

    /// Reads a table through a mapping; what comes back passed the door, and nothing is published.
    ///
    /// # Errors
    /// When its columns are not the mapping's.
    fn read(
        &self,
        file: &TableFile,
        how: &How,
        definitions: &Definitions,
        now: DateTime<Utc>,
    ) -> Result<ReadTable, TableError>;
}
