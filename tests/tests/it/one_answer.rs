//! One question has one answer at every door, for a reader whose token shows no small numbers: with a source that has
//! fallen silent, a correction, a place whose numbers are suppressed, and the week that is not over.

use super::plain_words::NEVER;
use chrono::{Days, NaiveDate, Utc};
use joinedup_tests::care::{recorded, stay, today};
use joinedup_tests::http;
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use joinedup_tests::scrape::Scrape;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MEASURE: &str = "tr-before-17";
const TOKENS: &str = "[[tokens]]\nname = \"all\"\nfile = \"all\"\nroles = [\"publisher\", \"operator\", \"admin\", \"reader\"]\n\
                      [[tokens]]\nname = \"the public\"\nfile = \"public\"\nroles = [\"reader\"]\n";

/// State and value of each period, by its first day.
type Points = BTreeMap<String, (String, Option<f64>)>;

struct Doors {
    product: Joinedup,
}

impl Doors {
    fn get(&self, path: &str, token: &str) -> String {
        let bearer = format!("Bearer {token}-0123456789abcdef0123456789abcdef");
        let headers = [("authorization", bearer.as_str())];
        let answer = http::send("GET", &self.product.url(path), &headers, &[]).unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    fn json(&self, path: &str, token: &str) -> Value {
        serde_json::from_str(&self.get(path, token)).unwrap()
    }

    fn chart(&self, area: &str, token: &str) -> Points {
        let chart = self.json(&format!("/api/v1/charts/{MEASURE}?area={area}"), token);
        let points = chart["points"].as_array().unwrap().iter();
        points
            .map(|p| {
                let text = |name: &str| p[name].as_str().unwrap().to_owned();
                (text("period_start"), (text("state"), p["value"].as_f64()))
            })
            .collect()
    }

    fn publish(&self, events: &[Value]) {
        for batch in events.chunks(500) {
            let headers = [
                (
                    "authorization",
                    "Bearer all-0123456789abcdef0123456789abcdef",
                ),
                ("content-type", "application/cloudevents-batch+json"),
            ];
            let url = self.product.url("/api/v1/events");
            let body = json!(batch).to_string();
            let answer = http::send("POST", &url, &headers, body.as_bytes()).unwrap();
            assert_eq!(answer.status, 202, "{}", answer.text());
        }
    }
}

/// `people` who leave on each of `days`, reported by a source as it happened.
fn leaving(source: &str, area: &str, people: usize, days: &[NaiveDate]) -> Vec<Value> {
    let mut events = Vec::new();
    for day in days {
        let before = |n: u64| (*day - Days::new(n)).to_string();
        for n in 0..people {
            let id = format!("{area}-{day}-{n}");
            for mut event in stay(&id, area, &before(6), &before(1), &day.to_string()) {
                event["source"] = source.into();
                let at = event["time"].as_str().unwrap().to_owned();
                // Two in three leave by five.
                if n % 3 == 0 && event["type"].as_str().unwrap().contains("discharged") {
                    event["time"] = at.replace("T15:", "T19:").into();
                }
                let at = event["time"].as_str().unwrap().to_owned();
                events.push(recorded(event, &at));
            }
        }
    }
    events
}

/// The first day of a week as an instant in UTC, as scrapes label it.
fn instant(start: &str) -> String {
    let date: NaiveDate = start.parse().unwrap();
    let midnight = date.and_hms_opt(0, 0, 0).unwrap();
    let london = midnight.and_local_timezone(chrono_tz::Europe::London);
    let utc = london.unwrap().with_timezone(&Utc);
    utc.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[test]
fn every_door_gives_the_answer_of_the_others() {
    let options = JoinedupOptions::new("serve", &[])
        .file("all", "all-0123456789abcdef0123456789abcdef")
        .file("public", "public-0123456789abcdef0123456789abcdef")
        .file("joinedup.toml", TOKENS);
    let doors = Doors {
        product: Joinedup::start(options),
    };
    let today = today();
    let ago = |days: std::ops::Range<u64>| -> Vec<NaiveDate> {
        days.rev().map(|n| today - Days::new(n)).collect()
    };
    let mut events = leaving("/north", "hv-north-2", 9, &ago(1..100));
    // The west's source has said nothing for four weeks, and one of its places is small.
    events.extend(leaving("/west", "hv-west-1", 9, &ago(28..100)));
    events.extend(leaving("/west", "hv-west-2", 1, &ago(28..100)));
    doors.publish(&events);
    // Forty days ago everybody in the north turns out to have left late.
    let corrected: Vec<Value> = leaving("/north", "hv-north-2", 9, &ago(40..41))
        .into_iter()
        .filter(|event| event["type"].as_str().unwrap().contains("discharged"))
        .map(|mut event| {
            let at = event["time"].as_str().unwrap().replace("T15:", "T19:");
            event["time"] = at.into();
            event["id"] = format!("{}-again", event["id"].as_str().unwrap()).into();
            recorded(event, &format!("{}T09:00:00Z", today - Days::new(1)))
        })
        .collect();
    doors.publish(&corrected);
    let head = (events.len() + corrected.len()) as u64;
    eventually("all is folded", || {
        let status = doors.json("/api/v1/charts/tr-before-17?area=havenshire", "all");
        let at = status["as_of_position"].as_u64();
        (at == Some(head)).then_some(()).ok_or(format!("{at:?}"))
    });

    let scrape = Scrape::parse(&doors.get("/metrics/run-charts", "public")).unwrap();
    let funnel_of = |area: &str, start: &str| {
        let parent = if area.starts_with("hv-west") {
            "havenshire-west"
        } else {
            "havenshire-north"
        };
        let path = format!("/api/v1/funnel/{MEASURE}?area={parent}&period_start={start}");
        let funnel = doors.json(&path, "public");
        let units = funnel["areas"].as_array().unwrap().iter();
        let unit = units.clone().find(|unit| unit["area"] == area).unwrap();
        (
            unit["state"].as_str().unwrap().to_owned(),
            unit["value"].as_f64(),
        )
    };
    let mut seen = std::collections::BTreeSet::new();
    for area in [
        "hv-north-2",
        "hv-west-1",
        "hv-west-2",
        "havenshire-west",
        "havenshire",
    ] {
        let chart = doors.chart(area, "public");
        assert!(chart.len() > 12, "{area}: {chart:?}");
        seen.extend(chart.values().map(|(state, _)| state.clone()));
        // CSV.
        let csv = doors.get(
            &format!("/api/v1/charts/{MEASURE}.csv?area={area}"),
            "public",
        );
        let mut rows = csv.lines();
        let names: Vec<&str> = rows.next().unwrap().split(',').collect();
        let column = |name: &str| names.iter().position(|n| *n == name).unwrap();
        let of_csv: Points = rows
            .map(|row| {
                let cells: Vec<&str> = row.split(',').collect();
                let cell = |name: &str| cells[column(name)];
                let point = (cell("state").to_owned(), cell("value").parse().ok());
                (cell("period_start").to_owned(), point)
            })
            .collect();
        assert_eq!(of_csv, chart, "{area}: CSV");
        // The page.
        let page = doors.get(&format!("/measures/{MEASURE}?area={area}"), "public");
        let shown: Vec<f64> = page
            .split("data-value=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next()?.parse().ok())
            .collect();
        let newest_first: Vec<f64> = chart.values().rev().filter_map(|p| p.1).collect();
        assert_eq!(
            shown, newest_first,
            "{area}: the page's table, newest first"
        );
        // The words at each point of the picture.
        let svg = doors.get(
            &format!("/api/v1/charts/{MEASURE}.svg?area={area}"),
            "public",
        );
        for point in svg.split("data-start=\"").skip(1) {
            let (start, rest) = point.split_once('"').unwrap();
            let words = rest.split_once("<title>").unwrap().1;
            let words = words.split_once("</title>").unwrap().0;
            let drawn = words.split_whitespace().find_map(|word| {
                let share = word.trim_end_matches([',', '.']).strip_suffix('%')?;
                share.parse::<f64>().ok()
            });
            let rounded = chart[start].1.map(|value| (value * 1000.0).round() / 10.0);
            assert_eq!(drawn, rounded, "{area}, {start}: {words}");
        }
        for (start, (state, value)) in &chart {
            let what = format!("{area}, week of {start}, {state}");
            // The scrape of charts.
            let at = instant(start);
            let labels = [
                ("measure", MEASURE),
                ("area", area),
                ("period_start", at.as_str()),
            ];
            let found = |name: &str| scrape.value(name, &labels).ok();
            let is_final = state == "final";
            assert_eq!(
                found("joinedup_run_chart_ratio"),
                value.filter(|_| is_final),
                "{what}"
            );
            // PromQL, in the middle of the week.
            let day = start.parse::<NaiveDate>().unwrap() + Days::new(2);
            let query = http::query_string([
                (
                    "query",
                    format!("joinedup_run_chart_ratio{{measure=\"{MEASURE}\",area=\"{area}\"}}")
                        .as_str(),
                ),
                ("time", &format!("{day}T12:00:00Z")),
            ]);
            let answer = doors.json(&format!("/prometheus/api/v1/query?{query}"), "public");
            let sample = &answer["data"]["result"][0]["value"][1];
            let sample = sample.as_str().map(|text| text.parse::<f64>().unwrap());
            assert_eq!(sample, value.filter(|_| is_final), "{what}: {answer}");
            // The funnel.
            if area.starts_with("hv-") {
                assert_eq!(funnel_of(area, start), (state.clone(), *value), "{what}");
            }
        }
    }
    for state in ["final", "incomplete", "missing", "suppressed"] {
        assert!(seen.contains(state), "{state}: {seen:?}");
    }
    // What is missing is what came after the silence, in the place and in every sum that needs it.
    for area in ["hv-west-1", "havenshire-west", "havenshire"] {
        let newest_over = (today - Days::new(14)).to_string();
        let chart = doors.chart(area, "all");
        let after = chart.range(newest_over..).map(|(_, point)| point);
        let states: Vec<&str> = after.map(|(state, _)| state.as_str()).collect();
        assert!(!states.is_empty(), "{area}");
        assert!(
            states
                .iter()
                .all(|state| ["missing", "incomplete"].contains(state)),
            "{area}: {states:?}"
        );
    }
    // The rolling week of `/metrics` is the sum of the seven days of the daily chart, or is not there.
    let metrics = Scrape::parse(&doors.get("/metrics", "all")).unwrap();
    for (area, silent) in [
        ("havenshire-north", false),
        ("havenshire-west", true),
        ("havenshire", true),
    ] {
        let path = format!("/api/v1/charts/{MEASURE}?area={area}&period=day");
        let days = doors.json(&path, "all")["points"].clone();
        let days = days.as_array().unwrap().iter().rev().take(7);
        let sum = |part: &str| days.clone().filter_map(|d| d[part].as_f64()).sum::<f64>();
        let share = (!silent).then(|| sum("numerator") / sum("denominator"));
        let labels = [("measure", MEASURE), ("area", area), ("window", "7d")];
        let window = metrics.value("joinedup_measure_ratio", &labels).ok();
        assert_eq!(window, share, "{area}");
    }
    // The correction is in: that week is below the two in three of the others.
    let week = (today - Days::new(40)).to_string();
    let north = doors.chart("hv-north-2", "all");
    let (_, corrected) = north.range(..=week.clone()).next_back().unwrap().1;
    assert!(corrected.is_some_and(|value| value < 0.64), "{north:?}");
    // A chart of part of the people says so in whatever form it is taken away.
    let part = |form: &str| {
        let path = format!("/api/v1/charts/{MEASURE}{form}?area=havenshire&pathway=unknown");
        doors.get(&path, "public")
    };
    assert!(part(".svg").contains(", pathway unknown</title>"));
    let csv = part(".csv");
    assert!(
        csv.lines()
            .next()
            .unwrap()
            .ends_with(",filter,as_known_at,audience")
    );
    assert!(
        csv.lines()
            .skip(1)
            .all(|row| row.ends_with(",pathway unknown,,public"))
    );
    let chart: Value = serde_json::from_str(&part("")).unwrap();
    assert_eq!(chart["filter"], json!({ "pathway": ["unknown"] }));
    // And who works with the people sees what the public does not.
    let small = doors.chart("hv-west-2", "all");
    assert!(
        small
            .values()
            .any(|(state, value)| state == "final" && value.is_some())
    );
}

/// What nobody says of something else, beside the words that stand nowhere: a page is in plain English.
const NOT_ENGLISH: [&str; 2] = ["tells of", "heard"];

#[test]
fn every_link_of_the_pages_answers() {
    let product = Joinedup::start(JoinedupOptions::new("demo", &["--per-minute", "1"]));
    product.caught_up();
    let mut asked = std::collections::BTreeSet::new();
    for page in [
        "/",
        "/measures/tr-before-17",
        "/board",
        "/leaders",
        "/model",
        "/measures",
        "/sources",
    ] {
        let text = http::get_ok(&product.url(page)).unwrap().text();
        let read: String = text
            .split('<')
            .filter_map(|tag| tag.split_once('>'))
            .map(|(_, words)| words)
            .collect();
        for word in NEVER.into_iter().chain(NOT_ENGLISH) {
            assert!(
                !read.to_lowercase().contains(word),
                "{page} says \"{word}\""
            );
        }
        let links = text.split("href=\"/").skip(1);
        let links: Vec<String> = links
            .filter_map(|rest| rest.split(['"', '#']).next())
            .map(|link| format!("/{}", link.replace("&amp;", "&")))
            .filter(|link| asked.insert(link.clone()))
            .collect();
        // A list of two hundred measures is one link two hundred times.
        for link in links.iter().take(60) {
            let answer = http::get(&product.url(link)).unwrap();
            assert!(
                answer.status < 400,
                "{page} leads to {link}: {}",
                answer.status
            );
        }
    }
}
