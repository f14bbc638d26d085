//! Nothing acknowledged is lost and nothing counts twice, whoever is killed; and a log that cannot be trusted is refused.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use joinedup_tests::care::{county, stay};
use joinedup_tests::disk::Disk;
use joinedup_tests::http;
use joinedup_tests::nats::{NatsOptions, NatsServer};
use joinedup_tests::nats_client::NatsClient;
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions, nats_flags};
use serde_json::{Value, json};

/// Batches of a county's events, as bodies of requests.
fn batches(events: &[String], size: usize) -> Vec<String> {
    let batch = |lines: &[String]| format!("[{}]", lines.join(","));
    events.chunks(size).map(batch).collect()
}

/// Posts a batch, once: the number of positions acknowledged, or none when it was not acknowledged.
fn post(url: &str, body: &str) -> Option<usize> {
    let batch = [("content-type", "application/cloudevents-batch+json")];
    let answer = http::send("POST", url, &batch, body.as_bytes()).ok()?;
    match answer.status {
        202 => Some(answer.json()["positions"].as_array().unwrap().len()),
        // It takes none for now, or its log has no disk any more.
        503 | 507 => None,
        other => panic!("status {other}: {}", answer.text()),
    }
}

/// Posts a batch until it is acknowledged.
fn post_until_acknowledged(url: &str, body: &str) {
    eventually("the batch is acknowledged", || {
        post(url, body).ok_or("not yet")
    });
}

/// How many different events there are.
fn distinct(events: &[String]) -> u64 {
    events.iter().collect::<BTreeSet<_>>().len() as u64
}

/// The cells of events in a log of their own that nothing ever happened to.
fn undisturbed(events: &[String], folder: &Path) -> String {
    let (file, data) = (folder.join("all.ndjson"), folder.join("undisturbed"));
    std::fs::write(&file, events.join("\n") + "\n").unwrap();
    let (file, data) = (file.display().to_string(), data.display().to_string());
    product::run(["import", "--data", &data, &file]).succeeded();
    product::run(["export", "--cells", "--data", &data])
        .succeeded()
        .to_owned()
}

fn export_cells(nats: &NatsServer) -> String {
    let mut export = vec!["export".to_owned(), "--cells".to_owned()];
    export.extend(nats_flags(nats));
    product::run(export).succeeded().to_owned()
}

/// How many events the stream holds, asked behind the product's back.
fn stored(nats: &NatsServer) -> u64 {
    let mut client = NatsClient::connect(&nats.address());
    let info = client
        .jetstream("STREAM.INFO.JOINEDUP", &Value::Null)
        .unwrap();
    info["state"]["messages"].as_u64().unwrap()
}

#[test]
fn fifty_kills_of_the_projector_during_a_load_lose_nothing_and_double_nothing() {
    const KILLS: usize = 50;
    let (nats, folder) = (
        NatsServer::start(NatsOptions::durable()),
        tempfile::tempdir().unwrap(),
    );
    let events = county(4, 0.15);
    let batches = batches(&events, events.len().div_ceil(4 * KILLS));
    assert!(batches.len() > 2 * KILLS, "{} batches", batches.len());
    let publisher = Joinedup::start(JoinedupOptions::on_nats("publish", &nats, &[]));
    let url = publisher.url("/api/v1/events");
    let mut options = JoinedupOptions::on_nats("project", &nats, &[]);
    let partitions = ("JOINEDUP_PARTITIONS".to_owned(), "8".to_owned());
    options.environment.push(partitions);
    let mut projector = Joinedup::start(options);
    let (allowed, next) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let mut kills_during_load = 0;
    std::thread::scope(|scope| {
        // The load goes on while the projector starts, folds, commits and dies: a few batches a kill, so that there is
        // load left for the last one.
        let (allowed, next, batches, url) = (&allowed, &next, &batches, &url);
        let load = scope.spawn(move || {
            for (index, body) in batches.iter().enumerate() {
                eventually("the load may go on", || {
                    let allowed = allowed.load(Ordering::SeqCst);
                    if index < allowed {
                        Ok(())
                    } else {
                        Err(allowed)
                    }
                });
                post_until_acknowledged(url, body);
                next.fetch_add(1, Ordering::SeqCst);
            }
        });
        for kill in 1..=KILLS {
            let goal = batches.len() * kill / KILLS;
            allowed.store(goal, Ordering::SeqCst);
            // Killed at different moments: while it starts, after the first of the batches, in the middle of them.
            let moment = batches.len() * (kill - 1) / KILLS + kill % 4;
            eventually("the load has come to the moment of the kill", || {
                let posted = next.load(Ordering::SeqCst);
                if posted >= moment.min(goal - 1) {
                    Ok(())
                } else {
                    Err(posted)
                }
            });
            kills_during_load += usize::from(next.load(Ordering::SeqCst) < batches.len());
            projector.kill9();
            projector.relaunch();
            if kill % 3 == 0 {
                projector.wait_ready();
            }
        }
        allowed.store(usize::MAX, Ordering::SeqCst);
        load.join().unwrap();
    });
    assert!(
        kills_during_load >= KILLS - 1,
        "only {kills_during_load} kills were during the load"
    );
    projector.wait_ready();
    let head = projector.caught_up();
    assert_eq!(
        (head, stored(&nats)),
        (distinct(&events), distinct(&events))
    );
    let cells = projector.cells();
    assert!(
        cells == export_cells(&nats),
        "the view differs from a fresh fold of the stream"
    );
    assert!(
        cells == undisturbed(&events, folder.path()),
        "the view differs from an undisturbed one"
    );
    let folded = projector
        .metrics()
        .unwrap()
        .value("joinedup_events_folded_total", &[]);
    assert_eq!(folded, Ok(distinct(&events) as f64));
}

