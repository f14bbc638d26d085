//! Everything on `/metrics/run-charts`: each chart's latest periods, with the verdict of the whole chart.

use super::names::{self, Metric};
use super::unit::Unit;
use super::{decisions, text};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use joinedup_application::app::App;
use joinedup_application::discoveries::discoveries;
use joinedup_application::places::{Places, with_data};
use joinedup_events::local;
use joinedup_spc::Variation;
use joinedup_spc::rules::Rule;
use joinedup_views::ask::{Basis, CellsOf, Question, ask};
use joinedup_views::chart::{Chart, ChartPoint};
use joinedup_views::measure::Measure;
use joinedup_views::period::Grain;
use joinedup_views::point::State;
use joinedup_views::ratings::Rating;
use joinedup_views::suppression::Audience;
use std::collections::{BTreeMap, BTreeSet};

/// Every state of a period in a word.
#[must_use]
pub fn states() -> [&'static str; 6] {
    State::ALL.map(State::code)
}

/// A chart as it is written: the beginning of its labels, and its periods, the latest first.
pub struct Shown {
    /// `measure="…",area="…",period="…"`.
    pub labels: String,
    /// Its unit.
    pub unit: Unit,
    /// Its periods, the latest first.
    pub periods: Vec<ShownPeriod>,
    /// Whether its latest judged period is worth telling, and the kind of variation.
    pub alert: Option<(bool, &'static str)>,
    /// Of a chart that is worth telling: when the first of its latest periods began that all meet a rule.
    pub alert_since: Option<DateTime<Utc>>,
    /// How many of the latest judged periods lie on one side.
    pub run_length: Option<i64>,
    /// The number of each metric of [`PER_CHART`].
    pub values: [Option<f64>; PER_CHART.len()],
}

/// The metrics that are one number a chart and have units, in the order of [`Shown::values`].
pub static PER_CHART: [&Metric; 3] = [&names::LATEST, &names::MEDIAN_FIRST, &names::MEDIAN_LATEST];

/// One period as it is written.
pub struct ShownPeriod {
    /// `2026-11-16T00:00:00Z`.
    pub start: String,
    /// When it begins.
    pub begins: DateTime<Utc>,
    /// When it is over.
    pub ends: DateTime<Utc>,
    /// How far it can be trusted.
    pub state: &'static str,
    /// The word of the state that leaves it without a value, where that is shown.
    pub why_absent: Option<&'static str>,
    /// The value of each metric that is one number a period.
    pub values: [Option<f64>; PER_PERIOD.len()],
    /// Rules, with 1 where they are met.
    pub signals: Vec<(&'static str, u8)>,
    /// What its point means.
    pub variation: &'static str,
}

/// The metrics that are one number a period, in the order of [`ShownPeriod::values`].
pub static PER_PERIOD: [&Metric; 7] = [
    &names::RUN_CHART,
    &names::PROVISIONAL,
    &names::MEDIAN,
    &names::GOAL,
    &names::LIMIT_LOWER,
    &names::LIMIT_UPPER,
    &names::DENOMINATOR,
];

impl ShownPeriod {
    /// How many series it makes.
    #[must_use]
    pub fn series(&self) -> usize {
        self.values.iter().flatten().count()
            + self.signals.len()
            + usize::from(self.why_absent.is_some())
    }
}

/// The fewest days that a chart by day has: twelve weeks, which is what boards show of it. As many days as there are weeks
/// in a year would leave out a third of them.
pub const MIN_DAYS: usize = 84;

/// How many periods of a grain are written where so many were asked for.
fn periods_of(grain: Grain, asked: usize) -> usize {
    match grain {
        Grain::Day => asked.max(MIN_DAYS),
        _ => asked,
    }
}

/// All that is written, of one moment.
pub struct Made {
    charts: Vec<Shown>,
    ratings: Vec<Rating>,
    position: u64,
    most: usize,
}

impl Made {
    /// Every chart of now as an audience may see it; none where this process has no views.
    #[must_use]
    pub fn of(app: &App, audience: Audience) -> Option<Self> {
        let (Some(views), Some(home)) = (&app.views, app.home_area()) else {
            return None;
        };
        let now = app.now();
        let among = discoveries(app, audience);
        let definitions = app.definitions.for_asking();
        let measures = definitions.measures;
        // The basis is copied, so that folding waits for the copy and not for a thousand charts.
        let edition = app.edition(audience);
        let (basis, ratings, charted) = views.read(|view| {
            let cells = CellsOf::view(view, edition.as_deref());
            let places = Places::of(&app.definitions, &home, cells, audience);
            let charted = with_data(&definitions, &places.all, cells);
            let basis = Basis::of(
                view,
                definitions.expectations,
                edition.clone(),
                measures.iter(),
            );
            let ratings = decisions::ratings(view);
            (basis.detached(), ratings, charted)
        });
        let periods = app.config.run_chart_periods as usize;
        let mut charts = Vec::new();
        for (measure, areas) in charted {
            let periods = periods_of(measure.period, periods);
            let question = Question {
                among,
                ..Question::new(measure.id.as_str(), &areas, audience, now)
            };
            // Every measure allows its own period, and the places are of the register.
            let answers = ask(&basis, &definitions, &question).unwrap_or_default();
            let with_reports = answers.iter().map(|answer| &answer.chart).filter(|chart| {
                let points = &mut chart.points.iter();
                points.any(|p| !p.point.state.is_absent())
            });
            charts.extend(with_reports.map(|chart| {
                let mut shown = shown(chart, measure, periods);
                // A running period that has no value to show has nothing else to show either.
                shown.periods.retain(|p| {
                    p.state != "incomplete" || p.values[..2].iter().any(Option::is_some)
                });
                shown
            }));
        }
        Some(Self {
            charts,
            ratings,
            position: basis.shown_position(),
            most: app.config.run_chart_series,
        })
    }

