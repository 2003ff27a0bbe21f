//! How long settings live: some can change while the agent runs, the others hold from its start to its end.

use super::{AgentSettings, ElasticsearchSettings, FileSettings, OutputSettings, RejectSettings, Settings};

/// The names of the fields in which two structs differ. Every field has to be named, so that a new one cannot be
/// forgotten.
macro_rules! differing {
    ($old:expr, $new:expr, $type:ident { $($field:ident: $name:literal),+ $(,)? }) => {{
        let ($type { $($field),+ }, new) = ($old, $new);
        let mut names: Vec<&'static str> = Vec::new();
        $(if *$field != new.$field {
            names.push($name);
        })+
        names
    }};
}

impl Settings {
    /// What an agent that runs with `running` makes of these settings, which its configuration says now: its inputs,
    /// metrics and endpoint change; what holds for its whole run stays. With the keys of which the change has to wait
    /// for the next start, as `[table] key`.
    #[must_use]
    pub fn while_running(self, running: &Settings) -> (Settings, Vec<&'static str>) {
        let Settings {
            origin: _,
            agent,
            output,
            rejects,
            endpoint: _,
            metrics: _,
            inputs: _,
        } = running;
        let mut waiting = agent_keys(agent, &self.agent);
        waiting.extend(output_keys(output, &self.output));
        waiting.extend(reject_keys(rejects, &self.rejects));
        let settings = Settings {
            agent: agent.clone(),
            output: output.clone(),
            rejects: rejects.clone(),
            ..self
        };
        (settings, waiting)
    }
}

fn agent_keys(old: &AgentSettings, new: &AgentSettings) -> Vec<&'static str> {
    differing!(
        old,
        new,
        AgentSettings {
            state_dir: "[agent] state_dir",
            memory_max: "[agent] memory_max",
            listen: "[agent] listen",
            host_name: "[agent] host_name",
            line_bytes_max: "[agent] line_bytes_max",
            flush: "[agent] flush",
            scan: "[agent] scan",
            notify: "[agent] notify",
            grace: "[agent] grace",
            kept_bytes_max: "[agent] kept_bytes_max",
            workers: "[agent] workers",
            pipelines: "[agent] pipelines",
            log_level: "[agent] log_level",
            persist: "[metrics] persist",
        }
    )
}

fn reject_keys(old: &RejectSettings, new: &RejectSettings) -> Vec<&'static str> {
    differing!(
        old,
        new,
        RejectSettings {
            dir: "[rejects] dir",
            bytes_max: "[rejects] bytes_max",
            when_full: "[rejects] when_full",
        }
    )
}

fn output_keys(old: &OutputSettings, new: &OutputSettings) -> Vec<&'static str> {
    match (old, new) {
        (OutputSettings::Elasticsearch(old), OutputSettings::Elasticsearch(new)) => {
            elasticsearch_keys(old, new)
        }
        (OutputSettings::File(old), OutputSettings::File(new)) => differing!(
            old,
            new,
            FileSettings {
                path: "[file] path",
                rotate_bytes: "[file] rotate_bytes",
                rotate_keep: "[file] rotate_keep",
            }
        ),
        (OutputSettings::Stdout, OutputSettings::Stdout) => Vec::new(),
        (_, OutputSettings::Elasticsearch(_)) => vec!["[elasticsearch]"],
        (_, OutputSettings::File(_)) => vec!["[file]"],
        (_, OutputSettings::Stdout) => vec!["[stdout]"],
    }
}

fn elasticsearch_keys(old: &ElasticsearchSettings, new: &ElasticsearchSettings) -> Vec<&'static str> {
    differing!(
        old,
        new,
        ElasticsearchSettings {
            hosts: "[elasticsearch] hosts",
            credentials: "[elasticsearch] credentials",
            tls: "[elasticsearch] certificates",
            proxy: "[elasticsearch] proxy",
            index: "[elasticsearch] index",
            namespace: "[elasticsearch] namespace",
            ingest_pipeline: "[elasticsearch] ingest_pipeline",
            gzip_level: "[elasticsearch] gzip_level",
            bulk_bytes_max: "[elasticsearch] bulk_bytes_max",
            request_timeout: "[elasticsearch] request_timeout",
            retry_max: "[elasticsearch] retry_max",
            requests_max: "[elasticsearch] requests_max",
            document_ids: "[elasticsearch] document_ids",
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AgentFile, Diagnostics, SourceFile, System};

    fn settings(text: &str) -> Settings {
        let mut diagnostics = Diagnostics::new();
        let file = SourceFile::new("/etc/logmill/logmill.toml", text);
        let written = AgentFile::parse(&file, &System, &mut diagnostics);
        let settings = Settings::new(&written, &System, &mut diagnostics);
        assert!(!diagnostics.has_errors(), "{}", diagnostics.render(false));
        settings.unwrap()
    }

    const ELASTIC: &str = "[agent]\nhost_name = 'a'\nline_bytes_max = '1MiB'\npipelines = '/etc/one'\n\
        [elasticsearch]\nhosts = 'http://es:9200'\napi_key = 'a:b'\nindex = 'logs-{dataset}'\nnamespace = 'one'\n\
        [metrics]\nidle_after = '1h'\n[[input]]\npaths = '/a.log'\npipeline = 'plain'\n";

    #[test]
    fn what_a_reload_cannot_change_stays_and_is_named() {
        let running = settings(ELASTIC);
        let written = ELASTIC
            .replace("'a'", "'b'")
            .replace("1MiB", "2MiB")
            .replace("/etc/one", "/etc/two")
            .replace("a:b", "c:d")
            .replace("logs-{dataset}", "other-{dataset}")
            .replace("'one'", "'two'")
            .replace("1h", "2h")
            .replace("/a.log", "/b.log");
        let written = format!("{written}[rejects]\nwhen_full = 'drop_oldest'\n");
        let (settings, waiting) = settings(&written).while_running(&running);
        assert_eq!(
            waiting,
            [
                "[agent] host_name",
                "[agent] line_bytes_max",
                "[agent] pipelines",
                "[elasticsearch] credentials",
                "[elasticsearch] index",
                "[elasticsearch] namespace",
                "[rejects] when_full",
            ]
        );
        assert_eq!(settings.agent, running.agent);
        assert_eq!(settings.output, running.output);
        assert_eq!(settings.rejects, running.rejects);
        assert_eq!(settings.metrics.idle_after.as_secs(), 7200);
        assert_eq!(settings.inputs[0].paths[0].value, "/b.log");
    }

    #[test]
    fn what_a_reload_can_change_waits_for_nothing() {
        let running = settings(ELASTIC);
        let written = ELASTIC.replace("1h", "2h").replace("/a.log", "/b.log");
        let (settings, waiting) = settings(&written).while_running(&running);
        assert!(waiting.is_empty(), "{waiting:?}");
        assert_ne!(settings, running);
        let other = ELASTIC.replace("[elasticsearch]", "[file]\npath = '/out'\n#");
        let other: Vec<&str> = other
            .lines()
            .filter(|line| {
                !["hosts", "api_key", "index", "namespace"]
                    .iter()
                    .any(|key| line.starts_with(key))
            })
            .collect();
        let (_, waiting) = self::settings(&other.join("\n")).while_running(&running);
        assert_eq!(waiting, ["[file]"]);
    }
}
