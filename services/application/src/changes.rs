//! The improvement changes of a place: one list for pages, briefings and lenses.

use crate::app::App;
use crate::charts::{self, QuestionError};
use joinedup_events::{AreaId, Family};
use joinedup_views::changes::{Change, change};

/// The changes of a place and of everything in it with their ids, the latest first.
///
/// # Errors
/// When this process has no views.
pub fn of_place(app: &App, area: &AreaId) -> Result<Vec<(String, Change)>, QuestionError> {
    let within = app.definitions.areas.within(area);
    let mut found: Vec<(String, Change)> = charts::views(app)?.read(|view| {
        view.listed(Family::Change)
            .filter_map(|entity| Some((entity.id.to_string(), change(&entity.facts.standing())?)))
            .filter(|(_, change)| within.contains(&change.area))
            .collect()
    });
    found.sort_by(|(a, x), (b, y)| (y.started.or(y.planned), b).cmp(&(x.started.or(x.planned), a)));
    Ok(found)
}
