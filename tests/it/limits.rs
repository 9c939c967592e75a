//! What one sender may ask for, and what becomes of slow ones.

use crate::app::{TestApp, TestShop, read, run, spawn_app, spawn_app_with};
use reqwest::StatusCode;
use serde_json::json;
use shopfunnel::http::limit::LimitOptions;
use std::num::NonZeroU32;
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

#[test]
fn a_body_that_does_not_arrive_is_given_up() {
    run(async {
        let app = spawn_app().await;
        let mut stream = TcpStream::connect(app.app.public_address()).await.unwrap();
        let head = "POST /e HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n{";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        // The server's own patience is 10 s; the connection is closed after the answer.
        let read =
            tokio::time::timeout(std::time::Duration::from_secs(30), stream.read_to_string(&mut answer));
        read.await.expect("the server gives up").unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("request_timeout"), "{answer}");
        app.close().await;
    });
}
