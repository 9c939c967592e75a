//! When it is night: then every shop is verified.

use crate::clock::moment;
use crate::shops::registry::Registry;
use chrono::Days;
use chrono_tz::Tz;

const NIGHT_HOUR: u32 = 3;
const DAY_MS: i64 = 86_400_000;

/// The next three o'clock in a time zone, epoch milliseconds. Where a clock jumps over it, an hour later.
pub(super) fn next_night(now_ms: i64, zone: Tz) -> i64 {
    let now = moment(now_ms).with_timezone(&zone);
    let nights = (0..3).filter_map(|days| {
        let day = now.date_naive().checked_add_days(Days::new(days))?;
        let at = |hour| day.and_hms_opt(hour, 0, 0)?.and_local_timezone(zone).earliest();
        Some(at(NIGHT_HOUR).or_else(|| at(NIGHT_HOUR + 1))?.timestamp_millis())
    });
    nights.into_iter().find(|night| *night > now_ms).unwrap_or(now_ms + DAY_MS)
}

/// Whose night it is: most servers have the shops of one place.
pub(super) fn night_zone(registry: &Registry) -> Tz {
    registry.snapshot().shops().first().map_or(Tz::UTC, |shop| shop.time_zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_is_at_three_of_the_shop() {
        const HOUR_MS: i64 = 3_600_000;
        let next = |now_ms, zone: &str| next_night(now_ms, zone.parse().unwrap());
        let three = next(0, "UTC");
        assert_eq!(three, 3 * HOUR_MS);
        assert_eq!(next(three, "UTC"), three + 24 * HOUR_MS);
        assert_eq!(next(three - 1, "UTC"), three);
        assert_eq!(next(0, "Asia/Shanghai"), 19 * HOUR_MS, "of the next morning there");
        // On 2026-03-29 the clocks of Helsinki go from three to four, at one o'clock UTC.
        let four = 1_774_746_000_000;
        assert_eq!(next(four - HOUR_MS, "Europe/Helsinki"), four);
    }
}
