//! The audit log of a running server: what is in it, that a crash and a full disk do it no harm, and that a change shows.

use joinedup_tests::care::stay;
use joinedup_tests::http::Response;
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{Joinedup, JoinedupOptions, run};
use joinedup_tests::tokens::{self, token, with_tokens};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

const SETTINGS: &str = r#"
[[tokens]]
name = "boss"
file = "boss"
roles = ["admin"]

[[tokens]]
name = "ward"
file = "ward"
roles = ["operator", "assessor"]

[[tokens]]
name = "wall"
file = "wall"
roles = ["reader"]
"#;

fn options() -> JoinedupOptions {
    with_tokens(SETTINGS, &["boss", "ward", "wall"])
}

fn ask(product: &Joinedup, name: &str, method: &str, path: &str, body: &Value) -> Response {
    tokens::ask(product, &token(name), method, path, body)
}

fn get(product: &Joinedup, name: &str, path: &str) -> Response {
    ask(product, name, "GET", path, &Value::Null)
}

fn lines(product: &Joinedup) -> Vec<Value> {
    let mut lines: Vec<Value> = Vec::new();
    loop {
        let after = lines.last().map_or(0, |line| line["n"].as_u64().unwrap());
        let answer = get(
            product,
            "boss",
            &format!("/api/v1/audit?after={after}&limit=7"),
        );
        assert_eq!(answer.status, 200, "{}", answer.text());
        let text = answer.text();
        if text.is_empty() {
            return lines;
        }
        lines.extend(
            text.lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap()),
        );
    }
}

fn file(product: &Joinedup) -> PathBuf {
    product.folder().join("data/audit.ndjson")
}

fn verify(product: &Joinedup) -> (Option<i32>, String) {
    let path = file(product);
    let checked = run(["audit".as_ref(), "verify".as_ref(), path.as_os_str()]);
    (
        checked.code,
        format!("{}{}", checked.stdout, checked.stderr),
    )
}

fn publish(product: &Joinedup) {
    let events = stay(
        "t-secret",
        "hv-north-2",
        "2026-09-01",
        "2026-09-07",
        "2026-09-10",
    );
    let events = Value::from(events[..2].to_vec());
    let sent = ask(product, "boss", "POST", "/api/v1/events", &events);
    assert_eq!(sent.status, 202, "{}", sent.text());
    eventually("the person is known", || {
        match get(product, "boss", "/api/v1/entities/transfer/t-secret").status {
            200 => Ok(()),
            other => Err(other),
        }
    });
}

fn target(version: u64) -> Value {
    json!({ "action": "target-set", "area": "hv-north-2", "measure": "tr-ready-now", "target": 3.0 + version as f64,
            "from": "2026-09-01", "reason": "Agreed by the board.", "version": version })
}

