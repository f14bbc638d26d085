//! A county's log without some of its people: everything else stays where it stands, and views come to the same.

use super::*;
use crate::forms::Forms;
use joinedup_events::Areas;
use joinedup_log::memory::MemoryLog;
use joinedup_simulator::{Scenario, history};
use joinedup_views::view::View;

async fn county() -> MemoryLog {
    county_of(0.1).await
}

async fn county_of(scale: f64) -> MemoryLog {
    let scenario = Scenario::ending(3, "2026-06-15T12:00:00Z".parse().unwrap());
    let scenario = scenario.unwrap().months(2).scaled(scale);
    let events = history(&scenario, &Areas::built_in().unwrap()).unwrap();
    let log = MemoryLog::new();
    let new = events.iter().map(|event| new_event(event, None)).collect();
    log.append(new).await.unwrap();
    log
}

async fn all(log: &MemoryLog) -> Vec<RecordedEvent> {
    log.read(Position::ORIGIN, 1_000_000).await.unwrap()
}

fn cells(events: impl Iterator<Item = (u64, Event)>) -> String {
    let mut view = View::new();
    view.fold(events);
    view.cells().export()
}

/// The views of the events that a choice leaves, without the links to those that it does not.
fn left(events: &[RecordedEvent], chosen: &Chosen) -> String {
    let is_chosen = |family: Family, id: &EntityId| chosen.contains(&(family, id.clone()));
    let left = events.iter().filter_map(|stored| {
        let event = decoded(stored)?;
        let family = event.fact.family();
        let previous = event.fact.previous().cloned();
        let fact = match previous {
            Some(id) if is_chosen(family, &id) => unlinked(event.fact.clone()),
            _ => event.fact.clone(),
        };
        let event = Event { fact, ..event };
        (!is_chosen(family, &event.entity)).then_some((stored.position.0, event))
    });
    cells(left)
}

#[tokio::test]
async fn who_is_not_in_the_log_cannot_be_erased() {
    let log = county().await;
    let known = decoded(&all(&log).await[0]).unwrap();
    let known = (known.fact.family(), known.entity);
    let unknown = (known.0, EntityId::new("typo").unwrap());
    let chosen = Chosen::from([known.clone(), unknown.clone()]);
    assert_eq!(
        not_in(&log, &chosen).await.unwrap(),
        Chosen::from([unknown])
    );
    let new = MemoryLog::new();
    rewrite(&log, &new, &Chosen::from([known.clone()]))
        .await
        .unwrap();
    let again = Chosen::from([known]);
    assert_eq!(not_in(&new, &again).await.unwrap(), again);
}

#[tokio::test]
async fn what_is_erased_is_nowhere_and_the_views_are_those_without_it() {
    let old = county().await;
    let before = all(&old).await;
    let mut chosen = Chosen::new();
    for event in before.iter().filter_map(decoded) {
        let family = event.fact.family();
        let is_of_people = matches!(family, Family::Transfer | Family::Referral);
        // Somebody who was there before as well, and three others.
        if is_of_people && (event.fact.previous().is_some() || chosen.len() < 3) {
            chosen.extend(event.fact.previous().map(|id| (family, id.clone())));
            chosen.insert((family, event.entity));
        }
        if chosen.len() > 5 {
            break;
        }
    }
    let new = MemoryLog::new();
    let report = rewrite(&old, &new, &chosen).await.unwrap();
    assert_eq!(report.events, before.len() as u64);
    assert!(report.erased >= chosen.len() as u64, "{report:?}");
    let after = all(&new).await;
    let forms = Forms {
        opaque_ids: true,
        ..Forms::default()
    };
    let mut erased = 0;
    for (old, new) in before.iter().zip(&after) {
        assert_eq!(old.position, new.position);
        let text = String::from_utf8_lossy(&new.payload);
        for (_, id) in &chosen {
            assert!(!text.contains(id.as_str()), "{text}");
        }
        let event = decoded(new).unwrap();
        if is_tombstone(&event) {
            erased += 1;
            let digest = Sha256::digest(&old.payload);
            let hash: String = digest.iter().map(|b| format!("{b:02x}")).collect();
            assert!(text.contains(&hash), "{text}");
            assert_eq!(forms.refusals(&event), [], "{text}");
        }
    }
    assert_eq!(erased, report.erased);
    let folded = cells(
        after
            .iter()
            .filter_map(|e| Some((e.position.0, decoded(e)?))),
    );
    assert!(folded == left(&before, &chosen), "the cells differ");

    // Once more changes nothing, and a log with something else in it is not written over.
    let again = MemoryLog::new();
    let report = rewrite(&new, &again, &chosen).await.unwrap();
    assert_eq!((report.erased, report.unlinked), (0, 0));
    assert_eq!(all(&again).await, after);
    let other = rewrite(&old, &new, &Chosen::new()).await;
    assert!(
        matches!(other, Err(ErasureError::OtherEvent(_))),
        "{other:?}"
    );
    let more = coded("t-more", "2026-06-16T01:00:00Z");
    new.append(vec![more]).await.unwrap();
    let longer = rewrite(&old, &new, &chosen).await;
    assert!(matches!(longer, Err(ErasureError::Longer(_))), "{longer:?}");
}

