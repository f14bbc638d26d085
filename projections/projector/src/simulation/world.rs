//! The world of a simulation: a server with a log, a disk, a process that comes and goes, and what must hold of it.

use super::disk::{Disk, SimulatedMachine, Trouble};
use super::history::History;
use crate::opening::Settings;
use crate::projector::Projector;
use crate::status::{Progress, Status};
use chrono::{DateTime, Utc};
use joinedup_events::Areas;
use joinedup_log::fault::{FaultLog, FaultPlan};
use joinedup_log::lossy::{Contents, Delivery, LossyLog};
use joinedup_log::{EventLog, NewEvent};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;

/// A while in which everything that ends by itself has ended, and every fault has been noticed.
pub(super) const WHILE: Duration = Duration::from_secs(15);
/// A view that is longer behind its log than this is not ready.
pub(super) const MAX_LAG: f64 = 60.0;

/// The log that lies on the server when all is well, in the list of all there are.
pub(super) const OWN: usize = 0;

/// Read once for all worlds.
static AREAS: LazyLock<Arc<Areas>> = LazyLock::new(|| Arc::new(Areas::built_in().unwrap()));

pub(super) struct World {
    pub random: ChaCha8Rng,
    pub folder: TempDir,
    pub disk: Disk,
    pub server: LossyLog,
    /// All logs that there are; the first is the right one.
    pub histories: Vec<History>,
    /// The one that lies on the server.
    pub mounted: usize,
    /// Positions of it that are lost.
    pub lost: BTreeSet<u64>,
    pub partitions: Option<usize>,
    /// How the log answers the process, apart from the seed.
    pub plan: FaultPlan,
    pub process: Option<Process>,
    areas: Arc<Areas>,
    aloud: bool,
    trace: Vec<String>,
}

/// A projector that runs on a machine of its own.
pub(super) struct Process {
    pub projector: Projector,
    pub machine: Arc<SimulatedMachine>,
}

