//! From settings to an HTTP client: certificates, credentials, proxy, addresses.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Certificate, Identity, Proxy, Url, redirect};

use super::client_error::ClientError;
use super::trouble::chain;
use crate::config::{Credentials, ElasticsearchSettings, Verify};

/// How long a connection may take to come about.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an unused connection is kept. Elasticsearch itself never closes one; load balancers do after a minute.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// The HTTP client for all hosts.
pub(super) fn http(settings: &ElasticsearchSettings) -> Result<reqwest::Client, ClientError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("logmill/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers(&settings.credentials)?)
        // A redirected bulk request would arrive as a GET, or elsewhere: say it instead.
        .redirect(redirect::Policy::none())
        // Each try is the delivery's own decision.
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(settings.requests_max.get())
        // What the agent talks to stands in its file and nowhere else.
        .no_proxy();
    if let Some(pem) = &settings.tls.ca_pem {
        for certificate in certificates(pem)? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    if let Some(pem) = &settings.tls.identity_pem {
        let identity = Identity::from_pem(pem.expose().as_bytes()).map_err(|_| ClientError::NotPem {
            setting: "`client_certificate`",
            what: "certificate and private key",
        })?;
        builder = builder.identity(identity);
    }
    if settings.tls.verify == Verify::None {
        builder = builder.danger_accept_invalid_certs(true);
    }
    if let Some(proxy) = &settings.proxy {
        let rule = Proxy::all(proxy.expose()).map_err(|_| ClientError::Proxy)?;
        builder = builder.proxy(rule);
    }
    builder.build().map_err(|error| ClientError::Tls(chain(&error)))
}

/// The address with `path` (of the API, beginning with `/`) at its end.
pub(super) fn join(base: &Url, path: &str) -> Url {
    let (path, query) = path
        .split_once('?')
        .map_or((path, None), |(path, query)| (path, Some(query)));
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url.set_query(query);
    url
}

fn headers(credentials: &Credentials) -> Result<HeaderMap, ClientError> {
    let (setting, value) = match credentials {
        Credentials::None => return Ok(HeaderMap::new()),
        Credentials::ApiKey(key) => ("`api_key`", format!("ApiKey {}", key.expose())),
        Credentials::Basic { username, password } => (
            "`password`",
            format!(
                "Basic {}",
                BASE64.encode(format!("{username}:{}", password.expose()))
            ),
        ),
        Credentials::Bearer(token) => ("`bearer_token`", format!("Bearer {}", token.expose())),
    };
    let mut value = HeaderValue::from_str(&value).map_err(|_| ClientError::Secret { setting })?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
}

/// The settings to look at when the server refuses the credentials.
pub(super) fn setting_of(credentials: &Credentials) -> &'static str {
    match credentials {
        Credentials::None => "that `api_key`, or `username` and `password`, is set",
        Credentials::ApiKey(_) => "`api_key` and its privileges",
        Credentials::Basic { .. } => "`username` and `password`, and the user's privileges",
        Credentials::Bearer(_) => "`bearer_token`",
    }
}

fn certificates(pem: &str) -> Result<Vec<Certificate>, ClientError> {
    match Certificate::from_pem_bundle(pem.as_bytes()) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(ClientError::NotPem {
            setting: "`ca_file`",
            what: "certificate",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Secret, TlsSettings};
    use crate::ship::testing::settings;

    #[test]
    fn a_path_goes_behind_the_prefix() {
        let joined = |base: &str| join(&Url::parse(base).unwrap(), "/_bulk?filter_path=a").to_string();
        assert_eq!(
            joined("https://es-1:9200/prefix/"),
            "https://es-1:9200/prefix/_bulk?filter_path=a"
        );
        assert_eq!(joined("http://es"), "http://es/_bulk?filter_path=a");
    }

    #[test]
    fn credentials_become_headers() {
        let header =
            |credentials| headers(&credentials).map(|all| all[AUTHORIZATION].to_str().unwrap().to_owned());
        let key = |text: &str| header(Credentials::ApiKey(Secret::new(text)));
        assert_eq!(key("aWQ6a2V5").unwrap(), "ApiKey aWQ6a2V5");
        assert_eq!(header(Credentials::Bearer(Secret::new("t"))).unwrap(), "Bearer t");
        let basic = Credentials::Basic {
            username: "u".to_owned(),
            password: Secret::new("p"),
        };
        assert_eq!(header(basic).unwrap(), "Basic dTpw");
        let error = key("two\nlines").unwrap_err().to_string();
        assert!(error.contains("`api_key`") && !error.contains("two"), "{error}");
    }

    #[test]
    fn what_is_no_certificate_is_named_with_its_setting() {
        let with = |tls| {
            http(&ElasticsearchSettings {
                tls,
                ..settings("http://es")
            })
        };
        let no_ca = with(TlsSettings {
            ca_pem: Some("no certificate".to_owned()),
            ..TlsSettings::default()
        });
        let no_identity = with(TlsSettings {
            identity_pem: Some(Secret::new("no certificate")),
            ..TlsSettings::default()
        });
        let text = |result: Result<reqwest::Client, ClientError>| result.unwrap_err().to_string();
        assert!(text(no_ca).contains("`ca_file` holds no certificate"));
        assert!(text(no_identity).contains("`client_certificate` holds no certificate and private key"));
        let proxied = ElasticsearchSettings {
            proxy: Some(Secret::new("not an address")),
            ..settings("http://es")
        };
        assert!(matches!(http(&proxied), Err(ClientError::Proxy)));
        assert!(http(&settings("http://es")).is_ok());
    }
}
