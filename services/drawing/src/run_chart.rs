//! The run chart: points, centre line by phase, limits, target, improvement changes, and every point's state shown as
//! what it is. Nothing is shown by colour alone: signals have another shape, and each point says what it is in words.

use super::axis::{amount, number, period, short_period};
use super::dates;
use super::drawing::{Drawing, Level, Mark, Spot};
use super::frame::{Frame, Size};
use super::literal::{literal, style};
use chrono::NaiveDate;
use simplecss::StyleSheet;
use std::fmt::Write;
use std::sync::LazyLock;

/// The style of a drawing. Pages have it in their style sheet, and a drawing that stands alone on its elements.
pub const STYLE: &str = include_str!("chart.css");

/// The same for a drawing that stands alone.
static PLAIN: LazyLock<String> = LazyLock::new(|| style(STYLE));
static SHEET: LazyLock<StyleSheet<'static>> = LazyLock::new(|| StyleSheet::parse(&PLAIN));

/// The height of a name of a line, and the width of one of its letters, nearly.
const NAME: f64 = 15.0;
const LETTER: f64 = 7.6;

struct Canvas<'a> {
    drawing: &'a Drawing,
    frame: Frame,
}

/// Draws a chart.
#[must_use]
pub fn svg(drawing: &Drawing) -> String {
    let mut out = String::with_capacity(8192 + drawing.spots.len() * 300);
    head(drawing, &mut out);
    inside(drawing, &mut out);
    out.push_str("</svg>");
    // One that stands alone needs no style sheet.
    match drawing.standalone {
        true => literal(&out, &SHEET),
        false => out,
    }
}

/// What is within the frame of a drawing.
pub(crate) fn inside(drawing: &Drawing, out: &mut String) {
    let margins = drawing.margins();
    let (Some(first), Some(last)) = (drawing.spots.first(), drawing.spots.last()) else {
        let _ = write!(
            out,
            "<text class=\"nothing\" x=\"{}\" y=\"{}\">No points to show yet</text>",
            margins.width / 2.0,
            margins.height / 2.0
        );
        return;
    };
    let canvas = Canvas {
        drawing,
        frame: Frame::new(margins, drawing.shown_scale(), first.start, last.start),
    };
    // Dates stand over the lines of the changes: a line through a month's name makes it another.
    super::lane::draw(drawing, &canvas.frame, out);
    axes(&canvas, out);
    lines(&canvas, out);
    points(&canvas, out);
}

fn head(drawing: &Drawing, out: &mut String) {
    let margins = drawing.margins();
    let (width, height) = (margins.width, margins.height);
    let kind = match drawing.size {
        Size::Wide => "wide",
        Size::Narrow => "narrow",
        Size::Small => "small",
    };
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart {kind}\" viewBox=\"0 0 {width} {height}\" role=\"group\" aria-labelledby=\"{name}-title {name}-desc\">\
         <title id=\"{name}-title\">{}</title><desc id=\"{name}-desc\">{}</desc>",
        escape(&drawing.title),
        escape(&drawing.description),
        name = escape(&drawing.name),
    );
    if drawing.standalone {
        let _ = write!(
            out,
            "<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>"
        );
        let _ = write!(
            out,
            "<text class=\"heading\" x=\"{}\" y=\"18\">{}</text>",
            margins.left,
            escape(&drawing.title)
        );
    }
}

fn axes(canvas: &Canvas<'_>, out: &mut String) {
    let (drawing, frame) = (canvas.drawing, &canvas.frame);
    let left = frame.margins.left;
    let _ = write!(out, "<g class=\"axis\" aria-hidden=\"true\">");
    let ticks: Vec<f64> = frame.scale.ticks().collect();
    // A few of them, the first and the last among them: without its end a share could go on.
    let steps = ticks.len().saturating_sub(1);
    let every = match drawing.size {
        Size::Small => (2..steps)
            .find(|few| steps.is_multiple_of(*few))
            .unwrap_or(steps.max(1)),
        Size::Wide | Size::Narrow => 1,
    };
    for tick in ticks.into_iter().step_by(every) {
        let y = frame.y(tick);
        let _ = write!(
            out,
            "<line x1=\"{left}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text x=\"{}\" y=\"{:.1}\" class=\"tick-y\">{}</text>",
            frame.right(),
            left - 8.0,
            y + 4.0,
            frame.scale.label(tick, &drawing.unit)
        );
    }
    if drawing.size != Size::Small && drawing.unit != "proportion" && !drawing.unit.is_empty() {
        let _ = write!(
            out,
            "<text x=\"6\" y=\"{}\" class=\"unit\">{}</text>",
            frame.margins.top - 14.0,
            escape(&drawing.unit)
        );
    }
    if drawing.size == Size::Small {
        ends(canvas, out);
    } else {
        dates::draw(drawing, frame, out);
    }
    out.push_str("</g>");
}

