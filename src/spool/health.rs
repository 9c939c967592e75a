//! Whether appends are taken, for whoever watches the server: told from the last round of writing and from
//! the disk's room.

use super::{AppendError, Asked, Spool};
use crate::room;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A round of writing that takes this long stands for a disk that does not answer.
const FROZEN_AFTER: Duration = Duration::from_secs(5);

/// Why appends are refused, will be soon, or wait for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("the spool is nearly full, because ClickHouse has not taken its events")]
    Full,
    #[error("the disk is full: it has no room for the spool's next segment")]
    DiskFull,
    #[error("the disk refuses to be written")]
    Failing,
    #[error("the disk does not answer: a sync takes longer than 5 s")]
    Frozen,
}

impl Trouble {
    /// The stable word that programs use.
    pub fn code(self) -> &'static str {
        match self {
            Trouble::Full => "spool_full",
            Trouble::DiskFull => "disk_full",
            Trouble::Failing => "disk_failing",
            Trouble::Frozen => "disk_frozen",
        }
    }
}

/// The writer's last and present round.
#[derive(Debug)]
pub struct Pulse {
    opened: Instant,
    /// Microseconds after `opened`, never 0; 0 while no round is under way.
    began_us: AtomicU64,
    /// 0 when the last round succeeded, else why it did not.
    failure: AtomicU8,
}

const SUCCEEDED: u8 = 0;
const NO_ROOM: u8 = 1;
const REFUSED: u8 = 2;

impl Default for Pulse {
    fn default() -> Pulse {
        Pulse { opened: Instant::now(), began_us: AtomicU64::new(0), failure: AtomicU8::new(SUCCEEDED) }
    }
}

impl Pulse {
    pub fn begin(&self) {
        let us = self.opened.elapsed().as_micros() as u64;
        self.began_us.store(us.max(1), Ordering::Relaxed);
    }

    pub fn end(&self, written: Result<(), AppendError>) {
        let failure = match written {
            Ok(()) => SUCCEEDED,
            Err(AppendError::Full | AppendError::DiskFull) => NO_ROOM,
            Err(AppendError::Overloaded | AppendError::Disk | AppendError::Closed) => REFUSED,
        };
        self.failure.store(failure, Ordering::Relaxed);
        self.began_us.store(0, Ordering::Relaxed);
    }

    /// Ends what began, which says nothing about appends.
    pub fn pause(&self) {
        self.began_us.store(0, Ordering::Relaxed);
    }

    /// How long the round under way has taken.
    fn under_way(&self) -> Duration {
        match self.began_us.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            began => self.opened.elapsed().saturating_sub(Duration::from_micros(began)),
        }
    }
}

impl Spool {
    /// Why appends are refused, will be soon, or wait for ever; `None` while all is well. After a failed
    /// round the writer is asked to try again, because nobody may send anything to a server that says it is
    /// not ready.
    pub fn trouble(&self) -> Option<Trouble> {
        if self.usage.pulse.under_way() > FROZEN_AFTER {
            return Some(Trouble::Frozen);
        }
        let failure = self.usage.pulse.failure.load(Ordering::Relaxed);
        if failure != SUCCEEDED {
            self.ask(Asked::Probe);
        }
        if failure == REFUSED {
            return Some(Trouble::Failing);
        }
        if self.is_nearly_full() {
            return Some(Trouble::Full);
        }
        let lacks_room = self.free_bytes().is_some_and(|free| free < self.segment_bytes());
        (lacks_room || failure == NO_ROOM).then_some(Trouble::DiskFull)
    }

    /// Bytes that the spool's disk has for it, sent segments included, which go when their room is needed.
    /// `None` where the system does not say.
    pub fn free_bytes(&self) -> Option<u64> {
        room::free_bytes(&self.directory).ok().map(|free| free + self.shelf.sent_bytes())
    }

    /// Bound of all segments on disk.
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::Faults;
    use crate::spool::{Records, SpoolOptions};

    #[test]
    fn a_round_that_does_not_end_is_seen_and_forgotten_when_it_ends() {
        let directory = tempfile::tempdir().unwrap();
        let options = SpoolOptions {
            directory: directory.path().to_owned(),
            max_bytes: 16 << 20,
            keep_sent: Duration::ZERO,
            faults: Faults::default(),
        };
        let (spool, _reader) = Spool::open(&options).unwrap();
        assert_eq!(spool.trouble(), None);
        // As if it had begun when the program did, and the program ran for an hour.
        let pulse = Pulse { opened: Instant::now() - Duration::from_secs(3_600), ..Pulse::default() };
        pulse.began_us.store(1, Ordering::Relaxed);
        assert!(pulse.under_way() > FROZEN_AFTER);
        pulse.end(Ok(()));
        assert_eq!(pulse.under_way(), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_failed_round_is_told_until_the_writer_can_write_again() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("spool");
        let options = SpoolOptions {
            directory: place.clone(),
            max_bytes: 16 << 20,
            keep_sent: Duration::ZERO,
            faults: Faults::default(),
        };
        let (spool, _reader) = Spool::open(&options).unwrap();
        let aside = directory.path().join("aside");
        std::fs::rename(&place, &aside).unwrap();
        let mut records = Records::default();
        records.push(b"lost");
        assert_eq!(spool.append(records).await, Err(AppendError::Disk));
        assert_eq!(spool.trouble(), Some(Trouble::Failing));
        std::fs::rename(&aside, &place).unwrap();
        // Nobody appends; the question itself lets the writer try.
        let deadline = Instant::now() + Duration::from_secs(20);
        while spool.trouble().is_some() {
            assert!(Instant::now() < deadline, "the writer never tries again");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
