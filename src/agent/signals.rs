//! SIGTERM and SIGINT stop, SIGHUP reads the configuration again. The agent also stops when its output has ended
//! by itself: nobody reads standard output any more, or a stage broke off.

use std::path::Path;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot::Receiver;

use super::Agent;

enum Wanted {
    Stop,
    Reload,
}

pub fn wait(agent: &mut Agent, config: Option<&Path>) -> anyhow::Result<()> {
    let handle = agent.runtime.handle().clone();
    let listen = |kind| {
        let _inside = handle.enter();
        signal(kind).context("cannot listen to signals")
    };
    let (mut terminate, mut interrupt, mut hangup) = (
        listen(SignalKind::terminate())?,
        listen(SignalKind::interrupt())?,
        listen(SignalKind::hangup())?,
    );
    loop {
        let over = &mut agent.over;
        match handle.block_on(next(&mut terminate, &mut interrupt, &mut hangup, over)) {
            Wanted::Stop => return Ok(()),
            Wanted::Reload => reload(agent, config),
        }
    }
}

async fn next(
    terminate: &mut Signal,
    interrupt: &mut Signal,
    hangup: &mut Signal,
    over: &mut Receiver<()>,
) -> Wanted {
    tokio::select! {
        _ = terminate.recv() => Wanted::Stop,
        _ = interrupt.recv() => Wanted::Stop,
        _ = hangup.recv() => Wanted::Reload,
        _ = over => Wanted::Stop,
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
