//! What each panel of the dashboards shows, compared with the API's answer about the same days and filters.

use crate::app::{DAY_MS, MINUTE_MS, NOW_MS, event, run, spawn_app};
use crate::grafana::{Grafana, LANGUAGES, assert_same, board, fill, hex, number, sql, unknown};
use serde_json::{Value, json};
use shopfunnel::metrics::{FUNNEL, Unit};
use std::collections::{BTreeMap, BTreeSet};

/// What a panel shows of the API's answer about the same days and filters.
enum Shown {
    /// One row: these figures of the funnel.
    Total(&'static [&'static str]),
    /// One row: all figures of the funnel with this unit.
    All(Unit),
    /// One row per day, whether anything happened or not.
    Days(&'static [&'static str]),
    /// What was paid on each day's orders: by inquirers, silently, by nobody known.
    PaidByDay,
    /// Each step of the funnel with its count.
    Steps,
    /// One row per value of a dimension with these figures; of agents, channels and products those whom
    /// anybody asked.
    Groups(&'static str, &'static [&'static str]),
    /// The same with what was paid as the last column.
    PaidGroups(&'static str, &'static [&'static str]),
}

const STEPS: [&str; 10] = [
    "visitors",
    "effective",
    "inquirers",
    "silent_visitors",
    "buyers",
    "inquiry_buyers",
    "silent_buyers",
    "payers",
    "inquiry_payers",
    "silent_payers",
];
const OF_A_GROUP: &[&str] = &[
    "visitors",
    "effective_entry_rate",
    "inquiry_rate",
    "inquiry_conversion_rate",
    "silent_conversion_rate",
    "payment_rate",
    "overall_conversion_rate",
];
const OF_AN_ANSWERER: &[&str] =
    &["inquirers", "inquiry_buyers", "inquiry_payers", "inquiry_conversion_rate", "inquiry_paid_rate"];

/// Board, the panel's place, and what it shows.
const PANELS: &[(&str, usize, Shown)] = &[
    ("funnel", 0, Shown::Steps),
    ("funnel", 1, Shown::All(Unit::Ratio)),
    ("funnel", 2, Shown::All(Unit::Persons)),
    ("funnel", 3, Shown::Days(&["visitors", "effective", "inquirers", "buyers", "payers"])),
    (
        "funnel",
        4,
        Shown::Days(&[
            "effective_entry_rate",
            "inquiry_conversion_rate",
            "silent_conversion_rate",
            "payment_rate",
        ]),
    ),
    ("funnel", 5, Shown::PaidGroups("source", OF_A_GROUP)),
    ("traffic", 0, Shown::Total(&["visitors", "effective", "bounced", "buyers", "payers"])),
    ("traffic", 1, Shown::Total(&["effective_entry_rate", "bounce_rate", "overall_conversion_rate"])),
    ("traffic", 2, Shown::Days(&["visitors", "effective", "bounced"])),
    ("traffic", 3, Shown::PaidGroups("source", OF_A_GROUP)),
    ("traffic", 4, Shown::PaidGroups("campaign", OF_A_GROUP)),
    ("traffic", 5, Shown::Groups("device", &["visitors"])),
    ("traffic", 6, Shown::Groups("country", &["visitors"])),
    ("traffic", 7, Shown::Groups("browser", &["visitors"])),
    ("traffic", 8, Shown::PaidGroups("landing", OF_A_GROUP)),
    (
        "inquiries",
        0,
        Shown::Total(&["inquirers", "inquiry_buyers", "inquiry_payers", "after_sale_inquirers"]),
    ),
    ("inquiries", 1, Shown::Total(&["inquiry_rate", "inquiry_conversion_rate", "inquiry_paid_rate"])),
    (
        "inquiries",
        2,
        Shown::Days(&["inquiry_conversion_rate", "inquiry_paid_rate", "silent_conversion_rate"]),
    ),
    ("inquiries", 3, Shown::Groups("agent", OF_AN_ANSWERER)),
    ("inquiries", 4, Shown::Groups("channel", OF_AN_ANSWERER)),
    ("inquiries", 5, Shown::Groups("product", OF_AN_ANSWERER)),
    ("orders", 1, Shown::Total(&["buyers", "payers", "payment_rate"])),
    ("orders", 2, Shown::PaidByDay),
];

/// These figures of a funnel of the API.
fn figures(ids: &[&str], funnel: &Value) -> Vec<Value> {
    ids.iter().map(|id| funnel[*id].clone()).collect()
}

/// An amount of the shop's currency out of the API's money.
fn amount(of: &Value, id: &str) -> Value {
    let money = of["money"].as_array().unwrap().iter().find(|money| money["currency"] == "CNY");
    money.map_or(json!("0"), |money| money[id].clone())
}

/// Whether a panel's rows are what the API answers.
fn assert_shown(shown: &Shown, rows: &[Vec<Value>], answer: &Value, language: &str, what: &str) {
    let days = answer["series"].as_array().unwrap();
    let assert_rows = |expected: Vec<Vec<Value>>| {
        assert_eq!(rows.len(), expected.len(), "{what}");
        for (row, expected) in rows.iter().zip(&expected) {
            assert_same(&row[1..], expected, what);
        }
    };
    let assert_days = |of_a_day: &dyn Fn(&Value) -> Vec<Value>| {
        let midnights: Vec<String> =
            days.iter().map(|day| format!("{} 00:00:00", day["start"].as_str().unwrap())).collect();
        assert_eq!(
            rows.iter().map(|row| &row[0]).collect::<Vec<_>>(),
            midnights.iter().collect::<Vec<_>>(),
            "{what}"
        );
        assert_rows(days.iter().map(of_a_day).collect());
    };
    let assert_groups = |ids: &[&str], with_paid: bool| {
        let is_asked = |group: &&Value| ids[0] != "inquirers" || group["funnel"]["inquirers"] != 0;
        let groups: Vec<&Value> = answer["groups"].as_array().unwrap().iter().filter(is_asked).collect();
        let names: BTreeSet<&str> = rows.iter().map(|row| row[0].as_str().unwrap()).collect();
        assert_eq!((rows.len(), names.len()), (groups.len(), groups.len()), "{what}");
        for row in rows {
            let name = row[0].as_str().unwrap();
            let is_it = |group: &&&Value| group["value"].as_str().unwrap_or(unknown(language)) == name;
            let group = groups.iter().find(is_it).unwrap_or_else(|| panic!("{what}: {name}"));
            let mut expected = figures(ids, &group["funnel"]);
            if with_paid {
                expected.push(amount(group, "paid_amount"));
            }
            assert_same(&row[1..], &expected, &format!("{what}: {name}"));
        }
    };
    match shown {
        Shown::All(unit) => {
            let ids = FUNNEL.metrics.iter().filter(|metric| metric.unit == *unit).map(|metric| metric.id);
            assert_same(&rows[0], &figures(&ids.collect::<Vec<_>>(), &answer["funnel"]), what);
        }
        Shown::Total(ids) => assert_same(&rows[0], &figures(ids, &answer["funnel"]), what),
        Shown::Days(ids) => assert_days(&|day| figures(ids, &day["funnel"])),
        Shown::PaidByDay => {
            let paid = ["inquiry", "silent", "unattributed"].map(|branch| format!("{branch}_paid_amount"));
            assert_days(&|day| paid.iter().map(|id| amount(day, id)).collect());
        }
        Shown::Steps => {
            assert_rows(figures(&STEPS, &answer["funnel"]).into_iter().map(|count| vec![count]).collect());
        }
        Shown::Groups(_, ids) => assert_groups(ids, false),
        Shown::PaidGroups(_, ids) => assert_groups(ids, true),
    }
}

#[test]
fn the_boards_show_the_figures_of_the_api() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        fill(&app, &shop).await;
        let hostile = "it's \\ a, 'x'";
        let filters = [
            (vec!["x*".to_owned()], ""),
            (vec![format!("x{}", hex("baidu"))], "&source=baidu"),
            (vec!["x".into(), format!("x{}", hex("小红书"))], "&source=&source=%E5%B0%8F%E7%BA%A2%E4%B9%A6"),
            (
                vec![format!("x{}", hex(hostile)), format!("x{}", hex("direct"))],
                "&source=direct&source=it%27s+%5C+a%2C+%27x%27",
            ),
        ];
        for language in LANGUAGES {
            let mut boards = BTreeMap::new();
            for (name, place, shown) in PANELS {
                if !boards.contains_key(name) {
                    let board = board(language, name);
                    let mut grafana = Grafana::new(&app).await;
                    grafana.read_variables(&board).await;
                    boards.insert(name, (board, grafana));
                }
                let (board, grafana) = boards.get_mut(name).unwrap();
                let breakdown = match shown {
                    Shown::Groups(dimension, _) | Shown::PaidGroups(dimension, _) => {
                        format!("&breakdown={dimension}")
                    }
                    _ => String::new(),
                };
                // Both languages ask the same, which a test of the boards holds; the names of columns and
                // values differ.
                let tried = if language == "en" { &filters[..] } else { &filters[..1] };
                for (source, query) in tried {
                    grafana.variables.insert("source".into(), source.clone());
                    let query = format!("from=2026-11-01&to=2026-11-22&interval=day{query}{breakdown}");
                    let answer = app.report(&shop, &format!("funnel?{query}")).await;
                    let found = grafana.ask(sql(board, *place)).await;
                    let what = format!("{language} {name} {place} {query}");
                    assert_shown(shown, &found.rows, &answer, language, &what);
                }
            }
        }
        app.close().await;
    });
}

