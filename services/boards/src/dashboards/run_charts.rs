//! Run charts, for improvement teams.

use super::parts::{
    self, MIN_POINTS, Panel, WHY_ABSENT, at_one_scale, run_chart, stat, table, words_of,
};
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

/// Words for a place in [`WHY_ABSENT`].
fn why_absent() -> Value {
    let places: Vec<String> = (0..WHY_ABSENT.len()).map(|at| at.to_string()).collect();
    let said = places.iter().zip(WHY_ABSENT);
    let said: Vec<(&str, &str)> = said
        .map(|(at, (_, words, _))| (at.as_str(), words))
        .collect();
    words_of(&said)
}

pub fn dashboard() -> Value {
    let variables = vec![
        parts::measure(),
        parts::area(),
        parts::places(
            "areas",
            "Compare",
            // A place with a few points has no line to compare.
            &format!(
                "(count by (area) (joinedup_run_chart_denominator{{measure=\"$measure\"}}) >= {MIN_POINTS})"
            ),
            true,
        ),
        parts::daily(),
    ];
    let this = "measure=\"$measure\", area=\"$area\"";
    let panels = vec![
        run_chart(
            Panel::new("timeseries", "$measure in $area", "Each point is one period, by when things happened. Larger points meet a chart rule; a grey point by itself is not complete yet and never judged. Flags are changes that began or ended here or in a part of the place.", (0, 0), (18, 12)),
            "$measure",
            "$area",
        )
        .done(),
        stat("What the chart says", "What chart rules say of the latest judged period.", (18, 0), (6, 4))
            .now(&parts::said(this, "measure"), "{{variation}}")
            .option("textMode", json!("name"))
            .named(parts::VARIATIONS.map(|(code, words, _)| (code, words)))
            .done(),
        stat("Latest periods on one side", "How many of the latest judged periods lie on the same side of the median.", (18, 4), (6, 4))
            .now(&format!("joinedup_run_chart_run_length{{{this}}} > 0"), "above the median")
            .now(&format!("-(joinedup_run_chart_run_length{{{this}}} < 0)"), "below the median")
            .now(&format!("joinedup_run_chart_run_length{{{this}}} == 0"), "on the median")
            .option("textMode", json!("value_and_name"))
            .field("noValue", json!("Not judged"))
            .done(),
        stat("Newest event", "When the newest event in these charts happened.", (18, 8), (6, 4))
            .now("max(joinedup_projector_watermark_timestamp_seconds) * 1000", "")
            .field("unit", json!("dateTimeFromNow"))
            .done(),
        table("What it is", "The measure's title, its unit on the pages, which way is better, who answers for it.", (0, 12), (18, 5))
            .rows(&format!("group by (title, unit, better, period, owner, outcome_title) (joinedup_measure_info{{measure=\"$measure\"}} {})", parts::OUTCOME_TITLE))
            .fields("^Value$", &[("custom.hidden", json!(true))])
            .fields("^title$", &[("displayName", json!("Measure")), ("custom.width", json!(260))])
            .fields("^better$", &[("displayName", json!("Better")), ("mappings", words_of(&[("down", "lower"), ("up", "higher"), ("none", "neither")]))])
            .fields("^outcome_title$", &[("displayName", json!("Outcome")), ("custom.width", json!(260))])
            .named([("unit", "Unit"), ("period", "Period"), ("owner", "Owner")])
            .done(),
        table("Rules met", "Every chart rule that a period meets.", (18, 12), (6, 5))
            .rows(&format!("max by (period_start, rule) (joinedup_run_chart_signal{{{this}}})"))
            .transform(json!({ "id": "convertFieldType", "options": { "fields": {}, "conversions": [{ "targetField": "period_start", "destinationType": "time" }] } }))
            .transform(json!({ "id": "sortBy", "options": { "fields": {}, "sort": [{ "field": "period_start", "desc": true }] } }))
            .transform(json!({ "id": "sortBy", "options": { "fields": {}, "sort": [{ "field": "Value", "desc": true }] } }))
            .fields("^period_start$", &[("displayName", json!("Period from")), ("unit", json!("time:D MMM YYYY")), ("custom.width", json!(110))])
            .fields("^rule$", &[("displayName", json!("Rule")), ("mappings", words_of(&RULES))])
            .fields("^Value$", &[("displayName", json!("Met")), ("mappings", words_of(&[("0", "no"), ("1", "yes")])), ("custom.width", json!(60))])
            .done(),
        // Units before names: a rule by a pattern sees the name that was given last.
        parts::time_units(table("Periods", "The latest periods: the value, and how many cases it is out of.", (0, 17), (24, 8)))
            .rows(&format!("max by (line, period_start) ({})", parts::periods("$measure", "$area")))
            .by_period("line")
            .transform(json!({ "id": "sortBy", "options": { "fields": {}, "sort": [{ "field": "period_start\\line", "desc": true }] } }))
            .transform(json!({ "id": "limit", "options": { "limitField": "12" } }))
            .fields("^period_start", &[("displayName", json!("Period from")), ("unit", json!("time:D MMM YYYY"))])
            .fields("^denominator$", &[("displayName", json!("Out of"))])
            .fields("^provisional_", &[("displayName", json!("Not yet complete"))])
            .fields("^why$", &[("displayName", json!("Why there is none")), ("mappings", why_absent())])
            // A pattern that rules names out would also see the names given above.
            .fields(&format!("^({})$", parts::people_units()), &[("displayName", json!("Value"))])
            .done(),
        parts::row("The same measure, place by place", 25),
        at_one_scale(
            Panel::new("timeseries", "$areas", "The same measure in each place, those of a kind at one scale. Places with fewer than 12 points are left out. Places differ in more than their care: do not rank them.", (0, 26), (6, 7)),
            "$measure",
            "$areas",
        )
        .set("repeat", json!("areas"))
        .set("repeatDirection", json!("h"))
        .set("maxPerRow", json!(4))
        .done(),
        parts::row("Day by day in $area", 33),
        run_chart(
            Panel::new("timeseries", "$daily", "The last 12 weeks. Of people who wait one day a week is judged, because who waits today waited yesterday too.", (0, 34), (24, 8)),
            "$daily",
            "$area",
        )
        .set("timeFrom", parts::weeks_by_day())
        .done(),
    ];
    parts::dashboard(
        "joinedup-run-charts",
        "Run charts",
        "Is a change an improvement? By the chart rules of the NHS, on the periods in which things happened.",
        variables,
        parts::changes("$measure", "$area"),
        panels,
    )
}
