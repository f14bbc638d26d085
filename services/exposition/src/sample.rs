//! What is scraped, before it is written in any format.

use super::names::{Metric, Path};
use super::unit::Unit;
use joinedup_views::suppression::Audience;

/// One series with its value.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The metric.
    pub metric: &'static Metric,
    /// The unit, of a metric that has a name for each.
    pub unit: Option<Unit>,
    /// The values of its labels, in the metric's order.
    pub labels: Vec<String>,
    /// The value.
    pub value: f64,
}

/// All series of one moment.
#[derive(Clone, Debug, Default)]
pub struct Samples(pub Vec<Sample>);

impl Samples {
    /// Adds a series.
    pub fn add(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        self.add_in(metric, None, labels, value);
    }

    /// Leaves out what an audience is not shown.
    pub fn retain_for(&mut self, audience: Audience) {
        let is_shown =
            |sample: &Sample| audience == Audience::Operations || sample.metric.path != Path::Now;
        self.0.retain(is_shown);
    }

    /// Adds a series of a unit. What is not a number is not there.
    pub fn add_in(
        &mut self,
        metric: &'static Metric,
        unit: Option<Unit>,
        labels: &[&str],
        value: f64,
    ) {
        if value.is_finite() {
            let labels = labels.iter().map(|l| (*l).to_owned()).collect();
            self.0.push(Sample {
                metric,
                unit,
                labels,
                value,
            });
        }
    }
}

/// An instant as metrics give it: seconds since 1970.
#[must_use]
pub fn seconds(at: chrono::DateTime<chrono::Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}
