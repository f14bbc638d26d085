//! Improvement changes (PDSA cycles), the plan that they belong to, and the decisions people take about a chart (targets,
//! new baselines) or about a source (that it has ended), and what a source says of itself.

use crate::amount::Amount;
use crate::facts::{Happened, Retracted, codes, facts, payload};
use crate::id::Slug;
use crate::plan::{ItemSet, ProgressSet};
use chrono::NaiveDate;

codes! {
    /// How a cycle ended.
    Decision {
        /// Keep it.
        Adopt = "adopt",
        /// Change it and try again.
        Adapt = "adapt",
        /// Give it up.
        Abandon = "abandon",
    }
}
codes! {
    /// How what was seen compares with what was predicted.
    Comparison {
        /// As predicted.
        AsPredicted = "as-predicted",
        /// Some of it.
        InPart = "in-part",
        /// Something else happened.
        Otherwise = "otherwise",
    }
}
codes! {
    /// Why a source has ended.
    EndReason {
        /// What it reported on is closed.
        Closed = "closed",
        /// Another source reports on its places now.
        Replaced = "replaced",
        /// It was a trial, or was sent in error.
        Trial = "trial",
    }
}
payload! {
    /// Nothing more is to come from a source, and nothing that it should have reported is outstanding. Without this, a
    /// source that falls silent stays missing in every sum that needs it. It is expected again once it has reported on
    /// three days after `time`.
    SourceEnded {
        /// The CloudEvents `source` that has ended.
        ended: String,
        /// Why nothing more is to come.
        because: EndReason,
        /// The CloudEvents `source` that has taken over its places, if one has.
        #[serde(default)]
        successor: Option<String>,
    }
}
payload! {
    /// Whoever sends this has reported everything that happened up to `time`, also where that was nothing: how else would a list
    /// without changes differ from no list? From then on it is known by these words up to when the source has reported, and not by
    /// when its events came, unless it reports `live`.
    SourceReported {
        /// The first day of which it reports everything. Of what happened before, it has reported only what had not
        /// ended yet, so earlier periods are drawn and not judged. Left out: it is not known, or it always has.
        #[serde(default)]
        begins: Option<NaiveDate>,
        /// It reports what happens when it happens, and says this once: up to when it has reported is known by when its events
        /// come.
        #[serde(default)]
        live: bool,
    }
}
payload! {
    /// A change was planned.
    Planned {
        /// A short name for charts.
        title: String,
        /// What it is to achieve, in a sentence.
        #[serde(default)]
        aim: Option<String>,
        /// The measures it should move.
        measures: Vec<Slug>,
        /// A change concept of the catalogue.
        #[serde(default)]
        concept: Option<Slug>,
        /// Items of the logic model that it works on.
        #[serde(default)]
        items: Vec<Slug>,
        /// What the team expects to see, and by when.
        #[serde(default)]
        prediction: Option<String>,
        /// The role that leads it, such as discharge lead; never a person's name.
        #[serde(default)]
        led_by: Option<String>,
    }
}
payload! {
    /// A test was studied: what was seen is compared with what was predicted. Each study stands beside the others.
    Studied {
        /// What was learnt, in a sentence.
        learnt: String,
        /// How it compares with the prediction.
        #[serde(default)]
        compared: Option<Comparison>,
    }
}
payload! {
    /// A cycle ended (`time`).
    Finished {
        /// What was decided.
        decision: Decision,
        /// What was learnt, in a sentence.
        #[serde(default)]
        learnt: Option<String>,
    }
}
payload! {
    /// A target for a measure in an area, from a date on.
    TargetSet {
        /// The measure.
        measure: Slug,
        /// The target, in the measure's unit (a proportion is 0 to 1).
        target: Amount,
        /// From this date.
        #[serde(with = "crate::day")]
        #[cfg_attr(feature = "schema", schemars(with = "NaiveDate"))]
        from: NaiveDate,
        /// The reason, in words about the measure.
        reason: String,
    }
}
payload! {
    /// A new phase for a measure's chart in an area, proposed, accepted or declined by a person.
    Rebase {
        /// The measure.
        measure: Slug,
        /// First day of the new phase.
        #[serde(with = "crate::day")]
        #[cfg_attr(feature = "schema", schemars(with = "NaiveDate"))]
        from: NaiveDate,
        /// The reason, in words about the measure.
        reason: String,
    }
}
facts! {
    /// What can be stated of a change, of a chart (entity `chart/<measure>`), of a source (entity `source/<name>`) or of an item of a
    /// plan (entity `plan/<id>`).
    ChangeFact {
        /// Planned.
        Planned(Planned) = "planned" v 1,
        /// Started.
        Started(Happened) = "started" v 1,
        /// Paused.
        Paused(Happened) = "paused" v 1,
        /// Finished.
        Finished(Finished) = "finished" v 1,
        /// A target was set.
        TargetSet(TargetSet) = "target-set" v 1,
        /// A new baseline was proposed.
        RebaseProposed(Rebase) = "rebase-proposed" v 1,
        /// A new baseline was accepted.
        RebaseAccepted(Rebase) = "rebase-accepted" v 1,
        /// An event about this change is taken back.
        Retracted(Retracted) = "retracted" v 1,
        /// A source has ended.
        SourceEnded(SourceEnded) = "source-ended" v 1,
        /// A new baseline that was proposed was declined.
        RebaseDeclined(Rebase) = "rebase-declined" v 1,
        /// A test was studied.
        Studied(Studied) = "studied" v 1,
        /// An item of a plan.
        PlanItemSet(ItemSet) = "plan-item-set" v 1,
        /// How far an item of a plan is.
        PlanProgressSet(ProgressSet) = "plan-progress-set" v 1,
        /// A source has reported everything up to a time.
        SourceReported(SourceReported) = "source-reported" v 1,
    }
}
