//! `POST /frameworks/{id}/answers/links/stop`: ends a link before its time, as when it reached somebody it was not meant for.

use super::super::filling::{Faults, Filling, Kind};
use super::super::layout::{self, Tab};
use super::super::record::Form;
use super::super::visit::Visit;
use super::super::words;
use super::link::{self, Link, Standing};
use super::{DONE, again, answered_by};
use crate::door::audit;
use crate::door::problem::Problem;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use joinedup_events::experience::{ExperienceFact, Invited};
use joinedup_events::facts::Retracted;
use joinedup_views::catalogue::Framework;
use maud::{Markup, html};

/// What the id of the form's field begins with.
const FORM: &str = "stopped";

/// Why nothing was stopped.
const NOT_OPEN: &str = "No open link of this questionnaire has that address. Copy the whole of it; one that has ended needs no stopping";

/// The form.
pub(super) fn form(visit: &Visit, framework: &Framework, filling: &Filling) -> Markup {
    let filling = filling.of(FORM);
    let action = visit
        .address
        .clone()
        .without(&DONE)
        .on(format!("/frameworks/{}/answers/links/stop", framework.id));
    html! {
        details #stop-link open[filling.came_back()] {
            summary { "Stop a link" }
            form method="post" action=(action) {
                p.note { "Nobody can answer with it after that. Answers that were given stay, and only those who gave them count as asked." }
                (filling.plain("link", "The link", Kind::Line, "", true))
                button type="submit" { "Stop the link" }
            }
        }
    }
}

/// Stops a link: its invitation is for as many as have answered, or is taken back where nobody has.
///
/// # Errors
/// 403 for a place that is not the caller's.
pub async fn stop(
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&headers, &body)?;
    answered_by(&visit, &id)?;
    let not_open = |visit, id| again(visit, id, FORM, form.clone(), Faults::one("link", NOT_OPEN));
    let typed = form.get("link").unwrap_or_default();
    let link = typed.rsplit('/').next().and_then(Link::read);
    let open = match &link {
        Some(link) => Some((link, link::now(&visit, link)?)),
        None => None,
    };
    let Some((
        link,
        Standing::Open {
            instrument,
            area,
            made,
            next,
            ..
        },
    )) = open
    else {
        return not_open(visit, id).await;
    };
    if instrument.as_str() != id {
        return not_open(visit, id).await;
    }
    visit.caller.must_cover(&area)?;
    let fact = match next {
        0 => ExperienceFact::Retracted(Retracted {
            retracts: link.invitation(),
            retracts_source: None,
            previous: None,
        }),
        count => ExperienceFact::Invited(Invited {
            instrument,
            count,
            population: None,
        }),
    };
    let event = link.stop();
    let recorded = link::record(&visit, link, (event, made, &area), fact).await?;
    let Ok(positions) = recorded else {
        return not_open(visit, id).await;
    };
    let of = id.clone();
    let page = visit.render(move |visit| page(visit, &of, next)).await?;
    Ok(audit::recorded_of(page, &area, id, positions))
}

fn page(visit: &Visit, id: &str, answered: u32) -> Result<Markup, Problem> {
    let (framework, _) = answered_by(visit, id)?;
    let back = visit.address.elsewhere(format!("/frameworks/{id}/answers"));
    let answered = usize::try_from(answered).unwrap_or(usize::MAX);
    let body = html! {
        h1 { "Link stopped" }
        div.summary.good #stopped role="status" {
            p { "Nobody can answer with this link any more. " (words::counted(answered, "questionnaire was", "questionnaires were")) " answered with it." }
        }
        p { a href=(back) { "Back to " (framework.title) } }
    };
    let title = format!("Link to answer {} stopped", framework.title);
    Ok(layout::page(visit, Tab::Data, &title, &html! {}, &body))
}
