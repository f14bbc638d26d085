//! What a user of the simulated county relies on.

mod going_on;

use super::*;
use chrono::{Datelike, Timelike};
use joinedup_events::referral::{CareService, ReferralFact};
use joinedup_events::transfer::{DischargeMethod, Pathway, TransferFact};
use joinedup_events::{AreaKind, Fact, Family, admit};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

fn now() -> DateTime<Utc> {
    "2026-11-22T14:00:00Z".parse().unwrap()
}

fn scenario() -> Scenario {
    Scenario::ending(2026, now()).unwrap()
}

fn areas() -> &'static Areas {
    static AREAS: OnceLock<Areas> = OnceLock::new();
    AREAS.get_or_init(|| Areas::built_in().unwrap())
}

/// One county at full scale, which several tests look at.
fn county_events() -> &'static [Event] {
    static TOLD: OnceLock<Vec<Event>> = OnceLock::new();
    TOLD.get_or_init(|| history(&scenario(), areas()).unwrap())
}

fn small(seed: u64) -> Scenario {
    Scenario { seed, ..scenario() }.months(3).scaled(0.3)
}

fn locality(part: usize) -> AreaId {
    let county = County::of(&scenario(), areas()).unwrap();
    county.localities[county.part(part)].id.clone()
}

fn median(mut values: Vec<i64>) -> f64 {
    values.sort_unstable();
    let n = values.len();
    assert!(n > 0, "no values");
    (values[(n - 1) / 2] + values[n / 2]) as f64 / 2.0
}

/// A finished stay, as the published measures count it.
struct Out {
    area: AreaId,
    left: NaiveDate,
    hour: u32,
    delay: i64,
    pathway: Option<Pathway>,
    died: bool,
    back: bool,
    emergency: bool,
}

/// Folds the events of each transfer: retracted facts are gone, the last ready date counts, none is a delay of zero.
fn outs(events: &[Event]) -> (Vec<Out>, Vec<i64>) {
    let retracted: BTreeSet<(&str, &str)> = events
        .iter()
        .filter_map(|e| Some((e.source.as_str(), e.fact.retraction()?.retracts.as_str())))
        .collect();
    let mut transfers: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in events
        .iter()
        .filter(|e| e.fact.family() == Family::Transfer)
    {
        if !retracted.contains(&(event.source.as_str(), event.id.as_str())) {
            transfers
                .entry(event.entity.as_str())
                .or_default()
                .push(event);
        }
    }
    let (mut gone, mut waiting) = (Vec::new(), Vec::new());
    for mut story in transfers.into_values() {
        story.sort_by_key(|e| e.occurred_at);
        let (mut ready, mut out, mut pathway, mut cancelled) = (None, None, None, false);
        let (mut back, mut emergency) = (false, false);
        for event in &story {
            let Fact::Transfer(fact) = &event.fact else {
                continue;
            };
            match fact {
                TransferFact::Admitted(f) => {
                    back = f.previous.is_some();
                    emergency = f.method == joinedup_events::transfer::AdmissionMethod::Emergency;
                }
                TransferFact::Ready(f) => ready = Some(f.date),
                TransferFact::NotReady(_) => ready = None,
                TransferFact::PathwaySet(f) => pathway = Some(f.pathway),
                TransferFact::Discharged(f) => out = Some((event.occurred_at, f.method)),
                TransferFact::DischargeReversed(_) => out = None,
                TransferFact::Cancelled(_) => cancelled = true,
                _ => {}
            }
        }
        if cancelled {
            continue;
        }
        match (out, ready) {
            (Some((at, method)), ready) => {
                let left = local::date(at);
                gone.push(Out {
                    area: story[0].area.clone(),
                    left,
                    hour: local::date_time(at).hour(),
                    delay: ready.map_or(0, |r| (left - r).num_days()),
                    pathway,
                    died: method == DischargeMethod::Died,
                    back,
                    emergency,
                });
            }
            (None, Some(ready)) => waiting.push((local::date(now()) - ready).num_days()),
            (None, None) => {}
        }
    }
    (gone, waiting)
}

fn share<T>(list: &[T], is: impl Fn(&T) -> bool) -> f64 {
    list.iter().filter(|x| is(x)).count() as f64 / list.len() as f64
}

#[test]
fn the_same_seed_tells_the_same_story_and_another_seed_another() {
    let one = history(&small(1), areas()).unwrap();
    assert_eq!(one, history(&small(1), areas()).unwrap());
    assert_ne!(one, history(&small(2), areas()).unwrap());
}

#[test]
fn a_county_at_scale_one_has_forty_to_sixty_thousand_events_of_every_kind() {
    let events = county_events();
    assert!(
        (40_000..=60_000).contains(&events.len()),
        "{}",
        events.len()
    );
    let found: BTreeSet<(Family, &str)> = events
        .iter()
        .map(|e| (e.fact.family(), e.fact.name()))
        .collect();
    for family in Family::ALL {
        for (name, _) in family.types() {
            // No source of the county ends, and all of them send what happens as it happens.
            let is_of_sources = ["source-ended", "source-reported"].contains(name);
            let is_there = found.contains(&(*family, *name));
            assert!(is_there || is_of_sources, "no {family}.{name}");
        }
    }
}

