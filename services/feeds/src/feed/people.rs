//! Which stays are of one person, and which names are one entity's: a feed's own files of keyed hashes. By the first a return
//! finds the stay before it, and by the second what is known under another name, or under the key before, is found again.
//!
//! The hash of a person goes nowhere else. If a file is lost, each person is known again from the next message on.

use super::known::{self, KnownError};
use super::lines::{Lines, LinesError};
use crate::stay::statement::{Statement, Trigger};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use joinedup_application::app::App;
use joinedup_events::transfer::DischargeMethod;
use joinedup_events::{AreaId, EntityId, Family, Slug, local};
use joinedup_views::contribution::StoredFact;
use joinedup_views::contributions::transfer::{READMISSION_DAYS, Spell};
use joinedup_views::fact_set::standing;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which stay a message is about that does not give its number.
pub enum Meant {
    /// This one, of which this is known.
    Stay(EntityId, Vec<StoredFact>),
    /// None of those that are known of the person.
    Another,
    /// No stay is known of the person.
    First,
}

/// How well a stay fits such a message; the better is the greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It went on when the message says that something happened, and the message does not begin one.
    GoesOn,
    /// It began in the same minute.
    SameBeginning,
}

impl Fit {
    fn of(statement: &Statement, spell: &Spell<'_>) -> Option<Self> {
        let (began, _) = spell.admitted?;
        let minute = |at: DateTime<Utc>| at.timestamp().div_euclid(60);
        if statement.admitted.map(minute) == Some(minute(began)) {
            return Some(Self::SameBeginning);
        }
        let ended = statement.discharged.map(|moment| moment.at);
        let at = ended.or(statement.happened).unwrap_or(statement.recorded);
        // A beginning that is put right is near the one that is known; another is another stay's.
        let is_near = |stated: DateTime<Utc>| (stated - began).abs() <= TimeDelta::days(1);
        let goes_on =
            spell.discharged.is_none() && began <= at && statement.admitted.is_none_or(is_near);
        let is_of_one = matches!(
            statement.trigger,
            Trigger::Update | Trigger::Discharge | Trigger::CancelAdmit
        );
        (goes_on && is_of_one).then_some(Self::GoesOn)
    }
}

/// The stays of each person, and the entities of other names.
#[derive(Debug)]
pub struct People(Mutex<Open>);

#[derive(Debug)]
struct Open {
    stays: BTreeMap<String, BTreeSet<EntityId>>,
    stays_file: Lines,
    named: BTreeMap<String, EntityId>,
    named_file: Lines,
}

impl People {
    /// Opens the files of a feed in the data folder; what is old in them is left out.
    ///
    /// # Errors
    /// When they cannot be read or written.
    pub fn open(data: &Path, feed: &str, today: NaiveDate) -> Result<Self, LinesError> {
        let (stays_file, lines) = Lines::open(data, &format!("{feed}.people"), today)?;
        let mut stays: BTreeMap<String, BTreeSet<EntityId>> = BTreeMap::new();
        for (person, stay) in lines {
            stays.entry(person).or_default().insert(stay);
        }
        let (named_file, lines) = Lines::open(data, &format!("{feed}.names"), today)?;
        Ok(Self(Mutex::new(Open {
            stays,
            stays_file,
            named: lines.into_iter().collect(),
            named_file,
        })))
    }

    fn locked(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a stay of a person, by today's hash, and answers when that is durable.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(
        &self,
        persons: &[String],
        stay: &EntityId,
        today: NaiveDate,
    ) -> Result<(), LinesError> {
        let Some(person) = persons.first() else {
            return Ok(());
        };
        let mut open = self.locked();
        let known = open.stays.get(person);
        if known.is_some_and(|known| known.contains(stay)) {
            return Ok(());
        }
        open.stays_file.add(person, stay, today)?;
        let stays = open.stays.entry(person.clone()).or_default();
        stays.insert(stay.clone());
        Ok(())
    }

