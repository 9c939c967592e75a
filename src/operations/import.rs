//! Puts events of a shop's past straight into the store, batch by batch.
//!
//! Nothing of it goes through the spool, so an import fills no disk but ClickHouse's. It may be given up and
//! repeated: an event counts once by its id.

use crate::event::{Event, LeftOut, Rejection};
use crate::new_values::{NewValues, ValueLimits};
use crate::store::{EventBatch, Store, StoreError};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Rejections that are told; the others are counted.
const MAX_LISTED: usize = 100;
/// Names of unknown fields that are told.
const MAX_IGNORED: usize = 20;
/// Of one insert: few parts, and little to do again.
const MAX_BATCH_EVENTS: u64 = 100_000;
/// A producer at the other end of a pipe may be slow, and what it sent should be in the figures meanwhile.
const MAX_BATCH_AGE: Duration = Duration::from_secs(10);
/// Events whose values are looked at together.
const MAX_WAITING: usize = 1_000;

/// What became of the lines.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Lines that are not empty.
    pub lines: u64,
    /// Events that are in the store now.
    pub imported: u64,
    /// The first rejections, by line.
    pub rejected: Vec<RejectedLine>,
    /// Rejections beyond those listed.
    pub rejected_left_off: u64,
    /// Names of fields that the contract does not know, at most 20.
    #[serde(default)]
    pub ignored: Vec<String>,
    /// The first parts of imported events that could not be read and are not kept, by line.
    #[serde(default)]
    pub left_out: Vec<LackingLine>,
    /// Such parts beyond those listed.
    #[serde(default)]
    pub left_out_left_off: u64,
}

/// A line that was not taken.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedLine {
    /// Counted from 1, empty ones too.
    pub line: u64,
    /// The stable word that programs use.
    pub code: String,
    /// What the line must be.
    pub message: String,
}

/// A part of a line that is not kept.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LackingLine {
    /// Counted from 1, empty ones too.
    pub line: u64,
    /// Which field, or `items`.
    pub field: String,
    /// How it stands in the file.
    pub text: String,
    /// What it must be.
    pub message: String,
}

/// Why an import ended early. What is imported by then counts once, however often it is repeated.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The caller went away or was silent for too long.
    #[error("the lines did not arrive whole")]
    Broken,
    /// The store is away, or refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The shop's file cannot be written, or the shop was removed.
    #[error("{0}")]
    Shop(String),
    /// It is not known whether the last batch is in the store.
    #[error("an insertion ended without an answer")]
    Unanswered,
}

/// An import under way.
pub struct Import {
    store: Store,
    values: NewValues,
    open: Option<Open>,
    /// An insertion that has all its events. The store works on it while the next one is filled.
    ending: Option<JoinHandle<Result<u64, StoreError>>>,
    /// Events come as quickly as they are taken: the last batch was full.
    is_quick: bool,
    /// The last line that was read, counted from 1.
    pub line: u64,
    /// What became of the lines until now.
    pub receipt: Receipt,
}

/// The batch that is being filled.
struct Open {
    batch: EventBatch,
    /// Of the batch, and not added yet: the values of many are remembered as seen at once.
    waiting: Vec<Event>,
    events: u64,
    begun: Instant,
}

impl Open {
    fn add_waiting(&mut self) -> Result<(), StoreError> {
        self.waiting.drain(..).try_for_each(|event| self.batch.add(&event))
    }
}

impl Import {
    /// Of events into this store.
    pub fn new(store: Store) -> Import {
        let values = NewValues::new(store.clone(), ValueLimits::default());
        Import {
            store,
            values,
            open: None,
            ending: None,
            is_quick: true,
            line: 0,
            receipt: Receipt::default(),
        }
    }

    /// Adds an event.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub async fn add(&mut self, event: Event) -> Result<(), ImportError> {
        let open = match &mut self.open {
            Some(open) => open,
            none => {
                let batch = EventBatch::default();
                none.insert(Open { batch, waiting: Vec::new(), events: 0, begun: Instant::now() })
            }
        };
        open.waiting.push(event);
        open.events += 1;
        if open.waiting.len() == MAX_WAITING {
            self.values.bound(&mut open.waiting).await?;
            open.add_waiting()?;
        }
        if open.events == MAX_BATCH_EVENTS || open.begun.elapsed() >= MAX_BATCH_AGE {
            self.is_quick = open.events == MAX_BATCH_EVENTS;
            self.end_batch().await?;
        }
        Ok(())
    }

    /// Whether much more is to be expected soon.
    pub fn is_quick(&self) -> bool {
        self.is_quick
    }

    /// Notes a line that is not taken.
    pub fn reject(&mut self, Rejection { code, message }: Rejection) {
        if self.receipt.rejected.len() == MAX_LISTED {
            self.receipt.rejected_left_off += 1;
        } else {
            self.receipt.rejected.push(RejectedLine { line: self.line, code: code.to_owned(), message });
        }
    }

    /// Notes a field that the contract does not know.
    pub fn note_ignored(&mut self, name: &str) {
        let ignored = &mut self.receipt.ignored;
        if ignored.len() < MAX_IGNORED && !ignored.iter().any(|known| known == name) {
            ignored.push(name.to_owned());
        }
    }

    /// Notes a part of the line at hand that is not kept.
    pub fn note_left_out(&mut self, LeftOut { field, text, message, .. }: LeftOut) {
        if self.receipt.left_out.len() == MAX_LISTED {
            self.receipt.left_out_left_off += 1;
        } else {
            let field = field.to_owned();
            self.receipt.left_out.push(LackingLine { line: self.line, field, text, message });
        }
    }

    /// How long the next event may take before [`Import::end_batch`] must be called; none while no insertion
    /// is open.
    pub fn patience(&self) -> Option<Duration> {
        self.open.as_ref().map(|open| MAX_BATCH_AGE.saturating_sub(open.begun.elapsed()))
    }

    /// Has the store begin with what was added, once it has done the batch before.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub async fn end_batch(&mut self) -> Result<(), ImportError> {
        self.await_end().await?;
        if let Some(mut open) = self.open.take() {
            self.values.bound(&mut open.waiting).await?;
            open.add_waiting()?;
            self.values.write().await?;
            let (store, batch) = (self.store.clone(), open.batch);
            self.ending = Some(tokio::spawn(async move {
                let encoded = tokio::task::spawn_blocking(move || batch.encoded()).await;
                let encoded = encoded.map_err(|_| StoreError::Away("a batch was given up".into()))?;
                let events = encoded.events;
                store.insert_events(encoded).await.map(|()| events)
            }));
        }
        Ok(())
    }

    /// Ends the last batch: then everything that was added is in the store.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub async fn finish(&mut self) -> Result<(), ImportError> {
        self.end_batch().await?;
        self.await_end().await
    }

    async fn await_end(&mut self) -> Result<(), ImportError> {
        if let Some(ending) = self.ending.take() {
            self.receipt.imported += ending.await.map_err(|_| ImportError::Unanswered)??;
        }
        Ok(())
    }
}
