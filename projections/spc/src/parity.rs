//! The reference implementations, number for number: what R's qicharts2 and NHSRplotthedots and the PowerBI-SPC
//! visual give for a series, faults included.
//!
//! Use these to check a chart against one made elsewhere. For a chart that people will act on, use [`crate::judge`]
//! with [`crate::Profile::Product`], which does not repeat the faults.

pub mod plotthedots;
pub mod powerbi;
pub mod qicharts2;

/// The reference refuses such a series.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub(crate) String);

impl Refusal {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}
