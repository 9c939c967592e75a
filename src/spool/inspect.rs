//! A look at a spool's files, for an operator. Reads only, so it may run beside the server that writes.

use super::cursor::Cursor;
use super::disk::{Disk, RealDisk};
use super::format::{HEADER_BYTES, scan};
use super::position::Position;
use super::shelf::{segment_name, segment_number};
use serde::Serialize;
use std::io;
use std::path::Path;

/// What lies in a spool's directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// Everything before this is in the store.
    pub cursor: Position,
    pub segments: Vec<SegmentCard>,
    /// Records that are not in the store yet.
    pub waiting_records: u64,
    /// Names of files that hold what was torn or damaged.
    pub set_aside: Vec<String>,
}

/// One segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SegmentCard {
    pub segment: u64,
    /// On disk, room reserved included.
    pub bytes: u64,
    /// Whole records.
    pub records: u64,
    /// Those of them that are not in the store yet. In a segment where none waits, all are kept for a while
    /// only.
    pub waiting_records: u64,
    /// Bytes that are no records: a write under way, or damage.
    pub damaged_bytes: u64,
    /// Records that must have been where the damage is.
    pub lost_records: u64,
}

/// Looks at the spool in `directory`. An empty or missing one has no segments.
///
/// # Errors
/// A file cannot be read.
pub fn inspect(directory: &Path) -> io::Result<Inspection> {
    let disk = RealDisk::new(directory);
    let mut found = Inspection {
        cursor: Position::default(),
        segments: Vec::new(),
        waiting_records: 0,
        set_aside: Vec::new(),
    };
    if !directory.is_dir() {
        return Ok(found);
    }
    found.cursor = Cursor::read(&disk)?.position;
    for name in disk.names()? {
        if let Some(number) = segment_number(&name) {
            // A segment that is done with may be deleted while we look.
            if let Some(bytes) = disk.read(&segment_name(number), 0, usize::MAX)? {
                found.segments.push(card(number, &bytes, found.cursor));
            }
        } else if name.ends_with(".torn") || name.ends_with(".damaged") {
            found.set_aside.push(name);
        }
    }
    found.segments.sort_by_key(|card| card.segment);
    found.set_aside.sort();
    found.waiting_records = found.segments.iter().map(|card| card.waiting_records).sum();
    Ok(found)
}

fn card(segment: u64, bytes: &[u8], cursor: Position) -> SegmentCard {
    let body = bytes.get(HEADER_BYTES..).unwrap_or_default();
    let stretch = scan(Position::start_of(segment), body, 0, usize::MAX, true);
    let waits = |payload: &std::ops::Range<usize>| {
        Position { segment, offset: (HEADER_BYTES + payload.start) as u64 } > cursor
    };
    SegmentCard {
        segment,
        bytes: bytes.len() as u64,
        records: stretch.payloads.len() as u64,
        waiting_records: stretch.payloads.iter().filter(|payload| waits(payload)).count() as u64,
        damaged_bytes: stretch.damaged.iter().map(|range| range.len() as u64).sum(),
        lost_records: stretch.lost,
    }
}
