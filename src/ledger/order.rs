//! The facts of each order, derived from all its events in any order of arrival (METRICS sections 1 and 4).
//!
//! What the shop itself told, its *verified* events, decides where there is any; what pages told fills what is
//! missing. Of what decides, the earliest event says when something happened, and the one that was true last,
//! by the sender's own clock, says what of.

use crate::money::Sum;
use std::collections::BTreeMap;

/// An event of an order, as `order_events` has it. Days are counted from 1970-01-01, times are epoch
/// milliseconds.
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
    /// The import or the run that brought it.
    pub batch: String,
    /// The shop's day of that.
    pub day: u16,
    /// 0 when it names none.
    pub visitor: u64,
    /// The visitor's id holds for one day.
    pub is_cookieless: bool,
    /// It says whose the order is, and nothing else.
    pub only_names: bool,
    /// Hash of the customer; empty where none is named.
    pub customer: String,
    /// As it was sent, if the event names one.
    pub amount: Option<Sum>,
    /// Of the amount; empty of a payment or refund that is in its order's.
    pub currency: String,
    /// Epoch milliseconds at which the sender's record last changed.
    pub as_of_ms: i64,
    /// A payment provider told it.
    pub is_of_provider: bool,
    /// Lines of the order.
    pub items: Vec<Line>,
    /// Of an order.
    pub costs: Costs,
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

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What was bought.
    pub product: String,
    /// For people.
    pub name: String,
    /// Size, color and the like.
    pub variant: String,
    /// In thousandths.
    pub quantity: u32,
    /// Of the whole line.
    pub amount: Option<Sum>,
    /// Of the whole line.
    pub cost: Option<Sum>,
}

/// What an order tells beside its amount, in its currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Costs {
    /// Of the goods.
    pub cost: Option<Sum>,
    /// Part of the amount.
    pub shipping: Option<Sum>,
    /// Part of the amount.
    pub tax: Option<Sum>,
    /// Taken off the whole.
    pub discount: Option<Sum>,
}

/// One order id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFacts {
    /// The shop's id of it.
    pub order_id: String,
    /// None while its payments wait for it.
    pub placed: Option<Placed>,
    /// The shop's own customer, empty where no event names one.
    pub customer: String,
    /// Hash of whom the order counts for, see [`crate::ledger::revision`]; 0 for nobody.
    pub person: u64,
    /// Those that count.
    pub payments: Vec<Payment>,
    /// One per currency. An order whose events name no amount has 0 in the shop's currency.
    pub money: Vec<OrderMoney>,
    /// Lines that count.
    pub items: Vec<Line>,
    /// What counts of it; `cost` stands in `money`.
    pub costs: Costs,
    /// Arrival of its last event when that came on a later day than the order's.
    pub changed_at_ms: Option<i64>,
}

/// When and by whom an order was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Epoch milliseconds, the earliest of the events that decide.
    pub at_ms: i64,
    /// The shop's day of that.
    pub day: u16,
    /// 0 for unattributed.
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderMoney {
    /// ISO 4217.
    pub currency: String,
    /// What the order is worth in it.
    pub ordered: Sum,
    /// What was paid in it.
    pub paid: Sum,
    /// What was given back in it.
    pub refunded: Sum,
    /// The part of `paid` whose payment or amount no verified event tells.
    pub unverified: Sum,
    /// Of a paid order in this currency that tells its cost.
    pub cost: Sum,
    /// What is left of such an order's net amount without cost, shipping and tax.
    pub profit: Sum,
    /// The order's own amount is in this currency, and it was placed.
    pub is_order: bool,
    /// A payment is in this currency.
    pub is_paid: bool,
    /// A refund tells an amount in this currency.
    pub is_refunded: bool,
    /// A paid order in this currency that tells its cost.
    pub is_costed: bool,
    /// A paid order in this currency that does not.
    pub is_uncosted: bool,
}

impl OrderFacts {
    /// Whose the order is; 0 for nobody's.
    pub fn visitor(&self) -> u64 {
        self.placed.map_or(0, |placed| placed.visitor)
    }
}

/// All events of one thing: of an order's placing, of a payment, of a refund.
#[derive(Default)]
struct Fact<'a> {
    verified: Vec<&'a OrderEvent>,
    others: Vec<&'a OrderEvent>,
}

/// When something happened: the earliest counts.
fn moment(event: &OrderEvent) -> (i64, [u8; 16]) {
    (event.at_ms, event.id)
}

