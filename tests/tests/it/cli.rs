//! The commands, as somebody types them: help for each, sentences for what was asked wrongly, and answers that other
//! programs can rely on.

use std::path::Path;

use joinedup_tests::folders;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::tools::Run;
use serde_json::Value;

const COMMANDS: [&str; 14] = [
    "demo",
    "serve",
    "publish",
    "project",
    "import",
    "export",
    "rebuild",
    "spc",
    "measures",
    "check",
    "simulate",
    "stream",
    "healthcheck",
    "completions",
];

/// Runs in a folder of its own, so that no `joinedup.toml` of another place is taken.
fn run_in(folder: &Path, arguments: &[&str]) -> Run {
    Run::of(product::command(arguments.iter().copied()).current_dir(folder))
}

fn run(arguments: &[&str]) -> Run {
    run_in(tempfile::tempdir().unwrap().path(), arguments)
}

#[test]
fn every_command_explains_itself() {
    let all = run(&["--help"]);
    for command in COMMANDS {
        assert!(
            all.succeeded().contains(&format!("  {command} ")),
            "{command} is not in the help"
        );
        let help = run(&[command, "--help"]);
        assert!(help.succeeded().contains("Usage: joinedup"), "{command}");
    }
    assert!(run(&["--version"]).succeeded().starts_with("joinedup "));
    assert_eq!(run(&["sing"]).code, Some(2));
}

#[test]
fn wrong_settings_end_with_code_2_and_a_sentence_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let config = |text: &str| std::fs::write(folder.path().join("joinedup.toml"), text).unwrap();
    for (text, named) in [
        ("lisen = \"127.0.0.1:1\"\n", "lisen"),
        ("listen = \"somewhere\"\n", "listen"),
        ("listen = \"0.0.0.0:0\"\n", "tokens"),
        ("run_chart_periods = 0\n", "run_chart_periods"),
        ("home_area = \"atlantis\"\n", "home_area"),
        ("areas_file = \"none.toml\"\n", "none.toml"),
        ("measures_files = [\"none.toml\"]\n", "none.toml"),
        (
            "[[tokens]]\nname = \"ward\"\nfile = \"none\"\nroles = [\"reader\"]\n",
            "ward",
        ),
        ("[nats]\nurl = \"\"\n", "nats.url"),
        ("[expected_hours]\n\"/pas\" = 0.0\n", "expected_hours"),
        ("this is no TOML", "joinedup.toml"),
    ] {
        config(text);
        for command in ["check", "serve"] {
            let run = run_in(folder.path(), &[command]);
            assert_eq!(run.code, Some(2), "{command} with {text}: {run:?}");
            assert!(
                run.stderr.contains(named),
                "{command} with {text}: {}",
                run.stderr
            );
        }
    }
    // Kubernetes sets such a variable by itself; it is named and not read.
    config("");
    let mut command = product::command(["check"]);
    command
        .current_dir(folder.path())
        .env("JOINEDUP_PORT", "tcp://10.0.0.1:8080")
        .env("JOINEDUP_HOME_AREA", "havenshire-north");
    let run = Run::of(&mut command);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.contains("JOINEDUP_PORT"), "{run:?}");
    assert!(!run.stderr.contains("JOINEDUP_HOME_AREA"), "{run:?}");
    assert!(!run.stderr.contains("10.0.0.1"), "{run:?}");
    assert_eq!(
        run_in(folder.path(), &["publish"]).code,
        Some(2),
        "publish needs NATS"
    );
    assert_eq!(
        run_in(folder.path(), &["export"]).code,
        Some(2),
        "export needs a source"
    );
    assert_eq!(
        run_in(folder.path(), &["simulate"]).code,
        Some(2),
        "simulate needs a place to write to"
    );
    assert_eq!(
        run_in(folder.path(), &["import", "none.csv", "--data", "data"]).code,
        Some(2)
    );
    assert_eq!(
        run_in(folder.path(), &["serve", "--config", "other.toml"]).code,
        Some(2)
    );
    assert_eq!(
        run_in(folder.path(), &["stream", "check"]).code,
        Some(2),
        "stream needs NATS"
    );
    assert!(!folder.path().join("data").exists(), "nothing was opened");
}

#[test]
fn a_command_that_only_reads_makes_no_log() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        "export -o all.ndjson",
        "export --into backup",
        "export --cells",
        "check --log",
        "rebuild",
        "erase --into new --nothing",
        "salvage -o all.ndjson",
    ] {
        let mut words: Vec<&str> = command.split(' ').collect();
        words.extend(["--data", "typo"]);
        let run = run_in(folder.path(), &words);
        assert_eq!(run.code, Some(2), "{command}: {run:?}");
        assert!(
            run.stderr.contains("typo holds no log")
                || run.stderr.contains("typo/log holds no log"),
            "{command}: {run:?}"
        );
    }
    assert!(!folder.path().join("typo").exists());
}

