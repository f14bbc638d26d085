//! Rules of single facts: who may be responsible, ranges, dates, lists.

use super::{DATE_AHEAD_DAYS, LIMITS, Refusal, bounds, instant_rule, text};
use crate::amount::Amount;
use crate::area::Areas;
use crate::assessment::AssessmentFact;
use crate::change::{ChangeFact, SourceEnded, SourceReported};
use crate::event::{Event, Fact};
use crate::experience::ExperienceFact;
use crate::id::Slug;
use crate::local;
use crate::observation::{Grain, ObservationFact, Observed};
use crate::plan::Progress;
use crate::reason::{Reason, Responsible};
use crate::referral::ReferralFact;
use crate::transfer::TransferFact;
use chrono::{DateTime, Datelike, Days, NaiveDate, Utc, Weekday};
use std::collections::BTreeSet;

/// A ward's code is short, so that nothing else finds room in it.
const MAX_WARD_LENGTH: usize = 24;
/// The framework of the logic model, whose levels start at 1.
const LOGIC_MODEL: &str = "scie";

/// Checks one event's fact and collects what it finds.
struct Checks<'a> {
    event: &'a Event,
    areas: &'a Areas,
    now: DateTime<Utc>,
    found: &'a mut Vec<Refusal>,
}

pub(super) fn check(event: &Event, areas: &Areas, now: DateTime<Utc>, found: &mut Vec<Refusal>) {
    let mut checks = Checks {
        event,
        areas,
        now,
        found,
    };
    match &event.fact {
        Fact::Transfer(fact) => checks.transfer(fact),
        Fact::Referral(fact) => checks.referral(fact),
        Fact::Assessment(fact) => checks.assessment(fact),
        Fact::Experience(fact) => checks.experience(fact),
        Fact::Change(fact) => checks.change(fact),
        Fact::Observation(ObservationFact::Observed(fact)) => checks.observed(fact),
        Fact::Observation(ObservationFact::Retracted(_)) => {}
    }
    checks.links();
    for (field, value) in text::fields(&event.fact) {
        for rule in text::rules(value) {
            checks
                .found
                .push(Refusal::new(format!("/data/{field}"), rule));
        }
    }
}

