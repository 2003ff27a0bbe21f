/// Settings that no client can be made of.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("no host is given; write `hosts = [\"https://es-1:9200\"]`")]
    NoHost,
    #[error("{setting} holds no {what} in PEM form; convert it with `openssl`")]
    NotPem {
        setting: &'static str,
        what: &'static str,
    },
    #[error("the proxy is no address; write it like \"http://proxy:3128\"")]
    Proxy,
    #[error(
        "{setting} has characters that cannot be sent in a header; check that it is one line of plain text"
    )]
    Secret { setting: &'static str },
    #[error(
        "the TLS settings do not fit together: {0}; check that `client_certificate` and its key belong to each other"
    )]
    Tls(String),
}
