//! Tables for analysts: what DuckDB reads of a Parquet file is what the CSV, the lines of cells and the archive say.

use chrono::Days;
use joinedup_tests::care::{recorded, stay};
use joinedup_tests::http;
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{self, Joinedup, JoinedupOptions};
use joinedup_tests::tools::Tool;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const TOKENS: &str = "[[tokens]]\nname = \"all\"\nfile = \"all\"\nroles = [\"publisher\", \"operator\", \"admin\", \"reader\"]\n\
                      [[tokens]]\nname = \"the public\"\nfile = \"public\"\nroles = [\"reader\"]\n";
const CHART: &str = "/api/v1/charts/tr-before-17";

fn token(name: &str) -> String {
    format!("{name}-0123456789abcdef0123456789abcdef")
}

struct Server {
    product: Joinedup,
    files: tempfile::TempDir,
}

impl Server {
    fn get(&self, path: &str, name: &str) -> http::Response {
        let bearer = format!("Bearer {}", token(name));
        let headers = [("authorization", bearer.as_str())];
        http::send("GET", &self.product.url(path), &headers, &[]).unwrap()
    }

    /// Saves what an address answers.
    fn saved(&self, path: &str, name: &str, as_file: &str) -> PathBuf {
        let answer = self.get(path, name);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let file = self.files.path().join(as_file);
        std::fs::write(&file, &answer.body).unwrap();
        file
    }

    fn compared(&self, kind: &str, parquet: &Path, other: &Path) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/analysts/parquet.py");
        let arguments = [script.as_ref(), kind.as_ref(), parquet, other];
        let said = Tool::Analysts.run(arguments.map(Path::as_os_str));
        said.succeeded().trim().to_owned()
    }
}

/// A place with small numbers, a large one, and one whose source fell silent five weeks ago.
fn events() -> Vec<Value> {
    let today = joinedup_tests::care::today();
    let mut events = Vec::new();
    for (area, people, last) in [
        ("hv-north-2", 9, 1),
        ("hv-west-2", 1, 1),
        ("hv-west-1", 9, 35),
    ] {
        for ago in last..80_u64 {
            let before = |n: u64| (today - Days::new(ago + n)).to_string();
            for n in 0..people {
                let id = format!("{area}-{ago}-{n}");
                for mut event in stay(&id, area, &before(6), &before(1), &before(0)) {
                    event["source"] = format!("/{area}").into();
                    let at = event["time"].as_str().unwrap().to_owned();
                    events.push(recorded(event, &at));
                }
            }
        }
    }
    events
}

fn server() -> Server {
    let options = JoinedupOptions::new("serve", &[])
        .file("all", &token("all"))
        .file("public", &token("public"))
        .file("joinedup.toml", TOKENS);
    let server = Server {
        product: Joinedup::start(options),
        files: tempfile::tempdir().unwrap(),
    };
    let (events, bearer) = (events(), format!("Bearer {}", token("all")));
    for batch in events.chunks(500) {
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/cloudevents-batch+json"),
        ];
        let body = json!(batch).to_string();
        let url = server.product.url("/api/v1/events");
        let answer = http::send("POST", &url, &headers, body.as_bytes()).unwrap();
        assert_eq!(answer.status, 202, "{}", answer.text());
    }
    eventually("all is folded", || {
        let answer = server.get(&format!("{CHART}?area=havenshire"), "all");
        let chart: Value = serde_json::from_str(&answer.text()).map_err(|e| e.to_string())?;
        let at = chart["as_of_position"].as_u64();
        (at == Some(events.len() as u64))
            .then_some(())
            .ok_or(format!("{at:?}"))
    });
    server
}

/// A build without Parquet says how to get one with it, and makes no file.
fn not_built(server: &Server) -> bool {
    let answer = server.get(&format!("{CHART}.parquet?area=havenshire"), "all");
    if answer.status != 501 {
        return false;
    }
    for path in [
        "/api/v1/export/cells.parquet",
        "/api/v1/export/facts.parquet",
    ] {
        let answer = server.get(path, "all");
        assert_eq!(answer.status, 501, "{path}");
        assert!(
            answer.text().contains("--features parquet"),
            "{}",
            answer.text()
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("facts.parquet");
    let arguments = ["export", "--parquet", "--data", "data", "-o"].map(Into::into);
    let run = product::run(arguments.into_iter().chain([file.as_os_str().to_owned()]));
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("--features parquet"), "{}", run.stderr);
    assert!(!file.exists());
    assert!(
        !joinedup_tests::folders::in_ci(),
        "the tested program was built without Parquet"
    );
    println!("passed over: the tested program was built without Parquet, which it says");
    true
}

#[test]
fn what_duckdb_reads_is_what_the_other_forms_say() {
    let server = server();
    if not_built(&server) {
        return;
    }
    let mut states = String::new();
    for area in ["hv-north-2", "hv-west-2", "hv-west-1", "havenshire"] {
        for name in ["public", "all"] {
            let of = |form: &str| {
                let path = format!("{CHART}.{form}?area={area}");
                server.saved(&path, name, &format!("{area}-{name}.{form}"))
            };
            states += &server.compared("points", &of("parquet"), &of("csv"));
            states.push(' ');
        }
    }
    // They stay apart, as numbers alone would not keep them.
    for state in ["final", "missing", "suppressed"] {
        assert!(states.split(' ').any(|known| known == state), "{states}");
    }
    let cells = server.saved("/api/v1/export/cells.parquet", "all", "cells.parquet");
    let lines = server.saved("/api/v1/export/cells", "all", "cells.txt");
    let count: usize = server.compared("cells", &cells, &lines).parse().unwrap();
    assert!(count > 100, "{count}");
    let facts = server.saved("/api/v1/export/facts.parquet", "all", "facts.parquet");
    let archive = server.saved("/api/v1/export/events", "all", "archive.ndjson");
    let count: usize = server.compared("facts", &facts, &archive).parse().unwrap();
    assert_eq!(count, events().len());
    // People's facts and exact cells are for admins alone.
    for path in [
        "/api/v1/export/cells.parquet",
        "/api/v1/export/facts.parquet",
    ] {
        assert_eq!(server.get(path, "public").status, 403, "{path}");
    }
    // The command, from a running server, writes the same rows.
    let token_file = server.files.path().join("token");
    std::fs::write(&token_file, token("all")).unwrap();
    for (flag, other, kind) in [
        ("--cells", &lines, "cells"),
        ("--events", &archive, "facts"),
    ] {
        let file = server
            .files
            .path()
            .join(format!("{kind}-of-command.parquet"));
        let url = server.product.url("");
        let mut command = product::command(["export", "--parquet", flag, "--url", &url]);
        command
            .arg("--token-file")
            .arg(&token_file)
            .arg("-o")
            .arg(&file);
        joinedup_tests::tools::Run::of(&mut command).succeeded();
        server.compared(kind, &file, other);
    }
}
