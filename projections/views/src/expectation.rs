//! How often sources are expected to report, where somebody has set it. What nobody sets is learnt from a source's own
//! rhythm ([`Summary::expected_interval`](crate::view::Summary::expected_interval)).

use chrono::TimeDelta;
use std::collections::BTreeMap;

/// Expected intervals by the beginning of a source's name, in which `*` stands for any one part between slashes
/// (`/county/*/mdt`). Of several that fit, the longest name counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectations(BTreeMap<String, TimeDelta>);

impl Expectations {
    /// Reads them in hours. An interval that is not a number above zero, or is longer than a century, is left out.
    #[must_use]
    pub fn in_hours(hours: &BTreeMap<String, f64>) -> Self {
        let interval = |(name, hours): (&String, &f64)| {
            let is_sound = *hours > 0.0 && *hours < 876_600.0;
            // At least a second: half a second would be late before anybody can look.
            let seconds = (hours * 3_600.0).max(1.0) as i64;
            is_sound.then(|| (name.clone(), TimeDelta::seconds(seconds)))
        };
        Self(hours.iter().filter_map(interval).collect())
    }

    /// What is set for a source: the name under which it is set, and the interval.
    #[must_use]
    pub fn of(&self, source: &str) -> Option<(&str, TimeDelta)> {
        let fitting = self.0.iter().filter(|(name, _)| begins(source, name));
        let longest = fitting.max_by_key(|(name, _)| name.len());
        longest.map(|(name, interval)| (name.as_str(), *interval))
    }

    /// Every setting.
    pub fn iter(&self) -> impl Iterator<Item = (&str, TimeDelta)> {
        self.0
            .iter()
            .map(|(name, interval)| (name.as_str(), *interval))
    }
}

fn begins(source: &str, beginning: &str) -> bool {
    match beginning.split_once('*') {
        None => source.starts_with(beginning),
        Some((before, after)) => source.strip_prefix(before).is_some_and(|rest| {
            let part = rest.find('/').unwrap_or(rest.len());
            part > 0 && begins(&rest[part..], after)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expectations(of: &[(&str, f64)]) -> Expectations {
        let hours = of.iter().map(|(name, hours)| ((*name).to_owned(), *hours));
        Expectations::in_hours(&hours.collect())
    }

    #[test]
    fn the_longest_beginning_that_fits_sets_the_expectation() {
        let set = expectations(&[("ward", 24.0), ("ward/a", 2.0)]);
        assert_eq!(set.of("ward/a/1"), Some(("ward/a", TimeDelta::hours(2))));
        assert_eq!(set.of("ward/b"), Some(("ward", TimeDelta::hours(24))));
        assert_eq!(set.of("survey"), None);
    }

    #[test]
    fn a_star_stands_for_one_part_and_not_for_none_or_two() {
        let set = expectations(&[("/county/*/mdt", 168.0)]);
        assert!(set.of("/county/north/mdt").is_some());
        assert!(set.of("/county/north/mdt/2").is_some());
        assert!(set.of("/county/north/survey").is_none());
        assert!(set.of("/county/north/east/mdt").is_none());
        assert!(set.of("/county//mdt").is_none());
        assert!(set.of("/county/mdt").is_none());
    }

    #[test]
    fn what_is_no_interval_is_left_out() {
        let set = expectations(&[("a", f64::NAN), ("b", -1.0), ("c", 1e300), ("d", 0.0)]);
        assert_eq!(set, Expectations::default());
    }
}
