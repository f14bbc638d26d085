//! Programs that others wrote publish events with their defaults, and each person counts once.

use joinedup_tests::nats::{NatsOptions, NatsServer};
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use joinedup_tests::tools::Tool;

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
