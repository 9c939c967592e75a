//! What is to be changed when something about some visitors and orders did: found anew, compared with what
//! was found before.

use super::conversation::{ConversationEvent, Inquiry, inquiries};
use super::life::{DayFacts, Marks, RawDay, Rules, day_facts, nobodys_day, one_customer, with_conversations};
use super::order::{OrderEvent, OrderFacts, bare, order_facts};
use super::totals::Totals;
use crate::funnel::Dimension;
use crate::hash;
use std::collections::{BTreeMap, BTreeSet};

/// Everything about the visitors and orders that are looked at.
#[derive(Debug, Default)]
pub struct Touched {
    /// By slug.
    pub shops: BTreeMap<String, TouchedShop>,
}

/// The part of one shop.
#[derive(Debug, Default)]
pub struct TouchedShop {
    /// All events of the orders looked at, and of those that share payments with them.
    pub order_events: Vec<OrderEvent>,
    /// The orders looked at, with events now or facts from before, each with the number that stands for its
    /// visitor while it has none. The number is made of the order's id.
    pub orders: BTreeMap<String, u64>,
    /// The visitors looked at. Events may name others too, of whom nothing was read: a visitor who came while
    /// the rest was asked has their turn in a later round.
    pub visitors: BTreeSet<u64>,
    /// What was found of these orders before.
    pub known_orders: Vec<OrderFacts>,
    /// Orders that the visitors' days depend on, as they were found before.
    pub concerned_orders: Vec<OrderFacts>,
    /// What the visitors did, by day.
    pub raw_days: BTreeMap<u64, Vec<RawDay>>,
    /// All events of the conversations in which the visitors wrote.
    pub conversation_events: Vec<ConversationEvent>,
    /// What was found of the visitors before, by day.
    pub known_days: BTreeMap<u64, Vec<DayFacts>>,
}

/// What is to be written.
#[derive(Debug, Default)]
pub struct Revision {
    /// With the slug of their shop.
    pub orders: Vec<(String, OrderFacts)>,
    /// Days with what holds of them now; none, not any more.
    pub days: Vec<DayRevision>,
    /// To be added to the ledger.
    pub totals: Totals,
    /// Who is open now, and who was.
    pub open: Vec<OpenRevision>,
    /// Persons whose orders are others now, with the slug of their shop: whoever shares a customer with them
    /// is to be looked at again.
    pub persons: BTreeSet<(String, u64)>,
}

/// A day of a visitor.
#[derive(Debug)]
pub struct DayRevision {
    /// Slug.
    pub shop: String,
    /// Hash of the visitor's id.
    pub visitor: u64,
    /// Since 1970-01-01.
    pub day: u16,
    /// None: nothing holds of the day any more.
    pub facts: Option<DayFacts>,
}

/// Whether one page of a visitor may become two on a day.
#[derive(Debug)]
pub struct OpenRevision {
    /// Slug.
    pub shop: String,
    /// Hash of the visitor's id.
    pub visitor: u64,
    /// Since 1970-01-01.
    pub day: u16,
    /// None: not open any more.
    pub open: Option<Open>,
}

/// One page that may become two.
#[derive(Debug, PartialEq, Eq)]
pub struct Open {
    /// Epoch milliseconds.
    pub until_ms: i64,
    /// The visitor's last effective day before.
    pub after: u16,
    /// The same of the days that carry a value.
    pub groups: Vec<(Dimension, String, u16)>,
}

impl Revision {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty()
            && self.days.is_empty()
            && self.open.is_empty()
            && self.persons.is_empty()
            && self.totals.rows().next().is_none()
    }
}

/// Totals of the visitors and orders of a shop up to a slot, kept right while others change.
#[derive(Debug)]
pub struct Watched {
    /// Slug of the shop that is looked at.
    pub shop: String,
    /// None yet.
    pub up_to: Option<u64>,
    /// What its rows should be.
    pub totals: Totals,
}

