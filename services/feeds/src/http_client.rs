//! A running joinedup server, asked over HTTP. It waits and tries again while the server is away or busy.

use joinedup_application::trust::{self, TrustError};
use joinedup_contract::Problem;
use joinedup_contract::answer::Published;
use joinedup_events::mode::BATCH;
use std::io::Read;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::Once;
use std::time::Duration;
use ureq::typestate::WithoutBody;
use ureq::{Agent, RequestBuilder};

/// The pauses between tries: some twenty seconds in all, long enough for a restart.
const PAUSES: [Duration; 8] = [
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(6),
    Duration::from_secs(6),
];
/// How long one request may take.
const MAX_REQUEST: Duration = Duration::from_secs(60);
/// The connections that are held open for the next request: as many as requests are sent side by side.
const MAX_CONNECTIONS: usize = 4;
/// A connection that was idle for longer is not used again: servers close theirs after some seconds.
const MAX_IDLE: Duration = Duration::from_secs(3);
/// The most of an answer to a write that is read, in bytes.
const MAX_ANSWER: u64 = 16 << 20;

/// Why the server could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not an address that can be used.
    #[error(
        "`{0}` is not the address of a server: write it as http://127.0.0.1:8080 or https://care.example.nhs.uk"
    )]
    Url(String),
    /// Nobody's certificate can be believed.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The machine trusts no authority, and none was given.
    #[error(
        "no authority is known that could have signed the server's certificate: name a file with `--ca`, or install the machine's certificates (Debian: ca-certificates)"
    )]
    NoAuthority,
    /// The server shows a certificate that is not believed.
    #[error(
        "the certificate of the server at {url} is not believed ({why}): name the file of the authority that signed it with `--ca`, and ask the server by a name that is in its certificate; one that signed itself must not call itself an authority (CA:FALSE)"
    )]
    Disbelieved {
        /// The server.
        url: String,
        /// The reason, in words.
        why: String,
    },
    /// The server is away, or too busy, for too long.
    #[error(
        "the server at {url} is away: {why}; what was accepted stays, so run the same command again"
    )]
    Away {
        /// The server.
        url: String,
        /// Why, in its or our words.
        why: String,
    },
    /// The server does not let us.
    #[error("the server does not allow it ({status}): {detail}")]
    NotAllowed {
        /// The status.
        status: u16,
        /// What the server said.
        detail: String,
    },
    /// The server answered something that was not expected.
    #[error("the server at {url} answered {status}: {detail}")]
    Answer {
        /// The server.
        url: String,
        /// The status.
        status: u16,
        /// What the server said.
        detail: String,
    },
}

/// That a server does not believe times of recording is said once by a process, and not with each batch.
static NOT_BELIEVED: Once = Once::new();

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// Taken, all of it.
    Taken {
        /// How many were stored.
        accepted: u64,
        /// How many were known.
        duplicates: u64,
        /// Of these, the amounts that were restated since.
        superseded: u64,
        /// How many contradict each other or what is known.
        contradicting: u64,
    },
    /// Refused, all of it: these events break a rule (index, field, rule).
    Refused(Vec<(usize, String, String)>),
    /// Too large at once.
    TooLarge,
}

/// A server.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    url: Arc<str>,
    token: Option<Arc<str>>,
}

impl Client {
    /// A server at an address. Its certificate is believed when an authority of the file signed it, or, without a file,
    /// one that this machine trusts.
    ///
    /// # Errors
    /// When the text is not an address, or no authority can be read for one with TLS.
    pub fn new(
        url: &str,
        token: Option<String>,
        ca_file: Option<&Path>,
    ) -> Result<Self, ClientError> {
        let is_secure = url.starts_with("https://");
        let rest = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"));
        let host = rest
            .unwrap_or_default()
            .split('/')
            .next()
            .unwrap_or_default();
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(ClientError::Url(url.to_owned()));
        }
        if token.is_some() && !is_secure && !is_this_machine(host) {
            tracing::warn!(
                "the token is sent in clear to another machine: others may read it on the way, unless the server's address begins with https://"
            );
        }
        let authorities = if is_secure {
            trust::authorities(ca_file)?
        } else {
            Vec::new()
        };
        if is_secure && authorities.is_empty() {
            return Err(ClientError::NoAuthority);
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(is_secure)
            .tls_config(trust::tls(&authorities))
            .timeout_global(Some(MAX_REQUEST))
            .max_idle_connections_per_host(MAX_CONNECTIONS)
            .max_idle_age(MAX_IDLE)
            // A server inside the house is not asked through the way out of it.
            .proxy(None)
            .build();
        Ok(Self {
            agent: config.new_agent(),
            url: url.trim_end_matches('/').into(),
            token: token.map(Into::into),
        })
    }

