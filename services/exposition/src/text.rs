//! The many period-labelled series, written straight in the text format: a name and the labels of a chart are copied,
//! not built anew for each series.

use super::names::{self, Metric};
use super::run_charts::{PER_CHART, PER_PERIOD, Shown, instant, states};
use super::sample::seconds;
use super::unit::Unit;
use joinedup_events::local;
use joinedup_views::ratings::Rating;
use std::fmt::Write;

/// So much is written at once, in bytes: a scrape of a county has twenty megabytes, which never are in memory together.
const PIECE: usize = 64 << 10;

/// Writes charts and rating rounds, piece by piece. Where all of it would make more than `most` series, the oldest periods of all
/// charts are left out, and a series counts them: a scrape that is refused for too many has none of them.
pub fn write(
    charts: &[Shown],
    ratings: &[Rating],
    position: u64,
    most: usize,
    sink: &mut dyn FnMut(&str),
) {
    let ages = series_by_age(charts);
    let (kept, series) = kept_periods(&ages, most.saturating_sub(without_period(charts, ratings)));
    let truncated = ages.iter().sum::<usize>() - series;
    if truncated > 0 {
        tracing::warn!(
            series,
            truncated,
            periods = kept,
            "run charts have more series than run_chart_series allows; the oldest periods are left out of /metrics/run-charts"
        );
    }
    let mut text = Text {
        piece: String::with_capacity(PIECE + 8_192),
        sink,
    };
    for (at, metric) in PER_PERIOD.iter().enumerate() {
        let units: Vec<Option<Unit>> = if metric.by_unit {
            Unit::ALL.map(Some).to_vec()
        } else {
            vec![None]
        };
        for unit in units {
            text.values(metric, unit, at, charts, kept);
        }
    }
    text.signals(charts, kept);
    text.absent(charts, kept);
    for (at, metric) in PER_CHART.iter().enumerate() {
        for unit in Unit::ALL {
            text.per_chart(metric, unit, at, charts);
        }
    }
    text.verdicts(charts);
    text.rounds(ratings);
    text.head(&names::POINTS, None);
    for word in states() {
        let count = charts
            .iter()
            .flat_map(|c| c.periods.iter().take(kept))
            .filter(|p| p.state == word)
            .count();
        text.line(
            names::POINTS.name,
            &format!("state=\"{word}\""),
            count as f64,
        );
    }
    for (metric, value) in [(&names::SERIES, series), (&names::TRUNCATED, truncated)] {
        text.head(metric, None);
        text.line(metric.name, "", value as f64);
    }
    text.head(&names::AS_OF, None);
    text.line(names::AS_OF.name, "", position as f64);
    text.give();
}

/// How many series the latest period of all charts makes, the one before, and so on.
fn series_by_age(charts: &[Shown]) -> Vec<usize> {
    let most = charts.iter().map(|c| c.periods.len()).max().unwrap_or(0);
    let mut ages = vec![0; most];
    for chart in charts {
        for (age, period) in chart.periods.iter().enumerate() {
            ages[age] += period.series();
        }
    }
    ages
}

/// How many series are there whatever periods are shown: those of each chart, and rounds of ratings.
fn without_period(charts: &[Shown], ratings: &[Rating]) -> usize {
    let of_chart = |chart: &Shown| {
        chart.values.iter().flatten().count()
            + usize::from(chart.alert.is_some())
            + usize::from(chart.alert_since.is_some())
            + usize::from(chart.run_length.is_some())
    };
    let rounds = ratings.iter().map(|rating| rating.rounds.len());
    charts.iter().map(of_chart).chain(rounds).sum()
}

/// How many periods of each chart may be shown, and how many series those make.
fn kept_periods(ages: &[usize], most: usize) -> (usize, usize) {
    let mut series = 0;
    for (age, more) in ages.iter().enumerate() {
        if series + more > most {
            return (age, series);
        }
        series += more;
    }
    (ages.len(), series)
}

struct Text<'a> {
    piece: String,
    sink: &'a mut dyn FnMut(&str),
}

