//! Dates, lengths of time and codes as people say them.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use joinedup_drawing::axis::{MONTHS, date};
pub use joinedup_drawing::sentence_start;
use joinedup_events::local;
use joinedup_views::catalogue::Catalogue;
use joinedup_views::measure::{ChartKind, Direction};
use joinedup_views::period::{Grain, Period};

/// A date and a time of day, local: 14 Sep 2026, 09:30.
#[must_use]
pub fn instant(at: DateTime<Utc>) -> String {
    let at = local::date_time(at);
    format!("{}, {:02}:{:02}", date(at.date()), at.hour(), at.minute())
}

/// An instant, with seconds: 09:30:12.
#[must_use]
pub fn clock(at: DateTime<Utc>) -> String {
    local::date_time(at).format("%H:%M:%S").to_string()
}

/// A period: `week of 14 Sep 2026`, `Sep 2026`.
#[must_use]
pub fn period(grain: Grain, start: NaiveDate) -> String {
    let month = |d: NaiveDate| format!("{} {}", MONTHS[d.month0() as usize], d.year());
    let last = Period::of(grain, start).end.pred_opt().unwrap_or(start);
    match grain {
        Grain::Day => date(start),
        Grain::Week => format!("week of {}", date(start)),
        Grain::Month => month(start),
        Grain::Quarter | Grain::Year => format!("{} to {}", month(start), month(last)),
    }
}

/// The name of a length of period.
#[must_use]
pub const fn grain(grain: Grain) -> &'static str {
    match grain {
        Grain::Day => "day",
        Grain::Week => "week",
        Grain::Month => "month",
        Grain::Quarter => "quarter",
        Grain::Year => "year",
    }
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
        ..=0 => "no night yet".to_owned(),
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
        _ => "Not said",
    }
}

/// A discharge pathway.
#[must_use]
pub fn pathway(code: &str) -> &'static str {
    match code {
        "0" => "Home, no new support",
        "1" => "Home with support",
        "2" => "Short-term bed",
        "3" => "Care home",
        _ => "Not decided",
    }
}

/// A care service that is referred to.
#[must_use]
pub fn service(code: &str) -> String {
    match code {
        "mdt" => "Multidisciplinary team".to_owned(),
        "crisis-response" => "Crisis response (2 hours)".to_owned(),
        "reablement" => "Reablement (2 midnights)".to_owned(),
        other => sentence(other),
    }
}

/// A code made readable: `care-package` becomes `Care package`.
#[must_use]
pub fn sentence(code: &str) -> String {
    sentence_start(&code.replace(['-', '_'], " "))
}

/// The value of a dimension, in words where we have some.
#[must_use]
pub fn value_of(dimension: &str, value: &str) -> String {
    match (dimension, value) {
        (_, "nhs" | "social-care" | "both") => responsible(value).to_owned(),
        ("pathway", code) => pathway(code).to_owned(),
        ("service", code) => service(code),
        ("reason", code) => joinedup_events::reason::Reason::from_code(code)
            .map_or_else(|| sentence(code), |r| r.title().to_owned()),
        (_, "") => "Not said".to_owned(),
        (_, code) => sentence(code),
    }
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
        ChartKind::Auto => "What the data call for",
        ChartKind::Bar => "Bars",
        ChartKind::Pareto => "Pareto bars",
        ChartKind::Status => "Levels over time",
        ChartKind::Band => "Bands",
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
