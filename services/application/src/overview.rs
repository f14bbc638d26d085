//! Every chart of a place and of its parts, boiled down to one line each: the latest value, the verdict, and whether
//! the verdict is new. Kept for a few seconds, because several pages and many readers ask for the same.

use crate::app::App;
use crate::charts::{self, ChartRequest, QuestionError};
use crate::places::with_data;
use chrono::{Days, NaiveDate};
use joinedup_events::{AreaId, local};
use joinedup_spc::{Assurance, Variation};
use joinedup_views::ask::CellsOf;
use joinedup_views::chart::{Chart, ChartPoint, median};
use joinedup_views::measure::{Direction, Measure};
use joinedup_views::outcomes::Verdict;
use joinedup_views::period::Grain;
use joinedup_views::point::State;
use joinedup_views::priorities::Trend;
use joinedup_views::quantity::POPULATION;
use joinedup_views::suppression::Audience;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Numbers that ended longer ago than this say nothing of now.
pub const A_YEAR: Days = Days::new(366);

/// Why chart rules have no verdict on a chart: one list for every page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoVerdict {
    /// It is of a kind that describes and that no rule judges.
    Describes,
    /// It has too few points yet.
    TooFewPoints,
    /// Most of its periods have fewer cases than the measure needs.
    TooFewCases,
    /// Most of its numbers are suppressed to protect people.
    Suppressed,
    /// Its numbers ended more than a year ago.
    Ended,
}

impl NoVerdict {
    /// Why there is none on a chart; none where there is one.
    #[must_use]
    pub fn of(chart: &Chart, today: NaiveDate) -> Option<Self> {
        let verdict = chart.verdict.as_ref();
        if verdict.is_some_and(|v| v.variation != Variation::NotJudged) {
            return None;
        }
        let suppressed = chart.mostly_suppressed();
        let last = chart.points.iter().rev().find(|p| p.point.is_judged());
        let ended = last.is_some_and(|p| p.point.period_end + A_YEAR < today);
        Some(match chart.kind.is_judged() {
            // What is suppressed is there, however old what is shown may be.
            _ if ended && !suppressed => Self::Ended,
            false => Self::Describes,
            true if chart.mostly_too_few() => Self::TooFewCases,
            true if suppressed => Self::Suppressed,
            true => Self::TooFewPoints,
        })
    }
}

/// One chart in a line.
#[derive(Clone, Debug)]
pub struct Line {
    /// The measure.
    pub measure: String,
    /// What is counted ([`joinedup_views::measure::Measure::quantity`]).
    pub quantity: String,
    /// Its title.
    pub title: String,
    /// The area.
    pub area: String,
    /// Its title.
    pub area_title: String,
    /// Whose numbers these are, where not the area's own: "at the trusts that serve Essex".
    pub footprint: Option<String>,
    /// The unit, `proportion` for shares.
    pub unit: String,
    /// The dimension by whose values the chart compares parts with each other: no rule judges all of them together.
    pub compares: Option<String>,
    /// The length of a period.
    pub period: Grain,
    /// Which way is better.
    pub direction: Direction,
    /// The latest judged value and its period.
    pub latest: Option<(NaiveDate, f64)>,
    /// Numerator and denominator of that value.
    pub parts: Option<(f64, f64)>,
    /// What chart rules say of it.
    pub variation: Option<Variation>,
    /// Why they say nothing, where they do not.
    pub no_verdict: Option<NoVerdict>,
    /// Whether the target is met.
    pub assurance: Option<Assurance>,
    /// Worth telling somebody.
    pub alert: bool,
    /// The chart without its latest point would not have alerted.
    pub is_new: bool,
    /// The first period of what the alert is about.
    pub since: Option<NaiveDate>,
    /// The level since then.
    pub lately: Option<f64>,
    /// The probability of latest values so far from those before where nothing has changed.
    pub p_value: Option<f64>,
    /// The verdict in words.
    pub why: String,
    /// The centre line now.
    pub centre: Option<f64>,
    /// The median of the first judged points, and the day they begin.
    pub then: Option<(NaiveDate, f64)>,
    /// The median of as many latest judged points.
    pub now: Option<f64>,
    /// The target.
    pub target: Option<f64>,
    /// The judged values, oldest first, gaps kept.
    pub values: Vec<Option<f64>>,
    /// How many days the period of each of them has.
    pub days: Vec<i64>,
    /// How many points are suppressed.
    pub suppressed: usize,
}

