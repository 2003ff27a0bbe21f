//! Where full bodies go.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use reqwest::{Method, Url};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{self, Sender};
use tokio::task::JoinHandle;

use super::bulk_server::BulkServer;
use crate::command::word;
use crate::config::{ElasticsearchSettings, RejectSettings, WhenFull};
use crate::event::Span;
use crate::limits;
use crate::ship::{Batch, Client, Elasticsearch, Ended, Output, Settle};
use crate::state::Tally;

/// What the user calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sink {
    /// Bodies are written and forgotten.
    Null,
    /// A server within this process.
    Bulk,
    Url(Url),
}

impl FromStr for Sink {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Sink> {
        match text {
            "null" => Ok(Sink::Null),
            "bulk" => Ok(Sink::Bulk),
            url if url.contains("://") => word::server(url).map(Sink::Url).map_err(anyhow::Error::msg),
            other => anyhow::bail!("unknown sink {other:?}; give `null`, `bulk` or an http address"),
        }
    }
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sink::Null => "null",
            Sink::Bulk => "bulk",
            Sink::Url(url) => url.as_str(),
        })
    }
}

/// A sink that takes bodies.
pub struct Outlet(Option<Shipping>);

/// The agent's own output at work.
struct Shipping {
    runtime: Runtime,
    sender: Sender<Batch>,
    output: JoinHandle<Ended>,
    accepted: Arc<Accepted>,
    rejects: PathBuf,
    server: Option<BulkServer>,
}

/// What came of the bodies.
#[derive(Debug, Default)]
pub struct Arrived {
    /// Documents accepted; `None` where there is no server.
    pub documents: Option<u64>,
    /// What the server within this process used.
    pub server_cpu_nanos: u64,
}

/// Counts what the server accepted.
#[derive(Debug, Default)]
struct Accepted(AtomicU64);

impl Settle for Accepted {
    fn settle(&self, _: Span, tally: Tally) {
        self.0.fetch_add(tally.accepted, Ordering::Relaxed);
    }

    fn give_back(&self, _: Span, _: Tally, _: u64) {}

    fn can_read_again(&self, _: Span) -> bool {
        false
    }
}

impl Outlet {
    /// # Errors
    ///
    /// When nobody answers there.
    pub fn open(sink: &Sink, gzip: u32) -> anyhow::Result<Self> {
        let (host, server) = match sink {
            Sink::Null => return Ok(Outlet(None)),
            Sink::Bulk => {
                let server = BulkServer::start().context("cannot start the built-in server")?;
                (server.url().parse()?, Some(server))
            }
            Sink::Url(url) => (url.clone(), None),
        };
        let settings = ElasticsearchSettings {
            gzip_level: gzip,
            ..ElasticsearchSettings::at(host)
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("cannot start the output")?;
        let client = Client::new(&settings)?;
        let reply = runtime
            .block_on(client.request(0, Method::GET, "/", None))
            .with_context(|| format!("cannot send to {}", client.names().join(", ")))?;
        anyhow::ensure!(
            !matches!(reply.status, 401 | 403),
            "the server asks for credentials (status {}), and bench sends none; measure against one that asks for none",
            reply.status
        );
        let rejects = std::env::temp_dir().join(format!("logmill-bench-{}", std::process::id()));
        let store = RejectSettings {
            dir: rejects.clone(),
            bytes_max: limits::REJECTS_BYTES_MAX,
            when_full: WhenFull::DropOldest,
        };
        let output = Output::Elasticsearch(Elasticsearch::new(&settings, &store)?);
        let accepted = Arc::new(Accepted::default());
        let (sender, receiver) = mpsc::channel(1);
        let settle: Arc<dyn Settle> = Arc::clone(&accepted) as _;
        let output = runtime.spawn(output.run(receiver, settle, std::future::pending()));
        Ok(Outlet(Some(Shipping {
            runtime,
            sender,
            output,
            accepted,
            rejects,
            server,
        })))
    }

    /// Takes one body; waits while there is no room for it.
    pub fn put(&self, batch: Batch) {
        if let Some(shipping) = &self.0 {
            // An output that has ended has lost its documents, and they are counted as that.
            let _ = shipping.sender.blocking_send(batch);
        }
    }

    /// Waits until every document has its verdict.
    pub fn close(self) -> Arrived {
        let Some(shipping) = self.0 else {
            return Arrived::default();
        };
        drop(shipping.sender);
        // If it did not come to its end, documents are missing in the count.
        let _ = shipping.runtime.block_on(shipping.output);
        // There is one only when documents were refused.
        let _ = std::fs::remove_dir_all(&shipping.rejects);
        Arrived {
            documents: Some(shipping.accepted.0.load(Ordering::Relaxed)),
            server_cpu_nanos: shipping.server.map_or(0, BulkServer::cpu_nanos),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sink_is_a_word_or_an_address() {
        assert_eq!("null".parse::<Sink>().unwrap(), Sink::Null);
        assert_eq!("bulk".parse::<Sink>().unwrap(), Sink::Bulk);
        assert_eq!(
            "http://es:9200".parse::<Sink>().unwrap(),
            Sink::Url("http://es:9200".parse().unwrap())
        );
        let error = "nul".parse::<Sink>().unwrap_err().to_string();
        assert!(error.contains("`bulk`"), "{error}");
    }
}
