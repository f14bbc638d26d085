//! Dates, lengths of time and codes as people say them.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use joinedup_application::overview::{Line, NoVerdict};
pub use joinedup_drawing::axis::period;
use joinedup_drawing::axis::{MONTHS, date};
use joinedup_drawing::icon;
pub use joinedup_drawing::sentence_start;
use joinedup_events::local;
use joinedup_views::catalogue::Catalogue;
use joinedup_views::chart::Chart;
use joinedup_views::measure::{ChartKind, Direction, Measure};
use joinedup_views::period::Grain;
use std::collections::BTreeSet;

/// A date and a time of day, local: 14 Sep 2026, 9:30am.
#[must_use]
pub fn instant(at: DateTime<Utc>) -> String {
    format!("{}, {}", date(local::date(at)), clock(at))
}

/// A time of day as the NHS writes it in a sentence: 9:30am, midday, midnight.
#[must_use]
pub fn clock(at: DateTime<Utc>) -> String {
    let at = local::date_time(at);
    let (afternoon, hour) = at.hour12();
    match (at.hour(), at.minute()) {
        (0, 0) => "midnight".to_owned(),
        (12, 0) => "midday".to_owned(),
        (_, 0) => format!("{hour}{}", if afternoon { "pm" } else { "am" }),
        (_, minute) => format!("{hour}:{minute:02}{}", if afternoon { "pm" } else { "am" }),
    }
}

/// The moment that a chart is as known at: the end of a day, where it is a midnight.
#[must_use]
pub fn as_known(at: DateTime<Utc>) -> String {
    let local = local::date_time(at);
    match (
        local.time() == chrono::NaiveTime::MIN,
        local.date().pred_opt(),
    ) {
        (true, Some(day)) => format!("the end of {}", day_month_year(day)),
        _ => format!("{} on {}", clock(at), day_month_year(local.date())),
    }
}

/// When something is due: what is due at a midnight is due by the end of the day before.
#[must_use]
pub fn due(at: DateTime<Utc>, today: NaiveDate) -> String {
    let local = local::date_time(at);
    let ended = local.date().pred_opt();
    match ended.filter(|_| local.time() == chrono::NaiveTime::MIN) {
        Some(day) => format!("by the end of {}", near(day, today)),
        None => format!("{}, {}", near(local.date(), today), clock(at)),
    }
}

/// A day in full: Friday 27 November 2026.
#[must_use]
pub fn long_date(day: NaiveDate) -> String {
    day.format("%A %-d %B %Y").to_string()
}

/// A day in a sentence: 14 September 2026.
#[must_use]
pub fn day_month_year(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

/// A length of time in days, in weeks from three on.
#[must_use]
pub fn days(days: i64) -> String {
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    match days {
        ..=20 => counted(count(days), "day", "days"),
        _ => counted(count(days / 7), "week", "weeks"),
    }
}

/// By how long something is overdue: in hours, from two days on in days.
#[must_use]
pub fn overdue(by: chrono::TimeDelta) -> String {
    let hours = usize::try_from(by.num_hours()).unwrap_or(0);
    match hours {
        0 => "less than an hour".to_owned(),
        1..=47 => counted(hours, "hour", "hours"),
        _ => days(by.num_days()),
    }
}

/// A sentence of the API without the address that it sends a program to: on a page it helps nobody.
#[must_use]
pub fn for_people(sentence: &str) -> &str {
    sentence.split("; GET /").next().unwrap_or(sentence)
}

/// A measure that is not there.
pub const NO_SUCH_MEASURE: &str = "We cannot find that measure. Choose one from all measures";
/// Why nobody accepts what they recorded themselves, where two people are asked for, and who can.
pub const SAME_PERSON: &str = "You proposed or last changed this yourself, and here a second person has to agree. Ask somebody else who may rate to publish or accept it";
/// A wait without a recorded reason.
pub const NO_REASON: &str = "no reason recorded";

/// The last part of a source's name, as people call it: abbreviations stay such.
#[must_use]
pub fn source_kind(part: &str) -> String {
    match part {
        "mdt" | "pas" | "ucr" | "ehr" => part.to_uppercase(),
        other => other.replace(['-', '_'], " "),
    }
}

/// What a measure counts, and out of what or per how many.
#[must_use]
pub fn counted_of(measure: &Measure) -> String {
    let Measure { counts, out_of, .. } = measure;
    match is_rate(measure) {
        _ if out_of.is_empty() => counts.clone(),
        true => format!("{counts}, per {out_of}"),
        false => format!("{counts}, out of {out_of}"),
    }
}

/// Whether a measure is of so many things: 100,000 residents, 100 comments.
#[must_use]
pub fn is_rate(measure: &Measure) -> bool {
    measure.out_of.starts_with(|c: char| c.is_ascii_digit())
}

/// The name of a length of period.
#[must_use]
pub const fn grain(grain: Grain) -> &'static str {
    grain.code()
}

