//! Keeps the day ledger right: whatever changed about a visitor or an order is found anew and the difference written down.
//!
//! ClickHouse queues who changed (`ledger_changes`, fed by every event that is stored). One round takes a piece of the queue, reads
//! everything about these visitors, compares what holds now with what was written down before, and writes the difference as
//! one batch:
//!
//! 1. The batch is kept in `DATA_DIR/ledger.batch`, fsynced: rows with their final values under a number of its own.
//! 2. Its rows are inserted. Each replaces the row with its key and a lower number, so inserting them again changes nothing.
//! 3. The file is removed, and the piece taken off the queue.
//!
//! After a crash a batch that is found is inserted once more; a piece that is still queued is worked on once more, and then there
//! is no difference. The cost of a round is that of the visitors who changed. Nobody else writes these tables; `forget` deletes from
//! them what holds no longer.
//!
//! What is read may be newer than the queue, because events come while it is read: they are queued behind, and a later round finds
//! whatever this one has seen half. What was written down before is read whole, since only one upkeep writes.
//!
//! A *slot* is a visitor's number, or one made of an order's id (the *nobody* who stands for the visitor of an order without one):
//! ranges of slots cut the work on a large shop into pieces.
//!
//! It also writes down the shops as they are, for whoever asks ClickHouse itself.

mod batch_file;
mod lots;
mod pace;
mod verify;

use crate::backoff::Backoff;
use crate::clock::Clock;
use crate::file;
use crate::funnel::{Dimension, FINAL_DAYS};
use crate::ledger::life::Rules;
use crate::ledger::revision::{Revision, Touched, Watched, revise};
use crate::shipper::Progress;
use crate::shops::Shop;
use crate::shops::registry::Registry;
use crate::spool::Position;
use crate::store::{Batch, Piece, RulesRow, ShopRow, Store, StoreError};
use crate::telemetry::Telemetry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;

use batch_file::{BatchFile, Kept};
use lots::{LONG_ROUND, LOT_ROWS, lots, next_lot_rows};
use pace::Pace;
pub use verify::{Verdict, VerifyError};

/// Changes when other rows of the ledger follow from the same events: then every ledger is made anew.
const VERSION: u32 = 2;
/// Values of a dimension that the ledger keeps for a shop. With more, a break-down is a sum over visitors again.
const MAX_VALUES: usize = 1_000;
/// When nothing tells of a change, the queue is looked at all the same: others may write events too.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);
/// Rest that is owed after much work is not insisted on when so few rows or fewer came in two looks: they cost next to nothing.
const LITTLE_ROWS: u64 = 1_000;
/// How often it is looked how many came. Under load, too, a second may pass without an insertion; two hardly ever do.
const LOOK_WHILE_RESTING: Duration = Duration::from_secs(1);
const FIRST_BACKOFF: Duration = Duration::from_millis(200);
const MAX_BACKOFF: Duration = Duration::from_secs(10);

/// How the upkeep paces itself, and where it keeps a batch.
#[derive(Debug, Clone)]
pub struct UpkeepOptions {
    /// Where the batch file and the stamp are.
    pub data_dir: PathBuf,
    /// Shortest time between two rounds, so that small parts do not pile up.
    pub interval: Duration,
}

/// How far the ledger is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settled {
    /// Everything shipped before this is in the ledger.
    pub shipped: Position,
    /// Epoch milliseconds: what arrived before is in the ledger, give or take the length of a request.
    pub fresh_until_ms: i64,
    /// Nothing was queued when the queue was last looked at.
    pub is_idle: bool,
    /// Of those who asked, how many were served.
    served: u64,
}

/// What others see of the upkeep, and how they ask it to hurry.
#[derive(Debug, Clone)]
pub struct Ledger {
    wanted: Arc<AtomicU64>,
    wake: Arc<Notify>,
    settled: watch::Receiver<Settled>,
    orders: mpsc::Sender<verify::Order>,
}

impl Ledger {
    /// Waits until everything that is in the store now is in the ledger.
    ///
    /// # Errors
    /// The upkeep has ended.
    pub async fn settle(&self) -> Result<(), watch::error::RecvError> {
        let wanted = self.wanted.fetch_add(1, Ordering::SeqCst) + 1;
        self.wake.notify_one();
        self.settled.clone().wait_for(|settled| settled.served >= wanted).await.map(drop)
    }

    /// How far it is.
    pub fn settled(&self) -> Settled {
        *self.settled.borrow()
    }
}

