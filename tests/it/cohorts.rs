//! Inquiry cohorts: events in over HTTP, the days' outcomes out over HTTP.

use crate::app::{DAY_MS, MINUTE_MS, NOW_MS, TestApp, TestShop, event, event_with, run, spawn_app};
use serde_json::{Value, json};

/// Cohort day, long enough ago to be closed.
pub const DAY: &str = "2026-11-10";
/// 10:00 in Shanghai on [`DAY`].
const MORNING_MS: i64 = NOW_MS - 12 * DAY_MS - 120 * MINUTE_MS;

/// definitions.md 7.3: ten inquirers on day D. A, B and Dd order on D, C on the next day, Ee two days later,
/// F on D; they pay on D, D + 1, D + 3, D + 1, D + 2 and never. Four never order. G orders, then chats.
pub fn inquirers() -> Vec<Value> {
    let mut events = Vec::new();
    let outcomes = [
        ("A", Some(0), Some(0)),
        ("B", Some(0), Some(1)),
        ("C", Some(1), Some(1)),
        ("Dd", Some(0), Some(3)),
        ("Ee", Some(2), Some(2)),
        ("F", Some(0), None),
        ("n1", None, None),
        ("n2", None, None),
        ("n3", None, None),
        ("n4", None, None),
    ];
    for (visitor, ordered, paid) in outcomes {
        events.push(event("inquiry", visitor, MORNING_MS));
        let order_id = json!({ "order_id": visitor });
        if let Some(days) = ordered {
            let at_ms = MORNING_MS + days * DAY_MS + MINUTE_MS;
            events.push(event_with("order", visitor, at_ms, order_id.clone()));
        }
        if let Some(days) = paid {
            events.push(event_with("payment", visitor, MORNING_MS + days * DAY_MS + 2 * MINUTE_MS, order_id));
        }
    }
    events.push(event_with("order", "G", MORNING_MS, json!({ "order_id": "G" })));
    events.push(event("inquiry", "G", MORNING_MS + MINUTE_MS));
    events
}

/// The cohort of one day, asked for in a window.
async fn cohort(app: &TestApp, shop: &TestShop, from: &str, to: &str, day: &str) -> Value {
    let body = app.report(shop, &format!("cohorts?from={from}&to={to}")).await;
    let found = body["cohorts"].as_array().unwrap().iter().find(|cohort| cohort["day"] == day);
    found.unwrap_or_else(|| panic!("{day} in {body}")).clone()
}

#[test]
fn an_answer_lists_every_day_and_sums_them_up() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &inquirers()).await;
        // A comes back on the next day: another cohort, and after-sale, because she has bought.
        app.send(&shop, &[event("inquiry", "A", MORNING_MS + DAY_MS)]).await;
        // N1 asks again and is in that day's cohort as well.
        app.send(&shop, &[event("inquiry", "n1", MORNING_MS + DAY_MS)]).await;
        let body = app.report(&shop, "cohorts?from=2026-11-09&to=2026-11-11").await;
        let head = json!([body["shop"], body["from"], body["to"], body["time_zone"], body["partial"]]);
        assert_eq!(head, json!(["tea", "2026-11-09", "2026-11-11", "Asia/Shanghai", false]));
        let nobody = |day: &str, inquirers: u64| {
            let rate = if inquirers == 0 { Value::Null } else { json!(0.0) };
            json!({
                "day": day, "inquirers": inquirers, "open": false,
                "buyers_d0": 0, "buyers_final": 0, "payers_d0": 0, "payers_d1": 0, "payers_final": 0,
                "order_d0": rate, "order_final": rate, "paid_d0": rate, "paid_d1": rate, "paid_final": rate,
            })
        };
        let golden = json!({
            "day": DAY, "inquirers": 10, "open": false,
            "buyers_d0": 4, "buyers_final": 6, "payers_d0": 1, "payers_d1": 3, "payers_final": 5,
            "order_d0": 0.4, "order_final": 0.6, "paid_d0": 0.1, "paid_d1": 0.3, "paid_final": 0.5,
        });
        assert_eq!(body["cohorts"], json!([nobody("2026-11-09", 0), golden, nobody("2026-11-11", 1)]));
        assert_eq!(
            body["total"],
            json!({
                "inquirers": 11, "open": false,
                "buyers_d0": 4, "buyers_final": 6, "payers_d0": 1, "payers_d1": 3, "payers_final": 5,
                "order_d0": 4.0 / 11.0, "order_final": 6.0 / 11.0, "paid_d0": 1.0 / 11.0, "paid_d1": 3.0 / 11.0,
                "paid_final": 5.0 / 11.0,
            })
        );
        let empty = app.report(&shop, "cohorts?from=2026-10-01&to=2026-10-01").await;
        assert_eq!(empty["cohorts"], json!([nobody("2026-10-01", 0)]));
        assert_eq!((&empty["total"]["inquirers"], &empty["total"]["paid_d0"]), (&json!(0), &json!(null)));
        app.close().await;
    });
}

