//! The picture of a run chart: what is drawn, what is not, and what its words say.

use super::super::drawing::Tested;
use super::*;
use chrono::NaiveDate;
use joinedup_views::period::Grain;

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
        period: Grain::Week,
        spots: vec![
            spot(0, Some(2.0), Mark::Plain),
            spot(1, None, Mark::Missing),
            spot(2, Some(0.0), Mark::Plain),
            spot(3, None, Mark::Suppressed),
            spot(4, Some(9.0), Mark::Concern),
            spot(5, Some(1.0), Mark::Provisional),
            spot(6, Some(1.0), Mark::Incomplete),
        ],
        lately: None,
        targets: vec![(None, 2.0)],
        tested: vec![Tested {
            label: "Trusted assessors".into(),
            from: day(3),
            to: None,
            link: Some("#changes".into()),
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
        targets: Vec::new(),
        tested: Vec::new(),
        ..drawing()
    });
    assert!(empty.contains("No points") && empty.ends_with("</svg>"));
}

#[test]
fn a_target_is_drawn_from_its_own_day_and_the_one_before_it_until_then() {
    let mut drawing = drawing();
    let day = drawing.spots[3].start;
    drawing.targets = vec![(None, 2.0), (Some(day), 1.5)];
    let picture = svg(&drawing);
    let lines: Vec<&str> = picture.split("<line class=\"target\" ").skip(1).collect();
    let end = |line: &str, name: &str| -> f64 {
        line.split(&format!("{name}=\""))
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .parse()
            .unwrap()
    };
    assert_eq!(lines.len(), 2);
    assert!(end(lines[0], "x1") < end(lines[0], "x2"));
    assert!((end(lines[0], "x2") - end(lines[1], "x1")).abs() < 0.2);
    // One that was replaced before the drawing begins is not on it.
    drawing.targets = vec![(None, 2.0), (Some(day - chrono::Days::new(400)), 1.5)];
    assert_eq!(svg(&drawing).matches("class=\"target\"").count(), 1);
}

#[test]
fn a_change_that_starts_after_the_drawing_is_not_drawn_at_its_edge() {
    let mut drawing = drawing();
    drawing.tested[0].from = drawing.spots[6].start + chrono::Days::new(3);
    assert!(!svg(&drawing).contains("Trusted assessors"));
}

#[test]
fn where_the_baseline_changes_the_picture_says_what_the_median_was() {
    let mut drawing = drawing();
    for spot in &mut drawing.spots[4..] {
        (spot.phase, spot.centre) = (1, Some(1.0));
    }
    let picture = svg(&drawing);
    assert!(picture.contains("median was 3"), "{picture}");
    assert!(picture.contains(">median<"), "{picture}");
}

#[test]
fn a_new_level_has_a_line_of_its_own_time_and_a_name_beside_the_others() {
    let mut drawing = drawing();
    assert!(!svg(&drawing).contains("class=\"lately"));
    let day = |n: usize| drawing.spots[n].start;
    drawing.lately = Some(Level {
        from: day(2),
        to: day(4),
        value: 2.2,
        mark: Mark::Concern,
    });
    let drawn = svg(&drawing);
    assert!(drawn.contains("class=\"lately concern\""), "{drawn}");
    // Three names of values that nearly are the same stand one below the other.
    let heights: Vec<f64> = ["centre-name", "lately-name concern", "target-name"]
        .map(|class| {
            let at = drawn.find(&format!("<text class=\"{class}\"")).unwrap();
            let y = drawn[at..].split("y=\"").nth(1).unwrap();
            y.split('"').next().unwrap().parse().unwrap()
        })
        .to_vec();
    assert!(heights.is_sorted_by(|a, b| b - a >= 29.9), "{heights:?}");
}

#[test]
fn a_level_is_drawn_within_the_time_of_the_drawing_or_left_out() {
    let mut drawing = Drawing {
        standalone: false,
        ..drawing()
    };
    let first = drawing.spots[0].start;
    let level = |from: u64, to: u64| Level {
        from: first - chrono::Days::new(from),
        to: first - chrono::Days::new(to),
        value: 2.2,
        mark: Mark::Concern,
    };
    drawing.lately = Some(level(70, 7));
    assert!(!svg(&drawing).contains("lately"));
    let to = drawing.spots[4].start;
    drawing.lately = Some(Level { to, ..level(70, 0) });
    let drawn = svg(&drawing);
    let line = drawn.split("class=\"lately concern\" points=\"").nth(1);
    let begin = line.unwrap().split(',').next().unwrap();
    assert_eq!(begin.parse::<f64>().unwrap(), drawing.margins().left);
}

