//! TLS of what listens: the server, and feeds to which systems connect. Its certificate and key are read from files, and read again when these change. Connections that
//! are open keep what they began with, so renewing a certificate ends none.

use crate::expiry::{self, Credential, Expiries};
use crate::secrets::{self, is_open_to_others};
use chrono::{DateTime, Utc};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// The files of a certificate, in PEM.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The certificate, and behind it those that lead to an authority which clients trust.
    pub certificate: PathBuf,
    /// The private key, which not every user of the machine may read.
    pub key: PathBuf,
    /// The authorities of one of which every client must show a certificate; none: nobody is asked.
    #[serde(default)]
    pub clients: Option<PathBuf>,
}

/// A certificate, as its files are now.
#[derive(Clone, Debug)]
pub struct Tls(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    files: TlsFiles,
    protocol: Option<&'static [u8]>,
    accept_readable: bool,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    /// Of both files when they were last looked at, whether they were in order or not.
    digest: [u8; 32],
    config: Arc<ServerConfig>,
    /// Until when the certificate is good, and those that lead to its authority.
    until: Option<DateTime<Utc>>,
}

/// Why certificate and key were not taken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read.
    #[error("`tls`: {} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// The key is open to every user of the machine.
    #[error("`tls.key`: {} can be read or changed by every user of this machine: run `chmod o= {}`", .0.display(), .0.display())]
    Open(PathBuf),
    /// The certificate file holds none.
    #[error("`tls.certificate`: {} holds no certificate: write the server's certificate into it in PEM, and those that lead to its authority", .0.display())]
    NoCertificate(PathBuf),
    /// The key file holds none.
    #[error("`tls.key`: {} holds no private key that can be used: write the key without a password into it, in PEM", .0.display())]
    NoKey(PathBuf),
    /// The file of authorities holds none that can be used.
    #[error("`tls.clients`: {} holds no authority that can be used: write the certificates of those who sign the clients' into it, in PEM", path.display())]
    NoAuthority {
        /// The file.
        path: PathBuf,
        /// The library's error.
        source: Option<VerifierBuilderError>,
    },
    /// The two do not go together, or are of a kind that is not known.
    #[error("`tls`: certificate and key cannot be used together: {0}")]
    Unusable(#[from] rustls::Error),
}

impl Tls {
    /// Reads the files. `protocol` is what is spoken, by its name in TLS; `accept_readable`: a key that every user of the
    /// machine can read will do.
    ///
    /// # Errors
    /// When a file is missing or open to others, or they do not go together.
    pub fn read(
        files: TlsFiles,
        protocol: Option<&'static [u8]>,
        accept_readable: bool,
    ) -> Result<Self, TlsError> {
        let contents = Contents::read(&files, accept_readable)?;
        let current = Current {
            digest: contents.digest(),
            config: contents.config(&files, protocol)?,
            until: contents.until(),
        };
        Ok(Self(Arc::new(Inner {
            files,
            protocol,
            accept_readable,
            current: RwLock::new(current),
        })))
    }

    /// Takes a connection by the certificate of now.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        let current = self.0.current.read();
        let current = current.unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(current.config.clone())
    }

    /// Reads the files again. A fault is logged once, and the certificate before it stays.
    pub fn reread(&self) {
        let inner = &self.0;
        let failed = |error: TlsError| {
            tracing::error!(%error, "the certificate stays the one that it was");
        };
        let contents = match Contents::read(&inner.files, inner.accept_readable) {
            Ok(read) => read,
            Err(error) => return failed(error),
        };
        let digest = contents.digest();
        let mut current = inner.current.write();
        let current = match &mut current {
            Ok(current) => current,
            Err(poisoned) => poisoned.get_mut(),
        };
        if current.digest == digest {
            return;
        }
        current.digest = digest;
        match contents.config(&inner.files, inner.protocol) {
            Ok(config) => {
                current.config = config;
                current.until = contents.until();
                tracing::info!("the certificate was replaced");
            }
            Err(error) => failed(error),
        }
    }

    /// Reads the files again and again, until the process stops, and notes until when the certificate is good.
    pub async fn follow(self, stopping: CancellationToken, expiries: Expiries, name: String) {
        let note = |tls: &Self, expiries: &Expiries, name: &str| {
            let current = tls.0.current.read();
            let until = current.unwrap_or_else(PoisonError::into_inner).until;
            expiries.note(Credential::Certificate, name, until);
        };
        note(&self, &expiries, &name);
        let reread = move || {
            self.reread();
            note(&self, &expiries, &name);
        };
        secrets::follow(stopping, "the certificate was", reread).await;
    }
}

