//! The programs of `compose.yaml`, started with its own commands, environment and files, but without containers: names of
//! services become addresses, and paths become folders of the test.

use std::collections::BTreeMap;
use std::process::Command;

use joinedup_tests::care::stay;
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
    /// Where a service's port is here, by its name and number there.
    ports: BTreeMap<&'static str, u16>,
}

const PORTS: [&str; 13] = [
    "publish:8080",
    "project:8080",
    "prometheus:9090",
    "alertmanager:9093",
    "nats:4222",
    "nats:8222",
    "nats:6222",
    "nats-2:4222",
    "nats-2:8222",
    "nats-2:6222",
    "nats-3:4222",
    "nats-3:8222",
    "nats-3:6222",
];

impl Stack {
    fn new(compose: Compose) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let root = folders::repository();
        let mut make = Command::new("sh");
        make.arg(root.join("services/make-secrets.sh"))
            .arg(at("secrets"));
        Run::of(&mut make).succeeded();
        let ports: BTreeMap<&str, u16> = PORTS
            .into_iter()
            .map(|name| (name, ports::free_port()))
            .collect();
        let instead = vec![
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
            // So that the test need not wait for a minute; a busy machine still has time for a scrape.
            (
                "scrape_interval: 60s".to_owned(),
                "scrape_interval: 10s".to_owned(),
            ),
            (
                "scrape_timeout: 30s".to_owned(),
                "scrape_timeout: 10s".to_owned(),
            ),
            (
                "evaluation_interval: 15s".to_owned(),
                "evaluation_interval: 1s".to_owned(),
            ),
            ("group_wait: 30s".to_owned(), "group_wait: 0s".to_owned()),
            ("=/prometheus".to_owned(), format!("={}", at("tsdb"))),
            ("=/alertmanager".to_owned(), format!("={}", at("alerts"))),
            ("\"/data\"".to_owned(), format!("\"{}\"", at("data"))),
            ("/data/county".to_owned(), at("county")),
        ];
        let instead = ports
            .iter()
            .map(|(name, port)| ((*name).to_owned(), format!("127.0.0.1:{port}")))
            .chain(instead)
            .collect();
        let made = Self {
            compose,
            folder,
            instead,
            ports,
        };
        let rules = root.join("grafana/rules").display().to_string();
        for (service, file) in [
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
        made
    }

    /// Starts a NATS server with its command and files, in a folder of its own.
    fn nats(&self, service: &'static str) -> Process {
        let folder = self.folder.path().join(service);
        let root = folders::repository();
        let at = |number: &str| format!("127.0.0.1:{}", self.port(service, number));
        for name in ["nats.conf", "cluster.conf"] {
            let file = self.compose.file(service, &format!("/etc/joinedup/{name}"));
            let text = std::fs::read_to_string(root.join(file))
                .unwrap()
                .replace("0.0.0.0:4222", &at("4222"))
                .replace("0.0.0.0:8222", &at("8222"))
                .replace("0.0.0.0:6222", &at("6222"))
                .replace("/data", &folder.join("store").display().to_string());
            folders::write(&folder, &[(name, &text)]);
        }
        for name in ["passwords.conf", "routes.conf"] {
            let text = self.here(&self.secret(&format!("nats-{name}")));
            folders::write(&folder, &[(name, &text)]);
        }
        let words = self.compose.command(service);
        let folder = format!("{}/", folder.display());
        let mut command = Command::new(Tool::NatsServer.path());
        command.args(
            words
                .iter()
                .map(|word| word.replace("/etc/joinedup/", &folder)),
        );
        self.start(service, command)
    }

    fn here(&self, text: &str) -> String {
        let replace = |text: String, (name, with): &(String, String)| text.replace(name, with);
        self.instead.iter().fold(text.to_owned(), replace)
    }

    fn port(&self, service: &str, number: &str) -> u16 {
        self.ports[&*format!("{service}:{number}")]
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
                "JOINEDUP_LISTEN" => format!("127.0.0.1:{}", self.port(service, "8080")),
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
        let number = match tool {
            Tool::Prometheus => "9090",
            _ => "9093",
        };
        let mut command = self.command(service, Command::new(tool.path()));
        command.arg(format!(
            "--web.listen-address=127.0.0.1:{}",
            self.port(service, number)
        ));
        if service == "prometheus" {
            // An alert that fires before the server has found its Alertmanager is lost until it is sent again.
            command.arg("--rules.alert.resend-delay=1s");
        }
        self.start(service, command)
    }

