//! Which sources have reported, which are late, and of when the newest data are: one answer for every page.

use crate::app::App;
use crate::charts::{self, QuestionError};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use joinedup_events::check::source_label;
use joinedup_events::{AreaId, Family, local};
use joinedup_views::contradictions::{Listed, listed};
use joinedup_views::suppression::Audience;
use std::collections::BTreeMap;

/// One source over all its areas.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Up to when it has reported: as it says itself, or else when it last recorded something. To readers the beginning of that
    /// day, because the instant is one person's.
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
        let live = view.summary();
        let expected = live.expected_intervals(&app.definitions.expectations);
        // To readers a report of today would say when one person came; that a source is late is said at once.
        let summary = edition.as_ref().map_or(live, |edition| edition.summary());
        for ((name, area), last) in &summary.sources {
            let source = found.entry(name.clone()).or_insert_with(|| {
                let expected = expected.get(name.as_str()).copied();
                let silent = live.last_word(name).map(|word| now - word);
                Source {
                    name: source_label(name).into_owned(),
                    recorded: summary.last_word(name).unwrap_or(last.recorded_at),
                    happened: last.occurred_at,
                    events: Some(0),
                    areas: Vec::new(),
                    expected,
                    late: silent
                        .zip(expected)
                        .is_some_and(|(silent, interval)| silent > interval),
                }
            });
            source.happened = source.happened.max(last.occurred_at);
            source.events = source.events.map(|events| events + last.events);
            source.areas.push(area.clone());
        }
    });
    let mut found: Vec<Source> = found.into_values().collect();
    for source in &mut found {
        let is_covered = source.areas.iter().all(|area| covers(area.as_str()));
        if audience != Audience::Operations || !is_covered {
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
    /// The day of the newest thing that was measured, none when nothing ever was. Never later than today: a planned date does not
    /// make data fresh, and nor does what people record of their changes, decisions and ratings.
    pub newest: Option<NaiveDate>,
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
    let edition = app.edition(audience);
    let newest = charts::views(app)?.read(|view| {
        let summary = edition
            .as_ref()
            .map_or(view.summary(), |edition| edition.summary());
        newest_day(&summary.newest, local::date(app.now()))
    });
    Ok(health_of(sources(app, audience, covers)?, newest))
}

/// The day of the newest thing that was measured.
fn newest_day(newest: &BTreeMap<Family, DateTime<Utc>>, today: NaiveDate) -> Option<NaiveDate> {
    let days = newest.iter().filter_map(|(family, at)| match family {
        Family::Transfer | Family::Referral | Family::Experience => Some(local::date(*at)),
        // What is published happens when its period is over: the instant after its last day.
        Family::Observation => Some(local::date(*at - TimeDelta::milliseconds(1))),
        Family::Assessment | Family::Change => None,
    });
    days.map(|day| day.min(today)).max()
}

fn health_of(all: Vec<Source>, newest: Option<NaiveDate>) -> Health {
    let expected = all.iter().filter(|s| s.expected.is_some()).count();
    Health {
        newest,
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
        let day = Some(TimeDelta::days(1));
        assert_eq!(health_of(Vec::new(), None), Health::default());
        let health = health_of(
            vec![
                source("a", day, true),
                source("b", day, false),
                source("c", None, false),
            ],
            None,
        );
        assert_eq!((health.expected, health.unscheduled), (2, 1));
        let late: Vec<&str> = health.late.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(late, ["a"]);
    }

    #[test]
    fn neither_a_date_to_come_nor_what_people_decide_makes_old_data_fresh() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let today = day("2026-11-30");
        let newest = |of: &[(Family, &str)]| {
            let all = of.iter().map(|(family, text)| (*family, at(text)));
            newest_day(&all.collect(), today)
        };
        let (week, target) = ("2026-06-14T23:00:00Z", "2026-11-30T12:00:00Z");
        let published = (Family::Observation, week);
        assert_eq!(newest(&[]), None);
        assert_eq!(
            newest(&[
                published,
                (Family::Change, target),
                (Family::Assessment, target)
            ]),
            Some(day("2026-06-14")),
            "the week from 8 June ends on the 14th"
        );
        let planned = (Family::Transfer, "2026-12-24T12:00:00Z");
        assert_eq!(newest(&[published, planned]), Some(today));
    }
}
