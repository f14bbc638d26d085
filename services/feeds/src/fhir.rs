//! FHIR resources become facts about stays in hospital and referrals.
//!
//! bytes → [`body`] (resources, one by one or in bundles) → [`reader`] (what they say, by the [`mapping`], with what names
//! people as keyed hashes) → [`new`] (what of that is new, for stays by [`crate::stay`]) → the server's door → an OperationOutcome (`feed/outcome.rs`).
//!
//! Only the elements that facts are made of are looked at, and they are read tolerantly: what cannot be read is named by its
//! path, and the rest is taken. R4 is meant; where R5 and the older versions of the NHS's notices call an element otherwise,
//! that is read as well.

pub mod body;
mod encounter;
pub mod mapping;
pub mod new;
mod node;
mod notice;
pub mod reader;
pub mod referral;
mod request;
pub mod version;

#[cfg(test)]
mod tests;
