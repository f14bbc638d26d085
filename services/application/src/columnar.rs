//! Tables for analysts as Parquet files, with real dates and instants, which DuckDB, pandas, R and Power BI read: the points
//! of a chart, the cells of the views, and the facts of the log.

mod cells;
mod facts;
mod points;
#[cfg(feature = "parquet")]
mod writer;
#[cfg(not(feature = "parquet"))]
#[path = "columnar/not_built.rs"]
mod writer;

pub use cells::cells;
pub use facts::{Facts, facts};
pub use points::points;

use chrono::{DateTime, NaiveDate, Utc};
use std::borrow::Cow;

/// Rows that are held in memory before they are written: one row group of the file.
#[cfg(feature = "parquet")]
const GROUP: usize = 50_000;

/// Why a table was not written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The feature is not in this build.
    #[error(
        "this program was built without Parquet: build it with `cargo build --release --features parquet`, or take the same \
         without Parquet"
    )]
    NotBuilt,
    /// The log could not be read.
    #[error("the log could not be read for the table: {0}")]
    Log(#[from] joinedup_log::ReadError),
    /// The table could not be written.
    #[error("the table could not be written: {0}; check the room and the rights where it goes")]
    Write(String),
}

/// Whether this build writes Parquet, for those that must know before they begin an answer.
///
/// # Errors
/// [`TableError::NotBuilt`].
pub const fn built() -> Result<(), TableError> {
    if cfg!(feature = "parquet") {
        Ok(())
    } else {
        Err(TableError::NotBuilt)
    }
}

/// How a column's value is taken from a row; none is null.
#[cfg_attr(
    not(feature = "parquet"),
    expect(dead_code, reason = "only the writer takes values")
)]
enum Of<R> {
    Text(fn(&R) -> Option<Cow<'_, str>>),
    Number(fn(&R) -> Option<f64>),
    Whole(fn(&R) -> Option<i64>),
    Date(fn(&R) -> Option<NaiveDate>),
    Instant(fn(&R) -> Option<DateTime<Utc>>),
}

/// The title of a column, and what stands in it.
type Column<R> = (&'static str, Of<R>);

/// What a file says of itself, beside its rows.
type Remark = (&'static str, String);

#[cfg(all(test, feature = "parquet"))]
mod tests;
