//! What cannot be answered, or not for this reader, is refused in a sentence, and nothing stops.

use std::collections::BTreeSet;

use joinedup_tests::http;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};

use super::{base, call, oracle};

#[test]
fn what_cannot_be_answered_is_refused_in_a_sentence_and_nothing_stops() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let deep = format!("{}1{}", "(".repeat(5_000), ")".repeat(5_000));
    let pattern = format!("{{a=~\"{}\"}}", "(a{500}){500}");
    let long = "x".repeat(40_000);
    let range = |start: &'static str, end: &'static str, step: &'static str| {
        vec![
            ("query", "1"),
            ("start", start),
            ("end", end),
            ("step", step),
        ]
    };
    let table: Vec<(&str, Vec<(&str, &str)>, u16, &str)> = vec![
        ("query", vec![], 400, "\"query\""),
        ("query", vec![("query", "sum(")], 400, "cannot be read"),
        ("query", vec![("query", "rate(up[5m])")], 400, "`rate`"),
        ("query", vec![("query", "up[5m:1m]")], 400, "subquery"),
        ("query", vec![("query", "limitk(1, up)")], 400, "`limitk`"),
        (
            "query",
            vec![("query", "sum(joinedup_open_waits) or vector(0)")],
            400,
            "number of now",
        ),
        (
            "query",
            vec![("query", "{__name__=~\"joinedup_open.*\"}")],
            400,
            "number of now",
        ),
        (
            "query",
            vec![("query", "joinedup_run_chart_rato")],
            400,
            "__name__",
        ),
        ("query", vec![("query", &deep)], 400, "nested"),
        ("query", vec![("query", &pattern)], 400, "too large"),
        ("query", vec![("query", &long)], 400, "bytes"),
        (
            "query",
            vec![("query", "1"), ("time", "yesterday")],
            400,
            "\"time\"",
        ),
        (
            "query",
            vec![("query", "1"), ("tme", "1")],
            400,
            "no parameter \"tme\"",
        ),
        (
            "query",
            vec![("query", "1"), ("query", "2")],
            400,
            "more than once",
        ),
        (
            "query",
            vec![("query", "1"), ("stats", "all")],
            400,
            "`stats`",
        ),
        (
            "query",
            vec![("query", "1"), ("timeout", "soon")],
            400,
            "\"timeout\"",
        ),
        (
            "query",
            vec![("query", "1"), ("lookback_delta", "-5m")],
            400,
            "\"lookback_delta\"",
        ),
        ("query_range", range("0", "1", "0"), 400, "zero or negative"),
        (
            "query_range",
            range("0", "1", "-5"),
            400,
            "zero or negative",
        ),
        ("query_range", range("0", "1", "NaN"), 400, "\"step\""),
        ("query_range", range("5", "1", "1"), 400, "\"end\""),
        ("query_range", range("0", "1e9", "1"), 400, "11,000"),
        ("query_range", range("-1e300", "1", "1"), 400, "\"start\""),
        (
            "query_range",
            vec![
                ("query", "up[5m]"),
                ("start", "0"),
                ("end", "1"),
                ("step", "1"),
            ],
            400,
            "instant vector",
        ),
        (
            "query_range",
            vec![
                ("query", "\"a\""),
                ("start", "0"),
                ("end", "1"),
                ("step", "1"),
            ],
            400,
            "instant vector",
        ),
        (
            "query",
            vec![(
                "query",
                "vector(1) + on () group_left () (vector(1) or label_replace(vector(1), \"a\", \"b\", \"\", \"\"))",
            )],
            422,
            "many-to-many",
        ),
        ("series", vec![], 400, "match[]"),
        ("series", vec![("match[]", "up offset 5m")], 400, "match[]"),
        ("series", vec![("match[]", "{a=~\".*\"}")], 400, "non-empty"),
        ("label/a-b/values", vec![], 400, "label name"),
        ("labels", vec![("limit", "-1")], 400, "\"limit\""),
    ];
    for (name, parameters, status, says) in table {
        let (answered, answer) = call(&product, name, &parameters);
        let text = answer["error"].as_str().unwrap_or_default();
        assert_eq!(
            (answered, &answer["status"]),
            (status, &"error".into()),
            "{name}: {answer}"
        );
        let kind = if status == 422 {
            "execution"
        } else {
            "bad_data"
        };
        assert_eq!(answer["errorType"], kind, "{answer}");
        assert!(text.contains(says), "{name}: {text}");
    }
    // A body that is not a form, and a method that is none of the call's.
    let url = format!("{}/api/v1/query", base(&product));
    let json = [("content-type", "application/json")];
    let refused = http::send("POST", &url, &json, b"{\"query\": \"1\"}").unwrap();
    assert_eq!(
        (refused.status, &refused.json()["errorType"]),
        (400, &"bad_data".into())
    );
    let refused = http::send("DELETE", &url, &[], &[]).unwrap();
    assert_eq!(
        (refused.status, &refused.json()["errorType"]),
        (405, &"bad_data".into())
    );
    // And it still answers.
    let (status, answer) = call(&product, "query_range", &range("0", "60", "15s"));
    assert_eq!(
        (
            status,
            answer["data"]["result"][0]["values"]
                .as_array()
                .unwrap()
                .len()
        ),
        (200, 5)
    );
}

