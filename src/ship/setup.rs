//! `logmill setup`: puts the index template in place.

use reqwest::Method;
use serde::Deserialize;

use super::client::{Client, Reply};
use super::template::{BEYOND_LIMIT, index_template};
use super::trouble::Trouble;

/// Which template, for which indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSettings {
    pub name: String,
    /// Names with `*`, such as `logs-*-*`.
    pub index_patterns: Vec<String>,
    /// Whether such an index is to be a data stream where the server has them.
    pub data_stream: bool,
}

impl Default for TemplateSettings {
    fn default() -> Self {
        TemplateSettings {
            name: "logmill".to_owned(),
            index_patterns: vec!["logs-*-*".to_owned()],
            data_stream: true,
        }
    }
}

/// What was put in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installed {
    DataStream,
    /// Plain indexes: asked for, or because the server has no data streams.
    PlainIndex,
}

#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("{host} {trouble}")]
    Host { host: String, trouble: Trouble },
    #[error("{host} refuses the index template {name:?} (status {status}): {reason}")]
    Refused {
        host: String,
        name: String,
        status: u16,
        reason: String,
    },
}

/// Puts the template in place, or brings it up to date, through the first host that answers.
///
/// Indexes that are there already keep their mapping; data streams take the new one at their next rollover.
pub async fn setup(client: &Client, settings: &TemplateSettings) -> Result<Installed, SetupError> {
    let mut error = None;
    for host in 0..client.names().len() {
        match setup_through(client, host, settings).await {
            // Another host may be reached, but will not see the template otherwise.
            Err(unreachable @ SetupError::Host { .. }) => {
                error.get_or_insert(unreachable);
            }
            result => return result,
        }
    }
    // A client has one host at least, so an error is there when none of them answered.
    Err(error.unwrap_or(SetupError::Host {
        host: String::new(),
        trouble: Trouble::Unreachable("no host is given".to_owned()),
    }))
}

async fn setup_through(
    client: &Client,
    host: usize,
    settings: &TemplateSettings,
) -> Result<Installed, SetupError> {
    let host_name = || client.names()[host].clone();
    let trouble = |trouble| SetupError::Host {
        host: host_name(),
        trouble,
    };
    let path = format!("/_index_template/{}", settings.name);
    let mut data_stream = settings.data_stream;
    let mut beyond_limit = true;
    loop {
        let template = index_template(&settings.index_patterns, data_stream, beyond_limit).to_string();
        let Reply { status, text } = client
            .request(host, Method::PUT, &path, Some(template))
            .await
            .map_err(trouble)?;
        if status == 200 {
            is_acknowledged(&text).map_err(trouble)?;
            return Ok(if data_stream {
                Installed::DataStream
            } else {
                Installed::PlainIndex
            });
        }
        match client.failure(status, &text) {
            // A build without data streams does not know the word.
            Trouble::Refused { reason, .. }
                if data_stream && reason.contains("unknown field [data_stream]") =>
            {
                data_stream = false;
            }
            // An older server, or OpenSearch, does not know the setting.
            Trouble::Refused { reason, .. } if beyond_limit && reason.contains(BEYOND_LIMIT) => {
                beyond_limit = false;
            }
            Trouble::Refused { status, reason } => {
                return Err(SetupError::Refused {
                    host: host_name(),
                    name: settings.name.clone(),
                    status,
                    reason,
                });
            }
            other => return Err(trouble(other)),
        }
    }
}

