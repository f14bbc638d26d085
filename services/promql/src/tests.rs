//! The subset of PromQL: what it evaluates, and what it refuses by name.

use super::answer;
use super::eval::{Question, Value};
use super::plan::{plan, selector};
use super::series::{Labels, NAME, Sample, Series, selects};
use super::{Refusal, guard};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::{Duration, Instant};

const WEEK: i64 = 604_800_000;

/// A series of weeks from the beginning of time on; a week without a value is a gap.
fn weeks(name: &str, labels: &[(&str, &str)], values: &[Option<f64>]) -> Series {
    let pairs = std::iter::once((NAME, name)).chain(labels.iter().copied());
    let samples = values.iter().enumerate().filter_map(|(n, value)| {
        let at = n as i64 * WEEK;
        Some(Sample {
            at,
            until: at + WEEK,
            value: (*value)?,
        })
    });
    Series {
        labels: Labels::of(pairs.map(|(n, v)| (Arc::from(n), Arc::from(v)))),
        samples: samples.collect(),
    }
}

fn store() -> Vec<Series> {
    vec![
        weeks(
            "share",
            &[("area", "north"), ("kind", "a")],
            &[Some(1.0), Some(2.0), None, Some(4.0)],
        ),
        weeks(
            "share",
            &[("area", "south"), ("kind", "a")],
            &[Some(10.0), Some(20.0), Some(30.0), Some(0.0)],
        ),
        weeks("goal", &[("area", "north")], &[Some(3.0); 4]),
        weeks("goal", &[("area", "south")], &[Some(5.0); 4]),
    ]
}

#[allow(
    clippy::disallowed_methods,
    reason = "a test is the caller that brings the clock"
)]
fn ask(query: &str, instants: &[i64]) -> Result<Value, Refusal> {
    let plan = plan(query)?;
    let store = store();
    let found: Vec<Vec<Series>> = plan
        .selectors
        .iter()
        .map(|s| {
            store
                .iter()
                .filter(|one| selects(s, &one.labels))
                .cloned()
                .collect()
        })
        .collect();
    Question {
        instants: instants.to_vec(),
        lookback: None,
        selectors: &plan.selectors,
        found: &found,
        clock: (Instant::now(), Duration::from_secs(5)),
    }
    .answer(&plan.root)
}

/// The answer at an instant, as text: `{labels} value`, in order.
fn at(query: &str, instant: i64) -> Vec<String> {
    match ask(query, &[instant]).unwrap_or_else(|e| panic!("{query}: {e}")) {
        Value::Scalar(values) => vec![answer::number(values[0])],
        Value::Text(text) => vec![text],
        Value::Vector(rows) => rows
            .iter()
            .filter_map(|row| Some(format!("{} {}", row.labels, answer::number(row.values[0]?))))
            .collect(),
        Value::Matrix(all) => all
            .iter()
            .map(|(labels, samples)| {
                let samples: Vec<String> = samples
                    .iter()
                    .map(|s| format!("{}@{}", s.value, s.at / WEEK))
                    .collect();
                format!("{labels} {}", samples.join(" "))
            })
            .collect(),
    }
}

