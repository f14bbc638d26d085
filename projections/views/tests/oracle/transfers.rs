//! Stays in hospital.

use crate::story::{Dice, Story, london, minutes, weekend};
use chrono::{DateTime, Days, NaiveTime, TimeDelta, Timelike, Utc};
use serde_json::{Value, json};

/// One stay, and perhaps the next one of the same person.
pub fn stay(story: &mut Story, dice: &mut Dice, number: usize) {
    let area = dice.place();
    let of = |mut data: Value| {
        data["transfer"] = json!(format!("t-{number}"));
        data["area"] = json!(area);
        data
    };
    let day = dice.roll(50);
    let admitted = dice.hour(day);
    let emergency = dice.roll(4) > 0;
    let admission = if emergency { "emergency" } else { "elective" };
    story.publish(
        "transfer.admitted.v1",
        admitted,
        of(json!({ "method": admission })),
    );
    let length = dice.roll(9);
    let out = dice
        .hour(day + length)
        .max(admitted + TimeDelta::minutes(30));
    let (left, gone) = (dice.roll(12) > 0, out.date_naive());
    let expected = (dice.roll(3) > 0).then(|| {
        let set = admitted + TimeDelta::hours(1 + dice.roll(40) as i64);
        (set, admitted.date_naive() + Days::new(dice.roll(8)))
    });
    if let Some((set, date)) = expected {
        story.publish(
            "transfer.expected-date-set.v1",
            set,
            of(json!({ "expected": date })),
        );
    }
    let day_old = admitted + TimeDelta::hours(24);
    if !left || out > day_old {
        let met = expected.is_some_and(|(set, _)| set <= day_old);
        story.met("tr-edd-within-24h", area, day_old.date_naive(), met, &[]);
    }
    if dice.one_in(2) {
        social_care(story, dice, area, admitted, &of);
    }
    let pathway = (dice.roll(5) > 0).then(|| dice.roll(4));
    let code = pathway.map_or("unknown".to_owned(), |p| p.to_string());
    let code = code.as_str();
    if pathway.is_some() {
        story.publish(
            "transfer.pathway-set.v1",
            admitted,
            of(json!({ "date": admitted.date_naive(), "pathway": code })),
        );
    }
    let ready =
        (dice.roll(3) > 0).then(|| admitted.date_naive() + Days::new(dice.roll(length + 1)));
    let mut cause = ("unknown", "unattributed");
    if let Some(ready) = ready {
        story.publish("transfer.ready.v1", admitted, of(json!({ "date": ready })));
        cause = dice.of(&[
            ("home-care-package", "social-care"),
            ("housing-not-care-act", "nhs"),
            ("unknown", "unattributed"),
        ]);
        if cause.0 != "unknown" {
            let reason = json!({ "date": ready, "reason": cause.0, "responsible": cause.1 });
            story.publish("transfer.delay-reason-set.v2", admitted, of(reason));
        }
        let by = [
            ("pathway", code),
            ("reason", cause.0),
            ("responsible", cause.1),
        ];
        story.span("waiting", area, ready, left.then_some(gone), &by);
    }
    if dice.one_in(2) {
        let given = admitted + TimeDelta::minutes(5);
        let ahead = dice.roll(3);
        story.publish(
            "transfer.discharge-notice-given.v1",
            given,
            of(json!({ "proposed": given.date_naive() + Days::new(ahead) })),
        );
        let called_off = dice.one_in(4);
        if called_off {
            story.publish(
                "transfer.discharge-notice-withdrawn.v1",
                given + TimeDelta::minutes(9),
                of(json!({})),
            );
        }
        story.met("tr-notice-lead", area, given.date_naive(), ahead > 0, &[]);
        story.met(
            "tr-failed-discharge",
            area,
            given.date_naive(),
            called_off,
            &[],
        );
    }
    if !left {
        return;
    }
    let died = dice.one_in(10);
    story.publish(
        "transfer.discharged.v1",
        out,
        of(json!({ "method": if died { "died" } else { "agreed" } })),
    );
    if died {
        return;
    }
    if let Some((_, date)) = expected {
        let slip = (gone - date).num_days() as f64;
        story.case("tr-edd-slip-days", area, gone, slip, &[]);
    }
    let early = london(out) <= NaiveTime::from_hms_opt(17, 0, 0).unwrap();
    let by = [
        ("admission", admission),
        ("clock", if early { "by-17" } else { "after-17" }),
        ("day", if weekend(gone) { "weekend" } else { "weekday" }),
        ("pathway", code),
    ];
    if let Some(pathway) = pathway {
        story.met("tr-home-share", area, gone, pathway < 2, &by);
    }
    story.met("tr-before-17", area, gone, early, &by);
    if emergency {
        story.met("tr-weekend-share", area, gone, weekend(gone), &by);
    }
    if gone > admitted.date_naive() {
        let delay = ready.map_or(0, |ready| (gone - ready).num_days().max(0)) as f64;
        let cause = if delay > 0.0 { cause } else { ("none", "none") };
        let by = [
            ("pathway", code),
            ("reason", cause.0),
            ("responsible", cause.1),
        ];
        story.case("tr-delay-days-median", area, gone, delay, &by);
        story.case("tr-delay-days-p90", area, gone, delay, &by);
        story.met("tr-delayed-share", area, gone, delay >= 1.0, &by);
    }
    let back = dice
        .one_in(3)
        .then(|| back_again(story, dice, (number, area), out));
    let soon = back.is_some_and(|(at, urgent)| urgent && (at.date_naive() - gone).num_days() <= 30);
    story.met("tr-readmitted-30", area, gone, soon, &[]);
}

