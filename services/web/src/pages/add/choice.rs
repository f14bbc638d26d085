//! The form of the second step as a choice, and places as people write them. A field that stands for a name in the file carries
//! a digest of it: no address and no log has a value of a cell.

use super::super::filling::Faults;
use super::super::visit::Visit;
use joinedup_application::tables::{Choice, Column, CountedBy, Look, Numbers, PlaceOf, TableFile};
use joinedup_events::observation::Grain;
use joinedup_events::{Area, AreaId, Slug};
use sha2::{Digest, Sha256};

/// The value of the menu of places that stands for one place for all rows.
pub const ONE_PLACE: &str = "one";
/// The field of the sheet that is to be read.
pub const SHEET: &str = "sheet";
/// The field of the column that says what is counted.
pub const KIND: &str = "kind";
/// Its value where the titles of the columns say it.
pub const TITLES: &str = "titles";
/// The field of both as they were when the form was made.
pub const SEEN: &str = "seen";
/// The value of the menu of measures that stands for a series of one's own.
pub const OWN: &str = "own";

/// What a form notes of its sheet and of what says what is counted.
pub fn seen(sheet: &str, kind: &str) -> String {
    format!("{sheet}-{kind}")
}

/// The form's fields, as they came.
pub struct Fields<'a>(pub &'a [(String, String)]);

impl Fields<'_> {
    /// A field that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let field = self.0.iter().rev().find(|(n, _)| n == name);
        field.map(|(_, v)| v.trim()).filter(|v| !v.is_empty())
    }

    /// Whether the form was sent, and made of the columns that it asks for; otherwise the guess counts.
    pub fn is_sent(&self) -> bool {
        self.get("grain").is_some() && self.is_seen()
    }

    /// The part of a file that is to be read.
    pub fn part(&self, file: &TableFile) -> TableFile {
        let number = |name| self.get(name).and_then(|text| text.parse().ok());
        TableFile {
            sheet: number(SHEET).unwrap_or_default(),
            counted: match (self.get(KIND), number(KIND)) {
                (None, _) => CountedBy::Guess,
                (Some(_), Some(at)) => CountedBy::Column(at),
                (Some(_), None) => CountedBy::Titles,
            },
            ..file.clone()
        }
    }

    /// Whether the form's columns are those of the sheet and of the kinds that it asks for: the menus of both stand above
    /// the columns of what was chosen before.
    pub fn is_seen(&self) -> bool {
        let asked = seen(
            self.get(SHEET).unwrap_or("0"),
            self.get(KIND).unwrap_or(TITLES),
        );
        self.get(SEEN).is_none_or(|seen| seen == asked)
    }

    fn column<'c>(&self, name: &str, look: &'c Look) -> Option<&'c Column> {
        look.columns.get(self.get(name)?.parse::<usize>().ok()?)
    }

    /// What was chosen, as far as it can be read, with a sentence at each field for what no menu offers, or a place that is
    /// not known.
    pub fn choice(&self, visit: &Visit, look: &Look) -> (Choice, Faults) {
        if !self.is_sent() {
            return (look.guess.clone(), Faults::default());
        }
        let name = self.get("name").unwrap_or(look.guess.name.as_str());
        let name = Slug::new(name).ok();
        let grain = self.get("grain").and_then(Grain::from_code);
        let mut faults = Faults::default();
        if grain.is_none() {
            faults.note("grain", "Choose how long a period is");
        }
        let place = match self.get("place") {
            Some(ONE_PLACE) => match self.get("one") {
                Some(text) => faults
                    .or_note("one", place(visit, text))
                    .map(PlaceOf::Fixed),
                None => None,
            },
            _ => self
                .column("place", look)
                .map(|c| PlaceOf::Column(c.key.clone())),
        };
        let mut numbers = Vec::new();
        for (at, column) in look.columns.iter().enumerate() {
            let Some(what) = self.get(&format!("v{at}")) else {
                continue;
            };
            let series = if what == OWN {
                own_series(&column.title)
            } else {
                what.to_owned()
            };
            let unnamed =
                "A column has a title of which no name can be made: rename it in the file";
            let series = Slug::new(&series).map_err(|_| unnamed);
            let Some(series) = faults.or_note(&format!("v{at}"), series) else {
                continue;
            };
            let denominator = self.column(&format!("d{at}"), look);
            numbers.push(Numbers {
                column: column.key.clone(),
                series,
                denominator: denominator.map(|c| c.key.clone()),
            });
        }
        if name.is_none() {
            let rule = "The name of the table must be of letters, digits, hyphens and dots, without spaces";
            faults.note("name", rule);
        }
        let choice = Choice {
            name: name.unwrap_or_else(|| look.guess.name.clone()),
            period: self.column("date", look).map(|c| c.key.clone()),
            grain: grain.unwrap_or(look.guess.grain),
            place,
            places: Default::default(),
            numbers,
        };
        (choice, faults)
    }
}

/// The series of a column that is of no measure yet.
#[must_use]
pub fn own_series(title: &str) -> String {
    let code: String = title
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' })
        .collect();
    let words: Vec<&str> = code.split_whitespace().collect();
    let mut code = format!("local-{}", words.join("-"));
    code.truncate(60);
    code.trim_end_matches('-').to_owned()
}

/// The field in which somebody says which place a name of the file is.
#[must_use]
pub fn field_of(file: &str, name: &str) -> String {
    let digest = Sha256::new()
        .chain_update(file)
        .chain_update([0])
        .chain_update(name)
        .finalize();
    let hex: String = digest.iter().take(8).map(|b| format!("{b:02x}")).collect();
    format!("p{hex}")
}

/// What a place is called where people choose it by typing: its title, and its code behind it.
#[must_use]
pub fn written(area: &Area) -> String {
    format!("{} ({})", area.title, area.id)
}

/// The place that a text names: by code, by title, or as [`written`].
///
/// # Errors
/// A sentence, without the text.
pub fn place(visit: &Visit, text: &str) -> Result<AreaId, &'static str> {
    let areas = &visit.app.definitions.areas;
    let is_it = |area: &&Area| written(area) == text || area.title.eq_ignore_ascii_case(text);
    let mut by_name = areas.iter().filter(is_it);
    let by_name = by_name.next().filter(|_| by_name.next().is_none());
    let found = areas.get(text).or(by_name);
    found.map(|area| area.id.clone()).ok_or("A place is not one that we know, or several have its name: choose it from the list that opens as you type, or type its code")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_of_ones_own_is_a_code_whatever_the_title() {
        let long = "Falls ".repeat(40);
        for (title, code) in [
            ("Falls with harm (n)", "local-falls-with-harm-n"),
            ("€", "local"),
        ] {
            assert_eq!(own_series(title), code);
        }
        assert!(Slug::new(&own_series(&long)).is_ok());
    }

    #[test]
    fn the_field_of_a_name_does_not_hold_it_and_differs_by_file() {
        let field = field_of("a", "Ward Nine");
        assert!(!field.contains("ard") && field != field_of("b", "Ward Nine"));
    }
}
