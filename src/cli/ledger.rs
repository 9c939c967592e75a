//! `shopfunnel ledger`: proves the ledger of a shop right, or makes it so, through the running server.

use super::{TypedWrong, print_json, server};
use crate::config::Settings;
use crate::http::admin::{LEDGER_PATH, VerifyLedger};
use crate::upkeep::Verdict;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::Write;
use std::time::Duration;

/// A hundred million events take minutes.
const TIMEOUT: Duration = Duration::from_secs(6 * 3_600);

#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Compares the ledger with what follows from the events; exit code 1 where they differ.
    Verify(LedgerArguments),
    /// The same, and puts right what is wrong.
    Rebuild(LedgerArguments),
}

#[derive(Debug, Args)]
pub struct LedgerArguments {
    /// Slug of the shop.
    #[arg(long)]
    shop: String,
    /// First day to look at; all when absent.
    #[arg(long, requires = "to")]
    from: Option<NaiveDate>,
    /// Last day to look at.
    #[arg(long, requires = "from")]
    to: Option<NaiveDate>,
    /// Print JSON for programs.
    #[arg(long)]
    json: bool,
}

/// Verifies or rebuilds and prints what was found.
///
/// # Errors
/// [`TypedWrong`], the server cannot be reached, or `verify` found differences; the sentence says what to do.
pub async fn run(command: LedgerCommand, settings: &Settings) -> anyhow::Result<()> {
    let (typed, mends) = match command {
        LedgerCommand::Verify(typed) => (typed, false),
        LedgerCommand::Rebuild(typed) => (typed, true),
    };
    if typed.from > typed.to {
        return Err(TypedWrong("--from must not be after --to".into()).into());
    }
    let asked = VerifyLedger { shop: typed.shop, from: typed.from, to: typed.to, mends };
    let verdict: Verdict = server::ask(&settings.data_dir, LEDGER_PATH, &asked, TIMEOUT).await?;
    print(&asked.shop, &verdict, typed.json)?;
    if !verdict.is_right() && !mends {
        anyhow::bail!("the ledger is wrong; `shopfunnel ledger rebuild --shop {}` puts it right", asked.shop);
    }
    Ok(())
}

fn print(shop: &str, verdict: &Verdict, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let mut answer = json!(verdict);
        answer["shop"] = json!(shop);
        return print_json(&answer);
    }
    let out = &mut std::io::stdout().lock();
    let state = match (verdict.is_right(), verdict.mended) {
        (true, _) => "is right",
        (false, true) => "was wrong and is right now",
        (false, false) => "is wrong",
    };
    writeln!(out, "The ledger of `{shop}` {state}:")?;
    for (count, what) in [
        (verdict.looked_at, "visitors and orders looked at"),
        (verdict.rows, "rows of the ledger looked at"),
        (verdict.wrong_facts, "days and orders written down wrongly"),
        (verdict.wrong_rows, "rows that were not the sum of these"),
    ] {
        writeln!(out, "  {count:>9}  {what}")?;
    }
    Ok(())
}