/// So many periods: `6 weeks`, `1 month`.
#[must_use]
pub fn periods(of: Grain, n: usize) -> String {
    let one = grain(of);
    counted(n, one, &format!("{one}s"))
}

/// So many of a thing.
#[must_use]
pub fn counted(n: usize, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        joinedup_drawing::axis::number(n as f64, ""),
        if n == 1 { one } else { many }
    )
}

/// Days of waiting, in words.
#[must_use]
pub fn nights(days: i64) -> String {
    match days {
        ..=0 => "today".to_owned(),
        1 => "1 night".to_owned(),
        2..=20 => format!("{days} nights"),
        _ => format!("{days} nights ({} weeks)", days / 7),
    }
}

/// Who has to act.
#[must_use]
pub fn responsible(code: &str) -> &'static str {
    match code {
        "nhs" => "NHS",
        "social-care" => "Social care",
        "both" => "NHS and social care",
        _ => "Not recorded",
    }
}

/// A discharge pathway.
#[must_use]
pub fn pathway(code: &str) -> &'static str {
    match code {
        "0" => "P0 Home",
        "1" => "P1 Home with support",
        "2" => "P2 Short-term bed",
        "3" => "P3 Care home",
        _ => "Not decided",
    }
}

/// A care service that is referred to.
#[must_use]
pub fn service(code: &str) -> String {
    match code {
        "mdt" => "Multidisciplinary team".to_owned(),
        "crisis-response" => "Crisis response (2 hours)".to_owned(),
        "reablement" => "Reablement (within 2 days)".to_owned(),
        other => sentence(other),
    }
}

/// A code made readable: `care-package` becomes `Care package`.
#[must_use]
pub fn sentence(code: &str) -> String {
    sentence_start(&code.replace(['-', '_'], " "))
}

/// A dimension, as it follows "by".
#[must_use]
pub fn dimension(code: &str) -> String {
    match code {
        "responsible" => "who is responsible".to_owned(),
        "population" => "group of people".to_owned(),
        "sector" => "sector that referred".to_owned(),
        "hours" => "time of day".to_owned(),
        other => sentence(other).to_lowercase(),
    }
}

/// The value of a dimension, in words where we have some: what the catalogue names by its title there.
#[must_use]
pub fn value_of(catalogue: &Catalogue, dimension: &str, value: &str) -> String {
    let titled = match dimension {
        "item" => title_of_item(catalogue, value),
        "instrument" => catalogue.framework(value).map(|f| f.title.as_str()),
        "population" => catalogue
            .model()
            .population(value)
            .map(|p| p.title.as_str()),
        _ => None,
    };
    if let Some(title) = titled {
        return title.to_owned();
    }
    match (dimension, value) {
        ("responsible", _) | (_, "nhs" | "social-care" | "both") => responsible(value).to_owned(),
        ("pathway", code) => pathway(code).to_owned(),
        ("service", code) => service(code),
        ("reason", "unknown") => "Not recorded".to_owned(),
        ("hours", "in") => "In hours".to_owned(),
        ("hours", "out") => "Out of hours".to_owned(),
        ("reason", code) => joinedup_events::reason::Reason::from_code(code)
            .map_or_else(|| sentence(code), |r| r.title().to_owned()),
        (_, "") => "Not recorded".to_owned(),
        (_, code) => sentence(code),
    }
}

