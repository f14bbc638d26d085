//! Whether the parts of a measure fit each other: each fault as the field and a sentence.

use super::{Aggregate, Limit, Measure, Source, Target};
use crate::cell::Filter;
use crate::dimension;
use crate::quantity::{Kind, OBSERVATION_PREFIX, Quantity, Unit};

/// A field and what is wrong with it.
pub(crate) type Misfit = (&'static str, String);

/// Everything that does not fit.
pub(crate) fn fit(measure: &Measure) -> Vec<Misfit> {
    let mut faults = Vec::new();
    let Some(source) = Source::of(&measure.quantity) else {
        faults.push(("quantity", unknown_quantity(&measure.quantity)));
        return faults;
    };
    fit_aggregate(measure, source, &mut faults);
    fit_filter(
        "filter",
        &measure.filter,
        &measure.quantity,
        source,
        &mut faults,
    );
    fit_numerator(measure, source, &mut faults);
    fit_over(measure, source, &mut faults);
    for dimension in &measure.breakdowns {
        if !source.has_dimension(dimension.as_str()) {
            faults.push((
                "breakdowns",
                no_dimension(dimension.as_str(), &measure.quantity, source),
            ));
        }
    }
    for (field, goal) in [("target", measure.target), ("ambition", measure.ambition)] {
        if let Some(Target(goal)) = goal {
            fit_goal(field, goal, measure, &mut faults);
        }
    }
    fit_numbers(measure, &mut faults);
    faults
}

fn fit_aggregate(measure: &Measure, source: Source<'_>, faults: &mut Vec<Misfit>) {
    let allowed = Aggregate::of_kind(source.kind());
    let word = measure.aggregate.word();
    if !allowed.contains(&word) {
        faults.push((
            "aggregate",
            format!(
                "\"{word}\" does not fit {}, which holds {}; it can be {}",
                measure.quantity,
                holds(source.kind()),
                either(allowed.iter().copied())
            ),
        ));
        return;
    }
    match measure.aggregate {
        Aggregate::Percentile(percent) if !(1..=99).contains(&percent) => faults.push((
            "aggregate",
            format!("a percentile is a whole number from 1 to 99, not {percent}"),
        )),
        Aggregate::ShareAtMost(limit) | Aggregate::ShareAtLeast(limit) => {
            fit_limit(limit, source.unit(), faults);
        }
        Aggregate::LevelMedian | Aggregate::LevelMin if !source.has_dimension("level") => {
            faults.push((
                "aggregate",
                format!(
                    "\"{word}\" reads the levels that areas stand at: {} has no dimension \"level\" (assessment.level has)",
                    measure.quantity
                ),
            ));
        }
        _ => {}
    }
}

fn fit_limit(limit: Limit, unit: Unit, faults: &mut Vec<Misfit>) {
    match limit.number(unit) {
        None => faults.push((
            "aggregate",
            match unit {
                Unit::Days => {
                    "the limit must be whole days, because the quantity is counted in days"
                        .to_owned()
                }
                Unit::Minutes => "the limit is too long".to_owned(),
                Unit::Items | Unit::Points => {
                    "the limit must be a number, because the quantity is not a time".to_owned()
                }
            },
        )),
        Some(number) if number < 0 && unit == Unit::Minutes => faults.push((
            "aggregate",
            format!("the limit is a time and cannot be {number}"),
        )),
        Some(i32::MAX) => faults.push(("aggregate", "the limit is too long".to_owned())),
        Some(_) => {}
    }
}

fn fit_filter(
    field: &'static str,
    filter: &Filter,
    quantity: &str,
    source: Source<'_>,
    faults: &mut Vec<Misfit>,
) {
    for (dimension, values) in &filter.0 {
        if dimension == "grain" {
            faults.push((
                field,
                "\"grain\" is chosen by the period that is asked for and cannot be filtered"
                    .to_owned(),
            ));
        } else if !source.has_dimension(dimension) {
            faults.push((field, no_dimension(dimension, quantity, source)));
        } else if let Source::Coded(coded) = source
            && let Some(codes) = dimension::codes(coded, dimension)
        {
            for value in values
                .iter()
                .filter(|value| !codes.contains(&value.as_str()))
            {
                faults.push((
                    field,
                    format!(
                        "\"{dimension}\" has no value \"{value}\"; it can be {}",
                        either(codes.iter().copied())
                    ),
                ));
            }
        }
        if values.is_empty() {
            faults.push((
                field,
                format!("\"{dimension}\" has no values, so nothing would pass; name at least one"),
            ));
        }
    }
}

fn fit_numerator(measure: &Measure, source: Source<'_>, faults: &mut Vec<Misfit>) {
    if let Some(parts) = &measure.parts {
        if measure.aggregate != Aggregate::Share {
            faults.push(("parts", "only the aggregate \"share\" has parts".to_owned()));
        } else if measure.numerator.is_some() {
            faults.push((
                "parts",
                "a share has a numerator or parts, not both".to_owned(),
            ));
        } else if !source.has_dimension(parts.as_str()) {
            faults.push((
                "parts",
                no_dimension(parts.as_str(), &measure.quantity, source),
            ));
        }
        return;
    }
    match (&measure.numerator, measure.aggregate) {
        (None, Aggregate::Share) => faults.push((
            "numerator",
            "a share needs to know which part: add numerator = { dimension = [\"value\"] }"
                .to_owned(),
        )),
        (Some(numerator), Aggregate::Share) => {
            if numerator.0.is_empty() {
                faults.push((
                    "numerator",
                    "it names no dimension, so the share would always be 1".to_owned(),
                ));
            }
            fit_filter("numerator", numerator, &measure.quantity, source, faults);
        }
        (Some(_), other) => faults.push((
            "numerator",
            format!(
                "only the aggregate \"share\" has one, not \"{}\"",
                other.word()
            ),
        )),
        (None, _) => {}
    }
}

fn fit_over(measure: &Measure, source: Source<'_>, faults: &mut Vec<Misfit>) {
    match (measure.over.as_deref(), measure.aggregate.needs_over()) {
        (None, true) => faults.push((
            "over",
            format!(
                "\"{}\" divides by a second quantity: add over = \"…\"",
                measure.aggregate.word()
            ),
        )),
        (Some(_), false) => faults.push((
            "over",
            format!(
                "only \"ratio\" and \"level_ratio\" divide by a second quantity, not \"{}\"",
                measure.aggregate.word()
            ),
        )),
        (Some(over), true) => match Source::of(over) {
            None => faults.push(("over", unknown_quantity(over))),
            Some(other) if other.kind() != source.kind() => faults.push((
                "over",
                format!(
                    "{over} holds {}, and {} holds {}: one cannot be divided by the other",
                    holds(other.kind()),
                    measure.quantity,
                    holds(source.kind())
                ),
            )),
            Some(_) => {}
        },
        (None, false) => {}
    }
}

fn fit_goal(field: &'static str, goal: f64, measure: &Measure, faults: &mut Vec<Misfit>) {
    use super::Shape;
    let out = match measure.shape() {
        Shape::Proportion => !(0.0..=1.0).contains(&goal),
        Shape::Count if measure.aggregate == Aggregate::Net => false,
        Shape::Count | Shape::Rate => goal < 0.0,
        Shape::Value => false,
    };
    if out {
        faults.push((
            field,
            if measure.shape() == Shape::Proportion {
                format!("a share lies between 0 and 1 (or 0 % and 100 %), {goal} does not")
            } else {
                format!("a count or rate cannot be below 0, {goal} is")
            },
        ));
    }
    if measure.direction == super::Direction::None && field == "target" {
        faults.push((
            field,
            "a goal needs a direction: add direction = \"up\" or \"down\"".to_owned(),
        ));
    }
}

fn fit_numbers(measure: &Measure, faults: &mut Vec<Misfit>) {
    if !(measure.divide_by.is_finite() && measure.divide_by > 0.0) {
        faults.push(("divide_by", "it must be a number above 0".to_owned()));
    }
    if !(8..=50).contains(&measure.baseline) {
        faults.push((
            "baseline",
            format!(
                "{} points do not make a centre line: 8 to 50 are allowed, 12 to 20 are usual",
                measure.baseline
            ),
        ));
    }
    if measure.min_n.is_some_and(|n| n < 1) {
        faults.push(("min_n", "it must be at least 1".to_owned()));
    }
    if measure.title.trim().is_empty() {
        faults.push(("title", "it must not be empty".to_owned()));
    }
}

fn holds(kind: Kind) -> &'static str {
    match kind {
        Kind::Count => "things that happened",
        Kind::Proportion => "cases that met or did not",
        Kind::Values => "finished durations or scores",
        Kind::Cohort => "durations by when they began",
        Kind::Level => "a stock",
        Kind::Amount => "amounts that somebody else added up",
        Kind::Total => "totals",
    }
}

