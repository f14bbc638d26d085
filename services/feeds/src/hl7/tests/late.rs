//! Messages that come after ones that were made later.

use super::*;

fn ready(world: &World) -> Option<String> {
    world.ask(|spell| Some(spell?.ready?.to_string()))
}

#[test]
fn an_older_date_of_being_ready_does_not_take_the_place_of_a_newer_one() {
    let mut world = World::new();
    world.take(&adt("A01", "1008", &[]));
    world.take(&adt("A08", "1512", &[("ready", "20261115")]));
    let late = adt("A08", "1509", &[("ready", "20261111")]);
    assert_eq!(world.take(&late), 0);
    assert_eq!(ready(&world).as_deref(), Some("2026-11-15"));
    // What was withdrawn since stays withdrawn.
    let withdrawn = [("ready", "\"\""), ("expected", "\"\"")];
    let said = [("ready", "20261115"), ("expected", "20261120")];
    world.take(&adt("A08", "1513", &said));
    world.take(&adt("A08", "1612", &withdrawn));
    let late = [("ready", "20261114"), ("expected", "20261121")];
    assert_eq!(world.take(&adt("A08", "1514", &late)), 0);
    assert_eq!(ready(&world), None);
    assert!(world.expected().is_empty());
}

#[test]
fn a_wait_that_ended_before_the_next_word_came_is_counted_however_late_it_is_told() {
    let mut world = World::with("ready = \"ZU1-1\"\nnot_ready = \"ZU1-2\"\n");
    world.take(&adt("A01", "1008", &[]));
    world.take(&adt("A08", "1409", &[("pathway", "20261114")]));
    assert_eq!(world.take(&adt("A08", "1209", &[("ready", "20261112")])), 1);
    world.ask(|spell| {
        let waits = &spell.unwrap().waits;
        assert_eq!(waits[0].from.to_string(), "2026-11-12");
        assert_eq!(waits[0].until.unwrap().to_string(), "2026-11-14");
    });
}

#[test]
fn an_older_discharge_does_not_undo_a_newer_word_on_leaving() {
    let left = adt("A03", "1210", &[("45", "202611121000")]);
    // It was reversed, by a time of its own that lies before it.
    let mut world = World::new();
    world.take(&adt("A01", "1008", &[]));
    world.take(&adt("A13", "1212", &[("evn6", "202611120930")]));
    assert_eq!(world.take(&left), 0);
    assert_eq!(world.discharged(), None);
    // Somebody left again, and the cancellation of the first time comes last.
    let mut world = World::new();
    world.take(&adt("A01", "1008", &[]));
    world.take(&left);
    world.take(&adt("A03", "1215", &[("45", "202611121030")]));
    assert_eq!(world.take(&adt("A13", "1211", &[])), 0);
    assert_eq!(world.discharged().unwrap().0, "12 10:30");
    // Somebody came after it.
    let mut world = World::new();
    world.take(&adt("A01", "1313", &[("44", "202611131200")]));
    world.take(&left.replace("202611100800", "202611131200"));
    assert_eq!(world.discharged(), None);
}

#[test]
fn an_admission_that_was_cancelled_does_not_come_back_by_an_older_message() {
    let mut world = World::new();
    world.take(&adt("A01", "1008", &[]));
    world.take(&adt("A11", "1212", &[("evn6", "202611100800")]));
    let late = [("44", "202611110800"), ("ready", "20261111")];
    assert_eq!(world.take(&adt("A08", "1109", &late)), 0);
    assert!(world.ask(|spell| spell.is_none()));
}

#[test]
fn nothing_of_a_cancelled_admission_is_of_the_next_under_its_number() {
    let mut world = World::new();
    let stated = [("ready", "20261111"), ("expected", "20261114")];
    world.take(&adt("A01", "1008", &[]));
    world.take(&adt("A08", "1109", &stated));
    world.take(&adt("A11", "1210", &[]));
    assert_eq!(world.take(&adt("A08", "1211", &stated)), 0);
    world.take(&adt("A01", "2009", &[("44", "202611200900")]));
    world.ask(|spell| {
        let spell = spell.unwrap();
        assert_eq!(spell.ready, None);
        assert!(spell.waits.is_empty() && spell.expected.is_empty());
    });
}

#[test]
fn a_number_that_is_used_again_names_another_stay() {
    let mut world = World::new();
    world.take(&adt("A01", "1008", &[]));
    world.take(&adt("A03", "1210", &[("45", "202611121000")]));
    let first = world.entity.clone();
    let again = adt("A01", "2009", &[("44", "202611200900")]);
    assert_eq!(world.take(&again), 1);
    assert_eq!(world.left_before_coming, None);
    assert_ne!(world.entity, first);
    assert!(world.ask(|spell| spell.unwrap().discharged.is_none()));
    assert_eq!(world.take(&again), 0);
    let left = [("44", "202611200900"), ("45", "202611211000")];
    assert_eq!(world.take(&adt("A03", "2110", &left)), 1);
    assert_ne!(world.entity, first);
    assert_eq!(world.discharged().unwrap().0, "21 10:00");
}
