//! Bytes of a segment: its header, its records, and what can still be read of a damaged one. Pure.
//!
//! The format is described in the module above.

use super::MAX_RECORD_BYTES;
use super::position::Position;
use std::ops::Range;

const MAGIC: &[u8; 7] = b"SFSPOOL";
const VERSION: u8 = b'2';

/// Bytes before the first record.
pub const HEADER_BYTES: usize = 28;
/// Bytes of a record before its payload.
pub const FRAME_BYTES: usize = 12;
/// Room for this is made at once.
const USUAL_FRAMED_BYTES: usize = 1 << 10;
/// The longest record with its frame.
pub const MAX_FRAMED_BYTES: usize = FRAME_BYTES + MAX_RECORD_BYTES;

/// What a segment says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub segment: u64,
    /// Number of records that all segments before it hold, so that a gap between two segments can be counted.
    pub first_record: u64,
}

/// The start of a file is no header of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadHeader {
    /// Nothing readable.
    Damaged,
    /// Whole, but of another version of this format.
    Version(u8),
}

impl Header {
    /// Every version keeps these bytes in these places, so that another version is known for what it is.
    pub fn bytes(self) -> [u8; HEADER_BYTES] {
        self.bytes_of_version(VERSION)
    }

    pub(super) fn bytes_of_version(self, version: u8) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..7].copy_from_slice(MAGIC);
        bytes[7] = version;
        bytes[8..16].copy_from_slice(&self.segment.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first_record.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[..24]);
        bytes[24..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads the header at the start of a segment's `bytes`.
    pub fn read(bytes: &[u8]) -> Result<Header, BadHeader> {
        let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else { return Err(BadHeader::Damaged) };
        if header[..7] != *MAGIC || crc32c::crc32c(&header[..24]) != u32_at(header, 24) {
            return Err(BadHeader::Damaged);
        }
        if header[7] != VERSION {
            return Err(BadHeader::Version(header[7]));
        }
        Ok(Header { segment: u64_at(header, 8), first_record: u64_at(header, 16) })
    }
}

/// Appends a record to `out` whose place is not known yet; [`number`] completes it.
pub fn frame(out: &mut Vec<u8>, payload: &[u8]) {
    let Ok(()) = frame_with(out, |out| {
        out.extend_from_slice(payload);
        Ok::<_, std::convert::Infallible>(())
    });
}

/// The same for a payload that `write` appends.
pub fn frame_with<E>(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
    let start = out.len();
    out.reserve(USUAL_FRAMED_BYTES);
    out.extend_from_slice(&[0; FRAME_BYTES]);
    write(out)?;
    let length = (out.len() - start - FRAME_BYTES) as u32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// Gives the framed records their place: from `start` on, with the indices from `first_index` on. Returns the
/// index after the last.
pub fn number(framed: &mut [u8], start: Position, first_index: u32) -> u32 {
    let mut at = 0;
    let mut index = first_index;
    while at < framed.len() {
        let length = u32_at(framed, at);
        let end = at + FRAME_BYTES + length as usize;
        let checksum = checksum(start.plus(at), index, length, &framed[at + FRAME_BYTES..end]);
        framed[at + 4..at + 8].copy_from_slice(&index.to_le_bytes());
        framed[at + 8..at + 12].copy_from_slice(&checksum.to_le_bytes());
        at = end;
        index += 1;
    }
    index
}

/// Over all that makes a record this one: its bytes at another place, or in another segment, do not pass.
fn checksum(place: Position, index: u32, length: u32, payload: &[u8]) -> u32 {
    let mut frame = [0; 24];
    frame[..8].copy_from_slice(&place.segment.to_le_bytes());
    frame[8..16].copy_from_slice(&place.offset.to_le_bytes());
    frame[16..20].copy_from_slice(&index.to_le_bytes());
    frame[20..].copy_from_slice(&length.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c(&frame), payload)
}

/// What lies at the start of some bytes.
#[derive(Debug, PartialEq, Eq)]
enum Framed {
    Record {
        index: u32,
        bytes: usize,
    },
    /// Perhaps a record, of which the rest is not here.
    Cut,
    Damaged,
}

fn unframe(place: Position, bytes: &[u8], next_index: u32) -> Framed {
    let Some(frame) = bytes.first_chunk::<FRAME_BYTES>() else { return Framed::Cut };
    let (length, index) = (u32_at(frame, 0), u32_at(frame, 4));
    if length as usize > MAX_RECORD_BYTES || index < next_index {
        return Framed::Damaged;
    }
    match bytes.get(FRAME_BYTES..FRAME_BYTES + length as usize) {
        None => Framed::Cut,
        Some(payload) if checksum(place, index, length, payload) == u32_at(frame, 8) => {
            Framed::Record { index, bytes: FRAME_BYTES + length as usize }
        }
        Some(_) => Framed::Damaged,
    }
}

/// What a stretch of a segment holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// Payloads, in order.
    pub payloads: Vec<Range<usize>>,
    /// Bytes that are no records.
    pub damaged: Vec<Range<usize>>,
    /// Records that are missing between those that are there, known by their indices.
    pub lost: u64,
    /// Reading goes on here.
    pub end: usize,
    /// Index of the record there, if none is missing.
    pub next_index: u32,
}

