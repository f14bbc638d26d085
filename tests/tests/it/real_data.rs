//! Published figures, imported as a user imports them, are on the charts as they were published: embedded and through
//! NATS alike.

use std::collections::BTreeMap;
use std::path::Path;

use joinedup_tests::folders;
use joinedup_tests::http::query_string;
use joinedup_tests::nats::{NatsOptions, NatsServer};
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::tools::Run;
use serde_json::Value;

fn import(product: &Joinedup, mapping: &str, file: &Path) -> Run {
    let file = file.display().to_string();
    let url = product.url("");
    product::run(["import", "--mapping", mapping, "--url", &url, &file])
}

/// How many events an import says it stored.
fn accepted(run: &Run) -> u64 {
    let before = run.stdout.split(" accepted").next().unwrap();
    before.rsplit(' ').next().unwrap().parse().unwrap()
}

fn chart(product: &Joinedup, measure: &str, query: &[(&str, &str)]) -> Value {
    let query = query_string(query.iter().copied());
    product
        .json(&format!("/api/v1/charts/{measure}?{query}"))
        .unwrap()
}

/// State and value of each period.
fn points(chart: &Value) -> BTreeMap<String, (String, Option<f64>)> {
    let points = chart["points"].as_array().unwrap().iter();
    points
        .map(|point| {
            let text = |field: &str| point[field].as_str().unwrap().to_owned();
            (
                text("period_start"),
                (text("state"), point["value"].as_f64()),
            )
        })
        .collect()
}

fn value(chart: &Value, period: &str) -> Option<f64> {
    points(chart).get(period).and_then(|(_, value)| *value)
}

#[test]
fn an_embedded_server_shows_the_published_delayed_days() {
    published_delayed_days(Joinedup::start(JoinedupOptions::new("serve", &[])));
}

#[test]
fn a_server_on_nats_shows_the_published_delayed_days() {
    let nats = NatsServer::start(NatsOptions::durable());
    published_delayed_days(Joinedup::start(JoinedupOptions::on_nats(
        "serve",
        &nats,
        &[],
    )));
}

fn published_delayed_days(product: Joinedup) {
    let Some(data) = folders::shared("data") else {
        return;
    };
    let (monthly, later) = (
        data.join("dtoc_essex_monthly.csv"),
        data.join("dtoc_england_monthly.csv"),
    );
    let month = |area: &str, more: &[(&str, &str)]| {
        let mut query = vec![("area", area), ("period", "month")];
        query.extend(more);
        chart(&product, "dtoc-delayed-days", &query)
    };
    import(&product, "dtoc", &monthly).succeeded();
    product.caught_up();
    let before = month("E92000001", &[]);
    // Later than the first import, earlier than the second.
    let between = before["as_of"].as_str().unwrap().to_owned();
    import(&product, "dtoc", &later).succeeded();
    let head = product.caught_up();

    let essex = month("E10000012", &[]);
    assert_eq!(essex["points"].as_array().unwrap().len(), 105);
    assert_eq!(value(&essex, "2017-02-01"), Some(4217.0));
    for (responsible, days) in [("nhs", 2120.0), ("social-care", 1926.0), ("both", 171.0)] {
        let part = month("E10000012", &[("responsible", responsible)]);
        assert_eq!(value(&part, "2017-02-01"), Some(days), "{responsible}");
    }
    let mut first: Vec<f64> = points(&essex)
        .values()
        .take(12)
        .map(|p| p.1.unwrap())
        .collect();
    first.sort_by(f64::total_cmp);
    assert_eq!((first[5] + first[6]) / 2.0, 1878.0);
    assert_eq!(essex["verdict"]["median"].as_f64(), Some(1878.0));
    let until_october = points(&essex);
    let above: Vec<&String> = until_october
        .iter()
        .take_while(|(month, _)| month.as_str() <= "2012-10-01")
        .filter(|(_, (_, value))| value.unwrap() > 1878.0)
        .map(|(month, _)| month)
        .collect();
    assert_eq!(above[above.len() - 6].as_str(), "2012-05-01");
    assert!(value(&essex, "2012-04-01").unwrap() <= 1878.0);

    let england = month("E92000001", &[]);
    assert_eq!(value(&england, "2010-08-01"), Some(109_918.0));
    assert_eq!(value(&england, "2020-02-01"), Some(155_782.0));
    let (old, new) = (points(&before), points(&england));
    let moved: Vec<&str> = old
        .iter()
        .filter(|(month, point)| new.get(*month) != Some(point))
        .map(|(month, _)| month.as_str())
        .collect();
    let restated: Vec<String> = (1..=11).map(|m| format!("2019-{m:02}-01")).collect();
    assert_eq!(moved, restated);
    assert_eq!(value(&before, "2019-09-01"), Some(149_384.0));
    assert_eq!(value(&england, "2019-09-01"), Some(148_610.0));
    let as_known = month("E92000001", &[("as_known_at", &between)]);
    assert_eq!(points(&as_known), old);

    for file in [&monthly, &later] {
        let again = import(&product, "dtoc", file);
        again.succeeded();
        assert_eq!(accepted(&again), 0, "{}", again.stdout);
    }
    assert_eq!(product.caught_up(), head);
    assert_eq!(points(&month("E92000001", &[])), new);
}

