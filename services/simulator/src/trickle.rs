//! What goes on after the history's end: a few events a minute, each the next step of something open.

use super::assessments::{FRAMEWORK, ITEMS, NOTES};
use super::county::County;
use super::dice::Dice;
use super::experience::statements;
use super::pen::{Pen, Subject, entity, happened, slug};
use super::people::{population, sector};
use super::{Scenario, SimulateError};
use chrono::{DateTime, TimeDelta, Utc};
use joinedup_events::assessment::{AssessmentFact, Noted};
use joinedup_events::experience::{Answered, ExperienceFact, Mode, Respondent};
use joinedup_events::reason::{Reason, Responsible};
use joinedup_events::referral::{
    CareService, Closed, ClosureReason, FirstContact, Priority, Received, ReferralFact as R,
    Triaged, Trigger,
};
use joinedup_events::transfer::{
    AdmissionMethod, Admitted, DelayReasonSet, DischargeMethod, Discharged, ExpectedDateSet,
    Pathway, PathwaySet, Ready, TransferFact as T,
};
use joinedup_events::{AreaId, Areas, Event, Fact, local};
use std::collections::BTreeMap;

/// After a pause longer than this (a laptop that slept), the trickle goes on from here and does not catch up.
const CATCH_UP: TimeDelta = TimeDelta::hours(1);

/// A person in a bed.
struct InBed {
    about: Subject,
    expected: bool,
    pathway: bool,
    ready: bool,
    reason: bool,
    out: bool,
}

/// An open referral that can move without a team's meeting.
struct Open {
    about: Subject,
    service: CareService,
    steps: u8,
    closed: bool,
}

/// The live county.
pub struct Trickle {
    pen: Pen,
    county: County,
    per_minute: f64,
    due: DateTime<Utc>,
    beds: Vec<InBed>,
    referrals: Vec<Open>,
}

impl Trickle {
    /// Goes on from a scenario's end with what its history left open, at so many events a minute.
    ///
    /// # Errors
    /// When the register lacks the county or the trust, or the scenario makes no sense.
    pub fn new(
        scenario: &Scenario,
        areas: &Areas,
        history: &[Event],
        per_minute: f64,
    ) -> Result<Self, SimulateError> {
        scenario.check()?;
        let county = County::of(scenario, areas)?;
        let silent = county.silent_source();
        Ok(Self {
            pen: Pen::new(Dice::new(scenario.seed, 8)),
            per_minute: per_minute.clamp(0.001, 60_000.0),
            due: scenario.end,
            beds: in_bed(history),
            referrals: open(history, &silent),
            county,
        })
    }

    /// The events that are due by `now`, in order; none when it is not yet time.
    pub fn next(&mut self, now: DateTime<Utc>) -> Vec<Event> {
        self.due = self.due.max(now - CATCH_UP);
        while self.due <= now {
            let at = self.due;
            self.step(at);
            // The pace is kept to the millisecond, so that fast rates are not rounded away.
            let gap = self
                .pen
                .dice
                .exponential(60_000.0 / self.per_minute)
                .max(1.0);
            self.due += TimeDelta::milliseconds(gap as i64);
        }
        std::mem::take(&mut self.pen.events)
    }

    /// How many people are in a bed now.
    #[must_use]
    pub fn in_bed(&self) -> usize {
        self.beds.len()
    }

    fn say(&mut self, about: &Subject, at: DateTime<Utc>, fact: Fact) {
        // It happened a moment ago, and is recorded now.
        let at = at - TimeDelta::nanoseconds(at.timestamp_subsec_nanos().into());
        self.pen.say_recorded(about, at, at, fact);
    }

    fn step(&mut self, at: DateTime<Utc>) {
        match self.pen.dice.weighted(&[
            (0_u8, 0.15),
            (1, 0.34),
            (2, 0.15),
            (3, 0.09),
            (4, 0.14),
            (5, 0.1),
            (6, 0.03),
        ]) {
            0 => self.admit(at),
            1 => self.care(at),
            2 => self.discharge(at),
            3 => self.refer(at),
            4 => self.advance(at),
            5 => self.answer(at),
            _ => self.note(at),
        }
    }

    fn home(&mut self) -> (usize, AreaId) {
        let part = self.pen.dice.below(self.county.localities.len());
        (
            part,
            self.pen
                .dice
                .pick(&self.county.localities[part].homes)
                .clone(),
        )
    }

    fn admit(&mut self, at: DateTime<Utc>) {
        let (part, home) = self.home();
        let hospital = self.county.hospitals[part % self.county.hospitals.len()].clone();
        let about = self
            .pen
            .subject(&self.county.source(&format!("{hospital}/pas")), &home);
        let fact = T::Admitted(Admitted {
            hospital: Some(hospital),
            method: AdmissionMethod::Emergency,
            previous: None,
            population: None,
        });
        self.say(&about, at, Fact::Transfer(fact));
        self.beds.push(InBed {
            about,
            expected: false,
            pathway: false,
            ready: false,
            reason: false,
            out: false,
        });
    }

