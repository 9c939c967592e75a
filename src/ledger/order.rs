//! The facts of each order, derived from all its events in any order of arrival (METRICS sections 1 and 4).

use crate::money::Sum;
use std::collections::BTreeMap;

/// An event of an order, as `orders` has it. Days are counted from 1970-01-01, times are epoch milliseconds.
#[derive(Debug, Clone)]
pub struct OrderEvent {
    /// The order that is placed, paid or refunded.
    pub order_id: String,
    /// What the event reports.
    pub what: What,
    /// Epoch milliseconds at which it happened.
    pub at_ms: i64,
    /// Big-endian, which is the order in which ids are compared.
    pub id: [u8; 16],
    /// The shop's day of that.
    pub day: u16,
    /// 0 when it names none.
    pub visitor: u64,
    /// The visitor's id holds for one day.
    pub is_cookieless: bool,
    /// Hash of the customer; empty where none is named.
    pub customer: String,
    /// As it was sent, if the event names one.
    pub amount: Option<Sum>,
    /// Of the amount.
    pub currency: String,
    /// The shop's server sent it.
    pub is_verified: bool,
    /// Epoch milliseconds of the arrival.
    pub received_at_ms: i64,
    /// The shop's day of that.
    pub received_day: u16,
}

/// What an event of an order reports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// That the order was placed.
    Order,
    /// By its id, empty when it has none.
    Payment(String),
    /// By its id, empty when it has none.
    Refund(String),
}

/// One order id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFacts {
    /// The shop's id of it.
    pub order_id: String,
    /// None while its payments wait for it.
    pub placed: Option<Placed>,
    /// Of the earliest event of this order id that names one, else empty.
    pub customer: String,
    /// Those that count.
    pub payments: Vec<Payment>,
    /// One per currency. An order whose events name no amount has 0 in the shop's currency.
    pub money: Vec<OrderMoney>,
    /// Arrival of its last event when that came on a later day than the order's.
    pub changed_at_ms: Option<i64>,
}

/// When and by whom an order was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Epoch milliseconds, the earliest of the order's events.
    pub at_ms: i64,
    /// The shop's day of that.
    pub day: u16,
    /// Of the earliest order event that names one; 0 for unattributed.
    pub visitor: u64,
    /// The visitor's id holds for one day.
    pub is_cookieless: bool,
}

/// A payment that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Epoch milliseconds.
    pub at_ms: i64,
    /// The shop's day of that.
    pub day: u16,
    /// Without one of its own the order's.
    pub amount: Sum,
    /// ISO 4217.
    pub currency: String,
}

/// What an order moved in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderMoney {
    /// ISO 4217.
    pub currency: String,
    /// What the order is worth in it.
    pub ordered: Sum,
    /// What was paid in it.
    pub paid: Sum,
    /// What was given back in it.
    pub refunded: Sum,
    /// The order's own amount is in this currency, and it was placed.
    pub is_order: bool,
    /// A payment is in this currency.
    pub is_paid: bool,
    /// A refund tells an amount in this currency.
    pub is_refunded: bool,
}

impl OrderFacts {
    /// Whose the order is; 0 for nobody's.
    pub fn visitor(&self) -> u64 {
        self.placed.map_or(0, |placed| placed.visitor)
    }
}

/// The best of several events of one thing: the verified one counts, then the latest.
#[derive(Default)]
struct Fact<'a> {
    best: Option<&'a OrderEvent>,
    /// The best that names an amount.
    priced: Option<&'a OrderEvent>,
    all: Vec<&'a OrderEvent>,
}

fn rank(event: &OrderEvent) -> (bool, i64, [u8; 16]) {
    (event.is_verified, event.at_ms, event.id)
}

impl<'a> Fact<'a> {
    fn add(&mut self, event: &'a OrderEvent) {
        if self.best.is_none_or(|best| rank(event) > rank(best)) {
            self.best = Some(event);
        }
        if event.amount.is_some() && self.priced.is_none_or(|best| rank(event) > rank(best)) {
            self.priced = Some(event);
        }
        self.all.push(event);
    }
}

