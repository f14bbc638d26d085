//! What Prometheus is given: `/metrics` (now: state, rolling windows, the pipeline's health), `/metrics/run-charts` (the
//! latest periods of every chart), and the same series at any time of the event log. Prometheus keeps no history for the
//! charts: each scrape brings every period again, so a corrected past is right at the next scrape.

pub mod collector;
pub mod current;
mod decisions;
pub mod event_time;
pub mod names;
mod packed;
mod process;
pub mod run_charts;
mod sample;
mod text;
pub mod unit;
mod waits;
mod window;

use joinedup_application::app::App;
use joinedup_views::suppression::Audience;
pub use packed::Packed;
use run_charts::Made;
use std::time::Duration;

/// The text of `/metrics`.
///
/// # Errors
/// When two metrics contradict each other, which is a fault of this program.
pub fn current_text(app: &App, audience: Audience) -> Result<String, collector::WriteError> {
    collector::write(&current::samples(app, audience))
}

/// The text of `/metrics/run-charts`: the same until the view moves. Empty where this process has no views.
#[must_use]
pub fn run_charts_text(app: &App, audience: Audience) -> Packed {
    let make = || {
        Packed::of(|sink| {
            if let Some(made) = Made::of(app, audience) {
                made.write(sink);
            }
        })
    };
    match &app.views {
        Some(views) => {
            let memo = &app.memos.run_charts;
            let kept = memo.get(audience, views, Duration::ZERO, || make().gzip());
            Packed::from(&*kept)
        }
        None => make(),
    }
}
