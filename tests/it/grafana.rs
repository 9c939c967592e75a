//! The dashboards as Grafana asks them: every macro and variable expanded, every statement run by the user
//! `grafana`, its columns as the panel expects, and never empty. `boards.rs` compares them with the API.

use crate::app::{
    DAY_MS, MINUTE_MS, NOW_MS, TestApp, TestShop, event, event_with, run, shared_engine, spawn_app,
    spawn_app_over, store_of,
};
use crate::server::library;
use reqwest::StatusCode;
use serde_json::{Value, json};
use shopfunnel::engine::{Engine, EngineOptions, Login, TOKEN_HEADER};
use shopfunnel::grafana::FILES;
use shopfunnel::grafana::reader::Reader;
use shopfunnel::store::Store;
use std::collections::BTreeMap;

pub const LANGUAGES: [&str; 2] = ["en", "zh"];
/// What an answer holds.
pub struct Answer {
    /// Name and type.
    pub columns: Vec<(String, String)>,
    pub rows: Vec<Vec<Value>>,
}

/// A Grafana that looks at one board: values of its variables, and whom it asks as.
pub struct Grafana<'a> {
    app: &'a TestApp,
    login: Login,
    /// The time range, as two moments.
    pub range_ms: (i64, i64),
    pub variables: BTreeMap<String, Vec<String>>,
}

