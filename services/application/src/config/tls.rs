//! TLS of the server, and when it may be left out: a token that others could read on its way opens the door to them too.

use super::Config;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The server's certificate and the key that goes with it, in PEM. Both are read again when they change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate, and behind it those that lead to an authority which clients trust.
    #[serde(deserialize_with = "super::paths::one")]
    pub certificate: PathBuf,
    /// The private key, which not every user of the machine may read.
    #[serde(deserialize_with = "super::paths::one")]
    pub key: PathBuf,
}

/// Why the settings would send tokens and sessions in clear; none when they do not.
pub(super) fn wrong(config: &Config) -> Option<String> {
    let reached_by_others = !config.listen.ip().is_loopback();
    let in_clear = config.tls.is_none() && !config.behind_proxy;
    (reached_by_others && in_clear && !config.is_open()).then(|| {
        format!(
            "`listen` is {}, which others can reach, and without TLS they can read tokens and sessions on their way: set `tls.certificate` and `tls.key`, listen on 127.0.0.1, or set `behind_proxy = true` where a proxy speaks TLS for this server and nobody else reaches this address",
            config.listen
        )
    })
}
