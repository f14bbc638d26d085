//! What goes wrong is said, in `/readyz` and in a scrape, and is over when its cause is: a log that lost or changed
//! something, a disk that is full, a server that is away, a log that is another one.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use joinedup_tests::care::stay;
use joinedup_tests::nats::{NatsOptions, NatsServer};
use joinedup_tests::patience::{eventually, eventually_within};
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::tools::Run;
use joinedup_tests::{folders, http};
use serde_json::Value;
use std::time::Duration;

const AREA: &str = "havenshire-north";

/// Three events of each of some transfers.
fn stays(from: u32, to: u32) -> Vec<Value> {
    (from..to)
        .flat_map(|n| {
            stay(
                &format!("t-{n}"),
                AREA,
                "2026-09-01",
                "2026-09-07",
                "2026-09-10",
            )
        })
        .collect()
}

#[track_caller]
fn accepted(product: &Joinedup, events: &[Value]) {
    let answer = product.post(events);
    assert_eq!(answer.status, 202, "{}", answer.text());
}

/// Waits until the server is not ready for a reason that holds these words, and returns all that it says.
#[track_caller]
fn not_ready(product: &Joinedup, words: &str) -> String {
    eventually(&format!("not ready: {words}"), || {
        let answer = http::get(&product.url("/readyz"))?;
        let text = answer.text();
        if answer.status == 503 && text.contains(words) {
            Ok(text)
        } else {
            Err(text)
        }
    })
}

/// Waits until a check of a scrape is as it should be.
#[track_caller]
fn scraped(product: &Joinedup, check: &str, value: f64) {
    eventually(&format!("{check} is {value} in a scrape"), || {
        let seen = product
            .metrics()?
            .value("joinedup_ready", &[("check", check)])?;
        if seen == value {
            Ok(())
        } else {
            Err(format!("{seen}"))
        }
    });
}

#[test]
fn one_flipped_bit_of_nats_is_said_before_and_after_the_views_are_built_again() {
    let mut nats = NatsServer::start(NatsOptions::durable());
    let mut product = Joinedup::start(JoinedupOptions::on_nats("serve", &nats, &[]));
    for n in 0..20 {
        accepted(&product, &stays(n * 5, n * 5 + 5));
    }
    assert_eq!(product.caught_up(), 300);
    let cells = product.cells();
    product.sigterm();
    nats.stop();
    flip(&nats, "\"t-40-ready\"");
    nats.restart();

    // The views are as they were, and right; what they came from is not.
    product.relaunch();
    not_ready(
        &product,
        "[-] records: the event at position 122 is missing",
    );
    scraped(&product, "records", 0.0);
    assert_eq!(product.cells(), cells);
    assert!(product.log().contains("the log is damaged"));
    // Built again they would be wrong: that is refused, with the reason.
    let rebuilt = http::send("POST", &product.url("/api/v1/rebuild"), &[], &[]).unwrap();
    assert!(rebuilt.status >= 400, "{}", rebuilt.text());
    assert!(rebuilt.text().contains("122"), "{}", rebuilt.text());
    assert_eq!(product.cells(), cells);
    product.sigterm();

    std::fs::remove_dir_all(product.folder().join("data/views")).unwrap();
    product.relaunch();
    not_ready(&product, "[-] views: the event at position 122 is missing");
    // Who waited at some time before is not who waits now.
    let scrape = product.metrics().unwrap();
    assert_eq!(
        scrape.matching("joinedup_open_waits", &[]).len(),
        0,
        "{scrape:?}"
    );
    let export = [
        OsString::from("export"),
        "--url".into(),
        product.url("").into(),
    ];
    assert_eq!(product::run(export).code, Some(1));
}

/// Flips one bit of the server's files.
fn flip(nats: &NatsServer, words: &str) {
    let mut folders = vec![nats.store()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut bytes = std::fs::read(&path).unwrap();
            let found = bytes
                .windows(words.len())
                .position(|some| some == words.as_bytes());
            if let Some(at) = found {
                bytes[at + 1] ^= 1;
                std::fs::write(&path, bytes).unwrap();
                return;
            }
        }
    }
    panic!("the words are in no file of the server");
}

/// A disk of our own of 200 MiB, which goes when this is dropped.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// None where this machine does not let us mount one; that is an error under CI.
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=200m", "tmpfs"])
            .arg(folder.path())
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self { folder });
        }
        assert!(
            !folders::in_ci(),
            "a disk cannot be mounted, and in CI it has to be"
        );
        eprintln!("passed over: this machine lets nobody mount a disk");
        None
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Leaves less room than the stores keep in reserve.
    fn fill(&self) {
        std::fs::write(self.ballast(), vec![1; 150 << 20]).unwrap();
    }

    fn empty(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.folder.path()).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} is still mounted", self.folder.path().display());
        }
    }
}

