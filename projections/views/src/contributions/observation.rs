//! What an observation adds: its amount, on the first day of its period.

use super::area_of;
use crate::contribution::{Sink, StoredFact};
use crate::quantity::OBSERVATION_PREFIX;
use crate::tally::{Delta, Sums};
use joinedup_events::Fact;
use joinedup_events::observation::ObservationFact;

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
    let amount = Sums {
        value: observed.value.micro(),
        denominator: observed.denominator.map_or(0, |d| d.micro()),
        n: 1,
    };
    let quantity = format!("{OBSERVATION_PREFIX}{}", observed.series);
    sink.add(
        &quantity,
        area.as_str().into(),
        &breakdown,
        observed.period_start,
        Delta::Sums(amount),
    );
}
