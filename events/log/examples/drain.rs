//! How fast a backlog comes out of JetStream and goes in: our subscription and our appends beside what the client
//! does by itself.
//!
//! `cargo run --release -p joinedup-log --example drain -- [events] [rounds]` with a nats-server on the path or in
//! NATS_SERVER. Every way drains the same stream; the rounds interleave the ways, and the median of each is printed. On
//! a busy machine the time on the processor, ours and the server's (Linux only), tells more than the rate.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark ends when something is wrong"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull, push};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use joinedup_log::{EventLog, NewEvent, Position};

#[path = "../tests/support/nats_server.rs"]
#[expect(dead_code, reason = "a benchmark kills no servers")]
mod nats_server;

use nats_server::NatsServer;

const STREAM: &str = "JOINEDUP";
const PAYLOAD: usize = 350;

fn event(n: usize) -> NewEvent {
    let mut payload = format!("{{\"id\":\"{n}\",\"pad\":\"").into_bytes();
    payload.resize(PAYLOAD, b'x');
    NewEvent {
        subject: format!("joinedup.transfer.E{:02}.{:02x}", n % 12, n % 256),
        message_id: format!("{n:032x}"),
        payload: Bytes::from(payload),
        condition: None,
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|argument| argument.parse().expect("a number"));
    let count: usize = arguments.next().unwrap_or(300_000);
    let rounds = arguments.next().unwrap_or(5);

    let durable = NatsServer::start();
    let sure = durable.log(STREAM).await;
    append(&sure, count, 1000, "append 1,000 at a time, on disk").await;
    append(&sure, 300, 1, "append one at a time, on disk").await;
    append(&sure, 1500, 2, "append 2 at a time, on disk").await;
    append(&sure, 3000, 10, "append 10 at a time, on disk").await;
    append(&sure, 10_000, 100, "append 100 at a time, on disk").await;

    let head = sure.head().await.expect("the head").0 as usize;
    let context = async_nats::jetstream::new(
        async_nats::ConnectOptions::new()
            .subscription_capacity(1 << 20)
            .connect(durable.url())
            .await
            .expect("a connection"),
    );
    let mut measured: BTreeMap<&str, Vec<[f64; 3]>> = BTreeMap::new();
    let (own, server) = (std::process::id(), durable.process_id());
    for _ in 0..rounds {
        for way in [
            "our subscribe()",
            "our read()",
            "client ordered push",
            "client ordered pull",
            "client pull 20,000",
        ] {
            let before = (Instant::now(), on_processor(own), on_processor(server));
            match way {
                "our subscribe()" => subscribed(&sure, head).await,
                "our read()" => read(&sure, head).await,
                "client ordered push" => client_push(&context, head).await,
                "client ordered pull" => client_pull(&context, head).await,
                _ => client_pull_unordered(&context, head).await,
            }
            let each = |seconds: f64| seconds * 1e6 / head as f64;
            measured.entry(way).or_default().push([
                rate(head, before.0.elapsed()),
                each(on_processor(own) - before.1),
                each(on_processor(server) - before.2),
            ]);
        }
    }
    println!("{head} events of {PAYLOAD} bytes, {rounds} interleaved rounds, medians");
    println!(
        "{:<20} {:>10} {:>22} {:>22}",
        "", "events/s", "our µs/event", "server's µs/event"
    );
    for (way, runs) in measured {
        let median = |column: usize| {
            let mut figures: Vec<f64> = runs.iter().map(|run| run[column]).collect();
            figures.sort_by(f64::total_cmp);
            figures[figures.len() / 2]
        };
        println!(
            "{way:<20} {:>10.0} {:>22.2} {:>22.2}",
            median(0),
            median(1),
            median(2)
        );
    }
}

/// Seconds a process spent on the processor so far; 0 where there is no /proc. The kernel counts hundredths.
fn on_processor(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    fields
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

async fn append(log: &impl EventLog, count: usize, at_once: usize, what: &str) {
    let first = log.head().await.expect("the head").0 as usize;
    let events: Vec<NewEvent> = (first..first + count).map(event).collect();
    let begun = Instant::now();
    for some in events.chunks(at_once) {
        let answers = log.append(some.to_vec()).await.expect("an append");
        assert!(
            answers.iter().all(|answer| !answer.duplicate),
            "the ids are new"
        );
    }
    println!(
        "{what:<36} {:>9.0} events a second",
        rate(count, begun.elapsed())
    );
}

async fn subscribed(log: &impl EventLog, count: usize) {
    let mut subscription = log
        .subscribe(Position::ORIGIN)
        .await
        .expect("a subscription");
    let mut seen = 0;
    while seen < count {
        let batch = subscription.next().await.expect("a batch");
        seen += std::hint::black_box(batch.events).len();
    }
    assert_eq!(seen, count);
}

async fn read(log: &impl EventLog, count: usize) {
    let (mut seen, mut after) = (0, Position::ORIGIN);
    while seen < count {
        let events = log.read(after, 4096).await.expect("a read");
        after = events.last().expect("more events").position;
        seen += std::hint::black_box(events).len();
    }
}

async fn client_push(context: &async_nats::jetstream::Context, count: usize) {
    let config = push::OrderedConfig {
        deliver_subject: context.client().new_inbox(),
        deliver_policy: DeliverPolicy::All,
        ..push::OrderedConfig::default()
    };
    let stream = context.get_stream(STREAM).await.expect("the stream");
    let consumer = stream.create_consumer(config).await.expect("a consumer");
    drain(consumer.messages().await.expect("messages"), count).await;
}

async fn client_pull(context: &async_nats::jetstream::Context, count: usize) {
    let stream = context.get_stream(STREAM).await.expect("the stream");
    let consumer = stream
        .create_consumer(pull::OrderedConfig::default())
        .await
        .expect("a consumer");
    drain(consumer.messages().await.expect("messages"), count).await;
}

async fn client_pull_unordered(context: &async_nats::jetstream::Context, count: usize) {
    let config = pull::Config {
        ack_policy: AckPolicy::None,
        ..pull::Config::default()
    };
    let stream = context.get_stream(STREAM).await.expect("the stream");
    let consumer = stream.create_consumer(config).await.expect("a consumer");
    let messages = consumer
        .stream()
        .max_messages_per_batch(20_000)
        .messages()
        .await
        .expect("messages");
    drain(messages, count).await;
}

async fn drain<M, E: std::fmt::Debug>(
    messages: impl futures::Stream<Item = Result<M, E>> + Unpin,
    count: usize,
) {
    let mut messages = messages.take(count);
    while let Some(message) = messages.try_next().await.expect("a message") {
        std::hint::black_box(message);
    }
}
