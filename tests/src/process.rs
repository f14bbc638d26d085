//! A program in the background that ends with the test that started it.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::{OrFail, http, patience};

const TAIL_BYTES: usize = 4_000;

/// A running program. Both its outputs go into one file; it is killed when this value is dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program without standard input; what it prints is appended to `log`.
    ///
    /// # Panics
    /// When it cannot be started.
    #[track_caller]
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Self {
        let output = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .or_fail(&format!("cannot open the log of {name}"));
        let errors: File = output.try_clone().or_fail("cannot share the log");
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .or_fail(&format!("cannot start {name}"));
        Self {
            name: name.to_owned(),
            child,
            log: log.to_path_buf(),
        }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has printed so far.
    pub fn log(&self) -> String {
        std::fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// The end of what it has printed, for messages.
    pub fn log_tail(&self) -> String {
        let log = self.log();
        let mut start = log.len().saturating_sub(TAIL_BYTES);
        while !log.is_char_boundary(start) {
            start += 1;
        }
        log[start..].to_owned()
    }

    /// How it ended, or `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().or_fail("cannot ask for the process")
    }

    /// Asks until the answer is `Ok`; gives up at once when the program ends.
    ///
    /// # Panics
    /// When the program ends or the deadline passes; the message holds the end of its log.
    #[track_caller]
    pub fn ready<T>(
        &mut self,
        deadline: Duration,
        mut ask: impl FnMut() -> Result<T, String>,
    ) -> T {
        match self.try_ready(deadline, &mut ask) {
            Ok(answer) => answer,
            Err(seen) => panic!("{}: {seen}\n{}", self.name, self.log_tail()),
        }
    }

    /// As [`Self::ready`], with the reason returned instead of a failed test.
    ///
    /// # Errors
    /// Why it is not ready: it ended, or what was last seen before the deadline.
    pub fn try_ready<T>(
        &mut self,
        deadline: Duration,
        ask: &mut dyn FnMut() -> Result<T, String>,
    ) -> Result<T, String> {
        patience::poll(deadline, || match self.ended() {
            Some(status) => Ok(Err(format!("ended before it was ready, {status}"))),
            None => ask().map(Ok),
        })
        .unwrap_or_else(|seen| Err(format!("not ready within {deadline:?}; last seen: {seen}")))
    }

    /// Waits until it says at `/-/ready` of a port that it is, as Prometheus and Alertmanager do.
    ///
    /// # Errors
    /// As [`Self::try_ready`].
    pub fn try_ready_at(&mut self, port: u16, deadline: Duration) -> Result<(), String> {
        let ready = format!("http://127.0.0.1:{port}/-/ready");
        self.try_ready(deadline, &mut || http::get_ok(&ready))
            .map(|_| ())
    }

    /// Kills it at once (SIGKILL) and waits for its end.
    pub fn kill9(&mut self) {
        if self.ended().is_none() {
            self.child.kill().or_fail("cannot kill the process");
            self.child.wait().or_fail("cannot wait for the process");
        }
    }

    /// Asks it to end (SIGTERM) and returns how it did.
    ///
    /// # Panics
    /// When it is still there after the deadline.
    #[track_caller]
    pub fn terminate(&mut self, deadline: Duration) -> ExitStatus {
        self.signal(Signal::TERM);
        match patience::poll(deadline, || self.ended().ok_or(())) {
            Ok(status) => status,
            Err(()) => panic!(
                "{} is still running {deadline:?} after SIGTERM\n{}",
                self.name,
                self.log_tail()
            ),
        }
    }

    /// Stops it where it is (SIGSTOP), as a machine that hangs would.
    pub fn pause(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Lets a paused process go on (SIGCONT).
    pub fn resume(&mut self) {
        self.signal(Signal::CONT);
    }

    fn signal(&mut self, signal: Signal) {
        // A process that ended may have given its number to another one; asking first keeps the number ours.
        if self.ended().is_none()
            && let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
        {
            kill_process(pid, signal).or_fail("cannot signal the process");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.child.kill().is_ok() && self.child.wait().is_err() {
            eprintln!("{} could not be waited for", self.name);
        }
    }
}
