//! Charts, and what of them may leave the system.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here fails its test"
)]

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc, Weekday};
use joinedup_events::AreaId;
use joinedup_events::area::Areas;
use joinedup_spc::Variation;
use joinedup_spc::rules::Rule;
use joinedup_views::ask::Basis;
use joinedup_views::chart::{Chart, ChartQuery, of_points};
use joinedup_views::measure::Measure;
use joinedup_views::measures::Measures;
use joinedup_views::period::Grain;
use joinedup_views::point::{PointQuery, State};
use joinedup_views::suppression::{Audience, Policy, published};
use joinedup_views::tally::{Delta, Sums};
use joinedup_views::{Cells, Filter};

fn d(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn areas() -> Areas {
    let mut text = String::new();
    for (id, kind, parents) in [
        ("county", "county", ""),
        ("north", "locality", "\"county\""),
        ("south", "locality", "\"county\""),
        ("west", "locality", "\"county\""),
    ] {
        text += &format!(
            "[[area]]\nid = \"{id}\"\ntitle = \"The {id}\"\nkind = \"{kind}\"\nparents = [{parents}]\n"
        );
    }
    Areas::from_toml(&text).unwrap()
}

fn built_in(id: &str) -> Measure {
    Measures::built_in(|_| true)
        .unwrap()
        .get(id)
        .unwrap()
        .clone()
}

fn months(values: &[i64]) -> Cells {
    let mut cells = Cells::default();
    let mut month = d("2024-01-01");
    for value in values {
        let sums = Sums {
            value: value * 1_000_000,
            denominator: 0,
            n: 1,
        };
        cells.apply(
            "observation.dtoc-delayed-days",
            "county",
            &[("grain", "month")],
            month,
            Delta::Sums(sums),
            1,
        );
        month = month + chrono::Months::new(1);
    }
    cells
}

fn ask<'a>(
    measure: &'a Measure,
    area: &'a AreaId,
    filter: &'a Filter,
    now: &str,
) -> PointQuery<'a> {
    let now: DateTime<Utc> = now.parse().unwrap();
    PointQuery {
        measure,
        area,
        grain: measure.period,
        from: None,
        to: None,
        filter,
        now,
        range: None,
    }
}

/// The chart of a question without decisions, as an audience sees it.
fn chart(cells: &Cells, areas: &Areas, query: &ChartQuery<'_>, audience: Audience) -> Chart {
    let basis = Basis::of_cells(cells);
    let wanted = std::slice::from_ref(query.points.area);
    let policy = Policy::default();
    let mut points = published(&basis, areas, &query.points, wanted, audience, &policy);
    of_points(
        query,
        String::new(),
        points.remove(query.points.area).unwrap_or_default(),
    )
}

#[test]
fn of_a_stock_by_the_day_a_change_is_judged_by_wednesdays_as_its_chart_is() {
    let mut cells = Cells::default();
    let waiting = [("pathway", "1"), ("reason", "A"), ("responsible", "nhs")];
    let one_more = Delta::step(1);
    for day in ["2026-01-05", "2026-01-09", "2026-02-03"] {
        cells.apply("transfer.waiting", "north", &waiting, d(day), one_more, 1);
    }
    let (north, filter) = (AreaId::new("north").unwrap(), Filter::default());
    let sampled = |measure: &str| -> Vec<bool> {
        let measure = built_in(measure);
        let asked = ask(&measure, &north, &filter, "2026-04-15T12:00:00Z");
        let asked = ChartQuery::new(asked);
        let chart = chart(&cells, &areas(), &asked, Audience::Operations);
        let days = chart.points.iter();
        days.map(|p| p.is_sampled == (p.point.period_start.weekday() == Weekday::Wed))
            .collect()
    };
    let stock = sampled("tr-ready-now");
    assert!(stock.len() > 90 && stock.iter().all(|as_expected| *as_expected));
    // What is counted anew in each period is all looked at.
    assert!(sampled("tr-delayed-nights").contains(&false));
}

