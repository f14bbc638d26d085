//! A headless Chromium, driven over its own debugging protocol.
//!
//! The protocol is JSON over one WebSocket per page, so a WebSocket client is all it takes: no driver beside the
//! browser, no runtime, and the console and the network are reported without asking.

mod accessibility;
mod devtools;
mod keys;
mod page;

use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

pub use accessibility::Violation;
pub use keys::Key;
pub use page::{Page, Request};

use crate::process::Process;
use crate::tools::Tool;
use crate::{OrFail, http, patience};
use devtools::DevTools;

const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(3);

/// A running browser with a profile of its own. It can reach loopback addresses only, and ends when this value is dropped.
#[derive(Debug)]
pub struct Browser {
    // Before the profile, so that it is dropped first: the process must not outlive its files.
    process: Process,
    control: DevTools,
    address: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser.
    ///
    /// # Panics
    /// When Chromium is missing or does not start.
    #[track_caller]
    pub fn start() -> Self {
        let profile = tempfile::tempdir().or_fail("no folder for the browser");
        let mut process = Process::start(
            "chromium",
            Command::new(Tool::Chromium.path())
                .args([
                    "--headless",
                    // Chromium refuses to run as root with its sandbox, and the pages are our own.
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--disable-quic",
                    "--no-first-run",
                    "--no-default-browser-check",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-default-apps",
                    "--disable-extensions",
                    "--disable-sync",
                    "--disable-features=MediaRouter,OptimizationHints,Translate",
                    "--no-proxy-server",
                    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
                    "--force-color-profile=srgb",
                    "--hide-scrollbars",
                    "--lang=en-GB",
                    "--remote-debugging-port=0",
                ])
                .arg(format!("--user-data-dir={}", profile.path().display()))
                .arg("about:blank")
                .env("LANG", "C.UTF-8")
                .env("TZ", "Europe/London"),
            &profile.path().join("chromium.log"),
        );
        let port_file = profile.path().join("DevToolsActivePort");
        let (address, path) = process.ready(START, || {
            let text = std::fs::read_to_string(&port_file).map_err(|error| error.to_string())?;
            let mut lines = text.lines();
            match (lines.next(), lines.next()) {
                (Some(port), Some(path)) => Ok((format!("127.0.0.1:{port}"), path.to_owned())),
                _ => Err("the port is half written".to_owned()),
            }
        });
        let control = DevTools::connect(&format!("ws://{address}{path}"));
        Self {
            process,
            control,
            address,
            _profile: profile,
        }
    }

    /// Opens an empty tab.
    ///
    /// # Panics
    /// When the browser does not open it.
    #[track_caller]
    pub fn page(&mut self) -> Page {
        let answer = http::send(
            "PUT",
            &format!("http://{}/json/new?about:blank", self.address),
            &[],
            &[],
        )
        .or_fail("the browser opens no tab")
        .json();
        let socket = answer["webSocketDebuggerUrl"]
            .as_str()
            .or_fail("the browser names no address for its new tab");
        Page::new(DevTools::connect(socket))
    }

    /// The browser's version, for the record.
    #[track_caller]
    pub fn version(&mut self) -> String {
        self.control.call("Browser.getVersion", json!({}))["product"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked to close it takes its helper processes along; what does not listen is killed by the process guard.
        self.control.send("Browser.close", &json!({}));
        if patience::poll(STOP, || self.process.ended().ok_or(())).is_err() {
            eprintln!("the browser did not close when asked; it is killed");
        }
    }
}
