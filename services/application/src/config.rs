//! Settings: defaults, then the file `joinedup.toml`, then the environment (`JOINEDUP_…`), then flags. They are
//! complete, and checked, before any port is bound or file opened.

mod environment;
mod origin;
mod paths;
mod sense;
mod sign_in;
mod tls;

use chrono::NaiveDate;
use figment::Figment;
use figment::providers::{Format, Serialized};
use joinedup_events::area::AreaKind;
use joinedup_views::suppression::Policy;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

pub use sign_in::{Grant, People, Person, SignIn};
pub use tls::Tls;

/// All settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where HTTP is served.
    pub listen: SocketAddr,
    /// TLS; none: plain HTTP, which is taken on addresses that this machine alone reaches.
    pub tls: Option<Tls>,
    /// Takes tokens over plain HTTP on an address that others reach, because a proxy speaks TLS for this server.
    pub behind_proxy: bool,
    /// The folder of the embedded log and the views.
    #[serde(deserialize_with = "paths::one")]
    pub data: PathBuf,
    /// NATS, when the log is in JetStream; none: the embedded log.
    pub nats: Option<Nats>,
    /// A file of areas to add to the built-in register.
    #[serde(deserialize_with = "paths::maybe")]
    pub areas_file: Option<PathBuf>,
    /// Files of measures to add to the built-in ones.
    #[serde(deserialize_with = "paths::many")]
    pub measures_files: Vec<PathBuf>,
    /// Files that add to the logic model and the frameworks, or replace parts of them by id.
    #[serde(deserialize_with = "paths::many")]
    pub catalogue_files: Vec<PathBuf>,
    /// Files of scorecards to add to the built-in ones.
    #[serde(deserialize_with = "paths::many")]
    pub scorecard_files: Vec<PathBuf>,
    /// A file of feeds: what the server takes in by itself (docs/feeds.md).
    #[serde(deserialize_with = "paths::maybe")]
    pub feeds: Option<PathBuf>,
    /// The area that pages and questions begin with. None: the smallest that holds all that has reported.
    pub home_area: Option<String>,
    /// Who may do what. None: everything is allowed, and only loopback addresses may be listened on.
    pub tokens: Vec<Token>,
    /// Takes token files that every user of the machine may read: for containers, whose secrets lie in a closed folder.
    pub accept_readable_tokens: bool,
    /// Sign-in for people; none: tokens alone.
    pub sign_in: Option<SignIn>,
    /// The names of the sources that may publish, `*` for any one part between slashes; none: every one.
    pub sources: Vec<String>,
    /// Takes ids that stand for people, and for events about them, only as UUIDs, keyed hashes or other random words.
    pub opaque_ids: bool,
    /// Refuses to accept a new baseline, or to publish a rating, that nobody but oneself proposed.
    pub two_people: bool,
    /// The addresses of proxies in front of this server, whose `X-Forwarded-For` says who asks.
    pub proxies: Vec<IpAddr>,
    /// How many periods `/metrics/run-charts` shows of each chart; of those by day 84 at least.
    pub run_chart_periods: u32,
    /// The most series that `/metrics/run-charts` shows.
    pub run_chart_series: usize,
    /// How often each source is expected to report, in hours, by the beginning of its name; `*` stands for any one part
    /// of it between slashes (`/county/*/mdt`).
    pub expected_hours: BTreeMap<String, f64>,
    /// Kinds of area whose numbers readers see as they are, however small. For all others the rules for small numbers
    /// hold: whoever adds `county` here signs that a county's small numbers point at nobody.
    pub small_numbers_exempt: Vec<AreaKind>,
    /// Memory for the views' store, in MiB.
    pub cache_mib: u64,
    /// How many partitions the views have, 1 to 16: so many cores can fold at once, and no answer depends on it. None: as
    /// many as the stored views have; new ones have one for each core, at least two. Another number than before builds the
    /// views again from the log.
    pub partitions: Option<usize>,
    /// The names under which this server is reached, such as `care.example.nhs.uk`. Addresses and names without a dot need
    /// not be listed. None: a server with tokens answers to every name, and one without to those alone.
    pub hosts: Vec<String>,
    /// How large a file of the audit log gets before the next is begun, in MiB.
    pub audit_mib: u64,
    /// The most connections at a time.
    pub max_connections: usize,
    /// The most connections at a time of one address. A proxy in front of this server is one address; on the same
    /// machine it is not counted.
    pub max_connections_per_client: usize,
    /// The most live pages at a time: each holds a connection.
    pub max_streams: usize,
}

