//! Messages of a hospital over TLS, from systems that show a certificate: nobody else is answered.

use crate::line_lists::key;
use joinedup_tests::product::{Joinedup, JoinedupOptions};
use joinedup_tests::{folders, ports};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs::Permissions;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

/// The hospital's own authority.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate of it, and its key.
type Pair = (CertificateDer<'static>, KeyPair);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn signs(&self, name: &str) -> (String, Pair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), (certificate.der().clone(), key))
    }
}

/// Sends an admission and returns what is answered, however the connection ends.
fn sent(mut stream: impl Read + Write) -> String {
    let message = "MSH|^~\\&|PAS|RAJ|JOINEDUP|X|20260901090000||ADT^A01|1|P|2.4\r\
         EVN|A01|20260901090000\r\
         PID|1||QZ4471^^^RAJ||Doe^Jane||19400229|F\r\
         PV1|1|I|W1^2^3^RAJ56|21|||||||||||||||V1^^^PAS|||||||||||||||||||||||||202609010830\r";
    let mut answer = vec![0; 4096];
    let read = stream
        .write_all(format!("\u{b}{message}\u{1c}\r").as_bytes())
        .and_then(|()| stream.read(&mut answer))
        .unwrap_or(0);
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

fn connected(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

/// The same as a system that trusts an authority and may show a certificate.
fn over_tls(port: u16, trusted: &Authority, shown: Option<Pair>) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.0.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match shown {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
            config
                .with_client_auth_cert(vec![certificate], key)
                .unwrap()
        }
    };
    let name = "localhost".try_into().unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    sent(StreamOwned::new(client, connected(port)))
}

#[test]
fn only_a_system_with_a_certificate_of_the_hospital_is_answered() {
    let (folder, port) = (tempfile::tempdir().unwrap(), ports::free_port());
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (certificate, (_, server_key)) = ours.signs("localhost");
    let path = |name: &str| folder.path().join(name);
    folders::write(
        folder.path(),
        &[
            ("server.pem", &certificate),
            ("server.key", &server_key.serialize_pem()),
            ("hospital.pem", &ours.0.pem()),
        ],
    );
    std::fs::set_permissions(path("server.key"), Permissions::from_mode(0o600)).unwrap();
    let feeds = format!(
        "[[feed]]\nname = \"pas\"\nkind = \"hl7-mllp\"\nlisten = \"127.0.0.1:{port}\"\narea = \"RAJ\"\n\
         pseudonym_key_file = {:?}\n\
         [feed.tls]\ncertificate = {:?}\nkey = {:?}\nclients = {:?}\n",
        key(folder.path()),
        path("server.pem"),
        path("server.key"),
        path("hospital.pem"),
    );
    folders::write(folder.path(), &[("feeds.toml", &feeds)]);
    let file = path("feeds.toml");
    let product = Joinedup::start(JoinedupOptions::new(
        "serve",
        &["--feeds", file.to_str().unwrap()],
    ));

    assert!(!sent(connected(port)).contains("MSA"), "in clear");
    assert_eq!(over_tls(port, &ours, None), "", "without a certificate");
    assert_eq!(
        over_tls(port, &ours, Some(theirs.signs("pas").1)),
        "",
        "of another authority"
    );
    assert_eq!(product.caught_up(), 0);
    let answer = over_tls(port, &ours, Some(ours.signs("pas").1));
    assert!(answer.contains("MSA|AA|1"), "{answer}");
    assert_eq!(product.caught_up(), 2);
}
