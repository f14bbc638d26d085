//! Points: what a measure says for one area and one period. Expected periods are all there, so that a gap shows as a
//! gap: nothing reported is `missing`, and a true zero is 0.

mod event_fed;
mod frame;
mod note;
mod observed;
mod order;
mod reported;
mod state;
mod stock;

pub use note::Note;
pub use state::State;

use crate::ask::Basis;
use crate::cell::{Cells, Filter};
use crate::dimension;
use crate::measure::{Aggregate, Measure, Population, Source};
use crate::period::{Grain, Period};
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::area::{Areas, Serves};
use joinedup_events::{AreaId, local};
use serde::Serialize;

/// What a measure says of one period.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Point {
    /// First day.
    pub period_start: NaiveDate,
    /// The day after the last.
    pub period_end: NaiveDate,
    /// The number, in the measure's unit.
    pub value: Option<f64>,
    /// What was counted, where the number is a part of something.
    pub numerator: Option<f64>,
    /// What the numerator is divided by.
    pub denominator: Option<f64>,
    /// How many stand behind it.
    pub n: Option<i64>,
    /// How many people are behind numerator and denominator at least, where those count something else: nights. Never
    /// published.
    #[serde(skip)]
    pub people: Option<(i64, i64)>,
    /// How far it can be trusted.
    pub state: State,
    /// Why it is not there, or what to mind, as a sentence's beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub note: Option<Note>,
}

impl Point {
    /// Its period.
    #[must_use]
    pub const fn period(&self) -> Period {
        Period {
            start: self.period_start,
            end: self.period_end,
        }
    }

    /// Whether chart rules may judge it.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        self.state == State::Final && self.value.is_some()
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct PointQuery<'a> {
    /// The measure.
    pub measure: &'a Measure,
    /// The area.
    pub area: &'a AreaId,
    /// The length of the periods.
    pub grain: Grain,
    /// The first period is the one that holds this date. None: the first with data.
    pub from: Option<NaiveDate>,
    /// The last period is the one that holds this date, or now. None: now, or the end of a series that has ended.
    pub to: Option<NaiveDate>,
    /// A breakdown: dimensions and values beside those of the measure.
    pub filter: &'a Filter,
    /// These days as one period, and none beside it.
    pub range: Option<Period>,
    /// The present instant: a period that has not ended by it is incomplete.
    pub now: DateTime<Utc>,
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The measure is not for that period.
    #[error("measure {measure} is not offered by {grain}; ask for {allowed}")]
    Grain {
        /// The measure.
        measure: String,
        /// The period asked for.
        grain: Grain,
        /// The periods that it has.
        allowed: String,
    },
    /// The quantity is not broken down so.
    #[error("measure {measure} cannot be filtered by that; it has {allowed}")]
    Dimension {
        /// The measure.
        measure: String,
        /// The dimension asked for.
        dimension: String,
        /// The dimensions that it has.
        allowed: String,
    },
    /// No cell of the quantity has that value, and none can or does.
    #[error("{dimension} has no such value here{known}")]
    Value {
        /// The dimension.
        dimension: String,
        /// The values that it is limited to, as the end of the sentence; empty where it is limited to none, for what
        /// sources sent is not repeated to whoever asks.
        known: String,
    },
    /// The area is not registered.
    #[error("there is no area {0} in the register")]
    Area(String),
    /// Somebody else added the quantity up by periods, which other days would cut through.
    #[error("measure {0} is published by whole periods; ask for one of them")]
    Range(String),
}

impl PointQuery<'_> {
    /// Whether the question can be answered.
    ///
    /// # Errors
    /// When the area is not registered, the measure is not for that period, or its quantity lacks a dimension.
    pub fn check(&self, areas: &Areas) -> Result<(), QueryError> {
        if areas.get(self.area.as_str()).is_none() {
            return Err(QueryError::Area(self.area.to_string()));
        }
        if self.range.is_some() && matches!(self.measure.source(), Some(Source::Observed(_))) {
            return Err(QueryError::Range(self.measure.id.to_string()));
        }
        if self.range.is_none() && !self.measure.allows(self.grain) {
            let mut allowed: Vec<String> = vec![self.measure.period.to_string()];
            allowed.extend(self.measure.periods.iter().map(ToString::to_string));
            allowed.dedup();
            return Err(QueryError::Grain {
                measure: self.measure.id.to_string(),
                grain: self.grain,
                allowed: allowed.join(", "),
            });
        }
        let Some(source) = self.measure.source() else {
            return Ok(());
        };
        for dimension in self.filter.0.keys() {
            if !source.has_dimension(dimension) || dimension == "grain" {
                let allowed = match source {
                    Source::Coded(coded) if coded.filters().next().is_some() => {
                        coded.filters().collect::<Vec<_>>().join(", ")
                    }
                    Source::Coded(_) => "none".to_owned(),
                    Source::Observed(_) => "those that the series is published by".to_owned(),
                };
                return Err(QueryError::Dimension {
                    measure: self.measure.id.to_string(),
                    dimension: dimension.clone(),
                    allowed,
                });
            }
        }
        Ok(())
    }

    /// Whether the values asked for are values of their dimensions: those a dimension is limited to, or else those that
    /// cells have. Where nothing at all was counted yet, there is nothing to hold them against.
    ///
    /// # Errors
    /// The first dimension with a value that it has not.
    pub fn check_values(&self, cells: &Cells) -> Result<(), QueryError> {
        let quantity = self.measure.quantity.as_str();
        for (dimension, values) in &self.filter.0 {
            let codes = match self.measure.source() {
                Some(Source::Coded(coded)) => dimension::codes(coded, dimension),
                _ => None,
            };
            let listed = codes.as_ref().map(|codes| codes.join(", "));
            let known: Vec<&str> = match codes {
                Some(codes) => codes,
                None if cells.areas_of(quantity).is_empty() => continue,
                None => dimension::seen(cells, quantity, dimension)
                    .into_iter()
                    .collect(),
            };
            if values.iter().all(|value| known.contains(&value.as_str())) {
                continue;
            }
            return Err(QueryError::Value {
                dimension: dimension.clone(),
                known: listed.map_or_else(String::new, |codes| format!("; it has {codes}")),
            });
        }
        Ok(())
    }
}

