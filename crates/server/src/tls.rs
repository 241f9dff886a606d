//! Encrypted connections: a certificate and its key become the terms on which they are opened. rustls's
//! defaults hold: TLS 1.2 and 1.3, no weak ciphers. Renewed files are read again when the server is
//! told so; connections that are open keep what they began with.

use std::io;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::settings::{StartError, TlsFiles};

/// Reads certificate and key; says which file is at fault.
pub(crate) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, StartError> {
    let TlsFiles { certificate, key } = files;
    let of_certificate = |error| StartError::reading("the certificate", certificate, error);
    let of_key = |error| StartError::reading("the private key", key, error);

    let pem = std::fs::read(certificate).map_err(of_certificate)?;
    let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| of_certificate(io::Error::other(error.to_string())))?;
    if chain.is_empty() {
        return Err(of_certificate(io::Error::other("it holds no certificate in PEM form")));
    }
    let pem = std::fs::read(key).map_err(of_key)?;
    let private = PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|_| of_key(io::Error::other("it holds no private key in PEM form")))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| StartError::starting("TLS", io::Error::other(error)))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| {
            let reason =
                format!("it does not fit the certificate {}: {error}", certificate.display());
            of_key(io::Error::other(reason))
        })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
