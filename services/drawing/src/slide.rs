//! A chart as a slide of 16:9: what it found as the title, the drawing, what its marks mean, where it comes from and of
//! which day it is. Its colours are literal and nothing in it needs a browser.

use super::drawing::{Drawing, Mark};
use super::lines;
use super::literal::{literal, style};
use super::run_chart::{self, STYLE, escape};
use simplecss::StyleSheet;
use std::fmt::Write;
use std::sync::LazyLock;

const WIDTH: f64 = 1280.0;
const HEIGHT: f64 = 720.0;
/// Left and right of everything.
const MARGIN: f64 = 48.0;
/// How many letters of a title, a subtitle or a footer have room on a line.
const TITLE: usize = 58;
const SMALL: usize = 150;
/// Where the last row of the legend is, and how far apart its rows are.
const LEGEND: f64 = 630.0;
const ROW: f64 = 24.0;
/// The width of a letter of the legend, on average.
const LETTER: f64 = 8.2;

/// Beside the colours of the charts.
const OWN: &str = ".slide .finding{fill:#212b32;font-size:34px;font-weight:600}\n\
.slide .about{fill:#4c6272;font-size:19px}\n\
.slide .key{fill:#212b32;font-size:15px}\n\
.slide .source{fill:#4c6272;font-size:14px}";

/// Both, for a file.
static PLAIN: LazyLock<String> = LazyLock::new(|| style(&format!("{STYLE}\n{OWN}")));
static SHEET: LazyLock<StyleSheet<'static>> = LazyLock::new(|| StyleSheet::parse(&PLAIN));

/// What stands on a slide beside the drawing.
#[derive(Clone, Debug)]
pub struct Words {
    /// What the chart found.
    pub finding: String,
    /// Measure, place, period and which way is better.
    pub about: String,
    /// Where it comes from, of which day, by which rules.
    pub source: String,
}

/// Draws a slide as SVG.
#[must_use]
pub fn svg(drawing: &Drawing, words: &Words) -> String {
    let mut plain = Drawing {
        standalone: false,
        name: "slide".into(),
        ..drawing.clone()
    };
    for tested in &mut plain.tested {
        tested.link = None;
    }
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart slide\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"{}\">\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>",
        escape(&words.finding)
    );
    let mut y = 62.0;
    for line in lines(&words.finding, TITLE, 2) {
        text(&mut out, "finding", y, &line);
        y += 42.0;
    }
    for line in lines(&words.about, SMALL * 3 / 4, 2) {
        text(&mut out, "about", y - 6.0, &line);
        y += 26.0;
    }
    let margins = plain.margins();
    // The legend grows upwards, into the room of the drawing: the source below keeps its place.
    let keys = keys(&plain);
    let places = places(&keys);
    let last = places.last().map_or(0, |(_, row)| *row);
    let row_at = |row: usize| LEGEND - ROW * (last - row) as f64;
    let room = (WIDTH - 2.0 * MARGIN, row_at(0) - 26.0 - y);
    let scale = (room.0 / margins.width).min(room.1 / margins.height);
    let left = MARGIN + (room.0 - margins.width * scale) / 2.0;
    // The drawing without its own frame: nested ones are not drawn alike by all programs.
    let _ = write!(
        out,
        "<g class=\"wide\" transform=\"translate({left:.1} {y:.1}) scale({scale:.3})\">"
    );
    run_chart::inside(&plain, &mut out);
    out.push_str("</g>");
    for (key, (x, row)) in keys.iter().zip(places) {
        key.draw(&mut out, x, row_at(row));
    }
    for (at, line) in lines(&words.source, SMALL, 3).iter().enumerate() {
        text(&mut out, "source", 667.0 + 19.0 * at as f64, line);
    }
    out.push_str("</svg>");
    literal(&out, &SHEET)
}

fn text(out: &mut String, class: &str, y: f64, line: &str) {
    let line = escape(line);
    let _ = write!(
        out,
        "<text class=\"{class}\" x=\"{MARGIN}\" y=\"{y:.0}\">{line}</text>"
    );
}

/// A mark or a line of the drawing, with what it means.
struct Key {
    /// None: a line.
    mark: Option<Mark>,
    class: String,
    words: String,
}

impl Key {
    fn line(class: impl Into<String>, words: impl Into<String>) -> Self {
        Self {
            mark: None,
            class: class.into(),
            words: words.into(),
        }
    }

    /// Sample and words.
    fn width(&self) -> f64 {
        34.0 + self.words.chars().count() as f64 * LETTER
    }

    fn draw(&self, out: &mut String, x: f64, y: f64) {
        let class = &self.class;
        let _ = match self.mark {
            Some(mark) => {
                let shape = mark.shape(x + 16.0, y, 5.5);
                write!(out, "<g class=\"point {class}\">{shape}</g>")
            }
            None => write!(
                out,
                "<line class=\"{class}\" x1=\"{x:.0}\" x2=\"{:.0}\" y1=\"{y}\" y2=\"{y}\"/>",
                x + 26.0
            ),
        };
        let _ = write!(
            out,
            "<text class=\"key\" x=\"{:.0}\" y=\"{:.0}\">{}</text>",
            x + 34.0,
            y + 5.0,
            escape(&self.words)
        );
    }
}

