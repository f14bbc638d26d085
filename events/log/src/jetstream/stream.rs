//! The stream as it should be, the stream as it is, and the sentences between them.
//!
//! The settings are compared and changed as the JSON of the server's API, so that what a newer server has beyond
//! what is known here survives a change.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::connection::{ApiError, Connection};
use super::durability::Keepers;
use super::monitor;
use super::settings::{Settings, Unsafe};
use super::startup::{ConnectError, Finding, atomic_batches, check_server_version};

#[cfg(test)]
mod tests;

/// All events are on subjects below this.
pub const SUBJECTS: &str = "joinedup.>";

/// The largest payload of one event, in bytes.
pub const MAX_PAYLOAD: usize = 64 * 1024;

/// Room for subject and headers in the stream's own limit, which counts them.
const HEADER_ROOM: usize = 4 * 1024;

/// The server's code for a stream that does not exist.
pub(super) const STREAM_NOT_FOUND: u64 = 10059;

const TWO_HOURS_NANOS: u64 = 2 * 3600 * 1_000_000_000;

/// What may differ between deployments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamSettings {
    /// The most bytes the stream may have; beyond it appends are refused. Without it the server's own limit holds.
    pub max_bytes: Option<u64>,
    /// Copies in a cluster, at least; without it 1 for a new stream, and whatever an existing stream has.
    pub replicas: Option<u8>,
    /// The servers that may keep it; without it any, and whatever an existing stream has.
    pub placement: Option<Placement>,
}

/// Which servers may keep a stream: those of one cluster, and those with every one of these tags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Placement {
    /// The cluster's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Tags of servers (`server_tags` in their configuration).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// Whether to change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apply {
    /// Only report what would change.
    DryRun,
    /// Change it.
    Change,
}

/// What an apply would do, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// There is no such stream; it would be made.
    Create,
    /// The stream is as it should be.
    Same,
    /// The stream differs, as these sentences say.
    Differs(Vec<String>),
    /// Done, as these sentences say.
    Applied(Vec<String>),
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Plan::Create => f.write_str("the stream does not exist and would be made"),
            Plan::Same => f.write_str("the stream is as it should be"),
            Plan::Differs(sentences) | Plan::Applied(sentences) => {
                f.write_str(&sentences.join("\n"))
            }
        }
    }
}

/// A stream as the server describes it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct StreamInfo {
    pub(super) config: Map<String, Value>,
    /// When it was made, in the server's own words; another stream of the same name was made at another time.
    pub(super) created: String,
    pub(super) state: StreamState,
    /// The servers that keep it.
    #[serde(default)]
    pub(super) cluster: Keepers,
}

/// What is in a stream.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct StreamState {
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
}

/// Reads what the server knows of the stream.
pub(super) async fn info(connection: &Connection, stream: &str) -> Result<StreamInfo, ApiError> {
    connection
        .api(&format!("$JS.API.STREAM.INFO.{stream}"), None)
        .await
}

/// Makes the stream, or changes it to what it should be, or reports what it would do. Doing it twice changes nothing.
///
/// # Errors
/// When the server is away, is older than [`SERVER_FLOOR`](super::SERVER_FLOOR), or refuses; some settings (the
/// storage, a denial once given) can't be changed on a stream that exists.
pub async fn apply_stream(
    settings: &Settings,
    wanted: &StreamSettings,
    apply: Apply,
) -> Result<Plan, ConnectError> {
    let connection = Connection::open(settings).await?;
    if let Some(finding) = check_server_version(&connection)
        && !settings.accepts(Unsafe::OldServer)
    {
        return Err(ConnectError::Unsafe(vec![finding]));
    }
    let atomic = atomic_batches(&connection);
    let name = &settings.stream;
    match info(&connection, name).await {
        Err(error) if error.code() == STREAM_NOT_FOUND => {
            not_left_behind(settings, &connection).await?;
            if apply == Apply::DryRun {
                return Ok(Plan::Create);
            }
            let config = Value::Object(new_config(name, wanted, atomic));
            let _made: StreamInfo = connection
                .api(&format!("$JS.API.STREAM.CREATE.{name}"), Some(config))
                .await?;
            Ok(Plan::Applied(vec![format!("The stream {name} was made.")]))
        }
        Err(error) => Err(error.into()),
        Ok(present) => {
            let differences = differences(&present.config, wanted, atomic);
            if differences.is_empty() {
                return Ok(Plan::Same);
            }
            if apply == Apply::DryRun {
                let sentences = differences
                    .iter()
                    .map(|difference| difference.sentence(name))
                    .collect();
                return Ok(Plan::Differs(sentences));
            }
            let mut config = present.config;
            for difference in &differences {
                config.insert(difference.setting.to_owned(), difference.wanted.clone());
            }
            let subject = format!("$JS.API.STREAM.UPDATE.{name}");
            let _changed: StreamInfo = connection
                .api(&subject, Some(Value::Object(config)))
                .await?;
            let sentences = differences
                .iter()
                .map(|d| {
                    format!(
                        "`{}` of stream {name} was {} and is now {}.",
                        d.setting, d.present, d.wanted
                    )
                })
                .collect();
            Ok(Plan::Applied(sentences))
        }
    }
}

