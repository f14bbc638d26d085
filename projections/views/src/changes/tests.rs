//! Changes from plan to end, what decides about charts, and how before and after are compared.

use super::*;
use crate::period::{Grain, Period};
use crate::ratings::fixtures::{slug, standing, stored};
use joinedup_events::change::{ChangeFact, Finished, Planned, Rebase, TargetSet};
use joinedup_events::{Amount, Fact};
use proptest::prelude::*;

const AREA: &str = "havenshire-north";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn on(date: &str, fact: ChangeFact) -> StoredFact {
    stored(AREA, date, date, Fact::Change(fact))
}

fn happened(name: &str) -> ChangeFact {
    ChangeFact::decode(name, "{}").unwrap().unwrap()
}

fn planned(title: &str) -> ChangeFact {
    ChangeFact::Planned(Planned {
        title: title.to_owned(),
        aim: Some("Fewer waits".to_owned()),
        measures: vec![slug("tr-delayed-share")],
        concept: Some(slug("care-coordination")),
        items: vec![slug("co-timely-transfers")],
        prediction: None,
        led_by: None,
    })
}

fn finished(decision: Decision) -> ChangeFact {
    ChangeFact::Finished(Finished {
        decision,
        learnt: Some("morning is better".to_owned()),
    })
}

fn cycle() -> Change {
    cycle_that_ended(Decision::Adopt)
}

fn cycle_that_ended(decision: Decision) -> Change {
    change(&standing(vec![
        on("2026-01-01", planned("Morning huddle")),
        on("2026-01-05", happened("started")),
        on("2026-01-20", happened("paused")),
        on("2026-02-01", happened("started")),
        on("2026-03-06", finished(decision)),
    ]))
    .unwrap()
}

#[test]
fn a_cycle_is_planned_runs_pauses_and_ends() {
    let change = cycle();
    assert_eq!(change.cycle_days, Some(60));
    let statuses: Vec<Status> = [
        "2025-12-31",
        "2026-01-02",
        "2026-01-05",
        "2026-01-25",
        "2026-02-01",
        "2026-03-06",
    ]
    .map(|d| change.status(day(d)))
    .into();
    assert_eq!(
        statuses,
        [
            Status::NotYet,
            Status::Planned,
            Status::Running,
            Status::Paused,
            Status::Running,
            Status::Finished
        ]
    );
}

#[test]
fn of_several_steps_on_a_day_the_last_one_counts() {
    let on_one_day = |steps: &[&str]| {
        let mut facts = vec![on("2026-01-05", happened("started"))];
        for (n, step) in steps.iter().enumerate() {
            let time = format!("2026-02-01T1{n}:00:00Z");
            facts.push(stored(AREA, &time, &time, Fact::Change(happened(step))));
        }
        change(&standing(facts)).unwrap().status(day("2026-02-01"))
    };
    assert_eq!(on_one_day(&["paused", "started"]), Status::Running);
    assert_eq!(on_one_day(&["paused", "started", "paused"]), Status::Paused);
}

#[test]
fn a_start_before_the_pause_that_it_ends_is_a_slip() {
    let paused = change(&standing(vec![
        on("2026-01-05", happened("started")),
        on("2026-01-20", happened("paused")),
    ]));
    let paused = paused.unwrap();
    assert!(paused.is_paused_after(day("2026-01-18")));
    assert!(!paused.is_paused_after(day("2026-01-20")));
    assert!(
        !cycle().is_paused_after(day("2026-01-18")),
        "it has finished"
    );
}

#[test]
fn flags_stand_at_the_start_and_the_finish_of_its_measures_only() {
    let change = cycle();
    let flags: Vec<String> = change
        .annotations_for("tr-delayed-share")
        .into_iter()
        .map(|f| format!("{} {}", f.date, f.text))
        .collect();
    assert_eq!(
        flags,
        [
            "2026-01-05 Morning huddle began",
            "2026-01-20 Morning huddle paused",
            "2026-02-01 Morning huddle taken up again",
            "2026-03-06 Morning huddle ended: adopted",
        ]
    );
    assert!(change.annotations_for("tr-ready-now").is_empty());
}

