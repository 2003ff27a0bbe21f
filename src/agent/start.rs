//! How an agent comes up: what may fail first, then the stages from the last to the first, so that each finds the
//! next one there.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::SystemTime;

use anyhow::Context;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::endpoint::Bound;
use super::memory::{Memory, Shares};
use super::once::Account;
use super::output::OutputTask;
use super::settlement::Settlement;
use super::worker::Worker;
use super::{Agent, Plan, begun, reload, telemetry, threads};
use crate::config::Settings;
use crate::durable;
use crate::encode::SHEET_BYTES;
use crate::http::Telemetry;
use crate::mill::Mill;
use crate::ship::{self, BatchPool};
use crate::source::{self, Bell, Births, Descriptors, Kept, Pool};
use crate::state::{Ledger, StateLock, Writer};

/// What one worker may have under way: the chunk at hand and the next ones.
const CHUNKS_PER_WORKER: usize = 4;

impl Agent {
    /// Starts everything. The first chunk is read before this returns or shortly after.
    pub fn start(plan: Plan, runtime: Runtime) -> anyhow::Result<Agent> {
        let Plan {
            settings,
            watches,
            registry,
            once,
        } = plan;
        let recorder = recorder()?;
        let bound = Bound::new(&settings, &runtime)?;
        let began = begun::process_began();
        let (lock, ledger) = open_state(&settings, began)?;
        let memory = Memory::divide(&settings, ledger.file_count());
        memory.say_what_it_wants();
        registry.set_memory(memory.series_bytes, settings.agent.workers.get());
        if settings.agent.persist {
            ledger.continue_metrics(&registry);
        }
        if ledger.restored_at().is_some() {
            registry.resume();
        }
        let pool = BatchPool::new(memory.batches, memory.body_bytes + SHEET_BYTES);

        let settlement = Arc::new(Settlement::new(Arc::clone(&ledger)));
        let (batches, filled) = mpsc::channel(memory.batches);
        let output = OutputTask::start(&settings, filled, settlement.clone(), runtime.handle())?;
        let channels = (0..settings.agent.workers.get()).map(|_| mpsc::channel(CHUNKS_PER_WORKER));
        let (senders, receivers): (Vec<_>, Vec<_>) = channels.unzip();
        let workers = start_workers(receivers.into_iter().map(|deliveries| Worker {
            deliveries,
            mill: Mill::new(registry.shard(), pool.clone()),
            ledger: Arc::clone(&ledger),
            settlement: Arc::clone(&settlement),
            batches: batches.clone(),
            flush: settings.agent.flush,
            runtime: runtime.handle().clone(),
        }))?;
        // The output's input closes when the last worker has ended.
        drop(batches);
        let bell = Bell::default();
        let chunks = Pool::new(memory.chunk_bytes, bell.clone());
        let shares = Shares {
            settings: Arc::new(settings.clone()),
            memory: Arc::new(Mutex::new(memory)),
            registry: Arc::clone(&registry),
            ledger: Arc::clone(&ledger),
            chunks: chunks.clone(),
            bodies: pool.clone(),
        };
        runtime.spawn(shares.clone().keep_up());
        let endpoint = bound.serve(&settings, shares, Arc::clone(&output.health), recorder, &runtime);
        let account = once.clone().map(|once| Account::open(once, Arc::clone(&ledger)));
        let source = source::start(source::Setup {
            host: settings.agent.host_name.clone(),
            watches,
            ledger: Arc::clone(&ledger),
            pool: chunks,
            bell: bell.clone(),
            workers: senders,
            scan: settings.agent.scan,
            began,
            births: Births::open(&settings.agent.state_dir),
            kept: Kept::open(&settings.agent.state_dir, settings.agent.kept_bytes_max),
            descriptors: Descriptors::ask(),
            wall: SystemTime::now,
            once,
            notify: settings.agent.notify,
        })
        .context("cannot start the thread that reads")?;
        let writer = Writer::start(Arc::clone(&ledger)).context("cannot start the checkpoint's thread")?;
        Ok(Agent {
            settings,
            registry,
            runtime,
            ledger,
            writer,
            bell,
            source,
            workers,
            pool,
            output,
            endpoint,
            account,
            stalled: false,
            _lock: lock,
        })
    }
}

/// What the agent's own metrics go to.
fn recorder() -> anyhow::Result<Telemetry> {
    let recorder = Telemetry::install().context("cannot install the metrics recorder")?;
    telemetry::describe();
    reload::describe();
    ship::telemetry::describe();
    Ok(recorder)
}

/// What is known of earlier runs. `began` is when this one did, in nanoseconds since the epoch.
fn open_state(settings: &Settings, began: i64) -> anyhow::Result<(StateLock, Arc<Ledger>)> {
    let dir = &settings.agent.state_dir;
    // It holds what logs say: nobody else is to read it.
    durable::create_dir(dir, 0o700).with_context(|| {
        format!(
            "cannot create the state directory {}; name one that this user may write to with {}",
            dir.display(),
            settings.origin.state_dir()
        )
    })?;
    let lock = StateLock::take(dir)?;
    let ledger = Arc::new(Ledger::open(dir)?);
    // A failure is logged by the ledger; the writer tries again.
    let _ = ledger.begin(began / 1_000_000_000);
    Ok((lock, ledger))
}

/// A thread for each worker.
fn start_workers(workers: impl Iterator<Item = Worker>) -> anyhow::Result<Vec<JoinHandle<()>>> {
    let start =
        |(number, worker): (usize, Worker)| threads::spawn(format!("worker-{number}"), move || worker.run());
    workers.enumerate().map(start).collect()
}
