//! CSV files of observations, read through a mapping.

mod amount;
mod header;
mod period;

use super::identity;
use super::mapping::{BreakdownRule, Labels, Mapping, SeriesRule};
use super::{BadRow, Chunk, Item, delay_reason};
use chrono::{DateTime, NaiveDate, Utc};
use csv::StringRecord;
use joinedup_events::id::hash_two;
use joinedup_events::observation::{ObservationFact, Observed};
use joinedup_events::reason::Reason;
use joinedup_events::{Amount, AreaId, Areas, EntityId, Event, Fact, Refusal, Slug, check, local};
use joinedup_views::period::Period;
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::sync::Arc;

pub use header::{Header, LayoutError};

/// What is the same for every row of an import.
#[derive(Clone, Debug)]
pub struct Import {
    /// The register of areas.
    pub areas: Arc<Areas>,
    /// Now: what lies later is refused.
    pub now: DateTime<Utc>,
    /// When the amounts became known.
    pub recorded_at: DateTime<Utc>,
    /// Which edition of the report this is, where amounts are restated to and fro.
    pub edition: Option<String>,
}

/// A CSV file being read.
pub struct CsvFile<R> {
    reader: csv::Reader<R>,
    header: Header,
    mapping: Mapping,
    import: Import,
    /// Lines that end with CR LF are counted one behind: the LF is taken with the next record.
    behind: u64,
    /// What each series, period, area and breakdown was said to be, and in which line.
    said: HashMap<u128, (Amount, Option<Amount>, u64)>,
}

