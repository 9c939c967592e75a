//! How the queue is taken off: parts together, and of them one range of visitors after the other.
//!
//! A long queue is sorted first: who changed in many parts is worked on once, and what is done of it is
//! done, should the program be stopped before the rest.

use crate::store::{Piece, QueuePart};
use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Visitors and orders worked on at once, which bounds memory.
pub const PIECE_SLOTS: u64 = 32_000;
/// Rows of parts of the queue taken together: the more, the more of who changes every second is worked on
/// once; the fewer, the sooner a newcomer has its turn. So as many as take about [`LONG_LOT`].
pub const LOT_ROWS: RangeInclusive<u64> = 16_000..=256_000;
/// What the first lot may have: on two cores it takes five seconds.
pub const FIRST_LOT_ROWS: u64 = 128_000;
/// A longer queue is sorted: into parts of a range of slots each.
pub const MAX_UNSORTED_ROWS: u64 = 256_000;
/// Visitors and orders of each of them: in a large shop some seconds of work, which is what a program that is
/// stopped has to do again.
const SORTED_SLOTS: u64 = 16_000;
/// A lot that takes longer is a large one.
const LONG_LOT: Duration = Duration::from_secs(8);
/// After this long a round leaves the lots of a backlog that are left to the next one.
pub const LONG_ROUND: Duration = Duration::from_secs(2);

/// What is taken off the queue at once.
#[derive(Debug, Default)]
pub struct Lot {
    pub parts: Vec<String>,
    pub rows: u64,
    /// It is of one small range of slots.
    pub is_sorted: bool,
}

impl Lot {
    /// As many ranges of slots as it has `slots` for. A slot that several parts have is worked on once.
    pub fn pieces(&self, slots: u64) -> Vec<Piece> {
        self.ranges(if self.is_sorted { 1 } else { slots.div_ceil(PIECE_SLOTS) })
    }

    /// The ranges that it is sorted into.
    pub fn sorted_pieces(&self, slots: u64) -> Vec<Piece> {
        self.ranges(slots.div_ceil(SORTED_SLOTS))
    }

    fn ranges(&self, count: u64) -> Vec<Piece> {
        let count = count.max(1);
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

/// The parts to be sorted; none while they are few.
pub fn unsorted(queue: &[QueuePart], sorted: &HashSet<String>) -> Lot {
    let mut lot = Lot::default();
    for part in queue.iter().filter(|part| !sorted.contains(&part.name)) {
        lot.parts.push(part.name.clone());
        lot.rows += part.rows;
    }
    if lot.rows > MAX_UNSORTED_ROWS { lot } else { Lot::default() }
}

/// Parts together as long as they are small, in their order; each of those that are `sorted` by itself, as
/// nobody is in two of them.
pub fn lots(queue: &[QueuePart], lot_rows: u64, sorted: &HashSet<String>) -> Vec<Lot> {
    let mut lots: Vec<Lot> = Vec::new();
    for part in queue {
        let is_sorted = sorted.contains(&part.name);
        if is_sorted || lots.last().is_none_or(|lot| lot.is_sorted || lot.rows + part.rows > lot_rows) {
            lots.push(Lot { is_sorted, ..Lot::default() });
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
        let lots = lots(&queue, 100_000, &HashSet::new());
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
    fn a_long_queue_is_sorted_once_and_sorted_parts_are_worked_on_one_by_one() {
        let part = |name: &str, rows| QueuePart { name: name.into(), rows, first_block: 0, last_block: 0 };
        let (none, sorted) = (HashSet::new(), HashSet::from(["c".to_owned(), "d".to_owned()]));
        let short = [part("a", 1), part("b", MAX_UNSORTED_ROWS - 1)];
        assert_eq!(unsorted(&short, &none).parts, Vec::<String>::new());
        let long = [part("a", 1), part("b", 2), part("c", 40_000), part("d", MAX_UNSORTED_ROWS)];
        assert_eq!(unsorted(&long, &none).parts, ["a", "b", "c", "d"]);
        assert_eq!(unsorted(&long, &sorted).parts, Vec::<String>::new());
        let lots = lots(&long, 100_000, &sorted);
        let parts: Vec<&[String]> = lots.iter().map(|lot| lot.parts.as_slice()).collect();
        assert_eq!(parts, [["a", "b"].as_slice(), &["c"], &["d"]]);
        assert_eq!(lots[2].pieces(500_000).len(), 1, "a sorted part is a piece");
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
