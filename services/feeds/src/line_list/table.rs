//! Lists as rows of text: CSV in the encodings and with the separators of spreadsheets, and workbooks.

use super::mapping::ListMapping;
use super::moment::{Moment, have_month_first};
use crate::sheet::{Fit, SheetError, SheetRow, TextRows, Workbook, is_old_workbook, is_workbook};
use std::collections::{BTreeMap, BTreeSet};

/// The largest file that is read, in bytes: a list is held in memory while it is compared with the one before.
pub const MAX_FILE_BYTES: u64 = 256 << 20;
/// How many lines the header may have above it: titles, and the line by which Excel is told the separator.
const MAX_LINES_ABOVE: usize = 30;

/// Why a file is not a list.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A workbook that cannot be read.
    #[error(transparent)]
    Workbook(#[from] SheetError),
    /// A workbook of the kind from before 2007.
    #[error("it is a workbook from before 2007 (.xls): save it as .xlsx or .csv")]
    OldWorkbook,
    /// A text that cannot be read on.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// A sheet is missing.
    #[error("it has no sheet `{0}`, which the mapping names")]
    Sheet(String),
    /// Columns are missing.
    #[error("no line of its first {MAX_LINES_ABOVE} is a header with the columns that the mapping `{mapping}` needs; missing from the best of them: {}", .missing.join(", "))]
    Columns {
        /// The mapping.
        mapping: String,
        /// The columns that are not there.
        missing: Vec<String>,
    },
    /// A column twice.
    #[error("its header has the column `{0}` twice: rename one")]
    Twice(String),
    /// A column of dates as they are written in America: those that may be read either way would be read wrongly.
    #[error(
        "its column `{0}` has dates with the month before the day, and others of it would be read wrongly: write them as 2026-05-31"
    )]
    MonthFirst(String),
    /// It is too large.
    #[error("it is larger than {} MB", MAX_FILE_BYTES >> 20)]
    Large,
}

const TOO_LONG: &str = "has more cells than the header, perhaps for a separator within a text: it is not taken, and what is not in the list is not taken back until it is mended";
const TORN: &str = "has lines below it in one of its cells, for a quotation mark that begins a cell and is not meant to: it is not taken, and what is not in the list is not taken back until it is mended";
/// What is said of lines that together make one row.
pub(super) const BROKEN: &str = "is a part of a row, perhaps for a line break within a text that is not in quotes: it is not taken, and what is not in the list is not taken back until it is mended";

/// A list: its header and its rows. Only the mapping's columns are kept.
#[derive(Clone, Debug)]
pub struct Table {
    /// The rows, with the line that each began in, counted from 1.
    pub rows: Vec<Row>,
    /// Lines that are not the row of one person, and why.
    pub uneven: Vec<(u64, &'static str)>,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line.
    pub line: u64,
    /// Its cells, by column; empty ones are not there.
    pub cells: BTreeMap<String, String>,
    /// The first of the lines that together make one row, where it is one of those: they are its parts, unless each reads as a
    /// row of its own, since programs leave out empty cells at the end.
    pub part_of: Option<u64>,
    /// It is the last of a text, which ends before the row does.
    pub is_cut: bool,
    /// Whether its workbook counts days from 1904.
    pub from_1904: bool,
}

impl Table {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is not a workbook or CSV, or lacks the mapping's columns.
    pub fn read(bytes: &[u8], mapping: &ListMapping) -> Result<Self, TableError> {
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(TableError::Large);
        }
        if is_old_workbook(bytes) {
            return Err(TableError::OldWorkbook);
        }
        let mut table = match is_workbook(bytes) {
            true => of_workbook(bytes, mapping)?,
            false => of_lines(csv_lines(bytes, mapping)?, mapping, Some(bytes))?,
        };
        let is_american = |column: &&str| {
            let cells = table.rows.iter().filter_map(|row| row.cells.get(*column));
            have_month_first(cells.map(String::as_str))
        };
        if let Some(column) = mapping.date_columns().into_iter().find(is_american) {
            return Err(TableError::MonthFirst(column.to_owned()));
        }
        for column in mapping.date_columns() {
            table.dates_of(column);
        }
        Ok(table)
    }

