//! Nanoseconds to read one `transfer.ready` event: `cargo run --release -p joinedup-events --example decode_speed`.
#![allow(
    clippy::disallowed_methods,
    reason = "the crate is pure; a stopwatch is not"
)]

use joinedup_events::{Areas, Envelope, Event, admit};
use std::hint::black_box;
use std::time::Instant;

const EVENT: &str = r#"{"specversion":"1.0","type":"care.joinedup.transfer.ready.v1","source":"/havenshire/pas","id":"3f2504e0-4f89-41d3-9a0c-0305e82c3301","time":"2026-05-03T09:00:00Z","recordedtime":"2026-05-03T09:05:00Z","datacontenttype":"application/json","data":{"transfer":"t-81c4","area":"hv-north-2","date":"2026-05-03"}}"#;
const TIMES: u32 = 200_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let areas = Areas::built_in()?;
    let now = "2026-06-01T00:00:00Z".parse()?;
    for round in 1..=3 {
        let start = Instant::now();
        for _ in 0..TIMES {
            black_box(Envelope::from_json(black_box(EVENT.as_bytes()))?);
        }
        let envelope = start.elapsed() / TIMES;
        let start = Instant::now();
        for _ in 0..TIMES {
            let envelope = Envelope::from_json(black_box(EVENT.as_bytes()))?;
            black_box(Event::decode(&envelope)?);
        }
        let decode = start.elapsed() / TIMES;
        let start = Instant::now();
        for _ in 0..TIMES / 10 {
            black_box(admit(black_box(EVENT.as_bytes()), &areas, now)?);
        }
        let admitted = start.elapsed() / (TIMES / 10);
        println!(
            "round {round}: envelope {envelope:?}, envelope and event {decode:?}, with all checks {admitted:?}"
        );
    }
    Ok(())
}
