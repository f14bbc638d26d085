//! What dashboards are put together from: panels, queries, variables.

mod chart;
pub use chart::{
    DAYS, MIN_POINTS, STATES, WHY_ABSENT, at_one_scale, drawn_as_run_chart, in_days,
    lines_of_chart, people_units, periods, run_chart, seconds_in, time_units, units,
};

use joinedup_exposition::run_charts::MIN_DAYS;
use serde_json::{Value, json};

/// Takes a measure and its title from an answer.
pub const MEASURE: &str = "/measure=\"(?<value>[^\"]+)\".*title=\"(?<text>[^\"]+)\"/";
/// Takes an area and its name from an answer.
const AREA: &str = "/area=\"(?<value>[^\"]+)\".*title=\"(?<text>[^\"]+)\"/";
/// Takes an outcome and its title from an answer.
const OUTCOME: &str = "/outcome=\"(?<value>[^\"]+)\".*outcome_title=\"(?<text>[^\"]+)\"/";
/// Takes a framework and its title from an answer.
const FRAMEWORK: &str = "/framework=\"(?<value>[^\"]+)\".*framework_title=\"(?<text>[^\"]+)\"/";
/// What the latest judged period of a chart is, in words.
pub const VARIATIONS: [(&str, &str, &str); 9] = [
    ("improvement_high", "Getting better: higher", BLUE),
    ("improvement_low", "Getting better: lower", BLUE),
    ("concern_high", "Getting worse: higher", ORANGE),
    ("concern_low", "Getting worse: lower", ORANGE),
    ("neither_high", "Higher than usual", "text"),
    ("neither_low", "Lower than usual", "text"),
    (
        "undirected",
        "Unusual pattern: not clearly better or worse",
        "text",
    ),
    ("common_cause", "No clear change", "text"),
    // A chart is not judged while it is young, when its last numbers are too old to speak of now, and where most are suppressed.
    (
        "not_judged",
        "Not judged: too few points, too old, or too small to show",
        "text",
    ),
];
/// The zone in which weeks begin.
const ZONE: &str = "Europe/London";
/// Lines and words have colours that people who see no red or green can tell apart. Those with a name are Grafana's, which
/// has another shade of them for a dark page: a blue that can be read on white cannot be on black.
pub const BLUE: &str = "blue";
pub const GREY: &str = "#8e8e8e";
pub const ORANGE: &str = "dark-orange";
pub const TEAL: &str = "#10847e";

/// Words for what a field says in codes.
pub fn words_of(said: &[(&str, &str)]) -> Value {
    let text = |(code, words): &(&str, &str)| ((*code).to_owned(), json!({ "text": words }));
    let options: serde_json::Map<String, Value> = said.iter().map(text).collect();
    json!([{ "type": "value", "options": options }])
}

/// What charts say, by the label `variation`. A chart of which nothing can be said, such as one whose numbers are all
/// suppressed, is there all the same, as not judged.
pub fn said(of: &str, by: &str) -> String {
    format!(
        "(max by ({by}, variation) (joinedup_run_chart_alert{{{of}}}) or on ({by}) label_replace(0 * group by ({by}) ({{__name__=~\"joinedup_run_chart_(period_state|denominator)\", {of}}}), \"variation\", \"not_judged\", \"\", \"\"))"
    )
}

/// How far back a panel of a chart by day looks: as far as there are days.
pub fn weeks_by_day() -> Value {
    json!(format!("{}w", MIN_DAYS / 7))
}

/// The data source that a reader picks at the top of the board.
pub fn source() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// A board.
pub fn dashboard(
    uid: &str,
    title: &str,
    description: &str,
    variables: Vec<Value>,
    annotations: Vec<Value>,
    panels: Vec<Value>,
) -> Value {
    let mut all = vec![json!({
        "name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus",
        "current": {}, "hide": 0, "includeAll": false, "multi": false, "options": [], "refresh": 1, "regex": "",
    })];
    all.extend(variables);
    json!({
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["joinedup"],
        "schemaVersion": 39,
        "editable": false,
        "graphTooltip": 1,
        "timezone": ZONE,
        "weekStart": "monday",
        "refresh": "1m",
        "time": { "from": "now-1y/w", "to": "now" },
        "templating": { "list": all },
        "annotations": { "list": annotations },
        "links": [{
            "type": "dashboards", "title": "joinedup", "tags": ["joinedup"], "asDropdown": true,
            "includeVars": true, "keepTime": true, "icon": "external link", "targetBlank": false, "tooltip": "", "url": "",
        }],
        "panels": numbered(panels),
    })
}

