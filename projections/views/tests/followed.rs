//! Whether somebody came back is seen from the stay or referral that follows, and from its last record: whatever it recorded
//! before, of whom, and in whichever order it arrives.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "what fails here fails its test"
)]

use chrono::{DateTime, Utc};
use joinedup_events::facts::{Happened, Retracted};
use joinedup_events::referral::{
    CareService, Closed, ClosureReason, Priority, Received, ReferralFact, Trigger,
};
use joinedup_events::transfer::{
    AdmissionMethod, Admitted, DischargeMethod, Discharged, TransferFact,
};
use joinedup_events::{AreaId, EntityId, Event, Fact};
use joinedup_views::Quantity;
use joinedup_views::view::View;

fn noon(day: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_760_000_000 + day * 86_400, 0).unwrap()
}

fn event(n: u64, entity: &str, day: i64, fact: Fact) -> (u64, Event) {
    let event = Event {
        source: "/pas".into(),
        id: n.to_string(),
        occurred_at: noon(day),
        recorded_at: noon(200 + n as i64),
        entity: EntityId::new(entity).unwrap(),
        area: AreaId::new("place").unwrap(),
        fact,
        actor: None,
    };
    (n, event)
}

fn id(previous: &str) -> Option<EntityId> {
    EntityId::new(previous).ok()
}

/// The stay that follows, as it is reported: on a day, as an emergency or not, after which stay if any.
fn back(n: u64, day: i64, method: AdmissionMethod, previous: &str) -> (u64, Event) {
    event(n, "back", day, admitted(method, previous))
}

fn admitted(method: AdmissionMethod, previous: &str) -> Fact {
    Fact::Transfer(TransferFact::Admitted(Admitted {
        hospital: None,
        method,
        previous: id(previous),
        population: None,
    }))
}

fn urgent(n: u64, day: i64, previous: &str) -> (u64, Event) {
    back(n, day, AdmissionMethod::Emergency, previous)
}

fn came(n: u64, entity: &str, method: AdmissionMethod) -> (u64, Event) {
    event(n, entity, -3, admitted(method, ""))
}

fn left(n: u64, entity: &str) -> (u64, Event) {
    let discharged = Discharged {
        method: DischargeMethod::Agreed,
        destination: None,
        date_only: false,
    };
    event(
        n,
        entity,
        0,
        Fact::Transfer(TransferFact::Discharged(discharged)),
    )
}

/// Two stays that ended on day 0, with what is reported of the next one. How many of them were followed by a return, the same
/// in every order of arrival and however many partitions there are.
fn returns(events: &[(u64, Event)]) -> i64 {
    let elective = AdmissionMethod::Elective;
    let before = [
        came(10, "first", elective),
        left(1, "first"),
        came(11, "other", elective),
        left(2, "other"),
    ];
    met(&[&before, events].concat(), Quantity::Readmitted30)
}

/// Of how many stays that ended it is known whether a return followed, and of how many one did.
fn known(first: AdmissionMethod, events: &[(u64, Event)]) -> (i64, i64) {
    let events = [&[came(10, "first", first), left(1, "first")], events].concat();
    let mut view = View::new();
    view.fold(events);
    let series = view.cells().series(Quantity::Readmitted30.name(), "place");
    let sums = series.flat_map(|series| series.cells.values().filter_map(|t| t.sums()));
    sums.fold((0, 0), |(n, met), sums| (n + sums.n, met + sums.value))
}

#[test]
fn without_a_word_of_how_people_came_in_it_is_not_known_who_came_back() {
    use AdmissionMethod::{Elective, Emergency, Unknown};
    let unknown = |n, day| back(n, day, Unknown, "first");
    assert_eq!(known(Unknown, &[]), (0, 0));
    assert_eq!(known(Unknown, &[unknown(3, 5)]), (0, 0));
    assert_eq!(known(Emergency, &[unknown(3, 5)]), (0, 0));
    // Those that came much later, or as an emergency too, leave no doubt.
    assert_eq!(known(Emergency, &[unknown(3, 45)]), (1, 0));
    assert_eq!(
        known(Elective, &[unknown(3, 5), urgent(4, 5, "first")]),
        (1, 1)
    );
    assert_eq!(known(Elective, &[]), (1, 0));
}

