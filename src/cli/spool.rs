//! `shopfunnel spool …`: a look at what waits for ClickHouse.

use crate::config::Settings;
use crate::spool;
use anyhow::Context;
use clap::Subcommand;
use std::io::Write;

#[derive(Debug, Subcommand)]
pub enum SpoolCommand {
    /// List segments, records, what waits and what recovery has set aside; works beside a running server.
    Inspect {
        /// Print JSON for programs.
        #[arg(long)]
        json: bool,
    },
}

/// Carries out one command and prints its answer.
///
/// # Errors
/// The spool's files cannot be read.
pub fn run(command: SpoolCommand, settings: &Settings) -> anyhow::Result<()> {
    let SpoolCommand::Inspect { json } = command;
    let directory = &settings.spool.directory;
    let found = spool::inspect(directory)
        .with_context(|| format!("cannot read the spool {}", directory.display()))?;
    let out = &mut std::io::stdout().lock();
    if json {
        serde_json::to_writer(&mut *out, &found)?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(out, "{}: {} records wait", directory.display(), found.waiting_records)?;
    for segment in &found.segments {
        write!(
            out,
            "  segment {:>6}  {:>11} bytes  {:>9} records  {:>9} wait",
            segment.segment, segment.bytes, segment.records, segment.waiting_records
        )?;
        if segment.unreadable_bytes > 0 {
            write!(out, "  {} bytes unreadable at its end", segment.unreadable_bytes)?;
        }
        writeln!(out)?;
    }
    for name in &found.torn_files {
        writeln!(out, "  set aside by recovery: {name}")?;
    }
    Ok(())
}
