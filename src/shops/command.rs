//! What `shopfunnel shop …` asks for and gets.
//!
//! The same values travel to a running server over its admin listener or are applied directly when none runs,
//! so both ways behave alike.

mod declared;

pub use declared::declare;

use super::key::{KeyHash, KeyKind, MAX_ACTIVE};
use super::registry::{Registry, RegistryError, Shops, Snapshot};
use super::{
    DEFAULT_AFTER_SALE_DAYS, InvalidShop, Payments, PrivacySignal, Shop, checked_after_sale_days,
    checked_amount, checked_currency, checked_name, checked_origins, checked_slug, checked_time_zone,
    suggested_slug,
};
use serde::{Deserialize, Serialize};

/// A change to the shops, or a look at them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// A new shop with new keys.
    Add(NewShop),
    /// Other settings for a shop.
    Set {
        /// Of the shop.
        slug: String,
        /// What is to be otherwise.
        changes: Changes,
        /// What the change does to the past, or whom it locks out, is known and wanted.
        #[serde(default)]
        confirmed: bool,
    },
    /// All shops.
    List,
    /// One shop with its public keys.
    Show {
        /// Of the shop.
        slug: String,
    },
    /// A new key of a kind.
    RotateKey {
        /// Of the shop.
        slug: String,
        /// Which of its keys.
        kind: KeyKind,
        /// The old ones end at once.
        revoke_old: bool,
        /// That an older key ends is known and wanted.
        #[serde(default)]
        confirmed: bool,
    },
    /// A shop that is not counted for any more; its data stays.
    Remove {
        /// Of the shop.
        slug: String,
    },
}

/// A shop to add. Also the form of `[[shops]]` in the settings file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewShop {
    /// Taken from the name when absent.
    pub slug: Option<String>,
    /// For people.
    pub name: String,
    /// IANA name; fixed by the first event.
    pub time_zone: String,
    /// ISO 4217.
    pub currency: String,
    /// Origins whose pages may send; none = any.
    #[serde(default)]
    pub origins: Vec<String>,
    /// Days after an order in which an inquiry is about it; 21 when absent.
    pub after_sale_days: Option<u16>,
    /// Who may tell of money.
    #[serde(default)]
    pub payments: Payments,
    /// The largest amount that a page may tell, in the shop's currency; about 100 000 US dollars when absent.
    pub max_browser_amount: Option<String>,
    /// Whether a browser that asks for privacy is counted.
    #[serde(default)]
    pub privacy_signal: PrivacySignal,
    /// Made when absent.
    pub public_key: Option<String>,
}

/// What `shop set` changes; absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// For people.
    pub name: Option<String>,
    /// IANA name; refused once there are events.
    pub time_zone: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// Replaces the list; an empty list allows any origin.
    pub origins: Option<Vec<String>>,
    /// Days after an order in which an inquiry is about it.
    pub after_sale_days: Option<u16>,
    /// Who may tell of money.
    pub payments: Option<Payments>,
    /// The largest amount that a page may tell, in the shop's currency.
    pub max_browser_amount: Option<String>,
    /// Whether a browser that asks for privacy is counted.
    pub privacy_signal: Option<PrivacySignal>,
}

/// What a command answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// With its keys, shown this once.
    Added(AddedShop),
    /// One shop.
    Shop(ShopCard),
    /// All shops.
    Shops {
        /// By slug.
        shops: Vec<ShopCard>,
    },
    /// A new key, shown this once.
    Key {
        /// Of the shop.
        slug: String,
        /// Which of its keys.
        kind: KeyKind,
        /// The key itself.
        key: String,
    },
    /// The shop is gone.
    Removed {
        /// Of the shop.
        slug: String,
    },
}

/// A new shop with its keys, the only time they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedShop {
    /// Names the shop in addresses.
    pub slug: String,
    /// For pages.
    pub public_key: String,
    /// For the shop's server; only its hash is kept.
    pub secret_key: String,
    /// For reports; only its hash is kept.
    pub read_key: String,
    /// For the shop's pages.
    pub script_tag: String,
}

