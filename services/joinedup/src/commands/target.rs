//! Where events go: flags that import and simulate share.

use crate::cli::{Failure, Server};
use crate::open_log;
use clap::Args;
use joinedup_application::app::Definitions;
use joinedup_application::config::Config;
use joinedup_feeds::http_client::Client;
use joinedup_feeds::sink::Sink;
use std::path::{Path, PathBuf};

/// Where events go to, or come from: a running server, NATS, or the embedded log of a folder.
#[derive(Clone, Debug, Default, Args)]
pub struct Target {
    /// A running server, e.g. http://127.0.0.1:8080; with TLS `https://care.example.nhs.uk`.
    #[arg(long, value_name = "URL", group = "target")]
    pub url: Option<String>,
    /// A file with the token for the server.
    #[arg(long, value_name = "FILE", requires = "url")]
    pub token_file: Option<PathBuf>,
    /// A file of authorities (PEM) that sign the server's certificate; those that this machine trusts unless given.
    #[arg(long, value_name = "FILE", requires = "url")]
    pub ca: Option<PathBuf>,
    /// The NATS server that has the log.
    #[arg(long, value_name = "URL", group = "target")]
    pub nats: Option<String>,
    /// The NATS server's monitoring address, by which its durability is checked.
    #[arg(long, value_name = "URL", requires = "nats")]
    pub nats_monitor: Option<String>,
    /// A condition that can lose acknowledged events, accepted by its name.
    #[arg(long, value_name = "NAME", requires = "nats")]
    pub accept_unsafe: Vec<String>,
    /// A data folder with an embedded log; no server may have it open.
    #[arg(long, value_name = "DIR", group = "target")]
    pub data: Option<PathBuf>,
    /// A file of settings; `joinedup.toml` in this folder unless given.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A file of areas of your own.
    #[arg(long, value_name = "FILE")]
    pub areas: Option<PathBuf>,
}

impl Target {
    /// Whether any target was named.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.url.is_some() || self.nats.is_some() || self.data.is_some()
    }

    /// The settings, with the target's log in them.
    ///
    /// # Errors
    /// A sentence, with exit code 2.
    pub fn settings(&self) -> Result<Config, Failure> {
        let server = Server {
            config: self.config.clone(),
            data: self.data.clone(),
            nats: self.nats.clone(),
            nats_monitor: self.nats_monitor.clone(),
            accept_unsafe: self.accept_unsafe.clone(),
            areas: self.areas.clone(),
            ..Server::default()
        };
        let mut config = server.settings()?;
        if self.data.is_some() {
            // A file of settings may name NATS; the flag says otherwise.
            config.nats = None;
        }
        Ok(config)
    }

    /// Opens what events are sent to: what was named, or the NATS server of the settings. A log takes what these definitions
    /// let in; a server has its own.
    ///
    /// # Errors
    /// A sentence: exit code 2 when it was asked wrongly, 1 when the log did not open.
    pub async fn open(&self, config: &Config, definitions: &Definitions) -> Result<Sink, Failure> {
        match &self.url {
            Some(url) => Ok(Sink::Server(self.server(url)?)),
            None if self.is_named() || config.nats.is_some() => {
                let log = open_log::open_or_make(config).await?;
                Ok(Sink::log(log, definitions.clone()))
            }
            None => Err(Failure::usage(
                "say where to: --url URL of a running server, --nats URL, or --data DIR",
            )),
        }
    }

    /// The server at an address, asked with the token.
    ///
    /// # Errors
    /// A sentence, with exit code 2.
    pub fn server(&self, url: &str) -> Result<Client, Failure> {
        Client::new(url, self.token()?, self.ca.as_deref()).map_err(Failure::usage)
    }

    /// The token, if there is one.
    fn token(&self) -> Result<Option<String>, Failure> {
        self.token_file.as_deref().map(read_token).transpose()
    }
}

fn read_token(path: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!(
            "the token in {} cannot be read: {error}",
            path.display()
        ))
    })?;
    let token = text.trim();
    // What is no token at all could not even be sent, or would be sent to a server that asks for none.
    if token.is_empty()
        || !token
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic())
    {
        return Err(Failure::usage(format!(
            "{} holds no token: that is one line of letters, digits and signs",
            path.display()
        )));
    }
    Ok(token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_token_is_refused_before_anything_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for wrong in ["", "\n", "two\nlines", "naïve"] {
            std::fs::write(&path, wrong).unwrap();
            let refused = read_token(&path).unwrap_err();
            assert_eq!(refused.code, 2);
            assert!(refused.sentence.contains("holds no token"), "{refused}");
        }
        std::fs::write(&path, "0123456789abcdef\n").unwrap();
        assert_eq!(read_token(&path).unwrap(), "0123456789abcdef");
    }
}
