//! What happens now is seen now: an event posted over HTTP is on the chart, the board, the metrics and the live stream,
//! embedded and through NATS alike.

use joinedup_tests::care::{event, recorded, stay};
use joinedup_tests::http::{self, Response, query_string};
use joinedup_tests::nats::{NatsOptions, NatsServer};
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use serde_json::{Value, json};

const AREA: &str = "hv-north-2";

fn embedded() -> Joinedup {
    Joinedup::start(JoinedupOptions::new("serve", &[]))
}

fn send(product: &Joinedup, headers: &[(&str, &str)], body: &str) -> Response {
    http::send(
        "POST",
        &product.url("/api/v1/events"),
        headers,
        body.as_bytes(),
    )
    .unwrap()
}

fn structured(product: &Joinedup, headers: &[(&str, &str)], event: &Value) -> Response {
    let mut all = vec![("content-type", "application/cloudevents+json")];
    all.extend(headers);
    send(product, &all, &event.to_string())
}

/// The one answer a post must get.
fn accepted(response: &Response) -> Vec<u64> {
    assert_eq!(response.status, 202, "{}", response.text());
    serde_json::from_value(response.json()["positions"].clone()).unwrap()
}

fn now(product: &Joinedup) -> String {
    let board = product.json("/api/v1/waiting?area=havenshire").unwrap();
    board["as_of"].as_str().unwrap().to_owned()
}

fn waiting(product: &Joinedup) -> usize {
    let board = product.json("/api/v1/waiting?area=havenshire").unwrap();
    board["transfers"].as_array().unwrap().len()
}

/// The delayed nights of the week of 7 September 2026, as known at an instant or now.
fn week(product: &Joinedup, as_known_at: Option<&str>) -> Value {
    let mut query = vec![
        ("area", AREA),
        ("period", "week"),
        ("from", "2026-09-07"),
        ("to", "2026-09-13"),
    ];
    query.extend(as_known_at.map(|at| ("as_known_at", at)));
    let query = query_string(query);
    let chart = product
        .json(&format!("/api/v1/charts/tr-delayed-nights?{query}"))
        .unwrap();
    let points = chart["points"].as_array().unwrap();
    let of_week = |point: &&Value| point["period_start"] == "2026-09-07";
    points
        .iter()
        .find(of_week)
        .map_or(Value::Null, |point| point["value"].clone())
}

#[test]
fn an_event_is_seen_everywhere_on_the_embedded_log() {
    seen_everywhere(&embedded());
}

#[test]
fn an_event_is_seen_everywhere_through_nats() {
    let nats = NatsServer::start(NatsOptions::durable());
    seen_everywhere(&Joinedup::start(JoinedupOptions::on_nats(
        "serve",
        &nats,
        &[],
    )));
}

fn seen_everywhere(product: &Joinedup) {
    let page = http::get_ok(&product.url("/")).unwrap();
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert!(
        page.text().contains("<script"),
        "the page has what brings it up to date"
    );
    assert_eq!(waiting(product), 0);
    let at = now(product);
    let (today, stream) = (&at[..10], product.url("/api/v1/stream"));
    let data = |more: Value| {
        let mut data = json!({ "transfer": "t-live", "area": AREA });
        data.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        data
    };
    let events = [
        event(
            "transfer.admitted.v1",
            "l-1",
            &at,
            data(json!({ "method": "emergency" })),
        ),
        event(
            "transfer.ready.v1",
            "l-2",
            &at,
            data(json!({ "date": today })),
        ),
    ];
    // The word that something moved comes to whoever listened before.
    let words = std::thread::scope(|scope| {
        let mut posted = None;
        http::live(&stream, &[], |words| {
            if posted.is_none() {
                posted = Some(scope.spawn(|| accepted(&product.post(&events))));
            }
            words.iter().any(|word| {
                word.name == "moved" && word.id.parse::<u64>().is_ok_and(|position| position >= 2)
            })
        })
        .unwrap()
    });
    assert_eq!(words[0].name, "hello");
    let board = product.json("/api/v1/waiting?area=havenshire").unwrap();
    assert_eq!(board["transfers"].as_array().unwrap().len(), 1, "{board}");
    let chart = product
        .json(&format!(
            "/api/v1/charts/tr-ready-now?area={AREA}&period=day"
        ))
        .unwrap();
    let points = chart["points"].as_array().unwrap();
    assert!(points.iter().any(|p| p["period_start"] == today), "{chart}");
    eventually("the wait is on /metrics", || {
        let scrape = product.metrics()?;
        let waits = scrape.matching("joinedup_open_waits", &[("area", "havenshire")]);
        let people: f64 = waits
            .iter()
            .filter(|s| s.labels["pathway"].starts_with("discharge"))
            .map(|s| s.value)
            .sum();
        let folded = scrape.value("joinedup_events_folded_total", &[])?;
        if (people, folded) == (1.0, 2.0) {
            Ok(())
        } else {
            Err(format!("{people} wait, {folded} folded"))
        }
    });
    let page = http::get_ok(&product.url(&format!("/measures/tr-ready-now?area={AREA}"))).unwrap();
    assert!(page.text().contains("<svg"), "{}", page.text());
}

