//! `logmill setup`: the index template, put in place.

use std::io::Write;

use anyhow::Context;

use super::server::{client, client_of_url, elasticsearch, runtime, settings};
use super::{SetupArguments, Terminal, out};
use crate::ship::{self, Installed, TemplateSettings};

pub fn run(arguments: &SetupArguments, terminal: Terminal) -> anyhow::Result<()> {
    let client = match &arguments.elasticsearch {
        Some(url) => client_of_url(url)?,
        None => client(elasticsearch(&settings(&arguments.config.config, terminal)?)?)?,
    };
    let template = TemplateSettings {
        index_patterns: arguments.indexes.clone(),
        data_stream: !arguments.plain_indexes,
        ..TemplateSettings::default()
    };
    let installed = runtime()?
        .block_on(ship::setup(&client, &template))
        .context("cannot put the index template in place")?;
    let indexes = arguments.indexes.join(", ");
    let what = match installed {
        Installed::DataStream => "data streams",
        Installed::PlainIndex => "plain indexes",
    };
    writeln!(
        out::stdout(),
        "template `{}`: {indexes} are {what}",
        template.name
    )?;
    Ok(())
}
