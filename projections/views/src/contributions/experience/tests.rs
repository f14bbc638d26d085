//! What answers add: items, scales, members of teams, invitations and comments.

use super::*;
use crate::ratings::fixtures::{lines, slug, standing, stored};
use joinedup_events::experience::{Answer, CommentCoded, Invited, Mode, Respondent};
use proptest::prelude::*;

const AREA: &str = "havenshire-north";

fn answered(instrument: &str, answers: &[(&str, Option<u8>)], team: Option<&str>) -> Fact {
    Fact::Experience(ExperienceFact::Answered(Answered {
        instrument: slug(instrument),
        answers: answers
            .iter()
            .map(|(item, score)| Answer {
                item: slug(item),
                score: *score,
            })
            .collect(),
        with_carer: true,
        mode: Mode::Paper,
        respondent: Respondent::Person,
        team: team.map(slug),
        population: None,
    }))
}

fn on(date: &str, fact: Fact) -> StoredFact {
    stored(AREA, date, date, fact)
}

fn contributed(facts: Vec<StoredFact>) -> Vec<String> {
    lines(contribute, &standing(facts))
}

#[test]
fn an_answer_counts_by_item_carer_and_mode_and_not_applicable_does_not() {
    let statement = [
        ("pe-information-to-decide", Some(4)),
        ("pe-plan-when-moving", None),
    ];
    assert_eq!(
        contributed(vec![on(
            "2026-05-01",
            answered("i-statements", &statement, None)
        )]),
        [
            "experience.answers\thavenshire-north\tcarer=yes;instrument=i-statements;item=pe-information-to-decide;mode=paper\t2026-05-01\t4x1",
            "experience.responses\thavenshire-north\tcarer=yes;instrument=i-statements;mode=paper;respondent=person\t2026-05-01\t1 0 1",
        ]
    );
}

#[test]
fn a_corrected_response_leaves_no_trace_of_the_first() {
    let first = on(
        "2026-05-01",
        answered(
            "i-statements",
            &[("pe-information-to-decide", Some(1))],
            None,
        ),
    );
    let second = on(
        "2026-05-02",
        answered(
            "i-statements",
            &[("pe-information-to-decide", Some(5))],
            None,
        ),
    );
    assert_eq!(
        contributed(vec![first, second.clone()]),
        contributed(vec![second])
    );
}

#[test]
fn a_score_that_is_not_on_the_scale_is_no_answer() {
    let lines = contributed(vec![on(
        "2026-05-01",
        answered(
            "i-statements",
            &[("pe-information-to-decide", Some(9))],
            None,
        ),
    )]);
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[test]
fn coordination_turns_the_repeated_story_round_and_needs_every_item() {
    let mut answers = vec![
        ("had-to-repeat-information-reverse-scored", Some(0)),
        ("care-joined-up", Some(2)),
        ("one-named-coordinator", Some(1)),
        ("one-care-plan", Some(3)),
    ];
    let sums = |answers: &[(&str, Option<u8>)]| -> Vec<String> {
        contributed(vec![on("2026-05-01", answered("p3c-eq", answers, None))])
            .into_iter()
            .filter(|l| l.starts_with("experience.scale_scores"))
            .collect()
    };
    let all = sums(&answers);
    assert_eq!(all.len(), 1);
    assert!(
        all[0].ends_with("instrument=p3c-eq;scale=coordination\t2026-05-01\t9x1"),
        "{all:?}"
    );
    answers[1].1 = None;
    assert!(sums(&answers).is_empty());
}

#[test]
fn a_team_member_counts_by_the_mean_of_all_fourteen_items() {
    let items: Vec<&str> = TCI_14
        .scales
        .iter()
        .flat_map(|(_, i)| *i)
        .copied()
        .collect();
    assert_eq!(items.len(), 14);
    let mut answers: Vec<(&str, Option<u8>)> = items.iter().map(|i| (*i, Some(4))).collect();
    answers[0].1 = Some(5);
    let climate = |answers: &[(&str, Option<u8>)], team| -> Vec<String> {
        contributed(vec![on("2026-05-01", answered("tci-14", answers, team))])
            .into_iter()
            .filter(|l| l.starts_with("experience.team_climate"))
            .collect()
    };
    // 57 / 14 = 4.0714…
    assert!(climate(&answers, Some("team-a"))[0].ends_with("team=team-a\t2026-05-01\t407 1 1"));
    assert!(climate(&answers, None).is_empty());
    answers[13].1 = None;
    assert!(climate(&answers, Some("team-a")).is_empty());
}

#[test]
fn invitations_comments_and_themes_are_counted() {
    let batch = Fact::Experience(ExperienceFact::Invited(Invited {
        instrument: slug("p3c-eq"),
        count: 40,
        population: None,
    }));
    let comment = Fact::Experience(ExperienceFact::CommentCoded(CommentCoded {
        instrument: slug("p3c-eq"),
        themes: vec![slug("told-twice"), slug("kindness"), slug("told-twice")],
        population: None,
    }));
    let tails: Vec<String> = contributed(vec![on("2026-05-01", batch), on("2026-05-02", comment)])
        .into_iter()
        .map(|l| l.replace("\thavenshire-north", ""))
        .collect();
    assert_eq!(
        tails,
        [
            "experience.comments\tinstrument=p3c-eq\t2026-05-02\t1 0 1",
            "experience.invitations\tinstrument=p3c-eq\t2026-05-01\t40 0 1",
            "experience.themes\tinstrument=p3c-eq;theme=kindness\t2026-05-02\t1 0 1",
            "experience.themes\tinstrument=p3c-eq;theme=told-twice\t2026-05-02\t1 0 1",
        ]
    );
}

proptest! {
    #[test]
    fn scale_sums_equal_those_added_up_by_hand(scores in prop::collection::vec(prop::option::weighted(0.9, 0..=3u8), 11)) {
        let items: Vec<&str> = P3C_EQ.scales.iter().flat_map(|(_, i)| *i).copied().collect();
        let answers: Vec<(&str, Option<u8>)> = items.iter().copied().zip(scores.iter().copied()).collect();
        let lines = contributed(vec![on("2026-05-01", answered("p3c-eq", &answers, None))]);
        let found = |scale: &str| lines.iter().find_map(|l| {
            let (_, amount) = l.split_once(&format!("scale={scale}\t2026-05-01\t"))?;
            amount.strip_suffix("x1")?.parse::<i32>().ok()
        });
        // The first four are coordination, and the first of them is asked the other way round.
        let coordination = scores[..4].iter().copied().collect::<Option<Vec<u8>>>()
            .map(|s| 3 - i32::from(s[0]) + s[1..].iter().map(|x| i32::from(*x)).sum::<i32>());
        let centred = scores[4..].iter().copied().collect::<Option<Vec<u8>>>()
            .map(|s| s.iter().map(|x| i32::from(*x)).sum::<i32>());
        prop_assert_eq!(found("coordination"), coordination);
        prop_assert_eq!(found("person-centred"), centred);
        let answers = lines.iter().filter(|l| l.starts_with("experience.answers")).count();
        prop_assert_eq!(answers, scores.iter().flatten().count());
    }
}