/// A server that is taken into a cluster does not bring its stream along: half a minute later it deletes it. An empty one is not
/// made over that.
async fn not_left_behind(settings: &Settings, connection: &Connection) -> Result<(), ConnectError> {
    let server = connection.client.server_info();
    let monitors = settings.monitor_url.as_deref().unwrap_or_default();
    for url in monitor::addresses(monitors) {
        let found =
            monitor::has_stream(url, &settings.stream, &server, settings.request_timeout).await;
        // A server that does not answer proves nothing, nor does one elsewhere.
        if found.unwrap_or(false) {
            return Err(ConnectError::LeftBehind {
                stream: settings.stream.clone(),
                monitor: url.to_owned(),
            });
        }
    }
    Ok(())
}

/// What is wrong with a stream for those who rely on it, with the name that accepts it where one exists.
pub(super) fn findings(name: &str, present: &Map<String, Value>) -> Vec<Finding> {
    differences(present, &StreamSettings::default(), false)
        .into_iter()
        .filter(|difference| difference.rule.matters)
        .map(|difference| Finding {
            setting: format!("{} of stream {name}", difference.setting),
            present: difference.present.to_string(),
            wanted: difference.wanted.to_string(),
            because: difference.rule.because,
            accept: difference.rule.accept,
        })
        .collect()
}

/// The conditions under which a stream leaves positions out although nothing went wrong.
const FORGETFUL: [Unsafe; 7] = [
    Unsafe::ForgetfulRetention,
    Unsafe::DiscardOld,
    Unsafe::Deletable,
    Unsafe::Purgeable,
    Unsafe::AgeLimit,
    Unsafe::CountLimit,
    Unsafe::VanishingEvents,
];

/// The position at which a stream that forgets nothing begins; none for one that may forget.
pub(super) fn begins(present: &Map<String, Value>) -> Option<u64> {
    let may_forget = findings("", present)
        .iter()
        .any(|finding| finding.accept.is_some_and(|name| FORGETFUL.contains(&name)));
    let first = present.get("first_seq").and_then(Value::as_u64);
    (!may_forget).then(|| first.unwrap_or(1).max(1))
}

/// The room that is left by the stream's own limit, in bytes; none where it has no limit.
pub(super) fn room(info: &StreamInfo) -> Option<u64> {
    let limit = info.config.get("max_bytes").and_then(Value::as_i64)?;
    let limit = u64::try_from(limit).ok().filter(|limit| *limit > 0)?;
    Some(limit.saturating_sub(info.state.bytes))
}

/// The largest message of this log with its subject and headers, in bytes.
pub(super) const MAX_MESSAGE_BYTES: u64 = (MAX_PAYLOAD + HEADER_ROOM) as u64;

/// The stream takes atomic batches.
pub(super) fn takes_atomic_batches(present: &Map<String, Value>) -> bool {
    present.get("allow_atomic") == Some(&Value::Bool(true))
}

/// One setting that is not what it should be.
struct Difference {
    setting: &'static str,
    present: Value,
    wanted: Value,
    rule: Rule,
}

impl Difference {
    fn sentence(&self, stream: &str) -> String {
        let Difference {
            setting,
            present,
            wanted,
            rule,
        } = self;
        format!(
            "`{setting}` of stream {stream} is {present}, wanted is {wanted}: {}.",
            rule.because
        )
    }
}

/// Why a setting is wanted.
#[derive(Clone, Copy)]
struct Rule {
    because: &'static str,
    accept: Option<Unsafe>,
    /// Refused at the start; otherwise only put right by an apply.
    matters: bool,
}

/// What satisfies a setting.
enum Want {
    Exactly(Value),
    /// No limit: the server reports -1, 0, or nothing, and takes this.
    Unlimited(i64),
    AtLeast(u64),
    /// At least this, or unlimited.
    RoomFor(u64),
}

impl Want {
    fn value(&self) -> Value {
        match self {
            Want::Exactly(value) => value.clone(),
            Want::Unlimited(none) => json!(none),
            Want::AtLeast(least) | Want::RoomFor(least) => json!(least),
        }
    }

    fn holds(&self, present: &Value) -> bool {
        match self {
            // The server leaves out what is false.
            Want::Exactly(Value::Bool(false)) => {
                matches!(present, Value::Null | Value::Bool(false))
            }
            Want::Exactly(value) => present == value,
            Want::Unlimited(_) => present.as_i64().unwrap_or_default() <= 0,
            Want::AtLeast(least) => present.as_u64().unwrap_or_default() >= *least,
            Want::RoomFor(least) => {
                let present = present.as_i64().unwrap_or_default();
                present <= 0 || present.unsigned_abs() >= *least
            }
        }
    }
}

