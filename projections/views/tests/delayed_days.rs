//! Delayed days by both published rules, and whose they are.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "the helpers of a test fail by panicking"
)]

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use joinedup_events::id::{AreaId, EntityId};
use joinedup_events::reason::{Reason, Responsible};
use joinedup_events::transfer::{
    DelayReasonSet, DischargeMethod, Discharged, NotReady, Ready, TransferFact,
};
use joinedup_events::{Event, Fact, local};
use joinedup_views::Quantity;
use joinedup_views::view::View;
use std::collections::BTreeMap;

fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, month, day).unwrap()
}

fn noon(date: NaiveDate) -> DateTime<Utc> {
    local::at(date, NaiveTime::from_hms_opt(12, 0, 0).unwrap())
}

fn event(n: u64, at: NaiveDate, fact: TransferFact) -> (u64, Event) {
    let event = Event {
        source: "/pas".into(),
        id: n.to_string(),
        occurred_at: noon(at),
        recorded_at: noon(at),
        entity: EntityId::new("t-1").unwrap(),
        area: AreaId::new("place").unwrap(),
        fact: Fact::Transfer(fact),
        actor: None,
    };
    (n, event)
}

fn ready(n: u64, date: NaiveDate) -> (u64, Event) {
    event(n, date, TransferFact::Ready(Ready { date }))
}

fn discharged(n: u64, date: NaiveDate) -> (u64, Event) {
    event(
        n,
        date,
        TransferFact::Discharged(Discharged {
            method: DischargeMethod::Agreed,
            destination: None,
            date_only: false,
        }),
    )
}

fn reason(n: u64, date: NaiveDate, reason: Reason, responsible: Responsible) -> (u64, Event) {
    event(
        n,
        date,
        TransferFact::DelayReasonSet(DelayReasonSet {
            date,
            reason,
            responsible,
        }),
    )
}

fn view(events: Vec<(u64, Event)>) -> View {
    let mut view = View::new();
    view.fold(events);
    view
}

/// Nights by responsible body in a period, both ends included: the level summed over its days.
fn nights(view: &View, from: NaiveDate, to: NaiveDate) -> BTreeMap<String, i64> {
    let mut nights = BTreeMap::new();
    for series in view.cells().series(Quantity::Waiting.name(), "place") {
        let body = series
            .breakdown
            .iter()
            .find(|(d, _)| &**d == "responsible")
            .unwrap()
            .1
            .to_string();
        for date in from.iter_days().take_while(|d| *d <= to) {
            let level: i64 = series
                .cells
                .range(..=date)
                .map(|(_, t)| t.sums().unwrap().value)
                .sum();
            *nights.entry(body.clone()).or_default() += level;
        }
    }
    nights.retain(|_, n| *n != 0);
    nights
}

fn delay(view: &View) -> Option<i64> {
    let mut values = Vec::new();
    for series in view.cells().series(Quantity::DelayDays.name(), "place") {
        for tally in series.cells.values() {
            if let Some(h) = tally.histogram() {
                values.extend(h.iter().map(|(v, _)| i64::from(v)));
            }
        }
    }
    assert!(values.len() <= 1);
    values.first().copied()
}

/// The ten published fixtures: ready, discharged, DRD days, nights in May 2024 (of the last one: in June).
#[test]
fn the_ten_fixtures_come_out_by_both_rules() {
    let fixtures = [
        ("same day", day(5, 3), Some(day(5, 3)), Some(0), 0),
        ("one night", day(5, 3), Some(day(5, 4)), Some(1), 1),
        ("three nights", day(5, 1), Some(day(5, 4)), Some(3), 3),
        ("still in at month end", day(5, 28), None, None, 4),
        ("carried in", day(4, 25), Some(day(5, 6)), Some(11), 5),
        (
            "carried in, out on the 1st",
            day(4, 25),
            Some(day(5, 1)),
            Some(6),
            0,
        ),
        ("whole month", day(4, 20), None, None, 31),
        (
            "ready on the last day",
            day(5, 31),
            Some(day(6, 2)),
            Some(2),
            1,
        ),
        (
            "across months, May part",
            day(5, 29),
            Some(day(6, 3)),
            Some(5),
            3,
        ),
    ];
    for (name, r, d, drd, night) in fixtures {
        let mut events = vec![ready(1, r)];
        events.extend(d.map(|d| discharged(2, d)));
        let view = view(events);
        assert_eq!(delay(&view), drd, "{name}: DRD");
        assert_eq!(
            nights(&view, day(5, 1), day(5, 31)).values().sum::<i64>(),
            night,
            "{name}: nights"
        );
    }
    let across = view(vec![ready(1, day(5, 29)), discharged(2, day(6, 3))]);
    assert_eq!(
        nights(&across, day(6, 1), day(6, 30)).values().sum::<i64>(),
        2,
        "across months, June part"
    );
}

#[test]
fn a_reason_moves_nights_from_its_date_on_and_never_before() {
    let view = view(vec![
        ready(1, day(5, 1)),
        reason(
            2,
            day(5, 1),
            Reason::AssessmentIncomplete,
            Responsible::SocialCare,
        ),
        reason(3, day(5, 4), Reason::HomeCarePackage, Responsible::Both),
        discharged(4, day(5, 6)),
    ]);
    let expected = BTreeMap::from([("both".to_owned(), 2), ("social-care".to_owned(), 3)]);
    assert_eq!(nights(&view, day(5, 1), day(5, 31)), expected);
}

#[test]
fn only_the_last_ready_period_counts_for_the_discharge_but_all_nights_count() {
    let view = view(vec![
        ready(1, day(5, 1)),
        event(
            2,
            day(5, 4),
            TransferFact::NotReady(NotReady { date: day(5, 4) }),
        ),
        ready(3, day(5, 10)),
        discharged(4, day(5, 12)),
    ]);
    assert_eq!(delay(&view), Some(2));
    assert_eq!(
        nights(&view, day(5, 1), day(5, 31)).values().sum::<i64>(),
        5
    );
}

#[test]
fn a_ready_date_corrected_at_the_same_instant_replaces_the_first() {
    let mut corrected = event(2, day(5, 1), TransferFact::Ready(Ready { date: day(5, 4) }));
    corrected.1.recorded_at = noon(day(5, 20));
    let first = ready(1, day(5, 1));
    let view = view(vec![corrected, first, discharged(3, day(5, 6))]);
    assert_eq!(delay(&view), Some(2));
    assert_eq!(
        nights(&view, day(5, 1), day(5, 31)).values().sum::<i64>(),
        2
    );
}
