//! Which places speak for an area in a return, and the cells that count what carries a publisher's mark.

use crate::cell::{Cells, Filter};
use crate::point::{nearest, outermost};
use crate::quantity::{OBSERVATION_PREFIX, PROVISIONAL_PREFIX, SUPPRESSED_PREFIX};
use chrono::NaiveDate;
use joinedup_events::AreaId;
use joinedup_events::area::{AreaKind, Areas};
use std::collections::{BTreeMap, BTreeSet};

/// The name of a quantity's cells that count what carries a mark.
pub(super) fn marked(quantity: &str, prefix: &str) -> String {
    let series = quantity.strip_prefix(OBSERVATION_PREFIX);
    format!("{prefix}{}", series.unwrap_or(quantity))
}

/// The first days of the reports that their publisher calls provisional.
pub(super) fn provisional(
    cells: &Cells,
    quantity: &str,
    scope: &[AreaId],
    filter: &Filter,
) -> BTreeSet<NaiveDate> {
    let marked = marked(quantity, PROVISIONAL_PREFIX);
    cells
        .series_within(&marked, scope)
        .filter(|series| filter.passes(series.breakdown))
        .flat_map(|series| series.cells.keys().copied())
        .collect()
}

/// The places that speak for an area, and a note when they are not all of it.
pub(super) fn scope(
    cells: &Cells,
    areas: &Areas,
    area: &AreaId,
    quantity: &str,
    own_only: bool,
) -> (Vec<AreaId>, Option<String>) {
    let suppressed = marked(quantity, SUPPRESSED_PREFIX);
    // Who suppresses a number has reported.
    let has = |id: &AreaId| {
        let mut of = [quantity, &suppressed].into_iter();
        of.any(|q| cells.series(q, id.as_str()).next().is_some())
    };
    if own_only || has(area) {
        let own = has(area).then(|| area.clone());
        return (own.into_iter().collect(), None);
    }
    let mut below: BTreeMap<u8, Vec<AreaId>> = BTreeMap::new();
    for id in nearest(areas, area, true, &has) {
        below.entry(cut(areas, &id)).or_default().push(id);
    }
    // Councils and commissioners cut the same country twice: only one cut is added up, the one with most reports.
    let Some((cut_taken, scope)) = below
        .into_iter()
        .max_by_key(|(c, ids)| (ids.len(), u8::MAX - c))
    else {
        return (Vec::new(), None);
    };
    let scope = outermost(areas, scope);
    let covered: BTreeSet<AreaId> = scope.iter().flat_map(|id| areas.within(id)).collect();
    let parts = areas
        .within(area)
        .into_iter()
        .filter(|id| id != area && cut(areas, id) == cut_taken)
        .filter(|id| areas.children(id).is_empty() || covered.contains(id));
    let silent = parts.filter(|id| !covered.contains(id)).count();
    let note = (silent > 0).then(|| {
        format!(
            "the sum of {} that report; {silent} more never did",
            match scope.len() {
                1 => "1 place".to_owned(),
                n => format!("{n} places"),
            }
        )
    });
    (scope, note)
}

/// Which cut of the map a kind of area belongs to.
fn cut(areas: &Areas, id: &AreaId) -> u8 {
    match areas.get(id.as_str()).map(|a| a.kind) {
        Some(AreaKind::County | AreaKind::Unitary) => 0,
        Some(AreaKind::Icb) => 1,
        Some(AreaKind::Commissioner) => 2,
        Some(AreaKind::Locality) => 3,
        Some(AreaKind::Neighbourhood) => 4,
        Some(AreaKind::Trust | AreaKind::Hospital) => 5,
        _ => 6,
    }
}