impl<'a> Grafana<'a> {
    /// As the user `grafana` of the engine that all tests share.
    pub async fn new(app: &'a TestApp) -> Grafana<'a> {
        Grafana::of(app, shared_engine().await.reader())
    }

    /// The last 22 days as somebody.
    fn of(app: &'a TestApp, login: Login) -> Grafana<'a> {
        Grafana { app, login, range_ms: (NOW_MS - 21 * DAY_MS, NOW_MS), variables: BTreeMap::new() }
    }

    /// A statement as the plugin sends it, at the time that the application's clock shows.
    fn expanded(&self, sql: &str) -> String {
        let now = format!("toDateTime64('{}', 3, 'UTC')", utc(NOW_MS));
        let (from_ms, to_ms) = self.range_ms;
        let mut sql = sql
            .replace("$__fromTime_ms", &format!("fromUnixTimestamp64Milli({from_ms})"))
            .replace("$__toTime_ms", &format!("fromUnixTimestamp64Milli({to_ms})"))
            .replace("$__interval_s", "3600")
            .replace("now64(3, 'UTC')", &now)
            .replace("now()", &format!("toDateTime({now})"));
        for (name, values) in &self.variables {
            sql = sql.replace(&format!("${{{name}:csv}}"), &values.join(","));
            sql = sql.replace(&format!("${{{name}}}"), &values[0]);
        }
        assert!(!sql.contains('$'), "something is not expanded: {sql}");
        sql
    }

    pub async fn ask(&self, sql: &str) -> Answer {
        let sql = self.expanded(sql);
        let store = &self.app.store;
        let url = format!("{}/?database={}&default_format=JSONCompact", store.url, store.database);
        let request = self.app.client.post(url).basic_auth(&self.login.user, Some(&self.login.password));
        let request = request.header(TOKEN_HEADER, &self.login.token);
        let answer = request.body(sql.clone()).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{sql}\n{text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        let columns = answer["meta"].as_array().unwrap();
        Answer {
            columns: columns.iter().map(|column| (word(&column["name"]), word(&column["type"]))).collect(),
            rows: serde_json::from_value(answer["data"].clone()).unwrap(),
        }
    }

    /// Gives each variable of a board its first value, and filters `all`; one that has a value keeps it.
    pub async fn read_variables(&mut self, board: &Value) {
        for variable in board["templating"]["list"].as_array().unwrap() {
            let name = variable["name"].as_str().unwrap();
            if variable["type"] == "datasource" || self.variables.contains_key(name) {
                continue;
            }
            let found = self.ask(variable["query"]["rawSql"].as_str().unwrap()).await;
            assert!(!found.rows.is_empty(), "{name} has no values");
            let is_filter = variable["multi"] == true;
            let value = if is_filter { variable["allValue"].clone() } else { found.rows[0][0].clone() };
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            self.variables.insert(name.to_owned(), vec![value]);
        }
    }
}

fn utc(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms).unwrap().format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

pub fn board(language: &str, name: &str) -> Value {
    let path = format!("dashboards/{language}/{name}.json");
    let (_, text) = FILES.iter().find(|(known, _)| *known == path).unwrap_or_else(|| panic!("no {path}"));
    serde_json::from_str(text).unwrap()
}

/// A panel's statement by its place.
pub fn sql(board: &Value, panel: usize) -> &str {
    board["panels"][panel]["targets"][0]["rawSql"].as_str().unwrap()
}

/// Three weeks of a shop with something for every panel.
pub async fn fill(app: &TestApp, shop: &TestShop) {
    let mut events = Vec::new();
    let agents = [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
        Version/18.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 \
        Safari/537.36",
    ];
    for day in 0..20 {
        for number in 0..6_i64 {
            let visitor = format!("v-{}-{number}", day % 9);
            let at = NOW_MS - day * DAY_MS - (number + 5) * MINUTE_MS;
            let source = ["baidu", "it's \\ a, 'x'", "", "小红书"][(number % 4) as usize];
            let url = format!(
                "https://tea.example/{number}?utm_source={}&utm_campaign=c{number}",
                source.replace(' ', "%20")
            );
            let visit =
                json!({ "url": url, "user_agent": agents[(number % 2) as usize], "ip": "114.80.1.1" });
            events.push(event_with("visit", &visitor, at, visit));
            if number == 0 {
                continue;
            }
            events.push(event_with("visit", &visitor, at + 1, json!({ "url": "https://tea.example/more" })));
            if number % 2 == 0 {
                let agent = ["mei", "O'Neil \\"][(day % 2) as usize];
                let asked = json!({ "agent": agent, "channel": "web", "product": "longjing" });
                events.push(event_with("inquiry", &visitor, at + 2, asked));
            }
            if number > 2 && day % 3 == 0 {
                let order = format!("o-{day}-{number}");
                events.push(event_with(
                    "order",
                    &visitor,
                    at + 3,
                    json!({ "order_id": order, "amount": "12.34" }),
                ));
                events.push(event_with(
                    "payment",
                    &visitor,
                    at + 4,
                    json!({ "order_id": order, "payment_id": order }),
                ));
            }
        }
    }
    let refund = json!({ "order_id": "o-3-4", "refund_id": "r", "amount": "1.5" });
    events.push(event_with("refund", "v-3-4", NOW_MS - DAY_MS, refund));
    events.push(event_with("inquiry", "lost", NOW_MS - 2 * DAY_MS, json!({ "agent": "mei" })));
    // Of a currency that is not the shop's, and of nobody.
    events.push(json!({ "kind": "order", "order_id": "usd", "at": NOW_MS - DAY_MS, "amount": "5", "currency": "USD" }));
    events.push(json!({ "kind": "order", "order_id": "nobody", "at": NOW_MS - DAY_MS, "amount": "7.5" }));
    events.push(event("visit", "just-now", NOW_MS - 1));
    app.send(shop, &events).await;
    let url = format!("{}/v1/shops/{}/annotations", app.url, shop.slug);
    let note = json!({ "day": "2026-11-11", "text": "双11" });
    let kept = app.client.post(url).bearer_auth(&shop.read_key).json(&note).send().await.unwrap();
    assert_eq!(kept.status(), StatusCode::CREATED);
    app.app.settled().await.unwrap();
}

fn is_number(kind: &str) -> bool {
    ["UInt", "Int", "Float", "Decimal"].iter().any(|name| kind.contains(name)) && !kind.starts_with("Array")
}

/// Whether an answer is what a panel of the type can show.
fn assert_fits(panel: &Value, answer: &Answer) {
    let title = panel["title"].as_str().unwrap();
    let kinds: Vec<&str> = answer.columns.iter().map(|(_, kind)| kind.as_str()).collect();
    assert!(!answer.rows.is_empty(), "{title} is empty");
    match panel["type"].as_str().unwrap() {
        "bargauge" => assert!(
            kinds.len() == 2 && kinds[0].contains("String") && is_number(kinds[1]),
            "{title}: {kinds:?}"
        ),
        "stat" => {
            assert_eq!(answer.rows.len(), 1, "{title}");
            assert!(kinds.iter().all(|kind| is_number(kind)), "{title}: {kinds:?}");
        }
        "timeseries" => {
            assert!(answer.columns[0].0 == "time" && kinds[0].starts_with("DateTime"), "{title}: {kinds:?}");
            assert!(kinds[1..].iter().all(|kind| is_number(kind)), "{title}: {kinds:?}");
            assert!(answer.rows.is_sorted_by_key(|row| row[0].as_str().unwrap().to_owned()), "{title}");
        }
        "table" => assert!(kinds.iter().all(|kind| !kind.contains("Tuple")), "{title}: {kinds:?}"),
        other => panic!("{title}: {other}"),
    }
    // Units are given to columns by their names, and to texts together.
    for fix in panel["fieldConfig"]["overrides"].as_array().into_iter().flatten() {
        let name = fix["matcher"]["options"].as_str().unwrap();
        let is_of = |(column, kind): &(String, String)| match fix["matcher"]["id"].as_str() {
            Some("byType") => name == "string" && kind.contains("String"),
            _ => column == name,
        };
        assert!(answer.columns.iter().any(is_of), "{title} has no column {name}");
    }
}

#[test]
fn every_statement_of_every_board_answers_what_its_panel_shows() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        fill(&app, &shop).await;
        for (path, text) in FILES.iter().filter(|(path, _)| path.starts_with("dashboards/")) {
            let board: Value = serde_json::from_str(text).unwrap();
            let mut grafana = Grafana::new(&app).await;
            grafana.read_variables(&board).await;
            let filters: Vec<String> = board["templating"]["list"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|variable| variable["multi"] == true)
                .map(|variable| variable["name"].as_str().unwrap().to_owned())
                .collect();
            for panel in board["panels"].as_array().unwrap() {
                for target in panel["targets"].as_array().unwrap() {
                    let Some(sql) = target["rawSql"].as_str() else { continue };
                    assert_fits(panel, &grafana.ask(sql).await);
                }
            }
            for annotation in board["annotations"]["list"].as_array().into_iter().flatten() {
                let Some(sql) = annotation["target"]["rawSql"].as_str() else { continue };
                let answer = grafana.ask(sql).await;
                let names: Vec<&str> = answer.columns.iter().map(|(name, _)| name.as_str()).collect();
                assert_eq!((names, answer.rows.len()), (vec!["time", "text", "tags"], 1), "{path}");
            }
            // Every panel with every filter set, too: nothing may fail, whatever is left.
            for filter in &filters {
                grafana.variables.insert(filter.clone(), vec![format!("x{}", hex("baidu")), "x".into()]);
            }
            for panel in board["panels"].as_array().unwrap() {
                if let Some(sql) = panel["targets"][0]["rawSql"].as_str() {
                    grafana.ask(sql).await;
                }
            }
        }
        app.close().await;
    });
}

