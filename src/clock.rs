//! The time of day as a value, so that a test decides when "now" is.
//!
//! Everything that asks for wall-clock time is handed a [`Clock`]; nothing else reads the system's.
//! Waiting and timeouts use tokio's monotonic timer and never this clock.

use chrono::{DateTime, NaiveDate, Utc};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The moment of epoch milliseconds; beyond the calendar its first or last moment, which no table takes for
/// another.
pub fn moment(ms: i64) -> DateTime<Utc> {
    let bound = if ms < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    DateTime::from_timestamp_millis(ms).unwrap_or(bound)
}

/// Days since 1970-01-01, as tables hold them; none for a day that they cannot hold: before, or after
/// 2149-06-06.
pub fn days_since_1970(day: NaiveDate) -> Option<u16> {
    u16::try_from(day.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970_and_none_is_taken_for_another() {
        let days = |year, month, day| days_since_1970(NaiveDate::from_ymd_opt(year, month, day).unwrap());
        assert_eq!(
            (days(1970, 1, 1), days(2026, 11, 22), days(2149, 6, 6)),
            (Some(0), Some(20_779), Some(65_535))
        );
        assert_eq!((days(1969, 12, 31), days(2149, 6, 7)), (None, None));
    }

    #[test]
    fn a_moment_beyond_the_calendar_is_not_1970() {
        assert_eq!(moment(0).to_rfc3339(), "1970-01-01T00:00:00+00:00");
        assert!(moment(i64::MAX) > moment(253_402_300_799_999) && moment(i64::MIN) < moment(0));
    }
}
