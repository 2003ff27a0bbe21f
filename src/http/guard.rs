use std::sync::{Arc, PoisonError, RwLock};

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderValue};

use super::tls::Tls;
use crate::config::{EndpointSettings, Secret};

/// Who may read the pages about the agent, and over what. Both may change while the endpoint serves: what is asked
/// for with the next request, how connections are spoken to with the next connection.
#[derive(Clone, Default)]
pub struct Guard(Arc<RwLock<Terms>>);

#[derive(Clone, Default)]
struct Terms {
    /// `None`: connections are plain.
    tls: Option<Tls>,
    /// The value of the header `Authorization` that metrics and status are shown for; `None`: to everybody.
    authorization: Option<Secret>,
}

impl Terms {
    fn new(settings: &EndpointSettings) -> anyhow::Result<Terms> {
        Ok(Terms {
            tls: settings.identity.as_ref().map(Tls::new).transpose()?,
            authorization: settings.authorization.clone(),
        })
    }
}

impl Guard {
    pub fn new(settings: &EndpointSettings) -> anyhow::Result<Guard> {
        Ok(Guard(Arc::new(RwLock::new(Terms::new(settings)?))))
    }

    /// Other terms for all that have this guard, those of `other`.
    pub fn change(&self, other: &Guard) {
        let terms = other.terms();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = terms;
    }

    fn terms(&self) -> Terms {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What makes the next connection a TLS connection, if it is to be one.
    pub fn tls(&self) -> Option<Tls> {
        self.terms().tls
    }

    /// What to ask a client for whose request has these headers; `None` where it has said it, or need not.
    pub(super) fn challenge(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let wanted = self.terms().authorization?;
        let wanted = wanted.expose();
        let admitted = headers
            .get(AUTHORIZATION)
            .is_some_and(|given| same_credentials(wanted.as_bytes(), given.as_bytes()));
        let challenge = match wanted.starts_with("Basic ") {
            true => const { HeaderValue::from_static("Basic realm=\"logmill\", charset=\"UTF-8\"") },
            false => const { HeaderValue::from_static("Bearer realm=\"logmill\"") },
        };
        (!admitted).then_some(challenge)
    }
}

/// Whether both have the same scheme, in any case, and the same secret. How long it takes does not tell how much of
/// the secret was right.
fn same_credentials(wanted: &[u8], given: &[u8]) -> bool {
    let scheme = |text: &[u8]| text.iter().position(|&byte| byte == b' ').unwrap_or(text.len());
    let ((wanted_scheme, wanted), (given_scheme, given)) =
        (wanted.split_at(scheme(wanted)), given.split_at(scheme(given)));
    let different = wanted.iter().zip(given).fold(0, |all, (a, b)| all | (a ^ b));
    wanted_scheme.eq_ignore_ascii_case(given_scheme) && wanted.len() == given.len() && different == 0
}
