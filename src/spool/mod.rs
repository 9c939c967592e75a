//! A durable queue of opaque records: append, next_batch, commit.
//!
//! **Promise.** When [`Spool::append`] returns `Ok`, its records are on this disk and survive `kill -9` and a
//! power cut. The reader hands every such record out at least once, in order, until it commits past it.
//! The spool does not know what its records mean.
//!
//! **Limits.** Record ≤ [`MAX_RECORD_BYTES`]; segment ≤ [`MAX_SEGMENT_BYTES`] plus one round of writing; bytes
//! waiting for the disk ≤ [`MAX_WAITING_BYTES`]; all segments together ≤ [`SpoolOptions::max_bytes`].
//!
//! **Format.** All numbers are little endian.
//! `DIR/00000000000000000007.spool` is segment 7: a header, then records. Header = `SFSPOOL2` · segment (u64) · number
//! of records in all segments before it (u64) · CRC32C of these 24 bytes (u32). Record = length of the payload (u32) ·
//! index in the segment (u32) · CRC32C (u32) of segment, offset (u64), index, length and payload · payload. A segment's room is
//! reserved when it begins; zeros at its end are unused room.
//! `DIR/cursor` = `{"segment":7,"offset":1234,"index":5,"record":105,"batch_end":{…}} 1a2b3c4d`, the last its CRC32C:
//! everything before it is committed. It only moves forward and may be stale without harm.
//! `DIR/stamp` = a word of the reader's owner. `*.torn` and `*.damaged` = bytes that were set aside.
//!
//! **Writing.** One thread. Each round takes all that waits (≤ [`MAX_ROUND_BYTES`]), one write, one `fdatasync`,
//! then every waiting append is answered. A new segment is used after its header and its name in the directory are
//! synced. A failed write or sync ends that segment for good: its unsynced bytes are never counted as durable, and the
//! file is never appended to or synced again. Each opening of the spool starts a new segment, so that no file is ever
//! appended to after a crash.
//!
//! **Recovery.** Opening scans the last segment and cuts it after its last whole record; what is cut is kept beside
//! it as `*.torn`. Damage elsewhere is kept as `*.damaged` when the reader meets it, and the records that are missing
//! are counted: their indices tell within a segment, the headers tell between segments.
//!
//! **Keeping.** Segments that are committed stay for [`SpoolOptions::keep_sent`], or until their room is needed;
//! [`Reader::resend`] hands them out again.

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
pub use dead_letter::{DeadLetter, DeadLetters, RetryError, Revised, Revision};
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
/// Longer than ClickHouse keeps the parts that a merge has replaced (8 minutes): an external server may not sync merges.
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
    /// See [`AppendError`]. The records are not promised to anybody; whole ones that reached the disk before it
    /// failed may still be handed out.
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

    /// Begins a new segment, so that the one at hand does not stay until it is full: its records go from the disk when they
    /// were sent [`SpoolOptions::keep_sent`] ago and more has come.
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
mod tests {
    use super::*;

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

    #[tokio::test]
    async fn a_segment_that_was_ended_goes_when_it_is_sent_and_more_has_come() {
        let directory = tempfile::tempdir().unwrap();
        let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        append(&spool, &["first"]).await;
        let files = || -> String {
            let entries = std::fs::read_dir(directory.path()).unwrap();
            let bytes = entries.flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
            String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned()
        };
        let first_end = spool.durable();
        spool.end_segment();
        // Nothing is in it yet: it is not ended again.
        spool.end_segment();
        append(&spool, &["second"]).await;
        assert_eq!(spool.durable().segment, first_end.segment + 1);
        assert!(files().contains("first"));
        assert_eq!(all(&mut reader), ["first", "second"]);
        assert!(!files().contains("first") && files().contains("second"));
        drop((spool, reader));
        let (_spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        assert_eq!(all(&mut reader), [""; 0]);
    }

    fn options(directory: &tempfile::TempDir) -> SpoolOptions {
        SpoolOptions {
            directory: directory.path().to_owned(),
            max_bytes: 1 << 20,
            keep_sent: Duration::ZERO,
            faults: Faults::default(),
        }
    }

    fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
        let mut files: Vec<_> = std::fs::read_dir(directory)
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

    /// A spool left as a killed process leaves it: without an orderly end.
    async fn abandoned(options: &SpoolOptions, payloads: &[&str]) {
        let (spool, _reader) = Spool::open(options).unwrap();
        append(&spool, payloads).await;
        let abandoned = spool.thread.clone();
        let directory = options.directory.clone();
        let kept: Vec<_> =
            files(&directory, "spool").into_iter().map(|p| (std::fs::read(&p).unwrap(), p)).collect();
        drop((spool, abandoned));
        files(&directory, "spool").iter().for_each(|path| std::fs::remove_file(path).unwrap());
        kept.into_iter().for_each(|(bytes, path)| std::fs::write(path, bytes).unwrap());
    }

    #[tokio::test]
    async fn a_torn_tail_is_cut_and_kept_aside() {
        let directory = tempfile::tempdir().unwrap();
        abandoned(&options(&directory), &["whole", "torn"]).await;
        let segment = files(directory.path(), "spool").pop().unwrap();
        let mut bytes = std::fs::read(&segment).unwrap();
        let end = bytes.len() - bytes.iter().rev().take_while(|&&byte| byte == 0).count();
        bytes[end - 2..].fill(0);
        std::fs::write(&segment, bytes).unwrap();
        let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        append(&spool, &["next"]).await;
        assert_eq!(all(&mut reader), ["whole", "next"]);
        assert_eq!(files(directory.path(), "torn").len(), 1);
    }

    #[tokio::test]
    async fn a_full_spool_refuses_and_takes_again_after_commits() {
        let directory = tempfile::tempdir().unwrap();
        let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        let payload = "x".repeat(100_000);
        let mut taken = 0;
        let refused = loop {
            let mut records = Records::default();
            records.push(payload.as_bytes());
            match spool.append(records).await {
                Ok(()) => taken += 1,
                Err(error) => break error,
            }
        };
        assert_eq!((refused, taken), (AppendError::Full, 10));
        assert!(spool.is_nearly_full() && spool.stored_bytes() <= 2 << 20);
        assert_eq!(all(&mut reader).len(), taken);
        append(&spool, &[&payload]).await;
        assert_eq!(all(&mut reader), [payload]);
        assert!(!spool.is_nearly_full());
    }

    #[tokio::test]
    async fn a_segment_whose_file_is_removed_is_counted_and_holds_up_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        append(&spool, &["a", "b"]).await;
        std::fs::remove_file(files(directory.path(), "spool").pop().unwrap()).unwrap();
        assert!(all(&mut reader).is_empty());
        assert_eq!(spool.lost_records(), 2);
        let mut records = Records::default();
        records.push(b"into the removed file");
        assert_eq!(spool.append(records).await, Err(AppendError::Disk));
        append(&spool, &["c"]).await;
        assert_eq!(all(&mut reader), ["c"]);
        assert_eq!(spool.lost_records(), 2);
    }

