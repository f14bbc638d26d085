//! `GET /api/v1/export/cells` and `/api/v1/export/events`: everything out of a running server, for admins: what the
//! views hold, byte for byte as a fresh fold of the log would write it, and the log itself as an archive; both as tables in
//! Parquet too.

use crate::door::problem::Problem;
use crate::files;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use joinedup_application::app::App;
use joinedup_application::charts;
use joinedup_application::columnar;
use joinedup_log::{Position, ReadError, archive};
use serde::Deserialize;
use std::io::{self, BufWriter, Write};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Pieces of an archive that wait for a slow client; more of it is not read from the log until one is taken.
const MAX_PIECES: usize = 4;
/// Bytes in a piece.
const PIECE: usize = 256 << 10;

/// The title of the refusal to continue an archive.
const OTHER_LOG: &str = "The log does not go on from there";

/// From where an archive goes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct From {
    after: u64,
    /// The hash of the last line of the archive that this one continues.
    continues: Option<String>,
    /// The hash of the line before that one: with it the log is held against that archive.
    prev: Option<String>,
}

/// From where a table of facts goes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct After {
    after: u64,
}

/// The cells of the views in use.
pub async fn cells(State(app): State<App>) -> Result<Response, Problem> {
    let views = charts::views(&app)?.clone();
    let export = move || views.read(|view| view.cells().export());
    let text = app.turns.work(export).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// The same cells as Parquet.
pub async fn cells_as_parquet(State(app): State<App>) -> Result<Response, Problem> {
    columnar::built()?;
    let views = charts::views(&app)?.clone();
    let written = app.turns.work(move || {
        let mut file = Vec::new();
        views.read(|view| columnar::cells(view, Utc::now(), &mut file))?;
        Ok::<_, columnar::TableError>(file)
    });
    let file = written.await??;
    Ok(files::parquet(Body::from(file)))
}

/// The facts of the events after a position as Parquet. A file that breaks off has no end, and no reader takes it.
pub async fn facts_as_parquet(
    State(app): State<App>,
    after: Result<Query<After>, QueryRejection>,
) -> Result<Response, Problem> {
    columnar::built()?;
    let Query(After { after }) =
        after.map_err(|_| Problem::bad_request("The parameter is `after`, a position"))?;
    let (log, runtime) = (app.log.clone(), Handle::current());
    let body = streamed(move |writer| {
        let written = runtime.block_on(columnar::facts(&*log, Position(after), writer));
        written.map(|_| ()).map_err(io::Error::other)
    });
    Ok(files::parquet(body))
}

/// The events after a position, as an archive with a hash chain. An archive that breaks off is not whole, and the
/// connection ends without its proper end.
pub async fn events(
    State(app): State<App>,
    from: Result<Query<From>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(from) = from.map_err(|_| {
        Problem::bad_request(
            "The parameters are `after`, a position, `continues`, the hash of the last line of an archive, and `prev`, that of the \
             line before",
        )
    })?;
    let mut hashes = from.continues.iter().chain(&from.prev);
    if !hashes.all(|hash| archive::is_hash(hash)) {
        return Err(Problem::bad_request(
            "`continues` must be the hash of the last line of an archive, and `prev` that of the line before: 64 digits and \
             letters from a to f",
        ));
    }
    let (after, prev) = (Position(from.after), from.prev);
    let end = from.continues.map(|hash| archive::End { hash, prev });
    // Before the answer begins, so that the refusal is one.
    let refused = |error: ReadError| match error {
        // Asked again, it would say the same.
        ReadError::Broken(_) => Problem::new(StatusCode::CONFLICT, OTHER_LOG, error.to_string()),
        ReadError::Away(_) => Problem::unavailable(error.to_string()),
    };
    archive::goes_on(&*app.log, after, end.as_ref())
        .await
        .map_err(refused)?;
    let identity = app.log.identity().await.map_err(refused)?.0;
    let runtime = Handle::current();
    let body = streamed(move |writer| {
        let exported =
            runtime.block_on(archive::export_from(&*app.log, writer, after, end.as_ref()));
        exported.map_err(io::Error::other)?;
        if end.is_some() {
            let now = app.now().timestamp();
            app.archive_continued.store(now, Ordering::Relaxed);
        }
        Ok(())
    });
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/x-ndjson"),
        (archive::OF_LOG, identity.as_str()),
    ];
    Ok((headers, body).into_response())
}

/// A body that is written while it is sent, no faster than the client takes it.
fn streamed(
    write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()> + Send + 'static,
) -> Body {
    let (pieces, written) = sync_channel::<io::Result<Bytes>>(MAX_PIECES);
    let (send, mut taken) = mpsc::channel::<io::Result<Bytes>>(MAX_PIECES);
    tokio::task::spawn_blocking(move || {
        let mut writer = BufWriter::with_capacity(PIECE, Pieces(pieces.clone()));
        let outcome = write(&mut writer).and_then(|()| writer.flush());
        if let Err(error) = outcome {
            // A client that left needs to be told nothing.
            let _ = pieces.send(Err(error));
        }
    });
    // The writer blocks while the client is slow, and may not do so on a channel of the runtime it runs in.
    tokio::task::spawn_blocking(move || {
        for piece in written {
            if send.blocking_send(piece).is_err() {
                return;
            }
        }
    });
    Body::from_stream(futures::stream::poll_fn(move |context| {
        taken.poll_recv(context)
    }))
}

struct Pieces(SyncSender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .send(Ok(Bytes::copy_from_slice(bytes)))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
