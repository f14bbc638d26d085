//! A plan, checklists, findings and lenses as an integration lead uses them: on pages, through the API and from a file.

use super::pages::empty;
use joinedup_tests::browser::{Browser, Page};
use joinedup_tests::http;
use joinedup_tests::product::Joinedup;
use serde_json::{Value, json};

const AREA: &str = "havenshire-north";

fn accessible(page: &mut Page) {
    let mut bad = page.accessibility_violations();
    bad.retain(|v| matches!(v.impact.as_str(), "serious" | "critical"));
    assert!(bad.is_empty(), "{bad:#?}");
    for width in [1366, 390] {
        page.viewport(width, 800);
        assert!(!page.scrolls_sideways(), "{width}");
    }
    page.viewport(1366, 800);
}

/// Nothing is complained about but what was refused on purpose.
fn quiet(page: &mut Page) {
    let complaints = page.complaints().iter();
    let others: Vec<&String> = complaints
        .filter(|c| !c.contains("status of 422"))
        .collect();
    assert_eq!(others, [] as [&String; 0]);
}

/// A date that lies ahead.
fn ahead() -> String {
    (joinedup_tests::care::today() + chrono::Days::new(200)).to_string()
}

/// Records a rating that is published, with an ambition.
fn rated(product: &Joinedup, item: &str, level: u8, wanted: u8) {
    let mut version = 0;
    for (action, more) in [
        ("propose", json!({ "round": "2025", "level": level })),
        ("confirm", json!({ "round": "2025" })),
        ("ambition", json!({ "level": wanted, "by": ahead() })),
    ] {
        let mut body = json!({ "area": AREA, "item": item, "action": action, "version": version });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let answer = http::post_json(&product.url("/api/v1/assessments"), &body).unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
        version = answer.json()["version"].as_u64().unwrap();
    }
}

fn fill(page: &mut Page, form: &str, fields: &[(&str, &str)]) {
    for (name, value) in fields {
        let field = format!("{form} [name={name}]");
        let is_typed = page.count(&format!("{form} input[name={name}][type=text]")) > 0;
        if is_typed {
            page.click(&field);
            page.evaluate(&format!("document.querySelector('{field}').value = ''"));
            page.type_text(value);
        } else {
            page.evaluate(&format!(
                "document.querySelector('{field}').value = '{value}'"
            ));
        }
    }
    page.click(&format!("{form} button[type=submit]"));
}

/// What was saved is said, and has the focus.
fn said(page: &mut Page, words: &str) {
    let focus = "document.activeElement?.id === 'saved'";
    page.wait_until(focus, "what was saved has the focus");
    assert_eq!(page.text("#saved"), words);
}

