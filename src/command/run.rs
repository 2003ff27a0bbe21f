//! `logmill run`: tail, parse, derive and ship until stopped.

use std::io;

use tracing_subscriber::filter::LevelFilter;

use super::{Refused, RunArguments, Terminal};
use crate::agent::{self, Agent, Plan, Signals};
use crate::config::{Diagnostics, Settings, System, ZeroConfig};

pub fn run(arguments: &RunArguments, terminal: Terminal) -> anyhow::Result<()> {
    let runtime = agent::runtime()?;
    // Whoever starts it may tell it to stop or to read its configuration again at once.
    let signals = Signals::listen(&runtime)?;
    let mut diagnostics = Diagnostics::new();
    let plan = match &arguments.config {
        Some(config) => Plan::read(config, &mut diagnostics),
        None => Settings::zero_config(&zero_config(arguments), &System, &mut diagnostics)
            .and_then(|settings| Plan::new(settings, &mut diagnostics)),
    };
    terminal.report(&diagnostics)?;
    let Some(plan) = plan else {
        return Err(Refused.into());
    };
    log(plan.settings.agent.log_level, terminal);
    let mut agent = Agent::start(plan, runtime)?;
    tracing::info!("started; metrics are at {}/metrics", agent.url());
    agent.wait(signals, arguments.config.as_deref());
    tracing::info!("stopping");
    agent.stop()
}

fn zero_config(arguments: &RunArguments) -> ZeroConfig {
    ZeroConfig {
        pipeline: arguments.pipeline.clone().unwrap_or_default(),
        service: arguments.service.clone(),
        paths: arguments.paths.clone(),
        elasticsearch: arguments.elasticsearch.clone(),
        listen: arguments.listen.clone(),
        state_dir: arguments.state_dir.clone(),
        format: arguments.format.clone(),
    }
}

/// The agent's own log goes to standard error: standard output may carry events.
fn log(level: tracing::Level, terminal: Terminal) {
    // Refused only when a log is there already.
    let _ = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        // Nobody may hear it; what cannot be logged would be said with a macro that panics there.
        .log_internal_errors(false)
        .with_ansi(terminal.error_color)
        .with_target(false)
        .with_max_level(LevelFilter::from_level(level))
        .try_init();
}