impl Line {
    /// The place as it follows the title: the area's name, or whose numbers stand for it.
    #[must_use]
    pub fn place(&self) -> &str {
        self.footprint.as_deref().unwrap_or(&self.area_title)
    }

    /// Where the measure is heading, for the model's outcomes.
    #[must_use]
    pub fn trend(&self) -> Trend {
        match self.variation {
            Some(Variation::ImprovementHigh | Variation::ImprovementLow) => Trend::Improving,
            Some(Variation::ConcernHigh | Variation::ConcernLow | Variation::CommonCause) => {
                Trend::NotImproving
            }
            _ => Trend::Unknown,
        }
    }

    /// The line as a verdict of the logic model.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict {
            trend: self.trend(),
            text: self.why.clone(),
            value: self.latest.map(|l| l.1),
            period: self.latest.map(|l| l.0),
            footprint: self.footprint.clone(),
        }
    }

    /// Chart rules have something to say of it, be it that chance explains it.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        self.variation.is_some_and(|v| v != Variation::NotJudged)
    }

    /// Improvement.
    #[must_use]
    pub fn improves(&self) -> bool {
        matches!(
            self.variation,
            Some(Variation::ImprovementHigh | Variation::ImprovementLow)
        )
    }

    /// Concern.
    #[must_use]
    pub fn worsens(&self) -> bool {
        matches!(
            self.variation,
            Some(Variation::ConcernHigh | Variation::ConcernLow)
        )
    }
}

/// The lines of a place and of its parts.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// By measure and area; measures without a point are left out.
    pub lines: BTreeMap<(String, String), Line>,
}

impl Overview {
    /// The line of a measure in an area.
    #[must_use]
    pub fn line(&self, measure: &str, area: &str) -> Option<&Line> {
        self.lines.get(&(measure.to_owned(), area.to_owned()))
    }

    /// The lines of an area.
    pub fn of<'a>(&'a self, area: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.values().filter(move |l| l.area == area)
    }

    /// Lines that alert, worst and newest first.
    #[must_use]
    pub fn signals(&self) -> Vec<&Line> {
        self.sorted(|line| line.alert)
    }

    /// Lines of charts that say by themselves that something got worse or better, and do not stand out among all: so many charts hold
    /// some by chance. Same order.
    #[must_use]
    pub fn doubtful(&self) -> Vec<&Line> {
        self.sorted(|line| !line.alert && (line.worsens() || line.improves()))
    }

    fn sorted(&self, wanted: impl Fn(&Line) -> bool) -> Vec<&Line> {
        let mut found: Vec<&Line> = self.lines.values().filter(|l| wanted(l)).collect();
        found.sort_by_key(|l| {
            (
                !l.is_new,
                !l.worsens(),
                std::cmp::Reverse(l.latest.map(|x| x.0)),
                l.title.clone(),
                l.area_title.clone(),
            )
        });
        found
    }
}

/// For how long an overview is given again although the view has moved: verdicts are about whole periods, so one more
/// event seldom changes one.
const TOLERATED: Duration = Duration::from_secs(5);

/// The overview of a place and its parts as an audience may see it.
///
/// # Errors
/// When this process has no views.
pub fn overview(
    app: &App,
    area: &AreaId,
    audience: Audience,
) -> Result<Arc<Overview>, QuestionError> {
    overview_of(app, area, audience, None)
}

/// The same of the people of one population alone, by the measures whose numbers say which people they are of.
///
/// # Errors
/// When this process has no views.
pub fn overview_of(
    app: &App,
    area: &AreaId,
    audience: Audience,
    people: Option<&str>,
) -> Result<Arc<Overview>, QuestionError> {
    let whose = people.map(ToOwned::to_owned);
    let key = (area.to_string(), audience, whose, local::date(app.now()));
    let make = || make(app, area, audience, people);
    let memo = &app.memos.overviews;
    Ok(memo.get(key, charts::views(app)?, TOLERATED, make))
}