impl Text<'_> {
    fn head(&mut self, metric: &Metric, unit: Option<Unit>) {
        let name = metric.name_for(unit);
        self.piece.push_str(&format!(
            "# HELP {name} {}\n# TYPE {name} {}\n",
            metric.help_for(unit),
            metric.kind.word()
        ));
    }

    fn line(&mut self, name: &str, labels: &str, value: f64) {
        self.piece.push_str(name);
        if !labels.is_empty() {
            self.piece.push('{');
            self.piece.push_str(labels);
            self.piece.push('}');
        }
        self.value(value);
    }

    /// Gives away what is written.
    fn give(&mut self) {
        (self.sink)(&self.piece);
        self.piece.clear();
    }

    /// Numbers without a fraction, which most are, are written as integers: it is quicker.
    fn value(&mut self, value: f64) {
        self.piece.push(' ');
        // Writing to a string cannot fail.
        let _ = if value.fract() == 0.0 && value.abs() < 1e15 {
            writeln!(self.piece, "{}", value as i64)
        } else {
            writeln!(self.piece, "{value}")
        };
        if self.piece.len() >= PIECE {
            self.give();
        }
    }

    fn values(
        &mut self,
        metric: &Metric,
        unit: Option<Unit>,
        at: usize,
        charts: &[Shown],
        kept: usize,
    ) {
        let name = metric.name_for(unit);
        let mut headed = false;
        for chart in charts
            .iter()
            .filter(|c| unit.is_none_or(|unit| c.unit == unit))
        {
            for period in chart.periods.iter().take(kept) {
                let Some(value) = period.values[at].filter(|v| v.is_finite()) else {
                    continue;
                };
                if !headed {
                    self.head(metric, unit);
                    headed = true;
                }
                self.period(&name, &chart.labels, &period.start);
                self.piece.push('}');
                self.value(value);
            }
        }
    }

    fn per_chart(&mut self, metric: &Metric, unit: Unit, at: usize, charts: &[Shown]) {
        let name = metric.name_for(Some(unit));
        let mut headed = false;
        for chart in charts.iter().filter(|c| c.unit == unit) {
            let Some(value) = chart.values[at].filter(|v| v.is_finite()) else {
                continue;
            };
            if !headed {
                self.head(metric, Some(unit));
                headed = true;
            }
            self.line(&name, &chart.labels, value);
        }
    }

    fn period(&mut self, name: &str, labels: &str, start: &str) {
        self.piece.push_str(name);
        self.piece.push('{');
        self.piece.push_str(labels);
        self.piece.push_str(",period_start=\"");
        self.piece.push_str(start);
        self.piece.push('"');
    }

    fn signals(&mut self, charts: &[Shown], kept: usize) {
        self.head(&names::SIGNAL, None);
        for chart in charts {
            for period in chart.periods.iter().take(kept) {
                for (rule, met) in &period.signals {
                    self.period(names::SIGNAL.name, &chart.labels, &period.start);
                    self.piece.push_str(",rule=\"");
                    self.piece.push_str(rule);
                    self.piece.push_str("\",variation=\"");
                    self.piece.push_str(period.variation);
                    self.piece.push_str("\"}");
                    self.value(f64::from(*met));
                }
            }
        }
    }

    /// Why periods have no value.
    fn absent(&mut self, charts: &[Shown], kept: usize) {
        self.head(&names::PERIOD_STATE, None);
        for chart in charts {
            for period in chart.periods.iter().take(kept) {
                if let Some(word) = period.why_absent {
                    self.period(names::PERIOD_STATE.name, &chart.labels, &period.start);
                    self.piece.push_str(",state=\"");
                    self.piece.push_str(word);
                    self.piece.push_str("\"}");
                    self.value(1.0);
                }
            }
        }
    }

    fn verdicts(&mut self, charts: &[Shown]) {
        self.head(&names::ALERT, None);
        for chart in charts {
            if let Some((alert, variation)) = chart.alert {
                let labels = format!("{},variation=\"{variation}\"", chart.labels);
                self.line(names::ALERT.name, &labels, f64::from(u8::from(alert)));
            }
        }
        self.head(&names::ALERT_SINCE, None);
        for chart in charts {
            if let Some(since) = chart.alert_since {
                self.line(names::ALERT_SINCE.name, &chart.labels, seconds(since));
            }
        }
        self.head(&names::RUN_LENGTH, None);
        for chart in charts {
            if let Some(run) = chart.run_length {
                self.line(names::RUN_LENGTH.name, &chart.labels, run as f64);
            }
        }
    }

    /// Areas, frameworks, items and rounds are codes of small letters, figures and dashes: nothing to escape.
    fn rounds(&mut self, ratings: &[Rating]) {
        self.head(&names::ROUND_LEVEL, None);
        for rating in ratings {
            for round in &rating.rounds {
                let (Some(level), Some(at)) = (round.published, round.confirmed_at) else {
                    continue;
                };
                let labels = format!(
                    "area=\"{}\",framework=\"{}\",element=\"{}\",round=\"{}\",period_start=\"{}\"",
                    rating.area,
                    rating.framework,
                    rating.item,
                    round.round,
                    instant(local::date(at)),
                );
                self.line(names::ROUND_LEVEL.name, &labels, f64::from(level));
            }
        }
    }
}

#[cfg(test)]
mod tests;
