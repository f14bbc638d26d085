//! A table that was pasted from a spreadsheet, or came as a CSV file: all of its rows are taken or, where one is refused, none.

use super::sheet::typed::Refused;
use crate::door::limits::MAX_ERRORS;
use chrono::NaiveDate;
use csv::StringRecord;

/// A day as people write it in Britain, or a spreadsheet does: `14/11/2026`, `14/11/26`, `14 Nov 2026`, `14-Nov-26`, `2026-11-14`.
pub fn day(text: &str) -> Option<NaiveDate> {
    let year = text.rsplit(['/', '-', ' ', '.']).next().unwrap_or_default();
    let month_in_words = text.contains(|c: char| c.is_ascii_alphabetic());
    // A year of two digits would be read as one of the first century.
    let formats: &[&str] = match (year.len(), month_in_words) {
        (4, false) => &["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"],
        (4, true) => &["%d %b %Y", "%d-%b-%Y"],
        (2, true) => &["%d %b %y", "%d-%b-%y"],
        _ => &["%Y-%m-%d", "%d/%m/%y", "%d-%m-%y", "%d.%m.%y"],
    };
    let mut read = formats
        .iter()
        .filter_map(|format| NaiveDate::parse_from_str(text, format).ok());
    read.next()
}

/// What is wrong with a row or the table, for its one field on the page.
pub fn refused(at: impl Into<String>, why: impl Into<String>) -> Refused {
    Refused {
        field: "text".to_owned(),
        at: at.into(),
        why: why.into(),
    }
}

/// What is wrong with the table as a whole.
pub fn refused_whole(why: impl Into<String>) -> Vec<Refused> {
    vec![refused("Table", why)]
}

/// All of it, or the first of what is wrong.
///
/// # Errors
/// What is wrong, where anything is.
pub fn all_or_none<T>(taken: T, mut wrong: Vec<Refused>) -> Result<T, Vec<Refused>> {
    wrong.truncate(MAX_ERRORS);
    if wrong.is_empty() {
        Ok(taken)
    } else {
        Err(wrong)
    }
}

/// A table, of which the titles have been read.
pub struct Pasted<'t> {
    reader: csv::Reader<&'t [u8]>,
    /// The titles of the columns.
    pub titles: StringRecord,
    unreadable: &'static str,
}

impl<'t> Pasted<'t> {
    /// Reads the titles of a text with tabs, semicolons or commas between its cells.
    ///
    /// # Errors
    /// `unreadable`, which says what to do, where it is not a table.
    pub fn read(text: &'t str, unreadable: &'static str) -> Result<Self, Vec<Refused>> {
        let first = text.lines().next().unwrap_or_default();
        let most = |c: &char| first.matches(*c).count();
        let between = ['\t', ';', ','].into_iter().max_by_key(most).unwrap_or(',');
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(u8::try_from(between).unwrap_or(b','))
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let titles = reader.headers().map_err(|_| refused_whole(unreadable))?;
        let titles = titles.clone();
        Ok(Self {
            reader,
            titles,
            unreadable,
        })
    }

    /// The rows that are not empty, each with its line.
    ///
    /// # Errors
    /// When there are none or too many; `in_parts` says how to send those.
    pub fn rows(
        mut self,
        max_rows: usize,
        in_parts: &str,
    ) -> Result<Vec<(u64, StringRecord)>, Vec<Refused>> {
        let mut rows = Vec::new();
        for (record, line) in self.reader.records().zip(2..) {
            let record = record.map_err(|_| refused_whole(self.unreadable))?;
            if record.iter().all(str::is_empty) {
                continue;
            }
            if rows.len() == max_rows {
                let why = format!("It has more than {max_rows} rows: {in_parts}");
                return Err(refused_whole(why));
            }
            rows.push((line, record));
        }
        if rows.is_empty() {
            return Err(refused_whole("It has no row below its titles"));
        }
        Ok(rows)
    }
}
