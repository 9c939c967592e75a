//! Money by hand: METRICS section 4, one rule per test.

use crate::app::{DAY_MS, MINUTE_MS, NOW_MS, TestApp, TestShop, event, event_with, run, spawn_app};
use reqwest::StatusCode;
use serde_json::{Value, json};

const DAY: &str = "2026-11-21";
const MORNING_MS: i64 = NOW_MS - DAY_MS;

fn order(visitor: &str, order_id: &str, at_ms: i64, amount: &str) -> Value {
    event_with("order", visitor, at_ms, json!({ "order_id": order_id, "amount": amount }))
}

/// A payment or refund as a webhook tells it: of an order, of nobody.
fn of_order(kind: &str, order_id: &str, at_ms: i64, more: Value) -> Value {
    let mut event = json!({ "kind": kind, "order_id": order_id, "at": at_ms, "id": uuid::Uuid::now_v7() });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

async fn day(app: &TestApp, shop: &TestShop) -> Value {
    let (status, body) = app.ask(shop, &format!("?from={DAY}&to={DAY}")).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

/// The figures named by `expected`, of the only currency.
async fn assert_money(app: &TestApp, shop: &TestShop, expected: Value) {
    let body = day(app, shop).await;
    assert_eq!(body["money"].as_array().unwrap().len(), 1, "{body}");
    for (id, value) in expected.as_object().unwrap() {
        assert_eq!(body["money"][0][id], *value, "{id} of {body}");
    }
}

#[test]
fn every_amount_is_split_by_how_its_order_came_about() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("split");
        app.send(
            &shop,
            &[
                event("inquiry", "asked", MORNING_MS),
                order("asked", "1", MORNING_MS + 1, "100.50"),
                of_order("payment", "1", MORNING_MS + 2, json!({})),
                order("silent", "2", MORNING_MS, "60"),
                of_order("payment", "2", MORNING_MS, json!({ "amount": "59.9999" })),
                of_order("refund", "2", NOW_MS, json!({ "amount": 9.9 })),
                of_order("order", "3", MORNING_MS, json!({ "amount": "7" })),
                of_order("payment", "3", MORNING_MS, json!({})),
                order("unpaid", "4", MORNING_MS, "1000000000000"),
                event("visit", "looked", MORNING_MS),
            ],
        )
        .await;
        assert_money(
            &app,
            &shop,
            json!({
                "currency": "CNY", "orders": 4, "unattributed_orders": 1, "paid_orders": 3,
                "ordered_amount": "1000000000167.5000", "inquiry_ordered_amount": "100.5000",
                "silent_ordered_amount": "1000000000060.0000", "unattributed_ordered_amount": "7.0000",
                "paid_amount": "167.4999", "inquiry_paid_amount": "100.5000", "silent_paid_amount": "59.9999",
                "unattributed_paid_amount": "7.0000", "refunded_amount": "9.9000",
                "silent_refunded_amount": "9.9000", "inquiry_refunded_amount": "0.0000",
                "net_amount": "157.5999", "silent_net_amount": "50.0999", "received_amount": "167.4999",
                // 160.4999 of 2 payers; 167.4999 of 3 orders; 160.4999 of 4 visitors; each rounded half up.
                "avg_revenue_per_buyer": "80.2500", "avg_order_value": "55.8333",
                "revenue_per_visitor": "40.1250", "inquiry_avg_order_value": "100.5000",
                "silent_avg_order_value": "59.9999", "waiting_payments": { "count": 0, "amount": "0.0000" },
            }),
        )
        .await;
        let funnel = app.funnel(&shop, DAY, DAY).await;
        assert_eq!(json!([funnel["visitors"], funnel["buyers"], funnel["payers"]]), json!([4, 3, 2]));
        app.close().await;
    });
}

#[test]
fn a_refund_without_an_amount_is_of_all_that_is_still_paid() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("refunds");
        // In the order of arrival that is hardest: the refunds first, the order last.
        app.send(&shop, &[of_order("refund", "1", NOW_MS, json!({}))]).await;
        app.send(&shop, &[of_order("refund", "1", NOW_MS - 5, json!({ "refund_id": "r", "amount": "30" }))])
            .await;
        app.send(&shop, &[of_order("payment", "1", MORNING_MS + 5, json!({}))]).await;
        app.send(&shop, &[order("v", "1", MORNING_MS, "100")]).await;
        // The same refund once more, corrected.
        app.send(&shop, &[of_order("refund", "1", NOW_MS - 4, json!({ "refund_id": "r", "amount": "40" }))])
            .await;
        let expected =
            json!({ "paid_amount": "100.0000", "refunded_amount": "100.0000", "net_amount": "0.0000" });
        assert_money(&app, &shop, expected).await;
        assert_eq!(app.funnel(&shop, DAY, DAY).await["payers"], 1, "refunded orders stay paid");
        app.close().await;
    });
}

