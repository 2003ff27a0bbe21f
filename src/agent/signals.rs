//! SIGTERM and SIGINT stop, SIGHUP reads the configuration again.

use std::path::Path;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

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
        match handle.block_on(next(&mut terminate, &mut interrupt, &mut hangup)) {
            Wanted::Stop => return Ok(()),
            Wanted::Reload => reload(agent, config),
        }
    }
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal, hangup: &mut Signal) -> Wanted {
    tokio::select! {
        _ = terminate.recv() => Wanted::Stop,
        _ = interrupt.recv() => Wanted::Stop,
        _ = hangup.recv() => Wanted::Reload,
    }
}

fn reload(agent: &mut Agent, config: Option<&Path>) {
    let Some(config) = config else {
        tracing::warn!("there is no configuration file to read again; start with --config");
        return;
    };
    match agent.reload(config) {
        Ok(reloaded) if reloaded.needs_restart => tracing::warn!(
            "read the inputs of {} again; what else has changed in it takes effect at the next start",
            config.display()
        ),
        Ok(_) => tracing::info!("read {} again", config.display()),
        Err(diagnostics) => tracing::error!(
            "{} cannot be used; going on with what was there before\n{}",
            config.display(),
            diagnostics.render(false)
        ),
    }
}
