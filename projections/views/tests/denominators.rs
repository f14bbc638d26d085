//! Out of what: answers by the questionnaire that was sent, standards by whom they hold for, shares with what is still open.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails here fails its test"
)]

use chrono::{DateTime, TimeDelta, Utc};
use joinedup_events::area::Areas;
use joinedup_events::envelope::Envelope;
use joinedup_events::{AreaId, Event};
use joinedup_views::Filter;
use joinedup_views::ask::{Basis, Definitions, Question, ask};
use joinedup_views::expectation::Expectations;
use joinedup_views::measures::Measures;
use joinedup_views::period::Grain;
use joinedup_views::point::{Point, PointQuery, State, default_grain, points};
use joinedup_views::quantity::with_marks;
use joinedup_views::suppression::{Audience, Policy};
use joinedup_views::view::View;
use joinedup_views::waiting;
use serde_json::{Value, json};

const PLACE: &str = "havenshire-north";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    at("2026-11-27T12:00:00Z")
}

fn view(events: Vec<(&str, DateTime<Utc>, Value)>) -> View {
    let mut view = View::new();
    view.fold(events.into_iter().zip(1..).map(|((name, at, mut data), n)| {
        data["area"] = json!(PLACE);
        let envelope = json!({
            "specversion": "1.0", "type": format!("care.joinedup.{name}"), "source": "/s", "id": n.to_string(),
            "time": at, "recordedtime": at, "data": data,
        });
        let text = envelope.to_string();
        let envelope = Envelope::from_json(text.as_bytes()).unwrap();
        (n, Event::decode(&envelope).unwrap())
    }));
    view
}

fn own(toml: &str) -> Measures {
    Measures::parse(toml, |_| true).unwrap()
}

fn all(view: &View, measures: &Measures, measure: &str, grain: Grain) -> Vec<Point> {
    let query = PointQuery {
        measure: measures.get(measure).unwrap(),
        area: &AreaId::new(PLACE).unwrap(),
        grain,
        from: None,
        to: None,
        filter: &Filter::default(),
        now: now(),
        range: None,
    };
    points(
        &Basis::of_cells(view.cells()),
        &Areas::built_in().unwrap(),
        &query,
    )
}

/// Numerator and denominator over all points.
fn parts(view: &View, measures: &Measures, measure: &str, grain: Grain) -> (f64, f64) {
    let points = all(view, measures, measure, grain);
    let sum = |of: fn(&Point) -> Option<f64>| points.iter().filter_map(of).sum();
    (sum(|p| p.numerator), sum(|p| p.denominator))
}

fn built_in() -> Measures {
    Measures::built_in(|_| true).unwrap()
}

#[test]
fn a_response_rate_is_of_the_questionnaire_that_was_sent() {
    let sent = json!({ "response": "batch", "instrument": "i-statements", "count": 40 });
    let mut events = vec![("experience.invited.v1", at("2026-10-01T09:00:00Z"), sent)];
    for (instrument, count) in [("i-statements", 11), ("p3c-eq", 12), ("tci-14", 5)] {
        events.extend((0..count).map(|n| {
            let response = json!({
                "response": format!("{instrument}-{n}"), "instrument": instrument, "answers": [],
                "mode": "paper", "respondent": "person",
            });
            (
                "experience.answered.v1",
                at("2026-10-20T09:00:00Z"),
                response,
            )
        }));
    }
    let october = all(&view(events), &built_in(), "ex-response-rate", Grain::Month).remove(0);
    assert_eq!(
        (october.numerator, october.denominator),
        (Some(11.0), Some(40.0))
    );
    assert_eq!(october.value, Some(0.275));
}

/// A referral received at ten, and seen after so many seconds.
fn crisis(
    id: &str,
    priority: &str,
    seen_after: Option<i64>,
) -> Vec<(&'static str, DateTime<Utc>, Value)> {
    let received = at("2026-11-14T10:00:00Z");
    let arrival = json!({ "referral": id, "service": "crisis-response", "priority": priority, "trigger": "crisis" });
    let seen = seen_after.map(|seconds| {
        let contact = json!({ "referral": id, "face_to_face": true });
        (
            "referral.first-contact.v1",
            received + TimeDelta::seconds(seconds),
            contact,
        )
    });
    let arrival = ("referral.received.v1", received, arrival);
    std::iter::once(arrival).chain(seen).collect()
}

