use super::super::drawing::{Flag, Stretch};
use super::*;
use chrono::NaiveDate;

fn drawing() -> Drawing {
    let day = |n: u64| NaiveDate::from_ymd_opt(2026, 1, 5).unwrap() + chrono::Days::new(7 * n);
    let spot = |n, value, mark| Spot {
        start: day(n),
        value,
        mark,
        why: String::new(),
        centre: Some(3.0),
        limits: None,
        phase: 0,
    };
    Drawing {
        name: "chart".into(),
        title: "Days <from> ready to out".into(),
        description: "Seven weeks".into(),
        unit: "days".into(),
        centre_name: "median",
        period_word: "week of",
        spots: vec![
            spot(0, Some(2.0), Mark::Plain),
            spot(1, None, Mark::Missing),
            spot(2, Some(0.0), Mark::Plain),
            spot(3, None, Mark::Suppressed),
            spot(4, Some(9.0), Mark::Concern),
            spot(5, Some(1.0), Mark::Provisional),
            spot(6, Some(1.0), Mark::Incomplete),
        ],
        target: Some(2.0),
        flags: vec![Flag {
            date: day(3),
            label: "Trusted assessors".into(),
            link: Some("#changes".into()),
        }],
        stretches: vec![Stretch {
            from: day(3),
            to: None,
        }],
        standalone: true,
        size: Size::Wide,
        scale: None,
    }
}

#[test]
fn a_limit_where_no_value_can_lie_is_not_drawn_and_stretches_no_scale() {
    let mut drawing = drawing();
    for spot in &mut drawing.spots {
        spot.limits = Some((-4.0, 11.0));
    }
    assert!(drawing.values().all(|value| value >= 0.0));
    assert_eq!(svg(&drawing).matches("class=\"limit\"").count(), 1);
    drawing.spots[2].value = Some(-1.0);
    assert_eq!(svg(&drawing).matches("class=\"limit\"").count(), 2);
    drawing.unit = "proportion".into();
    assert_eq!(
        svg(&drawing).matches("class=\"limit\"").count(),
        1,
        "a share ends at all"
    );
}

#[test]
fn every_point_says_what_it_is_and_the_tab_key_stops_once() {
    let svg = svg(&drawing());
    assert_eq!(svg.matches("role=\"img\"").count(), 7);
    assert_eq!(svg.matches("tabindex=\"0\"").count(), 1);
    assert!(
        svg.contains("<title>week of 2 Feb 2026: 9 days</title>"),
        "{svg}"
    );
    for class in [
        "missing",
        "suppressed",
        "concern",
        "provisional",
        "incomplete",
    ] {
        assert!(svg.contains(&format!("class=\"point {class}\"")), "{class}");
    }
}

#[test]
fn a_title_cannot_break_out_of_the_drawing() {
    assert!(svg(&drawing()).contains("Days &lt;from&gt; ready"));
}

#[test]
fn a_file_leads_nowhere_and_a_page_leads_to_the_change() {
    assert!(!svg(&drawing()).contains("<a "));
    assert!(
        svg(&Drawing {
            standalone: false,
            ..drawing()
        })
        .contains("<a href=\"#changes\"")
    );
}

#[test]
fn nothing_at_all_still_draws_and_says_so() {
    let empty = svg(&Drawing {
        spots: Vec::new(),
        target: None,
        flags: Vec::new(),
        ..drawing()
    });
    assert!(empty.contains("No points") && empty.ends_with("</svg>"));
}

#[test]
fn a_long_label_is_cut_at_a_letter_and_not_within_one() {
    assert_eq!(shortened("äöüäöü", 4), "äöü…");
    assert_eq!(shortened("abc", 4), "abc");
}
