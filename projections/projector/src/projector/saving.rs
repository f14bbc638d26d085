//! How what is folded comes onto the disk: in commits, or whole into a new store.

use super::{Fold, LAST_COMMIT_TIMEOUT, MAX_UNCOMMITTED, RENEW_AFTER};
use crate::committer::{Commit, Committed, NotCommitted};
use crate::opening;
use crate::saved::Saved;
use crate::status::Progress;
use joinedup_views::view::View;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// The reason that is shown while folding waits for room.
const WAITS: &str = "; no more is folded before it is";

impl Fold {
    /// Whether no more may be folded until what is folded is saved: a disk that takes nothing would else fill the memory.
    pub(super) fn waits_for_room(&self) -> bool {
        if self.in_flight.is_none() && self.failed_at.is_none() {
            return false;
        }
        let most = 4 * (self.settings.journal_bytes + self.settings.memory_bytes);
        let unsaved = |view: &View| view.journal_bytes() + view.fresh_bytes();
        if self.views.read(unsaved) < most {
            return false;
        }
        self.views.set(|s| {
            // Where nothing failed the disk is only slow.
            if let Some(why) = s.unsaved.as_mut().filter(|why| !why.ends_with(WAITS)) {
                why.push_str(WAITS);
            }
        });
        true
    }

    pub(super) fn commit_if_due(&mut self) {
        self.take_commits();
        if self.damage.is_some() {
            return;
        }
        // A rebuild that is under way makes a store of its own, of the next generation too.
        let alone = self.rebuilding.is_none();
        if let Some(failed_at) = self.failed_at {
            if alone && failed_at.elapsed() >= RENEW_AFTER && !self.renew_store() {
                self.failed_at = Some(Instant::now());
            }
            return;
        }
        if !self.dirty || self.in_flight.is_some() {
            return;
        }
        let live = self.views.progress() == Progress::Live;
        // What was caught up with is worth keeping at once.
        let arrived = live && self.catching_up;
        let due = arrived
            || self.last_commit.elapsed() >= self.rhythm(live)
            || self.views.read(View::journal_bytes) >= MAX_UNCOMMITTED;
        if !due {
            return;
        }
        self.catching_up = !live;
        if live && alone && self.saved.is_worn(&self.settings) && self.renew_store() {
            return;
        }
        self.commit();
    }

    /// Writes the view as it is, with what is not committed yet, into a store of its own, which takes the place of the
    /// one in use. When that does not work, the old one goes on, and the answer is false.
    fn renew_store(&mut self) -> bool {
        let generation = self.next_generation();
        let quarantine = self.views.quarantine();
        let checkpoint = self.saved.checkpoint.clone();
        let written = self.views.read(|view| {
            let (folder, settings) = (&self.folder, &self.settings);
            opening::write(folder, settings, generation, checkpoint, view, &quarantine)
        });
        let taken = written
            .map_err(|e| e.to_string())
            .and_then(|saved| self.take(generation, saved));
        self.last_commit = Instant::now();
        if let Err(error) = taken {
            tracing::warn!(error, "the view could not be written into a new store");
            self.saved.worn_again_later();
            return false;
        }
        // The new store has all of it.
        let shelves = self.saved.shelves();
        self.views.change(|view| {
            view.cells_mut().take_dirty();
            for (partition, shelf) in view.partitions_mut().iter_mut().zip(shelves) {
                partition.take_journal();
                partition.put_on(shelf);
            }
        });
        self.all_saved();
        true
    }

    /// What is folded is in the store, all of it.
    pub(super) fn all_saved(&mut self) {
        (self.set_aside, self.folded_now, self.dirty) = (Vec::new(), Vec::new(), false);
        self.failed_at = None;
        let position = self.saved.checkpoint.position.0;
        self.views
            .set(|s| (s.committed, s.unsaved) = (position, None));
    }

    /// A store that was written whole takes the place of the one in use, which is closed and then removed.
    pub(super) fn take(&mut self, generation: u64, saved: Saved) -> Result<(), String> {
        let taken = self.folder.take(generation, saved.checkpoint.log.as_ref());
        taken.map_err(|e| e.to_string())?;
        // A commit to the old store may be under way; its answer is of another generation.
        if let Some(wanted) = self.in_flight.take() {
            wanted.store(false, Ordering::Relaxed);
        }
        (self.saved, self.generation) = (saved, generation);
        self.folder.clear_but(generation);
        Ok(())
    }

