//! How the queue is taken off: parts together, and of them one range of visitors after the other.

use crate::store::{Piece, QueuePart};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Visitors and orders worked on at once, which bounds memory.
pub const PIECE_SLOTS: u64 = 32_000;
/// Rows of parts of the queue taken together: the more, the more of who changes every second is worked on
/// once; the fewer, the sooner a newcomer has its turn. So as many as take about [`LONG_LOT`].
pub const LOT_ROWS: RangeInclusive<u64> = 16_000..=256_000;
/// What the first lot may have: on two cores it takes five seconds.
pub const FIRST_LOT_ROWS: u64 = 128_000;
/// A lot that takes longer is a large one.
const LONG_LOT: Duration = Duration::from_secs(8);
/// After this long a round leaves the lots of a backlog that are left to the next one.
pub const LONG_ROUND: Duration = Duration::from_secs(2);

/// What is taken off the queue at once.
#[derive(Debug, Default)]
pub struct Lot {
    pub parts: Vec<String>,
    pub rows: u64,
}

impl Lot {
    /// As many ranges of slots as it has `slots` for. A slot that several parts have is worked on once.
    pub fn pieces(&self, slots: u64) -> Vec<Piece> {
        let count = slots.div_ceil(PIECE_SLOTS).max(1);
        let width = u64::MAX / count;
        let pieces = (0..count).map(|index| Piece {
            parts: self.parts.clone(),
            first_slot: if index == 0 { 0 } else { index * width + 1 },
            last_slot: if index + 1 == count { u64::MAX } else { (index + 1) * width },
        });
        pieces.collect()
    }
}

/// How many rows the next lots may have, after one of `rows` took so long.
pub fn next_lot_rows(lot_rows: u64, rows: u64, took: Duration) -> u64 {
    let wanted = if took > 2 * LONG_LOT {
        lot_rows / 2
    } else if took < LONG_LOT && rows > lot_rows / 2 {
        lot_rows * 2
    } else {
        lot_rows
    };
    wanted.clamp(*LOT_ROWS.start(), *LOT_ROWS.end())
}

/// Parts together as long as they are small, in their order.
pub fn lots(queue: &[QueuePart], lot_rows: u64) -> Vec<Lot> {
    let mut lots: Vec<Lot> = Vec::new();
    for part in queue {
        if lots.last().is_none_or(|lot| lot.rows + part.rows > lot_rows) {
            lots.push(Lot::default());
        }
        if let Some(lot) = lots.last_mut() {
            lot.parts.push(part.name.clone());
            lot.rows += part.rows;
        }
    }
    lots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_of_every_part_is_in_one_piece() {
        let part = |name: &str, rows| QueuePart { name: name.into(), rows, first_block: 0, last_block: 0 };
        let queue = [part("a", 1), part("b", 99_999), part("c", 1), part("d", 300_001)];
        let lots = lots(&queue, 100_000);
        let parts: Vec<&[String]> = lots.iter().map(|lot| lot.parts.as_slice()).collect();
        assert_eq!(parts, [["a", "b"].as_slice(), &["c"], &["d"]]);
        for lot in &lots {
            let mut next = Some(0);
            for piece in &lot.pieces(lot.rows) {
                assert_eq!((Some(piece.first_slot), &piece.parts), (next, &lot.parts));
                assert!(piece.first_slot <= piece.last_slot);
                next = piece.last_slot.checked_add(1);
            }
            assert_eq!(next, None, "the last piece ends with the last slot");
        }
    }

    #[test]
    fn lots_grow_while_they_are_quick_and_shrink_when_they_are_slow() {
        let [quick, fair, slow] = [1, 2, 3].map(|half| half * LONG_LOT - LONG_LOT / 2);
        assert_eq!(next_lot_rows(16_000, 15_000, quick), 32_000);
        assert_eq!(next_lot_rows(16_000, 100, quick), 16_000, "few rows tell nothing");
        assert_eq!(next_lot_rows(64_000, 64_000, fair), 64_000);
        assert_eq!(next_lot_rows(64_000, 64_000, slow), 32_000);
        assert_eq!(next_lot_rows(16_000, 16_000, slow), 16_000);
        assert_eq!(next_lot_rows(256_000, 256_000, quick), 256_000);
    }
}