/// What is in the files.
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    clients: Vec<u8>,
}

impl Contents {
    fn read(files: &TlsFiles, accept_readable: bool) -> Result<Self, TlsError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| TlsError::Read { path, source }
        };
        let read = |path: &PathBuf| std::fs::read(path).map_err(failed(path));
        let contents = Self {
            certificate: read(&files.certificate)?,
            key: read(&files.key)?,
            clients: files
                .clients
                .as_ref()
                .map(read)
                .transpose()?
                .unwrap_or_default(),
        };
        if !accept_readable && is_open_to_others(&files.key).map_err(failed(&files.key))? {
            return Err(TlsError::Open(files.key.clone()));
        }
        Ok(contents)
    }

    fn until(&self) -> Option<DateTime<Utc>> {
        let chain = certificates(&self.certificate)?;
        chain.iter().filter_map(|c| expiry::not_after(c)).min()
    }

    fn digest(&self) -> [u8; 32] {
        let each = [&self.certificate, &self.key, &self.clients].map(Sha256::digest);
        Sha256::digest(each.concat()).into()
    }

    fn config(
        &self,
        files: &TlsFiles,
        protocol: Option<&[u8]>,
    ) -> Result<Arc<ServerConfig>, TlsError> {
        let chain = certificates(&self.certificate);
        let chain = chain.ok_or_else(|| TlsError::NoCertificate(files.certificate.clone()))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| TlsError::NoKey(files.key.clone()))?;
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?;
        let config = match &files.clients {
            None => config.with_no_client_auth(),
            Some(path) => {
                let none = |source| TlsError::NoAuthority {
                    path: path.clone(),
                    source,
                };
                let mut roots = RootCertStore::empty();
                for authority in certificates(&self.clients).ok_or_else(|| none(None))? {
                    roots.add(authority)?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                let verifier = verifier.build().map_err(|source| none(Some(source)))?;
                config.with_client_cert_verifier(verifier)
            }
        };
        let mut config = config.with_single_cert(chain, key)?;
        config.alpn_protocols = protocol.into_iter().map(<[u8]>::to_vec).collect();
        Ok(Arc::new(config))
    }
}

/// The certificates of a text in PEM; none where there is not one, or one cannot be read.
fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let all = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    all.ok().filter(|all| !all.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn until_when_a_certificate_is_good_is_known_from_the_start_and_after_it_is_renewed() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate: folder.path().join("c.pem"),
            key: folder.path().join("k.pem"),
            clients: None,
        };
        let renew = |year| {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut wanted = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            wanted.not_after = rcgen::date_time_ymd(year, 1, 1);
            let certificate = wanted.self_signed(&key).unwrap();
            std::fs::write(&files.certificate, certificate.pem()).unwrap();
            std::fs::write(&files.key, key.serialize_pem()).unwrap();
        };
        renew(2040);
        let tls = Tls::read(files.clone(), None, true).unwrap();
        let expiries = Expiries::default();
        let stopped = CancellationToken::new();
        stopped.cancel();
        let until = async || {
            let follow = tls
                .clone()
                .follow(stopped.clone(), expiries.clone(), "server".into());
            follow.await;
            let all = expiries.all();
            let found = &all[&(Credential::Certificate, "server".to_owned())];
            found.to_rfc3339()
        };
        assert_eq!(until().await, "2040-01-01T00:00:00+00:00");
        renew(2041);
        tls.reread();
        assert_eq!(until().await, "2041-01-01T00:00:00+00:00");
    }
}
