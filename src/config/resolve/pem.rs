use super::paths::Base;
use crate::config::env::reason;
use crate::config::identity::check_authorities;
use crate::config::{Diagnostic, Diagnostics, IdentityError, Secret, Spanned, Surroundings, TlsIdentity};

/// What a PEM file must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Certificate,
    PrivateKey,
}

impl Holds {
    /// Part of the first line of such a block (RFC 7468); keys begin `PRIVATE KEY`, `RSA PRIVATE KEY` or
    /// `EC PRIVATE KEY`.
    fn mark(self) -> &'static str {
        match self {
            Holds::Certificate => "BEGIN CERTIFICATE-----",
            Holds::PrivateKey => "PRIVATE KEY-----",
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Holds::Certificate => "certificate",
            Holds::PrivateKey => "private key",
        }
    }
}

/// The certificates of authorities.
pub(super) fn authorities(
    written: &Spanned<String>,
    base: &Base,
    surroundings: &dyn Surroundings,
    d: &mut Diagnostics,
) -> Option<String> {
    let pem = read(written, Holds::Certificate, base, surroundings, d)?;
    match check_authorities(&pem) {
        Ok(()) => Some(pem),
        Err(_) => {
            d.push(no_certificate(written));
            None
        }
    }
}

/// A certificate and the key that belongs to it. `keys` are what the settings call the two.
pub(super) fn identity(
    keys: [&str; 2],
    certificate: Option<&Spanned<String>>,
    key: Option<&Spanned<String>>,
    base: &Base,
    surroundings: &dyn Surroundings,
    d: &mut Diagnostics,
) -> Option<TlsIdentity> {
    let mut read = |path: Option<&Spanned<String>>, holds: Holds| read(path?, holds, base, surroundings, d);
    let certificate_pem = read(certificate, Holds::Certificate);
    let key_pem = read(key, Holds::PrivateKey).map(Secret::new);
    let (certificate, key) = (certificate?, key?);
    let identity = TlsIdentity {
        certificate_pem: certificate_pem?,
        key_pem: key_pem?,
    };
    let Err(error) = identity.certified() else {
        return Some(identity);
    };
    d.push(match error {
        IdentityError::Certificate => no_certificate(certificate),
        IdentityError::Key => Diagnostic::error(format!("`{}` holds no key that can be used", key.value))
            .at_value(key, "")
            .help("the key must be RSA, ECDSA or Ed25519, without a password; `openssl pkey -in FILE -out PLAIN` takes one off"),
        IdentityError::OtherKey => Diagnostic::error(format!("`{}` does not belong to `{}`", keys[1], keys[0]))
            .at_value(key, "the key of another certificate")
            .help("name the key that the certificate was made for; in a chain, the certificate of this key comes first"),
    });
    None
}

fn no_certificate(written: &Spanned<String>) -> Diagnostic {
    Diagnostic::error(format!(
        "`{}` holds no certificate that can be read",
        written.value
    ))
    .at_value(written, "")
    .help("it must be whole, and X.509 of version 3: look at it with `openssl x509 -noout -text -in FILE`")
}

/// The text of a PEM file.
fn read(
    written: &Spanned<String>,
    holds: Holds,
    base: &Base,
    surroundings: &dyn Surroundings,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let path = base.path(written);
    let bytes = match surroundings.read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            diagnostics.push(
                Diagnostic::error(format!("cannot read `{}`: {}", path.display(), reason(&error)))
                    .at_value(written, "")
                    .help("check the path and that logmill's user may read the file"),
            );
            return None;
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) if text.contains(holds.mark()) => Some(text),
        _ => {
            diagnostics.push(
                Diagnostic::error(format!("`{}` holds no {} in PEM", path.display(), holds.noun()))
                    .at_value(written, "")
                    .help(format!(
                        "PEM is text with a line `-----BEGIN …{}`",
                        holds.mark().trim_start_matches("BEGIN ")
                    )),
            );
            None
        }
    }
}