#[test]
fn a_period_holds_until_it_is_over_and_a_gap_is_a_gap() {
    let north = r#"share{area="north"}"#;
    let says = |instant: i64| at(&format!("sum({north})"), instant);
    assert_eq!(says(-1), [""; 0]);
    assert_eq!(says(0), ["{} 1"]);
    assert_eq!(says(WEEK - 1), ["{} 1"]);
    assert_eq!(says(WEEK), ["{} 2"]);
    // The third week has no value, and the second does not reach into it; nor does the last one into the fifth.
    assert_eq!(says(2 * WEEK), [""; 0]);
    assert_eq!(says(3 * WEEK), ["{} 4"]);
    assert_eq!(says(4 * WEEK), [""; 0]);
    assert_eq!(
        at(r#"share{area="south"} - 0"#, 3 * WEEK),
        [r#"{area="south", kind="a"} 0"#]
    );
}

#[test]
fn ranges_are_open_on_the_left_and_offsets_and_fixed_times_are_obeyed() {
    let range = |query: &str, instant| at(query, instant).join("");
    let labels = r#"{__name__="share", area="north", kind="a"} "#;
    assert_eq!(
        range(r#"share{area="north"}[1w]"#, WEEK),
        format!("{labels}2@1")
    );
    assert_eq!(
        range(r#"share{area="north"}[1w1ms]"#, WEEK),
        format!("{labels}1@0 2@1")
    );
    assert_eq!(
        range(r#"share{area="north"}[3w]"#, 3 * WEEK),
        format!("{labels}2@1 4@3")
    );
    assert_eq!(
        range(r#"share{area="north"}[1w] offset 1w"#, 2 * WEEK),
        format!("{labels}2@1")
    );
    assert_eq!(at(r#"sum(share{area="north"} offset 1w)"#, WEEK), ["{} 1"]);
    assert_eq!(at(r#"sum(share{area="north"} offset -1w)"#, 0), ["{} 2"]);
    assert_eq!(
        at(r#"sum(share{area="north"} @ 604800)"#, 3 * WEEK),
        ["{} 2"]
    );
    let Ok(Value::Vector(rows)) = ask(r#"sum(share{area="north"} @ end())"#, &[0, 3 * WEEK]) else {
        panic!("no vector");
    };
    assert_eq!(rows[0].values, [Some(4.0), Some(4.0)]);
    assert_eq!(
        at(r#"timestamp(share{area="north"})"#, WEEK + 5),
        [r#"{area="north", kind="a"} 604800"#]
    );
}

#[test]
fn vectors_match_as_they_are_told_to() {
    assert_eq!(
        at("share / on (area) goal", 0),
        [
            r#"{area="north"} 0.3333333333333333"#,
            r#"{area="south"} 2"#
        ]
    );
    assert_eq!(at("share / goal", 0), [""; 0]);
    assert_eq!(
        at("share > ignoring (kind) goal", 0),
        [r#"{__name__="share", area="south"} 10"#]
    );
    assert_eq!(
        at("share > bool on (area) goal", 0),
        [r#"{area="north"} 0"#, r#"{area="south"} 1"#]
    );
    assert_eq!(
        at("goal * on (area) group_left (kind) share", 0),
        [
            r#"{area="north", kind="a"} 3"#,
            r#"{area="south", kind="a"} 50"#
        ]
    );
    assert_eq!(
        at("goal unless on (area) share", 2 * WEEK),
        [r#"{__name__="goal", area="north"} 3"#]
    );
    assert_eq!(at("count(goal or share)", 0), ["{} 4"]);
    assert_eq!(at("5 < goal or vector(7)", 0), ["{} 7"]);
    for query in [
        "share + on () goal",
        "sum(share) + on () goal",
        "goal + on () group_left () goal",
    ] {
        assert!(
            matches!(ask(query, &[0]), Err(Refusal::Execution(_))),
            "{query}"
        );
    }
}

#[test]
fn aggregations_and_functions_do_what_they_are_called() {
    for (query, says) in [
        ("sum by (kind) (share)", r#"{kind="a"} 11"#),
        ("avg without (area) (share)", r#"{kind="a"} 5.5"#),
        (
            "max by (__name__) ({__name__=~\"share|goal\"})",
            r#"{__name__="goal"} 5,{__name__="share"} 10"#,
        ),
        ("quantile(0.5, goal)", "{} 4"),
        ("stddev(goal)", "{} 1"),
        (
            "topk(1, share)",
            r#"{__name__="share", area="south", kind="a"} 10"#,
        ),
        (
            "bottomk(1, share)",
            r#"{__name__="share", area="north", kind="a"} 1"#,
        ),
        ("count_values(\"n\", goal)", r#"{n="3"} 1,{n="5"} 1"#),
        (
            "sort_desc(goal)",
            r#"{__name__="goal", area="south"} 5,{__name__="goal", area="north"} 3"#,
        ),
        (
            "clamp(goal, 4, 4.5)",
            r#"{area="north"} 4,{area="south"} 4.5"#,
        ),
        ("round(vector(7) / 2)", "{} 4"),
        ("scalar(share)", "NaN"),
        ("scalar(sum(share)) % 4", "3"),
        (
            "absent(share{area=\"east\", kind=~\"a\"})",
            r#"{area="east"} 1"#,
        ),
        ("absent(share)", ""),
        (
            "label_replace(sum by (area) (goal), \"place\", \"$1!\", \"area\", \"(no).*\")",
            r#"{area="north", place="no!"} 3,{area="south"} 5"#,
        ),
        (
            "label_join(sum by (area) (goal), \"x\", \"-\", \"area\", \"area\")",
            r#"{area="north", x="north-north"} 3,{area="south", x="south-south"} 5"#,
        ),
        ("-2 ^ 2", "-4"),
        ("1 / 0", "+Inf"),
        ("time()", "0"),
        ("\"words\"", "words"),
    ] {
        assert_eq!(at(query, 0).join(","), says, "{query}");
    }
    for (function, says) in [
        ("avg", "2.3333333333333335"),
        ("min", "1"),
        ("max", "4"),
        ("sum", "7"),
        ("count", "3"),
        ("last", "4"),
        ("present", "1"),
    ] {
        let answers = at(
            &format!("sum({function}_over_time(share{{area=\"north\"}}[5w]))"),
            3 * WEEK,
        );
        assert_eq!(answers, [format!("{{}} {says}")], "{function}");
    }
    assert_eq!(
        at(
            "quantile_over_time(0.5, goal{area=\"north\"}[5w])",
            3 * WEEK
        ),
        [r#"{area="north"} 3"#]
    );
    assert_eq!(
        at("changes(share{area=\"north\"}[5w])", 3 * WEEK),
        [r#"{area="north", kind="a"} 2"#]
    );
}

#[test]
fn a_range_of_instants_says_at_each_what_one_instant_says() {
    let instants: Vec<i64> = (-3..40).map(|n| n * WEEK / 7).collect();
    for query in [
        "share",
        "sum(share)",
        "share > on (area) goal",
        "topk(1, share)",
        "goal or share",
        "avg_over_time(share[2w])",
        "absent(share{area=\"north\"})",
        "share unless on (area) (goal > 4)",
        "count_values(\"v\", share)",
        "label_replace(share, \"area\", \"x$1\", \"area\", \"(.*)\")",
    ] {
        let Value::Vector(rows) = ask(query, &instants).unwrap() else {
            panic!("{query}")
        };
        for (n, instant) in instants.iter().enumerate() {
            let mut says: Vec<String> = rows
                .iter()
                .filter_map(|row| {
                    Some(format!("{} {}", row.labels, answer::number(row.values[n]?)))
                })
                .collect();
            let mut alone = at(query, *instant);
            says.sort();
            alone.sort();
            assert_eq!(says, alone, "{query} at {instant}");
        }
    }
}

#[test]
fn what_is_not_in_the_subset_is_refused_in_a_sentence_that_names_it() {
    let refusals = [
        "rate(share[1w])",
        "increase(share[1w])",
        "delta(share[1w])",
        "deriv(share[1w])",
        "predict_linear(share[1w], 3600)",
        "histogram_quantile(0.9, share)",
        "histogram_avg(share)",
        "info(share)",
        "ln(share)",
        "hour()",
        "sort_by_label(share, \"area\")",
        "mad_over_time(share[1w])",
        "limitk(1, share)",
        "limit_ratio(0.5, share)",
        "share atan2 goal",
        "avg_over_time(share[4w:1w])",
        "share[4w:]",
        "share + on (area) fill (0) goal",
        "share{area=\"north\" or area=\"south\"}",
        "share[5]",
        "share offset 5",
        "share[1e300]",
        "share[99999999999s]",
        "share[1d99999999999s]",
        "max by (period_start) (share)",
        "share{period_start=\"2026-01-01T00:00:00Z\"}",
        "share + on (period_start) goal",
        "label_replace(share, \"a\", \"$1\", \"period_start\", \"(.*)\")",
        "{area=~\".*\"}",
        "share + on () 1",
        "share and 1",
        "1 == 1",
        "share + bool goal",
        "sum(share[1w])",
        "-share[1w]",
        "share{area=~\"[a&&b]\"}",
        "share{area=~\"(a{1000}){1000}\"}",
        "share{area=~\"\\n\"}",
        "unknown_function(share)",
        "share smoothed",
        "",
        "sum(",
        "share{area=\"north\"",
    ]
    .map(|query| format!("{query}\n    {}\n", ask(query, &[0]).expect_err(query)));
    insta::assert_snapshot!(refusals.concat());
    // Evaluated only where its meaning is whole.
    for query in ["share[1w]", "sum(share) > share[1w]", "abs(share[1w])"] {
        assert!(ask(query, &[0, 1]).is_err(), "{query}");
    }
}

#[test]
fn everything_that_the_grammar_knows_is_evaluated_or_refused_by_name() {
    // Every function of Prometheus 3.8, with arguments of its types.
    let functions = "abs absent absent_over_time acos acosh asin asinh atan atanh avg_over_time ceil changes cos cosh \
        count_over_time days_in_month day_of_month day_of_week day_of_year deg delta deriv exp first_over_time floor \
        histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum hour idelta increase irate \
        last_over_time ln log10 log2 mad_over_time max_over_time min_over_time minute month present_over_time rad rate \
        resets round scalar sgn sin sinh sort sort_desc sqrt stddev_over_time stdvar_over_time sum_over_time tan tanh \
        timestamp ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time year";
    let (mut evaluated, mut refused) = (0, 0);
    for function in functions.split_whitespace() {
        let answers = [
            format!("{function}(share)"),
            format!("{function}(share[4w])"),
        ]
        .map(|q| ask(&q, &[0]));
        if answers.iter().any(Result::is_ok) {
            evaluated += 1;
            assert!(
                super::subset::FUNCTIONS.iter().any(|(n, _)| *n == function),
                "{function}"
            );
        } else {
            refused += 1;
            let named = answers.iter().any(|s| {
                s.as_ref()
                    .is_err_and(|e| e.to_string().contains(&format!("`{function}` is not part")))
            });
            assert!(named, "{function}: {answers:?}");
        }
    }
    assert!(evaluated > 20 && refused > 30, "{evaluated} {refused}");
}

#[test]
fn too_much_is_refused_before_it_is_worked_out() {
    let deep = |n| format!("{}1{}", "(".repeat(n), ")".repeat(n));
    assert!(plan(&deep(guard::DEEPEST)).is_ok());
    let refusals = [
        deep(guard::DEEPEST + 1),
        deep(10_000),
        format!("{}1", "-".repeat(guard::OPERATORS + 1)),
        vec!["share"; guard::OPERATORS + 2].join(" or "),
        format!("share{{area=\"{}\"}}", "x".repeat(guard::MAX_QUERY_LENGTH)),
        format!(
            "share{{{}}}",
            vec!["area=~\"a\""; guard::PATTERNS + 1].join(",")
        ),
    ];
    for query in refusals {
        assert!(
            matches!(plan(&query), Err(Refusal::Query(_))),
            "{}",
            &query[..40]
        );
    }
    assert!(selector("share").is_ok());
    for text in [
        "share offset 1w",
        "share @ 5",
        "sum(share)",
        "share[1w]",
        "share + share",
    ] {
        assert!(selector(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_planned_or_refused(query in "[a-z(){}\\[\\]\"'`=~!<>+*/^%@:,.0-9 \\\\#\u{e9}-]{0,60}") {
        let _ = ask(&query, &[0]);
    }

    #[test]
    fn any_string_of_tokens_is_planned_or_refused(tokens in prop::collection::vec(prop::sample::select(vec![
        "share", "goal", "{", "}", "[", "]", "(", ")", "1w", "5", "1e400", "0x1f", "offset", "@", "start()", "-", "+",
        "area", "=", "=~", "!~", "\"n.*\"", "\"\\x41\"", "'\\u00e9'", "by", "on", "group_left", "bool", ">", "==", "sum",
        "topk", "avg_over_time", "label_replace", ",", "and", "or", ":", "NaN", "Inf", "quantile", "count_values",
    ]), 0..14)) {
        let _ = ask(&tokens.join(" "), &[0, WEEK]);
    }
}
