//! `shopfunnel geo …`: the database of places, brought and looked at.

use super::engine::{InstallArguments, bring};
use super::print_json;
use crate::config::{self, Settings};
use crate::enrich::geo;
use crate::npm;
use anyhow::Context;
use chrono::DateTime;
use clap::Subcommand;
use serde_json::json;
use std::io::Write;

#[derive(Debug, Subcommand)]
pub enum GeoCommand {
    /// Bring the database of countries into the cache. A running server takes it within a minute.
    Install(InstallArguments),
    /// Tell which databases the settings name, and what they know.
    Show {
        /// Print JSON for programs.
        #[arg(long)]
        json: bool,
    },
}

/// Carries out one command and prints its answer.
///
/// # Errors
/// The database cannot be brought, or one that the settings name cannot be used.
pub async fn run(command: GeoCommand, settings: Settings) -> anyhow::Result<()> {
    match command {
        GeoCommand::Install(typed) => install(typed).await,
        GeoCommand::Show { json } => show(&settings, json),
    }
}

async fn install(typed: InstallArguments) -> anyhow::Result<()> {
    let folder = config::cache_dir().ok_or(config::ConfigError::NoCache)?.join("geo");
    let package =
        npm::package(geo::PACKAGE, &npm::platform()).context("no database of countries is pinned")?;
    if !package.is_installed(&folder) {
        bring(package.clone(), &folder, typed, "the database of countries").await?;
    }
    writeln!(std::io::stdout(), "installed: {}", package.directory(&folder).display())?;
    Ok(())
}

fn show(settings: &Settings, as_json: bool) -> anyhow::Result<()> {
    let files = settings.geo.files.iter().filter(|file| settings.geo.required || file.exists());
    let databases = files.map(|file| geo::describe(file)).collect::<Result<Vec<_>, _>>()?;
    if as_json {
        let knows_cities = databases.iter().any(|database| database.knows_cities);
        return print_json(&json!({ "databases": databases, "knows_cities": knows_cities }));
    }
    let out = &mut std::io::stdout().lock();
    if databases.is_empty() {
        writeln!(out, "no database of places: run `shopfunnel geo install`, or set geo.database")?;
    }
    for database in databases {
        let built = i64::try_from(database.built_at_seconds).ok();
        let built = built.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).unwrap_or_default();
        let knows = if database.knows_cities { "countries, regions, cities" } else { "countries only" };
        writeln!(out, "{}", database.path.display())?;
        writeln!(
            out,
            "  {}, built {}, {} bytes, {knows}",
            database.kind,
            built.date_naive(),
            database.bytes
        )?;
    }
    Ok(())
}
