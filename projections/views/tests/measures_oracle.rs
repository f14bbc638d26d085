//! Measures computed from events through cells equal those computed straight from what happened: each story below is
//! told twice, once as events and once as cases by the wording of the catalogue, and the two never share code.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here fails its test"
)]

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Timelike, Utc, Weekday};
use joinedup_events::area::Areas;
use joinedup_events::{AreaId, Event, check};
use joinedup_views::Filter;
use joinedup_views::measures::Measures;
use joinedup_views::period::Grain;
use joinedup_views::point::{Point, PointQuery, State, points};
use joinedup_views::view::View;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const NEIGHBOURHOODS: [(&str, &str); 4] = [
    ("hv-north-1", "havenshire-north"),
    ("hv-north-2", "havenshire-north"),
    ("hv-mid-1", "havenshire-mid"),
    ("hv-south-1", "havenshire-south"),
];

/// A die that falls the same way for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.roll(n) == 0
    }
}

/// What happened, as the catalogue speaks of it: a case of a measure, or somebody waiting from a day until another.
#[derive(Default)]
struct Told {
    events: Vec<Value>,
    /// Measure, area, date, number (of a share: 1 met, 0 not).
    cases: Vec<(&'static str, &'static str, NaiveDate, f64)>,
    /// Measure family, area, first day, day after the last, reason.
    spans: Vec<(
        &'static str,
        &'static str,
        NaiveDate,
        Option<NaiveDate>,
        &'static str,
    )>,
}

impl Told {
    fn say(&mut self, name: &str, at: DateTime<Utc>, data: Value) {
        let id = self.events.len();
        self.events.push(json!({
            "specversion": "1.0", "type": format!("care.joinedup.{name}"), "source": "tests/oracle", "id": id.to_string(),
            "time": at, "recordedtime": at, "datacontenttype": "application/json", "data": data,
        }));
    }

    fn case(&mut self, measure: &'static str, area: &'static str, date: NaiveDate, number: f64) {
        self.cases.push((measure, area, date, number));
    }

    fn met(&mut self, measure: &'static str, area: &'static str, date: NaiveDate, met: bool) {
        self.case(measure, area, date, f64::from(u8::from(met)));
    }
}

fn start() -> DateTime<Utc> {
    "2026-03-02T00:00:00Z".parse().unwrap()
}

/// Between nine and twenty by UTC, so that the date is the same in London, winter or summer.
fn hour(dice: &mut Dice, day: u64) -> DateTime<Utc> {
    start() + TimeDelta::days(day as i64) + TimeDelta::minutes(9 * 60 + dice.roll(11 * 60) as i64)
}

/// At such an hour, on one of some days from a day on.
fn later(dice: &mut Dice, day: u64, days: u64) -> DateTime<Utc> {
    let day = day + dice.roll(days);
    hour(dice, day)
}

/// The hour in London: summer time began on 29 March 2026.
fn london(at: DateTime<Utc>) -> chrono::NaiveTime {
    let summer = at.date_naive() >= NaiveDate::from_ymd_opt(2026, 3, 29).unwrap();
    (at + TimeDelta::hours(i64::from(summer))).time()
}

fn minutes(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).num_minutes() as f64
}

