//! What has begun to record something is finished and written down, whether or not its client still waits: the connection
//! of one that hangs up is dropped, and its answer with it.

use super::places::{Place, Working};
use axum::response::Response;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio_util::task::TaskTracker;

/// Whether a handler was asked. Until then nothing can have been recorded: whoever hangs up in the middle of a body has
/// sent nothing.
#[derive(Clone, Debug, Default)]
pub struct Begun(Arc<AtomicBool>);

impl Begun {
    /// The handler is asked now.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Keeps the place of a connection busy, also when it is over: hanging up makes no room for more work.
#[must_use]
pub fn held(place: &Arc<Place>) -> (Arc<Place>, Working) {
    (place.clone(), place.activity.working())
}

/// All answers that record something.
#[derive(Clone, Debug, Default)]
pub struct Unfinished(TaskTracker);

impl Unfinished {
    /// An answer that is worked out where it is waited for and, once it has begun, by itself when nobody waits any more.
    pub fn finishing(
        &self,
        begun: Begun,
        work: impl Future<Output = Response> + Send + 'static,
    ) -> Finishing {
        Finishing {
            begun,
            work: Some(Box::pin(self.0.track_future(work))),
        }
    }

    /// Waits until there are none. No further ones may come.
    pub async fn ended(&self) {
        self.0.close();
        self.0.wait().await;
    }
}

/// See [`Unfinished::finishing`].
pub struct Finishing {
    begun: Begun,
    /// None when it is done.
    work: Option<Pin<Box<dyn Future<Output = Response> + Send>>>,
}

impl Future for Finishing {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        // Taken out, so that one that panics is not asked again.
        let Some(mut work) = self.work.take() else {
            return Poll::Pending;
        };
        let answer = work.as_mut().poll(cx);
        if answer.is_pending() {
            self.work = Some(work);
        }
        answer
    }
}

impl Drop for Finishing {
    fn drop(&mut self) {
        if let Some(work) = self.work.take()
            && self.begun.is_begun()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;
    use tokio::sync::oneshot;

    /// Whether the rest of an answer that nobody waits for is worked out.
    async fn is_finished(is_begun: bool) -> bool {
        let (unfinished, begun) = (Unfinished::default(), Begun::default());
        if is_begun {
            begun.begin();
        }
        let (go_on, waits) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let mut answer = unfinished.finishing(begun, async move {
            let _ = waits.await;
            let _ = done.send(());
            "done".into_response()
        });
        assert!(futures::poll!(&mut answer).is_pending());
        drop(answer);
        let _ = go_on.send(());
        unfinished.ended().await;
        is_done.await.is_ok()
    }

    #[tokio::test]
    async fn what_has_begun_is_finished_when_nobody_waits_and_what_has_not_is_dropped() {
        assert!(is_finished(true).await);
        assert!(!is_finished(false).await);
    }
}
