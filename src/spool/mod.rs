//! A durable queue of opaque records: append, next_batch, commit.
//!
//! **Promise.** When [`Spool::append`] returns `Ok`, its records are on this disk and survive `kill -9` and a
//! power cut. The reader hands every such record out at least once, in order, until it commits past it.
//! The spool does not know what its records mean.
//!
//! **Limits.** Record ≤ [`MAX_RECORD_BYTES`]; segment ≤ [`MAX_SEGMENT_BYTES`] plus one round of writing;
//! bytes waiting for the disk ≤ [`MAX_WAITING_BYTES`]; all segments together ≤ [`SpoolOptions::max_bytes`].
//!
//! **Format.** All numbers are little endian. `DIR/00000000000000000007.spool` is segment 7: a header, then
//! records. Header = `SFSPOOL2` · segment (u64) · number of records in all segments before it (u64) · CRC32C
//! of these 24 bytes (u32). Record = length of the payload (u32) · index in the segment (u32) · CRC32C (u32)
//! of segment, offset (u64), index, length and payload · payload. A segment's room is reserved when it
//! begins; zeros at its end are unused room. `DIR/cursor` =
//! `{"segment":7,"offset":1234,"index":5,"record":105,"batch_end":{…}} 1a2b3c4d`, the last its CRC32C:
//! everything before it is committed. It only moves forward and may be stale without harm. `DIR/stamp` = a
//! word of the reader's owner. `*.torn` and `*.damaged` = bytes that were set aside.
//!
//! **Writing.** One thread. Each round takes all that waits (≤ [`MAX_ROUND_BYTES`]), one write, one
//! `fdatasync`, then every waiting append is answered. A new segment is used after its header and its name in
//! the directory are synced. A failed write or sync ends that segment for good: its unsynced bytes are never
//! counted as durable, and the file is never appended to or synced again. Each opening of the spool starts a
//! new segment, so that no file is ever appended to after a crash.
//!
//! **Recovery.** Opening scans the last segment and cuts it after its last whole record; what is cut is kept
//! beside it as `*.torn`. Damage elsewhere is kept as `*.damaged` when the reader meets it, and the records
//! that are missing are counted: their indices tell within a segment, the headers tell between segments.
//!
//! **Keeping.** Segments that are committed stay for [`SpoolOptions::keep_sent`], or until their room is
//! needed; [`Reader::resend`] hands them out again.

mod appender;
mod cursor;
mod dead_letter;
mod disk;
mod format;
mod health;
mod inspect;
mod position;
mod reader;
mod recovery;
mod shelf;
mod writer;

#[cfg(test)]
mod crashes;
#[cfg(test)]
mod damage;

pub use appender::Appender;
pub use dead_letter::{DeadLetter, DeadLetters, Redacted, Redaction, RetryError};
pub use health::Trouble;
pub use inspect::{Inspection, SegmentCard, inspect};
pub use position::Position;
pub use reader::{Batch, ReadError, Reader};

use crate::durations::Durations;
use crate::planted::Faults;
use cursor::Cursor;
use disk::{Disk, RealDisk};
use health::Pulse;
use recovery::settle;
use shelf::Shelf;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use writer::{Writer, WriterOptions};

/// Hard bound of one record's payload.
pub const MAX_RECORD_BYTES: usize = 1 << 20;
/// A segment that has reached this, or an eighth of the spool's bound, is followed by a new one.
pub const MAX_SEGMENT_BYTES: u64 = 64 << 20;
/// One round writes at most this, unless the appends handed over together are larger.
pub const MAX_ROUND_BYTES: usize = 4 << 20;
/// Appends beyond this many unsynced bytes are refused.
pub const MAX_WAITING_BYTES: usize = 64 << 20;
/// Longer than ClickHouse keeps the parts that a merge has replaced (8 minutes): an external server may not
/// sync merges.
pub const KEEP_SENT: Duration = Duration::from_secs(15 * 60);

