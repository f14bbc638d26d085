//! `import` of Client Level Data: rows of people become counts and medians, and only those are sent.

use super::import::Import;
use crate::cli::Failure;
use joinedup_feeds::client_level;
use joinedup_feeds::csv::Import as Rules;
use joinedup_feeds::input::Input;
use joinedup_feeds::line_list::table::MAX_FILE_BYTES;
use joinedup_feeds::mapping::Mapping;
use std::io::{Cursor, Read};
use std::path::Path;

/// The table that the submissions come to; how many rows they have; and how many of these could not be used, which are named on
/// standard error.
///
/// # Errors
/// Exit code 2 when a file cannot be read, or is not a submission.
pub fn counted(
    import: &Import,
    mapping: &Mapping,
    rules: Rules,
) -> Result<(Input, u64, u64), Failure> {
    let mut submissions = Vec::new();
    for file in &import.files {
        let name = file.display().to_string();
        let bytes = read(file)
            .map_err(|error| Failure::usage(format!("{name} cannot be read: {error}")))?;
        submissions.push((name, bytes));
    }
    let counted = client_level::count(&submissions).map_err(Failure::usage)?;
    for (submission, bad) in counted.bad.iter().take(import.tell) {
        let name = submissions.get(*submission).map(|(name, _)| name.as_str());
        eprintln!("{}", bad.in_file(name.unwrap_or_default()));
    }
    let rules = Rules {
        edition: rules.edition.or_else(|| Some(counted.edition())),
        ..rules
    };
    let name = format!("{}.csv", client_level::NAME);
    let table = Box::new(Cursor::new(counted.table.into_bytes()));
    let input = Input::of(table, name, None, Some(mapping), &rules).map_err(Failure::usage)?;
    Ok((input, counted.rows, counted.bad.len() as u64))
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let content: Box<dyn Read> = match file == Path::new("-") {
        true => Box::new(std::io::stdin()),
        false => Box::new(std::fs::File::open(file)?),
    };
    content.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    // Half of a submission is not one.
    match bytes.len() as u64 > MAX_FILE_BYTES {
        true => Err(std::io::Error::other(format!(
            "it has more than {} MiB",
            MAX_FILE_BYTES >> 20
        ))),
        false => Ok(bytes),
    }
}
