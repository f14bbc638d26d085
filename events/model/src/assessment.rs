//! Assessments: how far an area is with an item of the logic model or of another framework.
//!
//! An area proposes a level, a round across areas moderates it, and it is confirmed (published). Levels of the
//! logic model: 1 red, 2 red-amber, 3 amber, 4 amber-green, 5 green; no level means not rated. Other frameworks
//! have their own scales, which the catalogue holds.

use crate::facts::{Retracted, facts, payload};
use crate::id::Slug;
use chrono::NaiveDate;

payload! {
    /// A level proposed by an area (or one rater's own rating, where `rater` is set).
    Proposed {
        /// The framework, `scie` for the logic model.
        framework: Slug,
        /// The item of the framework.
        item: Slug,
        /// The round, e.g. `2026`.
        round: Slug,
        /// The level on the framework's scale; none: not rated.
        #[serde(default)]
        level: Option<u8>,
        /// A code for the rater, where several rate before they agree.
        #[serde(default)]
        rater: Option<Slug>,
        /// Evidence in words about the area, never about a person. Kept apart from metrics.
        #[serde(default)]
        note: Option<String>,
    }
}
payload! {
    /// A level changed or kept by the round across areas.
    Moderated {
        /// The framework.
        framework: Slug,
        /// The item.
        item: Slug,
        /// The round.
        round: Slug,
        /// The level that was proposed.
        #[serde(default)]
        from: Option<u8>,
        /// The level that stands.
        #[serde(default)]
        to: Option<u8>,
        /// Why, in words.
        #[serde(default)]
        note: Option<String>,
    }
}
payload! {
    /// The item's level of a round is published as it stands.
    Confirmed {
        /// The framework.
        framework: Slug,
        /// The item.
        item: Slug,
        /// The round.
        round: Slug,
    }
}
payload! {
    /// The level wanted by a date.
    AmbitionSet {
        /// The framework.
        framework: Slug,
        /// The item.
        item: Slug,
        /// The level wanted.
        level: u8,
        /// By this date.
        #[serde(with = "crate::day")]
        #[cfg_attr(feature = "schema", schemars(with = "NaiveDate"))]
        by: NaiveDate,
    }
}
payload! {
    /// Evidence added in words.
    Noted {
        /// The framework.
        framework: Slug,
        /// The item.
        item: Slug,
        /// The words, about the area.
        note: String,
    }
}
payload! {
    /// A point of the item's checklist is in place, or is no longer.
    Ticked {
        /// The framework.
        framework: Slug,
        /// The item.
        item: Slug,
        /// The point, named by its words.
        point: Slug,
        /// It is in place.
        done: bool,
        /// What shows it, in words about the area.
        #[serde(default)]
        note: Option<String>,
    }
}
payload! {
    /// A review from outside found something in the area (`time`: when it was published). Of several with one code, the
    /// one recorded last stands.
    Found {
        /// The framework of findings.
        framework: Slug,
        /// The pathway: an item of the framework.
        item: Slug,
        /// A code for the finding.
        finding: Slug,
        /// What was found, in words about the area; none: the finding is withdrawn.
        #[serde(default)]
        note: Option<String>,
        /// Nodes of the logic model that it speaks of; empty: those of its pathway.
        #[serde(default)]
        nodes: Vec<Slug>,
    }
}

facts! {
    /// The facts about an area's item.
    AssessmentFact {
        /// Proposed.
        Proposed(Proposed) = "proposed" v 1,
        /// Moderated.
        Moderated(Moderated) = "moderated" v 1,
        /// Confirmed.
        Confirmed(Confirmed) = "confirmed" v 1,
        /// Ambition.
        AmbitionSet(AmbitionSet) = "ambition-set" v 1,
        /// Evidence.
        Noted(Noted) = "noted" v 1,
        /// An event about this item is taken back.
        Retracted(Retracted) = "retracted" v 1,
        /// A point of its checklist.
        Ticked(Ticked) = "ticked" v 1,
        /// A finding of a review.
        Found(Found) = "found" v 1,
    }
}

impl AmbitionSet {
    /// Whether the ambition lies ahead of the day on which it was set; one that does not is nobody's aim.
    #[must_use]
    pub fn is_ahead_of(&self, set_on: NaiveDate) -> bool {
        self.by > set_on
    }
}

impl AssessmentFact {
    /// Whether it is about the item's rating; points of a checklist and findings stand beside it.
    #[must_use]
    pub fn is_of_rating(&self) -> bool {
        !matches!(self, Self::Ticked(_) | Self::Found(_))
    }

    /// Framework and item, which with the area name the entity; none for a retraction, which names it itself.
    #[must_use]
    pub fn item(&self) -> Option<(&Slug, &Slug)> {
        Some(match self {
            Self::Proposed(f) => (&f.framework, &f.item),
            Self::Moderated(f) => (&f.framework, &f.item),
            Self::Confirmed(f) => (&f.framework, &f.item),
            Self::AmbitionSet(f) => (&f.framework, &f.item),
            Self::Noted(f) => (&f.framework, &f.item),
            Self::Ticked(f) => (&f.framework, &f.item),
            Self::Found(f) => (&f.framework, &f.item),
            Self::Retracted(_) => return None,
        })
    }
}
