//! Who waits now, as numbers: by pathway, area and whether the target is passed. Where a source reports on an area, the
//! series of all its pathways are there, so that nobody waiting is a zero and never a gap; where none does, nobody knows who
//! waits, and there is no zero, as on pages.

use super::names;
use super::sample::{Samples, seconds};
use chrono::{DateTime, TimeDelta, Utc};
use joinedup_application::places::answering;
use joinedup_events::{AreaId, Areas, Family, local};
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
/// Referrals began at an instant that belongs to one person; it is rounded to the quarter of an hour.
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

/// Adds the waits of areas; `is_reported` says whether a source reports on a family in some areas.
pub fn add(
    samples: &mut Samples,
    register: &Areas,
    areas: &[AreaId],
    (transfers, referrals): (&[WaitingTransfer], &[WaitingReferral]),
    is_reported: impl Fn(Family, &BTreeSet<AreaId>) -> bool,
    now: DateTime<Utc>,
) {
    for (pathway, target, waits_for) in PATHWAYS {
        samples.add(&names::PATHWAY_INFO, &[pathway, waits_for], 1.0);
        if let Some(target) = target {
            samples.add(&names::WAIT_TARGET, &[pathway], target);
        }
    }
    let waits = waits(transfers, referrals, now);
    let mut overdue = overdue(register, &waits);
    for area in areas {
        let within = register.within(area);
        let mut reported = vec![Family::Transfer, Family::Referral];
        reported.retain(|family| is_reported(*family, &within));
        let pathways: Vec<&str> = PATHWAYS
            .iter()
            .map(|(pathway, _, _)| *pathway)
            .filter(|pathway| reported.contains(&family(pathway)))
            .collect();
        let inside = |wait: &&Wait<'_>| {
            within.contains(wait.area) || wait.hospital.is_some_and(|h| within.contains(h))
        };
        add_area(samples, area, &pathways, waits.iter().filter(inside));
        let over = overdue.remove(area.as_str()).unwrap_or_default();
        add_overdue(samples, area, &pathways, &over, now);
        add_delays(samples, area, transfers, &within);
    }
}

/// What a wait on a pathway is reported with.
fn family(pathway: &str) -> Family {
    if pathway.starts_with("discharge-") {
        Family::Transfer
    } else {
        Family::Referral
    }
}

/// Those past their time, each in the area that answers for their home.
fn overdue<'a, 'w>(
    register: &'a Areas,
    waits: &'a [Wait<'w>],
) -> BTreeMap<&'a str, Vec<&'a Wait<'w>>> {
    let mut by_area: BTreeMap<&str, Vec<&Wait<'_>>> = BTreeMap::new();
    for wait in waits.iter().filter(|wait| wait.state == OVER_TARGET) {
        let area = answering(register, wait.area);
        by_area.entry(area).or_default().push(wait);
    }
    by_area
}

