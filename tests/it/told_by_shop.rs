//! What the shop's own systems tell decides, whatever anybody with the public key says: METRICS sections 1
//! and 4, a sentence per test, with numbers by hand.
//!
//! What of a request is read, and what is named in its answer, is `as_sent.rs`.

use crate::app::{DAY_MS, MINUTE_MS, NOW_MS, TestApp, TestShop, event, event_with, run, spawn_app};
use crate::ledger::verify;
use serde_json::{Value, json};
use shopfunnel::shops::Payments;
use shopfunnel::shops::command::Changes;

/// Noon of the 20th, two days ago.
const THEN_MS: i64 = NOW_MS - 2 * DAY_MS;
const THEN: &str = "2026-11-20";
const YESTERDAY: &str = "2026-11-21";
const TODAY: &str = "2026-11-22";

/// An event of order `1` that names no visitor, as webhooks send it.
pub fn told(kind: &str, at_ms: i64, more: Value) -> Value {
    let mut event = event_with(kind, "x", at_ms, more);
    event.as_object_mut().unwrap().remove("visitor");
    event["order_id"] = json!("1");
    event
}

/// The same of somebody.
fn told_of(visitor: &str, kind: &str, at_ms: i64, more: Value) -> Value {
    let mut event = told(kind, at_ms, more);
    event["visitor"] = json!(visitor);
    event
}

fn amount(amount: &str) -> Value {
    json!({ "amount": amount })
}

/// Figures of a day: of the funnel, and of the only money.
pub async fn figures(app: &TestApp, shop: &TestShop, day: &str, ids: &[&str]) -> Value {
    let body = app.report(shop, &format!("funnel?from={day}&to={day}")).await;
    let money = body["money"].as_array().unwrap();
    assert!(money.len() <= 1, "{body}");
    let figure = |id: &&str| match body["funnel"].get(*id) {
        Some(count) => count.clone(),
        None => money.first().map_or(Value::Null, |money| money[*id].clone()),
    };
    ids.iter().map(figure).collect()
}

/// Values of a dimension on a day, with a count of each group.
async fn groups(app: &TestApp, shop: &TestShop, day: &str, dimension: &str, count: &str) -> Value {
    let body = app.report(shop, &format!("funnel?from={day}&to={day}&breakdown={dimension}")).await;
    let groups = body["groups"].as_array().unwrap().iter();
    groups.map(|group| json!([group["value"], group["funnel"][count]])).collect()
}

#[test]
fn a_page_moves_no_order_of_the_shop_to_another_day_or_person() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &[told_of("buyer", "order", THEN_MS, amount("100"))]).await;
        app.browse(&shop, &[told_of("thief", "order", THEN_MS - 5 * DAY_MS, amount("1"))]).await;
        app.browse(&shop, &[told_of("thief", "order", THEN_MS, amount("2"))]).await;
        let ids = ["visitors", "effective", "buyers", "orders", "ordered_amount"];
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!([1, 1, 1, 1, "100.0000"]));
        assert_eq!(figures(&app, &shop, "2026-11-15", &ids).await, json!([0, 0, 0, null, null]));
        app.close().await;
    });
}

#[test]
fn of_pages_the_one_nearest_to_an_order_of_nobody_names_its_visitor() {
    run(async {
        let app = spawn_app().await;
        let order =
            |visitor: &str, minutes: i64| told_of(visitor, "order", THEN_MS + minutes * MINUTE_MS, json!({}));
        // Who asked before is told from the others by the branch.
        for (name, pages, branch) in [
            ("near", vec![order("early", -60), order("asked", 2), order("late", 3)], json!([1, 1, 0])),
            ("as-near", vec![order("other", 1), order("asked", -1)], json!([1, 1, 0])),
            ("far", vec![order("asked", -2), order("other", 1)], json!([1, 0, 1])),
        ] {
            let shop = app.add_shop(name);
            app.send(&shop, &[event("inquiry", "asked", THEN_MS - 90 * MINUTE_MS)]).await;
            app.browse(&shop, &pages).await;
            app.send(&shop, &[told("order", THEN_MS, json!({}))]).await;
            let found = figures(&app, &shop, THEN, &["buyers", "inquiry_buyers", "silent_buyers"]).await;
            assert_eq!(found, branch, "{name}");
        }
        // Whom the shop names, pages do not.
        let shop = app.add_shop("named");
        app.browse(&shop, &[order("page", 0)]).await;
        app.send(&shop, &[event("inquiry", "asked", THEN_MS - 1), order("asked", 5)]).await;
        app.send(&shop, &[told("order", THEN_MS, json!({}))]).await;
        assert_eq!(figures(&app, &shop, THEN, &["visitors", "inquiry_buyers"]).await, json!([1, 1]));
        app.close().await;
    });
}

