//! What reports have in common: windows, keys, errors.

use crate::app::{NOW_MS, event, read, run, spawn_app};
use reqwest::StatusCode;
use serde_json::json;

/// Below `/v1/shops/{shop}/`.
const REPORTS: [&str; 4] = ["funnel", "cohorts", "orders", "inquiries/lost"];

#[test]
fn an_answer_names_its_window_and_how_fresh_it_is() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.browse(&shop, &[json!({ "kind": "visit", "visitor": "named" }), json!({ "kind": "visit" })])
            .await;
        let (status, body) = app.ask(&shop, "").await;
        assert_eq!(status, StatusCode::OK);
        let head = json!([body["shop"], body["from"], body["to"], body["time_zone"], body["partial"]]);
        assert_eq!(head, json!(["tea", "2026-10-24", "2026-11-22", "Asia/Shanghai", true]));
        assert_eq!(body["fresh_until"], "2026-11-22T04:00:00.000Z");
        assert_eq!((&body["funnel"]["visitors"], &body["cookieless_share"]), (&json!(2), &json!(0.5)));
        let (_, past) = app.ask(&shop, "?from=2026-11-01&to=2026-11-02").await;
        assert_eq!((&past["partial"], &past["cookieless_share"]), (&json!(false), &json!(null)));
        app.close().await;
    });
}

#[test]
fn a_cookieless_visitor_who_only_orders_is_in_the_share() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.browse(&shop, &[json!({ "kind": "order", "order_id": "1" })]).await;
        let (_, body) = app.ask(&shop, "").await;
        assert_eq!((&body["funnel"]["buyers"], &body["cookieless_share"]), (&json!(1), &json!(1.0)));
        app.close().await;
    });
}

#[test]
fn a_wrong_question_is_answered_400_with_the_parameters_name() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        for (query, code, says) in [
            ("?from=2026-11-02&to=2026-11-01", "invalid_parameter", "`from`"),
            ("?from=2026-11-01", "invalid_parameter", "`to`"),
            ("?from=yesterday&to=2026-11-01", "invalid_parameter", "`from`"),
            ("?from=2026-11-31&to=2026-12-01", "invalid_parameter", "`from`"),
            ("?period=week", "invalid_parameter", "`period`"),
            (
                "?from=2020-01-01&to=2026-01-01",
                "range_too_large",
                "`from`, `to`: a window may have at most 731",
            ),
        ] {
            for report in REPORTS {
                let (status, body) = app.ask_for(&shop, &format!("{report}{query}")).await;
                let found = (status, &body["error"]["code"]);
                assert_eq!(found, (StatusCode::BAD_REQUEST, &json!(code)), "{report}{query}");
                assert!(body["error"]["message"].as_str().unwrap().contains(says), "{body}");
                assert!(body["error"]["request_id"].as_str().is_some_and(|id| id.len() == 32));
            }
        }
        app.close().await;
    });
}

#[test]
fn a_key_opens_its_own_shop_only() {
    run(async {
        let app = spawn_app().await;
        let tea = app.add_shop("tea");
        let cup = app.add_shop("cup");
        let unknown = format!("rk_{}", "0".repeat(64));
        for (slug, key, status) in [
            ("tea", Some(&tea.read_key), 200),
            ("tea", Some(&tea.secret_key), 200),
            ("tea", Some(&tea.public_key), 403),
            ("tea", Some(&cup.read_key), 404),
            ("none", Some(&tea.read_key), 404),
            ("tea", Some(&unknown), 401),
            ("tea", None, 401),
        ] {
            for report in REPORTS {
                let request = app.client.get(format!("{}/v1/shops/{slug}/{report}", app.url));
                let request = match key {
                    Some(key) => request.bearer_auth(key),
                    None => request,
                };
                let answer = request.send().await.unwrap();
                let is_kept = answer.headers().get("cache-control").is_none_or(|said| said != "no-store");
                let (found, body) = read(answer).await;
                assert_eq!(found, status, "{report} of {slug} {key:?} {body}");
                assert!(status != 200 || !is_kept, "{report}");
            }
        }
        app.close().await;
    });
}

#[test]
fn unknown_paths_and_methods_are_named_as_such() {
    run(async {
        let app = spawn_app().await;
        for (method, path, status) in [
            ("GET", "/v1/shops/tea", 404),
            ("GET", "/nothing", 404),
            ("GET", "/e", 405),
            ("DELETE", "/v1/events", 405),
            ("POST", "/v1/shops/tea/funnel", 405),
            ("POST", "/v1/shops/tea/cohorts", 405),
            ("POST", "/v1/shops/tea/orders", 405),
            ("POST", "/v1/shops/tea/inquiries/lost", 405),
            ("POST", "/s.js", 405),
        ] {
            let request = app.client.request(method.parse().unwrap(), format!("{}{path}", app.url));
            let answer = request.send().await.unwrap();
            assert_eq!(answer.headers().contains_key("allow"), status == 405, "{method} {path}");
            let (found, body) = read(answer).await;
            assert_eq!(found, status, "{method} {path}");
            assert!(body["error"]["code"].is_string());
        }
        app.close().await;
    });
}

#[test]
fn two_shops_that_share_every_id_keep_apart() {
    run(async {
        let app = spawn_app().await;
        let shops = [app.add_shop("one"), app.add_shop("two")];
        let visit = event("visit", "v", NOW_MS);
        let order = json!({ "kind": "order", "visitor": "v", "order_id": "1", "at": NOW_MS });
        app.send(&shops[0], &[visit.clone(), order.clone()]).await;
        app.send(&shops[1], &[visit]).await;
        app.send(&shops[1], &[json!({ "kind": "payment", "order_id": "1", "at": NOW_MS })]).await;
        let one = app.funnel(&shops[0], "2026-11-22", "2026-11-22").await;
        let two = app.funnel(&shops[1], "2026-11-22", "2026-11-22").await;
        assert_eq!((&one["buyers"], &one["payers"]), (&json!(1), &json!(0)));
        assert_eq!((&two["visitors"], &two["buyers"]), (&json!(1), &json!(0)));
        app.close().await;
    });
}
