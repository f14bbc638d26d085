//! What can happen in a simulation, one thing after another.

use super::disk::Trouble;
use super::history::History;
use super::world::{OWN, WHILE, World};
use joinedup_log::Position;
use joinedup_log::lossy::Delivery;
use rand::RngExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A rebuild that has not ended by then never will.
const REBUILD_TIMEOUT: Duration = Duration::from_secs(300);

impl World {
    /// One thing happens.
    pub(super) async fn step(&mut self) {
        match self.random.random_range(0..20) {
            0..=3 => self.events_come().await,
            4 => self.it_is_started_again().await,
            5 => self.it_is_killed().await,
            6 | 7 => self.it_dies_in_a_write().await,
            8 => self.the_disk_is_full().await,
            9 | 10 => self.a_write_fails().await,
            11 => self.it_is_rebuilt().await,
            12 => self.the_log_is_away().await,
            13 => self.nothing_is_delivered().await,
            14 | 15 => self.what_is_stored_goes_bad().await,
            16 | 17 => self.the_log_loses_events().await,
            18 => self.another_log_is_there().await,
            _ => self.an_older_copy_is_there().await,
        }
        self.pass(WHILE).await;
        self.what_is_ready_is_right().await;
    }

    /// Some events, each now and then with a moment between them.
    async fn more_events(&mut self) {
        for _ in 0..self.random.random_range(1..4) {
            let count = self.random.random_range(1..12);
            self.publish(count).await;
            let moment = self.random.random_range(0..1500);
            self.pass(Duration::from_millis(moment)).await;
            self.no_number_is_wrong().await;
        }
    }

    async fn events_come(&mut self) {
        self.note("events come");
        self.more_events().await;
    }

    async fn it_is_started_again(&mut self) {
        if self.random.random() {
            let other = [None, Some(1), Some(2), Some(5), Some(8), Some(16)];
            self.partitions = other[self.random.random_range(0..other.len())];
        }
        let partitions = self.partitions;
        self.note(format!(
            "it is started again, set to {partitions:?} partitions"
        ));
        self.stop().await;
        self.more_events().await;
        self.start().await;
    }

    async fn it_is_killed(&mut self) {
        self.note("it is killed");
        self.more_events().await;
        self.kill().await;
        self.more_events().await;
        self.start().await;
    }

    async fn it_dies_in_a_write(&mut self) {
        let (writes, applied) = (self.random.random_range(0..6), self.random.random());
        self.note(format!(
            "it dies {writes} writes from now, applied: {applied}"
        ));
        self.disk.meets(Trouble::DiesAfter { writes, applied });
        self.more_events().await;
        if self.random.random() {
            self.rebuild().await;
        }
        self.pass(WHILE).await;
        self.disk.meets(Trouble::None);
    }

    async fn the_disk_is_full(&mut self) {
        self.note("the disk is full");
        self.disk.meets(Trouble::Full);
        self.more_events().await;
        self.pass(WHILE).await;
        if let Some(status) = self.status().filter(|s| s.position > s.committed) {
            assert!(!self.is_ready(&status), "not saved, and ready: {status:?}");
        }
        if self.random.random() {
            self.stop().await;
            self.disk.meets(Trouble::None);
            self.start().await;
        }
        self.disk.meets(Trouble::None);
    }

    async fn a_write_fails(&mut self) {
        let writes = self.random.random_range(0..5);
        self.note(format!("a write fails, {writes} from now"));
        self.disk.meets(Trouble::FailsAfter(writes));
        self.more_events().await;
        if self.random.random() {
            self.pass(WHILE).await;
            self.kill().await;
            self.start().await;
        }
        self.disk.meets(Trouble::None);
    }

    /// Rebuilds while events come. It may not come to its end.
    pub(super) async fn rebuild(&mut self) {
        let Some(process) = &self.process else {
            return;
        };
        let rebuild = process.projector.rebuild();
        let outcome = tokio::select! {
            biased;
            outcome = rebuild => Some(outcome),
            () = process.machine.died() => None,
            () = tokio::time::sleep(REBUILD_TIMEOUT) => panic!("a rebuild does not end"),
        };
        if process.machine.is_dead() {
            self.pass(Duration::ZERO).await;
        }
        self.note(format!("  rebuilt: {}", matches!(outcome, Some(Ok(())))));
        self.no_number_is_wrong().await;
    }

    async fn it_is_rebuilt(&mut self) {
        self.note("it is rebuilt");
        self.more_events().await;
        self.rebuild().await;
        self.more_events().await;
    }

