//! Strangers who name values: how many a shop takes from them, and that nothing but the stranger's own is
//! lost.

use crate::app::{
    DAY_MS, MINUTE_MS, NOW_MS, TestApp, TestShop, event_with, read, run, spawn_app, spawn_app_over,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use shopfunnel::event::Event;
use shopfunnel::new_values::{NewValues, ValueLimits};
use shopfunnel::store::Store;
use std::collections::BTreeMap;

const PER_CLIENT: usize = 50;
const PER_DAY: usize = 500;

/// A visit of `visitor` that names a campaign.
fn visit(visitor: &str, campaign: &str, at_ms: i64) -> Value {
    let url = format!("https://shop.example/?utm_source=ads&utm_campaign={campaign}");
    event_with("visit", visitor, at_ms, json!({ "url": url }))
}

/// Sends events as a page of a client does.
async fn browse(app: &TestApp, shop: &TestShop, client: &str, events: &[Value]) {
    for some in events.chunks(100) {
        let body = json!({ "shop": shop.public_key, "events": some }).to_string();
        let request = app.client.post(format!("{}/e", app.url)).header("content-type", "text/plain");
        let answer = request.header("x-forwarded-for", client).body(body).send().await.unwrap();
        let (status, answer) = read(answer).await;
        assert_eq!((status, &answer["accepted"]), (StatusCode::ACCEPTED, &json!(some.len())), "{answer}");
    }
}

/// Visitors by campaign, of all days.
async fn campaigns(app: &TestApp, shop: &TestShop) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let report = app.report(shop, "funnel?from=2026-10-01&to=2026-11-22&breakdown=campaign&limit=500").await;
    for group in report["groups"].as_array().unwrap() {
        let value = group["value"].as_str().unwrap_or("unknown").to_owned();
        found.insert(value, group["funnel"]["visitors"].as_u64().unwrap());
    }
    found
}

fn strangers(count: usize, at_ms: i64) -> Vec<Value> {
    (0..count).map(|number| visit(&format!("v{number}"), &format!("c{number}"), at_ms)).collect()
}

#[test]
fn a_client_brings_some_new_values_a_day_and_a_repeat_or_another_tracker_changes_nothing() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let events = strangers(PER_CLIENT + 10, NOW_MS - MINUTE_MS);
        browse(&app, &shop, "203.0.113.7", &events).await;
        let found = campaigns(&app, &shop).await;
        assert_eq!((found.len(), found["(other)"]), (PER_CLIENT + 1, 10));
        let url = format!("http://{}/metrics", app.app.admin_address());
        let text = app.client.get(&url).send().await.unwrap().text().await.unwrap();
        assert!(text.contains("shopfunnel_values_other_total{reason=\"campaign\"} 10\n"), "{text}");

        browse(&app, &shop, "203.0.113.7", &events).await;
        browse(&app, &shop, "198.51.100.9", &events[..PER_CLIENT]).await;
        assert_eq!(campaigns(&app, &shop).await, found, "sent again");

        // Another client has bounds of its own, and known values cost it none of them.
        let more: Vec<Value> = (0..PER_CLIENT + 5)
            .map(|n| visit(&format!("w{n}"), &format!("d{n}"), NOW_MS - MINUTE_MS))
            .collect();
        browse(&app, &shop, "198.51.100.9", &more).await;
        let found = campaigns(&app, &shop).await;
        assert_eq!((found.len(), found["(other)"]), (2 * PER_CLIENT + 1, 15));

        // A tracker that starts anew over the same tables, with a shop of the same name.
        let second = spawn_app_over(app.store.clone()).await;
        let same = second.add_shop("tea");
        browse(&second, &same, "203.0.113.7", &events).await;
        assert_eq!(campaigns(&second, &same).await, found);
        second.close().await;
        app.close().await;
    });
}

