//! Addresses of our own pages: all that a page shows is in its address, so that a link shows the same thing.

use crate::door::fields::fields;
use std::fmt;

/// The parameters that stay as one moves from page to page.
pub const KEPT: [&str; 3] = ["area", "from", "to"];

/// The parameter that says what was saved a moment ago; it is about the page alone, and no link keeps it.
pub const DONE: &str = "done";

/// A path with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    path: String,
    pairs: Vec<(String, String)>,
}

impl Address {
    /// A path without parameters.
    #[must_use]
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            pairs: Vec::new(),
        }
    }

    /// A path with parameters as they came; empty ones are left out.
    #[must_use]
    pub fn of(path: impl Into<String>, pairs: &[(String, String)]) -> Self {
        Self {
            path: path.into(),
            pairs: pairs
                .iter()
                .filter(|(_, v)| !v.is_empty())
                .cloned()
                .collect(),
        }
    }

    /// The address of a path with parameters, without its fragment.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let text = text.split('#').next().unwrap_or_default();
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        Self::of(path, &fields(query.as_bytes()))
    }

    /// Another page about the same place and time.
    #[must_use]
    pub fn elsewhere(&self, path: impl Into<String>) -> Self {
        let kept = self
            .pairs
            .iter()
            .filter(|(n, _)| KEPT.contains(&n.as_str()))
            .cloned()
            .collect();
        Self {
            path: path.into(),
            pairs: kept,
        }
    }

    /// The same parameters on another path.
    #[must_use]
    pub fn on(&self, path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            pairs: self.pairs.clone(),
        }
    }

    /// With a parameter set anew; an empty value takes it away.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        let value = value.to_string();
        self.pairs.retain(|(n, _)| n != name);
        if !value.is_empty() {
            self.pairs.push((name.to_owned(), value));
        }
        self
    }

    /// Without some parameters.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        self.pairs.retain(|(n, _)| !names.contains(&n.as_str()));
        self
    }

    /// A parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .rev()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// All parameters.
    #[must_use]
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        for (i, (name, value)) in self.pairs.iter().enumerate() {
            write!(
                f,
                "{}{}={}",
                if i == 0 { '?' } else { '&' },
                encoded(name),
                encoded(value)
            )?;
        }
        Ok(())
    }
}

/// Text for an address: everything but letters, digits and four signs as per cent and two digits.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b',') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_into_an_address_is_read_back() {
        let text = "a&b=c d+é%?";
        let form = format!("x={}&y=a+b&z", encoded(text));
        assert_eq!(
            fields(form.as_bytes()),
            [
                ("x".into(), text.into()),
                ("y".into(), "a b".into()),
                ("z".into(), String::new())
            ]
        );
    }

    #[test]
    fn place_and_time_stay_and_the_rest_goes() {
        let visit = Address::new("/measures/x")
            .with("area", "a")
            .with("chart", "xmr")
            .with("from", "2026-01-01");
        assert_eq!(
            visit.elsewhere("/board").to_string(),
            "/board?area=a&from=2026-01-01"
        );
        assert_eq!(
            visit.with("area", "b").with("chart", "").to_string(),
            "/measures/x?from=2026-01-01&area=b"
        );
    }
}
