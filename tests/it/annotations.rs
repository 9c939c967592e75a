//! Annotations: kept, listed by their days, removed; and what is refused.

use crate::app::{TestApp, TestShop, read, run, spawn_app};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn add(app: &TestApp, shop: &TestShop, body: &Value) -> (StatusCode, Value) {
    let url = format!("{}/v1/shops/{}/annotations", app.url, shop.slug);
    read(app.client.post(url).bearer_auth(&shop.read_key).json(body).send().await.unwrap()).await
}

async fn remove(app: &TestApp, shop: &TestShop, id: &str) -> StatusCode {
    let url = format!("{}/v1/shops/{}/annotations/{id}", app.url, shop.slug);
    let request = app.client.request(Method::DELETE, url).bearer_auth(&shop.read_key);
    request.send().await.unwrap().status()
}

async fn texts(app: &TestApp, shop: &TestShop, query: &str) -> Vec<String> {
    let answer = app.report(shop, &format!("annotations{query}")).await;
    let annotations = answer["annotations"].as_array().unwrap();
    annotations.iter().map(|one| format!("{} {}", &one["day"], one["text"]).replace('"', "")).collect()
}

#[test]
fn what_is_remembered_is_listed_by_its_day_until_it_is_removed() {
    run(async {
        let app = spawn_app().await;
        let (tea, cup) = (app.add_shop("tea"), app.add_shop("cup"));
        for (day, text) in [
            ("2026-11-11", "双11 <b>sale</b>"),
            ("2026-11-01", "Bo answers too"),
            ("2026-11-11", " Another "),
            ("2025-11-11", "last year's"),
        ] {
            let (status, kept) = add(&app, &tea, &json!({ "day": day, "text": text })).await;
            assert_eq!(
                (status, &kept["day"], &kept["text"]),
                (StatusCode::CREATED, &json!(day), &json!(text.trim()))
            );
        }
        add(&app, &cup, &json!({ "day": "2026-11-11", "text": "of another shop" })).await;
        let november = "?from=2026-11-01&to=2026-11-30";
        let listed = ["2026-11-01 Bo answers too", "2026-11-11 Another", "2026-11-11 双11 <b>sale</b>"];
        assert_eq!(texts(&app, &tea, november).await, listed);
        assert_eq!(texts(&app, &tea, "?from=2026-11-02&to=2026-11-10").await, [""; 0]);
        assert_eq!(texts(&app, &tea, "").await, listed, "the last thirty days");

        let url = format!("{}/v1/shops/tea/annotations", app.url);
        let marked = format!("\u{feff}{}", json!({ "day": "2026-10-01", "text": "typed elsewhere" }));
        let request =
            app.client.post(url).bearer_auth(&tea.read_key).header("content-type", "application/json");
        assert_eq!(request.body(marked).send().await.unwrap().status(), StatusCode::CREATED);

        let answer = app.report(&tea, &format!("annotations{november}")).await;
        let id = answer["annotations"][0]["id"].as_str().unwrap();
        assert_eq!(remove(&app, &cup, id).await, StatusCode::NOT_FOUND, "it is tea's");
        assert_eq!(remove(&app, &tea, id).await, StatusCode::NO_CONTENT);
        assert_eq!(texts(&app, &tea, november).await, listed[1..]);
        for id in [id, "x", "00000000-0000-0000-0000-000000000000"] {
            assert_eq!(remove(&app, &tea, id).await, StatusCode::NOT_FOUND, "{id}");
        }
        app.close().await;
    });
}

#[test]
fn what_cannot_be_remembered_is_refused_by_name() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let long = "长".repeat(201);
        for (body, code, says) in [
            (json!({ "day": "11.11.", "text": "x" }), "invalid_parameter", "`day`"),
            (json!({ "day": "2026-02-30", "text": "x" }), "invalid_parameter", "`day`"),
            (json!({ "day": "2026-11-11", "text": " " }), "invalid_parameter", "`text`"),
            (json!({ "day": "2026-11-11", "text": "two\nlines" }), "invalid_parameter", "`text`"),
            (json!({ "day": "2026-11-11", "text": long }), "invalid_parameter", "`text`"),
            (json!({ "day": "2026-11-11" }), "invalid_json", "`text`"),
            (json!({ "day": "2026-11-11", "text": "x", "colour": "red" }), "invalid_json", "`colour`"),
        ] {
            let (status, answer) = add(&app, &shop, &body).await;
            assert_eq!((status, &answer["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(code)), "{body}");
            assert!(answer["error"]["message"].as_str().unwrap().contains(says), "{answer}");
        }
        let (status, _) = add(&app, &shop, &json!({ "day": "2026-11-11", "text": "长".repeat(200) })).await;
        assert_eq!(status, StatusCode::CREATED);
        app.close().await;
    });
}
