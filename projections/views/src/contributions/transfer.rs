//! What a transfer adds: delays, nights, stages, notices and returns.
//!
//! Delayed days are counted by two rules (both published): the DRD rule credits a discharge with the days from the
//! start of its *last* ready period; the night rule counts every date spent ready in a bed, `ready ≤ date < out`. Neither
//! counts what was before the admission.

mod returns;

use super::{area_of, days, minutes, restate};
use crate::cell::Place;
use crate::contribution::{Sink, StoredFact};
use crate::dimension::{NO_DELAY, UNKNOWN};
use crate::quantity::Quantity as Q;
use crate::tally::{Delta, OPEN};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use joinedup_events::reason::{Reason, Responsible};
use joinedup_events::transfer::{
    Admitted, DelayReasonSet, DischargeMethod, Discharged, Pathway, TransferFact,
};
use joinedup_events::{AreaId, Fact, Slug, local};
use returns::Returns;

/// How long after a discharge an emergency admission counts as a return, in days.
pub const READMISSION_DAYS: i64 = 30;

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

/// A transfer, as its facts that stand tell it.
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
    pub reasons: Vec<&'a DelayReasonSet>,
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
    /// Referral to social care.
    pub referred: Option<DateTime<Utc>>,
    /// Needs assessment started.
    pub assessment_started: Option<DateTime<Utc>>,
    /// Needs assessment finished.
    pub assessed: Option<DateTime<Utc>>,
    /// Package agreed.
    pub package: Option<DateTime<Utc>>,
    /// When the person was admitted again.
    pub returned: Returns,
}

