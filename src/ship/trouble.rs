//! What can go wrong with a request as a whole, each with the sentence that a person reads.

use std::time::Duration;

/// Why a request brought no verdicts. Its documents are sent again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("cannot be reached: {0}; check `hosts`, the network, and that Elasticsearch runs")]
    Unreachable(String),
    #[error(
        "shows no certificate that can be trusted: {0}; name the file of its CA in `ca_file`, and use the host name that the certificate is for"
    )]
    Untrusted(String),
    #[error(
        "lets nobody in without a certificate that it trusts: {0}; name yours in `client_certificate` and its key in `client_key`"
    )]
    Uncertified(String),
    #[error(
        "did not answer within {0:?}; a larger `request_timeout` or a smaller `bulk_bytes_max` gives it more room"
    )]
    TimedOut(Duration),
    #[error("broke the connection: {0}; what it had stored by then is recognized when it is sent again")]
    Reset(String),
    #[error(
        "gave an answer that is not Elasticsearch's: {0}; check that `hosts` names Elasticsearch and no other service or login page"
    )]
    Broken(String),
    #[error("is overloaded (status {0}); delivery goes on at its pace")]
    Busy(u16),
    #[error("is in trouble (status {status}): {reason}")]
    Server { status: u16, reason: String },
    #[error("refuses the credentials (status {status}): {reason}; check {setting}")]
    Denied {
        status: u16,
        reason: String,
        /// The keys of `[elasticsearch]` to look at.
        setting: &'static str,
    },
    #[error("knows no `_bulk` at this address (status {0}); check the path and port in `hosts`")]
    WrongAddress(u16),
    #[error(
        "points elsewhere (status {status}, location {location:?}); write the final address into `hosts`"
    )]
    Redirect { status: u16, location: String },
    #[error(
        "refuses the request (status {status}): {reason}; check that `hosts` names Elasticsearch 7.17 or later, or OpenSearch"
    )]
    Refused { status: u16, reason: String },
}

impl Trouble {
    /// Short name for metrics, and what makes two troubles the same to a reader.
    pub fn name(&self) -> &'static str {
        match self {
            Trouble::Unreachable(_) => "unreachable",
            Trouble::Untrusted(_) => "untrusted",
            Trouble::Uncertified(_) => "uncertified",
            Trouble::TimedOut(_) => "timed_out",
            Trouble::Reset(_) => "reset",
            Trouble::Broken(_) => "broken_answer",
            Trouble::Busy(_) => "busy",
            Trouble::Server { .. } => "server_error",
            Trouble::Denied { .. } => "denied",
            Trouble::WrongAddress(_) => "wrong_address",
            Trouble::Redirect { .. } => "redirected",
            Trouble::Refused { .. } => "refused",
        }
    }

    /// It does not pass by itself: somebody has to put something right.
    pub fn is_slow(&self) -> bool {
        matches!(
            self,
            Trouble::Uncertified(_)
                | Trouble::Denied { .. }
                | Trouble::WrongAddress(_)
                | Trouble::Redirect { .. }
                | Trouble::Refused { .. }
        )
    }

    /// The server has more to do than it can.
    pub fn is_overload(&self) -> bool {
        matches!(self, Trouble::TimedOut(_) | Trouble::Busy(_))
    }

    /// The server had the request, so that its size or content may be what it choked on.
    pub fn was_sent(&self) -> bool {
        matches!(
            self,
            Trouble::TimedOut(_) | Trouble::Reset(_) | Trouble::Broken(_)
        )
    }
}

/// A request in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub trouble: Trouble,
    /// How long the server asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Failure {
            trouble,
            retry_after: None,
        }
    }
}

/// An error and what caused it, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some errors repeat their cause.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
