use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time;

use super::answer::Endpoint;

/// Connections at a time; further ones wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 64;

/// Bytes of a request's line and headers; a larger one is answered with 431.
const HEADER_BYTES_MAX: usize = 16 << 10;

/// How long a connection may take for a request's headers, and be idle between two requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection may live: a client that does not read its answer would hold its place for ever.
const CONNECTION_MAX: Duration = Duration::from_secs(600);

/// How long an answer that has begun may take when its connection or the endpoint closes.
const CLOSING_MAX: Duration = Duration::from_secs(2);

/// How long to wait after a connection could not be accepted, which is when the process has no descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers requests until `stop` is ready; answers that have begun are finished.
pub async fn serve(listener: TcpListener, endpoint: Endpoint, stop: impl Future<Output = ()>) {
    metrics::describe_histogram!(
        "logmill_scrape_duration_seconds",
        "How long it took to make a page of /metrics"
    );
    let endpoint = Arc::new(endpoint);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (closing, closed) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    let mut failing = false;
    loop {
        // First a place, then a connection: who finds no place is not accepted.
        let accept = async {
            // The semaphore is never closed.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut stop => break,
            accepted = accept => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                failing = false;
                let (tls, endpoint, closed) = (endpoint.guard.tls(), Arc::clone(&endpoint), closed.clone());
                connections.spawn(async move {
                    match tls {
                        None => connection(stream, endpoint, closed).await,
                        // A client that does not want TLS, or not this certificate, is its own affair.
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                connection(stream, endpoint, closed).await;
                            }
                        }
                    }
                    drop(place);
                });
            }
            Err(error) => {
                // Once, not ten times a second.
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(
                        "cannot accept a connection to the HTTP endpoint: {error}; going on, trying again: raise the \
                         limit of open files if it is reached"
                    );
                }
                time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop((listener, closed, closing));
    let all = async { while connections.join_next().await.is_some() {} };
    // What is left after that is aborted with the set.
    let _ = time::timeout(CLOSING_MAX, all).await;
}

/// Serves one connection until the client goes, the endpoint closes, or it has lived long enough.
async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    endpoint: Arc<Endpoint>,
    mut closed: watch::Receiver<()>,
) {
    let answer = |request: hyper::Request<Incoming>| {
        let endpoint = Arc::clone(&endpoint);
        async move { Ok::<_, std::convert::Infallible>(endpoint.answer(request).await) }
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service_fn(answer));
    let mut connection = pin!(connection);
    tokio::select! {
        // A client that breaks off or sends nonsense is its own affair.
        _ = connection.as_mut() => return,
        _ = closed.changed() => {}
        () = time::sleep(CONNECTION_MAX) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = time::timeout(CLOSING_MAX, connection).await;
}

#[cfg(test)]
mod tests;
