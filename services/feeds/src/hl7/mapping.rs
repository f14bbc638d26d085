//! Which field of a message says what: a built-in mapping, in which a site's own replaces what is elsewhere there.

use super::message::{FieldValue, Message, Only, Place};
use crate::mapping::{MappingError, file_text, must_be, over_built_in, wrong};
use crate::plain::plain;
use joinedup_events::reason::Reason;
use joinedup_events::transfer::{AdmissionMethod, DischargeMethod, Pathway};
use joinedup_events::{AreaId, Areas, Slug};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The name of the built-in mapping.
pub const BUILT_IN: &str = "adt";
const BUILT_IN_TEXT: &str = include_str!("../../../mappings/hl7/adt.toml");

/// Where a mapping finds what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdtMapping {
    /// Places that together name the stay; the first must say something.
    pub spell: Vec<Place>,
    /// Places that together name it where that does not; each must say something but those of who gave a number.
    pub spell_otherwise: Vec<Place>,
    /// Places that together name the person, by whom an earlier stay is found; the first must say something.
    pub person: Vec<Place>,
    /// The class of the patient.
    pub class: Place,
    /// The classes of those who are in a bed.
    pub inpatient: Vec<String>,
    /// When it was recorded; of several places the first that says something.
    pub recorded: Vec<Place>,
    /// When it happened.
    pub happened: Place,
    /// When the stay began.
    pub admitted: Place,
    /// When it ended.
    pub discharged: Place,
    /// The expected date of discharge.
    pub expected: Place,
    /// Whether the person died.
    pub died: Place,
    /// When the person died.
    pub died_at: Place,
    /// How the person came in.
    pub method: Words,
    /// The hospital of the admission.
    pub hospital: Words,
    /// How the stay ended.
    pub discharge_method: Words,
    /// The national code of the destination.
    pub destination: Words,
    /// The date from which the person does not meet the criteria to reside, or a word for whether.
    #[serde(default)]
    pub ready: Option<Words>,
    /// The date from which the person meets them again.
    #[serde(default)]
    pub not_ready: Option<Words>,
    /// The pathway.
    #[serde(default)]
    pub pathway: Option<Words>,
    /// The ward.
    #[serde(default)]
    pub ward: Option<Words>,
    /// The reason for the delay.
    #[serde(default)]
    pub delay_reason: Option<Words>,
}

/// A place whose text is a word that the mapping knows.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Written")]
pub struct Words {
    /// Where it stands.
    pub field: Place,
    /// In which of several segments.
    pub only: Option<Only>,
    /// What it says → the value; capitals and marks do not matter.
    pub values: BTreeMap<String, String>,
    /// The value of other texts.
    pub otherwise: Option<String>,
}

/// As it is written: a place alone, or a table.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "must be a place such as \"ZU1-3\", or a table with `field` and perhaps `where` (with `field` and `is`), `values`, `otherwise`"
)]
enum Written {
    Place(Place),
    Table(Table),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    field: Place,
    #[serde(default, rename = "where")]
    only: Option<Only>,
    #[serde(default)]
    values: BTreeMap<String, String>,
    #[serde(default)]
    otherwise: Option<String>,
}

impl From<Written> for Words {
    fn from(written: Written) -> Self {
        match written {
            Written::Place(field) => Self {
                field,
                only: None,
                values: BTreeMap::new(),
                otherwise: None,
            },
            Written::Table(table) => {
                let values = table.values.into_iter();
                Self {
                    field: table.field,
                    only: table.only,
                    values: values.map(|(word, value)| (plain(&word), value)).collect(),
                    otherwise: table.otherwise,
                }
            }
        }
    }
}

impl Words {
    /// What the message says here.
    #[must_use]
    pub fn value_in(&self, message: &Message) -> FieldValue {
        message.value_at(&self.field, self.only.as_ref())
    }

    /// The value of a text; none of one that the mapping does not know.
    #[must_use]
    pub fn value(&self, text: &str) -> Option<&str> {
        let known = self.values.get(&plain(text));
        known.or(self.otherwise.as_ref()).map(String::as_str)
    }

    /// Every value must be one of those that there are.
    fn must_be(&self, key: &str, codes: &str, is: impl Fn(&str) -> bool) -> Result<(), String> {
        must_be(self.values.values().chain(&self.otherwise), key, codes, is)
    }
}

impl AdtMapping {
    /// The built-in mapping, or a file's in which the built-in one's fields stand where it names none.
    ///
    /// # Errors
    /// When there is no such file, or it is not a mapping.
    pub fn named(name: &str, areas: &Areas) -> Result<Self, MappingError> {
        if name == BUILT_IN {
            return Self::parse(name, "", areas);
        }
        let text = file_text(name)?.ok_or_else(|| {
            wrong(
                name,
                format!("is neither `{BUILT_IN}` nor a file that is there"),
            )
        })?;
        Self::parse(name, &text, areas)
    }

