//! The verdict in plain words.

use crate::chart::Chart;
use crate::rules::{Rule, Rules, Signal};
use crate::runs::Side;
use crate::series::{Direction, Options};
use crate::verdict::{
    Assurance, LimitsStatus, PhaseVerdict, PointState, PointVerdict, Variation, Verdict,
};

pub(super) fn nothing_to_judge(any_points: bool) -> String {
    if any_points {
        "No complete period has a value yet, so there is nothing to judge.".to_owned()
    } else {
        "There are no points, so there is nothing to judge.".to_owned()
    }
}

pub(super) fn sentence(
    verdict: &Verdict,
    point: &PointVerdict,
    phase: &PhaseVerdict,
    variation: Variation,
    assurance: Option<Assurance>,
    options: &Options,
    rules: &Rules,
) -> String {
    let mut text = String::new();
    push(
        &mut text,
        &variation_words(point, phase, variation, options, rules),
    );
    if phase.runs_signal && (options.chart != Chart::Run || rules.rules_on_run_charts) {
        push(
            &mut text,
            &format!("The runs are not random: {}.", runs_words(phase)),
        );
    }
    push(&mut text, limits_words(phase, rules));
    if let (Some(assurance), Some(target)) = (assurance, options.target) {
        let target = figure(target);
        push(
            &mut text,
            &match assurance {
                Assurance::Pass => format!(
                    "Left as it is, the process will meet the target of {target} every time."
                ),
                Assurance::Fail => {
                    format!("Left as it is, the process will not meet the target of {target}.")
                }
                Assurance::HitOrMiss => {
                    format!("The target of {target} is met or missed by chance.")
                }
            },
        );
    }
    let after = verdict
        .latest
        .map_or(&verdict.points[..0], |latest| &verdict.points[latest + 1..]);
    let missing = after
        .iter()
        .filter(|point| point.state == PointState::Missing)
        .count();
    if missing > 0 {
        let periods = if missing == 1 {
            "period since has"
        } else {
            "periods since have"
        };
        push(&mut text, &format!("{missing} {periods} no value."));
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

fn variation_words(
    point: &PointVerdict,
    phase: &PhaseVerdict,
    variation: Variation,
    options: &Options,
    rules: &Rules,
) -> String {
    let value = point.value.map_or_else(String::new, figure);
    if options.chart == Chart::Run && !rules.rules_on_run_charts {
        return match variation {
            Variation::NotJudged => {
                format!(
                    "Too early to say: {} of the {} values that runs need.",
                    phase.values, rules.runs_from
                )
            }
            Variation::CommonCause if phase.runs.n_useful < rules.runs_from => {
                "Most values lie on the median: there are no runs to judge.".to_owned()
            }
            Variation::CommonCause if at_edge(phase) => {
                "No value lies beyond the median, as with 100 % or none; the others come as chance gives them."
                    .to_owned()
            }
            Variation::CommonCause => {
                "The runs around the median are what chance gives.".to_owned()
            }
            special => {
                format!(
                    "The runs around the median are not random: {}. {}",
                    runs_words(phase),
                    value_words(special, options)
                )
            }
        };
    }
    match variation {
        Variation::NotJudged => format!("The latest value, {value}, is not judged."),
        Variation::CommonCause => {
            format!("The latest value, {value}, is common cause variation: no rule is met.")
        }
        special => {
            let reasons: Vec<String> = point
                .signals
                .iter()
                .map(|signal| signal_words(*signal, point, rules))
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
            "The newest values lie on both sides of it, so this is neither an improvement nor a concern yet."
        }
        (_, Direction::Neutral) => "Neither higher nor lower is better.",
        _ => "",
    }
}

fn signal_words(signal: Signal, point: &PointVerdict, rules: &Rules) -> String {
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
                limit.map_or_else(String::new, |limit| format!(" of {}", figure(limit)))
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
        Rule::LongRun | Rule::FewCrossings => {
            format!(
                "one of an unusually long run {} the centre",
                if high { "above" } else { "below" }
            )
        }
    }
}

/// No value lies beyond the centre, and those on it count as a side.
fn at_edge(phase: &PhaseVerdict) -> bool {
    phase.runs.longest_run.is_some() && phase.runs.crossings.is_none()
}

fn runs_words(phase: &PhaseVerdict) -> String {
    let runs = &phase.runs;
    let mut parts = Vec::new();
    if let (true, Some(run), Some(max)) = (runs.long_run(), runs.longest_run, runs.longest_run_max)
    {
        parts.push(format!(
            "{run} in a row on one side of the centre, where chance gives at most {max}"
        ));
    }
    if let (true, Some(crossings), Some(min)) =
        (runs.few_crossings(), runs.crossings, runs.crossings_min)
    {
        parts.push(format!(
            "the centre is crossed {crossings} times, where chance gives at least {min}"
        ));
    }
    if parts.is_empty() {
        parts.push(
            "run length and crossings together are outside the box that chance gives".to_owned(),
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

/// A number for reading: four significant digits, no trailing zeros.
fn figure(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e9).contains(&size) {
        return format!("{value:.3e}");
    }
    let before_point = if size < 1.0 {
        0
    } else {
        size.log10().floor() as i32 + 1
    };
    let leading_zeros = if size > 0.0 && size < 1.0 {
        (-size.log10()).floor() as i32
    } else {
        0
    };
    let digits = (4 + leading_zeros - before_point).max(0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn figures_are_short_and_keep_four_digits() {
        for (value, text) in [
            (0.0, "0"),
            (12.0, "12"),
            (12.3456, "12.35"),
            (0.012_345_6, "0.01235"),
            (98_765.4, "98765"),
            (-3.5, "-3.5"),
        ] {
            assert_eq!(figure(value), text);
        }
    }
}
