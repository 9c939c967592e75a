//! Bounds the new values of dimensions that events bring for which nobody vouches (METRICS section 2,
//! *Groups*).
//!
//! Anybody who has a shop's public key can name any page, campaign or product; a break-down of a million
//! invented values helps nobody and costs every question. So a value that the shop has not seen for 30 days
//! is new, a client may bring some new ones a day, all clients together some more, and what comes beyond is
//! the value [`OTHER`]. Values of verified events, and of events that this machine itself sends, are never
//! bounded, and are seen; they are written down now and then, and before any decision on others.
//!
//! What strangers brought lies in the store, by the day of the event, and is written before the events are.
//! So an event that comes again from the same client, after a restart, or to another tracker, gets the same
//! values: those admitted are known by then, and the bounds of their day are as exhausted as they were.
//! Refusals are not written: from another client, or after the shop itself named it, a value that was refused
//! may be admitted.

use crate::event::Event;
use crate::funnel::Dimension;
use crate::store::{Brought, SeenRow, Store, StoreError, hash_of};
use chrono::NaiveDate;
use foldhash::HashSet;
use foldhash::quality::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Stands for every value beyond the bounds.
pub const OTHER: &str = "(other)";
/// A value that was not seen for so long is new.
const SEEN_DAYS: i64 = 30;
/// Older values say nothing about what is new, and the store keeps them no longer.
const MAX_AGE_DAYS: i64 = 45;
/// Values asked about at once: their hashes travel in an address.
const MAX_ASKED: usize = 2_000;
/// What shops name is written down so often, or when there is so much of it.
const WRITE_INTERVAL: Duration = Duration::from_secs(10);
const MAX_UNWRITTEN: usize = 20_000;
/// Hard bound of what is remembered here, 16 bytes each; then it is asked for again.
const MAX_KNOWN: usize = 1 << 20;

/// The value of a dimension that the sender of an event chooses, by `&` or `&mut`; none where values come
/// out of finite lists.
macro_rules! field {
    ($event:expr, $dimension:expr, $($by:tt)+) => {
        match $dimension {
            Dimension::Source => Some($($by)+ $event.details.source),
            Dimension::Medium => Some($($by)+ $event.details.medium),
            Dimension::Campaign => Some($($by)+ $event.details.campaign),
            Dimension::Landing => Some($($by)+ $event.details.path),
            Dimension::Agent => Some($($by)+ $event.agent),
            Dimension::Channel => Some($($by)+ $event.channel),
            Dimension::Variant => Some($($by)+ $event.variant),
            Dimension::Product => Some($($by)+ $event.product),
            Dimension::Device
            | Dimension::Browser
            | Dimension::Os
            | Dimension::Country
            | Dimension::Region
            | Dimension::City
            | Dimension::AnsweredBy
            | Dimension::CustomerType => None,
        }
    };
}

/// How many new values strangers may bring to one dimension of a shop in a day.
#[derive(Debug, Clone, Copy)]
pub struct ValueLimits {
    /// Of one client.
    pub per_client: u32,
    /// Of all clients, for `landing` and `product`, of which a shop has many.
    pub pages_per_day: u32,
    /// Of all clients, for every other dimension.
    pub per_day: u32,
}

impl Default for ValueLimits {
    fn default() -> ValueLimits {
        ValueLimits { per_client: 50, pages_per_day: 2_000, per_day: 500 }
    }
}

impl ValueLimits {
    fn of_the_day(&self, dimension: &str) -> u32 {
        if ["landing", "product"].contains(&dimension) { self.pages_per_day } else { self.per_day }
    }
}

/// The values that the stream of events has brought.
#[derive(Debug)]
pub struct NewValues {
    store: Store,
    limits: ValueLimits,
    known: Arc<KnownValues>,
    /// Shop, day, dimension and value of what shops themselves have named since `written_at`.
    unwritten: Vec<(String, NaiveDate, &'static str, u64)>,
    written_at: Instant,
}

/// Values of days that are in the store.
#[derive(Debug, Clone, Default)]
pub struct KnownValues {
    /// Hashes of shop, day, dimension and value.
    hashes: HashSet<u64>,
    hasher: RandomState,
}

impl KnownValues {
    /// Whether nothing that an event names is to be bounded.
    pub fn cover(&self, event: &Event) -> bool {
        self.unknown(event).next().is_none()
    }

    /// Which dimensions of an event have values that are not known here.
    fn unknown(&self, event: &Event) -> impl Iterator<Item = Dimension> {
        let (shop, day) = (self.hasher.hash_one((&event.shop, event.day)), event.day);
        // What programs name is in no figure.
        let is_counted = !event.bot && (event.received_day - day).num_days() <= MAX_AGE_DAYS;
        let dimensions = Dimension::ALL.iter().copied().filter(move |_| is_counted);
        dimensions.filter(move |&dimension| {
            field!(event, dimension, &).is_some_and(|value: &String| {
                !value.is_empty()
                    && value != OTHER
                    && !self.hashes.contains(&self.hash(shop, dimension, value))
            })
        })
    }