#[test]
fn what_programs_name_uses_up_nothing() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let events: Vec<Value> =
            (0..100).map(|n| visit(&format!("b{n}"), &format!("b{n}"), NOW_MS - MINUTE_MS)).collect();
        let body = json!({ "shop": shop.public_key, "events": events }).to_string();
        let request = app.client.post(format!("{}/e", app.url)).header("content-type", "text/plain");
        let request = request.header("x-forwarded-for", "203.0.113.7").header("user-agent", "Googlebot/2.1");
        assert_eq!(request.body(body).send().await.unwrap().status(), StatusCode::ACCEPTED);
        browse(&app, &shop, "203.0.113.7", &strangers(PER_CLIENT, NOW_MS - MINUTE_MS)).await;
        let found = campaigns(&app, &shop).await;
        assert_eq!((found.len(), found.get("(other)")), (PER_CLIENT, None));
        app.close().await;
    });
}

/// What was seen before there were bounds is written by SQL, and asked for by a number that Rust makes.
#[test]
fn a_value_has_the_same_number_in_sql_and_here() {
    run(async {
        let app = spawn_app().await;
        for (dimension, value) in [("campaign", "双11"), ("landing", "/茶/?"), ("source", "it's")] {
            let sql = format!(
                "SELECT reinterpretAsUInt64(substring(SHA256(concat('{dimension}', '\\0', '{}')), 1, 8))",
                value.replace('\'', "\\'")
            );
            assert_eq!(app.count(&sql).await, shopfunnel::store::hash_of(dimension, value), "{value}");
        }
        let shop = app.add_shop("tea");
        browse(&app, &shop, "203.0.113.7", &strangers(3, NOW_MS - MINUTE_MS)).await;
        app.report(&shop, "funnel").await;
        let numbers = "SELECT groupArray(value) FROM (SELECT DISTINCT value FROM seen_values ORDER BY value)";
        let here = app.execute(numbers).await;
        app.execute("TRUNCATE TABLE seen_values").await;
        let statement = std::fs::read_to_string("sql/migrations/0035_seen_values_of_before.sql").unwrap();
        app.execute(&statement.replace("today()", "toDate('2026-11-22')")).await;
        assert_eq!(app.execute(numbers).await, here);
        app.close().await;
    });
}

#[test]
fn all_clients_together_are_bounded_by_the_day_and_each_day_anew() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        for (day, at_ms) in [NOW_MS - DAY_MS, NOW_MS - MINUTE_MS].into_iter().enumerate() {
            for client in 0..12 {
                let events: Vec<Value> = (0..PER_CLIENT)
                    .map(|n| visit(&format!("{day}v{client}-{n}"), &format!("{day}c{client}-{n}"), at_ms))
                    .collect();
                browse(&app, &shop, &format!("203.0.113.{client}"), &events).await;
            }
        }
        let report =
            app.report(&shop, "funnel?from=2026-11-21&to=2026-11-22&breakdown=campaign&limit=1").await;
        let (first, left_off) = (&report["groups"][0], report["groups_left_off"].as_u64().unwrap());
        assert_eq!(first["value"], "(other)");
        assert_eq!(first["funnel"]["visitors"], 2 * (12 * PER_CLIENT - PER_DAY));
        assert_eq!(left_off as usize, 2 * PER_DAY);
        app.close().await;
    });
}

