//! Settings: defaults, then `shopfunnel.toml`, then environment, checked once and handed out as each module's
//! options. Nothing below this module reads a file of settings or an environment variable.

mod environment;

use crate::engine::{self, EngineOptions};
use crate::enrich::geo::{self, GeoOptions};
use crate::http::edge::limit::LimitOptions;
use crate::new_values::ValueLimits;
use crate::planted::Faults;
use crate::shipper::ShipperOptions;
use crate::shops::command::NewShop;
use crate::spool::{self, SpoolOptions};
use crate::store::StoreOptions;
use crate::tls;
use ipnet::IpNet;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

const DEFAULT_FILE: &str = "shopfunnel.toml";
const MIN_SPOOL_BYTES: u64 = 16 << 20;
/// Long enough that parts do not pile up, short enough that a page that refreshes every few seconds moves.
const SHIP_INTERVAL: Duration = Duration::from_secs(1);
const UPKEEP_INTERVAL: Duration = Duration::from_millis(500);

/// What cannot be used of the settings, in a sentence.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "{0}; settings come from the settings file and from environment variables that begin with SHOPFUNNEL_, with \
         __ between levels"
    )]
    Invalid(config::ConfigError),
    #[error("`{name}` is `{value}`; {hint}")]
    Value { name: &'static str, value: String, hint: &'static str },
    /// The setting was given by a variable.
    #[error("the environment variable {variable}: {error}")]
    Variable { variable: String, error: Box<ConfigError> },
    #[error("the environment variable {0} holds bytes that are no text; write it anew")]
    NoText(String),
    #[error("there is no settings file {}", .0.display())]
    NoFile(PathBuf),
    #[error("no home directory is known for the cache; set XDG_CACHE_HOME or SHOPFUNNEL_ENGINE__LIBRARY")]
    NoCache,
    #[cfg(feature = "planted-faults")]
    #[error("SHOPFUNNEL_PLANTED_FAULT is `{0}`, which is no fault")]
    NoSuchFault(String),
}

impl From<config::ConfigError> for ConfigError {
    /// Its own text becomes part of the sentence; as a source it would be printed twice.
    fn from(error: config::ConfigError) -> ConfigError {
        ConfigError::Invalid(error)
    }
}

