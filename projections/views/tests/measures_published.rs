//! Published returns, charted as published: the anchors that can be checked by hand.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test reads files, and what fails here fails it"
)]

use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::AreaId;
use joinedup_events::area::Areas;
use joinedup_views::ask::{Basis, Definitions, Question, Span, ask as ask_view};
use joinedup_views::chart::Chart;
use joinedup_views::expectation::Expectations;
use joinedup_views::measures::Measures;
use joinedup_views::period::Grain;
use joinedup_views::point::State;
use joinedup_views::suppression::{Audience, Policy};
use joinedup_views::tally::{Delta, Sums};
use joinedup_views::{Cells, Filter};
use std::path::PathBuf;

/// A file of the folder that lies beside the repository; none, noted on a line, where it is not there.
fn shared(path: &str) -> Option<String> {
    let found = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared").join(path))
        .find_map(|file| std::fs::read_to_string(file).ok());
    if found.is_none() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "shared/{path} must be there in CI"
        );
        println!("shared/{path} is not here: passed over");
    }
    found
}

fn observe(
    cells: &mut Cells,
    series: &str,
    area: &str,
    start: &str,
    value: &str,
    of: &[(&str, &str)],
) {
    let Ok(value) = value.parse::<f64>() else {
        return;
    };
    let sums = Sums {
        value: (value * 1e6).round() as i64,
        denominator: 0,
        n: 1,
    };
    let start: NaiveDate = start.parse().unwrap();
    cells.apply(
        &format!("observation.{series}"),
        area,
        of,
        start,
        Delta::Sums(sums),
        1,
    );
}

fn ask(cells: &Cells, id: &str, area: &str, grain: Grain, filter: &Filter) -> Chart {
    let measures = Measures::built_in(|_| true).unwrap();
    let area = AreaId::new(area).unwrap();
    let now: DateTime<Utc> = "2026-11-22T12:00:00Z".parse().unwrap();
    let definitions = Definitions {
        areas: &Areas::built_in().unwrap(),
        measures: &measures,
        policy: &Policy::default(),
        expectations: &Expectations::default(),
    };
    let question = Question {
        span: Span::Periods {
            grain: Some(grain),
            from: None,
            to: None,
        },
        filter,
        ..Question::new(id, std::slice::from_ref(&area), Audience::Public, now)
    };
    let answers = ask_view(&Basis::of_cells(cells), &definitions, &question);
    answers.unwrap().remove(0).chart
}

#[test]
fn delayed_days_in_essex_are_those_that_were_published() {
    let Some(text) = shared("data/dtoc_essex_monthly.csv") else {
        return;
    };
    let mut cells = Cells::default();
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    for line in lines {
        let row: Vec<&str> = line.split(',').collect();
        let field = |name: &str| row[head.iter().position(|h| *h == name).unwrap()];
        let start = format!("{}-01", field("month"));
        let area = match field("ons_code") {
            "" => "E92000001",
            code => code,
        };
        let mut add = |value: &str, of: &[(&str, &str)]| {
            observe(&mut cells, "dtoc-delayed-days", area, &start, value, of);
        };
        add(field("total_delayed_days"), &[("grain", "month")]);
        for who in ["nhs", "social_care", "both"] {
            let code = who.replace('_', "-");
            add(field(who), &[("grain", "month"), ("responsible", &code)]);
        }
    }
    let whole = ask(
        &cells,
        "dtoc-delayed-days",
        "E10000012",
        Grain::Month,
        &Filter::default(),
    );
    assert_eq!(whole.points.len(), 105);
    let of = |chart: &Chart, start: &str| {
        let start: NaiveDate = start.parse().unwrap();
        let point = chart.points.iter().find(|p| p.point.period_start == start);
        point.and_then(|p| p.point.value)
    };
    assert_eq!(of(&whole, "2017-02-01"), Some(4217.0));
    for (who, days) in [("nhs", 2120.0), ("social-care", 1926.0), ("both", 171.0)] {
        let part = ask(
            &cells,
            "dtoc-delayed-days",
            "E10000012",
            Grain::Month,
            &Filter::one("responsible", who),
        );
        assert_eq!(of(&part, "2017-02-01"), Some(days), "{who}");
    }
    let median = whole.verdict.as_ref().unwrap().median.unwrap();
    assert_eq!(median, 1878.0);
    let above: Vec<bool> = whole
        .points
        .iter()
        .map(|p| p.point.value.is_some_and(|v| v > median))
        .collect();
    let october = whole
        .points
        .iter()
        .position(|p| p.point.period_start == "2012-10-01".parse().unwrap())
        .unwrap();
    let running = above[..=october].iter().rev().take_while(|a| **a).count();
    assert_eq!(running, 6);
    let beds = ask(
        &cells,
        "dtoc-beds",
        "E10000012",
        Grain::Month,
        &Filter::default(),
    );
    assert_eq!(of(&beds, "2017-02-01"), Some(4217.0 / 28.0));
}

#[test]
fn a_zero_that_was_reported_and_a_day_that_was_not_stay_different() {
    let Some(text) = shared("data/sitrep_essex_trust_daily.csv") else {
        return;
    };
    let mut cells = Cells::default();
    for line in text.lines().skip(1) {
        let row: Vec<&str> = line.split(',').collect();
        observe(
            &mut cells,
            "sitrep-nctr",
            row[0],
            row[1],
            row[2],
            &[("grain", "day")],
        );
    }
    let days = ask(
        &cells,
        "sitrep-ready-now",
        "RAJ",
        Grain::Day,
        &Filter::default(),
    );
    let on = |chart: &Chart, date: &str| {
        let start: NaiveDate = date.parse().unwrap();
        let point = chart.points.iter().find(|p| p.point.period_start == start);
        point.map(|p| (p.point.state, p.point.value)).unwrap()
    };
    assert_eq!(on(&days, "2022-04-15"), (State::Final, Some(0.0)));
    assert_eq!(on(&days, "2025-08-13"), (State::Missing, None));
    let weeks = ask(
        &cells,
        "sitrep-ready-now",
        "RAJ",
        Grain::Week,
        &Filter::default(),
    );
    assert_eq!(
        on(&weeks, "2025-08-11").0,
        State::Missing,
        "none of its days was reported"
    );
    let other = ask(
        &cells,
        "sitrep-ready-now",
        "RDE",
        Grain::Day,
        &Filter::default(),
    );
    assert_eq!(on(&other, "2024-09-28").1, Some(1936.0), "as it was typed");
    let week = ask(
        &cells,
        "sitrep-ready-now",
        "RDE",
        Grain::Week,
        &Filter::default(),
    );
    let median = on(&week, "2024-09-23").1.unwrap();
    assert!(
        median < 400.0,
        "a median of days stands a typing error: {median}"
    );
}
