//! Who asked and has not bought: who is in the list, what it tells, and how it is paged.

use crate::app::{DAY_MS, MINUTE_MS, NOW_MS, TestApp, TestShop, event, event_with, run, spawn_app};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const DAYS: &str = "from=2026-11-15&to=2026-11-22";
/// 10:00 in Shanghai on 2026-11-21.
const MORNING_MS: i64 = NOW_MS - DAY_MS - 120 * MINUTE_MS;

async fn lost(app: &TestApp, shop: &TestShop, more: &str) -> Value {
    app.report(shop, &format!("inquiries/lost?{DAYS}{more}")).await
}

fn visitors(body: &Value) -> Vec<&str> {
    let rows = body["inquiries"].as_array().unwrap().iter();
    rows.map(|row| row["visitor"].as_str().unwrap()).collect()
}

#[test]
fn a_conversation_is_whose_the_shop_says_it_is_and_its_first_inquiry_of_a_day_counts() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let said = |kind: &str, at_ms, more: Value| {
            let mut said = event(kind, "", at_ms);
            let fields = said.as_object_mut().unwrap();
            fields.remove("visitor");
            fields.extend([("channel".to_owned(), json!("chatwoot"))]);
            fields.extend(more.as_object().unwrap().clone());
            said
        };
        let chat = |kind: &str, at_ms, conversation: &str, more: Value| {
            let mut said = said(kind, at_ms, more);
            said["conversation"] = json!(conversation);
            said
        };
        app.send(
            &shop,
            &[
                // The chat tool knows nobody until the second message.
                chat("inquiry", MORNING_MS, "1", json!({})),
                chat("reply", MORNING_MS + 1, "1", json!({ "by": "bot", "agent": "helper" })),
                chat("reply", MORNING_MS + 2, "1", json!({ "by": "person", "agent": "mei" })),
                chat("inquiry", MORNING_MS + 3, "1", json!({ "visitor": "asks" })),
                // Whose first inquiry of the day is after a sale.
                chat("inquiry", MORNING_MS, "2", json!({ "visitor": "served", "topic": "after_sale" })),
                chat("inquiry", MORNING_MS + 1, "2", json!({ "visitor": "served" })),
                // Of nobody known.
                chat("inquiry", MORNING_MS, "3", json!({})),
                // Who bought since, by an order of their own.
                chat("inquiry", MORNING_MS, "4", json!({ "visitor": "bought" })),
                event_with("order", "bought", MORNING_MS + 1, json!({ "order_id": "b" })),
            ],
        )
        .await;
        let body = lost(&app, &shop, "").await;
        assert_eq!(visitors(&body), ["asks"]);
        let row = &body["inquiries"][0];
        let told = ["first_asked_at", "last_asked_at", "agent", "channel"].map(|field| &row[field]);
        let at = "2026-11-21T02:00:00.000Z";
        assert_eq!(json!(told), json!([at, at, "mei", "chatwoot"]));
        assert_eq!(visitors(&lost(&app, &shop, "&agent=mei").await), ["asks"]);
        assert!(visitors(&lost(&app, &shop, "&agent=").await).is_empty());
        app.close().await;
    });
}

#[test]
fn only_who_asked_before_buying_and_never_bought_is_lost() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let order =
            |visitor: &str, at_ms| event_with("order", visitor, at_ms, json!({ "order_id": visitor }));
        app.send(
            &shop,
            &[
                event("inquiry", "lost", MORNING_MS),
                event("inquiry", "lost", MORNING_MS + 5),
                event("inquiry", "bought", MORNING_MS),
                order("bought", MORNING_MS + 1),
                // At the same millisecond the inquiry comes first, so that it was answered.
                event("inquiry", "same", MORNING_MS),
                order("same", MORNING_MS),
                // Bought after the window, today.
                event("inquiry", "later", MORNING_MS - 3 * DAY_MS),
                order("later", NOW_MS),
                // Within the after-sale days of an order, marked as after-sale, sent by a program, never
                // asked.
                order("served", MORNING_MS - 21 * DAY_MS),
                event("inquiry", "served", MORNING_MS),
                event_with("inquiry", "marked", MORNING_MS, json!({ "topic": "after_sale" })),
                event_with("inquiry", "program", MORNING_MS, json!({ "user_agent": "Googlebot" })),
                event("cart", "packed", MORNING_MS),
                // Beyond the after-sale days: asks anew, and again after that.
                order("again", MORNING_MS - 27 * DAY_MS),
                event("inquiry", "again", MORNING_MS - 5 * DAY_MS),
                event("inquiry", "again", MORNING_MS - DAY_MS),
                // Outside of the window.
                event("inquiry", "before", MORNING_MS - 7 * DAY_MS),
            ],
        )
        .await;
        let body = lost(&app, &shop, "").await;
        assert_eq!((&body["lost_inquiries"], &body["next_cursor"]), (&json!(2), &json!(null)));
        assert_eq!(visitors(&body), ["lost", "again"]);
        let times = |row: usize| {
            let row = &body["inquiries"][row];
            json!([row["first_asked_at"], row["last_asked_at"]])
        };
        assert_eq!(times(0), json!(["2026-11-21T02:00:00.000Z", "2026-11-21T02:00:00.005Z"]));
        assert_eq!(times(1), json!(["2026-11-16T02:00:00.000Z", "2026-11-20T02:00:00.000Z"]));
        // The rule is the shop's: with longer after-sale days that was no new question.
        let changes = shopfunnel::shops::command::Changes { after_sale_days: Some(26), ..Default::default() };
        app.set_shop("tea", changes);
        assert_eq!(visitors(&lost(&app, &shop, "").await), ["lost"]);
        // An earlier window holds who asked then, and still not who has bought since.
        let earlier = app.report(&shop, "inquiries/lost?from=2026-11-10&to=2026-11-18").await;
        assert_eq!(visitors(&earlier), ["before"]);
        app.close().await;
    });
}