#[test]
fn two_hours_are_two_hours_and_hold_for_what_is_urgent() {
    let view = view(
        [
            crisis("in-time", "urgent", Some(7200)),
            crisis("just-in-time", "urgent", Some(7199)),
            crisis("59-seconds-late", "urgent", Some(7259)),
            crisis("a-second-late", "urgent", Some(7201)),
            crisis("never", "urgent", None),
            crisis("routine", "routine", Some(60)),
            crisis("routine-late", "routine", None),
        ]
        .concat(),
    );
    let measures = built_in();
    assert_eq!(
        parts(&view, &measures, "md-urgent-2h", Grain::Week),
        (2.0, 5.0)
    );
    // A Saturday is out of hours.
    assert_eq!(
        parts(&view, &measures, "md-out-of-hours-met", Grain::Month),
        (2.0, 5.0)
    );
    let place = [AreaId::new(PLACE).unwrap()].into();
    let waiting = waiting::referrals(&view, &place, now());
    let due: Vec<(&str, bool)> = waiting
        .iter()
        .map(|w| (w.referral.as_str(), w.due.is_some()))
        .collect();
    assert_eq!(due, [("never", true), ("routine-late", false)]);
}

/// Ten referrals of one day: seven discussed within a fortnight, two later, one still open.
#[test]
fn a_share_within_a_limit_counts_what_is_still_open() {
    let received = at("2026-10-05T10:00:00Z");
    let events = (0..10).flat_map(|n| {
        let id = format!("r-{n}");
        let arrival = json!({ "referral": id, "service": "mdt", "priority": "routine", "trigger": "request" });
        let held = json!({ "referral": id, "sectors": [], "shared_record": true, "outcome": "plan" });
        let days = [1, 2, 3, 5, 8, 13, 14, 15, 30].get(n).copied();
        let discussed = days.map(|d| ("referral.discussed.v1", received + TimeDelta::days(d), held));
        std::iter::once(("referral.received.v1", received, arrival)).chain(discussed)
    });
    let view = view(events.collect());
    let measures = own(
        "[[measure]]\nid = \"soon\"\ntitle = \"Soon\"\nquantity = \"referral.discussion_minutes\"\naggregate = { share_at_most = \"14 days\" }\n",
    );
    let week = all(&view, &measures, "soon", Grain::Week).remove(0);
    assert_eq!((week.numerator, week.denominator), (Some(7.0), Some(10.0)));
    assert_eq!(week.period_start, "2026-10-05".parse().unwrap());
    assert_eq!(
        measures.get("soon").unwrap().quantity,
        "referral.to_discussion_minutes"
    );
}

#[test]
fn who_has_an_agreed_plan_no_longer_waits_for_first_contact() {
    let day = |d: i64| at("2026-11-02T10:00:00Z") + TimeDelta::days(d);
    let mut events = Vec::new();
    for id in ["planned", "discussed"] {
        let arrival = json!({ "referral": id, "service": "mdt", "priority": "routine", "trigger": "request" });
        let held = json!({ "referral": id, "sectors": ["health"], "shared_record": true, "outcome": "plan" });
        events.push(("referral.received.v1", day(0), arrival));
        events.push(("referral.accepted.v1", day(1), json!({ "referral": id })));
        events.push(("referral.discussed.v1", day(7), held));
    }
    let plan = json!({ "referral": "planned", "agreed_by": "person-or-proxy", "personal_budget": "not-appropriate" });
    events.push(("referral.plan-agreed.v1", day(9), plan));
    let place = [AreaId::new(PLACE).unwrap()].into();
    let waiting = waiting::referrals(&view(events), &place, now());
    let ids: Vec<&str> = waiting.iter().map(|w| w.referral.as_str()).collect();
    assert_eq!(ids, ["discussed"]);
}

