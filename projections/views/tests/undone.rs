//! What happened when: a fact that undoes takes back what happened up to its own time, whenever either was recorded, and
//! being ready is one state however often it is reported.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails here fails its test"
)]

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use joinedup_events::facts::Happened;
use joinedup_events::referral::{
    Closed, ClosureReason, DeclineReason, Declined, Discussed, DiscussionOutcome, ReferralFact,
};
use joinedup_events::transfer::{
    AdmissionMethod, Admitted, DischargeMethod, DischargeNoticeGiven, Discharged, NotReady, Ready,
    TransferFact,
};
use joinedup_events::{AreaId, EntityId, Event, Fact};
use joinedup_views::Quantity;
use joinedup_views::contributions::referral::Case;
use joinedup_views::contributions::transfer::{Spell, Wait};
use joinedup_views::view::View;
use proptest::prelude::*;

fn hour(hours: i64) -> DateTime<Utc> {
    "2026-11-02T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hours)
}

fn day(day: i64) -> NaiveDate {
    hour(24 * day).date_naive()
}

/// Facts about one transfer or referral: what, at which hour, recorded at which hour.
fn view(facts: Vec<(Fact, i64, i64)>) -> View {
    let mut view = View::new();
    view.fold(facts.into_iter().zip(1..).map(|((fact, at, recorded), n)| {
        let event = Event {
            source: "/pas".into(),
            id: n.to_string(),
            occurred_at: hour(at),
            recorded_at: hour(recorded),
            entity: EntityId::new("e-1").unwrap(),
            area: AreaId::new("place").unwrap(),
            fact,
            actor: None,
        };
        (n, event)
    }));
    view
}

/// When the person left, the days of delay, and the waits; nothing when there was no stay.
type Stay = Option<(Option<DateTime<Utc>>, Option<i64>, Vec<Wait>)>;

fn stay(facts: Vec<(TransferFact, i64, i64)>) -> Stay {
    let typed = facts.into_iter();
    let view = view(
        typed
            .map(|(f, at, recorded)| (Fact::Transfer(f), at, recorded))
            .collect(),
    );
    let entity = view
        .entity(joinedup_events::Family::Transfer, "e-1")
        .unwrap();
    let facts = entity.facts.standing();
    let spell = Spell::of(&facts)?;
    let left = spell.discharged.map(|(at, _)| at);
    Some((left, spell.delay_days(), spell.waits))
}

fn admitted() -> TransferFact {
    TransferFact::Admitted(Admitted {
        hospital: None,
        method: AdmissionMethod::Other,
        previous: None,
        population: None,
    })
}

fn ready(from: i64) -> TransferFact {
    TransferFact::Ready(Ready { date: day(from) })
}

fn discharged() -> TransferFact {
    TransferFact::Discharged(Discharged {
        method: DischargeMethod::Agreed,
        destination: None,
        date_only: false,
    })
}

fn reversed() -> TransferFact {
    TransferFact::DischargeReversed(Happened {})
}

fn cancelled() -> TransferFact {
    TransferFact::Cancelled(Happened {})
}

fn not_ready(from: i64) -> TransferFact {
    TransferFact::NotReady(NotReady { date: day(from) })
}

#[test]
fn the_last_word_on_being_ready_stands_from_its_date_on() {
    let said = |facts: Vec<(TransferFact, i64, i64)>| {
        let (_, _, waits) =
            stay([(admitted(), -24, -24)].into_iter().chain(facts).collect()).unwrap();
        waits
    };
    let wait = |from, until: Option<i64>| Wait {
        from: day(from),
        until: until.map(day),
    };
    // Ready all along, said after a mistaken "not ready".
    let again = vec![
        (ready(1), 24, 24),
        (not_ready(10), 240, 240),
        (ready(1), 264, 264),
    ];
    assert_eq!(said(again), [wait(1, None)]);
    // Not ready, with a date before the day of being ready.
    assert_eq!(
        said(vec![(ready(5), 120, 120), (not_ready(4), 144, 144)]),
        []
    );
    // Both said at once, as a list does: each from its own date.
    let at_once = vec![(ready(1), 300, 300), (not_ready(4), 300, 300)];
    assert_eq!(said(at_once), [wait(1, Some(4))]);
}

