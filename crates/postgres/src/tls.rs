//! TLS as `sslmode` asks for it, by rustls.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};
use tokio_postgres::config::SslMode;

use super::{
    error::{Error, Result},
    settings::Server,
};

/// What is checked of a server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Nothing: the line is encrypted, and the server may be anyone.
    Nothing,
    /// That an authority vouches for it.
    Authority,
    /// That too, and that it is for this host.
    AuthorityAndHost,
}

fn wrong(key: &str, problem: impl Into<String>, mend: &str) -> Error {
    Error::Setting { key: key.to_owned(), problem: problem.into(), mend: mend.to_owned() }
}

/// Whether to encrypt, and what to check, as libpq does it: `require` checks the authority where one is named.
pub(crate) fn mode(server: &Server) -> Result<(SslMode, Check)> {
    let names_root = !server.of("sslrootcert").is_empty();
    let with_root = if names_root { Check::Authority } else { Check::Nothing };
    match (server.of("sslmode"), server.of("sslrootcert")) {
        ("" | "verify-full", "system") => Ok((SslMode::Require, Check::AuthorityAndHost)),
        (mode, "system") => Err(wrong(
            "sslmode",
            format!("'{mode}' is too weak for the authorities of the system"),
            "write sslmode=verify-full, or name the server's own authority in sslrootcert",
        )),
        ("disable", _) => Ok((SslMode::Disable, Check::Nothing)),
        ("" | "prefer" | "allow", _) => Ok((SslMode::Prefer, Check::Nothing)),
        ("require", _) => Ok((SslMode::Require, with_root)),
        ("verify-ca", _) => Ok((SslMode::Require, Check::Authority)),
        ("verify-full", _) => Ok((SslMode::Require, Check::AuthorityAndHost)),
        (mode, _) => {
            let problem = format!("'{mode}' is not known");
            Err(wrong("sslmode", problem, "write disable, prefer, require, verify-ca or verify-full"))
        }
    }
}

/// The settings of TLS.
pub(crate) fn config(server: &Server, check: Check) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("sslmode", error.to_string(), "use sslmode=disable"))?;
    let inner = match check {
        Check::Nothing => None,
        Check::Authority | Check::AuthorityAndHost => {
            let roots = Arc::new(roots(server.of("sslrootcert"))?);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
            let mend = "name a file with the authority's certificate in sslrootcert";
            Some(verifier.map_err(|error| wrong("sslrootcert", error.to_string(), mend))?)
        }
    };
    let verifier = Arc::new(Verifier { inner, check, provider });
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    match (server.of("sslcert"), server.of("sslkey")) {
        ("", _) => Ok(builder.with_no_client_auth()),
        (certificate, key) => {
            let chain = certificates("sslcert", certificate)?;
            let key = PrivateKeyDer::from_pem_file(key)
                .map_err(|error| wrong("sslkey", format!("{key}: {error}"), "name the key of sslcert, as PEM"))?;
            let mend = "name a certificate and its key";
            builder.with_client_auth_cert(chain, key).map_err(|error| wrong("sslcert", error.to_string(), mend))
        }
    }
}

/// The authorities of a file, or those of the system.
fn roots(path: &str) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    let found = match path {
        "" | "system" => rustls_native_certs::load_native_certs().certs,
        path => certificates("sslrootcert", path)?,
    };
    let (added, _) = store.add_parsable_certificates(found);
    if added == 0 {
        let mend = "name a file with the authority's certificate, as PEM";
        return Err(wrong("sslrootcert", format!("no certificate of an authority is in '{path}'"), mend));
    }
    Ok(store)
}

fn certificates(key: &str, path: &str) -> Result<Vec<CertificateDer<'static>>> {
    let refused = |error: rustls::pki_types::pem::Error| {
        wrong(key, format!("{path}: {error}"), "name a file of certificates, as PEM")
    };
    CertificateDer::pem_file_iter(path).map_err(refused)?.collect::<std::result::Result<_, _>>().map_err(refused)
}

/// Checks what is asked for and no more.
#[derive(Debug)]
struct Verifier {
    inner: Option<Arc<WebPkiServerVerifier>>,
    check: Check,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, TlsError> {
        let Some(inner) = &self.inner else { return Ok(ServerCertVerified::assertion()) };
        match inner.verify_server_cert(end_entity, intermediates, server_name, ocsp, now) {
            // The authority is checked before the name.
            Err(TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check == Check::Authority => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
