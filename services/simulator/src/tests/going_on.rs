//! The live trickle and the load.

use super::*;

/// What is given from one instant to another, asked for every so many seconds.
fn given(trickle: &mut Trickle, from: DateTime<Utc>, to: DateTime<Utc>, step: i64) -> Vec<Event> {
    let times = (1..=(to - from).num_seconds() / step).map(|i| from + TimeDelta::seconds(i * step));
    let mut events = Vec::new();
    for time in times {
        let due = trickle.next(time);
        assert!(
            due.iter()
                .all(|e| e.recorded_at <= time && e.occurred_at <= e.recorded_at)
        );
        events.extend(due);
    }
    events
}

fn is_confirmation(event: &Event, known: &BTreeSet<String>) -> bool {
    matches!(event.fact, Fact::Transfer(TransferFact::ExpectedDateSet(_)))
        && !known.contains(&event.id)
}

/// The ids of all that happens in a scenario until so many days after its end.
fn happening(scenario: &Scenario, ahead: u64) -> Vec<Event> {
    let county = County::of(scenario, areas()).unwrap();
    let longer = Scenario {
        ahead,
        ..scenario.clone()
    };
    crate::all_events(&longer, &county)
}

#[test]
fn what_was_published_does_not_depend_on_how_far_ahead_is_told() {
    let scenario = small(5);
    let by_key = |events: Vec<Event>| -> BTreeMap<_, _> {
        let past = events.into_iter().filter(|e| e.recorded_at <= now());
        past.map(|event| (event.key(), event)).collect()
    };
    let published = by_key(history(&scenario, areas()).unwrap());
    assert_eq!(by_key(happening(&scenario, 200)), published);
}

#[test]
fn the_trickle_is_the_same_for_the_same_times_and_what_it_gives_is_taken() {
    let scenario = small(5);
    let run = |step: i64| {
        let mut trickle = Trickle::new(&scenario, areas(), now(), 60.0).unwrap();
        given(&mut trickle, now(), now() + TimeDelta::minutes(20), step)
    };
    let events = run(30);
    assert_eq!(events, run(10), "how often it is asked makes no difference");
    assert!(
        (900..1500).contains(&events.len()),
        "{} in twenty minutes at sixty a minute",
        events.len()
    );
    let past = history(&scenario, areas()).unwrap();
    let known: BTreeSet<_> = past.iter().map(Event::key).collect();
    let silent = County::of(&scenario, areas()).unwrap().silent_source();
    for event in &events {
        assert!(!known.contains(&event.key()) && event.source != silent);
        let json = event.to_json().to_string();
        assert_eq!(
            admit(json.as_bytes(), areas(), event.recorded_at).as_ref(),
            Ok(event),
            "{json}"
        );
    }
}

#[test]
fn a_county_that_stopped_goes_on_as_if_it_had_not() {
    let scenario = small(5);
    let (stopped, to) = (now() + TimeDelta::hours(40), now() + TimeDelta::hours(90));
    let mut whole = Trickle::new(&scenario, areas(), now(), 0.5).unwrap();
    let whole = given(&mut whole, now(), to, 3600);
    let mut first = Trickle::new(&scenario, areas(), now(), 0.5).unwrap();
    let mut parts = given(&mut first, now(), stopped, 3600);
    let mut second = Trickle::new(&scenario, areas(), stopped, 0.5).unwrap();
    parts.extend(given(&mut second, stopped, to, 3600));
    let ids: BTreeSet<_> = parts.iter().map(Event::key).collect();
    assert_eq!(ids.len(), parts.len(), "an id was given twice");
    let told: BTreeSet<String> = happening(&scenario, 9).into_iter().map(|e| e.id).collect();
    let happened = |events: Vec<Event>| -> Vec<Event> {
        let mut events = events;
        events.retain(|event| !is_confirmation(event, &told));
        events
    };
    let (whole, parts) = (happened(whole), happened(parts));
    assert!(whole.len() > 50, "{}", whole.len());
    assert_eq!(parts, whole);
}

