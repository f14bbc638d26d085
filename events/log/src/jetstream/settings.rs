//! How to reach the stream, and which unsafe conditions somebody accepted by name.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::structure::Structure;

/// The name of the stream where none is set.
pub const DEFAULT_STREAM: &str = "JOINEDUP";

/// Where the log is and how to talk to it. Secrets stay in files; nothing here is secret.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `nats://host:port`, or several with commas between them for a cluster.
    pub url: String,
    /// The stream's name.
    pub stream: String,
    /// Who we are to the server.
    pub credentials: Credentials,
    /// A certificate authority of our own, as a PEM file; with it TLS is required.
    pub tls_ca: Option<PathBuf>,
    /// TLS before the server's first line, for servers set to `handshake_first`.
    pub tls_first: bool,
    /// The server's monitoring address, e.g. `http://127.0.0.1:8222/varz`, or with commas between them those of every
    /// server that keeps the stream. Only there can be seen whether a server writes to disk before it acknowledges.
    pub monitor_url: Option<String>,
    /// Conditions under which events can be lost, each accepted by its own name.
    pub accept_unsafe: Vec<Unsafe>,
    /// What the connection is called in the server's monitoring.
    pub client_name: String,
    /// How long one request, or the next acknowledgement of many, may take.
    pub request_timeout: Duration,
    /// How often an idle subscription looks whether the stream is still the one it was.
    pub idle_check: Duration,
    /// How long the stream may be ahead of a subscription that receives nothing, before it is given up and reopened.
    pub stall_after: Duration,
    /// How a message of another publisher becomes an event; without it every body is taken as it is.
    pub structure: Option<Structure>,
}

impl Settings {
    /// The usual settings for a server without credentials.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            stream: DEFAULT_STREAM.to_owned(),
            credentials: Credentials::None,
            tls_ca: None,
            tls_first: false,
            monitor_url: None,
            accept_unsafe: Vec::new(),
            client_name: "joinedup".to_owned(),
            request_timeout: Duration::from_secs(5),
            idle_check: Duration::from_secs(3),
            stall_after: Duration::from_secs(10),
            structure: None,
        }
    }

    pub(super) fn accepts(&self, condition: Unsafe) -> bool {
        self.accept_unsafe.contains(&condition)
    }
}

/// Who we are to the server; every secret is read from a file when connecting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// None: the server asks for none.
    None,
    /// A `.creds` file: a JWT and its seed.
    CredsFile(PathBuf),
    /// A file with the seed of an nkey.
    NkeySeedFile(PathBuf),
    /// A user with the password in a file.
    UserPassword {
        /// The user's name.
        user: String,
        /// The file that holds the password.
        password_file: PathBuf,
    },
    /// A file with a token.
    TokenFile(PathBuf),
}

macro_rules! unsafe_conditions {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// A condition under which acknowledged events can be lost or changed, and that is refused at the start
        /// unless it is accepted by its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Unsafe {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Unsafe {
            /// Every condition.
            pub const ALL: &[Unsafe] = &[$(Unsafe::$variant,)+];

            /// The name by which it is accepted.
            pub fn name(self) -> &'static str {
                match self {
                    $(Unsafe::$variant => $name,)+
                }
            }
        }
    };
}

unsafe_conditions! {
    /// The server acknowledges before the event is on disk, or nothing shows that it does not.
    LazyFsync = "lazy-fsync",
    /// The server is older than [`SERVER_FLOOR`](super::SERVER_FLOOR).
    OldServer = "old-server",
    /// The stream is kept in memory only.
    MemoryStorage = "memory-storage",
    /// The stream forgets events by consumers' interest or work done.
    ForgetfulRetention = "forgetful-retention",
    /// A full stream throws its oldest events away.
    DiscardOld = "discard-old",
    /// Single events can be deleted.
    Deletable = "deletable",
    /// The stream can be purged.
    Purgeable = "purgeable",
    /// Events are thrown away at some age.
    AgeLimit = "age-limit",
    /// The number of events, in all or for a subject, is limited.
    CountLimit = "count-limit",
    /// The server may write the stream to disk after it acknowledged, whatever its own setting.
    AsyncPersist = "async-persist",
    /// Repeats are recognised for less than two hours.
    ShortDuplicateWindow = "short-duplicate-window",
    /// Events may carry an age of their own at which they vanish, or replace older ones.
    VanishingEvents = "vanishing-events",
    /// The stream begins after its first position: what was before was purged, or lost.
    MissingBeginning = "missing-beginning",
}

impl std::fmt::Display for Unsafe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A name in `accept_unsafe` that names nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{name}` is not a condition that can be accepted; the names are {}",
    known()
)]
pub struct UnknownUnsafe {
    /// What was written.
    pub name: String,
}

fn known() -> String {
    Unsafe::ALL
        .iter()
        .map(|condition| condition.name())
        .collect::<Vec<_>>()
        .join(", ")
}

impl FromStr for Unsafe {
    type Err = UnknownUnsafe;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Unsafe::ALL
            .iter()
            .copied()
            .find(|condition| condition.name() == name)
            .ok_or_else(|| UnknownUnsafe {
                name: name.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_is_accepted_by_its_own_name_and_an_unknown_one_is_told_the_names() {
        for condition in Unsafe::ALL {
            assert_eq!(condition.name().parse(), Ok(*condition));
        }
        let error = "lazy".parse::<Unsafe>().unwrap_err().to_string();
        assert!(
            error.contains("`lazy`") && error.contains("lazy-fsync"),
            "{error}"
        );
    }
}
