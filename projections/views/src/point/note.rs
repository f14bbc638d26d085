//! What there is to say of a period's number, or of its lack: typed where something follows from it.

use serde::{Serialize, Serializer};
use std::fmt;

/// Why a period has no value, or what to mind of the one it has. As text, the beginning of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The place has nothing of this kind, of any time.
    NothingEver {
        /// What there would be: `recorded`, `reported`.
        verb: &'static str,
    },
    /// Fewer cases than the measure needs for a value.
    TooFewCases {
        /// How many there are.
        n: i64,
        /// How many are needed.
        least: i64,
    },
    /// Anything else, of which nothing follows but that it is read.
    Text(String),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingEver { verb } => write!(f, "nothing was ever {verb} here"),
            Self::TooFewCases { n, least } => {
                write!(f, "not shown: {n}, and at least {least} are needed")
            }
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<String> for Note {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Note {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
