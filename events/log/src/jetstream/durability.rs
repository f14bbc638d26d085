//! Do the servers that keep the stream write to disk before they acknowledge? Asked of every one of them: any of them may be the
//! next to acknowledge.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use serde::Deserialize;
use tokio::time::Instant;

use super::monitor::{self, MonitorError, Varz};
use super::settings::{Settings, Unsafe};
use super::startup::Finding;

/// How often a log that is open asks again: a server may come back with another configuration.
const ASK_EVERY: Duration = Duration::from_secs(60);

/// How long an open log waits for a monitoring address: whoever asks for its readiness waits as well.
const LOOK_TIMEOUT: Duration = Duration::from_secs(1);

/// The servers that keep a stream, by their names.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Keepers {
    #[serde(default)]
    leader: Option<String>,
    /// Those that follow the leader.
    #[serde(default)]
    replicas: Vec<Peer>,
}

/// One that follows the leader.
#[derive(Clone, Debug, Deserialize)]
struct Peer {
    name: String,
    #[serde(default)]
    offline: bool,
}

impl Keepers {
    /// Each with whether it is known to be away.
    fn all(&self) -> BTreeMap<&str, bool> {
        let leader = self.leader.as_deref().map(|name| (name, false));
        let peers = self
            .replicas
            .iter()
            .map(|peer| (peer.name.as_str(), peer.offline));
        peers.chain(leader).collect()
    }
}

/// What the monitoring addresses answered.
struct Seen<'a> {
    keepers: &'a Keepers,
    answers: Vec<Result<Varz, MonitorError>>,
}

impl<'a> Seen<'a> {
    async fn ask(monitors: &str, timeout: Duration, keepers: &'a Keepers) -> Self {
        let urls = monitor::addresses(monitors);
        let answers = join_all(urls.map(|url| monitor::varz(url, timeout))).await;
        Self { keepers, answers }
    }

    fn of(&self, server: &str) -> Option<&Varz> {
        let answers = self.answers.iter().flatten();
        answers
            .into_iter()
            .find(|varz| varz.server_name == server || varz.server_id == server)
    }

    /// The servers that are seen to acknowledge before they have written.
    fn lazy(&self) -> impl Iterator<Item = Finding> {
        let seen = self
            .keepers
            .all()
            .into_keys()
            .filter_map(|name| Some((name, self.of(name)?)));
        seen.filter(|(_, varz)| !varz.sync_always())
            .map(|(name, varz)| {
                self.finding(
                    name,
                    format!("{:?}", varz.sync_interval()),
                    "events acknowledged within that time before a power cut are lost",
                )
            })
    }

    /// The servers that are seen to write before they acknowledge.
    fn durable(&self) -> impl Iterator<Item = String> {
        let names = self.keepers.all().into_keys();
        names
            .filter(|name| self.of(name).is_some_and(Varz::sync_always))
            .map(str::to_owned)
    }

    /// The servers that the others do not know to be away, and of which no address shows how they write.
    fn unseen(&self) -> impl Iterator<Item = &str> {
        let all = self.keepers.all().into_iter();
        all.filter(|(name, away)| !away && self.of(name).is_none())
            .map(|(name, _)| name)
    }

    /// Why nothing of a server is seen.
    fn not_shown(&self, server: &str) -> Finding {
        let failed = self
            .answers
            .iter()
            .find_map(|answer| answer.as_ref().err())
            .map_or_else(
                || "the monitoring addresses are of other servers than this one".to_owned(),
                ToString::to_string,
            );
        self.finding(
            server,
            format!("unknown, as {failed}"),
            "a server that does not always write to disk loses acknowledged events in a power cut, and each that keeps the \
             stream has to show which it is",
        )
    }

    /// An address that does not answer may be that of a server that has just gone.
    fn some_away(&self) -> bool {
        self.answers.iter().any(Result::is_err) && self.durable().next().is_some()
    }

