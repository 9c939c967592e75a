//! What of a request is read, and what its answer names: the table of fields of METRICS section 6, a sentence
//! per test.

use crate::app::{NOW_MS, TestApp, TestShop, event, event_with, read, run, spawn_app};
use crate::told_by_shop::{figures, told};
use reqwest::StatusCode;
use serde_json::{Value, json};
use shopfunnel::shops::command::Changes;

const TODAY: &str = "2026-11-22";

/// The answer to events of which one at least is accepted.
async fn answer(app: &TestApp, shop: &TestShop, events: Value) -> Value {
    let (status, body) = read(app.post_server(shop, &events).await).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{body}");
    body
}

/// The only code with which an event is rejected.
async fn rejected(app: &TestApp, shop: &TestShop, event: Value) -> Value {
    let (status, body) = read(app.post_server(shop, &json!([event])).await).await;
    assert_eq!((status, &body["accepted"]), (StatusCode::BAD_REQUEST, &json!(0)), "{body}");
    body["rejected"][0]["code"].clone()
}

#[test]
fn an_amount_is_read_from_its_text() {
    run(async {
        let app = spawn_app().await;
        for (name, sent, currency, amount) in [
            ("noise", "836.9999999999998", "null", "837.0000"),
            ("noise-above", "0.30000000000000004", "null", "0.3000"),
            ("zeros", "\"12.34000\"", "null", "12.3400"),
            ("lower-case", "\"5\"", "\"cny\"", "5.0000"),
            ("number", "1299", "\" CNY \"", "1299.0000"),
            ("notation", "\"¥1,299.50\"", "\"\"", "1299.5000"),
        ] {
            let shop = app.add_shop(name);
            let order = format!("\"kind\":\"order\",\"order_id\":\"1\",\"at\":{NOW_MS}");
            let body = format!("[{{{order},\"amount\":{sent},\"currency\":{currency}}}]");
            let request = app.client.post(format!("{}/v1/events", app.url)).bearer_auth(&shop.secret_key);
            let request = request.header("content-type", "application/json").body(body);
            let (status, body) = read(request.send().await.unwrap()).await;
            assert_eq!((status, &body["left_out"]), (StatusCode::ACCEPTED, &Value::Null), "{name}: {body}");
            let found = figures(&app, &shop, TODAY, &["currency", "ordered_amount"]).await;
            assert_eq!(found, json!(["CNY", amount]), "{name}");
        }
        app.close().await;
    });
}

#[test]
fn an_amount_that_cannot_be_read_is_left_out_of_an_order_and_refuses_a_refund() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let sent = json!([
            event("visit", "v", NOW_MS),
            told("order", NOW_MS, json!({ "amount": "12.345,67.8" })),
            told("payment", NOW_MS, json!({ "amount": 5, "currency": "money" })),
        ]);
        let body = answer(&app, &shop, sent).await;
        let named = body["left_out"].as_array().unwrap().iter();
        let named = named.map(|lacking| json!([lacking["index"], lacking["field"], lacking["text"]]));
        let expected = json!([[1, "amount", "12.345,67.8"], [2, "currency", "money"]]);
        assert_eq!(named.collect::<Value>(), expected, "{body}");
        let found = figures(&app, &shop, TODAY, &["orders", "paid_orders", "paid_amount"]).await;
        assert_eq!(found, json!([1, 1, "0.0000"]));
        let refund = told("refund", NOW_MS, json!({ "amount": "twelve" }));
        assert_eq!(rejected(&app, &shop, refund).await, "invalid_amount");
        app.close().await;
    });
}

#[test]
fn a_line_that_cannot_be_read_is_left_out_and_the_order_counts() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let items = json!([
            { "product": "tea", "quantity": 2, "amount": "9", "cost": "4" },
            { "product": "pot", "quantity": 0 },
            { "product": "cup", "quantity": "1.2345" },
        ]);
        let body = answer(&app, &shop, json!([told("order", NOW_MS, json!({ "items": items }))])).await;
        let named = body["items_left_out"].as_array().unwrap().iter();
        let named = named.map(|lacking| json!([lacking["index"], lacking["item"]]));
        assert_eq!(named.collect::<Value>(), json!([[0, 1], [0, 2]]), "{body}");
        assert_eq!(figures(&app, &shop, TODAY, &["orders"]).await, json!([1]));
        app.close().await;
    });
}

#[test]
fn a_field_that_nobody_knows_is_named() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let order = told("order", NOW_MS, json!({ "total": "9", "amout": 3 }));
        let body = answer(&app, &shop, json!([order])).await;
        let mut ignored: Vec<&str> =
            body["ignored"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        ignored.sort_unstable();
        assert_eq!(ignored, ["amout", "total"], "{body}");
        let body = answer(&app, &shop, json!([told("order", NOW_MS, json!({ "amount": "9" }))])).await;
        assert_eq!(body["ignored"], Value::Null, "{body}");
        app.close().await;
    });
}