/// The period of a measure's points in an area where none is asked for: the measure's own, or for a return that is
/// reported by longer ones only, the shortest of those.
#[must_use]
pub fn default_grain(cells: &Cells, areas: &Areas, measure: &Measure, area: &AreaId) -> Grain {
    match measure.source() {
        Some(Source::Observed(_)) => observed::best_grain(cells, areas, measure, area),
        _ => measure.period,
    }
}

/// The services by which organisations stand for a place in a measure; none where the place's own numbers are shown.
pub(crate) fn standing_for<'a>(
    cells: &Cells,
    areas: &'a Areas,
    measure: &Measure,
    place: &'a AreaId,
) -> Vec<&'a Serves> {
    match measure.source() {
        Some(Source::Observed(_)) => observed::standing_for(cells, areas, measure, place),
        _ => Vec::new(),
    }
}

/// A number before it is judged ripe or not.
#[derive(Clone, Debug, Default, PartialEq)]
struct Raw {
    value: Option<f64>,
    numerator: Option<f64>,
    denominator: Option<f64>,
    n: Option<i64>,
    people: Option<(i64, i64)>,
    note: Option<Note>,
    /// Its sources have not reported to its end, so there may be more to come.
    partly_reported: bool,
    /// The publisher suppressed it, or a part of it.
    suppressed: bool,
    /// The publisher says that it, or a part of it, may change.
    provisional: bool,
}

impl Raw {
    fn of(value: f64, n: i64) -> Self {
        Self {
            value: Some(value),
            n: Some(n),
            ..Self::default()
        }
    }

    fn part(numerator: f64, denominator: f64, n: i64) -> Self {
        if denominator == 0.0 {
            return Self {
                numerator: Some(numerator),
                denominator: Some(denominator),
                n: Some(n),
                note: Some("nothing to divide by: no cases in the period".into()),
                ..Self::default()
            };
        }
        Self {
            value: Some(numerator / denominator),
            numerator: Some(numerator),
            denominator: Some(denominator),
            n: Some(n),
            ..Self::default()
        }
    }

    fn missing(note: impl Into<Note>) -> Self {
        Self {
            note: Some(note.into()),
            ..Self::default()
        }
    }

    fn suppressed() -> Self {
        Self {
            suppressed: true,
            ..Self::missing("suppressed by its publisher, in whole or in part")
        }
    }
}

/// The filters that a question comes to: what is counted, what it is counted out of.
struct Sieve {
    whole: Filter,
    part: Option<Filter>,
    /// The numerator takes everything but `unknown` of this dimension.
    known: Option<String>,
}

impl Sieve {
    fn of(query: &PointQuery<'_>) -> Self {
        let mut asked = query.filter.clone();
        let mut part = query.measure.numerator.clone();
        let mut known = None;
        if let Some(parts) = &query.measure.parts {
            match asked.0.remove_entry(parts.as_str()) {
                Some((dimension, values)) => {
                    part = Some(Filter([(dimension, values)].into()));
                }
                None => known = Some(parts.to_string()),
            }
        }
        let whole = query.measure.filter.and(&asked);
        let part = part.map(|p| whole.and(&p));
        Self { whole, part, known }
    }

    /// Whether a breakdown is in the numerator, given that it is in the whole.
    fn in_part(&self, breakdown: &[(Box<str>, Box<str>)]) -> bool {
        if let Some(known) = &self.known {
            return breakdown
                .iter()
                .any(|(d, v)| **d == **known && &**v != dimension::UNKNOWN);
        }
        self.part.as_ref().is_none_or(|p| p.passes(breakdown))
    }

