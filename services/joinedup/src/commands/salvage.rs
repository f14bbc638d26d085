//! `salvage`: takes out of a damaged embedded log what is whole in it, as an archive, and says what is lost.

use super::export::output::{Output, unwritten};
use crate::cli::Failure;
use crate::open_log;
use clap::Args;
use joinedup_log::archive::{ArchiveWriter, BEGIN, Summary};
use joinedup_log::embedded::salvage::Salvage as Found;
use std::io::Write;
use std::path::PathBuf;

/// Runs of missing positions that are written out; of more, their number.
const MAX_RUNS: usize = 100;

/// Flags of `salvage`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  joinedup salvage --data ./data -o salvaged.ndjson\n  joinedup import --data ./data-new archive.ndjson salvaged.ndjson"
)]
pub struct Salvage {
    /// The data folder with the damaged log, which is only read; no server may have it open.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The file to write, which must not be there yet.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Takes out what is whole.
///
/// # Errors
/// Exit code 2 when it was asked wrongly; 1 when nothing was found or positions are missing, with the archive written all
/// the same.
pub fn run(salvage: &Salvage) -> Result<(), Failure> {
    let found = Found::of(&open_log::log_folder(&salvage.data)).map_err(Failure::usage)?;
    let Some((_, last)) = found.span() else {
        return Err(Failure::new(
            "nothing in the log is whole: restore it from its archive",
        ));
    };
    let output = salvage.output.display();
    let out = Output::to(Some(&salvage.output))?;
    let summary = write(&found, &mut *out.writer()?)?;
    out.done()?;
    println!(
        "{output}: {} events taken out of what is left of the log, the last one from position {last}. This is not the whole log: \
         whether more events followed cannot be seen from here. Compare with the position that the views had counted, and \
         with the hash of the last archive.",
        summary.events
    );
    if found.differing() > 0 {
        println!(
            "{} rows that were never acknowledged were passed over",
            found.differing()
        );
    }
    let missing = found.missing();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::new(lost(&missing)))
}

fn write(found: &Found, out: &mut (dyn Write + Send)) -> Result<Summary, Failure> {
    let mut archive = ArchiveWriter::continuing(BEGIN, out);
    for row in found.rows() {
        for event in row.map_err(Failure::new)? {
            archive.add(&event).map_err(unwritten)?;
        }
    }
    archive.finish().map_err(unwritten)
}

/// Says which positions are lost.
fn lost(missing: &[(u64, u64)]) -> String {
    let events: u64 = missing.iter().map(|(first, last)| last - first + 1).sum();
    let mut text = format!("{events} events are lost between those that were found:");
    for (first, last) in missing.iter().take(MAX_RUNS) {
        let run = if first == last {
            format!("\n  position {first}")
        } else {
            format!("\n  positions {first} to {last}")
        };
        text.push_str(&run);
    }
    if missing.len() > MAX_RUNS {
        text.push_str(&format!("\n  and {} more runs", missing.len() - MAX_RUNS));
    }
    text.push_str("\nThey may be in an archive, or with their senders: import the archive before what was salvaged");
    text
}
