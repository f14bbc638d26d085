//! Transfers of care, drawn from their end: the day of leaving is drawn first, by the weekly rhythm, then how long
//! the person had waited by then, then how long they had been ill. So the bands by day of discharge come out as
//! published, and the people still in a bed at the end are simply those whose day has not come.

use super::Scenario;
use super::changes::Plan;
use super::county::County;
use super::delays::{MAX_STAY_DAYS, reasons, responsible, waits};
use super::dice::{hours, minutes};
use super::pen::{Pen, Subject, at_hour, happened, slug, taken_back};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use joinedup_events::reason::{Reason, Responsible};
use joinedup_events::transfer::{
    AdmissionMethod, Admitted, DelayReasonAdded, DelayReasonEnded, DelayReasonSet, DischargeMethod,
    DischargeNoticeGiven, Discharged, ExpectedDateSet, NotReady, Pathway, PathwaySet, Ready,
    TransferFact as F, WardSet,
};
use joinedup_events::{AreaId, EntityId, Event, Fact, local};

/// Discharges a day in the county at scale 1.
const A_DAY: f64 = 10.0;
/// Discharges by weekday, Monday first, against the average day (East Suffolk and North Essex, 2023 to 2025).
pub(super) const BY_WEEKDAY: [f64; 7] = [0.964, 1.124, 1.137, 1.168, 1.251, 0.782, 0.578];
/// Share of discharges out before 17:00 by weekday, Monday first (the same, 2022 to 2023).
const BEFORE_17: [f64; 7] = [0.603, 0.627, 0.636, 0.635, 0.624, 0.649, 0.662];
/// Wards are known of those who left since so many days before the end: that feed is new.
const WARDS_DAYS: i64 = 21;
/// Nights from which a delay may have a further reason.
const LONG_DELAY: i64 = 4;
/// The wards of each hospital.
const WARDS: [&str; 5] = ["frailty", "ward-4", "ward-7", "stroke-unit", "ward-9"];
/// Someone who left hospital and may come back.
struct Left {
    home: AreaId,
    at: DateTime<Utc>,
    transfer: EntityId,
}

/// The dates and times that one story hangs on.
struct Stay {
    admitted: DateTime<Utc>,
    ready: NaiveDate,
    left: NaiveDate,
    discharged: DateTime<Utc>,
    delay: i64,
    pathway: Pathway,
    died: bool,
    /// Whether the trusted assessor works here by now.
    eased: bool,
}

/// All stories of people who leave between the start and the day by which nobody is left of the last day's.
pub(super) fn stories(
    scenario: &Scenario,
    county: &County,
    plan: &Plan,
    mut pen: Pen,
) -> Vec<Event> {
    let people: Vec<(usize, f64)> = county
        .localities
        .iter()
        .enumerate()
        .map(|(i, l)| (i, l.adults.sqrt()))
        .collect();
    let mut gone: Vec<Left> = Vec::new();
    let wards_from = local::date(scenario.end) - TimeDelta::days(WARDS_DAYS);
    for day in scenario.days(MAX_STAY_DAYS) {
        let month = f64::from(day.month0());
        let season = 1.0 + 0.05 * (month * std::f64::consts::TAU / 12.0).cos();
        let rhythm = BY_WEEKDAY[day.weekday().num_days_from_monday() as usize];
        gone.retain(|l| (day - local::date(l.at)).num_days() < 90);
        for _ in 0..pen.dice.poisson(A_DAY * scenario.scale * season * rhythm) {
            let locality = pen.dice.weighted(&people);
            let place = &county.localities[locality];
            let home = pen.dice.pick(&place.homes).clone();
            let near = &county.hospitals[locality % county.hospitals.len()];
            let hospital = if pen.dice.chance(0.75) {
                near.clone()
            } else {
                pen.dice.pick(&county.hospitals).clone()
            };
            let stay = stay(&mut pen, locality, plan, day);
            let about = pen.subject(&county.source(&format!("{hospital}/pas")), &home);
            publish(&mut pen, county, &about, &hospital, &stay, &mut gone);
            if day >= wards_from {
                pen.events.extend(for_boards(&about, &stay));
            }
        }
    }
    pen.events
}

