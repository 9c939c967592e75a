//! The same event again: soon, days later, by another way, or written into the tables behind everybody's
//! back.
//!
//! Delivery is at least once, so every figure must be what it would be had each event been sent once.

use crate::app::{DAY_MS, MINUTE_MS, NOW_MS, TestApp, TestShop, event, event_with, read, run, spawn_app};
use crate::model::{Rules, Sent, funnel};
use crate::property::{Maker, seed};
use chrono::NaiveDate;
use fastrand::Rng;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TICK_MS: i64 = 6 * 60 * MINUTE_MS;
/// 23:00 in Shanghai on 2026-10-29: midnights and the end of a month lie ahead.
const START_MS: i64 = NOW_MS - 24 * DAY_MS + 11 * 60 * MINUTE_MS;
/// Ticks in which something happens, and ticks for which it is repeated: two and a half days, then three.
const LIFE_TICKS: usize = 10;
const REPEAT_TICKS: usize = 12;
/// A cookieless event is only the same person's while that day's salt lives.
const COOKIELESS_REPEAT_TICKS: usize = 2;
const NAMED_EVENTS: usize = 300;
const COOKIELESS_EVENTS: usize = 40;
const ADDRESSES: [&str; 6] =
    ["203.0.113.1", "203.0.113.2", "203.0.113.3", "2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1"];

/// Something that happened, as it is known to the model and to whoever sends it.
struct Fact {
    sent: Sent,
    /// Where a browser without a visitor id sits.
    address: Option<&'static str>,
}

/// How one copy of an event travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Server,
    Browser { address: Option<&'static str> },
}

impl Fact {
    fn json(&self) -> Value {
        let mut event = self.sent.json();
        if self.address.is_some() {
            event.as_object_mut().unwrap().remove("visitor");
        }
        event
    }

    /// Without a visitor, who sends it decides whose it is, so such an event has only one way.
    fn way(&self, random: &mut Rng) -> Way {
        match (self.address, &self.sent.visitor) {
            (None, None) => Way::Server,
            (None, Some(_)) if random.bool() => Way::Server,
            (address, _) => Way::Browser { address },
        }
    }

    /// Of which what the server tells counts otherwise than what a page tells.
    fn is_by_teller(&self) -> bool {
        matches!(self.sent.kind, "order" | "payment" | "refund") || self.sent.conversation.is_some()
    }

    /// The first tick at which it has happened.
    fn tick(&self) -> usize {
        (self.sent.at_ms - START_MS + TICK_MS - 1).div_euclid(TICK_MS) as usize
    }
}

fn facts(rules: Rules, random: &mut Rng) -> Vec<Fact> {
    let end_ms = START_MS + LIFE_TICKS as i64 * TICK_MS;
    let days = 3;
    let mut maker = Maker::new(random, end_ms, days, 40, false);
    let mut events: Vec<Sent> = (0..NAMED_EVENTS + COOKIELESS_EVENTS).map(|_| maker.event()).collect();
    let mut facts = Vec::new();
    for mut sent in events.drain(..) {
        sent.at_ms = sent.at_ms.max(START_MS);
        let mut address = None;
        if facts.len() < COOKIELESS_EVENTS {
            let from = ADDRESSES[random.usize(..ADDRESSES.len())];
            sent.kind = ["visit", "visit", "inquiry", "cart", "bounce"][random.usize(..5)];
            sent.visitor = Some(format!("{from} on {}", rules.day(sent.at_ms)));
            (sent.order_id, sent.payment_id) = (None, None);
            address = Some(from);
        }
        facts.push(Fact { sent, address });
    }
    facts
}