    /// While catching up, commits are further apart: each writes pages of cells that the next run changes again.
    fn rhythm(&self, live: bool) -> Duration {
        if live {
            self.settings.commit_every
        } else {
            self.settings.commit_every * 5
        }
    }

    /// Puts facts that have gathered in memory into files.
    fn shelve_if_many(&mut self) {
        let (saved, most) = (&mut self.saved, self.settings.memory_bytes);
        let shelved = self
            .views
            .read(|view| (view.fresh_bytes() >= most).then(|| saved.shelve(view)));
        for (partition, shelved) in shelved.into_iter().flatten().enumerate() {
            match shelved {
                Ok(shelf) => self
                    .views
                    .change(|view| saved.begin_journal(view, partition, shelf)),
                // They stay in memory, and the journal has them.
                Err(error) => tracing::warn!(%error, "facts could not be put into a file"),
            }
        }
    }

    fn commit(&mut self) {
        // What was folded onto damage is not all counted. The checkpoint must not go past it.
        if self.views.read(|view| view.damage().is_some()) {
            return;
        }
        // Before the first row that can go bad. The disk that does not take it takes no commit either, or it is tried with the next.
        if let Err(error) = self.folder.note_log(self.saved.checkpoint.log.as_ref()) {
            tracing::warn!(%error, "which log the view is built from is not saved yet");
        }
        self.shelve_if_many();
        let (set_aside, folded_now) = (
            std::mem::take(&mut self.set_aside),
            std::mem::take(&mut self.folded_now),
        );
        let saved = &mut self.saved;
        let batch = self
            .views
            .change(|view| saved.changes(view, &set_aside, &folded_now));
        self.dirty = false;
        self.last_commit = Instant::now();
        let position = self.saved.checkpoint.position.0;
        match batch {
            Ok(batches) => {
                let wanted = Arc::new(AtomicBool::new(true));
                let commit = Commit {
                    store: self.saved.store(),
                    batches,
                    position,
                    generation: self.generation,
                    wanted: wanted.clone(),
                };
                if self.commits.send(commit).is_ok() {
                    self.in_flight = Some(wanted);
                }
            }
            Err(error) => self.store_failed(error.to_string()),
        }
    }

    /// The store takes no more: the view is served on, and written into a new store as soon as that can be done.
    fn store_failed(&mut self, what: String) {
        tracing::error!(reason = what, "the view could not be saved");
        self.failed_at = Some(Instant::now());
        self.views.set(|s| s.unsaved = Some(what));
    }

    fn take_commits(&mut self) {
        while let Ok(answer) = self.committed.try_recv() {
            self.take_commit(answer);
        }
    }

    fn take_commit(&mut self, answer: Committed) {
        if answer.generation != self.generation {
            return;
        }
        match answer.outcome {
            Ok(position) => {
                self.in_flight = None;
                self.views
                    .set(|s| (s.committed, s.unsaved) = (position, None));
            }
            Err(NotCommitted::Yet(what)) => {
                if self.views.status().unsaved.is_none() {
                    tracing::warn!(reason = what, "the view is not saved yet");
                }
                self.views.set(|s| s.unsaved = Some(what));
            }
            Err(NotCommitted::Ever(what)) => {
                self.in_flight = None;
                self.store_failed(what);
            }
        }
    }

    /// Saves what is folded, if the disk takes it soon.
    pub(super) async fn last_commit(&mut self) {
        let deadline = Instant::now() + LAST_COMMIT_TIMEOUT;
        for last in [false, true] {
            if last && self.dirty && self.failed_at.is_none() {
                self.commit();
            }
            while let Some(wanted) = self.in_flight.clone() {
                let answer = tokio::time::timeout_at(deadline, self.committed.recv()).await;
                let Ok(Some(answer)) = answer else {
                    wanted.store(false, Ordering::Relaxed);
                    return;
                };
                if let Err(NotCommitted::Yet(_)) = &answer.outcome {
                    // There is no room, and no time to wait for some.
                    wanted.store(false, Ordering::Relaxed);
                }
                self.take_commit(answer);
            }
        }
    }
}
