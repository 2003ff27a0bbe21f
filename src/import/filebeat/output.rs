//! `output.…`: where events go.

use serde_json::Value;

use super::yaml::Node;
use super::{Import, environment, seconds};
use crate::import::plan::Output;

/// Settings of the output that have no equivalent, and why.
const LEFT: [(&str, &str); 8] = [
    (
        "bulk_max_size",
        "bodies are limited in bytes: `bulk_bytes_max` in [elasticsearch]",
    ),
    (
        "backoff.init",
        "the first pause is short, and they grow up to `retry_max`",
    ),
    (
        "max_retries",
        "what is not taken is tried until it is; what is refused for good goes to the reject store",
    ),
    ("loadbalance", "servers of one cluster always take turns"),
    ("ssl.supported_protocols", "TLS 1.2 and 1.3 are spoken"),
    (
        "ssl.cipher_suites",
        "TLS 1.2 and 1.3 are spoken with what is sound",
    ),
    (
        "indices",
        "`index` in [elasticsearch] is for all events; `{service}` and `dataset` are part of it",
    ),
    (
        "pipelines",
        "`ingest_pipeline` in [elasticsearch] is for all events",
    ),
];

/// Settings that go over as they are: theirs, ours, and whether it is a number.
const SAME: [(&str, &str, bool); 10] = [
    ("username", "username", false),
    ("password", "password", false),
    ("api_key", "api_key", false),
    ("pipeline", "ingest_pipeline", false),
    ("proxy_url", "proxy", false),
    ("ssl.certificate", "client_certificate", false),
    ("ssl.key", "client_key", false),
    ("timeout", "request_timeout", false),
    ("backoff.max", "retry_max", false),
    ("compression_level", "gzip_level", true),
];

impl Import {
    pub(super) fn output(&mut self, root: &mut Node) {
        for name in ["elasticsearch", "file", "console", "logstash", "kafka", "redis"] {
            let Some(mut node) = root.take(&format!("output.{name}")) else {
                continue;
            };
            let why = match name {
                _ if node.take("enabled").is_some_and(|enabled| !enabled.is_true()) => "it is not enabled",
                "elasticsearch" => return self.elasticsearch(node),
                "file" => return self.file(node),
                "console" => {
                    self.plan.output = Some(Output {
                        table: "stdout",
                        keys: Vec::new(),
                    });
                    return self.note(&node, "`output.console`", Ok("[stdout]"));
                }
                "logstash" => {
                    "logmill parses by itself and talks to Elasticsearch; import the pipelines of Logstash as well"
                }
                _ => "logmill talks to Elasticsearch; the log files are what buffers",
            };
            self.note(&node, &format!("`output.{name}`"), Err(why.to_owned()));
        }
    }

    fn file(&mut self, mut node: Node) {
        let mut text = |key| node.take(key).and_then(|node| node.text().map(environment));
        let path = text("path").unwrap_or_else(|| ".".to_owned());
        let name = text("filename").unwrap_or_else(|| "filebeat".to_owned());
        self.plan.output = Some(Output {
            table: "file",
            keys: vec![("path", Value::from(format!("{path}/{name}")))],
        });
        self.note(&node, "`output.file`", Ok("[file]"));
        self.left("output.file", &node);
    }

