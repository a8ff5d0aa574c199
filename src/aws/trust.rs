//! Whom a connection to AWS trusts: certificates in PEM, in; a trust store for the HTTP client, out.

use std::io;

use aws_smithy_http_client::tls::TrustStore;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The roots of Amazon Trust Services. Five take 0.1 ms of a cold start; the system's 140 take 3.
const AMAZON: &[u8] = include_bytes!("amazon-roots.pem");

/// Amazon's own roots: enough for every endpoint of AWS, and for no other server.
pub(super) fn amazon() -> TrustStore {
    TrustStore::empty().with_pem_certificate(AMAZON)
}

/// The certificates of the file that `AWS_CA_BUNDLE` names; `others` where it names none.
pub(super) fn chosen(
    bundle_path: Option<String>,
    read: impl Fn(&str) -> io::Result<Vec<u8>>,
    others: TrustStore,
) -> Result<TrustStore, String> {
    let Some(path) = bundle_path else { return Ok(others) };
    let pem = read(&path).map_err(|error| format!("AWS_CA_BUNDLE: {path}: {error}"))?;
    bundle(&path, &pem)
}

/// The certificates of a bundle, instead of all others. Those that cannot be used as roots are left out, as is usual; none at all is an
/// error.
fn bundle(path: &str, pem: &[u8]) -> Result<TrustStore, String> {
    let none = |why: &str| format!("AWS_CA_BUNDLE: {path} {why}; it is to hold certificates in PEM");
    let mut trusted = TrustStore::empty();
    let mut usable = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| none(&format!("cannot be read: {error}")))?;
        // The client takes text and panics at a certificate that is none, so each is tried here first.
        if RootCertStore::empty().add(certificate.clone()).is_ok() {
            usable += 1;
            trusted.add_pem_certificate(pem_of(&certificate));
        }
    }
    if usable == 0 { Err(none("holds no certificate")) } else { Ok(trusted) }
}

fn pem_of(certificate: &CertificateDer<'_>) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(certificate))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(pem: &[u8]) -> String {
        bundle("/b.pem", pem).unwrap_err()
    }

    #[test]
    fn amazons_roots_are_five_and_each_is_usable() {
        let roots: Vec<_> = CertificateDer::pem_slice_iter(AMAZON).map(Result::unwrap).collect();
        assert_eq!(roots.len(), 5);
        let mut store = RootCertStore::empty();
        for root in roots {
            store.add(root).unwrap();
        }
    }

    #[test]
    fn a_bundle_without_a_usable_certificate_is_refused_by_name() {
        assert!(bundle("/b.pem", AMAZON).is_ok());
        assert_eq!(refusal(b"no pem"), "AWS_CA_BUNDLE: /b.pem holds no certificate; it is to hold certificates in PEM");
        assert!(refusal(b"-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n").contains("cannot be read"));
        assert!(refusal(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").contains("holds no certificate"));
    }

    #[test]
    fn what_is_no_root_spoils_no_other() {
        let mut pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
        pem.extend_from_slice(AMAZON);
        let trusted = bundle("/b.pem", &pem).unwrap();
        // Building a client parses what is trusted.
        drop(super::super::http_client(trusted));
    }
}
