//! The `joinedup` binary, run as a user runs it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::http::Response;
use crate::nats::NatsServer;
use crate::patience::eventually_within;
use crate::process::Process;
use crate::scrape::Scrape;
use crate::tools::Run;
use crate::{OrFail, folders, http, ports};

const START: Duration = Duration::from_secs(120);
const STOP: Duration = Duration::from_secs(60);

static BINARY: OnceLock<PathBuf> = OnceLock::new();

/// The path of the binary, as new as its sources.
///
/// `TESTED_BINARY` names one that is already built (`tests/run.sh` does, since it has just built everything; the name
/// does not begin with `JOINEDUP_`, for then the product would take it for a setting).
/// Otherwise cargo builds it, once per test process, into the folder and the profile the running test was built in;
/// when nothing changed that takes a fraction of a second.
///
/// # Panics
/// When it does not build.
#[track_caller]
pub fn binary() -> &'static Path {
    BINARY.get_or_init(|| match std::env::var_os("TESTED_BINARY") {
        Some(path) => {
            let path = PathBuf::from(path);
            assert!(
                path.is_file(),
                "TESTED_BINARY names {}, which is not a file",
                path.display()
            );
            path
        }
        None => build(),
    })
}

fn build() -> PathBuf {
    let exe = std::env::current_exe().or_fail("a running test has a path");
    let release = exe.components().any(|part| part.as_os_str() == "release");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--package", "joinedup", "--bin"])
        .args(["joinedup", "--message-format", "json-render-diagnostics"])
        .arg("--target-dir")
        .arg(folders::target())
        .current_dir(folders::repository());
    if release {
        command.arg("--release");
    }
    Run::of(&mut command)
        .succeeded()
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "joinedup")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .or_fail("cargo built joinedup and did not say where it is")
}

/// A command of the binary with the environment a test means it to have: no `JOINEDUP_…` setting of the machine's own.
#[track_caller]
pub fn command<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments.into_iter().map(Into::into));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("JOINEDUP_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a subcommand to its end and returns its output.
#[track_caller]
pub fn run<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> Run {
    Run::of(&mut command(arguments))
}

/// How a long-running `joinedup` is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedupOptions {
    /// Subcommand and flags.
    pub arguments: Vec<OsString>,
    /// Environment, beside the machine's own without its `JOINEDUP_…` settings.
    pub environment: Vec<(String, String)>,
    /// Files to write into the working folder first (name and content), `joinedup.toml` for one.
    pub files: Vec<(String, String)>,
    /// The host and port that it is to listen on.
    pub listen: String,
}

impl JoinedupOptions {
    /// A subcommand that serves (`serve`, `publish`, `project` or `demo`) on a free loopback port, with its data in
    /// the folder `data` of its working folder, and further flags.
    pub fn new(subcommand: &str, flags: &[&str]) -> Self {
        let listen = format!("127.0.0.1:{}", ports::free_port());
        let own = [subcommand, "--listen", &listen, "--data", "data"];
        Self {
            arguments: own.iter().chain(flags).map(OsString::from).collect(),
            environment: Vec::new(),
            files: Vec::new(),
            listen,
        }
    }

    /// As [`Self::new`], with the log in a NATS server whose durability is seen by its monitoring address.
    pub fn on_nats(subcommand: &str, nats: &NatsServer, flags: &[&str]) -> Self {
        let mut options = Self::new(subcommand, flags);
        options
            .arguments
            .extend(nats_flags(nats).map(OsString::from));
        options
    }

    /// With a file in the working folder.
    #[must_use]
    pub fn file(mut self, name: &str, content: &str) -> Self {
        self.files.push((name.to_owned(), content.to_owned()));
        self
    }

    /// With a variable in the environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// The flags by which a command finds a NATS server and sees whether it is durable.
pub fn nats_flags(nats: &NatsServer) -> [String; 4] {
    [
        "--nats".to_owned(),
        nats.url(),
        "--nats-monitor".to_owned(),
        format!("{}/varz", nats.monitoring_url()),
    ]
}

/// A running `joinedup`, in a working folder of its own. It is killed when this value is dropped.
#[derive(Debug)]
pub struct Joinedup {
    // Before the folder, so that it is dropped first: the process must not outlive its files.
    process: Process,
    options: JoinedupOptions,
    folder: TempDir,
}

impl Joinedup {
    /// Starts it and waits until `/readyz` answers with status 200.
    ///
    /// # Panics
    /// When it ends or is not ready in time; the message holds the end of its log.
    #[track_caller]
    pub fn start(options: JoinedupOptions) -> Self {
        let mut product = Self::start_unready(options);
        product.wait_ready();
        product
    }

