//! Improvement cycles.

use crate::story::{Dice, Told};
use serde_json::{Value, json};

/// One change, from its start to its end if it has one.
pub fn cycle(told: &mut Told, dice: &mut Dice, number: usize) {
    let area = dice.place();
    let day = dice.roll(40);
    let (at, length) = (dice.hour(day), dice.roll(12));
    let of = |mut data: Value| {
        data["change"] = json!(format!("c-{number}"));
        data["area"] = json!(area);
        data
    };
    told.say("change.started.v1", at, of(json!({})));
    let end = dice.hour(day + length).max(at);
    let (date, finished) = (end.date_naive(), dice.roll(4) > 0);
    if finished {
        let decision = dice.of(&["adopt", "adapt", "abandon"]);
        told.say(
            "change.finished.v1",
            end,
            of(json!({ "decision": decision })),
        );
        told.case("ch-cycle-days", area, date, length as f64, &[]);
        let by = [("decision", decision)];
        told.met("ch-adopted-share", area, date, decision == "adopt", &by);
    }
    told.span(
        "cycles",
        area,
        at.date_naive(),
        finished.then_some(date),
        &[],
    );
}
