//! The projector: it reads the log after its checkpoint, folds what it reads into the view, and keeps cells, new facts
//! and checkpoint together in one store. Older facts lie beside it in files, of which memory holds an index alone.
//!
//! Readers see a folded event at once; the commit follows within a second. A crash anywhere means folding at most
//! the uncommitted tail again, with the same result: facts are sets, and the checkpoint is in the batch of the rows
//! that it covers.
//!
//! **Architecture invariants.** The view is a cache of the log: deleting the folder loses nothing. A view moves only
//! over the log it was built from: when the log was made anew, cut short or restored from an older copy, the
//! projector stops and says so.

mod ahead;
mod cells;
mod checkpoint;
mod committer;
mod decode;
mod facts;
mod fence;
mod folder;
mod machine;
mod observer;
mod opening;
mod projector;
mod reader;
mod rebuild;
mod saved;
#[cfg(test)]
mod simulation;
mod status;

pub use ahead::folded;
pub use checkpoint::Quarantined;
pub use fence::FenceError;
pub use folder::FolderError;
pub use opening::{MAX_PARTITIONS, Settings, StartError};
pub use projector::Projector;
pub use saved::SaveError;
pub use status::{Progress, Status, Views};
