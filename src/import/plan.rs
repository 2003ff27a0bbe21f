//! What is to be written: a configuration and its pipelines, before they are text.

use serde_json::Value;

use super::pipeline::Pipeline;
use crate::pipeline::{Library, name_like};

/// Everything that comes out of an import.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Keys of `[agent]`.
    pub agent: Vec<(&'static str, Value)>,
    pub output: Option<Output>,
    pub inputs: Vec<Input>,
    pub pipelines: Vec<Pipeline>,
}

/// The table of an output and its keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    pub table: &'static str,
    pub keys: Vec<(&'static str, Value)>,
}

/// `[[input]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// What its reader has to do, if anything.
    pub comment: Option<String>,
    pub paths: Vec<String>,
    pub exclude: Vec<String>,
    pub pipeline: String,
    pub service: Option<String>,
    pub labels: Vec<(String, String)>,
    pub from_end: bool,
    pub wrapper: Option<&'static str>,
}

impl Plan {
    /// A name for a pipeline that no other has, and no shipped one.
    pub fn free_name(&self, wanted: &str) -> String {
        let wanted = name_like(wanted).unwrap_or_else(|| "imported".to_owned());
        let library = Library::shipped();
        let taken =
            |name: &str| library.has(name) || self.pipelines.iter().any(|pipeline| pipeline.name == name);
        let mut name = wanted.clone();
        let mut number = 2;
        if library.has(&name) {
            name = format!("{wanted}-own");
        }
        while taken(&name) {
            name = format!("{wanted}-{number}");
            number += 1;
        }
        name
    }

    /// Adds the pipeline and gives its name; one that does nothing is `plain`.
    pub fn add(&mut self, pipeline: Pipeline) -> String {
        if pipeline.is_plain() {
            return "plain".to_owned();
        }
        // Two sources of the same form share one.
        let same = |other: &&Pipeline| {
            let named = Pipeline {
                name: pipeline.name.clone(),
                ..(*other).clone()
            };
            named == pipeline
        };
        if let Some(other) = self.pipelines.iter().find(same) {
            return other.name.clone();
        }
        let name = pipeline.name.clone();
        self.pipelines.push(pipeline);
        name
    }
}
