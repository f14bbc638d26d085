//! What arrives at a server: everything once, in the order of each entity, in requests as large as it takes.

use super::*;
use crate::sink::Sink;
use chrono::{DateTime, Utc};
use joinedup_events::facts::Happened;
use joinedup_events::transfer::TransferFact;
use joinedup_events::{AreaId, EntityId, Fact};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a server was sent: the ids of each request, and how many connections there were.
#[derive(Debug, Default)]
struct Sent {
    requests: Vec<Vec<(String, String)>>,
    connections: usize,
}

/// A server that refuses events with `bad` in their id, and lists as many as servers do. With `large` in one it is too much.
fn server() -> (Sink, Arc<Mutex<Sent>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sent = Arc::new(Mutex::new(Sent::default()));
    let known = sent.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            known.lock().unwrap().connections += 1;
            let known = known.clone();
            std::thread::spawn(move || serve(stream.unwrap(), &known));
        }
    });
    (Sink::Server(Client::new(&url, None, None).unwrap()), sent)
}

fn serve(mut stream: TcpStream, sent: &Mutex<Sent>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or_default() == 0 {
                return;
            }
            if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
                length = n.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let events: Vec<Value> = serde_json::from_slice(&body).unwrap();
        let text =
            |event: &Value, path: &str| event.pointer(path).unwrap().as_str().unwrap().to_owned();
        let ids = events
            .iter()
            .map(|event| (text(event, "/data/transfer"), text(event, "/id")));
        let ids: Vec<(String, String)> = ids.collect();
        let wrong = ids
            .iter()
            .enumerate()
            .filter(|(_, (_, id))| id.contains("bad"));
        let errors: Vec<Value> = wrong
            .take(MAX_LISTED)
            .map(|(at, _)| json!({ "index": at, "pointer": "/data", "detail": "is bad" }))
            .collect();
        let is_large = ids.iter().any(|(_, id)| id.contains("large"));
        let (status, answer) = match errors.is_empty() {
            _ if is_large => (
                "413 Too Large",
                json!({ "title": "no", "status": 413, "detail": "no" }),
            ),
            true => {
                sent.lock().unwrap().requests.push(ids);
                let taken = events.len();
                (
                    "202 Accepted",
                    json!({ "accepted": taken, "duplicates": 0, "positions": [] }),
                )
            }
            false => (
                "422 Unprocessable",
                json!({ "title": "no", "status": 422, "detail": "no", "errors": errors }),
            ),
        };
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        stream
            .write_all(format!("{head}{answer}").as_bytes())
            .unwrap();
    }
}

fn events(ids: impl Iterator<Item = String>) -> Vec<Event> {
    let at: DateTime<Utc> = "2026-09-01T08:00:00Z".parse().unwrap();
    let event = |(number, id): (usize, String)| Event {
        source: "/pas".to_owned(),
        id,
        occurred_at: at,
        recorded_at: at,
        entity: EntityId::new(&format!("t-{}", number % 97)).unwrap(),
        area: AreaId::new("RAJ").unwrap(),
        fact: Fact::Transfer(TransferFact::Cancelled(Happened {})),
        actor: None,
    };
    ids.enumerate().map(event).collect()
}

#[tokio::test]
async fn everything_arrives_once_and_each_entitys_events_in_their_order() {
    let (sink, known) = server();
    let all = events((0..9_500).map(|n| format!("{n:05}")));
    let sent = sink.send(&all).await.unwrap();
    assert_eq!((sent.accepted, sent.refused.len()), (9_500, 0));
    let known = known.lock().unwrap();
    assert!(known.connections <= LANES, "{}", known.connections);
    assert!(known.requests.len() <= 2 * all.len() / MAX_EVENTS);
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    let mut count = 0;
    for (entity, id) in known.requests.iter().flatten() {
        assert!(
            last.insert(entity, id)
                .is_none_or(|before| before < id.as_str())
        );
        count += 1;
    }
    assert_eq!(count, all.len());
    assert!(known.requests.iter().all(|ids| ids.len() <= MAX_EVENTS));
}

