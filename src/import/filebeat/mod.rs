//! `filebeat.yml`: inputs, modules, processors and the output.

mod condition;
mod input;
mod module;
mod multiline;
mod output;
mod processor;
mod yaml;

pub(super) use self::condition::{anything, containing};
pub(super) use self::input::name_of;
pub(super) use self::multiline::of as starts;

use std::sync::Arc;

use serde_json::Value;

use self::yaml::{Node, Yaml};
use super::pipeline::{Pipeline, put};
use super::plan::Plan;
use super::report::{At, Report};
use super::taken::settle;
use super::{Broken, Imported};

/// What an import has made so far.
struct Import {
    file: Arc<str>,
    plan: Plan,
    report: Report,
}

/// Settings of the whole program that have no equivalent, by how they begin, and why.
const LEFT: [(&str, &str); 13] = [
    (
        "setup",
        "`logmill setup` puts the index template in place; there are no dashboards",
    ),
    (
        "logging",
        "logmill's own log goes to standard error, where the service manager keeps it",
    ),
    (
        "queue",
        "the log files are the queue; `memory_max` in [agent] bounds what is under way",
    ),
    ("path", "`state_dir` in [agent] says where offsets are kept"),
    (
        "filebeat.registry",
        "`state_dir` in [agent] says where offsets are kept",
    ),
    (
        "filebeat.config",
        "the files that it names are not read; import each of them by itself",
    ),
    (
        "filebeat.autodiscover",
        "containers are found by their paths, with `wrapper` of an [[input]]",
    ),
    (
        "filebeat.shutdown_timeout",
        "`grace` in [agent] says how long a stop waits",
    ),
    (
        "monitoring",
        "`/metrics` and `logmill status` show the agent's own figures",
    ),
    (
        "http",
        "`listen` in [agent] is the address of /metrics and status",
    ),
    ("cloud", "name the servers in `hosts` of [elasticsearch]"),
    (
        "output",
        "there is one output; [elasticsearch], [file] and [stdout] are known",
    ),
    (
        "keystore",
        "secrets come from the environment, `${NAME}`, or from files, `${file:PATH}`",
    ),
];

/// Reads `filebeat.yml`, which the user calls `name`.
///
/// # Errors
///
/// What is no YAML.
pub fn import(name: &str, text: &str) -> Result<Imported, Broken> {
    let mut root = yaml::read(text)?;
    if !matches!(root.value, Yaml::Map(_)) {
        return Err(Broken {
            line: root.line,
            why: "expected settings such as `filebeat.inputs:`".to_owned(),
        });
    }
    let mut import = Import {
        file: Arc::from(name),
        plan: Plan::default(),
        report: Report::default(),
    };
    import.agent(&mut root);
    import.output(&mut root);
    let processors = root.take("processors");
    let general = input::General {
        processors: processors.map(|node| node.items().to_vec()).unwrap_or_default(),
        fields: root.take("fields"),
        under_root: root.take("fields_under_root").is_some_and(|node| node.is_true()),
        tags: root.take("tags"),
    };
    for path in ["filebeat.inputs", "filebeat.prospectors"] {
        if let Some(inputs) = root.take(path) {
            for item in inputs.items() {
                import.input(item.clone(), &general);
            }
        }
    }
    if let Some(modules) = root.take("filebeat.modules") {
        for item in modules.items() {
            import.module(item.clone());
        }
        import.beside_modules(&general);
    }
    for (name, node) in root.leaves() {
        let begins = |beginning: &str| {
            name.strip_prefix(beginning)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let known = LEFT.iter().find(|(beginning, _)| begins(beginning));
        let why = known.map_or("logmill has no such setting", |(_, why)| why);
        import.report.left(&import.at(node), format!("`{name}`"), why);
    }
    let at = At {
        file: Arc::clone(&import.file),
        line: 1,
    };
    settle(&mut import.plan, &at, &mut import.report);
    Ok(Imported {
        plan: import.plan,
        report: import.report,
        from: name.to_owned(),
    })
}

impl Import {
    fn at(&self, node: &Node) -> At {
        At {
            file: Arc::clone(&self.file),
            line: node.line,
        }
    }

    fn agent(&mut self, root: &mut Node) {
        let keys: [(&str, &'static str); 2] = [("name", "host_name"), ("logging.level", "log_level")];
        for (path, key) in keys {
            let Some(node) = root.take(path) else { continue };
            let at = self.at(&node);
            let value = match (key, node.text().unwrap_or_default()) {
                ("log_level", "warning") => "warn",
                ("log_level", "critical") => "error",
                (_, text) => text,
            };
            self.plan.agent.push((key, Value::from(environment(value))));
            self.report
                .carried(&at, format!("`{path}`"), format!("`{key}` in [agent]"));
        }
        if let Some(node) = root.take("max_procs") {
            let at = self.at(&node);
            match node
                .scalar()
                .filter(|value| value.as_u64().is_some_and(|count| (1..=256).contains(&count)))
            {
                Some(value) => {
                    self.plan.agent.push(("workers", value));
                    self.report.carried(&at, "`max_procs`", "`workers` in [agent]");
                }
                None => self.report.left(
                    &at,
                    "`max_procs`",
                    "`workers` in [agent] is a number from 1 to 256",
                ),
            }
        }
    }

    /// Reports what a step came to.
    fn note(&mut self, node: &Node, what: &str, result: Result<&'static str, String>) {
        let at = self.at(node);
        match result {
            Ok(into) => self.report.carried(&at, what, into),
            Err(why) => self.report.left(&at, what, why),
        }
    }
}

/// Elastic's `${NAME:default}` as ours.
pub(in crate::import) fn environment(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        out.push_str(before);
        out.push_str("${");
        let Some((inner, behind)) = behind.split_once('}') else {
            rest = behind;
            break;
        };
        match inner.split_once(':') {
            Some((name, default)) => out.push_str(&format!("{name}:-{default}")),
            None => out.push_str(inner),
        }
        out.push('}');
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// A time as ours: `90` is a number of seconds.
fn seconds(text: &str) -> String {
    match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => format!("{text}s"),
        false => text.to_owned(),
    }
}

/// A table of constants as fields behind `prefix`.
fn constants(pipeline: &mut Pipeline, node: &Node, prefix: &str) {
    for (name, node) in node.leaves() {
        let value = match node.scalar() {
            Some(Value::String(text)) => Value::from(environment(&text)),
            Some(value) => value,
            None => Value::from(node.texts().join(",")),
        };
        let name = super::pattern::field_name(&format!("{prefix}{name}"));
        put(&mut pipeline.set, name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_have_our_form() {
        assert_eq!(environment("${A}-${B:c}$d${"), "${A}-${B:-c}$d${");
    }
}