/// What boards show beside the delay: the ward that somebody came onto, and equipment that one in three long waits has to wait
/// for too. Both follow from the stay, so that a county without them has the same stays.
fn for_boards(about: &Subject, stay: &Stay) -> Vec<Event> {
    let which: usize = about.entity.as_str().bytes().map(usize::from).sum();
    let event = |name: &str, at: DateTime<Utc>, fact| Event {
        source: about.source.clone(),
        id: format!("{}-{name}", about.entity.as_str()),
        occurred_at: at,
        recorded_at: at,
        entity: about.entity.clone(),
        area: about.area.clone(),
        fact: Fact::Transfer(fact),
        actor: None,
    };
    let ward = slug(WARDS[which % WARDS.len()]);
    let mut events = vec![event("ward", stay.admitted, F::WardSet(WardSet { ward }))];
    if stay.delay >= LONG_DELAY && which.is_multiple_of(3) {
        let date = stay.ready + TimeDelta::days(2);
        let further = F::DelayReasonAdded(DelayReasonAdded {
            date,
            reason: Reason::Cap10,
            responsible: Responsible::SocialCare,
        });
        events.push(event("equipment", at_hour(date, 11.0), further));
        if which.is_multiple_of(2) {
            let date = stay.ready + TimeDelta::days(3);
            let reason = Reason::Cap10;
            let delivered = F::DelayReasonEnded(DelayReasonEnded { date, reason });
            events.push(event("delivered", at_hour(date, 15.0), delivered));
        }
    }
    events
}

fn stay(pen: &mut Pen, locality: usize, plan: &Plan, left: NaiveDate) -> Stay {
    let dice = &mut pen.dice;
    let died = dice.chance(0.03);
    let waits = waits(locality, plan, left);
    let delay = if died || !dice.chance(waits.delayed) {
        0
    } else {
        let (low, high) = dice.weighted(waits.bands);
        if high == 0 {
            low + (dice.exponential(9.0) as i64).min(69)
        } else {
            dice.between(low, high)
        }
    };
    let pathway = if delay > 0 {
        dice.weighted(&[
            (Pathway::P0, 0.16),
            (Pathway::P1, 0.68),
            (Pathway::P2, 0.12),
            (Pathway::P3, 0.04),
        ])
    } else {
        dice.weighted(&[
            (Pathway::P0, 0.6),
            (Pathway::P1, 0.38),
            (Pathway::P2, 0.016),
            (Pathway::P3, 0.004),
        ])
    };
    let ready = left - TimeDelta::days(delay);
    let nights = (dice.lognormal(4.6, 0.8).round() as i64).clamp(0, 60);
    let came = ready - TimeDelta::days(nights);
    let weekday = left.weekday().num_days_from_monday() as usize;
    let hour = if dice.chance(BEFORE_17[weekday]) {
        dice.range(9.5, 16.95)
    } else {
        dice.range(17.1, 21.9)
    };
    let came_at = if came == left {
        dice.range(0.2, 8.0)
    } else {
        dice.range(1.0, 23.8)
    };
    Stay {
        admitted: at_hour(came, came_at),
        ready,
        left,
        discharged: at_hour(left, hour),
        delay,
        pathway,
        died,
        eased: locality == plan.assessor.locality && left >= plan.assessor.from,
    }
}