    /// The next thing that is missing for somebody in a bed.
    fn care(&mut self, at: DateTime<Utc>) {
        if self.beds.is_empty() {
            return self.admit(at);
        }
        let today = local::date(at);
        let index = self.pen.dice.below(self.beds.len());
        let waiting = self.beds.iter().filter(|b| b.ready).count();
        let many_wait = waiting * 2 > self.beds.len();
        let days = self.pen.dice.between(1, 6);
        let bed = &mut self.beds[index];
        let fact = if !bed.expected {
            bed.expected = true;
            T::ExpectedDateSet(ExpectedDateSet {
                expected: today + TimeDelta::days(days),
            })
        } else if !bed.pathway {
            bed.pathway = true;
            let pathway = self.pen.dice.weighted(&[
                (Pathway::P0, 0.5),
                (Pathway::P1, 0.45),
                (Pathway::P2, 0.05),
            ]);
            T::PathwaySet(PathwaySet {
                date: today,
                pathway,
            })
        } else if !bed.ready && !many_wait {
            bed.ready = true;
            T::Ready(Ready { date: today })
        } else if bed.ready && !bed.reason {
            bed.reason = true;
            let (reason, responsible) = self.pen.dice.weighted(&[
                ((Reason::Cap1, Responsible::Both), 0.3),
                ((Reason::Cap5, Responsible::Nhs), 0.2),
                ((Reason::Cap7, Responsible::SocialCare), 0.2),
                ((Reason::Cth1, Responsible::Both), 0.2),
                ((Reason::Hp5, Responsible::Nhs), 0.1),
            ]);
            T::DelayReasonSet(DelayReasonSet {
                date: today,
                reason,
                responsible,
            })
        } else {
            T::ExpectedDateSet(ExpectedDateSet {
                expected: today + TimeDelta::days(days),
            })
        };
        let about = bed.about.clone();
        self.say(&about, at, Fact::Transfer(fact));
    }

    /// Mostly people who never waited leave, and of those who wait mostly the last to be ready.
    fn discharge(&mut self, at: DateTime<Utc>) {
        let wants_waiting = self.pen.dice.chance(0.3);
        let recent = self.pen.dice.chance(0.8);
        let fitting: Vec<usize> = (0..self.beds.len())
            .filter(|i| self.beds[*i].ready == wants_waiting && self.beds[*i].expected)
            .collect();
        let Some(last) = fitting.last().copied() else {
            return self.admit(at);
        };
        let index = if recent && wants_waiting {
            last
        } else {
            *self.pen.dice.pick(&fitting)
        };
        let bed = self.beds.swap_remove(index);
        let fact = T::Discharged(Discharged {
            method: DischargeMethod::Agreed,
            destination: Some(slug("19")),
            date_only: false,
        });
        self.say(&bed.about, at, Fact::Transfer(fact));
    }

    fn refer(&mut self, at: DateTime<Utc>) {
        let (part, home) = self.home();
        let silent = self.county.silent_source();
        let team = self.pen.dice.chance(0.4) && self.county.local_source(part, "mdt") != silent;
        let (system, service, trigger) = if team {
            ("mdt", CareService::Mdt, Trigger::CaseFinding)
        } else {
            ("community", CareService::CrisisResponse, Trigger::Crisis)
        };
        let about = self
            .pen
            .subject(&self.county.local_source(part, system), &home);
        let fact = R::Received(Received {
            service,
            priority: if team {
                Priority::Routine
            } else {
                Priority::Urgent
            },
            trigger,
            source_code: Some(slug("01")),
            need_identified: None,
            previous: None,
            population: team.then(|| population(&about.entity)).flatten(),
            sector: Some(sector(&about.entity)),
        });
        self.say(&about, at, Fact::Referral(fact));
        self.referrals.push(Open {
            about,
            service,
            steps: 1,
            closed: false,
        });
    }

    /// Moves on the referral that was received last and can move: the older a call, the likelier it was seen to.
    fn advance(&mut self, at: DateTime<Utc>) {
        let Some(index) = self.referrals.len().checked_sub(1) else {
            return self.refer(at);
        };
        let index = index - self.pen.dice.below(self.referrals.len().min(4));
        let referral = &mut self.referrals[index];
        let (fact, done) = match (referral.service, referral.steps) {
            (CareService::Mdt, 0 | 1) => (
                R::Triaged(Triaged {
                    priority: Some(Priority::Routine),
                }),
                false,
            ),
            (CareService::Mdt, _) => (R::Accepted(happened()), true),
            (_, 0 | 1) => (R::Accepted(happened()), false),
            (_, 2) => (R::FirstContact(FirstContact { face_to_face: true }), false),
            _ => (
                R::Closed(Closed {
                    reason: ClosureReason::Completed,
                }),
                true,
            ),
        };
        referral.steps += 1;
        let about = referral.about.clone();
        if done {
            self.referrals.remove(index);
        }
        self.say(&about, at, Fact::Referral(fact));
    }

