//! What a chart found, in a sentence: the title that a chart is read by.

use super::figure::latest;
use super::visit::Visit;
use super::words;
use chrono::NaiveDate;
use joinedup_application::charts::Answer;
use joinedup_application::overview::{A_YEAR, NoVerdict};
use joinedup_drawing::axis::amount;
use joinedup_spc::Variation;
use joinedup_views::changes::{Change, Judged, Moved, before_and_after};
use joinedup_views::chart::Chart;
use joinedup_views::period::Grain;
use joinedup_views::point::{Note, Point};

/// What a chart says of which more numbers are suppressed than shown.
pub const SUPPRESSED: &str = words::no_verdict(NoVerdict::Suppressed, Grain::Month);

/// Why a chart has no number that counts: its periods have too few cases, or they are suppressed, or none is final yet, or there are
/// none.
#[must_use]
pub fn without_numbers(chart: &Chart) -> &'static str {
    if chart.points.is_empty() {
        "No data in these dates"
    } else if chart.mostly_too_few() {
        words::no_verdict(NoVerdict::TooFewCases, chart.period)
    } else if chart.mostly_suppressed() {
        SUPPRESSED
    } else if chart.points.iter().any(|p| p.point.value.is_some()) {
        "Too early to tell: no number is final yet"
    } else if chart.points.iter().all(|p| is_without_any(&p.point)) {
        "No data for this place yet"
    } else {
        "No data in these dates"
    }
}

/// Whether a point has no number because there is none of its place at any time.
const fn is_without_any(point: &Point) -> bool {
    matches!(point.note, None | Some(Note::NothingEver { .. }))
}

/// The finding of a chart. A change that was followed by a shift comes first, then an agreed new baseline, then what the
/// chart rules say of the latest values; but what is a year old, or what the latest values speak against, is not what a
/// chart is read for.
#[must_use]
pub fn sentence(visit: &Visit, answer: &Answer, changes: &[(String, Change)]) -> String {
    let register = &visit.app.definitions.areas;
    // What was tested in a part says nothing of the whole.
    let here = |c: &&Change| register.within(&c.area).contains(&visit.area);
    let changes = changes.iter().map(|(_, change)| change).filter(here);
    let chart = &answer.chart;
    let today = visit.today();
    if let Some(news) = news(chart, &answer.judged(), changes, today) {
        return news;
    }
    let found = of_rules(chart, today);
    match longer(visit, chart).filter(|_| is_of_too_few(chart, today)) {
        Some(grain) => format!("{found}: by {} there may be enough", words::grain(grain)),
        None => found,
    }
}

/// Whether a chart says nothing because its periods have too few cases each.
fn is_of_too_few(chart: &Chart, today: NaiveDate) -> bool {
    match latest(chart).and_then(|row| row.point.value) {
        Some(_) => NoVerdict::of(chart, today) == Some(NoVerdict::TooFewCases),
        None => !chart.points.is_empty() && chart.mostly_too_few(),
    }
}

/// The next longer period by which the reader may see the measure of a chart.
#[must_use]
pub fn longer(visit: &Visit, chart: &Chart) -> Option<Grain> {
    let measure = visit.app.definitions.measures.get(&chart.measure)?;
    let mut lengths = visit.lengths(measure);
    lengths.find(|grain| *grain > chart.period)
}

/// What comes before what the rules say of the latest values: that there are none, a change that was followed by a shift, an
/// agreed new baseline.
fn news<'a>(
    chart: &Chart,
    points: &Judged,
    mut changes: impl Iterator<Item = &'a Change>,
    today: NaiveDate,
) -> Option<String> {
    if has_ended(chart, today)
        && let Some(row) = latest(chart)
        && let Some(value) = row.point.value
    {
        let last = amount(value, chart.unit());
        let when = words::period(chart.period, row.point.period_start);
        return Some(format!("No recent value: {last}, {when}"));
    }
    if !chart.kind.is_judged() {
        return None;
    }
    let moved = changes.find_map(|c| after_change(c, chart, points, today));
    moved.or_else(|| new_baseline(chart, today))
}

/// Whether a chart's numbers ended more than a year ago: no rule judges them any more, and it is not too early to tell. Those that are
/// suppressed are there.
#[must_use]
pub fn has_ended(chart: &Chart, today: NaiveDate) -> bool {
    NoVerdict::of(chart, today) == Some(NoVerdict::Ended)
}

/// What the rules say of the latest values.
fn variation(chart: &Chart) -> Variation {
    let verdict = chart.verdict.as_ref();
    verdict.map_or(Variation::NotJudged, |v| v.variation)
}

