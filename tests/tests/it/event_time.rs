//! Run charts on event time through Prometheus's own API: promtool reads them, a real Prometheus that holds the same
//! points gives the same answers, and what is not answered is refused in a sentence.

mod oracle;
mod queries;
mod readers;
mod refusals;

use joinedup_tests::care::stay;
use joinedup_tests::http;
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::tools::{Run, Tool};
use serde_json::Value;

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
    readers::promtool_reads(&product);
    readers::grafana_reads(&product);
    readers::points_are_those_of_the_charts(&product);
    readers::boards_read(&product);
    oracle::compare(&product);
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
    // The data begin in July, so that August is whole.
    let july = stay(
        "t-july",
        "hv-north-2",
        "2026-07-29",
        "2026-07-30",
        "2026-07-31",
    );
    assert!(product.post(&july).status < 300);
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
