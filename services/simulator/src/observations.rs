//! Series that somebody else adds up: monthly and quarterly returns, by locality or, for hospitals' own, by hospital.

use super::Scenario;
use super::county::County;
use super::pen::{Pen, Subject, at_hour, entity, slug, taken_back};
use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};
use joinedup_events::observation::{Grain, ObservationFact as F, Observed};
use joinedup_events::{Amount, AreaId, Event, Fact};
use std::collections::BTreeMap;

/// How a series' amounts come about.
enum Shape {
    /// So many per person aged 65 and over and month.
    PerAged(f64),
    /// So many per adult and month.
    PerAdult(f64),
    /// A number that is much the same everywhere.
    Level(f64),
    /// A share of a denominator per person aged 65 and over.
    ShareOfAged(f64, f64),
    /// A share of a denominator per adult.
    ShareOfAdults(f64, f64),
    /// A share of a denominator that is the same everywhere.
    ShareOf(f64, f64),
}

/// One series: name, length of period, how its amounts come about, change of the level over a year.
struct Series(&'static str, Grain, Shape, f64);

const BY_LOCALITY: [Series; 10] = [
    Series(
        "emergency-admissions-65",
        Grain::Month,
        Shape::PerAged(0.0195),
        -0.02,
    ),
    Series(
        "ae-emergency-admissions",
        Grain::Month,
        Shape::PerAdult(0.0088),
        0.01,
    ),
    Series(
        "emergency-bed-days",
        Grain::Month,
        Shape::PerAdult(0.056),
        -0.01,
    ),
    Series(
        "total-bed-days",
        Grain::Month,
        Shape::PerAdult(0.074),
        -0.02,
    ),
    Series("los-p90-65", Grain::Month, Shape::Level(19.5), -0.04),
    Series(
        "still-home-91",
        Grain::Quarter,
        Shape::ShareOfAged(0.0042, 0.82),
        0.01,
    ),
    Series(
        "reablement-offer",
        Grain::Quarter,
        Shape::ShareOfAged(0.052, 0.034),
        0.1,
    ),
    Series(
        "care-home-admissions-65",
        Grain::Quarter,
        Shape::PerAged(0.00145),
        -0.03,
    ),
    Series(
        "community-spend-share",
        Grain::Quarter,
        Shape::ShareOfAdults(310.0, 0.27),
        0.03,
    ),
    Series(
        "personal-budgets",
        Grain::Quarter,
        Shape::ShareOfAged(0.031, 0.24),
        0.06,
    ),
];

const BY_HOSPITAL: [Series; 2] = [
    Series(
        "beds-occupied",
        Grain::Month,
        Shape::ShareOf(560.0, 0.935),
        0.005,
    ),
    Series(
        "ae-within-4h",
        Grain::Month,
        Shape::ShareOf(9800.0, 0.71),
        0.02,
    ),
];

/// All returns for periods that lie between the start and the end.
pub(super) fn series(scenario: &Scenario, county: &County, mut pen: Pen) -> Vec<Event> {
    for series in &BY_LOCALITY {
        for place in &county.localities {
            publish(
                scenario,
                county,
                &mut pen,
                series,
                &place.id,
                place.adults,
                place.aged_65,
            );
        }
    }
    for series in &BY_HOSPITAL {
        for hospital in &county.hospitals {
            publish(scenario, county, &mut pen, series, hospital, 0.0, 0.0);
        }
    }
    pen.events
}

fn publish(
    scenario: &Scenario,
    county: &County,
    pen: &mut Pen,
    series: &Series,
    area: &AreaId,
    adults: f64,
    aged: f64,
) {
    let Series(name, grain, shape, a_year) = series;
    let months = if *grain == Grain::Quarter { 3 } else { 1 };
    let own = 1.0 + 0.05 * pen.dice.normal().clamp(-2.0, 2.0);
    let starts = scenario
        .start
        .iter_days()
        .take_while(|d| *d <= scenario.last_day());
    for first in starts.filter(|d| d.day() == 1 && d.month0() % months == 0) {
        let Some(after) = first.checked_add_months(Months::new(months)) else {
            continue;
        };
        if after > scenario.last_day() {
            break;
        }
        let years = (first - scenario.start).num_days() as f64 / 365.25;
        let winter = (f64::from(first.month0()) * std::f64::consts::TAU / 12.0).cos();
        let level = own * (1.0 + a_year * years);
        let days = (after - first).num_days() as f64;
        let (value, denominator) =
            amounts(pen, shape, level, winter, days / 30.4, adults, aged, months);
        let about = Subject {
            source: county.source("returns"),
            area: area.clone(),
            entity: entity(format!("{area}/{name}/{grain}/{first}")),
        };
        let lag = if months == 3 {
            pen.dice.between(30, 45)
        } else {
            pen.dice.between(9, 20)
        };
        let published = at_hour(after + TimeDelta::days(lag), 9.5);
        let mut say = |at: DateTime<Utc>, value: f64| {
            let observed = Observed {
                series: slug(name),
                period_start: first,
                grain: *grain,
                value: Some(amount(value)),
                denominator: denominator.map(amount),
                breakdown: BTreeMap::new(),
                mark: None,
            };
            pen.say_recorded(
                &about,
                end_of(after),
                at,
                Fact::Observation(F::Observed(observed)),
            )
        };
        let id = say(published, value);
        let chance = pen.dice.unit();
        let later = published + TimeDelta::days(30);
        if chance < 0.04 {
            // Restated with the next return.
            let restated = amount_like(value, 1.0 + 0.01 * pen.dice.normal());
            let restated = denominator.map_or(restated, |d| restated.min(d));
            let observed = Observed {
                series: slug(name),
                period_start: first,
                grain: *grain,
                value: Some(amount(restated)),
                denominator: denominator.map(amount),
                breakdown: BTreeMap::new(),
                mark: None,
            };
            pen.say_recorded(
                &about,
                end_of(after),
                later,
                Fact::Observation(F::Observed(observed)),
            );
        } else if chance < 0.05 {
            pen.say_recorded(
                &about,
                later,
                later,
                Fact::Observation(F::Retracted(taken_back(id))),
            );
        }
    }
}

/// A return speaks of its period once that is over.
fn end_of(after: NaiveDate) -> DateTime<Utc> {
    joinedup_events::local::midnight(after)
}

#[expect(
    clippy::too_many_arguments,
    reason = "one amount depends on all of them, and only here"
)]
fn amounts(
    pen: &mut Pen,
    shape: &Shape,
    level: f64,
    winter: f64,
    span: f64,
    adults: f64,
    aged: f64,
    months: u32,
) -> (f64, Option<f64>) {
    let dice = &mut pen.dice;
    let busy = 1.0 + 0.05 * winter;
    let mut count = |mean: f64| (mean + mean.sqrt() * 1.4 * dice.normal()).round().max(0.0);
    // Spans are in months; a quarterly series' rates are per quarter.
    let span = span / f64::from(months);
    let share = |level: f64, of: f64, part: f64, count: &mut dyn FnMut(f64) -> f64| {
        let denominator = count(of);
        let value = count(denominator * (part * level).min(0.985)).min(denominator);
        (value, Some(denominator))
    };
    match shape {
        Shape::PerAged(rate) => (count(aged * rate * level * busy * span), None),
        Shape::PerAdult(rate) => (count(adults * rate * level * busy * span), None),
        Shape::Level(usual) => ((usual * level * busy + 0.5 * dice.normal()).max(1.0), None),
        Shape::ShareOfAged(of, part) => share(level, aged * of, *part, &mut count),
        Shape::ShareOfAdults(of, part) => share(level, adults * of, *part, &mut count),
        Shape::ShareOf(of, part) => {
            let value = |level: f64| (of * part * (1.0 + (level - 1.0) * 0.4)).min(of * 0.99);
            let tight = if *of > 1000.0 {
                1.0 - 0.04 * winter
            } else {
                1.0 + 0.01 * winter
            };
            (
                amount_like(
                    (value(level) * tight).min(of * 0.995),
                    1.0 + 0.006 * dice.normal(),
                )
                .min(*of),
                Some(*of),
            )
        }
    }
}

fn amount_like(value: f64, factor: f64) -> f64 {
    if value.fract() == 0.0 || value > 100.0 {
        (value * factor).round()
    } else {
        value * factor
    }
}

fn amount(value: f64) -> Amount {
    // One decimal is as fine as any return goes.
    Amount::from_f64((value * 10.0).round() / 10.0).unwrap_or_default()
}
