//! The one loop from spool to store.
//!
//! Takes what is durable, inserts it as one batch, then commits it. A batch whose insert ended without an
//! answer is sent again, for as long as it takes: the tables bear repeats, and the spool keeps what waits.
//! The loop also brings the tables up to date first, because with an external server that is away at start it
//! is the first to notice when it is back.

use crate::backoff::{Backoff, spread};
use crate::event::Event;
use crate::identity::forgotten::{Forgotten, Known};
use crate::new_values::{KnownValues, NewValues, ValueLimits};
use crate::planted::{Fault, Faults};
use crate::spool::{Batch, DeadLetters, Position, Reader};
use crate::store::{EncodedBatch, EventBatch, Rebuild, Store, StoreError};
use crate::telemetry::{Reason, Telemetry};
use serde::Deserialize;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Hard bounds of what is read at once.
const MAX_BATCH_EVENTS: usize = 200_000;
const MAX_BATCH_BYTES: usize = 64 << 20;
/// Hard bound of one insert. Of a larger batch the next part is made ready while the store works on one.
const MAX_INSERT_EVENTS: usize = 50_000;
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// Low, because an embedded engine is back within seconds and its events should be too.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// How long an insert may still take after the order to stop.
const STOP_GRACE: Duration = Duration::from_secs(3);

/// How the shipper paces itself.
#[derive(Debug, Clone)]
pub struct ShipperOptions {
    /// Shortest time between two inserts that are not full, so that small parts do not pile up.
    pub interval: Duration,
    /// Changes with every start of the machine.
    pub boot_id: String,
    /// Bounds of the values that strangers bring.
    pub values: ValueLimits,
    /// Planted by the judge, in its builds only.
    pub faults: Faults,
}

/// What decides about records that do not go to the store as they are.
#[derive(Debug, Clone)]
pub struct Exceptions {
    /// For what the store refuses.
    pub dead_letters: DeadLetters,
    /// For whom nothing of before may come back.
    pub forgotten: Forgotten,
}

/// How far shipping is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// The tables are this version's.
    pub migrated: bool,
    /// Everything before this is in the store.
    pub shipped: Position,
    /// More waits than one insert takes.
    pub is_behind: bool,
    /// Epoch milliseconds: what arrived before is in the store, give or take the length of a request. While
    /// nothing waits, everything is.
    pub fresh_until_ms: i64,
}

/// Moves events from the spool to the store.
#[derive(Debug)]
pub struct Shipper {
    reader: Reader,
    store: Store,
    options: ShipperOptions,
    telemetry: Telemetry,
    exceptions: Exceptions,
    new_values: NewValues,
    progress: watch::Sender<Progress>,
    /// The store was seen to hold what it was given, or what was kept is on its way again.
    is_verified: bool,
    /// Put on the spool when everything that is sent again has arrived.
    new_stamp: Option<String>,
}

impl Shipper {
    /// `migrated`: the tables are known to be this version's; else the shipper sees to it first. `now_ms`:
    /// epoch milliseconds.
    pub fn new(
        reader: Reader,
        store: Store,
        migrated: bool,
        now_ms: i64,
        telemetry: Telemetry,
        exceptions: Exceptions,
        options: ShipperOptions,
    ) -> (Shipper, watch::Receiver<Progress>) {
        let backlog = reader.peek().ok().flatten();
        let fresh_until_ms = arrival(backlog.as_deref()).unwrap_or(now_ms);
        let (progress, receiver) =
            watch::channel(Progress { migrated, shipped: reader.cursor(), fresh_until_ms, is_behind: false });
        let shipper = Shipper {
            reader,
            new_values: NewValues::new(store.clone(), options.values),
            store,
            options,
            telemetry,
            exceptions,
            progress,
            is_verified: false,
            new_stamp: None,
        };
        (shipper, receiver)
    }

