//! Every framework of the catalogue × what it allows (rate, answer, score, tag, list), each done through its own page in a
//! browser or refused there in words. The table is made from the catalogue, so a local file's frameworks stand in it too.

use super::sheets::with_own;
use joinedup_tests::browser::{Browser, Page};
use joinedup_tests::http::{self, Response};
use joinedup_tests::product::Joinedup;
use joinedup_tests::tokens::{token, with_tokens};
use serde_json::Value;

const AREA: &str = "havenshire-north";

fn post(product: &Joinedup, path: &str, fields: &[(&str, &str)]) -> Response {
    post_as(product, path, fields, &[])
}

fn post_as(
    product: &Joinedup,
    path: &str,
    fields: &[(&str, &str)],
    more: &[(&str, &str)],
) -> Response {
    let percent = |text: &str| -> String { text.bytes().map(|b| format!("%{b:02X}")).collect() };
    let fields = fields
        .iter()
        .map(|(n, v)| format!("{}={}", percent(n), percent(v)));
    let body = fields.collect::<Vec<_>>().join("&");
    let origin = product.url("");
    let own = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", origin.trim_end_matches('/')),
    ];
    let headers: Vec<(&str, &str)> = own.into_iter().chain(more.iter().copied()).collect();
    http::send("POST", &product.url(path), &headers, body.as_bytes()).unwrap()
}

fn get(product: &Joinedup, path: &str) -> Response {
    http::send("GET", &product.url(path), &[("accept", "text/html")], &[]).unwrap()
}

/// Opens a page of a framework by its link in the list of all of them.
fn open(product: &Joinedup, page: &mut Page, id: &str, to: &str) {
    page.goto(&product.url(&format!("/frameworks?area={AREA}")));
    page.click(&format!(
        "section[aria-labelledby='f-{id}'] a[href*='/frameworks/{id}/{to}']"
    ));
    let there =
        format!("location.pathname.endsWith('/{id}/{to}') && document.readyState === 'complete'");
    page.wait_until(&there, "the framework's page is open");
}

/// The page of all frameworks names every item of it.
fn lists(product: &Joinedup, page: &mut Page, framework: &Value) {
    let id = framework["id"].as_str().unwrap();
    page.goto(&product.url(&format!("/frameworks?area={AREA}")));
    let told = page.evaluate(&format!(
        "document.querySelector(\"section[aria-labelledby='f-{id}']\").textContent"
    ));
    for item in framework["item"].as_array().unwrap() {
        let title = item["title"].as_str().unwrap();
        assert!(told.as_str().unwrap().contains(title), "{id}: {title}");
    }
}

/// Rates the first item with the highest level, publishes it, and finds it among the results. A level above the scale is
/// refused at its field.
fn rate(product: &Joinedup, page: &mut Page, framework: &Value) {
    let id = framework["id"].as_str().unwrap();
    open(product, page, id, "sheet");
    let item = page.evaluate("document.querySelector('#level-0-0 input').name.split('|')[2]");
    let item = item.as_str().unwrap();
    let highest = framework["scale"]["highest"].to_string();
    let sheet = format!("/frameworks/{id}/sheet?area={AREA}&of=itself&view=moderate&round=2026");
    let above = framework["scale"]["highest"].as_u64().unwrap() + 1;
    let refused = post(
        product,
        &sheet,
        &[
            (&format!("level|{AREA}|{item}"), &above.to_string()),
            (&format!("seen|{AREA}|{item}"), "0..0.0."),
            ("do", "save"),
        ],
    );
    assert_eq!(refused.status, 422, "{id}");
    assert!(refused.text().contains("The level must be between"), "{id}");

    page.goto(&product.url(&sheet));
    page.click(&format!("#level-0-0 input[value='{highest}']"));
    page.click("button[value=publish]");
    page.wait_for("#saved");
    let saved = page.text("#saved");
    assert!(
        saved.contains("1 entry saved and 1 rating published"),
        "{id}: {saved}"
    );
    page.click("nav.choices a[href*='/results']");
    page.wait_for("#as-levels");
    assert!(page.text("main").contains("round 2026"), "{id}");
    let levels = page.texts("#as-levels tbody .level");
    assert_eq!(levels.first(), Some(&highest), "{id}: {levels:?}");
    let csv = get(
        product,
        &format!("/frameworks/{id}/results.csv?area={AREA}"),
    );
    let csv = csv.text();
    assert!(
        csv.contains(&format!("2026,published,{highest},")),
        "{id}: {csv}"
    );
}

