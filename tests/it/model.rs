//! The shop funnel once more, as plainly as METRICS section 2 puts it: lists of moments, no states, no SQL.
//!
//! Slow and obvious on purpose. It shares no code with the product but the time zone tables.

use chrono::{DateTime, Days, NaiveDate, TimeZone};
use chrono_tz::Tz;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// One event as the model sees it.
#[derive(Debug, Clone)]
pub struct Sent {
    pub id: Uuid,
    pub kind: &'static str,
    pub visitor: Option<String>,
    pub at_ms: i64,
    pub order_id: Option<String>,
    pub payment_id: Option<String>,
    pub after_sale: bool,
}

impl Sent {
    /// As it goes over the wire.
    pub fn json(&self) -> Value {
        let mut event = json!({ "id": self.id, "kind": self.kind, "at": self.at_ms });
        let optional =
            [("visitor", &self.visitor), ("order_id", &self.order_id), ("payment_id", &self.payment_id)];
        for (name, value) in optional {
            if let Some(value) = value {
                event[name] = json!(value);
            }
        }
        if self.kind == "rating" {
            event["score"] = json!(4);
        }
        if self.after_sale {
            event["topic"] = json!("after_sale");
        }
        event
    }
}

/// What decides an answer besides the events.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    pub time_zone: Tz,
    pub now_ms: i64,
    pub after_sale_days: u64,
}

impl Rules {
    pub fn day(&self, at_ms: i64) -> NaiveDate {
        let utc = DateTime::from_timestamp_millis(at_ms).unwrap().naive_utc();
        self.time_zone.from_utc_datetime(&utc).date_naive()
    }
}

struct Order {
    placed_at_ms: i64,
    visitor: Option<String>,
    paid: bool,
}

/// The funnel of the days `from`..`to`, as the JSON object that the API answers.
pub fn funnel(events: &[Sent], rules: Rules, from: NaiveDate, to: NaiveDate) -> Value {
    let events: BTreeMap<Uuid, &Sent> = events.iter().map(|event| (event.id, event)).collect();
    let events: Vec<&Sent> = events.into_values().collect();
    let orders = orders(&events);
    let mut visitors: BTreeMap<&String, (Vec<&Sent>, Vec<&Order>)> = BTreeMap::new();
    for &event in &events {
        event.visitor.iter().for_each(|visitor| visitors.entry(visitor).or_default().0.push(event));
    }
    for order in &orders {
        order.visitor.iter().for_each(|visitor| visitors.entry(visitor).or_default().1.push(order));
    }
    let today = rules.day(rules.now_ms);
    let in_window = |at_ms: i64| (from..=to).contains(&rules.day(at_ms));

    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (mine, placed) in visitors.into_values() {
        let of_kind = |kind: &'static str| mine.iter().copied().filter(move |event| event.kind == kind);

        let brings = |kind: &str| !matches!(kind, "payment" | "refund" | "rating" | "order");
        let ordered: Vec<&&Order> = placed.iter().filter(|order| in_window(order.placed_at_ms)).collect();
        let present = mine.iter().any(|e| brings(e.kind) && in_window(e.at_ms)) || !ordered.is_empty();
        if !present {
            continue;
        }

        let effective_on = |day: NaiveDate| {
            of_kind("visit").filter(|e| rules.day(e.at_ms) == day).count() >= 2
                || mine
                    .iter()
                    .any(|e| matches!(e.kind, "inquiry" | "cart" | "favorite") && rules.day(e.at_ms) == day)
                || placed.iter().any(|order| rules.day(order.placed_at_ms) == day)
        };
        let effective = from.iter_days().take_while(|day| *day <= to).any(effective_on);

        let views_today: Vec<_> = of_kind("visit").filter(|e| rules.day(e.at_ms) == today).collect();
        let bounced_today = of_kind("bounce").any(|e| rules.day(e.at_ms) == today);
        let open = !effective
            && (from..=to).contains(&today)
            && views_today.len() == 1
            && !bounced_today
            && rules.now_ms - views_today[0].at_ms < 30 * 60_000;

        let is_pre_sale = |inquiry: &Sent| {
            let day = rules.day(inquiry.at_ms);
            let earliest = day - Days::new(rules.after_sale_days);
            !inquiry.after_sale
                && !placed.iter().any(|order| {
                    let ordered_on = rules.day(order.placed_at_ms);
                    (ordered_on == day && order.placed_at_ms < inquiry.at_ms)
                        || (earliest <= ordered_on && ordered_on < day)
                })
        };
        let inquiries: Vec<_> = of_kind("inquiry").filter(|e| in_window(e.at_ms)).collect();
        let pre_sale: Vec<_> = inquiries.iter().filter(|inquiry| is_pre_sale(inquiry)).collect();
        let first_order_ms = ordered.iter().map(|order| order.placed_at_ms).min();
        let inquirer =
            pre_sale.iter().any(|inquiry| first_order_ms.is_none_or(|order_ms| inquiry.at_ms <= order_ms));
        let buyer = first_order_ms.is_some();
        let payer = ordered.iter().any(|order| order.paid);

        for (id, holds) in [
            ("visitors", true),
            ("effective", effective),
            ("open", open),
            ("bounced", !effective && !open),
            ("inquirers", inquirer),
            ("silent_visitors", effective && !inquirer),
            ("buyers", buyer),
            ("inquiry_buyers", buyer && inquirer),
            ("silent_buyers", buyer && !inquirer),
            ("payers", payer),
            ("inquiry_payers", payer && inquirer),
            ("silent_payers", payer && !inquirer),
            ("after_sale_inquirers", !inquiries.is_empty() && pre_sale.is_empty()),
        ] {
            *counts.entry(id).or_default() += u64::from(holds);
        }
    }
    with_rates(&counts)
}

