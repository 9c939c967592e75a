//! What one sender may ask for, and what becomes of slow ones.

use crate::app::{TestApp, TestShop, read, run, spawn_app, spawn_app_on, spawn_app_with};
use futures_util::future::join_all;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use shopfunnel::http::edge::limit::LimitOptions;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn tight() -> LimitOptions {
    let one = NonZeroU32::MIN;
    LimitOptions {
        client_requests: one,
        client_burst: one.saturating_add(2),
        reports: one,
        ..LimitOptions::default()
    }
}

/// A visit forwarded for a client.
async fn visit(app: &TestApp, shop: &TestShop, client: &str) -> (StatusCode, Option<u32>) {
    let body = json!({ "shop": shop.public_key, "kind": "visit" }).to_string();
    let request = app.client.post(format!("{}/e", app.url)).header("content-type", "text/plain");
    let answer = request.header("x-forwarded-for", client).body(body).send().await.unwrap();
    let wait = answer.headers().get("retry-after").map(|wait| wait.to_str().unwrap().parse().unwrap());
    (answer.status(), wait)
}

#[test]
fn a_client_over_its_rate_is_told_when_to_come_back_and_others_are_not_touched() {
    run(async {
        let app = spawn_app_with(tight()).await;
        let shop = app.add_shop("tea");
        let mut refused = None;
        for _ in 0..20 {
            let (status, wait) = visit(&app, &shop, "203.0.113.7").await;
            if status == StatusCode::TOO_MANY_REQUESTS {
                refused = wait;
                break;
            }
            assert_eq!(status, StatusCode::ACCEPTED);
        }
        assert!(refused.is_some_and(|seconds| (1..=2).contains(&seconds)), "{refused:?}");
        for other in ["203.0.113.8", "::ffff:203.0.113.9", "2001:db8::1"] {
            assert_eq!(visit(&app, &shop, other).await.0, StatusCode::ACCEPTED, "{other}");
        }
        app.close().await;
    });
}

/// A listener for both protocols sees IPv4 clients inside IPv6 addresses, which share their first 64 bits.
#[test]
fn clients_of_a_listener_for_both_protocols_have_a_rate_each() {
    run(async {
        let app = spawn_app_on("[::]:0", tight()).await;
        let shop = app.add_shop("tea");
        let body = json!({ "shop": shop.public_key, "kind": "visit" }).to_string();
        // Forwarded, but for nobody that could be told, so the peer is the client and is not exempt.
        let visit = async |address: &str| {
            let client = Client::builder().no_proxy().local_address(Some(address.parse().unwrap()));
            let request = client.build().unwrap().post(format!("{}/e", app.url));
            let request = request.header("content-type", "text/plain").header("x-forwarded-for", "nobody");
            request.body(body.clone()).send().await.unwrap().status()
        };
        let mut refused = 0;
        for _ in 0..20 {
            refused += u32::from(visit("127.0.0.2").await == StatusCode::TOO_MANY_REQUESTS);
        }
        assert!(refused > 0);
        assert_eq!(visit("127.0.0.3").await, StatusCode::ACCEPTED);
        app.close().await;
    });
}

#[test]
fn a_key_over_its_rate_gets_no_report_and_this_machine_is_exempt() {
    run(async {
        let app = spawn_app_with(tight()).await;
        let shop = app.add_shop("tea");
        let ask = async |client: Option<&str>| {
            let url = format!("{}/v1/shops/tea/funnel", app.url);
            let mut request = app.client.get(url).bearer_auth(&shop.read_key);
            if let Some(client) = client {
                request = request.header("x-forwarded-for", client);
            }
            let (status, body) = read(request.send().await.unwrap()).await;
            (status.as_u16(), body["error"]["code"].as_str().unwrap_or("").to_owned())
        };
        let mut codes = Vec::new();
        for _ in 0..10 {
            codes.push(ask(Some("203.0.113.7")).await);
        }
        assert!(codes.contains(&(429, "rate_limited".into())), "{codes:?}");
        for _ in 0..5 {
            assert_eq!(ask(None).await.0, 200);
        }
        app.close().await;
    });
}

/// Connections of each kind at once.
const SLOW: usize = 24;

