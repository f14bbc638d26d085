//! What is reported again, later, or of another stage of the same stay or referral: which of it counts, and for when.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails here fails its test"
)]

use chrono::{DateTime, Utc};
use joinedup_events::area::Areas;
use joinedup_events::envelope::Envelope;
use joinedup_events::{AreaId, Event};
use joinedup_views::Filter;
use joinedup_views::ask::Basis;
use joinedup_views::measures::Measures;
use joinedup_views::period::Grain;
use joinedup_views::point::{Point, PointQuery, points};
use joinedup_views::view::View;
use joinedup_views::waiting;
use serde_json::{Value, json};

const PLACE: &str = "havenshire-north";

/// An instant of November 2026: `16 09:30`.
fn at(day_time: &str) -> DateTime<Utc> {
    format!("2026-11-{}:00Z", day_time.replace(' ', "T"))
        .parse()
        .unwrap()
}

/// Events of one stay or referral, each with what it is called, when it happened and what it says. They are recorded in
/// this order.
fn of(
    family: &str,
    id: &str,
    facts: &[(&str, &str, Value)],
) -> Vec<(String, DateTime<Utc>, Value)> {
    let fact = |(name, day_time, data): &(&str, &str, Value)| {
        let mut data = data.clone();
        data[family] = json!(id);
        (format!("{family}.{name}.v1"), at(day_time), data)
    };
    facts.iter().map(fact).collect()
}

fn view(events: impl IntoIterator<Item = (String, DateTime<Utc>, Value)>) -> View {
    let mut view = View::new();
    view.fold(events.into_iter().zip(1..).map(|((name, at, mut data), n)| {
        if data["area"].is_null() {
            data["area"] = json!(PLACE);
        }
        let envelope = json!({
            "specversion": "1.0", "type": format!("care.joinedup.{name}"), "source": "/s", "id": n.to_string(),
            "time": at, "recordedtime": self::at("01 00:00") + chrono::TimeDelta::minutes(n as i64), "data": data,
        });
        let text = envelope.to_string();
        let envelope = Envelope::from_json(text.as_bytes()).unwrap();
        (n, Event::decode(&envelope).unwrap())
    }));
    view
}

/// The one month of a measure: its value, and out of how many.
fn november(view: &View, measure: &str) -> (Option<f64>, i64) {
    let measures = Measures::built_in(|_| true).unwrap();
    let query = PointQuery {
        measure: measures.get(measure).unwrap(),
        area: &AreaId::new(PLACE).unwrap(),
        grain: Grain::Month,
        from: None,
        to: None,
        filter: &Filter::default(),
        now: "2027-06-01T12:00:00Z".parse().unwrap(),
        range: None,
    };
    let all = points(
        &Basis::of_cells(view.cells()),
        &Areas::built_in().unwrap(),
        &query,
    );
    let month = |p: &&Point| p.period_start.to_string() == "2026-11-01";
    let point = all.iter().find(month);
    let cases = |p: &Point| p.n.or(p.denominator.map(|d| d as i64)).unwrap_or(0);
    (point.and_then(|p| p.value), point.map_or(0, cases))
}

/// A crisis referral of Monday the 16th at nine, with what came after.
fn crisis(
    id: &str,
    priority: &str,
    then: &[(&str, &str, Value)],
) -> Vec<(String, DateTime<Utc>, Value)> {
    let arrival =
        json!({ "service": "crisis-response", "priority": priority, "trigger": "crisis" });
    let facts: Vec<_> = std::iter::once(("received", "16 09:00", arrival))
        .chain(then.iter().cloned())
        .collect();
    of("referral", id, &facts)
}

fn seen() -> Value {
    json!({ "face_to_face": true })
}

