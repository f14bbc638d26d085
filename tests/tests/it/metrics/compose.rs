//! The programs of `compose.yaml`, started with its own commands, environment and files, but without containers: names of
//! services become addresses, and paths become folders of the test.

use std::process::Command;

use joinedup_tests::folders;
use joinedup_tests::http;
use joinedup_tests::patience::eventually;
use joinedup_tests::ports;
use joinedup_tests::process::Process;
use joinedup_tests::product;
use joinedup_tests::scrape::Scrape;
use joinedup_tests::tools::{Run, Tool};
use serde_json::Value;
use tempfile::TempDir;

use super::compose_file::Compose;

/// What stands in `compose.yaml` and the files it mounts, and what stands for it here.
struct Stack {
    compose: Compose,
    folder: TempDir,
    /// Longer names before those that they contain.
    instead: Vec<(String, String)>,
    ports: Vec<(&'static str, u16)>,
}

const SERVICES: [&str; 5] = ["publish", "project", "prometheus", "alertmanager", "nats"];

impl Stack {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let root = folders::repository();
        let mut make = Command::new("sh");
        make.arg(root.join("services/make-secrets.sh"))
            .arg(at("secrets"));
        Run::of(&mut make).succeeded();
        let ports: Vec<(&str, u16)> = SERVICES
            .into_iter()
            .chain(["monitor"])
            .map(|name| (name, ports::free_port()))
            .collect();
        let port = |wanted: &str| ports.iter().find(|(name, _)| *name == wanted).unwrap().1;
        let here = |name: &str| format!("127.0.0.1:{}", port(name));
        let instead = vec![
            ("nats:4222".to_owned(), here("nats")),
            ("nats:8222".to_owned(), here("monitor")),
            ("0.0.0.0:4222".to_owned(), here("nats")),
            ("0.0.0.0:8222".to_owned(), here("monitor")),
            ("publish:8080".to_owned(), here("publish")),
            ("project:8080".to_owned(), here("project")),
            ("alertmanager:9093".to_owned(), here("alertmanager")),
            ("/run/secrets".to_owned(), at("secrets")),
            ("/etc/joinedup/".to_owned(), at("")),
            (
                "/etc/prometheus/rules".to_owned(),
                root.join("grafana/rules").display().to_string(),
            ),
            (
                "/etc/prometheus/user".to_owned(),
                root.join("grafana").display().to_string(),
            ),
            ("/etc/prometheus/".to_owned(), at("")),
            ("/etc/alertmanager/".to_owned(), at("")),
            // So that the test need not wait for a minute.
            (
                "scrape_interval: 60s".to_owned(),
                "scrape_interval: 3s".to_owned(),
            ),
            (
                "scrape_timeout: 30s".to_owned(),
                "scrape_timeout: 3s".to_owned(),
            ),
            ("15s".to_owned(), "1s".to_owned()),
            ("group_wait: 30s".to_owned(), "group_wait: 0s".to_owned()),
            ("=/prometheus".to_owned(), format!("={}", at("tsdb"))),
            ("=/alertmanager".to_owned(), format!("={}", at("alerts"))),
            (
                "store_dir: /data".to_owned(),
                format!("store_dir: {}", at("nats")),
            ),
            ("\"/data\"".to_owned(), format!("\"{}\"", at("data"))),
        ];
        let made = Self {
            compose: Compose::read(),
            folder,
            instead,
            ports,
        };
        let rules = root.join("grafana/rules").display().to_string();
        for (service, file) in [
            ("nats", "/etc/joinedup/nats.conf"),
            ("project", "/etc/joinedup/joinedup.toml"),
            ("prometheus", "/etc/prometheus/prometheus.yml"),
            ("alertmanager", "/etc/alertmanager/alertmanager.yml"),
        ] {
            let kept =
                std::fs::read_to_string(root.join(made.compose.file(service, file))).unwrap();
            // Relative to the file, which lies elsewhere here.
            let kept = made.here(&kept).replace("- rules/", &format!("- {rules}/"));
            let name = file.rsplit('/').next().unwrap();
            folders::write(made.folder.path(), &[(name, &kept)]);
        }
        let passwords = made.secret("nats-passwords.conf");
        folders::write(made.folder.path(), &[("passwords.conf", &passwords)]);
        made
    }

    fn here(&self, text: &str) -> String {
        let replace = |text: String, (name, with): &(String, String)| text.replace(name, with);
        self.instead.iter().fold(text.to_owned(), replace)
    }

    fn port(&self, service: &str) -> u16 {
        self.ports
            .iter()
            .find(|(name, _)| *name == service)
            .unwrap()
            .1
    }

    fn secret(&self, name: &str) -> String {
        let path = self.folder.path().join("secrets").join(name);
        std::fs::read_to_string(path).unwrap().trim().to_owned()
    }

    /// The command of a service with its environment, run by a program.
    fn command(&self, service: &str, mut program: Command) -> Command {
        program
            .args(
                self.compose
                    .command(service)
                    .iter()
                    .map(|word| self.here(word)),
            )
            .current_dir(self.folder.path());
        for (name, value) in self.compose.environment(service) {
            let value = match name.as_str() {
                "JOINEDUP_LISTEN" => format!("127.0.0.1:{}", self.port(service)),
                _ => self.here(&value),
            };
            program.env(name, value);
        }
        program
    }

