//! Samples in the text format, through the `prometheus` crate: it sorts, escapes and checks what it writes. No number
//! is kept between scrapes, so a series that has ended is gone from the next one.

use super::names::{ALL, Kind, Path};
use super::sample::{Sample, Samples};
use super::unit::Unit;
use prometheus::core::{Collector, Desc};
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{Registry, TextEncoder};
use std::collections::{BTreeMap, HashMap};

/// What the text is.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Why samples could not be written.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be written: {0}")]
pub struct WriteError(#[from] prometheus::Error);

/// One moment's samples, as the crate collects them.
struct Moment {
    families: Vec<MetricFamily>,
    descriptions: Vec<Desc>,
}

impl Collector for Moment {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.families.clone()
    }
}

/// Writes samples.
///
/// # Errors
/// When a name or label is not what the format takes, or a series is there twice.
pub fn write(samples: &Samples) -> Result<String, WriteError> {
    let registry = Registry::new();
    let families = families(samples);
    registry.register(Box::new(Moment {
        families,
        descriptions: descriptions()?,
    }))?;
    Ok(TextEncoder::new().encode_to_string(&registry.gather())?)
}

fn descriptions() -> Result<Vec<Desc>, prometheus::Error> {
    let mut all = Vec::new();
    for metric in ALL.iter().filter(|m| m.path != Path::RunCharts) {
        let units: Vec<Option<Unit>> = if metric.by_unit {
            Unit::ALL.map(Some).to_vec()
        } else {
            vec![None]
        };
        for unit in units {
            let labels = metric.labels.iter().map(|l| (*l).to_owned()).collect();
            all.push(Desc::new(
                metric.name_for(unit),
                metric.help_for(unit),
                labels,
                HashMap::new(),
            )?);
        }
    }
    Ok(all)
}

fn families(samples: &Samples) -> Vec<MetricFamily> {
    let mut by_name: BTreeMap<(&str, Option<Unit>), Vec<&Sample>> = BTreeMap::new();
    for sample in &samples.0 {
        by_name
            .entry((sample.metric.name, sample.unit))
            .or_default()
            .push(sample);
    }
    by_name
        .into_values()
        .filter_map(|samples| family(&samples))
        .collect()
}

fn family(samples: &[&Sample]) -> Option<MetricFamily> {
    let first = samples.first()?;
    let mut family = MetricFamily::default();
    family.set_name(first.metric.name_for(first.unit));
    family.set_help(first.metric.help_for(first.unit));
    family.set_field_type(match first.metric.kind {
        Kind::Gauge => MetricType::GAUGE,
        Kind::Counter => MetricType::COUNTER,
    });
    family.set_metric(samples.iter().map(|sample| metric(sample)).collect());
    Some(family)
}

fn metric(sample: &Sample) -> Metric {
    let label = |(name, value): (&&str, &String)| {
        let mut pair = LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value(value.clone());
        pair
    };
    let mut metric = Metric::from_label(
        sample
            .metric
            .labels
            .iter()
            .zip(&sample.labels)
            .map(label)
            .collect(),
    );
    match sample.metric.kind {
        Kind::Gauge => {
            let mut gauge = Gauge::default();
            gauge.set_value(sample.value);
            metric.set_gauge(gauge);
        }
        Kind::Counter => {
            let mut counter = Counter::default();
            counter.set_value(sample.value);
            metric.set_counter(counter);
        }
    }
    metric
}

/// Series in a registry of the crate's: what the many would cost if they went the way of the few.
#[cfg(any(test, feature = "bench"))]
pub struct Held(Registry);

#[cfg(any(test, feature = "bench"))]
impl Held {
    /// Holds the series of a text without escapes, such as that of the run charts.
    ///
    /// # Errors
    /// When the registry does not take them.
    pub fn of(text: &str) -> Result<Self, WriteError> {
        let mut families: Vec<MetricFamily> = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else {
                continue;
            };
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let pairs = labels
                .trim_end_matches('}')
                .split("\",")
                .filter_map(|pair| {
                    let (name, value) = pair.split_once("=\"")?;
                    let mut pair = LabelPair::default();
                    pair.set_name(name.to_owned());
                    pair.set_value(value.trim_end_matches('"').to_owned());
                    Some(pair)
                });
            let mut gauge = Gauge::default();
            gauge.set_value(value.parse().unwrap_or_default());
            let mut metric = Metric::from_label(pairs.collect());
            metric.set_gauge(gauge);
            if families.last().is_none_or(|family| family.name() != name) {
                let mut family = MetricFamily::default();
                family.set_name(name.to_owned());
                family.set_field_type(MetricType::GAUGE);
                families.push(family);
            }
            if let Some(family) = families.last_mut() {
                family.mut_metric().push(metric);
            }
        }
        let named = Desc::new("held".into(), "held".into(), vec![], HashMap::new())?;
        let registry = Registry::new();
        registry.register(Box::new(Moment {
            families,
            descriptions: vec![named],
        }))?;
        Ok(Self(registry))
    }

    /// What a scrape does: the registry gathers, sorts and checks, and the crate writes.
    ///
    /// # Errors
    /// When the crate does not write them.
    pub fn text(&self) -> Result<String, WriteError> {
        Ok(TextEncoder::new().encode_to_string(&self.0.gather())?)
    }
}

#[cfg(test)]
mod tests {
    use super::Held;

    #[test]
    fn a_text_comes_back_with_all_its_series() {
        let text = "# TYPE a gauge\na{x=\"1\",y=\"2\"} 3\na{x=\"2\",y=\"2\"} 4.5\nb 1\n";
        let again = Held::of(text).unwrap().text().unwrap();
        let series = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(series(&again), series(text));
    }
}
