//! Within the crates of `services` no circle of uses crosses a folder.
//!
//! A room is a module at the top of a crate: a file, a folder, or both of one name. Rooms that are single files may use each
//! other; once one of them has a folder, uses lead one way.

use std::collections::{BTreeMap, BTreeSet};

use super::files::{Committed, committed};

/// Which rooms each room uses.
type Uses<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

#[test]
fn no_circle_of_uses_crosses_a_folder_of_the_services() {
    let files = committed();
    let mut crates: BTreeMap<&str, Vec<(&str, &Committed)>> = BTreeMap::new();
    for file in &files {
        if let Some(rest) = file.path.strip_prefix("services/")
            && let Some((name, inside)) = rest.split_once("/src/")
            && inside.ends_with(".rs")
            && !is_test(inside)
        {
            crates.entry(name).or_default().push((inside, file));
        }
    }
    assert!(crates.len() > 8, "only {:?}", crates.keys());
    for (name, files) in crates {
        let folders: BTreeSet<&str> = files
            .iter()
            .filter_map(|(inside, _)| Some(inside.split_once('/')?.0))
            .collect();
        let uses = uses(&files);
        for folder in folders {
            assert!(
                !reachable(&uses, folder).contains(folder),
                "services/{name}: what `{folder}` uses comes to use `{folder}`: {uses:?}"
            );
        }
    }
}

#[test]
fn every_form_of_a_use_is_found() {
    let text = "use crate::one::Thing;\nuse crate::{two, three::{A, crate_of}};\n// crate::four\nlet x = crate::five::f();\n\
                #[cfg(test)]\nmod tests { use crate::six; }";
    let found: Vec<&str> = named(text).collect();
    assert_eq!(found, ["one", "two", "three", "five"]);
}

fn is_test(inside: &str) -> bool {
    inside
        .trim_end_matches(".rs")
        .split('/')
        .any(|part| part == "tests" || part.ends_with("_tests"))
}

fn room(inside: &str) -> &str {
    inside
        .split('/')
        .next()
        .unwrap_or_default()
        .trim_end_matches(".rs")
}

fn uses<'a>(files: &[(&'a str, &'a Committed)]) -> Uses<'a> {
    let rooms: BTreeSet<&str> = files.iter().map(|(inside, _)| room(inside)).collect();
    let mut uses = Uses::new();
    for (inside, file) in files {
        let own = room(inside);
        // The file that holds the modules of a crate together is not a room.
        if own == "lib" || own == "main" {
            continue;
        }
        let others = named(&file.text).filter(|name| *name != own && rooms.contains(name));
        uses.entry(own).or_default().extend(others);
    }
    uses
}

/// The modules that a source names behind `crate::`, outside comments and the tests at its end.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    let code = &text[..end];
    code.match_indices("crate::")
        .filter(|(at, _)| {
            let line = code[..*at].rsplit('\n').next().unwrap_or_default();
            !line.trim_start().starts_with("//")
        })
        .flat_map(move |(at, found)| {
            let rest = &code[at + found.len()..];
            match rest.strip_prefix('{') {
                Some(list) => first_names(list),
                None => vec![word(rest)],
            }
        })
}

/// The first name of each entry of a list in braces, which begins behind its brace.
fn first_names(list: &str) -> Vec<&str> {
    let (mut depth, mut names, mut is_first) = (0, Vec::new(), true);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => is_first = true,
            _ if is_first && !c.is_whitespace() => {
                names.push(word(&list[at..]));
                is_first = false;
            }
            _ => {}
        }
    }
    names
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

fn reachable<'a>(uses: &Uses<'a>, from: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = vec![from];
    while let Some(room) = open.pop() {
        for next in uses.get(room).into_iter().flatten() {
            if found.insert(*next) {
                open.push(next);
            }
        }
    }
    found
}