#[test]
fn a_page_tells_an_amount_only_while_the_shop_does_not() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let paid = ["ordered_amount", "paid_amount", "unverified_paid_amount"];
        app.send(&shop, &[told("order", THEN_MS, json!({})), told("payment", THEN_MS, json!({}))]).await;
        app.browse(&shop, &[told_of("v", "order", THEN_MS + 1, amount("30"))]).await;
        assert_eq!(figures(&app, &shop, THEN, &paid).await, json!(["30.0000", "30.0000", "30.0000"]));
        app.send(&shop, &[told("order", THEN_MS - 1, amount("40"))]).await;
        assert_eq!(figures(&app, &shop, THEN, &paid).await, json!(["40.0000", "40.0000", "0.0000"]));
        app.close().await;
    });
}

#[test]
fn the_latest_record_of_an_order_counts_whenever_it_comes() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let record = |at_ms: i64, hours: i64, amount: &str| {
            let as_of_ms = THEN_MS + hours * 60 * MINUTE_MS;
            told("order", at_ms, json!({ "amount": amount, "as_of": as_of_ms }))
        };
        app.send(&shop, &[record(THEN_MS, 3, "80"), record(THEN_MS + 1, 2, "90")]).await;
        let ids = ["orders", "ordered_amount"];
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!([1, "80.0000"]));
        // Without a time of its own a record is as old as what happened.
        app.send(&shop, &[told("order", THEN_MS + 1, amount("70"))]).await;
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!([1, "80.0000"]));
        app.send(&shop, &[record(THEN_MS, 4, "60")]).await;
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!([1, "60.0000"]));
        // A page's record is none of the shop's.
        let page = json!({ "amount": "1", "as_of": NOW_MS });
        app.browse(&shop, &[told_of("v", "order", THEN_MS, page)]).await;
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!([1, "60.0000"]));
        app.close().await;
    });
}

#[test]
fn a_page_refunds_only_what_the_shop_told_nothing_of() {
    run(async {
        let app = spawn_app().await;
        let money = ["paid_amount", "refunded_amount", "net_amount"];
        let refund = told_of("v", "refund", NOW_MS, json!({}));
        let (order, payment) =
            (told_of("v", "order", THEN_MS, amount("100")), told("payment", THEN_MS, json!({})));
        let shop = app.add_shop("of-server");
        app.send(&shop, &[order.clone(), payment]).await;
        app.browse(&shop, std::slice::from_ref(&refund)).await;
        assert_eq!(figures(&app, &shop, THEN, &money).await, json!(["100.0000", "0.0000", "100.0000"]));
        let shop = app.add_shop("of-page");
        app.browse(&shop, &[order, told_of("v", "payment", THEN_MS, json!({})), refund]).await;
        assert_eq!(figures(&app, &shop, THEN, &money).await, json!(["100.0000", "100.0000", "0.0000"]));
        // A payment that the shop tells of is something of the order.
        app.send(&shop, &[told("payment", THEN_MS + 1, json!({ "payment_id": "p" }))]).await;
        assert_eq!(figures(&app, &shop, THEN, &money).await, json!(["100.0000", "0.0000", "100.0000"]));
        app.close().await;
    });
}

