//! What the program does for people, whichever door they come through: no HTTP and no HTML.

pub mod execute;
pub mod memo;
pub mod overview;
pub mod request;

use bytes::Bytes;
use chrono::NaiveDate;
use joinedup_views::suppression::Audience;
use memo::Memo;
use overview::Overview;

/// Answers that cost much and are asked for by many at once.
#[derive(Default)]
pub struct Memos {
    /// Overviews, by area, audience and day.
    pub overviews: Memo<(String, Audience, NaiveDate), Overview>,
    /// The text of the run charts' scrape, by audience.
    pub run_charts: Memo<Audience, Bytes>,
}
