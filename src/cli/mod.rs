//! The command line: what may be typed, and what is printed.
//!
//! Exit codes: 0 done, 1 it could not be done, 2 what was typed is wrong.

mod engine;
mod forget;
mod geo;
mod grafana;
mod import;
mod ledger;
mod server;
mod shop;
mod spool;

use crate::app::App;
use crate::clock::Clock;
use crate::config::{LogFormat, Settings};
use crate::demo;
use crate::demo::Crowd;
use crate::engine::child;
use crate::enrich::geo::Geo;
use anyhow::Context;
use clap::{Parser, Subcommand};
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

const DATA_DIR: &str = "./data";

/// E-commerce conversion funnel tracker: one script tag in, the exact shop funnel out.
#[derive(Debug, Parser)]
#[command(name = "shopfunnel", version, max_term_width = 100)]
pub struct Cli {
    /// Settings file; without it ./shopfunnel.toml is read when it is there.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take events and answer questions until stopped.
    Serve,
    /// Serve a demo shop with its storefront and simulated visitors.
    Demo {
        /// Neither history nor simulated visitors: only what you do yourself in the storefront.
        #[arg(long)]
        empty: bool,
    },
    /// Add, change, list and remove shops; make keys.
    #[command(subcommand)]
    Shop(shop::ShopCommand),
    /// Look at the events that wait for ClickHouse.
    #[command(subcommand)]
    Spool(spool::SpoolCommand),
    /// Bring a shop's past in.
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Delete what is known of one visitor; their orders stay in the books without a name.
    Forget(forget::ForgetArguments),
    /// Prove the ledger of a shop right, or make it so.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// The database that tells places from addresses.
    #[command(subcommand)]
    Geo(geo::GeoCommand),
    /// Tell Grafana's data source, write dashboards and alert rules, make a user who reads one shop.
    Grafana(grafana::GrafanaArguments),
    /// Bring the embedded ClickHouse engine, or tell which one is there.
    Engine(engine::EngineArguments),
}

/// What was typed is wrong; the sentence says what to write instead.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct TypedWrong(String);

/// Runs one command.
pub fn run(cli: Cli) -> ExitCode {
    if let Command::Engine(arguments) = &cli.command
        && let Some((library, directory, http_port)) = arguments.child.all()
    {
        return match child::run(library, directory, http_port) {
            Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
            Err(sentence) => fail(1, &sentence),
        };
    }
    let Cli { config: named, command } = cli;
    start_log(Settings::log_format(named.as_deref().or(Settings::default_file())));
    let done = tokio::runtime::Runtime::new().context("cannot start the runtime").and_then(|runtime| {
        runtime.block_on(async {
            let named = named.as_deref();
            let default_file = Settings::default_file();
            let file = named.or(default_file);
            match command {
                Command::Serve => serve(Settings::read(file, DATA_DIR)?).await,
                Command::Demo { empty } => {
                    let crowd = if empty { Crowd::Nobody } else { Crowd::Simulated };
                    // A settings file that lies here is a real shop's, and the demo must never touch its
                    // data.
                    demo::run(Settings::read(named, demo::DATA_DIR)?, crowd, stop_signal()?).await
                }
                Command::Shop(command) => shop::run(command, Settings::read(file, DATA_DIR)?).await,
                Command::Spool(command) => spool::run(command, &Settings::read(file, DATA_DIR)?).await,
                Command::Import(command) => import::run(command, &Settings::read(file, DATA_DIR)?).await,
                Command::Ledger(command) => ledger::run(command, &Settings::read(file, DATA_DIR)?).await,
                Command::Forget(typed) => forget::run(typed, &Settings::read(file, DATA_DIR)?).await,
                Command::Geo(command) => geo::run(command, Settings::read(file, DATA_DIR)?).await,
                Command::Grafana(typed) => grafana::run(typed, &Settings::read(file, DATA_DIR)?),
                Command::Engine(engine::EngineArguments { command: Some(command), .. }) => {
                    engine::run(command, file, DATA_DIR).await
                }
                Command::Engine(_) => Ok(()),
            }
        })
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let typed_wrong = error.is::<TypedWrong>() || error.is::<crate::config::ConfigError>();
            fail(if typed_wrong { 2 } else { 1 }, &format!("{error:#}"))
        }
    }
}

fn fail(code: u8, sentence: &str) -> ExitCode {
    eprintln!("shopfunnel: {sentence}");
    ExitCode::from(code)
}

/// Prints an answer for programs: JSON on a line of its own.
fn print_json(answer: &impl Serialize) -> anyhow::Result<()> {
    let out = &mut std::io::stdout().lock();
    serde_json::to_writer(&mut *out, answer)?;
    writeln!(out)?;
    Ok(())
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    let public_url = settings.public_url.clone();
    let mut stop = pin!(stop_signal()?);
    let hangups = signal(SignalKind::hangup())?;
    let app = tokio::select! {
        app = App::start(settings, Clock::System, None) => app?,
        () = &mut stop => return Ok(()),
    };
    println!("shopfunnel answers on http://{} (public: {public_url})", app.public_address());
    if app.registry().snapshot().shops().is_empty() {
        println!(
            "no shop yet: shopfunnel shop add --name \"My shop\" --time-zone Asia/Shanghai --currency CNY"
        );
    }
    let reloading = tokio::spawn(reload(app.geo().clone(), hangups));
    let ended = app.run_until(stop).await;
    reloading.abort();
    ended
}

/// Has the databases of places read again at every SIGHUP.
async fn reload(geo: Arc<Geo>, mut hangups: Signal) {
    while hangups.recv().await.is_some() {
        let geo = geo.clone();
        let _ = tokio::task::spawn_blocking(move || geo.reload()).await;
    }
}

/// Resolves on Ctrl-C or SIGTERM that come after this call, whether it is awaited yet or not.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Logs go to standard error; `RUST_LOG` sets the level. Without it `info`, and nothing of requests that are
/// not HTTP, which any scanner sends.
fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn,actix_http=off"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}