fn orders(events: &[&Sent]) -> Vec<Order> {
    let mut paid: BTreeSet<&String> = BTreeSet::new();
    let mut by_payment_id: BTreeMap<&String, Vec<&Sent>> = BTreeMap::new();
    for payment in events.iter().filter(|event| event.kind == "payment") {
        match &payment.payment_id {
            Some(id) => by_payment_id.entry(id).or_default().push(payment),
            None => drop(paid.insert(payment.order_id.as_ref().unwrap())),
        }
    }
    for payments in by_payment_id.values() {
        let last = payments.iter().max_by_key(|payment| (payment.at_ms, payment.id)).unwrap();
        paid.insert(last.order_id.as_ref().unwrap());
    }

    let mut by_order_id: BTreeMap<&String, Vec<&Sent>> = BTreeMap::new();
    for order in events.iter().filter(|event| event.kind == "order") {
        by_order_id.entry(order.order_id.as_ref().unwrap()).or_default().push(order);
    }
    by_order_id
        .into_iter()
        .map(|(id, mut events)| {
            events.sort_by_key(|event| (event.at_ms, event.id));
            Order {
                placed_at_ms: events[0].at_ms,
                visitor: events.iter().find_map(|event| event.visitor.clone()),
                paid: paid.contains(id),
            }
        })
        .collect()
}

fn with_rates(counts: &BTreeMap<&str, u64>) -> Value {
    let count = |id: &str| counts.get(id).copied().unwrap_or(0);
    let rate = |part: u64, base: u64| if base == 0 { Value::Null } else { json!(part as f64 / base as f64) };
    let seen = count("effective") + count("bounced");
    json!({
        "visitors": count("visitors"), "bounced": count("bounced"), "effective": count("effective"),
        "open": count("open"), "inquirers": count("inquirers"), "silent_visitors": count("silent_visitors"),
        "inquiry_buyers": count("inquiry_buyers"), "silent_buyers": count("silent_buyers"),
        "buyers": count("buyers"), "inquiry_payers": count("inquiry_payers"),
        "silent_payers": count("silent_payers"), "payers": count("payers"),
        "after_sale_inquirers": count("after_sale_inquirers"),
        "effective_entry_rate": rate(count("effective"), seen),
        "bounce_rate": rate(count("bounced"), seen),
        "inquiry_rate": rate(count("inquirers"), count("visitors")),
        "inquiry_conversion_rate": rate(count("inquiry_buyers"), count("inquirers")),
        "inquiry_paid_rate": rate(count("inquiry_payers"), count("inquirers")),
        "silent_conversion_rate": rate(count("silent_buyers"), count("silent_visitors")),
        "silent_paid_rate": rate(count("silent_payers"), count("silent_visitors")),
        "silent_rate_all_visitors": rate(count("silent_buyers"), count("visitors")),
        "silent_share_of_buyers": rate(count("silent_buyers"), count("buyers")),
        "payment_rate": rate(count("payers"), count("buyers")),
        "overall_conversion_rate": rate(count("payers"), count("visitors")),
    })
}
