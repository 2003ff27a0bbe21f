//! `logmill health`: whether the agent answers, for health checks of containers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context;

use super::{Failed, HealthArguments};
use crate::config::Secret;

/// How long the agent may take for each step of its answer.
const PATIENCE: Duration = Duration::from_secs(3);

pub fn run(arguments: &HealthArguments) -> anyhow::Result<()> {
    let address: SocketAddr = arguments.listen.parse().with_context(|| {
        format!(
            "{:?} is no address; write it like 127.0.0.1:9598",
            arguments.listen
        )
    })?;
    let answer = get(address, "/healthz", None).with_context(|| format!("no agent answers at {address}"))?;
    let (status, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    println!("{}", body.trim());
    if status.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err(Failed.into())
    }
}

/// The whole answer to a GET, head and body; `authorization` is the value of that header.
pub fn get(address: SocketAddr, path: &str, authorization: Option<&Secret>) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n"
    )?;
    if let Some(authorization) = authorization {
        write!(stream, "Authorization: {}\r\n", authorization.expose())?;
    }
    stream.write_all(b"\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
