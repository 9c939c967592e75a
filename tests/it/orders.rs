//! What orders tell about their persons: repeat, cycle, order values.

use crate::app::{DAY_MS, MINUTE_MS, NOW_MS, TestApp, TestShop, event, event_with, run, spawn_app};
use serde_json::{Value, json};

/// 10:00 in Shanghai on 2026-11-21.
const MORNING_MS: i64 = NOW_MS - DAY_MS - 120 * MINUTE_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// An order with its payment `paid_after_ms` later. `more`: fields of the order.
pub fn paid_order(id: &str, visitor: &str, at_ms: i64, paid_after_ms: i64, more: Value) -> [Value; 2] {
    let mut order = event_with("order", visitor, at_ms, more);
    order["order_id"] = json!(id);
    [order, event_with("payment", visitor, at_ms + paid_after_ms, json!({ "order_id": id }))]
}

async fn orders(app: &TestApp, shop: &TestShop, from: &str, to: &str) -> Value {
    app.report(shop, &format!("orders?from={from}&to={to}")).await
}

#[test]
fn a_shop_without_orders_has_counts_of_zero_and_no_rates() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("empty");
        let body = orders(&app, &shop, "2026-11-21", "2026-11-22").await;
        let head = json!([body["shop"], body["from"], body["to"], body["time_zone"], body["partial"]]);
        assert_eq!(head, json!(["empty", "2026-11-21", "2026-11-22", "Asia/Shanghai", true]));
        let nothing = json!({ "orders": 0, "median": null, "mean": null });
        assert_eq!(
            json!([body["repeat"], body["cycle"], body["money"]]),
            json!([
                { "payers": 0, "repeat_buyers": 0, "repeat_buyer_rate": null, "old_buyers": 0, "old_buyer_share": null },
                { "days_to_order": nothing, "days_to_payment": nothing },
                [],
            ])
        );
        app.close().await;
    });
}

#[test]
fn a_person_is_a_customer_where_known_and_else_a_visitor() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let mei = || json!({ "customer": "mei" });
        // One customer on two devices is one person, and so is the device that has named no other.
        app.send(&shop, &paid_order("1", "phone", MORNING_MS, 1, mei())).await;
        app.send(&shop, &paid_order("2", "laptop", MORNING_MS, 1, mei())).await;
        app.send(&shop, &paid_order("3", "phone", MORNING_MS, 1, json!({}))).await;
        // A customer whom only a payment names, without any visitor, is a person.
        app.send(
            &shop,
            &[
                json!({ "kind": "order", "order_id": "4", "at": MORNING_MS }),
                json!({ "kind": "payment", "order_id": "4", "at": MORNING_MS, "customer": "lan" }),
            ],
        )
        .await;
        // Nobody's, and never paid.
        app.send(
            &shop,
            &[
                json!({ "kind": "order", "order_id": "5", "at": MORNING_MS }),
                json!({ "kind": "payment", "order_id": "5", "at": MORNING_MS }),
                event_with("order", "unpaid", MORNING_MS, json!({ "order_id": "6" })),
            ],
        )
        .await;
        let body = orders(&app, &shop, "2026-11-21", "2026-11-21").await;
        let expected = json!({
            "payers": 2, "repeat_buyers": 1, "repeat_buyer_rate": 0.5, "old_buyers": 0, "old_buyer_share": 0.0,
        });
        assert_eq!(body["repeat"], expected);
        // Of several customers none is the device's: its order without a customer is its own.
        app.send(&shop, &[event_with("visit", "phone", MORNING_MS, json!({ "customer": "lan" }))]).await;
        let body = orders(&app, &shop, "2026-11-21", "2026-11-21").await;
        assert_eq!((&body["repeat"]["payers"], &body["repeat"]["repeat_buyers"]), (&json!(3), &json!(1)));
        app.close().await;
    });
}

