//! A proxy that misbehaves on request: it stands between logmill and a real server, and a test says what happens
//! to each request.
//!
//! ```text
//! client ──HTTP/1.1──▶ read the whole request ─▶ pick a fault ─▶ forward? ─▶ answer, or part of it, or none
//! ```
//!
//! Faults are for bulk requests (a path that ends in `/_bulk`), first those of [`Proxy::script`] in the order in
//! which the requests have been read to their end, then what [`Proxy::bulks`] says. Everything else passes, unless
//! [`Proxy::others`] says otherwise.

#![allow(
    dead_code,
    reason = "a vocabulary for tests; not every word is in use in every commit"
)]

mod fault;
mod items;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

pub use fault::{Canned, Fault};
pub use items::Items;
use wire::{Answer, Request};

/// One request as the proxy saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When its last byte had been read.
    pub at: Instant,
    pub method: String,
    /// With the query.
    pub path: String,
    /// As it was on the wire, so compressed where the client compresses.
    pub body_bytes: usize,
    /// What was done with it.
    pub fault: Fault,
}

impl Seen {
    pub fn is_bulk(&self) -> bool {
        is_bulk(&self.path)
    }
}

/// A proxy in front of one server. It ends with this value.
pub struct Proxy {
    address: SocketAddr,
    // Bound but never listening: keeps the port while the proxy is down.
    _reserved: TcpSocket,
    shared: Arc<Shared>,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    upstream: String,
    http: reqwest::Client,
    rules: Mutex<Rules>,
    seen: Mutex<Vec<Seen>>,
}

#[derive(Default)]
struct Rules {
    script: VecDeque<Fault>,
    bulks: Fault,
    others: Fault,
}

impl Proxy {
    /// Starts in front of a plain HTTP server; passes everything at first.
    pub async fn start(upstream: &str) -> Proxy {
        Proxy::start_with(reqwest::Client::builder().no_proxy().build().unwrap(), upstream).await
    }

    /// Starts in front of a server that only the given client can reach, as with TLS and an authority of its own.
    /// The side towards logmill is plain HTTP in any case.
    pub async fn start_with(http: reqwest::Client, upstream: &str) -> Proxy {
        let reserved = socket("127.0.0.1:0".parse().unwrap());
        let address = reserved.local_addr().unwrap();
        let shared = Shared {
            upstream: upstream.trim_end_matches('/').to_owned(),
            http,
            rules: Mutex::default(),
            seen: Mutex::default(),
        };
        let proxy = Proxy {
            address,
            _reserved: reserved,
            shared: Arc::new(shared),
            accepting: Mutex::new(None),
        };
        proxy.up();
        proxy
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What happens to the next bulk requests, one each. Appends to what is still left of an earlier script.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.rules.lock().unwrap().script.extend(faults);
    }

    /// How many faults of the script are still to come.
    pub fn script_left(&self) -> usize {
        self.shared.rules.lock().unwrap().script.len()
    }

    /// What happens to each bulk request beyond the script, until it is said again.
    pub fn bulks(&self, fault: Fault) {
        self.shared.rules.lock().unwrap().bulks = fault;
    }

    /// What happens to each request that is not a bulk request, until it is said again.
    pub fn others(&self, fault: Fault) {
        self.shared.rules.lock().unwrap().others = fault;
    }

    /// Refuses connections, and breaks those that are open, as if the server had died.
    pub async fn down(&self) {
        let accepting = self.accepting.lock().unwrap().take();
        if let Some(accepting) = accepting {
            accepting.abort();
            // The listener is closed once the task is gone, not before.
            let _ = accepting.await;
        }
    }

    /// Accepts connections again, at the same address.
    pub fn up(&self) {
        let mut accepting = self.accepting.lock().unwrap();
        if accepting.is_none() {
            let listener = socket(self.address).listen(1024).unwrap();
            *accepting = Some(tokio::spawn(accept(listener, Arc::clone(&self.shared))));
        }
    }