impl ConfigError {
    /// The setting that is wrong, as far as the error knows.
    fn setting(&self) -> Option<&str> {
        match self {
            ConfigError::Value { name, .. } => Some(name),
            ConfigError::Invalid(config::ConfigError::Type { key, .. }) => key.as_deref(),
            ConfigError::Invalid(config::ConfigError::At { key, .. }) => key.as_deref(),
            _ => None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSettings {
    listen: String,
    admin_listen: String,
    data_dir: PathBuf,
    public_url: Option<String>,
    trusted_proxies: List,
    #[serde(default)]
    clickhouse: RawClickHouse,
    #[serde(default)]
    engine: RawEngine,
    #[serde(default)]
    geo: RawGeo,
    spool: RawSpool,
    #[serde(default)]
    log: RawLog,
    #[serde(default)]
    limits: RawLimits,
    #[serde(default)]
    shops: Vec<NewShop>,
    #[cfg(feature = "planted-faults")]
    planted_fault: Option<String>,
}

/// A list in the file, or comma-separated text in an environment variable.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum List {
    Items(Vec<String>),
    Text(String),
}

impl List {
    fn items(&self) -> Vec<&str> {
        match self {
            List::Items(items) => items.iter().map(String::as_str).collect(),
            List::Text(text) => text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClickHouse {
    url: Option<String>,
    ca_file: Option<PathBuf>,
    user: Option<String>,
    password: Option<String>,
    headers: Option<List>,
    database: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEngine {
    library: Option<PathBuf>,
    max_memory: Option<Size>,
}

/// A number of bytes, or text such as `2 GiB`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Size {
    Bytes(u64),
    Text(String),
}

impl Size {
    /// The units are powers of 1 024, with or without `i` and `B`.
    fn bytes(&self) -> Option<u64> {
        let text = match self {
            Size::Bytes(bytes) => return Some(*bytes),
            Size::Text(text) => text.trim(),
        };
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let shift = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 0,
            "k" | "kb" | "kib" => 10,
            "m" | "mb" | "mib" => 20,
            "g" | "gb" | "gib" => 30,
            "t" | "tb" | "tib" => 40,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(1 << shift)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGeo {
    database: Option<List>,
}

impl RawGeo {
    fn options(&self) -> GeoOptions {
        let absolute = |path: &str| std::path::absolute(path).unwrap_or_else(|_| path.into());
        match &self.database {
            Some(list) => {
                GeoOptions { files: list.items().into_iter().map(absolute).collect(), required: true }
            }
            None => GeoOptions {
                files: cache_dir().map(|cache| geo::cached_database(&cache)).into_iter().collect(),
                required: false,
            },
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLog {
    format: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSpool {
    max_bytes: u64,
}

/// Rates per second; see [`LimitOptions`].
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    client_requests: Option<NonZeroU32>,
    client_burst: Option<NonZeroU32>,
    client_events_per_minute: Option<NonZeroU32>,
    client_events_burst: Option<NonZeroU32>,
    shop_requests: Option<NonZeroU32>,
    server_events: Option<NonZeroU32>,
    reports: Option<NonZeroU32>,
    new_values_per_client: Option<u32>,
    new_values_per_day: Option<u32>,
    new_pages_per_day: Option<u32>,
}

impl RawLimits {
    fn options(&self) -> LimitOptions {
        let default = LimitOptions::default();
        LimitOptions {
            client_requests: self.client_requests.unwrap_or(default.client_requests),
            client_burst: self.client_burst.unwrap_or(default.client_burst),
            client_events_per_minute: self
                .client_events_per_minute
                .unwrap_or(default.client_events_per_minute),
            client_events_burst: self.client_events_burst.unwrap_or(default.client_events_burst),
            shop_requests: self.shop_requests.unwrap_or(default.shop_requests),
            server_events: self.server_events.unwrap_or(default.server_events),
            reports: self.reports.unwrap_or(default.reports),
        }
    }

    fn values(&self) -> ValueLimits {
        let default = ValueLimits::default();
        ValueLimits {
            per_client: self.new_values_per_client.unwrap_or(default.per_client),
            pages_per_day: self.new_pages_per_day.unwrap_or(default.pages_per_day),
            per_day: self.new_values_per_day.unwrap_or(default.per_day),
        }
    }
}

/// How lines of the log are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object a line, for programs that collect logs.
    Json,
}

/// Where ClickHouse is.
#[derive(Debug, Clone)]
pub enum ClickHouse {
    /// A child process of ours.
    Embedded(EngineOptions),
    /// Somebody else's server.
    External(StoreOptions),
}

/// Everything the program is told, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    pub listen: SocketAddr,
    pub admin_listen: SocketAddr,
    /// Absolute.
    pub data_dir: PathBuf,
    /// Where browsers reach this server; decides the script tag.
    pub public_url: String,
    pub trusted_proxies: Vec<IpNet>,
    pub clickhouse: ClickHouse,
    pub geo: GeoOptions,
    pub spool: SpoolOptions,
    pub shipper: ShipperOptions,
    /// Shortest time between two rounds of the ledger's upkeep.
    pub upkeep_interval: Duration,
    pub limits: LimitOptions,
    /// None but in the judge's builds.
    pub faults: Faults,
    /// `[[shops]]` of the file.
    pub shops: Vec<NewShop>,
}

impl Settings {
    /// Reads defaults, the file and the environment. `file` must exist when named. `data_dir` is the default
    /// data directory of the command at hand.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn read(file: Option<&Path>, data_dir: &str) -> Result<Settings, ConfigError> {
        if let Some(file) = file.filter(|file| !file.is_file()) {
            return Err(ConfigError::NoFile(file.to_owned()));
        }
        let mut sources = sources(file, data_dir)?;
        let given = environment::sort(std::env::vars_os());
        for warning in &given.warnings {
            tracing::warn!("{warning}");
        }
        if let Some(variable) = given.unreadable {
            return Err(ConfigError::NoText(variable));
        }
        for (setting, (_, value)) in &given.settings {
            sources = sources.set_override(*setting, value.as_str())?;
        }
        let raw = sources.build().and_then(config::Config::try_deserialize::<RawSettings>);
        raw.map_err(ConfigError::from).and_then(Settings::check).map_err(|error| {
            let variable = error.setting().and_then(|setting| given.settings.get(setting));
            match variable {
                Some((variable, _)) => {
                    ConfigError::Variable { variable: variable.clone(), error: Box::new(error) }
                }
                None => error,
            }
        })
    }

    /// How the log is to be written, before all of the settings are checked; what is wrong with them is said
    /// then.
    pub fn log_format(file: Option<&Path>) -> LogFormat {
        let given = environment::sort(std::env::vars_os());
        let of_file = || sources(file, "").and_then(|sources| sources.build()?.get_string("log.format")).ok();
        let asked = given.settings.get("log.format").map(|(_, format)| format.clone()).or_else(of_file);
        asked.and_then(|format| log_format(&format).ok()).unwrap_or_default()
    }

    /// The settings file that is read when none is named, if it is there.
    pub fn default_file() -> Option<&'static Path> {
        Some(Path::new(DEFAULT_FILE)).filter(|file| file.is_file())
    }

    fn check(raw: RawSettings) -> Result<Settings, ConfigError> {
        let faults = planted(&raw)?;
        raw.log.format.as_deref().map(log_format).transpose()?;
        let listen = address("listen", &raw.listen)?;
        let data_dir = std::path::absolute(&raw.data_dir).unwrap_or(raw.data_dir);
        let trusted_proxies =
            raw.trusted_proxies.items().into_iter().map(network).collect::<Result<Vec<_>, _>>()?;
        let database = raw.clickhouse.database.unwrap_or_else(|| "shopfunnel".into());
        if database.is_empty() || !database.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(ConfigError::Value {
                name: "clickhouse.database",
                value: database,
                hint: "use letters, digits and _",
            });
        }
        let clickhouse = match raw.clickhouse.url {
            Some(url) => ClickHouse::External(StoreOptions {
                ca_file: ca_file(&url, raw.clickhouse.ca_file)?,
                url: http_url(url)?,
                headers: raw
                    .clickhouse
                    .headers
                    .iter()
                    .flat_map(List::items)
                    .map(http_header)
                    .collect::<Result<_, _>>()?,
                user: raw.clickhouse.user.unwrap_or_else(|| "default".into()),
                password: raw.clickhouse.password.unwrap_or_default(),
                database,
            }),
            None => {
                let library = match raw.engine.library {
                    Some(library) => std::path::absolute(&library).unwrap_or(library),
                    None => engine::cached_library(&cache_dir().ok_or(ConfigError::NoCache)?),
                };
                ClickHouse::Embedded(EngineOptions {
                    directory: data_dir.join("engine"),
                    library,
                    program: std::env::current_exe().unwrap_or_else(|_| "shopfunnel".into()),
                    database,
                    max_memory_bytes: raw.engine.max_memory.map(max_memory).transpose()?,
                    environment: engine::ENVIRONMENT
                        .iter()
                        .filter_map(|name| Some((*name, std::env::var_os(name)?)))
                        .collect(),
                })
            }
        };
        if raw.spool.max_bytes < MIN_SPOOL_BYTES {
            return Err(ConfigError::Value {
                name: "spool.max_bytes",
                value: raw.spool.max_bytes.to_string(),
                hint: "give it at least 16777216 bytes (16 MiB)",
            });
        }
        Ok(Settings {
            listen,
            admin_listen: address("admin_listen", &raw.admin_listen)?,
            public_url: match raw.public_url {
                Some(url) => public_url(url)?,
                None if listen.ip().is_unspecified() => format!("http://localhost:{}", listen.port()),
                None => format!("http://{listen}"),
            },
            trusted_proxies,
            clickhouse,
            geo: raw.geo.options(),
            spool: SpoolOptions {
                directory: spool::directory(&data_dir),
                max_bytes: raw.spool.max_bytes,
                keep_sent: spool::KEEP_SENT,
                faults,
            },
            shipper: ShipperOptions {
                interval: SHIP_INTERVAL,
                boot_id: boot_id(),
                values: raw.limits.values(),
                faults,
            },
            upkeep_interval: UPKEEP_INTERVAL,
            limits: raw.limits.options(),
            faults,
            shops: raw.shops,
            data_dir,
        })
    }
}

/// Defaults, then the file.
fn sources(
    file: Option<&Path>,
    data_dir: &str,
) -> Result<config::ConfigBuilder<config::builder::DefaultState>, config::ConfigError> {
    let mut sources = config::Config::builder()
        .set_default("listen", "127.0.0.1:8080")?
        .set_default("admin_listen", "127.0.0.1:9464")?
        .set_default("data_dir", data_dir)?
        .set_default("trusted_proxies", vec!["127.0.0.0/8", "::1/128"])?
        .set_default("spool.max_bytes", 10_i64 << 30)?;
    if let Some(file) = file {
        sources = sources.add_source(config::File::from(file).format(config::FileFormat::Toml));
    }
    Ok(sources)
}

fn log_format(format: &str) -> Result<LogFormat, ConfigError> {
    match format {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(ConfigError::Value { name: "log.format", value: format.into(), hint: "write text or json" }),
    }
}

#[cfg(feature = "planted-faults")]
fn planted(raw: &RawSettings) -> Result<Faults, ConfigError> {
    let Some(name) = &raw.planted_fault else { return Ok(Faults::default()) };
    Faults::named(name).ok_or_else(|| ConfigError::NoSuchFault(name.clone()))
}

#[cfg(not(feature = "planted-faults"))]
fn planted(_: &RawSettings) -> Result<Faults, ConfigError> {
    Ok(Faults::default())
}

fn address(name: &'static str, value: &str) -> Result<SocketAddr, ConfigError> {
    let hint = "write an address and a port, for example 127.0.0.1:8080";
    value.parse().map_err(|_| ConfigError::Value { name, value: value.into(), hint })
}

fn network(value: &str) -> Result<IpNet, ConfigError> {
    let hint = "write a network such as 10.0.0.0/8, or one address";
    let address = || value.parse::<IpAddr>().map(IpNet::from);
    value.parse::<IpNet>().or_else(|_| address()).map_err(|_| ConfigError::Value {
        name: "trusted_proxies",
        value: value.into(),
        hint,
    })
}

/// A CA decides about TLS, and a path of another directory would be a riddle later.
fn ca_file(url: &str, file: Option<PathBuf>) -> Result<Option<PathBuf>, ConfigError> {
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

fn http_url(value: String) -> Result<String, ConfigError> {
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

fn http_header(value: &str) -> Result<(String, String), ConfigError> {
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

fn max_memory(size: Size) -> Result<u64, ConfigError> {
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

fn public_url(value: String) -> Result<String, ConfigError> {
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

/// Changes with every start of the machine; empty where the system does not say.
fn boot_id() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

/// The registry that npm's own settings name for a package: `npm_config_registry`, or `registry` in
/// `~/.npmrc`, there also for the package's scope alone. `None` where they say nothing.
pub fn npm_registry(package: &str) -> Option<String> {
    let told = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let file = told("npm_config_userconfig")
        .or_else(|| told("NPM_CONFIG_USERCONFIG"))
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".npmrc")));
    let text = file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let scope = package.split_once('/').map_or("", |(scope, _)| scope);
    in_npmrc(&text, &format!("{scope}:registry"))
        .or_else(|| told("npm_config_registry"))
        .or_else(|| told("NPM_CONFIG_REGISTRY"))
        .or_else(|| in_npmrc(&text, "registry"))
}

/// The last value of a key of npm's settings file.
fn in_npmrc(text: &str, key: &str) -> Option<String> {
    let mut values =
        text.lines().filter_map(|line| line.split_once('=')).filter(|(name, _)| name.trim() == key);
    let value = values.next_back()?.1.trim().trim_matches(['"', '\'']).to_owned();
    // npm would put variables in their places.
    (!value.is_empty() && !value.contains("${")).then_some(value)
}

/// The per-user cache of this program; the scripts of `packaging` compute the same path.
pub fn cache_dir() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(cache.join("shopfunnel"))
}

#[cfg(test)]
mod tests;