    /// Databases write a date alone as the midnight at which it begins. In a column that has no other time no time is known.
    fn dates_of(&mut self, column: &str) {
        let cells = self.rows.iter().filter_map(|row| row.cells.get(column));
        let times = cells.map(|cell| Moment::read(cell));
        let times = times.flatten().filter(|moment| !moment.date_only);
        if times.map(Moment::is_midnight).any(|is| !is) {
            return;
        }
        for cell in self
            .rows
            .iter_mut()
            .filter_map(|row| row.cells.get_mut(column))
        {
            if let Some(moment) = Moment::read(cell).filter(|moment| !moment.date_only) {
                *cell = moment.date().to_string();
            }
        }
    }
}

fn of_workbook(bytes: &[u8], mapping: &ListMapping) -> Result<Table, TableError> {
    let mut book = Workbook::open(bytes)?;
    let names = match &mapping.sheet {
        Some(sheet) if book.sheets().contains(sheet) => vec![sheet.clone()],
        Some(sheet) => return Err(TableError::Sheet(sheet.clone())),
        None => book.sheets(),
    };
    let found = book.the_one(names, MAX_LINES_ABOVE + 1, |first| {
        let table = of_lines(first.to_vec(), mapping, None)?;
        Ok::<_, TableError>(Fit {
            has_rows: !(table.rows.is_empty() && table.uneven.is_empty()),
            layout: String::new(),
            table: (),
        })
    });
    let (name, ()) = found.map_err(|wrong| {
        let (columns, other): (Vec<_>, Vec<_>) = wrong
            .into_iter()
            .partition(|error| matches!(error, TableError::Columns { .. }));
        let first = other.into_iter().chain(columns).next();
        first.unwrap_or(SheetError::NotAWorkbook.into())
    })?;
    of_lines(book.rows(&name)?, mapping, None)
}

fn csv_lines(bytes: &[u8], mapping: &ListMapping) -> Result<Vec<SheetRow>, TableError> {
    // The separator is the one with which most of the mapping's columns are found.
    let wanted = names(mapping);
    let found = |separator: u8| {
        let lines = read_csv(bytes, separator, MAX_LINES_ABOVE).unwrap_or_default();
        let of_line = |row: &SheetRow| wanted.len() - missing(&row.cells, &wanted).len();
        lines.iter().map(of_line).max().unwrap_or_default()
    };
    let separator = [b',', b';', b'\t', b'|']
        .into_iter()
        .rev()
        .max_by_key(|s| found(*s))
        .unwrap_or(b',');
    read_csv(bytes, separator, usize::MAX)
}

fn read_csv(bytes: &[u8], separator: u8, most: usize) -> Result<Vec<SheetRow>, TableError> {
    let mut rows = TextRows::separated_by(bytes, Some(separator))?;
    let mut lines = Vec::new();
    while lines.len() < most
        && let Some(row) = rows.next_row()?
    {
        lines.push(row);
    }
    Ok(lines)
}

/// The columns that a mapping needs, each with the spelling by which it is found.
fn names(mapping: &ListMapping) -> BTreeMap<String, &str> {
    mapping
        .columns()
        .into_iter()
        .map(|column| (spelling(column), column))
        .collect()
}

/// A column's name without what people do not see: capitals, blanks, lines and marks of encodings.
fn spelling(name: &str) -> String {
    let visible = name
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '\u{feff}');
    visible.flat_map(char::to_lowercase).collect()
}

fn missing<'a>(cells: &[String], wanted: &BTreeMap<String, &'a str>) -> Vec<&'a str> {
    let has: BTreeSet<String> = cells.iter().map(|cell| spelling(cell)).collect();
    let missing = wanted.iter().filter(|(name, _)| !has.contains(*name));
    missing.map(|(_, column)| *column).collect()
}

