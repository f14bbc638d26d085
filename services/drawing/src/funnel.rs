//! A funnel: places by how much there was to count, with the limits that chance alone gives. It is not a league table.

use super::axis::{Scale, amount, number};
use super::labels;
use super::run_chart::escape;
use joinedup_spc::funnel::{Funnel, FunnelUnit};
use std::fmt::Write;

/// What each place is called, and where its own chart is.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its name in the funnel's rows.
    pub unit: String,
    /// The name people read.
    pub title: String,
    /// The address of its chart.
    pub link: String,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 46.0;

/// Draws a funnel. `out_of` names what the horizontal axis counts.
#[must_use]
pub fn svg(funnel: &Funnel, places: &[Place], unit: &str, out_of: &str, title: &str) -> String {
    let widest = funnel
        .units
        .iter()
        .map(|u| u.denominator)
        .fold(1.0, f64::max)
        * 1.08;
    let across = Scale::of([0.0, widest].into_iter(), "");
    let band = |u: &FunnelUnit| {
        if funnel.adjusted {
            u.adjusted_p998
        } else {
            u.p998
        }
    };
    let values = funnel
        .units
        .iter()
        .map(|u| u.ratio)
        .chain([funnel.target])
        .chain(
            funnel
                .units
                .iter()
                .flat_map(|u| [band(u).lower, band(u).upper]),
        );
    let up = Scale::of(values, unit);
    let x = |v: f64| LEFT + across.share(v) * (WIDTH - LEFT - RIGHT);
    let y = |v: f64| HEIGHT - BOTTOM - up.share(v).clamp(0.0, 1.0) * (HEIGHT - TOP - BOTTOM);
    let mut out = format!(
        "<svg class=\"chart funnel\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"group\" aria-label=\"{}\"><g class=\"axis\" aria-hidden=\"true\">",
        escape(title)
    );
    for tick in up.ticks() {
        let at = y(tick);
        let _ = write!(
            out,
            "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text x=\"{}\" y=\"{:.1}\" class=\"tick-y\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            at + 4.0,
            up.label(tick, unit)
        );
    }
    for tick in across.ticks() {
        let _ = write!(
            out,
            "<text x=\"{:.1}\" y=\"{}\" class=\"tick-x\">{}</text>",
            x(tick),
            HEIGHT - BOTTOM + 18.0,
            across.label(tick, "")
        );
    }
    let _ = write!(
        out,
        "<text x=\"{:.1}\" y=\"{}\" class=\"tick-x\">{}</text></g>",
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 8.0,
        escape(out_of)
    );
    let _ = write!(
        out,
        "<line class=\"centre\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{m:.1}\" y2=\"{m:.1}\"/>",
        WIDTH - RIGHT,
        m = y(funnel.target)
    );
    let mut units: Vec<_> = funnel.units.iter().collect();
    units.sort_by(|a, b| a.denominator.total_cmp(&b.denominator));
    for (class, lower) in [("limit", true), ("limit", false)] {
        let line: Vec<String> = units
            .iter()
            .map(|u| {
                format!(
                    "{:.1},{:.1}",
                    x(u.denominator),
                    y(if lower { band(u).lower } else { band(u).upper })
                )
            })
            .collect();
        if line.len() > 1 {
            let _ = write!(
                out,
                "<polyline class=\"{class}\" points=\"{}\"/>",
                line.join(" ")
            );
        }
    }
    // Those outside are what one looks for: they are named first, the others where there is room.
    units.sort_by_key(|u| !u.outlier);
    let called: Vec<(&str, &str)> = units
        .iter()
        .map(|u| {
            let place = places.iter().find(|p| p.unit == u.unit);
            place.map_or((u.unit.as_str(), ""), |p| {
                (p.title.as_str(), p.link.as_str())
            })
        })
        .collect();
    let points: Vec<_> = units
        .iter()
        .zip(&called)
        .map(|(u, (name, _))| ((x(u.denominator), y(u.ratio)), *name))
        .collect();
    let labels = labels::place(&points, WIDTH, HEIGHT - BOTTOM);
    for ((found, (name, link)), label) in units.into_iter().zip(called).zip(labels) {
        let inside = !found.outlier;
        let words = format!(
            "{name}: {}, of {}, {}",
            amount(found.ratio, unit),
            number(found.denominator, ""),
            match inside {
                true => "as expected by chance",
                false if found.ratio > funnel.target => "higher than expected by chance",
                false => "lower than expected by chance",
            }
        );
        let (px, py) = (x(found.denominator), y(found.ratio));
        let shape = if inside {
            format!("<circle cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"5\"/>")
        } else {
            format!(
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"11\" height=\"11\"/>",
                px - 5.5,
                py - 5.5
            )
        };
        let label = label.map_or_else(String::new, |label| {
            format!(
                "<text class=\"label\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{}\">{}</text>",
                label.x,
                label.y + 4.0,
                if label.ends { "end" } else { "start" },
                escape(name)
            )
        });
        let _ = write!(
            out,
            "<a href=\"{}\" class=\"point {}\" aria-label=\"{w}\"><title>{w}</title>{shape}{label}</a>",
            escape(link),
            if inside { "plain" } else { "neutral" },
            w = escape(&words),
        );
    }
    out.push_str("</svg>");
    out
}
