//! Which stays are of one person: a feed's own file of keyed hashes, by which a return finds the stay before it.
//!
//! The file has a line for each stay: the day on which it was first known, the person's hash and the entity. The hash goes
//! nowhere else. If the file is lost, each person is known again from the next message on.

use super::known::{self, KnownError};
use crate::line_list::snapshot::beside;
use crate::stay::statement::{Statement, Trigger};
use chrono::{DateTime, Days, NaiveDate, Utc};
use joinedup_application::app::App;
use joinedup_events::transfer::DischargeMethod;
use joinedup_events::{AreaId, EntityId, Family, local};
use joinedup_views::contribution::StoredFact;
use joinedup_views::contributions::transfer::{READMISSION_DAYS, Spell};
use joinedup_views::fact_set::standing;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Stays that began longer ago are forgotten when the feed starts.
const KEPT_DAYS: u64 = 800;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the feed's file of people {} cannot be used: {source}", .path.display())]
pub struct PeopleError {
    path: PathBuf,
    source: io::Error,
}

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
        let goes_on = spell.discharged.is_none() && began <= at;
        let is_of_one = matches!(
            statement.trigger,
            Trigger::Update | Trigger::Discharge | Trigger::CancelAdmit
        );
        (goes_on && is_of_one).then_some(Self::GoesOn)
    }
}

/// The stays of each person.
#[derive(Debug)]
pub struct People {
    path: PathBuf,
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    stays: BTreeMap<String, BTreeSet<EntityId>>,
    file: File,
}

impl People {
    /// Opens the file of a feed in the data folder; what is old in it is left out.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn open(data: &Path, feed: &str, today: NaiveDate) -> Result<Self, PeopleError> {
        let folder = data.join("feeds");
        let path = folder.join(format!("{feed}.people"));
        let failed = |source| PeopleError {
            path: path.clone(),
            source,
        };
        let open = || {
            std::fs::create_dir_all(&folder)?;
            let text = match std::fs::read_to_string(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
                read => read?,
            };
            let mut stays: BTreeMap<String, BTreeSet<EntityId>> = BTreeMap::new();
            let mut kept = String::new();
            // The end of a line that was cut off by a crash is not a stay.
            for line in text
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'))
            {
                if let Some((person, stay)) = recent(line.trim_end(), today) {
                    stays.entry(person).or_default().insert(stay);
                    kept.push_str(line);
                }
            }
            let whole = beside(&path, "new");
            let mut file = File::create(&whole)?;
            file.write_all(kept.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&whole, &path)?;
            File::open(&folder)?.sync_all()?;
            let file = File::options().append(true).open(&path)?;
            Ok(Open { stays, file })
        };
        let open = open().map_err(failed)?;
        Ok(Self {
            open: Mutex::new(open),
            path,
        })
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
    ) -> Result<(), PeopleError> {
        let Some(person) = persons.first() else {
            return Ok(());
        };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let known = open.stays.get(person);
        if known.is_some_and(|known| known.contains(stay)) {
            return Ok(());
        }
        let line = format!("{today} {person} {stay}\n");
        let written = open.file.write_all(line.as_bytes());
        written
            .and_then(|()| open.file.sync_data())
            .map_err(|source| PeopleError {
                path: self.path.clone(),
                source,
            })?;
        let stays = open.stays.entry(person.clone()).or_default();
        stays.insert(stay.clone());
        Ok(())
    }

    fn stays(&self, persons: &[String]) -> BTreeSet<EntityId> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
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
        let mut best: Option<(Fit, EntityId, Vec<StoredFact>)> = None;
        let stays = self.stays(&statement.person);
        let unless = match stays.is_empty() {
            true => Meant::First,
            false => Meant::Another,
        };
        for stay in stays {
            let facts = known::facts(app, area, Family::Transfer, &stay).await?;
            let facts = facts.unwrap_or_default();
            let stands = standing(facts.clone());
            let fit = Spell::of(&stands).and_then(|spell| Fit::of(statement, &spell));
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

/// The person and the stay of a line, unless it is old.
fn recent(line: &str, today: NaiveDate) -> Option<(String, EntityId)> {
    let mut parts = line.split(' ');
    let (day, person, stay) = (parts.next()?, parts.next()?, parts.next()?);
    let day: NaiveDate = day.parse().ok()?;
    let oldest = today.checked_sub_days(Days::new(KEPT_DAYS))?;
    (day >= oldest).then_some((person.to_owned(), EntityId::new(stay).ok()?))
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
}
