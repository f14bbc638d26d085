//! The executor over a log in memory and a real projector, without a server.

use super::*;
use crate::app::Definitions;
use crate::config::Config;
use joinedup_events::change::Planned;
use joinedup_events::experience::{Answered, ExperienceFact, Mode, Respondent};
use joinedup_events::{Family, Slug};
use joinedup_log::EventLog;
use joinedup_log::fault::{Fault, FaultLog, FaultPlan};
use joinedup_log::memory::MemoryLog;
use joinedup_projector::{Projector, Settings};
use joinedup_views::decide::{
    CycleStep, RatingAction, RatingOfItem, StepOfCycle, Subject, version,
};
use joinedup_views::suppression::Audience;
use std::sync::Arc;
use tempfile::TempDir;

/// The program's parts over a log that breaks where a plan has it.
fn app(plan: FaultPlan) -> (App, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::default();
    let definitions = Definitions::read(&config).unwrap();
    let memory = Arc::new(MemoryLog::new());
    let log: Arc<dyn EventLog> = Arc::new(FaultLog::new(memory.clone(), plan));
    let settings = Settings::new(folder.path());
    let projector = Projector::start(settings, memory, definitions.areas.clone()).unwrap();
    let app = App {
        publisher: Some(Publisher::new(log.clone())),
        views: Some(projector.views()),
        projector: Some(Arc::new(projector)),
        ..App::new(Arc::new(config), definitions, log)
    };
    (app, folder)
}

fn slug(text: &str) -> Slug {
    Slug::new(text).unwrap()
}

fn command(subject: Subject) -> Command {
    Command {
        area: AreaId::new("havenshire-north").unwrap(),
        on: None,
        subject,
    }
}

fn rate(action: RatingAction) -> Command {
    command(Subject::Rating(RatingOfItem {
        framework: slug("scie"),
        item: slug("co-crisis-response"),
        action,
    }))
}

fn propose(level: u8) -> Command {
    rate(RatingAction::Propose {
        round: slug("2026"),
        level: Some(level),
        rater: None,
        note: None,
    })
}

fn moderate(level: u8) -> Command {
    rate(RatingAction::Moderate {
        round: slug("2026"),
        level: Some(level),
        note: None,
    })
}

/// A change that has begun: two events.
fn begun(key: WriteKey) -> Command {
    command(Subject::Cycle(StepOfCycle {
        change: EntityId::new(&format!("change-{}", key.id())).unwrap(),
        step: CycleStep::Plan {
            plan: Planned {
                title: "One rota".to_owned(),
                aim: None,
                measures: Vec::new(),
                concept: None,
                items: Vec::new(),
                prediction: None,
                led_by: None,
            },
            begun: true,
        },
    }))
}

fn write(key: Option<&str>, command: Command, version: Option<u64>) -> Write {
    Write {
        source: "joinedup/test",
        key: WriteKey::of("rater", key),
        actor: Some("rater".to_owned()),
        audience: Audience::Operations,
        command,
        version,
    }
}