#[test]
fn the_priority_that_triage_sets_is_the_one_that_counts() {
    let urgent = || json!({ "priority": "urgent" });
    let view = view(
        [
            // Its two hours begin when it was found to be urgent.
            crisis(
                "raised",
                "routine",
                &[
                    ("triaged", "16 10:00", urgent()),
                    ("first-contact", "16 11:30", seen()),
                ],
            ),
            crisis(
                "raised-late",
                "routine",
                &[
                    ("triaged", "16 10:00", urgent()),
                    ("first-contact", "16 12:01", seen()),
                ],
            ),
            crisis(
                "raised-waits",
                "routine",
                &[("triaged", "16 10:00", urgent())],
            ),
            // Found so again: its clock does not begin anew, and a triage that sets none changes nothing.
            crisis(
                "urgent",
                "urgent",
                &[
                    ("triaged", "16 10:00", urgent()),
                    ("triaged", "16 10:30", json!({})),
                    ("first-contact", "16 11:30", seen()),
                ],
            ),
            crisis(
                "lowered",
                "urgent",
                &[("triaged", "16 10:00", json!({ "priority": "routine" }))],
            ),
        ]
        .concat(),
    );
    assert_eq!(november(&view, "md-urgent-2h"), (Some(0.25), 4));
    let place = [AreaId::new(PLACE).unwrap()].into();
    let waiting = waiting::referrals(&view, &place, at("16 12:01"));
    let rows = waiting.iter().map(|w| {
        let due = w.due.map(|due| due.to_rfc3339());
        (w.referral.to_string(), w.priority, due, w.over)
    });
    let due = Some("2026-11-16T12:00:00+00:00".to_owned());
    let expected = [
        ("raised-waits".to_owned(), "urgent", due, true),
        ("lowered".to_owned(), "routine", None, false),
    ];
    assert_eq!(rows.collect::<Vec<_>>(), expected);
}

fn nothing() -> Value {
    json!({})
}

/// Five stays of the same facts: a median is drawn from five.
fn five(facts: &[(&str, &str, Value)]) -> Vec<(String, DateTime<Utc>, Value)> {
    let stays = (0..5).map(|n| of("transfer", &format!("t-{n}"), facts));
    stays.collect::<Vec<_>>().concat()
}

#[test]
fn a_stage_that_begins_again_leaves_what_ended_as_it_was() {
    let first = [
        ("social-care-referred", "02 10:00", nothing()),
        ("assessment-finished", "04 10:00", nothing()),
        ("package-agreed", "08 10:00", nothing()),
    ];
    let hours = |facts: &[_]| november(&view(five(facts)), "tr-assessment-hours-median");
    let days = |facts: &[_]| november(&view(five(facts)), "tr-package-days-median");
    let with = |more: &[(&'static str, &'static str, Value)]| [&first[..], more].concat();
    assert_eq!(hours(&first), (Some(48.0), 5));
    assert_eq!(days(&first), (Some(4.0), 5));
    // A second assessment without a referral of its own, and one after the first package.
    let assessed = with(&[("assessment-finished", "20 10:00", nothing())]);
    assert_eq!(hours(&assessed), (Some(48.0), 5));
    assert_eq!(days(&assessed), (Some(4.0), 5));
    let referred = with(&[("social-care-referred", "20 10:00", nothing())]);
    assert_eq!(hours(&referred), (Some(48.0), 5));
    // The second round is counted too, by its own beginning.
    let again = with(&[
        ("social-care-referred", "20 10:00", nothing()),
        ("assessment-finished", "24 10:00", nothing()),
        ("package-agreed", "30 10:00", nothing()),
    ]);
    assert_eq!(hours(&again), (Some(72.0), 10));
    assert_eq!(days(&again), (Some(5.0), 10));
    // Asked for again before it was done: since it was asked for last.
    let asked_twice = [
        ("social-care-referred", "02 10:00", nothing()),
        ("social-care-referred", "03 10:00", nothing()),
        ("assessment-finished", "04 10:00", nothing()),
    ];
    assert_eq!(hours(&asked_twice), (Some(24.0), 5));
    // Agreed before the assessment ended, it was not waited for.
    let ahead = [
        ("package-agreed", "03 10:00", nothing()),
        ("assessment-finished", "04 10:00", nothing()),
    ];
    assert_eq!(days(&ahead), (Some(0.0), 5));
}

