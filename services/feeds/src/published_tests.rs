//! Every built-in mapping over the published files that it is for, where they lie beside the repository.

use super::csv::{CsvFile, Import};
use super::mapping::{Mapping, built_in};
use super::{Chunk, Item};
use chrono::{DateTime, Utc};
use joinedup_events::observation::{ObservationFact, Observed};
use joinedup_events::{Areas, Event, Fact};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// The files with the mapping of each.
const LAYOUTS: [(&str, &str); 13] = [
    ("dtoc_england_monthly.csv", "dtoc"),
    ("dtoc_la_monthly.csv", "dtoc"),
    ("dtoc_essex_monthly.csv", "dtoc"),
    ("dtoc_england_attribution_monthly.csv", "dtoc-attribution"),
    ("sitrep_essex_trust_daily.csv", "sitrep-trust"),
    ("sitrep_essex_icb_daily.csv", "sitrep-icb"),
    (
        "discharge_delay_reasons_essex_trust_monthly.csv",
        "delay-reasons",
    ),
    ("ae_essex_trust_monthly.csv", "ae"),
    ("beds_essex_trust_monthly.csv", "beds"),
    ("mar_admissions_essex_ccg_monthly.csv", "mar"),
    ("drd_trust_monthly.csv", "drd-trust"),
    ("drd_england_monthly.csv", "drd-england"),
    ("social_care_wait_times_uk_la.csv", "social-care-waits"),
];

/// The folder of published files; `None`, said aloud, where it is not there and need not be.
fn folder() -> Option<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let found = here
        .ancestors()
        .map(|a| a.join("shared/data"))
        .find(|folder| folder.is_dir());
    if found.is_none() {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "shared/data is missing"
        );
        println!("passed over: there is no shared/data above this folder");
    }
    found
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn rules() -> Import {
    let now = at("2026-01-05T09:00:00Z");
    Import {
        areas: Arc::new(Areas::built_in().unwrap()),
        now,
        recorded_at: now,
        edition: None,
    }
}

fn read(folder: &std::path::Path, file: &str, mapping: Option<&str>) -> Chunk {
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    let mapping = mapping.map(|name| Mapping::named(name).unwrap());
    let mut csv = CsvFile::open(text.as_bytes(), mapping, rules()).unwrap();
    csv.chunk(usize::MAX).unwrap().unwrap_or_default()
}

fn observed(event: &Event) -> &Observed {
    match &event.fact {
        Fact::Observation(ObservationFact::Observed(observed)) => observed,
        other => panic!("not an observation: {}", other.name()),
    }
}

/// The amount of a series in an area and a period, with a breakdown such as `responsible:nhs`, or with none.
fn amount(items: &[Item], series: &str, area: &str, start: &str, breakdown: &str) -> Option<f64> {
    let said = items
        .iter()
        .map(|i| (&i.event, observed(&i.event)))
        .find(|(event, o)| {
            let parts: Vec<String> = o
                .breakdown
                .iter()
                .map(|(d, v)| format!("{d}:{v}"))
                .collect();
            o.series.as_str() == series
                && event.area.as_str() == area
                && o.period_start.to_string() == start
                && parts.join("/") == breakdown
        });
    said.and_then(|(_, o)| o.value).map(|v| v.as_f64())
}

#[test]
fn every_published_file_of_a_series_is_known_by_its_header_and_no_row_of_it_is_refused() {
    let Some(folder) = folder() else { return };
    for (file, name) in LAYOUTS {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let opened = CsvFile::open(text.as_bytes(), None, rules());
        let Ok(mut csv) = opened else {
            assert_eq!(name, "", "{file}: {}", opened.err().unwrap());
            continue;
        };
        assert_eq!(csv.mapping().name.as_str(), name, "{file}");
        let chunk = csv.chunk(usize::MAX).unwrap().unwrap();
        assert_eq!(chunk.bad.first(), None, "{file}");
        // Of the councils of four nations only England's are in the register.
        let counts = |line: &&str| !file.starts_with("social_care") || line.contains(",England,");
        let lines = text.lines().skip(1).filter(counts).count();
        let passed_over = usize::from(file.starts_with("social_care"));
        assert_eq!(chunk.rows as usize, lines - passed_over, "{file}");
        let ids: BTreeSet<&str> = chunk.items.iter().map(|i| i.event.id.as_str()).collect();
        assert_eq!(
            ids.len(),
            chunk.items.len(),
            "{file}: no two amounts share an id"
        );
    }
}