#[test]
fn ids_are_trimmed_and_numbers_are_texts() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        for (kind, id) in [
            ("order", json!(" 100012 ")),
            ("order", json!(100_012)),
            ("payment", json!("100012\t")),
            ("refund", json!("100012")),
        ] {
            let fields = json!({ "order_id": id, "amount": "5" });
            app.send(&shop, &[event_with(kind, " v ", NOW_MS, fields)]).await;
        }
        let ids = ["visitors", "orders", "paid_amount", "refunded_amount"];
        assert_eq!(figures(&app, &shop, TODAY, &ids).await, json!([1, 1, "5.0000", "5.0000"]));
        app.close().await;
    });
}

#[test]
fn blanks_are_absence() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        // Payments whose empty id would be one and the same.
        for order in ["1", "2"] {
            let fields = json!({ "order_id": order, "amount": "5", "currency": "", "customer": " " });
            app.send(&shop, &[event_with("order", &format!("v{order}"), NOW_MS, fields)]).await;
            for id in [json!(""), json!("  "), Value::Null] {
                let fields = json!({ "order_id": order, "payment_id": id, "amount": null, "as_of": "" });
                app.send(&shop, &[event_with("payment", &format!("v{order}"), NOW_MS, fields)]).await;
            }
        }
        assert_eq!(figures(&app, &shop, TODAY, &["payers", "paid_amount"]).await, json!([2, "10.0000"]));
        let repeat = &app.report(&shop, &format!("orders?from={TODAY}&to={TODAY}")).await["repeat"];
        assert_eq!(json!([repeat["payers"], repeat["repeat_buyers"]]), json!([2, 0]), "a customer of blanks");
        app.close().await;
    });
}

#[test]
fn undefined_and_null_are_nobody() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        for nobody in ["undefined", "null"] {
            assert_eq!(rejected(&app, &shop, event("visit", nobody, NOW_MS)).await, "visitor_required");
            for number in 0..2 {
                let id = format!("{nobody} {number}");
                let order = json!({ "order_id": id, "customer": nobody });
                app.send(&shop, &[event_with("order", nobody, NOW_MS, order)]).await;
                app.send(&shop, &[event_with("payment", nobody, NOW_MS, json!({ "order_id": id }))]).await;
            }
        }
        let ids = ["visitors", "orders", "unattributed_orders"];
        assert_eq!(figures(&app, &shop, TODAY, &ids).await, json!([0, 4, 4]));
        let repeat = &app.report(&shop, &format!("orders?from={TODAY}&to={TODAY}")).await["repeat"];
        assert_eq!(repeat["payers"], 0, "nobody's");
        app.close().await;
    });
}

#[test]
fn a_page_tells_at_most_the_amount_that_its_shop_allows() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let browse = async |kind: &str, id: &str, amount: &str| {
            let event = event_with(kind, "v", NOW_MS, json!({ "order_id": id, "amount": amount }));
            let body = json!({ "shop": shop.public_key, "events": [event] });
            read(app.post_browser(body).await).await.1
        };
        // About 100 000 US dollars.
        let body = browse("order", "1", "1000000000000").await;
        assert_eq!(json!([body["accepted"], body["left_out"][0]["field"]]), json!([1, "amount"]), "{body}");
        assert_eq!(browse("order", "1", "600000").await["left_out"], Value::Null);
        assert_eq!(figures(&app, &shop, TODAY, &["ordered_amount"]).await, json!(["600000.0000"]));
        let changes = Changes { max_browser_amount: Some("50".into()), ..Changes::default() };
        app.set_shop("tea", changes);
        assert_eq!(browse("order", "2", "50.0001").await["left_out"][0]["text"], "50.0001");
        assert_eq!(browse("order", "3", "50").await["left_out"], Value::Null);
        assert_eq!(browse("refund", "3", "51").await["rejected"][0]["code"], "amount_too_large");
        // The shop's own word has no such bound.
        app.send(&shop, &[told("order", NOW_MS, json!({ "amount": "1000000000000" }))]).await;
        let found = figures(&app, &shop, TODAY, &["orders", "ordered_amount"]).await;
        assert_eq!(found, json!([3, "1000000000050.0000"]));
        app.close().await;
    });
}

#[test]
fn an_inquiry_or_reply_of_a_conversation_needs_no_visitor() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let nobody = |kind: &str, more: Value| {
            let mut event = event_with(kind, "x", NOW_MS, more);
            event.as_object_mut().unwrap().remove("visitor");
            event
        };
        app.send(&shop, &[nobody("inquiry", json!({ "conversation": "k" }))]).await;
        app.send(&shop, &[nobody("reply", json!({ "conversation": "k", "by": "bot" }))]).await;
        assert_eq!(rejected(&app, &shop, nobody("inquiry", json!({}))).await, "visitor_required");
        for fields in [json!({ "by": "person" }), json!({ "conversation": "k" })] {
            let code = rejected(&app, &shop, event_with("reply", "v", NOW_MS, fields)).await;
            assert_eq!(code, "conversation_required");
        }
        app.close().await;
    });
}
