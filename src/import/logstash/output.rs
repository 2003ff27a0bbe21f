//! The output: Elasticsearch, a file, or standard output.

use serde_json::Value as Json;

use super::Import;
use super::grammar::Plugin;
use super::settings::Settings;
use crate::import::filebeat::environment;
use crate::import::plan::Output;

/// Settings of the output `elasticsearch` that go over as they are: theirs and ours.
const SAME: [(&str, &str); 7] = [
    ("user", "username"),
    ("password", "password"),
    ("api_key", "api_key"),
    ("cacert", "ca_file"),
    ("proxy", "proxy"),
    ("pipeline", "ingest_pipeline"),
    ("ssl_certificate", "client_certificate"),
];

/// Those without an equivalent, and why.
const LEFT: [(&str, &str); 8] = [
    (
        "document_id",
        "`_id` comes from the file, the offset and the line, so that nothing is there twice",
    ),
    ("document_type", "documents have no types"),
    ("action", "documents are created; what is there already stays"),
    ("template", "`logmill setup` puts the index template in place"),
    (
        "manage_template",
        "`logmill setup` puts the index template in place",
    ),
    ("ilm", "`logmill setup` puts the index template in place"),
    (
        "data_stream",
        "`logs-{dataset}-{namespace}` is the data stream; `dataset` and `namespace` name its parts",
    ),
    ("routing", "documents go where their `_id` says"),
];

impl Import<'_> {
    pub(super) fn output(&mut self, plugin: &Plugin) {
        let what = format!("output `{}`", plugin.name);
        if self.plan.output.is_some() {
            let why = "there is one output: the first".to_owned();
            return self.note(plugin.line, &what, Err(why));
        }
        match plugin.name.as_str() {
            "elasticsearch" => self.elasticsearch(plugin),
            "file" => {
                let path = Settings::of(plugin).text("path").unwrap_or_default();
                if path.contains("%{") || path.is_empty() {
                    let why = "a path by date or field; [file] writes to one file".to_owned();
                    return self.note(plugin.line, &what, Err(why));
                }
                self.plan.output = Some(Output {
                    table: "file",
                    keys: vec![("path", Json::from(path))],
                });
                self.note(plugin.line, &what, Ok("[file]"));
            }
            // A look at events while a pipeline is written.
            "stdout" => self.note(plugin.line, &what, Err("`logmill parse` shows events".to_owned())),
            _ => self.note(
                plugin.line,
                &what,
                Err("logmill talks to Elasticsearch".to_owned()),
            ),
        }
    }

    fn elasticsearch(&mut self, plugin: &Plugin) {
        let mut settings = Settings::of(plugin);
        let secure = settings.is_true("ssl") | settings.is_true("ssl_enabled");
        let hosts = settings.texts("hosts");
        let urls: Vec<String> = match hosts.is_empty() {
            true => vec!["http://localhost:9200".to_owned()],
            false => hosts.iter().map(|host| url(&environment(host), secure)).collect(),
        };
        let mut keys = vec![("hosts", Json::from(urls))];
        self.note(plugin.line, "output `elasticsearch`", Ok("[elasticsearch]"));
        for (theirs, ours) in SAME {
            if let Some(setting) = settings.take(theirs) {
                keys.push((
                    ours,
                    Json::from(environment(&setting.value.text().unwrap_or_default())),
                ));
                self.note(
                    setting.line,
                    &format!("`{theirs}`"),
                    Ok("the same in [elasticsearch]"),
                );
            }
        }
        if let Some(setting) = settings.take("ssl_certificate_authorities") {
            let files = setting.value.texts();
            let result = match files.as_slice() {
                [file] => {
                    keys.push(("ca_file", Json::from(file.as_str())));
                    Ok("`ca_file` in [elasticsearch]")
                }
                _ => Err("`ca_file` is one file; put the certificates together".to_owned()),
            };
            self.note(setting.line, "`ssl_certificate_authorities`", result);
        }
        if let Some(setting) = settings.take("ssl_key") {
            keys.push(("client_key", Json::from(setting.value.text().unwrap_or_default())));
            self.note(setting.line, "`ssl_key`", Ok("`client_key` in [elasticsearch]"));
        }
        for name in ["ssl_certificate_verification", "ssl_verification_mode"] {
            let Some(setting) = settings.take(name) else {
                continue;
            };
            if matches!(setting.value.text().as_deref(), Some("false" | "none")) {
                keys.push(("verify", Json::from("none")));
            }
            self.note(
                setting.line,
                &format!("`{name}`"),
                Ok("`verify` in [elasticsearch]"),
            );
        }
        if let Some(setting) = settings.take("index") {
            let index = setting.value.text().unwrap_or_default();
            let result = match index.contains("%{") {
                true => Err("a name by date or field: data streams, `logs-{dataset}-{namespace}`, roll over by themselves".to_owned()),
                false => {
                    keys.push(("index", Json::from(index)));
                    Ok("`index` in [elasticsearch]")
                }
            };
            self.note(setting.line, "`index`", result);
        }
        for setting in settings.rest() {
            let known = LEFT
                .iter()
                .find(|(beginning, _)| setting.name.starts_with(beginning));
            let why = known.map_or("logmill has no such setting", |(_, why)| why);
            self.note(
                setting.line,
                &format!("`{}` of output `elasticsearch`", setting.name),
                Err(why.to_owned()),
            );
        }
        self.plan.output = Some(Output {
            table: "elasticsearch",
            keys,
        });
    }
}

/// A server as Logstash writes it: scheme and port may be absent.
fn url(host: &str, secure: bool) -> String {
    let host = host.trim_start_matches("//");
    if host.contains("://") || host.starts_with("${") {
        return host.to_owned();
    }
    let scheme = if secure { "https" } else { "http" };
    match host.contains(':') {
        true => format!("{scheme}://{host}"),
        false => format!("{scheme}://{host}:9200"),
    }
}
