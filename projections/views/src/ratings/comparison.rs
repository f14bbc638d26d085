//! Two rounds beside each other: what moved, and what moderation changed.

use super::{Rating, Round};
use joinedup_events::{AreaId, Slug};
use serde::Serialize;

/// An item of an area in two rounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Step {
    /// The area.
    pub area: AreaId,
    /// The framework.
    pub framework: Slug,
    /// The item.
    pub item: Slug,
    /// The level published in the earlier round.
    pub from: Option<u8>,
    /// The level published in the later round.
    pub to: Option<u8>,
}

/// A level that moderation changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangedAtModeration {
    /// The area.
    pub area: AreaId,
    /// The framework.
    pub framework: Slug,
    /// The item.
    pub item: Slug,
    /// The round.
    pub round: Slug,
    /// The level proposed.
    pub from: Option<u8>,
    /// The level after moderation.
    pub to: Option<u8>,
    /// Why, in words.
    pub note: Option<String>,
}

/// Two rounds compared. Only published levels count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Comparison {
    /// The earlier round.
    pub earlier: Slug,
    /// The later round.
    pub later: Slug,
    /// Levels that rose.
    pub up: Vec<Step>,
    /// Levels that fell.
    pub down: Vec<Step>,
    /// Levels that stayed.
    pub same: Vec<Step>,
    /// Rated in the later round only.
    pub new: Vec<Step>,
    /// Rated in the earlier round only.
    pub dropped: Vec<Step>,
    /// Changed at moderation, in either round.
    pub changed_at_moderation: Vec<ChangedAtModeration>,
}

/// Compares two rounds over some ratings.
#[must_use]
pub fn compare<'a>(
    ratings: impl IntoIterator<Item = &'a Rating>,
    earlier: &Slug,
    later: &Slug,
) -> Comparison {
    let mut comparison = Comparison {
        earlier: earlier.clone(),
        later: later.clone(),
        up: Vec::new(),
        down: Vec::new(),
        same: Vec::new(),
        new: Vec::new(),
        dropped: Vec::new(),
        changed_at_moderation: Vec::new(),
    };
    for rating in ratings {
        let of = |id: &Slug| rating.rounds.iter().find(|r| r.round == *id);
        let published = |round: Option<&Round>| round.and_then(|r| r.published);
        let (from, to) = (published(of(earlier)), published(of(later)));
        let list = match (from, to) {
            (Some(from), Some(to)) if to > from => Some(&mut comparison.up),
            (Some(from), Some(to)) if to < from => Some(&mut comparison.down),
            (Some(_), Some(_)) => Some(&mut comparison.same),
            (None, Some(_)) => Some(&mut comparison.new),
            (Some(_), None) => Some(&mut comparison.dropped),
            (None, None) => None,
        };
        if let Some(list) = list {
            list.push(Step {
                area: rating.area.clone(),
                framework: rating.framework.clone(),
                item: rating.item.clone(),
                from,
                to,
            });
        }
        let rounds = [of(earlier), of(later).filter(|_| earlier != later)];
        for round in rounds.into_iter().flatten() {
            if let Some(moderated) = round.moderated.as_ref().filter(|m| m.from != m.to) {
                comparison.changed_at_moderation.push(ChangedAtModeration {
                    area: rating.area.clone(),
                    framework: rating.framework.clone(),
                    item: rating.item.clone(),
                    round: round.round.clone(),
                    from: moderated.from,
                    to: moderated.to,
                    note: moderated.note.clone(),
                });
            }
        }
    }
    comparison
}
