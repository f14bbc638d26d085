//! Tables that people add on a page: what their columns seem to mean, a mapping made of what somebody chose, and the facts.

mod columns;
mod dates;
mod guess;
mod kinds;
mod places;
mod shares;
mod text;
mod toml_text;
mod wide;

#[cfg(test)]
mod tests;

use crate::csv::Import;
use crate::input::{Content, Input, OpenError};
use crate::mapping::{Mapping, built_in_names};
use chrono::{DateTime, Utc};
use columns::Grid;
use joinedup_application::admission;
use joinedup_application::app::Definitions;
use joinedup_application::tables::{
    Choice, How, Look, Made, NotTaken, PlaceOf, ReadTable, TableError, TableFile, Tables,
};
use joinedup_events::{Arrival, Submitted};
use std::io::Cursor;

/// How many rows are read at one go.
const AT_A_TIME: usize = 2_000;

/// Reads tables with the mappings and readers of this crate.
#[derive(Clone, Copy, Debug, Default)]
pub struct AddedTables;

impl Tables for AddedTables {
    fn look(&self, file: &TableFile, definitions: &Definitions) -> Result<Look, TableError> {
        let published = columns::published(file, &import(definitions, Utc::now()))?;
        let grid = match Grid::of(file) {
            Ok(grid) => grid,
            // A return may be too wide a table to be read without its mapping.
            Err(_) if published.is_some() => Grid::default(),
            Err(error) => return Err(error),
        };
        Ok(Look {
            guess: guess::guess(&grid, &file.name, definitions)?,
            columns: grid.columns(),
            sheets: grid.sheets,
            kinds: grid.candidates,
            counted_by: grid.counted_by,
            published,
        })
    }

    fn mapping(
        &self,
        file: &TableFile,
        choice: &Choice,
        definitions: &Definitions,
    ) -> Result<Made, TableError> {
        let missing = |what: &str| TableError::Choice(what.to_owned());
        let period = choice.period.as_deref();
        let period = period
            .ok_or_else(|| missing("Choose the column with the date or the period of each row"))?;
        let place = choice.place.as_ref().ok_or_else(|| {
            missing("Choose the column with the place, or one place for all rows")
        })?;
        let grid = Grid::of(file)?;
        if choice.numbers.is_empty() {
            let is_place = |key: &str| matches!(place, PlaceOf::Column(column) if column == key);
            let columns = grid.columns();
            let mut left = columns
                .iter()
                .filter(|c| c.key != period && !is_place(&c.key));
            return Err(missing(if left.any(|c| c.has_numbers) {
                "Choose what the numbers are, for at least one column"
            } else {
                "We found no column with numbers: the table needs one besides the date and the place. Add it to the table and \
                 start again, or choose other columns as the date and the place"
            }));
        }
        for numbers in &choice.numbers {
            shares::must_fit(&grid, numbers, definitions).map_err(TableError::Choice)?;
        }
        let names = dates::names(&grid, period, choice.grain);
        dates::must_be_clear(&grid, period, choice.grain, names).map_err(TableError::Choice)?;
        let named = match place {
            PlaceOf::Fixed(_) => places::Named::default(),
            PlaceOf::Column(column) => places::named(&grid, column, &choice.places, definitions),
        };
        let periods = toml_text::Periods {
            column: period,
            names: names.word(),
            wide: grid.wide.as_ref().filter(|wide| wide.titles == period),
        };
        // Where one sheet alone has a table, next month's may have another name.
        let sheet = grid.sheets.get(file.sheet);
        let sheet = sheet.filter(|_| grid.sheets.len() > 1);
        let toml = toml_text::of(
            choice,
            &periods,
            toml_text::Text::of(sheet.map(String::as_str), grid.commas),
            place,
            &named.values,
            grid.kinds.as_ref(),
            |numbers| shares::read(&grid, numbers, definitions),
        )?;
        // What is offered is what is read: a mapping that cannot be read again is not a mapping.
        Mapping::parse("the mapping", &toml)
            .map_err(|error| TableError::Unreadable(sentence(&error)))?;
        Ok(Made {
            toml,
            note: dates::note(choice.grain, names, &grid, period),
            unknown: named.unknown,
            more_unknown: named.more_unknown,
        })
    }

