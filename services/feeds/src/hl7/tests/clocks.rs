//! The night on which the clocks go back, at a site that sends no offsets.

use super::*;

/// A message made at a time by the clock on the wall in the night of 25 October 2026, which comes at once.
fn take(world: &mut World, code: &str, clock: &str, now: &str, out: &str) -> usize {
    let written = format!("20261025{clock}");
    let message = adt(code, "1008", &[("44", "202610250150"), ("45", out)]);
    world.now = format!("2026-10-25T{now}Z").parse().unwrap();
    world.take(
        &message
            .replace("202611", "202610")
            .replace("2026101008", &written),
    )
}

#[test]
fn what_is_made_in_the_second_of_two_hours_comes_after_the_first() {
    let mut world = World::new();
    assert_eq!(take(&mut world, "A01", "0152", "00:52:10", ""), 1);
    assert!(world.ask(|spell| spell.is_some()));
    // Twenty minutes later, by a clock that shows an earlier time.
    assert_eq!(take(&mut world, "A11", "0110", "01:10:10", ""), 1);
    assert!(world.ask(|spell| spell.is_none()));
}

#[test]
fn who_leaves_in_the_second_of_two_hours_leaves_after_coming() {
    let mut world = World::new();
    take(&mut world, "A01", "0152", "00:52:10", "");
    take(&mut world, "A03", "0112", "01:12:10", "202610250110");
    world.ask(|spell| {
        let (at, _) = spell.unwrap().discharged.unwrap();
        assert_eq!(at.to_rfc3339(), "2026-10-25T01:10:00+00:00");
    });
}

#[test]
fn a_time_of_making_that_cannot_be_read_is_remarked_and_leaves_nothing_out() {
    let world = World::new();
    let early = [("44", "202611100700")];
    let message = |written: &str| adt("A01", "1008", &early).replace("2026111008", written);
    for (written, is_remarked) in [("20261310", true), ("", false), ("2026111008", false)] {
        let message = Message::read(message(written).as_bytes()).unwrap();
        let reader = Reader {
            mapping: &world.mapping,
            ring: &world.ring,
            areas: &world.areas,
            now: world.now,
        };
        let statement = reader.read(Trigger::Admit, &message).unwrap().unwrap();
        assert_eq!(statement.faults, [], "{written}");
        let remark = statement.remark.map(|remark| remark.place);
        let wanted = is_remarked.then(|| "EVN-2".to_owned());
        assert_eq!(remark, wanted, "{written}");
    }
}
