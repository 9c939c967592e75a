//! What holds of each day of one visitor, out of what they did and the orders that concern them (METRICS
//! section 2).

use super::conversation::Inquiry;
use super::order::OrderFacts;
use crate::funnel::Dimension;
use crate::hash;
use crate::money::Sum;
use std::collections::BTreeMap;
use std::ops::Index;

/// A page view may be followed by a second one for this long.
pub const SESSION_TIMEOUT_MS: i64 = 30 * 60_000;
/// Days for which a touch is carried.
const TOUCH_DAYS: u16 = 30;
/// Days for which a payment makes a person an old customer.
const OLD_DAYS: u16 = 365;

const VISIT: u16 = 1;
const BOUNCE: u16 = 2;
const INQUIRY: u16 = 4;
/// Inquiry, cart, favorite.
const EFFECTIVE: u16 = 28;
/// Any event that brings its visitor to the shop.
const PRESENT: u16 = 31;
const COOKIELESS: u16 = 32;

/// What a visitor did on a day, as `visitor_activity` has it. Days are counted from 1970-01-01, times are epoch
/// milliseconds.
#[derive(Debug, Clone, Default)]
pub struct RawDay {
    /// Since 1970-01-01, as all days here.
    pub day: u16,
    /// One bit per kind, see `visitor_activity`.
    pub kinds: u16,
    /// The least and the greatest id of a page view: two views where they differ.
    pub view_min: u64,
    /// See `view_min`.
    pub view_max: u64,
    /// Epoch milliseconds of the first page view.
    pub viewed_at_ms: i64,
    /// Epoch milliseconds of the first inquiry that may be pre-sale.
    pub asked_at_ms: Option<i64>,
    /// Of the first visit.
    pub first_visit: Visit,
    /// Of the last visit that came from somewhere; its source is empty where none did.
    pub last_touch: Touch,
    /// Of the last inquiry.
    pub last_inquiry: Answerer,
    /// Epoch milliseconds of it.
    pub last_inquiry_at_ms: i64,
    /// Named that day.
    pub agents: Vec<String>,
    /// Named that day.
    pub channels: Vec<String>,
    /// The day's inquiries of conversations, with who answered them.
    pub answers: Vec<Inquiry>,
    /// Named that day.
    pub products: Vec<String>,
    /// `experiment:arm`, named that day.
    pub variants: Vec<String>,
    /// Hashes of the customers named that day.
    pub customers: Vec<String>,
}

/// What was found out about a visit.
#[derive(Debug, Clone, Default)]
pub struct Visit {
    /// Path of the page.
    pub landing: String,
    /// Kind of the device.
    pub device: String,
    /// Without its version.
    pub browser: String,
    /// Of the device, without its version.
    pub os: String,
    /// ISO 3166-1, two letters.
    pub country: String,
    /// In English.
    pub region: String,
    /// In English.
    pub city: String,
}

/// Where a visit came from.
#[derive(Debug, Clone, Default)]
pub struct Touch {
    /// Empty: from nowhere, or from the shop itself.
    pub source: String,
    /// Kind of the source.
    pub medium: String,
    /// As the address says it.
    pub campaign: String,
}

/// Who answered an inquiry.
#[derive(Debug, Clone, Default)]
pub struct Answerer {
    /// Empty where nobody was named.
    pub agent: String,
    /// The chat tool.
    pub channel: String,
}

/// The rules of a shop that figures depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Days after an order on which an inquiry is after-sale.
    pub after_sale_days: u16,
    /// Days for which an inquiry's agent and channel are carried.
    pub final_days: u16,
    /// Of what names none.
    pub currency: String,
}

/// What holds of a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks(u16);

