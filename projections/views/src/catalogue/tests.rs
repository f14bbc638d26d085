//! The catalogue holds what its sources hold, and a file of a team's own adds to it.

use super::*;
use crate::contributions::experience::Scoring;
use crate::decide::Refusal;
use joinedup_events::Slug;
use std::path::PathBuf;

/// A table of the shared catalogue as rows of fields; none where the shared folder is absent.
#[expect(
    clippy::disallowed_methods,
    reason = "a test reads the shared tables; the crate itself reads nothing"
)]
fn table(name: &str) -> Option<Vec<Vec<String>>> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let found = here
        .ancestors()
        .map(|up| up.join("shared/catalogue").join(name))
        .find(|path| path.exists());
    let Some(path) = found else {
        assert!(
            std::env::var("CI").is_err(),
            "shared/catalogue/{name} is missing"
        );
        println!("passed over: shared/catalogue/{name} is not here");
        return None;
    };
    let text = std::fs::read_to_string(path).unwrap();
    Some(text.lines().skip(1).map(fields).collect())
}

/// The fields of a line of CSV; quoted fields hold commas, none holds a quote or a line end.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut quoted) = (vec![String::new()], false);
    for c in line.trim_end().chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => {
                let last = fields.len() - 1;
                fields[last].push(c);
            }
        }
    }
    fields
}

fn built_in() -> Catalogue {
    Catalogue::built_in().unwrap()
}

#[test]
fn the_model_has_nine_eleven_fifteen_and_eleven_nodes() {
    let catalogue = built_in();
    let count = |keep: &dyn Fn(&Node) -> bool| {
        let nodes = catalogue.model().nodes().iter();
        nodes.filter(|n| keep(n)).count()
    };
    let layers = [
        Layer::Enabler,
        Layer::Component,
        Layer::Outcome,
        Layer::Impact,
    ];
    assert_eq!(layers.map(|l| count(&|n| n.layer == l)), [9, 11, 15, 11]);
    let groups = ["people", "services", "system"];
    assert_eq!(groups.map(|g| count(&|n| n.group == g)), [6, 5, 4]);
}

/// Nodes whose titles in the table are not the words that services use.
const IN_THE_FIELDS_WORDS: [(&str, &str); 3] = [
    ("en-provider-market", "Sustainable care market"),
    ("en-joined-up-regulation", "Joined-up regulation"),
    ("en-joint-commissioning", "Joint commissioning"),
];

#[test]
fn every_node_of_the_shared_table_is_here_with_its_layer_group_and_lines() {
    let Some(rows) = table("logic_model.csv") else {
        return;
    };
    let catalogue = built_in();
    assert_eq!(rows.len(), catalogue.model().nodes().len());
    for row in rows {
        let node = catalogue.node(&row[0]).unwrap();
        let layer = serde_json::to_value(node.layer).unwrap();
        assert_eq!(layer, serde_json::json!(row[1]), "{}", row[0]);
        assert_eq!(node.group, row[2]);
        assert_eq!(node.order.to_string(), row[3]);
        let renamed = IN_THE_FIELDS_WORDS.iter().find(|(id, _)| **id == row[0]);
        assert_eq!(
            node.title,
            renamed.map_or(row[4].as_str(), |(_, title)| *title)
        );
        assert_eq!(node.source.join("; "), row[5]);
        assert!(!node.definition.is_empty());
    }
}

#[test]
fn every_edge_of_the_shared_table_is_here_and_says_that_it_is_inferred() {
    let Some(rows) = table("logic_model_edges.csv") else {
        return;
    };
    let catalogue = built_in();
    assert_eq!(rows.len(), catalogue.model().edges().len());
    for row in rows {
        let edge = catalogue.feeds(&row[0]).find(|e| e.to == row[1]).unwrap();
        let json = serde_json::to_value(edge).unwrap();
        assert_eq!(json["strength"], row[2]);
        assert_eq!(json["basis"], row[3]);
    }
}

#[test]
fn every_item_of_the_shared_table_is_here_in_its_group() {
    let Some(rows) = table("framework_items.csv") else {
        return;
    };
    let catalogue = built_in();
    assert_eq!(rows.len(), 100);
    for row in &rows {
        let framework = catalogue.framework(&row[0]).unwrap();
        let item = framework.item(&row[1]).unwrap();
        assert_eq!(item.order.to_string(), row[2], "{} {}", row[0], row[1]);
        assert_eq!(item.title, row[4]);
        // What the table calls the group of a framework's areas is not a group of ours to be told apart.
        assert_eq!(item.group.as_deref().unwrap_or(""), row[3]);
    }
}

