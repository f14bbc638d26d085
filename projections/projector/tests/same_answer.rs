//! The same cells every way: straight, chunked, over a log that breaks, stopped and started, rebuilt.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "the helpers of a test fail by panicking"
)]

use chrono::{DateTime, Utc};
use joinedup_events::facts::{Happened, Retracted};
use joinedup_events::id::{AreaId, EntityId};
use joinedup_events::transfer::{
    AdmissionMethod, Admitted, DischargeMethod, Discharged, Ready, TransferFact,
};
use joinedup_events::{Areas, Event, Fact, local, subject};
use joinedup_log::fault::{FaultLog, FaultPlan};
use joinedup_log::memory::MemoryLog;
use joinedup_log::{EventLog, NewEvent, Position};
use joinedup_projector::{Progress, Projector, Settings, Views};
use joinedup_views::view::View;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn instant(hours: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_760_000_000 + hours * 3600, 0).unwrap()
}

/// Transfers with corrections, repeats and retractions.
fn events(transfers: u32) -> Vec<Event> {
    let mut events = Vec::new();
    for n in 0..transfers {
        let at = i64::from(n) * 3;
        let mut tell = |id: &str, hours: i64, fact: TransferFact| {
            events.push(Event {
                source: "/pas".into(),
                id: format!("{n}-{id}"),
                occurred_at: instant(hours),
                recorded_at: instant(hours + 1),
                entity: EntityId::new(&format!("t-{n}")).unwrap(),
                area: AreaId::new(["hv-north-1", "hv-south-1"][n as usize % 2]).unwrap(),
                fact: Fact::Transfer(fact),
                actor: None,
            });
        };
        tell(
            "a",
            at,
            TransferFact::Admitted(Admitted {
                hospital: None,
                method: AdmissionMethod::Emergency,
                previous: None,
                population: None,
            }),
        );
        tell(
            "r",
            at + 48,
            TransferFact::Ready(Ready {
                date: local::date(instant(at + 48)),
            }),
        );
        if n % 5 == 0 {
            tell(
                "r2",
                at + 50,
                TransferFact::Ready(Ready {
                    date: local::date(instant(at + 72)),
                }),
            );
        }
        tell(
            "d",
            at + 120,
            TransferFact::Discharged(Discharged {
                method: DischargeMethod::Agreed,
                destination: None,
                date_only: false,
            }),
        );
        if n % 7 == 0 {
            tell(
                "x",
                at + 130,
                TransferFact::Retracted(Retracted {
                    retracts: format!("{n}-d"),
                    retracts_source: None,
                    previous: None,
                }),
            );
        }
        if n % 11 == 0 {
            tell("s", at + 20, TransferFact::SocialCareReferred(Happened {}));
            tell("s", at + 20, TransferFact::SocialCareReferred(Happened {}));
        }
    }
    events.sort_by_key(|e| e.recorded_at);
    events
}

fn new_events(events: &[Event]) -> Vec<NewEvent> {
    let new = |(n, event): (usize, &Event)| NewEvent {
        subject: subject::of(event),
        message_id: format!("{n}"),
        payload: event.to_json().to_string().into(),
        condition: None,
    };
    events.iter().enumerate().map(new).collect()
}

async fn log_with(events: &[Event]) -> Arc<MemoryLog> {
    let log = Arc::new(MemoryLog::new());
    log.append(new_events(events)).await.unwrap();
    log
}

fn straight(events: Vec<Event>) -> String {
    let mut view = View::new();
    view.fold((1u64..).zip(events));
    view.cells().export()
}

fn areas() -> Arc<Areas> {
    Arc::new(Areas::built_in().unwrap())
}

fn start(folder: &Path, log: Arc<dyn EventLog>) -> Projector {
    start_with(folder, log, None)
}

fn start_with(folder: &Path, log: Arc<dyn EventLog>, partitions: Option<usize>) -> Projector {
    let mut settings = Settings::new(folder);
    settings.commit_every = Duration::from_millis(20);
    settings.partitions = partitions;
    Projector::start(settings, log, areas()).unwrap()
}

