//! `shopfunnel import`: a shop's past, through the running server.

use super::server::{self, NoServer};
use super::{TypedWrong, print_json};
use crate::config::Settings;
use crate::http::admin::IMPORT_EVENTS_PATH;
use crate::operations::import::Receipt;
use anyhow::Context;
use clap::{Args, Subcommand};
use futures_util::stream;
use reqwest::Body;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

const PIECE_BYTES: usize = 256 << 10;

#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Events, one JSON object a line, each with its `at`. A line that is imported again counts once.
    Events(EventsArguments),
}

#[derive(Debug, Args)]
pub struct EventsArguments {
    /// A file of lines, or - for standard input.
    file: PathBuf,
    /// Slug of the shop.
    #[arg(long)]
    shop: String,
    /// Print JSON for programs.
    #[arg(long)]
    json: bool,
}

/// Carries out one command. Exit code 1 when lines were rejected: the others are imported.
///
/// # Errors
/// [`TypedWrong`], or the server cannot be reached or has not taken everything; its sentence says what to do.
pub async fn run(ImportCommand::Events(typed): ImportCommand, settings: &Settings) -> anyhow::Result<()> {
    let lines = if typed.file == Path::new("-") {
        std::io::stdin().as_fd().try_clone_to_owned().map(std::fs::File::from)
    } else {
        std::fs::File::open(&typed.file)
    };
    let lines =
        lines.map_err(|error| TypedWrong(format!("cannot read {}: {error}", typed.file.display())))?;
    let door = server::open_door(&settings.data_dir).await.map_err(|error| {
        if error.is::<NoServer>() { error.context("nothing was imported") } else { error }
    })?;
    let answer = server::request(&door, IMPORT_EVENTS_PATH)?
        .query(&[("shop", &typed.shop)])
        .body(Body::wrap_stream(pieces(File::from_std(lines))))
        .send()
        .await
        .context(
            "it is not known what was imported; run the same command again, what is imported already counts \
             once",
        )?;
    let receipt: Receipt = server::read(&door, answer).await?;
    print(&typed.shop, &receipt, typed.json)?;
    let rejected = receipt.rejected.len() as u64 + receipt.rejected_left_off;
    anyhow::ensure!(rejected == 0, "{rejected} lines were rejected; the others are imported");
    Ok(())
}

/// The bytes of a file as they are read.
fn pieces(lines: File) -> impl futures_util::Stream<Item = std::io::Result<Vec<u8>>> {
    stream::try_unfold(lines, async |mut lines| {
        let mut piece = vec![0; PIECE_BYTES];
        let length = lines.read(&mut piece).await?;
        piece.truncate(length);
        Ok((length > 0).then_some((piece, lines)))
    })
}

fn print(shop: &str, receipt: &Receipt, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return print_json(receipt);
    }
    let out = &mut std::io::stdout().lock();
    writeln!(out, "{} of {} events are imported into `{shop}`.", receipt.imported, receipt.lines)?;
    for rejected in &receipt.rejected {
        writeln!(out, "  line {}: {} ({})", rejected.line, rejected.message, rejected.code)?;
    }
    if receipt.rejected_left_off > 0 {
        writeln!(out, "  and {} more", receipt.rejected_left_off)?;
    }
    Ok(())
}
