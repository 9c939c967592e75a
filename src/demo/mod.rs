//! `shopfunnel demo`: the whole product on one machine, alive within seconds.
//!
//! A demo shop with a storefront that carries the real snippet, sixty days of history, and simulated visitors
//! who keep coming. The history enters as a real shop's past would, everybody after through the public
//! interface.

mod history;
mod journey;
mod shopper;
mod storefront;
mod traffic;

use storefront::Pages;

use crate::app::{App, DataDirLock, open_registry};
use crate::clock::Clock;
use crate::config::Settings;
use crate::file;
use crate::shops::command::{self, Command, CommandError, NewShop, Reply};
use crate::shops::key::KeyKind;
use crate::shops::{Payments, PrivacySignal};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::Path;
use std::pin::pin;

/// Data directory of the demo, apart from a real one.
pub const DATA_DIR: &str = "./data-demo";
const SLUG: &str = "demo";
const TIME_ZONE: &str = "Asia/Shanghai";
const CURRENCY: &str = "CNY";

/// What the demo remembers between starts.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Memory {
    public_key: String,
    secret_key: String,
    read_key: String,
    /// Epoch milliseconds at which the history ends: the first start.
    history_until_ms: i64,
    /// Decides the history, so that writing it again after an interruption changes nothing.
    seed: u64,
    history_written: bool,
}

/// Who comes to the demo shop besides whoever looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crowd {
    /// Sixty days of history, and new visitors all the time.
    Simulated,
    /// No page and no visitor: only the shop is there.
    Nobody,
}

/// Runs the demo until `stop` resolves.
///
/// # Errors
/// As [`App::start`]; or the demo's files cannot be written.
pub async fn run(settings: Settings, crowd: Crowd, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let data_dir = settings.data_dir.clone();
    let memory_path = data_dir.join("demo.json");
    let mut memory = remember(&settings, &memory_path)?;
    let routes = storefront::routes(Pages::new(&memory.public_key, &memory.read_key));
    let mut stop = pin!(stop);
    let app = tokio::select! {
        app = App::start(settings, Clock::System, Some(routes)) => app?,
        () = &mut stop => return Ok(()),
    };
    let url = format!("http://{}", app.public_address());
    announce(&url, &memory);
    if crowd == Crowd::Nobody {
        return app.run_until(stop).await;
    }
    if !memory.history_written {
        let written = tokio::select! {
            written = write_past(&url, &data_dir, &memory) => written,
            () = &mut stop => return stopped(app).await,
        };
        if let Err(error) = written.context("cannot write the demo's history") {
            app.stop().await;
            return Err(error);
        }
        memory.history_written = true;
        save(&memory_path, &memory)?;
    }
    let visitors = tokio::spawn(traffic::simulate_visitors(url, memory.public_key));
    let ended = app.run_until(stop).await;
    visitors.abort();
    ended
}

async fn write_past(url: &str, data_dir: &Path, memory: &Memory) -> anyhow::Result<()> {
    traffic::write_history(data_dir, memory).await?;
    traffic::annotate(url, memory).await
}

async fn stopped(app: App) -> anyhow::Result<()> {
    app.stop().await;
    Ok(())
}

fn announce(url: &str, memory: &Memory) {
    println!();
    println!("  the funnel, live    {url}/");
    println!("  the demo shop       {url}/demo/");
    println!();
    println!("  public key          {}", memory.public_key);
    println!("  secret key          {}", memory.secret_key);
    println!("  read key            {}", memory.read_key);
    println!();
    println!("  the figures         curl -H 'Authorization: Bearer {}' \\", memory.read_key);
    println!("                        {url}/v1/shops/{SLUG}/funnel");
    println!();
    println!("  Ctrl-C stops it; the next start goes on with the same data.");
    println!();
}

/// The demo's keys: from its file, or new ones when it has none yet.
fn remember(settings: &Settings, path: &Path) -> anyhow::Result<Memory> {
    let _lock = DataDirLock::take(&settings.data_dir)?;
    let registry = open_registry(&settings.data_dir)?;
    let shop_exists = registry.snapshot().by_slug(SLUG).is_some();
    match std::fs::read(path) {
        Ok(bytes) if shop_exists => return Ok(serde_json::from_slice(&bytes)?),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
    let (public_key, secret_key, read_key) = if shop_exists {
        // The file with the keys is gone; the old keys cannot be known, so new ones replace them.
        let renew = |kind| {
            let rotate = Command::RotateKey { slug: SLUG.into(), kind, revoke_old: true, confirmed: true };
            command::apply(&registry, rotate, "").map(|reply| match reply {
                Reply::Key { key, .. } => key,
                _ => String::new(),
            })
        };
        (renew(KeyKind::Public)?, renew(KeyKind::Secret)?, renew(KeyKind::Read)?)
    } else {
        let shop = add_shop(&registry)?;
        (shop.public_key, shop.secret_key, shop.read_key)
    };
    let memory = Memory {
        public_key,
        secret_key,
        read_key,
        history_until_ms: Clock::System.now_ms(),
        seed: fastrand::u64(..),
        history_written: false,
    };
    save(path, &memory)?;
    Ok(memory)
}

fn add_shop(registry: &crate::shops::registry::Registry) -> Result<command::AddedShop, CommandError> {
    let new = NewShop {
        slug: Some(SLUG.into()),
        name: "Lakeside Tea 湖畔茶铺".into(),
        time_zone: TIME_ZONE.into(),
        currency: CURRENCY.into(),
        origins: Vec::new(),
        after_sale_days: None,
        payments: Payments::Any,
        max_browser_amount: None,
        privacy_signal: PrivacySignal::Respect,
        public_key: None,
    };
    match command::apply(registry, Command::Add(new), "")? {
        Reply::Added(shop) => Ok(shop),
        _ => Err(CommandError::Unknown(SLUG.into())),
    }
}

fn save(path: &Path, memory: &Memory) -> anyhow::Result<()> {
    file::replace(path, &serde_json::to_vec_pretty(memory)?)
        .with_context(|| format!("cannot write {}", path.display()))
}