    /// Reads a mapping over the built-in one; `name` is what errors call it.
    ///
    /// # Errors
    /// When the text is not of a mapping's shape, or a value is not one of those that there are.
    pub fn parse(name: &str, text: &str, areas: &Areas) -> Result<Self, MappingError> {
        let mapping: Self = over_built_in((BUILT_IN, BUILT_IN_TEXT), name, text)?;
        mapping.sense(areas).map_err(|what| wrong(name, what))?;
        Ok(mapping)
    }

    fn sense(&self, areas: &Areas) -> Result<(), String> {
        if self.spell.is_empty() || self.recorded.is_empty() {
            return Err("`spell` and `recorded` need a place at least".to_owned());
        }
        let provider = |id: &str| areas.get(id).is_some_and(|area| area.kind.is_provider());
        let known = |code: &str| AdmissionMethod::from_code(code).is_some();
        self.method
            .must_be("method", "emergency, elective, other or unknown", known)?;
        let known = |code: &str| DischargeMethod::from_code(code).is_some();
        self.discharge_method
            .must_be("discharge_method", "agreed, self, died or other", known)?;
        self.hospital.must_be(
            "hospital",
            "a trust or hospital of the register of areas",
            provider,
        )?;
        let known = |code: &str| code.len() == 2 && code.bytes().all(|b| b.is_ascii_digit());
        self.destination
            .must_be("destination", "a national code of two digits", known)?;
        let known = |code: &str| matches!(code, "ready" | "not-ready");
        if let Some(words) = &self.ready {
            words.must_be("ready", "`ready` or `not-ready`", known)?;
        }
        let known = |code: &str| Pathway::from_code(code).is_some();
        if let Some(words) = &self.pathway {
            words.must_be("pathway", "0, 1, 2 or 3", known)?;
        }
        let known = |code: &str| Slug::new(code).is_ok();
        if let Some(words) = &self.ward {
            words.must_be("ward", "a code of small letters, digits and hyphens", known)?;
        }
        let known = |code: &str| Reason::from_code(code).is_some();
        if let Some(words) = &self.delay_reason {
            words.must_be("delay_reason", "a code of the discharge return", known)?;
        }
        Ok(())
    }

    /// The hospital of a message, where the register has it.
    #[must_use]
    pub fn hospital(&self, message: &Message, areas: &Areas) -> Option<AreaId> {
        let text = self.hospital.value_in(message).text()?;
        let id = self.hospital.value(&text).unwrap_or(&text);
        let area = areas.get(id).filter(|area| area.kind.is_provider())?;
        Some(area.id.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<AdtMapping, String> {
        let areas = Areas::built_in().unwrap();
        AdtMapping::parse("site.toml", text, &areas).map_err(|error| error.to_string())
    }

    #[test]
    fn a_sites_mapping_names_only_what_is_elsewhere() {
        let site = "expected = \"ZED-2\"\nready = \"ZU1-3\"\n[pathway]\nfield = \"ZU1-4\"\nvalues = { \"Pathway 1\" = \"1\" }\n";
        let mapping = parse(site).unwrap();
        assert_eq!(mapping.expected.to_string(), "ZED-2");
        assert_eq!(mapping.admitted.to_string(), "PV1-44");
        assert_eq!(mapping.pathway.unwrap().value("PATHWAY-1"), Some("1"));
        assert_eq!(mapping.method.value("21"), Some("emergency"));
        assert_eq!(mapping.method.value("Emergency"), Some("emergency"));
        assert_eq!(mapping.method.value("31"), Some("other"));
        assert_eq!(mapping.method.value("99"), None, "not known");
        assert!(parse("").unwrap().ready.is_none());
    }

    #[test]
    fn what_is_wrong_in_a_mapping_is_named() {
        for (text, named) in [
            ("expect = \"PV2-9\"", "expect"),
            ("expected = \"PV2\"", "PV1-19"),
            (
                "[pathway]\nfield = \"ZU1-4\"\nvalues = { a = \"7\" }",
                "pathway",
            ),
            (
                "[ready]\nfield = \"ZU1-4\"\nvalues = { a = \"yes\" }",
                "not-ready",
            ),
            ("[ready]\nfeld = \"ZU1-4\"", "must be a place"),
            ("spell = []", "spell"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(
                error.contains("site.toml") && error.contains(named),
                "{error}"
            );
        }
    }
}
