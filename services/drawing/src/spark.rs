//! A line as high as a word: the latest points of a chart, without axes.

use super::axis::Scale;
use std::fmt::Write;

/// How many points a spark shows at most.
pub const MAX_POINTS: usize = 52;

/// Draws values and their median; gaps stay gaps. `label` is read out in place of the picture.
#[must_use]
pub fn spark(values: &[Option<f64>], centre: Option<f64>, class: &str, label: &str) -> String {
    let (width, height) = (132.0, 30.0);
    let values = &values[values.len().saturating_sub(MAX_POINTS)..];
    let scale = Scale::of(values.iter().flatten().copied().chain(centre), "");
    let step = (width - 8.0) / values.len().saturating_sub(1).max(1) as f64;
    let y = |v: f64| height - 4.0 - scale.share(v) * (height - 8.0);
    let mut out = format!(
        "<svg class=\"spark {class}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{}\">",
        super::run_chart::escape(label)
    );
    if let Some(centre) = centre {
        let _ = write!(
            out,
            "<line class=\"centre\" x1=\"4\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>",
            width - 4.0,
            y = y(centre)
        );
    }
    let mut at = 0;
    for run in values.chunk_by(|a, b| a.is_some() == b.is_some()) {
        let places: Vec<String> = run
            .iter()
            .enumerate()
            .filter_map(|(i, v)| {
                Some(format!(
                    "{:.1},{:.1}",
                    4.0 + step * (at + i) as f64,
                    y((*v)?)
                ))
            })
            .collect();
        at += run.len();
        let _ = match places.as_slice() {
            [] => Ok(()),
            // A line of one point is not seen: every other week of a series would be.
            [alone] => {
                let (x, y) = alone.split_once(',').unwrap_or_default();
                write!(
                    out,
                    "<circle class=\"alone\" cx=\"{x}\" cy=\"{y}\" r=\"1.4\"/>"
                )
            }
            more => write!(out, "<polyline points=\"{}\"/>", more.join(" ")),
        };
    }
    if let Some((i, v)) = values
        .iter()
        .enumerate()
        .rev()
        .find_map(|(i, v)| Some((i, (*v)?)))
    {
        let _ = write!(
            out,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"/>",
            4.0 + step * i as f64,
            y(v)
        );
    }
    out.push_str("</svg>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_of_every_other_week_is_seen() {
        let values: Vec<Option<f64>> = (0..20)
            .map(|i| (i % 2 == 0).then_some(f64::from(i)))
            .collect();
        let drawn = spark(&values, None, "", "");
        assert_eq!(drawn.matches("class=\"alone\"").count(), 10);
        assert!(!drawn.contains("polyline"));
    }
}
