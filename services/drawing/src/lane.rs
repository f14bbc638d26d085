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
const LETTER: f64 = 7.6;
/// How far a label is from the ends of its bar.
const AWAY: f64 = 5.0;

struct Bar<'a> {
    change: &'a Tested,
    label: String,
    from: f64,
    to: f64,
    /// Where the label begins or, before its bar, ends.
    text: f64,
    is_before: bool,
    row: usize,
}

/// The height that the lane of a drawing needs.
pub(super) fn height(drawing: &Drawing, margins: Margins) -> f64 {
    let Some(last_row) = bars(drawing, margins).iter().map(|b| b.row).max() else {
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
    let mut ends = [f64::MIN; MAX_ROWS];
    let mut bars = Vec::new();
    for change in &drawing.tested {
        // What ended before the drawing or starts after it is not at its edge: it is not on it.
        if change.from > last.start || change.to.is_some_and(|to| to < first.start) {
            continue;
        }
        let from = frame.x(change.from.max(first.start));
        let to = frame
            .x(change.to.unwrap_or(last.start).min(last.start))
            .max(from + 4.0);
        // In the bar, after it, before it: the first that has room for all of the label, or else the roomiest for a part.
        let rooms = [to - from, margins.width - 4.0 - to, from - 4.0];
        let width = |label: &str| 2.0 * AWAY + label.chars().count() as f64 * LETTER;
        let is_roomier = |a: &usize, b: &usize| rooms[*a].total_cmp(&rooms[*b]);
        let place = (0..rooms.len()).find(|at| width(&change.label) <= rooms[*at]);
        let place = place.or((0..rooms.len()).max_by(is_roomier)).unwrap_or(0);
        let letters = (rooms[place] - 2.0 * AWAY) / LETTER;
        let label = shortened(&change.label, letters.max(1.0) as usize);
        let (begin, text, end) = match place {
            0 => (from, from + AWAY, to),
            1 => (from, to + AWAY, to + width(&label)),
            _ => (from - width(&label), from - AWAY, to),
        };
        let row = ends
            .iter()
            .position(|row_end| begin > *row_end)
            .unwrap_or(MAX_ROWS - 1);
        ends[row] = end + 6.0;
        bars.push(Bar {
            change,
            label,
            from,
            to,
            text,
            is_before: place == 2,
            row,
        });
    }
    bars
}

/// Draws the lane.
pub(super) fn draw(drawing: &Drawing, frame: &Frame, out: &mut String) {
    let top = frame.margins.height - height(drawing, frame.margins);
    for bar in bars(drawing, frame.margins) {
        let y = top + ROW * bar.row as f64;
        let (open, close) = match bar.change.link.as_ref().filter(|_| !drawing.standalone) {
            Some(link) => (format!("<a href=\"{}\">", escape(link)), "</a>"),
            None => (String::new(), ""),
        };
        // How wide letters are is known to the reader's program alone, so a label before its bar is placed by its end.
        let anchor = if bar.is_before {
            " text-anchor=\"end\""
        } else {
            ""
        };
        let to = bar.change.to.map_or_else(|| "now".to_owned(), date);
        let _ = write!(
            out,
            "<g class=\"flag\"><line x1=\"{from:.1}\" x2=\"{from:.1}\" y1=\"{}\" y2=\"{y:.1}\"/>{open}<rect class=\"stretch\" x=\"{from:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{}\" rx=\"3\"/><text x=\"{:.1}\" y=\"{:.1}\"{anchor}>{}<title>{}: {} to {to}</title></text>{close}</g>",
            frame.margins.top,
            bar.to - bar.from,
            ROW - 4.0,
            bar.text,
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
    use super::super::drawing::{Mark, Spot};
    use super::*;
    use chrono::NaiveDate;
    use joinedup_views::period::Grain;
    use proptest::prelude::*;

    #[test]
    fn a_long_label_is_cut_at_a_letter_and_not_within_one() {
        assert_eq!(shortened("äöüäöü", 4), "äöü…");
        assert_eq!(shortened("abc", 4), "abc");
    }

    proptest! {
        #[test]
        fn a_label_lies_in_its_bar_or_beside_it_and_within_the_drawing(from in 0..70u64, weeks in 0..70u64, narrow: bool, label in "[A-Z][a-z ]{0,60}") {
            let first = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
            let day = |n: u64| first + chrono::Days::new(7 * n);
            let spot = |n| Spot { start: day(n), value: None, mark: Mark::Missing, why: String::new(), centre: None, limits: None, phase: 0 };
            let tested = Tested { label, from: day(from), to: Some(day(from + weeks)), link: None };
            let drawing = Drawing {
                name: String::new(),
                title: String::new(),
                description: String::new(),
                unit: String::new(),
                centre_name: "median",
                period: Grain::Week,
                spots: (0..70).map(spot).collect(),
                lately: None,
                targets: Vec::new(),
                tested: vec![tested],
                standalone: false,
                size: if narrow { Size::Narrow } else { Size::Wide },
                scale: None,
            };
            let margins = drawing.margins();
            for bar in bars(&drawing, margins) {
                let long = bar.label.chars().count() as f64 * LETTER;
                let left = if bar.is_before { bar.text - long } else { bar.text };
                let right = left + long;
                prop_assert!(left >= 4.0 && right <= margins.width - 4.0, "{} to {}", left, right);
                let within = left >= bar.from && right <= bar.to;
                prop_assert!(within || right < bar.from || left > bar.to, "{} to {}", left, right);
            }
        }
    }
}
