//! `GET /board`: who is waiting now, longest first, and who needs to act. `?view=wall` is a screen for a wall. Nobody is named.

use super::address::Address;
use super::layout::{self, Tab};
use super::visit::Visit;
use super::{health, words};
use crate::door::problem::Problem;
use axum::response::Response;
use chrono::{Days, NaiveDate};
use joinedup_application::charts::{self, ChartRequest};
use joinedup_application::waiting::facets::{Facet, NONE, Narrowed};
use joinedup_application::waiting::{Waiting, board};
use joinedup_views::period::Grain;
use joinedup_views::waiting::{WaitingReferral, WaitingTransfer};
use maud::{Markup, html};

/// Rows of one table before the rest is counted.
const MAX_ROWS: usize = 60;

/// Rows on a wall screen: as many as can be read across a room.
const WALL_ROWS: usize = 12;
/// Lengths of waiting that the list can be narrowed to.
const NIGHTS: [i64; 3] = [7, 14, 21];

/// `GET /board`.
pub async fn show(visit: Visit) -> Result<Response, Problem> {
    visit.render(page).await
}

fn page(visit: &Visit) -> Result<Markup, Problem> {
    let waiting = board(&visit.app, visit.area.as_str(), visit.caller.areas())?;
    let narrowed = Narrowed::of(|name| visit.address.get(name));
    let rows: Vec<&WaitingTransfer> = waiting
        .transfers
        .iter()
        .filter(|t| narrowed.keeps(t))
        .collect();
    let place = visit.title_of(visit.area.as_str());
    let wall = layout::is_wall(visit);
    // Where no source tells of anybody, nobody is not a number of people.
    let is_reported = waiting.transfers_reported_until.is_some() || !waiting.transfers.is_empty();
    let most = if wall { WALL_ROWS } else { MAX_ROWS };
    let body = html! {
        div.board-head {
            h1 { "Waiting now" span.place { ", " (place) } }
            @if wall { a href=(visit.address.clone().without(&["view"])) { "Leave the wall screen" } }
            @else { a.button href=(cleared(visit).with("view", "wall")) { "Wall screen" } }
        }
        // A sheet of paper is carried about: it says itself of when it is and what was left out.
        p.small.on-paper { "As of " (words::instant(waiting.as_of)) @for choice in chosen(visit, &narrowed) { " · " (choice) } }
        @if waiting.only.is_some() && !waiting.is_closed() { p.note #only { "You see the people of your own areas only. Others may be waiting in " (place) "." } }
        (numbers(visit, &waiting, narrowed.any().then_some(&rows)))
        section.card #people data-live aria-labelledby="people-name" {
            h2 #people-name { "Ready for discharge" @if is_reported { span.place { " · " (words::counted(rows.len(), "person", "people")) @if narrowed.any() { " of " (waiting.transfers.len()) } } } }
            (health::stop(visit, waiting.transfers_stop()))
            @if !wall && is_reported { (filters(visit, &waiting, &narrowed)) }
            @if rows.is_empty() {
                p { @if is_reported && narrowed.any() { "No one matches these filters. " a href=(cleared(visit)) { "Clear filters" } } @else { (nobody(visit, &waiting, waiting.transfers_reported_until, "discharge")) } }
            } @else { (people(visit, &rows, most)) }
            @if rows.len() > most { p.note { "Showing " (most) " of " (rows.len()) ", longest wait first." } }
        }
        @if !wall {
            section.card #referrals data-live aria-labelledby="referrals-name" {
                h2 #referrals-name { "Referrals waiting for first contact" @if waiting.referrals_reported_until.is_some() || !waiting.referrals.is_empty() { span.place { " · " (words::counted(waiting.referrals.len(), "referral", "referrals")) } } }
                (health::stop(visit, waiting.referrals_stop()))
                @if waiting.referrals.is_empty() { p { (nobody(visit, &waiting, waiting.referrals_reported_until, "referral")) } } @else { (referrals(visit, &waiting.referrals)) }
                @let routine = waiting.referrals.iter().take(MAX_ROWS).filter(|r| !r.over).count();
                @if routine > 0 { p.small.on-paper { (words::counted(routine, "referral that is not overdue is", "referrals that are not overdue are")) " not printed." } }
                @if waiting.referrals.len() > MAX_ROWS { p.note { "Showing " (MAX_ROWS) " of " (waiting.referrals.len()) ", overdue first." } }
            }
        }
    };
    Ok(layout::page(
        visit,
        Tab::Board,
        &format!("Waiting now, {place}"),
        &layout::place_picker(visit),
        &body,
    ))
}

fn cleared(visit: &Visit) -> Address {
    visit.address.clone().without(&Facet::ALL.map(Facet::name))
}

