//! The verdict in plain words.

use crate::amounts::{amount, compared};
use crate::chart::Chart;
use crate::evidence::{RecentShift, one_chart_in};
use crate::rules::{AlertOn, Rule, Rules, Signal};
use crate::runs::{RunsMethod, Side};
use crate::series::{Direction, Options, Point};
use crate::verdict::{
    Assurance, LimitsStatus, PastChange, PhaseVerdict, PointState, PointVerdict, Variation, Verdict,
};

pub(super) fn nothing_to_judge(any_points: bool) -> String {
    if any_points {
        "No complete period has a value yet, so there is nothing to judge.".to_owned()
    } else {
        "There are no points, so there is nothing to judge.".to_owned()
    }
}

/// Which rules judge a chart.
pub(super) fn judged_by(chart: Chart, rules: &Rules) -> String {
    let applies = chart.applicable();
    let on_run_chart = chart == Chart::Run && rules.rules_on_run_charts;
    let mut parts = Vec::new();
    if applies.astronomical {
        parts.push("points beyond three sigma".to_owned());
    }
    if rules.stretch_rules {
        if applies.two_in_three {
            parts.push("two of three beyond two sigma".to_owned());
        }
        if applies.shift || on_run_chart {
            parts.push(format!("shifts of {}", rules.shift));
        }
        if applies.trend || on_run_chart {
            parts.push(format!("trends of {}", rules.trend));
        }
    }
    if applies.runs && rules.runs_from < usize::MAX {
        let runs = match rules.runs_method {
            RunsMethod::Conditional => {
                "longest run and number of runs, given how many values lie on each side of the centre"
            }
            RunsMethod::Anhoej => "longest run and crossings (Anhøj rules)",
            RunsMethod::BestBox => "longest run and crossings (best box)",
            RunsMethod::CutBox => "longest run and crossings (cut box)",
        };
        parts.push(runs.to_owned());
    }
    if chart == Chart::Run && rules.alert_on == AlertOn::LatestPeriod {
        parts.push("the latest 12 values against those before (normal scores)".to_owned());
    }
    parts.join("; ")
}

/// What the sentence is about.
pub(super) struct Findings<'a> {
    pub(super) verdict: &'a Verdict,
    pub(super) points: &'a [Point],
    pub(super) point: &'a PointVerdict,
    pub(super) phase: &'a PhaseVerdict,
    pub(super) variation: Variation,
    pub(super) past: &'a [PastChange],
    pub(super) ended: Option<usize>,
    pub(super) answered: bool,
    pub(super) seasonal: bool,
    /// The change of level that the latest values show.
    pub(super) level: Option<RecentShift>,
    pub(super) assurance: Option<Assurance>,
}

pub(super) fn sentence(found: &Findings<'_>, options: &Options, rules: &Rules) -> String {
    let Findings {
        verdict,
        phase,
        assurance,
        ..
    } = *found;
    let mut text = match (found.ended, found.answered) {
        (Some(periods), _) => {
            let (period, s) = (&options.period, if periods == 1 { "" } else { "s" });
            format!("The latest value is {periods} {period}{s} old and says nothing of now.")
        }
        (None, true) => {
            "The centre line starts afresh after the latest value, so there is nothing to judge yet."
                .to_owned()
        }
        _ if found.seasonal => format!(
            "{}, and so it was in the same {}s a year before: the season explains it.",
            match level_words(found, options) {
                Some(words) => words,
                None => latest_run_words(found),
            },
            options.period
        ),
        (None, false) => now_words(found, options, rules),
    };
    push(&mut text, &past_words(found));
    if phase.baseline_outgrown {
        push(
            &mut text,
            "Most values since the baseline are special: this baseline no longer describes the chart.",
        );
    }
    push(&mut text, limits_words(phase, rules));
    if let (Some(assurance), Some(target)) = (assurance, options.target) {
        let target = amount(target, &options.unit);
        push(
            &mut text,
            &match assurance {
                Assurance::Pass => format!(
                    "Left as it is, the process is likely to meet the target of {target} consistently."
                ),
                Assurance::Fail => {
                    format!(
                        "Left as it is, the process is unlikely to meet the target of {target}."
                    )
                }
                Assurance::HitOrMiss => {
                    format!("The process may or may not meet the target of {target}.")
                }
            },
        );
    }
    // A period that is not over may have no value yet.
    let is_over = |i: usize| found.points.get(i).is_some_and(|point| point.judged);
    let after = verdict
        .latest
        .map_or(0..0, |latest| latest + 1..verdict.points.len());
    let missing = after
        .filter(|&i| is_over(i) && verdict.points[i].state == PointState::Missing)
        .count();
    if missing > 0 {
        push(
            &mut text,
            &match missing {
                1 => format!("The {} since has no value.", options.period),
                more => format!("The {more} {}s since have no value.", options.period),
            },
        );
    }
    let impossible = verdict
        .points
        .iter()
        .filter(|point| point.state == PointState::Impossible)
        .count();
    if impossible > 0 {
        let values = if impossible == 1 {
            "value is larger than its denominator and was"
        } else {
            "values are larger than their denominators and were"
        };
        push(&mut text, &format!("{impossible} {values} left out."));
    }
    text
}

