//! How fresh the data are, in words: of when the newest are, and which sources are late and since when.

use super::visit::Visit;
use super::words;
use crate::door::problem::Problem;
use chrono::{NaiveDate, TimeDelta};
use joinedup_application::places;
use joinedup_application::sources::{self, Health, Source};
use joinedup_drawing::axis::date;
use joinedup_events::local;
use maud::{Markup, html};

/// How many late sources are named before the rest is counted.
const MAX_LATE: usize = 3;
/// Newest data of more days than this ago are called old.
const OLD_DAYS: i64 = 7;

/// The health of the data.
///
/// # Errors
/// 404 when this process has no views.
pub fn of(visit: &Visit) -> Result<Health, Problem> {
    let covers = |area: &str| visit.caller.covers(area);
    Ok(sources::health(&visit.app, visit.audience(), covers)?)
}

/// The class and the words of the strip, for views that follow the log. Green is only what is on time.
#[must_use]
pub fn in_short(visit: &Visit, health: &Health) -> (&'static str, String) {
    let Some(newest) = newest(visit, health) else {
        return ("unknown", "No data received yet".to_owned());
    };
    match (health.expected, health.late.len()) {
        (0, _) => ("unknown", format!("{newest}. No source has a schedule")),
        (1, 0) => (
            "good",
            format!("{newest}. The one expected source is on time"),
        ),
        (expected, 0) => (
            "good",
            format!("{newest}. All {expected} expected sources are on time"),
        ),
        (expected, late) => (
            "poor",
            format!(
                "{newest}. {late} of {} late",
                words::counted(expected, "expected source", "expected sources")
            ),
        ),
    }
}

/// Of when the newest data are, with how long ago that is where it matters.
fn newest(visit: &Visit, health: &Health) -> Option<String> {
    let day = health.newest?;
    let days = (visit.today() - day).num_days();
    let ago = if days > OLD_DAYS {
        format!(" ({} ago)", words::days(days))
    } else {
        String::new()
    };
    Some(format!("Data to {}{ago}", date(day)))
}

/// The same in full, with the late sources by name.
#[must_use]
pub fn in_full(visit: &Visit, health: &Health) -> Markup {
    let (class, text) = in_short(visit, health);
    html! {
        p { span.state.(class) { (text) } "." }
        @if !health.late.is_empty() {
            ul.plain {
                @for source in health.late.iter().take(MAX_LATE) {
                    li { strong.concern { (name(visit, source)) } ": no data for " (quiet_for(visit, source)) " (since " (received(source)) "; expected " (every(source.expected)) ")" }
                }
            }
            @if health.late.len() > MAX_LATE { p { (words::counted(health.late.len() - MAX_LATE, "more is late", "more are late")) "." } }
        }
        p.more { a href=(visit.address.elsewhere("/sources")) { "See all data sources" } }
    }
}

/// How far a number goes, where a source of it has been silent since before yesterday: the end of a sentence.
#[must_use]
pub fn up_to(visit: &Visit, stop: Option<NaiveDate>) -> String {
    let words = |day| format!(", in data complete to {}", words::near(day, visit.today()));
    stop.map(words).unwrap_or_default()
}

/// The same of a list.
#[must_use]
pub fn stop(visit: &Visit, stop: Option<NaiveDate>) -> Markup {
    html! { @if let Some(day) = stop { p.note { "The data here are complete to " (words::near(day, visit.today())) ". Some of what has happened since then may be missing." } } }
}

/// What people call a source: its place and the last part of its name, or its name where that says more.
#[must_use]
pub fn name(visit: &Visit, source: &Source) -> String {
    let part = source.name.rsplit('/').find(|part| !part.is_empty());
    let register = &visit.app.definitions.areas;
    let around = places::around(register, &source.areas);
    let around = around.filter(|place| {
        let held = register.within(place);
        source.areas.iter().all(|area| held.contains(area))
    });
    // Hospitals that send of the people of one place would else be called the same.
    let sender = source.name.rsplit('/').nth(1);
    let sender = sender.and_then(|code| register.get(code)).map(|a| &a.id);
    match (around.map(|place| sender.unwrap_or(place)), part) {
        (Some(area), Some(part)) if source.name.contains('/') => {
            format!(
                "{} {}",
                visit.title_of(area.as_str()),
                words::source_kind(part)
            )
        }
        // A path of one sender for many places: what it sends, not where.
        (None, Some(part)) if source.name.contains('/') => {
            words::sentence_start(&words::source_kind(part))
        }
        _ => source.name.clone(),
    }
}

/// When a source last sent something: to readers the day alone.
#[must_use]
pub fn received(source: &Source) -> String {
    match source.events {
        Some(_) => words::instant(source.recorded),
        None => date(local::date(source.recorded)),
    }
}

/// For how long a source has sent nothing.
#[must_use]
pub fn quiet_for(visit: &Visit, source: &Source) -> String {
    if source.events.is_none() {
        return match (visit.today() - local::date(source.recorded)).num_days() {
            0 => "some hours".to_owned(),
            days => words::days(days),
        };
    }
    let quiet = visit.now - source.recorded;
    match quiet.num_hours() {
        hours if hours < 48 => words::counted(usize::try_from(hours).unwrap_or(0), "hour", "hours"),
        _ => words::days(quiet.num_days()),
    }
}

/// How often a source is expected: `every 3 days`, `every 5 weeks`.
#[must_use]
pub fn every(interval: Option<TimeDelta>) -> String {
    let Some(interval) = interval else {
        return "no schedule".to_owned();
    };
    let of = |count: i64, one: &str, many: &str| match count {
        1 => format!("every {one}"),
        count => format!("every {count} {many}"),
    };
    // Rounded up: nobody is asked for data before they are expected.
    let seconds = interval.num_seconds().max(1);
    let hours = seconds / 3_600 + i64::from(seconds % 3_600 > 0);
    if hours % 168 == 0 {
        of(hours / 168, "week", "weeks")
    } else if hours % 24 == 0 {
        of(hours / 24, "day", "days")
    } else if hours > 96 {
        of((hours + 23) / 24, "day", "days")
    } else {
        of(hours, "hour", "hours")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_said_in_the_unit_that_people_use() {
        assert_eq!(every(None), "no schedule");
        let every = |hours| every(Some(TimeDelta::hours(hours)));
        assert_eq!(super::every(Some(TimeDelta::seconds(36))), "every hour");
        assert_eq!(
            super::every(Some(TimeDelta::seconds(3_630))),
            "every 2 hours"
        );
        assert_eq!(every(1), "every hour");
        assert_eq!(every(72), "every 3 days");
        assert_eq!(every(168), "every week");
        assert_eq!(every(840), "every 5 weeks");
        assert_eq!(every(30), "every 30 hours");
        assert_eq!(every(170), "every 8 days");
    }
}