fn stay(told: &mut Told, dice: &mut Dice, number: usize) {
    let area = NEIGHBOURHOODS[dice.roll(4) as usize].0;
    let of = |mut data: Value| {
        data["transfer"] = json!(format!("t-{number}"));
        data["area"] = json!(area);
        data
    };
    let day = dice.roll(50);
    let admitted = hour(dice, day);
    let emergency = dice.roll(4) > 0;
    told.say(
        "transfer.admitted.v1",
        admitted,
        of(json!({ "method": if emergency { "emergency" } else { "elective" } })),
    );
    let length = dice.roll(9);
    let out = hour(dice, day + length).max(admitted + TimeDelta::minutes(30));
    let (left, gone) = (dice.roll(12) > 0, out.date_naive());
    let expected = (dice.roll(3) > 0).then(|| {
        let set = admitted + TimeDelta::hours(1 + dice.roll(40) as i64);
        (set, admitted.date_naive() + Days::new(dice.roll(8)))
    });
    if let Some((set, date)) = expected {
        told.say(
            "transfer.expected-date-set.v1",
            set,
            of(json!({ "expected": date })),
        );
    }
    let day_old = admitted + TimeDelta::hours(24);
    if !left || out > day_old {
        told.met(
            "tr-edd-within-24h",
            area,
            day_old.date_naive(),
            expected.is_some_and(|(set, _)| set <= day_old),
        );
    }
    if dice.one_in(2) {
        let referred = admitted + TimeDelta::hours(2);
        let assessed = referred + TimeDelta::minutes(dice.roll(900) as i64);
        let agreed = assessed + TimeDelta::minutes(dice.roll(600) as i64);
        // Kept within the day that they began on, whatever the hour.
        let same = |at: DateTime<Utc>| at.date_naive() == admitted.date_naive() && at.hour() < 22;
        if same(assessed) {
            told.say("transfer.social-care-referred.v1", referred, of(json!({})));
            told.say("transfer.assessment-finished.v1", assessed, of(json!({})));
            told.case(
                "tr-assessment-hours-median",
                area,
                assessed.date_naive(),
                minutes(referred, assessed) / 60.0,
            );
            if same(agreed) {
                told.say("transfer.package-agreed.v1", agreed, of(json!({})));
                told.case(
                    "tr-package-days-median",
                    area,
                    agreed.date_naive(),
                    minutes(assessed, agreed) / 1440.0,
                );
            }
        }
    }
    let pathway = (dice.roll(5) > 0).then(|| dice.roll(4));
    if let Some(pathway) = pathway {
        told.say(
            "transfer.pathway-set.v1",
            admitted,
            of(json!({ "date": admitted.date_naive(), "pathway": pathway.to_string() })),
        );
    }
    let ready =
        (dice.roll(3) > 0).then(|| admitted.date_naive() + Days::new(dice.roll(length + 1)));
    if let Some(ready) = ready {
        told.say("transfer.ready.v1", admitted, of(json!({ "date": ready })));
        let reason =
            ["home-care-package", "housing-not-care-act", "unknown"][dice.roll(3) as usize];
        if reason != "unknown" {
            let said = json!({ "date": ready, "reason": reason, "responsible": if reason == "housing-not-care-act" { "nhs" } else { "social-care" } });
            told.say("transfer.delay-reason-set.v2", admitted, of(said));
        }
        if !left || gone > ready {
            told.spans
                .push(("waiting", area, ready, left.then_some(gone), reason));
        }
    }
    if dice.one_in(2) {
        let given = admitted + TimeDelta::minutes(5);
        let ahead = dice.roll(3);
        told.say(
            "transfer.discharge-notice-given.v1",
            given,
            of(json!({ "proposed": given.date_naive() + Days::new(ahead) })),
        );
        let called_off = dice.one_in(4);
        if called_off {
            told.say(
                "transfer.discharge-notice-withdrawn.v1",
                given + TimeDelta::minutes(9),
                of(json!({})),
            );
        }
        told.met("tr-notice-lead", area, given.date_naive(), ahead > 0);
        told.met("tr-failed-discharge", area, given.date_naive(), called_off);
    }
    if !left {
        return;
    }
    let died = dice.one_in(10);
    told.say(
        "transfer.discharged.v1",
        out,
        of(json!({ "method": if died { "died" } else { "agreed" } })),
    );
    if died {
        return;
    }
    if let Some((_, date)) = expected {
        told.case(
            "tr-edd-slip-days",
            area,
            gone,
            (gone - date).num_days() as f64,
        );
    }
    if let Some(pathway) = pathway {
        told.met("tr-home-share", area, gone, pathway < 2);
    }
    told.met(
        "tr-before-17",
        area,
        gone,
        london(out) <= chrono::NaiveTime::from_hms_opt(17, 0, 0).unwrap(),
    );
    if emergency {
        told.met(
            "tr-weekend-share",
            area,
            gone,
            matches!(gone.weekday(), Weekday::Sat | Weekday::Sun),
        );
    }
    if gone > admitted.date_naive() {
        let delay = ready.map_or(0, |ready| (gone - ready).num_days().max(0)) as f64;
        told.case("tr-delay-days-median", area, gone, delay);
        told.case("tr-delay-days-p90", area, gone, delay);
        told.met("tr-delayed-share", area, gone, delay >= 1.0);
    }
}

