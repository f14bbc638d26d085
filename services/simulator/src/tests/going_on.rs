//! The live trickle and the load.

use super::*;

#[test]
fn the_trickle_goes_on_with_what_is_open_and_is_the_same_for_the_same_times() {
    let scenario = small(5);
    let past = history(&scenario, areas()).unwrap();
    let run = |step: i64| -> Vec<Event> {
        let mut trickle = Trickle::new(&scenario, areas(), &past, 60.0).unwrap();
        assert!(trickle.in_bed() > 5);
        let times = (1..=1200 / step).map(|i| now() + TimeDelta::seconds(i * step));
        times
            .flat_map(|t| {
                let due = trickle.next(t);
                assert!(
                    due.iter()
                        .all(|e| e.recorded_at <= t && e.occurred_at <= e.recorded_at)
                );
                due
            })
            .collect()
    };
    let events = run(30);
    assert_eq!(events, run(30));
    assert_eq!(events, run(10), "how often it is asked makes no difference");
    assert!(
        (900..1500).contains(&events.len()),
        "{} in twenty minutes at sixty a minute",
        events.len()
    );
    let before: BTreeSet<_> = past.iter().map(|e| &e.entity).collect();
    let (old, new): (Vec<&Event>, Vec<&Event>) =
        events.iter().partition(|e| before.contains(&e.entity));
    assert!(
        old.len() > 20 && new.len() > 20,
        "{} of open entities, {} of new ones",
        old.len(),
        new.len()
    );
    let gone = |fact: &Fact| matches!(fact, Fact::Transfer(TransferFact::Discharged(_)));
    let back = |fact: &Fact| {
        matches!(
            fact,
            Fact::Transfer(TransferFact::DischargeReversed(_) | TransferFact::Retracted(_))
        )
    };
    let left: BTreeSet<_> = past
        .iter()
        .filter(|e| gone(&e.fact))
        .map(|e| &e.entity)
        .collect();
    let stayed: BTreeSet<_> = past
        .iter()
        .filter(|e| back(&e.fact))
        .map(|e| &e.entity)
        .collect();
    for event in &old {
        assert!(
            !left.contains(&event.entity) || stayed.contains(&event.entity),
            "{} had left and is spoken of again",
            event.entity
        );
    }
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
fn a_trickle_that_slept_does_not_flood() {
    let scenario = small(5);
    let mut trickle = Trickle::new(&scenario, areas(), &[], 4.0).unwrap();
    let woken = trickle.next(now() + TimeDelta::days(30));
    assert!((100..500).contains(&woken.len()), "{}", woken.len());
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
