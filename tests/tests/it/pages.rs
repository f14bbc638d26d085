//! The pages as people meet them: in a browser, with a keyboard, while events arrive and the server restarts.

use joinedup_tests::browser::{Browser, Key, Page};
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use joinedup_tests::{care, http};
use serde_json::{Value, json};

/// Every page of the product, with what it is about in the address.
pub const PAGES: [&str; 16] = [
    "/",
    "/measures/tr-delayed-share?area=havenshire",
    "/measures/tr-delay-days-median?area=havenshire-west&split=reason",
    "/measures",
    "/changes?plan=tr-delayed-share",
    "/changes/trusted-assessor-west",
    "/board",
    "/leaders",
    "/scorecards",
    "/pack?scorecard=bcf-2025",
    "/scorecards/interface-2017",
    "/model?node=co-timely-transfers",
    "/frameworks",
    "/sources",
    "/data/add",
    "/help",
];

pub fn demo() -> Joinedup {
    let flags = ["--scale", "0.2", "--per-minute", "1"];
    let product = Joinedup::start(JoinedupOptions::new("demo", &flags));
    product.caught_up();
    product
}

pub fn empty() -> Joinedup {
    Joinedup::start(JoinedupOptions::new("serve", &[]))
}

fn observed(id: u32, month: &str, value: u32) -> Value {
    json!({
        "specversion": "1.0",
        "type": "care.joinedup.observation.observed.v1",
        "source": "test/pages",
        "id": format!("page-test-{id}"),
        "time": format!("{month}T00:00:00Z"),
        "data": {
            "area": "E10000012", "series": "dtoc-delayed-days", "period_start": month, "grain": "month",
            "value": value, "breakdown": {},
        },
    })
}

/// The points as the page's table shows them, by their first day.
fn table(page: &mut Page) -> Vec<(String, f64)> {
    let rows = page.evaluate(
        "[...document.querySelectorAll('#points tbody tr')].map(r => [r.dataset.start, r.querySelector('[data-value]')?.dataset.value ?? null])",
    );
    rows.as_array()
        .expect("the table has rows")
        .iter()
        .filter_map(|row| {
            let start = row[0].as_str()?.to_owned();
            Some((start, row[1].as_str()?.parse().ok()?))
        })
        .collect()
}

#[test]
fn the_page_shows_the_numbers_and_the_verdict_of_the_api() {
    let product = demo();
    let mut browser = Browser::start();
    let mut page = browser.page();
    // The past only: what trickles in meanwhile is of today.
    let query = "area=havenshire&period=month&to=2026-09-30";
    page.goto(&product.url(&format!("/measures/tr-delayed-share?{query}")));
    let chart = product
        .json(&format!("/api/v1/charts/tr-delayed-share?{query}"))
        .unwrap();
    let mut expected: Vec<(String, f64)> = chart["points"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|p| {
            let start = p["period_start"].as_str()?.to_owned();
            Some((start, p["value"].as_f64()?))
        })
        .collect();
    expected.reverse();
    assert!(expected.len() > 12, "{expected:?}");
    let shown = table(&mut page);
    assert_eq!(shown.len(), expected.len(), "{shown:?}");
    for ((day, value), (other_day, other)) in shown.iter().zip(&expected) {
        // JSON is read to within the last digit of a number.
        assert!(
            day == other_day && (value - other).abs() < 1e-12,
            "{day} {value}, {other_day} {other}"
        );
    }
    let points = chart["points"].as_array().unwrap().len();
    assert_eq!(page.count("svg.chart.wide .point"), points as u64);
    assert_eq!(
        page.attribute("[data-variation]", "data-variation")
            .as_deref(),
        chart["verdict"]["variation"].as_str()
    );
    let why = chart["verdict"]["why"].as_str().unwrap();
    assert!(
        page.evaluate("document.querySelector('.verdict .why').textContent") == why,
        "{why}"
    );
}

