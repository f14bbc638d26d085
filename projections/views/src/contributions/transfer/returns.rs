//! When somebody was admitted again, as an emergency or not, as far as that was recorded.

use super::super::followed;
use super::Spell;
use crate::contribution::StoredFact;
use chrono::{DateTime, Utc};
use joinedup_events::Fact;
use joinedup_events::transfer::{AdmissionMethod, TransferFact};

/// The admissions that followed a stay: before a discharge that was undone, too.
#[derive(Clone, Debug, Default)]
pub struct Returns {
    /// As an emergency.
    emergencies: Vec<DateTime<Utc>>,
    /// Without a word of how: it may have been as an emergency.
    perhaps: Vec<DateTime<Utc>>,
}

impl Spell<'_> {
    /// How the person came in; not known where nothing says that they did.
    pub(super) fn method(&self) -> AdmissionMethod {
        self.admitted
            .map_or(AdmissionMethod::Unknown, |(_, how)| how.method)
    }
}

impl Returns {
    pub(super) fn of(facts: &[StoredFact]) -> Self {
        let came_by = |method| {
            followed(
                facts,
                |fact| matches!(fact, Fact::Transfer(TransferFact::Admitted(f)) if f.method == method),
            )
        };
        Self {
            emergencies: came_by(AdmissionMethod::Emergency),
            perhaps: came_by(AdmissionMethod::Unknown),
        }
    }

    /// Whether one was an emergency, of those that count; `None` when that cannot be known.
    ///
    /// A source that does not record how people come in (`own` is how this stay began) would not have recorded that somebody came back
    /// as an emergency either: its share of readmissions would be zero.
    pub(super) fn any_emergency(
        &self,
        own: AdmissionMethod,
        counts: impl Fn(&DateTime<Utc>) -> bool,
    ) -> Option<bool> {
        let returned = self.emergencies.iter().any(&counts);
        let is_known = returned || !self.perhaps.iter().any(&counts);
        (own != AdmissionMethod::Unknown && is_known).then_some(returned)
    }
}
