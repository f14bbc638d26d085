//! Findings of reviews in a place: those of a file of the catalogue and those that people recorded, as one list.

use crate::app::App;
use crate::charts::{self, QuestionError};
use joinedup_events::{AreaId, Family, Slug};
use joinedup_views::catalogue::Finding;
use joinedup_views::decide::version;
use joinedup_views::findings::findings;
use serde::Serialize;

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KnownFinding {
    /// Its code; none: it stands in a file of the catalogue, and is changed there.
    pub id: Option<Slug>,
    /// The version to send when it is changed.
    pub version: u64,
    /// The finding as it was written.
    #[serde(flatten)]
    pub finding: Finding,
    /// The title of its pathway.
    pub pathway_title: String,
    /// The nodes of the logic model that it speaks of: its own, or those of its pathway.
    pub about: Vec<String>,
}

/// The findings of a place and of everything in it, the latest first.
///
/// # Errors
/// When this process has no views.
pub fn of_place(app: &App, area: &AreaId) -> Result<Vec<KnownFinding>, QuestionError> {
    let catalogue = &app.definitions.catalogue;
    let within = app.definitions.areas.within(area);
    let mut all: Vec<(Option<Slug>, u64, Finding)> = catalogue
        .findings()
        .iter()
        .map(|f| (None, 0, f.clone()))
        .collect();
    charts::views(app)?.read(|view| {
        for entity in view.listed(Family::Assessment) {
            let version = version(&entity.facts.all());
            let found = findings(&entity.facts.standing()).into_iter();
            all.extend(found.map(|(id, finding)| (Some(id), version, finding)));
        }
    });
    all.retain(|(_, _, f)| within.iter().any(|id| id.as_str() == f.area));
    all.sort_by(|(a, _, x), (b, _, y)| (y.date, &x.pathway, a).cmp(&(x.date, &y.pathway, b)));
    let known = |(id, version, finding): (Option<Slug>, u64, Finding)| {
        let of_pathway = catalogue.nodes_about(&finding.framework, &finding.pathway);
        let about = if finding.nodes.is_empty() {
            of_pathway.into_iter().map(ToOwned::to_owned).collect()
        } else {
            finding.nodes.clone()
        };
        let title = catalogue.item_title(&finding.framework, &finding.pathway);
        KnownFinding {
            id,
            version,
            pathway_title: title.unwrap_or(&finding.pathway).to_owned(),
            about,
            finding,
        }
    };
    Ok(all.into_iter().map(known).collect())
}