    /// Posts a JSON list of events. Blocks.
    ///
    /// # Errors
    /// When the server stays away, does not allow it, or answers what cannot be understood.
    pub fn post_events(&self, body: &[u8]) -> Result<Answered, ClientError> {
        let (status, text) = self.patiently(|| {
            let mut request = self
                .agent
                .post(format!("{}/api/v1/events", self.url))
                .header("content-type", BATCH);
            if let Some(token) = &self.token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let mut response = request.send(body)?;
            let text = response
                .body_mut()
                .with_config()
                .limit(MAX_ANSWER)
                .read_to_string()?;
            Ok((response.status().as_u16(), text))
        })?;
        let problem: Problem = serde_json::from_str(&text).unwrap_or_default();
        match status {
            200..=299 => match serde_json::from_str(&text) {
                Ok(Published {
                    accepted,
                    duplicates,
                    superseded,
                    contradicting,
                    recorded_later,
                    ..
                }) => {
                    if recorded_later > 0 {
                        NOT_BELIEVED.call_once(|| {
                            tracing::warn!(
                                "the server does not believe this token about when events were recorded, and takes those of more than a day ago as recorded a day ago: send them with an admin's token, or one with `may_restate`"
                            );
                        });
                    }
                    Ok(Answered::Taken {
                        accepted,
                        duplicates,
                        superseded,
                        contradicting,
                    })
                }
                Err(_) => Err(self.odd(status, "not what a joinedup server answers".to_owned())),
            },
            413 => Ok(Answered::TooLarge),
            401 | 403 => Err(ClientError::NotAllowed {
                status,
                detail: reason(problem),
            }),
            422 if !problem.errors.is_empty() => Ok(Answered::Refused(
                problem
                    .errors
                    .into_iter()
                    .map(|e| (e.index.unwrap_or_default(), e.pointer, e.detail))
                    .collect(),
            )),
            _ => Err(self.odd(status, problem.detail)),
        }
    }

    /// Gets a resource. Blocks until its head is there; the body is read as it comes.
    ///
    /// # Errors
    /// As [`Self::post_events`].
    pub fn get(&self, path: &str) -> Result<Box<dyn Read + Send>, ClientError> {
        // Every answer has the header, and nobody looks.
        self.get_with(path, "date").map(|(_, body)| body)
    }

    /// As [`Self::get`], with a header of the answer.
    ///
    /// # Errors
    /// As [`Self::post_events`].
    pub fn get_with(
        &self,
        path: &str,
        header: &str,
    ) -> Result<(Option<String>, Box<dyn Read + Send>), ClientError> {
        self.asked(|agent, url| agent.get(url), path, header)
    }

    /// A header of what [`Self::get`] would answer. Asked with `HEAD`, so that nothing is read, and the audit log of the server does not
    /// speak of a `GET`.
    ///
    /// # Errors
    /// As [`Self::post_events`].
    pub fn header(&self, path: &str, header: &str) -> Result<Option<String>, ClientError> {
        let asked = self.asked(|agent, url| agent.head(url), path, header);
        asked.map(|(text, _)| text)
    }