#[test]
fn the_first_twelve_points_fix_the_median_and_what_is_not_over_is_not_judged() {
    let mut values = vec![20, 22, 18, 21, 19, 23, 17, 20, 22, 18, 21, 19];
    values.extend([30; 9]);
    values.push(500);
    let cells = months(&values);
    let (measure, county, filter) = (
        built_in("dtoc-delayed-days"),
        AreaId::new("county").unwrap(),
        Filter::default(),
    );
    // The last month is not over.
    let points = ask(&measure, &county, &filter, "2025-10-15T00:00:00Z");
    let chart = chart(&cells, &areas(), &ChartQuery::new(points), Audience::Public);
    let verdict = chart.verdict.as_ref().unwrap();
    assert_eq!(verdict.median, Some(20.0));
    assert_eq!(verdict.latest, Some(d("2025-09-01")));
    assert!(verdict.alert && !verdict.signals.is_empty());
    assert_eq!(chart.points.len(), 22);
    let last = chart.points.last().unwrap();
    assert_eq!(
        (last.point.state, last.point.value),
        (State::Incomplete, Some(500.0))
    );
    assert!(last.signals.is_empty() && last.variation.is_none());
    assert!(
        chart
            .summary
            .contains("30 days in September 2025, against a median of 20 days"),
        "{}",
        chart.summary
    );

    let json = serde_json::to_value(&chart).unwrap();
    assert_eq!(json["points"][0]["period_start"], "2024-01-01");
    assert_eq!(json["points"][0]["value"], 20.0);
    assert_eq!(json["points"][0]["state"], "final");
    assert_eq!(json["verdict"]["median"], 20.0);
    assert!(
        json["verdict"]["signals"]
            .as_array()
            .is_some_and(|s| !s.is_empty())
    );
}

#[test]
fn a_chart_says_since_when_it_differs_and_how_it_is_lately() {
    let mut values = vec![20, 22, 18, 21, 19, 23, 17, 20, 22, 18, 21, 19, 20, 21];
    // Three that are lower by chance are of the same run, whose first value is the day that its sentence names.
    values.extend([19, 18, 19]);
    values.extend([10, 11, 9, 10, 12, 10, 9, 10]);
    let (measure, county, filter) = (
        built_in("dtoc-delayed-days"),
        AreaId::new("county").unwrap(),
        Filter::default(),
    );
    let judged = |values: &[i64], now: &str| {
        let points = ask(&measure, &county, &filter, now);
        let query = ChartQuery::new(points);
        let chart = chart(&months(values), &areas(), &query, Audience::Public);
        chart.verdict.unwrap()
    };
    let verdict = judged(&values, "2026-02-15T00:00:00Z");
    assert!(verdict.alert);
    assert_eq!(
        (verdict.centre, verdict.since, verdict.lately),
        (Some(20.0), Some(d("2025-03-01")), Some(10.0))
    );
    let verdict = judged(&values[..14], "2025-03-15T00:00:00Z");
    assert_eq!((verdict.since, verdict.lately), (None, None));
    // Of a change of level the months are those that were compared, though one of them and the last lie where those before lay.
    values.truncate(14);
    values.extend([10, 11, 9, 10, 12, 10, 9, 21, 10, 9, 11, 22]);
    let verdict = judged(&values, "2026-03-15T00:00:00Z");
    assert_eq!(verdict.alert_rules, [Rule::LevelChange]);
    assert_eq!(
        (verdict.since, verdict.lately),
        (Some(d("2025-03-01")), Some(10.0))
    );
    // An improvement that a worsening follows is not of the worsening, whatever rule both meet.
    let mut worse: Vec<i64> = (0..12).map(|i| 20 + i % 3).collect();
    worse.extend((0..14).map(|i| 10 + i % 2));
    worse.extend((0..10).map(|i| 30 + i % 2));
    let later = judged(&worse, "2027-01-15T00:00:00Z");
    assert!(later.variation.is_special(), "{:?}", later.variation);
    assert!(later.since >= Some(d("2026-03-01")), "{:?}", later.since);
    assert!(later.lately > later.centre, "{:?}", later.lately);
    // The test compares twelve values whenever it is asked; what changed began when it began, and no month of before is coloured.
    let mut later = values[..14].to_vec();
    later.extend([18, 22]);
    later.extend([10, 11, 9, 10, 12, 21, 9, 11, 10, 12, 9, 10]);
    for (count, now) in [(26, "2026-03-15"), (27, "2026-04-15"), (28, "2026-05-15")] {
        let verdict = judged(&later[..count], &format!("{now}T00:00:00Z"));
        assert_eq!(verdict.since, Some(d("2025-05-01")), "{count}");
        let marked = verdict.signals.iter().map(|s| s.period_start);
        assert_eq!(marked.min(), verdict.since, "{count}");
    }
    let why = "The latest 12 values are lower than those before: 12 days on average";
    assert!(verdict.why.starts_with(why), "{}", verdict.why);
}

