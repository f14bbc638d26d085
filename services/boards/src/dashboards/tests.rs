//! The boards in `grafana/` are those that are made here, and every panel shows what it says.

use super::*;
use joinedup_exposition::names;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;

fn folder() -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../grafana/dashboards")
}

fn panels(dashboard: &Value) -> Vec<&Value> {
    dashboard["panels"].as_array().unwrap().iter().collect()
}

#[test]
fn the_files_are_what_is_made_here_and_there_is_no_other() {
    let mut kept: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    for (name, dashboard) in all() {
        let file = std::fs::read_to_string(folder().join(name)).unwrap();
        assert!(
            file == written(&dashboard),
            "{name} is old: cargo run -p joinedup-boards"
        );
        kept.remove(name);
    }
    assert!(kept.is_empty(), "{kept:?}");
}

#[test]
fn every_name_in_a_query_is_a_metric_of_the_table_or_one_that_every_scrape_has() {
    let own: BTreeSet<String> = names::ALL.iter().flat_map(|m| m.names()).collect();
    for (file, dashboard) in all() {
        let text = written(&dashboard);
        for at in text.match_indices("joinedup_").map(|(at, _)| at) {
            let name: String = text[at..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            let known = own.contains(&name)
                || own
                    .iter()
                    .any(|n| n.starts_with(name.trim_end_matches('_')));
            assert!(known, "{file} names {name}");
        }
    }
}

#[test]
fn every_panel_has_a_title_a_description_and_the_readers_own_data_source() {
    let mut uids = BTreeSet::new();
    for (file, dashboard) in all() {
        let uid = dashboard["uid"].as_str().unwrap();
        assert!(uid.len() <= 40 && uids.insert(uid.to_owned()), "{file}");
        let mut ids = BTreeSet::new();
        for panel in panels(&dashboard) {
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{file}");
            let title = panel["title"].as_str().unwrap_or_default();
            assert!(!title.is_empty(), "{file}");
            if panel["type"] == "row" {
                continue;
            }
            assert!(
                !panel["description"].as_str().unwrap_or_default().is_empty(),
                "{file}: {title}"
            );
            assert_eq!(
                panel["datasource"]["uid"], "${datasource}",
                "{file}: {title}"
            );
            for target in panel["targets"].as_array().unwrap() {
                assert_eq!(
                    target["datasource"]["uid"], "${datasource}",
                    "{file}: {title}"
                );
            }
        }
    }
}

#[test]
fn no_two_panels_of_a_board_lie_on_each_other() {
    for (file, dashboard) in all() {
        let mut taken = BTreeSet::new();
        for panel in panels(&dashboard) {
            let at = |side: &str| panel["gridPos"][side].as_u64().unwrap();
            assert!(at("x") + at("w") <= 24, "{file}: {}", panel["title"]);
            for x in at("x")..at("x") + at("w") {
                for y in at("y")..at("y") + at("h") {
                    assert!(
                        taken.insert((x, y)),
                        "{file}: {} lies on another panel",
                        panel["title"]
                    );
                }
            }
        }
    }
}

#[test]
fn nothing_to_show_is_never_shown_as_a_zero() {
    for (file, dashboard) in all() {
        let text = written(&dashboard);
        assert!(!text.contains("or vector("), "{file}");
    }
}

#[test]
fn the_words_of_the_logic_model_are_said_of_its_own_levels_alone() {
    let mut seen = 0;
    for (file, dashboard) in all() {
        for panel in panels(&dashboard) {
            let targets = panel["targets"].as_array().into_iter().flatten();
            let levels = targets
                .filter_map(|target| target["expr"].as_str())
                .filter(|query| query.contains("joinedup_assessment_"));
            for query in levels {
                seen += 1;
                assert!(query.contains(parts::TITLED_LEVEL), "{file}: {query}");
                let words = &panel["fieldConfig"]["defaults"]["mappings"][0]["options"];
                assert_eq!(words["3"]["text"], "3 amber", "{file}");
                assert_eq!(words["103"]["text"], "level 3", "{file}");
                // No event holds a higher level.
                assert_eq!(words["105"]["text"], "level 5", "{file}");
            }
        }
    }
    assert_eq!(seen, 3);
}

#[test]
fn every_length_of_time_is_shown_in_the_unit_that_people_know_it_in() {
    for (unit, seconds) in joinedup_exposition::unit::TIMES {
        for (file, dashboard) in all() {
            if ["run-charts.json", "leaders.json", "history.json"].contains(&file) {
                let text = written(&dashboard);
                let divided = format!("{seconds} * joinedup_measure_info{{");
                assert!(text.contains(&divided), "{file}: {unit}");
            }
        }
        let axes = parts::people_units();
        assert!(axes.split('|').any(|known| known == unit), "{unit}");
    }
}

#[test]
fn a_board_begins_at_the_largest_place_and_lists_the_others_as_pages_do() {
    let mut seen = 0;
    for (file, dashboard) in all() {
        assert!(!written(&dashboard).contains("havenshire"), "{file}");
        for variable in dashboard["templating"]["list"].as_array().unwrap() {
            let query = variable["definition"].as_str().unwrap_or_default();
            if query.contains("joinedup_area_info") {
                seen += 1;
                let name = &variable["name"];
                assert!(query.starts_with("query_result(sort("), "{file}: {name}");
                assert_eq!(variable["sort"], 0, "{file}: {name}");
                let begins = variable["multi"] == true || variable["current"] == json!({});
                assert!(begins, "{file}: {name}");
            }
        }
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn every_state_of_a_period_has_words_and_one_without_a_value_its_stripe() {
    let codes = parts::STATES.map(|(code, _)| code);
    assert_eq!(codes, joinedup_exposition::run_charts::states());
    for file in ["run-charts.json", "leaders.json"] {
        let (_, board) = all().into_iter().find(|(name, _)| *name == file).unwrap();
        for panel in panels(&board)
            .into_iter()
            .filter(|p| p["type"] == "timeseries")
        {
            for (code, words, _) in parts::WHY_ABSENT {
                let pattern = json!(format!("/^why_{code}$/"));
                let rules = panel["fieldConfig"]["overrides"].as_array().unwrap();
                let rule = rules.iter().find(|r| r["matcher"]["options"] == pattern);
                let named = rule.unwrap()["properties"][0].clone();
                assert_eq!(named["value"], words, "{file}: {}", panel["title"]);
            }
        }
    }
}
