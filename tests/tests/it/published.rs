//! Public files in the layouts that their publishers give them go in through a built-in mapping or one of ten lines, and
//! every amount is what pandas reads in the same file.

use joinedup_tests::product;
use joinedup_tests::tools::{Run, Tool};
use serde_json::Value;
use std::path::Path;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/analysts/published.py");

fn pandas(command: &str, folder: &Path) -> Run {
    Tool::Analysts.run([SCRIPT.as_ref(), command.as_ref(), folder.as_os_str()])
}

/// Runs a command in a folder.
fn run(folder: &Path, arguments: &[&str]) -> Run {
    Run::of(product::command(arguments.iter().copied()).current_dir(folder))
}

#[test]
fn twenty_public_files_go_in_as_pandas_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pandas("write", folder).succeeded();
    let cases = std::fs::read_to_string(folder.join("cases.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&cases).unwrap();
    assert!(cases.len() >= 20, "{} files", cases.len());
    for case in &cases {
        let of = |member: &str| case[member].as_str().unwrap();
        let (name, mapping, file) = (of("name"), of("mapping"), of("file"));
        assert!(
            case["lines"].as_u64() <= Some(10),
            "{name} needs more lines"
        );
        let (areas, data) = (format!("{name}-areas.toml"), format!("data-{name}"));
        let import = ["import", "--mapping", mapping, "--areas", &areas];
        run(folder, &[&import[..], &["--data", &data, file]].concat()).succeeded();
        let archive = format!("{name}.ndjson");
        run(folder, &["export", "--data", &data, "-o", &archive]).succeeded();
    }
    let compared = pandas("compare", folder);
    let lines: Vec<&str> = compared.succeeded().lines().collect();
    assert_eq!(lines.len(), cases.len());
    for line in lines {
        let [name, amounts, wrong] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("not a result: {line}");
        };
        assert_ne!(amounts, "0", "{name} holds nothing");
        assert_eq!(wrong, "0", "{name}: {}", compared.stderr);
    }
}
