//! The log inside the process: no server, one folder, on the durable store.
//!
//! Appends from everywhere go to one writer. It takes all that wait, packs their events into rows, makes them durable
//! with one commit and one fsync, shows them to readers, and answers. So an answer means *on the disk*, readers never see
//! what a power cut could take back, and many small appends share the price of one fsync.
//!
//! **The log is the truth.** A damaged log is an error that says so, never an empty log: nothing here moves it aside or
//! repairs it. Restore it from an archive (see [`archive`](crate::archive)) instead.
//!
//! Memory: the last position of every subject (some 100 bytes per distinct subject), the ids within the window for
//! repeats (some 26 bytes each), the newest events ([`EmbeddedOptions::tail_bytes`]), and the store's cache.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use joinedup_store::{self as store, Check, CommitError, Durability, DurableStore, Options, Store};
use tokio::sync::{OnceCell, mpsc, oneshot, watch};

use crate::{
    AppendError, Appended, Batch, EventLog, LogIdentity, NewEvent, Position, ReadError,
    RecordedEvent, Subscription, Unwritable,
};
use loaded::Loaded;
use row::{EVENTS, IDENTITY, SUBJECTS};
use rows::{broken_row, read_error, rows};
use tail::Tail;
use writer::{Request, Writer};

pub use options::{EmbeddedOpenError, EmbeddedOptions};

mod loaded;
mod options;
mod row;
mod rows;
pub mod salvage;
mod tail;
#[cfg(test)]
mod tests;
mod window;
mod writer;

/// The most events in one batch of a subscription.
const BATCH_EVENTS: usize = 8192;
/// After so many events were read, what the store holds of them in memory is worth giving back.
const LONG_READ: usize = 50_000;
/// The same where they are read slowly, while nobody else may read for a long time.
const LONG_CHECK: usize = 20_000;
/// The most bytes of payload one read gathers.
const READ_BYTES: usize = 32 << 20;
/// Appends that may wait for the writer; more wait to be let in.
const WAITING: usize = 4096;
const FORMAT: &[u8] = b"joinedup-log 1\n";

/// An [`EventLog`] in a folder, for one process. Closed when dropped; subscriptions end then.
pub struct EmbeddedLog {
    shared: Arc<Shared>,
    head: watch::Receiver<u64>,
    requests: Option<mpsc::Sender<Request>>,
    writer: Option<JoinHandle<()>>,
    /// The writer has read what it reads before the first append.
    began: OnceCell<()>,
}

/// What the writer, the readers and the subscriptions share.
struct Shared {
    store: DurableStore,
    identity: LogIdentity,
    recent: RwLock<Recent>,
    /// Why nothing is appended any more, once that is so.
    stopped: OnceLock<Unwritable>,
    /// So many events were read from the store since memory was last given back.
    read_events: AtomicUsize,
}

/// What is known without reading. Always as of one commit.
struct Recent {
    tail: Tail,
    last_on_subject: HashMap<String, u64>,
}

impl EmbeddedLog {
    /// Opens the log in a folder, or makes one. Blocks while it reads the events since the index was last written (at most
    /// some 50,000). Those within the window for repeats are read before the first append, or when
    /// [`writable`](EventLog::writable) is first asked; where they are damaged, it says so and nothing is appended.
    ///
    /// # Errors
    /// See [`EmbeddedOpenError`].
    pub fn open(
        path: impl AsRef<Path>,
        options: EmbeddedOptions,
    ) -> Result<Self, EmbeddedOpenError> {
        let path = path.as_ref();
        let name = || path.display().to_string();
        let unread = |error| match error {
            ReadError::Broken(what) => EmbeddedOpenError::Damaged { path: name(), what },
            ReadError::Away(what) => EmbeddedOpenError::SetUp { path: name(), what },
        };
        // Not a full check: reading checks every row and that positions follow on each other.
        let store = DurableStore::open(
            path,
            Options {
                cache_bytes: options.cache_bytes,
                check: Check::Quick,
                reserve_bytes: options.reserve_bytes,
                only_copy: true,
            },
        )?;
        let identity = identity(&store).map_err(unread)?;
        let identity = match identity {
            Some(identity) => identity,
            None => {
                let identity = uuid::Uuid::new_v4().to_string();
                let mut batch = store::Batch::new();
                batch.put(IDENTITY, &[FORMAT, identity.as_bytes()].concat());
                store.commit(&batch, Durability::Synced).map_err(|error| {
                    EmbeddedOpenError::SetUp {
                        path: name(),
                        what: error.to_string(),
                    }
                })?;
                LogIdentity(identity)
            }
        };
        let loaded = Loaded::from(&store).map_err(unread)?;
        let (head_sender, head) = watch::channel(loaded.head);
        let shared = Arc::new(Shared {
            store,
            identity,
            recent: RwLock::new(Recent {
                tail: Tail::new(options.tail_bytes),
                last_on_subject: loaded.last_on_subject,
            }),
            stopped: OnceLock::new(),
            read_events: AtomicUsize::new(0),
        });
        let (requests, receiver) = mpsc::channel(WAITING);
        let writer = Writer {
            shared: shared.clone(),
            requests: receiver,
            head: head_sender,
            options,
            unindexed: loaded.unindexed,
            indexed: loaded.indexed,
        };
        let writer = std::thread::Builder::new()
            .name("log-writer".into())
            .spawn(move || writer.run())
            .map_err(|error| EmbeddedOpenError::SetUp {
                path: name(),
                what: error.to_string(),
            })?;
        Ok(Self {
            shared,
            head,
            requests: Some(requests),
            writer: Some(writer),
            began: OnceCell::new(),
        })
    }

