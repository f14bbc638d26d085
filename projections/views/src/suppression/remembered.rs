//! What was decided last. Whoever looks at a chart taken apart asks for one value of a dimension after the other, and what is
//! suppressed of one is decided with all of them.

use super::among::At;
use chrono::NaiveDate;
use joinedup_events::AreaId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Which points are suppressed, by slice.
pub(super) type Hidden = BTreeSet<(usize, At)>;

/// The same in little room, since it is kept: there may be hundreds of thousands of points.
type Kept = BTreeMap<(usize, AreaId), Vec<NaiveDate>>;

/// Decisions of the last questions, by all that they depend on.
#[derive(Clone, Debug, Default)]
pub struct Remembered(Arc<Mutex<Vec<(String, Kept)>>>);

/// How many are kept: the lengths of period of one question.
const MAX_DECISIONS: usize = 5;

impl Remembered {
    /// What a decision says of one slice. It is made if its key is not known, and not kept without a key.
    pub(super) fn decide(
        &self,
        key: Option<String>,
        slice: usize,
        decide: impl FnOnce() -> Hidden,
    ) -> Hidden {
        // A thread that panicked left the list as it was.
        let decisions = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, kept)) = decisions().iter().find(|(of, _)| Some(of) == key.as_ref()) {
            let of_slice = kept.iter().filter(|((of, _), _)| *of == slice);
            let points = of_slice.flat_map(|((_, area), starts)| {
                starts.iter().map(|start| (slice, (*start, area.clone())))
            });
            return points.collect();
        }
        // Not under the lock: others need not wait for it.
        let mut hidden = decide();
        if let Some(key) = key {
            let mut kept = Kept::new();
            for (of, (start, area)) in &hidden {
                kept.entry((*of, area.clone())).or_default().push(*start);
            }
            let mut all = decisions();
            all.truncate(MAX_DECISIONS - 1);
            all.insert(0, (key, kept));
        }
        hidden.retain(|(of, _)| *of == slice);
        hidden
    }
}