fn referral(told: &mut Told, dice: &mut Dice, number: usize) {
    let area = NEIGHBOURHOODS[dice.roll(4) as usize].0;
    let of = |mut data: Value| {
        data["referral"] = json!(format!("r-{number}"));
        data["area"] = json!(area);
        data
    };
    let day = dice.roll(50);
    let at = hour(dice, day);
    let received = at.date_naive();
    let service = ["mdt", "crisis-response", "reablement"][dice.roll(3) as usize];
    let trigger = ["case-finding", "risk-list", "crisis", "request"][dice.roll(4) as usize];
    told.say(
        "referral.received.v1",
        at,
        of(json!({ "service": service, "priority": "routine", "trigger": trigger })),
    );
    told.met(
        "md-proactive-share",
        area,
        at.date_naive(),
        matches!(trigger, "case-finding" | "risk-list"),
    );
    let local = london(at);
    let out_of_hours = matches!(at.weekday(), Weekday::Sat | Weekday::Sun)
        || local.hour() >= 18
        || local.hour() < 8;
    let triaged = later(dice, day + 1, 2);
    told.say("referral.triaged.v1", triaged, of(json!({})));
    told.case(
        "md-triage-hours",
        area,
        triaged.date_naive(),
        minutes(at, triaged) / 60.0,
    );
    if dice.one_in(5) {
        let at = triaged + TimeDelta::minutes(1);
        told.say(
            "referral.declined.v1",
            at,
            of(json!({ "reason": "duplicate" })),
        );
        told.met("md-accepted-share", area, at.date_naive(), false);
        told.spans
            .push(("caseload", area, received, Some(at.date_naive()), service));
        return;
    }
    let accepted = triaged + TimeDelta::minutes(2);
    told.say("referral.accepted.v1", accepted, of(json!({})));
    told.met("md-accepted-share", area, accepted.date_naive(), true);
    let contact = (dice.roll(5) > 0).then(|| {
        if dice.one_in(2) {
            at + TimeDelta::minutes(30 + dice.roll(100) as i64)
        } else {
            later(dice, day + 1, 4)
        }
    });
    if let Some(contact) = contact {
        told.say(
            "referral.first-contact.v1",
            contact,
            of(json!({ "face_to_face": true })),
        );
    }
    let in_two_hours = contact.is_some_and(|c| minutes(at, c) <= 120.0);
    let nights = contact.map(|c| (c.date_naive() - at.date_naive()).num_days());
    if service == "crisis-response" {
        told.met("md-urgent-2h", area, at.date_naive(), in_two_hours);
    }
    if let (Some(contact), Some(nights), "reablement") = (contact, nights, service) {
        told.met("md-reablement-2d", area, contact.date_naive(), nights <= 2);
    }
    if out_of_hours && service != "mdt" {
        let met = if service == "reablement" {
            nights.is_some_and(|n| n <= 2)
        } else {
            in_two_hours
        };
        told.met("md-out-of-hours-met", area, at.date_naive(), met);
    }
    let discussed = later(dice, day + 3, 12);
    let (both, record) = (dice.roll(3) > 0, dice.one_in(2));
    let sectors = if both {
        json!(["health", "social-care"])
    } else {
        json!(["health", "housing"])
    };
    told.say(
        "referral.discussed.v1",
        discussed,
        of(json!({ "sectors": sectors, "shared_record": record, "outcome": "plan" })),
    );
    told.met(
        "md-both-sectors-present",
        area,
        discussed.date_naive(),
        both,
    );
    told.met(
        "md-shared-record-open",
        area,
        discussed.date_naive(),
        record,
    );
    for measure in ["md-discussion-days-median", "md-discussion-days-p90"] {
        told.case(
            measure,
            area,
            discussed.date_naive(),
            minutes(at, discussed) / 1440.0,
        );
    }
    let plan = (dice.roll(4) > 0).then(|| discussed + TimeDelta::days(dice.roll(9) as i64));
    told.met(
        "md-plan-within-14d",
        area,
        accepted.date_naive(),
        plan.is_some_and(|p| minutes(accepted, p) <= 14.0 * 1440.0),
    );
    if let Some(plan) = plan {
        let by = ["person-or-proxy", "clinical-team"][dice.roll(2) as usize];
        let budget = ["agreed", "not-agreed", "not-appropriate"][dice.roll(3) as usize];
        told.say(
            "referral.plan-agreed.v1",
            plan,
            of(json!({ "agreed_by": by, "personal_budget": budget })),
        );
        told.met(
            "md-plan-agreed-by-person",
            area,
            plan.date_naive(),
            by == "person-or-proxy",
        );
        if budget != "not-appropriate" {
            told.met(
                "md-personal-budget-share",
                area,
                plan.date_naive(),
                budget == "agreed",
            );
        }
        let due = plan.date_naive() + Days::new(4);
        told.say("referral.action-opened.v1", plan, of(json!({ "action": "a-1", "owner": "health", "due": due, "kind": "resource-request" })));
        let done = plan + TimeDelta::days(dice.roll(8) as i64);
        told.say(
            "referral.action-done.v1",
            done,
            of(json!({ "action": "a-1" })),
        );
        told.met("md-actions-on-time", area, due, done.date_naive() <= due);
        let granted = dice.one_in(2);
        told.say(
            "referral.resource-decided.v1",
            done,
            of(json!({ "action": "a-1", "granted": granted })),
        );
        told.case(
            "md-resource-decision-hours",
            area,
            done.date_naive(),
            minutes(plan, done) / 60.0,
        );
        told.met("md-resource-granted", area, done.date_naive(), granted);
    }
    told.spans
        .push(("caseload", area, at.date_naive(), None, service));
}

