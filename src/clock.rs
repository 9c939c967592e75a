//! The time of day as a value, so that a test decides when "now" is.
//!
//! Everything that asks for wall-clock time is handed a [`Clock`]; nothing else reads the system's.
//! Waiting and timeouts use tokio's monotonic timer and never this clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the wall-clock time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Epoch milliseconds that the holder of the same value sets.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands still at `now_ms` (epoch milliseconds) until [`Clock::set`].
    pub fn manual(now_ms: i64) -> Clock {
        Clock::Manual(Arc::new(AtomicI64::new(now_ms)))
    }

    /// Epoch milliseconds, UTC.
    pub fn now_ms(&self) -> i64 {
        match self {
            Clock::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since_epoch| since_epoch.as_millis() as i64),
            Clock::Manual(now_ms) => now_ms.load(Ordering::SeqCst),
        }
    }

    /// Moves a manual clock to `now_ms`; the system's clock is not ours to move.
    pub fn set(&self, now_ms: i64) {
        if let Clock::Manual(current) = self {
            current.store(now_ms, Ordering::SeqCst);
        }
    }
}
