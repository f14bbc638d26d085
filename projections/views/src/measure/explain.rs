//! A measure in plain words.

use super::{Aggregate, Measure, Outcomes, Population, SmallNumbers, Source};
use crate::quantity::{Kind, Unit};
use std::fmt::Write;

/// What a measure is, as a few lines for people: what is counted, how, from when it holds, and what it does not say.
#[must_use]
pub fn explain(measure: &Measure) -> String {
    let mut text = format!("{} ({})\n\n", measure.title, measure.id);
    let mut line = |label: &str, words: &str| {
        if !words.is_empty() {
            let _ = writeln!(text, "{label:<13}{words}");
        }
    };
    line("counts", &measure.counts);
    line("out of", &measure.out_of);
    line("why", &measure.why);
    line("number", &number(measure));
    line("from", &cells(measure));
    let others: Vec<String> = measure.periods.iter().map(ToString::to_string).collect();
    let also = match (measure.periods.is_empty(), others.join(", ")) {
        (true, _) => "; any other period can be asked for".to_owned(),
        (false, list) => format!("; can be asked for: {list}"),
    };
    line("period", &format!("{}{also}", measure.period));
    line(
        "chart",
        &format!(
            "{}, better {}, centre line from the first {} points",
            measure.chart,
            match measure.direction {
                super::Direction::Up => "upwards",
                super::Direction::Down => "downwards",
                super::Direction::None => "neither way",
            },
            measure.baseline
        ),
    );
    if let Some(target) = measure.target {
        line("goal", &shown(measure, target.0));
    }
    if let Some(ambition) = measure.ambition {
        line("ambition", &shown(measure, ambition.0));
    }
    let maturity = measure.maturity();
    if maturity.minutes() > 0 {
        line(
            "provisional",
            &format!("until {maturity} after the end of its period"),
        );
    }
    if measure.min_n() > 1 {
        line(
            "small n",
            &format!("no point from fewer than {}", measure.min_n()),
        );
    }
    let small = match measure.small_numbers() {
        SmallNumbers::None => "shown as they are",
        SmallNumbers::Hes7 => "1 to 7 suppressed, larger numbers rounded to 5 (hes-7)",
        SmallNumbers::Mhsds5 => "0 to 4 suppressed, larger numbers rounded to 5 (mhsds-5)",
    };
    let fewest = match measure.small_numbers().fewest(measure.aggregate) {
        0 => String::new(),
        fewest => format!("; suppressed where it is of fewer than {fewest}"),
    };
    line("small areas", &format!("{small}{fewest}"));
    line(
        "serves",
        &match &measure.outcomes {
            Outcomes::All(_) => {
                "every outcome that the rated item or the change leads to".to_owned()
            }
            Outcomes::Of(list) => list
                .iter()
                .map(|o| o.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        },
    );
    line(
        "used for",
        &format!(
            "{}; {} {} measure",
            match measure.purpose {
                super::Purpose::Both => "improvement and performance",
                other => other.word(),
            },
            measure.data_type,
            measure.kind
        ),
    );
    if let Some(survey) = &measure.survey {
        line(
            "needs",
            &format!("a survey ({survey}): without one there are no points"),
        );
    }
    line("owner", &measure.owner);
    line("reliability", &measure.reliability);
    for caveat in &measure.caveats {
        line("mind", caveat);
    }
    line("definition", &measure.digest());
    text
}

fn shown(measure: &Measure, goal: f64) -> String {
    if measure.shape() == super::Shape::Proportion {
        format!("{} %", (goal * 1000.0).round() / 10.0)
    } else {
        format!("{goal} {}", measure.unit())
    }
}

fn number(measure: &Measure) -> String {
    let unit = measure.source().map_or(Unit::Items, Source::unit);
    let limit = |limit: super::Limit| match (limit, unit) {
        (super::Limit::Span(span), _) => span.to_string(),
        (super::Limit::Number(_), Unit::Minutes | Unit::Days) => limit.span(unit).to_string(),
        (super::Limit::Number(n), _) => n.to_string(),
    };
    let people = |population| match population {
        Population::Adults => "100,000 residents aged 18 and over",
        Population::Older => "100,000 residents aged 65 and over",
    };
    let value = match measure.aggregate {
        Aggregate::Count => "how many".to_owned(),
        Aggregate::Median => "the median, from exact values".to_owned(),
        Aggregate::Percentile(p) => {
            format!("the {p}th percentile by nearest rank, from exact values")
        }
        Aggregate::Mean => "the mean".to_owned(),
        Aggregate::Proportion => "the share that met it".to_owned(),
        Aggregate::Share => format!(
            "the share with {}",
            match (&measure.numerator, &measure.parts) {
                (Some(numerator), _) => numerator.words(),
                (None, Some(parts)) => format!("one {parts} (or any, when none is chosen)"),
                (None, None) => String::new(),
            }
        ),
        Aggregate::ShareAtMost(l) => {
            let of = match measure.source().map(Source::kind) {
                Some(Kind::Cohort) => "; what is still open is not within it",
                _ => ", of what ended in the period",
            };
            format!("the share of at most {}{of}", limit(l))
        }
        Aggregate::ShareAtLeast(l) => format!("the share of at least {}", limit(l)),
        Aggregate::CountPer100k(p) => format!("how many per {}", people(p)),
        Aggregate::Level => "the stock at the end of the period".to_owned(),
        Aggregate::LevelDays => "the stock added up over the nights of the period".to_owned(),
        Aggregate::LevelAverage => "the stock on the average day".to_owned(),
        Aggregate::LevelDaysPer100kPerDay(p) => {
            format!("the stock on the average day per {}", people(p))
        }
        Aggregate::LevelRatio | Aggregate::Ratio => {
            format!("divided by {}", measure.over.as_deref().unwrap_or("?"))
        }
        Aggregate::LevelMedian => {
            "the lower median of the areas' levels at the end of the period".to_owned()
        }
        Aggregate::LevelMin => {
            "the lowest of the areas' levels at the end of the period".to_owned()
        }
        Aggregate::LongestOpen => {
            "the longest that is still open at the end of the period".to_owned()
        }
        Aggregate::Amount => "the amount as reported".to_owned(),
        Aggregate::AmountMedian => "the median of the days' reported amounts".to_owned(),
        Aggregate::AmountPerDay => "the reported amount by the days of the period".to_owned(),
        Aggregate::AmountPer100k(p) => format!("the reported amount per {}", people(p)),
        Aggregate::AsReported => "as reported, never added up".to_owned(),
        Aggregate::Net => "moves up less moves down".to_owned(),
    };
    format!("{value}, in {}", measure.unit())
}

fn cells(measure: &Measure) -> String {
    if measure.filter.0.is_empty() {
        measure.quantity.clone()
    } else {
        format!("{} where {}", measure.quantity, measure.filter.words())
    }
}