fn push(text: &mut String, sentence: &str) {
    if !text.is_empty() && !sentence.is_empty() {
        text.push(' ');
    }
    text.push_str(sentence);
}

/// What the latest period says of now.
fn now_words(found: &Findings<'_>, options: &Options, rules: &Rules) -> String {
    let Findings {
        point,
        phase,
        variation,
        ..
    } = *found;
    let value = point
        .value
        .map_or_else(String::new, |value| amount(value, &options.unit));
    if rules.alert_on == AlertOn::WholePhase && phase.runs_signal {
        let runs = format!(
            "The values do not vary about the centre as chance would have it: {}.",
            runs_words(phase)
        );
        if !point.variation.is_special() || options.chart == Chart::Run {
            return format!("{runs} {}", value_words(variation, options));
        }
        return format!("{} {runs}", value_in_words(found, &value, options, rules));
    }
    if options.chart == Chart::Run && !rules.rules_on_run_charts {
        return match variation {
            Variation::NotJudged => {
                format!(
                    "Too early to tell: {} of the {} values needed.",
                    phase.values, rules.runs_from
                )
            }
            Variation::CommonCause if phase.runs.n_useful < rules.runs_from => {
                match found.verdict.recent_shift() {
                    Some(shift) => format!(
                        "The latest {} values do not differ from those before. Most values are equal to the median, so runs tell nothing.",
                        shift.latest
                    ),
                    None => "Most values are equal to the median, so we cannot test for change."
                        .to_owned(),
                }
            }
            Variation::CommonCause if phase.runs_signal => {
                "The latest values vary about the median as expected by chance.".to_owned()
            }
            Variation::CommonCause => {
                "The values vary about the median as expected by chance.".to_owned()
            }
            special => match level_words(found, options) {
                Some(words) => format!(
                    "{words}. {} {}",
                    odds_words(found),
                    value_words(special, options)
                ),
                None => format!(
                    "{}: that is very unlikely to be chance. {}",
                    latest_run_words(found),
                    value_words(special, options)
                ),
            },
        };
    }
    value_in_words(found, &value, options, rules)
}

/// Where the latest values lie and what was usual, where that is what is special about them.
fn level_words(found: &Findings<'_>, options: &Options) -> Option<String> {
    let signals = &found.point.signals;
    let level = found.level?;
    signals.iter().find(|s| s.rule == Rule::LevelChange)?;
    let [mean, mean_before] = compared(level.mean, level.mean_before, &options.unit);
    Some(format!(
        "The latest {} values are {} than those before: {} on average, against {}",
        level.latest,
        if level.side == Some(Side::High) {
            "higher"
        } else {
            "lower"
        },
        mean,
        mean_before,
    ))
}

fn odds_words(found: &Findings<'_>) -> String {
    let p = found.level.map_or(1.0, |level| level.p);
    format!(
        "Chance alone would do that in about 1 of {} charts.",
        one_chart_in(p)
    )
}

/// How many of the latest values are in a row, since when, and where.
fn latest_run_words(found: &Findings<'_>) -> String {
    let long = |point: &&PointVerdict| {
        let mut signals = point.signals.iter();
        signals.any(|s| matches!(s.rule, Rule::LongRun | Rule::Shift))
    };
    let side = found.point.signals.first().map(|signal| signal.side);
    let phase = found.phase.first..found.phase.end;
    let in_run = phase
        .rev()
        .filter(|&i| found.verdict.points[i].state == PointState::Judged)
        .take_while(|&i| {
            let point = &found.verdict.points[i];
            long(&point) && point.signals.first().map(|s| s.side) == side
        });
    let centre = found.phase.centre;
    let (mut values, mut first, mut some_on_it) = (0, 0, false);
    for i in in_run {
        (values, first) = (values + 1, i);
        some_on_it |= centre.is_some() && found.verdict.points[i].value == centre;
    }
    // Where no value can pass the median, those on it are its other side.
    let place = match (side == Some(Side::High), some_on_it) {
        (true, false) => "above",
        (true, true) => "at or above",
        (false, false) => "below",
        (false, true) => "at or below",
    };
    format!(
        "{values} values in a row, since {}, are {place} the median",
        label(found, first)
    )
}

/// A point as its reader knows it.
fn label(found: &Findings<'_>, index: usize) -> String {
    match found.points.get(index) {
        Some(point) if !point.x.is_empty() => point.x.clone(),
        _ => format!("point {}", index + 1),
    }
}

