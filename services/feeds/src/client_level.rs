//! Adult social care Client Level Data (England): requests, assessments, services and reviews of a council, a row each, become
//! how long people waited.
//!
//! files → [`record`] (rows, by the [`values`] of both releases) → [`unique`] (each event once, by the department's rules) →
//! [`waits`] (the department's method) → a table of counts and medians, which goes on as a published return does, through
//! the mapping `client-level`. Rows are held in memory alone; no row, person or hash of one goes further.

pub mod record;
pub mod unique;
pub mod values;
pub mod waits;

#[cfg(test)]
mod tests;

use crate::BadRow;
use crate::identity::letters;
use crate::mapping::MappingError;
use record::RecordError;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use values::Values;
use waits::{Waited, Waits};

/// The name by which it is asked for, and of the mapping that takes its table.
pub const NAME: &str = "client-level";

/// The median of fewer people than these is written as suppressed.
pub const MIN_PEOPLE: usize = 5;

/// Why submissions cannot be counted.
#[derive(Debug, thiserror::Error)]
pub enum ClientLevelError {
    /// A file is not a submission.
    #[error("{name}: {source}")]
    Record {
        /// Its file.
        name: String,
        /// What is wrong with it.
        source: RecordError,
    },
    /// The values of the product are not right.
    #[error(transparent)]
    Values(#[from] MappingError),
}

/// What submissions come to.
#[derive(Debug, Default)]
pub struct Counted {
    /// Rows read.
    pub rows: u64,
    /// Rows that could not be used, with the number of the submission.
    pub bad: Vec<(usize, BadRow)>,
    /// The table of counts and medians, as CSV.
    pub table: String,
}

impl Counted {
    /// What tells this table from another: a median that goes back to what it was is stated anew.
    #[must_use]
    pub fn edition(&self) -> String {
        letters(&Sha256::digest(&self.table)[..8])
    }
}

/// Counts submissions, given by name and in the order in which they were sent in.
///
/// # Errors
/// When one is not a table with the columns of the Client Level Data.
pub fn count(submissions: &[(String, Vec<u8>)]) -> Result<Counted, ClientLevelError> {
    let values = Values::built_in()?;
    let mut counted = Counted::default();
    let mut read = Vec::new();
    for (number, (name, bytes)) in submissions.iter().enumerate() {
        let one = record::read(bytes, number, &values);
        let one = one.map_err(|source| ClientLevelError::Record {
            name: name.clone(),
            source,
        })?;
        counted.rows += one.rows;
        let bad = one.bad.iter().map(|bad| (number, bad.clone()));
        counted.bad.extend(bad);
        read.push(one);
    }
    let waits = Waits::of(unique::events(read));
    counted.table = table(&waits);
    Ok(counted)
}

/// A row for each council and quarter. A median of few people is not written, and nor is how few they are.
fn table(waits: &Waits) -> String {
    let mut text =
        "council,quarter,first_response_days,first_responses,first_service_days,first_services\n"
            .to_owned();
    for ((council, quarter), [response, service]) in waits.by_quarter() {
        let _ = writeln!(
            text,
            "{council},{quarter},{},{}",
            cells(&response),
            cells(&service)
        );
    }
    text
}

fn cells(waited: &Waited) -> String {
    match waited.people.len() {
        0 => ",".to_owned(),
        people if people < MIN_PEOPLE => "*,*".to_owned(),
        _ => format!("{},{}", waits::median(&waited.days), waited.days.len()),
    }
}
