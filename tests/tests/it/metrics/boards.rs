//! Every query of every dashboard, on a real Prometheus that scrapes a real county.

use std::collections::{BTreeMap, BTreeSet};

use joinedup_tests::folders;
use joinedup_tests::patience::eventually;
use joinedup_tests::prometheus::Prometheus;
use serde_json::Value;

use super::named;

/// What a reader of the boards has chosen.
const CHOSEN: [(&str, &str); 12] = [
    ("$__rate_interval", "1m"),
    ("$__range", "31536000s"),
    ("${datasource}", "prometheus"),
    ("$days", "tr-ready-now"),
    ("$daily", "tr-ready-now"),
    ("$measures", "tr-delayed-share"),
    ("$measure", "tr-delayed-share"),
    ("$areas", "havenshire-north"),
    ("$area", "havenshire"),
    ("$outcome", "se-transfers-without-delay"),
    ("$framework", "scie"),
    ("$rated", "havenshire-north"),
];

/// The boards that ask a Prometheus; the one that asks joinedup itself is tried with it, in `event_time`.
pub fn boards() -> BTreeMap<String, Value> {
    let folder = folders::repository().join("grafana/dashboards");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("history.json"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (
                path.display().to_string(),
                serde_json::from_str(&text).unwrap(),
            )
        })
        .collect()
}

fn chosen(query: &str) -> String {
    CHOSEN
        .iter()
        .fold(query.to_owned(), |query, (name, value)| {
            query.replace(name, value)
        })
}

/// Of a place that is not counted as people wait, the operations board shows nothing, and in no panel a zero; a place
/// whose parts are not counted stands for itself.
pub fn operations_shows_what_is_counted(prometheus: &Prometheus) {
    let boards = boards();
    let (_, board) = boards
        .iter()
        .find(|(file, _)| file.ends_with("operations.json"))
        .unwrap();
    let of = |area: &str| {
        let in_area = board.to_string().replace("$area", area);
        let panels = queries(&serde_json::from_str(&in_area).unwrap()).into_iter();
        let name = format!("\"{area}\"");
        panels.filter(move |(_, query)| query.contains(&name))
    };
    let mut asked = 0;
    for (panel, query) in of("hv-north-1") {
        asked += 1;
        assert!(
            prometheus.query(&query).unwrap().is_empty(),
            "{panel}: {query}"
        );
    }
    assert!(asked > 10, "{asked}");
    let titles = [
        "Ready for discharge",
        "By place",
        "Longest waits for discharge",
    ];
    let all = of("havenshire-north").filter(|(panel, _)| titles.contains(&panel.as_str()));
    let mut asked = 0;
    for (panel, query) in all {
        asked += 1;
        eventually(&format!("{panel}: {query}"), || answers(prometheus, &query));
    }
    assert_eq!(asked, titles.len());
}

/// Every query of a board, with the name of its panel, variable or flag.
pub fn queries(board: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for panel in board["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        let targets = panel["targets"].as_array().into_iter().flatten();
        let (cases, others): (Vec<String>, Vec<String>) = targets
            .map(|target| chosen(target["expr"].as_str().unwrap()))
            .partition(|query| {
                [" > 0", " < 0", " == 0"]
                    .iter()
                    .any(|end| query.trim_end_matches(')').ends_with(end))
            });
        // Of cases that leave each other out one has an answer.
        let cases = (!cases.is_empty()).then(|| cases.join(" or "));
        found.extend(
            cases
                .into_iter()
                .chain(others)
                .map(|query| (title.to_owned(), query)),
        );
    }
    for flag in board["annotations"]["list"].as_array().unwrap() {
        found.push(("flags".to_owned(), chosen(flag["expr"].as_str().unwrap())));
    }
    for variable in board["templating"]["list"].as_array().unwrap() {
        let Some(query) = variable["query"]["query"].as_str() else {
            continue;
        };
        let query = chosen(query);
        // What Grafana asks for `label_values(selector, label)` comes to: are there series with the label?
        let inside = query.split_once('(').unwrap().1.strip_suffix(')').unwrap();
        let query = match query.split_once('(').unwrap().0 {
            "label_values" => {
                let (selector, label) = inside.rsplit_once(", ").unwrap();
                format!("count by ({label}) ({selector})")
            }
            _ => inside.to_owned(),
        };
        found.push((format!("variable {}", variable["name"]), query));
    }
    found
}

fn answers(prometheus: &Prometheus, query: &str) -> Result<(), String> {
    match prometheus.query(query)?.len() {
        0 => Err("nothing".to_owned()),
        _ => Ok(()),
    }
}

/// Asks every query, variable and flag of every board; an error fails, and so does an answer without a sample.
pub fn every_query_has_an_answer(prometheus: &Prometheus) {
    let mut asked = 0;
    for (file, board) in boards() {
        for (what, query) in queries(&board) {
            asked += 1;
            eventually(&format!("{file}: {what}: {query}"), || {
                answers(prometheus, &query)
            });
        }
    }
    assert!(asked > 50, "{asked}");
}

/// What there is where tokens and certificates are, and where an archive was continued.
const NOT_HERE: [&str; 2] = [
    "joinedup_credential_expires_timestamp_seconds",
    "joinedup_archive_continued_timestamp_seconds",
];

/// Every rule was evaluated without an error, what it records is there, and so is every metric that it names.
pub fn every_rule_is_healthy(prometheus: &Prometheus) {
    let rules = || {
        let groups = prometheus.api("rules", &[])?;
        let rules: Vec<Value> = groups["groups"]
            .as_array()
            .ok_or("no groups")?
            .iter()
            .flat_map(|group| group["rules"].as_array().unwrap().clone())
            .collect();
        match rules.iter().find(|rule| rule["health"] != "ok") {
            Some(rule) => Err(rule.to_string()),
            None => Ok(rules),
        }
    };
    let rules = eventually("rules are evaluated", rules);
    assert!(rules.len() >= 20, "{}", rules.len());
    // Some record only what is amiss.
    let is_recording = |rule: &&Value| rule["type"] == "recording";
    let amiss: BTreeSet<&str> = rules
        .iter()
        .filter(is_recording)
        .filter(|rule| answers(prometheus, rule["query"].as_str().unwrap()).is_err())
        .map(|rule| rule["name"].as_str().unwrap())
        .collect();
    let of_what_is_amiss = [":known", ":silent", ":unheard"];
    let is_named_so = |name: &&str| of_what_is_amiss.iter().any(|end| name.ends_with(end));
    assert!(amiss.iter().all(is_named_so), "{amiss:?}");
    for rule in &rules {
        let query = rule["query"].as_str().unwrap();
        prometheus.query(query).unwrap();
        let mut names = named(query);
        if is_recording(&rule) {
            names.insert(rule["name"].as_str().unwrap().to_owned());
        }
        names.retain(|name| !amiss.contains(name.as_str()) && !NOT_HERE.contains(&name.as_str()));
        for name in names {
            // A scrape that a busy machine did not get done in time makes every series stale until the next.
            eventually(&format!("{}: {name}", rule["name"]), || {
                answers(prometheus, &name)
            });
        }
    }
}