#[test]
fn a_fresh_centre_line_from_a_date_makes_two_phases_and_one_out_of_range_is_told() {
    let values: Vec<i64> = (0..24)
        .map(|m| if m < 12 { 20 + m % 3 } else { 40 + m % 3 })
        .collect();
    let cells = months(&values);
    let (measure, county, filter) = (
        built_in("dtoc-delayed-days"),
        AreaId::new("county").unwrap(),
        Filter::default(),
    );
    let points = ask(&measure, &county, &filter, "2026-01-15T00:00:00Z");
    let rebases = [d("2025-01-10"), d("2030-01-01")];
    let query = ChartQuery {
        rebases: &rebases,
        ..ChartQuery::new(points)
    };
    let chart = chart(&cells, &areas(), &query, Audience::Public);
    assert_eq!(chart.phases.len(), 2);
    assert_eq!(chart.phases[1].start, d("2025-01-01"));
    assert_eq!(chart.verdict.as_ref().unwrap().median, Some(41.0));
    assert!(!chart.verdict.unwrap().alert);
    assert_eq!(chart.warnings.len(), 1);
    assert!(chart.warnings[0].contains("2030-01-01"));
}

/// So many referrals in each locality, every week of a year.
fn referrals(per_week: [i64; 3]) -> Cells {
    let mut cells = Cells::default();
    let all = [
        ("hours", "in"),
        ("priority", "routine"),
        ("service", "mdt"),
        ("trigger", "request"),
    ];
    for week in 0..52 {
        let day = d("2025-01-06") + TimeDelta::weeks(week);
        for (area, n) in ["north", "south", "west"].into_iter().zip(per_week) {
            for _ in 0..n {
                cells.apply("referral.received", area, &all, day, Delta::ONE, 1);
            }
        }
    }
    cells
}

fn count() -> Measure {
    let text = "[[measure]]\nid = \"m\"\ntitle = \"Referrals\"\nquantity = \"referral.received\"\naggregate = \"count\"";
    Measures::parse(text, |_| true)
        .unwrap()
        .get("m")
        .unwrap()
        .clone()
}

#[test]
fn the_public_sees_small_numbers_suppressed_and_others_rounded_and_operations_see_all() {
    let cells = referrals([3, 22, 41]);
    let (measure, filter) = (count(), Filter::default());
    let first = |area: &str, audience| {
        let area = AreaId::new(area).unwrap();
        let points = ask(&measure, &area, &filter, "2026-01-15T00:00:00Z");
        chart(&cells, &areas(), &ChartQuery::new(points), audience).points[0]
            .point
            .clone()
    };
    let north = first("north", Audience::Public);
    assert_eq!(
        (north.state, north.value, north.n),
        (State::Suppressed, None, None)
    );
    // 66 − 41 − 22 would reveal it; 65 − 40 − 20 does not.
    assert_eq!(first("south", Audience::Public).value, Some(20.0));
    assert_eq!(first("west", Audience::Public).value, Some(40.0));
    assert_eq!(first("county", Audience::Public).value, Some(65.0));
    assert_eq!(first("north", Audience::Operations).value, Some(3.0));
}

#[test]
fn a_place_whose_numbers_are_mostly_suppressed_says_that_it_can_tell_nothing() {
    let mut cells = referrals([3, 22, 41]);
    let all = [
        ("hours", "in"),
        ("priority", "routine"),
        ("service", "mdt"),
        ("trigger", "request"),
    ];
    for week in (0..52).step_by(4) {
        let day = d("2025-01-06") + TimeDelta::weeks(week);
        for _ in 0..30 {
            cells.apply("referral.received", "north", &all, day, Delta::ONE, 1);
        }
    }
    let (measure, filter) = (count(), Filter::default());
    let area = AreaId::new("north").unwrap();
    let of = |audience| {
        let points = ask(&measure, &area, &filter, "2026-01-15T00:00:00Z");
        chart(&cells, &areas(), &ChartQuery::new(points), audience)
    };
    let public = of(Audience::Public);
    assert!(public.in_state(State::Suppressed) > 26 && public.mostly_suppressed());
    let verdict = public.verdict.unwrap();
    assert_eq!(verdict.variation, Variation::NotJudged);
    assert!(!verdict.alert && verdict.p_value.is_none() && verdict.signals.is_empty());
    assert!(verdict.why.contains("cannot tell") && public.summary.contains("cannot tell"));
    assert!(public.points.iter().all(|p| p.variation.is_none()));
    assert_ne!(
        of(Audience::Operations).verdict.unwrap().variation,
        Variation::NotJudged
    );
}

