//! Tables as rows of cells: sheets of a workbook (XLSX), and text with its encoding and separator detected.
//!
//! A cell is text, whatever it was: a number as its shortest decimal form, a date as `2026-06-01` or
//! `2026-06-01 07:30:00`, a percentage as it is shown, a formula as the value that was saved with it.

mod percentage;
mod text;
mod unzipped;

use calamine::{
    Cell, DataRef, ExcelDateTime, ExcelDateTimeType, Reader, SheetType, Xlsx, XlsxError,
};
use chrono::{NaiveDateTime, TimeDelta, Timelike};
use percentage::Sign;
use std::collections::BTreeSet;
use std::io::{Cursor, Read};
pub use text::TextRows;

/// The most bytes of a workbook: it is read whole.
pub const MAX_WORKBOOK_BYTES: u64 = 128 << 20;

/// The most cells of a sheet, empty ones before the last of a row included.
pub const MAX_CELLS: usize = 5_000_000;

/// What stands in a cell with a formula whose result was not saved.
pub const UNSAVED: &str = "#UNSAVED!";
/// What is said of such a cell.
pub const HAS_UNSAVED: &str =
    "has a formula whose result was not saved: open the file in a spreadsheet and save it";
/// What is said of a row of a text that has other rows in it.
pub const TORN: &str = "has rows below it in one of its cells, for a quotation mark (\") that begins a cell and is not meant to: leave it out, or write the cell within quotation marks and that mark twice";

/// From the day from which Excel counts to the one from which old Macintosh workbooks do.
pub const DAYS_TO_1904: f64 = 1_462.0;

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SheetRow {
    /// Its row in the sheet, or its first line in the file, counted from 1.
    pub number: u64,
    /// Its cells, from the first column on.
    pub cells: Vec<String>,
    /// Whether its workbook counts days from 1904.
    pub from_1904: bool,
    /// Where numbers stand that their workbook shows as percentages: a text that somebody typed is not one of them.
    pub percentages: BTreeSet<usize>,
    /// It is the last of a text, which ends within the quotation marks of a cell.
    pub is_open: bool,
    /// Of a text, its lines after the first as they would be read without quotation marks: a cell of it has breaks.
    pub within: Vec<SheetRow>,
}

impl SheetRow {
    /// Whether no cell says anything.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }

    /// Whether a quotation mark, such as one for *ditto*, made one cell of what are rows: the file ends within it, or a line
    /// within is as wide as the header and `is_row`.
    #[must_use]
    pub fn is_torn(&self, width: usize, is_row: impl Fn(&Self) -> bool) -> bool {
        let is_wide = |row: &&Self| {
            let beyond = row.cells.get(width..);
            beyond.is_some_and(|beyond| beyond.iter().all(|cell| cell.trim().is_empty()))
        };
        self.is_open || self.within.iter().filter(is_wide).any(is_row)
    }
}

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// The file cannot be read on.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// It is not a workbook that can be opened.
    #[error(
        "the file is not a workbook that can be opened (protected with a password, or damaged): save it as .xlsx or .csv again"
    )]
    NotAWorkbook,
    /// A sheet cannot be read.
    #[error("the sheet `{0}` cannot be read: save the workbook again, or its sheet as CSV")]
    Sheet(String),
    /// Several sheets have the same table.
    #[error("the sheets {} all have the columns, and one would be read without the others: put their rows on one sheet, or name the sheet in the mapping", quoted(.0))]
    Several(Vec<String>),
    /// It is too large.
    #[error(
        "the workbook is too large (at most 128 MiB, and 5 million cells a sheet): save the sheet as CSV"
    )]
    TooLarge,
    /// It is too large once unzipped.
    #[error(
        "the workbook unzips to more than {0} MiB, far more than its file: save the sheet as CSV"
    )]
    Unzipped(u64),
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// A table that was found on a sheet.
pub struct Fit<T> {
    /// The table.
    pub table: T,
    /// What it is read as: sheets of different layouts are no two of one.
    pub layout: String,
    /// Whether it has rows.
    pub has_rows: bool,
}

/// Whether a file's first bytes are those of a workbook.
#[must_use]
pub fn is_workbook(beginning: &[u8]) -> bool {
    beginning.starts_with(b"PK\x03\x04")
}

