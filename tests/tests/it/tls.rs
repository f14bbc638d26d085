//! A server with TLS and the commands that speak to it, with a certificate made here.

use joinedup_tests::care::stay;
use joinedup_tests::patience::eventually;
use joinedup_tests::product::{Joinedup, JoinedupOptions, run};
use joinedup_tests::tokens::{ask, token, with_tokens};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;

const SETTINGS: &str = r#"
[tls]
certificate = "server.pem"
key = "server.key"

[[tokens]]
name = "boss"
file = "boss"
roles = ["admin"]
"#;

/// The authority's certificate, the server's, and the server's key.
fn made() -> [String; 3] {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let server = params.signed_by(&key, &authority).unwrap();
    [authority.pem(), server.pem(), key.serialize_pem()]
}

#[test]
fn events_are_imported_over_tls_and_the_server_says_that_it_is_ready() {
    let [authority, certificate, key] = made();
    let events = stay("t-1", "hv-west-1", "2026-09-01", "2026-09-07", "2026-09-10");
    let lines: Vec<String> = events.iter().map(ToString::to_string).collect();
    let options = JoinedupOptions::new("serve", &[])
        .file("joinedup.toml", SETTINGS)
        .file("boss", &token("boss"))
        .file("ca.pem", &authority)
        .file("server.pem", &certificate)
        .file("server.key", &key)
        .file("events.ndjson", &lines.join("\n"));
    let listen = options.listen.clone();
    let product = Joinedup::start_unready(options);
    let file = |name: &str| product.folder().join(name).to_string_lossy().into_owned();
    let is_ready = |certificate: &str| {
        let certificate = file(certificate);
        run([
            "healthcheck",
            "--listen",
            &listen,
            "--certificate",
            &certificate,
        ])
    };
    eventually("the server is ready", || match is_ready("server.pem") {
        ready if ready.code == Some(0) => Ok(()),
        other => Err(other.stderr),
    });
    assert_eq!(is_ready("ca.pem").code, Some(1), "another certificate");
    let bare = run(["healthcheck", "--listen", &listen]);
    assert!(bare.stderr.contains("--certificate"), "{bare:?}");

    let url = format!("https://localhost:{}", listen.rsplit(':').next().unwrap());
    let (lines, token) = (file("events.ndjson"), file("boss"));
    let import = |more: &[&str]| {
        let own = ["import", "--url", &url, "--token-file", &token, &lines];
        run(own.iter().chain(more))
    };
    let said = import(&["--ca", &file("ca.pem")]);
    assert!(said.succeeded().contains('3'), "{}", said.stdout);
    // Without the authority nobody believes this server, and the token is not sent.
    let said = import(&[]);
    assert_ne!(said.code, Some(0));
    assert!(said.stderr.contains("--ca"), "{}", said.stderr);
    // Nor is a server with TLS taken for one that is away.
    let plain = format!("http://{listen}");
    let said = run(["export", "--url", &plain, "--token-file", &token]);
    assert!(
        said.stderr.contains("begins with https://"),
        "{}",
        said.stderr
    );
    assert!(
        product
            .log()
            .contains(&format!("joinedup is at https://{listen}"))
    );
}

#[test]
fn until_when_a_token_is_good_is_a_number_that_can_be_alerted_on() {
    let settings = "[[tokens]]\nname = \"boss\"\nfile = \"boss\"\nroles = [\"admin\", \"operator\"]\nexpires = \"2999-12-31\"\n";
    let product = Joinedup::start(with_tokens(settings, &["boss"]));
    let scrape = ask(&product, &token("boss"), "GET", "/metrics", &Value::Null).text();
    let sample = "joinedup_credential_expires_timestamp_seconds{credential=\"token\",name=\"boss\"} 32503680000";
    assert!(scrape.contains(sample), "{scrape}");
}
