//! Until when tokens, certificates and the login to NATS are good, so that somebody is told before they are not.

use crate::config::Config;
use chrono::{DateTime, NaiveDate, Utc};
use data_encoding::BASE64URL_NOPAD;
use der::asn1::{AnyRef, GeneralizedTime, UtcTime};
use der::{Header, Reader, SliceReader, Tag};
use joinedup_events::local;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What is good until an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Credential {
    /// The token of a machine.
    Token,
    /// The certificate of what listens.
    Certificate,
    /// What this process shows NATS: a file of credentials.
    Login,
}

impl Credential {
    /// The word for it in labels and sentences.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Certificate => "certificate",
            Self::Login => "login",
        }
    }
}

/// What of this process is good until when.
#[derive(Clone, Debug, Default)]
pub struct Expiries(Arc<Mutex<BTreeMap<(Credential, String), DateTime<Utc>>>>);

impl Expiries {
    /// Notes until when something is good, as it is now; none: that is not known, or for ever.
    pub fn note(&self, credential: Credential, name: &str, until: Option<DateTime<Utc>>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (credential, name.to_owned());
        match until {
            Some(until) => all.insert(key, until),
            None => all.remove(&key),
        };
    }

    /// Notes until when what the settings name is good. A file of credentials is read once, as it is when NATS is connected to.
    pub fn note_settings(&self, config: &Config) {
        for token in &config.tokens {
            self.note(
                Credential::Token,
                &token.name,
                token.expires.and_then(end_of),
            );
        }
        let nats = config.nats.as_ref();
        if let Some(file) = nats.and_then(|nats| nats.credentials_file.as_ref()) {
            // One that cannot be read is told by whoever connects with it.
            let text = std::fs::read_to_string(file).unwrap_or_default();
            self.note(Credential::Login, "nats", login_until(&text));
        }
    }

    /// All that is known to end.
    #[must_use]
    pub fn all(&self) -> BTreeMap<(Credential, String), DateTime<Utc>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The end of the last day on which a token is taken.
fn end_of(last_day: NaiveDate) -> Option<DateTime<Utc>> {
    last_day.succ_opt().map(local::midnight)
}

/// Until when NATS lets a user in: `exp` of the JWT in a file of credentials (NATS, decentralised JWT authentication). None where
/// that is for ever, and where there is none.
fn login_until(credentials: &str) -> Option<DateTime<Utc>> {
    #[derive(Deserialize)]
    struct Claims {
        exp: Option<i64>,
    }
    let mut lines = credentials.lines().map(str::trim);
    lines.find(|line| line.contains("BEGIN NATS USER JWT"))?;
    let claims = lines.next()?.split('.').nth(1)?;
    let claims = BASE64URL_NOPAD.decode(claims.as_bytes()).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    // A zero is how NATS writes that there is no end.
    DateTime::from_timestamp(claims.exp.filter(|at| *at > 0)?, 0)
}

/// Until when a certificate is good: `notAfter` of RFC 5280, section 4.1.2.5. None of what is not one.
pub(crate) fn not_after(certificate: &[u8]) -> Option<DateTime<Utc>> {
    let read = |reader: &mut SliceReader<'_>| -> der::Result<i64> {
        let sequence = |reader: &mut SliceReader<'_>| {
            let header: Header = reader.decode()?;
            header.tag.assert_eq(Tag::Sequence).map(|_| ())
        };
        // The certificate, and what of it is signed.
        sequence(reader)?;
        sequence(reader)?;
        // The oldest have no version.
        if reader.peek_tag()?.is_context_specific() {
            reader.decode::<AnyRef<'_>>()?;
        }
        for _ in ["serialNumber", "signature", "issuer"] {
            reader.decode::<AnyRef<'_>>()?;
        }
        sequence(reader)?;
        reader.decode::<AnyRef<'_>>()?;
        let until = match reader.peek_tag()? {
            Tag::UtcTime => reader.decode::<UtcTime>()?.to_unix_duration(),
            _ => reader.decode::<GeneralizedTime>()?.to_unix_duration(),
        };
        Ok(until.as_secs().cast_signed())
    };
    let mut reader = SliceReader::new(certificate).ok()?;
    DateTime::from_timestamp(read(&mut reader).ok()?, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_to_the_midnight_after_its_last_day() {
        let end = end_of("2026-06-30".parse().unwrap()).unwrap();
        assert_eq!(end.to_rfc3339(), "2026-06-30T23:00:00+00:00");
    }

    #[test]
    fn a_file_of_nats_credentials_says_until_when_and_others_say_nothing() {
        let file = |claims: &str| {
            let claims = BASE64URL_NOPAD.encode(claims.as_bytes());
            format!(
                "-----BEGIN NATS USER JWT-----\r\neyJ0eXAiOiJKV1QifQ.{claims}.c2lnbmVk\r\n------END NATS USER JWT------\r\n"
            )
        };
        let until = |text: &str| login_until(text).map(|until| until.to_rfc3339());
        let ends = file(r#"{"exp":1798761600,"name":"joinedup","nats":{}}"#);
        assert_eq!(until(&ends).as_deref(), Some("2027-01-01T00:00:00+00:00"));
        for other in [file(r#"{"name":"joinedup"}"#), file(r#"{"exp":0}"#)] {
            assert_eq!(until(&other), None);
        }
        for cut in 0..60 {
            assert_eq!(until(&ends[..cut]), None);
        }
    }

    #[test]
    fn a_certificate_says_until_when_it_is_good_and_other_bytes_say_nothing() {
        for until in [(2030, 2, 3), (2060, 12, 31)] {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut wanted = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            wanted.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
            let der = wanted.self_signed(&key).unwrap().der().to_vec();
            let found = not_after(&der).unwrap().date_naive();
            let expected = NaiveDate::from_ymd_opt(until.0, until.1.into(), until.2.into());
            assert_eq!(Some(found), expected);
            for cut in 0..60 {
                assert_eq!(not_after(&der[..cut]), None);
            }
        }
    }
}