impl Marks {
    /// Two pages, or an inquiry, cart, favorite or placed order.
    pub const EFFECTIVE: Marks = Marks(1);
    /// With any inquiry.
    pub const INQUIRED: Marks = Marks(2);
    /// A pre-sale inquiry.
    pub const ASKED: Marks = Marks(4);
    /// With a placed order.
    pub const ORDERED: Marks = Marks(8);
    /// An order placed that day has been paid, whenever.
    pub const PAID: Marks = Marks(16);
    /// Known by a same-day id.
    pub const COOKIELESS: Marks = Marks(32);
    /// No person: the day of an order without a known visitor.
    pub const NOBODY: Marks = Marks(64);
    /// Asked, and placed an order after it on that day.
    pub const BOUGHT_D0: Marks = Marks(128);
    /// Asked, and placed one by `final_days` later.
    pub const BOUGHT_FINAL: Marks = Marks(256);
    /// One of the latter orders was paid on that day.
    pub const PAID_D0: Marks = Marks(512);
    /// By the next day.
    pub const PAID_D1: Marks = Marks(1024);
    /// By `final_days` later.
    pub const PAID_FINAL: Marks = Marks(2048);

    /// Those that a table holds.
    pub fn from_bits(bits: u16) -> Marks {
        Marks(bits)
    }

    /// For a table.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Whether all of `mark` are among them.
    pub fn has(self, mark: Marks) -> bool {
        self.0 & mark.0 != 0
    }

    fn and(self, other: Marks) -> Marks {
        Marks(self.0 | other.0)
    }

    fn with(self, mark: Marks, holds: bool) -> Marks {
        if holds { Marks(self.0 | mark.0) } else { self }
    }
}

/// A day on which a visitor was present, or on which an order of nobody's was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayFacts {
    /// Since 1970-01-01.
    pub day: u16,
    /// What holds of the day.
    pub marks: Marks,
    /// Until when one page may become two, epoch milliseconds; 0 when that is settled.
    pub open_until_ms: i64,
    /// What the day carries of each dimension.
    pub values: Values,
    /// Of the orders placed that day, one per currency, ordered by it.
    pub money: Vec<DayMoney>,
}

/// The values of each dimension that a day carries, by the dimension; an empty text is "unknown".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(Vec<Vec<String>>);

impl Values {
    /// The values that `of` tells of each dimension.
    pub fn new(of: impl FnMut(Dimension) -> Vec<String>) -> Values {
        Values(Dimension::ALL.iter().copied().map(of).collect())
    }

    /// Those that a table has, in the order of [`Dimension::ALL`]; none when they are of other dimensions.
    pub fn from_columns(columns: Vec<Vec<String>>) -> Option<Values> {
        (columns.len() == Dimension::ALL.len()).then_some(Values(columns))
    }
}

impl Index<Dimension> for Values {
    type Output = [String];

    fn index(&self, dimension: Dimension) -> &[String] {
        self.0.get(dimension as usize).map_or(&[], Vec::as_slice)
    }
}

/// What a day's orders moved in one currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayMoney {
    /// ISO 4217.
    pub currency: String,
    /// What the day's orders are worth.
    pub ordered: Sum,
    /// What was paid for them.
    pub paid: Sum,
    /// What was given back.
    pub refunded: Sum,
    /// The part of `paid` that no verified event tells.
    pub unverified: Sum,
    /// What the paid orders cost that tell it.
    pub cost: Sum,
    /// What is left of those without cost, shipping and tax.
    pub profit: Sum,
    /// Paid orders that tell their cost.
    pub costed_orders: u32,
    /// Paid orders that do not.
    pub uncosted_orders: u32,
    /// How many there are.
    pub orders: u32,
    /// Those of them that were paid.
    pub paid_orders: u32,
    /// Those of them that something was given back of.
    pub refunded_orders: u32,
}