/// Panels that `PANELS` does not hold: money, repeat buyers, cohorts and lost inquiries, which are compared
/// in `grafana.rs`, cycles below, and what only operators are shown.
const OTHERS: [(&str, usize); 10] = [
    ("orders", 0),
    ("orders", 3),
    ("orders", 4),
    ("orders", 5),
    ("inquiries", 6),
    ("inquiries", 7),
    ("health", 0),
    ("health", 1),
    ("health", 2),
    ("health", 3),
];

#[test]
fn no_panel_is_left_out() {
    for name in ["funnel", "traffic", "inquiries", "orders", "health"] {
        let board = board("en", name);
        for (place, panel) in board["panels"].as_array().unwrap().iter().enumerate() {
            let asks_clickhouse = panel["targets"][0]["rawSql"].is_string();
            let is_compared = PANELS.iter().any(|(of, at, _)| (*of, *at) == (name, place));
            let is_known = is_compared || OTHERS.contains(&(name, place));
            assert!(is_known || !asks_clickhouse, "{name} {place}: {}", panel["title"]);
        }
    }
}

#[test]
fn days_to_order_and_payment_are_those_of_the_api() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        fill(&app, &shop).await;
        let board = board("en", "orders");
        let mut grafana = Grafana::new(&app).await;
        grafana.read_variables(&board).await;
        let found = grafana.ask(sql(&board, 5)).await;
        let answer = app.report(&shop, "orders?from=2026-11-01&to=2026-11-22").await;
        let cycle = &answer["cycle"];
        let expected = ["days_to_order", "days_to_payment"]
            .iter()
            .flat_map(|id| ["median", "mean"].map(|of| cycle[*id][of].clone()))
            .collect::<Vec<_>>();
        assert_same(&found.rows[0], &expected, "cycles");
        app.close().await;
    });
}

