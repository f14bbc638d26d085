//! A test is studied, a wrong click is taken back, and what was decided about a chart is withdrawn.

use super::*;
use joinedup_events::change::Comparison;

/// As whoever executes the command would send it: with the events that its facts came with.
fn named(world: &World, what: Undone) -> Command {
    let mut undo = Undo::of(what);
    let area = command(Subject::Undo(undo.clone())).area;
    let standing = standing(world.facts.clone());
    undo.events = undo
        .facts(&area, &standing)
        .iter()
        .map(|fact| ("test".to_owned(), fact.position.to_string()))
        .collect();
    command(Subject::Undo(undo))
}

fn last_step(world: &World) -> Command {
    let Subject::Cycle(step) = planned(false).subject else {
        unreachable!("a plan is a step of a change")
    };
    named(world, Undone::LastStep(step.change))
}

fn status(world: &World) -> Option<Status> {
    change(&standing(world.facts.clone())).map(|c| c.status(local::date(world.now)))
}

fn study(learnt: &str) -> Command {
    step(CycleStep::Study {
        learnt: learnt.to_owned(),
        compared: Some(Comparison::InPart),
    })
}

#[test]
fn a_test_is_studied_while_it_goes_on_and_each_study_stands() {
    let mut world = World::new();
    world.given([on("2026-03-02", planned(false))]);
    assert_eq!(world.refused(&study("Too soon.")).0, "/action");
    world.given([on("2026-03-09", step(CycleStep::Begin))]);
    world.given([
        on("2026-04-01", study("Mornings work.")),
        on("2026-04-02", step(CycleStep::Pause)),
        on("2026-04-13", study("Nobody is there at weekends.")),
        on("2026-05-04", finish()),
    ]);
    assert_eq!(world.decide(&study("Late.")), Err(Refusal::ChangeFinished));
    let read = change(&world.facts).unwrap();
    let learnt: Vec<&str> = read.studies.iter().map(|s| s.learnt.as_str()).collect();
    assert_eq!(learnt, ["Mornings work.", "Nobody is there at weekends."]);
    assert_eq!(read.led_by.as_deref(), Some("Discharge lead"));
    assert!(read.prediction.is_some());
}

#[test]
fn the_last_step_is_undone_for_ten_minutes_and_the_step_before_stands_again() {
    let mut world = World::new();
    world.given([on("2026-03-02", planned(false))]);
    world.now += TimeDelta::minutes(1);
    world.given([step(CycleStep::Begin)]);
    world.now += TimeDelta::minutes(1);
    world.given([finish()]);
    assert_eq!(status(&world), Some(Status::Finished));
    world.now += TimeDelta::minutes(9);
    world.given([last_step(&world)]);
    assert_eq!(status(&world), Some(Status::Running));
    world.now += TimeDelta::minutes(1);
    let late = world.decide(&last_step(&world));
    assert_eq!(late, Err(Refusal::TooLateToUndo { minutes: 10 }));
}

#[test]
fn what_was_recorded_at_once_is_undone_at_once() {
    let mut world = World::new();
    world.given([planned(true)]);
    assert_eq!(world.facts.len(), 2);
    assert_eq!(world.record(&last_step(&world)), Ok(2));
    assert_eq!(status(&world), None);
    assert_eq!(
        world.decide(&last_step(&world)),
        Err(Refusal::NothingToUndo)
    );
    // A command that names other events takes nothing back.
    world.given([planned(true)]);
    let Subject::Undo(undo) = last_step(&world).subject else {
        unreachable!("an undo is what was made")
    };
    let strange = command(Subject::Undo(Undo {
        events: vec![("elsewhere".to_owned(), "1".to_owned())],
        ..undo
    }));
    assert_eq!(world.decide(&strange), Err(Refusal::NothingToUndo));
}

#[test]
fn a_target_is_withdrawn_at_any_time_and_the_one_before_it_holds() {
    let mut world = World::new();
    world.given([
        chart(ChartAction::SetTarget(0.2), "2026-01-01"),
        chart(ChartAction::SetTarget(0.1), "2026-01-01"),
    ]);
    world.now += TimeDelta::days(90);
    let target = |world: &World| {
        let decided = decisions(&standing(world.facts.clone()));
        decided.targets.first().cloned()
    };
    let wrong = target(&world).unwrap();
    let withdraw = |world: &World, position| {
        let measure = slug(SHARE);
        named(world, Undone::Decision { measure, position })
    };
    world.given([withdraw(&world, wrong.position)]);
    assert_eq!(target(&world).unwrap().target.as_f64(), 0.2);
    let (field, _) = world.refused(&withdraw(&world, wrong.position));
    assert_eq!(field, "/position", "it is withdrawn already");
}