/// The same write, by somebody else.
fn by(actor: &str, write: Write) -> Write {
    Write {
        actor: Some(actor.to_owned()),
        ..write
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_proposed_alone_somebody_else_accepts_where_that_is_asked_for() {
    let (mut app, _folder) = app(FaultPlan::default());
    app.config = Arc::new(Config {
        two_people: true,
        ..Config::default()
    });
    let confirm = || {
        rate(RatingAction::Confirm {
            round: slug("2026"),
        })
    };
    execute(&app, &write(None, propose(2), None)).await.unwrap();
    let alone = execute(&app, &write(None, confirm(), None)).await;
    assert!(matches!(alone, Err(ExecuteError::SamePerson)), "{alone:?}");
    let other = by("another", write(None, confirm(), None));
    let receipt = execute(&app, &other).await.unwrap();
    let all = [1, receipt.position];
    let authors = authors::authors(app.log.as_ref(), all).await.unwrap();
    let known: Vec<&str> = authors.values().map(String::as_str).collect();
    assert_eq!(known, ["rater", "another"]);
}

async fn head(app: &App) -> u64 {
    app.log.head().await.unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_read_the_same_version_the_second_is_told_what_stands() {
    let (app, _folder) = app(FaultPlan::default());
    let first = execute(&app, &write(None, propose(2), Some(0))).await;
    let version = Some(first.unwrap().position);
    let second = execute(&app, &write(None, moderate(3), version)).await;
    let stands = second.unwrap().position;
    let late = execute(&app, &write(None, moderate(1), version)).await;
    assert!(
        matches!(late, Err(ExecuteError::Conflict { version, .. }) if version == stands),
        "{late:?}"
    );
    // What made no sense when it was typed is refused as that, however late it comes.
    let nonsense = execute(&app, &write(None, propose(6), Some(0))).await;
    assert!(
        matches!(
            nonsense,
            Err(ExecuteError::Refused(Refusal::OffTheScale { .. }))
        ),
        "{nonsense:?}"
    );
    assert_eq!(head(&app).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_sent_again_is_one_change_and_its_key_fits_no_other() {
    let (app, _folder) = app(FaultPlan::default());
    let sent = write(Some("k-1"), propose(2), Some(0));
    let first = execute(&app, &sent).await.unwrap();
    let moderated = write(Some("k-2"), moderate(3), Some(first.position));
    execute(&app, &moderated).await.unwrap();
    // Although its version is not the last any more.
    assert_eq!(execute(&app, &sent).await.unwrap(), first);
    let other = execute(&app, &write(Some("k-1"), propose(4), Some(0))).await;
    assert!(matches!(other, Err(ExecuteError::KeyReused)), "{other:?}");
    assert_eq!(head(&app).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_of_one_key_sent_at_once_make_one_change() {
    let (app, _folder) = app(FaultPlan::default());
    let key = WriteKey::of("rater", Some("k-1"));
    let sent = write(Some("k-1"), begun(key), None);
    let all: Vec<_> = (0..8)
        .map(|_| {
            let (app, sent) = (app.clone(), sent.clone());
            tokio::spawn(async move { execute(&app, &sent).await.unwrap() })
        })
        .collect();
    for answered in all {
        assert_eq!(answered.await.unwrap().position, 2);
    }
    assert_eq!(head(&app).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_share_a_subject_do_not_get_in_each_others_way() {
    let (app, _folder) = app(FaultPlan::default());
    // More than there are shards for an area.
    for n in 0..300 {
        let key = format!("k-{n}");
        let change = begun(WriteKey::of("rater", Some(&key)));
        execute(&app, &write(Some(&key), change, Some(0)))
            .await
            .unwrap();
    }
    assert_eq!(head(&app).await, 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_after_a_crash_completes_what_was_begun_and_adds_nothing_else() {
    // Each place of a crash: before the first event, after it, before the second, after it.
    for (fault, call) in [
        (Fault::AppendLost, 0),
        (Fault::AppendUnanswered, 0),
        (Fault::AppendLost, 1),
        (Fault::AppendUnanswered, 1),
    ] {
        let (app, _folder) = app(FaultPlan {
            exactly: vec![(fault, call)],
            ..FaultPlan::default()
        });
        let key = WriteKey::of("rater", Some("k-1"));
        let sent = write(Some("k-1"), begun(key), Some(0));
        let crashed = execute(&app, &sent).await;
        assert!(
            matches!(
                crashed,
                Err(ExecuteError::Append(AppendError::Unconfirmed(_)))
            ),
            "{crashed:?}"
        );
        let again = execute(&app, &sent).await.unwrap();
        assert_eq!(
            (again.position, head(&app).await),
            (2, 2),
            "{fault:?} {call}"
        );
        let recorded = app.views.as_ref().unwrap().read(|view| {
            let entity = view.entity(Family::Change, again.entity.as_str()).unwrap();
            let facts = entity.facts.all();
            (facts.len(), version(&facts))
        });
        assert_eq!(recorded, (2, 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_type_keeps_the_rules_of_the_door() {
    let (app, _folder) = app(FaultPlan::default());
    let note = rate(RatingAction::AddNote {
        note: "As 943 476 5919 told us.".to_owned(),
    });
    let refused = execute(&app, &write(None, note, Some(0))).await;
    let Err(ExecuteError::NotAdmitted(refusals)) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        refusals.0.iter().all(|r| r.pointer == "/note"),
        "{refusals}"
    );
    assert_eq!(head(&app).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn raters_need_not_have_read_each_other_and_the_place_must_have_read_them() {
    let (app, _folder) = app(FaultPlan::default());
    let give = |rater: &str, level| {
        rate(RatingAction::Propose {
            round: slug("2026"),
            level: Some(level),
            rater: Some(slug(rater)),
            note: None,
        })
    };
    // All three opened the sheet before anybody had rated.
    for (rater, level) in [("r1", 2), ("r2", 3), ("r3", 4)] {
        let given = execute(&app, &write(None, give(rater, level), Some(0))).await;
        assert!(given.is_ok(), "{given:?}");
    }
    let conflict = |outcome: Result<Receipt, ExecuteError>| matches!(outcome, Err(ExecuteError::Conflict { version, .. }) if version <= 3);
    // The same rater twice, the place from an old page, and a version that never was.
    for (command, version) in [(give("r1", 5), 0), (propose(3), 2), (give("r4", 5), 9)] {
        let outcome = execute(&app, &write(None, command, Some(version))).await;
        assert!(conflict(outcome), "version {version}");
    }
    let read = execute(&app, &write(None, propose(3), Some(3))).await;
    assert_eq!(read.unwrap().position, 4);
}

#[tokio::test]
async fn those_who_come_at_once_take_a_place_each_and_nobody_takes_a_full_one() {
    let (app, _folder) = app(FaultPlan::default());
    let now = app.now();
    let event = |id: &str| Event {
        source: "joinedup/test".to_owned(),
        id: id.to_owned(),
        occurred_at: now,
        recorded_at: now,
        entity: EntityId::new("response-x").unwrap(),
        area: AreaId::new("havenshire-north").unwrap(),
        fact: joinedup_events::Fact::Experience(ExperienceFact::Answered(Answered {
            instrument: slug("i-statements"),
            answers: Vec::new(),
            with_carer: false,
            mode: Mode::Online,
            respondent: Respondent::Person,
            team: None,
            population: None,
        })),
        actor: None,
    };
    let places = || (0..4).map(|n| EntityId::new(&format!("response-{n}")).unwrap());
    // All look at a view in which every place is free.
    let sent = ["a", "b", "c", "d"].map(|id| {
        let (app, event) = (app.clone(), event(id));
        tokio::spawn(async move { take_place(&app, &event, places()).await.unwrap() })
    });
    let mut taken = std::collections::BTreeSet::new();
    for one in sent {
        match one.await.unwrap() {
            Place::Taken(position) => taken.insert(position),
            other => panic!("{other:?}"),
        };
    }
    assert_eq!(taken.len(), 4);
    let standing = |n| {
        let place = format!("response-{n}");
        let views = app.views.as_ref().unwrap();
        views.read(|view| {
            view.entity(Family::Experience, &place)
                .map(|e| e.facts.all().len())
        })
    };
    assert_eq!([0, 1, 2, 3].map(standing), [Some(1); 4]);
    // Sent again it is where it was; another finds no place.
    let again = take_place(&app, &event("b"), places()).await.unwrap();
    assert_eq!(again, Place::Had);
    let late = take_place(&app, &event("e"), places()).await.unwrap();
    assert_eq!(late, Place::Full);
}