#[test]
fn events_pass_the_checks_at_entry_and_read_back_as_themselves() {
    // Every one would take half a minute without optimisation: a part of each family, the same each time.
    let many = |e: &Event| matches!(e.fact.family(), Family::Transfer | Family::Referral);
    let (flow, rest): (Vec<&Event>, Vec<&Event>) = county_events().iter().partition(|e| many(e));
    for event in flow
        .into_iter()
        .step_by(23)
        .chain(rest.into_iter().step_by(5))
    {
        let json = event.to_json().to_string();
        let read = admit(json.as_bytes(), areas(), now());
        assert_eq!(read.as_ref(), Ok(event), "{json}");
    }
}

#[test]
fn the_order_is_that_of_recording_and_nothing_is_from_the_future() {
    let events = county_events();
    assert!(events.is_sorted_by_key(|e| e.recorded_at));
    assert!(
        events
            .iter()
            .all(|e| e.recorded_at <= now() && e.occurred_at <= e.recorded_at)
    );
}

#[test]
fn events_come_late_and_twice_about_as_often_as_said() {
    let events = county_events();
    let days = |e: &&Event| (e.recorded_at - e.occurred_at).num_hours() >= 24;
    let flow: Vec<&Event> = events
        .iter()
        .filter(|e| matches!(e.fact.family(), Family::Transfer | Family::Referral))
        .collect();
    let late = share(&flow, days);
    assert!((0.03..0.08).contains(&late), "late {late}");
    assert!(
        flow.iter()
            .any(|e| (e.recorded_at - e.occurred_at).num_days() > 60)
    );
    let distinct: BTreeSet<_> = events.iter().map(Event::key).collect();
    let twice = 1.0 - distinct.len() as f64 / events.len() as f64;
    assert!((0.005..0.015).contains(&twice), "twice {twice}");
    // A repeat is the same event again, never another fact under a used id.
    let mut by_key = BTreeMap::new();
    for event in events {
        assert_eq!(*by_key.entry(event.key()).or_insert(event), event);
    }
}

#[test]
fn the_silent_source_is_silent_and_the_others_are_not() {
    let silent = County::of(&scenario(), areas()).unwrap().silent_source();
    let from = now() - TimeDelta::days(SILENT_DAYS);
    let last = county_events()
        .iter()
        .filter(|e| e.source == silent)
        .map(|e| e.recorded_at)
        .max()
        .unwrap();
    assert!(last <= from && last > from - TimeDelta::days(4), "{last}");
    let speaking: BTreeSet<&str> = county_events()
        .iter()
        .filter(|e| e.recorded_at > from && e.source.ends_with("/mdt"))
        .map(|e| e.source.as_str())
        .collect();
    assert_eq!(speaking.len(), 3);
}

/// Outside the locality of the change, the delays are those of the published figures.
#[test]
fn delays_fall_into_the_published_bands() {
    let (gone, _) = outs(county_events());
    let west = areas().within(&locality(3));
    let usual: Vec<&Out> = gone
        .iter()
        .filter(|o| !west.contains(&o.area) && !o.died)
        .collect();
    let delayed = share(&usual, |o| o.delay >= 1);
    assert!((0.125..0.165).contains(&delayed), "delayed {delayed}");
    let waits: Vec<i64> = usual.iter().map(|o| o.delay).filter(|d| *d >= 1).collect();
    // Shares of the delayed by band, all trusts of the published file.
    for (low, high, published) in [
        (1, 1, 0.288),
        (2, 3, 0.231),
        (4, 6, 0.177),
        (7, 13, 0.175),
        (14, 20, 0.062),
        (21, 400, 0.070),
    ] {
        let found = share(&waits, |d| (low..=high).contains(d));
        assert!(
            (found - published).abs() < 0.05,
            "{low}-{high}: {found} against {published}"
        );
    }
}

#[test]
fn the_week_has_its_rhythm_and_most_people_are_out_before_five() {
    let (gone, _) = outs(county_events());
    let on = |day: chrono::Weekday| gone.iter().filter(|o| o.left.weekday() == day).count() as f64;
    let ratio = on(chrono::Weekday::Sun) / on(chrono::Weekday::Fri);
    assert!(
        (0.40..0.55).contains(&ratio),
        "Sundays to Fridays {ratio}, published 0.46"
    );
    let early = share(&gone, |o| o.hour < 17);
    assert!(
        (0.59..0.68).contains(&early),
        "before five {early}, published 0.63"
    );
}