/// What was stated of readiness: when, from which date, ready or not.
type Readiness = (DateTime<Utc>, NaiveDate, bool);

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
                TransferFact::ExpectedDateSet(f) => restate(&mut spell.expected, at, f.expected),
                TransferFact::SocialCareReferred(_) => spell.referred = Some(at),
                TransferFact::AssessmentStarted(_) => spell.assessment_started = Some(at),
                TransferFact::AssessmentFinished(_) => spell.assessed = Some(at),
                TransferFact::Ready(f) => readiness.push((at, f.date, true)),
                TransferFact::NotReady(f) => readiness.push((at, f.date, false)),
                TransferFact::DelayReasonSet(f) => spell.reasons.push(f),
                TransferFact::DelayReasonAdded(f) => {
                    further.push((f.date, f.reason, Some(f.responsible)));
                }
                TransferFact::DelayReasonEnded(f) => further.push((f.date, f.reason, None)),
                TransferFact::PackageAgreed(_) => spell.package = Some(at),
                TransferFact::DischargeNoticeGiven(f) => {
                    restate(&mut notices, at, f.proposed);
                }
                TransferFact::DischargeNoticeWithdrawn(_) => withdrawn.push(at),
                TransferFact::PathwaySet(f) => spell.pathways.push((f.date, f.pathway)),
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
        // Stable sorts: of two facts for the same date or instant, the one recorded later comes last and stands.
        spell.wards.sort_by_key(|(at, _)| *at);
        spell.expected.sort_by_key(|(at, _)| *at);
        spell.reasons.sort_by_key(|f| f.date);
        spell.pathways.sort_by_key(|(date, _)| *date);
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
        notices.sort_by_key(|(at, _)| *at);
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
                notice.2 = true;
            }
        }
    }

    /// Turns statements about readiness into waits. Each holds from its date on, whatever was stated before it of that day and
    /// later ones: the last word stands. Ready again while ready is the same readiness, which began on its first day: a ward
    /// that reports the state of every day does not begin it anew. Of two statements made at the same
    /// instant (`time`) the one recorded last corrects the other.
    fn wait(&mut self, stated: Vec<Readiness>) {
        let mut words: Vec<Readiness> = Vec::with_capacity(stated.len());
        for one in stated {
            words.retain(|(at, _, ready)| (*at, *ready) != (one.0, one.2));
            words.push(one);
        }
        // What is dated on the day out or after it changes nothing: the last night was the one before.
        let out = self.out();
        words.retain(|(_, date, _)| out.is_none_or(|out| *date < out));
        // A stable sort: of two for the same date and instant, the one recorded later comes last.
        words.sort_by_key(|(at, date, _)| (*at, *date));
        let mut turns: Vec<(NaiveDate, bool)> = Vec::with_capacity(words.len());
        for (_, date, ready) in words {
            turns.truncate(turns.partition_point(|(from, _)| *from < date));
            if turns.last().is_none_or(|(_, was)| *was != ready) {
                turns.push((date, ready));
            }
        }
        let came = self.admitted.map(|(at, _)| local::date(at));
        let mut turns = turns.into_iter().peekable();
        while let Some((date, ready)) = turns.next() {
            if !ready {
                continue;
            }
            // Earlier nights were spent elsewhere: after a move between hospitals the stay before has them.
            let from = came.map_or(date, |came| came.max(date));
            let worse = turns.peek().map(|(date, _)| *date);
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
            .find(|f| f.date <= date)
            .map(|f| (f.reason, f.responsible))
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

    fn codes(&self, date: NaiveDate) -> (&'static str, &'static str, &'static str) {
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

/// Adds what the transfer adds, to the place that home and hospital make together. Returns whether the person waits in
/// bed.
pub fn contribute(facts: &[StoredFact], sink: &mut dyn Sink) -> bool {
    let Some(spell) = Spell::of(facts) else {
        return false;
    };
    if let Some(area) = spell.area {
        let hospital = spell.admitted.and_then(|(_, f)| f.hospital.as_ref());
        let place = Place::new(area.as_str(), hospital.map(AreaId::as_str));
        let mut add = |quantity: Q, breakdown: &[(&str, &str)], date, delta| {
            sink.add(quantity.name(), place, breakdown, date, delta)
        };
        waits(&spell, &mut add);
        stages(&spell, &mut add);
        discharge(&spell, &mut add);
    }
    spell.waits.iter().any(|wait| wait.until.is_none())
}

type Add<'a> = &'a mut dyn FnMut(Q, &[(&str, &str)], NaiveDate, Delta);

fn waits(spell: &Spell<'_>, add: Add<'_>) {
    for wait in &spell.waits {
        let mut dates: Vec<NaiveDate> = spell
            .reasons
            .iter()
            .map(|f| f.date)
            .chain(spell.pathways.iter().map(|(d, _)| *d))
            .collect();
        dates.retain(|d| *d > wait.from && wait.until.is_none_or(|until| *d < until));
        dates.push(wait.from);
        dates.sort_unstable();
        dates.dedup();
        for (i, from) in dates.iter().enumerate() {
            let (pathway, reason, responsible) = spell.codes(*from);
            let breakdown = [
                ("pathway", pathway),
                ("reason", reason),
                ("responsible", responsible),
            ];
            add(Q::Waiting, &breakdown, *from, Delta::step(1));
            if let Some(until) = dates.get(i + 1).copied().or(wait.until) {
                add(Q::Waiting, &breakdown, until, Delta::step(-1));
            }
        }
        let length = wait.until.map_or(OPEN, |until| days(until - wait.from));
        let last = wait
            .until
            .and_then(|until| until.pred_opt())
            .unwrap_or(NaiveDate::MAX);
        add(
            Q::WaitDays,
            &[(
                "pathway",
                spell.pathway(last).map_or(UNKNOWN, Pathway::code),
            )],
            wait.from,
            Delta::Value(length),
        );
    }
}

fn stages(spell: &Spell<'_>, add: Add<'_>) {
    if let (Some(from), Some(to)) = (spell.referred, spell.assessed)
        && to >= from
    {
        add(
            Q::AssessmentMinutes,
            &[],
            local::date(to),
            Delta::Value(minutes(to - from)),
        );
    }
    if let (Some(from), Some(to)) = (spell.assessed, spell.package) {
        // A package agreed before the assessment ended was not waited for.
        add(
            Q::PackageMinutes,
            &[],
            local::date(to),
            Delta::Value(minutes((to - from).max(TimeDelta::zero()))),
        );
    }
    for (given, proposed, called_off) in &spell.notices {
        let date = local::date(*given);
        add(Q::NoticeLead, &[], date, Delta::case(*proposed > date));
        add(Q::NoticeCalledOff, &[], date, Delta::case(*called_off));
    }
    let Some((admitted, how)) = spell.admitted else {
        return;
    };
    add(
        Q::Admissions,
        &[("admission", how.method.code())],
        local::date(admitted),
        Delta::ONE,
    );
    let Some(day_old) = admitted.checked_add_signed(TimeDelta::hours(24)) else {
        return;
    };
    if spell.discharged.is_none_or(|(out, _)| out > day_old) {
        let in_time = spell
            .expected
            .first()
            .is_some_and(|(set, _)| *set <= day_old);
        add(
            Q::ExpectedWithin24h,
            &[],
            local::date(day_old),
            Delta::case(in_time),
        );
    }
}

fn discharge(spell: &Spell<'_>, add: Add<'_>) {
    let Some((at, how)) = spell.discharged else {
        return;
    };
    if how.method == DischargeMethod::Died {
        return;
    }
    let out = local::date(at);
    let pathway = spell.pathway(out).map_or(UNKNOWN, Pathway::code);
    let clock = if how.date_only {
        "unknown"
    } else if local::date_time(at).time() <= FIVE_PM {
        "by-17"
    } else {
        "after-17"
    };
    let day = if local::is_weekend(out) {
        "weekend"
    } else {
        "weekday"
    };
    add(
        Q::Discharges,
        &[
            ("admission", spell.method().code()),
            ("clock", clock),
            ("day", day),
            ("pathway", pathway),
        ],
        out,
        Delta::ONE,
    );
    let is_soon = |back: &DateTime<Utc>| {
        (0..=READMISSION_DAYS).contains(&(local::date(*back) - out).num_days())
    };
    if let Some(returned) = spell.returned.any_emergency(spell.method(), is_soon) {
        add(Q::Readmitted30, &[], out, Delta::case(returned));
    }
    if let Some((_, first)) = spell.expected.first() {
        add(
            Q::ExpectedSlipDays,
            &[],
            out,
            Delta::Value(days(out - *first)),
        );
    }
    let a_night = spell
        .admitted
        .is_none_or(|(admitted, _)| local::date(admitted) < out);
    if let (true, Some(delay)) = (a_night, spell.delay_days()) {
        let (reason, responsible) = match out.pred_opt().filter(|_| delay > 0) {
            Some(last_night) => (spell.codes(last_night).1, spell.codes(last_night).2),
            None => (NO_DELAY, NO_DELAY),
        };
        let breakdown = [
            ("pathway", pathway),
            ("reason", reason),
            ("responsible", responsible),
        ];
        add(
            Q::DelayDays,
            &breakdown,
            out,
            Delta::Value(i32::try_from(delay).unwrap_or(i32::MAX - 1)),
        );
    }
}

/// Five in the afternoon, local time.
const FIVE_PM: NaiveTime = match NaiveTime::from_hms_opt(17, 0, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};
