//! The pause between two attempts at something that fails: it doubles with every failure, up to a bound.
//!
//! It only computes. Whoever attempts also waits, and decides when to give up.

use std::time::Duration;

/// The pauses of one series of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    /// A series that begins with the pause `first`, which is at most `max`.
    pub const fn new(first: Duration, max: Duration) -> Backoff {
        Backoff { first, max, next: first }
    }

    /// The pause after a failed attempt; the pause after the next failure is twice as long.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(self.max);
        pause
    }

    /// After a success the series begins again.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

/// A pause give or take a quarter, so that installations whose attempts failed together do not repeat them in
/// step. `chance` is a random number from 0 to 1.
pub fn spread(pause: Duration, chance: f64) -> Duration {
    pause.mul_f64(0.75 + chance / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_pause_doubles_up_to_its_bound_and_begins_again_after_a_success() {
        let mut backoff = Backoff::new(ms(100), ms(500));
        assert_eq!([(); 5].map(|()| backoff.pause()), [100, 200, 400, 500, 500].map(ms));
        backoff.reset();
        assert_eq!([(); 2].map(|()| backoff.pause()), [100, 200].map(ms));
    }

    #[test]
    fn the_longest_bound_is_reached_and_never_passed() {
        let mut backoff = Backoff::new(ms(1), Duration::MAX);
        let last = (0..100).map(|_| backoff.pause()).last();
        assert_eq!(last, Some(Duration::MAX));
    }

    #[test]
    fn a_spread_pause_is_within_a_quarter_of_the_pause() {
        assert_eq!([0.0, 0.5, 1.0].map(|chance| spread(ms(400), chance)), [300, 400, 500].map(ms));
    }
}
