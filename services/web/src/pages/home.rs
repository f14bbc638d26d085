//! `GET /`: the morning briefing. Who waits, what got worse or better, which change works, and how fresh that is.

use super::changes_of::verdict;
use super::layout::{self, Tab};
use super::visit::Visit;
use super::{changes, health, multiples, rounds, start, words};
use crate::door::problem::Problem;
use axum::response::{IntoResponse, Redirect, Response};
use joinedup_application::briefing::{
    Finding, LONG_NIGHTS, Tested, WaitingNow, findings, tested, waiting_now,
};
use joinedup_application::config;
use joinedup_application::discoveries::discoveries;
use joinedup_application::overview::{Line, Overview};
use joinedup_application::waiting::{Waiting, board};
use joinedup_drawing::{axis, icon, spark};
use joinedup_events::AreaId;
use joinedup_spc::evidence::one_chart_in;
use joinedup_views::waiting::WaitingTransfer;
use maud::{Markup, PreEscaped, html};

/// How many lines each list shows before the rest is counted.
const MAX_LINES: usize = 3;
/// What stands for both lists where no rule could judge a chart.
const NOT_JUDGED: &str = "No chart of this place has enough data yet to be judged.";
/// How many changes under test are listed.
const MAX_CHANGES: usize = 2;

/// `GET /`. With a measure in the address it leads to that measure's page, where charts have their place.
pub async fn show(visit: Visit) -> Result<Response, Problem> {
    if let Some(id) = visit.address.get("measure") {
        let measure = visit.app.definitions.measures.get(id);
        let measure = measure.ok_or_else(|| Problem::not_found(words::NO_SUCH_MEASURE))?;
        // Whoever chooses another measure leaves behind the filters that it does not have.
        let foreign = visit
            .filters()
            .filter(|d| !multiples::has(&visit, measure, d));
        let left: Vec<&str> = foreign.chain(["measure"]).collect();
        let own = visit.address.on(format!("/measures/{}", measure.id));
        return Ok(Redirect::to(&own.without(&left).to_string()).into_response());
    }
    visit.render(page).await
}

fn page(visit: &Visit) -> Result<Markup, Problem> {
    let health = health::of(visit)?;
    let body = if health.newest.is_none() {
        start::nothing_yet(visit)
    } else {
        let overview = visit.overview();
        let (worse, better) = findings(&overview, visit.area.as_str());
        let changes = tested(&visit.app, &visit.area, visit.audience())?;
        let may_see_people = visit.caller.has(config::Role::Operator);
        let board = may_see_people
            .then(|| board(&visit.app, visit.area.as_str(), visit.caller.areas()))
            .transpose()?;
        let closed = board.as_ref().is_some_and(Waiting::is_closed);
        let seen = board.as_ref().filter(|_| !closed);
        let waiting = seen.map(|b| waiting_now(b, MAX_LINES));
        let usual = seen.and_then(|b| super::board::usual_of(visit, b));
        let more_wait = usual.and_then(|usual| usual.more_in_words());
        // As many as the page shows to which the lists lead.
        let unsure = overview.doubtful();
        let signals = overview.signals().len() + unsure.len();
        let doubted = |is: fn(&Line) -> bool| unsure.iter().filter(|l| is(l)).count();
        let (worse_unsure, better_unsure) = (doubted(Line::worsens), doubted(Line::improves));
        let none_worse = match worse_unsure {
            0 => "Nothing is getting worse",
            _ => "Nothing stands out as getting worse",
        };
        let (parts, divided) = parts(visit, &overview);
        // Where was looked, where there is more to look at than that.
        let none_worse = match divided.as_slice() {
            [] => none_worse.to_owned(),
            _ => format!(
                "{none_worse} in {} or its {}",
                visit.title_of(visit.area.as_str()),
                words::counted(parts.len(), "part", "parts")
            ),
        };
        let alone = format!("{none_worse}.");
        let nothing_judged = !overview.lines.values().any(Line::is_judged);
        html! {
            div.briefing {
                header #briefing data-live {
                    p.kicker { (visit.title_of(visit.area.as_str())) " · " (words::long_date(visit.today())) }
                    h1 { (headline(visit, waiting.as_ref(), &worse, &better, &changes, nothing_judged, &none_worse)) }
                }
                div.three {
                    section.card #worse data-live aria-labelledby="worse-name" {
                        h2 #worse-name { "Needs attention" }
                        // Not a verdict of a chart, and counted among none of them.
                        @if let Some(more) = &more_wait { p #more-waiting { a href=(visit.address.elsewhere("/board")) { (more) } } }
                        (list(visit, &worse, signals, if nothing_judged { NOT_JUDGED } else if worse_unsure == 0 { &alone } else { "Nothing stands out among all charts." }))
                        (doubtful(visit, worse_unsure, "worse"))
                        @if !divided.is_empty() { p.small { "Smaller places are looked at on the pages of " (layout::place_links(visit, &divided)) "." } }
                        // Below the shorter of the two lists, so that all stands on one screen.
                        @if worse.len() <= better.len() { (under_test(visit, &changes)) }
                    }
                    section.card #better data-live aria-labelledby="better-name" {
                        h2 #better-name { "Getting better" }
                        (list(visit, &better, signals, if nothing_judged { NOT_JUDGED } else { "No clear improvement at the moment." }))
                        (doubtful(visit, better_unsure, "better"))
                        @if worse.len() > better.len() { (under_test(visit, &changes)) }
                    }
                    section.card #waits data-live aria-labelledby="waits-name" {
                        h2 #waits-name { "Longest waits" }
                        @match &waiting {
                            Some(waiting) => (waits(visit, waiting)),
                            None if closed => p { (super::board::closed(visit)) },
                            None => p { "Only people who work with those who wait can see this list. Ask whoever runs this service for the role of an operator." },
                        }
                    }
                }
                section.card #health data-live aria-labelledby="health-name" {
                    h2 #health-name { "How fresh the data are" }
                    (health::in_full(visit, &health))
                }
                (ratings(visit))
                @if let Some(among) = discoveries(&visit.app, visit.audience()).filter(|among| among.charts > 0) {
                    p.small #chance data-live { "Of " (words::counted(among.charts, "chart", "charts")) " that can be judged here and elsewhere, " (among.changed) (if among.changed == 1 { " has" } else { " have" }) " changed more than chance explains" @if among.changed > 0 { ", and about " (chance(among.by_chance())) " of these may be chance after all" } "." }
                }
            }
        }
    };
    let picker = layout::place_picker(visit);
    Ok(layout::page(visit, Tab::Home, "Today", &picker, &body))
}