#[tokio::test]
async fn a_run_that_was_broken_off_is_gone_on_with() {
    let old = county_of(0.2).await;
    let before = all(&old).await;
    let somebody = decoded(&before[0]).unwrap();
    let chosen = Chosen::from([(somebody.fact.family(), somebody.entity)]);
    let whole = MemoryLog::new();
    let report = rewrite(&old, &whole, &chosen).await.unwrap();
    let whole = all(&whole).await;
    assert!(whole.len() > BATCH + 1);
    // Within the first batch, at its end, in the next, and when all was written.
    for left in [1, BATCH, BATCH + 1, whole.len()] {
        let new = MemoryLog::new();
        let written = whole[..left].iter().map(|event| NewEvent {
            subject: event.subject.clone(),
            message_id: format!("position-{}", event.position.0),
            payload: event.payload.clone(),
            condition: None,
        });
        new.append(written.collect()).await.unwrap();
        assert_eq!(rewrite(&old, &new, &chosen).await.unwrap(), report);
        assert_eq!(all(&new).await, whole);
    }
}

async fn archived(log: &MemoryLog) -> Vec<u8> {
    let mut file = Vec::new();
    joinedup_log::archive::export(log, &mut file, Position::ORIGIN)
        .await
        .unwrap();
    file
}

#[tokio::test]
async fn a_log_goes_on_from_the_one_it_was_written_from_and_from_no_other() {
    let old = county_of(0.2).await;
    let linked = all(&old)
        .await
        .iter()
        .filter_map(decoded)
        .find_map(|event| {
            let previous = event.fact.previous()?.clone();
            Some((event.fact.family(), previous))
        });
    let chosen = Chosen::from([linked.unwrap()]);
    let new = MemoryLog::new();
    assert!(rewrite(&old, &new, &chosen).await.unwrap().unlinked > 0);
    let before = archived(&old).await;
    let after = archived(&new).await;
    let goes_on = |old: &[u8], new: &[u8]| goes_on(old, new).unwrap();
    assert!(goes_on(&before, &before) && goes_on(&before, &after));
    assert!(!goes_on(&after, &before), "what was erased is back");
    new.append(vec![coded("t-more", "2026-06-16T01:00:00Z")])
        .await
        .unwrap();
    let more = archived(&new).await;
    assert!(goes_on(&before, &more));
    assert!(!goes_on(&more, &after), "an older copy");
    // A tombstone of something else.
    let other = MemoryLog::new();
    let mut events: Vec<NewEvent> = Vec::new();
    for event in all(&new).await {
        let mut payload = String::from_utf8(event.payload.to_vec()).unwrap();
        if let Some(at) = payload.find(Retracted::TOMBSTONE) {
            let digit = at + Retracted::TOMBSTONE.len();
            let changed = if payload.as_bytes()[digit] == b'0' {
                "1"
            } else {
                "0"
            };
            payload.replace_range(digit..=digit, changed);
        }
        events.push(NewEvent {
            subject: event.subject,
            message_id: event.position.0.to_string(),
            payload: payload.into(),
            condition: None,
        });
    }
    other.append(events).await.unwrap();
    assert!(!goes_on(&before, &archived(&other).await));
}

#[tokio::test]
async fn an_archive_from_before_does_not_bring_back_who_was_erased() {
    let old = county_of(0.2).await;
    let linked = all(&old).await.iter().filter_map(decoded).find_map(|e| {
        let previous = e.fact.previous()?.clone();
        Some((e.fact.family(), previous))
    });
    let chosen = Chosen::from([linked.unwrap()]);
    let id = chosen.first().unwrap().1.clone();
    let new = MemoryLog::new();
    let report = rewrite(&old, &new, &chosen).await.unwrap();
    assert!(report.erased > 0 && report.unlinked > 0);
    let expected = left(&all(&old).await, &chosen);
    let mut kept_out = KeptOut::of(&new).await.unwrap();
    let before = archived(&old).await;
    let is_erased = |event: &RecordedEvent| kept_out.has(event);
    joinedup_log::archive::restore(&before[..], &new, false, is_erased)
        .await
        .unwrap();
    assert_eq!(kept_out.events(), report.erased + report.unlinked);
    let after = all(&new).await;
    for event in &after {
        assert!(!String::from_utf8_lossy(&event.payload).contains(id.as_str()));
    }
    let folded = after
        .iter()
        .filter_map(|e| Some((e.position.0, decoded(e)?)));
    assert!(cells(folded) == expected, "the cells differ");

    // Behind an archive of the new log, whose tombstones come with it.
    let empty = MemoryLog::new();
    let mut kept_out = KeptOut::of(&empty).await.unwrap();
    for archive in [archived(&new).await, before] {
        let is_erased = |event: &RecordedEvent| kept_out.has(event);
        joinedup_log::archive::restore(&archive[..], &empty, false, is_erased)
            .await
            .unwrap();
    }
    assert_eq!(kept_out.events(), report.erased + report.unlinked);
}

