//! Why opening, reading and committing fail. No message holds a key or a value.

use std::io;
use std::path::{Path, PathBuf};

/// Why a store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another part of this one, has it open.
    #[error("the store in {} is in use by another process: stop that process, or give this one another folder", path.display())]
    Locked {
        /// The store's folder.
        path: PathBuf,
    },
    /// The process may not read or write the folder.
    #[error("the store in {} may not be read or written by this user: check the owner and the mode of the folder, and whether its disk is mounted read-only", path.display())]
    NotPermitted {
        /// The store's folder.
        path: PathBuf,
    },
    /// There is no space to open it (opening writes a little).
    #[error("the disk that holds the store in {} is full: free some space and start again", path.display())]
    DiskFull {
        /// The store's folder.
        path: PathBuf,
    },
    /// What is there is not what was committed.
    #[error("the store in {} is damaged: {what}", path.display())]
    Damaged {
        /// The store's folder.
        path: PathBuf,
        /// What was found, in a sentence.
        what: String,
    },
    /// It was written by a version of this program that stores differently.
    #[error("the store in {} has another format: {what}", path.display())]
    OtherFormat {
        /// The store's folder.
        path: PathBuf,
        /// What was found, in a sentence.
        what: String,
    },
    /// The operating system refused something else.
    #[error("the store in {} cannot be opened: {what}", path.display())]
    Io {
        /// The store's folder.
        path: PathBuf,
        /// The operating system's error.
        what: String,
    },
}

impl OpenError {
    /// Whether the folder's content is at fault, so that a cache may be moved aside and made again.
    #[must_use]
    pub fn is_about_content(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::OtherFormat { .. })
    }

    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        let path = path.to_path_buf();
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NotPermitted { path }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io {
                path,
                what: error.to_string(),
            },
        }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_path_buf(),
            what: what.into(),
        }
    }
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// What is there is not what was committed.
    #[error("the store in {} is damaged: {what}", path.display())]
    Damaged {
        /// The store's folder.
        path: PathBuf,
        /// What was found, in a sentence.
        what: String,
    },
    /// The operating system refused.
    #[error("the store in {} cannot be read: {what}", path.display())]
    Io {
        /// The store's folder.
        path: PathBuf,
        /// The operating system's error.
        what: String,
    },
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Damaged { path, what } => Self::Damaged { path, what },
            ReadError::Io { path, what } => Self::Io { path, what },
        }
    }
}

/// Why a commit failed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The batch changes a key that is empty or begins with the byte 0. Nothing was applied.
    #[error(
        "a key is empty or begins with the byte 0, and such keys are the store's own; nothing was committed"
    )]
    ReservedKey,
    /// There is too little space left. Nothing was committed, and the next commit may succeed.
    #[error("the disk that holds the store in {} is full or nearly so: free some space", path.display())]
    DiskFull {
        /// The store's folder.
        path: PathBuf,
    },
    /// The system has no file to spare. Nothing was committed, and the next commit may succeed.
    #[error("the store in {} needs a file and the system has none to spare ({what}): close some, or raise the limit (ulimit -n)", path.display())]
    NoFile {
        /// The store's folder.
        path: PathBuf,
        /// The system's error.
        what: String,
    },
    /// Writing failed. The store takes no more commits until it is opened again.
    #[error("the store in {} could not be written: {what}; open it again", path.display())]
    Failed {
        /// The store's folder.
        path: PathBuf,
        /// What was found, in a sentence.
        what: String,
    },
    /// What is there is not what was committed, so nothing is added to it; opening it again does not mend that.
    #[error("the store in {} is damaged: {what}", path.display())]
    Damaged {
        /// The store's folder.
        path: PathBuf,
        /// What was found, in a sentence.
        what: String,
    },
    /// An earlier commit failed, so what is in memory and what is on the disk may differ.
    #[error("the store in {} takes no commits since one failed ({what}): open it again", path.display())]
    Stopped {
        /// The store's folder.
        path: PathBuf,
        /// Why the earlier one failed.
        what: String,
    },
}

impl CommitError {
    /// Nothing was committed for want of something that may come back: the same commit may succeed later.
    #[must_use]
    pub fn is_for_now(&self) -> bool {
        matches!(self, Self::DiskFull { .. } | Self::NoFile { .. })
    }
}
