//! `GET /api/v1/waiting`: who is waiting now, for operators.

use super::auth::Caller;
use super::problem::Problem;
use crate::app::App;
use crate::charts;
use crate::config::Role;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use chrono::NaiveDate;
use joinedup_events::Family;
use joinedup_views::waiting::{self, WaitingReferral, WaitingTransfer};
use serde::Serialize;
use std::collections::BTreeMap;

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub struct Waiting {
    /// The area asked for.
    pub area: String,
    /// When this was so.
    pub as_of: chrono::DateTime<chrono::Utc>,
    /// The date up to which every source of transfers here was heard; none: no source tells of them, and nobody waiting
    /// is then no count of nought.
    pub transfers_heard_until: Option<NaiveDate>,
    /// The same of referrals.
    pub referrals_heard_until: Option<NaiveDate>,
    /// People ready and not out, longest first.
    pub transfers: Vec<WaitingTransfer>,
    /// Referrals waiting for their first contact, overdue first.
    pub referrals: Vec<WaitingReferral>,
    /// People by reason.
    pub by_reason: BTreeMap<String, usize>,
    /// People by whose move it is.
    pub by_responsible: BTreeMap<String, usize>,
}

/// Answers for an area.
///
/// # Errors
/// 404 for an area that is not registered.
pub fn board(app: &App, area: &str) -> Result<Waiting, Problem> {
    let area = charts::area(app, area)?;
    let within = app.definitions.areas.within(&area);
    let now = app.now();
    let (transfers, referrals, heard) = charts::views(app)?.read(|view| {
        let heard = |family| view.heard_until(family, &within);
        (
            waiting::transfers(view, &within, now),
            waiting::referrals(view, &within, now),
            (heard(Family::Transfer), heard(Family::Referral)),
        )
    });
    let count = |key: fn(&WaitingTransfer) -> &str| {
        transfers.iter().fold(
            BTreeMap::new(),
            |mut counts: BTreeMap<String, usize>, row| {
                *counts.entry(key(row).to_owned()).or_default() += 1;
                counts
            },
        )
    };
    let by_reason = count(|row| row.reason_title.unwrap_or("No reason given"));
    let by_responsible = count(|row| row.responsible);
    Ok(Waiting {
        area: area.to_string(),
        as_of: now,
        transfers_heard_until: heard.0,
        referrals_heard_until: heard.1,
        transfers,
        referrals,
        by_reason,
        by_responsible,
    })
}

/// The board as JSON.
pub async fn waiting(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(parameters): Query<BTreeMap<String, String>>,
) -> Result<Json<Waiting>, Problem> {
    caller.must(Role::Operator)?;
    let area = parameters
        .get("area")
        .cloned()
        .unwrap_or_else(|| app.config.home_area.clone());
    board(&app, &area).map(Json)
}
