//! The reading end: batches of durable records, and the cursor that says which are done with.

use super::cursor::Cursor;
use super::disk::Disk;
use super::format::{HEADER_BYTES, Header, MAX_FRAMED_BYTES, scan};
use super::position::Position;
use super::shelf::{Shelf, segment_name};
use super::{Durable, Usage};
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

const STAMP: &str = "stamp";

/// The spool's files could not be read or the cursor not written. The same call may work later.
#[derive(Debug, thiserror::Error)]
#[error("the spool could not be read: {0}")]
pub struct ReadError(#[from] io::Error);

/// Records in order, and where they end.
#[derive(Debug)]
pub struct Batch {
    bytes: Vec<u8>,
    payloads: Vec<Range<usize>>,
    /// Damaged records that were passed over on the way.
    lost: u64,
    after: Cursor,
    is_full: bool,
}

impl Batch {
    /// The payloads, in the order in which they were appended.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.payloads.iter().map(|range| &self.bytes[range.clone()])
    }

    /// Some of the payloads, by their places.
    pub fn records_in(&self, places: Range<usize>) -> impl Iterator<Item = &[u8]> {
        self.payloads[places].iter().map(|range| &self.bytes[range.clone()])
    }

    pub fn len(&self) -> usize {
        self.payloads.len()
    }

    pub fn is_empty(&self) -> bool {
        self.payloads.is_empty()
    }

    /// What was read for it.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Whether a bound ended the batch, or a segment: more waits right behind it.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// The position after the last record.
    pub fn end(&self) -> Position {
        self.after.position
    }
}

/// How far a look into the segments is.
#[derive(Debug, Clone, Copy)]
struct Look {
    at: Cursor,
    /// Records found missing on the way.
    lost: u64,
}

impl Look {
    fn pass(&mut self, lost: u64, found: usize) {
        let passed = lost + found as u64;
        self.lost += lost;
        self.at.index += passed as u32;
        self.at.record = self.at.record.map(|record| record + passed);
    }
}

/// The one reader of a spool.
#[derive(Debug)]
pub struct Reader {
    disk: Arc<dyn Disk>,
    shelf: Shelf,
    cursor: Cursor,
    /// What is sent again ends here; the cursor's file stays as it is until then.
    resend_until: Option<Position>,
    durable: watch::Receiver<Durable>,
    usage: Arc<Usage>,
}

