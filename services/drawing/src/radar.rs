//! A radar: the items of a framework around a circle, each level a ring, and one or two assessments as shapes on it.

use crate::lines;
use crate::run_chart::escape;
use std::fmt::Write;

/// Fewer spokes than this make no shape.
pub const MIN_SPOKES: usize = 3;
/// More spokes than this carry their numbers only: their names would lie over each other.
const MAX_NAMED: usize = 12;
/// The longest line of a name, in letters.
const LINE: usize = 22;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 440.0;
const RADIUS: f64 = 165.0;

/// One assessment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Whose it is and of which round.
    pub name: String,
    /// The level of each item; none: not rated.
    pub levels: Vec<Option<u8>>,
}

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Radar {
    /// The drawing's name, read aloud.
    pub title: String,
    /// The names of the items, in the order of the levels.
    pub items: Vec<String>,
    /// The lowest level, in the centre.
    pub lowest: u8,
    /// The highest, on the outermost ring.
    pub highest: u8,
    /// The assessments; the third and later ones are left out.
    pub shapes: Vec<Shape>,
}

/// Draws a radar; none where it has too few items, or a scale of one level.
#[must_use]
pub fn svg(radar: &Radar) -> Option<String> {
    let spokes = radar.items.len();
    if spokes < MIN_SPOKES || radar.highest <= radar.lowest {
        return None;
    }
    let words = description(radar);
    let mut out = format!(
        "<svg class=\"chart radar\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\"><g aria-hidden=\"true\">",
        escape(&words)
    );
    for level in radar.lowest..=radar.highest {
        let ring: Vec<(f64, f64)> = (0..spokes).map(|s| place(radar, s, level)).collect();
        let _ = write!(out, "<polygon class=\"web\" points=\"{}\"/>", points(&ring));
    }
    for (spoke, name) in radar.items.iter().enumerate() {
        let (x, y) = place(radar, spoke, radar.highest);
        let _ = write!(
            out,
            "<line class=\"spoke\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{y:.1}\"/>",
            WIDTH / 2.0,
            HEIGHT / 2.0
        );
        label(&mut out, spokes, spoke, name);
    }
    for (shape, class) in radar.shapes.iter().zip(["one", "two"]).rev() {
        assessment(&mut out, radar, shape, class);
    }
    // Above the shapes, so that they can be read.
    for level in radar.lowest..=radar.highest {
        let (x, y) = place(radar, 0, level);
        let _ = write!(
            out,
            "<text class=\"step\" x=\"{:.1}\" y=\"{:.1}\">{level}</text>",
            x + 4.0,
            y + 12.0
        );
    }
    out.push_str("</g></svg>");
    Some(out)
}

/// All that the drawing shows, in words.
fn description(radar: &Radar) -> String {
    let mut words = format!("{}.", radar.title);
    for shape in radar.shapes.iter().take(2) {
        let levels = radar.items.iter().zip(&shape.levels);
        let levels: Vec<String> = levels
            .map(|(item, level)| match level {
                Some(level) => format!("{item} {level}"),
                None => format!("{item} not rated"),
            })
            .collect();
        let _ = write!(words, " {}: {}.", shape.name, levels.join(", "));
    }
    words
}

fn angle(spokes: usize, spoke: usize) -> f64 {
    spoke as f64 / spokes as f64 * std::f64::consts::TAU
}

/// Where a level lies on a spoke. The lowest has a ring of its own: a shape in one point would not be seen.
fn place(radar: &Radar, spoke: usize, level: u8) -> (f64, f64) {
    let level = level.clamp(radar.lowest, radar.highest);
    let rings = f64::from(radar.highest - radar.lowest) + 1.0;
    let share = (f64::from(level - radar.lowest) + 1.0) / rings;
    let (sin, cos) = angle(radar.items.len(), spoke).sin_cos();
    (
        WIDTH / 2.0 + RADIUS * share * sin,
        HEIGHT / 2.0 - RADIUS * share * cos,
    )
}

fn points(places: &[(f64, f64)]) -> String {
    let places: Vec<String> = places
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    places.join(" ")
}

