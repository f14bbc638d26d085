//! One question, one answer: the only door between a view and whoever shows a chart.
//!
//! A [`Question`] goes in and whole charts come out: points with their states, the verdict, suppression for the
//! audience, targets and baselines that people decided, annotations, and the position of the log that all of it is of.
//! JSON, CSV, pictures, pages, both scrapes, funnels, PromQL and alerts are made from these answers; none of them
//! reads cells by itself, so none can forget that a source is silent or a number is small.

mod basis;
mod discoveries;
mod edition;
mod suggestion;

use crate::cell::Filter;
use crate::changes::{Annotation, ChangeSpan, Judged, TargetStep};
use crate::chart::{Chart, ChartQuery, of_points};
use crate::expectation::Expectations;
use crate::footprint;
use crate::measure::{ChartKind, Measure};
use crate::measures::Measures;
use crate::period::{Grain, Period};
use crate::point::{Point, PointQuery, QueryError, default_grain};
use crate::suppression::{Audience, Policy, published};
pub use basis::Basis;
use chrono::{DateTime, NaiveDate, Utc};
pub use discoveries::{Discoveries, FALSE_SHARE};
pub use edition::{CellsOf, Edition};
use joinedup_events::area::Areas;
use joinedup_events::{AreaId, local};
use serde::Serialize;
use std::collections::BTreeMap;
pub use suggestion::suggestion;

/// The most periods that one chart has.
pub const MAX_PERIODS: i64 = 5_000;

/// What questions refer to: the register of areas, the measures, and the rule for small numbers.
#[derive(Clone, Copy, Debug)]
pub struct Definitions<'a> {
    /// The register of areas.
    pub areas: &'a Areas,
    /// The measures.
    pub measures: &'a Measures,
    /// Which areas the rules for small numbers hold for.
    pub policy: &'a Policy,
    /// How often sources are expected to report, where it is set.
    pub expectations: &'a Expectations,
}

/// Which span of time is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Every period of a length, the measure's own where none is named.
    Periods {
        /// The length.
        grain: Option<Grain>,
        /// The first period is the one that holds this date; none: the first with data.
        from: Option<NaiveDate>,
        /// The last period is the one that holds this date, or today.
        to: Option<NaiveDate>,
    },
    /// Any run of days as one period, such as the last 28.
    Days(Period),
}

impl Span {
    /// From which date on periods are shown, where not from the first with data.
    const fn shown_from(&self) -> Option<NaiveDate> {
        match self {
            Self::Periods { from, .. } => *from,
            Self::Days(_) => None,
        }
    }

    /// Every period of the measure's own length.
    pub const ALL: Self = Self::Periods {
        grain: None,
        from: None,
        to: None,
    };
}

/// A question for charts of one measure.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The measure's id.
    pub measure: &'a str,
    /// The areas, each of which gets a chart.
    pub areas: &'a [AreaId],
    /// The span of time.
    pub span: Span,
    /// A breakdown: dimensions and values.
    pub filter: &'a Filter,
    /// How it is drawn and judged, where not as the measure says.
    pub kind: Option<ChartKind>,
    /// Who reads.
    pub audience: Audience,
    /// What to believe among all charts that this audience may see; none: each chart is judged as if it were the only one.
    pub among: Option<Discoveries>,
    /// The present instant: a period that has not ended by it is incomplete.
    pub now: DateTime<Utc>,
}

