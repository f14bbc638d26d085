//! The spell or referral of the same person before: found through the person's keyed hash, which the feed alone has.

use super::Comparison;
use crate::line_list::moment::Moment;
use crate::line_list::row::{Reading, Stated};
use crate::line_list::snapshot::{KnownRow, Snapshot};
use chrono::{DateTime, Utc};
use joinedup_events::{EntityId, local};
use std::collections::{BTreeMap, BTreeSet};

impl Comparison<'_> {
    /// When the rows of each person ended, and which they are.
    pub(super) fn people(
        &self,
        before: &Snapshot,
        reading: &Reading,
    ) -> BTreeMap<String, Vec<(Ended, EntityId)>> {
        let mut people: BTreeMap<String, Vec<(Ended, EntityId)>> = BTreeMap::new();
        if self.mapping.previous.is_none() {
            return people;
        }
        let listed: BTreeSet<&String> = reading.stated.iter().flat_map(|s| &s.keys).collect();
        for (key, row) in &before.rows {
            if let (Some(person), Some(ended), true) = (&row.person, &row.ended, row.stands())
                && !listed.contains(key)
            {
                let ended = Ended::Hashed(ended.clone());
                people
                    .entry(person.clone())
                    .or_default()
                    .push((ended, row.entity.clone()));
            }
        }
        for stated in &reading.stated {
            let (Some(person), Some(ended)) = (stated.persons.first(), self.ended_at(stated))
            else {
                continue;
            };
            let begun = self.begun(stated).map(|begun| begun.at);
            // It has the name that it was first published under.
            let known = stated.keys.iter().find_map(|key| before.rows.get(key));
            let entity = known.map_or(&stated.entity, |row| &row.entity);
            people
                .entry(person.clone())
                .or_default()
                .push((Ended::At { begun, ended }, entity.clone()));
        }
        people
    }

    /// The entity of the same person that ended last before this one began, which is known as `entity`, if it is near enough.
    pub(super) fn previous(
        &self,
        stated: &Stated,
        entity: &EntityId,
        people: &BTreeMap<String, Vec<(Ended, EntityId)>>,
    ) -> Option<EntityId> {
        let rule = self.mapping.previous.as_ref()?;
        let begun = self.begun(stated)?;
        let near = self.last_dates(begun.date(), u64::from(rule.within_days) + 1);
        let candidates = stated
            .persons
            .iter()
            .filter_map(|person| people.get(person))
            .flatten();
        let dated = candidates.filter_map(|(ended, ended_one)| {
            let date = match ended {
                Ended::At { begun: from, ended } => {
                    let date = local::date(*ended);
                    // Of a date alone any time of its day is meant, and of two stays of one day the earlier is the one before.
                    let is_same_day = begun.date_only && date == begun.date();
                    let is_before = is_same_day && from.is_some_and(|from| from < begun.at);
                    (*ended <= begun.at || is_before).then_some(date)?
                }
                Ended::Hashed(hash) => *near.get(hash)?,
            };
            let days = (begun.date() - date).num_days();
            (ended_one != entity && (0..=i64::from(rule.within_days)).contains(&days))
                .then_some((date, ended_one))
        });
        dated.max().map(|(_, before)| before.clone())
    }

    fn begun(&self, stated: &Stated) -> Option<Moment> {
        let rule = self.mapping.previous.as_ref()?;
        stated.facts.get(&rule.fact).map(|fact| fact.moment)
    }

    /// The entity that a row was published with as the one before it.
    pub(super) fn previous_known(&self, row: &KnownRow) -> Option<EntityId> {
        let rule = self.mapping.previous.as_ref()?;
        row.facts.get(&rule.fact)?.previous.clone()
    }
}

/// When a row of a person ended.
#[derive(Clone, Debug)]
pub(super) enum Ended {
    /// In this list.
    At {
        /// When it began.
        begun: Option<DateTime<Utc>>,
        /// When it ended.
        ended: DateTime<Utc>,
    },
    /// In a list before, of which only the hash of the date is known.
    Hashed(String),
}
