//! Tables of observations, read through a mapping: text with separators, and sheets of workbooks.

mod amount;
pub(crate) mod cell;
mod fixed;
mod gather;
mod header;
mod layout;
pub(crate) mod period;
mod row;
mod rows;
mod spelling;
mod titles;

use super::identity;
use super::mapping::{Commas, Mapping};
use super::sheet::{HAS_UNSAVED, SheetError, SheetRow, TORN, TextRows, Workbook};
use super::{BadRow, Chunk, Item};
use chrono::{DateTime, NaiveDate, Utc};
use gather::{Gathered, Next, Report};
use joinedup_events::observation::{ObservationFact, Observed};
use joinedup_events::{Areas, EntityId, Event, Fact, Refusal, check, local};
use joinedup_views::period::Period;
use layout::Layout;
use row::Row;
use rows::Rows;
use std::collections::{HashMap, VecDeque};
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

/// A table being read. Its rows are read to the end before the first event is made, because a later row may speak of
/// what an earlier one did; what is held of a row is a few numbers.
pub struct CsvFile<R> {
    rows: Rows<R>,
    /// Rows that were read to find the header, and are data.
    waiting: VecDeque<SheetRow>,
    layout: Layout,
    mapping: Mapping,
    import: Import,
    from_1904: bool,
    /// The period of every row, where it does not stand in a column.
    fixed: Option<Period>,
    /// What cells were read as: a file has few periods and many rows.
    periods: HashMap<String, Result<Period, String>>,
    gathered: Gathered,
    /// The line of a row without a period: the total where it is the last, and otherwise a part of any sum.
    unplaced: Option<u64>,
    /// The line or row that comes next when none is empty.
    next_number: u64,
    ended: bool,
}

impl<R: Read> CsvFile<R> {
    /// Finds the header of a text with separators and the mapping's columns in it. Without a mapping the built-in one
    /// that fits is taken.
    ///
    /// # Errors
    /// When the header is not readable, lacks a column, or fits no mapping.
    pub fn open(input: R, mapping: Option<Mapping>, import: Import) -> Result<Self, LayoutError> {
        Self::open_text(input, "", mapping, import)
    }

    /// As [`Self::open`], with the file's name, which may have the period.
    ///
    /// # Errors
    /// As there.
    pub fn open_text(
        input: R,
        name: &str,
        mapping: Option<Mapping>,
        import: Import,
    ) -> Result<Self, LayoutError> {
        let mut rows = Rows::Text(Box::new(TextRows::new(input).map_err(SheetError::Io)?));
        let first = rows::first_rows(&mut rows)?;
        let (mapping, layout) = rows::fitted(&first, mapping, false)?;
        Self::begun(rows, first, layout, mapping, name, import, false)
    }

    /// As [`Self::open_text`], of a workbook: the sheet that the mapping names, or the one that has its columns.
    ///
    /// # Errors
    /// As there, and when it is not a workbook or several of its sheets have the columns.
    pub fn open_workbook(
        input: R,
        name: &str,
        mapping: Option<Mapping>,
        import: Import,
    ) -> Result<Self, LayoutError> {
        let mut workbook = Workbook::open(input)?;
        let (rows, mapping, layout) = rows::of_workbook(&mut workbook, mapping.as_ref())?;
        let mut rows = Rows::Sheet(rows.into_iter());
        let first = rows::first_rows(&mut rows)?;
        let from_1904 = workbook.counts_from_1904();
        Self::begun(rows, first, layout, mapping, name, import, from_1904)
    }

    fn begun(
        rows: Rows<R>,
        mut first: Vec<SheetRow>,
        layout: Layout,
        mut mapping: Mapping,
        name: &str,
        import: Import,
        from_1904: bool,
    ) -> Result<Self, LayoutError> {
        fixed::must_have_days_first(&mapping, &first, &layout)?;
        fixed::must_not_add_titles(&mapping, &layout, from_1904)?;
        let fixed = fixed::period_of_file(&mapping, &first, &layout, name, from_1904)?;
        if let Rows::Text(rows) = &rows
            && rows.separator() == b';'
            && first
                .iter()
                .flat_map(|row| &row.cells)
                .any(|cell| cell::has_decimal_comma(cell))
        {
            mapping.file.commas.get_or_insert(Commas::Unclear);
        }
        let waiting = first.split_off(layout.above.min(first.len())).into();
        Ok(Self {
            rows,
            waiting,
            layout,
            mapping,
            import,
            from_1904,
            fixed,
            periods: HashMap::new(),
            gathered: Gathered::default(),
            unplaced: None,
            next_number: 0,
            ended: false,
        })
    }

