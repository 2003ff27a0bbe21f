//! An input, ready to run: what a worker needs of it, and what the source needs of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{
    AgentSettings, Backlog, Diagnostic, Diagnostics, InputSettings, OutputSettings, Place, Settings, Wrapper,
};
use crate::derive::{Ages, Label, LabelSource, Lag, MetricSpec, Registry, Rules, SpecError, ZoneHint};
use crate::encode::{TIMESTAMP, Template};
use crate::event::{FieldId, Schema, Timestamp};
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
    pub zone: ZoneHint,
}

impl Late {
    /// Of events of `schema`, none of which is old; how old they are is told to `lag`.
    pub fn new(schema: &Schema, lag: Arc<Lag>) -> Self {
        Late {
            at: schema.get(TIMESTAMP),
            lag,
            ..Late::default()
        }
    }

    /// Events older than `after` count as `backlog` says, by the `rules` that are made for it.
    pub fn with_backlog(self, backlog: Backlog, after: Duration, rules: Rules) -> Self {
        Late {
            after: (backlog != Backlog::Count).then_some(after),
            rules,
            ..self
        }
    }

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
    let (mut counted, mut gathered) = (pipeline.metrics.clone(), pipeline.gathered.clone());
    let labels = metric_labels(input, &settings.inputs);
    if settings.metrics.native_histograms {
        counted.iter_mut().for_each(MetricSpec::make_native);
    }
    let lists = counted.iter_mut().map(|spec| &mut spec.labels);
    lists
        .chain(gathered.iter_mut().map(|spec| &mut spec.labels))
        .for_each(|list| add_labels(&labels, list));
    let rules = registry.rules(&counted, &gathered, service).and_then(|rules| {
        let old = registry.backlog_rules(input.backlog, &counted, service)?;
        Ok((rules, old))
    });
    let (rules, old) = match rules {
        Ok(both) => both,
        Err(errors) => {
            for error in errors {
                diagnostics.push(of_metric(&error, input));
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
    let late = Late::new(&pipeline.schema, registry.lag(name));
    let lane = Lane {
        name: name.to_owned(),
        template: template(input, &pipeline, agent, &settings.output),
        rules,
        late: late.with_backlog(input.backlog, input.backlog_after, old),
        pipeline: Arc::clone(&pipeline),
    };
    let watch = Watch {
        index,
        name: name.to_owned(),
        globs,
        frame: Arc::new(frame_rule(&pipeline, agent.line_bytes_max, input.wrapper)),
        start_at: input.start_at,
    };
    Some((Arc::new(lane), watch))
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
pub fn frame_rule(
    pipeline: &Arc<Pipeline>,
    line_bytes_max: usize,
    wrapper: Option<Option<Wrapper>>,
) -> FrameRule {
    let rule = &pipeline.frame.rule;
    let question = |asked: bool, ask: fn(&FrameStart, &[u8]) -> bool| {
        asked.then(|| {
            let pipeline = Arc::clone(pipeline);
            Arc::new(move |line: &[u8]| ask(&pipeline.frame, line)) as source::IsStart
        })
    };
    FrameRule {
        wrapper: wrapper.unwrap_or(rule.wrapper),
        form: rule.form,
        start: question(!pipeline.frame.every_line(), FrameStart::begins),
        lead: question(!rule.lead.is_empty(), FrameStart::leads),
        skip: question(!rule.skip.is_empty(), FrameStart::skips),
        line_bytes_max,
        event_bytes_max: rule.bytes_max,
        event_lines_max: rule.lines_max,
        flush: rule.flush,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AgentFile, SourceFile, System};
    use crate::derive::Format;
    use crate::event::{Fields, Value};

    /// Every input of a `logmill.toml`, with pipelines of its own.
    fn lanes(inputs: &str, pipelines: &[(&str, &str)]) -> (Vec<Arc<Lane>>, Registry, String) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in pipelines {
            std::fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
        }
        let mut diagnostics = Diagnostics::new();
        let text = format!("[stdout]\n{inputs}");
        let file = AgentFile::parse(&SourceFile::new("logmill.toml", text), &System, &mut diagnostics);
        let settings = Settings::new(&file, &System, &mut diagnostics).unwrap();
        let library = Library::with_folder(folder.path(), &mut diagnostics);
        let registry = Registry::default();
        let names = names(&settings.inputs);
        let lanes = settings.inputs.iter().zip(&names).filter_map(|(input, name)| {
            let (lane, _) = build(input, name, 0, &settings, &library, &registry, &mut diagnostics)?;
            Some(lane)
        });
        let lanes = lanes.collect();
        let said = diagnostics
            .render(false)
            .replace(&folder.path().display().to_string(), "pipelines");
        (lanes, registry, said)
    }

    fn page(registry: &Registry) -> String {
        let mut page = Vec::new();
        let totals = registry.totals(Timestamp::from_millis(0));
        totals.write(Format::Text, &mut page);
        String::from_utf8(page).unwrap()
    }

    #[test]
    fn metrics_that_do_not_agree_are_shown_where_they_are_written() {
        let counter = "[parse]\npatterns = ['{log.level} {message}']\n[[counter]]\nname = \"lines_total\"\n";
        let (lanes, _, said) = lanes(
            "[[input]]\npaths = [\"/a\"]\npipeline = \"first\"\n[[input]]\npaths = [\"/b\"]\npipeline = \"second\"\n",
            &[
                ("first", counter),
                (
                    "second",
                    &format!("description = \"second\"\n{counter}labels = {{ level = \"log.level\" }}\n"),
                ),
            ],
        );
        assert_eq!(lanes.len(), 1);
        let lines = [
            "its labels are service, level here and service elsewhere",
            "--> pipelines/second.toml:5:8",
            "^^^^^^^^^^^^^ this metric",
            "the other is in line 4 of pipelines/first.toml",
        ];
        for line in lines {
            assert!(said.contains(line), "{line:?} is not in\n{said}");
        }
    }

    #[test]
    fn labels_may_be_constant_and_have_only_some_values() {
        let pipeline = "[parse]\npatterns = ['{@timestamp:epoch} {log.level} {session.id}']\n\
            [[counter]]\nname = \"lines_total\"\nlabels = { level = \"log.level\" }\n\
            const_labels = { team = \"a \\\"b\\\"\" }\nallow = { level = [\"INFO\", 30] }\n\
            [[sessions]]\nname = \"web_active_sessions\"\nsession = \"session.id\"\nconst_labels = { team = \"web\" }\n\
            [[top]]\nname = \"web_session_lines\"\nlabels = { session = \"session.id\" }\n";
        let (lanes, registry, said) = lanes(
            "[[input]]\npaths = [\"/a\"]\npipeline = \"web\"\nmetric_labels = { zone = \"eu\", team = \"no\" }\n\
             [[input]]\npaths = [\"/b\"]\npipeline = \"web\"\n",
            &[("web", pipeline)],
        );
        assert_eq!(said, "");
        let shard = registry.shard();
        for lane in &lanes {
            let field = |name: &str| lane.pipeline.schema.get(name).unwrap();
            for level in ["INFO", "30", "x", "y"] {
                let mut fields = Fields::new(lane.pipeline.schema.len());
                fields.set(field("log.level"), Value::Text(level.as_bytes()));
                fields.set(field("session.id"), Value::Text(b"s1"));
                fields.set(field(TIMESTAMP), Value::Time(Timestamp::from_millis(0)));
                lane.rules.count(&fields, &mut shard.lock());
            }
        }
        let page = page(&registry);
        let expected = [
            "lines_total{service=\"web\",level=\"30\",team=\"a \\\"b\\\"\",zone=\"\"} 1",
            "lines_total{service=\"web\",level=\"other\",team=\"a \\\"b\\\"\",zone=\"\"} 2",
            "lines_total{service=\"web\",level=\"INFO\",team=\"a \\\"b\\\"\",zone=\"eu\"} 1",
            "web_active_sessions{service=\"web\",team=\"web\",zone=\"\"} 1",
            "web_active_sessions{service=\"web\",team=\"web\",zone=\"eu\"} 1",
            "web_session_lines{service=\"web\",team=\"no\",zone=\"eu\",session=\"s1\"} 4",
            "web_session_lines{service=\"web\",team=\"\",zone=\"\",session=\"s1\"} 4",
        ];
        for sample in expected {
            assert!(
                page.lines().any(|line| line == sample),
                "{sample} is not in\n{page}"
            );
        }
    }
}
