//! How an embedded log is set up, and why it did not open.

use std::time::Duration;

use joinedup_store::{self as store, Options};

/// Settings of an embedded log.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// Memory for recently read rows, in bytes.
    pub cache_bytes: u64,
    /// How long the id of an event is remembered, so that a repeat is not stored twice.
    pub window: Duration,
    /// How many ids are remembered at most.
    pub window_ids: usize,
    /// The newest events that are kept in memory for subscribers, in bytes.
    pub tail_bytes: usize,
    /// Appends are refused while less than this is free on the disk, in bytes.
    pub reserve_bytes: u64,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 4 << 20,
            window: Duration::from_secs(2 * 60 * 60),
            window_ids: 1_000_000,
            tail_bytes: 8 << 20,
            reserve_bytes: Options::default().reserve_bytes,
        }
    }
}

/// Why an embedded log did not open.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedOpenError {
    /// The store below it did not open, e.g. because another process has it open.
    #[error("the log did not open: {0}")]
    Store(store::OpenError),
    /// What is in the folder is not a whole log.
    #[error("the log in {path} is damaged: {}", damaged(what))]
    Damaged {
        /// The log's folder.
        path: String,
        /// What was found, in a sentence.
        what: String,
    },
    /// The log was to be made, or its writer to be started, and that failed.
    #[error("the log in {path} could not be set up: {what}")]
    SetUp {
        /// The log's folder.
        path: String,
        /// What failed, in a sentence.
        what: String,
    },
}

/// What was found damaged, and what to do about it.
pub(super) fn damaged(what: &str) -> String {
    format!(
        "{what}. Rebuild nothing and keep its folder as it is: take out what is whole with `joinedup salvage`, and restore \
         the archive with that after it"
    )
}

impl From<store::OpenError> for EmbeddedOpenError {
    fn from(error: store::OpenError) -> Self {
        match error {
            store::OpenError::Damaged { path, what } => Self::Damaged {
                path: path.display().to_string(),
                what,
            },
            other => Self::Store(other),
        }
    }
}
