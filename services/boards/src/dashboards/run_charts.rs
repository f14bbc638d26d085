//! Run charts, for improvement teams.

use super::parts::{self, Panel, run_chart, stat, table};
use serde_json::{Value, json};

/// Chart rules, in words.
const RULES: [(&str, &str); 7] = [
    ("shift", "Shift"),
    ("trend", "Trend"),
    ("long_run", "Long run"),
    ("level_change", "Change of level"),
    ("few_crossings", "Few crossings"),
    ("astronomical", "Outside a limit"),
    ("two_in_three", "Two in three"),
];

/// Words for what a field says in codes.
fn words(said: &[(&str, &str)]) -> Value {
    let text = |(code, words): &(&str, &str)| ((*code).to_owned(), json!({ "text": words }));
    let options: serde_json::Map<String, Value> = said.iter().map(text).collect();
    json!([{ "type": "value", "options": options }])
}

pub fn dashboard() -> Value {
    let variables = vec![
        parts::measure(),
        parts::area(),
        parts::places(
            "areas",
            "Compare",
            "joinedup_run_chart_denominator{measure=\"$measure\"}",
            ("", ""),
            true,
        ),
    ];
    let this = "measure=\"$measure\", area=\"$area\"";
    let panels = vec![
        run_chart(
            Panel::new("timeseries", "$measure in $area", "Each point is one period, by when things happened. A grey point by itself is not complete yet and never judged. Flags are improvement changes.", (0, 0), (18, 12)),
            "$measure",
            "$area",
        )
        .done(),
        stat("What the chart says", "What chart rules say of the latest judged period.", (18, 0), (6, 4))
            .now(&format!("joinedup_run_chart_alert{{{this}}}"), "{{variation}}")
            .option("textMode", json!("name"))
            .named(parts::VARIATIONS.map(|(code, words, _)| (code, words)))
            .done(),
        stat("Periods on this side of the centre line", "How many of the latest judged periods lie on one side of the centre line; below 0 when they lie under it.", (18, 4), (6, 4))
            .now(&format!("joinedup_run_chart_run_length{{{this}}}"), "")
            .done(),
        stat("Newest event", "When the newest event in these charts happened.", (18, 8), (6, 4))
            .now("max(joinedup_projector_watermark_timestamp_seconds) * 1000", "")
            .field("unit", json!("dateTimeFromNow"))
            .done(),
        table("What it is", "The measure's title, its unit on the pages, which way is better, who answers for it.", (0, 12), (18, 5))
            .rows(&format!("group by (title, unit, better, period, owner, outcome_title) (joinedup_measure_info{{measure=\"$measure\"}} {})", parts::OUTCOME_TITLE))
            .fields("^Value$", &[("custom.hidden", json!(true))])
            .fields("^title$", &[("displayName", json!("Measure")), ("custom.width", json!(260))])
            .fields("^better$", &[("displayName", json!("Better")), ("mappings", words(&[("down", "lower"), ("up", "higher"), ("none", "neither")]))])
            .fields("^outcome_title$", &[("displayName", json!("Outcome")), ("custom.width", json!(260))])
            .named([("unit", "Unit"), ("period", "Period"), ("owner", "Owner")])
            .done(),
        table("Rules met", "Every chart rule that a period meets.", (18, 12), (6, 5))
            .rows(&format!("max by (period_start, rule) (joinedup_run_chart_signal{{{this}}})"))
            .transform(json!({ "id": "convertFieldType", "options": { "fields": {}, "conversions": [{ "targetField": "period_start", "destinationType": "time" }] } }))
            .transform(json!({ "id": "sortBy", "options": { "fields": {}, "sort": [{ "field": "period_start", "desc": true }] } }))
            .transform(json!({ "id": "sortBy", "options": { "fields": {}, "sort": [{ "field": "Value", "desc": true }] } }))
            .fields("^period_start$", &[("displayName", json!("Period from")), ("unit", json!("time:D MMM YYYY")), ("custom.width", json!(110))])
            .fields("^rule$", &[("displayName", json!("Rule")), ("mappings", words(&RULES))])
            .fields("^Value$", &[("displayName", json!("Met")), ("mappings", words(&[("0", "no"), ("1", "yes")])), ("custom.width", json!(60))])
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
            Panel::new("timeseries", "$areas", "The same measure in each place, each in a scale of its own.", (0, 26), (6, 7)),
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
