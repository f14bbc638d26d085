//! The settings of sign-in for people: the provider, who of those that it knows may do what, and how long that lasts.

use super::{Role, bounds};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A week: nobody is signed in for longer.
const MAX_MINUTES: f64 = 7.0 * 24.0 * 60.0;

/// Sign-in with an OpenID Connect provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignIn {
    /// The provider's address, exactly as it names itself (`https://login.example.nhs.uk/realms/care`).
    pub issuer: String,
    /// The name under which the provider knows this server.
    pub client_id: String,
    /// The file that holds the secret which goes with that name; none: a client without one.
    #[serde(deserialize_with = "super::paths::maybe")]
    pub client_secret_file: Option<PathBuf>,
    /// The address under which people reach this server, without a path. The provider has to know
    /// `<public_url>/sign-in/return` as the address to send people back to.
    pub public_url: String,
    /// What is asked of the provider, beside `openid`.
    pub scopes: Vec<String>,
    /// A file of authorities (PEM) that sign the provider's certificate; none: those that this machine trusts.
    #[serde(deserialize_with = "super::paths::maybe")]
    pub ca_file: Option<PathBuf>,
    /// The claim that `grants` look at; dots lead into objects (`realm_access.roles`).
    pub claim: Option<String>,
    /// What the values of the claim allow. The first that fits holds, and no other.
    pub grants: Vec<Grant>,
    /// A file of people (`[[person]]`); who is in it is not looked for in `grants`.
    #[serde(deserialize_with = "super::paths::maybe")]
    pub people_file: Option<PathBuf>,
    /// Whom to ask for a role, in words, for the page that refuses.
    pub contact: String,
    /// After how many minutes without a page being opened a session ends.
    pub idle_minutes: f64,
    /// After how many minutes a session ends in any case.
    pub max_minutes: f64,
    /// The most sessions at a time; a new one ends the one that was idle longest.
    pub max_sessions: usize,
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            client_id: String::new(),
            client_secret_file: None,
            public_url: String::new(),
            scopes: vec!["profile".into(), "email".into()],
            ca_file: None,
            claim: None,
            grants: Vec::new(),
            people_file: None,
            contact: "whoever runs this server".into(),
            idle_minutes: 30.0,
            max_minutes: 600.0,
            max_sessions: 2_000,
        }
    }
}

/// What one value of the claim allows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The value.
    pub value: String,
    /// What it allows.
    pub roles: Vec<Role>,
    /// The areas, with all within them, that this is bound to; none: all.
    #[serde(
        default,
        deserialize_with = "bounds",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub areas: Vec<String>,
}

/// The people file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct People {
    /// The people.
    pub person: Vec<Person>,
}

/// Somebody in the people file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The provider's own name of the person (`sub`).
    #[serde(default)]
    pub sub: Option<String>,
    /// The e-mail address, which counts where the provider says that it has verified it.
    #[serde(default)]
    pub email: Option<String>,
    /// What the person may do.
    pub roles: Vec<Role>,
    /// The areas, with all within them, that this is bound to; none: all.
    #[serde(default, deserialize_with = "bounds")]
    pub areas: Vec<String>,
}

impl SignIn {
    /// What in these settings contradicts itself or is unsafe; none when nothing does.
    pub(super) fn wrong(&self) -> Option<String> {
        for (name, value) in [
            ("issuer", &self.issuer),
            ("client_id", &self.client_id),
            ("public_url", &self.public_url),
        ] {
            if value.trim().is_empty() {
                return Some(format!("`sign_in.{name}` is missing"));
            }
        }
        for (name, value) in [("issuer", &self.issuer), ("public_url", &self.public_url)] {
            if !value.starts_with("https://") && !is_loopback(value) {
                return Some(format!(
                    "`sign_in.{name}` must begin with https://; plain http:// is taken on this machine alone"
                ));
            }
        }
        if host_and_port(&self.public_url).is_none_or(|host| host.is_empty() || host.contains('/'))
        {
            return Some(
                "`sign_in.public_url` must be an address without a path, such as https://care.example.nhs.uk"
                    .to_owned(),
            );
        }
        if self.grants.is_empty() && self.people_file.is_none() {
            return Some(
                "`sign_in` says of nobody what they may do: set `claim` and `grants`, or `people_file`"
                    .to_owned(),
            );
        }
        if self.grants.is_empty() != self.claim.is_none() {
            return Some(
                "`sign_in.claim` and `sign_in.grants` go together: one is set without the other"
                    .to_owned(),
            );
        }
        let is_bound =
            |grant: &Grant| grant.roles.contains(&Role::Admin) && !grant.areas.is_empty();
        if self.grants.iter().any(is_bound) {
            return Some(
                "`sign_in.grants` has the role admin, which is for everything, with `areas`: give it other roles, or no areas"
                    .to_owned(),
            );
        }
        let is_time = |minutes: f64| minutes > 0.0 && minutes <= MAX_MINUTES;
        if !is_time(self.idle_minutes) || !is_time(self.max_minutes) || self.max_sessions == 0 {
            return Some(
                "`sign_in.idle_minutes` and `max_minutes` must be above 0 and at most 10080, a week, and `max_sessions` above 0"
                    .to_owned(),
            );
        }
        None
    }

    /// The host that people reach this server under, without its port.
    #[must_use]
    pub fn public_host(&self) -> &str {
        let host = host_and_port(&self.public_url).unwrap_or_default();
        match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        }
    }

    /// Whether people reach this server through TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

fn host_and_port(url: &str) -> Option<&str> {
    url.split_once("://")
        .map(|(_, rest)| rest.trim_end_matches('/'))
}

fn is_loopback(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    let host = rest.split('/').next().unwrap_or_default();
    // A name before `@` would make another host look like this one.
    let is = |name: &str| host == name || host.strip_prefix(name).is_some_and(is_port);
    is("127.0.0.1") || is("localhost") || is("[::1]")
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':')
        .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> SignIn {
        SignIn {
            issuer: "https://login.example.nhs.uk".into(),
            client_id: "joinedup".into(),
            public_url: "https://care.example.nhs.uk:8443".into(),
            people_file: Some("people.toml".into()),
            ..SignIn::default()
        }
    }

    #[test]
    fn what_is_missing_plain_or_contradictory_is_said() {
        assert_eq!(good().wrong(), None);
        assert_eq!(good().public_host(), "care.example.nhs.uk");
        let wrong = |change: fn(&mut SignIn)| {
            let mut settings = good();
            change(&mut settings);
            settings.wrong().unwrap_or_default()
        };
        assert!(wrong(|s| s.client_id.clear()).contains("client_id"));
        for plain in [
            "http://login.example.nhs.uk",
            "http://localhost@evil.example",
            "http://127.0.0.1.evil.example",
        ] {
            let mut settings = good();
            settings.issuer = plain.into();
            assert!(settings.wrong().unwrap().contains("https"), "{plain}");
        }
        assert!(wrong(|s| s.public_url.push_str("/joinedup")).contains("without a path"));
        assert!(wrong(|s| s.people_file = None).contains("nobody"));
        assert!(wrong(|s| s.claim = Some("groups".into())).contains("go together"));
        assert!(wrong(|s| s.max_sessions = 0).contains("above 0"));
        let mut local = good();
        local.issuer = "http://127.0.0.1:4000/".into();
        local.public_url = "http://localhost:8080".into();
        assert_eq!(local.wrong(), None);
    }
}