#[test]
fn every_outcome_is_fed_and_every_enabler_reaches_one_but_the_setting() {
    let catalogue = built_in();
    for node in catalogue.model().nodes() {
        match node.layer {
            Layer::Outcome => assert!(catalogue.fed_by(&node.id).count() > 0, "{}", node.id),
            Layer::Enabler if node.id == "en-local-context" => {
                assert_eq!(catalogue.paths(&node.id), [["en-local-context"]]);
            }
            Layer::Enabler | Layer::Component => {
                assert!(
                    !catalogue.reaches(&node.id, Layer::Outcome).is_empty(),
                    "{}",
                    node.id
                );
                let question = catalogue.question("scie", &node.id).unwrap();
                assert!(question.ends_with('?'));
            }
            Layer::Impact => assert_eq!(catalogue.question("scie", &node.id), None),
        }
    }
    let asked = |item| catalogue.question("scie", item).unwrap();
    assert_ne!(asked("en-shared-records"), asked("co-crisis-response"));
}

#[test]
fn ways_lead_from_an_enabler_to_an_impact_and_are_as_strong_as_their_weakest_edge() {
    let catalogue = built_in();
    let paths = catalogue.paths("en-pooled-resources");
    let way = [
        "en-pooled-resources",
        "co-team-access-to-resources",
        "se-teams-reach-joint-resources",
        "im-cost-effective",
    ];
    assert!(paths.iter().any(|p| p == &way), "{paths:?}");
    let reached = catalogue.reaches("en-pooled-resources", Layer::Outcome);
    assert!(reached.iter().all(|r| r.strength == Strength::Contributing));
    let reached = catalogue.outcomes_of("scie", "co-crisis-response");
    let names: Vec<&str> = reached.iter().map(|r| r.node.as_str()).collect();
    assert_eq!(
        names,
        [
            "se-proactive-and-responsive",
            "se-right-place-any-time",
            "sy-hospital-demand-managed"
        ]
    );
}

#[test]
fn the_indicators_nobody_knows_are_not_invented() {
    let icpa = built_in().framework("icpa").unwrap().clone();
    assert_eq!(icpa.items.len(), 5);
    assert!(
        icpa.items
            .iter()
            .all(|i| i.group.as_deref() == Some("area"))
    );
    assert!(built_in().findings().is_empty());
}

#[test]
fn instruments_are_scored_in_code_as_their_files_say() {
    let catalogue = built_in();
    for framework in catalogue
        .frameworks()
        .filter(|f| f.kind == FrameworkKind::Instrument)
    {
        let scoring = Scoring::of(&framework.id).unwrap();
        let scale = framework.scale.clone().unwrap();
        assert_eq!(
            (scale.lowest, scale.highest),
            (scoring.lowest, scoring.highest)
        );
        for (name, items) in scoring.scales {
            let group: Vec<&str> = framework
                .items
                .iter()
                .filter(|i| i.group.as_deref() == Some(name))
                .map(|i| i.id.as_str())
                .collect();
            assert_eq!(&group, items, "{} {name}", framework.id);
        }
        let reversed: Vec<&str> = framework
            .items
            .iter()
            .filter(|i| i.reversed)
            .map(|i| i.id.as_str())
            .collect();
        assert_eq!(reversed, scoring.reversed);
    }
}

#[test]
fn a_teams_own_file_adds_replaces_and_takes_away() {
    let catalogue = built_in()
        .and_toml(
            "own.toml",
            r#"
            [[population]]
            id = "children"
            title = "Children with long-term conditions"
            [[variant]]
            population = "children"
            node = "co-carer-support"
            title = "Support for parents"
            [[variant]]
            population = "children"
            node = "sy-shift-to-community"
            left_out = true
            [[node]]
            id = "co-school"
            layer = "component"
            group = "component"
            order = 12
            title = "School and care together"
            definition = "Schools take part in the plan."
            rating = "expected"
            [[edge]]
            from = "co-school"
            to = "pe-involved-in-decisions"
            strength = "main"
            basis = "local"
            [[edge]]
            from = "co-carer-support"
            to = "sy-hospital-demand-managed"
            strength = "none"
            basis = "local"
            [[finding]]
            framework = "cqc-local-system-reviews"
            date = "2018-03-02"
            area = "havenshire"
            pathway = "crisis"
            text = "Teams answered calls at any hour."
            "#,
        )
        .unwrap();
    let nodes = catalogue.model().nodes_for("children").unwrap();
    assert!(nodes.iter().any(|n| n.title == "Support for parents"));
    assert!(!nodes.iter().any(|n| n.id == "sy-shift-to-community"));
    assert!(nodes.iter().any(|n| n.id == "co-school"));
    assert_eq!(catalogue.model().nodes_for("nobody"), None);
    assert!(
        !catalogue
            .feeds("co-carer-support")
            .any(|e| e.to == "sy-hospital-demand-managed")
    );
    assert_eq!(catalogue.findings().len(), 1);
}