/// Answers every question with the highest answer and reads the score; a score off the scale, no answer at all and a day to
/// come are refused at their fields.
fn answer(product: &Joinedup, page: &mut Page, framework: &Value) {
    let id = framework["id"].as_str().unwrap();
    open(product, page, id, "answers");
    let field = page.evaluate("document.querySelector('#a-0-0 input').name");
    let field = field.as_str().unwrap();
    let path = format!("/frameworks/{id}/answers?area={AREA}");
    let head = product.caught_up();
    let above = (framework["scale"]["highest"].as_u64().unwrap() + 1).to_string();
    for (score, on, words) in [
        (above.as_str(), "2026-03-02", "The answer must be from"),
        ("", "2026-03-02", "Choose at least one answer"),
        ("-", "2999-01-01", "not in the future"),
    ] {
        let fields = [
            (field, score),
            ("on", on),
            ("mode", "paper"),
            ("respondent", "staff"),
            ("team", "team-1"),
        ];
        let refused = post(product, &path, &fields);
        assert_eq!(refused.status, 422, "{id}");
        assert!(refused.text().contains(words), "{id}: {words}");
    }
    assert_eq!(product.caught_up(), head, "{id}");

    let items = framework["item"].as_array().unwrap();
    for number in 0..items.len() {
        // The highest answer of the question's own scale; the last choice may be that it does not apply.
        page.click(&format!("#a-0-{number} label:nth-of-type(2) input"));
    }
    if page.count("#team") > 0 {
        page.click("#team");
        page.type_text("team-1");
    }
    page.click("#save");
    page.wait_for("#saved");
    assert_eq!(
        product.caught_up(),
        head + 1,
        "{id}: one event a questionnaire"
    );
    let saved = page.text("#saved");
    assert!(saved.contains("1 questionnaire entered"), "{id}: {saved}");
    let score = match id {
        // Each measure that is made of its answers, with its newest value; one answer is enough to see it.
        "i-statements" | "p3c-eq" | "tci-14" => "2026",
        _ => "No measure is made of these answers yet",
    };
    let so_far = page.text("#so-far");
    assert!(so_far.contains(score), "{id}: {so_far}");
}

/// A change is given an item of the framework as its concept, or the framework is not one of concepts and the form does not
/// offer it.
fn tag(product: &Joinedup, page: &mut Page, framework: &Value) -> bool {
    let concept = framework["item"][0]["id"].as_str().unwrap();
    page.goto(&product.url(&format!("/changes?area={AREA}&plan=tr-delay-days-median")));
    if page.count(&format!("#plan-concept option[value='{concept}']")) == 0 {
        // What the form does not offer, the door does not take.
        let fields = [
            ("area", AREA),
            ("title", "One rota for both teams"),
            ("measures-0", "tr-delay-days-median"),
            ("concept", concept),
        ];
        let refused = post(product, &format!("/changes?area={AREA}"), &fields);
        assert_eq!(refused.status, 422, "{}", refused.text());
        return false;
    }
    page.click("#plan-title");
    page.type_text("One rota for both teams");
    page.choose("#plan-concept", concept);
    page.click("#plan button[type=submit]");
    page.wait_for("#saved");
    let title = framework["item"][0]["title"].as_str().unwrap();
    let told = page.text("main");
    assert!(
        told.contains("Change concept") && told.contains(title),
        "{told}"
    );
    true
}

