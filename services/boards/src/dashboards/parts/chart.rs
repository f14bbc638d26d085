//! A run chart as a panel: the queries of its lines, in days and hours, and how each line is drawn.

use super::{BLUE, GREY, ORANGE, Panel, TEAL, words_of};
use joinedup_exposition::unit::{TIMES, Unit};
use serde_json::{Value, json};

/// Fewer points than this make no chart worth its room beside others.
pub const MIN_POINTS: u32 = 12;
/// A day, in seconds.
pub const DAYS: u32 = 86_400;

/// What stands along the axis of a chart in a unit. A share says it by its sign.
const AXES: [(&str, &str); 12] = [
    ("weeks", "weeks"),
    ("days", "days"),
    ("hours", "hours"),
    ("minutes", "minutes"),
    ("seconds", "seconds"),
    ("people", "people"),
    ("bed_nights", "nights"),
    ("points", "points"),
    ("levels", "level"),
    ("per_100k", "per 100,000"),
    ("per_100", "per 100"),
    ("events", "number"),
];

/// Why a period has no value, by the code of its state: in words, and the colour of its stripe on a chart.
pub const WHY_ABSENT: [(&str, &str, &str); 3] = [
    ("missing", "Nothing reported", "yellow"),
    ("empty", "Nobody, or too few", "#c8c8c8"),
    ("suppressed", "Suppressed: small numbers", GREY),
];

/// Every state of a period, in words.
pub const STATES: [(&str, &str); 6] = [
    ("final", "Final"),
    ("provisional", "Provisional: may still change"),
    ("incomplete", "The period is not finished"),
    (WHY_ABSENT[0].0, WHY_ABSENT[0].1),
    (WHY_ABSENT[1].0, WHY_ABSENT[1].1),
    (WHY_ABSENT[2].0, WHY_ABSENT[2].1),
];

/// Every unit, for a pattern.
pub fn units() -> String {
    Unit::ALL.map(Unit::suffix).join("|")
}

/// Every unit whose metrics are in what people read.
fn units_but_seconds() -> String {
    let others = Unit::ALL.iter().filter(|unit| **unit != Unit::Seconds);
    others
        .map(|unit| unit.suffix())
        .collect::<Vec<_>>()
        .join("|")
}

/// A panel's length of time in days: Grafana would make weeks of it.
pub fn in_days(panel: Panel) -> Panel {
    panel
        .field("unit", json!("suffix:days"))
        .field("decimals", json!(1))
}

/// What the seconds of a measure are divided by, with the label `unit` that people know it in, for those measures that some
/// matchers select and a length of time is a number of.
pub fn seconds_in(matchers: &str, labels: &str) -> String {
    let of = |(unit, seconds): (&str, u32)| {
        format!("{seconds} * joinedup_measure_info{{{matchers}, unit=\"{unit}\"}}")
    };
    format!("max by ({labels}) ({})", TIMES.map(of).join(" or "))
}

/// Settings of fields by their unit: per cent, days, hours.
pub fn time_units(panel: Panel) -> Panel {
    let panel = panel.fields("ratio$", &[("unit", json!("percentunit"))]);
    TIMES.into_iter().fold(panel, |panel, (unit, _)| {
        let shown = json!(format!("suffix:{unit}"));
        panel.fields(
            &format!("{unit}$"),
            &[("unit", shown), ("decimals", json!(1))],
        )
    })
}

/// A label `line` with the rest of a metric's name after `joinedup_run_chart_`. A length of time is divided, and its line
/// named, by the unit that people know the measure in.
fn scaled(before: &str, measure: &str, matchers: &str) -> String {
    let line = |units: &str, named: &str| {
        format!(
            "label_replace({{__name__=~\"joinedup_run_chart_{before}({units})\", {matchers}}}, \"line\", \"$1\", \"__name__\", \"joinedup_run_chart_{named}\")"
        )
    };
    let known = seconds_in(&format!("measure=\"{measure}\""), "measure, unit");
    let times = format!(
        "label_join({} / on (measure) group_left (unit) {known}, \"line\", \"\", \"line\", \"unit\")",
        line("seconds", "(.*)seconds")
    );
    format!("({} or {times})", line(&units_but_seconds(), "(.*)"))
}

/// Names lines anew, before their unit.
fn called(line: &str, vector: &str) -> String {
    format!("label_replace({vector}, \"line\", \"{line}_$1\", \"line\", \"(.*)\")")
}

