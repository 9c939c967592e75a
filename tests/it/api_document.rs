//! The OpenAPI document: committed, true to what is answered and to what is taken.

use crate::app::{NOW_MS, TestApp, event, event_with, read, run, spawn_app};
use crate::committed::assert_fresh;
use crate::rules::sources;
use crate::single_events::get;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::path::Path;

async fn document(app: &TestApp) -> Value {
    read(app.client.get(format!("{}/openapi.json", app.url)).send().await.unwrap()).await.1
}

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    run(async {
        let app = spawn_app().await;
        let answer = app.client.get(format!("{}/openapi.json", app.url)).send().await.unwrap();
        assert_eq!(
            (answer.status(), &answer.headers()["content-type"]),
            (StatusCode::OK, &"application/json".parse().unwrap())
        );
        assert_fresh("docs/openapi.json", &answer.text().await.unwrap());
        app.close().await;
    });
}

/// Whether a source may hold routes of the public listener.
fn is_public(path: &Path) -> bool {
    let path = path.to_string_lossy();
    path.contains("src/http/") && !path.contains("src/http/admin/")
}

/// What browsers load and how pages ask before they send are no part of the API.
const UNDOCUMENTED: [&str; 3] = ["/", "/s.js", "/s.full.js"];

#[test]
fn every_address_of_the_api_is_documented() {
    run(async {
        let app = spawn_app().await;
        let document = document(&app).await;
        let documented = document["paths"].as_object().unwrap();
        let mut registered = 0;
        for (path, text) in sources().iter().filter(|(path, _)| is_public(path)) {
            for rest in text.split("web::resource(\"").skip(1) {
                let address = &rest[..rest.find('"').unwrap()];
                registered += 1;
                let known = documented.contains_key(address) || UNDOCUMENTED.contains(&address);
                assert!(known, "{address} of {} is missing in the document", path.display());
            }
        }
        assert!(registered >= documented.len(), "{registered} addresses, {} documented", documented.len());
        app.close().await;
    });
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(properties) => {
                found.extend(properties.get("$ref").and_then(Value::as_str).map(str::to_owned));
                properties.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    run(async {
        let app = spawn_app().await;
        let document = document(&app).await;
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 10);
        for reference in found {
            let known = document.pointer(reference.trim_start_matches('#')).is_some();
            assert!(known, "{reference} leads nowhere; name its type in `components` of src/http/openapi.rs");
        }
        app.close().await;
    });
}

/// The object behind a `$ref`.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// Panics at a property of `answer` that its schema does not name.
fn assert_documented(document: &Value, schema: &Value, answer: &Value, place: &str) {
    let schema = resolved(document, schema);
    match answer {
        Value::Object(properties) => {
            let mut forms = vec![schema];
            for combined in ["allOf", "oneOf", "anyOf"] {
                let parts = schema[combined].as_array().into_iter().flatten();
                forms.extend(parts.map(|part| resolved(document, part)));
            }
            for (name, value) in properties {
                let property = forms.iter().find_map(|form| form["properties"].get(name));
                let property = property.unwrap_or_else(|| panic!("{place}.{name} is not documented"));
                assert_documented(document, property, value, &format!("{place}.{name}"));
            }
        }
        Value::Array(items) => {
            for item in items {
                assert_documented(document, &schema["items"], item, &format!("{place}[]"));
            }
        }
        _ => {}
    }
}

#[test]
fn no_answer_holds_what_is_not_documented() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let document = document(&app).await;
        app.send(&shop, &[event("visit", "v", NOW_MS)]).await;
        let order = json!({ "order_id": "1", "amount": "5", "product": "longjing" });
        app.send(&shop, &[event_with("order", "v", NOW_MS, order)]).await;
        app.send(&shop, &[json!({ "kind": "payment", "order_id": "away", "amount": "7" })]).await;
        let (_, funnel) = app.ask(&shop, "?interval=week&breakdown=product&compare=year").await;
        let (_, recent) = get(&app, &shop, "events/recent").await;
        let (_, path) = get(&app, &shop, "visitors/v?limit=1").await;
        let body = json!([event("visit", "v", NOW_MS), { "kind": "visit" }, 5]);
        let (_, accepted) = read(app.post_server(&shop, &body).await).await;
        let (_, refused) = read(app.post_server(&shop, &json!([5])).await).await;
        let url = format!("{}/v1/metrics", app.url);
        let (_, catalogue) = read(app.client.get(url).send().await.unwrap()).await;
        for (path, method, status, answer) in [
            ("/v1/shops/{shop}/funnel", "get", "200", funnel),
            ("/v1/shops/{shop}/events/recent", "get", "200", recent),
            ("/v1/shops/{shop}/visitors/{id}", "get", "200", path),
            ("/v1/events", "post", "202", accepted),
            ("/v1/events", "post", "400", refused),
            ("/v1/metrics", "get", "200", catalogue),
        ] {
            assert!(answer.as_object().is_some_and(|answer| !answer.is_empty()));
            let schema = &document["paths"][path][method]["responses"][status]["content"]["application/json"]
                ["schema"];
            assert_documented(&document, schema, &answer, &format!("{method} {path} {status}"));
        }
        app.close().await;
    });
}

