//! The two doors for events: what they take, what they refuse, and what they answer.

use crate::app::{DAY_MS, NOW_MS, TestApp, TestShop, event, read, run, spawn_app};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shopfunnel::shops::command::{self, Changes, Command};
use shopfunnel::shops::{Payments, PrivacySignal};

const TODAY: &str = "2026-11-22";

#[test]
fn a_broken_event_never_stops_its_neighbours() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let body = json!({ "shop": shop.public_key, "events": [
            { "kind": "visit", "visitor": "a" },
            { "kind": "purchase", "visitor": "a" },
            5,
            { "kind": "order", "visitor": "a" },
            { "kind": "visit", "visitor": "a", "at": NOW_MS - 9 * DAY_MS },
            { "kind": "visit", "visitor": "a", "unknown": { "field": [1, 2] } },
        ]});
        let (status, body) = read(app.post_browser(body).await).await;
        assert_eq!(
            (status, &body["accepted"], &body["now"]),
            (StatusCode::ACCEPTED, &json!(2), &json!(NOW_MS))
        );
        let rejected: Vec<_> = body["rejected"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rejected| (rejected["index"].as_u64().unwrap(), rejected["code"].as_str().unwrap()))
            .collect();
        let expected =
            [(1, "invalid_kind"), (2, "invalid_event"), (3, "order_id_required"), (4, "at_out_of_range")];
        assert_eq!(rejected, expected);
        assert_eq!(app.funnel(&shop, TODAY, TODAY).await["effective"], 1);
        app.close().await;
    });
}

#[test]
fn a_request_that_cannot_be_taken_says_why_and_counts_nothing() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let visit = json!({ "kind": "visit" });
        let key = &shop.public_key;
        let many = vec![visit.clone(); 101];
        let cases: Vec<(String, u16, &str)> = vec![
            ("nonsense".into(), 400, "invalid_json"),
            ("".into(), 400, "invalid_json"),
            (json!({ "shop": key, "events": [] }).to_string(), 400, "no_events"),
            (json!([]).to_string(), 400, "no_events"),
            (visit.to_string(), 400, "shop_required"),
            (json!({ "shop": key, "kind": "sale" }).to_string(), 400, "nothing_acceptable"),
            (json!({ "shop": "pk_unknown", "kind": "visit" }).to_string(), 401, "unknown_shop_key"),
            (json!({ "shop": shop.secret_key, "kind": "visit" }).to_string(), 401, "unknown_shop_key"),
            (json!({ "shop": key, "events": many }).to_string(), 413, "too_many_events"),
            (
                json!({ "shop": key, "kind": "visit", "title": "x".repeat(70_000) }).to_string(),
                413,
                "payload_too_large",
            ),
        ];
        for (body, status, code) in cases {
            let (found, answer) = read(app.post_browser(&body).await).await;
            let case = &body[..body.len().min(80)];
            assert_eq!((found.as_u16(), answer["error"]["code"].as_str()), (status, Some(code)), "{case}");
            if code == "nothing_acceptable" {
                assert_eq!(
                    (&answer["accepted"], &answer["rejected"][0]["code"]),
                    (&json!(0), &json!("invalid_kind"))
                );
            }
        }
        let form = app.client.post(format!("{}/e", app.url)).header("content-type", "multipart/form-data");
        assert_eq!(form.body("x").send().await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!(app.count("SELECT count() FROM event_log").await, 0);
        app.close().await;
    });
}

#[test]
fn pages_of_other_origins_may_read_the_answer_unless_the_shop_lists_its_own() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let preflight = app
            .client
            .request(reqwest::Method::OPTIONS, format!("{}/e", app.url))
            .header("origin", "https://shop.example")
            .header("access-control-request-method", "POST")
            .send()
            .await
            .unwrap();
        assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
        assert_eq!(preflight.headers()["access-control-allow-origin"], "https://shop.example");
        let post = async |origin: &str| {
            let body = json!({ "shop": shop.public_key, "kind": "visit" }).to_string();
            let request = app.client.post(format!("{}/e", app.url)).header("content-type", "text/plain");
            request.header("origin", origin).body(body).send().await.unwrap()
        };
        let answer = post("https://shop.example").await;
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        assert_eq!(answer.headers()["access-control-allow-origin"], "https://shop.example");
        assert!(!answer.headers().contains_key("access-control-allow-credentials"));
        let origins = Some(vec!["https://shop.example".to_owned()]);
        app.set_shop("tea", shopfunnel::shops::command::Changes { origins, ..Default::default() });
        assert_eq!(post("https://shop.example").await.status(), StatusCode::ACCEPTED);
        let refused = post("https://evil.example").await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        assert!(!refused.headers().contains_key("access-control-allow-origin"));
        app.close().await;
    });
}