/// What a page that answers every request with 200 does not say.
fn is_acknowledged(answer: &[u8]) -> Result<(), Trouble> {
    #[derive(Deserialize)]
    struct Answer {
        acknowledged: bool,
    }
    match serde_json::from_slice(answer) {
        Ok(Answer { acknowledged: true }) => Ok(()),
        _ => Err(Trouble::Broken(
            "it does not acknowledge the index template".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ElasticsearchSettings;
    use crate::ship::testing::{Http, settings as settings_of};

    async fn run(
        answers: &[(&str, &str)],
        settings: &TemplateSettings,
    ) -> (Result<Installed, SetupError>, Http) {
        let server = Http::answering(answers);
        let client = Client::new(&settings_of(&server.address)).unwrap();
        (setup(&client, settings).await, server)
    }

    const ACKNOWLEDGED: &str = r#"{"acknowledged":true}"#;

    /// The words of Elasticsearch 7.17 without its data stream module.
    const NO_DATA_STREAMS: &str = r#"{"error":{"root_cause":[],"type":"illegal_argument_exception","reason":"composable template [logmill] template after composition is invalid","caused_by":{"type":"x_content_parse_exception","reason":"[index_template] unknown field [data_stream]"}},"status":400}"#;

    #[tokio::test]
    async fn a_server_without_data_streams_gets_a_plain_template() {
        let answers = [("400 Bad Request", NO_DATA_STREAMS), ("200 OK", ACKNOWLEDGED)];
        let (installed, server) = run(&answers, &TemplateSettings::default()).await;
        assert_eq!(installed.unwrap(), Installed::PlainIndex);
        let sent = server.sent();
        assert!(
            sent[0].head.starts_with("put /_index_template/logmill http"),
            "{}",
            sent[0].head
        );
        let has_stream =
            |index: usize| String::from_utf8_lossy(&sent[index].body).contains("\"data_stream\":{}");
        assert!(has_stream(0) && !has_stream(1));
    }

    #[tokio::test]
    async fn a_page_that_is_no_elasticsearch_has_taken_nothing() {
        for page in ["<html>Welcome</html>", "{}", r#"{"acknowledged":false}"#] {
            let (installed, _) = run(&[("200 OK", page)], &TemplateSettings::default()).await;
            let text = installed.unwrap_err().to_string();
            assert!(
                text.contains("that is not Elasticsearch's: it does not acknowledge"),
                "{text}"
            );
        }
    }

    #[tokio::test]
    async fn a_refusal_and_a_denial_are_told_apart() {
        let conflict = r#"{"error":{"type":"illegal_argument_exception","reason":"index template [logmill] has index patterns [logs-*-*] matching patterns from existing templates [mine]"}}"#;
        let (refused, _) = run(&[("400 Bad Request", conflict)], &TemplateSettings::default()).await;
        let text = refused.unwrap_err().to_string();
        assert!(
            text.contains("refuses the index template \"logmill\"") && text.contains("[mine]"),
            "{text}"
        );
        let (denied, _) = run(&[("403 Forbidden", "")], &TemplateSettings::default()).await;
        assert!(matches!(
            denied.unwrap_err(),
            SetupError::Host {
                trouble: Trouble::Denied { status: 403, .. },
                ..
            }
        ));
    }

    #[tokio::test]
    async fn the_next_host_is_asked_when_one_is_away() {
        let server = Http::answering(&[("200 OK", ACKNOWLEDGED)]);
        let client = Client::new(&ElasticsearchSettings {
            hosts: vec![
                "http://127.0.0.1:1".parse().unwrap(),
                server.address.parse().unwrap(),
            ],
            ..settings_of(&server.address)
        })
        .unwrap();
        let plain = TemplateSettings {
            data_stream: false,
            ..TemplateSettings::default()
        };
        assert_eq!(setup(&client, &plain).await.unwrap(), Installed::PlainIndex);
    }

    #[tokio::test]
    async fn a_server_without_the_setting_gets_a_template_without_it() {
        let unknown = r#"{"error":{"type":"illegal_argument_exception","reason":"unknown setting [index.mapping.total_fields.ignore_dynamic_beyond_limit] please check that any required plugins are installed"},"status":400}"#;
        let answers = [("400 Bad Request", unknown), ("200 OK", ACKNOWLEDGED)];
        let (installed, server) = run(&answers, &TemplateSettings::default()).await;
        assert_eq!(installed.unwrap(), Installed::DataStream);
        let sent = server.sent();
        let has_setting = |index: usize| String::from_utf8_lossy(&sent[index].body).contains(BEYOND_LIMIT);
        assert!(has_setting(0) && !has_setting(1));
    }
}
