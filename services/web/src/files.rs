//! What is taken elsewhere: tables as CSV and Parquet, and charts as drawings or pictures.

use crate::door::problem::Problem;
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};

/// A table as CSV: the titles of its columns, and its rows.
///
/// # Errors
/// 503 when it cannot be written.
pub fn csv<const N: usize>(
    titles: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Result<Response, Problem> {
    let failed = || Problem::unavailable("The file could not be written");
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(titles).map_err(|_| failed())?;
    for row in rows {
        writer.write_record(row).map_err(|_| failed())?;
    }
    let written = writer.into_inner().map_err(|_| failed())?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], written).into_response())
}

/// A table as Parquet.
#[must_use]
pub fn parquet(file: Body) -> Response {
    let head = [(header::CONTENT_TYPE, "application/vnd.apache.parquet")];
    (head, file).into_response()
}

/// A drawing as SVG, which may style itself and load nothing.
#[must_use]
pub fn svg(drawn: String) -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    let head = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (head, drawn).into_response()
}

/// A drawing as a picture. Takes a while: not for a thread that serves connections.
///
/// # Errors
/// 503 when it cannot be drawn.
pub fn png(drawn: &str) -> Result<Response, Problem> {
    let picture = joinedup_drawing::png::png(drawn);
    let picture = picture.map_err(|error| Problem::unavailable(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "image/png")], picture).into_response())
}