#[test]
fn a_reader_sees_no_small_numbers_and_others_see_nothing() {
    let names = ["publisher", "reader", "operator", "admin"];
    let tokens: String = names
        .iter()
        .map(|n| format!("[[tokens]]\nname = \"{n}\"\nfile = \"{n}.token\"\nroles = [\"{n}\"]\n"))
        .collect();
    // An operator is not a reader by that role alone.
    let tokens = tokens.replace("[\"operator\"]", "[\"operator\", \"reader\"]");
    let mut options = JoinedupOptions::new("serve", &[]).file("joinedup.toml", &tokens);
    for name in names {
        options = options.file(
            &format!("{name}.token"),
            &format!("0123456789abcdef0123456789abcdef-{name}"),
        );
    }
    let product = Joinedup::start(options);
    let url = product.url("");
    let token = product.folder().join("admin.token").display().to_string();
    let flags = [
        "simulate",
        "--url",
        &url,
        "--months",
        "4",
        "--scale",
        "0.5",
        "--token-file",
        &token,
    ];
    product::run(flags).succeeded();
    product.caught_up();
    let ask = |token: Option<&str>, query: &str| {
        let header = token.map(|t| format!("Bearer 0123456789abcdef0123456789abcdef-{t}"));
        let headers: Vec<(&str, &str)> = header
            .iter()
            .map(|h| ("authorization", h.as_str()))
            .collect();
        let query = http::query_string([("query", query)]);
        http::send(
            "GET",
            &format!("{}/api/v1/query?{query}", base(&product)),
            &headers,
            &[],
        )
        .unwrap()
    };
    assert_eq!(ask(None, "1").status, 401);
    let refused = ask(Some("publisher"), "1");
    assert_eq!(
        (refused.status, &refused.json()["status"]),
        (403, &"error".into())
    );

    let measure = "measure=\"tr-delayed-share\"";
    let periods = |token: &str, state: &str| {
        let query = format!("joinedup_run_chart_period_state{{{measure},state=\"{state}\"}}[1y]");
        let answer = ask(Some(token), &query).json();
        let mut found = BTreeSet::new();
        for series in answer["data"]["result"].as_array().unwrap() {
            for value in series["values"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|v| v[1] == "1")
            {
                found.insert((series["metric"]["area"].to_string(), value[0].to_string()));
            }
        }
        found
    };
    let values = |token: &str| {
        let answer = ask(
            Some(token),
            &format!("joinedup_run_chart_ratio{{{measure}}}[1y]"),
        )
        .json();
        let mut found = BTreeSet::new();
        for series in answer["data"]["result"].as_array().unwrap() {
            for value in series["values"].as_array().unwrap() {
                found.insert((series["metric"]["area"].to_string(), value[0].to_string()));
            }
        }
        found
    };
    let hidden = periods("reader", "suppressed");
    assert!(hidden.len() > 10, "{} suppressed", hidden.len());
    assert_eq!(values("reader"), periods("reader", "final"));
    assert!(values("reader").is_disjoint(&hidden));
    // Many charts at once are suppressed as each one alone is.
    let auth = [(
        "authorization",
        "Bearer 0123456789abcdef0123456789abcdef-reader",
    )];
    let areas: BTreeSet<String> = hidden
        .iter()
        .map(|(area, _)| area.replace('"', ""))
        .collect();
    assert!(areas.len() > 3, "{areas:?}");
    for area in areas {
        let url = product.url(&format!("/api/v1/charts/tr-delayed-share?area={area}"));
        let chart = http::send("GET", &url, &auth, &[]).unwrap().json();
        let alone: BTreeSet<String> = chart["points"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|p| p["state"] == "suppressed")
            .map(|p| (oracle::midnight(&p["period_start"]) / 1_000).to_string())
            .collect();
        let together: BTreeSet<String> = hidden
            .iter()
            .filter(|(a, _)| a.replace('"', "") == area)
            .map(|(_, at)| at.clone())
            .collect();
        assert_eq!(alone, together, "{area}");
    }
    assert_eq!(periods("operator", "suppressed").len(), 0);
    assert!(values("operator").len() > values("reader").len());
}