/// Reads at most `max_records` records from `bytes`, which begin at `start`; the first has `next_index`
/// unless it is damaged. Damage is passed over up to the next whole record. `is_end`: no further bytes follow
/// in the segment; zeros there are room that was reserved and never used.
pub fn scan(start: Position, bytes: &[u8], next_index: u32, max_records: usize, is_end: bool) -> Stretch {
    let mut stretch = Stretch { next_index, ..Stretch::default() };
    while stretch.payloads.len() < max_records && stretch.end < bytes.len() {
        let at = stretch.end;
        match unframe(start.plus(at), &bytes[at..], stretch.next_index) {
            Framed::Record { index, bytes } => {
                stretch.lost += u64::from(index - stretch.next_index);
                stretch.end = at + bytes;
                stretch.payloads.push(at + FRAME_BYTES..stretch.end);
                stretch.next_index = index + 1;
            }
            Framed::Cut if !is_end => break,
            Framed::Cut | Framed::Damaged => {
                if let Some(next) = find_record(start, bytes, at + 1, stretch.next_index) {
                    stretch.damaged.push(at..next);
                    stretch.end = next;
                } else if is_end {
                    let used = bytes.len() - zeros_at_end(&bytes[at..]);
                    if used > at {
                        stretch.damaged.push(at..used);
                    }
                    stretch.end = bytes.len();
                } else {
                    // A record may begin near the end and reach beyond it.
                    let surely_damaged = (bytes.len().saturating_sub(MAX_FRAMED_BYTES)).max(at + 1);
                    stretch.damaged.push(at..surely_damaged);
                    stretch.end = surely_damaged;
                    break;
                }
            }
        }
    }
    stretch
}

/// Where the next whole record begins, from `from` on.
fn find_record(start: Position, bytes: &[u8], from: usize, next_index: u32) -> Option<usize> {
    // No record begins among the zeros at the end: its own sum would have to be zero too.
    let used = bytes.len() - bytes.get(from..).map_or(0, zeros_at_end);
    (from..used).find(|&at| {
        // Almost every wrong place fails here already: text gives lengths beyond any record, zeros a wrong
        // index or sum.
        matches!(unframe(start.plus(at), &bytes[at..], next_index), Framed::Record { .. })
    })
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(number)
}