/// Whether a file's first bytes are those of a workbook from before 2007, which is not read.
#[must_use]
pub fn is_old_workbook(beginning: &[u8]) -> bool {
    beginning.starts_with(b"\xd0\xcf\x11\xe0")
}

/// A workbook, held in memory.
pub struct Workbook {
    xlsx: Xlsx<Cursor<Vec<u8>>>,
}

impl Workbook {
    /// Opens one.
    ///
    /// # Errors
    /// When it cannot be read, is too large or is none.
    pub fn open(input: impl Read) -> Result<Self, SheetError> {
        let mut bytes = Vec::new();
        input.take(MAX_WORKBOOK_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_WORKBOOK_BYTES {
            return Err(SheetError::TooLarge);
        }
        unzipped::must_be_bounded(Cursor::new(&bytes), bytes.len() as u64)?;
        let xlsx = Xlsx::new(Cursor::new(bytes)).map_err(|_| SheetError::NotAWorkbook)?;
        Ok(Self { xlsx })
    }

    /// The names of its sheets that have cells, in order: charts may be sheets as well.
    #[must_use]
    pub fn sheets(&self) -> Vec<String> {
        let sheets = self.xlsx.sheets_metadata().iter();
        let with_cells = sheets.filter(|sheet| sheet.typ == SheetType::WorkSheet);
        with_cells.map(|sheet| sheet.name.clone()).collect()
    }

    /// Whether days are counted from 1904, as old Macintosh workbooks do, and not from 1900.
    #[must_use]
    pub fn counts_from_1904(&self) -> bool {
        self.xlsx.has_1904_epoch()
    }

    /// The one sheet among some in whose first rows `fits` finds a table. Of several the others would be left out, so that is an
    /// error; one without rows stands behind one that has them.
    ///
    /// # Errors
    /// When several have the table, or none: what is wrong with each.
    pub fn the_one<T, E: From<SheetError>>(
        &mut self,
        among: impl IntoIterator<Item = String>,
        most: usize,
        mut fits: impl FnMut(&[SheetRow]) -> Result<Fit<T>, E>,
    ) -> Result<(String, T), Vec<E>> {
        let (mut found, mut wrong) = (Vec::new(), Vec::new());
        for name in among {
            let rows = self.first_rows(&name, most).map_err(|e| vec![e.into()])?;
            match fits(&rows) {
                Ok(fit) => found.push((name, fit)),
                Err(error) => wrong.push(error),
            }
        }
        if found.iter().any(|(_, fit)| fit.has_rows) {
            found.retain(|(_, fit)| fit.has_rows);
        }
        let layout = found.first().map(|(_, fit)| fit.layout.clone());
        found.retain(|(_, fit)| Some(&fit.layout) == layout.as_ref());
        if found.len() > 1 && found.iter().any(|(_, fit)| fit.has_rows) {
            let names = found.into_iter().map(|(name, _)| name).collect();
            return Err(vec![SheetError::Several(names).into()]);
        }
        let one = found.into_iter().next();
        one.map(|(name, fit)| (name, fit.table)).ok_or(wrong)
    }

    /// The rows of a sheet that have a cell.
    ///
    /// # Errors
    /// When the sheet cannot be read or is too large.
    pub fn rows(&mut self, sheet: &str) -> Result<Vec<SheetRow>, SheetError> {
        self.first_rows(sheet, usize::MAX)
    }

    /// The first of the rows of a sheet that have a cell.
    ///
    /// # Errors
    /// When the sheet cannot be read or is too large.
    pub fn first_rows(&mut self, sheet: &str, most: usize) -> Result<Vec<SheetRow>, SheetError> {
        let unreadable = |_: XlsxError| SheetError::Sheet(sheet.to_owned());
        let from_1904 = self.counts_from_1904();
        let reader = self.xlsx.worksheet_cells_reader(sheet);
        let mut reader = reader.map_err(unreadable)?;
        let styles = reader.styles().iter();
        let signs: Vec<Option<Sign>> = styles
            .map(|style| Sign::of(&style.number_format.as_ref()?.format_code))
            .collect();
        let mut rows: Vec<SheetRow> = Vec::new();
        let (mut cells, mut has_empty) = (0, false);
        while let Some((cell, style)) = reader.next_cell_with_style_id().map_err(unreadable)? {
            let (row, column) = cell.get_position();
            let number = u64::from(row) + 1;
            if rows.last().is_none_or(|last| last.number != number) {
                if rows.len() == most {
                    break;
                }
                rows.push(SheetRow {
                    number,
                    from_1904,
                    ..SheetRow::default()
                });
            }
            let Some(last) = rows.last_mut() else {
                continue;
            };
            let (column, has) = (column as usize, last.cells.len());
            if column >= has {
                cells += column + 1 - has;
                if cells > MAX_CELLS {
                    return Err(SheetError::TooLarge);
                }
                last.cells.resize(column + 1, String::new());
            }
            let sign = signs.get(style).copied().flatten();
            if let Some(place) = last.cells.get_mut(column) {
                *place = text(&cell, sign);
            }
            match cell.get_value() {
                DataRef::Int(_) | DataRef::Float(_) if sign.is_some() => {
                    last.percentages.insert(column);
                }
                DataRef::Empty => has_empty = true,
                _ => {}
            }
        }
        drop(reader);
        // Most sheets have no formula without a result, and many no empty cell: those are read once.
        if has_empty {
            self.mark_unsaved(sheet, &mut rows).map_err(unreadable)?;
        }
        Ok(rows)
    }

    /// Marks the cells whose formula has no result: programs that write formulas do not reckon them.
    fn mark_unsaved(&mut self, sheet: &str, rows: &mut [SheetRow]) -> Result<(), XlsxError> {
        let Some(last) = rows.last().map(|row| row.number) else {
            return Ok(());
        };
        let mut reader = self.xlsx.worksheet_cells_reader(sheet)?;
        while let Some(cell) = reader.next_cell_with_formula_metadata()? {
            let (number, column) = (u64::from(cell.pos.0) + 1, cell.pos.1 as usize);
            if number > last {
                break;
            }
            if cell.formula.is_none() || !matches!(cell.value, DataRef::Empty) {
                continue;
            }
            let at = rows.binary_search_by_key(&number, |row| row.number);
            let row = at.ok().and_then(|at| rows.get_mut(at));
            if let Some(place) = row.and_then(|row| row.cells.get_mut(column)) {
                UNSAVED.clone_into(place);
            }
        }
        Ok(())
    }
}

fn text(cell: &Cell<DataRef<'_>>, sign: Option<Sign>) -> String {
    let number = |digits: String| match sign {
        Some(sign) => sign.shown(&digits),
        None => digits,
    };
    match cell.get_value() {
        DataRef::Empty => String::new(),
        DataRef::Int(n) => number(n.to_string()),
        DataRef::Float(n) => number(n.to_string()),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.clone()
        }
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(is) => if *is { "TRUE" } else { "FALSE" }.to_owned(),
        DataRef::Error(error) => error.to_string(),
        DataRef::DateTime(at) if at.is_duration() => at.as_f64().to_string(),
        DataRef::DateTime(at) => written(*at).unwrap_or_else(|| at.as_f64().to_string()),
    }
}