fn publish(
    pen: &mut Pen,
    county: &County,
    about: &Subject,
    hospital: &AreaId,
    stay: &Stay,
    gone: &mut Vec<Left>,
) {
    let method = pen.dice.weighted(&[
        (AdmissionMethod::Emergency, 0.86),
        (AdmissionMethod::Elective, 0.11),
        (AdmissionMethod::Other, 0.03),
    ]);
    let previous = if method == AdmissionMethod::Emergency && pen.dice.chance(0.15) {
        let back = gone.iter().position(|l| {
            let away = stay.admitted - l.at;
            l.home == about.area && away > TimeDelta::hours(6) && away < TimeDelta::days(30)
        });
        back.map(|i| gone.swap_remove(i).transfer)
    } else {
        None
    };
    let admitted = F::Admitted(Admitted {
        hospital: Some(hospital.clone()),
        method,
        previous,
        population: None,
    });
    pen.say(about, stay.admitted, Fact::Transfer(admitted.clone()));
    if pen.dice.chance(0.006) {
        entered_in_error(pen, about, stay, &admitted);
    }
    expected_dates(pen, about, stay);
    if !stay.died {
        if stay.pathway != Pathway::P0 {
            social_care(pen, county, about, stay);
        }
        pathway(pen, about, stay);
        readiness(pen, about, stay);
        notices(pen, county, about, stay);
    }
    discharge(pen, about, stay);
    if !stay.died {
        gone.push(Left {
            home: about.area.clone(),
            at: stay.discharged,
            transfer: about.entity.clone(),
        });
    }
}

/// The same admission under a second id, cancelled soon after.
fn entered_in_error(pen: &mut Pen, about: &Subject, stay: &Stay, admitted: &F) {
    let twin = pen.subject(&about.source, &about.area);
    let F::Admitted(mut twice) = admitted.clone() else {
        return;
    };
    twice.previous = None;
    pen.say(&twin, stay.admitted, Fact::Transfer(F::Admitted(twice)));
    let found = stay.admitted + hours(pen.dice.range(0.5, 30.0));
    pen.say(&twin, found, Fact::Transfer(F::Cancelled(happened())));
}

fn expected_dates(pen: &mut Pen, about: &Subject, stay: &Stay) {
    let kind = pen.dice.weighted(&[(0_u8, 0.81), (1, 0.13), (2, 0.06)]);
    let after = match kind {
        0 => pen.dice.range(0.5, 23.0),
        1 => pen.dice.range(25.0, 70.0),
        _ => return,
    };
    let at = stay.admitted + hours(after);
    if at >= stay.discharged {
        return;
    }
    let slip = (pen.dice.normal() * 1.4 - 0.3).round() as i64;
    let expected = (stay.ready + TimeDelta::days(slip)).max(local::date(at));
    pen.say(
        about,
        at,
        Fact::Transfer(F::ExpectedDateSet(ExpectedDateSet { expected })),
    );
    let again = at_hour(stay.ready, pen.dice.range(10.0, 15.0));
    if stay.delay > 1 && again > at && pen.dice.chance(0.4) {
        let expected = stay.ready + TimeDelta::days(pen.dice.between(1, stay.delay));
        pen.say(
            about,
            again,
            Fact::Transfer(F::ExpectedDateSet(ExpectedDateSet { expected })),
        );
    }
}

/// Referral, assessment and package, which the council's own system publishes.
fn social_care(pen: &mut Pen, county: &County, about: &Subject, stay: &Stay) {
    let about = Subject {
        source: county.source("social-care"),
        ..about.clone()
    };
    let lead = hours(pen.dice.range(4.0, 48.0));
    let referred = (at_hour(stay.ready, 11.0) - lead).max(stay.admitted + hours(1.0));
    let room = stay.discharged - referred;
    if room < TimeDelta::hours(5) || !pen.dice.chance(if stay.delay > 0 { 0.85 } else { 0.3 }) {
        return;
    }
    if pen.dice.chance(0.3) {
        let noticed = referred - minutes(pen.dice.range(20.0, 55.0));
        pen.say(
            &about,
            noticed.max(stay.admitted),
            Fact::Transfer(F::AssessmentNoticeGiven(happened())),
        );
    }
    pen.say(
        &about,
        referred,
        Fact::Transfer(F::SocialCareReferred(happened())),
    );
    let median = if stay.eased { 9.0 } else { 28.0 };
    let wanted = hours(pen.dice.lognormal(median, 0.6));
    let finished = referred + wanted.min(room * 3 / 5);
    let started = referred + (finished - referred) * 2 / 5;
    pen.say(
        &about,
        started,
        Fact::Transfer(F::AssessmentStarted(happened())),
    );
    pen.say(
        &about,
        finished,
        Fact::Transfer(F::AssessmentFinished(happened())),
    );
    if pen.dice.chance(0.9) {
        let left = (stay.discharged - finished).num_minutes() as f64;
        let agreed = finished + minutes(left * pen.dice.range(0.3, 0.9));
        pen.say(&about, agreed, Fact::Transfer(F::PackageAgreed(happened())));
    }
}

