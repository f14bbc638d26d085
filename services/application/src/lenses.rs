//! Lenses: the measures, changes and ratings of a place grouped by the items of a framework, by purpose or by where numbers
//! come from, with the holes named. A framework whose items name measures is a lens; no code knows any of them.

use crate::app::App;
use crate::changes::of_place;
use crate::charts::QuestionError;
use crate::gaps::{Gap, gap, with_numbers};
use crate::outcomes::{standing, verdicts};
use joinedup_events::{AreaId, local};
use joinedup_views::changes::{Change, Status};
use joinedup_views::measure::{DataType, Measure, Purpose};
use joinedup_views::outcomes::Verdict;
use joinedup_views::suppression::Audience;
use serde::Serialize;

/// A lens without what is seen through it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Lens {
    /// Its id: a framework's, `purpose` or `data-type`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub note: String,
}

/// A measure as a lens shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LensMeasure {
    /// The measure.
    pub measure: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Counted or judged.
    pub data_type: DataType,
    /// What its chart says; none where it has no point here.
    pub verdict: Option<Verdict>,
}

/// A change as a lens shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LensChange {
    /// Its id.
    pub id: String,
    /// Where it stands today.
    pub status: Status,
    /// The change.
    #[serde(flatten)]
    pub change: Change,
}

/// The rating of a node as a lens shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LensRating {
    /// The node.
    pub node: String,
    /// Its title.
    pub title: String,
    /// Its level by the logic model's scale: the place's own, else the lower median of its parts.
    pub level: Option<u8>,
}

/// What is seen through one item of a lens.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Seen {
    /// The item.
    pub item: String,
    /// Its title.
    pub title: String,
    /// The stage or group that it belongs to.
    pub group: Option<String>,
    /// Its measures, those with a value here first.
    pub measures: Vec<LensMeasure>,
    /// The changes that try it, the latest first.
    pub changes: Vec<LensChange>,
    /// The enablers and components of the logic model that it speaks of.
    pub ratings: Vec<LensRating>,
    /// What is missing here, each as a sentence.
    pub holes: Vec<String>,
    /// What the first of its measures waits for, where none has a value here.
    pub waits_for: Option<Gap>,
}

/// One item of a lens, before anything is seen through it.
struct Group<'a> {
    id: String,
    title: String,
    group: Option<String>,
    nodes: Vec<&'a str>,
    measures: Vec<&'a Measure>,
}

impl Group<'_> {
    /// What is missing where none of its measures has a value.
    fn unmeasured(&self) -> String {
        let is_kind = OF_MEASURES
            .iter()
            .any(|lens| lens.3.iter().any(|(id, _, _)| *id == self.id));
        if is_kind {
            format!("No {} measure has numbers here.", self.title.to_lowercase())
        } else {
            format!("{} is not measured here.", self.title)
        }
    }
}

/// The lenses that are made of a measure's own fields: id, title, note, and the groups with whether a measure is of each.
type OfMeasures = (
    &'static str,
    &'static str,
    &'static str,
    [(&'static str, &'static str, fn(&Measure) -> bool); 2],
);
const OF_MEASURES: [OfMeasures; 2] = [
    (
        "purpose",
        "Improvement and performance",
        "What measures are for: to learn whether a change helps, or to account for how things are. A measure may serve both.",
        [
            ("improvement", "Improvement", |m| {
                m.purpose != Purpose::Performance
            }),
            ("performance", "Performance", |m| {
                m.purpose != Purpose::Improvement
            }),
        ],
    ),
    (
        "data-type",
        "Experience and counts",
        "Qualitative measures are somebody’s judgement or experience, even when they are shown as a number; quantitative ones are counted from what happened. A picture needs both.",
        [
            ("qualitative", "Qualitative", |m| {
                m.data_type == DataType::Qualitative
            }),
            ("quantitative", "Quantitative", |m| {
                m.data_type == DataType::Quantitative
            }),
        ],
    ),
];

/// All lenses, by title.
#[must_use]
pub fn all(app: &App) -> Vec<Lens> {
    let catalogue = &app.definitions.catalogue;
    let frameworks = catalogue.frameworks().filter(|f| catalogue.is_lens(&f.id));
    let of_frameworks = frameworks.map(|f| Lens {
        id: f.id.clone(),
        title: f.title.clone(),
        note: f.note.clone(),
    });
    let of_measures = OF_MEASURES.iter().map(|(id, title, note, _)| Lens {
        id: (*id).to_owned(),
        title: (*title).to_owned(),
        note: (*note).to_owned(),
    });
    let mut lenses: Vec<Lens> = of_frameworks.chain(of_measures).collect();
    lenses.sort_by(|a, b| a.title.cmp(&b.title));
    lenses
}

