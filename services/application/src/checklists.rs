//! The checklists of a framework in a place: which points are in place there, and where to read on.

use crate::app::App;
use crate::charts::{self, QuestionError};
use joinedup_events::{AreaId, Family, Slug};
use joinedup_views::catalogue::{Framework, SignpostKind};
use joinedup_views::checklists::{Tick, point_of, ticks};
use joinedup_views::decide::version;
use serde::Serialize;

/// A point of a checklist in a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "ChecklistPoint")
)]
pub struct Point {
    /// Its name in events.
    pub point: Slug,
    /// Its words.
    pub words: String,
    /// What was recorded of it; none: nothing.
    pub tick: Option<Tick>,
}

impl Point {
    /// It is in place.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.tick.as_ref().is_some_and(|tick| tick.done)
    }
}

/// Where to read on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignpostTo {
    /// What it leads to.
    pub kind: SignpostKind,
    /// What it is called where it is linked.
    pub title: String,
    /// Its public address.
    pub address: String,
}

/// An item with its checklist and signposts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChecklistOfItem {
    /// The item.
    pub item: String,
    /// Its title.
    pub title: String,
    /// The version to send when a point is ticked; 0: nothing was recorded yet.
    pub version: u64,
    /// Its points.
    pub points: Vec<Point>,
    /// Where to read on.
    pub signposts: Vec<SignpostTo>,
}

/// The items of a framework that have a checklist, in order; of the logic model its nodes, rated or not.
#[must_use]
pub fn items<'a>(app: &'a App, framework: &'a Framework) -> Vec<&'a str> {
    let catalogue = &app.definitions.catalogue;
    let nodes = catalogue.model().nodes();
    let ids: Vec<&str> = if framework.id == catalogue.model().id() {
        nodes.iter().map(|n| n.id.as_str()).collect()
    } else {
        framework.items.iter().map(|i| i.id.as_str()).collect()
    };
    let has_points = |id: &&str| !catalogue.checklist(&framework.id, id).is_empty();
    ids.into_iter().filter(has_points).collect()
}

/// One item's checklist in a place.
///
/// # Errors
/// When this process has no views.
pub fn of_item(
    app: &App,
    area: &AreaId,
    framework: &str,
    item: &str,
) -> Result<ChecklistOfItem, QuestionError> {
    let catalogue = &app.definitions.catalogue;
    let id = format!("{area}/{framework}/{item}");
    let (ticks, version) = charts::views(app)?.read(|view| {
        let known = view.entity(Family::Assessment, &id);
        let facts = known.map(|e| e.facts);
        facts.map_or_else(Default::default, |facts| {
            (ticks(&facts.standing()), version(&facts.all()))
        })
    });
    let point = |words: &String| {
        let point = point_of(words)?;
        Some(Point {
            tick: ticks.get(&point).cloned(),
            words: words.clone(),
            point,
        })
    };
    let signposts = catalogue.signposts(framework, item).into_iter();
    Ok(ChecklistOfItem {
        item: item.to_owned(),
        title: catalogue
            .item_title(framework, item)
            .unwrap_or(item)
            .to_owned(),
        version,
        points: catalogue
            .checklist(framework, item)
            .iter()
            .filter_map(point)
            .collect(),
        signposts: signposts
            .map(|(kind, link)| SignpostTo {
                kind,
                title: link.title,
                address: link.address,
            })
            .collect(),
    })
}