/// The marks and lines that the drawing has.
fn keys(drawing: &Drawing) -> Vec<Key> {
    let (spots, centre) = (&drawing.spots, drawing.centre_name);
    let marks = Mark::ALL.into_iter();
    let marks = marks.filter(|mark| spots.iter().any(|s| s.mark == *mark));
    let marks = marks.map(|mark| Key {
        mark: Some(mark),
        ..Key::line(mark.class(), mark.words())
    });
    let lines = [
        spots
            .iter()
            .any(|s| s.centre.is_some())
            .then(|| Key::line("centre", centre)),
        drawing.lately_shown().map(|level| {
            let class = format!("lately {}", level.mark.class());
            Key::line(class, format!("{centre} lately"))
        }),
        spots
            .iter()
            .any(|s| s.limits.is_some())
            .then(|| Key::line("limit", "control limits")),
        (!drawing.targets.is_empty()).then(|| Key::line("target", "target")),
    ];
    marks.chain(lines.into_iter().flatten()).collect()
}

/// Where each key is: how far from the left, and in which row. A row is as long as the slide is wide.
fn places(keys: &[Key]) -> Vec<(f64, usize)> {
    let (mut x, mut row) = (MARGIN, 0);
    let place = |key: &Key| {
        if x > MARGIN && x + key.width() > WIDTH - MARGIN {
            (x, row) = (MARGIN, row + 1);
        }
        let at = (x, row);
        x += key.width() + 24.0;
        at
    };
    keys.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawing::Spot;
    use crate::frame::Size;
    use chrono::NaiveDate;
    use joinedup_views::period::Grain;

    fn drawing() -> Drawing {
        let start: NaiveDate = "2026-01-05".parse().unwrap();
        let spots = (0..20_u32).map(|i| Spot {
            start: start + chrono::Days::new(u64::from(i) * 7),
            value: Some(f64::from(20 + i % 5)),
            mark: if i > 15 { Mark::Concern } else { Mark::Plain },
            why: String::new(),
            centre: Some(22.0),
            limits: None,
            phase: 0,
        });
        Drawing {
            name: "chart".into(),
            title: "Falls & slips, North".into(),
            description: "Falls".into(),
            unit: "falls".into(),
            centre_name: "median",
            period: Grain::Week,
            spots: spots.collect(),
            lately: None,
            targets: vec![(None, 21.0)],
            tested: Vec::new(),
            standalone: true,
            size: Size::Wide,
            scale: None,
        }
    }

    fn words() -> Words {
        Words {
            finding: "Getting worse: 24 falls, median 22 falls".into(),
            about: "Falls & slips, North, by week. Lower is better.".into(),
            source: "Source: what services reported. Data to 30 May 2026.".into(),
        }
    }

    #[test]
    fn a_slide_says_what_was_found_with_legend_and_source_and_no_variable() {
        let slide = svg(&drawing(), &words());
        for part in [
            "Getting worse: 24 falls",
            "Falls &amp; slips, North",
            "Source: what services reported",
            "special cause: worse",
            ">median<",
            ">target<",
        ] {
            assert!(slide.contains(part), "{part}");
        }
        assert!(!slide.contains("<style") && !slide.contains("href"));
        assert_eq!(
            slide.matches("<svg").count(),
            1,
            "frames within frames are drawn unlike"
        );
    }

    #[test]
    fn a_legend_of_everything_stays_on_the_slide() {
        let mut full = drawing();
        for (spot, mark) in full.spots.iter_mut().zip(Mark::ALL) {
            (spot.mark, spot.limits) = (mark, Some((18.0, 26.0)));
        }
        let (from, to) = (full.spots[12].start, full.spots[19].start);
        full.lately = Some(crate::Level {
            from,
            to,
            value: 24.0,
            mark: Mark::Concern,
        });
        let keys = keys(&full);
        assert_eq!(keys.len(), Mark::ALL.len() + 4);
        let places = places(&keys);
        for (i, (key, (x, row))) in keys.iter().zip(&places).enumerate() {
            assert!(x + key.width() <= WIDTH - MARGIN, "{}", key.words);
            let next = places.get(i + 1).filter(|(_, other)| other == row);
            assert!(next.is_none_or(|(other, _)| x + key.width() < *other));
        }
        let slide = svg(&full, &words());
        let scale = slide.split(" scale(").nth(1).unwrap();
        let scale: f64 = scale.split(')').next().unwrap().parse().unwrap();
        assert!(scale > 0.5, "the legend leaves the drawing no room");
        for key in keys {
            assert!(
                slide.contains(&format!(">{}</text>", key.words)),
                "{}",
                key.words
            );
        }
    }

    #[test]
    fn a_slide_is_a_picture_of_twice_its_size_with_its_colours() {
        let picture = crate::png::png(&svg(&drawing(), &words())).unwrap();
        let dots = resvg::tiny_skia::Pixmap::decode_png(&picture).unwrap();
        assert_eq!((dots.width(), dots.height()), (2560, 1440));
        let concern = dots
            .pixels()
            .iter()
            .filter(|p| (p.red(), p.green(), p.blue()) == (179, 71, 0));
        assert!(
            concern.count() > 200,
            "points of concern are in their colour"
        );
    }
}
