//! What the county plans, which points of checklists are in place, and what a review found: beside the ratings and changes
//! that they belong to.

use super::Scenario;
use super::county::County;
use super::pen::{Pen, Subject, at_hour, entity, slug};
use chrono::{NaiveDate, TimeDelta};
use joinedup_events::assessment::{AssessmentFact, Found, Ticked};
use joinedup_events::change::ChangeFact;
use joinedup_events::plan::{ItemSet, Progress, ProgressSet};
use joinedup_events::{AreaId, Event, Fact};

/// The framework of the county's reviews.
const REVIEWS: &str = "cqc-local-system-reviews";

/// An item of the plan; dates are days before the scenario's end, due dates days after it.
struct Item {
    id: &'static str,
    /// The locality; none: the county.
    part: Option<usize>,
    aim: &'static str,
    item: &'static str,
    measures: &'static [&'static str],
    owner: &'static str,
    /// The change by which it is tried, without its place.
    tested_by: Option<&'static str>,
    set: i64,
    due: i64,
    then: Option<(i64, Progress, Option<&'static str>)>,
}

const ITEMS: [Item; 5] = [
    Item {
        id: "trusted-assessment",
        part: Some(3),
        aim: "One assessment that every provider accepts, on every ward by spring.",
        item: "co-timely-transfers",
        measures: &["tr-delay-days-median", "tr-assessment-hours-median"],
        owner: "Head of integrated discharge",
        tested_by: Some("trusted-assessor"),
        set: 80,
        due: 120,
        then: None,
    },
    Item {
        id: "one-record",
        part: None,
        aim: "Teams open one view of the record in every meeting.",
        item: "en-shared-records",
        measures: &["md-shared-record-open"],
        owner: "Chief information officer",
        tested_by: None,
        set: 210,
        due: -21,
        then: None,
    },
    Item {
        id: "meet-more-often",
        part: Some(2),
        aim: "Every referral is discussed within four days.",
        item: "co-multidisciplinary-teams",
        measures: &["md-discussion-days-median"],
        owner: "Neighbourhood team lead",
        tested_by: Some("twice-weekly-mdt"),
        set: 200,
        due: 0,
        then: Some((
            80,
            Progress::Done,
            Some("The wait halved and has stayed there."),
        )),
    },
    Item {
        id: "carers-first",
        part: None,
        aim: "Carers are asked how they are whenever a plan is made.",
        item: "co-carer-support",
        measures: &["ex-carer-supported-agree"],
        owner: "Carers’ partnership board",
        tested_by: None,
        set: 60,
        due: 200,
        then: None,
    },
    Item {
        id: "weekend-rota",
        part: Some(1),
        aim: "Therapy on every ward at weekends.",
        item: "co-community-access",
        measures: &["tr-weekend-share"],
        owner: "Head of therapies",
        tested_by: Some("weekend-therapy"),
        set: 260,
        due: -60,
        then: Some((
            200,
            Progress::Dropped,
            Some("The rota could not be filled; taken up again with the new contract."),
        )),
    },
];

/// What a review found: days before the end, pathway, words, and the nodes that it speaks of.
const FINDINGS: [(i64, &str, &str, &[&str]); 4] = [
    (
        330,
        "step-down-and-return",
        "People waited in hospital for equipment that community teams could have ordered earlier.",
        &["co-timely-transfers"],
    ),
    (
        330,
        "crisis",
        "Urgent calls were passed between services before anybody went out.",
        &["co-crisis-response", "se-right-place-any-time"],
    ),
    (
        330,
        "keeping-well-at-home",
        "Practices and the voluntary sector worked well together, and people knew whom to ask.",
        &[],
    ),
    (
        30,
        "step-down-and-return",
        "Since the first review wards set a date for going home sooner; transport is still booked late.",
        &["co-timely-transfers", "pe-plan-when-moving"],
    ),
];

/// Points that are in place in a locality: the locality, the node, the point's name, and since how many days.
const TICKS: [(usize, &str, &str, i64); 4] = [
    (
        0,
        "en-governance-leadership",
        "partnership-arrangements-are-written-down",
        150,
    ),
    (
        3,
        "en-shared-records",
        "people-can-see-their-own-record-and-plan",
        90,
    ),
    (
        3,
        "en-governance-leadership",
        "partnership-arrangements-are-written-down",
        120,
    ),
    (
        2,
        "en-governance-leadership",
        "partnership-arrangements-are-written-down",
        40,
    ),
];

/// All of it, in no order.
pub(super) fn stories(scenario: &Scenario, county: &County, mut pen: Pen) -> Vec<Event> {
    let today = scenario.last_day();
    let day = |ago: i64| today - TimeDelta::days(ago);
    let starts = scenario.start;
    let mut say = |area: &AreaId, id: String, on: NaiveDate, fact: Fact| {
        let about = Subject {
            source: county.source("improvement"),
            area: area.clone(),
            entity: entity(id),
        };
        let at = at_hour(on, 15.0);
        if on >= starts {
            pen.say_recorded(&about, at, at + TimeDelta::minutes(2), fact);
        }
    };
    for item in &ITEMS {
        let place = item.part.map(|part| &county.localities[county.part(part)]);
        let area = place.map_or(&county.id, |place| &place.id);
        let tested_by = item.tested_by.zip(place);
        let set = ItemSet {
            aim: item.aim.to_owned(),
            framework: Some(slug("scie")),
            item: Some(slug(item.item)),
            measures: item.measures.iter().map(|m| slug(m)).collect(),
            owner: item.owner.to_owned(),
            tested_by: tested_by.map(|(id, place)| entity(format!("{id}-{}", place.short))),
            by: today + TimeDelta::days(item.due),
        };
        let id = format!("plan/{}", item.id);
        say(
            area,
            id.clone(),
            day(item.set),
            Fact::Change(ChangeFact::PlanItemSet(set)),
        );
        if let Some((ago, progress, reason)) = item.then {
            let reason = reason.map(ToOwned::to_owned);
            let moved = ChangeFact::PlanProgressSet(ProgressSet { progress, reason });
            say(area, id, day(ago), Fact::Change(moved));
        }
    }
    for (number, (ago, pathway, words, nodes)) in FINDINGS.iter().enumerate() {
        let found = Found {
            framework: slug(REVIEWS),
            item: slug(pathway),
            finding: slug(&format!("review-{}", number + 1)),
            note: Some((*words).to_owned()),
            nodes: nodes.iter().map(|n| slug(n)).collect(),
        };
        let id = format!("{}/{REVIEWS}/{pathway}", county.id);
        say(
            &county.id,
            id,
            day(*ago),
            Fact::Assessment(AssessmentFact::Found(found)),
        );
    }
    for (part, node, point, ago) in TICKS {
        let place = &county.localities[county.part(part)];
        let ticked = Ticked {
            framework: slug("scie"),
            item: slug(node),
            point: slug(point),
            done: true,
            note: None,
        };
        let id = format!("{}/scie/{node}", place.id);
        say(
            &place.id,
            id,
            day(ago),
            Fact::Assessment(AssessmentFact::Ticked(ticked)),
        );
    }
    pen.events
}