/// Days of the calendar change (1 November in New York), days before the first event, an outage, and days to
/// come.
#[test]
fn a_series_has_each_day_up_to_today_and_no_other() {
    run(async {
        let app = spawn_app().await;
        for (slug, time_zone, today) in
            [("tea", "Asia/Shanghai", "2026-11-22"), ("cup", "America/New_York", "2026-11-21")]
        {
            let shop = app.add_shop_in(slug, time_zone);
            let visits: Vec<Value> = [24, 23, 3, 0]
                .iter()
                .map(|day| event("visit", &format!("v{day}"), NOW_MS - day * DAY_MS - MINUTE_MS))
                .collect();
            app.send(&shop, &visits).await;
            app.app.settled().await.unwrap();
            // In the first range nobody had come yet; the other one, as "this month" does, ends in the
            // future.
            let mut ranges = Vec::new();
            for (from, days, last) in [("2026-10-01", 5, "2026-10-05"), ("2026-10-25", 28 + 9, today)] {
                let from_ms = midnight_ms(from, time_zone);
                let answer = app.report(&shop, &format!("funnel?from={from}&to={last}&interval=day")).await;
                ranges.push(((from_ms, from_ms + days * DAY_MS - 120 * MINUTE_MS), answer));
            }
            let mut grafana = Grafana::new(&app).await;
            grafana.variables.insert("shop".into(), vec![slug.into()]);
            for name in ["funnel", "traffic", "inquiries", "orders"] {
                let board = board("en", name);
                grafana.range_ms = ranges[1].0;
                grafana.read_variables(&board).await;
                for (_, place, shown) in PANELS.iter().filter(|(of, _, _)| *of == name) {
                    let is_series = matches!(shown, Shown::Days(_) | Shown::PaidByDay);
                    let is_total = matches!(shown, Shown::All(_) | Shown::Total(_) | Shown::Steps);
                    // A total is asked about nobody's days alone, which are the same in every time zone.
                    let asked = if is_series { 2 } else { usize::from(is_total && slug == "tea") };
                    for (range_ms, answer) in &ranges[..asked] {
                        grafana.range_ms = *range_ms;
                        let found = grafana.ask(sql(&board, *place)).await;
                        let what = format!("{slug} {name} {place} {range_ms:?}");
                        assert_shown(shown, &found.rows, answer, "en", &what);
                    }
                }
            }
        }
        app.close().await;
    });
}

