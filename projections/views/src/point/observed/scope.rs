//! Which places speak for an area in a return, and the cells that count what carries a publisher's mark.

use crate::cell::{Cells, Filter};
use crate::footprint;
use crate::measure::{Aggregate, Measure, Population};
use crate::period::Period;
use crate::point::{nearest, outermost, population};
use crate::quantity::{OBSERVATION_PREFIX, PROVISIONAL_PREFIX, SUPPRESSED_PREFIX};
use chrono::NaiveDate;
use joinedup_events::AreaId;
use joinedup_events::area::{Area, AreaKind, Areas, Serves};
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

/// The places that speak for an area in a return.
#[derive(Default)]
pub(super) struct Scope<'a> {
    /// The places.
    pub places: Vec<AreaId>,
    /// How many more there are that never reported.
    pub silent: usize,
    /// The services by which the places stand for the area, where they are not in it; in the order of the places.
    pub serving: Vec<&'a Serves>,
    /// In which years the places are waited for, in their order; always where none are given.
    pub years: Vec<&'a Area>,
}

impl Scope<'_> {
    /// A note where some places never reported.
    pub fn note(&self) -> Option<String> {
        let places = match self.places.len() {
            1 => "1 place that reports".to_owned(),
            n => format!("{n} places that report"),
        };
        let silent = self.silent;
        (silent > 0).then(|| format!("the sum of {places}; {silent} more never did"))
    }

    /// How many people live where an amount of a period comes from: in all of the area, where all of it reports.
    pub fn population(
        &self,
        areas: &Areas,
        area: &AreaId,
        which: Population,
        period: Period,
    ) -> Option<u64> {
        if self.silent == 0 {
            return population(areas, area, which);
        }
        let days = [period.start, period.last_day()];
        let is_there = |area: &Area| days.into_iter().any(|day| area.on(day));
        let there = |id: &&AreaId| areas.get(id.as_str()).is_none_or(is_there);
        let places = self.places.iter().filter(there);
        places.map(|id| population(areas, id, which)).sum()
    }
}

/// The places that speak for an area: itself, those within it, or those that serve it.
pub(super) fn scope<'a>(
    cells: &Cells,
    areas: &'a Areas,
    area: &'a AreaId,
    measure: &Measure,
) -> Scope<'a> {
    let quantity = measure.quantity.as_str();
    let suppressed = marked(quantity, SUPPRESSED_PREFIX);
    // Who suppresses a number has reported.
    let has = |id: &AreaId| {
        let mut of = [quantity, &suppressed].into_iter();
        of.any(|q| cells.series(q, id.as_str()).next().is_some())
    };
    if measure.aggregate == Aggregate::AsReported || has(area) {
        let own = has(area).then(|| area.clone());
        return Scope {
            places: own.into_iter().collect(),
            ..Scope::default()
        };
    }
    let span = |places: &[AreaId]| {
        let series = cells.series_within(quantity, places);
        let dates = series.flat_map(|s| [s.cells.keys().next(), s.cells.keys().next_back()]);
        let dates: Vec<NaiveDate> = dates.flatten().copied().collect();
        dates.iter().min().copied().zip(dates.iter().max().copied())
    };
    // A rate is of residents, and so of the places that they live in.
    let of_residents = measure.aggregate.population().is_some();
    let is_asked = |id: &AreaId| {
        let lived_in = || !areas.get(id.as_str()).is_some_and(|a| a.kind.is_provider());
        has(id) && (!of_residents || lived_in())
    };
    let within = within(areas, area, &is_asked, span);
    if !within.places.is_empty() || !footprint::is_taken_by(measure) {
        return within;
    }
    let (serving, silent) = footprint::standing_for(areas, area, has);
    Scope {
        places: serving.iter().map(|s| s.organisation.clone()).collect(),
        silent,
        serving,
        years: Vec::new(),
    }
}

/// The places within an area that report, one cut of the map alone: a return that councils, boards and trusts all publish
/// is one return, and adding two of them up would count it twice. The cut with most reports is taken; of two with as many,
/// the one that is first in [`cut`]. `span` gives the first and last dates that places have reported of.
fn within<'a>(
    areas: &'a Areas,
    area: &AreaId,
    has: &impl Fn(&AreaId) -> bool,
    span: impl Fn(&[AreaId]) -> Option<(NaiveDate, NaiveDate)>,
) -> Scope<'a> {
    let mut below: BTreeMap<u8, Vec<AreaId>> = BTreeMap::new();
    for id in nearest(areas, area, true, has) {
        below.entry(cut(areas, &id)).or_default().push(id);
    }
    let Some((cut_taken, scope)) = below
        .into_iter()
        .max_by_key(|(c, ids)| (ids.len(), u8::MAX - c))
    else {
        return Scope::default();
    };
    let scope = outermost(areas, scope);
    let covered: BTreeSet<AreaId> = scope.iter().flat_map(|id| areas.within(id)).collect();
    let is_smallest = |id: &AreaId| {
        let mut below = areas.within(id).into_iter();
        !below.any(|part| part != *id && cut(areas, &part) == cut_taken)
    };
    let parts = areas
        .within(area)
        .into_iter()
        .filter(|id| id != area && cut(areas, id) == cut_taken)
        .filter(|id| covered.contains(id) || is_smallest(id));
    // What was merged before the first report, or made after the last, is not waited for.
    let reported = span(&scope);
    let is_of_those_years = |id: &AreaId| {
        let (area, span) = (areas.get(id.as_str()), reported);
        area.zip(span).is_none_or(|(area, (first, last))| {
            area.until.is_none_or(|until| until >= first) && area.from.is_none_or(|f| f <= last)
        })
    };
    let silent = parts
        .filter(|id| !covered.contains(id) && is_of_those_years(id))
        .count();
    Scope {
        silent,
        serving: Vec::new(),
        years: scope
            .iter()
            .filter_map(|id| areas.get(id.as_str()))
            .collect(),
        places: scope,
    }
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
        Some(AreaKind::Region) => 6,
        Some(AreaKind::Country) => 7,
        Some(AreaKind::Other) | None => 8,
    }
}