fn pathway(pen: &mut Pen, about: &Subject, stay: &Stay) {
    if !pen.dice.chance(0.92) {
        return;
    }
    let at = at_hour(stay.ready, pen.dice.range(8.0, 9.3)).max(stay.admitted + minutes(20.0));
    let say = |pen: &mut Pen, at: DateTime<Utc>, pathway| {
        let date = local::date(at);
        pen.say(
            about,
            at,
            Fact::Transfer(F::PathwaySet(PathwaySet { date, pathway })),
        );
    };
    if stay.delay > 2 && pen.dice.chance(0.08) {
        let first = if stay.pathway == Pathway::P1 {
            Pathway::P0
        } else {
            Pathway::P1
        };
        say(pen, at, first);
        say(pen, at + TimeDelta::days(1), stay.pathway);
    } else {
        say(pen, at, stay.pathway);
    }
}

fn readiness(pen: &mut Pen, about: &Subject, stay: &Stay) {
    let is_recorded = stay.delay > 0
        || pen.dice.chance(if stay.pathway == Pathway::P0 {
            0.4
        } else {
            0.85
        });
    if !is_recorded {
        return;
    }
    let latest = if stay.delay == 0 {
        stay.discharged - minutes(30.0)
    } else {
        stay.discharged
    };
    let at = at_hour(stay.ready, pen.dice.range(9.4, 12.5))
        .min(latest)
        .max(stay.admitted + minutes(10.0));
    let ready = |date| Fact::Transfer(F::Ready(Ready { date }));
    let nights = (stay.ready - local::date(stay.admitted)).num_days();
    if nights >= 5 && pen.dice.chance(0.05) {
        // Ready once before, then ill again.
        let first = stay.ready - TimeDelta::days(pen.dice.between(3, 4));
        let ill = first + TimeDelta::days(pen.dice.between(1, 2));
        pen.say(about, at_hour(first, 10.0), ready(first));
        pen.say(
            about,
            at_hour(ill, 9.0),
            Fact::Transfer(F::NotReady(NotReady { date: ill })),
        );
    }
    if stay.delay > 0 && pen.dice.chance(0.03) {
        // The wrong day was entered; it is taken back, and the right one recorded days later.
        let wrong = stay.ready + TimeDelta::days(pen.dice.between(1, 2).min(stay.delay));
        let id = pen.say(about, at_hour(wrong, 11.0), ready(wrong));
        let found = at_hour(wrong, 11.5) + TimeDelta::days(pen.dice.between(1, 14));
        pen.say_recorded(
            about,
            found,
            found,
            Fact::Transfer(F::Retracted(taken_back(id))),
        );
        pen.say_recorded(about, at, found + minutes(2.0), ready(stay.ready));
    } else {
        pen.say(about, at, ready(stay.ready));
    }
    if stay.delay > 0 && pen.dice.chance(0.95) {
        delay_reasons(pen, about, stay, at);
    }
}

