//! Who may still come back: `open` while today's only page view is less than half an hour old.

use crate::app::{DAY_MS, MINUTE_MS, NOW_MS, event, run, spawn_app};
use serde_json::json;

const TODAY: &str = "2026-11-22";

#[test]
fn a_visitor_is_open_until_a_bounce_or_the_timeout() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("open");
        app.send(&shop, &[event("visit", "leaves", NOW_MS), event("visit", "idles", NOW_MS)]).await;
        let state = async |open: u64, bounced: u64| {
            let funnel = app.funnel(&shop, "2026-11-01", TODAY).await;
            assert_eq!((&funnel["open"], &funnel["bounced"]), (&json!(open), &json!(bounced)), "{funnel}");
            assert_eq!(funnel["visitors"], 2);
        };
        state(2, 0).await;
        app.send(&shop, &[event("bounce", "leaves", NOW_MS + 1)]).await;
        state(1, 1).await;
        app.clock.set(NOW_MS + 30 * MINUTE_MS - 1);
        state(1, 1).await;
        app.clock.set(NOW_MS + 30 * MINUTE_MS);
        state(0, 2).await;
        app.close().await;
    });
}

#[test]
fn a_second_page_after_a_bounce_makes_the_visitor_effective_after_all() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("returns");
        app.send(&shop, &[event("visit", "v", NOW_MS - 2), event("bounce", "v", NOW_MS - 1)]).await;
        assert_eq!(app.funnel(&shop, TODAY, TODAY).await["bounced"], 1);
        app.send(&shop, &[event("visit", "v", NOW_MS)]).await;
        let funnel = app.funnel(&shop, TODAY, TODAY).await;
        assert_eq!((&funnel["effective"], &funnel["bounced"]), (&json!(1), &json!(0)));
        app.close().await;
    });
}

#[test]
fn nobody_is_open_in_a_window_without_today_or_once_effective_in_it() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("past");
        app.send(
            &shop,
            &[
                event("visit", "returning", NOW_MS),
                event("visit", "returning", NOW_MS - DAY_MS),
                event("visit", "returning", NOW_MS - DAY_MS + 1),
            ],
        )
        .await;
        assert_eq!(app.funnel(&shop, TODAY, TODAY).await["open"], 1);
        assert_eq!(app.funnel(&shop, "2026-11-21", TODAY).await["open"], 0);
        app.clock.set(NOW_MS + DAY_MS);
        assert_eq!(app.funnel(&shop, TODAY, TODAY).await["open"], 0);
        app.close().await;
    });
}