#[test]
fn a_row_tells_whom_to_call_about_what() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(
            &shop,
            &[
                event_with(
                    "inquiry",
                    "v",
                    MORNING_MS - DAY_MS,
                    json!({ "agent": "lan", "channel": "qq", "product": "pot", "amount": "99" }),
                ),
                event_with("inquiry", "v", MORNING_MS, json!({ "agent": "mei", "topic": "pre_sale" })),
                event_with("cart", "v", MORNING_MS + 1, json!({ "amount": "12.5", "currency": "USD" })),
                event_with("favorite", "v", MORNING_MS + 2, json!({ "product": "cup" })),
                // Not what the visitor wishes for: after-sale words, another's wish, a wish outside of the
                // window.
                event_with("inquiry", "v", MORNING_MS + 3, json!({ "topic": "after_sale", "agent": "wu" })),
                event_with("cart", "w", MORNING_MS + 4, json!({ "product": "tea", "amount": "1" })),
                event_with("cart", "v", MORNING_MS - 20 * DAY_MS, json!({ "product": "old", "amount": "2" })),
            ],
        )
        .await;
        app.browse(&shop, &[json!({ "kind": "inquiry", "at": NOW_MS - 6 * 60 * MINUTE_MS })]).await;
        let body = lost(&app, &shop, "").await;
        let expected = json!({
            "visitor": "v", "is_cookieless": false,
            "first_asked_at": "2026-11-20T02:00:00.000Z", "last_asked_at": "2026-11-21T02:00:00.000Z",
            "age_days": 26.0 / 24.0, "agent": "mei", "channel": null, "product": "cup", "value": "12.5000",
            "currency": "USD",
        });
        assert_eq!(body["inquiries"][1], expected);
        let cookieless = &body["inquiries"][0];
        assert_eq!(cookieless["is_cookieless"], true);
        assert_eq!(cookieless["age_days"], 0.25);
        assert_eq!(
            json!([cookieless["agent"], cookieless["product"], cookieless["value"], cookieless["currency"]]),
            json!([null, null, null, null])
        );
        app.close().await;
    });
}

#[test]
fn hostile_names_are_told_and_chosen_by_as_they_are() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let names =
            ["'; DROP TABLE event_log; --", "\\' OR 1=1", "{shop:String}", "梅 \"<b>\"", "%00\\0", "a,b'"];
        for (number, name) in names.iter().enumerate() {
            let told = json!({ "agent": name, "channel": name, "product": name });
            app.send(&shop, &[event_with("inquiry", &format!("v{number}"), MORNING_MS, told)]).await;
        }
        app.send(&shop, &[event("inquiry", "unknown", MORNING_MS)]).await;
        for (number, name) in names.iter().enumerate() {
            for dimension in ["agent", "channel"] {
                let query = serde_urlencoded::to_string([(dimension, name)]).unwrap();
                let body = lost(&app, &shop, &format!("&{query}")).await;
                assert_eq!(visitors(&body), [format!("v{number}")], "{query}");
                assert_eq!(body["lost_inquiries"], 1);
                let row = &body["inquiries"][0];
                assert_eq!(json!([row["agent"], row["channel"], row["product"]]), json!([name, name, name]));
            }
        }
        // An empty value is "unknown"; several values are either.
        assert_eq!(visitors(&lost(&app, &shop, "&agent=").await), ["unknown"]);
        let either = lost(&app, &shop, "&agent=&agent=a,b'").await;
        assert_eq!(visitors(&either).into_iter().collect::<BTreeSet<_>>(), ["unknown", "v5"].into());
        assert_eq!(visitors(&lost(&app, &shop, "&agent=&channel=a,b'").await), [""; 0]);
        app.close().await;
    });
}

