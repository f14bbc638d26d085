//! The product's first invariant: folded in any order, with any repetition, in any chunks, by any number of partitions, the
//! cells are the same.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "the helpers of a test fail by panicking"
)]

use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::facts::{Happened, Retracted};
use joinedup_events::id::{AreaId, EntityId, Slug};
use joinedup_events::reason::{Reason, Responsible};
use joinedup_events::referral::{
    CareService, Closed, ClosureReason, FirstContact, Priority, Received, ReferralFact, Sector,
    Trigger,
};
use joinedup_events::transfer::*;
use joinedup_events::{Event, Fact, Family};
use joinedup_views::entity_row::EntityRow;
use joinedup_views::shelf::{Shelf, ShelfError, ShelfRow};
use joinedup_views::view::{EntityKey, View};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

fn instant(hours: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_760_000_000 + hours * 3600, 0).unwrap()
}

fn date(hours: i64) -> NaiveDate {
    joinedup_events::local::date(instant(hours))
}

/// Of two sources the one that sends an id.
fn source_of(id: u32) -> &'static str {
    ["/s", "/t"][id as usize % 2]
}

fn transfer_fact() -> impl Strategy<Value = TransferFact> {
    let hour = 0..1500i64;
    prop_oneof![
        (any::<bool>(), 0..4u8).prop_map(|(emergency, previous)| TransferFact::Admitted(
            Admitted {
                hospital: Some(AreaId::new("hospital").unwrap()),
                method: if emergency {
                    AdmissionMethod::Emergency
                } else {
                    AdmissionMethod::Elective
                },
                previous: (previous == 0).then(|| EntityId::new("e-0").unwrap()),
                population: (previous == 1).then(|| Slug::new("older-people").unwrap()),
            }
        )),
        hour.clone()
            .prop_map(|h| TransferFact::ExpectedDateSet(ExpectedDateSet { expected: date(h) })),
        Just(TransferFact::SocialCareReferred(Happened {})),
        Just(TransferFact::AssessmentFinished(Happened {})),
        hour.clone()
            .prop_map(|h| TransferFact::Ready(Ready { date: date(h) })),
        hour.clone()
            .prop_map(|h| TransferFact::NotReady(NotReady { date: date(h) })),
        (hour.clone(), 0..Reason::ALL.len()).prop_map(|(h, r)| TransferFact::DelayReasonSet(
            DelayReasonSet {
                date: date(h),
                reason: Reason::ALL[r],
                responsible: Responsible::Nhs,
            }
        )),
        Just(TransferFact::PackageAgreed(Happened {})),
        hour.clone().prop_map(
            |h| TransferFact::DischargeNoticeGiven(DischargeNoticeGiven { proposed: date(h) })
        ),
        Just(TransferFact::DischargeNoticeWithdrawn(Happened {})),
        (hour, 0..4usize).prop_map(|(h, p)| TransferFact::PathwaySet(PathwaySet {
            date: date(h),
            pathway: Pathway::ALL[p]
        })),
        (0..DischargeMethod::ALL.len()).prop_map(|m| TransferFact::Discharged(Discharged {
            method: DischargeMethod::ALL[m],
            destination: None,
            date_only: m == 3,
        })),
        Just(TransferFact::DischargeReversed(Happened {})),
        Just(TransferFact::Cancelled(Happened {})),
        (0..40u32).prop_map(|n| TransferFact::Retracted(Retracted {
            retracts: n.to_string(),
            retracts_source: Some(source_of(n).to_owned()),
            previous: Some(EntityId::new("e-0").unwrap()),
        })),
    ]
}

fn referral_fact() -> impl Strategy<Value = ReferralFact> {
    prop_oneof![
        (0..3usize, 0..3usize, any::<bool>()).prop_map(|(service, priority, again)| {
            ReferralFact::Received(Received {
                service: CareService::ALL[service],
                priority: Priority::ALL[priority],
                trigger: Trigger::Crisis,
                source_code: None,
                need_identified: None,
                previous: again.then(|| EntityId::new("e-0").unwrap()),
                population: again.then(|| Slug::new("older-people").unwrap()),
                sector: (!again).then_some(Sector::Housing),
            })
        }),
        Just(ReferralFact::Triaged(joinedup_events::referral::Triaged {
            priority: None
        })),
        Just(ReferralFact::Accepted(Happened {})),
        any::<bool>()
            .prop_map(|face_to_face| ReferralFact::FirstContact(FirstContact { face_to_face })),
        Just(ReferralFact::Closed(Closed {
            reason: ClosureReason::Completed
        })),
        Just(ReferralFact::Reopened(Happened {})),
        Just(ReferralFact::Withdrawn(Happened {})),
    ]
}

