//! An archive that grows by what is new, file by file, beside a running server; and what is left of a log without one.

use joinedup_tests::care::stay;
use joinedup_tests::folders;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::tools::Run;
use std::path::Path;

fn sent(product: &Joinedup, name: &str) {
    let events = stay(
        name,
        "havenshire-north",
        "2026-09-01",
        "2026-09-07",
        "2026-09-10",
    );
    assert_eq!(product.post(&events).status, 202);
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn each_run_adds_what_is_new_and_the_folder_is_one_whole_archive() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    let at = backup.display().to_string();
    let lengthen = || product::run(["export", "--url", &product.url(""), "--into", &at]);
    std::fs::create_dir(&backup).unwrap();
    let nothing = product::run(["export", "--verify", &at]);
    assert_eq!(nothing.code, Some(1), "{nothing:?}");
    assert!(nothing.stderr.contains("holds no archive"), "{nothing:?}");
    sent(&product, "one");
    lengthen().succeeded();
    let is_continued = || {
        let scrape = product.metrics().unwrap();
        let name = "joinedup_archive_continued_timestamp_seconds";
        !scrape.matching(name, &[]).is_empty()
    };
    assert!(!is_continued());
    let idle = lengthen();
    assert!(
        idle.succeeded().contains("nothing is new since position 3"),
        "{idle:?}"
    );
    assert!(is_continued(), "an alert tells when this grows old");
    sent(&product, "two");
    // What a run that was broken off has left is not part of the archive.
    folders::write(&backup, &[("unfinished.part", "{\"half")]);
    let last = lengthen();
    let hash = last
        .succeeded()
        .trim()
        .rsplit(' ')
        .next()
        .unwrap()
        .to_owned();
    let files = [
        "000000000001-000000000003.ndjson",
        "000000000004-000000000006.ndjson",
        "all-read",
        "log-identity",
    ];
    assert_eq!(names(&backup), files);

    let verify =
        |more: &[&str]| -> Run { product::run([&["export", "--verify", &at][..], more].concat()) };
    let whole = verify(&["--expect", &hash]);
    assert!(
        whole
            .succeeded()
            .contains("whole; 6 events from position 1 to 6"),
        "{whole:?}"
    );

    // A file that is gone, or of which a line was changed, is noticed; nothing is written behind it.
    let first = backup.join(files[0]);
    let kept = std::fs::read_to_string(&first).unwrap();
    std::fs::remove_file(&first).unwrap();
    let half = verify(&["--expect", &hash]);
    assert!(
        half.stderr
            .contains("continues an archive that is not here"),
        "{half:?}"
    );
    // Also when it is only continued.
    sent(&product, "three");
    let gone = lengthen();
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert!(gone.stderr.contains("cannot be continued"), "{gone:?}");
    // What is damaged before the last file is met when all of them are read, once a day.
    std::fs::write(&first, kept.replace("2026-09-07", "2026-09-08")).unwrap();
    lengthen().succeeded();
    assert_eq!(verify(&[]).code, Some(1));
    let mark = backup.join("all-read");
    let noted = std::fs::read_to_string(&mark).unwrap();
    let (_, hash) = noted.split_once(' ').unwrap();
    // Also in a copy, whose files are new.
    std::fs::write(&mark, format!("2026-09-10T10:00:00+00:00 {hash}")).unwrap();
    let damaged = lengthen();
    assert!(damaged.stderr.contains("line 2"), "{damaged:?}");
    // And when what was read is another archive than the one that is there.
    let other = noted.replace(hash.trim_end(), &"0".repeat(64));
    std::fs::write(&mark, other).unwrap();
    let damaged = lengthen();
    assert!(damaged.stderr.contains("line 2"), "{damaged:?}");
    std::fs::write(&first, kept).unwrap();
    lengthen().succeeded();

    let last = backup.join("000000000007-000000000009.ndjson");
    let changed = std::fs::read_to_string(&last)
        .unwrap()
        .replace("2026-09-07", "2026-09-08");
    std::fs::write(&last, changed).unwrap();
    sent(&product, "four");
    let refused = lengthen();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("cannot be continued"),
        "{refused:?}"
    );
}

#[test]
fn an_archive_is_not_continued_from_a_log_that_was_put_back_from_an_older_copy() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup").display().to_string();
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let lengthen =
        |product: &Joinedup| product::run(["export", "--url", &product.url(""), "--into", &backup]);
    sent(&product, "one");
    sent(&product, "two");
    lengthen(&product).succeeded();
    // As an older copy, before and after it was written on.
    let copy = Joinedup::start(JoinedupOptions::new("serve", &[]));
    sent(&copy, "one");
    let short = lengthen(&copy);
    assert_eq!(short.code, Some(1), "{short:?}");
    assert!(short.stderr.contains("it ends at position 3"), "{short:?}");
    sent(&copy, "three");
    sent(&copy, "four");
    let other = lengthen(&copy);
    assert_eq!(other.code, Some(1), "{other:?}");
    let words = "not the one that the archive ends with";
    assert!(other.stderr.contains(words), "{other:?}");
    sent(&product, "five");
    lengthen(&product).succeeded();
    product::run(["export", "--verify", &backup]).succeeded();
}