#[test]
fn ready_again_on_the_day_of_getting_worse_is_another_period() {
    let on = |day: &str| json!({ "date": format!("2026-11-{day}") });
    let stay = |turns: &[(&'static str, &'static str, Value)]| {
        let out = ("discharged", "10 12:00", json!({ "method": "agreed" }));
        let came = ("admitted", "02 10:00", json!({ "method": "emergency" }));
        let view = view(five(&[&[came], turns, &[out]].concat()));
        let median = november(&view, "tr-delay-days-median").0.unwrap();
        (median, november(&view, "tr-delayed-nights").0.unwrap())
    };
    let worse = [
        ("ready", "05 09:00", on("05")),
        ("not-ready", "08 09:00", on("08")),
        ("ready", "08 16:00", on("08")),
    ];
    assert_eq!(stay(&worse), (2.0, 25.0));
    // Reported every day after that, it is still the same period.
    let daily = [&worse[..], &[("ready", "09 09:00", on("09"))]].concat();
    assert_eq!(stay(&daily), (2.0, 25.0));
    // Ready since its first day, said after a mistaken "not ready", and worse again in the end.
    let mistaken = [&worse[..2], &[("ready", "08 16:00", on("05"))]].concat();
    assert_eq!(stay(&mistaken), (5.0, 25.0));
    // Of one instant, the one recorded last corrects the other.
    let corrected = [&worse[..2], &[("ready", "08 09:00", on("08"))]].concat();
    assert_eq!(stay(&corrected), (5.0, 25.0));
    let in_the_end = [&worse[..], &[("not-ready", "08 18:00", on("08"))]].concat();
    assert_eq!(stay(&in_the_end), (0.0, 15.0));
}

#[test]
fn a_later_record_that_names_another_area_does_not_move_the_stay() {
    let admitted = |day| ("admitted", day, json!({ "method": "emergency" }));
    let elsewhere = |name, day| (name, day, json!({ "area": "havenshire-south" }));
    let left = ("discharged", "10 12:00", json!({ "method": "agreed" }));
    let home = |facts: &[_]| november(&view(five(facts)), "tr-delay-days-median").1;
    let stay = [
        admitted("02 10:00"),
        elsewhere("package-agreed", "06 10:00"),
        left.clone(),
    ];
    assert_eq!(home(&stay), 5);
    assert_eq!(
        home(&[
            elsewhere("package-agreed", "06 10:00"),
            left.clone(),
            admitted("02 10:00")
        ]),
        5
    );
    // The first record stands until the admission is known, and an admission is corrected by another one.
    let unknown = [
        ("social-care-referred", "03 10:00", nothing()),
        elsewhere("package-agreed", "06 10:00"),
        left.clone(),
    ];
    assert_eq!(home(&unknown), 5);
    let moved = json!({ "method": "emergency", "area": "havenshire-south" });
    assert_eq!(
        home(&[admitted("02 10:00"), left, ("admitted", "02 10:00", moved)]),
        0
    );
    let received =
        json!({ "service": "crisis-response", "priority": "urgent", "trigger": "crisis" });
    let referral = [
        ("received", "16 09:00", received),
        elsewhere("closed", "18 09:00"),
    ];
    let mut referral = of("referral", "r", &referral);
    referral[1].2["reason"] = json!("completed");
    assert_eq!(november(&view(referral), "md-urgent-2h"), (Some(0.0), 1));
}