fn answer(told: &mut Told, dice: &mut Dice, number: usize) {
    const ITEMS: [(&str, &str); 6] = [
        ("ex-live-the-life-agree", "pe-live-the-life-i-want"),
        ("ex-information-agree", "pe-information-to-decide"),
        ("ex-involved-agree", "pe-involved-in-decisions"),
        ("ex-plan-when-moving-agree", "pe-plan-when-moving"),
        ("ex-community-agree", "pe-community-connections"),
        ("ex-carer-supported-agree", "pe-carers-supported"),
    ];
    let area = NEIGHBOURHOODS[dice.roll(4) as usize].0;
    let day = dice.roll(50);
    let at = hour(dice, day);
    let mut answers = Vec::new();
    for (measure, item) in ITEMS {
        let score = (dice.roll(6) > 0).then(|| 1 + dice.roll(5));
        answers.push(json!({ "item": item, "score": score }));
        if let Some(score) = score {
            told.met(measure, area, at.date_naive(), score >= 4);
        }
    }
    let data = json!({ "response": format!("x-{number}"), "area": area, "instrument": "i-statements", "answers": answers, "mode": "paper", "respondent": "person" });
    told.say("experience.answered.v1", at, data);
}

fn cycle(told: &mut Told, dice: &mut Dice, number: usize) {
    let area = NEIGHBOURHOODS[dice.roll(4) as usize].0;
    let day = dice.roll(40);
    let (at, length) = (hour(dice, day), dice.roll(12));
    let of = |mut data: Value| {
        data["change"] = json!(format!("c-{number}"));
        data["area"] = json!(area);
        data
    };
    told.say("change.started.v1", at, of(json!({})));
    let end = hour(dice, day + length).max(at);
    let finished = dice.roll(4) > 0;
    if finished {
        let decision = ["adopt", "adapt", "abandon"][dice.roll(3) as usize];
        told.say(
            "change.finished.v1",
            end,
            of(json!({ "decision": decision })),
        );
        told.case("ch-cycle-days", area, end.date_naive(), length as f64);
        told.met(
            "ch-adopted-share",
            area,
            end.date_naive(),
            decision == "adopt",
        );
    }
    told.spans.push((
        "cycles",
        area,
        at.date_naive(),
        finished.then_some(end.date_naive()),
        "",
    ));
}

