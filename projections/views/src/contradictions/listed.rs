//! The contradictions of a view by source and kind, as an audience may see them.

use super::Contradiction;
use crate::ask::Edition;
use crate::cell::Cells;
use crate::contribution::SourceKey;
use crate::measure::SmallNumbers;
use crate::quantity::CONTRADICTIONS;
use crate::suppression::{Audience, Shown};
use crate::view::{Summary, View};
use chrono::NaiveDate;
use joinedup_events::check::source_label;
use joinedup_events::local;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How often a source's records contradict each other in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The source, as it may be shown.
    pub source: String,
    /// How the records contradict each other.
    pub kind: Contradiction,
    /// How often, which is at most one or two a person: suppressed or rounded for the public as people are.
    pub count: Shown,
    /// The local date on which the last was recorded; none where the count is suppressed.
    pub last: Option<NaiveDate>,
}

/// All of them of people who live or lie in areas that pass, by source and kind. The public sees those recorded before
/// `today`, so that a count does not move with each record.
#[must_use]
pub fn listed(
    view: &View,
    audience: Audience,
    today: NaiveDate,
    covers: impl Fn(&str) -> bool,
) -> Vec<Listed> {
    listed_in((view.cells(), view.summary()), audience, today, covers)
}

impl Edition {
    /// As [`listed`], as the public sees them until the next edition: a later record that puts one right would take it away
    /// as it comes.
    #[must_use]
    pub fn contradictions(&self, covers: impl Fn(&str) -> bool) -> Vec<Listed> {
        let today = local::date(self.taken);
        listed_in(
            (&self.cells, &self.sources),
            Audience::Public,
            today,
            covers,
        )
    }
}

fn listed_in(
    (cells, sources): (&Cells, &Summary),
    audience: Audience,
    today: NaiveDate,
    covers: impl Fn(&str) -> bool,
) -> Vec<Listed> {
    let rule = match audience {
        Audience::Public | Audience::Neighbours => SmallNumbers::Hes7,
        Audience::Operations => SmallNumbers::None,
    };
    let mut found: BTreeMap<(&str, Contradiction), (i64, NaiveDate)> = BTreeMap::new();
    for series in cells.all_series(CONTRADICTIONS) {
        let [(_, kind), (_, source)] = series.breakdown else {
            continue;
        };
        let is_covered = series.place.is_within(&covers);
        let Some(kind) = Contradiction::from_code(kind).filter(|_| is_covered) else {
            continue;
        };
        for (date, tally) in series.cells {
            let is_shown = audience == Audience::Operations || *date < today;
            if let Some(sums) = tally.sums().filter(|sums| is_shown && sums.value != 0) {
                let entry = found.entry((&**source, kind)).or_insert((0, *date));
                *entry = (entry.0 + sums.value, entry.1.max(*date));
            }
        }
    }
    if found.is_empty() {
        return Vec::new();
    }
    let names: BTreeMap<String, Cow<'_, str>> = sources
        .rhythms
        .keys()
        .map(|name| (SourceKey::of(name).to_string(), source_label(name)))
        .collect();
    let row = |((source, kind), (count, last)): ((&str, _), (_, _))| {
        let count = rule.count(count);
        Listed {
            source: names
                .get(source)
                .map_or_else(|| source.to_owned(), |name| name.to_string()),
            kind,
            count,
            last: Some(last).filter(|_| !count.is_hidden()),
        }
    };
    let mut rows: Vec<Listed> = found.into_iter().map(row).collect();
    rows.sort_by(|a, b| (&a.source, a.kind).cmp(&(&b.source, b.kind)));
    rows
}
