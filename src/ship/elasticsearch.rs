use std::sync::Arc;

use tokio::sync::mpsc::Receiver;
use tokio::task::{JoinError, JoinSet};

use super::backoff::Jitter;
use super::batch::Batch;
use super::client::Client;
use super::client_error::ClientError;
use super::deliver::Delivery;
use super::ended::Ended;
use super::gate::Gate;
use super::health::Health;
use super::rejects::RejectStore;
use super::settle::Settle;
use crate::config::{ElasticsearchSettings, RejectSettings};

/// The output that speaks the bulk API: Elasticsearch or OpenSearch.
#[derive(Debug)]
pub struct Elasticsearch {
    delivery: Arc<Delivery<Client>>,
    rejects: Arc<RejectStore>,
}

impl Elasticsearch {
    /// Connects to nothing.
    pub fn new(settings: &ElasticsearchSettings, rejects: &RejectSettings) -> Result<Self, ClientError> {
        let client = Client::new(settings)?;
        let gate = Gate::new(
            client.names(),
            settings.requests_max.get(),
            settings.retry_max,
            Jitter::from_clock(),
        );
        let rejects = Arc::new(RejectStore::new(
            &rejects.dir,
            rejects.bytes_max,
            rejects.when_full,
        ));
        let delivery = Delivery::new(
            client,
            gate,
            Arc::clone(&rejects),
            settings.retry_max,
            Jitter::from_clock(),
        );
        Ok(Elasticsearch {
            delivery: Arc::new(delivery),
            rejects,
        })
    }

    pub(super) fn health(&self) -> Arc<Health> {
        self.delivery.health()
    }

    /// Delivers what comes, several batches at a time: as many as the pool lends, of which the gate lets some
    /// through to the server.
    pub(super) async fn run(self, mut batches: Receiver<Batch>, settle: Arc<dyn Settle>) -> Ended {
        let rejects = Arc::clone(&self.rejects);
        // Nobody has to wait for it.
        drop(tokio::task::spawn_blocking(move || rejects.measure()));
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

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::*;
    use crate::config::WhenFull;
    use crate::ship::Output;
    use crate::ship::testing::{Http, Settled, batch_of, settings};

    fn output(hosts: &[&str], dir: &std::path::Path) -> Output {
        let settings = ElasticsearchSettings {
            hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
            retry_max: Duration::from_millis(1),
            ..settings(hosts[0])
        };
        let rejects = RejectSettings {
            dir: dir.join("rejects"),
            bytes_max: crate::limits::REJECTS_BYTES_MAX,
            when_full: WhenFull::Stop,
        };
        Output::Elasticsearch(Elasticsearch::new(&settings, &rejects).unwrap())
    }

    /// Nothing listens on the port of `tcpmux`, and nobody but root could.
    const AWAY: &str = "http://127.0.0.1:1";

    #[tokio::test]
    async fn another_host_takes_over_and_everything_is_settled_before_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let two = r#"{"items":[{"create":{"status":201}},{"create":{"status":400,"error":{"type":"t"}}}]}"#;
        let server = Http::answering(&[("503 Unavailable", ""), ("200 OK", two)]);
        let settled = Arc::new(Settled::default());
        let (sender, receiver) = mpsc::channel(1);
        sender.send(batch_of(&["{\"n\":0}", "{\"n\":1}"])).await.unwrap();
        drop(sender);
        let ended = output(&[AWAY, &server.address], dir.path())
            .run(receiver, settled.clone(), pending())
            .await;
        assert_eq!(ended, Ended::Drained);
        let total = settled.total();
        assert_eq!((total.accepted, total.rejected), (1, 1));
        assert_eq!(server.sent().len(), 2);
    }

    #[tokio::test]
    async fn nothing_is_settled_when_the_grace_is_over_first() {
        let dir = tempfile::tempdir().unwrap();
        let settled = Arc::new(Settled::default());
        let (sender, receiver) = mpsc::channel(1);
        sender.send(batch_of(&["{\"n\":0}"])).await.unwrap();
        drop(sender);
        let ended = output(&[AWAY], dir.path())
            .run(receiver, settled.clone(), ready(()))
            .await;
        assert_eq!((ended, settled.spans()), (Ended::GaveUp, 0));
    }
}
