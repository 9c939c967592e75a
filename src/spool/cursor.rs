//! The file that says how far the reader is.
//!
//! One line: JSON, a space, its CRC32C in hexadecimal digits. Written whole (temporary file, sync, rename,
//! sync of the directory). It only moves forward and may be stale without harm: what lies behind it is then
//! handed out once more.

use super::disk::Disk;
use super::position::Position;
use super::shelf::Shelf;
use serde::{Deserialize, Serialize};
use std::io;

const NAME: &str = "cursor";

/// How far the reader is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Everything before this is committed.
    #[serde(flatten)]
    pub position: Position,
    /// Index, in its segment, of the record there.
    #[serde(default)]
    pub index: u32,
    /// Number of the record there, over all segments; unknown before the first.
    #[serde(default)]
    pub record: Option<u64>,
    /// Where the batch ends that was handed out last. It ends there again when it has to be handed out again,
    /// so that the store sees the same rows together.
    #[serde(default)]
    pub batch_end: Option<Position>,
}

impl Cursor {
    /// The cursor on `disk`; the very beginning when nothing was ever committed or the file is damaged.
    pub fn read(disk: &dyn Disk) -> io::Result<Cursor> {
        let Some(bytes) = disk.read(NAME, 0, 1 << 16)? else { return Ok(Cursor::default()) };
        Ok(Cursor::parse(&bytes).unwrap_or_else(|| {
            tracing::warn!("the spool's cursor is damaged; everything stored is sent again");
            Cursor::default()
        }))
    }

    /// Remembers it durably.
    pub fn write(&self, shelf: &Shelf) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(self)?;
        let checksum = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(format!(" {checksum:08x}\n").as_bytes());
        shelf.replace(NAME, &bytes)
    }

    /// A flipped bit in a digit would still be JSON, and skip or delete what waits.
    fn parse(bytes: &[u8]) -> Option<Cursor> {
        let (json, checksum) = std::str::from_utf8(bytes).ok()?.trim_end().rsplit_once(' ')?;
        let is_whole = u32::from_str_radix(checksum, 16).ok()? == crc32c::crc32c(json.as_bytes());
        is_whole.then(|| serde_json::from_str(json).ok()).flatten()
    }
}
