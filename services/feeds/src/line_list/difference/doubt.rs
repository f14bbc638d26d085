//! Whether a list may be what it has to be: whole, and newer than the one that was taken last.

use super::{Comparison, Plan};
use crate::line_list::row::Reading;
use crate::line_list::snapshot::Snapshot;

/// So few rows may be gone or corrected whatever share they are: a share of a short list says little.
const ALWAYS_ALLOWED: usize = 3;

/// What may be so where nobody of the list before is known again.
const ANOTHER_KEY: &str =
    "; if the pseudonym key was changed, give the one before it as well, as the previous key";

/// Why a list should not be published unless somebody looked. Whoever shows it adds how somebody says that they did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// By the time at which it was made.
    #[error("it was made before the list that was taken last, and would take back what came since")]
    Older,
    /// By what it holds: a copy has a new time.
    #[error(
        "the very same file was taken before the list that was taken last, and would take back what came since"
    )]
    Again,
    /// More of the list before is gone or corrected than is let through.
    #[error(
        "of {known} rows known from the list before, {gone} are gone and {changed} corrected, which is more than the {percent} % that the mapping lets through (`snapshot.max_share`){}", if gone == known { ANOTHER_KEY } else { "" }
    )]
    TooMuch {
        /// Rows of the list before.
        known: usize,
        /// Rows of it that vanished.
        gone: usize,
        /// Rows of it that were corrected.
        changed: usize,
        /// The limit.
        percent: u32,
    },
    /// Its last row is not whole, so others may be missing.
    #[error("its last line ends before its row does, as when a file is cut short")]
    Cut,
}

impl Comparison<'_> {
    pub(super) fn doubt(
        &self,
        before: Option<&Snapshot>,
        reading: &Reading,
        plan: &Plan,
    ) -> Option<Doubt> {
        // A list of what is new takes nothing back, whenever it was made.
        let before = before.filter(|_| !self.mapping.incremental);
        if before.is_some_and(|before| before.as_at.is_some_and(|last| self.as_at < last)) {
            return Some(Doubt::Older);
        }
        // A list that says what stands takes nothing back, however often it was there before.
        let is_known = |before: &Snapshot| before.took_before_the_last(&reading.digests);
        if !plan.events.is_empty() && before.is_some_and(is_known) {
            return Some(Doubt::Again);
        }
        let share = self.mapping.snapshot.max_share;
        #[expect(clippy::cast_precision_loss, reason = "numbers of rows are small")]
        let above = |n: usize| n as f64 > share * plan.known as f64;
        let is_most = plan.gone * 2 > plan.known;
        let gone = above(plan.gone) && (plan.gone > ALWAYS_ALLOWED || is_most);
        if gone || above(plan.changed) && plan.changed > ALWAYS_ALLOWED {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share"
            )]
            return Some(Doubt::TooMuch {
                known: plan.known,
                gone: plan.gone,
                changed: plan.changed,
                percent: (share * 100.0).round() as u32,
            });
        }
        reading.is_cut.then_some(Doubt::Cut)
    }
}
