//! Cases for the product profile: the same shape, judged as users see it.

use serde_json::Value;

use super::CaseError;
use super::field::Fields;
use crate::chart::Chart;
use crate::judge::judge;
use crate::numerics::summary;
use crate::profile::Profile;
use crate::series::{Direction, Options, Point};

pub(super) fn run(fields: &Fields, chart: &str) -> Result<Value, CaseError> {
    fields.only(&[
        "improvement_direction",
        "target",
        "freeze",
        "part",
        "exclude",
        "multiply",
        "profile",
    ])?;
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
    let profile: Profile = match fields.text("profile")? {
        None => Profile::Product,
        Some(name) => serde_json::from_value(Value::from(name)).map_err(|_| {
            CaseError::Refused(format!(
                "profile is \"{name}\", not product, qicharts2, nhsr-plotthedots, powerbi-spc, perla, his or runcharter."
            ))
        })?,
    };
    // `part` holds last points counted from 1, which is the index of the next phase's first point.
    let indices = |name: &str, shift: i64| {
        let place = |position: i64| {
            usize::try_from(position - shift).map_err(|_| {
                CaseError::Refused(format!("{name} holds {position}, but points count from 1."))
            })
        };
        fields
            .positions(name)?
            .into_iter()
            .map(place)
            .collect::<Result<Vec<usize>, CaseError>>()
    };
    let options = Options {
        target: fields.number("target")?,
        baseline: fields.count("freeze")?,
        phases: indices("part", 0)?,
        excluded: indices("exclude", 1)?,
        multiply: fields.number("multiply")?.unwrap_or(1.0),
        profile,
        ..Options::new(chart, direction)
    };
    let points = if matches!(chart, Chart::Xbar | Chart::S) {
        subgroups(fields)?
    } else {
        rows(fields)?
    };
    let verdict = judge(&points, &options).map_err(CaseError::refused)?;
    serde_json::to_value(&verdict).map_err(|error| CaseError::Malformed(error.to_string()))
}

fn rows(fields: &Fields) -> Result<Vec<Point>, CaseError> {
    let point = |(i, x): (usize, String)| Point {
        value: Some(fields.y[i]).filter(|v| !v.is_nan()),
        n: fields.n.get(i).copied().filter(|v| !v.is_nan()),
        ..Point::missing(x)
    };
    Ok(fields
        .x_as_names()?
        .into_iter()
        .enumerate()
        .map(point)
        .collect())
}

/// Rows with the same x are the measurements of one subgroup, in the order in which the subgroups first appear.
fn subgroups(fields: &Fields) -> Result<Vec<Point>, CaseError> {
    fields.without_n()?;
    let mut groups: Vec<(String, Vec<f64>)> = Vec::new();
    let mut places = std::collections::BTreeMap::new();
    for (x, &y) in fields.x_as_names()?.into_iter().zip(&fields.y) {
        let place = *places.entry(x.clone()).or_insert(groups.len());
        if place == groups.len() {
            groups.push((x, Vec::new()));
        }
        if !y.is_nan() {
            groups[place].1.push(y);
        }
    }
    let point = |(x, values): (String, Vec<f64>)| {
        let known = |v: f64| Some(v).filter(|v| !v.is_nan());
        Point {
            value: known(summary::mean(values.iter().copied())),
            n: Some(values.len() as f64),
            sd: known(summary::standard_deviation(&values)),
            ..Point::missing(x)
        }
    };
    Ok(groups.into_iter().map(point).collect())
}
