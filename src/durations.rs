//! How long something took, each time, as a histogram that any thread may add to and read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets, in microseconds; the last bucket has none.
const BOUNDS_US: [u64; 14] = [
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    500_000,
    2_000_000,
    10_000_000,
    u64::MAX,
];

/// A histogram of durations.
#[derive(Debug, Default)]
pub struct Durations {
    buckets: [AtomicU64; BOUNDS_US.len()],
    sum_ns: AtomicU64,
}

impl Durations {
    /// Adds one duration.
    pub fn observe(&self, took: Duration) {
        let us = took.as_micros() as u64;
        let bucket = BOUNDS_US.iter().position(|&bound| us <= bound).unwrap_or(BOUNDS_US.len() - 1);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_ns.fetch_add(took.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Upper bound in seconds and count of each bucket, each count for its bucket alone; the last is
    /// unbounded.
    pub fn buckets(&self) -> Vec<(f64, u64)> {
        let counts = self.buckets.iter().map(|count| count.load(Ordering::Relaxed));
        let seconds = |us: u64| if us == u64::MAX { f64::INFINITY } else { us as f64 / 1e6 };
        BOUNDS_US.iter().map(|&bound| seconds(bound)).zip(counts).collect()
    }

    /// Time spent in all of them.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum_ns.load(Ordering::Relaxed))
    }
}
