//! The three people the pages are for, each on their way to an answer: how many clicks, what stands on the first screen,
//! and whether it is the answer that the interface of the program gives.

use chrono::NaiveDate;
use joinedup_tests::browser::{Browser, Page};
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use serde_json::Value;

fn county() -> Joinedup {
    let product = Joinedup::start(JoinedupOptions::new("demo", &["--per-minute", "1"]));
    product.caught_up();
    product
}

/// The pages of a PDF.
pub fn sheets(pdf: &std::path::Path) -> usize {
    let bytes = std::fs::read(pdf).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.match_indices("/Type /Page")
        .filter(|(at, _)| !text[at + 11..].starts_with('s'))
        .count()
}

/// Whether all that a selector finds lies within the window.
fn on_screen(page: &mut Page, selector: &str) -> bool {
    page.evaluate(&format!(
        "(() => {{ const all = [...document.querySelectorAll('{selector}')]; return all.length > 0 && all.every(e => {{ const r = e.getBoundingClientRect(); return r.height > 0 && r.top >= 0 && r.bottom <= innerHeight; }}); }})()"
    )) == true
}

#[test]
fn the_improvement_lead_sees_whether_the_change_helped_and_prints_it() {
    let product = county();
    // The simulated county moves with the day: when the change began is what the interface says.
    let changes = product.json("/api/v1/changes?area=havenshire").unwrap();
    let change = changes["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["title"] == "Trusted assessors on the wards")
        .unwrap_or_else(|| panic!("{changes}"));
    let started: NaiveDate = change["started"].as_str().unwrap().parse().unwrap();
    let began = started.format("%-d %b %Y").to_string();
    let began = began.as_str();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.viewport(1440, 900);
    page.goto(&product.url("/"));
    // It stands on the first page, with the answer in words.
    let told = page.texts("#under-test .change");
    let told = told
        .iter()
        .find(|text| text.contains(began))
        .unwrap_or_else(|| panic!("the change of {began} is not on the first page: {told:?}"));
    let answer = [
        "Too early to tell",
        "Too few numbers to tell",
        "Better than before",
        "Worse than before",
        "No clear improvement yet",
    ]
    .into_iter()
    .find(|words| told.contains(words));
    let answer = answer.unwrap_or_else(|| panic!("{told}"));
    // What is read out in place of a small drawing is what stands beside it.
    let other = "[...document.querySelectorAll('.findings li')].filter(li => li.querySelector('svg.spark') && li.innerText.includes(', lately ') && !/: usually .*, lately /.test(li.querySelector('svg.spark').getAttribute('aria-label'))).length";
    assert_eq!(page.evaluate(other), 0);
    // One click leads to the page of the change, where the same is said beside its charts, and one more to the whole chart.
    let name = told.lines().next().unwrap().trim().to_owned();
    page.evaluate(&format!(
        "[...document.querySelectorAll('#under-test a')].find(a => a.innerText.trim() === '{name}').click()"
    ));
    page.wait_for("#charts .helped");
    let said = page.text("main");
    assert!(said.contains(&name) && said.contains(answer), "{said}");
    page.evaluate("document.querySelector('#charts .measured h3 a').click()");
    page.wait_for("#changes .helped");
    let there = page.text("#changes");
    assert!(there.contains(&name) && there.contains(answer), "{there}");
    assert!(
        page.text("svg.chart.wide").contains(&name),
        "the flag on the chart"
    );
    // What is said follows from the points of the interface.
    let address = page.address();
    let (path, query) = address
        .split_once("/measures/")
        .unwrap()
        .1
        .split_once('?')
        .unwrap();
    let query = query.split('#').next().unwrap();
    let chart = product
        .json(&format!("/api/v1/charts/{path}?{query}"))
        .unwrap();
    let value = |p: &Value| -> Option<(NaiveDate, f64)> {
        let start = p["period_start"].as_str()?.parse().ok()?;
        Some((start, p["value"].as_f64()?))
    };
    let judged = chart["points"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|p| p["state"] == "final");
    let (mut before, since): (Vec<_>, Vec<_>) = judged
        .filter_map(value)
        .partition(|(start, _)| *start < started);
    before.sort_by(|a, b| a.1.total_cmp(&b.1));
    let n = before.len();
    let median = f64::midpoint(before[(n - 1) / 2].1, before[n / 2].1);
    let below = since.iter().filter(|(_, v)| *v < median).count();
    let above = since.iter().filter(|(_, v)| *v > median).count();
    let side = if above > below { "above" } else { "below" };
    let weeks = |n| format!("{n} {}", if n == 1 { "week" } else { "weeks" });
    let said = if since.len() < 12 {
        format!("{} of data so far, 12 needed", weeks(since.len()))
    } else {
        format!(
            "{} since then were {side} the earlier median",
            weeks(since.len())
        )
    };
    assert!(there.contains(&said), "{said}: {there}");
    // On paper: two sheets at most, the chart on the first.
    let sheets = sheets(&page.print("improvement-lead", false));
    assert!((1..=2).contains(&sheets), "{sheets} sheets");
}

#[test]
fn the_nurse_in_charge_sees_the_three_longest_waits_and_whose_move_each_is() {
    let product = county();
    let waiting = product.json("/api/v1/waiting?area=havenshire").unwrap();
    let longest = &waiting["transfers"].as_array().unwrap()[..3];
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.viewport(1440, 1080);
    // Two clicks at most: from the first page by the number of those waiting too long.
    page.goto(&product.url("/"));
    page.click("a[href='/board']");
    page.wait_for("#people");
    let first_three = "#people tbody tr:nth-child(-n+3) th, #people tbody tr:nth-child(-n+3) .move";
    page.evaluate("document.querySelector('#people').scrollIntoView()");
    assert!(
        on_screen(&mut page, first_three),
        "the three longest are on one screen"
    );
    let rows = page.texts("#people tbody tr");
    for (row, told) in rows.iter().zip(longest) {
        let nights = told["days"].as_i64().unwrap();
        let whose = match told["responsible"].as_str().unwrap() {
            "nhs" => "NHS",
            "social-care" => "Social care",
            "both" => "NHS and social care",
            _ => "Not recorded",
        };
        let step = told["next_step"].as_str().unwrap();
        assert!(
            row.contains(&format!("{nights} night")) && row.contains(whose) && row.contains(step),
            "{row}: {told}"
        );
    }
    // On a telephone the longest is there without a table to push about.
    page.viewport(390, 844);
    page.goto(&product.url("/board"));
    page.evaluate("document.querySelector('#people').scrollIntoView()");
    assert!(on_screen(&mut page, "#people tbody tr:first-child .move"));
    let figures = page.text("#figures");
    assert!(figures.contains("s before ("), "{figures}");
}

#[test]
fn the_director_tells_which_outcomes_got_worse_and_where() {
    let product = county();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.viewport(1440, 900);
    page.goto(&product.url("/leaders"));
    assert!(
        on_screen(&mut page, "#sum"),
        "the answer is on the first screen"
    );
    let sum = page.text("#sum");
    // As the measures page of the same place says it.
    let outcomes = product.json("/api/v1/outcomes?area=havenshire").unwrap();
    let of = |area: &str, measure: &str| -> String {
        let path = format!("/api/v1/charts/{measure}?area={area}");
        let chart = product.json(&path).unwrap();
        chart["verdict"]["variation"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let mut worse = Vec::new();
    for node in outcomes["nodes"].as_array().unwrap() {
        let measures = node["measures"].as_array().unwrap();
        if node["layer"] != "outcome" {
            continue;
        }
        let concern = measures
            .iter()
            .any(|m| of("havenshire", m["measure"].as_str().unwrap()).starts_with("concern"));
        if concern {
            worse.push(node["title"].as_str().unwrap().to_owned());
        }
    }
    let (words, n) = (if worse.len() == 1 { "is" } else { "are" }, worse.len());
    assert!(
        sum.contains(&format!("{n} of 15 outcomes {words} getting worse")),
        "{sum}: {worse:?}"
    );
    for title in &worse {
        assert!(sum.contains(title), "{title}: {sum}");
    }
    // The matrix below shows as many worse and better as the sentence counts.
    for words in ["Getting worse", "Getting better"] {
        let script = format!(
            "[...document.querySelectorAll('#matrix tbody tr')].filter(row => (row.querySelector('td.cell a') || {{}}).title?.startsWith('{words}')).length"
        );
        let rows = page.evaluate(&script).as_u64().unwrap();
        let said = match words {
            "Getting worse" => format!("{rows} of 15 outcomes"),
            _ => format!(
                "{rows} {} getting better",
                if rows == 1 { "is" } else { "are" }
            ),
        };
        assert!(sum.contains(&said), "{sum}: {rows} {words} in the matrix");
    }
    // A measure that no rule judges does not stand for an outcome that has others.
    let held = "[...document.querySelectorAll('#matrix tbody tr:not(.section)')].filter(row => row.querySelector('td.cell a')?.getAttribute('href').startsWith('/measures/ag-community-spend-share')).length";
    assert_eq!(page.evaluate(held), 0);
    // A place has one verdict of an outcome, on the page of its county and on its own.
    let cells = |page: &mut Page, column: usize| {
        page.evaluate(&format!(
            "[...document.querySelectorAll('#matrix tbody tr:not(.section)')].map(row => {{ const a = row.querySelectorAll('td.cell')[{column}]?.querySelector('a'); return a && a.getAttribute('href').split('?')[0] + ' ' + a.title.split(':')[0] }})"
        ))
    };
    let head = "[...document.querySelectorAll('#matrix thead th.cell')].findIndex(th => th.innerText.includes('West'))";
    let west = page.evaluate(head).as_u64().unwrap();
    let there = cells(&mut page, usize::try_from(west).unwrap());
    page.goto(&product.url("/leaders?area=havenshire-west"));
    assert_eq!(cells(&mut page, 0), there, "West Havenshire");
    page.goto(&product.url("/leaders?since=abc"));
    assert_eq!(page.count("#no-day"), 1);
    page.goto(&product.url("/leaders"));
    let sheets = sheets(&page.print("leaders", false));
    assert_eq!(sheets, 2, "two sheets of paper");
    // On paper no column is left out: rules for the board's table are not for the tables of other pages.
    let hidden = page.evaluate("[...document.styleSheets].flatMap(s => [...s.cssRules]).filter(r => r.media?.mediaText === 'print').flatMap(r => [...r.cssRules]).filter(r => r.style?.display === 'none').flatMap(r => [...document.querySelectorAll('table.outcomes :is(th, td)')].filter(e => e.matches(r.selectorText))).length");
    assert_eq!(hidden, 0, "cells that are not printed");
    // What is made of parts is bars in the pack too, and not a line of their sum.
    page.goto(&product.url("/pack?chart=tr-delay-by-reason"));
    assert_eq!(page.count(".pack-chart table.ranked"), 1);
    assert_eq!(page.count(".pack-chart svg.chart"), 0);
    let link = page.attribute(".pack-chart table.ranked a", "href");
    let link = link.unwrap_or_default();
    assert!(link.starts_with("/measures/tr-delay-by-reason?"), "{link}");
    let slide = "/measures/tr-delay-by-reason/slide.svg";
    let slide = joinedup_tests::http::send("GET", &product.url(slide), &[], b"").unwrap();
    assert_eq!(slide.status, 404, "a slide has a line");
    // Outcomes are measured and never rated.
    page.goto(&product.url("/lenses/improvement-area"));
    let outcome = "a[href*='node=se-'], a[href*='node=sy-'], a[href*='node=pe-']";
    assert_eq!(page.count(outcome), 0);
}

#[test]
fn the_wall_screen_has_each_column_on_it_and_a_mistyped_date_keeps_its_form() {
    let product = county();
    let mut browser = Browser::start();
    let mut page = browser.page();
    for (width, height) in [(1366, 768), (1920, 1080), (2560, 1440)] {
        page.viewport(width, height);
        page.goto(&product.url("/board?view=wall"));
        let cut = page.evaluate("[...document.querySelectorAll('#people :is(.scroll, th, td)')].filter(e => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth).length");
        assert_eq!(cut, 0, "cut off at {width}");
        let wards = page.evaluate("[...document.querySelectorAll('#people .ward')].filter(e => e.getClientRects().length > 0).length");
        assert!(wards.as_u64().unwrap() > 0, "no ward at {width}");
    }
    page.goto(&product.url("/measures/tr-delayed-share?from=2026-11-01&to=2026-10-01"));
    assert!(page.text("#turned").contains("must not be after"));
    assert_eq!(
        page.attribute("#from", "value").as_deref(),
        Some("2026-11-01")
    );
    assert!(
        page.count("#chart svg.chart") > 0,
        "the chart is still there"
    );
    // Hospitals that send the same kind of data are told apart.
    page.goto(&product.url("/sources"));
    let sources = page.text("#sources-table");
    for name in ["Havenshire General PAS", "St Anne's PAS"] {
        assert!(sources.contains(name), "{sources}");
    }
    page.goto(&product.url("/leaders?area=nowhere"));
    let words = page.text("main");
    assert!(
        words.contains("no such area") && !words.contains("/api/"),
        "{words}"
    );
}
