//! What an improvement change (a PDSA cycle) adds to the cells.
//!
//! A cycle runs from its start to its finish. A pause does not end it: a paused cycle is still under test, and its
//! length is counted in calendar days, pauses included. Pauses are shown on the chart. A start after a pause takes
//! the cycle up again; any other second start is a correction of the first. Targets and new baselines
//! (`chart/<measure>`) are decisions, read from the facts by [`crate::changes`]; they count nothing.

use crate::changes::cycle::Cycle;
use crate::contribution::{Sink, StoredFact};
use crate::quantity::Quantity;
use crate::tally::Delta;

/// Adds what one change contributes. All of it counts for one area, the one that was recorded last, so that a cycle
/// never begins in one area and ends in another. A finish that is dated before the start contradicts it: the
/// decision counts, the length and the running cycle do not.
pub fn contribute(facts: &[StoredFact], sink: &mut dyn Sink) {
    let cycle = Cycle::of(facts);
    let Some(area) = cycle.area.map(joinedup_events::AreaId::as_str) else {
        return;
    };
    let finished = cycle.finished.map(|(date, _)| date);
    if let Some(start) = cycle.started
        && finished.is_none_or(|end| end >= start)
    {
        let running = Quantity::CyclesRunning.name();
        sink.add(running, area.into(), &[], start, Delta::step(1));
        if let Some(end) = finished {
            sink.add(running, area.into(), &[], end, Delta::step(-1));
            let days = i32::try_from((end - start).num_days()).unwrap_or(i32::MAX - 1);
            let length = Quantity::CycleDays.name();
            sink.add(length, area.into(), &[], end, Delta::Value(days));
        }
    }
    if let Some((date, finish)) = cycle.finished {
        let breakdown = [("decision", finish.decision.code())];
        let quantity = Quantity::CyclesFinished.name();
        sink.add(quantity, area.into(), &breakdown, date, Delta::ONE);
    }
}

#[cfg(test)]
mod tests;
