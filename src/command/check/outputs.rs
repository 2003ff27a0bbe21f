//! Whether the outputs would take the events.

use std::collections::BTreeSet;
use std::io::Write;

use super::Complaints;
use crate::command::out;
use crate::command::server::{client, runtime};
use crate::config::{ElasticsearchSettings, InputSettings, OutputSettings};
use crate::ship::{self, TemplateSettings};

/// Where the events of an input go.
#[derive(Debug)]
pub struct Target {
    settings: Box<ElasticsearchSettings>,
    index: String,
}

impl Target {
    /// `None` for an output that is no server.
    pub fn of(input: &InputSettings, dataset: &str, output: &OutputSettings) -> Option<Target> {
        let OutputSettings::Elasticsearch(settings) = output else {
            return None;
        };
        let dataset = input.dataset.as_deref().unwrap_or(dataset);
        let namespace = input.namespace.as_deref().unwrap_or(&settings.namespace);
        let service = input.service.as_deref();
        Some(Target {
            index: settings.index.render(dataset, namespace, service),
            settings: settings.clone(),
        })
    }
}

/// Asks every host of the targets whether it would take events for them, says what it answers, and counts what is
/// wrong.
pub fn ask(targets: &[Target]) -> anyhow::Result<Complaints> {
    let mut complaints = Complaints::default();
    let Some(first) = targets.first() else {
        return Ok(complaints);
    };
    // There is one output; what differs from input to input is the index.
    let client = client(&first.settings)?;
    let indexes: BTreeSet<&str> = targets.iter().map(|target| target.index.as_str()).collect();
    let runtime = runtime()?;
    let mut said = BTreeSet::new();
    let mut err = out::stderr();
    for index in indexes {
        let probes = runtime.block_on(ship::probe(&client, index, &TemplateSettings::default()));
        for probe in probes {
            let errors = probe.findings.iter().any(ship::Finding::is_error);
            let mut say = |line: String| match said.insert(line.clone()) {
                true => writeln!(err, "{line}").map(|()| true),
                false => Ok(false),
            };
            for finding in &probe.findings {
                let (level, counted) = match finding.is_error() {
                    true => ("error", &mut complaints.errors),
                    false => ("warning", &mut complaints.warnings),
                };
                *counted += usize::from(say(format!("{level}: {} {finding}", probe.host))?);
            }
            if !errors {
                let product = probe.product.map(|product| format!("is {product} and "));
                say(format!(
                    "{} {}takes events",
                    probe.host,
                    product.unwrap_or_default()
                ))?;
            }
        }
    }
    Ok(complaints)
}
