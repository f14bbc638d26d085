//! Series on event time, and what selects them.

use super::pattern::Pattern;
use std::fmt;
use std::sync::Arc;

/// The label that holds a metric's name.
pub const NAME: &str = "__name__";

/// The labels of a series, the metric's name among them, sorted by name. A label that is empty is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// Labels of pairs in any order; of two of one name the later holds.
    #[must_use]
    pub fn of(pairs: impl IntoIterator<Item = (Arc<str>, Arc<str>)>) -> Self {
        let mut all: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        for (name, value) in pairs {
            all.retain(|(known, _)| *known != name);
            all.push((name, value));
        }
        all.retain(|(_, value)| !value.is_empty());
        all.sort();
        Self(all.into())
    }

    /// A label's value, empty when it is not there.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.find(name).map_or("", |value| value)
    }

    fn find(&self, name: &str) -> Option<&Arc<str>> {
        self.0
            .iter()
            .find(|(known, _)| &**known == name)
            .map(|(_, value)| value)
    }

    /// The pairs, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Only these labels.
    #[must_use]
    pub fn only(&self, names: &[String]) -> Self {
        self.kept(|name| names.iter().any(|n| n == name))
    }

    /// All but these labels and the metric's name.
    #[must_use]
    pub fn without(&self, names: &[String]) -> Self {
        self.kept(|name| name != NAME && !names.iter().any(|n| n == name))
    }

    /// All but the metric's name.
    #[must_use]
    pub fn nameless(&self) -> Self {
        self.without(&[])
    }

    fn kept(&self, keep: impl Fn(&str) -> bool) -> Self {
        if self.0.iter().all(|(name, _)| keep(name)) {
            return self.clone();
        }
        Self(
            self.0
                .iter()
                .filter(|(name, _)| keep(name))
                .cloned()
                .collect(),
        )
    }

    /// With a label set, or taken away when the value is empty.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let others = self.0.iter().filter(|(known, _)| &**known != name).cloned();
        Self::of(others.chain([(Arc::from(name), Arc::from(value))]))
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pairs = self.iter().map(|(name, value)| format!("{name}={value:?}"));
        write!(f, "{{{}}}", pairs.by_ref().collect::<Vec<_>>().join(", "))
    }
}

/// A value from an instant on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When it begins, in milliseconds since 1970.
    pub at: i64,
    /// When it ends: what Prometheus marks as stale. [`i64::MAX`] when it goes on.
    pub until: i64,
    /// The value.
    pub value: f64,
}

/// A series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its labels.
    pub labels: Labels,
    /// Its samples, the oldest first; none begins before the one before it has ended.
    pub samples: Vec<Sample>,
}

impl Series {
    /// The sample in force at an instant, when it began less than `lookback` before it.
    #[must_use]
    pub fn at(&self, instant: i64, lookback: Option<i64>) -> Option<&Sample> {
        let next = self.samples.partition_point(|s| s.at <= instant);
        let sample = self.samples.get(next.checked_sub(1)?)?;
        let fresh = lookback.is_none_or(|lookback| sample.at > instant.saturating_sub(lookback));
        (instant < sample.until && fresh).then_some(sample)
    }

    /// The samples that begin after `from`, up to `to`.
    #[must_use]
    pub fn within(&self, from: i64, to: i64) -> &[Sample] {
        let first = self.samples.partition_point(|s| s.at <= from);
        let end = self.samples.partition_point(|s| s.at <= to).max(first);
        &self.samples[first..end]
    }

    /// Whether it says something at any moment from `from` to `to`.
    #[must_use]
    pub fn speaks_within(&self, from: i64, to: i64) -> bool {
        self.samples.iter().any(|s| s.at <= to && s.until > from)
    }
}

/// How a label is compared.
#[derive(Clone, Debug)]
pub enum Comparison {
    /// `=`
    Equal(String),
    /// `!=`
    NotEqual(String),
    /// `=~`
    Matches(Pattern),
    /// `!~`
    MatchesNot(Pattern),
}

/// What a selector asks of one label.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// The label.
    pub name: String,
    /// How it is compared.
    pub comparison: Comparison,
}

impl Matcher {
    /// Whether a label's value passes; empty is what a label has that is not there.
    #[must_use]
    pub fn passes(&self, value: &str) -> bool {
        match &self.comparison {
            Comparison::Equal(wanted) => value == wanted,
            Comparison::NotEqual(wanted) => value != wanted,
            Comparison::Matches(pattern) => pattern.matches(value),
            Comparison::MatchesNot(pattern) => !pattern.matches(value),
        }
    }
}

/// Whether a value of a label passes all of a selector's matchers of that label.
#[must_use]
pub fn may_have(matchers: &[Matcher], name: &str, value: &str) -> bool {
    matchers
        .iter()
        .filter(|m| m.name == name)
        .all(|m| m.passes(value))
}

/// Whether labels pass a selector.
#[must_use]
pub fn selects(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|m| m.passes(labels.get(&m.name)))
}
