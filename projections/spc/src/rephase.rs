//! When a centre line should start afresh.
//!
//! Recalculating by itself at every signal hides what a chart is for. A new phase is a decision: is the behaviour
//! distinctly different, is the cause known, is the change wanted, and is it expected to last (Wheeler's four
//! questions)? So the product only *proposes* ([`propose_rephase`]), with its evidence, and never on a change for the worse. A person
//! accepts, with a reason, by adding the start to [`crate::Options::phases`].
//!
//! [`runcharter`] and [`his_medians`] are the two algorithms in use that do recalculate by themselves.

mod his;
mod proposal;
mod runcharter;

pub use his::{HisMedians, HisOptions, medians as his_medians};
pub use proposal::{RephaseProposal, propose_rephase};
pub use runcharter::{
    Rephased, RunSide, RuncharterOptions, RuncharterPhase, TooFewRows, rephase as runcharter,
};
