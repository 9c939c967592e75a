//! Settings as they are written, before anything is checked.

use super::cache_dir;
use crate::enrich::geo::{self, GeoOptions};
use crate::http::edge::limit::LimitOptions;
use crate::new_values::ValueLimits;
use crate::shops::command::NewShop;
use serde::Deserialize;
use std::num::NonZeroU32;
use std::path::PathBuf;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSettings {
    pub listen: String,
    pub admin_listen: String,
    pub data_dir: PathBuf,
    pub public_url: Option<String>,
    pub trusted_proxies: List,
    #[serde(default)]
    pub clickhouse: RawClickHouse,
    #[serde(default)]
    pub engine: RawEngine,
    #[serde(default)]
    pub geo: RawGeo,
    pub spool: RawSpool,
    #[serde(default)]
    pub log: RawLog,
    #[serde(default)]
    pub limits: RawLimits,
    #[serde(default)]
    pub shops: Vec<NewShop>,
    #[cfg(feature = "planted-faults")]
    pub planted_fault: Option<String>,
}

/// A list in the file, or comma-separated text in an environment variable.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum List {
    Items(Vec<String>),
    Text(String),
}

impl List {
    pub fn items(&self) -> Vec<&str> {
        match self {
            List::Items(items) => items.iter().map(String::as_str).collect(),
            List::Text(text) => text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawClickHouse {
    pub url: Option<String>,
    pub ca_file: Option<PathBuf>,
    pub user: Option<String>,
    pub password: Option<String>,
    pub headers: Option<List>,
    pub database: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawEngine {
    pub library: Option<PathBuf>,
    pub max_memory: Option<Size>,
}

/// A number of bytes, or text such as `2 GiB`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Size {
    Bytes(u64),
    Text(String),
}

impl Size {
    /// The units are powers of 1 024, with or without `i` and `B`.
    pub fn bytes(&self) -> Option<u64> {
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
pub struct RawGeo {
    pub database: Option<List>,
}

impl RawGeo {
    pub fn options(&self) -> GeoOptions {
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
pub struct RawLog {
    pub format: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSpool {
    pub max_bytes: u64,
}

/// Rates per second; see [`LimitOptions`].
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLimits {
    pub client_requests: Option<NonZeroU32>,
    pub client_burst: Option<NonZeroU32>,
    pub client_events_per_minute: Option<NonZeroU32>,
    pub client_events_burst: Option<NonZeroU32>,
    pub shop_requests: Option<NonZeroU32>,
    pub server_events: Option<NonZeroU32>,
    pub reports: Option<NonZeroU32>,
    pub new_values_per_client: Option<u32>,
    pub new_values_per_day: Option<u32>,
    pub new_pages_per_day: Option<u32>,
}

impl RawLimits {
    pub fn options(&self) -> LimitOptions {
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

    pub fn values(&self) -> ValueLimits {
        let default = ValueLimits::default();
        ValueLimits {
            per_client: self.new_values_per_client.unwrap_or(default.per_client),
            pages_per_day: self.new_pages_per_day.unwrap_or(default.pages_per_day),
            per_day: self.new_values_per_day.unwrap_or(default.per_day),
        }
    }
}