#[test]
fn the_line_of_a_change_lies_below_the_dates() {
    let picture = svg(&drawing());
    let at = |part: &str| picture.find(part).unwrap();
    assert!(at("class=\"flag\"") < at("class=\"axis\""));
}

#[test]
fn the_names_of_lines_lie_beside_the_plot_and_over_no_point() {
    let named = |size: Size, last: [usize; 2]| {
        let mut drawing = Drawing { size, ..drawing() };
        let spots = drawing.spots.len();
        for (phase, last) in (1..).zip(last) {
            for spot in &mut drawing.spots[spots - last..] {
                (spot.phase, spot.centre) = (phase, Some(3.5));
            }
        }
        let margins = drawing.margins();
        let right = margins.width - margins.right;
        let picture = svg(&drawing);
        let names = picture.split("<text class=\"centre-name").skip(1);
        let names = names.map(|name| {
            let number = |of: &str| -> f64 {
                let value = name.split(of).nth(1).unwrap();
                value.split('"').next().unwrap().parse().unwrap()
            };
            assert!(
                number("x=\"") > right || number("y=\"") < margins.top,
                "{name}"
            );
            let text = name.split('>').nth(1).unwrap();
            text.split('<').next().unwrap().to_owned()
        });
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        named(Size::Narrow, [4, 2]),
        ["median was 3", "was 3.5", "median"]
    );
    assert_eq!(
        named(Size::Wide, [4, 2]),
        ["median was 3", "median was 3.5", "median"]
    );
    // A first week alone has no room above it.
    assert_eq!(named(Size::Narrow, [6, 0]), ["median"]);
}

#[test]
fn months_are_said_as_months_on_narrow_charts_too() {
    let months = |months: u32| {
        let mut drawing = Drawing {
            size: Size::Narrow,
            ..drawing()
        };
        let first = NaiveDate::from_ymd_opt(2025, 5, 1).unwrap();
        let spot = drawing.spots[0].clone();
        let at = |n| first + chrono::Months::new(n);
        drawing.spots = (0..months)
            .map(|n| Spot {
                start: at(n),
                ..spot.clone()
            })
            .collect();
        svg(&drawing)
    };
    for (n, month) in [(2, "May"), (3, "Jul"), (19, "Oct"), (40, "Jan")] {
        let picture = months(n);
        assert!(picture.contains(&format!(">{month}</text>")), "{picture}");
        assert!(!picture.contains(">1 "), "{picture}");
    }
}

#[test]
fn a_small_chart_names_both_ends_of_its_axis() {
    for (values, ticks) in [
        ([0.1, 0.9], vec!["0%", "100%"]),
        ([0.1, 0.4], vec!["0%", "20%", "40%"]),
        ([0.94, 0.96], vec!["93.5%", "96%"]),
    ] {
        let mut drawing = Drawing {
            size: Size::Small,
            unit: "proportion".into(),
            targets: Vec::new(),
            ..drawing()
        };
        for (n, spot) in drawing.spots.iter_mut().enumerate() {
            (spot.value, spot.centre) = (Some(values[n % 2]), None);
        }
        let picture = svg(&drawing);
        let found = picture.split("class=\"tick-y\"").skip(1);
        let found = found.filter_map(|rest| rest.split(['>', '<']).nth(1));
        assert_eq!(found.collect::<Vec<_>>(), ticks);
    }
}

#[test]
fn a_long_number_has_room_left_of_the_axis() {
    let left = |value| {
        let mut drawing = Drawing {
            size: Size::Narrow,
            ..drawing()
        };
        drawing.spots[2].value = Some(value);
        drawing.margins().left
    };
    assert_eq!(left(9.0), Size::Narrow.margins().left);
    assert!(left(10_000.0) >= 6.0 * 7.0 + 10.0);
}

#[test]
fn weeks_without_data_are_single_dashes_and_no_line() {
    let mut drawing = Drawing {
        size: Size::Narrow,
        ..drawing()
    };
    let missing = drawing.spots[1].clone();
    drawing.spots = (0..53)
        .map(|n| Spot {
            start: missing.start + chrono::Days::new(7 * n),
            ..missing.clone()
        })
        .collect();
    let margins = drawing.margins();
    let gap = (margins.width - margins.left - margins.right) / 52.0;
    let picture = svg(&drawing);
    let dash = picture.split("<path d=\"M").nth(1).unwrap();
    let wide = dash.split('h').nth(1).unwrap().split('"').next().unwrap();
    assert!(wide.parse::<f64>().unwrap() < 0.8 * gap, "{wide} of {gap}");
}
