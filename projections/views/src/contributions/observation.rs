//! What an observation adds: its amount, on the first day of its period, and what its publisher says of it.

use super::area_of;
use crate::contribution::{Sink, StoredFact};
use crate::quantity::{MISSING_PREFIX, OBSERVATION_PREFIX, PROVISIONAL_PREFIX, SUPPRESSED_PREFIX};
use crate::tally::{Delta, Sums};
use joinedup_events::Fact;
use joinedup_events::observation::{Mark, ObservationFact};

/// The amount recorded last stands.
pub fn contribute(facts: &[StoredFact], sink: &mut dyn Sink) {
    let last = facts.iter().rev().find_map(|f| match &f.fact {
        Fact::Observation(ObservationFact::Observed(o)) => Some(o),
        _ => None,
    });
    let (Some(observed), Some(area)) = (last, area_of(facts)) else {
        return;
    };
    let mut breakdown: Vec<(&str, &str)> = observed
        .breakdown
        .iter()
        .map(|(d, v)| (d.as_str(), v.as_str()))
        .collect();
    breakdown.push(("grain", observed.grain.code()));
    breakdown.sort_unstable();
    let mut add = |prefix: &str, delta: Delta| {
        let quantity = format!("{prefix}{}", observed.series);
        let area = area.as_str().into();
        sink.add(&quantity, area, &breakdown, observed.period_start, delta);
    };
    if let Some(value) = observed.value {
        let amount = Sums {
            value: value.micro(),
            denominator: observed.denominator.map_or(0, |d| d.micro()),
            n: 1,
        };
        add(OBSERVATION_PREFIX, Delta::Sums(amount));
    }
    match observed.mark {
        Some(Mark::Suppressed) => add(SUPPRESSED_PREFIX, Delta::ONE),
        Some(Mark::Provisional) => add(PROVISIONAL_PREFIX, Delta::ONE),
        // A sum must not take it for zero. It takes away what was published before, too.
        Some(Mark::Missing) => add(MISSING_PREFIX, Delta::ONE),
        None => {}
    }
}