/// A shape: closed where every item is rated; where one is not, a line between neighbours only, so that no line claims
/// what nobody gave.
fn assessment(out: &mut String, radar: &Radar, shape: &Shape, class: &str) {
    let spokes = radar.items.len();
    let at = |spoke: usize| {
        let level = shape.levels.get(spoke).copied().flatten()?;
        Some(place(radar, spoke, level))
    };
    let places: Vec<Option<(f64, f64)>> = (0..spokes).map(at).collect();
    let whole: Option<Vec<(f64, f64)>> = places.iter().copied().collect();
    if let Some(whole) = whole {
        let _ = write!(
            out,
            "<polygon class=\"{class}\" points=\"{}\"/>",
            points(&whole)
        );
    } else {
        for (spoke, from) in places.iter().enumerate() {
            if let (Some(from), Some(Some(to))) = (from, places.get((spoke + 1) % spokes)) {
                let _ = write!(
                    out,
                    "<polyline class=\"{class}\" points=\"{}\"/>",
                    points(&[*from, *to])
                );
            }
        }
    }
    for (x, y) in places.into_iter().flatten() {
        let dot = if class == "one" {
            format!("<circle class=\"dot one\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>")
        } else {
            let (x, y) = (x - 4.5, y - 4.5);
            format!("<rect class=\"dot two\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"9\" height=\"9\"/>")
        };
        out.push_str(&dot);
    }
}

/// The name of a spoke with its number, beyond the outermost ring.
fn label(out: &mut String, spokes: usize, spoke: usize, name: &str) {
    let (sin, cos) = angle(spokes, spoke).sin_cos();
    let (x, y) = (
        WIDTH / 2.0 + (RADIUS + 14.0) * sin,
        HEIGHT / 2.0 - (RADIUS + 14.0) * cos,
    );
    let anchor = match sin {
        s if s > 0.2 => "start",
        s if s < -0.2 => "end",
        _ => "middle",
    };
    let number = spoke + 1;
    let named = if spokes > MAX_NAMED {
        vec![number.to_string()]
    } else {
        lines(&format!("{number} {name}"), LINE, usize::MAX)
    };
    let above = (named.len() as f64 - 1.0) * 14.0;
    let first = y + 4.0 - above * (1.0 + cos) / 2.0;
    for (line, at) in named.iter().zip(0_u8..) {
        let y = first + 14.0 * f64::from(at);
        let _ = write!(
            out,
            "<text class=\"name\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
            escape(line)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn radar(levels: &[Option<u8>]) -> Radar {
        Radar {
            title: "Our <tool>".to_owned(),
            items: (1..=levels.len()).map(|n| format!("Item {n}")).collect(),
            lowest: 0,
            highest: 5,
            shapes: vec![Shape {
                name: "North, 2026".to_owned(),
                levels: levels.to_vec(),
            }],
        }
    }

    #[test]
    fn a_whole_assessment_is_a_closed_shape_and_reads_aloud_what_it_shows() {
        let drawn = svg(&radar(&[Some(0), Some(3), Some(5)])).unwrap();
        assert!(drawn.contains("<polygon class=\"one\""), "{drawn}");
        assert!(drawn.contains("Our &lt;tool&gt;. North, 2026: Item 1 0, Item 2 3, Item 3 5."));
        assert_eq!(drawn.matches("class=\"web\"").count(), 6);
    }

    #[test]
    fn no_line_leads_over_an_item_that_nobody_rated() {
        let drawn = svg(&radar(&[Some(1), None, Some(2), Some(4)])).unwrap();
        assert!(!drawn.contains("<polygon class=\"one\""));
        // Third to fourth and fourth to first.
        assert_eq!(drawn.matches("<polyline class=\"one\"").count(), 2);
        assert_eq!(drawn.matches("class=\"dot one\"").count(), 3);
        assert!(drawn.contains("Item 2 not rated"));
    }

    #[test]
    fn two_items_or_one_level_make_no_radar() {
        assert_eq!(svg(&radar(&[Some(1), Some(2)])), None);
        let flat = Radar {
            highest: 0,
            ..radar(&[Some(0), Some(0), Some(0)])
        };
        assert_eq!(svg(&flat), None);
    }

    #[test]
    fn a_level_off_the_scale_stays_within_the_drawing() {
        let one = radar(&[Some(5), Some(5), Some(5)]);
        assert_eq!(place(&one, 0, 9), place(&one, 0, 5));
    }
}