impl RawDay {
    /// Adds an inquiry of a conversation of the visitor's to what is known of its day.
    fn add(&mut self, inquiry: &Inquiry) {
        self.kinds |= INQUIRY | if inquiry.is_cookieless { COOKIELESS } else { 0 };
        if !inquiry.is_after_sale {
            self.asked_at_ms = Some(self.asked_at_ms.map_or(inquiry.at_ms, |asked| asked.min(inquiry.at_ms)));
        }
        self.agents.extend(inquiry.agents.iter().cloned());
        self.channels.extend(Some(&inquiry.channel).filter(|channel| !channel.is_empty()).cloned());
        self.answers.push(inquiry.clone());
    }

    /// Who answered the last inquiry, and in which chat tool.
    fn last_answer(&self) -> (Vec<String>, String) {
        let told = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let (agents, channel) = (told(&self.last_inquiry.agent), self.last_inquiry.channel.clone());
        let plain = (self.last_inquiry_at_ms, agents.into_iter().collect::<Vec<_>>(), channel);
        let asked = self.answers.iter().map(|i| (i.at_ms, i.agents.clone(), i.channel.clone()));
        let (_, agents, channel) = asked.fold(plain, Ord::max);
        (agents, channel)
    }
}

/// What a visitor did, with the inquiries of conversations that are theirs, by day.
pub fn with_conversations(raw: &[RawDay], inquiries: &[&Inquiry]) -> Vec<RawDay> {
    let mut days: BTreeMap<u16, RawDay> = raw.iter().map(|day| (day.day, day.clone())).collect();
    for inquiry in inquiries {
        // Of a day without page views the least and greatest are the wrong way round, so that there is none.
        let none = || RawDay { day: inquiry.day, view_min: u64::MAX, ..RawDay::default() };
        days.entry(inquiry.day).or_insert_with(none).add(inquiry);
    }
    days.into_values().collect()
}

/// The customer whom a visitor has ever named, if it is one.
pub fn one_customer(raw: &[RawDay]) -> Option<&str> {
    let mut customers = raw.iter().flat_map(|day| &day.customers);
    let first = customers.next()?;
    customers.all(|other| other == first).then_some(first)
}

/// The days of a visitor, in order. `raw` are all of theirs, in order; `orders` those that they placed and
/// those of the one customer whom they have named.
pub fn day_facts(visitor: u64, raw: &[RawDay], orders: &[&OrderFacts], rules: &Rules) -> Vec<DayFacts> {
    let mut placed: BTreeMap<u16, Vec<&OrderFacts>> = BTreeMap::new();
    for order in orders {
        if let Some(at) = order.placed.filter(|placed| placed.visitor == visitor) {
            placed.entry(at.day).or_default().push(order);
        }
    }
    let nothing = RawDay::default();
    let mut days: Vec<u16> = raw.iter().map(|day| day.day).chain(placed.keys().copied()).collect();
    days.sort_unstable();
    days.dedup();
    let mut found = Vec::new();
    for day in days {
        // A day of orders alone has no page views: least and greatest would be the wrong way round.
        let own = raw.iter().find(|raw| raw.day == day);
        let of_day = own.unwrap_or(&nothing);
        let orders_of_day = placed.get(&day).map_or(&[][..], Vec::as_slice);
        let ordered_at_ms = orders_of_day.iter().filter_map(|order| order.placed).map(|p| p.at_ms).min();
        if of_day.kinds & PRESENT == 0 && ordered_at_ms.is_none() {
            continue;
        }
        let ordered_before = placed.range(..day).next_back().map(|(day, _)| *day);
        let is_after_sale = ordered_before.is_some_and(|before| before + rules.after_sale_days >= day);
        // The same millisecond counts as asking first.
        let asked_at_ms = of_day
            .asked_at_ms
            .filter(|asked| !is_after_sale && ordered_at_ms.is_none_or(|ordered| *asked <= ordered));
        let has_many_views = own.is_some_and(|own| own.view_min < own.view_max);
        let has_one_view = own.is_some_and(|own| own.view_min == own.view_max);
        let is_effective = of_day.kinds & EFFECTIVE != 0 || has_many_views || ordered_at_ms.is_some();
        let is_cookieless = of_day.kinds & COOKIELESS != 0
            || orders_of_day.iter().any(|order| order.placed.is_some_and(|placed| placed.is_cookieless));
        let may_return = !is_effective && has_one_view && of_day.kinds & BOUNCE == 0;
        found.push(DayFacts {
            day,
            marks: Marks::default()
                .with(Marks::EFFECTIVE, is_effective)
                .with(Marks::INQUIRED, of_day.kinds & INQUIRY != 0)
                .with(Marks::ASKED, asked_at_ms.is_some())
                .with(Marks::ORDERED, ordered_at_ms.is_some())
                .with(Marks::PAID, orders_of_day.iter().any(|order| !order.payments.is_empty()))
                .with(Marks::COOKIELESS, is_cookieless)
                .and(asked_at_ms.map_or(Marks::default(), |at_ms| outcome(day, at_ms, &placed, rules))),
            open_until_ms: if may_return { of_day.viewed_at_ms + SESSION_TIMEOUT_MS } else { 0 },
            values: Values::new(|dimension| values(dimension, day, visitor, raw, orders, rules)),
            money: day_money(orders_of_day),
        });
    }
    found
}

