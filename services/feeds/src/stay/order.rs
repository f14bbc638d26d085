//! Nobody leaves before they came: what would have it so is left out, as in line lists.

use super::{Backwards, Change, Stay, minute};
use chrono::{DateTime, Utc};
use joinedup_events::local;
use joinedup_events::transfer::TransferFact;

impl Stay<'_> {
    /// Leaves out a discharge, or else an admission, with which somebody would have left before they came, by what stood when it
    /// was recorded or by what stands now. Returns which was wrong.
    pub(super) fn put_in_order(&self, changes: &mut [Change]) -> Option<Backwards> {
        let before = self.put_in_order_of(changes);
        let now = self.now().and_then(|now| now.put_in_order_of(changes));
        before.or(now)
    }

    fn put_in_order_of(&self, changes: &mut [Change]) -> Option<Backwards> {
        let is_discharge = |fact: &TransferFact| matches!(fact, TransferFact::Discharged(_));
        let is_admission = |fact: &TransferFact| matches!(fact, TransferFact::Admitted(_));
        if !self.is_backwards(changes) {
            return None;
        }
        let had_left = leave_out(changes, is_discharge);
        if self.is_backwards(changes) {
            leave_out(changes, is_admission);
        }
        Some(match had_left {
            true => Backwards::Left,
            false => Backwards::Came,
        })
    }

    /// Whether, with these changes, the discharge in force is before the admission in force.
    fn is_backwards(&self, changes: &[Change]) -> bool {
        let stated = || changes.iter().filter_map(|change| change.stated.as_ref());
        if stated().any(|(_, fact)| {
            matches!(
                fact,
                TransferFact::Cancelled(_) | TransferFact::DischargeReversed(_)
            )
        }) {
            return false;
        }
        let came = stated().find_map(|(at, fact)| match fact {
            TransferFact::Admitted(_) => Some(*at),
            _ => None,
        });
        let left = stated().find_map(|(at, fact)| match fact {
            TransferFact::Discharged(how) => Some((*at, how.date_only)),
            _ => None,
        });
        // What stands may be backwards from before: a message that says nothing of it is not to blame.
        if came.is_none() && left.is_none() {
            return false;
        }
        let cancelled = self.cancellations().map(|(_, at, _)| at).max();
        let reversed = self.reversals().map(|(_, at, _)| at).max();
        let came = came.or_else(|| self.admission(cancelled).map(|(_, at, _)| at));
        let left = left.or_else(|| {
            self.discharge(reversed)
                .map(|(_, at, how)| (at, how.date_only))
        });
        came.zip(left)
            .is_some_and(|(came, left)| is_before(left, came))
    }
}

/// Returns whether there was one.
fn leave_out(changes: &mut [Change], is: impl Fn(&TransferFact) -> bool) -> bool {
    let states_it = |change: &&mut Change| change.stated.as_ref().is_some_and(|(_, fact)| is(fact));
    let left_out = changes.iter_mut().filter(states_it);
    left_out
        .map(|change| *change = Change::new(change.about))
        .count()
        > 0
}

/// Of a date without a time any time of its day is meant.
fn is_before((left, date_only): (DateTime<Utc>, bool), came: DateTime<Utc>) -> bool {
    match date_only {
        true => local::date(left) < local::date(came),
        false => minute(left) < minute(came),
    }
}
