//! What committed files may hold.

use std::fs;
use std::process::Command;

use crate::plain_words::NEVER;
use joinedup_tests::folders;
use joinedup_tests::tools::Run;

const MAX_LINES: usize = 500;

/// A committed text file.
pub struct Committed {
    pub path: String,
    pub text: String,
}

/// Every committed file that is text, as it is in the working tree.
pub fn committed() -> Vec<Committed> {
    let root = folders::repository();
    let run = Run::of(
        Command::new("git")
            // A clone of another user's is read as well; nothing in it is run.
            .args(["-c", "safe.directory=*", "ls-files", "-z"])
            .current_dir(&root),
    );
    let files: Vec<Committed> = run
        .succeeded()
        .split_terminator('\0')
        .filter_map(|path| {
            Some(Committed {
                text: fs::read_to_string(root.join(path)).ok()?,
                path: path.to_owned(),
            })
        })
        .collect();
    assert!(files.len() > 20, "git lists {} files", files.len());
    files
}

fn sources(files: &[Committed]) -> impl Iterator<Item = &Committed> {
    files
        .iter()
        .filter(|file| file.path.ends_with(".rs") && format!("/{}", file.path).contains("/src/"))
}

/// The lines of a source that are not comments, numbered from one.
fn code(file: &Committed) -> impl Iterator<Item = (usize, &str)> {
    file.text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Whether a line names a crate: its name at the start of a path (`name::`), or in a `use`.
fn names_crate(line: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(start, _)| {
        let (before, after) = (&line[..start], &line[start + name.len()..]);
        let starts_a_path =
            !before.ends_with(is_word) && !before.ends_with("::") && !before.ends_with('"');
        let used = before.trim_end().ends_with("use") && !after.starts_with(is_word);
        (starts_a_path && after.starts_with("::")) || used
    })
}

fn files_naming<'a>(files: &'a [Committed], name: &str) -> Vec<&'a str> {
    sources(files)
        .filter(|file| !file.path.starts_with("tests/"))
        // There the word is a module of ours.
        .filter(|file| !file.text.contains(&format!("mod {name};")))
        .filter(|file| code(file).any(|(_, line)| names_crate(line, name)))
        .map(|file| file.path.as_str())
        .collect()
}

#[test]
fn the_search_for_crate_names_finds_names_and_nothing_else() {
    for line in [
        "use sled::Db;",
        "    sled::open(path)",
        "use sled;",
        "pub use sled as engine;",
        "f(&sled::Tree)",
    ] {
        assert!(names_crate(line, "sled"), "{line}");
    }
    for line in [
        "crate::sled::open",
        "let sled = 1;",
        "use crate::sled;",
        "resled::open",
        "\"sled::Error\"",
    ] {
        assert!(!names_crate(line, "sled"), "{line}");
    }
}

#[test]
fn limits_are_called_the_most_and_the_least_by_one_word_each() {
    let others = ["LONGEST", "LARGEST", "GREATEST", "LEAST", "FEWEST", "MOST"];
    for file in sources(&committed()) {
        for (number, line) in code(file) {
            let named = line.split("const ").nth(1).unwrap_or_default();
            let name = named.split([':', '_']).next().unwrap_or_default();
            assert!(
                !others.contains(&name.trim()),
                "{}:{number}: MAX_ or MIN_ and what of",
                file.path
            );
        }
    }
}

#[test]
fn one_file_names_sled() {
    let files = committed();
    let naming = files_naming(&files, "sled");
    assert_eq!(naming.len(), 1, "{naming:?}");
    assert!(naming[0].starts_with("events/store/src/"), "{naming:?}");
}

#[test]
fn one_file_names_the_prometheus_crate() {
    let files = committed();
    let naming = files_naming(&files, "prometheus");
    assert_eq!(naming.len(), 1, "{naming:?}");
    assert!(naming[0].starts_with("services/"), "{naming:?}");
}

#[test]
fn only_the_jetstream_backend_names_nats() {
    let files = committed();
    let naming = files_naming(&files, "async_nats");
    let inside = |path: &&str| {
        *path == "events/log/src/jetstream.rs" || path.starts_with("events/log/src/jetstream/")
    };
    assert!(!naming.is_empty(), "no file names the client of NATS");
    assert!(naming.iter().all(inside), "{naming:?}");
}

#[test]
fn no_source_file_is_longer_than_500_lines() {
    let files = committed();
    let long: Vec<String> = sources(&files)
        .map(|file| (file.text.lines().count(), &file.path))
        .filter(|(lines, _)| *lines > MAX_LINES)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert_eq!(long, [""; 0], "a file that long has two subjects");
}

#[test]
fn main_is_under_60_lines() {
    let main =
        fs::read_to_string(folders::repository().join("services/joinedup/src/main.rs")).unwrap();
    assert!(main.lines().count() < 60);
}

#[test]
fn no_folder_or_file_is_named_for_nothing_in_particular() {
    let vague = |part: &str| {
        let name = part.split('.').next().unwrap_or_default();
        matches!(
            name,
            "common" | "utils" | "util" | "helpers" | "helper" | "misc"
        ) || part == "mod.rs"
    };
    let named: Vec<String> = committed()
        .into_iter()
        .map(|file| file.path)
        .filter(|path| path.split('/').any(vague))
        .collect();
    assert_eq!(named, [""; 0]);
}

#[test]
fn nothing_is_left_undone_or_passed_over_in_the_code() {
    // Put together here, so that this file does not find itself.
    let marks = ["todo", "unimplemented"].map(|word| format!("{word}!("));
    // With a reason it may stand: the other half of a test that starts itself as a second process, for example.
    let ignored = format!("#[{}]", "ignore");
    let files = committed();
    let found: Vec<String> = files
        .iter()
        .filter(|file| file.path.ends_with(".rs"))
        .flat_map(|file| code(file).map(move |(number, line)| (&file.path, number, line)))
        .filter(|(_, _, line)| {
            marks.iter().any(|mark| line.contains(mark)) || line.trim_start().starts_with(&ignored)
        })
        .map(|(path, number, line)| format!("{path}:{number}: {}", line.trim()))
        .collect();
    assert_eq!(found, [""; 0]);
}

/// Refusals, alerts and verdicts that no page of a test shows are written in the same words as pages.
#[test]
fn no_sentence_of_the_program_has_a_word_that_no_reader_should_meet() {
    let files = committed();
    let of_program = sources(&files).filter(|file| !file.path.contains("test"));
    let found: Vec<String> = of_program
        .flat_map(|file| {
            let lines = code(file).take_while(|(_, line)| !line.contains("mod tests {"));
            lines.map(move |(number, line)| (&file.path, number, line))
        })
        .filter(|(_, _, line)| {
            let sentence = line.split_once('"').map_or("", |(_, sentence)| sentence);
            let sentence = sentence.to_lowercase().replace("is no longer", "");
            let sentence = sentence.replace("there is no ", "");
            NEVER.iter().any(|word| sentence.contains(word))
        })
        .map(|(path, number, line)| format!("{path}:{number}: {}", line.trim()))
        .collect();
    assert_eq!(found, [""; 0]);
}
