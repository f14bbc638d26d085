//! Charts, drawn on the server as SVG that a screen reader, a printer and a keyboard can use. One module draws them all.

pub mod axis;
mod dates;
pub mod drawing;
pub mod frame;
pub mod funnel;
pub mod icon;
mod labels;
mod lane;
mod lines;
mod literal;
pub mod png;
pub mod radar;
pub mod run_chart;
pub mod slide;
pub mod spark;

pub use drawing::{Drawing, Level, Mark, Spot, Tested};
pub use frame::Size;
pub use lines::lines;
pub use run_chart::svg;

use joinedup_spc::Variation;
use joinedup_spc::rules::{Rule, Signal};
use joinedup_spc::runs::Side;
use joinedup_views::ask::Answer;
use joinedup_views::chart::{Chart, ChartPoint};
use joinedup_views::point::State;

/// The drawing of a chart, with the changes that should move the measure there and each target from its own day.
#[must_use]
pub fn of_answer(answer: &Answer, standalone: bool) -> Drawing {
    let chart = &answer.chart;
    // A reader gets no value of a running period: a mark for it would be read as one.
    let is_drawn =
        |row: &&ChartPoint| row.point.state != State::Incomplete || row.point.value.is_some();
    let spots = chart
        .points
        .iter()
        .filter(is_drawn)
        .map(|row| Spot {
            start: row.point.period_start,
            value: row.point.value,
            mark: mark(row.point.state, row.variation.filter(|_| !is_back(row))),
            why: why(row),
            centre: row.centre,
            limits: row.lcl.zip(row.ucl),
            phase: row.phase,
        })
        .collect();
    let run = chart.verdict.as_ref().is_none_or(|v| v.median.is_some());
    Drawing {
        name: "chart".into(),
        title: chart.heading(),
        description: chart.summary.clone(),
        unit: chart.unit().to_owned(),
        centre_name: if run { "median" } else { "mean" },
        period: chart.period,
        spots,
        lately: lately(chart),
        targets: answer.targets.iter().map(|t| (t.from, t.target)).collect(),
        tested: answer
            .tested
            .iter()
            .map(|span| Tested {
                label: span.title.clone(),
                from: span.from,
                to: span.to,
                link: Some("#changes".into()),
            })
            .collect(),
        standalone,
        size: Size::Wide,
        scale: None,
    }
}

/// Whether a point is one of a change of level and lies itself where the values before lay: the latest one stands for all of them,
/// and in the colour of the change it would be read as one more of it.
#[must_use]
pub fn is_back(row: &ChartPoint) -> bool {
    let Some((value, centre)) = row.point.value.zip(row.centre) else {
        return false;
    };
    let across = |signal: &Signal| match (signal.rule, signal.side) {
        (Rule::LevelChange, Side::High) => value <= centre,
        (Rule::LevelChange, Side::Low) => value >= centre,
        _ => false,
    };
    !row.signals.is_empty() && row.signals.iter().all(across)
}

/// The level of the latest points, where a rule says that it is another than before.
fn lately(chart: &Chart) -> Option<Level> {
    let verdict = chart.verdict.as_ref()?;
    Some(Level {
        from: verdict.since?,
        to: verdict.latest?,
        value: verdict.lately?,
        mark: mark(State::Final, Some(verdict.variation)),
    })
}

/// How a point is drawn, by its state and by what chart rules say of it.
#[must_use]
pub fn mark(state: State, variation: Option<Variation>) -> Mark {
    match (state, variation) {
        (State::Incomplete, _) => Mark::Incomplete,
        (State::Provisional, _) => Mark::Provisional,
        (State::Missing | State::Empty, _) => Mark::Missing,
        (State::Suppressed, _) => Mark::Suppressed,
        (State::Final, Some(Variation::ImprovementHigh | Variation::ImprovementLow)) => {
            Mark::Improvement
        }
        (State::Final, Some(Variation::ConcernHigh | Variation::ConcernLow)) => Mark::Concern,
        (
            State::Final,
            Some(Variation::NeitherHigh | Variation::NeitherLow | Variation::Undirected),
        ) => Mark::Neutral,
        (State::Final, _) => Mark::Plain,
    }
}

/// The words about a point beside its value.
#[must_use]
pub fn why(row: &ChartPoint) -> String {
    let state = match row.point.state {
        State::Final => "",
        State::Provisional => "Provisional: what began in it may still end in time",
        // The note says why, and by which rule.
        State::Incomplete | State::Missing | State::Empty | State::Suppressed
            if row.point.note.is_some() =>
        {
            ""
        }
        State::Incomplete => "The period is not finished",
        State::Missing => "No data",
        State::Empty => "Nobody, or too few",
        State::Suppressed => "Suppressed: small numbers",
    };
    let signals: Vec<&str> = match is_back(row) {
        true => vec!["back where the values before lay"],
        false => row.signals.iter().map(|s| rule_words(*s)).collect(),
    };
    let note = row.point.note.as_ref().map(ToString::to_string);
    [
        state.to_owned(),
        note.unwrap_or_default(),
        signals.join("; "),
    ]
    .into_iter()
    .filter(|s| !s.is_empty())
    .map(|s| sentence_start(&s))
    .collect::<Vec<_>>()
    .join(". ")
}

/// A text with a capital at its start.
#[must_use]
pub fn sentence_start(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// A rule that a point meets, in words.
#[must_use]
pub const fn rule_words(signal: Signal) -> &'static str {
    match (signal.rule, signal.side) {
        (Rule::Astronomical, Side::High) => "Above the upper control limit",
        (Rule::Astronomical, Side::Low) => "Below the lower control limit",
        (Rule::Trend, Side::High) => "Part of a steady rise",
        (Rule::Trend, Side::Low) => "Part of a steady fall",
        (Rule::TwoInThree, Side::High) => "Two of three points near the upper limit",
        (Rule::TwoInThree, Side::Low) => "Two of three points near the lower limit",
        (Rule::Shift, Side::High) => "Part of a shift above the centre line",
        (Rule::Shift, Side::Low) => "Part of a shift below the centre line",
        (Rule::LongRun, Side::High) => {
            "One of many in a row above the median: unlikely to be chance"
        }
        (Rule::LongRun, Side::Low) => {
            "One of many in a row below the median: unlikely to be chance"
        }
        (Rule::LevelChange, Side::High) => "One of the latest values, which lie higher than before",
        (Rule::LevelChange, Side::Low) => "One of the latest values, which lie lower than before",
        (Rule::FewCrossings, _) => "The line crosses its median less often than expected by chance",
    }
}
