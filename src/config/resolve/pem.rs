use super::paths::Base;
use crate::config::env::reason;
use crate::config::{Diagnostic, Diagnostics, Spanned, Surroundings};

/// What a PEM file must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
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

/// The text of a PEM file.
pub(super) fn read(
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