#[test]
fn councils_that_answered_have_their_waits_and_those_that_refused_have_none() {
    let Some(folder) = folder() else { return };
    let items = read(&folder, "social_care_wait_times_uk_la.csv", None).items;
    let days = |series: &str, area: &str, year: &str| amount(&items, series, area, year, "");
    let text = std::fs::read_to_string(folder.join("social_care_wait_times_uk_la.csv")).unwrap();
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let cell = |council: &str, at: usize| -> Option<f64> {
        let row = rows.iter().find(|row| &row[0] == council).unwrap();
        row[at].parse().ok()
    };
    for (council, code) in [
        ("Bristol, City of", "E06000023"),
        ("Dorset", "E06000059"),
        ("Norfolk", "E10000020"),
        ("Essex", "E10000012"),
        ("Thurrock", "E06000034"),
    ] {
        for (at, series, year) in [
            (4, "social-care-assessment-wait", "2021-04-01"),
            (8, "social-care-assessment-wait", "2022-04-01"),
            (6, "social-care-start-wait", "2021-04-01"),
            (10, "social-care-start-wait", "2022-04-01"),
        ] {
            assert_eq!(
                days(series, code, year),
                cell(council, at),
                "{council}: {series} {year}"
            );
        }
    }
    assert_eq!(cell("Essex", 8), None);
}

#[test]
fn every_built_in_mapping_is_tried_on_a_file() {
    let mut used: BTreeSet<&str> = LAYOUTS.iter().map(|(_, name)| *name).collect();
    used.extend(super::returns_tests::SHAPES);
    // It is of a table that is counted here, and has tests beside that.
    used.insert(crate::client_level::NAME);
    for mapping in built_in().unwrap() {
        assert!(used.contains(mapping.name.as_str()), "{}", mapping.name);
    }
}

#[test]
fn essex_and_england_have_the_published_delayed_days() {
    let Some(folder) = folder() else { return };
    let essex = read(&folder, "dtoc_essex_monthly.csv", Some("dtoc")).items;
    let days = |breakdown: &str| {
        amount(
            &essex,
            "dtoc-delayed-days",
            "E10000012",
            "2017-02-01",
            breakdown,
        )
    };
    assert_eq!(days(""), Some(4217.0));
    assert_eq!(days("responsible:nhs"), Some(2120.0));
    assert_eq!(days("responsible:social-care"), Some(1926.0));
    assert_eq!(days("responsible:both"), Some(171.0));
    let whole: BTreeSet<String> = essex
        .iter()
        .filter(|i| i.event.area.as_str() == "E10000012" && observed(&i.event).breakdown.is_empty())
        .map(|i| observed(&i.event).period_start.to_string())
        .collect();
    assert_eq!(whole.len(), 105);
    let england = read(&folder, "dtoc_england_monthly.csv", Some("dtoc")).items;
    assert_eq!(
        amount(&england, "dtoc-delayed-days", "E92000001", "2010-08-01", ""),
        Some(109_918.0)
    );
    assert_eq!(
        amount(&england, "dtoc-delayed-days", "E92000001", "2020-02-01", ""),
        Some(155_782.0)
    );
    // Reason O was not asked for before April 2017, so its zeros of then are not reports.
    assert_eq!(
        amount(
            &england,
            "dtoc-delayed-days",
            "E92000001",
            "2017-03-01",
            "reason:other"
        ),
        None
    );
    assert!(
        amount(
            &england,
            "dtoc-delayed-days",
            "E92000001",
            "2017-04-01",
            "reason:other"
        )
        .is_some()
    );
}

#[test]
fn england_and_people_from_elsewhere_are_four_places_in_every_month() {
    let Some(folder) = folder() else { return };
    // The file of all councils has a dash for the ONS code of all four from July 2015.
    let items = read(&folder, "dtoc_la_monthly.csv", Some("dtoc")).items;
    let days = |area: &str, month: &str| amount(&items, "dtoc-delayed-days", area, month, "");
    assert_eq!(days("E92000001", "2015-07-01"), Some(147_376.0));
    assert_eq!(days("dtoc-9900", "2015-07-01"), Some(451.0));
    assert_eq!(days("dtoc-9901", "2015-07-01"), Some(19.0));
    assert_eq!(days("dtoc-9902", "2015-07-01"), Some(48.0));
    assert!(days("dtoc-9900", "2011-04-01").is_some());
}

#[test]
fn the_later_series_restates_eleven_months_of_england_and_repeats_the_others() {
    let Some(folder) = folder() else { return };
    let whole = |file: &str| -> BTreeMap<String, String> {
        let items = read(&folder, file, Some("dtoc")).items;
        let england = items.into_iter().filter(|i| {
            i.event.area.as_str() == "E92000001" && observed(&i.event).breakdown.is_empty()
        });
        england
            .map(|i| (observed(&i.event).period_start.to_string(), i.event.id))
            .collect()
    };
    let (monthly, later) = (
        whole("dtoc_essex_monthly.csv"),
        whole("dtoc_england_monthly.csv"),
    );
    let restated: Vec<&String> = monthly
        .iter()
        .filter(|(month, id)| later.get(*month) != Some(id))
        .map(|(month, _)| month)
        .collect();
    assert_eq!(restated.len(), 11);
    assert!(restated.iter().all(|month| month.starts_with("2019-")));
}

