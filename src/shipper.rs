//! The one loop from spool to store.
//!
//! Takes what is durable, inserts it as one batch, then commits it. A batch whose insert ended without an
//! answer is sent again, for as long as it takes: the tables bear repeats, and the spool keeps what waits.
//! The loop also brings the tables up to date first, because with an external server that is away at start it
//! is the first to notice when it is back.

use crate::backoff::{Backoff, spread};
use crate::event::Event;
use crate::identity::forgotten::{Forgotten, Known};
use crate::new_values::{NewValues, ValueLimits};
use crate::planted::{Fault, Faults};
use crate::spool::{DeadLetters, Position, Reader};
use crate::store::{Store, StoreError};
use crate::telemetry::{Reason, Telemetry};
use serde::Deserialize;
use std::time::Duration;
use tokio::sync::watch;

/// Hard bounds of one insert.
const MAX_BATCH_EVENTS: usize = 50_000;
const MAX_BATCH_BYTES: usize = 16 << 20;
/// Events that lie in memory at once on their way, about a kilobyte each.
const MAX_EVENTS_READ: usize = 5_000;
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
        let first = backlog.and_then(|record| serde_json::from_slice::<Event>(&record).ok());
        let fresh_until_ms = first.map_or(now_ms, |event| event.received_at_ms);
        let (progress, receiver) =
            watch::channel(Progress { migrated, shipped: reader.cursor(), fresh_until_ms });
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
            self.store.migrate().await?;
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
            self.progress.send_modify(|progress| progress.shipped = self.reader.cursor());
            return Ok(Step::Full);
        };
        let arrivals = batch.records().filter_map(|record| serde_json::from_slice::<Arrival>(record).ok());
        let (oldest_ms, newest_ms) =
            arrivals.fold((i64::MAX, i64::MIN), |(oldest_ms, newest_ms), arrival| {
                (oldest_ms.min(arrival.received_at_ms), newest_ms.max(arrival.received_at_ms))
            });
        if oldest_ms <= newest_ms {
            self.progress.send_modify(|progress| progress.fresh_until_ms = oldest_ms);
        }
        if self.options.faults.has(Fault::CursorBeforeReply) {
            self.reader.commit(&batch)?;
        }
        self.insert(&batch.records().collect::<Vec<_>>()).await?;
        self.reader.commit(&batch)?;
        self.stamp_when_resent()?;
        self.progress.send_modify(|progress| {
            progress.shipped = batch.end();
            progress.fresh_until_ms = newest_ms.max(progress.fresh_until_ms);
        });
        Ok(if batch.is_full() { Step::Full } else { Step::Caught })
    }

    /// Inserts all records but those that the store refuses for what they hold: these are found by halving
    /// and set aside, so that one of them never holds up the others.
    async fn insert(&mut self, records: &[&[u8]]) -> Result<(), ShipError> {
        let forgotten = self.exceptions.forgotten.clone();
        let known = forgotten.known().await;
        let mut parts = vec![records];
        while let Some(part) = parts.pop() {
            match self.try_insert(part, &known).await {
                Ok(inserted) => {
                    self.telemetry.events_shipped.inc_by(inserted);
                }
                Err(ShipError::Store(StoreError::Poisoned(reason))) => {
                    self.telemetry.insert_failures.inc();
                    match part {
                        [record] => self.set_aside(record, &reason)?,
                        many => {
                            let (first, second) = many.split_at(many.len() / 2);
                            parts.extend([second, first]);
                        }
                    }
                }
                Err(error) => {
                    self.telemetry.insert_failures.inc();
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// One insert. Events are read some at a time when they are sent, so that no batch lies in memory twice.
    /// Returns how many.
    async fn try_insert(&mut self, records: &[&[u8]], known: &Known<'_>) -> Result<u64, ShipError> {
        let mut insertion = self.store.insertion().await?;
        let mut added = 0;
        for some in records.chunks(MAX_EVENTS_READ) {
            let mut events = Vec::with_capacity(some.len());
            for record in some {
                match serde_json::from_slice::<Event>(record) {
                    Ok(event) => match remembered(event, known) {
                        Some(event) => events.push(event),
                        None => {
                            self.telemetry.events_forgotten.inc();
                        }
                    },
                    // Its checksum was right, so it was written by a version that this one does not
                    // understand.
                    Err(error) => self.set_aside(record, &format!("it cannot be read: {error}"))?,
                }
            }
            for dimension in self.new_values.bound(&mut events).await? {
                self.telemetry.values_other.get_or_create(&Reason { reason: dimension }).inc();
            }
            for event in &events {
                insertion.add(event).await?;
                added += 1;
            }
        }
        insertion.end().await?;
        Ok(added)
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

/// The event without what is to be forgotten of it.
fn remembered(event: Event, known: &Known<'_>) -> Option<Event> {
    let covered = |id: &str| known.covers(&event.shop, id, event.received_at_ms);
    if event.visitor.id().is_some_and(covered) { event.without_visitor() } else { Some(event) }
}

/// When an event arrived: all that is read of it before it is sent.
#[derive(Deserialize)]
struct Arrival {
    received_at_ms: i64,
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
    #[error("a refused event cannot be set aside: {0}")]
    SetAside(#[from] std::io::Error),
}