/// How many zeros `bytes` end with. Compares whole pages, because a reserved segment ends with tens of MiB of
/// them.
pub fn zeros_at_end(bytes: &[u8]) -> usize {
    const ZEROS: [u8; 4096] = [0; 4096];
    let pages = bytes.rchunks_exact(ZEROS.len()).take_while(|&page| page == ZEROS).count();
    let zeros = pages * ZEROS.len();
    zeros + bytes[..bytes.len() - zeros].iter().rev().take_while(|&&byte| byte == 0).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Position = Position { segment: 7, offset: 100 };

    fn records(payloads: &[&[u8]]) -> Vec<u8> {
        let mut framed = Vec::new();
        payloads.iter().for_each(|payload| frame(&mut framed, payload));
        number(&mut framed, START, 0);
        framed
    }

    fn read<'a>(bytes: &'a [u8], stretch: &Stretch) -> Vec<&'a [u8]> {
        stretch.payloads.iter().map(|range| &bytes[range.clone()]).collect()
    }

    #[test]
    fn records_read_back_in_order() {
        let bytes = records(&[b"one", b"", b"three"]);
        let stretch = scan(START, &bytes, 0, 10, true);
        assert_eq!(read(&bytes, &stretch), [&b"one"[..], b"", b"three"]);
        assert_eq!((stretch.end, stretch.next_index, stretch.lost), (bytes.len(), 3, 0));
        assert_eq!(scan(START, &bytes, 0, 2, true).next_index, 2);
        assert!(scan(Position { segment: 8, ..START }, &bytes, 0, 10, true).payloads.is_empty());
    }

    #[test]
    fn a_flipped_bit_costs_its_record_and_no_other() {
        let bytes = records(&[b"before", b"payload", b"after"]);
        let (start, end) = (FRAME_BYTES + 6, 2 * FRAME_BYTES + 13);
        for bit in start * 8..end * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let stretch = scan(START, &flipped, 0, 10, true);
            assert_eq!(read(&flipped, &stretch), [&b"before"[..], b"after"], "bit {bit}");
            assert_eq!(stretch.lost, 1, "bit {bit}");
            assert!(stretch.damaged.iter().eq([&(start..end)]), "bit {bit}");
        }
    }

    #[test]
    fn a_block_that_was_written_to_another_place_is_damage() {
        let bytes = records(&[b"one", b"two", b"six"]);
        let record = FRAME_BYTES + 3;
        let mut moved = bytes.clone();
        moved.copy_within(2 * record.., 0);
        let stretch = scan(START, &moved, 0, 10, true);
        assert_eq!(read(&moved, &stretch), [b"two", b"six"]);
        assert_eq!(stretch.lost, 1);
        assert!(stretch.damaged.iter().eq([&(0..record)]));
    }

    #[test]
    fn reserved_room_is_not_damage_and_a_torn_tail_is() {
        let mut bytes = records(&[b"one"]);
        let whole = bytes.len();
        bytes.extend_from_slice(&[0; 100]);
        assert!(scan(START, &bytes, 0, 10, true).damaged.is_empty());
        bytes[whole] = 3;
        assert!(scan(START, &bytes, 0, 10, true).damaged.iter().eq([&(whole..whole + 1)]));
    }

    #[test]
    fn a_record_that_goes_on_beyond_the_bytes_at_hand_is_left_for_the_next_look() {
        let bytes = records(&[b"one", b"two"]);
        let stretch = scan(START, &bytes[..bytes.len() - 1], 0, 10, false);
        assert_eq!((stretch.payloads.len(), stretch.end, stretch.damaged.len()), (1, FRAME_BYTES + 3, 0));
    }

    #[test]
    fn damage_that_goes_on_beyond_the_bytes_at_hand_is_passed_over_step_by_step() {
        let mut bytes = vec![b' '; 3 * MAX_FRAMED_BYTES];
        let mut framed = Vec::new();
        frame(&mut framed, b"late");
        number(&mut framed, START.plus(bytes.len()), 9);
        bytes.extend_from_slice(&framed);
        let (mut at, mut index, mut lost, mut found) = (0, 0, 0, Vec::new());
        while at < bytes.len() {
            let end = bytes.len().min(at + 2 * MAX_FRAMED_BYTES);
            let stretch = scan(START.plus(at), &bytes[at..end], index, 10, end == bytes.len());
            found.extend(read(&bytes[at..end], &stretch));
            (lost, index) = (lost + stretch.lost, stretch.next_index);
            assert!(stretch.end > 0);
            at += stretch.end;
        }
        assert_eq!((found, lost), (vec![&b"late"[..]], 9));
    }

    #[test]
    fn a_header_reads_back_and_names_another_version() {
        let header = Header { segment: 3, first_record: 1 << 40 };
        assert_eq!(Header::read(&header.bytes()), Ok(header));
        for bit in 0..HEADER_BYTES * 8 {
            let mut flipped = header.bytes();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::read(&flipped), Err(BadHeader::Damaged), "bit {bit}");
        }
        assert_eq!(Header::read(&header.bytes_of_version(b'3')), Err(BadHeader::Version(b'3')));
        assert_eq!(Header::read(b"SFSPOOL"), Err(BadHeader::Damaged));
    }
}