#[test]
fn a_page_neither_prices_nor_moves_nor_erases_a_payment_of_the_shop() {
    run(async {
        let app = spawn_app().await;
        let ids = ["payers", "paid_amount", "unverified_paid_amount", "received_amount"];
        for (name, id) in [("with-id", json!("p")), ("without-id", Value::Null)] {
            let shop = app.add_shop(name);
            let payment = json!({ "payment_id": id, "amount": "100" });
            app.send(&shop, &[told_of("v", "order", THEN_MS, amount("100"))]).await;
            app.send(&shop, &[told("payment", THEN_MS, payment)]).await;
            for (amount, currency) in [("1000000000000", "CNY"), ("0.01", "USD"), ("0", "CNY")] {
                for id in [json!("p"), json!("q"), Value::Null] {
                    let page =
                        json!({ "payment_id": id, "amount": amount, "currency": currency, "as_of": NOW_MS });
                    app.browse(&shop, &[told_of("v", "payment", THEN_MS - DAY_MS, page)]).await;
                }
            }
            let expected = json!([1, "100.0000", "0.0000", "100.0000"]);
            assert_eq!(figures(&app, &shop, THEN, &ids).await, expected, "{name}");
        }
        app.close().await;
    });
}

#[test]
fn a_payment_told_again_two_days_later_keeps_its_day_its_cash_and_its_cohort() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let payment = |at_ms| told("payment", at_ms, json!({ "payment_id": "p", "amount": "100" }));
        app.send(&shop, &[event("inquiry", "v", THEN_MS - 1)]).await;
        app.send(&shop, &[told_of("v", "order", THEN_MS, amount("100")), payment(THEN_MS)]).await;
        for _ in 0..2 {
            assert_eq!(figures(&app, &shop, THEN, &["received_amount"]).await, json!(["100.0000"]));
            assert_eq!(figures(&app, &shop, TODAY, &["received_amount"]).await, json!([null]));
            let cohorts = app.report(&shop, &format!("cohorts?from={THEN}&to={THEN}")).await;
            assert_eq!(cohorts["total"]["paid_d0"], 1.0, "{cohorts}");
            app.send(&shop, &[payment(NOW_MS)]).await;
        }
        app.close().await;
    });
}

#[test]
fn a_payment_or_refund_without_a_currency_is_in_its_orders() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let ids = ["currency", "paid_amount", "refunded_amount", "net_amount", "received_amount"];
        app.send(&shop, &[told("payment", THEN_MS, amount("10")), told("refund", NOW_MS, amount("4"))]).await;
        // The shop's, while the order is unknown.
        let waiting = json!(["CNY", "0.0000", "0.0000", "0.0000", "10.0000"]);
        assert_eq!(figures(&app, &shop, THEN, &ids).await, waiting);
        let order = json!({ "amount": "10", "currency": "USD" });
        app.send(&shop, &[told("order", THEN_MS, order)]).await;
        let dollars = json!(["USD", "10.0000", "4.0000", "6.0000", "10.0000"]);
        assert_eq!(figures(&app, &shop, THEN, &ids).await, dollars);
        app.close().await;
    });
}

#[test]
fn a_payment_that_a_provider_and_a_platform_tell_is_one() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let by = |kind: &str, id: &str, via: &str, amount: &str| {
            told(kind, THEN_MS, json!({ format!("{kind}_id"): id, "via": via, "amount": amount }))
        };
        app.send(&shop, &[told("order", THEN_MS, amount("100"))]).await;
        app.send(&shop, &[by("payment", "of platform", "platform", "98")]).await;
        let ids = ["paid_amount", "refunded_amount"];
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!(["98.0000", "0.0000"]));
        app.send(&shop, &[by("payment", "of provider", "provider", "100")]).await;
        app.send(&shop, &[by("refund", "r1", "platform", "31"), by("refund", "r2", "provider", "30")]).await;
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!(["100.0000", "30.0000"]));
        // What a page says of where it comes from is nothing.
        let page = json!({ "payment_id": "of page", "via": "provider", "amount": "1" });
        let shop = app.add_shop("page");
        app.send(&shop, &[told("order", THEN_MS, amount("100")), by("payment", "p", "shop", "100")]).await;
        app.browse(&shop, &[told_of("v", "payment", THEN_MS, page)]).await;
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!(["100.0000", "0.0000"]));
        app.close().await;
    });
}