#[test]
fn pathways_readmissions_and_deaths_are_of_a_plausible_size() {
    let (gone, waiting) = outs(county_events());
    let known: Vec<Pathway> = gone.iter().filter_map(|o| o.pathway).collect();
    for (pathway, planned) in [
        (Pathway::P0, 0.5),
        (Pathway::P1, 0.45),
        (Pathway::P2, 0.04),
        (Pathway::P3, 0.01),
    ] {
        let found = share(&known, |p| *p == pathway);
        assert!((found - planned).abs() < 0.05, "{pathway}: {found}");
    }
    let emergencies: Vec<&Out> = gone.iter().filter(|o| o.emergency).collect();
    let back = share(&emergencies, |o| o.back);
    assert!((0.10..0.17).contains(&back), "readmitted {back}");
    assert!((0.02..0.04).contains(&share(&gone, |o| o.died)));
    assert!(
        (8..60).contains(&waiting.len()),
        "waiting now {}",
        waiting.len()
    );
    assert!(
        waiting.iter().any(|days| *days >= 14),
        "nobody waits for weeks: {waiting:?}"
    );
}

fn delays(gone: &[Out], part: usize, from: NaiveDate, days: i64) -> Vec<i64> {
    let inside = areas().within(&locality(part));
    gone.iter()
        .filter(|o| inside.contains(&o.area) && (0..days).contains(&(o.left - from).num_days()))
        .map(|o| o.delay)
        .collect()
}

#[test]
fn the_trusted_assessors_bring_the_median_down_and_the_leaflet_does_not() {
    let (gone, _) = outs(county_events());
    let plan = Plan::of(&scenario(), &County::of(&scenario(), areas()).unwrap());
    let from = plan.assessor.from;
    let before = median(delays(&gone, 3, from - TimeDelta::days(140), 140));
    let after = median(delays(&gone, 3, from, 70));
    assert!(before >= 3.0 && after <= 1.0, "{before} then {after}");
    let weeks = (0..20).map(|w| delays(&gone, 3, from - TimeDelta::days(7 * (w + 1)), 7).len());
    assert!(
        weeks.min().unwrap() >= 8,
        "too few a week for a median to be shown"
    );
    let from = plan.leaflet.from;
    let share_of = |d: &[i64]| share(d, |x| *x > 0);
    let before = share_of(&delays(&gone, 0, from - TimeDelta::days(140), 140));
    let after = share_of(&delays(&gone, 0, from, 98));
    assert!((before - after).abs() < 0.06, "{before} then {after}");
}

#[test]
fn meeting_twice_a_week_shortens_the_way_to_the_team() {
    let plan = Plan::of(&scenario(), &County::of(&scenario(), areas()).unwrap());
    let inside = areas().within(&locality(2));
    let mut received = BTreeMap::new();
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    for event in county_events().iter().filter(|e| inside.contains(&e.area)) {
        match &event.fact {
            Fact::Referral(ReferralFact::Received(f)) if f.service == CareService::Mdt => {
                received.insert(event.entity.clone(), event.occurred_at);
            }
            Fact::Referral(ReferralFact::Discussed(_)) => {
                let Some(since) = received.get(&event.entity) else {
                    continue;
                };
                let side = if local::date(event.occurred_at) < plan.twice_weekly.from {
                    &mut before
                } else {
                    &mut after
                };
                let days = (event.occurred_at - *since).num_days();
                let first = side.entry(event.entity.clone()).or_insert(days);
                *first = days.min(*first);
            }
            _ => {}
        }
    }
    let (before, after) = (
        median(before.into_values().collect()),
        median(after.into_values().collect()),
    );
    assert!(before >= 7.0 && after <= 4.0, "{before} then {after}");
}

#[test]
fn three_of_four_urgent_calls_are_met_within_two_hours() {
    let mut asked = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for event in county_events() {
        match &event.fact {
            Fact::Referral(ReferralFact::Received(f))
                if f.service == CareService::CrisisResponse =>
            {
                asked.insert(
                    &event.entity,
                    f.need_identified.unwrap_or(event.occurred_at),
                );
            }
            Fact::Referral(ReferralFact::FirstContact(f)) if f.face_to_face => {
                seen.entry(&event.entity).or_insert(event.occurred_at);
            }
            _ => {}
        }
    }
    let waits: Vec<i64> = asked
        .iter()
        .filter_map(|(id, at)| Some((*seen.get(*id)? - *at).num_minutes()))
        .collect();
    let met = share(&waits, |m| *m <= 120);
    assert!((0.75..0.88).contains(&met), "{met}");
}

#[test]
fn observations_are_told_of_localities_and_hospitals_only() {
    for event in county_events()
        .iter()
        .filter(|e| e.fact.family() == Family::Observation)
    {
        let kind = areas().get(event.area.as_str()).unwrap().kind;
        assert!(
            matches!(kind, AreaKind::Locality | AreaKind::Hospital),
            "{}",
            event.area
        );
    }
}

#[test]
fn a_register_without_the_county_is_told_by_name() {
    let empty = Areas::from_toml("").unwrap();
    let text = history(&scenario(), &empty).unwrap_err().to_string();
    assert!(text.contains("havenshire"), "{text}");
    let none = Scenario {
        start: local::date(now()),
        ..scenario()
    };
    assert!(
        history(&none, areas())
            .unwrap_err()
            .to_string()
            .contains("2026-11-22")
    );
    assert!(matches!(
        history(&scenario().scaled(0.0), areas()),
        Err(SimulateError::Scale)
    ));
}
