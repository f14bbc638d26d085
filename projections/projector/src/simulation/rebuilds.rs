//! What goes wrong while a view is built again, or is to be.

use super::disk::Trouble;
use super::history::History;
use super::in_no_time;
use super::steps::files_of_facts;
use super::world::{OWN, WHILE, World};
use crate::status::Progress;
use joinedup_log::EventLog;
use joinedup_log::fault::FaultPlan;
use std::time::Duration;
use tokio::sync::oneshot::Receiver;

/// A world in which all is well, and so slow a log that a rebuild lasts many seconds.
async fn slow_world() -> World {
    let mut world = World::new(1, false);
    world.plan = FaultPlan {
        delayed: 1_000,
        delay: Duration::from_millis(500),
        ..FaultPlan::default()
    };
    world.start().await;
    world.publish(500).await;
    world.comes_right().await;
    world
}

impl World {
    fn spoil_the_facts(&self) {
        let files = files_of_facts(self.folder.path());
        assert!(!files.is_empty());
        for file in files {
            let mut bytes = std::fs::read(&file).unwrap();
            bytes.iter_mut().for_each(|byte| *byte ^= 0x55);
            std::fs::write(&file, bytes).unwrap();
        }
    }

    async fn ask_for_rebuild(&self) -> Receiver<Result<(), String>> {
        let process = self.process.as_ref().unwrap();
        process.projector.ask_for_rebuild().await
    }

    fn generation(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("current")).unwrap()
    }
}

#[test]
fn a_damaged_view_is_not_built_again_by_itself_from_another_log() {
    in_no_time(async {
        let mut world = slow_world().await;
        let mut other = History::new("other");
        let events = other.events(600, &mut world.random);
        other.log.append(events).await.unwrap();
        world.histories.push(other);
        let generation = world.generation();
        // Found while the right log is there, and while another is.
        for damaged_first in [true, false] {
            world.spoil_the_facts();
            let views = world.process.as_ref().unwrap().projector.views();
            let before = views.status().rebuilds;
            let find = || views.read(|view| view.entities().count());
            if damaged_first {
                find();
                world.pass(Duration::from_secs(2)).await;
                assert!(views.status().rebuild.is_some());
            }
            world.mount(1).await;
            world.pass(WHILE).await;
            find();
            world.pass(WHILE * 4).await;
            let status = world.status().unwrap();
            assert!(status.other_log, "{status:?}");
            assert_eq!(status.rebuilds, before);
            let Progress::Failed(why) = status.progress else {
                panic!("{status:?}")
            };
            for part in ["could not be read", "another one", "`joinedup rebuild`"] {
                assert!(why.contains(part), "{why}");
            }
            world.mount(OWN).await;
            world.pass(WHILE * 4).await;
            let status = world.status().unwrap();
            assert_eq!(status.rebuilds, before + 1, "{status:?}");
            assert!(!status.other_log, "{status:?}");
            world.comes_right().await;
        }
        assert_ne!(world.generation(), generation);
        // A person may have it built from the other one.
        world.spoil_the_facts();
        world.mount(1).await;
        let views = world.process.as_ref().unwrap().projector.views();
        views.read(|view| view.entities().count());
        world.pass(WHILE).await;
        world.rebuild().await;
        world.pass(WHILE).await;
        world.what_is_ready_is_right().await;
        assert_eq!(world.status().unwrap().progress, Progress::Live);
    });
}

#[test]
fn what_is_folded_onto_damage_during_a_rebuild_is_not_saved() {
    in_no_time(async {
        let mut world = slow_world().await;
        let mut rebuilt = world.ask_for_rebuild().await;
        world.pass(Duration::from_secs(1)).await;
        world.spoil_the_facts();
        let committed = world.status().unwrap().committed;
        world.publish(30).await;
        world.pass(Duration::from_secs(4)).await;
        let status = world.status().unwrap();
        assert!(rebuilt.try_recv().is_err(), "it is under way");
        assert!(
            matches!(status.progress, Progress::Failed(_)),
            "the damage was met: {status:?}"
        );
        assert_eq!(status.committed, committed);
        world.kill().await;
        world.start().await;
        world.no_number_is_wrong().await;
        world.comes_right().await;
    });
}

#[test]
fn a_store_that_fails_during_a_rebuild_waits_for_it() {
    in_no_time(async {
        let mut world = slow_world().await;
        let generation = world.generation();
        world.disk.meets(Trouble::FailsAfter(0));
        world.publish(5).await;
        world.pass(Duration::from_secs(3)).await;
        assert!(world.status().unwrap().unsaved.is_some());
        let mut rebuilt = world.ask_for_rebuild().await;
        world.pass(Duration::from_secs(8)).await;
        assert!(rebuilt.try_recv().is_err(), "it is under way");
        assert_eq!(world.generation(), generation);
        world.pass(WHILE * 2).await;
        assert_eq!(rebuilt.await, Ok(Ok(())));
        world.comes_right().await;
        let saved = world.status().unwrap().committed;
        world.kill().await;
        world.start().await;
        assert_eq!(world.status().unwrap().position, saved);
        world.no_number_is_wrong().await;
    });
}

#[test]
fn a_person_who_asks_during_a_rebuild_that_is_refused_gets_one_that_is_not() {
    in_no_time(async {
        let mut world = slow_world().await;
        world.spoil_the_facts();
        let views = world.process.as_ref().unwrap().projector.views();
        views.read(|view| view.entities().count());
        world.pass(Duration::from_secs(1)).await;
        assert!(views.status().rebuild.is_some());
        let rebuilt = world.ask_for_rebuild().await;
        let mut other = History::new("other");
        let events = other.events(40, &mut world.random);
        other.log.append(events).await.unwrap();
        world.histories.push(other);
        world.mount(1).await;
        world.pass(WHILE * 4).await;
        assert_eq!(rebuilt.await, Ok(Ok(())));
        world.what_is_ready_is_right().await;
        assert_eq!(world.status().unwrap().progress, Progress::Live);
    });
}