impl Watched {
    fn sees(&self, shop: &str, slot: u64) -> bool {
        self.shop == shop && self.up_to.is_some_and(|up_to| slot <= up_to)
    }
}

/// Compares. `rules` of the shops, `keeps` the dimensions of a shop that the ledger has; `now_ms` in epoch
/// milliseconds decides who may still be open.
pub fn revise(
    touched: &Touched,
    rules: impl Fn(&str) -> Option<Rules>,
    keeps: impl Fn(&str, Dimension) -> bool,
    now_ms: i64,
    watched: Option<&mut Watched>,
) -> Revision {
    let mut revision = Revision::default();
    let mut watched = watched;
    for (shop, touched) in &touched.shops {
        // A shop that was removed keeps its events and has no figures that anybody could ask for.
        if let Some(rules) = rules(shop) {
            revise_shop(
                shop,
                touched,
                &rules,
                &|dimension| keeps(shop, dimension),
                now_ms,
                &mut revision,
                &mut watched,
            );
        }
    }
    revision
}

fn revise_shop(
    shop: &str,
    touched: &TouchedShop,
    rules: &Rules,
    keeps: &impl Fn(Dimension) -> bool,
    now_ms: i64,
    revision: &mut Revision,
    watched: &mut Option<&mut Watched>,
) {
    let mut orders: BTreeMap<String, OrderFacts> = order_facts(&touched.order_events, &rules.currency)
        .into_iter()
        .filter(|order| touched.orders.contains_key(&order.order_id))
        .map(|order| (order.order_id.clone(), order))
        .collect();
    let known: BTreeMap<&str, &OrderFacts> = touched
        .concerned_orders
        .iter()
        .chain(&touched.known_orders)
        .map(|order| (order.order_id.as_str(), order))
        .collect();
    for order_id in known.keys().filter(|order_id| touched.orders.contains_key(**order_id)) {
        orders.entry((*order_id).to_owned()).or_insert_with(|| bare(order_id, &rules.currency));
    }
    for order in &touched.concerned_orders {
        orders.entry(order.order_id.clone()).or_insert_with(|| order.clone());
    }
    for order in orders.values_mut() {
        order.person = person(order, touched, known.get(order.order_id.as_str()).copied());
    }
    for (order_id, order) in &orders {
        let before = known.get(order_id.as_str()).copied();
        if before == Some(order) {
            continue;
        }
        if let Some(before) = before {
            revision.totals.add_cash(shop, before, true);
        }
        revision.totals.add_cash(shop, order, false);
        let watched = watched.as_mut().zip(touched.orders.get(order_id));
        if let Some((watched, _)) = watched.filter(|(watched, slot)| watched.sees(shop, **slot)) {
            if let Some(before) = before {
                watched.totals.add_cash(shop, before, true);
            }
            watched.totals.add_cash(shop, order, false);
        }
        if before.is_none_or(|before| before.person != order.person) {
            let persons = before.map(|before| before.person).into_iter().chain([order.person]);
            let others = persons.filter(|person| *person != 0 && *person != order.visitor());
            revision.persons.extend(others.map(|person| (shop.to_owned(), person)));
        }
        revision.orders.push((shop.to_owned(), order.clone()));
    }
    let mut days: BTreeMap<u64, Vec<DayFacts>> = BTreeMap::new();
    for (order_id, nobody) in &touched.orders {
        days.insert(*nobody, orders.get(order_id).and_then(nobodys_day).into_iter().collect());
    }
    let placed = by_visitor(&orders);
    let of_persons = by_person(&orders);
    let asked = inquiries(&touched.conversation_events);
    let mut asked_by: BTreeMap<u64, Vec<&Inquiry>> = BTreeMap::new();
    for inquiry in &asked {
        asked_by.entry(inquiry.visitor).or_default().push(inquiry);
    }
    for visitor in &touched.visitors {
        if days.contains_key(visitor) {
            continue;
        }
        let raw = touched.raw_days.get(visitor).map_or(&[][..], Vec::as_slice);
        let asked = asked_by.get(visitor).map_or(&[][..], Vec::as_slice);
        let mut concerned: Vec<&OrderFacts> = placed.get(visitor).cloned().unwrap_or_default();
        if let Some(customer) = one_customer(raw).map(hash::customer) {
            let others = of_persons.get(&customer).into_iter().flatten();
            concerned.extend(others.filter(|order| order.visitor() != *visitor));
        }
        let facts = if asked.is_empty() {
            day_facts(*visitor, raw, &concerned, rules)
        } else {
            day_facts(*visitor, &with_conversations(raw, asked), &concerned, rules)
        };
        days.insert(*visitor, facts);
    }
    for (visitor, facts) in days {
        let known = touched.known_days.get(&visitor).map_or(&[][..], Vec::as_slice);
        if let Some(watched) = watched.as_mut().filter(|watched| watched.sees(shop, visitor)) {
            watched.totals.add_days(shop, known, true, keeps);
            watched.totals.add_days(shop, &facts, false, keeps);
        }
        revise_visitor(shop, visitor, known, facts, keeps, now_ms, revision);
    }
}

