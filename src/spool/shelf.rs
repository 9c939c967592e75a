//! Which segments there are, what they take on disk, and when one may go.
//!
//! A segment is *waiting* until the reader has committed past its end, then *sent*. Sent segments stay for a
//! while, because a store that loses what it had not synced can then be told again; they go early when their
//! room is needed. Waiting segments never go.

use super::disk::Disk;
use super::format::HEADER_BYTES;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const EXTENSION: &str = ".spool";

/// Name of a segment's file.
pub fn segment_name(number: u64) -> String {
    format!("{number:020}{EXTENSION}")
}

/// The number of the segment that has this name.
pub fn segment_number(name: &str) -> Option<u64> {
    let number = name.strip_suffix(EXTENSION)?.parse().ok()?;
    // `7.spool` is somebody else's file.
    (segment_name(number) == name).then_some(number)
}

/// Whether an error says that there is no room, on the disk or for this user.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// The segments of one directory. Clones share it.
#[derive(Debug, Clone)]
pub struct Shelf {
    disk: Arc<dyn Disk>,
    keep_sent: Duration,
    segments: Arc<Mutex<BTreeMap<u64, Segment>>>,
}

#[derive(Debug)]
struct Segment {
    /// Taken on disk, room reserved included.
    reserved_bytes: u64,
    used_bytes: u64,
    sent_at: Option<Instant>,
}

impl Shelf {
    /// What lies on `disk`. Segments before `cursor_segment` count as sent now.
    pub fn open(disk: Arc<dyn Disk>, keep_sent: Duration, cursor_segment: u64) -> io::Result<Shelf> {
        let mut segments = BTreeMap::new();
        for name in disk.names()? {
            let Some(number) = segment_number(&name) else { continue };
            let bytes = disk.length(&name)?.unwrap_or(0);
            let sent_at = (number < cursor_segment).then(Instant::now);
            segments.insert(number, Segment { reserved_bytes: bytes, used_bytes: bytes, sent_at });
        }
        Ok(Shelf { disk, keep_sent, segments: Arc::new(Mutex::new(segments)) })
    }

    pub fn last(&self) -> Option<u64> {
        self.lock().keys().next_back().copied()
    }

    pub fn first(&self) -> Option<u64> {
        self.lock().keys().next().copied()
    }

    pub fn has(&self, number: u64) -> bool {
        self.lock().contains_key(&number)
    }

    /// The first segment after `number`.
    pub fn following(&self, number: u64) -> Option<u64> {
        self.lock().range(number + 1..).next().map(|(&number, _)| number)
    }

    /// The last segment before `number`.
    pub fn preceding(&self, number: u64) -> Option<u64> {
        self.lock().range(..number).next_back().map(|(&number, _)| number)
    }

    /// Bytes of all segments on disk, room reserved included.
    pub fn stored_bytes(&self) -> u64 {
        self.lock().values().map(|segment| segment.reserved_bytes).sum()
    }

    /// Bytes of the segments that are kept although they were sent.
    pub fn sent_bytes(&self) -> u64 {
        let segments = self.lock();
        segments
            .values()
            .filter(|segment| segment.sent_at.is_some())
            .map(|segment| segment.reserved_bytes)
            .sum()
    }

    /// Bytes used in the segments from `number` on.
    pub fn used_bytes_from(&self, number: u64) -> u64 {
        self.lock().range(number..).map(|(_, segment)| segment.used_bytes).sum()
    }

    /// A new segment of `reserved_bytes`.
    pub fn add(&self, number: u64, reserved_bytes: u64) {
        let used_bytes = HEADER_BYTES as u64;
        self.lock().insert(number, Segment { reserved_bytes, used_bytes, sent_at: None });
    }

    /// A segment is used up to here; `false` when its file is gone.
    pub fn grow(&self, number: u64, used_bytes: u64) -> bool {
        match self.lock().get_mut(&number) {
            Some(segment) => {
                segment.used_bytes = used_bytes;
                segment.reserved_bytes = segment.reserved_bytes.max(used_bytes);
                true
            }
            None => false,
        }
    }

    /// The segment's file was removed by somebody else.
    pub fn forget(&self, number: u64) {
        self.lock().remove(&number);
    }

    /// A segment was cut to this length.
    pub fn cut(&self, number: u64, bytes: u64) {
        if let Some(segment) = self.lock().get_mut(&number) {
            (segment.used_bytes, segment.reserved_bytes) = (bytes, bytes);
        }
    }

    /// Everything before `number` is sent. Deletes what was sent long enough ago.
    pub fn sent_before(&self, number: u64) -> io::Result<()> {
        let mut segments = self.lock();
        for (_, segment) in segments.range_mut(..number) {
            segment.sent_at.get_or_insert_with(Instant::now);
        }
        self.remove_sent(&mut segments, |segment| segment.age() >= Some(self.keep_sent), u64::MAX)
    }

    /// Everything from `number` on waits again.
    pub fn unsent_from(&self, number: u64) {
        self.lock().range_mut(number..).for_each(|(_, segment)| segment.sent_at = None);
    }

    /// Whether `bytes` more fit into `max_bytes`; sent segments go for that, oldest first.
    pub fn make_room(&self, bytes: u64, max_bytes: u64) -> io::Result<bool> {
        let mut segments = self.lock();
        let stored: u64 = segments.values().map(|segment| segment.reserved_bytes).sum();
        let missing = (stored + bytes).saturating_sub(max_bytes);
        self.remove_sent(&mut segments, |_| true, missing)?;
        let stored: u64 = segments.values().map(|segment| segment.reserved_bytes).sum();
        Ok(stored + bytes <= max_bytes)
    }

    /// Removes every segment that is kept although it was sent.
    pub fn remove_all_sent(&self) -> io::Result<()> {
        self.remove_sent(&mut self.lock(), |_| true, u64::MAX)
    }

    /// Removes sent segments, oldest first, until `enough_bytes` are free.
    fn remove_sent(
        &self,
        segments: &mut BTreeMap<u64, Segment>,
        may_go: impl Fn(&Segment) -> bool,
        enough_bytes: u64,
    ) -> io::Result<()> {
        let mut freed_bytes = 0;
        while freed_bytes < enough_bytes
            && let Some(oldest) = segments.first_entry()
            && oldest.get().sent_at.is_some()
            && may_go(oldest.get())
        {
            self.disk.remove(&segment_name(*oldest.key()))?;
            freed_bytes += oldest.remove().reserved_bytes;
        }
        Ok(())
    }

    /// [`Disk::replace`]; on a full disk sent segments make room for it.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.with_room(|disk| disk.replace(name, bytes))
    }

    /// Tries something once more after all sent segments have gone, when the disk is full.
    pub fn with_room<T>(&self, act: impl Fn(&dyn Disk) -> io::Result<T>) -> io::Result<T> {
        match act(&*self.disk) {
            Err(error) if is_full(&error) => {
                self.remove_all_sent()?;
                act(&*self.disk)
            }
            result => result,
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Segment>> {
        // Nothing that can panic runs between two changes that belong together.
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Segment {
    fn age(&self) -> Option<Duration> {
        self.sent_at.map(|sent_at| sent_at.elapsed())
    }
}
