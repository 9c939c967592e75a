//! Every instant falls on exactly one of the shop's days, wherever the shop is and whatever its clocks do.

use crate::app::{DAY_MS, event, event_with, run, spawn_app};
use crate::model::{Rules, Sent, funnel};
use chrono::{DateTime, NaiveDate};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

const HOUR_MS: i64 = DAY_MS / 24;
const AT_ONCE: usize = 4;

/// Days and the instants in UTC at which they begin, written by hand: the tables of time zones are tested
/// too.
const STARTS: [(&str, &[(&str, &str)]); 9] = [
    ("Pacific/Kiritimati", &[("2026-11-01", "2026-10-31T10:00:00Z")]),
    ("Etc/GMT+12", &[("2026-11-01", "2026-11-01T12:00:00Z")]),
    ("Asia/Kathmandu", &[("2026-11-01", "2026-10-31T18:15:00Z")]),
    // Days of 23 and of 25 hours.
    (
        "America/New_York",
        &[
            ("2026-03-08", "2026-03-08T05:00:00Z"),
            ("2026-03-09", "2026-03-09T04:00:00Z"),
            ("2026-11-01", "2026-11-01T04:00:00Z"),
            ("2026-11-02", "2026-11-02T05:00:00Z"),
        ],
    ),
    // Clocks move by half an hour.
    (
        "Australia/Lord_Howe",
        &[
            ("2026-04-05", "2026-04-04T13:00:00Z"),
            ("2026-04-06", "2026-04-05T13:30:00Z"),
            ("2026-10-04", "2026-10-03T13:30:00Z"),
            ("2026-10-05", "2026-10-04T13:00:00Z"),
        ],
    ),
    // Back to winter time for the month of Ramadan.
    (
        "Africa/Casablanca",
        &[
            ("2026-02-15", "2026-02-14T23:00:00Z"),
            ("2026-02-16", "2026-02-16T00:00:00Z"),
            ("2026-03-22", "2026-03-22T00:00:00Z"),
            ("2026-03-23", "2026-03-22T23:00:00Z"),
        ],
    ),
    // A day that begins at 01:00, and one whose last hour comes twice.
    (
        "America/Sao_Paulo",
        &[
            ("2018-02-17", "2018-02-17T02:00:00Z"),
            ("2018-02-18", "2018-02-18T03:00:00Z"),
            ("2018-11-04", "2018-11-04T03:00:00Z"),
            ("2018-11-05", "2018-11-05T02:00:00Z"),
        ],
    ),
    ("Asia/Tehran", &[("2022-03-22", "2022-03-21T20:30:00Z"), ("2022-03-23", "2022-03-22T19:30:00Z")]),
    // The island changed sides of the date line: there was no 30 December.
    ("Pacific/Apia", &[("2011-12-29", "2011-12-29T10:00:00Z"), ("2011-12-31", "2011-12-30T10:00:00Z")]),
];

/// A shop in one zone: around each start somebody visits and orders at every full hour and at the last, the
/// first and the second millisecond; nobody comes twice.
struct Place {
    rules: Rules,
    starts: Vec<(NaiveDate, i64)>,
    moments: Vec<i64>,
}

impl Place {
    fn new(zone: &str, starts: &[(&str, &str)], now_ms: i64) -> Place {
        let rules = Rules::new(zone.parse().unwrap(), now_ms, 21);
        let instant = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis();
        let starts: Vec<(NaiveDate, i64)> =
            starts.iter().map(|(day, start)| (day.parse().unwrap(), instant(start))).collect();
        let around = |start_ms: i64| {
            (-30..=30).map(move |hour| start_ms + hour * HOUR_MS).chain([start_ms - 1, start_ms + 1])
        };
        let mut moments: Vec<i64> = starts.iter().flat_map(|(_, start_ms)| around(*start_ms)).collect();
        moments.sort_unstable();
        moments.dedup();
        Place { rules, starts, moments }
    }

    fn slug(&self) -> String {
        self.rules.time_zone.name().to_lowercase().replace(['/', '_', '+'], "-")
    }

    fn events(&self) -> Vec<Value> {
        let both = |at_ms: &i64| {
            let visitor = format!("v{at_ms}");
            let order = event_with("order", &visitor, *at_ms, json!({ "order_id": visitor }));
            [event("visit", &visitor, *at_ms), order]
        };
        self.moments.iter().flat_map(both).collect()
    }

    fn sent(&self) -> Vec<Sent> {
        let one = |kind: &'static str, at_ms: i64| Sent {
            id: uuid::Uuid::now_v7(),
            kind,
            visitor: Some(format!("v{at_ms}")),
            at_ms,
            order_id: (kind == "order").then(|| format!("v{at_ms}")),
            ..Sent::default()
        };
        self.moments.iter().flat_map(|at_ms| [one("visit", *at_ms), one("order", *at_ms)]).collect()
    }

    /// All days on which somebody came, and one before and after each run of them.
    fn days(&self) -> Vec<NaiveDate> {
        let mut days: Vec<NaiveDate> = self
            .moments
            .iter()
            .map(|at_ms| self.rules.day(*at_ms))
            .flat_map(|day| [day.pred_opt().unwrap(), day, day.succ_opt().unwrap()])
            .collect();
        days.sort_unstable();
        days.dedup();
        days
    }
}

#[test]
fn every_instant_is_on_one_day_of_its_shop_through_offsets_and_clock_changes() {
    run(async {
        let app = spawn_app().await;
        let now_ms = app.clock.now_ms();
        let places: Vec<Place> =
            STARTS.iter().map(|(zone, starts)| Place::new(zone, starts, now_ms)).collect();
        stream::iter(&places)
            .for_each_concurrent(AT_ONCE, async |place| {
                let zone = place.rules.time_zone;
                let shop = app.add_shop_in(&place.slug(), zone.name());
                app.send(&shop, &place.events()).await;
                let sent = place.sent();
                // The instants before and at each start are on different days, as written above.
                for (day, start_ms) in &place.starts {
                    assert_eq!(place.rules.day(*start_ms), *day, "{zone}");
                    assert!(place.rules.day(*start_ms - 1) < *day, "{zone}");
                }
                let days = place.days();
                let mut sum = 0;
                for day in &days {
                    let found = app.funnel(&shop, &day.to_string(), &day.to_string()).await;
                    assert_eq!(found, funnel(&sent, place.rules, *day, *day), "{zone} {day}");
                    assert_eq!(found["visitors"], found["buyers"], "{zone} {day}");
                    sum += found["visitors"].as_u64().unwrap();
                }
                assert_eq!(sum, place.moments.len() as u64, "{zone}: the days add up to the whole");
                let (first, last) = (days[0], days[days.len() - 1]);
                let whole = app.funnel(&shop, &first.to_string(), &last.to_string()).await;
                assert_eq!(whole["visitors"], place.moments.len(), "{zone}");
            })
            .await;
        assert_eq!(
            app.count("SELECT count() FROM (SELECT id FROM event_log GROUP BY id HAVING uniqExact(day) > 1)")
                .await,
            0
        );
        app.close().await;
    });
}
