//! Share links: what they open, what they do not, and how they end.

use crate::app::{DAY_MS, NOW_MS, TestApp, TestShop, event, read, run, spawn_app};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shopfunnel::shops::command::{self, Command};
use shopfunnel::shops::key::{KeyHash, KeyKind};
use shopfunnel::shops::share;

async fn call(app: &TestApp, method: Method, path: &str, key: &str, body: Option<Value>) -> (u16, Value) {
    let mut request = app.client.request(method, format!("{}{path}", app.url)).bearer_auth(key);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

async fn share(app: &TestApp, shop: &TestShop, key: &str, body: Value) -> (u16, Value) {
    call(app, Method::POST, &format!("/v1/shops/{}/share-links", shop.slug), key, Some(body)).await
}

/// What a refusal is called.
async fn refused(app: &TestApp, path: &str, key: &str) -> (u16, Value) {
    let (status, body) = call(app, Method::GET, path, key, None).await;
    (status, body["error"]["code"].clone())
}

#[test]
fn a_link_shows_the_sums_of_its_shop_and_nothing_else_until_it_expires() {
    run(async {
        let app = spawn_app().await;
        let (tea, cup) = (app.add_shop("tea"), app.add_shop("cup"));
        app.send(&tea, &[event("visit", "v", NOW_MS), event("inquiry", "v", NOW_MS + 1)]).await;
        let (_, by_key) = app.ask(&tea, "").await;
        let (status, link) = share(&app, &tea, &tea.read_key, json!({ "days": 7 })).await;
        assert_eq!(status, 201, "{link}");
        assert_eq!(link["expires_at"], "2026-11-29T04:00:00.000Z");
        let token = link["token"].as_str().unwrap();
        assert_eq!(link["url"], format!("https://stats.example/#share={token}"));

        let (status, by_link) = call(&app, Method::GET, "/v1/shops/tea/funnel", token, None).await;
        assert_eq!((status, &by_link["funnel"]), (200, &by_key["funnel"]));
        assert_eq!(by_link["funnel"]["inquirers"], 1);
        for path in ["cohorts", "orders", "annotations", "funnel?format=csv"] {
            let (status, _) = call(&app, Method::GET, &format!("/v1/shops/tea/{path}"), token, None).await;
            assert_eq!(status, 200, "{path}");
        }
        for path in ["events/recent", "visitors/v", "inquiries/lost"] {
            let found = refused(&app, &format!("/v1/shops/tea/{path}"), token).await;
            assert_eq!(found, (403, json!("wrong_key_kind")), "{path}");
        }
        for path in ["/v1/shops/cup/funnel", "/v1/shops/none/funnel"] {
            assert_eq!(refused(&app, path, token).await, (404, json!("not_found")), "{path}");
        }
        // It makes nothing: neither links nor annotations nor events.
        let note = json!({ "day": "2026-11-22", "text": "x" });
        for (path, body) in [("share-links", json!({})), ("annotations", note)] {
            let path = format!("/v1/shops/tea/{path}");
            let (status, body) = call(&app, Method::POST, &path, token, Some(body)).await;
            assert_eq!((status, &body["error"]["code"]), (403, &json!("wrong_key_kind")), "{path}");
        }
        let (status, _) =
            call(&app, Method::POST, "/v1/events", token, Some(event("visit", "w", NOW_MS))).await;
        assert_eq!(status, 401);
        // Nor may it stand in an address, where logs keep it.
        let path = format!("/v1/shops/tea/funnel?source={token}");
        assert_eq!(refused(&app, &path, &tea.read_key).await, (400, json!("key_in_url")));
        // A changed one is no key at all.
        let longer = token.replace(".", ".7");
        for wrong in [longer.as_str(), "sl_", "sl_tea.ffffffff.00", &token.replace("tea", &cup.slug)] {
            let found = refused(&app, "/v1/shops/tea/funnel", wrong).await;
            assert_eq!(found, (401, json!("unauthorized")), "{wrong}");
        }

        app.clock.set(NOW_MS + 7 * DAY_MS - 1_000);
        assert_eq!(call(&app, Method::GET, "/v1/shops/tea/funnel", token, None).await.0, 200);
        app.clock.set(NOW_MS + 7 * DAY_MS);
        let expired = refused(&app, "/v1/shops/tea/funnel", token).await;
        assert_eq!(expired, (401, json!("link_expired")));
        app.close().await;
    });
}

/// Whoever holds a key's hash can sign any day.
#[test]
fn a_genuine_token_that_would_last_longer_than_any_link_is_refused() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let key = KeyHash::of(&shop.read_key);
        let longest = NOW_MS / 1_000 + 366 * DAY_MS / 1_000;
        let path = "/v1/shops/tea/funnel";
        let signed = |expires_at_seconds: i64| share::token("tea", expires_at_seconds, &key);
        assert_eq!(call(&app, Method::GET, path, &signed(longest), None).await.0, 200);
        for expires_at_seconds in [longest + 1, longest + 100 * DAY_MS, i64::MAX] {
            let found = refused(&app, path, &signed(expires_at_seconds)).await;
            assert_eq!(found, (401, json!("unauthorized")), "{expires_at_seconds}");
            let found = refused(&app, "/v1/shops/tea/events/recent", &signed(expires_at_seconds)).await;
            assert_eq!(found, (401, json!("unauthorized")), "{expires_at_seconds}");
        }
        app.close().await;
    });
}

#[test]
fn a_link_ends_with_the_key_that_made_it() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let mut links = Vec::new();
        for key in [&shop.read_key, &shop.secret_key] {
            let (_, link) = share(&app, &shop, key, json!({})).await;
            assert_eq!(link["expires_at"], "2026-12-22T04:00:00.000Z", "30 days");
            links.push(link["token"].as_str().unwrap().to_owned());
        }
        let rotate = Command::RotateKey {
            slug: "tea".into(),
            kind: KeyKind::Read,
            revoke_old: true,
            confirmed: false,
        };
        command::apply(app.app.registry(), rotate, "").unwrap();
        let of_read_key = refused(&app, "/v1/shops/tea/funnel", &links[0]).await;
        assert_eq!(of_read_key, (401, json!("unauthorized")));
        assert_eq!(call(&app, Method::GET, "/v1/shops/tea/funnel", &links[1], None).await.0, 200);
        app.close().await;
    });
}

#[test]
fn what_is_asked_wrongly_is_said() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        for (body, code) in [
            (json!({ "days": 0 }), "invalid_parameter"),
            (json!({ "days": 367 }), "invalid_parameter"),
            (json!({ "days": "7" }), "invalid_json"),
            (json!({ "hours": 7 }), "invalid_json"),
            (json!([]), "invalid_json"),
        ] {
            let (status, answer) = share(&app, &shop, &shop.read_key, body.clone()).await;
            assert_eq!((status, &answer["error"]["code"]), (400, &json!(code)), "{body}");
        }
        let url = format!("{}/v1/shops/tea/share-links", app.url);
        let form = app.client.post(&url).bearer_auth(&shop.read_key).body("days=7");
        let (status, _) = read(form.send().await.unwrap()).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let got = app.client.get(&url).bearer_auth(&shop.read_key).send().await.unwrap();
        assert_eq!((got.status().as_u16(), &got.headers()["allow"]), (405, &"POST".parse().unwrap()));
        let public = share(&app, &shop, &shop.public_key, json!({})).await;
        assert_eq!((public.0, &public.1["error"]["code"]), (403, &json!("wrong_key_kind")));
        app.close().await;
    });
}
