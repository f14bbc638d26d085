//! Who did what, and who saw what of people: a file that is only ever added to, in which every line holds a digest of all
//! lines before it. No line holds anything of a person that the events are about.

pub(crate) mod chain;
mod log;
mod repeats;
mod rotation;

pub use chain::{Broken, Checked, check};
pub use log::{Audit, AuditError, MAX_PAGE};
pub use rotation::files;

use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What kind of thing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Did {
    /// Something was recorded, or may have been: the status says.
    Write,
    /// Rows of people were read, or numbers that are not for everybody.
    Read,
    /// Somebody signed in.
    SignIn,
    /// Somebody signed out.
    SignOut,
    /// A sign-in, or a token, was not taken.
    RefusedSignIn,
    /// Somebody who is known asked for what they may not have.
    RefusedRight,
    /// The server was started.
    Started,
    /// The end of the file was a part of a line, which was cut off: the program or the machine had stopped in between.
    Repaired,
    /// A line before this one was changed, or lines were taken out.
    FoundBroken,
    /// Lines could not be written for a while, and now can.
    WritableAgain,
    /// The file before this one had grown, and the chain goes on here.
    Continued,
}

/// How it is known who it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// By a session of somebody who signed in.
    Person,
    /// By a token.
    Token,
    /// Nobody is asked: by being on this machine.
    Local,
    /// Not known.
    #[default]
    Nobody,
    /// The program itself.
    Program,
}

/// One thing that was done. Areas, measures and items are those of the register and the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// What was done.
    pub did: Did,
    /// The token's name, or the provider's own name of the person.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub who: String,
    /// How that is known.
    pub by: By,
    /// From which address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<IpAddr>,
    /// The method and the route, without what stands for its parts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub route: String,
    /// What was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What it was about.
    #[serde(flatten)]
    pub about: About,
}

impl Entry {
    /// Something that the program itself did or found.
    #[must_use]
    pub fn of_program(did: Did) -> Self {
        Self {
            did,
            who: String::new(),
            by: By::Program,
            from: None,
            route: String::new(),
            status: None,
            about: About::default(),
        }
    }
}

/// What something was about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// The area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// The measure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measure: Option<String>,
    /// The item of a framework.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The beginning of the SHA-256 digest of `family/id` of an entity: who knows the entity finds the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_digest: Option<String>,
    /// Where the events that were recorded or read stand in the log: runs of first and last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<(u64, u64)>,
    /// How often more, when this line stands for many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// The line that is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The digest of the last line of the file before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continues: Option<String>,
    /// Bytes that were cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

impl About {
    /// Positions as runs of first and last.
    #[must_use]
    pub fn events_at(positions: impl IntoIterator<Item = u64>) -> Vec<(u64, u64)> {
        let mut positions: Vec<u64> = positions.into_iter().collect();
        positions.sort_unstable();
        let mut runs: Vec<(u64, u64)> = Vec::new();
        for position in positions {
            match runs.last_mut() {
                Some((_, last)) if position <= last.saturating_add(1) => *last = position,
                _ => runs.push((position, position)),
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests;
