//! Yearly rounds in which each locality says how far it is with the enablers and components of the logic model,
//! the localities moderate each other, and the result is published with an ambition for the year.

use super::Scenario;
use super::county::County;
use super::pen::{Pen, Subject, at_hour, entity, slug, taken_back};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use joinedup_events::assessment::{
    AmbitionSet, AssessmentFact as F, Confirmed, Moderated, Noted, Proposed,
};
use joinedup_events::{Event, Fact};

/// The framework of the logic model.
pub(super) const FRAMEWORK: &str = "scie";

/// The items that areas rate: nine enablers, then eleven components.
pub(super) const ITEMS: [&str; 20] = [
    "en-local-context",
    "en-governance-leadership",
    "en-shared-records",
    "en-choice-and-control",
    "en-joint-workforce",
    "en-provider-market",
    "en-joined-up-regulation",
    "en-pooled-resources",
    "en-joint-commissioning",
    "co-early-identification",
    "co-prevention-self-care",
    "co-holistic-support",
    "co-personalised-planning",
    "co-care-coordination",
    "co-multidisciplinary-teams",
    "co-community-access",
    "co-crisis-response",
    "co-team-access-to-resources",
    "co-timely-transfers",
    "co-carer-support",
];

/// What a locality writes beside a rating: about the place, never about anyone.
pub(super) const NOTES: [&str; 12] = [
    "The joint board meets monthly and keeps one risk register for health and care.",
    "Two of the practices cannot yet see the council's record; the link is promised for the spring.",
    "Home care hours are hardest to buy in the villages to the east of the river.",
    "Posts are paid from a grant that ends with the year, so people leave before the work beds in.",
    "The team has its own small budget since June and uses it within the week.",
    "Most referrals still come after a crisis; the risk list is read in only one practice out of three.",
    "Carers say that they know whom to ring, and that the line is shut when they need it.",
    "Ward staff and the transfer hub now share one board, and ring each other less.",
    "Training days are joint on paper; rotas keep half of the nurses away.",
    "Commissioners agreed one specification for reablement; providers signed it in September.",
    "The voluntary sector has a seat at the table in every neighbourhood but one.",
    "Plans are written with people and kept in three places; nobody owns the copy that counts.",
];

/// All rounds that fall between the scenario's start and its end.
pub(super) fn rounds(scenario: &Scenario, county: &County, mut pen: Pen) -> Vec<Event> {
    // Each locality starts each item somewhere, and moves on slowly.
    let mut levels: Vec<Vec<i64>> = county
        .localities
        .iter()
        .map(|_| {
            ITEMS
                .iter()
                .map(|_| {
                    pen.dice
                        .weighted(&[(1, 0.2), (2, 0.35), (3, 0.3), (4, 0.12), (5, 0.03)])
                })
                .collect()
        })
        .collect();
    for year in scenario.start.year()..=scenario.last_simulated().year() {
        let Some(opens) = NaiveDate::from_ymd_opt(year, 9, 7) else {
            continue;
        };
        if opens < scenario.start {
            continue;
        }
        for (part, place) in county.localities.iter().enumerate() {
            for (number, item) in ITEMS.iter().enumerate() {
                let level = &mut levels[part][number];
                let about = Subject {
                    source: county.local_source(part, "self-assessment"),
                    area: place.id.clone(),
                    entity: entity(format!("{}/{FRAMEWORK}/{item}", place.id)),
                };
                rate(&mut pen, &about, item, year, opens, *level);
                *level = (*level
                    + pen
                        .dice
                        .weighted(&[(-1, 0.08), (0, 0.5), (1, 0.38), (2, 0.04)]))
                .clamp(1, 5);
            }
        }
    }
    pen.events
}

fn rate(pen: &mut Pen, about: &Subject, item: &str, year: i32, opens: NaiveDate, level: i64) {
    let (framework, item, round) = (slug(FRAMEWORK), slug(item), slug(&year.to_string()));
    let day = opens + TimeDelta::days(pen.dice.between(0, 40));
    let proposed_at = at_hour(day, pen.dice.range(9.0, 17.0));
    let say = |pen: &mut Pen, at: DateTime<Utc>, fact: F| {
        let recorded = at + TimeDelta::minutes(pen.dice.between(1, 90));
        pen.say_recorded(about, at, recorded, Fact::Assessment(fact))
    };
    let note = |pen: &mut Pen, often: f64| {
        pen.dice
            .chance(often)
            .then(|| (*pen.dice.pick(&NOTES)).to_owned())
    };
    // An area tends to see itself a little further than the others do.
    let proposed = (level + i64::from(pen.dice.chance(0.2))).min(5);
    let unrated = pen.dice.chance(0.03);
    let rating = |level: i64| (!unrated).then_some(level as u8);
    let text = note(pen, 0.5);
    let propose = |level: Option<u8>, note: Option<String>| {
        F::Proposed(Proposed {
            framework: framework.clone(),
            item: item.clone(),
            round: round.clone(),
            level,
            rater: None,
            note,
        })
    };
    if pen.dice.chance(0.03) {
        let id = say(
            pen,
            proposed_at - TimeDelta::hours(4),
            propose(Some(5), None),
        );
        say(
            pen,
            proposed_at - TimeDelta::hours(2),
            F::Retracted(taken_back(id)),
        );
    }
    say(pen, proposed_at, propose(rating(proposed), text));
    if pen.dice.chance(0.25) {
        let at = proposed_at + TimeDelta::days(pen.dice.between(1, 12));
        let note = (*pen.dice.pick(&NOTES)).to_owned();
        say(
            pen,
            at,
            F::Noted(Noted {
                framework: framework.clone(),
                item: item.clone(),
                note,
            }),
        );
    }
    let moderated_at = at_hour(opens + TimeDelta::days(53), pen.dice.range(10.0, 15.0));
    let reason = (proposed != level).then(|| "The evidence describes plans more than practice; read again beside the other localities.".to_owned());
    say(
        pen,
        moderated_at,
        F::Moderated(Moderated {
            framework: framework.clone(),
            item: item.clone(),
            round: round.clone(),
            from: rating(proposed),
            to: rating(level),
            note: reason,
        }),
    );
    let confirmed_at = at_hour(opens + TimeDelta::days(66), 12.0);
    say(
        pen,
        confirmed_at,
        F::Confirmed(Confirmed {
            framework: framework.clone(),
            item: item.clone(),
            round,
        }),
    );
    if level < 5 && pen.dice.chance(0.7) {
        let wanted = (level + 1 + i64::from(pen.dice.chance(0.15))).min(5) as u8;
        let by = opens + TimeDelta::days(66 + 365);
        say(
            pen,
            confirmed_at + TimeDelta::hours(1),
            F::AmbitionSet(AmbitionSet {
                framework,
                item,
                level: wanted,
                by,
            }),
        );
    }
}
