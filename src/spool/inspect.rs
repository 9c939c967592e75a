//! A look at a spool's files, for an operator. Reads only, so it may run beside the server that writes.

use super::segment::{Framed, Position, Segments, unframe};
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
    /// Names of files that hold what recovery has cut off.
    pub torn_files: Vec<String>,
}

/// One segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SegmentCard {
    pub segment: u64,
    pub bytes: u64,
    /// Whole records.
    pub records: u64,
    /// Those of them that are not in the store yet.
    pub waiting_records: u64,
    /// Bytes behind the last whole record: a write under way, or damage.
    pub unreadable_bytes: u64,
}

/// Looks at the spool in `directory`. An empty or missing one has no segments.
///
/// # Errors
/// A file cannot be read.
pub fn inspect(directory: &Path) -> io::Result<Inspection> {
    let segments = Segments::new(directory);
    if !directory.is_dir() {
        let cursor = Position::default();
        return Ok(Inspection { cursor, segments: Vec::new(), waiting_records: 0, torn_files: Vec::new() });
    }
    let cursor = segments.read_cursor()?;
    let mut cards = Vec::new();
    for number in segments.list()? {
        // A segment that is done with may be deleted while we look.
        if let Some(bytes) = segments.read(Position { segment: number, offset: 0 }, usize::MAX)? {
            cards.push(card(number, &bytes, cursor));
        }
    }
    let mut torn_files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".torn") {
            torn_files.push(name);
        }
    }
    torn_files.sort();
    let waiting_records = cards.iter().map(|card| card.waiting_records).sum();
    Ok(Inspection { cursor, segments: cards, waiting_records, torn_files })
}

fn card(segment: u64, bytes: &[u8], cursor: Position) -> SegmentCard {
    let mut at = (Position::start_of(segment).offset as usize).min(bytes.len());
    let mut records = 0;
    let mut waiting_records = 0;
    while let Framed::Record { framed_bytes, .. } = unframe(&bytes[at..]) {
        records += 1;
        waiting_records += u64::from(Position { segment, offset: at as u64 } >= cursor);
        at += framed_bytes;
    }
    let unreadable_bytes = (bytes.len() - at) as u64;
    SegmentCard { segment, bytes: bytes.len() as u64, records, waiting_records, unreadable_bytes }
}
