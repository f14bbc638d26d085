//! The catalogue as a user meets it: a measure of one's own, and no id that leads nowhere.

use std::collections::{BTreeMap, BTreeSet};

use joinedup_tests::http;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use joinedup_tests::{folders, patience::eventually};
use serde_json::{Value, json};

/// What a local team writes: fewer than ten lines.
const OWN: &str = r#"[[measure]]
id = "our-discussed-in-14-days"
title = "Referrals discussed within 14 days"
quantity = "referral.to_discussion_minutes"
aggregate = { share_at_most = "14 days" }
period = "week"
direction = "up"
target = "80 %"
outcomes = ["se-right-place-any-time"]
"#;

fn event(id: usize, referral: usize, fact: &str, time: &str, data: &Value) -> Value {
    let mut all = data.clone();
    all["referral"] = json!(format!("r-{referral}"));
    json!({
        "specversion": "1.0", "type": format!("care.joinedup.referral.{fact}.v1"), "source": "tests/own", "id": format!("e{id}"),
        "time": time, "recordedtime": time, "datacontenttype": "application/json", "data": all,
    })
}

#[test]
fn a_local_measure_of_fewer_than_ten_lines_gives_a_chart_for_a_neighbourhood() {
    assert!(OWN.lines().count() < 10);
    let options = JoinedupOptions::new("serve", &["--measures", "own.toml"]).file("own.toml", OWN);
    let product = Joinedup::start(options);
    let get = |path: &str| http::get_ok(&product.url(path)).unwrap().json();
    let neighbourhood = ten_referrals(&product);
    let path = format!(
        "/api/v1/charts/our-discussed-in-14-days?area={}",
        neighbourhood.as_str().unwrap()
    );
    let chart = eventually("the chart has its first point", || {
        let chart = get(&path);
        let there = chart["points"].as_array().is_some_and(|p| !p.is_empty());
        if there {
            Ok(chart)
        } else {
            Err(chart["summary"].clone())
        }
    });
    let point = &chart["points"][0];
    assert_eq!(
        (&point["period_start"], &point["value"], &point["n"]),
        (&json!("2026-03-02"), &json!(0.8), &json!(10))
    );
    assert_eq!(
        (&chart["target"], &chart["direction"], &chart["period"]),
        (&json!(0.8), &json!("up"), &json!("week"))
    );
    let outcomes = get("/api/v1/outcomes");
    let nodes = outcomes["nodes"].as_array().unwrap();
    let node = nodes
        .iter()
        .find(|n| n["id"] == "se-right-place-any-time")
        .unwrap();
    assert!(
        node["measures"]
            .as_array()
            .unwrap()
            .iter()
            .any(|m| m["measure"] == "our-discussed-in-14-days")
    );
}

/// Ten referrals to a neighbourhood in one week: eight are discussed after three days, two after twenty. Its id.
fn ten_referrals(product: &Joinedup) -> Value {
    let areas = http::get_ok(&product.url("/api/v1/areas")).unwrap().json();
    let neighbourhood = areas["areas"]
        .as_array()
        .unwrap()
        .iter()
        .find(|a| a["kind"] == "neighbourhood")
        .unwrap()["id"]
        .clone();
    let mut events = Vec::new();
    for n in 0..10 {
        let received = "2026-03-03T10:00:00Z";
        let discussed = if n < 8 {
            "2026-03-06T10:00:00Z"
        } else {
            "2026-03-23T10:00:00Z"
        };
        let (first, second) = (
            received_data(),
            json!({ "sectors": ["health", "social-care"], "shared_record": true, "outcome": "plan" }),
        );
        events.push(event(2 * n, n, "received", received, &first));
        events.push(event(2 * n + 1, n, "discussed", discussed, &second));
    }
    for event in &mut events {
        event["data"]["area"] = neighbourhood.clone();
    }
    let url = product.url("/api/v1/events");
    let body = Value::Array(events).to_string();
    let posted = http::send(
        "POST",
        &url,
        &[("content-type", "application/cloudevents-batch+json")],
        body.as_bytes(),
    )
    .unwrap();
    assert_eq!(posted.status, 202, "{}", posted.text());
    product.caught_up();
    neighbourhood
}

#[test]
fn a_changed_definition_is_answered_anew_and_nothing_is_folded_again() {
    let options = JoinedupOptions::new("serve", &["--measures", "own.toml"]).file("own.toml", OWN);
    let mut product = Joinedup::start(options);
    let area = ten_referrals(&product);
    let path = format!(
        "/api/v1/charts/our-discussed-in-14-days?area={}",
        area.as_str().unwrap()
    );
    let chart = |product: &Joinedup| http::get_ok(&product.url(&path)).unwrap().json();
    let before = chart(&product);
    assert_eq!(before["points"][0]["value"], 0.8);

    let changed = OWN
        .replace("14 days\" }", "21 days\" }")
        .replace("80 %", "95 %");
    std::fs::write(product.folder().join("own.toml"), changed).unwrap();
    let views = generations(&product);
    assert!(!views.is_empty());
    assert!(product.sigterm().success());
    product.restart();
    let after = chart(&product);
    assert_eq!(
        (&after["points"][0]["value"], &after["target"]),
        (&json!(1.0), &json!(0.95))
    );
    assert_ne!(before["definition"], after["definition"]);
    assert_eq!(before["as_of_position"], after["as_of_position"]);
    let scrape = product.metrics().unwrap();
    let rebuilds = scrape.value("joinedup_projector_rebuilds_total", &[]);
    assert_eq!(rebuilds, Ok(0.0));
    assert_eq!(generations(&product), views, "the view on disk is the same");
}

