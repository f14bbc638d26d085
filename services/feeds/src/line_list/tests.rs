//! Tests of line lists: what is published is what the list says, and what is in no list is in no event.

mod changing;
mod faults;
mod folded;
mod reported;
mod sheets;
mod world;

use super::difference::{Doubt, Plan};
use super::mapping::ListMapping;
use super::recover;
use super::row::{Reading, Ring};
use super::snapshot::{Snapshot, Store, StoreError};
use super::{ListImport, Published};
use crate::pseudonym::Key;
use crate::sink::Sink;
use chrono::{DateTime, Utc};
use joinedup_application::app::Definitions;
use joinedup_application::config::Config;
use joinedup_events::{Areas, Envelope, Event};
use joinedup_log::memory::MemoryLog;
use joinedup_log::{EventLog, Position};
use std::sync::Arc;

const SITES: &str = "[[area]]\nid = \"RAJ12\"\ntitle = \"A\"\nkind = \"hospital\"\nparents = [\"RAJ\"]\n\
                     [[area]]\nid = \"RAJ56\"\ntitle = \"B\"\nkind = \"hospital\"\nparents = [\"RAJ\"]\n";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A feed with its log.
struct Feed {
    mapping: ListMapping,
    ring: Ring,
    areas: Areas,
    log: Arc<MemoryLog>,
    before: Option<Snapshot>,
}

impl Feed {
    fn of(mapping: &str) -> Self {
        Self {
            mapping: ListMapping::named(mapping).unwrap().unwrap(),
            ring: Ring {
                current: Key::of(&[7; 32]).unwrap(),
                previous: None,
            },
            areas: Areas::built_in().unwrap().and_toml(SITES).unwrap(),
            log: Arc::new(MemoryLog::new()),
            before: None,
        }
    }

    fn list(&self, made: DateTime<Utc>) -> ListImport<'_> {
        ListImport {
            mapping: &self.mapping,
            ring: &self.ring,
            areas: &self.areas,
            now: made,
            as_at: made,
            recorded_at: made,
        }
    }

    fn read(&self, bytes: &[u8], made: &str) -> (Plan, Reading) {
        let list = self.list(at(made));
        let reading = list.read(bytes).unwrap();
        (list.plan(self.before.as_ref(), &reading), reading)
    }

    /// Reads a list, against which the next are held.
    fn knows(&mut self, bytes: &[u8], made: &str) {
        let (plan, _) = self.read(bytes, made);
        self.before = Some(plan.next);
    }

    /// Imports a list as the command does with `--allow-large-change`.
    async fn import(&mut self, bytes: &[u8], made: &str) -> (Plan, Reading, Published) {
        let (mut plan, mut reading) = self.read(bytes, made);
        let definitions = Definitions::read(&Config::default()).unwrap();
        let sink = Sink::log(self.log.clone(), definitions);
        let list = self.list(at(made));
        let published = list
            .publish(&mut plan, &sink, &mut reading.faults)
            .await
            .unwrap();
        self.before = Some(plan.next.clone());
        (plan, reading, published)
    }

    async fn events(&self) -> Vec<Event> {
        let read = self.log.read(Position::ORIGIN, 1_000_000).await.unwrap();
        let decode =
            |payload: &[u8]| Event::decode(&Envelope::from_json(payload).unwrap()).unwrap();
        read.iter()
            .map(|recorded| decode(&recorded.payload))
            .collect()
    }
}

const HEADER: &str = "LocalPatientID,NHSNumber,Ward,SiteCode,AdmissionDateTime,EDD,NoCriteriaToResideDate,Pathway,DelayReason,DischargeDateTime,DischargeDestination";
const ONE: &str =
    "D1,NHSNO,AMU,RAJ56,01/09/2026 10:00,05/09/2026,04/09/2026,P1,IP2,07/09/2026 15:00,19";

fn csv(rows: &[&str]) -> Vec<u8> {
    format!("\u{feff}{HEADER}\r\n{}\r\n", rows.join("\r\n")).into_bytes()
}

#[tokio::test]
async fn the_same_list_again_says_nothing_even_to_a_feed_that_lost_its_store() {
    let mut feed = Feed::of("spells");
    let list = csv(&[ONE]);
    let (plan, ..) = feed.import(&list, "2026-09-10T06:00:00Z").await;
    assert_eq!(plan.events.len(), 6);
    let (plan, ..) = feed.import(&list, "2026-09-11T06:00:00Z").await;
    assert!(plan.events.is_empty());
    feed.before = None;
    let (_, _, published) = feed.import(&list, "2026-09-12T06:00:00Z").await;
    assert_eq!((published.accepted, published.duplicates), (0, 6));
}

