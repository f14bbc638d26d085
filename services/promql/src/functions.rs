//! Functions of instant vectors.

use super::eval::Row;
use super::series::{Comparison, Labels, Matcher, NAME};
use super::subset::Function;
use std::cmp::Ordering;

/// The larger number, as Go has it: none when either is none.
pub fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.max(b)
    }
}

/// The smaller number, as Go has it.
pub fn smaller(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.min(b)
    }
}

/// A function of a single value.
pub fn elementwise(function: Function, value: f64, given: &[f64]) -> Option<f64> {
    Some(match (function, given) {
        (Function::Abs, _) => value.abs(),
        (Function::Ceil, _) => value.ceil(),
        (Function::Floor, _) => value.floor(),
        (Function::Sqrt, _) => value.sqrt(),
        (Function::Sgn, _) if value > 0.0 => 1.0,
        (Function::Sgn, _) if value < 0.0 => -1.0,
        (Function::Sgn, _) => value,
        (Function::Round, given) => {
            // Divided once, as Prometheus does, so that the last digit is the same.
            let inverse = 1.0 / given.first().copied().unwrap_or(1.0);
            (value * inverse + 0.5).floor() / inverse
        }
        (Function::Clamp, [least, most]) if most < least => return None,
        (Function::Clamp, [least, most]) => larger(*least, smaller(*most, value)),
        (Function::ClampMin, [least]) => larger(*least, value),
        (Function::ClampMax, [most]) => smaller(*most, value),
        _ => return None,
    })
}

/// The value of the only element at each instant.
pub fn only_one(rows: &[Row], instants: usize) -> Vec<f64> {
    (0..instants)
        .map(|at| {
            let mut present = rows.iter().filter_map(|row| row.values[at]);
            match (present.next(), present.next()) {
                (Some(value), None) => value,
                _ => f64::NAN,
            }
        })
        .collect()
}

/// The labels of what is absent: those that a selector asks for by `=`, each once.
pub fn labels_of_absent(matchers: &[Matcher]) -> Labels {
    let mut labels = Labels::default();
    let mut seen: Vec<&str> = Vec::new();
    for matcher in matchers.iter().filter(|m| m.name != NAME) {
        match &matcher.comparison {
            Comparison::Equal(value) if !seen.contains(&matcher.name.as_str()) => {
                labels = labels.with(&matcher.name, value);
                seen.push(&matcher.name);
            }
            _ => labels = labels.with(&matcher.name, ""),
        }
    }
    labels
}

/// 1 where no row has a value.
pub fn absent(labels: Labels, rows: &[Row], instants: usize) -> Vec<Row> {
    let values: Vec<Option<f64>> = (0..instants)
        .map(|at| {
            rows.iter()
                .all(|row| row.values[at].is_none())
                .then_some(1.0)
        })
        .collect();
    if values.iter().all(Option::is_none) {
        return Vec::new();
    }
    vec![Row { labels, values }]
}

/// Rows by value; what is not a number comes last. Of more than one instant the order says nothing, and rows are as they
/// were.
pub fn sorted(mut rows: Vec<Row>, descending: bool) -> Vec<Row> {
    if rows.iter().any(|row| row.values.len() != 1) {
        return rows;
    }
    rows.sort_by(|a, b| match (a.values[0], b.values[0]) {
        (Some(a), Some(b)) => by_value(a, b, descending),
        _ => Ordering::Equal,
    });
    rows
}

/// The order of two values; what is not a number comes last either way.
pub fn by_value(a: f64, b: f64, descending: bool) -> Ordering {
    let order = a
        .partial_cmp(&b)
        .unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()));
    if descending && !a.is_nan() && !b.is_nan() {
        order.reverse()
    } else {
        order
    }
}
