//! Given what was recorded, when somebody decides, then this is recorded or refused: without a server.

mod cycle;
mod undo;

use super::*;
use crate::changes::{Status, change, decisions};
use crate::fact_set::standing;
use crate::ratings::{Rating, Stage, rating};
use joinedup_events::assessment::AssessmentFact;
use joinedup_events::change::{ChangeFact, Decision, Planned};
use joinedup_events::{EventKey, Slug};
use proptest::prelude::*;
use std::sync::LazyLock;

const ITEM: &str = "co-crisis-response";
const SHARE: &str = "tr-delayed-share";

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::built_in().unwrap());
static MEASURES: LazyLock<Measures> =
    LazyLock::new(|| Measures::built_in(|id| CATALOGUE.node(id).is_some()).unwrap());

/// One entity, its facts and a clock.
struct World {
    facts: Vec<StoredFact>,
    now: DateTime<Utc>,
}

fn slug(text: &str) -> Slug {
    Slug::new(text).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

impl World {
    fn new() -> Self {
        Self {
            facts: Vec::new(),
            now: "2026-11-28T09:00:00Z".parse().unwrap(),
        }
    }

    fn decide(&self, command: &Command) -> Result<Vec<NewFact>, Refusal> {
        let stands = Stands {
            facts: &standing(self.facts.clone()),
            measures: &MEASURES,
            catalogue: &CATALOGUE,
        };
        decide(command, stands, present(&self.facts, self.now))
    }

    /// Decides and records; returns how many facts were added.
    fn record(&mut self, command: &Command) -> Result<usize, Refusal> {
        let recorded_at = present(&self.facts, self.now);
        let new = self.decide(command)?;
        let count = new.len();
        for NewFact { occurred_at, fact } in new {
            let position = self.facts.len() as u64 + 1;
            self.facts.push(StoredFact {
                key: EventKey::of("test", &position.to_string()).into(),
                source: crate::contribution::SourceKey::of("test"),
                position,
                occurred_at,
                recorded_at,
                area: command.area.clone(),
                linked: None,
                fact,
            });
        }
        self.facts.sort_by_key(|f| (f.recorded_at, f.position));
        Ok(count)
    }

    #[track_caller]
    fn given(&mut self, commands: impl IntoIterator<Item = Command>) {
        for command in commands {
            self.record(&command).unwrap();
        }
    }

    /// The refusal's field and rule.
    #[track_caller]
    fn refused(&self, command: &Command) -> (String, String) {
        let refusal = self.decide(command).unwrap_err();
        (refusal.field().to_owned(), refusal.to_string())
    }

    fn rating(&self) -> Rating {
        rating(&self.facts).unwrap()
    }
}

fn command(subject: Subject) -> Command {
    Command {
        area: AreaId::new("havenshire-north").unwrap(),
        on: None,
        subject,
    }
}

fn rate(action: RatingAction) -> Command {
    command(Subject::Rating(RatingOfItem {
        framework: slug("scie"),
        item: slug(ITEM),
        action,
    }))
}

fn propose(round: &str, level: Option<u8>) -> Command {
    rate(RatingAction::Propose {
        round: slug(round),
        level,
        rater: None,
        note: None,
    })
}

fn moderate(round: &str, level: u8) -> Command {
    rate(RatingAction::Moderate {
        round: slug(round),
        level: Some(level),
        note: None,
    })
}

fn confirm(round: &str) -> Command {
    rate(RatingAction::Confirm { round: slug(round) })
}

fn ambition(level: u8, by: &str) -> Command {
    rate(RatingAction::SetAmbition { level, by: day(by) })
}

fn on(date: &str, command: Command) -> Command {
    Command {
        on: Some(day(date)),
        ..command
    }
}

fn step(step: CycleStep) -> Command {
    command(Subject::Cycle(StepOfCycle {
        change: EntityId::new("change-1").unwrap(),
        step,
    }))
}

fn plan() -> Planned {
    Planned {
        title: "One rota".to_owned(),
        aim: None,
        measures: vec![slug(SHARE)],
        concept: None,
        items: vec![slug(ITEM)],
        prediction: Some("Four days become two by Easter.".to_owned()),
        led_by: Some("Discharge lead".to_owned()),
    }
}

fn planned(begun: bool) -> Command {
    step(CycleStep::Plan {
        plan: plan(),
        begun,
    })
}

fn finish() -> Command {
    step(CycleStep::Finish {
        decision: Decision::Adopt,
        learnt: None,
    })
}

fn chart(action: ChartAction, from: &str) -> Command {
    command(Subject::Chart(ChartDecision {
        measure: slug(SHARE),
        from: day(from),
        reason: "A new ward counts too.".to_owned(),
        action,
    }))
}

#[test]
fn a_level_is_published_as_moderated_and_moderation_starts_from_the_proposal() {
    let mut world = World::new();
    world.given([propose("2026", Some(2)), moderate("2026", 3)]);
    world.given([moderate("2026", 3), confirm("2026")]);
    let read = world.rating();
    assert_eq!(read.level, Some(3));
    let moderated = read.rounds[0].moderated.as_ref().unwrap();
    assert_eq!((moderated.from, moderated.to), (Some(2), Some(3)));
}

#[test]
fn only_what_the_area_proposed_in_that_round_is_moderated_or_published() {
    let mut world = World::new();
    let raters_own = rate(RatingAction::Propose {
        round: slug("2026"),
        level: Some(3),
        rater: Some(slug("r1")),
        note: None,
    });
    world.given([raters_own, propose("2025", Some(2))]);
    for command in [confirm("2026"), moderate("2026", 3)] {
        let (field, rule) = world.refused(&command);
        assert_eq!(field, "/action");
        assert!(rule.contains("proposal") && rule.contains("2026"), "{rule}");
    }
    assert_eq!(world.record(&confirm("2025")), Ok(1));
}

#[test]
fn a_past_round_is_entered_with_its_date_and_does_not_replace_the_latest() {
    let mut world = World::new();
    world.given([propose("2026", Some(4)), confirm("2026")]);
    world.given([on("2025-09-10", propose("2025", Some(2)))]);
    let (field, _) = world.refused(&on("2025-09-09", confirm("2025")));
    assert_eq!(field, "/action", "it was proposed on the day after");
    world.given([on("2025-09-10", confirm("2025"))]);
    let read = world.rating();
    assert_eq!((read.level, read.round), (Some(4), Some(slug("2026"))));
    let past = read.rounds.iter().find(|r| r.round.as_str() == "2025");
    let past = past.unwrap();
    assert_eq!(
        (
            past.stage,
            past.published,
            past.confirmed_at.map(local::date)
        ),
        (Stage::Published, Some(2), Some(day("2025-09-10")))
    );
    assert_eq!(world.refused(&on("2026-11-29", confirm("2025"))).0, "/on");
}

#[test]
fn an_ambition_lies_in_the_future_of_the_day_on_which_it_is_set() {
    let mut world = World::new();
    for by in ["2026-11-28", "2025-01-01"] {
        let (field, rule) = world.refused(&ambition(4, by));
        assert_eq!(field, "/by");
        assert!(rule.contains("2026-11-28"), "{rule}");
    }
    world.given([
        on("2024-01-01", ambition(3, "2025-01-01")),
        ambition(4, "2026-11-29"),
    ]);
    assert_eq!(world.rating().ambition.unwrap().level, 4);
}

#[test]
fn a_level_off_the_scale_and_an_unknown_item_are_refused_in_a_sentence() {
    let world = World::new();
    let item = |framework: &str, item: &str, level: u8| {
        let action = RatingAction::Propose {
            round: slug("2026"),
            level: Some(level),
            rater: None,
            note: None,
        };
        command(Subject::Rating(RatingOfItem {
            framework: slug(framework),
            item: slug(item),
            action,
        }))
    };
    assert!(world.decide(&item("scie", ITEM, 5)).is_ok());
    assert!(
        world
            .decide(&item("scirocco", "capacity-building", 0))
            .is_ok()
    );
    let refused = [
        item("scie", ITEM, 0),
        item("scie", "pe-carers-supported", 3),
        item("sustain", "safety", 3),
        item("nothing", "safety", 3),
        ambition(6, "2030-01-01"),
    ]
    .map(|command| world.refused(&command))
    .map(|(field, rule)| format!("{field} {rule}\n"));
    insta::assert_snapshot!(refused.concat(), @r"
    /level must be between 1 and 5: the framework has no other level
    /item must be an item of the framework
    /framework must be a framework that areas are rated by: this one is not rated
    /framework must be a framework of the catalogue; GET /api/v1/frameworks lists them
    /level must be between 1 and 5: the framework has no other level
    ");
}

#[test]
fn what_was_recorded_by_a_clock_a_little_ahead_can_still_be_published() {
    let mut world = World::new();
    let ahead = world.now + TimeDelta::seconds(40);
    let clock = std::mem::replace(&mut world.now, ahead);
    world.given([propose("2026", Some(2))]);
    world.now = clock;
    world.given([propose("2026", Some(3)), confirm("2026")]);
    assert_eq!(world.rating().level, Some(3));
    // One that is far ahead is not followed: what it led to would not be admitted.
    world.facts[0].recorded_at += TimeDelta::days(1000);
    assert_eq!(present(&world.facts, clock), clock);
}

#[test]
fn a_change_goes_from_plan_to_finish_and_takes_no_step_out_of_order() {
    let mut world = World::new();
    let (begin, pause) = (step(CycleStep::Begin), step(CycleStep::Pause));
    assert_eq!(world.refused(&begin).0, "/change");
    world.given([on("2026-03-02", planned(false))]);
    assert_eq!(world.refused(&pause).0, "/action");
    assert_eq!(world.refused(&finish()).0, "/action");
    world.given([on("2026-03-09", begin.clone())]);
    assert_eq!(
        world.refused(&on("2026-03-08", finish())),
        ("/on".to_owned(), Refusal::BeforeStart.to_string())
    );
    world.given([on("2026-04-01", pause.clone())]);
    assert_eq!(world.decide(&pause), Err(Refusal::ChangePaused));
    world.given([on("2026-04-13", begin.clone()), on("2026-05-04", finish())]);
    let read = change(&world.facts).unwrap();
    assert_eq!(
        (
            read.status(day("2026-06-01")),
            read.cycle_days,
            read.decision
        ),
        (Status::Finished, Some(56), Some(Decision::Adopt))
    );
    for late in [begin, pause.clone(), finish(), on("2026-04-20", finish())] {
        assert_eq!(world.decide(&late), Err(Refusal::ChangeFinished));
    }
    assert_eq!(
        world.record(&on("2026-04-20", pause)),
        Ok(1),
        "recorded late"
    );
}

#[test]
fn a_change_recorded_as_begun_is_planned_and_started_on_one_date() {
    let mut world = World::new();
    assert_eq!(world.record(&on("2026-03-02", planned(true))), Ok(2));
    let read = change(&world.facts).unwrap();
    assert_eq!(
        (read.planned, read.started),
        (Some(day("2026-03-02")), read.planned)
    );
}

#[test]
fn a_plan_names_what_there_is_and_a_change_keeps_its_area() {
    let mut world = World::new();
    let with = |change: fn(&mut Planned)| {
        let mut plan = plan();
        change(&mut plan);
        step(CycleStep::Plan { plan, begun: false })
    };
    for (command, field) in [
        (with(|p| p.measures.push(slug("none-such"))), "/measures/1"),
        (with(|p| p.items.push(slug("none-such"))), "/items/1"),
        (with(|p| p.concept = Some(slug("none-such"))), "/concept"),
    ] {
        assert_eq!(world.refused(&command).0, field);
    }
    world.given([planned(false)]);
    let elsewhere = Command {
        area: AreaId::new("havenshire-mid").unwrap(),
        ..step(CycleStep::Begin)
    };
    assert_eq!(world.decide(&elsewhere), Err(Refusal::OtherArea));
    let of_a_chart = command(Subject::Cycle(StepOfCycle {
        change: EntityId::new("chart/tr-delayed-share").unwrap(),
        step: CycleStep::Begin,
    }));
    assert_eq!(world.decide(&of_a_chart), Err(Refusal::IdOfAChart));
}

#[test]
fn a_baseline_is_accepted_or_declined_once_it_was_proposed() {
    use ChartAction::{AcceptBaseline, DeclineBaseline, ProposeBaseline};
    let mut world = World::new();
    let from = "2026-06-01";
    for action in [AcceptBaseline, DeclineBaseline] {
        assert_eq!(world.refused(&chart(action, from)).0, "/from");
    }
    world.given([chart(ProposeBaseline, from), chart(DeclineBaseline, from)]);
    let decided = decisions(&world.facts);
    assert_eq!((decided.proposed.len(), decided.declined.len()), (0, 1));
    assert_eq!(world.refused(&chart(AcceptBaseline, from)).0, "/from");
    world.given([chart(ProposeBaseline, from), chart(AcceptBaseline, from)]);
    let decided = decisions(&world.facts);
    assert_eq!((decided.accepted.len(), decided.declined.len()), (1, 0));
    assert_eq!(
        world.decide(&chart(ProposeBaseline, from)),
        Err(Refusal::BaselineInForce)
    );
    // Another area's proposal is not this one's.
    let elsewhere = Command {
        area: AreaId::new("havenshire-mid").unwrap(),
        ..chart(ProposeBaseline, "2026-07-01")
    };
    world.given([elsewhere]);
    assert_eq!(
        world.refused(&chart(AcceptBaseline, "2026-07-01")).0,
        "/from"
    );
}

#[test]
fn a_target_is_in_the_unit_of_a_known_measure() {
    let mut world = World::new();
    let set = |target| chart(ChartAction::SetTarget(target), "2026-07-01");
    for wrong in [1.5, -0.1, f64::NAN, f64::INFINITY] {
        assert_eq!(world.refused(&set(wrong)).0, "/target");
    }
    let nights = |target| match set(target).subject {
        Subject::Chart(decision) => command(Subject::Chart(ChartDecision {
            measure: slug("tr-delayed-nights"),
            ..decision
        })),
        _ => unreachable!("a target is about a chart"),
    };
    assert_eq!(world.refused(&nights(-5.0)).0, "/target");
    world.given([set(0.1)]);
    let stands = decisions(&world.facts).targets[0].target.as_f64();
    assert!((stands - 0.1).abs() < 1e-9);
    for action in [ChartAction::SetTarget(0.1), ChartAction::ProposeBaseline] {
        let unknown = command(Subject::Chart(ChartDecision {
            measure: slug("none-such"),
            from: day("2026-07-01"),
            reason: "Why not".to_owned(),
            action,
        }));
        assert_eq!(world.refused(&unknown).0, "/measure");
    }
}

#[test]
fn a_charts_version_is_that_of_its_area() {
    let mut world = World::new();
    let here = chart(ChartAction::ProposeBaseline, "2026-06-01");
    let elsewhere = Command {
        area: AreaId::new("havenshire-mid").unwrap(),
        ..here.clone()
    };
    world.given([here.clone(), elsewhere.clone()]);
    assert_eq!(
        (here.version(&world.facts), elsewhere.version(&world.facts)),
        (1, 2)
    );
}

fn any_rating() -> impl Strategy<Value = Command> {
    let round = prop_oneof![Just("2025"), Just("2026")];
    let date = proptest::option::of(0..400u64);
    (0..5u8, round, 1..=5u8, date).prop_map(|(what, round, level, ago)| {
        let command = match what {
            0 | 1 => propose(round, (level > 1).then_some(level)),
            2 => moderate(round, level),
            3 => confirm(round),
            _ => ambition(level, "2026-11-29"),
        };
        let today = day("2026-11-28");
        Command {
            on: ago.map(|days| today - chrono::Days::new(days)),
            ..command
        }
    })
}

proptest! {
    /// Whatever people try in whatever order, with whatever dates: what is published was proposed by then.
    #[test]
    fn nothing_is_ever_published_that_was_not_proposed_by_then(commands in prop::collection::vec(any_rating(), 0..12)) {
        let mut world = World::new();
        for command in commands {
            let _ = world.record(&command);
        }
        let confirmed = world.facts.iter().filter_map(|f| match &f.fact {
            Fact::Assessment(AssessmentFact::Confirmed(c)) => Some((f.occurred_at, &c.round)),
            _ => None,
        });
        for (at, round) in confirmed {
            prop_assert!(world.facts.iter().any(|f| matches!(&f.fact,
                Fact::Assessment(AssessmentFact::Proposed(p)) if p.round == *round && f.occurred_at <= at)));
        }
    }
}
