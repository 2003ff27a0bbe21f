//! `logmill run`: tail, parse, derive and ship until stopped.

use std::io;
use std::path::Path;

use tracing_subscriber::filter::LevelFilter;

use super::{CONFIG, Failed, Misused, Refused, RunArguments, Terminal};
use crate::agent::{self, Agent, Ending, Plan, Signals};
use crate::config::{Diagnostics, Settings, System, ZeroConfig};

/// What is said below the options of `logmill run --help`.
pub const AFTER_HELP: &str = "\
Exit codes:
  0  it was stopped; with --once: everything that is there was read, and is stored or was there already
  1  it could not start, or the output broke; with --once: something was rejected, was not delivered within `grace`,
     or could not be read
  2  the configuration, a pipeline or the arguments have mistakes";

pub fn run(arguments: &RunArguments, terminal: Terminal) -> anyhow::Result<()> {
    let runtime = agent::runtime()?;
    // Whoever starts it may tell it to stop or to read its configuration again at once.
    let signals = Signals::listen(&runtime)?;
    let mut diagnostics = Diagnostics::new();
    let config = config(arguments)?;
    let plan = match config {
        Some(config) => Plan::read(config, &mut diagnostics),
        None => Settings::zero_config(&zero_config(arguments), &System, &mut diagnostics)
            .and_then(|settings| Plan::new(settings, &mut diagnostics)),
    };
    terminal.report(&diagnostics)?;
    let Some(plan) = plan else {
        return Err(Refused.into());
    };
    log(plan.settings.agent.log_level, terminal);
    let plan = if arguments.once { plan.once() } else { plan };
    let mut agent = Agent::start(plan, runtime)?;
    tracing::info!("started; metrics are at {}/metrics", agent.url());
    agent.wait(signals, config);
    tracing::info!("stopping");
    agent.stop()?.map_or(Ok(()), conclude)
}

/// Says what has become of a run that ends by itself.
fn conclude(ending: Ending) -> anyhow::Result<()> {
    let tally = ending.tally;
    let said = format!(
        "{} accepted, {} there already, {} filtered, {} rejected, {} not delivered",
        tally.accepted, tally.already_there, tally.filtered, tally.rejected, ending.pending
    );
    if ending.is_good() {
        tracing::info!("everything was read: {said}");
        return Ok(());
    }
    match ending.is_whole {
        true => tracing::error!("everything was read, and not everything is stored: {said}"),
        false => tracing::error!("not everything was read: {said}"),
    }
    Err(Failed.into())
}

/// The file to read; `None` where the command line says it all.
fn config(arguments: &RunArguments) -> anyhow::Result<Option<&Path>> {
    if arguments.pipeline.is_some() {
        return Ok(None);
    }
    if let Some(config) = &arguments.config {
        return Ok(Some(config));
    }
    let usual = Path::new(CONFIG);
    if !usual.exists() {
        let text = format!(
            "there is no {CONFIG}; name a configuration with `--config FILE`, or say what to read: \
             `logmill run --pipeline NAME PATH…`"
        );
        return Err(Misused(text).into());
    }
    Ok(Some(usual))
}

fn zero_config(arguments: &RunArguments) -> ZeroConfig {
    ZeroConfig {
        pipeline: arguments.pipeline.clone().unwrap_or_default(),
        service: arguments.service.clone(),
        paths: arguments.paths.clone(),
        elasticsearch: arguments.elasticsearch.clone(),
        // A run that ends may go on beside the agent that has the usual address.
        listen: match arguments.once {
            true => Some(
                arguments
                    .listen
                    .clone()
                    .unwrap_or_else(|| "127.0.0.1:0".to_owned()),
            ),
            false => arguments.listen.clone(),
        },
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