    fn read(
        &self,
        file: &TableFile,
        how: &How,
        definitions: &Definitions,
        now: DateTime<Utc>,
    ) -> Result<ReadTable, TableError> {
        let mapping = match how {
            // Only names of our own: anything else would be the path of a file.
            How::Published(name) if built_in_names().any(|known| known == name) => {
                Mapping::named(name)
            }
            How::Published(_) => {
                return Err(TableError::Choice(
                    "We do not know such a published return: choose again".to_owned(),
                ));
            }
            How::Mapping(toml) => Mapping::parse("the mapping", toml),
        };
        let mapping = mapping.map_err(|error| TableError::Unreadable(sentence(&error)))?;
        let mut input = open(file, Some(&mapping), &import(definitions, now))?;
        let mut table = ReadTable::default();
        let arrival = Arrival::at(now);
        while let Some(chunk) = input
            .chunk(AT_A_TIME)
            .map_err(|_| TableError::Unreadable("The file cannot be read to its end".to_owned()))?
        {
            table.rows += chunk.rows;
            table.blank += chunk.blank;
            table
                .refused
                .extend(chunk.bad.into_iter().map(|bad| NotTaken {
                    line: bad.line,
                    column: bad.column,
                    sentence: for_a_page(&bad.sentence),
                }));
            for item in chunk.items {
                // As bytes, as they come over HTTP: there is one door.
                let admitted = Submitted::read(item.event.to_text().as_bytes())
                    .and_then(|submitted| admission::admit(definitions, submitted, arrival));
                match admitted {
                    Ok(event) => table.facts.push((item.line, event)),
                    Err(refusals) => {
                        table
                            .refused
                            .extend(refusals.0.into_iter().map(|refusal| NotTaken {
                                line: item.line,
                                column: refusal.pointer.trim_start_matches("/data/").to_owned(),
                                sentence: refusal.rule,
                            }));
                    }
                }
            }
        }
        table.refused.sort_by_key(|refused| refused.line);
        Ok(table)
    }
}

/// An error as a sentence that stands by itself.
fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// A sentence without what it advises about mappings, which who reads a page has not written; a line is a row there.
fn for_a_page(sentence: &str) -> String {
    let cut = |(what, advice): (&'_ str, &'_ str)| advice.contains("mapping").then_some(what.len());
    let colon = sentence.split_once(": ").and_then(cut);
    let clause = sentence.split_once(", and the ").and_then(cut);
    let of_places = ["is not an area's code", "must be an area of the register"];
    if of_places.iter().any(|begins| sentence.starts_with(begins)) {
        return "is not a place that we know".to_owned();
    }
    let end = colon.or(clause).unwrap_or(sentence.len());
    let sentence = sentence.get(..end).unwrap_or(sentence);
    sentence
        .replace("the same area, period", "the same place, period")
        .replace(" line ", " row ")
}

fn import(definitions: &Definitions, now: DateTime<Utc>) -> Import {
    Import {
        areas: definitions.areas.clone(),
        now,
        recorded_at: now,
        edition: None,
    }
}

/// Opens a table; without a mapping by the one whose header it has.
fn open(file: &TableFile, mapping: Option<&Mapping>, import: &Import) -> Result<Input, TableError> {
    let content = Box::new(Cursor::new(file.bytes.clone()));
    let length = u64::try_from(file.bytes.len()).ok();
    let input = Input::of(content, file.name.clone(), length, mapping, import);
    let input = input.map_err(|error| {
        TableError::Unreadable(match error {
            OpenError::Layout { source, .. } => sentence(&source),
            OpenError::JsonList(_) => NO_TABLE.to_owned(),
            OpenError::OldWorkbook(_) => {
                "This is a workbook from before 2007 (.xls). Save it as .xlsx or .csv, and add that"
                    .to_owned()
            }
            OpenError::Read { .. } => "The file cannot be read".to_owned(),
        })
    })?;
    match input.content {
        Content::Csv(_) => Ok(input),
        Content::Events(_) | Content::Archive(_) => {
            Err(TableError::Unreadable(NO_TABLE.to_owned()))
        }
    }
}

/// Files of programs.
const NO_TABLE: &str = "This file is not a table: it holds events for programs. A program sends those to /api/v1/events";
