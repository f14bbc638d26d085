//! The days of a test: none of its steps contradicts another.

use super::*;

#[test]
fn a_test_does_not_end_before_it_was_paused_or_taken_up_again() {
    let mut world = World::new();
    world.given([
        on("2026-01-05", planned(false)),
        on("2026-01-05", step(CycleStep::Begin)),
        on("2026-11-10", step(CycleStep::Pause)),
        on("2026-11-12", step(CycleStep::Begin)),
    ]);
    assert_eq!(world.refused(&on("2026-08-20", finish())).0, "/on");
    assert_eq!(world.refused(&on("2026-11-11", finish())).0, "/on");
    world.given([on("2026-11-20", finish())]);
}

proptest! {
    /// A step that is taken leaves a cycle that the views can read: begun before it was paused or finished.
    #[test]
    fn a_cycle_never_ends_before_it_begins(steps in prop::collection::vec((0..4u8, proptest::option::of(0..60u64)), 0..10)) {
        let mut world = World::new();
        for (what, ago) in steps {
            let command = match what {
                0 => planned(false),
                1 => step(CycleStep::Begin),
                2 => step(CycleStep::Pause),
                _ => finish(),
            };
            let _ = world.record(&Command { on: ago.map(|d| day("2026-11-28") - chrono::Days::new(d)), ..command });
        }
        let begun = world.facts.iter().any(|f| matches!(f.fact, Fact::Change(ChangeFact::Started(_))));
        if let Some(read) = change(&world.facts) {
            prop_assert!(read.finished.is_none() || begun && read.cycle_days.is_some(), "{read:?}");
        }
    }
}
