//! Cohorts, repeat and cycle once more, as plainly as METRICS sections 3 and 5 put them: lists of moments, no
//! states, no SQL. What an order or an inquiry is, the model of the funnel says.

use crate::model::{Order, Rules, Sent, Shop};
use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const DAY_MS: f64 = 86_400_000.0;

/// A shop by its buyers.
pub struct Buyers<'a>(Shop<'a>);

fn paid_at_ms(order: &Order) -> impl Iterator<Item = i64> + '_ {
    order.payments.iter().map(|payment| payment.at_ms)
}

impl<'a> Buyers<'a> {
    pub fn new(sent: &'a [Sent], rules: Rules) -> Buyers<'a> {
        Buyers(Shop::new(sent, rules))
    }

    fn day(&self, at_ms: i64) -> NaiveDate {
        self.0.day(at_ms)
    }

    fn placed(&self) -> impl Iterator<Item = (i64, &Order)> {
        self.0.orders.iter().filter_map(|order| Some((order.placed_at_ms?, order)))
    }

    /// Counts of the cohort of a day: inquirers, buyers_d0, buyers_final, payers_d0, payers_d1, payers_final.
    pub fn cohort(&self, day: NaiveDate) -> [u64; 6] {
        let mut counts = [0; 6];
        for visitor in self.0.visitors() {
            let asked = self.0.pre_sale(visitor).into_iter().filter(|asked_ms| self.day(*asked_ms) == day);
            let Some(first_ms) = asked.min() else { continue };
            let after = |days: u64| {
                let last = day + Days::new(days);
                let orders = self.0.placed_by(visitor);
                orders.filter(move |(placed_ms, _)| *placed_ms >= first_ms && self.day(*placed_ms) <= last)
            };
            let paid_by = |days: u64| {
                let last = day + Days::new(days);
                after(3).any(|(_, order)| paid_at_ms(order).any(|paid_ms| self.day(paid_ms) <= last))
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

    /// Payers, repeat buyers, old buyers. A person is the order's customer, else the only one whom its
    /// visitor has ever named, else the visitor.
    pub fn repeat(&self, from: NaiveDate, to: NaiveDate) -> [u64; 3] {
        let mut persons: BTreeMap<String, Vec<(i64, &Order)>> = BTreeMap::new();
        for (placed_ms, order) in self.placed().filter(|(_, order)| !order.payments.is_empty()) {
            let customer = self.0.customer(order).map(|customer| format!("customer {customer}"));
            let visitor = || order.visitor.as_ref().map(|visitor| format!("visitor {visitor}"));
            let person = customer.or_else(visitor).into_iter();
            person.for_each(|person| persons.entry(person).or_default().push((placed_ms, order)));
        }
        let mut counts = [0; 3];
        for orders in persons.values() {
            let is_now = |placed_ms: i64| (from..=to).contains(&self.day(placed_ms));
            let now = orders.iter().filter(|(placed_ms, _)| is_now(*placed_ms)).count();
            let year = from - Days::new(365)..from;
            let mut paid = orders.iter().flat_map(|(_, order)| paid_at_ms(order));
            let old = paid.any(|paid_ms| year.contains(&self.day(paid_ms)));
            let holds = [now >= 1, now >= 2, now >= 1 && old];
            counts.iter_mut().zip(holds).for_each(|(count, holds)| *count += u64::from(holds));
        }
        counts
    }

    /// Days from the first visit to the order, and to its earliest payment, of each order that has them.
    pub fn cycles(&self, from: NaiveDate, to: NaiveDate) -> (Vec<f64>, Vec<f64>) {
        let mut found = (Vec::new(), Vec::new());
        for (placed_ms, order) in self.placed().filter(|(at_ms, _)| (from..=to).contains(&self.day(*at_ms))) {
            let Some(visitor) = &order.visitor else { continue };
            let earlier = self.0.placed_by(visitor).map(|(at_ms, _)| at_ms).filter(|ms| *ms < placed_ms);
            let previous_ms = earlier.max().unwrap_or(i64::MIN);
            let visits = self.0.of(visitor).filter(|event| event.kind == "visit").map(|event| event.at_ms);
            let first_ms = visits
                .filter(|ms| *ms > previous_ms && *ms <= placed_ms)
                .filter(|ms| placed_ms - ms <= 30 * 86_400_000)
                .min();
            let Some(first_ms) = first_ms else { continue };
            found.0.push((placed_ms - first_ms) as f64 / DAY_MS);
            found.1.extend(paid_at_ms(order).min().map(|paid_ms| (paid_ms - first_ms) as f64 / DAY_MS));
        }
        found
    }

    /// Who asked in the window and has not bought since, with the times of the first and the last inquiry
    /// that no order followed; most recent first, visitors of one moment in no order.
    pub fn lost(&self, from: NaiveDate, to: NaiveDate) -> Vec<(String, i64, i64)> {
        let mut lost = Vec::new();
        for visitor in self.0.visitors() {
            let mut asked = self.0.pre_sale(visitor);
            asked.retain(|asked_ms| (from..=to).contains(&self.day(*asked_ms)));
            let Some(last_ms) = asked.iter().copied().max() else { continue };
            let ordered = self.0.placed_by(visitor).map(|(placed_ms, _)| placed_ms).max();
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
