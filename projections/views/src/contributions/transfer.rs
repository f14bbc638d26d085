//! What a transfer adds: delays, nights, stages, notices and returns.
//!
//! Delayed days are counted by two rules (both published): the DRD rule credits a discharge with the days from the
//! start of its *last* ready period; the night rule counts every date spent ready in a bed, `ready ≤ date < out`. Neither
//! counts what was before the admission.

mod returns;
mod spell;

use super::{days, is_before, minutes};
use crate::cell::Place;
use crate::contribution::{Sink, StoredFact};
use crate::dimension::{NO_DELAY, UNKNOWN};
use crate::quantity::Quantity as Q;
use crate::tally::{Delta, OPEN};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use joinedup_events::transfer::{DischargeMethod, Pathway};
use joinedup_events::{AreaId, local};
pub(crate) use spell::stands;
pub use spell::{Further, Spell, Wait};

/// How long after a discharge an emergency admission counts as a return, in days.
pub const READMISSION_DAYS: i64 = 30;

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
            .map(|(date, _)| *date)
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
    let waits = [
        (Q::AssessmentMinutes, spell.assessments()),
        (Q::PackageMinutes, spell.packages()),
    ];
    for (quantity, waits) in waits {
        for (from, to) in waits {
            add(
                quantity,
                &[],
                local::date(to),
                Delta::Value(minutes(to - from)),
            );
        }
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
    // Whoever came before having left, was moved: of a date without a time nobody can say.
    let is_later = |back: DateTime<Utc>| how.date_only || !is_before(back, at);
    let counts = |back: &DateTime<Utc>| {
        let days = (local::date(*back) - out).num_days();
        (0..=READMISSION_DAYS).contains(&days) && is_later(*back)
    };
    if let Some(returned) = spell.returned.any_emergency(spell.method(), counts) {
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