#[test]
fn a_page_reads_how_long_to_wait_and_what_time_it_is() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let of_last_year =
            json!({ "shop": shop.public_key, "kind": "visit", "visitor": "a", "at": NOW_MS - 365 * DAY_MS });
        let request = app.client.post(format!("{}/e", app.url)).header("content-type", "text/plain");
        let answer = request
            .header("origin", "https://tea.example")
            .body(of_last_year.to_string())
            .send()
            .await
            .unwrap();
        assert_eq!(answer.headers()["access-control-expose-headers"], "Retry-After");
        let (status, body) = read(answer).await;
        assert_eq!((status, &body["now"]), (StatusCode::BAD_REQUEST, &json!(NOW_MS)));
        assert_eq!(body["rejected"][0]["code"], "at_out_of_range");
        app.close().await;
    });
}

/// Asks for the picture as a browser does that stands on a page.
async fn see_image(app: &TestApp, query: &str, address: &str) -> reqwest::Response {
    let request = app.client.get(format!("{}/e.gif{query}", app.url)).header("x-forwarded-for", address);
    let request = request.header("referer", "https://tea.example/oolong?utm_source=weibo&email=a@b.example");
    let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36";
    request.header("user-agent", agent).send().await.unwrap()
}

#[test]
fn a_page_without_scripts_counts_by_a_picture() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let query = format!("?shop={}", shop.public_key);
        for address in ["203.0.113.1", "203.0.113.1", "203.0.113.2"] {
            let answer = see_image(&app, &query, address).await;
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.headers()["content-type"], "image/gif");
            assert_eq!(answer.headers()["cache-control"], "no-store");
            let picture = answer.bytes().await.unwrap();
            assert!(picture.starts_with(b"GIF89a\x01\0\x01\0") && picture.ends_with(b";"), "{picture:?}");
        }
        let funnel = app.funnel(&shop, TODAY, TODAY).await;
        assert_eq!((&funnel["visitors"], &funnel["effective"]), (&json!(2), &json!(1)), "{funnel}");
        let told = app.report(&shop, "events/recent").await;
        let event = &told["events"][0];
        assert_eq!(event["kind"], "visit");
        let sources = app.report(&shop, &format!("funnel?from={TODAY}&to={TODAY}&breakdown=source")).await;
        assert_eq!(sources["groups"][0]["value"], "weibo");
        assert!(!event["url"].as_str().unwrap().contains("a@b.example"), "{event}");
        app.close().await;
    });
}

#[test]
fn a_picture_that_counts_nobody_says_why() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let key = &shop.public_key;
        for (query, status, code) in [
            ("".into(), 400, "shop_required"),
            ("?shop=pk_unknown".into(), 401, "unknown_shop_key"),
            (format!("?shop={key}&shop={key}"), 400, "invalid_parameter"),
            (format!("?shop={key}&kind=order"), 400, "invalid_parameter"),
            (format!("?shop={}", shop.secret_key), 400, "key_in_url"),
        ] {
            let (found, body) = read(see_image(&app, &query, "203.0.113.1").await).await;
            assert_eq!((found.as_u16(), &body["error"]["code"]), (status, &json!(code)), "{query}");
        }
        assert_eq!(app.funnel(&shop, TODAY, TODAY).await["visitors"], 0);
        app.close().await;
    });
}

#[test]
fn a_visitor_without_an_id_is_the_same_all_day_and_the_address_is_kept_nowhere() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let visit = async |address: &str| {
            let body = json!({ "shop": shop.public_key, "kind": "visit" }).to_string();
            let request = app.client.post(format!("{}/e", app.url)).header("content-type", "text/plain");
            let answer = request.header("x-forwarded-for", address).body(body).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::ACCEPTED);
        };
        for address in ["203.0.113.77", "203.0.113.77", "198.51.100.8"] {
            visit(address).await;
        }
        let funnel = app.funnel(&shop, TODAY, TODAY).await;
        assert_eq!((&funnel["visitors"], &funnel["effective"]), (&json!(2), &json!(1)));
        assert_eq!(
            app.count("SELECT countIf(toString(tuple(*)) LIKE '%203.0.113%') FROM event_log").await,
            0
        );
        app.close().await;
    });
}

