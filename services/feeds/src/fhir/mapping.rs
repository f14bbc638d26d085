//! Which codes and words mean what: a built-in mapping, in which a site's own replaces what is different there.

use super::node::Node;
use crate::mapping::{MappingError, file_text, must_be, over_built_in, wrong};
use crate::plain::plain;
use joinedup_events::reason::Reason;
use joinedup_events::referral::{CareService, DeclineReason, Trigger};
use joinedup_events::transfer::{AdmissionMethod, DischargeMethod, Pathway};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The name of the built-in mapping, and what a file's `format` must be.
pub const BUILT_IN: &str = "fhir";
const BUILT_IN_TEXT: &str = include_str!("../../../mappings/fhir/fhir.toml");

/// What codes and words mean.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FhirMapping {
    /// `fhir`: tells this from a mapping of tables.
    pub format: String,
    /// The systems of the identifiers that name a stay or referral.
    pub identifier_systems: Vec<String>,
    /// The classes of those who are in a bed.
    pub inpatient: Vec<String>,
    /// Extensions with the expected date of discharge.
    pub expected: Vec<String>,
    /// Extensions with the date from which the person does not meet the criteria to reside.
    #[serde(default)]
    pub ready: Vec<String>,
    /// How the person came in.
    pub method: Words,
    /// How the stay ended.
    pub discharge_method: Words,
    /// What a referral asks for.
    pub service: Words,
    /// What set it off.
    pub trigger: Words,
    /// Why it was not taken.
    pub decline_reason: Words,
    /// The pathway.
    #[serde(default)]
    pub pathway: Words,
    /// The reason for the delay.
    #[serde(default)]
    pub delay_reason: Words,
}

/// Words, and what they mean.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// The extensions in which they stand, where that is not an element of the resource.
    #[serde(default)]
    pub extension: Vec<String>,
    /// What is written → the value.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// The value of other words.
    #[serde(default)]
    pub otherwise: Option<String>,
}

impl Words {
    /// The value of the first word that is known, or else of any word; none where nothing is written.
    pub(super) fn value<'w>(&self, words: impl IntoIterator<Item = &'w str>) -> Option<&str> {
        let mut words = words.into_iter().peekable();
        words.peek()?;
        let known = words.find_map(|word| self.values.get(&plain(word)));
        known.or(self.otherwise.as_ref()).map(String::as_str)
    }

    /// The element in which the words stand: one of the extensions of these nodes.
    pub(super) fn node<'a>(&self, nodes: &[Option<Node<'a>>]) -> Option<Node<'a>> {
        let mut nodes = nodes.iter().flatten();
        nodes.find_map(|node| node.extension(&self.extension))
    }

    fn must_be(&self, key: &str, codes: &str, is: impl Fn(&str) -> bool) -> Result<(), String> {
        must_be(self.values.values().chain(&self.otherwise), key, codes, is)
    }
}

impl FhirMapping {
    /// The built-in mapping, or a file's over it; `None` when there is no such file, or it is of another kind.
    ///
    /// # Errors
    /// When it is a mapping of FHIR resources and not right.
    pub fn named(name: &str) -> Result<Option<Self>, MappingError> {
        if name == BUILT_IN {
            return Self::parse(name, "").map(Some);
        }
        let Some(text) = file_text(name)? else {
            return Ok(None);
        };
        let table: toml::Table = toml::from_str(&text).unwrap_or_default();
        let is_ours = table.get("format").and_then(toml::Value::as_str) == Some(BUILT_IN);
        is_ours.then(|| Self::parse(name, &text)).transpose()
    }

    /// Reads a mapping over the built-in one; `name` is what errors call it.
    ///
    /// # Errors
    /// When the text is not of a mapping's shape, or a value is not one of those that there are.
    pub fn parse(name: &str, text: &str) -> Result<Self, MappingError> {
        let mut mapping: Self = over_built_in((BUILT_IN, BUILT_IN_TEXT), name, text)?;
        mapping.sense().map_err(|what| wrong(name, what))?;
        for words in mapping.all_words() {
            let values = std::mem::take(&mut words.values).into_iter();
            words.values = values.map(|(word, value)| (plain(&word), value)).collect();
        }
        Ok(mapping)
    }

    fn all_words(&mut self) -> [&mut Words; 7] {
        [
            &mut self.method,
            &mut self.discharge_method,
            &mut self.service,
            &mut self.trigger,
            &mut self.decline_reason,
            &mut self.pathway,
            &mut self.delay_reason,
        ]
    }

    fn sense(&self) -> Result<(), String> {
        let known = |code: &str| AdmissionMethod::from_code(code).is_some();
        self.method
            .must_be("method", "emergency, elective, other or unknown", known)?;
        let known = |code: &str| DischargeMethod::from_code(code).is_some();
        self.discharge_method
            .must_be("discharge_method", "agreed, self, died or other", known)?;
        let known = |code: &str| CareService::from_code(code).is_some();
        self.service
            .must_be("service", "mdt, crisis-response or reablement", known)?;
        let known = |code: &str| Trigger::from_code(code).is_some();
        let codes = "case-finding, risk-list, crisis, discharge or request";
        self.trigger.must_be("trigger", codes, known)?;
        let known = |code: &str| DeclineReason::from_code(code).is_some();
        let codes = "duplicate, inappropriate or incomplete";
        self.decline_reason
            .must_be("decline_reason", codes, known)?;
        let known = |code: &str| Pathway::from_code(code).is_some();
        self.pathway.must_be("pathway", "0, 1, 2 or 3", known)?;
        let known = |code: &str| Reason::from_code(code).is_some();
        self.delay_reason
            .must_be("delay_reason", "a code of the discharge return", known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sites_mapping_names_only_what_is_different() {
        let site = "format = \"fhir\"\nready = [\"ctr\"]\n[service]\nvalues = { \"Frailty hub\" = \"mdt\" }\n";
        let mapping = FhirMapping::parse("site.toml", site).unwrap();
        assert_eq!(mapping.service.value(["x", "FRAILTY-HUB"]), Some("mdt"));
        assert_eq!(mapping.method.value(["21"]), Some("emergency"));
        assert_eq!(mapping.method.value(["81"]), Some("other"));
        assert_eq!(mapping.method.value(["99"]), None, "not known");
        assert_eq!(mapping.method.value([]), None);
        assert_eq!(
            mapping.service.value(["UCR"]),
            None,
            "the table is the site's"
        );
    }

    #[test]
    fn what_is_wrong_in_a_mapping_is_named() {
        for (text, named) in [
            ("expect = []", "expect"),
            ("[service]\nvalues = { a = \"b\" }", "service"),
            ("[pathway]\nvalues = { a = \"7\" }", "0, 1, 2 or 3"),
            ("[trigger]\notherwise = \"moon\"", "case-finding"),
        ] {
            let error = FhirMapping::parse("site.toml", text)
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("site.toml") && error.contains(named),
                "{error}"
            );
        }
    }

    #[test]
    fn a_mapping_of_tables_is_no_mapping_of_resources() {
        assert!(FhirMapping::named("spells").unwrap().is_none());
        assert!(FhirMapping::named(BUILT_IN).unwrap().is_some());
    }
}
