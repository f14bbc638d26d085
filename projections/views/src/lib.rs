//! The pure heart of joinedup: sets of facts become contributions, contributions become tallies, tallies become points.
//!
//! An entity (a transfer, a referral, a rating, a response, a change, an observation) is a *set* of facts; folding an
//! event inserts a fact. What an entity adds to the cells is a pure function of its set, so every event changes the view by
//! *contributions after − contributions before*, and the view always equals the sum over all entities.
//!
//! **Architecture invariants.** Views never read a clock: what is *now* is an argument. No number here is a float until
//! a point is computed. Nothing here knows the log, the store or the network.

pub mod admission;
pub mod ask;
pub mod catalogue;
pub mod cell;
pub mod changes;
pub mod chart;
pub mod checklists;
pub mod contradictions;
pub mod contribution;
pub mod contributions;
pub mod decide;
pub mod dimension;
mod entities;
pub mod entity_row;
pub mod expectation;
pub mod fact_set;
pub mod findings;
pub mod footprint;
pub mod measure;
pub mod measures;
pub mod outcomes;
mod packing;
pub mod period;
pub mod plan;
pub mod point;
pub mod priorities;
pub mod quantity;
pub mod ratings;
pub mod scorecards;
pub mod shelf;
mod summary;
pub mod suppression;
pub mod tally;
pub mod view;
pub mod waiting;

pub use cell::{Cells, Filter};
pub use joinedup_spc::amounts;
pub use quantity::Quantity;
pub use tally::{Delta, Tally};