fn midnight_ms(day: &str, time_zone: &str) -> i64 {
    let time_zone: chrono_tz::Tz = time_zone.parse().unwrap();
    let day: chrono::NaiveDate = day.parse().unwrap();
    day.and_time(chrono::NaiveTime::MIN).and_local_timezone(time_zone).unwrap().timestamp_millis()
}

#[test]
fn arrivals_are_drawn_as_nothing_where_nothing_arrived() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let sent = [event("visit", "a", NOW_MS), event("visit", "b", NOW_MS), event("inquiry", "a", NOW_MS)];
        app.send(&shop, &sent).await;
        app.app.settled().await.unwrap();
        let board = board("en", "health");
        let mut grafana = Grafana::new(&app).await;
        grafana.read_variables(&board).await;
        // Until an hour from now, by the hour: the hours to come are not drawn.
        grafana.range_ms = (NOW_MS - 3 * 60 * MINUTE_MS - 1, NOW_MS + 60 * MINUTE_MS);
        let found = grafana.ask(sql(&board, 0)).await;
        let arrived: Vec<(&Value, i64, i64)> = found
            .rows
            .iter()
            .map(|row| {
                let counts: Vec<i64> = row[1..].iter().map(|count| number(count) as i64).collect();
                (&row[0], counts[0], counts.iter().sum())
            })
            .collect();
        let hours = ["00", "01", "02", "03", "04"].map(|hour| json!(format!("2026-11-22 {hour}:00:00")));
        let expected: Vec<(&Value, i64, i64)> =
            hours.iter().map(|hour| if *hour == hours[4] { (hour, 2, 3) } else { (hour, 0, 0) }).collect();
        assert_eq!(arrived, expected);
        app.close().await;
    });
}