    #[tokio::test]
    async fn another_versions_file_is_not_touched() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("00000000000000000001.spool");
        let header = format::Header { segment: 1, first_record: 0 }.bytes_of_version(b'3');
        std::fs::write(&file, [&header[..], b"what that version writes"].concat()).unwrap();
        let error = Spool::open(&options(&directory)).unwrap_err().to_string();
        assert!(error.contains("version '3'"), "{error}");
        assert!(std::fs::read(&file).unwrap().ends_with(b"what that version writes"));
    }

    #[tokio::test]
    async fn an_inspection_tells_what_waits() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(inspect(&directory.path().join("none")).unwrap().segments, []);
        let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        append(&spool, &["a", "b", "c"]).await;
        let batch = reader.next_batch(1, 1 << 20).unwrap().unwrap();
        reader.commit(&batch).unwrap();
        let found = inspect(directory.path()).unwrap();
        let expected = SegmentCard {
            segment: 1,
            bytes: 1 << 17,
            records: 3,
            waiting_records: 2,
            damaged_bytes: 0,
            lost_records: 0,
        };
        assert_eq!((found.waiting_records, found.segments), (2, vec![expected]));
    }

    #[tokio::test]
    async fn requests_of_one_thread_share_a_round_and_each_gets_the_answer() {
        let directory = tempfile::tempdir().unwrap();
        let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        let local = tokio::task::LocalSet::new();
        let appender = Appender::new(spool.clone());
        let syncs = || spool.syncs().buckets().iter().map(|(_, count)| count).sum::<u64>();
        local
            .run_until(async {
                let appends = (0..50).map(|n: u32| {
                    let appender = appender.clone();
                    let mut records = Records::default();
                    records.push(n.to_string().as_bytes());
                    tokio::task::spawn_local(async move { appender.append(records).await })
                });
                for append in appends.collect::<Vec<_>>() {
                    assert_eq!(append.await.unwrap(), Ok(()));
                }
            })
            .await;
        assert_eq!(all(&mut reader).len(), 50);
        assert!(syncs() <= 3, "{}", syncs());
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
    async fn sent_segments_stay_for_a_while_and_are_handed_out_again_on_demand() {
        let directory = tempfile::tempdir().unwrap();
        let keeping = SpoolOptions { keep_sent: KEEP_SENT, ..options(&directory) };
        for payload in ["a", "b"] {
            let (spool, mut reader) = Spool::open(&keeping).unwrap();
            append(&spool, &[payload]).await;
            assert_eq!(all(&mut reader), [payload]);
        }
        let (spool, mut reader) = Spool::open(&keeping).unwrap();
        append(&spool, &["c"]).await;
        assert_eq!((all(&mut reader), spool.unsent_bytes()), (vec!["c".to_owned()], 0));
        reader.resend();
        assert!(reader.is_resending());
        assert_eq!(all(&mut reader), ["a", "b", "c"]);
        assert!(!reader.is_resending());
        drop((spool, reader));
        let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
        append(&spool, &["d"]).await;
        assert_eq!(all(&mut reader), ["d"]);
        assert_eq!(files(directory.path(), "spool").len(), 1);
    }
}
