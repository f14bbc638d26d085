//! Footprints: what the organisations that serve a place report, where the place itself reports nothing of a measure.
//!
//! A place's own numbers always come first. Of the organisations that serve it one kind alone is added up (commissioners
//! before trusts before boards), because a trust's people are also counted by its board. Only returns are taken so, and
//! no rate of residents: a trust's amount over a county's residents is a rate of nobody.

use crate::cell::Cells;
use crate::measure::{Aggregate, Measure, SmallNumbers, Source};
use chrono::NaiveDate;
use joinedup_events::AreaId;
use joinedup_events::area::{AreaKind, Areas, Serves};
use serde::Serialize;

/// Whose numbers a chart of a place is made of, where they are not the place's own.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Footprint {
    /// The words that follow a title: "at the trusts that serve Essex".
    pub words: String,
    /// The organisations.
    pub organisations: Vec<Served>,
    /// What to mind, in a sentence; none where nothing is to be minded.
    pub caution: Option<String>,
}

/// An organisation of a footprint.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Served {
    /// Its code.
    pub area: AreaId,
    /// Its name.
    pub title: String,
    /// The first day on which it serves the place; none: as long as it has reported.
    pub from: Option<NaiveDate>,
    /// The last day on which it serves the place; none: to this day.
    pub until: Option<NaiveDate>,
    /// About which share of its work is for the place.
    pub share: Option<f64>,
}

/// Whether a place may be shown by its footprint in a measure.
#[must_use]
pub fn is_taken_by(measure: &Measure) -> bool {
    matches!(measure.source(), Some(Source::Observed(_)))
        && !matches!(
            measure.aggregate,
            Aggregate::AsReported | Aggregate::AmountPer100k(_)
        )
        // A small number could be worked out from those of the organisations.
        && measure.small_numbers() == SmallNumbers::None
}

/// The organisations whose numbers stand for a place in a measure, given which areas have numbers: all of one kind. With
/// them how many more of the kind serve it and never reported.
pub(crate) fn standing_for<'a>(
    areas: &'a Areas,
    place: &'a AreaId,
    has: impl Fn(&AreaId) -> bool,
) -> (Vec<&'a Serves>, usize) {
    let rank = |serves: &Serves| order(areas.get(serves.organisation.as_str()).map(|a| a.kind));
    let all: Vec<&Serves> = areas.serving(place).collect();
    let reporting = all.iter().filter(|s| has(&s.organisation));
    let Some(first) = reporting.map(|s| rank(s)).min() else {
        return (Vec::new(), 0);
    };
    let (found, silent): (Vec<&Serves>, Vec<&Serves>) = all
        .into_iter()
        .filter(|s| rank(s) == first)
        .partition(|s| has(&s.organisation));
    (found, silent.len())
}

/// The footprint of a place in a measure; none where its own numbers are shown, or nothing is.
#[must_use]
pub(crate) fn of(
    cells: &Cells,
    areas: &Areas,
    measure: &Measure,
    place: &AreaId,
) -> Option<Footprint> {
    let serving = crate::point::standing_for(cells, areas, measure, place);
    let kind = areas.get(serving.first()?.organisation.as_str())?.kind;
    let title = areas.get(place.as_str()).map(|a| a.title.as_str());
    let verb = if serving.len() == 1 {
        "serves"
    } else {
        "serve"
    };
    let cautions: Vec<&str> = serving
        .iter()
        .filter_map(|s| s.caution.as_deref())
        .collect();
    Some(Footprint {
        words: format!(
            "{} that {verb} {}",
            whose(kind, serving.len()),
            title.unwrap_or(place.as_str())
        ),
        caution: (!cautions.is_empty()).then(|| format!("{}.", cautions.join("; "))),
        organisations: serving
            .into_iter()
            .map(|s| Served {
                area: s.organisation.clone(),
                title: areas
                    .get(s.organisation.as_str())
                    .map_or_else(String::new, |a| a.title.clone()),
                from: s.from,
                until: s.until,
                share: s.share,
            })
            .collect(),
    })
}

const fn order(kind: Option<AreaKind>) -> u8 {
    match kind {
        Some(AreaKind::Commissioner) => 0,
        Some(AreaKind::Trust | AreaKind::Hospital) => 1,
        Some(AreaKind::Icb) => 2,
        _ => 3,
    }
}

const fn whose(kind: AreaKind, many: usize) -> &'static str {
    match (kind, many) {
        (AreaKind::Commissioner, 1) => "for the commissioner",
        (AreaKind::Commissioner, _) => "for the commissioners",
        (AreaKind::Trust, 1) => "at the trust",
        (AreaKind::Trust, _) => "at the trusts",
        (AreaKind::Hospital, 1) => "at the hospital",
        (AreaKind::Hospital, _) => "at the hospitals",
        (AreaKind::Icb, 1) => "in the care board",
        (AreaKind::Icb, _) => "in the care boards",
        (_, 1) => "for the organisation",
        (_, _) => "for the organisations",
    }
}