/// The rows of lines; `text` is the file where that is a text, of which a line that is too short may be a part of a row. In a
/// workbook a row ends where its cells end.
fn of_lines(
    mut lines: Vec<SheetRow>,
    mapping: &ListMapping,
    text: Option<&[u8]>,
) -> Result<Table, TableError> {
    for cell in lines.iter_mut().flat_map(|row| &mut row.cells) {
        let trimmed = cell.trim();
        if trimmed.len() < cell.len() {
            *cell = trimmed.to_owned();
        }
    }
    let wanted = names(mapping);
    let best = lines
        .iter()
        .take(MAX_LINES_ABOVE)
        .enumerate()
        .min_by_key(|(_, row)| missing(&row.cells, &wanted).len());
    let Some((header_at, SheetRow { cells: header, .. })) = best else {
        return Err(TableError::Columns {
            mapping: mapping.name.to_string(),
            missing: wanted.values().map(|c| format!("`{c}`")).collect(),
        });
    };
    let lacking = missing(header, &wanted);
    if !lacking.is_empty() {
        return Err(TableError::Columns {
            mapping: mapping.name.to_string(),
            missing: lacking.into_iter().map(|c| format!("`{c}`")).collect(),
        });
    }
    let mut columns: Vec<(usize, &str)> = Vec::new();
    for (at, name) in header.iter().enumerate() {
        if let Some(column) = wanted.get(&spelling(name)) {
            if columns.iter().any(|(_, c)| c == column) {
                return Err(TableError::Twice((*column).to_owned()));
            }
            columns.push((at, column));
        }
    }
    let width = header.len();
    let data = lines.get(header_at + 1..).unwrap_or_default();
    let parts = text.map_or_else(BTreeMap::new, |_| parts(data, width));
    let mut uneven = BTreeMap::new();
    let mut rows: Vec<Row> = Vec::new();
    let dates = mapping.date_columns();
    let is_row = |within: &SheetRow| {
        let mut found = columns.iter().filter(|(_, column)| dates.contains(column));
        found.any(|(at, _)| {
            within
                .cells
                .get(*at)
                .is_some_and(|cell| Moment::read(cell).is_some())
        })
    };
    for row in data {
        let (line, cells) = (&row.number, &row.cells);
        if row.is_torn(width, is_row) {
            uneven.insert(*line, TORN);
        }
        // Reports print their header again on each page.
        if cells == header || cells.iter().all(String::is_empty) {
            continue;
        }
        // A cell too many means that a separator stood in a text: what follows it is in the wrong column.
        if cells.iter().skip(width).any(|cell| !cell.is_empty()) {
            uneven.insert(*line, TOO_LONG);
        }
        if uneven.contains_key(line) {
            continue;
        }
        let cells = columns.iter().filter_map(|(at, column)| {
            let cell = cells.get(*at).filter(|cell| !cell.is_empty())?;
            Some(((*column).to_owned(), cell.clone()))
        });
        rows.push(Row {
            line: *line,
            cells: cells.collect(),
            part_of: parts.get(line).copied(),
            is_cut: false,
            from_1904: row.from_1904,
        });
    }
    // Where others leave out cells at the end, the last one may.
    let is_short = |row: &&SheetRow| (2..width).contains(&row.cells.len());
    let short = data.iter().filter(is_short).count();
    let is_last = lines.last().filter(is_short).filter(|_| short == 1);
    if let (Some(text), Some(SheetRow { number: line, .. })) = (text, is_last)
        && ![&b"\n"[..], b"\r", b"\n\0"]
            .iter()
            .any(|end| text.ends_with(end))
        && let Some(row) = rows.last_mut().filter(|row| row.line == *line)
    {
        row.is_cut = true;
    }
    Ok(Table {
        rows,
        uneven: uneven.into_iter().collect(),
    })
}

/// Lines that together have the cells of one row, each with the first of them.
fn parts(lines: &[SheetRow], width: usize) -> BTreeMap<u64, u64> {
    let mut found = BTreeMap::new();
    let is_short = |cells: &[String]| (1..width).contains(&cells.len());
    let mut rest = lines;
    while let Some((first, after)) = rest.split_first() {
        let (begins, first) = (first.number, &first.cells);
        // A break within a text makes of one cell the end of a line and the beginning of the next.
        let mut parts = 0;
        let mut has = first.len();
        if is_short(first) && has > 1 {
            for (at, SheetRow { cells, .. }) in after.iter().enumerate() {
                has += cells.len().saturating_sub(1);
                if !is_short(cells) || has > width {
                    break;
                }
                if has == width {
                    parts = at + 2;
                    break;
                }
            }
        }
        let (row, others) = rest.split_at(parts.max(1));
        if parts > 0 {
            found.extend(row.iter().map(|row| (row.number, begins)));
        }
        rest = others;
    }
    found
}
