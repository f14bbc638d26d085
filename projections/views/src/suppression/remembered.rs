//! What was decided last. Whoever looks at a chart taken apart asks for one value of a dimension after the other, and what is
//! suppressed of one is decided with all of them.

use super::among::At;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Which points are suppressed, by slice.
pub(super) type Hidden = BTreeSet<(usize, At)>;

/// A decision, by all that it depends on.
type Decision = (String, Arc<Hidden>);

/// Decisions of the last questions.
#[derive(Clone, Debug, Default)]
pub struct Remembered(Arc<Mutex<Vec<Decision>>>);

/// How many are kept: the lengths of period of one question.
const MAX_DECISIONS: usize = 8;

impl Remembered {
    /// The decision of a key, made if it is not known, and not kept without a key.
    pub(super) fn decide(
        &self,
        key: Option<String>,
        decide: impl FnOnce() -> Hidden,
    ) -> Arc<Hidden> {
        let Some(key) = key else {
            return Arc::new(decide());
        };
        // A thread that panicked left the list as it was.
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, hidden)) = known().iter().find(|(of, _)| *of == key) {
            return hidden.clone();
        }
        // Not under the lock: others need not wait for it.
        let hidden = Arc::new(decide());
        let mut all = known();
        all.truncate(MAX_DECISIONS - 1);
        all.insert(0, (key, hidden.clone()));
        hidden
    }
}
