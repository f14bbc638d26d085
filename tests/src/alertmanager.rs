//! A real Alertmanager, for one test.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::Process;
use crate::tools::Tool;
use crate::{OrFail, folders, http, ports};

const START: Duration = Duration::from_secs(60);

/// A running Alertmanager, alone in its cluster. Its store goes when this value is dropped.
#[derive(Debug)]
pub struct Alertmanager {
    // Before the folder, so that it is dropped first: the process must not outlive its files.
    process: Process,
    port: u16,
    folder: TempDir,
}

impl Alertmanager {
    /// Starts with a configuration file of the given content and waits until it answers.
    /// Relative paths in it (templates) start at the folder where `files` (name and content) are written first.
    ///
    /// # Panics
    /// When Alertmanager is missing or does not start.
    #[track_caller]
    pub fn start(config: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().or_fail("no folder for Alertmanager");
        folders::write(folder.path(), files);
        folders::write(folder.path(), &[("alertmanager.yml", config)]);
        let mut failures = Vec::new();
        for _ in 0..5 {
            let port = ports::free_port();
            let mut process = launch(folder.path(), port);
            match process.try_ready_at(port, START) {
                Ok(()) => {
                    return Self {
                        process,
                        port,
                        folder,
                    };
                }
                Err(reason) => failures.push(format!("{reason}\n{}", process.log_tail())),
            }
        }
        panic!("Alertmanager does not start: {failures:#?}");
    }

    /// Kills it at once and starts it again on the same port and store.
    ///
    /// # Panics
    /// When it does not come back.
    #[track_caller]
    pub fn crash_and_restart(&mut self) {
        self.process.kill9();
        self.process = launch(self.folder.path(), self.port);
        self.process
            .try_ready_at(self.port, START)
            .or_fail("Alertmanager does not come back");
    }

    /// The server's address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The host and port, as Prometheus names an Alertmanager.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// The alerts it holds, as its API gives them.
    ///
    /// # Errors
    /// When the server does not answer with a list.
    pub fn alerts(&self) -> Result<Vec<Value>, String> {
        match http::get_ok(&format!("{}/api/v2/alerts", self.url()))?.json() {
            Value::Array(alerts) => Ok(alerts),
            other => Err(format!("no list of alerts: {other}")),
        }
    }
}

fn launch(folder: &Path, port: u16) -> Process {
    Process::start(
        "alertmanager",
        Command::new(Tool::Alertmanager.path())
            .current_dir(folder)
            .arg("--config.file=alertmanager.yml")
            .arg("--storage.path=data")
            .arg("--cluster.listen-address=")
            .arg(format!("--web.listen-address=127.0.0.1:{port}")),
        &folder.join("log"),
    )
}
