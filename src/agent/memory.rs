//! One number, divided: what series, files, chunks, bodies, compressed bodies and answers may take of `memory_max`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::warn;

use crate::config::{OutputSettings, Settings};
use crate::derive::Registry;
use crate::encode::SHEET_BYTES;
use crate::limits;
use crate::ship::{ANSWERS_BYTES_MAX, BatchPool};
use crate::source::Pool;
use crate::state::Ledger;

/// What the program takes before the first line: code, runtime, TLS, stacks. Bytes.
const BASE_BYTES: usize = 20 << 20;

/// The least that chunks and bodies get, whatever `memory_max` says. Bytes.
const LEAST_BYTES: usize = 4 << 20;

/// So little is not worth a word: files are few where `memory_max` is small. Bytes.
const FILES_LEAST_BYTES: usize = 2 << 20;

/// This share of what program and answers leave is for the series of metrics from logs, and what is remembered for them.
const SERIES_SHARE: usize = 5;

/// The least that series get, whatever `memory_max` says. Bytes.
const SERIES_LEAST_BYTES: usize = 1 << 20;

/// What is known of a file takes so much, in bytes: measured with 50,000 of them at a restart, with paths of 35 bytes.
const FILE_BYTES: usize = 1536;

/// So often files are counted and memory is divided anew.
const DIVIDE_EVERY: Duration = Duration::from_millis(500);

/// Files that come or go are worth it when they take so much, in bytes.
const DIVIDE_STEP_BYTES: usize = 1 << 20;

/// This share of a body's place is for the list of its documents: 24 bytes for each of 200 bytes or more.
const DOCS_SHARE: usize = 8;

/// How much each may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Bytes that metrics from logs may take together.
    pub series_bytes: usize,
    /// Bytes that are set aside for what is known of files.
    pub files_bytes: usize,
    /// Bytes that chunks may take together.
    pub chunk_bytes: usize,
    /// Bodies that are filled or in flight at a time.
    pub batches: usize,
    /// A body is full at so many bytes.
    pub body_bytes: usize,
    /// The `memory_max` that would do, in bytes, where this one is too small for the files.
    pub wants: Option<usize>,
}

impl Memory {
    /// After the program and the answers a fifth for series, and what is known of so many files: nobody can refuse them, so
    /// chunks and bodies get less, down to their least. Of the rest a quarter for chunks, the others for bodies: one
    /// that each worker fills, and those in flight, these once more where they are compressed (noise does not become
    /// smaller). A body that would not fit that often is smaller.
    pub fn divide(settings: &Settings, files: usize) -> Memory {
        let (bulk, requests, answers, packed) = match &settings.output {
            OutputSettings::Elasticsearch(output) => {
                let requests = output.requests_max.get();
                let packed = if output.gzip_level > 0 { requests } else { 0 };
                (output.bulk_bytes_max, requests, ANSWERS_BYTES_MAX, packed)
            }
            OutputSettings::File(_) | OutputSettings::Stdout => (limits::BULK_BYTES_MAX, 1, 0, 0),
        };
        let taken = BASE_BYTES + answers;
        let free = settings.agent.memory_max.saturating_sub(taken);
        let series_bytes = (free / SERIES_SHARE).max(SERIES_LEAST_BYTES);
        let files_bytes = files * FILE_BYTES;
        let left = free.saturating_sub(series_bytes);
        let bytes = left.saturating_sub(files_bytes).max(LEAST_BYTES);
        let is_small = files_bytes + LEAST_BYTES > left && files_bytes > FILES_LEAST_BYTES;
        let wanted = (files_bytes + LEAST_BYTES) / (SERIES_SHARE - 1) * SERIES_SHARE;
        let chunk_bytes = bytes / 4;
        let batches = settings.agent.workers.get() + requests + 1;
        let place = (bytes - chunk_bytes) / (batches + packed);
        Memory {
            series_bytes,
            files_bytes,
            chunk_bytes,
            batches,
            wants: is_small.then_some(taken + wanted),
            // What of it is being written lies behind the edge of a full body.
            body_bytes: bulk.min((place - place / DOCS_SHARE).saturating_sub(SHEET_BYTES).max(1)),
        }
    }

    /// Says so where more is known of files than there is memory for.
    pub fn say_what_it_wants(&self) {
        if let Some(wants) = self.wants {
            let mebibytes = wants.div_ceil(1 << 20);
            warn!(
                files = self.files_bytes / FILE_BYTES,
                "what is known of so many files leaves chunks and bodies their least, and the agent may take more than `memory_max`: set it to {mebibytes}MiB or more in [agent], or name fewer files"
            );
        }
    }
}

/// Who takes what of it while the agent runs.
#[derive(Clone)]
pub struct Shares {
    /// By which it is divided.
    pub settings: Arc<Settings>,
    pub memory: Arc<Mutex<Memory>>,
    pub registry: Arc<Registry>,
    pub ledger: Arc<Ledger>,
    pub chunks: Pool,
    pub bodies: BatchPool,
}

impl Shares {
    /// Divides memory anew as files come and go, for as long as the runtime is there.
    pub async fn keep_up(self) {
        let mut said = self.memory().wants.is_some();
        loop {
            tokio::time::sleep(DIVIDE_EVERY).await;
            // While files come it is not known how many there are.
            if !self.divide_anew() {
                let memory = *self.memory();
                if !said {
                    memory.say_what_it_wants();
                }
                said = memory.wants.is_some();
            }
        }
    }