#[test]
fn an_unsound_file_is_refused_with_the_place_named() {
    let refused = |text: &str| {
        let error = built_in().and_toml("own.toml", text).unwrap_err();
        error.to_string()
    };
    let edge = |from: &str, to: &str| {
        format!(
            "[[edge]]\nfrom = \"{from}\"\nto = \"{to}\"\nstrength = \"main\"\nbasis = \"local\"\n"
        )
    };
    assert!(refused(&edge("co-nothing", "pe-carers-supported")).contains("co-nothing"));
    assert!(refused(&edge("pe-carers-supported", "co-carer-support")).contains("layer"));
    let twice = edge("co-carer-support", "pe-carers-supported").repeat(2);
    assert!(refused(&twice).contains("twice"));
    assert!(refused("[[node]]\nid = 3").contains("own.toml"));
    let finding = "[[finding]]\nframework = \"scie\"\ndate = \"2018-01-01\"\narea = \"a\"\npathway = \"crisis\"\ntext = \"t\"";
    assert!(refused(finding).contains("scie"));
    let unscaled = "[[framework]]\nid = \"own\"\ntitle = \"Own\"\nkind = \"rating\"\nnote = \"n\"";
    assert!(refused(unscaled).contains("[scale]"));
    // The door takes no level above five and no score above ten: better known now than when somebody rates.
    let of = |kind: &str, highest: u8| {
        let unscaled = unscaled.replace("rating", kind);
        format!("{unscaled}\n[framework.scale]\nlowest = 0\nhighest = {highest}")
    };
    assert!(refused(&of("rating", 6)).contains("must end at 5"));
    assert!(refused(&of("instrument", 11)).contains("must end at 10"));
    assert!(built_in().and_toml("own.toml", &of("rating", 5)).is_ok());
}

#[test]
fn every_measure_serves_outcomes_of_the_model_and_every_outcome_has_a_measure() {
    let catalogue = built_in();
    let is_outcome = |id: &str| {
        catalogue
            .node(id)
            .is_some_and(|n| n.layer == Layer::Outcome)
    };
    let measures = crate::measures::Measures::built_in(is_outcome).unwrap();
    for node in catalogue.model().nodes() {
        if node.layer == Layer::Outcome {
            let named = |m: &crate::measure::Measure| {
                m.outcomes.named().iter().any(|o| o.as_str() == node.id)
            };
            assert!(measures.iter().any(named), "{}", node.id);
        }
    }
}

#[test]
fn every_node_leads_to_what_is_known_about_it() {
    let catalogue = built_in();
    let mut of_places = 0;
    for node in catalogue.model().nodes() {
        assert!(!node.evidence.is_empty(), "{} has no evidence", node.id);
        let links: Vec<&model::Link> = node.evidence.iter().chain(&node.practice).collect();
        let distinct: std::collections::BTreeSet<&str> =
            links.iter().map(|link| link.address.as_str()).collect();
        assert_eq!(
            distinct.len(),
            links.len(),
            "{} says one thing twice",
            node.id
        );
        for link in links {
            assert!(link.address.starts_with("https://"), "{}", link.address);
            assert!(!link.title.is_empty());
        }
        of_places += node.practice.len();
    }
    assert!(
        of_places >= 5,
        "only {of_places} links to places that do it"
    );
}

#[test]
fn a_node_that_a_team_adds_can_be_rated_when_it_says_so() {
    let node = |id: &str, rating: &str| {
        format!(
            "[[node]]\nid = \"{id}\"\nlayer = \"component\"\ngroup = \"component\"\norder = 90\ntitle = \"Supported living\"\ndefinition = \"A home with support.\"\nrating = \"{rating}\"\n"
        )
    };
    let own = node("co-supported-living", "expected") + &node("co-not-rated", "none");
    let catalogue = built_in().and_toml("own.toml", &own).unwrap();
    let rate = |item: &str, level| {
        catalogue.check_rating(
            &Slug::new("scie").unwrap(),
            &Slug::new(item).unwrap(),
            Some(level),
        )
    };
    assert_eq!(rate("co-supported-living", 3), Ok(()));
    let (lowest, highest) = (1, 5);
    assert_eq!(
        rate("co-supported-living", 9),
        Err(Refusal::OffTheScale { lowest, highest })
    );
    assert_eq!(rate("co-not-rated", 3), Err(Refusal::UnknownItem));
    let mine = catalogue
        .framework("scie")
        .unwrap()
        .item("co-supported-living");
    assert_eq!(mine.unwrap().title, "Supported living");
}
