//! Who could give a measure's numbers where nobody does yet.

use super::Measure;
use serde::{Deserialize, Serialize};

/// A kind of organisation or team that holds what a measure is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Giver {
    /// The council with responsibility for social care.
    Council,
    /// The hospitals' trusts.
    Trust,
    /// The commissioner or care board.
    Commissioner,
    /// The teams that take referrals.
    Team,
    /// Teams that ask people, carers or each other, with a survey.
    Survey,
    /// Who rates the logic model.
    Raters,
    /// Who tests changes.
    Improvers,
}

impl Measure {
    /// Who could give its numbers: as its definition says, or who is responsible for what it counts.
    #[must_use]
    pub fn giver(&self) -> Giver {
        self.given_by
            .unwrap_or_else(|| match self.quantity.split('.').next() {
                Some("referral") => Giver::Team,
                Some("experience") => Giver::Survey,
                Some("assessment") => Giver::Raters,
                Some("change") => Giver::Improvers,
                _ => Giver::Trust,
            })
    }
}