/// Sends what is due, each way's events in batches of random size over connections of their own.
async fn deliver(app: &TestApp, shop: &TestShop, mut due: Vec<(Way, Value)>, random: &mut Rng) {
    random.shuffle(&mut due);
    let mut by_way: BTreeMap<Way, Vec<Value>> = BTreeMap::new();
    for (way, event) in due {
        by_way.entry(way).or_default().push(event);
    }
    for (way, mut events) in by_way {
        let client = Client::builder().no_proxy().build().unwrap();
        while !events.is_empty() {
            let batch: Vec<Value> = events.drain(..random.usize(1..=events.len().min(60))).collect();
            let count = batch.len();
            let request = match way {
                Way::Server => client
                    .post(format!("{}/v1/events", app.url))
                    .bearer_auth(&shop.secret_key)
                    .json(&json!(batch)),
                Way::Browser { address } => {
                    let request = client.post(format!("{}/e", app.url)).header("content-type", "text/plain");
                    let request = match address {
                        Some(address) => request.header("x-forwarded-for", address),
                        None => request,
                    };
                    request.body(json!({ "shop": shop.public_key, "events": batch }).to_string())
                }
            };
            let (status, body) = read(request.send().await.unwrap()).await;
            assert_eq!((status, &body["accepted"]), (StatusCode::ACCEPTED, &json!(count)), "{body}");
        }
    }
}

#[test]
fn events_sent_up_to_five_times_within_three_days_count_as_if_sent_once() {
    let seed = seed();
    run(async {
        let app = spawn_app().await;
        let mut random = Rng::with_seed(seed);
        let (once, often) = (app.add_shop("once"), app.add_shop("often"));
        let mut rules = Rules::new(chrono_tz::Asia::Shanghai, START_MS, 21);
        let mut facts = facts(rules, &mut random);

        let mut first = vec![Vec::new(); LIFE_TICKS + REPEAT_TICKS + 1];
        let mut every = first.clone();
        for fact in &mut facts {
            let tick = fact.tick();
            let first_way = fact.way(&mut random);
            fact.sent.verified = first_way == Way::Server;
            // Who tells of money or of a conversation decides what counts, so that is no repeat by another way.
            let way = |random: &mut Rng| if fact.is_by_teller() { first_way } else { fact.way(random) };
            first[tick].push((first_way, fact.json()));
            every[tick].push((way(&mut random), fact.json()));
            let latest = if fact.address.is_some() { COOKIELESS_REPEAT_TICKS } else { REPEAT_TICKS };
            for _ in 0..random.usize(0..=4) {
                every[tick + random.usize(0..=latest)].push((way(&mut random), fact.json()));
            }
        }
        let days: Vec<NaiveDate> = (29..=31)
            .map(|day| NaiveDate::from_ymd_opt(2026, 10, day).unwrap())
            .chain((1..=4).map(|day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap()))
            .collect();
        let last_tick = first.len() - 1;
        for (tick, (first, every)) in first.into_iter().zip(every).enumerate() {
            rules.now_ms = START_MS + tick as i64 * TICK_MS;
            app.clock.set(rules.now_ms);
            deliver(&app, &once, first, &mut random).await;
            deliver(&app, &often, every, &mut random).await;
            if tick != LIFE_TICKS / 2 && tick != last_tick {
                continue;
            }
            let known: Vec<Sent> =
                facts.iter().filter(|fact| fact.tick() <= tick).map(|fact| fact.sent.clone()).collect();
            let windows: Vec<(NaiveDate, NaiveDate)> = std::iter::once((days[0], days[6]))
                .chain(days.windows(2).flat_map(|pair| [(pair[0], pair[0]), (pair[0], pair[1])]))
                .collect();
            for (from, to) in windows {
                let query = format!("?from={from}&to={to}");
                let ((_, mut expected), (status, mut found)) =
                    (app.ask(&once, &query).await, app.ask(&often, &query).await);
                expected["shop"] = json!("often");
                // What comes again after its day is an arrival about a day that had ended, whatever it
                // changes.
                for answer in [&mut expected, &mut found] {
                    answer.as_object_mut().unwrap().remove("restated_at").unwrap();
                }
                let context = format!("{from}..{to} at tick {tick}; repeat with TEST_SEED={seed}");
                assert_eq!((status, &found), (StatusCode::OK, &expected), "{context}");
                assert_eq!(found["funnel"], funnel(&known, rules, from, to), "{context}");
            }
        }
        app.close().await;
    });
}

