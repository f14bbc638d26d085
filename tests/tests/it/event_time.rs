//! Run charts on event time through Prometheus's own API: promtool reads them, a real Prometheus that holds the same
//! points gives the same answers, and what is not answered is refused in a sentence.

mod oracle;
mod queries;

use std::collections::BTreeSet;
use std::time::Instant;

use joinedup_tests::care::stay;
use joinedup_tests::folders;
use joinedup_tests::http;
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::tools::{Run, Tool};
use serde_json::Value;

use super::metrics::boards;

/// A server with a year of a small simulated county in it.
fn county() -> Joinedup {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let url = product.url("");
    let flags = [
        "simulate", "--url", &url, "--months", "14", "--scale", "0.5",
    ];
    product::run(flags).succeeded();
    product.caught_up();
    product
}

fn base(product: &Joinedup) -> String {
    product.url("/prometheus")
}

/// What a call answers, whatever its status.
fn call(product: &Joinedup, call: &str, parameters: &[(&str, &str)]) -> (u16, Value) {
    let query = http::query_string(parameters.iter().copied());
    let url = format!("{}/api/v1/{call}?{query}", base(product));
    let response = http::get(&url).unwrap();
    (response.status, response.json())
}

fn ask(product: &Joinedup, name: &str, parameters: &[(&str, &str)]) -> Value {
    let (status, mut answer) = call(product, name, parameters);
    assert_eq!(status, 200, "{name} {parameters:?}: {answer}");
    answer["data"].take()
}

fn form(product: &Joinedup, name: &str, parameters: &[(&str, &str)]) -> Value {
    let body = http::query_string(parameters.iter().copied());
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let url = format!("{}/api/v1/{name}", base(product));
    let answer = http::send("POST", &url, &kind, body.as_bytes()).unwrap();
    assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    answer.json()["data"].take()
}

fn promtool(arguments: &[&str]) -> Run {
    Tool::Promtool.run(arguments)
}

#[test]
fn prometheus_with_the_same_points_gives_the_same_answers() {
    let product = county();
    promtool_reads(&product);
    grafana_reads(&product);
    points_are_those_of_the_charts(&product);
    boards_read(&product);
    oracle::compare(&product);
}

fn promtool_reads(product: &Joinedup) {
    let url = base(product);
    let query = r#"joinedup_run_chart_latest_ratio{measure="tr-delayed-share",area="havenshire"}"#;
    let said = promtool(&["query", "instant", &url, query])
        .succeeded()
        .to_owned();
    assert!(
        said.starts_with("joinedup_run_chart_latest_ratio{") && said.contains("=> 0."),
        "{said}"
    );
    let query = r#"joinedup_run_chart_ratio{measure="tr-delayed-share",area="havenshire"}"#;
    let range = [
        "query",
        "range",
        "--start=1785000000",
        "--end=1790000000",
        "--step=24h",
        &url,
        query,
    ];
    let said = promtool(&range).succeeded().to_owned();
    assert!(said.lines().count() > 50, "{said}");
    let said = promtool(&["query", "series", &format!("--match={query}"), &url])
        .succeeded()
        .to_owned();
    assert_eq!(said.trim().lines().count(), 1, "{said}");
    let said = promtool(&["query", "labels", &url, "measure"])
        .succeeded()
        .to_owned();
    let measures: BTreeSet<&str> = said.lines().collect();
    assert!(
        measures.len() > 20 && measures.contains("tr-delayed-share"),
        "{said}"
    );
}

