//! The server that the configuration names, for the commands that speak to it without an agent.

use std::path::Path;

use anyhow::{Context, bail};
use reqwest::Url;
use tokio::runtime::Runtime;

use super::{Refused, Terminal};
use crate::agent;
use crate::config::{Diagnostics, ElasticsearchSettings, OutputSettings, Settings};
use crate::ship::Client;

/// The settings in `config`; what is wrong with them has been said.
pub fn settings(config: &Path, terminal: Terminal) -> anyhow::Result<Settings> {
    let mut diagnostics = Diagnostics::new();
    let settings = agent::settings(config, &mut diagnostics);
    terminal.report(&diagnostics)?;
    settings.ok_or_else(|| Refused.into())
}

pub fn elasticsearch(settings: &Settings) -> anyhow::Result<&ElasticsearchSettings> {
    match &settings.output {
        OutputSettings::Elasticsearch(settings) => Ok(settings),
        OutputSettings::File(_) | OutputSettings::Stdout => {
            bail!("the configuration has no [elasticsearch]; this command speaks to one")
        }
    }
}

pub fn client(settings: &ElasticsearchSettings) -> anyhow::Result<Client> {
    Client::new(settings).context("cannot use [elasticsearch]")
}

/// A client for the server at `url`, without credentials.
pub fn client_of_url(url: &Url) -> anyhow::Result<Client> {
    Client::new(&ElasticsearchSettings::at(url.clone())).with_context(|| format!("cannot use {url}"))
}

/// A runtime for one question and its answer.
pub fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
}
