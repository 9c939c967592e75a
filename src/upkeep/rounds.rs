//! Works the queue off, round by round, as the header of [`super`] tells.

use super::batch_file::BatchFile;
use super::error::UpkeepError;
use super::handle::{Settled, UpkeepHandle};
use super::known::{Known, rules_of};
use super::lots::{FIRST_LOT_ROWS, LONG_ROUND, MAX_UNSORTED_ROWS, lots, next_lot_rows, unsorted};
use super::night::{next_night, night_zone};
use super::pace::Pace;
use super::verdict::VerifyRequest;
use crate::backoff::Backoff;
use crate::clock::Clock;
use crate::funnel::Dimension;
use crate::ledger::revision::{Revision, Touched, Watched, revise};
use crate::shipper::Progress;
use crate::shops::registry::Registry;
use crate::spool::Position;
use crate::store::{LedgerBatch, Piece, QueuePart, Store};
use crate::telemetry::Telemetry;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;

/// Values of a dimension that the ledger keeps for a shop. With more, a break-down is a sum over visitors
/// again.
const MAX_VALUES: usize = 1_000;
/// When nothing tells of a change, the queue is looked at all the same: others may write events too.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);
/// Rest after much work is cut short when so few rows or fewer came in two looks: they
/// cost next to nothing.
const LITTLE_ROWS: u64 = 1_000;
/// Rest while much is on its way into the store.
const MAX_HOLD: Duration = Duration::from_secs(10);
/// How often it is looked how many came. Under load, too, a second may pass without an insertion; two hardly
/// ever do.
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

/// Works the queue off.
#[derive(Debug)]
pub struct Upkeep {
    pub(super) store: Store,
    pub(super) registry: Arc<Registry>,
    pub(super) clock: Clock,
    pub(super) telemetry: Telemetry,
    pub(super) options: UpkeepOptions,
    pub(super) batch_file: BatchFile,
    pub(super) progress: watch::Receiver<Progress>,
    settled: watch::Sender<Settled>,
    wanted: Arc<AtomicU64>,
    wake: Arc<Notify>,
    goal: Option<Goal>,
    pub(super) known: Option<Known>,
    /// While a shop is verified.
    pub(super) watched: Option<Watched>,
    pub(super) requests: mpsc::Receiver<VerifyRequest>,
    /// Those who are writing much.
    holds: watch::Receiver<usize>,
    pub(super) next_nightly_ms: i64,
    /// What the store's losses were when they were found. Kept only when everything was verified after them.
    pub(super) unproven_stamp: Option<String>,
    lot_rows: u64,
    /// The last round left part of its backlog.
    was_cut: bool,
    /// Work has queued more work.
    has_followed_up: bool,
}

/// What was queued at a time.
#[derive(Debug)]
struct Goal {
    last_block: u64,
    progress: Progress,
    wanted: u64,
}