/// How NATS is reached.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Nats {
    /// The server, e.g. `nats://127.0.0.1:4222`; those of a cluster with commas between them.
    pub url: String,
    /// The JetStream stream.
    pub stream: Option<String>,
    /// The server's monitoring address, by which is seen whether it writes to disk before it acknowledges; those of a cluster
    /// with commas between them, of every server that keeps the stream.
    pub monitor_url: Option<String>,
    /// Copies of the stream, each on a server of its own, at least; 1 unless set.
    pub replicas: Option<u8>,
    /// The most bytes that the stream may have; then it takes no more. Unless set the server's own limit holds.
    pub max_bytes: Option<u64>,
    /// The cluster whose servers may keep the stream; any unless set.
    pub placement_cluster: Option<String>,
    /// The tags that each server that keeps the stream must have (`server_tags` in its configuration).
    pub placement_tags: Vec<String>,
    /// A file with credentials; an alert tells 14 days before they end.
    #[serde(deserialize_with = "paths::maybe")]
    pub credentials_file: Option<PathBuf>,
    /// A file with an nkey seed.
    #[serde(deserialize_with = "paths::maybe")]
    pub nkey_file: Option<PathBuf>,
    /// The user name, with a password from a file.
    pub user: Option<String>,
    /// The file with the password.
    #[serde(deserialize_with = "paths::maybe")]
    pub password_file: Option<PathBuf>,
    /// The authority that signed the server's certificate.
    #[serde(deserialize_with = "paths::maybe")]
    pub ca_file: Option<PathBuf>,
    /// Settings of server or stream that can lose acknowledged events, accepted by name.
    pub accept_unsafe: Vec<String>,
}

/// What a holder of a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Publish events.
    Publisher,
    /// Read charts, measures, outcomes and metrics.
    Reader,
    /// See who is waiting, with exact numbers.
    Operator,
    /// Rate items of the logic model; record changes, targets and baselines.
    Assessor,
    /// All of these, the quarantine, rebuilds.
    Admin,
}

/// A list that is there because it says something: empty it would be taken for one that was left out, which bounds nothing.
fn bounds<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let list = Vec::deserialize(from)?;
    if list.is_empty() {
        return Err(D::Error::custom(
            "an empty list names nothing: leave the line out where there is no bound, or take away what is to be shut out",
        ));
    }
    Ok(list)
}

/// A token: in a file, so that it is neither in the environment nor in a process list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Whose it is, for the log.
    pub name: String,
    /// The file that holds it. It is read again when it changes.
    #[serde(deserialize_with = "paths::one")]
    pub file: PathBuf,
    /// What it allows.
    pub roles: Vec<Role>,
    /// The last day on which it is taken, e.g. `"2027-03-31"`; none: for ever.
    #[serde(default)]
    pub expires: Option<NaiveDate>,
    /// The areas, with all within them, whose exact numbers and people it shows and about which it records; none: all.
    #[serde(
        default,
        deserialize_with = "bounds",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub areas: Vec<String>,
    /// The beginnings of the sources that it publishes for (`/county/east`); none: any source.
    #[serde(
        default,
        deserialize_with = "bounds",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub sources: Vec<String>,
    /// Whether what it publishes was recorded when the event says so, however long ago: for somebody who brings in history.
    /// Otherwise an event that says more than a day ago counts as recorded a day ago.
    #[serde(default)]
    pub may_restate: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            tls: None,
            behind_proxy: false,
            data: PathBuf::from("data"),
            nats: None,
            areas_file: None,
            measures_files: Vec::new(),
            catalogue_files: Vec::new(),
            scorecard_files: Vec::new(),
            feeds: None,
            home_area: None,
            tokens: Vec::new(),
            accept_readable_tokens: false,
            sign_in: None,
            sources: Vec::new(),
            opaque_ids: false,
            two_people: false,
            proxies: Vec::new(),
            run_chart_periods: 53,
            run_chart_series: 200_000,
            expected_hours: BTreeMap::new(),
            small_numbers_exempt: Policy::default().exempt,
            cache_mib: 16,
            partitions: None,
            hosts: Vec::new(),
            audit_mib: 64,
            max_connections: 768,
            max_connections_per_client: 256,
            max_streams: 256,
        }
    }
}

/// Why the settings were not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value is not what the setting takes, or there is no such setting.
    #[error("settings: {0}")]
    Value(Box<figment::Error>),
    /// The settings contradict each other.
    #[error("settings: {0}")]
    Sense(String),
}

/// TOML as the mappings and catalogues are read: figment's own reader would bring a second parser of it into the program.
struct Toml;

impl Format for Toml {
    type Error = toml::de::Error;

    const NAME: &'static str = "TOML";

    fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Self::Error> {
        toml::from_str(text)
    }
}

impl Config {
    /// Reads the settings; `flags` win over all else.
    ///
    /// # Errors
    /// A sentence that names the setting and where it came from.
    pub fn read(file: Option<&Path>, flags: impl Serialize) -> Result<Self, ConfigError> {
        Self::from_figment(&Self::figment(file, flags)?)
    }

