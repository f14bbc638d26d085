//! Aggregations: many elements become one, or fewer.

use super::Refusal;
use super::answer::plain;
use super::eval::{Question, Row, merged};
use super::functions::by_value;
use super::over_time::{quantile, sum, variance};
use super::series::Labels;
use super::subset::Aggregator;
use super::tree::Aggregate;
use std::collections::BTreeMap;

/// An aggregation of rows.
pub fn aggregate(question: &Question<'_>, of: &Aggregate) -> Result<Vec<Row>, Refusal> {
    let parameter = of
        .parameter
        .as_ref()
        .map(|p| question.scalar(p))
        .transpose()?;
    let rows = question.vector(&of.of)?;
    let instants = question.len();
    let key = |labels: &Labels| {
        if of.without {
            labels.without(&of.labels)
        } else {
            labels.only(&of.labels)
        }
    };
    if of.aggregator == Aggregator::CountValues {
        let label = of.label.as_deref().unwrap_or_default();
        return counted(&rows, label, key, instants);
    }
    let mut groups: BTreeMap<Labels, Vec<Row>> = BTreeMap::new();
    for row in rows {
        groups.entry(key(&row.labels)).or_default().push(row);
    }
    if matches!(of.aggregator, Aggregator::TopK | Aggregator::BottomK) {
        let most = whole(&parameter.unwrap_or_default())?;
        let descending = of.aggregator == Aggregator::TopK;
        let mut best: Vec<Row> = groups
            .into_values()
            .flat_map(|group| best_of(group, &most, descending))
            .collect();
        if instants == 1 {
            // As Prometheus gives them: each group by value.
            best.retain(|row| row.values[0].is_some());
            return Ok(best);
        }
        best = merged(best)?;
        return Ok(best);
    }
    let rows = groups.into_iter().map(|(labels, group)| {
        let values = (0..instants).map(|at| {
            let present: Vec<f64> = group.iter().filter_map(|row| row.values[at]).collect();
            let parameter = parameter.as_ref().and_then(|p| p.get(at)).copied();
            together(of.aggregator, present, parameter)
        });
        Row {
            labels,
            values: values.collect(),
        }
    });
    merged(rows.collect())
}

/// Values of one instant put together.
fn together(aggregator: Aggregator, values: Vec<f64>, parameter: Option<f64>) -> Option<f64> {
    let count = values.len() as f64;
    let first = *values.first()?;
    let all = values.iter().copied();
    Some(match aggregator {
        Aggregator::Sum => sum(all),
        Aggregator::Avg => sum(all) / count,
        Aggregator::Min => all.fold(first, |least, v| {
            if least > v || least.is_nan() {
                v
            } else {
                least
            }
        }),
        Aggregator::Max => all.fold(
            first,
            |most, v| if most < v || most.is_nan() { v } else { most },
        ),
        Aggregator::Count => count,
        Aggregator::Group => 1.0,
        Aggregator::Stddev => variance(all).sqrt(),
        Aggregator::Stdvar => variance(all),
        Aggregator::Quantile => quantile(parameter?, values),
        Aggregator::TopK | Aggregator::BottomK | Aggregator::CountValues => return None,
    })
}

/// A number of elements at each instant.
fn whole(numbers: &[f64]) -> Result<Vec<usize>, Refusal> {
    numbers
        .iter()
        .map(|n| {
            if n.is_nan() || n.abs() >= 9e18 {
                return Err(Refusal::execution(format!("{n} is not a number of series")));
            }
            Ok(n.max(0.0) as usize)
        })
        .collect()
}

/// The largest or smallest elements of a group, at each instant.
fn best_of(group: Vec<Row>, most: &[usize], descending: bool) -> Vec<Row> {
    let mut kept: Vec<Row> = group
        .iter()
        .map(|row| Row {
            labels: row.labels.clone(),
            values: vec![None; row.values.len()],
        })
        .collect();
    let mut last = Vec::new();
    for (at, most) in most.iter().enumerate() {
        let mut order: Vec<(usize, f64)> = group
            .iter()
            .enumerate()
            .filter_map(|(n, row)| Some((n, row.values[at]?)))
            .collect();
        order.sort_by(|a, b| by_value(a.1, b.1, descending));
        order.truncate(*most);
        for (n, value) in &order {
            kept[*n].values[at] = Some(*value);
        }
        last = order.iter().map(|(n, _)| *n).collect();
    }
    if most.len() == 1 {
        return last.into_iter().map(|n| kept[n].clone()).collect();
    }
    kept
}

/// `count_values`
fn counted(
    rows: &[Row],
    label: &str,
    key: impl Fn(&Labels) -> Labels,
    instants: usize,
) -> Result<Vec<Row>, Refusal> {
    let mut counts: BTreeMap<Labels, Vec<Option<f64>>> = BTreeMap::new();
    for row in rows {
        let common = key(&row.labels);
        for (at, value) in row.values.iter().enumerate() {
            let Some(value) = value else { continue };
            let labels = common.with(label, &plain(*value));
            let counts = counts.entry(labels).or_insert_with(|| vec![None; instants]);
            counts[at] = Some(counts[at].unwrap_or(0.0) + 1.0);
        }
    }
    merged(
        counts
            .into_iter()
            .map(|(labels, values)| Row { labels, values })
            .collect(),
    )
}