#[test]
fn three_items_go_from_what_to_work_on_first_into_a_plan_of_one_or_two_sheets() {
    let product = empty();
    for (item, level) in [
        ("co-timely-transfers", 1),
        ("en-shared-records", 2),
        ("co-carer-support", 2),
    ] {
        rated(&product, item, level, 4);
    }
    let by = ahead();
    let mut browser = Browser::start();
    let mut page = browser.page();
    for owner in [
        "Head of community services",
        "Chief information officer",
        "Carers lead",
    ] {
        page.goto(&product.url(&format!("/model?area={AREA}")));
        let asked = page.texts("#first li a.small").len();
        assert_eq!(asked, 3, "each item can be taken into the plan");
        let at = match owner {
            "Head of community services" => 1,
            "Chief information officer" => 2,
            _ => 3,
        };
        page.click(&format!("#first li:nth-child({at}) a.small"));
        page.wait_for("#add[open]");
        accessible(&mut page);
        let fields = [
            ("aim", "Something will be different"),
            ("owner", owner),
            ("measures-0", "tr-delay-days-median"),
            ("by", &by),
        ];
        fill(&mut page, "#add form", &fields);
        let rows = format!(
            "document.querySelectorAll('#plan-items tbody tr').length === {at} && !document.querySelector('#add[open]')"
        );
        page.wait_until(&rows, "the item is in the plan");
        said(&mut page, "The item is in the plan.");
    }
    let items = page.texts("#plan-items tbody tr");
    assert_eq!(items.len(), 3, "{items:?}");
    let all = items.join(" ");
    for words in [
        "Safe transfers on time",
        "Records shared across services",
        "Carers lead",
        "open",
    ] {
        assert!(all.contains(words), "{words}: {all}");
    }
    let sum = page.text("#sum");
    assert!(sum.contains("3 items are open, 0 done, 0 dropped"), "{sum}");
    // Ambitions of today are not those of a year ago.
    let set = "Of 3 ambitions set in the last year 0 are reached, 0 nearer, 3 unchanged.";
    assert!(sum.contains(set) && !sum.contains("a year ago"), "{sum}");
    let ambitions = page.text("#ambitions");
    assert!(ambitions.contains("Set since then"), "{ambitions}");
    // What is in the plan is no longer a gap, and nobody has asked people here.
    let gaps = page.text("#gaps");
    assert!(!gaps.contains("not in the plan"), "{gaps}");
    assert!(gaps.contains("What people say"), "{gaps}");
    accessible(&mut page);
    page.dark();
    accessible(&mut page);
    let sheets = super::people::sheets(&page.print("plan", false));
    assert!((1..=2).contains(&sheets), "{sheets} sheets");
    // An item that is dropped says why.
    page.click("#plan-items tbody tr:first-child a");
    page.wait_for("#form-progress");
    assert_eq!(page.count("#pick-area"), 0, "an item has one place");
    page.click("#form-progress summary");
    fill(&mut page, "#form-progress form", &[("progress", "dropped")]);
    page.wait_until(
        "document.body.innerText.includes('why it is dropped')",
        "the reason is asked for",
    );
    let plan = product.json(&format!("/api/v1/plan?area={AREA}")).unwrap();
    let first = plan["items"][0].clone();
    assert_eq!(first["progress"], "open");
    let told = |version: &Value, reason: &str| {
        let body = json!({ "action": "progress", "area": AREA, "plan_item": first["id"], "progress": "dropped", "reason": reason, "version": version });
        http::post_json(&product.url("/api/v1/plan"), &body).unwrap()
    };
    let done = told(&first["version"], "The county plan takes it up");
    assert_eq!(done.status, 201, "{}", done.text());
    assert_eq!(told(&first["version"], "Another reason").status, 409);
    page.goto(&product.url(&format!("/plan?area={AREA}")));
    let items = page.texts("#plan-items tbody tr");
    assert!(
        items[2].contains("The county plan takes it up"),
        "{items:?}"
    );
    // A ward's county sees it too.
    let county = product.json("/api/v1/plan?area=havenshire").unwrap();
    assert_eq!(county["items"].as_array().unwrap().len(), 3);
    quiet(&mut page);
}

#[test]
fn an_item_keeps_what_its_form_would_offer_to_no_other() {
    let product = empty();
    let post = |to: &str, body: &Value| {
        let answer = http::post_json(&product.url(to), body).unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    };
    let change = post(
        "/api/v1/changes",
        &json!({ "action": "plan", "area": "havenshire-west", "title": "One rota", "begun": true, "on": "2026-03-02", "measures": [] }),
    )["change"]
        .clone();
    let over =
        json!({ "action": "finish", "change": change, "on": "2026-05-04", "decision": "adopt" });
    post("/api/v1/changes", &over);
    let measures = json!(["tr-delay-days-median", "tr-delayed-nights", "tr-ready-now"]);
    let item = json!({ "action": "set", "area": AREA, "aim": "Home sooner", "owner": "Ward lead", "by": ahead(), "measures": measures, "tested_by": change });
    post("/api/v1/plan", &item);
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&product.url(&format!("/plan?area={AREA}")));
    page.click("#plan-items tbody tr:first-child a");
    page.wait_for("#form-item");
    page.click("#form-item summary");
    fill(&mut page, "#form-item form", &[("aim", "Home earlier")]);
    page.wait_until(
        "document.querySelector('.lead')?.textContent === 'Home earlier'",
        "it is changed",
    );
    let plan = product.json(&format!("/api/v1/plan?area={AREA}")).unwrap();
    let item = &plan["items"][0];
    assert_eq!(item["measures"], measures);
    assert_eq!(item["tested_by"], change);
    quiet(&mut page);
}

