//! Shops: their rules, their keys, and the file that holds them.
//!
//! Everything ingest needs to know of a shop is in memory and in `DATA_DIR/shops.json`, so that events are
//! accepted and keys are checked while the engine is away. Shops know nothing of events or figures.

pub mod command;
pub mod key;
pub mod registry;
pub mod share;

use crate::money::{Amount, Currency};
use chrono_tz::Tz;
use key::KeyHash;
use serde::{Deserialize, Serialize};
use url::Url;

/// Days after an order on which an inquiry is after-sale, unless the shop says otherwise.
pub const DEFAULT_AFTER_SALE_DAYS: u16 = 21;
const MAX_AFTER_SALE_DAYS: u16 = 365;
const MAX_SLUG_CHARS: usize = 40;
const MAX_NAME_CHARS: usize = 200;

/// Whose word counts for orders, payments and refunds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Payments {
    /// The browser's too; its events are marked unverified.
    #[default]
    Any,
    /// Only the shop's server's; a browser's payments and refunds are refused, and its orders say only whose
    /// an order is.
    Server,
}

/// What a browser's wish not to be followed (`Sec-GPC: 1`) means to the shop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum PrivacySignal {
    /// Its events are dropped, and the answer says so.
    #[default]
    Respect,
    /// Counted like everybody.
    Ignore,
}

/// One store with its own time zone, currency, keys and rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    /// Names the shop in addresses and tables.
    pub slug: String,
    /// For people.
    pub name: String,
    /// In which its days are.
    pub time_zone: Tz,
    /// Of amounts that name none.
    pub currency: Currency,
    /// Origins whose pages may send events; none = any.
    #[serde(default)]
    pub origins: Vec<String>,
    /// Days after an order in which an inquiry is about it.
    #[serde(default = "default_after_sale_days")]
    pub after_sale_days: u16,
    /// Who may tell of money.
    #[serde(default)]
    pub payments: Payments,
    /// The largest amount that a page may tell, in the shop's currency; about 100 000 US dollars when absent.
    #[serde(default)]
    pub max_browser_amount: Option<Amount>,
    /// Whether a browser that asks for privacy is counted.
    #[serde(default)]
    pub privacy_signal: PrivacySignal,
    /// Public keys in the clear, newest first, at most [`key::MAX_ACTIVE`].
    pub public_keys: Vec<String>,
    /// Hashes of secret keys, newest first, at most [`key::MAX_ACTIVE`].
    #[serde(default)]
    pub secret_keys: Vec<KeyHash>,
    /// Hashes of read keys, newest first, at most [`key::MAX_ACTIVE`].
    #[serde(default)]
    pub read_keys: Vec<KeyHash>,
    /// Declared in the settings file, which therefore decides its name and rules.
    #[serde(default)]
    pub declared: bool,
    /// Set before the first event is accepted. From then on the time zone is fixed, for every stored day
    /// depends on it, and the slug is never given to another shop.
    #[serde(default)]
    pub has_events: bool,
}

fn default_after_sale_days() -> u16 {
    DEFAULT_AFTER_SALE_DAYS
}

impl Shop {
    /// Whether a page of `origin` may send events.
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.origins.is_empty() || self.origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }

    /// The largest amount in `currency` that a page may tell.
    pub fn max_browser_amount(&self, currency: Currency) -> Amount {
        match self.max_browser_amount {
            Some(bound) => currency.as_much_as(bound, self.currency),
            None => currency.hundred_thousand_dollars(),
        }
    }
}

