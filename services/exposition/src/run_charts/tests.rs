//! What a scrape of run charts shows of rules, alerts and periods.

use super::*;
use chrono::Days;
use joinedup_events::AreaId;
use joinedup_views::Filter;
use joinedup_views::chart::{ChartQuery, of_points};
use joinedup_views::measures::Measures;
use joinedup_views::point::{Point, PointQuery};

fn measure() -> Measure {
    let measures = Measures::built_in(|_| true).unwrap();
    measures.get("tr-delayed-share").unwrap().clone()
}

/// A chart of weeks with these values, judged afresh from some of the weeks on; the last `unfinished` are not over.
fn chart_of(measure: &Measure, values: &[f64], fresh_from: &[usize], unfinished: usize) -> Chart {
    let first = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
    let week = |at: usize| first + Days::new(7 * at as u64);
    let judged = values.len() - unfinished;
    let points = values
        .iter()
        .enumerate()
        .map(|(at, value)| Point {
            period_start: week(at),
            period_end: week(at + 1),
            value: Some(*value),
            numerator: None,
            denominator: Some(40.0),
            n: None,
            people: None,
            state: if at < judged {
                State::Final
            } else {
                State::Provisional
            },
            note: None,
        })
        .collect();
    let area = AreaId::new("havenshire").unwrap();
    let query = PointQuery {
        measure,
        area: &area,
        grain: Grain::Week,
        from: None,
        to: None,
        filter: &Filter::default(),
        now: local::midnight(week(judged)),
        range: None,
    };
    let fresh: Vec<NaiveDate> = fresh_from.iter().map(|at| week(*at)).collect();
    let query = ChartQuery {
        rebases: &fresh,
        ..ChartQuery::new(query)
    };
    of_points(&query, String::new(), points)
}

fn shown_of(chart: &Chart, measure: &Measure) -> Shown {
    shown(chart, measure, usize::MAX)
}

fn met_latest(shown: &Shown) -> Vec<&'static str> {
    let judged = shown.periods.iter().find(|p| p.values[0].is_some());
    let met = judged.unwrap().signals.iter().filter(|(_, met)| *met == 1);
    met.map(|(rule, _)| *rule).collect()
}

/// Up and down about one level and then, for twelve weeks, about one that is higher by more than they vary.
fn risen() -> Vec<f64> {
    let level = |at: usize| if at < 12 { 0.2 } else { 0.26 };
    (0..24)
        .map(|at| level(at) + [0.0, 0.05, 0.02, 0.04, 0.01][at % 5])
        .collect()
}

#[test]
fn every_rule_behind_an_alert_is_said_of_the_latest_judged_period() {
    let measure = measure();
    let chart = chart_of(&measure, &risen(), &[], 0);
    let verdict = chart.verdict.as_ref().unwrap();
    assert!(verdict.alert && verdict.variation.is_special());
    let shown = shown_of(&chart, &measure);
    assert_eq!(shown.alert.map(|(alert, _)| alert), Some(true));
    let told: Vec<&str> = Rule::ALL
        .iter()
        .filter(|rule| verdict.alert_rules.contains(rule))
        .map(|rule| rule.code())
        .collect();
    assert!(!told.is_empty());
    assert_eq!(met_latest(&shown), told);
    // Every rule has a line there, so that none that is not met reads as not asked.
    assert_eq!(shown.periods[0].signals.len(), Rule::ALL.len());
    assert!(shown.alert_since.is_some());
}

#[test]
fn a_chart_that_has_nothing_to_say_meets_no_rule_in_its_latest_period() {
    let measure = measure();
    let values: Vec<f64> = (0..24)
        .map(|at| [0.2, 0.4, 0.41, 0.21][at % 4] + at as f64 / 10_000.0)
        .collect();
    let shown = shown_of(&chart_of(&measure, &values, &[], 0), &measure);
    assert_eq!(shown.alert.map(|(alert, _)| alert), Some(false));
    assert_eq!(met_latest(&shown), [""; 0]);
    assert_eq!(shown.periods[0].signals.len(), Rule::ALL.len());
}

#[test]
fn an_alert_rests_from_a_new_baseline_on_until_that_can_be_judged() {
    let measure = measure();
    let mut values = risen();
    values.push(0.3);
    let alert = |fresh_from: &[usize]| {
        let shown = shown_of(&chart_of(&measure, &values, fresh_from, 1), &measure);
        shown.alert.map(|(alert, _)| alert)
    };
    assert_eq!(alert(&[]), Some(true));
    // The week in which the baseline was taken is not over: there is nothing of the new phase yet.
    assert_eq!(alert(&[24]), Some(false));
    assert_eq!(alert(&[22]), Some(false));
}

#[test]
fn what_a_point_means_is_what_the_chart_says_and_not_the_side_of_the_median_on_which_it_lies() {
    let measure = measure();
    let before = (0..24).map(|at| 0.08 + [0.0, 0.04, 0.02, 0.03, 0.01][at % 5]);
    let after = [14, 15, 13, 14, 15, 14, 13, 15, 14, 16, 14, 9];
    let values: Vec<f64> = before
        .chain(after.map(|share| f64::from(share) / 100.0))
        .collect();
    let chart = chart_of(&measure, &values, &[], 0);
    let latest = chart.points.last().unwrap();
    assert!(latest.point.value < latest.centre, "{latest:?}");
    let shown = shown_of(&chart, &measure);
    assert_eq!(shown.alert, Some((true, "concern_high")));
    assert_eq!(met_latest(&shown), ["level_change"]);
    // Those before it that meet a rule, too; and what meets none means nothing.
    for period in &shown.periods {
        let is_met = period.signals.iter().any(|(_, met)| *met == 1);
        assert_eq!(
            is_met,
            period.variation == "concern_high",
            "{}",
            period.start
        );
    }
}

#[test]
fn a_rule_of_the_whole_chart_gives_its_latest_judged_period_the_meaning_of_the_chart() {
    let measure = measure();
    let mut chart = chart_of(&measure, &[0.2, 0.25, 0.22, 0.21], &[], 0);
    let verdict = chart.verdict.as_mut().unwrap();
    verdict.alert_rules = vec![Rule::FewCrossings];
    verdict.variation = Variation::Undirected;
    let shown = shown_of(&chart, &measure);
    let variations: Vec<&str> = shown.periods.iter().map(|p| p.variation).collect();
    assert_eq!(variations[0], "undirected");
    assert!(!variations[1..].contains(&"undirected"), "{variations:?}");
}

#[test]
fn a_chart_by_day_has_the_twelve_weeks_that_boards_show_of_it() {
    assert_eq!(periods_of(Grain::Day, 53), MIN_DAYS);
    assert_eq!(periods_of(Grain::Day, 365), 365);
    assert_eq!(periods_of(Grain::Week, 53), 53);
}

#[test]
fn a_calm_day_is_not_told_as_silence() {
    let measure = measure();
    let mut chart = chart_of(&measure, &risen(), &[], 0);
    for (at, n, state) in [(22, Some(0), State::Empty), (23, None, State::Missing)] {
        let point = &mut chart.points[at].point;
        (point.value, point.n, point.state) = (None, n, state);
    }
    let shown = shown_of(&chart, &measure);
    let latest = shown.periods.iter().take(3);
    let words: Vec<_> = latest.map(|p| (p.state, p.why_absent)).collect();
    let expected = [
        ("missing", Some("missing")),
        ("empty", Some("empty")),
        ("final", None),
    ];
    assert_eq!(words, expected);
}
