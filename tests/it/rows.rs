//! The rows that the program makes of a batch are those that materialised views made of its events before: of
//! random lives, with repeats, in batches that overlap.

use crate::app::{TestApp, run, spawn_app};
use crate::property::{Set, seed};
use crate::rules::sql_files;
use fastrand::Rng;
use serde_json::{Value, json};
use std::fs;

const SETS: usize = 12;
/// The statements of an earlier version that make its tables of events, and the views that fed them.
const EARLIER: std::ops::RangeInclusive<usize> = 1..=19;
const COLUMNS: &str = "shop, at, id, kind, day, received_at, received_day, visitor, cookieless, verified, bot, url, \
    referrer, title, source, medium, campaign, path, device, browser, os, country, region, city, order_id, \
    payment_id, refund_id, amount, currency, agent, channel, topic, score, engaged_ms, variant, customer, product";

async fn same(app: &TestApp, what: &str, before: &str, now: &str) {
    let differing = format!(
        "SELECT count() FROM (SELECT * FROM ({before}) EXCEPT SELECT * FROM ({now}) \
         UNION ALL SELECT * FROM ({now}) EXCEPT SELECT * FROM ({before}))"
    );
    let rows = async |text: &str| app.count(&format!("SELECT count() FROM ({text})")).await;
    let (before_rows, now_rows) = (rows(before).await, rows(now).await);
    assert_eq!(before_rows, now_rows, "{what}");
    assert_ne!(now_rows, 0, "{what}: nothing was compared");
    assert_eq!(app.count(&differing).await, 0, "{what}");
}

/// Sends a set shuffled, in batches, with a third of the events sent twice.
async fn send(app: &TestApp, set: &Set, random: &mut Rng) {
    let shop = set.open(app);
    // Of conversations and replies the views knew nothing.
    let events = set.events.iter().filter(|sent| sent.conversation.is_none() && sent.kind != "reply");
    let mut events: Vec<Value> = events.map(crate::model::Sent::json).collect();
    let again: Vec<Value> = events.iter().filter(|_| random.f64() < 0.33).cloned().collect();
    events.extend(again);
    random.shuffle(&mut events);
    for batch in events.chunks(random.usize(10..=120)) {
        let answer = app.post_server(&shop, &json!(batch)).await;
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }
}

#[test]
fn the_rows_of_a_batch_are_those_that_views_made_before() {
    let seed = seed();
    run(async {
        let app = spawn_app().await;
        let mut random = Rng::with_seed(seed);
        for number in 0..SETS {
            let set = Set::random(number, &mut random);
            send(&app, &set, &mut random).await;
        }
        app.app.settled().await.unwrap();
        for file in sql_files("migrations") {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            if EARLIER.contains(&name[..4].parse::<usize>().unwrap()) {
                app.execute(&fs::read_to_string(&file).unwrap()).await;
            }
        }
        app.execute("TRUNCATE TABLE ledger_changes").await;
        app.execute(&format!("INSERT INTO events ({COLUMNS}) SELECT {COLUMNS} FROM event_log")).await;
        let day = "shop, visitor, day, kinds, view_min < view_max AS many, view_min = view_max AS one, asked_at, \
            if(bitAnd(kinds, 1) = 1, first_visit, NULL) AS first_visit, last_touch, last_inquiry, \
            arraySort(agents) AS agents, arraySort(channels) AS channels, arraySort(products) AS products, \
            arraySort(variants) AS variants, arraySort(customers) AS customers";
        let days = |table| format!("SELECT {day} FROM {table} FINAL");
        same(&app, "days", &days("visitor_days"), &days("visitor_activity")).await;
        let order = "shop, order_id, kind, at, id, day, visitor, cookieless, customer, payment_id, refund_id, \
            amount, currency, verified, received_day";
        let orders = |table| format!("SELECT {order} FROM {table} FINAL");
        same(&app, "orders", &orders("orders"), &orders("order_events")).await;
        let relations = "SELECT DISTINCT shop, name, order_id, visitor FROM relations WHERE conversation = 0 \
            AND (order_id != '' OR name IN (SELECT sipHash64('customer', arrayJoin(customers)) FROM visitor_activity))";
        same(&app, "relations", "SELECT DISTINCT shop, name, order_id, visitor FROM links", relations).await;
        // What the views queue of a shop is all that any batch queued.
        let visitors = "SELECT DISTINCT shop, visitor FROM ledger_changes WHERE visitor != 0";
        let known = "SELECT DISTINCT shop, visitor FROM (SELECT shop, visitor FROM visitor_activity UNION ALL \
            SELECT shop, visitor FROM order_events WHERE visitor != 0)";
        same(&app, "visitors queued", visitors, known).await;
        app.execute("DROP TABLE events, orders, visitor_days, links SYNC").await;
        app.close().await;
    });
}
