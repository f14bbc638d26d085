//! What people, carers and staff say when asked.

use crate::story::{Dice, Story};
use serde_json::{Value, json};

const STATEMENTS: [(&str, &str); 6] = [
    ("ex-live-the-life-agree", "pe-live-the-life-i-want"),
    ("ex-information-agree", "pe-information-to-decide"),
    ("ex-involved-agree", "pe-involved-in-decisions"),
    ("ex-plan-when-moving-agree", "pe-plan-when-moving"),
    ("ex-community-agree", "pe-community-connections"),
    ("ex-carer-supported-agree", "pe-carers-supported"),
];
const REPEATED: &str = "had-to-repeat-information-reverse-scored";
const COORDINATION: [&str; 4] = [
    REPEATED,
    "care-joined-up",
    "one-named-coordinator",
    "one-care-plan",
];
const PERSON_CENTRED: [&str; 7] = [
    "goals-discussed",
    "involved-in-decisions",
    "treated-as-a-whole-person",
    "support-to-self-manage",
    "useful-information-in-time",
    "family-or-carers-involved",
    "confidence-to-manage",
];
const TEAM: [&str; 14] = [
    "agree-with-the-aims",
    "aims-understood-by-others",
    "aims-can-be-met",
    "aims-worthwhile",
    "in-it-together",
    "kept-informed",
    "accepted-by-each-other",
    "real-attempts-to-share",
    "willing-to-question-the-basis",
    "weaknesses-appraised",
    "build-on-each-other",
    "look-for-fresh-views",
    "make-time-for-ideas",
    "help-apply-ideas",
];

/// One answered questionnaire of one of the three kinds, invitations, and now and then a coded comment.
pub fn voice(story: &mut Story, dice: &mut Dice, number: usize) {
    let (area, day) = (dice.place(), dice.roll(80));
    let at = dice.hour(day);
    let date = at.date_naive();
    let instrument = ["i-statements", "i-statements", "p3c-eq", "tci-14"][number % 4];
    let staff = instrument == "tci-14";
    let carer = !staff && dice.one_in(3);
    let yes = if carer { "yes" } else { "no" };
    let mode = dice.of(&["paper", "online", "face-to-face"]);
    let respondent = if staff { "staff" } else { "person" };
    let by = |item: &'static str| {
        [
            ("carer", yes),
            ("instrument", instrument),
            ("item", item),
            ("mode", mode),
        ]
    };

    let answers: Vec<Value> = match instrument {
        "i-statements" => {
            let mut answers = Vec::new();
            for (measure, item) in STATEMENTS {
                let score = (dice.roll(6) > 0).then(|| 1 + dice.roll(5));
                answers.push(json!({ "item": item, "score": score }));
                if let Some(score) = score {
                    story.met(measure, area, date, score >= 4, &by(item));
                }
            }
            answers
        }
        "p3c-eq" => {
            let mut answers = Vec::new();
            let mut scores = Vec::new();
            for item in COORDINATION.into_iter().chain(PERSON_CENTRED) {
                let score = (dice.roll(20) > 0).then(|| dice.roll(4));
                answers.push(json!({ "item": item, "score": score }));
                scores.push(score.map(|s| if item == REPEATED { 3 - s } else { s } as f64));
                if let (Some(score), REPEATED) = (score, item) {
                    story.met("ex-no-repeat", area, date, score <= 1, &by(item));
                }
            }
            let sum = |part: &[Option<f64>]| part.iter().copied().sum::<Option<f64>>();
            for (measure, scale, sum) in [
                ("ex-p3ceq-coordination", "coordination", sum(&scores[..4])),
                (
                    "ex-p3ceq-person-centred",
                    "person-centred",
                    sum(&scores[4..]),
                ),
            ] {
                if let Some(sum) = sum {
                    let by = [("instrument", instrument), ("scale", scale)];
                    story.case(measure, area, date, sum, &by);
                }
            }
            answers
        }
        _ => {
            let scores: Vec<u64> = TEAM.iter().map(|_| 1 + dice.roll(5)).collect();
            let all = dice.roll(8) > 0;
            let sum: u64 = scores.iter().sum();
            // A member's mean is kept to hundredths, halves up.
            let mean = (sum as f64 * 100.0 / 14.0 + 0.5).floor() / 100.0;
            if all {
                story.case("ex-team-climate", area, date, mean, &[("team", "team-1")]);
            }
            let given = TEAM
                .iter()
                .zip(scores)
                .map(|(item, s)| json!({ "item": item, "score": s }));
            given.skip(usize::from(!all)).collect()
        }
    };
    let mut data = json!({ "response": format!("x-{number}"), "area": area, "instrument": instrument, "answers": answers,
        "mode": mode, "respondent": respondent, "with_carer": carer });
    if staff {
        data["team"] = json!("team-1");
    }
    story.publish("experience.answered.v1", at, data);
    let by = [
        ("carer", yes),
        ("instrument", instrument),
        ("mode", mode),
        ("respondent", respondent),
    ];
    story.case("ex-response-rate", area, date, 1.0, &by);
    asked(story, dice, number);
    comment(story, dice, number);
}

fn asked(story: &mut Story, dice: &mut Dice, number: usize) {
    let (area, day) = (dice.place(), dice.roll(80));
    let at = dice.hour(day);
    let (instrument, count) = (
        dice.of(&["i-statements", "p3c-eq", "tci-14"]),
        1 + dice.roll(12),
    );
    story.publish(
        "experience.invited.v1",
        at,
        json!({ "response": format!("i-{number}"), "area": area, "instrument": instrument, "count": count }),
    );
    let by = [("instrument", instrument)];
    story.over("ex-response-rate", area, at.date_naive(), count as f64, &by);
}

fn comment(story: &mut Story, dice: &mut Dice, number: usize) {
    let (area, day) = (dice.place(), dice.roll(80));
    let (at, instrument) = (dice.hour(day), dice.of(&["i-statements", "p3c-eq"]));
    let themes: Vec<&str> = ["waiting", "kindness", "information"]
        .into_iter()
        .filter(|_| dice.one_in(2))
        .collect();
    story.publish(
        "experience.comment-coded.v1",
        at,
        json!({ "response": format!("k-{number}"), "area": area, "instrument": instrument, "themes": themes }),
    );
    let date = at.date_naive();
    let of = ("instrument", instrument);
    story.over("ex-themes", area, date, 1.0, &[of]);
    for theme in themes {
        story.case("ex-themes", area, date, 1.0, &[of, ("theme", theme)]);
    }
}