/// Where the spool lies and how large it may grow.
#[derive(Debug, Clone)]
pub struct SpoolOptions {
    pub directory: PathBuf,
    /// Bytes of all segments on disk; beyond it appends are refused. Nothing that waits is ever dropped.
    pub max_bytes: u64,
    /// How long segments stay after they were committed.
    pub keep_sent: Duration,
    pub faults: Faults,
}

/// Why records were not appended. None of them is promised to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    #[error("the spool is full, because ClickHouse has not taken its events")]
    Full,
    #[error("the disk is full")]
    DiskFull,
    #[error("too much waits for the disk")]
    Overloaded,
    #[error("the disk refuses to be written")]
    Disk,
    #[error("the spool is closed")]
    Closed,
}

/// Why the spool cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the spool in {}: {cause}", directory.display())]
pub struct OpenError {
    directory: PathBuf,
    cause: io::Error,
}

/// Records framed for one append: all of them become durable together.
#[derive(Debug, Default)]
pub struct Records {
    framed: Vec<u8>,
    count: usize,
}

impl Records {
    /// Adds one record.
    ///
    /// # Panics
    /// When `payload` is longer than [`MAX_RECORD_BYTES`]; callers bound what they accept far below it.
    pub fn push(&mut self, payload: &[u8]) {
        assert!(payload.len() <= MAX_RECORD_BYTES, "a record of {} bytes", payload.len());
        format::frame(&mut self.framed, payload);
        self.count += 1;
    }

    /// Adds one record that `write` appends to what it is given; nothing when it fails.
    ///
    /// # Errors
    /// Those of `write`.
    ///
    /// # Panics
    /// As [`Records::push`].
    pub fn push_with<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        let start = self.framed.len();
        if let Err(error) = format::frame_with(&mut self.framed, write) {
            self.framed.truncate(start);
            return Err(error);
        }
        let length = self.framed.len() - start - format::FRAME_BYTES;
        assert!(length <= MAX_RECORD_BYTES, "a record of {length} bytes");
        self.count += 1;
        Ok(())
    }

    /// Adds those of `more`.
    pub fn extend(&mut self, more: Records) {
        if self.is_empty() {
            *self = more;
        } else {
            self.framed.extend_from_slice(&more.framed);
            self.count += more.count;
        }
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn bytes(&self) -> usize {
        self.framed.len()
    }
}

/// How far the writing end is.
#[derive(Debug, Clone, Copy, Default)]
struct Durable {
    position: Position,
    /// Of the next record in that segment.
    index: u32,
}

#[derive(Debug)]
struct Append {
    framed: Vec<u8>,
    answer: oneshot::Sender<Result<(), AppendError>>,
}

/// What the writer is asked for.
#[derive(Debug)]
enum Asked {
    Append(Append),
    EndSegment,
    /// Tries to write after a failure, although nothing waits.
    Probe,
}

/// Counters shared by both ends.
#[derive(Debug, Default)]
struct Usage {
    /// Bytes handed over and not yet synced.
    waiting_bytes: AtomicUsize,
    syncs: Durations,
    pulse: Pulse,
    /// Records that were durable once and are not readable any more.
    lost_records: AtomicU64,
    /// Where the reader is.
    cursor: Mutex<Position>,
}

impl Usage {
    fn lock_cursor(&self) -> MutexGuard<'_, Position> {
        self.cursor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct WriterThread {
    /// `None` while it is dropped.
    asks: Option<mpsc::UnboundedSender<Asked>>,
    handle: Option<JoinHandle<()>>,
}

impl Drop for WriterThread {
    /// Waits until everything handed over is written: the directory may be opened again then.
    fn drop(&mut self) {
        drop(self.asks.take());
        if self.handle.take().is_some_and(|handle| handle.join().is_err()) {
            tracing::error!("the spool's writer panicked");
        }
    }
}

/// The writing end. Clones share one writer thread, which ends when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Spool {
    thread: Arc<WriterThread>,
    usage: Arc<Usage>,
    shelf: Shelf,
    durable: watch::Receiver<Durable>,
    directory: Arc<Path>,
    max_bytes: u64,
}