#[test]
fn periods_of_too_few_cases_hide_nothing_and_longer_ones_may_have_enough() {
    let mut cells = Cells::default();
    let by = [
        ("carer", "yes"),
        ("instrument", "i-statements"),
        ("item", "pe-information-to-decide"),
        ("mode", "paper"),
    ];
    for month in 0..24 {
        let day = d("2024-01-10") + chrono::Months::new(month);
        let answers = if month == 12 { 9 } else { 3 };
        for _ in 0..answers {
            cells.apply("experience.answers", "north", &by, day, Delta::Value(4), 1);
        }
    }
    let (measure, filter) = (built_in("ex-information-agree"), Filter::default());
    let north = AreaId::new("north").unwrap();
    let of = |grain, audience| {
        let points = PointQuery {
            grain,
            ..ask(&measure, &north, &filter, "2026-03-15T00:00:00Z")
        };
        chart(&cells, &areas(), &ChartQuery::new(points), audience)
    };
    let months = of(Grain::Month, Audience::Operations);
    assert!(months.mostly_too_few() && months.mostly_suppressed());
    let why = &months.verdict.as_ref().unwrap().why;
    assert!(why.contains("fewer cases"), "{why}");
    let summary = &months.summary;
    assert!(summary.contains("periods have too few cases"), "{summary}");
    assert!(!summary.contains("suppressed"), "{summary}");
    assert!(!of(Grain::Quarter, Audience::Operations).mostly_too_few());
    // A reader does not learn how few they are.
    let public = of(Grain::Month, Audience::Public);
    assert!(public.mostly_suppressed() && !public.mostly_too_few());
}

#[test]
fn zero_missing_and_suppressed_are_three_things() {
    let cells = referrals([0, 22, 41]);
    let (measure, filter) = (count(), Filter::default());
    let south = AreaId::new("south").unwrap();
    let points = PointQuery {
        from: Some(d("2024-12-30")),
        ..ask(&measure, &south, &filter, "2026-01-22T00:00:00Z")
    };
    let chart = chart(&cells, &areas(), &ChartQuery::new(points), Audience::Public);
    assert_eq!(chart.points[0].point.state, State::Missing);
    assert_eq!(chart.points[1].point.value, Some(20.0));
    let after = &chart.points[53].point;
    assert_eq!((after.state, after.value), (State::Final, Some(0.0)));
}

#[test]
fn a_share_of_a_small_area_is_rounded_and_goes_with_its_numerator() {
    let mut cells = Cells::default();
    for (area, met, of) in [("north", 12, 22), ("south", 30, 60), ("west", 2, 60)] {
        for i in 0..of {
            cells.apply(
                "transfer.notice_lead",
                area,
                &[],
                d("2025-01-06"),
                Delta::case(i < met),
                1,
            );
        }
    }
    let (measure, filter) = (built_in("tr-notice-lead"), Filter::default());
    let first = |area: &str| {
        let area = AreaId::new(area).unwrap();
        let points = ask(&measure, &area, &filter, "2025-01-15T00:00:00Z");
        chart(&cells, &areas(), &ChartQuery::new(points), Audience::Public).points[0]
            .point
            .clone()
    };
    assert_eq!(first("west").state, State::Suppressed);
    assert_eq!(first("north").value, Some(0.5), "10 of 20, not 12 of 22");
    let south = first("south");
    assert_eq!(
        (south.value, south.numerator, south.denominator),
        (Some(0.5), Some(30.0), Some(60.0))
    );
    assert_eq!(measure.period, Grain::Week);
}
