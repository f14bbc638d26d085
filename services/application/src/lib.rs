//! What the product does, whichever door somebody comes through: no HTTP and no HTML.

pub mod admission;
pub mod app;
pub mod audit;
pub mod authors;
pub mod briefing;
pub mod charts;
pub mod config;
pub mod discoveries;
pub mod erasure;
pub mod execute;
pub mod feeds;
pub mod forms;
pub mod gaps;
pub mod health;
pub mod memo;
pub mod outcomes;
pub mod overview;
pub mod places;
pub mod publisher;
pub mod scorecards;
pub mod sources;
pub mod tables;
pub mod trust;
pub mod waiting;