    /// Runs until `stopped` turns true. What is not shipped then stays in the spool.
    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut backoff = Backoff::new(FIRST_BACKOFF, MAX_BACKOFF);
        loop {
            let ready = tokio::select! {
                ready = self.ready() => ready,
                _ = stopped.wait_for(|&stopped| stopped) => return,
            };
            let step = match ready {
                Ok(true) => tokio::select! {
                    step = self.ship() => step,
                    // An insert under way may end first: giving it up would only send it twice.
                    () = stopped_for(stopped.clone(), STOP_GRACE) => return,
                },
                Ok(false) => return,
                Err(error) => Err(error),
            };
            let pause = match step {
                Ok(Step::Full) => {
                    backoff.reset();
                    Duration::ZERO
                }
                Ok(Step::Caught) => {
                    backoff.reset();
                    self.options.interval
                }
                Err(error) => {
                    // A store that was away may have lost something.
                    self.is_verified = false;
                    let pause = spread(backoff.pause(), fastrand::f64());
                    tracing::warn!(%error, pause_ms = pause.as_millis() as u64, "shipping waits");
                    pause
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stopped.wait_for(|&stopped| stopped) => return,
            }
        }
    }

    /// Brings the tables up to date and waits for events; `false` when the spool is closed and empty.
    async fn ready(&mut self) -> Result<bool, ShipError> {
        if !self.progress.borrow().migrated {
            self.store.migrate(Rebuild::Now).await?;
            self.progress.send_modify(|progress| progress.migrated = true);
        }
        if !self.is_verified {
            self.verify().await?;
        }
        Ok(self.reader.wait().await)
    }

    /// Sends again what the spool has kept, when the machine was started anew or the store has lost parts:
    /// rows that the store had not yet synced may be gone.
    async fn verify(&mut self) -> Result<(), ShipError> {
        let stamp = format!("{} {}", self.options.boot_id, self.store.stamp().await?);
        let known = self.reader.stamp()?;
        if self.new_stamp.as_ref() != Some(&stamp) && known.as_ref() != Some(&stamp) {
            if known.is_some() {
                tracing::warn!(
                    "the machine was restarted or ClickHouse has lost parts; sending again what is kept"
                );
                self.reader.resend();
            }
            self.new_stamp = Some(stamp);
            self.stamp_when_resent()?;
        }
        self.is_verified = true;
        Ok(())
    }

    fn stamp_when_resent(&mut self) -> Result<(), ShipError> {
        if let Some(stamp) = &self.new_stamp
            && !self.reader.is_resending()
        {
            self.reader.set_stamp(stamp)?;
            self.new_stamp = None;
        }
        Ok(())
    }

    async fn ship(&mut self) -> Result<Step, ShipError> {
        let Some(batch) = self.reader.next_batch(MAX_BATCH_EVENTS, MAX_BATCH_BYTES)? else {
            self.progress.send_modify(|progress| {
                progress.shipped = self.reader.cursor();
                progress.is_behind &= self.reader.has_more();
            });
            return Ok(Step::Full);
        };
        let is_much = batch.len() > MAX_INSERT_EVENTS || batch.bytes() > MAX_BATCH_BYTES / 4;
        let is_behind = batch.is_full() && is_much;
        self.progress.send_modify(|progress| progress.is_behind = is_behind);
        // Records lie in the order in which they arrived, give or take the length of a request.
        let (first_ms, last_ms) = (arrival(batch.records().next()), arrival(batch.records().next_back()));
        if let Some(oldest_ms) = first_ms.into_iter().chain(last_ms).min() {
            self.progress.send_modify(|progress| progress.fresh_until_ms = oldest_ms);
        }
        if self.options.faults.has(Fault::CursorBeforeReply) {
            self.reader.commit(&batch)?;
        }
        let batch = Arc::new(batch);
        self.insert(&batch).await?;
        self.reader.commit(&batch)?;
        self.stamp_when_resent()?;
        self.progress.send_modify(|progress| {
            progress.shipped = batch.end();
            progress.is_behind = is_behind && self.reader.has_more();
            progress.fresh_until_ms = first_ms.max(last_ms).unwrap_or(0).max(progress.fresh_until_ms);
        });
        Ok(if batch.is_full() { Step::Full } else { Step::Caught })
    }

