//! An assessment round over HTTP, from proposals to the county's result.

use joinedup_tests::care;
use joinedup_tests::http;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use serde_json::{Value, json};

const ITEM: &str = "co-crisis-response";
const LOCALITIES: [(&str, u8); 4] = [
    ("havenshire-north", 2),
    ("havenshire-mid", 3),
    ("havenshire-south", 4),
    ("havenshire-west", 2),
];

struct Api(Joinedup);

impl Api {
    fn post(&self, body: &Value) -> http::Response {
        http::post_json(&self.0.url("/api/v1/assessments"), body).unwrap()
    }

    /// Records something that is taken, and returns the version that it made.
    #[track_caller]
    fn recorded(&self, body: &Value) -> u64 {
        let answer = self.post(body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["version"].as_u64().unwrap()
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        http::get_ok(&self.0.url(path)).unwrap().json()
    }

    fn node(&self, area: &str) -> Value {
        let outcomes = self.get(&format!("/api/v1/outcomes?area={area}"));
        let nodes = outcomes["nodes"].as_array().unwrap().clone();
        nodes.into_iter().find(|n| n["id"] == ITEM).unwrap()
    }
}

fn about(area: &str, action: &str, version: u64) -> Value {
    json!({ "area": area, "framework": "scie", "item": ITEM, "round": "2026", "action": action, "version": version })
}

fn with(mut body: Value, field: &str, value: impl Into<Value>) -> Value {
    body[field] = value.into();
    body
}

fn in_a_year() -> String {
    (joinedup_tests::care::today() + chrono::Days::new(365)).to_string()
}

#[test]
fn four_localities_go_from_proposals_over_a_conflict_to_the_result_of_the_county() {
    let api = Api(Joinedup::start(JoinedupOptions::new("serve", &[])));
    let asked = api.get("/api/v1/assessments?area=havenshire-north&framework=scie");
    let rows = asked["assessments"].as_array().unwrap();
    let row = rows.iter().find(|r| r["item"] == ITEM).unwrap();
    assert_eq!(row["state"], "not-rated");
    assert_eq!(row["version"], 0);
    assert!(row["question"].as_str().unwrap().ends_with('?'), "{row}");

    let mut versions = Vec::new();
    for (area, level) in LOCALITIES {
        let proposal = with(about(area, "propose", 0), "level", level);
        versions.push(api.recorded(&with(proposal, "note", "Two teams share one rota.")));
    }

    // Two people moderate the same item, having read the same version.
    let moderated = with(
        about("havenshire-west", "moderate", versions[3]),
        "level",
        3,
    );
    let first = api.recorded(&moderated);
    let conflict = api.post(&with(moderated, "level", 1));
    assert_eq!(conflict.status, 409, "{}", conflict.text());
    assert_eq!(
        conflict.header("content-type"),
        Some("application/problem+json")
    );
    let stands = conflict.json();
    assert_eq!(
        (&stands["level"], &stands["version"]),
        (&json!(3), &json!(first))
    );
    assert_eq!(stands["round"]["stage"], "moderated");
    // Having read what stands, the second agrees and says why.
    let again = with(about("havenshire-west", "moderate", first), "level", 3);
    versions[3] = api.recorded(&with(again, "note", "Agreed with the others."));

    // Nothing is published until it is confirmed.
    assert_eq!(
        api.node("havenshire")["ratings"][0]["rolled_up"]["rated"],
        0
    );
    for ((area, _), version) in LOCALITIES.iter().zip(&mut versions) {
        *version = api.recorded(&about(area, "confirm", *version));
        let ambition = with(about(area, "ambition", *version), "level", 5);
        *version = api.recorded(&with(ambition, "by", in_a_year()));
    }

    let rolled = api.node("havenshire")["ratings"][0]["rolled_up"].clone();
    // North 2, mid 3, west 3 after moderation, south 4: the lower median is 3.
    assert_eq!(
        (&rolled["level"], &rolled["spread"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(
        (&rolled["rated"], &rolled["worst"], &rolled["best"]),
        (&json!(4), &json!(2), &json!(4))
    );
    let own = api.node("havenshire-west")["ratings"][0]["own"].clone();
    assert_eq!(
        (&own["level"], &own["ambition"]["level"]),
        (&json!(3), &json!(5))
    );

    let listed = api.get("/api/v1/assessments?area=havenshire&round=2026");
    let rows = listed["assessments"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    assert!(
        rows.iter()
            .all(|r| r["state"] == "published" && r["gap"].is_number()),
        "{rows:?}"
    );
    let versions_listed: Vec<&Value> = rows.iter().map(|r| &r["version"]).collect();
    assert!(
        versions
            .iter()
            .all(|v| versions_listed.contains(&&json!(v)))
    );

    // Lowest level and furthest from the ambition comes first, with its arithmetic.
    let first = api.get("/api/v1/priorities?area=havenshire")["items"][0].clone();
    assert_eq!(
        (&first["area"], &first["need"], &first["gap"]),
        (&json!("havenshire-north"), &json!(4), &json!(3))
    );
    assert!(
        first["sentence"].as_str().unwrap().contains("4 × 3 ×"),
        "{first}"
    );

    // The round of the year before comes in late, with its date; the two rounds are compared.
    let past = |action: &str, version: u64| {
        let body = with(about(LOCALITIES[0].0, action, version), "round", "2025");
        with(body, "on", "2025-09-10")
    };
    let version = api.recorded(&with(past("propose", versions[0]), "level", 1));
    api.recorded(&past("confirm", version));
    let compared = api.get("/api/v1/assessments/compare?area=havenshire&from=2025&to=2026");
    assert_eq!(compared["published_rounds"], json!(["2025", "2026"]));
    assert_eq!(
        (&compared["up"][0]["from"], &compared["up"][0]["to"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(compared["new"].as_array().unwrap().len(), 3);
    let changed = compared["changed_at_moderation"].as_array().unwrap();
    assert_eq!(
        (changed.len(), &changed[0]["area"]),
        (1, &json!("havenshire-west"))
    );
}

#[test]
fn what_makes_no_sense_is_refused_in_words_and_changes_nothing() {
    let api = Api(Joinedup::start(JoinedupOptions::new("serve", &[])));
    let area = "havenshire-north";
    let refused = |body: &Value, status: u16, words: &str| {
        let answer = api.post(body);
        assert_eq!(answer.status, status, "{}", answer.text());
        let text = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(text.contains(words), "{text}");
    };
    refused(
        &with(about(area, "propose", 0), "level", 6),
        422,
        "between 1 and 5",
    );
    refused(
        &with(about(area, "propose", 0), "item", "none-such"),
        422,
        "item",
    );
    refused(
        &with(about(area, "propose", 0), "framework", "none-such"),
        422,
        "framework",
    );
    refused(
        &with(about("nowhere", "propose", 0), "level", 3),
        404,
        "area",
    );
    refused(&about(area, "confirm", 0), 422, "proposal");
    refused(
        &with(about(area, "moderate", 0), "level", 3),
        422,
        "proposal",
    );
    let late = with(about(area, "ambition", 0), "level", 4);
    refused(&with(late, "by", "2025-01-01"), 422, "/by");
    let mut without = with(about(area, "propose", 0), "level", 3);
    without.as_object_mut().unwrap().remove("version");
    refused(&without, 400, "version");
    assert_eq!(api.get("/api/v1/assessments?area=havenshire")["count"], 0);
}

#[test]
fn a_change_goes_from_plan_to_finish_and_no_word_claims_a_cause() {
    let api = Api(Joinedup::start(JoinedupOptions::new("serve", &[])));
    let post = |body: &Value| http::post_json(&api.0.url("/api/v1/changes"), body).unwrap();
    let planned = post(&json!({
        "action": "plan", "area": "havenshire-north", "title": "One rota for both teams", "on": "2026-03-02",
        "aim": "A first contact within two hours", "measures": ["tr-delay-days-median"], "items": [ITEM],
    }));
    assert_eq!(planned.status, 201, "{}", planned.text());
    let id = planned.json()["change"].clone();
    let early = post(&json!({ "action": "finish", "change": id, "decision": "adopt" }));
    assert_eq!(early.status, 422, "{}", early.text());
    for step in [
        json!({ "action": "start", "change": id, "on": "2026-03-09" }),
        json!({ "action": "pause", "change": id, "on": "2026-04-01" }),
        json!({ "action": "start", "change": id, "on": "2026-04-13" }),
        json!({ "action": "finish", "change": id, "on": "2026-05-04", "decision": "adapt", "learnt": "Evenings need a second car." }),
    ] {
        let answer = post(&step);
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    let listed = api.get("/api/v1/changes?area=havenshire&measure=tr-delay-days-median");
    let change = &listed["changes"][0];
    assert_eq!(
        (
            &change["status"],
            &change["decision"],
            &change["cycle_days"]
        ),
        (&json!("finished"), &json!("adapt"), &json!(56))
    );
    let kinds: Vec<&Value> = change["annotations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| &a["kind"])
        .collect();
    assert_eq!(kinds, ["started", "paused", "resumed", "finished"]);
    let sentence = change["before_and_after"][0]["sentence"].as_str().unwrap();
    for claim in ["because", "caused", "due to", "thanks", "led to"] {
        assert!(!sentence.contains(claim), "{sentence}");
    }

    let rebase = |action: &str| json!({ "action": action, "area": "havenshire", "measure": "tr-delay-days-median", "from": "2026-06-01", "reason": "A new ward counts too." });
    assert_eq!(post(&rebase("rebase-accepted")).status, 422);
    assert_eq!(post(&rebase("rebase-declined")).status, 422);
    assert_eq!(post(&rebase("rebase-proposed")).status, 201);
    assert_eq!(post(&rebase("rebase-declined")).status, 201);
    let declined = api.get("/api/v1/changes?area=havenshire")["decisions"].clone();
    assert_eq!(declined["proposed"], json!([]));
    assert_eq!(declined["declined"][0]["from"], "2026-06-01");
    assert_eq!(post(&rebase("rebase-proposed")).status, 201);
    let waiting = api.get("/api/v1/changes?area=havenshire")["decisions"].clone();
    assert_eq!(waiting["proposed"][0]["from"], "2026-06-01");
    assert_eq!(post(&rebase("rebase-accepted")).status, 201);
    let decided = api.get("/api/v1/changes?area=havenshire")["decisions"].clone();
    assert_eq!(decided["proposed"], json!([]));
    assert_eq!(decided["accepted"][0]["reason"], "A new ward counts too.");
}

#[test]
fn a_baseline_that_leaves_its_chart_as_it_is_is_refused_to_a_program_as_on_the_page() {
    let api = Api(Joinedup::start(JoinedupOptions::new("serve", &[])));
    let stay = care::stay(
        "t-1",
        "hv-north-1",
        "2026-04-27",
        "2026-05-01",
        "2026-05-05",
    );
    assert!(api.0.post(&stay).status < 300);
    api.0.caught_up();
    let post = |from: &str| {
        let body = json!({ "action": "rebase-proposed", "area": "havenshire", "measure": "tr-delayed-share", "from": from, "reason": "A new ward." });
        http::post_json(&api.0.url("/api/v1/changes"), &body).unwrap()
    };
    for from in ["2010-01-01", "2200-01-01"] {
        let refused = post(from);
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert_eq!(
            refused.json()["errors"][0]["pointer"],
            "/from",
            "{}",
            refused.text()
        );
    }
    assert_eq!(post("2026-06-01").status, 201);
}

#[test]
fn raters_of_another_framework_rate_alone_and_are_told_whether_they_agree() {
    let api = Api(Joinedup::start(JoinedupOptions::new("serve", &[])));
    let mut version = 0;
    let mut rate = |rater: &str, level: u8| {
        version = api.recorded(&json!({ "area": "havenshire", "framework": "scirocco", "item": "readiness-to-change", "round": "2026",
            "action": "propose", "rater": rater, "level": level, "version": version }));
    };
    let asked = || {
        let list = api
            .get("/api/v1/assessments?area=havenshire&framework=scirocco&item=readiness-to-change");
        list["assessments"][0].clone()
    };
    for (rater, level) in [("r1", 3), ("r2", 3), ("r3", 4)] {
        rate(rater, level);
    }
    let agreed = asked();
    assert_eq!(
        agreed["state"], "rating",
        "nobody has proposed for the area"
    );
    let round = &agreed["rounds"][0];
    assert_eq!(round["raters"].as_array().unwrap().len(), 3);
    let told = &round["consensus"];
    assert_eq!(
        (
            &told["agreed"],
            &told["median"],
            &told["result"],
            &told["outside"]
        ),
        (&json!(true), &json!(3.0), &json!("progressing"), &json!(0))
    );
    rate("r4", 0);
    rate("r5", 0);
    let told = asked()["rounds"][0]["consensus"].clone();
    assert_eq!(
        (&told["agreed"], &told["outside"], &told["result"]),
        (&json!(false), &json!(2), &json!("uncertain"))
    );
    // The scale is the framework's own, and the logic model has no such rule.
    let above = api.post(&json!({ "area": "havenshire", "framework": "scirocco", "item": "readiness-to-change", "round": "2026",
        "action": "propose", "rater": "r6", "level": 6, "version": 0 }));
    assert_eq!(above.status, 422, "{}", above.text());
    api.recorded(&with(about("havenshire-north", "propose", 0), "level", 2));
    let own = api.get(&format!(
        "/api/v1/assessments?area=havenshire-north&framework=scie&item={ITEM}"
    ));
    assert_eq!(own["assessments"][0]["rounds"][0]["consensus"], Value::Null);
}

#[test]
fn a_write_sent_again_after_a_kill_is_answered_and_makes_no_second_change() {
    let mut api = Api(Joinedup::start(JoinedupOptions::new("serve", &[])));
    let send = |api: &Api, path: &str, key: &str, body: &Value| {
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        let body = body.to_string();
        let answer = http::send("POST", &api.0.url(path), &headers, body.as_bytes()).unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    };
    let plan = json!({
        "action": "plan", "area": "havenshire-north", "title": "One rota for both teams", "begun": true,
        "on": "2026-03-02", "measures": ["tr-delay-days-median"],
    });
    let proposal = with(about("havenshire-north", "propose", 0), "level", 2);
    let first = send(&api, "/api/v1/changes", "k-1", &plan);
    let rated = send(&api, "/api/v1/assessments", "k-2", &proposal);
    let head = api.0.caught_up();
    api.0.kill9();
    api.0.restart();
    assert_eq!(send(&api, "/api/v1/changes", "k-1", &plan), first);
    let again = send(&api, "/api/v1/assessments", "k-2", &proposal);
    assert_eq!(again["version"], rated["version"]);
    assert_eq!(api.0.caught_up(), head);
    let listed = api.get("/api/v1/changes?area=havenshire-north");
    assert_eq!(
        (&listed["count"], &listed["changes"][0]["started"]),
        (&json!(1), &json!("2026-03-02"))
    );
}
