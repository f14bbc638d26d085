//! What somebody else has added up: returns of several lengths, places and breakdowns, with gaps. And a slow reading.

use crate::story::{self, Dice, NEIGHBOURHOODS, Report, Series, Story};
use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};
use serde_json::json;

/// Two that the test asks for, and those that single measures are about.
const REASONS: [&str; 4] = ["assessment", "home-care", "public-funding", "CTH3"];
const MONTHS: [&str; 6] = [
    "2026-01-01",
    "2026-02-01",
    "2026-03-01",
    "2026-04-01",
    "2026-05-01",
    "2026-06-01",
];

/// The reports of a series, by places and of a length that the die chooses.
pub fn series(story: &mut Story, dice: &mut Dice, series: &str, length: &'static str) {
    let places: &[&'static str] = dice.of(&[
        &["havenshire"][..],
        &["havenshire-north", "havenshire-mid"],
        &["hv-north-1", "hv-north-2"],
        &["havenshire", "havenshire-north"],
    ]);
    let lengths: &[&'static str] =
        dice.of(&[&["month"][..], &["day"], &["month", "day"], &["quarter"]]);
    let by_reason = dice.one_in(2);
    for area in places {
        for grain in lengths.iter().copied().chain([length]) {
            for start in starts(grain) {
                let key = (*area, grain, start);
                let gap = dice.one_in(if grain == "day" { 60 } else { 6 });
                let before = story.reports.get(series);
                if gap || before.is_some_and(|all| all.contains_key(&key)) {
                    continue;
                }
                let split = by_reason && dice.roll(4) > 0;
                for reason in std::iter::once(None).chain(REASONS.map(Some)) {
                    if reason.is_none() || split {
                        let (amount, out_of) = (dice.roll(40) as f64, 40.0 + dice.roll(60) as f64);
                        let report = Report {
                            amount,
                            out_of,
                            reason,
                        };
                        report_again(story, series, key, report);
                    }
                }
            }
        }
    }
}

fn report_again(
    story: &mut Story,
    series: &str,
    key: (&'static str, &'static str, NaiveDate),
    report: Report,
) {
    let (area, grain, start) = key;
    let mut data = json!({ "series": series, "area": area, "grain": grain, "period_start": start,
        "value": report.amount, "denominator": report.out_of });
    if let Some(reason) = report.reason {
        data["breakdown"] = json!({ "reason": reason });
    }
    let at = story::start() + TimeDelta::days(200);
    story.publish("observation.observed.v1", at, data);
    let all = story.reports.entry(series.to_owned()).or_default();
    all.entry(key).or_default().push(report);
}

fn days() -> impl Iterator<Item = NaiveDate> {
    NaiveDate::from_ymd_opt(2026, 1, 1)
        .unwrap()
        .iter_days()
        .take(181)
}

fn starts(grain: &str) -> Vec<NaiveDate> {
    match grain {
        "day" => days().collect(),
        "week" => days().filter(|d| d.weekday() == Weekday::Mon).collect(),
        "quarter" => ["2026-01-01", "2026-04-01"]
            .map(|d| d.parse().unwrap())
            .into(),
        // The financial year that is over.
        "year" => ["2025-04-01"].map(|d| d.parse().unwrap()).into(),
        _ => MONTHS.map(|d| d.parse().unwrap()).into(),
    }
}

/// The first days of the tiles of one length that fill a period; none when they cannot.
fn tiles(grain: &str, (first, end): (NaiveDate, NaiveDate)) -> Option<Vec<NaiveDate>> {
    let starts_here = |d: &NaiveDate| match grain {
        "day" => true,
        "week" => d.weekday() == Weekday::Mon,
        "month" => d.day() == 1,
        "quarter" => d.day() == 1 && d.month() % 3 == 1,
        _ => d.day() == 1 && d.month() == 4,
    };
    let found: Vec<NaiveDate> = first
        .iter_days()
        .take_while(|d| *d < end)
        .filter(starts_here)
        .collect();
    let length = (end - first).num_days();
    let fits = match grain {
        "day" => true,
        "week" => length == 7,
        "month" => length >= 28,
        "quarter" => length >= 90,
        _ => length >= 365,
    };
    (fits && found.first() == Some(&first)).then_some(found)
}

/// One reported number: the whole where it is reported, else its parts; of a reason, that part.
fn reported(
    series: &Series,
    area: &'static str,
    grain: &'static str,
    start: NaiveDate,
    only: Option<&str>,
) -> Option<(f64, f64)> {
    let all = series.get(&(area, grain, start))?;
    let whole = |r: &&Report| r.reason.is_none();
    let chosen: Vec<&Report> = match only {
        Some(_) => all.iter().filter(|r| r.reason == only).collect(),
        None if all.iter().any(|r| r.reason.is_none()) => all.iter().filter(whole).collect(),
        None => all.iter().collect(),
    };
    (!chosen.is_empty()).then(|| {
        (
            chosen.iter().map(|r| r.amount).sum(),
            chosen.iter().map(|r| r.out_of).sum(),
        )
    })
}

