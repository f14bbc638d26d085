//! Scales and ticks.

use chrono::{Datelike, NaiveDate};
use joinedup_views::amounts::trimmed;
pub use joinedup_views::amounts::{amount, number};
use joinedup_views::period::{Grain, Period};

/// More decimals than a number of this kind holds say nothing.
const MAX_DECIMALS: u8 = 17;

/// A scale from values to places, with round ticks.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// The value at the bottom.
    pub low: f64,
    /// The value at the top.
    pub high: f64,
    /// The distance between ticks.
    pub step: f64,
}

impl Scale {
    /// A scale that holds all values, from zero where they are near it, with some five ticks. It does not go on where no value of
    /// the unit can lie, and where all values are one it shows all that it is one of.
    #[must_use]
    pub fn of(values: impl Iterator<Item = f64>, unit: &str) -> Self {
        let values: Vec<f64> = values.filter(|v| v.is_finite()).collect();
        let mut low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let mut high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let ends = ends(unit).filter(|(least, most)| low >= *least && high <= *most);
        let is_rating = ends.is_some() && unit != "proportion";
        // Between one person and two there is nobody, and between two levels no level.
        let is_whole = is_rating || unit != "proportion" && values.iter().all(|v| v.fract() == 0.0);
        if high - low < f64::EPSILON * high.abs().max(1.0) {
            (low, high) = ends.unwrap_or(match low {
                below if below < 0.0 => (below, 0.0),
                0.0 => (0.0, 1.0),
                above => (0.0, above),
            });
        }
        // Care measures are amounts: cutting the axis would make small movements look large.
        let is_near = low < high * 0.6 || is_whole && high <= 5.0;
        if low >= 0.0 && is_near && !is_rating {
            low = 0.0;
        }
        let rough = (high - low) / 5.0;
        let rough = if is_whole { rough.max(1.0) } else { rough };
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .into_iter()
            .map(|m| m * power)
            .find(|s| *s >= rough * 0.999 && !(is_whole && s.fract() > 0.0))
            .unwrap_or(power * 10.0);
        let (least, most) = ends.unwrap_or((f64::MIN, f64::MAX));
        Self {
            low: ((low / step).floor() * step).max(least),
            high: ((high / step).ceil() * step).min(most),
            step,
        }
    }

    /// The ticks, from low to high.
    pub fn ticks(&self) -> impl Iterator<Item = f64> + '_ {
        let count = ((self.high - self.low) / self.step).round() as usize;
        (0..=count.min(20)).map(|i| self.low + self.step * i as f64)
    }

    /// A tick in words, with the decimals that the step needs: rounded like a value, two could read the same.
    #[must_use]
    pub fn label(&self, tick: f64, unit: &str) -> String {
        let (times, sign) = match unit {
            "proportion" => (100.0, "%"),
            _ => (1.0, ""),
        };
        let is_enough = |decimals: &u8| {
            let scaled = self.step * times * 10f64.powi(i32::from(*decimals));
            (scaled - scaled.round()).abs() < scaled * 1e-6
        };
        let decimals = (0..MAX_DECIMALS).find(is_enough).unwrap_or(MAX_DECIMALS);
        trimmed(tick * times, usize::from(decimals)) + sign
    }

    /// How far up a value is, from 0 to 1.
    #[must_use]
    pub fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// The least and the most that a unit can be: of a share, and of what says so itself, such as `level, 1 to 5`.
fn ends(unit: &str) -> Option<(f64, f64)> {
    if unit == "proportion" {
        return Some((0.0, 1.0));
    }
    let (least, most) = unit.rsplit_once(", ")?.1.split_once(" to ")?;
    Some((least.parse().ok()?, most.parse().ok()?))
}

/// A date as people write it: 14 Sep 2026.
#[must_use]
pub fn date(date: NaiveDate) -> String {
    format!(
        "{} {} {}",
        date.day(),
        MONTHS[date.month0() as usize],
        date.year()
    )
}

/// A period: `week of 14 Sep 2026`, `Sep 2026`.
#[must_use]
pub fn period(grain: Grain, start: NaiveDate) -> String {
    let last = Period::of(grain, start).end.pred_opt().unwrap_or(start);
    match grain {
        Grain::Day => date(start),
        Grain::Week => format!("week of {}", date(start)),
        Grain::Month => month(start),
        Grain::Quarter | Grain::Year => format!("{} to {}", month(start), month(last)),
    }
}

