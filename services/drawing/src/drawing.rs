//! What a chart is drawn from: points with their marks, flags, stretches, lines.

use super::axis::Scale;
use super::frame::{Margins, Size};
use chrono::NaiveDate;
use joinedup_views::period::Grain;

/// The height of the heading of a drawing that stands alone.
const HEADING: f64 = 30.0;
/// The width of a figure on the axis, and of the sign of per cent, in the widest of the style's types.
const FIGURE: f64 = 8.3;
const PER_CENT: f64 = 12.4;

/// How a point is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Over, ripe, nothing special.
    Plain,
    /// A special cause in the wanted direction.
    Improvement,
    /// A special cause in the unwanted direction.
    Concern,
    /// A special cause of a measure without a wanted direction.
    Neutral,
    /// Not ripe yet.
    Provisional,
    /// The period is not over.
    Incomplete,
    /// Nothing reported.
    Missing,
    /// Suppressed: small numbers.
    Suppressed,
}

impl Mark {
    /// Every mark, in the order of a legend.
    pub const ALL: [Self; 8] = [
        Self::Plain,
        Self::Improvement,
        Self::Concern,
        Self::Neutral,
        Self::Provisional,
        Self::Incomplete,
        Self::Missing,
        Self::Suppressed,
    ];

    /// Its name in style sheets.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Improvement => "improvement",
            Self::Concern => "concern",
            Self::Neutral => "neutral",
            Self::Provisional => "provisional",
            Self::Incomplete => "incomplete",
            Self::Missing => "missing",
            Self::Suppressed => "suppressed",
        }
    }

    /// What it means, for a legend.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Plain => "expected variation",
            Self::Improvement => "special cause: better",
            Self::Concern => "special cause: worse",
            Self::Neutral => "special cause, neither better nor worse",
            Self::Provisional => "provisional",
            Self::Incomplete => "period not whole",
            Self::Missing => "no number",
            Self::Suppressed => "suppressed: small numbers",
        }
    }

    /// The mark's shape around a place.
    pub(super) fn shape(self, x: f64, y: f64, radius: f64) -> String {
        match self {
            Self::Plain | Self::Provisional | Self::Incomplete => {
                format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\"/>")
            }
            // Signals differ in shape: triangles would claim a direction, diamonds and squares do not.
            Self::Improvement => polygon(x, y, radius + 2.2, 4),
            Self::Concern => square(x, y, radius + 0.8),
            Self::Neutral => polygon(x, y, radius + 2.0, 6),
            // Where points are near each other, dashes of one width would join to a line.
            Self::Missing => {
                let half = radius * 0.7;
                format!("<path d=\"M{:.1} {y:.1}h{:.1}\"/>", x - half, 2.0 * half)
            }
            Self::Suppressed => format!(
                "<text x=\"{x:.1}\" y=\"{:.1}\" class=\"star\">*</text>",
                y + 6.0
            ),
        }
    }

    /// The mark alone, for a legend.
    #[must_use]
    pub fn sample(self) -> String {
        format!(
            "<svg class=\"chart sample\" viewBox=\"0 0 18 18\" width=\"18\" height=\"18\" aria-hidden=\"true\"><g class=\"point {}\">{}</g></svg>",
            self.class(),
            self.shape(9.0, 9.0, 4.6)
        )
    }
}

/// One point.
#[derive(Clone, Debug)]
pub struct Spot {
    /// First day of its period.
    pub start: NaiveDate,
    /// Its value, if there is one to show.
    pub value: Option<f64>,
    /// How it is drawn.
    pub mark: Mark,
    /// The words beside period and value: why it is special, why it is missing.
    pub why: String,
    /// The centre line here.
    pub centre: Option<f64>,
    /// Limits here.
    pub limits: Option<(f64, f64)>,
    /// Which phase it is in.
    pub phase: usize,
}

/// A change under test: a bar in the lane below the axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// What is tested, in a few words.
    pub label: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day; none while it goes on.
    pub to: Option<NaiveDate>,
    /// Where more is written about it, on the page that shows the drawing.
    pub link: Option<String>,
}

/// The level of the latest points, where they differ from those before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// First day of the first of them.
    pub from: NaiveDate,
    /// First day of the last of them.
    pub to: NaiveDate,
    /// Their median or mean.
    pub value: f64,
    /// What their difference is.
    pub mark: Mark,
}

/// A target, and the first day on which it holds; none: it holds over the whole drawing.
pub type Step = (Option<NaiveDate>, f64);