#[test]
fn a_server_needs_its_secret_key_and_names_visitors() {
    run(async {
        let app = spawn_app().await;
        let tea = app.add_shop("tea");
        let cup = app.add_shop("cup");
        let post = async |key: &str, body: Value| {
            let request = app.client.post(format!("{}/v1/events", app.url)).bearer_auth(key).json(&body);
            let (status, answer) = read(request.send().await.unwrap()).await;
            (status.as_u16(), answer["error"]["code"].as_str().unwrap_or("").to_owned(), answer)
        };
        let visit = json!({ "kind": "visit", "visitor": "v" });
        assert_eq!(post("sk_unknown", visit.clone()).await.0, 401);
        assert_eq!(post(&tea.read_key, visit.clone()).await.0, 403);
        assert_eq!(post(&tea.public_key, visit.clone()).await.0, 403);
        let foreign = json!({ "shop": cup.public_key, "kind": "visit", "visitor": "v" });
        assert_eq!(post(&tea.secret_key, foreign).await.1, "shop_mismatch");
        let (status, _, answer) = post(&tea.secret_key, json!({ "kind": "visit" })).await;
        assert_eq!((status, &answer["rejected"][0]["code"]), (400, &json!("visitor_required")));
        assert_eq!(post(&tea.secret_key, visit).await.0, 202);
        app.close().await;
    });
}

fn signed(shop: &TestShop, body: &str, seconds: i64) -> String {
    let key = Sha256::digest(shop.secret_key.as_bytes());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{seconds}.{body}").as_bytes());
    let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={digits}")
}

#[test]
fn a_signature_stands_in_for_the_key() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let other = app.add_shop("cup");
        let body = json!({ "kind": "order", "order_id": "1", "amount": "9.90" }).to_string();
        let now = NOW_MS / 1_000;
        let post = async |signature: String, body: &str| {
            let request = app.client.post(format!("{}/v1/events", app.url)).body(body.to_owned());
            let request = request
                .header("content-type", "application/json")
                .header("x-shopfunnel-shop", &shop.public_key)
                .header("x-shopfunnel-signature", signature);
            let (status, answer) = read(request.send().await.unwrap()).await;
            (status.as_u16(), answer["error"]["code"].as_str().unwrap_or("").to_owned())
        };
        assert_eq!(post(signed(&shop, &body, now), &body).await, (202, String::new()));
        let changed = body.replace("9.90", "0.90");
        assert_eq!(post(signed(&shop, &body, now), &changed).await, (401, "bad_signature".into()));
        assert_eq!(post(signed(&other, &body, now), &body).await, (401, "bad_signature".into()));
        assert_eq!(post("t=1".into(), &body).await, (401, "bad_signature".into()));
        assert_eq!(post(signed(&shop, &body, now - 301), &body).await, (401, "stale_timestamp".into()));
        assert_eq!(post(signed(&shop, &body, now + 299), &body).await, (202, String::new()));
        app.close().await;
    });
}

#[test]
fn lines_of_json_stream_without_a_bound_on_their_number() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let mut lines: String =
            (0..2_500).map(|n| event("visit", &format!("v{n}"), NOW_MS - n).to_string() + "\n").collect();
        lines.push_str("{broken\n\n");
        lines.push_str(&event("visit", "last", NOW_MS).to_string());
        let request = app.client.post(format!("{}/v1/events", app.url)).bearer_auth(&shop.secret_key);
        let answer = request.header("content-type", "application/x-ndjson").body(lines).send().await.unwrap();
        let (status, body) = read(answer).await;
        assert_eq!((status, &body["accepted"]), (StatusCode::ACCEPTED, &json!(2_501)), "{body}");
        assert_eq!(
            (&body["rejected"][0]["index"], &body["rejected"][0]["code"]),
            (&json!(2_500), &json!("invalid_event"))
        );
        assert_eq!(app.funnel(&shop, TODAY, TODAY).await["visitors"], 2_501);
        app.close().await;
    });
}

