//! The improvement plan of a place.

mod one_page;

pub use one_page::{Kind, OnePage, Remark, one_page};

use crate::app::App;
use crate::charts::{self, QuestionError};
use joinedup_events::plan::Progress;
use joinedup_events::{AreaId, Family};
use joinedup_views::decide::version;
use joinedup_views::plan::{PlanItem, plan_item};
use serde::Serialize;

/// An item of a plan, with the names of what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Planned {
    /// Its id, which begins with `plan/`.
    pub id: String,
    /// The version to send when something is recorded of it.
    pub version: u64,
    /// The item.
    #[serde(flatten)]
    pub item: PlanItem,
    /// What it is about in a few words: the title of its item, else of its first measure.
    pub title: String,
    /// It is open after its date.
    pub overdue: bool,
}

/// The plan of a place and of everything in it: what is open first, by date, then what is done and what was dropped.
///
/// # Errors
/// When this process has no views.
pub fn plan(app: &App, area: &AreaId) -> Result<Vec<Planned>, QuestionError> {
    let within = app.definitions.areas.within(area);
    let mut all: Vec<Planned> = charts::views(app)?.read(|view| {
        view.listed(Family::Change)
            .filter_map(|entity| {
                let item = plan_item(&entity.facts.standing())?;
                let version = version(&entity.facts.all());
                Some(planned(app, entity.id.to_string(), version, item))
            })
            .filter(|p| within.contains(&p.item.area))
            .collect()
    });
    all.sort_by(|a, b| {
        let key = |p: &Planned| (p.item.progress, p.item.by);
        key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
    });
    Ok(all)
}

fn planned(app: &App, id: String, version: u64, item: PlanItem) -> Planned {
    let definitions = &app.definitions;
    let of_item = || {
        let (framework, item) = (item.framework.as_ref()?, item.item.as_ref()?);
        let title = definitions
            .catalogue
            .item_title(framework.as_str(), item.as_str());
        Some(title.unwrap_or(item.as_str()))
    };
    let of_measure = || {
        let id = item.measures.first()?.as_str();
        let measure = definitions.measures.get(id);
        Some(measure.map_or(id, |m| m.title.as_str()))
    };
    let title = of_item().or_else(of_measure).unwrap_or_default().to_owned();
    let today = joinedup_events::local::date(app.now());
    Planned {
        id,
        version,
        title,
        overdue: item.is_overdue(today),
        item,
    }
}

impl Planned {
    /// It is being worked on.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.item.progress == Progress::Open
    }
}
