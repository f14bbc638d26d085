//! A view as it was known at an instant: every entity counted again from the facts recorded by then.

use super::{EntityKey, View};
use crate::cell::{Cells, Place};
use crate::contributions::contribute;
use crate::fact_set::standing;
use crate::summary::ReportsKnown;
use chrono::{DateTime, Utc};
use joinedup_events::Family;
use std::collections::BTreeSet;

/// What was known at an instant.
#[derive(Debug, Default)]
pub struct KnownAt {
    /// The cells of the quantities that were asked for.
    pub cells: Cells,
    /// The last position of the log that had been recorded.
    pub(crate) position: u64,
    /// When each source had last reported: what it sent later must not make a silence of then a calm one.
    pub(crate) reports: ReportsKnown,
}

/// A part of the entities of a view: those from one key on, and before another.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    from: EntityKey,
    end: Option<EntityKey>,
}

impl Part {
    /// All of them.
    pub const ALL: Self = Self {
        from: EntityKey(0),
        end: None,
    };
}

impl View {
    /// Parts that have about so many entities each and are all of them together. Keys are spread evenly.
    #[must_use]
    pub fn parts(&self, entities: usize) -> Vec<Part> {
        let parts = self.len().div_ceil(entities.max(1)).max(1) as u128;
        let step = u128::MAX / parts;
        let from = |part: u128| EntityKey(part * step);
        let part = |part: u128| Part {
            from: from(part),
            end: (part + 1 < parts).then(|| from(part + 1)),
        };
        (0..parts).map(part).collect()
    }

    /// Adds what was known of a part of the entities at an instant, from the facts recorded by then: what they gave to the
    /// cells of some quantities, and when each source had last reported. Called for a part at a time, so that a question
    /// about the past does not hold up folding.
    pub fn add_known_at(
        &self,
        part: Part,
        quantities: &[impl AsRef<str>],
        instant: DateTime<Utc>,
        known: &mut KnownAt,
    ) {
        let quantities: BTreeSet<&str> = quantities.iter().map(AsRef::as_ref).collect();
        let families = quantities.iter().filter_map(|q| q.split('.').next());
        let families: BTreeSet<&str> = families.collect();
        for (key, entity) in self.between(part.from, part.end) {
            let recorded = entity.facts.recorded_by(instant);
            known.reports.note(entity.family, &recorded);
            let positions = recorded.iter().map(|fact| fact.position);
            known.position = positions.fold(known.position, u64::max);
            let is_asked = families.contains(entity.family.code());
            if !is_asked && entity.family != Family::Change {
                continue;
            }
            let facts = standing(recorded);
            if entity.family == Family::Change {
                known.reports.note_statement(key, &facts);
            }
            if !is_asked {
                continue;
            }
            contribute(
                entity.family,
                &facts,
                &mut |quantity: &str, place: Place<'_>, breakdown: &[(&str, &str)], date, delta| {
                    if quantities.contains(quantity) {
                        known
                            .cells
                            .apply(quantity, place, breakdown, date, delta, 1);
                    }
                },
            );
        }
    }

    /// What was known of some quantities at an instant, in one go.
    #[must_use]
    pub fn known_at(&self, quantities: &[impl AsRef<str>], instant: DateTime<Utc>) -> KnownAt {
        let mut known = KnownAt::default();
        self.add_known_at(Part::ALL, quantities, instant, &mut known);
        known
    }
}
