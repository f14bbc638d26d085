//! Sign-in for people: a browser is sent to the provider, comes back with a code, and from then on a cookie says who it
//! is. Sessions are in memory: a restart ends them.

pub mod people;
mod provider;
mod sessions;

use super::attempts::{self, Attempts};
use super::audit::short_digest;
use super::auth::Caller;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use joinedup_application::config;
use joinedup_events::Areas;
use openidconnect::{Nonce, PkceCodeVerifier};
use people::{Rights, SettingsError, read_closed};
use provider::{Provider, ProviderError};
use sessions::{Kept, Limits, Sessions};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How long somebody may take at the provider.
const BEGUN_LASTS: Duration = Duration::from_secs(15 * 60);
/// The most that have begun to sign in at a time.
const MAX_BEGUN: usize = 2_000;
/// The most that wait for the provider or the disk at a time, each on a thread.
const MAX_ASKING: usize = 8;
/// How long others wait for one of these to be done.
const MAX_WAIT: Duration = Duration::from_secs(3);
/// What the names of their cookies begin with.
const BEGUN: &str = "joinedup-sign-in-";
/// The most sign-ins that have begun in one browser at a time.
const MAX_TABS: usize = 30;
/// The longest address that somebody is sent back to, in bytes.
const MAX_BACK: usize = 2_000;

/// Sign-in, as it is set.
#[derive(Clone, Debug)]
pub struct SignIn(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: config::SignIn,
    provider: Provider,
    rights: Rights,
    sessions: Sessions,
    begun: Kept<Begun>,
    attempts: Attempts,
    /// As many ask the provider or the disk at a time.
    turns: Arc<Semaphore>,
}

/// Somebody who was sent to the provider.
#[derive(Clone, Debug)]
struct Begun {
    state: String,
    nonce: Nonce,
    verifier: Arc<PkceCodeVerifier>,
    back: String,
}

/// Why somebody was not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Too often.
    #[error("This was tried too often; try again in {0} seconds")]
    TooOften(u32),
    /// Not begun here, or too long ago.
    #[error("This sign-in was not begun in this browser, took too long or is over; sign in again")]
    NotBegun,
    /// The person or the provider broke it off.
    #[error("The sign-in was broken off; sign in again")]
    BrokenOff,
    /// The provider's answer does not hold.
    #[error("The sign-in could not be checked; sign in again, and if that does not help ask {0}")]
    Unproven(String),
    /// The provider knows the person, and nothing here allows them anything.
    #[error("You are signed in with the provider and have no role here; ask {contact} for one")]
    NoRole {
        /// Whom to ask.
        contact: String,
        /// The provider's own name of the person.
        subject: String,
    },
    /// The provider is away.
    #[error(
        "The service that signs people in does not answer; try again in a moment. Tokens work as ever"
    )]
    Away,
    /// The settings are no longer in order.
    #[error("Who may sign in cannot be read here; ask {0}, whose log says why")]
    Settings(String),
}

/// Somebody who signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The cookies to set.
    pub cookies: [HeaderValue; 2],
    /// Where to send the browser.
    pub back: String,
    /// Who it is.
    pub caller: Caller,
}

/// What a provider adds to the address that people come back to.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Returned {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

impl SignIn {
    /// Reads the files that the settings name. The provider is not asked.
    ///
    /// # Errors
    /// A sentence that says which file, and what is wrong with it.
    pub fn read(
        settings: &config::SignIn,
        accept_readable: bool,
        areas: &Areas,
    ) -> Result<Self, SettingsError> {
        let secret = settings.client_secret_file.as_ref();
        let secret = secret
            .map(|path| read_closed(path, accept_readable))
            .transpose()?
            .map(|secret| secret.trim().to_owned());
        let minutes = |count: f64| Duration::from_secs_f64(count * 60.0);
        Ok(Self(Arc::new(Inner {
            provider: Provider::new(settings, secret)?,
            rights: Rights::read(settings, accept_readable, areas)?,
            sessions: Sessions::new(Limits {
                count: settings.max_sessions,
                idle: minutes(settings.idle_minutes),
                whole: minutes(settings.max_minutes),
            }),
            begun: Kept::new(Limits {
                count: MAX_BEGUN,
                idle: BEGUN_LASTS,
                whole: BEGUN_LASTS,
            }),
            attempts: Attempts::default(),
            turns: Arc::new(Semaphore::new(MAX_ASKING)),
            settings: settings.clone(),
        })))
    }