/// The figures: of those that a filter leaves, as the list below them, or of all.
fn numbers(visit: &Visit, waiting: &Waiting, left: Option<&Vec<&WaitingTransfer>>) -> Markup {
    let all = waiting.transfers.len();
    let nights: Vec<i64> = match left {
        Some(left) => left.iter().map(|t| t.days).collect(),
        None => waiting.transfers.iter().map(|t| t.days).collect(),
    };
    let long = |n: i64| nights.iter().filter(|days| **days >= n).count();
    // What is usual is known of everybody alone.
    let usual = usual_of(visit, waiting).filter(|_| left.is_none());
    // A number is read by itself, on a wall above all: where its source has stopped it says so itself.
    let (people_to, referrals_to) = (waiting.transfers_stop(), waiting.referrals_stop());
    let to = |stop: Option<NaiveDate>| {
        html! { @if let Some(day) = stop { " " br; span.small.until { "in data to " (words::near(day, visit.today())) } } }
    };
    let longest = nights.first().map(|days| (*days).max(0));
    let overdue = waiting.referrals.iter().filter(|r| r.over).count();
    let people = |count: usize| reported(waiting.transfers_reported_until, count);
    html! {
        section.figures #figures data-live aria-label="In figures" {
            p { strong.big { (people(nights.len())) } span { "waiting now" @if left.is_some() { ", of " (all) } (to(people_to)) @if let Some(usual) = &usual { br; span.small { (usual.in_words()) } } } }
            p { strong.big { (people(long(7))) } span { "7 nights or more" (to(people_to)) } }
            p { strong.big { (people(long(21))) } span { "21 nights or more" (to(people_to)) } }
            p { strong.big { @match longest { Some(nights) => (nights), None => "–" } } span { (if longest == Some(1) { "night" } else { "nights" }) ": longest wait" (to(people_to)) } }
            p { strong.big { (reported(waiting.referrals_reported_until, overdue)) } span { (if overdue == 1 { "referral overdue" } else { "referrals overdue" }) (to(referrals_to)) } }
        }
    }
}

/// A count, where a source tells of what is counted; else a dash, because nobody reported is not nobody there.
fn reported(reported_until: Option<NaiveDate>, count: usize) -> String {
    match reported_until {
        None if count == 0 => "–".to_owned(),
        _ => count.to_string(),
    }
}

/// What a reader is told who sees nobody of a place because it is none of their own areas.
#[must_use]
pub fn closed(visit: &Visit) -> String {
    let place = visit.title_of(visit.area.as_str());
    format!("{place} is not one of your areas, so you cannot see who is waiting there.")
}

/// That nobody waits, or that no data say whether anybody does, or that the reader may not see it.
fn nobody(
    visit: &Visit,
    waiting: &Waiting,
    reported_until: Option<NaiveDate>,
    what: &str,
) -> String {
    match reported_until {
        _ if waiting.is_closed() => closed(visit),
        Some(date) => format!(
            "Nobody is waiting, in data up to {}.",
            words::period(Grain::Day, date)
        ),
        None => {
            format!("No source here sends us {what} data yet, so we cannot show who is waiting.")
        }
    }
}

/// How many were waiting when the last day ended of which all is known, and when the same weekday did in past weeks. The number of now
/// holds who became ready today and leaves today, which no midnight does, and is compared with none of them.
pub(super) struct Usual {
    midnight: usize,
    weekday: String,
    least: usize,
    most: usize,
    weeks: usize,
}

/// Weeks that are looked back on.
const WEEKS: u64 = 8;
/// Fewer weeks than this do not say what is usual.
const MIN_WEEKS: usize = 4;

impl Usual {
    fn in_words(&self) -> String {
        // "Usual" is the median of a chart, on other pages and over another time.
        let sign = match (self.midnight < self.least, self.midnight > self.most) {
            (true, _) => "▼ fewer than",
            (_, true) => "▲ more than",
            _ => "as",
        };
        let (midnight, day, weeks) = (self.midnight, &self.weekday, self.weeks);
        format!(
            "{day} night: {midnight}, {sign} on the {weeks} {day}s before ({} to {})",
            self.least, self.most
        )
    }

    /// That more were waiting than in any of the weeks before; none where they were not.
    pub(super) fn more_in_words(&self) -> Option<String> {
        let (midnight, day, weeks) = (self.midnight, &self.weekday, self.weeks);
        (midnight > self.most).then(|| {
            format!(
                "More people were waiting on {day} night than on any of the {weeks} {day}s before: {midnight}, against {} to {}",
                self.least, self.most
            )
        })
    }

    /// Against the counts of past weeks; none before there are weeks enough.
    fn of(midnight: usize, weekday: String, counts: &[usize]) -> Option<Self> {
        (counts.len() >= MIN_WEEKS).then_some(Self {
            midnight,
            weekday,
            least: *counts.iter().min()?,
            most: *counts.iter().max()?,
            weeks: counts.len(),
        })
    }
}

