//! What the columns and values of the Client Level Data mean, in both releases of their lists.

use crate::mapping::{MappingError, from_toml, wrong};
use crate::plain::plain;
use serde::Deserialize;
use std::collections::BTreeMap;

const TEXT: &str = include_str!("../../../mappings/client-level/values.toml");

/// What a request or an assessment came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Services, or the planning of them.
    Service,
    /// The same, in a value that the second release no longer has.
    FormerService,
    /// An assessment or a review.
    Assessment,
    /// No further action, or admitted to hospital.
    Ended,
}

/// Columns and values.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Values {
    /// Our name of a column → what files call it.
    pub columns: BTreeMap<String, Vec<String>>,
    outcome: BTreeMap<String, Outcome>,
    service: BTreeMap<String, u32>,
    assessment: BTreeMap<String, bool>,
}

impl Values {
    /// Those that come with the product.
    ///
    /// # Errors
    /// Never, as a test holds; typed so that callers need not trust it.
    pub fn built_in() -> Result<Self, MappingError> {
        let name = "client-level";
        let mut values: Self = from_toml(name, TEXT)?;
        values.outcome = plainly(values.outcome).ok_or_else(|| twice(name))?;
        values.service = plainly(values.service).ok_or_else(|| twice(name))?;
        values.assessment = plainly(values.assessment).ok_or_else(|| twice(name))?;
        Ok(values)
    }

    /// What a cell of the column of outcomes says; none of one that is not known.
    #[must_use]
    pub fn outcome(&self, cell: &str) -> Option<Outcome> {
        self.outcome.get(&plain(cell)).copied()
    }

    /// How many months after a service of a type somebody is still known; none of one that does not count.
    #[must_use]
    pub fn service(&self, cell: &str) -> Option<u32> {
        self.service.get(&plain(cell)).copied()
    }

    /// Whether an assessment of a type counts as a response.
    #[must_use]
    pub fn is_response(&self, cell: &str) -> bool {
        self.assessment.contains_key(&plain(cell))
    }
}

fn twice(name: &str) -> MappingError {
    wrong(name, "a value is there twice".to_owned())
}

/// The same by values without capitals and marks; none when two are then alike.
fn plainly<T>(values: BTreeMap<String, T>) -> Option<BTreeMap<String, T>> {
    let count = values.len();
    let plainly: BTreeMap<String, T> = values
        .into_iter()
        .map(|(value, meaning)| (plain(&value), meaning))
        .collect();
    (plainly.len() == count).then_some(plainly)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Outcomes of release 1, each with the value of release 2 that the department reads it as.
    const OUTCOMES: [(&str, &str); 19] = [
        (
            "Progress to Reablement/ST-Max",
            "Progress to reablement/ST-Max",
        ),
        (
            "Progress to Assessment",
            "Progress to assessment, review or reassessment",
        ),
        (
            "Progress to Re-assessment / Unplanned Review",
            "Progress to assessment, review or reassessment",
        ),
        (
            "Progress to Support Planning / Services",
            "Progress to support planning or services",
        ),
        (
            "Progress to financial assessment ",
            "Release 1 specification only: Not mapped",
        ),
        (
            "Progress to End of Life Care",
            "Release 1 specification only: Not mapped",
        ),
        (
            "No change in package",
            "Continuation of support or services",
        ),
        (
            "Provision of service",
            "Continuation of support or services",
        ),
        ("Service ended as planned", "NFA: Support ended as planned"),
        ("Admitted to hospital", "Admitted to hospital"),
        ("NFA - Deceased", "NFA: Deceased"),
        (
            "NFA - Moved to another LA",
            "NFA: Responsibility moved to another local authority",
        ),
        (
            "NFA - 100% NHS funded care",
            "NFA: Referral to NHS services or NHS funded social care",
        ),
        (
            "NFA - Self-funded client (Inc. 12wk disregard)",
            "NFA: Self-funded client or under 12wk disregard",
        ),
        (
            "NFA - Information & Advice / Signposting only",
            "NFA: Information and advice or signposting",
        ),
        ("NFA - Support declined", "NFA: Support declined"),
        (
            "NFA - Support ended: Other reason",
            "NFA: Support ended for other reason",
        ),
        (
            "NFA - No services offered: Other reason",
            "NFA: No services offered for other reason",
        ),
        ("NFA- Other", "NFA: Other"),
    ];

    #[test]
    fn every_outcome_of_release_1_means_what_release_2_calls_it() {
        let values = Values::built_in().unwrap();
        for (first, second) in OUTCOMES {
            assert!(values.outcome(second).is_some(), "{second}");
            assert_eq!(values.outcome(first), values.outcome(second), "{first}");
        }
    }

    #[test]
    fn services_and_assessments_are_known_in_the_capitals_of_both_releases() {
        let values = Values::built_in().unwrap();
        for (first, second) in [
            (
                "Long Term Support: Nursing Care",
                "Long term support: Nursing care",
            ),
            (
                "Long Term Support: Residential Care",
                "Long term support: Residential care",
            ),
            (
                "Long Term Support: Community",
                "Long term support: Community",
            ),
            ("Long Term Support: Prison", "Long term support: Prison"),
            ("Short Term Support: ST-Max", "Short term support: ST-Max"),
            (
                "Short Term Support: Ongoing Low Level",
                "Short term support: Ongoing low level",
            ),
            (
                "Short Term Support: Other Short Term",
                "Short term support: Other short term",
            ),
        ] {
            assert!(values.service(second).is_some(), "{second}");
            assert_eq!(values.service(first), values.service(second), "{first}");
        }
        // Support of carers makes nobody a client of long standing.
        assert_eq!(values.service("Carer Support: Direct to Carer"), None);
        assert_eq!(
            values.service("Unpaid carer support: Direct to unpaid carer"),
            None
        );
        assert!(values.is_response("Long Term Assessment"));
    }
}
