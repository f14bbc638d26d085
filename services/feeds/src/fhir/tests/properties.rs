//! Whatever is sent, in whatever order and however often.

use super::world::{World, bundle, encounter, over, patient, request, start, task};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Any statement of the stay or the referral, made in the n-th hour.
fn any_resource(hour: usize) -> impl Strategy<Value = Value> {
    let made = format!("2026-11-{:02}T{:02}:00:00Z", 14 + hour / 24, hour % 24);
    let again = made.clone();
    let stay = (
        prop_oneof![
            3 => Just("in-progress"), 3 => Just("finished"),
            1 => Just("entered-in-error"), 1 => Just("onleave"), 1 => Just("planned")
        ],
        prop_oneof![
            Just("2026-11-10T08:00:00Z"),
            Just("2026-11-10T09:00:00Z"),
            Just("2026-11-10")
        ],
        prop_oneof![
            Just(None),
            Just(Some("2026-11-12T10:00:00Z")),
            Just(Some("2026-11-13"))
        ],
        prop_oneof![Just("2026-11-20"), Just("2026-11-21")],
    )
        .prop_map(move |(status, start, end, expected)| {
            encounter(
                &made,
                status,
                json!({
                    "period": { "start": start, "end": end }, "plannedEndDate": expected,
                }),
            )
        });
    let referral = (
        prop_oneof![Just("active"), Just("completed"), Just("revoked")],
        prop_oneof![Just("accepted"), Just("completed"), Just("requested")],
        0..3,
    )
        .prop_map(move |(status, progress, sent)| {
            let task = task(&again, progress, json!({}));
            let active = request(&again, "active");
            match sent {
                0 => bundle("transaction", &[task, active]),
                1 => bundle("transaction", &[active, task]),
                _ => request(&again, status),
            }
        });
    prop_oneof![stay, referral]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn resources_that_come_again_in_any_order_change_nothing(
        sent in (1_usize..9).prop_flat_map(|n| (0..n).map(any_resource).collect::<Vec<_>>()),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut world = World::new();
        for one in &sent {
            world.take(one);
        }
        for index in again {
            let one = &sent[index.index(sent.len())];
            prop_assert_eq!(world.take(one).0, 0, "{}", one);
        }
    }

    #[test]
    fn the_order_of_entries_does_not_matter(
        order in Just((0..7).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let all = [
            patient(json!({})),
            encounter("2026-11-11T09:00:00Z", "in-progress", start()),
            encounter("2026-11-15T09:00:00Z", "finished", over("2026-11-15T08:30:00Z")),
            request("2026-11-10T08:00:01Z", "active"),
            task("2026-11-10T09:00:00Z", "accepted", json!({})),
            request("2026-11-15T09:00:00Z", "active"),
            task("2026-11-15T09:00:00Z", "completed", json!({})),
        ];
        let mut straight = World::new();
        straight.take(&bundle("collection", &all));
        let mut shuffled = World::new();
        let entries: Vec<Value> = order.iter().map(|at| all[*at].clone()).collect();
        shuffled.take(&bundle("collection", &entries));
        let ids = |world: &World| world.events.iter().map(|event| event.id.clone()).collect::<BTreeSet<_>>();
        prop_assert_eq!(ids(&straight), ids(&shuffled));
    }

    #[test]
    fn nothing_that_is_sent_panics(text in "\\PC{0,60}", kind in "[A-Z][a-z]{2,10}", n in any::<i64>()) {
        let world = World::new();
        for value in [json!(text), json!(n), json!([text]), json!({ "start": text, "coding": n })] {
            for kind in [kind.as_str(), "Encounter", "ServiceRequest", "Task", "Bundle", "MessageHeader"] {
                let sent = json!({
                    "resourceType": kind, "status": value, "class": value, "period": value, "meta": value,
                    "identifier": value, "entry": value, "type": value, "focus": value, "basedOn": value,
                });
                let _ = world.read(&sent);
            }
        }
    }
}