/// How recent the sender's record is: the latest counts.
fn recency(event: &OrderEvent) -> (i64, i64, [u8; 16]) {
    (event.as_of_ms, event.at_ms, event.id)
}

fn earliest<'a>(events: impl IntoIterator<Item = &'a OrderEvent>) -> Option<&'a OrderEvent> {
    events.into_iter().min_by_key(|event| moment(event))
}

/// The most recent of the events that give something.
fn latest<'a>(events: &[&'a OrderEvent], gives: impl Fn(&OrderEvent) -> bool) -> Option<&'a OrderEvent> {
    events.iter().copied().filter(|event| gives(event)).max_by_key(|event| recency(event))
}

impl<'a> Fact<'a> {
    fn add(&mut self, event: &'a OrderEvent) {
        if event.is_verified { self.verified.push(event) } else { self.others.push(event) }
    }

    fn is_verified(&self) -> bool {
        !self.verified.is_empty()
    }

    /// Those that decide.
    fn counted(&self) -> &[&'a OrderEvent] {
        if self.is_verified() { &self.verified } else { &self.others }
    }

    /// When it happened, and of which order it is.
    fn first(&self) -> Option<&'a OrderEvent> {
        earliest(self.counted().iter().copied())
    }

    /// Whose amount counts.
    fn priced(&self) -> Option<&'a OrderEvent> {
        latest(self.counted(), |event| event.amount.is_some())
    }

    fn is_of_provider(&self) -> bool {
        self.is_verified() && self.verified.iter().any(|event| event.is_of_provider)
    }
}

/// All that is known of one order id.
#[derive(Default)]
struct Known<'a> {
    placing: Fact<'a>,
    /// With whether they have an id.
    payments: Vec<(bool, Fact<'a>)>,
    refunds: Vec<Fact<'a>>,
    /// Every event under the order's id.
    events: Vec<&'a OrderEvent>,
}

/// The facts of every order that an event belongs to. A payment or refund that events name with two orders
/// belongs to that of its earliest event, so `events` must hold all events of whatever it holds one of;
/// otherwise only the orders of which it does are right. `currency` is the shop's.
pub fn order_facts(events: &[OrderEvent], currency: &str) -> Vec<OrderFacts> {
    let mut facts: BTreeMap<(What, &str), Fact<'_>> = BTreeMap::new();
    let mut orders: BTreeMap<&str, Known<'_>> = BTreeMap::new();
    for (key, event) in once(events) {
        facts.entry(key).or_default().add(event);
        orders.entry(&event.order_id).or_default().events.push(event);
    }
    for ((what, of_order), fact) in facts {
        let Some(first) = fact.first() else { continue };
        let order = orders.entry(&first.order_id).or_default();
        match what {
            What::Order => order.placing = fact,
            What::Payment(_) => order.payments.push((of_order.is_empty(), fact)),
            What::Refund(_) => order.refunds.push(fact),
        }
    }
    orders.into_iter().map(|(order_id, known)| gathered(order_id, &known, currency)).collect()
}

/// The facts of an order without events: better events put its payments to another order, or they are gone.
/// Nobody's customer is asked for without an order.
pub fn bare(order_id: &str, currency: &str) -> OrderFacts {
    gathered(order_id, &Known::default(), currency)
}

/// The events by what they report, duplicates left out. Of events under one id the shop's counts before a
/// page's, then the one that arrived first, which is the one that the table keeps.
fn once(events: &[OrderEvent]) -> impl Iterator<Item = ((What, &str), &OrderEvent)> {
    let mut repeats: BTreeMap<(&str, u8, i64, [u8; 16]), &OrderEvent> = BTreeMap::new();
    for event in events {
        let kind = match event.what {
            What::Order => 0,
            What::Payment(_) => 1,
            What::Refund(_) => 2,
        };
        let best = repeats.entry((&event.order_id, kind, event.at_ms, event.id)).or_insert(event);
        let rank = |event: &OrderEvent| (!event.is_verified, event.received_at_ms, event.batch.clone());
        if rank(event) < rank(best) {
            *best = event;
        }
    }
    repeats.into_values().map(|event| {
        let own_id = || uuid::Uuid::from_bytes(event.id).to_string();
        let key = match &event.what {
            What::Order => (What::Order, event.order_id.as_str()),
            // Without an id each is one of its own.
            What::Payment(id) if id.is_empty() => (What::Payment(own_id()), event.order_id.as_str()),
            What::Refund(id) if id.is_empty() => (What::Refund(own_id()), event.order_id.as_str()),
            shared => (shared.clone(), ""),
        };
        (key, event)
    })
}