#[tokio::test]
async fn what_nobody_spoke_of_for_long_is_found_by_family_and_age() {
    let log = county().await;
    let instant = "2026-05-15T00:00:00Z".parse().unwrap();
    let old = older_than(&log, Family::Transfer, instant).await.unwrap();
    assert!(!old.is_empty());
    let mut young = 0;
    for event in all(&log).await.iter().filter_map(decoded) {
        if event.fact.family() != Family::Transfer {
            continue;
        }
        if old.contains(&(Family::Transfer, event.entity)) {
            assert!(event.recorded_at < instant && event.occurred_at < instant);
        } else {
            young += 1;
        }
    }
    assert!(young > 0);
    // A tombstone is nobody, however old it is.
    let new = MemoryLog::new();
    rewrite(&log, &new, &old).await.unwrap();
    let again = older_than(&new, Family::Transfer, instant).await.unwrap();
    assert_eq!(again, Chosen::new());
}

#[tokio::test]
async fn what_cannot_be_read_stays_unless_it_may_be_about_somebody_who_is_erased() {
    let log = MemoryLog::new();
    let payload = r#"{"specversion":"1.0","type":"care.joinedup.unknown.v1","data":{"transfer":"t-9f86d081884c7d65"}}"#;
    let odd = NewEvent {
        subject: "joinedup.transfer.hv-west-1.00".to_owned(),
        message_id: "odd".to_owned(),
        payload: payload.into(),
        condition: None,
    };
    log.append(vec![odd]).await.unwrap();
    let choice = |id: &str| Chosen::from([(Family::Transfer, EntityId::new(id).unwrap())]);
    let other = rewrite(&log, &MemoryLog::new(), &choice("t-other")).await;
    assert_eq!(other.unwrap().erased, 0);
    let meant = rewrite(&log, &MemoryLog::new(), &choice("t-9f86d081884c7d65")).await;
    assert!(
        matches!(meant, Err(ErasureError::Unreadable(1))),
        "{meant:?}"
    );
}

/// An admission whose data came as bytes in base 64, past the door.
fn coded(entity: &str, recorded: &str) -> NewEvent {
    let data = format!(r#"{{"transfer":"{entity}","area":"hv-west-1","method":"emergency"}}"#);
    let data = data_encoding::BASE64.encode(data.as_bytes());
    let payload = format!(
        r#"{{"specversion":"1.0","type":"care.joinedup.transfer.admitted.v1","source":"/pas","id":"a-{entity}","time":"2026-01-01T00:00:00Z","recordedtime":"{recorded}","data_base64":"{data}"}}"#
    );
    NewEvent {
        subject: "joinedup.transfer.hv-west-1.00".to_owned(),
        message_id: entity.to_owned(),
        payload: payload.into(),
        condition: None,
    }
}

#[tokio::test]
async fn somebody_whose_data_came_in_base_64_is_found_and_erased_as_others_are() {
    let log = MemoryLog::new();
    let events = vec![
        coded("t-old", "2026-01-01T01:00:00Z"),
        coded("t-young", "2026-06-01T01:00:00Z"),
    ];
    log.append(events).await.unwrap();
    let instant = "2026-05-15T00:00:00Z".parse().unwrap();
    let old = older_than(&log, Family::Transfer, instant).await.unwrap();
    let id = EntityId::new("t-old").unwrap();
    assert_eq!(old, Chosen::from([(Family::Transfer, id)]));
    let new = MemoryLog::new();
    assert_eq!(rewrite(&log, &new, &old).await.unwrap().erased, 1);
    let (before, after) = (all(&log).await, all(&new).await);
    assert!(is_tombstone(&decoded(&after[0]).unwrap()));
    assert_eq!(after[1].payload, before[1].payload);
}

#[tokio::test]
async fn somebody_who_is_named_behind_an_escape_of_what_cannot_be_read_is_not_passed_over() {
    let payload = |entity: &str| {
        format!(r#"{{"type":"care.joinedup.unknown.v1","data":{{"transfer":"{entity}"}}}}"#)
    };
    let base_64 = data_encoding::BASE64.encode(payload("t-9").as_bytes());
    let base_64 = format!(r#"{{"type":"care.joinedup.unknown.v1","data_base64":"{base_64}"}}"#);
    for payload in [payload("t-9"), payload("\\u0074-9"), base_64] {
        let odd = NewEvent {
            payload: payload.into(),
            ..coded("t-8", "2026-01-01T01:00:00Z")
        };
        let log = MemoryLog::new();
        log.append(vec![odd]).await.unwrap();
        let chosen = Chosen::from([(Family::Transfer, EntityId::new("t-9").unwrap())]);
        let outcome = rewrite(&log, &MemoryLog::new(), &chosen).await;
        assert!(matches!(outcome, Err(ErasureError::Unreadable(1))));
    }
}
