//! Golden figures: events in over HTTP, the funnel out over HTTP.

use crate::app::{DAY_MS, MINUTE_MS, NOW_MS, TestApp, TestShop, event, event_with, run, spawn_app};
use serde_json::{Value, json};

const DAY: &str = "2026-11-21";
/// 10:00 in Shanghai on [`DAY`].
const MORNING_MS: i64 = NOW_MS - DAY_MS - 120 * MINUTE_MS;

async fn assert_figures(app: &TestApp, shop: &TestShop, expected: Value) {
    let funnel = app.funnel(shop, DAY, DAY).await;
    for (id, value) in expected.as_object().unwrap() {
        assert_eq!(&funnel[id], value, "{id} in {funnel}");
    }
}

/// METRICS section 2: 100 visitors, 60 leave after one page, 20 inquire of whom 8 order, 2 order silently,
/// 5 of the 10 pay.
fn textbook_shop() -> Vec<Value> {
    let mut events = Vec::new();
    for n in 0..100_i64 {
        let visitor = format!("v{n}");
        let at_ms = MORNING_MS + n * 1_000;
        events.push(event("visit", &visitor, at_ms));
        match n {
            0..60 => {
                if n % 2 == 0 {
                    events.push(event("bounce", &visitor, at_ms + 500));
                }
            }
            _ => events.push(event("visit", &visitor, at_ms + 100)),
        }
        if (60..80).contains(&n) {
            events.push(event("inquiry", &visitor, at_ms + 200));
        }
        if (60..68).contains(&n) || (80..82).contains(&n) {
            let order_id = format!("o{n}");
            events.push(event_with("order", &visitor, at_ms + 300, json!({ "order_id": order_id })));
            if (60..64).contains(&n) || n == 80 {
                events.push(event_with("payment", &visitor, at_ms + 400, json!({ "order_id": order_id })));
            }
        }
    }
    events
}

#[test]
fn the_textbook_shop_gives_exactly_its_figures() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("textbook");
        app.send(&shop, &textbook_shop()).await;
        let expected = json!({
            "visitors": 100, "bounced": 60, "effective": 40, "open": 0, "inquirers": 20,
            "silent_visitors": 20, "inquiry_buyers": 8, "silent_buyers": 2, "buyers": 10,
            "inquiry_payers": 4, "silent_payers": 1, "payers": 5, "after_sale_inquirers": 0,
            "effective_entry_rate": 0.40, "bounce_rate": 0.60, "inquiry_rate": 0.20,
            "inquiry_conversion_rate": 0.40, "inquiry_paid_rate": 0.20, "silent_conversion_rate": 0.10,
            "silent_paid_rate": 0.05, "silent_rate_all_visitors": 0.02, "silent_share_of_buyers": 0.20,
            "payment_rate": 0.50, "overall_conversion_rate": 0.05,
        });
        assert_eq!(app.funnel(&shop, DAY, DAY).await, expected);
        app.close().await;
    });
}

#[test]
fn an_empty_shop_has_counts_of_zero_and_no_rates() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("empty");
        let funnel = app.funnel(&shop, DAY, DAY).await;
        let funnel = funnel.as_object().unwrap();
        assert_eq!(funnel.len(), 24);
        for (id, value) in funnel {
            let expected = if id.contains("rate") || id.contains("share") { Value::Null } else { json!(0) };
            assert_eq!(*value, expected, "{id}");
        }
        app.close().await;
    });
}

#[test]
fn a_shop_whose_visitors_all_bounce_has_an_entry_rate_of_zero() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("bounced");
        let events: Vec<_> = (0..100).map(|n| event("visit", &format!("v{n}"), MORNING_MS + n)).collect();
        app.send(&shop, &events).await;
        let expected = json!({
            "visitors": 100, "bounced": 100, "effective": 0, "effective_entry_rate": 0.0, "bounce_rate": 1.0,
            "inquiry_rate": 0.0, "inquiry_conversion_rate": null, "silent_conversion_rate": null,
            "payment_rate": null, "overall_conversion_rate": 0.0,
        });
        assert_figures(&app, &shop, expected).await;
        app.close().await;
    });
}

#[test]
fn two_views_or_any_deed_make_a_visitor_effective_and_a_repeated_view_does_not() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("effective");
        let once = event("visit", "repeated", MORNING_MS);
        app.send(
            &shop,
            &[
                once.clone(),
                once,
                event("visit", "asked", MORNING_MS),
                event("inquiry", "asked", MORNING_MS + 1),
                event("favorite", "liked", MORNING_MS),
                event("cart", "packed", MORNING_MS),
                event_with("order", "ordered", MORNING_MS, json!({ "order_id": "o" })),
                event("bounce", "left", MORNING_MS),
                event("visit", "left", MORNING_MS - 5),
                event("visit", "left", MORNING_MS + 5),
                event_with("rating", "rated", MORNING_MS, json!({ "score": 5 })),
            ],
        )
        .await;
        assert_figures(&app, &shop, json!({ "visitors": 6, "effective": 5, "bounced": 1 })).await;
        app.close().await;
    });
}

