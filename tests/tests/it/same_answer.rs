//! One log, one answer: whichever way a county's events come in, and whichever way the views are made again, the cells
//! are the same to the byte.

use std::path::Path;

use joinedup_tests::care::county;
use joinedup_tests::http;
use joinedup_tests::nats::{NatsOptions, NatsServer};
use joinedup_tests::product::{self, Joinedup, JoinedupOptions, nats_flags};
use joinedup_tests::tools::Run;
use tempfile::TempDir;

/// Files of a county, each a way to say the same.
struct County {
    folder: TempDir,
    lines: Vec<String>,
}

impl County {
    fn new() -> Self {
        let county = Self {
            folder: tempfile::tempdir().unwrap(),
            lines: county(4, 0.15),
        };
        assert!(
            county.lines.len() > 1_000,
            "{} lines are not a county",
            county.lines.len()
        );
        county
    }

    fn file(&self, name: &str, lines: &[String]) -> String {
        let path = self.path(name);
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        path
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

/// A fresh fold of an embedded log that no server has open.
fn folded(data: &str) -> String {
    product::run(["export", "--cells", "--data", data])
        .succeeded()
        .to_owned()
}

fn import_data(data: &str, file: &str) {
    product::run(["import", "--data", data, file]).succeeded();
}

/// In another order, always the same one.
fn shuffled(lines: &[String]) -> Vec<String> {
    let mut lines = lines.to_vec();
    let mut dice: u64 = 0x9E37_79B9_7F4A_7C15;
    for last in (1..lines.len()).rev() {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        let other = usize::try_from(dice % (last as u64 + 1)).unwrap();
        lines.swap(last, other);
    }
    lines
}

/// Compares without printing megabytes.
#[track_caller]
fn same(what: &str, found: &str, wanted: &str) {
    let differs = found
        .lines()
        .zip(wanted.lines())
        .find(|(one, other)| one != other);
    assert!(
        found == wanted,
        "{what}: {} bytes against {}, first difference {differs:?}",
        found.len(),
        wanted.len()
    );
}

#[test]
fn embedded_rebuilt_restored_shuffled_repeated_and_through_nats_the_cells_are_the_same() {
    let county = County::new();
    let plain = county.file("plain.ndjson", &county.lines);

    // Over HTTP into a running server, folded as it came.
    let mut product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let url = product.url("");
    product::run(["import", "--url", &url, &plain]).succeeded();
    product.caught_up();
    let wanted = product.cells();
    assert!(
        wanted.lines().count() > 1_000,
        "{} cells",
        wanted.lines().count()
    );

    // Built again beside the view in use.
    let rebuilt = http::send("POST", &product.url("/api/v1/rebuild"), &[], &[]).unwrap();
    assert_eq!(rebuilt.status, 200, "{}", rebuilt.text());
    same("rebuilt beside", &product.cells(), &wanted);

    // Stopped and started: read back from the disk.
    assert!(product.sigterm().success());
    let data = product.folder().join("data").display().to_string();
    same("a fresh fold of the log", &folded(&data), &wanted);
    for partitions in ["1", "2", "8", "16"] {
        let mut export = product::command(["export", "--cells", "--data", &data]);
        export.env("JOINEDUP_PARTITIONS", partitions);
        let cells = Run::of(&mut export);
        same(
            &format!("folded by {partitions} partitions"),
            cells.succeeded(),
            &wanted,
        );
    }
    product::run(["rebuild", "--data", &data]).succeeded();
    product.restart();
    product.caught_up();
    same("rebuilt and read back", &product.cells(), &wanted);

    // The archive, out of the running server, and restored elsewhere.
    let archive = county.path("archive.ndjson");
    product::run(["export", "--url", &url, "-o", &archive]).succeeded();
    product::run(["export", "--verify", &archive]).succeeded();
    let elsewhere = county.path("elsewhere");
    import_data(&elsewhere, &archive);
    same("restored from an archive", &folded(&elsewhere), &wanted);

    // Every view deleted.
    assert!(product.sigterm().success());
    std::fs::remove_dir_all(Path::new(&data).join("views")).unwrap();
    product.restart();
    product.caught_up();
    same("with the views deleted", &product.cells(), &wanted);

    // In any order, with repeats, in pieces.
    let mut repeated = shuffled(&county.lines);
    repeated.extend(county.lines.iter().step_by(3).cloned());
    let (first, second) = repeated.split_at(repeated.len() / 2);
    let shuffled = county.path("shuffled");
    import_data(&shuffled, &county.file("first.ndjson", first));
    import_data(&shuffled, &county.file("second.ndjson", second));
    same("shuffled and repeated", &folded(&shuffled), &wanted);

    // Through NATS, folded while it comes.
    let nats = NatsServer::start(NatsOptions::durable());
    let on_nats = Joinedup::start(JoinedupOptions::on_nats("project", &nats, &[]));
    let mut import = vec!["import".to_owned()];
    import.extend(nats_flags(&nats));
    import.push(plain);
    product::run(import).succeeded();
    on_nats.caught_up();
    same("through NATS", &on_nats.cells(), &wanted);
    let mut export = vec!["export".to_owned(), "--cells".to_owned()];
    export.extend(nats_flags(&nats));
    same(
        "a fresh fold of the stream",
        product::run(export).succeeded(),
        &wanted,
    );
}
