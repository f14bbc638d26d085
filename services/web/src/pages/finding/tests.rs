//! The title of a chart: what it says of changes, baselines and the latest value.

use super::*;
use chrono::Days;
use joinedup_drawing::Mark;
use joinedup_events::change::Decision;
use joinedup_events::{AreaId, local};
use joinedup_views::cell::Filter;
use joinedup_views::chart::{ChartQuery, of_points};
use joinedup_views::measures::Measures;
use joinedup_views::period::{Grain, Period};
use joinedup_views::point::{Note, Point, PointQuery, State};

/// A chart by week, from the second week of 2025 on.
pub(in crate::pages) fn chart(points: &[(State, Option<f64>)]) -> Chart {
    with_baseline(points, &[])
}

fn with_baseline(points: &[(State, Option<f64>)], rebases: &[NaiveDate]) -> Chart {
    chart_of("tr-delay-days-median", Grain::Week, points, rebases)
}

/// A chart of a measure by week or by day, from the second week of 2025 on.
fn chart_of(
    measure: &str,
    grain: Grain,
    points: &[(State, Option<f64>)],
    rebases: &[NaiveDate],
) -> Chart {
    let measures = Measures::built_in(|_| true).unwrap();
    let area = AreaId::new("havenshire").unwrap();
    let first = day("2025-01-06");
    let days = if grain == Grain::Week { 7 } else { 1 };
    let period = |n: u64| Period::of(grain, first + Days::new(days * n));
    let points = (0..).zip(points).map(|(n, (state, value))| Point {
        period_start: period(n).start,
        period_end: period(n).end,
        value: *value,
        numerator: None,
        denominator: None,
        n: None,
        people: None,
        state: *state,
        note: None,
    });
    let points: Vec<Point> = points.collect();
    let filter = Filter::default();
    let points_asked = PointQuery {
        measure: measures.get(measure).unwrap(),
        area: &area,
        grain,
        from: None,
        to: None,
        filter: &filter,
        range: None,
        now: points
            .last()
            .map_or(local::midnight(first), |p| local::midnight(p.period_end)),
    };
    let query = ChartQuery {
        rebases,
        ..ChartQuery::new(points_asked)
    };
    of_points(&query, "Havenshire".to_owned(), points)
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// So many weeks near a level.
pub(in crate::pages) fn near(
    level: f64,
    weeks: usize,
) -> impl Iterator<Item = (State, Option<f64>)> {
    let value = move |n: usize| level + (n * 5 % 3) as f64 * 0.2;
    (0..weeks).map(move |n| (State::Final, Some(value(n))))
}

/// A chart as it is answered with, without anything around it.
pub(in crate::pages) fn answered(chart: Chart) -> Answer {
    Answer {
        chart,
        changes: Vec::new(),
        targets: Vec::new(),
        tested: Vec::new(),
        as_known_at: None,
        as_of_position: 0,
        as_of: local::midnight(day("2026-11-27")),
    }
}

pub(in crate::pages) fn huddle(finished: Option<NaiveDate>) -> Change {
    Change {
        area: AreaId::new("havenshire").unwrap(),
        title: Some("Huddle".to_owned()),
        aim: None,
        prediction: None,
        led_by: None,
        measures: Vec::new(),
        concept: None,
        items: Vec::new(),
        planned: None,
        // The first day of the 31st week.
        started: Some(day("2025-08-04")),
        paused: Vec::new(),
        resumed: Vec::new(),
        studies: Vec::new(),
        finished,
        decision: finished.map(|_| Decision::Adopt),
        learnt: None,
        cycle_days: None,
    }
}

/// The finding of a chart on the day after its last week.
fn said_of(chart: &Chart, change: Option<&Change>) -> String {
    let points = chart.points.iter().map(|p| &p.point);
    let judged = Judged {
        points: points
            .filter_map(|p| Some((p.period(), p.value?)))
            .collect(),
        ..Judged::default()
    };
    let today = chart.points.last().unwrap().point.period_end;
    let news = news(chart, &judged, change.into_iter(), today);
    news.unwrap_or_else(|| of_rules(chart, today))
}

/// What the rules say of a chart on the day after its last period.
fn rules_of(chart: &Chart) -> String {
    of_rules(chart, chart.points.last().unwrap().point.period_end)
}

#[test]
fn a_title_tells_what_a_change_did_until_it_is_a_year_old_or_the_values_turn() {
    let fell = "Since \u{2018}Huddle\u{2019} started on 4 August 2025, the median has fallen from 5.2 days to 2.2 days";
    let better = chart(&near(5.0, 30).chain(near(2.0, 20)).collect::<Vec<_>>());
    assert_eq!(said_of(&better, Some(&huddle(None))), fell);
    let adopted = huddle(Some(day("2025-11-30")));
    assert_eq!(said_of(&better, Some(&adopted)), fell);
    // A test that was given up is told on its own page and is not what the chart is read for.
    let abandoned = Change {
        decision: Some(Decision::Abandon),
        ..adopted.clone()
    };
    let said = said_of(&better, Some(&abandoned));
    assert!(said.starts_with("Getting better since"), "{said}");
    // Then the new values rise above every one before: the page must not praise itself.
    let turned = near(5.0, 30).chain(near(2.0, 40)).chain(near(9.0, 12));
    let said = said_of(&chart(&turned.collect::<Vec<_>>()), Some(&adopted));
    assert!(said.starts_with("Getting worse"), "{said}");
    let old = chart(&near(5.0, 30).chain(near(2.0, 80)).collect::<Vec<_>>());
    assert!(said_of(&old, Some(&huddle(None))).starts_with("Since"));
    let said = said_of(&old, Some(&adopted));
    assert!(!said.starts_with("Since"), "{said}");
}

#[test]
fn a_title_tells_of_a_new_baseline_until_it_is_a_year_old_or_the_rules_say_something_new() {
    let of = |values: Vec<_>| said_of(&with_baseline(&values, &[day("2025-08-04")]), None);
    let rose = "The median rose from 2.2 days to 5.2 days with the new baseline from 4 August 2025";
    assert_eq!(of(near(2.0, 30).chain(near(5.0, 20)).collect()), rose);
    let turned = near(2.0, 30).chain(near(5.0, 36)).chain(near(9.0, 12));
    let said = of(turned.collect());
    assert!(said.starts_with("Getting worse"), "{said}");
    let old = of(near(2.0, 30).chain(near(5.0, 80)).collect());
    assert_eq!(old, "No clear change: 5.4 days, median 5.2 days");
}

#[test]
fn a_title_says_that_the_latest_value_is_back_and_its_point_is_not_drawn_as_better() {
    let last = (State::Final, Some(5.4));
    let weeks = near(5.0, 30)
        .chain(near(2.0, 4))
        .chain([last])
        .chain(near(2.0, 6))
        .chain([last]);
    let chart = chart(&weeks.collect::<Vec<_>>());
    let said = rules_of(&chart);
    assert_eq!(
        said,
        "Getting better since 4 August 2025: 2.2 days, was 5.2 days; latest week back at 5.4 days"
    );
    let back = chart.points.iter().map(joinedup_drawing::is_back);
    assert_eq!(back.filter(|back| *back).count(), 1);
    let answer = answered(chart);
    let drawing = joinedup_drawing::of_answer(&answer, false);
    let marks: Vec<Mark> = [39, 40, 41].map(|n| drawing.spots[n].mark).into();
    assert_eq!(marks, [Mark::Improvement, Mark::Improvement, Mark::Plain]);
    assert_eq!(drawing.spots[41].why, "Back where the values before lay");
}

#[test]
fn of_a_stock_by_day_the_latest_day_is_said_to_be_back_although_no_rule_looks_at_it() {
    // The rules look at Wednesdays; the last day is a Sunday.
    let said = |last: f64| {
        let days = near(15.0, 210).chain(near(5.0, 83));
        let days: Vec<_> = days.chain([(State::Final, Some(last))]).collect();
        rules_of(&chart_of("tr-ready-now", Grain::Day, &days, &[]))
    };
    let better = "Getting better since 6 August 2025: 5.2 people, was 15.2 people";
    assert_eq!(said(5.0), better);
    assert_eq!(
        said(16.0),
        format!("{better}; latest day back at 16 people")
    );
}

#[test]
fn what_is_suppressed_or_not_final_is_not_said_to_be_missing() {
    let said = |points| rules_of(&chart(points));
    assert_eq!(said(&[(State::Suppressed, None); 30]), SUPPRESSED);
    assert_eq!(
        said(&[(State::Provisional, Some(4.0)); 3]),
        "Too early to tell: no number is final yet"
    );
    assert_eq!(
        said(&[(State::Missing, None); 3]),
        "No data for this place yet"
    );
}

#[test]
fn periods_of_too_few_cases_are_not_said_to_be_suppressed() {
    let of = |note: Note, shown: usize| {
        let points: Vec<_> = (0..20)
            .map(|n| match n < shown {
                true => (State::Final, Some(4.0)),
                false => (State::Suppressed, None),
            })
            .collect();
        let mut chart = chart(&points);
        let hidden = chart.points.iter_mut().map(|row| &mut row.point);
        for point in hidden.filter(|point| point.state == State::Suppressed) {
            point.note = Some(note.clone());
        }
        rules_of(&chart)
    };
    let few = "Too few cases in each week to tell";
    let note = || Note::TooFewCases { n: 3, least: 8 };
    assert_eq!([of(note(), 0), of(note(), 5)], [few, few]);
    let protects = || Note::from("suppressed: it would identify a few people");
    assert_eq!(of(protects(), 0), SUPPRESSED);
    assert!(of(protects(), 5).starts_with(SUPPRESSED));
}

#[test]
fn a_chart_of_a_kind_that_no_rule_judges_describes_and_one_that_ended_says_so() {
    use NoVerdict::{Describes, Ended, TooFewPoints};
    let few: Vec<_> = near(5.0, 5).collect();
    let of = |measure: &str, today: &str| {
        let chart = chart_of(measure, Grain::Week, &few, &[]);
        NoVerdict::of(&chart, day(today))
    };
    let share = "ag-community-spend-share";
    assert_eq!(of(share, "2025-03-01"), Some(Describes));
    assert_eq!(of(share, "2026-03-01"), Some(Ended));
    let judged = "tr-delay-days-median";
    assert_eq!(of(judged, "2025-03-01"), Some(TooFewPoints));
    let many = chart(&near(5.0, 30).collect::<Vec<_>>());
    assert_eq!(NoVerdict::of(&many, day("2025-09-01")), None);
}

#[test]
fn what_is_spoken_of_a_chart_has_the_amounts_that_its_page_has() {
    let chart = chart(&[(State::Final, Some(1.0)); 30]);
    let said = ": 1 day in the week from 28 July 2025, against a median of 1 day.";
    assert!(chart.summary.contains(said), "{}", chart.summary);
}
