use super::*;
use joinedup_events::AreaId;
use joinedup_views::cell::Filter;
use joinedup_views::chart::{ChartQuery, of_points};
use joinedup_views::measures::Measures;
use joinedup_views::period::{Grain, Period};
use joinedup_views::point::{Point, PointQuery, State};

/// A chart by week, from the second week of 2025 on.
fn chart(points: &[(State, Option<f64>)]) -> Chart {
    let measures = Measures::built_in(|_| true).unwrap();
    let area = AreaId::new("havenshire").unwrap();
    let first = chrono::NaiveDate::from_ymd_opt(2025, 1, 6).unwrap();
    let week = |n: u64| Period::of(Grain::Week, first + Days::new(7 * n));
    let points = (0..).zip(points).map(|(n, (state, value))| Point {
        period_start: week(n).start,
        period_end: week(n).end,
        value: *value,
        numerator: None,
        denominator: None,
        n: None,
        people: None,
        state: *state,
        note: None,
    });
    let filter = Filter::default();
    let query = ChartQuery::new(PointQuery {
        measure: measures.get("tr-delay-days-median").unwrap(),
        area: &area,
        grain: Grain::Week,
        from: None,
        to: None,
        filter: &filter,
        range: None,
        now: "2026-11-27T08:00:00Z".parse().unwrap(),
    });
    of_points(&query, "Havenshire".to_owned(), points.collect())
}

#[test]
fn what_is_suppressed_or_not_final_is_not_said_to_be_missing() {
    let said = |points| of_rules(&chart(points));
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
