//! Who is waiting now, person by person, for those who work with them.

pub mod facets;

use crate::app::App;
use crate::charts::{self, QuestionError};
use chrono::{DateTime, Days, NaiveDate, Utc};
use joinedup_events::{AreaId, Family, local};
use joinedup_views::waiting::{self, WaitingReferral, WaitingTransfer};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Who is waiting in an area now.
///
/// When `only` is set, the reader is bound to areas: people of others are neither listed nor counted.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Waiting {
    /// The area asked for.
    pub area: String,
    /// The areas within the one asked for whose people alone are listed, because the reader is bound to them; absent:
    /// everybody in `area`. Where it is empty the reader sees only who is in hospital there and is at home in an area of the reader's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<BTreeSet<AreaId>>,
    /// Up to when everything that was recorded counts here.
    pub as_of: DateTime<Utc>,
    /// When it was asked.
    #[serde(skip)]
    now: DateTime<Utc>,
    /// The date up to which every source of transfers here has reported; none: no source reports on them, and nobody waiting
    /// is then not a count of zero.
    pub transfers_reported_until: Option<NaiveDate>,
    /// The same of referrals.
    pub referrals_reported_until: Option<NaiveDate>,
    /// People ready and not out, longest first.
    pub transfers: Vec<WaitingTransfer>,
    /// Referrals waiting for their first contact, overdue first.
    pub referrals: Vec<WaitingReferral>,
    /// People by reason.
    pub by_reason: BTreeMap<String, usize>,
    /// People by whose move it is.
    pub by_responsible: BTreeMap<String, usize>,
}

impl Waiting {
    /// The day to which the data on transfers are complete, where that is before yesterday: who left since then may still
    /// be listed, and who became ready since then may be missing.
    #[must_use]
    pub fn transfers_stop(&self) -> Option<NaiveDate> {
        self.stop(self.transfers_reported_until)
    }

    /// The same of referrals.
    #[must_use]
    pub fn referrals_stop(&self) -> Option<NaiveDate> {
        self.stop(self.referrals_reported_until)
    }

    /// Whether the reader sees nothing here: nobody listed is then not nobody waiting, whoever reports.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let none = self.only.as_ref().is_some_and(BTreeSet::is_empty);
        none && self.transfers.is_empty() && self.referrals.is_empty()
    }

    fn stop(&self, until: Option<NaiveDate>) -> Option<NaiveDate> {
        let today = local::date(self.now);
        until.filter(|until| *until + Days::new(1) < today)
    }
}

/// Answers for an area: for everybody in it, or for those only who live or lie in the areas that the reader is bound to.
///
/// # Errors
/// 404 for an area that is not registered.
pub fn board(
    app: &App,
    area: &str,
    only: Option<&BTreeSet<AreaId>>,
) -> Result<Waiting, QuestionError> {
    let area = charts::area(app, area)?;
    let within = app.definitions.areas.within(&area);
    let now = app.now();
    // What is bound by nothing more than the areas within one's own is the whole.
    let only = only.filter(|only| !within.is_subset(only));
    // Whoever sees some of the people sees the sources of those.
    let own: Option<BTreeSet<AreaId>> =
        only.map(|only| within.intersection(only).cloned().collect());
    let seen = own.as_ref().unwrap_or(&within);
    let (as_of, mut transfers, mut referrals, reported_until) = charts::views(app)?.read(|view| {
        let set = &app.definitions.expectations;
        let reported_until = |family| {
            view.summary()
                .reported_until(family, seen, set)
                .map(local::date)
        };
        (
            view.as_of().unwrap_or(now),
            waiting::transfers(view, &within, now),
            waiting::referrals(view, &within, now),
            (
                reported_until(Family::Transfer),
                reported_until(Family::Referral),
            ),
        )
    });
    if let Some(only) = only {
        let is_in = |area: &AreaId| only.contains(area);
        transfers.retain(|t| is_in(&t.area) || t.hospital.as_ref().is_some_and(is_in));
        referrals.retain(|r| is_in(&r.area));
    }
    let count = |key: fn(&WaitingTransfer) -> &str| {
        transfers.iter().fold(
            BTreeMap::new(),
            |mut counts: BTreeMap<String, usize>, row| {
                *counts.entry(key(row).to_owned()).or_default() += 1;
                counts
            },
        )
    };
    let by_reason = count(|row| row.reason_title.unwrap_or("No reason recorded"));
    let by_responsible = count(|row| row.responsible);
    Ok(Waiting {
        area: area.to_string(),
        only: own,
        as_of,
        now,
        transfers_reported_until: reported_until.0,
        referrals_reported_until: reported_until.1,
        transfers,
        referrals,
        by_reason,
        by_responsible,
    })
}
