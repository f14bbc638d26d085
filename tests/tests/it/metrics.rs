//! What Prometheus, Alertmanager and Grafana's queries make of the product, with the real programs and the files of
//! `grafana/` as they are.

mod alerts;
pub mod boards;
mod compose;
mod compose_file;
mod feed;
mod notified;
mod whole;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use chrono::{Datelike, SecondsFormat, TimeZone};
use chrono_tz::Europe::London;
use joinedup_tests::care::today;
use joinedup_tests::folders;
use joinedup_tests::http;
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::prometheus::Prometheus;
use joinedup_tests::scrape::Scrape;
use joinedup_tests::tools::{Run, Tool};
use serde_json::{Value, json};

/// A server with half a year of a small simulated county in it, whose feeds are expected daily.
fn county() -> Joinedup {
    let product = Joinedup::start(
        JoinedupOptions::new("serve", &[])
            .file("joinedup.toml", "[expected_hours]\n\"/havenshire/\" = 24\n"),
    );
    let url = product.url("");
    let flags = ["simulate", "--url", &url, "--months", "6", "--scale", "0.6"];
    product::run(flags).succeeded();
    product.caught_up();
    product
}

/// A file of `grafana/`.
fn kept(path: &str) -> String {
    std::fs::read_to_string(folders::repository().join("grafana").join(path)).unwrap()
}

/// The four files of rules, with `change` made to each.
fn rules(change: impl Fn(String) -> String) -> Vec<(String, String)> {
    ["recording", "waits", "pipeline", "run-charts"]
        .map(|name| {
            (
                format!("rules/{name}.yml"),
                change(kept(&format!("rules/{name}.yml"))),
            )
        })
        .into()
}

/// A Prometheus with the shipped configuration and rules, that scrapes a product every few seconds and shows the runbook. A scrape
/// may take as long as a busy machine needs for it.
fn prometheus(product: &Joinedup, alertmanager: &str, rules: &[(String, String)]) -> Prometheus {
    let shown = format!(
        "--web.user-assets={}",
        folders::repository().join("grafana").display()
    );
    let address = product.url("").trim_start_matches("http://").to_owned();
    let config = kept("prometheus.yml")
        .replace("127.0.0.1:8080", &address)
        .replace("127.0.0.1:9093", alertmanager)
        .replace("scrape_interval: 15s", "scrape_interval: 5s")
        .replace("scrape_interval: 60s", "scrape_interval: 10s")
        .replace("scrape_timeout: 30s", "scrape_timeout: 10s")
        .replace("127.0.0.1:9090", "{self}")
        .replace("evaluation_interval: 15s", "evaluation_interval: 1s");
    let files: Vec<(&str, &str)> = rules
        .iter()
        .map(|(n, c)| (n.as_str(), c.as_str()))
        .collect();
    let prometheus = Prometheus::start_with(&config, &files, &[&shown]);
    eventually("both paths are scraped", || {
        match prometheus.single("sum(up{job=~\"joinedup|joinedup-run-charts\"})")? {
            2.0 => Ok(()),
            up => Err(format!("{up} of 2")),
        }
    });
    eventually("the run charts are there", || {
        prometheus.single("count(joinedup_run_chart_ratio) > 0")
    });
    prometheus
}

/// What `promtool check metrics` says of a text.
fn promtool(text: &str) -> Run {
    let mut child = Command::new(Tool::Promtool.path())
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(text.as_bytes()).unwrap());
        let output = child.wait_with_output().unwrap();
        Run {
            command: "promtool check metrics".into(),
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    })
}

