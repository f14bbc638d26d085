//! The subset of PromQL that is answered over event time: read, checked, evaluated. All of it is pure: series come in
//! by the selectors of a plan, rows go out.
//!
//! What is written down in [`subset`] is evaluated as Prometheus 3 does it; everything else is refused by name. The
//! grammar is the crate `promql-parser`'s. It accepts more than is evaluated here and drops some of what it cannot
//! keep, so `guard` looks at the text before it and `plan` takes over only what it knows.

mod aggregate;
pub mod answer;
mod binary;
pub mod eval;
mod functions;
pub mod guard;
mod labels_of;
mod over_time;
mod pattern;
pub mod plan;
pub mod series;
pub mod subset;
#[cfg(test)]
mod tests;
pub mod time;
pub mod tree;

/// Why a question is not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be understood, or is not in the subset. The text is a sentence.
    #[error("{0}")]
    Query(String),
    /// It was understood and cannot be evaluated. The text is a sentence.
    #[error("{0}")]
    Execution(String),
    /// It took too long.
    #[error(
        "the query took longer than {0} ms: ask for fewer series, fewer steps or a shorter range"
    )]
    Timeout(u128),
}

impl Refusal {
    fn query(text: impl Into<String>) -> Self {
        Self::Query(text.into())
    }

    fn execution(text: impl Into<String>) -> Self {
        Self::Execution(text.into())
    }
}