#[test]
fn an_event_moves_the_chart_without_a_reload_and_keeps_the_focus() {
    let product = empty();
    let months = ["2025-01-01", "2025-02-01", "2025-03-01"];
    let first: Vec<Value> = months
        .iter()
        .zip(1..)
        .map(|(month, id)| observed(id, month, 100 + id))
        .collect();
    assert_eq!(product.post(&first).status, 202);
    product.caught_up();
    let mut browser = Browser::start();
    let mut page = live_page(
        &mut browser,
        &product.url("/?measure=dtoc-delayed-days&area=E10000012&period=month"),
    );
    assert!(
        page.text(".value-now").contains("103"),
        "{}",
        page.text(".value-now")
    );
    page.evaluate("window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach(e => window.shift += e.value)).observe({ type: 'layout-shift' })");
    page.evaluate("window.untouched = true; document.querySelector('svg.chart.wide .point[tabindex=\"0\"]').focus()");
    assert_eq!(product.post(&[observed(9, "2025-04-01", 777)]).status, 202);
    page.wait_until(
        "document.querySelector('#points [data-start=\"2025-04-01\"] [data-value]')?.dataset.value === '777'",
        "the new month is in the table",
    );
    assert!(page.text(".value-now").contains("777"));
    assert_eq!(page.evaluate("window.untouched"), true);
    // Below 0.1 is what the web calls good.
    let shift = page.evaluate("window.shift").as_f64().unwrap();
    assert!(shift < 0.1, "the page jumped by {shift}");
    assert_eq!(
        page.evaluate("document.activeElement.dataset.start ?? ''"),
        "2025-03-01"
    );
    assert_eq!(page.complaints(), &[] as &[String]);
}

#[test]
fn a_page_says_when_it_is_not_live_and_comes_back_by_itself() {
    let mut product = empty();
    assert_eq!(product.post(&[observed(1, "2025-01-01", 100)]).status, 202);
    product.caught_up();
    let mut browser = Browser::start();
    let mut page = live_page(
        &mut browser,
        &product.url("/?measure=dtoc-delayed-days&area=E10000012&period=month"),
    );
    product.kill9();
    page.wait_until(
        "!document.getElementById('live-note').hidden && document.getElementById('live-note').textContent.startsWith('Not updating since')",
        "the page says that it is not live",
    );
    product.restart();
    page.wait_until(LIVE, "the page is live again");
    assert_eq!(product.post(&[observed(2, "2025-02-01", 555)]).status, 202);
    page.wait_until(
        "document.querySelector('.value-now').innerText.includes('555')",
        "what came after the restart is on the page",
    );
    assert_eq!(
        page.evaluate("document.getElementById('live-note').hidden"),
        true
    );
}

/// A page's being told of what moves.
const LIVE: &str = "document.documentElement.dataset.live === 'yes'";

/// Opens a page, and waits until it is live.
fn live_page(browser: &mut Browser, url: &str) -> Page {
    let mut page = browser.page();
    page.goto(url);
    page.wait_until(LIVE, "the page is live");
    page
}

/// Sets the page's clock forward, as if it had been left alone.
fn later(page: &mut Page, seconds: u32) {
    page.evaluate(&format!(
        "(now => {{ Date.now = () => now() + {seconds}000; }})(Date.now.bind(Date))"
    ));
}

#[test]
fn a_page_left_open_is_asked_for_anew_although_nothing_moves() {
    let product = empty();
    let mut browser = Browser::start();
    let mut page = live_page(&mut browser, &product.url("/"));
    let hide = |page: &mut Page, hidden: bool| {
        page.evaluate(&format!(
            "Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }}),
             document.dispatchEvent(new Event('visibilitychange')), true"
        ));
    };
    hide(&mut page, true);
    later(&mut page, 120);
    page.evaluate(
        "document.addEventListener('parts-taken', () => document.body.dataset.fresh = 'yes')",
    );
    hide(&mut page, false);
    let fresh = "document.body.dataset.fresh === 'yes'";
    page.wait_until(fresh, "the page was asked for anew");
}

#[test]
fn a_slow_line_is_given_time_to_connect() {
    let product = empty();
    let mut browser = Browser::start();
    let mut page = live_page(&mut browser, &product.url("/"));
    // From here on a connection takes longer than the test.
    page.evaluate(
        "window.made = 0; window.EventSource = class extends EventTarget { constructor() { super(); made += 1; } close() {} }; true",
    );
    later(&mut page, 20);
    page.wait_until("made === 1", "a new connection is tried");
    let waited = "new Promise(done => setTimeout(() => done(made), 3000))";
    assert_eq!(page.evaluate(waited), 1, "and not another each second");
}

