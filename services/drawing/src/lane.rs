//! The lane below the axis: a bar for each change under test, named, and a thin line up to where it started. The plot
//! itself stays free of words.

use super::axis::date;
use super::drawing::{Drawing, Tested};
use super::frame::{Frame, Margins, Size};
use super::run_chart::escape;
use std::fmt::Write;

/// Rows of the lane at most: later changes share the last.
const MAX_ROWS: usize = 4;
/// The height of a row.
const ROW: f64 = 21.0;
/// The width of a letter of a label, nearly.
const LETTER: f64 = 6.9;

struct Bar<'a> {
    change: &'a Tested,
    label: String,
    from: f64,
    to: f64,
    /// Where the label begins.
    text: f64,
    /// The label ends where its bar begins, because the drawing ends soon after.
    is_before: bool,
    row: usize,
}

/// The height that the lane of a drawing needs.
pub(super) fn height(drawing: &Drawing) -> f64 {
    let Some(last_row) = bars(drawing, drawing.size.margins())
        .iter()
        .map(|b| b.row)
        .max()
    else {
        return 0.0;
    };
    6.0 + ROW * (last_row + 1) as f64
}

fn bars(drawing: &Drawing, margins: Margins) -> Vec<Bar<'_>> {
    let (Some(first), Some(last)) = (drawing.spots.first(), drawing.spots.last()) else {
        return Vec::new();
    };
    if drawing.size == Size::Small {
        return Vec::new();
    }
    let scale = super::axis::Scale::of(std::iter::empty(), "");
    let frame = Frame::new(margins, scale, first.start, last.start);
    let letters = if drawing.size == Size::Wide { 60 } else { 34 };
    let mut ends = [f64::MIN; MAX_ROWS];
    let mut bars = Vec::new();
    for change in &drawing.tested {
        // What ended before the drawing or starts after it is not at its edge: it is not on it.
        if change.from > last.start || change.to.is_some_and(|to| to < first.start) {
            continue;
        }
        let label = shortened(&change.label, letters);
        let from = frame.x(change.from.max(first.start));
        let to = frame
            .x(change.to.unwrap_or(last.start).min(last.start))
            .max(from + 4.0);
        let width = 10.0 + label.chars().count() as f64 * LETTER;
        // Where the drawing ends soon after, the label stands before its bar.
        let fits = from + width <= margins.width - 4.0;
        let is_before = !fits && from - width >= 4.0;
        let text = if fits { from } else { (from - width).max(4.0) };
        let row = ends
            .iter()
            .position(|end| text > *end)
            .unwrap_or(MAX_ROWS - 1);
        ends[row] = to.max(text + width) + 6.0;
        bars.push(Bar {
            change,
            label,
            from,
            to,
            text,
            is_before,
            row,
        });
    }
    bars
}

/// Draws the lane.
pub(super) fn draw(drawing: &Drawing, frame: &Frame, out: &mut String) {
    let top = frame.margins.height - height(drawing);
    for bar in bars(drawing, frame.margins) {
        let y = top + ROW * bar.row as f64;
        let (open, close) = match bar.change.link.as_ref().filter(|_| !drawing.standalone) {
            Some(link) => (format!("<a href=\"{}\">", escape(link)), "</a>"),
            None => (String::new(), ""),
        };
        // How wide letters are is known to the reader's program alone, so a label before its bar is placed by its end.
        let (x, anchor) = if bar.is_before {
            (bar.from - 5.0, " text-anchor=\"end\"")
        } else {
            (bar.text + 5.0, "")
        };
        let to = bar.change.to.map_or_else(|| "now".to_owned(), date);
        let _ = write!(
            out,
            "<g class=\"flag\"><line x1=\"{from:.1}\" x2=\"{from:.1}\" y1=\"{}\" y2=\"{y:.1}\"/>{open}<rect class=\"stretch\" x=\"{from:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{}\" rx=\"3\"/><text x=\"{x:.1}\" y=\"{:.1}\"{anchor}>{}<title>{}: {} to {to}</title></text>{close}</g>",
            frame.margins.top,
            bar.to - bar.from,
            ROW - 4.0,
            y + 13.0,
            escape(&bar.label),
            escape(&bar.change.label),
            date(bar.change.from),
            from = bar.from,
        );
    }
}

fn shortened(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(letters - 1).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_label_is_cut_at_a_letter_and_not_within_one() {
        assert_eq!(shortened("äöüäöü", 4), "äöü…");
        assert_eq!(shortened("abc", 4), "abc");
    }
}
