//! What pages say where there is hardly anything to say: one point, numbers all suppressed, names that do not fit.

use chrono::Datelike;
use joinedup_tests::browser::Browser;
use joinedup_tests::care::stay;
use joinedup_tests::http;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use serde_json::{Value, json};

fn observed(area: &str, month: &str, value: u32) -> Value {
    json!({
        "specversion": "1.0",
        "type": "care.joinedup.observation.observed.v1",
        "source": "test/hard", "id": format!("{area}-{month}"), "time": format!("{month}T00:00:00Z"),
        "data": {
            "area": area, "series": "dtoc-delayed-days", "period_start": month, "grain": "month",
            "value": value, "breakdown": {},
        },
    })
}

/// The first day of the month before this one: a series that still goes on.
fn last_month() -> String {
    let today = joinedup_tests::care::today();
    let first = today - chrono::Days::new(u64::from(today.day0()));
    (first - chrono::Months::new(1)).to_string()
}

#[test]
fn one_point_is_shown_and_said_to_be_too_little() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    assert!(
        product
            .post(&[observed("E10000012", &last_month(), 321)])
            .status
            < 300
    );
    product.caught_up();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&product.url("/measures/dtoc-delayed-days?area=E10000012&period=month"));
    let text = page.text("main");
    assert!(
        text.contains("321") && text.contains("Too early to tell"),
        "{text}"
    );
    assert_eq!(page.count("#points [data-value]"), 1);
    // Of no chart that can be judged none has changed: that says nothing.
    page.goto(&product.url("/?area=E10000012"));
    assert_eq!((page.count("#briefing"), page.count("#chance")), (1, 0));
    assert_eq!(page.complaints(), &[] as &[String]);
}

#[test]
fn numbers_that_are_all_kept_back_are_said_to_be_and_none_is_on_the_page() {
    let settings = "[[tokens]]\nname = \"all\"\nfile = \"all\"\nroles = [\"publisher\", \"operator\", \"admin\"]\n\
                    [[tokens]]\nname = \"the public\"\nfile = \"public\"\nroles = [\"reader\"]\n";
    let product = Joinedup::start(
        JoinedupOptions::new("serve", &[])
            .file("all", "all-0123456789abcdef0123456789abcdef")
            .file("public", "public-0123456789abcdef0123456789abcdef")
            .file("joinedup.toml", settings),
    );
    let ask = |method: &str, path: &str, token: &str, body: &str| {
        let bearer = format!("Bearer {token}-0123456789abcdef0123456789abcdef");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/cloudevents-batch+json"),
        ];
        http::send(method, &product.url(path), &headers, body.as_bytes()).unwrap()
    };
    // Six people a month leave, each three days late: enough for a median on the ward, too few for the public.
    let events: Vec<Value> = (0..54)
        .flat_map(|n| {
            let day = |d: u32| format!("2026-0{}-{:02}", n / 6 + 1, d + n % 6);
            stay(&format!("t-{n}"), "hv-north-2", &day(1), &day(7), &day(10))
        })
        .collect();
    let posted = ask("POST", "/api/v1/events", "all", &json!(events).to_string());
    assert_eq!(posted.status, 202, "{}", posted.text());
    let path = "/measures/tr-delay-days-median?area=hv-north-2&period=month&to=2026-09-30";
    let own = |token: &str| ask("GET", path, token, "").text();
    joinedup_tests::patience::eventually("the page has the events", || {
        own("all")
            .contains("data-value=\"3\"")
            .then_some(())
            .ok_or_else(|| own("all"))
    });
    let page = own("public");
    assert!(page.contains("suppressed"), "{page}");
    assert!(
        !page.contains("data-value=\"3\"") && !page.contains("3 days"),
        "{page}"
    );
}

#[test]
fn a_name_of_eighty_letters_and_two_hundred_places_fit_on_a_telephone() {
    let long = "The Very Long Neighbourhood of Saint Bartholomew-upon-the-Water and Its Hamlets";
    assert!(long.len() >= 79);
    let mut areas = String::new();
    for n in 0..200 {
        let title = if n == 0 {
            long.to_owned()
        } else {
            format!("Place number {n}")
        };
        areas += &format!(
            "[[area]]\nid = \"place-{n}\"\nkind = \"neighbourhood\"\ntitle = \"{title}\"\nparents = [\"havenshire-north\"]\n\n"
        );
    }
    let product = Joinedup::start(
        JoinedupOptions::new("serve", &["--areas", "areas.toml"]).file("areas.toml", &areas),
    );
    let months = ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"];
    let events: Vec<Value> = (0..200)
        .flat_map(|n| months.map(|month| observed(&format!("place-{n}"), month, n + 1)))
        .collect();
    for some in events.chunks(400) {
        assert!(product.post(some).status < 300);
    }
    product.caught_up();
    let mut browser = Browser::start();
    let mut page = browser.page();
    for width in [390, 1024] {
        page.viewport(width, 844);
        for path in [
            "/?area=place-0",
            "/measures/dtoc-delayed-days?area=place-0&period=month",
            "/measures/dtoc-delayed-days?area=havenshire-north&period=month",
            "/board?area=place-0",
            "/leaders?area=havenshire-north",
            "/model?area=place-0",
            "/sources",
        ] {
            page.goto(&product.url(path));
            assert!(!page.scrolls_sideways(), "{path} at {width}");
            assert!(!page.text("main h1").is_empty(), "{path}");
        }
        page.goto(&product.url("/measures/dtoc-delayed-days?area=place-0&period=month"));
        assert!(page.text("main .kicker").contains(long));
    }
    assert_eq!(page.complaints(), &[] as &[String]);
}
