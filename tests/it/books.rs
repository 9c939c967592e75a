//! The counters balance: every event seen is accounted for once.

use crate::app::{NOW_MS, TestApp, event, run, spawn_app};
use reqwest::StatusCode;
use serde_json::json;
use std::collections::BTreeMap;

/// The admin listener's counters by name and labels.
async fn metrics(app: &TestApp) -> BTreeMap<String, f64> {
    let url = format!("http://{}/metrics", app.app.admin_address());
    let text = app.client.get(url).send().await.unwrap().text().await.unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.trim_start_matches("shopfunnel_").to_owned(), value.parse().unwrap()))
        .collect()
}

#[test]
fn what_is_received_is_accepted_rejected_dropped_or_refused_and_what_is_accepted_is_shipped() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &[event("visit", "a", NOW_MS), event("visit", "b", NOW_MS)]).await;
        let mixed =
            json!({ "shop": shop.public_key, "events": [{ "kind": "visit" }, { "kind": "nonsense" }, 5] });
        assert_eq!(app.post_browser(&mixed).await.status(), StatusCode::ACCEPTED);
        let request = app.client.post(format!("{}/e", app.url)).header("content-type", "text/plain");
        request.header("sec-gpc", "1").body(mixed.to_string()).send().await.unwrap();
        let unknown = json!({ "shop": "pk_unknown", "kind": "visit" });
        assert_eq!(app.post_browser(&unknown).await.status(), StatusCode::UNAUTHORIZED);
        let of_bots =
            json!({ "shop": shop.public_key, "events": [{ "kind": "visit" }, { "kind": "nonsense" }] });
        let request = app.client.post(format!("{}/e", app.url)).header("content-type", "text/plain");
        request.header("user-agent", "Googlebot").body(of_bots.to_string()).send().await.unwrap();
        app.app.shipped().await.unwrap();

        let found = metrics(&app).await;
        for (name, value) in [
            ("events_received_total", 10.0),
            ("events_accepted_total", 4.0),
            ("events_flagged_total{reason=\"bot\"}", 1.0),
            ("events_rejected_total{reason=\"invalid_kind\"}", 3.0),
            ("events_rejected_total{reason=\"invalid_event\"}", 2.0),
            ("events_dropped_total{reason=\"privacy_signal\"}", 1.0),
            ("events_refused_total", 0.0),
            ("events_shipped_total", 4.0),
            ("requests_failed_total{reason=\"unknown_shop_key\"}", 1.0),
            ("spool_oldest_age_seconds", 0.0),
        ] {
            assert_eq!(found.get(name), Some(&value), "{name} in {found:#?}");
        }
        assert!(found["spool_sync_seconds_count"] >= 2.0 && found["spool_sync_seconds_sum"] > 0.0);
        app.close().await;
    });
}