    fn asked(
        &self,
        method: fn(&Agent, String) -> RequestBuilder<WithoutBody>,
        path: &str,
        header: &str,
    ) -> Result<(Option<String>, Box<dyn Read + Send>), ClientError> {
        let mut found = None;
        let (status, text) = self.patiently(|| {
            let mut request = method(&self.agent, format!("{}{path}", self.url))
                .config()
                .timeout_global(None)
                .build();
            if let Some(token) = &self.token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let response = request.call()?;
            let status = response.status().as_u16();
            if status == 200 {
                let text = response.headers().get(header);
                let text = text.and_then(|text| text.to_str().ok()).map(str::to_owned);
                found = Some((text, response.into_body()));
                return Ok((status, String::new()));
            }
            let text = response
                .into_body()
                .with_config()
                .limit(MAX_ANSWER)
                .read_to_string()?;
            Ok((status, text))
        })?;
        let problem: Problem = serde_json::from_str(&text).unwrap_or_default();
        match (status, found) {
            (200, Some((text, body))) => Ok((text, Box::new(body.into_reader()))),
            (401 | 403, _) => Err(ClientError::NotAllowed {
                status,
                detail: or_advice(problem.detail),
            }),
            _ => Err(self.odd(status, problem.detail)),
        }
    }

    /// An answer that cannot be used.
    #[must_use]
    pub fn odd(&self, status: u16, detail: String) -> ClientError {
        ClientError::Answer {
            url: self.url.to_string(),
            status,
            detail: or_advice(detail),
        }
    }

    /// Tries again while the server is away (no connection) or busy (429, 502, 503, 504).
    fn patiently(
        &self,
        mut ask: impl FnMut() -> Result<(u16, String), ureq::Error>,
    ) -> Result<(u16, String), ClientError> {
        let mut pauses = PAUSES.iter();
        loop {
            let why = match ask() {
                Ok((status @ (429 | 502 | 503 | 504), text)) => {
                    let problem: Problem = serde_json::from_str(&text).unwrap_or_default();
                    format!("it answered {status}: {}", problem.detail)
                }
                Ok(answer) => return Ok(answer),
                Err(error) if trust::is_disbelief(&error) => {
                    return Err(ClientError::Disbelieved {
                        url: self.url.to_string(),
                        why: error.to_string(),
                    });
                }
                Err(error @ ureq::Error::Protocol(_)) => format!(
                    "it does not speak HTTP ({error}); the address of a server with TLS begins with https://"
                ),
                Err(error) => error.to_string(),
            };
            match pauses.next() {
                Some(pause) => std::thread::sleep(*pause),
                None => {
                    return Err(ClientError::Away {
                        url: self.url.to_string(),
                        why,
                    });
                }
            }
        }
    }
}

/// What an answer says; one of joinedup always says something.
fn or_advice(detail: String) -> String {
    if detail.is_empty() {
        return "it does not answer as joinedup does: check the address, and what stands before it"
            .to_owned();
    }
    detail
}

/// Why something is not allowed: of what stands in the way of an event, the first.
fn reason(problem: Problem) -> String {
    match problem.errors.first() {
        Some(error) => format!("{} {}", error.pointer, error.detail),
        None => or_advice(problem.detail),
    }
}

/// Whether a host, with or without a port, is this machine itself.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_not_joinedup_is_told_by_its_answer() {
        let client = Client::new("http://127.0.0.1:9", None, None).unwrap();
        let odd = |detail: &str| client.odd(404, detail.to_owned()).to_string();
        assert!(odd("").ends_with("check the address, and what stands before it"));
        assert!(odd("There is nothing").ends_with("404: There is nothing"));
    }

    #[test]
    fn an_address_that_cannot_work_is_refused_before_anything_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("ca.pem");
        let with = |ca: &Path| Client::new("https://example.org", None, Some(ca));
        assert!(matches!(with(&missing), Err(ClientError::Trust(_))));
        std::fs::write(&missing, "no certificate").unwrap();
        assert!(matches!(with(&missing), Err(ClientError::Trust(_))));
        for url in ["127.0.0.1:8080", "", "http://", "https://", "http://a b"] {
            assert!(
                matches!(Client::new(url, None, None), Err(ClientError::Url(_))),
                "{url}"
            );
        }
        assert_eq!(
            &*Client::new("http://127.0.0.1:8080/", None, None)
                .unwrap()
                .url,
            "http://127.0.0.1:8080"
        );
    }
}
