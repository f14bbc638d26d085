//! What people, carers and staff answer when they are asked.

use super::Scenario;
use super::county::County;
use super::dice::Dice;
use super::pen::{Pen, Subject, at_hour, slug, taken_back};
use chrono::{Datelike, NaiveDate, TimeDelta};
use joinedup_events::experience::{
    Answer, Answered, CommentCoded, ExperienceFact as F, Invited, Mode, Respondent,
};
use joinedup_events::{Event, Fact};

/// The statements, named as the outcomes of the logic model that they are of, and how many agree at the start.
const STATEMENTS: [(&str, f64); 6] = [
    ("pe-live-the-life-i-want", 0.58),
    ("pe-information-to-decide", 0.62),
    ("pe-involved-in-decisions", 0.66),
    ("pe-plan-when-moving", 0.49),
    ("pe-community-connections", 0.52),
    ("pe-carers-supported", 0.47),
];

/// The items of the P3C-EQ; the fourth scores the other way round.
const P3C_EQ: [&str; 11] = [
    "goals-discussed",
    "involved-in-decisions",
    "treated-as-a-whole-person",
    "had-to-repeat-information-reverse-scored",
    "care-joined-up",
    "one-named-coordinator",
    "one-care-plan",
    "support-to-self-manage",
    "useful-information-in-time",
    "family-or-carers-involved",
    "confidence-to-manage",
];

