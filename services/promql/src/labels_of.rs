//! Functions that write labels.

use super::Refusal;
use super::eval::{Row, merged};
use super::pattern::Pattern;

/// `label_replace`
pub fn replaced(
    rows: Vec<Row>,
    [target, template, source, pattern]: [&str; 4],
) -> Result<Vec<Row>, Refusal> {
    let pattern = Pattern::new(pattern)?;
    let written = rows
        .into_iter()
        .map(|row| {
            let Some(captures) = pattern.captures(row.labels.get(source)) else {
                return row;
            };
            let mut value = String::new();
            captures.expand(template, &mut value);
            Row {
                labels: row.labels.with(target, &value),
                values: row.values,
            }
        })
        .collect();
    merged(written)
}

/// `label_join`
pub fn joined(
    rows: Vec<Row>,
    target: &str,
    separator: &str,
    sources: &[&str],
) -> Result<Vec<Row>, Refusal> {
    let written = rows
        .into_iter()
        .map(|row| {
            let parts: Vec<&str> = sources.iter().map(|s| row.labels.get(s)).collect();
            Row {
                labels: row.labels.with(target, &parts.join(separator)),
                values: row.values,
            }
        })
        .collect();
    merged(written)
}
