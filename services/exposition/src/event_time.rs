//! Series on event time: what `/metrics/run-charts` labels by period, with the period's beginning as the time of the
//! sample, and the whole history. Selectors are looked at before anything is worked out, so that a question for one
//! chart costs one chart.

mod document;
mod from_chart;

pub use document::document;

use crate::names::{self, Metric};
use crate::run_charts::{PER_CHART, PER_PERIOD};
use crate::sample::Samples;
use crate::unit::Unit;
use crate::{current, decisions};
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_application::app::App;
use joinedup_application::discoveries::discoveries;
use joinedup_application::places::{Places, with_data};
use joinedup_events::{AreaId, local};
use joinedup_promql::Refusal;
use joinedup_promql::series::{Labels, Matcher, NAME, Sample, Series, may_have, selects};
use joinedup_views::ask::{Basis, CellsOf, Discoveries, Edition, Question, ask};
use joinedup_views::chart::Chart;
use joinedup_views::measure::Measure;
use joinedup_views::ratings::Rating;
use joinedup_views::suppression::Audience;
use joinedup_views::view::View;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most charts behind one answer.
pub const MAX_CHARTS: usize = 4_000;
/// The most charts whose labels alone are asked for.
const MAX_NAMED: usize = 50_000;
/// The most series that one selector may find.
pub const MAX_SERIES: usize = 20_000;
/// Up to so many charts are worked out while the view is held; for more, the cells are copied, so that folding need
/// not wait.
const CHARTS_HELD: usize = 200;

/// Metrics of one number or state a period.
static PERIODS: [&Metric; 2] = [&names::SIGNAL, &names::PERIOD_STATE];
/// Metrics of a chart as it is now.
static NOW: [&Metric; 2] = [&names::ALERT, &names::RUN_LENGTH];
/// Metrics of ratings.
static RATINGS: [&Metric; 3] = [&names::LEVEL, &names::AMBITION, &names::ROUND_LEVEL];
/// Metrics of improvement cycles.
static CYCLES: [&Metric; 2] = [&names::CYCLE_START, &names::CYCLE_FINISH];

/// What measures, areas, outcomes and rated elements are called.
static INFO: [&Metric; 5] = [
    &names::MEASURE_INFO,
    &names::AREA_INFO,
    &names::AREA_ORDER,
    &names::OUTCOME_INFO,
    &names::ELEMENT_INFO,
];

/// Every metric that there is on event time.
pub fn metrics() -> impl Iterator<Item = &'static Metric> {
    of_charts().chain(RATINGS).chain(CYCLES).chain(INFO)
}

fn of_charts() -> impl Iterator<Item = &'static Metric> {
    PER_PERIOD
        .into_iter()
        .chain(PERIODS)
        .chain(PER_CHART)
        .chain(NOW)
}

/// The labels of a metric here: a period's beginning is the time of its sample. A rule is one series, whatever each of its
/// periods means.
pub fn labels(metric: &Metric) -> impl Iterator<Item = &'static str> {
    let by_period = metric.labels.contains(&"period_start");
    metric
        .labels
        .iter()
        .copied()
        .filter(move |l| !(by_period && ["period_start", "variation"].contains(l)))
}

/// Refuses a selector of metrics that there are not on event time: an empty answer would read as a zero.
///
/// # Errors
/// A sentence that says where they are.
pub fn known(selectors: &[Vec<Matcher>]) -> Result<(), Refusal> {
    let here: Vec<String> = metrics().flat_map(Metric::names).collect();
    for selector in selectors {
        if here.iter().any(|name| may_have(selector, NAME, name)) {
            continue;
        }
        let elsewhere = names::ALL
            .iter()
            .flat_map(|m| m.names())
            .find(|name| may_have(selector, NAME, name));
        return Err(Refusal::Query(match elsewhere {
            Some(name) => format!(
                "{name} is a number of now and not on event time: ask the Prometheus that scrapes joinedup"
            ),
            None => "a selector asks for a metric that is not on event time; label/__name__/values lists those that are"
                .to_owned(),
        }));
    }
    Ok(())
}

