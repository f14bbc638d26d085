//! What readers get of people stands still for a day, at every door; who works with the numbers of now has them at once.

use joinedup_tests::care::{county, stay};
use joinedup_tests::http;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};

/// The doors to the nights of delay of one county.
const DOORS: [&str; 9] = [
    "/api/v1/charts/tr-delayed-nights?area=havenshire",
    "/api/v1/charts/tr-delayed-nights.csv?area=havenshire",
    "/api/v1/charts/tr-delayed-nights.svg?area=havenshire",
    "/api/v1/funnel/tr-before-17?area=havenshire",
    "/measures/tr-delayed-nights?area=havenshire",
    "/metrics/run-charts?",
    "/metrics?",
    // Their numbers are of now; up to where they reach is told by the edition.
    "/api/v1/charts/ra-level-median?area=havenshire",
    "/api/v1/outcomes?area=havenshire",
];
/// What `/metrics` says of the process and, to operators, of the log as a whole.
const OF_THE_PROCESS: &str = "process_";
/// What moves with each person, and is shown to those who work with them.
const OF_NOW: [&str; 5] = [
    "joinedup_source_last_event_timestamp_seconds{",
    "joinedup_source_events_total{",
    "joinedup_projector_watermark_timestamp_seconds{",
    "joinedup_view_entities{",
    "joinedup_open_waits{",
];

fn seen(product: &Joinedup, audience: &str) -> Vec<String> {
    let door = |path: &&str| {
        let path = format!("{path}{audience}");
        let answer = http::get(&product.url(&path)).unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let text = answer.text();
        match path.split(['/', '?']).nth(1).unwrap_or_default() {
            "measures" => {
                let table = text.split("<table").nth(1).unwrap();
                table.split("</table>").next().unwrap().to_owned()
            }
            "metrics" if path.starts_with("/metrics?") => {
                let of_now = OF_NOW.map(|name| text.contains(name));
                assert_eq!(of_now, [audience.is_empty(); 5]);
                let lines = text.lines().filter(|line| !line.contains(OF_THE_PROCESS));
                lines.collect::<Vec<_>>().join("\n")
            }
            "metrics" => {
                let lines = text
                    .lines()
                    .filter(|line| line.contains("tr-delayed-nights"));
                lines.collect::<Vec<_>>().join("\n")
            }
            // To the minute, which may pass between two looks.
            _ if answer.header("content-type") == Some("application/json") => {
                let mut answer = answer.json();
                answer["as_of"].take();
                answer.to_string()
            }
            _ => text,
        }
    };
    DOORS.iter().map(door).collect()
}

/// What the stream and the strip of a page say of what has come in.
fn moves(product: &Joinedup, audience: &str) -> (Vec<String>, String) {
    let stream = product.url(&format!("/api/v1/stream{audience}"));
    let words = http::live(&stream, &[], |words| !words.is_empty()).unwrap();
    let said: serde_json::Value = serde_json::from_str(&words[0].data).unwrap();
    let said = ["position", "head"].map(|name| said[name].to_string());
    let page = http::get_ok(&product.url(&format!("/{audience}"))).unwrap();
    let text = page.text();
    let (_, strip) = text.split_once("data-position=\"").unwrap();
    (said.into(), strip.split('"').next().unwrap().to_owned())
}

#[test]
fn readers_look_twice_and_nobody_s_coming_or_going_is_between() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let load = product.folder().join("load.ndjson");
    std::fs::write(&load, county(3, 0.5).join("\n") + "\n").unwrap();
    product::run([
        "import",
        "--url",
        &product.url(""),
        &load.display().to_string(),
    ])
    .succeeded();
    product.caught_up();
    let (public, exact) = (seen(&product, "&audience=public"), seen(&product, ""));
    assert!(public[1].contains(",final,"), "{}", public[1]);
    let before = moves(&product, "?audience=public");
    // Sixty people, who would move every rounded number of the week.
    for n in 0..60 {
        let came = ["2026-09-10", "2026-09-11", "2026-09-22"];
        let stay = stay(
            &format!("late-{n}"),
            "hv-north-1",
            came[0],
            came[1],
            came[2],
        );
        assert!(product.post(&stay).status < 300);
    }
    product.caught_up();
    assert_eq!(moves(&product, "?audience=public"), before);
    assert_ne!(moves(&product, ""), before);
    let again = seen(&product, "&audience=public");
    for ((door, first), second) in DOORS.iter().zip(&public).zip(&again) {
        assert_eq!(first, second, "{door}");
    }
    // Which sources there are and when each reported last is of the edition too; that one is late is said at once.
    let sources = |audience| {
        http::get(&product.url(&format!("/sources?{audience}")))
            .unwrap()
            .text()
    };
    assert!(sources("").contains("/havenshire/pas"));
    assert!(!sources("&audience=public").contains("/havenshire/pas"));
    assert!(sources("").contains(">Events<") && !sources("&audience=public").contains(">Events<"));
    let now = seen(&product, "");
    for ((door, first), second) in DOORS
        .iter()
        .zip(&exact)
        .zip(&now)
        .filter(|((d, _), _)| !d.contains("svg"))
    {
        assert_ne!(first, second, "{door} is of now");
    }
}
