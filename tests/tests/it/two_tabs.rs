//! Forms of the pages, sent from two tabs or by two raters: nobody overwrites unseen what somebody else recorded.

use joinedup_tests::care::event;
use joinedup_tests::http::{self, Response};
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use joinedup_tests::tokens::{token, with_tokens};
use serde_json::{Value, json};

const SHEET: &str =
    "/frameworks/scie/sheet?area=havenshire-north&of=itself&item=co-crisis-response&round=2026";
const PLAN: &str = "/frameworks/scie/sheet?area=havenshire-north&of=itself&item=co-crisis-response&round=2026&view=plan";
const LEVEL: &str = "level|havenshire-north|co-crisis-response";

/// A page as a browser would have it open, with its forms.
struct Tab(String);

impl Tab {
    fn open(product: &Joinedup, path: &str) -> Self {
        Self(http::get_ok(&product.url(path)).unwrap().text())
    }

    /// The unseen fields of the first form that is sent to an address.
    #[track_caller]
    fn hidden(&self, action: &str) -> Vec<(String, String)> {
        let written = action.replace('&', "&amp;");
        let start = self.0.find(&format!("action=\"{written}\""));
        let start = start.unwrap_or_else(|| panic!("no form is sent to {action}"));
        let form = self.0[start..].split("</form>").next().unwrap();
        let attribute = |input: &str, name: &str| {
            let (_, rest) = input.split_once(&format!("{name}=\"")).unwrap();
            rest.split('"').next().unwrap().replace("&amp;", "&")
        };
        let inputs = form.split("<input type=\"hidden\"").skip(1);
        inputs
            .map(|i| (attribute(i, "name"), attribute(i, "value")))
            .collect()
    }

    /// Fills the form in and sends it.
    fn send(&self, product: &Joinedup, action: &str, typed: &[(&str, &str)]) -> Response {
        let mut fields = self.hidden(action);
        fields.extend(typed.iter().map(|(n, v)| ((*n).into(), (*v).into())));
        let body: String = fields
            .iter()
            .map(|(name, value)| format!("{name}={}&", encoded(value)))
            .collect();
        let origin = product.url("");
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", origin.trim_end_matches('/')),
        ];
        http::send("POST", &product.url(action), &headers, body.as_bytes()).unwrap()
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

fn serve() -> Joinedup {
    Joinedup::start(JoinedupOptions::new("serve", &[]))
}

fn rating(product: &Joinedup) -> Value {
    let list = product.json("/api/v1/assessments?area=havenshire-north");
    list.unwrap()["assessments"][0].clone()
}

#[test]
fn the_second_of_two_raters_sees_what_stands_beside_what_was_typed() {
    let product = serve();
    let (one, two) = (Tab::open(&product, SHEET), Tab::open(&product, SHEET));
    let propose = |tab: &Tab, level| tab.send(&product, SHEET, &[(LEVEL, level)]);
    assert_eq!(propose(&one, "2").status, 303);
    // Sent twice by an impatient reader: one proposal.
    assert_eq!(propose(&one, "2").status, 303);
    let head = product.caught_up();
    assert_eq!(head, 1);
    // Going back and choosing anew is another write, made from a page that no longer stands.
    assert_eq!(propose(&one, "5").status, 409);

    let late = propose(&two, "4");
    assert_eq!(late.status, 409, "{}", late.text());
    assert_eq!(product.caught_up(), head);
    let page = late.text();
    assert!(
        page.contains("Somebody else recorded something here"),
        "{page}"
    );
    assert!(page.contains("value=\"4\" checked"), "{page}");
    assert_eq!(rating(&product)["rounds"][0]["level"], 2);

    // Having seen both, the second rater means it.
    let again = Tab(page).send(&product, SHEET, &[(LEVEL, "4")]);
    assert_eq!(again.status, 303, "{}", again.text());
    assert_eq!(rating(&product)["rounds"][0]["level"], 4);
}

#[test]
fn raters_who_rate_at_the_same_time_do_not_get_in_each_others_way() {
    let product = serve();
    let raters = ["r1", "r2", "r3"].map(|rater| format!("{SHEET}&rater={rater}"));
    let tabs = raters.each_ref().map(|sheet| Tab::open(&product, sheet));
    for ((tab, sheet), level) in tabs.iter().zip(&raters).zip(["2", "3", "4"]) {
        let sent = tab.send(&product, sheet, &[(LEVEL, level)]);
        assert_eq!(sent.status, 303, "{}", sent.text());
    }
    // The same rater in a second tab has seen something else.
    let again = tabs[0].send(&product, &raters[0], &[(LEVEL, "5")]);
    assert_eq!(again.status, 409, "{}", again.text());
    let given = rating(&product)["rounds"][0]["raters"].clone();
    let levels: Vec<&Value> = given
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["level"])
        .collect();
    assert_eq!(levels, [&json!(2), &json!(3), &json!(4)]);
}

