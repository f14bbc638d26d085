//! Room for live streams.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for streams: each lasts, and holds a connection all the while.
#[derive(Clone, Debug)]
pub struct Streams(Arc<Semaphore>);

impl Streams {
    /// Room for so many at a time.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most)))
    }

    /// A place for one more, which is given back when it is dropped; none when there is no room.
    #[must_use]
    pub fn enter(self) -> Option<OwnedSemaphorePermit> {
        self.0.try_acquire_owned().ok()
    }
}
