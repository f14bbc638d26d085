//! Whose certificates are believed when this program asks another server: those of a file, or those of the machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Why nobody's certificate can be believed.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file cannot be read.
    #[error("the authorities in {} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// The file holds no certificate.
    #[error("{} holds no certificate: write the authority's certificate into it, in PEM", .0.display())]
    Empty(PathBuf),
}

/// The authorities of a file (PEM), or, without one, those that the machine trusts; there may be none of these.
///
/// # Errors
/// When the file cannot be read or holds no certificate.
pub fn authorities(ca_file: Option<&Path>) -> Result<Vec<Certificate<'static>>, TrustError> {
    let Some(path) = ca_file else {
        let found = rustls_native_certs::load_native_certs().certs;
        let owned = found.iter().map(|der| Certificate::from_der(der));
        return Ok(owned.map(|certificate| certificate.to_owned()).collect());
    };
    let pem = std::fs::read(path).map_err(|source| TrustError::Read {
        path: path.to_owned(),
        source,
    })?;
    let certificates = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<_> = certificates.collect();
    if certificates.is_empty() {
        return Err(TrustError::Empty(path.to_owned()));
    }
    Ok(certificates)
}

/// Whether a request failed because the server's certificate is not believed: asking again does not help.
#[must_use]
pub fn is_disbelief(error: &ureq::Error) -> bool {
    let ureq::Error::Io(error) = error else {
        return false;
    };
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
}

/// How a client speaks TLS that believes these authorities and no others.
#[must_use]
pub fn tls(authorities: &[Certificate<'static>]) -> TlsConfig {
    TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(authorities))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build()
}
