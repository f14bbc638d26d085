//! Whether settings make sense together: what a server would refuse, or do otherwise than somebody meant.

use super::{Config, ConfigError, Nats, Role, Token, tls};
use joinedup_projector::MAX_PARTITIONS;
use std::collections::BTreeSet;
use std::net::IpAddr;

impl Config {
    /// The same settings, where they make sense together.
    ///
    /// # Errors
    /// The first that does not, in a sentence.
    pub(super) fn check(self) -> Result<Self, ConfigError> {
        let sense = |text: String| Err(ConfigError::Sense(text));
        if self.is_open() && !self.listen.ip().is_loopback() {
            return sense(format!(
                "`listen` is {}, which others can reach, and no `tokens` are set: set tokens or `sign_in`, or listen on 127.0.0.1",
                self.listen
            ));
        }
        if self.two_people && self.is_open() {
            return sense("`two_people` needs to know who asks: set `tokens` or `sign_in`".into());
        }
        if let Some(wrong) = tls::wrong(&self) {
            return sense(wrong);
        }
        if let Some(sign_in) = &self.sign_in {
            if let Some(wrong) = sign_in.wrong() {
                return sense(wrong);
            }
            let host = sign_in.public_host();
            let is_listed = self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host));
            if !self.hosts.is_empty()
                && host.contains('.')
                && !is_listed
                && host.parse::<IpAddr>().is_err()
            {
                return sense(
                    "`hosts` does not list the host of `sign_in.public_url`: add it".into(),
                );
            }
        }
        let mut names = BTreeSet::new();
        if let Some(token) = (self.tokens.iter()).find(|token| !names.insert(&token.name)) {
            return sense(format!(
                "two tokens have the name {}: give each its own, by which the audit log tells who it was",
                token.name
            ));
        }
        let admin = |token: &&Token| token.roles.contains(&Role::Admin);
        let bound = |token: &&Token| !token.areas.is_empty() || !token.sources.is_empty();
        if let Some(token) = self.tokens.iter().filter(admin).find(bound) {
            return sense(format!(
                "the token of {} has the role admin, which is for everything, and `areas` or `sources`: give it other roles, or no bounds",
                token.name
            ));
        }
        if let Some(token) = self
            .tokens
            .iter()
            .find(|t| t.sources.iter().any(String::is_empty))
        {
            return sense(format!(
                "`sources` of the token of {} holds an empty text, which every source begins with: leave it out",
                token.name
            ));
        }
        if self.audit_mib == 0 {
            return sense("`audit_mib` must be above 0".into());
        }
        if self
            .partitions
            .is_some_and(|partitions| !(1..=MAX_PARTITIONS).contains(&partitions))
        {
            return sense(format!("`partitions` must be 1 to {MAX_PARTITIONS}"));
        }
        if self.max_connections == 0 || self.max_connections_per_client == 0 {
            return sense(
                "`max_connections` and `max_connections_per_client` must be above 0".into(),
            );
        }
        if self.max_streams >= self.max_connections {
            return sense(format!(
                "`max_streams` is {}, and must be below `max_connections`, which is {}: each live page holds a connection",
                self.max_streams, self.max_connections
            ));
        }
        if self.run_chart_periods == 0 || self.run_chart_periods > 1000 {
            return sense("`run_chart_periods` must be 1 to 1000".into());
        }
        if let Some((source, hours)) = self
            .expected_hours
            .iter()
            .find(|(_, h)| !h.is_finite() || **h <= 0.0)
        {
            return sense(format!(
                "`expected_hours` of {source} is {hours}, and must be a number above 0"
            ));
        }
        if let Some(wrong) = self.hosts.iter().find(|host| !is_host(host)) {
            return sense(format!(
                "`hosts` holds {wrong}, which is more than a name: write it as in care.example.nhs.uk, without https://, port or path"
            ));
        }
        if let Some(wrong) = self.nats.as_ref().and_then(wrong_of_nats) {
            return sense(wrong.into());
        }
        Ok(self)
    }
}

/// Whether a text can be the name of a server, and is no more than that.
fn is_host(text: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    text.parse::<IpAddr>().is_ok() || (!text.is_empty() && text.chars().all(is_name))
}

/// What of the settings of NATS would not do what it says.
fn wrong_of_nats(nats: &Nats) -> Option<&'static str> {
    if nats.url.is_empty() {
        return Some(
            "`nats.url` is missing: it is the server's address, e.g. nats://127.0.0.1:4222",
        );
    }
    (nats.user.is_some() != nats.password_file.is_some())
        .then_some("`nats.user` and `nats.password_file` go together: set both or neither")
}

#[cfg(test)]
mod tests {
    use super::*;
    use figment::Figment;
    use figment::providers::{Format, Serialized};

    fn read(text: &str) -> Result<Config, ConfigError> {
        let defaults = Figment::from(Serialized::defaults(Config::default()));
        Config::from_figment(&defaults.merge(super::super::Toml::string(text)))
    }

    #[test]
    fn no_two_tokens_have_one_name() {
        let token =
            |name: &str| format!("[[tokens]]\nname = \"{name}\"\nfile = \"t\"\nroles = []\n");
        let of = |names: [&str; 2]| read(&names.map(token).concat());
        assert!(of(["pas", "wall"]).is_ok());
        let refused = of(["pas", "pas"]).unwrap_err().to_string();
        assert!(refused.contains("the name pas"), "{refused}");
    }

    #[test]
    fn a_name_of_the_server_is_a_name_and_no_address() {
        for good in ["care.example.nhs.uk", "joinedup", "10.1.2.3", "::1"] {
            assert!(read(&format!("hosts = [\"{good}\"]")).is_ok(), "{good}");
        }
        for wrong in [
            "https://care.example.nhs.uk",
            "care.example.nhs.uk:8443",
            "a/b",
            "",
        ] {
            let refused = read(&format!("hosts = [\"{wrong}\"]")).unwrap_err();
            assert!(refused.to_string().contains("`hosts`"), "{refused}");
        }
    }

    #[test]
    fn a_user_of_nats_has_a_password() {
        let nats = |more: &str| read(&format!("[nats]\nurl = \"nats://a:4222\"\n{more}"));
        assert!(nats("user = \"a\"\npassword_file = \"p\"\n").is_ok());
        assert!(nats("nkey_file = \"n\"\n").is_ok());
        for wrong in ["user = \"a\"\n", "password_file = \"p\"\n"] {
            let refused = nats(wrong).unwrap_err().to_string();
            assert!(refused.contains("`nats."), "{refused}");
        }
    }
}