    /// Who a browser's cookie says it is; none when its session has ended or there is none.
    #[must_use]
    pub fn caller(&self, headers: &HeaderMap, is_used: bool) -> Option<Caller> {
        let id = cookie(headers, &self.session_cookie())?;
        self.0.sessions.get(id, is_used, Instant::now())
    }

    /// Begins to sign somebody in: the address to send the browser to, and the cookies to set. What else has begun in other
    /// tabs of the browser goes on.
    ///
    /// # Errors
    /// When this client tried too often, or the provider is away.
    pub async fn begin(
        &self,
        client: IpAddr,
        headers: &HeaderMap,
        back: Option<&str>,
    ) -> Result<(String, Vec<HeaderValue>), SignInError> {
        self.attempt(client, attempts::BEGIN)?;
        let begun = self
            .apart(|inner| inner.provider.begin())
            .await?
            .map_err(|error| self.failed(&error))?;
        let name = self.begun_cookie(&begun.state);
        let mut cookies = self.too_many_begun(headers);
        let back = back.filter(|path| is_path(path) && path.len() <= MAX_BACK);
        let id = self.0.begun.put(
            Begun {
                state: begun.state,
                nonce: begun.nonce,
                verifier: Arc::new(begun.verifier),
                back: back.unwrap_or("/").to_owned(),
            },
            Instant::now(),
        );
        cookies.push(self.set_cookie(&name, &id, Some(BEGUN_LASTS)));
        Ok((begun.address, cookies))
    }

    /// Forgets what has begun in a browser where it is more than a person has tabs: a browser would make room by
    /// forgetting cookies itself, and might begin with the session's.
    fn too_many_begun(&self, headers: &HeaderMap) -> Vec<HeaderValue> {
        let prefix = self.cookie_name(BEGUN);
        let names =
            cookies(headers).filter_map(|(name, _)| name.starts_with(&prefix).then_some(name));
        let names: Vec<&str> = names.collect();
        if names.len() < MAX_TABS {
            return Vec::new();
        }
        let forget = |name: &&str| self.set_cookie(name, "", Some(Duration::ZERO));
        names.iter().map(forget).collect()
    }

