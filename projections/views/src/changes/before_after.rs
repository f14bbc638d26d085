//! A measure's points before a cycle began and after, in words that claim no cause: other things happened too.
//!
//! The later points are compared with those before by Student's t, with as many points as neighbours that are alike are worth
//! ([`joinedup_spc::evidence`]). A page is read week after week, so a claim needs what chance gives less than once in a
//! hundred times to its side, and the less often the more weeks have been looked at. Where the points reach back a year, the later ones must also differ from those of the same weeks a year before;
//! where they do not, the answer says that the season is not ruled out.

use super::Change;
use crate::amounts::{amount, compared};
use crate::chart::median;
use crate::period::Period;
use chrono::{Days, NaiveDate};
use joinedup_spc::evidence::{difference, differences_from_zero};
use serde::Serialize;

/// One side of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "SideOfChange")
)]
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

/// Whether the later points differ from those before by more than chance gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Moved {
    /// Nothing can be concluded: most numbers are suppressed.
    Suppressed,
    /// Too few points before or since.
    TooFew,
    /// No more than chance gives.
    Chance,
    /// Higher, by more than chance gives once in a hundred times.
    Up,
    /// Lower, likewise.
    Down,
}

/// A measure before, during and after a cycle.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BeforeAfter {
    /// The measure.
    pub measure: String,
    /// Points of periods that were over when the cycle began.
    pub before: Side,
    /// Points of periods from the one that holds the start on, until the finish.
    pub during: Side,
    /// Points of periods that began after the finish.
    pub after: Side,
    /// The points that are compared with those before: all since the start, and of a test that is over and was not adopted
    /// those during it.
    pub later: Side,
    /// The test is over and was not adopted: what comes after its end says nothing of it.
    pub is_over: bool,
    /// How many of them lie above the median before.
    pub above: usize,
    /// How many lie below it.
    pub below: usize,
    /// Whether the later points differ by more than chance gives.
    pub moved: Moved,
    /// The later points were compared with those of the same weeks a year before. Otherwise the season is not ruled out.
    pub season_compared: bool,
    /// What the three say, without a claim of cause.
    pub sentence: String,
}

/// The points of a chart that are judged, oldest first: no incomplete, suppressed or missing ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// Their periods and values.
    pub points: Vec<(Period, f64)>,
    /// Where the centre line starts afresh: the first days of the accepted baselines after the first.
    pub baselines: Vec<NaiveDate>,
    /// There are none because most are suppressed: what would be left are the large values.
    pub mostly_suppressed: bool,
}

impl Judged {
    /// The points from the baseline on that stood before a day: what moved before it was another change's.
    #[must_use]
    pub fn since_baseline(&self, day: NaiveDate) -> &[(Period, f64)] {
        let mut began = self.baselines.iter().rev().filter_map(|from| {
            let first = self.points.iter().position(|(p, _)| p.start >= *from)?;
            let stood = self.points.get(first)?.0.end <= day;
            stood.then_some(first)
        });
        let first = began.next().unwrap_or(0);
        self.points.get(first..).unwrap_or_default()
    }
}

/// Fewer points than this on a side say too little for a comparison.
pub const ENOUGH_POINTS: usize = 12;

/// What the test may give by chance to each side with [`ENOUGH_POINTS`] later points. Fewer than one in a hundred are
/// then claimed in fact, as `docs/signals.md` shows.
const CHANCE: f64 = 0.011;
/// What chance may give to each side of the same weeks a year before: they confirm, with half the points or fewer.
const CHANCE_A_YEAR_BEFORE: f64 = 0.13;
/// The same day of the week, 52 weeks before.
const YEAR: Days = Days::new(364);
/// A month that began up to so many days from there is the same month.
const SAME: i64 = 4;