#[test]
fn values_of_the_shop_itself_are_never_bounded_and_stay_known_for_30_days() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let told: Vec<Value> = (0..PER_DAY + 100)
            .map(|n| visit(&format!("s{n}"), &format!("s{n}"), NOW_MS - 20 * DAY_MS))
            .chain([
                visit("s", "30-days-ago", NOW_MS - 30 * DAY_MS),
                visit("s", "31-days-ago", NOW_MS - 31 * DAY_MS),
            ])
            .collect();
        app.send(&shop, &told).await;
        let client = "203.0.113.7";
        browse(&app, &shop, client, &strangers(PER_CLIENT, NOW_MS - MINUTE_MS)).await;
        let of_the_shop: Vec<Value> = (0..PER_DAY + 100)
            .map(|n| visit(&format!("x{n}"), &format!("s{n}"), NOW_MS - MINUTE_MS))
            .chain([
                visit("a", "30-days-ago", NOW_MS - MINUTE_MS),
                visit("b", "31-days-ago", NOW_MS - MINUTE_MS),
            ])
            .collect();
        browse(&app, &shop, client, &of_the_shop).await;
        let report =
            app.report(&shop, "funnel?from=2026-11-22&to=2026-11-22&breakdown=campaign&limit=1").await;
        // Of all that the client named today, one value was neither the shop's of the last 30 days nor within
        // the client's bound.
        assert_eq!(report["groups_left_off"], PER_DAY + 100 + PER_CLIENT + 1);
        let other = app.report(&shop, "funnel?from=2026-11-22&to=2026-11-22&campaign=(other)").await;
        assert_eq!(other["funnel"]["visitors"], 1);
        app.close().await;
    });
}

#[test]
fn a_client_is_limited_by_events_and_not_by_requests_alone() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let events: Vec<Value> = (0..100).map(|n| visit(&format!("v{n}"), "c", NOW_MS - MINUTE_MS)).collect();
        let body = json!({ "shop": shop.public_key, "events": events }).to_string();
        let started = std::time::Instant::now();
        let mut accepted = 0;
        let mut refused = None;
        for _ in 0..20 {
            let request = app.client.post(format!("{}/e", app.url)).header("content-type", "text/plain");
            let answer =
                request.header("x-forwarded-for", "203.0.113.7").body(body.clone()).send().await.unwrap();
            match answer.status() {
                StatusCode::ACCEPTED => accepted += 100,
                status => refused = Some((status, answer.headers().contains_key("retry-after"))),
            }
        }
        // The burst, what has come back since at 50 a second, and one request that begins below the bound.
        let most = 1_000 + 50 * started.elapsed().as_secs() + 150;
        assert!((1_000..=most).contains(&accepted), "{accepted} of at most {most}");
        assert_eq!(refused, Some((StatusCode::TOO_MANY_REQUESTS, true)));
        browse(&app, &shop, "198.51.100.9", &events).await;
        app.close().await;
    });
}

/// A visit as the spool holds it.
fn spooled(day: &str, campaign: &str, is_verified: bool) -> Event {
    let event = json!({
        "shop": "tea", "id": uuid::Uuid::now_v7(), "kind": "visit", "at_ms": NOW_MS, "day": day, "received_at_ms": NOW_MS,
        "received_day": "2026-11-22", "client": 7, "visitor": { "named": "v" }, "verified": is_verified,
        "details": { "campaign": campaign },
    });
    serde_json::from_value(event).unwrap()
}

#[test]
fn within_one_batch_the_shop_is_heard_first_and_one_day_after_the_other() {
    run(async {
        let app = spawn_app().await;
        let limits = ValueLimits { per_client: 1, ..ValueLimits::default() };
        let mut values = NewValues::new(Store::new(app.store.clone()).unwrap(), limits);
        let mut events = [
            spooled("2026-11-22", "of-the-shop", false),
            spooled("2026-11-22", "of-yesterday", false),
            spooled("2026-11-22", "own", false),
            spooled("2026-11-22", "too-much", false),
            spooled("2026-11-21", "of-yesterday", false),
            spooled("2026-11-02", "of-the-shop", true),
        ];
        assert_eq!(values.bound(&mut events).await.unwrap(), ["campaign"]);
        let named: Vec<&str> = events.iter().map(|event| event.details.campaign.as_str()).collect();
        assert_eq!(named, ["of-the-shop", "of-yesterday", "own", "(other)", "of-yesterday", "of-the-shop"]);
        app.close().await;
    });
}
