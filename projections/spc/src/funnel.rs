//! Funnel plots: comparing units of different size in one period.
//!
//! Spiegelhalter 2005 (doi:10.1002/sim.1970) and 2012 (doi:10.1111/j.1467-985X.2011.01010.x), as FunnelPlotR 0.6.0.
//! Every unit is judged against limits that narrow with its size. Where units differ by more than chance
//! (overdispersion) the limits are widened by a variance τ² between units:
//!
//! 1. sum per unit; the target is 1 for standardised ratios, else Σnumerator / Σdenominator;
//! 2. a z-score per unit on the scale where its spread s is known;
//! 3. the extremes are trimmed (pulled in to the 10 % and 90 % quantiles, or left out for SHMI);
//! 4. φ = Σz²/n; τ² = (nφ − (n−1)) / (Σw − Σw²/Σw), w = 1/s², not below 0; with φ ≤ 1 the limits stay as they are;
//! 5. limits at 95 % and 99.8 %; a unit outside the chosen pair is an outlier.
//!
//! With few units φ and τ² are very uncertain: for a handful of localities show the unadjusted limits and say so. A funnel
//! is not a league table. [`FunnelKind::RatioOfCounts`] has limits that ignore the spread of the numerator and flag far too much;
//! it is here to reproduce the reference, and [`product_funnel`] does not offer it.

mod limits;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::numerics::summary;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FunnelKind {
    /// Numerator out of denominator.
    Proportion,
    /// Events over exposure, such as falls per 1000 bed-days: a U funnel. Limits are exact Poisson limits of the events expected.
    Rate,
    /// Observed over expected, log scale, extremes left out (NHS Digital's SHMI).
    StandardisedShmi,
    /// Observed over expected, square-root scale, extremes pulled in (Care Quality Commission).
    StandardisedCqc,
    /// Two counts. Its limits are known to be wrong.
    RatioOfCounts,
}

/// Which pair of limits makes an outlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FunnelLimit {
    /// 95 %.
    P95,
    /// 99.8 %, about three sigma.
    #[default]
    P998,
}

/// How a funnel is made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FunnelOptions {
    /// What is compared.
    pub kind: FunnelKind,
    /// Share trimmed at each end before overdispersion is measured; 0.1.
    pub trim_by: f64,
    /// Widen the limits where units differ by more than chance.
    pub adjust: bool,
    /// Limits that make an outlier.
    pub limit: FunnelLimit,
    /// Factor for ratios and limits.
    pub multiplier: f64,
}

impl FunnelOptions {
    /// Unadjusted 99.8 % limits, no factor.
    pub fn new(kind: FunnelKind) -> Self {
        Self {
            kind,
            trim_by: 0.1,
            adjust: false,
            limit: FunnelLimit::P998,
            multiplier: 1.0,
        }
    }
}

/// Numbers of one unit; several rows of one name are added up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunnelRow {
    /// Name of the unit.
    pub unit: String,
    /// Events, or observed.
    pub numerator: f64,
    /// Opportunities, or expected.
    pub denominator: f64,
}

/// Lower and upper limits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Band {
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}

/// One unit on the funnel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunnelUnit {
    /// Name of the unit.
    pub unit: String,
    /// Sum of numerators.
    pub numerator: f64,
    /// Sum of denominators.
    pub denominator: f64,
    /// Their ratio, times the multiplier.
    pub ratio: f64,
    /// Standardised distance from the target; absent where it is undefined, −∞ for no events on a log scale.
    pub z: Option<f64>,
    /// The same after trimming; absent for units left out.
    pub trimmed_z: Option<f64>,
    /// 95 % limits by chance alone.
    pub p95: Band,
    /// 99.8 % limits by chance alone.
    pub p998: Band,
    /// 95 % limits with the variance between units, where that is in use.
    pub adjusted_p95: Band,
    /// 99.8 % limits with the variance between units, where that is in use.
    pub adjusted_p998: Band,
    /// Outside the limits in use.
    pub outlier: bool,
}

/// A funnel, units by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Funnel {
    /// The line in the middle.
    pub target: f64,
    /// Overdispersion: mean squared z; 1 is chance alone. Absent where there is no z.
    pub phi: Option<f64>,
    /// Variance between units.
    pub tau2: f64,
    /// Units that φ is the mean of.
    pub units_in_phi: usize,
    /// The limits in use are the adjusted ones.
    pub adjusted: bool,
    /// The units.
    pub units: Vec<FunnelUnit>,
}