/// Those of less than a day apart from the others, so that no alert counts who is in another.
fn add_overdue(
    samples: &mut Samples,
    area: &AreaId,
    pathways: &[&str],
    over: &[&Wait<'_>],
    now: DateTime<Utc>,
) {
    for (age, is_old) in [("under_a_day", false), ("a_day_or_more", true)] {
        let of_age = |wait: &&&Wait<'_>| (seconds(now) - wait.since >= DAY) == is_old;
        let (counts, spans) = counted(pathways, over.iter().filter(of_age).copied());
        for (pathway, counts) in counts {
            let count = f64::from(counts[OVER_TARGET]);
            samples.add(&names::OVERDUE, &[pathway, area.as_str(), age], count);
        }
        for (pathway, (oldest, newest)) in spans {
            let labels = [pathway, area.as_str(), age];
            samples.add(&names::OVERDUE_OLDEST, &labels, oldest);
            samples.add(&names::OVERDUE_NEWEST, &labels, newest);
        }
    }
}

/// How many wait on each pathway, by state, and since when the first and the last of them: on those given also where nobody
/// waits.
fn counted<'a, 'w: 'a>(
    pathways: &[&'a str],
    waits: impl IntoIterator<Item = &'a Wait<'w>>,
) -> (BTreeMap<&'a str, [u32; 3]>, BTreeMap<&'a str, (f64, f64)>) {
    let mut counts: BTreeMap<&str, [u32; 3]> =
        pathways.iter().map(|pathway| (*pathway, [0; 3])).collect();
    let mut spans: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for wait in waits {
        counts.entry(&wait.pathway).or_default()[wait.state] += 1;
        let span = spans.entry(&wait.pathway);
        let (first, last) = span.or_insert((wait.since, wait.since));
        (*first, *last) = (first.min(wait.since), last.max(wait.since));
    }
    (counts, spans)
}

fn add_area<'a, 'w: 'a>(
    samples: &mut Samples,
    area: &AreaId,
    pathways: &[&'a str],
    waits: impl Iterator<Item = &'a Wait<'w>>,
) {
    let (counts, spans) = counted(pathways, waits);
    for (pathway, counts) in counts {
        for (state, count) in STATES.iter().zip(counts) {
            samples.add(
                &names::WAITS,
                &[pathway, area.as_str(), state],
                f64::from(count),
            );
        }
    }
    for (pathway, (oldest, _)) in spans {
        samples.add(&names::OLDEST, &[pathway, area.as_str()], oldest);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waiting_is_a_zero_only_where_a_source_reports() {
        let register = Areas::built_in().unwrap();
        let [trust, city] = ["RAJ", "E06000033"].map(|id| AreaId::new(id).unwrap());
        let is_reported = |family, within: &BTreeSet<AreaId>| {
            family == Family::Transfer && within.contains(&trust)
        };
        let mut samples = Samples::default();
        let areas = [trust.clone(), city];
        let now = DateTime::UNIX_EPOCH;
        add(
            &mut samples,
            &register,
            &areas,
            (&[], &[]),
            is_reported,
            now,
        );
        for metric in [&names::WAITS, &names::OVERDUE] {
            let shown = samples.0.iter().filter(|s| s.metric.name == metric.name);
            let shown: BTreeSet<(&str, &str)> = shown
                .map(|s| (s.labels[1].as_str(), s.labels[0].split_once('-').unwrap().0))
                .collect();
            assert_eq!(shown, BTreeSet::from([("RAJ", "discharge")]));
        }
    }
    #[test]
    fn who_waits_for_less_than_a_day_is_counted_apart() {
        let area = AreaId::new("RAJ").unwrap();
        let now = DateTime::from_timestamp(100 * 86_400, 0).unwrap();
        let waits: Vec<Wait<'_>> = [35.0 * DAY, 2.0 * DAY, DAY, 3.0 * 3_600.0]
            .map(|ago| Wait {
                area: &area,
                hospital: None,
                pathway: "referral-crisis-response".to_owned(),
                state: OVER_TARGET,
                since: seconds(now) - ago,
            })
            .into();
        let mut samples = Samples::default();
        let over: Vec<&Wait<'_>> = waits.iter().collect();
        add_overdue(&mut samples, &area, &["referral-mdt"], &over, now);
        let of = |metric: &names::Metric, age: &str| {
            let of_metric = samples.0.iter().filter(|s| s.metric.name == metric.name);
            let of_age = of_metric.filter(|s| s.labels[0].ends_with("response"));
            of_age
                .filter(|s| s.labels[2] == age)
                .map(|s| s.value)
                .sum::<f64>()
        };
        for (age, count, oldest, newest) in [
            ("under_a_day", 1.0, 3.0 * 3_600.0, 3.0 * 3_600.0),
            ("a_day_or_more", 3.0, 35.0 * DAY, DAY),
        ] {
            assert_eq!(of(&names::OVERDUE, age), count);
            assert_eq!(seconds(now) - of(&names::OVERDUE_OLDEST, age), oldest);
            assert_eq!(seconds(now) - of(&names::OVERDUE_NEWEST, age), newest);
        }
    }
}