/// Referral to social care, assessment and package, kept within the day that they began on, whatever the hour.
fn social_care(
    story: &mut Story,
    dice: &mut Dice,
    area: &'static str,
    admitted: DateTime<Utc>,
    of: &impl Fn(Value) -> Value,
) {
    let referred = admitted + TimeDelta::hours(2);
    let assessed = referred + TimeDelta::minutes(dice.roll(900) as i64);
    let agreed = assessed + TimeDelta::minutes(dice.roll(600) as i64);
    let same = |at: DateTime<Utc>| at.date_naive() == admitted.date_naive() && at.hour() < 22;
    if !same(assessed) {
        return;
    }
    story.publish("transfer.social-care-referred.v1", referred, of(json!({})));
    story.publish("transfer.assessment-finished.v1", assessed, of(json!({})));
    let hours = minutes(referred, assessed) / 60.0;
    story.case(
        "tr-assessment-hours-median",
        area,
        assessed.date_naive(),
        hours,
        &[],
    );
    if same(agreed) {
        story.publish("transfer.package-agreed.v1", agreed, of(json!({})));
        let days = minutes(assessed, agreed) / 1440.0;
        story.case(
            "tr-package-days-median",
            area,
            agreed.date_naive(),
            days,
            &[],
        );
    }
}

/// A later stay that says whose it follows: when it began, and whether as an emergency.
fn back_again(
    story: &mut Story,
    dice: &mut Dice,
    (number, area): (usize, &'static str),
    out: DateTime<Utc>,
) -> (DateTime<Utc>, bool) {
    let at = out + TimeDelta::days(dice.roll(45) as i64);
    let urgent = dice.roll(4) > 0;
    let method = if urgent { "emergency" } else { "elective" };
    story.publish(
        "transfer.admitted.v1",
        at,
        json!({ "transfer": format!("t-{number}-back"), "area": area, "method": method, "previous": format!("t-{number}") }),
    );
    let day_old = (at + TimeDelta::hours(24)).date_naive();
    story.met("tr-edd-within-24h", area, day_old, false, &[]);
    (at, urgent)
}