/// Every setting there is an opinion on.
fn rules(wanted: &StreamSettings, atomic: bool) -> Vec<(&'static str, Want, Rule)> {
    let must = |because, accept| Rule {
        because,
        accept: Some(accept),
        matters: true,
    };
    let needed = |because| Rule {
        because,
        accept: None,
        matters: true,
    };
    let better = |because| Rule {
        because,
        accept: None,
        matters: false,
    };
    let exactly = |value: Value| Want::Exactly(value);
    let mut rules = vec![
        (
            "subjects",
            exactly(json!([SUBJECTS])),
            needed("events on other subjects would be refused or foreign"),
        ),
        (
            "storage",
            exactly(json!("file")),
            must(
                "what is in memory only is gone at a restart",
                Unsafe::MemoryStorage,
            ),
        ),
        (
            "retention",
            exactly(json!("limits")),
            must("events would vanish once read", Unsafe::ForgetfulRetention),
        ),
        (
            "discard",
            exactly(json!("new")),
            must(
                "a full stream would throw its oldest events away without a word",
                Unsafe::DiscardOld,
            ),
        ),
        (
            "deny_delete",
            exactly(json!(true)),
            must("single events could be deleted", Unsafe::Deletable),
        ),
        (
            "deny_purge",
            exactly(json!(true)),
            must("the stream could be purged", Unsafe::Purgeable),
        ),
        (
            "max_age",
            Want::Unlimited(0),
            must("events would vanish at that age", Unsafe::AgeLimit),
        ),
        (
            "max_msgs",
            Want::Unlimited(-1),
            must(
                "the stream would refuse or forget beyond it",
                Unsafe::CountLimit,
            ),
        ),
        (
            "max_msgs_per_subject",
            Want::Unlimited(-1),
            must("older events of a subject would vanish", Unsafe::CountLimit),
        ),
        (
            "allow_msg_ttl",
            exactly(json!(false)),
            must("an event could carry its own end", Unsafe::VanishingEvents),
        ),
        (
            "allow_rollup_hdrs",
            exactly(json!(false)),
            must(
                "an event could replace those before it",
                Unsafe::VanishingEvents,
            ),
        ),
        (
            "duplicate_window",
            Want::AtLeast(TWO_HOURS_NANOS),
            must(
                "a writer that repeats itself later than this stores twice",
                Unsafe::ShortDuplicateWindow,
            ),
        ),
        (
            "max_msg_size",
            Want::RoomFor(MAX_MESSAGE_BYTES),
            needed("events of the allowed size would be refused"),
        ),
        (
            "allow_direct",
            exactly(json!(true)),
            needed("reads rely on it"),
        ),
        (
            "sealed",
            exactly(json!(false)),
            needed("nothing could be appended"),
        ),
    ];
    if atomic {
        let because = "large appends are written to disk at once rather than one by one";
        rules.push(("allow_atomic", exactly(json!(true)), better(because)));
    }
    if let Some(max_bytes) = wanted.max_bytes {
        rules.push((
            "max_bytes",
            exactly(json!(max_bytes)),
            better("it was asked for"),
        ));
    }
    if let Some(replicas) = wanted.replicas {
        rules.push((
            "num_replicas",
            Want::AtLeast(u64::from(replicas)),
            better("it was asked for"),
        ));
    }
    if let Some(placement) = &wanted.placement {
        rules.push((
            "placement",
            exactly(json!(placement)),
            better("it was asked for"),
        ));
    }
    rules
}

fn differences(
    present: &Map<String, Value>,
    wanted: &StreamSettings,
    atomic: bool,
) -> Vec<Difference> {
    let value = |setting: &str| present.get(setting).cloned().unwrap_or(Value::Null);
    let mut found: Vec<Difference> = rules(wanted, atomic)
        .into_iter()
        .filter(|(setting, want, _)| !want.holds(&value(setting)))
        .map(|(setting, want, rule)| Difference {
            setting,
            present: value(setting),
            wanted: want.value(),
            rule,
        })
        .collect();
    // Absent is as good as the default here, which an equality cannot express.
    if value("persist_mode") == json!("async") {
        let because = "the server would acknowledge before it wrote, whatever its own setting";
        let rule = Rule {
            because,
            accept: Some(Unsafe::AsyncPersist),
            matters: true,
        };
        found.push(Difference {
            setting: "persist_mode",
            present: json!("async"),
            wanted: json!("default"),
            rule,
        });
    }
    found
}

fn new_config(name: &str, wanted: &StreamSettings, atomic: bool) -> Map<String, Value> {
    let mut config = Map::new();
    config.insert("name".to_owned(), json!(name));
    config.insert("num_replicas".to_owned(), json!(1));
    config.insert("max_consumers".to_owned(), json!(-1));
    config.insert("max_bytes".to_owned(), json!(-1));
    for (setting, want, _) in rules(wanted, atomic) {
        config.insert(setting.to_owned(), want.value());
    }
    config
}