/// An embedded server with so many partitions, and its data in a folder.
fn embedded(data: &Path, partitions: &str) -> JoinedupOptions {
    let mut options = JoinedupOptions::new("serve", &[]);
    for argument in &mut options.arguments {
        if argument == "data" {
            *argument = data.into();
        }
    }
    options.variable("JOINEDUP_PARTITIONS", partitions)
}

/// Ends a server over and over while it takes events, in a way that the caller knows, and starts it again: each time it has
/// what it acknowledged, and in the end the numbers of a log that nothing ever happened to.
fn nothing_is_lost(
    options: JoinedupOptions,
    data: &Path,
    times: usize,
    end: impl Fn(&mut Joinedup),
) {
    let folder = tempfile::tempdir().unwrap();
    let events = county(2, 0.15);
    let batches = batches(&events, 10);
    let mut product = Joinedup::start(options);
    let url = product.url("/api/v1/events");
    let acknowledged = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (acknowledged, batches, url) = (&acknowledged, &batches, &url);
        let load = scope.spawn(move || {
            for body in batches {
                post_until_acknowledged(url, body);
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
        });
        for time in 1..=times {
            let moment = batches.len() * time / (times + 1);
            eventually("the load has come to the moment of the end", || {
                let posted = acknowledged.load(Ordering::SeqCst);
                if posted >= moment {
                    Ok(())
                } else {
                    Err(posted)
                }
            });
            end(&mut product);
            let kept = acknowledged.load(Ordering::SeqCst);
            product.relaunch();
            product.wait_ready();
            // Repeats are not stored again, so the head counts different events; the last one acknowledged is the least.
            let sure = distinct(&events[..(kept * 10).min(events.len())]);
            assert!(
                product.caught_up() >= sure,
                "end {time}: {sure} different events were acknowledged"
            );
        }
        load.join().unwrap();
    });
    product.caught_up();
    let cells = product.cells();
    assert!(product.sigterm().success());
    let data = data.display().to_string();
    let fresh = product::run(["export", "--cells", "--data", &data]);
    assert!(
        cells == fresh.succeeded(),
        "the view differs from a fresh fold of the log"
    );
    assert!(
        cells == undisturbed(&events, folder.path()),
        "the view differs from an undisturbed one"
    );
}

#[test]
fn kills_of_an_embedded_server_lose_nothing_that_it_acknowledged() {
    for partitions in ["2", "8"] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        nothing_is_lost(embedded(&data, partitions), &data, 6, Joinedup::kill9);
    }
}

#[test]
fn power_cuts_of_an_embedded_server_lose_nothing_and_leave_no_more_than_a_store_may_have() {
    // Beyond this a store of views is written anew (64 MiB of changes), with room for what came after.
    const MAX_VIEWS: u64 = 96 << 20;
    let cuts = std::env::var("JOINEDUP_TEST_POWER_CUTS").map_or(6, |cuts| cuts.parse().unwrap());
    let Some(disk) = Disk::new(1 << 30) else {
        return;
    };
    let data = disk.mount_point().join("data");
    nothing_is_lost(embedded(&data, "8"), &data, cuts, |product| {
        disk.cut_power().unwrap();
        product.kill9();
        disk.mount_again().unwrap();
    });
    let views = size(&data.join("views"));
    println!(
        "{cuts} cuts, {views} bytes of views, {} of the log",
        size(&data.join("log"))
    );
    assert!(views < MAX_VIEWS, "{views} bytes of views");
}

/// The bytes of all files in a folder.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let sizes = entries.map(|entry| match entry.metadata().unwrap() {
        metadata if metadata.is_dir() => size(&entry.path()),
        metadata => metadata.len(),
    });
    sizes.sum()
}