    /// Writes the text, piece by piece.
    pub fn write(&self, sink: &mut dyn FnMut(&str)) {
        text::write(&self.charts, &self.ratings, self.position, self.most, sink);
    }
}

/// A chart as it is written: its latest periods.
#[must_use]
pub fn shown(chart: &Chart, measure: &Measure, periods: usize) -> Shown {
    let (unit, factor) = Unit::of(measure);
    let latest = chart.verdict.as_ref().and_then(|v| v.latest);
    let met = met(chart);
    let mut periods: Vec<ShownPeriod> = chart
        .points
        .iter()
        .rev()
        .take(periods)
        .map(|point| {
            let state = point.point.state;
            let judged = state == State::Final;
            let value = point.point.value.map(|v| v * factor);
            let scaled = |value: Option<f64>| value.map(|v| v * factor);
            let start = point.point.period_start;
            let met = met.get(&start);
            ShownPeriod {
                start: instant(start),
                begins: local::midnight(start),
                ends: point.point.period().over_at(),
                state: state.code(),
                why_absent: (state.is_absent() || state == State::Suppressed).then(|| state.code()),
                values: [
                    value.filter(|_| judged),
                    value.filter(|_| !judged),
                    scaled(point.centre),
                    scaled(chart.target),
                    scaled(point.lcl),
                    scaled(point.ucl),
                    // How few stand behind a value that is suppressed would reveal as much as the value.
                    value.and(point.point.denominator.or(point.point.n.map(|n| n as f64))),
                ],
                signals: Rule::ALL
                    .iter()
                    .map(|rule| (rule.code(), u8::from(met.is_some_and(|m| m.contains(rule)))))
                    .filter(|(_, is)| *is == 1 || latest == Some(start))
                    .collect(),
                variation: meaning(chart, point).code(),
            }
        })
        .collect();
    // A chart that has no point at all needs no reason for each of them: most are of small places, all suppressed.
    if periods.iter().all(|p| p.why_absent.is_some()) {
        for period in periods.iter_mut().skip(1) {
            period.why_absent = None;
        }
    }
    Shown {
        labels: format!(
            "measure=\"{}\",area=\"{}\",period=\"{}\"",
            chart.measure,
            chart.area,
            chart.period.code()
        ),
        unit,
        periods,
        alert: chart
            .verdict
            .as_ref()
            .filter(|v| v.latest.is_some())
            .map(|v| (v.alert, v.variation.code())),
        alert_since: alert_since(chart),
        run_length: run_length(chart),
        values: [
            chart
                .points
                .iter()
                .rev()
                .find(|p| p.point.is_judged())
                .and_then(|p| p.point.value),
            chart.points.iter().find_map(|p| p.centre),
            chart.points.iter().rev().find_map(|p| p.centre),
        ]
        .map(|value| value.map(|v| v * factor)),
    }
}

/// The rules that each period meets. Those of a whole phase, such as few crossings, mark no point: where they make the
/// alert they are the latest judged period's, or it would be an alert without a reason.
fn met(chart: &Chart) -> BTreeMap<NaiveDate, BTreeSet<Rule>> {
    let mut met: BTreeMap<NaiveDate, BTreeSet<Rule>> = BTreeMap::new();
    let Some(verdict) = &chart.verdict else {
        return met;
    };
    for signal in &verdict.signals {
        let rules = met.entry(signal.period_start).or_default();
        rules.insert(signal.signal.rule);
    }
    if let Some(latest) = verdict.latest {
        met.entry(latest).or_default().extend(&verdict.alert_rules);
    }
    met
}

/// What a point means: what its own rules say, and where there are none, of the latest judged one, what those of the whole
/// chart say. A board cannot see it from the side on which it lies: a change of level marks the latest point on either side, a
/// long run those on the median too, and a trend begins on the other side.
fn meaning(chart: &Chart, point: &ChartPoint) -> Variation {
    let own = point.variation.unwrap_or(Variation::NotJudged);
    let of_chart = chart.verdict.as_ref().filter(|verdict| {
        verdict.latest == Some(point.point.period_start) && !verdict.alert_rules.is_empty()
    });
    match of_chart {
        Some(verdict) if !own.is_special() => verdict.variation,
        _ => own,
    }
}

/// Since when an alert is about what it is about.
fn alert_since(chart: &Chart) -> Option<DateTime<Utc>> {
    let verdict = chart.verdict.as_ref().filter(|v| v.alert)?;
    verdict.since.map(local::midnight)
}

/// How many of the latest judged points lie on one side of the centre, below 0 when under it; those on it are passed
/// over.
fn run_length(chart: &Chart) -> Option<i64> {
    chart.verdict.as_ref()?.latest?;
    let sides = chart
        .points
        .iter()
        .rev()
        .filter(|p| p.point.is_judged())
        .filter_map(|p| {
            let (value, centre) = (p.point.value?, p.centre?);
            (value != centre).then_some((value > centre, p.phase))
        });
    let (mut run, mut first) = (0, None);
    for side in sides {
        if *first.get_or_insert(side) != side {
            break;
        }
        run += 1;
    }
    Some(if first.is_some_and(|(above, _)| !above) {
        -run
    } else {
        run
    })
}

/// The instant at which a local date begins, in UTC.
#[must_use]
pub fn instant(date: NaiveDate) -> String {
    local::midnight(date).to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests;
