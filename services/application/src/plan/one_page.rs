//! Where a place stands, on one page for a board: what goes well, what is in the way, where the gaps are, and what became
//! of the ambitions of a year ago. Everything here is shown elsewhere too, with its evidence.

use super::Planned;
use crate::app::App;
use crate::charts::{self, QuestionError};
use crate::gaps;
use crate::outcomes::{Standing, standing, verdicts};
use crate::overview::{Overview, overview};
use chrono::{Days, NaiveDate};
use joinedup_events::plan::Progress;
use joinedup_events::{AreaId, Family, local};
use joinedup_views::catalogue::Layer;
use joinedup_views::measure::Giver;
use joinedup_views::outcomes::{NodeRating, NodeState};
use joinedup_views::priorities::{Trend, priorities};
use joinedup_views::ratings::{Aimed, aimed};
use joinedup_views::suppression::Audience;
use serde::Serialize;
use std::collections::BTreeSet;

/// How long ago the ambitions are read, in days.
const A_YEAR: Days = Days::new(365);
/// More outcomes without data than this are named together.
const MAX_DARK: usize = 3;
/// How many items far from their ambition are named.
const MAX_UNPLANNED: usize = 6;

/// What a remark is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "RemarkKind")
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A measure.
    Measure,
    /// A node of the logic model.
    Node,
    /// An item of the plan.
    Plan,
}

/// One remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Remark {
    /// What it is about.
    pub kind: Kind,
    /// The id of that: a measure, a node or an item of the plan.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The sentence about it.
    pub detail: String,
}

/// Where a place stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OnePage {
    /// What goes well.
    pub well: Vec<Remark>,
    /// What is in the way.
    pub in_the_way: Vec<Remark>,
    /// Where the gaps are.
    pub gaps: Vec<Remark>,
    /// The date whose ambitions are read.
    pub ambitions_of: NaiveDate,
    /// What became of them, by item and area.
    pub ambitions: Vec<Aimed>,
}

/// Where a place stands, given its plan.
///
/// # Errors
/// When this process has no views.
pub fn one_page(
    app: &App,
    area: &AreaId,
    audience: Audience,
    plan: &[Planned],
) -> Result<OnePage, QuestionError> {
    let overview = overview(app, area, audience)?;
    let standing = standing(app, area, &verdicts(app, area, audience)?)?;
    let today = local::date(app.now());
    let year_ago = today - A_YEAR;
    Ok(OnePage {
        well: well(app, area, &overview, &standing, plan, year_ago),
        in_the_way: in_the_way(app, area, &overview, &standing, plan),
        gaps: gaps_of(app, area, audience, &standing, plan)?,
        ambitions_of: year_ago,
        ambitions: ambitions(app, area, year_ago, today)?,
    })
}

fn signals(
    overview: &Overview,
    area: &AreaId,
    wanted: fn(&crate::overview::Line) -> bool,
) -> Vec<Remark> {
    let lines = overview.of(area.as_str()).filter(|line| wanted(line));
    let remark = |line: &crate::overview::Line| Remark {
        kind: Kind::Measure,
        id: line.measure.clone(),
        title: line.title.clone(),
        detail: first_sentences(&line.why),
    };
    let mut found: Vec<Remark> = lines.map(remark).collect();
    found.sort_by(|a, b| a.title.cmp(&b.title));
    found
}

/// What a verdict begins with: a board asks what, and the chart says why.
fn first_sentences(text: &str) -> String {
    let mut ends = text.match_indices(". ");
    let end = ends.nth(1).map_or(text.len(), |(at, _)| at + 1);
    text.get(..end).unwrap_or(text).to_owned()
}

/// The level at which a place stands with a node by the logic model's own scale: its own, else that of its parts.
fn level(app: &App, rating: &NodeRating) -> Option<(u8, &'static str)> {
    if rating.framework != app.definitions.catalogue.model().id() {
        return None;
    }
    let own = rating.own.as_ref().and_then(|own| own.level);
    let rolled = rating.rolled_up.as_ref().and_then(|rolled| rolled.level);
    own.map(|level| (level, ""))
        .or(rolled.map(|level| (level, ", its places together (lower median)")))
}

/// Nodes by how they are rated: how far a level lies from the lower or the upper end of the scale.
fn rated(
    app: &App,
    nodes: &[NodeState],
    is_wanted: impl Fn(&NodeState, u8, u8) -> bool,
) -> Vec<Remark> {
    let model = app.definitions.catalogue.model();
    let scale = app.definitions.catalogue.framework(model.id());
    let Some(scale) = scale.and_then(|f| f.scale.as_ref()) else {
        return Vec::new();
    };
    let remark = |state: &NodeState| {
        let (level, of) = state.ratings.iter().find_map(|r| level(app, r))?;
        let (low, high) = (
            level.saturating_sub(scale.lowest),
            scale.highest.saturating_sub(level),
        );
        is_wanted(state, low, high).then(|| Remark {
            kind: Kind::Node,
            id: state.node.id.clone(),
            title: state.node.title.clone(),
            detail: format!(
                "Rated {}{of}.",
                scale
                    .level(level)
                    .map_or_else(|| level.to_string(), ToOwned::to_owned)
            ),
        })
    };
    nodes.iter().filter_map(remark).collect()
}

fn planned(plan: &Planned, detail: String) -> Remark {
    Remark {
        kind: Kind::Plan,
        id: plan.id.clone(),
        title: plan.title.clone(),
        detail,
    }
}