pub fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02X}")).collect()
}

/// With the rights that `shopfunnel grafana user` gives, on a server that has its file.
#[test]
fn a_reader_of_one_shop_sees_the_boards_of_that_shop_alone() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let database = "it_boards";
        let views: Vec<&str> = Store::views().collect();
        let reader = Reader { database, views: &views, shop: "tea", password: "of tea" };
        let users = directory.path().join("users.d");
        std::fs::create_dir_all(&users).unwrap();
        std::fs::write(users.join("reader.xml"), reader.xml()).unwrap();
        let engine = Engine::start(EngineOptions {
            directory: directory.path().to_owned(),
            library: library(),
            program: env!("CARGO_BIN_EXE_shopfunnel").into(),
            database: database.into(),
            max_memory_bytes: None,
            environment: Vec::new(),
        })
        .await
        .expect("the engine starts");
        let app = spawn_app_over(store_of(&engine, database)).await;
        let (tea, cup) = (app.add_shop("tea"), app.add_shop("cup"));
        fill(&app, &tea).await;
        fill(&app, &cup).await;
        let of_tea =
            Login { user: reader.user(), password: reader.password.into(), token: engine.reader().token };
        let mut asked = 0;
        for (path, text) in FILES.iter().filter(|(path, _)| path.starts_with("dashboards/en/")) {
            let board: Value = serde_json::from_str(text).unwrap();
            let mut all = Grafana::of(&app, engine.reader());
            all.read_variables(&board).await;
            all.variables.insert("shop".into(), vec!["tea".into()]);
            let mut own = Grafana::of(&app, of_tea.clone());
            own.read_variables(&board).await;
            assert_eq!(own.variables["shop"], ["tea"], "{path}");
            let mut other = Grafana::of(&app, of_tea.clone());
            other.variables = own.variables.clone();
            other.variables.insert("shop".into(), vec!["cup".into()]);
            for panel in board["panels"].as_array().unwrap() {
                let Some(sql) = panel["targets"][0]["rawSql"].as_str() else { continue };
                let rows = own.ask(sql).await.rows;
                if sql.contains("pulse(") {
                    // Of all shops that its reader may see.
                    assert_eq!(rows.len(), 1, "{path}: {}", panel["title"]);
                    continue;
                }
                assert_eq!(rows, all.ask(sql).await.rows, "{path}: {}", panel["title"]);
                for row in other.ask(sql).await.rows {
                    let is_nothing = |value: &Value| value.is_null() || *value == json!(0) || *value == "0";
                    // The first column of these names a step or a day.
                    let is_named = panel["type"] == "bargauge" || panel["type"] == "timeseries";
                    let values = if is_named { &row[1..] } else { &row[..] };
                    assert!(values.iter().all(is_nothing), "{path}: {}: {row:?}", panel["title"]);
                }
                asked += 1;
            }
        }
        assert!(asked > 20, "{asked}");
        app.close().await;
        engine.stop().await;
    });
}

