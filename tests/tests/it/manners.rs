//! The manners of a service: how it tells its supervisor, how it stops, what its log lines are, and how it explains itself.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use joinedup_tests::care;
use joinedup_tests::folders;
use joinedup_tests::http;
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::tools::Run;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

const LONG: Duration = Duration::from_secs(60);

fn ready() -> String {
    let data = json!({"transfer": "t-1", "area": "hv-west-1", "date": "2026-06-01"});
    care::event("transfer.ready.v1", "slow", "2026-06-01T09:00:00Z", data).to_string()
}

/// A connection to the product on which a request was begun.
fn begun(product: &Joinedup, request: &str) -> TcpStream {
    let mut connection = TcpStream::connect(product.url("").replace("http://", "")).unwrap();
    connection.set_read_timeout(Some(LONG)).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    connection
}

fn rest(mut connection: TcpStream) -> String {
    let mut text = String::new();
    // The server may close without more ado once everything is said.
    let _ = connection.read_to_string(&mut text);
    text
}

#[test]
fn an_answer_that_was_begun_is_finished_and_a_stream_ends_when_it_is_told_to_stop() {
    let mut product = Joinedup::start(JoinedupOptions::new("serve", &[]));
    let mut stream = begun(&product, "GET /api/v1/stream HTTP/1.1\r\nhost: x\r\n\r\n");
    let mut first = [0; 12];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");

    let event = ready();
    let head = format!(
        "POST /api/v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/cloudevents+json\r\n\
         content-length: {}\r\n\r\n",
        event.len()
    );
    let (half, other) = event.split_at(event.len() / 2);
    let mut slow = begun(&product, &(head + half));
    // The handler has the request before the signal comes.
    std::thread::sleep(Duration::from_millis(300));
    let told = Instant::now();
    let status = std::thread::scope(|scope| {
        let ending = scope.spawn(|| product.sigterm());
        std::thread::sleep(Duration::from_millis(500));
        slow.write_all(other.as_bytes()).unwrap();
        let answer = rest(slow);
        assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
        rest(stream);
        ending.join().unwrap()
    });
    assert_eq!(status.code(), Some(0), "{}", product.log());
    assert!(
        told.elapsed() < Duration::from_secs(25),
        "the supervisor would have killed it"
    );

    product.restart();
    assert_eq!(product.caught_up(), 1, "what was answered is in the log");
}

#[test]
fn systemd_is_told_of_ready_alive_and_stopping() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(LONG)).unwrap();
    let mut product = Joinedup::start(
        JoinedupOptions::new("serve", &[])
            .variable("NOTIFY_SOCKET", path.to_str().unwrap())
            .variable("WATCHDOG_USEC", "400000"),
    );
    let heard = |wanted: &str| {
        let mut all = String::new();
        for _ in 0..1_000 {
            let mut message = [0; 4_096];
            let length = socket
                .recv(&mut message)
                .unwrap_or_else(|error| panic!("{error} before {wanted}: {all}"));
            let message = String::from_utf8_lossy(&message[..length]).into_owned();
            if message.lines().any(|line| line == wanted) {
                return message;
            }
            all += &message;
        }
        panic!("no {wanted} in {all}");
    };
    heard("READY=1");
    let alive = heard("WATCHDOG=1");
    assert!(alive.contains("STATUS=views "), "{alive}");
    heard("WATCHDOG=1");
    assert!(product.sigterm().success());
    heard("STOPPING=1");
}

#[test]
fn off_a_terminal_every_line_of_the_log_is_json_and_none_holds_an_event() {
    let mut product =
        Joinedup::start(JoinedupOptions::new("serve", &[]).variable("RUST_LOG", "debug"));
    let posted = product.post(&[serde_json::from_str(&ready()).unwrap()]);
    assert!(posted.status < 300, "{}", posted.text());
    product.caught_up();
    assert!(product.sigterm().success());
    let said = product.log();
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.starts_with("joinedup is at http://"))
        .collect();
    assert!(lines.len() > 3, "{said}");
    for line in lines {
        let parsed: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(
            parsed["level"].is_string() && parsed["timestamp"].is_string(),
            "{line}"
        );
        assert!(!line.contains("t-1"), "an event is in the log: {line}");
    }
}

#[test]
fn the_settings_are_printed_with_where_each_came_from_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = "cache_mib = 17\n[nats]\nurl = \"nats://ward:secret@127.0.0.1:4222\"\n";
    std::fs::write(folder.path().join("joinedup.toml"), file).unwrap();
    let mut command = product::command(["config", "print", "--listen", "127.0.0.1:4711"]);
    command
        .current_dir(folder.path())
        .env("JOINEDUP_RUN_CHART_PERIODS", "30");
    let printed = Run::of(&mut command).succeeded().to_owned();
    let line = |setting: &str| {
        printed
            .lines()
            .find(|line| line.starts_with(setting))
            .unwrap_or_else(|| panic!("{setting} is not in\n{printed}"))
    };
    assert!(line("cache_mib = 17").ends_with("joinedup.toml"));
    assert!(line("run_chart_periods = 30").ends_with("JOINEDUP_RUN_CHART_PERIODS"));
    assert!(line("listen = \"127.0.0.1:4711\"").ends_with("flag"));
    assert!(line("two_people").ends_with("default"));
    assert!(!printed.contains("ward:"), "{printed}");
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man1");
    Run::of(&mut product::command([
        "man".as_ref(),
        "--out".as_ref(),
        out.as_os_str(),
    ]))
    .succeeded();
    let whole = std::fs::read_to_string(out.join("joinedup.1")).unwrap();
    for command in ["demo", "serve", "import", "spc", "config", "stream"] {
        let page = std::fs::read_to_string(out.join(format!("joinedup-{command}.1"))).unwrap();
        assert!(
            page.starts_with(".ie") && page.contains(".SH OPTIONS"),
            "{page}"
        );
        assert!(whole.contains(command), "{command}");
    }
}