/// What selectors find, each by itself, all of one moment.
///
/// # Errors
/// When there is no view in this process, or they find too much.
pub fn select(
    app: &App,
    audience: Audience,
    selectors: &[Vec<Matcher>],
) -> Result<Vec<Vec<Series>>, Refusal> {
    let mut found = vec![Vec::new(); selectors.len()];
    let mut too_many = false;
    let mut take = |selector: usize, series: Series| {
        let found: &mut Vec<Series> = &mut found[selector];
        too_many |= found.len() == MAX_SERIES;
        if !too_many {
            found.push(series);
        }
    };
    find(app, audience, selectors, Depth::Samples, &mut take)?;
    if too_many {
        return Err(Refusal::Execution(format!(
            "a selector finds more than {MAX_SERIES} series: name a measure, an area or a metric"
        )));
    }
    for found in &mut found {
        found.sort_by(|a, b| a.labels.cmp(&b.labels));
    }
    Ok(found)
}

/// Gives what any of the selectors finds to `take`, for its labels. Where that is many charts, they are not worked out:
/// then series are given that a chart can have, whether it has or not, with one sample that always holds.
///
/// # Errors
/// As [`select`].
pub fn list(
    app: &App,
    audience: Audience,
    selectors: &[Vec<Matcher>],
    mut take: impl FnMut(&Series),
) -> Result<(), Refusal> {
    find(app, audience, selectors, Depth::Labels, &mut |_, series| {
        take(&series)
    })
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// Series with their samples.
    Samples,
    /// Labels.
    Labels,
}

fn find(
    app: &App,
    audience: Audience,
    selectors: &[Vec<Matcher>],
    depth: Depth,
    take: &mut dyn FnMut(usize, Series),
) -> Result<(), Refusal> {
    let (Some(views), Some(home)) = (&app.views, app.home_area()) else {
        return Err(Refusal::Execution(
            "this process has no views; ask the one that projects".into(),
        ));
    };
    let now = app.now();
    let wanted = Wanted { selectors };
    // Before the view's lock is taken: it is made of the view as well.
    let edition = app.edition(audience);
    let reader = Reader {
        audience,
        among: discoveries(app, audience),
        edition: edition.as_ref(),
        now,
    };
    let taken = views.read(|view| Taken::of(view, app, &home, &wanted, (reader, depth)))?;
    let mut found = Found { selectors, take };
    taken
        .samples
        .series()
        .for_each(|series| found.offer(series));
    if wanted.any_of(&RATINGS) {
        ratings(&taken.ratings, &mut found);
    }
    let found_charts = match taken.charts {
        Charts::Done(charts) => charts,
        Charts::Open(basis, wanted) => charts(&basis, app, &wanted, reader),
        Charts::Named(named) => {
            for (measure, areas) in named {
                for area in &areas {
                    from_chart::offer_possible(measure, area.as_str(), &wanted, &mut found);
                }
            }
            return Ok(());
        }
    };
    for chart in &found_charts {
        if let Some(measure) = app.definitions.measures.get(&chart.measure) {
            from_chart::offer(chart, measure, &wanted, &mut found);
        }
    }
    Ok(())
}

/// What any of the selectors may want.
pub struct Wanted<'s> {
    selectors: &'s [Vec<Matcher>],
}

impl Wanted<'_> {
    fn any(&self, pairs: &[(&str, &str)]) -> bool {
        self.selectors
            .iter()
            .any(|s| pairs.iter().all(|(name, value)| may_have(s, name, value)))
    }

    fn any_of(&self, metrics: &[&'static Metric]) -> bool {
        metrics
            .iter()
            .flat_map(|m| m.names())
            .any(|name| self.any(&[(NAME, &name)]))
    }

    /// Whether a chart's series may be wanted.
    fn chart(&self, measure: &Measure, area: &str) -> bool {
        let unit = Unit::of(measure).0;
        let names: Vec<String> = of_charts().map(|m| m.name_for(Some(unit))).collect();
        let period = measure.period.code();
        let chart = [
            ("measure", measure.id.as_str()),
            ("area", area),
            ("period", period),
        ];
        self.selectors.iter().any(|s| {
            chart.iter().all(|(name, value)| may_have(s, name, value))
                && names.iter().any(|name| may_have(s, NAME, name))
        })
    }
}

