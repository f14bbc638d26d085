//! Rows of the Client Level Data as records, in memory alone: no cell of them goes further than the waits that are counted.

use super::values::{Outcome, Values};
use crate::BadRow;
use crate::line_list::moment::Moment;
use crate::plain::plain;
use crate::sheet::{
    Fit, HAS_UNSAVED, SheetError, SheetRow, TORN, TextRows, UNSAVED, Workbook, is_workbook,
};
use chrono::{Datelike, Months, NaiveDate};
use joinedup_events::AreaId;
use std::collections::BTreeMap;

/// How many lines the header may have above it.
const MAX_ABOVE: usize = 30;

/// Why a file is not one of these.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It cannot be read.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// Columns are missing.
    #[error("no line of its first {MAX_ABOVE} is a header of the Client Level Data; missing from the best of them: {}", .0.join(", "))]
    Columns(Vec<String>),
    /// Rows of it are one cell.
    #[error("line {0} {TORN}")]
    Torn(u64),
}

/// What a row is, in the order that counts on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Somebody asked.
    Request,
    /// An assessment.
    Assessment,
    /// A service.
    Service,
    /// A review, which is not counted in waits.
    Review,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The line.
    pub line: u64,
    /// The number of the submission, later ones after earlier ones.
    pub submission: usize,
    /// The council.
    pub council: AreaId,
    /// The person, as the file names them.
    pub person: String,
    /// The kind of record.
    pub kind: Kind,
    /// Of whom: a client, or somebody who cares for one.
    pub client_type: String,
    /// When it began.
    pub start: NaiveDate,
    /// When it ended; none while it goes on.
    pub end: Option<NaiveDate>,
    /// What it came to.
    pub outcome: Option<Outcome>,
    /// The route, the type of assessment, or the type and component of the service, as written.
    pub detail: String,
    /// An assessment or a service that counts; of a service how many months it is remembered.
    pub counts: Option<u32>,
    /// The age on the day that it began.
    pub age: Option<i32>,
    /// It was the first of the conversations of that way of working.
    pub conversation: bool,
}

impl Record {
    /// Whether it would count if it was known how old the person is.
    fn lacks_age(&self) -> bool {
        let would = match self.kind {
            Kind::Request => self.client_type.contains("service user"),
            _ => self.counts.is_some(),
        };
        would && self.age.is_none()
    }
}

/// One submission.
#[derive(Debug, Default)]
pub struct Submission {
    /// Rows read.
    pub rows: u64,
    /// The rows that can be used.
    pub records: Vec<Record>,
    /// The last day of the period that it is of.
    pub period_end: Option<NaiveDate>,
    /// What could not be used.
    pub bad: Vec<BadRow>,
}

/// Where the columns stand.
struct Columns(BTreeMap<String, Vec<usize>>);

const NEEDED: [&str; 7] = [
    "council",
    "client_type",
    "event_type",
    "start",
    "end",
    "outcome",
    "person",
];

const NO_AGE_COLUMN: &str = "`Age` or `Date of Birth`";
const NO_AGE: &str = "is empty, and so is the age: the row is counted in no wait, since people under 25 are left out";

/// Reads a submission; `number` says how many there were before.
///
/// # Errors
/// When it is not a table with the columns of the Client Level Data.
pub fn read(bytes: &[u8], number: usize, values: &Values) -> Result<Submission, RecordError> {
    let missing = |first: &[SheetRow]| header(first, values).map_err(RecordError::Columns);
    let rows = match is_workbook(bytes) {
        true => {
            let mut book = Workbook::open(bytes)?;
            let found = book.the_one(book.sheets(), MAX_ABOVE + 1, |first| {
                let (at, _) = missing(first)?;
                let below = first.get(at + 1..).unwrap_or_default();
                Ok::<_, RecordError>(Fit {
                    has_rows: below.iter().any(|row| !row.is_blank()),
                    layout: String::new(),
                    table: (),
                })
            });
            let lacks = |error: &RecordError| match error {
                RecordError::Columns(missing) => missing.len(),
                _ => 0,
            };
            let nearest = |wrong: Vec<RecordError>| {
                let nearest = wrong.into_iter().min_by_key(lacks);
                nearest.unwrap_or(RecordError::Columns(Vec::new()))
            };
            let (name, ()) = found.map_err(nearest)?;
            book.rows(&name)?
        }
        false => text_rows(bytes)?,
    };
    let (at, columns) = missing(&rows)?;
    let width = rows.get(at).map_or(0, |row| row.cells.len());
    let begins = columns.0.get("start").and_then(|places| places.first());
    let is_row = |row: &SheetRow| {
        let begins = begins.and_then(|at| row.cells.get(*at));
        begins.is_some_and(|cell| Moment::read(cell).is_some())
    };
    let below = || rows.iter().skip(at + 1).filter(|row| !row.is_blank());
    // People without some of their rows would have waited longer, or not at all.
    if let Some(row) = below().find(|row| row.is_torn(width, is_row)) {
        return Err(RecordError::Torn(row.number));
    }
    Ok(submission(below(), number, &columns, values))
}