#[test]
fn a_discharge_that_is_a_date_is_entered_again_on_the_day_of_its_reversal() {
    let on_that_day = || {
        TransferFact::Discharged(Discharged {
            method: DischargeMethod::Agreed,
            destination: None,
            date_only: true,
        })
    };
    // The day begins at hour 12, noon of the day before being hour 0.
    let left = |again: Option<i64>| {
        let mut facts = vec![
            (admitted(), -24, -24),
            (on_that_day(), 12, 13),
            (reversed(), 21, 21),
        ];
        facts.extend(again.map(|recorded| (on_that_day(), 12, recorded)));
        stay(facts).unwrap().0
    };
    assert_eq!(left(None), None);
    assert_eq!(left(Some(30)), Some(hour(12)));
    assert_eq!(left(Some(20)), None, "recorded before the reversal");
}

#[test]
fn nights_before_the_admission_are_those_of_the_stay_before() {
    let moved = |facts: Vec<(TransferFact, i64, i64)>| {
        let here = vec![(admitted(), 48, 48), (discharged(), 120, 120)];
        let (_, delay, waits) = stay(here.into_iter().chain(facts).collect()).unwrap();
        (delay, waits)
    };
    let (from, until) = (day(2), Some(day(5)));
    assert_eq!(
        moved(vec![(ready(0), 48, 48)]),
        (Some(3), vec![Wait { from, until }])
    );
    assert_eq!(
        moved(vec![(ready(0), 0, 0), (not_ready(1), 24, 24)]),
        (Some(0), vec![]),
        "got worse before coming here"
    );
}

#[test]
fn what_is_dated_after_the_discharge_leaves_the_delay_as_it_was() {
    let after = |facts: Vec<(TransferFact, i64, i64)>| {
        let here = vec![
            (admitted(), 0, 0),
            (ready(1), 24, 24),
            (discharged(), 96, 96),
        ];
        let (_, delay, waits) = stay(here.into_iter().chain(facts).collect()).unwrap();
        (delay, waits)
    };
    let waits = vec![Wait {
        from: day(1),
        until: Some(day(4)),
    }];
    for (worse, again) in [(4, 4), (4, 6), (5, 6)] {
        let late = vec![
            (not_ready(worse), 24 * worse, 200),
            (ready(again), 24 * again + 1, 201),
        ];
        assert_eq!(after(late), (Some(3), waits.clone()), "{worse}, {again}");
    }
}

#[test]
fn a_late_reversal_takes_back_the_discharge_it_is_about_and_not_the_next_one() {
    let facts = |reversal_recorded| {
        stay(vec![
            (admitted(), -24, -24),
            (ready(0), 0, 0),
            (discharged(), 46, 46),
            (discharged(), 96, 96),
            (reversed(), 47, reversal_recorded),
        ])
    };
    for recorded in [47, 500] {
        let (left, delay, _) = facts(recorded).unwrap();
        assert_eq!(
            (left, delay),
            (Some(hour(96)), Some(4)),
            "recorded at {recorded}"
        );
    }
}

#[test]
fn a_reversal_that_comes_before_its_discharge_takes_it_back_too_even_with_its_very_time() {
    let (left, _, waits) = stay(vec![
        (admitted(), -24, -24),
        (ready(0), 0, 0),
        (reversed(), 46, 46),
        (discharged(), 46, 90),
    ])
    .unwrap();
    assert_eq!(left, None);
    assert_eq!(
        waits,
        [Wait {
            from: day(0),
            until: None
        }]
    );
}

/// How often a quantity was counted in all.
fn counted(view: &View, quantity: Quantity) -> i64 {
    let cells = view.cells().all_series(quantity.name());
    let tallies = cells.flat_map(|series| series.cells.values());
    tallies
        .filter_map(|tally| tally.sums())
        .map(|sums| sums.value.max(sums.denominator))
        .sum()
}

#[test]
fn what_is_told_again_of_one_instant_is_the_same_told_better() {
    let notice = |proposed| {
        Fact::Transfer(TransferFact::DischargeNoticeGiven(DischargeNoticeGiven {
            proposed: day(proposed),
        }))
    };
    let withdrawn = || Fact::Transfer(TransferFact::DischargeNoticeWithdrawn(Happened {}));
    let told = view(vec![
        (notice(1), 0, 0),
        (notice(4), 24, 48),
        (notice(2), 24, 24),
        (withdrawn(), 26, 50),
        (withdrawn(), 26, 51),
    ]);
    let entity = told
        .entity(joinedup_events::Family::Transfer, "e-1")
        .unwrap();
    let facts = entity.facts.standing();
    let notices = Spell::of(&facts).unwrap().notices;
    assert_eq!(
        notices,
        [(hour(0), day(1), false), (hour(24), day(4), true)]
    );
    let discussed = |shared_record| {
        Fact::Referral(ReferralFact::Discussed(Discussed {
            outcome: DiscussionOutcome::Plan,
            sectors: vec![],
            shared_record,
        }))
    };
    let told = view(vec![
        (discussed(true), 5, 5),
        (discussed(false), 5, 9),
        (discussed(false), 6, 6),
    ]);
    assert_eq!(counted(&told, Quantity::Discussions), 2);
}

