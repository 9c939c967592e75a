//! How much one sender may ask of us, decided before any work is done for it.
//!
//! Token buckets per client address, per shop and per key. The maps are keyed by what strangers send, so each
//! has a hard cap: when it is reached, newcomers share one bucket instead of getting one each. Buckets that
//! are full again are dropped every [`SWEEP_INTERVAL`]. A client's two limits lie side by side in one map:
//! with an address for each visitor the search for the address costs more than the arithmetic.
//!
//! A peer on this machine that forwards for nobody is exempt: it is the operator.

use super::error::ApiError;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;
use governor::{Quota, RateLimiter};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Hard bound on the buckets of one map, about 10 MiB.
const MAX_KEYS: usize = 100_000;
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// Rates per second, where a name says nothing else.
#[derive(Debug, Clone, Copy)]
pub struct LimitOptions {
    /// Requests to `/e` of one client (an IPv4 address, or an IPv6 /64).
    pub client_requests: NonZeroU32,
    /// Requests to `/e` that one client may make at once after a pause.
    pub client_burst: NonZeroU32,
    /// Events that one client may send to `/e` in a minute.
    pub client_events_per_minute: NonZeroU32,
    /// Events that one client may send to `/e` at once after a pause.
    pub client_events_burst: NonZeroU32,
    /// Requests to `/e` for one shop.
    pub shop_requests: NonZeroU32,
    /// Events that one shop's server may send.
    pub server_events: NonZeroU32,
    /// Reports that one key may ask for.
    pub reports: NonZeroU32,
}

const fn rate(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("a rate is not 0")
}

impl Default for LimitOptions {
    fn default() -> LimitOptions {
        LimitOptions {
            client_requests: rate(50),
            client_burst: rate(200),
            client_events_per_minute: rate(3_000),
            client_events_burst: rate(1_000),
            shop_requests: rate(5_000),
            server_events: rate(50_000),
            reports: rate(20),
        }
    }
}

/// All limits of the public listener.
#[derive(Debug)]
pub struct Limits {
    clients: Limiter<IpAddr>,
    client_events: Limiter<IpAddr>,
    shops: Limiter<String>,
    servers: Limiter<String>,
    reports: Limiter<String>,
}

impl Limits {
    pub fn new(options: LimitOptions) -> Limits {
        let events =
            Quota::per_minute(options.client_events_per_minute).allow_burst(options.client_events_burst);
        let per_client = Quota::per_second(options.client_requests).allow_burst(options.client_burst);
        let [clients, client_events] = Limiter::pair([per_client, events], MAX_KEYS, MonotonicClock);
        Limits {
            clients,
            client_events,
            shops: Limiter::new(Quota::per_second(options.shop_requests), MAX_KEYS, MonotonicClock),
            servers: Limiter::new(Quota::per_second(options.server_events), MAX_KEYS, MonotonicClock),
            reports: Limiter::new(Quota::per_second(options.reports), MAX_KEYS, MonotonicClock),
        }
    }

    /// One request to `/e` of a client.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub fn client(&self, client: IpAddr) -> Result<(), ApiError> {
        self.clients.take(&network(client), 1).map_err(limited)
    }

    /// Events of a client in one request to `/e`.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub fn client_events(&self, client: IpAddr, events: usize) -> Result<(), ApiError> {
        let events = u32::try_from(events).unwrap_or(u32::MAX);
        self.client_events.take(&network(client), events).map_err(limited)
    }

    /// One request to `/e` for a shop.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub fn shop(&self, slug: &str) -> Result<(), ApiError> {
        self.shops.take(&slug.to_owned(), 1).map_err(limited)
    }

    /// Events of a shop's server.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub fn server(&self, slug: &str, events: usize) -> Result<(), ApiError> {
        self.server_wait(slug, events).map_err(limited)
    }

    /// As [`Limits::server`], for a sender that is made to wait instead of being refused.
    ///
    /// # Errors
    /// The time to wait before asking again.
    pub fn server_wait(&self, slug: &str, events: usize) -> Result<(), Duration> {
        self.servers.take(&slug.to_owned(), u32::try_from(events).unwrap_or(u32::MAX))
    }

    /// One report asked for with a key of a shop.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub fn report(&self, slug: &str) -> Result<(), ApiError> {
        self.reports.take(&slug.to_owned(), 1).map_err(limited)
    }

    /// Drops the buckets that are full again.
    pub fn sweep(&self) {
        self.clients.sweep();
        self.client_events.sweep();
        self.shops.sweep();
        self.servers.sweep();
        self.reports.sweep();
    }
}