/// The properties of an event, by name.
fn event_properties(document: &Value) -> Vec<(String, Value)> {
    let event = &document["components"]["schemas"]["Event"];
    let parts = event["allOf"].as_array().unwrap().iter().map(|part| resolved(document, part));
    let properties = parts.flat_map(|part| part["properties"].as_object().unwrap());
    properties.map(|(name, schema)| (name.clone(), schema.clone())).collect()
}

const DESCRIBING: [&str; 8] =
    ["agent", "channel", "topic", "by", "score", "engaged_ms", "variant", "product"];

/// A value that the schema of a property allows, as long as it may be; and one that it does not.
fn edges(name: &str, shop: &str) -> Option<(Value, Value)> {
    let text = |chars: usize| json!("x".repeat(chars));
    Some(match name {
        "shop" => (json!(shop), json!("pk_0")),
        "kind" => (json!("visit"), json!("visits")),
        "id" => (json!(uuid::Uuid::now_v7()), json!("7")),
        "visitor" => (text(64), text(65)),
        "at" => (json!("2026-11-22T12:00:00+08:00"), json!("yesterday")),
        "order_id" | "payment_id" | "refund_id" | "customer" | "product" => (text(128), text(129)),
        "agent" | "channel" => (text(64), text(65)),
        "conversation" => (text(128), text(129)),
        "by" => (json!("bot"), json!("robot")),
        "via" => (json!("platform"), json!("bank")),
        "as_of" => (json!("2026-11-22T12:00:00+08:00"), json!("yesterday")),
        "topic" => (json!("after_sale"), json!("before_sale")),
        "score" => (json!(5), json!(6)),
        "engaged_ms" => (json!(86_400_000), json!(86_400_001)),
        "ip" => (json!("2001:db8::1"), json!("home")),
        "variant" => (json!(format!("{}:b", "x".repeat(62))), json!(format!("{}:b", "x".repeat(63)))),
        // Never a reason to refuse an event.
        "url" | "referrer" | "title" | "user_agent" => return None,
        "amount" | "currency" | "items" | "cost" | "shipping" | "tax" | "discount" => return None,
        _ => panic!("say here what `{name}` may hold"),
    })
}

#[test]
fn the_document_knows_the_fields_of_an_event_and_their_bounds() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let document = document(&app).await;
        let properties = event_properties(&document);
        let mut whole = json!({});
        for (name, schema) in &properties {
            let Some((good, bad)) = edges(name, &shop.public_key) else {
                whole[name] = json!("text");
                continue;
            };
            // What only describes is cut or left out, and never a reason to refuse.
            let is_refused = !DESCRIBING.contains(&name.as_str());
            for (value, accepted) in [(&good, true), (&bad, !is_refused)] {
                let mut event = event("visit", "v", NOW_MS);
                event["amount"] = json!("1");
                event[name] = value.clone();
                let envelope = json!({ "events": [event] });
                let (status, body) = read(app.post_server(&shop, &envelope).await).await;
                assert_eq!(status.is_success(), accepted, "{name}: {value} {body}");
                assert_eq!(status.is_client_error(), !accepted, "{name}: {value} {body}");
            }
            if let (Some(text), Some(longest)) = (good.as_str(), longest(schema)) {
                assert_eq!(text.len() as u64, longest, "{name}");
            }
            whole[name] = good;
        }
        // What is documented is also known: nothing of it is counted as unknown.
        let unknown = async || {
            let url = format!("http://{}/metrics", app.app.admin_address());
            let text = app.client.get(url).send().await.unwrap().text().await.unwrap();
            let line = text.lines().find(|line| line.contains("fields_unknown") && !line.starts_with('#'));
            line.unwrap().rsplit(' ').next().unwrap().parse::<f64>().unwrap()
        };
        let before = unknown().await;
        app.send(&shop, &[whole.clone()]).await;
        assert_eq!(unknown().await, before);
        whole["undocumented"] = json!(1);
        app.send(&shop, &[whole]).await;
        assert_eq!(unknown().await, before + 1.0);
        app.close().await;
    });
}

/// The most characters that a schema allows, in any of its forms.
fn longest(schema: &Value) -> Option<u64> {
    let forms = schema["oneOf"].as_array().into_iter().flatten().chain([schema]);
    forms.filter_map(|form| form["maxLength"].as_u64()).max()
}
