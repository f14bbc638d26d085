//! A table as a grid: its header among the first rows, its columns, and their cells.

use super::NO_TABLE;
use super::kinds::{self, Kinds};
use super::shares;
use super::wide::Wide;
use crate::csv::cell::{self, Percent};
use crate::csv::{Header, Import, LayoutError};
use crate::detect::Kind;
use crate::input::{Content, Input, OpenError};
use crate::mapping::{Commas, Mapping};
use crate::sheet::{SheetError, SheetRow, TextRows, Workbook};
use joinedup_application::tables::{Column, Published, TableError, TableFile};
use std::collections::BTreeMap;
use std::io::Cursor;

/// The most columns that are looked at.
const MAX_COLUMNS: usize = 200;
/// The rows among which the header is looked for.
const MAX_ABOVE: usize = 80;

/// A table whose header is found.
#[derive(Debug, Default)]
pub(super) struct Grid {
    /// The columns: where each stands, its key and its title.
    columns: Vec<(usize, String, String)>,
    rows: Vec<SheetRow>,
    numbers: Vec<bool>,
    dates: Vec<bool>,
    /// Whether the workbook counts days from 1904.
    pub from_1904: bool,
    /// Whether it is of a workbook, in which percentages are parts of one.
    pub is_workbook: bool,
    /// What a comma in a number is, where a mapping has to say it.
    pub commas: Option<Commas>,
    /// The columns that were made of a wide table.
    pub wide: Option<Wide>,
    /// The sheets of the workbook that have a table.
    pub sheets: Vec<String>,
    /// The titles of the columns that could say what is counted.
    pub candidates: Vec<String>,
    /// Which of them does.
    pub counted_by: Option<usize>,
    /// The columns that were made of it.
    pub kinds: Option<Kinds>,
}

/// The published return that a file is one of, by its header.
pub(super) fn published(
    file: &TableFile,
    import: &Import,
) -> Result<Option<Published>, TableError> {
    let content = Box::new(Cursor::new(file.bytes.clone()));
    match Input::of(content, file.name.clone(), None, None, import) {
        Ok(input) => Ok(match input.content {
            Content::Csv(table) => Some(Published {
                name: table.mapping().name.to_string(),
                title: table.mapping().title.clone(),
            }),
            Content::Events(_) | Content::Archive(_) => {
                return Err(TableError::Unreadable(NO_TABLE.to_owned()));
            }
        }),
        Err(OpenError::Layout {
            source: LayoutError::Unreadable(error),
            ..
        }) => Err(unreadable(&error)),
        Err(OpenError::Layout { .. }) => Ok(None),
        Err(_) => super::open(file, None, import).map(|_| None),
    }
}

fn unreadable(error: &SheetError) -> TableError {
    TableError::Unreadable(super::sentence(error))
}

impl Grid {
    /// Reads a file: of a workbook the sheet that was chosen, with a column of its own for all that is counted.
    ///
    /// # Errors
    /// When there is no row that can be a header, with rows below it, or no such sheet or column.
    pub fn of(file: &TableFile) -> Result<Self, TableError> {
        let mut grid = Self::as_it_stands(file)?;
        let candidates = kinds::candidates(&grid);
        grid.counted_by = kinds::chosen(&candidates, file.counted)?;
        if let Some(by) = grid.counted_by.and_then(|at| candidates.get(at)) {
            kinds::split(&mut grid, by);
            grid.classify();
        }
        grid.candidates = candidates.into_iter().map(|column| column.title).collect();
        Ok(grid)
    }

    fn as_it_stands(file: &TableFile) -> Result<Self, TableError> {
        if Kind::of(&file.bytes) != Kind::Workbook {
            let mut reader = TextRows::new(Cursor::new(&file.bytes))
                .map_err(|error| unreadable(&error.into()))?;
            let mut rows = Vec::new();
            while let Some(row) = reader
                .next_row()
                .map_err(|error| unreadable(&error.into()))?
            {
                rows.push(row);
            }
            return Self::of_rows(rows, None);
        }
        let mut workbook =
            Workbook::open(Cursor::new(&file.bytes)).map_err(|error| unreadable(&error))?;
        let workbook_from = Some(workbook.counts_from_1904());
        let (mut sheets, mut wrong) = (Vec::new(), None);
        for sheet in workbook.sheets() {
            let rows = workbook.first_rows(&sheet, 2 * MAX_ABOVE);
            let rows = rows.map_err(|error| unreadable(&error))?;
            match Self::of_rows(rows, workbook_from) {
                Ok(_) => sheets.push(sheet),
                Err(error) => wrong = wrong.or(Some(error)),
            }
        }
        let sheet = sheets
            .get(file.sheet)
            .ok_or_else(|| wrong.unwrap_or_else(no_header))?;
        let rows = workbook.rows(sheet).map_err(|error| unreadable(&error))?;
        Ok(Self {
            sheets,
            ..Self::of_rows(rows, workbook_from)?
        })
    }