#[test]
fn zero_and_nothing_reported_stay_different() {
    let Some(folder) = folder() else { return };
    let daily = read(&folder, "sitrep_essex_trust_daily.csv", None).items;
    let waiting = |area: &str, day: &str| amount(&daily, "sitrep-nctr", area, day, "");
    assert_eq!(waiting("RAJ", "2025-08-12"), None);
    assert_eq!(waiting("RDE", "2024-09-28"), Some(1936.0));
    let zeros = daily.iter().filter(|i| {
        i.event.area.as_str() == "RAJ" && observed(&i.event).series.as_str() == "sitrep-nctr"
    });
    assert_eq!(
        zeros
            .filter(|i| observed(&i.event).value.is_some_and(|v| v.micro() == 0))
            .count(),
        20
    );
}

#[test]
fn all_37_reasons_for_delay_are_found_under_their_published_names() {
    let Some(folder) = folder() else { return };
    let items = read(
        &folder,
        "discharge_delay_reasons_essex_trust_monthly.csv",
        None,
    )
    .items;
    let reasons: BTreeSet<&str> = items
        .iter()
        .flat_map(|i| observed(&i.event).breakdown.values())
        .map(|v| v.as_str())
        .collect();
    assert_eq!(reasons.len(), 37);
}

#[test]
fn published_shares_and_means_become_the_whole_numbers_behind_them() {
    let Some(folder) = folder() else { return };
    let england = read(&folder, "drd_england_monthly.csv", None).items;
    assert_eq!(
        amount(&england, "drd-delayed", "E92000001", "2024-04-01", ""),
        Some(40_738.0)
    );
    assert_eq!(
        amount(&england, "drd-bed-days", "E92000001", "2024-04-01", ""),
        Some(251_486.0)
    );
    let trusts = read(&folder, "drd_trust_monthly.csv", None).items;
    assert_eq!(
        amount(&trusts, "drd-delayed", "RCF", "2024-04-01", ""),
        Some(216.0)
    );
    let share = trusts
        .iter()
        .map(|i| observed(&i.event))
        .find(|o| o.series.as_str() == "drd-delayed")
        .unwrap();
    assert_eq!(share.denominator.map(|d| d.as_f64()), Some(1250.0));
}

/// How many amounts a file has in a column, and what they come to, by the bare reader and no mapping.
fn column_by_hand(text: &str, column: &str, since: &str) -> (usize, f64) {
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|c| c == name);
    let date = at("month").or(at("date")).unwrap();
    let rows = reader.records().map(Result::unwrap);
    let cells = rows
        .filter(|row| format!("{}-01", &row[date]).as_str() >= since)
        .filter_map(|row| row[at(column)?].parse::<f64>().ok());
    cells.fold((0, 0.0), |(n, sum), value| (n + 1, sum + value))
}

#[test]
fn every_published_amount_equals_what_stands_in_its_column() {
    let Some(folder) = folder() else { return };
    let mut columns = 0;
    for (file, name) in LAYOUTS.into_iter().filter(|(_, name)| !name.is_empty()) {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let mapping = Mapping::named(name).unwrap();
        let items = read(&folder, file, Some(name)).items;
        for series in &mapping.series {
            let worked_out = series.plus.len() + series.minus.len() + series.times.len();
            if worked_out > 0 || mapping.wide.is_some() {
                continue;
            }
            let since = series.since.map(|d| d.to_string()).unwrap_or_default();
            let whole = series.value.iter().map(|column| (column, None));
            let parts = series.columns.iter().map(|(c, value)| (c, Some(value)));
            for (column, value) in whole.chain(parts) {
                let by_hand = column_by_hand(&text, column, &since);
                let sent = items.iter().map(|i| observed(&i.event)).filter(|o| {
                    let part = series.dimension.as_ref().and_then(|d| o.breakdown.get(d));
                    let whole =
                        series.dimension.is_some() || o.breakdown.len() == series.breakdown.len();
                    o.series == series.id && part == value && whole
                });
                let amounts: Vec<f64> = sent.filter_map(|o| o.value).map(|v| v.as_f64()).collect();
                let total: f64 = amounts.iter().sum();
                assert_eq!(amounts.len(), by_hand.0, "{file}: {column}");
                assert!(
                    (total - by_hand.1).abs() < 0.01,
                    "{file}: {column}: {total} {by_hand:?}"
                );
                columns += 1;
            }
        }
    }
    assert!(columns >= 45, "{columns} columns");
}