pub fn unknown(language: &str) -> &'static str {
    if language == "zh" { "未知" } else { "unknown" }
}

/// 64-bit counts and decimals come as text.
pub fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{value} is no number"))
}

pub fn assert_same(found: &[Value], expected: &[Value], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        match expected {
            Value::Null => assert!(found.is_null(), "{what}: {found} is not null"),
            expected => {
                assert!((number(found) - number(expected)).abs() < 1e-12, "{what}: {found} is not {expected}")
            }
        }
    }
}

#[test]
fn money_and_cohorts_are_those_of_the_api() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        fill(&app, &shop).await;
        let window = "from=2026-11-01&to=2026-11-22";
        let orders = board("en", "orders");
        let mut grafana = Grafana::new(&app).await;
        grafana.read_variables(&orders).await;
        let answer = app.report(&shop, &format!("funnel?{window}")).await;
        let money =
            answer["money"].as_array().unwrap().iter().find(|money| money["currency"] == "CNY").unwrap();
        let ids = ["ordered_amount", "paid_amount", "refunded_amount", "net_amount"];
        let sums = grafana.ask(sql(&orders, 0)).await;
        let expected: Vec<Value> = ids.iter().map(|id| money[*id].clone()).collect();
        assert_same(&sums.rows[0], &expected, "money");
        let branches = grafana.ask(sql(&orders, 3)).await;
        for (row, branch) in branches.rows.iter().zip(["inquiry", "silent", "unattributed"]) {
            let expected: Vec<Value> = ids.iter().map(|id| money[format!("{branch}_{id}")].clone()).collect();
            assert_same(&row[3..], &expected, branch);
        }
        assert_eq!(branches.rows.len(), 3);
        let repeat = grafana.ask(sql(&orders, 4)).await;
        let answer = app.report(&shop, &format!("orders?{window}")).await;
        let ids = ["payers", "repeat_buyers", "repeat_buyer_rate", "old_buyer_share"];
        assert_same(&repeat.rows[0], &ids.map(|id| answer["repeat"][id].clone()), "repeat");

        let inquiries = board("en", "inquiries");
        grafana.variables.clear();
        grafana.read_variables(&inquiries).await;
        let cohorts = grafana.ask(sql(&inquiries, 6)).await;
        let answer = app.report(&shop, &format!("cohorts?{window}")).await;
        let days: Vec<&Value> =
            answer["cohorts"].as_array().unwrap().iter().rev().filter(|day| day["inquirers"] != 0).collect();
        assert_eq!(cohorts.rows.len(), days.len());
        for (row, day) in cohorts.rows.iter().zip(days) {
            assert_eq!(row[0], day["day"]);
            let ids = ["inquirers", "order_d0", "order_final", "paid_d0", "paid_d1", "paid_final"];
            assert_same(&row[1..], &ids.map(|id| day[id].clone()), "cohort");
        }
        let lost = grafana.ask(sql(&inquiries, 7)).await;
        let answer = app.report(&shop, &format!("inquiries/lost?{window}")).await;
        let visitors: Vec<&Value> =
            answer["inquiries"].as_array().unwrap().iter().map(|lost| &lost["visitor"]).collect();
        assert_eq!(lost.rows.iter().map(|row| &row[1]).collect::<Vec<_>>(), visitors);
        app.close().await;
    });
}

