//! A real NATS server with JetStream, for one test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::Process;
use crate::tools::{Run, Tool};
use crate::{OrFail, http, ports};

const START: Duration = Duration::from_secs(30);
const OLDEST: (u32, u32) = (2, 11);

/// Who may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NatsAuth {
    /// Anybody.
    Open,
    /// Whoever has the token.
    Token(String),
    /// Users with passwords and the subjects they may use.
    Users(Vec<NatsUser>),
}

/// One user of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsUser {
    /// The user's name.
    pub name: String,
    /// The password.
    pub password: String,
    /// Subjects the user may publish to.
    pub publish: Vec<String>,
    /// Subjects the user may subscribe to.
    pub subscribe: Vec<String>,
}

/// How a server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsOptions {
    /// `sync_interval: always`: an acknowledged message is on the disk. Off is the server's own default, which flushes
    /// every two minutes and loses acknowledged messages in a power cut.
    pub sync_always: bool,
    /// Who may connect.
    pub auth: NatsAuth,
    /// Further lines of the configuration file, as they are.
    pub extra: String,
    /// One of several: it answers at once, and JetStream when there are enough of them.
    pub in_cluster: bool,
}

impl NatsOptions {
    /// A server that keeps what it acknowledges.
    pub fn durable() -> Self {
        Self {
            sync_always: true,
            auth: NatsAuth::Open,
            extra: String::new(),
            in_cluster: false,
        }
    }

    /// A server as it comes: acknowledges before anything is on the disk.
    pub fn lazy() -> Self {
        Self {
            sync_always: false,
            ..Self::durable()
        }
    }
}

/// A running NATS server. Its store outlives kills and restarts, and goes when this value is dropped.
#[derive(Debug)]
pub struct NatsServer {
    // Before the folder, so that it is dropped first: the process must not outlive its files.
    process: Option<Process>,
    options: NatsOptions,
    folder: TempDir,
    client_port: u16,
    monitor_port: u16,
}

impl NatsServer {
    /// Starts a server and waits until JetStream answers.
    ///
    /// # Panics
    /// When the server is missing, older than 2.11 or does not start.
    #[track_caller]
    pub fn start(options: NatsOptions) -> Self {
        assert_recent(&Tool::NatsServer.run(["--version"]));
        let folder = tempfile::tempdir().or_fail("no folder for the NATS server");
        let mut server = Self {
            options,
            folder,
            client_port: 0,
            monitor_port: 0,
            process: None,
        };
        let mut failures = Vec::new();
        for _ in 0..5 {
            server.client_port = ports::free_port();
            server.monitor_port = ports::free_port();
            match server.launch() {
                Ok(()) => return server,
                Err(failure) => failures.push(failure),
            }
        }
        panic!("the NATS server does not start: {failures:#?}");
    }

    /// How it was started last.
    pub fn options(&self) -> &NatsOptions {
        &self.options
    }

    /// The address for clients, without credentials: `nats://127.0.0.1:…`.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    /// The host and port for clients.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.client_port)
    }

    /// The address of the monitoring pages (`/varz`, `/jsz`, `/connz` …).
    pub fn monitoring_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.monitor_port)
    }

    /// A monitoring page, for example `jsz?streams=true&config=true`.
    ///
    /// # Panics
    /// When the server does not answer.
    #[track_caller]
    pub fn monitor(&self, page: &str) -> Value {
        http::get_ok(&format!("{}/{page}", self.monitoring_url()))
            .or_fail("the NATS server's monitoring page")
            .json()
    }

    /// Whether the server answers and JetStream works.
    pub fn healthy(&self) -> bool {
        http::get_ok(&format!("{}/healthz", self.monitoring_url())).is_ok()
    }

    /// The folder JetStream stores in. Change it only while the server is down.
    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// The running process.
    ///
    /// # Panics
    /// While it is down.
    #[track_caller]
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().or_fail("the NATS server is down")
    }

    /// What the server has logged, over all its starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Kills it at once (SIGKILL). The store stays.
    pub fn kill9(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill9();
        }
    }

    /// Stops it in good order (SIGTERM). The store stays.
    ///
    /// # Panics
    /// When it does not stop.
    #[track_caller]
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.terminate(START);
        }
    }

    /// Starts it again on the same ports and the same store, stopping it first (SIGTERM) if it runs.
    ///
    /// # Panics
    /// When it does not come back.
    #[track_caller]
    pub fn restart(&mut self) {
        self.restart_with(self.options.clone());
    }

    /// As [`Self::restart`], with other options.
    ///
    /// # Panics
    /// When it does not come back.
    #[track_caller]
    pub fn restart_with(&mut self, options: NatsOptions) {
        self.stop();
        self.options = options;
        self.launch()
            .or_fail("the NATS server does not come back on its ports");
    }

    fn launch(&mut self) -> Result<(), String> {
        let config = self.folder.path().join("nats.conf");
        std::fs::write(&config, self.configuration()).or_fail("cannot write nats.conf");
        let log = self.folder.path().join("log");
        let mut process = Process::start(
            "nats-server",
            Command::new(Tool::NatsServer.path())
                .arg("--config")
                .arg(&config),
            &log,
        );
        let page = if self.options.in_cluster {
            "varz"
        } else {
            "healthz"
        };
        let health = format!("{}/{page}", self.monitoring_url());
        match process.try_ready(START, &mut || http::get_ok(&health)) {
            Ok(_) => {
                self.process = Some(process);
                Ok(())
            }
            Err(reason) => Err(format!("{reason}\n{}", process.log_tail())),
        }
    }

    fn configuration(&self) -> String {
        let Self {
            client_port,
            monitor_port,
            options,
            ..
        } = self;
        let store = quoted(self.store().as_path());
        let sync = if options.sync_always {
            "sync_interval: always"
        } else {
            ""
        };
        let auth = options.auth.configuration();
        let extra = &options.extra;
        format!(
            "listen: \"127.0.0.1:{client_port}\"\nhttp: \"127.0.0.1:{monitor_port}\"\n\
             jetstream {{ store_dir: {store}, max_file: 4G, max_mem: 64M, strict: true\n{sync}\n}}\n{auth}\n{extra}\n"
        )
    }
}

impl NatsAuth {
    fn configuration(&self) -> String {
        match self {
            Self::Open => String::new(),
            Self::Token(token) => format!("authorization {{ token: {token:?} }}"),
            Self::Users(users) => {
                let users: Vec<String> = users.iter().map(NatsUser::configuration).collect();
                format!("authorization {{ users: [\n{}\n] }}", users.join("\n"))
            }
        }
    }
}

impl NatsUser {
    fn configuration(&self) -> String {
        format!(
            "{{ user: {:?}, password: {:?}, permissions: {{ publish: {:?}, subscribe: {:?} }} }}",
            self.name, self.password, self.publish, self.subscribe
        )
    }
}

fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}

#[track_caller]
fn assert_recent(version: &Run) {
    let version = version.succeeded().trim();
    let numbers: Vec<u32> = version
        .trim_start_matches(|c: char| !c.is_ascii_digit())
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect();
    let recent = matches!(numbers[..], [major, minor, ..] if (major, minor) >= OLDEST);
    assert!(
        recent,
        "{version} is too old for `sync_interval: always`; tests/run.sh fetches one that is not"
    );
}