impl<'a> Question<'a> {
    /// A measure in areas, all else as usual.
    #[must_use]
    pub fn new(
        measure: &'a str,
        areas: &'a [AreaId],
        audience: Audience,
        now: DateTime<Utc>,
    ) -> Self {
        static WHOLE: Filter = Filter(BTreeMap::new());
        Self {
            measure,
            areas,
            span: Span::ALL,
            filter: &WHOLE,
            kind: None,
            audience,
            among: None,
            now,
        }
    }
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    // What was asked for is not repeated: an identifier may have slipped into the address.
    /// The measure is not known.
    #[error("No measure has that id; GET /api/v1/measures lists them")]
    Measure,
    /// The area is not registered.
    #[error("There is no such area in the register; GET /api/v1/areas lists them")]
    Area,
    /// `from` lies after `to`.
    #[error("`from` must not be after `to`")]
    Order,
    /// Too many periods.
    #[error("`from` and `to` are more than {MAX_PERIODS} periods apart: ask for a longer period")]
    Periods,
    /// What was known then is not for this audience.
    #[error(
        "`as_known_at` is for operators where small numbers of people are suppressed: two looks at one of them would tell whom they differ by"
    )]
    Past,
    /// The measure has no such period, breakdown or value.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// A chart with what belongs on it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Chart")
)]
pub struct Answer {
    /// The chart.
    #[serde(flatten)]
    pub chart: Chart,
    /// Improvement changes that should move the measure here.
    pub changes: Vec<Annotation>,
    /// The targets with the day from which each holds, for the picture.
    #[serde(skip)]
    pub targets: Vec<TargetStep>,
    /// When those changes were tested, for the picture.
    #[serde(skip)]
    pub tested: Vec<ChangeSpan>,
    /// The chart is as it was known at this instant; none: as it is known now.
    pub as_known_at: Option<DateTime<Utc>>,
    /// The position in the log that the chart is of; for a reader that of their edition, also where the numbers are newer.
    pub as_of_position: u64,
    /// Up to when it holds what was received; for a reader to the minute.
    pub as_of: DateTime<Utc>,
}

impl Answer {
    /// What a comparison of before and after is made of: no points where most are suppressed.
    #[must_use]
    pub fn judged(&self) -> Judged {
        // What is left of it are its large values.
        if self.chart.mostly_suppressed() {
            return Judged {
                mostly_suppressed: true,
                ..Judged::default()
            };
        }
        let points = self.chart.whole().filter(|p| p.is_sampled);
        let points = points.map(|p| &p.point);
        let points = points
            .filter(|p| p.is_judged())
            .filter_map(|p| Some((p.period(), p.value?)));
        let baselines = self.chart.phases.iter().skip(1).map(|phase| phase.start);
        Judged {
            points: points.collect(),
            baselines: baselines.collect(),
            mostly_suppressed: false,
        }
    }
}

/// Answers a question: a chart for each of its areas that has a point, in the order of the areas' ids. An area that
/// never had data has an answer without points.
///
/// # Errors
/// When the measure or an area is not known, or the measure is not offered so.
pub fn ask(
    basis: &Basis<'_>,
    definitions: &Definitions<'_>,
    question: &Question<'_>,
) -> Result<Vec<Answer>, AskError> {
    let from = question.span.shown_from();
    Ok(points_of(basis, definitions, question, Shown::Judged)?
        .into_iter()
        .map(|(measure, query, area, points)| {
            let now = query.now;
            let today = local::date(now);
            let rebases = basis.rebases(measure, &area);
            let title = |id: &AreaId| {
                let area = definitions.areas.get(id.as_str());
                area.map_or_else(|| id.to_string(), |area| area.title.clone())
            };
            let joined = basis.joined(definitions.areas, measure, &area);
            let joined: Vec<_> = joined
                .iter()
                .map(|(part, day)| (title(part), *day))
                .collect();
            let footprint = footprint::of(basis.cells(measure), definitions.areas, measure, &area);
            let query = ChartQuery {
                kind: question.kind,
                rebases: &rebases,
                joined: &joined,
                target: basis.target(measure, &area, today),
                footprint: footprint.as_ref(),
                ..ChartQuery::new(PointQuery {
                    area: &area,
                    ..query
                })
            };
            let mut chart = of_points(&query, title(&area), points);
            if let Some(from) = from {
                chart.show_from(from);
            }
            let mut answer = Answer {
                chart,
                changes: basis.annotations(definitions.areas, measure, &area),
                targets: basis.target_steps(measure, &area, today),
                tested: basis.tested(definitions.areas, measure, &area),
                as_known_at: basis.as_known_at,
                as_of_position: basis.shown_position(),
                as_of: question
                    .audience
                    .shown_instant(basis.as_of(measure).unwrap_or(now)),
            };
            if let Some(discoveries) = &question.among {
                discoveries.apply(&mut answer);
            }
            answer
        })
        .collect())
}

/// The points alone of the same question, for a number that no chart rule judges: a rolling window, a funnel's period.
///
/// # Errors
/// As [`ask`].
pub fn ask_points(
    basis: &Basis<'_>,
    definitions: &Definitions<'_>,
    question: &Question<'_>,
) -> Result<BTreeMap<AreaId, Vec<Point>>, AskError> {
    Ok(points_of(basis, definitions, question, Shown::Alone)?
        .into_iter()
        .map(|(_, _, area, points)| (area, points))
        .collect())
}