/// What a chart is of, as [`Chart::heading`], with the titles of the parts that it is of.
#[must_use]
pub fn heading(catalogue: &Catalogue, chart: &Chart) -> String {
    let part = |(of, values): (&String, &BTreeSet<String>)| {
        let values: Vec<String> = values.iter().map(|v| value_of(catalogue, of, v)).collect();
        format!(", {}: {}", dimension(of), values.join(" or "))
    };
    let parts: String = chart.filter.0.iter().map(part).collect();
    format!("{}, {}{parts}", chart.title, chart.place())
}

/// An item that is rated or asked about, of the logic model or of any framework.
fn title_of_item<'a>(catalogue: &'a Catalogue, id: &str) -> Option<&'a str> {
    let of_model = catalogue.node(id).map(|node| node.title.as_str());
    let mut frameworks = catalogue.frameworks();
    of_model.or_else(|| frameworks.find_map(|f| f.item(id).map(|item| item.title.as_str())))
}

/// What a measure belongs to: a framework of the catalogue by its title, or a national return or standard by its name.
#[must_use]
pub fn framework(catalogue: &Catalogue, tag: &str) -> String {
    let known = match tag {
        "ae-return" => "A&E attendances and emergency admissions return",
        "bcf" => "Better Care Fund",
        "drd" => "Discharge ready date",
        "dtoc" => "Delayed transfers of care (DTOC), to February 2020",
        "mar" => "Monthly activity return (MAR)",
        "reablement-2d" => "Two-day reablement standard",
        "sitrep" => "Daily discharge situation report",
        "ucr-2h" => "Two-hour urgent community response standard",
        _ => "",
    };
    match catalogue.framework(tag) {
        Some(framework) => framework.title.clone(),
        None if known.is_empty() => sentence(tag),
        None => known.to_owned(),
    }
}

/// A date of these weeks: Wed 11 Nov, as a ward speaks of it; with its year where that would be guessed wrong.
#[must_use]
pub fn near(day: NaiveDate, today: NaiveDate) -> String {
    if (today - day).num_days().abs() > 180 {
        return date(day);
    }
    format!(
        "{} {} {}",
        day.weekday(),
        day.day(),
        MONTHS[day.month0() as usize]
    )
}

/// A kind of chart, as a choice.
#[must_use]
pub const fn chart_kind(kind: ChartKind) -> &'static str {
    match kind {
        ChartKind::Run => "Run chart",
        ChartKind::Xmr => "XmR chart with limits",
        ChartKind::Auto => "Recommended chart",
        ChartKind::Bar => "Bars",
        ChartKind::Pareto => "Bars, largest first",
        ChartKind::Status => "Levels over time",
        ChartKind::Band => "Bands",
    }
}

/// Why chart rules have no verdict: in lists, in the matrix and above a chart the same words.
#[must_use]
pub const fn no_verdict(why: NoVerdict, grain: Grain) -> &'static str {
    match (why, grain) {
        (NoVerdict::Describes, _) => "Describes and is not judged",
        (NoVerdict::TooFewPoints, _) => "Too early to tell",
        (NoVerdict::TooFewCases, Grain::Day) => "Too few cases in each day to tell",
        (NoVerdict::TooFewCases, Grain::Week) => "Too few cases in each week to tell",
        (NoVerdict::TooFewCases, Grain::Month) => "Too few cases in each month to tell",
        (NoVerdict::TooFewCases, Grain::Quarter) => "Too few cases in each quarter to tell",
        (NoVerdict::TooFewCases, Grain::Year) => "Too few cases in each year to tell",
        (NoVerdict::Suppressed, _) => "Too many small numbers are suppressed to tell",
        (NoVerdict::Ended, _) => "No recent value",
    }
}

