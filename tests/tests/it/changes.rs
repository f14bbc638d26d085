//! A change from plan to decision, as a team works on it: on its page and through the API, with mistakes on the way.

use super::pages::{demo, empty};
use joinedup_tests::browser::{Browser, Page};
use joinedup_tests::http;
use joinedup_tests::product::Joinedup;
use serde_json::{Value, json};

fn change(product: &Joinedup) -> Value {
    product.json("/api/v1/changes").unwrap()["changes"][0].clone()
}

fn fill(page: &mut Page, field: &str, text: &str) {
    page.evaluate(&format!(
        "document.querySelector('{field}').value = {}",
        json!(text)
    ));
}

/// Sends a form, and waits until the answer has the focus where a reader should look first.
fn send(page: &mut Page, button: &str, focus: &str) {
    page.evaluate("document.body.dataset.old = 'yes'");
    page.click(button);
    page.wait_until(
        &format!("!document.body.dataset.old && document.activeElement?.id === '{focus}'"),
        "the answer has the focus",
    );
}

#[test]
fn a_change_goes_from_plan_to_decision_on_its_page_and_a_wrong_click_is_undone() {
    let product = empty();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&product.url("/changes?area=havenshire-mid&plan=tr-delayed-share"));
    // The plan is for another place than the page.
    fill(&mut page, "#plan-area", "E92000001");
    fill(&mut page, "#plan-title", "Ward round at nine");
    fill(
        &mut page,
        "#plan-prediction",
        "Half leave before noon by May.",
    );
    fill(&mut page, "#plan-led_by", "Discharge lead");
    fill(&mut page, "#plan-measures-1", "something else");
    send(&mut page, "#plan button[type=submit]", "faults");
    // What was typed is still there, and the message is at its field.
    assert!(page.text("#faults").contains("must be one of the list"));
    assert_eq!(
        page.evaluate("document.querySelector('#plan-title').value"),
        "Ward round at nine"
    );
    assert_eq!(
        page.attribute("#plan-measures-1", "aria-invalid")
            .as_deref(),
        Some("true")
    );
    assert_eq!(product.caught_up(), 0, "nothing was saved");

    fill(
        &mut page,
        "#plan-measures-1",
        "Discharge delay: median days",
    );
    send(&mut page, "#plan button[type=submit]", "saved");
    assert!(page.text("h1").contains("Ward round at nine"));
    let planned = change(&product);
    assert_eq!(
        (&planned["status"], &planned["area"], &planned["measures"]),
        (
            &json!("planned"),
            &json!("E92000001"),
            &json!(["tr-delayed-share", "tr-delay-days-median"])
        )
    );
    assert_eq!(planned["led_by"], "Discharge lead");

    send(&mut page, "form:has([value=start]) button", "saved");
    assert_eq!(change(&product)["status"], "running");
    page.click("#form-study summary");
    fill(&mut page, "#study-learnt", "Mornings work.");
    page.click("#form-study [value=in-part]");
    send(&mut page, "#form-study button", "saved");
    assert!(page.text("#studies").contains("Mornings work."));
    page.click("#form-finish summary");
    page.click("#form-finish [value=abandon]");
    send(&mut page, "#form-finish button", "saved");
    assert_eq!(change(&product)["decision"], "abandon");
    send(&mut page, "#saved form button", "saved");
    let undone = change(&product);
    assert_eq!(
        (&undone["status"], &undone["decision"]),
        (&json!("running"), &Value::Null)
    );
    assert_eq!(undone["studies"][0]["compared"], "in-part");
}

#[test]
fn the_api_takes_the_same_steps_and_undoes_no_old_one() {
    let product = demo();
    let list = product.json("/api/v1/changes").unwrap();
    let old = list["changes"].as_array().unwrap().iter();
    let old = old.clone().find(|c| c["status"] == "running").unwrap();
    let send = |body: &Value| http::post_json(&product.url("/api/v1/changes"), body).unwrap();
    let undo = json!({ "action": "undo", "change": old["id"] });
    let late = send(&undo);
    assert_eq!(late.status, 422, "{}", late.text());
    assert!(late.text().contains("within 10 minutes"), "{}", late.text());
    let study = json!({
        "action": "study", "change": old["id"], "learnt": "Weekends are short of people.",
        "compared": "otherwise",
    });
    assert_eq!(send(&study).status, 201);
    let version = product.json("/api/v1/changes").unwrap()["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["id"] == old["id"])
        .unwrap()["version"]
        .clone();
    let undo = json!({ "action": "undo", "change": old["id"], "version": version });
    let undone = send(&undo);
    assert_eq!(undone.status, 201, "{}", undone.text());
    let now = product.json("/api/v1/changes").unwrap();
    let now = now["changes"].as_array().unwrap().iter();
    let now = now.clone().find(|c| c["id"] == old["id"]).unwrap();
    assert_eq!(now["studies"], old["studies"]);
    // Whoever had not seen that is told so, and takes nothing else back by mistake.
    assert_eq!(send(&undo).status, 409);
}

#[test]
fn a_target_typed_wrong_comes_back_at_its_field_and_a_wrong_one_is_withdrawn() {
    let product = empty();
    let mut browser = Browser::start();
    let mut page = browser.page();
    page.goto(&product.url("/measures/tr-delayed-share?area=havenshire"));
    page.click("#form-target summary");
    // Without the browser's own check, as a program or an old browser would send it.
    page.evaluate("document.querySelector('#form-target form').noValidate = true");
    fill(&mut page, "#target-target", "250");
    fill(&mut page, "#target-reason", "The plan.");
    send(&mut page, "#form-target button", "faults");
    assert_eq!(
        page.evaluate("document.querySelector('#target-reason').value"),
        "The plan."
    );
    fill(&mut page, "#target-target", "10");
    send(&mut page, "#form-target button", "saved");
    assert!(page.text("#decided").contains("10%"));
    let targets = || product.json("/api/v1/changes").unwrap()["decisions"]["targets"].clone();
    assert_eq!(targets()[0]["target"], 0.1);
    send(&mut page, "#decided form.inline button", "saved");
    assert_eq!(targets(), json!([]));
}
