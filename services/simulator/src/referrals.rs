//! Referrals: who is referred for what, day by day, and the team meetings that they wait for.

use super::Scenario;
use super::changes::Plan;
use super::county::County;
use super::pen::{Pen, at_hour};
use super::referral_paths::{crisis, reablement, team};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc, Weekday};
use joinedup_events::{AreaId, EntityId, Event};

/// Referrals a day in the county at scale 1: to the teams, to crisis response, to reablement.
const A_DAY: [f64; 3] = [1.8, 1.9, 0.8];

/// A closed referral whose person may be referred again.
pub(super) struct ClosedCase {
    pub(super) home: AreaId,
    pub(super) at: DateTime<Utc>,
    pub(super) referral: EntityId,
}

/// When a locality's team meets.
pub(super) struct Meetings {
    weekday: Weekday,
    odd_weeks: bool,
    /// From here on twice a week.
    twice_from: Option<NaiveDate>,
}

impl Meetings {
    fn of(locality: usize, plan: &Plan) -> Self {
        let weekdays = [Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Mon];
        Self {
            weekday: weekdays[locality % 4],
            odd_weeks: locality % 2 == 1,
            twice_from: (locality == plan.twice_weekly.locality).then_some(plan.twice_weekly.from),
        }
    }

    fn is_on(&self, day: NaiveDate) -> bool {
        if self.twice_from.is_some_and(|from| day >= from) {
            return matches!(day.weekday(), Weekday::Tue | Weekday::Fri);
        }
        // Weeks are counted from a fixed day: ISO week numbers would meet twice running at the end of a year of 53.
        let weeks = (day - NaiveDate::default()).num_days().div_euclid(7);
        day.weekday() == self.weekday && (weeks.rem_euclid(2) == 1) == self.odd_weeks
    }

    /// The first meeting on or after a day.
    pub(super) fn next(&self, day: NaiveDate) -> NaiveDate {
        day.iter_days()
            .take(21)
            .find(|d| self.is_on(*d))
            .unwrap_or(day)
    }
}

/// All stories of referrals received between the start and the end.
pub(super) fn stories(
    scenario: &Scenario,
    county: &County,
    plan: &Plan,
    mut pen: Pen,
) -> Vec<Event> {
    let people: Vec<(usize, f64)> = county
        .localities
        .iter()
        .enumerate()
        .map(|(i, l)| (i, l.aged_65.sqrt()))
        .collect();
    let meetings: Vec<Meetings> = (0..county.localities.len())
        .map(|i| Meetings::of(i, plan))
        .collect();
    let mut closed: Vec<ClosedCase> = Vec::new();
    for day in scenario.days(0) {
        let weekend = joinedup_events::local::is_weekend(day);
        closed.retain(|c| day - c.at.date_naive() < TimeDelta::days(90));
        for (service, a_day) in A_DAY.iter().enumerate() {
            let rhythm = match (service, weekend) {
                (1, true) => 0.9,
                (1, false) => 1.04,
                (_, true) => 0.15,
                (_, false) => 1.34,
            };
            for _ in 0..pen.dice.poisson(a_day * scenario.scale * rhythm) {
                let locality = pen.dice.weighted(&people);
                let home = pen.dice.pick(&county.localities[locality].homes).clone();
                let out_of_hours = service == 1 && pen.dice.chance(0.22);
                let hour = if out_of_hours {
                    pen.dice.range(18.0, 23.5)
                } else {
                    pen.dice.range(8.0, 18.0)
                };
                let at = at_hour(day, hour);
                let previous = if pen.dice.chance(0.1) {
                    closed
                        .iter()
                        .position(|c| c.home == home && c.at < at)
                        .map(|i| closed.swap_remove(i).referral)
                } else {
                    None
                };
                let system = if service == 0 { "mdt" } else { "community" };
                let about = pen.subject(&county.local_source(locality, system), &home);
                let done = match service {
                    0 => team(&mut pen, &about, at, previous, &meetings[locality]),
                    1 => crisis(&mut pen, &about, at, previous),
                    _ => reablement(&mut pen, &about, at, previous),
                };
                if let Some(at) = done {
                    closed.push(ClosedCase {
                        home,
                        at,
                        referral: about.entity,
                    });
                }
            }
        }
    }
    pen.events
}
