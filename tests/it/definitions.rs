//! The worked numbers of the trade's definitions (definitions.md, section 7), through the HTTP API: the shop
//! funnel, single ratios that others have published, inquiry windows, and the cases in which definitions
//! differ.

use crate::app::{DAY_MS, MINUTE_MS, NOW_MS, TestApp, TestShop, event, event_with, read, run, spawn_app};
use crate::cohorts;
use crate::orders::paid_order;
use reqwest::StatusCode;
use serde_json::{Value, json};

const DAY: &str = "2026-11-21";
const NEXT_DAY: &str = "2026-11-22";
/// 10:00 in Shanghai on [`DAY`].
const MORNING_MS: i64 = NOW_MS - DAY_MS - 120 * MINUTE_MS;

/// How many visitors get how far, on one day.
#[derive(Debug, Clone, Copy, Default)]
struct Persons {
    visitors: usize,
    effective: usize,
    inquirers: usize,
    inquiry_buyers: usize,
    silent_buyers: usize,
    inquiry_payers: usize,
    silent_payers: usize,
    /// Of each order.
    amount: Option<&'static str>,
}

impl Persons {
    fn events(self) -> Vec<Value> {
        let mut events = Vec::new();
        let silent_from = self.inquirers;
        let is_among = |n: usize, from: usize, count: usize| (from..from + count).contains(&n);
        for n in 0..self.visitors {
            let visitor = format!("v{n}");
            events.push(event("visit", &visitor, MORNING_MS));
            if n < self.effective {
                events.push(event("visit", &visitor, MORNING_MS + 1));
            }
            if n < self.inquirers {
                events.push(event("inquiry", &visitor, MORNING_MS + 2));
            }
            if is_among(n, 0, self.inquiry_buyers) || is_among(n, silent_from, self.silent_buyers) {
                let mut order = json!({ "order_id": visitor });
                if let Some(amount) = self.amount {
                    order["amount"] = json!(amount);
                }
                events.push(event_with("order", &visitor, MORNING_MS + 3, order));
            }
            if is_among(n, 0, self.inquiry_payers) || is_among(n, silent_from, self.silent_payers) {
                events.push(event_with("payment", &visitor, MORNING_MS + 4, json!({ "order_id": visitor })));
            }
        }
        events
    }
}

async fn figures(app: &TestApp, shop: &TestShop, from: &str, to: &str) -> Value {
    app.report(shop, &format!("funnel?from={from}&to={to}")).await
}

/// What shops of these persons answer; each name is a shop's.
async fn assert_funnels(shops: &[(&str, Persons, Value)]) {
    let app = spawn_app().await;
    for (name, persons, expected) in shops {
        let shop = app.add_shop(name);
        app.send(&shop, &persons.events()).await;
        let funnel = app.funnel(&shop, DAY, DAY).await;
        for (id, value) in expected.as_object().unwrap() {
            assert_eq!(&funnel[id], value, "{id} of {name} in {funnel}");
        }
    }
    app.close().await;
}

/// 7.1: of 100 visitors 60 bounce, 20 inquire of whom 8 order, 2 order silently.
const SEED_SHOP: Persons = Persons {
    visitors: 100,
    effective: 40,
    inquirers: 20,
    inquiry_buyers: 8,
    silent_buyers: 2,
    inquiry_payers: 4,
    silent_payers: 1,
    amount: None,
};

#[test]
fn the_seed_shop_has_its_rates_for_every_number_of_payers() {
    let payers = |inquiry_payers, silent_payers| Persons { inquiry_payers, silent_payers, ..SEED_SHOP };
    let whole = json!({
        "visitors": 100, "bounced": 60, "effective": 40, "inquirers": 20, "silent_visitors": 20, "buyers": 10,
        "effective_entry_rate": 0.40, "bounce_rate": 0.60, "inquiry_rate": 0.20, "inquiry_conversion_rate": 0.40,
        "inquiry_paid_rate": 0.20, "silent_conversion_rate": 0.10, "silent_rate_all_visitors": 0.02,
        "silent_share_of_buyers": 0.20, "silent_paid_rate": 0.05, "payment_rate": 0.50,
        "overall_conversion_rate": 0.05,
    });
    let rates =
        |payment: f64, overall: f64| json!({ "payment_rate": payment, "overall_conversion_rate": overall });
    run(assert_funnels(&[
        ("seed", SEED_SHOP, whole),
        ("none-paid", payers(0, 0), rates(0.0, 0.0)),
        ("eight-paid", payers(7, 1), rates(0.80, 0.08)),
        ("all-paid", payers(8, 2), rates(1.0, 0.10)),
        (
            "empty",
            Persons::default(),
            json!({ "visitors": 0, "effective_entry_rate": null, "bounce_rate": null, "inquiry_rate": null,
                    "silent_share_of_buyers": null, "payment_rate": null, "overall_conversion_rate": null }),
        ),
        (
            "all-bounced",
            Persons { visitors: 100, ..Persons::default() },
            json!({ "effective_entry_rate": 0.0, "inquiry_conversion_rate": null, "silent_conversion_rate": null,
                    "payment_rate": null, "overall_conversion_rate": 0.0 }),
        ),
    ]));
}