/// What is usual where the reader sees everybody who waits: somebody who sees some of the people compares them with all of none,
/// and data of another day say nothing of today.
pub(super) fn usual_of(visit: &Visit, waiting: &Waiting) -> Option<Usual> {
    match (&waiting.only, waiting.transfers_stop()) {
        (None, None) => usual(visit),
        _ => None,
    }
}

/// What is usual on that night, as the measure of those waiting says. Just after midnight not every source has reported of the day
/// before.
fn usual(visit: &Visit) -> Option<Usual> {
    let earliest = visit.today() - Days::new(2);
    let request = ChartRequest {
        from: Some(earliest - Days::new(7 * WEEKS)),
        to: Some(visit.today()),
        period: Some(Grain::Day),
        ..ChartRequest::new("tr-ready-now", visit.area.as_str())
    };
    let answer = charts::ask(&visit.app, &request, visit.audience()).ok()?;
    let judged = answer.chart.points.iter().map(|p| &p.point);
    let judged: Vec<(NaiveDate, usize)> = judged
        .filter(|p| p.is_judged())
        .filter_map(|p| Some((p.period_start, p.value.filter(|v| *v >= 0.0)?)))
        .map(|(day, value)| (day, value.round() as usize))
        .collect();
    let (last, midnight) = *judged.last().filter(|(day, _)| *day >= earliest)?;
    let past = judged.iter().filter(|(day, _)| {
        let weeks_ago = (last - *day).num_days();
        weeks_ago > 0 && weeks_ago % 7 == 0 && weeks_ago <= 7 * WEEKS.cast_signed()
    });
    let past: Vec<usize> = past.map(|(_, count)| *count).collect();
    Usual::of(midnight, last.format("%A").to_string(), &past)
}

/// The filters, folded away until somebody uses them; each choice says how many it would show.
fn filters(visit: &Visit, waiting: &Waiting, narrowed: &Narrowed) -> Markup {
    let choice = |facet: Facet, value: &str, count: usize| {
        let on = narrowed.choice(facet) == Some(value);
        let address = visit
            .address
            .clone()
            .with(facet.name(), if on { "" } else { value });
        html! { li { a href=(address) aria-current=[on.then_some("true")] { (value_words(visit, facet, value)) " " strong { (count) } } } }
    };
    html! {
        details #filters open[narrowed.any()] {
            summary { "Filter" }
            @if narrowed.any() { p { a href=(cleared(visit)) { "Clear filters" } } }
            @for facet in Facet::ALL {
                @let counts = narrowed.counts(&waiting.transfers, facet);
                @let (several, rows) = (counts.iter().map(|(_, n)| n).sum::<usize>(), narrowed.beside(&waiting.transfers, facet));
                // Where nobody is left there is nothing to choose.
                @if facet == Facet::Nights || !counts.is_empty() {
                    h3 { (facet_words(facet)) @if several > rows { " (some people count under several)" } }
                    ul.segments {
                        @if facet == Facet::Nights { @for (value, least) in nights(narrowed) { (choice(facet, &value, least.map_or(0, |n| narrowed.at_least(&waiting.transfers, n)))) } }
                        @else { @for (value, count) in &counts { (choice(facet, value, *count)) } }
                    }
                }
            }
        }
    }
}

/// The lengths of waiting to choose from, the chosen one among them, with their nights; none where it is no length.
fn nights(narrowed: &Narrowed) -> Vec<(String, Option<i64>)> {
    let usual = NIGHTS.map(|n| (n.to_string(), Some(n)));
    let other = narrowed.choice(Facet::Nights).map(str::to_owned);
    let other = other.filter(|other| usual.iter().all(|(n, _)| n != other));
    let other = other.map(|other| (other.clone(), other.parse().ok()));
    usual.into_iter().chain(other).collect()
}

/// By what the list is narrowed, in words.
fn chosen(visit: &Visit, narrowed: &Narrowed) -> Vec<String> {
    let facets = Facet::ALL.into_iter();
    let chosen = facets.filter_map(|facet| Some((facet, narrowed.choice(facet)?)));
    let words = |(facet, value)| {
        format!(
            "{}: {}",
            facet_words(facet),
            value_words(visit, facet, value)
        )
    };
    chosen.map(words).collect()
}

const fn facet_words(facet: Facet) -> &'static str {
    match facet {
        Facet::Responsible => "Who needs to act",
        Facet::Reason => "Reason for delay",
        Facet::Pathway => "Pathway",
        Facet::Ward => "Ward",
        Facet::Hospital => "Hospital",
        Facet::Nights => "Waiting at least",
    }
}