/// What Grafana's own datasource calls: its health check, its query builder, its panels.
fn grafana_reads(product: &Joinedup) {
    let health = form(product, "query", &[("query", "1+1"), ("time", "4")]);
    assert_eq!(
        health,
        serde_json::json!({ "resultType": "scalar", "result": [4, "2"] })
    );
    let names = ask(product, "label/__name__/values", &[("limit", "40000")]);
    let names: Vec<&str> = names
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(names.contains(&"joinedup_run_chart_ratio") && names.is_sorted());
    let metadata = ask(product, "metadata", &[("limit", "10000")]);
    for name in names {
        assert_eq!(metadata[name][0]["type"], "gauge", "{name}");
    }
    let labels = form(
        product,
        "labels",
        &[("match[]", "joinedup_run_chart_signal")],
    );
    assert_eq!(
        labels,
        serde_json::json!(["__name__", "area", "measure", "period", "rule"])
    );
    let areas = ask(
        product,
        "label/area/values",
        &[(
            "match[]",
            r#"joinedup_run_chart_ratio{measure="tr-delayed-share"}"#,
        )],
    );
    assert!(areas.as_array().unwrap().contains(&"havenshire".into()));
    let (status, cut) = call(product, "label/area/values", &[("limit", "1")]);
    assert_eq!((status, cut["data"].as_array().unwrap().len()), (200, 1));
    assert_eq!(cut["warnings"][0], "results truncated due to limit");
    let matchers = [(
        "match[]",
        r#"joinedup_run_chart_signal{measure="tr-delayed-share",area="havenshire"}"#,
    )];
    assert_eq!(
        form(product, "series", &matchers).as_array().unwrap().len(),
        6
    );
    let build = ask(product, "status/buildinfo", &[]);
    assert_eq!(build["application"], "joinedup");
    assert_eq!(
        ask(product, "query_exemplars", &[("query", "up")]),
        serde_json::json!([])
    );
    for name in ["rules", "alerts", "targets", "format_query", "status/flags"] {
        let (status, answer) = call(product, name, &[]);
        assert_eq!(
            (status, &answer["status"], &answer["errorType"]),
            (404, &"error".into(), &"not_found".into())
        );
        assert!(answer["error"].as_str().unwrap().len() > 40, "{answer}");
    }
    let range = [
        (
            "query",
            r#"joinedup_run_chart_ratio{measure="tr-delayed-share",area="havenshire"}"#,
        ),
        ("start", "1765000000"),
        ("end", "1795000000"),
        ("step", "86400"),
    ];
    let began = Instant::now();
    let chart = form(product, "query_range", &range);
    // Unoptimised, on a busy machine; the release build is measured elsewhere.
    assert!(began.elapsed().as_millis() < 1_000, "{:?}", began.elapsed());
    assert_eq!(chart["result"].as_array().unwrap().len(), 1);
}

/// Every query of the board of the whole history has an answer. Of the other boards, those about charts have either
/// one or a refusal that says why: `period_start` is the time here, and what is of now is scraped.
fn boards_read(product: &Joinedup) {
    let folder = folders::repository().join("grafana/dashboards");
    let board = |name: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
    };
    let queries = boards::queries(&board("history.json"));
    assert!(queries.len() >= 8, "{queries:?}");
    for (what, query) in queries {
        // Half of the county's time: there is no year before.
        let query = query.replace("offset 52w", "offset 20w");
        let answer = ask(product, "query", &[("query", &query)]);
        let found = answer["result"].as_array().unwrap().len();
        assert!(found > 0, "{what}: {query}");
    }
    for name in ["run-charts.json", "leaders.json"] {
        for (what, query) in boards::queries(&board(name)) {
            let (status, answer) = call(product, "query", &[("query", &query)]);
            let refused = answer["error"].as_str().unwrap_or_default();
            let is_of_now = query.contains("joinedup_projector");
            let is_of_periods = query.contains("period_start");
            assert_eq!(
                status == 400,
                is_of_now || is_of_periods,
                "{name}: {what}: {query}: {answer:.300}"
            );
            assert_eq!(
                refused.contains("period_start"),
                is_of_periods,
                "{what}: {refused}"
            );
            assert_eq!(
                refused.contains("number of now"),
                is_of_now,
                "{what}: {refused}"
            );
        }
    }
}

