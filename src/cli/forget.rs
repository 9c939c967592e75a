//! `shopfunnel forget`: one visitor, through the running server.

use super::print_json;
use super::server::{self, NoServer};
use crate::config::Settings;
use crate::http::admin::{FORGET_PATH, ForgetVisitor};
use crate::operations::forget::Receipt;
use clap::Args;
use serde_json::json;
use std::io::Write;
use std::time::Duration;

/// Longer than the server itself is patient.
const TIMEOUT: Duration = Duration::from_secs(900);

#[derive(Debug, Args)]
pub struct ForgetArguments {
    /// Slug of the shop.
    #[arg(long)]
    shop: String,
    /// The visitor's id: `shopfunnel('visitor')` tells it in their browser.
    #[arg(long)]
    visitor: String,
    /// Print JSON for programs.
    #[arg(long)]
    json: bool,
}

/// Forgets a visitor and prints what was deleted.
///
/// # Errors
/// [`super::TypedWrong`], or the server cannot be reached or has not finished; its sentence says what to do.
pub async fn run(typed: ForgetArguments, settings: &Settings) -> anyhow::Result<()> {
    let whom = ForgetVisitor { shop: typed.shop, visitor: typed.visitor };
    let answer = server::ask(&settings.data_dir, FORGET_PATH, &whom, TIMEOUT).await;
    let receipt: Receipt = answer.map_err(|error| {
        if error.is::<NoServer>() {
            error.context("nothing was deleted")
        } else if error.chain().any(|cause| cause.is::<reqwest::Error>()) {
            error.context("it is not known whether the visitor is forgotten; run the same command again")
        } else {
            error
        }
    })?;
    print(&whom.shop, &receipt, typed.json)
}

fn print(shop: &str, receipt: &Receipt, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let mut answer = json!(receipt);
        answer["shop"] = json!(shop);
        return print_json(&answer);
    }
    let out = &mut std::io::stdout().lock();
    writeln!(out, "The visitor is forgotten in `{shop}`:")?;
    for (count, what) in [
        (receipt.events_deleted, "events deleted"),
        (receipt.order_events_kept, "orders, payments and refunds kept without a name"),
        (receipt.days_deleted, "days on which the visitor was counted, deleted"),
        (receipt.dead_letters_deleted, "dead letters deleted"),
        (receipt.dead_letters_kept, "dead letters of orders kept without a name"),
    ] {
        writeln!(out, "  {count:>7}  {what}")?;
    }
    Ok(())
}