/// How a line stands, in a few words: what the chart rules say, or why they say nothing.
#[must_use]
pub fn stands(line: &Line) -> &'static str {
    match line.no_verdict {
        Some(why) => no_verdict(why, line.period),
        None => icon::variation_word(line.variation),
    }
}

/// Which way is better.
#[must_use]
pub const fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "Higher is better",
        Direction::Down => "Lower is better",
        Direction::None => "Neither higher nor lower is better",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_nhs_writes_them() {
        let at = |text: &str| clock(text.parse().unwrap());
        assert_eq!(at("2026-11-27T23:12:39Z"), "11:12pm");
        assert_eq!(at("2026-11-27T09:00:00Z"), "9am");
        assert_eq!(at("2026-11-27T12:00:00Z"), "midday");
        assert_eq!(at("2026-11-27T00:05:00Z"), "12:05am");
        let day: NaiveDate = "2026-11-27".parse().unwrap();
        assert_eq!(long_date(day), "Friday 27 November 2026");
        assert_eq!(
            (days(1), days(24)),
            ("1 day".to_owned(), "3 weeks".to_owned())
        );
    }

    #[test]
    fn what_is_due_at_midnight_is_due_by_the_end_of_the_day_before() {
        let due = |at: &str| super::due(at.parse().unwrap(), "2026-11-27".parse().unwrap());
        assert_eq!(due("2026-11-23T00:00:00Z"), "by the end of Sun 22 Nov");
        assert_eq!(due("2026-11-27T14:30:00Z"), "Fri 27 Nov, 2:30pm");
        // In summer the day ends an hour before midnight of the clock of the world.
        assert_eq!(due("2026-06-30T23:00:00Z"), "by the end of Tue 30 Jun");
    }

    #[test]
    fn what_the_catalogue_names_has_its_title() {
        let catalogue = Catalogue::built_in().unwrap();
        let of = |dimension, value| value_of(&catalogue, dimension, value);
        for node in catalogue.model().nodes() {
            assert_eq!(of("item", &node.id), node.title);
        }
        for framework in catalogue.frameworks() {
            assert_eq!(of("instrument", &framework.id), framework.title);
        }
        assert_eq!(of("item", "not-an-item"), "Not an item");
        assert_eq!(of("reason", "unknown"), "Not recorded");
        assert_eq!(of("responsible", "unattributed"), "Not recorded");
        assert_eq!(of("hours", "out"), "Out of hours");
    }

    #[test]
    fn a_chart_that_no_rule_judges_is_never_too_early_to_tell() {
        use NoVerdict::{Describes, Ended, Suppressed, TooFewCases, TooFewPoints};
        let of = |why| no_verdict(why, Grain::Month);
        let others = [Describes, Ended, Suppressed, TooFewCases].map(of);
        assert_eq!(of(TooFewPoints), "Too early to tell");
        assert!(others.iter().all(|words| !words.contains("early")));
        assert_eq!(of(TooFewCases), "Too few cases in each month to tell");
    }

    #[test]
    fn codes_become_words() {
        assert_eq!(sentence("care-package_home"), "Care package home");
        assert_eq!(sentence(""), "");
        assert_eq!(nights(23), "23 nights (3 weeks)");
        let day = |text: &str| text.parse().unwrap();
        assert_eq!(near(day("2026-11-11"), day("2026-11-27")), "Wed 11 Nov");
        assert_eq!(near(day("2025-11-11"), day("2026-11-27")), "11 Nov 2025");
        assert_eq!(counted(1, "person", "people"), "1 person");
        assert_eq!(counted(1200, "person", "people"), "1,200 people");
    }
}
