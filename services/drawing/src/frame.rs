//! How large a drawing is, and where on it a date and a value are.

use super::axis::Scale;
use chrono::{Datelike, NaiveDate};

/// The sizes that charts come in. A chart is drawn for its size and not only scaled, so that its text stays readable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    /// A page or a file.
    #[default]
    Wide,
    /// A telephone.
    Narrow,
    /// One of several beside each other.
    Small,
}

/// Width, height and margins, in the drawing's own units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Margins {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Left of the plot.
    pub left: f64,
    /// Right of the plot.
    pub right: f64,
    /// Above the plot.
    pub top: f64,
    /// Below the plot.
    pub bottom: f64,
}

impl Size {
    /// The margins of a size.
    #[must_use]
    pub const fn margins(self) -> Margins {
        match self {
            Self::Wide => Margins {
                width: 960.0,
                height: 400.0,
                left: 60.0,
                right: 96.0,
                top: 34.0,
                bottom: 44.0,
            },
            Self::Narrow => Margins {
                width: 400.0,
                height: 330.0,
                left: 46.0,
                right: 74.0,
                top: 34.0,
                bottom: 44.0,
            },
            Self::Small => Margins {
                width: 300.0,
                height: 150.0,
                left: 44.0,
                right: 12.0,
                top: 12.0,
                bottom: 26.0,
            },
        }
    }

    /// The least distance between two dates on the axis: of the names of months, and of days.
    #[must_use]
    pub const fn date_steps(self) -> (f64, f64) {
        match self {
            Self::Wide => (64.0, 64.0),
            Self::Narrow | Self::Small => (42.0, 76.0),
        }
    }
}

/// Where things are.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Margins.
    pub margins: Margins,
    /// Values.
    pub scale: Scale,
    first: i64,
    span: f64,
}

impl Frame {
    /// A frame that holds two dates and a scale.
    #[must_use]
    pub fn new(margins: Margins, scale: Scale, first: NaiveDate, last: NaiveDate) -> Self {
        let (first, last) = (day(first), day(last));
        Self {
            margins,
            scale,
            first,
            span: (last - first).max(1) as f64,
        }
    }

    /// Where a date is.
    #[must_use]
    pub fn x(&self, date: NaiveDate) -> f64 {
        let along = (day(date) - self.first) as f64 / self.span;
        self.margins.left + along * (self.right() - self.margins.left)
    }

    /// Where a value is.
    #[must_use]
    pub fn y(&self, value: f64) -> f64 {
        self.floor() - self.scale.share(value) * (self.floor() - self.margins.top)
    }

    /// The right end of the plot.
    #[must_use]
    pub fn right(&self) -> f64 {
        self.margins.width - self.margins.right
    }

    /// The lower end of the plot.
    #[must_use]
    pub fn floor(&self) -> f64 {
        self.margins.height - self.margins.bottom
    }
}

fn day(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce())
}
