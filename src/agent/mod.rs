//! Starts the tasks, owns shutdown and reload.
//!
//! ```text
//!  source (1 thread) ─▶ workers (threads) ─▶ output (tokio) ─▶ Elasticsearch, file, stdout
//!      ▲ bell                                    │ settle
//!      │                                         ▼
//!  signals ── reload                          ledger ─▶ checkpoint (1 thread)
//! ```
//!
//! Only the source is told to stop. Its senders close, each worker sends what it has and ends, the output's input
//! closes and it ends when everything is settled, or when the grace period is over.

mod begun;
mod endpoint;
mod memory;
mod once;
mod output;
mod plan;
mod reload;
mod settlement;
mod signals;
mod start;
mod status;
mod telemetry;
mod threads;
mod worker;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::runtime::{Handle, Runtime};

use self::endpoint::Endpoint;
use self::once::Account;
pub use self::once::Ending;
use self::output::OutputTask;
pub use self::plan::{Plan, library_of, settings};
pub use self::signals::Signals;
pub use self::status::status;
use self::threads::join_all;
use crate::config::Settings;
use crate::derive::Registry;
use crate::ship::{BatchPool, Ended};
use crate::source::{Bell, Kept};
use crate::state::{Ledger, StateLock, Writer};

/// How long a write that was begun within the grace period may take beyond it: what is written and not settled comes twice.
const LAST_WRITE: Duration = Duration::from_secs(1);

/// A running agent.
pub struct Agent {
    settings: Settings,
    registry: Arc<Registry>,
    runtime: Runtime,
    ledger: Arc<Ledger>,
    writer: Writer,
    bell: Bell,
    source: JoinHandle<()>,
    workers: Vec<JoinHandle<()>>,
    pool: BatchPool,
    output: OutputTask,
    endpoint: Endpoint,
    /// Of a run that ends by itself.
    account: Option<Account>,
    /// The grace period is over already.
    stalled: bool,
    /// Held until the process ends.
    _lock: StateLock,
}

/// What an agent's output and endpoint run on.
pub fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("io")
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

impl Agent {
    /// The runtime that its tasks run on.
    pub fn handle(&self) -> Handle {
        self.runtime.handle().clone()
    }

    /// Where /metrics is served.
    pub fn address(&self) -> SocketAddr {
        self.endpoint.address()
    }

    /// The beginning of the URLs of its pages.
    pub fn url(&self) -> String {
        self.endpoint.url()
    }

    /// Stops reading, sends what was read, waits for its settlement as long as the grace period allows, and
    /// writes the last checkpoint. Gives what a run has come to that ends by itself; of one that goes on, nothing.
    pub fn stop(self) -> anyhow::Result<Option<Ending>> {
        self.bell.shutdown();
        // The workers may wait for memory that only the output gives back: the output's end frees them.
        let drained = self.output.drain(self.settings.agent.grace, self.stalled);
        let ended = self.runtime.block_on(drained);
        self.pool.close();
        let whole = join_all(std::iter::once(self.source).chain(self.workers));
        // A write that has begun cannot be taken back: to a pipe that nobody reads, or to a disk that is away, it never ends.
        self.runtime.shutdown_timeout(LAST_WRITE);
        self.writer.stop().context("cannot write the last checkpoint")?;
        // What was delivered within the grace period need not be kept.
        Kept::open(&self.settings.agent.state_dir, 0).tidy(&self.ledger);
        match ended {
            Ok(Ended::Drained | Ended::GaveUp | Ended::Closed) => whole?,
            Ok(Ended::Failed) => bail!("the output cannot be written to"),
            Err(error) => bail!("the output broke off: {error}"),
        }
        Ok(self.account.map(Account::close))
    }
}
