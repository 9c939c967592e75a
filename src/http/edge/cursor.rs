//! Cursors: the text of a place in a list, good for that list only.
//!
//! A list is named by what it is of. The checksum is no secret: it only keeps cursors from being mixed up.

use crate::secret::{from_hex, hex};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// Times that a place may hold, because the store can: epoch milliseconds up to the end of 2199.
pub const STORABLE_MS: Range<i64> = 0..7_258_118_400_000;
/// Bytes that tell a place.
pub const PLACE_BYTES: usize = 24;
const CHECKSUM_BYTES: usize = 8;

/// The text of a place in the list of that name.
pub fn write(place: [u8; PLACE_BYTES], list: &[&str]) -> String {
    hex(&[place.as_slice(), &checksum(&place, list)].concat())
}

/// The place, when the text is a cursor of this list.
pub fn read(text: &str, list: &[&str]) -> Option<[u8; PLACE_BYTES]> {
    let bytes = from_hex(text)?;
    let (place, sum) = bytes.split_first_chunk()?;
    (sum == checksum(place, list)).then_some(*place)
}

fn checksum(place: &[u8], list: &[&str]) -> [u8; CHECKSUM_BYTES] {
    let mut sum = [0; CHECKSUM_BYTES];
    let text = [place, list.join("\n").as_bytes()].concat();
    sum.copy_from_slice(&Sha256::digest(text)[..CHECKSUM_BYTES]);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_for_its_own_list_only() {
        let place = [7; PLACE_BYTES];
        let text = write(place, &["tea", "v"]);
        assert_eq!(read(&text, &["tea", "v"]), Some(place));
        let other_digit = if text.ends_with('0') { '1' } else { '0' };
        let spoilt = format!("{}{other_digit}", &text[..text.len() - 1]);
        for (text, list) in [
            (text.as_str(), ["cup", "v"]),
            (text.as_str(), ["tea", "w"]),
            (&text[1..], ["tea", "v"]),
            (spoilt.as_str(), ["tea", "v"]),
            ("", ["tea", "v"]),
            ("é".repeat(32).as_str(), ["tea", "v"]),
        ] {
            assert_eq!(read(text, &list), None, "{text}");
        }
    }
}
