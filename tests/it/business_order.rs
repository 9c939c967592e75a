//! What happens to an order may arrive in any order: payments before orders, refunds before payments.
//!
//! Money is in no answer yet; that `orders` holds it exactly, whatever came first, is looked up in the table.

use crate::app::{DAY_MS, NOW_MS, event, event_with, run, spawn_app};
use serde_json::{Value, json};

const DAY: &str = "2026-11-21";
const AT_MS: i64 = NOW_MS - DAY_MS;

/// An event and who sends it.
#[derive(Clone)]
enum Sent {
    Server(Value),
    Browser(Value),
}

fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    (0..items.len())
        .flat_map(|first| {
            let mut rest = items.to_vec();
            let item = rest.remove(first);
            permutations(&rest).into_iter().map(move |mut tail| {
                tail.insert(0, item.clone());
                tail
            })
        })
        .collect()
}

/// One event without a visitor, as a server sends what only its order tells.
fn nameless(kind: &str, at_ms: i64, more: Value) -> Value {
    let mut event = event_with(kind, "x", at_ms, more);
    event.as_object_mut().unwrap().remove("visitor");
    event
}

/// The event in a life of its own: other ids of everything, the same in every other way.
fn of_life(sent: &Sent, life: usize) -> Sent {
    let renamed = |event: &Value| {
        let mut event = event.clone();
        for name in ["visitor", "order_id", "payment_id", "refund_id"] {
            if let Some(id) = event[name].as_str() {
                event[name] = json!(format!("{id}.{life}"));
            }
        }
        event["id"] = json!(uuid::Uuid::now_v7());
        event
    };
    match sent {
        Sent::Server(event) => Sent::Server(renamed(event)),
        Sent::Browser(event) => Sent::Browser(renamed(event)),
    }
}

