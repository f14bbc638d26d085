//! Which sources have reported, which are late, and of when the newest data are: one answer for every page.

use crate::app::App;
use crate::charts::{self, QuestionError};
use chrono::{DateTime, TimeDelta, Utc};
use joinedup_events::AreaId;
use joinedup_events::check::source_label;
use joinedup_events::local;
use joinedup_views::contradictions::{Listed, listed};
use joinedup_views::suppression::Audience;
use std::collections::BTreeMap;

/// One source over all its areas.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// When it last recorded something: to readers the beginning of that day, because the instant is one person's.
    pub recorded: DateTime<Utc>,
    /// When the latest thing that it reported happened, rounded in the same way.
    pub happened: DateTime<Utc>,
    /// How many events it has sent; not shown to readers.
    pub events: Option<u64>,
    /// The areas it reports on.
    pub areas: Vec<AreaId>,
    /// How long after a report the next is expected; none when it has no schedule.
    pub expected: Option<TimeDelta>,
    /// It has sent nothing for longer than that.
    pub late: bool,
}

/// Every source, the late ones first, those that have sent nothing for longest first among them. Of a source that has
/// reported on an area that is not covered everybody is shown what the public is.
///
/// # Errors
/// When this process has no views.
pub fn sources(
    app: &App,
    audience: Audience,
    covers: impl Fn(&str) -> bool,
) -> Result<Vec<Source>, QuestionError> {
    let (now, edition) = (app.now(), app.edition(audience));
    let mut found: BTreeMap<String, Source> = BTreeMap::new();
    charts::views(app)?.read(|view| {
        let expected = view
            .summary()
            .expected_intervals(&app.definitions.expectations);
        for ((name, area), last) in &view.summary().sources {
            let source = found.entry(name.clone()).or_insert_with(|| Source {
                name: source_label(name).into_owned(),
                recorded: last.recorded_at,
                happened: last.occurred_at,
                events: Some(0),
                areas: Vec::new(),
                expected: expected.get(name.as_str()).copied(),
                late: false,
            });
            source.recorded = source.recorded.max(last.recorded_at);
            source.happened = source.happened.max(last.occurred_at);
            source.events = source.events.map(|events| events + last.events);
            if edition
                .as_ref()
                .is_none_or(|edition| edition.has_heard(name, area))
            {
                source.areas.push(area.clone());
            }
        }
    });
    let mut found: Vec<Source> = found.into_values().collect();
    for source in &mut found {
        source.late = source
            .expected
            .is_some_and(|interval| now - source.recorded > interval);
        let is_covered = source.areas.iter().all(|area| covers(area.as_str()));
        if audience == Audience::Public || !is_covered {
            source.events = None;
            for at in [&mut source.recorded, &mut source.happened] {
                *at = local::midnight(local::date(*at));
            }
        }
    }
    found.sort_by_key(|s| (!s.late, s.recorded));
    Ok(found)
}

/// Where the records of a source contradict each other, in the areas that pass, as an audience may see it.
///
/// # Errors
/// When this process has no views.
pub fn contradictions(
    app: &App,
    audience: Audience,
    covers: impl Fn(&str) -> bool,
) -> Result<Vec<Listed>, QuestionError> {
    let today = local::date(app.now());
    let views = charts::views(app)?;
    Ok(match app.edition(audience) {
        Some(edition) => edition.contradictions(covers),
        None => views.read(|view| listed(view, audience, today, covers)),
    })
}

/// Whether the data can be relied on today.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// When the newest thing in the data happened; none when nothing was ever received. Never later than now: a
    /// planned date is no sign of fresh data.
    pub newest: Option<DateTime<Utc>>,
    /// How many sources have a schedule.
    pub expected: usize,
    /// How many sources have none.
    pub unscheduled: usize,
    /// Sources that have missed their schedule, longest first.
    pub late: Vec<Source>,
}

/// The health of the data as a whole.
///
/// # Errors
/// When this process has no views.
pub fn health(
    app: &App,
    audience: Audience,
    covers: impl Fn(&str) -> bool,
) -> Result<Health, QuestionError> {
    Ok(health_of(sources(app, audience, covers)?, app.now()))
}

fn health_of(all: Vec<Source>, now: DateTime<Utc>) -> Health {
    let expected = all.iter().filter(|s| s.expected.is_some()).count();
    Health {
        newest: all.iter().map(|s| s.happened.min(now)).max(),
        expected,
        unscheduled: all.len() - expected,
        late: all.into_iter().filter(|s| s.late).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, expected: Option<TimeDelta>, late: bool) -> Source {
        Source {
            name: name.to_owned(),
            recorded: DateTime::UNIX_EPOCH,
            happened: DateTime::UNIX_EPOCH + TimeDelta::days(9),
            events: Some(1),
            areas: Vec::new(),
            expected,
            late,
        }
    }

    #[test]
    fn a_source_without_a_schedule_is_neither_expected_nor_late() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20);
        let day = Some(TimeDelta::days(1));
        assert_eq!(health_of(Vec::new(), now), Health::default());
        let health = health_of(
            vec![
                source("a", day, true),
                source("b", day, false),
                source("c", None, false),
            ],
            now,
        );
        assert_eq!((health.expected, health.unscheduled), (2, 1));
        let late: Vec<&str> = health.late.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(late, ["a"]);
    }

    #[test]
    fn a_date_to_come_does_not_make_the_data_newer_than_now() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(2);
        assert_eq!(
            health_of(vec![source("a", None, false)], now).newest,
            Some(now)
        );
    }
}