/// The first and the last date only.
fn ends(canvas: &Canvas<'_>, out: &mut String) {
    let spots = &canvas.drawing.spots;
    for (spot, class) in [
        (spots.first(), "tick-x start"),
        (spots.last().filter(|_| spots.len() > 1), "tick-x end"),
    ] {
        let Some(spot) = spot else { continue };
        let x = if class.ends_with("end") {
            canvas.frame.right()
        } else {
            canvas.frame.margins.left
        };
        let _ = write!(
            out,
            "<text x=\"{x:.1}\" y=\"{}\" class=\"{class}\">{}</text>",
            canvas.frame.floor() + 18.0,
            short_period(canvas.drawing.period, spot.start)
        );
    }
}

fn lines(canvas: &Canvas<'_>, out: &mut String) {
    let drawing = canvas.drawing;
    targets(canvas, out);
    let (low, high) = drawing.possible();
    for phase in drawing.spots.chunk_by(|a, b| a.phase == b.phase) {
        for (class, value) in [
            ("centre", (|s: &Spot| s.centre) as fn(&Spot) -> Option<f64>),
            ("limit", |s| s.limits.map(|l| l.0)),
            ("limit", |s| s.limits.map(|l| l.1)),
        ] {
            path(
                canvas,
                out,
                class,
                phase
                    .iter()
                    .filter_map(|s| Some((s.start, value(s)?)))
                    .filter(|(_, value)| (low..=high).contains(value)),
            );
        }
    }
    for run in drawing
        .spots
        .chunk_by(|a, b| a.value.is_some() == b.value.is_some())
    {
        path(
            canvas,
            out,
            "series",
            run.iter()
                .filter(|s| s.mark != Mark::Incomplete)
                .filter_map(|s| Some((s.start, s.value?))),
        );
    }
    if let Some(Level {
        from,
        to,
        value,
        mark,
    }) = drawing.lately_shown()
    {
        let class = format!("lately {}", mark.class());
        path(
            canvas,
            out,
            &class,
            [(from, value), (to, value)].into_iter(),
        );
    }
    if drawing.size != Size::Small {
        earlier(canvas, out);
        names(canvas, out);
    }
}

fn path(
    canvas: &Canvas<'_>,
    out: &mut String,
    class: &str,
    places: impl Iterator<Item = (NaiveDate, f64)>,
) {
    let places: Vec<String> = places
        .map(|(x, y)| format!("{:.1},{:.1}", canvas.frame.x(x), canvas.frame.y(y)))
        .collect();
    if places.len() > 1 {
        let _ = write!(
            out,
            "<polyline class=\"{class}\" points=\"{}\"/>",
            places.join(" ")
        );
    }
}

/// Each target from its own first day to the day before the next one.
fn targets(canvas: &Canvas<'_>, out: &mut String) {
    let frame = &canvas.frame;
    let (left, right) = (frame.margins.left, frame.right());
    let shown = canvas.drawing.targets_shown();
    for (i, (from, target)) in shown.iter().enumerate() {
        let begin = from.map_or(left, |d| frame.x(d)).max(left);
        let next = shown.get(i + 1).and_then(|step| step.0);
        let end = next.map_or(right, |d| frame.x(d)).min(right);
        // A target that holds from the last period on is still to be seen.
        let begin = begin.min(right - 6.0);
        let y = frame.y(*target);
        let _ = write!(
            out,
            "<line class=\"target\" x1=\"{begin:.1}\" x2=\"{end:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"
        );
    }
}

/// The names of earlier centre lines, each above the plot at the end of its own time: what it was before the baseline changed.
/// Beside the line itself it would lie over the points. Where a time is short, its shorter name is left, or nothing.
fn earlier(canvas: &Canvas<'_>, out: &mut String) {
    let (drawing, frame) = (canvas.drawing, &canvas.frame);
    let mut phases: Vec<&[Spot]> = drawing.spots.chunk_by(|a, b| a.phase == b.phase).collect();
    phases.pop();
    let mut free = frame.margins.left;
    for phase in phases {
        let Some((last, centre)) = phase.iter().rev().find_map(|s| Some((s, s.centre?))) else {
            continue;
        };
        let x = frame.x(last.start);
        let top = frame.margins.top;
        let _ = write!(
            out,
            "<line class=\"limit\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{}\"/>",
            frame.floor(),
        );
        let was = format!("was {}", number(centre, &drawing.unit));
        let names = [format!("{} {was}", drawing.centre_name), was];
        let fits = |name: &String| x - name.chars().count() as f64 * LETTER >= free;
        if let Some(name) = names.iter().find(|name| fits(name)) {
            let _ = write!(
                out,
                "<text class=\"centre-name earlier\" x=\"{x:.1}\" y=\"{:.1}\">{name}</text>",
                top - 3.0,
            );
            free = x + 6.0;
        }
    }
}

