//! Events of the invented county as a source writes them, for tests that are a publisher.

use chrono::{NaiveDate, Utc};
use serde_json::{Value, json};

/// Today's date where care is given: the product's day, and not UTC's, which is another for an hour of each summer night.
#[must_use]
pub fn today() -> NaiveDate {
    Utc::now()
        .with_timezone(&chrono_tz::Europe::London)
        .date_naive()
}

/// An event about an area of the invented county: type without its prefix (`transfer.ready.v1`), id, time and data.
/// Without a time of recording it is recorded when it arrives.
pub fn event(kind: &str, id: &str, time: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0",
        "type": format!("care.joinedup.{kind}"),
        "source": "/havenshire/pas",
        "id": id,
        "time": time,
        "data": data,
    })
}

/// The same event with the instant at which it was recorded.
#[must_use]
pub fn recorded(mut event: Value, at: &str) -> Value {
    event["recordedtime"] = at.into();
    event
}

/// A person who came in, was ready and left, of a neighbourhood: three events on the dates given.
pub fn stay(transfer: &str, area: &str, admitted: &str, ready: &str, left: &str) -> Vec<Value> {
    let of = |fact: &str, date: &str, time: &str, more: Value| {
        let mut data = json!({ "transfer": transfer, "area": area });
        if let (Some(data), Some(more)) = (data.as_object_mut(), more.as_object()) {
            data.extend(more.clone());
        }
        event(
            &format!("transfer.{fact}.v1"),
            &format!("{transfer}-{fact}"),
            &format!("{date}T{time}Z"),
            data,
        )
    };
    vec![
        of(
            "admitted",
            admitted,
            "09:00:00",
            json!({ "method": "emergency" }),
        ),
        of("ready", ready, "10:00:00", json!({ "date": ready })),
        of(
            "discharged",
            left,
            "15:00:00",
            json!({ "method": "agreed" }),
        ),
    ]
}

/// The lines of a simulated county, made by the product, in the order in which they were recorded.
#[track_caller]
pub fn county(months: u32, scale: f64) -> Vec<String> {
    let (months, scale) = (months.to_string(), scale.to_string());
    let end = "2026-10-01T00:00:00Z";
    let run = crate::product::run([
        "simulate", "--months", &months, "--scale", &scale, "--end", end, "-o", "-",
    ]);
    run.succeeded().lines().map(str::to_owned).collect()
}