#[test]
fn of_payments_without_an_id_a_providers_alone_count_and_are_one() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let by = |via: &str, at_ms: i64, amount: &str| {
            told("payment", at_ms, json!({ "via": via, "amount": amount }))
        };
        app.send(&shop, &[told("order", THEN_MS, amount("100")), by("platform", THEN_MS + 5, "98")]).await;
        let ids = ["paid_amount", "received_amount"];
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!(["98.0000", "98.0000"]));
        let tomorrow = THEN_MS + DAY_MS;
        app.send(&shop, &[by("provider", tomorrow, "100"), by("provider", tomorrow + 1, "101")]).await;
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!(["101.0000", "0.0000"]));
        assert_eq!(figures(&app, &shop, YESTERDAY, &["received_amount"]).await, json!(["101.0000"]));
        app.close().await;
    });
}

#[test]
fn the_part_of_the_money_that_the_shop_itself_did_not_tell_is_named() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let ids = ["paid_amount", "unverified_paid_amount"];
        app.send(&shop, &[told("order", THEN_MS, amount("100"))]).await;
        app.browse(&shop, &[told_of("v", "payment", THEN_MS, amount("90"))]).await;
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!(["90.0000", "90.0000"]));
        app.send(&shop, &[told("payment", THEN_MS, json!({}))]).await;
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!(["100.0000", "0.0000"]));
        app.close().await;
    });
}

fn server_only() -> Changes {
    Changes { payments: Some(Payments::Server), ..Changes::default() }
}

#[test]
fn where_the_server_alone_tells_of_money_a_pages_order_only_names_its_visitor() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.set_shop("tea", server_only());
        app.browse(&shop, &[told_of("v", "order", THEN_MS, amount("30"))]).await;
        let ids = ["visitors", "buyers", "payers", "ordered_amount"];
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!([0, 0, 0, null]));
        app.send(&shop, &[told("order", THEN_MS + 5, json!({})), told("payment", THEN_MS, json!({}))]).await;
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!([1, 1, 1, "0.0000"]));
        for kind in ["payment", "refund"] {
            let page = json!({ "shop": shop.public_key, "events": [told_of("v", kind, THEN_MS, json!({}))] });
            let answer: Value = app.post_browser(page).await.json().await.unwrap();
            assert_eq!(answer["rejected"][0]["code"], "server_signature_required", "{answer}");
        }
        app.close().await;
    });
}

#[test]
fn where_the_server_alone_tells_of_money_a_page_names_no_customer_of_an_order() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.set_shop("tea", server_only());
        let named = |customer: &str| json!({ "customer": customer });
        // So that the visitor has named several and is a person of their own.
        app.send(&shop, &[event_with("visit", "v", THEN_MS - 1, named("other"))]).await;
        app.browse(&shop, &[told_of("v", "order", THEN_MS, named("victim"))]).await;
        app.send(&shop, &[told("order", THEN_MS, json!({})), told("payment", THEN_MS, json!({}))]).await;
        let second = json!({ "order_id": "2", "customer": "victim" });
        app.send(&shop, &[event_with("order", "w", THEN_MS, second)]).await;
        app.send(&shop, &[event_with("payment", "w", THEN_MS, json!({ "order_id": "2" }))]).await;
        let repeat = &app.report(&shop, &format!("orders?from={THEN}&to={THEN}")).await["repeat"];
        assert_eq!(json!([repeat["payers"], repeat["repeat_buyers"]]), json!([2, 0]));
        app.close().await;
    });
}

/// Of a day: payers and repeat buyers of all days until then, and the day's customer type.
async fn persons(app: &TestApp, shop: &TestShop, day: &str) -> Value {
    let repeat = &app.report(shop, &format!("orders?from={THEN}&to={day}")).await["repeat"];
    let types = groups(app, shop, day, "customer_type", "visitors").await;
    json!([repeat["payers"], repeat["repeat_buyers"], types])
}

fn bought(visitor: &str, id: &str, at_ms: i64, customer: Value) -> [Value; 2] {
    let order = json!({ "order_id": id, "amount": "10", "customer": customer });
    [
        event_with("order", visitor, at_ms, order),
        event_with("payment", visitor, at_ms + 1, json!({ "order_id": id })),
    ]
}

