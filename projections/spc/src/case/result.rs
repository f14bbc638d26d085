//! Writing numbers and columns as the vectors do.

use serde_json::{Map, Value};

/// A finite number (whole ones without a fraction), `"Inf"`, `"-Inf"`, or null.
pub(super) fn number(value: f64) -> Value {
    if value.is_nan() {
        Value::Null
    } else if value.is_infinite() {
        Value::from(if value > 0.0 { "Inf" } else { "-Inf" })
    } else if value.fract() == 0.0 && value.abs() < 1e15 {
        Value::from(value as i64)
    } else {
        Value::from(value)
    }
}

pub(super) fn option(value: Option<f64>) -> Value {
    value.map_or(Value::Null, number)
}

/// How one column is read from a row.
pub(super) type Column<'a, T> = (&'a str, &'a dyn Fn(&T) -> Value);

/// Rows as an object of columns.
pub(super) fn columns<T>(rows: &[T], columns: &[Column<'_, T>]) -> Value {
    let object: Map<String, Value> = columns
        .iter()
        .map(|(name, cell)| {
            (
                (*name).to_owned(),
                Value::Array(rows.iter().map(cell).collect()),
            )
        })
        .collect();
    Value::Object(object)
}
