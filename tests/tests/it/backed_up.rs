//! An archive that grows by what is new, file by file, beside a running server.

use joinedup_tests::care::stay;
use joinedup_tests::folders;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::tools::Run;

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
    let idle = lengthen();
    assert!(
        idle.succeeded().contains("nothing is new since position 3"),
        "{idle:?}"
    );
    sent(&product, "two");
    // What a run that was broken off has left is no part of the archive.
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
        half.stderr.contains("continues one that is not there"),
        "{half:?}"
    );
    std::fs::write(&first, kept).unwrap();
    let second = backup.join(files[1]);
    let changed = std::fs::read_to_string(&second)
        .unwrap()
        .replace("2026-09-07", "2026-09-08");
    std::fs::write(&second, changed).unwrap();
    sent(&product, "three");
    let refused = lengthen();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("cannot be continued"),
        "{refused:?}"
    );
}
