//! A chart: a measure's points for an area, with what chart rules say of them. Points that are not final are drawn and
//! never judged.

mod judge;
mod words;

use crate::cell::Filter;
use crate::footprint::Footprint;
use crate::measure::{ChartKind, Direction, Measure, Shape};
use crate::period::Grain;
use crate::point::{Note, Point, PointQuery, State};
use chrono::NaiveDate;
use joinedup_spc::rules::{Rule, Signal};
use joinedup_spc::{Assurance, LimitsStatus, Profile, Variation};
pub(crate) use judge::{sampling, spc_direction};
use serde::Serialize;
pub use words::period_name;

/// What is asked beside the points.
#[derive(Clone, Copy, Debug)]
pub struct ChartQuery<'a> {
    /// The points.
    pub points: PointQuery<'a>,
    /// How it is drawn, where not as the measure says.
    pub kind: Option<ChartKind>,
    /// Dates from which the centre line starts afresh, as people decided.
    pub rebases: &'a [NaiveDate],
    /// The parts of the area whose data begin after those of others, by their titles, with the day: the centre line starts
    /// afresh there as well.
    pub joined: &'a [(String, NaiveDate)],
    /// The goal, where people set another than the measure's.
    pub target: Option<f64>,
    /// Whose numbers stand for the place, where not its own.
    pub footprint: Option<&'a Footprint>,
}

impl<'a> ChartQuery<'a> {
    /// Everything as the measure says.
    #[must_use]
    pub fn new(points: PointQuery<'a>) -> Self {
        Self {
            points,
            kind: None,
            rebases: &[],
            joined: &[],
            target: None,
            footprint: None,
        }
    }
}

/// A chart, as the JSON answer gives it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Chart {
    /// The measure.
    pub measure: String,
    /// Its title.
    pub title: String,
    /// The area.
    pub area: String,
    /// The area's title.
    pub area_title: String,
    /// Whose numbers these are, where they are not the area's own: those of organisations that serve it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footprint: Option<Footprint>,
    /// Which part of the people these numbers are of, by dimension; everybody where it is absent.
    #[serde(skip_serializing_if = "Filter::is_empty")]
    pub filter: Filter,
    /// The length of its periods.
    pub period: Grain,
    /// The unit of values, centre lines, limits and goals.
    pub unit: String,
    /// The shape of the values.
    pub shape: Shape,
    /// Which way is better.
    pub direction: Direction,
    /// The goal now.
    pub target: Option<f64>,
    /// The goal in the end.
    pub ambition: Option<f64>,
    /// How it is drawn and judged.
    pub kind: ChartKind,
    /// The name of the chart in use, such as "run chart".
    pub chart: String,
    /// Every expected period, oldest first.
    pub points: Vec<ChartPoint>,
    /// The points before the first period that was asked for, judged with the others and not shown: which part of a chart somebody
    /// looks at changes neither its lines nor its verdict.
    #[serde(skip)]
    pub before: Vec<ChartPoint>,
    /// What chart rules say; none for a chart that is not judged, or when there is nothing to judge.
    pub verdict: Option<ChartVerdict>,
    /// Stretches with a centre line of their own.
    pub phases: Vec<ChartPhase>,
    /// What the chart shows, in sentences.
    pub summary: String,
    /// What was asked and could not be done, in sentences.
    pub warnings: Vec<String>,
    /// The digest of the measure's definition.
    pub definition: String,
}

/// A point with what chart rules say of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChartPoint {
    /// The point.
    #[serde(flatten)]
    pub point: Point,
    /// Centre line.
    pub centre: Option<f64>,
    /// Lower limit.
    pub lcl: Option<f64>,
    /// Upper limit.
    pub ucl: Option<f64>,
    /// Every rule that it meets.
    pub signals: Vec<Signal>,
    /// What that means; none when it is not judged.
    pub variation: Option<Variation>,
    /// Its phase, from 0.
    pub phase: usize,
    /// Whether rules look at it at all: of a stock by the day they see Wednesdays, since tomorrow's queue is mostly today's.
    #[serde(skip)]
    pub is_sampled: bool,
}

