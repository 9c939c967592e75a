//! How long the upkeep rests, so that it leaves most of the machine to others and is at once where little
//! happens.

use std::time::Duration;
use tokio::time::Instant;

/// Time of rest for each time of work, on average: the share of a core that upkeep takes is a fifth at most.
const REST: u32 = 4;
/// Work that is done without rest after a quiet time.
const ALLOWANCE: Duration = Duration::from_secs(3);
/// A longer rest would save little: what a round costs grows with what has changed meanwhile.
const MAX_REST: Duration = Duration::from_secs(30);

/// How much rest the work so far asks for.
#[derive(Debug)]
pub struct Pace {
    /// Shortest rest, so that small parts do not pile up.
    interval: Duration,
    /// When all of that rest will be over.
    rested_at: Instant,
}

impl Pace {
    pub fn new(interval: Duration, now: Instant) -> Pace {
        Pace { interval, rested_at: now }
    }

    /// How long to rest after work from `begun` to `ended`.
    pub fn rest(&mut self, begun: Instant, ended: Instant) -> Duration {
        let worked = ended - begun;
        self.rested_at = self.rested_at.max(begun) + worked * (REST + 1);
        let wanted = (self.rested_at - ended).saturating_sub(ALLOWANCE * REST);
        // What would be rested beyond the longest rest is forgiven.
        let rest = wanted.min(MAX_REST);
        self.rested_at -= wanted - rest;
        rest.max(self.interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(200);

    #[test]
    fn little_work_never_rests_long() {
        let mut now = Instant::now();
        let mut pace = Pace::new(INTERVAL, now);
        for _ in 0..100 {
            let begun = now;
            now += Duration::from_millis(40);
            let rest = pace.rest(begun, now);
            assert_eq!(rest, INTERVAL);
            now += rest;
        }
    }

    #[test]
    fn much_work_takes_a_fifth_of_the_time() {
        let first = Instant::now();
        let mut now = first;
        let mut pace = Pace::new(INTERVAL, now);
        let mut worked = Duration::ZERO;
        for round in 0..200 {
            let begun = now;
            let work = Duration::from_millis(700 + 30 * (round % 7));
            (now, worked) = (now + work, worked + work);
            now += pace.rest(begun, now);
        }
        let share = worked.as_secs_f64() / (now - first).as_secs_f64();
        assert!((0.195..0.22).contains(&share), "{share}");
    }

    #[test]
    fn a_burst_after_a_quiet_time_is_done_without_rest_and_the_longest_rest_is_bounded() {
        let now = Instant::now();
        let mut pace = Pace::new(INTERVAL, now);
        let later = now + Duration::from_secs(100);
        let burst = later + Duration::from_millis(2_900);
        assert_eq!(pace.rest(later, burst), INTERVAL);
        let long = burst + Duration::from_secs(60);
        assert_eq!(pace.rest(burst, long), MAX_REST);
    }
}
