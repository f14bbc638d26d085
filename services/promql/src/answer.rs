//! Answers in the shapes and spellings of Prometheus's API.

use super::eval::{Row, Value};
use super::series::Labels;
use std::fmt::Write;

/// A number as Prometheus writes it in answers: shortest, in figures, with an exponent only when very small or large.
#[must_use]
pub fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || value == 0.0 || (1e-6..1e21).contains(&size) {
        return plain(value);
    }
    // Rust leaves the exponent's sign and its first zero away.
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent
        .strip_prefix('-')
        .map_or(('+', exponent), |e| ('-', e));
    format!("{digits}e{sign}{exponent:0>2}")
}

/// A number in figures.
#[must_use]
pub fn plain(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        value.to_string()
    }
}

/// An instant in seconds, with milliseconds where it has any.
fn instant(out: &mut String, at: i64) {
    let (seconds, rest) = (at.unsigned_abs() / 1_000, at.unsigned_abs() % 1_000);
    if at < 0 {
        out.push('-');
    }
    // Writing to a string cannot fail.
    let _ = if rest == 0 {
        write!(out, "{seconds}")
    } else {
        write!(out, "{seconds}.{rest:03}")
    };
}

fn pair(out: &mut String, at: i64, value: f64) {
    out.push('[');
    instant(out, at);
    out.push_str(",\"");
    out.push_str(&number(value));
    out.push_str("\"]");
}

/// A string as JSON.
fn text(out: &mut String, value: &str) {
    out.push_str(&serde_json::Value::from(value).to_string());
}

/// Labels as JSON.
pub fn labels(out: &mut String, labels: &Labels) {
    out.push('{');
    for (n, (name, value)) in labels.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        text(out, name);
        out.push(':');
        text(out, value);
    }
    out.push('}');
}

fn list<T>(out: &mut String, items: impl Iterator<Item = T>, mut item: impl FnMut(&mut String, T)) {
    out.push('[');
    for (n, one) in items.enumerate() {
        if n > 0 {
            out.push(',');
        }
        item(out, one);
    }
    out.push(']');
}

fn series(out: &mut String, of: &Labels, samples: impl Iterator<Item = (i64, f64)>) {
    out.push_str("{\"metric\":");
    labels(out, of);
    out.push_str(",\"values\":");
    list(out, samples, |out, (at, value)| pair(out, at, value));
    out.push('}');
}

/// The `data` of a query of one instant.
#[must_use]
pub fn of_instant(value: &Value, at: i64) -> String {
    let mut out = String::new();
    match value {
        Value::Scalar(values) => {
            out.push_str("{\"resultType\":\"scalar\",\"result\":");
            pair(&mut out, at, values.first().copied().unwrap_or(f64::NAN));
        }
        Value::Text(value) => {
            out.push_str("{\"resultType\":\"string\",\"result\":[");
            instant(&mut out, at);
            out.push(',');
            text(&mut out, value);
            out.push(']');
        }
        Value::Vector(rows) => {
            out.push_str("{\"resultType\":\"vector\",\"result\":");
            let present = rows
                .iter()
                .filter_map(|row| Some((row, (*row.values.first()?)?)));
            list(&mut out, present, |out, (row, value)| {
                out.push_str("{\"metric\":");
                labels(out, &row.labels);
                out.push_str(",\"value\":");
                pair(out, at, value);
                out.push('}');
            });
        }
        Value::Matrix(all) => {
            out.push_str("{\"resultType\":\"matrix\",\"result\":");
            list(&mut out, all.iter(), |out, (of, samples)| {
                series(out, of, samples.iter().map(|s| (s.at, s.value)));
            });
        }
    }
    out.push('}');
    out
}

/// The `data` of a query over a range of instants.
#[must_use]
pub fn of_range(value: &Value, instants: &[i64]) -> String {
    let mut out = String::from("{\"resultType\":\"matrix\",\"result\":");
    match value {
        Value::Scalar(values) => {
            let samples = instants.iter().copied().zip(values.iter().copied());
            out.push('[');
            if !instants.is_empty() {
                series(&mut out, &Labels::default(), samples);
            }
            out.push(']');
        }
        Value::Vector(rows) => {
            let mut rows: Vec<&Row> = rows
                .iter()
                .filter(|row| row.values.iter().any(Option::is_some))
                .collect();
            rows.sort_by(|a, b| a.labels.cmp(&b.labels));
            list(&mut out, rows.into_iter(), |out, row| {
                let values = instants.iter().zip(&row.values);
                series(
                    out,
                    &row.labels,
                    values.filter_map(|(at, v)| Some((*at, (*v)?))),
                );
            });
        }
        Value::Text(_) | Value::Matrix(_) => out.push_str("[]"),
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_instants_are_spelt_as_prometheus_spells_them() {
        for (value, spelt) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (1e-7, "1e-07"),
            (-2.5e-10, "-2.5e-10"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (1.5e300, "1.5e+300"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(number(value), spelt);
        }
        for (at, spelt) in [(0, "0"), (1_500, "1.500"), (-1_001, "-1.001"), (1_000, "1")] {
            let mut out = String::new();
            instant(&mut out, at);
            assert_eq!(out, spelt);
        }
    }
}