type AreaPoints<'a> = (&'a Measure, PointQuery<'a>, AreaId, Vec<Point>);

/// What points are for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// To be judged: all there are, also where fewer are to be shown. Whoever chooses where a chart begins would choose its centre
    /// line otherwise, and with it what the chart says.
    Judged,
    /// By themselves.
    Alone,
}

fn points_of<'a>(
    basis: &Basis<'_>,
    definitions: &Definitions<'a>,
    question: &Question<'a>,
    shown: Shown,
) -> Result<Vec<AreaPoints<'a>>, AskError> {
    let measure = definitions
        .measures
        .get(question.measure)
        .ok_or(AskError::Measure)?;
    let Some(first) = question.areas.first() else {
        return Ok(Vec::new());
    };
    if question
        .areas
        .iter()
        .any(|a| definitions.areas.get(a.as_str()).is_none())
    {
        return Err(AskError::Area);
    }
    let sees_past = |area: &AreaId| {
        let (who, policy) = (question.audience, definitions.policy);
        who.sees_past(measure, definitions.areas, area, policy)
    };
    if basis.as_known_at.is_some() && !question.areas.iter().all(sees_past) {
        return Err(AskError::Past);
    }
    let mut found = Vec::new();
    for (grain, of_grain) in by_grain(basis, definitions, measure, question) {
        let (from, to, range) = match question.span {
            Span::Periods { from, to, .. } => (from, to, None),
            Span::Days(range) => (None, None, Some(range)),
        };
        let query = PointQuery {
            measure,
            area: first,
            grain,
            from,
            to,
            range,
            filter: question.filter,
            now: basis.now(measure, question.now),
        };
        query.check(definitions.areas)?;
        check_span(&query)?;
        query.check_values(basis.cells(measure))?;
        let published = |query: &PointQuery<'_>, areas: &[AreaId]| {
            let (register, who) = (definitions.areas, question.audience);
            published(basis, register, query, areas, who, definitions.policy)
        };
        let points = match from.filter(|_| shown == Shown::Judged) {
            None => published(&query, &of_grain),
            Some(from) => {
                let whole = PointQuery {
                    from: None,
                    ..query
                };
                let mut points = published(&whole, &of_grain);
                // What is asked from before the data began is shown as missing.
                let reaches = |p: &Point| p.period_start <= from;
                let begun_later = points
                    .iter()
                    .filter(|(_, p)| !p.first().is_some_and(reaches));
                let begun_later: Vec<AreaId> = begun_later.map(|(area, _)| area.clone()).collect();
                if !begun_later.is_empty() {
                    points.extend(published(&query, &begun_later));
                }
                points
            }
        };
        let with_query = |(area, points)| (measure, query, area, points);
        found.extend(points.into_iter().map(with_query));
    }
    found.sort_by(|(_, _, a, _), (_, _, b, _)| a.cmp(b));
    Ok(found)
}

/// The areas of a question by the length of their periods: the one that is asked for, or else the one by which an area
/// is best shown.
fn by_grain(
    basis: &Basis<'_>,
    definitions: &Definitions<'_>,
    measure: &Measure,
    question: &Question<'_>,
) -> BTreeMap<Grain, Vec<AreaId>> {
    let asked = match question.span {
        Span::Periods { grain, .. } => grain,
        Span::Days(_) => Some(measure.period),
    };
    let mut areas: BTreeMap<Grain, Vec<AreaId>> = BTreeMap::new();
    for area in question.areas {
        let best = || default_grain(basis.cells(measure), definitions.areas, measure, area);
        let grain = asked.unwrap_or_else(best);
        areas.entry(grain).or_default().push(area.clone());
    }
    areas
}

fn check_span(query: &PointQuery<'_>) -> Result<(), AskError> {
    if let (Some(from), Some(to)) = (query.from, query.to)
        && from > to
    {
        return Err(AskError::Order);
    }
    let days = match query.grain {
        Grain::Day => 1,
        Grain::Week => 7,
        Grain::Month => 28,
        Grain::Quarter => 90,
        Grain::Year => 365,
    };
    let Some(from) = query.from else {
        return Ok(());
    };
    let to = query.to.unwrap_or(local::date(query.now));
    if (to - from).num_days() / days > MAX_PERIODS {
        return Err(AskError::Periods);
    }
    Ok(())
}