/// Why a funnel cannot be drawn.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FunnelError {
    /// No rows.
    #[error("A funnel needs at least one unit, but there are no rows.")]
    Empty,
    /// A denominator that is not a positive number, or a numerator that is not a number of at least 0.
    #[error(
        "Unit {unit} has a numerator below 0 or a denominator not above 0, or one that is not a number: correct or leave out the unit."
    )]
    Numbers {
        /// Name of the unit.
        unit: String,
    },
    /// A proportion above 1.
    #[error(
        "Unit {unit} has more in the numerator than in the denominator, which no proportion can have."
    )]
    AboveOne {
        /// Name of the unit.
        unit: String,
    },
    /// A zero numerator on a log scale.
    #[error(
        "Unit {unit} has no events, and the logarithm of its ratio does not exist: use proportions, or the square-root scale."
    )]
    NoEvents {
        /// Name of the unit.
        unit: String,
    },
    /// Too few to compare.
    #[error(
        "A funnel compares at least 5 units with a number, and these have one: {0}. Show each on its own chart over time."
    )]
    TooFew(usize),
    /// Ratio of counts in the product.
    #[error(
        "The limits for ratios of counts flag far too many units: compare proportions, or rates on a U chart."
    )]
    RatioOfCounts,
}

/// The funnel that people should see: at least five units, no ratio of counts, proportions of at most 1.
///
/// ```
/// use joinedup_spc::funnel::{FunnelKind, FunnelOptions, FunnelRow, product_funnel};
/// let rows: Vec<FunnelRow> = [("North", 40., 400.), ("South", 55., 450.), ("East", 38., 410.), ("West", 90., 600.), ("Vale", 31., 330.)]
///     .into_iter()
///     .map(|(unit, numerator, denominator)| FunnelRow { unit: unit.into(), numerator, denominator })
///     .collect();
/// let funnel = product_funnel(&rows, FunnelOptions::new(FunnelKind::Proportion))?;
/// assert!(funnel.units.iter().all(|unit| !unit.outlier));
/// # Ok::<(), joinedup_spc::funnel::FunnelError>(())
/// ```
pub fn product_funnel(rows: &[FunnelRow], options: FunnelOptions) -> Result<Funnel, FunnelError> {
    if options.kind == FunnelKind::RatioOfCounts {
        return Err(FunnelError::RatioOfCounts);
    }
    let logarithms = options.kind == FunnelKind::StandardisedShmi;
    let funnel = funnel(rows, options)?;
    if funnel.units.len() < 5 {
        return Err(FunnelError::TooFew(funnel.units.len()));
    }
    for unit in &funnel.units {
        if options.kind == FunnelKind::Proportion && unit.numerator > unit.denominator {
            return Err(FunnelError::AboveOne {
                unit: unit.unit.clone(),
            });
        }
        if logarithms && unit.numerator == 0.0 {
            return Err(FunnelError::NoEvents {
                unit: unit.unit.clone(),
            });
        }
    }
    Ok(funnel)
}

