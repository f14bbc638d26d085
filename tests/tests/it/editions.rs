//! What readers get of people stands still for a day, at every door; who works with the numbers of now has them at once.

use joinedup_tests::care::{county, stay};
use joinedup_tests::http;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};

/// The doors to the nights of delay of one county.
const DOORS: [&str; 6] = [
    "/api/v1/charts/tr-delayed-nights?area=havenshire",
    "/api/v1/charts/tr-delayed-nights.csv?area=havenshire",
    "/api/v1/charts/tr-delayed-nights.svg?area=havenshire",
    "/api/v1/funnel/tr-before-17?area=havenshire",
    "/measures/tr-delayed-nights?area=havenshire",
    "/metrics/run-charts?",
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
            "metrics" => {
                let lines = text
                    .lines()
                    .filter(|line| line.contains("tr-delayed-nights"));
                lines.collect::<Vec<_>>().join("\n")
            }
            _ => text,
        }
    };
    DOORS.iter().map(door).collect()
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
    let again = seen(&product, "&audience=public");
    for ((door, first), second) in DOORS.iter().zip(&public).zip(&again) {
        assert_eq!(first, second, "{door}");
    }
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
