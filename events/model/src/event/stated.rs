//! What a fact says of all that is counted of its entity: which people it is about, and from which sector a referral came.

use super::Fact;
use crate::experience::ExperienceFact;
use crate::id::Slug;
use crate::referral::{ReferralFact, Sector};
use crate::transfer::TransferFact;

impl Fact {
    /// Which people it says that it is about, by the id of a population of the catalogue.
    #[must_use]
    pub fn population(&self) -> Option<&Slug> {
        match self {
            Self::Transfer(TransferFact::Admitted(f)) => f.population.as_ref(),
            Self::Referral(ReferralFact::Received(f)) => f.population.as_ref(),
            Self::Experience(ExperienceFact::Answered(f)) => f.population.as_ref(),
            Self::Experience(ExperienceFact::Invited(f)) => f.population.as_ref(),
            Self::Experience(ExperienceFact::CommentCoded(f)) => f.population.as_ref(),
            _ => None,
        }
    }

    /// The sector that it says a referral came from.
    #[must_use]
    pub fn sector(&self) -> Option<Sector> {
        match self {
            Self::Referral(ReferralFact::Received(f)) => f.sector,
            _ => None,
        }
    }
}
