//! Ratings as their facts stand, and how a larger area is rolled up from its parts.

use super::fixtures::*;
use super::*;
use crate::catalogue::Catalogue;
use joinedup_events::Areas;
use proptest::prelude::*;

const NORTH: &str = "havenshire-north";

fn round_in(area: &str, round: &str, year: &str, level: u8, to: u8) -> Vec<StoredFact> {
    let day = |m: &str| format!("{year}-{m}-01");
    vec![
        stored(area, &day("01"), &day("01"), proposed(round, Some(level))),
        stored(
            area,
            &day("02"),
            &day("02"),
            moderated(round, Some(level), Some(to)),
        ),
        stored(area, &day("03"), &day("03"), confirmed(round)),
    ]
}

#[test]
fn a_rating_tells_its_rounds_its_level_and_its_ambition() {
    let mut facts = round_in(NORTH, "2025", "2025", 3, 2);
    facts.push(stored(
        NORTH,
        "2025-03-05",
        "2025-03-05",
        ambition(4, "2026-03-31"),
    ));
    facts.push(stored(
        NORTH,
        "2025-04-05",
        "2025-04-05",
        noted("the team meets every second week"),
    ));
    facts.push(stored(
        NORTH,
        "2026-01-05",
        "2026-01-05",
        rated_by("2026", Some(4), Some("r1")),
    ));
    let rating = rating(&standing(facts)).unwrap();
    assert_eq!((rating.level, rating.gap), (Some(2), Some(2)));
    assert_eq!(rating.ambition.as_ref().unwrap().level, 4);
    assert_eq!(rating.notes.len(), 1);
    let stages: Vec<Stage> = rating.rounds.iter().map(|r| r.stage).collect();
    assert_eq!(stages, [Stage::Published, Stage::Rating]);
    assert_eq!(rating.rounds[0].proposed.as_ref().unwrap().level, Some(3));
    assert_eq!(rating.rounds[1].raters[0].rater.as_str(), "r1");
    assert_eq!(age_days(&rating, at("2025-03-31")), Some(30));
}

#[test]
fn rounds_are_in_the_order_in_which_they_began_whatever_their_names() {
    let mut facts = round_in("havenshire-north", "spring", "2025", 2, 2);
    facts.extend(round_in("havenshire-north", "autumn", "2024", 2, 2));
    let pilot = "2023-02-01T09:00:00Z";
    facts.push(stored(
        "havenshire-north",
        pilot,
        pilot,
        rated_by("pilot", Some(1), Some("r1")),
    ));
    let known = rating(&standing(facts)).unwrap();
    let rounds = [&known];
    assert_eq!(all_rounds(rounds), ["pilot", "autumn", "spring"].map(slug));
    assert_eq!(published_rounds(&[known]), ["autumn", "spring"].map(slug));
}

#[test]
fn of_two_proposals_the_one_recorded_last_stands_and_moderation_starts_from_it() {
    let facts = standing(vec![
        stored(NORTH, "2026-01-02", "2026-01-02", proposed("2026", Some(5))),
        stored(NORTH, "2026-01-01", "2026-01-09", proposed("2026", Some(3))),
        stored(
            NORTH,
            "2026-02-01",
            "2026-02-01",
            moderated("2026", None, Some(3)),
        ),
    ]);
    let rating = rating(&facts).unwrap();
    let round = &rating.rounds[0];
    assert_eq!(round.proposed.as_ref().unwrap().level, Some(3));
    // The moderation does not say where it started; the proposal does.
    assert_eq!(round.moderated.as_ref().unwrap().from, Some(3));
    assert_eq!(
        (round.stage, round.level, rating.level),
        (Stage::Moderated, Some(3), None)
    );
}

#[test]
fn a_moderation_after_publication_is_seen_and_waits() {
    let mut facts = round_in(NORTH, "2026", "2026", 3, 3);
    facts.push(stored(
        NORTH,
        "2026-03-20",
        "2026-03-20",
        moderated("2026", Some(3), Some(1)),
    ));
    let rating = rating(&facts).unwrap();
    let round = &rating.rounds[0];
    assert_eq!((round.stage, round.level), (Stage::Moderated, Some(1)));
    assert_eq!((round.published, rating.level), (Some(3), Some(3)));
    let before = "2026-02-28".parse().unwrap();
    assert_eq!(level_on(&facts, before), None);
}

#[test]
fn what_was_published_before_goes_on_having_been_published() {
    let on = |date: &str, fact| stored(NORTH, date, date, fact);
    let facts = standing(vec![
        on("2026-02-01", proposed("2026", Some(2))),
        on("2026-03-01", confirmed("2026")),
        on("2026-04-01", moderated("2026", Some(2), Some(3))),
        on("2026-05-01", confirmed("2026")),
        on("2027-02-01", proposed("2027", None)),
        on("2027-03-01", confirmed("2027")),
        on("2026-02-02", ambition(4, "2027-03-31")),
        on("2026-06-01", ambition(5, "2027-03-31")),
    ]);
    let history = rating(&facts).unwrap().history;
    let levels: Vec<(String, Option<u8>)> = history
        .published
        .iter()
        .map(|(date, level, round)| (format!("{date} {round}"), *level))
        .collect();
    let of = |round: &str, level| (round.to_owned(), level);
    assert_eq!(
        levels,
        [
            of("2026-03-01 2026", Some(2)),
            of("2026-05-01 2026", Some(3)),
            of("2027-03-01 2027", None)
        ]
    );
    let wanted: Vec<u8> = history.wanted.iter().map(|(_, level)| *level).collect();
    assert_eq!(wanted, [4, 5]);
}

