//! A token that is bound to areas or sources: what its holder sees and may record, and what stays closed.

use std::collections::BTreeSet;

use joinedup_tests::care::{event, recorded, stay};
use joinedup_tests::http::{self, Response};
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use joinedup_tests::tokens::{ask, token, with_tokens};
use serde_json::{Value, json};

const NAMES: [&str; 6] = ["admin", "north", "feed", "past", "ward", "board"];
const SETTINGS: &str = r#"
[[tokens]]
name = "admin"
file = "admin"
roles = ["admin"]

[[tokens]]
name = "north"
file = "north"
roles = ["operator", "assessor"]
areas = ["havenshire-north"]
expires = "2999-12-31"

[[tokens]]
name = "feed"
file = "feed"
roles = ["publisher"]
sources = ["/havenshire/pas"]

[[tokens]]
name = "past"
file = "past"
roles = ["publisher"]
may_restate = true

[[tokens]]
name = "ward"
file = "ward"
roles = ["publisher"]
areas = ["havenshire-north"]

[[tokens]]
name = "board"
file = "board"
roles = ["reader"]
"#;

pub fn start() -> Joinedup {
    Joinedup::start(with_tokens(SETTINGS, &NAMES))
}

/// A person of each place who is ready and has not left.
fn waiting() -> Value {
    let places = [("t-north", "hv-north-2"), ("t-west", "hv-west-1")];
    let of = |(id, area): (&str, &str)| {
        stay(id, area, "2026-09-01", "2026-09-07", "2026-09-10")[..2].to_vec()
    };
    places.into_iter().flat_map(of).collect()
}

pub fn send_waiting(product: &Joinedup) {
    let (feed, path) = (token("feed"), "/api/v1/events");
    let sent = ask(product, &feed, "POST", path, &waiting());
    assert_eq!(sent.status, 202, "{}", sent.text());
}

