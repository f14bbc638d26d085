//! A new baseline that a chart's own points suggest.

use super::Answer;
use crate::chart::{sampling, spc_direction};
use crate::measure::Measure;
use crate::period::in_a_year;
use chrono::NaiveDate;
use joinedup_spc::{Chart, Options, Point, RephaseProposal, propose_rephase};

/// The first day of a new baseline that the points suggest, with the reasons; none where nothing lasting has changed for the
/// better, or where the season may explain it. Nobody has to follow it: a new baseline is a decision.
#[must_use]
pub fn suggestion(measure: &Measure, answer: &Answer) -> Option<(NaiveDate, RephaseProposal)> {
    let chart = &answer.chart;
    let verdict = chart.verdict.as_ref()?;
    let point = |p: &crate::chart::ChartPoint| Point {
        x: p.point.period_start.to_string(),
        value: p.point.value,
        n: None,
        sd: None,
        judged: p.point.is_judged(),
    };
    let points: Vec<Point> = chart.points.iter().map(point).collect();
    let place = |start| {
        let mut starts = chart.points.iter().map(|p| p.point.period_start);
        starts.position(|period| period == start)
    };
    // Values of a place on their own scale: what has no median is drawn about a mean.
    let kind = if verdict.median.is_some() {
        Chart::Run
    } else {
        Chart::Xmr
    };
    let options = Options {
        baseline: Some(usize::from(measure.baseline).max(2)),
        phases: chart
            .phases
            .iter()
            .skip(1)
            .filter_map(|p| place(p.start))
            .collect(),
        profile: verdict.profile,
        sampling: sampling(
            measure,
            chart.period,
            chart.points.first().map(|p| p.point.period_start),
        ),
        season: in_a_year(chart.period),
        ..Options::new(kind, spc_direction(measure.direction))
    };
    let proposal = propose_rephase(&points, &options).ok().flatten()?;
    Some((
        chart.points.get(proposal.start)?.point.period_start,
        proposal,
    ))
}
