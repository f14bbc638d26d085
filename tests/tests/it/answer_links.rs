//! A link with which people answer on their own device: who may make one, what it takes, and what a used, an expired and a
//! changed one say.

use joinedup_tests::browser::Browser;
use joinedup_tests::http::{self, Response};
use joinedup_tests::product::Joinedup;
use joinedup_tests::tokens::{token, with_tokens};
use serde_json::json;
use uuid::Uuid;

const SETTINGS: &str = r#"
[[tokens]]
name = "reader"
file = "reader"
roles = ["reader"]

[[tokens]]
name = "operator"
file = "operator"
roles = ["operator"]

[[tokens]]
name = "publisher"
file = "publisher"
roles = ["publisher"]
"#;

fn county() -> Joinedup {
    let names = ["reader", "operator", "publisher"];
    Joinedup::start(with_tokens(SETTINGS, &names))
}

/// Makes a link, and answers with its address.
fn link(
    product: &Joinedup,
    role: &str,
    instrument: &str,
    fields: &str,
) -> Result<String, Response> {
    let origin = product.url("");
    let answer = http::send(
        "POST",
        &product.url(&format!(
            "/frameworks/{instrument}/answers/links?area=havenshire-north"
        )),
        &[
            ("authorization", &format!("Bearer {}", token(role))),
            ("origin", origin.trim_end_matches('/')),
            ("content-type", "application/x-www-form-urlencoded"),
        ],
        fields.as_bytes(),
    )
    .unwrap();
    if answer.status != 200 {
        return Err(answer);
    }
    let text = answer.text();
    let at = text.find("href=\"/answer/").unwrap() + 6;
    Ok(text[at..].split('"').next().unwrap().to_owned())
}

fn opened(product: &Joinedup, path: &str) -> (u16, String) {
    let answer = http::send("GET", &product.url(path), &[("accept", "text/html")], b"").unwrap();
    (answer.status, answer.text())
}

#[test]
fn people_answer_by_a_link_without_signing_in_as_many_as_it_was_made_for() {
    let product = county();
    let refused = link(&product, "reader", "p3c-eq", "mode=online&count=8&days=7").unwrap_err();
    assert_eq!(refused.status, 403, "who only reads makes no links");
    let path = link(
        &product,
        "publisher",
        "p3c-eq",
        "mode=online&count=8&days=7",
    )
    .unwrap();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.viewport(390, 844);
    for n in 0..8 {
        page.goto(&product.url(&path));
        assert!(page.text("h1").contains("North Havenshire"));
        assert_eq!(page.count("nav"), 0, "the rest of the pages is not theirs");
        let bad: Vec<_> = page
            .accessibility_violations()
            .into_iter()
            .filter(|v| matches!(v.impact.as_str(), "serious" | "critical"))
            .collect();
        assert!(bad.is_empty(), "{bad:#?}");
        assert!(!page.scrolls_sideways());
        page.evaluate(
            "document.querySelectorAll('.ballot input[value=\"2\"]').forEach(i => i.click())",
        );
        page.click("#send");
        page.wait_for("#sent");
        assert!(page.text("main").contains("received your answers"), "{n}");
    }
    page.goto(&product.url(&path));
    assert!(page.text("main").contains("This link has been used"));
    assert_eq!(opened(&product, &path).0, 410);
    // They count as online answers, by the instrument's own rule, out of those who were asked.
    let bearer = format!("Bearer {}", token("operator"));
    let chart = |address: &str| {
        let answer = http::send(
            "GET",
            &product.url(address),
            &[("authorization", &bearer)],
            b"",
        );
        let chart: serde_json::Value = serde_json::from_str(&answer.unwrap().text()).unwrap();
        chart["points"].as_array().unwrap().last().unwrap().clone()
    };
    let score = chart("/api/v1/charts/ex-p3ceq-person-centred?area=havenshire-north");
    assert_eq!((&score["value"], &score["n"]), (&json!(14.0), &json!(8)));
    let rate = chart("/api/v1/charts/ex-response-rate?area=havenshire-north&instrument=p3c-eq");
    assert_eq!(rate["value"], json!(1.0), "{rate}");
}