#[test]
fn who_did_what_and_who_saw_what_is_there_and_nothing_of_a_person() {
    let product = Joinedup::start(options());
    publish(&product);
    let status = |name: &str, path: &str| get(&product, name, path).status;
    assert_eq!(status("ward", "/board?area=hv-north-2"), 200);
    assert_eq!(status("ward", "/api/v1/entities/transfer/t-secret"), 200);
    assert_eq!(status("ward", "/api/v1/events/2"), 200);
    let chart = "/api/v1/charts/tr-ready-now?area=hv-north-2&from=2026-09-01&to=2026-09-12";
    assert_eq!(status("ward", chart), 200);
    assert_eq!(status("wall", chart), 200);
    assert_eq!(status("wall", "/api/v1/waiting"), 403);
    assert_eq!(status("nobody", "/board"), 401);
    let changed = ask(&product, "ward", "POST", "/api/v1/changes", &target(0));
    assert_eq!(changed.status, 201, "{}", changed.text());
    let lines = lines(&product);
    let found = |who: &str, did: &str, route: &str| {
        let is = |line: &&Value| {
            line["did"] == did && line["route"] == route && (who.is_empty() || line["who"] == who)
        };
        lines
            .iter()
            .find(is)
            .unwrap_or_else(|| panic!("{did} {route} by {who}: {lines:#?}"))
    };
    let published = found("boss", "write", "POST /api/v1/events");
    assert_eq!(
        (&published["events"], &published["status"]),
        (&json!([[1, 2]]), &json!(202))
    );
    assert_eq!(published["from"], "127.0.0.1");
    assert_eq!(found("ward", "read", "GET /board")["area"], "hv-north-2");
    assert!(
        found("ward", "read", "GET /api/v1/entities/{family}/{*id}")["entity_digest"].is_string()
    );
    assert_eq!(
        found("ward", "read", "GET /api/v1/events/{position}")["events"],
        json!([[2, 2]])
    );
    assert_eq!(
        found("ward", "read", "GET /api/v1/charts/{measure}")["measure"],
        "tr-ready-now"
    );
    found("wall", "refused-right", "GET /api/v1/waiting");
    found("", "refused-sign-in", "GET /board");
    let decided = found("ward", "write", "POST /api/v1/changes");
    assert_eq!(
        (&decided["area"], &decided["measure"], &decided["events"]),
        (
            &json!("hv-north-2"),
            &json!("tr-ready-now"),
            &json!([[3, 3]])
        )
    );
    // What everybody sees is nobody's business, and no line names a person or says what was read.
    assert!(
        !lines
            .iter()
            .any(|line| line["who"] == "wall" && line["did"] == "read")
    );
    let text = std::fs::read_to_string(file(&product)).unwrap();
    for secret in ["t-secret", "Agreed", &token("nobody")] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert_eq!(
        (status("ward", "/api/v1/audit"), status("ward", "/audit")),
        (403, 403)
    );
    let page = get(&product, "boss", "/audit").text();
    assert!(
        page.contains("POST /api/v1/changes") && page.contains("ward"),
        "{page}"
    );
    let (code, said) = verify(&product);
    assert!(code == Some(0) && said.contains("is whole"), "{said}");
}

/// Sends the whole of a request, and hangs up a moment later without waiting for the answer.
fn hang_up(product: &Joinedup, body: &str, after: Duration) {
    let url = product.url("");
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /api/v1/events HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\ncontent-type: application/cloudevents+json\r\ncontent-length: {}\r\n\r\n",
        token("boss"),
        body.len()
    );
    let request = format!("{head}{body}");
    stream.write_all(request.as_bytes()).unwrap();
    sleep(after);
}

#[test]
fn who_hangs_up_before_the_answer_has_a_line_for_what_was_recorded() {
    let mut product = Joinedup::start(options());
    for n in 0..60 {
        let name = format!("t-{n}");
        let events = stay(
            &name,
            "hv-north-2",
            "2026-09-01",
            "2026-09-07",
            "2026-09-10",
        );
        hang_up(
            &product,
            &events[0].to_string(),
            Duration::from_micros(250 * (n % 12)),
        );
    }
    let head = product.caught_up();
    assert!(head >= 5, "only {head} were recorded");
    // Stopping waits for what is not written down yet.
    assert!(product.sigterm().success());
    let text = std::fs::read_to_string(file(&product)).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let runs: Vec<Value> = lines
        .filter(|line: &Value| line["did"] == "write" && line["who"] == "boss")
        .flat_map(|line| line["events"].as_array().cloned().unwrap_or_default())
        .collect();
    let written: BTreeSet<u64> = runs
        .iter()
        .flat_map(|run| run[0].as_u64().unwrap()..=run[1].as_u64().unwrap())
        .collect();
    let missing: Vec<u64> = (1..=head).filter(|n| !written.contains(n)).collect();
    assert_eq!(missing, [0; 0], "of {head} events");
}