#[test]
fn what_a_plan_may_not_say_is_refused_and_named() {
    let product = empty();
    let whole = json!({ "action": "set", "area": AREA, "framework": "scie", "item": "co-timely-transfers", "aim": "Home sooner", "owner": "Ward lead", "by": ahead() });
    let with = |field: &str, value: Value| {
        let mut body = whole.clone();
        body[field] = value;
        let answer = http::post_json(&product.url("/api/v1/plan"), &body).unwrap();
        (answer.status, answer.text())
    };
    for (field, value, pointer) in [
        ("owner", json!("Mrs Canary Smith"), "/owner"),
        ("aim", json!("Call 07700 900123 456"), "/aim"),
        ("item", json!("co-nothing"), "/item"),
        ("framework", json!("nothing"), "/framework"),
        ("measures", json!(["nothing"]), "/measures/0"),
        ("by", json!(null), "/by"),
        ("plan_item", json!("chart/x"), "/plan_item"),
    ] {
        let (status, text) = with(field, value);
        assert_eq!(status, 422, "{field}: {text}");
        assert!(
            text.contains(pointer) && !text.contains("Canary"),
            "{field}: {text}"
        );
    }
    assert_eq!(product.caught_up(), 0);
    // A change may not be named as an item of a plan.
    let change =
        json!({ "action": "plan", "area": AREA, "change": "plan/x", "title": "t", "measures": [] });
    let answer = http::post_json(&product.url("/api/v1/changes"), &change).unwrap();
    assert_eq!(answer.status, 422);
}