/// Why a shop's settings are not accepted: sentences that say what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidShop {
    /// Empty, too long, or with hidden characters.
    #[error("the name of a shop must be 1 to {MAX_NAME_CHARS} printable characters")]
    Name,
    /// Not of the form `[a-z0-9-]{1,40}`.
    #[error("`{0}` is no slug; use 1 to 40 of a-z, 0-9 and -, for example tea-house")]
    Slug(String),
    /// Not in the list of IANA.
    #[error("`{0}` is no IANA time zone; an example is Asia/Shanghai")]
    TimeZone(String),
    /// Not in the list of ISO 4217.
    #[error("`{0}` is no ISO 4217 currency code; an example is CNY")]
    Currency(String),
    /// No scheme with a host.
    #[error("`{0}` is no origin; write scheme and host without a path, for example https://shop.example")]
    Origin(String),
    /// No plain decimal.
    #[error("`{0}` is no amount; write a decimal such as 500000")]
    Amount(String),
    /// More than a year.
    #[error("after_sale_days must be from 0 to {MAX_AFTER_SALE_DAYS}, not {0}")]
    AfterSaleDays(u16),
    /// Not of the form of a public key.
    #[error("`{0}` is no public key; it is pk_ and 32 hexadecimal digits")]
    PublicKey(String),
}

pub(crate) fn checked_name(name: &str) -> Result<String, InvalidShop> {
    let name = name.trim();
    let fits = (1..=MAX_NAME_CHARS).contains(&name.chars().count()) && !name.contains(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(InvalidShop::Name) }
}

pub(crate) fn checked_slug(slug: &str) -> Result<String, InvalidShop> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=MAX_SLUG_CHARS).contains(&slug.len()) && slug.bytes().all(allowed) {
        Ok(slug.to_owned())
    } else {
        Err(InvalidShop::Slug(slug.to_owned()))
    }
}

pub(crate) fn checked_time_zone(name: &str) -> Result<Tz, InvalidShop> {
    name.parse().map_err(|_| InvalidShop::TimeZone(name.to_owned()))
}

pub(crate) fn checked_amount(text: &str) -> Result<Amount, InvalidShop> {
    Amount::parse(text).ok_or_else(|| InvalidShop::Amount(text.to_owned()))
}

pub(crate) fn checked_currency(code: &str) -> Result<Currency, InvalidShop> {
    Currency::parse(code).ok_or_else(|| InvalidShop::Currency(code.to_owned()))
}

/// The origins as browsers write them: lower case, punycode, no default port.
pub(crate) fn checked_origins(origins: &[String]) -> Result<Vec<String>, InvalidShop> {
    origins
        .iter()
        .map(|origin| {
            let url = Url::parse(origin).ok().filter(|url| {
                matches!(url.scheme(), "https" | "http")
                    && url.host_str().is_some_and(|host| !host.contains('*'))
                    && url.path() == "/"
                    && url.query().is_none()
                    && url.fragment().is_none()
                    && url.username().is_empty()
                    && url.password().is_none()
            });
            url.map(|url| url.origin().ascii_serialization())
                .ok_or_else(|| InvalidShop::Origin(origin.to_owned()))
        })
        .collect()
}

pub(crate) fn checked_after_sale_days(days: u16) -> Result<u16, InvalidShop> {
    if days <= MAX_AFTER_SALE_DAYS { Ok(days) } else { Err(InvalidShop::AfterSaleDays(days)) }
}

/// The slug that a name suggests: its ASCII letters and digits in lower case, joined by `-`.
/// `None` when it has none of them, as a name in Chinese has.
pub(crate) fn suggested_slug(name: &str) -> Option<String> {
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(MAX_SLUG_CHARS);
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_suggested_from_what_a_name_has_in_ascii() {
        for (name, slug) in [
            ("Lakeside Tea", Some("lakeside-tea")),
            ("  Café & Co. ", Some("caf-co")),
            ("湖畔茶铺", None),
            ("茶 House 88", Some("house-88")),
        ] {
            assert_eq!(suggested_slug(name).as_deref(), slug, "{name}");
        }
    }

    #[test]
    fn origins_are_scheme_and_host() {
        for (typed, sent_by_browsers) in [
            ("https://Shop.example/", "https://shop.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://shop.example:443", "https://shop.example"),
            ("https://例子.中国", "https://xn--fsqu00a.xn--fiqs8s"),
        ] {
            assert_eq!(checked_origins(&[typed.into()]).unwrap(), [sent_by_browsers]);
        }
        for bad in [
            "shop.example",
            "https://shop.example/path",
            "https://",
            "*",
            "https://*.example",
            "https://shop.example:port",
        ] {
            assert!(checked_origins(&[bad.into()]).is_err(), "{bad}");
        }
    }
}