#[test]
fn an_area_sees_its_own_people_and_nobody_elses() {
    let product = start();
    send_waiting(&product);
    let get = |name: &str, path: &str| ask(&product, &token(name), "GET", path, &Value::Null);
    let people = |name: &str, area: &str| {
        let answer = get(name, &format!("/api/v1/waiting?area={area}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        let rows = answer["transfers"].as_array().unwrap();
        let ids: Vec<String> = rows
            .iter()
            .map(|r| r["transfer"].as_str().unwrap().to_owned())
            .collect();
        (ids, answer["only"].is_array())
    };
    let everybody = vec!["t-north".to_owned(), "t-west".to_owned()];
    eventually("both people on the board", || {
        let (ids, _) = people("admin", "havenshire");
        if ids == everybody { Ok(()) } else { Err(ids) }
    });
    let own = vec!["t-north".to_owned()];
    assert_eq!(people("north", "havenshire"), (own.clone(), true));
    assert_eq!(people("north", "havenshire-north"), (own, false));
    assert_eq!(people("north", "havenshire-west"), (vec![], true));
    // That nobody is seen there is theirs not to see, and not a place without data.
    for path in ["/board", "/"] {
        let page = get("north", &format!("{path}?area=havenshire-west")).text();
        assert!(page.contains("is not one of your areas"), "{path}: {page}");
        assert!(!page.contains("discharge data yet"), "{path}: {page}");
    }
    let board = get("north", "/board?area=havenshire").text();
    assert!(
        board.contains("t-north") || board.contains("North"),
        "{board}"
    );
    assert!(!board.contains("t-west"), "{board}");
    assert!(board.contains("your own areas only"), "{board}");
    // Neither by its id, nor by its place in the log, nor behind a point.
    let status = |name: &str, path: &str| get(name, path).status;
    assert_eq!(status("north", "/api/v1/entities/transfer/t-north"), 200);
    assert_eq!(status("north", "/api/v1/entities/transfer/t-west"), 404);
    assert_eq!(status("north", "/api/v1/events/1"), 200);
    assert_eq!(status("north", "/api/v1/events/3"), 404);
    let asks = "area=havenshire&period=week&from=2026-09-08";
    let places = [
        "/api/v1/charts/tr-ready-now/trace",
        "/measures/tr-ready-now/records",
    ];
    for place in places {
        let trace = format!("{place}?{asks}");
        assert!(get("admin", &trace).text().contains("t-west"), "{place}");
        let behind = get("north", &trace).text();
        assert!(
            behind.contains("t-north") && !behind.contains("t-west"),
            "{behind}"
        );
    }
    // Numbers are exact in the own area, and as everybody sees them next door.
    let chart = |name: &str, area: &str, more: &str| {
        let path = format!(
            "/api/v1/charts/tr-ready-now?area={area}&period=day&from=2026-09-01&to=2026-09-12{more}"
        );
        get(name, &path).json()["points"].clone()
    };
    let (north, west) = ("hv-north-2", "hv-west-1");
    assert_eq!(chart("north", north, ""), chart("admin", north, ""));
    let public = chart("admin", west, "&audience=public");
    assert_ne!(chart("admin", west, ""), public);
    assert_eq!(chart("north", west, ""), public);
}

#[test]
fn nobody_records_for_another_area_or_speaks_for_another_source() {
    let product = start();
    let post =
        |name: &str, path: &str, body: &Value| ask(&product, &token(name), "POST", path, body);
    let refused = |answer: Response, pointer: &str| {
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert_eq!(
            answer.json()["errors"][0]["pointer"],
            pointer,
            "{}",
            answer.text()
        );
    };
    let data = json!({ "transfer": "t-1", "area": "hv-north-2", "date": "2026-09-07" });
    let mut foreign = event("transfer.ready.v1", "e-1", "2026-09-07T10:00:00Z", data);
    foreign["source"] = "/havenshire/passing".into();
    refused(post("feed", "/api/v1/events", &foreign), "/source");
    foreign["source"] = "/havenshire/pas/ward-7".into();
    assert_eq!(post("feed", "/api/v1/events", &foreign).status, 202);
    let target = |area: &str| {
        json!({ "action": "target-set", "area": area, "measure": "tr-ready-now", "target": 3.0,
                "from": "2026-09-01", "reason": "Agreed by the board.", "version": 0 })
    };
    refused(
        post("north", "/api/v1/changes", &target("hv-west-1")),
        "/area",
    );
    let own = post("north", "/api/v1/changes", &target("hv-north-2"));
    assert_eq!(own.status, 201, "{}", own.text());
    // The same by a form of a page, and by an event.
    let form = "area=hv-west-1&from=2026-09-01&target=3&reason=Agreed&version=0&back=%2F";
    let bearer = format!("Bearer {}", token("north"));
    let origin = product.url("");
    let headers = [
        ("authorization", bearer.as_str()),
        ("origin", origin.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let address = product.url("/measures/tr-ready-now/target");
    let typed = http::send("POST", &address, &headers, form.as_bytes()).unwrap();
    assert_eq!(typed.status, 403, "{}", typed.text());
}

#[test]
fn of_a_source_of_several_areas_who_is_bound_to_one_sees_the_day_alone() {
    let product = start();
    send_waiting(&product);
    product.caught_up();
    let shows_events = |name: &str| {
        let path = "/sources?area=havenshire-north";
        let page = ask(&product, &token(name), "GET", path, &Value::Null);
        assert_eq!(page.status, 200, "{}", page.text());
        page.text().contains(r#"data-label="Events""#)
    };
    assert!(shows_events("admin") && !shows_events("north") && !shows_events("board"));
}

#[test]
fn nobody_takes_back_or_ends_what_others_have_sent() {
    let product = start();
    let post = |name: &str, event: &Value| {
        let answer = ask(&product, &token(name), "POST", "/api/v1/events", event);
        let pointer = answer.json()["errors"][0]["pointer"].clone();
        (answer.status, pointer.as_str().unwrap_or("").to_owned())
    };
    send_waiting(&product);
    product.caught_up();
    let refused = |pointer: &str| (403, pointer.to_owned());
    let time = "2026-09-08T10:00:00Z";
    let of = |id: &str, kind: &str, more: &[(&str, &str)]| {
        let mut data = json!({ "transfer": "t-north", "area": "hv-north-2" });
        for (name, value) in more {
            data[*name] = (*value).into();
        }
        event(kind, id, time, data)
    };
    let taken_back = [("retracts", "x"), ("retracts_source", "/havenshire/mdt")];
    let foreign = of("r-1", "transfer.retracted.v1", &taken_back);
    assert_eq!(post("feed", &foreign), refused("/data/retracts_source"));
    let own = of("r-2", "transfer.retracted.v1", &[("retracts", "x")]);
    assert_eq!(post("feed", &own).0, 202);
    // Somebody else's person as the one before: people come back to other hospitals, and nothing of the earlier stay changes.
    let trace = |id: &str| {
        let path = format!("/api/v1/entities/transfer/{id}");
        ask(&product, &token("admin"), "GET", &path, &Value::Null).json()
    };
    let stated = |id: &str| (trace(id)["area"].clone(), trace(id)["state"].clone());
    let before = stated("t-west");
    for (id, kind, more) in [
        ("r-3", "transfer.retracted.v1", ("retracts", "x")),
        ("r-4", "transfer.admitted.v1", ("method", "emergency")),
        ("r-5", "transfer.retracted.v1", ("retracts", "r-4")),
    ] {
        let linked = of(id, kind, &[more, ("previous", "t-west")]);
        assert_eq!(post("ward", &linked).0, 202, "{kind}");
        product.caught_up();
        assert_eq!(stated("t-west"), before, "{kind}");
    }
    // Of one that is known by such a link alone, what happened may still come.
    let linked = of(
        "r-6",
        "transfer.admitted.v1",
        &[("method", "emergency"), ("previous", "t-late")],
    );
    assert_eq!(post("ward", &linked).0, 202);
    product.caught_up();
    let mut late = of("r-7", "transfer.admitted.v1", &[("method", "elective")]);
    late["data"]["transfer"] = "t-late".into();
    assert_eq!(post("ward", &late).0, 202);
    let end = |id: &str, ended: &str| {
        let data = json!({ "change": "source/pas", "area": "hv-north-2", "ended": ended, "because": "closed" });
        event("change.source-ended.v1", id, time, data)
    };
    assert_eq!(
        post("north", &end("s-1", "/havenshire/pas")),
        refused("/data/ended")
    );
    assert_eq!(post("north", &end("s-2", "/havenshire/north")).0, 202);
}

#[test]
fn neighbours_decide_about_the_same_chart_and_neither_takes_back_the_others() {
    let product = start();
    let post = |name: &str, id: &str, kind: &str, area: &str, more: &Value| {
        let mut data = json!({ "change": "chart/tr-ready-now", "area": area });
        for (name, value) in more.as_object().unwrap() {
            data[name] = value.clone();
        }
        let event = event(kind, id, "2026-09-08T10:00:00Z", data);
        let answer = ask(&product, &token(name), "POST", "/api/v1/events", &event);
        product.caught_up();
        let pointer = answer.json()["errors"][0]["pointer"].clone();
        (answer.status, pointer.as_str().unwrap_or("").to_owned())
    };
    let target = json!({ "measure": "tr-ready-now", "target": 3.0, "from": "2026-09-01", "reason": "Agreed." });
    let set =
        |name: &str, id: &str, area: &str| post(name, id, "change.target-set.v1", area, &target);
    let taken = |id: &str, retracts: &str| {
        let retracts = json!({ "retracts": retracts });
        post("north", id, "change.retracted.v1", "hv-north-2", &retracts)
    };
    assert_eq!(set("admin", "target-west", "hv-west-1").0, 202);
    assert_eq!(set("north", "target-north", "hv-north-2").0, 202);
    let refused = |pointer: &str| (403, pointer.to_owned());
    assert_eq!(
        set("north", "target-other", "hv-west-1"),
        refused("/data/area")
    );
    assert_eq!(taken("r-1", "target-west"), refused("/data/retracts"));
    // Nor before it is said.
    assert_eq!(
        taken("r-2", "target-of-next-year"),
        refused("/data/retracts")
    );
    assert_eq!(taken("r-3", "target-north").0, 202);
}

#[test]
fn nobody_sets_back_when_something_was_known_unless_their_token_may() {
    let product = start();
    let known_since = |sender: &str| {
        let stay = format!("t-{sender}");
        let events = self::stay(
            &stay,
            "hv-north-2",
            "2026-09-01",
            "2026-09-07",
            "2026-09-10",
        );
        let events: Vec<Value> = events
            .into_iter()
            .map(|event| recorded(event, "2026-09-11T08:00:00Z"))
            .collect();
        let sent = ask(
            &product,
            &token(sender),
            "POST",
            "/api/v1/events",
            &events.into(),
        );
        assert_eq!(sent.status, 202, "{}", sent.text());
        let path = format!("/api/v1/entities/transfer/{stay}");
        let trace = eventually("the stay is seen", || {
            let trace = ask(&product, &token("admin"), "GET", &path, &Value::Null);
            (trace.status == 200).then(|| trace.json()).ok_or(())
        });
        let day = trace["facts"][0]["recorded_at"]
            .as_str()
            .unwrap_or_default()[..10]
            .to_owned();
        (sent.json()["recorded_later"].as_u64(), day)
    };
    for believed in ["admin", "past"] {
        assert_eq!(
            known_since(believed),
            (None, "2026-09-11".to_owned()),
            "{believed}"
        );
    }
    let (counted, day) = known_since("feed");
    assert_eq!(counted, Some(3));
    assert!(day.as_str() > "2026-09-11", "{day}");
}

#[test]
fn a_token_that_is_replaced_is_followed_without_a_restart() {
    let product = start();
    let status = |token: &str| ask(&product, token, "GET", "/api/v1/areas", &Value::Null).status;
    let new = "a9c41f0be27d6538a9c41f0be27d6530";
    assert_eq!((status(&token("north")), status(new)), (200, 401));
    let (stream, bearer) = (product.url("/api/v1/stream"), token("north"));
    let told = std::thread::spawn(move || {
        let bearer = format!("Bearer {bearer}");
        let headers = [("authorization", bearer.as_str())];
        http::live(&stream, &headers, |words| words.len() > 30)
    });
    std::fs::write(product.folder().join("north"), new).unwrap();
    eventually("the new token is taken", || match status(new) {
        200 => Ok(()),
        other => Err(other),
    });
    assert_eq!(
        (status(&token("north")), status(&token("admin"))),
        (401, 200)
    );
    // Nor does it go on being told what moves.
    let told = told.join().unwrap();
    assert!(told.unwrap_err().contains("the stream ended after"));
}

#[test]
fn a_real_server_names_no_simulated_county_and_begins_where_the_data_are() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let read = |path: &str| http::get_ok(&product.url(path)).unwrap().text();
    let everywhere = [
        "/",
        "/board",
        "/leaders",
        "/measures",
        "/sources",
        "/data/add",
        "/metrics",
        "/metrics/run-charts",
    ];
    for path in everywhere {
        assert!(!read(path).to_lowercase().contains("havenshire"), "{path}");
    }
    let home = || product.json("/api/v1/areas").unwrap()["home"].clone();
    assert_eq!(home(), "E92000001", "England, while nothing is known");
    let figure = |n: u32, area: &str| {
        json!({
            "specversion": "1.0",
            "type": "care.joinedup.observation.observed.v1",
            "source": "test/home",
            "id": format!("home-{n}"),
            "time": "2026-09-01T00:00:00Z",
            "data": {
                "area": area, "series": "dtoc-delayed-days", "period_start": "2026-08-01", "grain": "month",
                "value": 40, "breakdown": {},
            },
        })
    };
    let mut sent = 0;
    // Essex alone, then Suffolk beside it: the smallest place that holds both is England.
    for (area, found) in [("E10000012", "E10000012"), ("E10000029", "E92000001")] {
        sent += 1;
        assert_eq!(product.post(&[figure(sent, area)]).status, 202);
        product.caught_up();
        assert_eq!(home(), found, "{area}");
        let chart = product.json("/api/v1/charts/dtoc-delayed-days").unwrap();
        assert_eq!(chart["area"], found);
        let title = if found == "E10000012" {
            "Essex"
        } else {
            "England"
        };
        assert!(read("/").contains(&format!("selected>{title}")), "{title}");
    }
    for path in everywhere {
        assert!(!read(path).to_lowercase().contains("havenshire"), "{path}");
    }
}

#[test]
fn a_trust_s_server_begins_at_the_trust_and_counts_nobody_where_nobody_reports() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let stays = stay("t-1", "RAJ", "2026-09-01", "2026-09-07", "2026-09-10");
    assert_eq!(product.post(&stays).status, 202);
    product.caught_up();
    // It serves three councils, which have sent nothing.
    let home = product.json("/api/v1/areas").unwrap()["home"].clone();
    assert_eq!(home, "RAJ");
    let scrape = product.metrics().unwrap();
    for metric in ["joinedup_open_waits", "joinedup_overdue_waits"] {
        let shown: BTreeSet<(String, bool)> = scrape
            .matching(metric, &[])
            .into_iter()
            .map(|s| {
                (
                    s.labels["area"].clone(),
                    s.labels["pathway"].starts_with("discharge-"),
                )
            })
            .collect();
        assert!(shown.contains(&("RAJ".to_owned(), true)), "{shown:?}");
        // Nobody sends referrals, and no council sends anything.
        let others = shown.iter().filter(|(area, is_discharge)| {
            !is_discharge || area.starts_with("E06") || area.starts_with("E10")
        });
        assert_eq!(others.count(), 0, "{shown:?}");
    }
}

#[test]
fn no_form_and_no_page_is_offered_to_somebody_who_would_be_refused() {
    let product = start();
    let plan = json!({ "action": "plan", "area": "havenshire", "title": "Ward round at nine", "measures": ["tr-delayed-share"] });
    let planned = ask(&product, &token("admin"), "POST", "/api/v1/changes", &plan);
    assert_eq!(planned.status, 201, "{}", planned.text());
    let id = planned.json()["change"].as_str().unwrap().to_owned();
    let page = |name: &str, path: &str| {
        let page = ask(&product, &token(name), "GET", path, &Value::Null);
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        page.text()
    };
    let change = format!("/changes/{id}");
    let offers = |name: &str, path: &str| page(name, path).contains("method=\"post\"");
    eventually("the change has a page", || {
        let page = ask(&product, &token("north"), "GET", &change, &Value::Null);
        (page.status == 200).then_some(()).ok_or(page.status)
    });
    // Of the county's change they may record nothing, wherever they come from.
    assert!(offers("admin", &change));
    assert!(!offers("north", &format!("{change}?area=havenshire-north")));
    for path in [
        "/changes?plan=new&area=",
        "/findings?area=",
        "/measures/tr-delayed-share?area=",
        "/frameworks/scie/checklist?area=",
        "/frameworks/scie/sheet?view=plan&of=itself&area=",
    ] {
        let (own, above) = (
            format!("{path}havenshire-north"),
            format!("{path}havenshire"),
        );
        assert!(offers("north", &own), "{own}");
        assert!(
            !page("north", &above).contains("<button type=\"submit\">Save"),
            "{above}"
        );
        if !path.contains("sheet") {
            assert!(!offers("north", &above), "{above}");
        }
    }
    assert!(page("north", "/").contains("Waiting now"));
    assert!(!page("board", "/").contains("Waiting now"));
    let refused = ask(&product, &token("feed"), "GET", "/", &Value::Null);
    assert!(refused.text().contains("/data/add"));
}
