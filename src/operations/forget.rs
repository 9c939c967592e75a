//! Forgets one visitor everywhere, on request: the order of the steps.
//!
//! What is left are orders, payments and refunds that name nobody, because the shop's books must stay right.
//! What arrived before comes back by no way: the shipper asks [`Forgotten`] about every record, whether it
//! waits, is sent again or comes from a dead letter. What arrives afterwards is new, and counts.
//!
//! 1. Everything durable is sent, so that the counts are whole.
//! 2. Nothing is sent while the visitor is remembered as forgotten, the dead letters are gone through and the
//!    tables get their orders: each record is in the store before these or asks afterwards.
//! 3. The spool's segment ends, so that its copies go from the disk soon.
//! 4. The tables are looked at until nothing is left.
//! 5. The ledger takes back what followed from it, and what it had written down about the visitor goes too.
//!
//! Every step may be done twice; after a crash in between the same call finishes the work.

use crate::backoff::Backoff;
use crate::clock::Clock;
use crate::event::Event;
use crate::identity::IdentityError;
use crate::identity::forgotten::Forgotten;
use crate::shipper::Progress;
use crate::spool::{DeadLetters, Redaction, Spool};
use crate::store::{Store, StoreError};
use crate::upkeep::UpkeepHandle;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// For what waits in the spool.
const SHIPPING_PATIENCE: Duration = Duration::from_secs(60);
/// For ClickHouse to rewrite what holds the visitor.
const REWRITING_PATIENCE: Duration = Duration::from_secs(600);
/// 2200-01-01, later than any arrival and within what the store can hold.
const EVER_MS: i64 = 7_258_118_400_000;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// Where something of a visitor may be.
#[derive(Debug, Clone)]
pub struct Locations {
    /// Tells when the visitor was forgotten.
    pub clock: Clock,
    /// What waits in it is forgotten on its way into the store.
    pub spool: Spool,
    /// How far the spool is shipped.
    pub progress: watch::Receiver<Progress>,
    /// Where the visitor's rows are.
    pub store: Store,
    /// Told whom to derive anew.
    pub upkeep: UpkeepHandle,
    /// Where refused events of the visitor may lie.
    pub dead_letters: DeadLetters,
    /// The memory of who was to be forgotten.
    pub forgotten: Forgotten,
}

/// What was found, and is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Epoch milliseconds: what arrived later is kept.
    pub forgotten_at_ms: i64,
    /// Events that are no more.
    pub events_deleted: u64,
    /// Orders, payments and refunds that name nobody now.
    pub order_events_kept: u64,
    /// Days on which the visitor was counted.
    pub days_deleted: u64,
    /// Files of refused events that named the visitor.
    pub dead_letters_deleted: u64,
    /// Refused orders, payments and refunds that name nobody now.
    pub dead_letters_kept: u64,
}

/// Why a visitor is not forgotten yet. The same call finishes what was begun.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    /// What the spool holds of the visitor has not been shipped in time.
    #[error(
        "nothing was deleted: events still wait for ClickHouse; run the same command again when they are sent"
    )]
    Waiting,
    /// Nothing was deleted yet.
    #[error("nothing was deleted: {0}; run the same command again")]
    NotBegun(StoreError),
    /// It could not be written down, so nothing was begun.
    #[error("nothing was deleted: {0}")]
    NotRemembered(#[from] IdentityError),
    /// They could not be read or deleted.
    #[error("not done: a dead letter cannot be read or written: {0}; run the same command again")]
    DeadLetters(#[from] std::io::Error),
    /// Part may be deleted already.
    #[error("not done: {0}; run the same command again")]
    Begun(StoreError),
    /// ClickHouse has not ended the deletion in time.
    #[error(
        "not done: ClickHouse is still rewriting its parts; run the same command again to see the end of it"
    )]
    Rewriting,
}

/// Forgets a visitor of a shop.
///
/// # Errors
/// See [`ForgetError`].
pub async fn forget(locations: &Locations, shop: &str, visitor: &str) -> Result<Receipt, ForgetError> {
    let goal = locations.spool.durable();
    let mut progress = locations.progress.clone();
    let shipped = progress.wait_for(|progress| progress.migrated && progress.shipped >= goal);
    if !matches!(timeout(SHIPPING_PATIENCE, shipped).await, Ok(Ok(_))) {
        return Err(ForgetError::Waiting);
    }

    let mut adding = locations.forgotten.adding().await;
    let now_ms = locations.clock.now_ms();
    let found =
        locations.store.visitor_traces(shop, visitor, EVER_MS).await.map_err(ForgetError::NotBegun)?;
    // What arrived while the clock was ahead arrived before all the same.
    let forgotten_at_ms = found.last_arrival_ms.max(now_ms);
    adding.remember(shop, visitor, forgotten_at_ms)?;
    let letters = locations.dead_letters.redact(|record| redaction(record, shop, visitor))?;
    if !found.are_gone() {
        locations.store.forget_visitor(shop, &found).await.map_err(ForgetError::Begun)?;
    }
    drop(adding);
    locations.spool.end_segment();

    await_gone(locations, shop, visitor, forgotten_at_ms).await?;
    locations.store.queue_visitor(shop, found.hash()).await.map_err(ForgetError::Begun)?;
    if !matches!(timeout(REWRITING_PATIENCE, locations.upkeep.settle()).await, Ok(Ok(()))) {
        return Err(ForgetError::Rewriting);
    }
    locations.store.forget_derived(shop, found.hash()).await.map_err(ForgetError::Begun)?;
    Ok(Receipt {
        forgotten_at_ms,
        events_deleted: found.events,
        order_events_kept: found.order_events,
        days_deleted: found.days,
        dead_letters_deleted: letters.removed,
        dead_letters_kept: letters.replaced,
    })
}

async fn await_gone(
    locations: &Locations,
    shop: &str,
    visitor: &str,
    until_ms: i64,
) -> Result<(), ForgetError> {
    let deadline = Instant::now() + REWRITING_PATIENCE;
    let mut backoff = Backoff::new(FIRST_PAUSE, MAX_PAUSE);
    loop {
        let left =
            locations.store.visitor_traces(shop, visitor, until_ms).await.map_err(ForgetError::Begun)?;
        if left.are_gone() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(ForgetError::Rewriting);
        }
        sleep(backoff.pause()).await;
    }
}

/// What becomes of a record that the store has refused.
fn redaction(record: &[u8], shop: &str, visitor: &str) -> Redaction {
    match serde_json::from_slice::<Event>(record) {
        Ok(event) if event.shop == shop && event.visitor.id() == Some(visitor) => {
            match event.without_visitor() {
                Some(event) => serde_json::to_vec(&event).map_or(Redaction::Remove, Redaction::Replace),
                None => Redaction::Remove,
            }
        }
        _ => Redaction::Keep,
    }
}
