//! From the settings of an input to what runs: its lane, and what the source has to know of it.

mod own;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::{
    AgentSettings, Diagnostic, Diagnostics, Form, HashRule, IndexName, InputSettings, OutputSettings, Place,
    Settings, Spanned, Wrapping,
};
use crate::derive::{
    Enrolment, GatherSpec, KeyedHash, Label, LabelSource, MetricSpec, Registry, Rules, SpecError,
    backlog_specs,
};
use crate::encode::Template;
use crate::format::w3c;
use crate::lane::{Lane, Late};
use crate::pipeline::{FrameStart, HostWords, Library, Pipeline, compile};
use crate::source::{self, FrameRule, Globs, Watch};

/// Compiles every input; `None` when the diagnostics have an error. Only when all of them can be used is anything
/// registered.
pub fn build_all(
    settings: &Settings,
    library: &Library,
    registry: &Registry,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Watch>> {
    let mut enrolment = registry.enrol();
    let parts = compile_all(settings, library, &mut enrolment, diagnostics);
    let parts: Option<Vec<Parts>> = parts.into_iter().collect();
    let parts = parts.filter(|_| !diagnostics.has_errors())?;
    let mut rules = registry.register(enrolment).into_iter();
    let mut next = || rules.next().unwrap_or_default();
    let watches = parts
        .into_iter()
        .map(|parts| parts.build(settings, registry, next(), next()));
    Some(watches.collect())
}

/// Compiles every input as far as that goes without others noticing; `None` stands for one that has mistakes.
pub fn compile_all<'s>(
    settings: &'s Settings,
    library: &Library,
    enrolment: &mut Enrolment,
    diagnostics: &mut Diagnostics,
) -> Vec<Option<Parts<'s>>> {
    let inputs = settings.inputs.iter();
    let parts: Vec<_> = inputs
        .map(|input| Parts::compile(input, settings, library, enrolment, diagnostics))
        .collect();
    if let Some(hash) = &settings.metrics.hash {
        tell_unknown(&hash.labels, parts.iter().flatten(), diagnostics);
    }
    parts
}

/// An input compiled, but for its metric rules.
pub struct Parts<'s> {
    input: &'s InputSettings,
    pub pipeline: Arc<Pipeline>,
    globs: Globs,
}

/// Warns of labels that no metric has: whoever wants them hashed may have misspelt them.
fn tell_unknown<'l>(
    names: &[Spanned<String>],
    inputs: impl Iterator<Item = &'l Parts<'l>>,
    diagnostics: &mut Diagnostics,
) {
    let of_input = |parts: &'l Parts<'l>| {
        let counted = parts.pipeline.metrics.iter().flat_map(|spec| &spec.labels);
        counted.chain(parts.pipeline.gathered.iter().flat_map(|spec| &spec.labels))
    };
    let given = inputs
        .flat_map(of_input)
        .filter(|label| label.source.field().is_some());
    let known: BTreeSet<&str> = given.map(|label| label.name.as_str()).collect();
    for name in names.iter().filter(|name| !known.contains(name.value.as_str())) {
        let known: Vec<&str> = known.iter().copied().collect();
        let help = match known.is_empty() {
            true => "remove it: no metric of any input has a label from a field".to_owned(),
            false => format!("there are: {}", known.join(", ")),
        };
        diagnostics.push(
            Diagnostic::warning(format!(
                "no metric has a label `{}`, so nothing is hashed",
                name.value
            ))
            .at_value(name, "")
            .help(help),
        );
    }
}

