//! An admission that comes after what was recorded later.

use super::{Change, Stay};
use joinedup_events::Fact;
use joinedup_events::transfer::{AdmissionMethod, Admitted, TransferFact};
use joinedup_views::contribution::StoredFact;

impl Stay<'_> {
    /// What was recorded later knew less where it came first: a discharge that names an admission does not know how that was.
    /// The two are one admission then, as they would be had they come in their order.
    pub(super) fn completed(&self, mut change: Change) -> Change {
        let Some((_, TransferFact::Admitted(own))) = &change.stated else {
            return change;
        };
        let admits = self.statement.trigger.admits();
        let own_facts = || {
            let own = self.later.iter().filter(|fact| fact.linked.is_none());
            own.filter_map(|stored| match &stored.fact {
                Fact::Transfer(fact) => Some((stored, fact)),
                _ => None,
            })
        };
        if own_facts().any(|(_, fact)| matches!(fact, TransferFact::Cancelled(_))) {
            return change;
        }
        let admissions: Vec<(&StoredFact, &Admitted)> = own_facts()
            .filter_map(|(stored, fact)| match fact {
                TransferFact::Admitted(fact) => Some((stored, fact)),
                _ => None,
            })
            .collect();
        let Some((last, known)) = admissions.last() else {
            return change;
        };
        let whole = admissions.iter().fold(own.clone(), |before, (_, fact)| {
            let fact = (*fact).clone();
            // Of an admission that knows no more the hospital is where somebody lay later.
            let is_guessed = fact.method == AdmissionMethod::Unknown && admits;
            let (first, second) = match is_guessed {
                true => (before.hospital, fact.hospital),
                false => (fact.hospital, before.hospital),
            };
            Admitted {
                hospital: first.or(second),
                method: match fact.method {
                    AdmissionMethod::Unknown => before.method,
                    method => method,
                },
                previous: fact.previous.or(before.previous),
                population: fact.population.or(before.population),
            }
        });
        if whole != **known {
            let positions = admissions.iter().map(|(stored, _)| stored.position);
            change.taken_back.extend(positions);
            change.stated = Some((last.occurred_at, TransferFact::Admitted(whole)));
        }
        change
    }
}