impl<R: Read> CsvFile<R> {
    /// Reads the header and finds the mapping's columns in it. Without a mapping the built-in one that fits is taken.
    ///
    /// # Errors
    /// When the header is not readable, lacks a column, or fits no mapping.
    pub fn open(input: R, mapping: Option<Mapping>, import: Import) -> Result<Self, LayoutError> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(input);
        let names = reader
            .headers()
            .map_err(|_| LayoutError::Unreadable)?
            .clone();
        let header = Header::of(&names);
        let mapping = match mapping {
            Some(mapping) => mapping,
            None => super::detect::fitting(&header)?,
        };
        header.must_fit(&mapping)?;
        let behind = u64::from(reader.position().line() < 2);
        Ok(Self {
            reader,
            header,
            mapping,
            import,
            behind,
            said: HashMap::new(),
        })
    }

    /// The mapping in use.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The next rows, until they make `most` events or the file ends; `None` at its end.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn chunk(&mut self, most: usize) -> Result<Option<Chunk>, std::io::Error> {
        let mut chunk = Chunk::default();
        let mut record = StringRecord::new();
        while chunk.items.len() < most {
            let line = self.reader.position().line() + self.behind;
            match self.reader.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {
                    chunk.rows += 1;
                    let line = record.position().map_or(line, |p| p.line() + self.behind);
                    self.row(line, &record, &mut chunk);
                }
                Err(error) => match error.into_kind() {
                    csv::ErrorKind::Io(error) => return Err(error),
                    _ => {
                        chunk.rows += 1;
                        chunk.bad.push(BadRow::new(
                            line,
                            "",
                            "is not UTF-8 text: save the file as UTF-8",
                        ));
                    }
                },
            }
        }
        Ok((chunk.rows > 0).then_some(chunk))
    }

    fn row(&mut self, line: u64, record: &StringRecord, chunk: &mut Chunk) {
        let (has, wants) = (record.len(), self.header.len());
        if has != wants {
            chunk.bad.push(BadRow::new(
                line,
                "",
                format!("has {has} cells where the header has {wants}"),
            ));
            return;
        }
        let row = Row {
            line,
            record,
            header: &self.header,
            mapping: &self.mapping,
        };
        let (period, area) = match (row.period(), row.area()) {
            (Ok(period), Ok(area)) => (period, area),
            (period, area) => {
                chunk.bad.extend(period.err());
                chunk.bad.extend(area.err());
                return;
            }
        };
        let mut told = Vec::new();
        for series in &self.mapping.series {
            if series.since.is_some_and(|since| period.start < since) {
                continue;
            }
            if series.value.is_some() {
                told.push(row.observed(series, period, None));
            }
            for (column, value) in &series.columns {
                told.push(row.observed(series, period, Some((column, value))));
            }
        }
        for outcome in told {
            match outcome {
                Ok(None) => {}
                Err(bad) => chunk.bad.push(bad),
                Ok(Some((column, observed))) => {
                    match self.event(line, &area, period, column, observed) {
                        Ok(event) => chunk.items.push(Item { line, event }),
                        Err(bad) => chunk.bad.extend(bad),
                    }
                }
            }
        }
    }

    /// The event of an observation, unless the door would refuse it or the file has said something else before.
    fn event(
        &mut self,
        line: u64,
        area: &AreaId,
        period: Period,
        column: String,
        observed: Observed,
    ) -> Result<Event, Vec<BadRow>> {
        let import = &self.import;
        // An observation happens when its period is over. Until then it stands at the period's beginning, not at the
        // time of import: the same file imported twice must say the same.
        let over = period.over_at();
        let occurred_at = if over <= import.now {
            over
        } else {
            local::midnight(period.start)
        };
        let bad = |column: &str, sentence: String| BadRow::new(line, column, sentence);
        let entity = EntityId::new(&format!("{area}/{}", observed.entity())).map_err(|rule| {
            vec![bad(
                &column,
                format!("has so many breakdowns that its name {rule}"),
            )]
        })?;
        let (value, denominator) = (observed.value, observed.denominator);
        let event = Event {
            source: self.mapping.source(),
            id: identity::id(
                &self.mapping.name,
                area,
                &observed,
                occurred_at,
                import.edition.as_deref(),
            ),
            occurred_at,
            recorded_at: import.recorded_at,
            entity,
            area: area.clone(),
            fact: Fact::Observation(ObservationFact::Observed(observed)),
        };
        check::check(&event, &event.data(), &import.areas, import.now).map_err(|refusals| {
            let future = refusals.iter().any(|r| r.pointer == "/data/period_start");
            // A period that is wrong makes the time wrong as well; once is enough.
            let wanted = refusals
                .iter()
                .filter(|r| !(future && r.pointer == "/time"));
            wanted
                .map(|r| bad(&self.column_of(r, &column), r.rule.clone()))
                .collect::<Vec<_>>()
        })?;
        let key = hash_two(area.as_str(), event.entity.as_str());
        match self.said.get(&key) {
            Some((v, d, first)) if (*v, *d) != (value, denominator) => {
                let sentence = format!(
                    "says something else of the same area, period and series than line {first}: keep one of them"
                );
                Err(vec![bad(&column, sentence)])
            }
            Some(_) => Ok(event),
            None => {
                self.said.insert(key, (value, denominator, line));
                Ok(event)
            }
        }
    }

    /// The file's column that a refused field came from.
    fn column_of(&self, refusal: &Refusal, value: &str) -> String {
        match refusal
            .pointer
            .strip_prefix("/data/")
            .unwrap_or(&refusal.pointer)
        {
            "area" => self
                .mapping
                .area
                .looked_at()
                .find(|c| self.header.index(c).is_some())
                .unwrap_or("area")
                .to_owned(),
            "period_start" | "/time" => self.mapping.period.column.clone(),
            "value" => value.to_owned(),
            other => other.trim_start_matches('/').to_owned(),
        }
    }
}

/// One row.
struct Row<'a> {
    line: u64,
    record: &'a StringRecord,
    header: &'a Header,
    mapping: &'a Mapping,
}