/// The briefing in two or three short sentences.
fn headline(
    visit: &Visit,
    waiting: Option<&WaitingNow<'_>>,
    worse: &[Finding<'_>],
    better: &[Finding<'_>],
    changes: &[Tested],
    nothing_judged: bool,
    none_worse: &str,
) -> Markup {
    let new = |found: &[Finding<'_>]| match found.iter().filter(|f| f.is_new).count() {
        0 => String::new(),
        n => format!(" ({n} new)"),
    };
    let working = changes.iter().filter(|t| t.works()).count();
    let heard = health::up_to(visit, waiting.and_then(|w| w.stop));
    html! {
        @if waiting.is_some_and(|w| w.partly) { "In your own areas: " }
        @match waiting.map(|w| (w.people, w.long)) {
            None => {}
            Some((None, _)) => { strong { "No hospital here sends discharge data yet, so we cannot show who is waiting." } " " }
            Some((Some(0), _)) => { strong { "Nobody is waiting to leave hospital" (heard) "." } " " }
            Some((Some(people), long)) => {
                strong {
                    @if people == 1 { "1 person is" } @else { (axis::number(people as f64, "")) " people are" }
                    " ready for discharge"
                    @if long > 0 { ", " (long) " for " (LONG_NIGHTS) " nights or more" }
                    (heard) "."
                }
                " "
            }
        }
        @if nothing_judged {
            "No measure has enough data yet to be judged."
        } @else if worse.is_empty() && better.is_empty() {
            "No measure is clearly getting worse or better."
        } @else {
            @match (worse.len(), better.len()) {
                (0, n) => { (none_worse) "; " (words::counted(n, "measure is", "measures are")) " getting better" (new(better)) "." }
                (n, 0) => { (words::counted(n, "measure is", "measures are")) " getting worse" (new(worse)) ", none better." }
                (n, m) => { (words::counted(n, "measure is", "measures are")) " getting worse" (new(worse)) ", " (m) " better" (new(better)) "." }
            }
        }
        @if working > 0 { " " (words::counted(working, "change is", "changes are")) " working." }
    }
}

/// The parts of a place that have numbers here, and those of them that have parts themselves: what happens in those is not
/// looked at for the place.
fn parts(visit: &Visit, overview: &Overview) -> (Vec<AreaId>, Vec<AreaId>) {
    let areas = &visit.app.definitions.areas;
    let mut parts = visit.parts();
    parts.retain(|part| overview.of(part.as_str()).next().is_some());
    let is_divided = |part: &&AreaId| !areas.children(part).is_empty();
    let divided = parts.iter().filter(is_divided).cloned().collect();
    (parts, divided)
}

/// How many charts look worse or better by themselves, and where they are.
fn doubtful(visit: &Visit, count: usize, how: &str) -> Markup {
    html! {
        @if count > 0 {
            p.small {
                a href=(visit.address.elsewhere("/measures").with("show", "signals")) { (words::counted(count, "chart looks", "charts look")) " " (how) " by " (if count == 1 { "itself" } else { "themselves" }) }
                ", but among so many charts chance makes some look so."
            }
        }
    }
}

/// A small number of charts, in words.
fn chance(of: f64) -> String {
    match of.round() as i64 {
        0 => "none".to_owned(),
        1 => "one".to_owned(),
        more => more.to_string(),
    }
}

fn list(visit: &Visit, found: &[Finding<'_>], signals: usize, none: &str) -> Markup {
    html! {
        @if found.is_empty() { p { (none) } }
        @else {
            ul.findings { @for finding in found.iter().take(MAX_LINES) { (one(visit, finding)) } }
            @if found.len() > MAX_LINES || found.iter().any(|f| !f.also.is_empty()) {
                p.more { a href=(visit.address.elsewhere("/measures").with("show", "signals")) { "See all that changed (" (signals) ")" } }
            }
        }
    }
}

/// What is usual, and the level of the latest values: one value may lie on the other side of a change that twelve of them show.
pub(super) fn levels(line: &Line) -> String {
    let level_words = |word: &str, level: Option<f64>| {
        level.map(|level| format!("{word} {}", axis::amount(level, &line.unit)))
    };
    let levels = [
        level_words("usually", line.centre),
        level_words("lately", line.lately),
    ];
    levels.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A value after the title of its measure, which may have said already what it is per.
fn after_title(line: &Line, value: f64) -> String {
    if line.unit.starts_with("per ") && line.title.contains(&line.unit) {
        return axis::number(value, &line.unit);
    }
    axis::amount(value, &line.unit)
}

fn one(visit: &Visit, finding: &Finding<'_>) -> Markup {
    let line = finding.line;
    let link = visit
        .address
        .elsewhere(format!("/measures/{}", line.measure))
        .with("area", &line.area);
    html! {
        li {
            (PreEscaped(icon::variation(line.variation)))
            div {
                a href=(link) { (line.title) @if let Some((_, value)) = line.latest { ": " (after_title(line, value)) } }
                p.small {
                    (line.place()) @if let Some((start, _)) = line.latest { ", " (words::period(line.period, start)) }
                    @if let Some(since) = line.since { " · since " (words::near(since, visit.today())) }
                    @if !finding.also.is_empty() { " · also in " (words::counted(finding.also.len(), "other place", "other places")) }
                    @if finding.is_new { " · " strong { "first seen now" } }
                    br;
                    (levels(line))
                }
            }
            span.sure {
                (PreEscaped(spark::spark(&line.values, line.centre, icon::variation_class(line.variation), &sparked(line))))
                @if let Some(p) = line.p_value { "chance: " span.nowrap { "1 in " (one_chart_in(p)) } }
            }
        }
    }
}

/// What a small drawing shows, for those who cannot see it: the levels that stand beside it, since the first value and the last
/// alone may lie the other way round.
pub(super) fn sparked(line: &Line) -> String {
    if line.centre.is_some() && line.lately.is_some() {
        return format!("{}: {}", line.title, levels(line));
    }
    let shown = &line.values[line.values.len().saturating_sub(spark::MAX_POINTS)..];
    let mut values = shown.iter().flatten();
    let (first, last) = (values.next(), values.next_back());
    let span = match (first, last) {
        (Some(first), Some(last)) => format!(
            "from {} to {}",
            axis::amount(*first, &line.unit),
            axis::amount(*last, &line.unit)
        ),
        (Some(only), None) => axis::amount(*only, &line.unit),
        _ => "no values".to_owned(),
    };
    format!("{}: {span}", line.title)
}

/// What a line says: what the rules say of it with its latest value, or by what its parts are compared.
#[must_use]
pub fn in_words(line: &Line) -> Markup {
    let word = words::stands(line);
    html! {
        @match (&line.compares, line.latest) {
            // All parts together have no verdict, and a number of all says nothing of any.
            (Some(by), Some((start, _))) => { strong { "Compared by " (words::dimension(by)) } br; span.small { (words::period(line.period, start)) } }
            _ => { strong { (word) } br; span.small { (value_words(line)) } }
        }
    }
}

/// The latest value against the centre line, in words.
#[must_use]
pub fn value_words(line: &Line) -> String {
    let Some((start, value)) = line.latest else {
        return "no number yet".to_owned();
    };
    let amount = |value: f64| axis::amount(value, &line.unit);
    // One value may lie where the median does while those of lately together do not.
    let against = match (line.centre, line.lately.filter(|_| line.alert)) {
        (Some(centre), Some(lately)) => {
            format!(" (median {}, lately {})", amount(centre), amount(lately))
        }
        (Some(centre), None) => format!(" (median {})", amount(centre)),
        (None, _) => String::new(),
    };
    format!(
        "{}{against}, {}",
        amount(value),
        words::period(line.period, start)
    )
}

fn under_test(visit: &Visit, changes: &[Tested]) -> Markup {
    html! {
        @if !changes.is_empty() {
            h3.divide { "Changes being tested" }
            ul.findings #under-test {
                @for tested in changes.iter().take(MAX_CHANGES) { li.change {
                    div {
                        @let name = tested.change.title.as_deref().unwrap_or("A change");
                        a href=(visit.address.elsewhere(changes::path(&tested.id))) { (name) }
                        p.small { (visit.title_of(tested.change.area.as_str())) @if let Some(started) = tested.change.started { ", since " (axis::date(started)) } }
                        @if let Some((around, answer)) = tested.around.as_ref().zip(tested.answer.as_ref()) { (verdict(&tested.change, around, &answer.chart)) }
                    }
                } }
            }
            @if changes.len() > MAX_CHANGES { p.small { a href=(visit.address.elsewhere("/changes")) { (changes.len() - MAX_CHANGES) " more being tested" } } }
        }
    }
}

fn waits(visit: &Visit, waiting: &WaitingNow<'_>) -> Markup {
    let board = visit.address.elsewhere("/board");
    html! {
        @match waiting.people {
            None => p { "No hospital here sends discharge data yet, so we cannot show who is waiting." },
            Some(0) => p { "Nobody is ready for discharge and waiting" (health::up_to(visit, waiting.stop)) "." },
            Some(people) => {
                (health::stop(visit, waiting.stop))
                ul.findings { @for person in &waiting.longest { (wait(visit, person)) } }
                p.more { a href=(board) { "See all " (axis::number(people as f64, "")) " waiting" } }
            }
        }
        @if waiting.overdue > 0 {
            p { a href=(format!("{board}#referrals")) { (words::counted(waiting.overdue, "referral has missed its", "referrals have missed their")) " response time" (health::up_to(visit, waiting.referrals_stop)) } }
        }
    }
}

fn wait(visit: &Visit, person: &WaitingTransfer) -> Markup {
    let hospital = person.hospital.as_ref().unwrap_or(&person.area);
    html! {
        li {
            span.nights.long[person.days >= LONG_NIGHTS] aria-hidden="true" { (person.days) }
            div {
                a href=(visit.address.elsewhere("/board")) { (words::responsible(person.responsible)) ": " (person.reason_title.unwrap_or(words::NO_REASON)) }
                p.small { (words::nights(person.days)) " · " (visit.title_of(hospital.as_str())) }
            }
        }
    }
}

fn ratings(visit: &Visit) -> Markup {
    let (moves, open) = rounds::latest_moves(visit);
    let compared = visit
        .address
        .elsewhere("/model")
        .with("compare", "yes")
        .without(&["from", "to"]);
    html! {
        @if moves.is_some() || open.is_some() {
            p #ratings data-live {
                @if let Some(open) = &open { (open.sentence()) " " }
                @if let Some(moves) = &moves {
                    "Ratings between the rounds " (moves.earlier) " and " (moves.later) ": "
                    strong { (moves.up.len()) " went up" } ", " strong { (moves.down.len()) " went down" } ", " (moves.same.len()) " did not change. "
                    a href=(compared) { "See all rating changes" }
                }
            }
        }
    }
}
