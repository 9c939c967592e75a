//! Any order, any batches, any repeats, any merges: the tables may be anywhere between all parts and one.
//!
//! The lives are those of `property.rs`; here each is cut into 1 to [`ROUNDS`] inserts, and between inserts
//! merges are forced, stopped and started. A failure names the seed: `TEST_SEED=… cargo test --test it
//! merges` repeats it.

use crate::app::{TestApp, TestShop, run, spawn_app};
use crate::model::{Sent, funnel};
use crate::property::{Set, seed};
use chrono::NaiveDate;
use fastrand::Rng;
use futures_util::{StreamExt, stream};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Sets that share one database and its inserts.
const SETS: usize = 16;
const ROUNDS: usize = 20;
const WINDOWS: usize = 3;
const AT_ONCE: usize = 4;
const MAX_EVENTS: usize = 500;
/// No new group of sets is begun after this.
const TIME: Duration = Duration::from_secs(15);
const TABLES: [&str; 3] = ["event_log", "order_events", "visitor_activity"];

/// A set, its shop and a window.
type Asked<'a> = (&'a Set, &'a TestShop, (NaiveDate, NaiveDate));

/// The events of a set with repeats, shuffled and cut into one piece for each insert that it takes part in.
fn pieces(set: &Set, random: &mut Rng) -> Vec<Vec<Value>> {
    let mut events: Vec<Value> = set.events.iter().map(Sent::json).collect();
    for _ in 0..random.usize(0..=MAX_EVENTS - events.len()) {
        events.push(events[random.usize(..set.events.len())].clone());
    }
    random.shuffle(&mut events);
    let inserts = random.usize(1..=ROUNDS);
    let mut pieces = vec![Vec::new(); ROUNDS];
    for event in events {
        pieces[ROUNDS - 1 - random.usize(..inserts)].push(event);
    }
    pieces
}

/// Something that the server may do at any time, or that keeps it from doing so.
async fn disturb(app: &TestApp, merging: &mut bool, random: &mut Rng) {
    let table = TABLES[random.usize(..TABLES.len())];
    match random.usize(..6) {
        0..3 if *merging => drop(app.execute(&format!("OPTIMIZE TABLE {table} FINAL")).await),
        3 => set_merging(app, merging, !*merging).await,
        _ => {}
    }
}

async fn set_merging(app: &TestApp, merging: &mut bool, wanted: bool) {
    *merging = wanted;
    for table in TABLES {
        let verb = if wanted { "START" } else { "STOP" };
        app.execute(&format!("SYSTEM {verb} MERGES {table}")).await;
    }
}

async fn try_sets(seed: u64, random: &mut Rng) {
    let app = spawn_app().await;
    let mut merging = true;
    let sets: Vec<_> = (0..SETS)
        .map(|number| {
            let set = Set::random(number, random);
            let (shop, pieces) = (set.open(&app), pieces(&set, random));
            (set, shop, pieces)
        })
        .collect();
    for round in 0..ROUNDS {
        stream::iter(&sets)
            .for_each_concurrent(AT_ONCE, |(_, shop, pieces)| app.send(shop, &pieces[round]))
            .await;
        app.app.shipped().await.expect("shipped");
        disturb(&app, &mut merging, random).await;
    }
    let asked: Vec<_> = sets
        .iter()
        .flat_map(|(set, shop, _)| {
            let windows = std::iter::once((set.first, set.last));
            let windows: Vec<_> = windows.chain((1..WINDOWS).map(|_| set.window(random))).collect();
            windows.into_iter().map(move |window| (set, shop, window))
        })
        .collect();
    check(&app, &asked, seed).await;
    set_merging(&app, &mut merging, true).await;
    for table in TABLES {
        app.execute(&format!("OPTIMIZE TABLE {table} FINAL")).await;
    }
    let whole: Vec<_> = asked.iter().step_by(WINDOWS).copied().collect();
    check(&app, &whole, seed).await;
    app.close().await;
}

async fn check(app: &TestApp, asked: &[Asked<'_>], seed: u64) {
    stream::iter(asked)
        .for_each_concurrent(AT_ONCE, async |(set, shop, (from, to))| {
            let expected = funnel(&set.events, set.rules, *from, *to);
            let found = app.funnel(shop, &from.to_string(), &to.to_string()).await;
            let zone = set.rules.time_zone;
            assert_eq!(found, expected, "{} {from}..{to} in {zone}; repeat with TEST_SEED={seed}", set.name);
        })
        .await;
}

#[test]
fn neither_order_nor_batches_nor_repeats_nor_merges_move_a_figure() {
    let seed = seed();
    run(async {
        let mut random = Rng::with_seed(seed);
        let (started, mut groups) = (Instant::now(), 0);
        while groups == 0 || started.elapsed() < TIME {
            try_sets(seed, &mut random).await;
            groups += 1;
        }
        println!("{} sets in {} ms", groups * SETS, started.elapsed().as_millis());
    });
}
