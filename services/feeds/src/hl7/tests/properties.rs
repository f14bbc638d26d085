//! Any messages of a stay.

use super::*;
use proptest::prelude::*;

/// Any message of the stay, recorded in the n-th hour after its beginning.
fn any_message(hour: usize) -> impl Strategy<Value = String> {
    let times = prop_oneof![
        Just(""),
        Just("202611121000"),
        Just("202611121100"),
        Just("20261113")
    ];
    let optional =
        |value: &'static str| prop_oneof![3 => Just(""), 1 => Just(value), 1 => Just("\"\"")];
    (
        prop_oneof![
            Just("A01"),
            Just("A02"),
            Just("A03"),
            Just("A08"),
            Just("A11"),
            Just("A13")
        ],
        times.clone(),
        times,
        prop_oneof![optional("20261120"), optional("20261121")],
        optional("20261111"),
        optional("P1"),
        prop_oneof![4 => Just(""), 1 => Just("Y")],
        prop_oneof![3 => Just("202611100800"), 1 => Just("202611100900")],
    )
        .prop_map(
            move |(code, out, evn6, expected, ready, pathway, died, admitted)| {
                let at = format!("{:02}{:02}", 14 + hour / 24, hour % 24);
                let fields = [
                    ("45", out),
                    ("evn6", evn6),
                    ("expected", expected),
                    ("ready", ready),
                    ("pathway", pathway),
                    ("died", died),
                    ("44", admitted),
                ];
                adt(code, &at, &fields)
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn messages_that_come_again_in_any_order_change_nothing(
        messages in (1_usize..9).prop_flat_map(|n| (0..n).map(any_message).collect::<Vec<_>>()),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut world = World::new();
        world.take_all(&messages);
        for index in again {
            prop_assert_eq!(world.take(&messages[index.index(messages.len())]), 0);
        }
        prop_assert!(world.refused.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn how_somebody_came_does_not_depend_on_the_order_of_messages(
        messages in prop::collection::vec(
            (prop_oneof![Just("A02"), Just("A08"), Just("A03")], prop_oneof![Just(""), Just("21")]),
            1..5,
        ),
        method in prop_oneof![Just(""), Just("21")],
        order in Just((0..5_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut all = vec![adt("A01", "1008", &[("method", method)])];
        for (hour, (code, method)) in (9..).zip(&messages) {
            let at = format!("12{hour:02}");
            all.push(adt(code, &at, &[("method", method), ("45", if *code == "A03" { "202611120850" } else { "" })]));
        }
        let came = |world: &World| world.ask(|spell| {
            let (at, how) = spell.unwrap().admitted.unwrap();
            (at, how.method)
        });
        let (mut one, mut other) = (World::new(), World::new());
        one.take_all(&all);
        for at in order.into_iter().filter(|at| *at < all.len()) {
            other.take(&all[at]);
        }
        prop_assert_eq!(came(&one), came(&other));
    }
}
