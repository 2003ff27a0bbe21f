//! `logmill schema`: what a file may hold, as JSON Schema.

use std::io::{self, Write};

use super::{SchemaArguments, SchemaFile};
use crate::config;

pub fn run(arguments: &SchemaArguments) -> anyhow::Result<()> {
    let schema = match arguments.file {
        SchemaFile::Config => config::agent_schema(),
        SchemaFile::Pipeline => config::pipeline_schema(),
    };
    writeln!(io::stdout().lock(), "{schema:#}")?;
    Ok(())
}