/// A folder with the log of three people in `data`.
fn a_log_of_three(folder: &std::path::Path) {
    let events = ["one", "two", "three"].iter().flat_map(|name| {
        stay(
            name,
            "havenshire-north",
            "2026-09-01",
            "2026-09-07",
            "2026-09-10",
        )
    });
    let lines: String = events.map(|event| format!("{event}\n")).collect();
    folders::write(folder, &[("events.ndjson", &lines)]);
    ran(folder, "import --data data events.ndjson").succeeded();
}

fn ran(folder: &std::path::Path, words: &str) -> Run {
    Run::of(product::command(words.split(' ').collect::<Vec<_>>()).current_dir(folder))
}

fn refused(folder: &std::path::Path, words: &str, says: &str) {
    let run = ran(folder, words);
    assert_eq!(run.code, Some(1), "{words}: {run:?}");
    assert!(run.stderr.contains(says), "{words}: {run:?}");
}

#[test]
fn an_archive_of_a_log_in_which_somebody_was_erased_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &str| ran(folder.path(), words);
    let refused = |words: &str, says: &str| refused(folder.path(), words, says);
    a_log_of_three(folder.path());
    run("export --data data --into backup").succeeded();
    refused(
        "erase --data data --into new --entity transfer/typo",
        "nothing in the log is about transfer/typo",
    );
    assert!(!folder.path().join("new").exists());
    let typo = run("export --data typo --into typed");
    assert_eq!(typo.code, Some(2), "{typo:?}");
    assert!(!folder.path().join("typed").exists() && !folder.path().join("typo").exists());
    // Its last event is as it was, so nothing at the end of the archive tells.
    // What a run that was broken off has left has no name that passes for a log.
    run("import --data new.part events.ndjson").succeeded();
    let erase = "erase --data data --into new --entity transfer/one";
    // Without the mark of an erasure it is somebody's log.
    refused(erase, "move it away");
    folders::write(
        &folder.path().join("new.part"),
        &[("unfinished-erasure", "")],
    );
    run(erase).succeeded();
    let left = ["new.part", "new/unfinished-erasure"];
    assert!(left.iter().all(|left| !folder.path().join(left).exists()));
    // The archive begins anew by itself, and what holds the erased person lies apart.
    let anew = |log: &str| {
        let words = format!("export --data {log} --into backup");
        let anew = run(&words);
        assert!(anew.succeeded().contains("by an erasure"), "{anew:?}");
        run("export --verify backup").succeeded();
        let again = run(&words);
        assert!(again.succeeded().contains("nothing is new"), "{again:?}");
    };
    anew("new");
    let file = "000000000001-000000000009.ndjson";
    let is_in = |folder: &Path| {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        text.contains(r#""transfer":"one""#)
    };
    let aside = names(&folder.path().join("backup"));
    let aside = aside.iter().find(|name| name.starts_with("before-erasure"));
    let aside = format!("backup/{}", aside.unwrap());
    assert!(is_in(&folder.path().join(&aside)) && !is_in(&folder.path().join("backup")));
    run(&format!("export --verify {aside}")).succeeded();
    // The log before the erasure does not go on from the one after it.
    refused("export --data data --into backup", "another one");
    assert!(!folder.path().join("backup/unfinished.part").exists());
    // The same for an archive that knows no log, and where the last event is one of those that were erased.
    std::fs::remove_file(folder.path().join("backup/log-identity")).unwrap();
    std::fs::remove_dir_all(folder.path().join(&aside)).unwrap();
    run("erase --data new --into newer --entity transfer/three").succeeded();
    anew("newer");
    // What was restored from an archive holds all of it, and goes on.
    run("export --data data --into old").succeeded();
    run(&format!("import --data restored old/{file}")).succeeded();
    let restored = run("export --data restored --into old");
    assert!(
        restored.succeeded().contains("nothing is new"),
        "{restored:?}"
    );

    let whole = run("export --data data -o all.ndjson");
    let again = whole.stderr.split("with --after").nth(1).unwrap().trim();
    let again = again.replace('\'', "");
    assert!(again.contains("--of-log"), "{whole:?}");
    let words = format!("export --data data -o none.ndjson --after {again}");
    run(&words).succeeded();
    refused(
        &words
            .replace("none", "new")
            .replace("--data data", "--data new"),
        "--of-log",
    );
    assert!(!folder.path().join("new.ndjson").exists());
}

