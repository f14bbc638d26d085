//! What a message or a resource says of a stay in hospital that is new, against what is known of it.
//!
//! A message is held against what stood when it was recorded, so that one that comes again, or late, changes nothing that
//! came after it. A correction takes back what it corrects: two admissions or discharges never stand side by side.

pub mod again;
mod change;
pub mod events;
mod late;
mod order;
pub mod statement;

pub use change::{Backwards, Change, Changes, LEFT_BEFORE_COMING};

use chrono::{DateTime, TimeDelta, Utc};
use joinedup_events::Fact;
use joinedup_events::facts::Happened;
use joinedup_events::local;
use joinedup_events::reason::Responsible;
use joinedup_events::transfer::{
    AdmissionMethod, Admitted, DelayReasonSet, DischargeMethod, Discharged, ExpectedDateSet,
    NotReady, PathwaySet, Ready, TransferFact, WardSet,
};
use joinedup_views::contribution::StoredFact;
use joinedup_views::fact_set::standing;
use late::Since;
use statement::{Readiness, Stated, Statement, Trigger};

/// Holds a statement against all that is known of its stay.
#[must_use]
pub fn changes(statement: &Statement, known: &[StoredFact]) -> Changes {
    let until = statement.recorded + statement.within;
    let own = known.iter().filter(|fact| fact.linked.is_none());
    let before: Vec<StoredFact> = own
        .clone()
        .filter(|fact| fact.recorded_at < until)
        .cloned()
        .collect();
    let last = before.iter().map(|fact| fact.recorded_at).max();
    let after_last = last.map(|last| last + TimeDelta::milliseconds(1));
    let recorded = after_last.map_or(statement.recorded, |after| after.max(statement.recorded));
    let in_a_bed = statement.inpatient.unwrap_or(statement.trigger.admits());
    if !in_a_bed && own.count() == 0 {
        return Changes {
            recorded,
            ..Changes::default()
        };
    }
    let stay = Stay {
        statement,
        stands: standing(before),
        since: Since::of(known, until),
    };
    // Of an admission that is cancelled nothing is left to say until somebody is admitted again.
    let says_nothing = || Changes {
        recorded,
        ..Changes::default()
    };
    if stay.is_cancelled_since() {
        return says_nothing();
    }
    let admitted = stay.admitted();
    let cancels = statement.trigger == Trigger::CancelAdmit;
    if !cancels && stay.is_cancelled() && !admitted.says_something() {
        return says_nothing();
    }
    let mut all = match statement.trigger {
        Trigger::CancelAdmit => vec![stay.cancelled()],
        trigger => vec![
            admitted,
            match trigger {
                Trigger::CancelDischarge => stay.reversed(),
                Trigger::Present if !statement.died => stay.there(),
                Trigger::Inpatient if !statement.died && statement.discharged.is_none() => {
                    stay.there()
                }
                _ => stay.discharged(),
            },
            stay.expected(),
            stay.readiness(),
            stay.pathway(),
            stay.ward(),
            stay.reason(),
        ],
    };
    let left_before_coming = stay.put_in_order(&mut all);
    Changes {
        changes: all.into_iter().filter(Change::says_something).collect(),
        recorded,
        left_before_coming,
    }
}

/// A statement, and what stood of its stay when it was recorded.
struct Stay<'a> {
    statement: &'a Statement,
    /// In the order of recording.
    stands: Vec<StoredFact>,
    /// What was recorded after it, and came before it.
    since: Since,
}

/// A fact that stands: its position, its time, itself.
type Stands<'a, T> = (u64, DateTime<Utc>, &'a T);

fn minute(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(60)
}

/// Of what undoes: where that of an instant and later stands, and the latest time of the rest.
fn from_then_on<'a>(
    undoing: impl Iterator<Item = Stands<'a, Happened>>,
    at: DateTime<Utc>,
) -> (Vec<u64>, Option<DateTime<Utc>>) {
    let (from_then_on, before): (Vec<_>, Vec<_>) =
        undoing.partition(|(_, undone, _)| *undone >= at);
    let positions = from_then_on.into_iter().map(|(position, _, _)| position);
    let latest = before.into_iter().map(|(_, undone, _)| undone).max();
    (positions.collect(), latest)
}

