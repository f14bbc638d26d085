//! A server with a certificate made here, as clients meet it that trust its authority.

use super::Access;
use crate::serve;
use joinedup_application::app::{App, Definitions};
use joinedup_application::config::{self, Config};
use joinedup_application::publisher::Publisher;
use joinedup_application::tls::Tls;
use joinedup_application::trust;
use joinedup_log::memory::MemoryLog;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

struct Files {
    folder: tempfile::TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Files {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        let files = Self { folder, authority };
        files.renew("localhost");
        files
    }

    /// Writes a certificate for a name, and its key.
    fn renew(&self, name: &str) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        let settings = self.settings();
        std::fs::write(&settings.certificate, certificate.pem()).unwrap();
        std::fs::write(&settings.key, key.serialize_pem()).unwrap();
        std::fs::set_permissions(&settings.key, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn settings(&self) -> config::Tls {
        config::Tls {
            certificate: self.folder.path().join("server.pem"),
            key: self.folder.path().join("server.key"),
        }
    }

    fn config(&self) -> Config {
        Config {
            tls: Some(self.settings()),
            ..Config::default()
        }
    }

    fn refused(&self) -> String {
        super::tls(&self.config()).unwrap_err().to_string()
    }
}

async fn started(files: &Files) -> (SocketAddr, Tls, CancellationToken) {
    let config = files.config();
    let log = Arc::new(MemoryLog::new());
    let definitions = Definitions::read(&config).unwrap();
    let access = Access::read(&config, &definitions.areas).unwrap();
    let tls = access.tls.clone().unwrap();
    let app = App {
        publisher: Some(Publisher::new(log.clone())),
        ..App::new(Arc::new(config), definitions, log)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, app, access, stop.clone().cancelled_owned()));
    (address, tls, stop)
}

/// A client that trusts the test's authority; it goes on using the connection that it has.
fn client(files: &Files) -> ureq::Agent {
    let authorities = trust::authorities(Some(&files.folder.path().join("ca.pem"))).unwrap();
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(20)))
        .tls_config(trust::tls(&authorities))
        .build();
    config.new_agent()
}

/// The header of an answer to a client, or why there is none.
async fn asked(
    client: &ureq::Agent,
    scheme: &str,
    host: &str,
    address: SocketAddr,
) -> Result<(Option<String>, Option<String>), ureq::Error> {
    let url = format!("{scheme}://{host}:{}/api/v1/measures", address.port());
    let client = client.clone();
    let blocking = tokio::task::spawn_blocking(move || {
        let mut response = client.get(url).call()?;
        response.body_mut().read_to_string()?;
        let header = |name| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(ToOwned::to_owned)
        };
        Ok((header("strict-transport-security"), header("cache-control")))
    });
    blocking.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_while_connections_go_on() {
    let files = Files::new();
    let (address, tls, stop) = started(&files).await;
    let before = client(&files);
    let (strict, cache) = asked(&before, "https", "localhost", address).await.unwrap();
    assert_eq!(strict.as_deref(), Some("max-age=31536000"));
    assert_eq!(cache.as_deref(), Some("no-store"));
    // The certificate is for another name, so the connection does not come about.
    let other = asked(&client(&files), "https", "127.0.0.1", address).await;
    assert!(other.is_err());
    files.renew("127.0.0.1");
    tls.reread();
    asked(&client(&files), "https", "127.0.0.1", address)
        .await
        .unwrap();
    // Who came before the change is still served, on the connection that they had.
    asked(&before, "https", "localhost", address).await.unwrap();
    assert!(
        asked(&client(&files), "https", "localhost", address)
            .await
            .is_err()
    );
    // What is not in order leaves what was.
    std::fs::write(files.settings().certificate, "nonsense").unwrap();
    tls.reread();
    asked(&client(&files), "https", "127.0.0.1", address)
        .await
        .unwrap();
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_is_believed_and_plain_http_is_not_answered() {
    let files = Files::new();
    let (address, _, stop) = started(&files).await;
    let stranger = client(&Files::new());
    assert!(
        asked(&stranger, "https", "localhost", address)
            .await
            .is_err()
    );
    assert!(
        asked(&stranger, "http", "localhost", address)
            .await
            .is_err()
    );
    stop.cancel();
}

#[test]
fn files_that_cannot_work_are_refused_in_sentences() {
    let files = Files::new();
    let of = files.settings();
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&of.key, open).unwrap();
    assert!(files.refused().contains("chmod"), "{}", files.refused());
    files.renew("localhost");
    let certificate = std::fs::read(&of.certificate).unwrap();
    files.renew("localhost");
    std::fs::write(&of.certificate, &certificate).unwrap();
    assert!(files.refused().contains("together"), "{}", files.refused());
    files.renew("localhost");
    std::fs::write(&of.key, "no key").unwrap();
    assert!(files.refused().contains("`tls.key`"), "{}", files.refused());
    std::fs::write(&of.certificate, "no certificate").unwrap();
    assert!(
        files.refused().contains("`tls.certificate`"),
        "{}",
        files.refused()
    );
    std::fs::remove_file(&of.certificate).unwrap();
    assert!(
        files.refused().contains("cannot be read"),
        "{}",
        files.refused()
    );
    assert!(super::tls(&Config::default()).unwrap().is_none());
}
