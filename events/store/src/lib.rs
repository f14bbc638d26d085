//! A durable key-value store: sled behind one small trait, made safe against power cuts.
//!
//! [`Store`] is the seam, [`DurableStore`] the real one, `memory::MemoryStore` a stand-in for tests that breaks on
//! demand. What the durable one adds to sled 0.34.7:
//!
//! * **A commit survives a power cut.** sled's own `flush` asks the kernel to write file ranges out but leaves the
//!   file's size and block map in memory. [`Durability::Synced`] follows it with an fsync of every changed file and of
//!   the folder.
//! * **A changed byte is noticed.** sled does not check a value when it is read. Here a CRC32C stands before each value
//!   and covers its key too, and a running digest of all rows finds rows that vanished or went back in time.
//! * **A lost tail is noticed.** sled opens a truncated file as an empty database and reports nothing. A small file
//!   beside it, the mark, remembers which store this is and how many commits it had.
//! * **A damaged folder is an error, not a panic.** For a cache, [`DurableStore::open_or_move_aside`] starts afresh.
//!
//! What is large and seldom read lies beside it in a [`SortedFile`], which costs no memory but its index. What is small and
//! stands alone is a file that is put in place whole ([`write_in_place`]).
//!
//! **Architecture invariant:** `engine.rs` is the only file that calls sled, and it uses one tree.

#[cfg(any(test, feature = "test-support"))]
pub mod memory;

pub mod salvage;
mod segments;

mod batch;
mod checksum;
mod content;
mod durable;
mod engine;
mod error;
mod folder;
mod in_place;
mod mark;
mod sorted;
mod state;
mod trial;

pub use batch::Batch;
pub use durable::{Check, DurableStore, MovedAside, Options};
pub use error::{CommitError, OpenError, ReadError};
pub use in_place::{put_in_place, write_in_place};
pub use sorted::{SortedFile, SortedWriter};

/// One row as read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its key.
    pub key: Vec<u8>,
    /// Its value, checked against its checksum.
    pub value: Vec<u8>,
}

/// Rows in key order. An error ends the sequence.
pub type Rows<'a> = Box<dyn Iterator<Item = Result<Row, ReadError>> + Send + 'a>;

/// What must have happened before a commit returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::manual_non_exhaustive,
    reason = "the hidden one is for a test; there are no others to come"
)]
pub enum Durability {
    /// The batch, and every batch before it, is on the disk and survives a power cut.
    Synced,
    /// The batch can be read, and nothing more: a crash may take it back. Whole batches go, the newest first, never a
    /// part of one. [`Store::sync`] makes all that was committed so far durable.
    Lazy,
    /// sled's `flush` alone. **Not durable**: it is here so that the power-cut test can show that it would notice.
    #[doc(hidden)]
    FlushOnly,
}

/// What a scrub went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// Rows read and found right.
    pub rows: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
}

/// An ordered map from keys to values, changed by atomic batches.
///
/// What every store keeps:
/// 1. A batch is applied whole or not at all, whatever happens.
/// 2. Commits take effect in the order in which they returned.
/// 3. A read gives what was committed last or an error, never anything else.
/// 4. A scan takes no snapshot: a commit that lands meanwhile may be seen for the rows that are still to come.
/// 5. Keys are ordered as bytes, so numbers in keys are written big-endian. The first byte of a key is not 0: those
///    keys are the store's own.
///
/// All calls block; from asynchronous code call them on a thread that may.
pub trait Store: Send + Sync + 'static {
    /// The value of one key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError>;

    /// The rows whose key begins with `prefix` and is not below `from`, in key order. Either may be empty.
    fn scan(&self, prefix: &[u8], from: &[u8]) -> Rows<'_>;

    /// The row with the greatest key that begins with `prefix`.
    fn last(&self, prefix: &[u8]) -> Result<Option<Row>, ReadError>;

    /// Applies a batch. After [`CommitError::ReservedKey`] and [`CommitError::DiskFull`] nothing was applied and the
    /// store goes on. Any other error leaves open whether the batch is in: it is whole or absent when the store is next
    /// opened, and until then the store takes no further commits.
    ///
    /// A batch is held in memory about three times over while it is applied, the caller's own included. Split what is larger than some 8 MB into
    /// several [`Durability::Lazy`] commits and end with a [`Durability::Synced`] one that makes the rest count, for
    /// instance by writing the checkpoint.
    fn commit(&self, batch: &Batch, durability: Durability) -> Result<(), CommitError>;

    /// Makes every batch committed so far durable.
    fn sync(&self) -> Result<(), CommitError>;

    /// The space the store takes up, in bytes, approximately.
    fn size_on_disk(&self) -> Result<u64, ReadError>;

    /// Reads every row and checks it, and checks that none is missing. Commits wait meanwhile; reads do not.
    fn scrub(&self) -> Result<Scrubbed, ReadError>;
}
