//! Single settings: each becomes what it means, or a sentence that says what to write.

use super::raw::Size;
use super::{ConfigError, LogFormat};
use crate::engine;
use crate::tls;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use url::Url;

pub fn log_format(format: &str) -> Result<LogFormat, ConfigError> {
    match format {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(ConfigError::Value { name: "log.format", value: format.into(), hint: "write text or json" }),
    }
}

pub fn address(name: &'static str, value: &str) -> Result<SocketAddr, ConfigError> {
    let hint = "write an address and a port, for example 127.0.0.1:8080";
    value.parse().map_err(|_| ConfigError::Value { name, value: value.into(), hint })
}

pub fn network(value: &str) -> Result<IpNet, ConfigError> {
    let hint = "write a network such as 10.0.0.0/8, or one address";
    let address = || value.parse::<IpAddr>().map(IpNet::from);
    value.parse::<IpNet>().or_else(|_| address()).map_err(|_| ConfigError::Value {
        name: "trusted_proxies",
        value: value.into(),
        hint,
    })
}

/// A CA decides about TLS, and a path of another directory would be a riddle later.
pub fn ca_file(url: &str, file: Option<PathBuf>) -> Result<Option<PathBuf>, ConfigError> {
    let Some(file) = file else { return Ok(None) };
    let wrong =
        |hint| ConfigError::Value { name: "clickhouse.ca_file", value: file.display().to_string(), hint };
    if !url.starts_with("https://") {
        return Err(wrong("it is for a clickhouse.url with https://"));
    }
    match tls::authorities(Some(&file)).and_then(tls::client) {
        Ok(_) => Ok(Some(std::path::absolute(&file).unwrap_or(file))),
        Err(_) => Err(wrong("name a PEM file that can be read and holds the certificate of a CA")),
    }
}

pub fn http_url(value: String) -> Result<String, ConfigError> {
    let url = value.trim_end_matches('/').to_owned();
    let parsed = Url::parse(&url).ok().filter(|parsed| {
        ["http", "https"].contains(&parsed.scheme())
            && parsed.host_str().is_some_and(|host| !host.is_empty())
            && parsed.username().is_empty()
            && parsed.password().is_none()
            && parsed.query().is_none()
            && parsed.fragment().is_none()
    });
    let hint = "write http://host:8123, or https://host:8443; user and password are settings of their own";
    if parsed.is_some() && url.starts_with("http") {
        Ok(url)
    } else {
        Err(ConfigError::Value { name: "clickhouse.url", value: without_password(value), hint })
    }
}

/// What may be told of an address.
fn without_password(address: String) -> String {
    match address.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => address,
    }
}

pub fn http_header(value: &str) -> Result<(String, String), ConfigError> {
    let header = value.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    match header {
        Some((name, value)) if is_name(name) && value.bytes().all(|b| (b' '..=b'~').contains(&b)) => {
            Ok((name.to_owned(), value.to_owned()))
        }
        // The value may be a secret, and errors are logged.
        _ => Err(ConfigError::Value {
            name: "clickhouse.headers",
            value: "…".into(),
            hint: "write each as `Name: value`, in ASCII",
        }),
    }
}

pub fn max_memory(size: Size) -> Result<u64, ConfigError> {
    match size.bytes() {
        Some(bytes) if bytes >= engine::memory::MIN_BYTES => Ok(bytes),
        _ => Err(ConfigError::Value {
            name: "engine.max_memory",
            value: match size {
                Size::Bytes(bytes) => bytes.to_string(),
                Size::Text(text) => text,
            },
            hint: "give the engine at least 512 MiB, as a number of bytes or with a unit: \"2 GiB\"",
        }),
    }
}

pub fn public_url(value: String) -> Result<String, ConfigError> {
    let host = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['"', '<', '>', ' ', '?', '#', '@']) => {
            Ok(value.trim_end_matches('/').to_owned())
        }
        _ => Err(ConfigError::Value {
            name: "public_url",
            value,
            hint: "write where browsers reach this server, for example https://stats.shop.example",
        }),
    }
}