#[test]
fn a_changed_an_expired_and_an_unknown_link_take_nothing_and_say_so() {
    let product = county();
    let path = link(
        &product,
        "publisher",
        "p3c-eq",
        "mode=online&count=5&days=7",
    )
    .unwrap();
    let longer = path.replace(".7.", ".90.");
    let (status, text) = opened(&product, &longer);
    assert!(
        status == 404 && text.contains("We do not know this link"),
        "{text}"
    );
    let origin = product.url("");
    let sent = http::send(
        "POST",
        &product.url(&longer),
        &[
            ("origin", origin.trim_end_matches('/')),
            ("content-type", "application/x-www-form-urlencoded"),
        ],
        b"respondent=person&a%7Cgoals-discussed=2",
    );
    assert_eq!(sent.unwrap().status, 404);
    // One that was made for seven days, eight days ago: its invitation carries a digest of it.
    let text = format!("online.7.{}", Uuid::new_v4().simple());
    let digests = Uuid::from_u128(0x6a_6f69_6e65_6475_7000_616e_7377_6572);
    let invitation = format!("link-{}", Uuid::new_v5(&digests, text.as_bytes()));
    let made = chrono::Utc::now() - chrono::TimeDelta::days(8);
    let event = json!({
        "specversion": "1.0", "type": "care.joinedup.experience.invited.v1", "source": "test/links", "id": invitation,
        "subject": format!("experience/{invitation}"), "time": made.to_rfc3339(),
        "data": { "area": "havenshire-north", "response": invitation, "instrument": "p3c-eq", "count": 5 },
    });
    let published = http::send(
        "POST",
        &product.url("/api/v1/events"),
        &[
            ("authorization", &format!("Bearer {}", token("publisher"))),
            ("content-type", "application/cloudevents+json"),
        ],
        event.to_string().as_bytes(),
    )
    .unwrap();
    assert!(published.status < 300, "{}", published.text());
    // The event is durable; the views have it a moment later.
    let path = format!("/answer/{text}");
    let (status, text) =
        joinedup_tests::patience::eventually("the invitation is in the views", || {
            let seen = opened(&product, &path);
            if seen.0 == 404 { Err(seen.0) } else { Ok(seen) }
        });
    assert!(
        status == 410 && text.contains("This link has expired"),
        "{status} {text}"
    );
}

#[test]
fn a_form_sent_twice_is_one_answer_and_two_people_at_once_are_two() {
    let product = county();
    let made = "mode=online&count=3&days=7";
    let path = link(&product, "publisher", "p3c-eq", made).unwrap();
    let origin = product.url("");
    let send = |key: u32| {
        let sent = http::send(
            "POST",
            &product.url(&path),
            &[
                ("origin", origin.trim_end_matches('/')),
                ("content-type", "application/x-www-form-urlencoded"),
            ],
            format!("key=form-{key}&respondent=person&a%7Cgoals-discussed=2").as_bytes(),
        );
        sent.unwrap().status
    };
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let sending = [1, 1, 2, 3].map(|key| scope.spawn(move || send(key)));
        sending.map(|sender| sender.join().unwrap()).to_vec()
    });
    assert_eq!(answers, [303; 4]);
    assert_eq!((send(4), opened(&product, &path).0), (410, 410));
}

