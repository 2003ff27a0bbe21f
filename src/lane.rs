//! An input, ready to run: what a worker needs of it, and what the source needs of it.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{
    AgentSettings, Backlog, Diagnostic, Diagnostics, Form, InputSettings, OutputSettings, Settings, StartAt,
    Wrapper,
};
use crate::derive::{Ages, Lag, Registry, Rules};
use crate::encode::{TIMESTAMP, Template};
use crate::event::{FieldId, Timestamp};
use crate::pipeline::{FrameStart, HostWords, Library, Pipeline, compile};
use crate::source::{self, FrameRule, Globs, Watch};

/// What a worker needs of an input.
#[derive(Debug)]
pub struct Lane {
    /// The input's name, for its books.
    pub name: String,
    pub pipeline: Arc<Pipeline>,
    pub template: Template,
    pub rules: Rules,
    pub late: Late,
}

/// What is made of the time of events when they are counted.
#[derive(Debug, Default)]
pub struct Late {
    /// When an event happened.
    pub at: Option<FieldId>,
    /// Events that are older when they are read count by `rules`; `None`: there are no such.
    pub after: Option<Duration>,
    pub rules: Rules,
    pub lag: Arc<Lag>,
}

impl Late {
    /// For the events of a chunk that is read `now`.
    pub fn ages(&self, now: Timestamp) -> Ages {
        Ages::new(now, self.after)
    }
}

/// The names of the inputs, under which their books are kept from run to run: what is read for whom, and a number
/// where two are alike.
pub fn names(inputs: &[InputSettings]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for input in inputs {
        let name = match &input.service {
            Some(service) => format!("{service}/{}", input.pipeline.value),
            None => input.pipeline.value.clone(),
        };
        let numbered = (2..).map(|number| format!("{name}#{number}"));
        let free = std::iter::once(name.clone())
            .chain(numbered)
            .find(|name| !names.contains(name));
        names.extend(free);
    }
    names
}

/// Compiles one input. Its place in the list of watches is `index`.
pub fn build(
    input: &InputSettings,
    name: &str,
    index: usize,
    settings: &Settings,
    library: &Library,
    registry: &Registry,
    diagnostics: &mut Diagnostics,
) -> Option<(Arc<Lane>, Watch)> {
    let agent = &settings.agent;
    if !library.has(&input.pipeline) {
        diagnostics.push(library.unknown(&input.pipeline));
        return None;
    }
    let host = HostWords {
        format: input.format.clone(),
        timezone: input.timezone.clone(),
    };
    let file = library.pipeline(&input.pipeline, diagnostics)?;
    let pipeline = Arc::new(compile(&file, library, &host, diagnostics)?);
    let service = input.service.as_deref().unwrap_or(&pipeline.name);
    let rules = registry
        .rules(&pipeline.metrics, &pipeline.gathered, service)
        .and_then(|rules| {
            let old = registry.backlog_rules(input.backlog, &pipeline.metrics, service)?;
            Ok((rules, old))
        });
    let (rules, old) = match rules {
        Ok(both) => both,
        Err(errors) => {
            for error in errors {
                diagnostics
                    .push(Diagnostic::error(error.to_string()).at_value(&input.pipeline, "in this pipeline"));
            }
            return None;
        }
    };
    let globs = match globs(input) {
        Ok(globs) => globs,
        Err(error) => {
            diagnostics.push(Diagnostic::error(error.to_string()).at_value(&input.pipeline, "of this input"));
            return None;
        }
    };
    let lane = Lane {
        name: name.to_owned(),
        template: template(input, &pipeline, agent, &settings.output),
        rules,
        late: Late {
            at: pipeline.schema.get(TIMESTAMP),
            after: (input.backlog != Backlog::Count).then_some(input.backlog_after),
            rules: old,
            lag: registry.lag(name),
        },
        pipeline: Arc::clone(&pipeline),
    };
    let watch = Watch {
        index,
        name: name.to_owned(),
        globs,
        frame: Arc::new(frame_rule(&pipeline, agent.line_bytes_max, input.wrapper)),
        start_at: match input.start_at {
            StartAt::Beginning => source::StartAt::Beginning,
            StartAt::End => source::StartAt::End,
        },
    };
    Some((Arc::new(lane), watch))
}

fn globs(input: &InputSettings) -> Result<Globs, source::GlobError> {
    let texts = |globs: &[crate::config::Spanned<String>]| -> Vec<String> {
        globs.iter().map(|glob| glob.value.clone()).collect()
    };
    Globs::compile(&texts(&input.paths), &texts(&input.exclude))
}

fn template(
    input: &InputSettings,
    pipeline: &Pipeline,
    agent: &AgentSettings,
    output: &OutputSettings,
) -> Template {
    let dataset = input.dataset.as_deref().unwrap_or(&pipeline.dataset);
    let (index, with_id) = match output {
        OutputSettings::Elasticsearch(settings) => {
            let namespace = input.namespace.as_deref().unwrap_or(&settings.namespace);
            let index = settings
                .index
                .render(dataset, namespace, input.service.as_deref());
            (index, settings.document_ids)
        }
        OutputSettings::File(_) | OutputSettings::Stdout => {
            let namespace = input.namespace.as_deref().unwrap_or("default");
            (format!("logs-{dataset}-{namespace}"), true)
        }
    };
    let mut constants = vec![
        ("event.dataset".to_owned(), dataset.to_owned()),
        ("host.name".to_owned(), agent.host_name.clone()),
    ];
    if let Some(service) = &input.service {
        constants.push(("service.name".to_owned(), service.clone()));
    }
    for (label, value) in &input.labels {
        constants.push((format!("labels.{label}"), value.clone()));
    }
    Template::new(&pipeline.schema, &index, with_id, &constants)
}

/// How the bytes of a log become events. What the input says of the wrapper goes before what the pipeline says.
pub fn frame_rule(pipeline: &Arc<Pipeline>, line_bytes_max: usize, wrapper: Option<Wrapper>) -> FrameRule {
    let rule = &pipeline.frame.rule;
    let question = |asked: bool, ask: fn(&FrameStart, &[u8]) -> bool| {
        asked.then(|| {
            let pipeline = Arc::clone(pipeline);
            Arc::new(move |line: &[u8]| ask(&pipeline.frame, line)) as source::IsStart
        })
    };
    FrameRule {
        wrapper: match wrapper.unwrap_or(rule.wrapper) {
            Wrapper::None => None,
            Wrapper::Docker => Some(source::Wrapper::Docker),
            Wrapper::Cri => Some(source::Wrapper::Cri),
            Wrapper::Auto => Some(source::Wrapper::Auto),
        },
        form: match rule.form {
            Form::Lines => source::Form::Lines,
            Form::Quoted => source::Form::Quoted,
            Form::Journal => source::Form::Journal,
        },
        start: question(!pipeline.frame.every_line(), FrameStart::begins),
        lead: question(!rule.lead.is_empty(), FrameStart::leads),
        skip: question(!rule.skip.is_empty(), FrameStart::skips),
        line_bytes_max,
        event_bytes_max: rule.bytes_max,
        event_lines_max: rule.lines_max,
        flush: rule.flush,
    }
}