/// A shop as it may be shown: its rules, its public keys, how many secret ones it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopCard {
    /// Names the shop in addresses.
    pub slug: String,
    /// For people.
    pub name: String,
    /// IANA name.
    pub time_zone: String,
    /// ISO 4217.
    pub currency: String,
    /// Origins whose pages may send; none = any.
    pub origins: Vec<String>,
    /// Days after an order in which an inquiry is about it.
    pub after_sale_days: u16,
    /// Who may tell of money.
    pub payments: Payments,
    /// The largest amount that a page may tell, in the shop's currency.
    #[serde(default)]
    pub max_browser_amount: String,
    /// Whether a browser that asks for privacy is counted.
    pub privacy_signal: PrivacySignal,
    /// All that are valid.
    pub public_keys: Vec<String>,
    /// Keys that are valid; they are shown once only.
    pub secret_key_count: usize,
    /// Keys that are valid; they are shown once only.
    pub read_key_count: usize,
    /// In the settings file, so that commands do not change it.
    pub declared: bool,
    /// For the shop's pages.
    pub script_tag: String,
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// What was typed is none of a shop.
    #[error(transparent)]
    Invalid(#[from] InvalidShop),
    /// No shop has this slug.
    #[error("there is no shop `{0}`; `shopfunnel shop list` shows them")]
    Unknown(String),
    /// Another shop has this slug.
    #[error("the slug `{0}` is taken; choose another with --slug")]
    SlugTaken(String),
    /// A shop that was removed had events under it.
    #[error("the slug `{0}` belonged to a removed shop whose events are kept; choose another with --slug")]
    SlugRetired(String),
    /// Another shop has this key.
    #[error("the public key `{0}` belongs to another shop")]
    PublicKeyTaken(String),
    /// It is changed in the settings file.
    #[error("the shop `{0}` is declared in the settings file; change it there and start the server again")]
    Declared(String),
    /// Its days would move.
    #[error(
        "the time zone of `{0}` is fixed since its first event, for every stored day depends on it; \
         add a new shop instead"
    )]
    TimeZoneFixed(String),
    /// The sentences say what would happen.
    #[error("{0}. Nothing was changed; say --yes to do it")]
    Unconfirmed(String),
    /// A shop of the settings file cannot be had.
    #[error("the shop `{slug}` of the settings file: {error}")]
    Declaration {
        /// Of that shop.
        slug: String,
        /// Why.
        error: Box<CommandError>,
    },
    /// The shops' file cannot be read or written.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// The tag a shop owner pastes. `public_url` is where browsers reach this server.
