//! Findings of reviews as their facts stand.

use crate::catalogue::Finding;
use crate::contribution::StoredFact;
use crate::ratings::rounds::assessment;
use joinedup_events::assessment::AssessmentFact;
use joinedup_events::{Slug, local};
use std::collections::BTreeMap;

/// The findings that stand, by code, from the facts of an assessment entity as they stand, in the order of recording.
#[must_use]
pub fn findings(facts: &[StoredFact]) -> BTreeMap<Slug, Finding> {
    let mut found = BTreeMap::new();
    for (stored, fact) in assessment(facts) {
        let AssessmentFact::Found(f) = fact else {
            continue;
        };
        let Some(text) = &f.note else {
            found.remove(&f.finding);
            continue;
        };
        let finding = Finding {
            framework: f.framework.to_string(),
            date: local::date(stored.occurred_at),
            area: stored.area.to_string(),
            pathway: f.item.to_string(),
            text: text.clone(),
            nodes: f.nodes.iter().map(ToString::to_string).collect(),
        };
        found.insert(f.finding.clone(), finding);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratings::fixtures::{slug, standing, stored};
    use joinedup_events::Fact;
    use joinedup_events::assessment::Found;

    #[test]
    fn a_finding_is_as_it_was_written_last_and_gone_when_it_is_withdrawn() {
        let fact = |on, finding: &str, note: Option<&str>| {
            let fact = AssessmentFact::Found(Found {
                framework: slug("cqc-local-system-reviews"),
                item: slug("crisis"),
                finding: slug(finding),
                note: note.map(ToOwned::to_owned),
                nodes: Vec::new(),
            });
            stored("havenshire", on, on, Fact::Assessment(fact))
        };
        let facts = standing(vec![
            fact("2026-03-01", "f1", Some("Calls were passed on")),
            fact("2026-03-02", "f2", Some("Beds were found late")),
            fact("2026-03-03", "f1", Some("Calls were passed on twice")),
            fact("2026-03-04", "f2", None),
        ]);
        let found = findings(&facts);
        let texts: Vec<&str> = found.values().map(|f| f.text.as_str()).collect();
        assert_eq!(texts, ["Calls were passed on twice"]);
        assert_eq!(crate::ratings::rating(&facts), None);
    }
}