/// What became of who asked on a day at a time (METRICS section 3), by the orders `placed` on each day.
fn outcome(day: u16, asked_at_ms: i64, placed: &BTreeMap<u16, Vec<&OrderFacts>>, rules: &Rules) -> Marks {
    let last = day.saturating_add(rules.final_days);
    let after = || {
        let orders =
            placed.range(day..=last).flat_map(|(day, orders)| orders.iter().map(move |order| (*day, *order)));
        orders.filter(|(_, order)| order.placed.is_some_and(|placed| placed.at_ms >= asked_at_ms))
    };
    let paid_day = after().flat_map(|(_, order)| &order.payments).map(|payment| payment.day).min();
    let paid_by = |last: u16| paid_day.is_some_and(|paid| paid <= last);
    Marks::default()
        .with(Marks::BOUGHT_D0, after().any(|(placed, _)| placed == day))
        .with(Marks::BOUGHT_FINAL, after().next().is_some())
        .with(Marks::PAID_D0, paid_by(day))
        .with(Marks::PAID_D1, paid_by(day.saturating_add(1)))
        .with(Marks::PAID_FINAL, paid_by(last))
}

/// The day of an order without a known visitor; none while it is not placed or is somebody's.
pub fn nobodys_day(order: &OrderFacts) -> Option<DayFacts> {
    let placed = order.placed.filter(|placed| placed.visitor == 0)?;
    Some(DayFacts {
        day: placed.day,
        marks: Marks::NOBODY,
        open_until_ms: 0,
        values: Values::new(|_| vec![String::new()]),
        money: day_money(&[order]),
    })
}

fn day_money(orders: &[&OrderFacts]) -> Vec<DayMoney> {
    let mut sums: BTreeMap<&str, DayMoney> = BTreeMap::new();
    for money in orders.iter().flat_map(|order| &order.money) {
        let sum = sums
            .entry(&money.currency)
            .or_insert_with(|| DayMoney { currency: money.currency.clone(), ..DayMoney::default() });
        sum.ordered = sum.ordered + money.ordered;
        sum.paid = sum.paid + money.paid;
        sum.refunded = sum.refunded + money.refunded;
        sum.unverified = sum.unverified + money.unverified;
        sum.cost = sum.cost + money.cost;
        sum.profit = sum.profit + money.profit;
        sum.costed_orders += u32::from(money.is_costed);
        sum.uncosted_orders += u32::from(money.is_uncosted);
        sum.orders += u32::from(money.is_order);
        sum.paid_orders += u32::from(money.is_paid);
        sum.refunded_orders += u32::from(money.is_refunded);
    }
    sums.into_values().collect()
}

