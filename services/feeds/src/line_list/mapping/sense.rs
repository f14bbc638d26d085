//! Whether a mapping of a line list asks for what can be: facts and fields that there are, and no way for a text to get through.

use super::{FactRule, FieldRule, ListMapping};
use serde_json::Value;
use std::collections::BTreeSet;

/// Fields that a mapping may not fill: they name events and entities, and the feed fills them with hashes of its own.
const OWN_FIELDS: [&str; 3] = ["previous", "retracts", "retracts_source"];

impl ListMapping {
    pub(super) fn sense(&self) -> Result<(), String> {
        match (self.area.looked_at().count() > 0, self.area.fixed.is_some()) {
            (true, true) => return Err("`area` has both `fixed` and a column: choose one".into()),
            (false, false) => return Err("`area` needs `column`, `columns` or `fixed`".into()),
            _ => {}
        }
        if self.entity.is_empty() {
            return Err("`entity` needs the columns that name a spell or referral".into());
        }
        if !(0.0..=1.0).contains(&self.snapshot.max_share) {
            return Err("`snapshot.max_share` must lie between 0 and 1".into());
        }
        if self.snapshot.window_days.is_some() && self.snapshot.ended.is_none() {
            return Err(
                "`snapshot.window_days` needs `snapshot.ended`, the fact that ends a row".into(),
            );
        }
        if self.previous.is_some() && (self.person.is_empty() || self.snapshot.ended.is_none()) {
            return Err("`previous` needs `person` and `snapshot.ended`".into());
        }
        let schemas = joinedup_events::check::own_fields(self.family.family());
        let mut names = BTreeSet::new();
        for fact in &self.facts {
            if !names.insert(fact.name.as_str()) {
                return Err(format!("the fact {} is there twice", fact.name));
            }
            let schema = schemas.iter().find(|(name, _)| *name == fact.name);
            let Some((_, schema)) = schema.filter(|_| fact.name != "retracted") else {
                let known: Vec<_> = schemas.iter().map(|(name, _)| *name).collect();
                return Err(format!(
                    "there is no fact {}; there are {}",
                    fact.name,
                    known.join(", ")
                ));
            };
            fact.sense(schema)
                .map_err(|what| format!("fact {}: {what}", fact.name))?;
        }
        let named = self.facts.iter().flat_map(|f| &f.withheld_with);
        let named = named
            .chain(self.orders.iter().flat_map(|o| [&o.first, &o.then]))
            .chain(&self.snapshot.ended)
            .chain(self.previous.iter().map(|p| &p.fact));
        for name in named {
            if !names.contains(name.as_str()) {
                return Err(format!(
                    "{name} is named and is not a [[fact]] of the mapping"
                ));
            }
        }
        Ok(())
    }
}

impl FactRule {
    fn sense(&self, schema: &Value) -> Result<(), String> {
        let given = || self.fields.keys().chain(&self.date_only);
        for field in given() {
            if OWN_FIELDS.contains(&field.as_str()) || schema["properties"].get(field).is_none() {
                return Err(format!("it has no field {field} that a list can fill"));
            }
            let from_column = matches!(self.fields.get(field), Some(FieldRule::Column(_)));
            if field == "action" && from_column {
                return Err("`action` must be fixed: a column could hold a name".into());
            }
        }
        let required = schema["required"].as_array().into_iter().flatten();
        for field in required.filter_map(Value::as_str) {
            if !given().any(|g| g == field) {
                return Err(format!("its field {field} is missing"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::BUILT_IN;
    use super::*;

    const SMALL: &str = "name = \"beds\"\nfamily = \"transfer\"\nentity = [\"Id\"]\n[area]\nfixed = \"RAJ\"\n[[fact]]\nname = \"ready\"\ntime = \"Ready\"\nfields.date = { column = \"Ready\", read = \"date\" }\n";

    fn refused(text: &str) -> String {
        ListMapping::parse("mine.toml", text)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn built_in_mappings_are_sound_and_bear_their_own_names() {
        for (name, _) in BUILT_IN {
            let mapping = ListMapping::named(name).unwrap().unwrap();
            assert_eq!(mapping.name.as_str(), name);
            assert!(!mapping.title.is_empty());
        }
        let spells = ListMapping::named("spells").unwrap().unwrap();
        assert!(!spells.columns().contains("NHSNumber"));
    }

    #[test]
    fn ten_lines_are_a_mapping() {
        let mapping = ListMapping::parse("mine.toml", SMALL).unwrap();
        assert_eq!(mapping.columns(), BTreeSet::from(["Id", "Ready"]));
        assert_eq!(mapping.source(), "/import/beds");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        assert!(refused("").contains("mine.toml"));
        assert!(
            refused(&SMALL.replace("\"ready\"", "\"redy\""))
                .contains("no fact redy; there are admitted")
        );
        assert!(refused(&SMALL.replace("fields.date", "fields.day")).contains("no field day"));
        assert!(
            refused(&SMALL.replace("fields.date = { column = \"Ready\", read = \"date\" }", ""))
                .contains("date is missing")
        );
        assert!(
            refused(&SMALL.replace("read = \"date\"", "reed = \"date\""))
                .contains("must be a text")
        );
        assert!(
            refused(&format!("{SMALL}withheld_with = [\"discharged\"]\n"))
                .contains("discharged is named")
        );
        assert!(
            refused(&SMALL.replace("entity = [\"Id\"]", "entity = []")).contains("`entity` needs")
        );
    }

    #[test]
    fn no_mapping_can_let_a_text_through_into_a_field_that_takes_any() {
        let text = "name = \"m\"\nfamily = \"referral\"\nentity = [\"Id\"]\n[area]\nfixed = \"RAJ\"\n[[fact]]\nname = \"action-done\"\ntime = \"Done\"\nfields.action = { column = \"Action\" }\n";
        assert!(refused(text).contains("must be fixed"));
        let text = "name = \"m\"\nfamily = \"transfer\"\nentity = [\"Id\"]\n[area]\nfixed = \"RAJ\"\n[[fact]]\nname = \"admitted\"\ntime = \"In\"\nfields.method = \"other\"\nfields.previous = { column = \"Nhs\" }\n";
        assert!(refused(text).contains("no field previous"));
    }

    #[test]
    fn a_mapping_of_another_kind_and_no_file_are_no_list() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.toml");
        std::fs::write(&path, "name = \"falls\"\n[period]\ncolumn = \"week\"\n").unwrap();
        assert!(
            ListMapping::named(path.to_str().unwrap())
                .unwrap()
                .is_none()
        );
        assert!(ListMapping::named("no-such").unwrap().is_none());
    }
}