#[tokio::test]
async fn what_is_refused_is_named_and_the_rest_goes_in() {
    let (sink, known) = server();
    let is_bad = |n: usize| n % 50 == 7 || (3_000..3_400).contains(&n);
    let name = |n: usize| format!("{n:05}{}", if is_bad(n) { "bad" } else { "" });
    let all = events((0..4_000).map(name));
    let sent = sink.send(&all).await.unwrap();
    let refused: Vec<usize> = sent.refused.iter().map(|(at, ..)| *at).collect();
    let bad: Vec<usize> = (0..4_000).filter(|n| is_bad(*n)).collect();
    assert_eq!(refused, bad);
    assert_eq!(sent.accepted, 4_000 - bad.len() as u64);
    let known = known.lock().unwrap();
    let arrived: usize = known.requests.iter().map(Vec::len).sum();
    assert_eq!(arrived, 4_000 - bad.len());
}

#[tokio::test]
async fn what_is_taken_back_for_something_that_is_refused_is_not_sent() {
    let (sink, known) = server();
    // In threes: what is taken back, what takes its place, and something else.
    let is_bad = |n: usize| n % 3 == 1 && (n.is_multiple_of(7) || (1_200..2_400).contains(&n));
    let name = |n: usize| format!("{n:05}{}", if is_bad(n) { "bad" } else { "" });
    let mut all = events((0..6_000).map(name));
    for (n, event) in all.iter_mut().enumerate() {
        event.entity = EntityId::new(&format!("t-{}", n / 3 % 97)).unwrap();
    }
    let bound: Bound = (0..6_000).step_by(3).map(|n| (n, n + 1)).collect();
    let sent = sink.send_bound(&all, &bound).await.unwrap();
    let bad = (0..6_000).filter(|n| is_bad(*n)).count();
    assert_eq!(sent.refused.len(), bad);
    assert_eq!(sent.accepted as usize, 6_000 - 2 * bad);
    for request in &known.lock().unwrap().requests {
        let ids: Vec<usize> = request.iter().map(|(_, id)| id.parse().unwrap()).collect();
        for (at, id) in ids.iter().enumerate().filter(|(_, id)| *id % 3 == 0) {
            assert_eq!(ids.get(at + 1), Some(&(id + 1)), "{ids:?}");
        }
    }
}

#[tokio::test]
async fn of_what_goes_in_together_nothing_goes_in_when_any_is_refused() {
    // One more pair than a server lists, and either of each refused: the last is not cut.
    for bad in [0, 1] {
        let (sink, known) = server();
        let name = |n: usize| format!("{n:05}{}", if n % 2 == bad { "bad" } else { "" });
        let pairs = 2 * (MAX_LISTED + 1);
        let all = events((0..pairs).map(name));
        let bound: Bound = (0..pairs).step_by(2).map(|n| (n, n + 1)).collect();
        let sent = sink.send_bound(&all, &bound).await.unwrap();
        assert_eq!((sent.accepted, sent.refused.len()), (0, pairs / 2));
        assert!(known.lock().unwrap().requests.is_empty());
    }
}

#[tokio::test]
async fn of_what_goes_in_together_nothing_goes_in_when_it_is_too_large() {
    let (sink, known) = server();
    let name = |n: usize| format!("{n}{}", if n == 3 { "large" } else { "" });
    let all = events((0..8).map(name));
    let bound = Bound::from_iter([(0, 1), (2, 3), (4, 5), (6, 7)]);
    let sent = sink.send_bound(&all, &bound).await.unwrap();
    let refused: Vec<usize> = sent.refused.iter().map(|(at, ..)| *at).collect();
    assert_eq!((sent.accepted, refused), (6, vec![2, 3]));
    let known = known.lock().unwrap();
    assert!(known.requests.iter().all(|ids| ids.len() % 2 == 0));
}