/// Works the queue off.
#[derive(Debug)]
pub struct Upkeep {
    store: Store,
    registry: Arc<Registry>,
    clock: Clock,
    telemetry: Telemetry,
    options: UpkeepOptions,
    batch_file: BatchFile,
    progress: watch::Receiver<Progress>,
    settled: watch::Sender<Settled>,
    wanted: Arc<AtomicU64>,
    wake: Arc<Notify>,
    goal: Option<Goal>,
    known: Option<Known>,
    /// While a shop is verified.
    watched: Option<Watched>,
    orders: mpsc::Receiver<verify::Order>,
    next_nightly_ms: i64,
    /// What the store's losses were when they were found. Kept only when everything was verified after them.
    unproven_stamp: Option<String>,
    lot_rows: u64,
    /// The last round left part of its backlog.
    was_cut: bool,
}

/// What was queued at a time.
#[derive(Debug)]
struct Goal {
    last_block: u64,
    progress: Progress,
    wanted: u64,
}

/// What is known about the tables, read when the store is found.
#[derive(Debug)]
struct Known {
    last_batch: u64,
    rules: HashMap<String, String>,
    shops: HashMap<String, ShopRow>,
    wide: HashSet<(String, Dimension)>,
    /// By shop: hashes of each dimension's values.
    values: HashMap<String, HashMap<Dimension, HashSet<u64>>>,
}

#[derive(Debug, thiserror::Error)]
enum UpkeepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot keep a batch in {}: {cause}", path.display())]
    File { path: PathBuf, cause: io::Error },
    /// Nothing is derived, numbered or compared on a guess: the next round reads the tables first.
    #[error("what the tables hold has not been read since the last failure")]
    Unread,
}

/// What a round did.
enum Round {
    /// Whether more was queued than it took.
    Worked {
        more: bool,
    },
    Idle,
}

impl Upkeep {
    /// The loop, and what others know of it.
    pub fn new(
        store: Store,
        registry: Arc<Registry>,
        clock: Clock,
        progress: watch::Receiver<Progress>,
        telemetry: Telemetry,
        options: UpkeepOptions,
    ) -> (Upkeep, Ledger) {
        let fresh_until_ms = progress.borrow().fresh_until_ms;
        let (settled, receiver) = watch::channel(Settled { fresh_until_ms, ..Settled::default() });
        let (wanted, wake) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
        let (orders, orders_receiver) = mpsc::channel(1);
        let next_nightly_ms = verify::next_night(clock.now_ms(), verify::night_zone(&registry));
        let ledger = Ledger { wanted: wanted.clone(), wake: wake.clone(), settled: receiver, orders };
        let upkeep = Upkeep {
            store,
            registry,
            clock,
            telemetry,
            batch_file: BatchFile::new(&options.data_dir),
            options,
            progress,
            settled,
            wanted,
            wake,
            goal: None,
            known: None,
            watched: None,
            orders: orders_receiver,
            next_nightly_ms,
            unproven_stamp: None,
            lot_rows: *LOT_ROWS.start(),
            was_cut: false,
        };
        (upkeep, ledger)
    }

