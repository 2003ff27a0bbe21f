//! `logmill schema`: what a file may hold, as JSON Schema.

use std::io::Write;

use super::{SchemaArguments, SchemaFile, out};
use crate::config;

pub fn run(arguments: &SchemaArguments) -> anyhow::Result<()> {
    let schema = match arguments.file {
        SchemaFile::Config => config::agent_schema(),
        SchemaFile::Pipeline => config::pipeline_schema(),
    };
    writeln!(out::stdout(), "{schema:#}")?;
    Ok(())
}