/// A statistic of numbers, straight from its definition.
fn statistic(measure: &str, numbers: &mut [f64]) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let n = numbers.len();
    if n == 0 {
        return None;
    }
    Some(match measure {
        m if m.ends_with("-p90") => numbers[(n * 9).div_ceil(10) - 1],
        "tr-delay-days-median"
        | "md-discussion-days-median"
        | "tr-assessment-hours-median"
        | "tr-package-days-median"
        | "tr-edd-slip-days"
        | "md-triage-hours"
        | "md-resource-decision-hours"
        | "ch-cycle-days" => f64::midpoint(numbers[(n - 1) / 2], numbers[n / 2]),
        _ => numbers.iter().sum::<f64>() / n as f64,
    })
}

struct World {
    told: Told,
    view: View,
    areas: Areas,
    measures: Measures,
}

fn now() -> DateTime<Utc> {
    "2026-08-01T12:00:00Z".parse().unwrap()
}

fn world(seed: u64) -> World {
    let (mut told, mut dice) = (Told::default(), Dice(seed));
    for number in 0..220 {
        stay(&mut told, &mut dice, number);
        referral(&mut told, &mut dice, number);
        answer(&mut told, &mut dice, number);
        if number % 4 == 0 {
            cycle(&mut told, &mut dice, number);
        }
    }
    let areas = Areas::built_in().unwrap();
    let read = |event: &Value| -> Event {
        check::admit(event.to_string().as_bytes(), &areas, now()).unwrap()
    };
    let mut view = View::new();
    // Last first: the order of arrival is of no account.
    view.fold(
        told.events
            .iter()
            .enumerate()
            .rev()
            .map(|(at, e)| (at as u64 + 1, read(e))),
    );
    let measures = Measures::built_in(|_| true).unwrap();
    World {
        told,
        view,
        areas,
        measures,
    }
}

const PLACES: [&str; 5] = [
    "hv-north-1",
    "hv-mid-1",
    "havenshire-north",
    "havenshire-mid",
    "havenshire",
];

fn within(part: &str, place: &str) -> bool {
    part == place
        || place == "havenshire"
        || NEIGHBOURHOODS
            .iter()
            .any(|(n, l)| *n == part && *l == place)
}

impl World {
    fn points(&self, id: &str, place: &str, grain: Grain, filter: &Filter) -> Vec<Point> {
        let area = AreaId::new(place).unwrap();
        let measure = self.measures.get(id).unwrap();
        let query = PointQuery {
            measure,
            area: &area,
            grain,
            from: Some(start().date_naive()),
            to: NaiveDate::from_ymd_opt(2026, 5, 31),
            filter,
            now: now(),
            heard_until: None,
        };
        query.check(&self.areas).unwrap();
        points(self.view.cells(), &self.areas, &query)
    }

    /// Every measure that has cases, in its own period and by months and quarters where it offers them.
    fn each(&self, ids: &[&'static str], mut compare: impl FnMut(&str, &str, &Point)) {
        for id in ids {
            let measure = self.measures.get(id).unwrap();
            for grain in [measure.period, Grain::Week, Grain::Month, Grain::Quarter] {
                for place in PLACES {
                    if measure.allows(grain) {
                        let points = self.points(id, place, grain, &Filter::default());
                        assert!(!points.is_empty(), "{id} in {place}");
                        points.iter().for_each(|p| compare(id, place, p));
                    }
                }
            }
        }
    }
}

fn same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        (a, b) => a == b,
    }
}

