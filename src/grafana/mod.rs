//! What Grafana is given: dashboards, alert rules, and the data source by which it reaches ClickHouse. Made
//! by `dashboards/grafana`, compiled in, so that the binary alone can set a Grafana up.

pub mod reader;

use serde_json::{Map, Value, json};
use std::path::Path;

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../dashboards/grafana/", $path)))),*]
    };
}

/// Every file by its path below `dashboards/grafana`.
pub const FILES: &[(&str, &str)] = files!(
    "dashboards/en/funnel.json",
    "dashboards/en/traffic.json",
    "dashboards/en/inquiries.json",
    "dashboards/en/orders.json",
    "dashboards/en/health.json",
    "dashboards/zh/funnel.json",
    "dashboards/zh/traffic.json",
    "dashboards/zh/inquiries.json",
    "dashboards/zh/orders.json",
    "dashboards/zh/health.json",
    "provisioning/datasources/shopfunnel.yaml",
    "provisioning/datasources/prometheus.yaml",
    "provisioning/dashboards/shopfunnel.yaml",
    "provisioning/alerting/shopfunnel.yaml",
    "provisioning/alerting/prometheus.yaml",
);

/// Whether a file is only for a Grafana that has a Prometheus beside it.
pub fn wants_prometheus(path: &str) -> bool {
    path.ends_with("/prometheus.yaml")
}

/// How Grafana reaches what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Name or address of ClickHouse.
    pub host: String,
    /// Its HTTP port.
    pub port: u16,
    /// Over TLS.
    pub is_secure: bool,
    /// PEM text of the CA that the server's certificate is of, when the system's are not to be asked.
    pub ca_certificate: Option<String>,
    /// Where the tables are.
    pub database: String,
    /// Who reads.
    pub user: String,
    /// Theirs.
    pub password: String,
    /// Names and values of headers that ClickHouse, or a gateway before it, asks for.
    pub headers: Vec<(String, String)>,
    /// Of a Prometheus that scrapes the admin listener's `/metrics`; there may be none.
    pub prometheus_url: Option<String>,
}

/// The text of a file with the data source and the folder of the dashboards filled in.
pub fn filled(text: &str, source: &Source, dashboards: &Path) -> String {
    // A JSON text is a YAML text, whatever it holds.
    let quoted = |value: &str| serde_json::Value::from(value).to_string();
    let headers: Value =
        source.headers.iter().map(|(name, _)| json!({ "name": name, "secure": true })).collect();
    let values =
        source.headers.iter().map(|(name, value)| (format!("secureHttpHeaders.{name}"), value.clone()));
    let certificate = source.ca_certificate.iter().map(|pem| ("tlsCACert".to_owned(), pem.clone()));
    let secrets: Map<String, Value> = [("password".to_owned(), source.password.clone())]
        .into_iter()
        .chain(certificate)
        .chain(values)
        .map(|(name, value)| (name, value.into()))
        .collect();
    let secure = match &source.ca_certificate {
        Some(_) => {
            "secure: true
      tlsAuthWithCACert: true"
        }
        None if source.is_secure => "secure: true",
        None => "secure: false",
    };
    [
        ("secure: false", secure.to_owned()),
        ("$SHOPFUNNEL_CLICKHOUSE_HOST", quoted(&source.host)),
        ("$SHOPFUNNEL_CLICKHOUSE_PORT", source.port.to_string()),
        ("$SHOPFUNNEL_CLICKHOUSE_DATABASE", quoted(&source.database)),
        ("$SHOPFUNNEL_GRAFANA_USER", quoted(&source.user)),
        ("$SHOPFUNNEL_GRAFANA_HEADERS", headers.to_string()),
        ("$SHOPFUNNEL_GRAFANA_SECRETS", Value::from(secrets).to_string()),
        ("$SHOPFUNNEL_PROMETHEUS_URL", quoted(source.prometheus_url.as_deref().unwrap_or_default())),
        ("/var/lib/grafana/dashboards/shopfunnel", quoted(&dashboards.to_string_lossy())),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (name, value)| text.replace(name, &value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_listed() {
        fn walk(folder: &Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                } else {
                    let base = concat!(env!("CARGO_MANIFEST_DIR"), "/dashboards/grafana/");
                    found.push(path.to_string_lossy().strip_prefix(base).unwrap().to_owned());
                }
            }
        }
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards/grafana");
        let mut found = Vec::new();
        for folder in ["dashboards", "provisioning"] {
            walk(&base.join(folder), &mut found);
        }
        let mut listed: Vec<String> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        found.sort();
        listed.sort();
        assert_eq!(found, listed);
    }

    #[test]
    fn whatever_a_password_holds_stays_one_value() {
        let source = Source {
            host: "ch".into(),
            port: 8123,
            is_secure: true,
            ca_certificate: Some("-----BEGIN\n-----END\n".into()),
            database: "shopfunnel".into(),
            user: "u".into(),
            password: "a\"b: #'\n".into(),
            headers: vec![("X-Engine-Token".into(), "t".into())],
            prometheus_url: Some("http://p:9090".into()),
        };
        let text = FILES.iter().find(|(path, _)| path.contains("datasources")).unwrap().1;
        let filled = filled(text, &source, Path::new("/g"));
        assert!(filled.contains(r##""password":"a\"b: #'\n""##) && filled.contains("port: 8123"), "{filled}");
        assert!(filled.contains(r#"httpHeaders: [{"name":"X-Engine-Token","secure":true}]"#), "{filled}");
        assert!(filled.contains(r#""secureHttpHeaders.X-Engine-Token":"t""#), "{filled}");
        assert!(!filled.contains('$'), "{filled}");
        assert!(filled.contains("      secure: true\n      tlsAuthWithCACert: true\n"), "{filled}");
        assert!(filled.contains(r#""tlsCACert":"-----BEGIN\n-----END\n""#), "{filled}");
        let (_, prometheus) =
            FILES.iter().find(|(path, _)| path.ends_with("datasources/prometheus.yaml")).unwrap();
        let filled = super::filled(prometheus, &source, Path::new("/g"));
        assert!(filled.contains(r#"url: "http://p:9090""#) && !filled.contains('$'), "{filled}");
    }
}