#[test]
fn a_guest_who_orders_again_with_an_account_is_one_old_person() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &bought("v", "1", THEN_MS, Value::Null)).await;
        app.send(&shop, &bought("v", "2", THEN_MS + DAY_MS, json!("mei"))).await;
        assert_eq!(persons(&app, &shop, YESTERDAY).await, json!([1, 1, [["old", 1]]]));
        // On another device, by the account.
        app.send(&shop, &bought("phone", "3", NOW_MS, json!("mei"))).await;
        assert_eq!(persons(&app, &shop, TODAY).await, json!([1, 1, [["old", 1]]]));
        app.close().await;
    });
}

#[test]
fn a_visitor_of_several_customers_is_none_of_them() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &bought("phone", "1", THEN_MS, json!("mei"))).await;
        app.send(&shop, &bought("shared", "2", THEN_MS + DAY_MS, Value::Null)).await;
        let named = |customer: &str| event_with("visit", "shared", NOW_MS, json!({ "customer": customer }));
        app.send(&shop, &[named("mei")]).await;
        assert_eq!(persons(&app, &shop, YESTERDAY).await, json!([1, 1, [["old", 1]]]));
        app.send(&shop, &[named("lan")]).await;
        assert_eq!(persons(&app, &shop, YESTERDAY).await, json!([2, 0, [["new", 1]]]));
        app.close().await;
    });
}

#[test]
fn the_profit_is_that_of_paid_orders_that_tell_what_they_cost() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let order = |id: &str, more: Value| {
            let mut order = told("order", THEN_MS, more);
            order["order_id"] = json!(id);
            order
        };
        let of = |kind: &str, id: &str, more: Value| {
            let mut event = told(kind, THEN_MS + 1, more);
            event["order_id"] = json!(id);
            event
        };
        let lines = json!([{ "product": "tea", "cost": "10" }, { "product": "pot", "cost": "15.5" }]);
        let some = json!([{ "product": "tea", "cost": "10" }, { "product": "pot" }]);
        app.send(
            &shop,
            &[
                order(
                    "1",
                    json!({ "amount": "100", "cost": "40", "shipping": "8", "tax": "6", "discount": "5" }),
                ),
                of("payment", "1", json!({})),
                of("refund", "1", amount("20")),
                order("2", json!({ "amount": "50", "items": lines })),
                of("payment", "2", json!({})),
                order("3", json!({ "amount": "30", "items": some })),
                of("payment", "3", json!({})),
                order("unpaid", json!({ "amount": "70", "cost": "60" })),
            ],
        )
        .await;
        // 80 − 40 − 8 − 6 and 50 − 25.5.
        let ids = ["cost_amount", "gross_profit", "orders_without_cost", "net_amount"];
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!(["65.5000", "50.5000", 1, "160.0000"]));
        app.close().await;
    });
}

fn chat(kind: &str, visitor: Option<&str>, at_ms: i64, more: Value) -> Value {
    let mut event = event_with(kind, visitor.unwrap_or("x"), at_ms, more);
    event["conversation"] = json!("k");
    event["channel"] = json!("crisp");
    if visitor.is_none() {
        event.as_object_mut().unwrap().remove("visitor");
    }
    event
}

#[test]
fn a_conversation_is_of_whom_the_shop_first_names_and_one_inquiry_a_day() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let inquiry = |visitor, at_ms| chat("inquiry", visitor, at_ms, json!({}));
        let ids = ["visitors", "inquirers", "after_sale_inquirers"];
        app.send(&shop, &[inquiry(None, THEN_MS)]).await;
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!([0, 0, 0]), "of nobody");
        app.browse(&shop, &[inquiry(Some("page"), THEN_MS + 1)]).await;
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!([1, 1, 0]));
        // The day's first counts: the second, after an order, is no inquiry of its own.
        app.send(&shop, &[told_of("page", "order", THEN_MS + 2, json!({})), inquiry(None, THEN_MS + 3)])
            .await;
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!([1, 1, 0]));
        assert_eq!(figures(&app, &shop, THEN, &["inquiry_buyers"]).await, json!([1]));
        // The shop's word on whose it is comes first: who ordered has not asked.
        app.send(&shop, &[inquiry(Some("shop"), NOW_MS)]).await;
        assert_eq!(figures(&app, &shop, THEN, &ids).await, json!([2, 1, 0]));
        assert_eq!(figures(&app, &shop, THEN, &["silent_buyers"]).await, json!([1]));
        assert_eq!(figures(&app, &shop, TODAY, &ids).await, json!([1, 1, 0]));
        app.close().await;
    });
}

