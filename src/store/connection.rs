//! The way to the server: connections over HTTP or TLS, and whether a ClickHouse of our kind is at
//! the other end.
//!
//! A server that is away may come back, and events wait for it. A server that is the wrong one, or that
//! cannot be believed, does not become right by waiting: who starts the program is told so at once.

use super::error::{StoreError, answered, code, failed};
use crate::tls;
use clickhouse::{Client, Compression};
use http_body_util::{BodyExt, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::RootCertStore;
use std::path::PathBuf;
use std::time::Duration;

/// The oldest ClickHouse with which every statement of `sql/` was tried; 24.8 does not understand the funnel,
/// and knows no `optimize_and_compare_chain`. Tests run with the embedded one.
pub const OLDEST_SERVER: (u32, u32) = (25, 5);
const TCP_KEEPALIVE: Duration = Duration::from_secs(60);
/// ClickHouse's own default is 3 s.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(2);
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);
/// More than any version, and enough of a page to tell what it is.
const PROBE_BYTES: usize = 64 << 10;
/// So much of a strange answer is shown.
const SHOWN_CHARACTERS: usize = 80;

/// Where the tables are.
#[derive(Clone)]
pub struct StoreOptions {
    /// `http://host:port` or `https://host:port`.
    pub url: String,
    /// PEM file of the CA that is believed with `https://`; the system's when absent.
    pub ca_file: Option<PathBuf>,
    /// Who reads and writes.
    pub user: String,
    /// Theirs.
    pub password: String,
    /// Names and values of headers that every request carries.
    pub headers: Vec<(String, String)>,
    /// Made by [`Store::migrate`] when it is missing.
    pub database: String,
}

impl std::fmt::Debug for StoreOptions {
    /// Without the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreOptions")
            .field("url", &self.url)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

type Connector = HttpsConnector<HttpConnector>;

/// A client of the server that `options` name, and what asks the server who it is.
pub(super) fn connect(options: &StoreOptions) -> Result<(Client, Probe), StoreError> {
    let is_tls = options.url.starts_with("https://");
    let config = if is_tls {
        let authorities = tls::authorities(options.ca_file.as_deref());
        authorities.and_then(tls::client).map_err(|error| StoreError::Unusable(error.to_string()))?
    } else {
        rustls::ClientConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| StoreError::Unusable(error.to_string()))?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth()
    };
    let mut http = HttpConnector::new();
    http.set_keepalive(Some(TCP_KEEPALIVE));
    http.enforce_http(false);
    let connector: Connector = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    let pooled = legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .build(connector.clone());
    let client = Client::with_http_client(pooled)
        .with_url(options.url.clone())
        .with_user(options.user.clone())
        .with_password(options.password.clone())
        .with_database(options.database.clone());
    // Between two processes of one machine packing takes longer than the way.
    let client = if !is_tls && is_this_machine(&options.url) {
        client.with_compression(Compression::None)
    } else {
        client
    };
    let headers = options.headers.iter();
    let client = headers.fold(client, |client, (name, value)| client.with_header(name, value));
    Ok((client, Probe { connector, options: options.clone() }))
}

/// Whether a server is reached by the loopback address.
fn is_this_machine(url: &str) -> bool {
    match url::Url::parse(url).as_ref().map(url::Url::host) {
        Ok(Some(url::Host::Ipv4(address))) => address.is_loopback(),
        Ok(Some(url::Host::Ipv6(address))) => address.is_loopback(),
        Ok(Some(url::Host::Domain(name))) => name == "localhost",
        Ok(None) | Err(_) => false,
    }
}

/// Asks the server who it is, in plain HTTP: a server that is no ClickHouse would only confuse a client of
/// ClickHouse.
#[derive(Clone)]
pub(super) struct Probe {
    connector: Connector,
    options: StoreOptions,
}

impl Probe {
    /// Whether a ClickHouse that is new enough answers.
    ///
    /// # Errors
    /// Away: it does not answer, or passingly with an error. Unusable: it is none, or too old. Refused: it
    /// refuses the user.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        let asked = tokio::time::timeout(PROBE_TIMEOUT, self.ask()).await;
        let (status, head, text) =
            asked.unwrap_or_else(|_| Err(StoreError::Away("it did not answer in time".into())))?;
        let url = &self.options.url;
        if code(&text).is_some() || head.contains_key("x-clickhouse-exception-code") {
            // An error in its own words, such as a wrong password.
            return Err(answered(text));
        }
        if status == http::StatusCode::OK
            && let Some((major, minor)) = version(&text)
        {
            let (oldest_major, oldest_minor) = OLDEST_SERVER;
            return if (major, minor) >= OLDEST_SERVER {
                Ok(())
            } else {
                Err(StoreError::Unusable(format!(
                    "{url} is ClickHouse {}, and shopfunnel needs {oldest_major}.{oldest_minor} or newer; \
                    update that server, or leave clickhouse.url out to use the embedded one",
                    text.trim()
                )))
            };
        }
        // A proxy before a ClickHouse that is away, and limits that pass.
        if status.is_server_error()
            || [http::StatusCode::TOO_MANY_REQUESTS, http::StatusCode::REQUEST_TIMEOUT].contains(&status)
        {
            return Err(StoreError::Away(format!("{url} answered {}", shown(status, &text))));
        }
        Err(StoreError::Unusable(format!(
            "{url} is not ClickHouse: it answered {}; check clickhouse.url, which must be ClickHouse's HTTP \
            interface (usually port 8123, or 8443 with https://)",
            shown(status, &text)
        )))
    }

    async fn ask(&self) -> Result<(http::StatusCode, http::HeaderMap, String), StoreError> {
        let request = http::Request::post(&self.options.url)
            .header("X-ClickHouse-User", &self.options.user)
            .header("X-ClickHouse-Key", &self.options.password);
        let headers = self.options.headers.iter();
        let request = headers
            .fold(request, |request, (name, value)| request.header(name, value))
            .body("SELECT version()".to_owned())
            .map_err(|error| StoreError::Unusable(format!("clickhouse.url cannot be asked: {error}")))?;
        let client = legacy::Client::builder(TokioExecutor::new()).build::<_, String>(self.connector.clone());
        let answer = client.request(request).await.map_err(|error| failed(&error))?;
        let (head, body) = answer.into_parts();
        // What comes of an endless page is enough to say that it is one.
        let text = match Limited::new(body, PROBE_BYTES).collect().await {
            Ok(text) => String::from_utf8_lossy(&text.to_bytes()).into_owned(),
            Err(_) => String::new(),
        };
        Ok((head.status, head.headers, text))
    }
}

/// Major and minor of a text such as `26.7.3.10`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().split('.');
    let found = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    let rest_is_version =
        text.trim().bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+~_".contains(&byte));
    rest_is_version.then_some(found)
}

/// Status and beginning of an answer, in one line.
fn shown(status: http::StatusCode, text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let beginning: String = words.chars().filter(|c| !c.is_control()).take(SHOWN_CHARACTERS).collect();
    if beginning.is_empty() { format!("{status}") } else { format!("{status}, `{beginning}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_version_is_a_version() {
        assert_eq!(version("26.7.3.10\n"), Some((26, 7)));
        assert_eq!(version("24.8.14.10459.altinitystable"), Some((24, 8)));
        for text in ["", "OK", "26", "<html>1.2</html>", "1.2 3", "Ok.\n", "26.x"] {
            assert_eq!(version(text), None, "{text}");
        }
    }
}