    /// `workbook`: the rows are of one, and whether it counts days from 1904.
    fn of_rows(mut rows: Vec<SheetRow>, workbook: Option<bool>) -> Result<Self, TableError> {
        rows.retain(|row| !row.is_blank());
        let filled = |row: &SheetRow| row.cells.iter().filter(|c| !c.trim().is_empty()).count();
        let widest = rows.iter().take(MAX_ABOVE).map(filled).max().unwrap_or(0);
        if widest < 2 {
            return Err(no_header());
        }
        // Titles above a table fill a cell or two; a header fills nearly all.
        let enough = (widest * 3).div_ceil(4).max(2);
        let full = rows.iter().position(|row| filled(row) >= enough);
        let full = full.unwrap_or_default();
        // Titles in two rows fill nearly all of it together, and the one above may alone.
        let two_rows = full.saturating_sub(2)..=full;
        let in_two = two_rows.filter_map(|at| {
            let header = in_two_rows(rows.get(at..at + 3)?, enough)?;
            Some((header, at + 2))
        });
        let (header, begins) = in_two.into_iter().next().unwrap_or_else(|| {
            let header = rows.get(full).map_or(&[][..], |row| &row.cells);
            (Header::of(header), full + 1)
        });
        let mut below = rows.split_off(begins.min(rows.len()));
        if below.is_empty() {
            return Err(no_header());
        }
        if header.len() > MAX_COLUMNS {
            return Err(TableError::Unreadable(format!(
                "The table has more than {MAX_COLUMNS} columns: add one with a row for each period and place"
            )));
        }
        below.retain(|row| filled(row) > 1);
        let mut grid = Self {
            columns: keyed(&header),
            rows: below,
            from_1904: workbook == Some(true),
            is_workbook: workbook.is_some(),
            ..Self::default()
        };
        if let Some(wide) = Wide::of(&header, grid.from_1904) {
            grid.widen(&header, wide);
        }
        grid.classify();
        Ok(grid)
    }

    /// Finds out what stands in each column.
    fn classify(&mut self) {
        let keys: Vec<String> = self.columns.iter().map(|(_, key, _)| key.clone()).collect();
        self.dates = keys
            .iter()
            .map(|key| super::dates::finest(self, key).is_some())
            .collect();
        let others = keys.iter().zip(&self.dates).filter(|(_, dates)| !**dates);
        let cells = others.flat_map(|(key, _)| self.cells(key));
        let are_decimals = cell::have_decimal_commas(cells);
        self.commas = are_decimals.then_some(Commas::Decimals);
        self.numbers = keys
            .iter()
            .map(|key| most(self.read(key).map(|read| read.is_ok())))
            .collect();
    }

    /// Adds columns, each a key and a title, whose cells in each row follow from the row's other cells.
    pub fn add(
        &mut self,
        columns: Vec<(String, String)>,
        cells: impl Fn(&[String]) -> Vec<String>,
    ) {
        let at = self.rows.iter().map(|row| row.cells.len()).max();
        let at = at.unwrap_or_default();
        for row in &mut self.rows {
            let made = cells(&row.cells);
            row.cells.resize(at, String::new());
            row.cells.extend(made);
        }
        let columns = columns.into_iter().zip(at..);
        self.columns
            .extend(columns.map(|((key, title), at)| (at, key, title)));
    }

    /// Where a column stands.
    pub fn position(&self, key: &str) -> Option<usize> {
        let column = self.columns.iter().find(|(_, known, _)| known == key);
        column.map(|(at, ..)| *at)
    }

    /// Takes columns out.
    pub fn remove(&mut self, is_to_go: impl Fn(&str) -> bool) {
        self.columns.retain(|(_, key, _)| !is_to_go(key));
    }

    /// Makes rows of the columns that are periods; where there is a column of dates too, those are something else.
    fn widen(&mut self, header: &Header, wide: Wide) {
        let has_dates = |(at, key, _): &(usize, String, String)| {
            !wide.has(*at) && super::dates::finest(self, key).is_some()
        };
        if self.columns.iter().any(has_dates) {
            return;
        }
        let rows = self.rows.iter().flat_map(|row| wide.rows(header, row));
        self.rows = rows.collect();
        self.columns.retain(|(at, ..)| !wide.has(*at));
        let made = [&wide.titles, &wide.cells].into_iter().zip(header.len()..);
        let made = made.map(|(name, at)| (at, name.clone(), name.clone()));
        self.columns.extend(made);
        self.wide = Some(wide);
    }