/// The items of the team climate inventory.
const TCI_14: [&str; 14] = [
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

const THEMES: [&str; 8] = [
    "being-listened-to",
    "waiting",
    "same-faces",
    "knowing-whom-to-ring",
    "transport",
    "kindness",
    "information",
    "help-for-carers",
];

/// Invitations a month in the county at scale 1: statements, and P3C-EQ.
const A_MONTH: [f64; 2] = [230.0, 100.0];

/// All that was asked and answered.
pub(super) fn answers(scenario: &Scenario, county: &County, mut pen: Pen) -> Vec<Event> {
    for first in scenario.days(0).filter(|day| day.day() == 1) {
        let months = (first - scenario.start).num_days() as f64 / 30.4;
        for (part, place) in county.localities.iter().enumerate() {
            let source = county.local_source(part, "experience");
            for home in &place.homes {
                let homes: usize = county.localities.iter().map(|l| l.homes.len()).sum();
                for (instrument, a_month) in ["i-statements", "p3c-eq"].into_iter().zip(A_MONTH) {
                    let invited = pen.dice.poisson(a_month * scenario.scale / homes as f64);
                    if invited == 0 {
                        continue;
                    }
                    let batch = pen.subject(&source, home);
                    let at = at_hour(first + TimeDelta::days(3), 10.0);
                    let count = u32::try_from(invited).unwrap_or(u32::MAX);
                    pen.say(
                        &batch,
                        at,
                        Fact::Experience(F::Invited(Invited {
                            instrument: slug(instrument),
                            count,
                            population: None,
                        })),
                    );
                    for _ in 0..pen.dice.binomial(invited, 0.34) {
                        let day = first + TimeDelta::days(pen.dice.between(4, 27));
                        let about = pen.subject(&source, home);
                        answer(&mut pen, &about, instrument, day, months, part);
                    }
                }
            }
            if matches!(first.month(), 1 | 4 | 7 | 10) {
                team(&mut pen, county, part, first, months);
            }
        }
    }
    pen.events
}

fn answer(
    pen: &mut Pen,
    about: &Subject,
    instrument: &str,
    day: NaiveDate,
    months: f64,
    part: usize,
) {
    let carer = pen.dice.chance(0.25);
    let respondent = if carer {
        Respondent::Carer
    } else {
        Respondent::Person
    };
    let lean = 0.002 * months + [0.0, 0.03, -0.03, -0.01][part % 4];
    let answers = if instrument == "p3c-eq" {
        P3C_EQ
            .iter()
            .map(|item| {
                let better = 0.52 + lean;
                // Answers are sent as given: of the reverse-scored item, "always" (3) is the worst.
                let given = (0..3).filter(|_| pen.dice.chance(better)).count() as u8;
                let score = if item.ends_with("reverse-scored") {
                    3 - given
                } else {
                    given
                };
                Answer {
                    item: slug(item),
                    score: (!pen.dice.chance(0.04)).then_some(score),
                }
            })
            .collect()
    } else {
        statements(&mut pen.dice, lean, carer)
    };
    let fact = Fact::Experience(F::Answered(Answered {
        instrument: slug(instrument),
        answers,
        with_carer: !carer && pen.dice.chance(0.2),
        mode: pen.dice.weighted(&[
            (Mode::Paper, 0.4),
            (Mode::Online, 0.28),
            (Mode::Telephone, 0.2),
            (Mode::FaceToFace, 0.12),
        ]),
        respondent,
        team: None,
        population: None,
    }));
    let at = at_hour(day, pen.dice.range(8.0, 21.0));
    let id = pen.say(about, at, fact);
    if pen.dice.chance(0.012) {
        // Keyed in twice from the same sheet.
        let found = at + TimeDelta::days(pen.dice.between(1, 6));
        pen.say_recorded(
            about,
            found,
            found,
            Fact::Experience(F::Retracted(taken_back(id))),
        );
    } else if pen.dice.chance(0.3) {
        let first = slug(THEMES[pen.dice.below(THEMES.len())]);
        let second = slug(THEMES[pen.dice.below(THEMES.len())]);
        let mut themes = vec![first];
        if !themes.contains(&second) && pen.dice.chance(0.5) {
            themes.push(second);
        }
        let at = at + TimeDelta::days(pen.dice.between(1, 8));
        let instrument = slug(instrument);
        pen.say(
            about,
            at,
            Fact::Experience(F::CommentCoded(CommentCoded {
                instrument,
                themes,
                population: None,
            })),
        );
    }
}

/// Answers to the six statements, 1 to 5; the one about carers is theirs to answer.
pub(super) fn statements(dice: &mut Dice, lean: f64, carer: bool) -> Vec<Answer> {
    let mut answers = Vec::with_capacity(STATEMENTS.len());
    for (item, agree) in STATEMENTS {
        let applies = (item != "pe-carers-supported" || carer) && !dice.chance(0.05);
        let score = if dice.chance(agree + lean) {
            4 + u8::from(dice.chance(0.35))
        } else {
            dice.weighted(&[(3, 0.5), (2, 0.35), (1, 0.15)])
        };
        answers.push(Answer {
            item: slug(item),
            score: applies.then_some(score),
        });
    }
    answers
}

/// A team's climate, asked each quarter of six to nine members.
fn team(pen: &mut Pen, county: &County, part: usize, quarter: NaiveDate, months: f64) {
    let place = &county.localities[part];
    let team = slug(&format!("{}-mdt", place.short));
    let level = 0.6 + 0.004 * months + [0.02, -0.04, 0.05, 0.0][part % 4];
    for _ in 0..pen.dice.between(6, 9) {
        let about = pen.subject(&county.local_source(part, "staff"), &place.id);
        let answers = TCI_14
            .iter()
            .map(|item| {
                let score = 1 + (0..4).filter(|_| pen.dice.chance(level)).count() as u8;
                Answer {
                    item: slug(item),
                    score: Some(score),
                }
            })
            .collect();
        let day = quarter + TimeDelta::days(pen.dice.between(6, 20));
        let fact = Fact::Experience(F::Answered(Answered {
            instrument: slug("tci-14"),
            answers,
            with_carer: false,
            mode: Mode::Online,
            respondent: Respondent::Staff,
            team: Some(team.clone()),
            population: None,
        }));
        let at = at_hour(day, pen.dice.range(8.5, 17.5));
        pen.say(&about, at, fact);
    }
}