/// Gives panels their numbers.
fn numbered(panels: Vec<Value>) -> Vec<Value> {
    let number = |(at, mut panel): (usize, Value)| {
        panel["id"] = json!(at + 1);
        panel
    };
    panels.into_iter().enumerate().map(number).collect()
}

/// A variable filled by a query; `regex` may name the groups `text` and `value`.
pub fn variable(
    name: &str,
    label: &str,
    query: &str,
    regex: &str,
    (text, value): (&str, &str),
    multi: bool,
) -> Value {
    json!({
        "name": name, "label": label, "type": "query", "datasource": source(), "definition": query,
        "query": { "query": query, "refId": format!("variable-{name}") },
        "regex": regex, "refresh": 2, "sort": 1, "hide": 0, "multi": multi, "includeAll": multi,
        "current": if multi { json!({ "text": ["All"], "value": ["$__all"] }) } else { json!({ "text": text, "value": value }) },
        "options": [], "skipUrlSync": false,
    })
}

/// The measure, by its title; those by day have a variable of their own.
pub fn measure() -> Value {
    let query = "query_result(group by (measure, title) (joinedup_measure_info{period!=\"day\"}))";
    let chosen = ("People who left late", "tr-delayed-share");
    variable("measure", "Measure", query, MEASURE, chosen, false)
}

/// The measure by day, by its title.
pub fn daily() -> Value {
    let query = "query_result(group by (measure, title) (joinedup_measure_info{period=\"day\"}))";
    let chosen = ("Ready and waiting now", "tr-ready-now");
    variable("daily", "Day by day", query, MEASURE, chosen, false)
}

/// The area, by its name.
pub fn area() -> Value {
    places("area", "Area", "joinedup_area_order", false)
}

/// The outcome, by its title.
pub fn outcome() -> Value {
    let query = "query_result(group by (outcome, outcome_title) (joinedup_outcome_info))";
    let chosen = ("Transfers without delay", "se-transfers-without-delay");
    variable("outcome", "Outcome", query, OUTCOME, chosen, false)
}

/// The framework that places are rated by, by its title.
pub fn framework() -> Value {
    let query = "query_result(group by (framework, framework_title) (joinedup_element_info))";
    let chosen = ("Self-assessment of the logic model", "scie");
    variable("framework", "Framework", query, FRAMEWORK, chosen, false)
}

/// Gives levels, labelled by framework and element, the element's title. A level means something else in each framework, so
/// that those of all but the logic model are raised by 100, out of reach of its words in [`levels`].
pub const TITLED_LEVEL: &str = "+ on (framework, element) group_left (element_title) max by (framework, element, element_title) (0 * joinedup_element_info{framework=\"scie\"} or 100 * joinedup_element_info{framework!=\"scie\"})";
/// Shades of the levels of other frameworks, from the lowest on: no framework's best is another's red.
const SHADES: [&str; 6] = [
    "#deebf7", "#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#08519c",
];
/// Gives what is labelled by outcome the outcome's title.
pub const OUTCOME_TITLE: &str = "* on (outcome) group_left (outcome_title) max by (outcome, outcome_title) (joinedup_outcome_info)";

/// Places by their names: those that a series is of, in the order of the pages. None is chosen beforehand, so that Grafana
/// begins with the first of them, which is the largest.
pub fn places(name: &str, label: &str, series: &str, multi: bool) -> Value {
    let query = format!(
        "query_result(sort(max by (area) (joinedup_area_order and on (area) {series}) * on (area) group_right () max by (area, title) (joinedup_area_info)))"
    );
    let mut places = variable(name, label, &query, AREA, ("", ""), multi);
    places["sort"] = json!(0);
    if !multi {
        places["current"] = json!({});
    }
    places
}

/// A heading between panels.
pub fn row(title: &str, y: u32) -> Value {
    json!({ "type": "row", "title": title, "collapsed": false, "panels": [], "gridPos": { "h": 1, "w": 24, "x": 0, "y": y } })
}

/// A panel.
pub struct Panel(Value);

