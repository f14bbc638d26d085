//! A real OpenID Connect provider, run by Node from the packages that `tests/run.sh` fetches.

use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::browser::Page;
use crate::process::Process;
use crate::tools::Tool;
use crate::{OrFail, folders, http, ports};

const START: Duration = Duration::from_secs(60);

/// A running provider; it is killed when this value is dropped.
#[derive(Debug)]
pub struct Provider {
    // Before the folder, so that it is dropped first.
    process: Process,
    port: u16,
    _folder: TempDir,
}

impl Provider {
    /// The secret that it shares with its client `joinedup`.
    pub const SECRET: &str = "a-secret-of-the-test-that-opens-nothing";

    /// Starts a provider for a product at an address.
    ///
    /// # Panics
    /// When Node or its packages are missing, or it does not start.
    #[track_caller]
    pub fn start(public_url: &str) -> Self {
        let port = ports::free_port();
        let folder = tempfile::tempdir().or_fail("no folder for the provider");
        let tools = folders::repository().join("tests/tools");
        assert!(
            tools.join("node_modules/oidc-provider").is_dir(),
            "the package oidc-provider is not in {}; tests/run.sh tools fetches it",
            tools.display()
        );
        let mut command = Command::new(Tool::Node.path());
        command
            .arg("provider.mjs")
            .args([&port.to_string(), public_url])
            .current_dir(&tools);
        let log = folder.path().join("log");
        let mut provider = Self {
            process: Process::start("the provider", &mut command, &log),
            port,
            _folder: folder,
        };
        let metadata = format!("{}/.well-known/openid-configuration", provider.issuer());
        provider.process.ready(START, || http::get_ok(&metadata));
        provider
    }

    /// The address by which it names itself.
    pub fn issuer(&self) -> String {
        // Another host than the product's, so that a browser takes the two for two sites.
        format!("http://localhost:{}", self.port)
    }

    /// Signs somebody in on the provider's own page, which the tab is on.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn sign_in(&self, page: &mut Page, name: &str) {
        page.click("input[name=login]");
        page.type_text(name);
        page.click("input[name=password]");
        page.type_text("anything");
        page.click("button[type=submit]");
    }

    /// Ends it, as if it were away.
    pub fn away(&mut self) {
        self.process.kill9();
    }
}
