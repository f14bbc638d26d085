//! Measures from TOML, with all faults reported at once.

use crate::measure::{Measure, fit};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One thing that is wrong with a file of measures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}{}: {problem}", .id.as_ref().map(|id| format!(", measure \"{id}\"")).unwrap_or_default(), .field.as_ref().map(|f| format!(", field \"{f}\"")).unwrap_or_default())]
pub struct MeasureError {
    /// The line, from 1.
    pub line: usize,
    /// The measure, when it says its id.
    pub id: Option<String>,
    /// The field, when it is one.
    pub field: Option<String>,
    /// What is wrong and what is allowed, as a sentence.
    pub problem: String,
}

/// Reads `[[measure]]` tables.
pub(super) fn parse(
    text: &str,
    is_outcome: &impl Fn(&str) -> bool,
) -> Result<Vec<Measure>, Vec<MeasureError>> {
    let line = |at: usize| {
        text.as_bytes()[..at.min(text.len())]
            .iter()
            .filter(|b| **b == b'\n')
            .count()
            + 1
    };
    let of_file = |at: usize, problem: String| MeasureError {
        line: line(at),
        id: None,
        field: None,
        problem,
    };
    let file = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        vec![of_file(
            at,
            format!("this is not TOML: {}", one_line(error.message())),
        )]
    })?;
    let mut errors = Vec::new();
    let mut found: Vec<Measure> = Vec::new();
    let mut first_lines = BTreeMap::new();
    for (key, value) in file.into_inner() {
        if key.get_ref() != "measure" {
            errors.push(of_file(
                key.span().start,
                format!(
                    "\"{}\" is not known here; a file of measures has [[measure]] tables only",
                    key.get_ref()
                ),
            ));
            continue;
        }
        let at = value.span().start;
        let DeValue::Array(tables) = value.into_inner() else {
            errors.push(of_file(
                at,
                "write [[measure]] with two brackets on each side".to_owned(),
            ));
            continue;
        };
        for table in tables {
            let reader = Reader::of(&table, &line);
            match Measure::deserialize(table.into_deserializer()) {
                Err(error) => errors.push(reader.shape_error(&error, &line)),
                Ok(mut measure) => {
                    measure.count_what_is_open();
                    for (field, problem) in fit(&measure) {
                        errors.push(reader.error(field, problem));
                    }
                    for outcome in measure.outcomes.named() {
                        if !is_outcome(outcome.as_str()) {
                            errors.push(reader.error(
                                "outcomes",
                                format!("the logic model has no outcome \"{outcome}\"; write an id from it, or \"all\""),
                            ));
                        }
                    }
                    if let Some(before) = first_lines.insert(measure.id.to_string(), reader.line) {
                        errors.push(reader.error(
                            "id",
                            format!("it is defined on line {before} already; give one of them another id"),
                        ));
                    }
                    found.push(measure);
                }
            }
        }
    }
    if errors.is_empty() {
        Ok(found)
    } else {
        errors.sort_by_key(|e| e.line);
        Err(errors)
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where a table and its fields stand.
struct Reader {
    line: usize,
    id: Option<String>,
    fields: BTreeMap<String, (usize, std::ops::Range<usize>)>,
}

impl Reader {
    fn of(table: &Spanned<DeValue<'_>>, line: &impl Fn(usize) -> usize) -> Self {
        let mut fields = BTreeMap::new();
        let mut id = None;
        if let Some(entries) = table.get_ref().as_table() {
            for (key, value) in entries {
                let span = key.span().start..value.span().end;
                fields.insert(key.get_ref().to_string(), (line(key.span().start), span));
            }
            id = entries
                .get("id")
                .and_then(|v| v.get_ref().as_str())
                .map(str::to_owned);
        }
        Self {
            line: line(table.span().start),
            id,
            fields,
        }
    }

    fn error(&self, field: &str, problem: String) -> MeasureError {
        MeasureError {
            line: self.fields.get(field).map_or(self.line, |(line, _)| *line),
            id: self.id.clone(),
            field: Some(field.to_owned()),
            problem,
        }
    }

    fn shape_error(&self, error: &toml::de::Error, line: &impl Fn(usize) -> usize) -> MeasureError {
        let span = error.span();
        let field = span.as_ref().and_then(|span| {
            self.fields
                .iter()
                .find(|(_, (_, whole))| whole.start <= span.start && span.start < whole.end)
                .map(|(name, _)| name.clone())
        });
        MeasureError {
            line: span.map_or(self.line, |s| line(s.start)),
            id: self.id.clone(),
            field,
            problem: one_line(error.message()),
        }
    }
}
