//! Cases of qicharts2.

use serde_json::{Value, json};

use super::CaseError;
use super::field::Fields;
use super::result::{Column, columns, number};
use crate::parity::qicharts2::{Aggregate, Chart, Label, Options, PointResult, analyse_rows};
use crate::runs::RunsMethod;

/// Arguments of `qic` that the numbers depend on, and those that only change the drawing.
const OPTIONS: [&str; 33] = [
    "chart",
    "freeze",
    "part",
    "exclude",
    "cl",
    "multiply",
    "agg_fun",
    "runs_method",
    "method",
    "screen_mr",
    "y_neg",
    "target",
    "notes",
    "title",
    "subtitle",
    "caption",
    "xlab",
    "ylab",
    "part_labels",
    "show_labels",
    "show_95",
    "show_grid",
    "decimals",
    "point_size",
    "x_period",
    "x_format",
    "x_angle",
    "x_order",
    "x_pad",
    "y_expand",
    "y_percent",
    "flip",
    "print_summary",
];

pub(super) fn run(fields: &Fields, chart: &str) -> Result<Value, CaseError> {
    fields.only(&OPTIONS)?;
    if let Some(other) = fields.text("chart")?.filter(|other| *other != chart) {
        return Err(CaseError::Refused(format!(
            "the method is {}, but options.chart is \"{other}\".",
            fields.method
        )));
    }
    let chart = match chart {
        "run" => Chart::Run,
        "i" => Chart::I,
        "mr" => Chart::Mr,
        "ip" => Chart::IPrime,
        "p" => Chart::P,
        "pp" => Chart::PPrime,
        "u" => Chart::U,
        "up" => Chart::UPrime,
        "c" => Chart::C,
        "g" => Chart::G,
        "t" => Chart::T,
        "xbar" => Chart::Xbar,
        "s" => Chart::S,
        _ => return Err(CaseError::UnknownMethod(fields.method.to_owned())),
    };
    let aggregate = match fields.text("agg_fun")?.unwrap_or("mean") {
        "mean" => Aggregate::Mean,
        "median" => Aggregate::Median,
        "sum" => Aggregate::Sum,
        "sd" => Aggregate::Sd,
        other => {
            return Err(CaseError::Refused(format!(
                "agg_fun is \"{other}\", not mean, median, sum or sd."
            )));
        }
    };
    let runs_method = match fields
        .text("runs_method")?
        .or(fields.text("method")?)
        .unwrap_or("anhoej")
    {
        "anhoej" => RunsMethod::Anhoej,
        "bestbox" => RunsMethod::BestBox,
        "cutbox" => RunsMethod::CutBox,
        other => {
            return Err(CaseError::Refused(format!(
                "runs_method is \"{other}\", not anhoej, bestbox or cutbox."
            )));
        }
    };
    let needs_n = matches!(chart, Chart::P | Chart::PPrime | Chart::U | Chart::UPrime);
    if needs_n && fields.n.is_empty() {
        return Err(CaseError::Refused(
            "This chart needs denominators, n.".to_owned(),
        ));
    }
    let options = Options {
        freeze: fields.number("freeze")?,
        part: fields.positions("part")?,
        exclude: fields.positions("exclude")?,
        centre: fields.centre("cl")?,
        multiply: fields.number("multiply")?.unwrap_or(1.0),
        aggregate,
        runs_method,
        screen: fields.flag("screen_mr", true)?,
        below_zero: fields.flag("y_neg", true)?,
        ..Options::new(chart)
    };
    let labels: Vec<Label> = fields
        .x
        .iter()
        .map(|x| match x {
            Value::Number(number) => Label::Number(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Label::Text(text.clone()),
            Value::Null => Label::Missing,
            other => Label::Text(other.to_string()),
        })
        .collect();
    let (points, parts) =
        analyse_rows(&labels, &fields.y, &fields.n, &options).map_err(CaseError::refused)?;

    let mut shown: Vec<Column<'_, PointResult>> = vec![
        ("x", &|p| match &p.label {
            Label::Number(x) => number(*x),
            Label::Text(x) => json!(x),
            Label::Missing => Value::Null,
        }),
        ("y", &|p| number(p.value)),
        ("cl", &|p| number(p.centre)),
    ];
    if chart != Chart::Run {
        let limits: [Column<'_, PointResult>; 5] = [
            ("lcl", &|p| number(p.lower)),
            ("ucl", &|p| number(p.upper)),
            ("lcl95", &|p| number(p.lower95)),
            ("ucl95", &|p| number(p.upper95)),
            ("sigma_signal", &|p| json!(p.sigma_signal)),
        ];
        shown.extend(limits);
    }
    let places: [Column<'_, PointResult>; 3] = [
        ("part", &|p| json!(p.part)),
        ("baseline", &|p| json!(p.baseline)),
        ("include", &|p| json!(p.include)),
    ];
    shown.extend(places);
    if !fields.n.is_empty() {
        shown.push(("n", &|p| number(p.n)));
    }
    if matches!(chart, Chart::Xbar | Chart::S) {
        shown.push(("subgroup_n", &|p| json!(p.subgroup_n)));
    }
    let parts: Vec<Value> = parts
        .iter()
        .map(|part| {
            json!({
                "part": part.part, "n_obs": part.n_obs, "n_useful": part.runs.n_useful,
                "longest_run": part.runs.longest_run, "longest_run_max": part.runs.longest_run_max,
                "n_crossings": part.runs.crossings, "n_crossings_min": part.runs.crossings_min,
                "runs_signal": part.runs.signal, "sigma_signals": part.sigma_signals,
            })
        })
        .collect();
    Ok(json!({ "points": columns(&points, &shown), "parts": parts }))
}
