//! A durable queue of opaque records: append, next_batch, commit.
//!
//! **Promise.** When [`Spool::append`] returns `Ok`, its records are on this disk and survive `kill -9` and a
//! power cut. The reader hands every such record out at least once, in order, until it commits past it.
//! The spool does not know what its records mean.
//!
//! **Limits.** Record ≤ [`MAX_RECORD_BYTES`]; segment ≤ [`MAX_SEGMENT_BYTES`] plus one round of writing; bytes
//! waiting for the disk ≤ [`MAX_WAITING_BYTES`]; all segments together ≤ [`SpoolOptions::max_bytes`].
//!
//! **Format.** `DIR/00000000000000000007.spool` = the 8 bytes `SFSPOOL1`, then records. A record = payload
//! length (u32, little endian) · CRC32C of the payload (u32, little endian) · payload. Segments are numbered
//! upward; each opening of the spool starts a new one, so that no file is ever appended to after a crash.
//! `DIR/cursor` = `{"segment":7,"offset":1234}`: everything before it is committed. It only moves forward and
//! may be stale without harm.
//!
//! **Writing.** One thread. Each round takes all that waits (≤ [`MAX_ROUND_BYTES`]), one write, one `fdatasync`,
//! then every waiting append is answered. A failed write or sync ends that segment for good: its unsynced
//! bytes are never counted as durable and the file is never synced again.
//!
//! **Recovery.** Opening scans the last segment and cuts it after its last whole record; what is cut is kept
//! beside it as `*.torn`. A damaged record in an earlier place ends that segment for the reader, which logs it
//! and goes on with the next.

mod dead_letter;
mod inspect;
mod reader;
mod segment;
mod writer;

pub use dead_letter::{DeadLetter, DeadLetters, RetryError};
pub use inspect::{Inspection, SegmentCard, inspect};
pub use reader::{Batch, ReadError, Reader};
pub use segment::Position;

use crate::planted::Faults;
use segment::Segments;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Hard bound of one record's payload.
pub const MAX_RECORD_BYTES: usize = 1 << 20;
/// A segment that has reached this, or a quarter of the spool's bound, is followed by a new one.
pub const MAX_SEGMENT_BYTES: u64 = 64 << 20;
/// One round writes at most this, unless a single append is larger.
pub const MAX_ROUND_BYTES: usize = 4 << 20;
/// Appends beyond this many unsynced bytes are refused.
pub const MAX_WAITING_BYTES: usize = 64 << 20;

/// Where the spool lies and how large it may grow.
#[derive(Debug, Clone)]
pub struct SpoolOptions {
    pub directory: PathBuf,
    /// Bytes of all segments on disk; beyond it appends are refused. Nothing old is ever dropped.
    pub max_bytes: u64,
    pub faults: Faults,
}

/// Why records were not appended. None of them is promised to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    #[error("the spool is full")]
    Full,
    #[error("too much waits for the disk")]
    Overloaded,
    #[error("the disk refused the write")]
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
        segment::frame(&mut self.framed, payload);
        self.count += 1;
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

struct Append {
    framed: Vec<u8>,
    answer: oneshot::Sender<Result<(), AppendError>>,
}

/// Counters shared by the writer and the reader.
#[derive(Debug, Default)]
struct Usage {
    /// Bytes of all segments on disk.
    stored_bytes: AtomicU64,
    /// Bytes handed over and not yet synced.
    waiting_bytes: AtomicUsize,
    /// Syncs that succeeded, and the time they took.
    syncs: AtomicU64,
    sync_ns: AtomicU64,
}

impl Usage {
    /// Never below 0: a file may be longer than what was counted of it, when something else wrote to it.
    fn freed(&self, bytes: u64) {
        let _ = self
            .stored_bytes
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |stored| Some(stored.saturating_sub(bytes)));
    }
}

/// The writing end. Clones share one writer thread, which ends when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Spool {
    appends: mpsc::UnboundedSender<Append>,
    usage: Arc<Usage>,
    durable: watch::Receiver<Position>,
    max_bytes: u64,
}