    fn finding(&self, server: &str, present: String, because: &'static str) -> Finding {
        let alone = self.keepers.all().len() < 2;
        let whose = if alone {
            "the NATS server".to_owned()
        } else {
            format!("the NATS server {server}")
        };
        Finding {
            setting: format!("`sync_interval` of {whose}"),
            present,
            wanted: "always".to_owned(),
            because,
            accept: Some(Unsafe::LazyFsync),
        }
    }
}

/// Every server that keeps the stream and may acknowledge before it has written, and those that were seen not to. One that is away
/// is passed over, so that a log opens while a server is down; an open log looks again.
pub(super) async fn check(
    settings: &Settings,
    keepers: &Keepers,
) -> (Vec<Finding>, BTreeSet<String>) {
    let Some(monitors) = &settings.monitor_url else {
        let finding = Finding {
            setting: "`sync_interval` of the NATS server".to_owned(),
            present: "unknown, as no monitoring address is set".to_owned(),
            wanted: "always".to_owned(),
            because: "a server that does not always write to disk loses acknowledged events in a power cut, and only its \
                      monitoring address shows which it is",
            accept: Some(Unsafe::LazyFsync),
        };
        return (vec![finding], BTreeSet::new());
    };
    let seen = Seen::ask(monitors, settings.request_timeout, keepers).await;
    let unseen = seen.unseen().filter(|_| !seen.some_away());
    let findings = seen
        .lazy()
        .chain(unseen.map(|name| seen.not_shown(name)))
        .collect();
    (findings, seen.durable().collect())
}

/// Looks again while a log is open.
#[derive(Debug)]
pub(super) struct Watch {
    /// None where somebody accepted servers that write lazily, or none can be asked.
    monitors: Option<String>,
    timeout: Duration,
    seen: Mutex<Last>,
}

#[derive(Debug)]
struct Last {
    at: Instant,
    losses: u64,
    /// The servers that were seen to write before they acknowledge.
    durable: BTreeSet<String>,
    /// Those of which nothing has been seen yet, as of the last look.
    unseen: BTreeSet<String>,
    /// A sentence, when a server writes lazily, or does not show how it writes although it is there.
    lazy: Option<String>,
}

impl Watch {
    /// A watch that begins after a look that found nothing but these durable servers.
    pub(super) fn new(settings: &Settings, losses: u64, durable: BTreeSet<String>) -> Self {
        let monitors = settings.monitor_url.clone();
        Self {
            monitors: monitors.filter(|_| !settings.accepts(Unsafe::LazyFsync)),
            timeout: settings.request_timeout.min(LOOK_TIMEOUT),
            seen: Mutex::new(Last {
                at: Instant::now(),
                losses,
                durable,
                unseen: BTreeSet::new(),
                lazy: None,
            }),
        }
    }

    /// Looks again, if it is time to or the connection was lost meanwhile. A monitoring address that does not answer now
    /// changes nothing where the server behind it was seen to write; one of which nothing was seen in two looks is not trusted.
    pub(super) async fn look(&self, keepers: &Keepers, losses: u64) {
        let Some(monitors) = &self.monitors else {
            return;
        };
        {
            let mut last = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if last.losses == losses && last.at.elapsed() < ASK_EVERY {
                return;
            }
            (last.losses, last.at) = (losses, Instant::now());
        }
        let seen = Seen::ask(monitors, self.timeout, keepers).await;
        let mut last = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        last.durable.extend(seen.durable());
        let unseen: BTreeSet<&str> = seen
            .unseen()
            .filter(|name| !last.durable.contains(*name))
            .collect();
        let stays = unseen.iter().find(|name| last.unseen.contains(**name));
        let finding = seen
            .lazy()
            .next()
            .or_else(|| stays.map(|name| seen.not_shown(name)));
        last.unseen = unseen.into_iter().map(str::to_owned).collect();
        if let Some(finding) = &finding {
            tracing::error!(%finding, "the log takes no more events: an acknowledged one could be lost");
        }
        last.lazy = finding.map(|finding| finding.to_string());
    }

    /// Why nothing can be entrusted to the stream at present.
    pub(super) fn lazy(&self) -> Option<String> {
        let last = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        last.lazy.clone()
    }
}
