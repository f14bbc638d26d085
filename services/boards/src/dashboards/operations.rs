//! Operations: first whether the pipeline tells the truth, then who waits, where, why and whose move it is.

use super::parts::{self, DAYS, bars, lines, stat, table};
use serde_json::{Value, json};

pub fn dashboard() -> Value {
    let mut panels = honest();
    panels.extend(waiting());
    parts::dashboard(
        "joinedup-operations",
        "Operations",
        "Who waits now, where, since when, and whose move it is. Read the first row first: numbers are only as fresh as their feeds.",
        // Places that are counted as they wait: of any other there is nothing here, which would read as nobody.
        vec![parts::places(
            "area",
            "Area",
            "group by (area) (joinedup_open_waits)",
            false,
        )],
        Vec::new(),
        panels,
    )
}

fn honest() -> Vec<Value> {
    vec![
        parts::row("Can these numbers be trusted?", 0),
        stat("Views", "What the projector is doing; live is right.", (0, 1), (3, 4))
            .now("max by (state) (joinedup_projector_state == 1)", "{{state}}")
            .option("textMode", json!("name"))
            .done(),
        stat("Newest event", "When the newest event that is counted here happened.", (3, 1), (4, 4))
            .now("max(joinedup_projector_watermark_timestamp_seconds) * 1000", "")
            .field("unit", json!("dateTimeFromNow"))
            .done(),
        stat("Sources late", "Sources that have not reported for longer than expected. What they would have reported is missing below.", (7, 1), (3, 4))
            .now(
                "count((time() - max by (source) (joinedup_source_last_event_timestamp_seconds)) > on (source) max by (source) (joinedup_source_expected_interval_seconds)) or 0 * max(joinedup_projector_watermark_timestamp_seconds)",
                "",
            )
            .field("thresholds", json!({ "mode": "absolute", "steps": [{ "color": "transparent", "value": null }, { "color": parts::ORANGE, "value": 1 }] }))
            .option("colorMode", json!("background"))
            .done(),
        stat("Rejected data", "Events that could not be read: each is missing from the numbers.", (10, 1), (4, 4))
            .now("sum(joinedup_projector_quarantined_events)", "")
            .field("thresholds", json!({ "mode": "absolute", "steps": [{ "color": "transparent", "value": null }, { "color": parts::ORANGE, "value": 1 }] }))
            .option("colorMode", json!("background"))
            .done(),
        parts::in_days(bars("Longest without data", "Days since each source last recorded anything, of those that are expected to go on reporting.", (14, 1), (10, 4))
            .now(&format!("topk(4, (time() - max by (source) (joinedup_source_last_event_timestamp_seconds)) / {DAYS} and on (source) joinedup_source_expected_interval_seconds)"), "{{source}}"))
            .field("noValue", json!("No source is expected yet"))
            .done(),
    ]
}