    /// The space the log takes up on the disk, in bytes.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn size_on_disk(&self) -> Result<u64, ReadError> {
        self.shared.store.size_on_disk().map_err(read_error)
    }

    /// Hands events to the writer and waits for its answer.
    async fn request(&self, events: Vec<NewEvent>) -> Result<Vec<Appended>, AppendError> {
        let gone =
            || AppendError::Unconfirmed("the log's writer has stopped: open the log again".into());
        let (answer, answered) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or_else(gone)?;
        requests
            .send(Request { events, answer })
            .await
            .map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// Has the writer read what it needs before the first append.
    async fn begin(&self) -> Result<(), AppendError> {
        self.request(Vec::new()).await.map(drop)
    }

    /// Reads and checks the whole log. Appends wait meanwhile.
    ///
    /// # Errors
    /// [`ReadError::Broken`] when anything in it is not as it was written.
    pub fn scrub(&self) -> Result<store::Scrubbed, ReadError> {
        self.shared.store.scrub().map_err(read_error).map_err(told)
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(writer) = self.writer.take() {
            // It ends when the appends that wait are written; it does not panic, and if it did there would be nobody to report it to.
            let _ = writer.join();
        }
    }
}

#[async_trait]
impl EventLog for EmbeddedLog {
    async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<Appended>, AppendError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        self.request(events).await
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        let head = *self.head.borrow();
        Shared::read(&self.shared, after, limit, head).await
    }

    async fn subscribe(&self, after: Position) -> Result<Box<dyn Subscription>, ReadError> {
        Ok(Box::new(EmbeddedSubscription {
            shared: self.shared.clone(),
            head: self.head.clone(),
            after,
        }))
    }

    async fn head(&self) -> Result<Position, ReadError> {
        Ok(Position(*self.head.borrow()))
    }

    async fn identity(&self) -> Result<LogIdentity, ReadError> {
        Ok(self.shared.identity.clone())
    }

    async fn last_on_subject(&self, subject: &str) -> Result<Option<RecordedEvent>, ReadError> {
        let Some(position) = self.shared.last_position(subject) else {
            return Ok(None);
        };
        let event = Shared::read(&self.shared, Position(position - 1), 1, position)
            .await?
            .pop();
        match event {
            Some(event) if event.subject == subject => Ok(Some(event)),
            _ => Err(told(ReadError::Broken(format!(
                "the event at position {position} is not on the subject it was on"
            )))),
        }
    }

    async fn stored_after(&self, after: Position) -> Result<Option<SystemTime>, ReadError> {
        if after.0 >= *self.head.borrow() {
            return Ok(None);
        }
        let first = move |shared: &Shared| match rows(&shared.store, after.0).next() {
            Some(Ok(row)) => Ok(UNIX_EPOCH.checked_add(Duration::from_millis(row.written_at))),
            Some(Err(error)) => Err(error),
            None => Ok(None),
        };
        self.shared.blocking(first).await
    }

    async fn writable(&self) -> Result<(), Unwritable> {
        // Damage that would end the first append is known before it: at the first question after a start.
        let begun = self.began.get_or_try_init(|| self.begin()).await;
        if let Some(why) = self.shared.stopped.get() {
            return Err(why.clone());
        }
        begun.map_err(|error| Unwritable::ForNow(error.to_string()))?;
        let asked = self.shared.blocking(|shared| Ok(shared.store.writable()));
        match asked.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.is_for_now() => Err(Unwritable::ForNow(error.to_string())),
            Ok(Err(CommitError::Damaged { what, .. })) => Err(Unwritable::Damaged(format!(
                "the log is damaged: {}",
                options::damaged(&what)
            ))),
            Ok(Err(error)) => Err(Unwritable::ForGood(error.to_string())),
            Err(error) => Err(Unwritable::ForNow(error.to_string())),
        }
    }

    async fn check(&self, after: Position, limit: usize) -> Result<Option<Position>, ReadError> {
        let head = *self.head.borrow();
        let left = usize::try_from(head.saturating_sub(after.0)).unwrap_or(usize::MAX);
        let limit = limit.min(left);
        if limit == 0 {
            return Ok(None);
        }
        let checked = move |shared: &Shared| {
            let events = shared.read_rows(after, limit, head)?;
            if shared.read_events.load(Ordering::Relaxed) > LONG_CHECK {
                shared.trim_cache()?;
            }
            Ok(events)
        };
        let events = self.shared.blocking(checked).await?;
        Ok(events.last().map(|event| event.position))
    }
}