/// What a round did.
pub(super) enum Round {
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
    ) -> (Upkeep, UpkeepHandle) {
        let fresh_until_ms = progress.borrow().fresh_until_ms;
        let (settled, receiver) = watch::channel(Settled { fresh_until_ms, ..Settled::default() });
        let (wanted, wake) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
        let (requests, requests_receiver) = mpsc::channel(1);
        let (holds, holds_receiver) = watch::channel(0);
        let next_nightly_ms = next_night(clock.now_ms(), night_zone(&registry));
        let handle =
            UpkeepHandle { wanted: wanted.clone(), wake: wake.clone(), settled: receiver, requests, holds };
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
            requests: requests_receiver,
            holds: holds_receiver,
            next_nightly_ms,
            unproven_stamp: None,
            lot_rows: FIRST_LOT_ROWS,
            was_cut: false,
            has_followed_up: false,
        };
        (upkeep, handle)
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
            if !self.is_wanted() && self.requests.is_empty() {
                self.rest_from_others().await;
            }
            let begun = Instant::now();
            let round = self.round().await;
            let ended = Instant::now();
            self.telemetry.ledger_busy_seconds.inc_by((ended - begun).as_secs_f64());
            let hurry = self.is_wanted();
            let rest = pace.rest(begun, ended);
            match round {
                Ok(Round::Worked { more }) if hurry || more => {}
                Ok(Round::Worked { .. }) => self.rest_from_work(rest).await,
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

    /// Whether somebody waits for the ledger.
    fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::SeqCst) > self.settled.borrow().served
    }

    /// Rests while a backlog or an import is written, or until somebody asks, but not for ever: who changes
    /// in the next batch too would be found twice.
    async fn rest_from_others(&mut self) {
        let (mut progress, mut holds) = (self.progress.clone(), self.holds.clone());
        let quiet = async {
            while progress.wait_for(|progress| !progress.is_behind).await.is_ok()
                && holds.wait_for(|holds| *holds == 0).await.is_ok()
                && progress.borrow().is_behind
            {}
        };
        tokio::select! {
            () = quiet => {}
            () = tokio::time::sleep(MAX_HOLD) => {}
            // Whoever asks is to be heard by the rest after the round too.
            () = self.wake.notified() => self.wake.notify_one(),
        }
    }

    /// Rests for that long, or until somebody asks, or until little comes in: waiting for more would
    /// save nothing.
    async fn rest_from_work(&mut self, rest: Duration) {
        let rested = Instant::now() + rest;
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

    pub(super) async fn round(&mut self) -> Result<Round, UpkeepError> {
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
        let (queue, sorted) = self.sorted(queue).await?;
        let lots = lots(&queue, self.lot_rows, &sorted);
        let was_cut = std::mem::take(&mut self.was_cut);
        for (index, lot) in lots.iter().enumerate() {
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
            let is_last = index + 1 == lots.len();
            if !is_last && begun.elapsed() > LONG_ROUND && (index > 0 || !was_cut) {
                self.was_cut = true;
                return Ok(Round::Worked { more: true });
            }
        }
        if std::mem::take(&mut self.has_followed_up) {
            let queue = self.store.ledger_queue().await?;
            self.widen_goal(&queue);
            if self.goal.is_some() && !queue.is_empty() {
                return Ok(Round::Worked { more: true });
            }
        }
        if let Some(goal) = self.goal.take() {
            self.settle(goal, false);
        }
        Ok(Round::Worked { more: false })
    }

    /// Sorts a long queue; the queue, and which of its parts are sorted.
    async fn sorted(
        &mut self,
        queue: Vec<QueuePart>,
    ) -> Result<(Vec<QueuePart>, HashSet<String>), UpkeepError> {
        if queue.iter().map(|part| part.rows).sum::<u64>() <= MAX_UNSORTED_ROWS {
            return Ok((queue, HashSet::new()));
        }
        let sorted = self.store.narrow_parts().await?;
        let lot = unsorted(&queue, &sorted);
        if lot.parts.is_empty() {
            return Ok((queue, sorted));
        }
        let begun = Instant::now();
        let slots = self.store.ledger_slots(&lot.parts).await?;
        for piece in &lot.sorted_pieces(slots) {
            self.store.queue_again(piece).await?;
        }
        let queue = self.store.ledger_queue().await?;
        self.widen_goal(&queue);
        for part in &lot.parts {
            self.store.drop_from_ledger_queue(part).await?;
        }
        let (rows, took_ms) = (lot.rows, begun.elapsed().as_millis() as u64);
        tracing::info!(rows, slots, took_ms, "the queue of the ledger is sorted");
        Ok((self.store.ledger_queue().await?, self.store.narrow_parts().await?))
    }

    /// What the work itself has queued belongs to the goal.
    fn widen_goal(&mut self, queue: &[QueuePart]) {
        let last_block = queue.iter().fold(0, |last, part| last.max(part.last_block));
        if let Some(goal) = &mut self.goal {
            goal.last_block = goal.last_block.max(last_block);
        }
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
        self.follow_up(&revision).await?;
        self.write(revision).await
    }

    /// Queues whoever shares a customer with somebody whose orders count for another person now: before the
    /// revision is written, so that a crash in between queues too many and not too few.
    async fn follow_up(&mut self, revision: &Revision) -> Result<(), UpkeepError> {
        let mut persons: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for (shop, person) in &revision.persons {
            persons.entry(shop).or_default().push(*person);
        }
        for (shop, persons) in persons {
            self.store.queue_persons(shop, &persons).await?;
            self.has_followed_up = true;
        }
        Ok(())
    }

    pub(super) fn revision(&mut self, touched: &Touched) -> Result<Revision, UpkeepError> {
        let known = self.known.as_ref().ok_or(UpkeepError::Unread)?;
        let shops = Arc::clone(&self.registry.snapshot());
        let rules = |slug: &str| shops.by_slug(slug).map(|shop| rules_of(shop));
        let keeps = |slug: &str, dimension| !known.wide.contains(&(slug.to_owned(), dimension));
        Ok(revise(touched, rules, keeps, self.clock.now_ms(), self.watched.as_mut()))
    }

    pub(super) async fn write(&mut self, revision: Revision) -> Result<(), UpkeepError> {
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
        let batch = LedgerBatch::new(number, &revision, &present, &wide);
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
}

/// Waits until something after `shipped` was shipped.
async fn until_after(progress: &mut watch::Receiver<Progress>, shipped: Position) {
    let has_ended = progress.wait_for(|progress| progress.shipped > shipped).await.is_err();
    if has_ended {
        std::future::pending().await
    }
}

/// Only ever compared with hashes of this process.
fn hash(value: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