fn no_dimension(dimension: &str, quantity: &str, source: Source<'_>) -> String {
    let has = match source {
        Source::Coded(coded) if coded.filters().next().is_some() => {
            format!(
                "it has {}",
                either(coded.filters()).replace(" or ", " and ")
            )
        }
        _ => "it has none".to_owned(),
    };
    format!("{quantity} has no dimension \"{dimension}\"; {has}")
}

fn unknown_quantity(name: &str) -> String {
    if let Some(series) = name.strip_prefix(OBSERVATION_PREFIX) {
        return format!(
            "\"{series}\" cannot be a series: a name has letters, digits, '-', '_' and '.', and at most 64 of them"
        );
    }
    let mut near: Vec<(usize, &str)> = Quantity::ALL
        .iter()
        .map(|q| (distance(name, q.name()), q.name()))
        .collect();
    near.sort_unstable();
    let near = either(near.iter().take(3).map(|(_, name)| *name));
    format!(
        "there is no quantity \"{name}\"; near it are {near} (an observed series is written observation.<series>)"
    )
}

/// How far two names are apart: letters to change, add or take away. A shared family or fact counts as near.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = before + usize::from(x != y);
            before = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(before + 1);
        }
    }
    let shared = a
        .split(['.', '_', '-'])
        .filter(|part| part.len() > 2 && b.contains(part))
        .map(str::len)
        .sum::<usize>();
    row[b.len()].saturating_sub(shared)
}

/// Words joined for a sentence.
pub(crate) fn either<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    match words.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => (*only).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}
