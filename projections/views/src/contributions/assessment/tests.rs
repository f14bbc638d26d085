//! What ratings add: levels, their age and the gap to the ambition, over rounds.

use super::*;
use crate::contribution::StoredFact;
use crate::ratings::fixtures::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const AREA: &str = "havenshire-north";

fn of(quantity: &str, facts: &[StoredFact]) -> Vec<String> {
    lines(contribute, facts)
        .into_iter()
        .filter_map(|line| {
            let rest = line.strip_prefix(&format!("assessment.{quantity}\t{AREA}\t"))?;
            let (breakdown, rest) = rest.split_once('\t')?;
            let level = breakdown.rsplit_once("level=").map_or("", |(_, l)| l);
            Some(
                format!("{level} {}", rest.replace('\t', " "))
                    .trim()
                    .to_owned(),
            )
        })
        .collect()
}

fn two_rounds() -> Vec<StoredFact> {
    standing(vec![
        stored(AREA, "2025-01-10", "2025-01-10", proposed("2025", Some(3))),
        stored(
            AREA,
            "2025-02-01",
            "2025-02-01",
            moderated("2025", Some(3), Some(2)),
        ),
        stored(AREA, "2025-03-01", "2025-03-01", confirmed("2025")),
        stored(AREA, "2025-03-10", "2025-03-10", ambition(4, "2026-03-31")),
        stored(AREA, "2026-01-10", "2026-01-10", proposed("2026", Some(4))),
        stored(
            AREA,
            "2026-02-01",
            "2026-02-01",
            moderated("2026", Some(4), Some(4)),
        ),
        stored(AREA, "2026-03-01", "2026-03-01", confirmed("2026")),
    ])
}

#[test]
fn nothing_counts_before_it_is_published() {
    let facts = two_rounds();
    assert!(of("level", &facts[..2]).is_empty());
    assert_eq!(of("level", &facts[..3]), ["2 2025-03-01 1 0 0"]);
}

#[test]
fn a_second_round_moves_the_level_ends_the_age_and_closes_the_gap() {
    let facts = two_rounds();
    assert_eq!(
        of("level", &facts),
        [
            "2 2025-03-01 1 0 0",
            "2 2026-03-01 -1 0 0",
            "4 2026-03-01 1 0 0"
        ]
    );
    assert_eq!(of("moves", &facts), ["2026-03-01 1 0 1"]);
    assert_eq!(
        of("moderated", &facts),
        ["2025-02-01 1 1 1", "2026-02-01 0 1 1"]
    );
    assert_eq!(
        of("age_days", &facts),
        ["2025-03-01 365x1", &format!("2026-03-01 {OPEN}x1")]
    );
    assert_eq!(of("gap", &facts), ["2025-03-10 2 0 0", "2026-03-01 -2 0 0"]);
    assert_eq!(of("ambitions", &facts), ["2025-03-10 1 0 0"]);
}

#[test]
fn a_moderation_after_publication_waits_for_the_next_confirmation() {
    let mut facts = two_rounds();
    facts.truncate(3);
    facts.push(stored(
        AREA,
        "2025-03-05",
        "2025-03-05",
        moderated("2025", Some(2), Some(4)),
    ));
    assert_eq!(of("level", &facts), ["2 2025-03-01 1 0 0"]);
    facts.push(stored(AREA, "2025-03-08", "2025-03-08", confirmed("2025")));
    assert_eq!(
        of("level", &facts),
        [
            "2 2025-03-01 1 0 0",
            "2 2025-03-08 -1 0 0",
            "4 2025-03-08 1 0 0"
        ]
    );
}

#[test]
fn a_moderation_that_is_recorded_late_counts_from_the_publication_it_preceded() {
    let mut facts = two_rounds();
    facts.truncate(3);
    facts.push(stored(
        AREA,
        "2025-02-20",
        "2025-04-05",
        moderated("2025", Some(3), Some(5)),
    ));
    assert_eq!(of("level", &standing(facts)), ["5 2025-03-01 1 0 0"]);
}

#[test]
fn the_moderation_recorded_last_stands_whatever_the_order_of_arrival() {
    let facts = vec![
        stored(
            AREA,
            "2025-02-01",
            "2025-02-03",
            moderated("2025", Some(3), Some(1)),
        ),
        stored(
            AREA,
            "2025-02-02",
            "2025-02-02",
            moderated("2025", Some(3), Some(5)),
        ),
        stored(AREA, "2025-03-01", "2025-03-01", confirmed("2025")),
    ];
    assert_eq!(of("level", &standing(facts)), ["1 2025-03-01 1 0 0"]);
}

