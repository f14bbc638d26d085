//! Three real NATS servers that keep a stream together, for one test.

use std::time::Duration;

use serde_json::Value;

use crate::OrFail;
use crate::nats::{NatsOptions, NatsServer};
use crate::nats_client::NatsClient;
use crate::patience::eventually_within;
use crate::ports;
use crate::proxy::Proxy;

/// Longer than three servers need to find each other and to choose a leader, even on a busy machine.
const START: Duration = Duration::from_secs(60);

/// The address that servers give each other, so that none finds a way past the relays.
const NOWHERE: &str = "127.0.0.1:1";

/// Three servers, `n1` to `n3`, and the network between them.
#[derive(Debug)]
pub struct NatsCluster {
    /// The servers, in the order of their names.
    pub servers: Vec<NatsServer>,
    /// What one server says to another: from, to, and the relay between them.
    network: Vec<(usize, usize, Proxy)>,
}

impl NatsCluster {
    /// Starts three servers that write to disk before they acknowledge, and waits until JetStream answers on each.
    ///
    /// # Panics
    /// When they do not start, or do not find each other.
    #[track_caller]
    pub fn start() -> Self {
        let ports: Vec<u16> = (0..3).map(|_| ports::free_port()).collect();
        let relay = |to: usize| Proxy::start(&format!("127.0.0.1:{}", ports[to]));
        let pairs = (0..3).flat_map(|from| (0..3).map(move |to| (from, to)));
        let network: Vec<(usize, usize, Proxy)> = pairs
            .filter(|(from, to)| from != to)
            .map(|(from, to)| (from, to, relay(to)))
            .collect();
        let options = |server: usize| {
            let of_server = network.iter().filter(|(from, ..)| *from == server);
            let routes: Vec<String> = of_server
                .map(|(.., relay)| format!("\"nats://{}\"", relay.address()))
                .collect();
            NatsOptions {
                extra: format!(
                    "server_name: n{}\ncluster {{ name: trial, listen: \"127.0.0.1:{}\", advertise: \"{NOWHERE}\", routes: [{}] }}",
                    server + 1,
                    ports[server],
                    routes.join(", ")
                ),
                in_cluster: true,
                ..NatsOptions::durable()
            }
        };
        let servers = (0..3)
            .map(|server| NatsServer::start(options(server)))
            .collect();
        let cluster = Self { servers, network };
        cluster.wait_until_healthy();
        cluster
    }

    /// Cuts a server off from the others; clients reach it still.
    ///
    /// # Panics
    /// When it goes on hearing from them.
    #[track_caller]
    pub fn cut_off(&self, server: usize) {
        for (.., relay) in self.relays_of(server) {
            relay.cut();
        }
        let name = "it hears of no other server";
        eventually_within(START, name, || {
            match self.servers[server].monitor("routez")["num_routes"].as_u64() {
                Some(0) => Ok(()),
                routes => Err(routes),
            }
        });
    }

    /// Joins a server that was cut off to the others again.
    pub fn join(&self, server: usize) {
        for (.., relay) in self.relays_of(server) {
            relay.heal();
        }
    }

    fn relays_of(&self, server: usize) -> impl Iterator<Item = &(usize, usize, Proxy)> {
        let of_server =
            move |(from, to, _): &&(usize, usize, Proxy)| *from == server || *to == server;
        self.network.iter().filter(of_server)
    }

    /// The server that leads a stream, while all of them can be asked.
    ///
    /// # Panics
    /// When none leads it within a minute.
    #[track_caller]
    pub fn leader(&self, stream: &str) -> usize {
        eventually_within(START, "the stream has a leader", || {
            let mut led = self.led();
            let of_stream = led.find(|(_, led)| led["name"] == *stream);
            of_stream.map(|(server, _)| server).ok_or("none leads it")
        })
    }

    /// Asks the leader of a stream to leave that to another server.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn step_down(&self, stream: &str) {
        let leader = &self.servers[self.leader(stream)];
        let mut client = NatsClient::connect(&leader.address());
        let call = format!("STREAM.LEADER.STEPDOWN.{stream}");
        client
            .jetstream(&call, &Value::Null)
            .or_fail("the leader does not step down");
    }

    /// The streams that servers lead, each with its server.
    fn led(&self) -> impl Iterator<Item = (usize, Value)> {
        self.servers.iter().enumerate().flat_map(|(at, server)| {
            let page = server.monitor("jsz?streams=true");
            let streams = page["account_details"][0]["stream_detail"].clone();
            let streams = streams.as_array().cloned().unwrap_or_default();
            let own = format!("n{}", at + 1);
            let led = streams.into_iter();
            let led = led.filter(move |stream| stream["cluster"]["leader"] == *own);
            led.map(move |stream| (at, stream))
        })
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
            let led = self.led().map(|(_, stream)| stream["cluster"].clone());
            let led: Vec<Value> = led.collect();
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
