//! What the upkeep of the ledger reads and writes. `sql/ledger` has its questions.

mod batch;
mod queue;
mod rows;
mod totals;
mod touched;

pub use batch::LedgerBatch;
pub use queue::{Piece, QueuePart};