fn by_visitor(orders: &BTreeMap<String, OrderFacts>) -> BTreeMap<u64, Vec<&OrderFacts>> {
    let mut found: BTreeMap<u64, Vec<&OrderFacts>> = BTreeMap::new();
    for order in orders.values().filter(|order| order.visitor() != 0) {
        found.entry(order.visitor()).or_default().push(order);
    }
    found
}

fn by_person(orders: &BTreeMap<String, OrderFacts>) -> BTreeMap<u64, Vec<&OrderFacts>> {
    let mut found: BTreeMap<u64, Vec<&OrderFacts>> = BTreeMap::new();
    for order in orders.values().filter(|order| order.person != 0) {
        found.entry(order.person).or_default().push(order);
    }
    found
}

/// Whom an order counts for (METRICS section 5, "person"): its customer, else the one whom its visitor has ever
/// named, else the visitor. Of a visitor of whom nothing was read it stays what it was until their turn comes.
fn person(order: &OrderFacts, touched: &TouchedShop, known: Option<&OrderFacts>) -> u64 {
    let visitor = order.visitor();
    if !order.customer.is_empty() {
        return hash::customer(&order.customer);
    }
    if !touched.visitors.contains(&visitor) {
        return known.filter(|before| before.visitor() == visitor).map_or(visitor, |before| before.person);
    }
    let raw = touched.raw_days.get(&visitor).map_or(&[][..], Vec::as_slice);
    one_customer(raw).map_or(visitor, hash::customer)
}

fn revise_visitor(
    shop: &str,
    visitor: u64,
    known: &[DayFacts],
    facts: Vec<DayFacts>,
    keeps: &impl Fn(Dimension) -> bool,
    now_ms: i64,
    revision: &mut Revision,
) {
    if facts == known {
        return;
    }
    revision.totals.add_days(shop, known, true, keeps);
    revision.totals.add_days(shop, &facts, false, keeps);
    for before in known {
        let now = facts.iter().find(|facts| facts.day == before.day);
        let is_open = now.is_some_and(|now| now.open_until_ms > now_ms);
        if before.open_until_ms != 0 && !is_open {
            let shop = shop.to_owned();
            revision.open.push(OpenRevision { shop, visitor, day: before.day, open: None });
        }
        if now.is_none() {
            let shop = shop.to_owned();
            revision.days.push(DayRevision { shop, visitor, day: before.day, facts: None });
        }
    }
    for (index, day) in facts.iter().enumerate() {
        if day.open_until_ms > now_ms {
            let open = Some(open(&facts[..index], day));
            revision.open.push(OpenRevision { shop: shop.to_owned(), visitor, day: day.day, open });
        }
    }
    for facts in facts {
        if !known.contains(&facts) {
            let day = facts.day;
            revision.days.push(DayRevision { shop: shop.to_owned(), visitor, day, facts: Some(facts) });
        }
    }
}