#[test]
fn medians_percentiles_means_and_shares_equal_those_of_the_cases_themselves() {
    for seed in [1, 2, 3] {
        let world = world(seed);
        let mut ids: Vec<&'static str> = world.told.cases.iter().map(|c| c.0).collect();
        ids.sort_unstable();
        ids.dedup();
        assert!(ids.len() >= 36, "{}", ids.len());
        let mut shown: BTreeMap<String, usize> = BTreeMap::new();
        world.each(&ids, |id, place, point| {
            let of = |c: &&(&str, &str, NaiveDate, f64)| {
                c.0 == id
                    && within(c.1, place)
                    && (point.period_start..point.period_end).contains(&c.2)
            };
            let mut numbers: Vec<f64> = world.told.cases.iter().filter(of).map(|c| c.3).collect();
            let enough = numbers.len() as i64 >= world.measures.get(id).unwrap().min_n();
            let expected = statistic(id, &mut numbers).filter(|_| enough);
            assert!(
                same(point.value, expected),
                "seed {seed}: {id} in {place}: {point:?}, and the cases give {expected:?} of {}",
                numbers.len()
            );
            if point.value.is_some() {
                assert_eq!(point.state, State::Final, "{id} in {place}: {point:?}");
                *shown.entry(id.to_owned()).or_default() += 1;
            }
        });
        assert_eq!(
            shown.len(),
            ids.len(),
            "some measure never had a point: {shown:?}"
        );
    }
}

#[test]
fn stocks_equal_a_count_of_who_is_there_on_each_day() {
    for seed in [4, 5] {
        let world = world(seed);
        let there =
            |family: &str, place: &str, day: NaiveDate, reason: Option<&str>| -> Vec<NaiveDate> {
                let spans = world.told.spans.iter().filter(|s| {
                    s.0 == family && within(s.1, place) && reason.is_none_or(|r| s.4 == r)
                });
                spans
                    .filter(|s| s.2 <= day && s.3.is_none_or(|until| day < until))
                    .map(|s| s.2)
                    .collect()
            };
        let days = |p: &Point| {
            p.period_start
                .iter_days()
                .take_while(|d| *d < p.period_end)
                .collect::<Vec<_>>()
        };
        let ids = [
            "tr-delayed-nights",
            "tr-delayed-people-average",
            "tr-ready-now",
            "tr-longest-wait",
            "md-open-caseload",
            "ch-cycles-running",
        ];
        let mut compared = 0;
        world.each(&ids, |id, place, point| {
            let family = match id {
                "md-open-caseload" => "caseload",
                "ch-cycles-running" => "cycles",
                _ => "waiting",
            };
            let days = days(point);
            let last = *days.last().unwrap();
            let nights: usize = days
                .iter()
                .map(|d| there(family, place, *d, None).len())
                .sum();
            let expected = match id {
                "tr-delayed-nights" => Some(nights as f64),
                "tr-delayed-people-average" => Some(nights as f64 / days.len() as f64),
                "tr-longest-wait" => there(family, place, last, None)
                    .iter()
                    .min()
                    .map(|from| (last - *from).num_days() as f64),
                _ => Some(there(family, place, last, None).len() as f64),
            };
            // Before anything was ever heard there is no point, and nobody there either.
            if point.value.is_some() || expected.is_some_and(|e| e > 0.0) {
                assert!(
                    same(point.value, expected),
                    "seed {seed}: {id} in {place}: {point:?}, and a count gives {expected:?}"
                );
                compared += 1;
            }
        });
        assert!(compared > 500, "{compared}");

        let housing = Filter::one("reason", "housing-not-care-act");
        for place in PLACES {
            for point in world.points("tr-delay-by-reason", place, Grain::Month, &housing) {
                let count = |reason| {
                    days(&point)
                        .iter()
                        .map(|d| there("waiting", place, *d, reason).len())
                        .sum::<usize>() as f64
                };
                let (part, whole) = (count(Some("housing-not-care-act")), count(None));
                let expected = (whole > 0.0).then(|| part / whole);
                assert!(
                    same(point.value, expected),
                    "seed {seed}: housing in {place}: {point:?}, and a count gives {expected:?}"
                );
            }
        }
    }
}