#[test]
fn a_byte_order_mark_at_the_start_of_a_body_loses_no_event() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let one = |visitor: &str| event("visit", visitor, NOW_MS).to_string();
        let page = json!({ "shop": shop.public_key, "kind": "visit", "visitor": "page" });
        let (status, answer) = read(app.post_browser(format!("\u{feff}{page}")).await).await;
        assert_eq!((status, &answer["accepted"]), (StatusCode::ACCEPTED, &json!(1)), "{answer}");
        for (media_type, body) in [
            ("application/json", format!("\u{feff}[{}]", one("list"))),
            ("text/plain", format!("\u{feff} {}", one("single"))),
            ("application/x-ndjson", format!("\u{feff}{}\n{}\n", one("first"), one("second"))),
            ("application/x-ndjson", format!("\u{feff}\r\n{}", one("behind"))),
        ] {
            let request = app.client.post(format!("{}/v1/events", app.url)).bearer_auth(&shop.secret_key);
            let answer = request.header("content-type", media_type).body(body.clone()).send().await.unwrap();
            let (status, answer) = read(answer).await;
            assert_eq!((status, &answer["rejected"]), (StatusCode::ACCEPTED, &json!([])), "{body}");
        }
        assert_eq!(app.funnel(&shop, TODAY, TODAY).await["visitors"], 6);
        // Inside it is text that is no JSON, as ever.
        let within = format!("[{},\u{feff}{}]", one("a"), one("b"));
        assert_eq!(app.post_browser(within).await.status(), StatusCode::BAD_REQUEST);
        app.close().await;
    });
}

#[test]
fn a_line_that_is_too_long_never_stops_its_neighbours() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let mut lines: String =
            (0..1_200).map(|n| event("visit", &format!("v{n}"), NOW_MS - n).to_string() + "\n").collect();
        lines.push_str(
            &json!({ "kind": "visit", "visitor": "long", "title": "x".repeat(200_000) }).to_string(),
        );
        lines.push('\n');
        lines.push_str(&event("visit", "last", NOW_MS).to_string());
        let request = app.client.post(format!("{}/v1/events", app.url)).bearer_auth(&shop.secret_key);
        let answer = request.header("content-type", "application/x-ndjson").body(lines).send().await.unwrap();
        let (status, body) = read(answer).await;
        assert_eq!((status, &body["accepted"]), (StatusCode::ACCEPTED, &json!(1_201)), "{body}");
        let rejected = &body["rejected"];
        assert_eq!((&rejected[0]["index"], &rejected[0]["code"]), (&json!(1_200), &json!("event_too_large")));
        assert_eq!(rejected.as_array().unwrap().len(), 1);
        app.close().await;
    });
}

#[test]
fn a_shop_may_take_orders_and_payments_from_its_server_only() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let order = json!({ "kind": "order", "visitor": "v", "order_id": "1" });
        let body = json!({ "shop": shop.public_key, "events": [order, { "kind": "visit", "visitor": "v" }] });
        app.set_shop("tea", Changes { payments: Some(Payments::Server), ..Changes::default() });
        let (status, answer) = read(app.post_browser(&body).await).await;
        assert_eq!((status, &answer["accepted"]), (StatusCode::ACCEPTED, &json!(2)));
        for kind in ["payment", "refund"] {
            let body = json!({ "shop": shop.public_key, "kind": kind, "order_id": "1" });
            let (status, answer) = read(app.post_browser(&body).await).await;
            assert_eq!(status, StatusCode::BAD_REQUEST);
            assert_eq!(answer["rejected"][0]["code"], "server_signature_required");
        }
        assert_eq!(app.funnel(&shop, TODAY, TODAY).await["buyers"], 0);
        // The shop tells of the order, the page whose it is.
        app.send(&shop, &[json!({ "kind": "order", "order_id": "1", "amount": "5" })]).await;
        assert_eq!(app.funnel(&shop, TODAY, TODAY).await["buyers"], 1);
        assert_eq!(order["visitor"], "v");
        app.close().await;
    });
}

