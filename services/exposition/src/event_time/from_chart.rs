//! A chart's series.

use super::{Found, Wanted, series};
use crate::names::{self, Metric};
use crate::run_charts::{PER_CHART, PER_PERIOD, Shown, ShownPeriod, shown, states};
use crate::unit::Unit;
use joinedup_promql::series::{NAME, Sample};
use joinedup_spc::Variation;
use joinedup_spc::rules::Rule;
use joinedup_views::chart::Chart;
use joinedup_views::measure::Measure;

const VARIATIONS: [Variation; 9] = [
    Variation::NotJudged,
    Variation::CommonCause,
    Variation::ImprovementHigh,
    Variation::ImprovementLow,
    Variation::ConcernHigh,
    Variation::ConcernLow,
    Variation::NeitherHigh,
    Variation::NeitherLow,
    Variation::Undirected,
];

/// Offers the series of a chart. One without any number has none.
pub fn offer(chart: &Chart, measure: &Measure, wanted: &Wanted<'_>, found: &mut Found<'_>) {
    if chart.points.iter().all(|p| p.point.state.is_absent()) {
        return;
    }
    let shown = shown(chart, measure, usize::MAX);
    // The latest comes first there.
    let periods: Vec<&ShownPeriod> = shown.periods.iter().rev().collect();
    let unit = Some(shown.unit);
    let labels = [
        chart.measure.as_str(),
        chart.area.as_str(),
        chart.period.code(),
    ];
    let is_wanted = |name: &str| wanted.any(&[(NAME, name)]);
    for (at, metric) in PER_PERIOD.iter().enumerate() {
        if is_wanted(&metric.name_for(unit)) {
            found.offer(series(
                metric,
                unit,
                &labels,
                samples(&periods, |p| p.values[at]),
            ));
        }
    }
    if is_wanted(names::PERIOD_STATE.name) {
        for word in states() {
            let is = |p: &ShownPeriod| Some(f64::from(u8::from(p.state == word)));
            let labels = [labels[0], labels[1], labels[2], word];
            found.offer(series(
                &names::PERIOD_STATE,
                None,
                &labels,
                samples(&periods, is),
            ));
        }
    }
    if shown.alert.is_some() && is_wanted(names::SIGNAL.name) {
        for rule in Rule::ALL.map(Rule::code) {
            let met = |p: &ShownPeriod| {
                p.values[0]?;
                let met = p
                    .signals
                    .iter()
                    .any(|(known, met)| *known == rule && *met == 1);
                Some(f64::from(u8::from(met)))
            };
            let labels = [labels[0], labels[1], labels[2], rule];
            found.offer(series(
                &names::SIGNAL,
                None,
                &labels,
                samples(&periods, met),
            ));
        }
    }
    now(&shown, &periods, labels, found);
}

/// Offers every series that a chart can have, with one sample that always holds.
pub fn offer_possible(measure: &Measure, area: &str, wanted: &Wanted<'_>, found: &mut Found<'_>) {
    let (unit, _) = Unit::of(measure);
    let chart = [measure.id.as_str(), area, measure.period.code()];
    let always = Sample {
        at: i64::MIN,
        until: i64::MAX,
        value: 1.0,
    };
    let mut offer = |metric: &Metric, more: &[&str]| {
        let name = metric.name_for(Some(unit));
        if !wanted.any(&[(NAME, &name)]) {
            return;
        }
        if more.is_empty() {
            found.offer(series(metric, Some(unit), &chart, vec![always]));
        }
        for value in more {
            let labels = [chart[0], chart[1], chart[2], value];
            found.offer(series(metric, Some(unit), &labels, vec![always]));
        }
    };
    for metric in PER_PERIOD
        .iter()
        .chain(&PER_CHART)
        .chain(&[&names::RUN_LENGTH])
    {
        offer(metric, &[]);
    }
    offer(&names::SIGNAL, &Rule::ALL.map(Rule::code));
    offer(&names::PERIOD_STATE, &states());
    offer(&names::ALERT, &VARIATIONS.map(Variation::code));
}

/// What a chart says now: from the latest judged period on.
fn now(shown: &Shown, periods: &[&ShownPeriod], labels: [&str; 3], found: &mut Found<'_>) {
    let Some(latest) = periods.iter().rev().find(|p| p.values[0].is_some()) else {
        return;
    };
    let one = |value: f64| {
        vec![Sample {
            at: latest.begins.timestamp_millis(),
            until: i64::MAX,
            value,
        }]
    };
    for (metric, value) in PER_CHART.iter().zip(shown.values) {
        if let Some(value) = value.filter(|v| v.is_finite()) {
            found.offer(series(metric, Some(shown.unit), &labels, one(value)));
        }
    }
    if let Some((alert, variation)) = shown.alert {
        let labels = [labels[0], labels[1], labels[2], variation];
        found.offer(series(
            &names::ALERT,
            None,
            &labels,
            one(f64::from(u8::from(alert))),
        ));
    }
    if let Some(run) = shown.run_length {
        found.offer(series(&names::RUN_LENGTH, None, &labels, one(run as f64)));
    }
}

/// One sample for each period that has a value; it ends with its period.
fn samples(periods: &[&ShownPeriod], value: impl Fn(&ShownPeriod) -> Option<f64>) -> Vec<Sample> {
    periods
        .iter()
        .filter_map(|p| {
            Some(Sample {
                at: p.begins.timestamp_millis(),
                until: p.ends.timestamp_millis(),
                value: value(p).filter(|v| v.is_finite())?,
            })
        })
        .collect()
}