#[test]
fn not_rated_stands_at_no_level_and_has_no_gap() {
    let mut facts = two_rounds();
    facts.push(stored(
        AREA,
        "2027-02-01",
        "2027-02-01",
        proposed("2027", None),
    ));
    facts.push(stored(AREA, "2027-03-01", "2027-03-01", confirmed("2027")));
    assert_eq!(of("level", &facts).last().unwrap(), "4 2027-03-01 -1 0 0");
    assert_eq!(of("ambitions", &facts).last().unwrap(), "2027-03-01 -1 0 0");
    assert_eq!(of("moves", &facts).len(), 1);
    assert_eq!(of("age_days", &facts).len(), 2);
}

#[test]
fn one_raters_own_rating_is_not_the_areas() {
    let facts = standing(vec![
        stored(
            AREA,
            "2025-01-10",
            "2025-01-10",
            rated_by("2025", Some(5), Some("r1")),
        ),
        stored(AREA, "2025-03-01", "2025-03-01", confirmed("2025")),
    ]);
    assert!(of("level", &facts).is_empty());
}

/// Step by step, day by day: what a person would do with the pile of papers.
fn level_on(facts: &[StoredFact], day: NaiveDate) -> Option<u8> {
    let mut answer = None;
    let mut by_time: Vec<&StoredFact> = facts.iter().collect();
    by_time.sort_by_key(|f| (f.occurred_at, f.recorded_at, f.position));
    for confirmation in by_time {
        let joinedup_events::Fact::Assessment(
            joinedup_events::assessment::AssessmentFact::Confirmed(c),
        ) = &confirmation.fact
        else {
            continue;
        };
        if local::date(confirmation.occurred_at) > day {
            break;
        }
        let (mut from_area, mut from_round) = (None, None);
        for earlier in facts
            .iter()
            .filter(|f| f.occurred_at <= confirmation.occurred_at)
        {
            use joinedup_events::assessment::AssessmentFact::{Moderated, Proposed};
            match &earlier.fact {
                joinedup_events::Fact::Assessment(Proposed(p)) if p.round == c.round => {
                    from_area = Some(p.level);
                }
                joinedup_events::Fact::Assessment(Moderated(m)) if m.round == c.round => {
                    from_round = Some(m.to);
                }
                _ => {}
            }
        }
        answer = from_round.or(from_area).flatten();
    }
    answer
}

proptest! {
    #[test]
    fn running_sums_of_the_steps_are_the_published_levels(
        told_facts in prop::collection::vec((0..3u8, 0..3u8, prop::option::of(1..=5u8), 0..40u64, 0..60u64), 0..24),
        ambitions in prop::collection::vec((1..=5u8, 0..40u64), 0..4),
    ) {
        let start = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        let day = |n: u64| (start + chrono::Days::new(n)).to_string();
        let mut facts = Vec::new();
        for (kind, round, level, occurred, recorded) in told_facts {
            let round = ["a", "b", "c"][usize::from(round)];
            let fact = match kind {
                0 => proposed(round, level),
                1 => moderated(round, None, level),
                _ => confirmed(round),
            };
            facts.push(stored(AREA, &day(occurred), &day(recorded), fact));
        }
        for (level, occurred) in &ambitions {
            facts.push(stored(AREA, &day(*occurred), &day(*occurred), ambition(*level, "2027-01-01")));
        }
        let facts = standing(facts);
        let cells = cells(contribute, &facts);
        let sums = |quantity: Quantity, until: NaiveDate| {
            let mut by_level: BTreeMap<String, i64> = BTreeMap::new();
            for series in cells.series(quantity.name(), AREA) {
                let level = series.breakdown.iter().find(|(d, _)| &**d == "level").map_or("", |(_, v)| v);
                for (_, tally) in series.cells.range(..=until) {
                    *by_level.entry(level.to_owned()).or_default() += tally.sums().unwrap().value;
                }
            }
            by_level.retain(|_, sum| *sum != 0);
            by_level
        };
        for n in 0..45 {
            let date = start + chrono::Days::new(n);
            let level = level_on(&facts, date);
            let expected = level.map(|l| (l.to_string(), 1)).into_iter().collect::<BTreeMap<_, _>>();
            prop_assert_eq!(sums(Quantity::AssessmentLevel, date), expected);
            // The ambition that stands: the latest day's, of one day the one recorded last.
            let wanted = facts.iter().filter_map(|f| match &f.fact {
                joinedup_events::Fact::Assessment(joinedup_events::assessment::AssessmentFact::AmbitionSet(a))
                    if local::date(f.occurred_at) <= date => Some((f.occurred_at, f.recorded_at, f.position, a.level)),
                _ => None,
            }).max();
            let gap = match (wanted, level) {
                (Some((.., wanted)), Some(level)) => i64::from(wanted) - i64::from(level),
                _ => 0,
            };
            prop_assert_eq!(sums(Quantity::AssessmentGap, date).values().sum::<i64>(), gap);
            let counted = i64::from(wanted.is_some() && level.is_some());
            prop_assert_eq!(sums(Quantity::AssessmentAmbitions, date).values().sum::<i64>(), counted);
        }
    }
}