#[test]
fn an_event_may_come_structured_binary_or_in_a_batch() {
    let product = embedded();
    let stays = stay("t-1", AREA, "2026-09-01", "2026-09-07", "2026-09-10");
    accepted(&structured(&product, &[], &stays[0]));
    let (kind, id) = (
        stays[1]["type"].as_str().unwrap(),
        stays[1]["id"].as_str().unwrap(),
    );
    let headers = [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-type", kind),
        ("ce-source", "/havenshire/pas"),
        ("ce-id", id),
        ("ce-time", "2026-09-07T10:00:00Z"),
    ];
    accepted(&send(&product, &headers, &stays[1]["data"].to_string()));
    let positions = accepted(&product.post(&stays));
    assert_eq!(positions, [1, 2, 3], "the first two were there");
    assert_eq!(product.caught_up(), 3);
    assert_eq!(week(&product, None), json!(3.0));
}

#[test]
fn a_batch_with_one_bad_event_is_refused_whole_and_says_which() {
    let product = embedded();
    let mut stays = stay("t-1", AREA, "2026-09-01", "2026-09-07", "2026-09-10");
    stays[1]["data"]["date"] = json!("2026-02-30");
    let answer = product.post(&stays);
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    let errors = answer.json()["errors"].clone();
    assert_eq!(
        (&errors[0]["index"], &errors[0]["pointer"]),
        (&json!(1), &json!("/data/date"))
    );
    assert_eq!(product.caught_up(), 0);
}

#[test]
fn the_same_write_sent_again_gets_the_same_answer_and_is_one_event() {
    let product = embedded();
    let stays = stay("t-1", AREA, "2026-09-01", "2026-09-07", "2026-09-10");
    let key = [("idempotency-key", "k-1")];
    let first = structured(&product, &key, &stays[0]);
    accepted(&first);
    let second = structured(&product, &key, &stays[0]);
    assert_eq!((second.status, second.json()), (first.status, first.json()));
    let other = structured(&product, &key, &stays[1]);
    assert_eq!(other.status, 422);
    assert!(
        other.json()["detail"]
            .as_str()
            .unwrap()
            .contains("Idempotency-Key")
    );
    assert_eq!(product.caught_up(), 1);
    let without = structured(&product, &[], &stays[0]);
    assert_eq!(
        (
            without.json()["accepted"].clone(),
            without.json()["duplicates"].clone()
        ),
        (json!(0), json!(1))
    );
}

#[test]
fn of_two_who_saw_the_same_version_one_wins_and_the_other_is_told_embedded() {
    one_wins(&embedded());
}

#[test]
fn of_two_who_saw_the_same_version_one_wins_and_the_other_is_told_through_nats() {
    let nats = NatsServer::start(NatsOptions::durable());
    one_wins(&Joinedup::start(JoinedupOptions::on_nats(
        "serve",
        &nats,
        &[],
    )));
}

fn one_wins(product: &Joinedup) {
    let stays = stay("t-1", AREA, "2026-09-01", "2026-09-07", "2026-09-10");
    let version = accepted(&structured(product, &[], &stays[0]))[0].to_string();
    let quoted = format!("\"{version}\"");
    let winner = accepted(&structured(product, &[("if-match", &quoted)], &stays[1]))[0];
    let loser = structured(product, &[("if-match", &quoted)], &stays[2]);
    assert_eq!(loser.status, 409, "{}", loser.text());
    assert_eq!(loser.json()["version"], json!(winner));
    let current = format!("\"{winner}\"");
    accepted(&structured(product, &[("if-match", &current)], &stays[2]));
    product.caught_up();
    assert_eq!(week(product, None), json!(3.0));
}