    /// Every request so far, in the order in which they were read to their end.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// The number of bulk requests so far.
    pub fn bulks_seen(&self) -> usize {
        self.shared
            .seen
            .lock()
            .unwrap()
            .iter()
            .filter(|seen| seen.is_bulk())
            .count()
    }

    /// The sum of the bodies of all requests so far, as they were on the wire.
    pub fn body_bytes(&self) -> usize {
        self.shared
            .seen
            .lock()
            .unwrap()
            .iter()
            .map(|seen| seen.body_bytes)
            .sum()
    }

    /// The pauses between one bulk request and the next.
    pub fn bulk_pauses(&self) -> Vec<Duration> {
        let times: Vec<Instant> = self
            .seen()
            .iter()
            .filter(|seen| seen.is_bulk())
            .map(|seen| seen.at)
            .collect();
        times.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    /// Waits until `count` bulk requests have come in, at most a minute.
    pub async fn wait_for_bulks(&self, count: usize) {
        let start = Instant::now();
        while self.bulks_seen() < count {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "{} bulk requests of {count}",
                self.bulks_seen()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(accepting) = self.accepting.lock().unwrap().take() {
            accepting.abort();
        }
    }
}

impl Shared {
    /// Notes a request and says what is to happen to it.
    fn fault_for(&self, request: &Request) -> Fault {
        let mut rules = self.rules.lock().unwrap();
        let fault = if is_bulk(&request.path) {
            rules.script.pop_front().unwrap_or_else(|| rules.bulks.clone())
        } else {
            rules.others.clone()
        };
        self.seen.lock().unwrap().push(Seen {
            at: Instant::now(),
            method: request.method.clone(),
            path: request.path.clone(),
            body_bytes: request.body.len(),
            fault: fault.clone(),
        });
        fault
    }

    /// Sends a request on to the server. What the server cannot answer is a 502, as from other proxies.
    async fn forward(&self, request: &Request) -> Answer {
        match wire::forward(&self.http, &self.upstream, request).await {
            Ok(answer) => answer,
            Err(error) => Answer::new(502, vec![], error.to_string().into_bytes()),
        }
    }
}

/// Owns the listener and the tasks of all connections, so that aborting it ends them.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let shared = Arc::clone(&shared);
                // An error is a client that went away: its business.
                connections.spawn(async move { serve(stream, &shared).await.ok() });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Serves one connection, request after request, until either side closes it.
async fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut unread = Vec::new();
    while let Some(request) = wire::read_request(&mut stream, &mut unread).await? {
        let fault = shared.fault_for(&request);
        if fault.forwards_nothing() {
            match fault {
                Fault::Reset => return stream.set_zero_linger(),
                Fault::Answer(canned) => wire::write_answer(&mut stream, &canned.answer()).await?,
                _ => std::future::pending().await,
            }
            continue;
        }
        if let Fault::Delay(pause) = fault {
            tokio::time::sleep(pause).await;
        }
        let answer = match &fault {
            Fault::Items(items) => {
                let split = items.split(&request);
                let from_server = match split.forwarded(&request) {
                    Some(request) => Some(shared.forward(&request).await),
                    None => None,
                };
                split.answer(from_server)
            }
            _ => shared.forward(&request).await,
        };
        match fault {
            Fault::StoreThenReset => return stream.set_zero_linger(),
            Fault::StoreThenHang => std::future::pending().await,
            Fault::StoreThenCut => return wire::write_half(&mut stream, &answer).await,
            _ => wire::write_answer(&mut stream, &answer).await?,
        }
    }
    Ok(())
}

fn is_bulk(path: &str) -> bool {
    path.split('?')
        .next()
        .is_some_and(|path| path.ends_with("/_bulk"))
}

fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    // Lets the listening socket share the port with the reserved one, and with connections that are closing.
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket
}