#[test]
fn every_framework_does_what_its_kind_allows_and_nothing_else() {
    let product = with_own();
    let mut browser = Browser::start();
    let mut page = browser.page();
    let catalogue = product.json("/api/v1/frameworks").unwrap();
    let list = get(&product, "/frameworks").text();
    let mut table = Vec::new();
    for listed in catalogue["frameworks"].as_array().unwrap() {
        let id = listed["id"].as_str().unwrap();
        let framework = product.json(&format!("/api/v1/frameworks/{id}")).unwrap();
        let kind = framework["kind"].as_str().unwrap();
        assert!(
            list.contains(&format!("id=\"f-{id}\"")),
            "{id} is on the page of all frameworks"
        );
        lists(&product, &mut page, &framework);
        let (rates, asks) = (kind == "rating", kind == "instrument");
        for (page, is_there) in [("sheet", rates), ("results", rates), ("answers", asks)] {
            let answer = get(&product, &format!("/frameworks/{id}/{page}"));
            assert_eq!(
                answer.status,
                if is_there { 200 } else { 404 },
                "{id} {page}"
            );
            let link = format!("/frameworks/{id}/{page}\"");
            assert_eq!(list.contains(&link), is_there, "{id} {page}");
        }
        if rates {
            rate(&product, &mut page, &framework);
        }
        if asks {
            answer(&product, &mut page, &framework);
        }
        table.push((
            id.to_owned(),
            kind.to_owned(),
            rates,
            asks,
            tag(&product, &mut page, &framework),
        ));
    }
    let of = |id: &str| table.iter().find(|row| row.0 == id).unwrap().clone();
    let (_, _, rates, asks, tags) = of("our-readiness");
    assert_eq!((rates, asks, tags), (true, false, false));
    let (_, _, rates, asks, tags) = of("our-ward-card");
    assert_eq!((rates, asks, tags), (false, true, false));
    assert!(of("pcmh-change-concepts").4, "{table:#?}");
    let rated: Vec<&str> = table
        .iter()
        .filter(|row| row.2)
        .map(|row| row.0.as_str())
        .collect();
    assert_eq!(
        rated,
        [
            "dmic-cluster",
            "dmic-phase",
            "lga-intermediate-care",
            "lga-transfers",
            "nhs-impact",
            "our-readiness",
            "scie",
            "scirocco"
        ]
    );
    let asked: Vec<&str> = table
        .iter()
        .filter(|row| row.3)
        .map(|row| row.0.as_str())
        .collect();
    assert_eq!(asked, ["i-statements", "our-ward-card", "p3c-eq", "tci-14"]);
}

const BOUND: &str = r#"
[[tokens]]
name = "north"
file = "north"
roles = ["assessor", "publisher"]
areas = ["havenshire-north"]

[[tokens]]
name = "feed"
file = "feed"
roles = ["publisher"]
sources = ["/havenshire/pas"]

[[tokens]]
name = "reader"
file = "reader"
roles = ["reader"]
"#;

#[test]
fn whoever_is_bound_to_a_place_rates_and_answers_for_it_alone() {
    let product = Joinedup::start(with_tokens(BOUND, &["north", "feed", "reader"]));
    let send = |name: &str, path: &str, fields: &[(&str, &str)]| {
        let bearer = format!("Bearer {}", token(name));
        post_as(&product, path, fields, &[("authorization", &bearer)]).status
    };
    let rate = |name: &str, place: &str| {
        let item = "readiness-to-change";
        let (level, seen) = (
            format!("level|{place}|{item}"),
            format!("seen|{place}|{item}"),
        );
        let path = "/frameworks/scirocco/sheet?area=havenshire&round=2026";
        send(name, path, &[(&level, "3"), (&seen, "0..0.0.")])
    };
    assert_eq!(rate("north", "havenshire-mid"), 403);
    assert_eq!(rate("reader", "havenshire-north"), 403);
    assert_eq!(rate("feed", "havenshire-north"), 403);
    assert_eq!(rate("north", "havenshire-north"), 303);
    let answer = |name: &str, place: &str| {
        let path = format!("/frameworks/p3c-eq/answers?area={place}");
        let fields = [
            ("a|care-joined-up", "3"),
            ("on", "2026-03-02"),
            ("mode", "paper"),
            ("respondent", "person"),
        ];
        send(name, &path, &fields)
    };
    assert_eq!(answer("north", "havenshire-mid"), 403);
    assert_eq!(answer("reader", "havenshire-north"), 403);
    // Who speaks for one system only does not speak for what people type.
    assert_eq!(answer("feed", "havenshire-north"), 403);
    assert_eq!(answer("north", "havenshire-north"), 303);
}

/// What a page says is in the way: each sentence with the id of its field.
fn faults(page: &str) -> Vec<(String, String)> {
    let summary = page.split("There is a problem").nth(1).unwrap_or_default();
    let summary = summary.split("</ul>").next().unwrap_or_default();
    let links = summary.split("<a href=\"#").skip(1);
    let links = links.filter_map(|link| link.split_once("</a>")?.0.split_once("\">"));
    links
        .map(|(id, words)| (id.to_owned(), words.to_owned()))
        .collect()
}

