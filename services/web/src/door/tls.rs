//! TLS of the server: its certificate and key are read from files, and read again when these change. Connections that
//! are open keep what they began with, so renewing a certificate ends none.

use super::limits::REREAD;
use super::tokens::is_open_to_others;
use joinedup_application::config::{self, Config};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// The server's certificate, as its files are now.
#[derive(Clone, Debug)]
pub struct Tls(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    files: config::Tls,
    accept_readable: bool,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    /// Of both files when they were last looked at, whether they were in order or not.
    digest: [u8; 32],
    config: Arc<ServerConfig>,
}

/// Why certificate and key were not taken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read.
    #[error("`tls`: {} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
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
    /// The two do not go together, or are of a kind that is not known.
    #[error("`tls`: certificate and key cannot be used together: {0}")]
    Unusable(#[from] rustls::Error),
}

impl Tls {
    /// Reads the files of the settings; none where these name none.
    ///
    /// # Errors
    /// When a file is missing or open to others, or the two do not go together.
    pub fn read(config: &Config) -> Result<Option<Self>, TlsError> {
        let Some(files) = config.tls.clone() else {
            return Ok(None);
        };
        let accept_readable = config.accept_readable_tokens;
        let (certificate, key) = contents(&files, accept_readable)?;
        let current = Current {
            digest: digest(&certificate, &key),
            config: server_config(&files, &certificate, &key)?,
        };
        Ok(Some(Self(Arc::new(Inner {
            files,
            accept_readable,
            current: RwLock::new(current),
        }))))
    }

    /// Takes a connection by the certificate of now.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        let current = self.0.current.read();
        let current = current.unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(current.config.clone())
    }

    /// Reads the files again. What is not in order is said once, and the certificate before it stays.
    pub fn reread(&self) {
        let inner = &self.0;
        let failed = |error: TlsError| {
            tracing::error!(%error, "the certificate stays the one that it was");
        };
        let (certificate, key) = match contents(&inner.files, inner.accept_readable) {
            Ok(read) => read,
            Err(error) => return failed(error),
        };
        let digest = digest(&certificate, &key);
        let mut current = inner.current.write();
        let current = match &mut current {
            Ok(current) => current,
            Err(poisoned) => poisoned.get_mut(),
        };
        if current.digest == digest {
            return;
        }
        current.digest = digest;
        match server_config(&inner.files, &certificate, &key) {
            Ok(config) => {
                current.config = config;
                tracing::info!("the certificate was replaced");
            }
            Err(error) => failed(error),
        }
    }

    /// Reads the files again and again, until the process stops.
    pub async fn follow(self, stopping: CancellationToken) {
        while stopping
            .run_until_cancelled(tokio::time::sleep(REREAD))
            .await
            .is_some()
        {
            let tls = self.clone();
            if let Err(error) = tokio::task::spawn_blocking(move || tls.reread()).await {
                tracing::error!(%error, "the certificate was not read again");
            }
        }
    }
}

fn contents(files: &config::Tls, accept_readable: bool) -> Result<(Vec<u8>, Vec<u8>), TlsError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::Read { path, source }
    };
    let read = |path: &Path| std::fs::read(path).map_err(failed(path));
    let certificate = read(&files.certificate)?;
    let key = read(&files.key)?;
    if !accept_readable && is_open_to_others(&files.key).map_err(failed(&files.key))? {
        return Err(TlsError::Open(files.key.clone()));
    }
    Ok((certificate, key))
}

fn digest(certificate: &[u8], key: &[u8]) -> [u8; 32] {
    let each = [certificate, key].map(Sha256::digest);
    Sha256::digest(each.concat()).into()
}

fn server_config(
    files: &config::Tls,
    certificate: &[u8],
    key: &[u8],
) -> Result<Arc<ServerConfig>, TlsError> {
    let none = |_| TlsError::NoCertificate(files.certificate.clone());
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate)
        .collect::<Result<_, _>>()
        .map_err(none)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(files.certificate.clone()));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey(files.key.clone()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests;