impl Spool {
    /// Opens the spool of a directory, creating it when it is missing. One process at a time (the data
    /// directory's lock).
    ///
    /// # Errors
    /// The directory or a file in it cannot be read or written, or is of another version.
    pub fn open(options: &SpoolOptions) -> Result<(Spool, Reader), OpenError> {
        let error = |cause| OpenError { directory: options.directory.clone(), cause };
        crate::file::create_private_directory(&options.directory).map_err(error)?;
        let disk = Arc::new(RealDisk::new(&options.directory));
        let ends = Ends::open(disk, options, segment_bytes(options.max_bytes)).map_err(error)?;
        let Ends { writer, reader, shelf, durable, usage } = ends;
        let (asks, queue) = mpsc::unbounded_channel();
        let thread_usage = usage.clone();
        let handle = std::thread::Builder::new()
            .name("spool".into())
            .spawn(move || write_rounds(writer, queue, &thread_usage))
            .map_err(error)?;
        let thread = Arc::new(WriterThread { asks: Some(asks), handle: Some(handle) });
        let directory = options.directory.as_path().into();
        Ok((Spool { thread, usage, shelf, durable, directory, max_bytes: options.max_bytes }, reader))
    }

    /// Appends the records and waits until they are on disk.
    ///
    /// # Errors
    /// See [`AppendError`]. The records are not promised to anybody; whole ones that reached the disk before
    /// it failed may still be handed out.
    pub async fn append(&self, records: Records) -> Result<(), AppendError> {
        self.reserve(records.bytes())?;
        self.hand_over(records).await
    }

    /// Counts `bytes` as waiting for the disk; [`Spool::hand_over`] must follow.
    fn reserve(&self, bytes: usize) -> Result<(), AppendError> {
        let waiting = self.usage.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        if waiting + bytes > MAX_WAITING_BYTES {
            self.usage.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(AppendError::Overloaded);
        }
        Ok(())
    }

    /// Hands the records to the writer, at once; what it returns tells when they are on disk.
    fn hand_over(&self, records: Records) -> impl Future<Output = Result<(), AppendError>> + use<> {
        let (answer, answered) = oneshot::channel();
        let append = Append { framed: records.framed, answer };
        // A writer that has ended drops the answer, which says the same.
        self.ask(Asked::Append(append));
        async { answered.await.unwrap_or(Err(AppendError::Closed)) }
    }

    /// Begins a new segment, so that the one at hand does not stay until it is full: its records go from the
    /// disk when they were sent [`SpoolOptions::keep_sent`] ago and more has come.
    pub fn end_segment(&self) {
        self.ask(Asked::EndSegment);
    }

    fn ask(&self, asked: Asked) {
        if let Some(asks) = &self.thread.asks {
            let _ = asks.send(asked);
        }
    }

    /// What the next segment takes on the disk.
    pub fn segment_bytes(&self) -> u64 {
        segment_bytes(self.max_bytes)
    }

    /// Removes the segments that are kept although they were sent.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn remove_sent(&self) -> io::Result<()> {
        self.shelf.remove_all_sent()
    }

    /// Up to where records are durable now.
    pub fn durable(&self) -> Position {
        self.durable.borrow().position
    }

    /// How long syncs took.
    pub fn syncs(&self) -> &Durations {
        &self.usage.syncs
    }

    /// Records that were durable once and are not readable any more, since this was opened.
    pub fn lost_records(&self) -> u64 {
        self.usage.lost_records.load(Ordering::Relaxed)
    }

    /// Bytes of all segments on disk, room reserved and sent segments included.
    pub fn stored_bytes(&self) -> u64 {
        self.shelf.stored_bytes()
    }

    /// Bytes that are not committed yet.
    pub fn unsent_bytes(&self) -> u64 {
        let cursor = *self.usage.lock_cursor();
        self.shelf.used_bytes_from(cursor.segment).saturating_sub(cursor.offset)
    }

    /// Whether so much waits that appends will soon be refused.
    pub fn is_nearly_full(&self) -> bool {
        // Segments are reserved whole, and each holds a little more than its share.
        self.unsent_bytes() + 2 * segment_bytes(self.max_bytes).max(self.max_bytes / 40) > self.max_bytes
    }
}

