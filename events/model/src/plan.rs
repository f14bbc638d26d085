//! Items of an improvement plan: what is to be reached, by whom and when, and how far that is.

use crate::facts::{codes, payload};
use crate::id::{EntityId, Slug};
use chrono::NaiveDate;

codes! {
    /// How far an item of a plan is.
    Progress {
        /// Being worked on.
        Open = "open",
        /// Reached.
        Done = "done",
        /// Given up, with the reason.
        Dropped = "dropped",
    }
}
payload! {
    /// An item of a plan as it stands from now on. It is about an item of a framework, about measures, or both.
    ItemSet {
        /// What is to be reached, in a sentence.
        aim: String,
        /// The framework of the item, the logic model for one of its nodes.
        #[serde(default)]
        framework: Option<Slug>,
        /// The item.
        #[serde(default)]
        item: Option<Slug>,
        /// The measures that are to move.
        #[serde(default)]
        measures: Vec<Slug>,
        /// The role that answers for it, never a person.
        owner: String,
        /// The improvement change by which it is tried.
        #[serde(default)]
        tested_by: Option<EntityId>,
        /// By this date.
        #[serde(with = "crate::day")]
        #[cfg_attr(feature = "schema", schemars(with = "NaiveDate"))]
        by: NaiveDate,
    }
}
payload! {
    /// How far an item of a plan is, from `time` on.
    ProgressSet {
        /// How far the item has come.
        progress: Progress,
        /// Why, in a sentence; an item that is dropped has one.
        #[serde(default)]
        reason: Option<String>,
    }
}
