//! `logmill health`: whether the agent answers, for health checks of containers.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};

use super::ask::{Over, get};
use super::server::settings;
use super::{Failed, HealthArguments, Terminal, out};

/// Where an agent listens that was not told otherwise.
const USUAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9598);

pub fn run(arguments: &HealthArguments, terminal: Terminal) -> anyhow::Result<()> {
    let settings = match &arguments.config {
        Some(config) => Some(settings(config, terminal)?),
        None => None,
    };
    let said = settings.as_ref().map(|settings| settings.agent.listen);
    let address = arguments.listen.or(said).unwrap_or(USUAL);
    let identity = settings
        .as_ref()
        .and_then(|settings| settings.endpoint.identity.as_ref());
    let over = match identity {
        Some(identity) => Over::TlsWith(identity),
        None if arguments.tls => Over::Tls,
        None => Over::Plain,
    };
    let answer = get(address, over, "/healthz", None)?;
    let (status, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    writeln!(out::stdout(), "{}", body.trim())?;
    if status.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err(Failed.into())
    }
}