#[test]
fn published_ratios_of_persons_come_out_as_printed() {
    let silent = |visitors, buyers, payers| Persons {
        visitors,
        effective: buyers,
        silent_buyers: buyers,
        silent_payers: payers,
        ..Persons::default()
    };
    let asked = |inquirers, inquiry_buyers| Persons {
        visitors: inquirers,
        effective: inquirers,
        inquirers,
        inquiry_buyers,
        ..Persons::default()
    };
    run(assert_funnels(&[
        (
            "k15",
            silent(100, 30, 20),
            json!({ "buyers": 30, "payment_rate": 20.0 / 30.0, "overall_conversion_rate": 0.20 }),
        ),
        ("k4", silent(1_000, 50, 0), json!({ "silent_rate_all_visitors": 0.05 })),
        ("k10", asked(500, 80), json!({ "inquiry_conversion_rate": 0.16 })),
        ("k44", silent(723, 10, 10), json!({ "payment_rate": 1.0, "overall_conversion_rate": 10.0 / 723.0 })),
        (
            "k44-steps",
            Persons { inquiry_payers: 2, ..asked(4, 3) },
            json!({ "effective_entry_rate": 1.0, "inquiry_rate": 1.0, "inquiry_conversion_rate": 0.75,
                    "payment_rate": 2.0 / 3.0, "overall_conversion_rate": 0.50 }),
        ),
        (
            "k44-43u",
            Persons { visitors: 1_000, effective: 300, inquiry_payers: 10, ..asked(100, 30) },
            json!({ "effective_entry_rate": 0.30, "effective": 300, "inquirers": 100, "inquiry_conversion_rate": 0.30,
                    "payment_rate": 10.0 / 30.0, "overall_conversion_rate": 0.01 }),
        ),
        ("k44-leads", asked(500, 120), json!({ "inquiry_conversion_rate": 0.24 })),
    ]));
}

#[test]
fn published_amounts_per_buyer_and_per_order_come_out_as_printed() {
    run(async {
        let app = spawn_app().await;
        let k9 = app.add_shop("k9");
        let persons = Persons {
            visitors: 100,
            silent_buyers: 100,
            silent_payers: 100,
            amount: Some("300"),
            ..Persons::default()
        };
        app.send(&k9, &persons.events()).await;
        let money = &figures(&app, &k9, DAY, DAY).await["money"][0];
        assert_eq!(
            (&money["paid_amount"], &money["avg_revenue_per_buyer"]),
            (&json!("30000.0000"), &json!("300.0000"))
        );
        // 124 buyers with 125 orders: persons are not orders.
        let k21 = app.add_shop("k21");
        let persons = Persons {
            visitors: 928,
            silent_buyers: 124,
            silent_payers: 124,
            amount: Some("54"),
            ..Persons::default()
        };
        app.send(&k21, &persons.events()).await;
        app.send(&k21, &paid_order("second", "v0", MORNING_MS + 9, 1, json!({ "amount": "105.02" }))).await;
        let body = figures(&app, &k21, DAY, DAY).await;
        let money = &body["money"][0];
        assert_eq!(body["funnel"]["overall_conversion_rate"], 124.0 / 928.0);
        assert_eq!(
            json!([
                money["orders"],
                money["paid_amount"],
                money["avg_revenue_per_buyer"],
                money["avg_order_value"]
            ]),
            json!([125, "6801.0200", "54.8469", "54.4082"])
        );
        app.close().await;
    });
}

#[test]
fn a_published_shop_with_161_560_visitors_comes_out_as_printed() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("k21-large");
        let mut lines = String::new();
        for visitor in 0..161_560 {
            let name = format!("v{visitor}");
            lines += &format!("{}\n", event("visit", &name, MORNING_MS));
            if visitor < 14_266 {
                // 5 178 471 over 14 266 buyers, in whole amounts.
                let amount = if visitor < 14_179 { "363" } else { "362" };
                let order = json!({ "order_id": name, "amount": amount });
                lines += &format!("{}\n", event_with("order", &name, MORNING_MS + 1, order.clone()));
                lines += &format!("{}\n", event_with("payment", &name, MORNING_MS + 2, order));
            }
        }
        let request = app.client.post(format!("{}/v1/events", app.url)).bearer_auth(&shop.secret_key);
        let request = request.header("content-type", "application/x-ndjson");
        let (status, body) = read(request.body(lines).send().await.unwrap()).await;
        assert_eq!(
            (status, &body["accepted"]),
            (StatusCode::ACCEPTED, &json!(161_560 + 2 * 14_266)),
            "{body}"
        );
        let body = figures(&app, &shop, DAY, DAY).await;
        assert_eq!(body["funnel"]["overall_conversion_rate"], 14_266.0 / 161_560.0);
        let money = &body["money"][0];
        assert_eq!(
            json!([money["paid_amount"], money["avg_revenue_per_buyer"]]),
            json!(["5178471.0000", "362.9939"])
        );
        app.close().await;
    });
}