/// The same options with the data elsewhere.
fn with_data(mut options: JoinedupOptions, data: &Path) -> JoinedupOptions {
    let flag = options
        .arguments
        .iter()
        .position(|a| a == "--data")
        .unwrap();
    options.arguments[flag + 1] = data.into();
    options
}

#[test]
fn a_full_disk_of_the_log_is_said_and_over_when_there_is_room() {
    let Some(disk) = Disk::new() else { return };
    let mut product = Joinedup::start(with_data(JoinedupOptions::new("serve", &[]), &disk.data()));
    accepted(&product, &stays(0, 2));
    product.caught_up();
    disk.fill();
    not_ready(&product, "[-] writing: no events are taken");
    scraped(&product, "writing", 0.0);
    let refused = product.post(&stays(2, 4));
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    assert!(refused.text().contains("is full"), "{}", refused.text());
    disk.empty();
    product.wait_ready();
    scraped(&product, "writing", 1.0);
    accepted(&product, &stays(2, 4));
    assert_eq!(product.caught_up(), 12);
    assert_eq!(product.sigterm().code(), Some(0));
}

#[test]
fn a_full_disk_of_the_views_stops_neither_them_nor_a_stop() {
    let Some(disk) = Disk::new() else { return };
    let nats = NatsServer::start(NatsOptions::durable());
    let options = JoinedupOptions::on_nats("serve", &nats, &[]);
    let mut product = Joinedup::start(with_data(options, &disk.data()));
    accepted(&product, &stays(0, 2));
    product.caught_up();
    disk.fill();
    accepted(&product, &stays(2, 4));
    let said = not_ready(&product, "[-] saved: up to position");
    assert!(said.contains("is full"), "{said}");
    let rebuilt = http::send("POST", &product.url("/api/v1/rebuild"), &[], &[]).unwrap();
    assert!(rebuilt.status >= 400, "{}", rebuilt.text());
    // The views go on all the same.
    accepted(&product, &stays(4, 6));
    not_ready(&product, "[+] views: live at position 18");
    disk.empty();
    product.wait_ready();
    disk.fill();
    accepted(&product, &stays(6, 8));
    not_ready(&product, "[-] saved: up to position");
    // It ends within a minute, or this panics; nothing is lost by what was not saved.
    assert_eq!(product.sigterm().code(), Some(0));
    disk.empty();
    product.restart();
    assert_eq!(product.caught_up(), 24);
}

#[test]
fn a_server_without_its_nats_lives_says_so_and_goes_on_when_it_comes() {
    let mut nats = NatsServer::start(NatsOptions::durable());
    let options = JoinedupOptions::on_nats("serve", &nats, &[]);
    nats.stop();
    let mut product = Joinedup::start_unready(options);
    not_ready(&product, "no connection to NATS");
    assert_eq!(http::get(&product.url("/livez")).unwrap().status, 200);
    let refused = product.post(&stays(0, 1));
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    nats.restart();
    product.wait_ready();
    accepted(&product, &stays(0, 1));
    assert_eq!(product.caught_up(), 3);
}

#[test]
fn a_log_that_is_another_one_takes_nothing_until_the_right_one_is_back() {
    let mut product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    accepted(&product, &stays(0, 2));
    product.caught_up();
    let cells = product.cells();
    product.sigterm();
    let (log, kept) = (
        product.folder().join("data/log"),
        product.folder().join("kept"),
    );
    std::fs::rename(&log, &kept).unwrap();
    product.relaunch();
    not_ready(&product, "the log is another one");
    not_ready(&product, "no events are taken: it is another log");
    let chart = product.url("/api/v1/charts/tr-delay-days.csv?area=havenshire-north");
    let chart = http::get(&chart).unwrap();
    let warning = chart.header("warning").unwrap_or_default();
    assert!(warning.contains("the views have stopped"), "{warning:?}");
    let refused = product.post(&stays(2, 4));
    assert_eq!(refused.status, 503, "{}", refused.text());
    product.sigterm();
    std::fs::remove_dir_all(&log).unwrap();
    std::fs::rename(&kept, &log).unwrap();
    product.restart();
    assert_eq!(product.caught_up(), 6);
    assert_eq!(product.cells(), cells);
}

