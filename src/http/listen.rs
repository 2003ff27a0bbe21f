use std::io;
use std::net::SocketAddr;

use thiserror::Error;
use tokio::net::TcpListener;

/// Why the endpoint cannot be reached at the address that was asked for. `key` is what says the address.
#[derive(Debug, Error)]
pub enum ListenError {
    #[error("address {address} is in use; give another with {key}, such as 127.0.0.1:9599")]
    InUse { address: SocketAddr, key: &'static str },
    #[error("address {address} belongs to no interface of this host; give another with {key}")]
    NotHere { address: SocketAddr, key: &'static str },
    #[error("port {} needs privileges; give one from 1024 on with {key}", .address.port())]
    Privileged { address: SocketAddr, key: &'static str },
    #[error("cannot listen at address {address}: {error}; give another with {key}")]
    Other {
        address: SocketAddr,
        key: &'static str,
        error: io::Error,
    },
}

/// Takes the address, so that a mistake is told at start; `key` is what to change then.
pub async fn listen(address: SocketAddr, key: &'static str) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => ListenError::InUse { address, key },
            io::ErrorKind::AddrNotAvailable => ListenError::NotHere { address, key },
            io::ErrorKind::PermissionDenied => ListenError::Privileged { address, key },
            _ => ListenError::Other { address, key, error },
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_address_is_told_with_the_remedy() {
        let first = listen("127.0.0.1:0".parse().unwrap(), "`--listen`")
            .await
            .unwrap();
        let address = first.local_addr().unwrap();
        let error = listen(address, "`--listen`").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("address {address} is in use; give another with `--listen`, such as 127.0.0.1:9599")
        );
    }

    #[tokio::test]
    async fn an_address_of_another_host_is_told() {
        // From the block that is reserved for documentation (RFC 5737).
        let error = listen("192.0.2.1:9598".parse().unwrap(), "`--listen`")
            .await
            .unwrap_err();
        assert!(matches!(error, ListenError::NotHere { .. }), "{error}");
    }
}