/// A day of a small shop that has something in every count.
fn small_shop() -> Vec<Value> {
    let at_ms = NOW_MS - DAY_MS;
    let order = |id: &str| json!({ "order_id": id, "amount": "12.5" });
    vec![
        event("visit", "leaves", at_ms),
        event("bounce", "leaves", at_ms + 1),
        event("visit", "looks", at_ms),
        event("visit", "looks", at_ms + 1),
        event("visit", "asks", at_ms),
        event("inquiry", "asks", at_ms + 1),
        event_with("order", "asks", at_ms + 2, order("1")),
        event_with("payment", "asks", at_ms + 3, order("1")),
        event_with("order", "silent", at_ms, order("2")),
        event_with("payment", "silent", at_ms + 1, json!({ "order_id": "2", "payment_id": "P" })),
        event_with("refund", "silent", at_ms + 2, json!({ "order_id": "2", "amount": "1" })),
        event("inquiry", "silent", at_ms + 3),
        event_with("rating", "silent", at_ms + 4, json!({ "score": 5 })),
        event("favorite", "likes", at_ms),
    ]
}

const SMALL_SHOP: (&str, &str) = ("2026-11-20", "2026-11-22");

/// Replays a batch after `others` other inserts, into tables whose last `window` blocks ClickHouse knows
/// again.
async fn replay(window: usize, others: usize) {
    let app = spawn_app().await;
    for table in ["event_log", "order_events", "visitor_activity"] {
        let setting = format!("non_replicated_deduplication_window = {window}");
        app.execute(&format!("ALTER TABLE {table} MODIFY SETTING {setting}")).await;
    }
    let (shop, other) = (app.add_shop("tea"), app.add_shop("other"));
    let batch = small_shop();
    app.send(&shop, &batch).await;
    let figures = async || app.funnel(&shop, SMALL_SHOP.0, SMALL_SHOP.1).await;
    let expected = figures().await;
    assert_eq!(expected["visitors"], 5);
    assert_eq!((&expected["buyers"], &expected["payers"]), (&json!(2), &json!(2)));
    for number in 0..others {
        app.send(&other, &[event("visit", &format!("v{number}"), NOW_MS - DAY_MS)]).await;
        app.app.shipped().await.expect("shipped, so that the next is an insert of its own");
    }
    let counted = app.funnel(&other, SMALL_SHOP.0, SMALL_SHOP.1).await;
    assert_eq!(counted["visitors"], others, "an insert was taken for a repeat");

    app.send(&shop, &batch).await;
    assert_eq!(figures().await, expected, "the batch sent again");
    app.execute("INSERT INTO event_log SELECT * FROM event_log WHERE shop = 'tea'").await;
    assert_eq!(figures().await, expected, "the rows written again");
    app.clock.set(NOW_MS + 6 * DAY_MS);
    app.send(&shop, &batch).await;
    app.browse(&shop, &batch).await;
    assert_eq!(figures().await, expected, "the batch sent again after a week");
    for table in ["event_log", "order_events", "visitor_activity"] {
        app.execute(&format!("OPTIMIZE TABLE {table} FINAL")).await;
    }
    assert_eq!(figures().await, expected, "all of it merged");
    assert_eq!(app.count("SELECT count() FROM event_log WHERE shop = 'tea'").await, batch.len() as u64);
    app.close().await;
}

#[test]
fn a_batch_replayed_after_150_other_inserts_or_a_week_changes_no_figure() {
    run(async {
        tokio::join!(replay(0, 20), replay(100, 150));
    });
}