#[test]
fn nothing_about_an_item_is_no_rating() {
    assert_eq!(rating(&[]), None);
}

fn county(levels: &[(&str, Option<u8>)]) -> Vec<Rating> {
    levels
        .iter()
        .map(|(area, level)| {
            let facts = match level {
                Some(level) => round_in(area, "2026", "2026", *level, *level),
                None => vec![stored(
                    area,
                    "2026-01-01",
                    "2026-01-01",
                    proposed("2026", Some(5)),
                )],
            };
            rating(&facts).unwrap()
        })
        .collect()
}

#[test]
fn a_county_takes_the_lower_median_and_shows_the_worst_and_the_spread() {
    let areas = Areas::built_in().unwrap();
    let whole = AreaId::new("havenshire").unwrap();
    let ratings = county(&[
        ("havenshire-north", Some(2)),
        ("havenshire-mid", Some(3)),
        ("havenshire-south", Some(4)),
        ("havenshire-west", Some(5)),
    ]);
    let rolled = roll_up(&areas, &whole, &ratings);
    let county = &rolled[0];
    assert_eq!(
        (county.level, county.worst, county.best, county.spread),
        (Some(3), Some(2), Some(5), Some(3))
    );
    assert_eq!((county.rated, county.not_rated), (4, 0));
}

#[test]
fn a_locality_that_is_not_rated_is_left_out_and_counted() {
    let areas = Areas::built_in().unwrap();
    let whole = AreaId::new("havenshire").unwrap();
    // West has proposed and is not published; south has said nothing.
    let ratings = county(&[
        ("havenshire-north", Some(1)),
        ("havenshire-mid", Some(4)),
        ("havenshire-west", None),
    ]);
    let rolled = roll_up(&areas, &whole, &ratings);
    assert_eq!(
        (rolled[0].level, rolled[0].rated, rolled[0].not_rated),
        (Some(1), 2, 2)
    );
}

#[test]
fn a_county_is_rolled_up_from_its_localities_wherever_they_stand_in_the_graph() {
    let register = r#"
        [[area]]
        id = "board"
        title = "Board"
        kind = "icb"
        [[area]]
        id = "county"
        title = "County"
        kind = "county"
        parents = ["board"]
        [[area]]
        id = "l-1"
        title = "First locality"
        kind = "locality"
        parents = ["county"]
        [[area]]
        id = "l-2"
        title = "Second locality"
        kind = "locality"
        parents = ["county"]
    "#;
    let areas = Areas::from_toml(register).unwrap();
    // The county has rated itself; that is its own, and stands beside what its localities come to.
    let ratings = county(&[("county", Some(5)), ("l-1", Some(2))]);
    for larger in ["county", "board"] {
        let rolled = roll_up(&areas, &AreaId::new(larger).unwrap(), &ratings);
        assert_eq!(
            (rolled[0].level, rolled[0].rated, rolled[0].not_rated),
            (Some(2), 1, 1),
            "{larger}"
        );
    }
}

#[test]
fn a_neighbourhood_of_two_larger_areas_counts_in_both_and_once_in_the_whole() {
    let areas = Areas::built_in().unwrap();
    let east = areas.within(&AreaId::new("hv-icb-east").unwrap());
    let south = areas.within(&AreaId::new("havenshire-south").unwrap());
    let shared = east
        .intersection(&south)
        .next()
        .unwrap()
        .as_str()
        .to_owned();
    let ratings = county(&[(&shared, Some(4))]);
    for larger in ["hv-icb-east", "havenshire-south", "havenshire"] {
        let rolled = roll_up(&areas, &AreaId::new(larger).unwrap(), &ratings);
        assert_eq!((rolled[0].rated, rolled[0].level), (1, Some(4)), "{larger}");
    }
    assert!(roll_up(&areas, &AreaId::new("havenshire-north").unwrap(), &ratings).is_empty());
}

