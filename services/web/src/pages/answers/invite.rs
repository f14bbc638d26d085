//! `POST /frameworks/{id}/links`: makes a link for people to answer with, and shows it this once.

use super::super::layout::{self, Tab};
use super::super::record::Form;
use super::super::visit::Visit;
use super::super::words;
use super::link::{self, DAYS, Link, MAX_ANSWERS, MODES};
use super::{DONE, answered_by};
use crate::door::audit;
use crate::door::problem::Problem;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::Days;
use joinedup_events::Slug;
use joinedup_events::experience::{ExperienceFact, Invited, Mode};
use joinedup_views::catalogue::Framework;
use joinedup_views::contributions::experience::Scoring;
use maud::{Markup, html};

/// The form.
pub(super) fn form(visit: &Visit, framework: &Framework) -> Markup {
    let action = visit
        .address
        .clone()
        .without(&DONE)
        .on(format!("/frameworks/{}/links", framework.id));
    html! {
        details #link {
            summary { "Make a link for people to answer with" }
            form method="post" action=(action) {
                p.note { "Whoever has the link answers about " (visit.title_of(visit.area.as_str())) " without signing in. How many were asked counts for the response rate." }
                label for="link-mode" { "How" select #link-mode name="mode" { @for (mode, words) in MODES { option value=(mode.code()) { (words) } } } }
                label for="link-count" { "For how many people" input #link-count type="number" name="count" min="1" max=(MAX_ANSWERS) value="20" required; }
                label for="link-days" { "For how long" select #link-days name="days" { @for days in DAYS { option value=(days) selected[days == 28] { (days) " days" } } } }
                @let by_team = Scoring::of(&framework.id).is_some_and(Scoring::is_by_team);
                label for="link-team" { "Team (a code)" @if !by_team { ", where results are by team" } input #link-team type="text" name="team" size="12" maxlength="40" required[by_team]; }
                button type="submit" { "Make the link" }
            }
        }
    }
}

/// Makes a link: an invitation in the log, and its address on the page.
///
/// # Errors
/// 400 for a form that is not complete, 403 for a place that is not the caller's, 404 where nobody answers the framework.
pub async fn make(
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&headers, &body)?;
    visit.caller.must_cover(&visit.area)?;
    answered_by(&visit, &id)?;
    let (link, invited) = read(&form, &id)?;
    let event = (link.invitation(), visit.now, &visit.area);
    let fact = ExperienceFact::Invited(invited.clone());
    let recorded = link::record(&visit, &link, event, fact).await?;
    let positions = recorded.map_err(|refusals| {
        let rules: Vec<String> = refusals.0.into_iter().map(|r| r.rule).collect();
        Problem::bad_request(format!("The link was not made: it {}", rules.join("; ")))
    })?;
    let area = visit.area.clone();
    let of = id.clone();
    let page = visit
        .render(move |visit| page(visit, &of, &link, invited.count))
        .await?;
    Ok(audit::recorded_of(page, &area, id, positions))
}

/// The link and the invitation that a form asks for.
fn read(form: &Form, id: &str) -> Result<(Link, Invited), Problem> {
    let rule = "Choose how people answer, for how many people (1 to 500) and for how long";
    let wrong = || Problem::bad_request(rule);
    let mode = Mode::from_code(form.must("mode", "How people answer")?);
    let mode = mode.filter(|mode| MODES.iter().any(|(known, _)| known == mode));
    let days: Option<u64> = form.parsed("days", rule)?;
    let count: Option<u32> = form.parsed("count", rule)?;
    let team = form.get("team").map(|team| Slug::new(&team.to_lowercase()));
    let team = team.transpose().map_err(|_| {
        Problem::bad_request("A team's code must be letters, digits and hyphens, such as north-1")
    })?;
    if team.is_none() && Scoring::of(id).is_some_and(Scoring::is_by_team) {
        let why = "These answers are reported by team: give the team's code, such as north-1";
        return Err(Problem::bad_request(why));
    }
    let link = Link::new(
        mode.ok_or_else(wrong)?,
        days.filter(|days| DAYS.contains(days)).ok_or_else(wrong)?,
        team,
    );
    let invited = Invited {
        instrument: Slug::new(id).map_err(|_| wrong())?,
        count: count
            .filter(|count| (1..=MAX_ANSWERS).contains(count))
            .ok_or_else(wrong)?,
        population: None,
    };
    Ok((link, invited))
}

fn page(visit: &Visit, id: &str, link: &Link, count: u32) -> Result<Markup, Problem> {
    let (framework, _) = answered_by(visit, id)?;
    let path = format!("/answer/{}", link.written());
    let until = visit.today() + Days::new(link.days);
    let back = visit.address.elsewhere(format!("/frameworks/{id}/answers"));
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let body = html! {
        h1 { "Link to answer " (framework.title) span.place { ", " (visit.title_of(visit.area.as_str())) } }
        div.summary.good #made role="status" { p { "The link is made. We show it this once and do not store it: copy it now." } }
        section.card {
            p { a #answer-link href=(path) { (path) } }
            p { "Put this server’s name before it. It takes " (words::counted(count, "questionnaire", "questionnaires")) ", until the end of " (words::day_month_year(until)) "." }
            p.note { "Anybody who has the link can answer with it. Send it to those you want to ask, and to nobody else." }
        }
        p { a href=(back) { "Back to " (framework.title) } }
    };
    let title = format!("Link to answer {}", framework.title);
    Ok(layout::page(visit, Tab::Data, &title, &html! {}, &body))
}