/// All that is drawn.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// Begins the ids within the drawing: two drawings on one page need two names.
    pub name: String,
    /// The chart's name.
    pub title: String,
    /// What the chart shows, in a sentence or two, for those who cannot see it.
    pub description: String,
    /// The unit of the values; `proportion` is shown in per cent.
    pub unit: String,
    /// What the centre line is: `median` or `mean`.
    pub centre_name: &'static str,
    /// How long the period of a point is.
    pub period: Grain,
    /// The points, by date.
    pub spots: Vec<Spot>,
    /// The level of the latest points.
    pub lately: Option<Level>,
    /// The targets, by first day.
    pub targets: Vec<Step>,
    /// Changes under test.
    pub tested: Vec<Tested>,
    /// The drawing stands alone as a file, and so brings its own style.
    pub standalone: bool,
    /// How large.
    pub size: Size,
    /// The scale, where several drawings share one.
    pub scale: Option<Scale>,
}

impl Drawing {
    /// Every value that the scale has to hold.
    pub fn values(&self) -> impl Iterator<Item = f64> + '_ {
        let (low, high) = self.possible();
        self.spots
            .iter()
            .flat_map(move |s| {
                let limits = s.limits.map(|(lower, upper)| [lower, upper]);
                let shown = move |limit: &f64| (low..=high).contains(limit);
                let limits = limits.into_iter().flatten().filter(shown);
                [s.value, s.centre].into_iter().flatten().chain(limits)
            })
            .chain(self.targets_shown().iter().map(|t| t.1))
    }

    /// The targets that hold somewhere in the drawing's time: one that was replaced before it is left out.
    #[must_use]
    pub fn targets_shown(&self) -> &[Step] {
        let first = self.spots.first().map(|s| s.start);
        let before = |step: &Step| step.0.is_none_or(|from| first.is_some_and(|f| from <= f));
        let begin = self.targets.iter().rposition(before).unwrap_or(0);
        &self.targets[begin..]
    }

    /// The level of the latest points as far as it lies in the drawing's time; none where it ended before.
    #[must_use]
    pub fn lately_shown(&self) -> Option<Level> {
        let first = self.spots.first()?.start;
        let level = self.lately.filter(|level| level.to >= first)?;
        let from = level.from.max(first);
        Some(Level { from, ..level })
    }

    /// The scale that is drawn: the shared one, or else that of its own values.
    #[must_use]
    pub fn shown_scale(&self) -> Scale {
        let own = || Scale::of(self.values(), &self.unit);
        self.scale.clone().unwrap_or_else(own)
    }

    /// The margins: those of the size, with room for long numbers on the axis, for a heading and for the lane of changes.
    #[must_use]
    pub fn margins(&self) -> Margins {
        let mut margins = self.size.margins();
        let scale = self.shown_scale();
        let width = |c: char| if c == '%' { PER_CENT } else { FIGURE };
        let long = |tick| scale.label(tick, &self.unit).chars().map(width).sum();
        let longest = scale.ticks().map(long).fold(0.0, f64::max);
        margins.left = margins.left.max(10.0 + longest);
        if self.standalone {
            margins.top += HEADING;
            margins.height += HEADING;
        }
        let lane = super::lane::height(self, margins);
        margins.bottom += lane;
        margins.height += lane;
        margins
    }

    /// Where values can lie: a limit outside says nothing, and a scale that showed it would show "−20 % of people". No
    /// value of the data below zero is taken to mean that none can be; a share ends at all of them.
    #[must_use]
    pub fn possible(&self) -> (f64, f64) {
        let negative = self
            .spots
            .iter()
            .filter_map(|s| s.value)
            .any(|value| value < 0.0);
        let low = if negative { f64::MIN } else { 0.0 };
        let high = if self.unit == "proportion" {
            1.0
        } else {
            f64::MAX
        };
        (low, high)
    }
}

fn polygon(x: f64, y: f64, radius: f64, corners: u32) -> String {
    let corner = |i: u32| {
        let angle = f64::from(i) / f64::from(corners) * std::f64::consts::TAU;
        format!(
            "{:.1},{:.1}",
            x + radius * angle.sin(),
            y - radius * angle.cos()
        )
    };
    format!(
        "<polygon points=\"{}\"/>",
        (0..corners).map(corner).collect::<Vec<_>>().join(" ")
    )
}

fn square(x: f64, y: f64, half: f64) -> String {
    format!(
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{w:.1}\" height=\"{w:.1}\"/>",
        x - half,
        y - half,
        w = half * 2.0
    )
}