    fn elasticsearch(&mut self, mut node: Node) {
        let mut keys: Vec<(&'static str, Value)> = Vec::new();
        let scheme = node
            .take("protocol")
            .and_then(|node| node.text().map(str::to_owned));
        let folder = node.take("path").and_then(|node| node.text().map(str::to_owned));
        let hosts = node.take("hosts");
        let urls: Vec<String> = hosts
            .iter()
            .flat_map(Node::texts)
            .map(|host| url(&environment(host), scheme.as_deref(), folder.as_deref()))
            .collect();
        let urls = if urls.is_empty() {
            vec!["http://localhost:9200".to_owned()]
        } else {
            urls
        };
        keys.push(("hosts", Value::from(urls)));
        self.note(
            hosts.as_ref().unwrap_or(&node),
            "`hosts`",
            Ok("`hosts` in [elasticsearch]"),
        );
        for (theirs, ours, number) in SAME {
            let Some(value) = node.take(theirs) else { continue };
            let written = match number {
                true => value.scalar().filter(Value::is_number),
                false => value.text().map(|text| {
                    Value::from(environment(&match ours {
                        "request_timeout" | "retry_max" => seconds(text),
                        _ => text.to_owned(),
                    }))
                }),
            };
            match written {
                Some(written) => {
                    keys.push((ours, written));
                    self.note(&value, &format!("`{theirs}`"), Ok("the same in [elasticsearch]"));
                }
                None => self.note(&value, &format!("`{theirs}`"), Err("it is no number".to_owned())),
            }
        }
        self.authorities(&mut node, &mut keys);
        self.verification(&mut node, &mut keys);
        self.index(&mut node, &mut keys);
        for theirs in ["worker", "workers"] {
            if let Some(value) = node.take(theirs) {
                match value
                    .scalar()
                    .filter(|value| value.as_u64().is_some_and(|count| (1..=64).contains(&count)))
                {
                    Some(count) => {
                        keys.push(("requests_max", count));
                        self.note(&value, "`worker`", Ok("`requests_max` in [elasticsearch]"));
                    }
                    None => self.note(
                        &value,
                        "`worker`",
                        Err("`requests_max` is a number from 1 to 64".to_owned()),
                    ),
                }
            }
        }
        self.plan.output = Some(Output {
            table: "elasticsearch",
            keys,
        });
        self.left("output.elasticsearch", &node);
    }

    fn authorities(&mut self, node: &mut Node, keys: &mut Vec<(&'static str, Value)>) {
        let Some(files) = node.take("ssl.certificate_authorities") else {
            return;
        };
        let mut texts = files.texts().into_iter();
        match texts.next() {
            Some(first) if !first.contains("-----BEGIN") => {
                keys.push(("ca_file", Value::from(environment(first))));
                self.note(
                    &files,
                    "`ssl.certificate_authorities`",
                    Ok("`ca_file` in [elasticsearch]"),
                );
            }
            _ => self.note(
                &files,
                "`ssl.certificate_authorities`",
                Err("`ca_file` is a file".to_owned()),
            ),
        }
        if let Some(more) = texts.next() {
            let why = format!("`ca_file` is one file; put `{more}` into it as well");
            self.note(&files, "`ssl.certificate_authorities`", Err(why));
        }
    }

    fn verification(&mut self, node: &mut Node, keys: &mut Vec<(&'static str, Value)>) {
        let Some(mode) = node.take("ssl.verification_mode") else {
            return;
        };
        let at = self.at(&mode);
        match mode.text() {
            Some("none") => {
                keys.push(("verify", Value::from("none")));
                self.report
                    .carried(&at, "`ssl.verification_mode`", "`verify` in [elasticsearch]");
            }
            Some("certificate") => self.report.changed(
                &at,
                "`ssl.verification_mode`",
                "the name in the certificate is looked at too; `verify` is `full` or `none`",
            ),
            _ => self
                .report
                .carried(&at, "`ssl.verification_mode`", "`verify` is `full` by itself"),
        }
    }

    fn index(&mut self, node: &mut Node, keys: &mut Vec<(&'static str, Value)>) {
        let Some(index) = node.take("index") else { return };
        match index.text() {
            Some(name) if !name.contains("%{") => {
                keys.push(("index", Value::from(environment(name))));
                self.note(&index, "`index`", Ok("`index` in [elasticsearch]"));
            }
            _ => {
                let why = "a name by date or field: data streams, `logs-{dataset}-{namespace}`, roll over by themselves";
                self.note(&index, "`index`", Err(why.to_owned()));
            }
        }
    }

    fn left(&mut self, table: &str, node: &Node) {
        for (name, left) in node.leaves() {
            let known = LEFT.iter().find(|(beginning, _)| name.starts_with(beginning));
            let why = known.map_or("logmill has no such setting", |(_, why)| why);
            self.note(left, &format!("`{table}.{name}`"), Err(why.to_owned()));
        }
    }
}

/// A server as Beats writes it: scheme, port and path may be absent.
fn url(host: &str, scheme: Option<&str>, folder: Option<&str>) -> String {
    let url = match host.contains("://") || host.starts_with("${") {
        true => host.to_owned(),
        false => format!("{}://{host}", scheme.unwrap_or("http")),
    };
    let after = url.find("://").map_or(0, |at| at + 3);
    let ported = url[after..].contains(':') || host.starts_with("${") || url[after..].contains('/');
    let url = if ported { url } else { format!("{url}:9200") };
    match folder {
        Some(folder) => format!("{url}/{}", folder.trim_matches('/')),
        None => url,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        assert_eq!(url("es", None, None), "http://es:9200");
        assert_eq!(
            url("es:9201", Some("https"), Some("/logs/")),
            "https://es:9201/logs"
        );
        assert_eq!(url("https://es", None, None), "https://es:9200");
    }
}
