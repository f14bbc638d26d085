//! The measures that come with the product, and the sentences about a faulty file.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test reads files, and what fails here fails it"
)]

use joinedup_views::measure::{Outcomes, Shape, Source, explain};
use joinedup_views::measures::Measures;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A file of the folder that lies beside the repository; none, noted on a line, where it is not there.
fn shared(path: &str) -> Option<String> {
    let found = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared").join(path))
        .find_map(|file| std::fs::read_to_string(file).ok());
    if found.is_none() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "shared/{path} must be there in CI"
        );
        println!("shared/{path} is not here: passed over");
    }
    found
}

/// The lines of a CSV file, by column name. Fields may be quoted.
fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let fields = |line: &str| {
        let mut fields = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(String::new()),
                c => fields.last_mut().unwrap().push(c),
            }
        }
        fields
    };
    let mut lines = text.lines();
    let head = fields(lines.next().unwrap());
    lines
        .map(|line| head.iter().cloned().zip(fields(line)).collect())
        .collect()
}

fn built_in() -> Measures {
    Measures::built_in(|_| true).unwrap()
}

#[test]
fn every_row_of_the_catalogue_is_a_measure_that_means_the_same() {
    let Some(text) = shared("catalogue/measures.csv") else {
        return;
    };
    let measures = built_in();
    let rows = rows(&text);
    assert_eq!(rows.len(), 70);
    for row in rows {
        let id = row["id"].as_str();
        let measure = measures
            .get(id)
            .unwrap_or_else(|| panic!("{id} is not there"));
        assert_eq!(measure.direction.word(), row["direction"], "{id}");
        assert_eq!(measure.purpose.word(), row["purpose"], "{id}");
        assert_eq!(measure.data_type.word(), row["data_type"], "{id}");
        assert_eq!(measure.kind.word(), row["kind"], "{id}");
        assert_eq!(measure.family, row["family"], "{id}");
        match (&measure.outcomes, row["outcomes"].as_str()) {
            (Outcomes::All(_), listed) => assert!(listed.starts_with("all"), "{id}"),
            (Outcomes::Of(ours), listed) => {
                let ours: Vec<&str> = ours.iter().map(|o| o.as_str()).collect();
                assert_eq!(ours, listed.split(';').collect::<Vec<_>>(), "{id}");
            }
        }
        assert!(
            row["period"].split('/').any(|p| p == measure.period.code()),
            "{id}"
        );
        if row["unit"] == "proportion" {
            let proportion = measure.shape() == Shape::Proportion || measure.over.is_some();
            assert!(proportion, "{id} is a proportion");
        } else {
            assert_ne!(
                measure.shape(),
                Shape::Proportion,
                "{id} is not a proportion"
            );
        }
        let per = row["unit"] == "per 100,000";
        assert_eq!(measure.shape() == Shape::Rate, per, "{id}");
        let what = row["aggregation"].as_str();
        let word = measure.aggregate.word();
        let fits = match what {
            "median" if row["unit"].starts_with("level") => word == "level_median",
            "median" => word == "median",
            "p90" => word == "percentile" || word == "as_reported",
            "min" => word == "level_min",
            "max (gauge)" => word == "longest_open",
            "count (gauge)" => word == "level",
            _ => true,
        };
        assert!(fits, "{id}: {what} is not {word}");
    }
}

#[test]
fn every_outcome_of_the_logic_model_is_served_by_a_measure_of_its_own() {
    let Some(text) = shared("catalogue/logic_model.csv") else {
        return;
    };
    let outcomes: Vec<String> = rows(&text)
        .into_iter()
        .filter(|row| row["layer"] == "outcome")
        .map(|row| row["id"].clone())
        .collect();
    assert_eq!(outcomes.len(), 15);
    let measures = Measures::built_in(|id| outcomes.iter().any(|o| o == id)).unwrap();
    for outcome in &outcomes {
        assert!(measures.of_outcome(outcome).next().is_some(), "{outcome}");
    }
}