#[test]
fn who_replies_is_an_agent_of_the_conversation_and_brings_nobody() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let by = |by: &str, agent: &str| json!({ "by": by, "agent": agent });
        let reply = |at_ms, more| chat("reply", Some("v"), at_ms, more);
        app.send(&shop, &[reply(THEN_MS - 1, by("bot", "robot"))]).await;
        assert_eq!(figures(&app, &shop, THEN, &["visitors"]).await, json!([0]));
        app.send(&shop, &[chat("inquiry", Some("v"), THEN_MS, json!({ "agent": "mei" }))]).await;
        let answers = async || groups(&app, &shop, THEN, "answered_by", "inquirers").await;
        assert_eq!(answers().await, json!([["nobody", 1]]));
        app.send(&shop, &[reply(THEN_MS + 1, by("bot", "robot"))]).await;
        assert_eq!(answers().await, json!([["bot", 1]]));
        app.send(&shop, &[reply(THEN_MS + 3, by("person", "hua")), reply(THEN_MS + 2, by("person", "lan"))])
            .await;
        assert_eq!(answers().await, json!([["person", 1]]));
        let agents = groups(&app, &shop, THEN, "agent", "inquirers").await;
        assert_eq!(agents, json!([["lan", 1], ["mei", 1]]));
        // Carried to the day of an order, as the whole inquiry is; who answered is not.
        app.send(&shop, &[told_of("v", "order", THEN_MS + DAY_MS, json!({}))]).await;
        let agents = groups(&app, &shop, YESTERDAY, "agent", "buyers").await;
        assert_eq!(agents, json!([["lan", 1], ["mei", 1]]));
        let answers = groups(&app, &shop, YESTERDAY, "answered_by", "buyers").await;
        assert_eq!(answers, json!([[null, 1]]));
        app.close().await;
    });
}

#[test]
fn an_inquiry_is_answered_before_the_conversations_next() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let inquiry = |at_ms| chat("inquiry", Some("v"), at_ms, json!({}));
        let next_ms = THEN_MS + DAY_MS;
        let reply = |at_ms| chat("reply", None, at_ms, json!({ "by": "person" }));
        app.send(&shop, &[inquiry(THEN_MS), inquiry(next_ms), reply(next_ms)]).await;
        assert_eq!(groups(&app, &shop, THEN, "answered_by", "inquirers").await, json!([["nobody", 1]]));
        assert_eq!(groups(&app, &shop, YESTERDAY, "answered_by", "inquirers").await, json!([["person", 1]]));
        // Late, but before the next.
        app.send(&shop, &[reply(next_ms - 1)]).await;
        assert_eq!(groups(&app, &shop, THEN, "answered_by", "inquirers").await, json!([["person", 1]]));
        // Without a conversation nothing is known of who answered.
        app.send(&shop, &[event("inquiry", "w", NOW_MS)]).await;
        assert_eq!(groups(&app, &shop, TODAY, "answered_by", "inquirers").await, json!([[null, 1]]));
        app.close().await;
    });
}

/// Of two tellings that nothing tells apart, the last of a request counts, before and after ClickHouse has merged.
#[test]
fn what_a_request_tells_twice_of_one_moment_is_the_same_after_a_merge() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let order = |amount: &str, product: &str| {
            let more = json!({ "order_id": "A-1", "amount": amount, "product": product });
            let mut order = event_with("order", "v", NOW_MS, more);
            order["id"] = json!(uuid::Uuid::from_u128(7));
            order
        };
        app.send(&shop, &[order("5", "known")]).await;
        app.app.settled().await.unwrap();
        app.execute("TRUNCATE TABLE order_events").await;
        // The first names a product that is new, which is asked about first.
        app.send(&shop, &[order("10", "new"), order("20", "known"), order("30", "known")]).await;
        let ordered = async || app.report(&shop, "funnel").await["money"][0]["ordered_amount"].clone();
        assert_eq!(ordered().await, "30.0000");
        app.execute("OPTIMIZE TABLE order_events FINAL").await;
        assert!(verify(&app, &shop, false).await.is_right());
        assert_eq!(ordered().await, "30.0000");
        app.close().await;
    });
}
