//! What is tried in the county to do better, and what really comes of it.

use super::Scenario;
use super::county::County;
use super::pen::{Pen, Subject, at_hour, entity, happened, slug, taken_back};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use joinedup_events::change::{
    ChangeFact as F, Comparison, Decision, Finished, Planned, Rebase, Studied, TargetSet,
};
use joinedup_events::{Amount, Event, Fact};

/// A change at work in one locality from a date on.
pub(super) struct Effect {
    pub(super) locality: usize,
    pub(super) from: NaiveDate,
}

/// When and where the changes are tried. Only the first two do anything.
pub(super) struct Plan {
    /// Trusted assessors: assessments and waits for leaving hospital get short. Starts on the Monday ten weeks before the end.
    pub(super) assessor: Effect,
    /// The team meets twice a week instead of every fortnight.
    pub(super) twice_weekly: Effect,
    /// A leaflet at admission, which changes nothing.
    pub(super) leaflet: Effect,
    end: DateTime<Utc>,
}

impl Plan {
    pub(super) fn of(scenario: &Scenario, county: &County) -> Self {
        let monday = |days_before: i64| {
            let day = scenario.last_day() - TimeDelta::days(days_before);
            day - TimeDelta::days(i64::from(day.weekday().num_days_from_monday()))
        };
        let effect = |part, days| Effect {
            locality: county.part(part),
            from: monday(days),
        };
        Self {
            assessor: effect(3, 68),
            twice_weekly: effect(2, 182),
            leaflet: effect(0, 140),
            end: scenario.end,
        }
    }
}

/// One change as it is published.
struct Cycle {
    part: usize,
    id: &'static str,
    title: &'static str,
    aim: &'static str,
    measures: &'static [&'static str],
    concept: &'static str,
    items: &'static [&'static str],
    prediction: Option<&'static str>,
    led_by: &'static str,
    started: Option<NaiveDate>,
    ended: Option<(i64, Decision, &'static str)>,
}

/// All events about the changes and the charts that they are read on.
pub(super) fn cycles(county: &County, plan: &Plan, mut pen: Pen) -> Vec<Event> {
    let today = plan.end.date_naive();
    let ago = |days: i64| today - TimeDelta::days(days);
    let cycles = [
        Cycle {
            part: plan.assessor.locality,
            id: "trusted-assessor",
            title: "Trusted assessors on the wards",
            aim: "One assessment that every provider accepts, so that people ready to leave wait days less.",
            measures: &[
                "tr-delay-days-median",
                "tr-assessment-hours-median",
                "tr-delayed-share",
            ],
            concept: "care-coordination",
            items: &["co-timely-transfers", "co-care-coordination"],
            prediction: Some(
                "In West the typical wait falls from four days to two within ten weeks.",
            ),
            led_by: "Discharge lead",
            started: Some(plan.assessor.from),
            ended: None,
        },
        Cycle {
            part: plan.twice_weekly.locality,
            id: "twice-weekly-mdt",
            title: "Team meeting twice a week",
            aim: "Discuss every referral within four days.",
            measures: &["md-discussion-days-median", "md-discussion-days-p90"],
            concept: "team-based-care",
            items: &["co-multidisciplinary-teams"],
            prediction: Some("The wait for a discussion halves within two months."),
            led_by: "Team co-ordinator",
            started: Some(plan.twice_weekly.from),
            ended: Some((
                84,
                Decision::Adopt,
                "Short meetings often beat long meetings seldom; the wait halved and stayed there.",
            )),
        },
        Cycle {
            part: plan.leaflet.locality,
            id: "leaflet-at-admission",
            title: "Leaflet at admission",
            aim: "Families who know the plan early are ready sooner.",
            measures: &["tr-delayed-share", "tr-delay-days-p90"],
            concept: "involving-patients-and-carers",
            items: &["co-timely-transfers"],
            prediction: Some("Fewer people leave late within three months."),
            led_by: "Ward managers",
            started: Some(plan.leaflet.from),
            ended: Some((
                42,
                Decision::Adapt,
                "No change on the chart; paper alone is not a conversation.",
            )),
        },
        Cycle {
            part: county.part(1),
            id: "weekend-therapy",
            title: "Therapy at weekends",
            aim: "More people leave on Saturdays and Sundays.",
            measures: &["tr-weekend-share", "tr-before-17"],
            concept: "enhanced-access-24-7",
            items: &["co-community-access"],
            prediction: Some("One in four leaves at a weekend."),
            led_by: "Therapy lead",
            started: Some(ago(250)),
            ended: Some((
                205,
                Decision::Abandon,
                "The rota could not be filled for three weekends running.",
            )),
        },
        Cycle {
            part: county.part(0),
            id: "carer-call-back",
            title: "Carers called back within a day",
            aim: "Carers feel supported.",
            measures: &["ex-carer-supported-agree"],
            concept: "involving-patients-and-carers",
            items: &["co-carer-support"],
            prediction: None,
            led_by: "Carers lead",
            started: Some(ago(95)),
            ended: None,
        },
        Cycle {
            part: county.part(1),
            id: "one-crisis-desk",
            title: "One desk for crisis calls",
            aim: "Nine of ten urgent calls are answered in person within two hours.",
            measures: &["md-urgent-2h"],
            concept: "proactive-right-care",
            items: &["co-crisis-response"],
            prediction: Some(
                "Nine of ten urgent calls are answered within two hours by Christmas.",
            ),
            led_by: "Crisis response lead",
            started: Some(ago(24)),
            ended: None,
        },
    ];
    for cycle in &cycles {
        publish(county, plan, cycle, &mut pen);
    }
    twice_entered(county, &mut pen, ago(30));
    charts(county, plan, &mut pen);
    pen.events
}