#[test]
fn an_inquiry_after_the_order_leaves_the_buyer_silent_and_one_at_the_same_instant_does_not() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("branches");
        app.send(
            &shop,
            &[
                event_with("order", "late", MORNING_MS, json!({ "order_id": "1" })),
                event("inquiry", "late", MORNING_MS + 1),
                event_with("order", "same", MORNING_MS, json!({ "order_id": "2" })),
                event("inquiry", "same", MORNING_MS),
                event_with("inquiry", "marked", MORNING_MS, json!({ "topic": "after_sale" })),
            ],
        )
        .await;
        let expected = json!({
            "inquirers": 1, "inquiry_buyers": 1, "silent_buyers": 1, "after_sale_inquirers": 2, "effective": 3,
        });
        assert_figures(&app, &shop, expected).await;
        app.close().await;
    });
}

#[test]
fn an_inquiry_within_the_after_sale_days_of_an_order_is_not_pre_sale() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("aftersale");
        for (visitor, days) in [("near", 21), ("far", 22)] {
            let order = json!({ "order_id": visitor });
            app.send(&shop, &[event_with("order", visitor, MORNING_MS - days * DAY_MS, order)]).await;
            app.send(&shop, &[event_with("inquiry", visitor, MORNING_MS, json!({ "topic": "pre_sale" }))])
                .await;
        }
        assert_figures(&app, &shop, json!({ "inquirers": 1, "after_sale_inquirers": 1 })).await;
        // The rule is the shop's, and old days follow it at once.
        let changes = shopfunnel::shops::command::Changes { after_sale_days: Some(20), ..Default::default() };
        app.set_shop("aftersale", changes);
        assert_figures(&app, &shop, json!({ "inquirers": 2, "after_sale_inquirers": 0 })).await;
        app.close().await;
    });
}

#[test]
fn an_order_is_placed_once_at_its_earliest_time_by_the_first_visitor_it_names() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("orders");
        let order = |visitor: &str, at_ms| event_with("order", visitor, at_ms, json!({ "order_id": "o1" }));
        let nameless =
            json!({ "kind": "order", "order_id": "o1", "at": MORNING_MS, "id": uuid::Uuid::now_v7() });
        app.send(&shop, &[order("second", MORNING_MS + DAY_MS), order("first", MORNING_MS + 2), nameless])
            .await;
        assert_figures(&app, &shop, json!({ "visitors": 1, "effective": 1, "buyers": 1, "payers": 0 })).await;
        assert_eq!(app.funnel(&shop, "2026-11-22", "2026-11-22").await["visitors"], 0);
        // Whenever the payment comes, and before which event of the order ever it does.
        let payment =
            json!({ "kind": "payment", "order_id": "o1", "at": NOW_MS, "id": uuid::Uuid::now_v7() });
        app.send(&shop, &[payment]).await;
        assert_figures(&app, &shop, json!({ "buyers": 1, "payers": 1, "silent_payers": 1 })).await;
        app.close().await;
    });
}

#[test]
fn a_payment_id_that_names_two_orders_at_one_instant_pays_that_of_the_lesser_event_id() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("ties");
        let order = |id: &str, at_ms| event_with("order", id, at_ms, json!({ "order_id": id }));
        app.send(&shop, &[order("lesser", MORNING_MS), order("greater", MORNING_MS + DAY_MS)]).await;
        // The halves of these ids are ordered the other way round than the whole ids are.
        for (id, order_id) in [
            ("ffffffff-0000-4000-8000-000000000000", "greater"),
            ("00000000-0000-4000-bfff-ffffffffffff", "lesser"),
        ] {
            let payment =
                json!({ "kind": "payment", "id": id, "at": NOW_MS, "order_id": order_id, "payment_id": "P" });
            app.send(&shop, &[payment]).await;
        }
        assert_figures(&app, &shop, json!({ "buyers": 1, "payers": 1 })).await;
        assert_eq!(app.funnel(&shop, "2026-11-22", "2026-11-22").await["payers"], 0);
        app.close().await;
    });
}

#[test]
fn persons_are_distinct_over_the_window_and_never_a_sum_of_days() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("distinct");
        app.send(
            &shop,
            &[
                event("visit", "u1", MORNING_MS),
                event("visit", "u2", MORNING_MS),
                event("visit", "u2", MORNING_MS + DAY_MS),
                event("visit", "u3", MORNING_MS + DAY_MS),
            ],
        )
        .await;
        // One view on each of two days is two days with one page each: bounced, not effective.
        let both = app.funnel(&shop, DAY, "2026-11-22").await;
        assert_eq!((&both["visitors"], &both["effective"]), (&json!(3), &json!(0)));
        app.close().await;
    });
}

#[test]
fn an_order_nobody_can_be_named_for_brings_nobody() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("unattributed");
        app.send(&shop, &[json!({ "kind": "order", "order_id": "x", "at": MORNING_MS })]).await;
        assert_figures(&app, &shop, json!({ "visitors": 0, "buyers": 0 })).await;
        assert_eq!(app.count("SELECT count() FROM order_events").await, 1);
        app.close().await;
    });
}
