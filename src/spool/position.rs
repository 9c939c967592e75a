//! A place in the spool.

use super::format::HEADER_BYTES;
use serde::{Deserialize, Serialize};

/// The record at `offset` of `segment` comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Position {
    pub segment: u64,
    pub offset: u64,
}

impl Position {
    /// Before the first record of `segment`.
    pub fn start_of(segment: u64) -> Position {
        Position { segment, offset: HEADER_BYTES as u64 }
    }

    /// So many bytes further on in the segment.
    pub(super) fn plus(self, bytes: usize) -> Position {
        Position { offset: self.offset + bytes as u64, ..self }
    }
}