impl Row<'_> {
    fn bad(&self, column: &str, sentence: impl Into<String>) -> BadRow {
        BadRow::new(self.line, column, sentence)
    }

    /// What a cell says; `None` when it says that there is nothing, or when there is no such column.
    fn cell(&self, column: &str) -> Option<&str> {
        let cell = self.record.get(self.header.index(column)?)?.trim();
        (!cell.is_empty() && !self.mapping.missing.iter().any(|m| m == cell)).then_some(cell)
    }

    fn period(&self) -> Result<Period, BadRow> {
        let rule = &self.mapping.period;
        let cell = self.cell(&rule.column).ok_or_else(|| {
            self.bad(
                &rule.column,
                "is empty, and says which period the row is of",
            )
        })?;
        period::of(rule, cell).map_err(|sentence| self.bad(&rule.column, sentence))
    }

    fn area(&self) -> Result<AreaId, BadRow> {
        let rule = &self.mapping.area;
        if let Some(fixed) = &rule.fixed {
            return Ok(fixed.clone());
        }
        let columns: Vec<&str> = rule
            .looked_at()
            .filter(|c| self.header.index(c).is_some())
            .collect();
        if let (true, Some(area)) = (columns.is_empty(), &rule.without_column) {
            return Ok(area.clone());
        }
        let first = columns.first().copied().unwrap_or("area");
        // An area may be called NA: only empty cells are empty here.
        let cells = columns
            .iter()
            .filter_map(|c| Some((*c, self.record.get(self.header.index(c)?)?.trim())));
        match cells.into_iter().find(|(_, cell)| !cell.is_empty()) {
            None => rule
                .empty
                .clone()
                .ok_or_else(|| self.bad(first, "is empty, and says which area the row is of")),
            Some((column, cell)) => match rule.values.get(cell) {
                Some(area) => Ok(area.clone()),
                None => AreaId::new(cell).map_err(|_| {
                    self.bad(
                        column,
                        "is not an area's code: put what it says into the mapping's `area.values`",
                    )
                }),
            },
        }
    }

    /// What the row says of a series; with the column that the amount is from.
    fn observed(
        &self,
        series: &SeriesRule,
        period: Period,
        wide: Option<(&String, &Slug)>,
    ) -> Result<Option<(String, Observed)>, BadRow> {
        let column = wide
            .map(|(column, _)| column)
            .or(series.value.as_ref())
            .map(String::as_str)
            .unwrap_or_default();
        let Some(value) = amount::of(series, column, |c| self.cell(c))
            .map_err(|(c, sentence)| self.bad(&c, sentence))?
        else {
            return Ok(None);
        };
        let denominator = match &series.denominator {
            None => None,
            Some(column) => match amount::plain(column, |c| self.cell(c))
                .map_err(|(c, sentence)| self.bad(&c, sentence))?
            {
                Some(denominator) => Some(denominator),
                // A share without its whole is no share.
                None => return Ok(None),
            },
        };
        let mut breakdown = BTreeMap::new();
        for (dimension, rule) in &series.breakdown {
            breakdown.insert(dimension.clone(), self.breakdown(rule)?);
        }
        if let (Some(dimension), Some((_, value))) = (&series.dimension, wide) {
            breakdown.insert(dimension.clone(), value.clone());
        }
        let observed = Observed {
            series: series.id.clone(),
            period_start: period.start,
            grain: self.mapping.period.grain,
            value,
            denominator,
            breakdown,
        };
        Ok(Some((column.to_owned(), observed)))
    }

    fn breakdown(&self, rule: &BreakdownRule) -> Result<Slug, BadRow> {
        let rule = match rule {
            BreakdownRule::Fixed(value) => return Ok(value.clone()),
            BreakdownRule::Column(rule) => rule,
        };
        let Some(cell) = self.cell(&rule.column) else {
            return Err(self.bad(
                &rule.column,
                "is empty, and the amount is broken down by it",
            ));
        };
        if let Some(value) = rule.values.get(cell) {
            return Ok(value.clone());
        }
        let reason = |reason: Option<Reason>, what: &str| {
            let reason = reason.and_then(|r| Slug::new(r.code()).ok());
            reason.ok_or_else(|| {
                self.bad(
                    &rule.column,
                    format!("is not one of {what}; put it into the mapping's `values`"),
                )
            })
        };
        match rule.labels {
            Labels::DelayReason => reason(
                delay_reason::of_label(cell),
                "the 37 reasons of the discharge return",
            ),
            Labels::DtocLetter => reason(
                Reason::from_dtoc_code(cell),
                "the letters of the delayed-transfers collection (A to I, Di, Dii, O)",
            ),
            Labels::Words => Slug::new(&joined(cell))
                .map_err(|rule_of| self.bad(&rule.column, format!("makes no code: it {rule_of}"))),
            Labels::Code => {
                let sentence = "is not a code (letters, digits, '-', '_', '.'): put it into the mapping's `values`, or say `labels = \"words\"`";
                Slug::new(cell).map_err(|_| self.bad(&rule.column, sentence))
            }
        }
    }
}

/// Words in small letters with hyphens between them.
fn joined(cell: &str) -> String {
    let lower: String = cell
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                ' '
            }
        })
        .collect();
    lower.split_whitespace().collect::<Vec<_>>().join("-")
}

/// A date as tables write it: a day, or the first one of a month.
#[must_use]
pub fn date(cell: &str) -> Option<NaiveDate> {
    period::date(cell)
}

#[cfg(test)]
mod tests;
