//! Which people an event is about, and who referred them: asked of charts, scorecards and pages.

use joinedup_tests::browser::Browser;
use joinedup_tests::http;
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use serde_json::{Value, json};

const AREA: &str = "hv-north-2";

/// A referral of each week from January, received and with a plan agreed three days later.
fn referral(number: usize, people: Option<&str>, sector: Option<&str>, by: &str) -> [Value; 2] {
    let date = |days: usize| {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        format!("{}T10:00:00Z", day + chrono::Days::new(days as u64))
    };
    let event = |fact: &str, days: usize, data: Value| {
        let mut data = data;
        data["referral"] = json!(format!("r-{number}"));
        data["area"] = json!(AREA);
        json!({
            "specversion": "1.0", "type": format!("care.joinedup.referral.{fact}.v1"), "source": "tests/people",
            "id": format!("{fact}-{number}"), "time": date(days), "recordedtime": date(days),
            "datacontenttype": "application/json", "data": data,
        })
    };
    let days = number % 140;
    let mut received =
        json!({ "service": "mdt", "priority": "routine", "trigger": "case-finding" });
    received["population"] = json!(people);
    received["sector"] = json!(sector);
    let plan = json!({ "agreed_by": by, "personal_budget": "not-appropriate" });
    [
        event("received", days, received),
        event("plan-agreed", days + 3, plan),
    ]
}

fn total(chart: &Value) -> f64 {
    let points = chart["points"].as_array().unwrap();
    points
        .iter()
        .filter_map(|p| p["numerator"].as_f64().or(p["value"].as_f64()))
        .sum()
}

#[test]
fn measures_scorecards_and_pages_are_asked_about_some_people_alone() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let mut events = Vec::new();
    for n in 0..280 {
        let (people, sector, by) = match n % 4 {
            0 => (Some("older-people"), Some("housing"), "person-or-proxy"),
            1 => (Some("older-people"), Some("health"), "person-or-proxy"),
            2 => (Some("mental-health"), Some("voluntary"), "clinical-team"),
            _ => (None, None, "clinical-team"),
        };
        events.extend(referral(n, people, sector, by));
    }
    product.post(&events);
    product.caught_up();
    let chart = |query: &str| {
        product.json(&format!(
            "/api/v1/charts/md-plan-agreed-by-person?area={AREA}&from=2026-01-05{query}"
        ))
    };
    let agreed = |query: &str| total(&chart(query).unwrap());
    eventually("the chart has all plans", || {
        let all = agreed("");
        if all == 140.0 {
            Ok(())
        } else {
            Err(all.to_string())
        }
    });
    assert_eq!(agreed("&population=older-people"), 140.0);
    assert_eq!(agreed("&population=mental-health"), 0.0);
    assert_eq!(agreed("&sector=housing"), 70.0);
    let unknown = http::get(&product.url(&format!(
        "/api/v1/charts/md-plan-agreed-by-person?area={AREA}&population=nobody"
    )));
    let unknown = unknown.unwrap();
    assert_eq!(unknown.status, 400, "{}", unknown.text());
    assert!(
        unknown.text().contains("population has no such value here"),
        "{}",
        unknown.text()
    );

    // The scorecard: what says whom it is about is shown of them, the rest says what it lacks.
    let card = |people: &str| {
        let answer = product.json(&format!(
            "/api/v1/scorecards/sustain?area={AREA}&population={people}"
        ));
        answer.unwrap()["items"].as_array().unwrap().clone()
    };
    let line =
        |items: &[Value], id: &str| items.iter().find(|i| i["measure"] == id).cloned().unwrap();
    let value = |people: &str| line(&card(people), "md-plan-agreed-by-person")["value"].as_f64();
    assert_eq!(
        (value(""), value("older-people"), value("mental-health")),
        (Some(0.5), Some(1.0), Some(0.0))
    );
    assert_eq!(
        line(&card("learning-disability"), "md-plan-agreed-by-person")["value"],
        Value::Null
    );
    let nobody = http::get(&product.url(&format!(
        "/api/v1/scorecards/sustain?area={AREA}&population=nobody"
    )));
    assert_eq!(nobody.unwrap().status, 404);

    // What is misspelt at the door would pass no filter: it is refused there.
    let mut wrong = referral(999, Some("mental-helth"), None, "advocate")[0].clone();
    wrong["id"] = json!("wrong");
    let refused = product.post(&[wrong]);
    assert!(
        refused
            .text()
            .contains("/data/population must be a population"),
        "{}",
        refused.text()
    );
    assert!(
        refused.text().contains("learning-disability"),
        "{}",
        refused.text()
    );

    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&product.url(&format!("/scorecards/sustain?area={AREA}")));
    page.choose("#pick-population", "older-people");
    page.click("form.people button");
    page.wait_until(
        "document.querySelector('h1').textContent.includes('Older people')",
        "the page is of older people",
    );
    let shown = page.text("#scorecard");
    assert!(shown.contains("100%") && !shown.contains("50%"), "{shown}");
    page.click("#scorecard a[href*='md-plan-agreed-by-person']");
    page.wait_until(
        "document.body.textContent.includes('group of people')",
        "the chart is of older people",
    );

    // The outcomes: the words of all, with the numbers of older people alone, down to the chart.
    page.goto(&product.url(&format!("/leaders?area={AREA}")));
    page.choose("#pick-numbers", "older-people");
    page.click("form.people:has(#pick-numbers) button");
    page.wait_until(
        "document.querySelector('h1').textContent.includes('Older people')",
        "the outcomes are of older people",
    );
    let shown = page.text("main");
    assert!(shown.contains("100%") && !shown.contains("50%"), "{shown}");
    assert!(
        shown.contains("Numbers that do not say which people they are of are left out"),
        "{shown}"
    );
    page.click("main a.measure-link[href*='md-plan-agreed-by-person']");
    page.wait_until(
        "document.body.textContent.includes('group of people')",
        "the chart is of older people",
    );
}
