//! `logmill setup`: the index template, put in place.

use std::io::Write;

use anyhow::Context;

use super::server::{client, client_of_url, elasticsearch, runtime, settings};
use super::{SetupArguments, Terminal, out};
use crate::ship::{self, Installed, TemplateSettings};

pub fn run(arguments: &SetupArguments, terminal: Terminal) -> anyhow::Result<()> {
    let mut template = TemplateSettings {
        data_stream: !arguments.plain_indexes,
        ..TemplateSettings::default()
    };
    let client = match &arguments.elasticsearch {
        Some(url) => client_of_url(url)?,
        None => {
            let settings = settings(&arguments.config.config, terminal)?;
            let elasticsearch = elasticsearch(&settings)?;
            template.index_patterns = vec![elasticsearch.index.pattern()];
            client(elasticsearch)?
        }
    };
    if !arguments.indexes.is_empty() {
        template.index_patterns = arguments.indexes.clone();
    }
    let installed = runtime()?
        .block_on(ship::setup(&client, &template))
        .context("cannot put the index template in place")?;
    let indexes = template.index_patterns.join(", ");
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