impl World {
    pub fn new(seed: u64, aloud: bool) -> Self {
        let own = History::new("own");
        let server = LossyLog::default();
        server.swap(Contents::of(own.log.clone(), 0));
        // Where there is a disk in memory it saves the waiting for real ones.
        let shared = std::path::Path::new("/dev/shm");
        let folder = match shared.is_dir() {
            true => tempfile::tempdir_in(shared),
            false => tempfile::tempdir(),
        };
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            folder: folder.unwrap(),
            disk: Disk::default(),
            server,
            histories: vec![own],
            mounted: OWN,
            lost: BTreeSet::new(),
            partitions: Some(2),
            plan: FaultPlan {
                read_away: 20,
                subscribe_away: 100,
                subscription_ends: 40,
                delivered_twice: 40,
                ..FaultPlan::default()
            },
            process: None,
            areas: AREAS.clone(),
            aloud,
            trace: Vec::new(),
        }
    }

    pub fn trace(self) -> Vec<String> {
        self.trace
    }

    pub fn note(&mut self, what: impl Into<String>) {
        let what = what.into();
        if self.aloud {
            eprintln!("{what}");
        }
        self.trace.push(what);
    }

    /// Goes through a life of many steps, and sees that all comes right after it.
    pub async fn live(&mut self) {
        self.start().await;
        for _ in 0..self.random.random_range(5..15) {
            self.step().await;
        }
        self.recovers().await;
    }

    /// Starts the process, over a log that now and then answers badly. It may die while it does.
    pub async fn start(&mut self) {
        assert!(self.process.is_none());
        let machine = Arc::new(SimulatedMachine::on(self.disk.clone()));
        let mut settings = Settings::new(self.folder.path());
        settings.journal_bytes = 3 << 10;
        settings.memory_bytes = 2 << 10;
        settings.partitions = self.partitions;
        settings.machine = machine.clone();
        let plan = FaultPlan {
            seed: self.random.next_u64(),
            chunk: Some(self.random.random_range(1..30)),
            ..self.plan.clone()
        };
        let log = Arc::new(FaultLog::new(Arc::new(self.server.clone()), plan));
        match Projector::start(settings, log, self.areas.clone()) {
            Ok(projector) => self.process = Some(Process { projector, machine }),
            Err(_) if machine.is_dead() => self.note("it died while it started"),
            Err(error) => panic!("it did not start: {error}"),
        }
    }

    /// Ends the process at once. What it had not synced may be gone.
    pub async fn kill(&mut self) {
        let Some(process) = self.process.take() else {
            return;
        };
        process.machine.kill();
        drop(process);
        // What runs on is taken down by the runtime the next time that it looks.
        tokio::time::sleep(Duration::from_millis(1)).await;
        if self.random.random() {
            self.disk.lose_unsynced();
        }
    }

    pub async fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.projector.stop().await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Sends new events until they are acknowledged. The answer to some gets lost on its way.
    pub async fn publish(&mut self, count: u32) {
        let events = self.histories[self.mounted].events(count, &mut self.random);
        let plan = FaultPlan {
            seed: self.random.next_u64(),
            append_lost: 100,
            append_unanswered: 100,
            append_partly: 100,
            ..FaultPlan::default()
        };
        let log = FaultLog::new(Arc::new(self.server.clone()), plan);
        let piece = self.random.random_range(1..8_usize);
        for some in events.chunks(piece) {
            self.send(&log, some).await;
        }
    }

    async fn send(&self, log: &dyn EventLog, events: &[NewEvent]) {
        for _ in 0..50 {
            if log.append(events.to_vec()).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the events were not acknowledged in 50 attempts");
    }

    /// Lets time pass, or as much of it as the process lives.
    pub async fn pass(&mut self, time: Duration) {
        let Some(process) = &self.process else {
            return tokio::time::sleep(time).await;
        };
        tokio::select! {
            biased;
            () = process.machine.died() => {}
            () = tokio::time::sleep(time) => {}
        }
        if process.machine.is_dead() {
            self.note("the process died in a write");
            self.kill().await;
            self.start().await;
        }
    }

    pub fn status(&self) -> Option<Status> {
        let process = self.process.as_ref()?;
        Some(process.projector.views().status())
    }

    /// Whether `/readyz` would say that the views can be trusted.
    pub fn is_ready(&self, status: &Status) -> bool {
        let now = DateTime::<Utc>::from(self.server.time_of(Instant::now()));
        let lag = status.lag_seconds(now);
        let views = match status.progress {
            Progress::Live => true,
            Progress::CatchingUp => status.committed > 0,
            _ => false,
        };
        views && lag < MAX_LAG && status.unsaved.is_none()
    }

    /// The cells are those of what a log really has, up to where the view says that it is.
    pub async fn no_number_is_wrong(&mut self) {
        let Some(process) = &self.process else {
            return;
        };
        let views = process.projector.views();
        let status = views.status();
        let damaged =
            matches!(&status.progress, Progress::Failed(why) if why.contains("could not be read"));
        if damaged {
            return;
        }
        let found = views.read(|view| view.cells().export());
        let aside: Vec<u64> = views.quarantine().iter().map(|q| q.position).collect();
        let at = status.position;
        let mut right = Vec::new();
        for number in 0..self.histories.len() {
            if at <= self.histories[number].head().await
                && self.histories[number].cells(at).await == found
                && self.histories[number].unreadable(at).await == aside
            {
                right.push(number);
            }
        }
        let mut digest = DefaultHasher::new();
        found.hash(&mut digest);
        let line = format!(
            "  {} at {at} of {}, saved {}, {} aside, {} writes, cells {:016x}",
            status.progress.word(),
            status.head,
            status.committed,
            aside.len(),
            self.disk.writes(),
            digest.finish()
        );
        self.note(line);
        assert!(
            !right.is_empty(),
            "wrong numbers: the cells at position {at} are those of no log's first {at} events; {status:?}"
        );
        // What it says of the log that is there is looked at by `what_is_ready_is_right`.
        assert!(
            self.mounted != OWN || self.histories.len() > 1 || right == [OWN],
            "{right:?}"
        );
    }

    /// After a while without anything new: a view that says it is ready is at the end of the log that is there, and that log
    /// has lost nothing that the view has not.
    pub async fn what_is_ready_is_right(&mut self) {
        self.no_number_is_wrong().await;
        let Some(status) = self.status() else {
            return;
        };
        if !self.is_ready(&status) {
            return;
        }
        let head = self.histories[self.mounted].head().await;
        assert_eq!(status.position, head, "ready, and behind: {status:?}");
        let missing = self.lost.range(status.position + 1..).count();
        assert_eq!(missing, 0, "ready over a log that lost events: {status:?}");
        let views = self.process.as_ref().unwrap().projector.views();
        let found = views.read(|view| view.cells().export());
        assert!(
            found == self.histories[self.mounted].cells(head).await,
            "ready with the numbers of another log: {status:?}"
        );
    }

    /// All faults end; the view becomes ready by itself, or with the rebuild that it asks for, and stays so over a restart.
    async fn recovers(&mut self) {
        self.note("all faults end");
        self.disk.meets(Trouble::None);
        self.server.away(false);
        self.server.deliver(Delivery::Going);
        self.server.find_all();
        self.lost.clear();
        if self.mounted != OWN {
            self.mount(OWN).await;
        }
        if self.process.is_none() {
            self.start().await;
        }
        self.comes_right().await;
        self.stop().await;
        self.partitions = [Some(1), Some(8), None][self.random.random_range(0..3)];
        self.start().await;
        self.comes_right().await;
        self.stop().await;
    }

    pub async fn comes_right(&mut self) {
        for _ in 0..12 {
            self.pass(WHILE).await;
            let head = self.histories[OWN].head().await;
            let status = self.status().unwrap();
            if status.other_log {
                self.note("  it asks for a rebuild");
                // Over a log that answers badly now and then it may take another.
                self.rebuild().await;
                continue;
            }
            let saved = status.unsaved.is_none() && status.committed == head;
            if self.is_ready(&status) && status.position == head && saved {
                return self.what_is_ready_is_right().await;
            }
        }
        panic!("it does not become ready again: {:?}", self.status());
    }

    /// Puts another log on the server.
    pub async fn mount(&mut self, number: usize) {
        let history = &self.histories[number];
        let events = usize::try_from(history.head().await).unwrap();
        self.server.swap(Contents::of(history.log.clone(), events));
        (self.mounted, self.lost) = (number, BTreeSet::new());
    }
}
