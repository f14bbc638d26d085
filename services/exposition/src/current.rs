//! Everything on `/metrics`, of one moment: the view is read once.

use super::sample::{Samples, seconds};
use super::{decisions, names, process, waits, window};
use chrono::{DateTime, Utc};
use joinedup_application::app::{App, Definitions};
use joinedup_application::places::{self, Places};
use joinedup_application::publisher::LATENESS;
use joinedup_application::sources::contradictions;
use joinedup_events::check::source_label;
use joinedup_events::{Area, AreaId, Areas, local};
use joinedup_projector::{Progress, Status, Views};
use joinedup_views::ask::{Basis, CellsOf};
use joinedup_views::expectation::Expectations;
use joinedup_views::measure::Measure;
use joinedup_views::measures::Measures;
use joinedup_views::suppression::Audience;
use joinedup_views::view::{Summary, View};
use joinedup_views::waiting;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

/// The projector's name in labels: there is one in a process.
const PROJECTOR: &str = "views";
/// The outcome of a measure that serves whichever one a rating or a change is about.
const EVERY_OUTCOME: &str = "all";
/// The most pairs of source and area shown.
const MAX_SOURCES: usize = 5_000;

/// All samples of now that an audience may see.
#[must_use]
pub fn samples(app: &App, audience: Audience) -> Samples {
    let mut samples = Samples::default();
    let now = app.now();
    samples.add(
        &names::BUILD,
        &[
            env!("CARGO_PKG_VERSION"),
            option_env!("JOINEDUP_REVISION").unwrap_or("unknown"),
        ],
        1.0,
    );
    samples.add(&names::STARTED, &[], seconds(app.started));
    process::add(&mut samples);
    for check in app.health.seen(app) {
        let holds = f64::from(u8::from(check.outcome.is_ok()));
        samples.add(&names::READY, &[check.name], holds);
    }
    for ((credential, name), until) in app.expiries.all() {
        let labels = [credential.word(), &name];
        samples.add(&names::EXPIRES, &labels, seconds(until));
    }
    let archived = app.archive_continued.load(Ordering::Relaxed);
    if archived > 0 {
        samples.add(&names::ARCHIVED, &[], archived as f64);
    }
    if app.views.is_some() {
        let scrub = app.health.scrub.state();
        samples.add(&names::CHECKED, &[], scrub.checked.0 as f64);
        samples.add(&names::CHECKS, &[], scrub.passes as f64);
    }
    add_publisher(&mut samples, app);
    add_measures(&mut samples, &app.definitions.measures);
    add_outcomes(&mut samples, &app.definitions);
    if let (Some(views), Some(home)) = (&app.views, app.home_area()) {
        let (areas, measures) = (&app.definitions.areas, &app.definitions.measures);
        let status = views.status();
        let edition = app.edition(audience);
        let places = views.read(|view| {
            let cells = CellsOf::view(view, edition.as_deref());
            let places = Places::of(&app.definitions, &home, cells, audience);
            add_decisions(&mut samples, view, &app.definitions, &places, now);
            // While views are built from nothing, what they have is not what is so now.
            if audience == Audience::Operations && status.caught_up {
                add_now(&mut samples, view, &app.definitions, &places, now);
            }
            places
        });
        let contradictions = contradictions(app, audience, |_| true).unwrap_or_default();
        for row in contradictions.iter().take(MAX_SOURCES) {
            if let Some(count) = row.count.number() {
                let labels = [row.source.as_str(), row.kind.code()];
                samples.add(&names::CONTRADICTIONS, &labels, count as f64);
            }
        }
        let definitions = app.definitions.for_asking();
        for measure in measures.iter() {
            // A measure at a time, so that folding need not wait for all of them.
            let edition = app.edition(audience);
            views.read(|view| {
                let basis = Basis::of(view, definitions.expectations, edition, [measure]);
                let asked = (audience, now);
                window::add(&mut samples, &basis, &definitions, measure, &places, asked);
            });
        }
        add_projector(&mut samples, views, &status, now);
        add_areas(&mut samples, areas, &places);
    }
    samples.retain_for(audience);
    samples
}

fn add_publisher(samples: &mut Samples, app: &App) {
    let Some(publisher) = &app.publisher else {
        return;
    };
    let counts = publisher.counts();
    for (metric, count) in [
        (&names::PUBLISHED, &counts.published),
        (&names::DUPLICATES, &counts.duplicates),
        (&names::REJECTED, &counts.refused),
        (&names::UNCONFIRMED, &counts.unconfirmed),
    ] {
        samples.add(metric, &[], count.load(Ordering::Relaxed) as f64);
    }
    for ((_, word), count) in LATENESS.iter().zip(&counts.by_lateness) {
        let count = count.load(Ordering::Relaxed) as f64;
        samples.add(&names::BY_LATENESS, &[word], count);
    }
}

