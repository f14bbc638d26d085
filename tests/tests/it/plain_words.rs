//! What readers see: plain words and amounts, honest filters, a wall screen, a way back from a wrong address.

use super::pages::{PAGES, demo, empty};
use joinedup_tests::browser::Browser;

/// Words that no reader should meet, wherever they stand.
pub const NEVER: [&str; 4] = ["nought", "kept back", "the middle one", "is no "];

/// Those that none should meet in what a page shows: each with a space on both sides.
const NOT_OUR_WORDS: [&str; 8] = [
    " told ",
    " heard ",
    "nobody knows",
    "no league table",
    " 1 days",
    " 1 people",
    "up to date",
    "not said",
];

#[test]
fn pages_speak_plain_english_in_amounts_and_words() {
    let product = demo();
    let mut browser = Browser::start();
    let mut page = browser.page();
    let more = [
        "/quarantine",
        "/measures?show=signals",
        "/nowhere",
        "/measures/tr-longest-wait",
    ];
    for path in PAGES.iter().chain(&more) {
        page.goto(&product.url(path));
        let shown = page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true), document.body.innerText");
        // By line: a number at the end of one and a word that begins the next are not read as one amount.
        for line in shown.as_str().unwrap().to_lowercase().lines() {
            let line = format!(" {line} ");
            for word in NEVER.into_iter().chain(NOT_OUR_WORDS) {
                assert!(!line.contains(word), "{path} has \"{word}\": {line}");
            }
        }
    }
}

#[test]
fn an_address_that_leads_nowhere_is_a_page_for_a_browser_and_a_document_for_a_program() {
    let product = empty();
    let ask = |accept: &str| {
        let address = product.url("/nowhere");
        joinedup_tests::http::send("GET", &address, &[("accept", accept)], b"").unwrap()
    };
    let page = ask("text/html,*/*;q=0.8");
    assert_eq!(page.status, 404);
    assert!(
        page.text().contains("<h1>Page not found</h1>")
            && page.text().contains("href=\"/measures\"")
    );
    let document = ask("application/json");
    assert_eq!(
        (document.status, document.text().starts_with('{')),
        (404, true)
    );
}

#[test]
fn a_wall_screen_has_freshness_and_rows_and_nothing_to_press() {
    let product = demo();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.viewport(1920, 1080);
    page.goto(&product.url("/board?view=wall"));
    let rows = page.count("#people tbody tr");
    assert!((1..=12).contains(&rows), "{rows} rows");
    assert_eq!(page.count("#filters, #referrals"), 0);
    assert!(
        page.text("#strip").contains("Data to"),
        "{}",
        page.text("#strip")
    );
    let fits = "document.documentElement.scrollHeight <= innerHeight && !document.querySelector('nav').getClientRects().length";
    assert_eq!(
        page.evaluate(fits),
        true,
        "all is on the screen, and no navigation"
    );
}

#[test]
fn a_filter_shows_as_many_people_as_it_says() {
    let product = demo();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&product.url("/board?ward=ward-7"));
    assert!(page.text("#people").contains("Ward 7"));
    page.goto(&product.url("/board?responsible=nhs"));
    let counted = page.evaluate(
        "[...document.querySelectorAll('#filters a strong')].map(s => [s.closest('a').getAttribute('href'), Number(s.innerText), s.closest('a').hasAttribute('aria-current')])",
    );
    let choices: Vec<(String, u64)> = counted
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c[2] == false)
        .map(|c| (c[0].as_str().unwrap().to_owned(), c[1].as_u64().unwrap()))
        .collect();
    assert!(choices.len() > 4, "{choices:?}");
    for (address, count) in choices {
        page.goto(&product.url(&address));
        assert_eq!(page.count("#people tbody tr"), count, "{address}");
    }
}

