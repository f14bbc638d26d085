//! Who recorded something, for those who work on it: one line for each event about a change, a chart or a rating.

use super::visit::Visit;
use joinedup_application::authors::{self, Authors};
use joinedup_application::config::Role;
use joinedup_drawing::axis;
use joinedup_events::{AreaId, Family, local};
use joinedup_views::contribution::StoredFact;
use maud::{Markup, html};

/// Who recorded the facts of an entity, of one area where one is given. Nothing for readers, and nothing where no event
/// says by whom it was recorded.
#[must_use]
pub fn list(visit: &Visit, family: Family, entity: &str, area: Option<&AreaId>) -> Markup {
    let facts = facts(visit, family, entity, area);
    let Some(authors) = read(visit, facts.iter().map(|fact| fact.position)) else {
        return html! {};
    };
    html! {
        // The id lets it stay open when the page is brought up to date.
        details.authors id=(format!("authors-{}", entity.replace('/', "-"))) {
            summary { "Recorded by" }
            ul.plain {
                @for fact in &facts {
                    @if let Some(actor) = authors.get(&fact.position) {
                        @let before: Vec<StoredFact> = facts.iter().filter(|f| f.position < fact.position).cloned().collect();
                        @let accepted = authors::accepted(&fact.fact, &fact.area, &before);
                        li {
                            (axis::date(local::date(fact.recorded_at))) ", " (words(fact.fact.name())) ": " strong { (actor) }
                            @if authors::is_alone(Some(actor), accepted, &authors) { " (who also proposed it)" }
                        }
                    }
                }
            }
        }
    }
}

/// Whether what was recorded at a position is the reader's own, and the settings ask that somebody else accepts it.
#[must_use]
pub fn must_be_another(visit: &Visit, position: u64) -> bool {
    let actor = visit.caller.actor();
    visit.app.config.two_people
        && read(visit, [position])
            .is_some_and(|authors| authors::is_alone(actor.as_deref(), Some(position), &authors))
}

/// What was recorded, as the forms call it.
pub(super) fn words(fact: &str) -> &str {
    match fact {
        "rebase-proposed" => "new baseline proposed",
        "rebase-accepted" => "new baseline accepted",
        "rebase-declined" => "new baseline declined",
        "target-set" => "target set",
        "ambition-set" => "ambition set",
        "confirmed" => "published",
        "noted" => "evidence added",
        "retracted" => "taken back",
        "started" => "test started",
        "paused" => "test paused",
        "studied" => "learning recorded",
        "finished" => "decision recorded",
        "plan-item-set" => "item set",
        "plan-progress-set" => "progress recorded",
        "found" => "finding",
        other => other,
    }
}

fn facts(visit: &Visit, family: Family, entity: &str, area: Option<&AreaId>) -> Vec<StoredFact> {
    let may_see = visit.caller.has(Role::Assessor) || visit.caller.has(Role::Operator);
    let Ok(views) = visit.views() else {
        return Vec::new();
    };
    let mut facts = if may_see {
        views.read(|view| {
            let known = view.entity(family, entity);
            known.map(|e| e.facts.all()).unwrap_or_default()
        })
    } else {
        Vec::new()
    };
    facts.retain(|fact| area.is_none_or(|area| fact.area == *area));
    facts.sort_by_key(|fact| fact.position);
    facts
}

/// Pages are made on threads that may wait for the log.
fn read(visit: &Visit, positions: impl IntoIterator<Item = u64>) -> Option<Authors> {
    let runtime = tokio::runtime::Handle::try_current().ok()?;
    let read = runtime.block_on(authors::authors(visit.app.log.as_ref(), positions));
    read.ok().filter(|authors| !authors.is_empty())
}