#[test]
fn alerts_fire_for_a_shop_that_fell_silent_and_for_no_other() {
    run(async {
        let app = spawn_app().await;
        let (tea, cup) = (app.add_shop("tea"), app.add_shop("cup"));
        let at = |days: i64| app.clock.set(NOW_MS - days * DAY_MS);
        for days in [7, 1] {
            at(days);
            for shop in [&tea, &cup] {
                let visits: Vec<Value> = (0..60)
                    .map(|number| event("visit", &format!("v{number}"), NOW_MS - days * DAY_MS))
                    .collect();
                app.send(shop, &visits).await;
            }
        }
        at(0);
        let visits: Vec<Value> =
            (0..30).map(|number| event("visit", &format!("v{number}"), NOW_MS)).collect();
        app.send(&tea, &visits).await;
        app.app.settled().await.unwrap();
        let (_, alerts) = FILES.iter().find(|(path, _)| path.contains("alerting")).unwrap();
        let grafana = Grafana::new(&app).await;
        let mut asked = 0;
        for (place, _) in alerts.match_indices("rawSql: ") {
            let sql = alerts[place + 8..].lines().next().unwrap();
            let answer = grafana.ask(sql.trim_matches('"')).await;
            let found: Vec<(&str, f64)> =
                answer.rows.iter().map(|row| (row[0].as_str().unwrap(), number(&row[2]))).collect();
            assert_eq!(found, [("cup", 0.0), ("tea", 0.5)]);
            asked += 1;
        }
        assert_eq!(asked, 1);
        app.close().await;
    });
}

#[test]
fn every_counter_that_is_asked_for_exists() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        // What has never been rejected has no line.
        app.post_server(&shop, &json!([{ "kind": "nothing" }])).await;
        let url = format!("http://{}/metrics", app.app.admin_address());
        let text = app.client.get(url).send().await.unwrap().text().await.unwrap();
        let mut names = std::collections::BTreeSet::new();
        for (_, file) in FILES {
            for (place, _) in file.match_indices("shopfunnel_") {
                let name: String =
                    file[place..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                names.insert(name);
            }
        }
        assert!(names.len() >= 8, "{names:?}");
        for name in names {
            let family = name.trim_end_matches("_total");
            assert!(text.contains(&format!("# TYPE {family} ")), "{name} is not counted");
        }
        app.close().await;
    });
}

#[test]
fn the_shops_are_written_down_as_they_are_and_when_they_go() {
    run(async {
        use shopfunnel::shops::command::{self, Changes, Command};
        let app = spawn_app().await;
        app.add_shop("tea");
        app.add_shop_in("cup", "America/New_York");
        let list = async || {
            app.app.settled().await.unwrap();
            app.execute("SELECT shop, name, time_zone, currency, after_sale_days FROM shop_list FORMAT CSV")
                .await
        };
        let cup = "\"cup\",\"cup\",\"America/New_York\",\"CNY\",21\n";
        assert_eq!(list().await, format!("{cup}\"tea\",\"tea\",\"Asia/Shanghai\",\"CNY\",21\n"));
        app.set_shop(
            "tea",
            Changes { name: Some("A tea house".into()), after_sale_days: Some(7), ..Changes::default() },
        );
        assert_eq!(list().await, format!("\"tea\",\"A tea house\",\"Asia/Shanghai\",\"CNY\",7\n{cup}"));
        command::apply(app.app.registry(), Command::Remove { slug: "tea".into() }, "").unwrap();
        assert_eq!(list().await, cup);
        app.close().await;
    });
}