/// The funnel exactly as the reference makes it.
///
/// # Errors
/// When there is no row, a number is negative or not finite, or the denominators of a unit add up to zero.
pub fn funnel(rows: &[FunnelRow], options: FunnelOptions) -> Result<Funnel, FunnelError> {
    let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for row in rows {
        let fine = row.numerator >= 0.0 && row.numerator.is_finite() && row.denominator.is_finite();
        if !fine || row.denominator < 0.0 {
            return Err(FunnelError::Numbers {
                unit: row.unit.clone(),
            });
        }
        let sum = sums.entry(&row.unit).or_default();
        sum.0 += row.numerator;
        sum.1 += row.denominator;
    }
    if sums.is_empty() {
        return Err(FunnelError::Empty);
    }
    if let Some((unit, _)) = sums
        .iter()
        .find(|(_, (_, denominator))| *denominator <= 0.0)
    {
        return Err(FunnelError::Numbers {
            unit: (*unit).to_owned(),
        });
    }
    let kind = options.kind;
    let round = |v: f64| {
        if kind == FunnelKind::StandardisedShmi {
            to_hundredths(v)
        } else {
            v
        }
    };
    let counts: Vec<(f64, f64)> = sums
        .values()
        .map(|&(numerator, denominator)| (numerator, round(denominator)))
        .collect();
    let target = match kind {
        FunnelKind::StandardisedShmi | FunnelKind::StandardisedCqc => 1.0,
        FunnelKind::Proportion | FunnelKind::Rate | FunnelKind::RatioOfCounts => {
            summary::total(counts.iter().map(|c| c.0)) / summary::total(counts.iter().map(|c| c.1))
        }
    };
    let scores: Vec<(f64, f64)> = counts
        .iter()
        .map(|&(y, n)| z_score(kind, y, n, target))
        .collect();
    let trimmed = trim(kind, &scores, options.trim_by);
    let kept: Vec<f64> = trimmed.iter().flatten().copied().collect();
    let units_in_phi = kept.len();
    let n = units_in_phi as f64;
    let phi = summary::total(kept.iter().map(|z| z * z)) / n;
    // Units left out by truncation do not weigh either.
    let spreads = scores
        .iter()
        .zip(&trimmed)
        .filter(|(_, z)| z.is_some())
        .map(|(score, _)| score.1);
    let tau2 = between_variance(n, phi, spreads);
    let adjusted = options.adjust && phi > 1.0;

    let used_tau2 = if adjusted { tau2 } else { 0.0 };
    let units = sums
        .keys()
        .zip(&counts)
        .zip(scores.iter().zip(&trimmed))
        .map(|((unit, &(numerator, denominator)), (score, trimmed_z))| {
            let by_chance = limits::by_chance(kind, denominator, target);
            let with_variance = limits::with_variance(kind, denominator, target, used_tau2);
            let ratio = numerator / denominator;
            let scale = |band: Band| Band {
                lower: band.lower * options.multiplier,
                upper: band.upper * options.multiplier,
            };
            let (p95, p998) = (scale(by_chance.0), scale(by_chance.1));
            let (adjusted_p95, adjusted_p998) = (scale(with_variance.0), scale(with_variance.1));
            let ratio = ratio * options.multiplier;
            let band = match (options.limit, adjusted) {
                (FunnelLimit::P95, false) => p95,
                (FunnelLimit::P998, false) => p998,
                (FunnelLimit::P95, true) => adjusted_p95,
                (FunnelLimit::P998, true) => adjusted_p998,
            };
            FunnelUnit {
                unit: (*unit).to_owned(),
                numerator,
                denominator,
                ratio,
                z: (!score.0.is_nan()).then_some(score.0),
                trimmed_z: *trimmed_z,
                p95,
                p998,
                adjusted_p95,
                adjusted_p998,
                outlier: ratio > band.upper || ratio < band.lower,
            }
        })
        .collect();
    Ok(Funnel {
        target,
        phi: (!phi.is_nan()).then_some(phi),
        tau2,
        units_in_phi,
        adjusted,
        units,
    })
}

/// Rounds to two decimals as R does since version 4: to the nearer of the two neighbours as they are stored, and where
/// both are as near to the even one.
fn to_hundredths(v: f64) -> f64 {
    let scaled = v * 100.0;
    let (below, above) = (scaled.floor() / 100.0, scaled.ceil() / 100.0);
    let (down, up) = (v - below, above - v);
    if down < up || (down == up && scaled.floor() % 2.0 == 0.0) {
        below
    } else {
        above
    }
}

/// Standardised distance from the target, and its spread s.
fn z_score(kind: FunnelKind, y: f64, n: f64, target: f64) -> (f64, f64) {
    match kind {
        FunnelKind::StandardisedShmi => {
            let s = 1.0 / n.sqrt();
            (n.sqrt() * (y / n).ln(), s)
        }
        FunnelKind::StandardisedCqc => {
            let s = 1.0 / (2.0 * n.sqrt());
            (((y / n).sqrt() - 1.0) / s, s)
        }
        FunnelKind::Proportion => {
            let s = 1.0 / (2.0 * n.sqrt());
            (((y / n).sqrt().asin() - target.sqrt().asin()) / s, s)
        }
        FunnelKind::Rate => {
            let expected = n * target;
            let s = 1.0 / (2.0 * expected.sqrt());
            (((y / expected).sqrt() - 1.0) / s, s)
        }
        FunnelKind::RatioOfCounts => {
            let (a, b) = (y + 0.5, n + 0.5);
            let s = (y / (a * a) + n / (b * b)).sqrt();
            (((a / b).ln() - target.ln()) / s, s)
        }
    }
}