    /// Inserts all records but those that the store refuses for what they hold. While one part of them is
    /// inserted the next one is made ready.
    async fn insert(&mut self, batch: &Arc<Batch>) -> Result<(), ShipError> {
        let forgotten = self.exceptions.forgotten.clone();
        let known = Arc::new(forgotten.known().await);
        let mut running = JoinSet::new();
        let mut inserted = 0..0;
        for part in parts(0..batch.len(), MAX_INSERT_EVENTS) {
            let ready = self.prepare(batch, part.clone(), &known).await?;
            self.settle(&mut running, batch, inserted, &known).await?;
            let store = self.store.clone();
            running.spawn(async move {
                let events = ready.events;
                (store.insert_events(ready).await, events)
            });
            inserted = part;
        }
        self.settle(&mut running, batch, inserted, &known).await
    }

    /// Waits for the insert that is under way, if one is. What the store refuses for what it holds is found
    /// by halving and set aside, so that one record never holds up the others.
    async fn settle(
        &mut self,
        running: &mut JoinSet<(Result<(), StoreError>, u64)>,
        batch: &Arc<Batch>,
        records: Range<usize>,
        known: &Arc<Known>,
    ) -> Result<(), ShipError> {
        let Some(ended) = running.join_next().await else { return Ok(()) };
        let (ended, events) =
            ended.unwrap_or_else(|_| (Err(StoreError::Away("an insert was given up".into())), 0));
        let mut refused = match self.counted(ended, events)? {
            None => return Ok(()),
            Some(reason) => vec![(records, reason)],
        };
        while let Some((records, reason)) = refused.pop() {
            if records.len() == 1 {
                batch.records_in(records).try_for_each(|record| self.set_aside(record, &reason))?;
                continue;
            }
            let middle = records.start + records.len() / 2;
            for half in [middle..records.end, records.start..middle] {
                let ready = self.prepare(batch, half.clone(), known).await?;
                let events = ready.events;
                let ended = self.store.insert_events(ready).await;
                if let Some(reason) = self.counted(ended, events)? {
                    refused.push((half, reason));
                }
            }
        }
        Ok(())
    }

    /// Counts how an insert of so many events ended; why the store refuses what they hold, if it does.
    fn counted(&self, ended: Result<(), StoreError>, events: u64) -> Result<Option<String>, ShipError> {
        match ended {
            Ok(()) => {
                self.telemetry.events_shipped.inc_by(events);
                Ok(None)
            }
            Err(error) => {
                self.telemetry.insert_failures.inc();
                match error {
                    StoreError::Poisoned(reason) => Ok(Some(reason)),
                    error => Err(error.into()),
                }
            }
        }
    }

    /// The rows of some records. Reading and writing them down takes a processor for a while, so that it is
    /// done beside the thread that talks to the store.
    async fn prepare(
        &mut self,
        batch: &Arc<Batch>,
        records: Range<usize>,
        known: &Arc<Known>,
    ) -> Result<EncodedBatch, ShipError> {
        let (all, forgotten, values) = (Arc::clone(batch), Arc::clone(known), self.new_values.known());
        let read = aside(move || read(all.records_in(records), &forgotten, &values));
        let Rows { batch, mut waiting, forgotten, mut refused } = read.await?.map_err(io::Error::from)?;
        self.telemetry.events_forgotten.inc_by(forgotten);
        for dimension in self.new_values.bound(&mut waiting).await? {
            self.telemetry.values_other.get_or_create(&Reason { reason: dimension }).inc();
        }
        let (ready, refused_after) =
            aside(move || encoded(batch, waiting)).await?.map_err(io::Error::from)?;
        refused.extend(refused_after);
        refused.iter().try_for_each(|Refused { record, reason }| self.set_aside(record, reason))?;
        Ok(ready)
    }

    fn set_aside(&self, record: &[u8], reason: &str) -> Result<(), ShipError> {
        let id =
            serde_json::from_slice::<Event>(record).map_or("unreadable".into(), |event| event.id.to_string());
        tracing::error!(id, reason, "an event cannot be stored; it is in the dead letters");
        self.exceptions.dead_letters.put(&id, reason, record)?;
        self.telemetry.events_set_aside.inc();
        Ok(())
    }
}

