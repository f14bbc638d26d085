//! A county in which nothing happens, imported as a user would: what the product then claims is chance. And the same with a few
//! charts that moved in the last twelve weeks.
//!
//! One seed is looked at unless `NOISE_SEEDS` asks for more; the rates over many seeds, without a server, are in `docs/signals.md`.

use chrono::{Datelike, Days, NaiveDate};
use joinedup_tests::http;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use serde_json::{Value, json};

#[path = "../../../projections/spc/tests/noise/source.rs"]
mod source;

use source::{COUNTY, Noise};

const PLACES: [&str; 5] = ["anham", "burwick", "colbury", "denford", "elmstow"];
const WEEKS: usize = 104;
/// How many of the latest weeks a moved chart is moved for.
const MOVED: usize = 12;

/// Charts of so many measures in every place, each with a standard deviation and its values, the last of the week that is just over.
struct County {
    charts: Vec<Chart>,
}

struct Chart {
    measure: String,
    place: &'static str,
    values: Vec<f64>,
}

impl County {
    /// The first so many charts lie one standard deviation higher in the latest weeks.
    fn new(seed: u64, measures: usize, moved: usize) -> Self {
        let mut noise = Noise(1_000_003 * seed + 17);
        let mut charts = Vec::new();
        for measure in 0..measures {
            let (series, deviation) = COUNTY[measure % COUNTY.len()];
            for place in PLACES {
                let mut values = series(&mut noise, WEEKS);
                if charts.len() < moved {
                    let latest = &mut values[WEEKS - MOVED..];
                    latest.iter_mut().for_each(|value| *value += deviation);
                }
                charts.push(Chart {
                    measure: format!("noise-{measure}"),
                    place,
                    values,
                });
            }
        }
        Self { charts }
    }

    /// A server that has taken all of it from a file.
    fn served(&self) -> Joinedup {
        let (mut measures, mut mapping, mut areas) = (String::new(), String::new(), String::new());
        mapping += "name = \"noise\"\n[period]\ncolumn = \"week\"\ngrain = \"week\"\n[area]\ncolumn = \"place\"\n";
        let of_one_place = self.charts.iter().filter(|chart| chart.place == PLACES[0]);
        for Chart { measure: id, .. } in of_one_place {
            measures += &format!(
                "[[measure]]\nid = \"{id}\"\ntitle = \"{id}\"\nquantity = \"observation.{id}\"\naggregate = \"amount\"\n\
                 unit = \"points\"\nperiod = \"week\"\ndirection = \"down\"\noutcomes = [\"se-proactive-and-responsive\"]\n\n"
            );
            mapping += &format!("[[series]]\nid = \"{id}\"\nvalue = \"{id}\"\n");
        }
        for place in PLACES {
            areas +=
                &format!("[[area]]\nid = \"{place}\"\nkind = \"trust\"\ntitle = \"{place}\"\n\n");
        }
        let server = Joinedup::start(
            JoinedupOptions::new(
                "serve",
                &["--measures", "noise.toml", "--areas", "areas.toml"],
            )
            .file("noise.toml", &measures)
            .file("areas.toml", &areas)
            .file("mapping.toml", &mapping)
            .file("noise.csv", &self.table()),
        );
        let file = |name: &str| server.folder().join(name).display().to_string();
        let url = server.url("");
        let (mapping, table) = (file("mapping.toml"), file("noise.csv"));
        product::run(["import", "--mapping", &mapping, "--url", &url, &table]).succeeded();
        server.caught_up();
        server
    }

    fn table(&self) -> String {
        let mut table = String::from("week,place");
        let of = |place: &'static str| self.charts.iter().filter(move |c| c.place == place);
        of(PLACES[0]).for_each(|chart| table += &format!(",{}", chart.measure));
        table += "\n";
        for week in 0..WEEKS {
            for place in PLACES {
                table += &format!("{},{place}", monday(week));
                // A normal value may be below zero, and no amount of a return is.
                of(place).for_each(|chart| table += &format!(",{}", chart.values[week] + 20.0));
                table += "\n";
            }
        }
        table
    }
}

/// The Monday of a week, of which the last is the one that is just over.
fn monday(week: usize) -> NaiveDate {
    let today = joinedup_tests::care::today();
    let this = today - Days::new(u64::from(today.weekday().num_days_from_monday()));
    this - Days::new(7 * (WEEKS - week) as u64)
}

fn seeds() -> std::ops::Range<u64> {
    let asked = std::env::var("NOISE_SEEDS").ok();
    0..asked.map_or(1, |seeds| seeds.parse().unwrap())
}

/// How many of some charts the server calls news.
fn alerts<'a>(server: &Joinedup, charts: impl Iterator<Item = &'a Chart>) -> usize {
    let alerts = charts.filter(|chart| {
        let path = format!("/api/v1/charts/{}?area={}", chart.measure, chart.place);
        let answer = server.json(&path).unwrap();
        let points = answer["points"].as_array().unwrap().iter();
        let known = points.filter(|point| point["value"].is_number()).count();
        assert_eq!(known, WEEKS, "{path}");
        answer["verdict"]["alert"].as_bool().unwrap()
    });
    alerts.count()
}

#[test]
fn a_county_of_noise_alerts_nobody_and_its_changes_helped_nothing() {
    let (mut alerted, mut claimed, mut charts, mut changes) = (0, 0, 0, 0);
    for seed in seeds() {
        let county = County::new(seed, 60, 0);
        let server = county.served();
        alerted += alerts(&server, county.charts.iter());
        charts += county.charts.len();

        let tested = county.charts.iter().take(240).enumerate();
        for (at, chart) in tested {
            let started = monday([12, 26, 52, WEEKS - 12][at % 4]);
            let request = json!({
                "action": "plan", "change": format!("change-{at}"), "area": chart.place, "title": "A change",
                "aim": "Fewer", "measures": [chart.measure], "on": started, "begun": true,
            });
            let answer = http::post_json(&server.url("/api/v1/changes"), &request).unwrap();
            assert!(answer.status < 300, "{}", answer.text());
        }
        server.caught_up();
        for place in PLACES {
            let list = server
                .json(&format!("/api/v1/changes?area={place}"))
                .unwrap();
            for change in list["changes"].as_array().unwrap() {
                let tested = change["before_and_after"].as_array().unwrap();
                changes += tested.len();
                let moved = |test: &&Value| test["moved"] == "up" || test["moved"] == "down";
                claimed += tested.iter().filter(moved).count();
            }
        }
    }
    println!(
        "{alerted} of {charts} charts alert, {claimed} of {changes} changes are called better or worse"
    );
    assert_eq!(changes % 240, 0);
    assert!(
        changes > 0 && 100 * alerted <= 5 * charts,
        "{alerted} of {charts}"
    );
    assert!(100 * claimed <= 3 * changes, "{claimed} of {changes}");
}

#[test]
fn charts_that_moved_are_found_among_many_that_did_not() {
    const AMONG: usize = 20;
    let (mut found, mut others, mut runs) = (0, 0, 0);
    for seed in seeds() {
        let county = County::new(seed + 100, 80, AMONG);
        let server = county.served();
        let (moved, still) = county.charts.split_at(AMONG);
        found += alerts(&server, moved.iter());
        others += alerts(&server, still.iter());
        runs += 1;
    }
    println!(
        "{runs} counties: {found} of {} that moved, {others} others",
        AMONG * runs
    );
    // One county differs from the next: the mean of many finds nine and more of twenty, and one other at most.
    assert!(found >= 5 * runs, "{found} in {runs}");
    assert!(others <= 3 * runs, "{others} in {runs}");
}