impl Stay<'_> {
    fn all<'s, T: 's>(
        &'s self,
        is: impl Fn(&'s TransferFact) -> Option<&'s T> + 's,
    ) -> impl Iterator<Item = Stands<'s, T>> {
        self.stands
            .iter()
            .filter_map(move |stored| match &stored.fact {
                Fact::Transfer(fact) => Some((stored.position, stored.occurred_at, is(fact)?)),
                _ => None,
            })
    }

    fn cancellations(&self) -> impl Iterator<Item = Stands<'_, Happened>> {
        self.all(|fact| match fact {
            TransferFact::Cancelled(f) => Some(f),
            _ => None,
        })
    }

    fn reversals(&self) -> impl Iterator<Item = Stands<'_, Happened>> {
        self.all(|fact| match fact {
            TransferFact::DischargeReversed(f) => Some(f),
            _ => None,
        })
    }

    /// The admission in force: the one recorded last that began after what was cancelled.
    fn admission(&self, cancelled: Option<DateTime<Utc>>) -> Option<Stands<'_, Admitted>> {
        let admissions = self.all(|fact| match fact {
            TransferFact::Admitted(f) => Some(f),
            _ => None,
        });
        admissions.filter(|(_, at, _)| Some(*at) > cancelled).last()
    }

    /// The discharge in force: the one recorded last that happened after what was reversed.
    fn discharge(&self, reversed: Option<DateTime<Utc>>) -> Option<Stands<'_, Discharged>> {
        let discharges = self.all(|fact| match fact {
            TransferFact::Discharged(f) => Some(f),
            _ => None,
        });
        discharges.filter(|(_, at, _)| Some(*at) > reversed).last()
    }

    /// It is said of somebody who is in no bed: it may end a stay, and what it says of times is of what came after it.
    fn is_elsewhere(&self) -> bool {
        self.statement.inpatient == Some(false)
    }

    /// When it happened, as far as the message says.
    fn happened(&self) -> DateTime<Utc> {
        self.statement.happened.unwrap_or(self.statement.recorded)
    }

    /// What undoes goes by its own time, and covers what it undoes; none where that is undone already.
    fn undoing(
        &self,
        in_force: Option<DateTime<Utc>>,
        undone: Option<DateTime<Utc>>,
    ) -> Option<DateTime<Utc>> {
        let own = self.statement.happened;
        match (in_force, undone) {
            (Some(at), _) => Some(own.map_or(at, |own| own.max(at))),
            (None, Some(undone)) => own.filter(|own| *own > undone),
            (None, None) => Some(self.happened()),
        }
    }

    fn cancelled(&self) -> Change {
        let cancelled = self.cancellations().map(|(_, at, _)| at).max();
        let admission = self.admission(cancelled);
        let in_force = admission.map(|(_, at, _)| at);
        // What was stated of that admission goes with it: another under the same number begins anew.
        let stated = self.stands.iter().map(|stored| stored.occurred_at);
        let last = in_force.and_then(|_| stated.max());
        // The stay before it learns of a retraction alone that this was not a return.
        let returned = admission.filter(|(_, _, fact)| fact.previous.is_some());
        Change {
            taken_back: returned
                .into_iter()
                .map(|(position, _, _)| position)
                .collect(),
            stated: self
                .undoing(last, cancelled)
                .map(|at| self.before_the_next_admission(in_force, at))
                .map(|at| (at, TransferFact::Cancelled(Happened {}))),
            ..Change::new("cancelled")
        }
    }

    fn is_cancelled(&self) -> bool {
        let cancelled = self.cancellations().map(|(_, at, _)| at).max();
        cancelled.is_some() && self.admission(cancelled).is_none()
    }

    fn reversed(&self) -> Change {
        if self.has_left_since() {
            return Change::new("discharge-reversed");
        }
        let reversed = self.reversals().map(|(_, at, _)| at).max();
        let in_force = self.discharge(reversed).map(|(_, at, _)| at);
        Change {
            stated: self
                .undoing(in_force, reversed)
                .map(|at| (at, TransferFact::DischargeReversed(Happened {}))),
            ..Change::new("discharge-reversed")
        }
    }

    /// Who is there has not left: a discharge that stands was a mistake.
    fn there(&self) -> Change {
        let reversed = self.reversals().map(|(_, at, _)| at).max();
        match self.discharge(reversed) {
            Some(_) => self.reversed(),
            None => Change::new("discharge-reversed"),
        }
    }

    fn admitted(&self) -> Change {
        let mut change = Change::new("admitted");
        let admits = match self.statement.trigger {
            trigger if trigger.admits() => true,
            // Without a time this says that somebody is there, and not since when.
            Trigger::Present => self.statement.admitted.is_some(),
            _ => false,
        };
        let at = self.statement.admitted;
        let Some(at) = at.or_else(|| admits.then(|| self.happened())) else {
            return change;
        };
        let (mistaken, cancelled) = from_then_on(self.cancellations(), at);
        if admits {
            // Admitted after all: a cancellation of that time was itself a mistake.
            change.taken_back = mistaken;
        } else if !mistaken.is_empty() {
            return change;
        }
        let in_force = self.admission(cancelled);
        if in_force.is_some() && self.is_elsewhere() {
            return change;
        }
        let before = in_force.map(|(_, _, fact)| fact);
        // Where somebody lies later is not where they were admitted.
        let hospital = match before {
            Some(before) if !admits => before.hospital.clone(),
            before => {
                let given = self.statement.hospital.clone();
                given.or_else(|| before.and_then(|before| before.hospital.clone()))
            }
        };
        let method = self.statement.method.or(before.map(|before| before.method));
        let fact = Admitted {
            hospital,
            method: method.unwrap_or(AdmissionMethod::Unknown),
            previous: before
                .and_then(|before| before.previous.clone())
                .or_else(|| self.statement.previous.clone()),
            population: before.and_then(|before| before.population.clone()),
        };
        let change = change.put_right(in_force, at, fact, TransferFact::Admitted);
        self.completed(change)
    }

    fn discharged(&self) -> Change {
        let mut change = Change::new("discharged");
        let statement = self.statement;
        let leaves = statement.trigger == Trigger::Discharge;
        let reversed = self.reversals().map(|(_, at, _)| at).max();
        let died = statement
            .died_at
            .map(|moment| (moment.at, moment.date_only));
        let given = statement
            .discharged
            .map(|moment| (moment.at, moment.date_only));
        let now = || (self.happened(), false);
        let at = match statement.trigger {
            Trigger::Discharge => Some(given.or(died).unwrap_or_else(now)),
            // An admission that has ended already is one that is sent late.
            _ if given.is_some() => given,
            // A death is known by whichever message has it first.
            _ if statement.died && self.discharge(reversed).is_none() => {
                Some(died.unwrap_or_else(now))
            }
            _ => None,
        };
        let Some((at, date_only)) = at.filter(|_| !self.has_left_since()) else {
            return change;
        };
        let (mistaken, reversed) = from_then_on(self.reversals(), at);
        if leaves {
            // Left after all: a reversal of that time was itself a mistake.
            change.taken_back = mistaken;
        } else if !mistaken.is_empty() {
            return change;
        }
        let in_force = self.discharge(reversed);
        if in_force.is_some() && self.is_elsewhere() {
            return change;
        }
        let before = in_force.map(|(_, _, fact)| fact);
        // Who died later did not die here.
        let died_here = statement.died
            && match died {
                Some((died, _)) => local::date(died) <= local::date(at),
                None => leaves || before.is_none(),
            };
        let method = match died_here {
            true => Some(DischargeMethod::Died),
            false => statement
                .discharge_method
                .or(before.map(|before| before.method)),
        };
        let fact = Discharged {
            method: method.unwrap_or(DischargeMethod::Agreed),
            destination: statement
                .destination
                .clone()
                .or_else(|| before.and_then(|before| before.destination.clone())),
            date_only,
        };
        change.put_right(in_force, at, fact, TransferFact::Discharged)
    }

    /// What is said anew when it changes; the earlier stands for the time before. `""` takes all of it back.
    ///
    /// `value` finds what is said in a fact of the kind, and `fact` makes one.
    fn renewed<V: PartialEq>(
        &self,
        about: &'static str,
        stated: &Stated<V>,
        value: impl Fn(&TransferFact) -> Option<&V>,
        fact: impl FnOnce(&V) -> TransferFact,
    ) -> Change {
        let is_withdrawn = self.since.took_back(|fact| value(fact).is_some());
        let mut known: Vec<Stands<'_, V>> = self.all(value).collect();
        known.sort_by_key(|(_, at, _)| *at);
        match stated {
            Stated::Nothing => Change::new(about),
            Stated::Withdrawn => Change {
                taken_back: known.into_iter().map(|(position, _, _)| position).collect(),
                ..Change::new(about)
            },
            Stated::Is(new) if known.last().is_some_and(|(_, _, last)| *last == new) => {
                Change::new(about)
            }
            Stated::Is(_) if is_withdrawn => Change::new(about),
            Stated::Is(new) => Change::states(about, self.statement.recorded, fact(new)),
        }
    }

    fn expected(&self) -> Change {
        self.renewed(
            "expected-date-set",
            &self.statement.expected,
            |fact| match fact {
                TransferFact::ExpectedDateSet(f) => Some(&f.expected),
                _ => None,
            },
            |expected| {
                TransferFact::ExpectedDateSet(ExpectedDateSet {
                    expected: *expected,
                })
            },
        )
    }

    fn pathway(&self) -> Change {
        self.renewed(
            "pathway-set",
            &self.statement.pathway,
            |fact| match fact {
                TransferFact::PathwaySet(f) => Some(&f.pathway),
                _ => None,
            },
            |pathway| {
                TransferFact::PathwaySet(PathwaySet {
                    date: local::date(self.statement.recorded),
                    pathway: *pathway,
                })
            },
        )
    }

    fn ward(&self) -> Change {
        self.renewed(
            "ward-set",
            &self.statement.ward,
            |fact| match fact {
                TransferFact::WardSet(f) => Some(&f.ward),
                _ => None,
            },
            |ward| TransferFact::WardSet(WardSet { ward: ward.clone() }),
        )
    }

    fn reason(&self) -> Change {
        self.renewed(
            "delay-reason-set",
            &self.statement.reason,
            |fact| match fact {
                TransferFact::DelayReasonSet(f) => Some(&f.reason),
                _ => None,
            },
            |reason| {
                TransferFact::DelayReasonSet(DelayReasonSet {
                    date: local::date(self.statement.recorded),
                    reason: *reason,
                    // The return does not say whose move it is, and nor do messages.
                    responsible: Responsible::Unattributed,
                })
            },
        )
    }

    fn readiness(&self) -> Change {
        let mut change = Change::new("readiness");
        let known = self.stands.iter().filter_map(|stored| match &stored.fact {
            Fact::Transfer(TransferFact::Ready(f)) => Some((stored, true, f.date)),
            Fact::Transfer(TransferFact::NotReady(f)) => Some((stored, false, f.date)),
            _ => None,
        });
        let mut known: Vec<_> = known.collect();
        known.sort_by_key(|(stored, _, date)| (stored.occurred_at, *date));
        if self.statement.not_ready_withdrawn {
            let mistaken = known.extract_if(.., |(_, ready, _)| !*ready);
            change.taken_back = mistaken.map(|(stored, _, _)| stored.position).collect();
        }
        let stated = match self.statement.readiness {
            Stated::Nothing => return change,
            Stated::Withdrawn => {
                let all = known.iter().map(|(stored, _, _)| stored.position);
                change.taken_back.extend(all);
                return change;
            }
            Stated::Is(stated) => stated,
        };
        let Readiness { ready, date, dated } = stated;
        if self.since.speaks_of_readiness(ready, dated) {
            return change;
        }
        // A field that keeps its date reports nothing new, even after the other one was reported.
        let is_said = |(_, was, since): &(&StoredFact, bool, chrono::NaiveDate)| {
            *was == ready && *since == date
        };
        if dated && known.iter().any(is_said) {
            return change;
        }
        match known.last() {
            Some((_, was, _)) if *was == ready && !dated => return change,
            // Another date of the same is a correction; a word that is said again is not.
            Some((stored, was, _)) if *was == ready => change.taken_back.push(stored.position),
            _ => {}
        }
        let fact = match ready {
            true => TransferFact::Ready(Ready { date }),
            false => TransferFact::NotReady(NotReady { date }),
        };
        change.stated = Some((self.statement.recorded, fact));
        change
    }
}