fn segment_bytes(max_bytes: u64) -> u64 {
    MAX_SEGMENT_BYTES.min(max_bytes / 8)
}

/// Both ends of a spool, without the thread between them.
struct Ends {
    writer: Writer,
    reader: Reader,
    shelf: Shelf,
    durable: watch::Receiver<Durable>,
    usage: Arc<Usage>,
}

impl Ends {
    fn open(disk: Arc<dyn Disk>, options: &SpoolOptions, segment_bytes: u64) -> io::Result<Ends> {
        let mut cursor = Cursor::read(&*disk)?;
        let shelf = Shelf::open(disk.clone(), options.keep_sent, cursor.position.segment)?;
        if shelf.first().is_none() && cursor.record.is_none() {
            // Known from the start, so that the first segment can be missed too.
            cursor.record = Some(0);
            cursor.write(&shelf)?;
        }
        let mut settled = settle(&*disk, &shelf)?;
        // Files may be gone; what is written from now on must come after all that ever was.
        settled.records = settled.records.max(cursor.record.unwrap_or(0));
        if settled.end < cursor.position {
            (settled.end, settled.index) = (cursor.position, cursor.index);
        }
        let usage = Arc::new(Usage::default());
        *usage.lock_cursor() = cursor.position;
        let start = Durable { position: settled.end, index: settled.index };
        let (durable_sender, durable) = watch::channel(start);
        let writer_options =
            WriterOptions { segment_bytes, max_bytes: options.max_bytes, faults: options.faults };
        let writer =
            Writer::new(disk.clone(), shelf.clone(), writer_options, &settled, durable_sender, usage.clone());
        let reader = Reader::new(disk, shelf.clone(), cursor, durable.clone(), usage.clone());
        Ok(Ends { writer, reader, shelf, durable, usage })
    }
}

/// The one thread that writes: takes all that waits, writes it, syncs it, answers.
fn write_rounds(mut writer: Writer, mut queue: mpsc::UnboundedReceiver<Asked>, usage: &Usage) {
    let mut answers = Vec::new();
    while let Some(first) = queue.blocking_recv() {
        let mut round = Vec::new();
        let (mut ends_segment, mut probes) = (false, false);
        let mut next = Some(first);
        while let Some(asked) = next {
            match asked {
                Asked::Append(append) => {
                    answers.push(append.answer);
                    if round.is_empty() {
                        round = append.framed;
                    } else {
                        round.extend_from_slice(&append.framed);
                    }
                }
                Asked::EndSegment => ends_segment = true,
                Asked::Probe => probes = true,
            }
            let goes_on = round.len() < MAX_ROUND_BYTES && !ends_segment;
            next = if goes_on { queue.try_recv().ok() } else { None };
        }
        let probes = probes && answers.is_empty();
        if !answers.is_empty() {
            usage.pulse.begin();
            let written = writer.write(&mut round);
            usage.pulse.end(written);
            usage.waiting_bytes.fetch_sub(round.len(), Ordering::Relaxed);
            for answer in answers.drain(..) {
                // A requester that has gone away does not need the answer.
                let _ = answer.send(written);
            }
        }
        if probes {
            usage.pulse.begin();
            let written = writer.probe();
            usage.pulse.end(written);
        }
        usage.pulse.begin();
        writer.prepare(ends_segment);
        usage.pulse.pause();
    }
    writer.close();
}

/// The directory of a spool below a data directory.
pub fn directory(data_dir: &Path) -> PathBuf {
    data_dir.join("spool")
}

/// `TEST_SEED`, to repeat one run of a test.
#[cfg(test)]
fn asked_seed() -> Option<u64> {
    let seed = std::env::var_os("TEST_SEED")?;
    Some(seed.to_str()?.parse().expect("TEST_SEED is a number"))
}

#[cfg(test)]
mod tests;
