//! One field of a request or an event that breaks a rule: in problems, and in the answer to a batch of which a part was taken.

use serde::{Deserialize, Serialize};

/// One field that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FieldError {
    /// Which event of a batch, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// JSON pointer of the field.
    #[serde(default)]
    pub pointer: String,
    /// The rule that it breaks, as a sentence.
    #[serde(default)]
    pub detail: String,
}