pub fn script_tag(public_url: &str, public_key: &str, privacy_signal: PrivacySignal) -> String {
    let public_url = public_url.trim_end_matches('/');
    let allow = match privacy_signal {
        PrivacySignal::Respect => "",
        PrivacySignal::Ignore => r#" data-allow="gpc""#,
    };
    format!(r#"<script defer src="{public_url}/s.js" data-shop="{public_key}"{allow}></script>"#)
}

/// Carries out one command.
///
/// # Errors
/// See [`CommandError`]; nothing is changed then.
pub fn apply(registry: &Registry, command: Command, public_url: &str) -> Result<Reply, CommandError> {
    match command {
        Command::Add(new) => add(registry, new, public_url),
        Command::Set { slug, changes, confirmed } => {
            let shop = registry.edit(|shops| {
                let shop = undeclared(shops, &slug)?;
                let mut changed = shop.clone();
                set(&mut changed, &changes)?;
                let told = consequences(shop, &changed);
                if !confirmed && !told.is_empty() {
                    return Err(CommandError::Unconfirmed(told.join(". ")));
                }
                *shop = changed;
                Ok::<_, CommandError>(shop.clone())
            })?;
            Ok(Reply::Shop(card(&shop, public_url)))
        }
        Command::List => {
            let snapshot = registry.snapshot();
            let shops = snapshot.shops().iter().map(|shop| card(shop, public_url)).collect();
            Ok(Reply::Shops { shops })
        }
        Command::Show { slug } => {
            let snapshot = registry.snapshot();
            let shop = known(&snapshot, &slug)?;
            Ok(Reply::Shop(card(shop, public_url)))
        }
        Command::RotateKey { slug, kind, revoke_old, confirmed } => {
            let key = kind.make();
            registry.edit(|shops| {
                let shop = shops.get_mut(&slug).ok_or_else(|| CommandError::Unknown(slug.clone()))?;
                let active = match kind {
                    KeyKind::Public => shop.public_keys.len(),
                    KeyKind::Secret => shop.secret_keys.len(),
                    KeyKind::Read => shop.read_keys.len(),
                };
                if active >= MAX_ACTIVE && !revoke_old && !confirmed {
                    return Err(CommandError::Unconfirmed(key_ends(&slug, kind)));
                }
                let kept = if revoke_old { 0 } else { MAX_ACTIVE - 1 };
                match kind {
                    KeyKind::Public => push_newest(&mut shop.public_keys, key.clone(), kept),
                    KeyKind::Secret => push_newest(&mut shop.secret_keys, KeyHash::of(&key), kept),
                    KeyKind::Read => push_newest(&mut shop.read_keys, KeyHash::of(&key), kept),
                }
                Ok::<_, CommandError>(())
            })?;
            Ok(Reply::Key { slug, kind, key })
        }
        Command::Remove { slug } => {
            registry.edit(|shops| {
                undeclared(shops, &slug)?;
                shops.remove(&slug);
                Ok::<_, CommandError>(())
            })?;
            Ok(Reply::Removed { slug })
        }
    }
}

fn add(registry: &Registry, new: NewShop, public_url: &str) -> Result<Reply, CommandError> {
    let secret_key = KeyKind::Secret.make();
    let read_key = KeyKind::Read.make();
    let shop = registry.edit(|shops| {
        let slug = free_slug(shops, &new)?;
        let mut shop = new_shop(&new, slug)?;
        if shops.has_public_key_of_another(&shop.public_keys[0], &shop.slug) {
            return Err(CommandError::PublicKeyTaken(shop.public_keys.remove(0)));
        }
        shop.secret_keys.push(KeyHash::of(&secret_key));
        shop.read_keys.push(KeyHash::of(&read_key));
        shops.add(shop.clone());
        Ok(shop)
    })?;
    let public_key = shop.public_keys[0].clone();
    let script_tag = script_tag(public_url, &public_key, shop.privacy_signal);
    Ok(Reply::Added(AddedShop { slug: shop.slug, public_key, secret_key, read_key, script_tag }))
}

/// A slug that was asked for must be free; one taken from the name may be numbered instead.
fn free_slug(shops: &Shops<'_>, new: &NewShop) -> Result<String, CommandError> {
    if let Some(slug) = &new.slug {
        let slug = checked_slug(slug)?;
        return if shops.slug_is_retired(&slug) {
            Err(CommandError::SlugRetired(slug))
        } else if shops.slug_is_free(&slug) {
            Ok(slug)
        } else {
            Err(CommandError::SlugTaken(slug))
        };
    }
    checked_name(&new.name)?;
    match suggested_slug(&new.name) {
        Some(slug) if shops.slug_is_free(&slug) => Ok(slug),
        Some(slug) => Err(CommandError::SlugTaken(slug)),
        None => Ok((2_u32..)
            .map(|n| format!("shop-{n}"))
            .find(|slug| shops.slug_is_free(slug))
            .unwrap_or_default()),
    }
}

fn new_shop(new: &NewShop, slug: String) -> Result<Shop, InvalidShop> {
    let public_key = match &new.public_key {
        Some(key) if KeyKind::Public.has_form(key) => key.clone(),
        Some(key) => return Err(InvalidShop::PublicKey(key.clone())),
        None => KeyKind::Public.make(),
    };
    Ok(Shop {
        slug,
        name: checked_name(&new.name)?,
        time_zone: checked_time_zone(&new.time_zone)?,
        currency: checked_currency(&new.currency)?,
        origins: checked_origins(&new.origins)?,
        after_sale_days: checked_after_sale_days(new.after_sale_days.unwrap_or(DEFAULT_AFTER_SALE_DAYS))?,
        payments: new.payments,
        max_browser_amount: new.max_browser_amount.as_deref().map(checked_amount).transpose()?,
        privacy_signal: new.privacy_signal,
        public_keys: vec![public_key],
        secret_keys: Vec::new(),
        read_keys: Vec::new(),
        declared: false,
        has_events: false,
    })
}

fn set(shop: &mut Shop, changes: &Changes) -> Result<(), CommandError> {
    if let Some(name) = &changes.name {
        shop.name = checked_name(name)?;
    }
    if let Some(time_zone) = &changes.time_zone {
        let time_zone = checked_time_zone(time_zone)?;
        if shop.has_events && time_zone != shop.time_zone {
            return Err(CommandError::TimeZoneFixed(shop.slug.clone()));
        }
        shop.time_zone = time_zone;
    }
    if let Some(currency) = &changes.currency {
        shop.currency = checked_currency(currency)?;
    }
    if let Some(origins) = &changes.origins {
        shop.origins = checked_origins(origins)?;
    }
    if let Some(days) = changes.after_sale_days {
        shop.after_sale_days = checked_after_sale_days(days)?;
    }
    if let Some(amount) = &changes.max_browser_amount {
        shop.max_browser_amount = Some(checked_amount(amount)?);
    }
    shop.payments = changes.payments.unwrap_or(shop.payments);
    shop.privacy_signal = changes.privacy_signal.unwrap_or(shop.privacy_signal);
    Ok(())
}

/// What a change of a shop that has events does to its past, and whom it locks out; a sentence each, without
/// its full stop.
fn consequences(shop: &Shop, changed: &Shop) -> Vec<String> {
    let mut told = Vec::new();
    if !shop.has_events {
        return told;
    }
    let slug = &shop.slug;
    if changed.currency != shop.currency {
        let (old, new) = (shop.currency, changed.currency);
        told.push(format!(
            "`{slug}` has a history in {old}: orders without a currency count in {new} from now on, and so \
            do payments and refunds without one whose order is not known, also those of the past; stored \
            amounts stay {old} and are never converted, and what shows one currency (Grafana, the page's \
            money) shows {new}"
        ));
    }
    if changed.after_sale_days != shop.after_sale_days {
        told.push(format!(
            "inquiries of `{slug}` are told apart anew by {} instead of {} days after an order, in all its \
            history: inquirers, their rates and their money change for every day, also in reports that were \
            read already",
            changed.after_sale_days, shop.after_sale_days
        ));
    }
    let refused: Vec<&str> =
        shop.origins.iter().filter(|origin| !changed.origins.contains(origin)).map(String::as_str).collect();
    if !changed.origins.is_empty() && shop.origins.is_empty() {
        told.push(format!(
            "pages of `{slug}` on any other origin than {} are refused at once, and their events are lost",
            changed.origins.join(" ")
        ));
    } else if !changed.origins.is_empty() && !refused.is_empty() {
        told.push(format!(
            "pages of `{slug}` on {} are refused at once, and their events are lost: --origin replaces the \
            list",
            refused.join(" ")
        ));
    }
    if changed.payments == Payments::Server && shop.payments == Payments::Any {
        told.push(format!(
            "payments and refunds that the pages of `{slug}` send are refused at once, and their orders only \
            say whose an order is: only what is sent with its secret key counts"
        ));
    }
    told
}

/// What becomes of the older of two keys when a third is made.
fn key_ends(slug: &str, kind: KeyKind) -> String {
    let (name, locked_out) = match kind {
        KeyKind::Public => ("public", "pages that still hold it are refused, and their events are lost"),
        KeyKind::Secret => {
            ("secret", "servers that still send with it are refused, and links that it made end")
        }
        KeyKind::Read => ("read", "programs that still read with it are refused, and links that it made end"),
    };
    format!(
        "`{slug}` has {MAX_ACTIVE} {name} keys already, and a new one ends the older of them at once: \
        {locked_out}"
    )
}

fn known<'a>(snapshot: &'a Snapshot, slug: &str) -> Result<&'a Shop, CommandError> {
    snapshot.by_slug(slug).map(|shop| &**shop).ok_or_else(|| CommandError::Unknown(slug.to_owned()))
}