#[test]
fn a_cohort_is_the_same_in_every_window_that_holds_its_day() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &inquirers()).await;
        // Asked within the after-sale days of an order that lies before every window but the last.
        app.send(
            &shop,
            &[
                event_with("order", "old", MORNING_MS - 21 * DAY_MS, json!({ "order_id": "old" })),
                event("inquiry", "old", MORNING_MS),
            ],
        )
        .await;
        let alone = cohort(&app, &shop, DAY, DAY, DAY).await;
        assert_eq!((&alone["inquirers"], &alone["paid_final"]), (&json!(10), &json!(0.5)));
        for (from, to) in [("2026-11-01", DAY), (DAY, "2026-11-12"), ("2026-10-01", "2026-11-22")] {
            assert_eq!(cohort(&app, &shop, from, to, DAY).await, alone, "{from}..{to}");
        }
        app.close().await;
    });
}

#[test]
fn a_cohort_is_open_until_its_last_day_has_passed() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let body = app.report(&shop, "cohorts?from=2026-11-17&to=2026-11-20").await;
        let open: Vec<_> = body["cohorts"].as_array().unwrap().iter().map(|day| &day["open"]).collect();
        // Today is the 22nd: what was asked on the 19th is watched until today.
        assert_eq!(json!(open), json!([false, false, true, true]));
        assert_eq!((&body["total"]["open"], &body["partial"]), (&json!(true), &json!(false)));
        app.close().await;
    });
}

#[test]
fn what_came_before_the_inquiry_or_too_late_is_not_its_doing() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let order =
            |visitor: &str, at_ms| event_with("order", visitor, at_ms, json!({ "order_id": visitor }));
        let payment =
            |visitor: &str, at_ms| event_with("payment", visitor, at_ms, json!({ "order_id": visitor }));
        app.send(
            &shop,
            &[
                // At the same millisecond the inquiry comes first.
                order("same", MORNING_MS),
                event("inquiry", "same", MORNING_MS),
                // On the last day that counts, and a day too late.
                event("inquiry", "last", MORNING_MS),
                order("last", MORNING_MS + 3 * DAY_MS),
                event("inquiry", "late", MORNING_MS),
                order("late", MORNING_MS + 4 * DAY_MS),
                payment("late", MORNING_MS),
                event("inquiry", "slow", MORNING_MS),
                order("slow", MORNING_MS + 3 * DAY_MS),
                payment("slow", MORNING_MS + 4 * DAY_MS),
                // Marked after-sale first, then a real question.
                event_with("inquiry", "marked", MORNING_MS, json!({ "topic": "after_sale" })),
                order("marked", MORNING_MS + 1),
                event("inquiry", "marked", MORNING_MS + 2),
            ],
        )
        .await;
        let found = cohort(&app, &shop, DAY, DAY, DAY).await;
        let counts = ["inquirers", "buyers_d0", "buyers_final", "payers_d0", "payers_d1", "payers_final"];
        let counts: Vec<_> = counts.iter().map(|name| found[name].as_u64().unwrap()).collect();
        assert_eq!(counts, [4, 1, 3, 0, 0, 0]);
        app.close().await;
    });
}

#[test]
fn an_event_that_comes_after_its_day_tells_when_the_cohorts_moved() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let before = app.report(&shop, &format!("cohorts?from={DAY}&to={DAY}")).await;
        assert_eq!(before["restated_at"], json!(null));
        app.send(&shop, &[event_with("order", "v", MORNING_MS + 3 * DAY_MS, json!({ "order_id": "1" }))])
            .await;
        let after = app.report(&shop, &format!("cohorts?from={DAY}&to={DAY}")).await;
        assert_eq!(after["restated_at"], "2026-11-22T04:00:00.000Z");
        app.close().await;
    });
}
