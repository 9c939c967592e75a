//! `shopfunnel grafana …`: what a Grafana needs to show the figures.

use super::TypedWrong;
use crate::config::{ClickHouse, Settings};
use crate::engine;
use crate::grafana::reader::{Reader, UNGUARDED};
use crate::grafana::{FILES, Source, filled, wants_prometheus};
use crate::secret::{fill_random, hex};
use crate::shops;
use crate::store::Store;
use anyhow::Context;
use clap::{Args, Subcommand};
use std::io::Write;
use std::path::{Path, PathBuf};
use url::Url;

#[derive(Debug, Args)]
pub struct GrafanaArguments {
    #[command(subcommand)]
    command: Option<GrafanaCommand>,
}

#[derive(Debug, Subcommand)]
enum GrafanaCommand {
    /// Write dashboards, alert rules and the data source into a folder, ready to be mounted.
    Files {
        /// Made when it is missing; files of ours in it are replaced.
        folder: PathBuf,
        /// Where Grafana will see the folder; the folder itself when absent.
        #[arg(long, value_name = "PATH")]
        seen_at: Option<PathBuf>,
        /// Of a Prometheus that scrapes `/metrics` of the admin listener. Without one the alert rules that
        /// ask it are left out.
        #[arg(long, value_name = "URL")]
        prometheus: Option<String>,
    },
    /// Print what makes a user of an external ClickHouse who reads one shop and nothing else.
    User {
        /// Slug of the shop.
        #[arg(long)]
        shop: String,
        /// A file for the server's users.d instead of statements.
        #[arg(long)]
        xml: bool,
    },
}

/// Carries out one command, or tells the settings of the data source.
///
/// # Errors
/// [`TypedWrong`], or a file cannot be read or written; the sentence says what to do.
pub fn run(arguments: GrafanaArguments, settings: &Settings) -> anyhow::Result<()> {
    match arguments.command {
        None => tell(&source(settings, None)?),
        Some(GrafanaCommand::Files { folder, seen_at, prometheus }) => {
            let source = source(settings, prometheus)?;
            write_files(&folder, seen_at.as_deref().unwrap_or(&folder), &source)
        }
        Some(GrafanaCommand::User { shop, xml }) => make_user(settings, &shop, xml),
    }
}

/// How Grafana reaches the tables.
fn source(settings: &Settings, prometheus_url: Option<String>) -> anyhow::Result<Source> {
    match &settings.clickhouse {
        ClickHouse::Embedded(options) => {
            let (port, reader) = engine::reader_of(&options.directory).with_context(|| {
                format!(
                    "there is no engine in {} yet; start `shopfunnel serve` once, then run the same command \
                     again",
                    options.directory.display()
                )
            })?;
            Ok(Source {
                host: "127.0.0.1".into(),
                port,
                is_secure: false,
                ca_certificate: None,
                database: options.database.clone(),
                user: reader.user,
                password: reader.password,
                headers: vec![(engine::TOKEN_HEADER.into(), reader.token)],
                prometheus_url,
            })
        }
        ClickHouse::External(options) => {
            let url = Url::parse(&options.url).context("clickhouse.url cannot be read")?;
            Ok(Source {
                host: url.host_str().unwrap_or_default().to_owned(),
                port: url.port_or_known_default().unwrap_or(8123),
                is_secure: url.scheme() == "https",
                ca_certificate: options
                    .ca_file
                    .as_ref()
                    .map(|file| {
                        std::fs::read_to_string(file)
                            .with_context(|| format!("cannot read clickhouse.ca_file {}", file.display()))
                    })
                    .transpose()?,
                database: options.database.clone(),
                user: "grafana_SHOP".into(),
                password: "the one that `shopfunnel grafana user --shop SHOP` printed".into(),
                headers: options.headers.clone(),
                prometheus_url,
            })
        }
    }
}

fn tell(source: &Source) -> anyhow::Result<()> {
    let out = &mut std::io::stdout().lock();
    writeln!(out, "Grafana's data source of the type grafana-clickhouse-datasource:")?;
    for (name, value) in [
        ("server address", &source.host),
        ("server port", &source.port.to_string()),
        ("protocol", &"HTTP".to_owned()),
        ("secure", &if source.is_secure { "yes" } else { "no" }.to_owned()),
        ("user name", &source.user),
        ("password", &source.password),
        ("default database", &source.database),
    ] {
        writeln!(out, "  {name:17} {value}")?;
    }
    for (name, value) in &source.headers {
        writeln!(out, "  {:17} {name}: {value} (secure)", "HTTP header")?;
    }
    writeln!(out)?;
    writeln!(
        out,
        "`shopfunnel grafana files FOLDER` writes it for Grafana's provisioning, with dashboards and alert \
         rules."
    )?;
    Ok(())
}

fn write_files(folder: &Path, seen_at: &Path, source: &Source) -> anyhow::Result<()> {
    let seen_at = std::path::absolute(seen_at)?;
    let (mut files, all) = (0, source.prometheus_url.is_some());
    for (path, text) in FILES {
        let file = folder.join(path);
        if wants_prometheus(path) && !all {
            // Of an earlier call with one; it would go on asking.
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove {}", file.display()));
                }
                _ => continue,
            }
        }
        files += 1;
        let parent = file.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        let text = if path.starts_with("dashboards/") {
            (*text).to_owned()
        } else {
            filled(text, source, &seen_at.join("dashboards"))
        };
        crate::file::replace(&file, text.as_bytes())
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    let out = &mut std::io::stdout().lock();
    writeln!(out, "{files} files are in {}.", folder.display())?;
    if !all {
        writeln!(
            out,
            "Panels and alert rules of the server's own counters want a Prometheus: --prometheus URL"
        )?;
    }
    writeln!(
        out,
        "Install the plugin grafana-clickhouse-datasource 4.20.0 and start Grafana with \
         GF_PATHS_PROVISIONING={}",
        seen_at.join("provisioning").display()
    )?;
    Ok(())
}

fn make_user(settings: &Settings, shop: &str, as_xml: bool) -> anyhow::Result<()> {
    let ClickHouse::External(options) = &settings.clickhouse else {
        let sentence = "the embedded engine has its one user `grafana`, who reads every shop: \
                        `shopfunnel grafana` tells how. For a user of one shop, keep the tables in a \
                        ClickHouse of your own (clickhouse.url)";
        return Err(TypedWrong(sentence.into()).into());
    };
    let shop = shops::checked_slug(shop).map_err(|error| TypedWrong(error.to_string()))?;
    let mut random = [0; 24];
    fill_random(&mut random);
    let password = hex(&random);
    let views: Vec<&str> = Store::views().collect();
    let reader = Reader { database: &options.database, views: &views, shop: &shop, password: &password };
    let text = if as_xml { reader.xml() } else { reader.statements() };
    let out = &mut std::io::stdout().lock();
    write!(out, "{text}")?;
    // Apart, so that what is printed can be piped on as it is.
    eprintln!("user {}, password {password}: printed once, keep it", reader.user());
    eprintln!("{UNGUARDED}");
    Ok(())
}