#[test]
fn pages_hold_everybody_once_while_new_inquiries_arrive() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let asked = |n: i64, at_ms| event("inquiry", &format!("v{n}"), at_ms);
        let chat = |kind, visitor: &str, n: i64, at_ms| {
            let more = json!({ "conversation": format!("c{n}"), "channel": "chat", "by": "person" });
            event_with(kind, visitor, at_ms, more)
        };
        // Several of one moment, some in conversations.
        let events = (0..23).map(|n| match (n, MORNING_MS - n / 3 * MINUTE_MS) {
            (10..14, at_ms) => chat("inquiry", &format!("v{n}"), n, at_ms),
            (n, at_ms) => asked(n, at_ms),
        });
        let events: Vec<Value> = events.collect();
        app.send(&shop, &events).await;
        app.clock.set(NOW_MS + MINUTE_MS);
        let mut found: Vec<String> = Vec::new();
        let mut cursor = String::new();
        for page in 0.. {
            let body = lost(&app, &shop, &format!("&limit=5{cursor}")).await;
            let rows = visitors(&body);
            assert!(rows.len() == 5 || body["next_cursor"].is_null(), "{body}");
            found.extend(rows.into_iter().map(str::to_owned));
            let now_ms = app.clock.now_ms() + MINUTE_MS;
            app.clock.set(now_ms);
            app.send(
                &shop,
                &[
                    // Somebody new; somebody of the last page, who asks again; and one whose earlier inquiry
                    // comes late.
                    asked(100 + page, now_ms),
                    asked(22 - page, now_ms),
                    asked(20 - page, MORNING_MS + MINUTE_MS),
                    // Whose a conversation of a later page is turns out.
                    chat("reply", &format!("x{}", page % 2), 12 + page % 2, MORNING_MS - 60 * MINUTE_MS),
                ],
            )
            .await;
            match body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        // Whoever turned out to be asked about comes as well, where the inquiry stands.
        found.retain(|visitor| !visitor.starts_with('x'));
        let everybody: Vec<String> = (0..23).map(|n| format!("v{n}")).collect();
        assert_eq!(found.iter().collect::<BTreeSet<_>>(), everybody.iter().collect(), "{found:?}");
        assert_eq!(found.len(), 23, "{found:?}");
        // Asked anew, the list has the new ones, most recent first.
        let anew = lost(&app, &shop, "&limit=500").await;
        assert_eq!(anew["lost_inquiries"], 28);
        assert!(["v104", "v18"].contains(&visitors(&anew)[0]), "{anew}");
        app.close().await;
    });
}

#[test]
fn a_page_without_rows_still_tells_how_many_there_are() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &[event("inquiry", "a", MORNING_MS), event("inquiry", "b", MORNING_MS - 1)]).await;
        let first = lost(&app, &shop, "&limit=1").await;
        let cursor = first["next_cursor"].as_str().unwrap();
        app.send(&shop, &[event_with("order", "b", NOW_MS, json!({ "order_id": "1" }))]).await;
        let second = lost(&app, &shop, &format!("&limit=1&cursor={cursor}")).await;
        assert_eq!((visitors(&second).len(), &second["lost_inquiries"]), (0, &json!(1)));
        app.close().await;
    });
}

#[test]
fn a_wrong_page_is_answered_400_with_the_parameters_name() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &[event("inquiry", "a", MORNING_MS), event("inquiry", "b", MORNING_MS)]).await;
        let first = lost(&app, &shop, "&limit=1").await;
        let cursor = first["next_cursor"].as_str().unwrap().to_owned();
        for (query, says) in [
            (format!("?{DAYS}&cursor="), "`cursor`"),
            (format!("?{DAYS}&cursor=garbage"), "`cursor`"),
            (format!("?{DAYS}&cursor={}", "0".repeat(64)), "`cursor`"),
            (format!("?{DAYS}&cursor={}", "%F0%9F%8D%B5".repeat(16)), "`cursor`"),
            // A cursor is good for its own list only.
            (format!("?from=2026-11-14&to=2026-11-22&cursor={cursor}"), "`cursor`"),
            (format!("?{DAYS}&agent=mei&cursor={cursor}"), "`cursor`"),
            (format!("?{DAYS}&cursor={cursor}&cursor={cursor}"), "`cursor`"),
            (format!("?{DAYS}&limit=501"), "`limit`"),
            (format!("?{DAYS}&limit=0"), "`limit`"),
            (format!("?{DAYS}&product=pot"), "`product`"),
            ("?from=2026-11-15".into(), "`to`"),
        ] {
            let (status, body) = app.ask_for(&shop, &format!("inquiries/lost{query}")).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {body}");
            assert!(body["error"]["message"].as_str().unwrap().contains(says), "{query}: {body}");
        }
        // Nor for another shop.
        let cup = app.add_shop("cup");
        let (status, _) = app.ask_for(&cup, &format!("inquiries/lost?{DAYS}&cursor={cursor}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        app.close().await;
    });
}
