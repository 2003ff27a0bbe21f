use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc::Receiver;
use tokio::task::{JoinError, JoinSet};

use super::backoff::Jitter;
use super::batch::Batch;
use super::client::Client;
use super::client_error::ClientError;
use super::deliver::Delivery;
use super::gate::Gate;
use super::output::Ended;
use super::rejects::{RejectStore, WhenFull};
use super::settings::ElasticsearchSettings;
use super::settle::Settle;

/// Where rejected documents are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectSettings {
    pub dir: PathBuf,
    /// Most bytes of the store.
    pub bytes_max: u64,
    pub when_full: WhenFull,
}

/// The output that speaks the bulk API: Elasticsearch or OpenSearch.
#[derive(Debug)]
pub struct Elasticsearch {
    delivery: Arc<Delivery<Client>>,
}

impl Elasticsearch {
    /// Reads certificate files; connects to nothing.
    pub fn new(settings: &ElasticsearchSettings, rejects: RejectSettings) -> Result<Self, ClientError> {
        let client = Client::new(settings)?;
        let gate = Gate::new(
            client.names(),
            settings.requests_max,
            settings.retry_max,
            Jitter::from_clock(),
        );
        let store = RejectStore::new(rejects.dir, rejects.bytes_max, rejects.when_full);
        Ok(Elasticsearch {
            delivery: Arc::new(Delivery::new(
                client,
                gate,
                Arc::new(store),
                settings.retry_max,
                Jitter::from_clock(),
            )),
        })
    }

    /// Delivers what comes, several batches at a time: as many as the pool lends, of which the gate lets some
    /// through to the server.
    pub(super) async fn run(self, mut batches: Receiver<Batch>, settle: Arc<dyn Settle>) -> Ended {
        let mut deliveries = JoinSet::new();
        let mut ended = Ended::Drained;
        loop {
            tokio::select! {
                batch = batches.recv() => match batch {
                    Some(batch) => {
                        let (delivery, settle) = (Arc::clone(&self.delivery), Arc::clone(&settle));
                        deliveries.spawn(async move { delivery.deliver(batch, &*settle).await });
                    }
                    None => break,
                },
                Some(over) = deliveries.join_next() => ended = ended.after(over),
            }
        }
        while let Some(over) = deliveries.join_next().await {
            ended = ended.after(over);
        }
        ended
    }
}

impl Ended {
    /// A delivery that did not come to its end leaves its spans unsettled: the next start reads them again.
    fn after(self, over: Result<(), JoinError>) -> Ended {
        match over {
            Ok(()) => self,
            Err(error) => {
                tracing::error!(
                    "a delivery broke off: {error}; its events are sent again after the next start"
                );
                Ended::GaveUp
            }
        }
    }
}