#[test]
fn a_form_that_comes_back_names_all_that_is_wrong_each_at_its_field() {
    let product = super::pages::empty();
    let wrong: [(&str, &[(&str, &str)], &[&str]); 8] = [
        (
            "/changes",
            &[
                ("aim", "What Mrs Jones asked for"),
                ("measures-0", "what"),
                ("on", "soon"),
            ],
            &["plan-title", "plan-aim", "plan-measures-0", "plan-on"],
        ),
        (
            "/measures/tr-delayed-share/target",
            &[("target", "most"), ("reason", "Ring 0123456789")],
            &["target-target", "target-reason", "target-from"],
        ),
        (
            "/measures/tr-delayed-share/rebase-proposed",
            &[],
            &["rebase-proposed-from", "rebase-proposed-reason"],
        ),
        // A share is typed in per cent.
        (
            "/measures/tr-delayed-share/target",
            &[
                ("target", "-5"),
                ("reason", "agreed"),
                ("from", "2026-01-01"),
            ],
            &["target-target"],
        ),
        (
            "/plan",
            &[("aim", "What Mr Jones asked for"), ("by", "soon")],
            &["item-aim", "item-owner", "item-by"],
        ),
        (
            "/findings",
            &[("on", "2099-01-01"), ("note", "At CM1 4LT")],
            &["finding-on", "finding-pathway", "finding-note"],
        ),
        (
            "/frameworks/p3c-eq/answers/links",
            &[("count", "0"), ("team", "Ward 9!")],
            &["link-mode", "link-count", "link-days", "link-team"],
        ),
        (
            "/frameworks/p3c-eq/answers/links/stop",
            &[],
            &["stopped-link"],
        ),
    ];
    for (path, fields, expected) in wrong {
        let page = path.trim_end_matches("/target");
        let back = format!("{}?area={AREA}", page.trim_end_matches("/rebase-proposed"));
        let unseen = [
            ("back", back.as_str()),
            ("area", AREA),
            ("version", "0"),
            ("key", "0199f1a0-0000-7000-8000-000000000001"),
        ];
        let fields: Vec<(&str, &str)> = unseen.into_iter().chain(fields.iter().copied()).collect();
        let answer = post(&product, &format!("{path}?area={AREA}"), &fields);
        assert_eq!(answer.status, 422, "{path}: {}", answer.text());
        let page = answer.text();
        let named = faults(&page);
        let mut ids: Vec<&str> = named.iter().map(|(id, _)| id.as_str()).collect();
        // A field may break several rules.
        ids.dedup();
        assert_eq!(ids, expected, "{path}: {named:?}");
        for (id, _) in &named {
            assert!(
                page.contains(&format!("id=\"{id}\"")),
                "{path} has no field {id}"
            );
        }
    }
}

#[test]
fn a_reason_without_a_changed_level_comes_back_and_is_recorded_with_one() {
    let product = super::pages::empty();
    let sheet =
        format!("/frameworks/scirocco/sheet?area={AREA}&of=itself&view=moderate&round=2026");
    let (item, why) = ("readiness-to-change", "Only one service so far.");
    let (seen, level) = (
        format!("seen|{AREA}|{item}"),
        format!("level|{AREA}|{item}"),
    );
    let reason = format!("why|{item}");
    let fields = [
        (seen.as_str(), "0..0.0."),
        (reason.as_str(), why),
        ("do", "save"),
    ];
    let back = post(&product, &sheet, &fields);
    let page = back.text();
    assert_eq!(back.status, 422, "{page}");
    let (id, words) = faults(&page).remove(0);
    assert!(words.contains("Change a level of this item"), "{words}");
    assert!(id.starts_with("why-") && page.contains(&format!("id=\"{id}\"")));
    assert!(page.contains(&format!("value=\"{why}\"")), "{page}");
    assert_eq!(product.caught_up(), 0);

    let fields: Vec<(&str, &str)> = fields.into_iter().chain([(level.as_str(), "2")]).collect();
    assert_eq!(post(&product, &sheet, &fields).status, 303);
    let rated = format!("/api/v1/assessments?area={AREA}&framework=scirocco");
    let rated = product.json(&rated).unwrap().to_string();
    assert!(rated.contains(why), "{rated}");
}
