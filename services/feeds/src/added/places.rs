//! Which places the names in a column are.

use super::columns::Grid;
use super::text::alike;
use joinedup_application::app::Definitions;
use joinedup_events::AreaId;
use std::collections::{BTreeMap, BTreeSet};

/// The most unknown names that are listed: a column with more is rather one of people than of places.
const MAX_LISTED: usize = 40;
/// The longest name of a place.
const MAX_NAME: usize = 80;

/// The names in a column, and which places they are.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Names that are not the code of a place, with the code.
    pub values: BTreeMap<String, AreaId>,
    /// Names of no known place, the ones that somebody chose a place for included.
    pub unknown: Vec<String>,
    /// How many more there are.
    pub more_unknown: usize,
}

/// Finds the places of a column: by code, by what somebody chose, or by title.
pub(super) fn named(
    grid: &Grid,
    column: &str,
    chosen: &BTreeMap<String, AreaId>,
    definitions: &Definitions,
) -> Named {
    let titles = titles(definitions);
    let mut found = Named::default();
    let mut seen = BTreeSet::new();
    let mut unknown = Vec::new();
    for cell in grid.cells(column) {
        if !seen.insert(cell) || definitions.areas.get(cell).is_some() {
            continue;
        }
        let by_title = titles.get(&alike(cell)).and_then(Option::as_ref);
        match (by_title, chosen.get(cell)) {
            (Some(area), _) => {
                found.values.insert(cell.to_owned(), area.clone());
            }
            (None, choice) => {
                if let Some(area) = choice {
                    found.values.insert(cell.to_owned(), area.clone());
                }
                unknown.push(cell);
            }
        }
    }
    if unknown.len() > MAX_LISTED {
        found.more_unknown = unknown.len();
        return found;
    }
    let (listed, rest): (Vec<&str>, Vec<&str>) = unknown.into_iter().partition(|n| is_name(n));
    found.unknown = listed.into_iter().map(str::to_owned).collect();
    found.more_unknown = rest.len();
    found
}

/// How many cells of a column are places, and how many say anything.
pub(super) fn known(grid: &Grid, column: &str, definitions: &Definitions) -> (usize, usize) {
    let titles = titles(definitions);
    let is_place = |cell: &str| {
        definitions.areas.get(cell).is_some()
            || titles.get(&alike(cell)).is_some_and(Option::is_some)
    };
    grid.cells(column).fold((0, 0), |(places, all), cell| {
        (places + usize::from(is_place(cell)), all + 1)
    })
}

/// A place by its title; nothing where several have it.
fn titles(definitions: &Definitions) -> BTreeMap<String, Option<AreaId>> {
    let mut titles: BTreeMap<String, Option<AreaId>> = BTreeMap::new();
    for area in definitions.areas.iter() {
        titles
            .entry(alike(&area.title))
            .and_modify(|known| *known = None)
            .or_insert_with(|| Some(area.id.clone()));
    }
    titles
}

/// Whether a name can be shown as one of a place: somebody may have chosen the wrong column, and then it can be a number or a
/// birthday of a person.
fn is_name(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    text.len() <= MAX_NAME && letters > 0 && (digits < 6 || is_code(text))
}

/// A code of the statistics office, such as `E06000001`: a letter and eight digits.
fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix(['E', 'W', 'S', 'N']);
    digits.is_some_and(|rest| rest.len() == 8 && rest.bytes().all(|b| b.is_ascii_digit()))
}
