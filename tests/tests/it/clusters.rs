//! Three NATS servers that keep the stream together: set up, checked and lived through with the product's own means.

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use joinedup_tests::care::stay;
use joinedup_tests::http;
use joinedup_tests::nats::{NatsOptions, NatsServer};
use joinedup_tests::nats_cluster::NatsCluster;
use joinedup_tests::patience::eventually_within;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use serde_json::Value;

/// Longer than a leader is missed for, and a server comes back in, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a fault lasts: longer than the servers need to see it, and to choose another leader.
const FAULT: Duration = Duration::from_secs(6);

const STREAM: &str = "JOINEDUP";

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

/// A sender repeats what was not acknowledged, as every sender has to. How long that took.
fn sent(product: &Joinedup, n: u32) -> Duration {
    let started = Instant::now();
    eventually_within(PATIENCE, "the events are acknowledged", || {
        match product.post(&events(n)) {
            answer if answer.status == 202 => Ok(()),
            answer => Err(answer.text()),
        }
    });
    started.elapsed()
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
fn a_cluster_is_set_up_and_raised_on_request_and_served_while_a_server_is_away() {
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
    cluster.servers[0].kill9();
    let mut product = serve(&cluster);
    sent(&product, 0);
    product.sigterm();
    product.restart();
    caught_up(&product, 3);
}

/// What happens to a cluster, and what ends it.
type Fault = (&'static str, fn(&mut NatsCluster, &dyn Fn()));

/// What a cluster of three is there for, and what it is not: each is lived through while events are sent. Between beginning and
/// end of a fault `meanwhile` passes.
const FAULTS: [Fault; 8] = [
    ("the leader is killed", |cluster, meanwhile| {
        let leader = cluster.leader(STREAM);
        cluster.servers[leader].kill9();
        meanwhile();
        cluster.servers[leader].restart();
    }),
    ("the leader steps down, twice", |cluster, meanwhile| {
        cluster.step_down(STREAM);
        meanwhile();
        cluster.step_down(STREAM);
    }),
    ("every server is restarted in turn", |cluster, _| {
        for server in 0..3 {
            cluster.servers[server].restart();
            cluster.wait_until_healthy();
            cluster.wait_until_copied();
        }
    }),
    ("the leader hangs", |cluster, meanwhile| {
        let leader = cluster.leader(STREAM);
        cluster.servers[leader].process().pause();
        meanwhile();
        cluster.servers[leader].process().resume();
    }),
    (
        "the leader is cut off from the others",
        |cluster, meanwhile| {
            let leader = cluster.leader(STREAM);
            cluster.cut_off(leader);
            meanwhile();
            cluster.join(leader);
        },
    ),
    ("two of three are gone", |cluster, meanwhile| {
        let leader = cluster.leader(STREAM);
        for server in [leader, (leader + 1) % 3] {
            cluster.servers[server].kill9();
        }
        meanwhile();
        for server in [leader, (leader + 1) % 3] {
            cluster.servers[server].restart();
        }
    }),
    ("the leader's disk is lost", |cluster, meanwhile| {
        let leader = cluster.leader(STREAM);
        cluster.servers[leader].kill9();
        std::fs::remove_dir_all(cluster.servers[leader].store()).unwrap();
        meanwhile();
        cluster.servers[leader].restart();
    }),
    ("all three are killed", |cluster, meanwhile| {
        for server in &mut cluster.servers {
            server.kill9();
        }
        meanwhile();
        for server in &mut cluster.servers {
            server.restart();
        }
    }),
];

#[test]
fn a_cluster_lives_through_every_fault_without_losing_or_doubling_an_event() {
    let mut cluster = NatsCluster::start();
    apply(&cluster, &["--replicas", "3"]);
    let product = serve(&cluster);
    // `CLUSTER_ROUNDS=10` for a campaign.
    let rounds = std::env::var("CLUSTER_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    let (is_over, acknowledged) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            while !is_over.load(Ordering::SeqCst) {
                longest = longest.max(sent(&product, acknowledged.fetch_add(1, Ordering::SeqCst)));
                std::thread::sleep(Duration::from_millis(20));
            }
            longest
        });
        // However the faults end, the sender has to.
        let over = Over(&is_over);
        for (fault, happens) in FAULTS.iter().cycle().take(rounds * FAULTS.len()) {
            let started = Instant::now();
            happens(&mut cluster, &|| std::thread::sleep(FAULT));
            cluster.wait_until_healthy();
            cluster.wait_until_copied();
            let before = acknowledged.load(Ordering::SeqCst);
            eventually_within(PATIENCE, "events are acknowledged again", || {
                let now = acknowledged.load(Ordering::SeqCst);
                if now > before + 2 { Ok(()) } else { Err(now) }
            });
            assert!(!sender.is_finished(), "{fault}: the sender gave up");
            println!(
                "{fault}: over after {:.1} s",
                started.elapsed().as_secs_f64()
            );
        }
        drop(over);
        let longest = sender.join().unwrap();
        println!(
            "the longest that an event was repeated: {:.1} s",
            longest.as_secs_f64()
        );
    });
    let stays = acknowledged.load(Ordering::SeqCst);
    // Each event of the stream once: three of a stay.
    caught_up(&product, u64::from(stays) * 3);
    let other = serve(&cluster);
    caught_up(&other, u64::from(stays) * 3);
    assert_eq!(
        other.cells(),
        product.cells(),
        "a rebuild comes to other cells"
    );
    let before = product.cells();
    sent(&product, 2);
    caught_up(&product, u64::from(stays) * 3);
    assert_eq!(product.cells(), before, "a repeat was counted");
    println!("{stays} stays in {} faults", rounds * FAULTS.len());
}

/// Says that it is over when it goes.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
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

#[test]
fn fewer_copies_than_the_settings_ask_for_are_told_of() {
    let nats = NatsServer::start(NatsOptions::durable());
    let start = || JoinedupOptions::on_nats("serve", &nats, &[]);
    drop(Joinedup::start(start()));
    let product = Joinedup::start(start().variable("JOINEDUP_NATS__REPLICAS", "3"));
    let log = product.log();
    assert!(
        log.contains("wanted is 3") && log.contains("stream apply"),
        "{log}"
    );
}