    /// Starts it without waiting for anything.
    #[track_caller]
    pub fn start_unready(options: JoinedupOptions) -> Self {
        let folder = tempfile::tempdir().or_fail("no folder for joinedup");
        for (name, content) in &options.files {
            folders::write(folder.path(), &[(name, content)]);
        }
        Self {
            process: launch(&options, folder.path()),
            options,
            folder,
        }
    }

    /// Waits until `/readyz` answers with status 200.
    ///
    /// # Panics
    /// When it ends or is not ready in time; the message holds the end of its log.
    #[track_caller]
    pub fn wait_ready(&mut self) {
        let url = self.url("/readyz");
        self.process.ready(START, || http::get_ok(&url));
    }

    /// Posts events as a batch.
    ///
    /// # Panics
    /// When there is no answer.
    #[track_caller]
    pub fn post(&self, events: &[Value]) -> Response {
        let body = Value::from(events.to_vec()).to_string();
        let batch = [("content-type", "application/cloudevents-batch+json")];
        http::send("POST", &self.url("/api/v1/events"), &batch, body.as_bytes())
            .or_fail("no answer to posted events")
    }

    /// What a JSON address answers, which has to do so with status 200.
    ///
    /// # Errors
    /// As [`http::get_ok`].
    pub fn json(&self, path: &str) -> Result<Value, String> {
        http::get_ok(&self.url(path)).map(|response| response.json())
    }

    /// Waits until everything in the log is folded and returns its head.
    ///
    /// # Panics
    /// When that takes more than two minutes.
    #[track_caller]
    pub fn caught_up(&self) -> u64 {
        eventually_within(START, "everything in the log is folded", || {
            let readiness = http::get_ok(&self.url("/readyz?verbose"))?.text();
            let number = |before: &str| {
                let rest = readiness.split(before).nth(1)?;
                rest.split_whitespace().next()?.parse::<u64>().ok()
            };
            match (number("live at position "), number("head ")) {
                (Some(position), Some(head)) if position == head => Ok(head),
                _ => Err(readiness),
            }
        })
    }

    /// The cells of the views it serves now.
    ///
    /// # Panics
    /// When it does not give them.
    #[track_caller]
    pub fn cells(&self) -> String {
        http::get_ok(&self.url("/api/v1/export/cells"))
            .or_fail("no cells")
            .text()
    }

    /// A scrape of `/metrics`.
    ///
    /// # Errors
    /// As [`Scrape::of`].
    pub fn metrics(&self) -> Result<Scrape, String> {
        Scrape::of(&self.url("/metrics"))
    }

    /// The address of a page of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.options.listen)
    }

    /// Its working folder, which stays over kills and restarts.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has printed over all its starts, standard output and error together.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// The running process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Kills it at once (SIGKILL).
    pub fn kill9(&mut self) {
        self.process.kill9();
    }

    /// Asks it to end (SIGTERM) and returns how it did.
    ///
    /// # Panics
    /// When it is still there after a minute.
    #[track_caller]
    pub fn sigterm(&mut self) -> ExitStatus {
        self.process.terminate(STOP)
    }

    /// Starts it again in the same folder, with the same options, and waits until it is ready.
    ///
    /// # Panics
    /// As [`Self::start`].
    #[track_caller]
    pub fn restart(&mut self) {
        self.relaunch();
        self.wait_ready();
    }

    /// Starts it again in the same folder, with the same options, killing it first if it runs, and waits for nothing.
    #[track_caller]
    pub fn relaunch(&mut self) {
        self.kill9();
        self.process = launch(&self.options, self.folder.path());
    }
}

#[track_caller]
fn launch(options: &JoinedupOptions, folder: &Path) -> Process {
    let mut command = command(options.arguments.iter().cloned());
    command
        .current_dir(folder)
        .envs(options.environment.iter().cloned());
    Process::start("joinedup", &mut command, &folder.join("joinedup.log"))
}
