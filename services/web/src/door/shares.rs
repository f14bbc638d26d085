//! So much of something for each caller, so that nobody takes all there is of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::Semaphore;

/// A share for each caller, as long as anything of it is held.
#[derive(Debug)]
pub struct Shares {
    each: usize,
    held: Mutex<HashMap<String, Weak<Semaphore>>>,
}

impl Shares {
    /// So much for each.
    #[must_use]
    pub fn new(each: usize) -> Self {
        Self {
            each,
            held: Mutex::default(),
        }
    }

    /// The share of a caller.
    pub fn of(&self, name: &str) -> Arc<Semaphore> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = held.get(name).and_then(Weak::upgrade) {
            return share;
        }
        held.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(self.each));
        held.insert(name.to_owned(), Arc::downgrade(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_share_of_their_own_which_is_forgotten_when_nothing_of_it_is_held() {
        let shares = Shares::new(2);
        let take = |name: &str| shares.of(name).try_acquire_owned().ok();
        let held = [take("one"), take("one"), take("other")];
        assert!(held.iter().all(Option::is_some) && take("one").is_none());
        drop(held);
        assert!(take("one").is_some());
        assert_eq!(shares.held.lock().unwrap().len(), 1);
    }
}
