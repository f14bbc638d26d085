//! `GET /measures/{id}/records`: the records behind a chart's number, for those who work with them.

use super::address::Address;
use super::layout::{self, Tab};
use super::visit::Visit;
use super::{authors, words};
use crate::api::trace::traced;
use crate::door::problem::Problem;
use axum::extract::Path;
use axum::response::Response;
use joinedup_contract::answer::{Entity, Trace};
use joinedup_views::measure::Measure;
use joinedup_views::period::Grain;
use maud::{Markup, html};

/// Records that are shown; all of them are in the file.
const MAX_ROWS: usize = 100;

/// `GET /measures/{id}/records`.
pub async fn show(visit: Visit, Path((id,)): Path<(String,)>) -> Result<Response, Problem> {
    let measures = &visit.app.definitions.measures;
    let measure = measures.get(&id).cloned().ok_or_else(Problem::no_measure)?;
    let request = visit.question(&measure)?;
    let found = traced(&visit.app, visit.caller.clone(), &request).await?;
    let grain = request.period.unwrap_or(measure.period);
    visit
        .render(move |visit| Ok(page(visit, &measure, grain, &found)))
        .await
}

fn page(visit: &Visit, measure: &Measure, grain: Grain, found: &Trace) -> Markup {
    let place = visit.title_of(visit.area.as_str());
    let when = words::period(grain, found.period_start);
    let chart = visit.address.clone().without(&["from", "period"]);
    let chart = chart.on(format!("/measures/{}", measure.id));
    let file = format!("/api/v1/charts/{}/trace", measure.id);
    let shown = found.entities.len().min(MAX_ROWS);
    let body = html! {
        p.kicker { a href=(chart) { (measure.title) } ", " (place) }
        h1 { "Records behind the number of " (when) }
        p.lead {
            @if found.count == 0 { "No records of your areas count in this period." }
            @else { (words::counted(found.count, "record counts", "records count")) " in this period, in the areas that you may see." }
        }
        @if found.count > 0 {
            div.scroll tabindex="0" role="region" aria-label="Records" {
                table #records {
                    thead { tr { th scope="col" { "Record" } th scope="col" { "Home area" } th scope="col" { "What was recorded, by when it happened" } } }
                    tbody { @for entity in found.entities.iter().take(MAX_ROWS) { (row(visit, entity)) } }
                }
            }
            @if shown < found.count { p.note { "Showing " (shown) " of " (found.count) ", by record." } }
            p.more { a href=(visit.address.on(file)) { "The same as JSON" } }
        }
    };
    layout::page(
        visit,
        Tab::Measures,
        &format!("Records, {}", measure.title),
        &html! {},
        &body,
    )
}

fn row(visit: &Visit, entity: &Entity) -> Markup {
    let own = Address::new(format!("/api/v1/entities/{}/{}", entity.family, entity.id));
    html! {
        tr {
            th scope="row" { a href=(own) { code { (entity.id) } } }
            td { (visit.title_of(&entity.area)) }
            td {
                ul.plain {
                    @for fact in &entity.facts {
                        @let what = words::sentence(authors::words(fact.fact));
                        li {
                            @if fact.retracted { s { (what) } " (taken back)" } @else { (what) }
                            ": " (words::instant(fact.occurred_at))
                        }
                    }
                }
            }
        }
    }
}
