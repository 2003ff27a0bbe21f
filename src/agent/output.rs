//! The output that the settings name, in a task of its own.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::runtime::Handle;
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};

use crate::config::{OutputSettings, Settings};
use crate::ship::{Batch, Elasticsearch, Ended, FileOutput, Health, Output, Settle, StdoutOutput};

/// An output at work.
pub struct OutputTask {
    pub health: Arc<Health>,
    /// Ready when the output has ended, and with it everything before it.
    pub over: oneshot::Receiver<()>,
    task: JoinHandle<Ended>,
    /// Dropped, it ends the output, whatever waits.
    give_up: oneshot::Sender<()>,
}

impl OutputTask {
    /// Takes the batches until their channel closes.
    pub fn start(
        settings: &Settings,
        batches: Receiver<Batch>,
        settle: Arc<dyn Settle>,
        runtime: &Handle,
    ) -> anyhow::Result<OutputTask> {
        let _inside = runtime.enter();
        let output = build(settings)?;
        let health = output.health();
        let (give_up, gave_up) = oneshot::channel();
        let (ending, over) = oneshot::channel();
        let task = runtime.spawn(async move {
            // Dropped whatever becomes of the output, which is the sign.
            let _ending: oneshot::Sender<()> = ending;
            let dropped = async {
                let _ = gave_up.await;
            };
            output.run(batches, settle, dropped).await
        });
        Ok(OutputTask {
            health,
            over,
            task,
            give_up,
        })
    }

    /// Waits until everything is settled, and gives up when the grace period is over, or at once where it is `spent`.
    pub async fn drain(self, grace: Duration, spent: bool) -> Result<Ended, JoinError> {
        let patience = match spent {
            true => Duration::ZERO,
            false => grace,
        };
        let mut task = self.task;
        tokio::select! {
            ended = &mut task => ended,
            () = tokio::time::sleep(patience) => {
                tracing::warn!(
                    "not everything was delivered within {grace:?}; the rest is read again at the next start"
                );
                drop(self.give_up);
                task.await
            }
        }
    }
}

fn build(settings: &Settings) -> anyhow::Result<Output> {
    Ok(match &settings.output {
        OutputSettings::Elasticsearch(output) => {
            let built = Elasticsearch::new(output, &settings.rejects);
            Output::Elasticsearch(built.context("cannot use [elasticsearch]")?)
        }
        OutputSettings::File(output) => {
            if let Err(mistake) = FileOutput::check(&output.path) {
                bail!("{mistake}; {}", mistake.remedy());
            }
            Output::File(FileOutput::new(output.clone()))
        }
        OutputSettings::Stdout => Output::Stdout(StdoutOutput::default()),
    })
}
