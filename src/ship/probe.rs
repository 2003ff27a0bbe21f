//! `logmill check`: asks each host what it is and whether events could be written, and changes nothing.

use std::fmt;

use bytes::Bytes;
use reqwest::Method;
use serde::Deserialize;

use super::client::{Client, Reply};
use super::server::{Answer, Server};
use super::setup::TemplateSettings;
use super::trouble::Trouble;

/// What is known of one host.
#[derive(Debug, PartialEq, Eq)]
pub struct Probe {
    /// The host's address, without credentials.
    pub host: String,
    /// Absent where the server does not say.
    pub product: Option<Product>,
    pub findings: Vec<Finding>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    pub kind: Kind,
    /// As the server writes it, such as `8.19.2`.
    pub version: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Elasticsearch,
    Opensearch,
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Elasticsearch => "Elasticsearch",
            Kind::Opensearch => "OpenSearch",
        };
        write!(f, "{kind} {}", self.version)
    }
}

/// Something to tell, with its remedy, to be read after the host's address.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    #[error("{0}")]
    Trouble(#[from] Trouble),
    #[error("is {0}; logmill needs Elasticsearch 7.17 or later, or OpenSearch 1.0 or later")]
    TooOld(Product),
    #[error("lets these credentials in, but not write to {index:?}: grant {missing} on it")]
    MayNotWrite { index: String, missing: String },
    #[error("has no index template {0:?} yet, so that fields get types by guess; run `logmill setup`")]
    NoTemplate(String),
    #[error(
        "has the index template {name:?} for {patterns}, but {index:?} is none of these; run `logmill setup`"
    )]
    OtherTemplate {
        name: String,
        patterns: String,
        index: String,
    },
}

impl Finding {
    /// Delivery would not work.
    pub fn is_error(&self) -> bool {
        !matches!(self, Finding::NoTemplate(_) | Finding::OtherTemplate { .. })
    }
}

/// `GET /` of both products.
#[derive(Deserialize)]
struct Root {
    version: RootVersion,
}

#[derive(Deserialize)]
struct RootVersion {
    number: String,
    #[serde(default)]
    distribution: Option<String>,
}

#[derive(Deserialize)]
struct Privileges {
    has_all_requested: bool,
    /// Index name to privilege to whether it is granted.
    #[serde(default)]
    index: std::collections::BTreeMap<String, std::collections::BTreeMap<String, bool>>,
}

/// `GET /_index_template/NAME`.
#[derive(Deserialize)]
struct Templates {
    index_templates: Vec<FoundTemplate>,
}

#[derive(Deserialize)]
struct FoundTemplate {
    index_template: IndexPatterns,
}

#[derive(Deserialize)]
struct IndexPatterns {
    index_patterns: Vec<String>,
}

