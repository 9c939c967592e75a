//! Cohorts, repeat and cycle once more, as plainly as METRICS sections 3 and 5 put them: lists of moments out
//! of the events as they were sent, no states, no SQL.

use crate::model::Rules;
use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const DAY_MS: f64 = 86_400_000.0;

/// An order that was placed.
#[derive(Debug)]
pub struct Order {
    pub placed_at_ms: i64,
    pub visitor: Option<String>,
    pub customer: Option<String>,
    /// Times of the payments that count.
    pub paid_at_ms: Vec<i64>,
}

/// Everything that a shop was sent, each event once.
pub struct Shop {
    events: Vec<Value>,
    pub orders: Vec<Order>,
    rules: Rules,
}

fn text<'a>(event: &'a Value, name: &str) -> Option<&'a str> {
    event[name].as_str()
}

fn at_ms(event: &Value) -> i64 {
    event["at"].as_i64().unwrap()
}

/// Events of one time are told apart by their ids.
fn moment(event: &Value) -> (i64, Uuid) {
    (at_ms(event), event["id"].as_str().unwrap().parse().unwrap())
}

impl Shop {
    pub fn new(sent: &[Value], rules: Rules) -> Shop {
        let events: BTreeMap<Uuid, &Value> = sent.iter().map(|event| (moment(event).1, event)).collect();
        let events: Vec<Value> = events.into_values().cloned().collect();
        let orders = orders(&events);
        Shop { events, orders, rules }
    }

    fn day(&self, at_ms: i64) -> NaiveDate {
        self.rules.day(at_ms)
    }

    fn orders_of<'a>(&'a self, visitor: &'a str) -> impl Iterator<Item = &'a Order> {
        self.orders.iter().filter(move |order| order.visitor.as_deref() == Some(visitor))
    }

    fn of_kind<'a>(&'a self, kind: &'a str, visitor: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |e| e["kind"] == kind && text(e, "visitor") == Some(visitor))
    }

    fn visitors(&self) -> BTreeSet<&str> {
        self.events.iter().filter_map(|event| text(event, "visitor")).collect()
    }

    /// Times of the pre-sale inquiries of a visitor.
    pub fn pre_sale(&self, visitor: &str) -> Vec<i64> {
        let is_pre_sale = |asked_ms: i64| {
            let day = self.day(asked_ms);
            let earliest = day - Days::new(self.rules.after_sale_days);
            !self.orders_of(visitor).any(|order| {
                let ordered_on = self.day(order.placed_at_ms);
                (ordered_on == day && order.placed_at_ms < asked_ms)
                    || (earliest <= ordered_on && ordered_on < day)
            })
        };
        let unmarked = self.of_kind("inquiry", visitor).filter(|e| e["topic"] != "after_sale").map(at_ms);
        unmarked.filter(|asked_ms| is_pre_sale(*asked_ms)).collect()
    }

    /// Counts of the cohort of a day: inquirers, buyers_d0, buyers_final, payers_d0, payers_d1, payers_final.
    pub fn cohort(&self, day: NaiveDate) -> [u64; 6] {
        let mut counts = [0; 6];
        for visitor in self.visitors() {
            let asked = self.pre_sale(visitor).into_iter().filter(|asked_ms| self.day(*asked_ms) == day);
            let Some(first_ms) = asked.min() else { continue };
            let after = |days: u64| {
                let last = day + Days::new(days);
                let orders = self.orders_of(visitor);
                orders.filter(move |o| o.placed_at_ms >= first_ms && self.day(o.placed_at_ms) <= last)
            };
            let paid_by = |days: u64| {
                let last = day + Days::new(days);
                after(3).any(|order| order.paid_at_ms.iter().any(|paid_ms| self.day(*paid_ms) <= last))
            };
            let holds = [
                true,
                after(0).next().is_some(),
                after(3).next().is_some(),
                paid_by(0),
                paid_by(1),
                paid_by(3),
            ];
            counts.iter_mut().zip(holds).for_each(|(count, holds)| *count += u64::from(holds));
        }
        counts
    }

    /// Payers, repeat buyers, old buyers.
    pub fn repeat(&self, from: NaiveDate, to: NaiveDate) -> [u64; 3] {
        let mut persons: BTreeMap<String, Vec<&Order>> = BTreeMap::new();
        for order in self.orders.iter().filter(|order| !order.paid_at_ms.is_empty()) {
            let customer = order.customer.as_ref().map(|customer| format!("customer {customer}"));
            let person =
                customer.or_else(|| order.visitor.as_ref().map(|visitor| format!("visitor {visitor}")));
            person.into_iter().for_each(|person| persons.entry(person).or_default().push(order));
        }
        let mut counts = [0; 3];
        for orders in persons.values() {
            let now = orders.iter().filter(|o| (from..=to).contains(&self.day(o.placed_at_ms))).count();
            let year = from - Days::new(365)..from;
            let old =
                orders.iter().flat_map(|o| &o.paid_at_ms).any(|paid_ms| year.contains(&self.day(*paid_ms)));
            let holds = [now >= 1, now >= 2, now >= 1 && old];
            counts.iter_mut().zip(holds).for_each(|(count, holds)| *count += u64::from(holds));
        }
        counts
    }

    /// Days from the first visit to the order, and to its earliest payment, of each order that has them.
    pub fn cycles(&self, from: NaiveDate, to: NaiveDate) -> (Vec<f64>, Vec<f64>) {
        let mut found = (Vec::new(), Vec::new());
        for order in self.orders.iter().filter(|o| (from..=to).contains(&self.day(o.placed_at_ms))) {
            let Some(visitor) = &order.visitor else { continue };
            let earlier =
                self.orders_of(visitor).map(|o| o.placed_at_ms).filter(|ms| *ms < order.placed_at_ms);
            let previous_ms = earlier.max().unwrap_or(i64::MIN);
            let first_ms = self
                .of_kind("visit", visitor)
                .map(at_ms)
                .filter(|ms| *ms > previous_ms && *ms <= order.placed_at_ms)
                .filter(|ms| order.placed_at_ms - ms <= 30 * 86_400_000)
                .min();
            let Some(first_ms) = first_ms else { continue };
            found.0.push((order.placed_at_ms - first_ms) as f64 / DAY_MS);
            found.1.extend(order.paid_at_ms.iter().min().map(|paid_ms| (paid_ms - first_ms) as f64 / DAY_MS));
        }
        found
    }

    /// Who asked in the window and has not bought since, with the times of the first and the last inquiry
    /// that no order followed; most recent first, visitors of one moment in no order.
    pub fn lost(&self, from: NaiveDate, to: NaiveDate) -> Vec<(String, i64, i64)> {
        let mut lost = Vec::new();
        for visitor in self.visitors() {
            let asked = self.pre_sale(visitor).into_iter().filter(|ms| (from..=to).contains(&self.day(*ms)));
            let asked: Vec<i64> = asked.collect();
            let Some(last_ms) = asked.iter().copied().max() else { continue };
            let ordered = self.orders_of(visitor).map(|order| order.placed_at_ms).max();
            if ordered.is_some_and(|ordered_ms| ordered_ms >= last_ms) {
                continue;
            }
            let unanswered = asked.into_iter().filter(|ms| ordered.is_none_or(|ordered_ms| ordered_ms < *ms));
            lost.push((visitor.to_owned(), unanswered.min().unwrap(), last_ms));
        }
        lost.sort_by_key(|(_, _, last_ms)| std::cmp::Reverse(*last_ms));
        lost
    }
}