#[test]
fn every_page_is_accessible_quiet_and_keeps_to_this_host_in_light_and_dark() {
    let product = demo();
    let mut browser = Browser::start();
    let mut page = browser.page();
    for path in PAGES.iter().chain(&["/quarantine"]) {
        for dark in [false, true] {
            let scheme = if dark { "dark" } else { "light" };
            page.prefer(&[("prefers-color-scheme", scheme)]);
            page.goto(&product.url(path));
            let bad: Vec<_> = page
                .accessibility_violations()
                .into_iter()
                .filter(|v| matches!(v.impact.as_str(), "serious" | "critical"))
                .collect();
            assert!(bad.is_empty(), "{path}, dark {dark}: {bad:#?}");
        }
        assert_eq!(page.complaints(), &[] as &[String], "{path}");
        assert_eq!(page.requests_that_left(), Vec::new(), "{path}");
    }
}

#[test]
fn no_page_scrolls_sideways_on_a_telephone_a_tablet_or_a_desk() {
    let product = demo();
    let mut browser = Browser::start();
    let mut page = browser.page();
    for path in PAGES {
        for (width, height) in [(390, 844), (1024, 768), (1440, 900)] {
            page.viewport(width, height);
            page.goto(&product.url(path));
            assert!(!page.scrolls_sideways(), "{path} at {width} pixels");
        }
    }
}

#[test]
fn a_keyboard_reaches_the_chart_and_walks_its_points() {
    let product = demo();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&product.url("/measures/tr-delayed-share?area=havenshire&period=month"));
    let on_point = "document.activeElement.matches('.point')";
    let mut stops = 0;
    while page.evaluate(on_point) != true {
        page.press(Key::Tab);
        stops += 1;
        assert!(stops < 80, "the tab key does not reach the chart");
    }
    let words = |page: &mut Page| page.text("[data-reading]");
    let before = words(&mut page);
    page.press(Key::Left);
    eventually("the panel reads the point before", || {
        let now = words(&mut page);
        if now == before { Err(now) } else { Ok(()) }
    });
    page.press(Key::Home);
    let chart = product
        .json("/api/v1/charts/tr-delayed-share?area=havenshire&period=month")
        .unwrap();
    assert_eq!(
        page.evaluate("document.activeElement.dataset.start"),
        chart["points"][0]["period_start"]
    );
}

#[test]
fn a_change_recorded_on_the_page_becomes_a_flag_on_the_chart() {
    let product = demo();
    let mut browser = Browser::start();
    let mut page = browser.page();
    let chart = product.url("/measures/tr-delayed-share?area=havenshire-mid");
    page.goto(&chart);
    let flags = page.count("svg.chart.wide .flag");
    page.click("#changes a[href*='plan=']");
    page.wait_for("#plan-title");
    page.click("#plan-title");
    page.type_text("Ward round at nine");
    page.click("#plan [name=begun][value=yes]");
    page.evaluate("document.querySelector('#plan-on').value = '2026-03-02'");
    page.click("#plan button[type=submit]");
    page.wait_for("#saved");
    page.goto(&chart);
    assert!(page.text("#changes").contains("Ward round at nine"));
    assert_eq!(page.count("svg.chart.wide .flag"), flags + 1);
}

#[test]
fn a_form_from_elsewhere_records_nothing() {
    let product = empty();
    let head = product.caught_up();
    let body = "area=havenshire&target=1&from=2026-03-02&reason=x&version=0&back=/";
    let answer = http::send(
        "POST",
        &product.url("/measures/tr-delayed-share/target"),
        &[
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", "https://elsewhere.example"),
        ],
        body.as_bytes(),
    )
    .unwrap();
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert_eq!(product.caught_up(), head);
}