/// What chart rules say.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChartVerdict {
    /// The median that the latest points are read against, on a run chart.
    pub median: Option<f64>,
    /// The centre line of the latest phase, on any chart.
    pub centre: Option<f64>,
    /// Lower limit of the latest judged point.
    pub lcl: Option<f64>,
    /// Upper limit of the latest judged point.
    pub ucl: Option<f64>,
    /// Where rules are met, oldest first.
    pub signals: Vec<ChartSignal>,
    /// The variation icon.
    pub variation: Variation,
    /// The assurance icon.
    pub assurance: Option<Assurance>,
    /// Worth telling somebody: the latest points say something new about now, and this chart is to be believed among all
    /// that the reader may see.
    pub alert: bool,
    /// The probability that a chart stands out so far where nothing has changed ([`joinedup_spc::Verdict::p_value`]); none with too
    /// few points.
    pub p_value: Option<f64>,
    /// The chart without its latest point would not have alerted.
    pub is_new: bool,
    /// The rules behind the alert.
    pub alert_rules: Vec<Rule>,
    /// The first day of the periods up to the latest since which the level is another, of those that meet a rule behind the alert.
    pub since: Option<NaiveDate>,
    /// The level since then: the median where the centre line is one, else the mean; none of fewer than three values.
    pub lately: Option<f64>,
    /// Changes that are over: a run or a trend that does not reach the latest point. They are history and alert nobody.
    pub past: Vec<ChartPastChange>,
    /// The rules that judged the chart, in words.
    pub judged_by: String,
    /// How far limits can be believed.
    pub limits_status: LimitsStatus,
    /// Whose rules were used.
    pub profile: Profile,
    /// The start of the latest judged period.
    pub latest: Option<NaiveDate>,
    /// The verdict in plain words.
    pub why: String,
}

impl ChartVerdict {
    /// Says nothing of a chart most of whose numbers are not shown, for a reason.
    fn cannot_tell(&mut self, why: &str) {
        self.variation = Variation::NotJudged;
        self.assurance = None;
        self.alert = false;
        self.is_new = false;
        self.alert_rules.clear();
        (self.since, self.lately) = (None, None);
        self.p_value = None;
        // A line through what is left would lie where the larger numbers do.
        (self.median, self.centre, self.lcl, self.ucl) = (None, None, None, None);
        self.signals.clear();
        self.past.clear();
        self.why = format!("{why}, so the chart cannot tell whether anything has changed.");
    }
}

/// A change that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChartPastChange {
    /// First day of its first period.
    pub from: NaiveDate,
    /// The day after its last period.
    pub to: NaiveDate,
}

/// One rule met by one point.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChartSignal {
    /// The start of the point's period.
    pub period_start: NaiveDate,
    /// The rule and the side.
    #[serde(flatten)]
    pub signal: Signal,
}

/// A stretch with a centre line of its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChartPhase {
    /// The start of its first period.
    pub start: NaiveDate,
    /// The day after its last period.
    pub end: NaiveDate,
    /// Centre line.
    pub centre: Option<f64>,
    /// Points judged.
    pub judged: usize,
    /// Points that the centre line comes from.
    pub baseline: usize,
    /// Points on either side of the centre line, those on it left out.
    pub useful: usize,
    /// The longest run on one side.
    pub longest_run: Option<usize>,
    /// How often the points cross the centre line.
    pub crossings: Option<usize>,
    /// Its runs are not chance.
    pub runs_signal: bool,
    /// It begins because the data of a further part of the area do, and not because somebody agreed to it: the values before
    /// are of fewer people or places.
    pub joined: bool,
}

/// The chart of points that are there already.
#[must_use]
pub fn of_points(query: &ChartQuery<'_>, area_title: String, points: Vec<Point>) -> Chart {
    let measure: &Measure = query.points.measure;
    let judged = judge::judge(query, &points);
    let mut chart = Chart {
        measure: measure.id.to_string(),
        title: measure.title.clone(),
        area: query.points.area.to_string(),
        area_title,
        footprint: query.footprint.cloned(),
        filter: query.points.filter.clone(),
        period: query.points.grain,
        unit: measure.unit().to_owned(),
        shape: measure.shape(),
        direction: measure.direction,
        target: query.target.or(measure.target.map(|t| t.0)),
        ambition: measure.ambition.map(|t| t.0),
        kind: judged.kind,
        chart: judged.name,
        points: judge::annotate(points, judged.verdict.as_ref()),
        before: Vec::new(),
        verdict: None,
        phases: Vec::new(),
        summary: String::new(),
        warnings: judged.warnings,
        definition: measure.digest(),
    };
    if let Some(verdict) = judged.verdict {
        chart.phases = judge::phases(&chart.points, &verdict, &judged.joined);
        let mut verdict = judge::verdict(&chart.points, verdict, judged.is_run);
        if chart.mostly_suppressed() {
            verdict.cannot_tell(match chart.mostly_too_few() {
                true => "Most periods of this place have fewer cases than this measure needs",
                false => "Most numbers of this place are suppressed because they are small",
            });
            for point in &mut chart.points {
                point.signals.clear();
                point.variation = None;
                (point.centre, point.lcl, point.ucl) = (None, None, None);
            }
        }
        chart.verdict = Some(verdict);
    }
    chart.summary = words::summary(&chart);
    chart
}