impl<'s> Parts<'s> {
    /// Its metrics are enrolled: first those of events as they happen, then those of old ones.
    fn compile(
        input: &'s InputSettings,
        settings: &Settings,
        library: &Library,
        enrolment: &mut Enrolment,
        diagnostics: &mut Diagnostics,
    ) -> Option<Parts<'s>> {
        let file = library.named(&input.pipeline, diagnostics)?;
        let host = HostWords {
            format: input.format.clone(),
            timezone: input.timezone.clone(),
            fields: input
                .labels
                .keys()
                .map(|label| format!("labels.{label}"))
                .collect(),
        };
        let pipeline = Arc::new(compile(&file, library, &host, diagnostics)?);
        let service = input.service.as_deref().unwrap_or(&pipeline.name);
        let (mut counted, mut gathered) = (pipeline.metrics.clone(), pipeline.gathered.clone());
        let labels = metric_labels(input, &settings.inputs);
        if settings.metrics.native_histograms {
            counted.iter_mut().for_each(MetricSpec::make_native);
        }
        if let Some(hash) = &settings.metrics.hash {
            hash_labels(hash, &mut counted, &mut gathered);
        }
        let lists = counted.iter_mut().map(|spec| &mut spec.labels);
        lists
            .chain(gathered.iter_mut().map(|spec| &mut spec.labels))
            .for_each(|list| add_labels(&labels, list));
        let old = backlog_specs(input.backlog, &counted);
        let added = enrolment
            .add(counted, gathered, service)
            .and_then(|()| enrolment.add(old, Vec::new(), service));
        if let Err(errors) = added {
            for error in errors {
                diagnostics.push(of_metric(&error, input));
            }
            return None;
        }
        if let Some(error) = index_mistake(input, &pipeline, &settings.output) {
            diagnostics.push(error);
            return None;
        }
        if let Some(error) = wrapper_mistake(input, &pipeline) {
            diagnostics.push(error);
            return None;
        }
        own::tell(input, settings, diagnostics);
        match globs(input, &own::globs(settings)) {
            Ok(globs) => Some(Parts {
                input,
                pipeline,
                globs,
            }),
            Err(error) => {
                diagnostics
                    .push(Diagnostic::error(error.to_string()).at_value(&input.pipeline, "of this input"));
                None
            }
        }
    }

    /// `rules` count its events, `old` those that are old when they are read.
    fn build(self, settings: &Settings, registry: &Registry, rules: Rules, old: Rules) -> Watch {
        let Parts {
            input,
            pipeline,
            globs,
        } = self;
        let agent = &settings.agent;
        let late = Late::new(&pipeline.schema, registry.lag(&input.name));
        let lane = Lane {
            name: input.name.clone(),
            template: template(input, &pipeline, agent, &settings.output),
            rules,
            late: late.with_backlog(input.backlog, input.backlog_after, old),
            pipeline: Arc::clone(&pipeline),
        };
        Watch {
            lane: Arc::new(lane),
            globs,
            frame: Arc::new(frame_rule(&pipeline, agent.line_bytes_max, input.wrapper)),
            start_at: input.start_at,
        }
    }
}

/// Every label that some input gives its metrics, with the value that this one gives it: a metric's series all have the
/// same labels. To Prometheus an empty label is none.
fn metric_labels(input: &InputSettings, all: &[InputSettings]) -> Vec<Label> {
    let names: BTreeSet<&String> = all.iter().flat_map(|input| input.metric_labels.keys()).collect();
    let labels = names.into_iter().map(|name| Label {
        name: name.clone(),
        source: LabelSource::Const(input.metric_labels.get(name).cloned().unwrap_or_default()),
    });
    labels.collect()
}

/// Has metrics show hashes in the labels that `hash` names.
fn hash_labels(hash: &HashRule, counted: &mut [MetricSpec], gathered: &mut [GatherSpec]) {
    let key = KeyedHash::new(hash.key.expose().as_bytes());
    let names: Vec<String> = hash.labels.iter().map(|name| name.value.clone()).collect();
    for spec in counted {
        spec.hashed.add(&names, &key, &spec.labels);
    }
    for spec in gathered {
        spec.hashed.add(&names, &key, &spec.labels);
    }
}

/// Adds those that a metric does not have itself.
fn add_labels(labels: &[Label], to: &mut Vec<Label>) {
    for label in labels {
        if !to.iter().any(|own| own.name == label.name) {
            to.push(label.clone());
        }
    }
}

/// Points at the line of the metric, and names that of the one that it does not agree with.
fn of_metric(error: &SpecError, input: &InputSettings) -> Diagnostic {
    let diagnostic = Diagnostic::error(error.to_string());
    let diagnostic = match &error.here {
        Some(place) => diagnostic.at(Place::clone(place)),
        None => diagnostic.at_value(&input.pipeline, "in this pipeline"),
    };
    match &error.there {
        Some(there) => {
            let (line, _) = there.file.line_column(there.span.start);
            diagnostic.help(format!("the other is in line {line} of {}", there.file.name()))
        }
        None => diagnostic,
    }
}

/// The globs of an input, which never are of files that the agent itself writes.
fn globs(input: &InputSettings, own: &[String]) -> Result<Globs, source::GlobError> {
    let texts =
        |globs: &[Spanned<String>]| -> Vec<String> { globs.iter().map(|glob| glob.value.clone()).collect() };
    let exclude = [&texts(&input.exclude), own].concat();
    Globs::compile(&texts(&input.paths), &exclude)
}