/// Waits until the views are at a position.
async fn reached(views: &Views, position: u64) {
    for _ in 0..6_000 {
        let status = views.status();
        if status.position >= position && status.progress == Progress::Live {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not reached within a minute: {:?}", views.status());
}

fn export(views: &Views) -> String {
    views.read(|view| view.cells().export())
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_of_any_size_over_a_log_that_breaks_come_to_the_same() {
    let events = events(120);
    let expected = straight(events.clone());
    for (seed, chunk) in [(1, 1), (2, 7), (3, 1000)] {
        let log = log_with(&events).await;
        let head = log.head().await.unwrap().0;
        let plan = FaultPlan {
            seed,
            chunk: Some(chunk),
            subscription_ends: 60,
            subscribe_away: 200,
            delivered_twice: 100,
            ..FaultPlan::default()
        };
        let temp = tempfile::tempdir().unwrap();
        let projector = start(temp.path(), Arc::new(FaultLog::new(log, plan)));
        reached(&projector.views(), head).await;
        assert_eq!(export(&projector.views()), expected, "chunks of {chunk}");
        projector.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_and_started_again_after_every_stretch_it_comes_to_the_same() {
    let events = events(90);
    let expected = straight(events.clone());
    let log = Arc::new(MemoryLog::new());
    let temp = tempfile::tempdir().unwrap();
    let all = new_events(&events);
    for part in all.chunks(all.len() / 9 + 1) {
        log.append(part.to_vec()).await.unwrap();
        let projector = start(temp.path(), log.clone());
        reached(&projector.views(), log.head().await.unwrap().0).await;
        projector.stop().await;
    }
    let projector = start(temp.path(), log.clone());
    assert_eq!(export(&projector.views()), expected);
    assert_eq!(
        projector.views().read(|v| v.summary().totals.folded),
        events.len() as u64,
        "nothing was folded twice"
    );
    projector.rebuild().await.unwrap();
    reached(&projector.views(), log.head().await.unwrap().0).await;
    assert_eq!(export(&projector.views()), expected, "rebuilt");
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worn_store_is_written_anew_and_nothing_is_lost_or_counted_twice() {
    let events = events(400);
    let log = Arc::new(MemoryLog::new());
    let temp = tempfile::tempdir().unwrap();
    let mut settings = Settings::new(temp.path());
    settings.commit_every = Duration::from_millis(20);
    settings.journal_bytes = 4 << 10;
    let all = new_events(&events);
    for part in all.chunks(all.len() / 4 + 1) {
        let projector = Projector::start(settings.clone(), log.clone(), areas()).unwrap();
        for some in part.chunks(part.len() / 5 + 1) {
            log.append(some.to_vec()).await.unwrap();
            let head = log.head().await.unwrap().0;
            reached(&projector.views(), head).await;
            while projector.views().status().committed < head {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        projector.stop().await;
    }
    let current = std::fs::read_to_string(temp.path().join("current")).unwrap();
    assert!(
        current.trim().parse::<u64>().unwrap() > 2,
        "still {current}"
    );
    let stores = std::fs::read_dir(temp.path())
        .unwrap()
        .filter(|e| e.as_ref().unwrap().path().is_dir());
    assert_eq!(stores.count(), 1, "the stores before are gone");
    let projector = Projector::start(settings, log.clone(), areas()).unwrap();
    assert_eq!(export(&projector.views()), straight(events.clone()));
    assert_eq!(
        projector.views().read(|v| v.summary().totals.folded),
        events.len() as u64
    );
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_partitions_comes_to_the_same_and_another_one_builds_the_view_again() {
    let events = events(300);
    let expected = straight(events.clone());
    let log = Arc::new(MemoryLog::new());
    let temp = tempfile::tempdir().unwrap();
    let all = new_events(&events);
    let (first, rest) = all.split_at(all.len() / 2);
    log.append(first.to_vec()).await.unwrap();
    let mut rest = rest.chunks(rest.len() / 6 + 1);
    let steps = [(Some(1), 1), (Some(2), 2), (None, 2), (Some(8), 8)];
    let more = [(Some(16), 16), (None, 16), (Some(1), 1)];
    for (set, partitions) in steps.into_iter().chain(more) {
        let projector = start_with(temp.path(), log.clone(), set);
        let views = projector.views();
        reached(&views, log.head().await.unwrap().0).await;
        assert_eq!(views.read(|view| view.partitions().len()), partitions);
        // Some of it folded at once, and some as it comes.
        if let Some(more) = rest.next() {
            log.append(more.to_vec()).await.unwrap();
            reached(&views, log.head().await.unwrap().0).await;
        }
        let folded = log.head().await.unwrap().0;
        assert_eq!(views.read(|v| v.summary().totals.folded), folded);
        let so_far = straight(events[..folded as usize].to_vec());
        assert_eq!(export(&views), so_far, "{partitions} partitions");
        projector.rebuild().await.unwrap();
        reached(&views, folded).await;
        assert_eq!(export(&views), so_far, "{partitions} partitions, rebuilt");
        projector.stop().await;
    }
    let projector = start_with(temp.path(), log, None);
    assert_eq!(export(&projector.views()), expected);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_the_views_loses_nothing() {
    let events = events(30);
    let log = log_with(&events).await;
    let temp = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let projector = start(temp.path(), log.clone());
        reached(&projector.views(), log.head().await.unwrap().0).await;
        assert_eq!(export(&projector.views()), straight(events.clone()));
        projector.stop().await;
        std::fs::remove_dir_all(temp.path().join("view-1")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_read_is_set_aside_and_stops_nothing() {
    let log = log_with(&events(4)).await;
    let newer = r#"{"specversion":"1.0","type":"care.joinedup.transfer.ready.v99","source":"/s","id":"n","time":"2026-01-01T00:00:00Z","data":{}}"#;
    for (n, payload) in ["not json", newer, r#"{"specversion":"1.0","type":"care.joinedup.transfer.ready.v1","source":"/s","id":"m","time":"2026-01-01T00:00:00Z","data":{"transfer":"t","area":"nowhere","date":"2026-01-01"}}"#].into_iter().enumerate() {
        let bad = NewEvent { subject: "joinedup.transfer.x.00".into(), message_id: format!("bad{n}"), payload: payload.to_owned().into(), condition: None };
        log.append(vec![bad]).await.unwrap();
    }
    let more = events(6);
    log.append(
        new_events(&more)
            .into_iter()
            .map(|e| NewEvent {
                message_id: format!("m{}", e.message_id),
                ..e
            })
            .collect(),
    )
    .await
    .unwrap();
    let temp = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let projector = start(temp.path(), log.clone());
        reached(&projector.views(), log.head().await.unwrap().0).await;
        let aside = projector.views().quarantine();
        assert_eq!(aside.len(), 3, "{aside:?}");
        assert!(
            aside[1].reason.contains("newer") && aside[2].reason.contains("register"),
            "{aside:?}"
        );
        assert_eq!(export(&projector.views()), straight(more.clone()));
        projector.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_made_anew_is_refused_until_a_person_asks_for_a_rebuild() {
    let temp = tempfile::tempdir().unwrap();
    let old = log_with(&events(20)).await;
    let projector = start(temp.path(), old.clone());
    reached(&projector.views(), old.head().await.unwrap().0).await;
    let before = export(&projector.views());
    projector.stop().await;

    let other = events(40);
    let projector = start(temp.path(), log_with(&other).await);
    for _ in 0..500 {
        if matches!(projector.views().status().progress, Progress::Failed(_)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let Progress::Failed(why) = projector.views().status().progress else {
        panic!("went on over another log")
    };
    assert!(why.contains("rebuild"), "{why}");
    assert_eq!(export(&projector.views()), before, "the view did not move");
    projector.rebuild().await.unwrap();
    assert_eq!(export(&projector.views()), straight(other));
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_a_fold_before_it_is_committed_and_are_woken() {
    let log = Arc::new(MemoryLog::new());
    let temp = tempfile::tempdir().unwrap();
    let mut settings = Settings::new(temp.path());
    settings.commit_every = Duration::from_secs(3600);
    let projector = Projector::start(settings, log.clone(), areas()).unwrap();
    let views = projector.views();
    let mut moved = views.moved();
    log.append(new_events(&events(3))).await.unwrap();
    tokio::time::timeout(Duration::from_secs(30), moved.changed())
        .await
        .unwrap()
        .unwrap();
    reached(&views, log.head().await.unwrap().0).await;
    assert_eq!(views.status().committed, 0);
    assert_eq!(export(&views), straight(events(3)));
    projector.stop().await;
    assert_eq!(
        views.status().committed,
        Position(views.status().position).0
    );
}