impl Chart {
    /// The unit that its numbers are written with: `proportion` for shares.
    #[must_use]
    pub fn unit(&self) -> &str {
        self.shape.written(&self.unit)
    }

    /// The place as it follows the title: the area's name, or whose numbers stand for it.
    #[must_use]
    pub fn place(&self) -> &str {
        match &self.footprint {
            Some(footprint) => &footprint.words,
            None => &self.area_title,
        }
    }

    /// What the chart is of: the measure, the place, and the part of the people where it is not everybody.
    #[must_use]
    pub fn heading(&self) -> String {
        let parts = [self.title.as_str(), self.place(), &self.filter.words()];
        let parts = parts.into_iter().filter(|parts| !parts.is_empty());
        parts.collect::<Vec<_>>().join(", ")
    }

    /// All points that are judged together, whether shown or before them.
    pub fn whole(&self) -> impl DoubleEndedIterator<Item = &ChartPoint> {
        self.before.iter().chain(&self.points)
    }

    /// Shows the points from the period of a date on. Lines, verdict and comparisons stay those of all points.
    pub(crate) fn show_from(&mut self, date: NaiveDate) {
        let shown = self.points.iter().position(|p| p.point.period_end > date);
        let rest = self.points.split_off(shown.unwrap_or(self.points.len()));
        self.before = std::mem::replace(&mut self.points, rest);
        if let Some(verdict) = &mut self.verdict {
            verdict.signals.retain(|s| s.period_start >= date);
            verdict.past.retain(|past| past.to > date);
        }
        self.summary = words::summary(self);
    }

    /// More numbers are suppressed than shown, of all or of the latest that a verdict is about: those that are shown are the larger
    /// ones, and no rule can say what they mean.
    #[must_use]
    pub fn mostly_suppressed(&self) -> bool {
        self.are_most(|point| point.state == State::Suppressed)
    }

    /// More periods have fewer cases than the measure needs than have a value, and nothing is hidden to protect anybody: longer
    /// periods may have enough.
    #[must_use]
    pub fn mostly_too_few(&self) -> bool {
        let is_hidden = |point: &Point| point.state == State::Suppressed && !is_of_too_few(point);
        self.are_most(is_of_too_few) && !self.whole().any(|row| is_hidden(&row.point))
    }

    /// Whether more points are so than are judged, of all or of the latest that a verdict is about.
    fn are_most(&self, is: fn(&Point) -> bool) -> bool {
        let counted = || {
            let sampled = self.whole().rev().filter(|p| p.is_sampled);
            sampled.filter_map(move |p| match is(&p.point) {
                true => Some(true),
                false => p.point.is_judged().then_some(false),
            })
        };
        let most = |count: usize| {
            let (some, all) = counted()
                .take(count)
                .fold((0, 0), |(some, all), is| (some + usize::from(is), all + 1));
            2 * some > all
        };
        most(usize::MAX) || most(LATEST)
    }

    /// How many points are in a state.
    #[must_use]
    pub fn in_state(&self, state: State) -> usize {
        self.points
            .iter()
            .filter(|p| p.point.state == state)
            .count()
    }
}

/// Whether a period that is over has fewer cases than its measure needs for a value. What is suppressed to protect people has
/// another note.
const fn is_of_too_few(point: &Point) -> bool {
    matches!(
        (point.state, &point.note),
        (
            State::Suppressed | State::Empty,
            Some(Note::TooFewCases { .. })
        )
    )
}

/// So many of the latest values a verdict is about ([`joinedup_spc::evidence`]).
const LATEST: usize = 12;

/// The median of values.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    Some(f64::midpoint(
        *sorted.get(n.checked_sub(1)? / 2)?,
        *sorted.get(n / 2)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&[7.0]), Some(7.0));
        assert_eq!(median(&[]), None);
    }
}
