//! How often a source is expected to be heard of: one answer for pages, metrics and alerts.
//!
//! Silence is never calm: fewer people waiting may only mean that a feed has died. And an alarm that rings for a survey
//! made once a year is soon not heard: so a source has an expectation only where somebody set one, or where it tells of
//! transfers, which happen every day.

use joinedup_events::Family;
use joinedup_views::view::Summary;
use std::collections::{BTreeMap, BTreeSet};

/// Hours within which a busy source of transfers is expected to be heard of, where nothing is set: a long weekend.
pub const USUAL_HOURS: f64 = 72.0;
/// Events after which a source of transfers counts as busy.
pub const BUSY_EVENTS: u64 = 200;

/// What is expected of each source heard so far, in hours; a source without an entry is heard of whenever there is
/// something to say.
///
/// `settings` is `expected_hours` of the settings: by the beginning of a source's name, in which `*` stands for any one
/// part between slashes. Of several that fit, the longest counts.
#[must_use]
pub fn expectations<'a>(
    summary: &'a Summary,
    settings: &BTreeMap<String, f64>,
) -> BTreeMap<&'a str, f64> {
    let mut events: BTreeMap<&str, u64> = BTreeMap::new();
    for ((source, _), heard) in &summary.sources {
        *events.entry(source).or_default() += heard.events;
    }
    let of_transfers: BTreeSet<&str> = summary
        .feeds
        .iter()
        .filter(|(family, _, _)| *family == Family::Transfer)
        .map(|(_, _, source)| source.as_str())
        .collect();
    events
        .into_iter()
        .filter_map(|(source, events)| {
            let usual =
                (events >= BUSY_EVENTS && of_transfers.contains(source)).then_some(USUAL_HOURS);
            Some((
                source,
                set(settings, source).map(|(_, hours)| hours).or(usual)?,
            ))
        })
        .collect()
}

/// The setting that counts for a source: the name it is set under, and the hours.
#[must_use]
pub fn set<'a>(settings: &'a BTreeMap<String, f64>, source: &str) -> Option<(&'a str, f64)> {
    settings
        .iter()
        .filter(|(beginning, _)| begins(source, beginning))
        .max_by_key(|(beginning, _)| beginning.len())
        .map(|(beginning, hours)| (beginning.as_str(), *hours))
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
    use chrono::DateTime;
    use joinedup_views::view::Heard;

    fn settings(of: &[(&str, f64)]) -> BTreeMap<String, f64> {
        of.iter()
            .map(|(name, hours)| ((*name).to_owned(), *hours))
            .collect()
    }

    #[test]
    fn a_busy_source_of_transfers_is_expected_without_a_setting_and_a_survey_is_not() {
        let area = joinedup_events::AreaId::new("ward").unwrap();
        let heard = |events| Heard {
            occurred_at: DateTime::UNIX_EPOCH,
            recorded_at: DateTime::UNIX_EPOCH,
            events,
        };
        let mut summary = Summary::default();
        for (source, family, events) in [
            ("/pas", Family::Transfer, BUSY_EVENTS),
            ("/clinic", Family::Transfer, BUSY_EVENTS - 1),
            ("/survey", Family::Experience, 10_000),
        ] {
            summary
                .sources
                .insert((source.to_owned(), area.clone()), heard(events));
            summary
                .feeds
                .insert((family, area.clone(), source.to_owned()));
        }
        let usual = expectations(&summary, &BTreeMap::new());
        assert_eq!(usual, BTreeMap::from([("/pas", USUAL_HOURS)]));
        let told = settings(&[("/pas", 6.0), ("/survey", 9_000.0)]);
        let told = expectations(&summary, &told);
        assert_eq!(told, BTreeMap::from([("/pas", 6.0), ("/survey", 9_000.0)]));
    }

    #[test]
    fn the_longest_beginning_that_fits_sets_the_expectation() {
        let settings = settings(&[("ward", 24.0), ("ward/a", 2.0)]);
        assert_eq!(set(&settings, "ward/a/1"), Some(("ward/a", 2.0)));
        assert_eq!(set(&settings, "ward/b"), Some(("ward", 24.0)));
        assert_eq!(set(&settings, "survey"), None);
    }

    #[test]
    fn a_star_stands_for_one_part_and_not_for_none_or_two() {
        let settings = settings(&[("/county/*/mdt", 168.0)]);
        assert!(set(&settings, "/county/north/mdt").is_some());
        assert!(set(&settings, "/county/north/mdt/2").is_some());
        assert!(set(&settings, "/county/north/survey").is_none());
        assert!(set(&settings, "/county/north/east/mdt").is_none());
        assert!(set(&settings, "/county//mdt").is_none());
        assert!(set(&settings, "/county/mdt").is_none());
    }
}
