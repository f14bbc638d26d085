//! A real Prometheus that holds the points of the JSON charts, each at the beginning of its period and marked as stale
//! where the next one is missing, is asked the same questions.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeZone};
use chrono_tz::Europe::London;
use joinedup_tests::http;
use joinedup_tests::patience::eventually;
use joinedup_tests::product::Joinedup;
use joinedup_tests::prometheus::Prometheus;
use joinedup_tests::remote_write::{self, Written, stale};
use serde_json::Value;

use super::queries::{Query, queries};
use super::{ask, base};

/// Measures, the units of their names, and what their values are multiplied by.
pub const MEASURES: [(&str, &str, f64); 4] = [
    ("tr-delayed-share", "ratio", 1.0),
    ("tr-delay-days-median", "seconds", 86_400.0),
    ("tr-home-share", "ratio", 1.0),
    ("tr-delayed-nights", "bed_nights", 1.0),
];

const STATES: [&str; 6] = [
    "final",
    "provisional",
    "incomplete",
    "missing",
    "empty",
    "suppressed",
];

/// When a local date begins, in milliseconds since 1970.
pub fn midnight(date: &Value) -> i64 {
    let date: NaiveDate = date.as_str().unwrap().parse().unwrap();
    let local = date.and_hms_opt(0, 0, 0).unwrap();
    London
        .from_local_datetime(&local)
        .unwrap()
        .timestamp_millis()
}

/// One series of periods, some of which have a value.
fn written(name: &str, labels: &[(&str, &str)], periods: &[(i64, i64, Option<f64>)]) -> Written {
    let mut samples = Vec::new();
    let mut holds_until = None;
    for (start, end, value) in periods {
        match value {
            Some(value) => {
                samples.push((*start, *value));
                holds_until = Some(*end);
            }
            None => samples.extend(holds_until.take().map(|until| (until, stale()))),
        }
    }
    samples.extend(holds_until.map(|until| (until, stale())));
    let labels = [("__name__", name)]
        .into_iter()
        .chain(labels.iter().copied());
    Written {
        labels: labels.map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
        samples,
    }
}

/// The series of a JSON chart.
fn of_chart(chart: &Value, unit: &str, factor: f64) -> Vec<Written> {
    let (measure, area) = (
        chart["measure"].as_str().unwrap(),
        chart["area"].as_str().unwrap(),
    );
    let labels = [
        ("measure", measure),
        ("area", area),
        ("period", chart["period"].as_str().unwrap()),
    ];
    let points = chart["points"].as_array().unwrap();
    if points
        .iter()
        .all(|p| p["state"] == "missing" || p["state"] == "empty")
    {
        return Vec::new();
    }
    let series = |name: &str, labels: &[(&str, &str)], value: &dyn Fn(&Value) -> Option<f64>| {
        let periods: Vec<_> = points
            .iter()
            .map(|p| {
                (
                    midnight(&p["period_start"]),
                    midnight(&p["period_end"]),
                    value(p),
                )
            })
            .collect();
        written(name, labels, &periods)
    };
    let number = |p: &Value, field: &str| p[field].as_f64().map(|v| v * factor);
    let is_final = |p: &Value| p["state"] == "final";
    let mut all = vec![
        series(&format!("joinedup_run_chart_{unit}"), &labels, &|p| {
            number(p, "value").filter(|_| is_final(p))
        }),
        series(
            &format!("joinedup_run_chart_provisional_{unit}"),
            &labels,
            &|p| number(p, "value").filter(|_| !is_final(p)),
        ),
        series(
            &format!("joinedup_run_chart_median_{unit}"),
            &labels,
            &|p| number(p, "centre"),
        ),
        series(&format!("joinedup_run_chart_goal_{unit}"), &labels, &|_| {
            Some(chart["target"].as_f64()? * factor)
        }),
        series("joinedup_run_chart_denominator", &labels, &|p| {
            p["value"].as_f64()?;
            p["denominator"].as_f64().or(p["n"].as_f64())
        }),
    ];
    for state in STATES {
        let labels: Vec<(&str, &str)> = labels.into_iter().chain([("state", state)]).collect();
        let is = |p: &Value| Some(f64::from(u8::from(p["state"] == state)));
        all.push(series("joinedup_run_chart_period_state", &labels, &is));
    }
    all.retain(|s| !s.samples.is_empty());
    all
}

fn filled(product: &Joinedup) -> (Prometheus, usize) {
    let flags = [
        "--web.enable-remote-write-receiver",
        "--query.lookback-delta=100y",
        "--storage.tsdb.retention.time=200y",
        "--storage.tsdb.min-block-duration=20y",
        "--storage.tsdb.max-block-duration=100y",
    ];
    let prometheus = Prometheus::start_with("global: {}\n", &[], &flags);
    let mut all = Vec::new();
    for (measure, unit, factor) in MEASURES {
        let selector = format!("joinedup_run_chart_period_state{{measure=\"{measure}\"}}");
        let areas = ask(product, "label/area/values", &[("match[]", &selector)]);
        for area in areas.as_array().unwrap() {
            let path = format!("/api/v1/charts/{measure}?area={}", area.as_str().unwrap());
            all.extend(of_chart(&product.json(&path).unwrap(), unit, factor));
        }
    }
    let gaps = all
        .iter()
        .filter(|s| {
            let has = |state: &str| s.labels.contains(&("state".into(), state.into()));
            has("missing") || has("empty")
        })
        .flat_map(|s| &s.samples)
        .filter(|(_, value)| *value == 1.0)
        .count();
    assert!(
        all.len() > 200 && gaps > 50,
        "{} series, {gaps} gaps",
        all.len()
    );
    let url = format!("{}/api/v1/write", prometheus.url());
    let answer = http::send(
        "POST",
        &url,
        &remote_write::HEADERS,
        &remote_write::body(&all),
    )
    .unwrap();
    assert_eq!(answer.status, 204, "{}", answer.text());
    (prometheus, all.len())
}