/// What a day carries of a dimension (METRICS section 2, "Groups").
fn values(
    dimension: Dimension,
    day: u16,
    visitor: u64,
    raw: &[RawDay],
    orders: &[&OrderFacts],
    rules: &Rules,
) -> Vec<String> {
    let of_day = || raw.iter().find(|raw| raw.day == day);
    let first_visit = |value: fn(&Visit) -> &String| {
        let visit = of_day().filter(|raw| raw.kinds & VISIT != 0);
        vec![visit.map_or(String::new(), |raw| value(&raw.first_visit).clone())]
    };
    let touch = |value: fn(&Touch) -> &String| {
        let last = raw
            .iter()
            .rev()
            .find(|raw| raw.day <= day && raw.day + TOUCH_DAYS >= day && !raw.last_touch.source.is_empty());
        vec![last.map_or("direct".to_owned(), |raw| value(&raw.last_touch).clone())]
    };
    let answered = |carries: fn(&RawDay) -> Vec<String>, named: fn(&RawDay) -> &Vec<String>| {
        let today = of_day().filter(|raw| raw.kinds & INQUIRY != 0);
        let carried = || {
            raw.iter()
                .rev()
                .find(|raw| raw.day < day && raw.day + rules.final_days >= day && raw.kinds & INQUIRY != 0)
        };
        // A day with inquiries of its own carries none from before.
        known(match today {
            Some(today) => named(today).clone(),
            None => carried().map_or(Vec::new(), carries),
        })
    };
    match dimension {
        Dimension::Source => touch(|touch| &touch.source),
        Dimension::Medium => touch(|touch| &touch.medium),
        Dimension::Campaign => touch(|touch| &touch.campaign),
        Dimension::Landing => first_visit(|visit| &visit.landing),
        Dimension::Device => first_visit(|visit| &visit.device),
        Dimension::Browser => first_visit(|visit| &visit.browser),
        Dimension::Os => first_visit(|visit| &visit.os),
        Dimension::Country => first_visit(|visit| &visit.country),
        Dimension::Region => first_visit(|visit| &visit.region),
        Dimension::City => first_visit(|visit| &visit.city),
        Dimension::Agent => answered(|raw| raw.last_answer().0, |raw| &raw.agents),
        Dimension::Channel => answered(|raw| vec![raw.last_answer().1], |raw| &raw.channels),
        Dimension::AnsweredBy => {
            let answers =
                |raw: &RawDay| raw.answers.iter().map(|i| i.answered_by.as_str().to_owned()).collect();
            let today = of_day().filter(|raw| raw.kinds & INQUIRY != 0);
            known(today.map_or(Vec::new(), answers))
        }
        Dimension::Product => known(of_day().map_or(Vec::new(), |raw| raw.products.clone())),
        Dimension::Variant => {
            known(raw.iter().filter(|raw| raw.day <= day).flat_map(|raw| raw.variants.clone()).collect())
        }
        Dimension::CustomerType => {
            vec![if is_old(day, visitor, raw, orders) { "old" } else { "new" }.to_owned()]
        }
    }
}

/// Each value once, in order; without one "unknown".
fn known(mut values: Vec<String>) -> Vec<String> {
    values.sort_unstable();
    values.dedup();
    if values.is_empty() { vec![String::new()] } else { values }
}

/// Whether the person had paid in the year before that day: the visitor, or the one customer whom they have
/// ever named.
fn is_old(day: u16, visitor: u64, raw: &[RawDay], orders: &[&OrderFacts]) -> bool {
    let customer = one_customer(raw).map(hash::customer);
    orders.iter().any(|order| {
        let is_theirs =
            order.visitor() == visitor || customer.is_some_and(|customer| order.person == customer);
        let was_paid = order.payments.iter().any(|p| p.day < day && p.day + OLD_DAYS >= day);
        order.placed.is_some() && is_theirs && was_paid
    })
}
