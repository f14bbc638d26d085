//! Three NATS servers that keep the stream together: set up, checked and lived through with the product's own means.

use std::ffi::OsString;
use std::time::Duration;

use joinedup_tests::care::stay;
use joinedup_tests::http;
use joinedup_tests::nats::NatsOptions;
use joinedup_tests::nats_cluster::NatsCluster;
use joinedup_tests::patience::eventually_within;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use serde_json::Value;

/// Longer than a leader is missed for, and a server comes back in, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn events(n: u32) -> Vec<Value> {
    let transfer = format!("t-{n}");
    stay(
        &transfer,
        "havenshire-north",
        "2026-09-01",
        "2026-09-07",
        "2026-09-10",
    )
}

fn flags(cluster: &NatsCluster) -> [String; 4] {
    let flag = str::to_owned;
    [
        flag("--nats"),
        cluster.urls(),
        flag("--nats-monitor"),
        cluster.monitors(),
    ]
}

fn apply(cluster: &NatsCluster, more: &[&str]) -> String {
    let arguments = ["stream", "apply"].into_iter().map(OsString::from);
    let arguments = arguments
        .chain(flags(cluster).map(OsString::from))
        .chain(more.iter().map(OsString::from));
    product::run(arguments).succeeded().to_owned()
}

fn serve(cluster: &NatsCluster) -> Joinedup {
    let mut options = JoinedupOptions::new("serve", &[]);
    options.arguments.extend(flags(cluster).map(OsString::from));
    Joinedup::start(options)
}

/// A sender repeats what was not acknowledged, as every sender has to.
fn sent(product: &Joinedup, n: u32) {
    eventually_within(PATIENCE, "the events are acknowledged", || {
        match product.post(&events(n)) {
            answer if answer.status == 202 => Ok(()),
            answer => Err(answer.text()),
        }
    });
}

fn caught_up(product: &Joinedup, position: u64) {
    eventually_within(PATIENCE, "everything is counted", || {
        match product.caught_up() {
            at if at == position => Ok(()),
            at => Err(at),
        }
    });
}

#[test]
fn a_cluster_is_set_up_and_loses_its_servers_in_turn_without_losing_an_event() {
    let mut cluster = NatsCluster::start();
    let made = apply(&cluster, &[]);
    assert!(made.contains("was made"), "{made}");
    // A stream with one copy works, and is raised on request alone, after it was said what would change.
    let differs = apply(&cluster, &["--replicas", "3"]);
    assert!(
        differs.contains("`num_replicas` of stream JOINEDUP is 1, wanted is 3"),
        "{differs}"
    );
    let raised = apply(&cluster, &["--replicas", "3", "--change"]);
    assert!(raised.contains("is now 3"), "{raised}");

    cluster.wait_until_copied();

    let mut product = serve(&cluster);
    sent(&product, 0);
    for server in 0..3 {
        cluster.servers[server].kill9();
        sent(&product, u32::try_from(server).unwrap() + 1);
        if server == 0 {
            // It also begins while one of them is away.
            product.sigterm();
            product.restart();
        }
        cluster.servers[server].restart();
        cluster.wait_until_healthy();
        cluster.wait_until_copied();
    }
    caught_up(&product, 12);
    let before = product.cells();
    sent(&product, 2);
    caught_up(&product, 12);
    assert_eq!(product.cells(), before, "a repeat was counted");
}

#[test]
fn a_server_that_comes_back_and_writes_lazily_is_named_and_gets_no_events() {
    let mut cluster = NatsCluster::start();
    apply(&cluster, &["--replicas", "3"]);
    let product = serve(&cluster);
    sent(&product, 0);
    let lazy = |cluster: &mut NatsCluster, server: usize, lazy: bool| {
        let kept = NatsOptions {
            sync_always: !lazy,
            ..cluster.servers[server].options().clone()
        };
        cluster.servers[server].restart_with(kept);
        cluster.wait_until_healthy();
    };
    // One of these restarts breaks the product's connection after the lazy server is there, which makes it look at once.
    lazy(&mut cluster, 1, true);
    for server in [0, 2] {
        cluster.servers[server].restart();
        cluster.wait_until_healthy();
    }
    eventually_within(PATIENCE, "the lazy server is named", || {
        let answer = http::get(&product.url("/readyz"))?;
        let text = answer.text();
        let named = text.contains("`sync_interval` of the NATS server n2");
        if answer.status == 503 && named {
            Ok(())
        } else {
            Err(text)
        }
    });
    let refused = product.post(&events(1));
    assert_eq!(refused.status, 503, "{}", refused.text());

    lazy(&mut cluster, 1, false);
    sent(&product, 1);
    caught_up(&product, 6);
}