fn groups<'a>(app: &'a App, id: &'a str) -> Vec<Group<'a>> {
    let definitions = &app.definitions;
    if let Some((_, _, _, groups)) = OF_MEASURES.iter().find(|lens| lens.0 == id) {
        let group = |(id, title, is_of): &(&str, &str, fn(&Measure) -> bool)| Group {
            id: (*id).to_owned(),
            title: (*title).to_owned(),
            group: None,
            nodes: Vec::new(),
            measures: definitions.measures.iter().filter(|m| is_of(m)).collect(),
        };
        return groups.iter().map(group).collect();
    }
    let catalogue = &definitions.catalogue;
    let framework = catalogue.framework(id).into_iter();
    let mut items: Vec<_> = framework.flat_map(|f| &f.items).collect();
    items.sort_by_key(|item| item.order);
    let group = |item: &'a joinedup_views::catalogue::Item| Group {
        id: item.id.clone(),
        title: item.title.clone(),
        group: item.group.clone(),
        nodes: catalogue.nodes_about(id, &item.id),
        measures: catalogue
            .measures_about(id, &item.id)
            .filter_map(|m| definitions.measures.get(m))
            .collect(),
    };
    items.into_iter().map(group).collect()
}

/// What is seen through a lens in a place, item by item; none where there is no such lens.
///
/// # Errors
/// When this process has no views.
pub fn look(
    app: &App,
    lens: &Lens,
    area: &AreaId,
    audience: Audience,
) -> Result<Vec<Seen>, QuestionError> {
    let definitions = &app.definitions;
    let verdicts = verdicts(app, area, audience)?;
    let nodes = standing(app, area, &verdicts)?.nodes;
    let with_numbers = with_numbers(app, area, audience)?;
    let today = local::date(app.now());
    let changes = of_place(app, area)?.into_iter();
    let changes: Vec<LensChange> = changes
        .map(|(id, change)| LensChange {
            status: change.status(today),
            id,
            change,
        })
        .collect();
    let model = definitions.catalogue.model().id();
    let level = |node: &str| {
        let state = nodes.iter().find(|s| s.node.id == node)?;
        let rating = state.ratings.iter().find(|r| r.framework == model)?;
        let own = rating.own.as_ref().and_then(|own| own.level);
        own.or_else(|| rating.rolled_up.as_ref()?.level)
    };
    let see = |group: Group<'_>| {
        let measures = group.measures.iter().map(|m| LensMeasure {
            measure: m.id.to_string(),
            title: m.title.clone(),
            purpose: m.purpose,
            data_type: m.data_type,
            verdict: verdicts.get(m.id.as_str()).cloned(),
        });
        let mut measures: Vec<LensMeasure> = measures.collect();
        measures.sort_by(|a, b| {
            let key = |m: &LensMeasure| (m.verdict.is_none(), m.title.clone());
            key(a).cmp(&key(b))
        });
        let is_measured = measures.iter().any(|m| m.verdict.is_some());
        let tries = |c: &&LensChange| tries(&c.change, &group);
        let changes: Vec<LensChange> = changes.iter().filter(tries).cloned().collect();
        let mut holes = Vec::new();
        if !is_measured {
            holes.push(group.unmeasured());
        }
        if !changes
            .iter()
            .any(|c| matches!(c.status, Status::Running | Status::Paused))
        {
            holes.push("No change for it is being tested.".to_owned());
        }
        let first = group.measures.first().filter(|_| !is_measured);
        Seen {
            waits_for: first.and_then(|m| gap(&definitions.areas, area, m, &with_numbers)),
            ratings: group
                .nodes
                .iter()
                .filter_map(|node| definitions.catalogue.node(node))
                .filter(|node| node.layer.is_rated())
                .map(|node| LensRating {
                    title: node.title.clone(),
                    level: level(&node.id),
                    node: node.id.clone(),
                })
                .collect(),
            item: group.id,
            title: group.title,
            group: group.group,
            measures,
            changes,
            holes,
        }
    };
    Ok(groups(app, &lens.id).into_iter().map(see).collect())
}

/// Whether a change belongs to an item: by its concept or, where its concept is of another lens, by what it should move
/// and work on.
fn tries(change: &Change, group: &Group<'_>) -> bool {
    let by_concept = change
        .concept
        .as_ref()
        .is_some_and(|c| c.as_str() == group.id);
    let mut measures = change.measures.iter();
    let mut nodes = change.items.iter();
    by_concept
        || measures.any(|id| group.measures.iter().any(|m| m.id == *id))
        || nodes.any(|id| group.nodes.contains(&id.as_str()))
}