/// A place's number for a period: of that length, or of shorter ones without a gap.
fn filled(
    series: &Series,
    area: &'static str,
    period: (NaiveDate, NaiveDate),
    only: Option<&str>,
) -> Option<(f64, f64)> {
    ["year", "quarter", "month", "week", "day"]
        .into_iter()
        .filter(|grain| *grain != "week" || (period.1 - period.0).num_days() == 7)
        .find_map(|grain| {
            let parts = tiles(grain, period)?
                .into_iter()
                .map(|start| reported(series, area, grain, start, only))
                .collect::<Option<Vec<_>>>()?;
            Some(
                parts
                    .iter()
                    .fold((0.0, 0.0), |sum, part| (sum.0 + part.0, sum.1 + part.1)),
            )
        })
}

/// What a place reports of one length; of any when none is named.
fn reports_by<'a>(
    series: &'a Series,
    place: &'static str,
    grain: &'static str,
) -> impl Iterator<Item = &'a Report> {
    series
        .range((place, grain, NaiveDate::MIN)..)
        .take_while(move |((area, g, _), _)| *area == place && (grain.is_empty() || *g == grain))
        .flat_map(|(_, all)| all)
}

/// The places that speak for one: itself if it ever reports, else the nearest below it that do.
fn speakers(series: &Series, place: &'static str) -> Vec<&'static str> {
    if reports_by(series, place, "").next().is_some() {
        return vec![place];
    }
    let below: Vec<&'static str> = match place {
        "havenshire" => vec!["havenshire-north", "havenshire-mid", "havenshire-south"],
        other => NEIGHBOURHOODS
            .iter()
            .filter(|(_, l)| *l == other)
            .map(|(n, _)| *n)
            .collect(),
    };
    below
        .into_iter()
        .flat_map(|area| speakers(series, area))
        .collect()
}

/// How a return becomes a measure.
#[derive(Clone, Copy)]
pub enum Reading<'a> {
    Amount,
    PerDay,
    /// By how many people live in a place.
    Per100k(&'a dyn Fn(&str) -> f64),
    Proportion,
    Over(&'a str),
    AsReported(&'static str),
    MedianDay(&'static str),
}

/// The number of a return for a place and a period.
pub fn expected(
    story: &Story,
    series: &str,
    how: Reading<'_>,
    place: &'static str,
    period: (NaiveDate, NaiveDate),
    only: Option<&str>,
) -> Option<f64> {
    let named = |name: &str| story.reports.get(name);
    let series = named(series)?;
    let speakers = speakers(series, place);
    if speakers.is_empty() {
        return None;
    }
    let sum = |series: &Series, period| {
        let numbers = speakers
            .iter()
            .map(|area| filled(series, area, period, only));
        let numbers = numbers.collect::<Option<Vec<_>>>()?;
        Some(
            numbers
                .iter()
                .fold((0.0, 0.0), |sum, n| (sum.0 + n.0, sum.1 + n.1)),
        )
    };
    let over = |part: f64, whole: f64| (whole != 0.0).then(|| part / whole);
    match how {
        Reading::Amount => sum(series, period).map(|s| s.0),
        Reading::PerDay => {
            sum(series, period).map(|s| s.0 / (period.1 - period.0).num_days() as f64)
        }
        Reading::Per100k(people) => {
            let people: f64 = speakers.iter().map(|area| people(area)).sum();
            sum(series, period).map(|s| s.0 / (people / 100_000.0))
        }
        Reading::Proportion => sum(series, period).and_then(|s| over(s.0, s.1)),
        Reading::Over(other) => over(sum(series, period)?.0, sum(named(other)?, period)?.0),
        Reading::AsReported(grain) => (speakers == [place])
            .then(|| reported(series, place, grain, period.0, only))
            .flatten()
            .map(|s| s.0),
        Reading::MedianDay(grain) => {
            let has = |area: &&'static str, grain| {
                reports_by(series, area, grain).any(|r| only.is_none_or(|o| r.reason == Some(o)))
            };
            if grain == "day" || !speakers.iter().all(|area| has(area, "day")) {
                let own = speakers.iter().all(|area| has(area, grain));
                return own.then(|| sum(series, period)).flatten().map(|s| s.0);
            }
            let length = (period.1 - period.0).num_days();
            let mut days: Vec<f64> = period
                .0
                .iter_days()
                .take_while(|d| *d < period.1)
                .filter_map(|d| sum(series, (d, d.succ_opt().unwrap())).map(|s| s.0))
                .collect();
            days.sort_by(f64::total_cmp);
            let n = days.len();
            (n > 0 && 2 * n as i64 >= length).then(|| f64::midpoint(days[(n - 1) / 2], days[n / 2]))
        }
    }
}
