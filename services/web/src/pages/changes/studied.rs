//! A measure of a change: its chart where the change is tested, and what the points say before and since.

use super::super::changes_of::{medians, verdict};
use super::super::visit::Visit;
use super::super::{figure, finding};
use joinedup_application::charts::{self, Answer, ChartRequest};
use joinedup_drawing::{Drawing, Mark};
use joinedup_views::changes::{BeforeAfter, Change, before_and_after};
use maud::{Markup, PreEscaped, html};

/// A measure's chart around a change.
pub(super) struct Studied {
    pub(super) answer: Answer,
    /// None where the test has not begun.
    pub(super) around: Option<BeforeAfter>,
}

impl Studied {
    /// None where the measure has no chart there.
    pub(super) fn of(visit: &Visit, change: &Change, measure: &str) -> Option<Self> {
        let area = change.area.as_str();
        let audience = visit.caller.audience_in([area].into_iter());
        let request = ChartRequest::new(measure, area);
        let answer = charts::ask(&visit.app, &request, audience).ok()?;
        let chart = &answer.chart;
        let around = before_and_after(change, &chart.measure, &chart.title, &answer.judged());
        Some(Self { answer, around })
    }

    /// The chart with the verdict beside it.
    pub(super) fn show(&self, visit: &Visit, n: usize) -> Markup {
        let chart = &self.answer.chart;
        let own = visit
            .address
            .elsewhere(format!("/measures/{}", chart.measure))
            .with("area", &chart.area);
        let mut drawing = Drawing {
            name: format!("measure-{n}"),
            ..joinedup_drawing::of_answer(&self.answer, false)
        };
        figure::make_narrow(&mut drawing);
        for tested in &mut drawing.tested {
            tested.link = None;
        }
        html! {
            article.measured {
                h3 { a href=(own) { (chart.title) } }
                @match &self.around {
                    Some(around) => {
                        (verdict(around, chart))
                        @if let Some(medians) = medians(around, chart) { (medians) }
                    }
                    None => p { "The test has not begun: this is how it is now." },
                }
                @if drawing.spots.iter().any(|spot| spot.mark != Mark::Missing) { div.drawn-small { (PreEscaped(joinedup_drawing::svg(&drawing))) } }
                @else { p.place { (finding::without_numbers(chart)) "." } }
            }
        }
    }
}
