//! `GET /api/v1/feeds`: how the feeds that this server runs are doing, for operators; those of their own areas when they are
//! bound to some.

use crate::door::auth::Caller;
use crate::door::problem::Problem;
use axum::extract::State;
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_application::config::Role;
use serde_json::{Value, json};

/// The feeds' states as JSON.
pub async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    caller.must(Role::Operator)?;
    let mut feeds = app.feeds.all();
    feeds.retain(|feed| match &feed.area {
        Some(area) => caller.covers(area),
        None => caller.areas().is_none(),
    });
    Ok(Json(json!({ "feeds": feeds })))
}