fn text_rows(bytes: &[u8]) -> Result<Vec<SheetRow>, SheetError> {
    let mut reader = TextRows::new(bytes)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(row);
    }
    Ok(rows)
}

/// The header's place and its columns; or what the best of the first rows lacks.
fn header(rows: &[SheetRow], values: &Values) -> Result<(usize, Columns), Vec<String>> {
    let mut nearest: Option<Vec<String>> = None;
    for (at, row) in rows.iter().take(MAX_ABOVE).enumerate() {
        let titles: Vec<String> = row.cells.iter().map(|title| plain(title)).collect();
        let place = |name: &String| titles.iter().position(|title| *title == plain(name));
        let columns = values.columns.iter().map(|(ours, names)| {
            let places = names.iter().filter_map(place).collect();
            (ours.clone(), places)
        });
        let columns = Columns(columns.collect());
        let lacks = |ours: &&str| columns.0.get(*ours).is_none_or(Vec::is_empty);
        let title = |ours: &str| values.columns.get(ours).and_then(|names| names.first());
        let titles = NEEDED.into_iter().filter(lacks).filter_map(title);
        let mut missing: Vec<String> = titles.map(|title| format!("`{title}`")).collect();
        if ["age", "born"].iter().all(lacks) {
            missing.push(NO_AGE_COLUMN.to_owned());
        }
        if missing.is_empty() {
            return Ok((at, columns));
        }
        if nearest.as_ref().is_none_or(|n| missing.len() < n.len()) {
            nearest = Some(missing);
        }
    }
    Err(nearest.unwrap_or_default())
}

fn submission<'r>(
    rows: impl Iterator<Item = &'r SheetRow>,
    number: usize,
    columns: &Columns,
    values: &Values,
) -> Submission {
    let mut submission = Submission::default();
    for row in rows {
        submission.rows += 1;
        let cells = Cells { row, columns };
        let period_end = cells.date("period_end").ok().flatten();
        submission.period_end = submission.period_end.max(period_end);
        let wrong = match cells.record(number, values) {
            Ok(record) => {
                let ageless = record.iter().any(Record::lacks_age);
                // A service still says that somebody was a client already.
                submission.records.extend(record);
                ageless.then_some(("born", NO_AGE))
            }
            Err(wrong) => Some(wrong),
        };
        if let Some((column, sentence)) = wrong {
            let title = values.columns.get(column).and_then(|names| names.first());
            let title = title.cloned().unwrap_or_default();
            submission
                .bad
                .push(BadRow::new(row.number, title, sentence));
        }
    }
    submission
}

/// A column of ours, and what is wrong there.
type Wrong = (&'static str, &'static str);

/// The cells of a row.
struct Cells<'r> {
    row: &'r SheetRow,
    columns: &'r Columns,
}