#[test]
fn who_came_before_having_left_has_not_come_back() {
    // A stay that ends at noon of the 10th, and an emergency one that names it.
    let readmitted = |back: &str, method: Value| {
        let came = ("admitted", "02 10:00", json!({ "method": "elective" }));
        let stay = of(
            "transfer",
            "t-1",
            &[came, ("discharged", "10 12:00", method)],
        );
        let next = json!({ "method": "emergency", "previous": "t-1" });
        let next = of("transfer", "t-2", &[("admitted", back, next)]);
        november(&view([stay, next].concat()), "tr-readmitted-30").0
    };
    let agreed = || json!({ "method": "agreed" });
    assert_eq!(readmitted("10 09:00", agreed()), Some(0.0));
    assert_eq!(readmitted("10 15:00", agreed()), Some(1.0));
    assert_eq!(readmitted("11 09:00", agreed()), Some(1.0));
    // Of a date alone nobody can say: the day counts.
    assert_eq!(readmitted("10 00:00", agreed()), Some(1.0));
    let on_the_day = json!({ "method": "agreed", "date_only": true });
    assert_eq!(readmitted("10 09:00", on_the_day), Some(1.0));
    let referred_again = |again: &str| {
        let received = json!({ "service": "mdt", "priority": "routine", "trigger": "request" });
        let closed = ("closed", "10 12:00", json!({ "reason": "completed" }));
        let first = of(
            "referral",
            "r-1",
            &[("received", "02 10:00", received.clone()), closed],
        );
        let mut next = of("referral", "r-2", &[("received", again, received)]);
        next[0].2["previous"] = json!("r-1");
        november(&view([first, next].concat()), "md-rereferred-90").0
    };
    assert_eq!(referred_again("10 09:00"), Some(0.0));
    assert_eq!(referred_again("10 15:00"), Some(1.0));
}

#[test]
fn a_contact_long_before_the_need_is_not_a_case_until_a_date_is_corrected() {
    let early = || ("first-contact", "01 09:00", seen());
    let alone = view(crisis("early", "urgent", &[early()]));
    assert_eq!(november(&alone, "md-urgent-2h"), (None, 0));
    // With another contact, that counts; within a day people are seen while the need is written down.
    let both = crisis(
        "both",
        "urgent",
        &[early(), ("first-contact", "16 12:00", seen())],
    );
    assert_eq!(november(&view(both), "md-urgent-2h"), (Some(0.0), 1));
    let just = crisis("just", "urgent", &[("first-contact", "16 08:30", seen())]);
    assert_eq!(november(&view(just), "md-urgent-2h"), (Some(1.0), 1));
}

#[test]
fn who_died_or_was_not_taken_on_cannot_be_referred_again() {
    let received = json!({ "service": "mdt", "priority": "routine", "trigger": "request" });
    let closed = |id: &str, reason: &str, more: &[(&'static str, &'static str, Value)]| {
        let begun = ("received", "02 10:00", received.clone());
        let ended = ("closed", "10 10:00", json!({ "reason": reason }));
        of("referral", id, &[&[begun], more, &[ended]].concat())
    };
    let declined = ("declined", "03 10:00", json!({ "reason": "inappropriate" }));
    let all = [
        closed("completed", "completed", &[]),
        closed("died", "died", &[]),
        closed("declined", "nothing-further", &[declined]),
    ];
    assert_eq!(
        november(&view(all.concat()), "md-rereferred-90"),
        (Some(0.0), 1)
    );
}

#[test]
fn a_plan_is_asked_of_a_team_and_an_action_is_done_when_it_was_done_first() {
    let accepted = |id: &str, service: &str, more: &[(&'static str, &'static str, Value)]| {
        let received = json!({ "service": service, "priority": "routine", "trigger": "request" });
        let begun = [
            ("received", "02 10:00", received),
            ("accepted", "02 11:00", nothing()),
        ];
        of("referral", id, &[&begun, more].concat())
    };
    let plan = json!({ "agreed_by": "person-or-proxy", "personal_budget": "not-appropriate" });
    let opened = |due: &str| json!({ "action": "a", "owner": "health", "due": format!("2026-11-{due}"), "kind": "task" });
    let done = |at| ("action-done", at, json!({ "action": "a" }));
    let once = [
        ("plan-agreed", "04 10:00", plan),
        ("action-opened", "04 10:00", opened("06")),
        done("05 10:00"),
        done("09 10:00"),
    ];
    let again = [
        &once[1..],
        &[
            ("action-opened", "12 10:00", opened("14")),
            done("20 10:00"),
        ],
    ]
    .concat();
    let all = [
        accepted("planned", "mdt", &once),
        accepted("crisis", "crisis-response", &[]),
        accepted("reablement", "reablement", &[]),
    ];
    let view_of_all = view(all.concat());
    assert_eq!(november(&view_of_all, "md-plan-within-14d"), (Some(1.0), 1));
    assert_eq!(november(&view_of_all, "md-actions-on-time"), (Some(1.0), 1));
    // Opened again, it is to be done again.
    let never = &again[..again.len() - 1];
    for done_again in [again.as_slice(), never] {
        let again = view(accepted("again", "mdt", done_again));
        assert_eq!(november(&again, "md-actions-on-time"), (Some(0.0), 1));
    }
}

