//! What the image is built from: all that the build reads and none of what is secret. No container is started here.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use joinedup_tests::folders;
use joinedup_tests::tools::Run;

use super::files::{Committed, committed};
use super::manifest::host;

/// Programs that build scripts start and that the image of Rust does not bring, by the crate that needs each.
const NEEDED: [(&str, &str); 5] = [
    ("tikv-jemalloc-sys", "make"),
    ("cmake", "cmake"),
    ("pkg-config", "pkgconf"),
    ("bindgen", "clang-dev"),
    ("prost-build", "protobuf-dev"),
];

fn kept(name: &str) -> String {
    std::fs::read_to_string(folders::repository().join(name)).unwrap()
}

/// Whether `.dockerignore` sends a file: the last line that fits it, or a folder that it lies in, decides.
fn is_sent(path: &str) -> bool {
    let fits = |pattern: &str, path: &Path| match pattern.strip_prefix("**/") {
        None if pattern == "*" => true,
        None => path.starts_with(pattern),
        Some(name) => path.components().any(|part| {
            let part = part.as_os_str().to_string_lossy();
            name.strip_prefix('*')
                .map_or(part == name, |end| part.ends_with(end))
        }),
    };
    let mut sent = true;
    for line in kept(".dockerignore").lines() {
        let (again, pattern) = match line.strip_prefix('!') {
            Some(pattern) => (true, pattern),
            None => (false, line),
        };
        if !line.is_empty() && !line.starts_with('#') && fits(pattern, Path::new(path)) {
            sent = again;
        }
    }
    sent
}

/// The files that a source holds as text, from the root of the repository.
fn included(file: &Committed) -> impl Iterator<Item = String> {
    let folder = Path::new(&file.path).parent().unwrap().to_owned();
    file.text
        .split("include_str!(\"")
        .skip(1)
        .filter_map(move |rest| {
            let mut whole = PathBuf::new();
            for part in folder.join(rest.split_once('"')?.0).components() {
                match part {
                    Component::ParentDir => drop(whole.pop()),
                    part => whole.push(part),
                }
            }
            Some(whole.display().to_string())
        })
}

#[test]
fn the_build_of_the_image_is_sent_all_that_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let files = committed();
    let sent: Vec<&Committed> = files.iter().filter(|file| is_sent(&file.path)).collect();
    for file in &sent {
        folders::write(folder.path(), &[(&file.path, &file.text)]);
    }
    // Cargo reads the manifests of all members and looks for their code.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut read = Command::new(cargo);
    read.args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", &host()])
        .current_dir(folder.path());
    Run::of(&mut read).succeeded();
    // Without tests, which are built only where they are run.
    let is_built = |file: &&&Committed| file.path.contains("/src/") && !file.path.contains("tests");
    let names: BTreeSet<&str> = sent.iter().map(|file| file.path.as_str()).collect();
    let held: Vec<String> = sent
        .iter()
        .filter(is_built)
        .flat_map(|f| included(f))
        .collect();
    assert!(held.len() > 40, "{held:?}");
    for name in held {
        assert!(names.contains(name.as_str()), "{name}");
    }
    assert!(names.contains(".cargo/config.toml"));
}

#[test]
fn the_build_of_the_image_is_sent_no_secret_no_data_and_no_history() {
    for path in [
        ".env",
        ".git/config",
        "data/log/1",
        "joinedup.toml",
        "secrets/admin-token",
        "services/.env",
        "services/secrets/admin-token",
        "services/tls/server.key",
        "target/release/joinedup",
        "tests/fuzz/target/debug/joinedup",
        "tests/tests/it/main.rs",
    ] {
        assert!(!is_sent(path), "{path}");
    }
}

#[test]
fn the_image_is_built_where_the_programs_are_that_build_scripts_start() {
    let image = kept("Containerfile");
    let added = image.lines().find(|line| line.contains("apk add")).unwrap();
    let lock = kept("Cargo.lock");
    let mut needed = 0;
    for (name, program) in NEEDED {
        if lock.contains(&format!("name = \"{name}\"\n")) {
            needed += 1;
            assert!(
                added.split_whitespace().any(|word| word == program),
                "{name} needs {program}"
            );
        }
    }
    assert!(needed > 0);
}