/// The index that the documents go to.
fn index(input: &InputSettings, pipeline: &Pipeline, output: &OutputSettings) -> String {
    let dataset = input.dataset.as_deref().unwrap_or(&pipeline.dataset);
    match output {
        OutputSettings::Elasticsearch(settings) => {
            let namespace = input.namespace.as_deref().unwrap_or(&settings.namespace);
            settings
                .index
                .render(dataset, namespace, input.service.as_deref())
        }
        OutputSettings::File(_) | OutputSettings::Stdout => {
            let namespace = input.namespace.as_deref().unwrap_or("default");
            format!("logs-{dataset}-{namespace}")
        }
    }
}

/// A name that the server refuses would keep every document waiting.
fn index_mistake(input: &InputSettings, pipeline: &Pipeline, output: &OutputSettings) -> Option<Diagnostic> {
    if !matches!(output, OutputSettings::Elasticsearch(_)) {
        return None;
    }
    let index = index(input, pipeline, output);
    let mistake = IndexName::mistake(&index)?;
    let error = Diagnostic::error(format!(
        "the index `{index}` of this input cannot be called so: {mistake}"
    ));
    Some(error.at_value(&input.pipeline, "of this input").help(
        "write the input's `service` in lower case, or name the index in [elasticsearch] without `{service}`",
    ))
}

fn template(
    input: &InputSettings,
    pipeline: &Pipeline,
    agent: &AgentSettings,
    output: &OutputSettings,
) -> Template {
    let dataset = input.dataset.as_deref().unwrap_or(&pipeline.dataset);
    let index = index(input, pipeline, output);
    let with_id = match output {
        OutputSettings::Elasticsearch(settings) => settings.document_ids,
        OutputSettings::File(_) | OutputSettings::Stdout => true,
    };
    let dataset = ("event.dataset".to_owned(), dataset.to_owned());
    // What the line or the pipeline says of these is better than a guess, and no better than what the user says.
    let mut defaults = vec![("host.name".to_owned(), agent.host_name.clone())];
    let mut constants = Vec::new();
    match input.dataset {
        Some(_) => constants.push(dataset),
        None => defaults.push(dataset),
    }
    if let Some(service) = &input.service {
        constants.push(("service.name".to_owned(), service.clone()));
    }
    for (label, value) in &input.labels {
        constants.push((format!("labels.{label}"), value.clone()));
    }
    Template::new(&pipeline.schema, &index, with_id, &constants, &defaults)
}

/// What is not read line by line cannot be taken out of a container's lines.
fn wrapper_mistake(input: &InputSettings, pipeline: &Pipeline) -> Option<Diagnostic> {
    let rule = &pipeline.frame.rule;
    input.wrapper.or(rule.wrapper)?;
    let why = match (rule.form, pipeline.has_header()) {
        (Form::Journal, _) => "its entries are not lines",
        (_, true) => "the columns stand in lines of the file itself",
        _ => return None,
    };
    let error = Diagnostic::error(format!(
        "pipeline `{}` cannot read what a container runtime has wrapped: {why}",
        pipeline.name
    ));
    Some(error.at_value(&input.pipeline, "of this input").help(
        "take `wrapper` away, or have the service write this log to a file of its own and name that in `paths`",
    ))
}

/// How the bytes of a log become events. What the input says of the wrapper goes before what the pipeline says.
pub fn frame_rule(pipeline: &Arc<Pipeline>, line_bytes_max: usize, wrapping: Wrapping) -> FrameRule {
    let rule = &pipeline.frame.rule;
    let question = |asked: bool, ask: fn(&FrameStart, &[u8]) -> bool| {
        asked.then(|| {
            let pipeline = Arc::clone(pipeline);
            Arc::new(move |line: &[u8]| ask(&pipeline.frame, line)) as source::IsStart
        })
    };
    FrameRule {
        wrapper: wrapping.or(rule.wrapper),
        form: rule.form,
        start: question(!pipeline.frame.every_line(), FrameStart::begins),
        lead: question(!rule.lead.is_empty(), FrameStart::leads),
        skip: question(!rule.skip.is_empty(), FrameStart::skips),
        header: pipeline.has_header().then_some(header),
        line_bytes_max,
        event_bytes_max: rule.bytes_max,
        event_lines_max: rule.lines_max,
        flush: rule.flush,
    }
}

/// Puts what a clock keeps of the last header in `lines` into `found`, if there is one.
fn header(lines: &[u8], found: &mut Vec<u8>) -> bool {
    let Some(pieces) = w3c::header(lines) else {
        return false;
    };
    found.clear();
    pieces.iter().for_each(|piece| found.extend_from_slice(piece));
    true
}

#[cfg(test)]
mod tests;