    /// Runs until `stopped` turns true. What is queued then stays queued.
    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        tokio::select! {
            () = self.work() => {}
            _ = stopped.wait_for(|&stopped| stopped) => {}
        }
    }

    async fn work(&mut self) {
        let mut backoff = Backoff::new(FIRST_BACKOFF, MAX_BACKOFF);
        let mut pace = Pace::new(self.options.interval, Instant::now());
        loop {
            let has_ended = self.progress.wait_for(|progress| progress.migrated).await.is_err();
            if has_ended {
                return std::future::pending().await;
            }
            let begun = Instant::now();
            let round = self.round().await;
            let ended = Instant::now();
            self.telemetry.ledger_busy_seconds.inc_by((ended - begun).as_secs_f64());
            let hurry = self.wanted.load(Ordering::SeqCst) > self.settled.borrow().served;
            let owed = pace.rest(begun, ended);
            match round {
                Ok(Round::Worked { more }) if hurry || more => {}
                Ok(Round::Worked { .. }) => self.rest_from_work(owed).await,
                Ok(Round::Idle) if hurry => {}
                Ok(Round::Idle) => self.rest_until_shipped().await,
                Err(error) => {
                    // Another store may answer next time.
                    self.known = None;
                    let pause = backoff.pause();
                    tracing::warn!(%error, pause_ms = pause.as_millis() as u64, "the ledger waits");
                    tokio::time::sleep(pause).await;
                    continue;
                }
            }
            backoff.reset();
            self.verify_when_asked().await;
        }
    }

    /// Rests as long as is owed, or until somebody asks, or until little comes in: waiting for more would save nothing.
    async fn rest_from_work(&mut self, owed: Duration) {
        let rested = Instant::now() + owed;
        let mut before = VecDeque::with_capacity(2);
        loop {
            let left = rested.saturating_duration_since(Instant::now());
            if left > LOOK_WHILE_RESTING {
                let Ok(queue) = self.store.ledger_queue().await else { return };
                let rows = queue.iter().map(|part| part.rows).sum::<u64>();
                if before.len() == 2 && before.pop_front().is_some_and(|before| rows <= before + LITTLE_ROWS)
                {
                    return;
                }
                before.push_back(rows);
            }
            tokio::select! {
                () = tokio::time::sleep(left.min(LOOK_WHILE_RESTING)) => {}
                () = self.wake.notified() => return,
            }
            if left <= LOOK_WHILE_RESTING {
                return;
            }
        }
    }

    /// Rests until somebody asks, until something was shipped, or until it is time to look all the same.
    async fn rest_until_shipped(&mut self) {
        let shipped = self.progress.borrow_and_update().shipped;
        if shipped > self.settled.borrow().shipped {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
            () = self.wake.notified() => {}
            () = until_after(&mut self.progress, shipped) => {}
        }
    }

    async fn round(&mut self) -> Result<Round, UpkeepError> {
        if self.known.is_none() {
            self.known = Some(self.recover().await?);
        }
        self.compare_rules().await?;
        self.compare_shops().await?;
        let wanted = self.wanted.load(Ordering::SeqCst);
        let progress = *self.progress.borrow();
        let queue = self.store.ledger_queue().await?;
        if queue.is_empty() {
            self.goal = None;
            self.settle(Goal { last_block: 0, progress, wanted }, true);
            return Ok(Round::Idle);
        }
        if let Some(goal) =
            self.goal.take_if(|goal| queue.iter().all(|part| part.first_block > goal.last_block))
        {
            self.settle(goal, false);
        } else if self.settled.borrow().is_idle {
            self.settled.send_modify(|settled| settled.is_idle = false);
        }
        if self.goal.is_none() {
            let last_block = queue.iter().fold(0, |last, part| last.max(part.last_block));
            self.goal = Some(Goal { last_block, progress, wanted });
        }
        self.store.await_insertions().await;
        let begun = Instant::now();
        let lots = lots(&queue, self.lot_rows);
        let was_cut = std::mem::take(&mut self.was_cut);
        for (place, lot) in lots.iter().enumerate() {
            let lot_begun = Instant::now();
            let slots = self.store.ledger_slots(&lot.parts).await?;
            for piece in &lot.pieces(slots) {
                self.work_on(piece).await?;
            }
            for part in &lot.parts {
                self.store.drop_from_ledger_queue(part).await?;
            }
            let took = lot_begun.elapsed();
            self.lot_rows = next_lot_rows(self.lot_rows, lot.rows, took);
            let (rows, took_ms) = (lot.rows, took.as_millis() as u64);
            tracing::debug!(rows, slots, took_ms, "part of the queue is in the ledger");
            // What has arrived meanwhile must not wait for a long backlog; and that must not wait for ever.
            let is_last = place + 1 == lots.len();
            if !is_last && begun.elapsed() > LONG_ROUND && (place > 0 || !was_cut) {
                self.was_cut = true;
                return Ok(Round::Worked { more: true });
            }
        }
        if let Some(goal) = self.goal.take() {
            self.settle(goal, false);
        }
        Ok(Round::Worked { more: false })
    }

    fn settle(&self, goal: Goal, is_idle: bool) {
        self.settled.send_modify(|settled| {
            settled.shipped = goal.progress.shipped;
            settled.fresh_until_ms = settled.fresh_until_ms.max(goal.progress.fresh_until_ms);
            settled.is_idle = is_idle;
            settled.served = goal.wanted;
        });
    }

    async fn work_on(&mut self, piece: &Piece) -> Result<(), UpkeepError> {
        let touched = self.store.touched(piece).await?;
        let revision = self.revision(&touched)?;
        drop(touched);
        self.write(revision).await
    }

    fn revision(&mut self, touched: &Touched) -> Result<Revision, UpkeepError> {
        let known = self.known.as_ref().ok_or(UpkeepError::Unread)?;
        let shops = Arc::clone(&self.registry.snapshot());
        let rules = |slug: &str| shops.by_slug(slug).map(|shop| rules_of(shop));
        let keeps = |slug: &str, dimension| !known.wide.contains(&(slug.to_owned(), dimension));
        Ok(revise(touched, rules, keeps, self.clock.now_ms(), self.watched.as_mut()))
    }

    async fn write(&mut self, revision: Revision) -> Result<(), UpkeepError> {
        if revision.is_empty() {
            return Ok(());
        }
        let written = self.try_write(revision).await;
        if written.is_err() {
            // Part of the batch may be there: nothing is done before the rest is, see `recover`.
            self.known = None;
        }
        written
    }

    async fn try_write(&mut self, revision: Revision) -> Result<(), UpkeepError> {
        let wide = self.grown_wide(&revision).await?;
        let present = self.store.ledger_rows(&revision.totals).await?;
        let number = self.known.as_ref().ok_or(UpkeepError::Unread)?.last_batch + 1;
        let batch = Batch::new(number, &revision, &present, &wide);
        drop((revision, present));
        self.batch_file.keep(&batch).await?;
        self.store.insert_batch(&batch).await?;
        let known = self.known.as_mut().ok_or(UpkeepError::Unread)?;
        known.last_batch = number;
        known.wide.extend(wide);
        self.batch_file.forget().await
    }

    /// Dimensions that have more values from now on than the ledger keeps.
    async fn grown_wide(&mut self, revision: &Revision) -> Result<Vec<(String, Dimension)>, UpkeepError> {
        let known = self.known.as_mut().ok_or(UpkeepError::Unread)?;
        let shops: HashSet<&str> = revision.totals.rows().map(|(key, _)| key.shop).collect();
        let unknown: Vec<&str> = shops.into_iter().filter(|shop| !known.values.contains_key(*shop)).collect();
        if !unknown.is_empty() {
            let found = self.store.ledger_values(&unknown).await?;
            known.values.extend(unknown.into_iter().map(|shop| (shop.to_owned(), HashMap::new())));
            for (shop, dimension, value) in found {
                known.values.entry(shop).or_default().entry(dimension).or_default().insert(hash(&value));
            }
        }
        let mut wide = Vec::new();
        for (key, _) in revision.totals.rows() {
            let (Some(dimension), Some(values)) = (key.dimension, known.values.get_mut(key.shop)) else {
                continue;
            };
            let values = values.entry(dimension).or_default();
            if values.len() <= MAX_VALUES && values.insert(hash(key.value)) && values.len() > MAX_VALUES {
                wide.push((key.shop.to_owned(), dimension));
            }
        }
        Ok(wide)
    }

    /// Queues shops whose rules changed, and writes down the rules of new ones.
    async fn compare_rules(&mut self) -> Result<(), UpkeepError> {
        let known = self.known.as_mut().ok_or(UpkeepError::Unread)?;
        let shops = Arc::clone(&self.registry.snapshot());
        let mut new = Vec::new();
        for shop in shops.shops() {
            let rules = text_of(&rules_of(shop));
            match known.rules.get(&shop.slug) {
                Some(before) if *before == rules => continue,
                Some(_) => self.store.queue_shop(&shop.slug).await?,
                None => {}
            }
            new.push(RulesRow { shop: shop.slug.clone(), rules });
        }
        if !new.is_empty() {
            self.store.set_ledger_rules(&new).await?;
            known.rules.extend(new.into_iter().map(|row| (row.shop, row.rules)));
        }
        Ok(())
    }

    /// Writes down what is new about shops, for whoever asks ClickHouse itself.
    async fn compare_shops(&mut self) -> Result<(), UpkeepError> {
        let known = self.known.as_mut().ok_or(UpkeepError::Unread)?;
        let snapshot = Arc::clone(&self.registry.snapshot());
        let removed = known.shops.values().filter(|row| snapshot.by_slug(&row.shop).is_none());
        let removed = removed.map(|row| ShopRow { is_removed: 1, ..row.clone() });
        let mut new: Vec<ShopRow> = snapshot.shops().iter().map(|shop| row_of(shop)).chain(removed).collect();
        new.retain(|row| known.shops.get(&row.shop) != Some(row));
        if !new.is_empty() {
            self.store.set_shops(&new).await?;
            known.shops.extend(new.into_iter().map(|row| (row.shop.clone(), row)));
        }
        Ok(())
    }

    /// Finishes the batch that a crash left, and reads what is to be known.
    async fn recover(&mut self) -> Result<Known, UpkeepError> {
        match self.batch_file.read().await? {
            Kept::Nothing => {}
            Kept::Batch(batch) => {
                tracing::info!(batch = batch.number, "finishing a batch of the ledger");
                self.store.insert_batch(&batch).await?;
                self.batch_file.forget().await?;
            }
            Kept::Damaged => {
                tracing::error!(path = %self.batch_file.path().display(), "a batch of the ledger is damaged");
                // So that it is not forgotten before everything was verified, see `look_for_losses`.
                self.put_stamp("a batch was damaged")?;
                self.batch_file.forget().await?;
            }
        }
        self.look_for_losses().await?;
        let rules = self.store.ledger_rules().await?.into_iter().map(|row| (row.shop, row.rules));
        Ok(Known {
            last_batch: self.store.last_batch().await?,
            rules: rules.collect(),
            shops: self.store.shops().await?.into_iter().map(|row| (row.shop.clone(), row)).collect(),
            wide: self.store.wide_dimensions().await?,
            values: HashMap::new(),
        })
    }

    /// Has everything verified soon, when the store has lost rows since this was last looked at.
    async fn look_for_losses(&mut self) -> Result<(), UpkeepError> {
        let stamp = self.store.stamp().await?;
        let path = self.options.data_dir.join("ledger.stamp");
        let before = std::fs::read_to_string(&path).ok();
        if before.as_ref() == Some(&stamp) {
            return Ok(());
        }
        if before.is_some() {
            tracing::warn!("ClickHouse or a batch has lost rows; the ledger is verified");
            self.next_nightly_ms = 0;
            self.unproven_stamp = Some(stamp);
            return Ok(());
        }
        self.put_stamp(&stamp)
    }

    fn put_stamp(&self, stamp: &str) -> Result<(), UpkeepError> {
        let path = self.options.data_dir.join("ledger.stamp");
        file::replace(&path, stamp.as_bytes()).map_err(|cause| UpkeepError::File { path, cause })
    }
}