impl Panel {
    /// A panel of a type, at (x, y) with (width, height).
    pub fn new(
        kind: &str,
        title: &str,
        description: &str,
        (x, y): (u32, u32),
        (w, h): (u32, u32),
    ) -> Self {
        Self(json!({
            "type": kind, "title": title, "description": description, "datasource": source(),
            "gridPos": { "x": x, "y": y, "w": w, "h": h },
            "targets": [], "transformations": [],
            "fieldConfig": { "defaults": { "custom": {} }, "overrides": [] },
            "options": {},
        }))
    }

    fn target(mut self, expression: &str, legend: &str, more: &Value) -> Self {
        if let Some(targets) = self.0["targets"].as_array_mut() {
            let letter = char::from(b'A' + u8::try_from(targets.len()).unwrap_or(0));
            let mut target = json!({
                "refId": letter.to_string(), "datasource": source(), "expr": expression,
                "legendFormat": legend, "editorMode": "code",
            });
            if let (Some(target), Some(more)) = (target.as_object_mut(), more.as_object()) {
                target.extend(more.clone());
            }
            targets.push(target);
        }
        self
    }

    /// With a query of this moment.
    pub fn now(self, expression: &str, legend: &str) -> Self {
        self.target(
            expression,
            legend,
            &json!({ "instant": true, "range": false, "format": "time_series" }),
        )
    }

    /// With a query of this moment, labels as columns.
    pub fn rows(self, expression: &str) -> Self {
        self.target(
            expression,
            "__auto",
            &json!({ "instant": true, "range": false, "format": "table" }),
        )
    }

    /// With a query over the time that the board shows.
    pub fn over_time(self, expression: &str, legend: &str) -> Self {
        self.target(
            expression,
            legend,
            &json!({ "instant": false, "range": true, "format": "time_series" }),
        )
    }

    /// Turns labels into periods: rows by `period_start`, a column for each value of a label.
    pub fn by_period(self, column: &str) -> Self {
        self.by("period_start", column)
    }

    /// Turns labels into columns: a row for each time in a field, the earliest first.
    pub fn by(self, row: &str, column: &str) -> Self {
        let time = |field: &str| json!({ "id": "convertFieldType", "options": { "fields": {}, "conversions": [{ "targetField": field, "destinationType": "time" }] } });
        self.transform(time(row))
            .transform(json!({ "id": "sortBy", "options": { "fields": {}, "sort": [{ "field": row, "desc": false }] } }))
            .transform(json!({
                "id": "groupingToMatrix",
                "options": { "columnField": column, "rowField": row, "valueField": "Value", "emptyValue": "null" },
            }))
            // Needed up to Grafana 11.5, where the matrix makes text of the times.
            .transform(time(&format!("{row}\\{column}")))
    }

    /// With a transformation.
    pub fn transform(mut self, transformation: Value) -> Self {
        if let Some(list) = self.0["transformations"].as_array_mut() {
            list.push(transformation);
        }
        self
    }

    /// With a field's setting for all fields.
    pub fn field(mut self, name: &str, value: Value) -> Self {
        self.0["fieldConfig"]["defaults"][name] = value;
        self
    }

    /// With a drawing setting for all fields.
    pub fn drawn(mut self, name: &str, value: Value) -> Self {
        self.0["fieldConfig"]["defaults"]["custom"][name] = value;
        self
    }

    /// With settings for the fields whose name matches.
    pub fn fields(mut self, pattern: &str, properties: &[(&str, Value)]) -> Self {
        let properties: Vec<Value> = properties
            .iter()
            .map(|(id, value)| json!({ "id": id, "value": value }))
            .collect();
        let rule = json!({ "matcher": { "id": "byRegexp", "options": format!("/{pattern}/") }, "properties": properties });
        if let Some(list) = self.0["fieldConfig"]["overrides"].as_array_mut() {
            list.push(rule);
        }
        self
    }

    /// With words for fields that are named by codes.
    pub fn named<'a>(self, names: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        names.into_iter().fold(self, |panel, (code, words)| {
            panel.fields(&format!("^{code}$"), &[("displayName", json!(words))])
        })
    }

    /// With an option of the panel's type.
    pub fn option(mut self, name: &str, value: Value) -> Self {
        self.0["options"][name] = value;
        self
    }

    /// With a setting of the panel itself.
    pub fn set(mut self, name: &str, value: Value) -> Self {
        self.0[name] = value;
        self
    }

    /// The panel, done.
    pub fn done(self) -> Value {
        self.0
    }
}