#[test]
fn two_rounds_compared_tell_what_moved_and_what_moderation_changed() {
    let both = |area: &str, first: u8, second: u8| {
        let mut facts = round_in(area, "2025", "2025", first, first);
        facts.extend(round_in(area, "2026", "2026", 3, second));
        rating(&facts).unwrap()
    };
    let ratings = [
        both("havenshire-north", 2, 4),
        both("havenshire-mid", 4, 3),
        both("havenshire-south", 3, 3),
        rating(&round_in("havenshire-west", "2026", "2026", 2, 2)).unwrap(),
        rating(&round_in("hv-icb-east", "2025", "2025", 2, 2)).unwrap(),
    ];
    let compared = compare(&ratings, &slug("2025"), &slug("2026"));
    let lists = [
        &compared.up,
        &compared.down,
        &compared.same,
        &compared.new,
        &compared.dropped,
    ];
    let areas = lists.map(|l| {
        l.iter()
            .map(|s| s.area.as_str())
            .collect::<Vec<_>>()
            .join(",")
    });
    assert_eq!(
        areas,
        [
            "havenshire-north",
            "havenshire-mid",
            "havenshire-south",
            "havenshire-west",
            "hv-icb-east"
        ]
    );
    assert_eq!(compared.changed_at_moderation.len(), 1);
    assert_eq!(compared.changed_at_moderation[0].to, Some(4));
}

/// Last year's round and this year's, both entered and published on the first afternoon.
#[test]
fn two_rounds_published_on_one_date_both_stay() {
    let day = |hour: &str| format!("2026-11-27T{hour}:00Z");
    let at = |hour, fact| stored(NORTH, &day(hour), &day(hour), fact);
    let facts = standing(vec![
        at("13:00", proposed("2025", Some(2))),
        at("13:10", confirmed("2025")),
        at("13:20", proposed("2026", Some(4))),
        at("13:30", confirmed("2026")),
    ]);
    let rating = rating(&facts).unwrap();
    let published: Vec<(Stage, Option<u8>)> = rating
        .rounds
        .iter()
        .map(|r| (r.stage, r.published))
        .collect();
    let both = [(Stage::Published, Some(2)), (Stage::Published, Some(4))];
    assert_eq!(published, both);
    assert_eq!((rating.level, rating.round), (Some(4), Some(slug("2026"))));
    let compared = compare(
        [&super::rating(&facts).unwrap()],
        &slug("2025"),
        &slug("2026"),
    );
    assert_eq!((compared.up.len(), compared.new.len()), (1, 0));
    // At the day's end the area stands at one level, reached by one step up.
    let lines = lines(crate::contributions::assessment::contribute, &facts);
    let of = |quantity: &str| {
        lines
            .iter()
            .filter(|l| l.starts_with(quantity))
            .collect::<Vec<_>>()
    };
    assert_eq!(of("assessment.level").len(), 1, "{lines:?}");
    assert!(of("assessment.level")[0].contains("level=4"), "{lines:?}");
    assert!(of("assessment.moves")[0].ends_with("1 0 1"), "{lines:?}");
}

#[test]
fn twelve_raters_agree_while_fewer_than_four_are_outside_the_band() {
    let catalogue = Catalogue::built_in().unwrap();
    let scirocco = catalogue.framework("scirocco").unwrap();
    let raters = |outside: usize| {
        let mut levels = vec![4u8; 12 - outside];
        levels.extend(vec![0u8; outside]);
        consensus(scirocco, &levels).unwrap()
    };
    let agreed = raters(3);
    assert!(agreed.agreed && agreed.outside == 3 && agreed.result == "progressing");
    let split = raters(4);
    assert!(!split.agreed && split.outside == 4 && split.result == "uncertain");
    // Three of nine is the same share as four of twelve.
    let nine = [4, 4, 4, 4, 4, 4, 0, 0, 0];
    assert!(!consensus(scirocco, &nine).unwrap().agreed);
    assert_eq!(consensus(scirocco, &[]), None);
    assert_eq!(consensus(catalogue.framework("scie").unwrap(), &[3]), None);
}

#[test]
fn of_the_bands_that_hold_the_median_the_kindest_is_taken() {
    let catalogue = Catalogue::built_in().unwrap();
    let scirocco = catalogue.framework("scirocco").unwrap();
    // Median 3: the band 3 to 5 leaves one outside, 2 to 4 leaves three, 1 to 3 leaves three.
    let found = consensus(scirocco, &[1, 3, 3, 3, 5, 5, 5]).unwrap();
    assert_eq!((found.band_from, found.band_to, found.outside), (3, 5, 1));
}

proptest! {
    #[test]
    fn the_lower_median_is_a_level_that_somebody_has_with_half_at_or_below(mut levels in prop::collection::vec(1..=5u8, 1..30)) {
        let median = roll_up::lower_median(&mut levels).unwrap();
        prop_assert!(levels.contains(&median));
        prop_assert!(levels.iter().filter(|l| **l <= median).count() * 2 >= levels.len());
        prop_assert!(levels.iter().filter(|l| **l < median).count() * 2 < levels.len());
    }

    #[test]
    fn agreement_does_not_depend_on_the_order_of_raters(mut levels in prop::collection::vec(0..=5u8, 1..20)) {
        let catalogue = Catalogue::built_in().unwrap();
        let scirocco = catalogue.framework("scirocco").unwrap();
        let first = consensus(scirocco, &levels).unwrap();
        levels.reverse();
        prop_assert_eq!(&first, &consensus(scirocco, &levels).unwrap());
        prop_assert!(f64::from(first.band_from) <= first.median && first.median <= f64::from(first.band_to));
    }
}