fn open(before: &[DayFacts], day: &DayFacts) -> Open {
    let last_effective = |carries: &dyn Fn(&DayFacts) -> bool| {
        let mut effective = before.iter().rev().filter(|facts| facts.marks.has(Marks::EFFECTIVE));
        effective.find(|facts| carries(facts)).map_or(super::chain::NEVER, |facts| facts.day)
    };
    let groups = Dimension::ALL.iter().flat_map(|dimension| {
        day.values[*dimension].iter().map(|value| {
            let after = last_effective(&|facts| facts.values[*dimension].contains(value));
            (*dimension, value.clone(), after)
        })
    });
    Open { until_ms: day.open_until_ms, after: last_effective(&|_| true), groups: groups.collect() }
}

#[cfg(test)]
mod tests {
    use super::super::chain::{Measure, NEVER, Set};
    use super::super::order::{Costs, What};
    use super::super::totals::Key;
    use super::*;

    const DAY: u16 = 20_000;
    const NOBODY: u64 = 99;

    fn rules(_: &str) -> Option<Rules> {
        Some(Rules { after_sale_days: 21, final_days: 3, currency: "CNY".into() })
    }

    /// An order event of one order, the earlier the higher its number.
    fn event(visitor: u64, number: i64) -> OrderEvent {
        OrderEvent {
            what: What::Order,
            order_id: "o".into(),
            at_ms: i64::from(DAY) * 86_400_000 + 1_000 - number,
            id: [number as u8; 16],
            day: DAY,
            batch: String::new(),
            visitor,
            is_cookieless: false,
            only_names: false,
            customer: String::new(),
            amount: None,
            currency: "CNY".into(),
            as_of_ms: 0,
            is_of_provider: false,
            items: Vec::new(),
            costs: Costs::default(),
            is_verified: true,
            received_at_ms: 0,
            received_day: DAY,
        }
    }

    /// Two tell of the order; the second came when it was decided already whom to look at.
    #[test]
    fn a_visitor_of_whom_nothing_was_read_is_left_for_later() {
        let (first, second) = (1, 2);
        let mut shop = TouchedShop {
            order_events: vec![event(first, 1), event(second, 2)],
            orders: BTreeMap::from([("o".into(), NOBODY)]),
            visitors: BTreeSet::from([first, NOBODY]),
            ..TouchedShop::default()
        };
        let now_ms = i64::from(DAY + 1) * 86_400_000;
        let revised = |shop: TouchedShop| {
            let touched = Touched { shops: BTreeMap::from([("tea".into(), shop)]) };
            revise(&touched, rules, |_, _| true, now_ms, None)
        };
        let revision = revised(shop);
        assert_eq!(revision.orders[0].1.visitor(), second, "whose the order is");
        assert!(revision.days.is_empty(), "{revision:?}");

        shop = TouchedShop {
            order_events: vec![event(first, 1), event(second, 2)],
            orders: BTreeMap::from([("o".into(), NOBODY)]),
            visitors: BTreeSet::from([first, second, NOBODY]),
            known_orders: vec![revision.orders[0].1.clone()],
            ..TouchedShop::default()
        };
        let revision = revised(shop);
        assert_eq!(revision.days.iter().map(|day| day.visitor).collect::<Vec<_>>(), [second]);
        let buyers = Key {
            shop: "tea",
            dimension: None,
            value: "",
            set: Set::Buyers,
            currency: "",
            after: NEVER,
            start: DAY,
            day: DAY,
        };
        assert_eq!(revision.totals.get(buyers), Some(Measure { count: 1, ..Measure::default() }));
    }
}