fn value_words(visit: &Visit, facet: Facet, value: &str) -> String {
    match (facet, value) {
        // A link can ask for anything: what it asked for is said, and not what it might have meant.
        (facet, odd) if !facet.knows(odd) => format!("\u{201c}{odd}\u{201d} (not a choice)"),
        (Facet::Nights, "1") => "1 night".to_owned(),
        (Facet::Nights, nights) => format!("{nights} nights"),
        (Facet::Responsible, code) => words::responsible(code).to_owned(),
        (Facet::Pathway, code) => words::pathway(code).to_owned(),
        (_, NONE) => "Not recorded".to_owned(),
        (Facet::Hospital, code) => visit.title_of(code),
        (Facet::Ward, code) => words::sentence(code),
        (Facet::Reason, code) => words::value_of(&visit.app.definitions.catalogue, "reason", code),
    }
}

fn people(visit: &Visit, rows: &[&WaitingTransfer], most: usize) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="People ready for discharge, longest wait first" {
            table.board.stack {
                thead { tr { th scope="col" { "Waiting" } th scope="col" { "Who needs to act" } th scope="col" { "Next step" } th scope="col" { "Reason for delay" } th scope="col" { "Home area" } th scope="col" { "Hospital and ward" } th scope="col" { "Pathway" } } }
                tbody {
                    @for row in rows.iter().take(most) {
                        tr.over[row.days >= 21] {
                            th scope="row" { strong { (words::sentence_start(&words::nights(row.days))) } br; span.small { "since " (words::near(row.since, visit.today())) } }
                            td data-label="Who needs to act" { span.move.(row.responsible) { (words::responsible(row.responsible)) } }
                            td data-label="Next step" { (row.next_step) @if let Some(expected) = row.expected.filter(|e| *e < visit.today()) { br; span.small { "Expected discharge: " (words::near(expected, visit.today())) " (" (words::days((visit.today() - expected).num_days())) " ago)" } } }
                            td data-label="Reason for delay" {
                                (row.reason_title.unwrap_or("No reason recorded"))
                                @for further in &row.further_reasons { br; span.small { "Also: " (further.reason_title) " (" (words::responsible(further.responsible)) ", " (words::nights(further.days)) ")" } }
                            }
                            td data-label="Home area" { (visit.title_of(row.area.as_str())) }
                            td data-label="Hospital and ward" {
                                (row.hospital.as_ref().map(|h| visit.title_of(h.as_str())).unwrap_or_default())
                                @if let Some(ward) = &row.ward { br; span.small.ward { (words::sentence(ward.as_str())) } }
                            }
                            td data-label="Pathway" { (row.pathway.map_or("Not decided", words::pathway)) }
                        }
                    }
                }
            }
        }
    }
}

fn referrals(visit: &Visit, rows: &[WaitingReferral]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Referrals waiting for first contact, overdue first" {
            table.board.stack {
                thead { tr { th scope="col" { "Due" } th scope="col" { "Service" } th scope="col" { "Priority" } th scope="col" { "Waiting since" } th scope="col" { "Place" } } }
                tbody {
                    @for row in rows.iter().take(MAX_ROWS) {
                        tr.over[row.over].routine[!row.over] {
                            th scope="row" {
                                @match row.due {
                                    Some(due) if row.over => { strong.concern { "Overdue by " (words::overdue(visit.now - due)) } br; span.small { "due " (words::due(due, visit.today())) } }
                                    Some(due) => { (words::sentence_start(&words::due(due, visit.today()))) }
                                    None => "No standard",
                                }
                            }
                            td data-label="Service" { (words::service(row.service)) }
                            td data-label="Priority" { (words::sentence(row.priority)) }
                            td data-label="Waiting since" { (words::instant(row.since)) }
                            td data-label="Place" { (visit.title_of(row.area.as_str())) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_midnight_is_compared_with_midnights_and_not_with_the_busy_noon() {
        let of = |midnight, counts: &[usize]| {
            let usual = Usual::of(midnight, "Sunday".to_owned(), counts);
            usual.map(|usual| usual.in_words())
        };
        assert_eq!(
            of(14, &[12, 10, 16, 13]).as_deref(),
            Some("Sunday night: 14, as on the 4 Sundays before (10 to 16)")
        );
        let higher = of(17, &[12, 10, 16, 13]).unwrap();
        assert!(higher.contains("more than on the"), "{higher}");
        assert_eq!(of(14, &[12, 10, 16]), None);
    }

    #[test]
    fn only_more_than_in_every_week_before_needs_attention() {
        let more = |midnight| {
            let usual = Usual::of(midnight, "Monday".to_owned(), &[1, 4, 3, 2]);
            usual.unwrap().more_in_words()
        };
        assert_eq!(
            more(7).as_deref(),
            Some(
                "More people were waiting on Monday night than on any of the 4 Mondays before: 7, against 1 to 4"
            )
        );
        assert_eq!((more(4), more(0)), (None, None));
    }
}