fn met(events: &[(u64, Event)], quantity: Quantity) -> i64 {
    let mut straight = View::new();
    straight.fold(events.to_vec());
    for turn in 0..events.len() {
        let mut turned = events.to_vec();
        turned.rotate_left(turn);
        for reverse in [false, true] {
            if reverse {
                turned.reverse();
            }
            let mut view = View::partitioned(1 + turn);
            for event in &turned {
                view.fold([event.clone()]);
            }
            assert_eq!(view.cells().export(), straight.cells().export());
        }
    }
    let series = straight.cells().series(quantity.name(), "place");
    let sums = series.flat_map(|series| series.cells.values().filter_map(|t| t.sums()));
    sums.map(|sums| sums.value).sum()
}

#[test]
fn a_corrected_admission_leaves_no_return_behind() {
    let elective = |n, day| back(n, day, AdmissionMethod::Elective, "first");
    assert_eq!(returns(&[urgent(3, 5, "first")]), 1);
    assert_eq!(returns(&[urgent(3, 5, "first"), urgent(4, 45, "first")]), 0);
    assert_eq!(returns(&[urgent(3, 5, "first"), elective(4, 5)]), 0);
    assert_eq!(returns(&[elective(3, 5), urgent(4, 5, "first")]), 1);
}

#[test]
fn a_stay_follows_the_one_that_it_names_last() {
    let both = [urgent(3, 5, "first"), urgent(4, 6, "other")];
    assert_eq!(returns(&both), 1);
    let none = [urgent(3, 5, "first"), urgent(4, 5, "")];
    assert_eq!(returns(&none), 0);
    let taken_back = |n, what: u64, previous| {
        let retracted = Retracted {
            retracts: what.to_string(),
            retracts_source: None,
            previous: id(previous),
        };
        event(
            n,
            "back",
            6,
            Fact::Transfer(TransferFact::Retracted(retracted)),
        )
    };
    for previous in ["other", ""] {
        let again = [&both[..], &[taken_back(5, 4, previous)]].concat();
        assert_eq!(returns(&again), 1, "the first one again");
        let neither = [&again[..], &[taken_back(6, 3, previous)]].concat();
        assert_eq!(returns(&neither), 0);
    }
}

#[test]
fn an_admission_entered_in_error_is_no_return() {
    let cancelled = event(
        4,
        "back",
        6,
        Fact::Transfer(TransferFact::Cancelled(Happened {})),
    );
    let error = [urgent(3, 5, "first"), cancelled];
    assert_eq!(returns(&error), 0);
    let again = [&error[..], &[urgent(5, 7, "first")]].concat();
    assert_eq!(returns(&again), 1);
}

#[test]
fn a_corrected_referral_is_one_referral_again() {
    let closed = Closed {
        reason: ClosureReason::Completed,
    };
    let closed = event(1, "first", 0, Fact::Referral(ReferralFact::Closed(closed)));
    let again = |n, day, previous| {
        let received = Received {
            service: CareService::ALL[0],
            priority: Priority::ALL[0],
            trigger: Trigger::Crisis,
            source_code: None,
            need_identified: None,
            previous: id(previous),
            population: None,
            sector: None,
        };
        event(
            n,
            "back",
            day,
            Fact::Referral(ReferralFact::Received(received)),
        )
    };
    let rereferred = |events: &[(u64, Event)]| {
        met(
            &[std::slice::from_ref(&closed), events].concat(),
            Quantity::Rereferred90,
        )
    };
    assert_eq!(rereferred(&[again(2, 9, "first")]), 1);
    assert_eq!(
        rereferred(&[again(2, 9, "first"), again(3, 99, "first")]),
        0
    );
    assert_eq!(rereferred(&[again(2, 9, "first"), again(3, 9, "")]), 0);
}
