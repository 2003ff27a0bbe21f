use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::sign::SingleCertAndKey;
use tokio_rustls::server::TlsStream;

use crate::config::TlsIdentity;

/// How long a client may take to agree on keys.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Makes connections TLS connections.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl Tls {
    /// TLS 1.2 and 1.3 with the provider's own choice of ciphers.
    pub fn new(identity: &TlsIdentity) -> anyhow::Result<Tls> {
        let shown = SingleCertAndKey::from(identity.certified()?);
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shown));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls(TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        time::timeout(HANDSHAKE_MAX, self.0.accept(stream)).await?
    }
}