/// z-scores with the extremes left out (SHMI) or pulled in to type-7 quantiles.
fn trim(kind: FunnelKind, scores: &[(f64, f64)], by: f64) -> Vec<Option<f64>> {
    let z: Vec<f64> = scores.iter().map(|score| score.0).collect();
    let mut sorted: Vec<f64> = z.iter().copied().filter(|z| !z.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let by = by.clamp(0.0, 0.5);
    if kind == FunnelKind::StandardisedShmi {
        // Tenths by average rank; the first and the last are left out.
        let n = sorted.len() as f64;
        let groups = if by > 0.0 { 1.0 / by } else { f64::INFINITY };
        return z
            .iter()
            .map(|&z| {
                let below = sorted.partition_point(|v| *v < z) as f64;
                let up_to = sorted.partition_point(|v| *v <= z) as f64;
                let rank = (below + 1.0 + up_to) / 2.0;
                let tenth = (rank * groups / (n + 1.0)).floor();
                (tenth > 0.0 && tenth < groups - 1.0).then_some(z)
            })
            .collect();
    }
    let (low, high) = (
        summary::quantile_type7(&sorted, by),
        summary::quantile_type7(&sorted, 1.0 - by),
    );
    z.iter()
        .map(|&z| (!z.is_nan()).then(|| z.max(low).min(high)))
        .collect()
}

/// DerSimonian and Laird's variance between units.
fn between_variance(n: f64, phi: f64, spreads: impl Iterator<Item = f64> + Clone) -> f64 {
    let excess = n * phi - (n - 1.0);
    let weights = summary::total(spreads.clone().map(|s| 1.0 / (s * s)));
    let squares = summary::total(spreads.map(|s| 1.0 / (s * s * s * s)));
    let tau2 = excess / (weights - squares / weights);
    if excess < 0.0 || tau2.is_nan() {
        0.0
    } else {
        tau2.max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(numbers: &[(f64, f64)]) -> Vec<FunnelRow> {
        numbers
            .iter()
            .enumerate()
            .map(|(i, &(numerator, denominator))| FunnelRow {
                unit: format!("L{i:02}"),
                numerator,
                denominator,
            })
            .collect()
    }

    #[test]
    fn rows_of_one_unit_are_added_up() {
        let mut twice = rows(&[(4.0, 50.0), (5.0, 60.0)]);
        twice.extend(rows(&[(6.0, 70.0)]));
        let funnel = funnel(&twice, FunnelOptions::new(FunnelKind::Proportion)).unwrap();
        assert_eq!(
            (funnel.units[0].numerator, funnel.units[0].denominator),
            (10.0, 120.0)
        );
    }

    #[test]
    fn a_unit_far_from_the_others_is_an_outlier_and_the_others_are_not() {
        let mut numbers = vec![(50.0, 500.0); 9];
        numbers.push((120.0, 500.0));
        let funnel =
            product_funnel(&rows(&numbers), FunnelOptions::new(FunnelKind::Proportion)).unwrap();
        let outliers: Vec<bool> = funnel.units.iter().map(|unit| unit.outlier).collect();
        assert_eq!(outliers.iter().filter(|o| **o).count(), 1);
        assert!(outliers[9]);
    }

    #[test]
    fn the_product_refuses_what_it_cannot_compare_honestly() {
        let few = rows(&[(1.0, 10.0); 4]);
        let proportion = FunnelOptions::new(FunnelKind::Proportion);
        assert_eq!(
            product_funnel(&few, proportion),
            Err(FunnelError::TooFew(4))
        );
        assert_eq!(product_funnel(&[], proportion), Err(FunnelError::Empty));
        let counts = FunnelOptions::new(FunnelKind::RatioOfCounts);
        assert_eq!(
            product_funnel(&rows(&[(1.0, 10.0); 6]), counts),
            Err(FunnelError::RatioOfCounts)
        );
        let above = product_funnel(
            &rows(&[
                (1.0, 10.0),
                (1.0, 10.0),
                (1.0, 10.0),
                (1.0, 10.0),
                (11.0, 10.0),
            ]),
            proportion,
        );
        assert!(matches!(above, Err(FunnelError::AboveOne { .. })));
    }
}