    fn joinedup(&self, service: &str) -> Command {
        self.command(service, product::command([""; 0]))
    }

    fn start(&self, service: &str, mut command: Command) -> Process {
        let log = self.folder.path().join(format!("{service}.log"));
        Process::start(service, &mut command, &log)
    }

    /// A server of others, that listens where the test has it listen.
    fn server(&self, service: &str, tool: Tool) -> Process {
        let mut command = self.command(service, Command::new(tool.path()));
        if service != "nats" {
            command.arg(format!(
                "--web.listen-address=127.0.0.1:{}",
                self.port(service)
            ));
        }
        if service == "prometheus" {
            // An alert that fires before the server has found its Alertmanager is lost until it is sent again.
            command.arg("--rules.alert.resend-delay=1s");
        }
        self.start(service, command)
    }

    fn url(&self, service: &str, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port(service))
    }
}

#[test]
fn the_services_work_with_the_commands_files_and_rights_of_the_file_and_no_others() {
    let stack = Stack::new();
    let nats = stack.server("nats", Tool::NatsServer);
    eventually("NATS is healthy", || {
        http::get_ok(&stack.url("monitor", "/healthz"))
    });
    let made = Run::of(&mut stack.joinedup("stream"));
    assert!(
        made.succeeded()
            .contains("nothing that could lose an acknowledged event"),
        "{}",
        made.stdout
    );
    let roles = ["publish", "project"].map(|role| stack.start(role, stack.joinedup(role)));
    for role in ["publish", "project"] {
        eventually("the role is ready", || {
            http::get_ok(&stack.url(role, "/readyz"))
        });
        let check = &stack.compose.0["services"][role]["healthcheck"]["test"];
        let check: Vec<&str> = check
            .as_array()
            .unwrap()
            .iter()
            .map(|w| w.as_str().unwrap())
            .collect();
        assert_eq!(check[..2], ["CMD", "/joinedup"]);
        let mut asked = product::command(check[2..].iter().copied());
        asked.env("JOINEDUP_LISTEN", format!("127.0.0.1:{}", stack.port(role)));
        Run::of(&mut asked).succeeded();
    }
    let _alertmanager = stack.server("alertmanager", Tool::Alertmanager);
    let _prometheus = stack.server("prometheus", Tool::Prometheus);

    // The simulator as it is there, with less to say and an end.
    let mut simulate = stack.compose.command("simulate");
    assert_eq!(simulate.pop().as_deref(), Some("--live"));
    let less = ["--months", "1", "--scale", "0.1"].map(str::to_owned);
    let words: Vec<String> = simulate
        .iter()
        .chain(&less)
        .map(|word| stack.here(word))
        .collect();
    product::run(words).succeeded();

    let metrics = stack.url("project", "/metrics");
    assert_eq!(http::get(&metrics).unwrap().status, 401);
    let with = |name: &str| {
        let bearer = format!("Bearer {}", stack.secret(name));
        http::send("GET", &metrics, &[("authorization", &bearer)], &[]).unwrap()
    };
    assert_eq!(with("publisher-token").status, 403);
    eventually("events are folded", || {
        let scrape = Scrape::parse(&with("reader-token").text())?;
        match scrape.value("joinedup_events_folded_total", &[])? {
            0.0 => Err("none".to_owned()),
            folded => Ok(folded),
        }
    });
    // Prometheus scrapes all three targets with its token, and finds its Alertmanager and its runbook.
    let targets = stack.url("prometheus", "/api/v1/targets?state=active");
    eventually("everything is scraped", || {
        let said = http::get_ok(&targets)?.json();
        let active = said["data"]["activeTargets"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let up = active
            .iter()
            .filter(|target| target["health"] == "up")
            .count();
        if up == 3 {
            Ok(())
        } else {
            Err(Value::from(active).to_string())
        }
    });
    eventually("the watchdog reaches Alertmanager", || {
        let held = http::get_ok(&stack.url("alertmanager", "/api/v2/alerts"))?.json();
        let watchdog = &held[0]["annotations"]["runbook_url"];
        match watchdog.as_str() {
            Some(page) if page.ends_with("/user/runbook.html#joinedupwatchdog") => Ok(()),
            _ => Err(held.to_string()),
        }
    });
    http::get_ok(&stack.url("prometheus", "/user/runbook.html")).unwrap();

    let log = nats.log();
    assert!(
        !log.to_lowercase().contains("permissions violation"),
        "{log}"
    );
    drop(roles);
    // The services' users may not make a stream.
    for user in ["project", "publish"] {
        let mut make = stack.joinedup("stream");
        make.env("JOINEDUP_NATS__USER", user)
            .env(
                "JOINEDUP_NATS__PASSWORD_FILE",
                format!("secrets/nats-{user}"),
            )
            .env("JOINEDUP_NATS__STREAM", "ANOTHER");
        let refused = Run::of(&mut make);
        assert_ne!(refused.code, Some(0), "{refused:?}");
    }
}
