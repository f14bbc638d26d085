//! Bodies that never come: whoever may not send one is answered without, and who may holds up nobody else.

use super::*;
use crate::door::routes::{Need, ROUTES};
use std::time::Duration;

const NEVER: [&str; 2] = ["content-length: 900000", "transfer-encoding: chunked"];
/// Sooner than any wait for a body or for room ends.
const AT_ONCE: Duration = Duration::from_secs(3);

/// A request's head, with the announcement of a body.
fn head(method: &str, path: &str, who: &str, length: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\norigin: http://localhost\r\nconnection: close\r\n\
         content-type: application/json\r\nauthorization: Bearer {}\r\n{length}\r\n\r\n",
        secret(who)
    )
}

/// The status of the answer to a head alone.
async fn answered(door: &Door, head: &str) -> u16 {
    let answer = tokio::time::timeout(AT_ONCE, door.raw(head.as_bytes())).await;
    answer.map_or(0, |answer| answer.status)
}

#[tokio::test]
async fn the_role_is_asked_before_any_body_is_read() {
    let roles = [("reader", Role::Reader), ("publisher", Role::Publisher)];
    let door = door(&roles, |_| {}).await;
    let mut tried = 0;
    for route in ROUTES.iter().filter(|route| route.method == "POST") {
        let who = match route.need {
            Need::Any(roles) if roles.contains(&Role::Reader) => "publisher",
            Need::Any(_) => "reader",
            Need::Nothing | Need::Known => continue,
        };
        for length in NEVER {
            let path = every_route::address(route);
            let status = answered(&door, &head("POST", &path, who, length)).await;
            assert_eq!(status, 403, "{who} at {path}, {length}");
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
}

#[tokio::test]
async fn no_body_is_waited_for_where_nothing_is_sent_or_the_link_is_none() {
    let door = door(&[("reader", Role::Reader)], |_| {}).await;
    for length in NEVER {
        for (method, path, expected) in [
            ("GET", "/api/v1/measures", 200),
            ("GET", "/prometheus/api/v1/status/buildinfo", 200),
            ("POST", "/answer/nobody-made-this", 404),
        ] {
            let status = answered(&door, &head(method, path, "reader", length)).await;
            assert_eq!(status, expected, "{path}, {length}");
        }
    }
}

#[tokio::test]
async fn one_client_behind_a_proxy_does_not_take_the_places_of_others_behind_it() {
    let door = door(&[("feed", Role::Publisher)], |config| {
        config.proxies = vec![[127, 0, 0, 1].into()];
        config.max_connections_per_client = 2;
    })
    .await;
    let by = |client: &str, method: &str, path: &str| {
        let length = if method == "POST" {
            NEVER[1]
        } else {
            "content-length: 0"
        };
        let more = format!("x-forwarded-for: {client}\r\n{length}");
        head(method, path, "feed", &more)
    };
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = door.open().await;
        let never = by("192.0.2.7", "POST", "/api/v1/events");
        stream.write_all(never.as_bytes()).await.unwrap();
        held.push(stream);
    }
    // The two have come when the client's third is refused.
    let third = by("192.0.2.7", "GET", "/livez");
    let patience = Duration::from_secs(60);
    let until = async |status: u16| while answered(&door, &third).await != status {};
    tokio::time::timeout(patience, until(429)).await.unwrap();
    assert_eq!(
        answered(&door, &by("192.0.2.8", "GET", "/livez")).await,
        200
    );
    drop(held);
    tokio::time::timeout(patience, until(200)).await.unwrap();
}

#[tokio::test]
async fn one_who_never_sends_what_they_announce_holds_up_nobody_else() {
    let roles = [("slow", Role::Publisher), ("feed", Role::Publisher)];
    let door = door(&roles, |_| {}).await;
    let never = head("POST", "/api/v1/events", "slow", NEVER[1]);
    let mut held = Vec::new();
    for _ in 0..40 {
        let mut stream = door.open().await;
        stream.write_all(never.as_bytes()).await.unwrap();
        held.push(stream);
    }
    let bearer = format!("Bearer {}", secret("feed"));
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", STRUCTURED),
    ];
    let event = event(READY).to_string();
    let sent = tokio::time::timeout(AT_ONCE, door.post(&headers, &event)).await;
    assert_eq!(sent.expect("others are served").status, 202);
    // What has no place in their own share is told to wait, and what has is given up.
    let mut statuses = Vec::new();
    for mut stream in held {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        statuses.push(String::from_utf8_lossy(&answer[9..12]).into_owned());
    }
    let of = |status: &str| statuses.iter().filter(|s| *s == status).count();
    assert_eq!((of("408"), of("429")), (4, 36), "{statuses:?}");
}
