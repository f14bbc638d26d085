//! Referrals to a neighbourhood team.

use crate::story::{Dice, Story, minutes, out_of_hours};
use chrono::{DateTime, Days, TimeDelta, Utc};
use serde_json::{Value, json};

/// A referral as it arrived.
struct Arrival {
    at: DateTime<Utc>,
    day: u64,
    area: &'static str,
    service: &'static str,
    priority: &'static str,
    trigger: &'static str,
}

impl Arrival {
    fn new(dice: &mut Dice, day: u64) -> Self {
        Self {
            at: dice.hour(day),
            day,
            area: dice.place(),
            service: dice.of(&["mdt", "crisis-response", "reablement"]),
            priority: dice.of(&["routine", "urgent", "urgent"]),
            trigger: dice.of(&["case-finding", "risk-list", "crisis", "request"]),
        }
    }

    fn hours(&self) -> &'static str {
        if out_of_hours(self.at) { "out" } else { "in" }
    }

    fn publish(&self, story: &mut Story, id: &str, previous: Option<String>) {
        story.publish(
            "referral.received.v1",
            self.at,
            json!({ "referral": id, "area": self.area, "service": self.service, "priority": self.priority,
                "trigger": self.trigger, "previous": previous }),
        );
        let by = [
            ("hours", self.hours()),
            ("priority", self.priority),
            ("service", self.service),
            ("trigger", self.trigger),
        ];
        let found = matches!(self.trigger, "case-finding" | "risk-list");
        story.met(
            "md-proactive-share",
            self.area,
            self.at.date_naive(),
            found,
            &by,
        );
    }
}

/// One referral, and perhaps the next one of the same person.
pub fn referral(story: &mut Story, dice: &mut Dice, number: usize) {
    let day = dice.roll(50);
    let arrival = Arrival::new(dice, day);
    let (at, area, service) = (arrival.at, arrival.area, arrival.service);
    let id = format!("r-{number}");
    let of = |mut data: Value| {
        data["referral"] = json!(id);
        data["area"] = json!(area);
        data
    };
    arrival.publish(story, &id, None);
    if dice.one_in(7) {
        // Withdrawn before anybody came, within two hours or after.
        let withdrawn = at + TimeDelta::minutes(20 + dice.roll(150) as i64);
        story.publish("referral.withdrawn.v1", withdrawn, of(json!({})));
        standards(story, &arrival, None, Some(withdrawn));
        let (from, until) = (at.date_naive(), withdrawn.date_naive());
        story.span("caseload", area, from, Some(until), &[("service", service)]);
        return;
    }
    let triaged = dice.later(day + 1, 2);
    story.publish("referral.triaged.v1", triaged, of(json!({})));
    story.case(
        "md-triage-hours",
        area,
        triaged.date_naive(),
        minutes(at, triaged) / 60.0,
        &[("service", service)],
    );
    if dice.one_in(5) {
        let declined = triaged + TimeDelta::minutes(1);
        story.publish(
            "referral.declined.v1",
            declined,
            of(json!({ "reason": "duplicate" })),
        );
        let by = [("outcome", "declined"), ("reason", "duplicate")];
        let date = declined.date_naive();
        story.met("md-accepted-share", area, date, false, &by);
        standards(story, &arrival, None, Some(declined));
        story.span(
            "caseload",
            area,
            at.date_naive(),
            Some(date),
            &[("service", service)],
        );
        return;
    }
    let accepted = triaged + TimeDelta::minutes(2);
    story.publish("referral.accepted.v1", accepted, of(json!({})));
    let by = [("outcome", "accepted"), ("reason", "none")];
    story.met("md-accepted-share", area, accepted.date_naive(), true, &by);
    contact(story, dice, &arrival, &of);
    meeting(story, dice, &arrival, accepted, &of);
    let closed = dice
        .roll(3)
        .gt(&0)
        .then(|| dice.later(day + 20, 20).max(accepted));
    story.span(
        "caseload",
        area,
        at.date_naive(),
        closed.map(|c| c.date_naive()),
        &[("service", service)],
    );
    let Some(closed) = closed else { return };
    if dice.one_in(5) {
        // Sent on after it was taken on: it was taken on all the same.
        let sent_on = of(json!({}));
        story.publish("referral.redirected.v1", closed, sent_on);
        return;
    }
    story.publish(
        "referral.closed.v1",
        closed,
        of(json!({ "reason": "completed" })),
    );
    let again = dice.one_in(3).then(|| {
        let mut next = Arrival::new(dice, 0);
        next.at = closed + TimeDelta::days(dice.roll(110) as i64);
        (next.area, next.service) = (area, "mdt");
        next.publish(story, &format!("r-{number}-again"), Some(id.clone()));
        let service = [("service", "mdt")];
        story.span("caseload", area, next.at.date_naive(), None, &service);
        next.at
    });
    let soon =
        again.is_some_and(|again| (again.date_naive() - closed.date_naive()).num_days() <= 90);
    story.met("md-rereferred-90", area, closed.date_naive(), soon, &[]);
}

