//! Operations: first whether the pipeline tells the truth, then who waits, where, why and whose move it is.

use super::parts::{self, bars, lines, stat, table};
use serde_json::{Value, json};

pub fn dashboard() -> Value {
    let mut panels = honest();
    panels.extend(waiting());
    parts::dashboard(
        "joinedup-operations",
        "Operations",
        "Who waits now, where, since when, and whose move it is. Read the first row first: numbers are only as fresh as their feeds.",
        vec![parts::area()],
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
        stat("Silent sources", "Sources not heard of for longer than they are expected to be. What they would have said is missing below.", (7, 1), (3, 4))
            .now(
                "count((time() - max by (source) (joinedup_source_last_event_timestamp_seconds)) > on (source) max by (source) (joinedup_source_expected_interval_seconds)) or vector(0)",
                "",
            )
            .field("thresholds", json!({ "mode": "absolute", "steps": [{ "color": "transparent", "value": null }, { "color": parts::ORANGE, "value": 1 }] }))
            .option("colorMode", json!("background"))
            .done(),
        stat("Events set aside", "Events that could not be read: each is missing from the numbers.", (10, 1), (4, 4))
            .now("sum(joinedup_projector_quarantined_events)", "")
            .field("thresholds", json!({ "mode": "absolute", "steps": [{ "color": "transparent", "value": null }, { "color": parts::ORANGE, "value": 1 }] }))
            .option("colorMode", json!("background"))
            .done(),
        bars("Longest unheard of", "Time since each source last recorded anything.", (14, 1), (10, 4))
            .now("topk(4, time() - max by (source) (joinedup_source_last_event_timestamp_seconds))", "{{source}}")
            .field("unit", json!("s"))
            .done(),
    ]
}

fn waiting() -> Vec<Value> {
    let here = "area=\"$area\"";
    let inside = "* on (area) group_left (title) max by (area, title) (joinedup_area_info{parent=\"$area\"})";
    let words =
        "* on (pathway) group_left (waits_for) max by (pathway, waits_for) (joinedup_pathway_info)";
    vec![
        parts::row("Waiting now in $area", 5),
        stat("Over target", "People who have waited longer than the target of their pathway.", (0, 6), (4, 7))
            .now(&format!("sum(joinedup_open_waits{{{here}, state=\"over_target\"}})"), "")
            .done(),
        stat("Waiting at all", "Everybody who waits, in time or not.", (4, 6), (4, 7))
            .now(&format!("sum(joinedup_open_waits{{{here}}})"), "")
            .done(),
        stat("Longest wait", "How long the longest of the open waits has lasted.", (8, 6), (4, 7))
            .now(&format!("time() - min(joinedup_open_wait_oldest_start_timestamp_seconds{{{here}}})"), "")
            .field("unit", json!("s"))
            .done(),
        bars("Over target by pathway", "People past the target, by what they wait for.", (12, 6), (12, 7))
            .now(&format!("sort_desc(max by (pathway) (joinedup_open_waits{{{here}, state=\"over_target\"}}) {words})"), "{{waits_for}}")
            .done(),
        bars("Whose move it is", "People ready to leave hospital and still there after a night, by who has to act.", (0, 13), (6, 7))
            .now(&format!("sort_desc(sum by (responsible) (joinedup_open_delays{{{here}}}))"), "{{responsible}}")
            .named([("nhs", "NHS"), ("social-care", "Social care"), ("both", "NHS and social care"), ("unattributed", "Not said")])
            .done(),
        bars("Why", "The same people by the reason recorded.", (6, 13), (12, 7))
            .now(&format!("topk(8, sum by (reason_title) (joinedup_open_delays{{{here}}}))"), "{{reason_title}}")
            .done(),
        bars("Where", "People past the target in the places within $area.", (18, 13), (6, 7))
            .now(&format!("sort_desc(sum by (area) (joinedup_open_waits{{state=\"over_target\"}}) {inside})"), "{{title}}")
            .done(),
        table("The longest waits", "The oldest open wait of each pathway and place within $area. Names and numbers of people are in the product's own list of who is waiting.", (0, 20), (12, 8))
            .rows(&format!("topk(12, (time() - joinedup_open_wait_oldest_start_timestamp_seconds) {inside} {words})"))
            .fields("^title$", &[("displayName", json!("Place"))])
            .fields("^waits_for$", &[("displayName", json!("Waiting for"))])
            .fields("^(area|pathway|instance|job|__name__)$", &[("custom.hidden", json!(true))])
            .fields("^Value$", &[("unit", json!("s")), ("displayName", json!("For how long"))])
            .transform(json!({ "id": "sortBy", "options": { "fields": {}, "sort": [{ "field": "Value", "desc": true }] } }))
            .done(),
        parts::Panel::new("alertlist", "Alerts for operations", "What is firing now, for operations.", (12, 20), (12, 8))
            .option("alertInstanceLabelFilter", json!("{team=\"operations\"}"))
            .option("groupMode", json!("default"))
            .option("maxItems", json!(20))
            .option("sortOrder", json!(3))
            .option("stateFilter", json!({ "error": true, "firing": true, "noData": false, "normal": false, "pending": true }))
            .option("viewMode", json!("list"))
            .done(),
        lines("Waiting over the last days", "As it was seen at each moment; later corrections do not change this line.", (0, 28), (24, 7))
            .over_time(&format!("sum by (state) (joinedup_open_waits{{{here}}})"), "{{state}}")
            .named([("within_target", "Within target"), ("over_target", "Over target"), ("no_target", "No target")])
            .set("timeFrom", json!("7d"))
            .done(),
    ]
}
