//! Ratings of the logic model: proposed, moderated, published, with an ambition. And a slow reading of them.

use crate::story::{Dice, Stated, Story, within};
use chrono::NaiveDate;
use serde_json::{Value, json};

pub const ITEMS: [&str; 3] = [
    "co-timely-transfers",
    "en-local-context",
    "en-shared-records",
];
/// A locality with a neighbourhood that is rated too, one without, and the neighbourhood.
const RATED: [&str; 3] = ["havenshire-north", "havenshire-mid", "hv-north-1"];

/// Three rounds for every area and item; not all of them come to an end.
pub fn rounds(story: &mut Story, dice: &mut Dice) {
    for area in RATED {
        for item in ITEMS {
            let of = |mut data: Value| {
                data["area"] = json!(area);
                data["framework"] = json!("scie");
                data["item"] = json!(item);
                data
            };
            for round in 0..3_u64 {
                rate(story, dice, (area, item), round, &of);
            }
            if dice.roll(3) > 0 {
                let (day, level) = (dice.roll(70), 1 + dice.roll(5) as u8);
                let at = dice.hour(day);
                let data = json!({ "level": level, "by": "2027-03-31" });
                story.publish("assessment.ambition-set.v1", at, of(data));
                story.ambitions.push(Stated {
                    area,
                    item,
                    date: at.date_naive(),
                    level: Some(level),
                });
            }
        }
        // Another framework has levels of its own, which no measure of the logic model counts.
        let other = |mut data: Value| {
            data["area"] = json!(area);
            data["framework"] = json!("scirocco");
            data["item"] = json!("readiness-to-change");
            data["round"] = json!("r0");
            data
        };
        let day = dice.roll(20);
        let at = dice.hour(day);
        story.publish(
            "assessment.proposed.v1",
            at,
            other(json!({ "level": dice.roll(6) })),
        );
        story.publish(
            "assessment.confirmed.v1",
            at + chrono::TimeDelta::minutes(1),
            other(json!({})),
        );
    }
}

fn rate(
    story: &mut Story,
    dice: &mut Dice,
    (area, item): (&'static str, &'static str),
    round: u64,
    of: &impl Fn(Value) -> Value,
) {
    let named = |mut data: Value| {
        data["round"] = json!(format!("r{round}"));
        of(data)
    };
    let level = |dice: &mut Dice| (dice.roll(6) > 0).then(|| 1 + dice.roll(5) as u8);
    let day = round * 25;
    let proposed = level(dice);
    let at = dice.later(day, 5);
    story.publish(
        "assessment.proposed.v1",
        at,
        named(json!({ "level": proposed })),
    );
    let mut stands = proposed;
    if dice.roll(3) > 0 {
        stands = if dice.one_in(2) {
            proposed
        } else {
            level(dice)
        };
        let at = dice.later(day + 6, 5);
        story.publish(
            "assessment.moderated.v1",
            at,
            named(json!({ "from": proposed, "to": stands })),
        );
        let by = [("framework", "scie"), ("item", item)];
        story.met(
            "ra-moderated-share",
            area,
            at.date_naive(),
            stands != proposed,
            &by,
        );
    }
    if dice.roll(5) > 0 {
        let at = dice.later(day + 12, 8);
        story.publish("assessment.confirmed.v1", at, named(json!({})));
        story.published.push(Stated {
            area,
            item,
            date: at.date_naive(),
            level: stands,
        });
    }
}

/// What was published of an area's item, oldest first.
fn published<'a>(story: &'a Story, area: &str, item: &str) -> Vec<&'a Stated> {
    let of = |s: &&Stated| s.area == area && s.item == item;
    let mut found: Vec<&Stated> = story.published.iter().filter(of).collect();
    found.sort_by_key(|s| s.date);
    found
}

fn level_on(story: &Story, area: &str, item: &str, day: NaiveDate) -> Option<u8> {
    let found = published(story, area, item);
    found
        .into_iter()
        .rev()
        .find(|s| s.date <= day)
        .and_then(|s| s.level)
}

/// The number of a measure of ratings for a place and a period, for one item or all of them.
pub fn expected(
    story: &Story,
    measure: &str,
    place: &str,
    (first, last): (NaiveDate, NaiveDate),
    only: Option<&str>,
) -> Option<f64> {
    let items: Vec<&str> = ITEMS
        .into_iter()
        .filter(|i| only.is_none_or(|o| o == *i))
        .collect();
    let inside: Vec<&str> = RATED.into_iter().filter(|a| within(a, place)).collect();
    match measure {
        "ra-level-median" | "ra-worst-level" => {
            let ever = |area: &str| {
                let levels = |item: &str| {
                    published(story, area, item)
                        .iter()
                        .any(|s| s.level.is_some())
                };
                items.iter().any(|item| levels(item))
            };
            let below: &[&str] = match place {
                "havenshire" if ever("havenshire-north") => &["havenshire-north", "havenshire-mid"],
                "havenshire" => &["hv-north-1", "havenshire-mid"],
                "havenshire-north" if ever("hv-north-1") => &["hv-north-1"],
                other => &[other],
            };
            let mut levels: Vec<u8> = below
                .iter()
                .flat_map(|area| items.iter().map(move |item| (area, item)))
                .filter_map(|(area, item)| level_on(story, area, item, last))
                .collect();
            levels.sort_unstable();
            let rank = if measure == "ra-worst-level" {
                0
            } else {
                levels.len().saturating_sub(1) / 2
            };
            levels.get(rank).map(|level| f64::from(*level))
        }
        "ra-net-moves" => {
            let mut net = 0;
            for area in inside {
                for item in &items {
                    for pair in published(story, area, item).windows(2) {
                        if let (Some(from), Some(to)) = (pair[0].level, pair[1].level)
                            && (first..=last).contains(&pair[1].date)
                        {
                            net += (i32::from(to) - i32::from(from)).signum();
                        }
                    }
                }
            }
            Some(f64::from(net))
        }
        "ra-ambition-gap" => {
            let mut gaps = Vec::new();
            for area in inside {
                for item in &items {
                    let wanted = story
                        .ambitions
                        .iter()
                        .find(|a| a.area == area && a.item == *item && a.date <= last);
                    if let (Some(wanted), Some(level)) = (
                        wanted.and_then(|w| w.level),
                        level_on(story, area, item, last),
                    ) {
                        gaps.push(f64::from(wanted) - f64::from(level));
                    }
                }
            }
            (!gaps.is_empty()).then(|| gaps.iter().sum::<f64>() / gaps.len() as f64)
        }
        "ra-age-days" => {
            let mut ages = Vec::new();
            for area in inside {
                for item in &items {
                    let standing = published(story, area, item);
                    let latest = standing.iter().rev().find(|s| s.date <= last);
                    ages.extend(
                        latest
                            .filter(|s| s.level.is_some())
                            .map(|s| (last - s.date).num_days()),
                    );
                }
            }
            ages.into_iter().max().map(|days| days as f64)
        }
        other => panic!("{other}"),
    }
}
