//! Which areas are shown where. People are counted exactly for localities and above; below them a number that changes
//! with every event would tell of single people, so there only periods that are over are shown, after suppression.

use joinedup_events::{AreaId, AreaKind, Areas};
use joinedup_views::Cells;
use joinedup_views::measure::Measure;
use joinedup_views::suppression::Policy;
use std::collections::BTreeSet;

/// The most areas in one exposition: those of the home area first.
pub const AREAS_MOST: usize = 1_000;

/// Kinds of area whose numbers of people are shown as they are, at any moment.
pub const EXACT: [AreaKind; 8] = [
    AreaKind::Country,
    AreaKind::Region,
    AreaKind::Icb,
    AreaKind::County,
    AreaKind::Unitary,
    AreaKind::Commissioner,
    AreaKind::Trust,
    AreaKind::Locality,
];

/// The rule for small numbers as metrics have it.
#[must_use]
pub fn policy() -> Policy {
    Policy {
        exempt: EXACT.to_vec(),
    }
}

/// Whether numbers of an area are shown as they are, at any moment.
#[must_use]
pub fn is_exact(areas: &Areas, area: &AreaId) -> bool {
    areas
        .get(area.as_str())
        .is_some_and(|a| EXACT.contains(&a.kind))
}

/// The nearest areas around one, itself included, whose numbers are shown at any moment.
#[must_use]
pub fn nearest_exact<'a>(areas: &'a Areas, area: &AreaId) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![area.as_str()];
    let mut left = AREAS_MOST;
    while let Some(next) = open.pop().and_then(|id| areas.get(id)) {
        if EXACT.contains(&next.kind) {
            found.insert(next.id.as_str());
        } else if left > 0 {
            left -= 1;
            open.extend(next.parents.iter().map(AreaId::as_str));
        }
    }
    found
}

/// The areas of an exposition.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The home area and all within it, then the others with data and what those are in.
    pub all: Vec<AreaId>,
    /// Those whose numbers are shown as they are.
    pub exact: Vec<AreaId>,
}

impl Places {
    /// The home area with everything within it, and every other area of the register that has data or has parts
    /// with data.
    #[must_use]
    pub fn of<'a>(
        areas: &Areas,
        home: &AreaId,
        cells: &Cells,
        measures: impl Iterator<Item = &'a Measure>,
    ) -> Self {
        let mut all: Vec<AreaId> = Vec::new();
        let mut seen = BTreeSet::new();
        for area in std::iter::once(home.clone()).chain(areas.within(home)) {
            if areas.get(area.as_str()).is_some() && seen.insert(area.clone()) {
                all.push(area);
            }
        }
        let mut quantities = BTreeSet::new();
        for measure in measures {
            quantities.insert(measure.quantity.as_str());
            quantities.extend(measure.over.as_deref());
        }
        let with_data: BTreeSet<&str> = quantities.iter().flat_map(|q| cells.areas_of(q)).collect();
        let mut open: Vec<AreaId> = with_data
            .iter()
            .filter_map(|id| areas.get(id))
            .map(|area| area.id.clone())
            .collect();
        let mut more = BTreeSet::new();
        while let Some(id) = open.pop() {
            if !seen.contains(&id) && more.insert(id.clone()) {
                open.extend(
                    areas
                        .get(id.as_str())
                        .into_iter()
                        .flat_map(|a| a.parents.iter().cloned()),
                );
            } else if seen.contains(&id) {
                let parents = areas
                    .get(id.as_str())
                    .into_iter()
                    .flat_map(|a| a.parents.iter());
                open.extend(
                    parents
                        .filter(|p| !seen.contains(*p) && !more.contains(*p))
                        .cloned(),
                );
            }
        }
        all.extend(more);
        all.truncate(AREAS_MOST);
        let exact = all
            .iter()
            .filter(|area| is_exact(areas, area))
            .cloned()
            .collect();
        Self { all, exact }
    }
}