/// The outcomes that a measure serves.
fn outcomes(measure: &Measure) -> Vec<&str> {
    match measure.outcomes.named() {
        [] => vec![EVERY_OUTCOME],
        named => named.iter().map(|o| o.as_str()).collect(),
    }
}

/// Adds what the outcomes are called that measures serve.
pub fn add_outcomes(samples: &mut Samples, definitions: &Definitions) {
    let outcomes: BTreeSet<&str> = definitions.measures.iter().flat_map(outcomes).collect();
    for outcome in outcomes {
        let title = match definitions.catalogue.node(outcome) {
            Some(node) => &node.title,
            None if outcome == EVERY_OUTCOME => "Every outcome",
            None => outcome,
        };
        samples.add(&names::OUTCOME_INFO, &[outcome, title], 1.0);
    }
}

/// Adds what measures are called.
pub fn add_measures(samples: &mut Samples, measures: &Measures) {
    for measure in measures.iter() {
        for outcome in outcomes(measure) {
            let labels = [
                measure.id.as_str(),
                &measure.title,
                measure.unit(),
                measure.direction.word(),
                outcome,
                &measure.period.to_string(),
                &measure.owner,
            ];
            samples.add(&names::MEASURE_INFO, &labels, 1.0);
        }
    }
}

/// Adds what areas are called, and the order in which pages list them: the first is where a board begins.
pub fn add_areas(samples: &mut Samples, areas: &Areas, places: &Places) {
    let shown = places.all.iter().filter_map(|id| areas.get(id.as_str()));
    let mut shown: Vec<&Area> = shown.collect();
    let home = places.all.first();
    shown.sort_by_key(|area| (Some(&area.id) != home, places::size(area.kind), &area.title));
    for (at, area) in shown.into_iter().enumerate() {
        samples.add(&names::AREA_ORDER, &[area.id.as_str()], (at + 1) as f64);
        let parents: Vec<&str> = if area.parents.is_empty() {
            vec![""]
        } else {
            area.parents.iter().map(AreaId::as_str).collect()
        };
        for parent in parents {
            samples.add(
                &names::AREA_INFO,
                &[area.id.as_str(), &area.title, area.kind.code(), parent],
                1.0,
            );
        }
    }
}

fn add_decisions(
    samples: &mut Samples,
    view: &View,
    definitions: &Definitions,
    places: &Places,
    now: DateTime<Utc>,
) {
    let measures = &definitions.measures;
    let basis = Basis::of(view, &definitions.expectations, None, measures.iter());
    decisions::add_goals(samples, measures, &places.now, &basis, local::date(now));
    let ratings = decisions::ratings(view);
    decisions::add_elements(samples, &ratings, &definitions.catalogue);
    decisions::add_ratings(samples, &ratings);
    decisions::add_cycles(samples, view, now);
}

/// What moves with each event, and so with each person: for those alone who work with the people counted.
fn add_now(
    samples: &mut Samples,
    view: &View,
    definitions: &Definitions,
    places: &Places,
    now: DateTime<Utc>,
) {
    let areas = &definitions.areas;
    add_summary(samples, view.summary(), areas);
    add_expected(samples, view.summary(), &definitions.expectations);
    samples.add(&names::ENTITIES, &[PROJECTOR], view.len() as f64);
    let everywhere = areas.iter().map(|area| area.id.clone()).collect();
    let transfers = waiting::transfers(view, &everywhere, now);
    let referrals = waiting::referrals(view, &everywhere, now);
    // As on pages: see `Waiting::transfers_reported_until`.
    let is_reported = |family, within: &BTreeSet<AreaId>| {
        let summary = view.summary();
        let until = summary.reported_until(family, within, &definitions.expectations);
        until.is_some()
    };
    let waiting = (&*transfers, &*referrals);
    waits::add(samples, areas, &places.now, waiting, is_reported, now);
}

fn add_summary(samples: &mut Samples, summary: &Summary, areas: &Areas) {
    let totals = summary.totals;
    for (metric, total) in [
        (&names::FOLDED, totals.folded),
        (&names::REPEATS, totals.repeats),
        (&names::CONFLICTS, totals.conflicts),
        (&names::RETRACTIONS, totals.retractions),
        (&names::LATE, totals.late),
    ] {
        samples.add(metric, &[PROJECTOR], total as f64);
    }
    if let Some(newest) = summary.newest.values().max() {
        samples.add(&names::WATERMARK, &[PROJECTOR], seconds(*newest));
    }
    for ((source, area), (last, events)) in sources(summary, areas).iter().take(MAX_SOURCES) {
        let source = &*source_label(source);
        samples.add(&names::SOURCE_LAST, &[source, area], seconds(*last));
        samples.add(&names::SOURCE_EVENTS, &[source, area], *events as f64);
    }
}