#[test]
fn a_plan_recorded_again_replaces_the_first() {
    let facts = standing(vec![
        on("2026-01-01", planned("Huddle")),
        stored(
            AREA,
            "2026-01-01",
            "2026-01-03",
            Fact::Change(planned("Morning huddle")),
        ),
    ]);
    assert_eq!(
        change(&facts).unwrap().title.as_deref(),
        Some("Morning huddle")
    );
}

fn target(percent: i64, from: &str) -> ChangeFact {
    ChangeFact::TargetSet(TargetSet {
        measure: slug("tr-delayed-share"),
        target: Amount::from_micro(percent * 10_000),
        from: day(from),
        reason: "agreed".to_owned(),
    })
}

fn rebase(from: &str) -> Rebase {
    Rebase {
        measure: slug("tr-delayed-share"),
        from: day(from),
        reason: "a new ward opened".to_owned(),
    }
}

#[test]
fn decisions_stand_by_measure_area_and_date() {
    let facts = standing(vec![
        on("2026-01-01", target(20, "2026-01-01")),
        on("2026-01-02", target(15, "2026-01-01")),
        on("2026-01-03", target(10, "2026-06-01")),
        stored(
            "havenshire-mid",
            "2026-01-03",
            "2026-01-03",
            Fact::Change(target(30, "2026-01-01")),
        ),
        on(
            "2026-02-01",
            ChangeFact::RebaseProposed(rebase("2026-02-01")),
        ),
        on(
            "2026-02-02",
            ChangeFact::RebaseProposed(rebase("2026-04-01")),
        ),
        on(
            "2026-02-03",
            ChangeFact::RebaseAccepted(rebase("2026-02-01")),
        ),
    ]);
    assert_eq!(change(&facts), None);
    let decisions = decisions(&facts);
    let percent = |area: &str, on: &str| {
        decisions
            .target("tr-delayed-share", area, day(on))
            .map(|t| t.target.micro() / 10_000)
    };
    assert_eq!(percent(AREA, "2025-12-31"), None);
    assert_eq!(
        (percent(AREA, "2026-05-31"), percent(AREA, "2026-06-01")),
        (Some(15), Some(10))
    );
    assert_eq!(percent("havenshire-mid", "2026-06-01"), Some(30));
    assert_eq!(
        decisions.phases("tr-delayed-share", AREA),
        [day("2026-02-01")]
    );
    let waiting: Vec<NaiveDate> = decisions.proposed.iter().map(|b| b.from).collect();
    assert_eq!(waiting, [day("2026-04-01")]);
}

fn weekly(values: &[f64]) -> Judged {
    weeks_from(day("2025-11-24"), values)
}

fn weeks_from(first: NaiveDate, values: &[f64]) -> Judged {
    let week = |n: usize| Period::of(Grain::Week, first + chrono::Days::new(7 * n as u64));
    let weeks = values.iter().enumerate();
    Judged {
        points: weeks.map(|(n, v)| (week(n), *v)).collect(),
        ..Judged::default()
    }
}

#[test]
fn what_improved_before_an_accepted_baseline_is_not_credited_to_a_later_change() {
    let near = |level: f64, weeks: i32| (0..weeks).map(move |n| level + f64::from(n % 3) - 1.0);
    let values: Vec<f64> = near(10.0, 78).chain(near(5.0, 25)).collect();
    // Its first week of level 5 begins on 29 September; the change, 13 weeks later.
    let mut judged = weeks_from(day("2024-04-01"), &values);
    let running = change(&[on("2025-12-29", happened("started"))]).unwrap();
    let told = before_and_after(&running, "m", ("Waits", "days"), &judged).unwrap();
    assert_eq!((told.before.points, told.moved), (91, Moved::Down));
    judged.baselines = vec![day("2025-09-29")];
    let told = before_and_after(&running, "m", ("Waits", "days"), &judged).unwrap();
    assert_eq!((told.before.points, told.moved), (13, Moved::Chance));
    // A baseline of the change itself leaves what stood before it.
    judged.baselines.push(day("2025-12-29"));
    let told = before_and_after(&running, "m", ("Waits", "days"), &judged).unwrap();
    assert_eq!(told.before.points, 13);
}

