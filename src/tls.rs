//! Whose certificates are believed, for whoever connects to another server over TLS.
//!
//! A CA that is named stands in for all of the system's: who runs a CA of their own does not want a
//! certificate of anybody else's. The cryptography is ring's, which builds in a third of aws-lc-rs's time.

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why no certificate could be believed.
#[allow(missing_docs, reason = "each sentence says what its variant and fields are")]
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {}: {cause}; it must be a PEM file with the certificate of a CA", path.display())]
    File { path: PathBuf, cause: String },
    #[error(
        "this system has no certificates of CAs, so no server can be believed; install the package \
        ca-certificates, or name one file with SSL_CERT_FILE"
    )]
    NoSystem,
    #[error("TLS cannot be set up: {0}")]
    Rustls(#[from] rustls::Error),
}

/// What connections are made with.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The certificates of the CAs in `ca_file`, or else of the system's.
///
/// # Errors
/// There is none.
pub fn authorities(ca_file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let Some(path) = ca_file else {
        let found = rustls_native_certs::load_native_certs().certs;
        return if found.is_empty() { Err(TlsError::NoSystem) } else { Ok(found) };
    };
    let wrong = |cause: String| TlsError::File { path: path.to_owned(), cause };
    let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let found = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    match found {
        Ok(found) if found.is_empty() => Err(wrong("it holds no certificate".into())),
        Ok(found) => Ok(found),
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// How a client connects that believes `authorities`.
///
/// # Errors
/// None of them can be used.
pub fn client(authorities: Vec<CertificateDer<'static>>) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    let (_, refused) = roots.add_parsable_certificates(authorities);
    if roots.is_empty() && refused > 0 {
        return Err(rustls::Error::General("none of the certificates can be read".into()).into());
    }
    let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ca.pem");
        for content in ["", "not PEM", "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n"] {
            std::fs::write(&file, content).unwrap();
            let error = authorities(Some(&file)).unwrap_err().to_string();
            assert!(error.contains("ca.pem") && error.contains("PEM"), "{error}");
        }
        assert!(authorities(Some(Path::new("/nowhere/ca.pem"))).is_err());
    }
}