/// What records give.
#[derive(Default)]
struct Rows {
    batch: EventBatch,
    /// Events that are not in the batch yet: those with values that may have to be bounded, and all of
    /// orders and conversations, because of two that are told at one moment the last counts.
    waiting: Vec<Event>,
    /// Events of whom nothing of before may come back.
    forgotten: u64,
    refused: Vec<Refused>,
}

/// A record that is to be set aside.
struct Refused {
    record: Vec<u8>,
    reason: String,
}

/// Reads records one after the other, each whole before the next: what a processor has just read it has at
/// hand.
fn read<'r>(
    records: impl Iterator<Item = &'r [u8]>,
    known: &Known,
    values: &KnownValues,
) -> serde_json::Result<Rows> {
    let mut rows = Rows::default();
    for record in records {
        match serde_json::from_slice::<Event>(record) {
            Ok(event) => match remembered(event, known) {
                Some(event)
                    if event.kind.is_of_an_order()
                        || !event.conversation.is_empty()
                        || !values.cover(&event) =>
                {
                    rows.waiting.push(event);
                }
                Some(event) => rows.refused.extend(add(&mut rows.batch, &event)?),
                None => rows.forgotten += 1,
            },
            // Its checksum was right, so it was written by a version that this one does not understand.
            Err(error) => {
                let reason = format!("it cannot be read: {error}");
                rows.refused.push(Refused { record: record.to_vec(), reason });
            }
        }
    }
    Ok(rows)
}

/// Adds an event that a table can hold.
fn add(batch: &mut EventBatch, event: &Event) -> serde_json::Result<Option<Refused>> {
    let Err(error) = batch.add(event) else { return Ok(None) };
    Ok(Some(Refused { record: serde_json::to_vec(event)?, reason: error.to_string() }))
}

/// The rows of a batch and of some events more, and the events that no table can hold.
fn encoded(mut batch: EventBatch, events: Vec<Event>) -> serde_json::Result<(EncodedBatch, Vec<Refused>)> {
    let refused = events.iter().filter_map(|event| add(&mut batch, event).transpose());
    let refused = refused.collect::<serde_json::Result<_>>()?;
    Ok((batch.encoded(), refused))
}

/// Does work that takes a processor for a while on a thread of its own.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ShipError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ShipError::Interrupted)
}

/// A range in parts of at most `length`.
fn parts(range: Range<usize>, length: usize) -> impl Iterator<Item = Range<usize>> {
    range.clone().step_by(length).map(move |start| start..range.end.min(start + length))
}

/// The event without what is to be forgotten of it.
fn remembered(event: Event, known: &Known) -> Option<Event> {
    let covered = |id: &str| known.covers(&event.shop, id, event.received_at_ms);
    if event.visitor.id().is_some_and(covered) { event.without_visitor() } else { Some(event) }
}

/// When an event arrived, in epoch milliseconds: all that is read of it before it is sent.
fn arrival(record: Option<&[u8]>) -> Option<i64> {
    #[derive(Deserialize)]
    struct Arrival {
        received_at_ms: i64,
    }
    serde_json::from_slice::<Arrival>(record?).ok().map(|arrival| arrival.received_at_ms)
}

/// Returns `grace` after `stopped` has turned true.
async fn stopped_for(mut stopped: watch::Receiver<bool>, grace: Duration) {
    let _ = stopped.wait_for(|&stopped| stopped).await;
    tokio::time::sleep(grace).await;
}

enum Step {
    /// More waits: go on at once.
    Full,
    /// Everything that was durable when the batch was read is in the store.
    Caught,
}

#[derive(Debug, thiserror::Error)]
enum ShipError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Spool(#[from] crate::spool::ReadError),
    #[error("reading a batch was given up")]
    Interrupted,
    #[error("a refused event cannot be set aside: {0}")]
    SetAside(#[from] std::io::Error),
}
