//! What is answered when something cannot be done: a problem document (RFC 9457), as `application/problem+json`.

use crate::answer::Assessment;
use crate::field_error::FieldError;
use joinedup_views::ratings::Round;
use serde::{Deserialize, Serialize};

/// Why something cannot be done, and what to do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// The problem in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong and what to do, without a value of what was sent.
    pub detail: String,
    /// The fields that are wrong, at most 20 of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// How many more there are than the ones listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more: Option<usize>,
    /// Somebody else was first: the version that stands now, to be sent after deciding again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The level of the round that was asked for, where somebody rated the same item first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// That round as it stands now.
    #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
    pub round: Option<Round>,
    /// That item as it stands now.
    #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
    pub stands: Option<Box<Assessment>>,
}