fn well(
    app: &App,
    area: &AreaId,
    overview: &Overview,
    standing: &Standing,
    plan: &[Planned],
    year_ago: NaiveDate,
) -> Vec<Remark> {
    let mut found = signals(overview, area, crate::overview::Line::improves);
    let done = |p: &&Planned| p.item.progress == Progress::Done && p.item.progress_since > year_ago;
    let done = plan.iter().filter(done);
    found.extend(done.map(|p| planned(p, format!("Done: {}", p.item.aim))));
    found.extend(rated(app, &standing.nodes, |_, _, from_top| from_top <= 1));
    found
}

fn in_the_way(
    app: &App,
    area: &AreaId,
    overview: &Overview,
    standing: &Standing,
    plan: &[Planned],
) -> Vec<Remark> {
    let mut found = signals(overview, area, crate::overview::Line::worsens);
    let overdue = plan.iter().filter(|p| p.overdue);
    found.extend(overdue.map(|p| planned(p, format!("Past its date. Owner: {}", p.item.owner))));
    found.extend(rated(app, &standing.nodes, |state, from_bottom, _| {
        state.node.layer == Layer::Enabler && from_bottom <= 1
    }));
    found
}

fn gaps_of(
    app: &App,
    area: &AreaId,
    audience: Audience,
    standing: &Standing,
    plan: &[Planned],
) -> Result<Vec<Remark>, QuestionError> {
    let definitions = &app.definitions;
    let with_numbers = gaps::with_numbers(app, area, audience)?;
    let node = |state: &NodeState, detail: String| Remark {
        kind: Kind::Node,
        id: state.node.id.clone(),
        title: state.node.title.clone(),
        detail,
    };
    let mut found = Vec::new();
    let mut surveys = definitions
        .measures
        .iter()
        .filter(|m| m.giver() == Giver::Survey);
    if !surveys.any(|m| with_numbers.contains(m.id.as_str())) {
        let people = standing.nodes.iter().find(|s| s.node.group == "people");
        let words =
            "No survey has been entered: nobody knows how people and carers experience care.";
        found.extend(people.map(|state| Remark {
            title: "What people say".to_owned(),
            ..node(state, words.to_owned())
        }));
    }
    let is_outcome = |s: &&NodeState| s.node.layer == Layer::Outcome;
    let outcomes = standing.nodes.iter().filter(is_outcome);
    let dark: Vec<&NodeState> = outcomes.clone().filter(|s| s.dark).collect();
    if dark.len() > MAX_DARK {
        let titles: Vec<&str> = dark.iter().map(|s| s.node.title.as_str()).collect();
        found.extend(dark.first().map(|state| Remark {
            title: format!(
                "{} of {} outcomes have no data",
                dark.len(),
                outcomes.count()
            ),
            ..node(state, format!("{}.", titles.join(", ")))
        }));
    } else {
        found.extend(dark.into_iter().map(|state| {
            let mut measures = definitions.measures.of_outcome(&state.node.id);
            let gap = measures.find_map(|m| gaps::gap(&definitions.areas, area, m, &with_numbers));
            let waits =
                gap.map(|gap| format!("No data: waits for {}, from {}.", gap.needs, gap.who));
            node(state, waits.unwrap_or_else(|| "No data yet.".to_owned()))
        }));
    }
    let open: BTreeSet<&str> = plan
        .iter()
        .filter(|p| p.is_open())
        .filter_map(|p| p.item.item.as_ref().map(|i| i.as_str()))
        .collect();
    let trend = |outcome: &str| {
        let mut nodes = standing.nodes.iter();
        nodes
            .find(|n| n.node.id == outcome)
            .map_or(Trend::Unknown, |n| n.trend)
    };
    let mut seen = BTreeSet::new();
    let first = priorities(&definitions.catalogue, &standing.ratings, trend).items;
    let unplanned = first
        .iter()
        .filter(|p| p.score > 0 && !open.contains(p.item.as_str()) && seen.insert(p.item.clone()));
    let model = definitions.catalogue.model().id();
    found.extend(
        unplanned
            .filter(|p| p.framework.as_str() == model)
            .take(MAX_UNPLANNED)
            .map(|p| Remark {
                kind: Kind::Node,
                id: p.item.to_string(),
                title: p.title.clone(),
                detail: format!(
                    "{} below the ambition in {}, and not in the plan.",
                    if p.gap == 1 {
                        "One level".to_owned()
                    } else {
                        format!("{} levels", p.gap)
                    },
                    definitions
                        .areas
                        .get(p.area.as_str())
                        .map_or(p.area.as_str(), |a| a.title.as_str()),
                ),
            }),
    );
    Ok(found)
}

fn ambitions(
    app: &App,
    area: &AreaId,
    of: NaiveDate,
    today: NaiveDate,
) -> Result<Vec<Aimed>, QuestionError> {
    let within = app.definitions.areas.within(area);
    let mut found: Vec<Aimed> = charts::views(app)?.read(|view| {
        view.listed(Family::Assessment)
            .filter_map(|e| aimed(&e.facts.standing(), of, today))
            .filter(|a| within.contains(&a.area))
            .collect()
    });
    found.sort_by(|a, b| (&a.framework, &a.item, &a.area).cmp(&(&b.framework, &b.item, &b.area)));
    Ok(found)
}