#[test]
fn what_happened_later_ends_a_referral_whichever_was_recorded_first() {
    let arrived = json!({ "service": "mdt", "priority": "routine", "trigger": "request" });
    let case = |id, then: [(&str, &str, Value); 2]| {
        let [first, second] = then;
        of(
            "referral",
            id,
            &[("received", "02 09:00", arrived.clone()), first, second],
        )
    };
    let view = view(
        [
            case(
                "sent-on",
                [
                    ("redirected", "02 15:00", json!({})),
                    ("accepted", "02 12:00", json!({})),
                ],
            ),
            case(
                "taken-on",
                [
                    ("accepted", "02 12:00", json!({})),
                    ("declined", "02 10:00", json!({ "reason": "duplicate" })),
                ],
            ),
        ]
        .concat(),
    );
    assert_eq!(november(&view, "md-accepted-share"), (Some(1.0), 2));
    // The one that was sent on within 14 days needs no plan any more.
    assert_eq!(november(&view, "md-plan-within-14d"), (Some(0.0), 1));
    let place = [AreaId::new(PLACE).unwrap()].into();
    let open = waiting::referrals(&view, &place, at("20 09:00"));
    let ids: Vec<&str> = open.iter().map(|w| w.referral.as_str()).collect();
    assert_eq!(ids, ["taken-on"]);
}

#[test]
fn the_last_word_on_a_pathway_stands_from_its_day_on_and_one_of_the_day_after_is_of_the_stay() {
    let came = || ("admitted", "02 09:00", json!({ "method": "emergency" }));
    let left = |day_time| ("discharged", day_time, json!({ "method": "agreed" }));
    let pathway = |day_time, date: &str, pathway: &str| {
        (
            "pathway-set",
            day_time,
            json!({ "date": date, "pathway": pathway }),
        )
    };
    let dated_back = of(
        "transfer",
        "dated-back",
        &[
            came(),
            pathway("03 10:00", "2026-11-10", "0"),
            pathway("08 10:00", "2026-11-08", "3"),
            left("12 15:00"),
        ],
    );
    let entered_late = of(
        "transfer",
        "entered-late",
        &[
            came(),
            left("08 15:00"),
            pathway("09 10:00", "2026-11-09", "1"),
        ],
    );
    assert_eq!(november(&view(dated_back), "tr-home-share"), (Some(0.0), 1));
    assert_eq!(
        november(&view(entered_late), "tr-home-share"),
        (Some(1.0), 1)
    );
}

#[test]
fn a_notice_that_is_withdrawn_when_its_week_is_final_was_not_called_off() {
    let notice = |id, withdrawn| {
        let given = (
            "discharge-notice-given",
            "03 10:00",
            json!({ "proposed": "2026-11-06" }),
        );
        of(
            "transfer",
            id,
            &[given, ("discharge-notice-withdrawn", withdrawn, json!({}))],
        )
    };
    let both = [notice("soon", "10 10:00"), notice("late", "11 10:00")].concat();
    assert_eq!(november(&view(both), "tr-failed-discharge"), (Some(0.5), 2));
}