#[test]
fn a_crash_is_repaired_and_a_change_is_found() {
    let mut product = Joinedup::start(options());
    publish(&product);
    assert_eq!(
        ask(&product, "ward", "POST", "/api/v1/changes", &target(0)).status,
        201
    );
    let written = std::fs::read(file(&product)).unwrap();
    product.kill9();
    let after = std::fs::read(file(&product)).unwrap();
    assert!(
        after.starts_with(&written),
        "what was answered for is there"
    );
    let mut cut = after.clone();
    cut.extend_from_slice(b"{\"n\":99,\"at\":\"20");
    std::fs::write(file(&product), &cut).unwrap();
    product.restart();
    let repaired = lines(&product)
        .into_iter()
        .find(|line| line["did"] == "repaired");
    assert_eq!(repaired.unwrap()["bytes"], 16);
    assert_eq!(verify(&product).0, Some(0));
    product.kill9();
    let text = std::fs::read_to_string(file(&product)).unwrap();
    std::fs::write(
        file(&product),
        text.replacen("\"who\":\"ward\"", "\"who\":\"wald\"", 1),
    )
    .unwrap();
    let changed = text
        .lines()
        .position(|line| line.contains("\"who\":\"ward\""))
        .unwrap()
        + 1;
    let (code, said) = verify(&product);
    assert!(
        code == Some(1) && said.contains(&format!("broken at line {changed}")),
        "{said}"
    );
    // What is not even a line of ours has its place on the page, and the others keep theirs.
    let odd = text.replacen("\"did\":\"write\"", "\"did\":\"wrote\"", 1);
    std::fs::write(file(&product), odd).unwrap();
    product.restart();
    let page = get(&product, "boss", "/audit").text();
    assert!(
        page.contains("This line cannot be read") && page.contains("Found changed"),
        "{page}"
    );
}

/// A small disk of its own for the log; it is taken away when this value is dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(folder.path());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, for the server may still hold the file.
        let unmounted = Command::new("umount").arg("-l").arg(self.0.path()).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} stays mounted", self.0.path().display());
        }
    }
}

#[test]
fn what_cannot_be_written_down_is_not_done_and_not_shown() {
    let Some(disk) = SmallDisk::mount() else {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "no disk can be mounted"
        );
        println!("passed over: filling a disk needs the right to mount one");
        return;
    };
    let mut product = Joinedup::start(options());
    publish(&product);
    product.kill9();
    let there = disk.0.path().join("audit.ndjson");
    std::fs::copy(file(&product), &there).unwrap();
    std::fs::remove_file(file(&product)).unwrap();
    std::os::unix::fs::symlink(&there, file(&product)).unwrap();
    product.restart();
    let ballast = disk.0.path().join("ballast");
    // It ends where the disk does.
    let _ = std::fs::write(&ballast, vec![7; 128 << 10]);
    // The file's last page still has room for some lines.
    let board = || get(&product, "ward", "/api/v1/waiting?area=havenshire");
    let change = |value: u32| {
        let mut change = target(0);
        change["target"] = value.into();
        change.as_object_mut().unwrap().remove("version");
        ask(&product, "ward", "POST", "/api/v1/changes", &change)
    };
    let full = (1..100).map(change).find(|answer| answer.status != 201);
    let full = full.expect("a change is taken without a line");
    assert_eq!(full.status, 503, "{}", full.text());
    assert!(
        full.text().contains("may have been recorded"),
        "{}",
        full.text()
    );
    let before = product.caught_up();
    let refused = board();
    assert_eq!(refused.status, 503);
    assert!(
        refused.text().contains("audit log cannot be written"),
        "{}",
        refused.text()
    );
    assert_eq!(change(500).status, 503);
    assert_eq!(product.caught_up(), before, "nothing more was recorded");
    let charts = "/api/v1/charts/tr-ready-now?area=havenshire";
    assert_eq!(
        get(&product, "wall", charts).status,
        200,
        "what everybody sees is shown"
    );
    std::fs::remove_file(&ballast).unwrap();
    assert_eq!(board().status, 200);
    let mended = change(501);
    assert_eq!(mended.status, 201, "{}", mended.text());
    assert!(
        lines(&product)
            .iter()
            .any(|line| line["did"] == "writable-again")
    );
    assert_eq!(verify(&product).0, Some(0));
}