/// What a local team adds to the logic model: a population with words of its own, a component, and a finding.
const LOCAL_MODEL: &str = r#"[[population]]
id = "working-age"
title = "Working-age adults with complex needs"

[[variant]]
population = "working-age"
node = "co-carer-support"
title = "Families and friends supported"

[[variant]]
population = "working-age"
node = "co-prevention-self-care"
left_out = true

[[node]]
id = "co-supported-work"
layer = "component"
group = "person-centred"
order = 90
title = "Help to find and keep work"
definition = "Somebody who helps a person into work and stays in touch once they are there."

[[edge]]
from = "co-supported-work"
to = "pe-live-the-life-i-want"
strength = "main"
basis = "inferred"

[[finding]]
framework = "cqc-local-system-reviews"
area = "havenshire"
date = "2026-05-01"
pathway = "PATHWAY"
text = "People told their story to one team and were not asked again."
"#;

#[test]
fn a_local_team_adds_to_the_logic_model_with_a_file() {
    let pathway = {
        let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
        let reviews = http::get_ok(&product.url("/api/v1/frameworks/cqc-local-system-reviews"));
        let reviews = reviews.unwrap().json();
        let items = reviews["items"].as_array().or(reviews["item"].as_array());
        items.unwrap()[0]["id"].as_str().unwrap().to_owned()
    };
    let own = LOCAL_MODEL.replace("PATHWAY", &pathway);
    let options = JoinedupOptions::new("serve", &["--catalogue", "model.toml"]);
    let product = Joinedup::start(options.file("model.toml", &own));
    let get = |path: &str| http::get_ok(&product.url(path)).unwrap().json();
    let nodes = |query: &str| {
        let answer = get(&format!("/api/v1/outcomes?area=havenshire{query}"));
        let nodes = answer["nodes"].as_array().unwrap().clone();
        nodes
            .into_iter()
            .map(|n| (n["id"].as_str().unwrap().to_owned(), n))
            .collect::<BTreeMap<_, _>>()
    };
    let usual = nodes("");
    assert_eq!(usual.len(), 47);
    assert_eq!(
        usual["co-supported-work"]["feeds"][0]["node"],
        "pe-live-the-life-i-want"
    );
    assert_eq!(
        usual["co-carer-support"]["title"],
        nodes("&population=older-people")["co-carer-support"]["title"]
    );
    let theirs = nodes("&population=working-age");
    assert_eq!(theirs.len(), 46);
    assert_eq!(
        theirs["co-carer-support"]["title"],
        "Families and friends supported"
    );
    assert!(!theirs.contains_key("co-prevention-self-care"));
    let named = |node: &Value| {
        node.to_string()
            .contains("\"node\":\"co-prevention-self-care\"")
    };
    assert!(usual.values().any(named) && !theirs.values().any(named));
    let nobody = http::get(&product.url("/api/v1/outcomes?population=nobody")).unwrap();
    assert_eq!(nobody.status, 400);
    assert!(
        nobody.text().contains("older-people, working-age"),
        "{}",
        nobody.text()
    );
    // A page says so as well, and shows nobody else's numbers in their place.
    for asked in ["numbers", "population"] {
        let page = http::get(&product.url(&format!("/leaders?{asked}=nobody"))).unwrap();
        assert_eq!(page.status, 404, "{asked}");
    }
    let reviews = get("/api/v1/frameworks/cqc-local-system-reviews").to_string();
    assert!(reviews.contains("were not asked again"), "{reviews}");
}

