//! States: how far a point can be trusted, and the word for it at every door.

use serde::Serialize;

/// How far a point can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Over and ripe. Corrections can still move it.
    Final,
    /// Over; what began in it may still end in time, or its publisher says that it may change.
    Provisional,
    /// Not over, or not reported from its first day to its last: drawn, never judged.
    Incomplete,
    /// Nothing was reported: not zero.
    Missing,
    /// It was reported, and nothing can be said of it: nobody waited, or too few did for a median.
    Empty,
    /// Suppressed, because it would tell of single people.
    Suppressed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Final,
        Self::Provisional,
        Self::Incomplete,
        Self::Missing,
        Self::Empty,
        Self::Suppressed,
    ];

    /// The word for it in a file.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Provisional => "provisional",
            Self::Incomplete => "incomplete",
            Self::Missing => "missing",
            Self::Empty => "empty",
            Self::Suppressed => "suppressed",
        }
    }

    /// Of a period that is over and has no value, by how many stand behind it, if that was reported.
    pub(super) const fn without_value(n: Option<i64>) -> Self {
        match n {
            None => Self::Missing,
            Some(_) => Self::Empty,
        }
    }

    /// Whether there is no number because none was reported, or none can be said.
    #[must_use]
    pub const fn is_absent(self) -> bool {
        matches!(self, Self::Missing | Self::Empty)
    }
}