/// Compares a measure's points around a cycle; none when it never started. Sentences have the measure's `title` and `unit`. The
/// period that holds the first day of the cycle is the first since, as it is the first of a new baseline from that day.
///
/// Points before the baseline that stood when the cycle began are left out. Those compared are all of the time in which the change
/// was in force: a period that lies wholly within a pause is on no side. Where it was adopted it still is, so a decision to keep it takes no evidence away; where it was not, what came
/// after its end would be shown as if it were the test's.
#[must_use]
pub fn before_and_after(
    change: &Change,
    measure: &str,
    (title, unit): (&str, &str),
    judged: &Judged,
) -> Option<BeforeAfter> {
    let start = change.started?;
    let points = judged.since_baseline(start);
    let values = |keep: &dyn Fn(Period) -> bool| -> Vec<f64> {
        let kept = points.iter().filter(|(p, v)| keep(*p) && v.is_finite());
        kept.map(|(_, value)| *value).collect()
    };
    let was = values(&|period| period.end <= start);
    let is_after = |period: Period| change.finished.is_some_and(|end| period.start > end);
    let is_during = |period: Period| {
        period.end > start && !is_after(period) && !change.is_paused_throughout(period)
    };
    let during = side(&values(&is_during));
    let after = side(&values(&|period| period.end > start && is_after(period)));
    let is_over = change.finished.is_some() && !change.is_adopted();
    let word = match is_over {
        true => "while it was tested",
        false => "since it began",
    };
    let is_later =
        |period: Period| is_during(period) || !is_over && period.end > start && is_after(period);
    let later = values(&is_later);
    let a_year = year_before(points, start, is_later);
    let moved = match judged.mostly_suppressed {
        true => Moved::Suppressed,
        false => moved(&was, &later, a_year.as_deref()),
    };
    let before = side(&was);
    let count = |beyond: fn(&f64, &f64) -> bool| {
        let counts = |value: &&f64| before.median.is_some_and(|median| beyond(value, &median));
        later.iter().filter(counts).count()
    };
    let (above, below) = (count(f64::gt), count(f64::lt));
    let later = side(&later);
    let name = change.title.as_deref().unwrap_or("the change");
    let sentence = match (before.median, later.median) {
        _ if moved == Moved::Suppressed => {
            format!(
                "{title}: most numbers of this place are suppressed because they are small, so nothing can be compared."
            )
        }
        (Some(was), Some(is)) => {
            let verdict = match moved {
                Moved::Suppressed | Moved::TooFew => format!(
                    "That is too few to tell: {ENOUGH_POINTS} points are needed on each side."
                ),
                Moved::Chance => "There is no clear difference.".to_owned(),
                Moved::Up => "That is higher, and very unlikely to be chance.".to_owned(),
                Moved::Down => "That is lower, and very unlikely to be chance.".to_owned(),
            };
            let season = match (moved, a_year.is_some()) {
                (Moved::Up | Moved::Down, true) => {
                    " So it is against the same weeks a year before."
                }
                (Moved::Up | Moved::Down, false) => {
                    " Without a year of points before, the season is not ruled out."
                }
                _ => "",
            };
            let then = after.median.filter(|_| is_over).map(|then| {
                let over = counted(after.points);
                format!(" After it ended: {} over {over}.", amount(then, unit))
            });
            let [was, is] = compared(was, is, unit);
            format!(
                "{title}: median {was} over {} before {name} began, {is} over {} {word}. {verdict}{season}{} Other changes may have contributed.",
                counted(before.points),
                counted(later.points),
                then.unwrap_or_default(),
            )
        }
        (None, _) => {
            format!("{title}: there are no points before {name} began, so nothing to compare with.")
        }
        (_, None) => format!("{title}: there are no points {word}."),
    };
    Some(BeforeAfter {
        measure: measure.to_owned(),
        before,
        during,
        after,
        later,
        is_over,
        above,
        below,
        moved,
        season_compared: a_year.is_some(),
        sentence,
    })
}

/// Each later point less the one of the same week a year before; none unless there are enough of them, for at least
/// three in four later points.
fn year_before(
    points: &[(Period, f64)],
    start: NaiveDate,
    is_later: impl Fn(Period) -> bool,
) -> Option<Vec<f64>> {
    let later = || points.iter().filter(|(p, v)| is_later(*p) && v.is_finite());
    let earlier = |period: Period| {
        let wanted = period.start.checked_sub_days(YEAR)?;
        let away = |period: Period| period.start.signed_duration_since(wanted).num_days().abs();
        let known = points
            .iter()
            .filter(|(p, v)| p.end <= start && v.is_finite());
        let nearest = known.min_by_key(|(period, _)| away(*period))?;
        (away(nearest.0) <= SAME).then_some(nearest.1)
    };
    let differences: Vec<f64> = later()
        .filter_map(|(period, value)| Some(value - earlier(*period)?))
        .collect();
    let enough = differences.len() >= ENOUGH_POINTS && 4 * differences.len() >= 3 * later().count();
    enough.then_some(differences)
}

fn moved(before: &[f64], later: &[f64], a_year: Option<&[f64]>) -> Moved {
    if before.len().min(later.len()) < ENOUGH_POINTS {
        return Moved::TooFew;
    }
    let (Some(found), year) = (
        difference(before, later),
        a_year.and_then(differences_from_zero),
    ) else {
        return Moved::Chance;
    };
    let (up, down) = year.map_or((0.0, 0.0), |year| (year.p_up, year.p_down));
    // Each further week is one more look, which is paid for by asking for more; more points make up for it.
    let chance = CHANCE * (ENOUGH_POINTS as f64 / later.len() as f64).sqrt();
    // Means are tested and medians shown: the conclusion must be visible in them.
    let (was, is) = (median(before), median(later));
    if found.p_up <= chance && up <= CHANCE_A_YEAR_BEFORE && is > was {
        Moved::Up
    } else if found.p_down <= chance && down <= CHANCE_A_YEAR_BEFORE && is < was {
        Moved::Down
    } else {
        Moved::Chance
    }
}

fn side(values: &[f64]) -> Side {
    let of = |values: &[f64], pick: fn(f64, f64) -> f64| values.iter().copied().reduce(pick);
    Side {
        points: values.len(),
        median: median(values),
        lowest: of(values, f64::min),
        highest: of(values, f64::max),
    }
}

fn counted(points: usize) -> String {
    match points {
        1 => "1 point".to_owned(),
        n => format!("{n} points"),
    }
}