/// Whether `pattern`, in which a star stands for anything, is one of `name`.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(first) else {
        return false;
    };
    let (between, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in between.split('*') {
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    name.ends_with(last)
}

/// Probes every host, as a shipper that writes to `index`.
pub async fn probe(client: &Client, index: &str, template: &TemplateSettings) -> Vec<Probe> {
    let mut probes = Vec::new();
    for (number, host) in client.names().into_iter().enumerate() {
        let mut probe = Probe {
            host,
            product: None,
            findings: Vec::new(),
        };
        if let Err(trouble) = probe.ask(client, number, index, template).await {
            probe.findings.push(trouble.into());
        }
        probes.push(probe);
    }
    probes
}

impl Probe {
    /// Stops at the first trouble: what follows would only repeat it.
    async fn ask(
        &mut self,
        client: &Client,
        host: usize,
        index: &str,
        template: &TemplateSettings,
    ) -> Result<(), Trouble> {
        let root = client.request(host, Method::GET, "/", None).await?;
        self.product = product(&root)?;
        // Some builds do not serve it, and some credentials may not see it: neither says that writing fails.
        if !matches!(root.status, 200 | 400 | 403 | 404 | 405) {
            return Err(client.failure(root.status, &root.text));
        }
        if let Some(product) = &self.product
            && product.is_too_old()
        {
            self.findings.push(Finding::TooOld(product.clone()));
            return Ok(());
        }
        // No document is in it: a server that takes bulk requests says just that.
        if let Answer::Failed(failure) = client.bulk(host, Bytes::from_static(b"\n")).await {
            return Err(failure.trouble);
        }
        self.ask_privileges(client, host, index).await?;
        let path = format!("/_index_template/{}", template.name);
        let reply = client.request(host, Method::GET, &path, None).await?;
        // Credentials that may only write cannot see templates: then there is nothing to say.
        if reply.status == 404 {
            self.findings.push(Finding::NoTemplate(template.name.clone()));
        }
        if let (200, Ok(Templates { index_templates })) = (reply.status, serde_json::from_slice(&reply.text))
        {
            let patterns: Vec<String> = index_templates
                .into_iter()
                .flat_map(|found| found.index_template.index_patterns)
                .collect();
            if !patterns.is_empty() && !patterns.iter().any(|pattern| matches(pattern, index)) {
                self.findings.push(Finding::OtherTemplate {
                    name: template.name.clone(),
                    patterns: patterns.join(", "),
                    index: index.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Elasticsearch tells a user's privileges; a server without security, and OpenSearch, know no such path.
    async fn ask_privileges(&mut self, client: &Client, host: usize, index: &str) -> Result<(), Trouble> {
        let question = serde_json::json!({
            "index": [{"names": [index], "privileges": ["create_doc", "auto_configure"]}],
        });
        let path = "/_security/user/_has_privileges";
        let reply = client
            .request(host, Method::POST, path, Some(question.to_string()))
            .await?;
        if reply.status == 401 {
            return Err(client.failure(reply.status, &reply.text));
        }
        if let (200, Ok(privileges)) = (reply.status, serde_json::from_slice::<Privileges>(&reply.text))
            && !privileges.has_all_requested
        {
            let missing: Vec<String> = privileges
                .index
                .values()
                .flatten()
                .filter(|(_, granted)| !**granted)
                .map(|(privilege, _)| format!("`{privilege}`"))
                .collect();
            self.findings.push(Finding::MayNotWrite {
                index: index.to_owned(),
                missing: missing.join(" and "),
            });
        }
        Ok(())
    }
}

/// What `GET /` says; an error where something else than the two products answers.
fn product(root: &Reply) -> Result<Option<Product>, Trouble> {
    if root.status != 200 {
        return Ok(None);
    }
    let root: Root = serde_json::from_slice(&root.text)
        .map_err(|_| Trouble::Broken("its start page does not tell a version".to_owned()))?;
    let kind = match root.version.distribution.as_deref() {
        Some("opensearch") => Kind::Opensearch,
        _ => Kind::Elasticsearch,
    };
    Ok(Some(Product {
        kind,
        version: root.version.number,
    }))
}

impl Product {
    fn is_too_old(&self) -> bool {
        let mut numbers = self
            .version
            .split('.')
            .map_while(|number| number.parse::<u32>().ok());
        let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        self.kind == Kind::Elasticsearch && (major, minor) < (7, 17)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ship::testing::{Http, settings as settings_of};

    async fn run(answers: &[(&str, &str)]) -> Probe {
        let server = Http::answering(answers);
        let client = Client::new(&settings_of(&server.address)).unwrap();
        probe(&client, "logs-shop-default", &TemplateSettings::default())
            .await
            .remove(0)
    }

    const ES8: (&str, &str) = (
        "200 OK",
        r#"{"name":"n","version":{"number":"8.19.2","build_flavor":"default"},"tagline":"You Know, for Search"}"#,
    );
    const NO_REQUESTS: (&str, &str) = (
        "400 Bad Request",
        r#"{"error":{"root_cause":[],"type":"action_request_validation_exception","reason":"Validation Failed: 1: no requests added;"},"status":400}"#,
    );
    const NO_SECURITY: (&str, &str) = (
        "400 Bad Request",
        r#"{"error":"no handler found for uri [/_security/user/_has_privileges] and method [POST]"}"#,
    );
    const TEMPLATE: (&str, &str) = ("200 OK", r#"{"index_templates":[]}"#);

    #[tokio::test]
    async fn all_is_well() {
        let probe = run(&[ES8, NO_REQUESTS, NO_SECURITY, TEMPLATE]).await;
        assert_eq!(probe.product.unwrap().to_string(), "Elasticsearch 8.19.2");
        assert_eq!(probe.findings, []);
        let opensearch = (
            "200 OK",
            r#"{"version":{"distribution":"opensearch","number":"3.8.0"}}"#,
        );
        let probe = run(&[opensearch, NO_REQUESTS, NO_SECURITY, TEMPLATE]).await;
        assert_eq!(
            (probe.product.unwrap().to_string(), probe.findings),
            ("OpenSearch 3.8.0".to_owned(), vec![])
        );
    }

    #[tokio::test]
    async fn a_build_without_a_start_page_is_taken_as_it_is() {
        let probe = run(&[
            ("405 Method Not Allowed", ""),
            NO_REQUESTS,
            NO_SECURITY,
            ("404 Not Found", ""),
        ])
        .await;
        assert_eq!(probe.product, None);
        assert_eq!(probe.findings, [Finding::NoTemplate("logmill".to_owned())]);
        assert!(!probe.findings[0].is_error());
    }

    #[tokio::test]
    async fn each_fault_has_its_sentence() {
        let old = ("200 OK", r#"{"version":{"number":"7.16.3"}}"#);
        let privileges = (
            "200 OK",
            r#"{"username":"u","has_all_requested":false,"cluster":{},"index":{"logs-shop-default":{"create_doc":true,"auto_configure":false}}}"#,
        );
        let denied = (
            "401 Unauthorized",
            r#"{"error":{"type":"security_exception","reason":"unable to authenticate"}}"#,
        );
        let html = ("200 OK", "<html>welcome</html>");
        for (answers, words) in [
            (
                vec![old],
                "is Elasticsearch 7.16.3; logmill needs Elasticsearch 7.17",
            ),
            (
                vec![ES8, NO_REQUESTS, privileges, TEMPLATE],
                "not write to \"logs-shop-default\": grant `auto_configure` on it",
            ),
            (
                vec![denied],
                "refuses the credentials (status 401): security_exception: unable to authenticate",
            ),
            (vec![html], "not Elasticsearch's"),
            (vec![("503 Unavailable", "")], "in trouble (status 503)"),
            (
                vec![("404 Not Found", ""), ("404 Not Found", "<html>")],
                "knows no `_bulk` at this address (status 404)",
            ),
        ] {
            let probe = run(&answers).await;
            assert_eq!(probe.findings.len(), 1, "{probe:?}");
            assert!(probe.findings[0].is_error());
            assert!(
                probe.findings[0].to_string().contains(words),
                "{}",
                probe.findings[0]
            );
        }
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, expected) in [
            ("logs-*-*", "logs-shop-default", true),
            ("logs-*-*", "logs-shop", false),
            ("shop-*", "shop-", true),
            ("shop", "shop", true),
            ("shop", "shop-a", false),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "axcxb", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[tokio::test]
    async fn a_template_for_other_indexes_is_told() {
        let other = (
            "200 OK",
            r#"{"index_templates":[{"name":"logmill","index_template":{"index_patterns":["shop-*"]}}]}"#,
        );
        let probe = run(&[ES8, NO_REQUESTS, NO_SECURITY, other]).await;
        assert!(
            matches!(&probe.findings[..], [Finding::OtherTemplate { patterns, .. }] if patterns == "shop-*"),
            "{:?}",
            probe.findings
        );
    }
}
