//! The files of a spool: names, record frames, the cursor. The format is described in the module above.

use super::MAX_RECORD_BYTES;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"SFSPOOL1";
const HEADER_BYTES: usize = 8;
const CURSOR: &str = "cursor";

/// A place in the spool: the record at `offset` of `segment` comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Position {
    pub segment: u64,
    pub offset: u64,
}

impl Position {
    /// Before the first record of `segment`.
    pub fn start_of(segment: u64) -> Position {
        Position { segment, offset: MAGIC.len() as u64 }
    }
}

/// Appends `payload` to `out` as one record.
pub fn frame(out: &mut Vec<u8>, payload: &[u8]) {
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(&crc32c::crc32c(payload).to_le_bytes());
    out.extend_from_slice(payload);
}

/// What lies at the start of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Framed<'a> {
    /// A whole record, and how many bytes it takes with its header.
    Record { payload: &'a [u8], framed_bytes: usize },
    /// The start of a record that needs at least this many bytes.
    Needs(usize),
    /// No record: the length or the checksum is wrong.
    Damaged,
}

/// Reads the record at the start of `bytes`.
pub fn unframe(bytes: &[u8]) -> Framed<'_> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return Framed::Needs(HEADER_BYTES);
    };
    let length = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
    let checksum = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
    if length > MAX_RECORD_BYTES {
        return Framed::Damaged;
    }
    match rest.get(..length) {
        None => Framed::Needs(HEADER_BYTES + length),
        Some(payload) if crc32c::crc32c(payload) == checksum => {
            Framed::Record { payload, framed_bytes: HEADER_BYTES + length }
        }
        Some(_) => Framed::Damaged,
    }
}

/// The directory of a spool.
#[derive(Debug, Clone)]
pub struct Segments {
    directory: PathBuf,
}

impl Segments {
    pub fn new(directory: &Path) -> Segments {
        Segments { directory: directory.to_owned() }
    }

    /// Numbers of the segments on disk, upward. Other files are left alone.
    pub fn list(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir(&self.directory)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".spool")?.parse::<u64>().ok());
            numbers.extend(number);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Bytes of all segments on disk.
    pub fn stored_bytes(&self) -> io::Result<u64> {
        self.list()?.into_iter().map(|number| Ok(std::fs::metadata(self.path(number))?.len())).sum()
    }

    /// A new segment, empty but for its header, whose name survives a power cut.
    pub fn create(&self, number: u64) -> io::Result<File> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(self.path(number))?;
        file.write_all(MAGIC)?;
        file.sync_all()?;
        crate::file::sync_directory(&self.directory)?;
        Ok(file)
    }

    /// Up to `max_bytes` of a segment from `offset` on; `None` when the segment does not exist.
    pub fn read(&self, position: Position, max_bytes: usize) -> io::Result<Option<Vec<u8>>> {
        let mut file = match File::open(self.path(position.segment)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(position.offset))?;
        let mut bytes = Vec::new();
        file.take(max_bytes as u64).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Deletes a segment and gives back its bytes; a missing one is no error.
    pub fn delete(&self, number: u64) -> io::Result<u64> {
        let path = self.path(number);
        let bytes = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(bytes),
        }
    }

    /// Cuts a segment after its last whole record. What is cut is kept beside it.
    pub fn cut_torn_tail(&self, number: u64) -> io::Result<()> {
        let path = self.path(number);
        let bytes = std::fs::read(&path)?;
        let mut whole = MAGIC.len().min(bytes.len());
        while let Framed::Record { framed_bytes, .. } = unframe(&bytes[whole..]) {
            whole += framed_bytes;
        }
        if whole == bytes.len() {
            return Ok(());
        }
        tracing::warn!(segment = number, cut_bytes = bytes.len() - whole, "cut the torn tail of the spool");
        crate::file::replace(&path.with_extension("torn"), &bytes[whole..])?;
        let file = OpenOptions::new().write(true).open(&path)?;
        file.set_len(whole as u64)?;
        file.sync_all()
    }

    /// Where reading goes on; the very beginning when nothing was ever committed.
    pub fn read_cursor(&self) -> io::Result<Position> {
        match std::fs::read(self.directory.join(CURSOR)) {
            Ok(bytes) => serde_json::from_slice(&bytes).or_else(|error| {
                tracing::warn!(%error, "the spool's cursor is damaged; everything stored is sent again");
                Ok(Position::default())
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Position::default()),
            Err(error) => Err(error),
        }
    }

    /// Remembers `position` durably.
    pub fn write_cursor(&self, position: Position) -> io::Result<()> {
        crate::file::replace(&self.directory.join(CURSOR), &serde_json::to_vec(&position)?)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{number:020}.spool"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_back_and_every_other_prefix_asks_for_more() {
        let mut bytes = Vec::new();
        frame(&mut bytes, b"payload");
        assert_eq!(unframe(&bytes), Framed::Record { payload: b"payload", framed_bytes: 15 });
        for end in 0..bytes.len() {
            assert!(matches!(unframe(&bytes[..end]), Framed::Needs(needed) if needed > end), "{end}");
        }
    }

    #[test]
    fn every_single_flipped_bit_is_noticed() {
        let mut bytes = Vec::new();
        frame(&mut bytes, b"payload");
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!matches!(unframe(&flipped), Framed::Record { .. }), "bit {bit}");
        }
    }
}
