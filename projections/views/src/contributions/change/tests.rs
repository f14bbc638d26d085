//! What changes add: cycles that run, their lengths and their decisions.

use super::*;
use crate::ratings::fixtures::{lines, slug, standing, stored};
use joinedup_events::change::{ChangeFact, Decision, Finished, TargetSet};
use joinedup_events::{Amount, Fact};
use proptest::prelude::*;

const AREA: &str = "havenshire-north";

/// `Happened` is built from its wire form: it has nothing to say.
fn happened(name: &str) -> Fact {
    Fact::Change(ChangeFact::decode(name, "{}").unwrap().unwrap())
}

fn finished(decision: Decision) -> Fact {
    Fact::Change(ChangeFact::Finished(Finished {
        decision,
        learnt: None,
    }))
}

fn on(date: &str, fact: Fact) -> StoredFact {
    stored(AREA, date, date, fact)
}

fn contributed(facts: Vec<StoredFact>) -> Vec<String> {
    lines(contribute, &standing(facts))
        .into_iter()
        .map(|l| l.replace("\thavenshire-north", ""))
        .collect()
}

#[test]
fn a_cycle_runs_from_start_to_finish_and_a_pause_does_not_end_it() {
    assert_eq!(
        contributed(vec![
            on("2026-01-05", happened("started")),
            on("2026-01-20", happened("paused")),
            on("2026-02-01", happened("started")),
            on("2026-02-04", finished(Decision::Adapt)),
        ]),
        [
            "change.cycle_days\t\t2026-02-04\t30x1",
            "change.finished\tdecision=adapt\t2026-02-04\t1 0 1",
            "change.running\t\t2026-01-05\t1 0 0",
            "change.running\t\t2026-02-04\t-1 0 0",
        ]
    );
}

#[test]
fn a_corrected_start_replaces_the_first() {
    let corrected = contributed(vec![
        stored(AREA, "2026-01-05", "2026-01-05", happened("started")),
        stored(AREA, "2026-01-03", "2026-01-08", happened("started")),
    ]);
    assert_eq!(corrected, ["change.running\t\t2026-01-03\t1 0 0"]);
}

#[test]
fn a_finish_before_the_start_has_a_decision_and_no_length() {
    assert_eq!(
        contributed(vec![
            on("2026-01-05", happened("started")),
            on("2026-01-02", finished(Decision::Abandon)),
        ]),
        ["change.finished\tdecision=abandon\t2026-01-02\t1 0 1"]
    );
}

#[test]
fn a_decision_about_a_chart_counts_nothing() {
    let target = Fact::Change(ChangeFact::TargetSet(TargetSet {
        measure: slug("tr-delayed-share"),
        target: Amount::from_micro(120_000),
        from: "2026-04-01".parse().unwrap(),
        reason: "agreed by the board".to_owned(),
    }));
    assert!(contributed(vec![on("2026-01-05", target)]).is_empty());
}

proptest! {
    #[test]
    fn a_cycle_that_ran_is_over_or_running_and_its_days_are_the_days_it_ran(start in 0..300u64, length in 0..200u64, pause in 0..200u64, over: bool) {
        let first = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let day = |n: u64| (first + chrono::Days::new(n)).to_string();
        let mut facts = vec![on(&day(start), happened("started"))];
        if pause > 0 && pause < length {
            facts.push(on(&day(start + pause), happened("paused")));
        }
        if over {
            facts.push(on(&day(start + length), finished(Decision::Adopt)));
        }
        let facts = standing(facts);
        let mut running = std::collections::BTreeMap::new();
        let mut days = Vec::new();
        contribute(&facts, &mut |quantity: &str, _: crate::cell::Place<'_>, _: &[(&str, &str)], date: chrono::NaiveDate, delta| match delta {
            Delta::Sums(s) if quantity == "change.running" => *running.entry(date).or_insert(0) += s.value,
            Delta::Value(v) => days.push(v),
            Delta::Sums(_) => {}
        });
        let mut ran = 0;
        let mut level = 0;
        for n in 0..600 {
            level += running.get(&(first + chrono::Days::new(n))).copied().unwrap_or(0);
            ran += level;
        }
        if over {
            prop_assert_eq!(ran, length as i64);
            prop_assert_eq!(days, vec![length as i32]);
        } else {
            prop_assert_eq!(ran, 600 - start as i64);
            prop_assert!(days.is_empty());
        }
    }
}