impl Reader {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        shelf: Shelf,
        cursor: Cursor,
        durable: watch::Receiver<Durable>,
        usage: Arc<Usage>,
    ) -> Reader {
        Reader { disk, shelf, cursor, resend_until: None, durable, usage }
    }

    /// Everything before this is committed.
    pub fn cursor(&self) -> Position {
        self.cursor.position
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
        self.cursor.position < self.durable.borrow().position
    }

    /// The next records, at most `max_records` of them and about `max_bytes`; at least one when there is one.
    /// Where the batch ends is remembered durably first: until [`Reader::commit`] the same batch comes again,
    /// after a restart too. Damage is set aside and passed over.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn next_batch(&mut self, max_records: usize, max_bytes: usize) -> Result<Option<Batch>, ReadError> {
        let durable = *self.durable.borrow_and_update();
        let mut look = Look { at: self.cursor, lost: 0 };
        while look.at.position < durable.position {
            if let Some(batch) = self.look(&mut look, durable, max_records, max_bytes)? {
                self.announce(&batch)?;
                return Ok(Some(batch));
            }
        }
        // Nothing was there but damage, or a segment's end.
        self.usage.lost_records.fetch_add(look.lost, Ordering::Relaxed);
        self.move_to(look.at)?;
        Ok(None)
    }

    /// The next record, without deciding where its batch ends.
    ///
    /// # Errors
    /// A file cannot be read, or damage cannot be set aside.
    pub fn peek(&self) -> Result<Option<Vec<u8>>, ReadError> {
        let durable = *self.durable.borrow();
        let mut look = Look { at: self.cursor, lost: 0 };
        while look.at.position < durable.position {
            if let Some(batch) = self.look(&mut look, durable, 1, 1)? {
                return Ok(batch.records().next().map(<[u8]>::to_vec));
            }
        }
        Ok(None)
    }

    /// Reads one window of one segment and goes to its end.
    fn look(
        &self,
        look: &mut Look,
        durable: Durable,
        max_records: usize,
        max_bytes: usize,
    ) -> Result<Option<Batch>, ReadError> {
        let segment = look.at.position.segment;
        let is_live = segment == durable.position.segment;
        if !self.shelf.has(segment) {
            self.leave(look, durable);
            return Ok(None);
        }
        if look.at.position.offset < HEADER_BYTES as u64 {
            self.enter(look)?;
        }
        let at = look.at;
        let window_bytes = max_bytes.max(2 * MAX_FRAMED_BYTES);
        let known_end = at.batch_end.filter(|end| end.segment == segment && *end > at.position);
        let limit = known_end.or(is_live.then_some(durable.position));
        let left_bytes = limit.map(|end| end.offset.saturating_sub(at.position.offset) as usize);
        // A batch that was handed out before comes whole, whatever is asked for now.
        let window_bytes = if known_end.is_some() { usize::MAX } else { window_bytes };
        let wanted_bytes = window_bytes.min(left_bytes.unwrap_or(usize::MAX));
        let Some(bytes) = self.disk.read(&segment_name(segment), at.position.offset, wanted_bytes)? else {
            tracing::error!(segment, "a segment of the spool is gone");
            self.shelf.forget(segment);
            return Ok(None);
        };
        let is_end = bytes.len() < window_bytes;
        let max_records = if known_end.is_some() { usize::MAX } else { max_records };
        let stretch = scan(at.position, &bytes, at.index, max_records, is_end);
        for range in &stretch.damaged {
            self.set_aside(at.position, &bytes, range)?;
        }
        look.pass(stretch.lost, stretch.payloads.len());
        look.at.position.offset += stretch.end as u64;
        look.at.batch_end = look.at.batch_end.filter(|&end| end > look.at.position);
        let reached_end = is_end && stretch.end == bytes.len();
        let is_last = reached_end && known_end.is_none();
        if is_last && is_live {
            self.leave(look, durable);
        }
        if stretch.payloads.is_empty() {
            if reached_end && known_end.is_some() {
                // Nothing is left of a batch that was handed out before; whatever follows is another one.
                look.at.batch_end = None;
            }
            if is_last && !is_live {
                self.leave(look, durable);
            }
            return Ok(None);
        }
        let is_full = !(is_last && is_live);
        let Look { at: after, lost } = *look;
        Ok(Some(Batch { bytes, payloads: stretch.payloads, lost, after, is_full }))
    }

    /// Goes to what follows the segment at hand: the next one, or the end of what is durable.
    fn leave(&self, look: &mut Look, durable: Durable) {
        let segment = look.at.position.segment;
        if segment == durable.position.segment {
            look.pass(u64::from(durable.index.saturating_sub(look.at.index)), 0);
            look.at.position = durable.position;
        } else {
            let next = self.shelf.following(segment).unwrap_or(durable.position.segment);
            look.at.position = Position { segment: next.min(durable.position.segment), offset: 0 };
        }
    }

    /// Goes to the first record of the segment at hand.
    fn enter(&self, look: &mut Look) -> Result<(), ReadError> {
        let segment = look.at.position.segment;
        look.at.position = Position::start_of(segment);
        look.at.index = 0;
        let header = self.disk.read(&segment_name(segment), 0, HEADER_BYTES)?.unwrap_or_default();
        if let Some(header) = Header::read(&header).ok().filter(|header| header.segment == segment) {
            let missing = look.at.record.map_or(0, |record| header.first_record.saturating_sub(record));
            if missing > 0 {
                tracing::error!(before_segment = segment, missing, "records of the spool are missing");
            }
            look.lost += missing;
            look.at.record = Some(header.first_record);
        }
        Ok(())
    }

    /// Remembers durably that the batch is done with.
    ///
    /// # Errors
    /// The cursor could not be written. The batch may come again, now or after a restart.
    pub fn commit(&mut self, batch: &Batch) -> Result<(), ReadError> {
        let cursor = Cursor { batch_end: None, ..batch.after };
        self.write(cursor)?;
        self.usage.lost_records.fetch_add(batch.lost, Ordering::Relaxed);
        self.move_to(cursor)
    }

    fn move_to(&mut self, cursor: Cursor) -> Result<(), ReadError> {
        self.cursor = cursor;
        if self.resend_until.is_some_and(|end| cursor.position >= end) {
            self.resend_until = None;
        }
        *self.usage.lock_cursor() = cursor.position;
        Ok(self.shelf.sent_before(cursor.position.segment)?)
    }

    /// Hands out everything again that is still there, sent or not.
    pub fn resend(&mut self) {
        let Some(first) = self.shelf.first().filter(|&first| first <= self.cursor.position.segment) else {
            return;
        };
        self.resend_until = self.resend_until.max(Some(self.cursor.position));
        self.shelf.unsent_from(first);
        self.cursor = Cursor { position: Position { segment: first, offset: 0 }, ..Cursor::default() };
        *self.usage.lock_cursor() = self.cursor.position;
    }

    /// Whether what is handed out was committed before.
    pub fn is_resending(&self) -> bool {
        self.resend_until.is_some()
    }

    /// What [`Reader::set_stamp`] was given last, perhaps by an earlier process.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn stamp(&self) -> Result<Option<String>, ReadError> {
        let bytes = self.disk.read(STAMP, 0, 1 << 16)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Keeps a word about where the records went, so that a change can be noticed.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set_stamp(&self, stamp: &str) -> Result<(), ReadError> {
        Ok(self.shelf.replace(STAMP, stamp.as_bytes())?)
    }

    /// Keeps damaged bytes beside the segment, under a name that says where they lay.
    fn set_aside(&self, from: Position, bytes: &[u8], range: &Range<usize>) -> Result<(), ReadError> {
        let Position { segment, offset } = from;
        let offset = offset + range.start as u64;
        tracing::error!(segment, offset, bytes = range.len(), "damage in the spool is set aside");
        Ok(self.shelf.replace(&format!("{segment:020}-{offset}.damaged"), &bytes[range.clone()])?)
    }

    /// Remembers where a batch ends before it is handed out.
    fn announce(&mut self, batch: &Batch) -> Result<(), ReadError> {
        let end = Some(batch.end());
        if self.cursor.batch_end != end {
            let cursor = Cursor { batch_end: end, ..self.cursor };
            self.write(cursor)?;
            self.cursor = cursor;
        }
        Ok(())
    }

    /// While records are sent again the file stays where it is, so that it only moves forward.
    fn write(&self, cursor: Cursor) -> Result<(), ReadError> {
        let is_behind = self.resend_until.is_some_and(|end| cursor.position < end);
        if is_behind { Ok(()) } else { Ok(cursor.write(&self.shelf)?) }
    }
}