/// Sends `opening`, waits for `answers` answers, then sends `rest` byte by byte, over and over, until the
/// server ends the connection. What was heard, and how long the server bore it. The pauses are what is
/// tested.
async fn trickle(app: &TestApp, opening: &str, answers: usize, rest: &str) -> (String, Duration) {
    let stream = TcpStream::connect(app.app.public_address()).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    writing.write_all(opening.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    let count = |heard: &[u8]| String::from_utf8_lossy(heard).matches("HTTP/1.1 ").count();
    while count(&heard) < answers {
        assert_ne!(reading.read_buf(&mut heard).await.unwrap(), 0);
    }
    let started = Instant::now();
    let sending = async {
        for byte in rest.bytes().cycle() {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if writing.write_all(&[byte]).await.is_err() {
                break;
            }
        }
        std::future::pending().await
    };
    let listening = async {
        while reading.read_buf(&mut heard).await.is_ok_and(|length| length > 0) {}
        String::from_utf8(heard).unwrap()
    };
    let heard = tokio::select! {
        heard = listening => heard,
        () = sending => unreachable!(),
        () = tokio::time::sleep(Duration::from_secs(40)) => panic!("the server bears it: {opening}"),
    };
    (heard, started.elapsed())
}

#[test]
fn who_sends_byte_by_byte_is_given_up_and_nobody_else_notices() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let post =
            |header: &str| format!("POST /e HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n{header}");
        let page = "GET /s.js HTTP/1.1\r\nHost: x\r\n\r\n";
        let length = post("Content-Length: 1000\r\n\r\n{");
        let chunks = post("Transfer-Encoding: chunked\r\n\r\nfff\r\n{");
        let refused = chunks.replace("/e", "/no");
        let endless = post("Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{");
        // What is sent first, how many answers it gets, what trickles then, the last answer, at most how
        // long.
        let kinds = [
            (post("X: "), 0, "x", "408 ", 5),
            (length, 0, " ", "408 ", 10),
            (chunks, 0, " ", "408 ", 10),
            (endless, 0, " ", "408 ", 10),
            (refused, 1, " ", "404 ", 10),
            (page.to_owned(), 1, "x", "200 ", 10),
        ];
        let slow = kinds.iter().flat_map(|kind| std::iter::repeat_n(kind, SLOW));
        let slow = join_all(slow.map(|(opening, answers, rest, status, seconds)| {
            let app = &app;
            async move {
                let (heard, borne) = trickle(app, opening, *answers, rest).await;
                let last = heard.rsplit("HTTP/1.1 ").next().unwrap();
                assert!(last.starts_with(status), "{opening}: {heard}");
                // The sweep's second, and what a busy machine adds.
                assert!(borne < Duration::from_secs(seconds + 4), "{opening}: {borne:?}");
            }
        }));
        let quick = async {
            let body = json!({ "shop": shop.public_key, "kind": "visit" }).to_string();
            for _ in 0..100 {
                let started = Instant::now();
                assert_eq!(app.post_browser(&body).await.status(), StatusCode::ACCEPTED);
                assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::join!(slow, quick);
        app.close().await;
    });
}

/// What an answer that is not 202 must be for everybody: short, and never what was sent.
fn assert_discreet(answer: &Value, sent: &str) {
    let mut answer = answer.clone();
    answer.as_object_mut().unwrap().remove("rejected");
    let text = answer.to_string();
    assert!(text.len() <= 256 && !text.contains(sent), "{text}");
}