impl Checks<'_> {
    fn refuse(&mut self, breaks: bool, field: &str, rule: impl Into<String>) {
        if breaks {
            self.found
                .push(Refusal::new(format!("/data/{field}"), rule));
        }
    }

    /// A reason that stands from a day on, and a body that it allows.
    fn reason(&mut self, date: NaiveDate, reason: Reason, responsible: Responsible) {
        self.past("date", date);
        let allowed = Responsible::ALL.iter().filter(|r| reason.allows(**r));
        let allowed: Vec<&str> = allowed.map(|r| r.code()).collect();
        self.refuse(
            !reason.allows(responsible),
            "responsible",
            format!(
                "must be a body that the reason allows: {}",
                allowed.join(" or ")
            ),
        );
    }

    /// A day that something is true from, or has happened on.
    fn past(&mut self, field: &str, date: NaiveDate) {
        let latest = self
            .now
            .checked_add_signed(super::CLOCK_AHEAD)
            .unwrap_or(self.now);
        let in_bounds = self.in_bounds(field, date);
        self.refuse(
            in_bounds && date > local::date(latest),
            field,
            "must not lie in the future",
        );
    }

    /// A day that something is planned for.
    fn planned(&mut self, field: &str, date: NaiveDate) {
        let last =
            local::date(self.now).checked_add_days(Days::new(DATE_AHEAD_DAYS.unsigned_abs()));
        let in_bounds = self.in_bounds(field, date);
        self.refuse(
            in_bounds && last.is_some_and(|last| date > last),
            field,
            "must not lie more than ten years in the future",
        );
    }

    /// A day that something is planned for, by people who know what day it is.
    fn planned_from_then(&mut self, field: &str, date: NaiveDate) {
        self.planned(field, date);
        let day = local::date(self.event.occurred_at);
        self.refuse(
            date < day,
            field,
            "must not lie before the day on which it was set (`time`)",
        );
    }

    fn in_bounds(&mut self, field: &str, date: NaiveDate) -> bool {
        let (first, last) = bounds();
        let inside = first <= date && date <= last;
        self.refuse(!inside, field, super::IN_BOUNDS);
        inside
    }

    fn list<T: Ord>(&mut self, field: &str, list: &[T]) {
        self.refuse(
            list.len() > LIMITS.max_entries,
            field,
            format!("must have at most {} entries", LIMITS.max_entries),
        );
        let distinct: BTreeSet<&T> = list.iter().collect();
        self.refuse(
            distinct.len() < list.len(),
            field,
            "must not have an entry twice",
        );
    }

    fn transfer(&mut self, fact: &TransferFact) {
        match fact {
            TransferFact::Admitted(f) => {
                if let Some(hospital) = &f.hospital {
                    let area = self.areas.get(hospital.as_str());
                    self.refuse(
                        !area.is_some_and(|a| a.kind.is_provider()),
                        "hospital",
                        "must be a hospital or trust of the register; add it to the areas file of the server that takes the event",
                    );
                }
            }
            TransferFact::ExpectedDateSet(f) => self.planned("expected", f.expected),
            TransferFact::Ready(f) => self.past("date", f.date),
            TransferFact::NotReady(f) => self.past("date", f.date),
            TransferFact::DelayReasonSet(f) => self.reason(f.date, f.reason, f.responsible),
            TransferFact::DelayReasonAdded(f) => self.reason(f.date, f.reason, f.responsible),
            TransferFact::DelayReasonEnded(f) => self.past("date", f.date),
            TransferFact::DischargeNoticeGiven(f) => self.planned("proposed", f.proposed),
            TransferFact::PathwaySet(f) => self.past("date", f.date),
            TransferFact::WardSet(f) => self.refuse(
                f.ward.as_str().len() > MAX_WARD_LENGTH,
                "ward",
                format!("must be a ward's code, of at most {MAX_WARD_LENGTH} characters"),
            ),
            TransferFact::Discharged(f) => {
                let code = f.destination.as_ref().map(Slug::as_str);
                self.refuse(
                    code.is_some_and(|c| c.len() != 2 || !c.bytes().all(|b| b.is_ascii_digit())),
                    "destination",
                    "must be a national code of two digits",
                );
            }
            TransferFact::AssessmentNoticeGiven(_)
            | TransferFact::SocialCareReferred(_)
            | TransferFact::AssessmentStarted(_)
            | TransferFact::AssessmentFinished(_)
            | TransferFact::PackageAgreed(_)
            | TransferFact::DischargeNoticeWithdrawn(_)
            | TransferFact::Cancelled(_)
            | TransferFact::DischargeReversed(_)
            | TransferFact::Retracted(_) => {}
        }
    }

    fn referral(&mut self, fact: &ReferralFact) {
        match fact {
            ReferralFact::Received(f) => {
                let code = f.source_code.as_ref().map(Slug::as_str);
                let known =
                    |c: &str| c.len() == 2 && c.parse::<u8>().is_ok_and(|n| (1..=23).contains(&n));
                self.refuse(
                    code.is_some_and(|c| !known(c)),
                    "source_code",
                    "must be a national code from 01 to 23",
                );
                let latest = self
                    .now
                    .checked_add_signed(super::CLOCK_AHEAD)
                    .unwrap_or(self.now);
                if let Some(rule) = f.need_identified.and_then(|at| instant_rule(at, latest)) {
                    self.refuse(true, "need_identified", rule);
                }
            }
            ReferralFact::Listed(f) => self.planned_from_then("meeting", f.meeting),
            ReferralFact::Discussed(f) => self.list("sectors", &f.sectors),
            ReferralFact::ActionOpened(f) => self.planned_from_then("due", f.due),
            ReferralFact::Triaged(_)
            | ReferralFact::Accepted(_)
            | ReferralFact::Declined(_)
            | ReferralFact::Redirected(_)
            | ReferralFact::FirstContact(_)
            | ReferralFact::PlanAgreed(_)
            | ReferralFact::ActionDone(_)
            | ReferralFact::ActionCancelled(_)
            | ReferralFact::ResourceDecided(_)
            | ReferralFact::Closed(_)
            | ReferralFact::Withdrawn(_)
            | ReferralFact::Reopened(_)
            | ReferralFact::Retracted(_) => {}
        }
    }

    fn level(&mut self, field: &str, framework: &Slug, level: Option<u8>) {
        let least = u8::from(framework.as_str() == LOGIC_MODEL);
        self.refuse(
            level.is_some_and(|l| !(least..=LIMITS.max_level).contains(&l)),
            field,
            format!("must be a level from {least} to {}", LIMITS.max_level),
        );
    }

    fn assessment(&mut self, fact: &AssessmentFact) {
        match fact {
            AssessmentFact::Proposed(f) => self.level("level", &f.framework, f.level),
            AssessmentFact::Moderated(f) => {
                self.level("from", &f.framework, f.from);
                self.level("to", &f.framework, f.to);
            }
            AssessmentFact::AmbitionSet(f) => {
                self.level("level", &f.framework, Some(f.level));
                self.planned("by", f.by);
                self.refuse(
                    !f.is_ahead_of(local::date(self.event.occurred_at)),
                    "by",
                    "must lie after the day on which it was set (`time`)",
                );
            }
            AssessmentFact::Found(f) => self.list("nodes", &f.nodes),
            AssessmentFact::Confirmed(_)
            | AssessmentFact::Ticked(_)
            | AssessmentFact::Noted(_)
            | AssessmentFact::Retracted(_) => {}
        }
    }

    fn experience(&mut self, fact: &ExperienceFact) {
        match fact {
            ExperienceFact::Answered(f) => {
                let items: Vec<&Slug> = f.answers.iter().map(|a| &a.item).collect();
                self.list("answers", &items);
                for (index, answer) in f.answers.iter().enumerate() {
                    self.refuse(
                        answer.score.is_some_and(|s| s > LIMITS.max_score),
                        &format!("answers/{index}/score"),
                        format!("must be a score from 0 to {}", LIMITS.max_score),
                    );
                }
            }
            ExperienceFact::Invited(f) => self.refuse(
                !(1..=LIMITS.max_count).contains(&f.count),
                "count",
                format!("must be a count from 1 to {}", LIMITS.max_count),
            ),
            ExperienceFact::CommentCoded(f) => self.list("themes", &f.themes),
            ExperienceFact::Retracted(_) => {}
        }
    }

    fn change(&mut self, fact: &ChangeFact) {
        match fact {
            ChangeFact::Planned(f) => {
                self.list("measures", &f.measures);
                self.list("items", &f.items);
            }
            ChangeFact::TargetSet(f) => {
                self.chart(&f.measure);
                self.planned("from", f.from);
            }
            ChangeFact::RebaseProposed(f)
            | ChangeFact::RebaseAccepted(f)
            | ChangeFact::RebaseDeclined(f) => {
                self.chart(&f.measure);
                self.planned("from", f.from);
            }
            ChangeFact::SourceEnded(f) => self.source_ended(f),
            ChangeFact::SourceReported(f) => self.source_reported(f),
            ChangeFact::PlanItemSet(f) => {
                self.plan_entity();
                self.list("measures", &f.measures);
                self.planned("by", f.by);
                self.refuse(
                    f.framework.is_some() != f.item.is_some(),
                    "item",
                    "must be given together with its framework, or both left out",
                );
                self.refuse(
                    f.item.is_none() && f.measures.is_empty(),
                    "item",
                    "must be given where no measure is",
                );
            }
            ChangeFact::PlanProgressSet(f) => {
                self.plan_entity();
                self.refuse(
                    f.progress == Progress::Dropped && f.reason.is_none(),
                    "reason",
                    "must be given for an item that is dropped",
                );
            }
            ChangeFact::Started(_)
            | ChangeFact::Paused(_)
            | ChangeFact::Finished(_)
            | ChangeFact::Studied(_)
            | ChangeFact::Retracted(_) => {}
        }
    }

    fn plan_entity(&mut self) {
        self.refuse(
            !self.event.entity.as_str().starts_with("plan/"),
            "change",
            "must be plan/ and an id, for an item of a plan",
        );
    }

    fn source_ended(&mut self, fact: &SourceEnded) {
        let named = [
            ("ended", Some(&fact.ended)),
            ("successor", fact.successor.as_ref()),
        ];
        for (field, source) in named {
            let Some(source) = source else { continue };
            self.refuse(source.is_empty(), field, "must not be empty");
            super::attribute::text(&format!("/data/{field}"), source, self.found);
        }
        self.refuse(
            fact.successor.as_ref() == Some(&fact.ended),
            "successor",
            "must be another source than the one that has ended",
        );
        self.source_entity();
    }

    fn source_reported(&mut self, fact: &SourceReported) {
        if let Some(begins) = fact.begins
            && self.in_bounds("begins", begins)
        {
            self.refuse(
                begins > local::date(self.event.occurred_at) && !fact.live,
                "begins",
                "must not lie after the day up to which the source has reported (`time`), unless it reports `live`",
            );
        }
        self.source_entity();
    }

    fn source_entity(&mut self) {
        self.refuse(
            !self.event.entity.as_str().starts_with("source/"),
            "change",
            "must be source/ and a name, for what is said of a source",
        );
    }

    /// A decision about a chart has that chart as its entity, or two decisions could stand side by side.
    fn chart(&mut self, measure: &Slug) {
        let chart = self.event.entity.as_str().strip_prefix("chart/");
        self.refuse(
            chart != Some(measure.as_str()),
            "change",
            "must be chart/ and the measure, for a decision about a measure's chart",
        );
    }

    fn observed(&mut self, fact: &Observed) {
        self.past("period_start", fact.period_start);
        let (day, month) = (fact.period_start.day(), fact.period_start.month());
        let first = match fact.grain {
            Grain::Day => true,
            Grain::Week => fact.period_start.weekday() == Weekday::Mon,
            Grain::Month => day == 1,
            Grain::Quarter => day == 1 && month % 3 == 1,
            Grain::Year => day == 1 && month == 4,
        };
        self.refuse(
            !first,
            "period_start",
            "must be the first day of its period: a Monday, a first of the month, of a financial quarter or of April",
        );
        self.refuse(
            !fact.value_agrees_with_mark(),
            "value",
            "must be given; where `mark` is suppressed or missing it must be left out, and `denominator` with it",
        );
        self.refuse(
            fact.denominator.is_some_and(|d| d < Amount::default()),
            "denominator",
            "must not be negative",
        );
        self.refuse(
            fact.breakdown.len() > LIMITS.max_entries,
            "breakdown",
            format!("must have at most {} entries", LIMITS.max_entries),
        );
    }

    /// Checks what the event says of other events and entities.
    fn links(&mut self) {
        let event = self.event;
        if let Some(retraction) = event.fact.retraction() {
            let mut found = Vec::new();
            super::attribute::text("/data/retracts", &retraction.retracts, &mut found);
            if let Some(source) = &retraction.retracts_source {
                super::attribute::text("/data/retracts_source", source, &mut found);
                self.refuse(source.is_empty(), "retracts_source", "must not be empty");
            }
            self.found.append(&mut found);
            self.refuse(
                retraction.retracts.is_empty(),
                "retracts",
                "must not be empty",
            );
            self.refuse(
                retraction.is_tombstone(),
                "retracts",
                "must not begin with erased-sha256: as an erasure alone writes it",
            );
            let source = retraction.retracts_source.as_ref().unwrap_or(&event.source);
            self.refuse(
                *source == event.source && retraction.retracts == event.id,
                "retracts",
                "must be another event than this one",
            );
            if event.fact.family().entity_field().is_none() {
                let within = format!("{}/", event.area);
                self.refuse(
                    !event.entity.as_str().starts_with(&within),
                    "entity",
                    "must start with the area and a slash",
                );
            }
        }
        self.refuse(
            event.fact.previous() == Some(&event.entity),
            "previous",
            "must be another entity than this one",
        );
    }
}