/// Periods without a value by the label `line`, named by why there is none.
fn absent(of: &str) -> String {
    let codes = WHY_ABSENT.map(|(code, ..)| code).join("|");
    format!(
        "label_replace(joinedup_run_chart_period_state{{{of}, state=~\"{codes}\"}} == 1, \"line\", \"why_$1\", \"state\", \"(.*)\")"
    )
}

/// The lines of a run chart by the label `line`: value, unfinished periods, median, goal, limits, of the values those that
/// meet a chart rule, apart for better, worse and changed, and periods without a value.
fn lines(measure: &str, area: &str) -> String {
    let of = format!("measure=\"{measure}\", area=\"{area}\"");
    let all = scaled(
        "((provisional|median|goal|lower_limit|upper_limit)_)?",
        measure,
        &of,
    );
    let value = scaled("", measure, &of);
    let marked = |line: &str, which: &str| {
        let signal = format!("joinedup_run_chart_signal{{{of}, variation=~\"{which}\"}} == 1");
        called(
            line,
            &format!("({value} and on (measure, period_start) {signal})"),
        )
    };
    let better = marked("better", "improvement_.*");
    let worse = marked("worse", "concern_.*");
    let changed = marked("changed", "neither_.*|undirected");
    let absent = absent(&of);
    format!("{all} or {better} or {worse} or {changed} or {absent}")
}

/// A run chart of one measure in one area.
pub fn run_chart(panel: Panel, measure: &str, area: &str) -> Panel {
    let expression = format!("max by (line, period_start) ({})", lines(measure, area));
    drawn_as_run_chart(panel.rows(&expression).by_period("line"))
}

/// What is drawn highest in any place of the kind of `area`, by the label `line` as `scale_` with the unit. Larger places have
/// a scale of their own: beside a county's sum each of its parts lies flat.
fn highest(measure: &str, area: &str) -> String {
    let drawn = "joinedup_run_chart_(?:(?:provisional|goal|upper_limit)_)?";
    let of = |units: &str| format!("{{__name__=~\"{drawn}({units})\", measure=\"{measure}\"}}");
    let seconds = format!(
        "max by (measure, area, period_start) ({}) / on (measure) group_left (unit) {}",
        of("seconds"),
        seconds_in(&format!("measure=\"{measure}\""), "measure, unit")
    );
    let all = format!(
        "label_replace({}, \"line\", \"scale_$1\", \"__name__\", \"{drawn}(.*)\") or label_replace({seconds}, \"line\", \"scale_$1\", \"unit\", \"(.*)\")",
        of(&units_but_seconds())
    );
    let enough = format!(
        "count by (area) (joinedup_run_chart_denominator{{measure=\"{measure}\"}}) >= {MIN_POINTS}"
    );
    let kind = format!("joinedup_area_info and on (kind) joinedup_area_info{{area=\"{area}\"}}");
    format!("max by (line, period_start) (({all}) and on (area) ({enough}) and on (area) ({kind}))")
}

/// A run chart with an unseen line that is as high as the highest point of all places of its kind, so that charts side by
/// side have one scale.
pub fn at_one_scale(panel: Panel, measure: &str, area: &str) -> Panel {
    let expression = format!(
        "max by (line, period_start) ({} or {})",
        lines(measure, area),
        highest(measure, area)
    );
    drawn_as_run_chart(panel.rows(&expression).by_period("line")).drawn("axisSoftMin", json!(0))
}

/// What selects all lines of a run chart on event time, where a range of points cannot be reckoned with.
pub fn lines_of_chart(measure: &str, area: &str) -> String {
    let units = units();
    let names = format!(
        "joinedup_run_chart_((provisional|median|goal|lower_limit|upper_limit)_)?({units})"
    );
    format!("{{__name__=~\"{names}\", measure=\"{measure}\", area=\"{area}\"}}")
}

/// Every unit that people read, for a pattern: days and hours instead of seconds.
pub fn people_units() -> String {
    format!("{}|ratio|units", AXES.map(|(unit, _)| unit).join("|"))
}

