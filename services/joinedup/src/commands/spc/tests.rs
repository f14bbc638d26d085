//! `joinedup spc` on tables: what is judged, drawn, left out and refused.

use super::*;

fn flags() -> Spc {
    Spc {
        case: None,
        csv: None,
        chart: "auto".into(),
        direction: Better::Down,
        target: None,
        baseline: None,
        phase: Vec::new(),
        format: Format::Text,
        title: None,
        unit: "days".into(),
    }
}

/// Twenty months around 30, and then a fall.
fn waits() -> String {
    let rows = (0..24).map(|i| {
        let value = if i < 20 { 30 + (i * 7) % 5 } else { 12 };
        format!("{}-{:02}-01,{value}\n", 2024 + i / 12, i % 12 + 1)
    });
    rows.collect()
}

fn refused(spc: &Spc, text: &str) -> String {
    let failure = of_csv(spc, "waits.csv", text).unwrap_err();
    assert_eq!(failure.code, 2);
    failure.sentence
}

#[test]
fn a_table_is_judged_in_words_that_say_what_happened() {
    let text = of_csv(&flags(), "waits.csv", &waits()).unwrap();
    insta::assert_snapshot!(text);
    let headed = format!("month,days\n{}", waits());
    assert_eq!(of_csv(&flags(), "waits.csv", &headed).unwrap(), text);
    let backwards: String = waits()
        .lines()
        .rev()
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(of_csv(&flags(), "waits.csv", &backwards).unwrap(), text);
}

#[test]
fn the_same_table_is_drawn_and_given_as_json() {
    let svg = of_csv(
        &Spc {
            format: Format::Svg,
            target: Some(28.0),
            ..flags()
        },
        "waits.csv",
        &waits(),
    )
    .unwrap();
    assert!(
        svg.starts_with("<svg") && svg.matches("tabindex").count() == 24,
        "{svg}"
    );
    let json = of_csv(
        &Spc {
            format: Format::Json,
            ..flags()
        },
        "waits.csv",
        &waits(),
    )
    .unwrap();
    let answer: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (
            answer["x"].as_array().unwrap().len(),
            &answer["verdict"]["variation"]
        ),
        (24, &json!("improvement_low"))
    );
}

#[test]
fn a_new_phase_has_limits_of_its_own() {
    let text = of_csv(
        &Spc {
            phase: vec!["2025-09".into()],
            chart: "run".into(),
            ..flags()
        },
        "waits.csv",
        &waits(),
    )
    .unwrap();
    assert!(
        text.contains("phase 2 of 2, from 2025-09-01: median 12"),
        "{text}"
    );
}

#[test]
fn a_gap_is_a_gap_and_not_a_zero() {
    let text = waits().replacen(",30\n", ",\n", 1);
    let json = of_csv(
        &Spc {
            format: Format::Json,
            ..flags()
        },
        "waits.csv",
        &text,
    )
    .unwrap();
    let answer: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(answer["verdict"]["points"][0]["state"], "missing");
}