#[test]
fn hostile_json_is_answered_at_once() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let key = &shop.public_key;
        let event = |fields: String| format!(r#"{{"shop":"{key}","kind":"visit","visitor":"v",{fields}}}"#);
        let lists = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let order = r#""kind":"order","order_id":"1""#;
        let refund = r#""kind":"refund","order_id":"1""#;
        let many_keys =
            |count: usize| (0..count).map(|n| format!(r#""k{n}":0"#)).collect::<Vec<_>>().join(",");
        let cases = [
            (event(format!(r#""x":{}"#, lists(7))), 202, ""),
            (event(format!(r#""x":{}"#, lists(8))), 400, "json_too_deep"),
            (event(format!(r#""x":"{}""#, lists(20))), 202, ""),
            (lists(100_000), 400, "json_too_deep"),
            ("[".repeat(500_000), 400, "json_too_deep"),
            (r#"{"a":"#.repeat(100_000), 400, "json_too_deep"),
            (event(many_keys(80_000)), 202, ""),
            (event(many_keys(1_000_000)), 413, "payload_too_large"),
            (event(format!(r#""{}":1"#, "k".repeat(1_000_000))), 202, ""),
            (event(format!(r#""{}":1"#, "k".repeat(1_100_000))), 413, "payload_too_large"),
            (event(r#""x":1e400"#.into()), 202, ""),
            (event(r#""x":-1E+99999999999999999999"#.into()), 202, ""),
            (format!(r#"{{{refund},"amount":1e400}}"#), 400, "nothing_acceptable"),
            (format!(r#"{{{order},"at":1e400}}"#), 400, "nothing_acceptable"),
            (format!(r#"{{{refund},"amount":{}}}"#, "9".repeat(900_000)), 400, "nothing_acceptable"),
            (event(r#""x":NaN"#.into()), 400, "invalid_json"),
            (event(r#""visitor":"w""#.into()), 400, "nothing_acceptable"),
            (r#"{"events":[],"events":[]}"#.into(), 400, "invalid_json"),
            (r#"{"events":"EVIL"}"#.into(), 400, "invalid_json"),
            (format!("[{}0]", "0,".repeat(100_000)), 413, "too_many_events"),
            (format!("[{}0]", r#""\u0041","#.repeat(900)), 400, "nothing_acceptable"),
            (r#"{"EVIL"}"#.into(), 400, "invalid_json"),
        ];
        for (body, status, code) in cases {
            let case = format!("{}…{}", &body[..body.len().min(60)], body.len());
            let started = Instant::now();
            let request = app.client.post(format!("{}/v1/events", app.url)).bearer_auth(&shop.secret_key);
            let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
            let (found, answer) = read(answer).await;
            // Far above what it takes, in a debug build on a busy machine too; far below anything but linear.
            assert!(started.elapsed() < Duration::from_secs(3), "{case}: {:?}", started.elapsed());
            let found = (found.as_u16(), answer["error"]["code"].as_str().unwrap_or_default());
            assert_eq!(found, (status, code), "{case}");
            if status != 202 {
                assert_discreet(&answer, "EVIL");
            }
        }
        let lines = format!("{}\n{}\n", event(format!(r#""x":{}"#, lists(9))), event(r#""x":1"#.into()));
        let request = app.client.post(format!("{}/v1/events", app.url)).bearer_auth(&shop.secret_key);
        let answer = request.header("content-type", "application/x-ndjson").body(lines).send().await.unwrap();
        let (_, answer) = read(answer).await;
        assert_eq!(
            (&answer["accepted"], &answer["rejected"][0]["code"]),
            (&json!(1), &json!("json_too_deep"))
        );
        app.close().await;
    });
}

#[test]
fn a_packed_body_is_not_unpacked() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let body = json!({ "shop": shop.public_key, "kind": "visit", "visitor": "v" }).to_string();
        for path in ["/e", "/v1/events"] {
            for (media_type, encoding, status) in [
                ("text/plain", "gzip", 415),
                ("text/plain", "br", 415),
                ("application/json", "ZSTD", 415),
                ("application/json", "identity, gzip", 415),
                ("application/json", "", 415),
                ("application/json", "Identity", 202),
            ] {
                let request = app.client.post(format!("{}{path}", app.url)).bearer_auth(&shop.secret_key);
                let request = request.header("content-type", media_type).header("content-encoding", encoding);
                let request = request.header("accept-encoding", "gzip, br, zstd");
                let answer = request.body(body.clone()).send().await.unwrap();
                assert!(!answer.headers().contains_key("content-encoding"));
                let (found, answer) = read(answer).await;
                let code = answer["error"]["code"].as_str();
                let expected = (status == 415).then_some("unsupported_encoding");
                assert_eq!((found.as_u16(), code), (status, expected), "{path} {encoding}");
            }
        }
        app.close().await;
    });
}

#[test]
fn a_head_is_bounded_and_the_connection_ends_with_it() {
    run(async {
        let app = spawn_app().await;
        let ask = async |request: String| {
            let mut stream = TcpStream::connect(app.app.public_address()).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_string(&mut answer));
            read.await.expect("an end").unwrap();
            answer
        };
        let get = |path: String, header: String| {
            format!("GET {path} HTTP/1.1\r\nHost: x\r\nX: {header}\r\nConnection: keep-alive\r\n\r\n")
        };
        let path = |length: usize| format!("/?{}", "p".repeat(length - 2));
        let fits = ask(get(path(2_048), "h".repeat(16_000)).replace("keep-alive", "close")).await;
        assert!(fits.starts_with("HTTP/1.1 200 "), "{fits}");
        for (request, status, code) in [
            (get(path(2_049), String::new()), 414, "uri_too_long"),
            (get(path(60_000), String::new()), 414, "uri_too_long"),
            (get("/".into(), "h".repeat(16_400)), 431, "headers_too_large"),
            (get("/".into(), "h".repeat(100_000)), 431, "headers_too_large"),
            (get("/".into(), "1\r\nX: 2".repeat(40) + &"h".repeat(16_300)), 431, "headers_too_large"),
        ] {
            let answer = ask(request).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.contains("connection: close"), "{head}");
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!(body["error"]["code"], code);
            assert_discreet(&body, "hhh");
        }
        // Beyond these the server answers by itself, without a body.
        let answer = ask(get("/".into(), "1\r\nX: 2".repeat(100))).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        app.close().await;
    });
}

#[test]
fn an_error_is_short_and_never_repeats_what_was_sent() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let evil = "EVIL<\u{202e}\"".repeat(100);
        let report = async |slug: &str, key: &str, query: &str| {
            let url = format!("{}/v1/shops/{slug}/funnel?from=2026-11-01&to={query}", app.url);
            app.client.get(url).bearer_auth(key).send().await.unwrap()
        };
        let mut answers = vec![
            report("tea", &shop.read_key, "EVIL").await,
            report("tea", "EVIL", "2026-11-01").await,
            report("EVIL", &shop.read_key, "2026-11-01").await,
            app.client.get(format!("{}/EVIL", app.url)).send().await.unwrap(),
            app.client.put(format!("{}/e?EVIL", app.url)).send().await.unwrap(),
            app.client.post(format!("{}/e", app.url)).header("content-type", "EVIL").send().await.unwrap(),
            app.post_browser(&evil).await,
            app.post_browser(json!({ "shop": evil, "kind": "visit" })).await,
            app.post_browser(json!({ "shop": shop.public_key, "kind": evil })).await,
            app.post_browser(json!({ "shop": shop.public_key, "events": evil })).await,
            app.post_browser(json!({ "events": [], &evil: evil })).await,
        ];
        let fields = [
            "id",
            "visitor",
            "at",
            "order_id",
            "payment_id",
            "refund_id",
            "amount",
            "currency",
            "topic",
            "score",
            "engaged_ms",
            "variant",
            "customer",
            "shop",
        ];
        for field in fields {
            let mut event = json!({ "kind": "order", "order_id": "1", "amount": 1 });
            event[field] = json!(evil);
            let body = json!({ "shop": shop.public_key, "events": [event] });
            answers.push(app.post_browser(body).await);
        }
        for answer in answers {
            let (status, mut answer) = read(answer).await;
            // Whose sender made a mistake is shown it, and nobody else; see `told_by_shop.rs`.
            if let Some(left_out) = answer.as_object_mut().and_then(|answer| answer.remove("left_out")) {
                assert!(!left_out.to_string().contains('\u{202e}') && left_out.to_string().len() < 400);
                continue;
            }
            assert!(status.is_client_error(), "{answer}");
            assert!(!answer.to_string().contains("EVIL"), "{answer}");
            assert_discreet(&answer, "EVIL");
        }
        // What only describes is cleaned and kept, and is in no answer either.
        for field in ["agent", "channel", "product"] {
            let mut event = json!({ "kind": "order", "order_id": "1", "amount": 1 });
            event[field] = json!(evil);
            let body = json!({ "shop": shop.public_key, "events": [event] });
            let (status, answer) = read(app.post_browser(body).await).await;
            assert_eq!((status.as_u16(), &answer["accepted"]), (202, &json!(1)), "{field}: {answer}");
            assert!(!answer.to_string().contains("EVIL"), "{answer}");
        }
        // A parameter that does not exist is named, as far as a name goes.
        let url = format!("{}/v1/shops/tea/funnel?{}=1", app.url, "%E2%80%AEEVIL%22".repeat(100));
        let unknown = app.client.get(url).bearer_auth(&shop.read_key);
        let (status, answer) = read(unknown.send().await.unwrap()).await;
        assert_eq!((status.as_u16(), &answer["error"]["code"]), (400, &json!("invalid_parameter")));
        assert_discreet(&answer, "\u{202e}");
        app.close().await;
    });
}