fn waiting() -> Vec<Value> {
    let here = "area=\"$area\"";
    // Where no part of a place is counted, as in a locality, the place stands for itself.
    let counted = "joinedup_area_info{parent=\"$area\"} and on (area) joinedup_open_waits";
    let inside = format!(
        "* on (area) group_left (title) max by (area, title) ({counted} or joinedup_area_info{{{here}}} unless on () ({counted}))"
    );
    let words =
        "* on (pathway) group_left (waits_for) max by (pathway, waits_for) (joinedup_pathway_info)";
    let oldest = "joinedup_open_wait_oldest_start_timestamp_seconds";
    // People in a hospital bed and referrals wait for different things, by different clocks.
    let people = |title: &str, description: &str, at, of: &str| {
        stat(title, description, at, (4, 4))
            .now(&format!("sum(joinedup_open_waits{{{here}, {of}}})"), "")
            .done()
    };
    let longest = |title: &str, description: &str, at, of: &str| {
        let query = format!("(time() - min({oldest}{{{here}, {of}}})) / {DAYS}");
        parts::in_days(stat(title, description, at, (4, 4)).now(&query, "")).done()
    };
    let (discharge, referral) = ("pathway=~\"discharge-.*\"", "pathway=~\"referral-.*\"");
    let over = |of: &str| format!("{of}, state=\"over_target\"");
    let list = |title: &str, description: &str, at, of: &str| {
        table(title, description, at, (12, 8))
            .rows(&format!("topk(12, (time() - {oldest}{{{of}}}) / {DAYS} {inside} {words})"))
            .fields("^title$", &[("displayName", json!("Place"))])
            .fields("^waits_for$", &[("displayName", json!("Waiting for"))])
            .fields("^(area|pathway|instance|job|__name__)$", &[("custom.hidden", json!(true))])
            .fields("^Value$", &[("unit", json!("suffix:days")), ("decimals", json!(1)), ("displayName", json!("Waiting")), ("custom.width", json!(110))])
            .transform(json!({ "id": "sortBy", "options": { "fields": {}, "sort": [{ "field": "Value", "desc": true }] } }))
            .done()
    };
    let over_time = |title: &str, at, of: &str| {
        lines(
            title,
            "As it was seen at each moment; later corrections do not change this line.",
            at,
            (12, 7),
        )
        .over_time(
            &format!("sum by (state) (joinedup_open_waits{{{here}, {of}}})"),
            "{{state}}",
        )
        .named([
            ("within_target", "Within target"),
            ("over_target", "Over target"),
            ("no_target", "No target"),
        ])
        // No half of a person along the axis.
        .field("decimals", json!(0))
        .set("timeFrom", json!("7d"))
        .done()
    };
    vec![
        parts::row("Ready for discharge in $area", 5),
        people("Ready for discharge", "People ready to leave a hospital bed and still in it.", (0, 6), discharge),
        people("Over target", "Those of them who should have left by midnight of the day on which they were ready.", (4, 6), &over(discharge)),
        longest("Longest wait", "How long the person who is ready longest has waited.", (8, 6), discharge),
        bars("Over target by pathway", "People over target, by where they leave to.", (12, 6), (12, 7))
            .now(&format!("sort_desc(max by (pathway) (joinedup_open_waits{{{here}, {}}}) {words})", over(discharge)), "{{waits_for}}")
            .done(),
        bars("Who needs to act", "People who are ready and have stayed a night or more, by who has to act.", (0, 10), (12, 5))
            .now(&format!("sort_desc(sum by (responsible) (joinedup_open_delays{{{here}}}))"), "{{responsible}}")
            .named([("nhs", "NHS"), ("social-care", "Social care"), ("both", "NHS and social care"), ("unattributed", "Not recorded")])
            .done(),
        bars("Reason for delay", "The same people by the reason recorded.", (0, 15), (12, 8))
            .now(&format!("topk(6, sum by (reason_title) (joinedup_open_delays{{{here}}}))"), "{{reason_title}}")
            // Names beside the bars would be cut.
            .option("namePlacement", json!("top"))
            .done(),
        bars("By place", "People over target in the places within $area.", (12, 13), (12, 5))
            .now(&format!("sort_desc(sum by (area) (joinedup_open_waits{{{}}}) {inside})", over(discharge)), "{{title}}")
            .done(),
        over_time("Ready for discharge over the last 7 days", (12, 18), discharge),
        list("Longest waits for discharge", "The longest wait of each pathway and place within $area. Rows of people are in the product's own list of who is waiting.", (0, 23), discharge),
        parts::Panel::new("alertlist", "Alerts for operations", "What is firing now, for operations.", (12, 25), (12, 6))
            .option("alertInstanceLabelFilter", json!("{team=\"operations\"}"))
            .option("groupMode", json!("default"))
            .option("maxItems", json!(20))
            .option("sortOrder", json!(3))
            .option("stateFilter", json!({ "error": true, "firing": true, "noData": false, "normal": false, "pending": true }))
            .option("viewMode", json!("list"))
            .done(),
        parts::row("Referrals waiting for a first contact in $area", 31),
        people("Referrals waiting", "Referrals that have had no first contact yet.", (0, 32), referral),
        people("Overdue", "Those of them that have missed their response time.", (4, 32), &over(referral)),
        longest("Longest, timed", "How long the longest referral that has a response time has waited: crisis response and reablement.", (8, 32), "pathway=~\"referral-(crisis-response|reablement)\""),
        bars("Overdue by service", "Referrals that have missed their response time, by service.", (12, 32), (12, 4))
            // Where no standard holds nobody is overdue, and a zero would read as praise.
            .now(&format!("sort_desc(max by (pathway) (joinedup_open_waits{{{here}, {}}} and on (pathway) joinedup_wait_target_seconds) {words})", over(referral)), "{{waits_for}}")
            .done(),
        list("Longest waits of referrals", "The longest wait of each service and place within $area, with a standard or without.", (0, 36), referral),
        over_time("Referrals waiting over the last 7 days", (12, 36), referral),
    ]
}