/// Takes series to the selectors that want them.
pub struct Found<'s> {
    selectors: &'s [Vec<Matcher>],
    take: &'s mut dyn FnMut(usize, Series),
}

impl Found<'_> {
    fn offer(&mut self, series: Series) {
        if series.samples.is_empty() {
            return;
        }
        for (n, selector) in self.selectors.iter().enumerate() {
            if selects(selector, &series.labels) {
                (self.take)(n, series.clone());
            }
        }
    }
}

enum Charts<'a> {
    /// Worked out.
    Done(Vec<Chart>),
    /// To be worked out.
    Open(Box<Basis<'static>>, Vec<(&'a Measure, Vec<AreaId>)>),
    /// Only to be named.
    Named(Vec<(&'a Measure, Vec<AreaId>)>),
}

/// Who asks, when, and what to believe among all charts.
#[derive(Clone, Copy)]
struct Reader<'a> {
    audience: Audience,
    among: Option<Discoveries>,
    edition: Option<&'a Arc<Edition>>,
    now: DateTime<Utc>,
}

/// What is taken out of the view at one moment.
struct Taken<'a> {
    charts: Charts<'a>,
    ratings: Vec<Rating>,
    samples: Samples,
}

impl<'a> Taken<'a> {
    fn of(
        view: &View,
        app: &'a App,
        home: &AreaId,
        wanted: &Wanted<'_>,
        (reader, depth): (Reader<'_>, Depth),
    ) -> Result<Self, Refusal> {
        let (audience, now) = (reader.audience, reader.now);
        let measures = &app.definitions.measures;
        let cells = CellsOf::view(view, reader.edition.map(|edition| &**edition));
        let places = Places::of(&app.definitions, home, cells, audience);
        let asked = wanted_charts(cells, app, &places, wanted);
        let count: usize = asked.iter().map(|(_, areas)| areas.len()).sum();
        let labels_only = depth == Depth::Labels && count > CHARTS_HELD;
        if count > if labels_only { MAX_NAMED } else { MAX_CHARTS } {
            return Err(Refusal::Execution(format!(
                "the query needs {count} charts, which is too many ({MAX_CHARTS} may be worked out): name a measure or an area"
            )));
        }
        let charts = if labels_only {
            Charts::Named(asked)
        } else {
            let basis = Basis::of(
                view,
                &app.definitions.expectations,
                reader.edition.cloned(),
                asked.iter().map(|(measure, _)| *measure),
            );
            if count <= CHARTS_HELD {
                Charts::Done(charts(&basis, app, &asked, reader))
            } else {
                Charts::Open(Box::new(basis.detached()), asked)
            }
        };
        let mut samples = Samples::default();
        if wanted.any_of(&[&names::MEASURE_INFO]) {
            current::add_measures(&mut samples, measures);
        }
        if wanted.any_of(&[&names::AREA_INFO, &names::AREA_ORDER]) {
            current::add_areas(&mut samples, &app.definitions.areas, &places);
        }
        if wanted.any_of(&[&names::OUTCOME_INFO]) {
            current::add_outcomes(&mut samples, &app.definitions);
        }
        if wanted.any_of(&CYCLES) {
            decisions::add_cycles(&mut samples, view, now);
        }
        let elements = wanted.any_of(&[&names::ELEMENT_INFO]);
        let ratings = if elements || wanted.any_of(&RATINGS) {
            decisions::ratings(view)
        } else {
            Vec::new()
        };
        if elements {
            decisions::add_elements(&mut samples, &ratings, &app.definitions.catalogue);
        }
        Ok(Self {
            charts,
            ratings,
            samples,
        })
    }
}

/// The charts that may be wanted, of measures and areas that have data.
fn wanted_charts<'a>(
    cells: CellsOf<'_>,
    app: &'a App,
    places: &Places,
    wanted: &Wanted<'_>,
) -> Vec<(&'a Measure, Vec<AreaId>)> {
    let mut all = with_data(&app.definitions.for_asking(), &places.all, cells);
    for (measure, areas) in &mut all {
        areas.retain(|area| wanted.chart(measure, area.as_str()));
    }
    all.retain(|(_, areas)| !areas.is_empty());
    all
}