    async fn the_log_is_away(&mut self) {
        self.note("the log is away");
        self.more_events().await;
        self.server.away(true);
        self.pass(WHILE).await;
        if let Some(status) = self.status() {
            assert!(!self.is_ready(&status), "away, and ready: {status:?}");
        }
        self.no_number_is_wrong().await;
        self.server.away(false);
    }

    async fn nothing_is_delivered(&mut self) {
        let watched = self.random.random();
        self.note(format!("nothing is delivered, which is noticed: {watched}"));
        self.server.deliver(if watched {
            Delivery::Stopped
        } else {
            Delivery::StoppedForGood
        });
        self.more_events().await;
        self.pass(Duration::from_secs(75)).await;
        self.what_is_ready_is_right().await;
        self.server.deliver(Delivery::Going);
    }

    async fn what_is_stored_goes_bad(&mut self) {
        self.stop().await;
        if self.random.random() {
            self.note("the rows of the store go bad");
            self.disk.rot();
        } else {
            let files = files_of_facts(self.folder.path());
            self.note(format!("one of {} files goes bad", files.len()));
            if !files.is_empty() {
                let file = &files[self.random.random_range(0..files.len())];
                let mut bytes = std::fs::read(file).unwrap();
                let at = self.random.random_range(0..bytes.len());
                bytes[at] ^= 1 << self.random.random_range(0..8);
                std::fs::write(file, bytes).unwrap();
            }
        }
        self.start().await;
        self.more_events().await;
    }

    async fn the_log_loses_events(&mut self) {
        self.more_events().await;
        let head = self.histories[self.mounted].head().await;
        let first = self.random.random_range(1..=head);
        for position in first..=(first + self.random.random_range(0..3)).min(head) {
            if self.server.lose(Position(position)) {
                self.lost.insert(position);
            }
        }
        self.note(format!(
            "the log loses the event at position {first} of {head}"
        ));
        match self.random.random_range(0..4) {
            0 => self.rebuild().await,
            1 => {
                self.partitions = Some(self.random.random_range(1..17));
                self.stop().await;
                self.start().await;
            }
            _ => {}
        }
        self.pass(WHILE).await;
        self.what_is_ready_is_right().await;
        self.more_events().await;
        self.pass(WHILE).await;
        self.what_is_ready_is_right().await;
        self.server.find_all();
        self.lost.clear();
    }

    async fn another_log_is_there(&mut self) {
        self.note("another log is there");
        let mut other = History::new(["other", "another", "third"][self.histories.len() % 3]);
        let events = other.events(60, &mut self.random);
        joinedup_log::EventLog::append(&other.log, events)
            .await
            .unwrap();
        self.is_there_for_a_while(other).await;
    }

    async fn an_older_copy_is_there(&mut self) {
        let head = self.histories[OWN].head().await;
        let upto = self.random.random_range(0..=head);
        self.note(format!(
            "an older copy of the log takes its place, to position {upto} of {head}"
        ));
        let copy = self.histories[OWN].log.older_copy(Position(upto));
        let name = ["copy", "copied", "duplicate"][self.histories.len() % 3];
        self.is_there_for_a_while(History::of(copy, name)).await;
    }

    /// Another log lies where the own one was, is written on, and goes again.
    async fn is_there_for_a_while(&mut self, other: History) {
        self.histories.push(other);
        if self.random.random() {
            self.stop().await;
        }
        self.mount(self.histories.len() - 1).await;
        if self.process.is_none() {
            self.start().await;
        }
        self.pass(WHILE).await;
        self.what_is_ready_is_right().await;
        self.more_events().await;
        if self.random.random_ratio(1, 4) {
            self.rebuild().await;
        }
        self.pass(WHILE).await;
        self.what_is_ready_is_right().await;
        if self.random.random() {
            self.stop().await;
        }
        self.mount(OWN).await;
        if self.process.is_none() {
            self.start().await;
        }
        self.pass(WHILE).await;
        self.what_is_ready_is_right().await;
        if self.status().is_some_and(|status| status.other_log) {
            self.note("  it asks for a rebuild");
            self.rebuild().await;
        }
    }
}

/// The files of facts and cells in a folder of views.
pub(super) fn files_of_facts(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return found;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(files_of_facts(&path));
        } else if !["store", "current", "current.next"]
            .iter()
            .any(|name| path.ends_with(name))
            && std::fs::metadata(&path).is_ok_and(|m| m.len() > 0)
        {
            found.push(path);
        }
    }
    found.sort();
    found
}
