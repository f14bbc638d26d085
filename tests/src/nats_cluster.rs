//! Three real NATS servers that keep a stream together, for one test.

use std::time::Duration;

use serde_json::Value;

use crate::nats::{NatsOptions, NatsServer};
use crate::patience::eventually_within;
use crate::ports;

/// Longer than three servers need to find each other and to choose a leader, even on a busy machine.
const START: Duration = Duration::from_secs(60);

/// Three servers, `n1` to `n3`.
#[derive(Debug)]
pub struct NatsCluster {
    /// The servers, in the order of their names.
    pub servers: Vec<NatsServer>,
}

impl NatsCluster {
    /// Starts three servers that write to disk before they acknowledge, and waits until JetStream answers on each.
    ///
    /// # Panics
    /// When they do not start, or do not find each other.
    #[track_caller]
    pub fn start() -> Self {
        let ports: Vec<u16> = (0..3).map(|_| ports::free_port()).collect();
        let routes: Vec<String> = ports
            .iter()
            .map(|port| format!("\"nats://127.0.0.1:{port}\""))
            .collect();
        let options = |name: usize| NatsOptions {
            extra: format!(
                "server_name: n{name}\ncluster {{ name: trial, listen: \"127.0.0.1:{}\", routes: [{}] }}",
                ports[name - 1],
                routes.join(", ")
            ),
            in_cluster: true,
            ..NatsOptions::durable()
        };
        let servers = (1..=3)
            .map(|name| NatsServer::start(options(name)))
            .collect();
        let cluster = Self { servers };
        cluster.wait_until_healthy();
        cluster
    }

    /// Waits until every server that runs says that it is well.
    ///
    /// # Panics
    /// When that takes longer than a minute.
    #[track_caller]
    pub fn wait_until_healthy(&self) {
        eventually_within(START, "the NATS servers find each other", || {
            let well = self
                .servers
                .iter()
                .filter(|server| server.healthy())
                .count();
            if well == self.servers.len() {
                Ok(())
            } else {
                Err(well)
            }
        });
    }

    /// Waits until each server has every event of each stream: until then the loss of another one may be the loss of both.
    ///
    /// # Panics
    /// When that takes longer than a minute.
    #[track_caller]
    pub fn wait_until_copied(&self) {
        eventually_within(START, "every server has a whole copy", || {
            // Only the leader knows how far the others are.
            let led: Vec<Value> = self
                .servers
                .iter()
                .zip(1..)
                .flat_map(|(server, n)| {
                    let page = server.monitor("jsz?streams=true");
                    let streams = page["account_details"][0]["stream_detail"].clone();
                    let streams = streams.as_array().cloned().unwrap_or_default();
                    let clusters = streams.into_iter().map(|stream| stream["cluster"].clone());
                    let own = format!("n{n}");
                    clusters.filter(move |cluster| cluster["leader"] == *own)
                })
                .collect();
            let copied = |peer: &Value| peer["current"] == true && peer["offline"] != true;
            let whole = led.iter().all(|cluster| {
                let peers = cluster["replicas"].as_array();
                peers.is_some_and(|peers| peers.len() == 2 && peers.iter().all(copied))
            });
            if whole && !led.is_empty() {
                Ok(())
            } else {
                Err(Value::from(led))
            }
        });
    }

    /// The addresses of all for clients, with commas between them.
    pub fn urls(&self) -> String {
        self.joined(NatsServer::url)
    }

    /// The monitoring addresses of all, with commas between them.
    pub fn monitors(&self) -> String {
        self.joined(NatsServer::monitoring_url)
    }

    fn joined(&self, address: impl Fn(&NatsServer) -> String) -> String {
        self.servers
            .iter()
            .map(address)
            .collect::<Vec<_>>()
            .join(",")
    }
}
