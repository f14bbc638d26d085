//! A stay as it follows from its facts that stand.

use super::super::{area_of, in_time};
use super::returns::Returns;
use crate::contribution::StoredFact;
use crate::dimension::UNKNOWN;
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::reason::{Reason, Responsible};
use joinedup_events::transfer::{Admitted, DelayReasonSet, Discharged, Pathway, TransferFact};
use joinedup_events::{AreaId, Fact, Slug, local};
use std::collections::BTreeSet;

/// Within how many days a notice is called off: what comes later would change numbers that are final.
pub const CALLED_OFF_DAYS: i64 = 7;

/// A wait in bed after being ready: from a local date, to another (not included) or still going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The first night.
    pub from: NaiveDate,
    /// The first night no longer waited.
    pub until: Option<NaiveDate>,
}

/// A reason for the delay beside the principal one, which alone is counted in nights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Further {
    /// The reason.
    pub reason: Reason,
    /// Whose move it is.
    pub responsible: Responsible,
    /// The first date that it stands for.
    pub from: NaiveDate,
    /// The first date that it no longer stands for.
    pub until: Option<NaiveDate>,
}

/// A transfer as it follows from its facts that stand.
#[derive(Clone, Debug, Default)]
pub struct Spell<'a> {
    /// Where the person lives.
    pub area: Option<&'a AreaId>,
    /// When and how the person came in.
    pub admitted: Option<(DateTime<Utc>, &'a Admitted)>,
    /// When and how the person left.
    pub discharged: Option<(DateTime<Utc>, &'a Discharged)>,
    /// First day in this bed of the last ready period, if it was not ended by getting worse.
    pub ready: Option<NaiveDate>,
    /// The waits, in order.
    pub waits: Vec<Wait>,
    /// Reasons by date from which they stand.
    pub reasons: Vec<(NaiveDate, &'a DelayReasonSet)>,
    /// Further reasons beside those, by date from which they stand.
    pub further: Vec<Further>,
    /// Pathways by date from which they stand.
    pub pathways: Vec<(NaiveDate, Pathway)>,
    /// Wards by when the person came onto them.
    pub wards: Vec<(DateTime<Utc>, &'a Slug)>,
    /// Expected dates by when they were set.
    pub expected: Vec<(DateTime<Utc>, NaiveDate)>,
    /// Notices: when given, for which date, and whether called off.
    pub notices: Vec<(DateTime<Utc>, NaiveDate, bool)>,
    /// Referrals to social care, by time.
    pub referred: Vec<DateTime<Utc>>,
    /// Needs assessment started.
    pub assessment_started: Option<DateTime<Utc>>,
    /// Needs assessments finished, by time.
    pub assessed: Vec<DateTime<Utc>>,
    /// Packages agreed, by time.
    pub agreed: Vec<DateTime<Utc>>,
    /// When the person was admitted again.
    pub returned: Returns,
}

/// What was stated of readiness: when, from which date, ready or not.
type Readiness = (DateTime<Utc>, NaiveDate, bool);

/// Something that was stated: when, from which date it holds, and what.
type Statement<T> = (DateTime<Utc>, NaiveDate, T);

/// What holds from which date, of statements in the order of recording. Each holds from its date on, whatever was stated before
/// it of that day and later ones: the last word stands. `last` is the day that a stay is counted by when it is over: where all
/// that was stated is dated after it, as who enters it the day after does, it holds of the whole stay.
fn last_words<T>(mut stated: Vec<Statement<T>>, last: Option<NaiveDate>) -> Vec<(NaiveDate, T)> {
    // A stable sort: of two for the same date and instant, the one recorded later comes last.
    stated.sort_by_key(|(at, date, _)| (*at, *date));
    let mut holds: Vec<(NaiveDate, T)> = Vec::with_capacity(stated.len());
    for (_, date, what) in stated {
        holds.truncate(holds.partition_point(|(from, _)| *from < date));
        holds.push((date, what));
    }
    if let (Some(first), Some(last)) = (holds.first_mut(), last)
        && first.0 > last
    {
        first.0 = NaiveDate::MIN;
    }
    holds
}

/// Each beginning with the first end after it, unless it began anew before: what ended stays so whatever begins later.
fn pairs(begun: &[DateTime<Utc>], ended: &[DateTime<Utc>]) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let first_after = |(n, from): (usize, &DateTime<Utc>)| {
        let to = *ended.iter().find(|to| *to >= from)?;
        let is_its_own = begun.get(n + 1).is_none_or(|next| to < *next);
        is_its_own.then_some((*from, to))
    };
    begun.iter().enumerate().filter_map(first_after).collect()
}

/// Whether a discharge stands beside a reversal: it happened later. Of a date without a time, which stands for any time of its
/// day, one recorded after the reversal of that day is meant to be.
pub(crate) fn stands(out: &StoredFact, how: &Discharged, reversal: &StoredFact) -> bool {
    let recorded = |f: &StoredFact| (f.recorded_at, f.position, f.key);
    let (left, undone) = (out.occurred_at, reversal.occurred_at);
    let is_same_day = how.date_only && local::date(left) == local::date(undone);
    left > undone || (is_same_day && recorded(out) > recorded(reversal))
}

impl<'a> Spell<'a> {
    /// Reads the facts that stand, in the order of recording; `None` when the admission was entered in error.
    ///
    /// A fact that undoes (a reversed discharge, a cancelled admission) undoes what happened up to and including its own
    /// time, whenever either was recorded.
    #[must_use]
    pub fn of(facts: &'a [StoredFact]) -> Option<Self> {
        let mut spell = Self {
            area: area_of(facts),
            returned: Returns::of(facts),
            ..Self::default()
        };
        let mut readiness: Vec<Readiness> = Vec::new();
        let mut further: Vec<(NaiveDate, Reason, Option<Responsible>)> = Vec::new();
        let mut reasons: Vec<Statement<&DelayReasonSet>> = Vec::new();
        let mut pathways: Vec<Statement<Pathway>> = Vec::new();
        let mut notices: Vec<(DateTime<Utc>, NaiveDate)> = Vec::new();
        let mut withdrawn: Vec<DateTime<Utc>> = Vec::new();
        let mut discharges: Vec<(&StoredFact, &Discharged)> = Vec::new();
        let mut reversals: Vec<&StoredFact> = Vec::new();
        let own = facts.iter().filter(|stored| stored.linked.is_none());
        let cancelled = own
            .filter(|f| matches!(&f.fact, Fact::Transfer(TransferFact::Cancelled(_))))
            .map(|stored| stored.occurred_at)
            .max();
        for stored in facts {
            let at = stored.occurred_at;
            let Fact::Transfer(fact) = &stored.fact else {
                continue;
            };
            match fact {
                _ if stored.linked.is_some()
                    || cancelled.is_some_and(|cancelled| at <= cancelled) => {}
                TransferFact::Admitted(f) => spell.admitted = Some((at, f)),
                TransferFact::ExpectedDateSet(f) => spell.expected.push((at, f.expected)),
                TransferFact::SocialCareReferred(_) => spell.referred.push(at),
                TransferFact::AssessmentStarted(_) => spell.assessment_started = Some(at),
                TransferFact::AssessmentFinished(_) => spell.assessed.push(at),
                TransferFact::Ready(f) => readiness.push((at, f.date, true)),
                TransferFact::NotReady(f) => readiness.push((at, f.date, false)),
                TransferFact::DelayReasonSet(f) => reasons.push((at, f.date, f)),
                TransferFact::DelayReasonAdded(f) => {
                    further.push((f.date, f.reason, Some(f.responsible)));
                }
                TransferFact::DelayReasonEnded(f) => further.push((f.date, f.reason, None)),
                TransferFact::PackageAgreed(_) => spell.agreed.push(at),
                TransferFact::DischargeNoticeGiven(f) => notices.push((at, f.proposed)),
                TransferFact::DischargeNoticeWithdrawn(_) => withdrawn.push(at),
                TransferFact::PathwaySet(f) => pathways.push((at, f.date, f.pathway)),
                TransferFact::WardSet(f) => spell.wards.push((at, &f.ward)),
                TransferFact::Discharged(f) => discharges.push((stored, f)),
                TransferFact::DischargeReversed(_) => reversals.push(stored),
                TransferFact::Cancelled(_)
                | TransferFact::AssessmentNoticeGiven(_)
                | TransferFact::Retracted(_) => {}
            }
        }
        if cancelled.is_some() && spell.admitted.is_none() {
            return None;
        }
        spell.discharged = discharges
            .into_iter()
            .rfind(|(out, how)| reversals.iter().all(|reversal| stands(out, how, reversal)))
            .map(|(out, how)| (out.occurred_at, how));
        for times in [&mut spell.referred, &mut spell.assessed, &mut spell.agreed] {
            times.sort_unstable();
        }
        // Stable sorts: of two facts for the same date or instant, the one recorded later comes last and stands.
        spell.wards.sort_by_key(|(at, _)| *at);
        in_time(&mut spell.expected);
        let out = spell.out();
        spell.reasons = last_words(reasons, out.and_then(|out| out.pred_opt()));
        spell.pathways = last_words(pathways, out);
        spell.stand_notices(notices, withdrawn);
        spell.wait(readiness);
        spell.stand_further(further);
        Some(spell)
    }

    fn stand_notices(
        &mut self,
        mut notices: Vec<(DateTime<Utc>, NaiveDate)>,
        mut withdrawn: Vec<DateTime<Utc>>,
    ) {
        in_time(&mut notices);
        let given = |(at, proposed)| (at, proposed, false);
        self.notices = notices.into_iter().map(given).collect();
        withdrawn.sort_unstable();
        // Told twice, it calls off no other notice.
        withdrawn.dedup();
        for at in withdrawn {
            if let Some(notice) = self
                .notices
                .iter_mut()
                .rev()
                .find(|(given, _, _)| *given <= at)
            {
                let days = local::midnights(notice.0, at);
                notice.2 |= days <= CALLED_OFF_DAYS;
            }
        }
    }

    /// Turns statements about readiness into waits. Each holds from its date on, whatever was stated before it of that day and
    /// later ones: the last word stands. Ready again while ready is the same readiness, which began on its first day: a ward
    /// that reports the state of every day does not begin it anew. Ready again on a day of getting worse is another one. Of two
    /// statements made at the same instant (`time`) the one recorded last corrects the other.
    fn wait(&mut self, stated: Vec<Readiness>) {
        let mut words = stated;
        // Mostly each was made after the one before it, and corrects none.
        if !words.is_sorted_by(|one, next| one.0 < next.0) {
            let mut corrected = BTreeSet::new();
            words.reverse();
            words.retain(|(at, _, ready)| corrected.insert((*at, *ready)));
            words.reverse();
        }
        // What is dated on the day out or after it changes nothing: the last night was the one before.
        let out = self.out();
        words.retain(|(_, date, _)| out.is_none_or(|out| *date < out));
        // A stable sort: of two for the same date and instant, the one recorded later comes last.
        words.sort_by_key(|(at, date, _)| (*at, *date));
        let mut turns: Vec<Readiness> = Vec::with_capacity(words.len());
        for (at, date, ready) in words {
            let restated = turns.split_off(turns.partition_point(|(_, from, _)| *from < date));
            // Ready again later on the day of getting worse: no night lies between, and yet another period begins.
            let is_worse = |(stated, from, was): &&Readiness| !was && *from == date && *stated < at;
            turns.extend(restated.iter().find(is_worse).filter(|_| ready));
            if turns.last().is_none_or(|(_, _, was)| *was != ready) {
                turns.push((at, date, ready));
            }
        }
        let came = self.admitted.map(|(at, _)| local::date(at));
        let mut turns = turns.into_iter().peekable();
        while let Some((_, date, ready)) = turns.next() {
            if !ready {
                continue;
            }
            // Earlier nights were spent elsewhere: after a move between hospitals the stay before has them.
            let from = came.map_or(date, |came| came.max(date));
            let worse = turns.peek().map(|(_, date, _)| *date);
            let until = worse.or(out);
            self.ready = worse.is_none().then_some(from);
            if until.is_none_or(|until| until > from) {
                self.waits.push(Wait { from, until });
            }
        }
    }

    /// Turns statements about further reasons into the times that they stood. A reason added again while it stands is the
    /// same reason, whose move it is as stated last.
    fn stand_further(&mut self, mut stated: Vec<(NaiveDate, Reason, Option<Responsible>)>) {
        stated.sort_by_key(|(date, ..)| *date);
        for (date, reason, responsible) in stated {
            let mut standing = self.further.iter_mut();
            let standing = standing.find(|f| f.reason == reason && f.until.is_none());
            match (standing, responsible) {
                (Some(standing), Some(responsible)) => standing.responsible = responsible,
                (Some(standing), None) => standing.until = Some(date),
                (None, Some(responsible)) => self.further.push(Further {
                    reason,
                    responsible,
                    from: date,
                    until: None,
                }),
                (None, None) => {}
            }
        }
    }

    /// The further reasons in force on a date; the principal one is not among them.
    pub fn further(&self, date: NaiveDate) -> impl Iterator<Item = &Further> {
        let principal = self.reason(date).map(|(reason, _)| reason);
        self.further
            .iter()
            .filter(move |f| f.from <= date && f.until.is_none_or(|until| date < until))
            .filter(move |f| Some(f.reason) != principal)
    }

    /// The waits for a needs assessment, each from a referral to the end of the first assessment after it.
    #[must_use]
    pub fn assessments(&self) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        pairs(&self.referred, &self.assessed)
    }

    /// The waits for a package, each from the end of an assessment to the first agreement after it. A package agreed before
    /// any assessment ended was not waited for.
    #[must_use]
    pub fn packages(&self) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let mut waits = pairs(&self.assessed, &self.agreed);
        if let (Some(assessed), Some(agreed)) = (self.assessed.first(), self.agreed.first())
            && agreed < assessed
        {
            waits.push((*agreed, *agreed));
        }
        waits
    }

    /// The local date of leaving.
    #[must_use]
    pub fn out(&self) -> Option<NaiveDate> {
        self.discharged.map(|(at, _)| local::date(at))
    }

    /// The pathway in force on a date.
    #[must_use]
    pub fn pathway(&self, date: NaiveDate) -> Option<Pathway> {
        self.pathways
            .iter()
            .rev()
            .find(|(from, _)| *from <= date)
            .map(|(_, p)| *p)
    }

    /// The reason in force on a date.
    #[must_use]
    pub fn reason(&self, date: NaiveDate) -> Option<(Reason, Responsible)> {
        self.reasons
            .iter()
            .rev()
            .find(|(from, _)| *from <= date)
            .map(|(_, f)| (f.reason, f.responsible))
    }

    /// The DRD delay of a finished stay in days; 0 without a ready date.
    #[must_use]
    pub fn delay_days(&self) -> Option<i64> {
        let out = self.out()?;
        Some(
            self.ready
                .map_or(0, |ready| (out - ready).num_days().max(0)),
        )
    }

    /// The codes of pathway, reason and whose move it is in force on a date.
    pub(super) fn codes(&self, date: NaiveDate) -> (&'static str, &'static str, &'static str) {
        let (reason, responsible) = self
            .reason(date)
            .map_or((UNKNOWN, Responsible::Unattributed.code()), |(r, b)| {
                (r.code(), b.code())
            });
        (
            self.pathway(date).map_or(UNKNOWN, Pathway::code),
            reason,
            responsible,
        )
    }
}
