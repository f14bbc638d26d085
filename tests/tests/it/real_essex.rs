//! Essex by its published files: what lies at the trusts and groups that serve the county is shown for it by name, the
//! same at every door, and what nobody gives is asked of somebody.

use joinedup_tests::folders;
use joinedup_tests::http;
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::scrape::Scrape;
use serde_json::Value;
use std::collections::BTreeMap;

const ESSEX: &str = "E10000012";
const FILES: [&str; 8] = [
    "ae_essex_trust_monthly.csv",
    "beds_essex_trust_monthly.csv",
    "discharge_delay_reasons_essex_trust_monthly.csv",
    "drd_trust_monthly.csv",
    "dtoc_essex_monthly.csv",
    "mar_admissions_essex_ccg_monthly.csv",
    "sitrep_essex_trust_daily.csv",
    "social_care_wait_times_uk_la.csv",
];

/// A stock by day: of all series the longest.
const DAILY: &str = "[[measure]]\nid = \"our-daily-stock\"\ntitle = \"Waiting each day\"\n\
    quantity = \"observation.sitrep-nctr\"\naggregate = \"amount\"\nunit = \"people\"\nperiod = \"day\"\n\
    direction = \"down\"\noutcomes = [\"se-transfers-without-delay\"]\n";
const OWN_CARD: &str = "[[scorecard]]\nid = \"winter\"\ntitle = \"Our winter\"\nowner = \"The winter room\"\n\
    items = [{ section = \"Beds\", measure = \"ag-bed-occupancy\" }, { title = \"Beds at home\" }]\n";

/// The sum of a column over all rows of a month, by the bare reader and no mapping.
fn by_hand(folder: &std::path::Path, file: &str, month: &str, column: &str, of: &[&str]) -> f64 {
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    let at = |name: &str| head.iter().position(|h| *h == name);
    let code = at("trust_code").or(at("org_code")).unwrap();
    let rows = lines.map(|l| l.split(',').collect::<Vec<&str>>());
    rows.filter(|row| row[0] == month && of.contains(&row[code]))
        .map(|row| row[at(column).unwrap()].parse::<f64>().unwrap())
        .sum()
}

#[test]
fn essex_is_measured_at_the_organisations_that_serve_it_and_says_what_it_waits_for() {
    let Some(data) = folders::shared("data") else {
        return;
    };
    let settings = format!("home_area = \"{ESSEX}\"\nscorecard_files = [\"cards.toml\"]\n");
    let options = JoinedupOptions::new("serve", &["--measures", "daily.toml"])
        .file("joinedup.toml", &settings)
        .file("daily.toml", DAILY)
        .file("cards.toml", OWN_CARD);
    let product = Joinedup::start(options);
    let url = product.url("");
    for file in FILES {
        let file = data.join(file).display().to_string();
        product::run(["import", "--url", &url, &file]).succeeded();
    }
    product.caught_up();
    let get = |path: &str| product.json(path).unwrap();

    // Charts: the sums of the files, named.
    let trusts = ["RAJ", "RDE", "RQW"];
    let groups = ["06Q", "06T", "07H", "99E", "99F"];
    for (measure, month, file, column, of, whose) in [
        (
            "ag-emergency-admissions",
            "2025-07",
            FILES[0],
            "total_emergency_admissions",
            &trusts[..],
            "at the trusts that serve Essex",
        ),
        (
            "ae-attendances",
            "2021-04",
            FILES[0],
            "total_attendances",
            &trusts[..],
            "at the trusts that serve Essex",
        ),
        (
            "mar-non-elective",
            "2019-12",
            FILES[5],
            "non_elective_admissions",
            &groups[..],
            "for the commissioners that serve Essex",
        ),
    ] {
        let chart = get(&format!(
            "/api/v1/charts/{measure}?area={ESSEX}&period=month"
        ));
        assert_eq!(chart["footprint"]["words"], whose, "{measure}");
        assert!(
            chart["summary"].as_str().unwrap().contains(whose),
            "{measure}"
        );
        let points = chart["points"].as_array().unwrap();
        let point = points
            .iter()
            .find(|p| p["period_start"] == format!("{month}-01"));
        let sum = by_hand(&data, file, month, column, of);
        assert_eq!(point.unwrap()["value"].as_f64(), Some(sum), "{measure}");
    }
    let own = get(&format!("/api/v1/charts/dtoc-delayed-days?area={ESSEX}"));
    assert!(
        own.get("footprint").is_none(),
        "the council's own number comes first"
    );

    every_door_agrees(&product);
    what_is_lit_and_what_is_waited_for(&get);
    scorecards(&product, &get);
    the_matrix_is_led_by_no_daily_stock(&product);
    a_chart_goes_into_a_slide_and_a_pack(&product);
}

