//! Corrections that are mistaken themselves.

use super::*;

#[test]
fn a_correction_that_the_door_refuses_leaves_what_is_right() {
    let mut world = World::new();
    world.take(&adt("A01", "1008", &[]));
    world.take(&adt("A08", "1109", &[("ready", "20261111")]));
    world.take(&adt("A03", "1210", &[("45", "202611121000")]));
    // A year mistyped, and days that have not come.
    assert_eq!(
        world.take(&adt("A08", "1211", &[("45", "202711121000")])),
        0
    );
    assert_eq!(world.discharged().unwrap().0, "12 10:00");
    assert_eq!(world.take(&adt("A08", "1212", &[("ready", "20261210")])), 0);
    assert_eq!(
        world.take(&adt("A08", "1213", &[("44", "202612110800")])),
        0
    );
    assert_eq!(world.refused, ["discharged", "ready", "admitted"]);
    world.ask(|spell| {
        let spell = spell.unwrap();
        assert_eq!(spell.ready.unwrap().to_string(), "2026-11-11");
        let (at, _) = spell.admitted.unwrap();
        assert_eq!(at.format("%d %H:%M").to_string(), "10 08:00");
    });
    // What is right takes the place of it all the same.
    assert_eq!(
        world.take(&adt("A08", "1214", &[("45", "202611121100")])),
        2
    );
    assert_eq!(world.discharged().unwrap().0, "12 11:00");
}