/// When an order was placed, and by whom.
fn placed(placing: &Fact<'_>) -> Option<Placed> {
    let deciding = || {
        let counted = placing.counted().iter().copied();
        counted.filter(|event| !event.only_names || placing.is_verified())
    };
    let first = earliest(deciding())?;
    let names = |event: &&OrderEvent| event.visitor != 0;
    // Of those that only name, the one nearest to the order.
    let near = |event: &&OrderEvent| (event.at_ms.abs_diff(first.at_ms), moment(event));
    let named = earliest(deciding().filter(names))
        .or_else(|| placing.others.iter().copied().filter(names).min_by_key(near));
    Some(Placed {
        at_ms: first.at_ms,
        day: first.day,
        visitor: named.map_or(0, |event| event.visitor),
        is_cookieless: named.is_some_and(|event| event.is_cookieless),
    })
}

/// What an order is worth, and whether a verified event says so.
struct Worth<'a> {
    amount: Sum,
    currency: &'a str,
    is_verified: bool,
}

fn worth<'a>(placing: &Fact<'a>, shop_currency: &'a str) -> Worth<'a> {
    let priced = placing.priced().or_else(|| latest(&placing.others, |event| event.amount.is_some()));
    Worth {
        amount: priced.and_then(|event| event.amount).unwrap_or_default(),
        currency: priced.map_or(shop_currency, |event| &event.currency),
        is_verified: priced.is_some_and(|event| event.is_verified),
    }
}

/// Of several things that can be told twice those that count: the verified ones where there is one, and of
/// these the payment provider's where there is one.
fn counting<'f, 'a, T>(facts: &'f [T], fact: impl Fn(&'f T) -> &'f Fact<'a>) -> Vec<&'f T>
where
    'a: 'f,
{
    let any_verified = facts.iter().any(|of| fact(of).is_verified());
    let any_of_provider = facts.iter().any(|of| fact(of).is_of_provider());
    let counts = |of: &&'f T| {
        (!any_verified || fact(of).is_verified()) && (!any_of_provider || fact(of).is_of_provider())
    };
    facts.iter().filter(counts).collect()
}

/// A payment or a refund with its amount.
struct Moved<'a> {
    first: &'a OrderEvent,
    amount: Option<Sum>,
    currency: &'a str,
    /// No verified event tells of it, or of its amount.
    is_unverified: bool,
}

fn payments<'a>(known: &Known<'a>, worth: &Worth<'a>) -> Vec<Moved<'a>> {
    let counting = counting(&known.payments, |(_, fact)| fact);
    // Payments without an id count only where none has one, and are one.
    let (with_ids, without): (Vec<_>, Vec<_>) = counting.into_iter().partition(|(has_id, _)| *has_id);
    let mut one = Fact::default();
    for fact in without.iter().map(|(_, fact)| fact) {
        one.verified.extend(&fact.verified);
        one.others.extend(&fact.others);
    }
    let facts: Vec<&Fact<'_>> =
        if with_ids.is_empty() { vec![&one] } else { with_ids.into_iter().map(|(_, fact)| fact).collect() };
    let moved = facts.into_iter().filter_map(|fact| {
        let first = fact.first()?;
        Some(match fact.priced() {
            Some(priced) => Moved {
                first,
                amount: priced.amount,
                currency: currency_of(priced, worth),
                is_unverified: !fact.is_verified(),
            },
            None => Moved {
                first,
                amount: Some(worth.amount),
                currency: worth.currency,
                is_unverified: !fact.is_verified() || !worth.is_verified,
            },
        })
    });
    moved.collect()
}

fn refunds<'a>(known: &Known<'a>, worth: &Worth<'a>) -> Vec<Moved<'a>> {
    // Where the shop tells anything of the order, a page's refund is nobody's word.
    let is_told = known.events.iter().any(|event| event.is_verified);
    let counting = counting(&known.refunds, |fact| fact);
    let counting = counting.into_iter().filter(|fact| fact.is_verified() || !is_told);
    let moved = counting.filter_map(|fact| {
        let priced = fact.priced();
        Some(Moved {
            first: fact.first()?,
            amount: priced.and_then(|priced| priced.amount),
            currency: priced.map_or(worth.currency, |priced| currency_of(priced, worth)),
            is_unverified: !fact.is_verified(),
        })
    });
    moved.collect()
}

fn currency_of<'a>(event: &'a OrderEvent, worth: &Worth<'a>) -> &'a str {
    if event.currency.is_empty() { worth.currency } else { &event.currency }
}