#[test]
fn a_hospital_that_reported_zero_is_told_from_one_that_reported_nothing() {
    let Some(file) = folders::shared("data/sitrep_essex_trust_daily.csv") else {
        return;
    };
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    import(&product, "sitrep-trust", &file).succeeded();
    product.caught_up();
    let days = |trust: &str, from: &str, to: &str| {
        let query = [
            ("area", trust),
            ("period", "day"),
            ("from", from),
            ("to", to),
        ];
        points(&chart(&product, "sitrep-ready-now", &query))
    };
    let text = std::fs::read_to_string(&file).unwrap();
    let zeros: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("RAJ,"))
        .filter(|line| line.split(',').nth(2) == Some("0"))
        .filter_map(|line| line.split(',').nth(1))
        .collect();
    assert_eq!(zeros.len(), 20);
    for day in zeros {
        assert_eq!(
            days("RAJ", day, day)[day],
            ("final".to_owned(), Some(0.0)),
            "{day}"
        );
    }
    let around = days("RAJ", "2025-08-10", "2025-08-14");
    assert_eq!(
        around["2025-08-12"],
        ("missing".to_owned(), None),
        "{around:?}"
    );
    // A typing error in the return: it stays what was reported.
    let around = days("RDE", "2024-09-26", "2024-09-30");
    assert_eq!(around["2024-09-28"].1, Some(1936.0));
    assert!(
        around
            .values()
            .filter(|(_, value)| value.unwrap() < 400.0)
            .count()
            == 4,
        "{around:?}"
    );
}

#[test]
fn the_bad_rows_of_a_file_are_told_by_line_and_the_good_ones_go_in() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let file = product.folder().join("rows.csv");
    let header =
        "trust_code,date,nctr,discharged_by_1700,discharged_between_1701_2359,discharged_total";
    let rows = "RAJ,2025-01-06,111,1,2,3\nRAJ,2025-01-07,many,1,2,3\nNOWHERE,2025-01-06,5,1,2,3\n\
                RAJ,2025-02-31,5,1,2,3\nRAJ,2025-01-08,112,1,2,3\n";
    std::fs::write(&file, format!("{header}\n{rows}")).unwrap();
    let run = import(&product, "sitrep-trust", &file);
    assert_eq!(run.code, Some(1), "{run:?}");
    for line in [3, 4, 5] {
        assert!(
            run.stderr.contains(&format!("rows.csv:{line}")),
            "line {line}: {}",
            run.stderr
        );
    }
    assert!(
        !run.stderr.contains("rows.csv:2") && !run.stderr.contains("rows.csv:6"),
        "{}",
        run.stderr
    );
    product.caught_up();
    let query = [("area", "RAJ"), ("period", "day")];
    let found = points(&chart(&product, "sitrep-ready-now", &query));
    assert_eq!(found["2025-01-06"].1, Some(111.0));
    assert_eq!(found["2025-01-07"].1, None);
    assert_eq!(found["2025-01-08"].1, Some(112.0));
    let again = import(&product, "sitrep-trust", &file);
    assert_eq!((again.code, accepted(&again)), (Some(1), 0));
}