fn contact(story: &mut Story, dice: &mut Dice, arrival: &Arrival, of: &impl Fn(Value) -> Value) {
    let at = arrival.at;
    let contact = (dice.roll(5) > 0).then(|| {
        if dice.one_in(2) {
            at + TimeDelta::minutes(30 + dice.roll(100) as i64)
        } else {
            dice.later(arrival.day + 1, 4)
        }
    });
    if let Some(contact) = contact {
        story.publish(
            "referral.first-contact.v1",
            contact,
            of(json!({ "face_to_face": true })),
        );
    }
    standards(story, arrival, contact, None);
}

/// What is to be met by a contact: what ended without one before it was missed says nothing.
fn standards(
    story: &mut Story,
    arrival: &Arrival,
    contact: Option<DateTime<Utc>>,
    ended: Option<DateTime<Utc>>,
) {
    let (at, area, service) = (arrival.at, arrival.area, arrival.service);
    let ended = ended.filter(|_| contact.is_none());
    let within = |until: DateTime<Utc>| match service {
        "reablement" => (until.date_naive() - at.date_naive()).num_days() <= 2,
        _ => minutes(at, until) <= 120.0,
    };
    if ended.is_some_and(within) {
        return;
    }
    let in_two_hours = contact.is_some_and(|c| minutes(at, c) <= 120.0);
    let nights = contact.map(|c| (c.date_naive() - at.date_naive()).num_days());
    let urgent = service == "crisis-response" && arrival.priority == "urgent";
    if urgent {
        let by = [
            ("hours", arrival.hours()),
            ("priority", arrival.priority),
            ("service", service),
        ];
        story.met("md-urgent-2h", area, at.date_naive(), in_two_hours, &by);
    }
    if let (Some(contact), Some(nights), "reablement") = (contact, nights, service) {
        story.met(
            "md-reablement-2d",
            area,
            contact.date_naive(),
            nights <= 2,
            &[],
        );
    }
    if arrival.hours() == "out" && (urgent || service == "reablement") {
        let met = if service == "reablement" {
            nights.is_some_and(|n| n <= 2)
        } else {
            in_two_hours
        };
        let by = [("service", service)];
        story.met("md-out-of-hours-met", area, at.date_naive(), met, &by);
    }
}

fn meeting(
    story: &mut Story,
    dice: &mut Dice,
    arrival: &Arrival,
    accepted: DateTime<Utc>,
    of: &impl Fn(Value) -> Value,
) {
    let (at, area, service) = (arrival.at, arrival.area, arrival.service);
    let discussed = dice.later(arrival.day + 3, 12);
    let date = discussed.date_naive();
    let (both, record) = (dice.roll(3) > 0, dice.one_in(2));
    let sectors = ["health", if both { "social-care" } else { "housing" }];
    story.publish(
        "referral.discussed.v1",
        discussed,
        of(json!({ "sectors": sectors, "shared_record": record, "outcome": "plan" })),
    );
    let yes = |b| if b { "yes" } else { "no" };
    let by = [
        ("both_sectors", yes(both)),
        ("outcome", "plan"),
        ("shared_record", yes(record)),
    ];
    story.met("md-both-sectors-present", area, date, both, &by);
    story.met("md-shared-record-open", area, date, record, &by);
    for measure in ["md-discussion-days-median", "md-discussion-days-p90"] {
        let days = minutes(at, discussed) / 1440.0;
        story.case(measure, area, date, days, &[("service", service)]);
    }
    let plan = (dice.roll(4) > 0).then(|| discussed + TimeDelta::days(dice.roll(9) as i64));
    let in_time = plan.is_some_and(|p| minutes(accepted, p) <= 14.0 * 1440.0);
    let by = [("service", service)];
    if service == "mdt" {
        story.met(
            "md-plan-within-14d",
            area,
            accepted.date_naive(),
            in_time,
            &by,
        );
    }
    let Some(plan) = plan else { return };
    let agreed_by = dice.of(&["person-or-proxy", "clinical-team"]);
    let budget = dice.of(&["agreed", "not-agreed", "not-appropriate"]);
    story.publish(
        "referral.plan-agreed.v1",
        plan,
        of(json!({ "agreed_by": agreed_by, "personal_budget": budget })),
    );
    let by = [("agreed_by", agreed_by), ("personal_budget", budget)];
    let date = plan.date_naive();
    let own = agreed_by == "person-or-proxy";
    story.met("md-plan-agreed-by-person", area, date, own, &by);
    if budget != "not-appropriate" {
        story.met(
            "md-personal-budget-share",
            area,
            date,
            budget == "agreed",
            &by,
        );
    }
    let due = date + Days::new(4);
    let owner = dice.of(&["health", "social-care"]);
    story.publish(
        "referral.action-opened.v1",
        plan,
        of(json!({ "action": "a-1", "owner": owner, "due": due, "kind": "resource-request" })),
    );
    let done = plan + TimeDelta::days(dice.roll(8) as i64);
    story.publish(
        "referral.action-done.v1",
        done,
        of(json!({ "action": "a-1" })),
    );
    let on_time = done.date_naive() <= due;
    story.met(
        "md-actions-on-time",
        area,
        due,
        on_time,
        &[("owner", owner)],
    );
    let granted = dice.one_in(2);
    story.publish(
        "referral.resource-decided.v1",
        done,
        of(json!({ "action": "a-1", "granted": granted })),
    );
    let date = done.date_naive();
    let hours = minutes(plan, done) / 60.0;
    story.case("md-resource-decision-hours", area, date, hours, &[]);
    story.met("md-resource-granted", area, date, granted, &[]);
}