#[test]
fn what_check_dumps_are_the_settings_that_everything_came_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("joinedup.toml");
    std::fs::write(&path, "cache_mib = 17\nrun_chart_periods = 20\n").unwrap();
    let mut command = product::command(["check", "--dump", "--listen", "127.0.0.1:4711"]);
    command
        .current_dir(folder.path())
        .env("JOINEDUP_RUN_CHART_PERIODS", "30");
    let dumped = Run::of(&mut command).succeeded().to_owned();
    for line in [
        "cache_mib = 17",
        "run_chart_periods = 30",
        "listen = \"127.0.0.1:4711\"",
    ] {
        assert!(dumped.contains(line), "{line} is not in\n{dumped}");
    }
    std::fs::write(&path, &dumped).unwrap();
    let settings = |printed: &str| -> Vec<String> {
        let bare = |line: &str| line.split("  # ").next().unwrap_or(line).to_owned();
        printed.lines().map(bare).collect()
    };
    let again = run_in(folder.path(), &["check", "--dump"]);
    assert_eq!(settings(again.succeeded()), settings(&dumped));
}

#[test]
fn a_wrong_file_of_measures_is_told_all_its_errors() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("mine.toml"),
        "[[measure]]\nid = \"x\"\n[[measure]]\nid = \"y\"\n",
    )
    .unwrap();
    let checked = run_in(folder.path(), &["measures", "check", "mine.toml"]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(
        checked.stderr.matches("mine.toml:").count() >= 2,
        "{}",
        checked.stderr
    );
    assert!(
        run(&["measures", "list"])
            .succeeded()
            .contains("dtoc-delayed-days")
    );
    assert!(
        run(&["measures", "show", "dtoc-delayed-days"])
            .succeeded()
            .contains("Delayed days")
    );
    assert_eq!(run(&["measures", "show", "nothing"]).code, Some(2));
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(&["completions", shell]).succeeded().to_owned();
        for command in ["demo", "import", "--mapping", "--nats"] {
            let word = command.trim_start_matches('-');
            assert!(script.contains(word), "{shell} does not know {command}");
        }
    }
    assert_eq!(run(&["completions", "tin-can"]).code, Some(2));
}

#[test]
fn the_binary_judges_every_case_as_the_reference_implementations_do() {
    let Some(folder) = folders::shared("spc-vectors") else {
        return;
    };
    let (mut judged, mut wrong) = (0, Vec::new());
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let case: Value =
            serde_json::from_slice(&std::fs::read(&file).unwrap_or_default()).unwrap_or_default();
        if case["expected"].is_null() {
            continue;
        }
        judged += 1;
        let run = run(&["spc", file.to_str().unwrap()]);
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if case["expected"]["error"] == true {
            if run.code != Some(2) || run.stderr.trim().is_empty() {
                wrong.push(format!("{name}: should be refused, got {:?}", run.code));
            }
            continue;
        }
        if run.code != Some(0) {
            wrong.push(format!(
                "{name}: ended with {:?}: {}",
                run.code,
                run.stderr.trim()
            ));
            continue;
        }
        let answer: Value = serde_json::from_str(&run.stdout).unwrap();
        if let Some(difference) = difference(&case["expected"], &answer, "") {
            wrong.push(format!("{name}: {difference}"));
        }
    }
    assert!(judged > 80, "{judged} cases");
    assert!(
        wrong.is_empty(),
        "{} of {judged} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Where an answer differs from what is expected of it; what it says beyond that is its own.
fn difference(expected: &Value, answer: &Value, at: &str) -> Option<String> {
    match (expected, answer) {
        (Value::Object(expected), Value::Object(answer)) => {
            expected.iter().find_map(|(key, value)| {
                difference(
                    value,
                    answer.get(key).unwrap_or(&Value::Null),
                    &format!("{at}/{key}"),
                )
            })
        }
        (Value::Array(expected), Value::Array(answer)) if expected.len() == answer.len() => {
            expected
                .iter()
                .zip(answer)
                .enumerate()
                .find_map(|(index, (one, other))| difference(one, other, &format!("{at}/{index}")))
        }
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64()?, other.as_f64()?);
            let near =
                (one - other).abs() <= f64::max(1e-12, 1e-9 * f64::max(one.abs(), other.abs()));
            (!near).then(|| format!("{at} is {other} and should be {one}"))
        }
        (one, other) => (one != other).then(|| format!("{at} is {other} and should be {one}")),
    }
}

#[test]
fn an_import_into_a_running_server_is_held_against_the_servers_own_areas() {
    let areas = "[[area]]\nid = \"our-town\"\nkind = \"neighbourhood\"\ntitle = \"Our Town\"\nparents = [\"havenshire-north\"]\n";
    let server = Joinedup::start(
        JoinedupOptions::new("serve", &["--areas", "areas.toml"]).file("areas.toml", areas),
    );
    let folder = tempfile::tempdir().unwrap();
    let event = serde_json::json!({
        "specversion": "1.0", "type": "care.joinedup.observation.observed.v1", "source": "test/import", "id": "1",
        "time": "2026-01-31T00:00:00Z",
        "data": { "area": "our-town", "series": "dtoc-delayed-days", "period_start": "2026-01-01", "grain": "month", "value": 12, "breakdown": {} },
    });
    let file = folder.path().join("events.ndjson");
    std::fs::write(&file, format!("{event}\n")).unwrap();
    let import = |flags: &[&str]| {
        let mut arguments = vec!["import"];
        arguments.extend(flags);
        arguments.push(file.to_str().unwrap());
        product::run(arguments)
    };
    let url = server.url("");
    let run = import(&["--url", url.trim_end_matches('/')]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("1 accepted"), "{run:?}");
    // A log without a server knows the built-in areas only, and says which one is unknown.
    let data = folder.path().join("data");
    let run = import(&["--data", data.to_str().unwrap()]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("area"), "{run:?}");
}