#[test]
fn another_measure_is_shown_without_the_filters_that_it_does_not_have() {
    let product = empty();
    let to = |measure: &str| {
        let path = format!("/?measure={measure}&area=havenshire&responsible=nhs&split=area");
        let sent = http::get(&product.url(&path)).unwrap();
        let to = sent.header("location").unwrap().to_owned();
        let shown = http::get(&product.url(&to)).unwrap();
        assert_eq!(shown.status, 200, "{to}");
        to
    };
    let kept = "/measures/tr-ready-now?area=havenshire&responsible=nhs&split=area";
    assert_eq!(to("tr-ready-now"), kept);
    for other in ["md-accepted-share", "dtoc-delayed-days"] {
        let left = format!("/measures/{other}?area=havenshire&split=area");
        assert_eq!(to(other), left);
    }
}

#[test]
fn with_no_data_every_page_says_so_and_stands() {
    let product = empty();
    let mut browser = Browser::start();
    let mut page = browser.page();
    for path in [
        "/",
        "/measures",
        "/board",
        "/leaders",
        "/model",
        "/sources",
        "/quarantine",
        "/measures/tr-delay-days-median",
    ] {
        page.goto(&product.url(path));
        assert!(!page.text("main h1").is_empty(), "{path}");
    }
    page.goto(&product.url("/leaders"));
    assert!(
        page.text("#since-board")
            .contains("too few data to compare")
    );
    page.goto(&product.url("/sources"));
    assert!(page.text("main").contains("No data received yet"));
    page.goto(&product.url("/"));
    let home = page.text("main");
    for step in ["No data received yet", "Where are you?", "Have you a file?"] {
        assert!(home.contains(step), "{step}: {home}");
    }
    // Nothing is called up to date, and nothing is green.
    assert_eq!(page.count(".state.good"), 0);
}

#[test]
fn what_no_source_reports_is_not_shown_as_zero() {
    let product = empty();
    let mut browser = Browser::start();
    let mut page = browser.page();
    let reported: Vec<Value> = (1..=9)
        .map(|n| observed(n, &format!("2026-0{n}-01"), n))
        .collect();
    assert!(product.post(&reported).status < 300);
    product.caught_up();
    page.goto(&product.url("/"));
    let home = page.text("main");
    for said in [
        "No hospital here sends discharge data yet",
        "No chart of this place has enough data",
        "No source has a schedule",
    ] {
        assert!(home.contains(said), "{said} is not in {home}");
    }
    page.goto(&product.url("/board"));
    assert_eq!(page.text("#figures strong"), "–");
    assert!(
        page.text("#people")
            .contains("we cannot show who is waiting")
    );
    let board = product.json("/api/v1/waiting").unwrap();
    assert_eq!(board["transfers_reported_until"], Value::Null, "{board}");
}

#[test]
fn a_page_stays_small_on_the_wire() {
    let product = demo();
    for path in PAGES {
        let answer = http::send(
            "GET",
            &product.url(path),
            &[("accept-encoding", "gzip")],
            b"",
        )
        .unwrap();
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            answer.body.len() < 60_000,
            "{path} has {} bytes",
            answer.body.len()
        );
    }
}

#[test]
fn who_waits_is_told_with_the_day_at_which_old_data_stop() {
    let product = empty();
    let send = |stay: &str, left: bool| {
        let dates = ["2026-09-01", "2026-09-07", "2026-09-10"];
        let events = care::stay(stay, "hv-north-2", dates[0], dates[1], dates[2]);
        let known = events.into_iter().take(if left { 3 } else { 2 });
        let events: Vec<Value> = known
            .map(|event| care::recorded(event, "2026-09-11T08:00:00Z"))
            .collect();
        assert!(product.post(&events).status < 300);
        product.caught_up();
    };
    let page = |path: &str| {
        let path = product.url(&format!("{path}?area=havenshire"));
        http::get_ok(&path).unwrap().text()
    };
    send("t-gone", true);
    assert!(page("/").contains("Nobody is waiting to leave hospital, in data complete to"));
    send("t-here", false);
    assert!(page("/").contains("nights or more, in data complete to"));
    // On a wall a number is read by itself.
    let wall = product.url("/board?area=havenshire&view=wall");
    let wall = http::get_ok(&wall).unwrap().text();
    assert!(wall.contains("in data to Fri 11 Sep"), "{wall}");
    for path in ["/", "/board"] {
        let shown = page(path);
        let said = shown.split("The data here are complete to ").nth(1);
        assert!(
            said.is_some_and(|day| day[..16].contains("11 Sep")),
            "{path}"
        );
    }
}
