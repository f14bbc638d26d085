//! The trials of the three people and of a newcomer at 1366 × 768, the usual laptop: clicks are counted, and the words that
//! stand before the answer.

use super::pages::{demo, empty};
use joinedup_tests::browser::{Browser, Page};
use joinedup_tests::care;
use joinedup_tests::product::Joinedup;
use serde_json::{Value, json};

/// Somebody on the way to an answer.
struct Walk<'a> {
    page: Page,
    product: &'a Joinedup,
    clicks: usize,
}

impl<'a> Walk<'a> {
    fn from(browser: &mut Browser, product: &'a Joinedup, path: &str) -> Self {
        let mut page = browser.page();
        page.viewport(1366, 768);
        page.goto(&product.url(path));
        Self {
            page,
            product,
            clicks: 0,
        }
    }

    /// A click on what a selector finds, and on nothing that is covered or off the page.
    fn click(&mut self, selector: &str) -> &mut Self {
        self.page.click(selector);
        self.clicks += 1;
        self
    }

    fn until(&mut self, selector: &str) -> &mut Self {
        self.page.wait_for(selector);
        self
    }

    /// The words that are to be seen from the top of the page to what a selector finds, which is on the first screen.
    fn words_before(&mut self, selector: &str) -> u64 {
        let quoted = serde_json::json!(selector);
        let seen = format!(
            "(() => {{ const e = document.querySelector({quoted}); const b = e.getBoundingClientRect(); \
             if (b.top < 0 || b.bottom > innerHeight) return -1; \
             const texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT); \
             let words = 0; \
             for (let n; (n = texts.nextNode()) && !e.contains(n);) \
               if (n.parentElement.checkVisibility()) words += (n.data.match(/\\S+/g) || []).length; \
             return words; }})()"
        );
        let words = self.page.evaluate(&seen).as_i64().unwrap();
        u64::try_from(words).unwrap_or_else(|_| {
            panic!(
                "{selector} is not on the first screen of {}",
                self.page.address()
            )
        })
    }
}

#[test]
fn the_improvement_lead_reads_the_answer_at_once_and_takes_the_chart_to_a_slide() {
    let product = demo();
    let mut browser = Browser::start();
    let mut walk = Walk::from(&mut browser, &product, "/");
    let words = walk.words_before("#under-test .helped");
    assert!(words <= 120, "{words} words before the answer");
    assert_eq!(walk.clicks, 0);
    // The change, its chart, and the picture of it.
    walk.click("#under-test a").until("#charts .helped");
    walk.click("#charts .measured h3 a").until("svg.chart");
    walk.click("#elsewhere summary").until("#elsewhere[open]");
    assert_eq!(walk.clicks, 3);
    let slide = walk.page.evaluate(
        "document.querySelector('#elsewhere a[href*=\"slide.svg\"]').getAttribute('href')",
    );
    let slide = slide.as_str().unwrap();
    let title = walk.page.text("h1");
    let drawn = joinedup_tests::http::send("GET", &walk.product.url(slide), &[], b"");
    let drawn = drawn.unwrap().text();
    assert!(
        drawn.contains(title.split(':').next().unwrap()) && !drawn.contains("var(--"),
        "the slide has the finding and its own colours"
    );
}

#[test]
fn the_nurse_in_charge_sees_who_waits_longest_and_narrows_to_a_ward() {
    let product = demo();
    let mut browser = Browser::start();
    let mut walk = Walk::from(&mut browser, &product, "/");
    // Already on the first page, with who needs to act; and in the whole list one click later.
    let words = walk.words_before("#waits .findings");
    assert!(words <= 170, "{words} words before the longest waits");
    walk.click("nav a[href='/board']").until("#people tbody tr");
    // The three longest waits are on the first screen. How many words each row has is for its reasons and not for the page.
    let words = walk.words_before("#people tbody tr:first-child .move");
    assert!(words <= 90, "{words} words before the longest waits");
    walk.words_before("#people tbody tr:nth-child(3) .move");
    walk.click("#filters summary")
        .until("#filters a[href*='ward=']");
    let chosen = walk
        .page
        .evaluate("(() => { const a = document.querySelector(\"#filters a[href*='ward=']\"); return [Number(a.querySelector('strong').innerText), a.getAttribute('href')]; })()");
    walk.click("#filters a[href*='ward=']")
        .until("#filters a[aria-current]");
    assert_eq!(walk.page.count("#people tbody tr"), chosen[0]);
    assert_eq!(walk.clicks, 3);
    // On a telephone each person keeps the hospital, and each value its label.
    walk.page.viewport(390, 844);
    walk.page.goto(&product.url("/board"));
    let labelled = walk.page.evaluate("(() => { const td = document.querySelector('#people td[data-label^=Hospital]'); return td.getClientRects().length > 0 && getComputedStyle(td, '::before').content.includes('Hospital'); })()");
    assert_eq!(labelled, true);
}