impl Spool {
    /// Opens the spool of a directory, creating it when it is missing. One process at a time (the data
    /// directory's lock).
    ///
    /// # Errors
    /// The directory or a file in it cannot be read or written.
    pub fn open(options: &SpoolOptions) -> Result<(Spool, Reader), OpenError> {
        let error = |cause| OpenError { directory: options.directory.clone(), cause };
        crate::file::create_private_directory(&options.directory).map_err(error)?;
        let segments = Segments::new(&options.directory);
        let usage = Arc::new(Usage::default());
        let known = segments.list().map_err(error)?;
        if let Some(&last) = known.last() {
            segments.cut_torn_tail(last).map_err(error)?;
        }
        usage.stored_bytes.store(segments.stored_bytes().map_err(error)?, Ordering::SeqCst);

        let cursor = segments.read_cursor().map_err(error)?;
        let first_new = known.last().copied().unwrap_or(0).max(cursor.segment) + 1;
        let (durable_sender, durable) = watch::channel(Position::start_of(first_new));
        let (appends, queue) = mpsc::unbounded_channel();
        let segment_bytes = MAX_SEGMENT_BYTES.min(options.max_bytes / 4);
        writer::start(segments.clone(), first_new, segment_bytes, queue, durable_sender, usage.clone())
            .map_err(error)?;
        let reader = Reader::new(segments, cursor, durable.clone(), usage.clone());
        Ok((Spool { appends, usage, durable, max_bytes: options.max_bytes }, reader))
    }

    /// Appends the records and waits until they are on disk.
    ///
    /// # Errors
    /// See [`AppendError`]. The records are not promised to anybody; whole ones that reached the disk before it
    /// failed may still be handed out.
    pub async fn append(&self, records: Records) -> Result<(), AppendError> {
        let bytes = records.framed.len();
        if self.usage.stored_bytes.load(Ordering::Relaxed) + bytes as u64 > self.max_bytes {
            return Err(AppendError::Full);
        }
        let waiting = self.usage.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        if waiting + bytes > MAX_WAITING_BYTES {
            self.usage.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(AppendError::Overloaded);
        }
        let (answer, answered) = oneshot::channel();
        if self.appends.send(Append { framed: records.framed, answer }).is_err() {
            return Err(AppendError::Closed);
        }
        answered.await.unwrap_or(Err(AppendError::Closed))
    }

    /// Up to where records are durable now.
    pub fn durable(&self) -> Position {
        *self.durable.borrow()
    }

    /// Syncs so far, and the time they took in all.
    pub fn syncs(&self) -> (u64, Duration) {
        let took = Duration::from_nanos(self.usage.sync_ns.load(Ordering::Relaxed));
        (self.usage.syncs.load(Ordering::Relaxed), took)
    }

    /// Bytes of all segments on disk.
    pub fn stored_bytes(&self) -> u64 {
        self.usage.stored_bytes.load(Ordering::Relaxed)
    }
}

