//! A question to a running agent.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, Stream,
};

use crate::config::{Secret, TlsIdentity, reason};

/// How long the agent may take for each step of its answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// How a TLS server begins its answer to what is not TLS: content type `alert`, version 3.x (RFC 8446, 5.1).
const TLS_ALERT: [u8; 2] = [21, 3];

/// What the question travels over.
pub enum Over<'a> {
    Plain,
    /// TLS; whoever answers is believed to be the agent.
    Tls,
    /// TLS; who answers shows this certificate, whichever name is in it: the agent is known by its configuration.
    TlsWith(&'a TlsIdentity),
}

/// The whole answer to a GET, head and body; `authorization` is the value of that header.
///
/// # Errors
///
/// With the address in its text.
pub fn get(
    address: SocketAddr,
    over: Over<'_>,
    path: &str,
    authorization: Option<&Secret>,
) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)
        .map_err(|error| anyhow::anyhow!("no agent answers at {address}: {}", reason(&error)))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let wanted = match over {
        Over::Plain => {
            let answer = exchange(&mut stream, address, path, authorization)
                .with_context(|| format!("what listens at {address} does not answer"))?;
            if answer.as_bytes().starts_with(&TLS_ALERT) {
                bail!("what answers at {address} speaks TLS; name the agent's configuration with `--config`");
            }
            return Ok(answer);
        }
        Over::Tls => None,
        Over::TlsWith(identity) => identity.certified()?.cert.into_iter().next(),
    };
    let provider = Arc::new(default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(OneOfItsOwn { wanted, provider }))
        .with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), ServerName::from(address.ip()))?;
    let mut stream = Stream::new(&mut connection, &mut stream);
    exchange(&mut stream, address, path, authorization).with_context(|| {
        format!(
            "what answers at {address} is not known over TLS; it may be plain, or show another certificate"
        )
    })
}

fn exchange(
    stream: &mut (impl Read + Write),
    address: SocketAddr,
    path: &str,
    authorization: Option<&Secret>,
) -> io::Result<String> {
    let mut question = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    if let Some(authorization) = authorization {
        question += &format!("Authorization: {}\r\n", authorization.expose());
    }
    question += "\r\n";
    stream.write_all(question.as_bytes())?;
    stream.flush()?;
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .map_err(|error| match error.kind() {
            // What the system says of a socket's time-out.
            io::ErrorKind::WouldBlock => {
                io::Error::other(format!("nothing came for {} s", PATIENCE.as_secs()))
            }
            _ => error,
        })?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Takes the certificate that the configuration names, or any where there is no configuration.
#[derive(Debug)]
struct OneOfItsOwn {
    wanted: Option<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for OneOfItsOwn {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.wanted {
            Some(wanted) if wanted != shown => Err(CertificateError::ApplicationVerificationFailure.into()),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, shown, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, shown, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
