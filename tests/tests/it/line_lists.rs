//! A trust's list of spells goes into a running server, day by day: what is counted follows the list, a lost store is found
//! again, and nothing that names a person is in any file, answer or message.

use joinedup_tests::folders;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::tools::Run;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const HEADER: &str = "LocalPatientID,NHSNumber,Ward,SiteCode,AdmissionDateTime,EDD,NoCriteriaToResideDate,Pathway,DelayReason,DischargeDateTime,DischargeDestination";

/// What must be found nowhere: numbers, a ward and words of the list.
const CANARIES: [&str; 5] = [
    "QZ4471",
    "9990123",
    "Zebedee Ward",
    "quillfeather",
    "D10000",
];

pub(crate) fn list() -> String {
    let rows = (10..30_u32).map(|n| {
        let left = n % 20 + 1;
        format!(
            "QZ4471{n},9990123{n},Zebedee Ward,RAJ56,{:02}/09/2026 09:30,05/09/2026,{:02}/09/2026,P1,quillfeather says no,{left:02}/10/2026 14:00,19\r\n",
            n % 9 + 1,
            n % 9 + 4,
        )
    });
    format!("\u{feff}{HEADER}\r\n{}", rows.collect::<String>())
}

pub(crate) fn key(folder: &Path) -> PathBuf {
    let key = folder.join("key");
    fs::write(&key, "0123456789abcdef".repeat(4)).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    key
}

fn import(target: [&str; 2], key: &Path, file: &Path, flags: &[&str]) -> Run {
    let (key, file) = (key.to_str().unwrap(), file.to_str().unwrap());
    let own = ["import", "--mapping", "spells", "--pseudonym-key-file", key];
    let all = own.iter().chain(&target).chain(flags).chain([&file]);
    product::run(all.copied())
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

pub(crate) fn has_no_canary(what: &str, bytes: &[u8]) {
    for canary in CANARIES {
        let found = bytes
            .windows(canary.len())
            .any(|part| part == canary.as_bytes());
        assert!(!found, "{canary} in {what}");
    }
}

pub(crate) fn discharges(product: &Joinedup) -> i64 {
    product.caught_up();
    let cells = product.cells();
    let of = cells
        .lines()
        .filter(|line| line.contains("transfer.discharges"));
    i64::try_from(of.count()).unwrap()
}

#[test]
fn a_list_two_days_running_is_followed_and_names_nobody() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let folder = tempfile::tempdir().unwrap();
    let key = key(folder.path());
    let file = folder.path().join("list.csv");
    let url = product.url("");
    let target = ["--url", url.as_str()];
    let mut spoken = Vec::new();
    let mut publish = |text: &str, flags: &[&str]| {
        fs::write(&file, text).unwrap();
        let run = import(target, &key, &file, flags);
        spoken.push(format!("{}{}", run.stdout, run.stderr));
        run
    };

    let dry = publish(&list(), &["--dry-run"]);
    for says in [
        "nothing was published; it would be 100 events",
        // The mapping may name another trust than the reader's.
        "counted for Mid and South Essex (trust), RAJ",
    ] {
        assert!(dry.succeeded().contains(says), "{}", dry.stdout);
    }
    let of_another = publish(&list(), &["--dry-run", "--area", "RDE"]);
    assert!(
        of_another
            .succeeded()
            .contains("East Suffolk and North Essex, RDE"),
        "{}",
        of_another.stdout
    );
    let nowhere = folder.path().join("nowhere");
    let dry_data = ["--data", nowhere.to_str().unwrap()];
    import(dry_data, &key, &file, &["--dry-run"]).succeeded();
    assert!(!nowhere.exists(), "a dry run makes nothing");
    let first = publish(&list(), &[]);
    assert!(
        first.succeeded().contains("100 accepted"),
        "{}",
        first.stdout
    );
    let before = product.cells();
    let some = discharges(&product);
    assert!(some > 0, "{before}");

    // The second day: one row is gone, and one person left a day later.
    let second = list();
    let second: Vec<&str> = second
        .lines()
        .filter(|line| !line.starts_with("QZ447112"))
        .collect();
    let second =
        format!("{}\r\n", second.join("\r\n")).replace("16/10/2026 14:00", "17/10/2026 14:00");
    let run = publish(&second, &[]);
    assert!(
        run.succeeded().contains("1 are gone and 1 corrected"),
        "{}",
        run.stdout
    );

    // The same again, after the feed's store was lost: it is found again on the server.
    for store in files(folder.path())
        .iter()
        .filter(|f| f.to_string_lossy().contains("snapshot"))
    {
        fs::remove_file(store).unwrap();
    }
    let run = publish(&second, &[]);
    assert!(
        run.succeeded().contains("published 0 events"),
        "{}",
        run.stdout
    );

    // A list that lost its rows on the way is stopped.
    let run = publish(&list()[..700], &[]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(
        run.stderr.contains("--allow-large-change"),
        "{}",
        run.stderr
    );

    product.caught_up();
    for path in files(product.folder()) {
        has_no_canary(&path.display().to_string(), &fs::read(&path).unwrap());
    }
    for path in files(folder.path()).iter().filter(|path| **path != file) {
        has_no_canary(&path.display().to_string(), &fs::read(path).unwrap());
    }
    for text in spoken {
        has_no_canary("what import wrote", text.as_bytes());
    }
    let archive = joinedup_tests::http::get_ok(&product.url("/api/v1/export/events")).unwrap();
    has_no_canary("the archive", archive.text().as_bytes());
    assert!(archive.text().contains("care.joinedup.transfer.discharged"));
    has_no_canary("its log", product.log().as_bytes());
}

#[test]
fn another_server_than_the_one_that_was_published_to_is_noticed() {
    let first = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let folder = tempfile::tempdir().unwrap();
    let (key, file) = (key(folder.path()), folder.path().join("list.csv"));
    fs::write(&file, list()).unwrap();
    let store = folder.path().join("store");
    let flags = ["--feed-store", store.to_str().unwrap()];
    import(["--url", &first.url("")], &key, &file, &flags).succeeded();
    let second = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let run = import(["--url", &second.url("")], &key, &file, &flags);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("another server"), "{}", run.stderr);
}

#[test]
fn a_list_in_the_shape_of_a_trusts_warehouse_goes_into_a_folder_as_it_is() {
    let Some(case) = folders::shared("cases/line-lists/spells-shape.csv") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let key = key(folder.path());
    let data = folder.path().join("data");
    let target = ["--data", data.to_str().unwrap()];
    let run = import(target, &key, &case, &[]);
    assert!(run.succeeded().contains("26 accepted"), "{}", run.stdout);
    let run = import(target, &key, &case, &[]);
    assert!(
        run.succeeded().contains("published 0 events"),
        "{}",
        run.stdout
    );
    for path in files(&data) {
        has_no_canary(&path.display().to_string(), &fs::read(&path).unwrap());
    }
}