#[test]
fn the_board_for_a_huddle_is_two_sheets_of_those_who_need_somebody_to_act() {
    let product = empty();
    let referral = |n: usize, service: &str| {
        let data = json!({ "referral": format!("r-{n}"), "area": "hv-north-2", "service": service, "priority": "urgent", "trigger": "request" });
        let id = format!("r-{n}-received");
        care::event("referral.received.v1", &id, "2026-09-07T09:00:00Z", data)
    };
    let mut events: Vec<Value> = (0..40).map(|n| referral(n, "mdt")).collect();
    events.push(referral(40, "crisis-response"));
    for n in 0..32 {
        let (stay, dates) = (format!("t-{n}"), ["2026-09-01", "2026-09-07", "2026-09-10"]);
        let stay = care::stay(&stay, "hv-north-2", dates[0], dates[1], dates[2]);
        events.extend(stay.into_iter().take(2));
    }
    assert!(product.post(&events).status < 300);
    product.caught_up();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&product.url("/board?area=havenshire&pathway=none"));
    let sheets = super::people::sheets(&page.print("board", false));
    assert!((1..=2).contains(&sheets), "{sheets} sheets");
    // Each sheet says of when it is, what it is narrowed to, and what was left out.
    let paper =
        page.evaluate("[...document.querySelectorAll('.on-paper')].map(e => e.textContent)");
    let paper = paper.to_string();
    for said in [
        "As of ",
        "Pathway: Not decided",
        "40 referrals that are not overdue",
    ] {
        assert!(paper.contains(said), "{said}: {paper}");
    }
    assert_eq!(page.count("#referrals tbody tr:not(.routine)"), 1);
}

#[test]
fn the_director_has_the_answer_and_what_moved_since_the_board_on_one_screen() {
    let product = demo();
    let mut browser = Browser::start();
    let mut walk = Walk::from(&mut browser, &product, "/");
    walk.click("nav a[href='/leaders']").until("#sum .lead");
    let words = walk.words_before("#sum .lead strong");
    assert!(words <= 40, "{words} words before the answer");
    assert!(walk.page.text("#matrix").contains("Since the board of"));
    walk.words_before("#matrix h2");
    assert_eq!(walk.clicks, 1);
    // Every cell of the matrix has its meaning in words for who cannot see the icon.
    let cells = walk.page.count("#matrix td.cell");
    assert!(cells >= 15, "{cells}");
    let silent = walk.page.evaluate("[...document.querySelectorAll('#matrix td.cell a')].filter(a => !(a.getAttribute('aria-label') || a.innerText).trim()).length");
    assert_eq!(silent, 0);
}

#[test]
fn a_newcomer_finds_the_help_and_brings_a_table_to_a_chart() {
    let product = empty();
    let mut browser = Browser::start();
    let mut walk = Walk::from(&mut browser, &product, "/");
    let words = walk.words_before("main a[href*='/data/add']");
    assert!(words <= 120, "{words} words before the way in");
    walk.click("footer a[href='/help']").until("#read-a-chart");
    assert!(walk.page.text("main").contains("Special cause"));
    assert_eq!(walk.clicks, 1, "help is one click away");
    let mut walk = Walk::from(&mut browser, &product, "/");
    walk.click("main a[href*='/data/add']")
        .until("textarea[name=text]");
    walk.click("textarea[name=text]");
    walk.page.type_text(
        "Month,Place,Emergency bed days\nJan 2026,North Havenshire,120\nFeb 2026,North Havenshire,131\n",
    );
    // The column says what it is, so nothing has to be put right.
    walk.click("main button").until("#counts");
    walk.click("#take").until("#taken");
    walk.click("#charts a").until("#points");
    assert!(walk.clicks <= 6, "{} clicks to the chart", walk.clicks);
}
