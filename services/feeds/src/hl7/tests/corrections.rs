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
    assert_eq!(world.refused, ["discharged", "ready"]);
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

#[test]
fn what_was_repeated_stands_when_it_is_taken_again_after_what_comes_late() {
    let mut world = World::new();
    let repeated = adt("A08", "1210", &[("expected", "20261120")]);
    world.take(&adt("A01", "1008", &[("expected", "20261120")]));
    assert_eq!(world.take(&repeated), 0);
    assert_eq!(
        world.take(&adt("A08", "1109", &[("expected", "20261122")])),
        1
    );
    assert_eq!(world.take(&repeated), 1);
    world.ask(|spell| {
        let (_, expected) = spell.unwrap().expected.last().unwrap();
        assert_eq!(expected.to_string(), "2026-11-20");
    });
    assert_eq!(world.take(&repeated), 0);
}

#[test]
fn nobody_leaves_before_they_came() {
    let mut world = World::new();
    let mut take = |code: &str, at: &str, fields: &[(&str, &str)]| {
        let new = world.take(&adt(code, at, fields));
        (new, world.left_before_coming.is_some())
    };
    assert_eq!(take("A01", "1008", &[]), (1, false));
    assert_eq!(take("A03", "1109", &[("45", "202611091000")]), (0, true));
    // What else is said is taken.
    let also = [("45", "202611091000"), ("expected", "20261120")];
    assert_eq!(take("A03", "1110", &also), (1, true));
    assert_eq!(take("A03", "1210", &[("45", "202611121000")]), (1, false));
    assert_eq!(take("A08", "1311", &[("44", "202611130800")]), (0, true));
    // The time that was sent is the one that is named.
    assert_eq!(world.left_before_coming, Some(Backwards::Came));
    assert_eq!(world.discharged().unwrap().0, "12 10:00");
    // Both can be put right at once, and a date alone is any time of its day.
    let both = [("44", "202611130800"), ("45", "20261113")];
    assert_eq!(world.take(&adt("A08", "1412", &both)), 4);
    // Of a stay that begins with it the beginning is taken.
    let mut world = World::new();
    let early = [("45", "202611091000")];
    assert_eq!(world.take(&adt("A03", "1109", &early)), 1);
    assert!(world.left_before_coming.is_some() && world.discharged().is_none());
}

#[test]
fn an_inpatient_who_becomes_an_outpatient_has_left() {
    let clinic = ("class", "O");
    let mut world = World::new();
    world.take(&adt("A01", "1008", &[]));
    assert_eq!(world.take(&adt("A07", "1210", &[clinic])), 1);
    assert_eq!(world.discharged().unwrap().0, "12 10:00");
    // What comes afterwards is of the clinic.
    let visit = [clinic, ("44", "202611121000"), ("45", "202611131600")];
    assert_eq!(world.take(&adt("A08", "1309", &visit)), 0);
    assert_eq!(world.take(&adt("A03", "1316", &visit)), 0);
    assert_eq!(world.discharged().unwrap().0, "12 10:00");
    // Somebody who was in no bed has left none.
    let mut world = World::new();
    assert_eq!(world.take(&adt("A07", "1210", &[clinic])), 0);
    // Back in a bed, whether the stay is said to have begun then or in the beginning.
    for (admitted, since) in [("202611100800", "10 08:00"), ("202611121300", "12 13:00")] {
        let mut world = World::new();
        world.take(&adt("A01", "1008", &[("44", "202611100800")]));
        world.take(&adt("A07", "1210", &[clinic]));
        world.take(&adt("A06", "1213", &[("44", admitted)]));
        assert_eq!(world.discharged(), None, "{admitted}");
        let came = world.ask(|spell| spell.unwrap().admitted.map(|(at, _)| at));
        assert_eq!(came.unwrap().format("%d %H:%M").to_string(), since);
    }
    // A site that does not send it ends the stay with what it sends.
    world.take(&adt("A01", "1308", &[]));
    assert_eq!(world.take(&adt("A03", "1410", &[clinic])), 1);
}

#[test]
fn an_admission_that_comes_after_its_discharge_says_how_it_was() {
    let admitted = adt("A01", "1008", &[("method", "21")]);
    let moved = adt("A08", "1109", &[("expected", "20261114")]);
    // Where somebody lies later is not where they were admitted.
    let left = adt("A03", "1210", &[("45", "202611121000")]).replace("^3^RAJ", "^3^RDE");
    for messages in [
        [&admitted, &moved, &left],
        [&left, &admitted, &moved],
        [&left, &moved, &admitted],
        [&moved, &left, &admitted],
    ] {
        let mut world = World::new();
        messages.iter().for_each(|message| _ = world.take(message));
        world.ask(|spell| {
            let (at, how) = spell.unwrap().admitted.unwrap();
            assert_eq!(how.method, AdmissionMethod::Emergency);
            assert_eq!(how.hospital.as_ref().unwrap().as_str(), "RAJ");
            assert_eq!(at.format("%d %H:%M").to_string(), "10 08:00");
        });
        assert_eq!(world.discharged().unwrap().0, "12 10:00");
        for message in messages {
            assert_eq!(world.take(message), 0);
        }
    }
    // The admission that stands was entered anew after the first one was cancelled: nothing of the first is of it.
    let mut world = World::new();
    world.take(&adt("A11", "1009", &[]));
    world.take(&adt("A01", "1108", &[("44", "202611110800")]));
    world.take(&admitted);
    world.ask(|spell| {
        let (_, how) = spell.unwrap().admitted.unwrap();
        assert_eq!(how.method, AdmissionMethod::Unknown);
    });
}