/// A panel whose fields have the names of a run chart's lines, drawn as such.
pub fn drawn_as_run_chart(panel: Panel) -> Panel {
    let units = people_units();
    let field = |what: &str| format!("^(joinedup_run_chart_)?{what}_({units})$");
    let style = |name: &str, colour: &str, width: u32, points: &str| {
        vec![
            ("displayName", json!(name)),
            ("color", json!({ "mode": "fixed", "fixedColor": colour })),
            ("custom.lineWidth", json!(width)),
            ("custom.showPoints", json!(points)),
        ]
    };
    let dashed = |name: &str, colour: &str, dash: [u32; 2]| {
        let mut properties = style(name, colour, 1, "never");
        properties.push(("custom.lineStyle", json!({ "fill": "dash", "dash": dash })));
        properties
    };
    let points = |name: &str, colour: &str, size: u32| {
        let mut properties = style(name, colour, 0, "always");
        properties.push(("custom.pointSize", json!(size)));
        properties
    };
    let mut unseen = style("Scale", "transparent", 0, "never");
    let nowhere = json!({ "legend": true, "tooltip": true, "viz": false });
    unseen.push(("custom.hideFrom", nowhere));
    let panel = panel
        .drawn("spanNulls", json!(false))
        .drawn("pointSize", json!(6))
        .option(
            "legend",
            json!({ "displayMode": "list", "placement": "bottom", "showLegend": true }),
        )
        .option("tooltip", json!({ "mode": "multi", "sort": "none" }))
        // An axis for nothing but zeros would reach to 10000 %, or to some seconds of a day.
        .fields(
            "(^|_)ratio$",
            &[
                ("unit", json!("percentunit")),
                ("custom.axisSoftMax", json!(0.05)),
            ],
        );
    // A gap is a stripe as high as the panel, by a scale that is not shown: it stands at no number.
    let panel = WHY_ABSENT
        .into_iter()
        .fold(panel, |panel, (code, words, colour)| {
            let stripe = [
                ("displayName", json!(words)),
                ("color", json!({ "mode": "fixed", "fixedColor": colour })),
                ("min", json!(0)),
                ("max", json!(1)),
                ("mappings", words_of(&[("1", "yes")])),
                ("custom.axisPlacement", json!("hidden")),
                ("custom.drawStyle", json!("bars")),
                ("custom.barWidthFactor", json!(1)),
                ("custom.barMaxWidth", json!(60)),
                ("custom.lineWidth", json!(0)),
                ("custom.fillOpacity", json!(35)),
                ("custom.showPoints", json!("never")),
            ];
            panel.fields(&format!("^why_{code}$"), &stripe)
        });
    AXES.into_iter()
        .fold(panel, |panel, (unit, label)| {
            let mut axis: Vec<(&str, Value)> = vec![
                ("custom.axisLabel", json!(label)),
                ("custom.axisSoftMax", json!(1)),
            ];
            if unit == "seconds" {
                axis = vec![
                    ("unit", json!("dtdurations")),
                    ("decimals", json!(1)),
                    ("custom.axisSoftMax", json!(DAYS)),
                ];
            }
            panel.fields(&format!("(^|_){unit}$"), &axis)
        })
        .fields(
            &format!("^(joinedup_run_chart_)?({units})$"),
            &style("Value", BLUE, 2, "always"),
        )
        .fields(&field("provisional"), &points("Not yet complete", GREY, 9))
        .fields(&field("median"), &dashed("Median", GREY, [10, 6]))
        .fields(&field("goal"), &dashed("Target", TEAL, [2, 4]))
        .fields(
            &field("lower_limit"),
            &dashed("Lower limit", ORANGE, [6, 4]),
        )
        .fields(
            &field("upper_limit"),
            &dashed("Upper limit", ORANGE, [6, 4]),
        )
        .fields(&field("better"), &points("Special cause: better", TEAL, 11))
        .fields(&field("worse"), &points("Special cause: worse", ORANGE, 11))
        .fields(&field("changed"), &points("Special cause", "purple", 11))
        .fields(&field("scale"), &unseen)
}

/// The numbers of a table of periods by the label `line`: how many cases, the value, the value of a period that is not
/// over, and for one without a value why, as a place in [`WHY_ABSENT`]. A rate is not out of cases.
pub fn periods(measure: &str, area: &str) -> String {
    let of = format!("measure=\"{measure}\", area=\"{area}\"");
    let cases = format!(
        "label_replace(joinedup_run_chart_denominator{{{of}}} unless on (measure) joinedup_run_chart_per_100k{{{of}}}, \"line\", \"denominator\", \"\", \"\")"
    );
    let why = WHY_ABSENT.iter().enumerate().map(|(at, (code, ..))| {
        format!(" or label_replace({at} * joinedup_run_chart_period_state{{{of}, state=\"{code}\"}}, \"line\", \"why\", \"\", \"\")")
    });
    let why: String = why.collect();
    format!(
        "{} or {cases}{why}",
        scaled("(provisional_)?", measure, &of)
    )
}
