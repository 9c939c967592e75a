//! The machine's clock jumps, stands still or runs backwards while events arrive.

use crate::app::{DAY_MS, MINUTE_MS, NOW_MS, TestApp, TestShop, event, read, run, spawn_app, spawn_app_with};
use crate::server::PATIENCE;
use chrono::{DateTime, NaiveDate};
use futures_util::{StreamExt, stream};
use reqwest::StatusCode;
use serde_json::{Value, json};
use shopfunnel::event::shop_day;
use shopfunnel::http::edge::limit::LimitOptions;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

const HOUR_MS: i64 = 60 * MINUTE_MS;
/// 2026-11-23 00:00 in Shanghai.
const MIDNIGHT_MS: i64 = NOW_MS + 12 * HOUR_MS;
const SENDERS: usize = 4;
const EVENTS_OF_A_SENDER: usize = 64;
const TEN_YEARS_MS: i64 = 3_652 * DAY_MS;
/// Where the clock stands, one after the other; some values come twice, because a clock may be stuck.
const JUMPS_MS: [i64; 16] = [
    NOW_MS,
    NOW_MS,
    NOW_MS + HOUR_MS,
    NOW_MS - HOUR_MS,
    NOW_MS + DAY_MS,
    NOW_MS - DAY_MS,
    NOW_MS + TEN_YEARS_MS,
    NOW_MS,
    NOW_MS - TEN_YEARS_MS,
    NOW_MS - TEN_YEARS_MS,
    MIDNIGHT_MS - 1,
    MIDNIGHT_MS,
    MIDNIGHT_MS - 1,
    MIDNIGHT_MS + 1,
    MIDNIGHT_MS - HOUR_MS,
    MIDNIGHT_MS + DAY_MS,
];

/// How many visitors each day must have.
#[derive(Default)]
struct Expected(BTreeMap<String, u64>);

impl Expected {
    fn add(&mut self, at_ms: i64) {
        *self.0.entry(shop_day(at_ms, chrono_tz::Asia::Shanghai).to_string()).or_default() += 1;
    }

    async fn check(&self, app: &TestApp, shop: &TestShop) {
        let days = JUMPS_MS.map(|now_ms| shop_day(now_ms, chrono_tz::Asia::Shanghai));
        let beside = |day: &NaiveDate| [day.pred_opt().unwrap(), *day, day.succ_opt().unwrap()];
        let days: BTreeSet<NaiveDate> = days.iter().flat_map(beside).collect();
        for day in days {
            let day = day.to_string();
            let expected = self.0.get(&day).copied().unwrap_or(0);
            assert_eq!(app.funnel(shop, &day, &day).await["visitors"], expected, "on {day}");
        }
    }

    fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

fn v7(at_ms: i64) -> String {
    let at = uuid::Timestamp::from_unix_time(at_ms as u64 / 1_000, at_ms as u32 % 1_000 * 1_000_000, 0, 0);
    uuid::Uuid::new_v7(at).to_string()
}

#[test]
fn at_every_jump_of_the_clock_what_arrives_is_counted_on_the_day_it_names_or_refused() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let mut expected = Expected::default();
        for (jump, now_ms) in JUMPS_MS.into_iter().enumerate() {
            app.clock.set(now_ms);
            let mut number = 0;
            let mut visitor = || {
                number += 1;
                format!("j{jump}.{number}")
            };
            // Times that the event does not name are those of its arrival.
            for together in [1, 1, 1, 20] {
                let visits: Vec<Value> =
                    (0..together).map(|_| json!({ "kind": "visit", "visitor": visitor() })).collect();
                app.browse(&shop, &visits).await;
                visits.iter().for_each(|_| expected.add(now_ms));
            }
            for at_ms in [now_ms, now_ms - DAY_MS, now_ms + 4 * MINUTE_MS] {
                app.send(&shop, &[event("visit", &visitor(), at_ms)]).await;
                app.browse(&shop, &[json!({ "kind": "visit", "visitor": visitor(), "id": v7(at_ms) })]).await;
                expected.add(at_ms);
                expected.add(at_ms);
            }
            // A sender whose clock is right while this one is wrong.
            let event = event("visit", &visitor(), NOW_MS);
            let (status, body) = read(app.post_server(&shop, &json!([event])).await).await;
            if NOW_MS <= now_ms + 5 * MINUTE_MS {
                assert_eq!(status, StatusCode::ACCEPTED, "{body}");
                expected.add(NOW_MS);
            } else {
                assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
                assert_eq!(body["rejected"][0]["code"], "at_out_of_range");
            }
            let (status, report) = app.ask(&shop, "").await;
            assert_eq!(status, StatusCode::OK, "{report}");
            // Nothing waits, so everything up to now is counted, whatever now is.
            let fresh_until = DateTime::parse_from_rfc3339(report["fresh_until"].as_str().unwrap()).unwrap();
            assert_eq!(fresh_until.timestamp_millis(), now_ms);
        }
        expected.check(&app, &shop).await;
        assert_eq!(app.count("SELECT uniqExact(id) FROM event_log").await, expected.total());
        app.close().await;
    });
}