#[test]
fn a_verified_amount_beats_an_unverified_one_and_a_later_one_an_earlier() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("verified");
        let told = |amount: &str, at_ms: i64| order("v", "1", at_ms, amount);
        app.browse(&shop, &[told("1", MORNING_MS), told("2", MORNING_MS + 9)]).await;
        assert_money(&app, &shop, json!({ "ordered_amount": "2.0000", "orders": 1 })).await;
        app.send(&shop, &[told("4", MORNING_MS + 2), told("3", MORNING_MS + 1)]).await;
        assert_money(&app, &shop, json!({ "ordered_amount": "4.0000", "orders": 1 })).await;
        // A payment told by the page and by the server is one payment.
        let paid = |amount: &str| {
            of_order("payment", "1", MORNING_MS + 20, json!({ "payment_id": "p", "amount": amount }))
        };
        app.browse(&shop, &[paid("9")]).await;
        app.send(&shop, &[paid("4")]).await;
        assert_money(&app, &shop, json!({ "paid_amount": "4.0000", "paid_orders": 1 })).await;
        app.close().await;
    });
}

#[test]
fn a_payment_without_an_order_waits_and_the_answer_says_what_to_send() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("waiting");
        app.send(&shop, &[of_order("payment", "1", MORNING_MS, json!({ "amount": "5" }))]).await;
        let body = day(&app, &shop).await;
        let waiting = json!({ "count": 1, "amount": "5.0000" });
        assert_eq!(body["money"][0]["waiting_payments"], waiting);
        assert_eq!(body["money"][0]["received_amount"], "5.0000");
        assert_eq!(body["money"][0]["paid_amount"], "0.0000");
        assert_eq!(body["notes"][0]["code"], "waiting_payments");
        assert!(body["notes"][0]["message"].as_str().unwrap().contains("`order`"));
        app.send(&shop, &[order("v", "1", NOW_MS, "5")]).await;
        let body = day(&app, &shop).await;
        assert_eq!(body["money"][0]["waiting_payments"]["count"], 0);
        assert_eq!(body["notes"], Value::Null);
        let (_, today) = app.ask(&shop, "?from=2026-11-22&to=2026-11-22").await;
        assert_eq!(today["money"][0]["paid_amount"], "5.0000", "of the day on which the order was placed");
        assert_eq!(today["money"][0]["received_amount"], "0.0000", "of the day on which the money came");
        app.close().await;
    });
}

#[test]
fn currencies_are_never_mixed() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("currencies");
        let in_dollars = json!({ "amount": "3", "currency": "USD" });
        app.send(
            &shop,
            &[
                order("v", "1", MORNING_MS, "20"),
                of_order("payment", "1", MORNING_MS, in_dollars.clone()),
                event_with(
                    "order",
                    "w",
                    MORNING_MS,
                    json!({ "order_id": "2", "amount": "1", "currency": "JPY" }),
                ),
                of_order("order", "3", MORNING_MS, json!({})),
            ],
        )
        .await;
        let body = day(&app, &shop).await;
        let by_currency: Vec<Value> = body["money"]
            .as_array()
            .unwrap()
            .iter()
            .map(|money| {
                json!([
                    money["currency"],
                    money["ordered_amount"],
                    money["paid_amount"],
                    money["orders"],
                    money["paid_orders"],
                    money["avg_revenue_per_buyer"]
                ])
            })
            .collect();
        let expected = json!([
            ["CNY", "20.0000", "0.0000", 2, 0, null],
            ["JPY", "1.0000", "0.0000", 1, 0, null],
            ["USD", "0.0000", "3.0000", 0, 1, "3.0000"],
        ]);
        assert_eq!(json!(by_currency), expected, "an order without an amount is in the shop's currency");
        app.close().await;
    });
}

#[test]
fn an_answer_says_when_its_days_were_last_restated() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("restated");
        app.send(&shop, &[event("visit", "v", MORNING_MS)]).await;
        let restated = day(&app, &shop).await["restated_at"].clone();
        assert_eq!(restated, "2026-11-22T04:00:00.000Z", "it came on a later day than its own");
        app.clock.set(NOW_MS + MINUTE_MS);
        app.send(&shop, &[event("visit", "w", NOW_MS)]).await;
        assert_eq!(day(&app, &shop).await["restated_at"], restated, "of another day");
        let (_, today) = app.ask(&shop, "?from=2026-11-22&to=2026-11-22").await;
        assert_eq!(today["restated_at"], Value::Null);
        // A payment of today moves the day of its order.
        app.send(&shop, &[order("v", "1", MORNING_MS, "5")]).await;
        app.clock.set(NOW_MS + 2 * MINUTE_MS);
        app.send(&shop, &[of_order("payment", "1", NOW_MS, json!({}))]).await;
        assert_eq!(day(&app, &shop).await["restated_at"], "2026-11-22T04:02:00.000Z");
        app.close().await;
    });
}