struct EmbeddedSubscription {
    shared: Arc<Shared>,
    head: watch::Receiver<u64>,
    after: Position,
}

#[async_trait]
impl Subscription for EmbeddedSubscription {
    async fn next(&mut self) -> Result<Batch, ReadError> {
        loop {
            let head = *self.head.borrow_and_update();
            if self.after.0 < head {
                let events = Shared::read(&self.shared, self.after, BATCH_EVENTS, head).await?;
                if let Some(last) = events.last() {
                    self.after = last.position;
                    return Ok(Batch {
                        events,
                        head: Position(head),
                    });
                }
            }
            if self.shared.read_events.load(Ordering::Relaxed) > LONG_READ {
                self.shared.blocking(Shared::trim_cache).await?;
            }
            self.head
                .changed()
                .await
                .map_err(|_| ReadError::Away("it was closed".into()))?;
        }
    }
}

impl Shared {
    /// The last position on a subject, of those that can be read.
    fn last_position(&self, subject: &str) -> Option<u64> {
        self.recent
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .last_on_subject
            .get(subject)
            .copied()
    }

    /// Takes up what a commit made durable.
    fn publish(&self, by_subject: HashMap<String, u64>, push: impl FnOnce(&mut Tail)) {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        recent.last_on_subject.extend(by_subject);
        push(&mut recent.tail);
    }

    async fn read(
        shared: &Arc<Self>,
        after: Position,
        limit: usize,
        head: u64,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let available = usize::try_from(head.saturating_sub(after.0)).unwrap_or(usize::MAX);
        let limit = limit.min(available);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let recent = shared
            .recent
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .tail
            .after(after, limit);
        if let Some(events) = recent {
            return Ok(events);
        }
        shared
            .blocking(move |shared| shared.read_rows(after, limit, head))
            .await
    }

    /// Gives back the memory that reading many events has taken.
    fn trim_cache(&self) -> Result<(), ReadError> {
        self.read_events.store(0, Ordering::Relaxed);
        // The rows of the index are small.
        let trimmed = self.store.trim_cache(&[SUBJECTS, EVENTS]);
        trimmed.map_err(read_error)
    }

    /// Reads on a thread that may wait for the disk.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Self) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let shared = self.clone();
        tokio::task::spawn_blocking(move || read(&shared))
            .await
            .map_err(|error| ReadError::Away(format!("reading was interrupted: {error}")))?
            .map_err(told)
    }

    fn read_rows(
        &self,
        after: Position,
        limit: usize,
        head: u64,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let events = self.events_of_rows(after, limit, head)?;
        self.read_events.fetch_add(events.len(), Ordering::Relaxed);
        Ok(events)
    }

    fn events_of_rows(
        &self,
        after: Position,
        limit: usize,
        head: u64,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let mut events = Vec::with_capacity(limit.min(BATCH_EVENTS));
        let mut bytes = 0;
        for row in rows(&self.store, after.0) {
            let row = match row {
                // What is whole before the damage is read; who reads on from there meets it.
                Err(_) if !events.is_empty() => return Ok(events),
                row => row?,
            };
            for event in row.events() {
                let (event, _) = event.ok_or_else(|| broken_row(&row))?;
                if event.position > after {
                    bytes += event.payload.len();
                    events.push(event);
                }
                if events.len() == limit || bytes > READ_BYTES {
                    return Ok(events);
                }
            }
        }
        let last = events.last().map_or(after.0, |event| event.position.0);
        Err(ReadError::Broken(format!(
            "it ends at position {last} and should go on to {head}"
        )))
    }
}

/// An error as it is told outside: damage with what to do about it.
fn told(error: ReadError) -> ReadError {
    match error {
        ReadError::Broken(what) => ReadError::Broken(options::damaged(&what)),
        away @ ReadError::Away(_) => away,
    }
}

/// None: nothing was ever written here.
fn identity(store: &DurableStore) -> Result<Option<LogIdentity>, ReadError> {
    let broken = |what: &str| ReadError::Broken(what.to_owned());
    let value = store.get(IDENTITY).map_err(read_error)?;
    match value {
        Some(value) => {
            let identity = value
                .strip_prefix(FORMAT)
                .and_then(|id| std::str::from_utf8(id).ok());
            identity
                .map(|id| Some(LogIdentity(id.to_owned())))
                .ok_or_else(|| broken("its identity is unreadable"))
        }
        None if store.scan(b"", b"").next().is_none() => Ok(None),
        None => Err(broken("it holds rows and has no identity")),
    }
}
