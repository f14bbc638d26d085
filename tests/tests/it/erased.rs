//! Somebody is erased from a log in NATS: the log is written anew, and everything else is as it was.

use std::ffi::OsString;

use joinedup_tests::care::stay;
use joinedup_tests::nats::{NatsOptions, NatsServer};
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::tools::Run;
use joinedup_tests::{folders, http};
use serde_json::Value;

const AREA: &str = "havenshire-north";

fn erase(arguments: &[&str]) -> Run {
    let words = ["erase"].into_iter().chain(arguments.iter().copied());
    product::run(words.map(OsString::from))
}

/// How a server is reached, in a file, as its monitoring address is at no usual port.
fn settings(folder: &std::path::Path, name: &str, nats: &NatsServer) -> String {
    let text = format!(
        "[nats]\nurl = \"{}\"\nmonitor_url = \"{}\"\n",
        nats.url(),
        nats.monitoring_url()
    );
    folders::write(folder, &[(name, &text)]);
    folder.join(name).display().to_string()
}

fn people(names: &[&str]) -> Vec<Value> {
    let stays = names.iter();
    stays
        .flat_map(|name| stay(name, AREA, "2026-09-01", "2026-09-07", "2026-09-10"))
        .collect()
}

#[test]
fn a_person_is_erased_from_a_log_in_nats_and_the_others_stay_where_they_stand() {
    let (old, new, by_way_of_a_folder) = (
        NatsServer::start(NatsOptions::durable()),
        NatsServer::start(NatsOptions::durable()),
        NatsServer::start(NatsOptions::durable()),
    );
    let folder = tempfile::tempdir().unwrap();
    let views = folder.path().join("views").display().to_string();
    // The same folder of views over both logs.
    let on = |nats| {
        let mut options = JoinedupOptions::on_nats("serve", nats, &[]);
        let folder = options.arguments.iter_mut().find(|flag| *flag == "data");
        *folder.unwrap() = views.clone().into();
        options
    };
    let mut product = Joinedup::start(on(&old));
    let answer = product.post(&people(&["one", "two", "three"]));
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(product.caught_up(), 9);
    let trace = |product: &Joinedup, name: &str| {
        http::get(&product.url(&format!("/api/v1/entities/transfer/{name}"))).unwrap()
    };
    assert_eq!(trace(&product, "two").status, 200);
    let third = trace(&product, "three").json();
    product.sigterm();

    let from = settings(folder.path(), "old.toml", &old);
    let into = settings(folder.path(), "new.toml", &new);
    let entity = ["--entity", "transfer/two"];
    let written = erase(&[&["--config", &*from, "--into-config", &into][..], &entity].concat());
    assert!(
        written
            .succeeded()
            .contains("9 events, of which 3 of 1 entities are erased"),
        "{written:?}"
    );
    // What a run for somebody else left is not written over; the same once more finds everything there.
    let other = ["--entity", "transfer/one"];
    let other = erase(&[&["--config", &*from, "--into-config", &into][..], &other].concat());
    assert!(
        other.stderr.contains("another event at position 1"),
        "{other:?}"
    );
    erase(&[&["--config", &*from, "--into-config", &into][..], &entity].concat()).succeeded();

    // Views of the old log are built again from the new one, and nobody has to ask for it.
    let product = Joinedup::start(on(&new));
    assert_eq!(product.caught_up(), 9);
    assert_eq!(trace(&product, "two").status, 404);
    assert_eq!(
        trace(&product, "three").json(),
        third,
        "somebody else changed"
    );
    let cells = product.cells();
    drop(product);

    // With one account there is no room for two streams, and the way leads over a folder.
    let data = folder.path().join("data").display().to_string();
    erase(&[&["--config", &*from, "--into", &data][..], &entity].concat()).succeeded();
    let last = settings(folder.path(), "last.toml", &by_way_of_a_folder);
    erase(&["--data", &data, "--into-config", &last, "--nothing"]).succeeded();
    let options = JoinedupOptions::on_nats("serve", &by_way_of_a_folder, &[]);
    let product = Joinedup::start(options);
    assert_eq!(product.caught_up(), 9);
    assert_eq!(product.cells(), cells);
}
