//! What is counted in two places is the same in both: the program's own arithmetic over the ledger, that of
//! the view `funnel` over the ledger, and that of the view over visitors' days. Every figure, row by row.

use crate::app::{NOW_MS, TestApp, TestShop, run, spawn_app};
use crate::model::Sent;
use crate::property::{Set, seed};
use fastrand::Rng;
use serde_json::{Map, Value, json};
use shopfunnel::funnel::Dimension;
use shopfunnel::metrics::{FUNNEL, Metric, Unit};
use shopfunnel::money::Sum;
use std::collections::BTreeMap;

/// Rows by the first day of their bucket and their value, each with its figures under the ids of the answer.
type Rows = BTreeMap<(String, Option<String>), BTreeMap<String, Value>>;

/// Every day carries one of these values, and two of them are no row of the ledger.
const ALL_DAYS: [&str; 3] = ["old", "new", ""];

/// What is asked of both.
#[derive(Clone, Copy)]
struct Question<'a> {
    set: &'a Set,
    from: &'a str,
    to: &'a str,
    interval: &'a str,
    breakdown: &'a str,
    of_days: bool,
}

impl Question<'_> {
    async fn of_program(self, app: &TestApp, shop: &TestShop) -> Rows {
        let Question { from, to, interval, breakdown, of_days, .. } = self;
        let mut query = format!("funnel?from={from}&to={to}");
        for (name, value) in [("interval", interval), ("breakdown", breakdown)] {
            if !value.is_empty() {
                query += &format!("&{name}={value}");
            }
        }
        for value in ALL_DAYS.iter().filter(|_| of_days) {
            query += &format!("&customer_type={value}");
        }
        let answer = app.report(shop, &query).await;
        let row = |of: (&Value, &Value), part: &Value| {
            let start = of.0.as_str().unwrap().to_owned();
            ((start, of.1.as_str().map(str::to_owned)), figures_of_answer(part))
        };
        let rows = |name: &str| answer[name].as_array().unwrap().iter();
        let mut found: Rows = match (interval, breakdown) {
            ("", "") => [row((&answer["from"], &Value::Null), &answer)].into(),
            (_, "") => rows("series").map(|bucket| row((&bucket["start"], &Value::Null), bucket)).collect(),
            _ => rows("groups").map(|group| row((&answer["from"], &group["value"]), group)).collect(),
        };
        // The view has no row of a bucket in which nothing happened.
        found.retain(|_, figures| figures.values().any(|figure| !is_nothing(figure)));
        found
    }

    async fn of_view(self, app: &TestApp) -> Rows {
        let Question { set, from, to, interval, breakdown, of_days } = self;
        let (dimensions, values) = if of_days {
            ("['customer_type']", format!("[{ALL_DAYS:?}]").replace('"', "'"))
        } else {
            ("[]", "[]".into())
        };
        let now = chrono::DateTime::from_timestamp_millis(NOW_MS).unwrap().format("%Y-%m-%d %H:%M:%S%.3f");
        let asked = format!(
            "SELECT * FROM funnel(shop = '{}', from = '{from}', to = '{to}', today = '{}', now = '{now}', \
             interval = '{interval}', breakdown = '{breakdown}', filter_dimensions = {dimensions}, \
             filter_values = {values}) SETTINGS output_format_json_quote_64bit_integers = 0, \
             output_format_json_quote_decimals = 1, output_format_decimal_trailing_zeros = 1 FORMAT \
             JSONEachRow",
            set.name,
            set.rules.day(NOW_MS),
        );
        let rows = app.execute(&asked).await;
        let rows = rows.lines().map(|row| serde_json::from_str::<Value>(row).unwrap());
        rows.map(|row| {
            let value = row["value"].as_str().map(str::to_owned);
            (
                (row["bucket"].as_str().unwrap().to_owned(), value),
                figures_of_view(&row, !of_days && breakdown.is_empty()),
            )
        })
        .collect()
    }
}

fn is_nothing(figure: &Value) -> bool {
    figure.is_null() || *figure == json!(0) || *figure == json!("0.0000")
}

/// Every count and rate, and of money what is not nothing.
fn figures_of_answer(answer: &Value) -> BTreeMap<String, Value> {
    let mut figures: BTreeMap<String, Value> =
        answer["funnel"].as_object().unwrap().clone().into_iter().collect();
    for money in answer["money"].as_array().unwrap() {
        let currency = money["currency"].as_str().unwrap();
        let is_compared = |id: &str| {
            let is_made_of_others = id.starts_with("net_") || id.contains("_net_") || id == "currency";
            !is_made_of_others
                && (!id.contains("avg_") || id == "avg_revenue_per_buyer")
                && id != "revenue_per_visitor"
        };
        let money = money.as_object().unwrap().iter().filter(|(id, _)| is_compared(id));
        let money = money
            .filter(|(_, figure)| !is_nothing(figure) && **figure != json!({"count": 0, "amount": "0.0000"}));
        figures.extend(money.map(|(id, figure)| (format!("{currency} {id}"), figure.clone())));
    }
    figures
}

