//! Tables as rows of cells: sheets of a workbook (XLSX), and text with its encoding and separator detected.
//!
//! A cell is text, whatever it was: a number as its shortest decimal form, a date as `2026-06-01` or
//! `2026-06-01 07:30:00`, a percentage as it is shown, a formula as the value that was saved with it.

mod percentage;
mod unzipped;

use calamine::{
    Cell, DataRef, ExcelDateTime, ExcelDateTimeType, Reader, SheetType, Xlsx, XlsxError,
};
use chrono::{NaiveDateTime, TimeDelta, Timelike};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use percentage::Sign;
use std::collections::BTreeSet;
use std::io::{Chain, Cursor, Read};

/// The most bytes of a workbook: it is read whole.
pub const MAX_WORKBOOK_BYTES: u64 = 128 << 20;

/// The most cells of a sheet, empty ones before the last of a row included.
pub const MAX_CELLS: usize = 5_000_000;

/// The bytes from which encoding and separator are detected.
const SAMPLE_BYTES: u64 = 64 << 10;

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
}

impl SheetRow {
    /// Whether no cell says anything.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
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

    /// The rows of a sheet that have a cell.
    ///
    /// # Errors
    /// When the sheet cannot be read or is too large.
    pub fn rows(&mut self, sheet: &str) -> Result<Vec<SheetRow>, SheetError> {
        let unreadable = |_: XlsxError| SheetError::Sheet(sheet.to_owned());
        let from_1904 = self.counts_from_1904();
        let mut reader = self
            .xlsx
            .worksheet_cells_reader(sheet)
            .map_err(unreadable)?;
        let styles = reader.styles().iter();
        let signs: Vec<Option<Sign>> = styles
            .map(|style| Sign::of(&style.number_format.as_ref()?.format_code))
            .collect();
        let mut rows: Vec<SheetRow> = Vec::new();
        let mut cells = 0;
        while let Some((cell, style)) = reader.next_cell_with_style_id().map_err(unreadable)? {
            let (row, column) = cell.get_position();
            let number = u64::from(row) + 1;
            if rows.last().is_none_or(|last| last.number != number) {
                rows.push(SheetRow {
                    number,
                    cells: Vec::new(),
                    from_1904,
                    percentages: BTreeSet::new(),
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
            if sign.is_some() && matches!(cell.get_value(), DataRef::Int(_) | DataRef::Float(_)) {
                last.percentages.insert(column);
            }
        }
        Ok(rows)
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

type Decoded<R> = DecodeReaderBytes<Chain<Cursor<Vec<u8>>, R>, Vec<u8>>;

/// The rows of a text file with separators, read as they come.
pub struct TextRows<R> {
    reader: csv::Reader<Decoded<R>>,
    record: csv::ByteRecord,
    /// Lines that end with CR LF are counted one behind: the LF is taken with the next record.
    behind: Option<u64>,
    /// Lines end with CR alone, which the reader does not count.
    bare_returns: bool,
    records: u64,
    separator: u8,
}

impl<R: Read> TextRows<R> {
    /// Looks at the beginning of a file and reads it by what is found there.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn new(input: R) -> Result<Self, std::io::Error> {
        Self::separated_by(input, None)
    }

    /// The same with a separator that is known; none: the one that is found.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn separated_by(mut input: R, known: Option<u8>) -> Result<Self, std::io::Error> {
        let mut sample = Vec::new();
        input.by_ref().take(SAMPLE_BYTES).read_to_end(&mut sample)?;
        let encoding = without_mark(&sample);
        let (looked_at, _, _) = encoding.unwrap_or(UTF_8).decode(&sample);
        let separator = known.unwrap_or_else(|| separator(&looked_at));
        let bare_returns = looked_at.contains('\r') && !looked_at.contains('\n');
        let decoder = DecodeReaderBytesBuilder::new()
            .encoding(encoding)
            .utf8_passthru(true)
            .strip_bom(true)
            .build(Cursor::new(sample).chain(input));
        let reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .delimiter(separator)
            .from_reader(decoder);
        Ok(Self {
            reader,
            record: csv::ByteRecord::new(),
            behind: None,
            bare_returns,
            records: 0,
            separator,
        })
    }

    /// What stands between cells.
    pub fn separator(&self) -> u8 {
        self.separator
    }

    /// The next row that is not an empty line; `None` at the end.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn next_row(&mut self) -> Result<Option<SheetRow>, std::io::Error> {
        if !self.reader.read_byte_record(&mut self.record)? {
            return Ok(None);
        }
        self.records += 1;
        let cells: Vec<String> = self.record.iter().map(decoded).collect();
        let within: usize = cells.iter().map(|c| c.matches('\n').count()).sum();
        let (within, after) = (within as u64, self.reader.position().line());
        let behind = *self
            .behind
            .get_or_insert_with(|| u64::from(after < 2 + within));
        // The record's own position is before empty lines that were passed over; the end is past the last line's break.
        let begins = self.record.position().map_or(1, csv::Position::line);
        let begins = begins + if self.records > 1 { behind } else { 0 };
        let ends = (after + behind).saturating_sub(1 + within);
        Ok(Some(SheetRow {
            number: if self.bare_returns {
                self.records
            } else {
                begins.max(ends)
            },
            cells,
            from_1904: false,
            percentages: BTreeSet::new(),
        }))
    }
}

/// Text in UTF-8, or else in Windows-1252, in which all bytes mean something.
fn decoded(cell: &[u8]) -> String {
    match std::str::from_utf8(cell) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252
            .decode_without_bom_handling(cell)
            .0
            .into_owned(),
    }
}

/// UTF-16 that has no mark at its beginning, by the zero bytes of its Latin letters.
fn without_mark(sample: &[u8]) -> Option<&'static Encoding> {
    if sample.starts_with(b"\xff\xfe") || sample.starts_with(b"\xfe\xff") {
        return Encoding::for_bom(sample).map(|(encoding, _)| encoding);
    }
    let zeros = |from: usize| {
        let bytes = sample.iter().skip(from).step_by(2);
        bytes.filter(|b| **b == 0).count()
    };
    let (even, odd, half) = (zeros(0), zeros(1), sample.len() / 2);
    match (even * 3 > half * 2, odd * 3 > half * 2) {
        (true, false) => Some(UTF_16BE),
        (false, true) => Some(UTF_16LE),
        _ => None,
    }
}

/// The separator under which most lines have the same number of cells; of equals the one that makes more cells.
fn separator(sample: &str) -> u8 {
    let declared = sample.trim_start_matches('\u{feff}').strip_prefix("sep=");
    if let Some(separator @ (b',' | b';' | b'\t')) = declared.and_then(|d| d.bytes().next()) {
        return separator;
    }
    let score = |separator: char| {
        let mut widths = std::collections::BTreeMap::<usize, usize>::new();
        for line in sample.split(['\n', '\r']).take(200) {
            let mut quoted = false;
            let count = line
                .chars()
                .filter(|c| {
                    quoted ^= *c == '"';
                    !quoted && *c == separator
                })
                .count();
            if count > 0 {
                *widths.entry(count).or_default() += 1;
            }
        }
        widths
            .into_iter()
            .map(|(width, lines)| (lines, width))
            .max()
            .unwrap_or_default()
    };
    // The comma comes last, because of equals the last is taken.
    [(';', b';'), ('\t', b'\t'), (',', b',')]
        .into_iter()
        .max_by_key(|(c, _)| score(*c))
        .map_or(b',', |(_, byte)| byte)
}

#[cfg(test)]
mod tests;
