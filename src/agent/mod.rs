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
mod reload;
mod settlement;
mod signals;
mod telemetry;
mod worker;

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use self::endpoint::Inputs;
pub use self::endpoint::status;
use self::memory::Memory;
pub use self::once::{Account, Ending};
use self::settlement::Settlement;
pub use self::signals::Signals;
use self::worker::Worker;
use crate::config::{AgentFile, AgentSettings, Diagnostics, Settings, System};
use crate::derive::Registry;
use crate::encode::SHEET_BYTES;
use crate::http::{self, Guard, Telemetry};
use crate::input;
use crate::mill::Mill;
use crate::pipeline::Library;
use crate::ship::{self, BatchPool, Ended, Settle};
use crate::source::{self, Bell, Births, Descriptors, Kept, Pool, Watch};
use crate::state::{Ledger, StateLock, Writer};

/// Everything compiled, nothing started.
#[derive(Debug)]
pub struct Plan {
    pub settings: Settings,
    watches: Vec<Watch>,
    registry: Arc<Registry>,
    once: Option<Arc<source::Once>>,
}

impl Plan {
    /// Compiles every input. `None` when the diagnostics have an error.
    pub fn new(settings: Settings, diagnostics: &mut Diagnostics) -> Option<Plan> {
        let library = library(&settings.agent, diagnostics);
        Plan::with(settings, &library, diagnostics)
    }

    /// As a configuration file says; the mistakes of the file and of what it names are all said at once.
    pub fn read(config: &Path, diagnostics: &mut Diagnostics) -> Option<Plan> {
        let (file, settings) = draft(config, diagnostics)?;
        let library = library_of(&file, &settings, diagnostics);
        Plan::with(settings, &library, diagnostics)
    }

    fn with(settings: Settings, library: &Library, diagnostics: &mut Diagnostics) -> Option<Plan> {
        let registry = Arc::new(Registry::default());
        registry.set_idle_after(settings.metrics.idle_after);
        let watches = input::build_all(&settings, library, &registry, diagnostics)?;
        Some(Plan {
            settings,
            watches,
            registry,
            once: None,
        })
    }

    /// The agent ends by itself when everything that is there has been read and has its verdict, or when the output
    /// takes nothing for the grace period.
    #[must_use]
    pub fn once(self) -> Plan {
        Plan {
            once: Some(Arc::default()),
            ..self
        }
    }
}