#[test]
fn a_browser_that_asks_for_privacy_is_not_counted_unless_the_shop_ignores_it() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let visit = async || {
            let body =
                json!({ "shop": shop.public_key, "events": [{ "kind": "visit" }, { "kind": "nonsense" }] });
            let request = app.client.post(format!("{}/e", app.url)).header("content-type", "text/plain");
            read(request.header("sec-gpc", "1").body(body.to_string()).send().await.unwrap()).await
        };
        let (status, answer) = visit().await;
        assert_eq!((status, &answer["accepted"]), (StatusCode::ACCEPTED, &json!(0)), "{answer}");
        assert_eq!(answer["dropped"], json!({ "privacy_signal": 1 }));
        assert_eq!(answer["rejected"][0]["code"], "invalid_kind");
        assert_eq!(app.count("SELECT count() FROM event_log").await, 0);
        app.set_shop("tea", Changes { privacy_signal: Some(PrivacySignal::Ignore), ..Changes::default() });
        let (_, answer) = visit().await;
        assert_eq!((&answer["accepted"], &answer["dropped"]), (&json!(1), &json!(null)));
        app.close().await;
    });
}

#[test]
fn personal_data_in_addresses_never_reaches_the_disk() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let url = "https://shop.example/p?email=mei@tea.example&page=2";
        app.browse(&shop, &[json!({ "kind": "visit", "url": url, "referrer": url })]).await;
        let masked = "url = 'https://shop.example/p?email=***&page=2' AND referrer = url";
        assert_eq!(app.count(&format!("SELECT count() FROM event_log WHERE {masked}")).await, 1);
        app.close().await;
    });
}

#[test]
fn a_refused_event_fixes_nothing() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let refused = app.post_browser(json!({ "shop": shop.public_key, "kind": "nonsense" })).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        let zone = |name: &str| Changes { time_zone: Some(name.into()), ..Changes::default() };
        app.set_shop("tea", zone("UTC"));
        app.browse(&shop, &[json!({ "kind": "visit" })]).await;
        let moved = Command::Set { slug: "tea".into(), changes: zone("Asia/Tokyo"), confirmed: true };
        assert!(command::apply(app.app.registry(), moved, "").is_err());
        app.close().await;
    });
}

#[test]
fn every_field_of_the_contract_reaches_its_column() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let exact = "a'b\\c\"d茶";
        let title = format!("\u{0}{exact}\u{202e}\n");
        app.send(
            &shop,
            &[json!({
                "kind": "payment", "visitor": "v:1", "at": "2026-11-22T10:00:00.123+08:00",
                "id": "018f4e1c-0000-7000-8000-000000000001", "url": "https://shop.example/?a=1",
                "referrer": "https://ref.example/", "title": title, "order_id": exact, "payment_id": "P",
                "refund_id": "R", "amount": 19.9901, "currency": "JPY", "agent": "mei", "channel": "crisp",
                "topic": "pre_sale", "score": 3, "engaged_ms": 1234, "variant": "price:b", "customer": "c-9",
                "product": "longjing",
            })],
        )
        .await;
        let row = "kind = 'payment' AND visitor = 'v:1' AND NOT cookieless AND verified \
            AND at = toDateTime64('2026-11-22 02:00:00.123', 3, 'UTC') AND day = '2026-11-22' \
            AND id = '018f4e1c-0000-7000-8000-000000000001' AND url = 'https://shop.example/?a=1' \
            AND referrer = 'https://ref.example/' AND title = order_id AND length(order_id) = 10 \
            AND order_id = 'a\\'b\\\\c\"d茶' \
            AND payment_id = 'P' AND refund_id = 'R' AND amount = 19.9901 AND currency = 'JPY' \
            AND agent = 'mei' AND channel = 'crisp' AND topic = 'pre_sale' AND score = 3 AND engaged_ms = \
            1234 AND variant = 'price:b' AND product = 'longjing' AND length(customer) = 32";
        assert_eq!(app.count(&format!("SELECT count() FROM event_log WHERE {row}")).await, 1);
        app.close().await;
    });
}