fn undeclared<'a>(shops: &'a mut Shops<'_>, slug: &str) -> Result<&'a mut Shop, CommandError> {
    match shops.get_mut(slug) {
        Some(shop) if shop.declared => Err(CommandError::Declared(slug.to_owned())),
        Some(shop) => Ok(shop),
        None => Err(CommandError::Unknown(slug.to_owned())),
    }
}

fn push_newest<T>(keys: &mut Vec<T>, newest: T, kept: usize) {
    keys.truncate(kept);
    keys.insert(0, newest);
}

fn card(shop: &Shop, public_url: &str) -> ShopCard {
    ShopCard {
        slug: shop.slug.clone(),
        name: shop.name.clone(),
        time_zone: shop.time_zone.name().to_owned(),
        currency: shop.currency.to_string(),
        origins: shop.origins.clone(),
        after_sale_days: shop.after_sale_days,
        payments: shop.payments,
        max_browser_amount: shop.max_browser_amount(shop.currency).to_string(),
        privacy_signal: shop.privacy_signal,
        public_keys: shop.public_keys.clone(),
        secret_key_count: shop.secret_keys.len(),
        read_key_count: shop.read_keys.len(),
        declared: shop.declared,
        script_tag: script_tag(
            public_url,
            shop.public_keys.first().map_or("", String::as_str),
            shop.privacy_signal,
        ),
    }
}

#[cfg(test)]
mod tests;
