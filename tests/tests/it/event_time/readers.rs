//! Those who read the API as it is: promtool, Grafana's own datasource, the boards, and whoever compares with the charts.

use std::collections::BTreeSet;

use joinedup_tests::folders;
use joinedup_tests::product::Joinedup;
use serde_json::Value;

use super::super::metrics::boards;
use super::{ask, base, call, form, oracle, promtool};

/// promtool's own queries, and what it lists.
pub fn promtool_reads(product: &Joinedup) {
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
pub fn grafana_reads(product: &Joinedup) {
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
        7
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
    let chart = form(product, "query_range", &range);
    assert_eq!(chart["result"].as_array().unwrap().len(), 1);
}

/// Every query of the board of the whole history has an answer. Of the other boards, those about charts have either
/// one or a refusal that says why: `period_start` is the time here, and what is of now is scraped.
pub fn boards_read(product: &Joinedup) {
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
pub fn points_are_those_of_the_charts(product: &Joinedup) {
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