/// The metrics that a text names.
fn named(text: &str) -> BTreeSet<String> {
    text.match_indices("joinedup_")
        .map(|(at, _)| {
            text[at..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

fn observed(value: u32, id: &str, recorded: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/test/published", "time": "2026-08-10T09:30:00Z",
        "type": "care.joinedup.observation.observed.v1", "recordedtime": recorded,
        "datacontenttype": "application/json",
        "data": {
            "series": "dtoc-delayed-days", "area": "E10000012", "grain": "month", "period_start": "2026-07-01",
            "value": value, "denominator": 31, "breakdown": { "responsible": "nhs" },
        },
    })
}

#[test]
fn promtool_finds_nothing_to_say_against_either_path() {
    let product = county();
    for path in ["/metrics", "/metrics/run-charts"] {
        let text = http::get_ok(&product.url(path)).unwrap().text();
        let said = promtool(&text);
        assert_eq!((said.succeeded(), said.stderr.as_str()), ("", ""), "{path}");
        let scrape = Scrape::parse(&text).unwrap();
        let mut seen = BTreeSet::new();
        for series in &scrape.series {
            assert!(
                seen.insert((&series.name, &series.labels)),
                "{series:?} is there twice"
            );
        }
    }
}

#[test]
fn below_a_locality_only_periods_that_are_over_are_shown() {
    let product = county();
    let light = Scrape::of(&product.url("/metrics")).unwrap();
    let small: BTreeSet<&str> = ["neighbourhood", "hospital"]
        .iter()
        .flat_map(|kind| light.matching("joinedup_area_info", &[("kind", kind)]))
        .map(|series| series.labels["area"].as_str())
        .collect();
    assert!(!small.is_empty());
    for series in &light.series {
        let counts = ["joinedup_measure_", "joinedup_open_", "joinedup_source_"];
        if counts.iter().any(|name| series.name.starts_with(name))
            && let Some(area) = series.labels.get("area")
        {
            assert!(
                !small.contains(area.as_str()),
                "{series:?} tells of few people at every moment"
            );
        }
    }
    let charts = Scrape::of(&product.url("/metrics/run-charts?audience=public")).unwrap();
    // The day and the month that run now, by the clock and not by the newest numbers: on the first of a month there may be none of it yet.
    for (period, first) in [("day", today()), ("month", today().with_day(1).unwrap())] {
        let midnight = first.and_hms_opt(0, 0, 0).unwrap();
        let running = London.from_local_datetime(&midnight).unwrap().to_utc();
        let running = running.to_rfc3339_opts(SecondsFormat::Secs, true);
        let starts: BTreeSet<&str> = charts
            .series
            .iter()
            .filter(|series| {
                let is =
                    |name: &str, value: &str| series.labels.get(name).is_some_and(|v| v == value);
                series.name.starts_with("joinedup_run_chart")
                    && is("period", period)
                    && series
                        .labels
                        .get("area")
                        .is_some_and(|area| small.contains(area.as_str()))
            })
            .filter_map(|series| series.labels.get("period_start").map(String::as_str))
            .collect();
        let latest = *starts.last().unwrap();
        assert!(
            latest < running.as_str(),
            "the {period} of {latest} is not over"
        );
    }
}

#[test]
fn a_corrected_month_is_right_at_the_next_scrape_and_what_was_believed_before_stays_on_record() {
    let product = county();
    let post = |event: &Value| {
        let answer = http::send(
            "POST",
            &product.url("/api/v1/events"),
            &[("content-type", "application/cloudevents+json")],
            event.to_string().as_bytes(),
        )
        .unwrap();
        assert!(answer.status < 300, "{} {}", answer.status, answer.text());
    };
    post(&observed(1422, "first", "2026-08-10T09:30:00Z"));
    let prometheus = prometheus(&product, "127.0.0.1:1", &[]);
    let month = "max(joinedup_run_chart_bed_nights{measure=\"dtoc-delayed-days\", area=\"E10000012\", \
                 period_start=\"2026-06-30T23:00:00Z\"})";
    let is = |wanted: f64| match prometheus.single(month)? {
        value if value == wanted => Ok(()),
        other => Err(format!("{other}")),
    };
    eventually("the month is scraped", || is(1422.0));
    let then = prometheus.single("time()").unwrap();
    post(&observed(1500, "second", "2026-09-10T09:30:00Z"));
    eventually("the corrected month is scraped", || is(1500.0));
    let before = prometheus.query_range(month, (then, then), 1).unwrap();
    assert_eq!(before[0][0].value, 1422.0);
}
