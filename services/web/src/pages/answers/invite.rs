//! `POST /frameworks/{id}/answers/links`: makes a link for people to answer with, and shows it this once.

use super::super::filling::{Faults, Filling, Group, Kind, Reading};
use super::super::layout::{self, Tab};
use super::super::record::Form;
use super::super::sheet::ballot;
use super::super::visit::Visit;
use super::super::words;
use super::link::{self, DAYS, Link, MAX_ANSWERS, MODES};
use super::{DONE, again, answered_by, asks_a_team};
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
use maud::{Markup, html};

/// What the ids of the form's fields begin with.
const FORM: &str = "link";

/// The form.
pub(super) fn form(visit: &Visit, framework: &Framework, filling: &Filling) -> Markup {
    let filling = filling.of(FORM);
    let wording = wording(framework);
    let action = visit
        .address
        .clone()
        .without(&DONE)
        .on(format!("/frameworks/{}/answers/links", framework.id));
    let by_team = asks_a_team(&framework.id);
    let modes = MODES.iter();
    let modes = modes.map(|(mode, words)| (mode.code().to_owned(), (*words).to_owned()));
    let days = DAYS.iter();
    let days = days.map(|days| (days.to_string(), format!("{days} days")));
    let menu = |options: Vec<(String, String)>| -> [Group; 1] { [(String::new(), options)] };
    let (modes, days) = (menu(modes.collect()), menu(days.collect()));
    let team = if by_team {
        "Team (a code)"
    } else {
        "Team (a code), where results are by team"
    };
    let people = Kind::Number(Some(1.0), Some(f64::from(MAX_ANSWERS)));
    html! {
        details #link open[filling.came_back()] {
            summary { "Make a link for people to answer with" }
            form method="post" action=(action) {
                p.note { "Whoever has the link answers about " (visit.title_of(visit.area.as_str())) " without signing in. How many were asked counts for the response rate." }
                @if let Some(wording) = &wording { p.note #wording { (wording) } }
                (filling.plain("mode", "How", Kind::Menu(&modes), MODES[0].0.code(), true))
                (filling.plain("count", "For how many people", people, "20", true))
                (filling.plain("days", "For how long", Kind::Menu(&days), "28", true))
                (filling.plain("team", team, Kind::Line, "", by_team))
                button type="submit" { "Make the link" }
            }
        }
    }
}

/// What people need beside the link to answer an instrument whose answers have no words here.
fn wording(framework: &Framework) -> Option<String> {
    let scale = framework.scale.as_ref()?;
    ballot::ends(scale).is_none().then(|| {
        let (low, high) = (scale.lowest, scale.highest);
        format!(
            "The form has short names of the questions and the numbers {low} to {high}, without what they mean: send the \
             questionnaire’s own wording with the link, or lay it beside the tablet"
        )
    })
}

/// Makes a link: an invitation in the log, and its address on the page.
///
/// # Errors
/// 403 for a place that is not the caller's, 404 where nobody answers the framework.
pub async fn make(
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&headers, &body)?;
    visit.caller.must_cover(&visit.area)?;
    answered_by(&visit, &id)?;
    let (link, invited) = match read(&form, &id) {
        Ok(read) => read,
        Err(faults) => return again(visit, id, FORM, form, faults).await,
    };
    let event = (link.invitation(), visit.now, &visit.area);
    let fact = ExperienceFact::Invited(invited.clone());
    let recorded = link::record(&visit, &link, event, fact).await?;
    let positions = match recorded {
        Ok(positions) => positions,
        Err(refusals) => {
            let mut faults = Faults::default();
            for refusal in &refusals.0 {
                let field = refusal.pointer.trim_start_matches("/data");
                faults.add(field, &refusal.rule);
            }
            return again(visit, id, FORM, form, faults).await;
        }
    };
    let area = visit.area.clone();
    let of = id.clone();
    let page = visit
        .render(move |visit| page(visit, &of, &link, invited.count))
        .await?;
    Ok(audit::recorded_of(page, &area, id, positions))
}

/// The link and the invitation that a form asks for.
fn read(form: &Form, id: &str) -> Result<(Link, Invited), Faults> {
    let mut read = Reading::of(form);
    let mode = form.get("mode").and_then(Mode::from_code);
    let mode = mode.filter(|mode| MODES.iter().any(|(known, _)| known == mode));
    if mode.is_none() {
        read.wrong("mode", "must be one of the list");
    }
    let count: Option<u32> = form.get("count").and_then(|count| count.parse().ok());
    let count = count.filter(|count| (1..=MAX_ANSWERS).contains(count));
    if count.is_none() {
        read.wrong("count", &format!("must be from 1 to {MAX_ANSWERS}"));
    }
    let days: Option<u64> = form.get("days").and_then(|days| days.parse().ok());
    let days = days.filter(|days| DAYS.contains(days));
    if days.is_none() {
        read.wrong("days", "must be one of the list");
    }
    let team = form.get("team").map(|team| Slug::new(&team.to_lowercase()));
    if matches!(team, Some(Err(_))) {
        let rule = "must be of letters, digits and hyphens, such as north-1";
        read.wrong("team", rule);
    } else if team.is_none() && asks_a_team(id) {
        let rule = "is needed, such as north-1: these answers are reported by team";
        read.wrong("team", rule);
    }
    let team = team.and_then(Result::ok);
    let link = mode
        .zip(days)
        .map(|(mode, days)| Link::new(mode, days, team));
    let invited = count.zip(Slug::new(id).ok());
    let invited = invited.map(|(count, instrument)| Invited {
        instrument,
        count,
        population: None,
    });
    read.whole(link.zip(invited))
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
            @if let Some(wording) = wording(framework) { p { strong { (wording) } } }
            p.note { "Anybody who has the link can answer with it. Send it to those you want to ask, and to nobody else." }
        }
        p { a href=(back) { "Back to " (framework.title) } }
    };
    let title = format!("Link to answer {}", framework.title);
    Ok(layout::page(visit, Tab::Data, &title, &html! {}, &body))
}
