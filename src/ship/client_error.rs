use std::io;
use std::path::PathBuf;

/// Settings that no client can be made of.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("no host is given; write `hosts = [\"https://es-1:9200\"]`")]
    NoHost,
    #[error("the host {host:?} is no address: {reason}; write it like \"https://es-1:9200\"")]
    Host { host: String, reason: String },
    #[error("cannot read {setting} {}: {source}; check the path and its permissions", path.display())]
    Read {
        /// The setting that names the file.
        setting: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("{setting} {} holds no {what} in PEM form; convert it with `openssl`", path.display())]
    NotPem {
        setting: &'static str,
        what: &'static str,
        path: PathBuf,
    },
    #[error("the proxy {proxy:?} is no address; write it like \"http://proxy:3128\"")]
    Proxy { proxy: String },
    #[error(
        "{setting} has characters that cannot be sent in a header; check that it is one line of plain text"
    )]
    Secret { setting: &'static str },
    #[error(
        "the TLS settings do not fit together: {0}; check that `client_certificate` and its key belong to each other"
    )]
    Tls(String),
}
