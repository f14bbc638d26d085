//! Leaders: outcome by outcome, state and trend, in words beside colours.

use super::parts::{self, Panel, run_chart, stat, table, variable};
use serde_json::{Value, json};

pub fn dashboard() -> Value {
    let variables = vec![
        parts::area(),
        parts::outcome(),
        variable(
            "measures",
            "Measures",
            // Those that have a chart in the area: a county has none of what is counted nationally alone.
            "query_result(group by (measure, title) (joinedup_measure_info{outcome=\"$outcome\"} and on (measure) joinedup_run_chart_denominator{area=\"$area\"}))",
            parts::MEASURE,
            ("", ""),
            true,
        ),
        parts::framework(),
        parts::places(
            "rated",
            "Rated place",
            "joinedup_assessment_round_level{framework=\"$framework\"}",
            ("North Havenshire", "havenshire-north"),
            false,
        ),
    ];
    let mut panels = vec![
        parts::row("$outcome in $area", 0),
        words(),
        stat(
            "Newest event",
            "When the newest event in these numbers happened.",
            (18, 1),
            (6, 4),
        )
        .now(
            "max(joinedup_projector_watermark_timestamp_seconds) * 1000",
            "",
        )
        .field("unit", json!("dateTimeFromNow"))
        .done(),
        stat(
            "Charts with something to say",
            "Charts of the outcome whose latest period meets a chart rule.",
            (18, 5),
            (6, 4),
        )
        .now(
            &format!("sum({} == bool 1)", of_outcome("joinedup_run_chart_alert")),
            "",
        )
        .done(),
        then_and_now("Shares: then and now", "ratio", "percentunit", (0, 9)),
        then_and_now("Times: then and now", "seconds", "s", (12, 9)),
        parts::row("Trends", 17),
        run_chart(
            Panel::new(
                "timeseries",
                "$measures",
                "Each point is one period. A grey point by itself is not complete yet.",
                (0, 18),
                (8, 7),
            ),
            "$measures",
            "$area",
        )
        .set("repeat", json!("measures"))
        .set("repeatDirection", json!("h"))
        .set("maxPerRow", json!(3))
        .done(),
    ];
    panels.extend(ratings());
    parts::dashboard(
        "joinedup-leaders",
        "Leaders",
        "Each outcome's state and trend, and how places rate themselves on the logic model, against what they want to reach.",
        variables,
        Vec::new(),
        panels,
    )
}

/// A chart's metric in the area, with the titles of the measures that serve the outcome.
fn of_outcome(metric: &str) -> String {
    format!(
        "max by (measure, variation) ({metric}{{area=\"$area\"}}) * on (measure) group_left (title) max by (measure, title) (joinedup_measure_info{{outcome=\"$outcome\"}})"
    )
}

fn words() -> Value {
    let mapping: serde_json::Map<String, Value> = parts::VARIATIONS
        .into_iter()
        .map(|(code, text, colour)| {
            (
                code.to_owned(),
                json!({ "text": text, "color": colour, "index": 0 }),
            )
        })
        .collect();
    table(
        "In words",
        "What chart rules say of the latest judged period of each measure that serves the outcome.",
        (0, 1),
        (18, 8),
    )
    .rows(&of_outcome("joinedup_run_chart_alert"))
    .fields(
        "^variation$",
        &[
            ("displayName", json!("What the chart says")),
            ("mappings", json!([{ "type": "value", "options": mapping }])),
            ("custom.cellOptions", json!({ "type": "color-text" })),
        ],
    )
    .fields("^title$", &[("displayName", json!("Measure"))])
    .fields("^(measure|Value)$", &[("custom.hidden", json!(true))])
    .done()
}

fn then_and_now(title: &str, unit: &str, shown: &str, at: (u32, u32)) -> Value {
    let names = format!("joinedup_run_chart_(first_median|latest_median|latest)_{unit}");
    table(title, "The centre line that the chart began with, the one it has now, and the latest judged period.", at, (12, 8))
        .rows(&format!(
            "max by (line, title) (label_replace({{__name__=~\"{names}\", area=\"$area\"}}, \"line\", \"$1\", \"__name__\", \"{names}\") * on (measure) group_left (title) max by (measure, title) (joinedup_measure_info{{outcome=\"$outcome\"}}))"
        ))
        .transform(json!({
            "id": "groupingToMatrix",
            "options": { "columnField": "line", "rowField": "title", "valueField": "Value", "emptyValue": "null" },
        }))
        .field("unit", json!(shown))
        .drawn("minWidth", json!(90))
        .fields("^first_median$", &[("displayName", json!("Then"))])
        .fields("^latest_median$", &[("displayName", json!("Now"))])
        .fields("^latest$", &[("displayName", json!("Latest period"))])
        .fields("^title", &[("displayName", json!("Measure")), ("custom.width", json!(300))])
        .done()
}

fn ratings() -> Vec<Value> {
    let names = "joinedup_assessment_(level|ambition_level)";
    let asked = "area=\"$rated\", framework=\"$framework\"";
    vec![
        parts::row("Ratings of $rated: $framework", 25),
        Panel::new("state-timeline", "Ratings over time", "The level published in each round, item by item. Words stand beside the colours.", (0, 26), (14, 10))
            .rows(&format!("max by (element_title, period_start) (joinedup_assessment_round_level{{{asked}}} {})", parts::ELEMENT_TITLE))
            .by_period("element_title")
            .field("mappings", parts::levels())
            .drawn("fillOpacity", json!(80))
            .option("showValue", json!("always"))
            .option("mergeValues", json!(true))
            .done(),
        table("Level and ambition", "The level published last, and the one wanted.", (14, 26), (10, 10))
            .rows(&format!("max by (line, element_title) (label_replace({{__name__=~\"{names}\", {asked}}}, \"line\", \"$1\", \"__name__\", \"{names}\") {})", parts::ELEMENT_TITLE))
            .transform(json!({
                "id": "groupingToMatrix",
                "options": { "columnField": "line", "rowField": "element_title", "valueField": "Value", "emptyValue": "null" },
            }))
            .field("mappings", parts::levels())
            .drawn("minWidth", json!(110))
            .fields("^ambition_level$", &[("displayName", json!("Wanted"))])
            .fields("^level$", &[("displayName", json!("Now"))])
            .fields("^element_title", &[("displayName", json!("Enabler or component")), ("custom.width", json!(320))])
            .done(),
    ]
}
