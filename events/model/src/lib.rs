//! The events of joinedup.
//!
//! Six families of facts about integrated care, each fact a type of its own with a written-out wire name and a
//! version; the CloudEvents envelope around them; the subjects that they are published on; the areas that they
//! speak of; and the checks that keep wrong or identifying data out.
//!
//! **Architecture invariants.** This crate never reads a clock, a file or a random number: what is *now* is an
//! argument. No type here can hold a name, an NHS number, a date of birth or a postcode. Error texts name the
//! field and the rule, never the value.

pub mod actor;
pub mod amount;
pub mod area;
pub mod assessment;
pub mod change;
pub mod check;
mod day;
pub mod envelope;
pub mod event;
pub mod example;
pub mod experience;
pub mod facts;
pub mod id;
mod keys;
pub mod local;
pub mod mode;
pub mod observation;
pub mod plan;
pub mod reason;
pub mod recorded;
pub mod referral;
#[cfg(feature = "schema")]
pub mod schema;
pub mod subject;
pub mod transfer;
pub mod upcast;

pub use amount::Amount;
pub use area::{Area, AreaKind, Areas};
pub use check::{Arrival, Refusal, Refusals, Submitted, admit};
pub use envelope::Envelope;
pub use event::{DecodeError, Event, Fact, Family};
pub use id::{AreaId, EntityId, EventKey, Slug};