/// Waits until something after `shipped` was shipped.
async fn until_after(progress: &mut watch::Receiver<Progress>, shipped: Position) {
    let has_ended = progress.wait_for(|progress| progress.shipped > shipped).await.is_err();
    if has_ended {
        std::future::pending().await
    }
}

fn row_of(shop: &Shop) -> ShopRow {
    ShopRow {
        shop: shop.slug.clone(),
        name: shop.name.clone(),
        time_zone: shop.time_zone.name().to_owned(),
        currency: shop.currency.to_string(),
        after_sale_days: shop.after_sale_days,
        is_removed: 0,
    }
}

fn rules_of(shop: &Shop) -> Rules {
    Rules {
        after_sale_days: shop.after_sale_days,
        final_days: FINAL_DAYS,
        currency: shop.currency.code().to_owned(),
    }
}

fn text_of(rules: &Rules) -> String {
    let Rules { after_sale_days, final_days, currency } = rules;
    format!("version={VERSION} after_sale_days={after_sale_days} final_days={final_days} currency={currency}")
}

/// Only ever compared with hashes of this process.
fn hash(value: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_read_back_as_it_was_written() {
        assert_eq!(Batch::from_bytes(&Batch::default().to_bytes().unwrap()), Some(Batch::default()));
        assert_eq!(Batch::from_bytes(b"torn"), None);
    }

    #[test]
    fn the_night_is_at_three_of_the_shop() {
        const HOUR_MS: i64 = 3_600_000;
        let next = |now_ms, zone: &str| verify::next_night(now_ms, zone.parse().unwrap());
        let three = next(0, "UTC");
        assert_eq!(three, 3 * HOUR_MS);
        assert_eq!(next(three, "UTC"), three + 24 * HOUR_MS);
        assert_eq!(next(three - 1, "UTC"), three);
        assert_eq!(next(0, "Asia/Shanghai"), 19 * HOUR_MS, "of the next morning there");
        // On 2026-03-29 the clocks of Helsinki go from three to four, at one o'clock UTC.
        let four = 1_774_746_000_000;
        assert_eq!(next(four - HOUR_MS, "Europe/Helsinki"), four);
    }
}
