//! What the agent says of itself over HTTP.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::memory::Shares;
use super::status::{memory, over_budget, status};
use super::telemetry;
use crate::config::{InputSettings, Settings};
use crate::http::{self, Guard, Telemetry};
use crate::ship::Health;
use crate::state::Ledger;

/// The agent's address, taken: whether it can be had is told before anything else is started.
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    guard: Guard,
}

/// What is served at the agent's address, until this is dropped.
pub struct Endpoint {
    address: SocketAddr,
    guard: Guard,
    inputs: Inputs,
    _serving: oneshot::Sender<()>,
}

impl Bound {
    pub fn new(settings: &Settings, runtime: &Runtime) -> anyhow::Result<Bound> {
        let listener = runtime.block_on(http::listen(settings.agent.listen, settings.origin.listen()))?;
        let address = listener.local_addr().context("the endpoint has no address")?;
        let guard = Guard::new(&settings.endpoint);
        Ok(Bound {
            listener,
            address,
            guard: guard.context("cannot use `certificate` and `key` of [endpoint]")?,
        })
    }

    pub fn serve(
        self,
        settings: &Settings,
        shares: Shares,
        health: Arc<Health>,
        recorder: Telemetry,
        runtime: &Runtime,
    ) -> Endpoint {
        let inputs = Inputs::of(&settings.inputs);
        let page = http::Endpoint::metrics_page(Arc::clone(&shares.registry), recorder.clone());
        let (awaited, ledger, of_status) = (inputs.clone(), Arc::clone(&shares.ledger), shares.clone());
        let endpoint = http::Endpoint {
            metrics: Box::new(move |format, out| {
                telemetry::observe(&shares);
                telemetry::write_files(&shares.ledger, now(), format, out);
                page(format, out);
            }),
            ready: Box::new(move || is_ready(&awaited, &ledger, &health)),
            status: Box::new(move || {
                let mut page = status(&of_status.ledger);
                page["metrics_over_budget"] = over_budget(&of_status.registry);
                page["memory"] = memory(&of_status);
                page
            }),
            guard: self.guard.clone(),
        };
        let (serving, served) = oneshot::channel::<()>();
        runtime.spawn(http::serve(self.listener, endpoint, async {
            // A dropped sender is the sign.
            let _ = served.await;
        }));
        runtime.spawn(async move { recorder.keep_up().await });
        Endpoint {
            address: self.address,
            guard: self.guard,
            inputs,
            _serving: serving,
        }
    }
}

impl Endpoint {
    /// Where it is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The beginning of the URLs of its pages.
    pub fn url(&self) -> String {
        let scheme = match self.guard.tls() {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{}", self.address)
    }

    /// From now on these are its inputs, and `guard` says who may see its pages.
    pub fn change(&self, inputs: &[InputSettings], guard: &Guard) {
        self.inputs.change(inputs);
        self.guard.change(guard);
    }
}

/// Ready: every input has been looked at, and the output answers.
fn is_ready(inputs: &Inputs, ledger: &Ledger, health: &Health) -> Result<(), String> {
    if let Some(input) = inputs.not_started(ledger) {
        return Err(format!("the files of input {input} have not been looked for yet"));
    }
    match health.trouble() {
        Some(trouble) => Err(format!("the output does not answer: {trouble}")),
        None => Ok(()),
    }
}

/// The names of the inputs that there are now. A reload changes them while the endpoint serves.
#[derive(Clone)]
struct Inputs(Arc<RwLock<Vec<String>>>);

impl Inputs {
    fn of(inputs: &[InputSettings]) -> Inputs {
        Inputs(Arc::new(RwLock::new(names(inputs))))
    }

    fn change(&self, inputs: &[InputSettings]) {
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

/// Nanoseconds since the epoch.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AgentFile, Diagnostics, SourceFile, System};

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
