//! `shopfunnel spool …`: what waits for ClickHouse, and what it refused.

use super::print_json;
use super::server::{Reached, reach};
use crate::config::Settings;
use crate::http::admin::{RETRY_PATH, Retried};
use crate::spool::{self, DeadLetters, Spool};
use anyhow::Context;
use clap::Subcommand;
use serde_json::{Value, json};
use std::io::Write;

#[derive(Debug, Subcommand)]
pub enum SpoolCommand {
    /// List segments, records, what waits and what recovery has set aside; works beside a running server.
    Inspect {
        /// Print JSON for programs.
        #[arg(long)]
        json: bool,
    },
    /// The events that ClickHouse refused for what they hold.
    #[command(subcommand)]
    DeadLetter(DeadLetterCommand),
}

#[derive(Debug, Subcommand)]
pub enum DeadLetterCommand {
    /// List them with the reasons.
    List {
        /// Print JSON for programs.
        #[arg(long)]
        json: bool,
    },
    /// Send all of them again, after the cause is mended.
    Retry,
}

/// Carries out one command and prints its answer.
///
/// # Errors
/// The files cannot be read, or the server cannot be reached.
pub async fn run(command: SpoolCommand, settings: &Settings) -> anyhow::Result<()> {
    match command {
        SpoolCommand::Inspect { json } => inspect(settings, json),
        SpoolCommand::DeadLetter(DeadLetterCommand::List { json }) => list(settings, json),
        SpoolCommand::DeadLetter(DeadLetterCommand::Retry) => retry(settings).await,
    }
}

fn list(settings: &Settings, as_json: bool) -> anyhow::Result<()> {
    let letters =
        DeadLetters::beside(&settings.spool.directory).list().context("cannot read the dead letters")?;
    if as_json {
        let events = letters.iter().map(|letter| {
            // What is no JSON is told as the text that it is.
            let event: Value = serde_json::from_slice(&letter.record)
                .unwrap_or_else(|_| String::from_utf8_lossy(&letter.record).into());
            json!({ "name": letter.name, "reason": letter.reason, "event": event })
        });
        return print_json(&events.collect::<Vec<_>>());
    }
    let out = &mut std::io::stdout().lock();
    if letters.is_empty() {
        writeln!(out, "no dead letters")?;
    }
    for letter in letters {
        writeln!(out, "{}  {}", letter.name, letter.reason)?;
    }
    Ok(())
}

async fn retry(settings: &Settings) -> anyhow::Result<()> {
    let retried = match reach(&settings.data_dir, RETRY_PATH, &json!({})).await? {
        Reached::Server(Retried { retried }) => retried,
        Reached::Files(_lock) => {
            let (spool, _reader) = Spool::open(&settings.spool)?;
            DeadLetters::beside(&settings.spool.directory).retry(&spool).await?
        }
    };
    println!("{retried} dead letters are sent again");
    Ok(())
}

fn inspect(settings: &Settings, json: bool) -> anyhow::Result<()> {
    let directory = &settings.spool.directory;
    let found = spool::inspect(directory)
        .with_context(|| format!("cannot read the spool {}", directory.display()))?;
    if json {
        return print_json(&found);
    }
    let out = &mut std::io::stdout().lock();
    writeln!(out, "{}: {} records wait", directory.display(), found.waiting_records)?;
    for segment in &found.segments {
        write!(
            out,
            "  segment {:>6}  {:>11} bytes  {:>9} records  {:>9} wait",
            segment.segment, segment.bytes, segment.records, segment.waiting_records
        )?;
        if segment.damaged_bytes > 0 {
            write!(out, "  {} bytes damaged, {} records lost", segment.damaged_bytes, segment.lost_records)?;
        }
        writeln!(out)?;
    }
    for name in &found.set_aside {
        writeln!(out, "  set aside: {name}")?;
    }
    Ok(())
}