#[test]
fn events_that_arrive_while_the_clock_jumps_are_answered_and_those_taken_count_once() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        // Each sender moves the clock, so it jumps while the others' events are on their way.
        let send = async |sender: usize| {
            let mut taken = Vec::new();
            for number in 0..EVENTS_OF_A_SENDER {
                app.clock.set(JUMPS_MS[(number * 7 + sender * 3) % JUMPS_MS.len()]);
                let at_ms = JUMPS_MS[number % JUMPS_MS.len()];
                let event = event("visit", &format!("s{sender}.{number}"), at_ms);
                // A browser is refused what is too old as well, a server only what is too new.
                let answer = match sender % 2 {
                    0 => app.post_server(&shop, &json!([event])).await,
                    _ => app.post_browser(json!({ "shop": shop.public_key, "events": [event] })).await,
                };
                match answer.status() {
                    StatusCode::ACCEPTED => taken.push(at_ms),
                    StatusCode::BAD_REQUEST => {}
                    other => panic!("{other}"),
                }
            }
            taken
        };
        let senders = stream::iter(0..SENDERS).map(send).buffer_unordered(SENDERS).collect::<Vec<_>>();
        let taken = tokio::time::timeout(PATIENCE, senders).await.expect("every request is answered");
        let mut expected = Expected::default();
        taken.iter().flatten().for_each(|at_ms| expected.add(*at_ms));
        assert!(expected.total() > 50 && expected.0.len() > 3, "no proof: {:?}", expected.0);
        app.clock.set(NOW_MS);
        expected.check(&app, &shop).await;
        assert_eq!(app.count("SELECT uniqExact(id) FROM event_log").await, expected.total());
        app.close().await;
    });
}

#[test]
fn a_person_without_an_id_stays_one_person_of_a_day_while_the_clock_moves_around_midnight() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let steps = [-HOUR_MS, -1, 0, -1, HOUR_MS, -HOUR_MS, -2 * HOUR_MS, DAY_MS - HOUR_MS - 1, 0];
        for step_ms in steps {
            app.clock.set(MIDNIGHT_MS + step_ms);
            app.browse(&shop, &[json!({ "kind": "visit" })]).await;
        }
        app.clock.set(MIDNIGHT_MS + HOUR_MS);
        for day in ["2026-11-22", "2026-11-23"] {
            let funnel = app.funnel(&shop, day, day).await;
            let figures = (&funnel["visitors"], &funnel["effective"]);
            assert_eq!(figures, (&json!(1), &json!(1)), "{day}");
        }
        app.close().await;
    });
}

#[test]
fn rates_are_measured_by_a_clock_that_nobody_sets() {
    run(async {
        let one = NonZeroU32::MIN;
        let app = spawn_app_with(LimitOptions {
            client_requests: one,
            client_burst: one.saturating_add(2),
            ..LimitOptions::default()
        })
        .await;
        let shop = app.add_shop("tea");
        let visit = async || {
            let body: Value = json!({ "shop": shop.public_key, "kind": "visit" });
            let request = app.client.post(format!("{}/e", app.url)).header("content-type", "text/plain");
            let request = request.header("x-forwarded-for", "203.0.113.7").body(body.to_string());
            request.send().await.unwrap().status()
        };
        // However far the clock jumps, no more pass than the burst and one a second.
        let (started, mut passed) = (Instant::now(), 0);
        for _ in 0..4 {
            for now_ms in JUMPS_MS {
                app.clock.set(now_ms);
                passed += u64::from(visit().await == StatusCode::ACCEPTED);
            }
        }
        let most = 3 + started.elapsed().as_secs() + 1;
        assert!(passed <= most, "{passed} passed, at most {most} may");
        // And while it stands still, the next second is still another second.
        while visit().await != StatusCode::ACCEPTED {
            assert!(started.elapsed() < PATIENCE, "a stuck clock refuses for ever");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        app.close().await;
    });
}

#[test]
fn what_waits_is_never_said_to_be_counted() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &[event("visit", "v1", NOW_MS)]).await;
        app.app.shipped().await.expect("shipped");
        app.execute("RENAME TABLE event_log TO events_away").await;
        let fresh_until_ms = async || {
            let url = format!("{}/v1/shops/tea/funnel", app.url);
            let (status, body) =
                read(app.client.get(url).bearer_auth(&shop.read_key).send().await.unwrap()).await;
            assert_eq!(status, StatusCode::OK, "{body}");
            let text = body["fresh_until"].as_str().unwrap().to_owned();
            DateTime::parse_from_rfc3339(&text).unwrap().timestamp_millis()
        };
        let arrival_ms = NOW_MS + HOUR_MS;
        app.clock.set(arrival_ms);
        app.send(&shop, &[event("visit", "v2", NOW_MS)]).await;
        for now_ms in [arrival_ms, arrival_ms + DAY_MS, arrival_ms + TEN_YEARS_MS] {
            app.clock.set(now_ms);
            assert!(fresh_until_ms().await <= arrival_ms);
        }
        app.clock.set(NOW_MS - DAY_MS);
        assert!(fresh_until_ms().await <= NOW_MS - DAY_MS, "not later than now");
        app.clock.set(arrival_ms);
        app.execute("RENAME TABLE events_away TO event_log").await;
        app.app.settled().await.expect("settled");
        assert_eq!(fresh_until_ms().await, arrival_ms);
        app.close().await;
    });
}