#[test]
fn a_start_in_mid_week_puts_its_week_on_the_later_side_as_a_new_baseline_does() {
    let values: Vec<f64> = (0..20).map(f64::from).collect();
    for (start, before) in [("2026-01-05", 6), ("2026-01-07", 6), ("2026-01-12", 7)] {
        let running = change(&[on(start, happened("started"))]).unwrap();
        let found = before_and_after(&running, "m", ("Waits", "days"), &weekly(&values)).unwrap();
        assert_eq!(found.before.points, before, "{start}");
        assert_eq!(found.during.points, 20 - before, "{start}");
    }
}

#[test]
fn what_lies_within_a_pause_is_no_word_of_the_test() {
    let values: Vec<f64> = (0..20).map(f64::from).collect();
    let during = |steps: &[(&str, &str)]| {
        let steps = steps.iter().map(|(date, step)| on(date, happened(step)));
        let change = change(&standing(steps.collect())).unwrap();
        let found = before_and_after(&change, "m", ("Waits", "days"), &weekly(&values)).unwrap();
        assert_eq!(found.later.points, found.during.points);
        found.during.points
    };
    let start = ("2026-01-05", "started");
    assert_eq!(during(&[start]), 14);
    let pause = ("2026-01-19", "paused");
    assert_eq!(during(&[start, pause, ("2026-02-02", "started")]), 12);
    assert_eq!(during(&[start, pause, ("2026-02-01", "started")]), 13);
    assert_eq!(during(&[start, pause]), 2, "it is still paused");
}

#[test]
fn before_and_after_are_compared_by_medians_and_no_cause_is_claimed() {
    // Six weeks before 5 January, nine during, six after 6 March.
    let mut values = vec![0.4; 6];
    values.extend([0.35; 9]);
    values.extend([0.25; 6]);
    let abandoned = cycle_that_ended(Decision::Abandon);
    let told = before_and_after(
        &abandoned,
        "tr-delayed-share",
        ("Share delayed", "proportion"),
        &weekly(&values),
    )
    .unwrap();
    assert_eq!(
        (told.before.points, told.during.points, told.after.points),
        (6, 9, 6)
    );
    assert_eq!(
        (told.before.median, told.after.median),
        (Some(0.4), Some(0.25))
    );
    assert!(
        told.sentence
            .contains("35% over 9 points while it was tested")
            && told.sentence.contains("After it ended: 25% over 6 points."),
        "{}",
        told.sentence
    );
    assert_eq!((told.above, told.below, told.moved), (0, 9, Moved::TooFew));
    // Just ended: nothing is after it.
    values.truncate(15);
    let told = before_and_after(&abandoned, "m", ("Share", "days"), &weekly(&values)).unwrap();
    assert_eq!((told.later, told.after.points), (told.during, 0));
    assert!(!told.sentence.contains("ended"), "{}", told.sentence);
}

#[test]
fn what_a_test_proved_stands_on_the_day_it_is_adopted_and_after() {
    let near = |level: f64, weeks: i32| (0..weeks).map(move |n| level + f64::from(n % 3) - 1.0);
    let values: Vec<f64> = near(10.0, 30).chain(near(5.0, 20)).collect();
    let judged = weeks_from(day("2025-06-09"), &values);
    // The test began with the 31st week and ended with the 44th: six weeks of the kept change follow.
    let ended = |decision| {
        change(&[
            on("2026-01-05", happened("started")),
            on("2026-04-12", finished(decision)),
        ])
        .unwrap()
    };
    let told = |change: &Change| before_and_after(change, "m", ("Waits", "days"), &judged).unwrap();
    let running = told(&change(&[on("2026-01-05", happened("started"))]).unwrap());
    let adopted = told(&ended(Decision::Adopt));
    assert_eq!((adopted.during.points, adopted.after.points), (14, 6));
    assert_eq!(
        (adopted.later, adopted.below, adopted.moved),
        (running.later, 20, Moved::Down)
    );
    assert_eq!(adopted.sentence, running.sentence);
    // Where it was not adopted, the six weeks after it are not its own.
    for decision in [Decision::Abandon, Decision::Adapt] {
        let over = told(&ended(decision));
        assert_eq!((adopted.is_over, over.is_over), (false, true));
        assert_eq!(
            (over.later, over.below, over.moved),
            (over.during, 14, Moved::Down)
        );
    }
}

