//! Run charts, for improvement teams.

use super::parts::{self, Panel, run_chart, stat, table, variable};
use serde_json::{Value, json};

pub fn dashboard() -> Value {
    let places = "label_values(joinedup_run_chart_denominator{measure=\"$measure\"}, area)";
    let variables = vec![
        parts::measure(),
        parts::area(),
        variable("areas", "Compare", places, "", ("", ""), true),
    ];
    let this = "measure=\"$measure\", area=\"$area\"";
    let panels = vec![
        run_chart(
            Panel::new("timeseries", "$measure in $area", "Each point is one period, by when things happened. A grey point by itself is not complete yet and never judged. Flags are improvement changes.", (0, 0), (18, 12)),
            "$measure",
            "$area",
        )
        .done(),
        stat("Worth telling the team", "Whether chart rules are met by the latest judged period: 1 yes, 0 no; and which way.", (18, 0), (6, 4))
            .now(&format!("joinedup_run_chart_alert{{{this}}}"), "{{variation}}")
            .option("textMode", json!("value_and_name"))
            .done(),
        stat("Periods on this side of the centre line", "How many of the latest judged periods lie on one side of the centre line; below 0 when they lie under it.", (18, 4), (6, 4))
            .now(&format!("joinedup_run_chart_run_length{{{this}}}"), "")
            .done(),
        stat("Newest event", "When the newest event in these charts happened.", (18, 8), (6, 4))
            .now("max(joinedup_projector_watermark_timestamp_seconds) * 1000", "")
            .field("unit", json!("dateTimeFromNow"))
            .done(),
        table("What it is", "The measure's title, its unit on the pages, which way is better, who answers for it.", (0, 12), (18, 5))
            .rows("group by (title, unit, better, period, owner, outcome) (joinedup_measure_info{measure=\"$measure\"})")
            .fields("^Value$", &[("custom.hidden", json!(true))])
            .done(),
        table("Rules met", "Every chart rule that a period meets.", (18, 12), (6, 5))
            .rows(&format!("max by (period_start, rule) (joinedup_run_chart_signal{{{this}}})"))
            .transform(json!({ "id": "sortBy", "options": { "fields": {}, "sort": [{ "field": "period_start", "desc": true }] } }))
            .fields("^period_start$", &[("displayName", json!("Period from"))])
            .fields("^rule$", &[("displayName", json!("Rule"))])
            .fields("^Value$", &[("displayName", json!("Met")), ("mappings", json!([{ "type": "value", "options": { "0": { "text": "no" }, "1": { "text": "yes" } } }]))])
            .done(),
        table("Periods", "The latest periods: the value, and how many cases it is out of.", (0, 17), (24, 8))
            .rows(&format!("max by (__name__, period_start) ({{__name__=~\"joinedup_run_chart_(denominator|(provisional_)?({}))\", {this}}})", parts::units()))
            .by_period("__name__")
            .transform(json!({ "id": "sortBy", "options": { "fields": {}, "sort": [{ "field": "period_start\\__name__", "desc": true }] } }))
            .transform(json!({ "id": "limit", "options": { "limitField": "12" } }))
            .fields("_ratio$", &[("unit", json!("percentunit"))])
            .fields("_seconds$", &[("unit", json!("s"))])
            .fields("^period_start", &[("displayName", json!("Period from")), ("unit", json!("time:D MMM YYYY"))])
            .fields("^joinedup_run_chart_denominator$", &[("displayName", json!("Out of"))])
            .fields(&format!("^joinedup_run_chart_({})$", parts::units()), &[("displayName", json!("Value"))])
            .fields("^joinedup_run_chart_provisional_", &[("displayName", json!("Not yet complete"))])
            .done(),
        parts::row("The same measure, place by place", 25),
        run_chart(
            Panel::new("timeseries", "$measure in $areas", "The same measure in each place, in one scale.", (0, 26), (6, 7)),
            "$measure",
            "$areas",
        )
        .set("repeat", json!("areas"))
        .set("repeatDirection", json!("h"))
        .set("maxPerRow", json!(4))
        .done(),
    ];
    parts::dashboard(
        "joinedup-run-charts",
        "Run charts",
        "Is a change an improvement? By the chart rules of the NHS, on the periods in which things happened.",
        variables,
        vec![parts::changes("$measure")],
        panels,
    )
}