fn written(at: ExcelDateTime) -> Option<String> {
    let at = instant(at)?;
    Some(if at.time() == chrono::NaiveTime::MIN {
        at.date().to_string()
    } else {
        at.format("%Y-%m-%d %H:%M:%S").to_string()
    })
}

/// The serial number of the end of the year 9999, after which no spreadsheet counts.
const LAST_SERIAL: f64 = 2_958_466.0;

fn instant(at: ExcelDateTime) -> Option<NaiveDateTime> {
    if !(0.0..LAST_SERIAL).contains(&at.as_f64()) {
        return None;
    }
    // Half a second, because the serial of 22:50 is a little less than it.
    let half = TimeDelta::milliseconds(500);
    at.as_datetime()?
        .checked_add_signed(half)?
        .with_nanosecond(0)
}

/// The local date and time that a serial number of a spreadsheet means; `None` outside 1982 to 2119, where a number is
/// more likely something else.
#[must_use]
pub fn serial_date(serial: f64, from_1904: bool) -> Option<NaiveDateTime> {
    let day_1900 = if from_1904 {
        serial + DAYS_TO_1904
    } else {
        serial
    };
    (30_000.0..80_000.0)
        .contains(&day_1900)
        .then(|| ExcelDateTime::new(serial, ExcelDateTimeType::DateTime, from_1904))
        .and_then(instant)
}

#[cfg(test)]
pub(crate) mod tests;
