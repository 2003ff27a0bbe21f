//! From settings to an HTTP client: certificates, credentials, proxy, addresses.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Certificate, Identity, Proxy, Url, redirect};

use super::client_error::ClientError;
use super::settings::{Auth, ElasticsearchSettings, Secret};
use super::trouble::chain;

/// How long a connection may take to come about.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an unused connection is kept. Elasticsearch itself never closes one; load balancers do after a minute.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// The HTTP client for all hosts.
pub(super) fn http(settings: &ElasticsearchSettings, auth: &Auth) -> Result<reqwest::Client, ClientError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("logmill/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers(auth)?)
        // A redirected bulk request would arrive as a GET, or elsewhere: say it instead.
        .redirect(redirect::Policy::none())
        // Each try is the delivery's own decision.
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(settings.requests_max.max(1))
        // What the agent talks to stands in its file and nowhere else.
        .no_proxy();
    if let Some(path) = &settings.ca_file {
        for certificate in certificates(path)? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    if let Some(files) = &settings.client_certificate {
        let mut pem = read("`client_certificate`", &files.certificate_file)?;
        pem.push(b'\n');
        pem.extend(read("`client_key`", &files.key_file)?);
        let identity = Identity::from_pem(&pem).map_err(|_| ClientError::NotPem {
            setting: "`client_certificate`",
            what: "certificate and private key",
            path: files.certificate_file.clone(),
        })?;
        builder = builder.identity(identity);
    }
    if let Some(proxy) = &settings.proxy {
        let rule = Proxy::all(proxy).map_err(|_| ClientError::Proxy { proxy: proxy.clone() })?;
        builder = builder.proxy(rule);
    }
    builder.build().map_err(|error| ClientError::Tls(chain(&error)))
}

/// The address of a host without what may stand before `@`, and the credentials that stood there.
pub(super) fn address(host: &str) -> Result<(Url, Option<Auth>), ClientError> {
    let wrong = |reason: String| ClientError::Host {
        // A password in it is not for the log.
        host: host.rsplit('@').next().unwrap_or_default().to_owned(),
        reason,
    };
    let mut url = Url::parse(host).map_err(|error| wrong(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(
            "it begins neither with http:// nor with https://".to_owned(),
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a query or a fragment".to_owned()));
    }
    let auth = url.password().map(|password| Auth::Basic {
        username: decoded(url.username()),
        password: Secret::new(decoded(password)),
    });
    // Both fail only for addresses without a host, which http always has.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Ok((url, auth))
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

fn headers(auth: &Auth) -> Result<HeaderMap, ClientError> {
    let (setting, value) = match auth {
        Auth::None => return Ok(HeaderMap::new()),
        Auth::ApiKey(key) if key.reveal().contains(':') => {
            ("`api_key`", format!("ApiKey {}", BASE64.encode(key.reveal())))
        }
        Auth::ApiKey(key) => ("`api_key`", format!("ApiKey {}", key.reveal())),
        Auth::Basic { username, password } => (
            "`password`",
            format!(
                "Basic {}",
                BASE64.encode(format!("{username}:{}", password.reveal()))
            ),
        ),
        Auth::Bearer(token) => ("`bearer`", format!("Bearer {}", token.reveal())),
    };
    let mut value = HeaderValue::from_str(&value).map_err(|_| ClientError::Secret { setting })?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
}

/// The settings to look at when the server refuses the credentials.
pub(super) fn setting_of(auth: &Auth) -> &'static str {
    match auth {
        Auth::None => "that `api_key`, or `username` and `password`, is set",
        Auth::ApiKey(_) => "`api_key` and its privileges",
        Auth::Basic { .. } => "`username` and `password`, and the user's privileges",
        Auth::Bearer(_) => "`bearer`",
    }
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, ClientError> {
    let setting = "`ca_file`";
    let pem = read(setting, path)?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(ClientError::NotPem {
            setting,
            what: "certificate",
            path: path.to_owned(),
        }),
    }
}

fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, ClientError> {
    fs::read(path).map_err(|source| ClientError::Read {
        setting,
        path: path.to_owned(),
        source,
    })
}

/// Undoes `%40` and the like; what is no such code stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) if byte == b'%' => {
                bytes.push(code);
                rest = &after[2..];
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::ship::settings::ClientCertificate;

    #[test]
    fn addresses() {
        let (url, auth) = address("https://es-1:9200/prefix/").unwrap();
        assert_eq!(auth, None);
        assert_eq!(
            join(&url, "/_bulk?filter_path=a").as_str(),
            "https://es-1:9200/prefix/_bulk?filter_path=a"
        );
        assert_eq!(join(&address("http://es").unwrap().0, "/").as_str(), "http://es/");
    }

    #[test]
    fn credentials_in_an_address_move_out_of_it() {
        let (url, auth) = address("https://shipper:p%40ss@es:9200").unwrap();
        assert_eq!(url.as_str(), "https://es:9200/");
        let expected = Auth::Basic {
            username: "shipper".to_owned(),
            password: Secret::new("p@ss"),
        };
        assert_eq!(auth, Some(expected));
    }

    #[test]
    fn wrong_addresses_are_named_without_their_password() {
        for host in [
            "es:9200",
            "localhost:9200",
            "",
            "ftp://es",
            "http://",
            "http://es?x=1",
        ] {
            assert!(matches!(address(host), Err(ClientError::Host { .. })), "{host}");
        }
        let error = address("ftp://me:hunter2@es").unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn credentials_become_headers() {
        let header = |auth| headers(&auth).map(|headers| headers[AUTHORIZATION].to_str().unwrap().to_owned());
        let key = |text: &str| header(Auth::ApiKey(Secret::new(text)));
        assert_eq!(key("id:key").unwrap(), "ApiKey aWQ6a2V5");
        assert_eq!(key("aWQ6a2V5").unwrap(), "ApiKey aWQ6a2V5");
        assert_eq!(header(Auth::Bearer(Secret::new("t"))).unwrap(), "Bearer t");
        let basic = Auth::Basic {
            username: "u".to_owned(),
            password: Secret::new("p"),
        };
        assert_eq!(header(basic).unwrap(), "Basic dTpw");
        let error = key("two\nlines").unwrap_err().to_string();
        assert!(error.contains("`api_key`") && !error.contains("two"), "{error}");
    }

    #[test]
    fn files_that_are_missing_or_no_certificates_are_named_with_their_setting() {
        let mut no_pem = tempfile::NamedTempFile::new().unwrap();
        no_pem.write_all(b"no certificate").unwrap();
        let settings = |ca_file: Option<&Path>, client: Option<&Path>| ElasticsearchSettings {
            ca_file: ca_file.map(Path::to_owned),
            client_certificate: client.map(|path| ClientCertificate {
                certificate_file: path.to_owned(),
                key_file: path.to_owned(),
            }),
            ..ElasticsearchSettings::default()
        };
        let missing = Path::new("/nowhere/ca.pem");
        for (settings, words) in [
            (
                settings(Some(missing), None),
                ["cannot read `ca_file`", "/nowhere/ca.pem"],
            ),
            (
                settings(Some(no_pem.path()), None),
                ["`ca_file`", "holds no certificate"],
            ),
            (
                settings(None, Some(missing)),
                ["cannot read `client_certificate`", "/nowhere"],
            ),
            (
                settings(None, Some(no_pem.path())),
                ["`client_certificate`", "holds no certificate and private key"],
            ),
        ] {
            let error = http(&settings, &Auth::None).unwrap_err().to_string();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
        let proxied = ElasticsearchSettings {
            proxy: Some("not an address".to_owned()),
            ..ElasticsearchSettings::default()
        };
        assert!(matches!(
            http(&proxied, &Auth::None),
            Err(ClientError::Proxy { .. })
        ));
        assert!(http(&ElasticsearchSettings::default(), &Auth::None).is_ok());
    }
}
