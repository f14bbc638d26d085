//! Amounts: a cell, or what several cells come to.

use crate::mapping::SeriesRule;
use crate::number::number;
use joinedup_events::Amount;

/// A column and what is wrong with its cell.
type Wrong = (String, String);

/// What the series' columns come to; `None` when any of them has nothing.
pub(super) fn of<'a>(
    series: &SeriesRule,
    column: &str,
    cell: impl Fn(&str) -> Option<&'a str>,
) -> Result<Option<Amount>, Wrong> {
    let Some(mut sum) = read(column, &cell)? else {
        return Ok(None);
    };
    let steps: [(&[String], fn(&mut f64, f64)); 3] = [
        (&series.plus, |sum, n| *sum += n),
        (&series.minus, |sum, n| *sum -= n),
        (&series.times, |sum, n| *sum *= n),
    ];
    for (columns, step) in steps {
        for column in columns {
            let Some(n) = read(column, &cell)? else {
                return Ok(None);
            };
            step(&mut sum, n);
        }
    }
    sum *= series.multiply.unwrap_or(1.0);
    if let Some(decimals) = series.decimals {
        let factor = 10_f64.powi(decimals);
        sum = (sum * factor).round() / factor;
    }
    amount(column, sum).map(Some)
}

/// What one cell says.
pub(super) fn plain<'a>(
    column: &str,
    cell: impl Fn(&str) -> Option<&'a str>,
) -> Result<Option<Amount>, Wrong> {
    read(column, &cell)?.map(|n| amount(column, n)).transpose()
}

fn read<'a>(column: &str, cell: &impl Fn(&str) -> Option<&'a str>) -> Result<Option<f64>, Wrong> {
    cell(column)
        .map(|text| number(text).map_err(|sentence| (column.to_owned(), sentence.to_owned())))
        .transpose()
}

fn amount(column: &str, n: f64) -> Result<Amount, Wrong> {
    Amount::from_f64(n).ok_or_else(|| {
        (
            column.to_owned(),
            "is too large: an amount may be up to a million million".to_owned(),
        )
    })
}
