//! How far figures follow the events that were acknowledged.

use crate::shipper::Progress;
use crate::spool::Spool;
use crate::upkeep::UpkeepHandle;
use tokio::sync::watch;

/// What tells how far the shipper and the upkeep are. Each moment is to be read before the question is asked,
/// so that it is never later than what the answer saw.
#[derive(Clone)]
pub struct Freshness {
    /// Holds what was acknowledged.
    pub spool: Spool,
    /// How far the spool is shipped.
    pub progress: watch::Receiver<Progress>,
    /// How far the ledger follows.
    pub upkeep: UpkeepHandle,
}

impl Freshness {
    /// Whether the tables have been there since the start.
    pub(in crate::http) fn has_tables(&self) -> bool {
        self.progress.borrow().migrated
    }

    /// Until when everything that arrived is in the store, in epoch milliseconds.
    pub(in crate::http) fn stored_until_ms(&self, now_ms: i64) -> i64 {
        let progress = *self.progress.borrow();
        if progress.shipped >= self.spool.durable() { now_ms } else { progress.fresh_until_ms.min(now_ms) }
    }

    /// Until when everything that arrived is in every figure, in epoch milliseconds.
    pub(in crate::http) fn fresh_until_ms(&self, now_ms: i64) -> i64 {
        let settled = self.upkeep.settled();
        let is_caught_up = settled.is_idle && settled.shipped >= self.spool.durable();
        if is_caught_up { now_ms } else { settled.fresh_until_ms.min(now_ms) }
    }
}
