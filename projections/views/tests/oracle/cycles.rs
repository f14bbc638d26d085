//! Improvement cycles.

use crate::story::{Dice, Story};
use serde_json::{Value, json};

/// One change, from its start to its end if it has one.
pub fn cycle(story: &mut Story, dice: &mut Dice, number: usize) {
    let area = dice.place();
    let day = dice.roll(40);
    let (at, length) = (dice.hour(day), dice.roll(12));
    let of = |mut data: Value| {
        data["change"] = json!(format!("c-{number}"));
        data["area"] = json!(area);
        data
    };
    story.publish("change.started.v1", at, of(json!({})));
    let end = dice.hour(day + length).max(at);
    let (date, finished) = (end.date_naive(), dice.roll(4) > 0);
    if finished {
        let decision = dice.of(&["adopt", "adapt", "abandon"]);
        story.publish(
            "change.finished.v1",
            end,
            of(json!({ "decision": decision })),
        );
        story.case("ch-cycle-days", area, date, length as f64, &[]);
        let by = [("decision", decision)];
        story.met("ch-adopted-share", area, date, decision == "adopt", &by);
    }
    story.span(
        "cycles",
        area,
        at.date_naive(),
        finished.then_some(date),
        &[],
    );
}
