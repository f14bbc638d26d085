//! `export --parquet`: cells or facts as a table for analysts, from a running server or a log.

use super::output::Output;
use super::{Export, copied, tell_unread, view};
use crate::cli::Failure;
use crate::open_log;
use chrono::Utc;
use joinedup_application::columnar::{self, TableError};
use joinedup_application::config::Config;
use joinedup_log::Position;

/// Writes the table that was asked for.
pub(super) async fn run(export: &Export, config: &Config) -> Result<(), Failure> {
    if let Some(url) = &export.target.url {
        let path = if export.cells {
            "/api/v1/export/cells.parquet".to_owned()
        } else {
            format!("/api/v1/export/facts.parquet?after={}", export.after)
        };
        let so = if export.cells {
            "are in no cell"
        } else {
            "have no row"
        };
        let client = export.target.server(url)?;
        let out = Output::to(export.output.as_deref())?;
        copied(&client, &path, out.writer()?).await?;
        tell_unread(client, so).await;
        return out.done();
    }
    // Before a file is made that would hold nothing.
    columnar::built().map_err(failed)?;
    if export.cells {
        let (as_of, view) = (Utc::now(), view(config).await?);
        let out = Output::to(export.output.as_deref())?;
        columnar::cells(&view, as_of, out.writer()?).map_err(failed)?;
        return out.done();
    }
    let log = open_log::open(config).await?;
    let out = Output::to(export.output.as_deref())?;
    let written = columnar::facts(&*log, Position(export.after), out.writer()?).await;
    let written = written.map_err(failed)?;
    out.done()?;
    eprintln!("{} facts", written.facts);
    if written.unread > 0 {
        eprintln!(
            "{} events could not be read and have no row; the quarantine of a running server says why",
            written.unread
        );
    }
    Ok(())
}

fn failed(error: TableError) -> Failure {
    match error {
        TableError::NotBuilt => Failure::usage(error),
        TableError::Log(_) | TableError::Write(_) => Failure::new(error),
    }
}