impl Cells<'_> {
    fn text(&self, ours: &str) -> Option<&str> {
        let places = self.columns.0.get(ours)?.iter();
        let mut cells = places.filter_map(|at| self.row.cells.get(*at));
        cells
            .find(|cell| !matches!(plain(cell).as_str(), "" | "null" | "na" | "n a"))
            .map(|cell| cell.trim())
    }

    fn date(&self, ours: &'static str) -> Result<Option<NaiveDate>, Wrong> {
        let Some(text) = self.text(ours) else {
            return Ok(None);
        };
        let read = Moment::of_cell(text, self.row.from_1904).map(|moment| Some(moment.date()));
        read.ok_or((ours, "is not a date as 31/05/2026 or 2026-05-31"))
    }

    /// The date of birth, which is not after what happened: of a year with two digits the century follows from that.
    fn born(&self, start: NaiveDate) -> Result<Option<NaiveDate>, Wrong> {
        let Some(born) = self.date("born")? else {
            return Ok(None);
        };
        let text = self.text("born").unwrap_or_default();
        let is_short = !text.contains(&born.year().to_string());
        let before = Some(born).filter(|born| *born <= start);
        let before = before.or_else(|| {
            let earlier = born.checked_sub_months(Months::new(1_200));
            earlier.filter(|born| is_short && *born <= start)
        });
        let sentence = "is after the event: the row is counted in no wait";
        before.map(Some).ok_or(("born", sentence))
    }

    /// The record; none of a row that is not counted in waits.
    fn record(&self, submission: usize, values: &Values) -> Result<Option<Record>, Wrong> {
        let mut places = self.columns.0.values().flatten();
        if places.any(|at| self.row.cells.get(*at).is_some_and(|cell| cell == UNSAVED)) {
            return Err(("", HAS_UNSAVED));
        }
        let event = plain(self.text("event_type").unwrap_or_default());
        let kind = match event {
            event if event.contains("service") => Kind::Service,
            event if event.contains("assessment") => Kind::Assessment,
            event if event.contains("request") => Kind::Request,
            event if event.contains("review") => Kind::Review,
            _ => {
                let sentence = "is neither request, assessment, service nor review";
                return Err(("event_type", sentence));
            }
        };
        if kind == Kind::Review {
            return Ok(None);
        }
        let council = self.text("council").and_then(|code| AreaId::new(code).ok());
        let council = council.ok_or(("council", "is empty or no code of a council"))?;
        let person = self
            .text("person")
            .ok_or(("person", "is empty, and names the person"))?;
        let start = self.date("start")?.ok_or(("start", "is empty"))?;
        let died = self.date("died")?;
        // A death ends what is said to go on after it.
        let end = match (self.date("end")?, died) {
            (Some(end), Some(died)) => Some(end.min(died)),
            (end, died) => end.or(died),
        };
        let text = |ours: &str| plain(self.text(ours).unwrap_or_default());
        let outcome = self.text("outcome");
        let known = outcome.and_then(|cell| values.outcome(cell));
        if kind != Kind::Service && outcome.is_some() && known.is_none() {
            return Err(("outcome", "is not among the values of either release"));
        }
        let (detail, counts) = match kind {
            Kind::Request | Kind::Review => (text("route"), None),
            Kind::Assessment => {
                let counts = values.is_response(self.text("assessment_type").unwrap_or_default());
                (text("assessment_type"), counts.then_some(0))
            }
            Kind::Service => {
                let counts = values.service(self.text("service_type").unwrap_or_default());
                let detail = format!("{}|{}", text("service_type"), text("service_component"));
                (detail, counts)
            }
        };
        let age = match self.text("age").map(years) {
            Some(Some(age)) => Some(age),
            unread => match self.born(start)? {
                Some(born) => Some(age_on(born, start)),
                None if unread.is_some() => return Err(("age", "is not a number of years")),
                None => None,
            },
        };
        Ok(Some(Record {
            line: self.row.number,
            submission,
            council,
            person: person.to_uppercase(),
            kind,
            client_type: text("client_type"),
            start,
            end,
            outcome: known,
            detail,
            counts,
            age,
            conversation: matches!(text("conversation").as_str(), "1" | "yes" | "y" | "true"),
        }))
    }
}

/// Whole years. Programs write `67.0` once a cell of the column is empty.
fn years(text: &str) -> Option<i32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = fraction.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| whole.parse().ok()).flatten()
}

fn age_on(born: NaiveDate, day: NaiveDate) -> i32 {
    let had_birthday = (day.month(), day.day()) >= (born.month(), born.day());
    day.year() - born.year() - i32::from(!had_birthday)
}