fn after_change(
    change: &Change,
    chart: &Chart,
    points: &Judged,
    today: NaiveDate,
) -> Option<String> {
    use Variation::{ConcernHigh, ConcernLow, ImprovementHigh, ImprovementLow};
    use Variation::{NeitherHigh, NeitherLow};
    if change.finished.is_some_and(|end| end + A_YEAR < today) {
        return None;
    }
    let around = before_and_after(change, &chart.measure, (&chart.title, chart.unit()), points)?;
    // A test that was not adopted says nothing of now.
    if around.is_over {
        return None;
    }
    let verb = match (around.moved, variation(chart)) {
        (Moved::Up, ImprovementLow | ConcernLow | NeitherLow)
        | (Moved::Down, ImprovementHigh | ConcernHigh | NeitherHigh)
        | (Moved::Suppressed | Moved::TooFew | Moved::Chance, _) => return None,
        (Moved::Up, _) => "has risen",
        (Moved::Down, _) => "has fallen",
    };
    Some(format!(
        "Since \u{2018}{}\u{2019} started on {}, the median {verb} from {} to {}",
        change.title.as_deref().unwrap_or("the change"),
        words::day_month_year(change.started?),
        amount(around.before.median?, chart.unit()),
        amount(around.later.median?, chart.unit())
    ))
}

/// So many values make a baseline (NHS England, Making Data Count).
pub const MIN_BASELINE: usize = 12;

/// The medians before and since the latest agreed baseline, as long as the rules say nothing new of the values since.
fn new_baseline(chart: &Chart, today: NaiveDate) -> Option<String> {
    let [.., before, now] = chart.phases.as_slice() else {
        return None;
    };
    let is_agreed = !now.joined;
    // Of fewer values than a median is judged by, none is one.
    if !is_agreed
        || now.judged < MIN_BASELINE
        || variation(chart).is_special()
        || chart.mostly_suppressed()
        || now.start + A_YEAR < today
    {
        return None;
    }
    let (was, is) = (before.centre?, now.centre?);
    let verb = match is.partial_cmp(&was)? {
        std::cmp::Ordering::Less => "fell",
        std::cmp::Ordering::Equal => return None,
        std::cmp::Ordering::Greater => "rose",
    };
    Some(format!(
        "The {} {verb} from {} to {} with the new baseline from {}",
        centre_name(chart),
        amount(was, chart.unit()),
        amount(is, chart.unit()),
        words::day_month_year(now.start)
    ))
}

fn centre_name(chart: &Chart) -> &'static str {
    let median = chart.verdict.as_ref().is_none_or(|v| v.median.is_some());
    if median { "median" } else { "mean" }
}

/// Whether the latest value lies on the other side of the centre line from the level that the latest ones show together. Of a
/// daily stock the rules look at some days only: the latest day is read all the same.
fn is_back(chart: &Chart) -> bool {
    let level = chart.verdict.as_ref().and_then(|v| v.centre.zip(v.lately));
    let value = latest(chart).and_then(|row| row.point.value);
    level.zip(value).is_some_and(|((centre, lately), value)| {
        if lately < centre {
            value >= centre
        } else {
            value <= centre
        }
    })
}

fn of_rules(chart: &Chart, today: NaiveDate) -> String {
    let verdict = chart.verdict.as_ref();
    let value = |v: f64| amount(v, chart.unit());
    let now = latest(chart).and_then(|p| p.point.value).map(value);
    let centre = verdict
        .and_then(|v| v.centre)
        .map(|c| format!("{} {}", centre_name(chart), value(c)));
    // One value may lie on the other side of a change that the latest ones show together.
    let level = verdict.and_then(|v| Some((v.since?, value(v.centre?), value(v.lately?))));
    let level = level.filter(|(_, before, lately)| before != lately);
    let with = |start: &str| match (&level, &now, &centre) {
        (Some((since, before, lately)), ..) => {
            let since = words::day_month_year(*since);
            let back = now
                .as_ref()
                .filter(|_| is_back(chart))
                .map(|now| format!("; latest {} back at {now}", words::grain(chart.period)));
            format!(
                "{start} since {since}: {lately}, was {before}{}",
                back.unwrap_or_default()
            )
        }
        (None, Some(now), Some(centre)) => format!("{start}: {now}, {centre}"),
        (None, Some(now), None) => format!("{start}: {now}"),
        _ => start.to_owned(),
    };
    if now.is_none() {
        return without_numbers(chart).to_owned();
    }
    if !chart.kind.is_judged() {
        return with("Latest");
    }
    match variation(chart) {
        Variation::ImprovementHigh | Variation::ImprovementLow => with("Getting better"),
        Variation::ConcernHigh | Variation::ConcernLow => with("Getting worse"),
        Variation::NeitherHigh => with("Higher than usual"),
        Variation::NeitherLow => with("Lower than usual"),
        Variation::Undirected => "Unusual pattern: not clearly better or worse".to_owned(),
        Variation::CommonCause => with("No clear change"),
        Variation::NotJudged => {
            let why = NoVerdict::of(chart, today).unwrap_or(NoVerdict::TooFewPoints);
            let words = words::no_verdict(why, chart.period);
            match why {
                // One of few values says nothing of the others.
                NoVerdict::TooFewCases => words.to_owned(),
                _ => with(words),
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
