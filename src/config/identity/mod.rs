use thiserror::Error;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, InconsistentKeys, RootCertStore};

use super::Secret;

/// What one side of a TLS connection shows of itself: its certificate, with those between it and the authority behind
/// it, and its key. What the files held when the settings were made, so that a reload sees renewed ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsIdentity {
    pub certificate_pem: String,
    pub key_pem: Secret,
}

/// Why a certificate and a key cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IdentityError {
    #[error("the certificate cannot be read")]
    Certificate,
    #[error("the private key cannot be read")]
    Key,
    #[error("the private key belongs to another certificate")]
    OtherKey,
}

impl TlsIdentity {
    /// Both parsed, and found to belong together.
    pub fn certified(&self) -> Result<CertifiedKey, IdentityError> {
        let chain = certificates(&self.certificate_pem)?;
        let key = PrivateKeyDer::from_pem_slice(self.key_pem.expose().as_bytes())
            .map_err(|_| IdentityError::Key)?;
        CertifiedKey::from_der(chain, key, &default_provider()).map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => IdentityError::OtherKey,
            Error::InvalidCertificate(_) => IdentityError::Certificate,
            _ => IdentityError::Key,
        })
    }
}

/// Whether all certificates of a PEM file can be trusted as authorities.
pub(super) fn check_authorities(pem: &str) -> Result<(), IdentityError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(pem)? {
        store.add(certificate).map_err(|_| IdentityError::Certificate)?;
    }
    Ok(())
}

/// One at least.
fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    all.ok()
        .filter(|all| !all.is_empty())
        .ok_or(IdentityError::Certificate)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: (&str, &str) = (include_str!("testdata/one.crt"), include_str!("testdata/one.key"));
    const TWO: (&str, &str) = (include_str!("testdata/two.crt"), include_str!("testdata/two.key"));

    fn certificates(certificate: &str, key: &str) -> Result<usize, IdentityError> {
        let identity = TlsIdentity {
            certificate_pem: certificate.to_owned(),
            key_pem: Secret::new(key),
        };
        identity.certified().map(|certified| certified.cert.len())
    }

    #[test]
    fn a_certificate_and_its_key_belong_together() {
        assert_eq!(certificates(ONE.0, ONE.1), Ok(1));
        // A chain: the first is the server's own.
        assert_eq!(certificates(&format!("{}{}", ONE.0, TWO.0), ONE.1), Ok(2));
        assert_eq!(certificates(ONE.0, TWO.1), Err(IdentityError::OtherKey));
        // One file with both, as some tools write it.
        let both = format!("{}{}", TWO.1, TWO.0);
        assert_eq!(certificates(&both, &both), Ok(1));
    }

    #[test]
    fn an_authority_is_a_certificate_that_can_be_read() {
        assert_eq!(check_authorities(&format!("{}{}", ONE.0, TWO.0)), Ok(()));
        let cut = &ONE.0[..ONE.0.len() - 30];
        let other = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in [ONE.1, cut, other, &format!("{}{other}", ONE.0)] {
            assert_eq!(check_authorities(pem), Err(IdentityError::Certificate), "{pem}");
        }
    }

    #[test]
    fn what_is_no_certificate_or_key_is_told_apart() {
        assert_eq!(certificates(ONE.1, ONE.1), Err(IdentityError::Certificate));
        assert_eq!(certificates(ONE.0, ONE.0), Err(IdentityError::Key));
        let broken = ONE.0.replacen("MII", "???", 1);
        assert_eq!(certificates(&broken, ONE.1), Err(IdentityError::Certificate));
        // Base64, but of something else.
        let body = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(certificates(body, ONE.1), Err(IdentityError::Certificate));
        let locked = ONE.1.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        assert_eq!(certificates(ONE.0, &locked), Err(IdentityError::Key));
    }
}