/// The names of the centre line, of the level of the latest points and of the target, at the right of the plot and out of each
/// other's way.
fn names(canvas: &Canvas<'_>, out: &mut String) {
    let (drawing, frame) = (canvas.drawing, &canvas.frame);
    let centre = drawing.spots.iter().rev().find_map(|s| s.centre);
    let centre = centre.map(|value| ("centre-name".to_owned(), drawing.centre_name, value));
    let lately = drawing.lately_shown().map(|level| {
        let class = format!("lately-name {}", level.mark.class());
        (class, "lately", level.value)
    });
    let target = drawing.targets_shown().last();
    let target = target.map(|target| ("target-name".to_owned(), "target", target.1));
    let mut names: Vec<(String, &str, f64)> =
        [centre, lately, target].into_iter().flatten().collect();
    names.sort_by(|a, b| b.2.total_cmp(&a.2));
    let mut heights: Vec<f64> = names.iter().map(|name| frame.y(name.2)).collect();
    spread(&mut heights, 2.0 * NAME, frame.floor());
    for ((class, word, value), y) in names.into_iter().zip(heights) {
        let x = frame.right() + 10.0;
        let figure = number(value, &drawing.unit);
        let _ = write!(
            out,
            "<text class=\"{class}\" x=\"{x}\" y=\"{:.1}\">{word}<tspan x=\"{x}\" dy=\"15\" class=\"figure\">{figure}</tspan></text>",
            y - 1.0
        );
    }
}

/// Moves what stands one below the other apart, down first and up again where the lowest would leave the floor.
fn spread(heights: &mut [f64], apart: f64, floor: f64) {
    let mut above = f64::MIN;
    for y in heights.iter_mut() {
        *y = y.max(above + apart);
        above = *y;
    }
    let mut below = floor + apart;
    for y in heights.iter_mut().rev() {
        *y = y.min(below - apart);
        below = *y;
    }
}

fn points(canvas: &Canvas<'_>, out: &mut String) {
    let (drawing, frame) = (canvas.drawing, &canvas.frame);
    let gap = (frame.right() - frame.margins.left) / drawing.spots.len().max(1) as f64;
    let radius = (gap * 0.42).clamp(
        1.6,
        if drawing.size == Size::Small {
            2.6
        } else {
            4.4
        },
    );
    let radius = (radius * 10.0).round() / 10.0;
    // One stop for the tab key: the last point with a value; arrow keys lead on from there.
    let stop = drawing
        .spots
        .iter()
        .rposition(|s| s.value.is_some())
        .unwrap_or(drawing.spots.len().saturating_sub(1));
    for (i, spot) in drawing.spots.iter().enumerate() {
        let x = frame.x(spot.start);
        let y = spot.value.map_or(frame.floor() - 6.0, |v| frame.y(v));
        let shape = spot.mark.shape(x, y, radius);
        if drawing.size == Size::Small {
            if spot.mark == Mark::Missing {
                continue;
            }
            let _ = write!(out, "<g class=\"point {}\">{shape}</g>", spot.mark.class());
            continue;
        }
        let words = escape(&in_words(drawing, spot));
        let _ = write!(
            out,
            "<g class=\"point {}\" tabindex=\"{}\" role=\"img\" data-start=\"{}\"><title>{words}</title><circle class=\"reach\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"10\"/>{shape}</g>",
            spot.mark.class(),
            if i == stop { 0 } else { -1 },
            spot.start,
        );
    }
}

/// A point in words: its period, its value, and why.
#[must_use]
pub fn in_words(drawing: &Drawing, spot: &Spot) -> String {
    let value = spot
        .value
        .map_or_else(|| "no value".to_owned(), |v| amount(v, &drawing.unit));
    let period = period(drawing.period, spot.start);
    let why = if spot.why.is_empty() {
        String::new()
    } else {
        format!(". {}", spot.why)
    };
    format!("{period}: {value}{why}")
}

/// Text for XML.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
