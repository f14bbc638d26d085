//! Do the servers that keep the stream write to disk before they acknowledge? Asked of every one of them: any of them may be the
//! next to acknowledge.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use serde::Deserialize;
use tokio::time::Instant;

use super::monitor::{self, MonitorError, Varz};
use super::settings::{Settings, Unsafe};
use super::startup::Finding;

/// How often a log that is open asks again: a server may come back with another configuration.
const ASK_EVERY: Duration = Duration::from_secs(60);

/// Peers exchange messages every second; one that has been silent for so long, and is behind, is away.
const SILENT_FOR: Duration = Duration::from_secs(5);

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
    #[serde(default)]
    current: bool,
    /// How long ago the leader last had a message from it, in nanoseconds.
    #[serde(default)]
    active: u64,
}

impl Peer {
    /// The leader calls one that was shut down in order `offline` at once, and one that was killed or hangs only after minutes.
    fn is_away(&self) -> bool {
        self.offline || (!self.current && Duration::from_nanos(self.active) > SILENT_FOR)
    }
}

impl Keepers {
    /// Each with whether it is known to be away.
    fn all(&self) -> BTreeMap<&str, bool> {
        let leader = self.leader.as_deref().map(|name| (name, false));
        let peers = self
            .replicas
            .iter()
            .map(|peer| (peer.name.as_str(), peer.is_away()));
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
    /// The servers that were seen to write before they acknowledge, and may not have been started anew since.
    durable: BTreeSet<String>,
    /// Those that are there and of which nothing is seen, and since when.
    unseen: BTreeMap<String, Instant>,
    /// A sentence, when a server writes lazily, or does not show how it writes although it is there.
    lazy: Option<String>,
}

impl Last {
    fn is_new_enough(&self, losses: u64) -> bool {
        let waited = |since: &Instant| self.lazy.is_none() && since.elapsed() >= ASK_EVERY;
        self.losses == losses && self.at.elapsed() < ASK_EVERY && !self.unseen.values().any(waited)
    }