#[test]
fn points_on_both_sides_of_the_median_before_are_chance() {
    let running = change(&[on("2026-01-05", happened("started"))]).unwrap();
    let moved = |since: &[f64]| {
        let values = [[0.3, 0.5].repeat(6), since.to_vec()].concat();
        let first = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap() - chrono::Days::new(7 * 12);
        before_and_after(
            &running,
            "m",
            ("Share", "days"),
            &weeks_from(first, &values),
        )
        .unwrap()
        .moved
    };
    assert_eq!(moved(&[0.5; 11]), Moved::TooFew);
    assert_eq!(moved(&[0.5; 12]), Moved::Up);
    assert_eq!(moved(&[0.3, 0.5].repeat(6)), Moved::Chance);
    assert_eq!(moved(&[0.3; 12]), Moved::Down);
}

#[test]
fn a_claim_says_whether_the_season_was_looked_at() {
    let running = change(&[on("2026-01-05", happened("started"))]).unwrap();
    let told = |weeks_before: u64| {
        let first =
            NaiveDate::from_ymd_opt(2026, 1, 5).unwrap() - chrono::Days::new(7 * weeks_before);
        let values: Vec<f64> = (0..weeks_before + 14)
            .map(|n| {
                let level = if n < weeks_before { 20.0 } else { 15.0 };
                level + (n * 5 % 3) as f64
            })
            .collect();
        before_and_after(
            &running,
            "m",
            ("Waits", "days"),
            &weeks_from(first, &values),
        )
        .unwrap()
    };
    let short = told(20);
    assert_eq!((short.moved, short.season_compared), (Moved::Down, false));
    assert!(short.sentence.contains("median 21 days over 20 points"));
    assert!(short.sentence.contains("season is not ruled out"));
    let long = told(60);
    assert_eq!((long.moved, long.season_compared), (Moved::Down, true));
    assert!(long.sentence.contains("same weeks a year before"));
}

#[test]
fn few_points_are_said_to_be_few_and_a_running_cycle_has_no_after() {
    let running = change(&[on("2026-01-05", happened("started"))]).unwrap();
    let told = before_and_after(
        &running,
        "m",
        ("Share", "days"),
        &weekly(&[0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.3]),
    )
    .unwrap();
    assert_eq!(told.after.points, 0);
    assert!(
        told.sentence.contains("since it began") && told.sentence.contains("too few"),
        "{}",
        told.sentence
    );
    let none = before_and_after(&running, "m", ("Share", "days"), &Judged::default()).unwrap();
    assert!(none.sentence.contains("no points before"));
    let plan = change(&[on("2026-01-05", planned("Idea"))]).unwrap();
    assert_eq!(
        before_and_after(&plan, "m", ("Share", "days"), &Judged::default()),
        None
    );
}

#[test]
fn a_place_whose_numbers_are_suppressed_is_not_told_that_it_has_no_data() {
    let running = change(&[on("2026-01-05", happened("started"))]).unwrap();
    let suppressed = Judged {
        mostly_suppressed: true,
        ..Judged::default()
    };
    let told = before_and_after(&running, "m", ("Share", "days"), &suppressed).unwrap();
    assert_eq!(told.moved, Moved::Suppressed);
    assert!(told.sentence.contains("suppressed"), "{}", told.sentence);
}

proptest! {
    #[test]
    fn every_point_is_on_one_side_and_no_sentence_claims_a_cause(values in prop::collection::vec(-5.0..5.0f64, 0..40)) {
        let told = before_and_after(&cycle(), "m", ("Share", "days"), &weekly(&values)).unwrap();
        prop_assert_eq!(told.before.points + told.during.points + told.after.points, values.len());
        for word in ["because", "caused", "due to", "thanks to", "led to", "result", "effect", "improved by"] {
            prop_assert!(!told.sentence.contains(word), "{}", told.sentence);
        }
    }
}
