//! What a test asks a search server, in as few words as possible.
//!
//! Every call panics with the request and the answer when the server does not answer as asked, so a test reads as
//! a list of facts. [`Client::send`] is the exception: it returns any answer.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

/// One answer of the server. The body is `Null` where there is none, and a string where it is not JSON.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

/// Talks to one Elasticsearch or OpenSearch.
///
/// Make one per test: connections belong to the runtime that opened them, and each test has its own.
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    authorization: Option<HeaderValue>,
}

impl Client {
    pub fn new(base_url: &str) -> Client {
        Client::with(
            reqwest::Client::builder().no_proxy().build().unwrap(),
            base_url,
            None,
        )
    }

    pub fn with(http: reqwest::Client, base_url: &str, authorization: Option<HeaderValue>) -> Client {
        Client {
            http,
            base_url: base_url.trim_end_matches('/').to_owned(),
            authorization,
        }
    }

    /// What it sends requests with; trusts the server's certificate where there is one.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// The same server and credentials by another way, such as a proxy's address.
    pub fn via(&self, base_url: &str) -> Client {
        Client::with(self.http.clone(), base_url, self.authorization.clone())
    }

    /// Sends one request and returns whatever comes back; `Err` when nothing does.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Vec<u8>>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.base_url));
        let body = body.into();
        if !body.is_empty() {
            // Elasticsearch takes newline-delimited bodies under this type as well.
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        let body = match serde_json::from_slice(&bytes) {
            Ok(body) => body,
            Err(_) if bytes.is_empty() => Value::Null,
            Err(_) => Value::String(String::from_utf8_lossy(&bytes).into_owned()),
        };
        Ok(Answer { status, body })
    }

    /// Sends one request that must succeed and returns its body.
    pub async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let sent = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let answer = self
            .send(method.clone(), path, sent)
            .await
            .unwrap_or_else(|e| panic!("{method} {path}: {e}"));
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path}: {} {}",
            answer.status,
            answer.body
        );
        answer.body
    }

    pub async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, Value::Null).await
    }

    /// Creates an index; `body` holds `settings` and `mappings`, or is `Null`.
    pub async fn create_index(&self, index: &str, body: Value) {
        self.ask(Method::PUT, &format!("/{index}"), body).await;
    }

    pub async fn delete_index(&self, index: &str) {
        self.ask(Method::DELETE, &format!("/{index}"), Value::Null).await;
    }

    /// Puts a composable index template.
    pub async fn put_index_template(&self, name: &str, body: Value) {
        self.ask(Method::PUT, &format!("/_index_template/{name}"), body)
            .await;
    }

    /// Makes everything that was indexed so far visible to searches.
    pub async fn refresh(&self, index: &str) {
        self.ask(Method::POST, &format!("/{index}/_refresh"), Value::Null)
            .await;
    }

    /// The number of documents in an index or pattern, after a refresh. An index that is not there has none.
    pub async fn count(&self, index: &str) -> u64 {
        self.ask(
            Method::POST,
            &format!("/{index}/_refresh?ignore_unavailable=true"),
            Value::Null,
        )
        .await;
        let body = self
            .get(&format!("/{index}/_count?ignore_unavailable=true"))
            .await;
        body["count"]
            .as_u64()
            .unwrap_or_else(|| panic!("no count in {body}"))
    }

    /// Waits until an index holds at least `count` documents, at most a minute without any progress.
    pub async fn wait_for_count(&self, index: &str, count: u64) -> u64 {
        let stall_max = std::time::Duration::from_secs(60);
        let mut progress = (0, std::time::Instant::now());
        loop {
            let now = self.count(index).await;
            if now >= count {
                return now;
            }
            if now > progress.0 {
                progress = (now, std::time::Instant::now());
            }
            assert!(
                progress.1.elapsed() < stall_max,
                "{index} stays at {now} documents of {count}"
            );
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    /// Sends a bulk body as it is and returns the answer's body, which holds a verdict per item.
    pub async fn bulk(&self, path: &str, body: impl Into<Vec<u8>>) -> Value {
        let answer = self
            .send(Method::POST, path, body)
            .await
            .unwrap_or_else(|e| panic!("POST {path}: {e}"));
        assert_eq!(answer.status, 200, "POST {path}: {}", answer.body);
        answer.body
    }

    /// The hits (`_id`, `_source`, …) of a search, after a refresh; `body` may hold `query`, `sort` and so on.
    /// At most 10,000, the server's own limit for one page.
    pub async fn search(&self, index: &str, size: usize, body: Value) -> Vec<Value> {
        self.refresh(index).await;
        let body = if body.is_null() { json!({}) } else { body };
        let found = self
            .ask(Method::POST, &format!("/{index}/_search?size={size}"), body)
            .await;
        match &found["hits"]["hits"] {
            Value::Array(hits) => hits.clone(),
            _ => panic!("no hits in {found}"),
        }
    }

    /// The value of a number or keyword field in every document of an index, in no order, after a refresh. A
    /// document without the field counts as `""`. Reads through a scroll: about 100,000 documents per second.
    pub async fn values(&self, index: &str, field: &str) -> Vec<String> {
        self.refresh(index).await;
        let filter = "filter_path=_scroll_id,hits.hits._id,hits.hits.fields";
        let body = json!({
            "size": 10_000, "_source": false, "sort": ["_doc"], "docvalue_fields": [field], "query": {"match_all": {}},
        });
        let mut page = self
            .ask(
                Method::POST,
                &format!("/{index}/_search?scroll=1m&{filter}"),
                body,
            )
            .await;
        let mut values = Vec::new();
        while let Value::Array(hits) = &page["hits"]["hits"] {
            values.extend(hits.iter().map(|hit| match &hit["fields"][field][0] {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            }));
            let next = json!({"scroll": "1m", "scroll_id": page["_scroll_id"]});
            page = self
                .ask(Method::POST, &format!("/_search/scroll?{filter}"), next)
                .await;
        }
        let end = json!({"scroll_id": page["_scroll_id"]});
        self.ask(Method::DELETE, "/_search/scroll", end).await;
        values
    }

    /// Compares a field of all documents with what was written: each expected value must be there exactly once.
    pub async fn tally<T: ToString>(
        &self,
        index: &str,
        field: &str,
        expected: impl IntoIterator<Item = T>,
    ) -> super::Tally {
        super::Tally::of(self.values(index, field).await, expected)
    }
}
