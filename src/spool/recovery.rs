//! Opening: what the last process left behind.
//!
//! Only the newest segment can end in the middle of a write; it is cut after its last whole record, and what
//! is cut is kept beside it. Damage elsewhere is left to the reader, which meets it in order.

use super::disk::Disk;
use super::format::{BadHeader, HEADER_BYTES, Header, scan, zeros_at_end};
use super::position::Position;
use super::shelf::{Shelf, segment_name};
use std::io;

/// The end of what was there at opening.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settled {
    pub end: Position,
    /// Records of the newest segment.
    pub index: u32,
    /// Records of all segments there ever were, as far as they can tell.
    pub records: u64,
}

/// Makes the newest segment end with a whole record.
pub fn settle(disk: &dyn Disk, shelf: &Shelf) -> io::Result<Settled> {
    let Some(last) = shelf.last() else { return Ok(Settled::default()) };
    let segment = Contents::read(disk, last)?;
    if segment.torn() {
        let cut_bytes = segment.tail().len();
        tracing::warn!(segment = last, cut_bytes, "cut the torn tail of the spool");
        shelf.replace(&format!("{last:020}-{}.torn", segment.end), segment.tail())?;
    }
    // Also when there is nothing to cut: a killed process may have left whole records that were never synced.
    disk.cut(&segment_name(last), segment.end as u64)?;
    shelf.cut(last, segment.end as u64);
    // Without a header the count starts from the newest segment that has one.
    let mut records = u64::from(segment.records);
    let mut newest = Some((last, segment.header));
    while let Some((number, header)) = newest {
        if let Some(header) = header {
            records += header.first_record;
            break;
        }
        newest = match shelf.preceding(number) {
            Some(number) => {
                let contents = Contents::read(disk, number)?;
                records += u64::from(contents.records);
                Some((number, contents.header))
            }
            None => None,
        };
    }
    let end = Position { segment: last, offset: segment.end as u64 };
    Ok(Settled { end, index: segment.records, records })
}

struct Contents {
    bytes: Vec<u8>,
    header: Option<Header>,
    /// Index after the last whole record.
    records: u32,
    /// Offset after the last whole record.
    end: usize,
}

impl Contents {
    fn read(disk: &dyn Disk, number: u64) -> io::Result<Contents> {
        let bytes = disk.read(&segment_name(number), 0, usize::MAX)?.unwrap_or_default();
        let header = match Header::read(&bytes) {
            Ok(header) if header.segment == number => Some(header),
            Err(BadHeader::Version(version)) => {
                return Err(io::Error::other(format!(
                    "{} is of version {:?} of the spool's format, which this program does not read; run the \
                    version that wrote it until nothing waits",
                    segment_name(number),
                    char::from(version)
                )));
            }
            Ok(_) | Err(BadHeader::Damaged) => None,
        };
        let body = bytes.get(HEADER_BYTES..).unwrap_or_default();
        let stretch = scan(Position::start_of(number), body, 0, usize::MAX, true);
        let end = match stretch.payloads.last() {
            Some(last) => HEADER_BYTES + last.end,
            None if header.is_some() => HEADER_BYTES,
            // Nothing was promised before the header was on disk.
            None => 0,
        };
        Ok(Contents { header, records: stretch.next_index, end, bytes })
    }

    fn tail(&self) -> &[u8] {
        let used = self.bytes.len() - zeros_at_end(&self.bytes);
        &self.bytes[self.end..used.max(self.end)]
    }

    fn torn(&self) -> bool {
        !self.tail().is_empty()
    }
}