fn make(app: &App, area: &AreaId, audience: Audience, people: Option<&str>) -> Overview {
    let register = &app.definitions.areas;
    let mut areas: Vec<AreaId> = vec![area.clone()];
    areas.extend(register.children(area).iter().cloned());
    let definitions = app.definitions.for_asking();
    let edition = app.edition(audience);
    let with_data = charts::views(app).map(|views| {
        views.read(|view| {
            with_data(
                &definitions,
                &areas,
                CellsOf::view(view, edition.as_deref()),
            )
        })
    });
    let mut overview = Overview::default();
    for (measure, areas) in with_data.unwrap_or_default() {
        if people.is_some() && !says_of_whom(measure) {
            continue;
        }
        // An event may come in between two measures; each chart is whole, and says what it is of.
        let request = ChartRequest::new(measure.id.as_str(), area.as_str()).of_people(people);
        let answers = charts::ask_many(app, &request, &areas, audience);
        for answer in answers.unwrap_or_default() {
            if let Some(line) = line(measure, answer.chart, local::date(app.now())) {
                let key = (line.measure.clone(), line.area.clone());
                overview.lines.insert(key, line);
            }
        }
    }
    overview
}

/// Whether the numbers of a measure say which people they are of.
fn says_of_whom(measure: &Measure) -> bool {
    let source = measure.source();
    source.is_some_and(|source| source.has_dimension(POPULATION))
}

/// A chart in a line; none where it has no point.
fn line(measure: &Measure, chart: Chart, today: NaiveDate) -> Option<Line> {
    let judged: Vec<&ChartPoint> = chart
        .points
        .iter()
        .filter(|p| p.point.is_judged())
        .collect();
    let is_over = |p: &&ChartPoint| p.point.state != State::Incomplete;
    let over: Vec<&ChartPoint> = chart.points.iter().filter(is_over).collect();
    let suppressed = chart.in_state(State::Suppressed);
    if judged.is_empty() && suppressed == 0 {
        return None;
    }
    let values: Vec<f64> = judged.iter().filter_map(|p| p.point.value).collect();
    let few = usize::from(measure.baseline).max(1);
    let then = (values.len() >= 2 * few)
        .then(|| median(&values[..few]))
        .flatten();
    let last = judged.last();
    let verdict = chart.verdict.as_ref();
    let alert = verdict.is_some_and(|v| v.alert);
    let unit = chart.unit().to_owned();
    let no_verdict = NoVerdict::of(&chart, today);
    Some(Line {
        measure: chart.measure,
        title: chart.title,
        quantity: measure.quantity.clone(),
        area: chart.area,
        area_title: chart.area_title,
        footprint: chart.footprint.map(|f| f.words),
        unit,
        compares: measure
            .bars_by()
            // What is to go up or down says something as a whole too.
            .filter(|_| measure.chart.is_ranked() && measure.direction == Direction::None)
            .map(ToString::to_string),
        period: chart.period,
        direction: chart.direction,
        latest: last.and_then(|p| Some((p.point.period_start, p.point.value?))),
        parts: last.and_then(|p| p.point.numerator.zip(p.point.denominator)),
        variation: verdict.map(|v| v.variation),
        no_verdict,
        assurance: verdict.and_then(|v| v.assurance),
        alert,
        is_new: verdict.is_some_and(|v| v.is_new),
        since: verdict.and_then(|v| v.since),
        lately: verdict.and_then(|v| v.lately),
        p_value: verdict.and_then(|v| v.p_value),
        why: verdict.map(|v| v.why.clone()).unwrap_or_default(),
        centre: verdict.and_then(|v| v.centre),
        then: judged.first().map(|p| p.point.period_start).zip(then),
        now: median(&values[values.len().saturating_sub(few)..]),
        target: chart.target,
        values: over
            .iter()
            .map(|p| p.point.value.filter(|_| p.point.is_judged()))
            .collect(),
        days: over
            .iter()
            .map(|p| (p.point.period_end - p.point.period_start).num_days())
            .collect(),
        suppressed,
    })
}