fn gathered(order_id: &str, known: &Known<'_>, shop_currency: &str) -> OrderFacts {
    let placed = placed(&known.placing);
    let worth = worth(&known.placing, shop_currency);
    let payments = payments(known, &worth);
    let refunds = refunds(known, &worth);
    let counted = known.placing.counted();
    let items = latest(counted, |event| !event.items.is_empty());
    let items = items.map_or(Vec::new(), |event| event.items.clone());
    let told = |of: fn(&Costs) -> Option<Sum>| {
        latest(counted, |event| of(&event.costs).is_some()).and_then(|event| of(&event.costs))
    };
    let costs = Costs {
        cost: told(|costs| costs.cost),
        shipping: told(|costs| costs.shipping),
        tax: told(|costs| costs.tax),
        discount: told(|costs| costs.discount),
    };
    let customer = known.events.iter().filter(|event| !event.customer.is_empty() && !event.only_names);
    let customer = customer.min_by_key(|event| (!event.is_verified, moment(event), &event.customer));
    let placed_day = placed.map_or(0, |placed| placed.day);
    let received_day = known.events.iter().map(|event| event.received_day).max().unwrap_or(0);
    let received_at_ms = known.events.iter().map(|event| event.received_at_ms).max();
    let mut listed: Vec<Payment> = payments
        .iter()
        .map(|payment| Payment {
            at_ms: payment.first.at_ms,
            day: payment.first.day,
            amount: payment.amount.unwrap_or_default(),
            currency: payment.currency.to_owned(),
        })
        .collect();
    listed.sort_by(|a, b| (a.at_ms, &a.currency, a.amount).cmp(&(b.at_ms, &b.currency, b.amount)));
    OrderFacts {
        order_id: order_id.to_owned(),
        placed,
        customer: customer.map_or(String::new(), |event| event.customer.clone()),
        person: 0,
        money: money(&worth, placed.is_some(), &payments, &refunds, &items, costs),
        payments: listed,
        items,
        costs,
        changed_at_ms: received_at_ms.filter(|_| received_day > placed_day),
    }
}

fn money(
    worth: &Worth<'_>,
    is_placed: bool,
    payments: &[Moved<'_>],
    refunds: &[Moved<'_>],
    items: &[Line],
    costs: Costs,
) -> Vec<OrderMoney> {
    // A refund without an amount is of all that was paid.
    let is_refunded_whole = refunds.iter().any(|refund| refund.amount.is_none());
    let priced_refunds = || refunds.iter().filter(|refund| refund.amount.is_some());
    let mut currencies: Vec<&str> = vec![worth.currency];
    currencies.extend(payments.iter().map(|payment| payment.currency));
    currencies.extend(priced_refunds().map(|refund| refund.currency));
    currencies.sort_unstable();
    currencies.dedup();
    let lines_cost = items.iter().map(|line| line.cost).collect::<Option<Vec<Sum>>>();
    let lines_cost = lines_cost.filter(|costs| !costs.is_empty()).map(|costs| costs.into_iter().sum());
    let cost = costs.cost.or(lines_cost);
    let of = |currency: &str| {
        let sum = |moved: &mut dyn Iterator<Item = &Moved<'_>>| -> Sum {
            moved.filter(|moved| moved.currency == currency).filter_map(|moved| moved.amount).sum()
        };
        let paid = sum(&mut payments.iter());
        let told = sum(&mut refunds.iter());
        let refunded = if is_refunded_whole { paid.max(told) } else { told };
        let is_its_own = currency == worth.currency;
        let is_paid_order = is_its_own && is_placed && !payments.is_empty();
        let cost = cost.filter(|_| is_paid_order);
        let taken = [costs.shipping, costs.tax].into_iter().flatten().sum::<Sum>();
        OrderMoney {
            currency: currency.to_owned(),
            ordered: if is_its_own { worth.amount } else { Sum::default() },
            paid,
            refunded,
            unverified: sum(&mut payments.iter().filter(|payment| payment.is_unverified)),
            cost: cost.unwrap_or_default(),
            profit: cost.map_or(Sum::default(), |cost| paid - refunded - cost - taken),
            is_order: is_its_own && is_placed,
            is_paid: payments.iter().any(|payment| payment.currency == currency),
            is_refunded: priced_refunds().any(|refund| refund.currency == currency),
            is_costed: cost.is_some(),
            is_uncosted: is_paid_order && cost.is_none(),
        }
    };
    currencies.into_iter().map(of).collect()
}
