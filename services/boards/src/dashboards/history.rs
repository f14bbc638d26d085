//! Run charts over the whole history, asked of joinedup itself instead of a Prometheus.

use super::parts::{self, Panel, drawn_as_run_chart, lines_of_chart, stat};
use serde_json::{Value, json};

pub fn dashboard() -> Value {
    let variables = vec![
        parts::measure(),
        parts::area(),
        parts::framework(),
        parts::places(
            "rated",
            "Ratings of",
            "joinedup_assessment_level{framework=\"$framework\"}",
            false,
        ),
    ];
    let this = "measure=\"$measure\", area=\"$area\"";
    let every = format!("{}[$__range]", lines_of_chart("$measure", "$area"));
    // A median has no name to tell its unit by, so that a label has to.
    let median = |back: &str| {
        let of = |name: &str| format!("quantile_over_time(0.5, {name}[26w]{back})");
        let named = |unit: &str, values: String| {
            format!("label_replace({values}, \"unit\", \"{unit}\", \"\", \"\")")
        };
        let times = format!(
            "{} / on (measure) group_left (unit) {}",
            of(&format!("joinedup_run_chart_seconds{{{this}}}")),
            parts::seconds_in("measure=\"$measure\"", "measure, unit")
        );
        let any = of(&format!(
            "{{__name__=~\"joinedup_run_chart_({})\", {this}}}",
            parts::units()
        ));
        format!(
            "{} or {times} or on (measure) {any}",
            named("ratio", of(&format!("joinedup_run_chart_ratio{{{this}}}")))
        )
    };
    let middle = |title: &str, description: &str, x: u32, back: &str| {
        parts::time_units(stat(title, description, (x, 17), (8, 4)).now(&median(back), "{{unit}}"))
            .done()
    };
    let panels = vec![
        drawn_as_run_chart(
            Panel::new("timeseries", "$measure in $area", "Every period since the beginning, each point where its period begins. A grey point by itself is not complete yet and never judged. Flags are improvement changes.", (0, 0), (24, 12))
                // As a table: of a time series Grafana breaks the line where points are further apart than a step.
                .rows(&every)
                .by("Time", "__name__"),
        )
        .done(),
        Panel::new("state-timeline", "What there is of each period", "Final periods are judged; missing is not zero; suppressed periods would point at few people.", (0, 12), (24, 5))
            .over_time(&format!("joinedup_run_chart_period_state{{{this}}} == 1"), "{{state}}")
            .set("interval", json!("1d"))
            .field("mappings", json!([{ "type": "value", "options": { "1": { "text": "yes", "color": parts::BLUE, "index": 0 } } }]))
            .named(parts::STATES)
            .option("showValue", json!("never"))
            .option("legend", json!({ "displayMode": "list", "placement": "bottom", "showLegend": false }))
            .done(),
        middle("Median of the last 26 weeks", "The median of the periods that began in the last 26 weeks.", 0, ""),
        middle("Median of the 26 weeks a year before", "The same, a year earlier.", 8, " offset 52w"),
        stat("Chart rules met", "How many chart rules were met in the time shown.", (16, 17), (8, 4))
            .now(&format!("sum(max_over_time(joinedup_run_chart_signal{{{this}}}[$__range]))"), "")
            .done(),
        Panel::new("state-timeline", "Ratings of $rated: $framework", "The level of each item of the framework as it was published, from then on.", (0, 21), (24, 9))
            .over_time(&format!("max by (element_title) (joinedup_assessment_level{{area=\"$rated\", framework=\"$framework\"}} {})", parts::TITLED_LEVEL), "{{element_title}}")
            .set("interval", json!("1d"))
            .field("mappings", parts::levels())
            .option("legend", json!({ "displayMode": "list", "placement": "bottom", "showLegend": false }))
            .done(),
    ];
    let mut board = parts::dashboard(
        "joinedup-history",
        "Run charts, whole history",
        "Every period there is, on event time: needs the data source that asks joinedup itself (grafana/EVENT_TIME.md).",
        variables,
        parts::changes("$measure", "$area"),
        panels,
    );
    // Only data sources of that name are offered: a Prometheus that scrapes has no such series.
    board["templating"]["list"][0]["regex"] = json!("/event time/");
    board["time"] = json!({ "from": "now-3y/w", "to": "now" });
    board
}
