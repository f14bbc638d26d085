//! Which numbers of people readers get: those of today's edition.

use crate::app::App;
use joinedup_projector::Progress;
use joinedup_views::ask::Edition;
use joinedup_views::suppression::Audience;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The edition that readers get, from when one of them first asked.
#[derive(Default)]
pub struct Editions {
    kept: Mutex<Option<Arc<Edition>>>,
    /// Its position: who waits for news must not wait for the next edition to be taken.
    position: AtomicU64,
}

impl App {
    /// Takes the next edition when it is due and one has been given out, so that its time is that of the morning and not
    /// that of whoever asks first.
    pub fn renew_edition(&self) {
        let is_given = self
            .editions
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some();
        if is_given {
            let _ = self.edition(Audience::Public);
        }
    }

    /// The position of the log that an audience is shown: that of the views, which goes up with each event, for those who
    /// see the numbers of now; for others that of the last edition.
    #[must_use]
    pub fn position(&self, audience: Audience) -> u64 {
        let of_views = || self.views.as_ref().map(|views| views.status().position);
        match audience {
            Audience::Operations => of_views().unwrap_or_default(),
            Audience::Public | Audience::Neighbours => {
                self.editions.position.load(Ordering::Acquire)
            }
        }
    }

    /// The edition of the numbers of people that an audience gets: none for those who work with the numbers of now, nor
    /// before the views have first caught up. It takes its turn with folding: ask for it before the view.
    #[must_use]
    pub fn edition(&self, audience: Audience) -> Option<Arc<Edition>> {
        let views = match audience {
            Audience::Operations => None,
            Audience::Public | Audience::Neighbours => self.views.as_ref(),
        }?;
        let (now, status) = (self.now(), views.status());
        // Whoever panicked while holding it left an edition that is whole.
        let mut kept = self
            .editions
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let lasts = kept
            .as_ref()
            .is_some_and(|edition| !edition.is_over(now, status.position));
        // Before the log was ever reached, the views are of a part of it.
        if !lasts && status.progress == Progress::Live {
            let edition = views.read(|view| Edition::of(view, now));
            let position = &self.editions.position;
            position.store(edition.position(), Ordering::Release);
            *kept = Some(Arc::new(edition));
        }
        kept.clone()
    }
}