/// One number, large.
pub fn stat(title: &str, description: &str, at: (u32, u32), size: (u32, u32)) -> Panel {
    Panel::new("stat", title, description, at, size)
        .option(
            "reduceOptions",
            json!({ "calcs": ["lastNotNull"], "fields": "", "values": false }),
        )
        .option("colorMode", json!("none"))
        .option("graphMode", json!("none"))
        .option("textMode", json!("auto"))
}

/// Bars by name.
pub fn bars(title: &str, description: &str, at: (u32, u32), size: (u32, u32)) -> Panel {
    Panel::new("bargauge", title, description, at, size)
        .option(
            "reduceOptions",
            json!({ "calcs": ["lastNotNull"], "fields": "", "values": false }),
        )
        .option("orientation", json!("horizontal"))
        .option("displayMode", json!("basic"))
        .option("showUnfilled", json!(true))
        .field("color", json!({ "mode": "fixed", "fixedColor": BLUE }))
        .field("min", json!(0))
}

/// A table.
pub fn table(title: &str, description: &str, at: (u32, u32), size: (u32, u32)) -> Panel {
    Panel::new("table", title, description, at, size)
        .option("showHeader", json!(true))
        .option("cellHeight", json!("sm"))
        .fields("^Time$", &[("custom.hidden", json!(true))])
}

/// Lines over the time at which they were scraped.
pub fn lines(title: &str, description: &str, at: (u32, u32), size: (u32, u32)) -> Panel {
    Panel::new("timeseries", title, description, at, size)
        .option(
            "legend",
            json!({ "displayMode": "list", "placement": "bottom", "showLegend": true }),
        )
        .option("tooltip", json!({ "mode": "multi", "sort": "desc" }))
        .drawn("lineWidth", json!(2))
        .drawn("fillOpacity", json!(0))
}

/// Lines of whole numbers of events or people, which are often zero.
pub fn counts(title: &str, description: &str, at: (u32, u32), size: (u32, u32)) -> Panel {
    lines(title, description, at, size)
        // An axis for nothing but zeros would reach to 100.
        .drawn("axisSoftMin", json!(0))
        .drawn("axisSoftMax", json!(1))
}

/// Levels of ratings ([`TITLED_LEVEL`]), in words beside the colours.
pub fn levels() -> Value {
    let level = |text: &str, colour: &str| json!({ "text": text, "color": colour });
    let mut all = json!({
        "1": level("1 red", "#b2182b"),
        "2": level("2 red/amber", "#ef8a62"),
        "3": level("3 amber", "#f7c948"),
        "4": level("4 amber/green", "#a6dba0"),
        "5": level("5 green", "#1b7837"),
    });
    for (at, shade) in SHADES.into_iter().enumerate() {
        all[(100 + at).to_string()] = level(&format!("level {at}"), shade);
    }
    json!([{ "type": "value", "options": all }])
}

/// Improvement changes that should move a measure, in an area or its parts, as flags where they began and ended. Grafana makes
/// a flag of every value in the range, so that all are asked for as they are at its end: else what was corrected or taken
/// back since would stay beside what is right.
pub fn changes(measure: &str, area: &str) -> Vec<Value> {
    let flag = |moment: &str, name: &str, colour: &str, verb: &str| {
        let of = format!(
            "joinedup_improvement_cycle_{moment}_timestamp_seconds{{measure=\"{measure}\"}}"
        );
        let here = format!(
            "group by (area) (joinedup_area_info{{area=\"{area}\"}} @ end() or joinedup_area_info{{parent=\"{area}\"}} @ end())"
        );
        // A change has a title of its own.
        let place = "label_replace(max by (area, title) (topk by (area) (1, joinedup_area_info @ end())), \"place\", \"$1\", \"title\", \"(.*)\")";
        json!({
            "name": name, "datasource": source(), "enable": true, "hide": false, "iconColor": colour,
            "expr": format!("{of} @ end() * 1000 * on (area) group_left (place) {place} and on (area) {here}"),
            "titleFormat": format!("{{{{title}}}} {verb}"), "textFormat": "{{place}}", "tagKeys": "place", "step": "60s", "useValueForTime": true,
        })
    };
    vec![
        flag("start", "Changes begun", ORANGE, "began"),
        flag("finish", "Changes ended", GREY, "ended"),
    ]
}