    /// The mapping in use.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The next rows or, when all are read, the next events, about `most` of either; `None` at the end.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn chunk(&mut self, most: usize) -> Result<Option<Chunk>, std::io::Error> {
        let mut chunk = Chunk::default();
        while !self.ended && chunk.rows < most as u64 {
            match self.next_row()? {
                None => self.ended = true,
                Some(row) if self.ends_before(&row) => self.ended = true,
                Some(row) if row.is_blank() => {}
                Some(row) => {
                    let long = self.layout.rows(row);
                    let counted = long.iter().filter(|row| self.row(row, &mut chunk)).count();
                    chunk.rows += u64::from(counted > 0);
                }
            }
        }
        while self.ended && chunk.items.len() < most {
            match self.gathered.next() {
                Next::End => break,
                Next::Partial(line, column, unread) => {
                    let sentence = format!(
                        "is added to other rows of its area and period, of which line {unread} cannot be read: the sum is not taken"
                    );
                    chunk.bad.push(BadRow::new(line, column, sentence));
                }
                Next::Lost(line) => {
                    let sentence = "cannot be read, and may belong to any sum of its period, or of the file: none of them is taken";
                    chunk.bad.push(BadRow::new(line, "", sentence));
                }
                Next::Repeated(lines, column) => chunk.bad.extend(repeated(&lines, &column)),
                Next::Report(report) => match self.event(report) {
                    Ok(item) => chunk.items.push(item),
                    Err(bad) => chunk.bad.extend(bad),
                },
            }
        }
        let any = chunk.rows > 0 || !chunk.items.is_empty() || !chunk.bad.is_empty();
        Ok(any.then_some(chunk))
    }

    fn next_row(&mut self) -> Result<Option<SheetRow>, std::io::Error> {
        match self.waiting.pop_front() {
            Some(row) => Ok(Some(row)),
            None => self.rows.next(),
        }
    }

    /// Whether the table ends before a row, because it is empty or empty ones were left out before it.
    fn ends_before(&mut self, row: &SheetRow) -> bool {
        let gap = self.next_number != 0 && row.number > self.next_number;
        let lines: usize = match self.rows {
            Rows::Text(_) => row.cells.iter().map(|c| c.matches('\n').count()).sum(),
            Rows::Sheet(_) => 0,
        };
        self.next_number = row.number + 1 + lines as u64;
        self.mapping.file.until_blank && (gap || row.is_blank())
    }

    /// Takes what a row reports; whether it is a row that counts.
    fn row(&mut self, row: &SheetRow, chunk: &mut Chunk) -> bool {
        let row = Row {
            row,
            header: &self.layout.header,
            mapping: &self.mapping,
        };
        if let Some((column, sentence)) = self.broken(&row) {
            chunk.bad.push(row.bad(column, sentence));
            if self.mapping.sum && row.may_say_a_period(true) {
                self.gathered.lose(None, row.row.number);
            }
            return true;
        }
        if !row.counts() {
            return false;
        }
        let rule = &self.mapping.period;
        let titles = self.mapping.wide.as_ref().map(|wide| wide.titles.as_str());
        let is_title = titles.is_some() && titles == rule.column.as_deref();
        let period = match (self.fixed, rule.column.as_deref()) {
            (Some(fixed), _) => Ok(fixed),
            (None, column) => {
                let column = column.unwrap_or_default();
                match row.cell(column) {
                    None => Err(row.bad(column, "is empty, and says which period the row is of")),
                    Some(cell) => self
                        .periods
                        .entry(cell.to_owned())
                        .or_insert_with(|| {
                            let named = period::of(rule, cell, self.from_1904);
                            // A column's title may say what it counts beside the period.
                            let within = || titles::within(rule, cell).ok().flatten();
                            named.or_else(|error| within().filter(|_| is_title).ok_or(error))
                        })
                        .clone()
                        .map_err(|sentence| row.bad(column, sentence)),
                }
            }
        };
        let has_amounts = row.has_amounts();
        if let (Some(sentence), Rows::Text(_)) = (self.layout.uneven(row.row), &self.rows) {
            chunk.bad.push(row.bad("", sentence));
            // A note with a separator in it belongs to no sum, and nor does a total below the table.
            let is_long = row.row.cells.len() > self.layout.header.len();
            let may_belong = if is_long {
                has_amounts
            } else {
                row.may_say_a_period(has_amounts)
            };
            if self.mapping.sum && (period.is_ok() || may_belong) {
                self.gathered.lose(period.ok(), row.row.number);
            }
            return true;
        }
        // Nothing was reported, whichever period and area it would have been of.
        if !has_amounts {
            let of_row = self.mapping.series.iter().filter(|s| row.has(s));
            let cells = of_row.map(|s| s.columns.len() + usize::from(s.value.is_some()));
            // Without a period it is rather a note below the table.
            chunk.blank += period.map_or(0, |_| cells.sum::<usize>() as u64);
            return true;
        }
        if let Some(line) = self.unplaced.take_if(|line| *line != row.row.number) {
            self.gathered.lose(None, line);
        }
        let (period, area) = match (period, row.area()) {
            (Ok(period), Ok(area)) => (period, area),
            (period, area) => {
                let is_elsewhere = area.is_err() && row.names_an_area();
                if self.mapping.sum && period.is_err() && row.says_no_period() && !is_elsewhere {
                    self.unplaced = Some(row.row.number);
                } else if self.mapping.sum && row.may_say_a_period(true) && !is_elsewhere {
                    self.gathered.lose(period.clone().ok(), row.row.number);
                }
                chunk.bad.extend(period.err());
                chunk.bad.extend(area.err());
                return true;
            }
        };
        for series in &self.mapping.series {
            if !row.has(series) || series.since.is_some_and(|since| period.start < since) {
                continue;
            }
            let whole = series.value.is_some().then_some(None);
            let parts = series.columns.iter().map(Some);
            for part in whole.into_iter().chain(parts) {
                let taken = match row.report(series, part) {
                    Ok(None) => {
                        chunk.blank += 1;
                        continue;
                    }
                    Err(bad) => {
                        if self.mapping.sum {
                            self.gathered
                                .spoil(&area, &series.id, period, row.row.number);
                        }
                        Err(bad)
                    }
                    Ok(Some((column, amount, denominator, breakdown))) => {
                        let report = Report {
                            line: row.row.number,
                            area: area.clone(),
                            period,
                            series: series.id.clone(),
                            breakdown,
                            column: column.clone(),
                            amount,
                            denominator,
                        };
                        self.gathered
                            .take(report, self.mapping.sum)
                            .map_err(|sentence| row.bad(&column, sentence))
                    }
                };
                chunk.bad.extend(taken.err());
            }
        }
        true
    }

    /// What is wrong with a row that cannot be read for what it is, and in which column.
    fn broken<'r>(&self, row: &Row<'r>) -> Option<(&'r str, &'static str)> {
        let column = self.mapping.period.column.as_deref();
        let in_titles = |c: &&str| self.mapping.wide.as_ref().is_some_and(|w| w.titles == **c);
        let column = column.filter(|c| !in_titles(c));
        let is_row = |within: &SheetRow| {
            let within = Row {
                row: within,
                ..*row
            };
            let is_period =
                |c: &str| period::of(&self.mapping.period, within.text(c), false).is_ok();
            column.is_none_or(is_period)
        };
        let width = self.layout.width.unwrap_or(row.row.cells.len());
        if row.row.is_torn(width, is_row) {
            return Some(("", TORN));
        }
        let unsaved = row.unsaved()?;
        Some((unsaved, HAS_UNSAVED))
    }

    /// The event of a report, unless the door would refuse it.
    fn event(&self, report: Report) -> Result<Item, Vec<BadRow>> {
        let import = &self.import;
        let Report {
            line,
            area,
            period,
            column,
            ..
        } = report;
        let observed = Observed {
            series: report.series,
            period_start: period.start,
            grain: self.mapping.period.grain,
            value: report.amount.value,
            denominator: report.denominator,
            breakdown: report.breakdown,
            mark: report.amount.mark,
        };
        // An observation happens when its period is over. Until then it stands at the period's beginning, not at the
        // time of import: the same file imported twice before that must say the same.
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
        let event = Event {
            source: self.mapping.source(),
            id: identity::id(
                &self.mapping.name,
                &area,
                &observed,
                occurred_at,
                import.edition.as_deref(),
            ),
            occurred_at,
            recorded_at: import.recorded_at,
            entity,
            area,
            fact: Fact::Observation(ObservationFact::Observed(observed)),
            actor: None,
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
        Ok(Item { line, event })
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
                .find(|c| self.layout.header.index(c).is_some())
                .unwrap_or("area")
                .to_owned(),
            "period_start" | "/time" => self.mapping.period.place().to_owned(),
            "value" => value.to_owned(),
            other => other.trim_start_matches('/').to_owned(),
        }
    }
}

/// Every row of what several rows report, refused: the first of them is no better than the others.
fn repeated<'a>(lines: &'a [u64], column: &'a str) -> impl Iterator<Item = BadRow> + 'a {
    lines.iter().map(move |line| {
        let other = match lines.iter().find(|other| *other != line) {
            Some(other) => format!("as line {other}"),
            None => "twice".to_owned(),
        };
        let sentence = format!(
            "reports the same area, period and series {other}: choose rows with `where` or `except` in the mapping, break them down, or add them with `sum = true`"
        );
        BadRow::new(*line, column, sentence)
    })
}

/// A date as tables write it: a day, or the first one of a month.
#[must_use]
pub fn date(cell: &str) -> Option<NaiveDate> {
    period::date(cell)
}

#[cfg(test)]
mod spoilt_tests;
#[cfg(test)]
mod tests;