#[test]
fn a_page_publishes_only_what_was_proposed_and_wants_nothing_of_the_past() {
    let product = serve();
    let past = [
        (LEVEL, "4"),
        ("by|havenshire-north|co-crisis-response", "2025-01-01"),
    ];
    let refused = Tab::open(&product, PLAN).send(&product, PLAN, &past);
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("future"), "{}", refused.text());
    // Before there is a proposal there is nothing to publish; what is made up is refused.
    let moderate = format!("{SHEET}&view=moderate");
    let tab = Tab::open(&product, &moderate);
    assert_eq!(
        tab.send(&product, &moderate, &[("do", "publish")]).status,
        303
    );
    assert_eq!(product.caught_up(), 0);
    let seen = "seen|havenshire-north|co-crisis-response";
    let origin = product.url("");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", origin.trim_end_matches('/')),
    ];
    let body = format!("do=publish&{}=0..1.1.", encoded(seen));
    let refused = http::send("POST", &product.url(&moderate), &headers, body.as_bytes()).unwrap();
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert_eq!(product.caught_up(), 0);
}

#[test]
fn one_tab_declines_the_baseline_that_the_other_accepts() {
    let product = serve();
    let chart = "/measures/tr-delayed-share?area=havenshire";
    let (accept, decline, propose, target) = (
        "/measures/tr-delayed-share/rebase-accepted",
        "/measures/tr-delayed-share/rebase-declined",
        "/measures/tr-delayed-share/rebase-proposed",
        "/measures/tr-delayed-share/target",
    );
    let decisions =
        || product.json("/api/v1/changes?area=havenshire").unwrap()["decisions"].clone();
    let proposed = [("from", "2026-06-01"), ("reason", "A new ward counts too.")];
    let tab = Tab::open(&product, chart);
    assert_eq!(tab.send(&product, propose, &proposed).status, 303);
    // The chart has moved on since the tab was opened.
    let aim = [
        ("target", "10"),
        ("from", "2026-07-01"),
        ("reason", "The plan."),
    ];
    let late = tab.send(&product, target, &aim);
    assert_eq!(late.status, 409, "{}", late.text());
    assert!(
        late.text().contains("A new ward counts too."),
        "{}",
        late.text()
    );

    let (one, two) = (Tab::open(&product, chart), Tab::open(&product, chart));
    let reason = |text| [("reason", text)];
    assert_eq!(
        one.send(&product, decline, &reason("Too early.")).status,
        303
    );
    let late = two.send(&product, accept, &reason("Agreed."));
    assert_eq!(late.status, 409, "{}", late.text());
    assert!(late.text().contains("Too early."), "{}", late.text());
    let stands = decisions();
    assert_eq!(
        (&stands["proposed"], &stands["accepted"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(Tab(late.text()).send(&product, accept, &[]).status, 422);

    let target_set = Tab::open(&product, chart).send(&product, target, &aim);
    assert_eq!(target_set.status, 303, "{}", target_set.text());
    assert_eq!(decisions()["targets"][0]["target"], 0.1);
}

#[test]
fn a_node_leads_to_the_round_that_the_sheet_opens_by_itself() {
    let product = serve();
    let proposed = |round: &str, time: &str| {
        let data = json!({ "area": "havenshire-north", "framework": "scie", "item": "co-crisis-response", "round": round, "level": 3 });
        event("assessment.proposed.v1", round, time, data)
    };
    let events = [
        proposed("2026-spring", "2026-03-02T10:00:00Z"),
        proposed("2026-autumn", "2026-09-02T10:00:00Z"),
    ];
    assert!(product.post(&events).status < 300);
    product.caught_up();
    let page = Tab::open(&product, "/model?area=havenshire&node=co-crisis-response").0;
    assert!(page.contains("Round 2026-autumn"));
    assert!(page.contains("round=2026-autumn") && !page.contains("round=2026-spring"));
    let sheet = Tab::open(&product, "/frameworks/scie/sheet?area=havenshire").0;
    assert!(sheet.contains("2026-autumn"));
}

#[test]
fn the_page_and_the_api_roll_up_to_the_same_level() {
    let product = serve();
    let record = |area: &str, level: u8| {
        let body = |action: &str, version: u64| json!({ "area": area, "item": "co-crisis-response", "round": "2026", "action": action, "version": version });
        let mut proposal = body("propose", 0);
        proposal["level"] = level.into();
        let url = product.url("/api/v1/assessments");
        let version = http::post_json(&url, &proposal).unwrap().json()["version"].as_u64();
        let confirmed = http::post_json(&url, &body("confirm", version.unwrap())).unwrap();
        assert_eq!(confirmed.status, 201, "{}", confirmed.text());
    };
    // The county has rated itself, two localities, and two neighbourhoods of a board that contains no locality.
    for (area, level) in [
        ("havenshire", 5),
        ("havenshire-north", 1),
        ("havenshire-mid", 2),
        ("hv-north-1", 4),
        ("hv-north-2", 4),
    ] {
        record(area, level);
    }
    for (area, median, rated, not_rated) in [("havenshire", 1, 2, 2), ("hv-icb-east", 4, 2, 0)] {
        let path = format!("/api/v1/outcomes?area={area}");
        let nodes = product.json(&path).unwrap()["nodes"].clone();
        let node = nodes.as_array().unwrap().iter();
        let node = node
            .clone()
            .find(|n| n["id"] == "co-crisis-response")
            .unwrap();
        let rolled = &node["ratings"][0]["rolled_up"];
        assert_eq!(
            (&rolled["level"], &rolled["rated"], &rolled["not_rated"]),
            (&json!(median), &json!(rated), &json!(not_rated)),
            "{area}"
        );
        let page = Tab::open(
            &product,
            &format!("/model?area={area}&node=co-crisis-response"),
        )
        .0;
        let words = format!("({rated} of {} rated; lowest", rated + not_rated);
        assert!(page.contains(&words), "{area}: {words}");
    }
}

const TWO_PEOPLE: &str = r#"
two_people = true

[[tokens]]
name = "anna"
file = "anna"
roles = ["assessor"]

[[tokens]]
name = "bert"
file = "bert"
roles = ["assessor"]
"#;

#[test]
fn a_round_that_is_published_in_part_says_what_was_published_and_who_publishes_the_rest() {
    let product = Joinedup::start(with_tokens(TWO_PEOPLE, &["anna", "bert"]));
    let origin = product.url("");
    let sheet = "/frameworks/scirocco/sheet?area=havenshire-north&of=itself&round=2025/26";
    let ask = |who: &str, method: &str, path: &str, body: &str| {
        let bearer = format!("Bearer {}", token(who));
        let headers = [
            ("authorization", bearer.as_str()),
            ("origin", origin.trim_end_matches('/')),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        http::send(method, &product.url(path), &headers, body.as_bytes()).unwrap()
    };
    // The fields that say what a page has shown, each with its value.
    let seen = |path: &str| -> Vec<(String, String)> {
        let page = ask("bert", "GET", path, "").text();
        let fields = page.split("name=\"seen|").skip(1);
        let read = |field: &str| {
            let name = field.split('"').next().unwrap().to_owned();
            let value = field.split("value=\"").nth(1).unwrap();
            (name, value.split('"').next().unwrap().to_owned())
        };
        fields.map(read).collect()
    };
    let propose = |who: &str, cells: &[(String, String)]| {
        let fields = cells.iter().map(|(name, value)| {
            let name = name.replace('|', "%7C");
            format!("seen%7C{name}={value}&level%7C{name}=2")
        });
        let fields: Vec<String> = fields.collect();
        let answer = ask(who, "POST", sheet, &format!("do=save&{}", fields.join("&")));
        assert_eq!(answer.status, 303, "{}", answer.text());
    };
    let cells = seen(sheet);
    propose("anna", &cells[..2]);
    propose("bert", &cells[2..4]);
    let moderate = format!("{sheet}&view=moderate");
    let fields = seen(&moderate)
        .into_iter()
        .map(|(name, value)| format!("seen%7C{}={value}", name.replace('|', "%7C")));
    let fields: Vec<String> = fields.collect();
    let answer = ask(
        "bert",
        "POST",
        &moderate,
        &format!("do=publish&{}", fields.join("&")),
    );
    let page = answer.text();
    assert_eq!(answer.status, 200, "{page}");
    assert!(
        page.contains("<p class=\"small\">2 ratings published.</p>"),
        "{page}"
    );
    let waiting = "2 ratings wait for a second person to publish them";
    assert_eq!(page.matches(waiting).count(), 1, "{page}");
    // What is recorded is not listed as refused.
    assert!(
        !page.contains("id=\"refused\"") && !page.contains("two_people"),
        "{page}"
    );
    // One more level that is taken and one off the scale: each is in the list that is true of it.
    let mut fields = vec!["do=publish".to_owned()];
    for ((name, value), level) in seen(&moderate)[4..6].iter().zip(["3", "99"]) {
        let name = name.replace('|', "%7C");
        fields.push(format!("seen%7C{name}={value}&level%7C{name}={level}"));
    }
    let page = ask("bert", "POST", &moderate, &fields.join("&")).text();
    assert!(page.contains("1 entry saved, 1 refused"), "{page}");
    let (refused, unpublished) = page.split_once("id=\"unpublished\"").unwrap();
    assert!(refused.contains("The level must be between"), "{page}");
    assert!(
        unpublished.contains("1 rating waits for a second person to publish it"),
        "{page}"
    );
    // What a round cannot be called is said at its field, on the sheet.
    let wrong = ask("bert", "GET", &sheet.replace("2025/26", "a%26b"), "");
    assert_eq!(wrong.status, 422);
    let page = wrong.text();
    assert!(
        page.contains("Name it by letters and digits") && page.contains("value=\"a&amp;b\""),
        "{page}"
    );
}