fn library(agent: &AgentSettings, diagnostics: &mut Diagnostics) -> Library {
    match &agent.pipelines {
        Some(folder) => Library::with_folder(folder, diagnostics),
        None => Library::shipped(),
    }
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

/// A running agent.
pub struct Agent {
    plan: Plan,
    runtime: Runtime,
    bell: Bell,
    writer: Writer,
    ledger: Arc<Ledger>,
    source: JoinHandle<()>,
    workers: Vec<JoinHandle<()>>,
    output: tokio::task::JoinHandle<Ended>,
    /// Ready when the output has ended, and with it everything before it.
    over: tokio::sync::oneshot::Receiver<()>,
    /// Ends the output when the grace period is over.
    give_up: tokio::sync::oneshot::Sender<()>,
    pool: BatchPool,
    address: std::net::SocketAddr,
    /// Of the endpoint.
    guard: Guard,
    /// Which there are now, for the endpoint.
    inputs: Inputs,
    /// Of a run that ends by itself.
    account: Option<Account>,
    /// The grace period is over already.
    stalled: bool,
    /// Ends the endpoint when it is dropped.
    _serving: tokio::sync::oneshot::Sender<()>,
    /// Held until the process ends.
    _lock: StateLock,
}

/// What one worker may have under way: the chunk at hand and the next ones.
const CHUNKS_PER_WORKER: usize = 4;

/// How long a write that was begun within the grace period may take beyond it: what is written and not settled comes twice.
const LAST_WRITE: Duration = Duration::from_secs(1);

impl Agent {
    /// Starts everything. The first chunk is read before this returns or shortly after.
    pub fn start(mut plan: Plan, runtime: Runtime) -> anyhow::Result<Agent> {
        let settings = &plan.settings;
        let recorder = Telemetry::install().context("cannot install the metrics recorder")?;
        telemetry::describe();
        reload::describe();
        ship::telemetry::describe();
        let listener = runtime.block_on(http::listen(settings.agent.listen, settings.origin.listen()))?;
        let address = listener.local_addr().context("the endpoint has no address")?;
        let guard = Guard::new(&settings.endpoint);
        let guard = guard.context("cannot use `certificate` and `key` of [endpoint]")?;

        let began = begun::process_began();
        create_private(&settings.agent.state_dir, settings.origin.state_dir())?;
        let lock = StateLock::take(&settings.agent.state_dir)?;
        let ledger = Arc::new(Ledger::open(&settings.agent.state_dir)?);
        // A failure is logged by the ledger; the writer tries again.
        let _ = ledger.begin(began / 1_000_000_000);
        if settings.agent.persist {
            ledger.continue_metrics(&plan.registry);
        }
        if ledger.restored_at().is_some() {
            plan.registry.resume();
        }
        let memory = Memory::divide(settings);
        let pool = BatchPool::new(memory.batches, memory.body_bytes + SHEET_BYTES);
        let (batches, input) = mpsc::channel(memory.batches);
        let (give_up, gave_up) = tokio::sync::oneshot::channel::<()>();
        let output = {
            let _inside = runtime.enter();
            output::build(&settings.output, &settings.rejects)?
        };
        let health = output.health();
        let settle = Arc::new(Settlement::new(Arc::clone(&ledger)));
        let run = output.run(input, Arc::clone(&settle) as Arc<dyn Settle>, async {
            // A dropped sender gives up as well.
            let _ = gave_up.await;
        });
        let (ending, over) = tokio::sync::oneshot::channel();
        let output = runtime.spawn(async move {
            // Dropped whatever becomes of the output, which is the sign.
            let _ending = ending;
            run.await
        });

        let mut senders = Vec::new();
        let mut workers = Vec::new();
        for number in 0..settings.agent.workers.get() {
            let (sender, deliveries) = mpsc::channel(CHUNKS_PER_WORKER);
            senders.push(sender);
            let worker = Worker {
                deliveries,
                mill: Mill::new(plan.registry.shard(), pool.clone(), memory.body_bytes),
                ledger: Arc::clone(&ledger),
                settlement: Arc::clone(&settle),
                batches: batches.clone(),
                flush: settings.agent.flush,
                runtime: runtime.handle().clone(),
            };
            workers.push(thread(format!("worker-{number}"), move || worker.run())?);
        }
        drop(batches);

        let bell = Bell::default();
        let inputs = Inputs::of(&settings.inputs);
        let (serving, served) = tokio::sync::oneshot::channel();
        endpoint::start(
            runtime.handle(),
            listener,
            &ledger,
            &plan.registry,
            endpoint::Access {
                inputs: inputs.clone(),
                health,
                guard: guard.clone(),
            },
            recorder,
            async {
                // A dropped sender is the sign.
                let _ = served.await;
            },
        );
        let account = plan
            .once
            .clone()
            .map(|once| Account::open(once, Arc::clone(&ledger)));
        let source = source::start(source::Setup {
            host: settings.agent.host_name.clone(),
            // The source's own, so that a reload leaves nothing of them.
            watches: std::mem::take(&mut plan.watches),
            ledger: Arc::clone(&ledger),
            pool: Pool::new(memory.chunk_bytes, bell.clone()),
            bell: bell.clone(),
            workers: senders,
            scan: settings.agent.scan,
            began,
            births: Births::open(&settings.agent.state_dir),
            kept: Kept::open(&settings.agent.state_dir, settings.agent.kept_bytes_max),
            descriptors: Descriptors::ask(),
            wall: std::time::SystemTime::now,
            once: plan.once.clone(),
            notify: settings.agent.notify,
        })
        .context("cannot start the thread that reads")?;
        let writer = Writer::start(Arc::clone(&ledger)).context("cannot start the checkpoint's thread")?;
        Ok(Agent {
            runtime,
            bell,
            writer,
            ledger,
            source,
            workers,
            output,
            over,
            give_up,
            pool,
            address,
            guard,
            inputs,
            account,
            stalled: false,
            _serving: serving,
            _lock: lock,
            plan,
        })
    }

    /// Stops reading, sends what was read, waits for its settlement as long as the grace period allows, and
    /// writes the last checkpoint.
    pub fn stop(self) -> anyhow::Result<()> {
        self.bell.shutdown();
        let grace = self.plan.settings.agent.grace;
        let patience = match self.stalled {
            true => Duration::ZERO,
            false => grace,
        };
        // The workers may wait for memory that only the output gives back: the output's end frees them.
        let ended = self.runtime.block_on(async {
            let mut output = self.output;
            tokio::select! {
                ended = &mut output => ended,
                () = tokio::time::sleep(patience) => {
                    tracing::warn!(
                        "not everything was delivered within {grace:?}; the rest is read again at the next start"
                    );
                    drop(self.give_up);
                    output.await
                }
            }
        });
        self.pool.close();
        let whole = join_all(std::iter::once(self.source).chain(self.workers));
        // A write that has begun cannot be taken back: to a pipe that nobody reads, or to a disk that is away, it never ends.
        self.runtime.shutdown_timeout(LAST_WRITE);
        self.writer.stop().context("cannot write the last checkpoint")?;
        // What was delivered within the grace period need not be kept.
        Kept::open(&self.plan.settings.agent.state_dir, 0).tidy(&self.ledger);
        match ended {
            Ok(Ended::Drained | Ended::GaveUp | Ended::Closed) => whole,
            Ok(Ended::Failed) => bail!("the output cannot be written to"),
            Err(error) => bail!("the output broke off: {error}"),
        }
    }
}

impl Agent {
    /// The runtime that its tasks run on.
    pub fn handle(&self) -> tokio::runtime::Handle {
        self.runtime.handle().clone()
    }

    /// Where /metrics is served.
    pub fn address(&self) -> std::net::SocketAddr {
        self.address
    }

    /// The beginning of the URLs of its pages.
    pub fn url(&self) -> String {
        let scheme = if self.guard.tls().is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}", self.address)
    }

    /// What a run comes to that ends by itself; of one that goes on, nothing.
    pub fn account(&mut self) -> Option<Account> {
        self.account.take()
    }

    /// Does what the signals say, until one of them says stop.
    pub fn wait(&mut self, signals: Signals, config: Option<&Path>) {
        signals::wait(self, signals, config);
    }
}