fn scorecards(product: &Joinedup, get: &impl Fn(&str) -> Value) {
    let all = get("/api/v1/scorecards");
    let ids: Vec<&str> = all["scorecards"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|c| c["id"].as_str())
        .collect();
    for id in [
        "interface-2017",
        "bcf-2015",
        "bcf-2025",
        "vanguards",
        "sustain",
        "icpa",
        "winter",
    ] {
        assert!(ids.contains(&id), "{id}");
    }
    let card = get(&format!("/api/v1/scorecards/bcf-2015?area={ESSEX}"));
    let item = |measure: &str| {
        let mut items = card["items"].as_array().unwrap().iter();
        items.find(|i| i["measure"] == measure).unwrap().clone()
    };
    let admissions = item("mar-non-elective");
    let chart = get(&format!("/api/v1/charts/mar-non-elective?area={ESSEX}"));
    assert_eq!(
        admissions["value"],
        chart["points"].as_array().unwrap().last().unwrap()["value"]
    );
    assert_eq!(admissions["footprint"], chart["footprint"]["words"]);
    let homes = item("ag-care-home-65");
    assert!(homes["value"].is_null());
    assert_eq!(homes["waits_for"]["who"], "the council of Essex");
    assert!(
        homes["waits_for"]["needs"]
            .as_str()
            .unwrap()
            .contains("65 and over")
    );
    let text = |path: &str| http::get_ok(&product.url(path)).unwrap().text();
    let csv = text(&format!("/api/v1/scorecards/bcf-2015.csv?area={ESSEX}"));
    assert_eq!(csv.lines().count(), 5);
    assert!(
        csv.contains("for the commissioners that serve Essex"),
        "{csv}"
    );
    let page = text(&format!("/scorecards/winter?area={ESSEX}"));
    for part in [
        "1 of 2 lines have numbers here",
        "at the trusts that serve Essex",
        "The winter room",
        "Choose a measure for it",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(text(&format!("/scorecards?area={ESSEX}")).contains("Our winter"));
    let unknown = http::get(&product.url("/api/v1/scorecards/none")).unwrap();
    assert_eq!(unknown.status, 404);
}

fn a_chart_goes_into_a_slide_and_a_pack(product: &Joinedup) {
    let get = |path: &str| http::get_ok(&product.url(path)).unwrap();
    let slide = get(&format!(
        "/measures/ag-bed-occupancy/slide.svg?area={ESSEX}"
    ))
    .text();
    for part in [
        "Beds occupied, at the trusts that serve Essex, by month",
        "Source: Mid and South Essex (trust), East Suffolk and North Essex",
        "Data received up to",
        ">median<",
    ] {
        assert!(slide.contains(part), "{part}");
    }
    assert!(!slide.contains("var("), "its colours are literal");
    let picture = get(&format!(
        "/measures/ag-bed-occupancy/slide.png?area={ESSEX}"
    ));
    assert!(picture.body.starts_with(b"\x89PNG"));
    let pack = format!("/pack?area={ESSEX}&chart=ag-bed-occupancy&chart=ag-ae-4h&scorecard=winter");
    let pack = get(&pack).text();
    assert_eq!(pack.matches("class=\"pack-chart\"").count(), 2);
    assert!(pack.contains("Our winter") && pack.contains("Board pack, "));
    let page = get(&format!("/measures/ag-bed-occupancy?area={ESSEX}")).text();
    for link in ["/slide.png?", "/slide.svg?", "/pack?", ".csv?"] {
        assert!(page.contains(link), "{link}");
    }
}

fn the_matrix_is_led_by_no_daily_stock(product: &Joinedup) {
    let path = format!("/leaders?area={ESSEX}&since=2025-06-01");
    let page = http::get_ok(&product.url(&path)).unwrap().text();
    let matrix = page.split("id=\"matrix\"").nth(1).unwrap();
    let matrix = matrix.split("</table>").next().unwrap();
    assert_eq!(matrix.matches("/model?").count(), 15);
    assert!(
        matrix.contains("Since the board of 1 June 2025"),
        "{matrix}"
    );
    assert!(!matrix.contains("our-daily-stock"), "{matrix}");
    let chart = product.json(&format!("/api/v1/charts/our-daily-stock?area={ESSEX}"));
    let days = chart.unwrap()["points"].as_array().map_or(0, Vec::len);
    assert!(days > 1000, "it has the most points of all: {days}");
}

/// The latest share of occupied beds as JSON, CSV, metric and page.
fn every_door_agrees(product: &Joinedup) {
    let path = format!("/api/v1/charts/ag-bed-occupancy?area={ESSEX}");
    let chart = product.json(&path).unwrap();
    let last = chart["points"].as_array().unwrap().last().unwrap().clone();
    let value = last["value"].as_f64().unwrap();
    let csv = http::get_ok(&product.url(&path.replace("?", ".csv?")))
        .unwrap()
        .text();
    let row = csv.lines().last().unwrap();
    assert!(row.contains(&value.to_string()), "{row}");
    assert!(row.contains(",at the trusts that serve Essex,"), "{row}");
    let scrape = Scrape::of(&product.url("/metrics/run-charts")).unwrap();
    let of = |s: &&joinedup_tests::scrape::Series| {
        let label = |name: &str| s.labels.get(name).map(String::as_str);
        s.name == "joinedup_run_chart_latest_ratio"
            && label("measure") == Some("ag-bed-occupancy")
            && label("area") == Some(ESSEX)
    };
    let found: Vec<f64> = scrape.series.iter().filter(of).map(|s| s.value).collect();
    assert_eq!(found, [value]);
    let page = product.url(&format!("/measures/ag-bed-occupancy?area={ESSEX}"));
    let page = http::get_ok(&page).unwrap().text();
    for part in [
        "Beds occupied, at the trusts that serve Essex",
        "Added up from Mid and South Essex (trust)",
        "also treats people of Suffolk",
        &format!("{:.1}%", value * 100.0),
    ] {
        assert!(page.contains(part), "{part}");
    }
}

fn what_is_lit_and_what_is_waited_for(get: &impl Fn(&str) -> Value) {
    let outcomes = eventually("the outcomes have taken all files in", || {
        let answer = get(&format!("/api/v1/outcomes?area={ESSEX}"));
        let nodes = answer["nodes"].as_array().unwrap().iter();
        let outcomes: BTreeMap<String, Value> = nodes
            .filter(|n| n["layer"] == "outcome")
            .map(|n| (n["id"].as_str().unwrap().to_owned(), n.clone()))
            .collect();
        let named = |node: &Value| {
            let measures = node["measures"].as_array().unwrap();
            measures
                .iter()
                .any(|m| m["verdict"]["footprint"].is_string())
        };
        let lit = [
            "se-transfers-without-delay",
            "sy-efficient-flow",
            "sy-hospital-demand-managed",
            "se-teams-reach-joint-resources",
        ];
        match lit.iter().find(|id| !named(&outcomes[**id])) {
            None => Ok(outcomes),
            Some(dark) => Err(format!("{dark} shows no footprint")),
        }
    });
    assert_eq!(outcomes.len(), 15);
    for (id, node) in outcomes.iter().filter(|(_, node)| node["dark"] == true) {
        let waits = node["waits_for"].as_array().unwrap();
        assert!(!waits.is_empty(), "{id}");
        for gap in waits {
            let text = |field: &str| gap[field].as_str().unwrap().to_owned();
            assert!(
                !text("needs").is_empty() && !text("who").is_empty(),
                "{id}: {gap}"
            );
        }
    }
    let budgets = &outcomes["sy-personalisation-enabled"]["waits_for"][0];
    assert_eq!(budgets["who"], "the council of Essex");
    // The council refused to say how long people wait for social care, and no other's answer stands for it.
    let waits = get(&format!(
        "/api/v1/charts/social-care-assessment-wait?area={ESSEX}"
    ));
    assert_eq!(waits["points"].as_array().map(Vec::len), Some(0));
}
