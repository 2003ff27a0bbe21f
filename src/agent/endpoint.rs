//! What the agent says of itself over HTTP.

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use super::telemetry;
use crate::config::InputSettings;
use crate::derive::Registry;
use crate::http::{self, Endpoint, Guard, Telemetry};
use crate::ship::Health;
use crate::state::Ledger;

/// What `/readyz` looks at, and who may see the other pages.
pub struct Access {
    pub inputs: Inputs,
    pub health: Arc<Health>,
    pub guard: Guard,
}

/// The names of the inputs that there are now. A reload changes them while the endpoint serves.
#[derive(Clone)]
pub struct Inputs(Arc<RwLock<Vec<String>>>);

impl Inputs {
    pub fn of(inputs: &[InputSettings]) -> Inputs {
        Inputs(Arc::new(RwLock::new(names(inputs))))
    }

    pub fn change(&self, inputs: &[InputSettings]) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = names(inputs);
    }

    /// One whose files have not been looked for yet.
    fn not_started(&self, ledger: &Ledger) -> Option<String> {
        let names = self.0.read().unwrap_or_else(PoisonError::into_inner);
        names.iter().find(|name| !ledger.started(name)).cloned()
    }
}

fn names(inputs: &[InputSettings]) -> Vec<String> {
    inputs.iter().map(|input| input.name.clone()).collect()
}

impl Access {
    /// Ready: every input has been looked at, and the output answers.
    fn check(&self, ledger: &Ledger) -> Result<(), String> {
        if let Some(input) = self.inputs.not_started(ledger) {
            return Err(format!("the files of input {input} have not been looked for yet"));
        }
        match self.health.trouble() {
            Some(trouble) => Err(format!("the output does not answer: {trouble}")),
            None => Ok(()),
        }
    }
}

/// Serves until `stop` is ready.
pub fn start(
    runtime: &Handle,
    listener: TcpListener,
    ledger: &Arc<Ledger>,
    registry: &Arc<Registry>,
    access: Access,
    recorder: Telemetry,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let page = Endpoint::metrics_page(Arc::clone(registry), recorder.clone());
    let of_metrics = Arc::clone(ledger);
    let of_ready = Arc::clone(ledger);
    let of_status = Arc::clone(ledger);
    let folding = Arc::clone(registry);
    let guard = access.guard.clone();
    let endpoint = Endpoint {
        metrics: Box::new(move |format, out| {
            telemetry::observe(&of_metrics);
            telemetry::write_files(&of_metrics, now(), format, out);
            page(format, out);
        }),
        ready: Box::new(move || access.check(&of_ready)),
        status: Box::new(move || {
            let mut page = status(&of_status);
            page["metrics_over_budget"] = over_budget(&folding);
            page
        }),
        guard,
    };
    runtime.spawn(http::serve(listener, endpoint, stop));
    runtime.spawn(async move { recorder.keep_up().await });
}

/// Metrics that have more label sets than they may show; those that lose most come first.
fn over_budget(registry: &Registry) -> Value {
    registry
        .over_budget()
        .into_iter()
        .map(|metric| {
            json!({
                "metric": metric.name,
                "series": metric.series,
                "series_max": metric.series_max,
                "events_folded": metric.folded,
                "label": metric.label,
                "label_values": metric.values,
                "label_examples": metric.examples,
            })
        })
        .collect()
}

/// The books, the files and the checkpoint, from the running agent or from its state directory.
pub fn status(ledger: &Ledger) -> Value {
    let inputs: Vec<Value> = ledger
        .books()
        .into_iter()
        .map(|(name, books)| {
            let tally = books.tally;
            let settled = tally.accepted + tally.already_there + tally.filtered + tally.rejected;
            let held = ledger.is_held(&name);
            json!({
                "input": name,
                "held": held,
                "read": settled + books.pending,
                "accepted": tally.accepted,
                "already_there": tally.already_there,
                "filtered": tally.filtered,
                "rejected": tally.rejected,
                "pending": books.pending,
                "bytes_settled": books.bytes_settled,
                "bytes_pending": books.bytes_pending,
            })
        })
        .collect();
    let mut files = ledger.files();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let files: Vec<Value> = files
        .into_iter()
        .map(|file| {
            json!({
                // Lossy: a path need not be UTF-8, and JSON has to be.
                "path": file.path.to_string_lossy(),
                "input": file.input,
                "key": file.key.to_string(),
                "size": file.size,
                "read": file.read,
                "settled": file.settled,
            })
        })
        .collect();
    let health = ledger.persist_health();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "inputs": inputs,
        "files": files,
        "checkpoint": {
            "writes": health.writes,
            "failures": health.failures,
            "failing": health.failing,
        },
    })
}

/// Nanoseconds since the epoch.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AgentFile, Diagnostics, Settings, SourceFile, System};

    fn inputs(text: &str) -> Vec<InputSettings> {
        let mut diagnostics = Diagnostics::new();
        let text = format!("[agent]\nhost_name = 'a'\n[stdout]\n{text}");
        let file = AgentFile::parse(&SourceFile::new("/logmill.toml", text), &System, &mut diagnostics);
        Settings::new(&file, &System, &mut diagnostics).unwrap().inputs
    }

    #[test]
    fn the_inputs_of_the_last_reload_are_waited_for() {
        let first = "[[input]]\npaths = '/a.log'\npipeline = 'plain'\n";
        let ledger = Ledger::in_memory();
        let known = Inputs::of(&inputs(first));
        assert_eq!(known.not_started(&ledger).as_deref(), Some("plain"));
        ledger.set_started("plain");
        assert_eq!(known.not_started(&ledger), None);
        let more = format!("{first}service = 'shop'\n");
        known.change(&inputs(&more));
        assert_eq!(known.not_started(&ledger).as_deref(), Some("shop/plain"));
        known.change(&inputs(first));
        assert_eq!(known.not_started(&ledger), None);
    }
}