    /// Signs somebody in who comes back from the provider. The session before, if there was one, ends.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub async fn finish(
        &self,
        client: IpAddr,
        headers: &HeaderMap,
        returned: Returned,
    ) -> Result<SignedIn, SignInError> {
        self.attempt(client, 0.0)?;
        let finished = self.finish_once(headers, returned).await;
        // What was not begun here guesses nothing, and any site can make a browser ask for it.
        let is_theirs = matches!(
            finished,
            Err(SignInError::Unproven(_) | SignInError::NoRole { .. })
        );
        if is_theirs {
            // What it costs is for the next try: this one is answered.
            let _ = self.attempt(client, attempts::FAILURE);
        }
        finished
    }

    async fn finish_once(
        &self,
        headers: &HeaderMap,
        returned: Returned,
    ) -> Result<SignedIn, SignInError> {
        let state = returned.state.ok_or(SignInError::NotBegun)?;
        let name = self.begun_cookie(&state);
        let id = cookie(headers, &name).ok_or(SignInError::NotBegun)?;
        let (begun, now) = (&self.0.begun, Instant::now());
        // Taken, so that a code is used once whatever comes of it; one that does not fit is another's, and stays.
        let fits = begun.get(id, false, now).is_some_and(|b| b.state == state);
        let begun = fits.then(|| begun.take(id, now)).flatten();
        let begun = begun.ok_or(SignInError::NotBegun)?;
        let (Some(code), None) = (returned.code, returned.error) else {
            return Err(SignInError::BrokenOff);
        };
        let nonce = begun.nonce.clone();
        let verifier = PkceCodeVerifier::new(begun.verifier.secret().clone());
        let known = self
            .apart(move |inner| {
                let needs_more = |known: &_| inner.rights.needs_more(known);
                inner.provider.finish(code, &nonce, verifier, needs_more)
            })
            .await?
            .map_err(|error| self.failed(&error))?;
        let subject = known.subject.clone();
        let rights = self.apart(move |inner| inner.rights.of(&known)).await?;
        let contact = || self.0.settings.contact.clone();
        let caller = rights.map_err(|error| {
            tracing::error!(%error, "nobody can sign in");
            SignInError::Settings(contact())
        })?;
        let contact = contact();
        let caller = caller.ok_or(SignInError::NoRole { contact, subject })?;
        self.end(headers);
        let id = self.0.sessions.put(caller.clone(), Instant::now());
        Ok(SignedIn {
            cookies: [
                self.set_cookie(&self.session_cookie(), &id, None),
                self.set_cookie(&name, "", Some(Duration::ZERO)),
            ],
            back: begun.back,
            caller,
        })
    }

    /// Ends a browser's session; answers who it was, the cookie that forgets it, and the provider's own way out.
    pub fn sign_out(&self, headers: &HeaderMap) -> (Option<Caller>, HeaderValue, Option<String>) {
        let caller = self.end(headers);
        let end = caller.as_ref().and_then(|_| self.0.provider.end_address());
        let cookie = self.set_cookie(&self.session_cookie(), "", Some(Duration::ZERO));
        (caller, cookie, end)
    }

    fn end(&self, headers: &HeaderMap) -> Option<Caller> {
        let id = cookie(headers, &self.session_cookie())?;
        self.0.sessions.take(id, Instant::now())
    }

    fn attempt(&self, client: IpAddr, price: f64) -> Result<(), SignInError> {
        let taken = self.0.attempts.take(client, price, Instant::now());
        taken.map_err(SignInError::TooOften)
    }

    fn failed(&self, error: &ProviderError) -> SignInError {
        tracing::warn!(%error, "a sign-in failed");
        match error {
            ProviderError::Away(_) | ProviderError::Answer(_) => SignInError::Away,
            ProviderError::Code | ProviderError::Proof(_) => {
                SignInError::Unproven(self.0.settings.contact.clone())
            }
        }
    }

    /// Asks the provider or the disk on a thread of its own.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> T + Send + 'static,
    ) -> Result<T, SignInError> {
        // Threads that wait for it are few, so that all else that needs one goes on.
        let turn = self.0.turns.clone().acquire_owned();
        let turn = tokio::time::timeout(MAX_WAIT, turn).await;
        let Ok(Ok(turn)) = turn else {
            return Err(SignInError::Away);
        };
        let inner = self.0.clone();
        let worked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work(&inner)
        });
        let worked = worked.await;
        worked.map_err(|error| {
            tracing::error!(%error, "a sign-in failed");
            SignInError::Away
        })
    }

    fn session_cookie(&self) -> String {
        self.cookie_name("joinedup")
    }

    /// One for each sign-in that has begun: a browser has several tabs, and each may be sent to the provider.
    fn begun_cookie(&self, state: &str) -> String {
        self.cookie_name(&format!("{BEGUN}{}", short_digest(state)))
    }

    /// With the prefix a browser takes the cookie from this very host over TLS alone, which plain HTTP on this machine
    /// is not.
    fn cookie_name(&self, name: &str) -> String {
        let prefix = if self.0.settings.is_secure() {
            "__Host-"
        } else {
            ""
        };
        format!("{prefix}{name}")
    }

    fn set_cookie(&self, name: &str, value: &str, lasts: Option<Duration>) -> HeaderValue {
        let secure = if self.0.settings.is_secure() {
            "; Secure"
        } else {
            ""
        };
        let lasts = lasts.map_or(String::new(), |l| format!("; Max-Age={}", l.as_secs()));
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{lasts}");
        // Ids are of letters, digits, `-` and `_`.
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
    }
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let values = headers.get_all(header::COOKIE).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut cookies = cookies(headers).filter(|(of, _)| *of == name);
    let (_, value) = cookies.next()?;
    (!value.is_empty()).then_some(value)
}

/// Whether an address is a path of ours, and cannot lead to another site.
#[must_use]
pub fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains(|c: char| c == '\\' || c.is_ascii_control())
}

/// The address of the page that signs in and comes back to another.
#[must_use]
pub fn address_from(page: &Uri) -> String {
    let back = page.path_and_query().map_or("/", |path| path.as_str());
    if back == "/" {
        return "/sign-in".to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("back", back)
        .finish();
    format!("/sign-in?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        assert!(is_path("/board?area=hv-north-2#people"));
        for other in [
            "//evil.example",
            "https://evil.example",
            "",
            "/\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "evil",
        ] {
            assert!(!is_path(other), "{other}");
        }
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        let value = "a=1; xjoinedup=2; joinedup-sign-in=3; joinedup=4; joinedup=5";
        headers.insert(header::COOKIE, HeaderValue::from_static(value));
        assert_eq!(cookie(&headers, "joinedup"), Some("4"));
        assert_eq!(cookie(&headers, "joinedup-sign-in"), Some("3"));
        assert_eq!(cookie(&headers, "join"), None);
    }
}
