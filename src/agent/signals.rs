//! SIGTERM and SIGINT stop, SIGHUP reads the configuration again. The agent also stops when its output has ended
//! by itself: nobody reads standard output any more, or a stage broke off.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

use anyhow::Context;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot::Receiver;

use super::{Agent, once};

enum Wanted {
    Stop,
    /// Stop, and wait for nothing.
    GiveUp,
    Reload,
}

/// What the process is told from outside, from the moment of [`Signals::listen`] on: before that, the system ends it.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    /// A file would outgrow `ulimit -f`. Heard, so that it does not end the process: the write fails as on a full disk.
    _file_size: Signal,
}

impl Signals {
    /// # Errors
    ///
    /// When the system does not let the process hear signals.
    pub fn listen(runtime: &Runtime) -> anyhow::Result<Signals> {
        let _inside = runtime.enter();
        let listen = |kind| signal(kind).context("cannot listen to signals");
        Ok(Signals {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
            _file_size: listen(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
        })
    }

    async fn next(&mut self, over: &mut Receiver<()>) -> Wanted {
        tokio::select! {
            _ = self.terminate.recv() => Wanted::Stop,
            _ = self.interrupt.recv() => Wanted::Stop,
            _ = self.hangup.recv() => Wanted::Reload,
            _ = over => Wanted::Stop,
        }
    }
}

impl Agent {
    /// Does what the signals say, until one of them says stop.
    pub fn wait(&mut self, mut signals: Signals, config: Option<&Path>) {
        let handle = self.runtime.handle().clone();
        let grace = self.settings.agent.grace;
        let (ledger, ends) = (Arc::clone(&self.ledger), self.account.is_some());
        let stalled = async {
            match ends {
                true => once::stalled(&ledger, grace).await,
                false => std::future::pending().await,
            }
        };
        let mut stalled = pin!(stalled);
        loop {
            let over = &mut self.output.over;
            let wanted = async {
                tokio::select! {
                    wanted = signals.next(over) => wanted,
                    () = stalled.as_mut() => Wanted::GiveUp,
                }
            };
            match handle.block_on(wanted) {
                Wanted::Stop => return,
                Wanted::GiveUp => {
                    self.stalled = true;
                    return;
                }
                Wanted::Reload => reload(self, config),
            }
        }
    }
}

fn reload(agent: &mut Agent, config: Option<&Path>) {
    let Some(config) = config else {
        tracing::warn!("there is no configuration file to read again; start with --config");
        return;
    };
    match agent.reload(config) {
        Ok(reloaded) if reloaded.waiting.is_empty() => tracing::info!("read {} again", config.display()),
        Ok(reloaded) => tracing::warn!(
            "read {} again; some of what has changed in it takes effect at the next start: {}",
            config.display(),
            reloaded.waiting.join(", ")
        ),
        Err(diagnostics) => tracing::error!(
            "{} cannot be used; going on with what was there before\n{}",
            config.display(),
            diagnostics.render(false)
        ),
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    #[test]
    fn a_file_that_may_not_grow_any_more_does_not_end_the_process() {
        let runtime = Runtime::new().unwrap();
        let _signals = Signals::listen(&runtime).unwrap();
        kill_process(getpid(), Signal::XFSZ).unwrap();
    }
}
