//! A view as it was known at an instant: every entity counted again from the facts recorded by then.

use super::{EntityKey, View};
use crate::cell::{Cells, Place};
use crate::contributions::contribute;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

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

    /// Adds what entities gave to the cells of some quantities as it was known at an instant: from the facts recorded
    /// by then. Called for a part at a time, so that a question about the past does not hold up folding.
    pub fn add_cells_known_at(
        &self,
        part: Part,
        quantities: &[&str],
        known_at: DateTime<Utc>,
        cells: &mut Cells,
    ) {
        let families = quantities.iter().filter_map(|q| q.split('.').next());
        let families: BTreeSet<&str> = families.collect();
        for (_, entity) in self.between(part.from, part.end) {
            if !families.contains(entity.family.code()) {
                continue;
            }
            let facts = entity.facts.standing_at(known_at);
            contribute(
                entity.family,
                &facts,
                &mut |quantity: &str, place: Place<'_>, breakdown: &[(&str, &str)], date, delta| {
                    if quantities.contains(&quantity) {
                        cells.apply(quantity, place, breakdown, date, delta, 1);
                    }
                },
            );
        }
    }

    /// The cells of some quantities as they were known at an instant, in one go.
    #[must_use]
    pub fn cells_known_at(&self, quantities: &[&str], known_at: DateTime<Utc>) -> Cells {
        let mut cells = Cells::default();
        self.add_cells_known_at(Part::ALL, quantities, known_at, &mut cells);
        cells
    }
}
