//! Text with separators as rows: its encoding and separator are detected, and so is a quotation mark that was never meant as one.

use super::SheetRow;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use std::io::{Chain, Cursor, Read};

/// The bytes from which encoding and separator are detected.
const SAMPLE_BYTES: u64 = 64 << 10;

/// What is read behind the end of a file: a row of its own, unless the file ends within quotation marks.
const END: &str = "\n\u{10ffff}end\n";
/// The same where lines end with CR LF.
const CRLF_END: &str = "\r\n\u{10ffff}end\n";

/// The most lines of one cell that are looked at.
const MAX_LINES_WITHIN: usize = 1_000;

type Decoded<R> = Chain<DecodeReaderBytes<Chain<Cursor<Vec<u8>>, R>, Vec<u8>>, &'static [u8]>;

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
        let end = match looked_at.contains("\r\n") {
            true => CRLF_END,
            false => END,
        };
        let decoder = DecodeReaderBytesBuilder::new()
            .encoding(encoding)
            .utf8_passthru(true)
            .strip_bom(true)
            .build(Cursor::new(sample).chain(input));
        let reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .delimiter(separator)
            .from_reader(decoder.chain(end.as_bytes()));
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
        let mut cells: Vec<String> = self.record.iter().map(decoded).collect();
        if matches!(&cells[..], [only] if *only == END.trim()) {
            return Ok(None);
        }
        let within: usize = cells.iter().map(|c| c.matches('\n').count()).sum();
        let (within, after) = (within as u64, self.reader.position().line());
        let behind = *self
            .behind
            .get_or_insert_with(|| u64::from(after < 2 + within));
        // The record's own position is before empty lines that were passed over; the end is past the last line's break.
        let begins = self.record.position().map_or(1, csv::Position::line);
        let begins = begins + if self.records > 1 { behind } else { 0 };
        let ends = (after + behind).saturating_sub(1 + within);
        let last = cells.last_mut();
        let before = |cell: &str| {
            let before = cell.strip_suffix(CRLF_END).or(cell.strip_suffix(END))?;
            Some(before.to_owned())
        };
        let open = last.and_then(|last| Some((before(last)?, last)));
        let is_open = open.is_some();
        if let Some((text, last)) = open {
            *last = text;
        }
        let number = match self.bare_returns {
            true => self.records,
            false => begins.max(ends),
        };
        let within = match is_open {
            true => Vec::new(),
            false => lines_within(&cells, self.separator, number),
        };
        Ok(Some(SheetRow {
            number,
            cells,
            is_open,
            within,
            ..SheetRow::default()
        }))
    }
}

/// The lines of a row after its first, each as it would be read without quotation marks.
fn lines_within(cells: &[String], separator: u8, number: u64) -> Vec<SheetRow> {
    const BREAKS: [char; 2] = ['\n', '\r'];
    if !cells.iter().any(|cell| cell.contains(BREAKS)) {
        return Vec::new();
    }
    let separator = char::from(separator);
    let whole = cells.join(separator.encode_utf8(&mut [0; 4]));
    let lines = whole.split(BREAKS).skip(1).filter(|line| !line.is_empty());
    let row = |line: &str| SheetRow {
        number,
        cells: line.split(separator).map(|c| c.trim().to_owned()).collect(),
        ..SheetRow::default()
    };
    lines.take(MAX_LINES_WITHIN).map(row).collect()
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
