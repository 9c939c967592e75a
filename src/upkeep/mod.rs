//! Keeps the day ledger right: whatever changed about a visitor or an order is found anew and the difference
//! written down.
//!
//! ClickHouse queues who changed (`ledger_changes`, fed by every event that is stored). One round takes a
//! piece of the queue, reads everything about these visitors, compares what holds now with what was written
//! down before, and writes the difference as one batch:
//!
//! 1. The batch is kept in `DATA_DIR/ledger.batch`, fsynced: rows with their final values under a number of
//!    its own.
//! 2. Its rows are inserted. Each replaces the row with its key and a lower number, so inserting them again
//!    changes nothing.
//! 3. The file is removed, and the piece taken off the queue.
//!
//! After a crash a batch that is found is inserted once more; a piece that is still queued is worked on once
//! more, and then there is no difference. The cost of a round is that of the visitors who changed. Nobody
//! else writes these tables; `store/erase` deletes from them what holds no longer.
//!
//! What is read may be newer than the queue, because events come while it is read: they are queued behind,
//! and a later round finds whatever this one has seen half. What was written down before is read whole, since
//! only one upkeep writes.
//!
//! A *slot* is a visitor's number, or one made of an order's id (the *nobody* who stands for the visitor of
//! an order without one): ranges of slots cut the work on a large shop into pieces.
//!
//! It also writes down the shops as they are, for whoever asks ClickHouse itself.

mod batch_file;
mod error;
mod handle;
mod known;
mod lots;
mod night;
mod pace;
mod recovery;
mod rounds;
mod shops;
mod verdict;
mod verify;

pub use handle::{Hold, Settled, UpkeepHandle};
pub use rounds::{Upkeep, UpkeepOptions};
pub use verdict::{Verdict, VerifyError};
