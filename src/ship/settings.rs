//! What the Elasticsearch output runs on. The configuration makes it; nothing here reads files or checks.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::limits;

/// A word that must not appear in logs, messages or status pages.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(word: impl Into<String>) -> Self {
        Secret(word.into())
    }

    /// The word itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// How the agent shows who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    #[default]
    None,
    /// `id:key`, or the two already encoded in base64 as Elasticsearch's `encoded` gives them.
    ApiKey(Secret),
    Basic {
        username: String,
        password: Secret,
    },
    Bearer(Secret),
}

/// PEM files of the certificate chain and the private key that the agent shows to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    pub certificate_file: PathBuf,
    pub key_file: PathBuf,
}

/// `[elasticsearch]` of `logmill.toml`, as far as delivery needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElasticsearchSettings {
    /// Base addresses, `http://` or `https://`, a path prefix allowed; one at least.
    pub hosts: Vec<String>,
    pub auth: Auth,
    /// PEM file of certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    pub client_certificate: Option<ClientCertificate>,
    /// `http://`, `https://` or `socks5://` address; the proxies of the environment are not used.
    pub proxy: Option<String>,
    /// 0 (off) to 9.
    pub gzip_level: u32,
    /// How long one request may take, answer included.
    pub request_timeout: Duration,
    /// Longest pause between two tries.
    pub retry_max: Duration,
    /// Most requests in flight at a time; at least 1.
    pub requests_max: usize,
    /// The ingest pipeline that every document goes through.
    pub ingest_pipeline: Option<String>,
    /// Most bytes of one body before compression.
    pub bulk_bytes_max: usize,
}

impl Default for ElasticsearchSettings {
    fn default() -> Self {
        ElasticsearchSettings {
            hosts: vec!["http://127.0.0.1:9200".to_owned()],
            auth: Auth::None,
            ca_file: None,
            client_certificate: None,
            proxy: None,
            gzip_level: 1,
            request_timeout: limits::REQUEST_TIMEOUT,
            retry_max: limits::RETRY_MAX,
            requests_max: REQUESTS_MAX,
            ingest_pipeline: None,
            bulk_bytes_max: limits::BULK_BYTES_MAX,
        }
    }
}

/// `requests_max`: with two requests in flight the network's waits are hidden, with four the server's too; more
/// only moves the queue into the server.
pub const REQUESTS_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let settings = ElasticsearchSettings {
            auth: Auth::Basic {
                username: "shipper".to_owned(),
                password: Secret::new("hunter2"),
            },
            ..ElasticsearchSettings::default()
        };
        let shown = format!("{settings:?}");
        assert!(shown.contains("shipper") && !shown.contains("hunter2"), "{shown}");
    }
}