    fn answer(&mut self, at: DateTime<Utc>) {
        let (part, home) = self.home();
        let about = self
            .pen
            .subject(&self.county.local_source(part, "experience"), &home);
        let carer = self.pen.dice.chance(0.25);
        let fact = ExperienceFact::Answered(Answered {
            instrument: slug("i-statements"),
            answers: statements(&mut self.pen.dice, 0.03, carer),
            with_carer: false,
            mode: Mode::Online,
            respondent: if carer {
                Respondent::Carer
            } else {
                Respondent::Person
            },
            team: None,
            population: None,
        });
        self.say(&about, at, Fact::Experience(fact));
    }

    fn note(&mut self, at: DateTime<Utc>) {
        let part = self.pen.dice.below(self.county.localities.len());
        let area = self.county.localities[part].id.clone();
        let item = *self.pen.dice.pick(&ITEMS);
        let about = Subject {
            source: self.county.local_source(part, "self-assessment"),
            entity: entity(format!("{area}/{FRAMEWORK}/{item}")),
            area,
        };
        let note = (*self.pen.dice.pick(&NOTES)).to_owned();
        let fact = AssessmentFact::Noted(Noted {
            framework: slug(FRAMEWORK),
            item: slug(item),
            note,
        });
        self.say(&about, at, Fact::Assessment(fact));
    }
}

fn subject(event: &Event) -> Subject {
    Subject {
        source: event.source.clone(),
        area: event.area.clone(),
        entity: event.entity.clone(),
    }
}

/// Who is in a bed at the end of a history, the last to be ready last.
fn in_bed(history: &[Event]) -> Vec<InBed> {
    let mut beds: BTreeMap<&str, InBed> = BTreeMap::new();
    let mut ready: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    for event in as_happened(history) {
        let Fact::Transfer(fact) = &event.fact else {
            continue;
        };
        let key = event.entity.as_str();
        if matches!(fact, T::Admitted(_)) {
            let about = subject(event);
            let new = InBed {
                about,
                expected: false,
                pathway: false,
                ready: false,
                reason: false,
                out: false,
            };
            beds.entry(key).or_insert(new);
        }
        let Some(bed) = beds.get_mut(key) else {
            continue;
        };
        match fact {
            T::ExpectedDateSet(_) => bed.expected = true,
            T::PathwaySet(_) => bed.pathway = true,
            T::Ready(_) => {
                bed.ready = true;
                ready.insert(key, event.occurred_at);
            }
            T::NotReady(_) => bed.ready = false,
            T::DelayReasonSet(_) => bed.reason = true,
            T::Discharged(_) | T::Cancelled(_) => bed.out = true,
            T::DischargeReversed(_) => bed.out = false,
            _ => {}
        }
    }
    let mut open: Vec<(Option<DateTime<Utc>>, InBed)> = beds
        .into_iter()
        .filter(|(_, bed)| !bed.out)
        .map(|(key, bed)| (ready.get(key).copied(), bed))
        .collect();
    open.sort_by_key(|(since, _)| *since);
    open.into_iter().map(|(_, bed)| bed).collect()
}

/// Events in the order in which they happened. Some were recorded days late: by that order one who has left would come
/// in again.
fn as_happened(history: &[Event]) -> Vec<&Event> {
    let mut events: Vec<&Event> = history.iter().collect();
    events.sort_by_key(|event| event.occurred_at);
    events
}

/// The referrals that are open at the end of a history and need no meeting to move on, the last received last.
fn open(history: &[Event], silent: &str) -> Vec<Open> {
    let mut referrals: BTreeMap<&str, (DateTime<Utc>, Open)> = BTreeMap::new();
    for event in as_happened(history) {
        let Fact::Referral(fact) = &event.fact else {
            continue;
        };
        let key = event.entity.as_str();
        if let R::Received(received) = fact {
            let new = Open {
                about: subject(event),
                service: received.service,
                steps: 1,
                closed: false,
            };
            referrals.entry(key).or_insert((event.occurred_at, new));
        }
        let Some((_, referral)) = referrals.get_mut(key) else {
            continue;
        };
        match fact {
            R::Triaged(_) => referral.steps = referral.steps.max(2),
            R::Accepted(_) if referral.service == CareService::Mdt => referral.closed = true,
            R::Accepted(_) => referral.steps = referral.steps.max(2),
            R::FirstContact(f) if f.face_to_face => referral.steps = 3,
            R::Closed(_)
            | R::Declined(_)
            | R::Redirected(_)
            | R::Withdrawn(_)
            | R::Retracted(_) => {
                referral.closed = true;
            }
            _ => {}
        }
    }
    let mut open: Vec<(DateTime<Utc>, Open)> = referrals
        .into_values()
        .filter(|(_, r)| {
            !r.closed && r.about.source != silent && r.service != CareService::Reablement
        })
        .collect();
    open.sort_by_key(|(received, _)| *received);
    open.into_iter().map(|(_, referral)| referral).collect()
}