#[test]
fn inquiry_windows_have_their_five_values_and_g_is_no_inquirer() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("windows");
        app.send(&shop, &cohorts::inquirers()).await;
        let day = cohorts::DAY;
        let body = app.report(&shop, &format!("cohorts?from={day}&to={day}")).await;
        let rates =
            ["order_d0", "order_final", "paid_d0", "paid_d1", "paid_final"].map(|id| &body["total"][id]);
        assert_eq!(json!(rates), json!([0.40, 0.60, 0.10, 0.30, 0.50]));
        let count = |id: &str| body["total"][id].as_u64().unwrap();
        assert_eq!((count("inquirers"), count("payers_final"), count("buyers_final")), (10, 5, 6));
        let funnel = app.funnel(&shop, day, day).await;
        assert_eq!((&funnel["inquirers"], &funnel["after_sale_inquirers"]), (&json!(10), &json!(1)));
        // Four never ordered.
        let lost = app.report(&shop, &format!("inquiries/lost?from={day}&to={day}")).await;
        assert_eq!(lost["lost_inquiries"], 4);
        app.close().await;
    });
}

#[test]
fn rates_are_pooled_over_the_window_and_visitors_are_distinct() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("pooled");
        let mut events = Vec::new();
        for (day, visitors, bounced) in [(0, 100, 60), (1, 300, 90)] {
            for n in 0..visitors {
                let at_ms = MORNING_MS + day * DAY_MS;
                events.push(event("visit", &format!("{day}-{n}"), at_ms));
                if n >= bounced {
                    events.push(event("visit", &format!("{day}-{n}"), at_ms + 1));
                }
            }
        }
        app.send(&shop, &events).await;
        // Pooled, and not the 0.45 that is the mean of 0.60 and 0.30.
        assert_eq!(app.funnel(&shop, DAY, NEXT_DAY).await["bounce_rate"], 0.375);

        let shop = app.add_shop("distinct");
        let visit = |visitor: &str, day: i64| event("visit", visitor, MORNING_MS + day * DAY_MS);
        app.send(&shop, &[visit("u1", 0), visit("u2", 0), visit("u2", 1), visit("u3", 1)]).await;
        assert_eq!(app.funnel(&shop, DAY, NEXT_DAY).await["visitors"], 3);
        app.close().await;
    });
}

#[test]
fn a_person_is_counted_once_in_each_source_and_once_in_the_total() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("sources");
        let touch = |visitor: &str, day: i64, source: &str| {
            let url = format!("https://shop.example/?utm_source={source}");
            event_with("visit", visitor, MORNING_MS + day * DAY_MS, json!({ "url": url }))
        };
        app.send(
            &shop,
            &[
                touch("u1", 0, "search"),
                touch("u1", 1, "ads"),
                touch("u2", 0, "search"),
                touch("u3", 1, "ads"),
            ],
        )
        .await;
        let body = app.report(&shop, &format!("funnel?from={DAY}&to={NEXT_DAY}&breakdown=source")).await;
        let groups = body["groups"].as_array().unwrap().iter();
        let groups: Vec<_> =
            groups.map(|group| json!([group["value"], group["funnel"]["visitors"]])).collect();
        assert_eq!(json!(groups), json!([["ads", 2], ["search", 2]]));
        assert_eq!(body["funnel"]["visitors"], 3);
        app.close().await;
    });
}

#[test]
fn a_payment_rate_is_of_the_orders_placed_and_cash_is_by_payment_time() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("basis");
        let amount = || json!({ "amount": "10" });
        app.send(&shop, &paid_order("a", "a", MORNING_MS, DAY_MS, amount())).await;
        app.send(&shop, &paid_order("b", "b", MORNING_MS + DAY_MS, 1, amount())).await;
        app.send(&shop, &[event_with("order", "c", MORNING_MS + DAY_MS, json!({ "order_id": "c" }))]).await;
        let body = figures(&app, &shop, NEXT_DAY, NEXT_DAY).await;
        assert_eq!((&body["funnel"]["buyers"], &body["funnel"]["payment_rate"]), (&json!(2), &json!(0.50)));
        assert_eq!(body["money"][0]["received_amount"], "20.0000");
        app.close().await;
    });
}