fn about(county: &County, part: usize, id: &str) -> Subject {
    let place = &county.localities[part];
    Subject {
        source: county.local_source(part, "improvement"),
        area: place.id.clone(),
        entity: entity(format!("{id}-{}", place.short)),
    }
}

fn planned(cycle: &Cycle) -> Fact {
    Fact::Change(F::Planned(Planned {
        title: cycle.title.to_owned(),
        aim: Some(cycle.aim.to_owned()),
        measures: cycle.measures.iter().map(|m| slug(m)).collect(),
        concept: Some(slug(cycle.concept)),
        items: cycle.items.iter().map(|i| slug(i)).collect(),
        prediction: cycle.prediction.map(ToOwned::to_owned),
        led_by: Some(cycle.led_by.to_owned()),
    }))
}

fn publish(county: &County, plan: &Plan, cycle: &Cycle, pen: &mut Pen) {
    let about = about(county, cycle.part, cycle.id);
    let Some(from) = cycle.started else { return };
    let prompt = |pen: &mut Pen, at: DateTime<Utc>, fact| {
        pen.say_recorded(&about, at, at + TimeDelta::minutes(3), fact);
    };
    prompt(
        pen,
        at_hour(from - TimeDelta::days(18), 14.0),
        planned(cycle),
    );
    prompt(
        pen,
        at_hour(from, 7.5),
        Fact::Change(F::Started(happened())),
    );
    if cycle.id == "trusted-assessor" {
        let study = F::Studied(Studied {
            learnt: "Care homes accept the assessment; home care still asks for its own."
                .to_owned(),
            compared: Some(Comparison::InPart),
        });
        let at = at_hour(from + TimeDelta::days(35), 12.0);
        prompt(pen, at, Fact::Change(study));
    }
    if cycle.id == "carer-call-back" {
        prompt(
            pen,
            at_hour(from + TimeDelta::days(60), 16.0),
            Fact::Change(F::Paused(happened())),
        );
    }
    if let Some((before_end, decision, learnt)) = cycle.ended {
        let at = at_hour(plan.end.date_naive() - TimeDelta::days(before_end), 15.5);
        let learnt = Some(learnt.to_owned());
        prompt(
            pen,
            at,
            Fact::Change(F::Finished(Finished { decision, learnt })),
        );
    }
}

/// A change that was entered under a second name by mistake and taken back.
fn twice_entered(county: &County, pen: &mut Pen, day: NaiveDate) {
    let about = about(county, county.part(1), "crisis-desk-2");
    let cycle = Cycle {
        part: county.part(1),
        id: "crisis-desk-2",
        title: "One desk for crisis calls (again)",
        aim: "Entered twice.",
        measures: &["md-urgent-2h"],
        concept: "proactive-right-care",
        items: &["co-crisis-response"],
        prediction: None,
        led_by: "Crisis response lead",
        started: None,
        ended: None,
    };
    let at = at_hour(day, 10.0);
    let id = pen.say_recorded(&about, at, at, planned(&cycle));
    let found = at + TimeDelta::hours(5);
    pen.say_recorded(
        &about,
        found,
        found,
        Fact::Change(F::Retracted(taken_back(id))),
    );
}

/// Targets and new baselines, which are decisions of people about a chart.
fn charts(county: &County, plan: &Plan, pen: &mut Pen) {
    let mut say = |part: usize, measure: &str, day: NaiveDate, fact: F| {
        let place = &county.localities[part];
        let about = Subject {
            source: county.source("improvement"),
            area: place.id.clone(),
            entity: entity(format!("chart/{measure}")),
        };
        let at = at_hour(day, 11.0);
        pen.say_recorded(&about, at, at + TimeDelta::minutes(1), Fact::Change(fact));
    };
    let target = |measure: &str, millionths: i64, from, reason: &str| {
        F::TargetSet(TargetSet {
            measure: slug(measure),
            target: Amount::from_micro(millionths),
            from,
            reason: reason.to_owned(),
        })
    };
    let days = TimeDelta::days;
    let assessor = &plan.assessor;
    let reason = "Agreed by the discharge board with the start of the trusted assessors.";
    let fact = target("tr-delay-days-median", 2_000_000, assessor.from, reason);
    say(
        assessor.locality,
        "tr-delay-days-median",
        assessor.from - days(4),
        fact,
    );
    for part in 0..county.localities.len() {
        let from = plan.end.date_naive() - days(400);
        let fact = target(
            "md-urgent-2h",
            700_000,
            from,
            "The national threshold for urgent community response.",
        );
        say(part, "md-urgent-2h", from - days(7), fact);
    }
    let team = &plan.twice_weekly;
    let measure = "md-discussion-days-median";
    let rebase = |from, reason: &str| Rebase {
        measure: slug(measure),
        from,
        reason: reason.to_owned(),
    };
    let fact = F::RebaseProposed(rebase(
        team.from,
        "Eight weeks below the old median since the team meets twice a week.",
    ));
    say(team.locality, measure, team.from + days(60), fact);
    let fact = F::RebaseAccepted(rebase(
        team.from,
        "The change was adopted; the new level is the one to hold.",
    ));
    say(team.locality, measure, team.from + days(101), fact);
    let later = team.from + days(42);
    let fact = F::RebaseProposed(rebase(later, "The last weeks look lower still."));
    say(team.locality, measure, team.from + days(102), fact);
    let fact = F::RebaseDeclined(rebase(later, "Six weeks are too few for another baseline."));
    say(team.locality, measure, team.from + days(103), fact);
}
