//! The writing end: rounds of records onto the disk, one segment after the other.

use super::disk::{Disk, DiskFile};
use super::format::{Header, number};
use super::position::Position;
use super::recovery::Settled;
use super::shelf::{Shelf, is_full, segment_name};
use super::{AppendError, Durable, Usage};
use crate::planted::{Fault, Faults};
use std::io;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;

/// Writes segments. Not a thread: see `write_rounds` in the module above.
#[derive(Debug)]
pub struct Writer {
    disk: Arc<dyn Disk>,
    shelf: Shelf,
    /// Reserved for each segment; one that has used them is followed by a new one.
    segment_bytes: u64,
    max_bytes: u64,
    faults: Faults,
    /// `None` before the first round and after a failure: the next round starts a new segment.
    file: Option<Box<dyn DiskFile>>,
    position: Position,
    /// Of the next record, in this segment.
    index: u32,
    /// Number of the segment's first record.
    first_record: u64,
    durable: watch::Sender<Durable>,
    usage: Arc<Usage>,
    /// The last round failed, and that is in the log.
    is_failing: bool,
}

/// Only the system's errors have a number; the spool's own bound has none.
fn refusal(error: &io::Error) -> AppendError {
    match error.raw_os_error() {
        _ if !is_full(error) => AppendError::Disk,
        Some(_) => AppendError::DiskFull,
        None => AppendError::Full,
    }
}

/// Where and how much a [`Writer`] writes.
#[derive(Debug)]
pub struct WriterOptions {
    pub segment_bytes: u64,
    pub max_bytes: u64,
    pub faults: Faults,
}

impl Writer {
    /// Goes on after what was `settled`, in a new segment: no file is ever appended to by two processes.
    pub fn new(
        disk: Arc<dyn Disk>,
        shelf: Shelf,
        options: WriterOptions,
        settled: &Settled,
        durable: watch::Sender<Durable>,
        usage: Arc<Usage>,
    ) -> Writer {
        let WriterOptions { segment_bytes, max_bytes, faults } = options;
        Writer {
            disk,
            shelf,
            segment_bytes,
            max_bytes,
            faults,
            file: None,
            position: settled.end,
            index: 0,
            first_record: settled.records,
            durable,
            usage,
            is_failing: false,
        }
    }

    /// Writes the framed records and syncs them. All of them are durable then, or none is promised.
    pub fn write(&mut self, framed: &mut [u8]) -> Result<(), AppendError> {
        match self.try_write(framed) {
            Ok(()) => {
                self.is_failing = false;
                self.durable.send_replace(Durable { position: self.position, index: self.index });
                Ok(())
            }
            Err(error) => {
                self.log_failure(&error);
                // The kernel may have dropped the dirty pages, so this file can never be trusted with a sync
                // again.
                self.seal();
                Err(refusal(&error))
            }
        }
    }

    /// Tries to begin a segment after a failure, when nobody waits for it.
    pub fn probe(&mut self) -> Result<(), AppendError> {
        if self.file.is_none()
            && let Err(error) = self.rotate()
        {
            return Err(refusal(&error));
        }
        self.is_failing = false;
        self.durable.send_replace(Durable { position: self.position, index: self.index });
        Ok(())
    }

    /// Begins the next segment when this one has used its room, or holds something and `is_over`: between
    /// rounds, so that no answer waits for it.
    pub fn prepare(&mut self, is_over: bool) {
        let is_over = self.position.offset >= self.segment_bytes || is_over && self.index > 0;
        if !is_over || self.file.is_none() {
            return;
        }
        self.seal();
        match self.rotate() {
            Ok(()) => {
                self.durable.send_replace(Durable { position: self.position, index: self.index });
            }
            // The next round tries again, and answers for it.
            Err(error) => self.log_failure(&error),
        }
    }

    fn try_write(&mut self, framed: &mut [u8]) -> io::Result<()> {
        if self.file.is_none() {
            self.rotate()?;
        }
        let Some(file) = self.file.as_mut() else { return Err(io::ErrorKind::NotFound.into()) };
        let next_index = number(framed, self.position, self.index);
        file.write_at(self.position.offset, framed)?;
        if !self.faults.has(Fault::AckBeforeSync) {
            let started = Instant::now();
            file.sync()?;
            self.usage.syncs.observe(started.elapsed());
        }
        let end = self.position.plus(framed.len());
        if !self.shelf.grow(end.segment, end.offset) {
            return Err(io::Error::new(io::ErrorKind::NotFound, "somebody has removed the segment's file"));
        }
        (self.position, self.index) = (end, next_index);
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        if !self.shelf.make_room(self.segment_bytes, self.max_bytes)? {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let segment = self.position.segment + 1;
        let first_record = self.first_record + u64::from(self.index);
        self.file = Some(self.create(Header { segment, first_record }, self.segment_bytes)?);
        self.shelf.add(segment, self.segment_bytes);
        (self.position, self.index, self.first_record) = (Position::start_of(segment), 0, first_record);
        Ok(())
    }

    /// A segment whose name and header survive a power cut.
    fn create(&self, header: Header, reserved_bytes: u64) -> io::Result<Box<dyn DiskFile>> {
        let name = segment_name(header.segment);
        let mut file = self.shelf.with_room(|disk| disk.create(&name, reserved_bytes))?;
        file.write_at(0, &header.bytes())?;
        file.sync()?;
        if !self.faults.has(Fault::NoDirectorySync) {
            self.disk.sync_directory()?;
        }
        Ok(file)
    }

    /// Ends the segment after its last durable record. What cannot be cut off now is read as unused room, or
    /// as records that nobody was promised.
    fn seal(&mut self) {
        if let Some(mut file) = self.file.take() {
            let _ = file.cut(self.position.offset);
            if self.index == 0 {
                // Nobody was promised anything in it, and a failing disk would leave one for every round.
                let _ = self.disk.remove(&segment_name(self.position.segment));
                self.shelf.forget(self.position.segment);
                return;
            }
            self.shelf.cut(self.position.segment, self.position.offset);
        }
    }

    /// Ends in order. The header of a further, empty segment says how many records came before it, so that
    /// damage at the very end can be counted too.
    pub fn close(mut self) {
        if self.index > 0 && self.file.is_some() {
            self.seal();
            let first_record = self.first_record + u64::from(self.index);
            let header = Header { segment: self.position.segment + 1, first_record };
            if let Err(error) = self.create(header, 0) {
                self.log_failure(&error);
            }
        }
    }

    /// Once, until a round succeeds again: a full disk refuses a thousand rounds a second.
    fn log_failure(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.is_failing, true) {
            tracing::error!(%error, "the spool cannot write; events are refused until it can");
        }
    }
}