#[test]
fn a_faulty_file_of_the_logic_model_is_refused_in_a_sentence() {
    let folder = std::env::temp_dir().join(format!("joinedup-model-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("model.toml");
    std::fs::write(&file, "[[edge]]\nfrom = \"co-nowhere\"\nto = \"pe-live-the-life-i-want\"\nstrength = \"main\"\nbasis = \"inferred\"\n").unwrap();
    let file = file.display().to_string();
    let run = joinedup_tests::product::run(["measures", "list", "--catalogue", &file]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("co-nowhere"), "{}", run.stderr);
    std::fs::remove_dir_all(folder).unwrap();
}

/// The views on disk, by name.
fn generations(product: &Joinedup) -> BTreeSet<String> {
    let folder = std::fs::read_dir(product.folder().join("data/views")).unwrap();
    folder
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

fn received_data() -> Value {
    json!({ "service": "mdt", "priority": "routine", "trigger": "case-finding" })
}

fn rows(file: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let Some(path) = folders::shared(&format!("catalogue/{file}")) else {
        println!("passed over: the catalogues are not beside the repository");
        return None;
    };
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines = text.lines().map(cells);
    let names = lines.next()?;
    Some(
        lines
            .map(|line| names.iter().cloned().zip(line).collect())
            .collect(),
    )
}

/// The cells of a line of CSV, quotes taken off.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    cells.push(cell);
    cells
}

fn ids(list: &Value, field: &str) -> BTreeSet<String> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|row| row[field].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_row_of_the_catalogues_is_served_and_no_id_leads_nowhere() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let get = |path: &str| http::get_ok(&product.url(path)).unwrap().json();
    let (measures, outcomes, frameworks) = (
        get("/api/v1/measures"),
        get("/api/v1/outcomes"),
        get("/api/v1/frameworks"),
    );
    let nodes = ids(&outcomes["nodes"], "id");
    let known = ids(&measures["measures"], "id");
    for node in outcomes["nodes"].as_array().unwrap() {
        for edge in node["fed_by"]
            .as_array()
            .unwrap()
            .iter()
            .chain(node["feeds"].as_array().unwrap())
        {
            assert!(nodes.contains(edge["node"].as_str().unwrap()), "{edge}");
        }
        for measure in node["measures"].as_array().unwrap() {
            assert!(
                known.contains(measure["measure"].as_str().unwrap()),
                "{measure}"
            );
        }
    }
    let mut served: BTreeSet<String> = BTreeSet::new();
    for measure in measures["measures"].as_array().unwrap() {
        for outcome in measure["outcomes"].as_array().unwrap() {
            let outcome = outcome.as_str().unwrap();
            assert!(nodes.contains(outcome), "{} names {outcome}", measure["id"]);
            served.insert(outcome.to_owned());
        }
    }
    let items: BTreeMap<String, Value> = ids(&frameworks["frameworks"], "id")
        .into_iter()
        .map(|id| (id.clone(), get(&format!("/api/v1/frameworks/{id}"))))
        .collect();
    for framework in items.values() {
        for mapping in framework["mappings"]
            .as_array()
            .into_iter()
            .chain(framework["mapping"].as_array())
            .flatten()
        {
            assert!(
                nodes.contains(mapping["node"].as_str().unwrap()),
                "{mapping}"
            );
        }
    }

    let Some(model) = rows("logic_model.csv") else {
        return;
    };
    for row in &model {
        assert!(nodes.contains(&row["id"]), "{row:?}");
        assert!(
            row["layer"] != "outcome" || served.contains(&row["id"]),
            "no measure serves {}",
            row["id"]
        );
    }
    for edge in rows("logic_model_edges.csv").unwrap() {
        let node = outcomes["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .find(|n| n["id"] == edge["from"].as_str())
            .unwrap();
        assert!(
            node["feeds"]
                .as_array()
                .unwrap()
                .iter()
                .any(|e| e["node"] == edge["to"].as_str()),
            "{edge:?}"
        );
    }
    let listed = rows("measures.csv").unwrap();
    assert_eq!(listed.len(), 70);
    for row in listed {
        assert!(known.contains(&row["id"]), "{} is not served", row["id"]);
    }
    for row in rows("framework_items.csv").unwrap() {
        let framework = &items[row["framework"].as_str()];
        let there = framework["items"]
            .as_array()
            .or(framework["item"].as_array())
            .unwrap();
        assert!(
            there.iter().any(|i| i["id"] == row["item_id"].as_str()),
            "{row:?}"
        );
    }
}

#[test]
fn on_the_demo_every_outcome_has_a_measure_with_points() {
    let product = Joinedup::start(JoinedupOptions::new("demo", &[]));
    let outcomes = http::get_ok(&product.url("/api/v1/outcomes?area=havenshire"))
        .unwrap()
        .json();
    let nodes = outcomes["nodes"].as_array().unwrap();
    for node in nodes.iter().filter(|n| n["layer"] == "outcome") {
        assert_eq!(
            node["dark"], false,
            "{} has no measure with points",
            node["id"]
        );
    }
    let rated = nodes
        .iter()
        .filter(|n| n["layer"] == "component" && n["ratings"][0]["rolled_up"]["level"].is_u64());
    assert_eq!(rated.count(), 11);

    let funnel = http::get_ok(&product.url("/api/v1/funnel/md-accepted-share?area=havenshire"))
        .unwrap()
        .json();
    assert!(
        funnel["caution"]
            .as_str()
            .unwrap()
            .contains("not a league table"),
        "{funnel}"
    );
    assert!(funnel["areas"].as_array().unwrap().len() >= 4, "{funnel}");
}