#[test]
fn months_without_a_row_are_gaps_and_the_words_say_so() {
    let text: String = waits()
        .lines()
        .filter(|line| {
            !["2024-06", "2024-07"]
                .iter()
                .any(|month| line.starts_with(month))
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let words = of_csv(&flags(), "waits.csv", &text).unwrap();
    assert!(
        words.contains("of 24 points") && words.contains("2 periods have no row"),
        "{words}"
    );
    let json = Spc {
        format: Format::Json,
        ..flags()
    };
    let answer: Value = serde_json::from_str(&of_csv(&json, "waits.csv", &text).unwrap()).unwrap();
    assert_eq!(answer["x"][5], "2024-06-01");
    assert_eq!(answer["verdict"]["points"][5]["state"], "missing");
}

#[test]
fn one_numerator_above_its_denominator_leaves_that_row_out_and_not_the_chart() {
    let row = |i: usize| {
        let y = if i == 7 { 99 } else { 10 + i * 7 % 5 };
        format!("{}-{:02}-01,{y},40\n", 2023 + i / 12, i % 12 + 1)
    };
    let text: String = (0..36).map(row).collect();
    let words = of_csv(&flags(), "late.csv", &text).unwrap();
    assert!(words.starts_with("late: P chart of 36 points"), "{words}");
    assert!(
        words.contains("1 value is larger than its denominator"),
        "{words}"
    );
}

#[test]
fn amounts_below_zero_are_judged_with_and_without_a_denominator() {
    for n in ["", ",40"] {
        let row = |i: i32| {
            format!(
                "{}-{:02}-01,{}{n}\n",
                2023 + i / 12,
                i % 12 + 1,
                i * 7 % 5 - 3
            )
        };
        let text: String = (0..36).map(row).collect();
        let words = of_csv(&flags(), "net.csv", &text).unwrap();
        assert!(words.starts_with("net: XmR chart of 36 points"), "{words}");
        assert!(words.contains("common cause"), "{words}");
    }
}

#[test]
fn a_denominator_makes_shares_or_rates() {
    let rows = |n: u32| {
        (0..24)
            .map(|i| {
                format!(
                    "{}-{:02},{},{n}\n",
                    2024 + i / 12,
                    i % 12 + 1,
                    10 + (i * 7) % 5
                )
            })
            .collect::<String>()
    };
    assert!(
        of_csv(&flags(), "x.csv", &rows(100))
            .unwrap()
            .contains("P chart")
            || of_csv(&flags(), "x.csv", &rows(100))
                .unwrap()
                .contains("P′ chart")
    );
    assert!(of_csv(&flags(), "x.csv", &rows(5)).unwrap().contains("U"));
    assert!(
        of_csv(
            &Spc {
                chart: "p".into(),
                ..flags()
            },
            "x.csv",
            &rows(5)
        )
        .is_err()
    );
}

#[test]
fn what_cannot_be_judged_is_refused_in_a_sentence() {
    let pie = Spc {
        chart: "pie".into(),
        ..flags()
    };
    let late = Spc {
        phase: vec!["2030-01".into()],
        ..flags()
    };
    let drawn = Spc {
        format: Format::Svg,
        ..flags()
    };
    let refusals = [
        (&flags(), ""),
        (&flags(), "2026-01,1\n2026-02,many\n"),
        (&flags(), "2026-01,1,2,3\n"),
        (&flags(), "2026-01,1\n2026-01,2\n"),
        (&pie, waits().as_str()),
        (&late, waits().as_str()),
        (&drawn, "week one,1\nweek two,2\n"),
    ]
    .map(|(spc, text)| refused(spc, text) + "\n");
    insta::assert_snapshot!(refusals.concat());
    let shares = Spc {
        chart: "p".into(),
        ..flags()
    };
    // One row that cannot be is left out and named; it does not cost the chart.
    let judged = of_csv(
        &shares,
        "waits.csv",
        "month,late,all\n2026-02,9,8\n2026-01,1,8\n",
    );
    insta::assert_snapshot!(judged.unwrap());
    assert_eq!(of_case("{").unwrap_err().code, 2);
    assert_eq!(
        of_case(r#"{"method":"pie","x":[1],"y":[1]}"#)
            .unwrap_err()
            .code,
        2
    );
}

#[test]
fn charts_have_the_names_that_people_write() {
    for (name, wanted) in [
        ("XmR", Chart::Xmr),
        ("i", Chart::Xmr),
        ("p-prime", Chart::PPrime),
        ("P'", Chart::PPrime),
        ("u′", Chart::UPrime),
        ("c", Chart::C),
    ] {
        assert_eq!(chart(name, &[]).unwrap().0, wanted, "{name}");
    }
}

#[test]
fn a_case_is_answered_in_the_shape_of_the_reference_vectors() {
    let case =
        r#"{"method":"qicharts2.run","options":{"chart":"run"},"x":[1,2,3,4,5],"y":[3,9,4,8,5]}"#;
    assert_eq!(of_case(case).unwrap()["parts"][0]["n_crossings"], 3);
}