    fn url(&self, port: &str, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.ports[port])
    }

    /// Starts the NATS servers, makes the stream, and starts what publishes and what folds, each until it is ready.
    fn begin<const N: usize>(&self, servers: [&'static str; N]) -> ([Process; N], [Process; 2]) {
        let nats = servers.map(|server| self.nats(server));
        for server in servers {
            eventually("NATS is healthy", || {
                http::get_ok(&self.url(&format!("{server}:8222"), "/healthz"))
            });
        }
        let made = Run::of(&mut self.joinedup("stream"));
        assert!(
            made.succeeded()
                .contains("nothing that could lose an acknowledged event"),
            "{}",
            made.stdout
        );
        let roles = ["publish", "project"].map(|role| self.start(role, self.joinedup(role)));
        for role in ["publish:8080", "project:8080"] {
            eventually("the role is ready", || {
                http::get_ok(&self.url(role, "/readyz"))
            });
        }
        (nats, roles)
    }
}

#[test]
fn the_log_lies_on_three_servers_with_the_variables_of_a_cluster_and_any_of_them_may_go() {
    let stack = Stack::new(Compose::of_a_cluster());
    let profiles = stack.compose.0["services"]["nats-2"]["profiles"].to_string();
    assert_eq!(profiles, "[\"cluster\"]");
    let ([first, second, third], _roles) = stack.begin(["nats", "nats-2", "nats-3"]);
    let kept = http::get_ok(&stack.url("nats:8222", "/jsz?streams=true&config=true"))
        .unwrap()
        .json();
    let stream = &kept["account_details"][0]["stream_detail"][0];
    assert_eq!(stream["config"]["num_replicas"], 3, "{kept}");
    drop(first);
    let token = stack.secret("publisher-token");
    let bearer = format!("Bearer {token}");
    let events = Value::from(stay(
        "t-1",
        "havenshire-north",
        "2026-09-01",
        "2026-09-07",
        "2026-09-10",
    ));
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/cloudevents-batch+json"),
    ];
    eventually("events are taken while a server is away", || {
        let url = stack.url("publish:8080", "/api/v1/events");
        match http::send("POST", &url, &headers, events.to_string().as_bytes())? {
            answer if answer.status == 202 => Ok(()),
            answer => Err(answer.text()),
        }
    });
    drop((second, third));
}

#[test]
fn the_services_work_with_the_commands_files_and_rights_of_the_file_and_no_others() {
    let stack = Stack::new(Compose::read());
    let ([nats], roles) = stack.begin(["nats"]);
    for role in ["publish", "project"] {
        let check = &stack.compose.0["services"][role]["healthcheck"]["test"];
        let check: Vec<&str> = check
            .as_array()
            .unwrap()
            .iter()
            .map(|w| w.as_str().unwrap())
            .collect();
        assert_eq!(check[..2], ["CMD", "/joinedup"]);
        let mut asked = product::command(check[2..].iter().copied());
        asked.env(
            "JOINEDUP_LISTEN",
            format!("127.0.0.1:{}", stack.port(role, "8080")),
        );
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
    product::run(&words).succeeded();
    // A second start has nothing to send again.
    let again = product::run(&words);
    again.succeeded();
    assert!(again.stderr.contains("county goes on"), "{again:?}");

    let metrics = stack.url("project:8080", "/metrics");
    assert_eq!(http::get(&metrics).unwrap().status, 401);
    let with = |name: &str| {
        let bearer = format!("Bearer {}", stack.secret(name));
        http::send("GET", &metrics, &[("authorization", &bearer)], &[]).unwrap()
    };
    assert_eq!(with("publisher-token").status, 403);
    eventually("events are folded", || {
        let scrape = Scrape::parse(&with("operator-token").text())?;
        match scrape.value("joinedup_events_folded_total", &[])? {
            0.0 => Err("none".to_owned()),
            folded => Ok(folded),
        }
    });
    // Prometheus scrapes all three targets with its token, and finds its Alertmanager and its runbook.
    let targets = stack.url("prometheus:9090", "/api/v1/targets?state=active");
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
        let held = http::get_ok(&stack.url("alertmanager:9093", "/api/v2/alerts"))?.json();
        let watchdog = &held[0]["annotations"]["runbook_url"];
        match watchdog.as_str() {
            Some(page) if page.ends_with("/user/runbook.html#joinedupwatchdog") => Ok(()),
            _ => Err(held.to_string()),
        }
    });
    http::get_ok(&stack.url("prometheus:9090", "/user/runbook.html")).unwrap();

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
