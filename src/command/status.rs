//! `logmill status`: the books and the files, from the running agent or from its state directory.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use anyhow::bail;
use serde_json::Value;

use super::ask::{Over, get};
use super::server::settings;
use super::{CONFIG, StatusArguments, Terminal, out};
use crate::agent;
use crate::config::EndpointSettings;
use crate::state::{Ledger, Recovery};

pub fn run(arguments: &StatusArguments, terminal: Terminal) -> anyhow::Result<()> {
    let (status, from) = match (&arguments.listen, &arguments.config) {
        (Some(address), None) => (
            ask(*address, &EndpointSettings::default())?,
            format!("the agent at {address}"),
        ),
        (address, config) => {
            let settings = settings(config.as_deref().unwrap_or(Path::new(CONFIG)), terminal)?;
            let listen = address.unwrap_or(settings.agent.listen);
            match (ask(listen, &settings.endpoint), address) {
                (Ok(status), _) => (status, format!("the agent at {listen}")),
                (Err(error), Some(_)) => return Err(error),
                // It does not run, or somebody else has its address: the state directory knows as well.
                (Err(error), None) => (
                    read(&settings.agent.state_dir)?,
                    format!(
                        "the state directory {}: {error:#}",
                        settings.agent.state_dir.display()
                    ),
                ),
            }
        }
    };
    let mut out = out::stdout();
    if arguments.json {
        writeln!(out, "{status:#}")?;
    } else {
        writeln!(out, "from {from}\n")?;
        show(&status, &mut out)?;
    }
    Ok(())
}

fn ask(address: SocketAddr, endpoint: &EndpointSettings) -> anyhow::Result<Value> {
    let over = endpoint.identity.as_ref().map_or(Over::Plain, Over::TlsWith);
    let answer = get(address, over, "/status", endpoint.authorization.as_ref())?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(serde_json::from_str(body)?),
        Some((head, _)) if head.starts_with("HTTP/1.1 401") => {
            bail!(
                "the agent at {address} asks for credentials; name the configuration that has them with `--config`"
            )
        }
        _ => bail!("what answers at {address} is no logmill"),
    }
}

fn read(state_dir: &Path) -> anyhow::Result<Value> {
    if !state_dir.is_dir() {
        bail!(
            "there is no state directory {}; no agent ever ran with it",
            state_dir.display()
        );
    }
    let ledger = Ledger::peek(state_dir)?;
    if ledger.recovery() == Recovery::Lost {
        bail!(
            "no checkpoint in {} can be read; the next `logmill run` says what is wrong with it and reads every file from its beginning",
            state_dir.display()
        );
    }
    Ok(agent::status(&ledger))
}

fn show(status: &Value, out: &mut impl Write) -> io::Result<()> {
    let rows = |name: &str| status[name].as_array().cloned().unwrap_or_default();
    let number = |row: &Value, name: &str| row[name].as_u64().unwrap_or_default();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    writeln!(
        out,
        "{:>12} {:>12} {:>12} {:>10} {:>10} {:>10}  input",
        "read", "accepted", "there", "filtered", "rejected", "pending"
    )?;
    for row in rows("inputs") {
        writeln!(
            out,
            "{:>12} {:>12} {:>12} {:>10} {:>10} {:>10}  {}",
            number(&row, "read"),
            number(&row, "accepted"),
            number(&row, "already_there"),
            number(&row, "filtered"),
            number(&row, "rejected"),
            number(&row, "pending"),
            text(&row, "input")
        )?;
        if row["held"] == true {
            writeln!(
                out,
                "{:>79}its documents are not taken now: see the agent's log, and `logmill rejects list`",
                ""
            )?;
        }
    }
    writeln!(out, "\n{:>14} {:>14}  file", "bytes", "settled")?;
    for row in rows("files") {
        writeln!(
            out,
            "{:>14} {:>14}  {}",
            number(&row, "size").max(number(&row, "settled")),
            number(&row, "settled"),
            text(&row, "path")
        )?;
    }
    let memory = rows("memory");
    if !memory.is_empty() {
        writeln!(
            out,
            "\n{:>14} {:>14}  share of memory_max, bytes",
            "taken", "limit"
        )?;
    }
    for row in memory {
        let (taken, limit) = (number(&row, "taken"), number(&row, "limit"));
        writeln!(out, "{taken:>14} {limit:>14}  {}", text(&row, "share"))?;
    }
    let over = rows("metrics_over_budget");
    if !over.is_empty() {
        writeln!(
            out,
            "\n{:>14} {:>14}  metric over its budget",
            "events in other", "series_max"
        )?;
    }
    for row in over {
        writeln!(
            out,
            "{:>14} {:>14}  {}",
            number(&row, "events_folded"),
            number(&row, "series_max"),
            text(&row, "metric")
        )?;
        let examples = row["label_examples"].as_array().cloned().unwrap_or_default();
        let examples: Vec<&str> = examples.iter().filter_map(Value::as_str).collect();
        if !examples.is_empty() {
            writeln!(
                out,
                "{:>31}its label `{}` has {} values, such as {}",
                "",
                text(&row, "label"),
                number(&row, "label_values"),
                examples.join(", ")
            )?;
        }
    }
    if let Some(reason) = status["checkpoint"]["failing"].as_str() {
        writeln!(out, "\nthe checkpoint cannot be written: {reason}")?;
    }
    Ok(())
}