/// What changed and is not news: the latest of it, and crossings of the whole phase.
fn past_words(found: &Findings<'_>) -> String {
    let mut text = String::new();
    let stretches = || found.past.iter().filter(|change| change.side.is_some());
    if let Some(change) = stretches().max_by_key(|change| change.last) {
        let what = match (change.rule, change.side) {
            (Rule::Astronomical, Some(Side::High)) => "above the upper control limit",
            (Rule::Astronomical, _) => "below the lower control limit",
            (Rule::Trend, Some(Side::High)) => "a rise",
            (Rule::Trend, _) => "a fall",
            (Rule::TwoInThree, Some(Side::High)) => "two in three beyond the upper warning limit",
            (Rule::TwoInThree, _) => "two in three beyond the lower warning limit",
            (_, Some(Side::High)) => "a long run above the centre",
            (_, _) => "a long run below the centre",
        };
        let when = if change.first == change.last {
            format!("at {}", label(found, change.last))
        } else {
            format!(
                "from {} to {}",
                label(found, change.first),
                label(found, change.last)
            )
        };
        text = format!("It changed in the past, last {when}: {what}.");
    }
    if found.past.iter().any(|c| c.rule == Rule::FewCrossings) {
        let runs = &found.phase.runs;
        if let (Some(crossings), Some(min)) = (runs.crossings, runs.crossings_min) {
            push(
                &mut text,
                &format!(
                    "Over the whole time the values change sides {}, where at least {min} are expected by chance: they come in waves or drift.",
                    times(crossings)
                ),
            );
        }
    }
    text
}

fn value_in_words(found: &Findings<'_>, value: &str, options: &Options, rules: &Rules) -> String {
    let point = found.point;
    match found.variation {
        Variation::NotJudged => format!("The latest value, {value}, is not judged."),
        Variation::CommonCause => {
            format!(
                "The latest value, {value}, is within the expected range (common cause variation)."
            )
        }
        special => {
            let reasons: Vec<String> = point
                .signals
                .iter()
                .map(|signal| signal_words(*signal, point, options, rules))
                .collect();
            format!(
                "The latest value, {value}, is special cause variation: {}. {}",
                reasons.join("; "),
                value_words(special, options)
            )
        }
    }
}

fn value_words(variation: Variation, options: &Options) -> &'static str {
    match (variation, options.direction) {
        (Variation::ImprovementHigh, _) => "Higher is better, so this is an improvement.",
        (Variation::ImprovementLow, _) => "Lower is better, so this is an improvement.",
        (Variation::ConcernHigh, _) => "Lower is better, so this is a concern.",
        (Variation::ConcernLow, _) => "Higher is better, so this is a concern.",
        (Variation::Undirected, _) => {
            "The newest values lie on both sides of it, so this is not clearly better or worse."
        }
        (_, Direction::Neutral) => "Neither higher nor lower is better.",
        _ => "",
    }
}

fn signal_words(signal: Signal, point: &PointVerdict, options: &Options, rules: &Rules) -> String {
    let high = signal.side == Side::High;
    match signal.rule {
        Rule::Astronomical => {
            let (name, limit) = if high {
                ("above the upper", point.ucl)
            } else {
                ("below the lower", point.lcl)
            };
            format!(
                "{name} control limit{}",
                limit.map_or_else(String::new, |limit| format!(
                    " of {}",
                    amount(limit, &options.unit)
                ))
            )
        }
        Rule::Trend => format!(
            "one of at least {} points that each {}",
            rules.trend,
            if high { "rise" } else { "fall" }
        ),
        Rule::TwoInThree => {
            format!(
                "one of two in three points beyond the {} warning limit",
                if high { "upper" } else { "lower" }
            )
        }
        Rule::Shift => {
            format!(
                "one of at least {} points in a row {} the centre",
                rules.shift,
                if high { "above" } else { "below" }
            )
        }
        Rule::LevelChange => format!(
            "one of the latest values, which lie {} than those before",
            if high { "higher" } else { "lower" }
        ),
        Rule::LongRun | Rule::FewCrossings => {
            format!(
                "one of an unusually long run {} the centre",
                if high { "above" } else { "below" }
            )
        }
    }
}

fn times(n: usize) -> String {
    match n {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        n => format!("{n} times"),
    }
}

fn runs_words(phase: &PhaseVerdict) -> String {
    let runs = &phase.runs;
    let mut parts = Vec::new();
    if let (true, Some(run), Some(max)) = (runs.long_run(), runs.longest_run, runs.longest_run_max)
    {
        parts.push(format!(
            "{run} in a row on one side, where at most {max} are expected by chance"
        ));
    }
    if let (true, Some(crossings), Some(min)) =
        (runs.few_crossings(), runs.crossings, runs.crossings_min)
    {
        parts.push(format!(
            "they change sides {}, where at least {min} are expected by chance",
            times(crossings)
        ));
    }
    if parts.is_empty() {
        parts.push(
            "their longest run and changes of side together are outside what is expected by chance"
                .to_owned(),
        );
    }
    parts.join("; ")
}

fn limits_words(phase: &PhaseVerdict, rules: &Rules) -> &'static str {
    match phase.limits_status {
        LimitsStatus::Ok | LimitsStatus::NoLimits => "",
        LimitsStatus::Trial if rules.signal_on_trial => "The limits rest on few values.",
        LimitsStatus::Trial => "The limits rest on few values: they are drawn, not used to judge.",
        LimitsStatus::NoVariation => {
            "All values that the limits rest on are equal, so nothing is outside them."
        }
        LimitsStatus::ScreenedToZero => {
            "All variation lies in a few large steps, so none of them was left out of the limits."
        }
        LimitsStatus::TooFew => "There are too few values in a row for limits.",
    }
}
