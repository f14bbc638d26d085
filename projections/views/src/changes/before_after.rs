//! A measure's points before a cycle began and after, in words that claim no cause: other things happened too.

use super::Change;
use chrono::NaiveDate;
use serde::Serialize;

/// One side of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Side {
    /// How many points.
    pub points: usize,
    /// Their median; none without points.
    pub median: Option<f64>,
    /// The lowest.
    pub lowest: Option<f64>,
    /// The highest.
    pub highest: Option<f64>,
}

/// How the later points lie about the median of those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moved {
    /// Too few points before or since.
    TooFew,
    /// On both sides of it, as tossing a coin for each would have it.
    Chance,
    /// Above it, more of them than a coin gives once in twenty times.
    Up,
    /// Below it, likewise.
    Down,
}

/// A measure before, during and after a cycle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BeforeAfter {
    /// The measure.
    pub measure: String,
    /// Points of periods that began before the cycle.
    pub before: Side,
    /// Points of periods from the start on, until the finish.
    pub during: Side,
    /// Points of periods that began after the finish.
    pub after: Side,
    /// How many later points are compared with those before: after the finish; without one, since the start.
    pub later: usize,
    /// How many of them lie above the median before.
    pub above: usize,
    /// How many lie below it.
    pub below: usize,
    /// Whether that is more to one side than chance gives: the sign test at 5 % to each side.
    pub moved: Moved,
    /// What the three say, without a claim of cause.
    pub sentence: String,
}

/// Fewer points than this on a side say too little for a comparison.
pub const ENOUGH_POINTS: usize = 6;

/// Compares a measure's points (first day of the period, value) around a cycle; none when it never started.
///
/// Give judged points only: no incomplete, suppressed or missing ones. While the cycle runs there is no "after", and
/// the sentence compares with the points since the start.
#[must_use]
pub fn before_and_after(
    change: &Change,
    measure: &str,
    title: &str,
    points: &[(NaiveDate, f64)],
) -> Option<BeforeAfter> {
    let start = change.started?;
    let over = |date: NaiveDate| change.finished.is_some_and(|end| date > end);
    let values = |keep: &dyn Fn(NaiveDate) -> bool| -> Vec<f64> {
        let kept = points
            .iter()
            .filter(|(date, v)| keep(*date) && v.is_finite());
        kept.map(|(_, value)| *value).collect()
    };
    let before = side(values(&|date| date < start));
    let during = values(&|date| date >= start && !over(date));
    let after = values(&|date| date >= start && over(date));
    let (word, later) = if change.finished.is_some() {
        ("after it ended", &after)
    } else {
        ("since it began", &during)
    };
    let count = |beyond: fn(&f64, &f64) -> bool| {
        let counts = |value: &&f64| before.median.is_some_and(|median| beyond(value, &median));
        later.iter().filter(counts).count()
    };
    let (above, below) = (count(f64::gt), count(f64::lt));
    let moved = moved(before.points.min(later.len()), above, below);
    let (during, after) = (side(during), side(after));
    let later = if change.finished.is_some() {
        after
    } else {
        during
    };
    let name = change.title.as_deref().unwrap_or("the change");
    let sentence = match (before.median, later.median) {
        (Some(was), Some(is)) => {
            let moved = if is > was {
                "higher"
            } else if is < was {
                "lower"
            } else {
                "the same"
            };
            let few = if before.points.min(later.points) < ENOUGH_POINTS {
                " That is too few points to say that it moved."
            } else {
                ""
            };
            format!(
                "{title}: median {} over {} before {name} began, {} over {} {word}, which is {moved}.{few} Other things may have changed in the same time.",
                number(was),
                counted(before.points),
                number(is),
                counted(later.points),
            )
        }
        (None, _) => {
            format!("{title}: there are no points before {name} began, so nothing to compare with.")
        }
        (_, None) => format!("{title}: there are no points yet {word}."),
    };
    Some(BeforeAfter {
        measure: measure.to_owned(),
        before,
        during,
        after,
        later: later.points,
        above,
        below,
        moved,
        sentence,
    })
}

fn moved(points: usize, above: usize, below: usize) -> Moved {
    // The fewest heads that 19 of 20 series of tosses have.
    let least = joinedup_spc::runs::crossings_min(above + below + 1);
    match (points < ENOUGH_POINTS, above < least, below < least) {
        (true, _, _) => Moved::TooFew,
        (false, false, true) => Moved::Up,
        (false, true, false) => Moved::Down,
        _ => Moved::Chance,
    }
}

fn side(mut values: Vec<f64>) -> Side {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    let middle = |at: usize| values.get(at).copied();
    let median = match n {
        0 => None,
        _ => middle((n - 1) / 2)
            .zip(middle(n / 2))
            .map(|(low, high)| f64::midpoint(low, high)),
    };
    Side {
        points: n,
        median,
        lowest: values.first().copied(),
        highest: values.last().copied(),
    }
}

fn counted(points: usize) -> String {
    match points {
        1 => "1 point".to_owned(),
        n => format!("{n} points"),
    }
}

/// Three decimal places at most, without trailing noughts.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}