/// The facts of every order that an event belongs to. A payment or refund that events name with two orders
/// belongs to that of its best event, so `events` must hold all events of whatever it holds one of; otherwise
/// only the orders of which it does are right. `currency` is the shop's.
pub fn order_facts(events: &[OrderEvent], currency: &str) -> Vec<OrderFacts> {
    let mut facts: BTreeMap<(What, &str), Fact<'_>> = BTreeMap::new();
    let mut customers: BTreeMap<&str, &OrderEvent> = BTreeMap::new();
    for (key, event) in once(events) {
        facts.entry(key).or_default().add(event);
        if !event.customer.is_empty() {
            let named = customers.entry(&event.order_id).or_insert(event);
            let place = |event: &OrderEvent| (event.at_ms, event.id, event.customer.clone());
            if place(event) < place(named) {
                *named = event;
            }
        }
    }
    let mut orders: BTreeMap<&str, Vec<(&What, Fact<'_>)>> = BTreeMap::new();
    let kinds: Vec<What> = facts.keys().map(|(what, _)| what.clone()).collect();
    for (fact, what) in facts.into_values().zip(&kinds) {
        if let Some(best) = fact.best {
            orders.entry(&best.order_id).or_default().push((what, fact));
        }
    }
    let customer = |order_id: &str| customers.get(order_id).map_or("", |event| &event.customer);
    let orders = orders.into_iter();
    orders.map(|(order_id, facts)| gathered(order_id, customer(order_id), &facts, currency)).collect()
}

/// The facts of an order without events: better events put its payments to another order, or they are gone.
/// Nobody's customer is asked for without an order.
pub fn bare(order_id: &str, currency: &str) -> OrderFacts {
    gathered(order_id, "", &[], currency)
}

/// The events by what they report, duplicates left out. Of events under one id the server's counts before a
/// page's, then the one that arrived last, which is the one that the table keeps.
fn once(events: &[OrderEvent]) -> impl Iterator<Item = ((What, &str), &OrderEvent)> {
    let mut repeats: BTreeMap<(&str, u8, i64, [u8; 16]), &OrderEvent> = BTreeMap::new();
    for event in events {
        let kind = match event.what {
            What::Order => 0,
            What::Payment(_) => 1,
            What::Refund(_) => 2,
        };
        let best = repeats.entry((&event.order_id, kind, event.at_ms, event.id)).or_insert(event);
        let rank = |event: &OrderEvent| (event.is_verified, event.received_at_ms);
        if rank(event) > rank(best) {
            *best = event;
        }
    }
    repeats.into_values().map(|event| {
        let key = match &event.what {
            What::Order => (What::Order, event.order_id.as_str()),
            // Several without an id are one, the greatest.
            What::Payment(id) if id.is_empty() => (What::Payment(String::new()), event.order_id.as_str()),
            // Each is one of its own.
            What::Refund(id) if id.is_empty() => {
                (What::Refund(uuid::Uuid::from_bytes(event.id).to_string()), event.order_id.as_str())
            }
            shared => (shared.clone(), ""),
        };
        (key, event)
    })
}

fn gathered(order_id: &str, customer: &str, facts: &[(&What, Fact<'_>)], shop_currency: &str) -> OrderFacts {
    let all = || facts.iter().flat_map(|(_, fact)| fact.all.iter().copied());
    let order = facts.iter().find(|(what, _)| **what == What::Order).map(|(_, fact)| fact);
    let placed = order.and_then(|order| {
        let first = order.all.iter().min_by_key(|event| (event.at_ms, event.id))?;
        let named =
            order.all.iter().filter(|event| event.visitor != 0).min_by_key(|event| (event.at_ms, event.id));
        Some(Placed {
            at_ms: first.at_ms,
            day: order.all.iter().map(|event| event.day).min()?,
            visitor: named.map_or(0, |event| event.visitor),
            is_cookieless: named.is_some_and(|event| event.is_cookieless),
        })
    });
    let priced = order.and_then(|order| order.priced);
    let amount = priced.and_then(|event| event.amount).unwrap_or_default();
    let currency = priced.map_or(shop_currency, |event| &event.currency);

    // Payments without an id count only where none has one.
    let has_id = |what: &What| matches!(what, What::Payment(id) if !id.is_empty());
    let with_ids = facts.iter().any(|(what, _)| has_id(what));
    let mut payments: Vec<Payment> = facts
        .iter()
        .filter(|(what, _)| matches!(what, What::Payment(_)) && has_id(what) == with_ids)
        .filter_map(|(_, fact)| {
            let best = fact.best?;
            let (amount, currency) = match fact.priced {
                Some(priced) => (priced.amount.unwrap_or_default(), priced.currency.as_str()),
                None => (amount, currency),
            };
            Some(Payment { at_ms: best.at_ms, day: best.day, amount, currency: currency.to_owned() })
        })
        .collect();
    payments.sort_by(|a, b| (a.at_ms, &a.currency, a.amount).cmp(&(b.at_ms, &b.currency, b.amount)));
    let refunds: Vec<Option<(Sum, &str)>> = facts
        .iter()
        .filter(|(what, _)| matches!(what, What::Refund(_)))
        .map(|(_, fact)| fact.priced.map(|event| (event.amount.unwrap_or_default(), event.currency.as_str())))
        .collect();
    // A refund without an amount is of all that is still paid.
    let is_refunded_whole = refunds.iter().any(Option::is_none);
    let refunds: Vec<(Sum, &str)> = refunds.into_iter().flatten().collect();

    let mut currencies: Vec<&str> = vec![currency];
    currencies.extend(payments.iter().map(|payment| payment.currency.as_str()));
    currencies.extend(refunds.iter().map(|(_, currency)| *currency));
    currencies.sort_unstable();
    currencies.dedup();
    let money = currencies
        .into_iter()
        .map(|c| {
            let paid: Sum = payments.iter().filter(|p| p.currency == c).map(|p| p.amount).sum();
            let sum: Sum = refunds.iter().filter(|(_, currency)| *currency == c).map(|(sum, _)| *sum).sum();
            OrderMoney {
                currency: c.to_owned(),
                ordered: if c == currency { amount } else { Sum::default() },
                paid,
                refunded: if is_refunded_whole { paid.max(sum) } else { sum },
                is_order: c == currency && placed.is_some(),
                is_paid: payments.iter().any(|payment| payment.currency == c),
                is_refunded: refunds.iter().any(|(_, currency)| *currency == c),
            }
        })
        .collect();
    let placed_day = placed.map_or(0, |placed| placed.day);
    let received_day = all().map(|event| event.received_day).max().unwrap_or(0);
    let received_at_ms = all().map(|event| event.received_at_ms).max();
    OrderFacts {
        order_id: order_id.to_owned(),
        placed,
        customer: customer.to_owned(),
        payments,
        money,
        changed_at_ms: received_at_ms.filter(|_| received_day > placed_day),
    }
}
