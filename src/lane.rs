//! A lane: what becomes of the events of an input. It travels with every chunk that is read for it, so that a chunk
//! which a reload finds under way keeps its own, and an old lane is gone with the last of its chunks.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Backlog;
use crate::derive::{Ages, Lag, Rules, ZoneHint};
use crate::encode::{TIMESTAMP, Template};
use crate::event::{FieldId, Schema, Timestamp};
use crate::pipeline::Pipeline;

/// What a worker needs of an input.
#[derive(Debug)]
pub struct Lane {
    /// The input's name, for its books.
    pub name: String,
    pub pipeline: Arc<Pipeline>,
    pub template: Template,
    pub rules: Rules,
    pub late: Late,
}

/// What is made of the time of events when they are counted.
#[derive(Debug, Default)]
pub struct Late {
    /// When an event happened.
    pub at: Option<FieldId>,
    /// Events that are older when they are read count by `rules`; `None`: there are no such.
    pub after: Option<Duration>,
    pub rules: Rules,
    pub lag: Arc<Lag>,
    pub zone: ZoneHint,
}

impl Late {
    /// Of events of `schema`, none of which is old; how old they are is told to `lag`.
    pub fn new(schema: &Schema, lag: Arc<Lag>) -> Self {
        Late {
            at: schema.get(TIMESTAMP),
            lag,
            ..Late::default()
        }
    }

    /// Events older than `after` count as `backlog` says, by the `rules` that are made for it.
    pub fn with_backlog(self, backlog: Backlog, after: Duration, rules: Rules) -> Self {
        Late {
            after: (backlog != Backlog::Count).then_some(after),
            rules,
            ..self
        }
    }

    /// For the events of a chunk that is read `now`.
    pub fn ages(&self, now: Timestamp) -> Ages {
        Ages::new(now, self.after)
    }
}

#[cfg(test)]
impl Lane {
    /// Of an input of this name whose lines are shipped as they are.
    pub fn plain(name: &str) -> Arc<Lane> {
        use std::sync::LazyLock;

        use crate::config::{Diagnostics, PipelineFile, SourceFile};
        use crate::pipeline::{HostWords, Library, compile};

        static PIPELINE: LazyLock<Arc<Pipeline>> = LazyLock::new(|| {
            let mut diagnostics = Diagnostics::new();
            let source = SourceFile::new("plain.toml", "[parse]\npatterns = ['{message}']\n");
            let file = PipelineFile::read("plain", source, &mut diagnostics).unwrap();
            let library = Library::shipped();
            Arc::new(compile(&file, &library, &HostWords::default(), &mut diagnostics).unwrap())
        });
        Arc::new(Lane {
            name: name.to_owned(),
            pipeline: Arc::clone(&PIPELINE),
            template: Template::new(&PIPELINE.schema, "logs", true, &[], &[]),
            rules: Rules::default(),
            late: Late::default(),
        })
    }
}
