//! `logmill health`: whether the agent answers, for health checks of containers.

use std::io::Write;

use anyhow::Context;

use super::ask::{Over, get};
use super::{Failed, HealthArguments, out};

pub fn run(arguments: &HealthArguments) -> anyhow::Result<()> {
    let address = arguments.listen;
    let over = if arguments.tls { Over::Tls } else { Over::Plain };
    let answer =
        get(address, over, "/healthz", None).with_context(|| format!("no agent answers at {address}"))?;
    let (status, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    writeln!(out::stdout(), "{}", body.trim())?;
    if status.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err(Failed.into())
    }
}
