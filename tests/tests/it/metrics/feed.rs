//! What a test tells the product as its sources would: a feed that can be cut, and the ends of waits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use joinedup_tests::care;
use joinedup_tests::http;
use joinedup_tests::product::Joinedup;
use serde_json::{Value, json};

/// One source that says something twice a second until it is cut.
pub struct Feed {
    cut: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

static SAID: AtomicU64 = AtomicU64::new(0);

impl Feed {
    /// A ward of the north that counts its falls.
    pub fn start(product: &Joinedup, source: &str) -> Self {
        let cut = Arc::new(AtomicBool::new(false));
        let (url, source) = (product.url("/api/v1/events"), source.to_owned());
        let thread = std::thread::spawn({
            let cut = Arc::clone(&cut);
            move || {
                while !cut.load(Ordering::SeqCst) {
                    let event = falls(&source);
                    let kind = [("content-type", "application/cloudevents+json")];
                    // Nobody may be there for a while; a feed goes on.
                    let _ = http::send("POST", &url, &kind, event.to_string().as_bytes());
                    std::thread::sleep(Duration::from_millis(500));
                }
            }
        });
        Self {
            cut,
            thread: Some(thread),
        }
    }

    /// Ends it.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.cut.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.end();
    }
}

fn falls(source: &str) -> Value {
    let id = format!("falls-{}", SAID.fetch_add(1, Ordering::SeqCst));
    let data = json!({
        "series": "falls", "area": "havenshire-north", "grain": "month", "period_start": "2026-05-01", "value": 4,
    });
    let mut event = care::event("observation.observed.v1", &id, "2026-06-01T09:00:00Z", data);
    event["source"] = source.into();
    event
}

/// Somebody says that a source has ended, from now on.
pub fn ended(source: &str, area: &str) -> Value {
    let id = format!("ended-{}", SAID.fetch_add(1, Ordering::SeqCst));
    let data = json!({
        "change": format!("source/{id}"), "area": area, "ended": source, "because": "closed",
    });
    let now = chrono::Utc::now().to_rfc3339();
    let mut event = care::event("change.source-ended.v1", &id, &now, data);
    event["source"] = "/havenshire/register".into();
    event
}

/// Posts events in batches.
pub fn tell(product: &Joinedup, events: &[Value]) {
    for batch in events.chunks(500) {
        let answer = product.post(batch);
        assert!(answer.status < 300, "{} {}", answer.status, answer.text());
    }
}

/// People of a neighbourhood who have been ready to go home with support since a date.
pub fn ready(people: usize, area: &str, date: &str) -> Vec<Value> {
    let at = format!("{date}T10:00:00Z");
    (0..people)
        .flat_map(|n| {
            let transfer = format!("ready-{area}-{n}");
            let of = |fact: &str, data: Value| {
                let id = format!("{transfer}-{fact}");
                care::event(&format!("transfer.{fact}.v1"), &id, &at, data)
            };
            let about = json!({ "transfer": transfer, "area": area });
            let with = |more: Value| {
                let mut data = about.clone();
                let all = data.as_object_mut().unwrap();
                all.extend(more.as_object().unwrap().clone());
                data
            };
            [
                of("admitted", with(json!({ "method": "emergency" }))),
                of("pathway-set", with(json!({ "date": date, "pathway": "1" }))),
                of("ready", with(json!({ "date": date }))),
            ]
        })
        .collect()
}

/// What ends every wait that events leave open: the person left, the referral is done.
pub fn ends(events: &[Value], at: &str) -> Vec<Value> {
    let mut waits: BTreeMap<(&str, &str), (&str, &str)> = BTreeMap::new();
    for event in events {
        let (data, kind) = (&event["data"], event["type"].as_str().unwrap());
        for entity in ["transfer", "referral"] {
            let (Some(id), Some(area)) = (data[entity].as_str(), data["area"].as_str()) else {
                continue;
            };
            let ended = [".discharged.", ".cancelled.", ".closed."];
            if ended.iter().any(|end| kind.contains(end)) {
                waits.remove(&(entity, id));
            } else {
                let source = event["source"].as_str().unwrap();
                waits.entry((entity, id)).or_insert((area, source));
            }
        }
    }
    let end = |((entity, id), (area, source)): ((&str, &str), (&str, &str))| {
        let (kind, data) = match entity {
            "transfer" => (
                "transfer.discharged.v1",
                json!({ "transfer": id, "area": area, "method": "agreed" }),
            ),
            _ => (
                "referral.closed.v1",
                json!({ "referral": id, "area": area, "reason": "completed" }),
            ),
        };
        let mut event = care::event(kind, &format!("end-{id}"), at, data);
        event["source"] = source.into();
        event
    };
    waits.into_iter().map(end).collect()
}
