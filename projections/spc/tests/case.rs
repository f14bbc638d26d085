//! Cases as `joinedup spc` takes them: what is refused, and in which words.

#![allow(clippy::unwrap_used, reason = "a helper of tests may fail the test")]

use joinedup_spc::case::run_case;
use proptest::prelude::*;
use serde_json::{Value, json};

const METHODS: [&str; 21] = [
    "qicharts2.run",
    "qicharts2.i",
    "qicharts2.mr",
    "qicharts2.ip",
    "qicharts2.p",
    "qicharts2.pp",
    "qicharts2.u",
    "qicharts2.up",
    "qicharts2.c",
    "qicharts2.g",
    "qicharts2.t",
    "qicharts2.xbar",
    "qicharts2.s",
    "mdc.xmr",
    "run.perla",
    "rephase.runcharter",
    "rephase.his",
    "funnel.spiegelhalter",
    "pbi.rules",
    "cusum.bernoulli",
    "product.xmr",
];

fn refused(case: &Value) -> String {
    run_case(case).unwrap_err().to_string()
}

#[test]
fn an_option_that_a_method_does_not_have_is_never_passed_over() {
    for method in METHODS {
        let sentence =
            refused(&json!({ "method": method, "options": {"frieze": 12}, "y": [1, 2] }));
        assert!(sentence.contains("frieze"), "{method}: {sentence}");
    }
}

#[test]
fn a_dot_and_an_underscore_in_the_name_of_an_option_are_the_same() {
    let case = |name: &str| json!({ "method": "qicharts2.run", "options": {name: "sum"}, "x": [1, 1, 2], "y": [1, 2, 3] });
    let answer = run_case(&case("agg.fun")).unwrap();
    assert_eq!(answer, run_case(&case("agg_fun")).unwrap());
    assert_eq!(answer["points"]["y"], json!([3, 3]));
}

#[test]
fn values_that_an_option_cannot_have_are_refused_in_a_sentence() {
    let funnel = |options: Value| {
        refused(
            &json!({ "method": "funnel.spiegelhalter", "options": options, "x": ["a", "b"], "y": [1, 2], "n": [3, 4] }),
        )
    };
    assert!(funnel(json!({"limit": 90})).contains("95, 99 or 99.8"));
    assert!(funnel(json!({"trim_by": 0.7})).contains("trim_by is 0.7"));
    assert!(funnel(json!({"data_type": "XX"})).contains("PR, SR or RC"));
    let other = json!({ "method": "qicharts2.p", "options": {"chart": "u"}, "y": [1], "n": [2] });
    assert!(refused(&other).contains("options.chart is \"u\""));
    let nobody = json!({ "method": "product.xmr", "options": {"profile": "nobody"}, "y": [1] });
    assert!(refused(&nobody).contains("nhsr-plotthedots"));
    let zero = json!({ "method": "product.xmr", "options": {"exclude": [0]}, "y": [1] });
    assert!(refused(&zero).contains("points count from 1"));
    let subset = json!({ "method": "pbi.rules", "options": {"subset": [0, 1, 2]}, "y": [1, 2, 3] });
    assert!(refused(&subset).contains("counts from 1"));
    let divided = json!({ "method": "mdc.xmr", "x": ["2026-01-01"], "y": [1], "n": [2] });
    assert!(refused(&divided).contains("takes no denominators"));
    assert!(refused(&json!({ "method": "run.perla", "y": [1] })).contains("at least 2"));
}

#[test]
fn measurements_of_one_day_are_one_subgroup_of_the_product_too() {
    let days = ["2026-01-01", "2026-01-02", "2026-01-03"];
    let x: Vec<&str> = days.iter().flat_map(|day| [*day; 4]).collect();
    let y = json!([1, 2, 3, 4, 2, 3, 4, 5, 3, 2, 1, null]);
    let product = json!({ "method": "product.xbar", "x": x, "y": y });
    let reference = json!({ "method": "qicharts2.xbar", "x": x, "y": y });
    let (product, reference) = (run_case(&product).unwrap(), run_case(&reference).unwrap());
    for (i, point) in product["points"].as_array().unwrap().iter().enumerate() {
        for (ours, theirs) in [("value", "y"), ("lcl", "lcl"), ("ucl", "ucl")] {
            let (a, b) = (&point[ours], &reference["points"][theirs][i]);
            assert!(
                (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-12,
                "{ours} of day {i}: {a} and {b}"
            );
        }
    }
}

proptest! {
    #[test]
    fn rebase_numbers_match_numbered_points_of_any_size(start in -50..50_i32, at in 1..20_usize) {
        let x: Vec<i32> = (0..20).map(|i| start + i).collect();
        let y: Vec<usize> = (0..20).map(|i| i % 5).collect();
        let case = json!({ "method": "mdc.xmr", "options": {"rebase": [x[at]]}, "x": x, "y": y });
        let answer = run_case(&case).unwrap();
        let groups: Vec<u64> = (0..20).map(|i| u64::from(i >= at)).collect();
        prop_assert_eq!(&answer["points"]["x"], &json!(x));
        prop_assert_eq!(&answer["points"]["rebase_group"], &json!(groups));
    }
}