/// How often sources are expected to report: as it is set, or as their own rhythm shows. A setting that no source has come
/// under yet is shown by its own name, so that a source silent from the first day is seen.
fn add_expected(samples: &mut Samples, summary: &Summary, set: &Expectations) {
    let expected = summary.expected_intervals(set);
    for (source, interval) in &expected {
        samples.add(
            &names::SOURCE_EXPECTED,
            &[&source_label(source)],
            interval.as_seconds_f64(),
        );
    }
    // Set, but nothing was ever received: the alert on those compares with nothing.
    let reporting: BTreeSet<&str> = expected
        .keys()
        .filter_map(|source| set.of(source))
        .map(|(name, _)| name)
        .collect();
    for (name, interval) in set.iter() {
        if !reporting.contains(name) && !name.contains('*') {
            samples.add(&names::SOURCE_EXPECTED, &[name], interval.as_seconds_f64());
        }
    }
}

/// The areas whose numbers are shown at any moment for which a report on one counts: the nearest around it, and itself
/// where there is none, or its source would seem never to have reported.
fn reported_for<'a>(areas: &'a Areas, area: &'a AreaId) -> BTreeSet<&'a str> {
    let mut around = places::nearest_large(areas, area);
    if around.is_empty() {
        around.insert(area.as_str());
    }
    around
}

/// When each source last reported for each area whose numbers are shown at any moment.
fn sources<'a>(
    summary: &'a Summary,
    areas: &'a Areas,
) -> BTreeMap<(&'a str, &'a str), (DateTime<Utc>, u64)> {
    let mut latest: BTreeMap<(&str, &str), (DateTime<Utc>, u64)> = BTreeMap::new();
    for ((source, area), report) in &summary.sources {
        let until = summary.last_word_on(source, report);
        for place in reported_for(areas, area) {
            let entry = latest.entry((source, place)).or_insert((until, 0));
            entry.0 = entry.0.max(until);
            entry.1 += report.events;
        }
    }
    latest
}

fn add_projector(samples: &mut Samples, views: &Views, status: &Status, now: DateTime<Utc>) {
    for word in Progress::WORDS {
        let is = f64::from(u8::from(status.progress.word() == word));
        samples.add(&names::STATE, &[PROJECTOR, word], is);
    }
    samples.add(&names::HEAD, &[], status.head as f64);
    for (metric, value) in [
        (&names::POSITION, status.position as f64),
        (&names::COMMITTED, status.committed as f64),
        (
            &names::PENDING,
            status.head.saturating_sub(status.position) as f64,
        ),
        (&names::LAG, status.lag_seconds(now)),
        (&names::PROGRESS, seconds(status.progress_at)),
        (&names::QUARANTINED, status.quarantined as f64),
        (&names::REBUILDS, status.rebuilds as f64),
    ] {
        samples.add(metric, &[PROJECTOR], value);
    }
    // Of views that are built anew it is not known yet.
    let none = (status.caught_up && status.quarantined == 0).then_some(0.0);
    if let Some(stored) = views.last_quarantined().map(seconds).or(none) {
        samples.add(&names::LAST_QUARANTINED, &[PROJECTOR], stored);
    }
    if let Some(position) = status.rebuild {
        samples.add(&names::REBUILDING, &[PROJECTOR], position as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stand_in_the_order_of_pages_and_the_home_area_before_all() {
        let register = Areas::built_in().unwrap();
        let id = |id: &str| AreaId::new(id).unwrap();
        let places = Places {
            all: ["E10000012", "RAJ", "E92000001", "E06000033"]
                .map(id)
                .into(),
            now: Vec::new(),
        };
        let mut samples = Samples::default();
        add_areas(&mut samples, &register, &places);
        let order = samples
            .0
            .iter()
            .filter(|s| s.metric.name == names::AREA_ORDER.name);
        let order: Vec<(&str, f64)> = order.map(|s| (s.labels[0].as_str(), s.value)).collect();
        let wanted = [
            ("E10000012", 1.0),
            ("E92000001", 2.0),
            ("E06000033", 3.0),
            ("RAJ", 4.0),
        ];
        assert_eq!(order, wanted);
    }

    #[test]
    fn a_source_is_heard_of_for_its_own_place_where_no_larger_one_holds_it() {
        let text = "[[area]]\nid = \"ward\"\ntitle = \"Ward\"\nkind = \"hospital\"\n";
        let register = Areas::from_toml(text).unwrap();
        let ward = AreaId::new("ward").unwrap();
        assert_eq!(reported_for(&register, &ward), BTreeSet::from(["ward"]));
    }
}