/// As far as a configuration file can be used; its mistakes are in the diagnostics.
fn draft(config: &Path, diagnostics: &mut Diagnostics) -> Option<(AgentFile, Settings)> {
    let file = AgentFile::read(config, &System, diagnostics)?;
    let settings = Settings::draft(&file, &System, diagnostics);
    Some((file, settings))
}

/// The pipelines of a draft: without the own ones where it does not say any more which those are.
pub fn library_of(file: &AgentFile, settings: &Settings, diagnostics: &mut Diagnostics) -> Library {
    match file.has_lost_folder() {
        true => Library::without_own(),
        false => library(&settings.agent, diagnostics),
    }
}

/// The settings that a configuration file says, checked but not compiled.
pub fn settings(config: &Path, diagnostics: &mut Diagnostics) -> Option<Settings> {
    let file = AgentFile::read(config, &System, diagnostics)?;
    Settings::new(&file, &System, diagnostics)
}

/// The state directory holds what logs say: nobody else is to read it.
fn create_private(dir: &Path, key: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| {
            format!(
                "cannot create the state directory {}; name one that this user may write to with {key}",
                dir.display()
            )
        })
}

/// Waits for the end of all of them.
///
/// # Errors
///
/// When one of them has panicked: the agent has not ended because somebody wanted it to.
fn join_all(threads: impl Iterator<Item = JoinHandle<()>>) -> anyhow::Result<()> {
    let mut broken = Vec::new();
    for thread in threads {
        let name = thread.thread().name().unwrap_or_default().to_owned();
        if thread.join().is_err() {
            broken.push(name);
        }
    }
    if !broken.is_empty() {
        bail!(
            "a thread has panicked ({}); what it had under way is read again at the next start",
            broken.join(", ")
        );
    }
    Ok(())
}

fn thread(name: String, work: impl FnOnce() + Send + 'static) -> anyhow::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name)
        .spawn(work)
        .context("cannot start a thread; the system's limit of threads may be reached")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_panics_is_an_error_and_the_others_are_waited_for() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let broken = thread("worker-0".to_owned(), || panic!("on purpose")).unwrap();
        let whole = thread("worker-1".to_owned(), move || sender.send(()).unwrap()).unwrap();
        let error = join_all([broken, whole].into_iter()).unwrap_err();
        assert!(error.to_string().contains("(worker-0)"), "{error}");
        assert_eq!(receiver.try_recv(), Ok(()));
        assert!(join_all(std::iter::empty()).is_ok());
    }
}