#[test]
fn quarterly_and_weekly_figures_of_a_monthly_measure_are_shown_by_quarter_and_week() {
    let measures = own(
        "[[measure]]\nid = \"stay\"\ntitle = \"Stay\"\nquantity = \"observation.stay-p90\"\naggregate = \"as_reported\"\nperiod = \"month\"\n",
    );
    let (areas, area) = (Areas::built_in().unwrap(), AreaId::new(PLACE).unwrap());
    let reported = |grain: &str| {
        let event = |(n, start): (usize, &str)| {
            let data = json!({ "series": "stay-p90", "period_start": start, "grain": grain, "value": 20 + n });
            ("observation.observed.v1", at("2026-10-20T09:00:00Z"), data)
        };
        view(
            ["2026-01-01", "2026-04-01", "2026-07-01"]
                .into_iter()
                .enumerate()
                .map(event)
                .collect(),
        )
    };
    let grain =
        |view: &View| default_grain(view.cells(), &areas, measures.get("stay").unwrap(), &area);
    let quarterly = reported("quarter");
    assert_eq!(grain(&quarterly), Grain::Quarter);
    let points = all(&quarterly, &measures, "stay", Grain::Quarter);
    let shown: Vec<Option<f64>> = points
        .iter()
        .filter(|p| p.state == State::Final)
        .map(|p| p.value)
        .collect();
    assert_eq!(shown, [Some(20.0), Some(21.0), Some(22.0)]);
    let definitions = Definitions {
        areas: &areas,
        measures: &measures,
        policy: &Policy::default(),
        expectations: &Expectations::default(),
    };
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let question = Question::new(
        "stay",
        std::slice::from_ref(&area),
        Audience::Operations,
        now,
    );
    let basis = Basis::of(&quarterly, definitions.expectations, None, measures.iter());
    let chart = ask(&basis, &definitions, &question)
        .unwrap()
        .remove(0)
        .chart;
    assert_eq!(chart.period, Grain::Quarter, "nobody has to ask for it");
    assert_eq!(grain(&reported("month")), Grain::Month);
    assert_eq!(grain(&view(vec![])), Grain::Month);
    // No month is made of weeks, and a chart by month would say that nothing was reported.
    let week =
        json!({ "series": "stay-p90", "period_start": "2026-01-05", "grain": "week", "value": 20 });
    let weekly = view(vec![(
        "observation.observed.v1",
        at("2026-10-20T09:00:00Z"),
        week,
    )]);
    assert_eq!(grain(&weekly), Grain::Week);
}

#[test]
fn a_mark_takes_away_what_was_published_before_and_a_value_takes_the_mark_away() {
    let measures = own(
        "[[measure]]\nid = \"beds\"\ntitle = \"Beds\"\nquantity = \"observation.beds\"\naggregate = \"amount\"\nperiod = \"month\"\n",
    );
    let event = |day: u32, month: u32, rest: Value| {
        let mut data = json!({ "series": "beds", "period_start": format!("2026-0{month}-01"), "grain": "month" });
        data.as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        let at = at(&format!("2026-10-{day:02}T09:00:00Z"));
        ("observation.observed.v1", at, data)
    };
    let view = view(vec![
        event(1, 1, json!({ "value": 5 })),
        event(1, 2, json!({ "value": 6 })),
        event(2, 2, json!({ "value": null, "mark": "missing" })),
        event(1, 3, json!({ "value": 7 })),
        event(2, 3, json!({ "mark": "suppressed" })),
        event(1, 4, json!({ "mark": "suppressed" })),
        event(2, 4, json!({ "value": 8, "mark": "provisional" })),
        event(3, 4, json!({ "value": 9 })),
    ]);
    let points = all(&view, &measures, "beds", Grain::Month);
    let shown: Vec<(Option<f64>, State)> = points.iter().map(|p| (p.value, p.state)).collect();
    assert_eq!(
        shown[..4],
        [
            (Some(5.0), State::Final),
            (None, State::Missing),
            (None, State::Suppressed),
            (Some(9.0), State::Final)
        ]
    );
    // On the second evening the provisional amount stood, and the mark that was taken away since.
    let (measure, instant) = (measures.get("beds").unwrap(), at("2026-10-02T18:00:00Z"));
    let known = view.known_at(&with_marks(&measure.quantity), instant);
    let expectations = Expectations::default();
    let basis = Basis::as_known_at(&view, &expectations, [measure], instant, known);
    let query = PointQuery {
        measure,
        area: &AreaId::new(PLACE).unwrap(),
        grain: Grain::Month,
        from: None,
        to: None,
        filter: &Filter::default(),
        now: instant,
        range: None,
    };
    let then = joinedup_views::point::points(&basis, &Areas::built_in().unwrap(), &query);
    let shown: Vec<(Option<f64>, State)> = then.iter().map(|p| (p.value, p.state)).collect();
    assert_eq!(
        shown[..4],
        [
            (Some(5.0), State::Final),
            (None, State::Missing),
            (None, State::Suppressed),
            (Some(8.0), State::Provisional)
        ]
    );
}
