//! Settings: defaults, then `shopfunnel.toml`, then environment, checked once and handed out as each module's
//! options. Nothing below this module reads a file of settings or an environment variable.

mod environment;
mod npmrc;
mod raw;
mod values;

pub use npmrc::npm_registry;

use crate::engine::{self, EngineOptions};
use crate::enrich::geo::GeoOptions;
use crate::http::edge::limit::LimitOptions;
use crate::planted::Faults;
use crate::shipper::ShipperOptions;
use crate::shops::command::NewShop;
use crate::spool::{self, SpoolOptions};
use crate::store::StoreOptions;
use ipnet::IpNet;
use raw::{List, RawClickHouse, RawEngine, RawSettings};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use values::{address, ca_file, http_header, http_url, log_format, max_memory, network, public_url};

const DEFAULT_FILE: &str = "shopfunnel.toml";
const MIN_SPOOL_BYTES: u64 = 16 << 20;
/// Long enough that parts do not pile up, short enough that a page that refreshes every few seconds moves.
const SHIP_INTERVAL: Duration = Duration::from_secs(1);
const UPKEEP_INTERVAL: Duration = Duration::from_millis(500);

/// What cannot be used of the settings, in a sentence.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "{0}; settings come from the settings file and from environment variables that begin with \
        SHOPFUNNEL_, with __ between levels"
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
        let clickhouse = clickhouse(raw.clickhouse, raw.engine, &data_dir)?;
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

/// The server of the operator's when there is one, else the embedded engine.
fn clickhouse(
    server: RawClickHouse,
    engine_settings: RawEngine,
    data_dir: &Path,
) -> Result<ClickHouse, ConfigError> {
    let database = server.database.unwrap_or_else(|| "shopfunnel".into());
    if database.is_empty() || !database.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(ConfigError::Value {
            name: "clickhouse.database",
            value: database,
            hint: "use letters, digits and _",
        });
    }
    match server.url {
        Some(url) => Ok(ClickHouse::External(StoreOptions {
            ca_file: ca_file(&url, server.ca_file)?,
            url: http_url(url)?,
            headers: server
                .headers
                .iter()
                .flat_map(List::items)
                .map(http_header)
                .collect::<Result<_, _>>()?,
            user: server.user.unwrap_or_else(|| "default".into()),
            password: server.password.unwrap_or_default(),
            database,
        })),
        None => {
            let library = match engine_settings.library {
                Some(library) => std::path::absolute(&library).unwrap_or(library),
                None => engine::cached_library(&cache_dir().ok_or(ConfigError::NoCache)?),
            };
            Ok(ClickHouse::Embedded(EngineOptions {
                directory: data_dir.join("engine"),
                library,
                program: std::env::current_exe().unwrap_or_else(|_| "shopfunnel".into()),
                database,
                max_memory_bytes: engine_settings.max_memory.map(max_memory).transpose()?,
                environment: engine::ENVIRONMENT
                    .iter()
                    .filter_map(|name| Some((*name, std::env::var_os(name)?)))
                    .collect(),
            }))
        }
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

#[cfg(feature = "planted-faults")]
fn planted(raw: &RawSettings) -> Result<Faults, ConfigError> {
    let Some(name) = &raw.planted_fault else { return Ok(Faults::default()) };
    Faults::named(name).ok_or_else(|| ConfigError::NoSuchFault(name.clone()))
}

#[cfg(not(feature = "planted-faults"))]
fn planted(_: &RawSettings) -> Result<Faults, ConfigError> {
    Ok(Faults::default())
}

/// Changes with every start of the machine; empty where the system does not say.
fn boot_id() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

/// The per-user cache of this program; the scripts of `packaging` compute the same path.
pub fn cache_dir() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(cache.join("shopfunnel"))
}

#[cfg(test)]
mod tests;