#[test]
fn a_past_week_is_put_right_and_what_was_known_before_can_still_be_seen() {
    let product = embedded();
    let stays = stay("t-1", AREA, "2026-09-01", "2026-09-07", "2026-09-10");
    let known: Vec<Value> = stays
        .into_iter()
        .map(|e| recorded(e, "2026-09-10T16:00:00Z"))
        .collect();
    accepted(&product.post(&known));
    product.caught_up();
    assert_eq!(week(&product, None), json!(3.0));

    // The discharge was on the 12th, and is said to have been so on the 14th.
    let about = |fact: &str, id: &str, at: &str, mut more: Value| {
        more["transfer"] = json!("t-1");
        more["area"] = json!(AREA);
        event(&format!("transfer.{fact}.v1"), id, at, more)
    };
    let back = about(
        "retracted",
        "t-1-back",
        "2026-09-14T09:00:00Z",
        json!({ "retracts": "t-1-discharged" }),
    );
    let right = about(
        "discharged",
        "t-1-right",
        "2026-09-12T15:00:00Z",
        json!({ "method": "agreed" }),
    );
    let at = "2026-09-14T09:05:00Z";
    accepted(&product.post(&[recorded(back, at), recorded(right, at)]));
    product.caught_up();
    assert_eq!(week(&product, None), json!(5.0));
    assert_eq!(week(&product, Some("2026-09-13T00:00:00Z")), json!(3.0));
    assert_eq!(week(&product, Some("2026-09-15T00:00:00Z")), json!(5.0));

    // The person was never ready: nobody was delayed.
    let gone = about(
        "retracted",
        "t-1-gone",
        "2026-09-16T09:00:00Z",
        json!({ "retracts": "t-1-ready" }),
    );
    accepted(&product.post(&[recorded(gone, "2026-09-16T09:00:00Z")]));
    product.caught_up();
    assert_eq!(week(&product, None), Value::Null);
    assert_eq!(week(&product, Some("2026-09-15T00:00:00Z")), json!(5.0));
}

#[test]
fn the_board_shows_every_reason_for_a_wait_with_whose_move_it_is_and_since_when() {
    let product = embedded();
    let today = joinedup_tests::care::today();
    let day = |ago: u64| (today - chrono::Days::new(ago)).to_string();
    let reason = |ago, reason: &str, responsible: &str| json!({ "date": day(ago), "reason": reason, "responsible": responsible });
    let facts = [
        ("admitted.v1", 20, json!({ "method": "emergency" })),
        ("ready.v1", 9, json!({ "date": day(9) })),
        ("delay-reason-set.v2", 9, reason(9, "CAP7", "social-care")),
        // Two wait beside it; one of them is over, and one is the principal reason too.
        ("delay-reason-added.v1", 8, reason(8, "HP3", "nhs")),
        ("delay-reason-added.v1", 4, reason(4, "CAP10", "both")),
        ("delay-reason-added.v1", 3, reason(3, "CAP7", "social-care")),
        (
            "delay-reason-ended.v1",
            2,
            json!({ "date": day(2), "reason": "HP3" }),
        ),
    ];
    let events: Vec<Value> = facts
        .into_iter()
        .enumerate()
        .map(|(n, (fact, ago, mut data))| {
            data["transfer"] = "several".into();
            data["area"] = AREA.into();
            let at = format!("{}T08:00:00Z", day(ago));
            event(
                &format!("transfer.{fact}"),
                &format!("several-{n}"),
                &at,
                data,
            )
        })
        .collect();
    accepted(&product.post(&events));
    product.caught_up();
    let board = product.json("/api/v1/waiting?area=havenshire").unwrap();
    let row = &board["transfers"][0];
    assert_eq!(row["reason"], "CAP7", "{row}");
    let further = json!([{
        "reason": "CAP10", "reason_title": "Equipment undelivered", "responsible": "both", "since": day(4), "days": 4,
    }]);
    assert_eq!(row["further_reasons"], further);
    let page = |query: &str| {
        http::get_ok(&product.url(&format!("/board?area=havenshire{query}")))
            .unwrap()
            .text()
    };
    let also = "Also: Equipment undelivered (NHS and social care, 4 nights)";
    assert!(page("").contains(also), "{}", page(""));
    assert!(page("&reason=CAP10").contains(also));
    assert!(!page("&reason=HP3").contains(also));
    // Nights are counted once, by the principal reason.
    let nights = |filter: &str| {
        let from = day(8);
        let address = format!(
            "/api/v1/charts/tr-ready-now?area=havenshire&period=day&from={from}&to={}{filter}",
            day(1)
        );
        let chart = product.json(&address).unwrap();
        let points = chart["points"].as_array().unwrap().clone();
        points
            .iter()
            .filter_map(|p| p["value"].as_f64())
            .sum::<f64>()
    };
    assert_eq!(
        (nights(""), nights("&reason=CAP7"), nights("&reason=CAP10")),
        (8.0, 8.0, 0.0)
    );
}