    /// Takes in what a look has seen.
    fn note(&mut self, seen: &Seen<'_>, losses: u64, now: Instant) -> Option<Finding> {
        // A server may have come back with another configuration when it was away, or a connection was lost.
        let all = seen.keepers.all();
        let same = self.losses == losses;
        self.durable
            .retain(|name| same && all.get(name.as_str()) == Some(&false));
        self.durable.extend(seen.durable());
        let unseen: BTreeMap<String, Instant> = seen
            .unseen()
            .filter(|name| !self.durable.contains(*name))
            .map(|name| {
                let since = self.unseen.get(name).copied().unwrap_or(now);
                (name.to_owned(), since)
            })
            .collect();
        let mut waited = unseen.iter();
        let stays = waited.find(|(_, since)| now.duration_since(**since) >= ASK_EVERY);
        let finding = seen
            .lazy()
            .next()
            .or_else(|| stays.map(|(name, _)| seen.not_shown(name)));
        (self.at, self.losses, self.unseen) = (now, losses, unseen);
        self.lazy = finding.as_ref().map(ToString::to_string);
        finding
    }
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
                unseen: BTreeMap::new(),
                lazy: None,
            }),
        }
    }

    /// Looks again, if it is time to or the connection was lost meanwhile. A monitoring address that does not answer now
    /// changes nothing where the server behind it was seen to write and was there all the time; another of which nothing was
    /// seen for a minute is not trusted. A look that is broken off has not been.
    pub(super) async fn look(&self, keepers: &Keepers, losses: u64) {
        let Some(monitors) = &self.monitors else {
            return;
        };
        if self.last().is_new_enough(losses) {
            return;
        }
        let seen = Seen::ask(monitors, self.timeout, keepers).await;
        if let Some(finding) = self.last().note(&seen, losses, Instant::now()) {
            tracing::error!(%finding, "the log takes no more events: an acknowledged one could be lost");
        }
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why nothing can be entrusted to the stream at present.
    pub(super) fn lazy(&self) -> Option<String> {
        self.last().lazy.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const SECOND: Duration = Duration::from_secs(1);

    fn peer(name: &str, current: bool, active: Duration) -> Value {
        json!({ "name": name, "current": current, "active": active.as_nanos() as u64 })
    }

    /// Three keepers, of which `a` leads, `b` is there and `c` is as given.
    fn keepers(c: Value) -> Keepers {
        let b = peer("b", true, SECOND);
        serde_json::from_value(json!({ "leader": "a", "replicas": [b, c] })).unwrap()
    }

    /// What is seen when these servers answer and the others do not.
    fn seen<'a>(keepers: &'a Keepers, answering: &[(&str, bool)]) -> Seen<'a> {
        let answer = |(name, durable): &(&str, bool)| {
            let config = json!({ "sync_always": durable });
            let varz = json!({ "server_id": name, "jetstream": { "config": config } });
            Ok(serde_json::from_value(varz).unwrap())
        };
        let silent = Err(MonitorError::Silent("http://x:8222".to_owned(), SECOND));
        let answers = answering.iter().map(answer).chain([silent]).collect();
        Seen { keepers, answers }
    }

    fn last(now: Instant) -> Last {
        Last {
            at: now,
            losses: 0,
            durable: ["a", "b"].map(str::to_owned).into(),
            unseen: BTreeMap::new(),
            lazy: None,
        }
    }

    const A_AND_B: [(&str, bool); 2] = [("a", true), ("b", true)];

    #[test]
    fn one_that_was_killed_is_away_long_before_it_is_called_so() {
        let now = Instant::now();
        let mut last = last(now);
        let killed = keepers(peer("c", false, 20 * SECOND));
        for minutes in 0..5 {
            let found = last.note(&seen(&killed, &A_AND_B), 0, now + minutes * ASK_EVERY);
            assert_eq!(found, None);
        }
        // One that only lags behind is there, and has to show how it writes.
        let lags = keepers(peer("c", false, SECOND));
        assert_eq!(seen(&lags, &A_AND_B).unseen().collect::<Vec<_>>(), ["c"]);
    }

    #[test]
    fn one_that_does_not_show_itself_has_a_minute_however_often_it_is_looked_at() {
        let now = Instant::now();
        let mut last = last(now);
        let there = keepers(peer("c", true, SECOND));
        for losses in 1..10 {
            let at = now + losses * SECOND;
            let found = last.note(&seen(&there, &A_AND_B), u64::from(losses), at);
            assert_eq!(found, None, "after {losses} seconds");
        }
        let found = last.note(&seen(&there, &A_AND_B), 9, now + SECOND + ASK_EVERY);
        assert!(found.is_some_and(|found| found.setting.ends_with("server c")));
        let all = [("a", true), ("b", true), ("c", true)];
        assert_eq!(last.note(&seen(&there, &all), 9, now + 2 * ASK_EVERY), None);
        assert_eq!(last.lazy, None);
    }

    #[test]
    fn one_that_wrote_always_is_trusted_until_it_may_have_been_started_anew() {
        let now = Instant::now();
        let mut last = last(now);
        let there = keepers(peer("c", true, SECOND));
        let all = [("a", true), ("b", true), ("c", true)];
        last.note(&seen(&there, &all), 0, now);
        for minutes in 1..5 {
            let found = last.note(&seen(&there, &A_AND_B), 0, now + minutes * ASK_EVERY);
            assert_eq!(found, None, "its monitoring address alone is away");
        }
        // It was away, and is back with the address closed.
        let away = keepers(peer("c", false, 20 * SECOND));
        last.note(&seen(&away, &A_AND_B), 0, now + 5 * ASK_EVERY);
        let found = last.note(&seen(&there, &A_AND_B), 0, now + 6 * ASK_EVERY);
        assert_eq!(found, None);
        let found = last.note(&seen(&there, &A_AND_B), 0, now + 7 * ASK_EVERY);
        assert!(found.is_some(), "it is trusted for ever");
        // So is any after the connection was lost.
        last.note(&seen(&there, &all), 0, now + 8 * ASK_EVERY);
        last.note(&seen(&there, &A_AND_B), 1, now + 9 * ASK_EVERY);
        let found = last.note(&seen(&there, &A_AND_B), 1, now + 10 * ASK_EVERY);
        assert!(found.is_some(), "it is trusted after a lost connection");
    }
}