#[test]
fn a_cancelled_admission_leaves_nothing_unless_another_follows() {
    assert_eq!(
        stay(vec![
            (admitted(), 0, 0),
            (ready(0), 1, 1),
            (cancelled(), 2, 2)
        ]),
        None
    );
    assert_eq!(
        stay(vec![
            (cancelled(), 2, 0),
            (admitted(), 1, 9),
            (ready(0), 5, 9)
        ]),
        None
    );
    let again = stay(vec![
        (admitted(), 0, 0),
        (ready(0), 1, 1),
        (cancelled(), 2, 9),
        (admitted(), 3, 3),
    ]);
    assert_eq!(again, Some((None, None, vec![])));
}

/// A ward's daily status: ready on each of four days, out on the fifth.
#[test]
fn readiness_repeated_every_day_began_on_its_first_day() {
    let mut facts = vec![(admitted(), -48, -48), (discharged(), 4 * 24, 4 * 24)];
    facts.extend((0..4).map(|d| (ready(d), 24 * d, 24 * d)));
    let (_, delay, waits) = stay(facts).unwrap();
    assert_eq!(delay, Some(4));
    assert_eq!(
        waits,
        [Wait {
            from: day(0),
            until: Some(day(4))
        }]
    );
}

#[test]
fn reopening_takes_back_closures_up_to_its_time() {
    let closed = || {
        ReferralFact::Closed(Closed {
            reason: ClosureReason::Completed,
        })
    };
    let ended = |facts: Vec<(ReferralFact, i64, i64)>| {
        let typed = facts.into_iter();
        let view = view(
            typed
                .map(|(f, at, recorded)| (Fact::Referral(f), at, recorded))
                .collect(),
        );
        let entity = view
            .entity(joinedup_events::Family::Referral, "e-1")
            .unwrap();
        Case::of(&entity.facts.standing()).ended()
    };
    let reopened = || ReferralFact::Reopened(Happened {});
    assert_eq!(ended(vec![(closed(), 1, 50), (reopened(), 2, 2)]), None);
    assert_eq!(
        ended(vec![
            (closed(), 1, 1),
            (closed(), 9, 9),
            (reopened(), 2, 50)
        ]),
        Some(hour(9))
    );
    // A referral that was refused is open again, too, and a refusal after that ends it.
    let declined = || {
        ReferralFact::Declined(Declined {
            reason: DeclineReason::Inappropriate,
        })
    };
    assert_eq!(ended(vec![(declined(), 1, 50), (reopened(), 2, 2)]), None);
    let again = vec![(declined(), 1, 1), (reopened(), 2, 2), (declined(), 3, 3)];
    assert_eq!(ended(again), Some(hour(3)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_discharge_stands_exactly_if_no_reversal_is_as_late(out in 0..50i64, reversals in prop::collection::vec((0..50i64, 0..200i64), 0..5), recorded in 0..200i64) {
        let mut facts = vec![(admitted(), -24, 0), (discharged(), out, recorded)];
        facts.extend(reversals.iter().map(|(at, recorded)| (reversed(), *at, *recorded)));
        let stands = reversals.iter().all(|(at, _)| *at < out);
        let (left, _, _) = stay(facts).unwrap();
        prop_assert_eq!(left, stands.then(|| hour(out)));
    }

    /// Ward status reports, complete or with gaps and in any order of recording, give the nights that a look at each day gives.
    #[test]
    fn waits_are_the_days_on_which_the_newest_status_was_ready(status in prop::collection::vec((any::<bool>(), any::<bool>(), 0..999i64), 1..20)) {
        let reported = || status.iter().zip(0i64..).filter(|((_, reported, _), _)| *reported);
        let facts = reported().map(|((is_ready, _, recorded), d)| {
            let fact = if *is_ready { ready(d) } else { TransferFact::NotReady(NotReady { date: day(d) }) };
            (fact, 24 * d, *recorded)
        });
        let facts: Vec<_> = facts.chain([(admitted(), -48, 0), (discharged(), 24 * 20, 999)]).collect();
        let (_, _, waits) = stay(facts).unwrap();
        for date in 0..20i64 {
            let newest = reported().filter(|(_, d)| *d <= date).last();
            let waited = newest.is_some_and(|((is_ready, _, _), _)| *is_ready);
            let within = waits.iter().filter(|w| w.from <= day(date) && w.until.is_some_and(|u| day(date) < u));
            prop_assert_eq!(within.count(), usize::from(waited), "day {}", date);
        }
    }
}