/// Where a period begins, for an axis: `14 Sep 2026`, and of months `Sep 2026`.
#[must_use]
pub fn short_period(grain: Grain, start: NaiveDate) -> String {
    match grain {
        Grain::Day | Grain::Week => date(start),
        Grain::Month | Grain::Quarter | Grain::Year => month(start),
    }
}

fn month(date: NaiveDate) -> String {
    format!("{} {}", MONTHS[date.month0() as usize], date.year())
}

/// Names of months.
pub const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_tick_reads_as_itself(low in -1e6..1e6f64, power in -4..7i32, more in 1.0..10.0f64, share: bool) {
            let (unit, times, sign) = if share { ("proportion", 100.0, "%") } else { ("days", 1.0, "") };
            let scale = Scale::of([low, low + more * 10f64.powi(power)].into_iter(), unit);
            let labels: Vec<String> = scale.ticks().map(|tick| scale.label(tick, unit)).collect();
            let distinct: std::collections::BTreeSet<&String> = labels.iter().collect();
            prop_assert_eq!(distinct.len(), labels.len(), "{:?}", labels);
            for (tick, label) in scale.ticks().zip(&labels) {
                let plain = label.replace(',', "").replace('\u{2212}', "-");
                let read: f64 = plain.strip_suffix(sign).unwrap().parse().unwrap();
                prop_assert!((read / times - tick).abs() < scale.step * 1e-3, "{} is {}", tick, label);
            }
        }
    }

    #[test]
    fn ticks_have_the_decimals_of_their_step() {
        let labels = |values: [f64; 2], unit| {
            let scale = Scale::of(values.into_iter(), unit);
            scale
                .ticks()
                .map(|tick| scale.label(tick, unit))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            labels([111.0, 119.0], "days"),
            ["110", "112", "114", "116", "118", "120"]
        );
        assert_eq!(
            labels([112.0, 123.5], "days"),
            ["110", "112.5", "115", "117.5", "120", "122.5", "125"]
        );
        assert_eq!(
            labels([0.0, 0.02], ""),
            ["0", "0.005", "0.01", "0.015", "0.02"]
        );
        assert_eq!(
            labels([0.0, 0.0012], "proportion"),
            ["0%", "0.025%", "0.05%", "0.075%", "0.1%", "0.125%"]
        );
    }

    #[test]
    fn a_scale_holds_its_values_and_has_round_ticks() {
        let scale = Scale::of([3.0, 17.0, 42.0].into_iter(), "days");
        assert_eq!((scale.low, scale.high, scale.step), (0.0, 50.0, 10.0));
        let empty = Scale::of(std::iter::empty(), "");
        assert!(empty.high > empty.low);
    }

    #[test]
    fn a_scale_ends_where_its_unit_does_and_one_value_is_seen_on_all_of_it() {
        let of = |values: &[f64], unit| {
            let scale = Scale::of(values.iter().copied(), unit);
            (scale.low, scale.high, scale.step)
        };
        let level = "level, 1 to 5";
        assert_eq!(of(&[1.0; 5], "proportion"), (0.0, 1.0, 0.2));
        assert_eq!(of(&[0.18; 1], "proportion"), (0.0, 1.0, 0.2));
        assert_eq!(of(&[0.0, 0.0], "proportion"), (0.0, 1.0, 0.2));
        assert_eq!(of(&[0.31, 1.0], "proportion"), (0.0, 1.0, 0.2));
        assert_eq!(of(&[1.0; 5], level), (1.0, 5.0, 1.0));
        assert_eq!(of(&[1.0, 3.5], level), (1.0, 4.0, 1.0));
        assert_eq!(of(&[4.2, 4.6], "points, 1 to 5"), (4.0, 5.0, 1.0));
        assert_eq!(of(&[7.0; 5], "people"), (0.0, 8.0, 2.0));
        assert_eq!(of(&[0.0; 5], "people"), (0.0, 1.0, 1.0));
        assert_eq!(of(&[0.0, 2.0], "people"), (0.0, 2.0, 1.0));
        assert_eq!(of(&[2.0, 3.0], "people"), (0.0, 3.0, 1.0));
        assert_eq!(of(&[3.0, 11.0], "people"), (0.0, 15.0, 5.0));
        assert_eq!(of(&[-4.0; 5], "levels"), (-4.0, 0.0, 1.0));
    }
}