#[test]
fn an_archive_without_its_beginning_or_among_others_is_not_called_whole() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &str| ran(folder.path(), words);
    let refused = |words: &str, says: &str| refused(folder.path(), words, says);
    a_log_of_three(folder.path());
    run("export --data data --into backup").succeeded();
    let whole = std::fs::read_to_string(
        folder
            .path()
            .join("backup/000000000001-000000000009.ndjson"),
    )
    .unwrap();
    let (first, rest) = whole.split_at(whole.find('\n').unwrap() + 1);
    folders::write(folder.path(), &[("rest.ndjson", rest), ("none.ndjson", "")]);
    refused(
        "export --verify rest.ndjson",
        "continues an archive that is not here",
    );
    refused("export --verify none.ndjson", "holds no archive");
    let hash = first.trim_end().rsplit('"').nth(1).unwrap();
    run(&format!("export --verify rest.ndjson --continues {hash}")).succeeded();
    // So is one that was made from a position on and continues nothing.
    run("export --data data --after 3 -o after.ndjson").succeeded();
    refused("export --verify after.ndjson", "begins at position 4");
    run("export --verify after.ndjson --with-gaps").succeeded();
    for (name, begins) in [("rest", 2), ("after", 4)] {
        let says = format!("begins at position {begins}");
        let import = format!("import --data from-{name} {name}.ndjson");
        refused(&import, &says);
        run(&format!("{import} --with-gaps")).succeeded();
    }
    // Behind what comes before it nothing is said.
    folders::write(folder.path(), &[("whole.ndjson", &whole)]);
    let behind = run("import --data behind whole.ndjson after.ndjson");
    behind.succeeded();
    assert!(!behind.stderr.contains("begins at"), "{behind:?}");

    std::fs::rename(
        folder.path().join("rest.ndjson"),
        folder.path().join("backup/2026-11-28.ndjson"),
    )
    .unwrap();
    refused(
        "export --data data --into backup",
        "2026-11-28.ndjson does not belong to this archive",
    );
}

/// Changes a byte in everything that a file says of somebody.
fn damage(file: &std::path::Path, name: &str) {
    let mut bytes = std::fs::read(file).unwrap();
    let name = format!("\"{name}\"");
    let found: Vec<usize> = (0..bytes.len())
        .filter(|at| bytes[*at..].starts_with(name.as_bytes()))
        .collect();
    assert!(!found.is_empty(), "{name} is not in the file");
    for at in found {
        bytes[at + 1] ^= 1;
    }
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn what_is_whole_in_a_damaged_log_is_taken_out_and_the_rest_is_named() {
    let mut product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for number in 0..40 {
        sent(&product, &format!("before-{number}"));
    }
    let url = product.url("");
    product::run(["export", "--url", &url, "-o", &path("archive.ndjson")]).succeeded();
    for number in 0..40 {
        sent(&product, &format!("after-{number}"));
    }
    assert_eq!(product.caught_up(), 240);
    let cells = product.cells();
    assert!(product.sigterm().success());
    let data = product.folder().join("data");
    damage(&data.join("log/db"), "before-20");
    // So that it does not even open.
    std::fs::remove_file(data.join("log/mark")).unwrap();
    let data = data.display().to_string();
    let refused = product::run(["export", "--data", &data, "-o", &path("not.ndjson")]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("joinedup salvage"), "{refused:?}");

    let salvaged = path("salvaged.ndjson");
    let salvage = || product::run(["salvage", "--data", &data, "-o", &salvaged]);
    let taken = salvage();
    assert_eq!(taken.code, Some(1), "{taken:?}");
    assert!(taken.stdout.contains("not the whole log"), "{taken:?}");
    assert!(
        taken.stdout.contains("the last one from position 240"),
        "{taken:?}"
    );
    let lost = taken
        .stderr
        .lines()
        .filter(|line| line.starts_with("  position"));
    assert!(lost.count() > 0, "{taken:?}");
    assert!(!taken.stderr.contains("before-20"), "{taken:?}");
    let again = salvage();
    assert_eq!(
        again.code,
        Some(2),
        "an archive is never written over: {again:?}"
    );
    let verified = product::run(["export", "--verify", &salvaged]);
    assert!(
        verified.stderr.contains("events are missing"),
        "{verified:?}"
    );

    let new = path("new");
    product::run(["import", "--data", &new, &path("archive.ndjson"), &salvaged]).succeeded();
    let restored = product::run(["export", "--cells", "--data", &new]);
    assert!(
        restored.succeeded() == cells,
        "archive and salvage are the whole log"
    );
}
