//! The verdict on a table: in words, and drawn.

use super::Judged;
use joinedup_drawing::{Drawing, Mark, Size, Spot, rule_words, svg as drawn};
use joinedup_spc::amounts::{self, amount};
use joinedup_spc::{Chart, LimitsStatus, PointState, PointVerdict, Variation};
use joinedup_views::period::Grain;
use std::fmt::Write;

/// The most special points that the words list.
const LISTED: usize = 20;

/// The verdict for reading.
pub(super) fn text(judged: &Judged) -> String {
    let (verdict, unit) = (&judged.verdict, judged.options.unit.as_str());
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "{}: {} of {} points",
        judged.title,
        judged.chart.name(),
        verdict.points.len()
    );
    if let Some(why) = &judged.why_chart {
        let _ = writeln!(out, "{why}");
    }
    match judged.table.added {
        0 => {}
        1 => {
            let _ = writeln!(out, "One period has no row and is a gap.");
        }
        many => {
            let _ = writeln!(out, "{many} periods have no row and are gaps.");
        }
    }
    let _ = writeln!(out, "\n{}\n", verdict.why);
    for (number, phase) in verdict.phases.iter().enumerate() {
        let label = |at: usize| {
            judged
                .table
                .rows
                .get(at)
                .map_or("", |row| row.label.as_str())
        };
        let limits = verdict.points[phase.first..phase.end]
            .iter()
            .rev()
            .find_map(|p| p.lcl.zip(p.ucl));
        let mut line = format!(
            "{} {}",
            if judged.chart == Chart::Run {
                "median"
            } else {
                "centre line"
            },
            phase
                .centre
                .map_or_else(|| "none".to_owned(), |centre| amount(centre, unit))
        );
        if let Some((low, high)) = limits {
            let trial = if phase.limits_status == LimitsStatus::Trial {
                " (on trial: few values)"
            } else {
                ""
            };
            let _ = write!(
                line,
                ", limits {} to {}{trial}",
                amounts::number(low, unit),
                amount(high, unit)
            );
        }
        if let (Some(longest), Some(most)) = (phase.runs.longest_run, phase.runs.longest_run_max) {
            let _ = write!(line, "; longest run {longest} (chance explains {most})");
        }
        if let (Some(crossings), Some(fewest)) = (phase.runs.crossings, phase.runs.crossings_min) {
            let _ = write!(
                line,
                ", crossings {crossings} (chance makes at least {fewest})"
            );
        }
        match verdict.phases.len() {
            1 => {}
            many => line.insert_str(
                0,
                &format!(
                    "phase {} of {many}, from {}: ",
                    number + 1,
                    label(phase.first)
                ),
            ),
        }
        let _ = writeln!(out, "{line}");
    }
    let special: Vec<(usize, &PointVerdict)> = verdict
        .points
        .iter()
        .enumerate()
        .filter(|(_, p)| p.variation.is_special())
        .collect();
    if !special.is_empty() {
        let _ = writeln!(out, "\nPoints that chance does not explain:");
        for (at, point) in special.iter().rev().take(LISTED).rev() {
            let value = point
                .value
                .map_or_else(String::new, |value| amounts::number(value, unit));
            let _ = writeln!(
                out,
                "  {}  {value}  {}",
                judged.table.rows[*at].label,
                reasons(point)
            );
        }
        if special.len() > LISTED {
            let _ = writeln!(out, "  and {} earlier ones", special.len() - LISTED);
        }
    }
    out
}

fn reasons(point: &PointVerdict) -> String {
    let words: Vec<String> = point
        .signals
        .iter()
        .map(|signal| rule_words(*signal).to_owned())
        .collect();
    words.join("; ")
}

/// The verdict as a drawing that stands alone.
pub(super) fn svg(judged: &Judged) -> Result<String, String> {
    let mut spots = Vec::with_capacity(judged.table.rows.len());
    for (row, point) in judged.table.rows.iter().zip(&judged.verdict.points) {
        let start = row.date.ok_or_else(|| {
            format!(
                "a drawing needs dates, and `{}` is none: write 2026-05-31 or 2026-05",
                row.label
            )
        })?;
        spots.push(Spot {
            start,
            value: point.value,
            mark: mark(point),
            why: reasons(point),
            centre: point.centre,
            limits: point.lcl.zip(point.ucl),
            phase: point.phase,
        });
    }
    Ok(drawn(&Drawing {
        name: "chart".into(),
        title: judged.title.clone(),
        description: judged.verdict.why.clone(),
        unit: judged.options.unit.clone(),
        centre_name: if judged.chart == Chart::Run {
            "median"
        } else {
            "mean"
        },
        period: Grain::Day,
        spots,
        lately: None,
        targets: judged
            .options
            .target
            .map(|t| (None, t))
            .into_iter()
            .collect(),
        tested: Vec::new(),
        standalone: true,
        size: Size::Wide,
        scale: None,
    }))
}

fn mark(point: &PointVerdict) -> Mark {
    match (point.state, point.variation) {
        (PointState::Missing | PointState::Impossible, _) => Mark::Missing,
        (PointState::Provisional | PointState::Excluded, _) => Mark::Provisional,
        (_, Variation::ImprovementHigh | Variation::ImprovementLow) => Mark::Improvement,
        (_, Variation::ConcernHigh | Variation::ConcernLow) => Mark::Concern,
        (_, Variation::NeitherHigh | Variation::NeitherLow | Variation::Undirected) => {
            Mark::Neutral
        }
        (_, Variation::CommonCause | Variation::NotJudged) => Mark::Plain,
    }
}
