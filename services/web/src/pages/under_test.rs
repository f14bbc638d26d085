//! The changes that are under test in a place, and whether the points since lie otherwise than before.

use super::address::Address;
use super::changes_of::verdict;
use super::visit::Visit;
use crate::door::problem::Problem;
use joinedup_application::charts::{self, ChartRequest};
use joinedup_drawing::axis;
use joinedup_events::Family;
use joinedup_views::changes::{Change, Status, before_and_after, change};
use maud::{Markup, html};

/// The most that are shown.
const MOST: usize = 4;

/// Changes under test in the place and its parts, the newest first; nothing where there are none.
///
/// # Errors
/// 404 when this process has no views.
pub fn show(visit: &Visit) -> Result<Markup, Problem> {
    let within = visit.app.definitions.areas.within(&visit.area);
    let mut running: Vec<Change> = visit.views()?.read(|view| {
        view.listed(Family::Change)
            .filter_map(|entity| change(&entity.facts.standing()))
            .filter(|c| within.contains(&c.area) && c.status(visit.today()) == Status::Running)
            .collect()
    });
    running.sort_by(|a, b| (b.started, &a.title).cmp(&(a.started, &b.title)));
    let more = running.len().saturating_sub(MOST);
    Ok(html! {
        @if !running.is_empty() {
            section.card #under-test data-live aria-labelledby="under-test-name" {
                h2 #under-test-name { "Changes under test" }
                @for change in running.iter().take(MOST) { (one(visit, change)) }
                @if more > 0 { p.note { (more) " more are under test." } }
            }
        }
    })
}

fn one(visit: &Visit, change: &Change) -> Markup {
    let measure = change.measures.first().map(|m| m.as_str());
    let answer = measure.and_then(|measure| {
        let request = ChartRequest::new(measure, change.area.as_str());
        charts::ask(&visit.app, &request, visit.audience()).ok()
    });
    let name = change.title.as_deref().unwrap_or("A change");
    html! {
        article.change {
            h3 {
                @match measure {
                    Some(measure) => a href=(format!("{}#changes", Address::new(format!("/measures/{measure}")).with("area", change.area.as_str()))) { (name) },
                    None => (name),
                }
            }
            p.place { (visit.title_of(change.area.as_str())) @if let Some(started) = change.started { " · since " (axis::date(started)) } }
            @if let Some(answer) = &answer {
                p.place { "Should move: " (answer.chart.title) }
                @if let Some(around) = before_and_after(change, &answer.chart.measure, &answer.chart.title, &answer.judged()) { (verdict(&around, answer.chart.direction)) }
            }
        }
    }
}