    /// The variables of the environment that begin with `JOINEDUP_` and are not settings: they are not read.
    #[must_use]
    pub fn unknown_variables() -> Vec<String> {
        environment::unknown()
    }

    /// The settings as TOML, one a line, each with where it came from; no secret is in it.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn printed(file: Option<&Path>, flags: impl Serialize) -> Result<String, ConfigError> {
        let figment = Self::figment(file, flags)?;
        Ok(origin::printed(&Self::from_figment(&figment)?, &figment))
    }

    fn figment(file: Option<&Path>, flags: impl Serialize) -> Result<Figment, ConfigError> {
        let named = file.is_some();
        let path = file.unwrap_or(Path::new("joinedup.toml"));
        let mut below = Figment::from(Serialized::defaults(Self::default()));
        if path.exists() {
            // This file and no other: one of the same name in a folder above is somebody else's.
            below = below.merge(Toml::file_exact(path));
        } else if named {
            return Err(ConfigError::Sense(format!(
                "the file {} is not there",
                path.display()
            )));
        }
        Ok(Self::flagged(&below.merge(environment::settings()), flags))
    }

    /// The settings with what the flags say.
    fn flagged(below: &Figment, flags: impl Serialize) -> Figment {
        let figment = below.clone().merge(Serialized::defaults(flags));
        let differs = |name: &str| below.find_value(name).ok() != figment.find_value(name).ok();
        if differs("nats.url") && !differs("nats.monitor_url") {
            // It is of the server that the flag replaces, and would be asked about another.
            return figment.merge(Serialized::default("nats.monitor_url", None::<String>));
        }
        figment
    }

    fn from_figment(figment: &Figment) -> Result<Self, ConfigError> {
        let config: Self = figment
            .extract()
            .map_err(|e| ConfigError::Value(Box::new(e)))?;
        config.check()
    }

    /// Whether everybody who reaches this server may do everything: nobody is asked who they are.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.tokens.is_empty() && self.sign_in.is_none()
    }

    /// The same settings without a password that stands in the address of NATS; all other secrets lie in files.
    fn without_secrets(&self) -> Self {
        let mut shown = self.clone();
        if let Some(nats) = &mut shown.nats
            && let Some((scheme, rest)) = nats.url.split_once("://")
            && let Some((_, host)) = rest.rsplit_once('@')
        {
            nats.url = format!("{scheme}://***@{host}");
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, ConfigError> {
        Config::from_figment(&figment(text))
    }

    fn figment(text: &str) -> Figment {
        Figment::from(Serialized::defaults(Config::default())).merge(Toml::string(text))
    }

    #[test]
    fn an_open_door_needs_tokens() {
        let error = read("listen = \"0.0.0.0:8080\"").unwrap_err().to_string();
        assert!(error.contains("tokens"), "{error}");
        assert!(read("listen = \"127.0.0.1:9000\"").is_ok());
    }

    #[test]
    fn a_token_goes_in_clear_to_this_machine_alone() {
        let token = "[[tokens]]\nname = \"wall\"\nfile = \"wall.token\"\nroles = [\"reader\"]\n";
        let tls = "[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n";
        let outside = "listen = \"0.0.0.0:8443\"\n";
        let error = read(&format!("{outside}{token}")).unwrap_err().to_string();
        assert!(error.contains("`tls.certificate`"), "{error}");
        let behind = format!("behind_proxy = true\n{outside}{token}");
        for good in [token, &behind, &format!("{outside}{token}{tls}")] {
            assert!(read(good).is_ok(), "{good}");
        }
        // A proxy does not make a server safe that asks nobody who they are.
        assert!(read(&format!("behind_proxy = true\n{outside}")).is_err());
    }

    #[test]
    fn a_setting_that_does_not_exist_is_named() {
        let error = read("lisen = \"127.0.0.1:1\"").unwrap_err().to_string();
        assert!(error.contains("lisen"), "{error}");
    }

    #[test]
    fn what_is_printed_reads_back_and_says_where_each_setting_came_from() {
        let text = "listen = \"127.0.0.1:9000\"\nnats.url = \"nats://ward:secret@127.0.0.1:4222\"\n[expected_hours]\n\"/pas\" = 24.0\n\
                    [[tokens]]\nname = \"wall\"\nfile = \"wall.token\"\nroles = [\"reader\"]\n";
        let (config, figment) = (read(text).unwrap(), figment(text));
        let printed = origin::printed(&config, &figment);
        assert!(!printed.contains("ward:"), "{printed}");
        assert!(
            printed.contains("run_chart_periods = 53  # default"),
            "{printed}"
        );
        let again = read(&printed).unwrap();
        assert_eq!(again.listen, config.listen);
        assert_eq!(again.expected_hours, config.expected_hours);
        assert_eq!(again.tokens[0].roles, config.tokens[0].roles);
    }
}
