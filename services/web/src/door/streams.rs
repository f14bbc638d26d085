//! Room for live streams.

use super::auth::Caller;
use super::problem::Problem;
use super::shares::Shares;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for streams: each lasts, and holds a connection all the while. A caller has a quarter of it.
#[derive(Clone, Debug)]
pub struct Streams {
    all: Arc<Semaphore>,
    shares: Arc<Shares>,
}

/// The place of one stream, which is given back when it is dropped.
pub type Place = (Option<OwnedSemaphorePermit>, OwnedSemaphorePermit);

impl Streams {
    /// Room for so many at a time.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(most)),
            shares: Arc::new(Shares::new(most.div_ceil(4))),
        }
    }

    /// A place for one more of a caller.
    ///
    /// # Errors
    /// 429 when the caller has as many as one may have, 503 when all are taken.
    pub fn enter(self, caller: &Caller) -> Result<Place, Problem> {
        let own = caller
            .shares_as()
            .map(|name| self.shares.of(name).try_acquire_owned());
        let share = own.transpose().map_err(|_| {
            Problem::too_many("You have as many live streams open as one caller may have: end some, or reload the page by hand")
        })?;
        let place = self.all.try_acquire_owned().map_err(|_| {
            Problem::unavailable("As many live streams are open as there may be: ask again in a moment, or reload the page by hand")
        })?;
        Ok((share, place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    #[test]
    fn nobody_takes_all_streams_and_anybody_on_this_machine_may() {
        let streams = Streams::new(8);
        let enter = |caller: &Caller| {
            let entered = streams.clone().enter(caller);
            entered.map_err(|problem| problem.into_response().status().as_u16())
        };
        let of = |name: &str| Caller::new(name.to_owned(), [].into());
        let held = [enter(&of("wall")), enter(&of("wall"))];
        assert!(held.iter().all(Result::is_ok));
        assert_eq!(enter(&of("wall")).err(), Some(429));
        assert!(enter(&of("ward")).is_ok());
        drop(held);
        let local: Vec<Place> = (0..8)
            .filter_map(|_| enter(&Caller::local()).ok())
            .collect();
        assert_eq!((local.len(), enter(&of("wall")).err()), (8, Some(503)));
    }
}