    /// The filter for the quantity that is divided by: without the dimensions it lacks.
    fn of_over(&self, over: Source<'_>) -> Filter {
        let mut filter = self.whole.clone();
        filter
            .0
            .retain(|dimension, _| over.has_dimension(dimension));
        filter
    }
}

/// The points of a measure for an area: every expected period, oldest first. Nothing at all when the area never had
/// any data and no `from` is given.
#[must_use]
pub fn points(basis: &Basis<'_>, areas: &Areas, query: &PointQuery<'_>) -> Vec<Point> {
    let Some(source) = query.measure.source() else {
        return Vec::new();
    };
    let sieve = Sieve::of(query);
    let (frame, raws) = match source {
        Source::Coded(quantity) => event_fed::raws(basis, areas, query, &sieve, quantity),
        Source::Observed(_) => observed::raws(basis.cells(query.measure), areas, query, &sieve),
    };
    frame
        .periods
        .iter()
        .zip(raws)
        .map(|(period, raw)| point(query, *period, raw))
        .collect()
}

fn point(query: &PointQuery<'_>, period: Period, mut raw: Raw) -> Point {
    let mut state = if raw.suppressed {
        State::Suppressed
    } else if period.over_at() > query.now || raw.partly_reported {
        State::Incomplete
    } else if raw.value.is_none() {
        State::without_value(raw.n)
    } else if period.ripe_at(query.measure.maturity()) > query.now || raw.provisional {
        State::Provisional
    } else {
        State::Final
    };
    let least = query.measure.min_n();
    if let (Some(n), Some(_)) = (raw.n, raw.value)
        && least > 1
        && n < least
    {
        raw.value = None;
        raw.note = Some(Note::TooFewCases { n, least });
        if state != State::Incomplete {
            // An order statistic of few is unsteady; a share of few reveals them.
            state = match query.measure.aggregate {
                Aggregate::Median | Aggregate::Percentile(_) => State::Empty,
                _ => State::Suppressed,
            };
        }
        // Their sum would say what the value may not, while a period runs too.
        (raw.numerator, raw.denominator) = (None, None);
    }
    let divide_by = query.measure.divide_by;
    // The two of a mean are what it is made of, in its unit.
    if query.measure.aggregate == Aggregate::Mean {
        raw.numerator = raw.numerator.map(|sum| sum / divide_by);
    }
    Point {
        period_start: period.start,
        period_end: period.end,
        value: raw.value.map(|v| v / divide_by),
        numerator: raw.numerator,
        denominator: raw.denominator,
        n: raw.n,
        people: raw.people,
        state,
        note: raw.note,
    }
}

/// How many people a rate is of: as registered, or the sum of the areas directly within when each has a number.
#[must_use]
pub fn population(areas: &Areas, id: &AreaId, which: Population) -> Option<u64> {
    let area = areas.get(id.as_str())?;
    let own = match which {
        Population::Adults => area.population_18,
        Population::Older => area.population_65,
    };
    if let Some(own) = own {
        return Some(u64::from(own)).filter(|n| *n > 0);
    }
    // Providers have patients and no residents.
    let lived_in = |c: &&AreaId| !areas.get(c.as_str()).is_some_and(|a| a.kind.is_provider());
    let children = areas.children(id).iter().filter(lived_in).cloned();
    // One may be a part of another.
    let children = outermost(areas, children.collect());
    if children.is_empty() {
        return None;
    }
    children.iter().map(|c| population(areas, c, which)).sum()
}

fn no_population(which: Population) -> String {
    let who = match which {
        Population::Adults => "population_18",
        Population::Older => "population_65",
    };
    format!("the register of areas has no {who} for it")
}

/// The date that it is now, in London.
fn today(query: &PointQuery<'_>) -> NaiveDate {
    local::date(query.now)
}

/// Those of some areas that are not within another of them: a report of an area holds what its parts report, whichever
/// way leads to them.
fn outermost(areas: &Areas, ids: Vec<AreaId>) -> Vec<AreaId> {
    let parts: std::collections::BTreeSet<AreaId> = ids
        .iter()
        .flat_map(|id| areas.within(id).into_iter().filter(move |part| part != id))
        .collect();
    ids.into_iter().filter(|id| !parts.contains(id)).collect()
}

/// The nearest areas below one that have something; the area itself when `own` and it has.
fn nearest(areas: &Areas, id: &AreaId, own: bool, has: &impl Fn(&AreaId) -> bool) -> Vec<AreaId> {
    if own && has(id) {
        return vec![id.clone()];
    }
    let mut found = std::collections::BTreeSet::new();
    let mut open: Vec<&AreaId> = areas.children(id).iter().collect();
    while let Some(next) = open.pop() {
        if has(next) {
            found.insert(next.clone());
        } else {
            open.extend(areas.children(next));
        }
    }
    found.into_iter().collect()
}
