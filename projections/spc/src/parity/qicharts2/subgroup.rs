//! Rows with the same x become one subgroup.

use std::cmp::Ordering;

use super::Label;
use crate::numerics::summary;

/// How several values of one subgroup become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// Arithmetic mean.
    Mean,
    /// Median.
    Median,
    /// The sum of the values.
    Sum,
    /// Standard deviation, divisor n − 1.
    Sd,
}

/// One subgroup. `NaN` where undefined.
pub(super) struct Row {
    pub(super) label: Label,
    pub(super) value: f64,
    pub(super) sum: f64,
    pub(super) mean: f64,
    pub(super) sd: f64,
    pub(super) size: usize,
    pub(super) n: f64,
    pub(super) centre: f64,
}

/// Subgroups in the order of their x. With denominators a row that misses either number misses both, and the value is
/// the ratio of the sums; without, the chosen aggregate.
pub(super) fn aggregate(
    x: &[Label],
    y: &[f64],
    n: &[f64],
    centre: &[Option<f64>],
    aggregate: Aggregate,
) -> Vec<Row> {
    let mut order: Vec<usize> = (0..x.len()).filter(|&i| x[i] != Label::Missing).collect();
    order.sort_by(|&a, &b| compare(&x[a], &x[b]));
    order
        .chunk_by(|&a, &b| x[a] == x[b])
        .map(|members| row(members, x, y, n, centre, aggregate))
        .collect()
}

fn compare(a: &Label, b: &Label) -> Ordering {
    match (a, b) {
        (Label::Number(a), Label::Number(b)) => a.total_cmp(b),
        (Label::Text(a), Label::Text(b)) => a.cmp(b),
        (Label::Number(_), _) => Ordering::Less,
        (_, Label::Number(_)) => Ordering::Greater,
        (Label::Missing, Label::Missing) => Ordering::Equal,
        (_, Label::Missing) => Ordering::Less,
        (Label::Missing, _) => Ordering::Greater,
    }
}

fn row(
    members: &[usize],
    x: &[Label],
    y: &[f64],
    n: &[f64],
    centre: &[Option<f64>],
    aggregate: Aggregate,
) -> Row {
    let ratio = !n.is_empty();
    let complete = |i: &&usize| !(y[**i].is_nan() || (ratio && n[**i].is_nan()));
    let kept: Vec<f64> = members.iter().filter(complete).map(|&i| y[i]).collect();
    let size = kept.len();
    // Several rows that all miss their value add up to 0 there; a single one stays missing.
    let sum = if size == 0 && members.len() == 1 {
        f64::NAN
    } else {
        summary::total(kept.iter().copied())
    };
    let mean = summary::mean(kept.iter().copied());
    let sd = summary::standard_deviation(&kept);
    let denominators = summary::total(
        members
            .iter()
            .filter(complete)
            .filter_map(|&i| n.get(i).copied()),
    );
    let value = if ratio {
        if size == 0 {
            f64::NAN
        } else {
            sum / denominators
        }
    } else {
        match aggregate {
            Aggregate::Mean => mean,
            Aggregate::Median => summary::median(kept.iter().copied()),
            // The reference drops missing values from the sum of one row too, and is left with 0.
            Aggregate::Sum => summary::total(kept.iter().copied()),
            Aggregate::Sd => sd,
        }
    };
    let first = members[0];
    let known = if centre.len() == 1 {
        centre[0]
    } else {
        centre.get(first).copied().flatten()
    };
    Row {
        label: x[first].clone(),
        value,
        sum,
        mean,
        sd,
        size,
        n: if ratio { denominators } else { f64::NAN },
        centre: known.unwrap_or(f64::NAN),
    }
}