/// Lets the events arrive in every order, a life for each, one insert after the other. Each count of the shop
/// must then be 0 or all lives, and every life must have the same rows in `orders`; these are given back by
/// their times.
async fn in_every_order(events: &[Sent], expected: Value) -> Vec<Value> {
    let app = spawn_app().await;
    let shop = app.add_shop("tea");
    let orders = permutations(events);
    let lives: Vec<Vec<Sent>> = orders
        .iter()
        .enumerate()
        .map(|(life, order)| order.iter().map(|sent| of_life(sent, life)).collect())
        .collect();
    for step in 0..events.len() {
        let (mut server, mut browser) = (Vec::new(), Vec::new());
        for life in &lives {
            match &life[step] {
                Sent::Server(event) => server.push(event.clone()),
                Sent::Browser(event) => browser.push(event.clone()),
            }
        }
        app.send(&shop, &server).await;
        for batch in browser.chunks(100) {
            app.browse(&shop, batch).await;
        }
        app.app.shipped().await.expect("shipped, so that the next step is another insert");
    }
    let funnel = app.funnel(&shop, DAY, DAY).await;
    for (id, of_each) in expected.as_object().unwrap() {
        let of_all = of_each.as_u64().unwrap() * lives.len() as u64;
        assert_eq!(funnel[id], of_all, "{id} in {funnel}");
    }
    let row = "kind, amount, currency, verified, visitor != 0";
    let rows = format!(
        "SELECT arraySort(groupArray((at, day, {row}, payment_id != '', refund_id != ''))) AS rows \
         FROM order_events FINAL GROUP BY splitByChar('.', order_id)[2]"
    );
    assert_eq!(app.count(&format!("SELECT count() FROM ({rows})")).await, lives.len() as u64);
    assert_eq!(app.count(&format!("SELECT uniqExact(rows) FROM ({rows})")).await, 1);
    let found = app
        .execute(&format!(
            "SELECT {row} FROM order_events FINAL WHERE endsWith(order_id, '.0') ORDER BY at, order_id \
             FORMAT JSONCompactEachRow SETTINGS output_format_json_quote_decimals = 1"
        ))
        .await;
    app.close().await;
    found.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn an_order_paid_twice_and_refunded_in_part_is_the_same_in_every_order_of_arrival() {
    run(async {
        let of = |amount: &str, more: Value| {
            let mut fields = json!({ "order_id": "1", "amount": amount });
            fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            fields
        };
        let events = [
            Sent::Server(event("inquiry", "v", AT_MS)),
            Sent::Server(event_with("order", "v", AT_MS + 1, of("100.0001", json!({})))),
            Sent::Server(nameless("payment", AT_MS + 2, of("60", json!({ "payment_id": "P1" })))),
            Sent::Server(nameless("payment", AT_MS + 3, of("40.0001", json!({ "payment_id": "P2" })))),
            Sent::Server(nameless("refund", AT_MS + DAY_MS, of("25.25", json!({ "refund_id": "R1" })))),
            Sent::Server(nameless("refund", AT_MS + DAY_MS + 1, of("0.0001", json!({ "refund_id": "R2" })))),
        ];
        let expected = json!({
            "visitors": 1, "inquirers": 1, "buyers": 1, "inquiry_buyers": 1, "silent_buyers": 0,
            "payers": 1, "inquiry_payers": 1, "silent_payers": 0, "after_sale_inquirers": 0,
        });
        let rows = in_every_order(&events, expected).await;
        let expected = [
            json!(["order", "100.0001", "CNY", true, 1]),
            json!(["payment", "60", "", true, 0]),
            json!(["payment", "40.0001", "", true, 0]),
            json!(["refund", "25.25", "", true, 0]),
            json!(["refund", "0.0001", "", true, 0]),
        ];
        assert_eq!(rows, expected);
    });
}

#[test]
fn an_order_told_by_page_and_server_in_two_currencies_is_the_same_in_every_order_of_arrival() {
    run(async {
        let order =
            |amount: &str, currency: &str| json!({ "order_id": "1", "amount": amount, "currency": currency });
        let refund = json!({ "order_id": "1", "amount": "1000000000000", "currency": "JPY" });
        let events = [
            // The earliest, which names nobody: the order is placed here, by whom the page's event names.
            Sent::Server(nameless("order", AT_MS, order("7.1", "USD"))),
            Sent::Browser(event_with("order", "v", AT_MS + 1, order("7.0999", "USD"))),
            Sent::Server(event_with("order", "late", AT_MS + 2, order("50", "CNY"))),
            Sent::Browser(event_with("payment", "v", AT_MS + DAY_MS, json!({ "order_id": "1" }))),
            Sent::Server(nameless("refund", AT_MS + DAY_MS - 1, refund)),
        ];
        let expected = json!({
            "visitors": 1, "effective": 1, "inquirers": 0, "buyers": 1, "inquiry_buyers": 0,
            "silent_buyers": 1, "payers": 1, "silent_payers": 1,
        });
        let rows = in_every_order(&events, expected).await;
        let expected = [
            json!(["order", "7.1", "USD", true, 0]),
            json!(["order", "7.0999", "USD", false, 1]),
            json!(["order", "50", "CNY", true, 1]),
            json!(["refund", "1000000000000", "JPY", true, 0]),
            json!(["payment", null, "", false, 1]),
        ];
        assert_eq!(rows, expected);
    });
}

#[test]
fn an_inquiry_between_two_orders_makes_the_same_branch_in_every_order_of_arrival() {
    run(async {
        let events = [
            Sent::Server(event("visit", "v", AT_MS)),
            Sent::Server(event_with("order", "v", AT_MS + 1, json!({ "order_id": "1" }))),
            Sent::Server(event("inquiry", "v", AT_MS + 2)),
            Sent::Server(event_with("order", "v", AT_MS + 3, json!({ "order_id": "2" }))),
            Sent::Server(nameless("payment", AT_MS + 4, json!({ "order_id": "2" }))),
        ];
        let expected = json!({
            "visitors": 1, "inquirers": 0, "after_sale_inquirers": 1, "buyers": 1, "silent_buyers": 1,
            "payers": 1, "silent_payers": 1,
        });
        assert_eq!(in_every_order(&events, expected).await.len(), 3);
    });
}

#[test]
fn one_order_id_in_two_shops_is_two_orders() {
    run(async {
        let app = spawn_app().await;
        let (tea, cup) = (app.add_shop("tea"), app.add_shop("cup"));
        let of = json!({ "order_id": "1", "payment_id": "P", "amount": "3" });
        let order = event_with("order", "v", AT_MS, json!({ "order_id": "1", "amount": "3" }));
        let payment = nameless("payment", AT_MS + 1, of);
        // Same ids of everything; the one shop's payment comes first, the other's never.
        app.send(&tea, &[payment]).await;
        app.app.shipped().await.expect("shipped");
        app.send(&cup, std::slice::from_ref(&order)).await;
        app.send(&tea, &[order]).await;
        for (shop, payers) in [(&tea, 1), (&cup, 0)] {
            let funnel = app.funnel(shop, DAY, DAY).await;
            let figures = (&funnel["visitors"], &funnel["buyers"], &funnel["payers"]);
            assert_eq!(figures, (&json!(1), &json!(1), &json!(payers)), "{}", shop.slug);
        }
        assert_eq!(app.count("SELECT sum(amount) * 10000 FROM order_events FINAL").await, 90_000);
        app.close().await;
    });
}

#[test]
fn an_event_told_by_page_and_server_under_one_id_ends_verified_in_either_order() {
    run(async {
        let app = spawn_app().await;
        let order = event_with("order", "v", NOW_MS, json!({ "order_id": "1", "amount": "9" }));
        let order = std::slice::from_ref(&order);
        let (page_first, server_first) = (app.add_shop("page-first"), app.add_shop("server-first"));
        app.browse(&page_first, order).await;
        app.send(&server_first, order).await;
        app.app.shipped().await.unwrap();
        app.send(&page_first, order).await;
        app.browse(&server_first, order).await;
        assert_eq!(app.count("SELECT count() FROM order_events FINAL WHERE verified").await, 2);
        app.close().await;
    });
}