#[test]
fn a_checklist_is_ticked_on_its_page_and_rates_nothing() {
    let product = empty();
    let mut browser = Browser::start();
    let mut page = browser.page();
    let own = format!("/frameworks/scie/checklist?area={AREA}");
    page.goto(&product.url(&own));
    accessible(&mut page);
    let card = "#item-en-shared-records";
    page.click(&format!("{card} label:nth-of-type(1) input"));
    page.click(&format!("{card} label:nth-of-type(3) input"));
    page.click(&format!("{card} button"));
    page.wait_until(&format!("document.querySelectorAll('{card} input:checked').length === 2 && document.querySelectorAll('{card} input[name=was]').length === 2"), "two points are in place");
    said(&mut page, "Saved.");
    assert!(page.text("#sum").contains("2 of"), "{}", page.text("#sum"));
    page.click(&format!("{card} label:nth-of-type(1) input"));
    page.click(&format!("{card} button"));
    page.wait_until(
        &format!("document.querySelectorAll('{card} input[name=was]').length === 1"),
        "one is taken back",
    );
    let lists = product
        .json(&format!("/api/v1/checklists?area={AREA}"))
        .unwrap();
    let item = lists["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|i| i["item"] == "en-shared-records")
        .unwrap()
        .clone();
    let done: Vec<&Value> = item["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["tick"]["done"])
        .collect();
    assert_eq!(
        done,
        [&json!(false), &Value::Null, &json!(true), &Value::Null]
    );
    assert!(
        item["signposts"]
            .as_array()
            .unwrap()
            .iter()
            .any(|s| s["kind"] == "support")
    );
    let ratings = product
        .json(&format!("/api/v1/assessments?area={AREA}"))
        .unwrap();
    assert_eq!(ratings["count"], json!(0));
    let tick = json!({ "area": AREA, "item": "en-shared-records", "action": "tick", "point": "no-such-point", "done": true, "version": 0 });
    let refused = http::post_json(&product.url("/api/v1/assessments"), &tick).unwrap();
    assert_eq!(refused.status, 422, "{}", refused.text());
    // Somebody else is first at one of two points: the other is recorded, and the page says which is not.
    page.goto(&product.url(&own));
    page.click(&format!("{card} label:nth-of-type(1) input"));
    page.click(&format!("{card} label:nth-of-type(2) input"));
    let point = page.attribute(&format!("{card} label:nth-of-type(1) input"), "value");
    let first = json!({ "area": AREA, "item": "en-shared-records", "action": "tick", "point": point, "done": true, "version": item["version"] });
    let told = http::post_json(&product.url("/api/v1/assessments"), &first).unwrap();
    assert_eq!(told.status, 201, "{}", told.text());
    page.click(&format!("{card} button"));
    page.wait_for("#refused");
    accessible(&mut page);
    assert!(page.text("#refused").contains("1 point saved"));
    assert_eq!(page.count(&format!("{card} .why")), 1);
    assert_eq!(page.count(&format!("{card} input[name=was]")), 3);
    // The node says how far it is.
    page.goto(&product.url(&format!("/model?area={AREA}&node=en-shared-records")));
    assert!(
        page.text("#node").contains("3 of 4 in place"),
        "{}",
        page.text("#node")
    );
}

#[test]
fn findings_come_in_by_form_and_by_file_and_stand_on_nodes_timeline_and_leaders_page() {
    let product = empty();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&product.url(&format!("/findings?area={AREA}")));
    accessible(&mut page);
    page.click("#one textarea");
    page.type_text("Equipment was ordered late.");
    let fields = [
        ("pathway", "cqc-local-system-reviews|step-down-and-return"),
        ("on", "2025-11-03"),
        ("nodes-0", "co-timely-transfers"),
    ];
    fill(&mut page, "#one form", &fields);
    page.wait_for(".timeline li");
    said(&mut page, "The finding is saved.");
    assert_eq!(page.texts(".timeline li").len(), 1);
    let paste = |page: &mut Page, table: &str| {
        if page.count("#many[open]") == 0 {
            page.click("#many summary");
        }
        page.click("#text");
        page.evaluate("document.querySelector('#text').value = ''");
        page.type_text(table);
        page.click("#many button");
    };
    paste(
        &mut page,
        "date,pathway,finding\n2025-01-01,nowhere,x\n2025-01-01,crisis,Rang Mrs Canary\n",
    );
    page.wait_for("#refused");
    let refused = page.text("#refused");
    assert!(
        refused.contains("Line 2: The pathway") && !refused.contains("Canary"),
        "{refused}"
    );
    let table = "Date,Pathway,Finding,Place,Nodes\n02/03/2026,Crisis,Calls were passed on,West Havenshire,\n2026-03-01,Keeping well at home,People knew whom to ask,,se-proactive-and-responsive\n";
    page.goto(&product.url("/findings?area=havenshire"));
    paste(&mut page, table);
    page.wait_for("#saved");
    assert_eq!(page.texts(".timeline li").len(), 3);
    let head = product.caught_up();
    page.goto(&product.url("/findings?area=havenshire"));
    paste(&mut page, table);
    page.wait_for("#saved");
    assert_eq!(
        page.texts(".timeline li").len(),
        3,
        "the same table again is the same findings"
    );
    assert_eq!(product.caught_up(), head);
    assert!(
        page.texts(".timeline time")[0].contains("2 Mar"),
        "the latest first"
    );
    accessible(&mut page);
    page.goto(&product.url("/model?area=havenshire&node=co-timely-transfers"));
    assert!(page.text("#node").contains("Equipment was ordered late."));
    page.goto(&product.url("/leaders?area=havenshire"));
    assert!(page.text("#reviews").contains("Calls were passed on"));
    // A correction that is refused comes back as it was typed, still about its finding.
    page.goto(&product.url(&format!("/findings?area={AREA}")));
    page.click(".timeline details summary");
    let correct = |page: &mut Page, text: &str| {
        page.evaluate("document.querySelector('.timeline textarea').value = ''");
        page.click(".timeline textarea");
        page.type_text(text);
        page.click(".timeline form button:not([value])");
    };
    correct(&mut page, "Said by 943 476 5919.");
    page.wait_for("#faults");
    accessible(&mut page);
    assert_eq!(page.count(".timeline details[open]"), 1);
    assert_eq!(
        page.evaluate("document.querySelector('.timeline textarea').value"),
        json!("Said by 943 476 5919.")
    );
    correct(&mut page, "Equipment came late.");
    page.wait_until(
        "document.querySelector('#faults') === null && document.querySelector('.timeline li')?.textContent.includes('Equipment came late.')",
        "it is corrected",
    );
    said(&mut page, "The finding is corrected.");
    assert_eq!(page.texts(".timeline li").len(), 1);
    // One that was wrong is withdrawn.
    page.click(".timeline details summary");
    page.click(".timeline button[value=withdraw]");
    page.wait_until(
        "document.querySelectorAll('.timeline li').length === 0",
        "it is gone",
    );
    let list = product.json("/api/v1/findings?area=havenshire").unwrap();
    assert_eq!(list["findings"].as_array().unwrap().len(), 2);
    quiet(&mut page);
}

#[test]
fn a_lens_groups_measures_and_changes_and_names_the_holes() {
    let product = empty();
    let plan = json!({ "action": "plan", "area": AREA, "title": "One rota", "begun": true, "concept": "team-based-care", "measures": [] });
    assert_eq!(
        http::post_json(&product.url("/api/v1/changes"), &plan)
            .unwrap()
            .status,
        201
    );
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&product.url(&format!("/lenses?area={AREA}")));
    accessible(&mut page);
    let lenses = product.json("/api/v1/lenses").unwrap();
    for lens in lenses["lenses"].as_array().unwrap() {
        let id = lens["id"].as_str().unwrap();
        page.goto(&product.url(&format!("/lenses/{id}?area={AREA}")));
        accessible(&mut page);
        let seen = product
            .json(&format!("/api/v1/lenses/{id}?area={AREA}"))
            .unwrap();
        for item in seen["items"].as_array().unwrap() {
            let hole = item["holes"][0].as_str().unwrap();
            let (title, sum) = (item["title"].as_str().unwrap(), page.text("#sum"));
            assert!(sum.contains(hole), "{id}: {hole}: {sum}");
            assert!(
                hole.to_lowercase().contains(&title.to_lowercase()),
                "{id}: {hole}"
            );
        }
    }
    page.goto(&product.url(&format!("/lenses/pcmh-change-concepts?area={AREA}")));
    assert!(page.text("#item-team-based-care").contains("One rota"));
    assert!(!page.text("#item-leadership").contains("One rota"));
    page.goto(&product.url(&format!("/lenses/overarching-domain?area={AREA}")));
    assert!(
        page.text("#sum")
            .contains("Continuity of care is not measured here.")
    );
    quiet(&mut page);
}

#[test]
fn the_model_and_the_outcomes_are_read_in_words_for_other_people() {
    let product = empty();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&product.url(&format!("/model?area={AREA}")));
    page.choose("#pick-population", "mental-health");
    page.click("form.people button");
    page.wait_until(
        "location.search.includes('population=mental-health')",
        "the words are chosen",
    );
    assert!(
        page.text("#model-picture")
            .contains("Leaving a mental health")
    );
    accessible(&mut page);
    let node = format!("/model?area={AREA}&population=learning-disability&node=co-crisis-response");
    page.goto(&product.url(&node));
    let panel = page.text("#node");
    assert!(
        panel.contains("Help in a crisis at home") && panel.contains("A team can come to the home"),
        "{panel}"
    );
    page.goto(&product.url(&format!(
        "/leaders?area={AREA}&population=learning-disability"
    )));
    assert!(page.text("#matrix").contains("Stays in units avoided"));
    page.goto(&product.url(&format!("/leaders?area={AREA}&population=nobody")));
    assert!(page.text("main").contains("choose from the list"));
}
