//! Amounts: what one cell says, or what several come to.

use super::cell::{Percent, Reading, read};
use crate::mapping::{Mapping, SeriesRule};
use joinedup_events::Amount;
use joinedup_events::observation::Mark;

/// A column and what is wrong with its cell.
type Wrong = (String, String);

/// An amount, and what its publisher says of it. Suppressed and missing ones have no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reported {
    pub value: Option<Amount>,
    pub mark: Option<Mark>,
}

/// A number with marks while it is being worked out.
#[derive(Clone, Copy)]
struct Number {
    value: f64,
    mark: Option<Mark>,
}

/// Of two marks the one that says less is known.
pub(super) fn stronger(a: Option<Mark>, b: Option<Mark>) -> Option<Mark> {
    let rank = |mark: &Option<Mark>| match mark {
        None => 0,
        Some(Mark::Provisional) => 1,
        Some(Mark::Suppressed) => 2,
        Some(Mark::Missing) => 3,
    };
    [a, b].into_iter().max_by_key(rank).flatten()
}

/// What the series' columns come to; `None` when any of them is empty.
pub(super) fn of<'a>(
    mapping: &Mapping,
    series: &SeriesRule,
    column: &str,
    cell: impl Fn(&str) -> Option<(&'a str, bool)>,
) -> Result<Option<Reported>, Wrong> {
    let number = |column: &str| number(mapping, series, column, &cell);
    let Some(mut sum) = number(column)? else {
        return Ok(None);
    };
    let steps: [(&[String], fn(&mut f64, f64)); 3] = [
        (&series.plus, |sum, n| *sum += n),
        (&series.minus, |sum, n| *sum -= n),
        (&series.times, |sum, n| *sum *= n),
    ];
    for (columns, step) in steps {
        for column in columns {
            let Some(more) = number(column)? else {
                return Ok(None);
            };
            step(&mut sum.value, more.value);
            sum.mark = stronger(sum.mark, more.mark);
        }
    }
    sum.value *= series.multiply.unwrap_or(1.0);
    if let Some(decimals) = series.decimals {
        let factor = 10_f64.powi(decimals);
        sum.value = (sum.value * factor).round() / factor;
    }
    reported(column, sum, series.decimals.is_some()).map(Some)
}

/// What the series' denominator comes to; `None` when any of its columns is empty.
pub(super) fn denominator<'a>(
    mapping: &Mapping,
    series: &SeriesRule,
    cell: impl Fn(&str) -> Option<(&'a str, bool)>,
) -> Result<Option<Reported>, Wrong> {
    let mut sum = Number {
        value: 0.0,
        mark: None,
    };
    for column in series.denominator.iter().chain(&series.denominator_plus) {
        let Some(more) = number(mapping, series, column, &cell)? else {
            return Ok(None);
        };
        sum.value += more.value;
        sum.mark = stronger(sum.mark, more.mark);
    }
    let column = series.denominator.as_deref().unwrap_or_default();
    reported(column, sum, false).map(Some)
}

/// Whether its columns hold 45.2 for the share 0.452, so that a percent sign behind a number adds nothing.
fn is_of_percentages(series: &SeriesRule) -> bool {
    let multiply = series.multiply.filter(|_| !series.percent);
    multiply.is_some_and(|by| (by - 0.01).abs() < 1e-9)
}

fn number<'a>(
    mapping: &Mapping,
    series: &SeriesRule,
    column: &str,
    cell: &impl Fn(&str) -> Option<(&'a str, bool)>,
) -> Result<Option<Number>, Wrong> {
    let Some((text, is_percentage)) = cell(column) else {
        return Ok(None);
    };
    let marked = |mark| Number {
        value: 0.0,
        mark: Some(mark),
    };
    let percent = match series.percent {
        true => Percent::Share,
        false if is_of_percentages(series) => Percent::AsShown,
        // A workbook that shows a share as a percentage holds the share.
        false if is_percentage => Percent::Share,
        false => Percent::Unknown,
    };
    match read(mapping, text, percent) {
        Ok(Reading::Number { value, provisional }) => Ok(Some(Number {
            value,
            mark: provisional.then_some(Mark::Provisional),
        })),
        Ok(Reading::Suppressed) => Ok(Some(marked(Mark::Suppressed))),
        Ok(Reading::Missing) => Ok(Some(marked(Mark::Missing))),
        Err(sentence) => Err((column.to_owned(), sentence.to_owned())),
    }
}

fn reported(column: &str, number: Number, rounded: bool) -> Result<Reported, Wrong> {
    let wrong = |sentence: &str| (column.to_owned(), sentence.to_owned());
    let mark = number.mark;
    if matches!(mark, Some(Mark::Suppressed | Mark::Missing)) {
        return Ok(Reported { value: None, mark });
    }
    let value = Amount::from_f64(number.value)
        .ok_or_else(|| wrong("is too large: an amount may be up to a million million"))?;
    if value.micro() == 0 && number.value != 0.0 && !rounded {
        return Err(wrong(
            "is smaller than a millionth, and not zero: put `multiply` into the mapping's series, or say how it is rounded with `decimals`",
        ));
    }
    Ok(Reported {
        value: Some(value),
        mark,
    })
}
