//! Whom to trust: the built-in roots, the system's, and a file of one's own, all beside each other.
//!
//! One certificate that cannot be read is skipped and never spoils the rest. It must not offer a way to trust nobody
//! in particular.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer};

use super::{
    Address,
    fault::{Failure, Stage},
};

/// Where Linux systems keep their store; read by name because `rustls-native-certs` looks there only while
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` are unset.
const SYSTEM_STORES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Reads the stores and makes a configuration of them; `authorities` is a file of certificates to trust as well.
/// Takes tens of milliseconds, and never fails for want of a certificate.
pub(crate) async fn configuration(authorities: Option<PathBuf>) -> io::Result<Arc<ClientConfig>> {
    // Files of several hundred kilobytes are parsed here: not on a thread that drives connections.
    tokio::task::spawn_blocking(move || build(authorities.as_deref())).await.map_err(io::Error::other)?
}

/// The same for a connection to this address; `None` where it goes without encryption.
pub(crate) async fn for_address(
    address: &Address,
    authorities: Option<PathBuf>,
) -> Result<Option<Arc<ClientConfig>>, Failure> {
    if !address.tls {
        return Ok(None);
    }
    configuration(authorities).await.map(Some).map_err(|error| Failure::Io(Stage::Encrypt, error))
}

fn build(authorities: Option<&Path>) -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let (_, skipped) = roots.add_parsable_certificates(system());
    if skipped > 0 {
        tracing::debug!(skipped, "certificates in the system's store cannot be read and are not used");
    }
    if let Some(file) = authorities {
        add_file(&mut roots, file);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn system() -> Vec<CertificateDer<'static>> {
    let mut found = rustls_native_certs::load_native_certs().certs;
    if let Some(store) = SYSTEM_STORES.iter().map(Path::new).find(|path| path.exists()) {
        found.extend(rustls_native_certs::load_certs_from_paths(Some(store), None).certs);
    }
    found.sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
    found.dedup();
    found
}

fn add_file(roots: &mut RootCertStore, file: &Path) {
    let read = rustls_native_certs::load_certs_from_paths(Some(file), None);
    for error in &read.errors {
        tracing::warn!(%error, "a certificate in SSL_CERT_FILE cannot be read and is not used");
    }
    let (added, skipped) = roots.add_parsable_certificates(read.certs);
    if added == 0 || skipped > 0 {
        tracing::warn!(file = %file.display(), added, skipped, "not every certificate in SSL_CERT_FILE can be used");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_unreadable_file_spoils_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ca.pem");
        std::fs::write(&file, "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\nnoise\n").unwrap();
        assert!(build(Some(&file)).is_ok());
        assert!(build(Some(&dir.path().join("missing"))).is_ok());
        assert!(build(None).is_ok());
    }
}