/// Events of a few entities in which ids repeat, with the same and with other content.
fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
    events_of(0..3, 0..40, 1..40)
}

/// Events of some entities, with some ids, so many in all.
fn events_of(
    entities: Range<u32>,
    ids: Range<u32>,
    count: Range<usize>,
) -> impl Strategy<Value = Vec<(u64, Event)>> {
    let fact = prop_oneof![
        transfer_fact().prop_map(Fact::Transfer),
        referral_fact().prop_map(Fact::Referral)
    ];
    prop::collection::vec((ids, entities, 0..2u8, 0..1500i64, 0..200i64, fact), count).prop_map(
        |rows| {
            rows.into_iter()
                .enumerate()
                .map(|(i, (id, entity, area, at, late, fact))| {
                    let event = Event {
                        source: source_of(id).to_owned(),
                        id: id.to_string(),
                        occurred_at: instant(at),
                        recorded_at: instant(at + late),
                        entity: EntityId::new(&format!("e-{entity}")).unwrap(),
                        area: AreaId::new(["north", "south"][usize::from(area)]).unwrap(),
                        fact,
                        actor: None,
                    };
                    (i as u64 + 1, event)
                })
                .collect()
        },
    )
}

fn export(chunks: impl IntoIterator<Item = Vec<(u64, Event)>>) -> String {
    let mut view = View::new();
    chunks.into_iter().for_each(|chunk| view.fold(chunk));
    view.cells().export()
}

/// A shelf in memory, of a partition: some rows for each entity.
#[derive(Clone, Debug, Default)]
struct Rows(BTreeMap<EntityKey, Vec<Vec<u8>>>);

impl Shelf for Rows {
    fn rows_of(&self, key: EntityKey) -> Result<Vec<Vec<u8>>, ShelfError> {
        Ok(self.0.get(&key).cloned().unwrap_or_default())
    }

    fn scan(&self, from: EntityKey) -> Box<dyn Iterator<Item = Result<ShelfRow, ShelfError>> + '_> {
        let rows = self.0.range(from..);
        Box::new(rows.flat_map(|(key, rows)| rows.iter().map(|row| Ok((*key, row.clone())))))
    }
}

/// Puts what the partitions of a view have beside their shelves onto them.
fn put_away(view: &mut View, rows: &mut [Rows]) {
    for (partition, rows) in view.partitions_mut().iter_mut().zip(rows) {
        for (key, entity) in partition.fresh() {
            let mut row = Vec::new();
            EntityRow {
                family: entity.family,
                id: &entity.id,
                facts: entity.facts.as_bytes(),
            }
            .append(&mut row);
            rows.0.entry(key).or_default().push(row);
        }
        partition.put_on(Arc::new(rows.clone()));
    }
}

