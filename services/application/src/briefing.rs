//! What somebody should know first in the morning: who waits, what got worse or better, which changes work.

use crate::app::App;
use crate::changes::of_place;
use crate::charts::{self, Answer, ChartRequest, QuestionError};
use crate::overview::{Line, Overview};
use crate::waiting::Waiting;
use chrono::NaiveDate;
use joinedup_events::{AreaId, local};
use joinedup_views::changes::{BeforeAfter, Change, Moved, Status, before_and_after};
use joinedup_views::measure::Direction;
use joinedup_views::suppression::Audience;
use joinedup_views::waiting::WaitingTransfer;

/// Waits of this many nights are counted as long.
pub const LONG_NIGHTS: i64 = 7;

/// A measure that gets worse or better, in the place asked about or in parts of it.
#[derive(Clone, Debug)]
pub struct Finding<'a> {
    /// The line to show: the place's own where it has the signal, else the first part's.
    pub line: &'a Line,
    /// The other places where the same measure moves the same way.
    pub also: Vec<&'a Line>,
    /// In one of these places the latest point made the signal.
    pub is_new: bool,
}

/// What a line counts, its values, and the days of the period of each.
type Counted<'a> = (&'a str, &'a [Option<f64>], &'a [i64]);

/// Whether one measure says of a place what another says already: both count the same, and its values are the other's times the
/// same number, within two in a hundred, in a period or a day of it: so are those per so many people, whose number changes from
/// year to year, and those of an average day. Two shares near 100 % are as alike as that and are two things.
fn restates((quantity, values, days): Counted<'_>, (said, other, _): Counted<'_>) -> bool {
    let pairs = || values.iter().zip(other);
    let is_constant = |per: &dyn Fn(f64) -> f64| {
        let ratios = pairs().zip(days).filter_map(|(pair, days)| match pair {
            (Some(a), Some(b)) if *b != 0.0 => Some(a / b * per(*days as f64)),
            _ => None,
        });
        let (count, low, high) = ratios.fold((0, f64::MAX, 0.0_f64), |(n, low, high), ratio| {
            (n + 1, low.min(ratio), high.max(ratio))
        });
        count >= MIN_ALIKE && low > 0.0 && high <= low * 1.02
    };
    let is_zero = |value: &Option<f64>| value.map(|v| v == 0.0);
    quantity == said
        && values.len() == other.len()
        && (is_constant(&|_| 1.0) || is_constant(&|days| days) || is_constant(&f64::recip))
        && pairs().all(|(a, b)| is_zero(a) == is_zero(b))
}

/// Fewer values than this may be alike by chance.
const MIN_ALIKE: usize = 6;

/// What alerts in a place and its parts, each measure once: what gets worse, and what gets better. What only says the same
/// in another unit is left out.
#[must_use]
pub fn findings<'a>(overview: &'a Overview, area: &str) -> (Vec<Finding<'a>>, Vec<Finding<'a>>) {
    fn of(line: &Line) -> Counted<'_> {
        (&line.quantity, &line.values, &line.days)
    }
    let signals = overview.signals();
    let groups = |wanted: fn(&Line) -> bool| {
        let mut groups: Vec<Vec<&Line>> = Vec::new();
        for line in signals.iter().copied().filter(|l| wanted(l)) {
            let is_said = |l: &&Line| {
                let is_other = l.measure != line.measure && l.area == line.area;
                is_other && l.period == line.period && restates(of(line), of(l))
            };
            if groups.iter().flatten().any(is_said) {
                continue;
            }
            match groups
                .iter_mut()
                .find(|g| g.iter().any(|l| l.measure == line.measure))
            {
                Some(group) => group.push(line),
                None => groups.push(vec![line]),
            }
        }
        groups
            .into_iter()
            .filter_map(|g| finding(g, area))
            .collect()
    };
    (groups(Line::worsens), groups(Line::improves))
}

fn finding<'a>(mut group: Vec<&'a Line>, area: &str) -> Option<Finding<'a>> {
    let is_new = group.iter().any(|l| l.is_new);
    let own = group.iter().position(|l| l.area == area).unwrap_or(0);
    let line = (own < group.len()).then(|| group.remove(own))?;
    Some(Finding {
        line,
        also: group,
        is_new,
    })
}

/// A change under test, with what the points of its first measure say since.
#[derive(Clone, Debug)]
pub struct Tested {
    /// Its id.
    pub id: String,
    /// The change.
    pub change: Change,
    /// The chart of the measure that it should move, where it is tested.
    pub answer: Option<Answer>,
    /// The points before and since.
    pub around: Option<BeforeAfter>,
}

