//! Who waits now, as numbers: by pathway, area and whether the target is passed. The series of a pathway and an area
//! are always all there, so that nobody waiting is a zero and never a gap.

use super::names;
use super::sample::{Samples, seconds};
use chrono::{DateTime, TimeDelta, Utc};
use joinedup_application::places::answering;
use joinedup_events::{AreaId, Areas, local};
use joinedup_views::waiting::{WaitingReferral, WaitingTransfer};
use std::collections::{BTreeMap, BTreeSet};

/// A way out of a wait, how long the wait may be, in seconds, and what is waited for.
const PATHWAYS: [(&str, Option<f64>, &str); 8] = [
    ("discharge-0", Some(DAY), "home, no new support"),
    ("discharge-1", Some(DAY), "home with support"),
    ("discharge-2", Some(DAY), "a short-term bed"),
    ("discharge-3", Some(DAY), "a care home place"),
    (
        "discharge-undecided",
        Some(DAY),
        "a decision on the way out",
    ),
    (
        "referral-crisis-response",
        Some(2.0 * 3_600.0),
        "crisis response within two hours",
    ),
    (
        "referral-reablement",
        Some(2.0 * DAY),
        "reablement within two days",
    ),
    ("referral-mdt", None, "the multidisciplinary team"),
];
const DAY: f64 = 86_400.0;
/// The states of a wait.
const STATES: [&str; 3] = ["within_target", "over_target", "no_target"];
/// The place of those past their target among the states.
const OVER_TARGET: usize = 1;
/// Referrals began at an instant that belongs to one person; it is told to the quarter of an hour.
const QUARTER: i64 = 900;

/// One wait.
struct Wait<'a> {
    area: &'a AreaId,
    hospital: Option<&'a AreaId>,
    pathway: String,
    state: usize,
    since: f64,
}

fn waits<'a>(
    transfers: &'a [WaitingTransfer],
    referrals: &'a [WaitingReferral],
    now: DateTime<Utc>,
) -> Vec<Wait<'a>> {
    let transfers = transfers.iter().map(|row| Wait {
        area: &row.area,
        hospital: row.hospital.as_ref(),
        pathway: format!("discharge-{}", row.pathway.unwrap_or("undecided")),
        state: usize::from(row.days >= 1),
        since: seconds(local::midnight(row.since)),
    });
    let referrals = referrals.iter().map(move |row| {
        let begun = row.since - TimeDelta::seconds(row.since.timestamp().rem_euclid(QUARTER));
        Wait {
            area: &row.area,
            hospital: None,
            pathway: format!("referral-{}", row.service),
            state: match row.due {
                None => 2,
                Some(due) => usize::from(due < now),
            },
            since: begun.timestamp() as f64,
        }
    });
    transfers.chain(referrals).collect()
}

/// Adds the waits of areas.
pub fn add(
    samples: &mut Samples,
    register: &Areas,
    areas: &[AreaId],
    (transfers, referrals): (&[WaitingTransfer], &[WaitingReferral]),
    now: DateTime<Utc>,
) {
    for (pathway, target, waits_for) in PATHWAYS {
        samples.add(&names::PATHWAY_INFO, &[pathway, waits_for], 1.0);
        if let Some(target) = target {
            samples.add(&names::WAIT_TARGET, &[pathway], target);
        }
    }
    let waits = waits(transfers, referrals, now);
    for area in areas {
        let within = register.within(area);
        let inside = |wait: &&Wait<'_>| {
            within.contains(wait.area) || wait.hospital.is_some_and(|h| within.contains(h))
        };
        add_area(samples, area, waits.iter().filter(inside));
        add_delays(samples, area, transfers, &within);
    }
    add_overdue(samples, register, areas, &waits);
}

/// Adds those past their time, each in the area that answers for their home; only in areas that are shown at all.
fn add_overdue(samples: &mut Samples, register: &Areas, areas: &[AreaId], waits: &[Wait<'_>]) {
    let mut by_area: BTreeMap<&str, Vec<&Wait<'_>>> = BTreeMap::new();
    for wait in waits.iter().filter(|wait| wait.state == OVER_TARGET) {
        let area = answering(register, wait.area);
        by_area.entry(area).or_default().push(wait);
    }
    for area in areas.iter().map(AreaId::as_str) {
        let (counts, oldest) = counted(by_area.remove(area).unwrap_or_default());
        for (pathway, counts) in counts {
            let count = f64::from(counts[OVER_TARGET]);
            samples.add(&names::OVERDUE, &[pathway, area], count);
        }
        for (pathway, since) in oldest {
            samples.add(&names::OVERDUE_OLDEST, &[pathway, area], since);
        }
    }
}

/// How many wait on each pathway, by state, and since when the first of them.
fn counted<'a, 'w: 'a>(
    waits: impl IntoIterator<Item = &'a Wait<'w>>,
) -> (BTreeMap<&'a str, [u32; 3]>, BTreeMap<&'a str, f64>) {
    let mut counts: BTreeMap<&str, [u32; 3]> = PATHWAYS
        .iter()
        .map(|(pathway, _, _)| (*pathway, [0; 3]))
        .collect();
    let mut oldest: BTreeMap<&str, f64> = BTreeMap::new();
    for wait in waits {
        counts.entry(&wait.pathway).or_default()[wait.state] += 1;
        let first = oldest.entry(&wait.pathway).or_insert(wait.since);
        *first = first.min(wait.since);
    }
    (counts, oldest)
}

fn add_area<'a, 'w: 'a>(
    samples: &mut Samples,
    area: &AreaId,
    waits: impl Iterator<Item = &'a Wait<'w>>,
) {
    let (counts, oldest) = counted(waits);
    for (pathway, counts) in counts {
        for (state, count) in STATES.iter().zip(counts) {
            samples.add(
                &names::WAITS,
                &[pathway, area.as_str(), state],
                f64::from(count),
            );
        }
    }
    for (pathway, since) in oldest {
        samples.add(&names::OLDEST, &[pathway, area.as_str()], since);
    }
}

fn add_delays(
    samples: &mut Samples,
    area: &AreaId,
    transfers: &[WaitingTransfer],
    within: &BTreeSet<AreaId>,
) {
    let mut counts: BTreeMap<(&str, &str, &str), u32> = BTreeMap::new();
    let inside = |row: &&WaitingTransfer| {
        within.contains(&row.area) || row.hospital.as_ref().is_some_and(|h| within.contains(h))
    };
    for row in transfers.iter().filter(|row| row.days >= 1).filter(inside) {
        let reason = (
            row.reason.unwrap_or("none"),
            row.reason_title.unwrap_or("No reason recorded"),
        );
        *counts
            .entry((reason.0, reason.1, row.responsible))
            .or_default() += 1;
    }
    for ((reason, title, responsible), count) in counts {
        samples.add(
            &names::DELAYS,
            &[area.as_str(), reason, title, responsible],
            f64::from(count),
        );
    }
}
