//! The cells of a view as a table: every number that charts are sums of. A cell that is a histogram has a row for each of
//! its values.

use super::writer::Writer;
use super::{Column, Of, TableError};
use chrono::{DateTime, Utc};
use joinedup_views::cell::CellRef;
use joinedup_views::tally::{OPEN, Sums};
use joinedup_views::view::View;
use std::io::Write;

/// One row: a cell's sums, or one value of its histogram.
struct Row<'a> {
    cell: CellRef<'a>,
    holds: &'static str,
    value: Option<i64>,
    denominator: Option<i64>,
    n: i64,
}

/// Writes all cells of a view, in the order of their names, as known at `as_of`. They are exact.
///
/// # Errors
/// When the build has no Parquet, or the table cannot be written.
pub fn cells(view: &View, as_of: DateTime<Utc>, to: impl Write + Send) -> Result<(), TableError> {
    let mut file = Writer::begin(to, columns())?;
    let mut cells: Vec<CellRef<'_>> = view.cells().each().collect();
    cells.sort_unstable_by_key(|cell| (cell.quantity, cell.place, cell.breakdown, cell.date));
    for cell in cells {
        let row = |holds, value, denominator, n| Row {
            cell,
            holds,
            value,
            denominator,
            n,
        };
        if let Some(histogram) = cell.tally.histogram() {
            for (value, n) in histogram.iter() {
                file.add(match value {
                    OPEN => row("open", None, None, n),
                    value => row("value", Some(value.into()), None, n),
                })?;
            }
        } else {
            let Sums {
                value,
                denominator,
                n,
            } = cell.tally.sums().unwrap_or_default();
            file.add(row("sums", Some(value), Some(denominator), n))?;
        }
    }
    file.finish(vec![
        (
            "audience",
            "administration: exact, nothing is suppressed".to_owned(),
        ),
        ("as_of", as_of.to_rfc3339()),
    ])
}

fn columns<'a>() -> Vec<Column<Row<'a>>> {
    vec![
        ("quantity", Of::Text(|row| Some(row.cell.quantity.into()))),
        ("home", Of::Text(|row| Some(row.cell.place.home.into()))),
        ("site", Of::Text(|row| row.cell.place.site.map(Into::into))),
        (
            "breakdown",
            Of::Text(|row| Some(row.cell.breakdown_text().into())),
        ),
        ("date", Of::Date(|row| Some(row.cell.date))),
        ("holds", Of::Text(|row| Some(row.holds.into()))),
        ("value", Of::Whole(|row| row.value)),
        ("denominator", Of::Whole(|row| row.denominator)),
        ("n", Of::Whole(|row| Some(row.n))),
    ]
}
