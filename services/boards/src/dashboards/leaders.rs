//! Leaders: outcome by outcome, state and trend, in words beside colours.

use super::parts::{self, Panel, run_chart, stat, table, variable};
use joinedup_exposition::unit::TIMES;
use serde_json::{Value, json};

pub fn dashboard() -> Value {
    let variables = vec![
        parts::area(),
        parts::outcome(),
        variable(
            "measures",
            "Measures",
            // Those that have a chart in the area: a county has none of what is counted nationally alone.
            "query_result(group by (measure, title) (joinedup_measure_info{outcome=\"$outcome\", period!=\"day\"} and on (measure) joinedup_run_chart_denominator{area=\"$area\"}))",
            parts::MEASURE,
            ("", ""),
            true,
        ),
        variable(
            "days",
            "Day by day",
            "query_result(group by (measure, title) (joinedup_measure_info{outcome=\"$outcome\", period=\"day\"} and on (measure) joinedup_run_chart_denominator{area=\"$area\"}))",
            parts::MEASURE,
            ("", ""),
            true,
        ),
        parts::framework(),
        parts::places(
            "rated",
            "Rated place",
            "joinedup_assessment_round_level{framework=\"$framework\"}",
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
            "Sure enough to alert",
            "Measures of the outcome that changed and stand out among all charts, so that chance is an unlikely reason.",
            (18, 5),
            (6, 4),
        )
        .now(
            &format!("sum({} == bool 1)", of_outcome()),
            "",
        )
        .done(),
        shares_then_and_now(),
        times_then_and_now(),
        parts::row("Trends", 17),
        run_chart(
            Panel::new(
                "timeseries",
                "$measures",
                "Each point is one period. Larger points meet a chart rule; a grey point by itself is not complete yet.",
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
        parts::row("Day by day", 25),
        run_chart(
            Panel::new(
                "timeseries",
                "$days",
                "The last 12 weeks. Of people who wait one day a week is judged, because who waits today waited yesterday too.",
                (0, 26),
                (12, 7),
            ),
            "$days",
            "$area",
        )
        .set("timeFrom", parts::weeks_by_day())
        .set("repeat", json!("days"))
        .set("repeatDirection", json!("h"))
        .set("maxPerRow", json!(2))
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

/// What the charts of the area say, with the titles of the measures that serve the outcome.
fn of_outcome() -> String {
    format!(
        "{} * on (measure) group_left (title) max by (measure, title) (joinedup_measure_info{{outcome=\"$outcome\"}})",
        parts::said("area=\"$area\"", "measure")
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
    .rows(&of_outcome())
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

/// A table of the medians at the start and now, and of the latest judged period.
fn then_and_now(title: &str, at: (u32, u32), expression: &str) -> Panel {
    table(title, "The median that the chart began with, the one it has now, and the latest judged period.", at, (12, 8))
        .rows(&format!("max by (line, title) ({expression})"))
        .transform(json!({
            "id": "groupingToMatrix",
            "options": { "columnField": "line", "rowField": "title", "valueField": "Value", "emptyValue": "null" },
        }))
        .drawn("minWidth", json!(90))
        .fields("^first_median$", &[("displayName", json!("At start"))])
        .fields("^latest_median$", &[("displayName", json!("Now"))])
        .fields("^latest$", &[("displayName", json!("Latest period"))])
        .fields("^title", &[("displayName", json!("Measure")), ("custom.width", json!(390))])
}

/// The lines of a table of medians, for a unit of metrics.
fn medians(unit: &str) -> String {
    let names = format!("joinedup_run_chart_(first_median|latest_median|latest)_{unit}");
    format!(
        "label_replace({{__name__=~\"{names}\", area=\"$area\"}}, \"line\", \"$1\", \"__name__\", \"{names}\")"
    )
}

fn shares_then_and_now() -> Value {
    let titled = "* on (measure) group_left (title) max by (measure, title) (joinedup_measure_info{outcome=\"$outcome\"})";
    then_and_now(
        "Shares: median at start and now",
        (0, 9),
        &format!("{} {titled}", medians("ratio")),
    )
    .field("unit", json!("percentunit"))
    .field("decimals", json!(1))
    .done()
}

/// Days and hours stand in one table, so that each measure's name says its own.
fn times_then_and_now() -> Value {
    let all = format!(
        "{} / on (measure) group_left (title, unit) {}",
        medians("seconds"),
        parts::seconds_in("outcome=\"$outcome\"", "measure, title, unit")
    );
    let titled = format!("label_join({all}, \"title\", \", \", \"title\", \"unit\")");
    // A title that says its unit needs it no second time.
    let named = TIMES.iter().fold(titled, |titled, (unit, _)| {
        format!("label_replace({titled}, \"title\", \"$1\", \"title\", \"(.*{unit}.*), {unit}\")")
    });
    then_and_now("Times: median at start and now", (12, 9), &named)
        .field("decimals", json!(1))
        .done()
}

fn ratings() -> Vec<Value> {
    let names = "joinedup_assessment_(level|ambition_level)";
    let asked = "area=\"$rated\", framework=\"$framework\"";
    vec![
        parts::row("Ratings of $rated: $framework", 33),
        Panel::new("state-timeline", "Ratings over time", "The level published in each round, item by item. Words stand beside the colours.", (0, 34), (14, 10))
            .rows(&format!("max by (element_title, period_start) (joinedup_assessment_round_level{{{asked}}} {})", parts::TITLED_LEVEL))
            .by_period("element_title")
            .field("mappings", parts::levels())
            .drawn("fillOpacity", json!(80))
            .option("showValue", json!("always"))
            .option("mergeValues", json!(true))
            .done(),
        table("Level and ambition", "The level published last, and the one wanted.", (14, 34), (10, 10))
            .rows(&format!("max by (line, element_title) (label_replace({{__name__=~\"{names}\", {asked}}}, \"line\", \"$1\", \"__name__\", \"{names}\") {})", parts::TITLED_LEVEL))
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
