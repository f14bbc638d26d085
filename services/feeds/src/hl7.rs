//! HL7 v2 ADT messages become facts about stays in hospital.
//!
//! bytes → [`frame`] (messages) → [`message`] (fields) → [`statement`] (what it says of a stay, by the [`mapping`], with what
//! names people as keyed hashes) → [`crate::stay`] (what of that is new) → the server's door → [`acknowledgement`].

pub mod acknowledgement;
pub mod frame;
pub mod mapping;
pub mod message;
pub mod statement;
pub mod time;

#[cfg(test)]
mod tests;