/// The same out of a row of the view, whose money is in parts.
fn figures_of_view(row: &Value, has_cash: bool) -> BTreeMap<String, Value> {
    let figure = |metric: &Metric| match (metric.unit, row[metric.id].as_f64()) {
        // Of a whole number ClickHouse leaves out the point.
        (Unit::Ratio, Some(rate)) => json!(rate),
        _ => row[metric.id].clone(),
    };
    let mut figures: BTreeMap<String, Value> =
        FUNNEL.metrics.iter().map(|metric| (metric.id.to_owned(), figure(metric))).collect();
    let parts = |name: &str| row[name].as_array().unwrap().iter().map(|part| part.as_object().unwrap());
    let currency = |part: &Map<String, Value>| part["currency"].as_str().unwrap().to_owned();
    let sum =
        |part: &Map<String, Value>, name: &str| serde_json::from_value::<Sum>(part[name].clone()).unwrap();
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut attributed: BTreeMap<String, Sum> = BTreeMap::new();
    for part in parts("money") {
        let branch = ["unattributed", "inquiry", "silent"][part["branch"].as_u64().unwrap() as usize];
        for of in ["ordered", "paid", "refunded"] {
            for id in [format!("{of}_amount"), format!("{branch}_{of}_amount")] {
                let total = sums.entry(format!("{} {id}", currency(part))).or_default();
                *total = *total + sum(part, of);
            }
        }
        for (of, id) in
            [("unverified", "unverified_paid_amount"), ("cost", "cost_amount"), ("profit", "gross_profit")]
        {
            let total = sums.entry(format!("{} {id}", currency(part))).or_default();
            *total = *total + sum(part, of);
        }
        *counts.entry(format!("{} orders_without_cost", currency(part))).or_default() +=
            part["uncosted_orders"].as_u64().unwrap();
        for id in ["orders", "paid_orders"] {
            *counts.entry(format!("{} {id}", currency(part))).or_default() += part[id].as_u64().unwrap();
        }
        if branch == "unattributed" {
            counts
                .insert(format!("{} unattributed_orders", currency(part)), part["orders"].as_u64().unwrap());
        } else {
            let total = attributed.entry(currency(part)).or_default();
            *total = *total + sum(part, "paid");
        }
    }
    for part in parts("payers_in") {
        let each = attributed[&currency(part)].per(part["payers"].as_u64().unwrap());
        figures.insert(format!("{} avg_revenue_per_buyer", currency(part)), json!(each));
    }
    for part in parts("cash") {
        assert!(has_cash, "cash of a group: {part:?}");
        sums.insert(format!("{} received_amount", currency(part)), sum(part, "received"));
        let waiting = json!({ "count": part["waiting_count"], "amount": part["waiting"] });
        if part["waiting_count"] != 0 {
            figures.insert(format!("{} waiting_payments", currency(part)), waiting);
        }
    }
    figures.extend(sums.into_iter().map(|(id, sum)| (id, json!(sum))));
    figures.extend(counts.into_iter().map(|(id, count)| (id, json!(count))));
    figures.retain(|id, figure| !id.contains(' ') || !is_nothing(figure));
    figures
}

#[test]
fn every_figure_is_the_same_whichever_way_it_is_counted() {
    let seed = seed();
    run(async {
        let app = spawn_app().await;
        let mut random = Rng::with_seed(seed);
        let mut compared = 0;
        for number in 0..3 {
            let set = Set::random(number, &mut random);
            let shop = set.open(&app);
            let events: Vec<Value> = set.events.iter().map(Sent::json).collect();
            app.send(&shop, &events).await;
            let (from, to) = if number == 0 { (set.first, set.last) } else { set.window(&mut random) };
            let (from, to) = (from.to_string(), to.to_string());
            let intervals = ["", "day", "week", "month"].map(|interval| (interval, ""));
            let breakdowns = Dimension::ALL.iter().map(|dimension| ("", dimension.as_str()));
            for (interval, breakdown) in intervals.into_iter().chain(breakdowns) {
                for of_days in [false, true] {
                    let question = Question { set: &set, from: &from, to: &to, interval, breakdown, of_days };
                    let (program, view) =
                        (question.of_program(&app, &shop).await, question.of_view(&app).await);
                    let what = format!(
                        "{} {from}..{to} by `{interval}{breakdown}`, of days {of_days}, TEST_SEED={seed}",
                        set.name
                    );
                    assert_eq!(program, view, "{what}");
                    compared += view.len();
                }
            }
        }
        assert!(compared > 150, "{compared} rows");
        app.close().await;
    });
}
