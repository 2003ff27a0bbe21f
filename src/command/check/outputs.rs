use std::collections::BTreeSet;
use std::io::Write;

use crate::command::server::{client, runtime};
use crate::command::{Failed, out};
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

/// Asks every host of the targets whether it would take events for them, and says what it answers.
///
/// # Errors
///
/// [`Failed`] when one would not.
pub fn ask(targets: &[Target]) -> anyhow::Result<()> {
    let Some(first) = targets.first() else {
        return Ok(());
    };
    // There is one output; what differs from input to input is the index.
    let client = client(&first.settings)?;
    let indexes: BTreeSet<&str> = targets.iter().map(|target| target.index.as_str()).collect();
    let runtime = runtime()?;
    let mut said = BTreeSet::new();
    let mut failed = false;
    let mut err = out::stderr();
    for index in indexes {
        let probes = runtime.block_on(ship::probe(&client, index, &TemplateSettings::default()));
        for probe in probes {
            let errors = probe.findings.iter().any(ship::Finding::is_error);
            failed |= errors;
            let mut lines: Vec<String> = probe
                .findings
                .iter()
                .map(|finding| {
                    let level = if finding.is_error() { "error" } else { "warning" };
                    format!("{level}: {} {finding}", probe.host)
                })
                .collect();
            if !errors {
                let product = probe.product.map(|product| format!("is {product} and "));
                lines.push(format!(
                    "{} {}takes events",
                    probe.host,
                    product.unwrap_or_default()
                ));
            }
            for line in lines {
                if said.insert(line.clone()) {
                    writeln!(err, "{line}")?;
                }
            }
        }
    }
    match failed {
        true => Err(Failed.into()),
        false => Ok(()),
    }
}