#[test]
fn every_measure_explains_itself_and_reads_a_quantity() {
    let measures = built_in();
    for measure in measures.iter() {
        let text = explain(measure);
        assert!(
            text.contains(&measure.title) && text.contains("counts"),
            "{text}"
        );
        assert!(measure.source().is_some(), "{}", measure.id);
        assert!(
            !measure.why.is_empty() && !measure.unit().is_empty(),
            "{}",
            measure.id
        );
        for breakdown in &measure.breakdowns {
            assert!(
                measure
                    .source()
                    .is_some_and(|s: Source<'_>| s.has_dimension(breakdown.as_str())),
                "{}",
                measure.id
            );
        }
    }
}

#[test]
fn what_needs_a_survey_says_so() {
    for measure in built_in().iter().filter(|m| m.family == "experience") {
        assert!(
            explain(measure).contains("needs        a survey"),
            "{}",
            measure.id
        );
    }
}

const LOCAL: &str = r#"
[[measure]]
id = "discussed-in-14-days"
title = "Discussed within 14 days"
quantity = "referral.to_discussion_minutes"
aggregate = { share_at_most = "14 days" }
direction = "up"
target = "80 %"
outcomes = ["se-staff-work-jointly"]
"#;

#[test]
fn a_local_measure_takes_fewer_than_ten_lines() {
    let ours = Measures::parse(LOCAL, |_| true).unwrap();
    let measure = ours.get("discussed-in-14-days").unwrap();
    assert_eq!(measure.target.map(|t| t.0), Some(0.8));
    assert_eq!(measure.maturity().to_string(), "14 days");
    assert_eq!(measure.family, "local");
    let all = built_in().with(ours.clone());
    assert_eq!(all.len(), built_in().len() + 1);
}

#[test]
fn a_digest_changes_with_the_definition_and_with_nothing_else() {
    let digest = |text: &str| Measures::parse(text, |_| true).unwrap().digest();
    let spaced = LOCAL.replace(" = ", "   =   ");
    assert_eq!(digest(LOCAL), digest(&spaced));
    assert_eq!(
        digest(LOCAL),
        digest(&LOCAL.replace("\"14 days\"", "\"2 weeks\""))
    );
    assert_ne!(digest(LOCAL), digest(&LOCAL.replace("80 %", "75 %")));
}

/// The sentence about a changed file.
fn sentence(from: &str, to: &str) -> String {
    assert!(LOCAL.contains(from), "{from}");
    let errors = Measures::parse(&LOCAL.replace(from, to), |o| o.starts_with("se-")).unwrap_err();
    errors
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn faults_are_said_in_sentences_with_line_measure_and_field() {
    let text = sentence(
        "referral.to_discussion_minutes",
        "referral.discusion_minutes",
    );
    assert!(
        text.starts_with("line 5, measure \"discussed-in-14-days\", field \"quantity\""),
        "{text}"
    );
    assert!(text.contains("referral.discussion_minutes"), "{text}");

    let text = sentence("{ share_at_most = \"14 days\" }", "\"level\"");
    assert!(
        text.contains("line 6") && text.contains("share_at_most"),
        "{text}"
    );

    let text = sentence("direction", "filter = { pathway = [\"1\"] }\ndirection");
    assert!(
        text.contains("\"pathway\"") && text.contains("priority, service, population and sector"),
        "{text}"
    );

    assert!(
        sentence("80 %", "180 %").contains("between 0 and 1"),
        "{}",
        sentence("80 %", "180 %")
    );
    let text = sentence("se-staff-work-jointly", "pe-nothing");
    assert!(
        text.contains("pe-nothing") && text.contains("field \"outcomes\""),
        "{text}"
    );
    let text = sentence("14 days", "14 dies");
    assert!(
        text.contains("field \"aggregate\"") && text.contains("length of time"),
        "{text}"
    );
    let text = sentence("direction", "directon");
    assert!(
        text.contains("directon") && text.contains("line 7"),
        "{text}"
    );
    let text = sentence("[[measure]]", "[[messure]]");
    assert!(text.contains("messure"), "{text}");
    assert!(sentence("\"up\"", "\"up").contains("not TOML"));
    let twice = format!("{LOCAL}{LOCAL}");
    let errors = Measures::parse(&twice, |_| true).unwrap_err();
    assert!(
        errors[0].to_string().contains("defined on line 2 already"),
        "{}",
        errors[0]
    );
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let text = LOCAL
        .replace("80 %", "180 %")
        .replace("referral.to_discussion_minutes", "referral.nothing")
        + &LOCAL
            .replace("discussed-in", "again-in")
            .replace("share_at_most", "share_at_moist");
    let errors = Measures::parse(&text, |_| true).unwrap_err();
    assert_eq!(errors.len(), 2, "{errors:?}");
}