#[test]
fn hidden_characters_are_refused_in_what_identifies_and_taken_out_of_what_people_read() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let fields = ["visitor", "order_id", "payment_id", "refund_id", "customer"];
        let hidden = ["\\u0000", "\\u001f", "\\u007f", "\\u0085", "\\u202e", "\\u2066", "\\ud83d"];
        for field in fields {
            let events = hidden.map(|c| {
                let order = r#""kind":"order","visitor":"v","order_id":"1""#;
                let other = order.replace(&format!(r#","{field}":"#), r#","unknown":"#);
                format!(r#"{{{other},"{field}":"a:{c}b"}}"#)
            });
            let body = format!(r#"{{"shop":"{}","events":[{}]}}"#, shop.public_key, events.join(","));
            let (status, answer) = read(app.post_browser(body).await).await;
            assert_eq!(status, StatusCode::BAD_REQUEST);
            let rejected = answer["rejected"].as_array().unwrap();
            assert_eq!(rejected.len(), hidden.len());
            for rejected in rejected {
                assert_eq!(rejected["code"], "invalid_text", "{field}: {rejected}");
                assert!(rejected["message"].as_str().unwrap().contains(&format!("`{field}`")), "{rejected}");
            }
        }
        let free = r#"a\u0000b\u009f\u202ec\ud83d"#;
        let event = format!(
            r#"{{"kind":"visit","url":"{free}","referrer":"{free}","title":"{free}","product":"{free}",
                "agent":"{free}","channel":"{free}"}}"#
        );
        let body = format!(r#"{{"shop":"{}","events":[{event}]}}"#, shop.public_key);
        assert_eq!(app.post_browser(body).await.status(), StatusCode::ACCEPTED);
        let clean = "SELECT count() FROM event_log WHERE url = 'abc' AND referrer = 'abc' AND title = 'abc' \
            AND product = 'abc' AND agent = 'abc' AND channel = 'abc'";
        assert_eq!(app.count(clean).await, 1);

        let request = app.client.post(format!("{}/e", app.url)).header("content-type", "text/plain");
        let answer = request.body(&b"{\"kind\":\"\xff\"}"[..]).send().await.unwrap();
        let (status, answer) = read(answer).await;
        assert_eq!((status.as_u16(), &answer["error"]["code"]), (400, &json!("invalid_json")));
        assert!(answer["error"]["message"].as_str().unwrap().contains("UTF-8"));
        assert_eq!(app.count("SELECT count() FROM event_log").await, 1);
        app.close().await;
    });
}

#[test]
fn programs_are_kept_and_move_no_figure_but_their_orders_do() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        const CHROME: &str =
            "Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36";
        let headless = CHROME.replace("Chrome", "HeadlessChrome");
        let browse = async |name: &'static str, value: &str, events: Value| {
            let body = json!({ "shop": shop.public_key, "events": events }).to_string();
            let request = app.client.post(format!("{}/e", app.url)).header("content-type", "text/plain");
            let answer = request.header(name, value).body(body).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::ACCEPTED);
        };
        let looks = |visitor: &str| {
            json!([
                { "kind": "visit", "visitor": visitor },
                { "kind": "visit", "visitor": visitor },
                { "kind": "inquiry", "visitor": visitor },
            ])
        };
        browse("user-agent", CHROME, looks("person")).await;
        // A page that was rendered ahead says so for a moment longer than it is hidden.
        browse("sec-purpose", "prefetch;prerender", looks("shown")).await;
        let before = app.funnel(&shop, TODAY, TODAY).await;
        assert_eq!((&before["visitors"], &before["inquirers"]), (&json!(2), &json!(2)));

        browse("user-agent", &headless, looks("headless")).await;
        browse("user-agent", "Mozilla/5.0 (compatible; bingbot/2.0)", looks("bingbot")).await;
        browse("sec-purpose", "prefetch;anonymous-client-ip", looks("early")).await;
        browse("purpose", "Prefetch", looks("earlier")).await;
        let told = json!({ "kind": "visit", "visitor": "told", "user_agent": headless });
        app.send(&shop, &[told]).await;
        assert_eq!(app.funnel(&shop, TODAY, TODAY).await, before);
        assert_eq!(app.count("SELECT count() FROM event_log WHERE bot").await, 13);
        assert_eq!(app.count("SELECT count() FROM event_log WHERE NOT bot").await, 6);
        assert_eq!(app.count("SELECT uniqExact(visitor) FROM visitor_activity").await, 2);

        browse("user-agent", &headless, json!([{ "kind": "order", "visitor": "headless", "order_id": "1" }]))
            .await;
        let after = app.funnel(&shop, TODAY, TODAY).await;
        assert_eq!((&after["visitors"], &after["silent_buyers"]), (&json!(3), &json!(1)));
        app.close().await;
    });
}