#[test]
fn kills_of_the_nats_server_lose_nothing_that_was_acknowledged() {
    const KILLS: usize = 5;
    let (mut nats, folder) = (
        NatsServer::start(NatsOptions::durable()),
        tempfile::tempdir().unwrap(),
    );
    let events = county(1, 0.15);
    let batches = batches(&events, 10);
    let product = Joinedup::start(JoinedupOptions::on_nats("serve", &nats, &[]));
    let url = product.url("/api/v1/events");
    let acknowledged = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (acknowledged, batches, url) = (&acknowledged, &batches, &url);
        let load = scope.spawn(move || {
            for body in batches {
                post_until_acknowledged(url, body);
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
        });
        for kill in 1..=KILLS {
            let moment = batches.len() * kill / (KILLS + 1);
            eventually("the load has come to the moment of the kill", || {
                let posted = acknowledged.load(Ordering::SeqCst);
                if posted >= moment {
                    Ok(())
                } else {
                    Err(posted)
                }
            });
            nats.kill9();
            nats.restart();
        }
        load.join().unwrap();
    });
    assert_eq!(
        (product.caught_up(), stored(&nats)),
        (distinct(&events), distinct(&events))
    );
    let cells = product.cells();
    assert!(
        cells == export_cells(&nats),
        "the view differs from a fresh fold of the stream"
    );
    assert!(
        cells == undisturbed(&events, folder.path()),
        "the view differs from an undisturbed one"
    );
}

#[test]
fn a_stream_that_was_made_anew_stops_the_projector_and_leaves_the_views_as_they_were() {
    let nats = NatsServer::start(NatsOptions::durable());
    let mut product = Joinedup::start(JoinedupOptions::on_nats("serve", &nats, &[]));
    let events = stay(
        "t-1",
        "hv-north-2",
        "2026-09-01",
        "2026-09-07",
        "2026-09-10",
    );
    assert_eq!(product.post(&events).status, 202);
    product.caught_up();
    let before = product.cells();
    assert!(!before.is_empty());
    let mut client = NatsClient::connect(&nats.address());
    client
        .jetstream("STREAM.DELETE.JOINEDUP", &Value::Null)
        .unwrap();
    let mut apply = vec!["stream".to_owned(), "apply".to_owned()];
    apply.extend(nats_flags(&nats));
    product::run(apply).succeeded();
    let not_ready = |product: &Joinedup| {
        eventually("it says that the log is another one", || {
            let answer = http::get(&product.url("/readyz"))?;
            let text = answer.text();
            let line = text
                .lines()
                .find(|line| line.starts_with("[-] views: "))
                .unwrap_or_default()
                .to_owned();
            if answer.status == 503 && line.split(' ').count() > 6 && !line.contains("is away") {
                Ok(line)
            } else {
                Err(format!("{} {text}", answer.status))
            }
        })
    };
    // While it runs, and after it was started again.
    let said = not_ready(&product);
    assert!(said.contains("stream") || said.contains("log"), "{said}");
    assert_eq!(product.cells(), before);
    let another = stay(
        "t-2",
        "hv-north-2",
        "2026-09-01",
        "2026-09-07",
        "2026-09-10",
    );
    let subject = "joinedup.transfer.hv-north-2.00";
    let acknowledged = client
        .request(subject, &[], another[0].to_string().as_bytes())
        .unwrap();
    let acknowledged: Value = serde_json::from_slice(&acknowledged.payload).unwrap();
    assert_eq!(acknowledged["seq"], json!(1));
    assert_eq!(not_ready(&product), said);
    assert_eq!(product.cells(), before);
    product.sigterm();
    product.relaunch();
    eventually("it answers again", || http::get_ok(&product.url("/livez")));
    assert!(not_ready(&product).contains("log"), "it was started again");
    assert_eq!(product.cells(), before);
    assert_eq!(http::get_ok(&product.url("/livez")).unwrap().status, 200);
}

#[test]
fn a_nats_server_that_acknowledges_before_it_writes_is_refused_unless_accepted_by_name() {
    let nats = NatsServer::start(NatsOptions::lazy());
    let data = tempfile::tempdir().unwrap();
    let mut serve: Vec<String> = vec!["serve".into(), "--listen".into(), "127.0.0.1:0".into()];
    serve.extend(["--data".into(), data.path().display().to_string()]);
    serve.extend(nats_flags(&nats));
    let refused = product::run(serve);
    assert!(refused.code.is_some_and(|code| code != 0), "{refused:?}");
    assert!(
        refused.stderr.contains("sync_interval"),
        "{}",
        refused.stderr
    );
    assert!(
        refused.stderr.contains("lazy-fsync"),
        "it says by which name to accept it: {}",
        refused.stderr
    );
    let accepted = JoinedupOptions::on_nats("serve", &nats, &["--accept-unsafe", "lazy-fsync"]);
    let product = Joinedup::start(accepted);
    let events = stay(
        "t-1",
        "hv-north-2",
        "2026-09-01",
        "2026-09-07",
        "2026-09-10",
    );
    assert_eq!(product.post(&events).status, 202);
    assert_eq!(product.caught_up(), 3);
}