#[test]
fn a_team_s_link_needs_its_team() {
    let product = county();
    let refused = link(
        &product,
        "publisher",
        "tci-14",
        "mode=online&count=5&days=7",
    )
    .unwrap_err();
    assert!(
        refused.status == 422 && refused.text().contains("team"),
        "{}",
        refused.text()
    );
    let path = link(
        &product,
        "publisher",
        "tci-14",
        "mode=online&count=5&days=7&team=north-1",
    )
    .unwrap();
    let (status, text) = opened(&product, &path);
    assert!(status == 200 && text.contains("value=\"staff\""), "{text}");
    // Whose care it is about says nothing of who answers: patients and carers of a ward do.
    let of_ward = "mode=online&count=5&days=7&team=ward-7";
    let path = link(&product, "publisher", "p3c-eq", of_ward).unwrap();
    let (status, text) = opened(&product, &path);
    assert!(status == 200 && text.contains("value=\"carer\""), "{text}");
    assert!(!text.contains("value=\"staff\""), "{text}");
    let origin = product.url("");
    let headers = [
        ("origin", origin.trim_end_matches('/')),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let before = product.caught_up();
    let fields = b"key=form-1&respondent=staff&a%7Cgoals-discussed=2";
    let sent = http::send("POST", &product.url(&path), &headers, fields).unwrap();
    assert_eq!(sent.status, 303, "{}", sent.text());
    product.caught_up();
    let operator = token("operator");
    let archive = http::send(
        "GET",
        &product.url(&format!("/api/v1/events/{}", before + 1)),
        &[("authorization", &format!("Bearer {operator}"))],
        b"",
    );
    let stored = archive.unwrap().text();
    assert!(
        stored.contains("ward-7") && !stored.contains("staff"),
        "{stored}"
    );
}

#[test]
fn a_link_that_reached_the_wrong_people_is_stopped_and_its_answers_stay() {
    let product = county();
    let origin = product.url("");
    let post = |path: &str, role: Option<&str>, fields: &str| {
        let bearer = role.map(|role| format!("Bearer {}", token(role)));
        let mut headers = vec![
            ("origin", origin.trim_end_matches('/')),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        http::send("POST", &product.url(path), &headers, fields.as_bytes()).unwrap()
    };
    let stop = |role: &str, instrument: &str, path: &str| {
        let to = format!("/frameworks/{instrument}/answers/links/stop?area=havenshire-north");
        post(&to, Some(role), &format!("link=https://example.org{path}"))
    };
    let made = "mode=online&count=20&days=28";
    let path = link(&product, "publisher", "p3c-eq", made).unwrap();
    for key in 0..2 {
        let fields = format!("key=form-{key}&respondent=person&a%7Cgoals-discussed=2");
        assert_eq!(post(&path, None, &fields).status, 303);
    }
    assert_eq!(stop("reader", "p3c-eq", &path).status, 403);
    assert_eq!(stop("publisher", "tci-14", &path).status, 422, "another's");
    let stopped = stop("publisher", "p3c-eq", &path);
    assert_eq!(stopped.status, 200, "{}", stopped.text());
    assert!(stopped.text().contains("2 questionnaires were answered"));
    let late = "key=late&respondent=person&a%7Cgoals-discussed=2";
    assert_eq!(
        (opened(&product, &path).0, post(&path, None, late).status),
        (410, 410)
    );
    assert_eq!(stop("publisher", "p3c-eq", &path).status, 422, "once");
    let bearer = format!("Bearer {}", token("operator"));
    let chart = "/api/v1/charts/ex-response-rate?area=havenshire-north&instrument=p3c-eq";
    let answer = http::send(
        "GET",
        &product.url(chart),
        &[("authorization", &bearer)],
        b"",
    );
    let chart: serde_json::Value = serde_json::from_str(&answer.unwrap().text()).unwrap();
    let rate = chart["points"].as_array().unwrap().last().unwrap();
    assert_eq!(
        rate["value"],
        json!(1.0),
        "only those who answered were asked"
    );
    // Where nobody has answered, nobody was asked.
    let unused = link(&product, "publisher", "p3c-eq", made).unwrap();
    assert_eq!(stop("publisher", "p3c-eq", &unused).status, 200);
    // A browser that shows nobody's token is answered in words, with a page.
    let (status, page) = opened(&product, "/measures");
    assert_eq!(status, 401);
    assert!(
        page.contains("your token as the password") && !page.contains("Bearer"),
        "{page}"
    );
    // The instrument has no words for its answers: people need its own.
    let publisher = format!("Bearer {}", token("publisher"));
    let to = product.url("/frameworks/p3c-eq/answers?area=havenshire-north");
    let form = http::send("GET", &to, &[("authorization", &publisher)], b"");
    assert!(form.unwrap().text().contains("own wording with the link"));
    let (status, page) = opened(&product, &unused);
    assert_eq!(status, 410);
    assert!(page.contains("This link was stopped"), "{page}");
}