fn limited(wait: Duration) -> ApiError {
    ApiError::RateLimited { retry_after_seconds: wait.as_secs() as u32 + 1 }
}

/// What counts as one client: the address, or the /64 that an IPv6 subscriber is given. An IPv4 address
/// inside an IPv6 one is unwrapped first, or all of them would share one bucket.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
    }
}

/// Whether a request comes from this machine itself and was not forwarded.
pub fn is_exempt(peer: Option<IpAddr>, forwarded: bool) -> bool {
    !forwarded && peer.is_none_or(|peer| peer.to_canonical().is_loopback())
}

/// One limit of each key.
#[derive(Debug)]
struct Limiter<K: Hash + Eq + Clone, C: Clock = MonotonicClock> {
    limiter: RateLimiter<K, Column<K>, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    burst: NonZeroU32,
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Limiter<K, C> {
    fn new(quota: Quota, max_keys: usize, clock: C) -> Limiter<K, C> {
        Limiter::of(quota, Column { buckets: Arc::new(Buckets::new(max_keys)), number: 0 }, clock)
    }

    /// Two limits of the same keys.
    fn pair(quotas: [Quota; COLUMNS], max_keys: usize, clock: C) -> [Limiter<K, C>; COLUMNS] {
        let buckets = Arc::new(Buckets::new(max_keys));
        let column = |number| Column { buckets: Arc::clone(&buckets), number };
        std::array::from_fn(|number| Limiter::of(quotas[number], column(number), clock.clone()))
    }

    fn of(quota: Quota, column: Column<K>, clock: C) -> Limiter<K, C> {
        Limiter { limiter: RateLimiter::new(quota, column, clock.clone()), clock, burst: quota.burst_size() }
    }

    /// Takes `count` tokens, at most a whole bucket of them.
    fn take(&self, key: &K, count: u32) -> Result<(), Duration> {
        let Some(count) = NonZeroU32::new(count.min(self.burst.get())) else { return Ok(()) };
        match self.limiter.check_key_n(key, count) {
            Ok(Ok(_)) | Err(_) => Ok(()),
            Ok(Err(not_until)) => Err(not_until.wait_time_from(self.clock.now())),
        }
    }

    fn sweep(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

/// Limits that one map can hold for each of its keys.
const COLUMNS: usize = 2;
/// The buckets of one key, by column. A column that was not asked yet, or is full again, has none.
type Row = [Option<Nanos>; COLUMNS];

/// Buckets of at most `max_keys` keys; all keys beyond share one row.
#[derive(Debug)]
struct Buckets<K> {
    max_keys: usize,
    rows: Mutex<Rows<K>>,
}

#[derive(Debug)]
struct Rows<K> {
    by_key: HashMap<K, Row>,
    shared: Row,
}

impl<K: Hash + Eq + Clone> Rows<K> {
    /// The row of a key that may or may not have one yet.
    fn of(&mut self, key: &K, max_keys: usize) -> &mut Row {
        let is_full = self.by_key.len() >= max_keys;
        if is_full && !self.by_key.contains_key(key) {
            return &mut self.shared;
        }
        self.by_key.entry(key.clone()).or_default()
    }
}

impl<K> Buckets<K> {
    fn new(max_keys: usize) -> Buckets<K> {
        Buckets { max_keys, rows: Mutex::new(Rows { by_key: HashMap::new(), shared: Row::default() }) }
    }

    fn lock(&self) -> MutexGuard<'_, Rows<K>> {
        self.rows.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The buckets of one limit.
#[derive(Debug)]
struct Column<K> {
    buckets: Arc<Buckets<K>>,
    number: usize,
}

impl<K: Hash + Eq + Clone> StateStore for Column<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut rows = self.buckets.lock();
        let bucket = &mut rows.of(key, self.buckets.max_keys)[self.number];
        let (taken, next) = f(*bucket)?;
        *bucket = Some(next);
        Ok(taken)
    }
}

impl<K: Hash + Eq + Clone> ShrinkableKeyedStateStore<K> for Column<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        self.buckets.lock().by_key.retain(|_, row| {
            row[self.number] = row[self.number].filter(|bucket| *bucket > drop_below);
            row.iter().any(Option::is_some)
        });
    }