/// `x[…]` at one instant gives the points of the JSON chart, all of them, at the beginnings of their periods.
fn points_are_those_of_the_charts(product: &Joinedup) {
    for (measure, unit, factor) in oracle::MEASURES {
        for area in ["havenshire", "havenshire-north", "hv-west-1"] {
            let chart = product
                .json(&format!("/api/v1/charts/{measure}?area={area}"))
                .unwrap();
            let points = chart["points"].as_array().unwrap();
            assert!(points.len() >= 12, "{measure} {area}");
            for (name, wanted) in [("", "final"), ("_provisional", "")] {
                let query = format!(
                    "joinedup_run_chart{name}_{unit}{{measure=\"{measure}\",area=\"{area}\"}}[100y]"
                );
                let data = ask(product, "query", &[("query", &query)]);
                let told: Vec<(i64, f64)> = data["result"][0]["values"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|v| {
                        (
                            v[0].as_i64().unwrap(),
                            v[1].as_str().unwrap().parse().unwrap(),
                        )
                    })
                    .collect();
                let shown: Vec<(i64, f64)> = points
                    .iter()
                    .filter(|p| (p["state"] == "final") == (wanted == "final"))
                    .filter_map(|p| {
                        Some((
                            oracle::midnight(&p["period_start"]) / 1_000,
                            p["value"].as_f64()? * factor,
                        ))
                    })
                    .collect();
                let same = told.len() == shown.len()
                    && told
                        .iter()
                        .zip(&shown)
                        .all(|(a, b)| a.0 == b.0 && oracle::is_close(a.1, b.1));
                assert!(same, "{query}: {told:?} against {shown:?}");
            }
        }
    }
}

#[test]
fn a_corrected_past_is_right_at_the_next_question_and_a_gap_stays_a_gap() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let nights = r#"joinedup_run_chart_bed_nights{measure="tr-delayed-nights",area="hv-north-2"}"#;
    let at = |query: &str, time: &str| {
        ask(&product, "query", &[("query", query), ("time", time)])["result"].clone()
    };
    assert_eq!(at(nights, "2026-09-15T12:00:00Z"), serde_json::json!([]));
    let first: Vec<Value> = (0..9)
        .flat_map(|n| {
            stay(
                &format!("t-{n}"),
                "hv-north-2",
                "2026-08-01",
                "2026-08-07",
                "2026-08-10",
            )
        })
        .collect();
    assert!(product.post(&first).status < 300);
    product.caught_up();
    let august = |says: &str| {
        eventually("the month has its nights", || {
            let result = at(nights, "2026-08-20T12:00:00Z");
            let value = result[0]["value"][1]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            if value == says {
                Ok(())
            } else {
                Err(result.to_string())
            }
        });
    };
    august("27");
    let more: Vec<Value> = (10..20)
        .flat_map(|n| {
            stay(
                &format!("t-{n}"),
                "hv-north-2",
                "2026-08-01",
                "2026-08-17",
                "2026-08-20",
            )
        })
        .collect();
    assert!(product.post(&more).status < 300);
    product.caught_up();
    august("57");
    // Before the month there is nothing, and its state is not there either.
    assert_eq!(at(nights, "2026-07-31T22:59:59Z"), serde_json::json!([]));
    let state =
        r#"joinedup_run_chart_period_state{measure="tr-delayed-nights",area="hv-north-2"} == 1"#;
    assert_eq!(
        at(state, "2026-08-20T12:00:00Z")[0]["metric"]["state"],
        "final"
    );
}

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
    // A body that is no form, and a method that is none of the call's.
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
    // An operator is no reader by that role alone.
    let tokens = tokens.replace("[\"operator\"]", "[\"operator\", \"reader\"]");
    let mut options = JoinedupOptions::new("serve", &[]).file("joinedup.toml", &tokens);
    for name in names {
        options = options.file(
            &format!("{name}.token"),
            &format!("0123456789abcdef-{name}"),
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
        let header = token.map(|t| format!("Bearer 0123456789abcdef-{t}"));
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
    // Many charts at once are kept back as each one alone is.
    let auth = [("authorization", "Bearer 0123456789abcdef-reader")];
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
