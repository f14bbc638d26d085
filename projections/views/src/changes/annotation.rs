//! Flags on a chart: where a cycle began, paused, went on and ended. A flag is never a point.

use super::Change;
use chrono::NaiveDate;
use joinedup_events::change::Decision;
use serde::Serialize;

/// What a flag marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AnnotationKind {
    /// The cycle began.
    Started,
    /// It was paused.
    Paused,
    /// It was taken up again.
    Resumed,
    /// The change ended.
    Finished,
}

/// One flag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Annotation {
    /// The local date.
    pub date: NaiveDate,
    /// What it marks.
    pub kind: AnnotationKind,
    /// The words on it.
    pub text: String,
}

/// The time over which a change was tested, for a chart's picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSpan {
    /// What was tested.
    pub title: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day; none while it goes on.
    pub to: Option<NaiveDate>,
}

impl Change {
    /// When the change was tested; none when it is not meant to move the measure, or never started.
    #[must_use]
    pub fn span_for(&self, measure: &str) -> Option<ChangeSpan> {
        let concerned = self.measures.iter().any(|m| m.as_str() == measure);
        Some(ChangeSpan {
            title: self.title.as_deref().unwrap_or("A change").to_owned(),
            from: self.started.filter(|_| concerned)?,
            to: self.finished,
        })
    }

    /// The flags of this change, by date.
    #[must_use]
    pub fn annotations(&self) -> Vec<Annotation> {
        use AnnotationKind::{Finished, Paused, Resumed, Started};
        let title = self.title.as_deref().unwrap_or("A change");
        let ended = match self.decision {
            Some(Decision::Adopt) => "ended: adopted",
            Some(Decision::Adapt) => "ended: to be adapted and tried again",
            Some(Decision::Abandon) => "ended: abandoned",
            None => "ended",
        };
        let flag = |date: &NaiveDate, kind, what: &str| Annotation {
            date: *date,
            kind,
            text: format!("{title} {what}"),
        };
        let mut flags: Vec<Annotation> = Vec::new();
        flags.extend(self.started.iter().map(|d| flag(d, Started, "began")));
        flags.extend(self.paused.iter().map(|d| flag(d, Paused, "paused")));
        flags.extend(
            self.resumed
                .iter()
                .map(|d| flag(d, Resumed, "taken up again")),
        );
        flags.extend(self.finished.iter().map(|d| flag(d, Finished, ended)));
        flags.sort_by_key(|f| (f.date, f.kind));
        flags
    }

    /// The flags for a measure's chart: none when the change is not meant to move it.
    #[must_use]
    pub fn annotations_for(&self, measure: &str) -> Vec<Annotation> {
        if self.measures.iter().any(|m| m.as_str() == measure) {
            self.annotations()
        } else {
            Vec::new()
        }
    }
}