/// `{orders, median, mean}` of lengths.
pub fn span(mut days: Vec<f64>) -> Value {
    days.sort_by(f64::total_cmp);
    let (count, middle) = (days.len(), days.len() / 2);
    if count == 0 {
        return json!({ "orders": 0, "median": null, "mean": null });
    }
    let median = if count % 2 == 1 { days[middle] } else { (days[middle - 1] + days[middle]) / 2.0 };
    json!({ "orders": count, "median": median, "mean": days.iter().sum::<f64>() / count as f64 })
}

fn orders(events: &[Value]) -> Vec<Order> {
    let mut by_id: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    // Of the payments of one id the last counts, wherever it belongs; without an id the last of its order
    // does.
    let mut payments: BTreeMap<(bool, &str), &Value> = BTreeMap::new();
    for event in events {
        let Some(order_id) = text(event, "order_id") else { continue };
        match text(event, "kind") {
            Some("order") => by_id.entry(order_id).or_default().push(event),
            Some("payment") => {
                let payment_id = text(event, "payment_id");
                let key = (payment_id.is_some(), payment_id.unwrap_or(order_id));
                let last = payments.entry(key).or_insert(event);
                if moment(event) > moment(last) {
                    *last = event;
                }
            }
            _ => {}
        }
    }
    by_id
        .into_iter()
        .map(|(id, mut tellings)| {
            tellings.sort_by_key(|event| moment(event));
            let named = |name: &str| tellings.iter().find_map(|event| text(event, name)).map(str::to_owned);
            let paid = |with_id: bool| -> Vec<i64> {
                let mine = payments
                    .iter()
                    .filter(|(key, payment)| key.0 == with_id && text(payment, "order_id") == Some(id));
                mine.map(|(_, payment)| at_ms(payment)).collect()
            };
            let with_id = paid(true);
            Order {
                placed_at_ms: at_ms(tellings[0]),
                visitor: named("visitor"),
                customer: named("customer"),
                paid_at_ms: if with_id.is_empty() { paid(false) } else { with_id },
            }
        })
        .collect()
}