/// The charts of measures and areas.
fn charts(
    basis: &Basis<'_>,
    app: &App,
    wanted: &[(&Measure, Vec<AreaId>)],
    reader: Reader<'_>,
) -> Vec<Chart> {
    let definitions = app.definitions.for_asking();
    let of = |(measure, areas): &(&Measure, Vec<AreaId>)| {
        let question = Question {
            among: reader.among,
            ..Question::new(measure.id.as_str(), areas, reader.audience, reader.now)
        };
        // Every measure allows its own period, and the places are of the register.
        ask(basis, &definitions, &question).unwrap_or_default()
    };
    wanted
        .iter()
        .flat_map(of)
        .map(|answer| answer.chart)
        .collect()
}

/// A series of a metric.
fn series(metric: &Metric, unit: Option<Unit>, values: &[&str], samples: Vec<Sample>) -> Series {
    let name = (Arc::from(NAME), Arc::from(metric.name_for(unit)));
    let pairs = labels(metric).zip(values);
    let pairs = pairs.map(|(name, value)| (Arc::from(name), Arc::from(*value)));
    Series {
        labels: Labels::of(std::iter::once(name).chain(pairs)),
        samples,
    }
}

impl Samples {
    /// Samples of now as series: what holds always begins in 1970, what is an instant begins then; neither ends.
    fn series(&self) -> impl Iterator<Item = Series> {
        self.0.iter().map(|sample| {
            let is_moment = CYCLES.iter().any(|m| m.name == sample.metric.name);
            let at = if is_moment {
                (sample.value * 1_000.0) as i64
            } else {
                0
            };
            let values: Vec<&str> = sample.labels.iter().map(String::as_str).collect();
            let one = Sample {
                at,
                until: i64::MAX,
                value: sample.value,
            };
            series(sample.metric, sample.unit, &values, vec![one])
        })
    }
}

/// When a local date begins, in milliseconds.
fn begins(date: NaiveDate) -> i64 {
    local::midnight(date).timestamp_millis()
}

/// Levels as they were published: each holds until the next one of its item.
fn ratings(ratings: &[Rating], found: &mut Found<'_>) {
    for (labels, rating) in decisions::by_item(ratings) {
        let history = &rating.history;
        // Of several on a day the last one stands.
        let published: BTreeMap<i64, (Option<u8>, &str)> = history
            .published
            .iter()
            .map(|(date, level, round)| (begins(*date), (*level, round.as_str())))
            .collect();
        let levels = samples(published.iter().map(|(at, (level, _))| (*at, *level)));
        found.offer(series(&names::LEVEL, None, &labels, levels));
        let rounds: BTreeSet<&str> = published.values().map(|(_, round)| *round).collect();
        for wanted in rounds {
            let of_round = published.iter().map(|(at, (level, round))| {
                let level = level.filter(|_| *round == wanted);
                (*at, level)
            });
            let [area, framework, item] = labels;
            let labels = [area, framework, item, wanted];
            found.offer(series(
                &names::ROUND_LEVEL,
                None,
                &labels,
                samples(of_round),
            ));
        }
        let wanted = history.wanted.iter();
        let wanted = wanted.map(|(date, level)| (begins(*date), Some(*level)));
        found.offer(series(&names::AMBITION, None, &labels, samples(wanted)));
    }
}

/// Levels as samples, each until the next; where there was none there is no sample.
fn samples(levels: impl Iterator<Item = (i64, Option<u8>)>) -> Vec<Sample> {
    let levels: Vec<(i64, Option<u8>)> = levels.collect();
    let ends = levels.iter().skip(1).map(|(at, _)| *at).chain([i64::MAX]);
    let of = |((at, level), until): (&(i64, Option<u8>), i64)| {
        let value = f64::from((*level)?);
        Some(Sample {
            at: *at,
            until,
            value,
        })
    };
    levels.iter().zip(ends).filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_holds_until_the_next_and_not_rated_ends_it() {
        let samples =
            samples([(10, Some(2)), (20, Some(3)), (30, None), (40, Some(1))].into_iter());
        let seen: Vec<(i64, i64, f64)> = samples.iter().map(|s| (s.at, s.until, s.value)).collect();
        assert_eq!(seen, [(10, 20, 2.0), (20, 30, 3.0), (40, i64::MAX, 1.0)]);
    }
}
