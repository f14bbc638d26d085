//! What is known of an area beside its charts: where each measure is heading, and the ratings. Pages and API share it.

use crate::app::App;
use crate::charts::{self, ChartRequest};
use crate::http::problem::Problem;
use chrono::NaiveDate;
use joinedup_events::{AreaId, Family, local};
use joinedup_spc::Variation;
use joinedup_views::chart::Chart;
use joinedup_views::outcomes::{Known, NodeState, Verdict, outcomes};
use joinedup_views::priorities::Trend;
use joinedup_views::ratings::{Rating, RollUp, rating, roll_up};
use joinedup_views::suppression::Audience;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long verdicts are kept although the views have moved: they are about whole periods, so one more event seldom
/// changes one, and reading seventy charts for each question would cost more than it tells.
const KEPT_FOR: Duration = Duration::from_secs(10);
/// How many areas' verdicts are kept.
const KEPT_MOST: usize = 64;

/// What each measure's chart says, by measure; measures without a judged point are left out.
pub type Verdicts = BTreeMap<String, Verdict>;

/// Which log's views, area, audience and day.
type Key = (i64, u32, String, bool, NaiveDate);

struct Kept {
    made: Instant,
    position: u64,
    verdicts: Arc<Verdicts>,
}

static KEPT: LazyLock<Mutex<BTreeMap<Key, Kept>>> = LazyLock::new(Mutex::default);

/// Where a measure is heading, by the variation that its chart shows.
#[must_use]
pub const fn trend(variation: Option<Variation>) -> Trend {
    match variation {
        Some(Variation::ImprovementHigh | Variation::ImprovementLow) => Trend::Improving,
        Some(Variation::ConcernHigh | Variation::ConcernLow | Variation::CommonCause) => {
            Trend::NotImproving
        }
        _ => Trend::Unknown,
    }
}

/// A chart as a verdict of the logic model; none when nothing of it is judged.
#[must_use]
pub fn verdict(chart: &Chart) -> Option<Verdict> {
    let last = chart.points.iter().rev().find(|p| p.point.is_judged())?;
    let said = chart.verdict.as_ref();
    Some(Verdict {
        trend: trend(said.map(|v| v.variation)),
        text: said.map(|v| v.why.clone()).unwrap_or_default(),
        value: last.point.value,
        period: Some(last.point.period_start),
    })
}

/// What every measure's chart says in an area.
///
/// # Errors
/// 404 when this process has no views.
pub fn verdicts(app: &App, area: &AreaId, audience: Audience) -> Result<Arc<Verdicts>, Problem> {
    let views = charts::views(app)?;
    let position = views.status().position;
    let started = (app.started.timestamp_micros(), std::process::id());
    let key: Key = (
        started.0,
        started.1,
        area.to_string(),
        audience == Audience::Operations,
        local::date(app.now()),
    );
    // Held while one is made, so that many readers wait for one and do not each make their own.
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = kept.get(&key)
        && (found.position == position || found.made.elapsed() < KEPT_FOR)
    {
        return Ok(found.verdicts.clone());
    }
    let verdicts = Arc::new(make(app, area, audience)?);
    if kept.len() >= KEPT_MOST {
        kept.clear();
    }
    kept.insert(
        key,
        Kept {
            made: Instant::now(),
            position,
            verdicts: verdicts.clone(),
        },
    );
    Ok(verdicts)
}

fn make(app: &App, area: &AreaId, audience: Audience) -> Result<Verdicts, Problem> {
    let within = app.definitions.areas.within(area);
    let spoken: BTreeSet<String> = charts::views(app)?.read(|view| {
        let quantities = app.definitions.measures.iter().map(|m| &m.quantity);
        quantities
            .filter(|q| view.cells().areas_of(q).iter().any(|a| within.contains(*a)))
            .cloned()
            .collect()
    });
    let live = app
        .definitions
        .measures
        .iter()
        .filter(|m| spoken.contains(&m.quantity));
    Ok(live
        .filter_map(|measure| {
            let request = ChartRequest::new(measure.id.as_str(), area.as_str());
            let answer = charts::ask(app, &request, audience).ok()?;
            Some((measure.id.to_string(), verdict(&answer.chart)?))
        })
        .collect())
}

/// The ratings of some areas, by area, framework and item.
///
/// # Errors
/// 404 when this process has no views.
pub fn ratings(app: &App, areas: &BTreeSet<AreaId>) -> Result<Vec<Rating>, Problem> {
    let mut found: Vec<Rating> = charts::views(app)?.read(|view| {
        view.listed(Family::Assessment)
            .filter_map(|e| rating(&e.facts.standing()))
            .collect()
    });
    found.retain(|r| areas.contains(&r.area));
    found.sort_by(|a, b| (&a.area, &a.framework, &a.item).cmp(&(&b.area, &b.framework, &b.item)));
    Ok(found)
}

/// The measures of each node, by node. Measures that serve every outcome belong to no single node.
#[must_use]
pub fn measures_by_node(app: &App) -> BTreeMap<String, Vec<String>> {
    let mut by_node: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for measure in app.definitions.measures.iter() {
        for node in measure.outcomes.named() {
            by_node
                .entry(node.to_string())
                .or_default()
                .push(measure.id.to_string());
        }
    }
    by_node
}

/// The ratings of an area, and the logic model with them.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The ratings of the area and of everything in it.
    pub ratings: Vec<Rating>,
    /// The same rolled up to the area.
    pub rolled_up: Vec<RollUp>,
    /// Every node of the logic model with what is known of it.
    pub nodes: Vec<NodeState>,
}

/// Where an area stands with the logic model, given what its charts show. The API and the pages ask here, so they
/// cannot come to different levels.
///
/// # Errors
/// 404 when this process has no views.
pub fn standing(app: &App, area: &AreaId, verdicts: &Verdicts) -> Result<Standing, Problem> {
    let areas = &app.definitions.areas;
    let ratings = ratings(app, &areas.within(area))?;
    let rolled_up = roll_up(areas, area, &ratings);
    let own: Vec<Rating> = ratings
        .iter()
        .filter(|r| r.area == *area)
        .cloned()
        .collect();
    let known = Known {
        own: &own,
        rolled_up: &rolled_up,
    };
    let nodes = outcomes(
        &app.definitions.catalogue,
        known,
        &measures_by_node(app),
        verdicts,
    );
    Ok(Standing {
        ratings,
        rolled_up,
        nodes,
    })
}
