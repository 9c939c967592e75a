//! The reading end: batches of durable records, and the cursor that says which are done with.

use super::segment::{Framed, Position, Segments, unframe};
use super::{MAX_RECORD_BYTES, Usage};
use std::io;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::watch;

/// The spool's files could not be read or the cursor not written. The same call may work later.
#[derive(Debug, thiserror::Error)]
#[error("the spool could not be read: {0}")]
pub struct ReadError(#[from] io::Error);

/// Records in order, and where they end.
#[derive(Debug)]
pub struct Batch {
    bytes: Vec<u8>,
    payloads: Vec<Range<usize>>,
    end: Position,
    is_full: bool,
}

impl Batch {
    /// The payloads, in the order in which they were appended.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        self.payloads.iter().map(|range| &self.bytes[range.clone()])
    }

    pub fn len(&self) -> usize {
        self.payloads.len()
    }

    pub fn is_empty(&self) -> bool {
        self.payloads.is_empty()
    }

    /// Whether a bound ended the batch, or a segment: more waits right behind it.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// The position after the last record.
    pub fn end(&self) -> Position {
        self.end
    }
}

/// The one reader of a spool.
#[derive(Debug)]
pub struct Reader {
    segments: Segments,
    cursor: Position,
    durable: watch::Receiver<Position>,
    usage: Arc<Usage>,
}

impl Reader {
    pub(super) fn new(
        segments: Segments,
        cursor: Position,
        durable: watch::Receiver<Position>,
        usage: Arc<Usage>,
    ) -> Reader {
        Reader { segments, cursor, durable, usage }
    }

    /// Everything before this is committed.
    pub fn cursor(&self) -> Position {
        self.cursor
    }

    /// Waits until there is something to read; `false` when the spool is closed and nothing is left.
    pub async fn wait(&mut self) -> bool {
        while !self.has_more() {
            if self.durable.changed().await.is_err() {
                return self.has_more();
            }
        }
        true
    }

    /// Whether a durable record may lie beyond the cursor.
    pub fn has_more(&self) -> bool {
        self.cursor < *self.durable.borrow()
    }

    /// The next records, at most `max_records` of them and about `max_bytes`; at least one when there is one.
    /// Does not move: the same batch comes again until [`Reader::commit`].
    ///
    /// # Errors
    /// A file cannot be read, or the newest segment holds less than was written to it.
    pub fn next_batch(&mut self, max_records: usize, max_bytes: usize) -> Result<Option<Batch>, ReadError> {
        let durable = *self.durable.borrow_and_update();
        let window_bytes = max_bytes.max(MAX_RECORD_BYTES + 8);
        while self.cursor < durable {
            let start = Position {
                segment: self.cursor.segment,
                offset: self.cursor.offset.max(Position::start_of(0).offset),
            };
            let mut bytes = self.segments.read(start, window_bytes)?.unwrap_or_default();
            if start.segment == durable.segment {
                bytes.truncate(durable.offset.saturating_sub(start.offset) as usize);
            }
            let mut payloads = Vec::new();
            let mut end = 0;
            while payloads.len() < max_records {
                match unframe(&bytes[end..]) {
                    Framed::Record { payload, framed_bytes } => {
                        end += framed_bytes;
                        payloads.push(end - payload.len()..end);
                    }
                    Framed::Needs(_) => break,
                    Framed::Damaged => {
                        if payloads.is_empty() && start.segment < durable.segment {
                            tracing::error!(
                                segment = start.segment,
                                offset = start.offset,
                                "a damaged record ends this segment of the spool; its rest is skipped"
                            );
                        }
                        break;
                    }
                }
            }
            if !payloads.is_empty() {
                let is_full = payloads.len() == max_records
                    || bytes.len() == window_bytes
                    || start.segment < durable.segment;
                let end = Position { segment: start.segment, offset: start.offset + end as u64 };
                return Ok(Some(Batch { bytes, payloads, end, is_full }));
            }
            if start.segment >= durable.segment {
                let segment = start.segment;
                return Err(ReadError(io::Error::other(format!(
                    "segment {segment} has lost records that were durable"
                ))));
            }
            self.cursor = self.following(start.segment, durable)?;
            self.delete_consumed()?;
        }
        Ok(None)
    }

    /// Remembers durably that the batch is done with, and deletes the segments before it.
    ///
    /// # Errors
    /// The cursor could not be written. The batch may come again, now or after a restart.
    pub fn commit(&mut self, batch: &Batch) -> Result<(), ReadError> {
        self.segments.write_cursor(batch.end)?;
        self.cursor = batch.end;
        self.delete_consumed()
    }

    fn delete_consumed(&self) -> Result<(), ReadError> {
        for number in self.segments.list()? {
            if number < self.cursor.segment {
                let freed = self.segments.delete(number)?;
                self.usage.freed(freed);
            }
        }
        Ok(())
    }

    /// The start of the first segment after `segment` that exists.
    fn following(&self, segment: u64, durable: Position) -> Result<Position, ReadError> {
        let next = self.segments.list()?.into_iter().find(|&number| number > segment);
        Ok(Position::start_of(next.unwrap_or(durable.segment)))
    }
}
