//! Programs that others wrote publish events with their defaults, and each person counts once.

use crate::pages::demo;
use joinedup_tests::folders;
use joinedup_tests::http::get_ok;
use joinedup_tests::nats::{NatsOptions, NatsServer};
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use joinedup_tests::tools::Tool;

/// Waits until those people and nobody else wait.
#[track_caller]
fn on_the_board(product: &Joinedup, everybody: &[&str]) {
    eventually("everybody is on the board", || {
        let board = product.json("/api/v1/waiting?area=havenshire")?;
        let rows = board["transfers"].as_array().cloned().unwrap_or_default();
        let mut ids: Vec<&str> = rows.iter().filter_map(|r| r["transfer"].as_str()).collect();
        ids.sort_unstable();
        if ids == everybody {
            Ok(())
        } else {
            Err(format!("{ids:?}"))
        }
    });
}

#[test]
fn the_python_sdk_and_nats_py_publish_with_their_defaults() {
    let nats = NatsServer::start(NatsOptions::durable());
    let product = Joinedup::start(JoinedupOptions::on_nats("serve", &nats, &[]));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/publish.py");
    let address = product.url("");
    let address = address.trim_start_matches("http://").trim_end_matches('/');
    for arguments in [[script, "http", address], [script, "nats", &nats.url()]] {
        Tool::PythonClients.run(arguments).succeeded();
    }
    let everybody = [
        "http-binary",
        "http-structured",
        "nats-binary",
        "nats-structured",
    ];
    on_the_board(&product, &everybody);
    // What does not say when it was recorded was recorded when it came, also past the door.
    for position in 1..=8 {
        let event = &product.json(&format!("/api/v1/events/{position}")).unwrap()["event"];
        let (happened, recorded) = (&event["time"], &event["recordedtime"]);
        assert!(
            recorded.as_str() >= happened.as_str() && happened.is_string(),
            "{event}"
        );
    }
}

#[test]
fn the_javascript_sdk_publishes_in_both_modes_with_its_defaults() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let script = folders::repository().join("tests/tools/publish.mjs");
    let address = product.url("");
    let address = address.trim_end_matches('/');
    Tool::Node
        .run([script.as_os_str(), address.as_ref()])
        .succeeded();
    let everybody = [
        "js-binary",
        "js-emitted-binary",
        "js-emitted-structured",
        "js-structured",
    ];
    on_the_board(&product, &everybody);
}

#[test]
fn a_client_made_of_the_servers_document_publishes_and_reads_a_chart() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openapi.json");
    let document = get_ok(&product.url("/api/v1/openapi.json")).unwrap();
    std::fs::write(&file, document.text()).unwrap();
    let settings = folder.path().join("settings.yaml");
    std::fs::write(&settings, "post_hooks: []\n").unwrap();
    let package = folder.path().join("joinedup_client");
    Tool::PythonClients
        .run([
            "-m".as_ref(),
            "openapi_python_client".as_ref(),
            "generate".as_ref(),
            "--meta=none".as_ref(),
            "--path".as_ref(),
            file.as_os_str(),
            "--config".as_ref(),
            settings.as_os_str(),
            "--output-path".as_ref(),
            package.as_os_str(),
        ])
        .succeeded();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/generated.py");
    let run = Tool::PythonClients.run([
        script.as_ref(),
        folder.path().as_os_str(),
        product.url("").trim_end_matches('/').as_ref(),
    ]);
    assert_eq!(run.succeeded().trim(), "2 2 /data/date tr-ready-now final");
}

#[test]
fn every_answer_is_of_the_form_that_the_document_gives() {
    let product = demo();
    let document = product.json("/api/v1/openapi.json").unwrap();
    let entity = &product.json("/api/v1/waiting").unwrap()["transfers"][0]["transfer"];
    let today = joinedup_tests::care::today();
    let named = [
        ("/{position}", "/1".to_owned()),
        (
            "/{family}/{id}",
            format!("/transfer/{}", entity.as_str().unwrap()),
        ),
        ("/measures/{id}", "/measures/tr-ready-now".to_owned()),
        ("/frameworks/{id}", "/frameworks/scirocco".to_owned()),
        ("/lenses/{id}", "/lenses/overarching-domain".to_owned()),
        ("/scorecards/{id}", "/scorecards/interface-2017".to_owned()),
        ("/funnel/{measure}", "/funnel/tr-delayed-share".to_owned()),
        (
            "/{measure}/trace",
            format!("/tr-ready-now/trace?from={today}"),
        ),
        ("/{measure}", "/tr-ready-now".to_owned()),
    ];
    let mut checked = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let answer = &operations["get"]["responses"]["200"]["content"]["application/json"];
        let Some(schema) = answer["schema"].as_object() else {
            continue;
        };
        let mut schema = schema.clone();
        schema.insert("components".to_owned(), document["components"].clone());
        let address = named.iter().fold(path.clone(), |path, (name, value)| {
            if path.contains(name) {
                path.replace(name, value)
            } else {
                path
            }
        });
        let answer = product.json(&address).unwrap();
        let validator = jsonschema::validator_for(&schema.into()).unwrap();
        let wrong: Vec<String> = validator
            .iter_errors(&answer)
            .map(|e| format!("{} {e:.300}", e.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{address}: {wrong:#?}");
        checked += 1;
    }
    assert!(checked >= 18, "{checked}");
}
