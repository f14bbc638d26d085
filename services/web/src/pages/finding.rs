//! What a chart found, in a sentence: the title that a chart is read by.

use super::figure::{latest, unit};
use super::visit::Visit;
use super::words;
use chrono::Days;
use joinedup_application::charts::Answer;
use joinedup_drawing::axis::amount;
use joinedup_spc::Variation;
use joinedup_views::changes::{Change, Judged, Moved, Since, before_and_after};
use joinedup_views::chart::Chart;

/// Numbers that ended longer ago than this say nothing of now.
pub const A_YEAR: Days = Days::new(366);

/// What a chart says of which more numbers are suppressed than shown.
pub const SUPPRESSED: &str = "Too many small numbers are suppressed to tell";

/// Why a chart has no number that counts: they are suppressed, or none is final yet, or there are none.
#[must_use]
pub fn without_numbers(chart: &Chart) -> &'static str {
    if chart.mostly_suppressed() {
        SUPPRESSED
    } else if chart.points.iter().any(|p| p.point.value.is_some()) {
        "Too early to tell: no number is final yet"
    } else {
        "No data for this place yet"
    }
}

/// The finding of a chart. A change that was followed by a shift comes first, then an agreed new baseline, then what the
/// chart rules say of the latest values.
#[must_use]
pub fn sentence(visit: &Visit, answer: &Answer, changes: &[(String, Change)]) -> String {
    let chart = &answer.chart;
    let register = &visit.app.definitions.areas;
    // What was tested in a part says nothing of the whole.
    let here = |c: &&Change| register.within(&c.area).contains(&visit.area);
    if chart.kind.is_judged() {
        let points = answer.judged();
        let moved = changes
            .iter()
            .map(|(_, change)| change)
            .filter(here)
            .find_map(|c| after_change(c, chart, &points));
        if let Some(sentence) = moved.or_else(|| new_baseline(chart)) {
            return sentence;
        }
    }
    if has_ended(visit, chart)
        && let Some(row) = latest(chart)
        && let Some(value) = row.point.value
    {
        let last = amount(value, unit(chart));
        let when = words::period(chart.period, row.point.period_start);
        return format!("No recent data: {last} in {when}");
    }
    of_rules(chart)
}

/// Whether a chart's numbers ended more than a year ago: no rule judges them any more, and it is not too early to tell.
#[must_use]
pub fn has_ended(visit: &Visit, chart: &Chart) -> bool {
    let judged = chart.verdict.as_ref().map(|v| v.variation);
    let start = latest(chart).map(|row| row.point.period_start);
    judged.is_none_or(|v| v == Variation::NotJudged)
        && start.is_some_and(|start| start + A_YEAR < visit.today())
}

fn after_change(change: &Change, chart: &Chart, points: &Judged) -> Option<String> {
    let around = before_and_after(change, &chart.measure, &chart.title, points)?;
    let verb = match around.moved {
        Moved::Up => "has risen",
        Moved::Down => "has fallen",
        Moved::Suppressed | Moved::TooFew | Moved::Chance => return None,
    };
    let (event, on) = match around.since {
        Since::Started => ("started", change.started?),
        Since::Ended => ("ended", change.finished?),
    };
    Some(format!(
        "Since \u{2018}{}\u{2019} {event} on {}, the median {verb} from {} to {}",
        change.title.as_deref().unwrap_or("the change"),
        words::day_month_year(on),
        amount(around.before.median?, unit(chart)),
        amount(around.later.median?, unit(chart))
    ))
}

/// The medians before and since the latest agreed baseline.
fn new_baseline(chart: &Chart) -> Option<String> {
    let [.., before, now] = chart.phases.as_slice() else {
        return None;
    };
    let (was, is) = (before.centre?, now.centre?);
    let verb = match is.partial_cmp(&was)? {
        std::cmp::Ordering::Less => "fell",
        std::cmp::Ordering::Equal => return None,
        std::cmp::Ordering::Greater => "rose",
    };
    Some(format!(
        "The {} {verb} from {} to {} with the new baseline from {}",
        centre_name(chart),
        amount(was, unit(chart)),
        amount(is, unit(chart)),
        words::day_month_year(now.start)
    ))
}

fn centre_name(chart: &Chart) -> &'static str {
    let median = chart.verdict.as_ref().is_none_or(|v| v.median.is_some());
    if median { "median" } else { "mean" }
}

fn of_rules(chart: &Chart) -> String {
    let verdict = chart.verdict.as_ref();
    let value = |v: f64| amount(v, unit(chart));
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
            format!("{start} since {since}: {lately}, was {before}")
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
    match verdict.map(|v| v.variation) {
        Some(Variation::ImprovementHigh | Variation::ImprovementLow) => with("Getting better"),
        Some(Variation::ConcernHigh | Variation::ConcernLow) => with("Getting worse"),
        Some(Variation::NeitherHigh) => with("Higher than usual"),
        Some(Variation::NeitherLow) => with("Lower than usual"),
        Some(Variation::Undirected) => "Unusual pattern: not clearly better or worse".to_owned(),
        Some(Variation::CommonCause) => with("No clear change"),
        Some(Variation::NotJudged) | None if chart.mostly_suppressed() => with(SUPPRESSED),
        Some(Variation::NotJudged) | None => with("Too early to tell"),
    }
}

#[cfg(test)]
mod tests;