    /// What is known of files that are new is taken from chunks and bodies; of those that are gone it is given back.
    /// Whether there was so much to divide.
    fn divide_anew(&self) -> bool {
        let files = self.ledger.file_count();
        let mut memory = self.memory();
        if (files * FILE_BYTES).abs_diff(memory.files_bytes) < DIVIDE_STEP_BYTES {
            return false;
        }
        *memory = Memory::divide(&self.settings, files);
        self.chunks.resize(memory.chunk_bytes);
        self.bodies.resize(memory.body_bytes + SHEET_BYTES);
        true
    }

    /// No code panics while it holds the lock, so what is in it is whole.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Name, what is taken, and what may be; in bytes.
    pub fn list(&self) -> [(&'static str, usize, usize); 4] {
        let Memory {
            series_bytes,
            files_bytes,
            chunk_bytes,
            batches,
            body_bytes,
            wants: _,
        } = *self.memory();
        let bodies = self.bodies.made() * body_bytes;
        [
            ("series", self.registry.memory_taken(), series_bytes),
            ("files", self.ledger.file_count() * FILE_BYTES, files_bytes),
            ("chunks", self.chunks.out_bytes(), chunk_bytes),
            ("bodies", bodies, batches * body_bytes),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AgentFile, Diagnostics, SourceFile, System};
    use crate::event::FileKey;
    use crate::source::Bell;
    use crate::state::FileRecord;

    fn settings(memory_max: &str) -> Settings {
        let text = format!(
            "[agent]\nhost_name = 'a'\nworkers = 2\nmemory_max = '{memory_max}'\n[elasticsearch]\nhosts = ['http://localhost:9200']\n"
        );
        let mut diagnostics = Diagnostics::new();
        let file = AgentFile::parse(&SourceFile::new("/logmill.toml", text), &System, &mut diagnostics);
        Settings::draft(&file, &System, &mut diagnostics)
    }

    /// Everything that may be taken, with compressed bodies.
    fn all(settings: &Settings, memory: Memory) -> usize {
        let requests = match &settings.output {
            OutputSettings::Elasticsearch(output) => output.requests_max.get(),
            OutputSettings::File(_) | OutputSettings::Stdout => 0,
        };
        let bodies = (memory.batches + requests) * memory.body_bytes;
        BASE_BYTES
            + ANSWERS_BYTES_MAX
            + memory.series_bytes
            + memory.files_bytes
            + memory.chunk_bytes
            + bodies
    }

    #[test]
    fn the_shares_are_no_more_than_the_whole() {
        for memory_max in ["40MiB", "64MiB", "1GiB"] {
            let settings = settings(memory_max);
            for files in [0, 100, 2_000] {
                let memory = Memory::divide(&settings, files);
                assert!(all(&settings, memory) <= settings.agent.memory_max, "{memory:?}");
                assert_eq!(memory.wants, None);
            }
        }
    }

    #[test]
    fn files_take_from_chunks_and_bodies_down_to_their_least() {
        let default = settings("64MiB");
        let [none, some, many] = [0, 10_000, 50_000].map(|files| Memory::divide(&default, files));
        assert_eq!(none.series_bytes, many.series_bytes);
        assert!(some.chunk_bytes < none.chunk_bytes && some.body_bytes < none.body_bytes);
        assert_eq!((some.wants, many.chunk_bytes), (None, LEAST_BYTES / 4));
        // What it asks for does, and a little less does not.
        let wants = many.wants.unwrap();
        assert!(wants > 64 << 20);
        let enough = Memory::divide(&settings(&format!("{}KiB", wants / 1024 + 1)), 50_000);
        assert_eq!(enough.wants, None);
        let less = Memory::divide(&settings(&format!("{}KiB", wants / 1024 - 64)), 50_000);
        assert!(less.wants.is_some());
    }

    #[test]
    fn files_that_come_take_from_chunks_and_bodies_and_give_it_back_when_they_go() {
        let settings = settings("64MiB");
        let none = Memory::divide(&settings, 0);
        let ledger = Arc::new(Ledger::in_memory());
        let shares = Shares {
            settings: Arc::new(settings),
            memory: Arc::new(Mutex::new(none)),
            registry: Arc::new(Registry::default()),
            ledger: Arc::clone(&ledger),
            chunks: Pool::new(none.chunk_bytes, Bell::default()),
            bodies: BatchPool::new(none.batches, none.body_bytes + SHEET_BYTES),
        };
        let keys = || (1..=10_000).map(FileKey);
        for key in keys() {
            ledger.track(FileRecord {
                key,
                ..FileRecord::default()
            });
        }
        assert!(shares.divide_anew() && !shares.divide_anew());
        let many = *shares.memory();
        assert_eq!(many, Memory::divide(&shares.settings, 10_000));
        assert!(many.chunk_bytes < none.chunk_bytes && many.body_bytes < none.body_bytes);
        assert_eq!(shares.bodies.body_bytes(), many.body_bytes + SHEET_BYTES);
        keys().for_each(|key| ledger.forget(key));
        assert!(shares.divide_anew());
        assert_eq!(*shares.memory(), none);
        assert_eq!(shares.bodies.body_bytes(), none.body_bytes + SHEET_BYTES);
    }
}