    fn hash(&self, shop_day: u64, dimension: Dimension, value: &str) -> u64 {
        self.hasher.hash_one((shop_day, dimension.as_str(), value))
    }

    fn of(&self, shop: &str, day: NaiveDate, dimension: Dimension, value: &str) -> u64 {
        self.hash(self.hasher.hash_one((shop, day)), dimension, value)
    }
}

/// A value of an event.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Of the event among those looked at.
    event: usize,
    /// In [`field`] of that event.
    dimension: Dimension,
}

impl NewValues {
    /// Knows nothing yet; what the store knows is asked for when it is needed.
    pub fn new(store: Store, limits: ValueLimits) -> NewValues {
        NewValues { store, limits, known: Arc::default(), unwritten: Vec::new(), written_at: Instant::now() }
    }

    /// What is known by now. While somebody holds it, remembering more takes a copy.
    pub fn known(&self) -> Arc<KnownValues> {
        Arc::clone(&self.known)
    }

    /// Puts [`OTHER`] in the place of each value beyond the bounds, and remembers the others. Returns the
    /// dimensions of those replaced.
    ///
    /// # Errors
    /// The store cannot tell or remember; nothing is replaced then, do it again.
    pub async fn bound(&mut self, events: &mut [Event]) -> Result<Vec<&'static str>, StoreError> {
        if self.known.hashes.len() > MAX_KNOWN {
            Arc::make_mut(&mut self.known).hashes.clear();
        }
        let mut unknown: HashMap<String, BTreeMap<NaiveDate, Vec<Place>>> = HashMap::new();
        for (number, event) in events.iter().enumerate() {
            for dimension in self.known.unknown(event) {
                let days = unknown.entry(event.shop.clone()).or_default();
                days.entry(event.day).or_default().push(Place { event: number, dimension });
            }
        }
        self.note_unbounded(&mut unknown, events).await?;
        let mut decisions = Vec::new();
        for (shop, days) in unknown {
            decisions.push(self.decide(shop, days, events).await?);
        }
        let rows: Vec<SeenRow<'_>> = decisions.iter().flat_map(Decision::rows).collect();
        if !rows.is_empty() {
            self.store.remember_seen(&rows).await?;
        }
        let mut replaced = Vec::new();
        for decision in decisions {
            Arc::make_mut(&mut self.known).hashes.extend(decision.known);
            for Place { event, dimension } in decision.beyond {
                if let Some(value) = events.get_mut(event).and_then(|event| field!(event, dimension, &mut)) {
                    OTHER.clone_into(value);
                    replaced.push(dimension.as_str());
                }
            }
        }
        Ok(replaced)
    }

    /// Remembers what the shops themselves name, before anything of others is decided: whatever order it came
    /// in, it is seen. Nothing of theirs is left to decide about then.
    async fn note_unbounded(
        &mut self,
        unknown: &mut HashMap<String, BTreeMap<NaiveDate, Vec<Place>>>,
        events: &[Event],
    ) -> Result<(), StoreError> {
        let known = Arc::make_mut(&mut self.known);
        for (shop, days) in &*unknown {
            for (&day, places) in days {
                for &place in places {
                    if is_unbounded(&events[place.event]) {
                        let value = value_at(events, place);
                        known.hashes.insert(known.of(shop, day, place.dimension, value));
                        let dimension = place.dimension.as_str();
                        self.unwritten.push((shop.clone(), day, dimension, hash_of(dimension, value)));
                    }
                }
            }
        }
        for days in unknown.values_mut() {
            for places in days.values_mut() {
                places.retain(|place| !is_unbounded(&events[place.event]));
            }
            days.retain(|_, places| !places.is_empty());
        }
        unknown.retain(|_, days| !days.is_empty());
        // Before anything of strangers is decided; else now and then, because an insert costs much and
        // nothing waits for it.
        if !unknown.is_empty()
            || self.written_at.elapsed() >= WRITE_INTERVAL
            || self.unwritten.len() >= MAX_UNWRITTEN
        {
            self.write().await?;
        }
        Ok(())
    }

    /// Writes down what shops themselves have named.
    ///
    /// # Errors
    /// The store cannot remember; do it again.
    pub async fn write(&mut self) -> Result<(), StoreError> {
        self.unwritten.sort_unstable();
        self.unwritten.dedup();
        let rows: Vec<SeenRow<'_>> = self
            .unwritten
            .iter()
            .map(|&(ref shop, day, dimension, value)| SeenRow {
                shop,
                day,
                dimension,
                value,
                is_new: false,
                client: 0,
            })
            .collect();
        if !rows.is_empty() {
            self.store.remember_seen(&rows).await?;
        }
        self.unwritten.clear();
        self.written_at = Instant::now();
        Ok(())
    }

    /// Decides about values of one shop that are not known here, day after day: what a day has brought is
    /// seen on the next.
    async fn decide(
        &self,
        shop: String,
        days: BTreeMap<NaiveDate, Vec<Place>>,
        events: &[Event],
    ) -> Result<Decision, StoreError> {
        let mut decision = Decision { shop, seen: Vec::new(), known: Vec::new(), beyond: Vec::new() };
        let (Some((&from, _)), Some((&to, _))) = (days.first_key_value(), days.last_key_value()) else {
            return Ok(decision);
        };
        let mut asked: Vec<u64> = Vec::new();
        for place in days.values().flatten() {
            asked.push(hash_of(place.dimension.as_str(), value_at(events, *place)));
        }
        asked.sort_unstable();
        asked.dedup();
        let mut seen: HashMap<u64, Vec<NaiveDate>> = HashMap::new();
        for part in asked.chunks(MAX_ASKED) {
            let found = self.store.seen(&decision.shop, (from, to), part).await?;
            seen.extend(found.into_iter().map(|found| (found.value, found.days)));
        }
        let mut accounts: HashMap<NaiveDate, Account> = HashMap::new();
        for brought in self.store.brought(&decision.shop, (from, to)).await? {
            accounts.entry(brought.day).or_default().add(brought);
        }
        for (day, places) in days {
            let account = accounts.entry(day).or_default();
            for place in places {
                let client = events[place.event].client;
                let (dimension, value) = (place.dimension.as_str(), value_at(events, place));
                let hash = hash_of(dimension, value);
                let key = self.known.of(&decision.shop, day, place.dimension, value);
                let before = seen.entry(hash).or_default();
                let is_recent = |seen: &NaiveDate| (1..=SEEN_DAYS).contains(&(day - *seen).num_days());
                if !before.contains(&day) {
                    let brought_by = if before.iter().any(is_recent) {
                        None
                    } else if account.admits(dimension, client, &self.limits) {
                        Some(client)
                    } else {
                        decision.beyond.push(place);
                        continue;
                    };
                    before.push(day);
                    decision.seen.push((day, dimension, hash, brought_by));
                }
                decision.known.push(key);
            }
        }
        Ok(decision)
    }
}