#[test]
fn a_visitor_of_one_page_who_opens_the_chat_is_effective() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("chat");
        app.send(&shop, &[event("visit", "v", MORNING_MS), event("inquiry", "v", MORNING_MS + 1)]).await;
        let funnel = app.funnel(&shop, DAY, DAY).await;
        assert_eq!((&funnel["effective"], &funnel["bounced"]), (&json!(1), &json!(0)));
        app.close().await;
    });
}

#[test]
fn repeat_buyers_are_persons_and_not_purchases() {
    run(async {
        let app = spawn_app().await;
        let buyers = |name: &str, numbers_of_orders: &[usize]| {
            let shop = app.add_shop(name);
            let mut events = Vec::new();
            for (buyer, orders) in numbers_of_orders.iter().enumerate() {
                for order in 0..*orders {
                    let id = format!("{buyer}-{order}");
                    events.extend(paid_order(&id, &format!("b{buyer}"), MORNING_MS, 1, json!({})));
                }
            }
            (shop, events)
        };
        // Ten buyers: five with one order, three with two, two with three. By purchases it would be 0.70.
        let ten = [1, 1, 1, 1, 1, 2, 2, 2, 3, 3];
        // K27: 1000 buyers with 1500 orders, 200 of them repeat.
        let thousand: Vec<usize> = [vec![1; 800], vec![3; 100], vec![4; 100]].concat();
        for (name, numbers, rate) in [("ten", ten.as_slice(), 0.50), ("k27", &thousand, 0.20)] {
            let (shop, events) = buyers(name, numbers);
            app.send(&shop, &events).await;
            let repeat = &app.report(&shop, &format!("orders?from={DAY}&to={DAY}")).await["repeat"];
            assert_eq!(
                (&repeat["payers"], &repeat["repeat_buyer_rate"]),
                (&json!(numbers.len()), &json!(rate))
            );
        }
        app.close().await;
    });
}

#[test]
fn an_old_buyer_paid_in_the_365_days_before_the_window() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("old");
        let mut events = Vec::new();
        for (buyer, paid_on) in [("new", "2024-01-01"), ("old", "2024-01-02")] {
            // By the payment's day: both orders were placed before the 365 days.
            for (id, ordered_at, paid_at) in [
                ("first", "2023-12-31T20:00:00+08:00".to_owned(), format!("{paid_on}T23:59:59.999+08:00")),
                ("second", "2025-01-05T10:00:00+08:00".to_owned(), "2025-01-05T10:00:00+08:00".to_owned()),
            ] {
                let order_id = format!("{buyer}-{id}");
                let order =
                    json!({ "kind": "order", "visitor": buyer, "order_id": order_id, "at": ordered_at });
                events.push(order);
                events.push(json!({ "kind": "payment", "order_id": order_id, "at": paid_at }));
            }
        }
        app.send(&shop, &events).await;
        let repeat = &app.report(&shop, "orders?from=2025-01-01&to=2025-01-31").await["repeat"];
        let expected = json!({
            "payers": 2, "repeat_buyers": 0, "repeat_buyer_rate": 0.0, "old_buyers": 1, "old_buyer_share": 0.5,
        });
        assert_eq!(*repeat, expected);
        // A day earlier the year begins on 2024-01-01.
        let repeat = &app.report(&shop, "orders?from=2024-12-31&to=2025-01-31").await["repeat"];
        assert_eq!(repeat["old_buyers"], 2);
        app.close().await;
    });
}

#[test]
fn an_unpaid_order_has_a_buyer_and_no_payer_and_a_refunded_one_has_both() {
    run(async {
        let app = spawn_app().await;
        let unpaid = app.add_shop("unpaid");
        let order = json!({ "order_id": "1", "amount": "30" });
        app.send(&unpaid, &[event_with("order", "v", MORNING_MS, order)]).await;
        let body = figures(&app, &unpaid, DAY, DAY).await;
        assert_eq!(
            json!([body["funnel"]["buyers"], body["funnel"]["payers"], body["money"][0]["paid_amount"]]),
            json!([1, 0, "0.0000"])
        );

        let refunded = app.add_shop("refunded");
        app.send(&refunded, &paid_order("1", "v", MORNING_MS, 1, json!({ "amount": "30" }))).await;
        app.send(&refunded, &[event_with("refund", "v", MORNING_MS + 2, json!({ "order_id": "1" }))]).await;
        let body = figures(&app, &refunded, DAY, DAY).await;
        let money = &body["money"][0];
        assert_eq!(
            json!([body["funnel"]["payers"], money["paid_amount"], money["net_amount"]]),
            json!([1, "30.0000", "0.0000"])
        );
        app.close().await;
    });
}