/// What is known of every entity, in one form.
fn known(view: &View) -> Vec<String> {
    let mut known: Vec<String> = view
        .entities()
        .map(|(_, entity)| {
            let mut facts = entity.facts.all();
            facts.sort_by_key(|f| (f.key, f.position, f.linked));
            format!("{:?} {} {facts:?}", entity.family, entity.id)
        })
        .collect();
    known.sort();
    known
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn order_repetition_and_chunks_do_not_matter(events in events(), seed in any::<u64>(), chunk in 1..9usize) {
        let straight = export([events.clone()]);
        let one_by_one = export(events.iter().map(|e| vec![e.clone()]));
        prop_assert_eq!(&one_by_one, &straight, "one by one");

        let mut shuffled: Vec<_> = events.iter().chain(events.iter().step_by(2)).cloned().collect();
        let mut state = seed | 1;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(i, (state >> 33) as usize % (i + 1));
        }
        let mixed = export(shuffled.chunks(chunk).map(<[_]>::to_vec));
        prop_assert_eq!(&mixed, &straight, "shuffled and repeated");
    }

    #[test]
    fn what_is_taken_back_leaves_no_trace(events in events()) {
        let mut events = events;
        events.retain(|(_, e)| e.fact.retraction().is_none() && e.fact.previous().is_none());
        // Ids must be unique here, so that each retraction means one event.
        for (i, (_, e)) in events.iter_mut().enumerate() {
            e.id = format!("u{i}");
        }
        let retractions = events.iter().map(|(n, e)| {
            let retracted = Retracted { retracts: e.id.clone(), retracts_source: None, previous: None };
            let fact = match e.fact {
                Fact::Transfer(_) => Fact::Transfer(TransferFact::Retracted(retracted)),
                _ => Fact::Referral(ReferralFact::Retracted(retracted)),
            };
            (n + 1000, Event { id: format!("r{n}"), fact, ..e.clone() })
        });
        let all: Vec<_> = events.iter().cloned().chain(retractions).collect();
        prop_assert_eq!(export([all]), "");
    }

    #[test]
    fn the_cells_known_now_are_the_cells(events in events()) {
        let mut view = View::new();
        view.fold(events);
        let quantities: Vec<&str> = joinedup_views::Quantity::ALL.iter().map(|q| q.name()).collect();
        // Contradictions are listed as they stand now, and never as they were known.
        let all = view.cells().export();
        let asked: String = all.split_inclusive('\n').filter(|line| !line.starts_with("contradictions")).collect();
        prop_assert_eq!(view.known_at(&quantities, instant(100_000)).cells.export(), asked);
    }

    #[test]
    fn facts_that_are_not_in_memory_count_as_if_they_were(
        events in events(),
        chunk in 1..9usize,
        every in 1..4usize,
        partitions in 1..17usize,
    ) {
        let mut straight = View::new();
        straight.fold(events.clone());
        let (mut view, mut rows) = (View::partitioned(partitions), vec![Rows::default(); partitions]);
        for (n, chunk) in events.chunks(chunk).enumerate() {
            view.fold(chunk.to_vec());
            if n % every == 0 {
                put_away(&mut view, &mut rows);
            }
        }
        same(&view, &straight)?;
        prop_assert_eq!(view.damage(), None);
        let quantities: Vec<&str> = joinedup_views::Quantity::ALL.iter().map(|q| q.name()).collect();
        let mut in_parts = joinedup_views::view::KnownAt::default();
        for part in view.parts(1) {
            view.add_known_at(part, &quantities, instant(800), &mut in_parts);
        }
        prop_assert_eq!(in_parts.cells.export(), straight.known_at(&quantities, instant(800)).cells.export());
    }
}

/// Two views hold the same.
fn same(view: &View, straight: &View) -> Result<(), TestCaseError> {
    prop_assert_eq!(view.cells().export(), straight.cells().export());
    prop_assert_eq!(known(view), known(straight));
    prop_assert_eq!(view.len(), straight.len());
    prop_assert_eq!(view.summary(), straight.summary());
    for family in [Family::Transfer, Family::Referral] {
        let open = |view: &View| -> Vec<String> {
            let open = view.open(family);
            open.map(|entity| entity.id.into_owned()).collect()
        };
        prop_assert_eq!(open(view), open(straight));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Enough events that partitions fold on threads of their own. Many are linked to an entity of another partition,
    /// many repeat an id.
    #[test]
    fn the_number_of_partitions_makes_no_difference(
        events in events_of(0..120, 0..400, 600..900),
        chunk in 300..900usize,
    ) {
        let mut straight = View::new();
        straight.fold(events.clone());
        for partitions in [2, 8, 16] {
            let mut view = View::partitioned(partitions);
            for chunk in events.chunks(chunk) {
                view.fold(chunk.to_vec());
            }
            same(&view, &straight)?;
            let at_once = view.partitions().iter().filter(|p| !p.is_empty()).count();
            prop_assert_eq!(at_once, partitions, "every partition has entities");
        }
    }
}
