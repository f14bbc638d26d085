//! Cases for the product profile: the same shape, judged as users see it.

use serde_json::Value;

use super::CaseError;
use super::field::Fields;
use crate::chart::Chart;
use crate::judge::judge;
use crate::series::{Direction, Options, Point};

pub(super) fn run(fields: &Fields, chart: &str) -> Result<Value, CaseError> {
    let chart: Chart = serde_json::from_value(Value::from(chart))
        .map_err(|_| CaseError::UnknownMethod(fields.method.to_owned()))?;
    let direction = match fields.text("improvement_direction")?.unwrap_or("neutral") {
        "increase" | "up" => Direction::Up,
        "decrease" | "down" => Direction::Down,
        "neutral" => Direction::Neutral,
        other => {
            return Err(CaseError::Refused(format!(
                "improvement_direction is \"{other}\", not increase, decrease or neutral."
            )));
        }
    };
    // `part` holds last points counted from 1, which is the index of the next phase's first point.
    let indices = |positions: Vec<i64>, shift: i64| {
        positions
            .into_iter()
            .filter_map(move |p| usize::try_from(p - shift).ok())
    };
    let options = Options {
        target: fields.number("target")?,
        baseline: fields.count("freeze")?,
        phases: indices(fields.positions("part")?, 0).collect(),
        excluded: indices(fields.positions("exclude")?, 1).collect(),
        multiply: fields.number("multiply")?.unwrap_or(1.0),
        ..Options::new(chart, direction)
    };
    let points: Vec<Point> = fields
        .x_as_names()?
        .into_iter()
        .enumerate()
        .map(|(i, x)| Point {
            x,
            value: Some(fields.y[i]).filter(|v| !v.is_nan()),
            n: fields.n.get(i).copied().filter(|v| !v.is_nan()),
            sd: None,
            judged: true,
        })
        .collect();
    let verdict = judge(&points, &options).map_err(CaseError::refused)?;
    serde_json::to_value(&verdict).map_err(|error| CaseError::Malformed(error.to_string()))
}
