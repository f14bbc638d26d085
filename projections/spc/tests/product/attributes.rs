//! Charts of parts of a whole: denominators that are missing, zero or too small, and no event at all.

use super::*;

#[test]
fn a_denominator_without_a_value_moves_no_line() {
    let values = [
        20., 21., 19., 20., 22., 18., 20., 21., 19., 20., 20., 0., 21., 19.,
    ];
    let mut points: Vec<Point> = values
        .iter()
        .enumerate()
        .map(|(i, v)| Point::new(i.to_string(), *v).out_of(10.0))
        .collect();
    for gap in [
        Point {
            value: None,
            ..points[11].clone().out_of(100.0)
        },
        points[11].clone().out_of(100.0).provisional(),
        Point::missing("11"),
    ] {
        points[11] = gap;
        for chart in [Chart::IPrime, Chart::U, Chart::UPrime] {
            let verdict = judge(&points, &Options::new(chart, Direction::Up)).unwrap();
            assert_eq!(verdict.phases[0].centre, Some(2.0), "{chart:?}");
        }
        let verdict = judge(&points, &Options::new(Chart::IPrime, Direction::Up)).unwrap();
        // As qicharts2 has it where the gap has no denominator either.
        assert!((verdict.points[0].lcl.unwrap() - 1.564_943_145_686_827_7).abs() < 1e-9);
        assert!(verdict.points.iter().all(|p| p.signals.is_empty()));
    }
}

#[test]
fn a_zero_denominator_is_a_gap_and_more_than_all_leaves_that_point_out() {
    let mut points: Vec<Point> = (0..14)
        .map(|i| Point::new(i.to_string(), f64::from(i % 5)).out_of(20.0))
        .collect();
    points[3] = Point::new("3", 2.0).out_of(0.0);
    let options = Options::new(Chart::P, Direction::Down);
    let verdict = judge(&points, &options).unwrap();
    assert_eq!(verdict.points[3].state, PointState::Missing);
    points[4] = Point::new("4", 21.0).out_of(20.0);
    let with_a_slip = judge(&points, &options).unwrap();
    assert_eq!(with_a_slip.points[4].state, PointState::Impossible);
    assert!(with_a_slip.why.contains("left out"), "{}", with_a_slip.why);
    points[4] = Point::missing("4");
    let without = judge(&points, &options).unwrap();
    assert_eq!(with_a_slip.points[13], without.points[13]);
    let swapped: Vec<Point> = (0..14)
        .map(|i| Point::new(i.to_string(), 20.0).out_of(3.0))
        .collect();
    assert_eq!(
        judge(&swapped, &options),
        Err(JudgeError::AboveDenominator { index: 0 })
    );
    points[4] = Point::new("4", 2.0);
    assert_eq!(
        judge(&points, &options),
        Err(JudgeError::NoDenominator { index: 4 })
    );
}

#[test]
fn attribute_charts_without_any_event_collapse_quietly() {
    let none: Vec<Point> = (0..20)
        .map(|i| Point::new(i.to_string(), 0.0).out_of(30.0))
        .collect();
    let all: Vec<Point> = (0..20)
        .map(|i| Point::new(i.to_string(), 30.0).out_of(30.0))
        .collect();
    for chart in [
        Chart::P,
        Chart::PPrime,
        Chart::U,
        Chart::UPrime,
        Chart::IPrime,
        Chart::C,
    ] {
        let verdict = judge(&none, &Options::new(chart, Direction::Down)).unwrap();
        assert_eq!(
            verdict.limits_status,
            LimitsStatus::NoVariation,
            "{chart:?}"
        );
        assert_eq!(
            (verdict.points[0].lcl, verdict.points[0].ucl),
            (Some(0.0), Some(0.0)),
            "{chart:?}"
        );
        assert!(!verdict.alert, "{chart:?}");
    }
    for chart in [Chart::P, Chart::PPrime] {
        let options = Options {
            target: Some(0.95),
            ..Options::new(chart, Direction::Up)
        };
        let verdict = judge(&all, &options).unwrap();
        assert_eq!(verdict.assurance, Some(Assurance::Pass), "{chart:?}");
    }
}