/// A file that is shipped for systemd.
fn shipped(name: &str) -> String {
    std::fs::read_to_string(folders::repository().join("services/systemd").join(name)).unwrap()
}

#[test]
fn the_settings_beside_the_systemd_units_go_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display().to_string();
    let settings = shipped("joinedup.toml").replace("# feeds =", "feeds =");
    let feeds = shipped("feeds.toml").replace("/srv/joinedup", &at);
    let (header, backup) = (
        shipped("joinedup.service"),
        shipped("joinedup-backup.service"),
    );
    let mut files = vec![("joinedup.toml", settings.clone()), ("feeds.toml", feeds)];
    let tokens = [
        "reader-token",
        "operator-token",
        "publisher-token",
        "admin-token",
    ];
    files.extend(
        tokens
            .iter()
            .chain(&["pseudonym-key"])
            .map(|name| (*name, format!("{name}-0123456789abcdef0123456789abcdef"))),
    );
    for (name, text) in &files {
        folders::write(folder.path(), &[(name, text)]);
        let open = std::fs::Permissions::from_mode(0o640);
        std::fs::set_permissions(folder.path().join(name), open).unwrap();
    }
    std::fs::create_dir_all(folder.path().join("in")).unwrap();
    std::fs::create_dir_all(folder.path().join("done")).unwrap();
    for token in tokens {
        let word = token.trim_end_matches("-token");
        assert!(settings.contains(&format!("file = \"{token}\"")), "{token}");
        assert!(header.contains(&format!(" {word} ")) || header.contains(&format!(" {word};")));
    }
    assert!(backup.contains("LoadCredential=admin-token:/etc/joinedup/admin-token"));
    assert!(settings.contains("file = \"admin-token\"\nroles = [\"admin\"]"));
    let config = format!("{at}/joinedup.toml");
    let checked = product::run(["check", "--config", &config]);
    checked.succeeded();
    assert!(checked.stderr.contains("1 feeds"), "{checked:?}");
}

#[test]
fn the_systemd_unit_is_right_and_starts_what_there_is() {
    let text = shipped("joinedup.service");
    let setting = |name: &str| -> Vec<&str> {
        text.lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .collect()
    };
    assert_eq!(setting("Type"), ["notify"]);
    let start = setting("ExecStart")[0];
    let help = product::run(["serve", "--help"]).succeeded().to_owned();
    let mut words = start.split(' ');
    assert_eq!(words.next(), Some("/usr/local/bin/joinedup"));
    assert_eq!(words.next(), Some("serve"));
    for flag in words.filter(|word| word.starts_with("--")) {
        assert!(
            help.contains(&format!("{flag} <")),
            "{flag} is not a flag of serve"
        );
    }
    // Draining has 25 seconds, and its supervisor waits longer than that.
    let stop: u32 = setting("TimeoutStopSec")[0].parse().unwrap();
    assert!(stop > 25, "{stop}");
    // Where there is a systemd, it has to find nothing to say.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let analyze = std::env::split_paths(&path).map(|folder| folder.join("systemd-analyze"));
    let Some(analyze) = analyze.into_iter().find(|file| file.is_file()) else {
        println!("passed over: systemd-analyze is not on this machine");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let binary = std::path::absolute(product::binary()).unwrap();
    let mut command = std::process::Command::new(analyze);
    command.arg("verify");
    for unit in [
        "joinedup.service",
        "joinedup-failed@.service",
        "joinedup-backup.service",
        "joinedup-backup.timer",
    ] {
        let text = shipped(unit).replace("/usr/local/bin/joinedup", &binary.display().to_string());
        std::fs::write(folder.path().join(unit), text).unwrap();
        command.arg(folder.path().join(unit));
    }
    let said = Run::of(&mut command);
    said.succeeded();
    assert_eq!(said.stderr.trim(), "", "{}", said.stderr);
}

#[test]
fn people_of_a_place_that_the_register_lost_are_no_calm_and_files_are_for_nobody_else() {
    let register = |id: &str| {
        format!(
            "[[area]]\nid = \"{id}\"\ntitle = \"The Lane\"\nkind = \"locality\"\nparents = [\"E10000012\"]\n"
        )
    };
    let options = JoinedupOptions::new("serve", &["--areas", "areas.toml"]);
    let mut product = Joinedup::start(options.file("areas.toml", &register("the-lane")));
    let stay = care::stay("t-1", "the-lane", "2026-09-01", "2026-09-07", "2026-09-10");
    assert!(product.post(&stay[..2]).status < 300);
    product.caught_up();
    let log = product.folder().join("data/log/db");
    let mode = std::fs::metadata(&log).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    product.sigterm();
    std::fs::write(product.folder().join("areas.toml"), register("the-lane-2")).unwrap();
    product.relaunch();
    eventually("the place is named", || {
        let ready = http::get(&product.url("/readyz?verbose"))
            .map_err(|e| e.to_string())?
            .text();
        let line = ready.lines().find(|line| line.starts_with("[-] areas: "));
        let is_named = line.is_some_and(|line| line.contains("`the-lane`"));
        is_named.then_some(()).ok_or(ready)
    });
}
