//! What holds for every report that the API's document names, those to come included.

use crate::app::{DAY_MS, NOW_MS, TestApp, event, event_with, read, run, spawn_app};
use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

/// The documented report addresses with their places filled in: the shop's slug, and `x`, which nobody is,
/// for others.
async fn reports(app: &TestApp, slug: &str) -> Vec<String> {
    documented(app, slug).await.into_iter().map(|(path, _)| path).collect()
}

/// The documented report addresses with what is said of them.
async fn documented(app: &TestApp, slug: &str) -> Vec<(String, Value)> {
    let url = format!("{}/openapi.json", app.url);
    let (_, document) = read(app.client.get(url).send().await.unwrap()).await;
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/v1/shops/{shop}/") || methods["get"].is_null() {
            continue;
        }
        let parameters = methods["get"]["parameters"].as_array().unwrap();
        let mut path = path.replace("{shop}", slug);
        for parameter in parameters.iter().filter(|parameter| parameter["in"] == "path") {
            path = path.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), "x");
        }
        found.push((path, methods["get"].clone()));
    }
    assert!(!found.is_empty(), "the document names no report");
    found
}

async fn get(app: &TestApp, path: &str, key: Option<&str>) -> Response {
    let request = app.client.get(format!("{}{path}", app.url));
    let request = match key {
        Some(key) => request.bearer_auth(key),
        None => request,
    };
    request.send().await.unwrap()
}

async fn refused(app: &TestApp, path: &str, key: Option<&str>) -> (u16, Value) {
    let (status, body) = read(get(app, path, key).await).await;
    (status.as_u16(), body["error"]["code"].clone())
}

#[test]
fn every_report_opens_to_keys_of_its_shop_only() {
    run(async {
        let app = spawn_app().await;
        let tea = app.add_shop("tea");
        let cup = app.add_shop("cup");
        let unknown = [format!("rk_{}", "0".repeat(64)), format!("sk_{}", "f".repeat(64)), "rk_".into()];
        for path in reports(&app, "tea").await {
            let none = refused(&app, &path, None).await;
            assert_eq!(none, (401, json!("unauthorized")), "{path}");
            for key in &unknown {
                assert_eq!(refused(&app, &path, Some(key)).await, none, "{path} {key}");
            }
            let public = refused(&app, &path, Some(&tea.public_key)).await;
            assert_eq!(public, (403, json!("wrong_key_kind")), "{path}");
            for key in [&cup.read_key, &cup.secret_key] {
                assert_eq!(refused(&app, &path, Some(key)).await, (404, json!("not_found")), "{path}");
            }
            for key in [&tea.read_key, &tea.secret_key] {
                let status = get(&app, &path, Some(key)).await.status();
                assert!(status == 200 || (status == 404 && path.ends_with("/x")), "{path}: {status}");
            }
        }
        for path in reports(&app, "none").await {
            let absent = refused(&app, &path, Some(&tea.read_key)).await;
            assert_eq!(absent, (404, json!("not_found")), "{path}");
        }
        app.close().await;
    });
}

#[test]
fn a_key_in_the_address_is_refused_whoever_asks() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let mut paths = reports(&app, "tea").await;
        paths.extend(["/v1/metrics".into(), "/openapi.json".into()]);
        for path in paths {
            for query in [
                format!("key={}", shop.read_key),
                format!("from=2026-11-01&token={}", shop.secret_key),
                format!("source={}", shop.read_key),
                "access_token=x".into(),
            ] {
                for key in [None, Some(shop.read_key.as_str())] {
                    let (status, body) = read(get(&app, &format!("{path}?{query}"), key).await).await;
                    let code = (status.as_u16(), &body["error"]["code"]);
                    assert_eq!(code, (400, &json!("key_in_url")), "{path}?{query}");
                    let said = body.to_string();
                    assert!(!said.contains(&shop.read_key[3..]) && !said.contains(&shop.secret_key[3..]));
                }
            }
        }
        app.close().await;
    });
}

#[test]
fn a_parameter_that_does_not_exist_is_named_by_every_report() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let mut paths = reports(&app, "tea").await;
        paths.extend(["/v1/metrics".into(), "/openapi.json".into()]);
        for path in paths {
            let (status, body) =
                read(get(&app, &format!("{path}?perioD=week"), Some(&shop.read_key)).await).await;
            assert_eq!(
                (status.as_u16(), &body["error"]["code"]),
                (400, &json!("invalid_parameter")),
                "{path}"
            );
            assert!(body["error"]["message"].as_str().unwrap().contains("`perioD`"), "{path}: {body}");
        }
        app.close().await;
    });
}