#[test]
fn the_live_county_goes_on_for_days_as_it_did_before() {
    let scenario = scenario().months(4);
    let past = history(&scenario, areas()).unwrap();
    let mut trickle = Trickle::new(&scenario, areas(), now(), 6.0).unwrap();
    let until = now() + TimeDelta::days(7);
    let events = given(&mut trickle, now(), until, 600);
    let leaves = |events: &[Event], from: DateTime<Utc>| {
        let is = |e: &&Event| {
            e.recorded_at > from && matches!(e.fact, Fact::Transfer(TransferFact::Discharged(_)))
        };
        events.iter().filter(is).count() as f64
    };
    let before = leaves(&past, now() - TimeDelta::days(28)) / 4.0;
    let after = leaves(&events, now());
    assert!(
        (0.6..1.5).contains(&(after / before)),
        "{after} in a week, {before} before"
    );
    // Something is always seen to come.
    assert!((50_000..70_000).contains(&events.len()), "{}", events.len());
    let waits = |events: &[Event], at: DateTime<Utc>| {
        let (_, nights) = outs(events);
        let since_now = (at - now()).num_days();
        let long = nights.iter().filter(|n| **n + since_now >= 7).count();
        (nights.len(), long)
    };
    let then = waits(&past, now());
    let all: Vec<Event> = past.into_iter().chain(events).collect();
    let now_waiting = waits(&all, until);
    for (people, long) in [then, now_waiting] {
        assert!(
            (5..40).contains(&people) && long >= 2,
            "{then:?} {now_waiting:?}"
        );
    }
    // Nobody leaves twice without having been brought back.
    let mut left: BTreeMap<&str, i32> = BTreeMap::new();
    for event in all
        .iter()
        .map(|e| (e.key(), e))
        .collect::<BTreeMap<_, _>>()
        .values()
    {
        let change = match &event.fact {
            Fact::Transfer(TransferFact::Discharged(_)) => 1,
            Fact::Transfer(TransferFact::DischargeReversed(_)) => -1,
            _ => 0,
        };
        *left.entry(event.entity.as_str()).or_default() += change;
    }
    let twice: Vec<_> = left.iter().filter(|(_, n)| **n > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn a_trickle_that_slept_gives_what_happened_and_no_confirmation_of_old() {
    let scenario = small(5);
    let mut trickle = Trickle::new(&scenario, areas(), now(), 4.0).unwrap();
    let to = now() + TimeDelta::days(100);
    let woken = trickle.next(to);
    let told: BTreeSet<String> = happening(&scenario, 101)
        .into_iter()
        .map(|e| e.id)
        .collect();
    let (confirmed, happened): (Vec<&Event>, Vec<&Event>) = woken
        .iter()
        .partition(|event| is_confirmation(event, &told));
    assert!((100..500).contains(&confirmed.len()), "{}", confirmed.len());
    assert!(
        confirmed
            .iter()
            .all(|e| to - e.recorded_at <= TimeDelta::hours(1))
    );
    assert!(happened.len() > 1_000, "{}", happened.len());
}

#[test]
fn a_load_has_its_transfers_its_repeats_and_its_latecomers() {
    let homes: Vec<AreaId> = areas()
        .iter()
        .filter(|a| a.kind == AreaKind::Neighbourhood)
        .map(|a| a.id.clone())
        .collect();
    let events: Vec<Event> = load(9, 3000, &homes, 18).unwrap().collect();
    assert!(events.is_sorted_by_key(|e| e.recorded_at));
    let distinct: BTreeSet<_> = events.iter().map(Event::key).collect();
    assert_eq!(distinct.len(), 12_000);
    let twice = events.len() as f64 / 12_000.0 - 1.0;
    assert!((0.02..0.04).contains(&twice), "{twice}");
    let late = share(&events, |e| {
        (e.recorded_at - e.occurred_at).num_hours() >= 24
    });
    assert!((0.04..0.06).contains(&late), "{late}");
    let used: BTreeSet<_> = events.iter().map(|e| &e.area).collect();
    assert_eq!(used.len(), homes.len().min(12));
    let bytes: usize = events.iter().map(|e| e.to_json().to_string().len()).sum();
    assert!(
        (300..420).contains(&(bytes / events.len())),
        "{} bytes",
        bytes / events.len()
    );
    let later: DateTime<Utc> = "2027-01-01T00:00:00Z".parse().unwrap();
    for event in events.iter().take(500) {
        assert_eq!(
            admit(event.to_json().to_string().as_bytes(), areas(), later).as_ref(),
            Ok(event)
        );
    }
    assert!(load(9, 1, &[], 18).is_err());
}