    /// The columns, in order.
    pub fn columns(&self) -> Vec<Column> {
        let kinds = self.numbers.iter().zip(&self.dates);
        let columns = self.columns.iter().zip(kinds);
        columns
            .map(|((_, key, title), (numbers, dates))| Column {
                key: key.clone(),
                title: title.clone(),
                has_dates: *dates,
                has_numbers: *numbers,
                is_share: shares::of_column(self, key).is_share,
            })
            .collect()
    }

    /// The cells of a column that say something, from the top down.
    pub fn cells<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> {
        let at = self.position(key).unwrap_or(usize::MAX);
        self.rows
            .iter()
            .filter_map(move |row| row.cells.get(at))
            .map(|cell| cell.trim())
            .filter(|cell| !cell.is_empty())
    }

    /// The title of a column, for people.
    pub fn title(&self, key: &str) -> &str {
        let column = self.columns.iter().find(|(_, known, _)| known == key);
        column.map_or("", |(.., title)| title)
    }

    /// What the cells of a column say, as amounts: those that cannot be read are errors.
    pub fn read(&self, key: &str) -> impl Iterator<Item = Result<cell::Reading, &'static str>> {
        let mapping = Mapping::parse("numbers", ANY).ok().map(|mut mapping| {
            mapping.file.commas = self.commas;
            mapping
        });
        let cells = self.cells(key);
        cells.filter_map(move |cell| Some(cell::read(mapping.as_ref()?, cell, Percent::Share)))
    }
}

/// The header that the first two of three rows are together, where the third has numbers and they are titles of which each
/// names columns that the other does not.
fn in_two_rows(rows: &[SheetRow], enough: usize) -> Option<Header> {
    let [above, below, first] = rows else {
        return None;
    };
    let any = Mapping::parse("numbers", ANY).ok()?;
    let has_numbers = |row: &SheetRow| {
        let cells = row.cells.iter().map(|cell| cell.trim());
        let mut read = cells.map(|cell| cell::read(&any, cell, Percent::Share));
        read.any(|read| matches!(read, Ok(cell::Reading::Number { .. })))
    };
    let names = |row: &SheetRow, at: usize| row.cells.get(at).is_some_and(|c| !c.trim().is_empty());
    let header = Header::joined(&above.cells, &below.cells);
    let alone = |row: &SheetRow, other: &SheetRow| {
        (0..header.len()).any(|at| names(row, at) && !names(other, at))
    };
    // A title of the whole stands alone in its row.
    let are_several = |row: &SheetRow| (0..header.len()).filter(|at| names(row, *at)).count() > 1;
    let are_titles = [above, below]
        .iter()
        .all(|row| are_several(row) && !has_numbers(row));
    let named = header.names().iter().filter(|name| !name.is_empty());
    let is_header = named.count() >= enough && alone(above, below) && alone(below, above);
    (is_header && are_titles && has_numbers(first)).then_some(header)
}

/// Whether more than half of the cells are so, and there are any.
pub(super) fn most(cells: impl Iterator<Item = bool>) -> bool {
    let (mut so, mut all) = (0_usize, 0_usize);
    for is in cells {
        so += usize::from(is);
        all += 1;
    }
    so * 2 > all
}

/// A mapping without marks of its own: cells are read by the marks that are known.
const ANY: &str = "name = \"any\"\n[period]\ncolumn = \"a\"\ngrain = \"day\"\n[area]\ncolumn = \"b\"\n[[series]]\nid = \"n\"\nvalue = \"n\"\n";

/// Each column with what a mapping calls it.
fn keyed(header: &Header) -> Vec<(usize, String, String)> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for title in header.names() {
        *seen.entry(title.to_lowercase()).or_default() += 1;
    }
    let column = |(at, title): (usize, &String)| {
        let once = seen.get(&title.to_lowercase()) == Some(&1);
        // Mappings read a title with `=` before it as letters.
        let plain = once && !title.is_empty() && !title.starts_with('=');
        let letters = letters(at);
        let shown = if title.is_empty() {
            format!("column {letters}")
        } else if plain {
            title.clone()
        } else {
            format!("{title} (column {letters})")
        };
        let key = if plain {
            title.clone()
        } else {
            format!("={letters}")
        };
        (at, key, shown)
    };
    let names = header.names().iter().take(header.len());
    names.enumerate().map(column).collect()
}

/// What a spreadsheet calls a column.
fn letters(at: usize) -> String {
    let letter = |n: usize| char::from(b'A' + u8::try_from(n % 26).unwrap_or_default());
    match at / 26 {
        0 => letter(at).to_string(),
        before => format!("{}{}", letters(before - 1), letter(at)),
    }
}

fn no_header() -> TableError {
    TableError::Unreadable(
        "We found no table in it: the first row must name at least two columns, and rows must follow".to_owned(),
    )
}