/// The directory of a spool below a data directory.
pub fn directory(data_dir: &Path) -> PathBuf {
    data_dir.join("spool")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    async fn append(spool: &Spool, payloads: &[&str]) {
        let mut records = Records::default();
        payloads.iter().for_each(|payload| records.push(payload.as_bytes()));
        spool.append(records).await.unwrap();
    }

    fn all(reader: &mut Reader) -> Vec<String> {
        let mut read = Vec::new();
        while let Some(batch) = reader.next_batch(3, 1 << 20).unwrap() {
            read.extend(batch.records().map(|record| String::from_utf8(record.to_vec()).unwrap()));
            reader.commit(&batch).unwrap();
        }
        read
    }

    fn options(directory: &tempfile::TempDir) -> SpoolOptions {
        SpoolOptions { directory: directory.path().to_owned(), max_bytes: 1 << 20, faults: Faults::default() }
    }

    fn files(directory: &tempfile::TempDir, extension: &str) -> Vec<PathBuf> {
        let mut files: Vec<_> = std::fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|found| found == extension))
            .collect();
        files.sort();
        files
    }

    #[tokio::test]
    async fn what_is_appended_is_read_in_order_and_committed_once() {
        let directory = tempfile::tempdir().unwrap();
        let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        append(&spool, &["a", "b"]).await;
        append(&spool, &["", "d", "e"]).await;
        assert_eq!(all(&mut reader), ["a", "b", "", "d", "e"]);
        assert!(all(&mut reader).is_empty());
        drop((spool, reader));
        let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        assert!(all(&mut reader).is_empty());
        append(&spool, &["f"]).await;
        assert_eq!(all(&mut reader), ["f"]);
    }

    #[tokio::test]
    async fn what_was_not_committed_comes_again_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        append(&spool, &["a", "b", "c", "d"]).await;
        let batch = reader.next_batch(3, 1 << 20).unwrap().unwrap();
        assert_eq!(batch.len(), 3);
        drop((spool, reader));
        let (_spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        assert_eq!(all(&mut reader), ["a", "b", "c", "d"]);
    }

    #[tokio::test]
    async fn a_torn_tail_is_cut_and_kept_aside() {
        let directory = tempfile::tempdir().unwrap();
        let (spool, reader) = Spool::open(&options(&directory)).unwrap();
        append(&spool, &["whole", "torn"]).await;
        drop((spool, reader));
        let segment = files(&directory, "spool").pop().unwrap();
        let bytes = std::fs::read(&segment).unwrap();
        std::fs::write(&segment, &bytes[..bytes.len() - 2]).unwrap();
        let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        append(&spool, &["next"]).await;
        assert_eq!(all(&mut reader), ["whole", "next"]);
        assert_eq!(files(&directory, "torn").len(), 1);
    }

    #[tokio::test]
    async fn a_flipped_bit_costs_no_record_before_it_nor_any_other_segment() {
        let directory = tempfile::tempdir().unwrap();
        for payload in ["first", "second"] {
            let (spool, _reader) = Spool::open(&options(&directory)).unwrap();
            append(&spool, &["good", payload]).await;
        }
        let segment = files(&directory, "spool").remove(0);
        let mut bytes = std::fs::read(&segment).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&segment, bytes).unwrap();
        let (_spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        assert_eq!(all(&mut reader), ["good", "good", "second"]);
    }

    #[tokio::test]
    async fn a_full_spool_refuses_and_takes_again_after_commits() {
        let directory = tempfile::tempdir().unwrap();
        let small = SpoolOptions { max_bytes: 2_000, ..options(&directory) };
        let (spool, mut reader) = Spool::open(&small).unwrap();
        let payload = "x".repeat(900);
        append(&spool, &[&payload, &payload]).await;
        let mut records = Records::default();
        records.push(payload.as_bytes());
        assert_eq!(spool.append(records).await, Err(AppendError::Full));
        assert_eq!(all(&mut reader).len(), 2);
        append(&spool, &[&payload]).await;
        assert_eq!(all(&mut reader), [payload]);
    }

    #[tokio::test]
    async fn a_file_longer_than_what_was_counted_of_it_does_not_fill_the_spool() {
        let directory = tempfile::tempdir().unwrap();
        let small = SpoolOptions { max_bytes: 4_000, ..options(&directory) };
        let (spool, mut reader) = Spool::open(&small).unwrap();
        append(&spool, &["first"]).await;
        let segment = files(&directory, "spool").pop().unwrap();
        let grown = std::fs::OpenOptions::new().write(true).open(segment).unwrap();
        grown.set_len(9_000).unwrap();
        append(&spool, &[&"x".repeat(1_500)]).await;
        assert_eq!(all(&mut reader)[0], "first");
        append(&spool, &["last"]).await;
        assert_eq!(all(&mut reader), ["last"]);
        assert!(spool.stored_bytes() < 4_000, "{}", spool.stored_bytes());
    }

    #[tokio::test]
    async fn a_segment_that_lost_durable_records_is_an_error_and_not_an_empty_spool() {
        let directory = tempfile::tempdir().unwrap();
        let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        append(&spool, &["a"]).await;
        std::fs::remove_file(files(&directory, "spool").pop().unwrap()).unwrap();
        assert!(reader.has_more() && reader.next_batch(10, 1 << 20).is_err());
    }

    #[tokio::test]
    async fn an_inspection_tells_what_waits() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(inspect(&directory.path().join("none")).unwrap().segments, []);
        let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        append(&spool, &["a", "b", "c"]).await;
        let batch = reader.next_batch(1, 1 << 20).unwrap().unwrap();
        reader.commit(&batch).unwrap();
        let segment = files(&directory, "spool").pop().unwrap();
        std::fs::OpenOptions::new().append(true).open(segment).unwrap().write_all(b"torn").unwrap();
        let found = inspect(directory.path()).unwrap();
        let expected =
            SegmentCard { segment: 1, bytes: 39, records: 3, waiting_records: 2, unreadable_bytes: 4 };
        assert_eq!((found.waiting_records, found.segments), (2, vec![expected]));
    }

    #[tokio::test]
    async fn a_batch_says_whether_a_bound_ended_it() {
        let directory = tempfile::tempdir().unwrap();
        let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        append(&spool, &["a", "b", "c"]).await;
        let batch = reader.next_batch(2, 1 << 20).unwrap().unwrap();
        assert!(batch.is_full());
        reader.commit(&batch).unwrap();
        assert!(!reader.next_batch(2, 1 << 20).unwrap().unwrap().is_full());
    }

    #[tokio::test]
    async fn consumed_segments_are_deleted() {
        let directory = tempfile::tempdir().unwrap();
        for _ in 0..3 {
            let (spool, _reader) = Spool::open(&options(&directory)).unwrap();
            append(&spool, &["a"]).await;
        }
        let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        append(&spool, &["b"]).await;
        assert_eq!(all(&mut reader).len(), 4);
        assert_eq!(files(&directory, "spool").len(), 1);
    }
}