#[test]
fn a_cycle_runs_from_the_first_visit_after_the_order_before() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let visit = |visitor: &str, at_ms| event("visit", visitor, at_ms);
        app.send(
            &shop,
            &[
                // 30 days and a millisecond before is too early, 30 days are not: 30 days, paid half a day
                // later.
                visit("monthly", MORNING_MS - 30 * DAY_MS - 1),
                visit("monthly", MORNING_MS - 30 * DAY_MS),
                visit("monthly", MORNING_MS - DAY_MS),
                // Ordered and came back six hours before the second order, the first visit of which was the
                // day before.
                visit("again", MORNING_MS - 3 * DAY_MS),
                visit("again", MORNING_MS - 6 * HOUR_MS),
                visit("again", MORNING_MS - HOUR_MS),
                // A visit of the very moment begins; one after it does not.
                visit("sudden", MORNING_MS),
                visit("after", MORNING_MS + 1),
                // A program's visit is nobody's.
                event_with("visit", "program", MORNING_MS - DAY_MS, json!({ "user_agent": "Googlebot" })),
            ],
        )
        .await;
        app.send(&shop, &paid_order("1", "monthly", MORNING_MS, 12 * HOUR_MS, json!({}))).await;
        app.send(&shop, &paid_order("2", "again", MORNING_MS - 2 * DAY_MS, 1, json!({}))).await;
        app.send(&shop, &paid_order("3", "again", MORNING_MS, 18 * HOUR_MS, json!({}))).await;
        for visitor in ["sudden", "after", "program", "never"] {
            app.send(&shop, &[event_with("order", visitor, MORNING_MS, json!({ "order_id": visitor }))])
                .await;
        }
        // On the 21st: 30, 0.25 and 0 days to the order; 30.5 and 1 day to the payment.
        let cycle = &orders(&app, &shop, "2026-11-21", "2026-11-21").await["cycle"];
        let expected = json!({
            "days_to_order": { "orders": 3, "median": 0.25, "mean": 30.25 / 3.0 },
            "days_to_payment": { "orders": 2, "median": 15.75, "mean": 15.75 },
        });
        assert_eq!(*cycle, expected);
        // Two days before: the order that the other window's was counted from.
        let cycle = &orders(&app, &shop, "2026-11-19", "2026-11-19").await["cycle"];
        assert_eq!(cycle["days_to_order"], json!({ "orders": 1, "median": 1.0, "mean": 1.0 }));
        app.close().await;
    });
}

#[test]
fn orders_of_one_moment_begin_with_the_same_visit() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &[event("visit", "v", MORNING_MS - 12 * HOUR_MS)]).await;
        for id in ["1", "2"] {
            app.send(&shop, &[event_with("order", "v", MORNING_MS, json!({ "order_id": id }))]).await;
        }
        let cycle = &orders(&app, &shop, "2026-11-21", "2026-11-21").await["cycle"];
        assert_eq!(cycle["days_to_order"], json!({ "orders": 2, "median": 0.5, "mean": 0.5 }));
        app.close().await;
    });
}

#[test]
fn order_values_are_those_of_the_funnel_per_currency() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &[event("inquiry", "asked", MORNING_MS - HOUR_MS)]).await;
        let amount = |amount: &str, currency: &str| json!({ "amount": amount, "currency": currency });
        for (id, visitor, more) in [
            ("1", "asked", amount("10", "CNY")),
            ("2", "asked", amount("20.01", "CNY")),
            ("3", "silent", amount("5", "CNY")),
            ("4", "silent", amount("7", "USD")),
        ] {
            app.send(&shop, &paid_order(id, visitor, MORNING_MS, 1, more)).await;
        }
        let body = orders(&app, &shop, "2026-11-21", "2026-11-21").await;
        let expected = json!([
            {
                "currency": "CNY", "avg_order_value": "11.6700", "inquiry_avg_order_value": "15.0050",
                "silent_avg_order_value": "5.0000",
            },
            {
                "currency": "USD", "avg_order_value": "7.0000", "inquiry_avg_order_value": null,
                "silent_avg_order_value": "7.0000",
            },
        ]);
        assert_eq!(body["money"], expected);
        app.close().await;
    });
}