#[test]
fn a_log_that_fails_for_good_ends_the_process_with_a_reason() {
    let mut product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    accepted(&product, &stays(0, 2));
    product.caught_up();
    // Its disk is gone from under it.
    std::fs::remove_dir_all(product.folder().join("data/log")).unwrap();
    let answer = product.post(&stays(2, 4));
    assert_eq!(answer.status, 503, "{}", answer.text());
    let ended = eventually_within(Duration::from_secs(60), "the process ends", || {
        product.process().ended().ok_or("it runs")
    });
    assert_eq!(ended.code(), Some(1));
    assert!(product.log().contains("the log takes no more events"));
}

#[test]
fn backups_of_a_running_server_continue_each_other_and_come_to_the_same() {
    let product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let url = product.url("");
    let export = |more: &[&str], name: &str| -> Run {
        let (name, mut arguments) = (file(name), vec!["export", "--url", &url]);
        arguments.extend(more);
        arguments.extend(["-o", &name]);
        let run = product::run(arguments);
        run.succeeded();
        run
    };
    /// What follows a flag in what was said.
    fn after<'a>(run: &'a Run, flag: &str) -> &'a str {
        let rest = run.stderr.split(flag).nth(1).unwrap();
        rest.split_whitespace().next().unwrap()
    }
    accepted(&product, &stays(0, 5));
    let first = export(&[], "1.ndjson");
    accepted(&product, &stays(5, 9));
    let (at, hash) = (after(&first, "--after"), after(&first, "--continues"));
    let second = export(&["--after", at, "--continues", hash], "2.ndjson");
    let third = export(
        &[
            "--after",
            after(&second, "--after"),
            "--continues",
            after(&second, "--continues"),
            "--prev",
            after(&second, "--prev"),
        ],
        "3.ndjson",
    );
    let whole: String = ["1.ndjson", "2.ndjson", "3.ndjson"]
        .iter()
        .map(|name| std::fs::read_to_string(file(name)).unwrap())
        .collect();
    std::fs::write(file("whole.ndjson"), whole).unwrap();
    let kept = after(&third, "--continues");
    let verify = |name: &str, hash: &str| {
        product::run(["export", "--verify", &file(name), "--expect", hash])
    };
    let said = verify("whole.ndjson", kept);
    assert!(
        said.succeeded().contains("27 events from position 1 to 27"),
        "{}",
        said.stdout
    );
    // Cut at the end of a line it is whole in itself, and not what was kept.
    let short = verify("1.ndjson", kept);
    assert_eq!(short.code, Some(1));
    assert!(short.stderr.contains("not the one that was kept"));
    let wrong = ["export", "--url", &url, "--continues", "abc"];
    assert_eq!(product::run(wrong).code, Some(2));
    let (data, all) = (file("restored"), file("whole.ndjson"));
    product::run(["import", "--data", &data, &all]).succeeded();
    let cells = product::run(["export", "--cells", "--data", &data]);
    product.caught_up();
    assert_eq!(cells.succeeded(), product.cells());
}

/// Lets a process have so many files, no more.
fn limit_files(product: &mut Joinedup, files: usize) {
    let limited = Command::new("prlimit")
        .arg(format!("--pid={}", product.process().id()))
        .arg(format!("--nofile={files}:"))
        .status();
    assert!(limited.is_ok_and(|status| status.success()));
}

/// Asks on a connection that is open already, and returns status and body.
fn ask(connection: &mut TcpStream, method: &str, path: &str, body: &str) -> (u16, String) {
    let kind = "application/cloudevents-batch+json";
    write!(
        connection,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut reader = BufReader::new(connection);
    let (mut status, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_lowercase();
        if line.is_empty() {
            break;
        }
        if status.is_none() {
            status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
        }
        if let Some(number) = line.strip_prefix("content-length: ") {
            length = number.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (status.unwrap(), String::from_utf8(body).unwrap())
}

#[test]
fn having_no_file_to_spare_stops_nothing_for_good() {
    let mut product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    accepted(&product, &stays(0, 2));
    product.caught_up();
    let address = product.url("");
    let mut open = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    assert_eq!(ask(&mut open, "GET", "/livez", "").0, 200);
    // All of these few are in use, so there is none to spare.
    limit_files(&mut product, 3);
    let more = Value::from(stays(2, 4)).to_string();
    let (status, said) = ask(&mut open, "POST", "/api/v1/events", &more);
    assert_eq!(status, 503, "{said}");
    assert!(said.contains("none to spare"), "{said}");
    let (status, said) = ask(&mut open, "GET", "/readyz", "");
    assert_eq!(status, 503, "{said}");
    assert!(said.contains("[-] writing: no events are taken"), "{said}");
    limit_files(&mut product, 1024);
    product.wait_ready();
    let (status, said) = ask(&mut open, "POST", "/api/v1/events", &more);
    assert_eq!(status, 202, "{said}");
    assert_eq!(product.caught_up(), 12);
}
