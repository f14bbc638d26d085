//! A measure of a change: its chart where the change is tested, and what the points say before and since.

use super::super::changes_of::verdict;
use super::super::visit::Visit;
use super::super::{figure, finding};
use joinedup_application::charts::{self, Answer, ChartRequest};
use joinedup_drawing::{Drawing, Mark};
use joinedup_views::changes::{BeforeAfter, Change, before_and_after};
use joinedup_views::period::Period;
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
        let audience = visit.caller.audience_of(area);
        let request = ChartRequest::new(measure, area);
        let answer = charts::ask(&visit.app, &request, audience).ok()?;
        let chart = &answer.chart;
        let around = before_and_after(
            change,
            &chart.measure,
            (&chart.title, chart.unit()),
            &answer.judged(),
        );
        Some(Self { answer, around })
    }

    /// The chart with the verdict beside it.
    pub(super) fn show(&self, visit: &Visit, change: &Change, n: usize) -> Markup {
        let chart = &self.answer.chart;
        let own = visit
            .address
            .elsewhere(format!("/measures/{}", chart.measure))
            .with("area", &chart.area);
        let mut drawing = Drawing {
            name: format!("measure-{n}"),
            ..joinedup_drawing::of_answer(&self.answer, false)
        };
        if let Some(around) = &self.around {
            draw_around(&mut drawing, &self.answer, change, around);
        }
        figure::make_narrow(&mut drawing);
        for tested in &mut drawing.tested {
            tested.link = None;
        }
        html! {
            article.measured {
                h3 { a href=(own) { (chart.title) } }
                @match &self.around {
                    Some(around) => (verdict(change, around, chart)),
                    None => p { "The test has not begun: this is how it is now." },
                }
                @if drawing.spots.iter().any(|spot| spot.mark != Mark::Missing) { div.drawn-small { (PreEscaped(joinedup_drawing::svg(&drawing))) } }
                // Of a comparison the words have said why already.
                @else if self.around.is_none() { p.place { (finding::without_numbers(chart)) "." } }
            }
        }
    }
}

/// Gives a drawing the medians that the words are about, instead of the chart's own centre line, which is that of its first
/// points: two numbers of one name on one card would be taken for a mistake.
fn draw_around(drawing: &mut Drawing, answer: &Answer, change: &Change, around: &BeforeAfter) {
    let medians = around.before.median.zip(around.later.median);
    let (Some((before, later)), Some(started)) = (medians, change.started) else {
        return;
    };
    let judged = answer.judged();
    let first = judged.since_baseline(started).first();
    let ended = change.finished.filter(|_| around.is_over);
    let phase = drawing.spots.iter().map(|spot| spot.phase).max();
    let phase = phase.unwrap_or(0);
    for spot in &mut drawing.spots {
        let period = Period::of(answer.chart.period, spot.start);
        // What lies before the baseline that stood at the start was not compared, and keeps its line.
        if first.is_some_and(|(first, _)| period.start < first.start) {
            continue;
        }
        let (side, centre) = if period.end <= started {
            (1, Some(before))
        } else if ended.is_some_and(|end| period.start > end) {
            (3, around.after.median)
        } else {
            (2, Some(later))
        };
        (spot.phase, spot.centre, spot.limits) = (phase + side, centre, None);
    }
    drawing.centre_name = "median";
    drawing.lately = None;
    drawing.description.clone_from(&around.sentence);
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::tests::{answered, chart, huddle, near};
    use super::*;
    use chrono::Days;
    use joinedup_events::change::Decision;
    use joinedup_views::point::State;

    #[test]
    fn the_picture_of_a_change_has_the_medians_that_its_words_are_about() {
        // A start in the 31st week. The chart's own line is the median of its first points, which lie higher.
        let weeks = near(9.0, 12).chain(near(5.0, 18)).chain(near(2.0, 20));
        let chart = chart(&weeks.collect::<Vec<_>>());
        let own = chart.phases.first().and_then(|phase| phase.centre);
        let answer = answered(chart);
        let change = huddle(None);
        let around = before_and_after(&change, "m", ("Delay", "days"), &answer.judged()).unwrap();
        let mut drawing = joinedup_drawing::of_answer(&answer, false);
        draw_around(&mut drawing, &answer, &change, &around);
        let lines: Vec<Option<f64>> = [0, 29, 30, 49].map(|n| drawing.spots[n].centre).into();
        let (before, later) = (around.before.median, around.later.median);
        assert_eq!(lines, [before, before, later, later]);
        assert_ne!(own, before);
        let drawn = joinedup_drawing::svg(&drawing);
        for line in ["median was 5.4", ">median<tspan"] {
            assert!(drawn.contains(line), "{line}: {drawn}");
        }
        let words = verdict(&change, &around, &answer.chart).into_string();
        assert!(
            words.contains("the earlier median (5.4 days over 30 weeks; since then 2.2 days)"),
            "{words}"
        );
    }

    #[test]
    fn it_is_early_while_there_are_few_weeks_and_not_where_few_of_many_have_data() {
        let words_of = |weeks: Vec<(State, Option<f64>)>| {
            let (answer, change) = (answered(chart(&weeks)), huddle(None));
            let around =
                before_and_after(&change, "m", ("Delay", "days"), &answer.judged()).unwrap();
            verdict(&change, &around, &answer.chart).into_string()
        };
        let words = words_of(near(5.0, 30).chain(near(2.0, 5)).collect());
        let early = "Too early to tell</strong>: 5 weeks of data so far, 12 needed.";
        assert!(words.contains(early), "{words}");
        let silent = [(State::Missing, None); 20];
        let weeks = near(5.0, 30).chain(near(2.0, 5)).chain(silent);
        let words = words_of(weeks.collect());
        let few = "Too few numbers to tell</strong>: 5 weeks of data so far, 12 needed (5.2 days over 30 weeks; since then 2.2 days).";
        assert!(words.contains(few), "{words}");
        let words = words_of(near(5.0, 2).chain(near(2.0, 60)).collect());
        assert!(!words.contains("early"), "{words}");
    }

    #[test]
    fn a_test_that_is_over_is_told_by_its_own_weeks_and_those_after_it_for_themselves() {
        // Seven weeks of a test from the 31st week on, and 29 weeks after it.
        let weeks = near(5.0, 30).chain(near(4.0, 7)).chain(near(6.0, 29));
        let answer = answered(chart(&weeks.collect::<Vec<_>>()));
        let told = |days: u64| {
            let mut change = huddle(None);
            change.finished = change.started.map(|start| start + Days::new(days - 1));
            change.decision = Some(Decision::Abandon);
            let around =
                before_and_after(&change, "m", ("Delay", "days"), &answer.judged()).unwrap();
            let mut drawing = joinedup_drawing::of_answer(&answer, false);
            draw_around(&mut drawing, &answer, &change, &around);
            (
                verdict(&change, &around, &answer.chart).into_string(),
                drawing,
            )
        };
        let (words, drawing) = told(7 * 7);
        for part in [
            "Too few numbers to tell</strong>: 7 weeks of data during the test, 12 needed",
            " (5.2 days over 30 weeks; during the test 4.2 days). Median in the 29 weeks after it ended: 6.2 days.",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
        let lines: Vec<Option<f64>> = [29, 30, 36, 37].map(|n| drawing.spots[n].centre).into();
        assert_eq!(lines, [5.2, 4.2, 4.2, 6.2].map(Some));
        let (words, _) = told(7 * 30);
        for word in ["since then", "so far", "yet", "early"] {
            assert!(!words.contains(word), "{word}: {words}");
        }
    }
}