/// What becomes of values of one shop that were not known.
struct Decision {
    shop: String,
    /// Day, dimension and value to be remembered, and who brought a new one.
    seen: Vec<(NaiveDate, &'static str, u64, Option<u16>)>,
    /// Known from now on, as [`NewValues::known`] has them.
    known: Vec<u64>,
    beyond: Vec<Place>,
}

impl Decision {
    fn rows(&self) -> impl Iterator<Item = SeenRow<'_>> {
        self.seen.iter().map(|&(day, dimension, value, brought_by)| SeenRow {
            shop: &self.shop,
            day,
            dimension,
            value,
            is_new: brought_by.is_some(),
            client: brought_by.unwrap_or(0),
        })
    }
}

/// The shop's own events, and those of this machine itself, which no limit holds either.
fn is_unbounded(event: &Event) -> bool {
    event.verified || event.client == 0
}

/// New values brought to one shop on one day.
#[derive(Debug, Default)]
struct Account {
    by_dimension: HashMap<String, u32>,
    by_client: HashMap<(String, u16), u32>,
}

impl Account {
    fn add(&mut self, brought: Brought) {
        let count = u32::try_from(brought.brought).unwrap_or(u32::MAX);
        let all = self.by_dimension.entry(brought.dimension.clone()).or_default();
        *all = all.saturating_add(count);
        self.by_client.insert((brought.dimension, brought.client), count);
    }

    /// Takes one more of a client, if the bounds let it.
    fn admits(&mut self, dimension: &str, client: u16, limits: &ValueLimits) -> bool {
        let all = self.by_dimension.entry(dimension.to_owned()).or_default();
        let own = self.by_client.entry((dimension.to_owned(), client)).or_default();
        let admits = *own < limits.per_client && *all < limits.of_the_day(dimension);
        if admits {
            *all += 1;
            *own += 1;
        }
        admits
    }
}

fn value_at(events: &[Event], place: Place) -> &str {
    events.get(place.event).and_then(|event| field!(event, place.dimension, &)).map_or("", |value| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_bounded_first_and_then_all_together() {
        let limits = ValueLimits { per_client: 2, pages_per_day: 5, per_day: 3 };
        let mut account = Account::default();
        let mut admitted = |dimension: &str, client: u16| {
            (0..10).filter(|_| account.admits(dimension, client, &limits)).count()
        };
        assert_eq!([admitted("campaign", 1), admitted("campaign", 2), admitted("campaign", 3)], [2, 1, 0]);
        assert_eq!([admitted("landing", 1), admitted("landing", 2), admitted("landing", 3)], [2, 2, 1]);
    }
}