/// An answer in a form that can be compared: the type, and series by their labels.
#[derive(Debug, PartialEq)]
struct Said {
    kind: String,
    series: BTreeMap<String, Vec<(f64, f64)>>,
}

fn said(url: &str) -> Result<Said, String> {
    let answer = http::get(url)?.json();
    if answer["status"] != "success" {
        return Err(answer["error"].as_str().unwrap_or_default().to_owned());
    }
    let data = &answer["data"];
    let pair = |pair: &Value| {
        (
            pair[0].as_f64().unwrap(),
            pair[1].as_str().unwrap().parse().unwrap(),
        )
    };
    let mut series = BTreeMap::new();
    match data["resultType"].as_str().unwrap() {
        "scalar" => {
            series.insert(String::new(), vec![pair(&data["result"])]);
        }
        _ => {
            for one in data["result"].as_array().unwrap() {
                let samples = match one["values"].as_array() {
                    Some(values) => values.iter().map(pair).collect(),
                    None => vec![pair(&one["value"])],
                };
                let before = series.insert(one["metric"].to_string(), samples);
                assert!(before.is_none(), "{url}: {} is there twice", one["metric"]);
            }
        }
    }
    Ok(Said {
        kind: data["resultType"].to_string(),
        series,
    })
}

/// Whether two numbers are the same but for the last digits, which are read and added up differently.
pub fn is_close(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1e-3)
}

/// How two answers differ; nothing when they do not.
fn difference(query: &Query, ours: &Said, theirs: &Said) -> Option<String> {
    if ours.kind != theirs.kind {
        return Some(format!("{} against {}", ours.kind, theirs.kind));
    }
    let values = |said: &Said| {
        let mut all: Vec<f64> = said.series.values().flatten().map(|(_, v)| *v).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    if query.any_of_equals {
        let (ours, theirs) = (values(ours), values(theirs));
        let same =
            ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| is_close(*a, *b));
        return (!same).then(|| format!("{ours:?} against {theirs:?}"));
    }
    let names = |said: &Said| said.series.keys().cloned().collect::<Vec<_>>();
    if names(ours) != names(theirs) {
        return Some(format!(
            "series {:?} against {:?}",
            names(ours),
            names(theirs)
        ));
    }
    for (labels, ours) in &ours.series {
        let theirs = &theirs.series[labels];
        let same = ours.len() == theirs.len()
            && ours
                .iter()
                .zip(theirs)
                .all(|(a, b)| a.0 == b.0 && is_close(a.1, b.1));
        if !same {
            return Some(format!("{labels}: {ours:?} against {theirs:?}"));
        }
    }
    None
}

/// Asks both the same questions.
pub fn compare(product: &Joinedup) {
    let (prometheus, series) = filled(product);
    eventually("Prometheus holds all series", || {
        let counted =
            prometheus.api("series", &[("match[]", "{measure!=\"\"}"), ("start", "0")])?;
        let count = counted.as_array().map_or(0, Vec::len);
        if count == series {
            Ok(())
        } else {
            Err(format!("{count} of {series}"))
        }
    });
    let (mut differ, mut answered, mut with_data, mut refused) = (Vec::new(), 0, 0, 0);
    // For a longer run: ORACLE_QUERIES and ORACLE_SEED.
    let setting = |name: &str, usual: u64| {
        let given = std::env::var(name).ok().and_then(|text| text.parse().ok());
        given.unwrap_or(usual)
    };
    let count = usize::try_from(setting("ORACLE_QUERIES", 700)).unwrap();
    for query in queries(count, setting("ORACLE_SEED", 0x5eed_cafe)) {
        let url = |base: &str, text: &str| {
            let mut parameters = vec![("query", text)];
            parameters.extend(query.times.iter().map(|(n, v)| (*n, v.as_str())));
            format!(
                "{base}/api/v1/{}?{}",
                query.call,
                http::query_string(parameters)
            )
        };
        let ours = said(&url(&base(product), &query.ours));
        let theirs = said(&url(&prometheus.url(), &query.theirs));
        match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => {
                answered += 1;
                with_data += usize::from(!theirs.series.is_empty());
                if let Some(how) = difference(&query, ours, theirs) {
                    differ.push(format!("{} {:?}\n  {how:.600}", query.ours, query.times));
                }
            }
            (Err(_), Err(_)) => refused += 1,
            _ => {
                let show = |s: &Result<Said, String>| {
                    s.as_ref().map(|s| s.series.len()).map_err(Clone::clone)
                };
                differ.push(format!(
                    "{} {:?}\n  {:?} against {:?}",
                    query.ours,
                    query.times,
                    show(&ours),
                    show(&theirs)
                ));
            }
        }
    }
    assert!(
        differ.is_empty(),
        "{} answers differ:\n{}",
        differ.len(),
        differ[..differ.len().min(12)].join("\n")
    );
    assert!(
        answered > 500 && with_data > 350,
        "{answered} answered, {with_data} with data, {refused} refused by both"
    );
}