#[tokio::test]
async fn what_a_feed_remembers_can_be_worked_out_from_the_log() {
    let mut feed = Feed::of("spells");
    let second = "D2,NHSNO,AMU,RAJ12,02/09/2026 10:00,05/09/2026,,P0,,,";
    feed.import(&csv(&[ONE, second]), "2026-09-10T06:00:00Z")
        .await;
    // A correction, another expected date, and back again.
    let moved = ONE.replace("04/09/2026", "05/09/2026");
    let later = second.replace("05/09/2026", "12/09/2026");
    feed.import(&csv(&[&moved, &later]), "2026-09-11T06:00:00Z")
        .await;
    feed.import(&csv(&[ONE, &later]), "2026-09-12T06:00:00Z")
        .await;
    feed.before = recover::from_log(&*feed.log, &feed.mapping, &feed.ring)
        .await
        .unwrap();
    let (plan, _) = feed.read(&csv(&[ONE, &later]), "2026-09-13T06:00:00Z");
    assert!(plan.events.is_empty(), "{:?}", plan.tallies);
    // A deletion is still seen, and takes back all that stood: six facts of one row.
    let (plan, _) = feed.read(&csv(&[&later]), "2026-09-13T06:00:00Z");
    assert_eq!((plan.gone, plan.events.len()), (1, 6));
    let empty = Feed::of("spells");
    assert!(
        recover::from_log(&*empty.log, &empty.mapping, &empty.ring)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_fact_that_comes_back_stands_again() {
    let mut feed = Feed::of("spells");
    let other = "D2,NHSNO,AMU,RAJ12,02/09/2026 10:00,,,,,,";
    feed.import(&csv(&[ONE, other]), "2026-09-10T06:00:00Z")
        .await;
    let first = folded::Figures::of_view(&feed.events().await);
    let open = ONE.replace("07/09/2026 15:00,19", ",");
    let (plan, ..) = feed
        .import(&csv(&[&open, other]), "2026-09-11T06:00:00Z")
        .await;
    assert_eq!(
        (plan.tallies["discharged"].taken_back, plan.changed),
        (1, 1)
    );
    assert_ne!(first, folded::Figures::of_view(&feed.events().await));
    feed.import(&csv(&[ONE, other]), "2026-09-12T06:00:00Z")
        .await;
    assert_eq!(first, folded::Figures::of_view(&feed.events().await));
    // The row itself goes and comes back.
    feed.import(&csv(&[other]), "2026-09-13T06:00:00Z").await;
    assert_ne!(first, folded::Figures::of_view(&feed.events().await));
    feed.import(&csv(&[ONE, other]), "2026-09-14T06:00:00Z")
        .await;
    assert_eq!(first, folded::Figures::of_view(&feed.events().await));
}

#[tokio::test]
async fn a_new_key_changes_nothing_when_the_one_before_is_given() {
    let mut feed = Feed::of("spells");
    feed.import(&csv(&[ONE]), "2026-09-10T06:00:00Z").await;
    let old = std::mem::replace(&mut feed.ring.current, Key::of(&[8; 32]).unwrap());
    feed.ring.previous = Some(old);
    let (plan, ..) = feed.import(&csv(&[ONE]), "2026-09-11T06:00:00Z").await;
    assert!(plan.events.is_empty());
    // From the next list on today's key is enough.
    feed.ring.previous = None;
    let (plan, ..) = feed.import(&csv(&[ONE]), "2026-09-12T06:00:00Z").await;
    assert!(plan.events.is_empty());
}

#[tokio::test]
async fn a_return_finds_the_spell_before_it_through_the_person_alone() {
    let mut feed = Feed::of("spells");
    let back = "D1,NHSNO,AMU,RAJ12,20/09/2026 10:00,,,,,,";
    let late = "D1,NHSNO,AMU,RAJ12,25/11/2026 10:00,,,,,,";
    feed.import(&csv(&[ONE, back, late]), "2026-11-26T06:00:00Z")
        .await;
    let events = feed.events().await;
    let linked: Vec<&Event> = events
        .iter()
        .filter(|e| e.fact.previous().is_some())
        .collect();
    assert_eq!(linked.len(), 1);
    assert_eq!(linked[0].occurred_at, at("2026-09-20T09:00:00Z"));
    assert_eq!(linked[0].fact.previous(), Some(&events[0].entity));
}

#[tokio::test]
async fn what_ended_before_the_lists_window_has_left_it_and_stands() {
    let mut feed = Feed::of("spells");
    feed.mapping.snapshot.window_days = Some(28);
    let stays = "D2,NHSNO,AMU,RAJ12,02/09/2026 10:00,,,,,,";
    feed.import(&csv(&[ONE, stays]), "2026-09-10T06:00:00Z")
        .await;
    let (plan, _) = feed.read(&csv(&[stays]), "2026-09-20T06:00:00Z");
    assert_eq!(
        plan.gone, 1,
        "it ended within the window, so it was deleted"
    );
    let (plan, ..) = feed.import(&csv(&[stays]), "2026-10-20T06:00:00Z").await;
    assert_eq!((plan.gone, plan.events.len()), (0, 0));
    // A return after it has left is linked all the same.
    let back = "D1,NHSNO,AMU,RAJ12,01/10/2026 10:00,,,,,,";
    feed.import(&csv(&[stays, back]), "2026-10-21T06:00:00Z")
        .await;
    assert!(
        feed.events()
            .await
            .iter()
            .any(|e| e.fact.previous().is_some())
    );
}

#[tokio::test]
async fn what_ended_on_the_first_day_of_the_window_has_left_it_whatever_the_hour() {
    let mut feed = Feed::of("spells");
    feed.mapping.snapshot.window_days = Some(28);
    let stays = "D2,NHSNO,AMU,RAJ12,02/09/2026 10:00,,,,,,";
    feed.import(&csv(&[ONE, stays]), "2026-09-10T06:00:00Z")
        .await;
    // Left on 7 September. The first list is of the last day of the window, the second of the day after by the clock in London
    // and the day before by that of Greenwich.
    for (made, gone) in [
        ("2026-10-04T22:30:00Z", 1),
        ("2026-10-04T23:30:00Z", 0),
        ("2026-10-05T06:00:00Z", 0),
    ] {
        let (plan, _) = feed.read(&csv(&[stays]), made);
        assert_eq!(plan.gone, gone, "{made}");
    }
}

#[tokio::test]
async fn too_large_a_change_is_not_let_through() {
    let mut feed = Feed::of("spells");
    let rows: Vec<String> = (0..40)
        .map(|n| ONE.replace("D1,", &format!("D{n},")))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    feed.import(&csv(&rows), "2026-09-10T06:00:00Z").await;
    let refused = |rows: &[&str]| {
        let (plan, _) = feed.read(&csv(rows), "2026-09-11T06:00:00Z");
        plan.doubt
    };
    assert_eq!(refused(&rows[8..]), None);
    let much = |gone, changed| {
        let (known, percent) = (40, 20);
        Some(Doubt::TooMuch {
            known,
            gone,
            changed,
            percent,
        })
    };
    assert_eq!(refused(&rows[9..]), much(9, 0));
    assert!(refused(&[]).is_some());
    let shifted: Vec<String> = rows
        .iter()
        .map(|row| row.replace("07/09", "08/09"))
        .collect();
    let shifted: Vec<&str> = shifted.iter().map(String::as_str).collect();
    assert_eq!(refused(&shifted), much(0, 40));
    // A list of what is new takes nothing back.
    feed.mapping.incremental = true;
    let (plan, _) = feed.read(&csv(&rows[..1]), "2026-09-11T06:00:00Z");
    assert_eq!((plan.gone, plan.events.len()), (0, 0));
}

#[test]
fn most_of_a_short_list_does_not_go_unasked() {
    let rows: Vec<String> = (0..6)
        .map(|n| ONE.replace("D1,", &format!("D{n},")))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    for (before, after, is_let) in [
        (6, 3, true),
        (5, 3, true),
        (5, 2, false),
        (3, 1, false),
        (1, 0, false),
    ] {
        let mut feed = Feed::of("spells");
        feed.knows(&csv(&rows[..before]), "2026-09-10T06:00:00Z");
        let (plan, _) = feed.read(&csv(&rows[..after]), "2026-09-11T06:00:00Z");
        assert_eq!(plan.doubt.is_none(), is_let, "{before} to {after}");
    }
}

#[test]
fn a_list_that_is_not_the_newest_is_not_let_through_whatever_its_time() {
    let rows: Vec<String> = (0..9)
        .map(|n| ONE.replace("D1,", &format!("D{n},")))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let (monday, tuesday) = (csv(&rows[..8]), csv(&rows));
    let mut feed = Feed::of("spells");
    feed.knows(&monday, "2026-09-10T06:00:00Z");
    feed.knows(&tuesday, "2026-09-11T06:00:00Z");
    let doubt = |feed: &Feed, list: &[u8], made| feed.read(list, made).0.doubt;
    let (older, newer) = ("2026-09-10T07:00:00Z", "2026-09-12T06:00:00Z");
    assert_eq!(doubt(&feed, &csv(&rows[1..]), older), Some(Doubt::Older));
    assert_eq!(doubt(&feed, &monday, newer), Some(Doubt::Again));
    assert_eq!(doubt(&feed, &tuesday, newer), None, "the last one again");
    assert_eq!(doubt(&feed, &csv(&rows[1..]), newer), None);
    // Somebody looked: from then on it is the last one.
    feed.knows(&monday, newer);
    assert_eq!(doubt(&feed, &monday, newer), None);
    assert_eq!(doubt(&feed, &tuesday, newer), Some(Doubt::Again));
    feed.mapping.incremental = true;
    assert_eq!(doubt(&feed, &tuesday, older), None);
}

#[test]
fn a_store_is_of_one_mapping_one_key_and_one_import() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("feeds/spells.snapshot");
    let (mut spells, mdt) = (Feed::of("spells"), Feed::of("mdt"));
    let open = |feed: &Feed| Store::open(&path, &feed.mapping, &feed.ring);
    let (store, none) = open(&spells).unwrap();
    assert!(none.is_none());
    assert!(matches!(open(&spells), Err(StoreError::InUse(_))));
    let (plan, _) = spells.read(&csv(&[ONE]), "2026-09-10T06:00:00Z");
    store.save(&plan.next).unwrap();
    drop(store);
    assert_eq!(open(&spells).unwrap().1, Some(plan.next));
    assert!(matches!(open(&mdt), Err(StoreError::OtherMapping { .. })));
    spells.ring.current = Key::of(&[9; 32]).unwrap();
    assert!(matches!(open(&spells), Err(StoreError::OtherKey(_))));
    std::fs::write(&path, b"{").unwrap();
    assert!(matches!(open(&spells), Err(StoreError::Unreadable(_))));
}

#[tokio::test]
async fn a_correction_that_is_refused_leaves_what_stands() {
    let mut feed = Feed::of("mdt");
    let text = include_str!("../../../mappings/line-lists/mdt.toml");
    let received = "[[fact]]\nname = \"received\"\n";
    let people = format!(
        "{received}fields.population = {{ column = \"People\", optional = true, values = {{ \"Old\" = \"older-people\", \"New\" = \"nobody\" }} }}\n"
    );
    feed.mapping = ListMapping::parse("mdt", &text.replace(received, &people)).unwrap();
    let columns = feed.mapping.columns();
    let columns: Vec<String> = columns.into_iter().map(str::to_owned).collect();
    let list = |people: &str| {
        let cells = columns.iter().map(|column| match column.as_str() {
            "ReferralID" => "R1",
            "LocalPatientID" => "P1",
            "Area" => "RAJ",
            "ReceivedDateTime" => "01/09/2026 10:00",
            "People" => people,
            _ => "",
        });
        let cells: Vec<&str> = cells.collect();
        format!("{}\r\n{}\r\n", columns.join(","), cells.join(",")).into_bytes()
    };
    feed.import(&list("Old"), "2026-09-10T06:00:00Z").await;
    let first = feed.before.clone().unwrap().rows;
    for day in [11, 12] {
        let made = format!("2026-09-{day}T06:00:00Z");
        let (plan, reading, published) = feed.import(&list("New"), &made).await;
        assert_eq!(published.accepted, 0);
        let tally = plan.tallies["received"];
        assert_eq!((tally.corrected, tally.held), (0, 1));
        assert_eq!(reading.faults.unknown(), 1);
        assert_eq!(plan.next.rows, first);
    }
    let (.., published) = feed.import(&list(""), "2026-09-13T06:00:00Z").await;
    assert_eq!(published.accepted, 2);
    // Each of the four lists says up to when it reports.
    assert_eq!(feed.events().await.len(), 3 + 4);
}

#[tokio::test]
async fn all_that_is_said_of_one_fact_is_one_group() {
    let mut feed = Feed::of("spells");
    feed.import(&csv(&[ONE]), "2026-09-10T06:00:00Z").await;
    // Another expected date stands beside the first, and both are taken back with the row.
    let later = ONE.replace("05/09/2026", "12/09/2026");
    feed.import(&csv(&[&later]), "2026-09-11T06:00:00Z").await;
    let other = "D2,NHSNO,AMU,RAJ12,02/09/2026 10:00,05/09/2026,,P0,,,";
    let gone = feed.read(&csv(&[other]), "2026-09-12T06:00:00Z").0;
    let moved = later.replace("04/09/2026", "05/09/2026");
    let corrected = feed.read(&csv(&[&moved]), "2026-09-12T06:00:00Z").0;
    let before = feed.before.unwrap().rows;
    let mut pairs = 0;
    for mut plan in [gone, corrected] {
        let bound = plan.bound();
        let groups = bound.groups(0..plan.events.len());
        pairs += plan.events.len() - groups.len();
        let tallies = plan.tallies.clone();
        for last in groups {
            plan.refused(last);
        }
        for (row, known) in &before {
            assert_eq!(plan.next.rows[row].facts, known.facts);
        }
        for (name, tally) in &plan.tallies {
            let said = tallies[name];
            assert_eq!((tally.new, tally.corrected, tally.taken_back), (0, 0, 0));
            assert_eq!(tally.held, said.new + said.corrected + said.taken_back);
        }
    }
    // Two expected dates; the date of being ready, and the reason that goes by it.
    assert_eq!(pairs, 1 + 2);
}
