//! What an area's item of a framework adds to the cells.
//!
//! Only what is published counts: a proposal changes nothing until a confirmation. The rules for what stands are
//! those of [`crate::ratings`]. A level that is "not rated" stands at no level, so the number of areas rated is the
//! sum over all levels.

use crate::contribution::{Sink, StoredFact};
use crate::quantity::Quantity;
use crate::ratings::rounds::{
    ambitions, assessment, moderated_from, moderation, publications, rounds,
};
use crate::tally::{Delta, OPEN, Sums};
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::local;
use std::collections::BTreeSet;

/// Adds what one area's item contributes: levels, moves, moderations, age, and the gap to the ambition.
///
/// `facts` are those of the entity as they stand: without retracted ones, in the order of recording.
pub fn contribute(facts: &[StoredFact], sink: &mut dyn Sink) {
    let Some((area, framework, item)) = assessment(facts).find_map(|(stored, fact)| {
        let (framework, item) = fact.item()?;
        Some((stored.area.as_str(), framework.as_str(), item.as_str()))
    }) else {
        return;
    };
    let of_item = [("framework", framework), ("item", item)];
    let mut add = |quantity: Quantity, date, delta| {
        sink.add(quantity.name(), area.into(), &of_item, date, delta);
    };

    let published: Vec<(NaiveDate, Option<u8>)> = publications(facts)
        .into_iter()
        .map(|p| (p.date, p.level))
        .collect();
    for (at, (date, level)) in published.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|earlier| published[earlier].1);
        if let (Some(from), Some(to)) = (before, *level) {
            let moves = Sums {
                value: i64::from(to > from),
                denominator: i64::from(to < from),
                n: 1,
            };
            add(Quantity::AssessmentMoves, *date, Delta::Sums(moves));
        }
        if level.is_some() {
            let days = published.get(at + 1).map_or(OPEN, |(next, _)| {
                i32::try_from((*next - *date).num_days()).unwrap_or(OPEN)
            });
            add(Quantity::AssessmentAgeDays, *date, Delta::Value(days));
        }
    }

    for round in rounds(facts) {
        if let Some((stored, moderated)) = moderation(facts, &round, DateTime::<Utc>::MAX_UTC) {
            let changed = moderated_from(facts, stored, moderated) != moderated.to;
            let date = local::date(stored.occurred_at);
            add(Quantity::AssessmentModerated, date, Delta::case(changed));
        }
    }

    gap(facts, &published, &mut add);

    let mut stood = None;
    for (date, level) in published {
        if level != stood {
            for (level, change) in [(stood, -1), (level, 1)] {
                let Some(level) = level else { continue };
                let level = level.to_string();
                let breakdown = [
                    ("framework", framework),
                    ("item", item),
                    ("level", level.as_str()),
                ];
                let quantity = Quantity::AssessmentLevel.name();
                sink.add(quantity, area.into(), &breakdown, date, Delta::step(change));
            }
        }
        stood = level;
    }
}

/// The gap is ambition minus level, below zero when the ambition is surpassed. It exists, and the ambition is
/// counted, while there is a published level to compare it with: so gap over ambitions is a mean.
fn gap(
    facts: &[StoredFact],
    published: &[(NaiveDate, Option<u8>)],
    add: &mut impl FnMut(Quantity, NaiveDate, Delta),
) {
    let ambitions = ambitions(facts);
    let dates: BTreeSet<NaiveDate> = ambitions
        .iter()
        .map(|a| a.date)
        .chain(published.iter().map(|(date, _)| *date))
        .collect();
    let mut stood: Option<i64> = None;
    for date in dates {
        let wanted = ambitions.iter().rev().find(|a| a.date <= date);
        let level = published.iter().rev().find(|(from, _)| *from <= date);
        let now = match (wanted, level) {
            (Some(wanted), Some((_, Some(level)))) => {
                Some(i64::from(wanted.set.level) - i64::from(*level))
            }
            _ => None,
        };
        let change = now.unwrap_or(0) - stood.unwrap_or(0);
        if change != 0 {
            add(Quantity::AssessmentGap, date, Delta::step(change));
        }
        let counted = i64::from(now.is_some()) - i64::from(stood.is_some());
        if counted != 0 {
            add(Quantity::AssessmentAmbitions, date, Delta::step(counted));
        }
        stood = now;
    }
}

#[cfg(test)]
mod tests;