    fn shrink_to_fit(&self) {
        self.buckets.lock().by_key.shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.buckets.lock().by_key.len()
    }

    fn is_empty(&self) -> bool {
        self.buckets.lock().by_key.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;
    use std::net::Ipv4Addr;

    fn limiter(max_keys: usize) -> (Limiter<u32, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let quota = Quota::per_second(rate(2)).allow_burst(rate(3));
        (Limiter::new(quota, max_keys, clock.clone()), clock)
    }

    #[test]
    fn a_burst_passes_and_then_only_the_rate_does() {
        let (limiter, clock) = limiter(10);
        for _ in 0..3 {
            limiter.take(&1, 1).unwrap();
        }
        let wait = limiter.take(&1, 1).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_millis(500), "{wait:?}");
        limiter.take(&2, 1).unwrap();
        clock.advance(wait);
        limiter.take(&1, 1).unwrap();
        limiter.take(&1, 1).unwrap_err();
    }

    #[test]
    fn more_than_a_bucket_holds_takes_the_whole_bucket() {
        let (limiter, _clock) = limiter(10);
        limiter.take(&1, 1_000).unwrap();
        limiter.take(&1, 1).unwrap_err();
    }

    #[test]
    fn beyond_the_cap_newcomers_share_one_bucket_until_others_are_swept() {
        let (limiter, clock) = limiter(100);
        for key in 0..100 {
            limiter.take(&key, 1).unwrap();
        }
        let passed = (100..200).filter(|key| limiter.take(key, 1).is_ok()).count();
        assert_eq!((passed, limiter.limiter.len()), (3, 100));
        limiter.take(&5, 1).unwrap();
        clock.advance(Duration::from_secs(10));
        limiter.sweep();
        assert_eq!(limiter.limiter.len(), 0);
        limiter.take(&150, 3).unwrap();
        limiter.take(&151, 3).unwrap();
    }

    #[test]
    fn two_limits_of_one_key_are_asked_and_swept_apart() {
        let clock = FakeRelativeClock::default();
        let slow = Quota::per_minute(rate(3)).allow_burst(rate(3));
        let fast = Quota::per_second(rate(2)).allow_burst(rate(2));
        let [slow, fast] = Limiter::pair([slow, fast], 10, clock.clone());
        slow.take(&1, 3).unwrap();
        fast.take(&1, 2).unwrap();
        slow.take(&1, 1).unwrap_err();
        fast.take(&1, 1).unwrap_err();
        clock.advance(Duration::from_secs(2));
        fast.sweep();
        slow.sweep();
        fast.take(&1, 2).unwrap();
        slow.take(&1, 1).unwrap_err();
        clock.advance(Duration::from_secs(100));
        fast.sweep();
        slow.sweep();
        assert_eq!(slow.limiter.len(), 0);
    }

    #[test]
    fn a_client_is_an_ipv4_address_or_an_ipv6_network_of_64_bits() {
        let same = |a: &str, b: &str| network(a.parse().unwrap()) == network(b.parse().unwrap());
        assert!(same("::ffff:203.0.113.7", "203.0.113.7"));
        assert!(!same("::ffff:203.0.113.7", "::ffff:203.0.113.8"));
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
    }

    #[test]
    fn only_this_machine_speaking_for_itself_is_exempt() {
        let loopback = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        assert!(is_exempt(loopback, false));
        assert!(!is_exempt(loopback, true));
        assert!(!is_exempt(Some("203.0.113.7".parse().unwrap()), false));
    }
}
