//! Forms of the pages, sent from two tabs or by two raters: nobody overwrites unseen what somebody else recorded.

use joinedup_tests::http::{self, Response};
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use serde_json::{Value, json};

const MODEL: &str = "/model?area=havenshire-north&node=co-crisis-response";

/// A page as a browser would have it open, with its forms.
struct Tab(String);

impl Tab {
    fn open(product: &Joinedup, path: &str) -> Self {
        Self(http::get_ok(&product.url(path)).unwrap().text())
    }

    /// The unseen fields of the first form that is sent to an address.
    #[track_caller]
    fn hidden(&self, action: &str) -> Vec<(String, String)> {
        let start = self.0.find(&format!("action=\"{action}\""));
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
    let (one, two) = (Tab::open(&product, MODEL), Tab::open(&product, MODEL));
    let propose = |tab: &Tab, level, note| {
        let typed = [("round", "2026"), ("level", level), ("note", note)];
        tab.send(&product, "/model/propose", &typed)
    };
    assert_eq!(propose(&one, "2", "Two teams share one rota.").status, 303);
    // Sent twice by an impatient reader: one proposal.
    assert_eq!(propose(&one, "2", "Two teams share one rota.").status, 303);
    let head = product.caught_up();
    assert_eq!(head, 1);

    let late = propose(&two, "4", "The night team has started.");
    assert_eq!(late.status, 409, "{}", late.text());
    assert_eq!(product.caught_up(), head);
    let page = late.text();
    let (stands, typed) = page.split_once("id=\"typed\"").unwrap();
    assert!(stands.contains("Two teams share one rota."), "{page}");
    assert!(typed.contains("The night team has started."), "{page}");
    assert_eq!(rating(&product)["rounds"][0]["level"], 2);

    // Having seen both, the second rater means it.
    let again = Tab(page).send(&product, "/model/propose", &[]);
    assert_eq!(again.status, 303, "{}", again.text());
    assert_eq!(rating(&product)["rounds"][0]["level"], 4);
}

#[test]
fn a_page_publishes_only_what_was_proposed_and_wants_nothing_of_the_past() {
    let product = serve();
    let tab = Tab::open(&product, MODEL);
    let past = [("level", "4"), ("by", "2025-01-01")];
    let refused = tab.send(&product, "/model/ambition", &past);
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("future"), "{}", refused.text());
    // There is no form to publish before there is a proposal; one that is made up is refused.
    let origin = product.url("");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", origin.trim_end_matches('/')),
    ];
    let body = "area=havenshire-north&framework=scie&item=co-crisis-response&round=2026&version=0";
    let url = product.url("/model/confirm");
    let refused = http::send("POST", &url, &headers, body.as_bytes()).unwrap();
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
