//! A file with what somebody chose: read and checked, and nothing of it published yet.

use super::super::filling::Faults;
use super::super::visit::Visit;
use super::choice::{Fields, KIND, SEEN, SHEET, TITLES, field_of, place, seen};
use super::reader;
use crate::door::problem::Problem;
use crate::door::scope::misplaced;
use joinedup_application::tables::{
    Choice, Column, How, Look, Made, NotTaken, Numbers, ReadTable, TableError, TableFile,
};
use joinedup_events::AreaId;
use joinedup_events::observation::Grain;
use joinedup_views::measure::{Measure, Source};
use std::collections::BTreeMap;

/// What is known of a file and a choice.
pub struct Prepared {
    /// The table.
    pub look: Look,
    /// What its columns mean.
    pub choice: Choice,
    /// Which of the sheets with a table was read.
    pub sheet: usize,
    /// The form's columns are those that it asks for: otherwise nobody has seen what would be added.
    pub is_seen: bool,
    /// It is read as the published return that its header is of.
    pub is_published: bool,
    /// The mapping that was made, where the choice is whole.
    pub made: Option<Made>,
    /// The place that was chosen for each name of the file that is none.
    pub places: BTreeMap<String, AreaId>,
    /// The fields as they were sent.
    pub sent: Vec<(String, String)>,
    /// What is wrong with the choice.
    pub faults: Faults,
    /// What the file holds, read so.
    pub table: ReadTable,
}

/// Reads a file as the form says, or as it seems.
///
/// # Errors
/// When it is not a table.
pub fn prepare(
    visit: &Visit,
    file: &TableFile,
    id: &str,
    fields: &Fields<'_>,
) -> Result<Prepared, Problem> {
    let tables = reader(&visit.app)?;
    let definitions = &visit.app.definitions;
    let file = &fields.part(file);
    let look = tables
        .look(file, definitions)
        .map_err(|error| Problem::bad_request(error.to_string()))?;
    let is_own = fields.get("use") == Some("own");
    let published = look.published.clone().filter(|_| !is_own);
    let mut prepared = Prepared {
        choice: look.guess.clone(),
        look,
        sheet: file.sheet,
        is_seen: fields.is_seen(),
        is_published: published.is_some(),
        made: None,
        places: BTreeMap::new(),
        sent: fields.0.to_vec(),
        faults: Faults::default(),
        table: ReadTable::default(),
    };
    let read = match published {
        Some(published) => Ok(How::Published(published.name)),
        None => prepared.own(visit, file, id, fields).map(How::Mapping),
    };
    let read = read.and_then(|how| {
        let read = tables.read(file, &how, definitions, visit.now);
        read.map_err(|error| Faults::one("", error.to_string()))
    });
    match read {
        Ok(table) => prepared.table = within(visit, table),
        Err(faults) => prepared.faults = faults,
    }
    Ok(prepared)
}

impl Prepared {
    /// The value of the menu of what says what is counted.
    pub fn kind(&self) -> String {
        let titles = || TITLES.to_owned();
        self.look
            .counted_by
            .map_or_else(titles, |at| at.to_string())
    }

    /// The sheet, and what says what is counted, as the form has seen them: hidden fields.
    pub fn part(&self) -> [(&'static str, String); 3] {
        let (sheet, kind) = (self.sheet.to_string(), self.kind());
        let seen = seen(&sheet, &kind);
        [(SHEET, sheet), (KIND, kind), (SEEN, seen)]
    }

    /// The mapping of what was chosen.
    fn own(
        &mut self,
        visit: &Visit,
        file: &TableFile,
        id: &str,
        fields: &Fields<'_>,
    ) -> Result<String, Faults> {
        let tables =
            reader(&visit.app).map_err(|_| Faults::one("", "This process takes no files"))?;
        let (choice, faults) = fields.choice(visit, &self.look);
        self.choice = choice;
        if !faults.is_empty() {
            return Err(faults);
        }
        let sentence = |error: TableError| Faults::one("", error.to_string());
        let definitions = &visit.app.definitions;
        let mut made = tables
            .mapping(file, &self.choice, definitions)
            .map_err(sentence)?;
        let mut faults = Faults::default();
        for name in &made.unknown {
            let field = field_of(id, name);
            if let Some(text) = fields.get(&field)
                && let Some(place) = faults.or_note(&field, place(visit, text))
            {
                self.places.insert(name.clone(), place);
            }
        }
        if !faults.is_empty() {
            self.made = Some(made);
            return Err(faults);
        }
        if !self.places.is_empty() {
            self.choice.places = self.places.clone();
            made = tables
                .mapping(file, &self.choice, definitions)
                .map_err(sentence)?;
        }
        Ok(self.made.insert(made).toml.clone())
    }

    /// What was typed into a field, right or wrong.
    pub fn typed(&self, name: &str) -> Option<String> {
        Fields(&self.sent).get(name).map(ToOwned::to_owned)
    }

    /// Whether the numbers of a series are shares, by their column or by how a measure shows them.
    pub fn shows_shares(&self, visit: &Visit, series: &str) -> bool {
        self.is_share(series) || takers(visit, series).any(Measure::shows_reported_shares)
    }

    /// Whether a series is of a column with shares.
    pub fn is_share(&self, series: &str) -> bool {
        let mut numbers = self.choice.numbers.iter();
        let number = numbers.find(|n| n.series.as_str() == series);
        let is_it = |c: &Column| number.is_some_and(|n| n.column == c.key) && c.is_share;
        !self.is_published && self.look.columns.iter().any(is_it)
    }

    /// The title of the column that a series is read from; of a published return its code.
    pub fn title_of<'a>(&'a self, series: &'a str) -> &'a str {
        let mut numbers = self.choice.numbers.iter();
        let number = numbers.find(|n| n.series.as_str() == series);
        let number = number.filter(|_| !self.is_published);
        let column = |n: &Numbers| self.look.columns.iter().find(|c| c.key == n.column);
        let column = number.and_then(column);
        column.map_or(series, |c| c.title.as_str())
    }
}

/// The measures that take a series.
pub fn takers<'a>(visit: &'a Visit, series: &'a str) -> impl Iterator<Item = &'a Measure> {
    let measures = visit.app.definitions.measures.iter();
    measures.filter(move |m| m.source() == Some(Source::Observed(series)))
}

/// How long the periods of a measure's chart are, of a table by such periods; none: the measure's own.
pub fn period_for(measure: &Measure, grain: Grain) -> Option<Grain> {
    Some(grain).filter(|grain| *grain != measure.period && measure.allows(*grain))
}

/// Without the facts that the caller may not publish.
fn within(visit: &Visit, mut table: ReadTable) -> ReadTable {
    let mut refused = Vec::new();
    table.facts.retain(|(line, event)| {
        let not_theirs = misplaced(&visit.caller, &visit.app, event);
        let is_theirs = not_theirs.is_empty();
        refused.extend(not_theirs.into_iter().map(|error| NotTaken {
            line: *line,
            column: error.pointer.trim_start_matches("/data/").to_owned(),
            sentence: error.detail,
        }));
        is_theirs
    });
    table.refused.extend(refused);
    table.refused.sort_by_key(|refused| refused.line);
    table
}
