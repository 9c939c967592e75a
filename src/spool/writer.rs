//! The one thread that writes: takes all that waits, writes it, syncs it, answers.

use super::segment::{Position, Segments};
use super::{Append, AppendError, MAX_ROUND_BYTES, Usage};
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use tokio::sync::{mpsc, watch};

/// Starts the writer with a new segment. It ends when every sender of `queue` is gone.
///
/// # Errors
/// The first segment or the thread cannot be made.
pub fn start(
    segments: Segments,
    first: u64,
    segment_bytes: u64,
    mut queue: mpsc::UnboundedReceiver<Append>,
    durable: watch::Sender<Position>,
    usage: Arc<Usage>,
) -> io::Result<()> {
    let file = segments.create(first)?;
    usage.stored_bytes.fetch_add(Position::start_of(first).offset, Ordering::SeqCst);
    let mut writer = Writer {
        segments,
        segment_bytes,
        file: Some(file),
        position: Position::start_of(first),
        durable,
        usage,
    };
    std::thread::Builder::new().name("spool".into()).spawn(move || {
        let mut round = Vec::new();
        while let Some(append) = queue.blocking_recv() {
            let mut bytes = append.framed.len();
            round.push(append);
            while bytes < MAX_ROUND_BYTES {
                let Ok(append) = queue.try_recv() else { break };
                bytes += append.framed.len();
                round.push(append);
            }
            let written = writer.write(&round);
            for append in round.drain(..) {
                writer.usage.waiting_bytes.fetch_sub(append.framed.len(), Ordering::Relaxed);
                // A requester that has gone away does not need the answer.
                let _ = append.answer.send(written);
            }
        }
    })?;
    Ok(())
}

struct Writer {
    segments: Segments,
    /// A segment that has reached this is followed by a new one.
    segment_bytes: u64,
    /// `None` after a failure: the next round starts a new segment.
    file: Option<File>,
    position: Position,
    durable: watch::Sender<Position>,
    usage: Arc<Usage>,
}

impl Writer {
    fn write(&mut self, round: &[Append]) -> Result<(), AppendError> {
        match self.try_write(round) {
            Ok(bytes) => {
                self.position.offset += bytes;
                self.usage.stored_bytes.fetch_add(bytes, Ordering::SeqCst);
                if self.position.offset >= self.segment_bytes {
                    // Rotating now and not with the next round lets the reader delete a full segment at once.
                    self.file = self.rotate().inspect_err(log_failure).ok();
                }
                self.durable.send_replace(self.position);
                Ok(())
            }
            Err(error) => {
                // The kernel may have dropped the dirty pages, so this file can never be trusted with a sync again.
                self.give_up_segment();
                log_failure(&error);
                Err(if error.kind() == io::ErrorKind::StorageFull {
                    AppendError::Full
                } else {
                    AppendError::Disk
                })
            }
        }
    }

    fn try_write(&mut self, round: &[Append]) -> io::Result<u64> {
        if self.file.is_none() {
            self.file = Some(self.rotate()?);
        }
        let Some(file) = self.file.as_mut() else { return Err(io::ErrorKind::NotFound.into()) };
        let joined;
        let bytes = match round {
            [only] => &only.framed,
            many => {
                joined = many.iter().map(|append| append.framed.as_slice()).collect::<Vec<_>>().concat();
                &joined
            }
        };
        file.write_all(bytes)?;
        let started = Instant::now();
        file.sync_data()?;
        self.usage.syncs.fetch_add(1, Ordering::Relaxed);
        self.usage.sync_ns.fetch_add(started.elapsed().as_nanos() as u64, Ordering::Relaxed);
        Ok(bytes.len() as u64)
    }

    fn rotate(&mut self) -> io::Result<File> {
        let next = self.position.segment + 1;
        let file = self.segments.create(next)?;
        self.position = Position::start_of(next);
        self.usage.stored_bytes.fetch_add(self.position.offset, Ordering::SeqCst);
        Ok(file)
    }

    /// Ends the segment after its last durable record, as far as the disk still lets us, and counts what stays.
    fn give_up_segment(&mut self) {
        let Some(file) = self.file.take() else { return };
        let _ = file.set_len(self.position.offset);
        let length = file.metadata().map_or(self.position.offset, |metadata| metadata.len());
        let left_bytes = length.saturating_sub(self.position.offset);
        self.usage.stored_bytes.fetch_add(left_bytes, Ordering::SeqCst);
    }
}

fn log_failure(error: &io::Error) {
    tracing::error!(%error, "the spool could not write");
}