impl Tested {
    /// Whether the points since lie otherwise than before in the wanted direction.
    #[must_use]
    pub fn works(&self) -> bool {
        let moved = self.around.as_ref().map(|a| a.moved);
        let wanted = self.answer.as_ref().map(|a| a.chart.direction);
        matches!(
            (moved, wanted),
            (Some(Moved::Up), Some(Direction::Up)) | (Some(Moved::Down), Some(Direction::Down))
        )
    }
}

/// The changes that run in a place and its parts, those that work first, then the newest.
///
/// # Errors
/// When this process has no views.
pub fn tested(app: &App, area: &AreaId, audience: Audience) -> Result<Vec<Tested>, QuestionError> {
    let today = local::date(app.now());
    let mut tested: Vec<Tested> = of_place(app, area)?
        .into_iter()
        .filter(|(_, change)| change.status(today) == Status::Running)
        .map(|(id, change)| {
            let measure = change.measures.first();
            let answer = measure.and_then(|m| {
                let request = ChartRequest::new(m.as_str(), change.area.as_str());
                charts::ask(app, &request, audience).ok()
            });
            let around = answer.as_ref().and_then(|a| {
                before_and_after(
                    &change,
                    &a.chart.measure,
                    (&a.chart.title, a.chart.unit()),
                    &a.judged(),
                )
            });
            Tested {
                id,
                change,
                answer,
                around,
            }
        })
        .collect();
    tested.sort_by(|a, b| {
        let key = |t: &Tested| (t.works(), t.change.started);
        key(b)
            .cmp(&key(a))
            .then_with(|| a.change.title.cmp(&b.change.title))
    });
    Ok(tested)
}

/// Who waits, in the few numbers of a briefing.
#[derive(Clone, Debug)]
pub struct WaitingNow<'a> {
    /// People ready for discharge; none when no source reports them.
    pub people: Option<usize>,
    /// Those of them who have waited [`LONG_NIGHTS`] or more.
    pub long: usize,
    /// The longest waits, at most as many as asked for.
    pub longest: Vec<&'a WaitingTransfer>,
    /// Referrals past their response time.
    pub overdue: usize,
    /// Only people of the caller's own areas are counted.
    pub partly: bool,
    /// The day to which the data on transfers are complete, where that is before yesterday.
    pub stop: Option<NaiveDate>,
    /// The same of referrals.
    pub referrals_stop: Option<NaiveDate>,
}

/// The briefing's numbers of a board, with its so many longest waits.
#[must_use]
pub fn waiting_now(board: &Waiting, longest: usize) -> WaitingNow<'_> {
    let reported = board.transfers_reported_until.is_some() || !board.transfers.is_empty();
    WaitingNow {
        people: reported.then_some(board.transfers.len()),
        long: board
            .transfers
            .iter()
            .filter(|t| t.days >= LONG_NIGHTS)
            .count(),
        longest: board.transfers.iter().take(longest).collect(),
        overdue: board.referrals.iter().filter(|r| r.over).count(),
        partly: board.only.is_some(),
        stop: board.transfers_stop(),
        referrals_stop: board.referrals_stop(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_rate_of_what_was_counted_is_no_second_finding() {
        let counts = [12.0, 8.0, 0.0, 4.0, 6.0, 10.0, 2.0].map(Some);
        let rates = counts.map(|n| n.map(|n| n / 214.0));
        let days = [31, 28, 31, 30, 31, 30, 31];
        let restates = |rates: &[_], of: &[_]| {
            super::restates(("delays", rates, &days), ("delays", of, &days))
        };
        assert!(restates(&rates, &counts));
        let mut other = rates;
        other[1] = Some(0.05);
        assert!(!restates(&other, &counts));
        other[1] = None;
        assert!(!restates(&other, &counts));
        assert!(!restates(&rates[..3], &counts[..3]));
        // Nights in a month, and people on an average night of it.
        let on_average: Vec<Option<f64>> = counts
            .iter()
            .zip(days)
            .map(|(nights, days)| nights.map(|n| n / f64::from(days as i32)))
            .collect();
        assert!(restates(&on_average, &counts) && restates(&counts, &on_average));
        // Two shares near 100 % lie within two in a hundred of each other, and are two things.
        let washed = [0.97, 0.965, 0.968, 0.955, 0.956, 0.954, 0.955].map(Some);
        let lift = washed.map(|share| share.map(|s| s - 0.01));
        assert!(restates(&lift, &washed));
        assert!(!super::restates(
            ("lift", &lift, &days),
            ("washed", &washed, &days)
        ));
    }
}
