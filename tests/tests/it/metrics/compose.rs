//! The programs of `compose.yaml`, started by the same files without containers: NATS with its users, and the two
//! roles of the product.

use std::process::Command;

use joinedup_tests::folders;
use joinedup_tests::http;
use joinedup_tests::patience::eventually;
use joinedup_tests::ports;
use joinedup_tests::process::Process;
use joinedup_tests::product;
use joinedup_tests::scrape::Scrape;
use joinedup_tests::tools::{Run, Tool};
use tempfile::TempDir;

/// A folder with the secrets, and the configuration of NATS and of the product, changed only in addresses and paths.
struct Folder {
    folder: TempDir,
    nats: u16,
    monitor: u16,
}

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folders::repository();
        let secrets = folder.path().join("secrets");
        Run::of(
            Command::new("sh")
                .arg(root.join("services/make-secrets.sh"))
                .arg(&secrets),
        )
        .succeeded();
        let made = Self {
            folder,
            nats: ports::free_port(),
            monitor: ports::free_port(),
        };
        let path = |name: &str| made.folder.path().join(name).display().to_string();
        let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
        let nats = read("services/nats/nats.conf")
            .replace("0.0.0.0:4222", &format!("127.0.0.1:{}", made.nats))
            .replace("0.0.0.0:8222", &format!("127.0.0.1:{}", made.monitor))
            .replace("store_dir: /data", &format!("store_dir: {}", path("nats")));
        let settings = read("services/compose.toml")
            .replace("/run/secrets", &path("secrets"))
            .replace("\"/data\"", &format!("\"{}\"", path("data")));
        let passwords = std::fs::read_to_string(secrets.join("nats-passwords.conf")).unwrap();
        folders::write(
            made.folder.path(),
            &[
                ("nats.conf", &nats),
                ("passwords.conf", &passwords),
                ("joinedup.toml", &settings),
            ],
        );
        made
    }

    fn secret(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join("secrets").join(name))
            .unwrap()
            .trim()
            .to_owned()
    }

    /// The product as a user of NATS, with the environment that `compose.yaml` gives it.
    fn command(&self, user: &str, arguments: &[&str]) -> Command {
        let mut command = product::command(arguments.iter().copied());
        command
            .args(["--config", "joinedup.toml"])
            .current_dir(self.folder.path())
            .env(
                "JOINEDUP_NATS__URL",
                format!("nats://127.0.0.1:{}", self.nats),
            )
            .env(
                "JOINEDUP_NATS__MONITOR_URL",
                format!("http://127.0.0.1:{}/varz", self.monitor),
            )
            .env("JOINEDUP_NATS__USER", user)
            .env(
                "JOINEDUP_NATS__PASSWORD_FILE",
                format!("secrets/nats-{user}"),
            );
        command
    }

    fn start(&self, role: &str, port: u16) -> Process {
        let mut command = self.command(role, &[role]);
        command.env("JOINEDUP_LISTEN", format!("127.0.0.1:{port}"));
        Process::start(
            role,
            &mut command,
            &self.folder.path().join(format!("{role}.log")),
        )
    }
}

#[test]
fn the_roles_work_with_the_rights_that_compose_gives_them_and_no_others() {
    let folder = Folder::new();
    let nats = Process::start(
        "nats",
        Command::new(Tool::NatsServer.path())
            .args(["--config", "nats.conf"])
            .current_dir(folder.folder.path()),
        &folder.folder.path().join("nats.log"),
    );
    let healthy = format!("http://127.0.0.1:{}/healthz", folder.monitor);
    eventually("NATS is healthy", || http::get_ok(&healthy));
    let made = Run::of(&mut folder.command("admin", &["stream", "apply"]));
    assert!(
        made.succeeded()
            .contains("nothing that could lose an acknowledged event"),
        "{}",
        made.stdout
    );
    let (publish, project) = (ports::free_port(), ports::free_port());
    let publisher = folder.start("publish", publish);
    let projector = folder.start("project", project);
    for port in [publish, project] {
        eventually("the role is ready", || {
            http::get_ok(&format!("http://127.0.0.1:{port}/readyz"))
        });
    }
    let listen = format!("127.0.0.1:{project}");
    product::run(["healthcheck", "--listen", &listen]).succeeded();
    let token = folder
        .folder
        .path()
        .join("secrets/admin-token")
        .display()
        .to_string();
    let url = format!("http://127.0.0.1:{publish}");
    let flags = [
        "simulate",
        "--url",
        &url,
        "--token-file",
        &token,
        "--months",
        "1",
        "--scale",
        "0.1",
    ];
    product::run(flags).succeeded();

    let metrics = format!("http://127.0.0.1:{project}/metrics");
    assert_eq!(http::get(&metrics).unwrap().status, 401);
    let with = |name: &str| {
        let bearer = format!("Bearer {}", folder.secret(name));
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
    let log = nats.log();
    assert!(
        !log.to_lowercase().contains("permissions violation"),
        "{log}"
    );
    drop((publisher, projector));
    // The services' users may not make a stream.
    for user in ["project", "publish"] {
        let mut make = folder.command(user, &["stream", "apply"]);
        let refused = Run::of(make.env("JOINEDUP_NATS__STREAM", "ANOTHER"));
        assert_ne!(refused.code, Some(0), "{refused:?}");
    }
}
