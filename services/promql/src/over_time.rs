//! Functions over the samples of one series in a range.

use super::functions::{larger, smaller};
use super::series::Sample;
use super::subset::Over;

/// Whether a function leaves a series its name.
pub const fn keeps_name(over: Over) -> bool {
    matches!(over, Over::Last)
}

/// A function over samples, of which there is at least one.
pub fn over(over: Over, samples: &[Sample], parameter: Option<f64>) -> Option<f64> {
    let values = || samples.iter().map(|s| s.value);
    let count = samples.len() as f64;
    Some(match over {
        Over::Avg => sum(values()) / count,
        Over::Min => values().fold(f64::NAN, |least, v| {
            if least.is_nan() {
                v
            } else if v.is_nan() {
                least
            } else {
                smaller(least, v)
            }
        }),
        Over::Max => values().fold(f64::NAN, |most, v| {
            if most.is_nan() {
                v
            } else if v.is_nan() {
                most
            } else {
                larger(most, v)
            }
        }),
        Over::Sum => sum(values()),
        Over::Count => count,
        Over::Quantile => quantile(parameter?, values().collect()),
        Over::Stddev => variance(values()).sqrt(),
        Over::Stdvar => variance(values()),
        Over::Last => samples.last()?.value,
        Over::Present => 1.0,
        Over::Changes => {
            let changed = |pair: &&[Sample]| {
                let (a, b) = (pair[0].value, pair[1].value);
                a != b && !(a.is_nan() && b.is_nan())
            };
            samples.windows(2).filter(changed).count() as f64
        }
    })
}

/// A sum that keeps what adding a small number to a large one loses.
pub fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = total + value;
        if next.is_infinite() {
            lost = 0.0;
        } else if total.abs() >= value.abs() {
            lost += (total - next) + value;
        } else {
            lost += (value - next) + total;
        }
        total = next;
    }
    if total.is_infinite() {
        total
    } else {
        total + lost
    }
}

/// The mean square distance from the mean.
pub fn variance(values: impl Iterator<Item = f64>) -> f64 {
    let (mut count, mut mean, mut square) = (0.0, 0.0, 0.0);
    for value in values {
        count += 1.0;
        let distance = value - mean;
        mean += distance / count;
        square += distance * (value - mean);
    }
    square / count
}

/// A quantile, between two values in proportion.
pub fn quantile(share: f64, mut values: Vec<f64>) -> f64 {
    if values.is_empty() || share.is_nan() {
        return f64::NAN;
    }
    if share < 0.0 {
        return f64::NEG_INFINITY;
    }
    if share > 1.0 {
        return f64::INFINITY;
    }
    // What is not a number counts as the least.
    values.sort_by(|a, b| {
        b.is_nan()
            .cmp(&a.is_nan())
            .then(a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal))
    });
    let last = values.len() - 1;
    let rank = share * last as f64;
    let below = (rank.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let weight = rank - rank.floor();
    values[below] * (1.0 - weight) + values[above] * weight
}
