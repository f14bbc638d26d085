//! A user's own CSV: a date, a value, perhaps a denominator.

use super::gaps;
use chrono::NaiveDate;
use joinedup_feeds::csv::date;
use joinedup_feeds::number::number;
use joinedup_spc::Point;

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What stands for the period.
    pub label: String,
    /// The same as a date, where it is one.
    pub date: Option<NaiveDate>,
    /// The value; none in a gap.
    pub value: Option<f64>,
    /// The denominator.
    pub n: Option<f64>,
}

/// The rows, by date where all have one.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The rows.
    pub rows: Vec<Row>,
    /// How many of them were added for periods that the file has no row for.
    pub added: usize,
}

impl Table {
    /// Reads a table. A first row whose value is not a number is a header.
    ///
    /// # Errors
    /// A sentence with file, line and column.
    pub fn read(name: &str, text: &str) -> Result<Self, String> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let mut rows: Vec<Row> = Vec::new();
        for (index, record) in reader.records().enumerate() {
            let record = record.map_err(|e| format!("{name}: {e}"))?;
            let line = record
                .position()
                .map_or(0, csv::Position::line)
                .max(index as u64 + 1);
            if !(2..=3).contains(&record.len()) {
                return Err(format!(
                    "{name}:{line}: a row has a date, a value and perhaps a denominator, and this one has {} cells",
                    record.len()
                ));
            }
            let cell = |at: usize| {
                record
                    .get(at)
                    .map(str::trim)
                    .filter(|cell| !cell.is_empty() && *cell != "NA")
            };
            if index == 0
                && cell(1).is_some_and(|value| number(value).is_err())
                && cell(0).is_none_or(|label| date(label).is_none())
            {
                continue;
            }
            let amount = |at: usize, column: &str| {
                cell(at)
                    .map(|text| {
                        number(text)
                            .map_err(|sentence| format!("{name}:{line}: {column}: {sentence}"))
                    })
                    .transpose()
            };
            let label = cell(0).ok_or_else(|| format!("{name}:{line}: date: is empty"))?;
            rows.push(Row {
                label: label.to_owned(),
                date: date(label),
                value: amount(1, "value")?,
                n: amount(2, "denominator")?,
            });
        }
        if rows.is_empty() {
            return Err(format!(
                "{name} has no rows: each is a date, a value and perhaps a denominator"
            ));
        }
        let mut added = 0;
        if rows.iter().all(|row| row.date.is_some()) {
            rows.sort_by_key(|row| row.date);
            if let Some(pair) = rows.windows(2).find(|pair| pair[0].date == pair[1].date) {
                return Err(format!(
                    "{name} has the date {} twice: a chart has one point for each",
                    pair[1].label
                ));
            }
            added = gaps::fill(&mut rows);
        }
        Ok(Self { rows, added })
    }

    /// The rows as points.
    #[must_use]
    pub fn points(&self) -> Vec<Point> {
        let point = |row: &Row| Point {
            value: row.value,
            n: row.n,
            ..Point::missing(row.label.clone())
        };
        self.rows.iter().map(point).collect()
    }

    /// Where the first row from a date on stands.
    ///
    /// # Errors
    /// When there is none, or the table's labels are not dates.
    pub fn first_from(&self, text: &str) -> Result<usize, String> {
        if let Some(at) = self.rows.iter().position(|row| row.label == text) {
            return Ok(at);
        }
        let from = date(text).ok_or_else(|| {
            format!("`--phase {text}` is neither a date nor a label of the table")
        })?;
        let found = self
            .rows
            .iter()
            .position(|row| row.date.is_some_and(|date| date >= from));
        found.ok_or_else(|| format!("`--phase {text}` lies after the last row"))
    }
}