#[test]
fn a_filter_that_is_no_choice_is_said_and_where_nobody_reports_nobody_is_counted() {
    let board = |product: &joinedup_tests::product::Joinedup, query: &str| {
        let address = product.url(&format!("/board{query}"));
        joinedup_tests::http::get_ok(&address).unwrap().text()
    };
    let county = demo();
    let odd = board(&county, "?responsible=banana&nights=10");
    for said in ["“banana” (not a choice)", "10 nights", "No one matches"] {
        assert!(odd.contains(said), "{said}: {odd}");
    }
    assert!(!odd.contains("<ul class=\"segments\"></ul>"), "{odd}");
    let empty = board(&empty(), "");
    assert!(
        !empty.contains("0 people") && !empty.contains("0 referrals"),
        "{empty}"
    );
}

#[test]
fn bars_are_drawn_where_bars_are_promised_and_a_split_that_says_nothing_is_counted_instead() {
    let product = demo();
    let page = |path: &str| {
        let page = joinedup_tests::http::get_ok(&product.url(path)).unwrap();
        page.text()
    };
    let reasons = page("/measures/tr-delay-by-reason?area=havenshire");
    assert!(reasons.contains("<table class=\"ranked\">"), "{reasons}");
    assert!(reasons.contains("Most: "), "{reasons}");
    assert!(
        !reasons.contains("class=\"chart wide\""),
        "no line is drawn"
    );
    // Over time is a choice of its own.
    let over_time = page("/measures/tr-delay-by-reason?area=havenshire&chart=run");
    assert!(!over_time.contains("<table class=\"ranked\">"));
    // Who left in time has no reason, so that every share by reason is 0 or 100 per cent.
    let split = page("/measures/tr-delayed-share?area=havenshire&split=reason");
    let split = split.split("id=\"multiples\"").nth(1).unwrap();
    assert!(
        split.contains("recorded only of those who are counted here"),
        "{split}"
    );
    let by_place = page("/measures/tr-delayed-share?area=havenshire&split=area");
    assert!(!by_place.contains("recorded only of those"));
    // What is compared by its parts has no verdict of its own, and no share above 100 per cent.
    let themes = page("/measures?q=comments");
    assert!(themes.contains("Compared by theme"), "{themes}");
    // What no rule judges will never be old enough to tell.
    for measure in ["ra-level-median", "ch-adopted-share"] {
        let listed = page(&format!("/measures?area=havenshire&q={measure}"));
        assert!(
            listed.contains(&format!("/measures/{measure}")),
            "{measure}"
        );
        assert!(!listed.contains("Too early to tell"), "{measure}");
    }
    let over_time = page("/measures/ex-themes?area=havenshire&chart=run");
    let told = over_time.split("<main").nth(1).unwrap();
    assert!(told.contains("per 100 comments"), "{told}");
}

#[test]
fn a_round_in_progress_is_not_compared_before_it_is_whole() {
    let product = demo();
    let url = product.url("/api/v1/assessments");
    let list = product.json("/api/v1/assessments?area=havenshire-north&framework=scie");
    let list = list.unwrap()["assessments"].as_array().unwrap().clone();
    let rated = list.iter().find(|a| a["item"] == "co-crisis-response");
    let mut body = serde_json::json!({
        "area": "havenshire-north", "item": "co-crisis-response", "round": "2027",
        "action": "propose", "level": 3, "version": rated.unwrap()["version"],
    });
    let proposed = joinedup_tests::http::post_json(&url, &body).unwrap();
    assert_eq!(proposed.status, 201, "{}", proposed.text());
    body["action"] = "confirm".into();
    body["version"] = proposed.json()["version"].clone();
    body.as_object_mut().unwrap().remove("level");
    let published = joinedup_tests::http::post_json(&url, &body).unwrap();
    assert_eq!(published.status, 201, "{}", published.text());
    for path in ["/?area=havenshire", "/model?area=havenshire&compare=yes"] {
        let page = joinedup_tests::http::get_ok(&product.url(path))
            .unwrap()
            .text();
        assert!(page.contains("Round 2027 is in progress: 1 of"), "{path}");
    }
    let home = joinedup_tests::http::get_ok(&product.url("/?area=havenshire"))
        .unwrap()
        .text();
    assert!(home.contains("between the rounds 2025 and 2026"), "{home}");
}
