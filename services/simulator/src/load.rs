//! A plain load for benchmarks: many transfers of four facts each, spread evenly, a little of it twice or late.

use super::SimulateError;
use super::dice::{Dice, hours, minutes};
use super::pen::{at_hour, slug};
use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};
use joinedup_events::reason::{Reason, Responsible};
use joinedup_events::transfer::{
    AdmissionMethod, Admitted, DelayReasonSet, DischargeMethod, Discharged, Ready,
    TransferFact as F,
};
use joinedup_events::{AreaId, EntityId, Event, Fact, local};
use std::collections::BTreeMap;

/// Share of events that come twice.
const TWICE: f64 = 0.03;
/// Share of events that come one to ten days late.
const LATE: f64 = 0.05;
/// At most so many areas are used.
const AREAS: usize = 12;

/// The events of a load, in the order of publication. Memory grows with the transfers open at one time, not with
/// their number.
pub struct Load {
    dice: Dice,
    areas: Vec<AreaId>,
    from: DateTime<Utc>,
    step: f64,
    transfers: usize,
    begun: usize,
    numbered: u64,
    waiting: BTreeMap<(DateTime<Utc>, u64), Event>,
    again: Option<Event>,
}

/// A load of `transfers` times four facts over `months` months from 2025-01-01, in up to twelve of the areas.
///
/// # Errors
/// When there is no area.
pub fn load(
    seed: u64,
    transfers: usize,
    areas: &[AreaId],
    months: u32,
) -> Result<Load, SimulateError> {
    if areas.is_empty() {
        return Err(SimulateError::NoAreas);
    }
    let first = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap_or_default();
    let last = first
        .checked_add_months(Months::new(months.max(1)))
        .unwrap_or(first);
    let seconds = (last - first).num_seconds() as f64;
    Ok(Load {
        dice: Dice::new(seed, 11),
        areas: areas.iter().take(AREAS).cloned().collect(),
        from: local::midnight(first),
        step: seconds / transfers.max(1) as f64,
        transfers,
        begun: 0,
        numbered: 0,
        waiting: BTreeMap::new(),
        again: None,
    })
}

impl Load {
    fn admission(&self, number: usize) -> DateTime<Utc> {
        self.from + TimeDelta::seconds((number as f64 * self.step) as i64)
    }

    fn begin(&mut self) {
        let admitted = self.admission(self.begun);
        self.begun += 1;
        let area = self.dice.pick(&self.areas).clone();
        let Ok(entity) = EntityId::try_from(self.dice.id()) else {
            return;
        };
        let ready_on = local::date(admitted) + TimeDelta::days(self.dice.between(1, 12));
        let wait = if self.dice.chance(0.4) {
            self.dice.exponential(4.0) as i64 + 1
        } else {
            0
        };
        let left_on = ready_on + TimeDelta::days(wait);
        let ready = at_hour(ready_on, self.dice.range(8.0, 11.0));
        let left = at_hour(left_on, self.dice.range(12.0, 20.0));
        let reason = *self.dice.pick(&[
            Reason::Cap1,
            Reason::Cap5,
            Reason::Cap7,
            Reason::Hp5,
            Reason::Cth1,
        ]);
        let facts = [
            (
                admitted,
                F::Admitted(Admitted {
                    hospital: None,
                    method: AdmissionMethod::Emergency,
                    previous: None,
                    population: None,
                }),
            ),
            (ready, F::Ready(Ready { date: ready_on })),
            (
                ready + minutes(20.0),
                F::DelayReasonSet(DelayReasonSet {
                    date: ready_on,
                    reason,
                    responsible: Responsible::Unattributed,
                }),
            ),
            (
                left,
                F::Discharged(Discharged {
                    method: DischargeMethod::Agreed,
                    destination: Some(slug("19")),
                    date_only: false,
                }),
            ),
        ];
        for (at, fact) in facts {
            let late = if self.dice.chance(LATE) {
                hours(self.dice.range(24.0, 240.0))
            } else {
                minutes(self.dice.unit() * 9.0)
            };
            let event = Event {
                source: "/havenshire/load".to_owned(),
                id: self.dice.id(),
                occurred_at: at,
                recorded_at: at + late,
                entity: entity.clone(),
                area: area.clone(),
                fact: Fact::Transfer(fact),
                actor: None,
            };
            self.numbered += 1;
            self.waiting
                .insert((event.recorded_at, self.numbered), event);
        }
    }
}

impl Iterator for Load {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.again.take() {
            return Some(event);
        }
        while self.begun < self.transfers {
            let due = self
                .waiting
                .first_key_value()
                .map(|((recorded, _), _)| *recorded);
            if due.is_some_and(|due| due < self.admission(self.begun)) {
                break;
            }
            self.begin();
        }
        let (_, event) = self.waiting.pop_first()?;
        if self.dice.chance(TWICE) {
            self.again = Some(event.clone());
        }
        Some(event)
    }
}
