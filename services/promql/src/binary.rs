//! Operators between numbers and vectors.

use super::Refusal;
use super::eval::{Row, merged};
use super::series::Labels;
use super::subset::Operator;
use super::tree::{Group, Matching};
use std::collections::{BTreeMap, BTreeSet};

/// What an operator makes of two numbers; for a comparison whether it holds.
fn apply(operator: Operator, left: f64, right: f64) -> Result<f64, bool> {
    Ok(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Modulo => left % right,
        Operator::Power => left.powf(right),
        Operator::Equal => return Err(left == right),
        Operator::NotEqual => return Err(left != right),
        Operator::Greater => return Err(left > right),
        Operator::Less => return Err(left < right),
        Operator::GreaterOrEqual => return Err(left >= right),
        Operator::LessOrEqual => return Err(left <= right),
        Operator::And | Operator::Or | Operator::Unless => return Err(false),
    })
}

fn one_or_zero(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// Two numbers; a comparison says 1 or 0.
pub fn of_numbers(operator: Operator, left: f64, right: f64) -> f64 {
    apply(operator, left, right).unwrap_or_else(one_or_zero)
}

/// Each element with a number, which stands on the left or on the right.
pub fn with_number(
    operator: Operator,
    says_bool: bool,
    mut rows: Vec<Row>,
    numbers: &[f64],
    number_is_left: bool,
) -> Result<Vec<Row>, Refusal> {
    for row in &mut rows {
        if says_bool || !operator.compares() {
            row.labels = row.labels.nameless();
        }
        for (value, number) in row.values.iter_mut().zip(numbers) {
            let Some(element) = *value else { continue };
            let (left, right) = if number_is_left {
                (*number, element)
            } else {
                (element, *number)
            };
            *value = match apply(operator, left, right) {
                Ok(result) => Some(result),
                Err(holds) if says_bool => Some(one_or_zero(holds)),
                Err(holds) => holds.then_some(element),
            };
        }
    }
    merged(rows)
}

/// What elements must have in common to belong together.
fn signature(matching: &Matching, labels: &Labels) -> Labels {
    if matching.on {
        labels.only(&matching.labels)
    } else {
        labels.without(&matching.labels)
    }
}

/// `and`, `or`, `unless`
pub fn of_sets(
    operator: Operator,
    matching: &Matching,
    left: Vec<Row>,
    right: Vec<Row>,
    instants: usize,
) -> Result<Vec<Row>, Refusal> {
    // Of which signatures there is an element on the other side, at each instant.
    let (kept, other) = if operator == Operator::Or {
        (&right, &left)
    } else {
        (&left, &right)
    };
    let mut there: BTreeMap<Labels, Vec<bool>> = BTreeMap::new();
    for row in other {
        let seen = there
            .entry(signature(matching, &row.labels))
            .or_insert_with(|| vec![false; instants]);
        for (seen, value) in seen.iter_mut().zip(&row.values) {
            *seen |= value.is_some();
        }
    }
    let wanted = operator == Operator::And;
    let mut rows: Vec<Row> = kept
        .iter()
        .map(|row| {
            let seen = there.get(&signature(matching, &row.labels));
            let pass = |at: usize| seen.is_some_and(|s| s[at]) == wanted;
            let values = row.values.iter().enumerate();
            Row {
                labels: row.labels.clone(),
                values: values.map(|(at, v)| v.filter(|_| pass(at))).collect(),
            }
        })
        .collect();
    if operator == Operator::Or {
        rows.extend(left);
    }
    merged(rows)
}

/// Two vectors, element by element.
pub fn between(
    operator: Operator,
    says_bool: bool,
    matching: &Matching,
    left: &[Row],
    right: &[Row],
    instants: usize,
) -> Result<Vec<Row>, Refusal> {
    let swapped = matching.group == Group::Right;
    let (many, one) = if swapped {
        (right, left)
    } else {
        (left, right)
    };
    let any = |rows: &[Row], at: usize| rows.iter().any(|row| row.values[at].is_some());
    let both: Vec<bool> = (0..instants)
        .map(|at| any(many, at) && any(one, at))
        .collect();
    let mut groups: BTreeMap<Labels, (Vec<&Row>, Vec<&Row>)> = BTreeMap::new();
    for row in many {
        groups
            .entry(signature(matching, &row.labels))
            .or_default()
            .0
            .push(row);
    }
    for row in one {
        groups
            .entry(signature(matching, &row.labels))
            .or_default()
            .1
            .push(row);
    }
    let mut results = Vec::new();
    for (common, (many, one)) in &groups {
        let mut pairs: BTreeMap<(usize, usize), (Labels, Vec<Option<f64>>)> = BTreeMap::new();
        for at in (0..instants).filter(|at| both[*at]) {
            let mut present = one
                .iter()
                .enumerate()
                .filter_map(|(n, r)| Some((n, *r, r.values[at]?)));
            let Some((single, single_row, single_value)) = present.next() else {
                continue;
            };
            if let Some((_, another, _)) = present.next() {
                return Err(too_many(common, single_row, another, swapped));
            }
            let mut seen = BTreeSet::new();
            for (n, row) in many.iter().enumerate() {
                let Some(value) = row.values[at] else {
                    continue;
                };
                let (l, r) = if swapped {
                    (single_value, value)
                } else {
                    (value, single_value)
                };
                let result = match apply(operator, l, r) {
                    Ok(result) => result,
                    Err(holds) if says_bool => one_or_zero(holds),
                    Err(true) => l,
                    Err(false) => continue,
                };
                let (labels, values) = pairs.entry((n, single)).or_insert_with(|| {
                    let labels = labels(
                        operator,
                        says_bool,
                        matching,
                        &row.labels,
                        &single_row.labels,
                    );
                    (labels, vec![None; instants])
                });
                if matching.group == Group::One && !seen.is_empty() {
                    return Err(Refusal::execution(
                        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
                    ));
                }
                if !seen.insert(labels.clone()) {
                    return Err(Refusal::execution(
                        "multiple matches for labels: grouping labels must ensure unique matches",
                    ));
                }
                values[at] = Some(result);
            }
        }
        results.extend(
            pairs
                .into_values()
                .map(|(labels, values)| Row { labels, values }),
        );
    }
    merged(results)
}

fn too_many(common: &Labels, one: &Row, another: &Row, on_left: bool) -> Refusal {
    let side = if on_left { "left" } else { "right" };
    Refusal::execution(format!(
        "found duplicate series for the match group {common} on the {side} hand-side of the operation: [{}, {}];\
         many-to-many matching not allowed: matching labels must be unique on one side",
        one.labels, another.labels
    ))
}

/// The labels of a result.
fn labels(
    operator: Operator,
    says_bool: bool,
    matching: &Matching,
    many: &Labels,
    one: &Labels,
) -> Labels {
    let mut labels = many.clone();
    if says_bool || !operator.compares() {
        labels = labels.nameless();
    }
    if matching.group == Group::One {
        labels = if matching.on {
            labels.only(&matching.labels)
        } else {
            let name = labels.get(super::series::NAME).to_owned();
            labels
                .without(&matching.labels)
                .with(super::series::NAME, &name)
        };
    }
    for name in &matching.include {
        labels = labels.with(name, one.get(name));
    }
    labels
}
