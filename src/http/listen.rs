use std::io;
use std::net::SocketAddr;

use thiserror::Error;
use tokio::net::TcpListener;

/// Why the endpoint cannot be reached at the address that was asked for.
#[derive(Debug, Error)]
pub enum ListenError {
    #[error("address {0} is in use; set `listen` in [agent]")]
    InUse(SocketAddr),
    #[error("address {0} belongs to no interface of this host; set `listen` in [agent]")]
    NotHere(SocketAddr),
    #[error("port {} needs privileges; set `listen` in [agent] to a port from 1024 on", .0.port())]
    Privileged(SocketAddr),
    #[error("cannot listen at address {0}: {1}; set `listen` in [agent]")]
    Other(SocketAddr, io::Error),
}

/// Takes the address, so that a mistake is told at start.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => ListenError::InUse(address),
            io::ErrorKind::AddrNotAvailable => ListenError::NotHere(address),
            io::ErrorKind::PermissionDenied => ListenError::Privileged(address),
            _ => ListenError::Other(address, error),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_address_is_told_with_the_remedy() {
        let first = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = first.local_addr().unwrap();
        let error = listen(address).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("address {address} is in use; set `listen` in [agent]")
        );
    }

    #[tokio::test]
    async fn an_address_of_another_host_is_told() {
        // From the block that is reserved for documentation (RFC 5737).
        let error = listen("192.0.2.1:9598".parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, ListenError::NotHere(_)), "{error}");
    }
}
