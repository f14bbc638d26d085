//! A simulated county: a seeded generator of the events that its services would publish.
//!
//! The same scenario over the same register of areas gives the same events, byte for byte, on every machine: the
//! only source of chance is a seeded generator, and what is *now* is an argument ([`Scenario::end`]).
//!
//! What it imitates, and from where: delay bands and the share of people delayed follow the published Discharge
//! Ready Date figures; the weekly rhythm of discharges (Fridays high, Sundays low), the share out before 17:00
//! and the mix of delay reasons follow the acute discharge situation reports; waits for social care follow
//! councils' own returns. Nothing in it is about a person: every transfer, referral and answer is made up.
//!
//! One locality differs on purpose. The published median counts people who did not wait at all, so in a place where
//! one person in seven waits it stays at zero whatever is done. The locality where the trusted-assessor change is
//! tried is therefore a place where most people wait, and the change there brings the median down for the eye to see.

mod assessments;
mod changes;
mod county;
mod delays;
mod dice;
mod experience;
mod load;
mod observations;
mod pen;
mod people;
mod plans;
mod referral_paths;
mod referrals;
mod transfers;
mod trickle;

#[cfg(test)]
mod tests;

pub use load::{Load, load};
pub use trickle::Trickle;

use changes::Plan;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc};
use county::County;
use dice::Dice;
use joinedup_events::id::IdError;
use joinedup_events::{AreaId, Areas, Event, local};
use pen::Pen;
use std::cmp::Ordering;

/// The code of the invented county.
pub const COUNTY: &str = "havenshire";
/// How long before the end the silent source stops publishing, in days.
pub const SILENT_DAYS: i64 = 9;

/// Share of events that are published twice.
const DUPLICATES: f64 = 0.01;

/// What to simulate.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The seed of all chance.
    pub seed: u64,
    /// The first local date on which anybody leaves hospital or is referred. Admissions of people who leave soon
    /// after lie some days before it.
    pub start: NaiveDate,
    /// Now: nothing is recorded after this instant.
    pub end: DateTime<Utc>,
    /// How much goes on: 1.0 is about 3,000 events a month, most of them transfers and referrals.
    pub scale: f64,
    /// The county, as an area of the register with localities within it.
    pub county: AreaId,
    /// The trust, as an area of the register with hospitals within it.
    pub trust: AreaId,
    /// How many days after the end are simulated as well. What happens until the end is the same whatever this is.
    ahead: u64,
}

/// Why a scenario cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The register has no such county, or nothing to live in within it.
    #[error(
        "the register of areas has no county `{0}` with localities in it; add them, or name another county"
    )]
    NoCounty(AreaId),
    /// The register has no such trust, or no hospitals in it.
    #[error(
        "the register of areas has no trust `{0}` with hospitals in it; add them, or name another trust"
    )]
    NoTrust(AreaId),
    /// The times make no span.
    #[error(
        "the scenario starts on {start}, which is not before its end, {end}; choose an earlier start"
    )]
    Empty {
        /// The start.
        start: NaiveDate,
        /// The end.
        end: DateTime<Utc>,
    },
    /// The scale is not a sensible number.
    #[error("the scale must be more than 0 and at most 1000")]
    Scale,
    /// There is nothing to spread a load over.
    #[error("a load needs at least one area")]
    NoAreas,
}

impl Scenario {
    /// Eighteen months of the built-in county up to `end`, at scale 1.
    ///
    /// # Errors
    /// Never in practice: the built-in names are sound names, as a test holds.
    pub fn ending(seed: u64, end: DateTime<Utc>) -> Result<Self, IdError> {
        Ok(Self {
            seed,
            start: Self::start_of(18, end),
            end,
            scale: 1.0,
            county: AreaId::new(COUNTY)?,
            trust: AreaId::new("hv-trust")?,
            ahead: 0,
        })
    }

    /// The same scenario over another number of months before its end.
    #[must_use]
    pub fn months(mut self, months: u32) -> Self {
        self.start = Self::start_of(months, self.end);
        self
    }

    /// The same scenario with more or less going on.
    #[must_use]
    pub fn scaled(mut self, scale: f64) -> Self {
        self.scale = scale;
        self
    }

    fn start_of(months: u32, end: DateTime<Utc>) -> NaiveDate {
        let day = local::date(end);
        let first = day.with_day(1).unwrap_or(day);
        first
            .checked_sub_months(Months::new(months))
            .unwrap_or(first)
    }

    fn last_day(&self) -> NaiveDate {
        local::date(self.end)
    }

    fn check(&self) -> Result<(), SimulateError> {
        if self.start >= self.last_day() {
            return Err(SimulateError::Empty {
                start: self.start,
                end: self.end,
            });
        }
        if !(self.scale > 0.0 && self.scale <= 1000.0) {
            return Err(SimulateError::Scale);
        }
        Ok(())
    }

    /// The last local date that is simulated.
    fn last_simulated(&self) -> NaiveDate {
        self.last_day() + Days::new(self.ahead)
    }

    /// Every local date from `start` to the last that is simulated, and `beyond` days more.
    fn days(&self, beyond: u64) -> impl Iterator<Item = NaiveDate> + use<> {
        let last = self.last_simulated() + Days::new(beyond);
        self.start.iter_days().take_while(move |day| *day <= last)
    }
}

/// All that was published in the county until the scenario's end, in the order of publication (`recorded_at`),
/// with its dirt: late, corrected, retracted and repeated events, and a source that fell silent.
///
/// # Errors
/// When the register lacks the county or the trust, or the scenario makes no sense.
pub fn history(scenario: &Scenario, areas: &Areas) -> Result<Vec<Event>, SimulateError> {
    scenario.check()?;
    let mut events = all_events(scenario, &County::of(scenario, areas)?);
    events.retain(|event| event.recorded_at <= scenario.end);
    let mut dice = Dice::new(scenario.seed, 7);
    let again: Vec<Event> = events
        .iter()
        .filter(|_| dice.chance(DUPLICATES))
        .cloned()
        .collect();
    events.extend(again);
    events.sort_by(published);
    Ok(events)
}

/// All that was and will be published, each event once, in no order. What lies before the scenario's end does not depend on
/// how many days after it are simulated: each family draws day by day.
fn all_events(scenario: &Scenario, county: &County) -> Vec<Event> {
    let plan = Plan::of(scenario, county);
    let pen = |stream| Pen::new(Dice::new(scenario.seed, stream));
    let mut events = Vec::new();
    events.extend(transfers::stories(scenario, county, &plan, pen(1)));
    events.extend(referrals::stories(scenario, county, &plan, pen(2)));
    events.extend(assessments::rounds(scenario, county, pen(3)));
    events.extend(experience::answers(scenario, county, pen(4)));
    events.extend(changes::cycles(county, &plan, pen(5)));
    events.extend(observations::series(scenario, county, pen(6)));
    events.extend(plans::stories(scenario, county, pen(8)));
    let silent = county.silent_source();
    let silent_from = scenario.end - TimeDelta::days(SILENT_DAYS);
    events.retain(|event| event.source != silent || event.recorded_at <= silent_from);
    events
}

/// The order of publication.
fn published(a: &Event, b: &Event) -> Ordering {
    (a.recorded_at, &a.source, &a.id).cmp(&(b.recorded_at, &b.source, &b.id))
}