fn delay_reasons(pen: &mut Pen, about: &Subject, stay: &Stay, ready: DateTime<Utc>) {
    let say =
        |pen: &mut Pen, date: NaiveDate, at: DateTime<Utc>, recorded: Option<DateTime<Utc>>| {
            let reason = pen.dice.weighted(reasons(stay.pathway));
            let responsible = pen.dice.weighted(responsible(reason));
            let fact = Fact::Transfer(F::DelayReasonSet(DelayReasonSet {
                date,
                reason,
                responsible,
            }));
            match recorded {
                Some(recorded) => pen.say_recorded(about, at, recorded, fact),
                None => pen.say(about, at, fact),
            };
        };
    let at = ready + minutes(pen.dice.range(30.0, 240.0));
    say(pen, stay.ready, at, None);
    if pen.dice.chance(0.03) {
        // Another reason for the same days, recorded later: it stands.
        let later = at + TimeDelta::days(pen.dice.between(2, 10));
        say(pen, stay.ready, at, Some(later));
    }
    if stay.delay > 3 && pen.dice.chance(0.5) {
        let date = stay.ready + TimeDelta::days(pen.dice.between(2, stay.delay - 1));
        let hour = pen.dice.range(9.0, 16.0);
        say(pen, date, at_hour(date, hour), None);
    }
}

fn notices(pen: &mut Pen, county: &County, about: &Subject, stay: &Stay) {
    if stay.pathway == Pathway::P0 || !pen.dice.chance(0.5) {
        return;
    }
    let about = Subject {
        source: county.source("social-care"),
        ..about.clone()
    };
    let given =
        |proposed| Fact::Transfer(F::DischargeNoticeGiven(DischargeNoticeGiven { proposed }));
    if stay.delay >= 3 && pen.dice.chance(0.2) {
        let proposed = stay.ready + TimeDelta::days(1);
        pen.say(&about, at_hour(stay.ready, 13.0), given(proposed));
        let off = at_hour(proposed, pen.dice.range(8.0, 12.0));
        pen.say(
            &about,
            off,
            Fact::Transfer(F::DischargeNoticeWithdrawn(happened())),
        );
    }
    let lead = i64::from(pen.dice.chance(0.78));
    let at = at_hour(stay.left - TimeDelta::days(lead), pen.dice.range(8.0, 9.4));
    if at > stay.admitted && at < stay.discharged {
        pen.say(&about, at, given(stay.left));
    }
}

fn discharge(pen: &mut Pen, about: &Subject, stay: &Stay) {
    let (method, destination) = if stay.died {
        (DischargeMethod::Died, "79")
    } else {
        let method = pen.dice.weighted(&[
            (DischargeMethod::Agreed, 0.96),
            (DischargeMethod::SelfDischarge, 0.025),
            (DischargeMethod::Other, 0.015),
        ]);
        let destination = match stay.pathway {
            Pathway::P0 | Pathway::P1 => "19",
            Pathway::P2 => "51",
            Pathway::P3 => {
                pen.dice
                    .weighted(&[("54", 0.6), ("85", 0.2), ("65", 0.15), ("88", 0.05)])
            }
        };
        (method, destination)
    };
    let date_only =
        stay.discharged.date_naive() > local::date(stay.admitted) && pen.dice.chance(0.02);
    let left = |date_only| {
        Fact::Transfer(F::Discharged(Discharged {
            method,
            destination: Some(slug(destination)),
            date_only,
        }))
    };
    if stay.delay > 0 && !stay.died && pen.dice.chance(0.02) {
        // Marked as gone the day before, and put right within hours.
        let early = at_hour(stay.left - TimeDelta::days(1), 15.0);
        pen.say_recorded(about, early, early + minutes(9.0), left(false));
        let put_right = early + hours(pen.dice.range(1.0, 6.0));
        pen.say_recorded(
            about,
            put_right,
            put_right,
            Fact::Transfer(F::DischargeReversed(happened())),
        );
    }
    if date_only {
        let known = local::midnight(stay.left);
        pen.say_recorded(about, known, stay.discharged + hours(8.0), left(true));
    } else {
        pen.say(about, stay.discharged, left(false));
    }
}