    /// Remembers that a name stands for an entity that does not bear it, and answers when that is durable. Of two entities the
    /// later has the name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember_name(
        &self,
        feed: &Slug,
        name: &String,
        entity: &EntityId,
        today: NaiveDate,
    ) -> Result<(), LinesError> {
        let mut open = self.locked();
        let bears_it = entity.as_str() == format!("{feed}-{name}");
        if bears_it || open.named.get(name) == Some(entity) {
            return Ok(());
        }
        open.named_file.add(name, entity, today)?;
        open.named.insert(name.clone(), entity.clone());
        Ok(())
    }

    /// The entity that a name stands for, where that bears another.
    pub(super) fn named(&self, name: &str) -> Option<EntityId> {
        self.locked().named.get(name).cloned()
    }

    fn stays(&self, persons: &[String]) -> BTreeSet<EntityId> {
        let open = self.locked();
        let known = persons.iter().filter_map(|person| open.stays.get(person));
        known.flatten().cloned().collect()
    }

    /// Which of a person's stays a message is about that does not give its number.
    ///
    /// # Errors
    /// When what is known of those stays cannot be looked up.
    pub async fn meant(
        &self,
        app: &App,
        area: &AreaId,
        statement: &Statement,
    ) -> Result<Meant, KnownError> {
        let mut best: Option<((Fit, DateTime<Utc>), EntityId, Vec<StoredFact>)> = None;
        let stays = self.stays(&statement.person);
        let unless = match stays.is_empty() {
            true => Meant::First,
            false => Meant::Another,
        };
        for stay in stays {
            let facts = known::facts(app, area, Family::Transfer, &stay).await?;
            let facts = facts.unwrap_or_default();
            let stands = standing(facts.clone());
            // Of two that fit as well, the one that began last.
            let fit = Spell::of(&stands).and_then(|spell| {
                let (began, _) = spell.admitted?;
                Some((Fit::of(statement, &spell)?, began))
            });
            if fit > best.as_ref().map(|(fit, ..)| *fit) {
                best = fit.map(|fit| (fit, stay, facts));
            }
        }
        Ok(best.map_or(unless, |(_, stay, facts)| Meant::Stay(stay, facts)))
    }

    /// The stay that a person left last before an instant, if that was so short a time ago that this is a return.
    ///
    /// # Errors
    /// When what is known of those stays cannot be looked up.
    pub async fn previous(
        &self,
        app: &App,
        area: &AreaId,
        persons: &[String],
        stay: &EntityId,
        admitted: DateTime<Utc>,
    ) -> Result<Option<EntityId>, KnownError> {
        let mut last: Option<(DateTime<Utc>, EntityId)> = None;
        for other in self.stays(persons) {
            if other == *stay {
                continue;
            }
            let facts = known::facts(app, area, Family::Transfer, &other).await?;
            let stands = standing(facts.unwrap_or_default());
            let spell = Spell::of(&stands);
            let left = spell.and_then(|spell| spell.discharged);
            let left = left.filter(|(_, how)| how.method != DischargeMethod::Died);
            let Some((at, _)) = left.filter(|(at, _)| *at <= admitted) else {
                continue;
            };
            let days = (local::date(admitted) - local::date(at)).num_days();
            if days <= READMISSION_DAYS && last.as_ref().is_none_or(|(known, _)| *known < at) {
                last = Some((at, other));
            }
        }
        Ok(last.map(|(_, stay)| stay))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_remembered_is_there_after_a_crash_and_the_old_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let open = |today| People::open(folder.path(), "pas", day(today)).unwrap();
        let stay = |name: &str| EntityId::new(name).unwrap();
        let (ann, bob) = (["aa".to_owned()], ["bb".to_owned()]);
        let people = open("2026-01-10");
        people
            .remember(&ann, &stay("pas-1"), day("2023-01-10"))
            .unwrap();
        people
            .remember(&ann, &stay("pas-2"), day("2026-01-10"))
            .unwrap();
        people
            .remember(&ann, &stay("pas-2"), day("2026-01-11"))
            .unwrap();
        people
            .remember(&bob, &stay("pas-3"), day("2026-01-10"))
            .unwrap();
        people
            .remember(&[], &stay("pas-4"), day("2026-01-10"))
            .unwrap();
        let path = folder.path().join("feeds/pas.people");
        let mut text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 3);
        text.push_str("2026-01-11 aa pas-tor");
        std::fs::write(&path, text).unwrap();
        let again = open("2026-01-12");
        assert_eq!(again.stays(&ann), BTreeSet::from([stay("pas-2")]));
        assert_eq!(again.stays(&bob), BTreeSet::from([stay("pas-3")]));
        again
            .remember(&bob, &stay("pas-5"), day("2026-01-12"))
            .unwrap();
        assert_eq!(open("2026-01-12").stays(&bob).len(), 2);
    }

    #[test]
    fn a_name_stands_for_the_entity_that_had_it_last() {
        let folder = tempfile::tempdir().unwrap();
        let open = || People::open(folder.path(), "pas", day("2026-01-10")).unwrap();
        let (feed, name) = (Slug::new("pas").unwrap(), "s1".to_owned());
        let people = open();
        for entity in ["pas-a", "pas-b", "pas-s1"] {
            let entity = EntityId::new(entity).unwrap();
            let remembered = people.remember_name(&feed, &name, &entity, day("2026-01-10"));
            remembered.unwrap();
        }
        for people in [people, open()] {
            assert_eq!(people.named("s1").unwrap().as_str(), "pas-b");
        }
    }
}
