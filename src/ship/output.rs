use std::future::Future;
use std::sync::Arc;

use tokio::sync::mpsc::Receiver;

use super::batch::Batch;
use super::elasticsearch::Elasticsearch;
use super::ended::Ended;
use super::file_output::FileOutput;
use super::health::Health;
use super::settle::{Settle, settle_all};
use super::stdout_output::StdoutOutput;

/// Where batches go.
#[derive(Debug)]
pub enum Output {
    Elasticsearch(Elasticsearch),
    File(FileOutput),
    Stdout(StdoutOutput),
    /// Nowhere: every document counts as accepted. For measurements.
    Discard,
}

impl Output {
    /// Tells, while the output runs, whether it can deliver. What is written locally always says that it can.
    pub fn health(&self) -> Arc<Health> {
        match self {
            Output::Elasticsearch(output) => output.health(),
            Output::File(_) | Output::Stdout(_) | Output::Discard => Arc::default(),
        }
    }

    /// Takes batches until their channel closes, and ends when all of them are settled, or when `give_up` is
    /// over: the grace period of a shutdown, or a future that never ends.
    pub async fn run(
        self,
        batches: Receiver<Batch>,
        settle: Arc<dyn Settle>,
        give_up: impl Future<Output = ()>,
    ) -> Ended {
        let work = async {
            match self {
                Output::Elasticsearch(output) => output.run(batches, settle).await,
                Output::File(output) => output.run(batches, settle).await,
                Output::Stdout(output) => output.run(batches, settle).await,
                Output::Discard => discard(batches, settle).await,
            }
        };
        tokio::select! {
            biased;
            ended = work => ended,
            () = give_up => Ended::GaveUp,
        }
    }
}

async fn discard(mut batches: Receiver<Batch>, settle: Arc<dyn Settle>) -> Ended {
    while let Some(batch) = batches.recv().await {
        settle_all(&batch, &*settle);
    }
    Ended::Drained
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::sync::mpsc;

    use super::*;
    use crate::ship::testing::{Settled, batch_of};

    #[tokio::test]
    async fn discard_settles_everything_as_accepted() {
        let settled = Arc::new(Settled::default());
        let (sender, receiver) = mpsc::channel(1);
        let batch = batch_of(&["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"]);
        let documents = batch.docs.len() as u64;
        sender.send(batch).await.unwrap();
        drop(sender);
        let ended = Output::Discard.run(receiver, settled.clone(), pending()).await;
        assert_eq!(ended, Ended::Drained);
        assert_eq!(settled.total().accepted, documents);
    }

    #[tokio::test]
    async fn an_output_whose_grace_is_over_gives_up() {
        let (_sender, receiver) = mpsc::channel(1);
        let ended = Output::Discard
            .run(receiver, Arc::new(Settled::default()), ready(()))
            .await;
        assert_eq!(ended, Ended::GaveUp);
    }
}