#[test]
fn every_report_is_a_table_when_that_is_asked_for() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &[event("visit", "x", NOW_MS), event("cart", "x", NOW_MS)]).await;
        app.app.settled().await.unwrap();
        for (path, documented) in documented(&app, "tea").await {
            assert!(!documented["responses"]["200"]["content"]["text/csv"].is_null(), "{path}");
            let as_table = get(&app, &format!("{path}?format=csv"), Some(&shop.read_key)).await;
            assert_eq!(as_table.status(), StatusCode::OK, "{path}");
            let headers = as_table.headers().clone();
            assert_eq!(headers["content-type"], "text/csv; charset=utf-8; header=present", "{path}");
            let disposition = headers["content-disposition"].to_str().unwrap();
            let name =
                disposition.strip_prefix("attachment; filename=\"").unwrap().strip_suffix(".csv\"").unwrap();
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{disposition}");
            assert!(headers["vary"] == "Accept" && headers["cache-control"] == "no-store", "{path}");
            let bytes = as_table.bytes().await.unwrap();
            assert!(bytes.starts_with(b"\xef\xbb\xbf") && bytes.ends_with(b"\r\n"), "{path}");

            let url = format!("{}{path}", app.url);
            let request = app.client.get(url).bearer_auth(&shop.read_key);
            let by_header = request.header(ACCEPT, HeaderValue::from_static("text/csv"));
            assert_eq!(by_header.send().await.unwrap().bytes().await.unwrap(), bytes, "{path}");
            let unknown = refused(&app, &format!("{path}?format=xlsx"), Some(&shop.read_key)).await;
            assert_eq!(unknown, (400, json!("invalid_parameter")), "{path}");
        }
        app.close().await;
    });
}

/// Every figure of one part of an answer, by the name of its column.
fn figures_of(part: &Value) -> Vec<(String, Value)> {
    let mut figures: Vec<(String, Value)> = Vec::new();
    figures.extend(part["funnel"].as_object().unwrap().clone());
    for money in part["money"].as_array().unwrap() {
        let suffix = money["currency"].as_str().unwrap();
        for (id, figure) in money.as_object().unwrap() {
            match id.as_str() {
                "currency" => {}
                "waiting_payments" => {
                    figures.push((format!("{id}_{suffix}"), figure["count"].clone()));
                    figures.push((format!("{id}_amount_{suffix}"), figure["amount"].clone()));
                }
                _ => figures.push((format!("{id}_{suffix}"), figure.clone())),
            }
        }
    }
    figures
}

#[test]
fn the_table_of_the_funnel_holds_the_figures_of_its_answer() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(
            &shop,
            &[
                event("visit", "v", NOW_MS),
                event("cart", "w", NOW_MS - DAY_MS),
                event_with("inquiry", "x", NOW_MS, json!({ "agent": "=1+1" })),
                event_with("order", "x", NOW_MS, json!({ "order_id": "1", "amount": "128" })),
                event_with(
                    "order",
                    "w",
                    NOW_MS,
                    json!({ "order_id": "2", "amount": "5.5", "currency": "USD" }),
                ),
                json!({ "kind": "payment", "order_id": "1", "at": NOW_MS }),
                json!({ "kind": "payment", "order_id": "away", "amount": "7", "at": NOW_MS }),
            ],
        )
        .await;
        let query = "?from=2026-11-21&to=2026-11-22&interval=day&breakdown=agent&compare=weekday";
        let (_, answer) = app.ask(&shop, query).await;
        let path = format!("/v1/shops/tea/funnel{query}&format=csv");
        let csv = get(&app, &path, Some(&shop.read_key)).await.text().await.unwrap();
        let csv = csv.trim_start_matches('\u{feff}');
        let mut lines = csv.split_terminator("\r\n").map(|line| line.split(',').collect::<Vec<_>>());
        let columns = lines.next().unwrap();
        let rows: Vec<Vec<&str>> = lines.collect();
        let heads: Vec<[&str; 5]> = rows.iter().map(|row| row[..5].try_into().unwrap()).collect();
        assert_eq!(columns[..5], ["part", "from", "to", "value", "visitors"]);
        assert_eq!(
            heads,
            [
                ["total", "2026-11-21", "2026-11-22", "", "3"],
                ["series", "2026-11-21", "2026-11-21", "", "1"],
                ["series", "2026-11-22", "2026-11-22", "", "3"],
                ["group", "2026-11-21", "2026-11-22", "", "2"],
                ["group", "2026-11-21", "2026-11-22", "'=1+1", "1"],
                ["previous", "2026-11-14", "2026-11-15", "", "0"],
            ]
        );
        let parts = [
            &answer,
            &answer["series"][0],
            &answer["series"][1],
            &answer["groups"][0],
            &answer["groups"][1],
            &answer["previous"],
        ];
        for (row, part) in rows.iter().zip(parts) {
            for (id, figure) in figures_of(part) {
                let Some(place) = columns.iter().position(|column| *column == id) else {
                    assert!(figure.is_null(), "{id} has no column");
                    continue;
                };
                let found = row[place];
                let same = match &figure {
                    Value::Null => found.is_empty(),
                    Value::String(amount) => found == amount,
                    number => found.parse::<f64>().ok() == number.as_f64(),
                };
                assert!(same, "{id}: {found} {figure}");
            }
        }
        let total = |column: &str| rows[0][columns.iter().position(|found| *found == column).unwrap()];
        assert_eq!((total("paid_amount_CNY"), total("ordered_amount_USD")), ("128.0000", "5.5000"));
        assert_eq!((total("waiting_payments_CNY"), total("waiting_payments_amount_CNY")), ("1", "7.0000"));
        assert_eq!((total("cookieless_share"), columns.len()), ("0", rows[0].len()));
        app.close().await;
    });
}
